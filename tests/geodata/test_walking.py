"""Walking order: the shortest walk by an oracle, long ones, what may not be, and the order inside a building."""

from __future__ import annotations

import time
from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse.csgraph import shortest_path

from bench.walking import REFERENCE_M, big
from geodata import town, walking
from geodata.crs import FloatArray
from geodata.errors import GeodataError

MIDDLE = (111.3, 23.5)


def shortest_m(metres: FloatArray, start: int | None) -> float:
    """The least length of all open walks, by dynamic programming over sets of visited stops."""
    n = len(metres)
    best = np.full((1 << n, n), np.inf)
    for first in range(n) if start is None else (start,):
        best[1 << first, first] = 0.0
    for visited in range(1, 1 << n):
        onward: NDArray[np.float64] = (best[visited][:, None] + metres).min(axis=0)
        for stop in range(n):
            if not visited >> stop & 1:
                best[visited | 1 << stop, stop] = min(best[visited | 1 << stop, stop], onward[stop])
    return float(best[-1].min())


def made(rng: np.random.Generator, n: int, spread_deg: float = 0.01) -> FloatArray:
    """Stops of one of three kinds: scattered, in yards, or in rows along a street with some of them at one place."""
    kind = rng.integers(3)
    if kind == 0:
        return rng.uniform(-spread_deg, spread_deg, (n, 2)) + MIDDLE
    if kind == 1:
        yards = rng.uniform(-spread_deg, spread_deg, (max(1, n // 4), 2))
        return yards[rng.integers(len(yards), size=n)] + rng.normal(0, spread_deg / 20, (n, 2)) + MIDDLE
    rows = np.column_stack([rng.integers(0, 8, n), rng.integers(0, 3, n)]) * spread_deg / 8
    return rows + MIDDLE


@pytest.mark.parametrize("hundred", range(4))
def test_small_walks_are_the_shortest(hundred: int) -> None:
    rng = np.random.default_rng(20261121 + hundred)
    longer = []
    for number in range(50):
        n = int(rng.integers(1, 13)) if number % 5 else 12
        stops = made(rng, n)
        start = int(rng.integers(n)) if number % 2 else None
        metres = walking.straight_m(stops)
        if number % 3 == 0:  # as on roads: longer ways, but never longer than by way of another stop
            metres = shortest_path(metres * rng.uniform(1.0, 2.0, (n, n)), directed=False)
        walk = walking.order(stops, metres, start=start)
        assert sorted(walk) == list(range(n))
        assert start is None or walk[0] == start
        least_m, walked_m = shortest_m(metres, start), walking.length_m(walk, metres)
        assert least_m - 1e-6 <= walked_m <= 1.02 * least_m + 1e-6
        longer.append(walked_m > least_m + 1e-6)
    assert sum(longer) <= 2


@pytest.mark.parametrize("name", REFERENCE_M)
def test_300_stops_in_seconds(name: str) -> None:
    stops, metres = big(name)
    begin_s = time.process_time()
    walk = walking.order(stops, metres, start=0)
    assert time.process_time() - begin_s <= 5.0
    assert sorted(walk) == list(range(300))
    walked_m = walking.length_m(walk, metres)
    assert REFERENCE_M[name] * 0.995 <= walked_m <= REFERENCE_M[name] * 1.05


def test_walks_are_the_same_every_time_and_straight_by_default() -> None:
    stops = made(np.random.default_rng(3), 80)
    walk = walking.order(stops, start=7)
    assert walk == walking.order(stops, walking.straight_m(stops), start=7)
    assert walk[0] == 7
    by_chance_m = walking.length_m(list(range(80)), walking.straight_m(stops))
    assert walking.length_m(walk, walking.straight_m(stops)) < by_chance_m / 2


def test_straight_metres_are_geodesic_metres() -> None:
    east, north = walking.straight_m(np.array([[8.54, 47.37], [8.55, 47.37], [8.54, 47.38]]))[0, 1:]
    assert east == pytest.approx(755.5, rel=1e-3)
    assert north == pytest.approx(1111.9, rel=1e-3)


def test_a_free_start_is_never_longer_than_a_fixed_one() -> None:
    rng = np.random.default_rng(11)
    for _ in range(5):
        stops = made(rng, 25)
        metres = walking.straight_m(stops)
        free_m = walking.length_m(walking.order(stops), metres)
        assert free_m <= min(walking.length_m(walking.order(stops, start=s), metres) for s in (0, 9, 24)) * 1.01


def test_stops_at_one_place_stay_together_in_their_order() -> None:
    here, there, beyond = (111.3, 23.5), (111.31, 23.5), (111.32, 23.5)
    stops = np.array([there, here, beyond, there, here, there])
    assert walking.order(stops, start=1) == [1, 4, 0, 3, 5, 2]
    assert walking.order(stops, start=4) == [4, 1, 0, 3, 5, 2]
    assert walking.order(np.array([here] * 4), start=2) == [2, 0, 1, 3]
    assert walking.order(np.array([here] * 4)) == [0, 1, 2, 3]


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5])
def test_few_stops(n: int) -> None:
    stops = np.column_stack([MIDDLE[0] + np.array([3, 1, 2, 0, 4])[:n] * 0.01, np.full(n, MIDDLE[1])])
    whole = [[], [0], [0, 1], [1, 2, 0], [3, 1, 2, 0], [3, 1, 2, 0, 4]][n]
    assert walking.order(stops) in (whole, whole[::-1])
    for start in range(n):
        walk = walking.order(stops, start=start)
        assert (walk[0], sorted(walk)) == (start, list(range(n)))


def test_many_stops_are_walked_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    stops = np.random.default_rng(5).uniform(-0.01, 0.01, (240, 2)) + MIDDLE
    metres = walking.straight_m(stops)
    at_once = walking.order(stops, start=17)
    monkeypatch.setattr(walking, "MOST_AT_ONCE", 60)
    parts = walking.order(stops, start=17)
    assert parts == walking.order(stops, metres, start=17)
    assert parts[0] == 17
    assert sorted(parts) == list(range(240)) == sorted(walking.order(stops))
    assert walking.length_m(parts, metres) < 1.25 * walking.length_m(at_once, metres)


def test_what_is_no_walk_is_refused() -> None:
    stops = np.array([[111.3, 23.5], [111.31, 23.5], [111.32, 23.5]])
    metres = walking.straight_m(stops)
    one_way, cut = metres.copy(), metres.copy()
    one_way[0, 1] += 50.0
    cut[0, 1] = cut[1, 0] = np.inf
    for wrong, words in ((one_way, "direction"), (cut, "finite"), (-metres, "negative"), (metres[:2], "shape")):
        with pytest.raises(ValueError, match=words):
            walking.order(stops, wrong)
    with pytest.raises(ValueError, match="start 3 of 3"):
        walking.order(stops, start=3)
    stops[1, 0] = np.nan
    with pytest.raises(GeodataError) as caught:
        walking.order(stops)
    assert caught.value.code == "position_not_finite"


def test_inside_a_building_from_the_top_down() -> None:
    rows = [
        ("10号楼", "1单元", "101"),
        ("2号楼", "2单元", "301"),
        ("2号楼", "1单元", "西户"),
        ("2号楼", "1单元", "102"),
        ("2号楼", "1单元", "无"),
        ("2号楼", "１单元", "１２０３室"),
        ("2号楼", "1单元", "101"),
        ("2号楼", "无", "901"),
        ("2号楼", "1单元", "负101"),
        ("2号楼", "10单元", "301"),
        ("2号楼", "1单元", "1201"),
        ("", "", ""),
    ]
    assert [" ".join(rows[index]) for index in walking.doors(rows)] == [
        "2号楼 1单元 1201",
        "2号楼 １单元 １２０３室",
        "2号楼 1单元 101",
        "2号楼 1单元 102",
        "2号楼 1单元 负101",
        "2号楼 1单元 西户",
        "2号楼 1单元 无",
        "2号楼 2单元 301",
        "2号楼 10单元 301",
        "2号楼 无 901",
        "10号楼 1单元 101",
        "  ",
    ]
    assert walking.doors([]) == []
    same = [("1号楼", "1单元", "101")] * 3
    assert walking.doors(same) == [0, 1, 2]


def test_the_towns_buildings_from_the_top_down() -> None:
    homes = town.build(date(2026, 1, 1)).households
    rows = [(home.building, home.unit, home.room) for home in homes if home.compound_ref == homes[0].compound_ref]
    told = [rows[index] for index in walking.doors(rows)]
    assert sorted(told) == sorted(rows)
    for (building, unit, room), (next_building, next_unit, next_room) in pairwise(told):
        if (building, unit) == (next_building, next_unit):
            assert (walking.floor(room) or -9) >= (walking.floor(next_room) or -9)
    assert len({(building, unit) for building, unit, _ in told}) == 1 + sum(
        one[:2] != two[:2] for one, two in pairwise(told)
    )


@pytest.mark.parametrize(
    ("room", "told"),
    [
        ("501", 5), ("1203", 12), ("0501", 5), ("５０１", 5), ("501室", 5), ("A501", 5), ("501-1", 5), ("3-2-501", 5),
        ("18层", 18), ("5楼东", 5), ("12F", 12), ("-101", -1), ("负201", -2), ("地下1层", -1), ("12", None), ("012", None),
        ("20501", None), ("", None), ("无", None), ("西户", None), ("不详", None),
    ],
)  # fmt: skip
def test_floors(room: str, told: int | None) -> None:
    assert walking.floor(room) == told


def test_the_curve_along_which_many_stops_are_cut_goes_from_each_place_to_one_beside_it() -> None:
    side = np.arange(64.0)
    places = np.column_stack([axis.ravel() for axis in np.meshgrid(side, side)])
    along = walking._along_curve(places)
    assert len(set(along.tolist())) == len(places)
    steps = np.abs(np.diff(places[np.argsort(along)], axis=0)).sum(axis=1)
    assert (steps == 1).all()
    assert walking._along_curve(np.array([[3.0, 4.0], [3.0, 4.0]])).tolist() == [0, 0]
