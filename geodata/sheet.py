"""A table as an office prints it: a title, its unit, a header that stays in sight, codes as text, notes at the foot."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import openpyxl
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from geodata.errors import FileRefused
from geodata.write import Value, guard, stamp

NOTHING = "—"  # what a cell without a value says: no zero, no empty cell that looks forgotten
A3, A4 = 8, 9  # as SpreadsheetML numbers papers
_MOST_ROWS = 1_000_000
_LINE = Border(*(Side(style="thin", color="FF808080"),) * 4)
_HEAD = PatternFill("solid", fgColor="FFEDEDED")
_NO_NAME = str.maketrans("[]:*?/\\", "       ")  # letters that the name of a sheet cannot have
_TITLE_ROW, _UNIT_ROW, _HEAD_ROW = 1, 2, 3


@dataclass(frozen=True)
class Column:
    """A column: what stands over it; `style` text (codes stay text), count (whole) or percent (two decimals)."""

    name: str
    style: str = "count"


@dataclass(frozen=True)
class Sheet:
    """What is printed: `unit` left and `aside` right above the table, rows (the last one a total), notes below."""

    title: str
    unit: str
    aside: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Value]]
    total: Sequence[Value] | None
    notes: Sequence[str]


def write_excel(sheet: Sheet, path: Path, *, at: dt.datetime, paper: int = A3) -> None:
    """Nothing; the workbook prints landscape, as wide as the paper, its header on every page.

    The same sheet and `at` give the same bytes.

    Raises:
        FileRefused: `too_many_rows_for_excel`.
    """
    if len(sheet.rows) > _MOST_ROWS:
        raise FileRefused("too_many_rows_for_excel", limit=_MOST_ROWS)
    book = openpyxl.Workbook()
    page = book.active
    page.title = _clean(sheet.title)[:31].translate(_NO_NAME) or "1"
    _top(page, sheet)
    every = [*sheet.rows, *([sheet.total] if sheet.total is not None else [])]
    for number, row in enumerate(every, start=_HEAD_ROW + 1):
        for place, (column, value) in enumerate(zip(sheet.columns, row, strict=True), start=1):
            _fill(page.cell(number, place), column, value, bold=row is sheet.total)
    foot = _HEAD_ROW + len(every) + 2
    for number, note in enumerate(sheet.notes, start=foot):
        _across(page, number, len(sheet.columns), note, Alignment(wrap_text=True, vertical="top"))
        page.row_dimensions[number].height = 15 * (1 + _width(note) // sum(_widths(sheet)))
    _print(page, sheet, paper)
    content = io.BytesIO()
    book.save(content)
    stamp(content, path, at)


def csv_text(sheet: Sheet) -> str:
    """The columns and rows as CSV, with the mark by which Excel knows UTF-8, and the notes below; nothing in it runs.

    >>> made = Sheet("t", "u", "", (Column("码", "text"), Column("n")), [("=1", None)], ("合计", 3), ["截至今日"])
    >>> csv_text(made).splitlines()
    ['\\ufeff码,n', "'=1,", '合计,3', '', '截至今日']
    """
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([guard(column.name) for column in sheet.columns])
    for row in [*sheet.rows, *([sheet.total] if sheet.total is not None else [])]:
        writer.writerow([guard(value) if isinstance(value, str) else value for value in row])
    if sheet.notes:
        writer.writerows([[], *([guard(note)] for note in sheet.notes)])
    return out.getvalue()


def _top(page: Worksheet, sheet: Sheet) -> None:
    n = len(sheet.columns)
    _across(
        page, _TITLE_ROW, n, sheet.title, Alignment(horizontal="center", vertical="center"), Font(bold=True, size=16)
    )
    page.row_dimensions[_TITLE_ROW].height = 30
    half = max(1, n // 2)
    _across(page, _UNIT_ROW, half, sheet.unit, Alignment(horizontal="left"))
    if n > half:
        _across(page, _UNIT_ROW, n, sheet.aside, Alignment(horizontal="right"), first=half + 1)
    for place, column in enumerate(sheet.columns, start=1):
        cell = page.cell(_HEAD_ROW, place)
        _say(cell, column.name)
        cell.font, cell.fill, cell.border = Font(bold=True), _HEAD, _LINE
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    page.row_dimensions[_HEAD_ROW].height = 48


def _fill(cell: Cell, column: Column, value: Value, *, bold: bool) -> None:
    cell.border = _LINE
    if bold:
        cell.font = Font(bold=True)
    if value is None:
        _say(cell, NOTHING)
        cell.alignment = Alignment(horizontal="center")
    elif isinstance(value, str):
        _say(cell, value)
        cell.number_format = "@"
    else:
        cell.value = value
        cell.number_format = "0.00" if column.style == "percent" else "0"


def _say(cell: Cell, text: str) -> None:
    """Puts a text in: never a formula, whatever it begins with."""
    clean = _clean(text)
    cell.value = clean
    cell.data_type = "s"
    if guard(clean) != clean:
        cell.quotePrefix = True  # Excel's own mark of "this is text": it stays text when somebody edits the cell


def _clean(text: str) -> str:
    return str(ILLEGAL_CHARACTERS_RE.sub("\ufffd", text))


def _across(
    page: Worksheet, row: int, last: int, text: str, alignment: Alignment, font: Font | None = None, *, first: int = 1
) -> None:
    """One text over several columns."""
    cell = page.cell(row, first)
    _say(cell, text)
    cell.alignment = alignment
    if font is not None:
        cell.font = font
    if last > first:
        page.merge_cells(start_row=row, end_row=row, start_column=first, end_column=last)


def _print(page: Worksheet, sheet: Sheet, paper: int) -> None:
    page.freeze_panes = page.cell(_HEAD_ROW + 1, 1 + sum(column.style == "text" for column in sheet.columns))
    for place, width in enumerate(_widths(sheet), start=1):
        page.column_dimensions[get_column_letter(place)].width = width
    page.page_setup.orientation = "landscape"
    page.page_setup.paperSize = paper
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
    page.sheet_properties.pageSetUpPr.fitToPage = True
    page.print_title_rows = f"{_TITLE_ROW}:{_HEAD_ROW}"
    page.print_options.horizontalCentered = True
    page.page_margins.left = page.page_margins.right = 0.4
    page.oddFooter.center.text = "&P / &N"


def _widths(sheet: Sheet) -> list[float]:
    told = []
    for place, column in enumerate(sheet.columns):
        if column.style != "text":
            told.append(9.0)
            continue
        longest = max((_width(str(row[place] or "")) for row in sheet.rows[:500]), default=0)
        told.append(float(min(40, max(8, longest + 2))))
    return told


def _width(text: str) -> int:
    """About how many digits wide a text is: a Chinese character is two."""
    return sum(1 if letter < "\u2e80" else 2 for letter in text)
