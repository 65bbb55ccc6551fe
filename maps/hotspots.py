"""The map of reported problems: how many per grid or square cell, and per 1,000 households where they are known."""

from __future__ import annotations

from maps.base import GridMap, Labels, MapView
from maps.layers import add_common
from maps.legend import MEASURES

STATS_ADDRESS = "/api/v1/stats/hotspots"
CELL_SIZES_M = (250, 500, 1000)


def build(labels: Labels, view: MapView) -> GridMap:
    """The shell of the hotspots page."""
    grid_map = GridMap("hotspots", labels, view)
    grid_map.constants |= {
        "stats": STATS_ADDRESS,
        "measures": list(MEASURES["hotspots"]),
        "filters": ["from", "to", "category", "by", "cell_m"],
    }
    add_common(grid_map, view)
    return grid_map
