"""The map itself, inside its frame: areas in their colours, the ground's lines over them, names where there is room."""

from __future__ import annotations

import math
from typing import Any

import shapely
from reportlab.lib.colors import HexColor
from reportlab.pdfgen.canvas import Canvas

from maps import palette
from maps.paper import ink, marks, pins, places, words
from maps.paper.frame import Box, Frame
from maps.paper.rooms import Rooms
from maps.paper.sheet import Area, Ground, Mark, MarkKind, Paper

BORDER, STRONG, RING, FRAME, OUTSIDE = "#4a5663", "#1f2933", "#111827", "#6b7680", "#f4f5f6"
WATER = "#9cc7de"
# as static/ground.js draws them: ink, widths in points far out and near, opacity
ROADS = {
    "path": ("#7b8792", 0.4, 0.6, 0.45),
    "minor": ("#5d6b78", 0.5, 0.9, 0.45),
    "major": ("#3c4a58", 1.0, 1.7, 0.55),
}
NEAR_ZOOM = 15.0
NAME_SIZE, FIGURE_SHARE, LEADING = 6.2, 0.86, 1.22
NAMES_IN_AREA, NAME_GROWS = 10.0, 2.4  # names grow with the areas, so that a wall's can be read from farther off
NAME_CELL = 4  # of a name's size: about as long as most names are
DARK_BELOW = 55.0  # L* of a colour on which white reads better than black


def draw(canvas: Canvas, sheet: Paper, frame: Frame, k: float) -> frozenset[MarkKind]:
    """Which kinds of marks and outlines are on the map; afterwards the frame shows it.

    Args:
        k: how much larger than on A4 small things are.
    """
    box = frame.box
    canvas.saveState()
    clip = canvas.beginPath()
    clip.rect(box.x, box.y, box.wide, box.high)
    canvas.setFillColor(HexColor(OUTSIDE))
    canvas.drawPath(clip, stroke=0, fill=1)
    canvas.clipPath(clip, stroke=0, fill=0)
    shown = _shown(frame, sheet.areas)
    _areas(canvas, shown, box, k)
    ground = _ground(canvas, frame, sheet.ground, k)
    moved = frame.on_paper(one.geom for one in sheet.compounds)
    compounds = [(one, geom) for one, geom in zip(sheet.compounds, moved, strict=True) if not geom.is_empty]
    places.outlines(canvas, compounds, frame.zoom, k)
    ring = [geom for area, geom in shown if area.code == sheet.selected]
    if ring:
        ink.stroke(canvas, ring, RING, 2.2 * k)
    drawn = _marks(frame, sheet, k)
    below, above = marks.layers(drawn)
    marks.draw(canvas, below, k)
    hung = pins.hung(frame, sheet.pins, k)
    taken = _names(canvas, shown, ([at for _, at in below], marks.rooms(above, k) + pins.rooms(hung, k)), box, k)
    places.write(canvas, ground, compounds, taken, box, frame.zoom, k)
    marks.draw(canvas, above, k)
    pins.draw(canvas, hung, k)
    canvas.restoreState()
    _north(canvas, box, sheet.north, k)
    _bar(canvas, frame, k)
    canvas.setStrokeColor(HexColor(FRAME))
    canvas.setLineWidth(0.6 * k)
    canvas.rect(box.x, box.y, box.wide, box.high, stroke=1, fill=0)
    edge = shapely.box(box.x, box.y, box.x + box.wide, box.y + box.high)
    kinds: set[MarkKind] = {mark.kind for mark, _ in drawn}
    kinds |= {"compound"} if any(geom.intersects(edge) for _, geom in compounds if geom.geom_type != "Point") else set()
    return frozenset(kinds | ({"bare"} if any(area.color is None for area, _ in shown) else set()))


def _marks(frame: Frame, sheet: Paper, k: float) -> list[tuple[Mark, Any]]:
    """The marks inside the frame with their places on the paper."""
    box = frame.box
    moved = zip(sheet.marks, frame.on_paper(one.geom for one in sheet.marks), strict=True)
    inside = [
        (mark, at) for mark, at in moved if box.x <= at.x <= box.x + box.wide and box.y <= at.y <= box.y + box.high
    ]
    return marks.shown(inside, k)


