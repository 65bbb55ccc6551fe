"""The vector tiles of the map pages in a browser: reports as squares, signs and heat; many grids as tiles."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from maps import layers
from tests.browser.conftest import PHONE, Visitor
from tests.web.county import CANARY, EAST, WEST, County

# the pixel of a layer's own canvas at a position, as #rrggbbaa
PIXEL = """([pane, lon, lat]) => {
  const { map } = gridMap;
  const at = map.latLngToContainerPoint([lat, lon]);
  const box = map.getContainer().getBoundingClientRect();
  for (const canvas of map.getPane(pane).querySelectorAll("canvas")) {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const [x, y] = [at.x + box.left - left, at.y + box.top - top];
    if (x < 0 || y < 0 || x >= width || y >= height) continue;
    // looked at through a canvas of its own: reading a drawn one back makes the browser complain
    const one = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
    const pen = one.getContext("2d", { willReadFrequently: true });
    pen.drawImage(canvas, x / width * canvas.width, y / height * canvas.height, 1, 1, 0, 0, 1, 1);
    const pixel = pen.getImageData(0, 0, 1, 1).data;
    if (pixel[3]) return "#" + [...pixel].map((part) => part.toString(16).padStart(2, "0")).join("");
  }
  return null;
}"""
WHERE = """([lon, lat]) => {
  const { x, y } = gridMap.map.latLngToContainerPoint([lat, lon]);
  const box = gridMap.map.getContainer().getBoundingClientRect();
  return [x + box.left, y + box.top];
}"""
DRAWN = "() => gridMap.reports.tiles && !gridMap.reports.tiles.layer.isLoading()"
SUM = """() => gridMap.reports.tiles.tiles().flatMap((tile) => tile.layers.bins?.features ?? [])
  .reduce((total, { properties }) => total + properties.n, 0)"""
HERE = (110.015, 23.0051)  # sixty reports of the county


def pixel(page: Page, pane: str, lon: float, lat: float) -> Any:
    return page.evaluate(PIXEL, [pane, lon, lat])


def show(page: Page, kind: str) -> None:
    page.select_option("#map-reports", kind)
    page.wait_for_function(DRAWN)
    page.wait_for_load_state("networkidle")


def test_squares_far_out_signs_near_by_and_the_sum_of_the_figures(visitor: Visitor, county: County) -> None:
    visit = visitor("admin", "en")
    page = visit.open("/maps/hotspots#map=12/23.01/110.02")
    expect(page.locator("#map-reports-legend")).to_be_hidden()
    show(page, "points")
    expect(page.locator("#map-reports-legend li")).to_have_count(5)
    assert page.evaluate("document.documentElement.scrollHeight - innerHeight") <= 0
    expect(page.locator("#map-reports-legend")).to_contain_text("zoom 15")
    figures = page.request.get(f"{visit.address}/api/v1/stats/hotspots?by=cell").json()
    inside = [row["n"] for row in figures["rows"] if row["ring"][0][0] < 110.9]
    assert page.evaluate(SUM) == sum(inside)
    assert pixel(page, "grid-reports", 110.03, 23.019) is None
    page.evaluate("([lon, lat]) => gridMap.map.setView([lat, lon], 17, { animate: false })", list(HERE))
    page.wait_for_function(DRAWN)
    expect(page.locator("#map-reports-legend")).to_contain_text("ended")
    assert pixel(page, "grid-reports", *HERE) == "#b3261eff"
    assert "reports=points" in page.url
    assert "reports=points" in (page.locator("[data-file=pdf]").get_attribute("href") or "")
    x, y = page.evaluate(WHERE, list(HERE))
    page.mouse.click(x, y)
    links = page.locator(".map-reports a")
    expect(links.first).to_be_visible()
    assert links.count() >= 8
    expect(page.locator(".map-reports")).to_contain_text("zoom in")
    # the area beneath was not chosen
    expect(page.locator(".map-pin")).to_have_count(0)
    href = links.first.get_attribute("href")
    assert page.request.get(f"{visit.address}{href}").status == 200
    # the same by keys: the list of signs, Enter opens one and goes to its link, Esc comes back
    page.locator("#map-seen summary").focus()
    for key in ("Enter", "Tab", "ArrowDown"):
        page.keyboard.press(key)
    line = page.locator("#map-seen button:focus").inner_text()
    page.keyboard.press("Enter")
    number = page.locator(".map-reports a:focus").inner_text()
    assert line.startswith(f"{number} · ")
    page.keyboard.press("Escape")
    expect(page.locator(".map-reports")).to_have_count(0)
    expect(page.locator("#map-seen button:focus")).to_have_text(line)
    visit.clean()


def test_heat_is_an_option_and_the_address_keeps_it(visitor: Visitor) -> None:
    visit = visitor("admin", "zh")
    page = visit.open(f"/maps/hotspots#map=14/{HERE[1]}/{HERE[0]}&reports=heat")
    page.wait_for_function(DRAWN)
    expect(page.locator("#map-reports")).to_have_value("heat")
    expect(page.locator("#map-reports-legend")).to_contain_text("热力没有刻度")
    assert pixel(page, "grid-reports", *HERE) is not None
    show(page, "none")
    expect(page.locator("#map-reports-legend")).to_be_hidden()
    assert pixel(page, "grid-reports", *HERE) is None
    visit.clean()


def test_a_reader_of_some_grids_asks_for_no_tile_beyond_them(visitor: Visitor) -> None:
    visit = visitor("worker", "zh")
    page = visit.open("/maps/hotspots#map=9/23.01/110.02&reports=points")
    for zoom in (12, 15, 17):
        page.evaluate("(zoom) => gridMap.map.setView([23.005, 110.005], zoom, { animate: false })", zoom)
        page.wait_for_function(DRAWN)
        page.wait_for_load_state("networkidle")
    page.evaluate("() => gridMap.map.setView([24, 111], 14, { animate: false })")
    page.wait_for_load_state("networkidle")
    visit.clean()


def test_tiles_that_cannot_be_had_are_told_once_and_asked_for_again(visitor: Visitor) -> None:
    visit = visitor("admin", "en", viewport={"width": 1100, "height": 700})
    page = visit.page
    asked: list[str] = []
    page.route("**/api/v1/tiles/reports/**", lambda route: (asked.append(route.request.url), route.abort()))
    visit.open("/maps/hotspots#map=16/23.01/110.02&reports=points")
    expect(page.locator("#map-notice")).to_contain_text("could not be fetched")
    page.wait_for_function(DRAWN)  # each has failed
    n = len(asked)
    page.evaluate("() => gridMap.map.panBy([300, 0], { animate: false })")
    page.wait_for_timeout(300)
    assert len(asked) == n
    page.unroute("**/api/v1/tiles/reports/**")
    page.locator("#map-notice [data-does=retry]").click()
    page.wait_for_function(DRAWN)
    expect(page.locator("#map-notice")).to_be_hidden()


def test_signs_are_sharp_and_reached_by_a_finger_on_a_phone(visitor: Visitor) -> None:
    visit = visitor("admin", "zh", **PHONE)
    page = visit.open(f"/maps/hotspots#map=17/{HERE[1]}/{HERE[0]}&reports=points")
    page.wait_for_function(DRAWN)
    ratio = page.evaluate(
        "() => { const c = gridMap.map.getPane('grid-reports').querySelector('canvas.leaflet-tile'); return c.width / 256; }"
    )
    assert ratio == page.evaluate("devicePixelRatio")
    page.locator("#map-frame").scroll_into_view_if_needed()
    x, y = page.evaluate(WHERE, list(HERE))
    page.touchscreen.tap(x + 12, y)
    expect(page.locator(".map-reports a").first).to_be_visible()
    visit.clean()


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine grids are many."""
    monkeypatch.setattr(layers, "MOST_SHAPES", 3)


