"""The wall in a browser: board and pins by the same numbers, keys, phone, paper, canaries, the address."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from gridsvc import reports
from gridsvc.reports import Draft, Position
from gridsvc.rules.roles import ANONYMOUS
from tests.browser.conftest import OVER, PHONE, SMALL, Visitor
from tests.conftest import NOW, Fresh
from tests.through import lead
from tests.web.county import CANARY, RULE, County

PINS = ".wall-pin"
LINES = "#wall-board tbody tr[data-key]"
N_EACH = 2  # reports in each standing
WALL_SCREEN = {"viewport": {"width": 1920, "height": 1080}}


@pytest.fixture(scope="module")
def hung(made: Fresh, county: County) -> County:
    """The county with reports in every standing."""
    states = ("filed", "dispatched", "disposed", "checked", "closed", "struck_off")
    with made.begin() as db:
        for i, state in enumerate(states * N_EACH):
            place = Position(110.002 + 0.003 * i, 23.004 + 0.001 * (i % 5), "wgs84")
            draft = Draft(uuid.uuid4(), "0110", f"堆垃圾 {{{{7*191}}}} ${{window.__x=1}} ` {i} {CANARY}", "web", place)
            number = reports.submit(db, draft, ANONYMOUS, NOW - timedelta(days=3 + i % 4), RULE).number
            lead(db, number, state, NOW - timedelta(days=2 + i % 4))
    return county


def opened(visitor: Visitor, path: str = "/wall", **options: Any) -> tuple[Any, Page]:
    visit = visitor(options.pop("login", "admin"), **options)
    page = visit.open(path)
    page.wait_for_selector(LINES)
    return visit, page


def numbers(page: Page) -> tuple[list[int], list[int]]:
    """What is written on the lines that have a pin, and on the pins."""
    lines = page.eval_on_selector_all(
        LINES, "rows => rows.map(r => [+r.cells[0].innerText.trim().split(/\\s+/)[0], r.dataset.key])"
    )
    pinned = page.eval_on_selector_all(
        PINS, "pins => pins.map(p => [+p.querySelector('text').textContent, p.dataset.key])"
    )
    located = {key for _, key in pinned}
    assert {key: nr for nr, key in lines if key in located} == {key: nr for nr, key in pinned}
    return [nr for nr, _ in lines], sorted(nr for nr, _ in pinned)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_board_and_pins_have_the_same_numbers(visitor: Visitor, hung: County, axe: str, lang: str) -> None:
    visit, page = opened(visitor, lang=lang)
    lines, pins = numbers(page)
    assert lines == list(range(1, len(lines) + 1))
    answer = page.evaluate("fetch('/api/v1/wall').then(r => r.json())")
    assert [row["nr"] for row in answer["rows"]] == lines
    assert pins == [row["nr"] for row in answer["rows"] if row["location"]]
    assert sum(answer["counts"].values()) == answer["total"] == len(lines) + answer["left_out"]
    for standing, n in answer["counts"].items():
        expect(page.locator(f".wall-key[data-standing={standing}] .wall-key-n")).to_have_text(f"{n:,}")
    visit.accessible(axe)
    assert page.locator("html").get_attribute("lang") == lang
    visit.clean()


def test_the_page_without_rows_is_small(visitor: Visitor, hung: County) -> None:
    visit, page = opened(visitor)
    html = page.request.get(f"{visit.address}/wall").text()
    assert len(html.encode()) <= 20_480
    assert "堆垃圾" not in html


def test_what_people_wrote_is_shown_as_it_is(visitor: Visitor, hung: County) -> None:
    visit, page = opened(visitor)
    words = page.locator(".wall-words", has_text="{{7*191}}")
    assert words.count() >= 6
    expect(words.first).to_contain_text("${window.__x=1} `")
    expect(words.first).to_contain_text(CANARY)
    words.first.click()
    expect(page.locator(".wall-card-words")).to_contain_text(CANARY)
    assert page.evaluate("window.__x") is None
    visit.clean()


def test_selecting_one_selects_the_other_and_keys_do_all(visitor: Visitor, hung: County) -> None:
    visit, page = opened(visitor)
    for _ in range(2):  # over the menu, then over the filters
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
    first = page.evaluate("document.activeElement.dataset.key")
    page.keyboard.press("ArrowDown")
    second = page.evaluate("document.activeElement.dataset.key")
    assert second != first
    page.keyboard.press("Enter")
    expect(page.locator(f'{LINES}[aria-selected="true"]')).to_have_attribute("data-key", second)
    expect(page.locator(".wall-pin-selected")).to_have_attribute("data-key", second)
    expect(page.locator("#map-live")).to_contain_text("2")
    assert f"sel={second.replace('/', '%2F')}" in page.url
    page.reload()
    page.wait_for_selector(".wall-pin-selected")
    expect(page.locator(f'{LINES}[aria-selected="true"]')).to_have_attribute("data-key", second)
    expect(page.locator(".wall-card a")).to_have_attribute("href", re.compile("^/reports/"))
    page.keyboard.press("Escape")
    expect(page.locator(".wall-pin-selected")).to_have_count(0)
    page.locator(PINS).last.click(force=True)
    picked = page.locator(".wall-pin-selected").get_attribute("data-key")
    expect(page.locator(f'{LINES}[aria-selected="true"]')).to_have_attribute("data-key", str(picked))
    assert page.locator("#map-frame [tabindex='0'], #map-frame a[href], #map-frame button").count() <= 15
    visit.clean()


def test_filters_live_in_the_address(visitor: Visitor, hung: County) -> None:
    visit, page = opened(visitor)
    page.select_option("#f-state", "closed")
    expect(page.locator(LINES)).to_have_count(N_EACH)
    assert "state=closed" in page.url
    assert set(page.locator(PINS).evaluate_all("all => all.map(one => one.dataset.standing)")) == {"closed"}
    expect(page.locator("#map-foot")).to_contain_text("已结案")
    page.reload()
    page.wait_for_selector(LINES)
    expect(page.locator(LINES)).to_have_count(N_EACH)
    page.go_back()
    expect(page.locator(LINES).nth(3)).to_be_visible()
    visit.clean()


def test_who_sees_less_has_a_smaller_wall(visitor: Visitor, hung: County) -> None:
    _, page = opened(visitor, login="manager_east")
    answer = page.evaluate("fetch('/api/v1/wall').then(r => r.json())")
    areas = {row["area"]["code"] if row["area"] else None for row in answer["rows"]}
    assert areas <= {"370101002001", None}
    assert len(answer["rows"]) == page.locator(LINES).count()


def test_on_a_phone_it_is_one_column(visitor: Visitor, hung: County) -> None:
    visit, page = opened(visitor, **PHONE)
    assert page.evaluate(OVER) == 0
    assert page.evaluate(SMALL) == []
    numbers(page)
    visit.clean()


def test_on_the_wall_screen_nothing_overflows(visitor: Visitor, hung: County) -> None:
    visit, page = opened(visitor, **WALL_SCREEN)
    assert page.evaluate(OVER) == 0
    cut = page.evaluate(
        "[...document.querySelectorAll('#wall-board td')].filter(c => c.scrollWidth > c.clientWidth + 1).length"
    )
    assert cut == 0
    numbers(page)
    visit.clean()


def test_without_scripts_there_is_the_board(visitor: Visitor, hung: County) -> None:
    visit = visitor("admin", java_script_enabled=False)
    page = visit.open("/wall?deadline=closed")
    page.locator("noscript a").click()
    expect(page.locator("#wall-board tbody tr")).to_have_count(N_EACH)
    expect(page.locator("#wall-board tbody tr").first).to_contain_text(CANARY)
    expect(page.locator("noscript a")).to_be_visible()
