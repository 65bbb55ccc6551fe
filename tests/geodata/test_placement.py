"""The rule of placement holds on random partitions, and the quick way gives what the plain way gives."""

from __future__ import annotations

import dataclasses
import math
import string
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon

from geodata.errors import GeometryError
from geodata.geometry import WGS84_ELLIPSOID
from geodata.placement import BORDER_DEG, Confidence, Grid, Placement, accuracy_disc, confidence, place, place_many
from gridsvc.i18n import LOCALES, catalogue

WEST, SOUTH, STEP = 111.3, 23.5, 0.002


def box(code: str, i: float, j: float, i2: float, j2: float, layer: str = "base") -> Grid:
    """A rectangle in steps of 0.002 degrees (about 200 m)."""
    shape = shapely.box(WEST + i * STEP, SOUTH + j * STEP, WEST + i2 * STEP, SOUTH + j2 * STEP)
    return Grid(code, code, layer, shape)  # type: ignore[arg-type]


def at(i: float, j: float) -> tuple[float, float]:
    return WEST + i * STEP, SOUTH + j * STEP


@st.composite
def towns(draw: st.DrawFn) -> list[Grid]:
    """A jittered lattice with shuffled codes; cells are missing, holed, drawn over, thinned or dedicated too."""
    n = draw(st.integers(2, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    corner = np.stack(np.meshgrid(np.arange(n + 1.0), np.arange(n + 1.0), indexing="ij"), axis=-1)
    corner[1:-1, 1:-1] += rng.uniform(-0.3, 0.3, (n - 1, n - 1, 2))
    corner = corner * STEP + (WEST, SOUTH)
    codes = iter(rng.permutation([f"{number:02d}" for number in range(3 * n * n)]))
    town = []
    for i in range(n):
        for j in range(n):
            shape = Polygon([corner[i, j], corner[i + 1, j], corner[i + 1, j + 1], corner[i, j + 1]])
            what = draw(st.sampled_from(["plain", "plain", "plain", "missing", "hole", "thin", "twice", "dedicated"]))
            if what == "hole":
                shape = shape.difference(shape.centroid.buffer(STEP / 7, quad_segs=3))
            if what == "thin":
                shape = shape.buffer(-1e-6)
            if what == "twice":
                town.append(Grid(str(next(codes)), "", "base", shape.buffer(STEP / 5, join_style="mitre")))
            if what == "dedicated":
                town.append(Grid(str(next(codes)), "", "dedicated", shape.buffer(STEP / 9, join_style="mitre")))
            if what != "missing":
                town.append(Grid(str(next(codes)), "", "base", shape))
    return town


@st.composite
def positions(draw: st.DrawFn, town: list[Grid]) -> list[tuple[float, float]]:
    """Corners, points computed on edges, points around them and anywhere."""
    found = [at(draw(st.floats(-1, 4)), draw(st.floats(-1, 4))) for _ in range(5)]
    for grid in draw(st.lists(st.sampled_from(town), max_size=5)) if town else []:
        ring = shapely.get_coordinates(shapely.get_exterior_ring(shapely.get_parts(grid.geom)[0]))
        number = draw(st.integers(0, len(ring) - 2))
        a, b = ring[number], ring[number + 1]
        x, y = a + draw(st.sampled_from([0.0, 1.0, 0.5, 1 / 3, 0.77])) * (b - a)
        off = draw(st.sampled_from([0.0, 0.0, 1e-14, 1e-11, 1e-9, 1e-6, 1e-4, 1e-3]))
        turn = draw(st.floats(0, 2 * math.pi))
        found.append((float(x + off * math.cos(turn)), float(y + off * math.sin(turn))))
    return found


@settings(deadline=None, max_examples=150)
@given(data=st.data(), nearest_max_m=st.sampled_from([0.0, 0.001, 5.0, 50.0, 5000.0]))
def test_the_rule_on_random_towns(data: st.DataObject, nearest_max_m: float) -> None:
    town = data.draw(towns())
    points = data.draw(positions(town))
    shuffled = data.draw(st.permutations(town))
    lons, lats = np.array(points).T
    quick = place_many(lons, lats, shuffled, nearest_max_m)
    assert len(quick) == len(points)
    for (lon, lat), placed in zip(points, quick, strict=True):
        # The plain way gives the same, and the order of the grids never matters.
        assert place(lon, lat, town, nearest_max_m) == placed
        assert place(lon, lat, shuffled, nearest_max_m) == placed
        covering = [grid for grid in town if grid.geom.distance(Point(lon, lat)) <= BORDER_DEG]
        dedicated = [grid.code for grid in covering if grid.layer == "dedicated"]
        base = [grid.code for grid in covering if grid.layer == "base"]
        if placed.method == "covers":
            assert placed.code == min(dedicated or base)
            assert placed.layer == ("dedicated" if dedicated else "base")
            assert (placed.distance_m, placed.reason) == (0.0, None)
            continue
        assert not covering
        away_m = {grid.code: _away_m(lon, lat, grid.geom) for grid in town if grid.layer == "base"}
        if placed.method == "nearest":
            assert placed.layer == "base"
            assert placed.reason is None
            assert placed.distance_m == away_m[placed.code]
            assert 0.0 <= placed.distance_m <= nearest_max_m
            assert (placed.distance_m, placed.code) == min((metres, code) for code, metres in away_m.items())
        else:
            assert placed == Placement(None, None, "none", None, "outside")
            assert nearest_max_m == 0.0 or all(metres > nearest_max_m for metres in away_m.values())


def _away_m(lon: float, lat: float, shape: shapely.Geometry) -> float:
    """By hand, apart from the module: the least planar distance over all edges, then the metres to that point."""
    least = (math.inf, 0.0, 0.0)
    for ring in shapely.get_rings(shape):
        corners = shapely.get_coordinates(ring)
        for (ax, ay), (bx, by) in pairwise(corners):
            dx, dy = bx - ax, by - ay
            share = min(1.0, max(0.0, ((lon - ax) * dx + (lat - ay) * dy) / (dx * dx + dy * dy)))
            x, y = ax + share * dx, ay + share * dy
            least = min(least, (math.hypot(lon - x, lat - y), x, y))
    return round(WGS84_ELLIPSOID.inv(lon, lat, least[1], least[2])[2], 3)


def test_shared_edges_and_corners_go_to_the_lowest_code() -> None:
    town = [box("b", 0, 0, 1, 1), box("a", 1, 0, 2, 1), box("B", 0, 1, 1, 2), box("10", 1, 1, 2, 2)]
    for order in (town, town[::-1]):
        assert place(*at(1, 0.5), order).code == "a"
        assert place(*at(0.5, 1), order).code == "B"
        # By code point: digits, then capitals, then small letters.
        assert place(*at(1, 1), order).code == "10"
        assert place(*at(0, 0), order).code == "b"
        assert {p.method for p in place_many(*np.array([at(1, 0.5), at(1, 1)]).T, order)} == {"covers"}


def test_codes_compare_as_text() -> None:
    town = [box("9", 0, 0, 1, 1), box("10", 0, 0, 1, 1), box("é", 0, 0, 1, 1), box("网格", 0, 0, 1, 1)]
    assert place(*at(0.5, 0.5), town).code == "10"
    assert place(*at(0.5, 0.5), town[2:]).code == "é"


@settings(deadline=None)
@given(st.tuples(*[st.floats(0, 1)] * 4), st.floats(0, 1), st.sampled_from([0.0, 66.6, -120.0]))
def test_a_point_computed_on_a_shared_edge_lies_on_both(
    ends: tuple[float, float, float, float], share: float, shift: float
) -> None:
    # The edge runs at any slope from left to right; one grid lies above it, one below.
    x1, y1, x2, y2 = (WEST + shift + ends[0], SOUTH + ends[1], WEST + shift + 1.5 + ends[2], SOUTH + ends[3])
    above = Grid("1", "", "base", Polygon([(x1, y1), (x2, y2), (x2, SOUTH + 3), (x1, SOUTH + 3)]))
    below = Grid("2", "", "base", Polygon([(x1, y1), (x2, y2), (x2, SOUTH - 3), (x1, SOUTH - 3)]))
    for x, y in (
        (x1 + share * (x2 - x1), y1 + share * (y2 - y1)),
        (x1 * (1 - share) + x2 * share, y1 * (1 - share) + y2 * share),
    ):
        assert place(x, y, [below, above]) == Placement("1", "base", "covers", 0.0)
        assert place(x, y, [below]) == Placement("2", "base", "covers", 0.0)


def test_dedicated_goes_first() -> None:
    town = [box("1", 0, 0, 2, 2), box("2", 0.5, 0.5, 1, 1, "dedicated"), box("3", 0.5, 0.5, 1, 1, "dedicated")]
    assert place(*at(0.7, 0.7), town) == Placement("2", "dedicated", "covers", 0.0)
    assert place(*at(0.5, 0.5), town).code == "2"
    assert place(*at(0.2, 0.2), town).code == "1"
    # Only base grids reach beyond their border.
    assert place(*at(2.1, 1), [box("9", 0, 0, 2, 2, "dedicated")]).reason == "outside"
    assert place(*at(2.1, 1), [box("9", 0, 0, 2, 2, "dedicated"), box("1", 0, 0, 1.9, 2)]).code == "1"


def test_holes_and_gaps() -> None:
    ring = Grid("1", "", "base", shapely.difference(box("", 0, 0, 3, 3).geom, box("", 1, 1, 2, 2).geom))
    inside = place(*at(1.1, 1.5), [ring])
    assert (inside.method, inside.code) == ("nearest", "1")
    assert inside.distance_m == pytest.approx(0.1 * STEP * 111_320 * math.cos(math.radians(SOUTH + 0.003)), rel=1e-3)
    assert place(*at(1.5, 1.4), [ring], 50.0).reason == "outside"
    assert place(*at(1.1, 1.5), [ring, box("2", 1, 1, 2, 2)]).code == "2"
    # A sliver of 0.2 m between two: the nearer one, the lower code in the middle.
    gap = [box("2", 0, 0, 0.9995, 1), box("1", 1.0005, 0, 2, 1)]
    assert place(*at(0.9997, 0.5), gap).code == "2"
    assert place(*at(1.0003, 0.5), gap).code == "1"
    middle = place(*at(1.0, 0.5), gap)
    assert (middle.code, middle.method, middle.distance_m) == ("1", "nearest", 0.102)


def test_the_limit_counts_rounded_metres() -> None:
    town = [box("1", 0, 0, 1, 1)]
    lon, lat, _ = WGS84_ELLIPSOID.fwd(WEST + STEP, SOUTH + STEP / 2, 90.0, 10.0004)
    assert place(lon, lat, town, 10.0) == Placement("1", "base", "nearest", 10.0)
    lon, lat, _ = WGS84_ELLIPSOID.fwd(WEST + STEP, SOUTH + STEP / 2, 90.0, 10.0006)
    assert place(lon, lat, town, 10.0).reason == "outside"
    assert place(lon, lat, town, 10.001).distance_m == 10.001


def test_a_limit_of_zero_means_never() -> None:
    lon, lat = WEST + STEP + 1e-9, SOUTH + STEP / 2
    assert place(lon, lat, [box("1", 0, 0, 1, 1)], 0.0).reason == "outside"
    assert place(lon, lat, [box("1", 0, 0, 1, 1)], 0.001) == Placement("1", "base", "nearest", 0.0)


def test_a_border_is_thicker_than_rounding_and_no_more() -> None:
    for off, method in ((1e-13, "covers"), (1e-12, "none"), (1e-9, "none")):
        assert place(WEST - off, SOUTH + STEP / 2, [box("1", 0, 0, 1, 1)], 0.0).method == method


def test_no_position_no_grids() -> None:
    nothing = Placement(None, None, "none", None, "no_position")
    assert place(math.nan, 23.0, [box("1", 0, 0, 1, 1)]) == nothing
    assert place(111.0, math.inf, []) == nothing
    many = place_many(np.array([np.nan, WEST, WEST]), np.array([SOUTH, np.nan, SOUTH]), [box("1", 0, 0, 1, 1)])
    assert [placed.reason for placed in many] == ["no_position", "no_position", None]
    assert place_many(np.array([WEST]), np.array([SOUTH]), [])[0].reason == "outside"
    assert place_many(np.empty(0), np.empty(0), [box("1", 0, 0, 1, 1)]) == []


@pytest.mark.parametrize("lat", [0.0, 60.0, -75.0, 88.0, 89.9])
@pytest.mark.parametrize("lon", [-179.999, 0.0, 179.9995])
def test_nearest_far_north_and_at_the_date_line(lon: float, lat: float) -> None:
    # The box of the quick search must hold whatever the rule can reach.
    rng = np.random.default_rng(3)
    lons, lats = (
        np.clip(lon + rng.uniform(-0.01, 0.01, 40), -180, 180),
        np.clip(lat + rng.uniform(-1e-3, 1e-3, 40), -90, 90),
    )
    town = [
        Grid(str(n), "", "base", shapely.Point(x, y).buffer(1e-5))
        for n, (x, y) in enumerate(zip(lons, lats, strict=True))
    ]
    for metres in (30.0, 3000.0):
        assert place_many(lons + 2e-4, lats, town, metres) == [
            place(x, y, town, metres) for x, y in zip(lons + 2e-4, lats, strict=True)
        ]


@pytest.mark.parametrize("lat", [0.0, 47.0, -75.0, 85.0])
@pytest.mark.parametrize("metres", [0.5, 50.0, 20_000.0])
def test_the_limit_holds_in_every_direction(lat: float, metres: float) -> None:
    for azimuth in range(0, 360, 15):
        for share, method in ((0.995, "nearest"), (1.005, "none")):
            lon2, lat2, _ = WGS84_ELLIPSOID.fwd(20.0, lat, azimuth, metres * share)
            far = [Grid("1", "", "base", shapely.box(lon2, lat2, lon2 + 1e-12, lat2 + 1e-12))]
            assert place_many(np.array([20.0]), np.array([lat]), far, metres)[0].method == method
            assert place(20.0, lat, far, metres).method == method


def test_confidence_by_hand() -> None:
    town = [box("1", 0, 0, 1, 1), box("2", 1, 0, 2, 1), box("3", 0, 1, 2, 2)]
    assert confidence(*at(0.5, 0.5), 30.0, town, "1") == Confidence(1.0, ())
    assert confidence(*at(1, 0.5), 30.0, town, "1") == Confidence(0.5, (("2", 0.5),))
    assert confidence(*at(1, 1), 30.0, town, "1") == Confidence(0.25, (("3", 0.5), ("2", 0.25)))
    assert confidence(*at(1, 1), 30.0, town, "3") == Confidence(0.5, (("1", 0.25), ("2", 0.25)))
    # Half of it lies outside every grid; a grid that is not there has nothing; nobody was chosen.
    assert confidence(*at(0, 0.5), 30.0, town, "1") == Confidence(0.5, ())
    assert confidence(*at(0.5, 0.5), 30.0, town, "9") == Confidence(0.0, (("1", 1.0),))
    assert confidence(*at(0.5, 0.5), 30.0, town, None) == Confidence(0.0, (("1", 1.0),))
    assert confidence(*at(9, 9), 30.0, town, None) == Confidence(0.0, ())


def test_confidence_counts_no_ground_twice() -> None:
    town = [box("2", 0, 0, 2, 2), box("1", 0, 0, 2, 2), box("7", 1, 0, 2, 2, "dedicated")]
    assert confidence(*at(1, 1), 30.0, town, "7") == Confidence(0.5, (("1", 0.5),))
    four = [box(str(code), code / 40, -1, (code + 1) / 40, 1) for code in range(-6, 6)]
    found = confidence(*at(0.0125, 0), 30.0, four, "0")
    assert len(found.runners_up) == 3
    # Equal shares go by code.
    assert [code for code, _ in found.runners_up][:2] == ["-1", "1"]


@settings(deadline=None, max_examples=80)
@given(data=st.data(), accuracy_m=st.floats(1.0, 400.0))
def test_shares_add_up(data: st.DataObject, accuracy_m: float) -> None:
    town = data.draw(towns())
    lon, lat = at(data.draw(st.floats(-1, 4)), data.draw(st.floats(-1, 4)))
    placed = place(lon, lat, town)
    found = confidence(lon, lat, accuracy_m, town, placed.code)
    assert found == confidence(lon, lat, accuracy_m, data.draw(st.permutations(town)), placed.code)
    disc = accuracy_disc(lon, lat, accuracy_m)
    covered = shapely.union_all([grid.geom for grid in town]).intersection(disc).area / disc.area
    every = [confidence(lon, lat, accuracy_m, town, grid.code).share for grid in town]
    assert sum(every) == pytest.approx(covered, abs=1e-4 * len(town) + 1e-9)
    assert all(0.0 <= share <= 1.0 for share in every)
    others = sorted(
        ((-share, grid.code) for share, grid in zip(every, town, strict=True) if grid.code != placed.code and share > 0)
    )
    assert found.runners_up == tuple((code, -share) for share, code in others[:3])


def test_the_disc_measures_what_it_says() -> None:
    for lat in (0.0, 23.5, 49.45):
        disc = accuracy_disc(117.0, lat, 30.0)
        corners = shapely.get_coordinates(disc)
        assert len(corners) == 65
        assert tuple(corners[0]) == pytest.approx(
            (117.0 + 30.0 / 111_319.49079327358 / math.cos(math.radians(lat)), lat)
        )
        away_m = WGS84_ELLIPSOID.inv(np.full(65, 117.0), np.full(65, lat), corners[:, 0], corners[:, 1])[2]
        assert away_m.min() > 29.75
        assert away_m.max() < 30.1


@pytest.mark.parametrize("locale", LOCALES)
def test_confidence_refuses_what_has_no_disc(locale) -> None:
    for lon, lat, accuracy_m, code in (
        (111.0, 23.0, 0.0, "accuracy_not_positive"),
        (111.0, 23.0, -1.0, "accuracy_not_positive"),
        (111.0, 23.0, math.nan, "accuracy_not_positive"),
        (math.nan, 23.0, 30.0, "position_not_finite"),
    ):
        with pytest.raises(GeometryError) as caught:
            confidence(lon, lat, accuracy_m, [], None)
        assert caught.value.code == code
        words = string.Formatter().parse(catalogue(locale)[f"error.{code}"])
        assert {name for _, name, _, _ in words if name} <= caught.value.facts.keys()


def test_a_grid_is_not_changed_by_placing() -> None:
    grid = box("1", 0, 0, 1, 1)
    before = shapely.to_wkb(grid.geom)
    place_many(np.array([WEST]), np.array([SOUTH]), [grid])
    assert shapely.to_wkb(grid.geom) == before
    with pytest.raises(dataclasses.FrozenInstanceError):
        grid.code = "2"  # type: ignore[misc]
