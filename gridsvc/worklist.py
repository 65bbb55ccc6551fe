"""The worklist: what waits for somebody's work, counted by deadline state and by next step, filtered, sorted, paged.

The conditions are put together from parts (Core, values bound): only what a reader asks for stands in the statement, so
that the planner sees what it may skip. The counts and the list share the same conditions, so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Case,
    ColumnElement,
    Connection,
    DateTime,
    Integer,
    Select,
    SelectBase,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
    union_all,
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
from gridsvc.worklist_filter import conditions, current, ended_places, placed

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
    skip = 0 if after else (number - 1) * limit
    if not wanted.is_open:
        # the deadline's state is looked at behind the limit: before it, an index alone holds all that is needed
        few = _narrow(_long(db, actor, wanted, order), order, after).offset(skip).limit(limit + 1).subquery("few")
        state = _deadline(now, day_end, is_open=False).label("deadline")
        behind = select(few.c.id, few.c.key, state).join_from(few, t.report, _r.id == few.c.id)
        found = db.execute(behind.order_by(*_ordered(few, order))).all()
        return _page(db, found, limit, None, None)
    where = conditions(db, actor, wanted)
    counts, total = _counted(db, where, wanted, now, day_end)
    if total <= skip:
        return Page((), None, counts, total)
    base = _base(where, order, now, day_end, _wanted(wanted))
    if order.by != "due":
        base = base.offset(0)  # a fence: the index that keeps all reports in this order would be gone through instead
    found = db.execute(_narrow(base, order, after).offset(skip).limit(limit + 1)).all()
    return _page(db, found, limit, counts, total)


def count(db: Connection, actor: Actor, wanted: Filter, now: datetime, zone: ZoneInfo) -> Counts:
    """Only the counts of open reports."""
    db.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    return _counted(db, conditions(db, actor, wanted), wanted, now, _day_end(now, zone))[0]


def _counted(
    db: Connection, where: list[ColumnElement[bool]], wanted: Filter, now: datetime, day_end: datetime
) -> tuple[Counts, int]:
    """The counts, and how many of them the list shows: few kinds of report, each counted once and added up here."""
    every = _base(where, BY_DUE, now, day_end).subquery("every")
    kind = [every.c[name] for name in _KIND]
    found = db.execute(select(*kind, func.count().label("n")).group_by(*kind)).all()

    def n(is_: Kind) -> int:
        return sum(row.n for row in found if all(getattr(row, name) == value for name, value in is_.items()))

    deadlines: dict[str, int] = {name: n({"deadline": name}) for name in DEADLINES}
    queues: dict[str, int] = {name: n(_of_queue(name)) for name in QUEUES}
    return Counts(n({}), deadlines, queues), n(_wanted(wanted))


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


def _page(db: Connection, found: Sequence[Any], limit: int, counts: Counts | None, total: int | None) -> Page:
    """The page of these rows: id, key and deadline, one more than are shown where there are more."""
    here = found[:limit]
    db.execute(text("SET LOCAL plan_cache_mode = auto"))  # by their ids rows are found alike, whoever asks
    values = {"ids": [one.id for one in here], "deadlines": [one.deadline for one in here]}
    items = tuple(Row(**row) for row in db.execute(load("worklist_rows"), values).mappings()) if here else ()
    more = len(found) > limit
    return Page(items, After(here[-1].key, here[-1].id) if more else None, counts, total)


def day_ends_at(now: datetime, zone: ZoneInfo) -> datetime:
    """The midnight that ends today, before which what is due today has to be done."""
    return _day_end(now, zone)


def _day_end(now: datetime, zone: ZoneInfo) -> datetime:
    tomorrow: date = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), zone)


# ---- what is read of each report ------------------------------------------------------------------------------------


def until() -> ColumnElement[Any]:
    """The instant that an open report's present step has to be done by; none of an ended one."""
    return _r.until_at


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


def _stands(now: datetime, day_end: datetime) -> dict[str, ColumnElement[bool]]:
    """What holds of an open report in each deadline state: what `_deadline` says of one report, asked of all."""
    runs = and_(_r.suspended_at.is_(None), _r.waiting_at.is_(None))
    begin, end = (literal(at, DateTime(timezone=True)) for at in (now, day_end))
    return {
        "suspended": or_(_r.suspended_at.is_not(None), _r.waiting_at.is_not(None)),
        "no_deadline": and_(runs, _r.until_at.is_(None)),
        "overdue": and_(runs, _r.until_at < begin),
        "due_today": and_(runs, _r.until_at >= begin, _r.until_at < end),
        "in_time": and_(runs, _r.until_at >= begin, _r.until_at >= end),
    }


