"""Doors that leave the denominator: found vacant or not eligible at a visit, confirmed by somebody else or a paper.

So do entries that were said to be the same door as another one, where a list has both.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from gridsvc import visited, visits
from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.errors import Conflict, Forbidden, NotFound, Refused
from gridsvc.rules import masking
from gridsvc.rules.roles import Actor, may
from gridsvc.stats import scope

MOST_WAITING = 500


@dataclass(frozen=True)
class Claim:
    """What the latest visit to a door says, and who: it waits for somebody else. `own`: it is the reader's.

    `visit_id` None: an entry that a campaign lists was said to be the same door as another one, in the register.
    """

    visit_id: int | None
    household_id: int
    reason: str
    claimed_at: datetime
    account_id: int | None
    worker_name: str | None
    compound_name: str | None
    building: str
    unit: str
    room: str
    kind: str
    grid_code: str | None
    own: bool


@dataclass(frozen=True)
class Exclusion:
    """One time that a door was left out of the denominator, or declined to be: then it ended as it began.

    Who found it so, who confirmed or declined it, and who ended it by hand are told by name. `document`: None where
    there was none, empty where its words are gone by their time; `hides`: a number by which somebody could be found is
    left out of it.
    """

    reason: str
    claimed_at: datetime
    claimed_by: str | None
    confirmed_at: datetime
    confirmed_by: str
    document: str | None
    ended_at: datetime | None
    ended_by: str | None
    hides: bool

    @property
    def declined(self) -> bool:
        """Whether it never held."""
        return self.ended_at == self.confirmed_at


def of_door(db: Connection, household_id: int, *, whole: bool = False) -> list[Exclusion]:
    """All of them at a door, the newest first, for a reader who has read the door.

    `whole`: for a reader whose purpose stands in the door's log.
    """
    rows = db.execute(load("exclusions_of"), {"household_id": household_id}).mappings()
    shown = [(row, row["document"] if whole else masking.numbers(row["document"])) for row in rows]
    return [Exclusion(**dict(row) | {"document": words, "hides": words != row["document"]}) for row, words in shown]


def waiting(db: Connection, actor: Actor, *, household_id: int | None = None, most: int = MOST_WAITING) -> list[Claim]:
    """The claims at doors that this reader sees, the longest waiting first."""
    values = scope(actor) | {"household_id": household_id, "most": most}
    del values["department_id"]
    return [_claim(dict(row), actor) for row in db.execute(load("exclusion_claims"), values).mappings()]


def claim_of(db: Connection, household_id: int, actor: Actor) -> Claim | None:
    """What waits at a door that this reader sees."""
    return next(iter(waiting(db, actor, household_id=household_id)), None)


def _claim(row: dict[str, object], actor: Actor) -> Claim:
    worker_id = row.pop("worker_id")
    same_account = row["account_id"] is not None and row["account_id"] == actor.account_id
    same_worker = worker_id is not None and worker_id in (actor.worker_id, actor.own_worker_id)
    return Claim(**row, own=same_account or same_worker)  # type: ignore[arg-type]  # the query's columns, by name


def confirm(
    db: Connection, household_id: int, reason: str, actor: Actor, now: datetime, document: str | None = None
) -> int:
    """The id of the exclusion that begins now: somebody else found the door so, or a document says it.

    Raises:
        NotFound: the door is not there for this person, or no longer on the register.
        Refused: another reason than these.
        Forbidden: `exclusion_second`: nobody else has found it, and a document is not enough from this person, or is
            not there.
        Conflict: `exclusion_there`; `exclusion_unclaimed`: the latest visit says something else.
    """
    if reason not in t.EXCLUSIONS:
        raise Refused("exclusion_reason_unknown", reason=reason[:40], known=", ".join(t.EXCLUSIONS))
    document = (document or "").strip() or None
    visited.before(db, [household_id])
    _hold_door(db, household_id, actor, entries=True)
    if _open(db, household_id) is not None:
        raise Conflict("exclusion_there")
    claim = claim_of(db, household_id, actor)
    if claim is not None and claim.reason != reason:
        claim = None
    if document is None and claim is None:
        raise Conflict("exclusion_unclaimed", reason=reason)
    # A worker's own word with a paper that nobody else has seen would still be one person's word.
    if (claim is None or claim.own) and (document is None or not may(actor, "exclude_by_document")):
        raise Forbidden("exclusion_second")
    exclusion_id = db.execute(
        t.household_exclusion.insert()
        .values(
            household_id=household_id,
            reason=reason,
            claimed_by=claim.account_id if claim else None,
            claimed_at=claim.claimed_at if claim else now,
            confirmed_by=actor.account_id,
            confirmed_at=now,
            document=document,
        )
        .returning(t.household_exclusion.c.id)
    ).scalar_one()
    _mark(db, household_id, reason)
    visited.after(db, [household_id])
    return int(exclusion_id)


def decline(db: Connection, household_id: int, actor: Actor, now: datetime) -> None:
    """Nothing; afterwards the claim no longer waits, and the door counts as before. It is kept as an exclusion that
    ended when it began.

    Raises:
        NotFound: the door is not there for this person.
        Forbidden: `exclusion_second`: it is the own claim; its visit can be corrected.
        Conflict: `exclusion_unclaimed`: nothing waits.
    """
    _hold_door(db, household_id, actor, entries=True)
    claim = claim_of(db, household_id, actor)
    if claim is None:
        raise Conflict("exclusion_none")
    if claim.own:
        raise Forbidden("exclusion_second")
    row = {"household_id": household_id, "reason": claim.reason, "claimed_by": claim.account_id}
    times = {"claimed_at": claim.claimed_at, "confirmed_at": now, "ended_at": now}
    who = {"confirmed_by": actor.account_id, "ended_by": actor.account_id}
    db.execute(t.household_exclusion.insert(), row | times | who)


def end(db: Connection, household_id: int, actor: Actor, now: datetime) -> None:
    """Nothing; afterwards the door is in the denominator again.

    Raises:
        NotFound: the door is not there for this person.
        Conflict: `exclusion_none`.
    """
    visited.before(db, [household_id])
    _hold_door(db, household_id, actor)
    held = _open(db, household_id)
    if held is None:
        raise Conflict("exclusion_none")
    x = t.household_exclusion
    values = {"ended_at": max(now, held[1]), "ended_by": actor.account_id}
    db.execute(x.update().where(x.c.id == held[0]).values(values))
    _mark(db, household_id, None)
    visited.after(db, [household_id])


def _hold_door(db: Connection, household_id: int, actor: Actor, *, entries: bool = False) -> None:
    """Nothing, where the door is on the register for this person; with `entries` also one that became another one."""
    door = visits.lock(db, [household_id], actor).get(household_id)  # of an entry that went: the one that stays
    h = t.household.c
    row = db.execute(select(h.removed_at, h.same_as_id).where(h.id == household_id).with_for_update()).first()
    gone = row is None or (row.removed_at is not None and not (entries and row.same_as_id is not None))
    if door is None or not door.seen or gone:
        raise NotFound("door_unknown", id=household_id)


def _open(db: Connection, household_id: int) -> tuple[int, datetime] | None:
    x = t.household_exclusion.c
    held = db.execute(select(x.id, x.confirmed_at).where(x.household_id == household_id, x.ended_at.is_(None))).first()
    return None if held is None else (held.id, held.confirmed_at)


def _mark(db: Connection, household_id: int, reason: str | None) -> None:
    db.execute(t.household.update().where(t.household.c.id == household_id).values(excluded=reason))
