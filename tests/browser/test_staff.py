"""What staff do: log in, filter the list, read a report, place what nobody could place; with the keyboard alone."""

from __future__ import annotations

import csv
import io
import itertools
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text

from gridsvc import accounts, reports
from gridsvc.reports import Draft, Position
from gridsvc.rules.roles import ANONYMOUS
from tests.browser.conftest import Visitor, log_in
from tests.browser.page_checks import put_away
from tests.conftest import NOW, Fresh
from tests.web.county import CANARY, EAST, PASSWORD, RULE, WEST, County

EARLIER = itertools.count(300, 10)


@pytest.fixture
def waiting(made: Fresh, county: County) -> list[str]:
    """Two new reports without a position, received before all others, so that they stand first in the queue."""
    numbers = []
    days = next(EARLIER)
    with made.begin() as db:
        for i in range(2):
            draft = Draft(uuid.uuid4(), "0110", f"等 {CANARY}", "hotline", words=f"水塔旁 {i}")
            at = NOW - timedelta(days=days - i)
            numbers.append(reports.submit(db, draft, ANONYMOUS, at, RULE).number)
    return numbers


def log_of(made: Fresh, number: str) -> list[tuple[str, dict[str, Any] | None, str | None]]:
    query = text(
        "SELECT l.action, l.facts, a.login FROM report_log l JOIN report r ON r.id = l.report_id "
        "LEFT JOIN account a ON a.id = l.actor_id WHERE r.number = :n ORDER BY l.seq"
    )
    with made.begin() as db:
        return [tuple(row) for row in db.execute(query, {"n": number})]


def test_login_goes_where_the_reader_wanted_and_nowhere_else(visitor: Visitor) -> None:
    visit = visitor()
    page = visit.open("/reports?state=closed")
    assert page.url.startswith(f"{visit.address}/login?next=")
    log_in(page, "admin", "wrong password")
    expect(page.locator("#summary")).to_contain_text("连续输错 5 次，要等 5 分钟")
    assert page.input_value("#login") == "admin"
    log_in(page, "admin")
    page.wait_for_url(f"{visit.address}/reports?state=closed")
    page.click(".who button")
    page.wait_for_url(f"{visit.address}/login")
    assert visit.open("/reports").url.startswith(f"{visit.address}/login")
    for elsewhere in ("//example.org/", "https://example.org/", "/\\example.org"):
        page.goto(f"{visit.address}/login?next={elsewhere}")
        assert page.input_value("input[name=next]") == "/"
    assert visit.foreign == []


def test_too_many_wrong_passwords_are_told_with_the_time(
    serve: Callable[..., Any], browser: Browser, county: County
) -> None:
    with serve(login_attempts=1) as address:
        page = browser.new_page()
        page.goto(f"{address}/login?lang=en")
        for _ in range(5):
            log_in(page, "nobody-here", "wrong")
            page.wait_for_load_state()
        expect(page.locator("#summary")).to_contain_text("try again at 2026-11-01 10:")
        put_away(page)


def test_filters_live_in_the_address(visitor: Visitor, county: County) -> None:
    visit = visitor("admin")
    page = visit.open("/reports")
    first = page.locator(".rows tbody th a").all_inner_texts()
    assert len(first) == 50
    page.click("a[rel=next]")
    page.wait_for_url("**cursor=*")
    assert not set(page.locator(".rows tbody th a").all_inner_texts()) & set(first)
    assert page.locator(".rows tbody tr").count()
    page.fill("#f-q", county.numbers["doubtful"])
    page.press("#f-q", "Enter")
    page.wait_for_url("**q=*")
    assert page.locator(".rows tbody tr").count() == 1
    assert "存疑" in page.inner_text(".rows tbody")
    visit.open("/reports?doubtful=true")
    assert page.is_checked("#f-doubtful")
    assert page.locator(".rows tbody tr").count() == 1
    visit.open("/reports?category=0506&from=2026-06-01&to=2026-06-30")
    assert [one.strip() for one in page.locator(".rows tbody th a").all_inner_texts()] == [county.numbers["old"]]
    visit.clean()


