"""Doors of a file into the register: a table of households, shops and firms, or the buildings of a map.

A table may name compounds, or give positions, or both; a map's buildings are doors at a point inside them, in the
compound that holds it. What looks like another door is told, and merged by nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import shapely
from sqlalchemy import Connection, select, text

from geodata.crs import parse_crs
from geodata.errors import FileRefused
from geodata.files import headers
from geodata.files.rows import Rows, samples, unique_names
from geodata.files.sheets import Sheet, Workbook, bound_width
from geodata.geometry import extent
from geodata.layer import DOOR_ROLES, Fields, Layer, Limits, Problem
from geodata.read import read, read_sheets
from gridsvc import door_rows, household_reading
from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.db.tables.doors import DOOR_KINDS
from gridsvc.door_rows import Home
from gridsvc.grids import Rule
from gridsvc.imports import asking, bulk, household_rows, report_rows, rows, telling
from gridsvc.imports import columns as own_columns
from gridsvc.imports.account import MOST_TOLD, Account, Refusals, Tally
from gridsvc.imports.copying import copy_into
from gridsvc.imports.fields import OF_PLACES
from gridsvc.imports.household_rows import COLUMNS, Reader, Words
from gridsvc.imports.report_rows import Slice
from gridsvc.imports.source import Source, is_book, of_table
from gridsvc.imports.staging import Progress
from gridsvc.imports.streams import Part
from gridsvc.rules import addresses
from gridsvc.rules.roles import SYSTEM, Actor

_CHILD = "gridsvc.imports.household_child"
MOST_NEAR = 50  # pairs of look-alikes that an account names
# What a row of a table has to say somehow, and the fields that can.
NEEDED = {
    "which": frozenset({"building", "entrance", "room", "words", "name", "code"}),
    "where": frozenset({"compound", "words", "lon", "x", "wkt"}),
}
_COMMUNITY_ENDS = ("", "社区", "村", "居委会", "村委会")
_TABLES = ("csv", "csv.gz")
_NO_FIELDS = Fields()
_NO_LIMITS = Limits()


@dataclass(frozen=True)
class Options:
    """How one file is taken. `kind`: of rows that do not say one. The others as those of an import of reports.

    `actor`: rows outside what this person keeps are refused, and what is done to a door stands in its log; the command
    line, which is nobody, keeps everything and leaves no log.
    """

    file: str
    source: str
    kind: str | None = None
    skip_refused: bool = False
    write: bool = False
    keep_refused: bool = False
    actor: Actor = SYSTEM


def decoded(
    path: Path,
    crs: str | None,
    sheet: str | None,
    limits: Limits,
    fields: Fields = _NO_FIELDS,
    header_row: int | None = None,
) -> Source:
    """A file of any format, read whole and within limits before anything of the database is asked for.

    It says what the other ways into a `Source` say of the same file; a table that is larger goes by `from_csv`.

    Raises:
        FileRefused, CrsError: as `from_workbook` and `geodata.read.read`.
    """
    if is_book(path):
        try:
            return from_workbook(path, fields, crs, sheet, limits, header_row)
        except FileRefused as error:
            if error.code != "format_not_a_table":  # a zip may hold shapes too
                raise
    return from_layer(
        read(path, "households", crs=crs, fields=fields, table=sheet, header_row=header_row, limits=limits)
    )


def from_layer(layer: Layer) -> Source:
    """A file that `geodata.read` has read; one with shapes is a map: each row a door at a point inside its shape."""
    shapes = shapely.point_on_surface(layer.shapes)
    lon, lat = shapely.get_x(shapes), shapely.get_y(shapes)
    cells = {role: rows.texts(layer, role) for role in DOOR_ROLES if role in layer.fields.given()}
    one = Slice(rows.numbers(layer), dict(cells), lon, lat, lon, lat, False, list(layer.problems))
    crs = parse_crs(layer.crs_used) if layer.crs_used else None
    source = Source(layer.format, layer.encoding, layer.fields, crs, [(one, 1.0)], layer.n_rows, layer.notes)
    source.of_map, source.samples = layer.format not in _TABLES, layer.samples
    return source


def lacking(source: Source) -> list[str]:
    """What no column of a table says: which door a row is, or where that is; a map's shapes say both."""
    given = source.fields.given().keys()
    return [] if source.of_map else [what for what, roles in NEEDED.items() if not roles & given]


