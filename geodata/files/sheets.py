"""Every worksheet of a workbook, or the one table of a CSV file, cell by cell: no header taken, nothing left out.

For tables whose rows hang together: titles above, merged cells, blanks that mean the row before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from geodata.errors import FileRefused
from geodata.files import tables
from geodata.files.answer import Answer
from geodata.files.sniff import sniff
from geodata.layer import Fields, Limits, Problem

_MOST_SHEETS = 200
_MOST_COLUMNS = 500
_MOST_MERGED = 100_000
_SHEET_COLUMN = "sheet"


@dataclass(frozen=True)
class Merged:
    """A block of merged cells: first and last row and column, counted from 0; its text stands in the first cell."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class Sheet:
    """One table. `rows[i][j]` is a cell as text ("" for none), row i + 1 of the sheet; all rows are equally wide."""

    name: str
    rows: tuple[tuple[str, ...], ...]
    merged: tuple[Merged, ...] = ()


@dataclass(frozen=True)
class Workbook:
    """The sheets of a file in its order. `hidden`: names of those that were left out because nobody sees them."""

    format: str
    encoding: str | None
    sheets: tuple[Sheet, ...]
    hidden: tuple[str, ...] = ()


def read(path: Path, limits: Limits) -> Workbook:
    """The sheets of an .xlsx, .xls or CSV file (gzipped or not; its only sheet has no name). For the locked child.

    Raises:
        FileRefused: `format_not_a_table`, `file_has_too_many_rows`, `workbook_too_many_sheets`, and what `tables`
            refuses.
    """
    found = sniff(path)
    if found in ("xlsx", "xls"):
        book, hidden = tables.read_workbook(path, limits, _MOST_SHEETS)
        narrow = ((name, _cut(rows, limits), merged) for name, rows, merged in book)
        sheets = tuple(Sheet(name, _even(rows), _within(merged, rows)) for name, rows, merged in narrow)
        return _bounded(Workbook(found, None, sheets, tuple(hidden)), limits)
    if found in ("csv", "csv.gz"):
        encoding, rows = tables.read_csv_cells(path, limits)
        return _bounded(Workbook(found, encoding, (Sheet("", _even(_cut(rows, limits))),)), limits)
    raise FileRefused("format_not_a_table", format=found)


def bound_width(sheet: Sheet, limits: Limits) -> Sheet:
    """The same sheet, where it has no more columns than allowed; those beside it may be as wide as they like.

    Raises:
        FileRefused: `sheet_too_wide`.
    """
    most = _most_columns(limits)
    if any(any(row[most:]) for row in sheet.rows):
        raise FileRefused("sheet_too_wide", sheet=sheet.name[:80], limit=most)
    return sheet


def _most_columns(limits: Limits) -> int:
    return min(limits.n_columns, _MOST_COLUMNS)


def _cut(rows: Sequence[Sequence[str]], limits: Limits) -> list[Sequence[str]]:
    """Rows of at most one column more than allowed: of all beyond, it says whether anything is there.

    All sheets are answered as wide as the widest one, and one of thousands of columns would be paid for by each row.
    """
    most = _most_columns(limits)
    return [row if len(row) <= most else [*row[:most], next(filter(None, row[most:]), "")] for row in rows]


def _even(rows: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """Rows of one width, without the blank ones at the end."""
    n = max((place for place, row in enumerate(rows, start=1) if any(row)), default=0)
    width = max((len(row) for row in rows[:n]), default=0)
    return tuple((*row, *[""] * (width - len(row))) for row in rows[:n])


def _within(merged: Sequence[tuple[int, int, int, int]], rows: Sequence[Sequence[str]]) -> tuple[Merged, ...]:
    """The blocks, cut where the cells end: a block of a million rows costs nothing."""
    height, width = len(rows), max(map(len, rows), default=0)
    blocks = (Merged(top, left, min(bottom, height - 1), min(right, width - 1)) for top, left, bottom, right in merged)
    return tuple(one for one in blocks if one.top <= one.bottom and one.left <= one.right)[:_MOST_MERGED]


def _bounded(book: Workbook, limits: Limits) -> Workbook:
    if sum(len(sheet.rows) for sheet in book.sheets) > limits.n_rows:
        raise FileRefused("file_has_too_many_rows", limit=limits.n_rows)
    return book


def to_answer(book: Workbook, guards: list[str]) -> Answer:
    """The workbook in the form in which the reading process answers: rows of all sheets, one below another."""
    width = max((len(sheet.rows[0]) for sheet in book.sheets if sheet.rows), default=0)
    lines = [
        (number, [str(place), *row, *[""] * (width - len(row))])
        for place, sheet in enumerate(book.sheets)
        for number, row in enumerate(sheet.rows)
    ]
    notes = [Problem(None, "sheet", {"name": sheet.name}, "note") for sheet in book.sheets]
    notes += [Problem(None, "hidden", {"name": name}, "note") for name in book.hidden]
    notes += [
        Problem(None, "merged", {"sheet": place, **vars(block)}, "note")
        for place, sheet in enumerate(book.sheets)
        for block in sheet.merged
    ]
    return Answer(
        format=book.format,
        crs_used="",
        encoding=book.encoding,
        fields=Fields(),
        n_rows=len(lines),
        columns=[_SHEET_COLUMN, *map(str, range(width))],
        cells=[list(column) for column in zip(*(row for _, row in lines), strict=True)]
        or [[] for _ in range(width + 1)],
        problems=[],
        notes=notes,
        guards=guards,
        numbers=np.array([number for number, _ in lines], dtype=np.int64),
        raw=None,
        shapes=np.full(len(lines), None, dtype=object),
    )


def from_answer(answer: Answer) -> Workbook:
    """The workbook that an answer holds.

    Raises:
        FileRefused: `answer_wrong` when it is not what `to_answer` makes.
    """
    try:
        names = [str(note.facts["name"]) for note in answer.notes if note.code == "sheet"]
        rows: list[list[tuple[str, ...]]] = [[] for _ in names]
        for place, *cells in zip(*answer.cells, strict=True):
            rows[_at(int(place or ""), len(names))].append(tuple(cell or "" for cell in cells))
        merged: list[list[Merged]] = [[] for _ in names]
        for note in answer.notes:
            if note.code == "merged":
                place, *corners = (_whole(note.facts[name]) for name in ("sheet", "top", "left", "bottom", "right"))
                merged[_at(place, len(names))].append(Merged(*corners))
        sheets = zip(names, rows, merged, strict=True)
        hidden = tuple(str(note.facts["name"]) for note in answer.notes if note.code == "hidden")
        whole = tuple(Sheet(name, tuple(cells), _within_rows(blocks, cells)) for name, cells, blocks in sheets)
        return Workbook(answer.format, answer.encoding, whole, hidden)
    except (KeyError, ValueError, TypeError) as error:
        raise FileRefused("answer_wrong", cause=type(error).__name__) from None


def _within_rows(blocks: list[Merged], rows: list[tuple[str, ...]]) -> tuple[Merged, ...]:
    return _within([(one.top, one.left, one.bottom, one.right) for one in blocks], rows)


def _at(place: int, n: int) -> int:
    if not 0 <= place < n:
        raise ValueError("place")
    return place


def _whole(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("number")
    return value