def test_grid_filter_takes_a_name_and_suggests(visitor: Visitor, county: County) -> None:
    visit = visitor("manager_west", "en")
    page = visit.open("/reports")
    page.focus("#f-grid")
    page.keyboard.type("第2")
    expect(page.locator("#grids option")).to_have_count(1)
    assert page.locator("#grids option").get_attribute("value") == f"第2网格 {WEST}002"
    page.fill("#f-grid", f"第1网格 {WEST}001")
    page.press("#f-grid", "Enter")
    page.wait_for_url("**grid=*")
    shown = page.locator(".rows tbody tr").all_inner_texts()
    assert shown
    assert all(f"{WEST}001" in row for row in shown)
    visit.clean()


def test_a_manager_does_not_see_the_neighbours_reports(visitor: Visitor, county: County) -> None:
    page = visitor("manager_west").open("/reports")
    assert county.numbers["west"] in page.inner_text(".rows")
    assert county.numbers["east"] not in page.inner_text(".rows")
    answer = page.goto(page.url.replace("/reports", f"/reports/{county.numbers['east']}"))
    assert answer is not None
    assert answer.status == 404


def test_keys_search_move_and_leave(visitor: Visitor, county: County) -> None:
    page = visitor("admin").open("/reports")
    page.keyboard.press("Tab")
    assert focused(page).get("href", "").endswith("#main")
    page.keyboard.press("/")
    assert focused(page)["id"] == "f-q"
    page.locator(".rows tbody th a").first.focus()
    page.keyboard.press("ArrowDown")
    numbers = page.locator(".rows tbody th a").all_inner_texts()
    assert focused(page)["text"] == numbers[1]
    page.keyboard.press("End")
    assert focused(page)["text"] == numbers[-1]
    page.keyboard.press("Escape")
    assert focused(page)["tag"] == "BODY"


def focused(page: Page) -> dict[str, str]:
    """What has the focus."""
    found: dict[str, str] = page.evaluate(
        "(({id, href, tagName, innerText}) => ({id, href, tag: tagName, text: innerText}))(document.activeElement)"
    )
    return found


def test_placing_with_the_keyboard_focuses_the_next(
    visitor: Visitor, made: Fresh, county: County, waiting: list[str]
) -> None:
    visit = visitor("manager_west")
    page = visit.open("/unplaced")
    assert waiting[0] in page.inner_text("#bench-title")
    assert "水塔旁 0" in page.inner_text("#bench")
    page.focus("#grid")
    page.keyboard.type(f"{WEST}003")
    page.keyboard.press("Enter")
    page.wait_for_url("**done=*")
    assert waiting[0] in page.inner_text(".note-done")
    assert waiting[1] in page.inner_text("#bench-title")
    expect(page.locator("#grid")).to_be_focused()
    assert log_of(made, waiting[0])[-1] == (
        "place",
        {"grid": f"{WEST}003", "method": "manual", "role": "manager"},
        "manager_west",
    )
    visit.clean()
    page.click(".note-done a")
    expect(page.locator(".log")).to_contain_text("人工落格")
    expect(page.locator(".facts").first).to_contain_text("第3网格")


def test_a_grid_of_the_neighbour_is_refused_and_nothing_changes(
    visitor: Visitor, made: Fresh, county: County, waiting: list[str]
) -> None:
    visit = visitor("manager_west")
    page = visit.open("/unplaced")
    page.fill("#grid", f"{EAST}001")
    page.press("#grid", "Enter")
    expect(page.locator("#grid-wrong")).to_be_visible()
    visit.settle()  # this page has a map of its own
    assert page.input_value("#grid") == f"{EAST}001"
    assert waiting[0] in page.inner_text("#bench-title")
    box = page.locator("#pin-map .leaflet-container").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.5)
    assert float(page.input_value("#pin-lon")) > 110.02
    page.click("button[value=pin]")
    expect(page.locator("#pin-map-wrong")).to_contain_text("不在您的辖区")
    assert [action for action, _, _ in log_of(made, waiting[0])] == ["submit"]