def from_csv(path: Path, fields: Fields, crs: str | None, header_row: int | None = None) -> Source:
    """A CSV file, gzipped or not, that is read while it is staged.

    Raises:
        GeodataError: as `source.of_table`.
    """
    return of_table(path, fields, crs, header_row)


def from_workbook(
    path: Path,
    fields: Fields,
    crs: str | None,
    sheet: str | None,
    limits: Limits = _NO_LIMITS,
    header_row: int | None = None,
) -> Source:
    """An Excel file: the sheet of this name, else the first that holds something; merged cells count for each row.

    Raises:
        FileRefused: as `geodata.read.read_sheets` and `headers.header`; sheet_missing, sheet_too_wide (with the names
            of the sheets), file_empty.
        CrsError: crs_missing (it has positions), crs_unknown.
    """
    book = read_sheets(path, limits)
    chosen = _chosen(book, sheet, path.name, limits)
    head, merged = chosen.rows[: headers.MOST_HEADER_ROW], [(b.top, b.left, b.bottom, b.right) for b in chosen.merged]
    place, header = headers.header(head, fields, "households", header_row, merged)
    while header and not header[-1].strip():
        header.pop()
    columns = tuple(unique_names(header))
    found = headers.resolve(columns, fields, "households")
    where = telling.positions_of(
        "households", DOOR_ROLES, columns, found, fields, None if crs is None else parse_crs(crs)
    )
    source = Source(book.format, None, where.used, where.crs, ())
    source.notes = (Problem(None, "sheet_read", {"sheet": chosen.name}, "note"),)
    source.sheets = tuple(sheet.name for sheet in book.sheets if sheet.rows)
    if others := [name for name in source.sheets if name != chosen.name]:
        source.notes += (Problem(None, "sheets_ignored", {"sheets": ", ".join(others)[:200]}, "note"),)
    if any(any(row) for row in chosen.rows[: max(place, 0)]):
        source.notes += (Problem(None, "rows_above_header", {"n": place}, "note"),)
    open_to_all = {column for role, column in where.used.given().items() if role in OF_PLACES}
    all_rows = _sheet_rows(book.format, path.name, chosen, place, columns, open_to_all)
    source.samples = {name: samples(cells) for name, cells in zip(columns, all_rows.cells, strict=True)}
    source.slices = report_rows.of_parts([Part(all_rows, False, 1.0)], where, source)
    return source


def _chosen(book: Workbook, wanted: str | None, file: str, limits: Limits) -> Sheet:
    names = [sheet.name for sheet in book.sheets if sheet.rows]
    for sheet in book.sheets:
        if sheet.rows and wanted in (None, sheet.name):
            try:
                return bound_width(sheet, limits)
            except FileRefused as error:
                error.facts |= {"file": file, "names": names}
                raise
    if wanted is None:
        raise FileRefused("file_empty", file=file)
    found = ", ".join(sheet.name for sheet in book.sheets)[:200]
    raise FileRefused("sheet_missing", file=file, sheet=wanted[:80], found=found, names=names)


