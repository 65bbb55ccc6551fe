"""Faults of shapes and their codes, repairs that lose nothing, areas and lengths on the ellipsoid."""

from __future__ import annotations

import math
import string

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from shapely.geometry import LineString, MultiPolygon, Point, Polygon

from geodata import geometry
from geodata.errors import GeometryError
from geodata.geometry import (
    area_m2,
    check,
    check_rings,
    extent,
    length_m,
    point_on_surface,
    polygons_in,
    repair,
    to_multipolygon,
)
from gridsvc.i18n import LOCALES, catalogue

SQUARE = "(110 23, 110.01 23, 110.01 23.01, 110 23.01, 110 23)"
HOLE = "(110.002 23.002, 110.002 23.004, 110.004 23.004, 110.004 23.002, 110.002 23.002)"
BOW_TIE = "POLYGON((110 23, 110.01 23.01, 110.01 23, 110 23.01, 110 23))"
# A ring that crosses itself in a nick of a centimetre, one that comes back to a vertex, and one that runs out and back.
START = "110 23, 110.01 23, 110.01 23.01"
NICK = (
    f"POLYGON(({START}, 110.005 23.01, 110.0049999 23.0100001, 110.005 23.0100001, 110.0049999 23.0099999, "
    "110 23.01, 110 23))"
)
TOUCH = f"POLYGON(({START}, 110.005 23.015, 110.007 23.02, 110.003 23.02, 110.005 23.015, 110 23.01, 110 23))"
SPIKE = f"POLYGON(({START}, 110.005 23.01, 110.005 23.02, 110.005 23.01, 110 23.01, 110 23))"
SHARED_EDGE = f"MULTIPOLYGON(({SQUARE}), ((110.01 23, 110.02 23, 110.02 23.01, 110.01 23.01, 110.01 23)))"
with np.errstate(invalid="ignore"):
    NAN, INF = shapely.from_wkt([f"POLYGON((110 23, {x} 23, 110 24, 110 23))" for x in ("nan", "inf")])

FAULTS = [
    (None, "geometry_missing"),
    (Polygon(), "geometry_empty"),
    (shapely.GeometryCollection(), "geometry_empty"),
    (Point(110, 23), "geometry_wrong_type"),
    (LineString([(110, 23), (111, 23), (110, 24), (110, 23)]), "geometry_wrong_type"),
    (NAN, "geometry_not_finite"),
    (INF, "geometry_not_finite"),
    (Polygon([(110, 23), (111, 23), (110, 95), (110, 23)]), "geometry_out_of_range"),
    (Polygon([(180, 23), (190, 23), (185, 25), (180, 23)]), "geometry_out_of_range"),
    (Polygon([(500_000, 23), (500_100, 23), (500_000, 24), (500_000, 23)]), "geometry_out_of_range"),
    (Polygon([(-179.8, -18), (177.9, -18), (177.9, -16), (-179.8, -16)]), "geometry_spans_antimeridian"),
    (Polygon([(110, 23), (110.1, 23), (110, 23), (110, 23)]), "geometry_too_few_points"),
    (shapely.from_wkt(BOW_TIE), "geometry_self_crossing"),
    (shapely.from_wkt(SPIKE), "geometry_self_crossing"),
    (shapely.from_wkt(SHARED_EDGE), "geometry_self_crossing"),
    (shapely.from_wkt(f"POLYGON({SQUARE}, (112 23, 113 23, 113 24, 112 23))"), "geometry_hole_outside"),
    (shapely.from_wkt(f"MULTIPOLYGON(({SQUARE}), ({HOLE}))"), "geometry_parts_overlap"),
    (
        shapely.from_wkt(
            f"POLYGON({SQUARE}, {HOLE}, (110.0025 23.0025, 110.003 23.0025, 110.003 23.003, 110.0025 23.0025))"
        ),
        "geometry_parts_overlap",
    ),
    (
        shapely.from_wkt("POLYGON((0 0, 4 0, 4 4, 0 4, 0 0), (0 2, 2 0, 4 2, 2 4, 0 2))"),
        "geometry_interior_split",
    ),
]


@pytest.mark.parametrize(("geom", "code"), FAULTS, ids=[f"{n}-{code}" for n, (_, code) in enumerate(FAULTS)])
def test_faults(geom: shapely.Geometry | None, code: str) -> None:
    assert [fault.code for fault in check(geom)] == [code]


