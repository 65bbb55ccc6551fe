"""Today and the worklist in a browser: ticks, keys, without JavaScript, on a phone, on paper; the clicks of the queue."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from gridsvc import reports
from gridsvc.reports import Draft, Position
from gridsvc.rules.case import Terms
from gridsvc.rules.deadlines import Limit, StageLimits
from gridsvc.rules.roles import ANONYMOUS
from gridsvc.terms import Agreed
from tests.browser.conftest import PHONE, SMALL_DESK, Visitor
from tests.browser.page_checks import SMALL
from tests.conftest import NOW, Fresh
from tests.through import CALENDAR, lead
from tests.web.county import CANARY, RULE, WEST, County

QUEUED = 20
MOST_CLICKS = 40
ROWS = "#worklist-table tbody tr"
# who leads has to accept within a time, which stands below the state: the longest words there
STAGES = StageLimits(accept=Limit(30, "working_day"), dispose=Limit(3, "working_day"))
HURRIED = Agreed(Terms(CALENDAR, stages=STAGES), {})


@pytest.fixture(scope="module")
def office(made: Fresh, county: County) -> County:
    """The county with reports that wait for a handler and a dispatcher."""
    with made.begin() as db:
        for i in range(8):
            draft = Draft(uuid.uuid4(), "0110", f"堆垃圾 {i} {CANARY}", "web", Position(110.015, 23.005, "wgs84"))
            number = reports.submit(db, draft, ANONYMOUS, NOW - timedelta(days=9 - i), RULE).number
            lead(db, number, "filed" if i < 4 else "dispatched", NOW - timedelta(days=8 - i), agreed=HURRIED)
    return county


def state_of(made: Fresh, number: str) -> str:
    with made.begin() as db:
        return str(db.scalar(text("SELECT state FROM report WHERE number = :n"), {"n": number}))


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.innerText || document.activeElement.id"))


PAGES = {
    "today of a dispatcher": ("dispatcher", "/"),
    "today of a handler": ("handler", "/"),
    "today of a planner": ("planner", "/"),
    "worklist": ("dispatcher", "/worklist"),
    "worklist of a handler": ("handler", "/worklist?sort=received&descending=true"),
    "worklist, nothing found": ("admin", "/worklist?words=no+such+words"),
    "ledger": ("planner", "/ledger?by=grid&from=2026-05-01"),
    "rates": ("planner", "/rates?from=2026-05-01&group=asked"),
}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_page_is_clean_accessible_and_fits_a_phone(
    visitor: Visitor, office: County, axe: str, name: str, lang: str
) -> None:
    reader, path = PAGES[name]
    visit = visitor(reader, lang)
    page = visit.open(path)
    shown = page.inner_text("body")
    assert not [word for word in ("pages.", "worklist.", "ledger.", "rates.", "measures.") if word in shown]
    assert page.locator("main img").count() == 0
    visit.accessible(axe)
    visit.clean()


def test_ticked_reports_are_dispatched_and_the_rest_is_told(visitor: Visitor, made: Fresh, office: County) -> None:
    visit = visitor("dispatcher", "en")
    page = visit.open("/worklist?queue=to_dispatch")
    assert not page.locator("#bar").is_visible()
    numbers = page.locator(f"{ROWS} th a").all_inner_texts()
    boxes = page.locator(f"{ROWS} input[name=pick]")
    boxes.nth(0).check()
    boxes.nth(1).check()
    expect(page.locator("#n-picked")).to_have_text("2 selected")
    page.click("#bar button[value=dispatch]")
    expect(page.locator("#plan li").first).to_contain_text("2")
    assert {state_of(made, number) for number in numbers[:2]} == {"filed"}
    page.click(".sure button[value=dispatch]")
    expect(page.locator("#result .note-done")).to_contain_text(numbers[0])
    page.wait_for_load_state("load")
    assert {state_of(made, number) for number in numbers[:2]} == {"dispatched"}
    assert page.locator(f"{ROWS} th a").all_inner_texts() == numbers[2:]
    page.check("#pick-all")
    expect(page.locator("#n-picked")).to_have_text(f"{len(numbers) - 2} selected")
    page.uncheck("#pick-all")
    expect(page.locator("#bar")).to_be_hidden()
    visit.clean()


def test_keys_search_move_and_tick(visitor: Visitor, office: County) -> None:
    page = visitor("admin", "en").open("/worklist")
    page.keyboard.press("/")
    assert focused(page) == "f-words"
    page.keyboard.type("堆垃圾 7")
    page.keyboard.press("Enter")
    page.wait_for_url("**words=*")
    assert page.locator(ROWS).count() == 1
    page.locator(f"{ROWS} th a").first.focus()
    page.keyboard.press("x")
    expect(page.locator("#n-picked")).to_have_text("1 selected")
    page.keyboard.press("x")
    expect(page.locator("#bar")).to_be_hidden()
    page = visitor("admin", "en").open("/worklist")
    page.locator(f"{ROWS} th a").first.focus()
    page.keyboard.press("ArrowDown")
    assert focused(page) == page.locator(f"{ROWS} th a").nth(1).inner_text()
    page.keyboard.press("/")
    page.keyboard.type("half")
    page.keyboard.press("Escape")
    assert focused(page) != "f-words"
    assert page.input_value("#f-words") == "half"
    page.keyboard.press("/")
    page.keyboard.press("ArrowDown")
    assert focused(page) == page.locator(f"{ROWS} th a").first.inner_text()


def test_pages_and_heads_keep_the_filters(visitor: Visitor, office: County) -> None:
    visit = visitor("admin", "en")
    page = visit.open("/worklist?words=路灯")
    assert page.locator(ROWS).count() == 50
    page.click("a[rel=next]")
    page.wait_for_url("**page=2")
    assert 0 < page.locator(ROWS).count() < 50
    page.set_viewport_size(
        SMALL_DESK["viewport"]
    )  # where there is little room, when a report came can be sorted by too
    page.click("th.sorts a:text('Received')")
    page.wait_for_url("**sort=received")
    assert page.locator("th[aria-sort=ascending]").inner_text() == "Received"
    assert page.input_value("#f-words") == "路灯"
    first = page.locator(f"{ROWS} th a").first.inner_text()
    page.click("th.sorts a:text('Received')")
    page.wait_for_url("**descending=true")
    assert page.locator(f"{ROWS} th a").first.inner_text() != first
    visit.clean()


def test_everything_works_without_javascript(visitor: Visitor, made: Fresh, office: County) -> None:
    visit = visitor("handler", "zh", java_script_enabled=False)
    page = visit.open("/")
    page.click("[data-tile=to_accept]")
    number = page.locator(f"{ROWS} th a").first.inner_text()
    page.locator(f"{ROWS} input[name=pick]").first.check()
    page.click("#bar button[value=accept]")
    expect(page.locator("#result .note-done")).to_contain_text(number)
    with made.begin() as db:
        at = db.scalar(text("SELECT accepted_at FROM report WHERE number = :n"), {"n": number})
    assert at is not None


def test_a_phone_has_cards(visitor: Visitor, office: County) -> None:
    visit = visitor("dispatcher", "zh", **PHONE)
    page = visit.open("/worklist")
    assert not page.locator(".work thead").is_visible()
    card = page.locator(ROWS).first
    box = card.bounding_box()
    assert box is not None
    assert box["width"] > 350
    card.locator("label.tick").tap()
    bar = page.locator("#bar").bounding_box()
    assert bar is not None
    assert bar["y"] + bar["height"] <= 845  # in sight, at the thumb
    assert page.evaluate(SMALL) == []
    visit.clean()


def test_paper_has_the_filters_and_nothing_to_press(visitor: Visitor, office: County) -> None:
    page = visitor("admin", "zh").open("/worklist?queue=to_dispatch")
    page.emulate_media(media="print")
    assert "待派遣" in page.inner_text(".head .on-paper")
    for gone in (".bar", ".filters", ".chips", "#bar", "td.pick"):
        assert page.locator(gone).count() == 0 or not page.locator(gone).first.is_visible(), gone
    page.set_viewport_size({"width": 700, "height": 1000})  # upright A4 is narrower than a phone's breakpoint
    assert page.locator(".work thead").is_visible()
    assert b"/MediaBox [0 0 841" in page.pdf(prefer_css_page_size=True)


@pytest.fixture
def queued(made: Fresh, county: County) -> Iterator[list[str]]:
    """Twenty reports on no grid before all others: half of them lie just outside, half have only words."""
    numbers = []
    with made.begin() as db:
        for i in range(QUEUED):
            where: dict[str, Any] = (
                {"position": Position(109.9975, 23.005, "wgs84", 5.0)} if i % 2 else {"words": f"粮店 {i} 号"}
            )
            draft = Draft(uuid.uuid4(), "0110", "堆了垃圾", "hotline", **where)
            at = NOW - timedelta(days=190, minutes=QUEUED - i)
            numbers.append(reports.submit(db, draft, ANONYMOUS, at, RULE).number)
    yield numbers
    with made.begin() as db:
        assert not db.scalar(
            text("SELECT count(*) FROM report r JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL "
                 "WHERE r.number = ANY(:n) AND p.grid_version_id IS NULL"),
            {"n": numbers},
        )  # fmt: skip


def test_twenty_of_the_queue_are_placed_in_forty_clicks(visitor: Visitor, county: County, queued: list[str]) -> None:
    visit = visitor("manager_west", "zh", storage_state=None)
    page = visit.page
    clicks = 0

    def click(where: str) -> None:
        nonlocal clicks
        clicks += 1
        page.click(where)
        page.wait_for_load_state("load")

    visit.open("/unplaced")
    for number in queued:
        expect(page.locator("#bench-title")).to_contain_text(number)
        near = page.locator("ul.near button")
        if near.count():
            click("ul.near li:first-child button")
        else:
            if page.evaluate("document.activeElement.id") != "grid":
                click("#grid")
            page.keyboard.type(f"{WEST}001")  # typed, then one press; Enter would do too
            click("button[value=grid]")
    expect(page.locator(".note-done")).to_contain_text(queued[-1])
    assert clicks <= MOST_CLICKS, clicks
    visit.clean()
