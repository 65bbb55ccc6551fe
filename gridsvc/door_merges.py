"""Two entries of the register that are one door: one stays, the other goes and points to it; nothing recorded is lost.

The visits of the entry that goes get entries that supersede them, at the one that stays. So what is asked as of an
instant before finds everything where it was. It can be undone in the same way: what was carried, written to the logs
and kept of lists says what was whose.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping, func, select

from gridsvc import door_rows, history, household_reading, households, visited
from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.errors import Conflict, NotFound
from gridsvc.household_reading import Row
from gridsvc.rules.roles import Actor
from gridsvc.rules.visiting import FAR_M


@dataclass(frozen=True)
class Side:
    """One of two entries: what the register says of it, and what is recorded at it.

    `campaigns`: the names of those that list it; `last_id`: the last of its visits, of those that hold or not.
    """

    row: Row
    n_visits: int
    n_reports: int
    visited_at: datetime | None
    last_id: int | None
    campaigns: tuple[str, ...]


@dataclass(frozen=True)
class Both:
    """Two entries that look alike, the older first, and the version of what is told of them."""

    sides: tuple[Side, Side]
    version: str


def compare(db: Connection, household_id: int, other_id: int, actor: Actor, now: datetime, zone: ZoneInfo) -> Both:
    """Two doors that look alike, for somebody who says which of them stays.

    Raises:
        NotFound: door_unknown: one of them is not on the register for this person.
        Refused: doors_not_alike.
    """
    both = _read(db, household_id, other_id, actor, now, zone)
    for side in both.sides:
        if side.row.removed_at is not None:
            raise NotFound("door_unknown", id=side.row.id)
    return both


def _read(db: Connection, household_id: int, other_id: int, actor: Actor, now: datetime, zone: ZoneInfo) -> Both:
    ids = sorted((household_id, other_id))
    rows = [household_reading.read(db, actor, id_, now, zone) for id_ in ids]
    told = db.execute(load("door_sides"), {"ids": ids}).mappings().all()
    households.require_alike(told[0], told[-1])
    names = ("n_visits", "n_reports", "visited_at", "last_id")
    one, other = found = [
        Side(row, **{name: its[name] for name in names}, campaigns=tuple(its["campaigns"]))
        for row, its in zip(rows, told, strict=True)
    ]
    # When the next visit is due changes with the day alone.
    said = [asdict(replace(side, row=replace(side.row, due_on=None))) for side in found]
    return Both((one, other), hashlib.sha256(repr(said).encode()).hexdigest()[:16])


@dataclass(frozen=True)
class Merged:
    """What became of it: visits and reports that the entry that stays has from the other one, and which of its fields
    it took over, having had none."""

    n_visits: int
    n_reports: int
    fields: tuple[str, ...]


def merge(
    db: Connection,
    keep_id: int,
    gone_id: int,
    reason: str,
    version: str,
    actor: Actor,
    now: datetime,
    zone: ZoneInfo,
) -> Merged:
    """Says that two doors that look alike are one: one entry stays, the other is taken off the register.

    Visits that hold at the one that goes are at the other from now on, with their reports; so is its place on lists of
    campaigns that have it alone. On lists with both it stays as removed; that it is no door of its own waits for a
    second person (`exclusions.waiting`), unless it had left the denominator already: then it stays out. Visits that a
    phone still sends for it, and rows of files with its levels, are for the one that stays. Both logs say who, why.

    Raises:
        NotFound: door_unknown.
        Refused: door_reason_missing; doors_not_alike.
        Conflict: doors_changed: something happened to them since `version` was read; doors_apart: somebody has said
            that they are two; doors_being_stored.
    """
    households.require_words(reason, "door_reason_missing")
    door_rows.hold(db)
    visited.before(db, [keep_id, gone_id])
    if _one_went(db, (keep_id, gone_id)):
        raise Conflict("doors_changed")
    if households.lock_pair(db, keep_id, gone_id, actor):
        raise Conflict("doors_apart")
    if _read(db, keep_id, gone_id, actor, now, zone).version != version:
        raise Conflict("doors_changed")
    pair = {"from_id": gone_id, "to_id": keep_id}
    history.begin(db, now)
    fields = _take_over(db, keep_id, gone_id)
    db.execute(load("exclusions_answered"), pair | {"visit_ids": None})
    _point(db, keep_id, gone_id, now)
    moved = db.execute(load("visits_carry"), pair | {"now": now, "far_m": FAR_M, "visit_ids": None}).one()
    db.execute(load("campaign_door_hand_on"), pair | {"now": now, "campaign_ids": None})
    visited.after(db, [keep_id, gone_id])
    visited.refresh(db, [keep_id, gone_id], now)
    note = reason.strip()
    households.write_log(db, keep_id, "kept", actor, now, note=note, other_id=gone_id, fields_=fields)
    households.write_log(db, gone_id, "merged", actor, now, note=note, other_id=keep_id)
    return Merged(moved.n_visits, moved.n_reports, fields)


def _one_went(db: Connection, ids: Iterable[int]) -> bool:
    h = t.household.c
    return bool(db.scalar(select(h.id).where(h.id.in_(ids), h.same_as_id.is_not(None)).limit(1)))


def _take_over(db: Connection, keep_id: int, gone_id: int) -> tuple[str, ...]:
    """The fields that the entry that stays does not say of its own, and has as the other says them from now on."""
    h = t.household.c
    names = ("name", "n_people", "class_code", "registered_elsewhere", "contact_name", "contact_phone")
    plain = func.default_class(h.kind).label("plain")
    rows = db.execute(select(h.id, plain, *(h[name] for name in names)).where(h.id.in_((keep_id, gone_id)))).mappings()
    said = {row["id"]: row for row in rows}
    values = _unsaid(said[keep_id], said[gone_id])
    if values:
        db.execute(t.household.update().where(h.id == keep_id).values(**values))
    return tuple(sorted(values))


_OF_ONE_PERSON = {"contact_name", "contact_phone"}


def _unsaid(kept: RowMapping, gone: RowMapping) -> dict[str, object]:
    empty = {name for name in ("name", "n_people") if kept[name] is None}
    if kept["contact_name"] is None and kept["contact_phone"] is None:  # of one person, never of two
        empty |= _OF_ONE_PERSON
    if kept["class_code"] == kept["plain"]:
        empty.add("class_code")
    if not kept["registered_elsewhere"]:
        empty.add("registered_elsewhere")
    return {name: gone[name] for name in empty if gone[name] not in (None, kept[name])}


def _point(db: Connection, keep_id: int, gone_id: int, now: datetime) -> None:
    """Nothing; afterwards the entry is off the register, and it and what pointed to it point to the one that stays."""
    h = t.household
    db.execute(h.update().where(h.c.id == gone_id).values(removed_at=now, same_as_id=keep_id))
    db.execute(h.update().where(h.c.same_as_id == gone_id).values(same_as_id=keep_id))


def undo(db: Connection, gone_id: int, reason: str, actor: Actor, now: datetime, *, of: int | None = None) -> Merged:
    """Takes back that this entry is the same door as the one that stayed; what was given back.

    The entry is on the register again with what is its own, and on the lists where the other one took its place. The
    visits that were at it, as they were corrected since, are at it again, with their reports; those recorded since stay
    where they are. Fields that the other one took over are empty there again, unless they were changed since. That it
    is no door of its own ends; what was confirmed of the other one and ended by its visits holds again. Both logs say
    who, why.

    Raises:
        NotFound: door_unknown.
        Refused: door_reason_missing.
        Conflict: merge_none: it is a door of its own; merge_went_on: the entry that stayed became another one since;
            merge_blanked: what was kept of people there has been deleted since; doors_changed: it is another one by
            now than `of`, where that is told; doors_being_stored.
    """
    households.require_words(reason, "door_reason_missing")
    door_rows.hold(db)
    keep_id = db.scalar(select(t.household.c.same_as_id).where(t.household.c.id == gone_id)) or gone_id
    h = t.household.c
    still = list(db.scalars(select(h.id).where(h.same_as_id == keep_id, h.id != gone_id).order_by(h.id)))
    visited.before(db, [keep_id, gone_id, *still])
    for id_ in sorted({keep_id, gone_id}):
        households.lock(db, id_, actor, removed=True)
    at = _merged_at(db, keep_id, gone_id)
    if of not in (None, keep_id):
        raise Conflict("doors_changed")
    pair = {"from_id": keep_id, "to_id": gone_id}
    ids = list(db.scalars(load("visits_of_entry"), {"from_id": gone_id, "to_id": keep_id, "at": at}))
    history.begin(db, now)
    db.execute(load("exclusions_answered"), pair | {"visit_ids": ids})
    _stand_alone(db, keep_id, gone_id, at, actor, now)
    fields = _give_back(db, keep_id, gone_id)
    moved = db.execute(load("visits_carry"), pair | {"now": now, "far_m": FAR_M, "visit_ids": ids}).one()
    _hand_back(db, keep_id, gone_id, at, now)
    held = db.scalar(load("exclusions_reopen"), {"id": keep_id, "ended_at": at, "now": now})
    if held is not None:
        db.execute(t.household.update().where(t.household.c.id == keep_id).values(excluded=held))
    visited.after(db, [keep_id, gone_id, *still])
    visited.refresh(db, [keep_id, gone_id], now)
    note = reason.strip()
    households.write_log(db, keep_id, "gave_back", actor, now, note=note, other_id=gone_id, fields_=fields)
    households.write_log(db, gone_id, "returned", actor, now, note=note, other_id=keep_id)
    return Merged(moved.n_visits, moved.n_reports, fields)


def _hand_back(db: Connection, keep_id: int, gone_id: int, at: datetime, now: datetime) -> None:
    """Nothing; afterwards the entry has its places on lists again, and the other one has that of what is still it."""
    b, h = t.campaign_door_before.c, t.household.c
    handed = (b.household_id == gone_id) & (b.became_id == keep_id) & (b.until_at >= at)
    lists = list(db.scalars(select(b.campaign_id).where(handed)))
    hand_on, values = load("campaign_door_hand_on"), {"now": now, "campaign_ids": lists}
    db.execute(hand_on, values | {"from_id": keep_id, "to_id": gone_id})
    for still in db.scalars(select(h.id).where(h.same_as_id == keep_id).order_by(h.id)).all():
        db.execute(hand_on, values | {"from_id": still, "to_id": keep_id})


def _merged_at(db: Connection, keep_id: int, gone_id: int) -> datetime:
    """When they were said to be one door, which can be undone; else a Conflict that says why not."""
    if keep_id == gone_id:
        raise Conflict("merge_none")
    log = t.household_log.c
    last = select(log.at, log.other_id).where(log.household_id == gone_id, log.action == "merged")
    said = db.execute(last.order_by(log.id.desc()).limit(1)).one()
    if said.other_id != keep_id:
        raise Conflict("merge_went_on", id=keep_id)
    gone = t.deletion_record.c
    blanked = (gone.household_id == gone_id) & (gone.what == "contact") & (gone.at > said.at)
    if db.scalar(select(gone.id).where(blanked).limit(1)):
        raise Conflict("merge_blanked")
    at: datetime = said.at
    return at


def _stand_alone(db: Connection, keep_id: int, gone_id: int, at: datetime, actor: Actor, now: datetime) -> None:
    """Nothing; afterwards the entry is on the register by itself, and what had become it points to it again."""
    h, x = t.household, t.household_exclusion
    db.execute(load("door_aliases_back"), {"gone_id": gone_id, "keep_id": keep_id})
    none_of_its_own = (x.c.household_id == gone_id) & (x.c.claimed_at == at) & x.c.ended_at.is_(None)
    ending = x.update().where(none_of_its_own, x.c.reason == "not_eligible")
    ended = db.execute(ending.values(ended_at=now, ended_by=actor.account_id)).rowcount
    empty = ("removed_at", "same_as_id", *(("excluded",) if ended else ()))
    db.execute(h.update().where(h.c.id == gone_id).values(dict.fromkeys(empty)))


def _give_back(db: Connection, keep_id: int, gone_id: int) -> tuple[str, ...]:
    """The fields that the entry that stays had of the other one and says no more: those that it has as it took them."""
    h, log = t.household.c, t.household_log.c
    took = select(log.fields).where(log.household_id == keep_id, log.other_id == gone_id, log.action == "kept")
    names: list[str] = db.scalars(took.order_by(log.id.desc()).limit(1)).one()
    if not names:
        return ()
    rows = db.execute(select(h.id, *(h[name] for name in names)).where(h.id.in_((keep_id, gone_id)))).mappings()
    said = {row["id"]: row for row in rows}
    plain: dict[str, object] = {"class_code": func.default_class(h.kind), "registered_elsewhere": False}
    same = {name for name in names if said[keep_id][name] == said[gone_id][name]}
    if not _OF_ONE_PERSON & set(names) <= same:  # the other was changed: what is left of the two says nothing alone
        same -= _OF_ONE_PERSON
    values: dict[str, object] = {name: plain.get(name) for name in same}
    if values:
        db.execute(t.household.update().where(h.id == keep_id).values(**values))
    return tuple(sorted(values))
