"""The worklist: what waits for somebody's work, counted by deadline state and by next step, filtered, sorted, paged.

The conditions are put together from parts (Core, values bound): only what a reader asks for stands in the statement, so
that the planner sees what it may skip. The counts and the list share the same conditions, so they cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from sqlalchemy import (
    CTE,
    Case,
    ColumnElement,
    Connection,
    DateTime,
    Integer,
    RowMapping,
    Select,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    text,
    true,
    tuple_,
)

from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.db.tables.reports import LEVELS
from gridsvc.errors import Refused
from gridsvc.grids import DOUBTFUL_BELOW
from gridsvc.rules.lifecycle import STATES
from gridsvc.rules.roles import Actor
from gridsvc.worklist_filter import DEADLINES as DEADLINES
from gridsvc.worklist_filter import QUEUES as QUEUES
from gridsvc.worklist_filter import Deadline as Deadline
from gridsvc.worklist_filter import Filter as Filter
from gridsvc.worklist_filter import Queue as Queue
from gridsvc.worklist_filter import conditions, placed

Sort = Literal["due", "received", "updated", "state", "grid", "category", "level", "card", "department"]
SORTS: tuple[Sort, ...] = get_args(Sort)
# Lists with ended reports are a hundred times as long: only what an index keeps in order.
LONG_SORTS: tuple[Sort, ...] = ("received", "due")
MAX_PAGE = 100
MAX_PAGES = 100_000
CARDS = ("none", "yellow", "red")

_r = t.report.c
_p = t.placement.c


@dataclass(frozen=True)
class Order:
    """How the list is sorted; descending is the exact reverse, ties go by the report's id."""

    by: Sort = "due"
    descending: bool = False


BY_DUE = Order()


@dataclass(frozen=True)
class After:
    """The last row of a page: its sort value (null where it had none) and id."""

    value: str | int | datetime | None
    id: int


@dataclass(frozen=True)
class Counts:
    """How many open reports fit the filter (`deadline` and `queue` apart), by deadline state and by next step."""

    total: int
    deadlines: dict[str, int]
    queues: dict[str, int]


@dataclass(frozen=True)
class Row:
    """A report as the list shows it; `version`: the last seq of its log; `deadline`: null where it waits for nobody.

    `due_unit`: the unit its limit counts in (`rules.deadlines`); `n_called`: departments that a whistle called.
    """

    id: int
    source: str
    number: str
    repeat: int
    state: str
    deadline: str | None
    due_at: datetime | None
    due_original_at: datetime | None
    due_unit: str | None
    stage: str | None
    stage_due_at: datetime | None
    category: str
    name_zh: str
    name_en: str
    description: str
    compound: str | None
    grid_code: str | None
    grid_name: str | None
    grid_layer: str | None
    area_code: str | None
    area_name: str | None
    worker_name: str | None
    duty: str | None
    department_code: str | None
    department_name: str | None
    routing: str | None
    n_called: int
    level: str | None
    card: str | None
    outcome: str | None
    suspended_at: datetime | None
    suspended_until: datetime | None
    waiting_at: datetime | None
    interim_at: datetime | None
    extension_asked_at: datetime | None
    dispatched_at: datetime | None
    accepted_at: datetime | None
    disposed_at: datetime | None
    n_rework: int
    n_returns: int
    n_extensions: int
    confidence: float | None
    received_at: datetime
    day_only: bool
    updated_at: datetime
    version: int


@dataclass(frozen=True)
class Page:
    """Some rows in order, where the next page begins (null: this was the last), and the counts of open reports.

    `total` is how many rows the whole list has; null for lists with ended reports, which nobody counts.
    """

    items: tuple[Row, ...]
    next: After | None
    counts: Counts | None
    total: int | None


def page(
    db: Connection,
    actor: Actor,
    wanted: Filter,
    now: datetime,
    zone: ZoneInfo,
    *,
    order: Order = BY_DUE,
    after: After | None = None,
    number: int = 1,
    limit: int = 50,
) -> Page:
    """A page of the reports that fit and that this reader sees: from behind `after`, else the page with this number.

    Raises:
        Refused: a state, page or order that there is not.
        NotFound: an area, grid or department that there is not.
    """
    _check(wanted, order, number, limit)
    # A plan made for these very values: one plan for all readers would read the whole table for each.
    db.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    day_end = _day_end(now, zone)
    base = _base(db, actor, wanted, order, now, day_end)
    skip = 0 if after else (number - 1) * limit
    if not wanted.is_open:
        # the deadline's state is looked at behind the limit: before it, an index alone holds all that is needed
        few = _narrow(base, order, after).offset(skip).limit(limit + 1).subquery("few")
        state = _deadline(now, day_end, is_open=False).label("deadline")
        behind = select(few.c.id, few.c.key, state).join_from(few, t.report, _r.id == few.c.id)
        found = db.execute(behind.order_by(*_ordered(few, order)))
        return _page(db, [(one.id, one.deadline, one.key) for one in found], limit, None, None)
    every = base.cte("base")
    counted = select(*_counts(every, wanted)).select_from(every).cte("counted")
    chosen = _narrow(select(every).where(_picked(every, wanted)), order, after).offset(skip).limit(limit + 1).subquery()
    both = select(counted, chosen).select_from(counted.outerjoin(chosen, true())).order_by(*_ordered(chosen, order))
    rows = db.execute(both).mappings().all()
    here = [(row["id"], row["deadline"], row["key"]) for row in rows if row["id"] is not None]
    return _page(db, here, limit, _told(rows[0]), rows[0]["picked"])


