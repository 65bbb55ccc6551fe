"""A CSV file of reports in slices, so that a million rows need no more memory than four thousand.

Rows come out as `geodata.read` gives them: the same header, the same cells, the same refusals. CSV needs no child process:
it is read by Python's own reader, whose cells are bounded.
"""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from geodata.files import headers, tables
from geodata.errors import FileRefused
from geodata.layer import Fields, Limits
from geodata.files.rows import Cell, Rows, unique_names
from geodata.files.tables import TableHead

# Small enough that a slice stays in the processor's cache: four times as quick as 20,000.
SLICE_ROWS = 4_000
# A table that is streamed may be larger than one that is held in memory: only the disk has to take it.
LIMITS = Limits(unpacked_bytes=16 * 1024**3, n_rows=50_000_000)
_MAX_CELL_CHARS = 1024 * 1024


@dataclass(frozen=True)
class Table:
    """A CSV file before its rows are read. `found`: its columns by role."""

    path: Path
    head: TableHead
    columns: tuple[str, ...]
    found: Fields


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


def slices(table: Table) -> Iterator[tuple[Rows, float]]:
    """The rows of a table, some at a time, with the share (0-1) of the file that has been read.

    Only the columns that play a role are kept. Data rows count from 1, blank ones too; they are left out.

    Raises:
        FileRefused: `csv_quote_wrong`, `gzip_damaged`, `file_has_too_many_rows`.
    """
    wanted = sorted(set(table.found.given().values()), key=table.columns.index)
    places = [table.columns.index(name) for name in wanted]
    size = max(1, table.path.stat().st_size)
    number = 1
    with _opened(table) as (text, raw):
        reader = csv.reader(text, delimiter=table.head.delimiter, strict=True)
        csv.field_size_limit(_MAX_CELL_CHARS)
        try:
            next(itertools.islice(reader, table.head.n_above, None), None)
            while part := list(itertools.islice(reader, SLICE_ROWS)):
                yield _rows(table, part, number, wanted, places), min(1.0, raw.tell() / size)
                number += len(part)
                if number > LIMITS.n_rows:
                    raise FileRefused("file_has_too_many_rows", n_rows=number, limit=LIMITS.n_rows)
        except csv.Error as error:
            raise FileRefused("csv_quote_wrong", line=reader.line_num, cause=str(error)[:80]) from None


def _rows(table: Table, part: list[list[str]], first: int, wanted: list[str], places: list[int]) -> Rows:
    width = len(table.columns)
    rows = Rows("csv.gz" if table.head.gzipped else "csv", wanted, [], list(range(first, first + len(part))))
    if set(map(len, part)) != {width}:
        part = _squared(rows, part, width)
    columns = list(zip(*part, strict=True)) if part else [()] * width
    rows.cells = [_cells(columns[place]) for place in places]
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


def _cells(column: tuple[str, ...]) -> list[Cell]:
    """The cells without the blanks around them and the apostrophes that `geodata.write` gives; None for empty ones."""
    if "'" in "".join(column):
        return [tables.unguard(cell).strip() or None for cell in column]
    return [cell.strip() or None for cell in column]


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
