"""Tables without shapes: CSV (plain or gzipped) and Excel, every cell as text."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import itertools
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import python_calamine as calamine

from geodata.errors import FileRefused
from geodata.files import archive, charset, headers
from geodata.files.held import Openable
from geodata.files.rows import Cell, Rows, bound_columns, bound_rows, number_as_text, unique_names
from geodata.layer import Fields, Kind, Limits

_DELIMITERS = (",", ";", "\t")
_DELIMITED_LINES = 12
_CHUNK = 1024 * 1024
_MAX_CELL_CHARS = 16 * 1024 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
# What `write` puts an apostrophe before, so that a spreadsheet does not run it.
_GUARDED = re.compile("^'(?=[=+\\-@\t\r＝＋－＠])")
# How the maps' download writes a long code, so that a spreadsheet keeps all its digits.
_CODE_AS_TEXT = re.compile('="([0-9]+)"')


@dataclass(frozen=True)
class TableHead:
    """How a text table is written. `header` as it stands in the file; `n_above` rows (titles, blanks) precede it, -1
    where there is none."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    n_above: int
    gzipped: bool


def sniff_table(
    path: Openable,
    fields: Fields | None = None,
    kind: Kind = "any",
    limit_bytes: int = Limits.unpacked_bytes,
    header_row: int | None = None,
) -> TableHead:
    """Encoding, delimiter and header of a CSV file, gzipped or not; the whole file is read once for its encoding.

    Raises:
        FileRefused: `encoding_unknown`, `gzip_damaged`, `file_unpacks_too_large`, `file_empty`, `csv_quote_wrong`, and
            as `headers.header`.
    """
    gzipped, encoding, delimiter = _written(path, limit_bytes, header_row)
    with _text_of(path, gzipped, encoding) as text:
        head = list(itertools.islice(_csv_rows(text, delimiter), headers.MOST_HEADER_ROW))
    place, cells = headers.header(head, fields or Fields(), kind, header_row)
    return TableHead(encoding, delimiter, tuple(cells), place, gzipped)


def _written(path: Openable, limit_bytes: int, header_row: int | None = None) -> tuple[bool, str, str]:
    """Whether a text table is gzipped, its encoding, its delimiter: that of the lines below the titles, where it is
    said in which row the column names are."""
    with path.open("rb") as file:
        gzipped = file.read(2) == _GZIP_MAGIC
    encoding = charset.detect(lambda: _bounded(path, gzipped, limit_bytes))
    n_above = min(max(header_row or 1, 1), headers.MOST_HEADER_ROW) - 1
    for skipped in (n_above, 0):  # where nothing stands below, that is said of the header row
        with _text_of(path, gzipped, encoding) as text:
            below = (line for line in itertools.islice(text, skipped, None) if line.strip())
            if first := list(itertools.islice(below, _DELIMITED_LINES)):
                return gzipped, encoding, _delimiter(first)
    raise FileRefused("file_empty")


def read_csv(path: Path, fields: Fields, kind: Kind, limits: Limits, header_row: int | None = None) -> Rows:
    """The rows under the header, blank ones left out but counted; a row with more or fewer cells is refused.

    Raises:
        FileRefused: as `sniff_table`, `file_has_too_many_rows`, `file_has_too_many_columns`.
    """
    head = sniff_table(path, fields, kind, limits.unpacked_bytes, header_row)
    with _text_of(path, head.gzipped, head.encoding) as text:
        table = _csv_rows(text, head.delimiter)
        rows = _rows("csv.gz" if head.gzipped else "csv", table, head.n_above, list(head.header), limits)
    rows.encoding = "utf-8" if head.encoding == "utf-8-sig" else head.encoding
    if rows.encoding == "gb18030":
        rows.note("encoding_gb18030")
    return rows


def read_excel(
    path: Path, fields: Fields, kind: Kind, limits: Limits, sheet: str | None = None, header_row: int | None = None
) -> Rows:
    """The rows of `sheet`, else of the first visible sheet that holds something; formulas count by their last result.

    Raises:
        FileRefused: `workbook_damaged`, `workbook_encrypted`, `sheet_missing`, `file_empty`; for .xlsx what
            `archive.check_workbook` refuses; as `headers.header`, and what bounds rows and columns.
    """
    name, others, file_format, table, merged = _workbook(path, limits, sheet)
    place, header = headers.header(table[: headers.MOST_HEADER_ROW], fields, kind, header_row, merged)
    rows = _rows(file_format, iter(table), place, header, limits)
    rows.note("sheet_read", sheet=name)
    if others:
        rows.note("sheets_ignored", sheets=", ".join(others)[:200])
    return rows


