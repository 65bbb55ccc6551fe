"""Rewriting the placements of many reports at once, in a still moment: writers wait, keys are checked as a whole.

A key that points to another table is checked row by row: two thirds of the time of a large re-placement. Where at
least half of the placements are superseded, `rebuilt` takes the keys and indexes of `placement` and `report_log` away
and makes them again, in the same transaction: every one is checked over all rows before anything is committed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from psycopg.errors import DeadlockDetected, LockNotAvailable
from sqlalchemy import Connection, Row, text
from sqlalchemy.exc import OperationalError

from gridsvc.db.queries import load

LEAST_ROWS = 50_000  # fewer are not worth making anybody wait
_SETTINGS = {"work_mem": "256MB", "maintenance_work_mem": "256MB"}
_FIRST = {"temp_buffers": "256MB"}  # may only be set while the session has no temporary table yet
# Shorter than the server waits before it looks for a deadlock (one second): so it is always this side that gives way.
_TRY = "500ms"
_TRIES, _PAUSE_S = 6, 0.3
# What makes the planner share out the work of large statements among the server's workers.
PARALLEL = {"parallel_setup_cost": "0", "parallel_tuple_cost": "0", "min_parallel_table_scan_size": "0"}
_MAY_CREATE = text("SELECT has_schema_privilege(current_schema(), 'CREATE')")
_IS_OWNER = text("SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = CAST('placement' AS regclass)")
_STORED = text("SELECT count(*) FROM (SELECT FROM placement LIMIT :most) stored")
# Readers go on; whoever wants to change or lock a report waits.
_STILL = ("LOCK TABLE report, placement, report_log IN EXCLUSIVE MODE",)


def prepare(db: Connection) -> bool:
    """Gives this transaction the memory that sorting, joining and indexing many reports want.

    Returns whether the server's parallel workers are worth asking: there are many reports, and this role may make
    tables that they can read, which temporary ones are not.
    """
    first = not db.scalar(text("SELECT CAST(pg_my_temp_schema() AS bigint)"))
    for name, value in (_SETTINGS | _FIRST if first else _SETTINGS).items():
        db.execute(text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value})
    if not db.scalar(_MAY_CREATE) or int(db.scalar(_STORED, {"most": LEAST_ROWS}) or 0) < LEAST_ROWS:
        return False
    for name, value in PARALLEL.items():
        db.execute(text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value})
    return True


@contextmanager
def in_order(db: Connection, n_rows: int) -> Iterator[None]:
    """A block in which many rows are joined in the order of their ids, as they are stored, not by a hash table.

    Among a million ids in no order nearly every look into a hash table misses the processor's cache: twice the time.
    """
    if n_rows < LEAST_ROWS:
        yield
        return
    before = db.scalar(text("SELECT current_setting('enable_hashjoin')"))
    db.execute(text("SET LOCAL enable_hashjoin = off"))
    yield
    db.execute(text("SELECT set_config('enable_hashjoin', :value, true)"), {"value": before})


def hold_still(db: Connection) -> bool:
    """Whether all reports are now held against every other writer until this transaction ends; readers go on.

    False: this connection may not, or others are at work; then rows have to be locked one by one.
    """
    return bool(db.scalar(_IS_OWNER)) and _tried(db, _STILL)


def worth_it(db: Connection, n_rows: int) -> bool:
    """Whether superseding so many placements is quicker with `rebuilt`: many, and at least half of what is stored."""
    if n_rows < LEAST_ROWS or not db.scalar(_IS_OWNER):
        return False
    return int(db.scalar(_STORED, {"most": 2 * n_rows + 1}) or 0) <= 2 * n_rows


@contextmanager
def rebuilt(db: Connection) -> Iterator[None]:
    """A block that writes without the indexes and keys of `placement` and `report_log`, if nobody is reading just now.

    They are all there again, and checked, when the block ends well. Readers of these tables, and of those that their
    keys point to, wait from now until the transaction ends; logins do not. Where reading never stops for long enough
    to get that far, nothing is taken away, and the block only takes its time.
    """
    statements = db.execute(load("placements_rebuild")).all()
    taken = _tried(db, [row.drop for row in reversed(statements)])
    yield
    if taken:
        for row in statements:
            make(db, row)


def make(db: Connection, statement: Row[Any]) -> None:
    """Makes an index or a key again, of `placements_rebuild` or `import_rebuild`."""
    with in_order(db, LEAST_ROWS) if statement.by_id else nullcontext():
        db.exec_driver_sql(statement.make)


def _tried(db: Connection, statements: Sequence[str]) -> bool:
    """Whether all of these got their locks, none of them waiting for long; else none has happened."""
    before = db.scalar(text("SELECT current_setting('lock_timeout')"))
    for tried in range(_TRIES):
        if tried:
            time.sleep(_PAUSE_S)
        try:
            with db.begin_nested():
                db.exec_driver_sql(f"SET LOCAL lock_timeout = '{_TRY}'")
                for statement in statements:
                    db.exec_driver_sql(statement)
                db.execute(text("SELECT set_config('lock_timeout', :value, true)"), {"value": before})
        except OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable | DeadlockDetected):
                raise
        else:
            return True
    return False
