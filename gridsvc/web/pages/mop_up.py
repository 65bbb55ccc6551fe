"""The doors of a campaign that are still to be reached: in walking order, for the hand and for the wall."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from gridsvc import campaigns, compounds, mop_up
from gridsvc.errors import Conflict, Refused
from gridsvc.web import schemas
from gridsvc.web.deps import UnitDep, may
from gridsvc.web.pages import sketch
from gridsvc.web.pages.campaigns import campaign_path
from gridsvc.web.templating import frame_of, page

router = APIRouter()

NAMES = 1000  # more compounds than this are typed, not chosen
Code = Annotated[schemas.Words, Path(max_length=40)]


@router.get("/campaigns/{code}/mop-up", response_class=HTMLResponse, dependencies=[may("read_households")])
def show(request: Request, unit: UnitDep, code: Code) -> Response:
    """The doors of a grid or a compound in walking order, with a sketch of the way; a worker's own grids at once."""
    frame = frame_of(request)
    held = campaigns.one(unit.db, code)
    if held.drawn_at is None:
        raise Conflict("campaign_not_drawn", campaign=code)
    said = dict(frame.query)
    asked = {name: said.get(name, "").replace("\x00", "").strip()[:100] for name in ("grid", "compound")}
    errors: dict[str, str] = {}
    compound_id = None
    if asked["compound"]:
        named = compounds.find(unit.db, asked["compound"])
        if len(named) == 1:
            compound_id = named[0].id
        else:
            key = "compound_ambiguous" if named else "compound_not_found"
            errors["f-compound"] = frame.words(f"pages.mop_up.{key}", found=asked["compound"])
    grid = asked["grid"].split()[-1] if asked["grid"] else None
    walk = None
    if not errors and (grid or compound_id is not None or unit.actor.role == "worker"):
        with suppress(Refused):  # of too many doors: the page asks for a grid or a compound
            walk = mop_up.walk(unit.db, unit.actor, held, unit.now, frame.zone, grid=grid, compound_id=compound_id)
    facts: dict[str, Any] = {"one": held, "asked": asked, "errors": errors, "walk": walk, "path": campaign_path}
    facts |= {"compounds": compounds.named(unit.db, NAMES), "sketch": sketch.drawn(walk) if walk else None}
    return page(frame, "mop_up.html", status=422 if errors else 200, nav="campaigns", **facts)