def count(db: Connection, actor: Actor, wanted: Filter, now: datetime, zone: ZoneInfo) -> Counts:
    """Only the counts of open reports."""
    db.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    every = _base(db, actor, wanted, BY_DUE, now, _day_end(now, zone)).cte("base")
    return _told(db.execute(select(*_counts(every, wanted)).select_from(every)).mappings().one())


def _told(row: RowMapping) -> Counts:
    deadlines: dict[str, int] = {name: row["d_" + name] for name in DEADLINES}
    queues: dict[str, int] = {name: row["q_" + name] for name in QUEUES}
    return Counts(row["total"], deadlines, queues)


def _check(wanted: Filter, order: Order, number: int, limit: int) -> None:
    for state in wanted.states:
        if state not in STATES:
            raise Refused("no_such_state", state=state)
    if not 1 <= number <= MAX_PAGES or not 1 <= limit <= MAX_PAGE:
        raise Refused("page_unknown", page=number, limit=limit)
    if not wanted.is_open and order.by not in LONG_SORTS:
        raise Refused("sort_open_only", sort=order.by, allowed=", ".join(LONG_SORTS))
    if not wanted.is_open and (wanted.deadline or wanted.queue):
        raise Refused("queue_open_only", queue=wanted.deadline or wanted.queue)


def _page(
    db: Connection, found: list[tuple[int, str | None, Any]], limit: int, counts: Counts | None, total: int | None
) -> Page:
    here = found[:limit]
    values = {"ids": [id_ for id_, _, _ in here], "deadlines": [state for _, state, _ in here]}
    items = tuple(Row(**row) for row in db.execute(load("worklist_rows"), values).mappings()) if here else ()
    more = len(found) > limit
    return Page(items, After(here[-1][2], here[-1][0]) if more else None, counts, total)


def day_ends_at(now: datetime, zone: ZoneInfo) -> datetime:
    """The midnight that ends today, before which what is due today has to be done."""
    return _day_end(now, zone)


def _day_end(now: datetime, zone: ZoneInfo) -> datetime:
    tomorrow: date = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), zone)


# ---- what is read of each report ------------------------------------------------------------------------------------


def until() -> Case[Any]:
    """The instant that a report's present step has to be done by.

    Once disposed of, the deadline was met or missed for good, and what counts is the check's own limit; while a
    department works, the deadline; before, whichever comes first of the stage's limit and the deadline.
    """
    return case(
        (_r.state.in_(("disposed", "checked")), _r.stage_due_at),
        (_r.stage == "dispose", _r.due_at),
        else_=func.least(_r.due_at, _r.stage_due_at),
    )


def deadline_state(now: datetime, zone: ZoneInfo) -> Case[Any]:
    """The deadline state of an open report."""
    return _deadline(now, _day_end(now, zone), is_open=True)


def _deadline(now: datetime, day_end: datetime, *, is_open: bool) -> Case[Any]:
    at = until()
    # where only open ones are asked for, `open` must not be read: the index that lists them does not hold it
    ended = () if is_open else ((~_r.open, None),)
    return case(
        *ended,
        (or_(_r.suspended_at.is_not(None), _r.waiting_at.is_not(None)), "suspended"),
        (at.is_(None), "no_deadline"),
        (at < literal(now, DateTime(timezone=True)), "overdue"),
        (at < literal(day_end, DateTime(timezone=True)), "due_today"),
        else_="in_time",
    )


def _step() -> Case[Any]:
    by_itself = and_(_r.outcome == "on_spot", _r.sampled.is_(False))  # nobody drew it for a check
    decided = or_(_r.by_staff, func.coalesce(_r.verified, "unable") != "unable")
    return case(
        (_r.state == "reported", case((decided, "to_file"), else_="to_verify")),
        (_r.state == "verified", "to_file"),
        (_r.state == "filed", "to_dispatch"),
        (_r.state == "dispatched", case((_r.accepted_at.is_(None), "to_accept"), else_="in_work")),
        (_r.state == "disposed", case((by_itself, "to_close"), else_="to_check")),
        (_r.state == "checked", "to_close"),
        else_=None,
    )


