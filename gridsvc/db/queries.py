"""The named SQL files of `sql/`, each loaded once: one question a file, values bound, nothing pasted."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, cast

import psycopg
from psycopg import Cursor, RawCursor
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.rows import RowFactory, RowMaker, namedtuple_row
from sqlalchemy import Connection, TextClause, make_url, text
from sqlalchemy.exc import DBAPIError

FOLDER = Path(__file__).parent / "sql"
FEW = 100  # rows: a longer answer would stay in memory for as long as its cursor
FEW_TIMES = 3  # so often a statement is asked one after the other: sending it without waiting costs more than it saves
_DIALECT = make_url("postgresql+psycopg://").get_dialect()()


@cache
def load(name: str) -> TextClause:
    """The statement in `sql/<name>.sql`, its `:names` to be bound at execution."""
    return text((FOLDER / f"{name}.sql").read_text(encoding="utf-8"))


def ask(db: Connection, name: str, values: Mapping[str, object]) -> list[Any]:
    """The rows of `sql/<name>.sql`, fetched by the driver itself, in the transaction of `db`.

    What `db.execute(load(name), values)` gives, at half its cost in Python, and parsed once for a connection, from its
    first time on; for the few statements of each submission and each look-up of a position, nowhere else.

    Raises:
        DBAPIError: as `db.execute` does.
    """
    with _driver(db, name, values) as driver:
        return _answer(db, driver, name, values)


def ask_each(db: Connection, name: str, values: Sequence[Mapping[str, object]]) -> None:
    """Nothing; afterwards `sql/<name>.sql` has run for each of these, in order; where they are many, no answer is
    awaited in between.

    Raises:
        DBAPIError: one failed; the transaction, or the savepoint around it, has to be undone.
    """
    with _driver(db, name, {}) as driver:
        if len(values) > FEW_TIMES:
            driver.cursor().executemany(_driven(name), values)
        else:
            for one in values:
                _answer(db, driver, name, one)


def ask_all(db: Connection, name: str, values: Sequence[Mapping[str, object]]) -> list[list[Any]]:
    """The rows of `sql/<name>.sql` for each of these, in order; where they are many, nothing is awaited in between.

    Raises:
        DBAPIError: as `ask_each` does.
    """
    if not values:
        return []
    found: list[list[Any]] = []
    with _driver(db, name, {}) as driver:
        if len(values) <= FEW_TIMES:
            return [_answer(db, driver, name, one) for one in values]
        cursor = driver.cursor(row_factory=_rows_of(name))
        cursor.executemany(_driven(name), values, returning=True)
        while True:
            found.append(cursor.fetchall())
            if not cursor.nextset():
                return found


def table(db: Connection, name: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
    """The same as plain tuples, planned for these very values: for ten thousand rows, or flags that change the plan.

    Raises:
        DBAPIError: as `db.execute` does.
    """
    with _driver(db, name, values) as driver:
        return driver.cursor(binary=True).execute(_driven(name), values, prepare=False).fetchall()


@contextmanager
def guarded(db: Connection) -> Iterator[None]:
    """A block whose statements are undone, and no others, where it ends with an error.

    What `db.begin_nested()` gives, at a third of its cost in Python; for what each request of a phone does.

    Raises:
        DBAPIError: as `ask` does.
    """
    _say(db, b"SAVEPOINT guarded")
    try:
        yield
        _say(db, b"RELEASE SAVEPOINT guarded")
    except BaseException:
        if not (db.invalidated or db.closed):  # else all of it is undone
            _say(db, b"ROLLBACK TO SAVEPOINT guarded")
            _say(db, b"RELEASE SAVEPOINT guarded")
        raise


def undo(db: Connection) -> None:
    """Nothing; afterwards the transaction is undone, and `db`, which is closed next, knows all that it has prepared.

    The driver would forget it, so that whatever is asked next had to be read and planned anew. That is left to it where
    the database itself refused something, which may be a table that has changed since, or where the connection is lost.
    """
    if db.in_transaction() and not (db.invalidated or db.closed):
        line = cast("psycopg.Connection[tuple[Any, ...]]", db.connection.driver_connection).pgconn
        if line.transaction_status == TransactionStatus.INTRANS:
            line.exec_(b"ROLLBACK")


def _say(db: Connection, words: bytes) -> None:
    with _driver(db, None, {}) as driver:
        if driver.pgconn.transaction_status == TransactionStatus.INTRANS:
            _checked(driver.pgconn.exec_(words))
        else:  # the driver begins a transaction, or behind an error of the database forgets all, as at the end of one
            RawCursor(driver).execute(words, prepare=False)


@contextmanager
def _driver(
    db: Connection, name: str | None, values: Mapping[str, object]
) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """The driver's connection in the transaction of `db`; its errors become SQLAlchemy's. No name: of a savepoint."""
    if not db.in_transaction():
        db.begin()
    driver = cast("psycopg.Connection[tuple[Any, ...]]", db.connection.driver_connection)
    try:
        yield driver
    except psycopg.Error as error:
        lost = driver.closed
        if lost:
            db.invalidate(error)
        raise DBAPIError.instance(
            "SAVEPOINT" if name is None else _driven(name).decode(),
            dict(values),
            error,
            psycopg.Error,
            hide_parameters=True,
            connection_invalidated=lost,
        ) from error


def _answer(
    db: Connection, driver: psycopg.Connection[tuple[Any, ...]], name: str, values: Mapping[str, object]
) -> list[Any]:
    rows = _prepared(db, driver, name, values)
    return _told(db, *_asked(db, driver, name, values)) if rows is None else rows


def _prepared(
    db: Connection, driver: psycopg.Connection[tuple[Any, ...]], name: str, values: Mapping[str, object]
) -> list[Any] | None:
    """The rows, in one call of the library, where the connection has prepared the statement for values of these kinds.

    The driver's own way, for all else (None), costs two to three times as much in Python: it waits in steps, so that
    Ctrl-C gets through, which only the first thread hears.
    """
    line = driver.pgconn
    begun = line.transaction_status == TransactionStatus.INTRANS or driver.autocommit
    makers = _makers(name)
    if not (begun and makers) or threading.current_thread() is threading.main_thread():
        return None
    statement, names = _numbered(name)
    kept = db.info.setdefault("tellers", {})
    key = (name, line.parameter_status(b"TimeZone"))
    teller = kept.get(key) or kept.setdefault(key, Transformer(driver))
    said = teller.dump_sequence([values[n] for n in names], [PyFormat.AUTO] * len(names))
    # what the driver has prepared, by its own book, from which it strikes what it lets go; without it all goes its way
    book = getattr(getattr(driver, "_prepared", None), "_names", None)
    prepared = (statement, teller.types)
    if not isinstance(book, OrderedDict) or (known := book.get(prepared)) is None:
        return None
    book.move_to_end(prepared)  # it lets go first of what was not asked for longest
    result = _checked(line.exec_prepared(known, said, teller.formats))
    teller.set_pgresult(result)
    rows: list[Any] = teller.load_rows(0, result.ntuples, makers[0])
    teller.set_pgresult(None)  # it is kept, the answer is not
    return rows


def _checked(result: PGresult) -> PGresult:
    if result.status in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
        return result
    if result.error_field(DiagnosticField.SQLSTATE) is None:  # said by the library: the server does not answer
        raise psycopg.OperationalError(result.get_error_message())
    raise error_from_result(result)


def _asked(
    db: Connection, driver: psycopg.Connection[tuple[Any, ...]], name: str, values: Mapping[str, object]
) -> tuple[tuple[object, ...], RawCursor[Any]]:
    """By what it is kept, and the cursor that has executed the statement.

    A connection keeps it for the next time: it has learned how values and rows of this statement are told, half of
    what asking costs in Python. Rows tell instants in the zone of the session: each zone has a cursor of its own.
    """
    statement, names = _numbered(name)
    kept = db.info.setdefault("cursors", {})  # of one connection to the server, and gone with it
    key = (name, driver.pgconn.parameter_status(b"TimeZone"))
    cursor = kept.pop(key, None) or RawCursor(driver, row_factory=_rows_of(name))
    return key, cursor.execute(statement, [values[n] for n in names], prepare=True)


def _told(db: Connection, key: tuple[object, ...], cursor: RawCursor[Any]) -> list[Any]:
    if cursor.pgresult is None or not cursor.pgresult.nfields:  # a statement without rows
        _makers(str(key[0]))[:] = [tuple]
        rows = []
    else:
        rows = cursor.fetchall()
    if len(rows) <= FEW:
        db.info["cursors"][key] = cursor
    return rows


@cache
def _driven(name: str) -> bytes:
    return str(load(name).compile(dialect=_DIALECT)).encode()


@cache
def _numbered(name: str) -> tuple[bytes, tuple[str, ...]]:
    """The statement as the server reads it, and what `$1`, `$2` … are: nothing is left to the driver each time."""
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        if found["name"] is None:
            return "%"
        if found["name"] not in names:
            names.append(found["name"])
        return f"${names.index(found['name']) + 1}"

    return re.sub(r"%%|%\((?P<name>\w+)\)s", number, _driven(name).decode()).encode(), tuple(names)


@cache
def _makers(name: str) -> list[RowMaker[Any]]:
    """What makes the rows of this statement: one, once it has answered."""
    return []


@cache
def _rows_of(name: str) -> RowFactory[Any]:
    """What names the columns of this statement's rows; they are looked at once, since they are always the same."""
    made = _makers(name)

    def factory(cursor: Cursor[Any]) -> RowMaker[Any]:
        if not made:
            made.append(namedtuple_row(cursor))
        return made[0]

    return factory