def test_a_fault_says_where() -> None:
    assert check(shapely.from_wkt(BOW_TIE))[0].facts == {"lon": 110.005, "lat": 23.005}
    assert check(Polygon([(110, 23), (111, 23), (110, 95), (110, 23)]))[0].facts == {"lon": 110.0, "lat": 95.0}
    assert check(Point(1, 2))[0].facts == {"found": "Point", "wanted": "Polygon / MultiPolygon"}
    assert check(NAN)[0].facts == {"n_positions": 1}


def test_good_ones_pass() -> None:
    assert check(shapely.from_wkt(f"POLYGON({SQUARE}, {HOLE})")) == ()
    assert check(shapely.from_wkt("MULTIPOLYGON Z(((110 23 5, 111 23 5, 110 24 5, 110 23 5)))")) == ()
    assert check(shapely.box(-180, -90, 0, 90)) == ()
    assert check(Point(180, -90), "point") == ()
    assert check(LineString([(110, 23), (111, 23)]), "line") == ()


def test_other_kinds() -> None:
    assert check(shapely.box(0, 0, 1, 1), "point")[0].code == "geometry_wrong_type"
    assert check(Point(), "point")[0].code == "geometry_empty"
    assert check(Point(200, 0), "point")[0].code == "geometry_out_of_range"
    assert check(LineString([(110, 23), (110, 23)]), "line")[0].code == "geometry_too_few_points"


def test_rings_as_a_file_writes_them() -> None:
    square = [[0, 0], [1, 0], [1, 1], [0, 0]]
    assert check_rings([square]) == ()
    assert check_rings([square, [[0, 0, 7], [1, 0, 7], [1, 1, 7], [0, 0, 8]]]) == ()
    assert [(f.code, f.facts) for f in check_rings([square, [[0, 0], [1, 0], [1, 1], [0, 1]]])] == [
        ("ring_unclosed", {"ring": 2})
    ]
    for ring in ([], [[0, 0]], [[0, 0], [1, 1], [0, 0]], [[0, 0], [1, 1], [0, 0], [0, 0]]):
        assert [fault.code for fault in check_rings([ring])] == ["ring_too_few_points"]


@pytest.mark.parametrize("wkt", [NICK, TOUCH, SPIKE, SHARED_EDGE])
def test_repair_where_nothing_is_lost(wkt: str) -> None:
    broken = shapely.from_wkt(wkt)
    assert not broken.is_valid
    repaired = repair(broken)
    assert repaired.geom.is_valid
    assert repaired.geom.geom_type == "MultiPolygon"
    (change,) = repaired.changes
    assert change.code == "geometry_repaired"
    assert change.facts["cause"] == "geometry_self_crossing"
    assert change.facts["before_m2"] == round(repaired.before_m2, 2)
    assert change.facts["after_m2"] == round(repaired.after_m2, 2)
    assert {"lon", "lat"} <= change.facts.keys()
    assert repaired.after_m2 == pytest.approx(area_m2(repaired.geom))
    assert repaired.after_m2 == pytest.approx(repaired.before_m2, rel=geometry.MAX_CHANGE_SHARE)
    assert not check(repaired.geom)


def test_a_good_shape_is_left_alone() -> None:
    shape = shapely.from_wkt(f"POLYGON({SQUARE}, {HOLE})")
    repaired = repair(shape)
    assert repaired.changes == ()
    assert repaired.geom == MultiPolygon([shape])
    assert repaired.before_m2 == repaired.after_m2 == area_m2(shape)


def test_heights_and_collections_are_said() -> None:
    flat = repair(shapely.from_wkt("POLYGON Z((110 23 5, 110.1 23 5, 110 23.1 5, 110 23 5))"))
    assert [change.code for change in flat.changes] == ["geometry_heights_dropped"]
    assert not flat.geom.has_z
    nested = f"GEOMETRYCOLLECTION(POLYGON({SQUARE}), GEOMETRYCOLLECTION(POLYGON((111 23, 111.1 23, 111 23.1, 111 23))))"
    unwrapped = repair(shapely.from_wkt(nested))
    assert [(change.code, change.facts) for change in unwrapped.changes] == [("geometry_unwrapped", {"n_parts": 2})]


LOSSES = [
    (shapely.from_wkt(BOW_TIE), "geometry_repair_loses"),
    (shapely.from_wkt(f"POLYGON({SQUARE}, (112 23, 113 23, 113 24, 112 23))"), "geometry_repair_loses"),
    (shapely.from_wkt(f"MULTIPOLYGON(({SQUARE}), ({HOLE}))"), "geometry_repair_loses"),
    (shapely.from_wkt("POLYGON((110 23, 111 23, 112 23, 110 23))"), "geometry_collapsed"),
    (shapely.from_wkt(f"GEOMETRYCOLLECTION(POLYGON({SQUARE}), LINESTRING(0 0, 1 1))"), "geometry_wrong_type"),
]


