"""Well-known binary with arcs as straight lines: official boundaries come as curve polygons, and GEOS has no arcs."""

from __future__ import annotations

import math
import struct

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

FloatArray = NDArray[np.float64]

# One degree of arc a chord: it leaves the curve by 0.004 % of the radius at most.
STEP_DEG = 1.0
_MAX_DEPTH = 8
_POINT, _LINE, _POLYGON, _ARCS, _COMPOUND, _CURVE_POLYGON = 1, 2, 3, 8, 9, 10
_COLLECTIONS = {
    4: shapely.MultiPoint,
    5: shapely.MultiLineString,
    6: shapely.MultiPolygon,
    7: shapely.GeometryCollection,
    11: shapely.MultiLineString,
    12: shapely.MultiPolygon,
}


def has_curves(wkb: bytes) -> bool:
    """Whether the outermost type of a shape is one of the curved ones."""
    if len(wkb) < 5:
        return False
    code = struct.unpack("<I" if wkb[0] == 1 else ">I", wkb[1:5])[0]
    return (code & 0x0FFFFFFF) % 1000 in (8, 9, 10, 11, 12)


def flatten(wkb: bytes) -> BaseGeometry:
    """The shape in two dimensions with every arc as chords of `STEP_DEG`, the same ones from either of its ends.

    Raises:
        ValueError: the bytes are cut, hold an unknown type or are nested deeper than any boundary.
    """
    shape, end = _read(wkb, 0, 0)
    if end != len(wkb):
        raise ValueError("bytes left over")
    return shape


def _read(wkb: bytes, at: int, depth: int) -> tuple[BaseGeometry, int]:
    if depth > _MAX_DEPTH or at + 5 > len(wkb):
        raise ValueError("cut or too deep")
    order = "<" if wkb[at] == 1 else ">"
    code = struct.unpack_from(order + "I", wkb, at + 1)[0]
    at += 5 + (4 if code & 0x20000000 else 0)
    kind, level = (code & 0x0FFFFFFF) % 1000, (code & 0x0FFFFFFF) // 1000
    n_axes = 2 + (level in (1, 3)) + (level in (2, 3)) + bool(code & 0x80000000) + bool(code & 0x40000000)
    if kind == _POINT:
        places, at = _positions(wkb, at, 1, n_axes, order)
        return shapely.Point(places[0]), at
    n, at = _count(wkb, at, order)
    if kind in (_LINE, _ARCS):
        places, at = _positions(wkb, at, n, n_axes, order)
        return shapely.LineString(_chords(places) if kind == _ARCS else places), at
    if kind == _POLYGON:
        rings = []
        for _ in range(n):
            size, at = _count(wkb, at, order)
            places, at = _positions(wkb, at, size, n_axes, order)
            rings.append(places)
        return shapely.Polygon(rings[0] if rings else None, rings[1:]), at
    parts = []
    for _ in range(n):
        part, at = _read(wkb, at, depth + 1)
        parts.append(part)
    if kind == _COMPOUND:
        return shapely.LineString(_joined(parts)), at
    if kind == _CURVE_POLYGON:
        return shapely.Polygon(parts[0] if parts else None, parts[1:]), at
    if kind not in _COLLECTIONS:
        raise ValueError(f"type {kind}")
    return _COLLECTIONS[kind](parts), at


def _count(wkb: bytes, at: int, order: str) -> tuple[int, int]:
    if at + 4 > len(wkb):
        raise ValueError("cut")
    return struct.unpack_from(order + "I", wkb, at)[0], at + 4


def _positions(wkb: bytes, at: int, n: int, n_axes: int, order: str) -> tuple[FloatArray, int]:
    end = at + 8 * n * n_axes
    if end > len(wkb):
        raise ValueError("cut")
    places = np.frombuffer(wkb, order + "f8", n * n_axes, at).reshape(n, n_axes)[:, :2]
    return places.astype(np.float64), end


def _joined(parts: list[BaseGeometry]) -> FloatArray:
    # Each piece begins where the one before it ends.
    places = [shapely.get_coordinates(part) for part in parts]
    return np.vstack([*places[:1], *(piece[1:] for piece in places[1:])]) if places else np.empty((0, 2))


def _chords(places: FloatArray) -> FloatArray:
    """Positions along a string of arcs, each given by start, a point on it, and end."""
    if len(places) < 3 or len(places) % 2 == 0:
        raise ValueError("an arc needs three positions")
    line = [places[:1]]
    for i in range(0, len(places) - 2, 2):
        start, middle, end = (tuple(place) for place in places[i : i + 3])
        # Neighbours share an arc and write it in opposite directions: both must get the same chords.
        forward = start <= end
        inner = _arc(start, middle, end) if forward else _arc(end, middle, start)[::-1]
        line += [inner, places[i + 2 : i + 3]]
    return np.vstack(line)


def _arc(start: tuple[float, ...], middle: tuple[float, ...], end: tuple[float, ...]) -> FloatArray:
    """The positions between the ends of an arc; of a full circle (start = end) `middle` is the opposite point."""
    (x1, y1), (x2, y2), (x3, y3) = start, middle, end
    if start == end:
        cx, cy, sweep = (x1 + x2) / 2.0, (y1 + y2) / 2.0, 2.0 * math.pi
    else:
        ax, ay, bx, by = x2 - x1, y2 - y1, x3 - x1, y3 - y1
        cross = 2.0 * (ax * by - ay * bx)
        if cross == 0.0:
            return np.array([[x2, y2]])
        a2, b2 = ax * ax + ay * ay, bx * bx + by * by
        cx, cy = x1 + (by * a2 - ay * b2) / cross, y1 + (ax * b2 - bx * a2) / cross
        turn = math.atan2(y3 - cy, x3 - cx) - math.atan2(y1 - cy, x1 - cx)
        # The middle lies to the right of start-end where the arc turns left, and the other way round.
        sweep = turn % (2.0 * math.pi) if cross > 0.0 else -((-turn) % (2.0 * math.pi))
    n = max(2, math.ceil(abs(sweep) / math.radians(STEP_DEG)))
    angles = math.atan2(y1 - cy, x1 - cx) + sweep * np.arange(1, n) / n
    radius = math.hypot(x1 - cx, y1 - cy)
    return np.column_stack([cx + radius * np.cos(angles), cy + radius * np.sin(angles)])
