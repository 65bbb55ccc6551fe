"""The wall's pins: the shape and colour of how a report stands, its number in it, none over another."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import shapely
from reportlab.lib.colors import HexColor
from reportlab.pdfgen.canvas import Canvas
from reportlab.pdfgen.pathobject import PDFPathObject

from maps.paper import words
from maps.paper.frame import Frame
from maps.paper.sheet import Pin
from maps.wall import COLORS, DARK_INK, SHAPES

EDGE, DARK, LIGHT = "#1b2733", "#1b2733", "#ffffff"
RING = "#ffbf47"
WIDE, RING_WIDE = 17.0, 31.0  # of a pin and of the ring around one on A4, in points
APART, RINGS = 0.84, 7  # of a pin's width, and rings around its place that are tried: static/wall/pins.js
GRID = 32  # the shapes are drawn on a square of so many, as static/wall/looks.js draws them


def hung(frame: Frame, pins: Sequence[Pin], k: float) -> list[tuple[Pin, Any, Any]]:
    """The pins inside the frame, each with its true place on the paper and the free one nearest to it."""
    box, apart = frame.box, WIDE * k * APART
    half = WIDE * k / 2
    inner = (box.x + half, box.y + half, box.x + box.wide - half, box.y + box.high - half)
    taken: dict[tuple[int, int], list[tuple[float, float]]] = {}
    found = []
    for pin, at in _inside(frame, pins):
        x, y = min(max(at.x, inner[0]), inner[2]), min(max(at.y, inner[1]), inner[3])
        x, y = _free(x, y, apart, taken, inner)
        taken.setdefault(_cell(x, y, apart), []).append((x, y))
        found.append((pin, at, shapely.Point(x, y)))
    return found


def n_off(frame: Frame, pins: Sequence[Pin]) -> int:
    """How many pins lie outside what the map shows."""
    return len(pins) - len(_inside(frame, pins))


def rooms(found: Sequence[tuple[Pin, Any, Any]], k: float) -> list[Any]:
    """What the pins take of the paper, so that no name is written there."""
    half = WIDE * k / 2
    return [shapely.box(to.x - half, to.y - half, to.x + half, to.y + half) for _, _, to in found]


def draw(canvas: Canvas, found: Sequence[tuple[Pin, Any, Any]], k: float) -> None:
    """Nothing; afterwards each pin hangs, the most urgent on top of all but the ringed one; a thin line leads back to
    where each belongs."""
    canvas.setStrokeColor(HexColor(EDGE), 0.75)
    canvas.setLineWidth(0.5 * k)
    for _, at, to in found:
        if at.distance(to) > 0.01:
            canvas.line(at.x, at.y, to.x, to.y)
            canvas.circle(at.x, at.y, 0.8 * k, stroke=1, fill=0)
    canvas.setStrokeAlpha(1)
    for pin, _, to in sorted(found, key=lambda one: (one[0].ringed, -one[0].nr)):
        if pin.ringed:
            _ring(canvas, to.x, to.y, k)
        mark(canvas, pin.standing, f"{pin.nr}", to.x, to.y, WIDE * k)


def _ring(canvas: Canvas, x: float, y: float, k: float) -> None:
    # dark on both sides of a bright band: it is seen on any ground, on a copy without colours too
    for color, wide in ((EDGE, RING_WIDE), (RING, RING_WIDE - 1.6), (EDGE, RING_WIDE - 5.6), (LIGHT, RING_WIDE - 6.6)):
        canvas.setFillColor(HexColor(color), 1)
        canvas.circle(x, y, wide * k / 2, stroke=0, fill=1)


def mark(canvas: Canvas, standing: str, told: str, x: float, y: float, wide: float) -> None:
    """Nothing; afterwards a mark of that width has its middle there, with a number in it, or none (legend)."""
    canvas.saveState()
    canvas.translate(x - wide / 2, y + wide / 2)
    canvas.scale(wide / GRID, -wide / GRID)
    canvas.setFillColor(HexColor(COLORS[standing]), 1)
    canvas.setStrokeColor(HexColor(EDGE), 1)
    canvas.setLineWidth(1.6)
    if SHAPES[standing] == "ring":
        canvas.setDash(5, 3)
    path = canvas.beginPath()
    _OUTLINES[SHAPES[standing]](path)
    canvas.drawPath(path, stroke=1, fill=1)
    canvas.setDash()
    if SHAPES[standing] == "crossed":
        canvas.line(5, 27, 27, 5)
    canvas.restoreState()
    if told:
        size = wide * (12 if len(told) > 2 else 14.5) / GRID
        canvas.setFillColor(HexColor(DARK if standing in DARK_INK else LIGHT), 1)
        canvas.setFont(words.font(), size)
        canvas.drawCentredString(x, y - size * 0.36, told)


def _inside(frame: Frame, pins: Sequence[Pin]) -> list[tuple[Pin, Any]]:
    box = frame.box
    edge = shapely.box(box.x, box.y, box.x + box.wide, box.y + box.high)
    moved = zip(pins, frame.on_paper(one.geom for one in pins), strict=True)
    return [(pin, at) for pin, at in moved if edge.covers(at)]


def _corners(*at: tuple[float, float]) -> Callable[[PDFPathObject], None]:
    def trace(path: PDFPathObject) -> None:
        path.moveTo(*at[0])
        for one in at[1:]:
            path.lineTo(*one)
        path.close()

    return trace


def _circle(path: PDFPathObject) -> None:
    path.circle(16, 16, 14)


def _shield(path: PDFPathObject) -> None:
    path.moveTo(3, 3)
    path.lineTo(29, 3)
    path.lineTo(29, 19)
    path.curveTo(29, 23, 24.67, 27, 16, 31)
    path.curveTo(7.33, 27, 3, 23, 3, 19)
    path.close()


_OUTLINES: dict[str, Callable[[PDFPathObject], None]] = {
    "square": _corners((3, 3), (29, 3), (29, 29), (3, 29)),
    "hexagon": _corners((8, 3), (24, 3), (31, 16), (24, 29), (8, 29), (1, 16)),
    "slant": _corners((8, 4), (31, 4), (24, 28), (1, 28)),
    "circle": _circle,
    "ring": _circle,
    "crossed": _circle,
    "shield": _shield,
}


def _cell(x: float, y: float, apart: float) -> tuple[int, int]:
    return math.floor(x / apart), math.floor(y / apart)


def _free(
    x: float,
    y: float,
    apart: float,
    taken: dict[tuple[int, int], list[tuple[float, float]]],
    inner: tuple[float, float, float, float],
) -> tuple[float, float]:
    """The nearest free place on rings around the true one, inside the frame; where all are taken, the true one."""

    def is_free(at: tuple[float, float]) -> bool:
        column, row = _cell(*at, apart)
        near = [one for i in (-1, 0, 1) for j in (-1, 0, 1) for one in taken.get((column + i, row + j), ())]
        return all(math.dist(at, one) >= apart for one in near)

    if is_free((x, y)):
        return x, y
    for ring in range(1, RINGS + 1):
        for part in range(6 * ring):
            turn, out = 2 * math.pi * part / (6 * ring), ring * apart * 1.001
            there = x + out * math.cos(turn), y + out * math.sin(turn)
            if inner[0] <= there[0] <= inner[2] and inner[1] <= there[1] <= inner[3] and is_free(there):
                return there
    return x, y