@pytest.mark.parametrize(
    ("geom", "code"), LOSSES + [(geom, code) for geom, code in FAULTS if code not in geometry._REPAIRABLE]
)
def test_what_would_lose_something_is_refused(geom: shapely.Geometry | None, code: str) -> None:
    with pytest.raises(GeometryError) as caught:
        repair(geom)
    assert caught.value.code == code


def test_lobes_that_cancel_each_other_are_refused() -> None:
    # One lobe runs backwards (its area counts twice too little), one piece is wound around twice (counts once too
    # much): the signed area agrees with the repaired one by chance, the two readings of the ring do not.
    backwards = [(0, 0), (0, 1), (1, 0), (1, 1), (0, 0)]
    twice = [(0, 0), (-2, 0), (-2, -2), (0, -2), (0, 0), (-1.5, -0.5), (-1, -1), (0, 0)]
    shape = Polygon([(110 + x / 128, 23 + y / 128) for x, y in [*backwards, *twice[1:]]])
    assert shape.area == pytest.approx(shapely.make_valid(shape, method="structure").area)
    with pytest.raises(GeometryError) as caught:
        repair(shape)
    assert caught.value.code == "geometry_repair_loses"


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=4, max_size=12),
    st.floats(0.0, 1.0),
)
def test_a_repair_is_valid_and_within_its_threshold_or_refused(ring: list[tuple[int, int]], share: float) -> None:
    shape = Polygon([(110 + x / 1000, 23 + y / 1000) for x, y in ring])
    try:
        repaired = repair(shape, max_change_share=share)
    except GeometryError as error:
        assert error.code in ("geometry_repair_loses", "geometry_collapsed", "geometry_too_few_points")  # noqa: PT017
        assert not shape.is_valid
        return
    assert repaired.geom.is_valid
    assert not check(repaired.geom)
    assert abs(repaired.geom.area - shape.area) <= share * max(repaired.geom.area, shape.area) + 1e-15
    assert bool(repaired.changes) == (not shape.is_valid)


def _quadrangle_m2(west: float, south: float, east: float, north: float) -> float:
    """The area between two meridians and two parallels of WGS 84, by the closed form of the authalic latitude."""
    a, f = 6378137.0, 1 / 298.257223563
    e = math.sqrt(f * (2 - f))
    b2 = (a * (1 - f)) ** 2

    def to_equator(lat: float) -> float:
        s = math.sin(math.radians(lat))
        return b2 / 2 * (s / (1 - (e * s) ** 2) + math.atanh(e * s) / e)

    return math.radians(east - west) * (to_equator(north) - to_equator(south))


@pytest.mark.parametrize(("lat", "inflation"), [(23.5, 1.19), (49.45, 2.36), (0.0, 1.0)])
def test_areas_against_the_closed_form(lat: float, inflation: float) -> None:
    box = (117.0, lat, 117.004, lat + 0.004)
    shape = shapely.box(*box)
    assert area_m2(shape) == pytest.approx(_quadrangle_m2(*box), rel=1e-8)
    assert area_m2(shape.reverse()) == area_m2(shape)
    mercator = shapely.transform(shape, Transformer.from_crs(4326, 3857, always_xy=True).transform, interleaved=False)
    assert mercator.area / area_m2(shape) == pytest.approx(inflation, abs=0.01)


def test_the_whole_quadrangle_of_beijing() -> None:
    # A degree each way: the parallels are cut into short edges, since long ones would be geodesics that bulge.
    box = shapely.segmentize(shapely.box(116.0, 39.0, 117.0, 40.0), 0.001)
    assert area_m2(box) == pytest.approx(_quadrangle_m2(116.0, 39.0, 117.0, 40.0), rel=1e-8)


def test_holes_and_parts_count() -> None:
    shape = shapely.from_wkt(f"POLYGON({SQUARE}, {HOLE})")
    shell, hole = shapely.from_wkt(f"POLYGON({SQUARE})"), shapely.from_wkt(f"POLYGON({HOLE})")
    assert area_m2(shape) == pytest.approx(area_m2(shell) - area_m2(hole), rel=1e-12)
    assert area_m2(MultiPolygon([shape, hole])) == pytest.approx(area_m2(shell), rel=1e-12)
    assert area_m2(Point(0, 0)) == area_m2(LineString([(0, 0), (1, 1)])) == area_m2(Polygon()) == 0.0


