"""A resident reports a problem: by position, pin, compound or words; with scripts and without; once, not twice."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from tests.browser.conftest import PHONE, Visitor
from tests.conftest import Fresh
from tests.web.county import CANARY, WEST, County

HERE = {"latitude": 23.005, "longitude": 110.005, "accuracy": 12}


def fill(page: Page, **fields: str) -> str:
    """Fills the form; gives back the text that makes the report findable."""
    words = f"找得到 {uuid.uuid4()}"
    page.select_option("#category", "0110")
    page.fill("#description", words)
    for field, value in fields.items():
        page.fill(f"#{field}", value)
    return words


def stored(made: Fresh, words: str) -> list[dict[str, Any]]:
    """The reports with this text."""
    query = text(
        "SELECT r.number, r.channel, r.crs, r.raw_x, r.raw_y, r.accuracy_m, r.words, r.client_key, r.sender_id, "
        "p.method, g.code FROM report r JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL "
        "LEFT JOIN grid_version g ON g.id = p.grid_version_id WHERE r.description = :w"
    )
    with made.begin() as db:
        return [dict(row) for row in db.execute(query, {"w": words}).mappings()]


def test_with_the_phones_position(visitor: Visitor, made: Fresh, county: County) -> None:
    visit = visitor(None, "zh", **PHONE, geolocation=HERE, permissions=["geolocation"])
    page = visit.open("/report")
    key = page.input_value("input[name=client_key]")
    words = fill(page)
    page.click("[data-does=locate]")
    expect(page.locator("[data-pin-says]")).to_contain_text("误差约 12 米")
    page.click("#send-form [type=submit]")
    expect(page.locator("#sent-number")).to_be_visible()
    (row,) = stored(made, words)
    assert (row["crs"], row["accuracy_m"], row["method"], row["code"]) == ("wgs84", 12, "covers", f"{WEST}001")
    assert (row["raw_x"], row["raw_y"]) == (110.005, 23.005)
    assert str(row["client_key"]) == key
    assert page.inner_text("#sent-number") == row["number"]
    assert "第1网格" in page.inner_text("#sent-grid")
    # a resident is told the post, never the person
    assert "王小明" not in page.inner_text("main")
    assert page.inner_text("#sent-post").strip()
    assert page.evaluate("sessionStorage.getItem('gridsvc.draft')") is None
    visit.clean()


@pytest.mark.parametrize("trouble", ["denied", "far"])
def test_without_a_position_the_pin_still_works(visitor: Visitor, made: Fresh, county: County, trouble: str) -> None:
    far = {"latitude": 48.1, "longitude": 11.5, "accuracy": 5}
    options = {"permissions": ["geolocation"], "geolocation": far} if trouble == "far" else {"permissions": []}
    visit = visitor(None, "en", **options)
    page = visit.open("/report")
    words = fill(page)
    page.click("[data-does=locate]")
    expect(page.locator("[data-pin-says]")).to_contain_text("Tap the map, or write the compound or the place")
    assert page.input_value("#pin-lon") == ""
    # keyboard: the map's middle is enough
    page.focus("[data-does=pin-middle]")
    page.keyboard.press("Enter")
    expect(page.locator("[data-pin-says]")).to_contain_text("Pin: 110.0")
    page.click("#send-form [type=submit]")
    expect(page.locator("#sent-number")).to_be_visible()
    (row,) = stored(made, words)
    assert row["accuracy_m"] is None
    assert row["method"] == "covers"
    visit.clean()


def test_a_lost_network_loses_nothing_and_doubles_nothing(visitor: Visitor, made: Fresh, county: County) -> None:
    visit = visitor(None, "zh")
    page = visit.open("/report")
    words = fill(page, words="水塔旁")
    lost: list[str] = []

    def lose_the_answer(route: Any) -> None:
        lost.append(route.request.post_data)
        route.fetch()
        route.abort()

    page.route("**/report", lose_the_answer)
    page.click("#send-form [type=submit]")
    expect(page.locator("#send-offline")).to_be_visible()
    assert len(stored(made, words)) == 1
    page.unroute("**/report")
    # the tab is loaded anew in between
    page.reload()
    assert page.input_value("#description") == words
    page.click("#send-form [type=submit]")
    expect(page.locator("#sent-number")).to_be_visible()
    assert len(stored(made, words)) == 1
    assert "没有重复登记" in page.inner_text(".answer")


def test_what_is_wrong_is_told_and_what_was_typed_stays(visitor: Visitor, county: County) -> None:
    visit = visitor(None, "zh")
    page = visit.open("/report")
    page.fill("#description", CANARY)
    page.click("#send-form [type=submit]")
    expect(page.locator("#summary")).to_be_visible()
    assert page.evaluate("document.activeElement.id") == "summary"
    assert [one.get_attribute("href") for one in page.locator("#summary a").all()] == ["#category", "#place"]
    assert page.input_value("#description") == CANARY
    page.click("#summary a >> nth=0")
    assert page.evaluate("document.activeElement.id") == "category"
    assert page.locator("main img").count() == 0
    visit.clean(expected=422)


def test_a_name_of_two_compounds_is_asked_about(visitor: Visitor, made: Fresh, county: County) -> None:
    visit = visitor(None, "en")
    page = visit.open("/report")
    words = fill(page, compound="同名苑")
    page.click("#send-form [type=submit]")
    expect(page.locator("#compound-choice input")).to_have_count(2)
    assert "西社区" in page.inner_text("#compound-choice")
    page.click("#compound-choice label >> nth=0")
    page.click("#send-form [type=submit]")
    expect(page.locator("#sent-number")).to_be_visible()
    (row,) = stored(made, words)
    assert (row["method"], row["code"]) == ("compound", f"{WEST}004")
    visit.clean(expected=409)


@pytest.mark.parametrize(
    ("field", "value", "method"), [("words", "菜市场北门", "none"), ("compound", "錦繡花園", "compound")]
)
def test_without_scripts(visitor: Visitor, made: Fresh, county: County, field: str, value: str, method: str) -> None:
    visit = visitor(None, "zh", java_script_enabled=False)
    page = visit.page
    page.goto(f"{visit.address}/report")
    assert not page.locator("#pin-map").is_visible()
    words = fill(page, **{field: value})
    page.click("#send-form [type=submit]")
    number = page.inner_text("#sent-number")
    (row,) = stored(made, words)
    assert (row["number"], row["method"], row["channel"]) == (number, method, "web")
    # "reload" sends the same form again
    page.reload()
    assert page.inner_text("#sent-number") == number
    assert len(stored(made, words)) == 1
    assert visit.foreign == []


def test_too_many_reports_are_told_and_the_text_stays(
    visitor: Visitor, serve: Callable[..., Any], made: Fresh, county: County
) -> None:
    with serve(anonymous_per_minute=1) as address:
        visit = visitor(None, "zh", address)
        page = visit.open("/report")
        first = fill(page, words="甲")
        page.click("#send-form [type=submit]")
        expect(page.locator("#sent-number")).to_be_visible()
        page.goto(f"{address}/report")
        second = fill(page, words="乙")
        page.click("#send-form [type=submit]")
        expect(page.locator("#summary")).to_contain_text("请等 1 分钟")
        assert page.input_value("#description") == second
        assert (len(stored(made, first)), len(stored(made, second))) == (1, 0)
        visit.clean(expected=429)


def test_a_worker_reports_in_the_own_name(visitor: Visitor, made: Fresh, county: County) -> None:
    visit = visitor("worker", "zh")
    page = visit.open("/report")
    words = fill(page, compound="锦绣花园")
    page.click("#send-form [type=submit]")
    expect(page.locator("#sent-number")).to_be_visible()
    (row,) = stored(made, words)
    assert row["sender_id"] is not None
    assert "王小明" in page.inner_text("#sent-post")
    visit.clean()


def test_who_is_not_sure_of_the_category_can_still_report(visitor: Visitor, made: Fresh, county: County) -> None:
    page = visitor(None, "zh").open("/report")
    words = fill(page, words="桥头")
    page.select_option("#category", "unclassified")
    page.click("#send-form [type=submit]")
    expect(page.locator("#sent-number")).to_be_visible()
    assert len(stored(made, words)) == 1
