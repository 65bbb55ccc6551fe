"""Phones on which an account is logged in for weeks: which, until when, and taking one back.

A device is made by `accounts.log_in`; its row stays when its credential ends, whatever ended that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, or_, select, update

from gridsvc import staff_log
from gridsvc.accounts import Kind, digest
from gridsvc.db import tables as t
from gridsvc.errors import NotFound
from gridsvc.rules.roles import Actor, may

KEPT = timedelta(days=30)  # how long one that has ended is still listed
SEEN_TO = timedelta(hours=1)  # how exactly it is known when one was last used: a request seldom writes


@dataclass(frozen=True)
class Device:
    """A phone; `ended_at`: when it was taken back, or ended with a new password or a change of the account.

    `role` is the one that it acts in, None once it has ended.
    """

    id: int
    login: str
    name: str
    kind: Kind
    created_at: datetime
    expires_at: datetime
    seen_at: datetime | None
    ended_at: datetime | None
    role: str | None

    def state(self, now: datetime) -> str:
        """`active`, `revoked` or `expired`."""
        if self.ended_at is not None and self.ended_at < self.expires_at:
            return "revoked"
        return "active" if self.ended_at is None and now < self.expires_at else "expired"


_LISTED = (
    select(
        *(t.device.c.id, t.account.c.login, t.device.c.name, t.device.c.kind, t.device.c.created_at),
        *(t.device.c.expires_at, t.device.c.seen_at, t.device.c.ended_at, t.credential.c.role),
    )
    .join(t.account, t.account.c.id == t.device.c.account_id)
    .join(t.credential, t.credential.c.token_hash == t.device.c.token_hash, isouter=True)
    .order_by(t.device.c.ended_at.is_not(None), t.device.c.created_at.desc(), t.device.c.id)
)


def listed(db: Connection, login: str, now: datetime) -> list[Device]:
    """The devices of an account, newest first; those that ended within the last weeks come after."""
    d = t.device.c
    lately = or_(d.ended_at.is_(None), d.ended_at > now - KEPT) & (d.expires_at > now - KEPT)
    return [Device(**row) for row in db.execute(_LISTED.where((t.account.c.login == login) & lately)).mappings()]


def find(db: Connection, device_id: int) -> Device | None:
    """The device, however long ago it ended; None where there is none."""
    row = db.execute(_LISTED.where(t.device.c.id == device_id)).mappings().one_or_none()
    return None if row is None else Device(**row)


def revoke(db: Connection, device_id: int, actor: Actor, now: datetime) -> Device:
    """The device, which opens nothing any more: one's own, or anybody's for who manages accounts. Again does no harm.

    Raises:
        NotFound: `device_unknown`: there is none that this actor could take back.
    """
    one = find(db, device_id)
    if one is None or not (one.login == actor.login or may(actor, "manage_accounts")):
        raise NotFound("device_unknown", device_id=device_id)
    staff_log.begin(db, actor, now)
    of_it = select(t.device.c.token_hash).where(t.device.c.id == device_id).scalar_subquery()
    db.execute(delete(t.credential).where(t.credential.c.token_hash == of_it))
    return find(db, device_id) or one


def ended(db: Connection, token: str) -> str | None:
    """Why a token that opens nothing did once, as the code of a refusal; None where it was no device's.

    `device_revoked`: it was taken back, or the account was changed; `session_expired`: its time was over.
    """
    d = t.device.c
    row = db.execute(select(d.ended_at, d.expires_at).where(d.token_hash == digest(token))).one_or_none()
    if row is None:
        return None
    return "device_revoked" if row.ended_at is not None and row.ended_at < row.expires_at else "session_expired"


def seen(db: Connection, device_id: int, now: datetime) -> None:
    """Notes, to the hour, that it was used."""
    d = t.device.c
    stale = or_(d.seen_at.is_(None), d.seen_at <= now - SEEN_TO)
    db.execute(update(t.device).where((d.id == device_id) & stale).values(seen_at=now))


def lasts_until(db: Connection, token: str) -> datetime | None:
    """When a session or token ends by itself; None where it opens nothing."""
    c = t.credential.c
    return db.scalar(select(c.expires_at).where(c.token_hash == digest(token)))
