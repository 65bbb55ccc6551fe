"""The case of a report: locked, decided, changed and logged; the only writer of a report's state."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from gridsvc import grids, photos, responsibility
from gridsvc.db import tables as t
from gridsvc.db.queries import ask, ask_each
from gridsvc.errors import Conflict, GridsvcError, NotFound, Refused
from gridsvc.grids import Placement, Rule
from gridsvc.journal import append, row
from gridsvc.placements import supersede
from gridsvc.reports import SOURCE, Position, to_wgs84
from gridsvc.rules.case import FIELDS, ID_LISTS, Case, Given, Step, Stop, advance, clock_history, replay, to_json
from gridsvc.rules.deadlines import LADDER, Limit
from gridsvc.rules.decisions import check, decide, possible
from gridsvc.rules.lifecycle import TABLE
from gridsvc.rules.roles import Actor, require
from gridsvc.terms import Agreed

# Of the log alone, they change nothing of a case: somebody with the same problem joined, staff decided what is public.
JOIN, RELEASE = "join", "release"
_DRAW_BYTES = 4
_PHOTO_KINDS = {
    "verify": "before",
    "solve_on_spot": "after",
    "dispose": "after",
    "check": "after",
    "check_failed": "after",
}
_PHOTO_WORDS = ("照片", "拍照", "photo")  # a closing condition that names one asks for a photo of what was done
_CONDITION = select(t.category_condition.c.closing)
# Actions that decide on what somebody else did before: two roles of one account are one person.
_DECIDES_ON = {"approve_extension": "ask_extension", "whistle_score": "whistle_arrive"}
_PHOTO_KIND = {"dispose": "after", "solve_on_spot": "after"}  # of a photo that comes with an action; else "reference"


@dataclass(frozen=True)
class Held:
    """A report's case as it is stored, with what decides beside it; `seq` is the last row of its log.

    From `lock` it is held against other writers until the transaction ends.
    """

    id: int
    number: str
    source: str
    category: str
    area_id: int | None
    seq: int
    case: Case
    given: Given

    @property
    def state(self) -> str:
        """The state of the case."""
        return self.case.state


def lock(db: Connection, number: str, source: str = SOURCE) -> Held:
    """The report with this number, locked against other writers until the transaction ends.

    Raises:
        NotFound: no report of this source has the number.
    """
    found = _load(db, None, held=True, number=number, source=source)
    if not found:
        raise NotFound("report_unknown", number=number)
    return found[0]


def lock_id(db: Connection, report_id: int) -> Held:
    """The same, by the report's id."""
    found = _load(db, [report_id], held=True)
    if not found:
        raise NotFound("report_unknown", number=report_id)
    return found[0]


def lock_all(db: Connection, report_ids: Sequence[int]) -> dict[int, Held]:
    """Many reports by id, locked in the order of their ids, so that two never wait crosswise; those that are there."""
    return {one.id: one for one in _load(db, sorted(report_ids), held=True)}


def read(db: Connection, report_id: int) -> Held:
    """The case as it is stored now, not locked."""
    (found,) = _load(db, [report_id], held=False)
    return found


def read_all(db: Connection, report_ids: Sequence[int]) -> dict[int, Held]:
    """Many cases as they are stored now, by the report's id, not locked."""
    return {one.id: one for one in _load(db, report_ids, held=False)}


def _load(
    db: Connection, report_ids: Sequence[int] | None, *, held: bool, number: str | None = None, source: str = SOURCE
) -> list[Held]:
    ids = None if report_ids is None else list(report_ids)
    return [
        _held(row)
        for row in ask(db, "case_rows", {"report_ids": ids, "number": number, "source": source, "held": held})
    ]