def test_lengths() -> None:
    # A degree of the equator; the first and the 49th degree of a meridian (published tables of WGS 84).
    assert length_m(LineString([(0, 0), (1, 0)])) == pytest.approx(111_319.4908, abs=1e-3)
    assert length_m(LineString([(117, 0), (117, 1)])) == pytest.approx(110_574.389, abs=1e-3)
    assert length_m(shapely.MultiLineString([[(117, 0), (117, 1)], [(0, 0), (1, 0)]])) == pytest.approx(
        221_893.88, abs=0.01
    )
    # Small circles around a centre at the two latitudes: r known, so is the way around and the area.
    for lat in (23.5, 49.45):
        ends = [geometry.WGS84_ELLIPSOID.fwd(117.0, lat, azimuth, 500.0)[:2] for azimuth in range(0, 360, 1)]
        circle = Polygon(ends)
        assert length_m(circle) == pytest.approx(2 * 500.0 * 360 * math.sin(math.pi / 360), rel=1e-6)
        assert area_m2(circle) == pytest.approx(500.0**2 * 180 * math.sin(math.pi / 180), rel=1e-6)
        assert length_m(LineString([(117.0, lat), ends[77]])) == pytest.approx(500.0, abs=1e-6)
    shape = shapely.from_wkt(f"POLYGON({SQUARE}, {HOLE})")
    rings = [LineString(ring.coords) for ring in (shape.exterior, *shape.interiors)]
    assert length_m(shape) == pytest.approx(sum(length_m(ring) for ring in rings))
    assert length_m(Point(0, 0)) == length_m(Polygon()) == 0.0


def test_point_on_surface() -> None:
    crescent = shapely.Point(110, 23).buffer(0.1).difference(shapely.Point(110.01, 23).buffer(0.099))
    lon, lat = point_on_surface(crescent)
    assert crescent.contains(Point(lon, lat))
    assert not crescent.contains(crescent.centroid)
    with pytest.raises(GeometryError) as caught:
        point_on_surface(Polygon())
    assert caught.value.code == "geometry_empty"


def test_extent() -> None:
    found = extent([shapely.box(117, 49, 117.01, 49.01), None, Point(117.02, 48.99), Polygon()])
    assert found is not None
    assert (found.west, found.south, found.east, found.north) == (117.0, 48.99, 117.02, 49.01)
    assert found.width_m == pytest.approx(0.02 * 111_319.49 * math.cos(math.radians(49)), rel=2e-3)
    assert found.height_m == pytest.approx(0.02 * 111_210, rel=1e-3)
    assert extent([]) is None
    assert extent([None, Polygon()]) is None
    world = extent([shapely.box(-180, -90, 180, 90)])
    assert world is not None
    assert world.width_m == pytest.approx(40_075_016.7, rel=0.01)


def test_polygons_among_others() -> None:
    mixed = shapely.from_wkt(f"GEOMETRYCOLLECTION(POINT(0 0), MULTIPOLYGON(({SQUARE})), LINESTRING(0 0, 1 1))")
    assert len(polygons_in(mixed).geoms) == 1
    with pytest.raises(GeometryError):
        to_multipolygon(mixed)
    assert to_multipolygon(Polygon()).is_empty


def _facts_of(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("locale", LOCALES)
def test_every_code_has_words_for_its_facts(locale) -> None:
    told = catalogue(locale)
    for geom, code in FAULTS:
        facts = check(geom)[0].facts
        assert _facts_of(told[f"error.{code}"]) <= facts.keys()
    for geom, code in LOSSES:
        with pytest.raises(GeometryError) as caught:
            repair(geom)
        assert _facts_of(told[f"error.{code}"]) <= caught.value.facts.keys()
    for wkt in (
        NICK,
        "POLYGON Z((110 23 5, 110.1 23 5, 110 23.1 5, 110 23 5))",
        f"GEOMETRYCOLLECTION(POLYGON({SQUARE}))",
    ):
        for change in repair(shapely.from_wkt(wkt)).changes:
            assert _facts_of(told[f"error.{change.code}"]) <= change.facts.keys()
    for ring in ([[0, 0]], [[0, 0], [1, 0], [1, 1], [0, 1]]):
        for fault in check_rings([ring]):
            assert _facts_of(told[f"error.{fault.code}"]) <= fault.facts.keys()
