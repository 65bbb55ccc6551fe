"""The map's frame on the paper: degrees to points, as the screen's map turns them to pixels (Web Mercator)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

RADIUS_M = 6_378_137.0
EQUATOR_M = 2 * math.pi * RADIUS_M
POINTS_OF_PIXEL = 0.75  # a CSS pixel is 1/96 inch, a point 1/72
LEAST_M = 200.0  # a frame around one small thing still shows where it is
ROOM = 0.96  # how much of the frame a fitted extent takes
LATITUDE_MAX = 85.0
UNSEEN = 0.12  # points that a border may be straightened


@dataclass(frozen=True)
class Box:
    """A rectangle on the paper, in points from its lower left corner."""

    x: float
    y: float
    wide: float
    high: float


@dataclass(frozen=True)
class Frame:
    """A box of the paper that shows a part of the globe: its centre in Web Mercator metres, points for each of them."""

    box: Box
    east_m: float
    north_m: float
    scale: float

    @property
    def metres_of_point(self) -> float:
        """Metres on the ground that one point of paper is at the frame's centre."""
        return math.cos(_latitude(self.north_m)) / self.scale

    @property
    def zoom(self) -> float:
        """The zoom at which a screen shows the same at the same size."""
        return math.log2(EQUATOR_M * self.scale / POINTS_OF_PIXEL / 256)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """What the frame shows: (west, south, east, north) in degrees."""
        half_x, half_y = self.box.wide / 2 / self.scale, self.box.high / 2 / self.scale
        west, east = (math.degrees((self.east_m + step) / RADIUS_M) for step in (-half_x, half_x))
        south, north = (math.degrees(_latitude(self.north_m + step)) for step in (-half_y, half_y))
        return max(west, -180.0), south, min(east, 180.0), north

    def on_paper(self, geoms: Iterable[Any]) -> list[Any]:
        """Geometries in EPSG:4326 in points of the paper, without corners that nobody could see."""
        given = list(geoms)
        every = np.empty(len(given), dtype=object)
        every[:] = given
        return list(shapely.simplify(shapely.transform(every, self._moved), UNSEEN))

    def _moved(self, at: NDArray[np.float64]) -> NDArray[np.float64]:
        lat = np.radians(np.clip(at[:, 1], -LATITUDE_MAX, LATITUDE_MAX))
        x = np.radians(at[:, 0]) * RADIUS_M
        y = np.log(np.tan(math.pi / 4 + lat / 2)) * RADIUS_M
        left, low = self.box.x + self.box.wide / 2, self.box.y + self.box.high / 2
        return np.column_stack([(x - self.east_m) * self.scale + left, (y - self.north_m) * self.scale + low])


def around(bounds: tuple[float, float, float, float], box: Box) -> Frame:
    """The frame that shows all of (west, south, east, north), with a little room around it."""
    west, south, east, north = bounds
    left, low = mercator(west, south)
    right, high = mercator(east, north)
    wide, tall = max(right - left, LEAST_M), max(high - low, LEAST_M)
    return Frame(box, (left + right) / 2, (low + high) / 2, min(box.wide / wide, box.high / tall) * ROOM)


def at(lon: float, lat: float, zoom: float, box: Box, magnified: float = 1.0) -> Frame:
    """The frame around a point as a screen shows it at that zoom, each pixel `magnified` times as large."""
    east_m, north_m = mercator(min(max(lon, -180.0), 180.0), lat)
    return Frame(box, east_m, north_m, 256 * 2**zoom / EQUATOR_M * POINTS_OF_PIXEL * magnified)


def mercator(lon: float, lat: float) -> tuple[float, float]:
    """Web Mercator metres of a position.

    >>> [round(one) for one in mercator(180, 0)], [round(one) for one in mercator(0, 60)]
    ([20037508, 0], [0, 8399738])
    """
    lat = math.radians(min(max(lat, -LATITUDE_MAX), LATITUDE_MAX))
    return math.radians(lon) * RADIUS_M, math.log(math.tan(math.pi / 4 + lat / 2)) * RADIUS_M


def _latitude(north_m: float) -> float:
    # a small screen on a large paper may show more than the globe has
    north_m = min(max(north_m, -EQUATOR_M / 2), EQUATOR_M / 2)
    return 2 * math.atan(math.exp(north_m / RADIUS_M)) - math.pi / 2