def _held(row: Any) -> Held:
    stored: dict[str, Any] = {name: getattr(row, name) for name in FIELDS}
    stored |= {name: tuple(stored[name]) for name in ID_LISTS if stored[name] is not None}
    draw = int.from_bytes(bytes(row.digest or b"")[:_DRAW_BYTES], "big") / 256**_DRAW_BYTES
    levels = frozenset((LADDER[0], *row.levels))
    given = Given(
        received_at=row.received_at, by_staff=row.by_staff, has_resident=row.has_resident, draw=draw, levels=levels
    )
    return Held(row.id, row.number, row.source, row.category, row.area_id, row.seq, Case(**stored), given)


@dataclass(frozen=True)
class Applied:
    """What an action did: the case after it, and the seq of its log row, which is the report's new version."""

    case: Case
    seq: int
    step: Step


def apply(
    db: Connection, held: Held, action: str, actor: Actor, now: datetime, agreed: Agreed, given: Given | None = None
) -> Applied:
    """Does an action: checks who may, decides, stores the case and appends the log row.

    Raises:
        NotAuthenticated, Forbidden: this caller may not.
        Conflict: the action does not start from the report's state, or something stands against it.
        Refused: an input is missing or impossible.
        NotFound: a department, category or condition that does not exist.
    """
    one = _decide(db, held, action, actor, now, agreed, given or Given())
    ask(db, "case_store", one.written)
    _beside(db, held, action, actor, now, one.given, held.seq + 1)
    return Applied(advance(held.case, one.step.state, one.step.changes), held.seq + 1, one.step)


@dataclass(frozen=True)
class Asked:
    """An action that somebody wants done on a report."""

    held: Held
    action: str
    actor: Actor
    now: datetime
    given: Given


def apply_all(db: Connection, asked: Sequence[Asked], agreed: Agreed) -> dict[int, GridsvcError]:
    """What refuses an action on a report, by the report's id; the other actions are done, and stored together.

    Each report comes once. Where one cannot be stored none is: a caller who wants the others undoes it all, and goes on
    one by one.

    Raises:
        DBAPIError: one cannot be stored.
    """
    decided: list[tuple[Asked, _Decided]] = []
    refused: dict[int, GridsvcError] = {}
    for one in asked:
        try:
            decided.append((one, _decide(db, one.held, one.action, one.actor, one.now, agreed, one.given)))
        except GridsvcError as error:
            refused[one.held.id] = error
    ask_each(db, "case_store", [made.written for _, made in decided])
    for one, made in decided:
        _beside(db, one.held, one.action, one.actor, one.now, made.given, one.held.seq + 1)
    return refused


def remark(
    db: Connection, held: Held, actor: Actor, now: datetime, facts: dict[str, Any], note: str | None = None
) -> Held:
    """The report after a row of its log that moves nothing: `facts` say what came, beside a person's own words."""
    written = row(held.id, held.seq + 1, "note", held.state, held.state, actor, now, note, facts)
    ask(db, "case_store", written | {"changes": "{}", "category": None})
    return replace(held, seq=held.seq + 1)


@dataclass(frozen=True)
class _Decided:
    """An action that may be done: all its inputs, what it changes, the parameters of the statement that stores it."""

    given: Given
    step: Step
    written: dict[str, Any]


def _decide(
    db: Connection, held: Held, action: str, actor: Actor, now: datetime, agreed: Agreed, given: Given
) -> _Decided:
    require(actor, action)
    if action == "place":
        raise Refused("place_by_hand_only")
    check(held.case, action, actor, now, held.given)  # before it is asked what is missing
    full = _known(db, held, action, actor, given, agreed)
    category = full.category if action == "recategorize" else None
    step = decide(held.case, action, actor, now, full, agreed.of(category or held.category))
    facts: dict[str, Any] = dict(step.facts) | _told(action, held, full)
    if step.changes:
        facts["set"] = to_json(step.changes)
    if step.unknown_years:
        facts["unknown_years"] = list(step.unknown_years)
    written = row(held.id, held.seq + 1, action, held.state, step.state, actor, now, full.note, facts or None)
    # from the very text that the log keeps: what is stored is what a replay gives
    return _Decided(full, step, written | {"changes": json.dumps(facts.get("set", {})), "category": category})


