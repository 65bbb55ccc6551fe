"""What one row of a table of reports says by itself: position, times, state, category, accuracy, number."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, cast

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata import crs as systems
from geodata.crs import CrsRef
from geodata.files import acceptance, positions, reprojection
from geodata.files.rows import Rows
from geodata.layer import REPORT_ROLES, Fields, Kind, Layer, Limits, Problem
from gridsvc.imports import states
from gridsvc.imports.rows import numbers, plain, texts
from gridsvc.imports.streams import Part, Table
from gridsvc.imports.times import Times

FloatArray = NDArray[np.float64]
Texts = Sequence[str | None]

MOST_ACCURACY_M = 20_000  # what the API takes too: beyond, it says nothing about any place
MOST_NUMBER_CHARS = 200
_ROLES = REPORT_ROLES
_CODES = ("number", "code", "phone")  # what a spreadsheet may have rounded
_OF_NUMBERS = b"0123456789.+-"


@dataclass
class Slice:
    """Some rows: `numbers` the data rows, `cells` by role, positions (NaN for none) as they came and in EPSG:4326.

    `shifted`: the position as it came is another one than that in EPSG:4326. `written`: the two columns of a position
    that is not shifted, as texts, where every one of them is plain. `plain`: no text needs escaping for COPY.
    """

    numbers: list[int]
    cells: dict[str, Texts]
    raw_x: FloatArray
    raw_y: FloatArray
    lon: FloatArray
    lat: FloatArray
    shifted: bool
    problems: list[Problem]
    notes: list[Problem] = field(default_factory=list)
    written: tuple[Texts, Texts] | None = None
    plain: bool = False


def of_layer(layer: Layer) -> Slice:
    """All rows of a file that `geodata.read` has read."""
    shapes, raw = layer.shapes, cast("FloatArray", layer.raw)  # a file of reports has it
    raw_x, raw_y = raw[:, 0], raw[:, 1]
    cells: dict[str, Texts] = {role: texts(layer, role) for role in _ROLES if role in layer.fields.given()}
    lon, lat = shapely.get_x(shapes), shapely.get_y(shapes)
    shifted = bool(layer.crs_used) and systems.parse_crs(layer.crs_used).epsg != 4326
    problems, notes = list(layer.problems), list(layer.notes)
    return Slice(numbers(layer), cells, raw_x, raw_y, lon, lat, shifted, problems, notes)


@dataclass(frozen=True)
class Positions:
    """Where a table's positions are: its columns by role with the unused ones taken out, and their CRS.

    `roles`: those whose cells are wanted.
    """

    used: Fields
    found: Fields
    wanted: Fields
    crs: CrsRef | None
    limits: Limits
    kind: Kind = "reports"
    roles: tuple[str, ...] = _ROLES

    @property
    def pair(self) -> tuple[str, str] | None:
        """The two columns, x or lon first."""
        roles = self.used.given()
        for x, y in (("lon", "lat"), ("x", "y")):
            if x in roles and y in roles:
                return roles[x], roles[y]
        return None


def find_positions(
    columns: Sequence[str],
    found: Fields,
    wanted: Fields,
    crs: CrsRef | None,
    limits: Limits,
    kind: Kind = "reports",
    roles: tuple[str, ...] = _ROLES,
) -> Positions:
    """Where the positions of a table are.

    Raises:
        FileRefused: position_columns_missing.
        CrsError: crs_missing.
    """
    nothing = Rows("csv", list(columns), [[] for _ in columns], [])
    used = positions.draw(nothing, found, wanted, kind, crs, limits)
    return Positions(used, found, wanted, crs, limits, kind, roles)


class Source(Protocol):
    """What is known of a file, before and after its rows are read."""

    n_rows: int
    notes: tuple[Problem, ...]


def opening(table: Table) -> tuple[Problem, ...]:
    """What is to be said of a CSV file before its rows are read."""
    notes: list[Problem] = []
    if table.head.encoding == "gb18030":
        notes.append(Problem(None, "encoding_gb18030", {}, "note"))
    if table.head.n_above > 0:
        notes.append(Problem(None, "rows_above_header", {"n": table.head.n_above}, "note"))
    return tuple(notes)


def of_parts(parts: Iterable[Part], where: Positions, source: Source) -> Iterator[tuple[Slice, float]]:
    """The rows of a table as they are read, and which share of it they end at; the source's count and notes grow."""
    notes = {note.code: note for note in source.notes}
    for part in parts:
        one = of_part(part, where)
        source.n_rows += len(one.numbers)
        for note in one.notes:
            notes.setdefault(note.code, note)
        source.notes = tuple(notes.values())
        yield one, part.share
    if not source.n_rows:
        source.notes = (*notes.values(), Problem(None, "file_has_no_rows", {}, "note"))


