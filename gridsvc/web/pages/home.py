"""The home page: what there is to do today, by role; every figure is a link to the list that it counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from gridsvc import campaigns, coverage, exclusions, listing, stats, terms, today, worklist
from gridsvc.rules.rates import share
from gridsvc.rules.roles import AREA_ROLES, may, require
from gridsvc.web.api import period
from gridsvc.web.deps import ServicesDep, Unit, UnitDep
from gridsvc.web.pages import work_rows
from gridsvc.web.pages.worklist import PATH, is_mine
from gridsvc.web.templating import Frame, frame_of, page

router = APIRouter()

URGENT = 10
LATEST = 10
EXTREMES = 5
# Those who look after the ground see its week and quarter; those who only act on reports see these.
ON_GROUND = AREA_ROLES | {"admin", "planner"}
_DUE = ("overdue", "due_today", "suspended")
_PRESSING = frozenset({"overdue"})
# In the order that a report goes; what is odd comes last.
_TODO = (
    *("to_accept", "in_work", "rework", "to_verify", "to_file", "to_dispatch", "consultation", "to_check", "to_close"),
    *("extension", "doubtful", "unplaced"),
)
# Whose own step is only part of what they see: their list has the reports that wait for that step.
OWN_QUEUES: dict[str, tuple[worklist.Queue, ...]] = {
    "worker": ("to_verify", "to_check"),
    "handler": ("to_accept", "in_work"),
    "checker": ("to_check",),
}


@dataclass(frozen=True)
class Tile:
    """A figure of today and the list behind it; `kind` says how it looks: due, pressing, todo."""

    name: str
    n: int
    href: str
    kind: str


@router.get("/", response_class=HTMLResponse)
def show(request: Request, unit: UnitDep, mine: ServicesDep) -> Response:
    """What waits for this reader, the most urgent first; and how the ground stands for those who look after it."""
    if not unit.actor.known:
        return RedirectResponse("/login", 303)
    require(unit.actor, "read_reports")
    frame, actor, zone = frame_of(request), unit.actor, mine.settings.zone
    counts = worklist.count(unit.db, actor, worklist.Filter(), unit.now, zone)
    acts = actor.role != "planner"
    facts: dict[str, Any] = {
        "acts": acts,
        "tiles": tiles(unit, counts) if acts else (),
        "n_open": counts.total,
        "urgent": _urgent(unit, frame) if acts else (),
        "latest": () if acts else listing.page(unit.db, actor, listing.Filter(), limit=LATEST).items,
        "own": today.own_grids(unit.db, actor.worker_id) if actor.role == "worker" else (),
        "held": today.holdings(unit.db),
        "ground": _ground(unit) if actor.role in ON_GROUND else None,
    }
    agreed = terms.load(unit.db, **mine.settings.agreed)
    return page(frame, "home.html", nav="home", **facts, **work_rows.telling_of(agreed))


def tiles(unit: Unit, counts: worklist.Counts) -> tuple[Tile, ...]:
    """The figures that this reader can do something about."""
    actor = unit.actor
    made = [
        Tile(name, counts.deadlines[name], _list(deadline=name), "pressing" if name in _PRESSING else "due")
        for name in _DUE
        if name != "suspended" or may(actor, "stop_asking")
    ]
    if may(actor, "whistle_arrive") or may(actor, "whistle_score"):
        called = worklist.count(unit.db, actor, worklist.Filter(called=True), unit.now, unit.mine.settings.zone).total
        made.append(Tile("called", called, _list(called="true"), "due"))
    if actor.role == "handler":
        wanted = worklist.Filter(claimable=True)
        n = worklist.count(unit.db, actor, wanted, unit.now, unit.mine.settings.zone).total
        made.append(Tile("claimable", n, _list(claimable="true"), "todo"))
    made += [
        Tile(name, counts.queues[name], "/unplaced" if name == "unplaced" else _list(queue=name), "todo")
        for name in _TODO
        if is_mine(actor, name)
    ]
    return (*made, *_visits(unit))


def _visits(unit: Unit) -> list[Tile]:
    """A worker's doors of the running campaigns; what waits for a second person to look at."""
    made = []
    if unit.actor.role == "worker":
        running = [one for one in campaigns.listed(unit.db) if one.state == "running"]
        for one in running[:1]:
            query = coverage.Query((), one.code)
            counts = coverage.table(unit.db, query, unit.actor, unit.now, unit.mine.settings.zone).counts
            if counts:
                made.append(Tile("my_day", counts["eligible"] - counts["reached"], "/my-day", "todo"))
    elif may(unit.actor, "confirm_exclusion"):
        made.append(Tile("claims", len(exclusions.waiting(unit.db, unit.actor)), "/visits", "todo"))
    return made


def _list(**query: str) -> str:
    return f"{PATH}?{urlencode(query)}"


def _urgent(unit: Unit, frame: Frame) -> tuple[worklist.Row, ...]:
    """The ten that are due first, of those that wait for this reader's own step where only some do."""
    db, actor = unit.db, unit.actor
    rows: list[worklist.Row] = []
    for queue in OWN_QUEUES.get(actor.role, (None,)):
        found = worklist.page(db, actor, worklist.Filter(queue=queue), unit.now, frame.zone, limit=URGENT)
        rows += found.items

    def soonest(row: worklist.Row) -> tuple[bool, bool, float]:
        at = work_rows.until(row)
        stopped = row.deadline == "suspended"
        return stopped, at is None, 0 if at is None else at.timestamp()

    return tuple(sorted(rows, key=soonest)[:URGENT])


def _ground(unit: Unit) -> dict[str, Any]:
    """The week's reports, the quarter's visits, the busiest and the least covered grids."""
    db, actor, now, zone = unit.db, unit.actor, unit.now, unit.mine.settings.zone
    day = now.astimezone(zone).date()
    first, last = today.quarter(day)
    week = stats.Period(today.week_from(now, zone), period.ends(day, zone), now)
    hot = stats.hotspots(db, week, actor).rows
    asked = coverage.Query(("grid",), from_on=first, to_on=last)
    covered = coverage.for_map(coverage.table(db, asked, actor, now, zone)).rows
    n, denom = sum(row.n for row in covered), sum(row.denom or 0 for row in covered)
    return {
        "waiting": today.waiting(db, actor, now, zone),
        "today": day,
        "week_from": day - timedelta(days=today.WEEK_DAYS - 1),
        "quarter_from": first,
        "quarter_to": last,
        "cover": {"n": n, "denom": denom, "share": share(n, denom)},
        "weakest": _weakest(covered),
        "busiest": sorted((row for row in hot if row.n), key=lambda row: (-row.n, row.code))[:EXTREMES],
    }


def _weakest(rows: tuple[stats.Row, ...]) -> list[stats.Row]:
    due = [(row.value, row.code, row) for row in rows if row.value is not None]
    return [row for _, _, row in sorted(due, key=lambda one: one[:2])[:EXTREMES]]
