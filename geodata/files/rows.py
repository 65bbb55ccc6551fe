"""The rows of a file between its reader and the checks: text columns, shapes as drawn, what it says of its CRS."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from shapely.geometry.base import BaseGeometry

from geodata.errors import FileRefused
from geodata.layer import Limits, Problem

# Names of our own columns in the frame of a Layer; a sender's column of that name gets a number.
OWN_COLUMNS = frozenset({"row", "geometry", "raw_x", "raw_y"})

Cell = str | None

_BLANKS, _NAME_CHARS = " \t\r\n\u3000\ufeff\u00a0", 200
_NAMELESS = re.compile(r"column [0-9]+")
_SAMPLES, _SAMPLED_ROWS, _SAMPLE_CHARS = 3, 1000, 60


@dataclass
class Rows:
    """What one reader found.

    `cells` is column by column, each as long as `numbers` (the 1-based data rows); `shapes` likewise, or None where the
    format has no shapes of its own (tables) and positions stand in columns. `crs` is what the file itself says;
    `crs_by_custom` what its format means when it says nothing (GeoJSON, OSM), None where nothing may be assumed.
    """

    format: str
    columns: list[str]
    cells: list[list[Cell]]
    numbers: list[int]
    shapes: list[BaseGeometry | None] | None = None
    crs: str | None = None
    crs_by_custom: str | None = None
    encoding: str | None = None
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    def note(self, code: str, **facts: object) -> None:
        """Adds a remark about the whole file."""
        self.notes.append(Problem(None, code, facts, "note"))

    def refuse(self, row: int, code: str, **facts: object) -> None:
        """Adds a reason why a row is left out."""
        self.problems.append(Problem(row, code, facts, "refused"))


def unique_names(header: Iterable[Cell]) -> list[str]:
    """Column names without blanks around them, each once and none of ours; a nameless column is called by its place.

    A text instead of a name is cut short.

    >>> unique_names(["编码", " 名称 ", "名称", None, "row"])
    ['编码', '名称', '名称 (2)', 'column 4', 'row (2)']
    """
    names: list[str] = []
    taken = set(OWN_COLUMNS)
    for place, cell in enumerate(header, start=1):
        plain = (cell or "").strip(_BLANKS)[:_NAME_CHARS].strip(_BLANKS) or nameless(place)
        name, n = plain, 1
        while name in taken:
            n += 1
            name = f"{plain} ({n})"
        taken.add(name)
        names.append(name)
    return names


def nameless(place: int) -> str:
    """What a column without a name is called, the first being 1."""
    return f"column {place}"


def is_nameless(column: str) -> bool:
    """Whether a column is called by its place alone.

    >>> is_nameless(nameless(3)), is_nameless("column"), is_nameless("column B")
    (True, False, False)
    """
    return _NAMELESS.fullmatch(column) is not None


def samples(cells: Sequence[Cell]) -> list[str]:
    """The first few different texts of a column, of what can be shown.

    >>> samples(["甲", None, "甲", " 乙\\x00 ", "", "丙", "丁"])
    ['甲', '乙', '丙']
    >>> [len(text) for text in samples(["长" * 60 + "短", "长" * 59])]
    [60, 59]
    """
    found: dict[str, None] = {}
    for cell in cells[:_SAMPLED_ROWS]:
        text = "".join(sign for sign in (cell or "")[:_SAMPLE_CHARS] if sign.isprintable()).strip()
        if text:
            found[text] = None
        if len(found) == _SAMPLES:
            break
    return list(found)


def by_column(records: Sequence[dict[str, Cell]]) -> tuple[list[str], list[list[Cell]]]:
    """Column names in the order in which they first appear, and their cells, None where a record has none."""
    keys = list(dict.fromkeys(key for record in records for key in record))
    return unique_names(keys), [[record.get(key) for record in records] for key in keys]


def number_as_text(value: float) -> str:
    """A number as a spreadsheet shows it: whole ones without a point, 15 digits, an exponent where digits are lost.

    >>> [number_as_text(v) for v in (61.0, 370102013006008.0, 3.7010201300600812e+17, 0.1, -0.0)]
    ['61', '370102013006008', '3.70102013006008e+17', '0.1', '0']
    """
    if math.isfinite(value) and abs(value) < 1e15 and value == int(value):
        return str(int(value))
    return f"{value:.15g}"


def bound_rows(n_rows: int, limits: Limits) -> None:
    """Nothing, as long as a file has no more rows than allowed.

    Raises:
        FileRefused: `file_has_too_many_rows`.
    """
    if n_rows > limits.n_rows:
        raise FileRefused("file_has_too_many_rows", n_rows=n_rows, limit=limits.n_rows)


def bound_columns(n_columns: int, limits: Limits) -> None:
    """Nothing, as long as a file has no more columns than allowed.

    Raises:
        FileRefused: `file_has_too_many_columns`.
    """
    if n_columns > limits.n_columns:
        raise FileRefused("file_has_too_many_columns", n_columns=n_columns, limit=limits.n_columns)


def bound_vertices(n_vertices: int, limits: Limits) -> None:
    """Nothing, as long as a file has no more positions than allowed.

    Raises:
        FileRefused: `file_has_too_many_vertices`.
    """
    if n_vertices > limits.n_vertices:
        raise FileRefused("file_has_too_many_vertices", n_vertices=n_vertices, limit=limits.n_vertices)
