"""The map of door-to-door visits: which share of a grid's doors was reached in a period."""

from __future__ import annotations

from maps.base import GridMap, Labels, MapView
from maps.layers import add_common
from maps.legend import MEASURES

STATS_ADDRESS = "/api/v1/stats/coverage"


def build(labels: Labels, view: MapView) -> GridMap:
    """The shell of the coverage page."""
    grid_map = GridMap("coverage", labels, view)
    grid_map.constants |= {
        "stats": STATS_ADDRESS,
        "measures": list(MEASURES["coverage"]),
        "filters": ["from", "to", "campaign", "by"],
    }
    add_common(grid_map, view)
    return grid_map
