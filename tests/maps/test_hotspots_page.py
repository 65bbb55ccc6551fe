"""The hotspots page: where to look, how sure that is, what was tested, by which limits; on every screen and on paper."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pypdfium2
import pytest
from playwright.sync_api import Page, expect

from maps import palette
from maps.assets import TOP
from maps.legend import MEASURES, chosen, legends, legends_fixed
from tests.browser.page_checks import COLLIDED
from tests.maps import town
from tests.maps.conftest import Visit
from tests.maps.service import Double, catalogue
from tests.maps.test_page import DRAWN, _rows, _swatches

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
TESTED = town.tested(town.hotspot_rows())
HOT = sorted(
    (row for row in TESTED if str(row["band"]).startswith("hot")), key=lambda row: (-int(row["band"][-2:]), -row["z"])
)
FEW, UNKNOWN, PICKED = town.code_of(2, 4), town.code_of(8, 5), town.code_of(5, 2)
ZH, EN = catalogue("zh"), catalogue("en")


@pytest.fixture(scope="session")
def axe() -> str:
    """The accessibility checker's script, a development file that no page serves."""
    script = TOP / "node_modules" / "axe-core" / "axe.min.js"
    if not script.is_file():
        pytest.skip("axe-core is missing (npm ci --ignore-scripts)")
    return script.read_text(encoding="utf-8")


# ---- what the map shows ----------------------------------------------------------------------------------------------


def test_every_view_draws_the_colours_of_its_legend_and_tells_its_figures(visit: Visit) -> None:
    page = visit.open("/maps/hotspots")
    expect(page.locator("input[value=rate]")).to_be_checked()
    assert legends("hotspots", TESTED)["rate"]["n_few"] > 0
    for measure in MEASURES["hotspots"]:
        page.locator(f"input[value={measure}]").check()
        expect(page.locator(".map-legend-title")).to_contain_text(ZH[f"maps.legend_{measure}"])
        legend = legends("hotspots", TESTED)[measure]
        assert _swatches(page) == [swatch["color"] for swatch in legend["swatches"]], measure
        counted = page.locator(".map-swatch-n").all_inner_texts()
        assert [int(text.split()[0]) for text in counted] == [swatch["n_rows"] for swatch in legend["swatches"]], (
            measure
        )
        if legend["n_few"]:
            hatched = ZH["maps.few"].format(n=legend["few_below"], n_few=legend["n_few"])
            expect(page.locator(".map-method")).to_contain_text(hatched)
        drawn = page.evaluate(DRAWN)
        assert set(drawn.values()) <= set(_swatches(page)), measure
        if measure == "significance":
            covered = {town.code_of(3, 2), town.code_of(3, 3), town.code_of(4, 2)}
            for row in TESTED:
                if row["code"] in drawn and row["code"] not in covered:
                    assert drawn[row["code"]] == palette.SIGNIFICANCE[row["band"]]
        _told_on_hover_and_on_the_card(page, measure)
        page.keyboard.press("Escape")


def _told_on_hover_and_on_the_card(page: Page, measure: str) -> None:
    """Rate, count and denominator, and what the measure adds to them."""
    row = next(row for row in TESTED if row["code"] == PICKED)
    at = page.evaluate(
        """(code) => {
          const shape = gridMap.areas.byCode.get(code)[0];
          const { x, y } = gridMap.map.latLngToContainerPoint(shape.getCenter());
          const box = gridMap.map.getContainer().getBoundingClientRect();
          return [x + box.x, y + box.y];
        }""",
        PICKED,
    )
    page.mouse.move(1, 1)
    page.mouse.move(at[0] - 4, at[1])
    page.mouse.move(*at)
    tip = page.locator(".map-tip:not(.map-pin)")
    for text in (f"每千户 {row['rate']:.1f} 件", f"{row['n']} 件 / {row['denom']} 户", f"走访 {row['visits']} 次"):
        expect(tip).to_contain_text(text)
    if measure == "significance":
        expect(tip).to_contain_text(ZH[f"maps.band_{row['band']}"])
        expect(tip).to_contain_text(f"z = {row['z']:.2f}")
    if measure == "smoothed":
        expect(tip).to_contain_text(f"平滑后每千户 {row['smoothed']:.1f} 件")
    for code, why in ((FEW, "few_households"), (UNKNOWN, "no_households")):
        page.evaluate("(code) => gridMap.areas.picked(code)", code)
        if measure == "significance":
            expect(page.locator(".map-pin")).to_contain_text(ZH[f"maps.why_{why}"])
        elif why == "few_households" and measure != "n":
            expect(page.locator(".map-pin")).to_contain_text(ZH["maps.tip_few"].format(n=30))


