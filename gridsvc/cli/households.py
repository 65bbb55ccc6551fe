"""`gridsvc households`: what was kept of people at removed doors goes; classes are switched on and off."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from datetime import timedelta
from uuid import uuid4

from gridsvc import household_reading, household_retention, households, visit_retention
from gridsvc.cli.door import FINE, Door
from gridsvc.errors import Refused


def run(door: Door, args: argparse.Namespace) -> int:
    """The exit code of `households retain` or `households classes`."""
    return _retain(door, args) if args.deed == "retain" else _classes(door, args)


def _retain(door: Door, args: argparse.Namespace) -> int:
    for days in (args.older_than_days, args.words_older_than_days):
        if not 0 <= days <= 36_500:
            raise Refused("retention_days", days=days)
    before = door.now - timedelta(days=args.older_than_days)
    words_before = door.now - timedelta(days=args.words_older_than_days)
    with door.owner() as db:
        done = household_retention.blank(db, before, words_before, door.now, uuid4())
        n_words = visit_retention.blank(db, words_before, door.now, done.batch)
        if args.commit:
            db.commit()
    if door.json:
        bounds = {"before": before.isoformat(), "words_before": words_before.isoformat()}
        door.tell(asdict(done) | bounds | {"n_words": n_words, "committed": args.commit})
    day = before.astimezone(door.settings.zone).strftime("%Y-%m-%d %H:%M")
    key = "cli.households.retained" if args.commit else "cli.households.would_retain"
    door.say(door.word(key, before=day, n_words=n_words, days=args.words_older_than_days, **asdict(done)))
    return FINE


def _classes(door: Door, args: argparse.Namespace) -> int:
    with door.owner() as db:
        for code, active in ((args.on, True), (args.off, False)):
            if code is not None:
                households.switch_class(db, code, active=active)
        found = household_reading.classes(db, only_active=False)
        db.commit()
    if door.json:
        door.tell([asdict(one) for one in found])
    for one in found:
        facts = asdict(one) | {"name": one.name_zh if door.locale == "zh" else one.name_en}
        state = door.word(f"cli.households.{'on' if one.active else 'off'}")
        facts["cycle_days"] = one.cycle_days if one.cycle_days is not None else "-"
        door.say(door.word("cli.households.class", state=state, **facts))
    return FINE