def test_placing_by_pin(visitor: Visitor, made: Fresh, county: County, waiting: list[str]) -> None:
    visit = visitor("admin")
    page = visit.open("/unplaced")
    expect(page.locator("button[value=pin]")).to_be_disabled()
    page.locator("#pin-map .leaflet-container").click(position={"x": 120, "y": 150})
    expect(page.locator("[data-pin-says]")).to_contain_text("图钉：东经 110.0")
    lon = float(page.input_value("#pin-lon"))
    page.click("button[value=pin]")
    page.wait_for_url("**done=*")
    action, facts, login = log_of(made, waiting[0])[-1]
    assert (action, login) == ("place", "admin")
    assert facts is not None
    assert facts["lon"] == lon
    assert facts["crs"] == "wgs84"
    visit.clean()


def test_who_comes_second_is_told(visitor: Visitor, made: Fresh, county: County, waiting: list[str]) -> None:
    first, second = visitor("admin"), visitor("manager_west")
    for visit in (first, second):
        visit.open("/unplaced")
    for visit, code in ((first, f"{WEST}001"), (second, f"{WEST}002")):
        visit.page.fill("#grid", code)
        visit.page.press("#grid", "Enter")
        visit.page.wait_for_selector(".note-done, #summary")
    expect(second.page.locator("#summary")).to_contain_text("有变化")
    expect(second.page.locator("#since")).to_contain_text(f"{WEST}001")
    assert log_of(made, waiting[0])[-1][1] == {"grid": f"{WEST}001", "method": "manual", "role": "admin"}


def test_a_doubtful_report_can_be_moved_from_its_page(visitor: Visitor, made: Fresh, county: County) -> None:
    with made.begin() as db:
        draft = Draft(uuid.uuid4(), "0110", "挪", "wechat", Position(110.0101, 23.005, "wgs84", 40.0))
        number = reports.submit(db, draft, ANONYMOUS, NOW - timedelta(days=100), RULE).number
    visit = visitor("manager_west", "en")
    page = visit.open(f"/reports/{number}")
    assert "doubtful" in page.inner_text(".head")
    page.click("#move summary")
    page.fill("#grid", "no such grid")
    page.press("#grid", "Enter")
    expect(page.locator("#grid-wrong")).to_be_visible()
    page.fill("#grid", f"{WEST}001")
    page.press("#grid", "Enter")
    page.wait_for_url("**done=true")
    assert "Placed by hand" in page.inner_text(".log")
    assert "Before that" in page.inner_text("main")
    assert "doubtful" not in page.inner_text(".head")


def test_table_goes_to_a_spreadsheet(visitor: Visitor, county: County) -> None:
    page = visitor("admin").open(f"/reports?q={county.numbers['west']}")
    with page.expect_download() as waited:
        page.click("a[href*='/reports/table.csv']")
    (row,) = csv.DictReader(io.StringIO(waited.value.path().read_text(encoding="utf-8-sig")))
    told = (row["编号"], row["状态"], row["类别"])
    assert told == (county.numbers["west"], "已上报", "暴露垃圾")
    assert CANARY in row["问题描述"]


@pytest.mark.parametrize("scripts", [True, False])
def test_who_has_two_roles_switches_by_keyboard_and_without_scripts(
    visitor: Visitor, made: Fresh, county: County, axe: str, scripts: bool
) -> None:
    login = f"two_{scripts}".lower()
    with made.begin() as db:
        accounts.create(
            db,
            login=login,
            name="双 某",
            role="manager",
            also_roles=["worker"],
            password=PASSWORD,
            area_codes=[WEST],
            worker_code="w1",
        )
    visit = visitor(login, "zh", java_script_enabled=scripts)
    page = visit.open("/")
    select = page.locator(".bar select")
    expect(select).to_have_accessible_name("当前角色")
    expect(select).to_have_value("manager")
    expect(page.locator(".bar nav a[href='/unplaced']")).to_have_count(1)
    if scripts:
        visit.accessible(axe)
        page.set_viewport_size({"width": 1366, "height": 768})
        rows = []
        for lang in ("en", "zh"):
            visit.open(f"/?lang={lang}")
            rows.append(page.locator(".bar").evaluate("bar => bar.offsetHeight <= 46 && bar.scrollWidth <= innerWidth"))
        assert rows == [True, True]  # one row on an office screen
    select.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".bar select")).to_have_value("worker")
    expect(page.locator(".bar nav a[href='/unplaced']")).to_have_count(0)
    expect(page.locator("main a[href='/field']")).to_have_count(1)
