"""A CSV file in slices, so that a million rows need no more memory than one thousand.

Rows come out as `geodata.read` gives them: the same header, the same cells, the same refusals. Python's own csv and
gzip read them, without any driver, in a process that can do nothing else (`telling`). What a file can cost is bounded
by its cells, its lines, its rows, and how many times its size it unpacks to.
"""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from geodata.errors import FileRefused
from geodata.files import headers, tables
from geodata.files.held import Openable
from geodata.files.rows import Rows, unique_names
from geodata.files.sniff import sniff
from geodata.files.tables import TableHead
from geodata.layer import Fields, Kind, Limits

# Small enough that a slice stays in the processor's cache: twice as quick as 4,000 or 20,000.
SLICE_ROWS = 1_000
# A table that is streamed may be larger than one that is held in memory: only the disk has to take it.
LIMITS = Limits(unpacked_bytes=16 * 1024**3, n_rows=50_000_000)
_MAX_CELL_CHARS = 1024 * 1024
_MAX_LINE_BYTES = 16 * 1024 * 1024
# Tables unpack to ten or thirty times their size; what unpacks to a thousand times is made to fill a disk. Little is
# harmless, however tight it was packed.
_MOST_TIMES = 200
_HARMLESS_BYTES = 64 * 1024 * 1024
_HEAD_LINES = 100
_CHUNK = 64 * 1024
_MARKS = ('"', "'", "\\", "\t", "\x00")


@dataclass(frozen=True)
class Table:
    """A CSV file before its rows are read. `found`: its columns by role."""

    path: Openable
    head: TableHead
    columns: tuple[str, ...]
    found: Fields


def open_table(path: Openable, fields: Fields, kind: Kind = "reports", header_row: int | None = None) -> Table:
    """The header of a CSV file.

    Raises:
        FileRefused: as `sniff`, `tables.sniff_table` and `headers.resolve`; csv_line_too_long, gzip_packed_too_tight;
            format_not_a_table.
    """
    if (found := sniff(path)) not in ("csv", "csv.gz"):
        raise FileRefused("format_not_a_table", format=found)
    _refuse_endless_line(path)
    head = _sniffed(path, fields, kind, header_row)
    header = [tables.unguard(cell) if cell else None for cell in head.header]
    while header and not (header[-1] or "").strip():
        header.pop()
    columns = tuple(unique_names(header))
    return Table(path, head, columns, headers.resolve(columns, fields, kind))