def read_as_sent(
    path: Path,
    is_excel: bool,
    fields: Fields,
    kind: Kind,
    limits: Limits,
    sheet: str | None,
    wanted: set[int],
    header_row: int | None = None,
) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header and the wanted data rows as they stand in the file, with all their cells.

    Raises:
        FileRefused: as `read_csv` and `read_excel`.
    """
    if is_excel:
        *_, table, merged = _workbook(path, limits, sheet)
        place, header = headers.header(table[: headers.MOST_HEADER_ROW], fields, kind, header_row, merged)
        return _picked(iter(table), place, header, wanted)
    head = sniff_table(path, fields, kind, limits.unpacked_bytes, header_row)
    with _text_of(path, head.gzipped, head.encoding) as text:
        return _picked(_csv_rows(text, head.delimiter), head.n_above, list(head.header), wanted)


def read_csv_cells(path: Path, limits: Limits) -> tuple[str, list[list[str]]]:
    """The encoding and all rows of a CSV file, blank ones and titles too.

    Raises:
        FileRefused: as `read_csv`.
    """
    gzipped, encoding, delimiter = _written(path, limits.unpacked_bytes)
    with _text_of(path, gzipped, encoding) as text:
        rows = list(itertools.islice(_csv_rows(text, delimiter), limits.n_rows + 1))
    if len(rows) > limits.n_rows:
        raise FileRefused("file_has_too_many_rows", limit=limits.n_rows)
    encoding = "utf-8" if encoding == "utf-8-sig" else encoding
    return encoding, [[unguard(cell) for cell in row] for row in rows]


def read_workbook(
    path: Path, limits: Limits, most_sheets: int
) -> tuple[list[tuple[str, list[list[str]], list[tuple[int, int, int, int]]]], list[str]]:
    """The visible worksheets (name, all cells as text, merged blocks as top, left, bottom, right) and the hidden names.

    Raises:
        FileRefused: as `read_excel`, `file_has_too_many_rows`, `workbook_too_many_sheets`.
    """
    with _opened(path, limits) as book:
        sheets = [sheet for sheet in book.sheets_metadata if sheet.typ == calamine.SheetTypeEnum.WorkSheet]
        if len(sheets) > most_sheets:
            raise FileRefused("workbook_too_many_sheets", n=len(sheets), limit=most_sheets)
        found, left = [], limits.n_rows
        for sheet in sheets:
            if sheet.visible != calamine.SheetVisibleEnum.Visible:
                continue
            content = book.get_sheet_by_name(sheet.name)
            rows = content.to_python(skip_empty_area=False, nrows=left + 1)
            left -= len(rows)
            if left < 0:
                raise FileRefused("file_has_too_many_rows", limit=limits.n_rows)
            merged = [(*first, *last) for first, last in content.merged_cell_ranges or []]
            found.append((sheet.name, [[_excel_cell(value) for value in row] for row in rows], merged))
        hidden = [sheet.name for sheet in sheets if sheet.visible != calamine.SheetVisibleEnum.Visible]
    return found, hidden


def _picked(
    table: Iterator[list[str]], place: int, header: list[str], wanted: set[int]
) -> tuple[list[str], list[tuple[int, list[str]]]]:
    table = itertools.islice(table, place + 1, None)
    rows = [(number, row) for number, row in enumerate(table, start=1) if number in wanted]
    width = max([len(header), *(len(row) for _, row in rows)])
    header += [""] * (width - len(header))
    return header, [(number, [*row, *[""] * (width - len(row))]) for number, row in rows]


def _workbook(
    path: Path, limits: Limits, sheet: str | None
) -> tuple[str, list[str], str, list[list[str]], list[tuple[int, int, int, int]]]:
    """The name of the sheet, the sheets passed over, the format, all cells as text, and the merged blocks."""
    with _opened(path, limits) as book:
        name, others = _sheet(book, sheet)
        most = limits.n_rows + headers.MOST_HEADER_ROW + 1
        content = book.get_sheet_by_name(name)
        rows = content.to_python(skip_empty_area=False, nrows=most)
        merged = [(*first, *last) for first, last in content.merged_cell_ranges or []]
    file_format = "xlsx" if _is_zip(path) else "xls"
    return name, others, file_format, [[_excel_cell(value) for value in row] for row in rows], merged


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"PK"


@contextmanager
def _opened(path: Path, limits: Limits) -> Iterator[calamine.CalamineWorkbook]:
    """The workbook, whose every fault ends as a refusal while it is open."""
    if _is_zip(path):
        archive.check_workbook(path, limits.unpacked_bytes)
    try:
        with calamine.CalamineWorkbook.from_path(str(path)) as book:
            yield book
    except FileRefused:
        raise
    except calamine.PasswordError:
        raise FileRefused("workbook_encrypted") from None
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise FileRefused("workbook_damaged", cause=str(error)[:120]) from None
    except BaseException as error:
        # A panic in Rust is no Exception, and its class cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise FileRefused("workbook_damaged", cause=str(error)[:120]) from None


def _sheet(book: calamine.CalamineWorkbook, wanted: str | None) -> tuple[str, list[str]]:
    visible = [
        sheet.name
        for sheet in book.sheets_metadata
        if sheet.visible == calamine.SheetVisibleEnum.Visible and sheet.typ == calamine.SheetTypeEnum.WorkSheet
    ]
    if wanted is not None:
        if wanted not in book.sheet_names:
            raise FileRefused("sheet_missing", sheet=wanted[:80], found=", ".join(book.sheet_names)[:200])
        return wanted, []
    filled = [name for name in visible if book.get_sheet_by_name(name).height > 0]
    if not filled:
        raise FileRefused("file_empty")
    return filled[0], filled[1:]


def _rows(file_format: str, table: Iterator[list[str]], place: int, header: list[str], limits: Limits) -> Rows:
    above = list(itertools.islice(table, place + 1))
    while header and not header[-1].strip():
        header.pop()
    bound_columns(len(header), limits)
    rows = Rows(file_format, unique_names(header), [], [])
    if sum(any(row) for row in above) > 1:
        rows.note("rows_above_header", n=place)
    width, kept = len(header), []
    for number, row in enumerate(table, start=1):
        if len(row) != width and any(row):
            # Empty cells beyond the last column are how spreadsheets pad; anything else has slipped.
            if len(row) < width:
                rows.refuse(number, "row_too_short", n_cells=len(row), n_columns=width)
            elif any(row[width:]):
                rows.refuse(number, "row_too_long", n_cells=len(row), n_columns=width)
            row = [*row[:width], *[""] * (width - len(row))]
        if any(row):
            kept.append(row)
            rows.numbers.append(number)
            bound_rows(len(kept), limits)
    rows.cells = [_column(cells) for cells in zip(*kept, strict=True)] if kept else [[] for _ in range(width)]
    return rows


def _column(cells: tuple[str, ...]) -> list[Cell]:
    """The cells of a column, None where nothing but blanks stands, without the apostrophes of our own exports."""
    column = [cell if cell and not cell.isspace() else None for cell in cells]
    joined = "".join(cells)
    if "'" in joined or '="' in joined:
        return [unguard(cell) if cell is not None else None for cell in column]
    return column


@contextmanager
def _bytes_of(path: Openable, gzipped: bool) -> Iterator[io.BufferedReader | gzip.GzipFile]:
    try:
        with path.open("rb") as raw:
            yield gzip.GzipFile(fileobj=raw) if gzipped else raw
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise FileRefused("gzip_damaged", cause=str(error)[:80]) from None


@contextmanager
def _text_of(path: Openable, gzipped: bool, encoding: str) -> Iterator[TextIO]:
    with _bytes_of(path, gzipped) as file, io.TextIOWrapper(file, encoding, newline="") as text:
        yield text


def _bounded(path: Openable, gzipped: bool, limit_bytes: int) -> Iterator[bytes]:
    total = 0
    with _bytes_of(path, gzipped) as file:
        while chunk := file.read(_CHUNK):
            total += len(chunk)
            if total > limit_bytes:
                raise FileRefused("file_unpacks_too_large", limit_mb=limit_bytes // 2**20)
            yield chunk


def _delimiter(lines: Sequence[str]) -> str:
    """The one that splits the most lines into the most columns; a comma where none splits any."""

    def cells(delimiter: str) -> int:
        try:
            counts = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        except csv.Error:  # a cell too large for any table: who reads the rows says so, and where
            return 0
        return sum(count for count in counts if count > 1)

    csv.field_size_limit(_MAX_CELL_CHARS)
    return max(_DELIMITERS, key=cells)


def _csv_rows(text: TextIO, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(_MAX_CELL_CHARS)
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise FileRefused("csv_quote_wrong", line=reader.line_num, cause=str(error)[:80]) from None


def unguard(cell: str) -> str:
    """A cell without what our own files put around it for spreadsheets: an apostrophe, or a formula of digits.

    >>> unguard("'=1+1"), unguard("'s-Hertogenbosch"), unguard('="370101001001001"')
    ('=1+1', "'s-Hertogenbosch", '370101001001001')
    """
    code = _CODE_AS_TEXT.fullmatch(cell)
    return code[1] if code else _GUARDED.sub("", cell)


def _excel_cell(value: Any) -> str:
    """A cell as text: whole numbers without a point, times as ISO 8601, a time of midnight as a bare day."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return number_as_text(float(value)) if isinstance(value, float) else str(value)
    if isinstance(value, dt.datetime):
        bare = value.time() == dt.time.min
        return value.date().isoformat() if bare else value.isoformat(" ", "seconds")
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    return str(value)
