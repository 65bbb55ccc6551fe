"""Rows into a table by COPY."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain

from psycopg import Connection as Wire
from psycopg import DataError, IntegrityError, sql
from psycopg.copy import QueuedLibpqWriter
from sqlalchemy import Connection

from geodata.errors import FileRefused
from gridsvc.imports.lines import block


def copy_into(db: Connection, table: str, blocks: Iterable[tuple[Mapping[str, Sequence[str | None]], bool]]) -> bool:
    """Whether there was anything to copy: columns of texts (whether plain, see `block`), all with the same names.

    Raises:
        FileRefused: as `copying`.
    """
    blocks = iter(blocks)
    first = next(blocks, None)
    if first is None:
        return False
    with copying(db, table, first[0]) as into:
        for columns, plain in chain([first], blocks):
            into.write(block(columns, plain=plain))
    return True


@dataclass
class Into:
    """Where rows in PostgreSQL's text format go; `n_rows`: so many the server has taken, when the block has ended."""

    write: Callable[[bytes], None]
    n_rows: int = 0


@contextmanager
def copying(db: Connection, table: str, columns: Iterable[str]) -> Iterator[Into]:
    """One COPY takes all of a block, so that the server stores some rows while the next are made.

    Raises:
        FileRefused: file_unreadable; a cell that passed every check is not taken by the database.
    """
    wire: Wire = db.connection.driver_connection  # type: ignore[assignment]  # psycopg is the only driver
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
    try:
        with wire.cursor() as cursor:
            with cursor.copy(statement, writer=QueuedLibpqWriter(cursor)) as copy:
                into = Into(copy.write)
                yield into
            into.n_rows = cursor.rowcount
    except (DataError, IntegrityError) as error:
        raise FileRefused("file_unreadable", cause=str(error).splitlines()[0][:160]) from error
