"""The worklist: what waits for somebody's work, counted by deadline state and by next step, filtered, sorted, paged.

The conditions are put together from parts (Core, values bound): only what a reader asks for stands in the statement, so
that the planner sees what it may skip. The counts and the list share the same conditions, so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Case,
    ColumnElement,
    Connection,
    DateTime,
    FromClause,
    Integer,
    Select,
    SelectBase,
    Table,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    text,
    true,
    tuple_,
    union_all,
)

from gridsvc.db import tables as t
from gridsvc.db.queries import ask
from gridsvc.db.tables.reports import LEVELS
from gridsvc.errors import Refused
from gridsvc.rules import masking
from gridsvc.rules.lifecycle import STATES
from gridsvc.rules.roles import Actor
from gridsvc.worklist_counts import Counts as Counts
from gridsvc.worklist_counts import counted, of_kind, picked
from gridsvc.worklist_filter import DEADLINES as DEADLINES
from gridsvc.worklist_filter import QUEUES as QUEUES
from gridsvc.worklist_filter import Deadline as Deadline
from gridsvc.worklist_filter import Filter as Filter
from gridsvc.worklist_filter import Queue as Queue
from gridsvc.worklist_filter import conditions, current, ended_places, open_ones

Sort = Literal["due", "received", "updated", "state", "grid", "category", "level", "card", "department"]
SORTS: tuple[Sort, ...] = get_args(Sort)
# Lists with ended reports are a hundred times as long: only what an index keeps in order.
LONG_SORTS: tuple[Sort, ...] = ("received", "due")
MAX_PAGE = 100
MAX_PAGES = 100_000
CARDS = ("none", "yellow", "red")
_PLACED: tuple[Sort, ...] = ("grid", "updated")  # orders that placements are read for
_MANY = 1000
_NEAR = 4
_FAR = 1000
# Until the transaction ends; null: as the connection has it. Text, for building it takes as long as asking.
_ANEW = "SELECT set_config('plan_cache_mode', %s, true)"
_ALONE = f"{_ANEW}, set_config('max_parallel_workers_per_gather', '0', true)"
_AS_BEFORE = (
    "SELECT set_config('plan_cache_mode', 'auto', true), set_config('enable_nestloop', 'on', true),"
    " set_config('max_parallel_workers_per_gather', NULL, true)"
)
_MOST_TOLD = 200  # characters of a text
_PIECES = 32  # of the time from the first report to the last
_LEAST = timedelta(microseconds=1)

_r = t.report.c
_p = t.placement.c
_AGAIN = _p.seq > text("1")  # as the index has it, not as a parameter


@dataclass(frozen=True)
class Order:
    """How the list is sorted; descending is the exact reverse, ties go by the report's id."""

    by: Sort = "due"
    descending: bool = False

    @property
    def reversed(self) -> Order:
        """The same from the end."""
        return Order(self.by, not self.descending)


BY_DUE = Order()


@dataclass(frozen=True)
class After:
    """The last row of a page: its sort value (null where it had none) and id."""

    value: str | int | datetime | None
    id: int


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
    _plan_anew(db, wanted)
    day_end = _day_end(now, zone)
    skip = 0 if after else (number - 1) * limit
    if not wanted.is_open:
        found = _long_page(db, actor, wanted, order, after, skip, limit)
        return _page(db, found, limit, now, day_end, None, None)
    where, places = open_ones(db, actor, wanted)
    counts, total = counted(db, where, wanted, now, day_end, places)
    if total <= skip:
        return Page((), None, counts, total)
    kind = of_kind(picked(wanted), now, day_end)
    # what is asked of a place, a kind or by words may all lie in the last grids
    spread = actor.sees_all and wanted == Filter(wanted.deadline, wanted.queue, wanted.states)
    asked = _Asked(where + kind, None if kind else places, spread)
    found = _slice(db, asked, order, after, skip, limit, total)
    return _page(db, found, limit, now, day_end, counts, total)


@dataclass(frozen=True)
class _Asked:
    """What must hold of open reports; of their placements, where that says the same; whether what fits may be thought
    to lie in all grids alike."""

    where: list[ColumnElement[bool]]
    places: list[ColumnElement[bool]] | None
    spread: bool


def _slice(
    db: Connection, asked: _Asked, order: Order, after: After | None, skip: int, limit: int, total: int
) -> Sequence[Any]:
    """The rows of a page and one more; those nearer to the end are counted from there, so that fewer are sorted."""
    turned, n = after is None and 2 * skip > total, limit + 1
    if turned:
        until = min(skip + n, total)
        order, n, skip = order.reversed, until - skip, total - until
    if order.by == "grid" and asked.spread and total > _MANY and _NEAR * (skip + n) <= total:
        base: SelectBase = _grid_by_grid(asked, order, after, skip + n)
    else:
        base = _base(asked, order)
        if order.by in _PLACED and total > _MANY:
            # So many are not looked up one by one. What the planner knows of the columns is of all reports, and most
            # have ended: it expects a few.
            db.exec_driver_sql("SET LOCAL enable_nestloop = off")
    found = db.execute(_narrow(base, order, after).offset(skip).limit(n)).all()
    return found[::-1] if turned else found


