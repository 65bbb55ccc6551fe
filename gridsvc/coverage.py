"""Coverage of visits: a campaign's doors or the whole register, by one or two dimensions, now or as of an instant.

What is kept with each change (`campaign_grid`, `campaign_cell`) is added up where that answers the question. Anything
else is counted from the visits: the doors, where they lay in an edition, how they stood; the same figures, slower.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from operator import itemgetter
from typing import Any, Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select
from sqlalchemy import Row as Found

from gridsvc import campaigns, covered_doors, history, small_cells, stats
from gridsvc.campaigns import Campaign, begins
from gridsvc.covered_doors import gone, whose
from gridsvc.db import queries
from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.errors import Conflict, Refused
from gridsvc.grids import Rule
from gridsvc.household_reading import folded
from gridsvc.rules.coverage import COUNTS, STANDING
from gridsvc.rules.rates import share
from gridsvc.rules.roles import Actor
from gridsvc.stats import scope

Dim = Literal["grid", "compound", "community", "subdistrict", "class", "day", "week"]
DIMS: tuple[Dim, ...] = get_args(Dim)
PLACES: tuple[Dim, ...] = ("grid", "compound", "community", "subdistrict")
TIMES: tuple[Dim, ...] = ("day", "week")
DAYS = 90  # without a campaign and a first day: the last ninety, today included
MOST_SPANS = 800
MOST_ROWS = 100_000  # by days or weeks: each place has a row of each
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Query:
    """What is asked: rows by nothing (the total alone), one or two of `DIMS`.

    Without a campaign the doors of the register, and visits at the door. Days are included, and narrow a campaign's.
    `edition`: group by the grids of this edition; `as_of`: count what was on record at that instant.
    """

    by: tuple[Dim, ...] = ("grid",)
    campaign: str | None = None
    from_on: date | None = None
    to_on: date | None = None
    class_code: str | None = None
    kind: str | None = None
    edition: int | None = None
    as_of: datetime | None = None


class Key(NamedTuple):
    """What a row is about in one dimension; `code` None: in no grid, compound or area."""

    code: str | None
    name: str | None
    name_en: str | None = None
    layer: str | None = None


class Row(NamedTuple):
    """A row: its keys in the order of the query, its counts in the order of `COUNTS`; None where they are hidden."""

    keys: tuple[Key, ...]
    values: tuple[int, ...] | None

    @property
    def counts(self) -> dict[str, int]:
        """The counts by name; nothing where they are hidden."""
        return {} if self.values is None else dict(zip(COUNTS, self.values, strict=True))


@dataclass(frozen=True)
class Window:
    """Which visits are looked at: from (inclusive) to (exclusive), and the days that these bound."""

    starts_at: datetime
    ends_at: datetime
    first: date
    last: date


@dataclass(frozen=True)
class Table:
    """A coverage: rows by code, the whole, and what stands beside it.

    `added`: doors of the campaign's scope that came on the register, or back, after its list was drawn; `outside`:
    those of them that were visited; both None without a campaign, and where the whole is hidden. `past`: counted as of
    an instant that was asked for; `held_at`: when the grids held that the doors are in; `unknown_before`: changes of
    doors and campaigns before it are not known, where that comes after the instant.
    """

    query: Query
    campaign: Campaign | None
    window: Window
    rows: tuple[Row, ...]
    values: tuple[int, ...] | None
    added: int | None
    outside: int | None
    as_of: datetime
    past: bool
    held_at: datetime
    unknown_before: datetime | None = None

    @property
    def counts(self) -> dict[str, int]:
        """The counts of the whole; nothing where they are hidden."""
        return {} if self.values is None else dict(zip(COUNTS, self.values, strict=True))


def table(
    db: Connection, query: Query, actor: Actor, now: datetime, zone: ZoneInfo, *, rule: Rule | None = None
) -> Table:
    """The coverage that a query asks for, as far as this reader sees it.

    Args:
        rule: how doors are placed; needed where an edition or an instant is asked for.

    Raises:
        NotFound: no such campaign or edition.
        Conflict: the campaign's list is not drawn yet.
        Refused: the dimensions, days, class or as-of time do not fit.
    """
    campaign = _checked(db, query, actor, now)
    window = window_of(query, campaign, query.as_of or now, zone)
    as_of = query.as_of or now
    kept = campaign if _is_kept(query) else None
    if kept is not None:
        held_at = now
        rows, whole = _kept(db, query, kept, actor)
    else:
        held_at = covered_doors.gather(db, campaign, query.edition, query.as_of, actor, now, rule)
        rows, whole = _counted(db, query, campaign, window, actor, held_at, zone, as_of)
    if small_cells.applies(actor, query.kind, _is_by_class(query, campaign)):
        rows, values = _hide(db, query, kept, actor, rows, whole)
    else:
        values = whole
    added, outside = (None, None) if campaign is None or values is None else _beside(db, query, campaign, window, actor)
    past = query.as_of is not None
    unknown_before = history.unknown_before(db, as_of) if past else None
    return Table(query, campaign, window, rows, values, added, outside, as_of, past, held_at, unknown_before)


@dataclass(frozen=True)
class Kept:
    """The counts of a campaign by grid as they are kept: `version` is another as soon as a row that this reader sees
    is another."""

    campaign: Campaign
    version: str


def kept(db: Connection, query: Query, actor: Actor, now: datetime) -> Kept | None:
    """What the answer to a query by grid is read from; None where it is counted, or where something is hidden.

    Raises:
        NotFound, Conflict, Refused: as `table`.
    """
    campaign = _checked(db, query, actor, now)
    if campaign is None or not _is_by_grid(query) or not _is_kept(query):
        return None
    if small_cells.applies(actor, query.kind, _is_by_class(query, campaign)):
        return None
    ((n, version),) = queries.table(db, "coverage_kept_version", scope(actor) | {"campaign_id": campaign.id})
    return Kept(campaign, f"{campaign.id}/{n}/{version}")


def around(
    db: Connection,
    query: Query,
    read: Kept,
    values: tuple[int, ...],
    actor: Actor,
    now: datetime,
    zone: ZoneInfo,
) -> Table:
    """The table that `table` gives, without its rows, which `read` stands for; `values` is their whole."""
    window = window_of(query, read.campaign, now, zone)
    beside = _beside(db, query, read.campaign, window, actor)
    return Table(query, read.campaign, window, (), values, *beside, now, past=False, held_at=now)


def for_map(told: Table) -> stats.Table:
    """A coverage by grid as maps take it: doors reached of those eligible; hidden ones have no figures."""
    rows = []
    n_nowhere = 0
    for row in told.rows:
        (key,), counts = row.keys, row.counts
        n, of = counts.get("reached", 0), counts.get("eligible")
        if key.code is None:
            n_nowhere = n
        else:
            rows.append(stats.Row(key.code, key.name or "", key.layer or "", n, of, share(n, of)))
    return stats.Table(tuple(rows), n_nowhere, "listed" if told.campaign else "registered")


def window_of(query: Query, campaign: Campaign | None, now: datetime, zone: ZoneInfo) -> Window:
    """The visits that a query looks at: the campaign's days narrowed by its own, or the days asked for.

    Raises:
        Refused: it ends before it begins.
    """
    first, last = query.from_on, query.to_on
    if campaign is not None:
        first = max(first or campaign.wanted.starts_on, campaign.wanted.starts_on)
        last = min(last or campaign.wanted.ends_on, campaign.wanted.ends_on)
    if last is None:
        last = max(now.astimezone(zone).date(), first or date.min)
    if first is None:
        first = last - (DAYS - 1) * _DAY
    if first > last:
        raise Refused("period_reversed", first=first.isoformat(), last=last.isoformat())
    return Window(begins(first, zone), begins(last + _DAY, zone), first, last)


def _checked(db: Connection, query: Query, actor: Actor, now: datetime) -> Campaign | None:
    """The campaign, where the query fits together."""
    fits = len(query.by) <= 2 and len(set(query.by)) == len(query.by) and set(query.by) <= set(DIMS)
    if not fits or set(TIMES) <= set(query.by):
        raise Refused("coverage_by", by=",".join(query.by), known=", ".join(DIMS))
    if query.as_of is not None and query.as_of > now:
        raise Refused("as_of_future", as_of=query.as_of.isoformat())
    if query.class_code is not None:
        known = select(t.household_class.c.code).where(t.household_class.c.code == query.class_code)
        if db.scalar(known) is None or query.class_code in folded(db, actor):
            raise Refused("class_unknown", class_code=query.class_code)
    if small_cells.applies(actor, query.kind, "class" in query.by or query.class_code is not None):
        small_cells.check(query.by, PLACES)
    if query.campaign is None:
        return None
    campaign = campaigns.one(db, query.campaign)
    if campaign.drawn_at is None:
        raise Conflict("campaign_not_drawn", campaign=campaign.code)
    return campaign if query.as_of is None else campaigns.then(db, campaign, query.as_of)


# ---- from what is kept ----------------------------------------------------------------------------------------------


def _kept(db: Connection, query: Query, campaign: Campaign, actor: Actor) -> tuple[tuple[Row, ...], tuple[int, ...]]:
    if _is_by_grid(query):
        found = queries.table(db, "coverage_by_grid_kept", scope(actor) | {"campaign_id": campaign.id})
        # as `_ordered` has it; nearly in order already, so that it takes a tenth of the server's time to sort them
        nowhere = [found.pop()] if found and found[-1][0] is None else []
        found = sorted(found, key=itemgetter(0, _N_CALLED - 1)) + nowhere
        counts = list(map(itemgetter(slice(_N_CALLED, None)), found))
        keys = map(Key, *(map(itemgetter(i), found) for i in range(_N_CALLED)))
        return tuple(map(Row, zip(keys, strict=False), counts)), _sum(counts)
    values = _chosen(query, actor) | {"campaign_id": campaign.id, "folded": folded(db, actor)}
    told = db.execute(load("coverage_cells"), values).all()
    rows = [Row(_keys(query.by, one), tuple(int(n) for n in one[-len(COUNTS) :])) for one in told]
    if not query.by:
        return (), _sum(row.values for row in rows)
    return _ordered(rows), _sum(row.values for row in rows)


def _is_kept(query: Query) -> bool:
    """Whether what is kept of a campaign answers this: all of its days, as they stand now, by today's grids."""
    changed = query.as_of or query.edition or query.from_on or query.to_on or set(query.by) & set(TIMES)
    return not changed


