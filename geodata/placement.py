"""One point, one grid: the rule of placement in plain Python, for previews of imports and as the oracle for the SQL.

The rule: a grid covers a point when their planar distance in degrees of EPSG:4326 is at most `BORDER_DEG`; of several
the dedicated layer goes before the base layer, then the lowest code by code point wins. Where none covers it, each base
grid has its planar-nearest point, the geodesic metres to it rounded to millimetres; of those within `nearest_max_m` the
least distance wins, then the lowest code (a `nearest_max_m` of 0 switches this off). Otherwise nobody has it. The
order of the grids never matters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry

from geodata.errors import GeometryError
from geodata.geometry import WGS84_ELLIPSOID

FloatArray = NDArray[np.float64]
Layer = Literal["base", "dedicated"]
Method = Literal["covers", "nearest", "compound", "manual", "none"]

# A border is this thick, so that a point computed on a shared border lies on both grids whatever its last bit says.
# Rounding moves such a point by up to 3.2e-14 deg (measured over 2 million edges at 170 E); this is nine times that and
# 30 nanometres on the ground. Thicker is wrong, not safer: real positions lie on purpose within 1e-11 deg of borders,
# and of 199 that official data leaves outside, 55 would count as covered at 1e-9.
BORDER_DEG = 3e-13
NEAREST_MAX_M = 50.0
# A degree along the equator; a degree of latitude is never shorter than the second.
METRES_PER_DEGREE = 111319.49079327358
_LEAST_METRES_PER_DEGREE = 110_500.0
_DISC_SEGMENTS = 64


@dataclass(frozen=True)
class Grid:
    """A grid of the published editions; `geom` is a valid Polygon or MultiPolygon in EPSG:4326."""

    code: str
    name: str
    layer: Layer
    geom: BaseGeometry


@dataclass(frozen=True)
class Placement:
    """Where a point belongs. `distance_m` is 0 for covers; `reason` is set where `code` is not."""

    code: str | None
    layer: Layer | None
    method: Method
    distance_m: float | None
    reason: str | None = None


@dataclass(frozen=True)
class Confidence:
    """The share (0 to 1) of the accuracy disc that the chosen grid owns, and who owns most of the rest."""

    share: float
    runners_up: tuple[tuple[str, float], ...]


OUTSIDE = Placement(None, None, "none", None, "outside")
NO_POSITION = Placement(None, None, "none", None, "no_position")


def place(lon: float, lat: float, grids: Sequence[Grid], nearest_max_m: float = NEAREST_MAX_M) -> Placement:
    """The one grid of a position in WGS 84 degrees, or none with its reason: outside, or no_position for NaN.

    Looks at every grid, so that it is plainly the rule; `place_many` is the quick one.

    >>> square = Grid("A", "Square", "base", shapely.box(8.0, 47.0, 8.01, 47.01))
    >>> place(8.01, 47.005, [square])
    Placement(code='A', layer='base', method='covers', distance_m=0.0, reason=None)
    >>> place(8.0101, 47.005, [square]).distance_m
    7.605
    >>> place(9.0, 47.005, [square]).reason, place(8.0, 47.0, []).code
    ('outside', None)
    """
    if not (math.isfinite(lon) and math.isfinite(lat)):
        return NO_POSITION
    point = Point(lon, lat)
    covering = [grid for grid in grids if shapely.distance(point, grid.geom) <= BORDER_DEG]
    if covering:
        return _covered(min(covering, key=_rank))
    found = [(_border_distance_m(lon, lat, grid), grid.code) for grid in grids if grid.layer == "base"]
    return _nearest(found, nearest_max_m)


def place_many(
    lons: FloatArray, lats: FloatArray, grids: Sequence[Grid], nearest_max_m: float = NEAREST_MAX_M
) -> list[Placement]:
    """What `place` gives for each position, in their order; an index keeps it to seconds for a city's worth."""
    lons, lats = np.asarray(lons, dtype=np.float64), np.asarray(lats, dtype=np.float64)
    here = np.flatnonzero(np.isfinite(lons) & np.isfinite(lats))
    placements = [NO_POSITION] * len(lons)
    points = shapely.points(lons[here], lats[here])
    ranked = sorted(grids, key=_rank)
    best = _first_covering(points, ranked)
    for index, rank in zip(here, best, strict=True):
        placements[index] = _covered(ranked[rank]) if rank < len(ranked) else OUTSIDE
    base = [grid for grid in ranked if grid.layer == "base"]
    boxes = shapely.STRtree([grid.geom for grid in base])
    for index in here[best == len(ranked)]:
        lon, lat = float(lons[index]), float(lats[index])
        near = [base[number] for number in boxes.query(_reach(lon, lat, nearest_max_m))]
        placements[index] = _nearest([(_border_distance_m(lon, lat, grid), grid.code) for grid in near], nearest_max_m)
    return placements


