"""What a phone could not send, taken in at the office from its file."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from gridsvc import unsent
from gridsvc.web import batches, kept_schemas, schemas
from gridsvc.web.api import sync
from gridsvc.web.deps import Unit, may

router = APIRouter(prefix="/api/v1", tags=["sync"])

ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": kept_schemas.SyncedOut},
    404: {"model": schemas.ErrorOut},
    413: {"model": schemas.ErrorOut},
}


@router.post(
    "/unsent",
    operation_id="take_unsent",
    responses=ANSWERS,
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": sync.BODY}}}},
)
def take(
    request: Request,
    body: batches.Body,
    unit: Annotated[Unit, may("import_unsent")],
    login: Annotated[schemas.Words, Query(min_length=1, max_length=64, description="who recorded the items")],
    role: Annotated[
        schemas.Words | None,
        Query(max_length=40, description="the role in which the phone was logged in, as its file names it"),
    ] = None,
) -> Response:
    """Takes items as `send_kept` does, as those of the account `login`; each of them says who took it in.

    They count in `role` where the account still has it and a phone works in it, else in the one it has on a phone.
    What was done to reports and at doors counts where the importer sees them too; else it is refused as unknown.

    The keys are the phone's own: what it did send, or sends later, or comes in a second file, counts once.
    """
    importer = unit.actor
    unit.actor = unsent.owner(unit.db, login, importer, role)
    answer = sync.received(request, body, unit)
    unsent.keep(unit.db, importer, unit.actor, answer["counts"], unit.now)
    return JSONResponse(answer)
