"""What is said of a map before Folium draws its shell: words, view, parts, where its data come from.

Apart from the shell itself, so that what only needs these does not load Folium, which brings pandas along.
"""

from __future__ import annotations

from dataclasses import dataclass

MAX_ZOOM = 19

GRIDS_ADDRESS = "/api/v1/maps/grids.geojson"
COMMUNITIES_ADDRESS = "/api/v1/maps/communities.geojson"
COMPOUNDS_ADDRESS = "/api/v1/maps/compounds.geojson"
CATEGORIES_ADDRESS = "/api/v1/categories"
REPORTS_ADDRESS = "/api/v1/tiles/reports/{z}/{x}/{y}.pbf"
REPORTS_ABOUT_ADDRESS = "/api/v1/tiles/reports.json"
GRID_TILES_ADDRESS = "/api/v1/tiles/grids/{edition}/{z}/{x}/{y}.pbf"
ROADS_ADDRESS = "/basemap/{z}/{x}/{y}.pbf"
TILES_ADDRESS = "/basemap/tiles/{layer}/{z}/{x}/{y}"


@dataclass(frozen=True)
class Labels:
    """The words of the map itself, in the reader's language; attribution and review number are settings' text."""

    map_name: str
    zoom_in: str
    zoom_out: str
    attribution: str = ""
    review_number: str = ""


@dataclass(frozen=True)
class MapView:
    """What the map looks at: `bounds` = (west, south, east, north) in degrees, EPSG:4326.

    `edition` is the id of the published edition (part of the shapes' address, so that they may be cached for
    good); `tiles` names the raster layers that the server's proxy carries, bottom first, empty for none;
    `basemap` says whether our own roads, buildings and water were imported; `n_grids` how many grids there are.
    """

    bounds: tuple[float, float, float, float]
    edition: str
    basemap: bool = True
    tiles: tuple[str, ...] = ()
    tiles_max_zoom: int = 18
    n_grids: int = 0


@dataclass(frozen=True)
class Parts:
    """What a page embeds: addresses of style sheets, classic scripts and modules, the map's element, one script."""

    styles: tuple[str, ...]
    scripts: tuple[str, ...]
    modules: tuple[str, ...]
    html: str
    script: str