@pytest.mark.parametrize(("lang", "words"), [("zh", ZH), ("en", EN)])
def test_the_test_says_what_was_tested_and_how(visit: Visit, lang: str, words: dict[str, str]) -> None:
    page = visit.open(f"/maps/hotspots?lang={lang}#show=significance")
    for place in ("#map-finding", "#map-legend"):
        badge = page.locator(f"{place} .map-badge")
        expect(badge).to_have_text(words["maps.tested_rates"])
        expect(badge).to_have_class("map-badge map-badge-rates")
    method = page.locator(".map-method")
    expect(method).to_contain_text("Gi*")
    expect(method).to_contain_text("Benjamini-Hochberg")
    expect(method).to_contain_text(words["maps.weights_queen"])
    expect(method).to_contain_text(words["maps.not_significant_means"])
    limits = page.locator(".map-swatch-limits").all_inner_texts()
    assert limits == [words[f"maps.band_{band}"] for band in palette.SIGNIFICANCE] + [words["maps.not_tested"]]
    facts = {"hot": len(HOT), "none": sum(row["band"] == "none" for row in TESTED)}
    facts["cold"] = sum(str(row["band"]).startswith("cold") for row in TESTED)
    facts["tested"] = facts["hot"] + facts["cold"] + facts["none"]
    told = words["maps.tested_numbers"].format(**facts, untested=len(TESTED) - facts["tested"], islands=0)
    expect(page.locator(".map-tested")).to_contain_text(told)
    expect(page.locator("#map-foot")).to_contain_text("2026-11-21 14:05")
    expect(page.locator("#map-bias")).to_have_text(words["maps.bias_visits"])
    assert page.locator("#map-breaks").is_disabled()


def test_other_neighbours_are_asked_for_and_named_and_counts_said_loudly(visit: Visit, double: Double) -> None:
    page = visit.open("/maps/hotspots#show=significance")
    for kind, word in (("knn", "8"), ("band", "600")):
        with page.expect_response("**/api/v1/stats/**"):
            page.locator("#f-weights").select_option(kind)
        assert f"weights={kind}" in double.asked[-1]
        assert f"weights={kind}" in page.url
        expect(page.locator(".map-method")).to_contain_text(word)
    with page.expect_response("**/api/v1/stats/**"):
        page.locator("#f-by").select_option("cell")
    # counts were tested, not rates
    badge = page.locator("#map-finding .map-badge")
    expect(badge).to_have_text(ZH["maps.tested_counts"])
    expect(badge).to_have_class("map-badge map-badge-counts")
    assert page.locator("input[value=rate]").is_disabled()
    # a column of dashes says nothing
    assert page.locator("#map-table th").all_inner_texts()[-1].startswith(ZH["maps.col_visits"])


def test_where_to_look_comes_first_and_leads_there(visit: Visit) -> None:
    page = visit.open("/maps/hotspots")
    assert len(HOT) >= 2
    names = page.locator(".map-place").all_inner_texts()
    assert [name.split("\n", maxsplit=1)[0] for name in names] == [
        f"{row['name']}{row['band'][-2:]}\xa0%" for row in HOT
    ][:5]
    page.locator(".map-place").first.click()
    expect(page.locator("tr[aria-selected=true]")).to_have_attribute("data-code", HOT[0]["code"])
    assert f"sel={HOT[0]['code']}" in page.url


