"""`gridsvc publish`: shows what a draft edition changes, then makes it current."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from gridsvc import editions
from gridsvc.cli.accounts import tell_partition
from gridsvc.cli.door import FINE, Door
from gridsvc.cli.progress import Step, shown
from gridsvc.db.tables import LAYERS
from gridsvc.editions import Preview
from gridsvc.errors import NotFound
from gridsvc.imports.account import partition_facts

_MOST_CODES = 12


def run(door: Door, args: argparse.Namespace) -> int:
    """The exit code; nothing is published when one of the layers cannot be."""
    with door.owner() as db, shown(door) as step:
        layers = [args.layer] if args.layer else [n for n in LAYERS if editions.edition_id(db, n, "draft") is not None]
        if not layers:
            raise NotFound("no_draft", layer=" / ".join(LAYERS))
        answers = [_layer(door, db, layer, args, step) for layer in layers]
        if not args.dry_run:
            db.commit()
    if door.json:
        door.tell({"published": not args.dry_run, "layers": answers})
    if args.dry_run:
        door.say(door.word("cli.publish.dry"))
    return FINE


def _layer(door: Door, db: Connection, layer: str, args: argparse.Namespace, step: Step) -> dict[str, Any]:
    step("tile", 0, None)
    planned = editions.preview(db, layer)
    _tell(door, layer, planned)
    if args.strict:
        editions.require_tiling(layer, planned)
    step("publish", 0, None)
    # A dry run does all of it too: it tells how much moves, and refuses what would be refused. Nothing commits it.
    published = editions.publish(db, layer, None, door.rule)
    moved = {"reports": published.n_reports_moved, "households": published.n_households_moved}
    door.say(door.word("cli.publish.would_move" if args.dry_run else "cli.publish.moved", **moved))
    return {
        "layer": layer,
        "edition": planned.draft_id,
        "changes": asdict(planned.changes),
        "partition": partition_facts(planned.account),
        "reports_moved": published.n_reports_moved,
        "households_moved": published.n_households_moved,
    }


def _tell(door: Door, layer: str, planned: Preview) -> None:
    changes = planned.changes
    counts = {kind: len(getattr(changes, kind)) for kind in ("added", "changed", "removed", "same")}
    door.say(door.word("cli.publish.title", layer=door.word(f"import.layer.{layer}"), **counts))
    for kind in ("added", "changed", "removed"):
        codes = getattr(changes, kind)
        if codes:
            more = " …" if len(codes) > _MOST_CODES else ""
            door.say(f"  {door.word(f'cli.publish.{kind}')}: {', '.join(codes[:_MOST_CODES])}{more}")
    tell_partition(door, layer, planned.account)
