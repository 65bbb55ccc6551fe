"""The wall: the most urgent of what is on the ledger, numbered as on its map."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from gridsvc import wall
from gridsvc.web import answers, schemas, wall_told
from gridsvc.web.deps import Unit, may

router = APIRouter(prefix="/api/v1", tags=["worklist"])

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


@router.get("/wall", operation_id="wall", responses={200: {"model": dict[str, Any]}})
def show(
    request: Request, unit: Annotated[Unit, may("read_worklist")], chosen: Wanted, limit: Limit = "100"
) -> Response:
    """The board: `rows` numbered by urgency (earliest deadline first), counts by standing, how many are left out."""
    zone = unit.mine.settings.zone
    board = wall.board(unit.db, unit.actor, chosen, unit.now, zone, limit=int(limit))
    told = [wall_told.row(one, unit.locale, zone) for one in wall.rows(unit.db, board.places)]
    content = wall_told.head(board, unit.now, zone) | {"rows": wall_told.numbered(told)}
    return answers.data(request, content)
