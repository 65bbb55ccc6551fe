"""The worklist: what waits for somebody's work, counted by deadline state and by next step, filtered, sorted, paged.

The conditions are put together from parts (Core, values bound): only what a reader asks for stands in the statement, so
that the planner sees what it may skip. The counts and the list share the same conditions, so they cannot disagree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
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
from gridsvc.db.queries import ask
from gridsvc.db.tables.reports import LEVELS
from gridsvc.errors import Refused
from gridsvc.grids import DOUBTFUL_BELOW
from gridsvc.rules import masking
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
_PLACED: tuple[Sort, ...] = ("grid", "updated")  # orders that placements are read for
_MANY = 1000
_FAR = 1000
_MOST_TOLD = 200  # characters of a text
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_r = t.report.c
_p = t.placement.c


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
        found = _long_page(db, actor, wanted, order, after, skip, limit)
        return _page(db, found, limit, now, day_end, None, None)
    where = conditions(db, actor, wanted)
    counts, total = _counted(db, where, wanted, now, day_end)
    if total <= skip:
        return Page((), None, counts, total)
    base = _base(where, order, now, day_end, _wanted(wanted))
    if order.by != "due":
        base = base.offset(0)  # a fence: the index that keeps all reports in this order would be gone through instead
    if order.by in _PLACED and total > _MANY:
        # So many are not looked up one by one. What the planner knows of the columns is of all reports, and most have
        # ended: it expects a few.
        db.execute(text("SET LOCAL enable_nestloop = off"))
    found = _slice(db, base, order, after, skip, limit, total)
    return _page(db, found, limit, now, day_end, counts, total)


def _slice(
    db: Connection, base: SelectBase, order: Order, after: After | None, skip: int, limit: int, total: int
) -> Sequence[Any]:
    """The rows of a page and one more; those nearer to the end are counted from there, so that fewer are sorted."""
    if after is not None or 2 * skip <= total:
        return db.execute(_narrow(base, order, after).offset(skip).limit(limit + 1)).all()
    until = min(skip + limit + 1, total)
    found = db.execute(_narrow(base, order.reversed, None).offset(total - until).limit(until - skip)).all()
    return found[::-1]


def _long_page(
    db: Connection, actor: Actor, wanted: Filter, order: Order, after: After | None, skip: int, limit: int
) -> Sequence[Any]:
    """The rows of a page of a list with ended reports, and one more.

    Far back in what placements say the days are counted first, so that one day's are sorted and not all until there.
    """
    parts = ended_places(db, actor, wanted) if order.by == "received" else None
    if parts is None:
        rows: SelectBase = select(_r.id, _key(order, is_open=False).label("key")).where(*conditions(db, actor, wanted))
        return db.execute(_narrow(rows, order, after).offset(skip).limit(limit + 1)).all()
    begin = end = None
    if skip >= _FAR:
        begin, end, skip = _days_of(db, parts, order, skip, limit + 1)
    between = [_p.received_at >= begin] if begin else []
    between += [_p.received_at < end] if end else []
    told = (select(_p.report_id.label("id"), _p.received_at.label("key")).where(part, *between) for part in parts)
    return db.execute(_narrow(union_all(*told), order, after).offset(skip).limit(limit + 1)).all()


def _days_of(
    db: Connection, parts: list[ColumnElement[bool]], order: Order, skip: int, n: int
) -> tuple[datetime, datetime, int]:
    """From when until when (exclusive) those were received that stand at these places of the order, and how many of
    what was received then come before them."""
    day = func.date_bin(_DAY, _p.received_at, literal(_EPOCH, DateTime(timezone=True))).label("day")
    found = db.execute(
        union_all(*(select(day, func.count().label("n")).where(part).group_by(text("day")) for part in parts))
    )
    per_day: Counter[datetime] = Counter()
    for row in found:
        per_day[row.day] += row.n
    first = last = _EPOCH
    before = seen = 0
    for one in sorted(per_day, reverse=order.descending):
        if seen <= skip:
            first, before = one, seen
        last = one
        seen += per_day[one]
        if seen >= skip + n:
            break
    begin, end = sorted((first, last))
    return begin, end + _DAY, skip - before


def count(db: Connection, actor: Actor, wanted: Filter, now: datetime, zone: ZoneInfo) -> Counts:
    """Only the counts of open reports."""
    db.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    return _counted(db, conditions(db, actor, wanted), wanted, now, _day_end(now, zone))[0]


def _counted(
    db: Connection, where: list[ColumnElement[bool]], wanted: Filter, now: datetime, day_end: datetime
) -> tuple[Counts, int]:
    """The counts, and how many of them the list shows: few kinds of report, each counted once and added up here."""
    kind = [column.label(name) for name, column in (_kinds(now, day_end) | _doubts(joined=False)).items()]
    every = select(*kind, func.count().label("n")).where(*where).group_by(*(text(one.name) for one in kind))
    found = [({**row._mapping, "deadline": _state_of(row)}, row.n) for row in db.execute(every)]

    def n(is_: Kind) -> int:
        return sum(n for row, n in found if all(row[name] == value for name, value in is_.items()))

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
    db.execute(text("SELECT set_config('plan_cache_mode', 'auto', true), set_config('enable_nestloop', 'on', true)"))
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


def _base(
    where: list[ColumnElement[bool]], order: Order, now: datetime, day_end: datetime, picked: Kind
) -> Select[Any]:
    """Narrow rows of the open reports that fit and are of the kind that is picked."""
    joined = order.by in _PLACED
    chosen = select(_r.id, _key(order, is_open=True).label("key")).select_from(t.report)
    if joined:
        chosen = chosen.join(t.placement, and_(_p.report_id == _r.id, current(is_open=True)))
    if order.by == "grid":
        chosen = chosen.outerjoin(t.grid_version, t.grid_version.c.id == _p.grid_version_id)
    elif order.by == "department":
        chosen = chosen.outerjoin(t.department, t.department.c.id == _r.department_id)
    if picked:
        kind = _kinds(now, day_end) | _doubts(joined=joined)
        for name, value in picked.items():
            if name == "deadline":  # in the words of the columns, whose statistics the planner has
                chosen = chosen.where(_stands(now, day_end)[str(value)])
            else:
                chosen = chosen.where(kind[name] if value is True else kind[name] == value)
    return chosen.where(*where)


def _kinds(now: datetime, day_end: datetime) -> dict[str, ColumnElement[Any]]:
    """What open reports are counted by: plain comparisons, from which `_state_of` tells the deadline's state."""
    begin, end = (literal(at, DateTime(timezone=True)) for at in (now, day_end))
    return {
        "step": _r.step.expression,
        "runs": and_(_r.suspended_at.is_(None), _r.waiting_at.is_(None)),
        "late": _r.until_at < begin,
        "today": _r.until_at < end,
        "consultation": _r.routing == "consultation",
        "extension": _r.extension_asked_at.is_not(None),
        "rework": _r.n_rework > 0,
    }


def _state_of(row: Any) -> Deadline:
    """The deadline state of a kind of open reports."""
    if not row.runs:
        return "suspended"
    if row.today is None:
        return "no_deadline"
    return "overdue" if row.late else "due_today" if row.today else "in_time"


def _doubts(*, joined: bool) -> dict[str, ColumnElement[bool]]:
    """Whether a report is unplaced, and whether its place is doubtful: few are, and two small indexes hold them.

    Looking into `placement` for each open report would take longer than all the rest.
    """
    told: dict[str, ColumnElement[bool]] = {"unplaced": _p.grid_version_id.is_(None)}
    told["doubtful"] = _p.confidence < text(str(DOUBTFUL_BELOW))  # as the index has it, not as a parameter
    return told if joined else {name: placed(one, is_open=True) for name, one in told.items()}


# ---- the chosen part, its order --------------------------------------------------------------------------------------

Kind = dict[str, object]  # values of some columns of a report's kind
_FLAGS = ("consultation", "extension", "rework", "unplaced", "doubtful")


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
