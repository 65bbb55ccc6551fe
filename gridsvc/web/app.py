"""The web service: `create_app` makes it from settings; importing this module does nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

from fastapi import Depends, FastAPI
from sqlalchemy import Engine
from starlette.middleware import Middleware
from starlette.types import Scope

import gridsvc
from gridsvc.db.engine import make_engine
from gridsvc.errors import Refused
from gridsvc.settings import Settings
from gridsvc.web import (
    addresses,
    batches,
    door_files,
    edge,
    errors,
    form_photos,
    intake,
    security,
    services,
    statics,
)
from gridsvc.web.api import routes as api
from gridsvc.web.api import voices
from gridsvc.web.deps import known_query
from gridsvc.web.large_forms import LargeForms
from gridsvc.web.pages import routes as pages
from gridsvc.web.schemas import ErrorOut

MAX_BODY_BYTES = 64 * 1024
ABOUT = """Problems of a place, reported and brought to the right grid and its worker.

Log in with a header `Authorization: Bearer TOKEN` (`gridsvc users` issues tokens), or as a browser with the session's
cookie; then everything but GET also needs the page's token in `X-CSRF-Token`. Every refusal is
`{code, message, detail}`, in the language of `?lang=zh|en` or `Accept-Language`. Positions are longitude before
latitude and always name their coordinate system."""
REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorOut, "description": "An unknown parameter, or not readable"},
    401: {"model": ErrorOut, "description": "Nobody is logged in"},
    403: {"model": ErrorOut, "description": "Not allowed"},
    422: {"model": ErrorOut, "description": "Does not fit"},
    503: {"model": ErrorOut, "description": "Not available at this moment"},
}


def create_app(
    settings: Settings, engine: Engine | None = None, clock: Callable[[], datetime] | None = None
) -> FastAPI:
    """The service for one schema, as an ASGI app.

    Args:
        settings: `database_url` must name a running database, unless an engine is given.
        engine: used as it is and left open at the end; else one pool is made, and closed with the app.
        clock: what time it is, for tests.

    Raises:
        Refused: the settings do not go together.
    """
    own = engine is None
    made = services.make(settings, engine or _pool(settings), clock or _utc_now)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        made.live.close()
        made.intake.close()
        if own:
            made.engine.dispose()

    failed = partial(errors.answer, page_of=pages.error_page)
    app = FastAPI(
        title="gridsvc",
        description=ABOUT,
        version=gridsvc.__version__,
        lifespan=lifespan,
        openapi_url=None,  # served by api.health, which refuses unknown parameters as all the others do
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(security.check_csrf)],
        middleware=[
            Middleware(
                edge.Edge,
                proxies=addresses.proxies(settings.trusted_proxy),
                max_body_bytes=MAX_BODY_BYTES,
                bounds_itself=_bounds_itself,
                failed=failed,
            ),
            *_forms(settings),
        ],
    )
    app.state.services = made
    errors.install(app, pages.error_page)
    for router in api.ROUTERS:
        app.include_router(router, dependencies=[Depends(known_query)], responses=REFUSALS)
    app.include_router(pages.router)
    statics.mount(app)
    return app


def _forms(settings: Settings) -> list[Middleware]:
    """What bounds the forms that bring files."""
    photos, doors = form_photos, door_files
    most_bytes = photos.most_bytes(settings.photo_max_mb * 1024 * 1024)
    return [
        Middleware(LargeForms, takes=photos.takes, most_bytes=most_bytes, at_once=photos.AT_ONCE, busy="photos_busy"),
        Middleware(
            LargeForms,
            takes=doors.takes,
            most_bytes=doors.MOST_FORM_BYTES,
            at_once=doors.FORMS_AT_ONCE,
            busy="door_import_busy",
            deed=doors.DEED,
        ),
    ]


def _pool(settings: Settings) -> Engine:
    if settings.database_url is None:
        raise Refused("database_url_missing")
    return make_engine(
        settings.database_url,
        settings.db_schema,
        pool_size=settings.pool_size,
        statement_timeout_s=settings.statement_timeout_s,
    )


def _bounds_itself(scope: Scope) -> bool:
    bounded = (intake.takes, form_photos.takes, door_files.takes, batches.takes, voices.takes)
    return any(takes(scope) for takes in bounded)


def _utc_now() -> datetime:
    return datetime.now(UTC)
