"""`gridsvc photos`: removes what nothing needs any more."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from sqlalchemy import Connection

from gridsvc import photo_cleaning, voices
from gridsvc.cli.door import FINE, Door
from gridsvc.photo_cleaning import Keeping
from gridsvc.photo_files import Files


def run(door: Door, args: argparse.Namespace) -> int:
    """The exit code; the only deed is `clean`."""
    settings = door.settings
    keeping = Keeping.of_days(settings.photo_unredacted_days, settings.photo_retention_days)

    @contextmanager
    def begin() -> Iterator[Connection]:
        with door.owner() as db:
            yield db
            db.commit()

    done = photo_cleaning.clean(begin, Files(settings.photo_folder), keeping, door.now, dry_run=args.dry_run)
    notes = voices.clean(begin, voices.files_of(settings.voice_folder), keeping, door.now, dry_run=args.dry_run)
    if door.json:
        door.tell({"dry_run": args.dry_run, **asdict(done), "voices": asdict(notes)})
    facts = asdict(done)
    would = "would_" if args.dry_run else ""
    door.say(door.word(f"cli.photos.{would}rows", **facts))
    door.say(door.word(f"cli.photos.{would}files", **facts))
    if done.n_missing:
        door.warn(door.word("cli.photos.missing", n_missing=done.n_missing, names=", ".join(done.missing)))
    door.say(door.word(f"cli.photos.{would}voices", **asdict(notes)))
    if notes.n_missing:
        door.warn(door.word("cli.photos.voices_missing", n_missing=notes.n_missing))
    return FINE
