"""A campaign's board: coverage with its counts, the curve and the forecast, the table by place, class or day."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field
from starlette.responses import Response

from gridsvc import campaign_progress, campaigns, coverage, saved_queries
from gridsvc.coverage import Query
from gridsvc.errors import GridsvcError, NotFound, Refused
from gridsvc.rules.coverage import figures
from gridsvc.rules.rates import Figure, percent, share
from gridsvc.web import schemas
from gridsvc.web.api import coverage_files
from gridsvc.web.deps import RuleDep, Unit, UnitDep, may
from gridsvc.web.pages import board_query, curve
from gridsvc.web.pages.campaigns import campaign_path
from gridsvc.web.templating import Frame, frame_of, page

router = APIRouter()

MOST_ROWS = 300  # a page shows no more; a file has them all
SHOWN = ("eligible", "attempted", "reached", "absent", "refused", "vacant", "moved", "not_found", "not_visited")
PRINTED = ("coverage", "coverage_all", "coverage_found", "enumerated", "eligible", "status", "counted", "added", "four")
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
        return _board(request, unit, rule, code, {"f-save": frame.says(error.code, **error.facts)})
    asked = [(name, value) for name, value in frame_of(request).query if name != "done"]
    return RedirectResponse(f"{campaign_path(code)}?{urlencode([*asked, ('done', 'saved')])}", 303)


def _board(request: Request, unit: Unit, rule: Any, code: str, errors: dict[str, str]) -> Response:
    frame = frame_of(request)
    held = campaigns.one(unit.db, code)
    asked = dict(frame.query)
    facts: dict[str, Any] = {"one": held, "path": campaign_path, "errors": errors, "done": asked.get("done", "")[:20]}
    facts["ask"] = asked.get("ask", "") if asked.get("ask") in ("draw", "end") else ""
    if held.drawn_at is not None:
        facts |= _figures(frame, unit, rule, held, asked, errors)
    return page(frame, "campaign.html", status=422 if errors else 200, nav="campaigns", **facts)


def _figures(
    frame: Frame, unit: Unit, rule: Any, held: campaigns.Campaign, asked: dict[str, str], errors: dict[str, str]
) -> dict[str, Any]:
    said = query = board_query.read(asked, held, frame, errors)
    everything = Query(by=(), campaign=held.code)
    try:
        table = coverage.table(unit.db, query, unit.actor, unit.now, frame.zone, rule=rule)
    except (Refused, NotFound) as error:  # the board stays, with what was said in its fields
        errors["f-by"] = frame.says(error.code, **error.facts)
        query = replace(everything, by=board_query.COARSE)
        table = coverage.table(unit.db, query, unit.actor, unit.now, frame.zone)
    by = query.by
    narrowed = replace(query, by=()) != everything
    # By days the rows are of each day, and a narrowed table tells a part: what is above it is of the whole campaign.
    of_all = table
    if narrowed or set(by) & set(coverage.TIMES):
        of_all = coverage.table(unit.db, everything, unit.actor, unit.now, frame.zone)
    whole = of_all.counts
    progress = campaign_progress.load(unit.db, held, unit.actor, unit.now, frame.zone)
    papers = campaigns.papers(unit.db, held, unit.actor)
    told = board_query.parameters(query, frame.zone)
    again = coverage_files.again(unit, table)
    formats = FORMATS if by[0] in coverage.PLACES and len(by) == 1 else SHAPELESS
    return {
        "table": table,
        "by": by,
        "dims": coverage.DIMS,
        "rows": [
            (row, {one.id: one for one in figures(row.counts)} if row.counts else {}) for row in table.rows[:MOST_ROWS]
        ],
        "foot": {one.id: one for one in figures(table.counts)} if table.counts else {},
        "narrowed": narrowed,
        "again": urlencode(again, safe=":"),
        "again_there": urlencode(board_query.page(query, frame.zone) | again),
        "here": urlencode(board_query.page(query, frame.zone)),
        "by_only": urlencode(board_query.page(replace(everything, by=by), frame.zone)),
        "kinds": tuple(dict.fromkeys((*held.wanted.kinds, *filter(None, [query.kind])))),  # one asked for is chosen
        "classes": board_query.classes(unit.db, held),
        "of_all": of_all,
        "whole": whole,
        "rates": {one.id: one for one in figures(whole)} if whole else {},
        "shown": SHOWN,
        "printed": PRINTED,
        "papers": papers,
        "late": _late(papers),
        "progress": progress,
        "curve": _curve(frame, held, whole, progress),
        "query": urlencode(told),
        "fields": board_query.fields(said, frame.zone),
        "files": [
            (one, f"/api/v1/stats/coverage?{urlencode(told | {'format': one, 'lang': frame.lang})}") for one in formats
        ],
        "saved": [one for one in saved_queries.listed(unit.db, unit.actor) if one.campaign == held.code],
        "most": MOST_ROWS,
    }


def _late(papers: campaigns.Papers) -> Figure:
    n, of = papers.n_late, papers.n_visits
    return Figure("late", n, of, share(n, of), percent(n, of))


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