def of_part(part: Part, where: Positions) -> Slice:
    """Some rows of a table, judged as `geodata.read` judges those of a whole one.

    Where every cell is plainly good this is seen column by column; else geodata's own steps look at each row.
    """
    rows, roles = part.rows, where.used.given()
    cells: dict[str, Texts] = {role: _column(rows, roles[role]) for role in where.roles if role in roles}
    shifted = where.crs is not None and where.crs.epsg != 4326
    good = _plainly_good(part, where, [cells[role] for role in _CODES if role in cells])
    if good is None:
        return Slice(rows.numbers, cells, *_looked_at(rows, where), shifted, rows.problems, rows.notes)
    pair = where.pair
    written = None if pair is None or shifted else (_column(rows, pair[0]), _column(rows, pair[1]))
    return Slice(rows.numbers, cells, *good, shifted, rows.problems, rows.notes, written, part.plain)


Found = tuple[FloatArray, FloatArray, FloatArray, FloatArray]


def _column(rows: Rows, name: str) -> Texts:
    return rows.cells[rows.columns.index(name)]


def _looked_at(rows: Rows, where: Positions) -> Found:
    positions.draw(rows, where.found, where.wanted, where.kind, where.crs, where.limits)
    crs = reprojection.choose(rows, where.crs, any(shape is not None for shape in rows.shapes or []))
    acceptance.check_texts(rows)
    acceptance.check_codes(rows, where.used, where.kind)
    n = len(rows.numbers)
    shapes, raw = np.full(n, None, dtype=object), np.full((n, 2), np.nan)
    if crs is not None:
        shapes, raw = reprojection.to_4326(rows, crs)
    return raw[:, 0], raw[:, 1], shapely.get_x(shapes), shapely.get_y(shapes)


def _plainly_good(part: Part, where: Positions, codes: Sequence[Texts]) -> Found | None:
    """The positions of rows whose cells are all filled, plain numbers and well inside the CRS; None for other rows."""
    pair, rows = where.pair, part.rows
    if not part.plain or pair is None or where.crs is None or not rows.numbers:
        return None
    for cells in codes:
        joined = "".join(filter(None, cells))
        if "e" in joined or "E" in joined:
            return None
    axes = []
    for name in pair:
        axis = _column(rows, name)
        try:
            # An empty cell is the TypeError, a sign of another script the ValueError.
            if "".join(axis).encode("ascii").translate(None, _OF_NUMBERS):  # type: ignore[arg-type]
                return None
            axes.append(np.array(list(map(float, axis)), dtype=np.float64))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return None
    x, y = axes
    lon, lat = systems.to_lonlat(x, y, where.crs)
    inside = systems.in_range(lon, lat)
    if where.crs.datum in ("gcj02", "bd09") or where.crs.epsg == 4326:
        inside &= systems.in_range(x, y)
    else:
        area = systems.to_pyproj(where.crs).area_of_use
        if area is None:
            return None
        inside &= (lon >= area.west) & (lon <= area.east) & (lat >= area.south) & (lat <= area.north)
    if not inside.all():
        return None
    rows.note("crs_given", crs=where.crs.name)
    return x, y, lon, lat


class Reading:
    """How the cells of one file become facts; remembers the words it has looked up.

    Args:
        categories: code by what people call it, as plain words.
        numbered: the file has a column of numbers; otherwise the data row is the number.
    """

    def __init__(self, times: Times, categories: Mapping[str, str], *, numbered: bool) -> None:
        self.times = times
        self.numbered = numbered
        self._categories = categories
        self._category_of: dict[str | None, str | None] = {None: None}
        self._state_of: dict[str, str | None] = {}

    def read(self, part: Slice) -> dict[str, Sequence[str | None]]:
        """As `staged`."""
        return staged(part, self)

    def rest(self) -> None:
        """Nothing: each report stands for itself."""

    def categories(self, words: Texts) -> list[str | None]:
        """The code of each word, None for one that names no category."""
        known = self._category_of
        for word in set(words) - known.keys():
            known[word] = None if word is None else self._categories.get(plain(word))
        return list(map(known.__getitem__, words))

    def states(self, words: Texts, closed: Texts) -> list[str | None]:
        """The state of each row; without a word a row with a closing time is closed. None: a word nobody knows."""
        if words is closed:  # the file has neither column
            return ["reported"] * len(words)
        known = self._state_of
        for word in set(words) - known.keys():
            if word is not None:
                known[word] = states.read(word)
        if None not in words:
            return [known[word] for word in words if word is not None]
        return [
            ("reported" if at is None else "closed") if word is None else known[word]
            for word, at in zip(words, closed, strict=True)
        ]