def _is_by_grid(query: Query) -> bool:
    return query.by == ("grid",) and query.class_code is None and query.kind is None


def _is_by_class(query: Query, campaign: Campaign | None) -> bool:
    of_some = campaign is not None and campaign.wanted.class_codes is not None
    return "class" in query.by or query.class_code is not None or of_some


_N_CALLED = 4  # the first columns: what a grid is called, as a Key has it


def _hide(
    db: Connection,
    query: Query,
    kept: Campaign | None,
    actor: Actor,
    rows: tuple[Row, ...],
    values: tuple[int, ...],
) -> tuple[tuple[Row, ...], tuple[int, ...] | None]:
    """The rows and the whole without what tells of few persons of a class; afterwards `covered_door` is as it was."""
    places = tuple(dim for dim in query.by if dim in PLACES)
    # Without a place too the communities are looked at: what is hidden of the classes is so in both answers.
    by: tuple[Dim, ...] = (*(places or ("community",)), "class")
    if set(by) == set(query.by) and query.class_code is None:
        every = [(row.keys, row.counts["enumerated"]) for row in rows]
        order = [query.by.index(dim) for dim in by]
    else:
        asked = _chosen(replace(query, by=by, class_code=None), actor)
        found = (
            db.execute(load("coverage_standing"), asked)
            if kept is None
            else db.execute(load("coverage_cells"), asked | {"campaign_id": kept.id, "folded": folded(db, actor)})
        )
        every = [(_keys(by, one), int(one.enumerated)) for one in found]
        order = list(range(len(by)))
    hidden = small_cells.Hidden(
        small_cells.Cell(tuple(keys[i].code for i in order[:-1]), str(keys[order[-1]].code), n) for keys, n in every
    )

    def told(row: Row) -> Row:
        named = dict(zip(query.by, (key.code for key in row.keys), strict=True))
        place = tuple(named[dim] for dim in places)
        class_code = named.get("class", query.class_code)
        return Row(row.keys, None) if (hidden.at(place, class_code) if places else hidden.whole(class_code)) else row

    whole = None if hidden.whole(query.class_code) else values
    return tuple(told(row) for row in rows), whole