def _sheet_rows(
    file_format: str, file: str, sheet: Sheet, place: int, columns: Sequence[str], whole: Collection[str]
) -> Rows:
    """The data rows of a sheet, blank ones left out but counted, each cell of a merged block with the block's text.

    `whole`: columns whose texts are told as they are; of any other the beginning alone, it may be a person's.
    """
    found = Rows(file_format, list(columns), [], [])
    cells = [list(row) for row in sheet.rows[place + 1 :]]
    n_left = len(sheet.rows) * len(columns)  # blocks that lie over one another could name each cell thousands of times
    for block in sheet.merged:
        n_left -= (block.bottom - block.top + 1) * (min(block.right + 1, len(columns)) - min(block.left, len(columns)))
        if n_left < 0:
            raise FileRefused("workbook_damaged", file=file, cause="merged cells over merged cells")
        if block.top <= place or block.left >= len(columns):
            continue
        said = sheet.rows[block.top][block.left]
        for top in range(block.top, block.bottom + 1):
            for left in range(block.left, min(block.right + 1, len(columns))):
                if said and not cells[top - place - 1][left]:
                    cells[top - place - 1][left] = said
                    shown = own_columns.shown(said[:60], columns[left] in whole)
                    facts: dict[str, object] = {"column": columns[left], "found": shown, "from": block.top - place}
                    found.problems.append(Problem(top - place, "cell_carried", facts, "repaired"))
    kept = []
    for number, row in enumerate(cells, start=1):
        if any(cell.strip() for cell in row):
            if any(cell.strip() for cell in row[len(columns) :]):
                found.refuse(number, "row_too_long", n_cells=len(row), n_columns=len(columns))
            kept.append(row[: len(columns)])
            found.numbers.append(number)
    kept_rows = frozenset(found.numbers)
    found.problems = [one for one in found.problems if one.row in kept_rows]
    found.cells = [[cell.strip() or None for cell in column] for column in zip(*kept, strict=True)]
    found.cells = found.cells or [[] for _ in columns]
    return found


def take(
    db: Connection, source: Source, how: Options, now: datetime, rule: Rule, progress: Progress
) -> tuple[Account, bool]:
    """The account of a file of doors, and whether they were stored (the caller commits).

    Raises:
        As `look`.
    """
    account = look(db, source, how, now, rule, progress)
    written = how.write and (how.skip_refused or not account.n_refused)
    if written:
        store(db, account, how, now, rule, progress)
    return account, written


def look(db: Connection, source: Source, how: Options, now: datetime, rule: Rule, progress: Progress) -> Account:
    """The account of a file of doors; they are staged in this transaction, for `store`.

    Raises:
        Conflict: doors_being_stored, where `how` is to write.
        GeodataError: the file as a whole cannot be read.
    """
    refusals = Refusals(None if how.keep_refused else MOST_TOLD)
    bulk.prepare(db, 0)
    door_rows.begin(db, alone=how.write)
    _stage(db, source, how, refusals, progress)
    progress("compare", 0, None)
    door_rows.find(db)
    if not how.actor.sees_all:
        door_rows.place(db, now, rule)
        door_rows.refuse_outside(db, how.actor)
    refusals.add(Problem(gone.row, gone.code, gone.facts) for gone in door_rows.refused(db))
    summary = door_rows.summary(db)
    near = door_rows.near(db, MOST_NEAR, how.actor)
    return Account(
        kind="households",
        file=how.file,
        format=source.format,
        encoding=source.encoding,
        crs=source.crs.name if source.crs else "",
        n_read=source.n_rows,
        tally=Tally(summary.n_new, summary.n_changed, summary.n_same),
        notes=(*source.notes, *_told(summary), *map(_near_note, near)),
        extent=None if summary.box is None else extent([shapely.box(*summary.box)]),
        extra=_extra(summary, len(near)),
        columns=source.fields.given(),
        **refusals.account(),  # type: ignore[arg-type]
    )


def store(db: Connection, account: Account, how: Options, now: datetime, rule: Rule, progress: Progress) -> None:
    """Nothing; afterwards what `look` has staged to be written is in the register (the caller commits)."""
    if how.actor.sees_all:
        progress("place", 0, None)
        door_rows.place(db, now, rule)
    progress("write", 0, None)
    n_new = account.tally.new
    large = bulk.worth_it(db, n_new, bulk.DOORS)
    if large:
        bulk.hold(db, bulk.DOORS)
    # Before the new ones: it needs the indexes.
    door_rows.change(db, now, how.actor, how.file)
    with bulk.rebuilt(db, progress, bulk.DOORS) if large else nullcontext():
        door_rows.add(db, how.source, now, how.actor, how.file)
    if n_new >= bulk.LEAST_ROWS:
        db.execute(text("ANALYZE household"))


