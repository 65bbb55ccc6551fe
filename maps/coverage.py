"""The map of door-to-door visits: which share of a grid's doors was reached in a period."""

from __future__ import annotations

from maps.base import GridMap
from maps.layers import NAMES, ShellLayer, add_common
from maps.legend import MEASURES
from maps.view import Labels, MapView

STATS_ADDRESS = "/api/v1/stats/coverage"
COMPOUNDS_ADDRESS = "/api/v1/maps/coverage/compounds"
DAYS_ADDRESS = "/api/v1/maps/coverage/days"
CAMPAIGNS_ADDRESS = "/api/v1/maps/coverage/campaigns"
DOORS_ADDRESS = "/api/v1/maps/coverage/doors"


class Doors(ShellLayer):
    """Doors that a campaign has still to reach, a square for each building, from a near zoom."""

    def __init__(self) -> None:
        super().__init__("doors", NAMES + 10, address=DOORS_ADDRESS)


class Progress(ShellLayer):
    """Compounds as rings filled by the share of their doors that was reached, as of a campaign's day."""

    def __init__(self) -> None:
        super().__init__("progress", NAMES + 20, address=COMPOUNDS_ADDRESS, days=DAYS_ADDRESS)


def build(labels: Labels, view: MapView) -> GridMap:
    """The shell of the coverage page."""
    grid_map = GridMap("coverage", labels, view)
    grid_map.constants |= {
        "stats": STATS_ADDRESS,
        "measures": list(MEASURES["coverage"]),
        "filters": ["from", "to", "campaign", "by"],
        "choices": {"campaign": CAMPAIGNS_ADDRESS},
    }
    add_common(grid_map, view)
    grid_map.add_child(Doors())
    grid_map.add_child(Progress())
    return grid_map
