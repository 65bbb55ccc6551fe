"""Lines, fills and textures of shapes that are in points of the paper already."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import shapely
from reportlab.lib.colors import Color, HexColor
from reportlab.pdfgen.canvas import FILL_EVEN_ODD, Canvas
from reportlab.pdfgen.pathobject import PDFPathObject

from maps.paper.sheet import Texture

# the page's tile of 8 pixels: see static/legend.js
TILE = 6.0
DOT = 1.5
DOT_INK = Color(50 / 255, 50 / 255, 50 / 255, alpha=0.6)
PALE = 0.25


Bounds = tuple[float, float, float, float]


def fill(canvas: Canvas, geom: Any, color: str, texture: Texture | None, within: Bounds, tile: float = TILE) -> None:
    """Nothing; afterwards the polygon has its colour, or its texture, in which a tile has that many points.

    Args:
        within: the part of the paper that shows anything, as (left, low, right, high).
    """
    path = outline([geom])
    canvas.setFillColor(HexColor(color) if texture != "lines" else _pale(color))
    canvas.drawPath(path, stroke=0, fill=1, fillMode=FILL_EVEN_ODD)
    if texture is None:
        return
    canvas.saveState()
    canvas.clipPath(outline([geom]), stroke=0, fill=0, fillMode=FILL_EVEN_ODD)
    left, low, right, high = geom.bounds
    seen = max(left, within[0]), max(low, within[1]), min(right, within[2]), min(high, within[3])
    if texture == "lines":
        _lines(canvas, seen, color, tile)
    else:
        _dots(canvas, seen, tile)
    canvas.restoreState()


def stroke(canvas: Canvas, geoms: Iterable[Any], color: str, wide: float, alpha: float = 1.0) -> None:
    """Nothing; afterwards the borders or lines are drawn in one go."""
    canvas.setStrokeColor(HexColor(color), alpha)
    canvas.setLineWidth(wide)
    canvas.setLineJoin(1)
    canvas.setLineCap(1)
    canvas.drawPath(outline(geoms), stroke=1, fill=0)
    canvas.setStrokeAlpha(1)


class Path(PDFPathObject):  # type: ignore[misc]  # reportlab has no types
    """A path in hundredths of a point: reportlab's own numbers take most of the time of a map of thousands of areas."""

    def moveTo(self, x: float, y: float) -> None:
        """Nothing; afterwards the path goes on from there."""
        self._code_append(f"{x:.2f} {y:.2f} m")

    def lineTo(self, x: float, y: float) -> None:
        """Nothing; afterwards the path has a line to there."""
        self._code_append(f"{x:.2f} {y:.2f} l")


def outline(geoms: Iterable[Any]) -> Path:
    """The rings and lines of these geometries as one path."""
    path = Path()
    for geom in geoms:
        for line, closed in _paths(geom):
            (first, *rest) = shapely.get_coordinates(line).tolist()
            path.moveTo(*first)
            for at in rest[: -1 if closed else None]:
                path.lineTo(*at)
            if closed:
                path.close()
    return path


def _paths(geom: Any) -> Iterable[tuple[Any, bool]]:
    for part in shapely.get_parts(geom):
        if part.is_empty:
            continue
        if part.geom_type == "Polygon":
            yield part.exterior, True
            yield from ((ring, True) for ring in part.interiors)
        elif part.geom_type == "LineString":
            yield part, False
        elif part.geom_type != "Point":
            yield from _paths(part)


def _lines(canvas: Canvas, bounds: Bounds, color: str, tile: float) -> None:
    left, low, right, high = bounds
    path = canvas.beginPath()
    # lines of the whole paper, so that those of neighbours meet
    shift = (left - high) // tile * tile
    while shift < right - low:
        path.moveTo(low + shift, low)
        path.lineTo(high + shift, high)
        shift += tile
    canvas.setStrokeColor(HexColor(color))
    canvas.setLineWidth(tile * 0.21)
    canvas.drawPath(path, stroke=1, fill=0)


def _dots(canvas: Canvas, bounds: Bounds, tile: float) -> None:
    left, low, right, high = bounds
    side = tile * DOT / TILE
    path = canvas.beginPath()
    for shift in (tile / 8, tile * 5 / 8):
        y = low // tile * tile + shift
        while y < high:
            x = left // tile * tile + shift
            while x < right:
                path.rect(x, y, side, side)
                x += tile
            y += tile
    canvas.setFillColor(DOT_INK)
    canvas.drawPath(path, stroke=0, fill=1)
    canvas.setFillAlpha(1)


def _pale(color: str) -> Color:
    full = HexColor(color)
    return Color(*(1 - (1 - part) * PALE for part in (full.red, full.green, full.blue)))