def test_the_surest_comes_first_and_nothing_is_said_plainly(visit: Visit) -> None:
    bands = {town.code_of(1, 1): ("hot90", 9.0), town.code_of(2, 1): ("hot95", 3.0), town.code_of(3, 1): ("hot95", 4.0)}
    said = {row["code"]: bands.get(row["code"], ("none", 0.0)) for row in TESTED}
    rows = [row | {"band": said[row["code"]][0], "z": said[row["code"]][1], "why": None} for row in TESTED]
    island = next(row for row in rows if row["band"] == "none")
    island |= {"band": None, "z": None, "p": None, "why": "island"}
    _answer(visit.page, rows)
    page = visit.open("/maps/hotspots#show=significance")
    counted = {"tested": len(rows) - 1, "hot": 3, "cold": 0, "none": len(rows) - 4, "untested": 1, "islands": 1}
    expect(page.locator(".map-tested")).to_contain_text(ZH["maps.tested_numbers"].format(**counted))
    expect(page.locator(f"tr[data-code='{island['code']}'] .map-col-band")).to_have_text(ZH["maps.why_island"])
    names = [name.split("网格", maxsplit=1)[0] for name in page.locator(".map-place").all_inner_texts()]
    assert names == [town.name_of(column, 1).removesuffix("网格") for column in (3, 2, 1)]
    untested = {"band": None, "z": None, "why": "constant"}
    for change, n_tested, key in (({"band": "none"}, len(TESTED), "look_nowhere"), (untested, 0, "untested_constant")):
        _answer(page, [row | change for row in TESTED], n_tested=n_tested)
        _ask_again(page)
        expect(page.locator("#map-finding")).to_contain_text(ZH[f"maps.{key}"])
        assert page.locator(".map-place").count() == 0, key
        assert page.locator("input[value=significance]").is_disabled() == (n_tested == 0)
    visit.clean()


def test_an_answer_without_a_test_is_shown_without_one(visit: Visit) -> None:
    _answer(visit.page, town.hotspot_rows(), significance=False)
    page = visit.open("/maps/hotspots#show=significance")
    expect(page.locator("#map-finding")).to_be_hidden()
    for measure in ("smoothed", "significance"):
        assert page.locator(f"input[value={measure}]").is_disabled()
    expect(page.locator("#map-bias")).to_have_text(ZH["maps.bias"])
    visit.clean()


# ---- communities -----------------------------------------------------------------------------------------------------


def test_by_community(visit: Visit) -> None:
    page = visit.open("/maps/hotspots?lang=en")
    with page.expect_response("**/communities.geojson?edition=3"):
        page.locator("#f-by").select_option("community")
    expect(page.locator("#map-list-title")).to_have_text(EN["maps.table_communities"])
    expect(page.locator("#map-summary")).to_contain_text(EN["maps.summary_by_community"])
    assert "by=community" in page.url
    assert len(_rows(page)) == 3
    assert len(page.evaluate(DRAWN)) == 3
    expect(page.locator("tr[data-code=C0] .map-area-name")).to_have_text(town.CANARY)
    page.locator("tr[data-code=C2]").click()
    asked = _asked(page.locator("tr[data-code=C2] .map-drill a").first.get_attribute("href"))
    assert asked == {"area": ["C2"], "from": ["2026-08-01"], "to": ["2026-10-31"]}
    with page.expect_response("**/api/v1/stats/**"):
        page.locator("#f-by").select_option("grid")
    expect(page.locator("#map-list-title")).to_have_text(EN["maps.table"])
    assert len(page.evaluate(DRAWN)) > 30


# ---- limits ----------------------------------------------------------------------------------------------------------


def test_limits_are_kept_from_period_to_period(visit: Visit) -> None:
    page = visit.open("/maps/hotspots")
    for measure in ("rate", "smoothed", "n"):
        page.locator(f"input[value={measure}]").check()
        by_quantiles = _swatches(page)
        page.locator("#map-breaks").select_option("fixed")
        expect(page.locator(".map-method")).to_contain_text(ZH["maps.method_fixed"])
        said = parse_qs(urlsplit(page.url).fragment)["breaks"][0]
        _is_drawn_by(page, chosen("hotspots", measure, TESTED, said))
        limits = page.locator(".map-swatch-limits").all_inner_texts()
        _choose(page, "waste")
        assert parse_qs(urlsplit(page.url).fragment)["breaks"][0] == said, measure
        assert page.locator(".map-swatch-limits").all_inner_texts() == limits, measure
        _is_drawn_by(page, chosen("hotspots", measure, town.tested(town.hotspot_rows("waste")), said))
        page.reload()
        page.wait_for_selector("tr[data-code]")
        expect(page.locator("#map-breaks")).to_have_value("fixed")
        expect(page.locator(f"input[value={measure}]")).to_be_checked()
        assert page.locator(".map-swatch-limits").all_inner_texts() == limits, measure
        page.locator("#map-breaks").select_option("")
        assert "breaks" not in page.url
        assert len(_swatches(page)) <= len(by_quantiles) + 1
        _choose(page, "")
    visit.clean()


def test_each_measure_keeps_limits_of_its_own(visit: Visit) -> None:
    page = visit.open("/maps/hotspots#breaks=7,70")
    page.locator("input[value=n]").check()
    of_counts = parse_qs(urlsplit(page.url).fragment)["breaks"][0]
    assert of_counts != "7,70"
    page.locator("input[value=rate]").check()
    assert parse_qs(urlsplit(page.url).fragment)["breaks"] == ["7,70"]


