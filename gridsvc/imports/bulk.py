"""Large loads: indexes and keys are taken away and made again at the end, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

from gridsvc.db.queries import load
from gridsvc.imports.staging import Progress

# Fewer rows are not worth the rebuild.
LEAST_ROWS = 50_000
_TABLES = ("report", "placement", "report_log")
_SETTINGS = {"maintenance_work_mem": "256MB", "work_mem": "96MB", "lock_timeout": "60s"}
_IS_OWNER = text("SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = CAST('report' AS regclass)")
_STORED = text("SELECT count(*) FROM (SELECT FROM report LIMIT :most) stored")


def prepare(db: Connection) -> None:
    """Gives this transaction the memory that sorting and index building of a large file want."""
    # May only be set while the session has no temporary table yet.
    first = not db.scalar(text("SELECT CAST(pg_my_temp_schema() AS bigint)"))
    for name, value in (_SETTINGS | {"temp_buffers": "128MB"} if first else _SETTINGS).items():
        db.execute(text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value})


def worth_it(db: Connection, n_new: int) -> bool:
    """Whether rebuilding costs less than keeping up: many rows, into tables that hold no more, by their owner."""
    if n_new < LEAST_ROWS or not db.scalar(_IS_OWNER):
        return False
    return int(db.scalar(_STORED, {"most": n_new + 1}) or 0) <= n_new


@contextmanager
def rebuilt(db: Connection, progress: Progress) -> Iterator[None]:
    """A block that writes without indexes and keys; they are all there again, and checked, when it ends well.

    Other connections wait meanwhile, for the three tables and for those that their keys point to (logins and maps too).
    Empty ones are truncated first: what is written to a table made in the same transaction needs no write-ahead log.
    """
    statements = db.execute(load("import_rebuild")).all()
    for row in reversed(statements):
        db.exec_driver_sql(row.drop)
    if not db.scalar(text("SELECT EXISTS (SELECT FROM report)")):
        db.execute(text(f"TRUNCATE {', '.join(_TABLES)}"))
    yield
    for done, row in enumerate(statements):
        progress("index", done, len(statements))
        db.exec_driver_sql(row.make)
