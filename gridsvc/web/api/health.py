"""Is the process alive, and can it serve?"""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response

from gridsvc.db import migrate
from gridsvc.errors import Unavailable
from gridsvc.web import schemas
from gridsvc.web.deps import ServicesDep

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
def ready(mine: ServicesDep) -> Response:
    """200 when the database answers and its schema is the one this program knows; else 503 with the reason."""
    try:
        with mine.engine.connect() as db:
            found = migrate.revisions(db, mine.settings.db_schema)
    except SQLAlchemyError as error:
        raise Unavailable("database_down") from error
    if not found.up_to_date:
        raise Unavailable("migrations_missing", current=found.current or "-", newest=found.newest)
    return JSONResponse({"status": "ready"})
