"""What of a report the public may see beside kind, state, day and a rough place: photos and words that staff released.

Everything is held until somebody decides. Staff see the photos meanwhile, and residents their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from gridsvc import cases, journal, photos
from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.errors import Conflict, NotFound, Refused
from gridsvc.rules import masking
from gridsvc.rules.roles import Actor, may, require
from gridsvc.stats import scope

# From filing on: before, nobody has seen whether it is there.
PUBLIC_STATES = ("filed", "dispatched", "disposed", "checked", "closed", "struck_off")
SHOWN_DAYS = 90  # how far back the public sees
MAX_WORDS = 200
DEED = "release_to_public"


@dataclass(frozen=True)
class Waiting:
    """A photo that nobody has decided about."""

    source: str
    number: str
    repeat: int
    name_zh: str
    name_en: str
    description: str
    state: str
    received_at: datetime
    sha256: bytes
    version: int
    kind: str
    by_staff: bool


def waiting(db: Connection, actor: Actor, now: datetime, n: int = 60) -> tuple[Waiting, ...]:
    """The photos of public reports of the own areas that wait for a decision, the newest reports first."""
    require(actor, DEED)
    since = now - timedelta(days=SHOWN_DAYS)
    asked = {"states": list(PUBLIC_STATES), "since": since, "n": n, "queue": may(actor, "place")}
    found = db.execute(load("release_waiting"), scope(actor) | asked).mappings()
    return tuple(Waiting(**masking.said(row)) for row in found)


def decide(
    db: Connection,
    actor: Actor,
    number: str,
    source: str,
    repeat: int,
    now: datetime,
    *,
    shown: bool,
    photo: tuple[str, int] | None = None,
    words: str | None = None,
) -> None:
    """Nothing; afterwards the public sees the photo, or the words, or sees them no more; logged.

    Args:
        photo: hash and the version that was looked at; or
        words: what the public reads of the report, written by staff.

    Raises:
        NotFound: no such report for this reader, or it does not show the photo.
        Conflict: `photo_changed`: something was blacked out since.
        Refused: neither, or too many words.
    """
    require(actor, DEED)
    r = t.report.c
    report_id = db.scalar(select(r.id).where((r.number == number) & (r.source == source) & (r.repeat == repeat)))
    which = {"report_id": report_id, "sees_unplaced": may(actor, "place")}
    if report_id is None or not db.scalar(load("sees_report"), scope(actor) | which):
        raise NotFound("report_unknown", number=number)
    held = cases.lock_id(db, report_id)
    row: dict[str, object] = {"report_id": held.id, "sha256": None, "words": None, "shown": shown}
    if photo is not None:
        row["sha256"] = _seen(db, held.id, *photo)
    elif words is not None and 0 < len(words.strip()) <= MAX_WORDS:
        row["words"] = words.strip()
    else:
        raise Refused("release_words", most=MAX_WORDS)
    db.execute(load("release_store"), row | {"actor_id": actor.account_id, "at": now})
    facts = {"photo": photo[0] if photo else None, "shown": shown}
    journal.append(db, held.id, held.seq + 1, cases.RELEASE, held.state, held.state, actor, now, None, facts)
    db.execute(t.report.update().where(r.id == held.id).values(updated_at=now))


def _seen(db: Connection, report_id: int, sha256: str, version: int) -> bytes:
    wanted = photos.digest(sha256)
    x, p = t.report_photo.c, t.photo.c
    rows = select(p.version).join_from(t.report_photo, t.photo, x.sha256 == p.sha256)
    found = db.scalar(
        rows.where((x.report_id == report_id) & (x.sha256 == wanted)).limit(1).with_for_update(of=t.photo)
    )
    if found is None:
        raise NotFound("photo_unknown", sha256=sha256)
    if found != version:
        raise Conflict("photo_changed", sha256=sha256, version=found)
    return wanted


def released_file(db: Connection, sha256: str, now: datetime) -> bytes:
    """The hash that names the file of a photo that the public may see.

    Raises:
        NotFound: it may not, or there is none.
        Refused: `photo_digest`.
    """
    wanted = photos.digest(sha256)
    d, r, p = t.released.c, t.report.c, t.photo.c
    rows = select(p.file_sha256).select_from(
        t.released.join(t.report, d.report_id == r.id).join(t.photo, d.sha256 == p.sha256)
    )
    since = now - timedelta(days=SHOWN_DAYS)
    public = d.shown & r.state.in_(PUBLIC_STATES) & (r.received_at >= since)
    found = db.scalar(rows.where((d.sha256 == wanted) & public).limit(1))
    if found is None:
        raise NotFound("photo_unknown", sha256=sha256)
    return bytes(found)
