"""`gridsvc escalate`: does by hand what `serve` does every few minutes: escalates, resumes, strikes off what is due."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from gridsvc import periodic, report_tiles, terms
from gridsvc.cli.door import CONFLICT, FINE, WRONG, Door
from gridsvc.cli.progress import shown
from gridsvc.db.engine import database, transaction


def run(door: Door, args: argparse.Namespace) -> int:
    """Batch after batch, until nothing is due."""
    settings = door.settings
    with database(settings) as (app_url, _), shown(door) as step:
        with transaction(app_url, settings.db_schema) as db:
            report_tiles.fold(db)
        done = periodic.rounds(
            lambda: transaction(app_url, settings.db_schema),
            door.now,
            lambda db: terms.load(db, **settings.agreed),
            lambda n: step("escalate", n, None),
        )
    if door.json:
        door.tell({"done": done.done, "failed": [asdict(one) for one in done.failed], "busy": done.busy})
    elif done.busy:
        door.say(door.word("cli.escalate.busy"))
    else:
        for action in ("escalate", "resume", "stop_asking", "strike_off"):
            door.say(door.word(f"cli.escalate.{action}", n=done.done.get(action, 0)))
        for one in done.failed:
            door.warn(door.word("cli.escalate.failed", id=one.report_id, action=one.action, code=one.code))
    return CONFLICT if done.busy else WRONG if done.failed else FINE
