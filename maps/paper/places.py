"""Compounds on the map, and the names of what lies on the ground: roads along their line, waters, compounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import shapely
from reportlab.lib.colors import HexColor
from reportlab.pdfgen.canvas import Canvas

from maps.paper import ink, words
from maps.paper.frame import Box
from maps.paper.rooms import Rooms
from maps.paper.sheet import Ground, Place

OUTLINE, STREET, LAKE = "#27425f", "#3c4a58", "#1c5a80"
SIZE, POINT = 5.2, 1.6
# a screen's zoom at the same scale, from which names are written: static/names.js has no room for them farther off
MINOR_ZOOM, COMPOUND_ZOOM = 15.0, 15.5
STRAIGHT = 0.96  # of a name's length that its ends lie apart: along a bend it would leave the road


def outlines(canvas: Canvas, shown: Sequence[tuple[Place, Any]], zoom: float, k: float) -> None:
    """Nothing; afterwards the compounds are dashed outlines, or from near points where no outline is known."""
    canvas.setDash(2 * k, 1.6 * k)
    ink.stroke(canvas, [geom for _, geom in shown if geom.geom_type != "Point"], OUTLINE, 0.5 * k, 0.75)
    canvas.setDash()
    canvas.setFillColor(HexColor("#ffffff"), 1)
    canvas.setStrokeColor(HexColor(OUTLINE), 1)
    canvas.setLineWidth(0.5 * k)
    for _, geom in shown if zoom >= COMPOUND_ZOOM else ():
        if geom.geom_type == "Point":
            canvas.circle(geom.x, geom.y, POINT * k, stroke=1, fill=1)


def write(
    canvas: Canvas,
    ground: Sequence[tuple[Ground, Any]],
    compounds: Sequence[tuple[Place, Any]],
    taken: Rooms,
    box: Box,
    zoom: float,
    k: float,
) -> None:
    """Nothing; afterwards what has a name and room for it is named, nothing over another or over what is `taken`."""
    size, inside = SIZE * k, shapely.box(box.x, box.y, box.x + box.wide, box.y + box.high)
    named: dict[tuple[str, str], list[Any]] = {}
    for one, geom in ground:
        if one.kind in ("major", "water") or (one.kind == "minor" and zoom >= MINOR_ZOOM):
            named.setdefault((one.kind, words.written(one.name)), []).append(geom)
    for kind, name in sorted(
        (key for key in named if key[1]), key=lambda key: ("major", "water", "minor").index(key[0])
    ):
        geoms = named[kind, name]
        spot = _across(geoms, name, size) if kind == "water" else _along(geoms, name, size)
        if spot is not None:
            _told(canvas, name, *spot, size, LAKE if kind == "water" else STREET, inside, taken)
    for place, geom in compounds if zoom >= COMPOUND_ZOOM else ():
        middle = shapely.centroid(geom)
        below = (POINT + SIZE) * k if geom.geom_type == "Point" else 0.0
        _told(canvas, words.written(place.name), middle.x, middle.y - below, 0.0, size, OUTLINE, inside, taken)


def _along(geoms: list[Any], name: str, size: float) -> tuple[float, float, float] | None:
    """Where and how turned a name lies on the longest straight enough part of a road."""
    merged = shapely.get_parts(shapely.line_merge(shapely.union_all(_parts(geoms, "LineString"))))
    line, wide = max(merged, key=lambda part: float(part.length), default=None), words.width(name, size) + size
    if line is None or line.length < wide:
        return None
    for share in (0.5, 0.3, 0.7):
        at = min(max(line.length * share, wide / 2), line.length - wide / 2)
        first, last = (line.interpolate(at + step) for step in (-wide / 2, wide / 2))
        if first.distance(last) >= wide * STRAIGHT:
            turn = math.degrees(math.atan2(last.y - first.y, last.x - first.x))
            return (first.x + last.x) / 2, (first.y + last.y) / 2, (turn + 90) % 180 - 90
    return None


def _across(geoms: list[Any], name: str, size: float) -> tuple[float, float, float] | None:
    """The middle of the largest single water, where it is as wide as its name."""
    # each mended alone and none united: straightening lets narrow water cross itself
    waters = _parts([shapely.make_valid(geom) for geom in geoms], "Polygon")
    water = max(waters, key=lambda part: float(part.area), default=None)
    if water is None or water.bounds[2] - water.bounds[0] < words.width(name, size):
        return None
    middle = shapely.get_point(shapely.maximum_inscribed_circle(water, tolerance=size / 4), 0)
    return float(middle.x), float(middle.y), 0.0


def _parts(geoms: list[Any], kind: str) -> list[Any]:
    """What they are made of, as far as it is of that kind; a collection may hold collections."""
    parts = shapely.get_parts(shapely.get_parts(geoms))
    return [part for part in parts if part.geom_type == kind and not part.is_empty]


def _told(
    canvas: Canvas,
    name: str,
    x: float,
    y: float,
    turn: float,
    size: float,
    color: str,
    inside: Any,
    taken: Rooms,
) -> None:
    half = words.width(name, size) / 2
    dx, dy = half * math.cos(math.radians(turn)), half * math.sin(math.radians(turn))
    room = (
        shapely.LineString([(x - dx, y - dy), (x + dx, y + dy)]).buffer(size * 0.6, cap_style="flat") if name else None
    )
    if room is None or not inside.covers(room) or not taken.take(room):
        return
    canvas.saveState()
    canvas.translate(x, y)
    canvas.rotate(turn)
    canvas.setFont(words.font(), size)
    canvas.setFillColor(HexColor("#ffffff"), 0.75)
    canvas.roundRect(-half - size * 0.15, -size * 0.6, 2 * half + size * 0.3, size * 1.2, size * 0.2, stroke=0, fill=1)
    canvas.setFillColor(HexColor(color), 1)
    canvas.drawCentredString(0, -size * 0.35, name)
    canvas.restoreState()
