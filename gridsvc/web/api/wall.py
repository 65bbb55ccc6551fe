"""The wall: the most urgent of what is on the ledger, numbered as on its map."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gridsvc import areas, wall
from gridsvc.errors import NotAuthenticated
from gridsvc.web import answers, schemas, security, wall_told
from gridsvc.web.deps import Unit, may
from gridsvc.web.wall_stream import Stream, Viewer

router = APIRouter(prefix="/api/v1", tags=["worklist"])

MOST_AREAS = 1000  # a choice of more helps nobody
State = Literal["reported", "verified", "filed", "dispatched", "disposed", "checked", "closed", "struck_off"]


def wanted(
    area: Annotated[schemas.Words | None, Query(min_length=1, max_length=200, description="with all below it")] = None,
    category: Annotated[schemas.Words | None, Query(min_length=1, max_length=200, description="or a class's")] = None,
    state: Annotated[State | None, Query(description="by default all on the ledger, and lately struck off")] = None,
    deadline: Annotated[wall.Standing | None, Query(description="how it stands against its deadline")] = None,
) -> wall.Filter:
    """The filters; whatever is given must hold."""
    return wall.Filter(area, category, state, deadline)


Wanted = Annotated[wall.Filter, Depends(wanted)]
Limit = Annotated[Literal["50", "100", "200"], Query(description="rows at most; what is left out is counted")]


Since = Annotated[
    schemas.Words | None,
    Query(
        max_length=2000,
        description="`cursor` of an answer: what changed since is counted in `n_changed`, null if too much",
    ),
]


@router.get("/wall", operation_id="wall", responses={200: {"model": dict[str, Any]}})
def show(
    request: Request,
    unit: Annotated[Unit, may("read_worklist")],
    chosen: Wanted,
    limit: Limit = "100",
    since: Since = None,
) -> Response:
    """The board: `rows` numbered by urgency (earliest deadline first), counts by standing, how many are left out."""
    zone = unit.mine.settings.zone
    wall.steady(unit.db)
    content: dict[str, Any] = {"cursor": wall.cursor(unit.db)}
    if since is not None:
        content["n_changed"] = wall.n_changed(unit.db, unit.actor, since)
    board = wall.board(unit.db, unit.actor, chosen, unit.now, zone, limit=int(limit))
    told = [wall_told.row(one, unit.locale, zone) for one in wall.rows(unit.db, board.places)]
    content |= wall_told.head(board, unit.now, zone) | {"rows": wall_told.numbered(told)}
    return answers.data(request, content)


@router.get("/wall/areas", operation_id="wall_areas", responses={200: {"model": schemas.NamedManyOut}})
def named(unit: Annotated[Unit, may("read_worklist")]) -> Response:
    """The areas that a wall may be narrowed to, larger ones first, by code."""
    found = areas.named(unit.question, MOST_AREAS)
    return JSONResponse({"items": [{"code": code, "name": name} for code, name in found]})


@router.get(
    "/wall/stream",
    operation_id="wall_stream",
    responses={200: {"content": {"text/event-stream": {}}}},
    response_model=None,
)
async def stream(
    request: Request,
    unit: Annotated[Unit, may("read_worklist")],
    chosen: Wanted,
    limit: Limit = "100",
    since: Since = None,
    last: Annotated[str | None, Header(alias="Last-Event-ID", max_length=2000)] = None,
) -> Response:
    """The same board, live: `board` with `order` (keys) and the rows that are new, `beat` while nothing is, `end`.

    The first message has every row; with `since`, or as a browser comes again by itself, it says how many reports
    changed meanwhile.
    """
    shown = security.presented(request)
    if shown is None:
        raise NotAuthenticated("login_needed")
    came_from = since or last
    await run_in_threadpool(lambda: wall.check(unit.question, chosen, came_from))
    viewer = Viewer(shown, unit.actor, chosen, int(limit), unit.locale, came_from)
    return Stream(unit.mine.live, viewer)
