"""A CSV file of reports in slices, so that a million rows need no more memory than one thousand.

Rows come out as `geodata.read` gives them: the same header, the same cells, the same refusals. CSV needs no child
process: it is read by Python's own reader, whose cells are bounded.
"""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

from geodata.errors import FileRefused
from geodata.files import headers, tables
from geodata.files.rows import Cell, Rows, unique_names
from geodata.files.sniff import sniff
from geodata.files.tables import TableHead
from geodata.layer import Fields, Limits

# Small enough that a slice stays in the processor's cache: twice as quick as 4,000 or 20,000.
SLICE_ROWS = 1_000
# A table that is streamed may be larger than one that is held in memory: only the disk has to take it.
LIMITS = Limits(unpacked_bytes=16 * 1024**3, n_rows=50_000_000)
_MAX_CELL_CHARS = 1024 * 1024
_MARKS = ('"', "'", "\\", "\t", "\x00")


@dataclass(frozen=True)
class Table:
    """A CSV file before its rows are read. `found`: its columns by role."""

    path: Path
    head: TableHead
    columns: tuple[str, ...]
    found: Fields


def is_csv(path: Path) -> bool:
    """Whether a file is a table in text, gzipped or not, by its content.

    Raises:
        FileRefused: file_missing, file_not_readable, and what `sniff` refuses.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise FileRefused("file_not_readable", file=path.name, cause="not a plain file")
        return sniff(path) in ("csv", "csv.gz")
    except FileNotFoundError:
        raise FileRefused("file_missing", file=path.name) from None
    except OSError as error:
        cause = error.strerror or type(error).__name__
        raise FileRefused("file_not_readable", file=path.name, cause=cause) from None


def open_table(path: Path, fields: Fields) -> Table:
    """The header of a CSV file of reports.

    Raises:
        FileRefused: as `tables.sniff_table` and `headers.resolve`, with the fact `file`.
    """
    head = tables.sniff_table(path, fields, "reports", LIMITS.unpacked_bytes)
    header = [tables.unguard(cell) if cell else None for cell in head.header]
    while header and not (header[-1] or "").strip():
        header.pop()
    columns = tuple(unique_names(header))
    return Table(path, head, columns, headers.resolve(columns, fields, "reports"))


@dataclass(frozen=True)
class Part:
    """Some rows of a table: `share` (0-1) of the file has been read after them.

    `plain`: no quotation mark, apostrophe, backslash, tab or NUL stands anywhere in their text, so that no cell has to
    be looked at for one. The rows' numbers count data rows from 1, blank ones too, which are left out.
    """

    rows: Rows
    plain: bool
    share: float


def slices(table: Table) -> Iterator[Part]:
    """The rows of a table, some at a time; only the columns that play a role are kept.

    Raises:
        FileRefused: `csv_quote_wrong`, `gzip_damaged`, `file_has_too_many_rows`.
    """
    wanted = sorted(set(table.found.given().values()), key=table.columns.index)
    pick = [itemgetter(table.columns.index(name)) for name in wanted]
    size = max(1, table.path.stat().st_size)
    number = 1
    seen: list[str] = []
    with _opened(table) as (text, raw):
        reader = csv.reader(_noted(text, seen), delimiter=table.head.delimiter, strict=True)
        csv.field_size_limit(_MAX_CELL_CHARS)
        try:
            next(itertools.islice(reader, table.head.n_above, None), None)
            seen.clear()
            while part := list(itertools.islice(reader, SLICE_ROWS)):
                text_of_part = "".join(seen)
                seen.clear()
                plain = not any(mark in text_of_part for mark in _MARKS)
                rows = _rows(table, part, number, wanted, pick, plain)
                yield Part(rows, plain, min(1.0, raw.tell() / size))
                number += len(part)
                if number > LIMITS.n_rows:
                    raise FileRefused("file_has_too_many_rows", n_rows=number, limit=LIMITS.n_rows)
        except csv.Error as error:
            raise FileRefused("csv_quote_wrong", line=reader.line_num, cause=str(error)[:80]) from None


def _noted(lines: Iterable[str], seen: list[str]) -> Iterator[str]:
    for line in lines:
        seen.append(line)
        yield line


def _rows(
    table: Table,
    part: list[list[str]],
    first: int,
    wanted: list[str],
    pick: Sequence[Callable[[list[str]], str]],
    plain: bool,
) -> Rows:
    width = len(table.columns)
    rows = Rows("csv.gz" if table.head.gzipped else "csv", wanted, [], list(range(first, first + len(part))))
    if set(map(len, part)) != {width}:
        part = _squared(rows, part, width)
    rows.cells = [_cells(map(cell_of, part), plain) for cell_of in pick]
    return rows


def _squared(rows: Rows, part: list[list[str]], width: int) -> list[list[str]]:
    """The rows that hold something, each as wide as the header; those that have slipped are refused."""
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
    return kept


def _cells(column: Iterable[str], plain: bool) -> list[Cell]:
    """The cells without the blanks around them and the apostrophes that `geodata.write` gives; None for empty ones."""
    if plain:
        return [cell.strip() or None for cell in column]
    return [tables.unguard(cell).strip() or None for cell in column]


@contextmanager
def _opened(table: Table) -> Iterator[tuple[io.TextIOWrapper, io.BufferedReader]]:
    """The text of a file, and the file below it that knows how far reading has come."""
    try:
        with table.path.open("rb") as raw:
            content = gzip.GzipFile(fileobj=raw) if table.head.gzipped else raw
            with io.TextIOWrapper(content, table.head.encoding, newline="") as text:
                yield text, raw
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise FileRefused("gzip_damaged", cause=str(error)[:80]) from None
