"""The public map: cells of at least twenty households, coloured by how many problems each holds; nobody's point."""

from __future__ import annotations

from maps import palette
from maps.base import GridMap
from maps.classify import N_CLASSES
from maps.layers import AREAS, OPACITY_OVER_TILES, Names, Roads, ShellLayer, Tiles
from maps.view import Labels, MapView

KINDS_ADDRESS = "/api/v1/public/categories"
CELLS_ADDRESS = "/api/v1/public/cells"
LIST_ADDRESS = "/api/v1/public/problems"


def build(labels: Labels, view: MapView) -> GridMap:
    """The shell of the public map."""
    grid_map = GridMap("public", labels, view, module="maps/public.js")
    grid_map.constants |= {
        "cells": CELLS_ADDRESS,
        "list": LIST_ADDRESS,
        "choices": {"category": KINDS_ADDRESS},
        # the light ones first: most cells are to be light, and what is drawn is no alarm
        "shades": [palette.RAMPS["problems"][:n] for n in range(N_CLASSES + 1)],
    }
    for place, layer in enumerate(view.tiles):
        grid_map.add_child(Tiles(layer, place, view.tiles_max_zoom))
    if view.basemap:
        grid_map.add_child(Roads())
    opacity = OPACITY_OVER_TILES if view.tiles else 1.0
    grid_map.add_child(ShellLayer("cells", AREAS, live=True, opacity=opacity))
    grid_map.add_child(Names())
    return grid_map
