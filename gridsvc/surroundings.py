"""What lies around a position: the compound and the road that it is near to, and a small drawing for paper."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sqlalchemy import Connection

from gridsvc.db.queries import load

NEAR_M = 500.0  # what is farther off says little about a place
HALF_WIDTH_M, HALF_HEIGHT_M = 300.0, 160.0  # of the drawing
M_PER_DEG = 111_195.0  # of latitude
DIRECTIONS = ("n", "ne", "e", "se", "s", "sw", "w", "nw")


@dataclass(frozen=True)
class Landmark:
    """A named compound or road near a position; `direction` (n, ne, ...) of the position as seen from it, or None."""

    kind: str
    name: str
    distance_m: float
    direction: str | None


@dataclass(frozen=True)
class Shape:
    """A path of the drawing: SVG path data in metres from the position, y downwards, and where its name stands."""

    layer: str
    road_class: str | None
    name: str | None
    path: str
    x: float
    y: float


@dataclass(frozen=True)
class Extract:
    """A drawing around a position, `half_width` and `half_height` metres to each side."""

    shapes: tuple[Shape, ...]
    half_width: int = round(HALF_WIDTH_M)
    half_height: int = round(HALF_HEIGHT_M)


def landmarks(db: Connection, lon: float, lat: float) -> tuple[Landmark, ...]:
    """The nearest named compound and the nearest named road within 500 m of a position (EPSG:4326), nearest first."""
    most_deg = NEAR_M / (M_PER_DEG * max(0.05, math.cos(math.radians(lat))))
    rows = db.execute(load("landmarks"), {"lon": lon, "lat": lat, "most_m": NEAR_M, "most_deg": most_deg})
    return tuple(Landmark(row.kind, row.name, row.distance_m, direction(row.azimuth_deg)) for row in rows)


def direction(azimuth_deg: float | None) -> str | None:
    """The nearest of eight directions.

    >>> direction(50.0), direction(350.0), direction(None)
    ('ne', 'n', None)
    """
    return None if azimuth_deg is None else DIRECTIONS[round(azimuth_deg / 45) % 8]


def extract(db: Connection, lon: float, lat: float, code: str | None) -> Extract:
    """A drawing around a position (EPSG:4326) with the grid of this code, its neighbours, and the stored base map."""
    x_scale = M_PER_DEG * max(0.05, math.cos(math.radians(lat)))
    values = {"lon": lon, "lat": lat, "x_scale": x_scale, "y_scale": M_PER_DEG, "code": code}
    # a little more than is shown, so that what is cut off there has its cut outside
    values |= {"half_lon": 1.1 * HALF_WIDTH_M / x_scale, "half_lat": 1.1 * HALF_HEIGHT_M / M_PER_DEG}
    rows = db.execute(load("extract_shapes"), values)
    return Extract(tuple(Shape(row.layer, row[1], row.name, row.path, round(row.x), round(row.y)) for row in rows))
