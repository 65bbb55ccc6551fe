"""In which order to walk to doors: from stop to stop, then inside a building from the top floor down.

The order of stops is the shortest open walk that `geodata.tour` finds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from geodata import tour
from geodata.crs import local_metric, to_metres
from geodata.errors import GeometryError

FloatArray = NDArray[np.float64]

# More stops than this are cut into parts along a Hilbert curve and walked one part after the other.
MOST_AT_ONCE = 400
_CURVE_LEVELS = 16
_FLOOR_WORD = re.compile(r"([0-9]{1,2})\s*(?:层|楼|F(?![A-Z]))")
_ROOM = re.compile(r"(?<![0-9])[0-9]{3,4}(?![0-9])")
_BELOW = ("负", "地下", "-")
_MISSING = ("", "无")


def order(stops: FloatArray, distances_m: FloatArray | None = None, *, start: int | None = None) -> list[int]:
    """The stops as indices in walking order: from `start`, or from wherever the walk is shortest; the end is free.

    `stops`: shape (n, 2), lon and lat in degrees of EPSG:4326. `distances_m`: shape (n, n), symmetric, the same in
    both directions (`geodata.streets` makes such); straight metres where None. Stops 0 m apart are one place: they stay
    together, in the order they came in. The walk is the shortest for nearly every dozen stops, and mostly within 1 %
    of it for some hundreds.

    Raises:
        GeometryError: `position_not_finite`.
        CrsError: `position_out_of_range`.
        ValueError: distances that are not a symmetric matrix of finite metres, or a start that is no stop.

    >>> order(np.array([[8.0, 47.0], [8.02, 47.0], [8.01, 47.0]]), start=0)
    [0, 2, 1]
    >>> order(np.empty((0, 2)))
    []
    """
    n = len(stops)
    if start is not None and not 0 <= start < n:
        raise ValueError(f"start {start} of {n} stops")
    where, given = metric(stops), None if distances_m is None else _checked(distances_m, n)
    if n <= MOST_AT_ONCE:
        return _walk(_between(where, where) if given is None else given, start)
    along = np.argsort(_along_curve(where), kind="stable")
    if start is not None:
        along = np.roll(along, -int(np.flatnonzero(along == start)[0]))
    walked: list[int] = []
    for part in np.array_split(along, -(-n // MOST_AT_ONCE)):
        here = np.array(walked[-1:] or [part[0]])
        first = int(np.argmin(_between(where[here], where[part]) if given is None else given[here][:, part]))
        metres = _between(where[part], where[part]) if given is None else given[np.ix_(part, part)]
        walked += [int(part[index]) for index in _walk(metres, first if walked or start is not None else None)]
    return walked


def straight_m(stops: FloatArray) -> FloatArray:
    """Metres in a straight line between all pairs of stops (shape (n, n)), in the metric system of their middle."""
    where = metric(stops)
    return _between(where, where)


def metric(stops: FloatArray) -> FloatArray:
    """The stops (lon, lat) as easting and northing in metres of the local system around their middle.

    Raises:
        GeometryError: `position_not_finite`.
        CrsError: `position_out_of_range`.
    """
    stops = np.asarray(stops, dtype=np.float64).reshape(-1, 2)
    for lon, lat in stops[~np.isfinite(stops).all(axis=1)]:
        raise GeometryError("position_not_finite", lon=float(lon), lat=float(lat))
    if not len(stops):
        return stops
    lon, lat = stops.mean(axis=0).tolist()
    return to_metres(stops, local_metric(lon, lat))


def length_m(walk: Sequence[int], distances_m: FloatArray) -> float:
    """Metres from the first stop of a walk to its last; 0 for one stop or none.

    >>> length_m([1, 0], np.array([[0.0, 7.5], [7.5, 0.0]])), length_m([], np.empty((0, 0)))
    (7.5, 0.0)
    """
    return float(sum(distances_m[here, there] for here, there in pairwise(walk)))


def doors(rows: Sequence[tuple[str, str, str]]) -> list[int]:
    """The doors (building, unit, room) as indices: by building, unit, then from the top floor down, then by room.

    Numbers count as numbers ("2号楼" before "10号楼"), full-width ones too; what is missing ("" or "无"), or tells no
    floor, comes last in its place; equal ones stay as they came.

    >>> doors([("1号楼", "无", "301"), ("1号楼", "1单元", "102"), ("1号楼", "1单元", "1101")])
    [2, 1, 0]
    """
    return sorted(range(len(rows)), key=lambda index: _door_key(*rows[index]))


def floor(room: str) -> int | None:
    """The floor that a room's number or words tell; below ground it is negative; None where they tell none.

    >>> floor("501"), floor("1203室"), floor("3-2-501"), floor("18层"), floor("负101"), floor("西户")
    (5, 12, 5, 18, -1, None)
    """
    text = unicodedata.normalize("NFKC", room).strip().upper()
    sign = -1 if text.startswith(_BELOW) else 1
    word = _FLOOR_WORD.search(text)
    number = _ROOM.search(text)
    told = int(word[1]) if word else int(number[0]) // 100 if number else 0
    return sign * told or None


def _door_key(building: str, unit: str, room: str) -> tuple[object, ...]:
    level = floor(room)
    return _natural(building), _natural(unit), level is None, -(level or 0), _natural(room)


def _natural(text: str) -> tuple[object, ...]:
    text = unicodedata.normalize("NFKC", text).strip()
    pieces = re.split(r"([0-9]+)", text)
    return text in _MISSING, [(piece, 0) if i % 2 == 0 else ("", int(piece)) for i, piece in enumerate(pieces) if piece]


def _along_curve(where: FloatArray) -> NDArray[np.int64]:
    """How far along a Hilbert curve over their box each of these points lies, of 4^16 steps.

    One quarter at a time, from the whole box down: which quarter a point is in says how many go before it, and how the
    curve lies in that one (Hilbert, Mathematische Annalen 38, 1891).
    """
    low, span = where.min(axis=0), np.ptp(where, axis=0).max() or 1.0
    x, y = np.minimum(((where - low) / span * 2**_CURVE_LEVELS).astype(np.int64), 2**_CURVE_LEVELS - 1).T
    along = np.zeros(len(where), dtype=np.int64)
    for level in reversed(range(_CURVE_LEVELS)):
        right, upper = (x >> level) & 1, (y >> level) & 1
        along = 4 * along + ((3 * right) ^ upper)
        last = (1 << level) - 1
        x, y = x & last, y & last  # within the quarter
        turned = (right == 1) & (upper == 0)
        x, y = np.where(turned, last - x, x), np.where(turned, last - y, y)
        x, y = np.where(upper == 0, y, x), np.where(upper == 0, x, y)
    return along


def _between(some: FloatArray, others: FloatArray) -> FloatArray:
    metres: FloatArray = np.hypot(*(some[:, None, :] - others[None, :, :]).transpose(2, 0, 1))
    return metres


def _checked(distances_m: FloatArray, n: int) -> FloatArray:
    metres = np.asarray(distances_m, dtype=np.float64)
    if metres.shape != (n, n):
        raise ValueError(f"distances of shape {metres.shape} for {n} stops")
    if not (np.isfinite(metres).all() and (metres >= 0.0).all()):
        raise ValueError("distances that are negative or not finite")
    if not np.allclose(metres, metres.T, rtol=1e-6, atol=1e-3):
        raise ValueError("distances that differ by direction")
    return metres


def _walk(metres: FloatArray, start: int | None) -> list[int]:
    """The order of all stops of a checked matrix; stops without any distance between them are walked as one."""
    n = len(metres)
    if n <= 2:
        return [start, *(index for index in range(n) if index != start)] if start is not None else list(range(n))
    place = np.argmax((metres == 0.0) | np.eye(n, dtype=np.bool_), axis=1)
    if start is not None:
        place[place == place[start]] = start  # the walk begins with it, not with another stop at its door
    places = np.unique(place)
    first = None if start is None else int(np.flatnonzero(places == start)[0])
    visited = tour.path(metres[np.ix_(places, places)], first)
    groups = {int(at): [int(at), *np.flatnonzero((place == at) & (np.arange(n) != at)).tolist()] for at in places}
    return [stop for index in visited for stop in groups[int(places[index])]]
