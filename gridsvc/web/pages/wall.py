"""The wall as a page: a shell without rows, whose script fetches them; a plain table for readers without scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast, get_args

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection
from starlette.responses import Response

from geodata.later import later
from gridsvc import areas, basemap, categories, grids, wall
from gridsvc.errors import GridsvcError, Unavailable
from gridsvc.reports import SOURCE
from gridsvc.web.api.wall import MOST_AREAS
from gridsvc.web.deps import ServicesDep, Unit, UnitDep, may
from gridsvc.web.pages.ground import TILES, TILES_MAX_ZOOM, edition_of
from gridsvc.web.services import Services
from gridsvc.web.templating import Frame, frame_of, page
from maps.view import Labels, MapView

if TYPE_CHECKING:
    from maps import wall as shell
else:
    shell = later("maps.wall")

router = APIRouter()

PAPERS = ("a3", "a0")


@router.get("/wall", response_class=HTMLResponse, dependencies=[may("read_worklist")])
def show(request: Request, unit: UnitDep, mine: ServicesDep) -> Response:
    """The map and its numbered board; with `paper` as it is printed."""
    frame = frame_of(request)
    try:
        shape = grids.published_shape(unit.db)
    except Unavailable:
        return page(frame, "no_grids.html", nav="wall", view="wall")
    asked = {name: request.query_params[name][:100] for name in shell.FILTERS if request.query_params.get(name)}
    looks_at = MapView(
        bounds=(shape.west, shape.south, shape.east, shape.north),
        edition=edition_of(shape),
        basemap=basemap.is_there(unit.db),
        tiles=TILES[mine.settings.tile_provider],
        tiles_max_zoom=TILES_MAX_ZOOM,
    )
    built = shell.build(_labels(frame, mine), looks_at)
    built.constants |= {"source": SOURCE}
    paper = request.query_params.get("paper", "")
    facts: dict[str, Any] = {"parts": built.parts(), "query": asked, "paper": paper if paper in PAPERS else None}
    facts |= _choices(unit.db, frame, None if "table" in request.query_params else asked)
    facts |= {"standings": wall.STANDINGS, "looks": shell.COLORS, "steps": wall.STEPS}
    facts |= {"states": wall.STATES, "limits": wall.LIMITS, "shown": wall.SHOWN, "struck_days": wall.STRUCK_DAYS}
    facts["table"] = _table(unit, frame, asked) if request.query_params.get("table") else None
    status = 422 if facts["table"] and facts["table"]["refused"] else 200
    return page(frame, "wall.html", status=status, nav="wall", **facts)


def _labels(frame: Frame, mine: Services) -> Labels:
    return Labels(
        map_name=frame.words("wall.map"),
        zoom_in=frame.words("maps.zoom_in"),
        zoom_out=frame.words("maps.zoom_out"),
        attribution=mine.settings.tile_attribution,
        review_number=mine.settings.map_review_number,
    )


def _choices(db: Connection, frame: Frame, asked: dict[str, str] | None) -> dict[str, Any]:
    """Areas and categories by name: of these filters, or all of them; scripts fetch the rest."""
    known = [one for one in categories.listed(db) if asked is None or one.code == asked.get("category")]
    if asked is None:
        named = areas.named(db, MOST_AREAS)
    else:
        name = areas.name(db, asked["area"]) if "area" in asked else None
        named = [] if name is None else [(asked["area"], name)]
    told = [(one.code, one.name_zh if frame.lang == "zh" else one.name_en) for one in known]
    return {"areas": named, "categories": told}


def _table(unit: Unit, frame: Frame, asked: dict[str, str]) -> dict[str, Any]:
    """The board for a reader without scripts; or why it is refused."""
    standing, state = asked.get("deadline"), asked.get("state")
    said = asked.get("limit", "")
    limit = int(said) if said in map(str, wall.LIMITS) else wall.SHOWN
    known = cast(wall.Standing, standing) if standing in get_args(wall.Standing) else None
    wanted = wall.Filter(asked.get("area"), asked.get("category"), state if state in wall.STATES else None, known)
    try:
        with unit.db.begin_nested():
            board = wall.board(unit.db, unit.actor, wanted, unit.now, frame.zone, limit=limit)
            return {"board": board, "rows": wall.rows(unit.db, board.places), "refused": None}
    except GridsvcError as error:
        return {"board": None, "rows": [], "refused": frame.says(error.code, **error.facts)}
