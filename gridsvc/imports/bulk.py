"""Large loads: indexes and keys are taken away and made again at the end, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, text

from gridsvc import rewriting
from gridsvc.db.queries import load
from gridsvc.imports.staging import Progress

# Fewer rows are not worth the rebuild.
LEAST_ROWS = 50_000
REPORTS = ("report", "placement", "report_log")
DOORS = ("household",)
# So many bytes of a table are worth the server's parallel workers.
LEAST_BYTES = 8 * 1024 * 1024
_PARALLEL = {"parallel_setup_cost": "0", "parallel_tuple_cost": "0", "min_parallel_table_scan_size": "0"}
_SETTINGS = {
    "maintenance_work_mem": "256MB",
    "work_mem": "96MB",
    "lock_timeout": "60s",
    "default_statistics_target": "40",  # for what is analysed here: a second less, and fine enough for the planner
}
_IS_OWNER = text("SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = CAST(:name AS regclass)")
_MAY_CREATE = text("SELECT has_schema_privilege(current_schema(), 'CREATE')")


def prepare(db: Connection, n_bytes: int) -> bool:
    """Gives this transaction the memory that sorting and index building of a large file want.

    Returns whether the file is staged for parallel workers: it is large, and this role may make tables.
    """
    # May only be set while the session has no temporary table yet.
    first = not db.scalar(text("SELECT CAST(pg_my_temp_schema() AS bigint)"))
    for name, value in (_SETTINGS | {"temp_buffers": "128MB"} if first else _SETTINGS).items():
        db.execute(text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value})
    if n_bytes < LEAST_BYTES or not db.scalar(_MAY_CREATE):
        return False
    for name, value in _PARALLEL.items():
        db.execute(text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value})
    return True


def worth_it(db: Connection, n_new: int, tables: Sequence[str] = REPORTS) -> bool:
    """Whether rebuilding costs less than keeping up: many rows, into tables that hold no more, by their owner."""
    if n_new < LEAST_ROWS or not db.scalar(_IS_OWNER, {"name": tables[0]}):
        return False
    stored = text(f"SELECT count(*) FROM (SELECT FROM {tables[0]} LIMIT :most) stored")  # noqa: S608 - a name of ours
    return int(db.scalar(stored, {"most": n_new + 1}) or 0) <= n_new


def hold(db: Connection, tables: Sequence[str] = REPORTS) -> None:
    """Takes the tables for this transaction alone; waits for those who are at work in them, but not for ever.

    All at once and before any row is locked: whoever waits for such a row keeps the tables from us, and we the row.
    """
    db.execute(text(f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE"))


@contextmanager
def rebuilt(
    db: Connection, progress: Progress, tables: Sequence[str] = REPORTS, *, all_open: bool = False
) -> Iterator[None]:
    """A block that writes without indexes and keys; they are all there again, and checked, when it ends well.

    `all_open`: no report is written that is closed or void; the indexes of such ones stay.

    Other connections wait meanwhile, for the tables and for those that their keys point to (logins and maps too).
    Empty ones are truncated first: what is written to a table made in the same transaction needs no write-ahead log.
    """
    statements = db.execute(load("import_rebuild"), {"tables": list(tables), "all_open": all_open}).all()
    for row in reversed(statements):
        db.exec_driver_sql(row.drop)
    if not db.scalar(text(f"SELECT EXISTS (SELECT FROM {tables[0]})")):  # noqa: S608 - a name of ours
        # It makes the indexes that stayed anew, empty: each would start two workers for nothing.
        with _alone(db):
            db.execute(text(f"TRUNCATE {', '.join(tables)}"))
    yield
    for done, row in enumerate(statements):
        progress("index", done, len(statements))
        rewriting.make(db, row)


@contextmanager
def _alone(db: Connection) -> Iterator[None]:
    """A block whose indexes are built without parallel workers."""
    before = db.scalar(text("SELECT current_setting('max_parallel_maintenance_workers')"))
    db.execute(text("SET LOCAL max_parallel_maintenance_workers = 0"))
    yield
    db.execute(text("SELECT set_config('max_parallel_maintenance_workers', :value, true)"), {"value": before})