def _chosen(query: Query, actor: Actor) -> dict[str, object]:
    by = {f"by_{dim}": dim in query.by for dim in (*PLACES, "class")}
    return scope(actor) | by | {"class_code": query.class_code, "kind": query.kind}


def _keys(by: Sequence[Dim], row: Found[Any], span: Key | None = None) -> tuple[Key, ...]:
    told = []
    for dim in by:
        if dim in TIMES and span is not None:
            told.append(span)
        elif dim == "grid":
            told.append(Key(row.grid_code, row.grid_name, None, row.layer))
        elif dim == "class":
            told.append(Key(row.class_code, row.class_zh, row.class_en))
        else:
            told.append(Key(getattr(row, f"{dim}_code"), getattr(row, f"{dim}_name")))
    return tuple(told)


def _ordered(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(
        sorted(rows, key=lambda row: [(key.code is None, key.code or "", key.layer or "") for key in row.keys])
    )


def _sum(rows: Iterable[Sequence[int] | None]) -> tuple[int, ...]:
    shown = [row for row in rows if row is not None]
    return tuple(map(sum, zip(*shown, strict=True))) if shown else (0,) * len(COUNTS)


def _beside(
    db: Connection, query: Query, campaign: Campaign, window: Window, actor: Actor
) -> tuple[int | None, int | None]:
    values = _chosen(query, actor) | _span(window) | {"campaign_id": campaign.id, "drawn_at": campaign.drawn_at}
    values["folded"] = folded(db, actor)
    if query.as_of is None:
        ((added, outside),) = queries.table(db, "coverage_beside", values)
    else:
        then = {"as_of": query.as_of, "gone_ids": gone(db, query.as_of)["gone_ids"]}
        values |= then | {"modes": list(campaign.wanted.modes)}
        ((added, outside),) = queries.table(db, "coverage_beside_then", values)
    return added, outside


def _span(window: Window) -> dict[str, object]:
    return {"starts_at": window.starts_at, "ends_at": window.ends_at}


# ---- from the visits ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Span:
    """A day, a week or the whole window."""

    key: Key
    begins: datetime
    ends: datetime


def _counted(
    db: Connection,
    query: Query,
    campaign: Campaign | None,
    window: Window,
    actor: Actor,
    held_at: datetime,
    zone: ZoneInfo,
    until: datetime,
) -> tuple[tuple[Row, ...], tuple[int, ...]]:
    values = _chosen(query, actor) | {"as_of": query.as_of}
    values |= {"modes": list(campaign.wanted.modes), "n_times": campaign.wanted.n_times} if campaign else _AT_DOORS
    whole = [_Span(Key(None, None), window.starts_at, window.ends_at)]
    times = [dim for dim in query.by if dim in TIMES]
    if not times:
        rows = _stood(db, query.by, values, whole)
        if query.by == ("grid",) and campaign is None:
            rows += _empty_grids(db, rows, actor, held_at)
        return (_ordered(rows) if query.by else ()), _sum(row.values for row in rows)
    spans = _spans(times[0], window, until, zone)
    rows = _stood(db, query.by, values, spans)
    total = _stood(db, (), values | dict.fromkeys((f"by_{dim}" for dim in (*PLACES, "class")), False), whole)
    return _ordered(rows), _sum(row.values for row in total)


_AT_DOORS: dict[str, object] = {"modes": ["door"], "n_times": 1}


def _stood(db: Connection, by: Sequence[Dim], values: dict[str, object], spans: Sequence[_Span]) -> list[Row]:
    """The rows of each span: doors that were visited in it by how they stood, the others as not visited."""
    standing = db.execute(load("coverage_standing"), _without(values, "modes", "n_times", "as_of")).all()
    if len(spans) > 1 and len(standing) * len(spans) > MOST_ROWS:
        raise Refused("coverage_rows", most=MOST_ROWS, n=len(standing) * len(spans))
    bounds = {"begins": [span.begins for span in spans], "ends": [span.ends for span in spans]}
    found = db.execute(load("coverage_visited"), values | bounds).mappings()
    visited = {tuple(row[name] for name in ("nr", *_IDS)): dict(row) for row in found}
    rows = []
    for nr, span in enumerate(spans, start=1):
        for one in standing:
            seen = visited.get((nr, *(getattr(one, name) for name in _IDS)), {})
            counts = {name: int(seen.get(name) or 0) for name in COUNTS}
            counts |= {name: getattr(one, name) for name in STANDING}
            counts["not_visited"] = one.enumerated - int(seen.get("n_doors") or 0)
            rows.append(Row(_keys(by, one, span.key), tuple(counts.values())))
    return rows


_IDS = ("grid_version_id", "compound_id", "community_id", "subdistrict_id", "class_code")


def _without(values: dict[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in values.items() if name not in names}


def _spans(dim: Dim, window: Window, now: datetime, zone: ZoneInfo) -> list[_Span]:
    """The days or weeks (Monday to Sunday) of a window that have begun, the first and last week cut to it."""
    last = min(window.last, now.astimezone(zone).date())
    step = _DAY if dim == "day" else 7 * _DAY
    day = window.first if dim == "day" else window.first - window.first.weekday() * _DAY
    spans = []
    while day <= last:
        until = day + step
        year, week, _ = day.isocalendar()
        code = day.isoformat() if dim == "day" else f"{year}-W{week:02d}"
        name = code if dim == "day" else f"{day.isoformat()}/{(until - _DAY).isoformat()}"
        bounds = max(begins(day, zone), window.starts_at), min(begins(until, zone), window.ends_at)
        spans.append(_Span(Key(code, name), *bounds))
        day = until
    if len(spans) > MOST_SPANS:
        raise Refused("coverage_spans", most=MOST_SPANS)
    return spans


def _empty_grids(db: Connection, rows: Sequence[Row], actor: Actor, held_at: datetime) -> list[Row]:
    """A row for each grid without a door: it has no share, and a map says so."""
    had = {(row.keys[0].layer, row.keys[0].code) for row in rows}
    seen = db.execute(load("coverage_grids"), whose(actor) | {"at": held_at})
    zero = (0,) * len(COUNTS)
    return [Row((Key(g.code, g.name, None, g.layer),), zero) for g in seen if (g.layer, g.code) not in had]
