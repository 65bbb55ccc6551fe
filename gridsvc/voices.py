"""Voice notes: stored once by the hash of what was sent, bare of titles and tags, shown by reports; their cleaning."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from gridsvc import photos, sounds
from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.errors import NotFound, Refused
from gridsvc.photo_cleaning import ENDED, Keeping
from gridsvc.photo_files import Files
from gridsvc.rules.roles import Actor, may
from gridsvc.stats import scope

MOST_BYTES = 1024 * 1024
LONGEST_S = 60
TOLERANCE_S = 2.0  # a phone that stops at the full minute writes a little more
MOST_OF_REPORT = 12

Begin = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True)
class Voice:
    """A stored voice note; `used`: a report shows it, else it goes after two days."""

    sha256: bytes
    media_type: str
    n_bytes: int
    duration_s: float | None
    received_at: datetime
    sender_id: int
    used: bool


@dataclass(frozen=True)
class Cleaned:
    """What was removed: notes that no report shows, those of ended reports, files (strays among them)."""

    n_unused: int
    n_ended: int
    n_files: int
    n_missing: int


def files_of(folder: Path) -> Files:
    """The files of voice notes in a folder."""
    return Files(folder, ".voice")


def digest(text: str) -> bytes:
    """The 32 bytes that 64 hexadecimal digits stand for.

    Raises:
        Refused: `voice_digest`: they are not.
    """
    return photos.digest(text, "voice_digest")


def check(content: bytes) -> sounds.Sound:
    """What a voice note is that may be stored.

    Raises:
        Refused: `voice_too_large`, `voice_type`, `voice_too_long`.
    """
    if len(content) > MOST_BYTES:
        raise Refused("voice_too_large", limit_mb=MOST_BYTES // (1024 * 1024))
    sound = sounds.look(content)
    if sound.duration_s is not None and sound.duration_s > LONGEST_S + TOLERANCE_S:
        raise Refused("voice_too_long", found_s=round(sound.duration_s), limit_s=LONGEST_S)
    return sound


def save(db: Connection, files: Files, content: bytes, actor: Actor, now: datetime) -> tuple[Voice, bool]:
    """The stored note, and whether it is new; the file is on the disk before the row can be seen.

    Raises:
        Refused: as `check`.
        Conflict: the folder belongs to another database.
    """
    sound = check(content)
    db.execute(load("photo_lock"), {"alone": False})
    files.claim(photos.folder_token(db))
    sha256 = files.keep_note(content, sounds.bare(content))
    row = {"sha256": sha256, "media_type": sound.media_type, "n_bytes": len(content), "duration_s": sound.duration_s}
    unless_known = insert(t.voice).on_conflict_do_nothing(index_elements=["sha256"]).returning(t.voice.c.sha256)
    created = db.scalar(unless_known, row | {"received_at": now, "sender_id": actor.account_id}) is not None
    voice = known(db, sha256)
    if voice is None:  # it was there while we stored it, and `clean` has taken it since
        raise NotFound("voice_unknown", sha256=sha256.hex())
    return voice, created


def known(db: Connection, sha256: bytes) -> Voice | None:
    """The note with this hash, None where there is none. Not for readers: see `visible`."""
    v = t.voice.c
    used = select(t.report_voice.c.sha256).where(t.report_voice.c.sha256 == v.sha256).exists().label("used")
    asked = select(v.sha256, v.media_type, v.n_bytes, v.duration_s, v.received_at, v.sender_id, used)
    row = db.execute(asked.where(v.sha256 == sha256)).mappings().one_or_none()
    return None if row is None else Voice(**row)


def link(db: Connection, report_id: int, sha256: str, actor: Actor) -> bool:
    """Whether the report shows the note from now on and did not before.

    As with photos: one's own, what no report shows yet, or what one may hear already.

    Raises:
        Refused: `voice_digest`, `voice_unknown`, `voices_too_many`.
    """
    wanted = digest(sha256)
    v, x = t.voice.c, t.report_voice.c
    # held against `clean`, which removes what no report shows
    held = db.scalar(select(v.sha256).where(v.sha256 == wanted).with_for_update(read=True, key_share=True))
    voice = None if held is None else known(db, wanted)
    mine = voice is not None and (not voice.used or voice.sender_id == actor.account_id)
    if voice is None or not (mine or _hears(db, actor, voice)):
        raise Refused("voice_unknown", sha256=wanted.hex())
    row = {"report_id": report_id, "sha256": wanted, "sender_id": actor.account_id}
    unless_linked = insert(t.report_voice).on_conflict_do_nothing().returning(x.sha256)
    if db.scalar(unless_linked, row) is None:
        return False
    if len(of_report(db, report_id)) > MOST_OF_REPORT:
        raise Refused("voices_too_many", most=MOST_OF_REPORT)
    return True


def of_report(db: Connection, report_id: int) -> tuple[Voice, ...]:
    """The notes of a report whose reader was let in already, in the order in which they came."""
    v, x = t.voice.c, t.report_voice.c
    asked = select(v.sha256, v.media_type, v.n_bytes, v.duration_s, v.received_at, v.sender_id)
    rows = db.execute(
        asked.join(t.report_voice, x.sha256 == v.sha256)
        .where(x.report_id == report_id)
        .order_by(v.received_at, v.sha256)
    ).mappings()
    return tuple(Voice(**row, used=True) for row in rows)


def visible(db: Connection, actor: Actor, sha256: bytes) -> Voice:
    """The note, for a reader who sees a report that shows it; one that no report shows, for its sender only.

    Raises:
        NotFound: there is none for this reader.
    """
    voice = known(db, sha256)
    if voice is not None and _hears(db, actor, voice):
        return voice
    raise NotFound("voice_unknown", sha256=sha256.hex())


def _hears(db: Connection, actor: Actor, voice: Voice) -> bool:
    if not voice.used:
        return actor.known and voice.sender_id == actor.account_id
    x = t.report_voice.c
    which = scope(actor) | {"sees_unplaced": may(actor, "place")}
    reports = db.scalars(select(x.report_id).where(x.sha256 == voice.sha256)).all()
    return any(db.scalar(load("sees_report"), which | {"report_id": report_id}) for report_id in reports)


# ---- what goes -------------------------------------------------------------------------------------------------------


def clean(begin: Begin, files: Files, keeping: Keeping, now: datetime, *, dry_run: bool = False) -> Cleaned:
    """The account of one cleaning, by the times that hold for photos; a dry run changes nothing.

    Rows go first and are committed, then files without a row, while nobody writes any.

    Raises:
        Conflict: the folder is another database's; nothing is removed.
    """
    with begin() as db:
        if files.folder.is_dir():
            files.claim(photos.folder_token(db))
        unused = db.scalars(load("voice_orphans"), {"before": now - keeping.unused}).all()
        ended: Collection[bytes] = ()
        if keeping.ended is not None:
            asked = {"before": now - keeping.ended, "ended": list(ENDED)}
            ended = db.scalars(load("voice_retired"), asked).all()
        if not dry_run:
            _delete(db, unused, ended, keeping, now)
    with begin() as db:
        db.execute(load("photo_lock"), {"alone": not dry_run})
        rows = set(db.scalars(select(t.voice.c.sha256)))
        freed = {*unused, *ended}
        wanted = rows - freed if dry_run else rows
        lying = list(files.each())
        before = (now - keeping.unused).timestamp()  # a younger one may be for a request whose row is still to come
        going = [one for one in lying if one.digest not in wanted and (one.digest in freed or one.written_at < before)]
        if not dry_run:
            for one in going:
                one.path.unlink(missing_ok=True)
        n_missing = len(rows - {one.digest for one in lying})
    return Cleaned(len(unused), len(ended), len(going), n_missing)


def _delete(
    db: Connection, unused: Collection[bytes], ended: Collection[bytes], keeping: Keeping, now: datetime
) -> None:
    """The rows were locked, so whoever wants to list one waits, and then does not find it."""
    if ended and keeping.ended is not None:
        rule = f"voice notes of reports ended before {(now - keeping.ended).isoformat()}"
        db.execute(load("voice_retire"), {"wanted": ended, "now": now, "batch": uuid4(), "rule": rule})
    v, x = t.voice.c, t.report_voice.c
    shown = select(x.sha256).where(x.sha256 == v.sha256).exists()
    db.execute(delete(t.voice).where(v.sha256.in_([*unused, *ended]) & ~shown))
