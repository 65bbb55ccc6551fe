"""The coverage map on the real service: target, rings, days, doors by role, the search; names are text."""

from __future__ import annotations

import re
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from gridsvc import accounts, campaigns
from gridsvc.campaigns import Wanted
from gridsvc.i18n import Locale, translate
from tests.browser.conftest import PHONE, Visitor
from tests.conftest import NOW, Fresh
from tests.through import ADMIN
from tests.web.county import CANARY, PASSWORD, WEST, County, met
from tests.web.test_map_paper import read, squeezed

NEAR = "map=17/23.004/110.004"


@pytest.fixture(scope="module")
def mapped(made: Fresh, county: County) -> str:
    """A campaign with its list drawn: of the ten doors of grid 001, six are reached; sixty of a hundred are wanted.

    And a checker, who sees areas but no doors.
    """
    days = {"starts_on": date(2026, 10, 20), "ends_on": date(2026, 11, 20)}
    with made.begin() as db:
        campaigns.create(db, "mapped", Wanted("走访", **days, target_percent=60), ADMIN, NOW, ZoneInfo("Asia/Shanghai"))
        campaigns.draw(db, "mapped", NOW)
        accounts.create(db, login="checker", name="核查 某", role="checker", password=PASSWORD, area_codes=["370101"])
    return f"/maps/coverage?campaign=mapped#{NEAR}"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_campaign_on_the_map(
    visitor: Visitor, made: Fresh, mapped: str, county: County, axe: str, lang: Locale
) -> None:
    with made.begin() as db:
        n_met, n = met(db, "mapped")[f"{WEST}001"]
    share = f"{100 * n_met / n:.1f}"
    visit = visitor("manager_west", lang)
    page = visit.open(f"{mapped}&doors=on&sel=compound:{county.compounds['1']}")
    expect(page.locator(".map-legend .map-method")).to_contain_text("60\xa0%")
    assert page.evaluate("document.documentElement.scrollHeight - innerHeight") <= 0
    expect(page.locator(f"tr[data-code='{WEST}001']")).to_contain_text(share)
    expect(page.locator(".map-pin strong")).to_have_text(CANARY)
    expect(page.locator(".map-pin")).to_contain_text(re.compile(f"{n_met} .*{n}"))
    expect(page.locator(".map-door")).to_have_text([str(n - n_met)])
    page.locator(".map-door").hover()
    expect(page.locator(".map-tip:not(.map-pin) strong")).to_have_text(CANARY)
    expect(page.locator("#map-day")).to_have_attribute("aria-valuetext", re.compile(f"^2026-11-01.*{share}"))
    page.locator("#map-day").fill("0")
    expect(page.locator("#map-day")).to_have_attribute("aria-valuetext", re.compile(r"^2026-10-20.*\D0.0"))
    expect(page.locator(f"tr[data-code='{WEST}001']")).to_contain_text("0.0")
    expect(page.locator(".map-pin")).to_contain_text(re.compile(f"0 .*{n}"))
    assert "day=2026-10-20" in page.url
    # the paper shows what the page shows; doors only to who sees doors, and only from near
    asked = {"campaign": "mapped", "doors": "on", "map": "17/23.004/110.004", "px": "800x400", "lang": lang}
    signs = {name: squeezed(translate(f"paper.sign_{name}", lang)) for name in ("ring", "door", "compound")}

    def printed(**other: str) -> list[str]:
        made = visit.page.request.get(f"{visit.address}/maps/coverage.pdf", params=asked | other).body()
        return [name for name, words in signs.items() if words in read(made)]

    assert printed() == ["ring", "door", "compound"]
    assert printed(rings="off", layers="none", map="15/23.004/110.004") == []
    visit.clean()
    visit.accessible(axe)


def test_doors_are_not_for_every_role(visitor: Visitor, mapped: str) -> None:
    """A checker sees the area and its figures, and none of its doors."""
    visit = visitor("checker")
    page = visit.open(f"{mapped}&doors=on")
    expect(page.locator(f"tr[data-code='{WEST}001'] td").nth(1)).to_have_text(re.compile(r"^\d+$"))
    expect(page.locator("#map-doors")).to_be_disabled()
    expect(page.locator("#map-hint")).to_contain_text("住户")
    expect(page.locator(".map-door")).to_have_count(0)
    asked = {"campaign": "mapped", "doors": "on", "map": "17/23.004/110.004", "px": "800x400", "lang": "zh"}
    paper = read(page.request.get(f"{visit.address}/maps/coverage.pdf", params=asked).body())
    assert squeezed(translate("paper.sign_ring", "zh")) in paper
    assert squeezed(translate("paper.sign_door", "zh")) not in paper
    visit.clean()


@pytest.mark.parametrize("path", ["/maps/coverage", "/maps/hotspots"])
def test_the_search_goes_where_one_chooses(visitor: Visitor, county: County, path: str) -> None:
    visit = visitor("planner", "en")
    page = visit.open(path)
    page.wait_for_selector("#map-table tbody tr[data-code]")
    box = page.locator("#map-find")
    box.fill("jxhy")
    expect(page.locator("[role=option] .map-find-label")).to_have_text([CANARY])
    page.keyboard.press("Enter")
    expect(page.locator(".map-pin strong")).to_have_text(CANARY)
    box.fill(f"{WEST}001")
    page.locator("[role=option]").first.wait_for()
    page.keyboard.press("Enter")
    expect(page.locator("tr[aria-selected=true]")).to_have_attribute("data-code", f"{WEST}001")
    box.fill(county.numbers["west"])
    page.locator("[role=option]").first.wait_for()
    page.keyboard.press("Enter")
    page.locator("#map-found a").click()
    page.wait_for_url(f"**/reports/{county.numbers['west']}**")
    visit.clean()


def test_on_a_phone(visitor: Visitor, mapped: str) -> None:
    visit = visitor("manager_west", **PHONE)
    page = visit.open(mapped)
    expect(page.locator(".map-ring")).to_have_count(1)
    page.locator(".map-ring").tap()
    expect(page.locator(".map-pin strong")).to_have_text(CANARY)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    visit.clean()