def _sniffed(path: Openable, fields: Fields, kind: Kind, header_row: int | None) -> TableHead:
    most = max(_HARMLESS_BYTES, _MOST_TIMES * path.stat().st_size)
    try:
        return tables.sniff_table(path, fields, kind, min(most, LIMITS.unpacked_bytes), header_row)
    except FileRefused as error:
        if error.code == "file_unpacks_too_large" and most < LIMITS.unpacked_bytes:
            raise FileRefused("gzip_packed_too_tight", times=_MOST_TIMES, limit_mb=most // 2**20) from None
        raise


@dataclass(frozen=True)
class Part:
    """Some rows of a table: `share` (0-1) of the file has been read after them.

    `plain`: no quotation mark, apostrophe, backslash, tab or NUL stands anywhere in their text, so that no cell has to
    be looked at for one. The rows' numbers count data rows from 1, blank ones too, which are left out.
    """

    rows: Rows
    plain: bool
    share: float


def slices(table: Table, n_at_once: int = SLICE_ROWS) -> Iterator[Part]:
    """The rows of a table, some at a time; only the columns that play a role are kept.

    Raises:
        FileRefused: `csv_quote_wrong`, `csv_cell_too_long`, `gzip_damaged`, `file_has_too_many_rows`.
    """
    wanted = sorted(set(table.found.given().values()), key=table.columns.index)
    places = [table.columns.index(name) for name in wanted]
    size = max(1, table.path.stat().st_size)
    csv.field_size_limit(_MAX_CELL_CHARS)
    number = 1
    with _opened(table) as (text, raw):
        if table.head.n_above >= 0:
            _csv_rows(table, text, [], table.head.n_above + 1, number)
        while some := list(itertools.islice(text, n_at_once)):
            joined = "".join(some)
            plain = not any(mark in joined for mark in _MARKS)
            split = _split(joined, some, table) if plain else None
            if split is None:
                part = _csv_rows(table, text, some, 0, number)
                rows = _rows(table, part, number, wanted, places)
                number += len(part)
            else:
                rows = _empty(table, number, len(some), wanted)
                rows.cells = [_trimmed(split[place :: len(table.columns)]) for place in places]
                number += len(some)
            yield Part(rows, plain, min(1.0, raw.tell() / size))
            if number > LIMITS.n_rows:
                raise FileRefused("file_has_too_many_rows", n_rows=number, limit=LIMITS.n_rows)


def _trimmed(cells: list[str]) -> list[str | None]:
    trimmed: list[str | None] = list(map(str.strip, cells))
    return trimmed if all(trimmed) else [cell or None for cell in trimmed]


def _split(joined: str, lines: Sequence[str], table: Table) -> list[str] | None:
    """All cells of some lines, one after the other; None where splitting is not all there is to it.

    Only for lines without quotation marks, each with one cell for each column and no longer than a cell may be, which
    a reader has to bound: three times as quick as one. The last cell of a line still has the line's end.
    """
    if max(map(len, lines)) > _MAX_CELL_CHARS:
        return None
    delimiter, width = table.head.delimiter, len(table.columns)
    end = "\r\n" if lines[0].endswith("\r\n") else "\n"
    if joined.count("\r") != (joined.count("\r\n") if end == "\r\n" else 0):
        return None
    body = joined.removesuffix(end)
    if body.count(end) != len(lines) - 1 or width == 1:
        return None
    # Every line has its cells when there are as many as there should be, and a line ends after each last one.
    cells = body.replace(end, "\n" + delimiter).split(delimiter)
    lasts = cells[width - 1 :: width]
    if len(cells) != width * len(lines) or "".join(lasts).count("\n") != len(lines) - 1:
        return None
    return cells


def _csv_rows(table: Table, text: Iterator[str], first: list[str], n: int, number: int) -> list[list[str]]:
    """Rows as a reader gives them: the next `n`, or with 0 those of the lines `first`, the last of which may go on."""
    left = deque(first)

    def lines() -> Iterator[str]:
        while left:
            yield left.popleft()
        # Not `yield from`: it would close the text together with this generator.
        for line in text:  # noqa: UP028
            yield line

    reader = csv.reader(lines(), delimiter=table.head.delimiter, strict=True)
    rows = []
    try:
        for row in reader:
            rows.append(row)
            if len(rows) == n or not (n or left):
                break
    except csv.Error as error:
        line = table.head.n_above + number + reader.line_num
        if "field limit" in str(error):
            raise FileRefused("csv_cell_too_long", line=line, limit_mb=_MAX_CELL_CHARS // 2**20) from None
        raise FileRefused("csv_quote_wrong", line=line, cause=str(error)[:80]) from None
    return rows


def _empty(table: Table, first: int, n: int, wanted: list[str]) -> Rows:
    return Rows("csv.gz" if table.head.gzipped else "csv", wanted, [], list(range(first, first + n)))


def _rows(table: Table, part: list[list[str]], first: int, wanted: list[str], places: list[int]) -> Rows:
    """Rows as a reader gave them; those that hold nothing are left out, those that have slipped are refused."""
    rows, width = _empty(table, first, len(part), wanted), len(table.columns)
    kept, numbers = [], []
    for number, row in zip(rows.numbers, part, strict=True):
        if not any(cell and not cell.isspace() for cell in row):
            continue
        if len(row) < width:
            rows.refuse(number, "row_too_short", n_cells=len(row), n_columns=width)
        elif any(cell and not cell.isspace() for cell in row[width:]):
            rows.refuse(number, "row_too_long", n_cells=len(row), n_columns=width)
        kept.append([*row[:width], *[""] * (width - len(row))])
        numbers.append(number)
    rows.numbers = numbers
    # Without the apostrophes that `geodata.write` puts before what a spreadsheet would run.
    rows.cells = [[tables.unguard(row[place]).strip() or None for row in kept] for place in places]
    return rows


class _Watched(io.BufferedIOBase):
    """The bytes of a file, for as long as no line in them is endless: reading one would take all memory."""

    def __init__(self, content: gzip.GzipFile | io.BufferedReader) -> None:
        self._content = content
        self._since = 0

    def readable(self) -> bool:
        return True

    def read1(self, size: int = -1, /) -> bytes:
        data = self._content.read1(size)
        self._since = 0 if b"\n" in data or b"\r" in data else self._since + len(data)
        if self._since > _MAX_LINE_BYTES:
            raise FileRefused("csv_line_too_long", limit_mb=_MAX_LINE_BYTES // 2**20)
        return data

    def read(self, size: int | None = -1, /) -> bytes:
        return self.read1(-1 if size is None else size)


def _refuse_endless_line(path: Openable) -> None:
    """Returns when the file begins with lines of a bounded length; those that follow are watched as they are read."""
    with path.open("rb") as raw:
        zipped = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        content = _Watched(gzip.GzipFile(fileobj=raw) if zipped else raw)
        n_lines = 0
        try:
            while n_lines < _HEAD_LINES and (data := content.read1(_CHUNK)):
                n_lines += data.count(b"\n") + data.count(b"\r")
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise FileRefused("gzip_damaged", cause=str(error)[:80]) from None


@contextmanager
def _opened(table: Table) -> Iterator[tuple[io.TextIOWrapper, io.BufferedReader]]:
    """The text of a file, and the file below it that knows how far reading has come."""
    try:
        with table.path.open("rb") as raw:
            content = gzip.GzipFile(fileobj=raw) if table.head.gzipped else raw
            with io.TextIOWrapper(
                cast("io.BufferedReader", _Watched(content)), table.head.encoding, newline=""
            ) as text:
                yield text, raw
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise FileRefused("gzip_damaged", cause=str(error)[:80]) from None
