"""A campaign's board: coverage with its counts, the curve and the forecast, the table by place, class or day."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field
from starlette.responses import Response

from gridsvc import campaign_progress, campaigns, coverage, saved_queries
from gridsvc.coverage import Query, Table
from gridsvc.errors import GridsvcError
from gridsvc.rules.coverage import figures
from gridsvc.web import schemas
from gridsvc.web.deps import RuleDep, Unit, UnitDep, may
from gridsvc.web.pages import curve
from gridsvc.web.pages.campaigns import campaign_path
from gridsvc.web.templating import Frame, frame_of, page

router = APIRouter()

MOST_ROWS = 300  # a page shows no more; a file has them all
SHOWN = ("eligible", "attempted", "reached", "absent", "refused", "vacant", "moved", "not_found", "not_visited")
PRINTED = ("coverage", "coverage_all", "coverage_found", "enumerated", "eligible", "status", "counted", "four")
FORMATS = ("xlsx", "csv", "geojson", "gpkg", "parquet")
SHAPELESS = ("xlsx", "csv")
Code = Annotated[schemas.Words, Path(max_length=40)]


class Kept(BaseModel):
    """A query to be saved under a name, or one to be deleted."""

    name: Annotated[str, Field(max_length=200)] = ""
    query: Annotated[str, Field(max_length=2000)] = ""
    delete: Annotated[str, Field(max_length=20)] = ""


@router.get("/campaigns/{code}", response_class=HTMLResponse, dependencies=[may("read_campaigns")])
def show(request: Request, unit: UnitDep, rule: RuleDep, code: Code) -> Response:
    """The board of a campaign as far as this reader sees it."""
    return _board(request, unit, rule, code, {})


@router.post("/campaigns/{code}/saved", response_class=HTMLResponse, dependencies=[may("read_campaigns")])
def save(request: Request, unit: UnitDep, rule: RuleDep, code: Code, form: Annotated[Kept, Form()]) -> Response:
    """Keeps the query of the board under a name, or deletes one; then the board again."""
    try:
        with unit.db.begin_nested():
            if form.delete.isascii() and form.delete.isdigit():
                saved_queries.delete(unit.db, unit.actor, int(form.delete))
            else:
                saved_queries.save(unit.db, unit.actor, form.name, form.query, unit.now)
    except GridsvcError as error:
        frame = frame_of(request)
        return _board(request, unit, rule, code, {"f-save": frame.says(error.code, **error.facts)}, 422)
    return RedirectResponse(campaign_path(code) + "?done=saved", 303)


def _board(request: Request, unit: Unit, rule: Any, code: str, errors: dict[str, str], status: int = 200) -> Response:
    frame = frame_of(request)
    held = campaigns.one(unit.db, code)
    asked = dict(frame.query)
    facts: dict[str, Any] = {"one": held, "path": campaign_path, "errors": errors, "done": asked.get("done", "")[:20]}
    facts["ask"] = asked.get("ask", "") if asked.get("ask") in ("draw", "end") else ""
    if held.drawn_at is not None:
        facts |= _figures(frame, unit, rule, held, asked)
    return page(frame, "campaign.html", status=status, nav="campaigns", **facts)


def _figures(frame: Frame, unit: Unit, rule: Any, held: campaigns.Campaign, asked: dict[str, str]) -> dict[str, Any]:
    by = _by(asked)
    table = coverage.table(unit.db, Query(by=by, campaign=held.code), unit.actor, unit.now, frame.zone, rule=rule)
    whole = _whole(unit, frame, held, table)
    progress = campaign_progress.load(unit.db, held, unit.actor, unit.now, frame.zone)
    told = {"by": ",".join(by), "campaign": held.code}
    formats = FORMATS if by[0] in coverage.PLACES and len(by) == 1 else SHAPELESS
    return {
        "table": table,
        "by": by,
        "dims": coverage.DIMS,
        "rows": [
            (row, {one.id: one for one in figures(row.counts)} if row.counts else {}) for row in table.rows[:MOST_ROWS]
        ],
        "whole": whole,
        "rates": {one.id: one for one in figures(whole)} if whole else {},
        "shown": SHOWN,
        "printed": PRINTED,
        "papers": campaigns.papers(unit.db, held, unit.actor),
        "progress": progress,
        "curve": _curve(frame, held, whole, progress),
        "query": urlencode(told),
        "files": [
            (one, f"/api/v1/stats/coverage?{urlencode(told | {'format': one, 'lang': frame.lang})}") for one in formats
        ],
        "saved": saved_queries.listed(unit.db, unit.actor),
        "most": MOST_ROWS,
    }


def _whole(unit: Unit, frame: Frame, held: campaigns.Campaign, table: Table) -> dict[str, int]:
    """The counts of the whole campaign: by days the rows are of each day, so it is asked for by itself."""
    if not set(table.query.by) & set(coverage.TIMES):
        return table.counts
    return coverage.table(unit.db, Query(by=(), campaign=held.code), unit.actor, unit.now, frame.zone).counts


def _by(asked: dict[str, str]) -> tuple[coverage.Dim, ...]:
    """The dimensions that the address asks for; what does not fit counts as not said."""
    said = [asked.get("by", ""), asked.get("by2", "")]
    by = list(dict.fromkeys(one for name in said for one in coverage.DIMS if one == name))
    if set(coverage.TIMES) <= set(by):
        by = by[:1]
    return tuple(by) or ("community",)


def _curve(
    frame: Frame, held: campaigns.Campaign, whole: dict[str, int], progress: campaign_progress.Progress
) -> curve.Curve | None:
    if not whole or not whole["eligible"]:
        return None
    today = frame.now.astimezone(frame.zone).date()
    ahead = progress.forecast
    band = None
    if ahead is not None and ahead.low_on and ahead.median_on and ahead.high_on:
        band = (ahead.low_on, ahead.median_on, ahead.high_on)
    daily = [(one.day, one.n_new) for one in progress.days]
    return curve.drawn(daily, whole["eligible"], held.wanted.starts_on, held.wanted.ends_on, today, band)
