"""The wall (挂图作战): a map of numbered pins beside a numbered board; a pin's shape and colour tell how it stands."""

from __future__ import annotations

from maps.base import GridMap
from maps.layers import AREAS, LINES, Names, Roads, ShellLayer, Tiles
from maps.view import CATEGORIES_ADDRESS, COMPOUNDS_ADDRESS, GRIDS_ADDRESS, Labels, MapView

WALL_ADDRESS = "/api/v1/wall"
STREAM_ADDRESS = "/api/v1/wall/stream"
AREAS_ADDRESS = "/api/v1/wall/areas"
PINS, LEADERS = 640, 630
FILTERS = ("area", "category", "state", "deadline", "limit")

# Any two keep a CIE 1976 distance of at least 10 for normal, deutan, protan and tritan sight; each has its own shape
# besides, so that no colour is needed to tell them.
COLORS: dict[str, str] = {
    "overdue": "#a3001f",
    "due_today": "#f0922b",
    "in_time": "#2f7dbd",
    "no_deadline": "#ffffff",
    "suspended": "#c39be8",
    "closed": "#0a5a46",
    "struck_off": "#b9bfc5",
}
SHAPES: dict[str, str] = {
    "overdue": "square",
    "due_today": "hexagon",
    "in_time": "circle",
    "no_deadline": "ring",
    "suspended": "slant",
    "closed": "shield",
    "struck_off": "crossed",
}
DARK_INK = ("due_today", "no_deadline", "suspended", "struck_off")  # what is written on these is dark, else white


class Pins(ShellLayer):
    """The numbered pins, and what they look like by standing."""

    default_css = [("wall_css", "maps/wall/wall.css")]  # noqa: RUF012  # folium's own declaration

    def __init__(self) -> None:
        looks = {
            name: {"color": COLORS[name], "shape": SHAPES[name], "ink": "#1b2733" if name in DARK_INK else "#ffffff"}
            for name in COLORS
        }
        super().__init__("pins", PINS, live=True, looks=looks)


def build(labels: Labels, view: MapView) -> GridMap:
    """The shell of the wall."""
    grid_map = GridMap("wall", labels, view, module="maps/wall/page.js")
    grid_map.constants |= {"wall": WALL_ADDRESS, "stream": STREAM_ADDRESS, "filters": list(FILTERS)}
    grid_map.constants["choices"] = {"area": AREAS_ADDRESS, "category": CATEGORIES_ADDRESS}
    for place, layer in enumerate(view.tiles):
        grid_map.add_child(Tiles(layer, place, view.tiles_max_zoom))
    # outlines only: colour belongs to the pins
    grid_map.add_child(ShellLayer("grids", AREAS, address=GRIDS_ADDRESS, edition=view.edition))
    if view.basemap:
        grid_map.add_child(Roads())
    grid_map.add_child(ShellLayer("compounds", LINES + 1, address=COMPOUNDS_ADDRESS))
    grid_map.add_child(Names())
    grid_map.add_child(ShellLayer("leaders", LEADERS))
    grid_map.add_child(Pins())
    return grid_map
