"""The shells: small, the same every time, without a foreign address, and only constants in them."""

from __future__ import annotations

import copy
import re
from typing import cast

import folium
import pytest
from branca.element import Element, Figure
from folium import plugins

from maps import coverage, hotspots, layers
from maps.assets import AssetError
from maps.base import GridMap
from maps.view import Labels, MapView
from tests.maps import town

LABELS = Labels("地图", "放大", "缩小", attribution=town.CANARY, review_number="审图号 GS(2026)0000号")
VIEW = MapView(bounds=town.BOUNDS, edition="3")
BUILDERS = {"hotspots": hotspots.build, "coverage": coverage.build}


@pytest.mark.parametrize("name", BUILDERS)
def test_the_shell_is_small_local_and_always_the_same(name: str) -> None:
    one, two = (BUILDERS[name](LABELS, VIEW).parts() for _ in range(2))
    assert one == two
    assert len(one.html) + len(one.script) < 6_000
    assert all(address.startswith("/static/") for address in one.styles + one.scripts + one.modules)
    assert not re.search(r"https?:|//", one.html + one.script)
    assert "viewport" not in one.html + one.script
    assert one.html.count("<div") == 1
    assert f'"stats": "/api/v1/stats/{name}"' in one.script


def test_no_jquery_no_bootstrap() -> None:
    parts = hotspots.build(LABELS, VIEW).parts()
    assert [address.rsplit("/", 1)[1] for address in parts.scripts] == [
        "leaflet.js",
        "Leaflet.VectorGrid.bundled.min.js",
    ]
    without = coverage.build(LABELS, MapView(bounds=town.BOUNDS, edition="3", basemap=False)).parts()
    assert len(without.scripts) == 1


def test_folium_keeps_its_own_lists() -> None:
    before = copy.deepcopy((folium.Map.default_js, folium.Map.default_css))
    hotspots.build(LABELS, VIEW).parts()
    assert (folium.Map.default_js, folium.Map.default_css) == before
    assert GridMap.default_js != folium.Map.default_js


def test_lon_lat_turns_into_lat_lon_once() -> None:
    script = hotspots.build(LABELS, MapView(bounds=(117.0, 36.0, 117.2, 36.4), edition="1")).parts().script
    assert "center: [36.2, 117.1]" in script
    assert "[[36.0, 117.0], [36.4, 117.2]]" in script


@pytest.mark.parametrize(
    "bounds",
    [(36.0, 117.0, 36.4, 117.2), (117.2, 36.0, 117.0, 36.4), (117.0, 36.4, 117.2, 36.0), (0.0, 0.0, 0.0, 0.0)],
)
def test_wrong_bounds_are_refused(bounds: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="bounds"):
        hotspots.build(LABELS, MapView(bounds=bounds, edition="1"))


def test_settings_text_cannot_leave_its_string() -> None:
    labels = Labels(map_name='"><script>x', zoom_in="</script>", zoom_out="`${x}`", attribution=town.CANARY)
    parts = hotspots.build(labels, MapView(bounds=town.BOUNDS, edition="</script>&x=1")).parts()
    assert "<" not in parts.script.replace("<=", "")
    assert "<script" not in parts.html
    assert "edition=%3C%2Fscript%3E%26x%3D1" in parts.script


def test_raster_layers_come_first_and_let_shine_through() -> None:
    view = MapView(bounds=town.BOUNDS, edition="3", tiles=("vec", "cva"))
    script = hotspots.build(LABELS, view).parts().script
    assert script.index("/basemap/tiles/vec/") < script.index("/basemap/tiles/cva/") < script.index("grids.geojson")
    assert f'"opacity": {layers.OPACITY_OVER_TILES}' in script
    assert '"opacity": 1.0' in hotspots.build(LABELS, VIEW).parts().script


def test_a_plugin_with_a_foreign_address_fails() -> None:
    grid_map = hotspots.build(LABELS, VIEW)
    grid_map.add_child(plugins.Fullscreen())  # type: ignore[no-untyped-call]
    with pytest.raises(AssetError) as caught:
        grid_map.parts()
    assert caught.value.code == "asset_unknown"


def test_nothing_but_links_in_the_head() -> None:
    grid_map = hotspots.build(LABELS, VIEW)
    cast(Figure, grid_map.get_root()).header.add_child(Element("<style>body {display: none}</style>"))
    with pytest.raises(ValueError, match="head"):
        grid_map.parts()


def test_a_script_that_would_end_early_fails() -> None:
    grid_map = hotspots.build(LABELS, VIEW)
    cast(Figure, grid_map.get_root()).script.add_child(Element("var a = '</SCRIPT>';"))
    with pytest.raises(ValueError, match="end tag"):
        grid_map.parts()