def _told(action: str, held: Held, given: Given) -> dict[str, Any]:
    """What the log says of an action beside the changed fields."""
    told: dict[str, Any] = {}
    if given.reason:
        told["reason"] = given.reason
    if given.photos:
        told["photos"] = list(given.photos)
    if given.done_at:
        told["done_at"] = given.done_at.isoformat()
    if given.phone_at:
        told["phone_at"] = given.phone_at.isoformat()
    if action == "recategorize":
        told["category"] = {"from": held.category, "to": given.category}
    if action == "whistle":
        told["departments"] = sorted({*given.department_ids})
    if action in ("whistle_arrive", "whistle_score"):
        told |= {"department": given.department_id} | ({"score": given.score} if action == "whistle_score" else {})
    if given.n_conditions:
        told["conditions"] = given.n_conditions
    return told


def _known(db: Connection, held: Held, action: str, actor: Actor, given: Given, agreed: Agreed) -> Given:
    """The caller's inputs with what has to be looked up for this action."""
    old, case = held.given, held.case
    _exist(db, given)
    facts: dict[str, Any] = {"received_at": old.received_at, "by_staff": old.by_staff}
    facts |= {"has_resident": old.has_resident, "draw": old.draw, "levels": old.levels}
    back = action in ("check_failed", "rate", "reopen") and case.filed_at is None
    if action == "whistle_arrive" or (action == "claim" and actor.role == "handler"):
        facts["department_id"] = actor.department_id
    if action == "file" or back:
        facts |= _under(db, given, held.category, case.condition_id, choose=not back)
    if action == "recategorize":
        if given.category is not None:
            facts |= _under(db, given, given.category, None, choose=True)
        facts["reopened_at"], facts["stops"] = _clock(db, held)
    if action == "dispose" and case.condition_id is not None:
        closing = db.scalar(_CONDITION.where(t.category_condition.c.id == case.condition_id)) or ""
        facts["needs_photo"] = wants_photo(closing)
    if action in ("file", "dispatch") or back:
        level = case.level or LADDER[0]
        answer = responsibility.find(db, held.category, held.area_id, level, fallback=agreed.fallback)
        facts |= {"lead_id": answer.lead_id, "lead_assist_ids": answer.assist_ids, "routing": answer.routing}
    if action in _DECIDES_ON and actor.account_id is not None:
        office = given.department_id if action == "whistle_score" else None
        facts["own_word"] = _last_by(db, held, _DECIDES_ON[action], office) == actor.account_id
    if action == "link" and given.parent_id is not None:
        facts["parent_state"] = _parent(db, held, given.parent_id)
    return replace(given, **facts)


def _parent(db: Connection, held: Held, parent_id: int) -> str | None:
    """The state of the report that this one is to follow, locked."""
    state = db.scalar(select(t.report.c.state).where(t.report.c.id == parent_id).with_for_update())
    if parent_id == held.id:
        raise Refused("parent_itself", number=held.number)
    n_children = db.scalar(select(func.count()).where(t.report.c.parent_id == held.id))
    if n_children:
        raise Conflict("has_children", number=held.number, n=n_children)
    return state