def test_limits_that_are_none_do_no_harm(visit: Visit) -> None:
    page = visit.open("/maps/hotspots#breaks=9,3")
    expect(page.locator(".map-method")).to_contain_text(ZH["maps.method_quantile"])
    expect(page.locator("#map-breaks")).to_have_value("")
    read = """async (all) => {
      const { readLimits, readLook } = await import("/static/maps/state.js");
      return all.map((one) => { history.replaceState(null, "", `#breaks=${one}`); return readLimits(readLook().breaks); });
    }"""
    bad = ["9,3", "0,5", "x", "1,2,3,4,5", "-4", "1e5", "%00", ""]
    assert page.evaluate(read, bad) == [None] * len(bad)
    assert page.evaluate(read, ["3,9", "0.5", "1,2,3,4"]) == [[3, 9], [0.5], [1, 2, 3, 4]]
    visit.clean()


def _choose(page: Page, category: str) -> None:
    """The figures of another category, drawn."""
    with page.expect_response("**/api/v1/stats/**"):
        page.locator("#f-category").select_option(category)
    expect(page.locator("#map-frame")).to_have_attribute("aria-busy", "false")


def _ask_again(page: Page) -> None:
    """The figures asked for once more, by another category."""
    _choose(page, "" if page.locator("#f-category").input_value() else "waste")


def _is_drawn_by(page: Page, legend: Any) -> None:
    assert _swatches(page) == [swatch.color for swatch in legend.swatches]
    counted = page.locator(".map-swatch-n").all_inner_texts()
    assert [int(text.split()[0]) for text in counted] == [swatch.n_rows for swatch in legend.swatches]


# ---- from an area to its reports, and back ---------------------------------------------------------------------------


def test_from_an_area_to_its_reports_by_keyboard(visit: Visit) -> None:
    page = visit.open("/maps/hotspots?from=2026-09-01&to=2026-09-30&category=waste")
    skip_at = row_at = 0
    for presses in range(1, 61):
        page.keyboard.press("Tab")
        at = page.evaluate("[document.activeElement.id, Boolean(document.activeElement.dataset.code)]")
        if at[0] == "map-skip":
            skip_at = presses
        if at[1]:
            row_at = presses
            break
    # the first row is few tabs away without the skip link too
    assert 1 <= skip_at <= 15
    assert row_at > skip_at
    page.locator("#map-skip").focus()
    page.keyboard.press("Enter")
    code = page.evaluate("document.activeElement.dataset.code")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    links = page.locator(f"tr[data-code='{code}'] .map-drill a")
    expect(links.first).to_be_focused()
    known = {"grid": [code], "category": ["waste"], "from": ["2026-09-01"], "to": ["2026-09-30"]}
    assert _asked(links.nth(0).get_attribute("href")) == known
    assert _asked(links.nth(1).get_attribute("href")) == known | {"state": ["all"]}
    page.keyboard.press("Escape")
    expect(page.locator("tr[aria-selected=true]")).to_have_count(0)
    expect(page.locator(".map-drill")).to_have_count(0)
    # the card on the map has the links too
    page.locator(f"tr[data-code='{PICKED}']").click()
    link = page.locator(".map-pin .map-drill a").first
    assert _asked(link.get_attribute("href"))["grid"] == [PICKED]
    page.route("**/worklist?**", lambda route: route.fulfill(body="the worklist", content_type="text/plain"))
    link.click()
    page.wait_for_url("**/worklist?**")


def _asked(href: str | None) -> dict[str, list[str]]:
    assert href
    assert urlsplit(href).path == "/worklist"
    return parse_qs(urlsplit(href).query)


