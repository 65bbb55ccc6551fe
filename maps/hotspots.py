"""The map of reported problems: how many, per 1,000 households where they are known, and where that is no chance."""

from __future__ import annotations

from urllib.parse import quote

from maps import palette
from maps.base import GridMap
from maps.classify import N_CLASSES
from maps.layers import Reports, add_common
from maps.legend import MEASURES
from maps.view import CATEGORIES_ADDRESS, COMMUNITIES_ADDRESS, Labels, MapView

STATS_ADDRESS = "/api/v1/stats/hotspots"
CELL_SIZES_M = (250, 500, 1000)


def build(labels: Labels, view: MapView) -> GridMap:
    """The shell of the hotspots page."""
    grid_map = GridMap("hotspots", labels, view)
    grid_map.constants |= {
        "stats": STATS_ADDRESS,
        "measures": list(MEASURES["hotspots"]),
        "filters": ["from", "to", "category", "by", "cell_m", "weights"],
        "choices": {"category": CATEGORIES_ADDRESS},
        "communities": f"{COMMUNITIES_ADDRESS}?edition={quote(view.edition, safe='')}",
        # the colours of classes by limits that the reader keeps
        "shades": [palette.colors("problems", n) for n in range(N_CLASSES + 1)],
    }
    add_common(grid_map, view)
    grid_map.add_child(Reports())
    return grid_map