def test_many_grids_are_tiles_with_the_same_colours_words_and_selection(
    many: None, visitor: Visitor, county: County
) -> None:
    visit = visitor("admin", "en")
    page = visit.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    visit.open("/maps/hotspots?from=2026-10-01&to=2026-11-01#map=15/23.01/110.02&show=n")
    page.wait_for_function("() => !gridMap.areas.vectors.layer.isLoading()")
    assert not [one for one in asked if "grids.geojson" in one]
    assert [one for one in asked if "/api/v1/tiles/grids/" in one]
    code = f"{WEST}003"
    swatch = page.evaluate(
        """async (code) => {
          const { swatchOf } = await import("/static/maps/legend.js");
          return swatchOf(gridMap.areas.rows.get(code), gridMap.areas.legend).color + "ff";
        }""",
        code,
    )
    middle = (110.017, 23.0085)
    assert pixel(page, "grid-areas", *middle) == swatch
    x, y = page.evaluate(WHERE, list(middle))
    page.mouse.move(x - 5, y)
    page.mouse.move(x, y)
    expect(page.locator(".map-tip:not(.map-pin)")).to_contain_text(code)
    page.mouse.click(x, y)
    expect(page.locator(".map-pin")).to_contain_text(code)
    expect(page.locator(f"tr[data-code='{code}']")).to_have_attribute("aria-selected", "true")
    assert f"sel={code}" in page.url
    page.keyboard.press("Escape")
    expect(page.locator(".map-pin")).to_have_count(0)
    # from the table: a grid out of view is brought into it
    page.evaluate("() => gridMap.map.setView([23.005, 110.005], 18, { animate: false })")
    page.locator(f"tr[data-code='{EAST}003']").click()
    expect(page.locator(".map-pin")).to_contain_text(f"{EAST}003")
    assert 110.03 < page.evaluate("() => gridMap.map.getCenter().lng") < 110.04
    assert CANARY not in page.content()
    visit.clean()


def test_many_grids_stay_away_while_cells_are_shown(many: None, visitor: Visitor) -> None:
    visit = visitor("admin", "zh")
    page = visit.open("/maps/hotspots?by=cell&cell_m=500")
    expect(page.locator("#map-table tbody tr[data-code]").first).to_be_visible()
    assert page.evaluate("() => gridMap.map.hasLayer(gridMap.areas.vectors.layer)") is False
    page.select_option("#f-by", "grid")
    page.wait_for_function("() => gridMap.map.hasLayer(gridMap.areas.vectors.layer)")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("() => gridMap.areas.geojson.getLayers().length") == 0
    visit.clean()
