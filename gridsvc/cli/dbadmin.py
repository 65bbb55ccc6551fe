"""`gridsvc db`: makes the database, brings it up to date, says how it stands."""

from __future__ import annotations

import argparse

from sqlalchemy.exc import OperationalError

from gridsvc import worktime
from gridsvc.cli.door import ABSENT, FINE, Door
from gridsvc.db import embedded, migrate
from gridsvc.db.engine import database, make_engine, transaction
from gridsvc.db.migrate import Revisions
from gridsvc.errors import Unavailable


def run(door: Door, args: argparse.Namespace) -> int:
    """The exit code of `db init`, `db upgrade` or `db status`."""
    if args.deed == "status":
        return _status(door)
    if args.deed == "upgrade" and _absent(door):
        raise Unavailable("database_absent", folder=str(door.settings.data_dir))
    schema = door.settings.db_schema
    with database(door.settings) as (app_url, owner_url):
        before = _revisions(owner_url, schema)
        if args.deed == "upgrade" and before.current is None:
            raise Unavailable("schema_absent", schema=schema)
        after = migrate.upgrade(owner_url, schema, app_url)
        if door.settings.timezone in worktime.ZONES:
            with transaction(owner_url, schema) as db:
                worktime.fill(db, None, door.now)
    if door.json:
        door.tell({"schema": schema, "before": before.current, "now": after.current, "newest": after.newest})
    changed = "cli.db.same" if before.current == after.current else "cli.db.done"
    door.say(door.word(changed, schema=schema, revision=after.current, where=_place(door)))
    return FINE


def _absent(door: Door) -> bool:
    """Whether an embedded cluster would have to be made first."""
    return door.settings.database_url is None and embedded.status(door.settings.data_dir).state == "absent"


def _place(door: Door) -> str:
    return "GRIDSVC_DATABASE_URL" if door.settings.database_url else str(embedded.status(door.settings.data_dir).pgdata)


def _revisions(owner_url: str, schema: str) -> Revisions:
    engine = make_engine(owner_url, schema)
    try:
        with engine.connect() as connection:
            return migrate.revisions(connection, schema)
    finally:
        engine.dispose()


def _status(door: Door) -> int:
    """Changes nothing: a cluster that is there and stopped is started for the question and stopped again."""
    schema = door.settings.db_schema
    answer: dict[str, object] = {"schema": schema, "database": "given" if door.settings.database_url else "embedded"}
    if door.settings.database_url is None:
        found = embedded.status(door.settings.data_dir)
        answer |= {"state": found.state, "folder": str(found.pgdata), "postgresql": found.pg_version, "pid": found.pid}
        answer |= {"socket_folder": str(found.socket_dir) if found.socket_dir else None}
    revisions = None
    if not _absent(door):
        try:
            with database(door.settings) as (_, owner_url):
                revisions = _revisions(owner_url, schema)
        except OperationalError as error:
            cause = str(error.orig).strip().splitlines() or [""]
            raise Unavailable("database_unreachable", cause=cause[0]) from error
    answer |= {"current": revisions and revisions.current, "newest": revisions and revisions.newest}
    answer["ready"] = bool(revisions and revisions.up_to_date)
    if door.json:
        door.tell(answer)
    for name, value in answer.items():
        door.say(f"{door.word(f'cli.db.status_{name}')}: {'-' if value is None else value}")
    return FINE if answer["ready"] else ABSENT
