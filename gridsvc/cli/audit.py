"""`gridsvc audit`: verifies all logs and stored cases, keeps the ends of logs, blanks what may be kept no longer."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from gridsvc import anchors, audit, retention
from gridsvc.cli.door import FINE, WRONG, Door
from gridsvc.cli.progress import shown
from gridsvc.errors import Conflict, Refused


def run(door: Door, args: argparse.Namespace) -> int:
    """The exit code of `audit verify` (2: something was changed), `audit anchor` or `audit retain`."""
    if args.deed == "verify":
        return _verify(door, args)
    return _anchor(door, args) if args.deed == "anchor" else _retain(door, args)


def _anchor(door: Door, args: argparse.Namespace) -> int:
    path = Path(args.out)
    if path.exists():
        raise Conflict("anchor_exists", file=str(path))
    with door.owner() as db, path.open("x", encoding="utf-8", newline="") as out:
        try:
            made = anchors.write(db, out, door.now)
        except BaseException:
            path.unlink()  # half an anchor would stand in the way of a whole one
            raise
    if door.json:
        door.tell(asdict(made) | {"at": door.now.isoformat(), "file": str(path)})
    door.say(door.word("audit.anchored", n=made.n_reports, file=path, sha256=made.sha256))
    return FINE


def _verify(door: Door, args: argparse.Namespace) -> int:
    with ExitStack() as stack:
        db, step = stack.enter_context(door.owner()), stack.enter_context(shown(door))
        anchored: Iterable[audit.Finding] = ()
        if args.anchor is not None:
            lines = stack.enter_context(Path(args.anchor).open(encoding="utf-8", newline=""))
            anchored = anchors.differing(db, anchors.read(lines))
        done = audit.verify(db, lambda n: step("audit", n, None), anchored=anchored)
    if args.anchor is not None:
        with Path(args.anchor).open(encoding="utf-8", newline="") as lines:
            noted = anchors.told(lines)
        door.say(door.word("audit.compared", n=noted.n_reports, sha256=noted.sha256))
    if door.json:
        door.tell({"sound": done.sound} | asdict(done))
    for finding in done.findings:
        key = f"audit.{finding.what}"
        fields = ", ".join(finding.fields)
        door.warn(door.word(key, number=finding.number, seq=finding.seq or "-", fields=fields))
    n_named, n_all = len(done.findings), sum(done.counts.values())
    if n_all > n_named:
        door.warn(door.word("audit.more", n=n_all - n_named))
    key = "audit.sound" if done.sound else "audit.unsound"
    n_unsealed = done.counts.get("unsealed", 0)
    facts = {"reports": done.n_reports, "rows": done.n_rows, "n": n_all - n_unsealed, "unsealed": n_unsealed}
    door.say(door.word(key, **facts))
    return FINE if done.sound else WRONG


def _retain(door: Door, args: argparse.Namespace) -> int:
    before = _before(door, args)
    with door.owner() as db:
        done = retention.blank(db, before, door.now, uuid4())
        if not args.dry_run:
            db.commit()
    if door.json:
        door.tell(asdict(done) | {"before": before.isoformat(), "dry_run": args.dry_run})
    facts = {
        "texts": done.n_texts,
        "notes": done.n_notes,
        "reporters": done.n_reporters,
        "reports": done.n_reports,
        "batch": done.batch,
    }
    day = before.astimezone(door.settings.zone).strftime("%Y-%m-%d %H:%M")
    door.say(door.word("audit.would_retain" if args.dry_run else "audit.retained", before=day, **facts))
    return FINE


def _before(door: Door, args: argparse.Namespace) -> datetime:
    """The instant that `--before DATE` (its midnight in the set zone) or `--days N` means."""
    if args.days is not None:
        if not 0 <= args.days <= 36_500:
            raise Refused("retention_days", days=args.days)
        return door.now - timedelta(days=args.days)
    try:
        day = datetime.strptime(args.before, "%Y-%m-%d")  # noqa: DTZ007 - its zone is the next line's
    except ValueError:
        raise Refused("retention_date", before=args.before[:40]) from None
    return day.replace(tzinfo=door.settings.zone).astimezone(UTC)