def _long_page(
    db: Connection, actor: Actor, wanted: Filter, order: Order, after: After | None, skip: int, limit: int
) -> Sequence[Any]:
    """The rows of a page of a list with ended reports, and one more.

    Far back in what placements say few are sorted, and not all until there.
    """
    parts = ended_places(db, actor, wanted) if order.by == "received" else None
    if parts is None:
        rows: SelectBase = select(_r.id, _key(order, is_open=False).label("key")).where(*conditions(db, actor, wanted))
        return db.execute(_narrow(rows, order, after).offset(skip).limit(limit + 1)).all()
    if skip >= _FAR:
        return db.execute(_far(parts, order, skip, limit + 1)).all()
    told = (select(_p.report_id.label("id"), _p.received_at.label("key")).where(part) for part in parts)
    return db.execute(_narrow(union_all(*told), order, after).offset(skip).limit(limit + 1)).all()


def _far(parts: list[ColumnElement[bool]], order: Order, skip: int, n: int) -> Select[Any]:
    """The rows of a page far back. Pieces of the time are counted, from where the list begins on, until there are so
    many; only those of the pieces where the page lies are sorted, and what lies behind is not read. A piece is a length
    in days and seconds: the session's zone has no summer time (`make_engine`: UTC)."""
    first, last = (select(f(_r.received_at)).scalar_subquery() for f in (func.min, func.max))
    start = last + _LEAST if order.descending else first
    width = (last - first).op("/", precedence=8)(literal(_PIECES)) + _LEAST
    zeros = (literal(0, BigInteger).label(name) for name in ("nr", "n"))
    walk = select(*zeros, start.label("edge"), width.label("width")).cte("walk", recursive=True)
    edge = walk.c.edge - walk.c.width if order.descending else walk.c.edge + walk.c.width
    here = _received(walk.c.edge, edge, order)
    counts = (select(func.count()).select_from(t.placement).where(part, here).scalar_subquery() for part in parts)
    more = select(walk.c.nr + 1, sum(counts, walk.c.n.expression), edge, walk.c.width)
    walk = walk.union_all(more.where(walk.c.n < skip + n, walk.c.nr < _PIECES))
    begin = select(walk.c.n, walk.c.edge).where(walk.c.n <= skip).order_by(walk.c.nr.desc()).limit(1).cte("begin")
    end = select(walk.c.edge).order_by(walk.c.nr.desc()).limit(1).scalar_subquery()
    there = _received(select(begin.c.edge).scalar_subquery(), end, order)
    told = (select(_p.report_id.label("id"), _p.received_at.label("key")).where(part, there) for part in parts)
    before = select(begin.c.n).scalar_subquery()
    return _narrow(union_all(*told), order, None).offset(literal(skip, BigInteger) - before).limit(n)


def _received(begin: ColumnElement[Any], end: ColumnElement[Any], order: Order) -> ColumnElement[bool]:
    """Received from one instant, which the order comes to first, until the other."""
    low, high = (end, begin) if order.descending else (begin, end)
    return and_(_p.received_at >= low, _p.received_at < high)


def count(db: Connection, actor: Actor, wanted: Filter, now: datetime, zone: ZoneInfo) -> Counts:
    """Only the counts of open reports."""
    _plan_anew(db, wanted)
    where, places = open_ones(db, actor, wanted)
    counts = counted(db, where, wanted, now, _day_end(now, zone), places)[0]
    db.exec_driver_sql(_AS_BEFORE)
    return counts


def _plan_anew(db: Connection, wanted: Filter) -> None:
    """Plans are made for these very values: one plan for all readers would read the whole table for each.

    Open reports are too few to be shared with other processes: starting these takes longer than reading all of them.
    """
    db.exec_driver_sql(_ALONE if wanted.is_open else _ANEW, ("force_custom_plan",))


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
    db: Connection,
    found: Sequence[Any],
    limit: int,
    now: datetime,
    day_end: datetime,
    counts: Counts | None,
    total: int | None,
) -> Page:
    """The page of these rows: id and key, one more than are shown where there are more."""
    here = found[:limit]
    # by their ids rows are found alike, whoever asks
    db.exec_driver_sql(_AS_BEFORE)
    values = {"ids": [one.id for one in here], "now": now, "day_end": day_end}
    items = tuple(_shown(Row(*row)) for row in ask(db, "worklist_rows", values)) if here else ()
    more = len(found) > limit
    return Page(items, After(here[-1].key, here[-1].id) if more else None, counts, total)


