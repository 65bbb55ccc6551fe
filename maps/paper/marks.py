"""Signs on the map: compounds by how far they are, doors that are left, reports; the page's scripts draw the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import shapely
from reportlab.lib.colors import HexColor
from reportlab.pdfgen.canvas import Canvas

from maps.paper import words
from maps.paper.places import OUTLINE
from maps.paper.rooms import Rooms
from maps.paper.sheet import SQUARES, Mark, MarkKind

INK, WHITE, DOOR, OPEN = "#1b2733", "#ffffff", "#8a2f00", "#b3261e"
# half of each on A4, in points; a ring stands above its place, whose name is written there
RING, RING_UP, DOOR_HALF, DOT = 5.4, 9.0, 3.6, 2.6
APART = 2.2 * RING
MAY_COVER = 0.05  # of the rings: where more would cover each other there are none, as on a screen


def shown(marks: Sequence[tuple[Mark, Any]], k: float) -> list[tuple[Mark, Any]]:
    """The marks that are drawn: without rings where too many would cover each other, else without those covered."""
    rings = [one for one in marks if one[0].kind == "ring"]
    taken, kept = Rooms(APART * k), []
    for one in rings:
        x, y, half = one[1].x, one[1].y, APART * k / 2
        if taken.take(shapely.box(x - half, y - half, x + half, y + half)):
            kept.append(one)
    if len(rings) - len(kept) > MAY_COVER * len(rings):
        kept = []
    return [one for one in marks if one[0].kind != "ring"] + kept


def layers(marks: Sequence[tuple[Mark, Any]]) -> tuple[list[tuple[Mark, Any]], list[tuple[Mark, Any]]]:
    """The marks that names are written over, being many, and those over everything."""
    above = [one for one in marks if one[0].kind in ("ring", "door")]
    return [one for one in marks if one[0].kind not in ("ring", "door")], above


def rooms(marks: Sequence[tuple[Mark, Any]], k: float) -> list[Any]:
    """What these rings and doors take of the paper, so that no name is written there."""
    found = []
    for mark, at in marks:
        half, up = (RING * k, RING_UP * k) if mark.kind == "ring" else (DOOR_HALF * k, 0.0)
        found.append(shapely.box(at.x - half, at.y + up - half, at.x + half, at.y + up + half))
    return found


def draw(canvas: Canvas, marks: Sequence[tuple[Mark, Any]], k: float) -> None:
    """Nothing; afterwards each mark is where it belongs."""
    for mark, at in marks:
        one(canvas, mark.kind, mark.value, at.x, at.y + (RING_UP * k if mark.kind == "ring" else 0.0), k)


def one(canvas: Canvas, kind: MarkKind, value: float | None, x: float, y: float, k: float) -> None:
    """Nothing; afterwards one mark has its middle there."""
    if kind == "ring":
        _ring(canvas, value, x, y, RING * k)
    elif kind == "door":
        _door(canvas, int(value or 1), x, y, k)
    elif kind == "square":
        half = next(size for low, size in reversed(SQUARES) if (value or 0) >= low or low == 1) / 2 * k
        _box(canvas, x, y, half, INK, WHITE, 0.5 * k)
    elif kind in ("compound", "bare"):
        _dashes(canvas, kind, x, y, k)
    else:
        canvas.setFillColor(HexColor(OPEN if kind == "open" else WHITE), 1)
        canvas.setStrokeColor(HexColor(WHITE if kind == "open" else INK), 1)
        canvas.setLineWidth(0.8 * k)
        canvas.circle(x, y, DOT * k, stroke=1, fill=1)


def _ring(canvas: Canvas, share: float | None, x: float, y: float, half: float) -> None:
    canvas.setLineWidth(half * 0.12)
    canvas.setStrokeColor(HexColor(INK), 1)
    canvas.setFillColor(HexColor(INK if share == 1 else WHITE), 1)
    if share is None:
        canvas.setDash(half * 0.35, half * 0.3)
    canvas.circle(x, y, half, stroke=1, fill=1)
    canvas.setDash()
    if share is None:
        canvas.line(x - half * 0.4, y, x + half * 0.4, y)
        return
    if share == 1:
        canvas.setStrokeColor(HexColor(WHITE), 1)
        canvas.setLineWidth(half * 0.24)
        canvas.lines(
            [
                (x - half * 0.45, y, x - half * 0.1, y - half * 0.4),
                (x - half * 0.1, y - half * 0.4, x + half * 0.5, y + half * 0.4),
            ]
        )
        return
    canvas.setFillColor(HexColor(INK), 1)
    if share > 0:
        # from noon, clockwise
        canvas.wedge(x - half, y - half, x + half, y + half, 90, -360 * share, stroke=0, fill=1)
    canvas.setFillColor(HexColor(WHITE), 1)
    canvas.circle(x, y, half * 0.42, stroke=0, fill=1)


def _door(canvas: Canvas, n: int, x: float, y: float, k: float) -> None:
    size, told = 5.6 * k, f"{n}" if n > 1 else ""
    half = max(DOOR_HALF * k, (words.width(told, size) + 2 * k) / 2)
    _box(canvas, x, y, DOOR_HALF * k, DOOR, WHITE, 0.6 * k, half)
    if told:
        canvas.setFillColor(HexColor(WHITE), 1)
        canvas.setFont(words.font(), size)
        canvas.drawCentredString(x, y - size * 0.35, told)


def _box(
    canvas: Canvas, x: float, y: float, half: float, color: str, edge: str, line: float, wide: float | None = None
) -> None:
    wide = half if wide is None else wide
    canvas.setFillColor(HexColor(color), 1)
    canvas.setStrokeColor(HexColor(edge), 1)
    canvas.setLineWidth(line)
    canvas.rect(x - wide, y - half, 2 * wide, 2 * half, stroke=1, fill=1)


def _dashes(canvas: Canvas, kind: MarkKind, x: float, y: float, k: float) -> None:
    """What the outline of a compound looks like, or of an area that is no part of the figures."""
    canvas.setStrokeColor(HexColor(OUTLINE if kind == "compound" else "#4a5663"), 1)
    canvas.setLineWidth((0.6 if kind == "compound" else 0.8) * k)
    canvas.setDash(*((2 * k, 1.6 * k) if kind == "compound" else (1.5 * k, 2 * k)))
    canvas.rect(x - 5 * k, y - 3 * k, 10 * k, 6 * k, stroke=1, fill=0)
    canvas.setDash()
