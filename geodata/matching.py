"""Which door a point belongs to: the nearest one on the ground."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from geodata.geometry import WGS84_ELLIPSOID
from geodata.later import later

spatial = later("scipy.spatial")

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Positions as points in space (metres from the Earth's middle): there is no date line and no pole to mind, and what is
# nearest through space is nearest on the ground.
_TO_SPACE = Transformer.from_crs(4979, 4978, always_xy=True)


def nearest(points: FloatArray, doors: FloatArray, max_m: float) -> tuple[IntArray, FloatArray]:
    """For each point the index of the nearest door and the geodesic metres to it; -1 and NaN where none is near enough.

    `points`, `doors`: shape (n, 2), lon and lat in degrees of EPSG:4326; what is not finite matches nothing. A door
    just `max_m` away counts; of doors at one place the first does. Several points may have the same door.

    >>> nearest(np.array([[8.0, 47.0], [9.0, 47.0]]), np.array([[8.001, 47.0], [8.001, 47.0]]), 100.0)
    (array([ 0, -1]), array([76.0559983,        nan]))
    """
    index, distance_m = np.full(len(points), -1, dtype=np.int64), np.full(len(points), np.nan)
    here, there = _finite(points), _finite(doors)
    if not (len(here) and len(there)):
        return index, distance_m
    places, first = np.unique(doors[there], axis=0, return_index=True)
    found = there[first[spatial.KDTree(_space(places)).query(_space(points[here]))[1]]]
    metres = WGS84_ELLIPSOID.inv(*points[here].T, *doors[found].T)[2]
    close = metres <= max_m
    index[here[close]], distance_m[here[close]] = found[close], metres[close]
    return index, distance_m


def _finite(lonlat: FloatArray) -> IntArray:
    return np.flatnonzero(np.isfinite(lonlat).all(axis=1))


def _space(lonlat: FloatArray) -> FloatArray:
    return np.column_stack(_TO_SPACE.transform(lonlat[:, 0], lonlat[:, 1], np.zeros(len(lonlat))))
