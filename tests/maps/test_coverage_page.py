"""The coverage page in a real Chromium: target, progress symbols, doors, the day slider."""

from __future__ import annotations

from dataclasses import asdict

from playwright.sync_api import expect

from maps.legend import against
from tests.maps import town
from tests.maps.conftest import Visit
from tests.maps.service import catalogue


def test_a_campaign_is_coloured_against_its_target(visit: Visit) -> None:
    page = visit.open("/maps/coverage?campaign=round&lang=en")
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
    visit.clean()