COLUMNS = (
    *(
        "row",
        "number",
        "received_at",
        "day_only",
        "category",
        "state",
        "lon",
        "lat",
        "category_raw",
        "closed_at",
        "words",
    ),
    *("description", "compound", "raw_x", "raw_y", "accuracy_m"),
)


def staged(part: Slice, how: Reading) -> dict[str, Sequence[str | None]]:
    """The good rows of a slice as columns of the staging table; adds the reasons of the others to `part.problems`."""
    empty: Texts = [None] * len(part.numbers)
    cells = {role: part.cells.get(role, empty) for role in _ROLES}
    received, days = how.times.read_all(cells["time"])
    closed = how.times.read_all(cells["closed"])[0] if "closed" in part.cells else empty
    category = how.categories(cells["category"])
    state = how.states(cells["state"], closed)
    columns: dict[str, Sequence[str | None]] = {
        "row": list(map(str, part.numbers)),
        "number": cells["number"] if how.numbered else list(map(str, part.numbers)),
        "received_at": received,
        "day_only": ["t" if day else "f" for day in days] if True in days else ["f"] * len(days),
        "category": category,
        "state": state,
        "lon": part.written[0] if part.written else _floats(part.lon),
        "lat": part.written[1] if part.written else _floats(part.lat),
    }
    if "category" in part.cells:
        pairs = zip(category, cells["category"], strict=True)
        columns["category_raw"] = empty if None not in category else [None if code else word for code, word in pairs]
    if "closed" in part.cells:
        columns["closed_at"] = [at if now == "closed" else None for at, now in zip(closed, state, strict=True)]
    for role, column in (("words", "words"), ("text", "description"), ("compound", "compound")):
        if role in part.cells:
            columns[column] = cells[role]
    if part.shifted:
        columns |= {"raw_x": _floats(part.raw_x), "raw_y": _floats(part.raw_y)}
    if "accuracy" in part.cells:
        columns["accuracy_m"] = _accuracies(part, cells["accuracy"])
    part.problems.extend(_faults(part, cells, how, {"time": received, "closed": closed, "state": state}))
    bad = {problem.row for problem in part.problems if problem.kind == "refused"}
    if not bad:
        return columns
    kept = [place for place, row in enumerate(part.numbers) if row not in bad]
    return {name: [values[place] for place in kept] for name, values in columns.items()}


def _floats(values: FloatArray) -> list[str | None]:
    if np.isnan(values).any():
        return [None if value != value else repr(value) for value in values.tolist()]
    return list(map(repr, values.tolist()))


def _accuracies(part: Slice, cells: Texts) -> list[str | None]:
    """Metres; adds a problem for what is no number of metres."""
    found: list[str | None] = []
    for row, cell in zip(part.numbers, cells, strict=True):
        try:
            value = None if cell is None else float(cell)
        except ValueError:
            value = math.nan
        if value is not None and MOST_ACCURACY_M < value < math.inf:
            facts = {"found": (cell or "")[:60], "limit_m": MOST_ACCURACY_M}
            part.problems.append(Problem(row, "accuracy_too_large", facts))
            value = None
        elif value is not None and not 0 <= value < math.inf:
            part.problems.append(Problem(row, "accuracy_wrong", {"found": (cell or "")[:60]}))
            value = None
        found.append(None if value is None else repr(value))
    return found


def _faults(part: Slice, cells: Mapping[str, Texts], how: Reading, read: Mapping[str, Texts]) -> Iterator[Problem]:
    """What is wrong with single cells; a column that is fine costs one look."""
    if how.numbered:
        longest = max(map(len, filter(None, cells["number"])), default=0)
        if longest > MOST_NUMBER_CHARS or None in cells["number"]:
            for row, cell in zip(part.numbers, cells["number"], strict=True):
                if cell is None:
                    yield Problem(row, "number_missing", {})
                elif len(cell) > MOST_NUMBER_CHARS:
                    yield Problem(row, "number_too_long", {"n_chars": len(cell), "limit": MOST_NUMBER_CHARS})
    for role in ("time", "closed"):
        if role in part.cells and None in read[role]:
            for row, cell, at in zip(part.numbers, cells[role], read[role], strict=True):
                if at is None and cell is not None:
                    yield Problem(row, "time_unreadable", {"found": cell[:60]})
                elif at is None and role == "time":
                    yield Problem(row, "time_missing", {})
    if None in read["state"]:
        for row, cell, meant in zip(part.numbers, cells["state"], read["state"], strict=True):
            if meant is None:
                yield Problem(row, "state_unknown", {"found": (cell or "")[:60]})
