"""Which reports a worklist is asked for, and which of them a reader sees: the conditions of its statements.

What is asked of a report's place is asked by EXISTS: the planner may then look at each report, or gather all that fit
first, whichever costs less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    and_,
    any_,
    cast,
    exists,
    false,
    func,
    or_,
    select,
)

from gridsvc import compounds
from gridsvc.db import tables as t
from gridsvc.errors import NotFound
from gridsvc.rules.lifecycle import OPEN, STATES
from gridsvc.rules.roles import Actor, may
from gridsvc.stats import scope

Deadline = Literal["overdue", "due_today", "in_time", "no_deadline", "suspended"]
# What has to happen next; the first seven divide the open reports among themselves.
Queue = Literal[
    "to_verify", "to_file", "to_dispatch", "to_accept", "in_work", "to_check", "to_close",
    "consultation", "extension", "unplaced", "doubtful", "rework",
]  # fmt: skip
DEADLINES: tuple[Deadline, ...] = get_args(Deadline)
QUEUES: tuple[Queue, ...] = get_args(Queue)

_r = t.report.c
_p = t.placement.c


@dataclass(frozen=True)
class Filter:
    """Which reports; everything given must hold. Without `states`: the open ones.

    `deadline` and `queue` choose one of the counts. `category` is a code or a class's code; `area` one with all below
    it; `department` the one that leads; codes all. `words`: a number, a compound's name (pinyin initials too), or a
    part of the text or of the place in words. `from_at` (inclusive) and `to_at` (exclusive) are of receipt.
    `claimable`: not what a handler's department takes part in, but what waits for dispatch and it may claim.
    """

    deadline: Deadline | None = None
    queue: Queue | None = None
    states: tuple[str, ...] = ()
    category: str | None = None
    grid: str | None = None
    area: str | None = None
    department: str | None = None
    card: str | None = None
    level: str | None = None
    called: bool = False
    words: str | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None
    claimable: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it asks for open reports only, which are few and are counted."""
        return OPEN.issuperset(self.states)


def conditions(db: Connection, actor: Actor, wanted: Filter) -> list[ColumnElement[bool]]:
    """What must hold of a row of `report`.

    Raises:
        NotFound: an area, grid or department that there is not.
    """
    told: list[ColumnElement[bool]] = []
    if not actor.sees_all:
        told.append(_claimable(db, actor) if wanted.claimable else _seen(db, actor))
    if not wanted.states:
        told.append(_r.open)
    elif set(wanted.states) != set(STATES):
        told.append(_r.state == wanted.states[0] if len(wanted.states) == 1 else _r.state.in_(wanted.states))
        if wanted.is_open:
            told.append(_r.open)
    if wanted.grid is not None:
        versions = select(t.grid_version.c.id).where(t.grid_version.c.code == wanted.grid)
        told.append(_within(_known(db, versions, "grid_unknown", grid=wanted.grid)))
    if wanted.area is not None:
        ids = _known(db, select(t.area.c.id).where(t.area.c.code == wanted.area), "area_unknown", area=wanted.area)
        told.append(_within(list(db.scalars(select(func.seen_grids(ids, None))))))
    if wanted.department is not None:
        d = t.department.c
        asked = select(d.id).where(d.code == wanted.department)
        told.append(_r.department_id.in_(_known(db, asked, "department_unknown", department=wanted.department)))
    return told + _of_report(db, actor, wanted)


def placed(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether this holds of a report's current placement."""
    here = and_(_p.report_id == _r.id, _p.to_at.is_(None))
    return exists().where(here, condition).correlate(t.report)


def _within(versions: Sequence[int]) -> ColumnElement[bool]:
    """Whether a report lies in one of these grids; told as values, so that the planner sees how many those are."""
    return placed(_p.grid_version_id == any_(cast(list(versions), ARRAY(BigInteger))))


def _known(db: Connection, asked: Select[Any], code: str, **facts: object) -> list[int]:
    found = list(db.scalars(asked))
    if not found:
        raise NotFound(code, **facts)
    return found


def _seen(db: Connection, actor: Actor) -> ColumnElement[bool]:
    mine = scope(actor)
    ways: list[ColumnElement[bool]] = []
    if mine["area_ids"] or mine["worker_id"] is not None:
        ways.append(_within(list(db.scalars(select(func.seen_grids(mine["area_ids"], mine["worker_id"]))))))
    if mine["department_id"] is not None:
        ways.append(func.takes_part(mine["department_id"], _r.department_id, _r.assist_ids, _r.called_ids))
    if may(actor, "place"):
        ways.append(placed(_p.grid_version_id.is_(None)))
    return or_(*ways) if ways else false()


def _claimable(db: Connection, actor: Actor) -> ColumnElement[bool]:
    department_id = scope(actor)["department_id"]
    if department_id is None:
        return false()
    places = list(db.scalars(select(func.claimed_grids(department_id))))
    return and_(_r.state == "filed", _r.category.in_(select(func.claimed_categories(department_id))), _within(places))


def _of_report(db: Connection, actor: Actor, wanted: Filter) -> list[ColumnElement[bool]]:
    told: list[ColumnElement[bool]] = []
    if wanted.category is not None:
        below = select(t.category.c.code).where(t.category.c.parent_code == wanted.category)
        told.append(or_(_r.category.startswith(wanted.category, autoescape=True), _r.category.in_(below)))
    if wanted.card is not None:
        told.append(_r.card == wanted.card)
    if wanted.level is not None:
        told.append(_r.level == wanted.level)
    if wanted.called:
        w = t.whistle_call.c
        awaited = select(w.report_id).where(w.arrived_at.is_(None))
        if actor.department_id is not None:
            awaited = awaited.where(w.department_id == actor.department_id)
        told.append(_r.id.in_(awaited))
    if wanted.from_at is not None:
        told.append(_r.received_at >= wanted.from_at)
    if wanted.to_at is not None:
        told.append(_r.received_at < wanted.to_at)
    if wanted.words is not None and wanted.words.strip():
        told.append(_spoken(db, wanted.words.strip()))
    return told


def _spoken(db: Connection, words: str) -> ColumnElement[bool]:
    plain, simple = words.casefold(), compounds.name_key(words)
    found = [
        func.strpos(func.lower(column), one) > 0 for column in (_r.description, _r.words) for one in {plain, simple}
    ]
    found.append(func.strpos(func.lower(_r.number), plain) > 0)
    named = compounds.ids_like(db, words)
    if named:
        found.append(_r.compound_id.in_(named))
    return or_(*found)
