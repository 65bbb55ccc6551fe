"""What is removed from the photos: those that nobody shows, those kept long enough, and files without a row."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import Connection

from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.photo_files import Files, Lying
from gridsvc.photos import folder_token

ENDED = ("struck_off", "void", "not_filed", "merged")
MOST_TOLD = 20

Begin = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True)
class Keeping:
    """How long what is kept.

    Attributes:
        unused: a photo that no report shows; also a file without a row, which a running request may be about to use.
        uncovered: the file that shows what was blacked out later.
        ended: the photos of ended reports; None: for ever.
    """

    unused: timedelta = timedelta(hours=48)
    uncovered: timedelta = timedelta(days=30)
    ended: timedelta | None = None

    @classmethod
    def of_days(cls, uncovered: int, ended: int | None) -> Keeping:
        """The same in days, as settings have it."""
        return cls(uncovered=timedelta(days=uncovered), ended=None if ended is None else timedelta(days=ended))


@dataclass(frozen=True)
class Cleaned:
    """What was removed, or would be: photos unused, photos of ended reports, files from before a redaction; files and
    bytes in all, strays among them (without a row, or left by a request that died). `missing`: pictures that must be
    there and are not (the first of them); nothing can be done about those but to restore a backup."""

    n_unused: int
    n_ended: int
    n_uncovered: int
    n_files: int
    n_strays: int
    n_bytes: int
    n_missing: int
    missing: tuple[str, ...]


def clean(begin: Begin, files: Files, keeping: Keeping, now: datetime, *, dry_run: bool = False) -> Cleaned:
    """The account of one cleaning; a dry run changes nothing.

    `begin` gives a connection in a transaction that commits when its block ends well. Rows go first and are committed;
    then the files that no row wants any more go, while nobody writes any. So a kill in between leaves files without a
    row, which the next cleaning finds, and never a row without a file.

    Raises:
        Conflict: `photo_folder_foreign`: the folder is another database's; nothing is removed.
    """
    try:
        with begin() as db:
            if files.folder.is_dir():
                files.claim(folder_token(db))
            counts = _rows(db, keeping, now)
            wanted = set(db.scalars(load("photo_wanted"), {"only": None}))
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    lying = list(files.each())
    missing = sorted(wanted - {one.digest for one in lying if one.digest and one.path == files.picture(one.digest)})
    going = [one for one in lying if _goes(one, wanted, counts.freed, keeping, now)]
    if not dry_run and going:
        with begin() as db:
            going = _remove(db, files, going)
    return Cleaned(
        n_unused=counts.n_unused,
        n_ended=counts.n_ended,
        n_uncovered=counts.n_uncovered,
        n_files=len(going),
        n_strays=sum(one.digest not in counts.freed for one in going),
        n_bytes=sum(one.n_bytes for one in going),
        n_missing=len(missing),
        missing=tuple(one.hex() for one in missing[:MOST_TOLD]),
    )


class _DryRun(Exception):
    """Rolls back."""


@dataclass(frozen=True)
class _Counts:
    n_unused: int
    n_ended: int
    n_uncovered: int
    freed: frozenset[bytes | None]


def _rows(db: Connection, keeping: Keeping, now: datetime) -> _Counts:
    freed: set[bytes] = set()
    unused = db.scalars(load("photo_orphans"), {"before": now - keeping.unused}).all()
    n_unused = _delete(db, unused, freed)
    n_ended = 0
    if keeping.ended is not None:
        old = db.scalars(load("photo_retired"), {"before": now - keeping.ended, "ended": list(ENDED)}).all()
        if old:
            rule = f"photos of reports ended before {(now - keeping.ended).isoformat()}"
            db.execute(load("photo_retire"), {"wanted": old, "now": now, "batch": uuid4(), "rule": rule})
        n_ended = _delete(db, old, freed)
    r = t.photo_redaction.c
    uncovered = db.scalars(
        t.photo_redaction.update()
        .where(r.removed_at.is_(None), r.at < now - keeping.uncovered)
        .values(removed_at=now)
        .returning(r.before_sha256)
    ).all()
    return _Counts(n_unused, n_ended, len(uncovered), frozenset(freed | set(uncovered)))


def _delete(db: Connection, shas: Collection[bytes], freed: set[bytes]) -> int:
    """How many rows went. They were locked, so whoever wants to list one waits, and then does not find it."""
    if not shas:
        return 0
    p, r, x = t.photo.c, t.photo_redaction.c, t.report_photo.c
    # asked behind the lock: a report may have come to show one between the question and its lock
    still = p.sha256.in_(shas) & ~t.report_photo.select().where(x.sha256 == p.sha256).exists()
    before = db.scalars(t.photo_redaction.select().with_only_columns(r.before_sha256).where(r.sha256.in_(shas))).all()
    gone = db.scalars(t.photo.delete().where(still).returning(p.file_sha256)).all()
    freed.update(before, gone)
    return len(gone)


def _goes(one: Lying, wanted: set[bytes], freed: frozenset[bytes | None], keeping: Keeping, now: datetime) -> bool:
    if one.digest is not None and one.digest in wanted:
        return False
    return one.digest in freed or one.written_at < (now - keeping.unused).timestamp()


def _remove(db: Connection, files: Files, going: list[Lying]) -> list[Lying]:
    """Those that went: asked once more while nobody writes, since the same picture may have come again."""
    db.execute(load("photo_lock"), {"alone": True})
    named = sorted({one.digest for one in going if one.digest is not None})
    wanted = set(db.scalars(load("photo_wanted"), {"only": named}))
    removed = [one for one in going if one.digest is None or one.digest not in wanted]
    for one in removed:
        one.path.unlink(missing_ok=True)
    return removed
