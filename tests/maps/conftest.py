"""A running test double of the service and a real Chromium."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page

from maps import assets
from tests.maps.service import Double


def _missing(what: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing")
    pytest.skip(f"{what} is missing")


@dataclass
class Visit:
    """One page in a browser, and everything that went wrong or abroad while it was open."""

    page: Page
    address: str
    foreign: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)

    def open(self, path: str, *, settled: bool = True) -> Page:
        """The page after its figures were drawn."""
        self.page.goto(self.address + path)
        if settled:
            self.page.wait_for_selector("#map-table tbody tr[data-code]")
            self.page.wait_for_selector("#map-frame[aria-busy=false]")
            self.page.wait_for_load_state("networkidle")
        return self.page

    def clean(self) -> None:
        """Nothing; raises when a request went abroad, failed, or the console has an error."""
        assert self.foreign == []
        assert self.bad == []
        assert self.console == []
        assert self.page.evaluate("window.__x") is None


@pytest.fixture(scope="session")
def vendor() -> None:
    """The pinned front-end files are in place."""
    try:
        assets.check(assets.TOP / ".vendor")
    except assets.AssetError:
        _missing("the folder of front-end files (npm ci --ignore-scripts; python -m maps.assets)")


@pytest.fixture(scope="session")
def running(vendor: None) -> Iterator[tuple[Double, str]]:
    """The double and its address."""
    double = Double()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(double.app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    yield double, f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(timeout=60)
    listener.close()


@pytest.fixture
def double(running: tuple[Double, str]) -> Double:
    """The double with nothing failing."""
    made = running[0]
    made.failing.clear()
    made.empty.clear()
    made.forbidden.clear()
    made.asked.clear()
    made.raster = ()
    return made


@pytest.fixture
def visit(browser: Browser, double: Double, running: tuple[Double, str]) -> Iterator[Visit]:
    """A page on a desk of 1366 x 768 in a fresh context."""
    with _context(browser, viewport={"width": 1366, "height": 768}) as context:
        yield _watched(context, running[1])


@pytest.fixture
def phone(browser: Browser, double: Double, running: tuple[Double, str]) -> Iterator[Visit]:
    """A page on a phone of 390 x 844."""
    size = {"width": 390, "height": 844}
    with _context(browser, viewport=size, device_scale_factor=2, has_touch=True, is_mobile=True) as context:
        yield _watched(context, running[1])


def _context(browser: Browser, **options: Any) -> BrowserContext:
    return browser.new_context(**options, timezone_id="Asia/Shanghai")


def _watched(context: BrowserContext, address: str) -> Visit:
    page = context.new_page()
    made = Visit(page, address)
    page.set_default_timeout(60_000)

    def asked(request: Any) -> None:
        if not request.url.startswith((address, "data:", "blob:")):
            made.foreign.append(request.url)

    page.on("request", asked)
    page.on("response", lambda answer: made.bad.append(answer.url) if answer.status >= 400 else None)
    page.on("requestfailed", lambda request: made.bad.append(f"{request.url} {request.failure}"))
    page.on("console", lambda said: made.console.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: made.console.append(str(error)))
    return made