def _shown(frame: Frame, areas: tuple[Area, ...]) -> list[tuple[Area, Any]]:
    """The areas that touch the frame with their shapes on the paper; those that lie over others last."""
    box = frame.box
    edge = shapely.box(box.x, box.y, box.x + box.wide, box.y + box.high)
    ordered = sorted(areas, key=lambda area: area.strong)
    moved = frame.on_paper(area.geom for area in ordered)
    return [(area, geom) for area, geom in zip(ordered, moved, strict=True) if geom.intersects(edge)]


def _areas(canvas: Canvas, shown: list[tuple[Area, Any]], box: Box, k: float) -> None:
    # ten thousand small grids under borders of the usual width would be one grey patch
    wide = min(0.9 * k, 0.009 * _usual(shown) + 0.05)
    within = (box.x, box.y, box.x + box.wide, box.y + box.high)
    for area, geom in shown:
        if area.color is None:
            canvas.setDash(1.5 * k, 2 * k)
            ink.stroke(canvas, [geom], BORDER, wide, 0.75)
            canvas.setDash()
            continue
        ink.fill(canvas, geom, area.color, area.texture, within, ink.TILE * k)
        ink.stroke(canvas, [geom], STRONG if area.strong else BORDER, wide * (2 if area.strong else 1), 0.8)


