"""GCJ-02 and BD-09: published vectors, exact inverses, the identity outside China."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata import datum
from geodata.errors import DatumError
from geodata.geometry import WGS84_ELLIPSOID, distance_m

# lon, lat in WGS 84 and in GCJ-02: published with the formula by several libraries
VECTORS = [
    (121.5272106, 31.1774276, 121.531541859215, 31.17530398364597),
    (113.912316, 22.543847, 113.9171764808363, 22.540796131694766),
    (116.377817, 39.911954, 116.38404722455657, 39.91334545536069),
]
PAIRS = [
    (datum.wgs84_to_gcj02, datum.gcj02_to_wgs84),
    (datum.gcj02_to_bd09, datum.bd09_to_gcj02),
    (datum.wgs84_to_bd09, datum.bd09_to_wgs84),
]
ALL = [function for pair in PAIRS for function in pair]
Shift = Callable[..., tuple[float, float]]

# More than one shift inside the box, where a point and its image are both inside.
lons = st.floats(datum.CHINA_WEST_DEG + 0.03, datum.CHINA_EAST_DEG - 0.03)
lats = st.floats(datum.CHINA_SOUTH_DEG + 0.03, datum.CHINA_NORTH_DEG - 0.03)


@pytest.mark.parametrize(("lon", "lat", "gcj_lon", "gcj_lat"), VECTORS)
def test_published_vectors(lon: float, lat: float, gcj_lon: float, gcj_lat: float) -> None:
    assert datum.wgs84_to_gcj02(lon, lat) == pytest.approx((gcj_lon, gcj_lat), abs=1e-12, rel=0)
    assert datum.gcj02_to_wgs84(gcj_lon, gcj_lat) == pytest.approx((lon, lat), abs=1e-12, rel=0)


def test_published_vector_bd09() -> None:
    bd = datum.wgs84_to_bd09(116.403988, 39.914266)
    assert bd == pytest.approx((116.41661560068297, 39.92196580126834), abs=1e-12, rel=0)


@pytest.mark.parametrize(("forward", "inverse"), PAIRS)
@settings(deadline=None)
@given(lon=lons, lat=lats)
def test_inverse_is_exact(forward: Shift, inverse: Shift, lon: float, lat: float) -> None:
    back = inverse(*forward(lon, lat))
    assert abs(back[0] - lon) < 1e-9
    assert abs(back[1] - lat) < 1e-9
    assert distance_m(lon, lat, *back) < 5e-7
    there = forward(*inverse(lon, lat))
    assert distance_m(lon, lat, *there) < 5e-7


@pytest.mark.parametrize(("forward", "inverse"), PAIRS)
def test_inverse_all_over_the_box(forward: Shift, inverse: Shift) -> None:
    rng = np.random.default_rng(7)
    lon = rng.uniform(datum.CHINA_WEST_DEG + 0.03, datum.CHINA_EAST_DEG - 0.03, 100_000)
    lat = rng.uniform(datum.CHINA_SOUTH_DEG + 0.03, datum.CHINA_NORTH_DEG - 0.03, 100_000)
    # The formula takes the square root of |lon - 105|: the inverse is hardest there.
    lon[:2_000] = 105.0 + rng.uniform(-1, 1, 2_000) * 10.0 ** rng.uniform(-14, -3, 2_000)
    back = inverse(*forward(lon, lat))
    assert WGS84_ELLIPSOID.inv(lon, lat, *back)[2].max() < 5e-7


@settings(deadline=None)
@given(lon=lons, lat=lats)
def test_shifts_are_hundreds_of_metres(lon: float, lat: float) -> None:
    assert distance_m(lon, lat, *datum.wgs84_to_gcj02(lon, lat)) < 800
    assert 500 < distance_m(lon, lat, *datum.gcj02_to_bd09(lon, lat)) < 1100


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        (8.54, 47.37),
        (-87.63, 41.88),
        (0.0, 0.0),
        (72.0039, 35.0),
        (137.8348, 35.0),
        (105.0, 0.8292),
        (105.0, 55.8272),
        (180.0, -90.0),
    ],
)
def test_identity_outside_china(function: Shift, lon: float, lat: float) -> None:
    assert function(lon, lat) == (lon, lat)


@pytest.mark.parametrize("function", ALL)
def test_arrays_keep_shape_and_input(function: Callable[..., tuple[np.ndarray, np.ndarray]]) -> None:
    lon = np.array([[116.4, 8.5], [np.nan, np.inf]])
    lat = np.array([[39.9, 47.4], [30.0, 30.0]])
    kept = lon.copy(), lat.copy()
    out_lon, out_lat = function(lon, lat)
    assert out_lon.shape == out_lat.shape == (2, 2)
    np.testing.assert_array_equal(lon, kept[0])
    np.testing.assert_array_equal(lat, kept[1])
    assert (out_lon[0, 0], out_lat[0, 0]) == function(116.4, 39.9) != (116.4, 39.9)
    assert (out_lon[0, 1], out_lat[0, 1]) == (8.5, 47.4)
    assert math.isnan(out_lon[1, 0])
    assert out_lon[1, 1] == np.inf
    empty = function(np.empty(0), np.empty(0))
    assert empty[0].shape == empty[1].shape == (0,)


@settings(deadline=None)
@given(points=st.lists(st.tuples(st.floats(60, 150), st.floats(-10, 70)), min_size=1, max_size=20))
def test_many_are_as_one(points: list[tuple[float, float]]) -> None:
    lon, lat = np.array(points).T
    for function in ALL:
        many = function(lon, lat)
        for number, point in enumerate(points):
            one = function(*point)
            # A batch iterates until its slowest point is there: the last bits may differ.
            assert (many[0][number], many[1][number]) == pytest.approx(one, abs=1e-12, rel=0)


def test_scalars_are_floats() -> None:
    assert all(type(value) is float for function in ALL for value in function(116, 40))


def test_to_wgs84_by_name() -> None:
    gcj = datum.wgs84_to_gcj02(116.4, 39.9)
    bd = datum.wgs84_to_bd09(116.4, 39.9)
    assert datum.to_wgs84(*gcj, "gcj02") == pytest.approx((116.4, 39.9), abs=1e-11)
    assert datum.to_wgs84(*bd, "bd09") == pytest.approx((116.4, 39.9), abs=1e-11)
    assert datum.to_wgs84(116.4, 39.9, "cgcs2000") == (116.4, 39.9)
    with pytest.raises(DatumError) as caught:
        datum.to_wgs84(116.4, 39.9, "wgs72")  # type: ignore[arg-type]
    assert caught.value.code == "datum_unknown"
    assert caught.value.facts == {"datum": "wgs72"}


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(DatumError) as caught:
        datum.wgs84_to_gcj02(np.zeros(2), np.zeros(3))
    assert caught.value.code == "datum_shapes_differ"