def _key(order: Order, *, is_open: bool) -> ColumnElement[Any]:
    """What the list is sorted by; an empty value comes last, and first where it is descending.

    Open reports by the limit that their deadline state is about; lists with ended ones by what an index keeps in order.
    """
    last = select(t.report_log.c.at).where(t.report_log.c.report_id == _r.id).order_by(t.report_log.c.seq.desc())
    keys: dict[Sort, ColumnElement[Any]] = {
        "due": until() if is_open else _r.due_at,
        "received": _r.received_at,
        "updated": last.limit(1).scalar_subquery(),
        "state": _ranked(_r.state, STATES),
        "grid": t.grid_version.c.code,
        "category": _r.category,
        "level": _ranked(_r.level, LEVELS),
        "card": _ranked(func.coalesce(_r.card, "none"), CARDS),
        "department": t.department.c.code,
    }
    return keys[order.by]


def _ranked(column: ColumnElement[Any], codes: tuple[str, ...]) -> ColumnElement[Any]:
    return cast(case({code: rank for rank, code in enumerate(codes)}, value=column), Integer)


def _base(db: Connection, actor: Actor, wanted: Filter, order: Order, now: datetime, day_end: datetime) -> Select[Any]:
    """Narrow rows of what fits, `deadline` and `queue` not looked at yet."""
    joined = order.by == "grid"
    columns: list[ColumnElement[Any]] = [_r.id, _key(order, is_open=wanted.is_open).label("key")]
    if wanted.is_open:
        columns += [
            _deadline(now, day_end, is_open=True).label("deadline"),
            _step().label("step"),
            (_r.routing == "consultation").label("consultation"),
            _r.extension_asked_at.is_not(None).label("extension"),
            (_r.n_rework > 0).label("rework"),
            *_doubts(joined=joined),
        ]
    chosen = select(*columns).select_from(t.report)
    if joined:
        chosen = chosen.join(t.placement, and_(_p.report_id == _r.id, _p.to_at.is_(None)))
        chosen = chosen.outerjoin(t.grid_version, t.grid_version.c.id == _p.grid_version_id)
    elif order.by == "department":
        chosen = chosen.outerjoin(t.department, t.department.c.id == _r.department_id)
    return chosen.where(*conditions(db, actor, wanted))


def _doubts(*, joined: bool) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Whether a report is unplaced, and whether its place is doubtful: few are, and two small indexes hold them.

    Looking into `placement` for each open report would take longer than all the rest.
    """
    doubtful = _p.confidence < text(str(DOUBTFUL_BELOW))  # as the index has it, not as a parameter
    if joined:
        return _p.grid_version_id.is_(None).label("unplaced"), doubtful.label("doubtful")
    return placed(_p.grid_version_id.is_(None)).label("unplaced"), placed(doubtful).label("doubtful")


# ---- counts, the chosen part, its order ------------------------------------------------------------------------------


def _is(every: CTE, queue: Queue) -> ColumnElement[bool]:
    flags = ("consultation", "extension", "unplaced", "doubtful", "rework")
    if queue == "consultation":
        return and_(every.c.step == "to_dispatch", every.c.consultation)
    return every.c[queue] if queue in flags else every.c.step == queue


def _counts(every: CTE, wanted: Filter) -> list[ColumnElement[Any]]:
    told: list[ColumnElement[Any]] = [func.count().label("total")]
    told += [func.count().filter(every.c.deadline == name).label("d_" + name) for name in DEADLINES]
    told += [func.count().filter(_is(every, name)).label("q_" + name) for name in QUEUES]
    return [*told, func.count().filter(_picked(every, wanted)).label("picked")]


def _picked(every: CTE, wanted: Filter) -> ColumnElement[bool]:
    chosen: list[ColumnElement[bool]] = []
    if wanted.deadline is not None:
        chosen.append(every.c.deadline == wanted.deadline)
    if wanted.queue is not None:
        chosen.append(_is(every, wanted.queue))
    return and_(true(), *chosen)


def _ordered(rows: Any, order: Order) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    key, id_ = rows.c.key, rows.c.id
    return (key.desc().nulls_first(), id_.desc()) if order.descending else (key.asc().nulls_last(), id_.asc())


def _narrow(base: Select[Any], order: Order, after: After | None) -> Select[Any]:
    """The rows in order, from behind `after` on."""
    rows = base.subquery("narrow")
    chosen = select(rows).order_by(*_ordered(rows, order))
    return chosen if after is None else chosen.where(_behind(rows.c.key, rows.c.id, order, after))


def _behind(key: ColumnElement[Any], id_: ColumnElement[Any], order: Order, after: After) -> ColumnElement[bool]:
    if after.value is None:
        same = and_(key.is_(None), id_ < after.id if order.descending else id_ > after.id)
        return or_(key.is_not(None), same) if order.descending else same
    value = literal(after.value, key.type)
    last = tuple_(value, literal(after.id))
    if order.descending:
        return tuple_(key, id_) < last
    behind = tuple_(key, id_) > last
    return behind if order.by in ("received", "category", "state") else or_(behind, key.is_(None))
