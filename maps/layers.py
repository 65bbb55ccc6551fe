"""Our own layers, each a constant of the shell: a pane, the address its data come from, how to draw it.

`static/page.js` fetches the data and draws. Parameters are the server's constants, through `tojson`; never rows,
never users' words.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from folium.elements import JSCSSMixin
from folium.template import Template

from maps.base import GridMap
from maps.view import (
    COMPOUNDS_ADDRESS,
    GRID_TILES_ADDRESS,
    GRIDS_ADDRESS,
    REPORTS_ABOUT_ADDRESS,
    REPORTS_ADDRESS,
    ROADS_ADDRESS,
    TILES_ADDRESS,
    MapView,
)

# Leaflet's tiles lie at 200, its own vectors at 400, its tooltips at 650
UNDER, AREAS, LINES, NAMES = 210, 400, 420, 610

MOST_SHAPES = 2000  # more grids than these come as vector tiles: a browser would hold them all at every zoom

# over a raster map the colours let it through; over our own lines they need not, and are exactly the legend's
OPACITY_OVER_TILES = 0.72


class ShellLayer(JSCSSMixin):
    """A layer `name` with a pane of its own at height `z_index`; the pane takes the mouse only if `live`."""

    _template = Template("""
        {% macro script(this, kwargs) %}
        window.gridMap.add({{ this.constants|tojson }});
        {% endmacro %}
    """)

    def __init__(self, name: str, z_index: int, *, live: bool = False, **constants: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca's has no annotation
        self._name = "ShellLayer"
        self.constants = {"name": name, "pane": f"grid-{name}", "z_index": z_index, "live": live, **constants}


class Choropleth(ShellLayer):
    """Areas coloured by class: published grids joined by code, or the square cells of the answer itself."""

    def __init__(self, view: MapView) -> None:
        opacity = OPACITY_OVER_TILES if view.tiles else 1.0
        grids = f"{GRIDS_ADDRESS}?edition={quote(view.edition, safe='')}"
        many: dict[str, Any] = {}
        if view.n_grids > MOST_SHAPES:
            tiles = GRID_TILES_ADDRESS.replace("{edition}", quote(view.edition, safe=""))
            many = {"tiles": tiles, "n_grids": view.n_grids}
        super().__init__("areas", AREAS, live=True, grids=grids, opacity=opacity, **many)


class Reports(ShellLayer):
    """The reports themselves: squares by their number, from zoom 15 a sign each, or heat."""

    def __init__(self) -> None:
        super().__init__("reports", LINES + 2, address=REPORTS_ADDRESS, about=REPORTS_ABOUT_ADDRESS)


class Compounds(ShellLayer):
    """Outlines and names of residential compounds over the colours."""

    def __init__(self) -> None:
        super().__init__("compounds", LINES + 1, address=COMPOUNDS_ADDRESS)


class Names(ShellLayer):
    """The names of grids and compounds, written where there is room."""

    def __init__(self) -> None:
        super().__init__("names", NAMES)


class Roads(ShellLayer):
    """Our own base map as lines over the colours: roads, outlines of buildings, water."""

    # the reader of vector tiles, which only this layer needs
    default_js = [("vectorgrid", "leaflet.vectorgrid/dist/Leaflet.VectorGrid.bundled.min.js")]  # noqa: RUF012  # folium's

    def __init__(self) -> None:
        super().__init__("roads", LINES, address=ROADS_ADDRESS, max_native_zoom=16)


class Tiles(ShellLayer):
    """One raster layer of the configured provider, through the server's proxy."""

    def __init__(self, layer: str, place: int, max_native_zoom: int) -> None:
        address = TILES_ADDRESS.replace("{layer}", quote(layer, safe=""))
        super().__init__(f"tiles-{place}", UNDER + place, address=address, max_native_zoom=max_native_zoom)


def add_common(grid_map: GridMap, view: MapView) -> None:
    """Nothing; afterwards the map has the layers that every view of grids has."""
    for place, layer in enumerate(view.tiles):
        grid_map.add_child(Tiles(layer, place, view.tiles_max_zoom))
    grid_map.add_child(Choropleth(view))
    if view.basemap:
        grid_map.add_child(Roads())
    grid_map.add_child(Compounds())
    grid_map.add_child(Names())
