"""The home page: what there is to look at today, by role."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from gridsvc import listing, stats, today
from gridsvc.rules.rates import share
from gridsvc.rules.roles import require
from gridsvc.web.api import period
from gridsvc.web.deps import ServicesDep, UnitDep
from gridsvc.web.templating import frame_of, page

router = APIRouter()

LATEST = 10
EXTREMES = 5


@router.get("/", response_class=HTMLResponse)
def show(request: Request, unit: UnitDep, mine: ServicesDep) -> Response:
    """What waits, the latest reports, the busiest grids of the week, the least covered ones of the quarter."""
    if not unit.actor.known:
        return RedirectResponse("/login", 303)
    require(unit.actor, "read_reports")
    db, actor, now, zone = unit.db, unit.actor, unit.now, mine.settings.zone
    day = now.astimezone(zone).date()
    first, last = today.quarter(day)
    week = stats.Period(today.week_from(now, zone), period.ends(day, zone), now)
    quarter = stats.Period(period.begins(first, zone), period.ends(last, zone), now)
    hot = stats.hotspots(db, week, actor).rows
    covered = stats.coverage(db, quarter, actor).rows
    wanted = listing.Filter(state="reported" if actor.role == "worker" else None)
    return page(
        frame_of(request),
        "home.html",
        nav="home",
        today=today.waiting(db, actor, now, zone),
        days={
            "today": day,
            "week_from": day - timedelta(days=today.WEEK_DAYS - 1),
            "quarter_from": first,
            "quarter_to": last,
        },
        cover=_sum(covered),
        weakest=_weakest(covered),
        busiest=sorted((row for row in hot if row.n), key=lambda row: (-row.n, row.code))[:EXTREMES],
        latest=listing.page(db, actor, wanted, limit=LATEST).items,
        own=today.own_grids(db, actor.worker_id) if actor.role == "worker" else (),
        held=today.holdings(db),
    )


def _sum(rows: tuple[stats.Row, ...]) -> dict[str, Any]:
    n, denom = sum(row.n for row in rows), sum(row.denom or 0 for row in rows)
    return {"n": n, "denom": denom, "share": share(n, denom)}


def _weakest(rows: tuple[stats.Row, ...]) -> list[stats.Row]:
    due = [(row.value, row.code, row) for row in rows if row.value is not None]
    return [row for _, _, row in sorted(due, key=lambda one: one[:2])[:EXTREMES]]
