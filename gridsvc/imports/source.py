"""The rows of a file on their way in, and what is known of it before and after they are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from geodata.crs import CrsRef, parse_crs
from geodata.files import sandbox, sniff
from geodata.layer import Fields, Problem
from gridsvc.imports.report_rows import Slice

_ZIPPED = 8  # so many bytes of a table become one, about
_GZIP_MAGIC = b"\x1f\x8b"
_HEAD_BYTES = 64 * 1024


@dataclass(frozen=True)
class Table:
    """A CSV file that a process of its own is to read: with the columns that the sender names, in this system, below
    the header row that the sender says."""

    path: Path
    fields: Fields
    crs: CrsRef | None
    header_row: int | None = None


@dataclass
class Source:
    """Rows that are read already, some at a time; or, with `table`, a file whose own words come as it is read.

    `n_bytes`: of a table, unpacked, about. `of_map`: doors are buildings of a map. `samples`: as a Layer has them, of
    rows that are read already. `sheets`: those of a workbook that hold something.
    """

    format: str
    encoding: str | None
    fields: Fields
    crs: CrsRef | None
    slices: Iterable[tuple[Slice, float]]
    n_rows: int = 0
    notes: tuple[Problem, ...] = ()
    n_bytes: int = 0
    of_map: bool = False
    table: Table | None = None
    samples: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sheets: tuple[str, ...] = ()


def of_table(path: Path, fields: Fields, crs: str | None, header_row: int | None = None) -> Source:
    """A CSV file, gzipped or not, that is read while it is staged.

    Raises:
        FileRefused: `file_missing`, `file_not_readable`.
        CrsError: `crs_unknown`.
    """
    given = None if crs is None else parse_crs(crs)
    zipped = sandbox.first_bytes(path, len(_GZIP_MAGIC)) == _GZIP_MAGIC
    source = Source("", None, Fields(), None, (), table=Table(path, fields, given, header_row))
    source.n_bytes = path.stat().st_size * (_ZIPPED if zipped else 1)
    return source


def is_table(path: Path) -> bool:
    """Whether a file can be a table in text, gzipped or not; whether it is one its reader finds out.

    Raises:
        FileRefused: `file_missing`, `file_not_readable`.
    """
    return sniff.may_be_table(sandbox.first_bytes(path, _HEAD_BYTES))


def is_book(path: Path) -> bool:
    """Whether a file can be a workbook; a zip of shapes begins alike.

    Raises:
        FileRefused: `file_missing`, `file_not_readable`.
    """
    return sniff.is_book(sandbox.first_bytes(path, _HEAD_BYTES))
