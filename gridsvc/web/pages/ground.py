"""What a small map of ours needs: its files, and the facts its script draws from. No row and no word is in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from gridsvc import basemap, grids
from gridsvc.errors import Unavailable
from gridsvc.settings import Settings
from maps import assets
from maps.view import COMPOUNDS_ADDRESS, GRIDS_ADDRESS, MAX_ZOOM, ROADS_ADDRESS, TILES_ADDRESS

TILES: dict[str, tuple[str, ...]] = {"none": (), "tianditu": ("vec", "cva"), "xyz": ("xyz",)}
TILES_MAX_ZOOM = 18


@dataclass(frozen=True)
class Place:
    """A small map: addresses of its style sheets and classic scripts, and `told`, the facts for `pin.js`."""

    styles: tuple[str, ...]
    scripts: tuple[str, ...]
    told: dict[str, Any]


def edition_of(shape: grids.Shape) -> str:
    """The published editions as one word: another word means other shapes."""
    return "-".join(str(shape.editions[layer]) for layer in sorted(shape.editions))


def place(
    db: Connection,
    settings: Settings,
    *,
    pin: tuple[float, float] | None = None,
    accuracy_m: float | None = None,
    editable: bool = False,
    outlines: bool = True,
) -> Place | None:
    """The small map around a pin (lon, lat in EPSG:4326), or of all grids; None where nothing is published.

    Args:
        outlines: whether the reader may fetch the grids' borders.
    """
    try:
        shape = grids.published_shape(db)
    except Unavailable:
        return None
    raster = [
        {
            "name": f"tiles-{i}",
            "address": TILES_ADDRESS.replace("{layer}", name),
            "max_native_zoom": TILES_MAX_ZOOM,
        }
        for i, name in enumerate(TILES[settings.tile_provider])
    ]
    roads = {"name": "roads", "address": ROADS_ADDRESS, "max_native_zoom": 16} if basemap.is_there(db) else None
    told = {
        "home": [shape.west, shape.south, shape.east, shape.north],
        "pin": list(pin) if pin else None,
        "accuracy_m": accuracy_m,
        "editable": editable,
        "max_zoom": MAX_ZOOM,
        "layers": [*raster, *([roads] if roads else [])],
        "grids": f"{GRIDS_ADDRESS}?edition={edition_of(shape)}" if outlines else None,
        "compounds": COMPOUNDS_ADDRESS if outlines else None,
        "credit": " · ".join(part for part in (settings.tile_attribution, settings.map_review_number) if part),
    }
    scripts = ["leaflet/dist/leaflet.js"]
    if roads:
        scripts.append("leaflet.vectorgrid/dist/Leaflet.VectorGrid.bundled.min.js")
    return Place((assets.address("leaflet/dist/leaflet.css"),), tuple(assets.address(name) for name in scripts), told)