def _under(db: Connection, given: Given, category: str, kept_id: int | None, *, choose: bool) -> dict[str, Any]:
    """The filing condition that was chosen, now or before (`kept_id`), or the only one that there is; its limits.

    What is chosen now must stand in the current version of the sheet. Of several, one is to be chosen, or it is to be
    said that none fits; where nobody can be asked (work that failed is filed by that, not at the desk), none is, and
    the log says so.

    Raises:
        NotFound: `condition_unknown`.
        Refused: `condition_missing`, with the conditions; `condition_only`: there is one, which cannot be declined.
    """
    wanted = given.condition_id
    kept_id = None if wanted is not None or given.no_condition else kept_id
    found = ask(db, "case_conditions", {"code": category, "kept_id": kept_id})
    if wanted is not None:
        found = [one for one in found if one.id == wanted]
        if not found:
            raise NotFound("condition_unknown", condition=wanted, category=category)
    told = [{"id": one.id, "text": one.text, "milestones": list(one.milestones)} for one in found]
    if len(found) == 1 and given.no_condition:
        raise Refused("condition_only", condition=found[0].id, text=found[0].text, conditions=told)
    if len(found) > 1 and choose and not given.no_condition:
        raise Refused("condition_missing", n=len(found), conditions=told)
    if len(found) != 1:
        return {"condition_id": None, "limits": (), "n_conditions": len(found)}
    limits = tuple(Limit.from_json(one) for one in found[0].milestones)
    return {"condition_id": found[0].id, "limits": limits}


def _clock(db: Connection, held: Held) -> tuple[datetime | None, tuple[Stop, ...]]:
    log = t.report_log.c
    rows = select(log.action, log.to_state, log.at, log.facts).where(log.report_id == held.id).order_by(log.seq)
    return clock_history((row.action, row.to_state, row.at, row.facts) for row in db.execute(rows))


def _last_by(db: Connection, held: Held, action: str, department_id: int | None) -> int | None:
    """Whose account did an action last, where a department is given for that one."""
    log = t.report_log.c
    of = (log.report_id == held.id) & (log.action == action)
    if department_id is not None:
        of &= log.facts["department"].as_integer() == department_id
    return db.scalar(select(log.actor_id).where(of).order_by(log.seq.desc()).limit(1))


def _exist(db: Connection, given: Given) -> None:
    wanted = {one for one in (given.department_id, *given.assist_ids, *given.department_ids) if one is not None}
    if wanted:
        found = {row.id for row in ask(db, "departments_active", {"ids": sorted(wanted)})}
        if wanted - found:
            raise NotFound("department_unknown", department=min(wanted - found))
    if given.category is not None:
        known = db.scalar(select(t.category.c.code).where(t.category.c.code == given.category))
        if known is None:
            raise NotFound("category_unknown", category=given.category)


def _beside(db: Connection, held: Held, action: str, actor: Actor, now: datetime, given: Given, seq: int) -> None:
    """The rows beside the case: photos, calls of a whistle."""
    photos.link(db, held.id, seq, given.photos, _PHOTO_KIND.get(action, "reference"), actor)
    w = t.whistle_call
    if action == "whistle":
        called = sorted({*given.department_ids})
        db.execute(
            w.insert(), [{"report_id": held.id, "seq": seq, "department_id": d, "called_at": now} for d in called]
        )
    if action in ("whistle_arrive", "whistle_score"):
        mine = (w.c.report_id == held.id) & (w.c.department_id == given.department_id)
        if action == "whistle_arrive":
            done = db.execute(w.update().where(mine & w.c.arrived_at.is_(None)).values(arrived_at=now))
        else:
            last = select(func.max(w.c.seq)).where(mine & w.c.arrived_at.is_not(None)).scalar_subquery()
            done = db.execute(w.update().where(mine & (w.c.seq == last)).values(score=given.score))
        if not done.rowcount:
            raise Conflict("not_called", action=action, state=held.state)


def actions(held: Held, actor: Actor, now: datetime) -> tuple[str, ...]:
    """The actions that this person may do on the report now."""
    return possible(held.case, actor, now, held.given)