def _key(order: Order, *, is_open: bool) -> ColumnElement[Any]:
    """What the list is sorted by; an empty value comes last, and first where it is descending.

    Open reports by the limit that their deadline state is about; lists with ended ones by what an index keeps in order.
    """
    keys: dict[Sort, ColumnElement[Any]] = {
        "due": until() if is_open else _r.due_at,
        "received": _r.received_at,
        "updated": func.greatest(_r.updated_at, _p.from_at, type_=_r.updated_at.type),  # the last row of the log
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


def _base(
    where: list[ColumnElement[bool]], order: Order, now: datetime, day_end: datetime, picked: Kind | None = None
) -> Select[Any]:
    """Narrow rows of the open reports that fit; where `picked` is given those of that kind, else with their kind."""
    joined = order.by in ("grid", "updated")
    kind: dict[str, ColumnElement[Any]] = {
        "deadline": _deadline(now, day_end, is_open=True),
        "step": _r.step,
        "consultation": _r.routing == "consultation",
        "extension": _r.extension_asked_at.is_not(None),
        "rework": _r.n_rework > 0,
        **_doubts(joined=joined),
    }
    told = _KIND if picked is None else ("deadline",)
    columns = [_r.id, _key(order, is_open=True).label("key"), *(kind[name].label(name) for name in told)]
    chosen = select(*columns).select_from(t.report)
    if joined:
        chosen = chosen.join(t.placement, and_(_p.report_id == _r.id, current(is_open=True)))
    if order.by == "grid":
        chosen = chosen.outerjoin(t.grid_version, t.grid_version.c.id == _p.grid_version_id)
    elif order.by == "department":
        chosen = chosen.outerjoin(t.department, t.department.c.id == _r.department_id)
    for name, value in (picked or {}).items():
        if name == "deadline":  # in the words of the columns, whose statistics the planner has
            chosen = chosen.where(_stands(now, day_end)[str(value)])
        else:
            chosen = chosen.where(kind[name] if value is True else kind[name] == value)
    return chosen.where(*where)


def _long(db: Connection, actor: Actor, wanted: Filter, order: Order) -> SelectBase:
    """Narrow rows of what fits, ended reports too: from the placements alone where these say all that is asked."""
    parts = ended_places(db, actor, wanted) if order.by == "received" else None
    if parts is None:
        key = _key(order, is_open=False).label("key")
        return select(_r.id, key).where(*conditions(db, actor, wanted))
    return union_all(*(select(_p.report_id.label("id"), _p.received_at.label("key")).where(part) for part in parts))


def _doubts(*, joined: bool) -> dict[str, ColumnElement[bool]]:
    """Whether a report is unplaced, and whether its place is doubtful: few are, and two small indexes hold them.

    Looking into `placement` for each open report would take longer than all the rest.
    """
    told: dict[str, ColumnElement[bool]] = {"unplaced": _p.grid_version_id.is_(None)}
    told["doubtful"] = _p.confidence < text(str(DOUBTFUL_BELOW))  # as the index has it, not as a parameter
    return told if joined else {name: placed(one, is_open=True) for name, one in told.items()}


# ---- the chosen part, its order --------------------------------------------------------------------------------------

Kind = dict[str, object]  # values of some columns of a report's kind
_FLAGS = ("consultation", "extension", "unplaced", "doubtful", "rework")
_KIND = ("deadline", "step", *_FLAGS)


def _of_queue(queue: Queue) -> Kind:
    if queue == "consultation":
        return {"step": "to_dispatch", "consultation": True}
    return {queue: True} if queue in _FLAGS else {"step": queue}


def _wanted(wanted: Filter) -> Kind:
    deadline: Kind = {} if wanted.deadline is None else {"deadline": wanted.deadline}
    return deadline | ({} if wanted.queue is None else _of_queue(wanted.queue))


def _ordered(rows: Any, order: Order) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    key, id_ = rows.c.key, rows.c.id
    return (key.desc().nulls_first(), id_.desc()) if order.descending else (key.asc().nulls_last(), id_.asc())


def _narrow(base: SelectBase, order: Order, after: After | None) -> Select[Any]:
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