def _stage(db: Connection, source: Source, how: Options, refusals: Refusals, progress: Progress) -> None:
    """Puts the rows into `door_row`, whoever reads them, and the homes that they name."""
    words = _words(db, source, how)
    if source.table is None:
        reader = Reader(words, source.fields.given())
        copy_into(db, "door_row", _blocks(source, reader, refusals, progress))
        rest = reader.rest()
    else:
        told = {"communities": words.communities, "classes": words.classes, "kind": words.kind}
        rest = asking.fill(db, ("door_row", COLUMNS), source, _CHILD, told, refusals, progress)
    homes = _homes(rest, set(words.communities.values()), how.file)
    door_rows.settle(db, homes)
    _check(db, len(homes), how.file)


def _check(db: Connection, n_homes: int, file: str) -> None:
    """Nothing, where every staged row is one that a reader makes of some file.

    Raises:
        FileRefused: answer_wrong: the reader was taken over by what it read.
    """
    limits = {"n_homes": n_homes, "most_people": household_rows.MOST_PEOPLE, "most_chars": addresses.MOST_CHARS}
    found = db.execute(load("door_check"), limits | {"kinds": list(DOOR_KINDS)}).one()
    if found.is_wrong or found.n_rows != found.n:
        raise FileRefused("answer_wrong", file=file, cause="rows")


def _homes(told: Any, communities: Collection[int], file: str) -> list[Home]:
    """The homes that a reader tells, see `Reader.rest`.

    Raises:
        FileRefused: answer_wrong.
    """
    homes = []
    try:
        for key, said, community_id in told:
            named = (key is None and said is None) or (type(key) is str and type(said) is str)
            if not named or (community_id is not None and community_id not in communities):
                raise ValueError("home")
            homes.append(Home(key, None, community_id, said))
    except (ValueError, TypeError) as error:
        raise FileRefused("answer_wrong", file=file, cause="homes") from error
    return homes


def _blocks(
    source: Source, reader: Reader, refusals: Refusals, progress: Progress
) -> Iterator[tuple[door_rows.Columns, bool]]:
    for part, share in source.slices:
        columns = reader.read(part)
        refusals.add(part.problems)
        if columns["row"]:
            yield columns, part.plain
        progress("stage", round(share * 1000), 1000)


def _words(db: Connection, source: Source, how: Options) -> Words:
    a = t.area.c
    communities: dict[str, int] = {}
    several: set[str] = set()
    for row in db.execute(select(a.id, a.code, a.name).where(a.level == "community").order_by(a.code)):
        names = {rows.plain(row.name.removesuffix(end)) for end in _COMMUNITY_ENDS}
        for name in {rows.plain(row.code), *names, *(rows.plain(row.name + end) for end in _COMMUNITY_ENDS)}:
            if communities.setdefault(name, row.id) != row.id:
                several.add(name)
    classes: dict[str, tuple[str, bool]] = {}
    for one in household_reading.classes(db, only_active=False):
        for word in (one.code, one.name_zh, household_rows.class_stem(one.name_zh), one.name_en):
            classes.setdefault(rows.plain(word), (one.code, one.active))
    known = {name: id_ for name, id_ in communities.items() if name and name not in several}
    return Words(known, classes, how.kind, source.fields.name or "", source.of_map)


def _extra(summary: door_rows.Summary, n_near: int) -> dict[str, dict[str, int]]:
    n_all = summary.n_new + summary.n_changed + summary.n_same
    positions = {"door": summary.n_door, "building": summary.n_building, "compound": summary.n_compound}
    found = {"positions": positions, "compounds": {"in": summary.n_in_compound, "none": n_all - summary.n_in_compound}}
    return found | ({"near": {"pairs": n_near}} if n_near else {})


def _told(summary: door_rows.Summary) -> list[Problem]:
    counts = {"door_back": summary.n_back, "door_alias": summary.n_alias}
    return [Problem(None, code, {"n": n}, "note") for code, n in counts.items() if n]


def _near_note(pair: door_rows.Near) -> Problem:
    facts: dict[str, object] = {
        "at": pair.row,
        "key": "-".join(pair.key),
        "other_key": "-".join(pair.other),
        "other": pair.other_row,
        "stored": pair.other_id,
    }
    return Problem(None, "door_near_row" if pair.other_row else "door_near_stored", facts, "note")
