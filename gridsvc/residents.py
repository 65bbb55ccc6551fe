"""The resident behind a report: a secret link instead of an account; progress in plain words, one rating, one reply."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, select

from gridsvc import cases
from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.errors import Conflict, NotFound, Refused
from gridsvc.reporters import register as register  # also by this name
from gridsvc.reports import SOURCE
from gridsvc.rules.case import Given
from gridsvc.rules.decisions import RATING_LASTS, why_not
from gridsvc.rules.lifecycle import TABLE
from gridsvc.rules.roles import RESIDENT, may
from gridsvc.terms import Agreed

SECRET_CHARS = range(22, 65)  # 128 bits as base64url without padding, up to 256 bits as hexadecimal digits


@dataclass(frozen=True)
class Event:
    """Something that happened, as the resident may read it; `note` only where it was written for the resident."""

    at: datetime
    action: str
    note: str | None
    department: str | None
    of_parent: bool


@dataclass(frozen=True)
class Picture:
    """A photo that the resident may see: `own` or `after` the work, and the hash that names its file."""

    kind: str
    at: datetime
    file_sha256: bytes


@dataclass(frozen=True)
class Progress:
    """How a report stands for the person who sent it; `rate_until` is None while it cannot be rated.

    `asked` is the question that waits for an answer; `state`, `due_at` and `stopped` (the clock stands still) are those
    of the report it was merged with, where it was. `rating` is open, given, over (nobody rated in time) or None.
    """

    number: str
    state: str
    category_zh: str
    category_en: str
    description: str
    received_at: datetime
    due_at: datetime | None
    events: tuple[Event, ...]
    rate_until: datetime | None
    solved: str | None
    satisfied: str | None
    asked: str | None
    merged: bool
    stopped: bool
    rating: str | None
    pictures: tuple[Picture, ...] = ()


def hashed(secret: str) -> bytes:
    """The hash under which a secret is known.

    Raises:
        Refused: `secret_malformed`: too short, too long, or not of letters, digits, - and _.
    """
    plain = secret.replace("-", "").replace("_", "")
    if len(secret) not in SECRET_CHARS or not (plain.isascii() and plain.isalnum()):
        raise Refused("secret_malformed")
    return hashlib.sha256(secret.encode("ascii")).digest()


def find(db: Connection, number: str, secret: str) -> int:
    """The id of the report with this number, for who knows its secret.

    Raises:
        NotFound: no such report, or not with this secret: the two look the same.
    """
    r, p = t.report.c, t.reporter.c
    row = db.execute(
        select(r.id, p.secret_hash)
        .join_from(t.report, t.reporter, r.id == p.report_id)
        .where((r.number == number) & (r.source == SOURCE) & (r.repeat == 0))
    ).one_or_none()
    known = bytes(row.secret_hash) if row is not None and row.secret_hash is not None else b""
    if not hmac.compare_digest(known, hashed(secret)) or row is None:
        raise NotFound("link_unknown")
    return int(row.id)


def progress(db: Connection, number: str, secret: str, now: datetime) -> Progress:
    """How the report stands; reading changes nothing.

    Raises:
        NotFound, Refused: as `find`.
    """
    report_id = find(db, number, secret)
    held = cases.read(db, report_id)
    r, c = t.report.c, t.category.c
    said = select(r.description, r.received_at, c.name_zh, c.name_en).join_from(t.report, t.category)
    row = db.execute(said.where(r.id == report_id)).one()
    leading = cases.read(db, held.case.parent_id) if held.case.parent_id is not None else held
    events = tuple(Event(**one) for one in db.execute(load("resident_log"), {"report_id": report_id}).mappings())
    asked = next((e.note for e in reversed(events) if e.action == "ask_resident"), None)
    closed_at = held.case.closed_at
    merged = held.case.parent_id is not None
    rateable = held.state in TABLE["rate"].starts and why_not(held.case, "rate", RESIDENT, now, held.given) is None
    return Progress(
        number=held.number,
        state=leading.state,
        category_zh=row.name_zh,
        category_en=row.name_en,
        description=row.description,
        received_at=row.received_at,
        due_at=leading.case.due_at,
        events=events,
        rate_until=closed_at + RATING_LASTS if rateable and closed_at else None,
        solved=held.case.solved,
        satisfied=held.case.satisfied,
        asked=asked if held.case.waiting_at is not None else None,
        merged=merged,
        stopped=leading.case.stopped,
        rating=_rating(held, rateable),
        pictures=_pictures(db, held),
    )


def _pictures(db: Connection, held: cases.Held) -> tuple[Picture, ...]:
    """Those that came with the report; those of the work once somebody has checked it."""
    checked = held.state in ("checked", "closed", "struck_off")
    own, after = may(RESIDENT, "read_own_photos"), checked and may(RESIDENT, "read_after_photos")
    rows = db.execute(load("resident_photos"), {"report_id": held.id, "own": own, "after": after}).mappings()
    return tuple(Picture(**row) for row in rows)


def _rating(held: cases.Held, rateable: bool) -> str | None:
    if rateable:
        return "open"
    if held.case.rated_at is not None:
        return "given"
    return "over" if held.state in ("closed", "struck_off") else None


def rate(
    db: Connection,
    number: str,
    secret: str,
    solved: str,
    satisfied: str,
    note: str | None,
    now: datetime,
    agreed: Agreed,
) -> cases.Applied:
    """The report after its one rating; "not satisfied" sends it back for rework.

    Raises:
        NotFound, Refused: as `find`, or an answer that is none.
        Conflict: `rated_already`, `rating_over` (14 days after closing), or the report is not closed.
    """
    held = cases.lock_id(db, find(db, number, secret))
    if held.case.rated_at is not None:  # whatever became of it since: a rating that sent it back is a rating too
        raise Conflict("rated_already", action="rate", state=held.state)
    if held.state == "struck_off":
        raise Conflict("rating_over", action="rate", state=held.state)
    given = Given(solved=solved, satisfied=satisfied, note=note)
    return cases.apply(db, held, "rate", RESIDENT, now, agreed, given)


def reply(db: Connection, number: str, secret: str, words: str, now: datetime, agreed: Agreed) -> cases.Applied:
    """The report after the resident answered the question it waited for; its clock goes on.

    Raises:
        NotFound, Refused: as `find`, or no words.
        Conflict: nobody asked.
    """
    if not words.strip():
        raise Refused("note_missing", action="stop_asking")
    held = cases.lock_id(db, find(db, number, secret))
    return cases.apply(db, held, "stop_asking", RESIDENT, now, agreed, replace(Given(), note=words))
