"""The wall's page in a browser, where messages come late, are missing, or tell that its reader may look no more."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import text

from gridsvc import accounts, reports, wall
from gridsvc.reports import Draft, Position
from gridsvc.rules.roles import ANONYMOUS
from gridsvc.web import wall_stream
from gridsvc.web.app import create_app
from maps import assets
from tests.conftest import NOW, Fresh, missing
from tests.web import county as counties
from tests.web.county import PASSWORD, RULE
from tests.web.live import Clock, serving, settings
from tests.web.signed_in import cookies_of

LINES = "#wall-board tbody tr[data-key]"
WORDS = "只在墙上的话"


@pytest.fixture(scope="module")
def made(module_schema: Fresh) -> Fresh:
    with module_schema.begin() as db:
        counties.build(db)
    return module_schema


@pytest.fixture(scope="module")
def address(made: Fresh, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        assets.check(assets.TOP / ".vendor")
    except assets.AssetError:
        missing("the folder of front-end files (npm ci --ignore-scripts; python -m maps.assets)")
    with serving(create_app(settings(made, tmp_path_factory.mktemp("data")), clock=Clock())) as running:
        yield running


@pytest.fixture
def page(browser: Browser, address: str, made: Fresh) -> Iterator[Page]:
    """A page of a reader of its own who logged in, not yet at the wall; what it threw fails the test."""
    login, thrown = f"r{uuid.uuid4().hex[:8]}", []
    with made.begin() as db:
        accounts.create(db, login=login, name=login, role="manager", password=PASSWORD, area_codes=["370101"])
    context = browser.new_context(base_url=address, locale="en", extra_http_headers={"Accept-Language": "en"})
    context.add_cookies(cookies_of(address, login))
    opened = context.new_page()
    opened.on("pageerror", lambda error: thrown.append(str(error)))
    yield opened
    context.close()
    assert thrown == []


def send(made: Fresh) -> str:
    with made.begin() as db:
        draft = Draft(uuid.uuid4(), "0110", WORDS, "web", Position(110.005, 23.005, "wgs84"))
        number = reports.submit(db, draft, ANONYMOUS, NOW - timedelta(hours=1), RULE).number
    return f'{LINES}[data-key="gridsvc/{number}/0"]'


def test_an_answer_that_comes_late_sets_nothing_back(page: Page, made: Fresh) -> None:
    held: list[tuple[Route, Any]] = []
    page.goto("/wall")
    page.wait_for_selector(LINES)
    page.route("**/api/v1/wall?*", lambda route: held.append((route, route.fetch())))
    page.route("**/api/v1/wall", lambda route: held.append((route, route.fetch())))
    # a stream that was refused before its first word: the page asks plainly, and comes again meanwhile
    page.evaluate("wall.live.heard = false; wall.live.source.dispatchEvent(new Event('error'))")
    expect(page.locator("#wall-live")).to_have_attribute("data-state", "live")
    while not held:  # a stream may come sooner than the answer
        page.wait_for_timeout(20)
    line = send(made)
    expect(page.locator(line)).to_have_count(1)
    ((route, answer),) = held
    with page.expect_response("**/api/v1/wall*"):
        route.fulfill(response=answer)
    page.evaluate("new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))")
    expect(page.locator(line)).to_have_count(1)
    expect(page.locator(send(made))).to_have_count(1)


def test_a_row_that_was_never_heard_of_is_asked_for(page: Page, made: Fresh) -> None:
    page.goto("/wall")
    page.wait_for_selector(LINES)
    n = page.locator(LINES).count()
    streams: list[str] = []
    page.on("request", lambda request: streams.append(request.url) if "/wall/stream" in request.url else None)
    page.evaluate("wall.page.rows.delete([...wall.page.rows.keys()][0])")
    line = send(made)
    expect(page.locator(line)).to_have_count(1)
    expect(page.locator(LINES)).to_have_count(n + 1)
    assert len(streams) == 1
    assert "since=" not in streams[0]  # a whole board


@pytest.mark.parametrize("how", ["told", "refused"])
def test_who_may_look_no_more_sees_nothing_more(
    page: Page, made: Fresh, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(wall_stream, "LOOK_S", 0.5)
    page.goto("/wall")
    page.wait_for_selector(send(made).split("[data")[0])
    page.locator(LINES).first.click()
    expect(page.locator("#wall-card")).to_be_visible()
    with made.begin() as db:  # the reader is the newest
        accounts.disable(db, str(db.scalar(text("SELECT login FROM account WHERE active ORDER BY id DESC LIMIT 1"))))
    if how == "refused":
        page.evaluate("wall.live.heard = false; wall.live.source.dispatchEvent(new Event('error'))")
    expect(page.locator("#map-notice")).to_be_visible()
    expect(page.locator(LINES)).to_have_count(0)
    expect(page.locator(".wall-pin")).to_have_count(0)
    expect(page.locator("#wall-card")).to_be_hidden()
    assert page.evaluate("[wall.page.rows.size, wall.page.shown.length]") == [0, 0]
    assert WORDS not in page.locator("body").inner_text()
    assert WORDS not in page.locator("#map-live").inner_text()


def test_what_is_too_much_to_count_is_said_in_words(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    page.goto("/wall")
    page.wait_for_selector(LINES)
    monkeypatch.setattr(wall, "MOST_BEHIND", -1)
    page.evaluate("wall.live.source.dispatchEvent(new Event('error'))")
    expect(page.locator("#map-live")).to_contain_text(
        json.loads(page.locator("#map-labels").inner_text())["announce_caught_up_much"]
    )
