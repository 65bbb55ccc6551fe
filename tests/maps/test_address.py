"""What an address of a map page may say: values and areas that are not there, and a reader without scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.maps import town
from tests.maps.conftest import Visit
from tests.maps.service import catalogue

PICKED = town.code_of(5, 2)


def test_values_that_no_list_offers_are_shown_as_they_are(visit: Visit) -> None:
    page = visit.open("/maps/hotspots?category=%3Cb%3Enope&lang=en")
    expect(page.locator("#map-summary")).to_contain_text("<b>nope (unknown, not in the list)")
    expect(page.locator("#f-category")).to_have_value("<b>nope")
    page.locator("#f-category").select_option("waste")
    expect(page.locator("#map-summary")).not_to_contain_text("nope")
    page.go_back()
    expect(page.locator("#map-summary")).to_contain_text("<b>nope")
    page = visit.open("/maps/hotspots?by=cell&cell_m=777&lang=en")
    expect(page.locator("#f-cell_m option:checked")).to_have_text("777 (unknown, not in the list)")
    expect(page.locator("#map-summary")).to_contain_text("777")
    visit.clean()


def test_a_selection_that_is_nowhere_leaves_the_address(visit: Visit) -> None:
    page = visit.open(f"/maps/hotspots#sel={PICKED}")
    assert f"sel={PICKED}" in page.url
    page = visit.open("/maps/hotspots?lang=en#sel=nope")
    assert "sel=" not in page.url
    assert page.locator("tr[aria-selected=true]").count() == 0
    visit.clean()


@pytest.mark.parametrize("width", [320, 379, 380])
def test_open_filters_fit_the_narrowest_phone(phone: Visit, width: int) -> None:
    phone.page.set_viewport_size({"width": width, "height": 640})
    page = phone.open("/maps/hotspots?by=cell&lang=en")
    page.locator("#map-filters summary").click()
    for field in page.locator("#map-form :is(input, select, button)").all():
        box = field.bounding_box()
        assert box
        assert box["x"] + box["width"] <= width
    assert page.evaluate("document.querySelector('.map-page').scrollWidth") <= width  # the header is a stand-in


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", ["2026-08-01 to 2026-10-31", "+ 17 without a place ="]),
        ("&by=cell", ["maps.no_script_cells", "2026-08-01 to 2026-10-31"]),
        ("&category=nope", ["nope (unknown, not in the list)"]),
    ],
)
def test_the_table_without_scripts_says_what_it_counts(visit: Visit, query: str, told: list[str]) -> None:
    html = visit.page.request.get(f"{visit.address}/maps/hotspots?table=1&lang=en{query}").text()
    body = html.split("map-labels", maxsplit=1)[0]
    for words in told:
        assert catalogue("en").get(words, words) in body
