"""The real service on a loopback port, for as long as a block lasts."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from gridsvc.settings import Settings
from tests.conftest import NOW, Fresh


@dataclass
class Clock:
    """What time it is: whatever a test says."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


def settings(made: Fresh, folder: Path, **changes: object) -> Settings:
    """Settings for a schema; nothing of the environment."""
    values: dict[str, object] = {
        "database_url": made.app_url,
        "GRIDSVC_SCHEMA": made.schema,
        "data_dir": folder,
        "lang": "en",
        "mode": "production",
        "anonymous_per_minute": 1000,
        "anonymous_per_place": 1000,
        "anonymous_photos_per_minute": 1000,
        "links_per_minute": 1000,
        "login_attempts": 5,
        "login_wait_s": 300,
        "pool_size": 5,
        "statement_timeout_s": 120,  # a busy machine
    }
    return Settings(**(values | changes))


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The address of the running service."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        config = uvicorn.Config(
            app, proxy_headers=False, server_header=False, log_level="error", ws="none", timeout_graceful_shutdown=5
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            until = time.monotonic() + 60
            while not server.started:
                assert thread.is_alive(), "the service did not start"
                assert time.monotonic() < until, "the service starts too slowly"
                time.sleep(0.01)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(60)
            assert not thread.is_alive(), "the service did not stop"
