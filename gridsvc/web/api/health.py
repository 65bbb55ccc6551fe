"""Is the process alive, can it serve, and what does it offer?"""

from __future__ import annotations

import logging

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response

from gridsvc.db.revisions import revisions
from gridsvc.errors import Unavailable
from gridsvc.web import errors, schemas
from gridsvc.web.deps import ServicesDep, locale_of
from gridsvc.web.services import Services

log = logging.getLogger("gridsvc.web")
router = APIRouter(tags=["health"])


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", operation_id="healthz", responses={200: {"model": schemas.HealthOut}})
async def alive() -> Response:
    """200 while the process answers; says nothing about the database."""
    return JSONResponse({"status": "ok"})


@router.head("/readyz", include_in_schema=False)
@router.get(
    "/readyz",
    operation_id="readyz",
    responses={200: {"model": schemas.HealthOut}, 503: {"model": schemas.ErrorOut}},
)
def ready(request: Request, mine: ServicesDep) -> Response:
    """200 when the database answers and its schema is the one this program knows; else 503 with the reason."""
    lacks, cause = _lacks(mine)
    before, mine.lacks = mine.lacks, None if lacks is None else lacks.code
    if lacks is None:
        if before is not None:
            log.warning("/readyz: ready again")
        return JSONResponse({"status": "ready"})
    if before != lacks.code:  # it is asked every few seconds: once for each change is enough
        log.error("/readyz: %s", " ".join(f"{lacks} {cause}".split()))
    return errors.as_json(errors.describe(lacks, request), locale_of(request))


@router.head("/openapi.json", include_in_schema=False)
@router.get("/openapi.json", include_in_schema=False)
async def description(request: Request) -> Response:
    """The description of this API."""
    return JSONResponse(request.app.openapi())


def _lacks(mine: Services) -> tuple[Unavailable | None, str]:
    """What is missing, if anything, and the database's own words about it."""
    try:
        with mine.engine.connect() as db:
            found = revisions(db, mine.settings.db_schema)
    except SQLAlchemyError as error:
        return Unavailable("database_down"), str(getattr(error, "orig", None) or type(error).__name__)
    if found.up_to_date:
        return None, ""
    return Unavailable("migrations_missing", current=found.current or "-", newest=found.newest), ""
