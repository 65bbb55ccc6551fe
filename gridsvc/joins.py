"""Me too: whoever has the same problem joins an open report nearby instead of sending it again.

A stranger is told of a report no more than is public: its category, state and day, and the cell of at least twenty
households that it is told as on the public map. Where these cells are wide, nothing is offered. What names a report is
a handle that says nothing and means nothing in two days.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Connection, func, select

from gridsvc import cases, journal
from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.duplicates import DAYS
from gridsvc.errors import Conflict, NotFound
from gridsvc.reports import SOURCE
from gridsvc.rules.cells import Cell, Cells, square
from gridsvc.rules.lifecycle import OPEN
from gridsvc.rules.roles import RESIDENT

OFFERED = 5
WIDEST = 4  # squares of about a hundred metres a side: who is offered something farther away cannot tell what it is
_ID_BYTES, _MAC_BYTES = 8, 16
_VALID_DAYS = 2  # today's handles and yesterday's: a form may stay open over midnight


@dataclass(frozen=True)
class Near:
    """An open report of the same category nearby; `away` is 0 in the same cell, 1 in one beside it."""

    handle: str
    state: str
    received_at: datetime
    away: int


@dataclass(frozen=True)
class Joined:
    """The report that was joined, and how many have; `created` is False where the same key came before."""

    report_id: int
    number: str
    state: str
    n_joined: int
    at: datetime
    created: bool


def key(db: Connection) -> bytes:
    """What signs this schema's handles and proofs."""
    return bytes(db.execute(select(t.resident_key.c.key)).scalar_one())


def near(
    db: Connection, category: str, lonlat: tuple[float, float], now: datetime, cells: Cells, hidden: Sequence[str]
) -> tuple[Near, ...]:
    """The open reports of the category in the cell of a place and those beside it, nearest and newest first.

    Args:
        cells: those of the public map.
        hidden: categories and classes that are not public: of them, nothing is offered.
    """
    boxes = _boxes(cells, square(*lonlat))
    wests, souths, easts, norths = ([box.bounds[side] for box, _ in boxes] for side in range(4))
    asked = {"category": category, "hidden": list(hidden), "default_days": DAYS, "now": now, "n": OFFERED}
    asked |= {"wests": wests, "souths": souths, "easts": easts, "norths": norths, "aways": [away for _, away in boxes]}
    rows = db.execute(load("resident_similar"), asked).all() if boxes else []
    if not rows:
        return ()
    signed = key(db)
    return tuple(Near(handle(signed, row.id, now), row.state, row.received_at, row.away) for row in rows)


def _boxes(cells: Cells, middle: tuple[int, int]) -> list[tuple[Cell, int]]:
    """The rectangles whose reports are near a square, each with 0 for its own cell or 1 for one beside it."""
    x, y = middle
    own = cells.of(middle)
    around = {cells.of((x + east, y + north)) for east in (-1, 0, 1) for north in (-1, 0, 1)}
    small = sorted(one for one in around if one is not None and max(one.wide, one.high) <= WIDEST)
    return [(box, int(one != own)) for one in small for box in cells.parts(one.code)]


def handle(signed: bytes, report_id: int, now: datetime) -> str:
    """What names a report to strangers, today and tomorrow; without the key it says nothing of it."""
    named = report_id.to_bytes(_ID_BYTES, "big")
    mac = _mac(signed, named, _day(now))
    return base64.urlsafe_b64encode(_veiled(signed, named, mac) + mac).decode("ascii")


def _meant(signed: bytes, given: str, now: datetime) -> int:
    try:
        raw = base64.urlsafe_b64decode(given.encode("ascii"))
    except ValueError:
        raw = b""
    veiled, mac = raw[:_ID_BYTES], raw[_ID_BYTES:]
    named = _veiled(signed, veiled, mac)
    today = _day(now)
    if not any(hmac.compare_digest(mac, _mac(signed, named, today - back)) for back in range(_VALID_DAYS)):
        raise NotFound("similar_unknown")
    return int.from_bytes(named, "big")


