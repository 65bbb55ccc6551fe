"""`gridsvc db`: makes the database, brings it up to date."""

from __future__ import annotations

import argparse

from gridsvc import worktime
from gridsvc.cli import dbstatus
from gridsvc.cli.door import FINE, Door
from gridsvc.db import embedded, migrate
from gridsvc.db.engine import database, transaction
from gridsvc.errors import Unavailable


def run(door: Door, args: argparse.Namespace) -> int:
    """The exit code of `db init` or `db upgrade`."""
    if args.deed == "upgrade" and dbstatus.absent(door):
        raise Unavailable("database_absent", folder=str(door.settings.data_dir))
    schema = door.settings.db_schema
    with database(door.settings) as (app_url, owner_url):
        before = dbstatus.found(owner_url, schema)
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


def _place(door: Door) -> str:
    return "GRIDSVC_DATABASE_URL" if door.settings.database_url else str(embedded.status(door.settings.data_dir).pgdata)
