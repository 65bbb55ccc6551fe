"""The map pages in a real Chromium, against the test double of the service and under its content security policy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from maps.classify import class_of, fixed, quantile
from maps.legend import COVERAGE_LIMITS, legends
from tests.maps import town
from tests.maps.conftest import Visit
from tests.maps.service import NONCE, Double, catalogue

PICKED = town.code_of(5, 2)
CANARY_CODE = town.code_of(0, 0)

# the colour on the grids' own canvas in the middle of every area that is drawn plain and on top
DRAWN = """() => {
  const found = {};
  gridMap.areas.layer.eachLayer((shape) => {
    const { code } = shape.feature.properties;
    const at = gridMap.map.latLngToLayerPoint(shape.getCenter()).subtract(shape._renderer._bounds.min).round();
    const [r, g, b, a] = shape._renderer._ctx.getImageData(at.x, at.y, 1, 1).data;
    const plain = typeof shape.options.fillColor === "string" && a === 255;
    if (plain) found[code] = "#" + [r, g, b].map((part) => part.toString(16).padStart(2, "0")).join("");
  });
  return found;
}"""


# how many of these signs the page draws as it draws what no font has, or each other
TOFU = """() => {
  const drawn = [..."网格社区率", String.fromCodePoint(0x10FFFF)].map((sign) => {
    const paper = Object.assign(document.createElement("canvas"), { width: 48, height: 48 });
    const pen = paper.getContext("2d");
    pen.font = `32px ${getComputedStyle(document.querySelector("h1")).fontFamily}`;
    pen.fillText(sign, 4, 40);
    return paper.toDataURL();
  });
  return drawn.length - new Set(drawn).size;
}"""


def _rows(page: Page) -> list[list[str]]:
    script = (
        "[...document.querySelectorAll('#map-table tbody tr')].map((row) => [...row.cells].map((c) => c.innerText))"
    )
    return list(page.evaluate(script))


def _swatches(page: Page) -> list[str]:
    """The colours that the legend really shows; of a hatched one the colour under its lines."""
    script = """[...document.querySelectorAll('.map-swatch-color')].map((one) => {
      const { backgroundColor, backgroundImage } = getComputedStyle(one);
      if (backgroundImage !== "none") return one.dataset.color;
      return "#" + backgroundColor.match(/\\d+/g).slice(0, 3).map((p) => (+p).toString(16).padStart(2, "0")).join("");
    })"""
    return list(page.evaluate(script))


@pytest.mark.parametrize(
    ("path", "lang", "other"),
    [
        ("hotspots?", "zh", "cell"),
        ("hotspots?by=cell&cell_m=250&", "en", "grid"),
        ("coverage?", "zh", None),
        ("coverage?", "en", None),
    ],
)
def test_no_foreign_request_no_error_and_the_readers_language(
    visit: Visit, path: str, lang: str, other: str | None
) -> None:
    page = visit.open(f"/maps/{path}lang={lang}")
    for by in (None, other) if other else (None,):
        if by:
            with page.expect_response("**/api/v1/stats/**"):
                page.locator("#f-by").select_option(by)
            expect(page.locator("#map-frame")).to_have_attribute("aria-busy", "false")
        page.locator(".leaflet-control-zoom-in").click()
        page.mouse.move(400, 450)
        page.mouse.wheel(0, -300)
        page.locator("#map-whole").click()
        page.wait_for_load_state("networkidle")
        visit.clean()
    words = catalogue(lang)
    view = path.split("?", maxsplit=1)[0]
    assert page.title() == words[f"maps.{view}_title"]
    assert page.locator("html").get_attribute("lang") == lang
    assert page.evaluate(TOFU) == 0
    assert page.locator(".leaflet-control-zoom-in").get_attribute("title") == words["maps.zoom_in"]
    assert page.locator(".folium-map").get_attribute("aria-label") == words[f"maps.{view}_map"]


def test_the_page_without_data_is_small_and_forbids_no_zoom(visit: Visit) -> None:
    html = visit.page.request.get(f"{visit.address}/maps/hotspots").text()
    assert len(html.encode()) <= 20_480
    assert "user-scalable" not in html
    assert town.code_of(3, 3) not in html
    assert html.count(f'nonce="{NONCE}"') >= 5


def test_citizens_words_are_shown_as_they_are(visit: Visit) -> None:
    page = visit.open("/maps/hotspots?category=x")
    canary = page.locator(f"tr[data-code='{CANARY_CODE}']")
    expect(canary.locator(".map-area-name")).to_have_text(town.CANARY)
    expect(page.locator("#map-summary")).to_contain_text(town.CANARY)
    expect(page.locator("#map-foot")).to_contain_text(town.CANARY)
    expect(page.locator(".map-credit")).to_contain_text(town.CANARY)
    canary.click()
    expect(page.locator(".map-pin strong")).to_have_text(town.CANARY)
    expect(page.locator("#map-live")).to_contain_text(town.CANARY)
    page.keyboard.press("Escape")
    at = page.evaluate(
        """(code) => {
          const shape = gridMap.areas.byCode.get(code)[0];
          const { x, y } = gridMap.map.latLngToContainerPoint(shape.getCenter());
          const box = gridMap.map.getContainer().getBoundingClientRect();
          return [x + box.x, y + box.y];
        }""",
        CANARY_CODE,
    )
    page.mouse.move(at[0] - 4, at[1])
    page.mouse.move(*at)
    expect(page.locator(".map-tip:not(.map-pin) strong")).to_have_text(town.CANARY)
    visit.clean()


def test_names_are_text_and_those_of_the_ground_along_their_road_and_over_nothing(visit: Visit) -> None:
    ring = town.compounds()["features"][1]["geometry"]["coordinates"][0]
    page = visit.open(f"/maps/hotspots#map=18/{ring[0][1]}/{ring[0][0]}")
    expect(page.locator(".map-name-compound", has_text="window.__x")).to_have_text(town.CANARY)
    expect(page.locator(".map-name-grid").first).to_be_visible()
    page.locator("#map-compounds").uncheck()
    expect(page.locator(".map-name-compound")).to_have_count(0)
    lon, lat = town.corner(2, 2)
    page.evaluate("at => gridMap.map.setView(at, 17, {animate: false})", [lat, lon])
    page.wait_for_load_state("networkidle")
    street = page.locator(".map-name-major", has_text="长江路")
    expect(street).to_have_count(1)  # of two that stand side by side
    assert street.locator("span").evaluate("one => one.style.rotate") in ("90deg", "-90deg")
    boxes = page.locator(".map-name > span, .map-name-grid").evaluate_all(
        "all => all.map((one) => { const b = one.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; })"
    )
    assert len(boxes) > 3
    for place, (left, top, right, bottom) in enumerate(boxes):
        for other in boxes[place + 1 :]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
    canary = [town.SOUTH + 0.25 * town.STEP_LAT, town.WEST + 4.5 * town.STEP_LON]
    page.evaluate("at => gridMap.map.setView(at, 19, {animate: false})", canary)
    expect(page.locator(".map-name-major", has_text="window.__x")).to_have_text(town.CANARY)
    page.evaluate("gridMap.map.setView([36.6471, 117.0216], 17, {animate: false})")
    expect(page.locator(".map-name-water")).to_have_text("月湖")
    visit.clean()


@pytest.mark.parametrize(("path", "measures"), [("hotspots", ["rate", "n"]), ("coverage", ["share"])])
def test_swatches_are_the_drawn_colours(visit: Visit, path: Any, measures: list[str]) -> None:
    page = visit.open(f"/maps/{path}")
    rows = town.hotspot_rows() if path == "hotspots" else town.coverage_rows()
    for measure in measures:
        if len(measures) > 1:
            page.locator(f"input[name=measure][value={measure}]").check()
        legend = legends(path, rows)[measure]
        assert _swatches(page) == [swatch["color"] for swatch in legend["swatches"]], measure
        limits = tuple(swatch["low"] for swatch in legend["swatches"] if swatch["kind"] == "class")
        shades = [swatch["color"] for swatch in legend["swatches"] if swatch["kind"] != "no_data"]
        classes = fixed(limits, 1.0) if measure == "share" else quantile([row["n"] for row in rows])
        drawn = page.evaluate(DRAWN)
        assert len(drawn) > 30
        assert set(drawn.values()) <= set(_swatches(page))
        if measure != "rate":
            covered = {town.code_of(3, 2), town.code_of(3, 3), town.code_of(4, 2)}
            for row in rows:
                if row["code"] in drawn and row["code"] not in covered:
                    place = class_of(row[measure], classes)
                    assert place is not None
                    assert drawn[row["code"]] == shades[place]


def test_coverage_says_reached_due_and_share_and_classifies_as_the_library_does(visit: Visit) -> None:
    page = visit.open(f"/maps/coverage#sel={town.code_of(8, 0)}")
    expect(page.locator(".map-pin")).to_contain_text("0.0 %")
    known = [row for row in town.coverage_rows() if row["denom"]]
    reached, due = sum(row["n"] for row in known), sum(row["denom"] for row in known)
    expect(page.locator("#map-sum")).to_contain_text(f"{reached / due * 100:.1f} %（{reached:,} / {due:,} 户）")
    n, of = (sum(row["counts"][place] for row in town.coverage_rows()) for place in (1, 2))
    expect(page.locator("#map-sum")).to_contain_text(f"按总户数 {n / of * 100:.1f} %（{n:,} / {of:,} 户）")
    notes = page.locator("#map-notes")
    expect(notes.locator("li").first).not_to_be_visible()
    notes.locator("summary").press("Enter")
    expect(notes.locator("li").first).to_be_visible()
    assert notes.locator("li").all_inner_texts() == town.COVERAGE_NOTES
    rows = [{"n": 1, "denom": 1000, "share": part / 200} for part in range(201)]
    limits = fixed(COVERAGE_LIMITS, 1.0)
    found = page.evaluate(
        """async ([rows, legend]) => {
          const { swatchOf } = await import("/static/maps/legend.js");
          return rows.map((row) => legend.swatches.indexOf(swatchOf(row, legend)));
        }""",
        [rows, legends("coverage", rows)["share"]],
    )
    assert found == [class_of(row["share"], limits) for row in rows]


def test_what_is_unsure_is_hatched_and_listed_after(visit: Visit) -> None:
    page = visit.open("/maps/hotspots")
    hatched = page.evaluate(
        """() => Object.fromEntries([...gridMap.areas.byCode].map(
          ([code, [shape]]) => [code, shape.options.fillColor instanceof CanvasPattern]))"""
    )
    few, unknown = town.code_of(2, 4), town.code_of(8, 5)
    assert {code for code, is_hatched in hatched.items() if is_hatched} == {
        few,
        unknown,
        town.code_of(0, 5),
        town.DEDICATED,
    }
    rows = [row[0] for row in _rows(page)]
    assert few in rows[-4]
    assert all(row[-1] == "—" for row in _rows(page)[-3:])
    page.locator(f"tr[data-code='{unknown}']").click()
    expect(page.locator(".map-pin")).to_contain_text(catalogue("zh")["maps.tip_no_rate"])
    page.locator(f"tr[data-code='{few}']").click()
    expect(page.locator(".map-pin")).to_contain_text("30")


def test_the_table_and_the_unlocated_add_up_a_retired_grid_too(visit: Visit) -> None:
    page = visit.open("/maps/hotspots")
    total = sum(row["n"] for row in town.hotspot_rows())
    assert sum(int(row[1].replace(",", "")) for row in _rows(page)) == total
    expect(page.locator("#map-sum")).to_contain_text(f"{total} 件 + 未定位 17 件 = {total + 17} 件")
    counted = page.evaluate(
        "[...document.querySelectorAll('.map-swatch-n')].reduce((sum, one) => sum + parseInt(one.textContent), 0)"
    )
    assert counted == len(town.hotspot_rows())
    expect(page.locator("#map-foot")).to_contain_text("2026-11-21 14:05")
    # counted, though it is not on the map
    row = page.locator("tr[data-code='OLD-1']")
    expect(row).to_contain_text(catalogue("zh")["maps.retired"])
    row.click()
    expect(row).to_have_attribute("aria-selected", "true")
    expect(page.locator("#map-live")).to_contain_text("已撤网格")
    visit.clean()


def test_count_and_rate_switch(visit: Visit) -> None:
    page = visit.open("/maps/hotspots")
    page.locator("input[name=measure][value=n]").check()
    expect(page.locator(".map-legend-title")).to_contain_text(catalogue("zh")["maps.legend_n"])
    numbers = [int(row[1]) for row in _rows(page)]
    assert numbers == sorted(numbers, reverse=True)
    assert "show=n" in page.url
    page.locator(".map-sort").first.click()
    assert "sort=name" in page.url
    assert page.locator("th").first.get_attribute("aria-sort") == "ascending"
    page.reload()
    page.wait_for_selector("tr[data-code]")
    expect(page.locator("input[name=measure][value=n]")).to_be_checked()
    assert page.locator("th").first.get_attribute("aria-sort") == "ascending"


def test_keyboard_only(visit: Visit) -> None:
    page = visit.open("/maps/hotspots")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "map-skip"
    page.keyboard.press("Enter")
    codes = page.evaluate("[...document.querySelectorAll('#map-table tbody tr')].map((row) => row.dataset.code)")
    assert page.evaluate("document.activeElement.dataset.code") == codes[0]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.dataset.code") == codes[1]
    page.keyboard.press("Enter")
    expect(page.locator("#map-live")).to_contain_text("已选中")
    expect(page.locator("tr[aria-selected=true]")).to_have_attribute("data-code", codes[1])
    expect(page.locator(".map-pin")).to_be_visible()
    assert f"sel={codes[1]}" in page.url
    page.keyboard.press("Escape")
    expect(page.locator("#map-live")).to_have_text(catalogue("zh")["maps.announce_cleared"])
    expect(page.locator(".map-pin")).to_have_count(0)
    assert page.evaluate("document.activeElement.dataset.code") == codes[1]
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.dataset.code") == codes[-1]
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "map-search"
    stops = page.evaluate("[...document.querySelectorAll('#map-frame *')].filter((one) => one.tabIndex >= 0).length")
    assert stops <= 15


def test_search_narrows_and_a_click_on_the_map_finds_the_row(visit: Visit) -> None:
    page = visit.open("/maps/hotspots")
    page.locator("#map-search").fill("解放")
    assert all("解放" in row[0] for row in _rows(page))
    expect(page.locator("#map-shown")).to_contain_text(f"5 / {len(town.hotspot_rows())}")
    page.locator("#map-search").fill("没有")
    expect(page.locator("#map-empty")).to_contain_text("没有")
    page.evaluate("(code) => gridMap.areas.picked(code)", PICKED)
    expect(page.locator("tr[aria-selected=true]")).to_have_attribute("data-code", PICKED)


def test_the_address_holds_the_state(visit: Visit, double: Double) -> None:
    page = visit.open(f"/maps/hotspots?from=2026-09-01&to=2026-09-30&lang=en#map=16/36.65/117.01&sel={PICKED}")
    with page.expect_event("requestfinished", lambda request: "/api/v1/stats/" in request.url):
        page.locator("#f-category").select_option("waste")
    assert "category=waste" in page.url
    assert "lang=en" in page.url
    assert double.asked[-1].startswith("hotspots?")
    asked = dict(pair.split("=") for pair in double.asked[-1].split("?")[1].split("&"))
    assert asked == {"from": "2026-09-01", "to": "2026-09-30", "category": "waste", "by": "grid"}
    page.reload()
    page.wait_for_selector("tr[data-code]")
    expect(page.locator("#f-category")).to_have_value("waste")
    expect(page.locator("#f-from")).to_have_value("2026-09-01")
    expect(page.locator("tr[aria-selected=true]")).to_have_attribute("data-code", PICKED)
    looked = page.evaluate("[gridMap.map.getZoom(), gridMap.map.getCenter().lat, gridMap.map.getCenter().lng]")
    assert looked == pytest.approx([16, 36.65, 117.01], abs=2e-4)
    with page.expect_event("requestfinished", lambda request: "/api/v1/stats/" in request.url):
        page.locator("#f-category").select_option("")
    assert "category" not in page.url
    with page.expect_event("requestfinished", lambda request: "/api/v1/stats/" in request.url):
        page.go_back()
    expect(page.locator("#f-category")).to_have_value("waste")
    visit.clean()


@pytest.mark.parametrize("bad", ["#map=99/999/999&sel=nobody&sort=-nothing&show=x", "#%%%"])
def test_a_broken_address_does_no_harm(visit: Visit, bad: str) -> None:
    page = visit.open(f"/maps/hotspots{bad}")
    assert len(_rows(page)) == len(town.hotspot_rows())
    # whatever is no place is read as none, and the page begins as it does without
    places = page.evaluate(
        """async (all) => {
          const { readLook } = await import("/static/maps/state.js");
          return all.map((one) => { history.replaceState(null, "", one); return readLook().map; });
        }""",
        ["#map=x/y/z", "#map=99/999/999", "#map=", "#%%%", "#map=-1/3/3", "#map=3/4/5"],
    )
    assert places == [None] * 5 + [{"zoom": 3, "lat": 4, "lon": 5}]
    visit.clean()


def test_the_provider_is_down(visit: Visit, double: Double) -> None:
    double.raster = ("vec", "cva")
    page = visit.open("/maps/hotspots")
    notice = page.locator("#map-notice")
    expect(notice).to_be_visible()
    expect(notice).to_contain_text(catalogue("zh")["maps.failed_ground"])
    assert page.locator("[role=alert]:visible").count() == 1
    assert len(_rows(page)) == len(town.hotspot_rows())
    assert len(_swatches(page)) == 7
    assert page.evaluate("document.querySelectorAll('.leaflet-grid-roads-pane canvas').length") > 0
    asked = len(double.asked)
    page.locator(".leaflet-control-zoom-in").click()
    page.wait_for_timeout(400)
    page.wait_for_load_state("networkidle")
    assert len(double.asked) == asked
    assert visit.foreign == []
    notice.get_by_text(catalogue("zh")["maps.dismiss"]).click()
    expect(notice).to_be_hidden()


def test_our_own_ground_is_down(visit: Visit, double: Double) -> None:
    double.failing = {"ground", "compounds"}
    page = visit.open("/maps/hotspots")
    # the compounds are the more important of the two; with them back the ground is told
    expect(page.locator("#map-notice")).to_contain_text(catalogue("zh")["maps.failed_compounds"])
    double.failing = {"ground"}
    page.locator("[data-does=retry]").click()
    expect(page.locator("#map-notice")).to_contain_text(catalogue("zh")["maps.failed_ground"])
    assert not [said for said in visit.console if "Failed to load resource" not in said]


def test_figures_fail_and_come_back(visit: Visit, double: Double) -> None:
    double.failing = {"stats"}
    page = visit.open("/maps/hotspots", settled=False)
    expect(page.locator("#map-notice")).to_contain_text("统计库忙。")
    expect(page.locator("#map-empty")).to_have_text(catalogue("zh")["maps.failed_stats"])
    assert page.evaluate("gridMap.areas.layer.getLayers().length") == len(town.grids()["features"])
    double.failing = {"login"}
    page.locator("[data-does=retry]").click()
    expect(page.locator("#map-notice")).to_contain_text(catalogue("zh")["maps.signed_out"])
    double.failing = set()
    page.locator("[data-does=retry]").click()
    page.wait_for_selector("tr[data-code]")
    expect(page.locator("#map-notice")).to_be_hidden()
    expect(page.locator("#map-empty")).to_be_hidden()


def test_shapes_fail_and_the_table_stays(visit: Visit, double: Double) -> None:
    double.failing = {"grids"}
    page = visit.open("/maps/hotspots")
    expect(page.locator("#map-notice")).to_contain_text(catalogue("zh")["maps.failed_shapes"])
    assert len(_rows(page)) == len(town.hotspot_rows())
    double.failing = set()
    page.locator("[data-does=retry]").click()
    page.wait_for_function("() => gridMap.areas.layer.getLayers().length > 0")
    assert len(page.evaluate(DRAWN)) > 30


@pytest.mark.parametrize(("empty", "key"), [("rows", "empty_rows"), ("grids", "empty_grids")])
def test_empty_states_say_what_to_do(visit: Visit, double: Double, empty: str, key: str) -> None:
    double.empty = {empty}
    page = visit.open("/maps/hotspots", settled=False)
    expect(page.locator("#map-over")).to_have_text(catalogue("zh")[f"maps.{key}"])
    visit.clean()


def test_a_phone(phone: Visit) -> None:
    page = phone.open("/maps/hotspots")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("#map-filters summary").tap()
    expect(page.locator("#f-category")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    small = page.evaluate(
        """[...document.querySelectorAll('.map-page :is(button, select, input, summary), .leaflet-bar a')]
          .filter((one) => one.offsetParent && one.type !== 'checkbox' && one.type !== 'radio')
          .filter((one) => one.getBoundingClientRect().height < 44).map((one) => one.outerHTML)"""
    )
    assert small == []
    boxes = page.evaluate(
        "['map-frame', 'map-table'].map((id) => document.getElementById(id).getBoundingClientRect().y)"
    )
    assert boxes[0] < boxes[1]
    row = page.locator(f"tr[data-code='{PICKED}']")
    row.tap()
    expect(page.locator(".map-pin")).to_be_visible()
    phone.clean()


def test_without_scripts_there_is_the_table(browser: Browser, running: tuple[Double, str], double: Double) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{running[1]}/maps/hotspots?category=x")
        page.locator("noscript a").click()
        assert "category=x" in page.url
        assert page.locator("tbody tr").count() == len(town.hotspot_rows())
        assert town.CANARY in page.locator("tbody tr").first.inner_text()
        assert page.locator("#map-table th").all_inner_texts() == ["网格", "件数", "户数", "每千户", "显著性"]


def test_the_table_goes_to_a_spreadsheet_and_paper_has_legend_period_and_credit(visit: Visit, tmp_path: Path) -> None:
    page = visit.open("/maps/hotspots")
    with page.expect_download() as waiting:
        page.locator("#map-download").click()
    waiting.value.save_as(tmp_path / "t.csv")
    text = (tmp_path / "t.csv").read_bytes().decode("utf-8")
    assert waiting.value.suggested_filename == "gridsvc-hotspots-2026-08-01-2026-10-31.csv"
    assert text.startswith("\ufeff")
    assert '"\'=1+1"' in text
    assert f'"=""{PICKED}"""' in text  # Excel keeps twelve digits and more only as a formula of their text
    assert town.CANARY.replace('"', '""') in text
    assert "2026-11-21 14:05" in text
    page.emulate_media(media="print")
    for shown in (".map-legend", "#map-summary", "#map-foot", ".map-credit", "#map-sum", "h1"):
        expect(page.locator(shown)).to_be_visible()
    for hidden in ("#map-form", "#map-download", ".leaflet-control-zoom"):
        expect(page.locator(hidden)).to_be_hidden()
    assert len(page.pdf(prefer_css_page_size=True)) > 30_000


def test_a_thousand_rows_come_in_portions(visit: Visit, double: Double) -> None:
    page = visit.page
    rows = [
        {"code": f"c{place:04}", "name": f"网格{place}", "n": place % 40, "denom": 100, "rate": place % 40 * 10.0}
        for place in range(1200)
    ]
    answer = {
        "as_of": "2026-11-21T06:05:00Z",
        "from": "2026-08-01",
        "to": "2026-10-31",
        "by": "grid",
        "denominator": {"source": "x", "label": "x"},
        "unlocated": 0,
        "rows": rows,
        "legends": legends("hotspots", rows),
    }
    page.route(
        "**/api/v1/stats/**", lambda route: route.fulfill(body=json.dumps(answer), content_type="application/json")
    )
    visit.open("/maps/hotspots")
    assert page.locator("tbody tr").count() == 300
    expect(page.locator("#map-sum")).to_contain_text(f"{sum(row['n'] for row in rows):,}")  # type: ignore[misc]
    expect(page.locator("#map-foot")).to_contain_text("06:05 UTC")
    page.locator("#map-more").click()
    assert page.locator("tbody tr").count() == 1200
