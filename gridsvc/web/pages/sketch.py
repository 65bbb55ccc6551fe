"""A sketch of a way past buildings as the numbers of an SVG: no tiles, so that it prints anywhere."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gridsvc.mop_up import Walk

WIDTH, HEIGHT, MARGIN = 720.0, 420.0, 24.0
MOST_SPOTS = 200  # more buildings than these lie on each other
APART = 23.0  # nearer numbers would cover each other


@dataclass(frozen=True)
class Spot:
    """A building in the picture's units, and its number; `named` where there is room to write it."""

    x: float
    y: float
    number: int
    named: bool


@dataclass(frozen=True)
class Sketch:
    """The way as `points` of a polyline, its buildings, and a scale bar of `bar_m` metres that is `bar` units long."""

    width: float
    height: float
    points: str
    spots: tuple[Spot, ...]
    bar: float
    bar_m: int


def drawn(walk: Walk) -> Sketch | None:
    """The sketch of a way, north up; None where there are no buildings, or more than can be told apart."""
    if not 1 <= len(walk.stops) <= MOST_SPOTS:
        return None
    lat = sum(stop.lat for stop in walk.stops) / len(walk.stops)
    m_per_deg = 111_320.0
    xs = [stop.lon * m_per_deg * math.cos(math.radians(lat)) for stop in walk.stops]
    ys = [stop.lat * m_per_deg for stop in walk.stops]
    wide, high = max(max(xs) - min(xs), 40.0), max(max(ys) - min(ys), 20.0)
    scale = min((WIDTH - 2 * MARGIN) / wide, (HEIGHT - 2 * MARGIN) / high)
    height = round(high * scale + 2 * MARGIN, 1)
    left = (WIDTH - wide * scale) / 2
    at = [
        (round(left + (x - min(xs)) * scale, 1), round(height - MARGIN - (y - min(ys)) * scale, 1))
        for x, y in zip(xs, ys, strict=True)
    ]
    named = _apart(at)
    spots = tuple(
        Spot(x, y, stop.number, n in named) for n, ((x, y), stop) in enumerate(zip(at, walk.stops, strict=True))
    )
    bar_m = _round_m(120 / scale)
    return Sketch(WIDTH, height, " ".join(f"{s.x:g},{s.y:g}" for s in spots), spots, round(bar_m * scale, 1), bar_m)


def _apart(at: list[tuple[float, float]]) -> set[int]:
    """The places whose numbers do not cover each other: first and last, then each that has room, in order.

    >>> sorted(_apart([(0.0, 0.0), (10.0, 0.0), (30.0, 0.0), (60.0, 0.0), (65.0, 0.0)])), _apart([])
    ([0, 2, 4], set())
    """
    order = dict.fromkeys([*([0, len(at) - 1] if at else []), *range(len(at))])
    chosen: set[int] = set()
    for n in order:
        if all(math.dist(at[n], at[other]) >= APART for other in chosen):
            chosen.add(n)
    return chosen


def _round_m(metres: float) -> int:
    """The largest of 1, 2, 5, 10, 20… that is not more.

    >>> _round_m(137.0), _round_m(0.4)
    (100, 1)
    """
    if metres < 1:
        return 1
    unit = 10 ** math.floor(math.log10(metres))
    return int(next(unit * m for m in (5, 2, 1) if unit * m <= metres))
