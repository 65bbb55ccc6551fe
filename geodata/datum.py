"""WGS 84 <-> GCJ-02 <-> BD-09: the shifted coordinates of Chinese map apps.

Forward by the publicly known formula, inverse by fixed point on the forward one, never by the one-step or closed-form
inverses in circulation (0.2 to 4 m off). All functions take degrees, lon before lat, floats or equally shaped arrays,
and give back the same kind.

Outside the box of China every function is the identity. The point that is *given* decides on which side it lies, so
within one shift (about 1 km) of the box's edge, which runs through the sea and foreign land, there is no round trip.
NaN and infinite values come back as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from geodata.errors import DatumError

FloatArray = NDArray[np.float64]
Degrees = TypeVar("Degrees", float, FloatArray)
Datum = Literal["wgs84", "cgcs2000", "gcj02", "bd09"]
_Shift = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]

CHINA_WEST_DEG, CHINA_EAST_DEG = 72.004, 137.8347
CHINA_SOUTH_DEG, CHINA_NORTH_DEG = 0.8293, 55.8271

# The formula is defined on the ellipsoid of Krasovsky, whatever the datum of the position.
_AXIS_M = 6378245.0
_ECCENTRICITY2 = 0.00669342162296594323
_BD_WAVE = np.pi * 3000.0 / 180.0

# 1e-12 deg is 1e-7 m. The shift changes by less than 3 % of a step (more only within 1e-9 deg of 105 E, where the
# formula takes a square root of the distance), so about 7 rounds do; the bound only keeps the loop finite.
_RESIDUAL_DEG = 1e-12
_MAX_ROUNDS = 20


def in_china_box(lon: FloatArray, lat: FloatArray) -> NDArray[np.bool_]:
    """True where the shifts apply; False for NaN."""
    return (lon >= CHINA_WEST_DEG) & (lon <= CHINA_EAST_DEG) & (lat >= CHINA_SOUTH_DEG) & (lat <= CHINA_NORTH_DEG)


def wgs84_to_gcj02(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """GCJ-02 degrees of a WGS 84 position.

    >>> wgs84_to_gcj02(116.377817, 39.911954)
    (116.38404722455657, 39.91334545536069)
    >>> wgs84_to_gcj02(8.54, 47.37)
    (8.54, 47.37)
    """
    return _within_box(_gcj_of_wgs, lon, lat)


def gcj02_to_wgs84(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """WGS 84 degrees of a GCJ-02 position, to better than 5e-7 m."""
    return _within_box(_wgs_of_gcj, lon, lat)


def gcj02_to_bd09(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """BD-09 degrees of a GCJ-02 position."""
    return _within_box(_bd_of_gcj, lon, lat)


def bd09_to_gcj02(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """GCJ-02 degrees of a BD-09 position, to better than 5e-7 m (the closed form in circulation is 0.2 m off)."""
    return _within_box(_gcj_of_bd, lon, lat)


def wgs84_to_bd09(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """BD-09 degrees of a WGS 84 position."""
    return _within_box(_bd_of_wgs, lon, lat)


def bd09_to_wgs84(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """WGS 84 degrees of a BD-09 position, to better than 5e-7 m."""
    return _within_box(_wgs_of_bd, lon, lat)


def to_wgs84(lon: Degrees, lat: Degrees, datum: Datum) -> tuple[Degrees, Degrees]:
    """WGS 84 degrees of a position in `datum`; CGCS2000 counts as WGS 84 (they differ by millimetres to centimetres).

    Raises:
        DatumError: `datum_unknown`.
    """
    if datum in ("wgs84", "cgcs2000"):
        return lon, lat
    if datum == "gcj02":
        return gcj02_to_wgs84(lon, lat)
    if datum == "bd09":
        return bd09_to_wgs84(lon, lat)
    raise DatumError("datum_unknown", datum=datum)


def _within_box(shift: _Shift, lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    # np.array copies: the caller's arrays are never written to.
    lons, lats = np.array(lon, dtype=np.float64), np.array(lat, dtype=np.float64)
    if lons.shape != lats.shape:
        raise DatumError("datum_shapes_differ", n_lon=lons.size, n_lat=lats.size)
    # At least one dimension, so that a single position can be masked like many.
    flat_lons, flat_lats = np.atleast_1d(lons), np.atleast_1d(lats)
    inside = in_china_box(flat_lons, flat_lats)
    flat_lons[inside], flat_lats[inside] = shift(flat_lons[inside], flat_lats[inside])
    # mypy checks this body once per kind of `Degrees`, and neither knows of the other: hence Any.
    shifted: Any = (flat_lons, flat_lats) if lons.ndim else (float(flat_lons[0]), float(flat_lats[0]))
    return shifted  # type: ignore[no-any-return]


def _gcj_of_wgs(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    ripple = 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north_m += ripple * 2.0 / 3.0
    north_m += (20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi * y / 3.0)) * 2.0 / 3.0
    north_m += (160.0 * np.sin(np.pi * y / 12.0) + 320.0 * np.sin(np.pi * y / 30.0)) * 2.0 / 3.0
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east_m += ripple * 2.0 / 3.0
    east_m += (20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi * x / 3.0)) * 2.0 / 3.0
    east_m += (150.0 * np.sin(np.pi * x / 12.0) + 300.0 * np.sin(np.pi * x / 30.0)) * 2.0 / 3.0
    phi = np.radians(lat)
    flat = 1.0 - _ECCENTRICITY2 * np.sin(phi) ** 2
    meridian_m = _AXIS_M * (1.0 - _ECCENTRICITY2) / (flat * np.sqrt(flat))
    parallel_m = _AXIS_M / np.sqrt(flat) * np.cos(phi)
    return lon + np.degrees(east_m / parallel_m), lat + np.degrees(north_m / meridian_m)


def _bd_of_gcj(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_WAVE)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_WAVE)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def _bd_of_wgs(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    return _bd_of_gcj(*_gcj_of_wgs(lon, lat))


def _wgs_of_gcj(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    return _fixed_point(_gcj_of_wgs, lon, lat)


def _gcj_of_bd(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    return _fixed_point(_bd_of_gcj, lon, lat)


def _wgs_of_bd(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    return _wgs_of_gcj(*_gcj_of_bd(lon, lat))


def _fixed_point(forward: _Shift, lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    # x <- x - (f(x) - target): converges because the shift hardly changes over its own length.
    x, y = lon.copy(), lat.copy()
    for _ in range(_MAX_ROUNDS):
        seen_x, seen_y = forward(x, y)
        over_x, over_y = seen_x - lon, seen_y - lat
        x -= over_x
        y -= over_y
        if max(np.abs(over_x).max(initial=0.0), np.abs(over_y).max(initial=0.0)) <= _RESIDUAL_DEG:
            break
    return x, y
