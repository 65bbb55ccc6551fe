"""Every page, in both languages, on a desk and on a phone: nothing abroad, nothing broken, nothing out of reach."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, Visit, Visitor
from tests.browser.page_checks import OVER, SMALL
from tests.web.county import CANARY, EAST, PASSWORD, WEST, County, worked_out

# name: (reader, path, status)
PAGES: dict[str, tuple[str | None, str, int]] = {
    "home of an admin": ("admin", "/", 200),
    "home of a manager": ("manager_west", "/", 200),
    "home of a worker": ("worker", "/", 200),
    "hotspots": ("admin", "/maps/hotspots", 200),
    "coverage": ("admin", "/maps/coverage", 200),
    "reports": ("admin", "/reports", 200),
    "reports, nothing found": ("admin", "/reports?q=no+such+words", 200),
    "reports, bad filter": ("admin", "/reports?from=2026-11-01&to=2026-10-01", 422),
    "one report": ("admin", "/reports/{doubtful}", 200),
    "unplaced": ("admin", "/unplaced", 200),
    "report form": (None, "/report", 200),
    "login": (None, "/login", 200),
    "import of a phone's file": ("manager_west", "/field/import", 200),
    "API": (None, "/docs/api", 200),
    "404": ("admin", "/no-such-page", 404),
    "403": ("worker", "/unplaced", 403),
}
LITERAL = ("reports", "one report", "unplaced", "home of an admin")


def opened(visitor: Visitor, county: County, name: str, lang: str, **options: Any) -> Visit:
    reader, path, status = PAGES[name]
    visit = visitor(reader, lang, **options)
    answer = visit.page.goto(visit.address + path.format(**county.numbers))
    assert answer is not None
    assert answer.status == status
    visit.settle()
    return visit


def expected(name: str) -> int | None:
    return PAGES[name][2] if PAGES[name][2] >= 400 else None


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_page_is_clean_accessible_and_fits_a_phone(
    visitor: Visitor, county: County, axe: str, name: str, lang: str
) -> None:
    visit = opened(visitor, county, name, lang)
    page = visit.page
    assert page.get_attribute("html", "lang") == lang
    brand = "社区网格治理" if lang == "zh" else "Community grids"
    assert page.title().endswith(f" - {brand}")
    assert "pages." not in page.inner_text("body"), "a text is missing from the catalogue"
    if lang == "zh" and name in LITERAL:
        shown = page.text_content("main") or ""
        assert CANARY in shown, "citizens' words are shown literally"
        assert page.locator("main img").count() == 0
        assert not worked_out(shown)
    if name == "report form":
        # the names of compounds are offered literally
        assert CANARY in page.locator("#compounds option").evaluate_all("all => all.map(one => one.value)")
        place = json.loads(page.get_attribute("#pin-map", "data-place") or "")
        assert CANARY in [one for one, _, _ in place["names"]]
    visit.accessible(axe)
    visit.clean(expected=expected(name))
    if name == "reports" and lang == "zh":
        paper_has_neither_menu_nor_buttons(page)


def paper_has_neither_menu_nor_buttons(page: Page) -> None:
    page.set_viewport_size(DESK["viewport"])
    page.emulate_media(media="print")
    assert not page.locator(".bar").is_visible()
    assert not page.locator(".filters").is_visible()
    assert page.locator("h1").is_visible()
    assert len(page.pdf(format="A4")) > 20_000


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_worker_s_phones_are_listed_and_taken_back(visitor: Visitor, county: County, axe: str, lang: str) -> None:
    visit, name = visitor("worker", lang), f"红米 {lang} {CANARY}"
    asked = {"login": "worker", "password": PASSWORD, "name": name, "as": "bearer"}
    assert httpx.post(f"{visit.address}/api/v1/devices", json=asked, timeout=120).status_code == 201
    page = visit.open("/devices")
    row = page.locator("#devices tbody tr", has_text=name)
    visit.accessible(axe)
    row.locator("td a").click()
    visit.accessible(axe)
    page.locator("form.note-warn button").click()
    expect(page.locator(".note-done")).to_contain_text(name)
    expect(row.locator("td a")).to_have_count(0)
    visit.accessible(axe)
    visit.clean()


@pytest.mark.parametrize("name", ["home of a manager", "unplaced", "report form", "hotspots"])
def test_page_fits_a_real_phone(visitor: Visitor, county: County, name: str) -> None:
    visit = opened(visitor, county, name, "zh", **PHONE)
    assert visit.page.evaluate(OVER) == 0
    assert visit.page.evaluate(SMALL) == []
    visit.clean(expected=expected(name))


def test_language_link_keeps_page_filters_and_hash(visitor: Visitor, county: County) -> None:
    visit = visitor("admin", "zh")
    page = visit.open("/reports?state=reported&q=%E8%B7%AF%E7%81%AF#here")
    page.click("a[data-keeps-state]")
    page.wait_for_url("**lang=en**")
    assert page.url == f"{visit.address}/reports?state=reported&q=%E8%B7%AF%E7%81%AF&lang=en#here"
    assert page.get_attribute("html", "lang") == "en"
    assert page.input_value("#f-q") == "路灯"
    assert page.input_value("#f-state") == "reported"
    # the choice is remembered
    assert visit.open("/unplaced").get_attribute("html", "lang") == "en"
    visit.clean()


def test_times_stand_in_the_zone_of_the_settings(visitor: Visitor, county: County) -> None:
    page = visitor("admin").open(f"/reports/{county.numbers['words']}")
    # two days before NOW, 02:00 UTC
    assert "2026-10-30 10:00" in (page.text_content("main") or "")


@pytest.mark.parametrize(("lang", "title"), [("zh", "暂时不能用"), ("en", "Not available just now")])
def test_a_database_that_is_away_is_told(visitor: Visitor, serve: Callable[..., Any], lang: str, title: str) -> None:
    with serve(database_url="postgresql://nobody@127.0.0.1:1/nothing") as address:
        page = visitor(None, lang, address).page
        answer = page.goto(f"{address}/report")
        assert answer is not None
        assert answer.status == 503
        assert page.inner_text("h1") == title
        assert "Traceback" not in page.content()


@pytest.mark.parametrize(
    ("page", "row"),
    [
        ("hotspots", f"第8网格 {EAST}004\t0\t4\t0.0\t户数太少，未检验"),
        ("coverage", f"第1网格 {WEST}001\t6\t10\t60.0 %"),
    ],
)
def test_maps_give_their_table_without_scripts(visitor: Visitor, county: County, page: str, row: str) -> None:
    visit = visitor("planner", "zh", java_script_enabled=False)
    visit.page.goto(f"{visit.address}/maps/{page}")
    visit.page.click("noscript a")
    rows = visit.page.locator("#map-table tbody tr").all_inner_texts()
    assert len(rows) == 9
    assert row in [one.strip() for one in rows]


def test_an_address_with_two_slashes_leads_nowhere_else(visitor: Visitor, county: County) -> None:
    visit = visitor(None, "zh")
    visit.page.goto(f"{visit.address}//example.org/")
    link = visit.page.locator("a[data-keeps-state]")
    assert str(link.evaluate("one => one.href")).startswith(visit.address)
    link.click()
    visit.page.wait_for_load_state()
    assert visit.page.url.startswith(visit.address)
    assert visit.foreign == []
