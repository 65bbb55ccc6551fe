"""Ways on foot: along roads that meet or cross, straight where there is no way, on hand-made streets and the town's."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from geodata import streets, town, walking
from geodata.crs import FloatArray, local_metric
from geodata.errors import GeodataError

TO_METRES = Transformer.from_crs(4326, local_metric(111.3, 23.5), always_xy=True)
EAST_M, NORTH_M = TO_METRES.transform(111.3, 23.5)
Metres = Sequence[tuple[float, float]]


def lonlat(metres: Metres) -> FloatArray:
    """Positions in degrees of metres east and north of a place in the south of China."""
    where = np.asarray(metres, dtype=np.float64).reshape(-1, 2) + np.array((EAST_M, NORTH_M))
    return np.column_stack(TO_METRES.transform(where[:, 0], where[:, 1], direction="INVERSE"))


def road(*metres: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString(lonlat(metres))


def ways(roads: list[shapely.LineString], stops: Metres, **told: float) -> list[list[float]]:
    return np.round(streets.build(roads).distances_m(lonlat(stops), **told), 2).tolist()


def near(metres: float) -> object:
    return pytest.approx(metres, abs=0.12)  # roads are joined on a lattice of 0.1 m


def test_on_a_lattice_of_streets_a_way_is_as_long_as_its_blocks() -> None:
    lines = [road((0, 100.0 * k), (500, 100.0 * k)) for k in range(6)]
    lines += [road((100.0 * k, 0), (100.0 * k, 500)) for k in range(6)]  # they cross where neither has a corner
    rng = np.random.default_rng(8)
    stops = rng.integers(0, 6, (40, 2)) * 100.0
    blocks_m = np.abs(stops[:, None, :] - stops[None, :, :]).sum(axis=2)
    found_m = streets.build(lines).distances_m(lonlat(stops))
    np.testing.assert_allclose(found_m, blocks_m, atol=0.3)
    assert (found_m == found_m.T).all()
    assert (np.diag(found_m) == 0.0).all()


def test_legs_to_the_road_count() -> None:
    found = ways([road((0, 0), (1000, 0))], [(100, 20), (700, -30), (700, 10), (1040, 30)])
    assert found[0][1] == near(20 + 600 + 30)
    assert found[1][2] == near(40)
    assert found[0][3] == near(20 + 900 + 50)  # past the end of the road: to its end


def test_neighbours_off_the_road_need_not_go_out_to_it() -> None:
    found = ways([road((0, 0), (1000, 0))], [(500, 60), (530, 60), (800, 60)])
    assert found[0][1] == near(30 * streets.DETOUR)
    assert found[0][2] == near(60 + 300 + 60)


def test_roads_that_nearly_meet_are_joined_and_a_gap_is_none() -> None:
    spine, stops = road((0, 0), (400, 0)), [(0.0, 0.0), (200.0, 300.0)]
    for missed_m in (0.0, 0.04, 1.5, -1.5):
        assert ways([spine, road((200, missed_m), (200, 300))], stops)[0][1] == near(500)
    straight_m = np.hypot(200, 300) * streets.DETOUR
    assert ways([spine, road((200, 3), (200, 300))], stops)[0][1] == near(straight_m)


def test_where_no_road_is_near_the_way_is_straight() -> None:
    stops = [(0.0, 40.0), (600.0, 40.0)]
    assert ways([road((0, 0), (600, 0))], stops)[0][1] == near(680)
    assert ways([road((0, 0), (600, 0))], stops, snap_m=30.0)[0][1] == near(600 * streets.DETOUR)
    assert ways([], stops)[0][1] == near(600 * streets.DETOUR)


def test_of_two_ways_between_the_same_corners_the_shorter_one_counts() -> None:
    round_about = road((0, 0), (0, 400), (300, 400), (300, 0))
    for lines in ([round_about, road((0, 0), (300, 0))], [road((0, 0), (300, 0)), round_about]):
        assert ways(lines, [(-50, 0), (350, 0)])[0][1] == near(50 + 300 + 50)
    ring = road((0, 0), (0, 100), (100, 100), (100, 0), (0, 0))
    assert ways([ring], [(0, 50), (50, 0)])[0][1] == near(100)


def test_stops_at_one_place_and_no_stops() -> None:
    lines = [road((0, 0), (600, 0))]
    assert ways(lines, [(100, 10), (100, 10)]) == [[0.0, 0.0], [0.0, 0.0]]
    assert streets.build(lines).distances_m(np.empty((0, 2))).shape == (0, 0)
    assert ways(lines, [(5, 5)]) == [[0.0]]


def test_a_bend_is_walked_along() -> None:
    bent = road((0, 0), (100, 0), (100, 100), (0, 100))
    assert ways([bent], [(0, 0), (0, 100)])[0][1] == near(300)


def test_shapes_that_are_no_roads() -> None:
    multi = shapely.MultiLineString([road((0, 0), (200, 0)), road((200, 0), (200, 200))])
    assert ways([None, shapely.LineString(), multi], [(0, 0), (200, 200)])[0][1] == near(400)
    with pytest.raises(GeodataError) as caught:
        streets.build([shapely.Point(111.3, 23.5)])
    assert caught.value.code == "geometry_wrong_type"
    with pytest.raises(GeodataError) as caught:
        streets.build([road((0, 0), (600, 0))]).distances_m(np.array([[np.nan, 23.5]]))
    assert caught.value.code == "position_not_finite"


def test_a_walk_through_the_town() -> None:
    made = town.build(date(2026, 1, 1))
    doors = np.array(sorted({(home.lon, home.lat) for home in made.households}))
    stops = doors[np.random.default_rng(2).choice(len(doors), 300, replace=False)]
    begin_s = time.process_time()
    network = streets.build(made.roads.geometry)
    metres = network.distances_m(stops)
    assert time.process_time() - begin_s < 2.0
    straight_m = walking.straight_m(stops)
    assert np.isfinite(metres).all()
    assert (metres == metres.T).all()
    assert (metres >= straight_m * 0.999).all()
    far = straight_m > 200
    assert 1.2 < np.median(metres[far] / straight_m[far]) < 1.4
    by_road, as_crow = (walking.order(stops, given, start=0) for given in (metres, None))
    assert walking.length_m(by_road, metres) < 0.97 * walking.length_m(as_crow, metres)


def test_thousands_of_segments_in_seconds() -> None:
    lines = [road((0, 50.0 * k), (2000, 50.0 * k)) for k in range(41)]
    lines += [road((50.0 * k, 0), (50.0 * k, 2000)) for k in range(41)]
    stops = lonlat(np.random.default_rng(4).uniform(0, 2000, (300, 2)).tolist())
    begin_s = time.process_time()
    network = streets.build(lines)
    assert len(network.lines) == 2 * 41 * 40
    assert np.isfinite(network.distances_m(stops)).all()
    assert time.process_time() - begin_s < 2.0
