"""The wall (挂图作战): what is on the ledger as one numbered board, the most urgent first, and where each thing lies.

The order is stated and total, so that a number on the board is the number of its pin: by deadline first (the earliest
limit leads, so overdue ones come before those due today), then without a limit, suspended, closed and waiting for a
rating, and last what was struck off these days. The board is bounded; how many are left out is said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    Double,
    Integer,
    Select,
    Text,
    any_,
    case,
    cast,
    func,
    literal,
    select,
    text,
    true,
    tuple_,
    union_all,
)

from gridsvc import stats, worklist, worklist_filter
from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.errors import Refused
from gridsvc.rules import masking
from gridsvc.rules.lifecycle import OPEN
from gridsvc.rules.lifecycle import STATES as ALL_STATES
from gridsvc.rules.roles import Actor

# The deadline states of what is open, then the two ends that are still looked at.
Standing = Literal["overdue", "due_today", "in_time", "no_deadline", "suspended", "closed", "struck_off"]
STANDINGS: tuple[Standing, ...] = get_args(Standing)
STATES = (*(state for state in ALL_STATES if state in OPEN), "closed", "struck_off")
STEPS = ("reported", "filed", "dispatched", "accepted", "disposed", "checked", "closed", "struck_off")
LIMITS = (50, 100, 200)
SHOWN = 100
MOST_CHANGED = 5000  # rows of the log; what more changed is read anew instead of report by report, and not counted
MOST_BEHIND = 100_000  # transactions; what changed since an older cursor is not looked for
STRUCK_DAYS = 7  # what was struck off so lately still hangs on the wall, crossed out
# where in the order a standing begins; the three by deadline share one, for their instants order them
_MOST_TOLD = 120  # characters of a text, once it is masked: cut before, a number could stay in part
_RANKS = {"overdue": 0, "due_today": 0, "in_time": 0, "no_deadline": 1, "suspended": 2, "closed": 3, "struck_off": 4}

_CURSOR = re.compile(r"[0-9]{1,19}:[0-9]{1,19}:([0-9]{1,19}(,[0-9]{1,19}){0,999})?")
_ANYBODY = Actor("admin")
_OWN_PLANS = text("SET LOCAL plan_cache_mode = force_custom_plan")  # as for a worklist: readers differ too much

_r = t.report.c


@dataclass(frozen=True)
class Filter:
    """What is asked for, by codes; everything given must hold. `area` with all below it, `category` or a class."""

    area: str | None = None
    category: str | None = None
    state: str | None = None
    standing: Standing | None = None


@dataclass(frozen=True, order=True)
class Place:
    """Where a report stands in the order, and what its standing is about: `until_at`."""

    rank: int
    sort: float
    id: int
    standing: Standing
    until_at: datetime | None


@dataclass(frozen=True)
class Row:
    """A report on the board. `step` of `STEPS`: how far it is; `owner_kind`: handler (accepted it) or worker (on duty).

    `located`: where its pin comes from: report (its own position), compound, grid (a point inside), or null for none.
    """

    id: int
    source: str
    number: str
    repeat: int
    state: str
    standing: str
    until_at: datetime | None
    category: str
    name_zh: str
    name_en: str
    description: str
    grid_code: str | None
    grid_name: str | None
    grid_layer: str | None
    area_code: str | None
    area_name: str | None
    department_code: str | None
    department_name: str | None
    owner: str | None
    owner_kind: str | None
    step: str
    card: str | None
    n_rework: int
    due_at: datetime | None
    updated_at: datetime
    struck_at: datetime | None
    lon: float | None
    lat: float | None
    located: str | None


@dataclass(frozen=True)
class Counts:
    """How many fit, by standing; the filter by standing apart, so that each can be chosen."""

    standings: dict[str, int]
    picked: int


@dataclass(frozen=True)
class Board:
    """The first places in order and the counts over all; `left_out`: how many more fit than are shown."""

    places: tuple[Place, ...]
    counts: Counts

    @property
    def left_out(self) -> int:
        return self.counts.picked - len(self.places)


def board(db: Connection, actor: Actor, wanted: Filter, now: datetime, zone: ZoneInfo, *, limit: int = SHOWN) -> Board:
    """The most urgent of what fits and what this reader sees.

    Raises:
        Refused: a limit that there is not.
        NotFound: an area that there is not.
    """
    if limit not in LIMITS:
        raise Refused("wall_limit", limit=limit, allowed=", ".join(map(str, LIMITS)))
    db.execute(_OWN_PLANS)
    every = _every(db, actor, wanted, now, zone, None).cte("every")
    counted = select(*_counts(every, wanted)).select_from(every).cte("counted")
    chosen = select(every).where(_picked(every, wanted)).order_by(*_order(every)).limit(limit).subquery("chosen")
    both = select(counted, chosen).select_from(counted.outerjoin(chosen, true())).order_by(*_order(chosen))
    found = db.execute(both).mappings().all()
    counts = Counts({name: found[0]["s_" + name] for name in STANDINGS}, found[0]["n_picked"])
    return Board(tuple(_place(row) for row in found if row["id"] is not None), counts)


def some(
    db: Connection,
    actor: Actor,
    wanted: Filter,
    ids: Sequence[int],
    now: datetime,
    zone: ZoneInfo,
    before: Place | None = None,
) -> list[Place]:
    """Those of these reports that fit and that this reader sees, in order; `before`: only those that come before it.

    Raises:
        NotFound: an area that there is not.
    """
    every = _every(db, actor, wanted, now, zone, ids).cte("every")
    found = select(every).where(_picked(every, wanted)).order_by(*_order(every))
    if before is not None:
        found = found.where(tuple_(*_order(every)) < tuple_(before.rank, before.sort, before.id))
    return [_place(row) for row in db.execute(found).mappings()]


def standing(
    db: Connection, ids: Sequence[int], now: datetime, zone: ZoneInfo, before: Place | None = None
) -> list[Place]:
    """Those of these reports that stand on any wall, in order: what `some` gives is among them, whoever asks."""
    return some(db, _ANYBODY, Filter(), ids, now, zone, before) if ids else []


def rows(db: Connection, places: Sequence[Place]) -> list[Row]:
    """What the board says of these places, in their order."""
    if not places:
        return []
    values = {
        "ids": [one.id for one in places],
        "standings": [one.standing for one in places],
        "untils": [one.until_at for one in places],
    }
    return [_row(masking.said(row)) for row in db.execute(load("wall_rows"), values).mappings()]


def _row(told: dict[str, Any]) -> Row:
    return Row(**told | {"description": told["description"][:_MOST_TOLD]})


def steady(db: Connection) -> None:
    """Makes the rest of this transaction, which must not have begun to read, one look: cursor and rows then agree."""
    db.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    db.execute(_OWN_PLANS)


def cursor(db: Connection) -> str:
    """What this transaction sees, as a text: the transactions that had ended, those still open left out.

    So a cursor never passes a transaction that is still open: what that one writes is new to the cursor when it
    commits, however many committed in between, and nothing is new to it twice.
    """
    return str(db.scalar(select(cast(func.pg_current_snapshot(), Text))))


def changed(db: Connection, since: str, *, most: int) -> list[int] | None:
    """Ids of the reports whose log has rows that were not seen when the cursor was made; None: more than `most` rows.

    Raises:
        Refused: it is no cursor.
    """
    _check_cursor(since)
    found = list(db.scalars(load("wall_changed"), {"since": since, "most": most + 1}))
    return None if len(found) > most else sorted(set(found))


def n_changed(db: Connection, actor: Actor, since: str) -> int | None:
    """How many reports that this reader sees changed since the cursor; None: too much did, or it is too old, to say.

    Raises:
        Refused: it is no cursor.
    """
    _check_cursor(since)
    newest = int(cursor(db).split(":")[1])
    if newest - int(since.split(":")[0]) > MOST_BEHIND:
        return None
    ids = changed(db, since, most=MOST_CHANGED)
    return None if ids is None else len(seen(db, actor, ids))


def seen(db: Connection, actor: Actor, ids: Sequence[int]) -> list[int]:
    """Those of these reports that this reader sees, whatever became of them."""
    if not ids:
        return []
    wanted = worklist_filter.conditions(db, actor, worklist_filter.Filter(states=ALL_STATES))
    return list(db.scalars(select(_r.id).where(_among(ids), *wanted)))


def scope(db: Connection, actor: Actor, wanted: Filter) -> str:
    """The places whose reports a board of this reader is made of, as a text that is another when one comes or goes."""
    mine = stats.scope(actor)
    values = {"area_ids": mine["area_ids"], "worker_id": mine["worker_id"], "area": wanted.area}
    return str(db.scalar(load("wall_scope"), values))


def check(db: Connection, wanted: Filter, since: str | None) -> None:
    """Returns where a board with these filters and this cursor can be asked for.

    Raises:
        NotFound: an area that there is not.
        Refused: it is no cursor.
    """
    if since is not None:
        _check_cursor(since)
    worklist_filter.conditions(db, _ANYBODY, worklist_filter.Filter(area=wanted.area))


def _check_cursor(since: str) -> None:
    if not _CURSOR.fullmatch(since):
        raise Refused("cursor_invalid")
    first, last, listed = since.split(":")
    between = [int(one) for one in listed.split(",") if one]
    limits = 0 < int(first) <= int(last) < 2**62
    if not limits or between != sorted(set(between)) or any(not int(first) <= one < int(last) for one in between):
        raise Refused("cursor_invalid")


def day_ends_at(now: datetime, zone: ZoneInfo) -> datetime:
    """When what is due today stops being so."""
    return worklist.day_ends_at(now, zone)


# ---- the statement ---------------------------------------------------------------------------------------------------


def _every(
    db: Connection, actor: Actor, wanted: Filter, now: datetime, zone: ZoneInfo, ids: Sequence[int] | None
) -> Select[Any]:
    """Narrow rows of all that fits but for the standing: three parts, each found by an index of its own."""
    asked = worklist_filter.Filter(area=wanted.area, category=wanted.category)
    parts: list[Select[Any]] = []
    if wanted.state is None or wanted.state in OPEN:
        states = () if wanted.state is None else (wanted.state,)
        standing = worklist.deadline_state(now, zone)
        until = case((standing == "suspended", _r.suspended_until), else_=worklist.until())
        sort = func.extract("epoch", func.coalesce(until, _r.received_at))
        parts.append(_part(db, actor, replace(asked, states=states), ids, standing, until, sort))
    if wanted.state in (None, "closed"):
        closed = replace(asked, states=("closed",))
        sort = func.extract("epoch", func.coalesce(_r.closed_at, _r.received_at))  # a source may not say when
        parts.append(_part(db, actor, closed, ids, literal("closed"), _r.closed_at, sort))
    if wanted.state in (None, "struck_off"):
        since = now - timedelta(days=STRUCK_DAYS)
        latest_first = -func.extract("epoch", _r.struck_at)
        struck = replace(asked, states=("struck_off",))
        part = _part(db, actor, struck, ids, literal("struck_off"), _r.struck_at, latest_first)
        parts.append(part.where(_r.struck_at >= since))
    if not parts:
        raise Refused("no_such_state", state=wanted.state)
    return select(union_all(*parts).subquery("parts"))


def _part(
    db: Connection,
    actor: Actor,
    asked: worklist_filter.Filter,
    ids: Sequence[int] | None,
    standing: ColumnElement[Any],
    until: ColumnElement[Any],
    sort: ColumnElement[Any],
) -> Select[Any]:
    columns = (_r.id, standing.label("standing"), until.label("until_at"), cast(sort, Double).label("sort"))
    chosen = select(*columns).where(*worklist_filter.conditions(db, actor, asked))
    if ids is None:
        return chosen
    return chosen.where(_among(ids))


def _among(ids: Sequence[int]) -> ColumnElement[bool]:
    return _r.id == any_(cast(list(ids), ARRAY(BigInteger)))


def _rank(every: Any) -> ColumnElement[Any]:
    return cast(case(_RANKS, value=every.c.standing), Integer)


def _order(every: Any) -> tuple[ColumnElement[Any], ...]:
    return _rank(every), every.c.sort, every.c.id


def _picked(every: CTE, wanted: Filter) -> ColumnElement[bool]:
    return true() if wanted.standing is None else every.c.standing == wanted.standing


def _counts(every: CTE, wanted: Filter) -> list[ColumnElement[Any]]:
    told = [func.count().filter(every.c.standing == name).label("s_" + name) for name in STANDINGS]
    return [*told, func.count().filter(_picked(every, wanted)).label("n_picked")]


def _place(row: Any) -> Place:
    return Place(_RANKS[row["standing"]], float(row["sort"]), row["id"], row["standing"], row["until_at"])