def test_the_whole_state_is_in_the_address(visit: Visit) -> None:
    where = "map=16/36.65000/117.01000"
    state = f"{where}&sel={PICKED}&show=smoothed&sort=name&breaks=20,30&layers=none"
    path = "/maps/hotspots?from=2026-09-01&to=2026-09-30&category=waste&by=grid&weights=knn"
    page = visit.open(f"{path}#{state}")
    for other_language in (True, False):
        expect(page.locator("#f-weights")).to_have_value("knn")
        expect(page.locator("#f-category")).to_have_value("waste")
        expect(page.locator("input[value=smoothed]")).to_be_checked()
        expect(page.locator("#map-compounds")).not_to_be_checked()
        expect(page.locator("tr[aria-selected=true]")).to_have_attribute("data-code", PICKED)
        assert page.locator("th").first.get_attribute("aria-sort") == "ascending"
        assert [swatch for swatch in page.locator(".map-swatch-limits").all_inner_texts() if "20" in swatch]
        assert "category=waste" in page.url
        now = parse_qs(urlsplit(page.url).fragment)
        assert {name: now[name] for name in ("sel", "show", "sort", "breaks", "layers")} == {
            "sel": [PICKED], "show": ["smoothed"], "sort": ["name"], "breaks": ["20,30"], "layers": ["none"]
        }  # fmt: skip
        looked = page.evaluate("[gridMap.map.getZoom(), gridMap.map.getCenter().lat, gridMap.map.getCenter().lng]")
        assert looked == pytest.approx([16, 36.65, 117.01], abs=2e-4)
        if other_language:
            page.locator("#other-language").click()
            page.wait_for_selector("html[lang=en] tr[aria-selected=true]")
            assert page.title() == EN["maps.hotspots_title"]
            expect(page.locator(".map-legend-title")).to_contain_text(EN["maps.legend_smoothed"])
            assert page.locator("#map-table th").first.inner_text().startswith(EN["maps.col_grid"])
    page.locator("#map-compounds").check()
    assert "layers=" not in page.url
    visit.clean()


def test_paper_is_asked_for_what_the_screen_shows(visit: Visit) -> None:
    page = visit.open(f"/maps/hotspots?from=2026-09-01&to=2026-09-30&lang=en#map=16/36.65/117.01&sel={PICKED}")
    page.locator("#map-breaks").select_option("fixed")
    page.locator("input[value=smoothed]").check()
    with page.expect_response("**/api/v1/stats/**"):
        page.locator("#f-category").select_option("waste")
    page.locator("#map-frame[aria-busy=false]").wait_for()
    page.locator("#map-paper").select_option("a3")
    for kind in ("pdf", "png"):
        address = urlsplit(page.locator(f"[data-file={kind}]").get_attribute("href") or "")
        assert address.path == f"/maps/hotspots.{kind}"
        asked = {name: value for name, (value,) in parse_qs(address.query).items()}
        breaks, place, size = asked.pop("breaks"), asked.pop("map"), asked.pop("px")
        assert asked == {
            "from": "2026-09-01", "to": "2026-09-30", "category": "waste", "by": "grid", "lang": "en",
            "show": "smoothed", "sel": PICKED, "paper": "a3",
        }  # fmt: skip
        assert breaks in page.url
        frame = page.locator("#map-frame").bounding_box()
        assert frame
        assert [int(part) for part in size.split("x")] == pytest.approx([frame["width"], frame["height"]], abs=4)
        assert [float(part) for part in place.split("/")] == pytest.approx([16, 36.65, 117.01], abs=2e-4)


def test_categories_come_by_fetch(visit: Visit, double: Double) -> None:
    double.failing = {"categories"}
    page = visit.open("/maps/hotspots?category=waste")
    expect(page.locator("#map-notice")).to_contain_text(ZH["maps.failed_choices"])
    expect(page.locator("#f-category")).to_have_value("waste")
    double.failing = set()
    page.locator("[data-does=retry]").click()
    expect(page.locator("#f-category option")).to_have_count(3)
    expect(page.locator("#f-category")).to_have_value("waste")
    expect(page.locator("#map-notice")).to_be_hidden()


# ---- every screen, and paper -----------------------------------------------------------------------------------------