def confidence(lon: float, lat: float, accuracy_m: float, grids: Sequence[Grid], chosen: str | None) -> Confidence:
    """How much of the accuracy disc around a position the chosen grid owns, and the three that own most of the rest.

    A grid owns its part of the disc minus all grids before it (dedicated first, then by code). The disc is planar, a
    polygon of 64 corners; shares are rounded to 4 decimals, and what rounds to 0 is nobody's.

    Raises:
        GeometryError: `accuracy_not_positive`; `position_not_finite`.
    """
    if not (math.isfinite(accuracy_m) and accuracy_m > 0.0):
        raise GeometryError("accuracy_not_positive", accuracy_m=accuracy_m)
    if not (math.isfinite(lon) and math.isfinite(lat)):
        raise GeometryError("position_not_finite", lon=lon, lat=lat)
    disc = accuracy_disc(lon, lat, accuracy_m)
    near = [grid for grid in sorted(grids, key=_rank) if shapely.intersects(disc, grid.geom)]
    taken: BaseGeometry = Polygon()
    shares: dict[str, float] = {}
    for grid in near:
        owned = shapely.difference(shapely.intersection(disc, grid.geom), taken)
        shares[grid.code] = shares.get(grid.code, 0.0) + float(owned.area / disc.area)
        taken = shapely.union(taken, shapely.intersection(disc, grid.geom))
    rounded = {code: round(share, 4) for code, share in shares.items()}
    others = sorted((-share, code) for code, share in rounded.items() if code != chosen and share > 0.0)
    own = rounded.get(chosen, 0.0) if chosen is not None else 0.0
    return Confidence(own, tuple((code, -share) for share, code in others[:3]))


def accuracy_disc(lon: float, lat: float, accuracy_m: float) -> Polygon:
    """The disc of `accuracy_m` around a position as a 64-gon in degrees, first corner due east."""
    radius_deg = accuracy_m / METRES_PER_DEGREE
    angle = np.arange(_DISC_SEGMENTS) * (2.0 * math.pi / _DISC_SEGMENTS)
    x = lon + radius_deg / math.cos(math.radians(lat)) * np.cos(angle)
    return Polygon(np.column_stack((x, lat + radius_deg * np.sin(angle))))


def _rank(grid: Grid) -> tuple[bool, str]:
    # Python compares text by code point, as COLLATE "C" does.
    return grid.layer != "dedicated", grid.code


def _covered(grid: Grid) -> Placement:
    return Placement(grid.code, grid.layer, "covers", 0.0)


def _nearest(found: Sequence[tuple[float, str]], nearest_max_m: float) -> Placement:
    # 0 means never: without it a point half a millimetre off, rounded to 0.000 m, would still be taken.
    within = [(distance_m, code) for distance_m, code in found if distance_m <= nearest_max_m and nearest_max_m > 0.0]
    if not within:
        return OUTSIDE
    distance_m, code = min(within)
    return Placement(code, "base", "nearest", distance_m)


def _border_distance_m(lon: float, lat: float, grid: Grid) -> float:
    border = shapely.get_point(shapely.shortest_line(grid.geom, Point(lon, lat)), 0)
    return round(float(WGS84_ELLIPSOID.inv(lon, lat, border.x, border.y)[2]), 3)


def _first_covering(points: NDArray[np.object_], ranked: Sequence[Grid]) -> NDArray[np.intp]:
    # The rank of the first grid that covers each point, len(ranked) where none does.
    best = np.full(len(points), len(ranked), dtype=np.intp)
    tree = shapely.STRtree(points)
    margin_deg = 2.0 * BORDER_DEG
    for rank, grid in enumerate(ranked):
        west, south, east, north = grid.geom.bounds
        box = shapely.box(west - margin_deg, south - margin_deg, east + margin_deg, north + margin_deg)
        near = tree.query(box)
        near = near[best[near] == len(ranked)]
        if len(near):
            shapely.prepare(grid.geom)
            best[near[shapely.dwithin(grid.geom, points[near], BORDER_DEG)]] = rank
    return best


def _reach(lon: float, lat: float, nearest_max_m: float) -> Polygon:
    # A box that holds every point of the plane within that many metres. Where degrees of longitude run out (near a
    # pole, across 180 E) it is the whole plane: the rule knows no shortcut there.
    reach_deg = (nearest_max_m + 1.0) / _LEAST_METRES_PER_DEGREE
    poleward = abs(lat) + reach_deg
    wide_deg = reach_deg / math.cos(math.radians(poleward)) if poleward < 89.0 else 360.0
    if abs(lon) + wide_deg >= 180.0:
        return shapely.box(-1e3, -1e3, 1e3, 1e3)
    return shapely.box(lon - wide_deg, lat - reach_deg, lon + wide_deg, lat + reach_deg)
