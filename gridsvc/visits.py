"""Visits: recorded once by the phone's own key, corrected by visits that supersede them, never changed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Connection

from gridsvc import grids, reports, visited
from gridsvc.db import tables as t
from gridsvc.db.queries import ask
from gridsvc.errors import Conflict, Forbidden, GridsvcError, NotFound, Refused
from gridsvc.grids import Rule
from gridsvc.rules.roles import AREA_ROLES, SYSTEM, Actor
from gridsvc.rules.visiting import WITHDRAWN
from gridsvc.stats import scope
from gridsvc.visit_drafts import Answer, Draft, Item, Need, Stamp, examine, flags, locate, row

__all__ = ["MOST", "Answer", "Door", "Draft", "Need", "Past", "load", "lock", "need_key", "record", "record_all"]

MOST = 1000  # visits at once
CHANNEL = "visit"  # of the reports that are made at a door
# A visit made before a border moved is not lost: a grid that was the worker's so long ago will do.
GRACE = timedelta(days=31)


@dataclass(frozen=True)
class Past:
    """A visit of another time, as an import or a script brings it: who made it, and when it came in."""

    draft: Draft
    worker_id: int | None
    recorded_at: datetime


def record(db: Connection, draft: Draft, actor: Actor, now: datetime, rule: Rule) -> Answer:
    """What became of a visit: stored with its report, or the one that the same draft made before.

    Raises:
        Refused, NotFound, Forbidden, Conflict: why it is not stored; whoever calls rolls back.
    """
    (answer,) = record_all(db, [draft], actor, now, rule)
    if answer.error is not None:
        raise answer.error
    return answer


def record_all(db: Connection, drafts: Sequence[Draft], actor: Actor, now: datetime, rule: Rule) -> list[Answer]:
    """An answer for each draft, in their order; one that is refused stops no other.

    A correction may name a visit that comes with it.

    Raises:
        Refused: `visits_too_many`.
    """
    if len(drafts) > MOST:
        raise Refused("visits_too_many", n=len(drafts), most=MOST)
    items = [Item(draft) for draft in drafts]
    for item in items:
        examine(item, now)
    locate([item for item in items if item.answer is None])
    if any(item.draft.need for item in items):
        grids.hold(db)  # before the counts, as publishing does: two that lock crosswise would wait for each other
    _record(db, [item for item in items if item.answer is None], actor, now, rule)
    return [item.answer for item in items if item.answer is not None]


def load(db: Connection, past: Sequence[Past]) -> int:
    """How many visits of another time were new; nobody's scope is asked, and a need becomes no report.

    Raises:
        Refused: a draft that is wrong by itself.
        NotFound: a door that is not there.
    """
    if not past:
        return 0
    items = [Item(p.draft) for p in past]
    for p, item in zip(past, items, strict=True):
        examine(item, p.recorded_at)
    locate([item for item in items if item.answer is None])
    for item in items:
        if item.answer is not None and item.answer.error is not None:
            raise item.answer.error
    now = max(p.recorded_at for p in past)
    doors = lock(db, {p.draft.household_id for p in past}, SYSTEM)
    rows = []
    for p, item in zip(past, items, strict=True):
        door = doors.get(p.draft.household_id)
        if door is None:
            raise NotFound("door_unknown", id=p.draft.household_id)
        rows.append(row(item, Stamp(door.id, (door.lon, door.lat), p.worker_id, None, p.recorded_at)))
    stored = ask(db, "visit_store", {"rows": json.dumps(rows), "adding": False})
    if stored:
        visited.refresh(db, {door.id for door in doors.values()}, now)
    return len(stored)


def _record(db: Connection, items: Sequence[Item], actor: Actor, now: datetime, rule: Rule) -> None:
    """Answers every one of these; their doors are locked first, so that two at one door are counted one by one."""
    if not items:
        return
    if any(item.draft.supersedes is not None for item in items):
        visited.hold(db)  # so that what a correction names does not become another one meanwhile
    ids = {item.draft.household_id for item in items} | {old.household_id for old in _named(db, items).values()}
    doors = _lock_own(db, ids, actor, now)
    alone = len(items) == 1  # then it is counted as it is stored: a set is counted faster afterwards
    touched: set[int] = set()
    created: set[UUID] = set()
    for turn in _rounds(items):
        some = [item for item in turn if item.draft.client_key not in created]
        named = _named(db, some)
        stamps: list[tuple[Item, Stamp]] = []
        for item in some:
            try:
                stamps.append((item, _stamp(item.draft, doors, named, actor, now)))
            except GridsvcError as error:
                item.refuse(error)
        _store(db, [pair for pair in stamps if pair[0].draft.need is None], adding=alone)
        for item, stamp in stamps:
            if item.draft.need is not None:
                _store_with_report(db, item, stamp, item.draft.need, actor, rule)
            if item.answer is not None and item.answer.status == "created":
                created.add(item.draft.client_key)
                if not item.counted:
                    touched.add(stamp.household_id)
                if item.draft.supersedes is not None:
                    touched.add(named[item.draft.supersedes].household_id)
    if touched:
        visited.refresh(db, touched, now)
    _recall(db, [item for item in items if item.answer is None or item.answer.error is not None])


@dataclass(frozen=True)
class Door:
    """A locked door: its position in EPSG:4326, and whether this person may visit it.

    `id` is that of the entry that stays where another one of the same door was asked for.
    """

    id: int
    lon: float
    lat: float
    seen: bool


def lock(db: Connection, ids: Collection[int], actor: Actor) -> dict[int, Door]:
    """The doors that are there, by the id that was asked for; locked in the order of their ids, with the counts of
    campaigns held."""
    values = _seer(actor) | {"ids": list(ids)}
    found = ask(db, "visit_doors", values)
    if len(found) < len(set(ids)):  # there is none of that id, or it became another one while we waited
        found = ask(db, "visit_doors", values)
    return {d.asked_id: Door(d.id, d.lon, d.lat, d.seen) for d in found}


def _seer(actor: Actor) -> dict[str, object]:
    return {name: value for name, value in scope(actor).items() if name != "department_id"}


def _lock_own(db: Connection, ids: Collection[int], actor: Actor, now: datetime) -> dict[int, Door]:
    """The doors as `lock` gives them; seen are also those whose grid was the person's until lately."""
    doors = lock(db, ids, actor)
    unseen = [door.id for door in doors.values() if not door.seen]
    if unseen:
        values = _seer(actor) | {"ids": unseen, "since": now - GRACE}
        del values["all_areas"]
        lately = {row.id for row in ask(db, "visit_doors_lately", values)}
        doors = {id_: replace(door, seen=door.seen or door.id in lately) for id_, door in doors.items()}
    if actor.importer is not None:  # only what both see
        theirs = _lock_own(db, ids, actor.importer, now)
        doors = {id_: replace(door, seen=door.seen and theirs[id_].seen) for id_, door in doors.items()}
    return doors


