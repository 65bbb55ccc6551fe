"""The public map with its list, for everybody; and the page on which staff release photos and words for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field
from starlette.responses import Response

from geodata.later import later
from gridsvc import basemap, grids, public_problems, releases
from gridsvc.errors import GridsvcError, Unavailable
from gridsvc.reports import SOURCE
from gridsvc.rules.roles import require
from gridsvc.web import errors as failures
from gridsvc.web.api import public as api
from gridsvc.web.deps import ServicesDep, Unit, UnitDep, may
from gridsvc.web.pages.ground import TILES, TILES_MAX_ZOOM, edition_of
from gridsvc.web.services import Services
from gridsvc.web.templating import Frame, frame_of, page
from maps.view import Labels, MapView, Parts

if TYPE_CHECKING:
    from maps import public as shell
else:
    shell = later("maps.public")

router = APIRouter()


@router.get("/public", response_class=HTMLResponse, dependencies=[may("read_public")])
def show(request: Request, unit: UnitDep, mine: ServicesDep) -> Response:
    """The map of public problems beside their list, which scripts fetch; with `table` the list is in the page."""
    frame = frame_of(request)
    asked = {name: request.query_params.get(name, "")[:100] or None for name in ("category", "cell")}
    told = request.query_params.get("page", "1")
    number = int(told) if told in map(str, range(1, api.MOST_PAGES + 1)) else 1
    parts = _parts(frame, unit, mine)
    # both lists may be long, so scripts fetch them; a reader without scripts is led to the page that has them
    table = "table" in request.query_params or parts is None
    found = api.listed(unit, asked["category"], asked["cell"], number) if table else public_problems.Page((), False)
    kinds = [one for one in api.kinds(unit) if table or one.code == asked["category"]]
    return page(
        frame,
        "public.html",
        nav="public",
        parts=parts,
        asked=asked,
        table=table,
        categories=[(one.code, one.name_zh if frame.lang == "zh" else one.name_en) for one in kinds],
        items=[api.told(unit, one) for one in found.items],
        number=number,
        more=found.more and number < api.MOST_PAGES,
    )


def _parts(frame: Frame, unit: Unit, mine: Services) -> Parts | None:
    """The map; None where no grids are published."""
    try:
        shape = grids.published_shape(unit.db)
    except Unavailable:
        return None
    labels = Labels(
        map_name=frame.words("public.map"),
        zoom_in=frame.words("maps.zoom_in"),
        zoom_out=frame.words("maps.zoom_out"),
        attribution=mine.settings.tile_attribution,
        review_number=mine.settings.map_review_number,
    )
    looks_at = MapView(
        bounds=(shape.west, shape.south, shape.east, shape.north),
        edition=edition_of(shape),
        basemap=basemap.is_there(unit.db),
        tiles=TILES[mine.settings.tile_provider],
        tiles_max_zoom=TILES_MAX_ZOOM,
    )
    built = shell.build(labels, looks_at)
    built.constants |= {"most_pages": api.MOST_PAGES}
    return built.parts()


class Decision(BaseModel):
    """What a form of the page sends: which report, and the photo with its version or the words."""

    number: Annotated[str, Field(max_length=200)] = ""
    source: Annotated[str, Field(max_length=200)] = SOURCE
    repeat: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    sha256: Annotated[str, Field(max_length=200)] = ""
    version: Annotated[int, Field(ge=1, le=10_000)] = 1
    words: Annotated[str, Field(max_length=2000)] = ""
    does: Annotated[str, Field(max_length=10)] = "hold"


@router.get("/releases", response_class=HTMLResponse, dependencies=[may(releases.DEED)])
def wait(request: Request, unit: UnitDep) -> Response:
    """The photos that wait for a decision."""
    return _waiting(request, unit, None)


@router.post("/releases", response_class=HTMLResponse, dependencies=[may(releases.DEED)])
def decide(request: Request, unit: UnitDep, form: Annotated[Decision, Form()]) -> Response:
    """Decides, and the list again."""
    require(unit.actor, releases.DEED)
    photo = (form.sha256, form.version) if form.sha256 else None
    which = (form.number, form.source, form.repeat)
    try:
        with unit.db.begin_nested():
            shown = form.does == "show"
            releases.decide(unit.db, unit.actor, *which, unit.now, shown=shown, photo=photo, words=form.words or None)
    except GridsvcError as error:
        return _waiting(request, unit, error)
    return RedirectResponse(f"/releases?{urlencode({'done': '1'})}", 303)


def _waiting(request: Request, unit: Unit, error: GridsvcError | None) -> Response:
    frame = frame_of(request)
    facts: dict[str, Any] = {"waiting": releases.waiting(unit.db, unit.actor, unit.now), "most": releases.MAX_WORDS}
    facts["said"] = None if error is None else frame.says(error.code, **error.facts)
    status = 200 if error is None else failures.describe(error, request).status
    return page(frame, "releases.html", status=status, nav="releases", **facts)
