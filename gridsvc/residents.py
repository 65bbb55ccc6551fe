"""The resident behind a report: a secret link instead of an account; progress in plain words, one rating, one reply."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from gridsvc import cases, joins
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

PHONE_TAIL = 4  # digits
_HOUR = timedelta(hours=1)
_OF_THE_SENDER = frozenset({"submit", "link", "unlink", "ask_resident", "stop_asking", "rate"})
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
    `whole` is false for who joined it, or knows its number and a phone alone: what was written to the sender, and when
    it was sent, is not for them, and of the work they see what everybody does.
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
    whole: bool = True
    n_joined: int = 0


def hashed(secret: str) -> bytes:
    """The hash under which a secret is known.

    Raises:
        Refused: `secret_malformed`: too short, too long, or not of letters, digits, - and _.
    """
    plain = secret.replace("-", "").replace("_", "")
    if len(secret) not in SECRET_CHARS or not (plain.isascii() and plain.isalnum()):
        raise Refused("secret_malformed")
    return hashlib.sha256(secret.encode("ascii")).digest()


@dataclass(frozen=True)
class Reader:
    """Whose link it is: the sender's (`whole`), or only enough to read how it gets on."""

    report_id: int
    whole: bool


def reader(db: Connection, number: str, secret: str) -> Reader:
    """Who reads the report with this number by this secret: its sender, or somebody who joined it.

    Raises:
        NotFound, Refused: as `find`.
    """
    row = _numbered(db, number)
    given = hashed(secret)
    known = bytes(row.secret_hash) if row is not None and row.secret_hash is not None else b""
    whole = hmac.compare_digest(known, given)
    j = t.joined.c
    report_id = 0 if row is None else int(row.id)
    joined = db.scalar(select(j.id).where((j.report_id == report_id) & (j.secret_hash == given)).limit(1))
    if row is None or not (whole or joined is not None):
        raise NotFound("link_unknown")
    return Reader(report_id, whole)


def by_phone(db: Connection, number: str, tail: str) -> Reader:
    """Who reads the report with this number by the last four digits of a phone that was left with it.

    Raises:
        NotFound: no such report, none with such a phone, or not four digits: all look the same.
    """
    row = _numbered(db, number)
    left: list[str | None] = []
    if row is not None:
        j = t.joined.c
        left = [row.phone, row.for_phone, *db.scalars(select(j.phone).where(j.report_id == row.id))]
    tails = {"".join(filter(str.isdecimal, one))[-PHONE_TAIL:] for one in left if one}
    if row is None or len(tail) != PHONE_TAIL or not (tail.isascii() and tail.isdecimal()) or tail not in tails:
        raise NotFound("phone_unknown")
    return Reader(int(row.id), whole=False)


def _numbered(db: Connection, number: str) -> Any:
    """The report with this number and what its sender left: a row or None."""
    r, p = t.report.c, t.reporter.c
    return db.execute(
        select(r.id, p.secret_hash, p.phone, p.for_phone)
        .select_from(t.report.outerjoin(t.reporter, r.id == p.report_id))
        .where((r.number == number) & (r.source == SOURCE) & (r.repeat == 0))
    ).one_or_none()


def find(db: Connection, number: str, secret: str) -> int:
    """The id of the report with this number, for who knows its secret.

    Raises:
        NotFound: no such report, or not with this secret: the two look the same.
    """
    row = _numbered(db, number)
    known = bytes(row.secret_hash) if row is not None and row.secret_hash is not None else b""
    if not hmac.compare_digest(known, hashed(secret)) or row is None:
        raise NotFound("link_unknown")
    return int(row.id)


def progress(db: Connection, number: str, secret: str, now: datetime) -> Progress:
    """How the report stands; reading changes nothing.

    Raises:
        NotFound, Refused: as `find`.
    """
    return told(db, reader(db, number, secret), now)


def told(db: Connection, who: Reader, now: datetime) -> Progress:
    """How the report stands, for who may read it; what its sender said, was asked or told is for the sender alone."""
    report_id = who.report_id
    held = cases.read(db, report_id)
    r, c = t.report.c, t.category.c
    said = select(r.description, r.received_at, c.name_zh, c.name_en).join_from(t.report, t.category)
    row = db.execute(said.where(r.id == report_id)).one()
    leading = cases.read(db, held.case.parent_id) if held.case.parent_id is not None else held
    events = tuple(Event(**one) for one in db.execute(load("resident_log"), {"report_id": report_id}).mappings())
    asked = next((e.note for e in reversed(events) if e.action == "ask_resident"), None)
    closed_at = held.case.closed_at
    merged = held.case.parent_id is not None
    if not who.whole:
        events = tuple(replace(one, note=None) for one in events if one.action not in _OF_THE_SENDER)
    rateable = (
        who.whole
        and held.state in TABLE["rate"].starts
        and why_not(held.case, "rate", RESIDENT, now, held.given) is None
    )
    return Progress(
        number=held.number,
        state=leading.state,
        category_zh=row.name_zh,
        category_en=row.name_en,
        description=row.description if who.whole else "",
        received_at=row.received_at,
        due_at=leading.case.due_at if who.whole else _hour(leading.case.due_at),
        events=events,
        rate_until=closed_at + RATING_LASTS if rateable and closed_at else None,
        solved=held.case.solved if who.whole else None,
        satisfied=held.case.satisfied if who.whole else None,
        asked=asked if who.whole and held.case.waiting_at is not None else None,
        merged=merged,
        stopped=leading.case.stopped,
        rating=_rating(held, rateable) if who.whole else None,
        pictures=_pictures(db, held, whole=who.whole),
        whole=who.whole,
        n_joined=joins.count(db, report_id),
    )


def _hour(at: datetime | None) -> datetime | None:
    """The hour by which a time is over: the minute of a due time can be the minute of sending."""
    return None if at is None else (at + _HOUR - timedelta.resolution).replace(minute=0, second=0, microsecond=0)


def _pictures(db: Connection, held: cases.Held, *, whole: bool) -> tuple[Picture, ...]:
    """Those that came with the report, for its sender; those of the work once somebody has checked it, for others only
    where staff released them."""
    checked = held.state in ("checked", "closed", "struck_off")
    own, after = whole and may(RESIDENT, "read_own_photos"), checked and may(RESIDENT, "read_after_photos")
    asked = {"report_id": held.id, "own": own, "after": after, "whole": whole}
    rows = db.execute(load("resident_photos"), asked).mappings()
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