def _named(db: Connection, items: Sequence[Item]) -> dict[UUID | int, Any]:
    """The stored visits that corrections name, by key and by id."""
    wanted = [item.draft.supersedes for item in items if item.draft.supersedes is not None]
    if not wanted:
        return {}
    values = {"ids": [w for w in wanted if isinstance(w, int)], "keys": [w for w in wanted if isinstance(w, UUID)]}
    found: dict[UUID | int, Any] = {}
    for old in ask(db, "visits_superseded", values):
        found |= {old.named_id: old, old.client_key: old}
    return found


def _rounds(items: Sequence[Item]) -> Iterator[list[Item]]:
    """The drafts in an order in which a correction comes after the visit of the same batch that it names.

    No round has a key twice, and of one key the first comes first.
    """
    left = list(items)
    while left:
        firsts: dict[UUID, Item] = {}
        for item in left:
            firsts.setdefault(item.draft.client_key, item)
        ready = [item for item in firsts.values() if item.draft.supersedes not in firsts]
        ready = ready or list(firsts.values())  # they name one another
        yield ready
        done = {id(item) for item in ready}
        left = [item for item in left if id(item) not in done]


def _stamp(draft: Draft, doors: dict[int, Door], named: dict[UUID | int, Any], actor: Actor, now: datetime) -> Stamp:
    """Where the visit belongs, if this person may record it there.

    Raises:
        NotFound: the door, or the visit to be corrected, is not there for this person.
        Forbidden: a correction of somebody else's visit.
        Conflict: the visit was corrected before.
    """
    at, old = draft.household_id, None
    if draft.supersedes is not None:
        old = named.get(draft.supersedes)
        if old is None:
            raise NotFound("visit_unknown", visit=str(draft.supersedes))
        own = (old.account_id is not None and old.account_id == actor.account_id) or (
            old.worker_id is not None and old.worker_id == actor.worker_id
        )
        own = own and (actor.importer is None or doors[old.household_id].seen)
        if not own and not doors[old.household_id].seen:
            raise NotFound("visit_unknown", visit=str(draft.supersedes))
        if not own and actor.role not in AREA_ROLES:
            raise Forbidden("correction_not_yours")
        if old.by_id is not None:
            raise _corrected(old)
        at = old.household_id if draft.outcome == WITHDRAWN else at
    door = doors.get(at)
    if door is None or not (door.seen or (old is not None and door.id == old.household_id)):
        raise NotFound("door_unknown", id=at)
    who = (actor.worker_id, actor.account_id)
    importer_id = None if actor.importer is None else actor.importer.account_id
    old_id = old.id if old is not None else None
    return Stamp(door.id, (door.lon, door.lat), *who, now, old_id, importer_id, actor.role)