def _mac(signed: bytes, named: bytes, day: int) -> bytes:
    return hmac.new(signed, b"join" + named + day.to_bytes(4, "big"), hashlib.sha256).digest()[:_MAC_BYTES]


def _veiled(signed: bytes, named: bytes, mac: bytes) -> bytes:
    """The number under a key stream that its own proof chooses (as in SIV); veiled twice, it is plain again."""
    stream = hmac.new(signed, b"veil" + mac, hashlib.sha256).digest()
    return bytes(one ^ other for one, other in zip(named, stream, strict=False))


def _day(now: datetime) -> int:
    return now.astimezone(UTC).toordinal()


def join(
    db: Connection,
    given: str,
    client_key: UUID,
    secret_sha256: str,
    phone: str | None,
    now: datetime,
    hidden: Sequence[str],
) -> Joined:
    """The report after somebody joined it; the same key again, or the same secret with another, changes nothing.

    Joining moves no report and opens nothing that its sender said: it is counted, logged, and has a link of its own.

    Raises:
        NotFound: `similar_unknown`: the handle is too old, or none of ours, or the report is of a `hidden` category.
        Conflict: `join_over`: the report is open no more; `client_key_used`: with something else.
    """
    report_id = _meant(key(db), given, now)
    held = cases.lock_id(db, report_id)
    if held.case.parent_id is not None:  # it was merged since: what goes on is the other one
        held = cases.lock_id(db, held.case.parent_id)
    if _is_hidden(db, held.id, hidden):
        raise NotFound("similar_unknown")
    j, secret = t.joined.c, bytes.fromhex(secret_sha256)
    before = db.execute(
        select(j.report_id, j.secret_hash, j.phone, j.at).where(j.client_key == client_key)
    ).one_or_none()
    if before is not None:
        if (before.report_id, bytes(before.secret_hash or b""), before.phone) != (held.id, secret, phone):
            raise Conflict("client_key_used")
        return Joined(held.id, held.number, held.state, count(db, held.id), before.at, False)
    at = db.scalar(select(j.at).where((j.report_id == held.id) & (j.secret_hash == secret)))
    if at is not None:  # who has this link is counted
        return Joined(held.id, held.number, held.state, count(db, held.id), at, False)
    if held.state not in OPEN or held.source != SOURCE:
        raise Conflict("join_over", state=held.state)
    row = {"report_id": held.id, "client_key": client_key, "secret_hash": secret, "phone": phone, "at": now}
    db.execute(t.joined.insert(), row)
    n = count(db, held.id)
    journal.append(db, held.id, held.seq + 1, cases.JOIN, held.state, held.state, RESIDENT, now, None, {"n_joined": n})
    db.execute(t.report.update().where(t.report.c.id == held.id).values(updated_at=now))
    return Joined(held.id, held.number, held.state, n, now, True)


def is_stored(db: Connection, client_key: UUID) -> bool:
    """Whether somebody joined a report with this key: who comes with it again joins no other one."""
    return bool(db.scalar(select(select(t.joined.c.id).where(t.joined.c.client_key == client_key).exists())))


def _is_hidden(db: Connection, report_id: int, hidden: Sequence[str]) -> bool:
    r, c = t.report.c, t.category.c
    codes = select(c.code, c.parent_code).join_from(t.report, t.category, r.category == c.code)
    return not set(hidden).isdisjoint(db.execute(codes.where(r.id == report_id)).one())


def count(db: Connection, report_id: int) -> int:
    """How many have joined a report."""
    return int(db.scalar(select(func.count()).where(t.joined.c.report_id == report_id)) or 0)


def phones(db: Connection, report_id: int) -> tuple[str, ...]:
    """The phones that joiners left, in order: only for a reader whose purpose stands in the log."""
    j = t.joined.c
    rows = select(j.phone).where((j.report_id == report_id) & j.phone.is_not(None)).order_by(j.id)
    return tuple(str(one) for one in db.scalars(rows))