def _shown(row: Row) -> Row:
    """The row without numbers by which somebody could be found; only then it is cut, so that none stays in part."""
    text = masking.numbers(row.description)[:_MOST_TOLD]
    return row if text == row.description else replace(row, description=text)


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
    return _deadline(now, _day_end(now, zone))


def _deadline(now: datetime, day_end: datetime) -> Case[Any]:
    at = until()
    return case(
        (or_(_r.suspended_at.is_not(None), _r.waiting_at.is_not(None)), "suspended"),
        (at.is_(None), "no_deadline"),
        (at < literal(now, DateTime(timezone=True)), "overdue"),
        (at < literal(day_end, DateTime(timezone=True)), "due_today"),
        else_="in_time",
    )


def _key(order: Order, *, is_open: bool) -> ColumnElement[Any]:
    """What the list is sorted by; an empty value comes last, and first where it is descending.

    Open reports by the limit that their deadline state is about; lists with ended ones by what an index keeps in order.
    """
    keys: dict[Sort, Callable[[], ColumnElement[Any]]] = {
        "due": lambda: until() if is_open else _r.due_at.expression,
        "received": lambda: _r.received_at.expression,
        # the last row of the log
        "updated": lambda: func.greatest(_r.updated_at, _p.from_at, type_=_r.updated_at.type),
        "state": lambda: _ranked(_r.state, STATES),
        "grid": lambda: t.grid_version.c.code.expression,
        "category": lambda: _r.category.expression,
        "level": lambda: _ranked(_r.level, LEVELS),
        "card": lambda: _ranked(func.coalesce(_r.card, "none"), CARDS),
        "department": lambda: t.department.c.code.expression,
    }
    return keys[order.by]()


def _ranked(column: ColumnElement[Any], codes: tuple[str, ...]) -> ColumnElement[Any]:
    return cast(case({code: rank for rank, code in enumerate(codes)}, value=column), Integer)


def _base(asked: _Asked, order: Order) -> Select[Any]:
    """Narrow rows of the open reports of which this holds."""
    key = _key(order, is_open=True).label("key")
    here = and_(_p.report_id == _r.id, current(is_open=True))
    if order.by == "grid" and asked.places is not None:  # of the reports nothing is asked
        lying = t.placement.outerjoin(t.grid_version, t.grid_version.c.id == _p.grid_version_id)
        return select(_p.report_id.label("id"), key).select_from(lying).where(*asked.places).offset(0)
    chosen = select(_r.id, key).where(*asked.where)
    if order.by == "grid":
        grids = t.report.join(t.placement, here).outerjoin(t.grid_version, t.grid_version.c.id == _p.grid_version_id)
        chosen = chosen.select_from(grids)
    elif order.by == "updated":  # the first placement comes with the report: no later than what was last done to it
        chosen = chosen.select_from(t.report.outerjoin(t.placement, and_(here, _AGAIN)))
    elif order.by == "department":
        chosen = chosen.select_from(t.report.outerjoin(t.department, t.department.c.id == _r.department_id))
    # a fence: the index that keeps all reports in this order would be gone through instead
    return chosen if order.by == "due" else chosen.offset(0)


def _grid_by_grid(asked: _Asked, order: Order, after: After | None, n: int) -> SelectBase:
    """The first so many of these open reports in the order of grids, those without a grid told apart.

    One grid after the other is gone through until there are enough; joining all of them would take as long for one page
    as for the whole list.
    """
    g = t.grid_version.c
    inside = _lying(asked, _p.grid_version_id == g.id, g.code.expression, t.grid_version)
    if after is not None and after.value is not None:  # where the page begins
        inside = inside.where(g.code <= after.value if order.descending else g.code >= after.value)
    nowhere = _lying(asked, _p.grid_version_id.is_(None), cast(null(), g.code.type))
    return union_all(*(_narrow(part, order, after).limit(n) for part in (inside, nowhere)))


def _lying(
    asked: _Asked, there: ColumnElement[bool], key: ColumnElement[Any], grids: Table | None = None
) -> Select[Any]:
    """Those of these open reports that lie there, grid by grid; looked up only where something is asked of a report."""
    lies = select(_p.report_id.label("id")).where(there, current(is_open=True)).offset(0).lateral("lies")
    rows: FromClause = lies if grids is None else grids.join(lies, true())
    if asked.places is not None:
        return select(lies.c.id, key.label("key")).select_from(rows)
    fits = select(_r.id).where(_r.id == lies.c.id, *asked.where).offset(0).lateral("fits")
    return select(fits.c.id, key.label("key")).select_from(rows.join(fits, true()))


# ---- the chosen part, its order --------------------------------------------------------------------------------------


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
