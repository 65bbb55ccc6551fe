"""The server process: one app, one pool, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import uvicorn

from gridsvc import accounts
from gridsvc.db.engine import transaction
from gridsvc.settings import Settings
from gridsvc.web import security
from gridsvc.web.app import create_app


def serve(settings: Settings, app_url: str) -> bool:
    """Whether the server came up; it has ended when this returns.

    Raises:
        Refused: the address is open to others without TLS, or with demo accounts.
    """
    with transaction(app_url, settings.db_schema) as db:
        security.check_binding(settings, accounts.has_demo(db))
    app = create_app(settings.model_copy(update={"database_url": app_url}))
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            ssl_certfile=settings.tls_cert,
            ssl_keyfile=settings.tls_key,
            loop="uvloop",
            http="httptools",
            log_level="warning",
            proxy_headers=False,  # X-Forwarded-… is read by our own rule, from trusted proxies only
            server_header=False,
        )
    )
    server.run()
    return server.started