OVERFLOW = """() => {
  const wide = document.documentElement.clientWidth;
  const found = [];
  if (document.documentElement.scrollWidth > wide) found.push("page");
  for (const one of document.querySelectorAll(".map-page :is(button, select, input, label, p, th, .map-scroll, .map-swatch, h1, h2)")) {
    const box = one.getBoundingClientRect();
    const hidden = !one.checkVisibility() || one.closest(".map-hidden, .map-skip, .leaflet-control, .map-frame");
    if (!hidden && box.width && (box.right > wide + 1 || box.left < -1)) found.push(one.outerHTML.slice(0, 80));
  }
  const scroll = document.querySelector(".map-scroll");
  if (scroll.scrollWidth > scroll.clientWidth + 1) found.push(`table ${scroll.scrollWidth} > ${scroll.clientWidth}`);
  return found;
}"""
# what is cut off in every view once the page has its new size, measured at one go: nobody needs to see them painted
CUT_OFF = f"""async (measures) => {{
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return measures.flatMap((measure) => {{
    const radio = document.querySelector(`input[name=measure][value=${{measure}}]`);
    radio.click();
    if (!radio.checked) return [`${{measure}} cannot be chosen`];
    if (!(document.getElementById("map-frame").getBoundingClientRect().height >= 240)) return [`${{measure}}: map`];
    return ({OVERFLOW})().map((one) => `${{measure}}: ${{one}}`);
  }});
}}"""


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_view_is_for_readers_of_every_kind_and_cut_off_on_no_screen(
    visit: Visit, double: Double, axe: str, lang: str
) -> None:
    double.empty = {"ground"}  # only the page around the map is looked at
    page = visit.open(f"/maps/hotspots?lang={lang}#sel={PICKED}")
    page.evaluate(axe)
    for measure in MEASURES["hotspots"]:
        page.locator(f"input[value={measure}]").check()
        found = page.evaluate(
            """async (rules) => {
              const told = await axe.run(".map-page", { runOnly: rules, resultTypes: ["violations"] });
              return told.violations.map((one) => [one.id, one.nodes[0].html, one.nodes[0].failureSummary]);
            }""",
            RULES,
        )
        assert found == [], measure
    page.keyboard.press("Escape")
    page.evaluate(
        "document.querySelector('.leaflet-map-pane').style.display = 'none'"
    )  # nobody looks at so big a picture
    for wide, high in ((1024, 768), (1366, 768), (1920, 1080), (2560, 1440), (3840, 2160)):
        page.set_viewport_size({"width": wide, "height": high})
        assert page.evaluate(CUT_OFF, list(MEASURES["hotspots"])) == [], wide


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nothing_is_cut_off_on_a_phone(phone: Visit, lang: str) -> None:
    page = phone.page
    _answer(page, [row | {key: row[key] and row[key] * 17.3 for key in ("rate", "smoothed")} for row in TESTED])  # long
    phone.open(f"/maps/hotspots?lang={lang}")
    for wide in (390, 360):
        page.set_viewport_size({"width": wide, "height": 844})
        assert page.evaluate(CUT_OFF, list(MEASURES["hotspots"])) == [], wide
        page.locator("input[value=rate]").check()
        assert max(map(len, page.locator(".map-swatch-limits").all_text_contents())) >= len("100.0–200.0")
        assert page.evaluate(COLLIDED) == [], wide
    page.locator("input[value=significance]").check()
    expect(page.locator("tr[data-code] .map-band-line").first).to_be_visible()
    phone.clean()


def test_paper_says_what_the_screen_says(visit: Visit, tmp_path: Path) -> None:
    page = visit.open("/maps/hotspots?category=waste#show=significance")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    for landscape in (False, True):
        page.pdf(path=tmp_path / "map.pdf", format="A4", landscape=landscape)
        paper = pypdfium2.PdfDocument(tmp_path / "map.pdf")
        try:
            text = "".join(paper[0].get_textpage().get_text_bounded().split())
            wide, high = paper[0].get_size()
        finally:
            paper.close()
        assert (wide > high) is landscape
        for told in (
            *("问题热点", "2026-08-01", "2026-10-31", "垃圾清运", "按率检验", "Getis-OrdGi*", "不显著", "热点99%"),
            *("2026-11-2114:05", "审图号GS(2026)0000号", "测试图源"),
        ):
            assert told in text, (told, landscape)


def _answer(page: Page, rows: list[dict[str, Any]], *, significance: bool = True, n_tested: int = 50) -> None:
    """Makes the service answer with these rows."""
    test = {"on": "rates", "weights": "queen", "k": None, "band_m": None, "n_tested": n_tested, "n_islands": 0}
    test |= {"reason": None if n_tested else "constant", "min_households": 30}
    told = {
        "as_of": town.AS_OF,
        "from": "2026-08-01",
        "to": "2026-10-31",
        "by": "grid",
        "denominator": {"source": "x", "label": "x"},
        "unlocated": 0,
        "rows": rows,
        "legends": legends("hotspots", rows),
        "legends_fixed": legends_fixed("hotspots", rows),
    } | ({"significance": test} if significance else {})
    body = json.dumps(told)
    page.unroute("**/api/v1/stats/**")
    page.route("**/api/v1/stats/**", lambda route: route.fulfill(body=body, content_type="application/json"))
