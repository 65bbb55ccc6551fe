"""Names of coordinate systems, longitude first, known positions, the metric system of a place."""

from __future__ import annotations

import pickle
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pyproj import CRS, Transformer

from geodata.crs import CrsRef, in_range, local_metric, parse_crs, to_lonlat
from geodata.datum import wgs84_to_bd09, wgs84_to_gcj02
from geodata.errors import CrsError
from geodata.geometry import WGS84_ELLIPSOID


@pytest.mark.parametrize(
    ("text", "name", "epsg", "datum"),
    [
        ("EPSG:4326", "wgs84", 4326, "wgs84"),
        ("4326", "wgs84", 4326, "wgs84"),
        ("wgs84", "wgs84", 4326, "wgs84"),
        (" WGS 84 ", "wgs84", 4326, "wgs84"),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "wgs84", 4326, "wgs84"),
        ("OGC:CRS84", "wgs84", 4326, "wgs84"),
        ("http://www.opengis.net/def/crs/OGC/1.3/CRS84", "wgs84", 4326, "wgs84"),
        ("cgcs2000", "cgcs2000", 4490, "cgcs2000"),
        ("epsg:4490", "cgcs2000", 4490, "cgcs2000"),
        ("GCJ-02", "gcj02", None, "gcj02"),
        ("gcj02", "gcj02", None, "gcj02"),
        ("BD09", "bd09", None, "bd09"),
        ("bd09ll", "bd09", None, "bd09"),
        ("EPSG:2056", "EPSG:2056", 2056, "wgs84"),
        ("3435", "EPSG:3435", 3435, "wgs84"),
        ("urn:ogc:def:crs:EPSG::4549", "EPSG:4549", 4549, "cgcs2000"),
        ("http://www.opengis.net/def/crs/EPSG/0/4525", "EPSG:4525", 4525, "cgcs2000"),
    ],
)
def test_names(text: str, name: str, epsg: int | None, datum: str) -> None:
    assert parse_crs(text) == CrsRef(name, epsg, datum)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "foo", "EPSG:", "EPSG:999999", "EPSG:-1", "+proj=longlat", "火星", "bd09mc"])
def test_unknown_names(text: str) -> None:
    with pytest.raises(CrsError) as caught:
        parse_crs(text)
    assert caught.value.code == "crs_unknown"


def test_a_proj_string_cannot_name_a_file() -> None:
    for text in ("+proj=longlat +nadgrids=/etc/passwd", "+init=/etc/passwd:1", "/etc/passwd", "PROJCS[" * 9000):
        with pytest.raises(CrsError) as caught:
            parse_crs(text)
        assert caught.value.code == "crs_unknown"
        assert len(str(caught.value.facts["crs"])) <= 80


@pytest.mark.parametrize("text", ["EPSG:5773", "EPSG:4978", "EPSG:4979"])
def test_heights_and_geocentric_are_refused(text: str) -> None:
    with pytest.raises(CrsError) as caught:
        parse_crs(text)
    assert caught.value.code == "crs_not_horizontal"


@pytest.mark.parametrize("version", ["WKT1_ESRI", "WKT2_2019", "WKT1_GDAL"])
@pytest.mark.parametrize("epsg", [3435, 4549, 4490, 2056, 4326, 32650])
def test_wkt_of_a_prj_file(epsg: int, version: str) -> None:
    ref = parse_crs(CRS.from_epsg(epsg).to_wkt(version))
    known = parse_crs(f"EPSG:{epsg}")
    assert ref.epsg in (epsg, None)
    assert ref.datum == known.datum
    x, y = (0.0, 0.0) if CRS.from_epsg(epsg).is_geographic else (500_000.0, 3_000_000.0)
    np.testing.assert_allclose(to_lonlat([x], [y], ref), to_lonlat([x], [y], known), atol=1e-9)


def test_wkt_without_a_code() -> None:
    wkt = CRS.from_proj4("+proj=tmerc +lat_0=0 +lon_0=117.25 +x_0=500000 +ellps=GRS80 +units=m").to_wkt("WKT1_ESRI")
    ref = parse_crs(wkt)
    assert ref.epsg is None
    assert ref.name
    lon, lat = to_lonlat(np.array([500_000.0]), np.array([0.0]), ref)
    assert (lon[0], lat[0]) == pytest.approx((117.25, 0.0), abs=1e-9)


def test_known_positions() -> None:
    # The origin of the Swiss grid as its survey publishes it: 7 26 19.077 E, 46 57 03.898 N.
    lon, lat = to_lonlat(np.array([2_600_000.0]), np.array([1_200_000.0]), parse_crs("EPSG:2056"))
    assert (lon[0], lat[0]) == pytest.approx((7 + 26 / 60 + 19.077 / 3600, 46 + 57 / 60 + 3.898 / 3600), abs=3e-7)
    # The central meridian of a 3-degree zone: the northing is the arc of the meridian, 3,320,113.398 m at 30 N.
    for epsg, easting in ((4549, 500_000.0), (4528, 40_500_000.0)):
        lon, lat = to_lonlat(np.array([easting]), np.array([3_320_113.398]), parse_crs(str(epsg)))
        assert (lon[0], lat[0]) == pytest.approx((120.0, 30.0), abs=1e-8)


@pytest.mark.parametrize("name", ["wgs84", "cgcs2000", "EPSG:4258"])
def test_longitude_comes_first_whatever_the_crs_says(name: str) -> None:
    lon, lat = to_lonlat(np.array([116.4]), np.array([39.9]), parse_crs(name))
    assert (lon[0], lat[0]) == pytest.approx((116.4, 39.9), abs=1e-6)