def _store(db: Connection, pairs: Sequence[tuple[Item, Stamp]], *, n_reports: int = 0, adding: bool = False) -> None:
    """Answers those that were new; with `adding` they are counted too where nothing has to be counted anew."""
    if not pairs:
        return
    rows = [row(item, stamp) for item, stamp in pairs]
    new = {stored.client_key: stored for stored in ask(db, "visit_store", {"rows": json.dumps(rows), "adding": adding})}
    for (item, _), said in zip(pairs, rows, strict=True):
        stored = new.pop(item.draft.client_key, None)  # the first of that key: another one is a repeat
        if stored is not None:
            seen = flags(said["far"], said["late"], said["phone_at"])
            item.answer = Answer(item.draft.client_key, "created", stored.id, n_reports, seen)
            item.counted = stored.added


def _store_with_report(db: Connection, item: Item, stamp: Stamp, need: Need, actor: Actor, rule: Rule) -> None:
    """Answers a visit at which something was asked for: it is stored with its report, or refused with it."""
    try:
        with db.begin_nested():
            _store(db, [(item, stamp)], n_reports=1)
            if item.answer is not None:
                made = reports.submit(db, _report(item, stamp, need), actor, stamp.recorded_at, rule)
                db.execute(t.visit_report.insert(), {"visit_id": item.answer.visit_id, "report_id": made.id})
    except GridsvcError as error:
        item.refuse(error)


def _report(item: Item, stamp: Stamp, need: Need) -> reports.Draft:
    """The report of a need: where the visit was, if that was at the door; else where the door is."""
    draft, said = item.draft, row(item, stamp)
    where = reports.Position(*stamp.lonlat, "wgs84")
    if draft.mode == "door" and item.lonlat is not None and not said["far"]:
        where = reports.Position(*item.lonlat, "wgs84", draft.accuracy_m)
    return reports.Draft(
        client_key=need_key(draft.client_key),
        category=need.category,
        description=need.description,
        channel=CHANNEL,
        position=where,
        observed_at=datetime.fromisoformat(said["happened_at"]),
    )


def need_key(client_key: UUID) -> UUID:
    """The key of the report that a visit's need becomes."""
    return uuid5(client_key, "need")


def _recall(db: Connection, items: Sequence[Item]) -> None:
    """Answers those that were not stored: the same visit came before, or its key belongs to another."""
    if not items:
        return
    known = {v.client_key: v for v in ask(db, "visits_known", {"keys": [item.draft.client_key for item in items]})}
    named = _named(db, items)
    for item in items:
        key = item.draft.client_key
        before = known.get(key)
        if before is not None and before.digest in (None, item.draft.digest()):  # none: its words were deleted
            told = flags(before.far, before.late, before.phone_at)
            item.answer = Answer(key, "same", before.id, before.n_reports, told)
        elif before is not None:
            item.refuse(Conflict("visit_key_used", client_key=str(key)))
        elif item.answer is None and item.draft.supersedes is not None:  # two of one batch correct the same visit
            item.refuse(_corrected(named[item.draft.supersedes]))


def _corrected(old: Any) -> Conflict:
    return Conflict("visit_corrected", by=old.by_id, outcome=old.by_outcome, recorded_at=old.by_at.isoformat())
