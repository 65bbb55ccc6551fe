"""The server process: one app, one pool, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from types import FrameType
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp

from gridsvc import accounts
from gridsvc.db.engine import transaction
from gridsvc.lan import Lan
from gridsvc.settings import Settings
from gridsvc.web import caretaker, security, trust, warming
from gridsvc.web.app import create_app
from gridsvc.web.services import Services

ENDINGS = (signal.SIGINT, signal.SIGTERM)
GARBAGE_AT = 20_000  # objects more: a request makes thousands, and next to none of them in circles
PATIENCE_S = 10  # a request that is not finished so long after Ctrl-C, a half-sent one mostly, is dropped


class Server(uvicorn.Server):
    """uvicorn's server, ending as a command does: no traceback, however often Ctrl-C is pressed.

    The first asks it to end, the second not to wait for readers; from then on both signals do nothing, because what
    remains is to stop what this process started.
    """

    ended_by: int | None = None

    def __init__(self, config: uvicorn.Config, leaving: Callable[[], None]) -> None:
        super().__init__(config)
        self._leaving = leaving

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Takes the signals while it serves, and keeps them off what follows; uvicorn would raise them again there."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        for ending in ENDINGS:
            signal.signal(ending, self.handle_exit)
        try:
            yield
        finally:
            for ending in ENDINGS:
                signal.signal(ending, signal.SIG_IGN)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Notes the signal, and ends."""
        self.ended_by = self.ended_by or sig
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends; in a hurry too the app closes its pool, where uvicorn would cut it off with a traceback.

        Live streams end first: they would be waited for as requests that are not answered yet.
        """
        self._leaving()
        await super().shutdown(sockets)
        if self.force_exit:
            await self.lifespan.shutdown()


def serve(settings: Settings, app_url: str, lan: Lan | None = None, begun: Callable[[], None] = lambda: None) -> bool:
    """Whether the server came up; it has ended when this returns.

    `begun` is called when it is known that it may listen there. With `lan`, another port tells phones how to trust.

    Raises:
        Refused: the address is open to others without TLS, or with demo accounts.
        KeyboardInterrupt: it was ended by Ctrl-C.
        SystemExit: it was ended by SIGTERM.
    """
    with transaction(app_url, settings.db_schema) as db:
        security.check_binding(settings, accounts.has_demo(db))
    begun()
    app = create_app(settings.model_copy(update={"database_url": app_url}))
    app.state.services.lan = lan
    config = _config(app, settings, settings.port, ssl_certfile=settings.tls_cert, ssl_keyfile=settings.tls_key)
    server = Server(config, leaving=app.state.services.live.close)
    # What was loaded stays: looking through it at each collection cost an answer of ten thousand rows half its time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_AT, 10, 10)
    logging.getLogger("uvicorn.error").addFilter(_is_worth_a_word)
    with (
        _listening(lan, settings.port) as sockets,
        caretaker.caring(settings, app_url, _now),
        warming.warming(app),
        _for_phones(settings, app.state.services, config),
    ):
        server.run(sockets)
    if server.ended_by == signal.SIGINT:
        raise KeyboardInterrupt
    if server.ended_by is not None:
        raise SystemExit(128 + server.ended_by)
    return server.started


def _config(app: ASGIApp, settings: Settings, port: int, **more: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.host,
        port=port,
        loop="uvloop",
        http="httptools",
        log_level="warning",
        proxy_headers=False,  # X-Forwarded-… is read by our own rule, from trusted proxies only
        server_header=False,
        timeout_graceful_shutdown=PATIENCE_S,
        **more,
    )


@contextmanager
def _for_phones(settings: Settings, mine: Services, config: uvicorn.Config) -> Iterator[None]:
    """A block during which plain http leads phones to https, and the certificate does not end."""
    lan = mine.lan
    if lan is None:
        yield
        return
    config.load()
    plain = Server(_config(trust.helper(mine), settings, lan.trust_port, lifespan="off"), leaving=lambda: None)
    with _listening(lan, lan.trust_port) as sockets:
        thread = threading.Thread(target=plain.run, args=(sockets,), name="plain", daemon=True)
        thread.start()
        try:
            with trust.renewing(lan, cast(ssl.SSLContext, config.ssl), _now):
                yield
        finally:
            plain.should_exit = True
            thread.join(PATIENCE_S + 5)


@contextmanager
def _listening(lan: Lan | None, port: int) -> Iterator[list[socket.socket] | None]:
    """Sockets at the addresses of the network for as long as the block lasts; None: at the one of the settings."""
    if lan is None:
        yield None
        return
    with ExitStack() as held:
        yield [held.enter_context(_socket(host, port)) for host in lan.listens]


def _socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def _now() -> datetime:
    return datetime.now(UTC)


def _is_worth_a_word(record: logging.LogRecord) -> bool:
    """Whether a record tells of more than a request that the end of the server cut off."""
    return record.exc_info is None or not isinstance(record.exc_info[1], asyncio.CancelledError)