def offered(db: Connection, held: Sequence[Held], actor: Actor, now: datetime) -> dict[int, tuple[str, ...]]:
    """The same of many reports, by id; what decides on a word only where somebody else said one, in whichever role.

    An arrival only where the person's department was called and has not come.
    """
    found = {one.id: actions(one, actor, now) for one in held}
    _without_arrived(db, found, actor)
    asked = [report_id for report_id, whats in found.items() if not _DECIDES_ON.keys().isdisjoint(whats)]
    if actor.account_id is None or not asked:
        return found
    rows = ask(db, "case_words", {"report_ids": asked, "actions": list(_DECIDES_ON.values())})
    others = {(row.report_id, row.action) for row in rows if row.actor_id != actor.account_id}
    return {
        report_id: tuple(one for one in whats if one not in _DECIDES_ON or (report_id, _DECIDES_ON[one]) in others)
        for report_id, whats in found.items()
    }


def _without_arrived(db: Connection, found: dict[int, tuple[str, ...]], actor: Actor) -> None:
    calls = [report_id for report_id, whats in found.items() if "whistle_arrive" in whats]
    if not calls:
        return
    w = t.whistle_call.c
    waits = w.report_id.in_(calls) & (w.department_id == actor.department_id) & w.arrived_at.is_(None)
    waiting = set(db.scalars(select(w.report_id).where(waits)))
    for report_id in set(calls) - waiting:
        found[report_id] = tuple(one for one in found[report_id] if one != "whistle_arrive")


def check_version(db: Connection, held: Held, version: int) -> None:
    """Returns where nothing happened to the report since the version that the caller saw.

    Raises:
        Conflict: `version_stale`; `changed` lists what happened since, in order.
    """
    if version == held.seq:
        return
    rows = since(db, held.id, version)
    if rows and all(row.action in (JOIN, RELEASE) for row in rows):
        return
    changed = [
        {"seq": row.seq, "action": row.action, "to_state": row.to_state, "at": row.at.isoformat()} for row in rows
    ]
    raise Conflict("version_stale", number=held.number, version=held.seq, changed=changed)


def replayed(db: Connection, report_id: int) -> Case:
    """The case that the report's log tells."""
    log = t.report_log.c
    rows = db.execute(select(log.to_state, log.facts).where(log.report_id == report_id).order_by(log.seq))
    return replay((row.to_state, row.facts) for row in rows)


def place_by_hand(
    db: Connection, held: Held, where: str | Position, actor: Actor, now: datetime, rule: Rule, note: str | None = None
) -> Placement:
    """The placement that a person gave: a grid's code, or a pin whose grid is looked up; logged, the old one kept.

    Raises:
        NotFound: no published grid has the code.
        Conflict: the pin lies outside every grid, or the report is open no more.
    """
    require(actor, "place")
    if held.state not in TABLE["place"].starts:
        raise Conflict("report_not_open", number=held.number, state=held.state)
    grids.hold(db)
    if isinstance(where, str):
        chosen = grids.place_grid(db, where, now, rule)
    else:
        found = grids.place(db, *to_wgs84(where), now, rule)
        if found.grid_version_id is None:
            raise Conflict("pin_outside")
        chosen = replace(found, method="manual", distance_m=None)
    facts = {"grid": chosen.code, "method": "manual"} | (
        {} if isinstance(where, str) else {"lon": where.lon, "lat": where.lat, "crs": where.crs}
    )
    append(db, held.id, held.seq + 1, "place", held.state, held.state, actor, now, note, facts)
    supersede(db, held.id, held.seq + 1, chosen, now)
    return chosen


def wants_photo(closing: str | None) -> bool:
    """Whether a closing condition asks for a photo of what was done."""
    return any(word in (closing or "").casefold() for word in _PHOTO_WORDS)


def since(db: Connection, report_id: int, seq: int) -> Sequence[Any]:
    """The log rows after `seq`, for a caller whose version is stale: seq, action, to_state, at, actor_id."""
    log = t.report_log.c
    rows = select(log.seq, log.action, log.to_state, log.at, log.actor_id)
    return db.execute(rows.where((log.report_id == report_id) & (log.seq > seq)).order_by(log.seq)).all()
