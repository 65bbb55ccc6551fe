"""The coverage page in a real Chromium: target, progress symbols, doors, the day slider."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from maps import targets
from maps.assets import TOP
from maps.legend import against
from tests.maps import town
from tests.maps.conftest import Visit
from tests.maps.service import CAMPAIGNS, Double, catalogue

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

CAMPAIGN = "/maps/coverage?campaign=round"
NAME = CAMPAIGNS[0]["label"]
DAY_FIVE, DAY_TEN = "2026-11-05", "2026-11-10"


def axe(page: Page) -> list[Any]:
    """What axe finds against WCAG 2.2 A and AA: the rules by name, each with the places."""
    source = TOP / "node_modules" / "axe-core" / "axe.min.js"
    page.evaluate(source.read_text(encoding="utf-8"))
    script = """(rules) => axe.run(document, {runOnly: rules, resultTypes: ["violations"]}).then(
      (told) => told.violations.map((one) => [one.id, one.nodes.map((node) => node.html.slice(0, 200))]))"""
    return list(page.evaluate(script, RULES))


def test_a_campaign_is_coloured_against_its_target_and_a_ring_tells_its_counts(visit: Visit) -> None:
    page = visit.open(f"{CAMPAIGN}&lang=en#map=17/36.6455/117.0038&sel=compound:2")
    legend = asdict(against(town.TARGET, town.coverage_rows()))
    shown = page.evaluate("[...document.querySelectorAll('.map-swatch-color')].map((one) => one.dataset.color)")
    assert shown == [swatch["color"] for swatch in legend["swatches"]]
    limits = page.locator(".map-swatch-limits").all_inner_texts()
    assert [text.replace("\xa0", " ") for text in limits] == [
        *("0 %", "< 60 %", "60–80 %", "80–90 %", "90–100 %", "100 %", catalogue("en")["maps.no_data"]),
    ]
    told = page.locator(".map-legend .map-method")
    known = [row for row in town.coverage_rows() if row["denom"]]
    expect(told).to_contain_text("target of 90")
    expect(told).to_contain_text(f"{sum(row['n'] for row in known):,} of {sum(row['denom'] for row in known):,}")
    expect(told).to_contain_text("2026-11-21 14:05")
    row = town.progress()["rows"][1]
    expect(page.locator(".map-pin strong")).to_have_text(town.CANARY)
    expect(page.locator(".map-pin")).to_contain_text(f"{row['n']} of {row['denom']} doors due")
    page.locator(".map-ring-picked").wait_for()
    page.keyboard.press("Escape")
    expect(page.locator(".map-pin")).to_have_count(0)
    page.locator(".map-ring").first.hover()
    expect(page.locator(".map-tip")).to_contain_text("doors due")
    page.locator(".map-ring").first.click()
    assert "sel=compound" in page.url
    visit.clean()


def _n(text: str) -> int:
    return int(text.replace(",", ""))


def _column(page: Page, nr: int) -> list[str]:
    script = "(nr) => [...document.querySelectorAll('#map-table tbody tr')].map((row) => row.cells[nr].innerText)"
    return list(page.evaluate(script, nr))


def test_compounds_are_rings_from_the_zoom_at_which_they_stand_apart(visit: Visit) -> None:
    page = visit.open(f"{CAMPAIGN}#map=17/36.648/117.016")
    rings = page.locator(".map-ring")
    expect(rings.first).to_be_visible()
    page.locator("#map-whole").click()
    shown = rings.count()
    assert 8 <= shown <= len(town.progress()["rows"])
    boxes = page.evaluate(
        "[...document.querySelectorAll('.map-ring')].map((one) => one.getBoundingClientRect()).map(({x, y}) => [x, y])"
    )
    assert all(math.dist(one, other) >= 23 for one, other in combinations(boxes, 2))
    assert page.locator(".map-ring-all").count() == page.locator(".map-ring-unknown").count() == 1
    shares = page.evaluate(
        "[...document.querySelectorAll('.map-ring')].map((one) => +one.style.getPropertyValue('--share'))"
    )
    known = {round(row["share"], 6) for row in town.progress()["rows"] if row["share"] is not None} | {0}
    assert {round(share, 6) for share in shares} <= known
    # far away they would be one heap: a sentence says where they are
    page.evaluate("gridMap.map.setView([36.648, 117.016], 10, {animate: false})")
    expect(rings).to_have_count(0)
    expect(page.locator("#map-hint")).to_contain_text(catalogue("zh")["maps.rings_zoom"])
    page.locator("#map-progress").uncheck()
    expect(page.locator("#map-hint")).to_be_empty()
    assert "rings=off" in page.url
    visit.clean()


def test_the_table_lists_compounds_for_the_keyboard(visit: Visit, tmp_path: Path) -> None:
    page = visit.open("/maps/coverage")
    expect(page.locator("#f-campaign option")).to_have_text([catalogue("zh")["maps.campaign_none"], NAME])
    page.locator("#f-campaign").select_option("round")
    page.locator("input[name=list][value=compounds]").check()
    rows = town.progress()["rows"]
    expect(page.locator("#map-table tbody tr")).to_have_count(len(rows))
    assert "list=compounds" in page.url
    told = page.locator("#map-sum")
    total = sum(row["n"] or 0 for row in rows)
    expect(told).to_contain_text(f"{total} 户 + 不在小区 0 户")
    expect(told).to_contain_text("另有 1 个小区")
    with page.expect_download() as waiting:
        page.locator("#map-download").click()
    waiting.value.save_as(tmp_path / "t.csv")
    head, *lines = (tmp_path / "t.csv").read_text(encoding="utf-8-sig").splitlines()
    assert head.startswith(f'"{catalogue("zh")["maps.col_compound"]}","code"')
    assert sum('"compound:' in line for line in lines) == len(rows)
    assert sum(_n(text) for text in _column(page, 1) if text != "—") == total
    page.locator("#map-skip").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("tr[aria-selected=true]")).to_have_count(1)
    expect(page.locator(".map-pin")).to_be_visible()
    expect(page.locator("#map-live")).to_contain_text("已选中")
    page.reload()
    page.wait_for_selector("tr[data-code='compound:1']")
    expect(page.locator("tr[aria-selected=true]")).to_have_count(1)
    visit.clean()


def test_a_day_of_the_campaign_is_in_map_table_legend_and_address(visit: Visit, double: Double) -> None:
    page = visit.open(CAMPAIGN)
    days = page.locator("#map-day")
    expect(days).to_have_attribute("aria-valuetext", re.compile("^2026-11-21"))
    asked = len(double.asked)
    days.focus()
    for _ in range(town.N_DAYS):
        page.keyboard.press("ArrowLeft")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    rows = {row["code"]: row for row in town.coverage_rows()}
    expected = sum(row["n"] // 3 for row in rows.values() if row["denom"])
    denom = sum(row["denom"] for row in rows.values() if row["denom"])
    expect(days).to_have_attribute("aria-valuetext", re.compile(rf"^{DAY_FIVE}.*{expected:,} / {denom:,}"))
    expect(page.locator("#map-summary")).to_contain_text(DAY_FIVE)
    expect(page.locator("#map-sum")).to_contain_text("未落格 5 户")
    of_all = sum(row["n"] // 3 + 1 for row in rows.values()), sum((row["denom"] or 0) + 10 for row in rows.values())
    both = f"按总户数 {100 * of_all[0] / of_all[1]:.1f} %（{of_all[0]:,} / {of_all[1]:,} 户）"
    expect(page.locator("#map-sum")).to_contain_text(both)
    expect(days).to_have_attribute("aria-valuetext", re.compile(rf"按总户数.*{of_all[0]:,} / {of_all[1]:,}"))
    assert f"day={DAY_FIVE}" in page.url
    codes = page.evaluate("[...document.querySelectorAll('#map-table tbody tr')].map((row) => row.dataset.code)")
    assert [_n(text) for text in _column(page, 1)] == [rows[code]["n"] // 3 for code in codes]
    counted = page.evaluate(
        "[...document.querySelectorAll('.map-swatch-n')].reduce((sum, one) => sum + parseInt(one.textContent), 0)"
    )
    assert counted == len(rows)
    shades = page.evaluate(
        "Object.fromEntries([...gridMap.areas.byCode].map(([code, [shape]]) => [code, shape.options.fillColor]))"
    )
    code = town.code_of(2, 3)  # all of it in the end, a third now
    assert shades[code] == targets.BELOW[0]
    assert len(double.asked) == asked  # nothing more was asked for
    page.reload()
    page.wait_for_selector("tr[data-code]")
    expect(page.locator("#map-day")).to_have_attribute("aria-valuetext", re.compile(f"^{DAY_FIVE}"))
    expect(page.locator("#map-summary")).to_contain_text(DAY_FIVE)
    visit.clean()


def test_the_rings_and_the_compounds_follow_the_day(visit: Visit) -> None:
    page = visit.open(f"{CAMPAIGN}#list=compounds&day={DAY_TEN}&sort=name")
    expect(page.locator("#map-summary")).to_contain_text(DAY_TEN)
    half = {row["id"]: row["n"] // 2 for row in town.progress()["rows"] if row["n"] is not None}
    told = page.evaluate(
        """Object.fromEntries([...document.querySelectorAll('#map-table tbody tr')].map(
          (row) => [row.dataset.code.split(':')[1], row.cells[1].innerText]))"""
    )
    assert {int(id_): int(n) for id_, n in told.items() if n != "—"} == half
    page.locator("#map-whole").click()
    assert page.locator(".map-ring-all").count() == 0
    assert page.locator(".map-ring-unknown").count() == 1
    visit.clean()


def test_it_plays_day_by_day_and_stops_at_the_end(visit: Visit) -> None:
    page = visit.open(f"{CAMPAIGN}#day=2026-11-01")
    play, days = page.locator("#map-play"), page.locator("#map-day")
    play.click()
    expect(play).to_have_text(catalogue("zh")["maps.day_pause"])
    expect(days).not_to_have_attribute("aria-valuetext", re.compile("^2026-11-01"))
    play.click()
    expect(play).to_have_text(catalogue("zh")["maps.day_play"])
    stopped_at = days.input_value()
    page.wait_for_timeout(900)
    assert days.input_value() == stopped_at
    days.fill(str(town.N_DAYS - 3))
    play.click()
    expect(days).to_have_attribute("aria-valuetext", re.compile("^2026-11-21"))
    expect(play).to_have_text(catalogue("zh")["maps.day_play"])
    assert "day=" not in page.url


def test_who_wants_no_motion_steps_by_hand(visit: Visit) -> None:
    visit.page.emulate_media(reduced_motion="reduce")
    page = visit.open(f"{CAMPAIGN}#day=2026-11-03")
    play = page.locator("#map-play")
    expect(play).to_have_text(catalogue("zh")["maps.day_next"])
    play.click()
    expect(page.locator("#map-day")).to_have_attribute("aria-valuetext", re.compile("^2026-11-04"))
    page.wait_for_timeout(900)
    expect(page.locator("#map-day")).to_have_attribute("aria-valuetext", re.compile("^2026-11-04"))
    # the map moves without flying there
    assert page.evaluate("gridMap.map._zoomAnimated") is False
    before = page.evaluate("gridMap.map.getZoom()")
    page.locator(".leaflet-control-zoom-in").click()
    assert page.evaluate("gridMap.map.getZoom()") == before + 1


def test_without_a_campaign_there_are_no_days(visit: Visit, double: Double) -> None:
    page = visit.open("/maps/coverage")
    expect(page.locator("#map-days")).to_be_hidden()
    assert not [asked for asked in double.asked if asked.startswith("days?")]
    page.locator("#f-campaign").select_option("round")
    expect(page.locator("#map-days")).to_be_visible()
    # the days that the server had chosen for no campaign are not a campaign's
    assert "from=" not in page.url
    visit.clean()


def test_doors_that_are_left_from_near(visit: Visit, double: Double) -> None:
    page = visit.open(f"{CAMPAIGN}&lang=en")
    words = catalogue("en")
    page.locator("#map-doors").check()
    expect(page.locator("#map-hint")).to_contain_text(words["maps.doors_zoom"])
    assert not [asked for asked in double.asked if asked.startswith("doors?")]
    page.evaluate("gridMap.map.setView([36.647, 117.0158], 17, {animate: false})")
    expect(page.locator(".map-door")).to_have_count(2)
    expect(page.locator("#map-hint")).to_contain_text("11 doors left in this view, 4 of them drawn")
    page.locator(".map-door", has_text="3").hover()
    expect(page.locator(".map-tip strong")).to_have_text(town.CANARY)
    expect(page.locator(".map-tip")).to_contain_text("3号楼201室: not visited yet")
    page.locator(".map-door").last.click()
    expect(page.locator(".map-tip")).to_contain_text("敲门无人, 2 visits")
    assert page.locator("#map-hint a").get_attribute("href") == "/campaigns/round/mop-up"
    (asked,) = [asked for asked in double.asked if asked.startswith("doors?")]
    assert "campaign=round" in asked
    assert "doors=on" in page.url
    # the same by keys: one stop for the list, one for all of its lines
    seen = page.locator("#map-seen summary")
    expect(seen).to_have_text(words["maps.seen"].format(n=page.locator(".map-door, .map-ring").count()))
    seen.focus()
    for key in ("Enter", "Tab", "End", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#map-seen :focus")).to_contain_text("3号楼101室: not visited yet")
    expect(page.locator("#map-live")).to_contain_text("3号楼201室: not visited yet")
    expect(page.locator(".map-tip")).to_contain_text("3号楼201室: not visited yet")
    assert page.locator("#map-seen button[tabindex='0']").count() == 1
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(page.locator(".map-pin")).to_contain_text("doors due")
    expect(page.locator("#map-live")).to_contain_text("doors due")
    page.keyboard.press("Escape")
    expect(seen).to_be_focused()
    expect(page.locator("#map-seen button").first).to_be_hidden()
    visit.clean()
    double.failing = {"doors"}
    page.evaluate("gridMap.map.panBy([300, 0], {animate: false})")
    expect(page.locator("#map-notice")).to_contain_text(words["maps.failed_doors"])


def test_doors_that_were_switched_off_are_not_drawn(visit: Visit, double: Double) -> None:
    page = visit.open(f"{CAMPAIGN}#map=15/36.647/117.0158")
    page.route("**/doors?*", lambda route: (page.wait_for_timeout(300), route.continue_()))
    for wait_ms in (0, 260):
        page.evaluate("gridMap.map.setView([36.647, 117.0158], 15, {animate: false})")
        page.locator("#map-doors").check()
        page.evaluate(
            """(wait) => {
              gridMap.map.setView([36.647, 117.0158], 17, {animate: false});
              setTimeout(() => document.querySelector("#map-doors").click(), wait);
            }""",
            wait_ms,
        )
        page.wait_for_timeout(900)
        expect(page.locator("#map-doors")).not_to_be_checked()
        expect(page.locator(".map-door")).to_have_count(0)
        expect(page.locator("#map-hint")).not_to_contain_text(re.compile("户"))
        assert not [asked for asked in double.asked if wait_ms == 0 and asked.startswith("doors?")]
        assert visit.console == []


def test_who_may_not_see_doors_is_told_why(visit: Visit, double: Double) -> None:
    double.forbidden = {"read_households"}
    page = visit.open(f"{CAMPAIGN}#map=17/36.647/117.0158&doors=on")
    expect(page.locator("#map-doors")).to_be_disabled()
    expect(page.locator("#map-hint")).to_contain_text(catalogue("zh")["maps.doors_not_for"])
    assert not [asked for asked in double.asked if asked.startswith("doors?")]
    visit.clean()


@pytest.mark.parametrize("what", ["compounds", "days"])
def test_what_fails_is_told_and_the_rest_is_drawn(visit: Visit, double: Double, what: str) -> None:
    double.failing = {what}
    page = visit.open(f"{CAMPAIGN}&lang=en")
    key = {"compounds": "maps.failed_compounds", "days": "maps.failed_days"}[what]
    expect(page.locator("#map-notice")).to_contain_text(catalogue("en")[key])
    assert len(_column(page, 1)) == len(town.coverage_rows())
    double.failing = set()
    page.locator("[data-does=retry]").click()
    if what == "days":
        expect(page.locator("#map-days")).to_be_visible()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_axe_has_nothing_to_say(visit: Visit, lang: str) -> None:
    page = visit.open(f"{CAMPAIGN}&lang={lang}#map=17/36.647/117.0158&doors=on&list=compounds&day={DAY_FIVE}")
    page.locator(".map-door").first.wait_for()
    findings = axe(page)
    assert findings == [], json.dumps(findings, ensure_ascii=False, indent=1)


def test_a_phone_has_room_for_all_of_it(phone: Visit) -> None:
    page = phone.open(f"{CAMPAIGN}&lang=en#day={DAY_FIVE}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for at in ("#map-play", "#map-day", "label:has(#map-doors)"):
        box = page.locator(at).bounding_box()
        assert box is not None
        assert box["height"] >= 44, at
    phone.clean()