def _usual(shown: list[tuple[Area, Any]]) -> float:
    """The side of a middling area, in points."""
    sides = sorted(math.sqrt(geom.area) for _, geom in shown)
    return sides[len(sides) // 2] if sides else 1.0


def _ground(canvas: Canvas, frame: Frame, ground: tuple[Ground, ...], k: float) -> list[tuple[Ground, Any]]:
    """What was drawn, with its part inside the frame."""
    box, seen = frame.box, []
    moved = frame.on_paper(one.geom for one in ground)
    edge = (box.x - 5, box.y - 5, box.x + box.wide + 5, box.y + box.high + 5)
    by_kind: dict[str, list[Any]] = {}
    for one, geom in zip(ground, shapely.clip_by_rect(moved, *edge), strict=True):
        if not geom.is_empty:
            by_kind.setdefault(one.kind, []).append(geom)
            seen.append((one, geom))
    canvas.setFillColor(HexColor(WATER), 0.6)
    canvas.drawPath(ink.outline(by_kind.get("water", [])), stroke=0, fill=1, fillMode=0)
    canvas.setFillAlpha(1)
    ink.stroke(canvas, by_kind.get("water", []), "#3d7ea6", 0.6 * k, 0.7)
    ink.stroke(canvas, by_kind.get("building", []), "#4d5a66", 0.3 * k, 0.35)
    for kind, (color, far, near, alpha) in ROADS.items():
        ink.stroke(canvas, by_kind.get(kind, []), color, (near if frame.zoom >= NEAR_ZOOM else far) * k, alpha)
    return seen


def _names(
    canvas: Canvas, shown: list[tuple[Area, Any]], marked: tuple[list[Any], list[Any]], box: Box, k: float
) -> Rooms:
    """The places that names and figures of areas take, largest first: each inside its own area, none over another.

    Args:
        marked: points that may lie under a name, which then has a ground of its own, and rooms that are taken.
    """
    least, inside = NAME_SIZE * k, shapely.box(box.x, box.y, box.x + box.wide, box.y + box.high)
    size = min(max(least, _usual(shown) / NAMES_IN_AREA), least * NAME_GROWS)
    # where the scale bar and the arrow will stand
    right, top = box.x + box.wide, box.y + box.high
    taken = Rooms(size * NAME_CELL)
    taken.take(shapely.box(box.x, box.y, box.x + box.wide * 0.32, box.y + 26 * k))
    taken.take(shapely.box(right - 30 * k, top - 42 * k, right, top))
    points, rooms = shapely.STRtree(marked[0]), marked[1]
    for room in rooms:
        taken.keep(room)
    over = [geom for area, geom in shown if area.strong]
    above = shapely.STRtree(over)
    for area, geom in sorted(shown, key=lambda one: -one[1].area):
        wide, tall = geom.bounds[2] - geom.bounds[0], geom.bounds[3] - geom.bounds[1]
        if wide < size * 1.5 or tall < size * LEADING:
            continue
        seen = geom.intersection(inside)
        if not area.strong:
            seen = seen.difference(shapely.union_all([over[i] for i in above.query(seen, "intersects")]))
        if seen.is_empty or seen.area < size * size:
            continue
        centre = shapely.get_point(shapely.maximum_inscribed_circle(seen, tolerance=size / 4), 0)
        for lines in _ways(area, size):
            room = _room(lines, centre, size)
            if seen.covers(room) and taken.take(room):
                _label(canvas, lines, room, size, area, bare=not len(points.query(room)))
                break
    return taken


def _ways(area: Area, size: float) -> list[list[str]]:
    """The ways to write an area's name and figure, the best first."""
    figure = [area.figure] if area.figure else []
    name = words.written(area.name)
    halves = words.wrapped(name, size, words.width(name, size) * 0.56)
    names = [[name], halves] if len(halves) == 2 else [[name]]
    names = names if name else []
    return [*(name + figure for name in names), *(names if figure else []), *([figure] if figure else [])]


def _room(lines: list[str], centre: Any, size: float) -> Any:
    wide = max(words.width(line, size) for line in lines)
    wide, high = wide / 2 + size * 0.15, len(lines) * size * LEADING / 2
    return shapely.box(centre.x - wide, centre.y - high, centre.x + wide, centre.y + high)


def _label(canvas: Canvas, lines: list[str], room: Any, size: float, area: Area, *, bare: bool) -> None:
    left, low, right, high = room.bounds
    # words on dots, lines or signs, or over the colour of another area, need a ground of their own
    bare = bare and area.texture is None and area.color is not None
    if not bare:
        canvas.setFillColor(HexColor("#ffffff"), 0.8)
        canvas.roundRect(left, low, right - left, high - low, size * 0.2, stroke=0, fill=1)
    dark = bare and area.color is not None and palette.lightness(area.color) < DARK_BELOW
    canvas.setFillColor(HexColor("#ffffff" if dark else "#111827"), 1)
    y = high - size * (LEADING / 2 + 0.35)
    for line in lines:
        canvas.setFont(words.font(), size * FIGURE_SHARE if line is area.figure and len(lines) > 1 else size)
        canvas.drawCentredString((left + right) / 2, y, line)
        y -= size * LEADING


def _north(canvas: Canvas, box: Box, letter: str, k: float) -> None:
    x, y, size = box.x + box.wide - 16 * k, box.y + box.high - 34 * k, 9 * k
    canvas.setFillColor(HexColor("#ffffff"), 0.85)
    canvas.roundRect(x - 10 * k, y - 4 * k, 20 * k, 33 * k, 3 * k, stroke=0, fill=1)
    canvas.setFillColor(HexColor("#111827"), 1)
    arrow = canvas.beginPath()
    arrow.moveTo(x, y + 15 * k)
    arrow.lineTo(x - 4.5 * k, y)
    arrow.lineTo(x, y + 3.5 * k)
    arrow.lineTo(x + 4.5 * k, y)
    arrow.close()
    canvas.drawPath(arrow, stroke=0, fill=1)
    canvas.setFont(words.font(), size)
    canvas.drawCentredString(x, y + 18 * k, letter)


def _bar(canvas: Canvas, frame: Frame, k: float) -> None:
    box, size = frame.box, 7 * k
    metres = round_m(frame.metres_of_point * box.wide / 5)
    long = metres / frame.metres_of_point
    told = f"{metres // 1000} km" if metres >= 1000 else f"{metres} m"
    x, y = box.x + 12 * k, box.y + 10 * k
    canvas.setFillColor(HexColor("#ffffff"), 0.85)
    high = size + 9 * k
    canvas.roundRect(x - 6 * k, y - 4 * k, long + words.width(told, size) + 17 * k, high, 3 * k, stroke=0, fill=1)
    canvas.setFillColor(HexColor("#111827"), 1)
    canvas.setStrokeColor(HexColor("#111827"))
    canvas.setLineWidth(1.1 * k)
    canvas.setLineCap(0)
    canvas.setLineJoin(0)
    bar = canvas.beginPath()
    bar.moveTo(x, y + 4 * k)
    bar.lineTo(x, y)
    bar.lineTo(x + long, y)
    bar.lineTo(x + long, y + 4 * k)
    canvas.drawPath(bar, stroke=1, fill=0)
    canvas.setFont(words.font(), size)
    canvas.drawString(x + long + 5 * k, y, told)


def round_m(metres: float) -> int:
    """The largest of 1, 2, 5, 10, 20… that is not more; 1 below.

    >>> round_m(137.0), round_m(0.4), round_m(2000)
    (100, 1, 2000)
    """
    if metres < 1:
        return 1
    unit: int = 10 ** math.floor(math.log10(metres))
    return next(unit * lead for lead in (5, 2, 1) if unit * lead <= metres)
