"""The two maps: Folium shells made for each request, whose figures and shapes come by fetch."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, get_args

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from geodata.later import later
from gridsvc import basemap, campaigns, categories, grids
from gridsvc import coverage as visit_coverage
from gridsvc.errors import GridsvcError, Unavailable
from gridsvc.neighbours import Kind
from gridsvc.web import schemas
from gridsvc.web.api import coverage_files
from gridsvc.web.api.stats import hotspots_told, told
from gridsvc.web.deps import ServicesDep, Unit, UnitDep, may
from gridsvc.web.pages.ground import TILES, TILES_MAX_ZOOM, edition_of
from gridsvc.web.services import Services
from gridsvc.web.templating import Frame, frame_of, page
from maps.legend import View
from maps.view import Labels, MapView

if TYPE_CHECKING:
    from maps import coverage, hotspots
else:
    coverage, hotspots = later("maps.coverage"), later("maps.hotspots")

router = APIRouter()

FILTERS = ("from", "to", "category", "campaign", "by", "cell_m", "weights")


@router.get("/maps/hotspots", response_class=HTMLResponse, dependencies=[may("read_map")])
def show_hotspots(request: Request, unit: UnitDep, mine: ServicesDep) -> Response:
    """The map of reported problems."""
    return _show(request, unit, mine, "hotspots")


@router.get("/maps/coverage", response_class=HTMLResponse, dependencies=[may("read_map")])
def show_coverage(request: Request, unit: UnitDep, mine: ServicesDep) -> Response:
    """The map of door-to-door visits."""
    return _show(request, unit, mine, "coverage")


def _show(request: Request, unit: Unit, mine: Services, view: View) -> Response:
    frame = frame_of(request)
    try:
        shape = grids.published_shape(unit.db)
    except Unavailable:
        return page(frame, "no_grids.html", nav=view, view=view)
    settings = mine.settings
    query = {name: request.query_params[name][:100] for name in FILTERS if request.query_params.get(name)}
    labels = Labels(
        map_name=frame.words(f"maps.{view}_map"),
        zoom_in=frame.words("maps.zoom_in"),
        zoom_out=frame.words("maps.zoom_out"),
        attribution=settings.tile_attribution,
        review_number=settings.map_review_number,
    )
    looks_at = MapView(
        bounds=(shape.west, shape.south, shape.east, shape.north),
        edition=edition_of(shape),
        basemap=basemap.is_there(unit.db),
        tiles=TILES[settings.tile_provider],
        tiles_max_zoom=TILES_MAX_ZOOM,
        n_grids=shape.n_grids,
    )
    facts: dict[str, Any] = {"page": view, "query": query, "cell_sizes": hotspots.CELL_SIZES_M}
    # scripts fetch the lists, which may be long; without them they are in the page
    everything = "table" in request.query_params
    if view == "hotspots":
        known = [one for one in categories.listed(unit.db) if everything or one.code == query.get("category")]
        named = [{"code": one.code, "label": one.name_zh if frame.lang == "zh" else one.name_en} for one in known]
        facts |= {"categories": named, "campaigns": [], "any_campaign": False}
    else:
        begun = [one for one in campaigns.listed(unit.db) if one.drawn_at is not None]
        kept = [one for one in begun if everything or one.code == query.get("campaign")]
        named = [{"code": one.code, "label": one.wanted.name} for one in kept]
        facts |= {"categories": [], "campaigns": named, "any_campaign": bool(begun)}
    if request.query_params.get("table"):
        facts["stats"] = _figures(unit, frame, view, query)
    status = 422 if "refused" in facts.get("stats", {}) else 200
    shell = hotspots if view == "hotspots" else coverage
    return page(frame, "map.html", status=status, nav=view, parts=shell.build(labels, looks_at).parts(), **facts)


def _figures(unit: Unit, frame: Frame, view: View, query: dict[str, str]) -> dict[str, Any]:
    """The table for a reader without scripts, as the API answers: rows by grid, tested where the page shows hot spots;
    or why it is refused."""
    days: dict[str, date | None] = {"from": None, "to": None}
    for name in days:
        try:
            days[name] = schemas.day(query[name]) if name in query else None
        except ValueError:
            return {"rows": [], "refused": frame.words("pages.form.day", found=query[name])}
    try:
        if view == "hotspots":
            kind: Kind = next((one for one in get_args(Kind) if one == query.get("weights")), "queen")
            first, last, category, side = days["from"], days["to"], query.get("category"), hotspots.CELL_SIZES_M[0]
            return hotspots_told(unit, first, last, category=category, by="grid", cell_m=side, weights=kind)
        asked = visit_coverage.Query(("grid",), query.get("campaign"), days["from"], days["to"])
        counted = visit_coverage.table(unit.db, asked, unit.actor, unit.now, frame.zone)
    except GridsvcError as error:
        return {"rows": [], "refused": frame.says(error.code, **error.facts)}
    table, window = visit_coverage.for_map(counted), counted.window
    period = {"from": window.first.isoformat(), "to": window.last.isoformat()}
    notes = coverage_files.notes(counted, unit)
    return {"rows": told(table, view), "unlocated": table.n_unlocated, "notes": notes} | period
