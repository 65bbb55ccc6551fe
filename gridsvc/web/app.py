"""The web service: `create_app` makes it from settings; importing this module does nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

from fastapi import Depends, FastAPI
from sqlalchemy import Engine
from starlette.middleware import Middleware

import gridsvc
from gridsvc.db.engine import make_engine
from gridsvc.errors import Refused
from gridsvc.settings import Settings
from gridsvc.web import addresses, edge, errors, security, services, statics
from gridsvc.web.api import routes as api
from gridsvc.web.deps import known_query
from gridsvc.web.pages import routes as pages

MAX_BODY_BYTES = 64 * 1024


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
    if engine is None:
        if settings.database_url is None:
            raise Refused("database_url_missing")
        engine = make_engine(
            settings.database_url,
            settings.db_schema,
            pool_size=settings.pool_size,
            statement_timeout_s=settings.statement_timeout_s,
        )
    made = services.make(settings, engine, clock or _utc_now)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        if own:
            made.engine.dispose()

    failed = partial(errors.answer, page_of=pages.error_page)
    app = FastAPI(
        title="gridsvc",
        version=gridsvc.__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(security.check_csrf)],
        middleware=[
            Middleware(
                edge.Edge,
                proxies=addresses.proxies(settings.trusted_proxy),
                max_body_bytes=MAX_BODY_BYTES,
                failed=failed,
            )
        ],
    )
    app.state.services = made
    errors.install(app, pages.error_page)
    for router in api.ROUTERS:
        app.include_router(router, dependencies=[Depends(known_query)])
    app.include_router(pages.router)
    statics.mount(app)
    return app


def _utc_now() -> datetime:
    return datetime.now(UTC)
