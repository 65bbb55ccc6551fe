"""`gridsvc db status`: says how the database stands, without what would change it."""

from __future__ import annotations

import argparse

from sqlalchemy.exc import OperationalError

from gridsvc.cli.door import ABSENT, FINE, Door
from gridsvc.db import embedded
from gridsvc.db.engine import database, make_engine
from gridsvc.db.revisions import Revisions, revisions
from gridsvc.errors import Unavailable


def run(door: Door, args: argparse.Namespace) -> int:
    """The exit code; nothing is changed: a stopped cluster is started for the question and stopped again."""
    schema = door.settings.db_schema
    answer: dict[str, object] = {"schema": schema, "database": "given" if door.settings.database_url else "embedded"}
    if door.settings.database_url is None:
        there = embedded.status(door.settings.data_dir)
        answer |= {"state": there.state, "folder": str(there.pgdata), "postgresql": there.pg_version, "pid": there.pid}
        answer |= {"socket_folder": str(there.socket_dir) if there.socket_dir else None}
    reached = None
    if not absent(door):
        try:
            with database(door.settings) as (_, owner_url):
                reached = found(owner_url, schema)
        except OperationalError as error:
            cause = str(error.orig).strip().splitlines() or [""]
            raise Unavailable("database_unreachable", cause=cause[0]) from error
    answer |= {"current": reached and reached.current, "newest": reached and reached.newest}
    answer["ready"] = bool(reached and reached.up_to_date)
    if door.json:
        door.tell(answer)
    for name, value in answer.items():
        door.say(f"{door.word(f'cli.db.status_{name}')}: {'-' if value is None else value}")
    return FINE if answer["ready"] else ABSENT


def absent(door: Door) -> bool:
    """Whether an embedded cluster would have to be made first."""
    return door.settings.database_url is None and embedded.status(door.settings.data_dir).state == "absent"


def found(owner_url: str, schema: str) -> Revisions:
    """Where a schema of this database stands."""
    engine = make_engine(owner_url, schema)
    try:
        with engine.connect() as connection:
            return revisions(connection, schema)
    finally:
        engine.dispose()