def test_shifted_ones_are_shifted_back() -> None:
    for name, shift in (("gcj02", wgs84_to_gcj02), ("bd09", wgs84_to_bd09)):
        there = shift(np.array([116.4, 8.5]), np.array([39.9, 47.4]))
        lon, lat = to_lonlat(*there, parse_crs(name))
        np.testing.assert_allclose((lon, lat), ([116.4, 8.5], [39.9, 47.4]), rtol=0, atol=1e-10)


def test_rows_without_an_answer_are_nan() -> None:
    x = np.array([500_000.0, np.nan, 1e30, 500_000.0, np.inf])
    y = np.array([4_418_000.0, 4_418_000.0, 0.0, np.nan, 0.0])
    lon, lat = to_lonlat(x, y, parse_crs("4548"))
    assert np.isfinite(lon).tolist() == np.isfinite(lat).tolist() == [True, False, False, False, False]
    for name in ("wgs84", "gcj02", "cgcs2000"):
        lon, lat = to_lonlat(np.array([np.inf, 1.0]), np.array([1.0, np.nan]), parse_crs(name))
        assert np.isnan(lon).all()
        assert np.isnan(lat).all()


@pytest.mark.parametrize(
    ("name", "x", "y", "taken"),
    [
        ("EPSG:3857", 1e9, 1e9, False),
        ("EPSG:3857", 12_245_143.0, 2_632_018.0, True),
        ("EPSG:4549", 3e6, 4_418_000.0, False),
        ("EPSG:4549", -200_000.0, 4_418_000.0, False),  # 111.8 E
        ("EPSG:4549", 244_000.0, 4_418_000.0, True),  # 117 E: the zone's border, and used beyond it
        ("EPSG:4545", 530_000.0, 1_056_000.0, True),  # an island in the south
        ("EPSG:32650", 500_000.0, 1.2e7, False),
        ("EPSG:2056", 0.0, 0.0, False),
    ],
)
def test_beyond_the_area_of_a_projection_is_no_position(name: str, x: float, y: float, taken: bool) -> None:
    lon, lat = to_lonlat(np.array([x]), np.array([y]), parse_crs(name))
    assert (bool(np.isfinite(lon[0])), bool(np.isfinite(lat[0]))) == (taken, taken)


def test_input_is_not_written_to() -> None:
    x, y = np.array([116.4]), np.array([39.9])
    for name in ("wgs84", "gcj02", "cgcs2000", "EPSG:3857"):
        out, _ = to_lonlat(x, y, parse_crs(name))
        assert (x[0], y[0]) == (116.4, 39.9)
        assert out is not x


def test_in_range() -> None:
    lon = np.array([180.0, -180.0, 180.1, 0.0, np.nan, 0.0])
    lat = np.array([90.0, -90.0, 0.0, 95.0, 0.0, np.nan])
    assert in_range(lon, lat).tolist() == [True, True, False, False, False, False]


@lru_cache
def _forward(name: str) -> Transformer:
    return Transformer.from_crs("EPSG:4326", name, always_xy=True)


@settings(deadline=None, max_examples=25)
@given(lon=st.floats(73.5, 135.0), lat=st.floats(4.0, 54.0))
def test_round_trip_through_the_local_metric(lon: float, lat: float) -> None:
    assume(lon < 133.5 or lat > 6.0)  # the easternmost zone is made for the land far north of that corner of the sea
    metric = local_metric(lon, lat)
    forward = _forward(metric.srs)
    x, y = forward.transform(lon, lat)
    back = to_lonlat(np.array([x]), np.array([y]), parse_crs(metric.srs))
    assert (back[0][0], back[1][0]) == pytest.approx((lon, lat), abs=1e-9)
    # A kilometre to the north-east measures a kilometre: the zone is the right one.
    end_lon, end_lat, _ = WGS84_ELLIPSOID.fwd(lon, lat, 45.0, 1000.0)
    x2, y2 = forward.transform(end_lon, end_lat)
    assert np.hypot(x2 - x, y2 - y) == pytest.approx(1000.0, abs=0.5)


@pytest.mark.parametrize(
    ("lon", "lat", "epsg"),
    [
        (116.4, 39.9, 4548),
        (111.3, 23.5, 4546),
        (114.0, 22.6, 4547),
        (120.0, 30.0, 4549),
        (72.1, 39.0, 4534),
        (137.8, 40.0, 4554),
        (8.54, 47.37, 32632),
        (-87.63, 41.88, 32616),
        (-70.6, -33.4, 32719),
        (180.0, 10.0, 32660),
        (-180.0, 10.0, 32601),
        (105.0, 0.5, 32648),
    ],
)
def test_local_metric(lon: float, lat: float, epsg: int) -> None:
    assert local_metric(lon, lat).to_epsg() == epsg


@pytest.mark.parametrize(
    ("lon", "lat"), [(181.0, 0.0), (0.0, 85.0), (0.0, -81.0), (float("nan"), 0.0), (0.0, float("nan"))]
)
def test_no_local_metric_off_the_map(lon: float, lat: float) -> None:
    with pytest.raises(CrsError) as caught:
        local_metric(lon, lat)
    assert caught.value.code == "position_out_of_range"


def test_errors_say_code_and_facts_and_travel_between_processes() -> None:
    error = CrsError("crs_unknown", crs="x")
    assert str(error) == "crs unknown (crs='x')"
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - made here
    assert (type(again), again.code, again.facts) == (CrsError, "crs_unknown", {"crs": "x"})
