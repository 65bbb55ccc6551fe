"""Columns of texts into a table by COPY."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import cast

from psycopg import Connection as Wire
from psycopg import DataError, sql
from psycopg.copy import QueuedLibpqWriter
from sqlalchemy import Connection

from geodata.errors import FileRefused

_SPECIAL = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_NULL = "\\N"


def copy_into(db: Connection, table: str, blocks: Iterable[tuple[Mapping[str, Sequence[str | None]], bool]]) -> bool:
    """Whether there was anything to copy: columns of texts (whether plain, see `block`), all with the same names.

    One COPY takes all of them, so that the server stores one block while the next is made.

    Raises:
        FileRefused: file_unreadable; a cell that passed every check is not taken by the database.
    """
    blocks = iter(blocks)
    first = next(blocks, None)
    if first is None:
        return False
    wire: Wire = db.connection.driver_connection  # type: ignore[assignment]  # psycopg is the only driver
    names = sql.SQL(", ").join(map(sql.Identifier, first[0]))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
    try:
        with wire.cursor() as cursor, cursor.copy(statement, writer=QueuedLibpqWriter(cursor)) as copy:
            for columns, plain in chain([first], blocks):
                copy.write(block(columns, plain=plain))
    except DataError as error:
        raise FileRefused("file_unreadable", cause=str(error).splitlines()[0][:160]) from error
    return True


def block(columns: Mapping[str, Sequence[str | None]], *, plain: bool = False) -> bytes:
    r"""Rows in PostgreSQL's text format, out of columns of one length; an empty text counts as null.

    Args:
        plain: no text holds a backslash, tab or line break; nothing is looked for then.

    >>> block({"a": ["1", None], "b": ["x\ty", "z"]})
    b'1\tx\\ty\n\\N\tz\n'
    """
    written = [_nulled(values) if plain else _escaped(values) for values in columns.values()]
    rows = "\n".join(map("\t".join, zip(*written, strict=True)))
    return (rows + "\n").encode() if rows else b""


def _nulled(values: Sequence[str | None]) -> Sequence[str]:
    return cast("Sequence[str]", values) if all(values) else [value or _NULL for value in values]


def _escaped(values: Sequence[str | None]) -> Sequence[str]:
    joined = "".join(filter(None, values))
    if "\\" in joined or "\t" in joined or "\n" in joined or "\r" in joined:
        return [value.translate(_SPECIAL) if value else _NULL for value in values]
    return _nulled(values)
