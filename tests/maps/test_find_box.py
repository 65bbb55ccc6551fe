"""The search box over both maps: a combobox by keyboard and mouse, that goes where one chooses; names are text."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.maps import town
from tests.maps.conftest import Visit
from tests.maps.service import Double, catalogue
from tests.maps.test_coverage_page import axe

GRID = town.code_of(5, 2)


def type_in(page: Page, words: str = "x") -> None:
    page.locator("#map-find").fill(words)
    expect(page.locator("#map-find")).to_have_attribute("aria-expanded", "true")


@pytest.mark.parametrize(("path", "lang"), [("/maps/hotspots?", "en"), ("/maps/coverage?campaign=round&", "zh")])
def test_a_grid_is_found_and_selected_by_the_keyboard(visit: Visit, path: str, lang: str) -> None:
    page = visit.open(f"{path}lang={lang}")
    box = page.locator("#map-find")
    type_in(page)
    expect(page.locator("#map-live")).to_contain_text(catalogue(lang)["maps.find_n"].format(n=4))
    assert box.get_attribute("aria-activedescendant") is None
    for pressed, at in (("ArrowDown", 0), ("ArrowDown", 1), ("ArrowUp", 0), ("ArrowUp", 3), ("ArrowDown", 0)):
        page.keyboard.press(pressed)
        assert box.get_attribute("aria-activedescendant") == f"map-find-{at}"
        assert page.locator("[role=option][aria-selected=true]").get_attribute("id") == f"map-find-{at}"
    findings = axe(page)
    assert findings == [], json.dumps(findings, ensure_ascii=False, indent=1)
    page.keyboard.press("Enter")
    expect(page.locator("#map-find-list")).to_be_hidden()
    expect(page.locator(f"tr[data-code='{GRID}']")).to_have_attribute("aria-selected", "true")
    assert f"sel={GRID}" in page.url
    inside = page.evaluate(
        "(code) => gridMap.map.getBounds().contains(gridMap.areas.byCode.get(code)[0].getBounds())", GRID
    )
    assert inside
    assert page.evaluate("document.activeElement.id") == "map-find"
    if "coverage" in path:
        _a_compound_is_shown_by_its_ring(page)
    else:
        _a_report_offers_its_page_and_its_words_are_text(page)
    visit.clean()


def _a_compound_is_shown_by_its_ring(page: Page) -> None:
    row = town.progress()["rows"][6]
    type_in(page, "xx")
    page.locator("[role=option]").nth(1).click()
    expect(page.locator(".map-ring-picked")).to_have_count(1)
    expect(page.locator(".map-pin")).to_have_count(1)  # the card before has faded
    expect(page.locator(".map-pin strong")).to_have_text(row["name"])
    assert f"sel=compound:{row['id']}" in page.url.replace("%3A", ":")


def _a_report_offers_its_page_and_its_words_are_text(page: Page) -> None:
    type_in(page, town.CANARY)
    expect(page.locator("[role=option]").nth(2).locator(".map-find-label")).to_have_text(town.CANARY)
    page.locator("[role=option]").nth(2).click()
    link = page.locator("#map-found a")
    expect(link).to_have_text(catalogue("en")["maps.find_open"])
    assert link.get_attribute("href") == "/reports/1"
    expect(page.locator("#map-found span").first).to_contain_text(town.CANARY)
    expect(page.locator(".map-pin")).to_have_count(1)  # the card before has faded
    expect(page.locator(".map-pin strong")).to_have_text(town.CANARY)
    assert page.evaluate("gridMap.map.getZoom()") >= 17
    # one without a place, and an address that is none of ours
    type_in(page)
    page.locator("[role=option]").nth(3).click()
    expect(page.locator("#map-found")).to_contain_text(catalogue("en")["maps.find_nowhere"])
    expect(page.locator("#map-found a")).to_have_count(0)
    expect(page.locator(".map-pin")).to_have_count(0)


def test_escape_keeps_the_selection_a_card_stands_at_the_compound_and_what_fails_is_told(
    visit: Visit, double: Double
) -> None:
    page = visit.open(f"/maps/hotspots#sel={GRID}")
    type_in(page)
    page.keyboard.press("Escape")
    expect(page.locator("#map-find-list")).to_be_hidden()
    expect(page.locator("#map-find")).to_have_value("x")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#map-find-list")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("#map-find")).to_have_value("")
    expect(page.locator(f"tr[data-code='{GRID}']")).to_have_attribute("aria-selected", "true")
    # where there are no rings
    type_in(page)
    page.locator("[role=option]").nth(1).click()
    expect(page.locator(".map-pin")).to_have_count(1)  # the card before has faded
    expect(page.locator(".map-pin strong")).to_have_text(town.progress()["rows"][6]["name"])
    assert page.evaluate("gridMap.map.getZoom()") >= 17
    assert "sel=" not in page.url
    visit.clean()
    double.asked.clear()
    type_in(page, "nothing")
    expect(page.locator("#map-find-list")).to_contain_text(catalogue("zh")["maps.find_none"])
    page.keyboard.press("Enter")
    assert "sel=" not in page.url
    double.failing = {"find"}
    page.locator("#map-find").fill("other")
    expect(page.locator("#map-notice")).to_contain_text(catalogue("zh")["maps.failed_find"])
    asked = [one for one in double.asked if one.startswith("find?")]
    assert asked == ["find?nothing", "find?other"]
    double.failing = set()
    _what_comes_late_opens_nothing_and_is_not_taken_for_what_was_typed(page)


# from now on answers of the search come when `release()` is called; what was let go of in between comes to nothing
HELD = """() => {
  const ask = window.fetch.bind(window);
  const gate = new Promise((done) => { window.release = done; });
  window.n_held = 0;
  window.n_come = 0;
  window.fetch = async (to, how) => {
    if (!String(to).includes("/find")) return ask(to, how);
    window.n_held += 1;
    const answer = await ask(to);
    await gate;
    setTimeout(() => (window.n_come += 1), 50);
    if (how.signal.aborted) throw new DOMException("let go", "AbortError");
    return answer;
  };
}"""


def _what_comes_late_opens_nothing_and_is_not_taken_for_what_was_typed(page: Page) -> None:
    box = page.locator("#map-find")
    type_in(page)
    page.evaluate(HELD)
    box.press_sequentially("y")
    page.wait_for_function("() => window.n_held === 1")
    # what is listed is of "x" alone
    page.keyboard.press("Enter")
    expect(box).to_have_value("xy")
    assert "sel=" not in page.url
    box.blur()
    page.evaluate("window.release()")
    page.wait_for_function("() => window.n_come === 1")
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(page.locator("#map-find-list")).to_be_hidden()


def test_on_a_phone_the_list_fits(phone: Visit) -> None:
    page = phone.open("/maps/coverage?campaign=round")
    type_in(page)
    box = page.locator("#map-find-list").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("[role=option]").first.tap()
    expect(page.locator("#map-find-list")).to_be_hidden()
    phone.clean()
