"""The hotspots map's test: over every published area whoever asks, on rates where they are known, islands and gaps told."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
import shapely
from pyproj import CRS
from sqlalchemy import Connection, text

from geodata import hotspots as science
from geodata import weights
from geodata.hotspots import find
from gridsvc import hotspots, neighbours, stats
from gridsvc.grids import Rule
from gridsvc.hotspots import Query
from gridsvc.rules.roles import Actor
from tests.conftest import NOW
from tests.verbs.test_editions import STEP, publish, square, submit

ADMIN = Actor("admin")
WEEK = stats.Period(NOW - timedelta(days=7), NOW + timedelta(days=1), NOW + timedelta(hours=1))
SIDE = 6
N = SIDE * SIDE
COUNTS = np.random.default_rng(5).poisson(2, N)
COUNTS[[0, 1, 2, 6, 7, 8, 12, 13]] = [9, 8, 9, 8, 9, 9, 8, 9]
DOORS = np.random.default_rng(6).integers(30, 60, N)


# so many reports in the middle of each grid
REPORTED = """
WITH made AS (
  INSERT INTO report (source, number, state, category, channel, crs, raw_x, raw_y, geom, received_at)
  SELECT 'here', g.code || '-' || i, 'reported', (SELECT min(code) FROM category), 'web', 'wgs84', ST_X(m), ST_Y(m), m, :at
  FROM grid_version g
  JOIN unnest(CAST(:codes AS text[]), CAST(:n AS int[])) AS d (code, n) ON d.code = g.code
  CROSS JOIN LATERAL generate_series(1, d.n) AS i
  CROSS JOIN LATERAL (SELECT ST_Centroid(g.geom) AS m) AS middle
  RETURNING id, number
)
INSERT INTO placement (report_id, seq, from_at, grid_version_id, method)
SELECT made.id, 1, :at, g.id, 'covers' FROM made JOIN grid_version g ON g.code = split_part(made.number, '-', 1)
"""


@pytest.fixture
def town(db: Connection, rule: Rule) -> Connection:
    """36 grids in a square, two halves of it communities; many reports in the north west, next to none elsewhere."""
    publish(db, square(SIDE), NOW - timedelta(days=30), rule)
    for code, first, last in (("W", 0, 2), ("E", 3, 5)):
        area = db.scalar(
            text("INSERT INTO area (level, code, name) VALUES ('community', :c, :c || '社区') RETURNING id"),
            {"c": code},
        )
        grids = [f"{i:03d}" for i in range(N) if first <= i % SIDE <= last]
        db.execute(text("UPDATE grid_version SET area_id = :a WHERE code = ANY (:g)"), {"a": area, "g": grids})
    db.execute(text(REPORTED), {"codes": [f"{i:03d}" for i in range(N)], "n": COUNTS.tolist(), "at": NOW})
    return db


def middle(i: int) -> tuple[float, float]:
    return 110 + (i % SIDE + 0.5) * STEP, 23 + (i // SIDE + 0.5) * STEP


def register(db: Connection, doors: np.ndarray) -> None:
    """So many households in each grid; 0 for none."""
    db.execute(
        text(
            "INSERT INTO household (building, unit, room, geom, grid_version_id, registered_at) "
            "SELECT '无', g.code, 'r' || room, ST_Centroid(g.geom), g.id, :at FROM grid_version g "
            "JOIN unnest(CAST(:codes AS text[]), CAST(:n AS int[])) AS d (code, n) ON d.code = g.code "
            "CROSS JOIN LATERAL generate_series(1, d.n) AS room"
        ),
        {"at": NOW - timedelta(days=20), "codes": [f"{i:03d}" for i in range(N)], "n": doors.tolist()},
    )


def by_code(table: stats.Table) -> dict[str, stats.Row]:
    return {row.code: row for row in table.rows}


def told_of(table: stats.Table) -> list[stats.Tested]:
    return [row.tested for row in table.rows if row.tested is not None]


def near() -> weights.Weights:
    side = np.arange(N, dtype=np.int64)
    return weights.lattice(side % SIDE, side // SIDE)


def test_rates_are_smoothed_and_tested_over_every_grid(town: Connection) -> None:
    register(town, DOORS)
    table, said = hotspots.tested(town, WEEK, ADMIN, Query())
    assert [row.code for row in table.rows] == [f"{i:03d}" for i in range(N)]
    rates = science.smoothed(COUNTS.astype(float), DOORS.astype(float))
    expected = find(rates, near())
    assert [one.smoothed for one in told_of(table)] == pytest.approx((rates * 1000).tolist())
    assert [one.z for one in told_of(table)] == pytest.approx(expected.z.tolist())
    assert [one.p for one in told_of(table)] == pytest.approx(expected.p.tolist())
    assert tuple(one.band for one in told_of(table)) == expected.bands
    assert by_code(table)["007"].tested.band == "hot99"
    assert (said.on, said.weights, said.k, said.band_m, said.reason) == ("rates", "queen", None, None, None)
    assert (said.n_tested, said.n_islands, said.min_households) == (N, 0, 30)
    assert said.n_hot == sum((band or "").startswith("hot") for band in expected.bands) > 0
    assert [row.n for row in table.rows] == COUNTS.tolist()


def test_counts_are_tested_where_no_household_is_known(town: Connection) -> None:
    table, said = hotspots.tested(town, WEEK, ADMIN, Query())
    assert (table.denominator, said.on, said.min_households) == ("none", "counts", None)
    assert [one.z for one in told_of(table)] == pytest.approx(find(COUNTS.astype(float), near()).z.tolist())
    assert {one.smoothed for one in told_of(table)} == {None}


def test_grids_without_or_with_few_households_stay_out_and_leave_islands(town: Connection) -> None:
    doors = DOORS.copy()
    doors[[4, 5]] = 0, 29
    doors[[28, 29, 34]] = 0  # the three neighbours of the corner 035
    register(town, doors)
    table, said = hotspots.tested(town, WEEK, ADMIN, Query())
    rows = by_code(table)
    assert (rows["004"].value, rows["004"].tested.smoothed) == (None, None)
    assert rows["005"].value is not None
    assert rows["005"].tested.smoothed is not None
    told = {
        code: (rows[code].tested.band, rows[code].tested.z, rows[code].tested.why) for code in ("004", "005", "035")
    }
    assert told == {
        "004": (None, None, "no_households"),
        "005": (None, None, "few_households"),
        "035": (None, None, "island"),
    }
    assert (said.n_tested, said.n_islands) == (N - 6, 1)
    lower, _ = hotspots.tested(town, WEEK, ADMIN, Query(min_households=29))
    assert by_code(lower)["005"].tested.band is not None


def test_shops_and_doors_that_are_gone_are_no_households(town: Connection) -> None:
    register(town, DOORS)
    first = "(SELECT id FROM household WHERE unit = '000' ORDER BY id LIMIT 1)"
    town.execute(text(f"UPDATE household SET removed_at = :at WHERE id = {first}"), {"at": NOW})
    town.execute(text("UPDATE household SET kind = 'shop', name = '店' WHERE unit = '001' AND room = 'r1'"))
    rows = by_code(stats.hotspots(town, WEEK, ADMIN))
    assert (rows["000"].denom, rows["001"].denom) == (DOORS[0] - 1, DOORS[1] - 1)


def test_every_reader_sees_the_same_bands_of_the_own_rows(town: Connection) -> None:
    register(town, DOORS)
    west = town.scalar(text("SELECT id FROM area WHERE code = 'W'"))
    worker = town.scalar(text("INSERT INTO worker (code, name) VALUES ('w', 'w') RETURNING id"))
    town.execute(
        text("INSERT INTO duty (worker_id, layer, grid_code, kind) VALUES (:w, 'base', '007', 'main')"), {"w": worker}
    )
    everybody, said = hotspots.tested(town, WEEK, ADMIN, Query())
    for actor, codes in (
        (Actor("manager", 1, area_ids=(west,)), {f"{i:03d}" for i in range(N) if i % SIDE <= 2}),
        (Actor("worker", 1, worker_id=worker), {"007"}),
        (Actor("worker", 1), set()),
    ):
        own, told = hotspots.tested(town, WEEK, actor, Query())
        assert {row.code for row in own.rows} == codes
        assert own.rows == tuple(row for row in everybody.rows if row.code in codes)
        assert told == said


def test_communities_add_up_their_grids(town: Connection, rule: Rule) -> None:
    register(town, DOORS)
    town.execute(text("UPDATE grid_version SET area_id = NULL WHERE code = '035'"))
    submit(town, 111.5, 23.0, rule)
    table, said = hotspots.tested(town, WEEK, ADMIN, Query(by="community"))
    assert [(row.code, row.name, row.layer) for row in table.rows] == [
        ("E", "E社区", "community"), ("W", "W社区", "community")
    ]  # fmt: skip
    west = np.arange(N) % SIDE <= 2
    rows = by_code(table)
    assert (rows["W"].n, rows["W"].denom) == (COUNTS[west].sum(), DOORS[west].sum())
    assert rows["W"].value == pytest.approx(COUNTS[west].sum() / DOORS[west].sum() * 1000)
    assert (said.n_tested, said.reason) == (0, "too_few")
    assert {one.band for one in told_of(table)} == {None}
    assert table.n_unlocated == 1 + COUNTS[35]
    assert sum(row.n for row in table.rows) + table.n_unlocated == COUNTS.sum() + 1


def test_reports_without_known_households_leave_their_community_without_a_rate(town: Connection) -> None:
    doors = DOORS.copy()
    doors[0] = 0  # in W, with reports
    doors[5] = 0  # in E: a park, neither the one nor the other
    town.execute(text("UPDATE report SET state = 'void' WHERE number LIKE '005-%'"))
    register(town, doors)
    table, _ = hotspots.tested(town, WEEK, ADMIN, Query(by="community"))
    rows = by_code(table)
    west = np.arange(N) % SIDE <= 2
    n_east = COUNTS[~west].sum() - COUNTS[5]
    assert (rows["W"].n, rows["W"].denom, rows["W"].value) == (COUNTS[west].sum(), None, None)
    assert (rows["W"].tested.smoothed, rows["W"].tested.why) == (None, "no_households")
    assert (rows["E"].n, rows["E"].denom) == (n_east, doors[~west].sum())
    assert rows["E"].value == pytest.approx(n_east / doors[~west].sum() * 1000)
    assert rows["E"].tested.smoothed is not None
    # who sees a part of W in which every grid is known has a rate of that part
    worker = town.scalar(text("INSERT INTO worker (code, name) VALUES ('w', 'w') RETURNING id"))
    for code in ("001", "006"):
        town.execute(
            text("INSERT INTO duty (worker_id, layer, grid_code, kind) VALUES (:w, 'base', :g, 'main')"),
            {"w": worker, "g": code},
        )
    own, _ = hotspots.tested(town, WEEK, Actor("worker", 1, worker_id=worker), Query(by="community"))
    assert [(row.code, row.n, row.denom) for row in own.rows] == [("W", COUNTS[[1, 6]].sum(), doors[[1, 6]].sum())]


def test_households_that_other_grids_have_leave_the_community_its_rate(town: Connection, rule: Rule) -> None:
    town.execute(
        text(
            "INSERT INTO compound (source, ref, name, geom, n_households) "
            "SELECT 't', code, code, ST_Centroid(geom), 50 FROM grid_version"
        )
    )
    lon, lat = middle(20)
    shape = shapely.MultiPolygon([shapely.box(lon - 0.001, lat - 0.001, lon + 0.001, lat + 0.001)])
    publish(town, [(0, "M1", "市场", bytes(shapely.to_wkb(shape)))], NOW - timedelta(days=20), rule, layer="dedicated")
    town.execute(text("UPDATE grid_version SET area_id = (SELECT id FROM area WHERE code = 'W') WHERE code = 'M1'"))
    submit(town, lon, lat, rule)
    later = NOW + timedelta(days=2)
    publish(town, [row for row in square(SIDE) if row[1] != "007"], later, rule, replace=True)
    table, _ = hotspots.tested(town, replace(WEEK, to_at=NOW + timedelta(minutes=1)), ADMIN, Query(by="community"))
    rows = by_code(table)
    west = np.arange(N) % SIDE <= 2
    assert table.denominator == "stated"
    assert (rows["W"].n, rows["W"].denom) == (COUNTS[west].sum() + 1, 17 * 50)


def test_many_communities_are_tested_and_a_part_of_one_is_not(town: Connection) -> None:
    for i in range(0, N, 2):  # two grids side by side each
        area = town.scalar(
            text("INSERT INTO area (level, code, name) VALUES ('community', :c, :c) RETURNING id"), {"c": f"C{i:02d}"}
        )
        codes = [f"{i:03d}", f"{i + 1:03d}"]
        town.execute(text("UPDATE grid_version SET area_id = :a WHERE code = ANY (:g)"), {"a": area, "g": codes})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(science, "MIN_AREAS", 10)
        table, said = hotspots.tested(town, WEEK, ADMIN, Query(by="community"))
        worker = town.scalar(text("INSERT INTO worker (code, name) VALUES ('w', 'w') RETURNING id"))
        for code in ("006", "007", "008"):
            town.execute(
                text("INSERT INTO duty (worker_id, layer, grid_code, kind) VALUES (:w, 'base', :g, 'main')"),
                {"w": worker, "g": code},
            )
        own, _ = hotspots.tested(town, WEEK, Actor("worker", 1, worker_id=worker), Query(by="community"))
    sums = COUNTS.reshape(-1, 2).sum(axis=1).astype(float)
    side = np.arange(N // 2, dtype=np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(science, "MIN_AREAS", 10)
        expected = find(sums, weights.lattice(side % 3, side // 3))
    assert said.n_tested == N // 2
    assert [one.z for one in told_of(table)] == pytest.approx(expected.z.tolist())
    assert [(row.code, row.n, row.tested.band) for row in own.rows] == [
        ("C06", sums[3], expected.bands[3]), ("C08", COUNTS[8], None)
    ]  # fmt: skip


@pytest.mark.parametrize(("kind", "k", "band_m"), [("knn", 5, None), ("band", 8, None), ("band", 8, 2500.0)])
def test_other_neighbours(town: Connection, kind: neighbours.Kind, k: int, band_m: float | None) -> None:
    _, said = hotspots.tested(town, WEEK, ADMIN, Query(weights=kind, k=k, band_m=band_m))
    assert (said.weights, said.k, said.n_tested) == (kind, k if kind == "knn" else None, N)
    assert (said.band_m is None) == (kind == "knn")
    if band_m is None and kind == "band":
        assert said.band_m == pytest.approx(1025, abs=100)  # the grids' middles are 0.01 degrees apart


def test_too_many_neighbours_are_not_tested(town: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "MAX_PAIRS", 100)
    table, said = hotspots.tested(town, WEEK, ADMIN, Query(weights="band", band_m=5000.0))
    assert (said.reason, said.n_tested, said.band_m) == ("too_many", 0, 5000.0)
    assert [row.n for row in table.rows] == COUNTS.tolist()


def test_too_many_nearest_are_not_tested(town: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "MAX_PAIRS", N * 4)
    table, said = hotspots.tested(town, WEEK, ADMIN, Query(weights="knn", k=5))
    assert (said.reason, said.n_tested, said.k) == ("too_many", 0, 5)
    assert [row.n for row in table.rows] == COUNTS.tolist()
    _, said = hotspots.tested(town, WEEK, ADMIN, Query(weights="knn", k=4))
    assert (said.reason, said.n_tested) == (None, N)


def test_permutations_say_the_same_of_the_middle_of_a_hot_spot(town: Connection) -> None:
    table, said = hotspots.tested(town, WEEK, ADMIN, Query(inference="permutation"))
    again, _ = hotspots.tested(town, WEEK, ADMIN, Query(inference="permutation"))
    assert (said.inference, said.n_permutations) == ("permutation", 9_999)
    assert table == again
    assert (by_code(table)["007"].tested.band or "").startswith("hot")
    normal, _ = hotspots.tested(town, WEEK, ADMIN, Query())
    assert [one.z for one in told_of(normal)] == [one.z for one in told_of(table)]
    assert [one.p for one in told_of(normal)] != [one.p for one in told_of(table)]


def test_dedicated_and_retired_grids_are_counted_and_not_tested(town: Connection, rule: Rule) -> None:
    lon, lat = middle(20)
    shape = shapely.MultiPolygon([shapely.box(lon - 0.001, lat - 0.001, lon + 0.001, lat + 0.001)])
    publish(town, [(0, "M1", "市场", bytes(shapely.to_wkb(shape)))], NOW - timedelta(days=20), rule, layer="dedicated")
    submit(town, lon, lat, rule)
    later = NOW + timedelta(days=2)
    publish(town, [row for row in square(SIDE) if row[1] != "007"], later, rule, replace=True)
    period = replace(WEEK, to_at=NOW + timedelta(minutes=1))
    table, said = hotspots.tested(town, period, ADMIN, Query())
    rows = by_code(table)
    assert said.n_tested == N - 1
    assert (rows["M1"].layer, rows["M1"].n, rows["020"].n) == ("dedicated", 1, COUNTS[20])
    assert rows["M1"].tested == stats.Tested(visits=0)
    assert (rows["007"].retired, rows["007"].n, rows["007"].tested.band) == (True, COUNTS[7], None)


def test_cells_are_tested_over_the_whole_lattice(town: Connection, rule: Rule) -> None:
    submit(town, 111.5, 23.0, rule)  # beyond every grid: counted, not tested
    table, said = hotspots.tested(town, WEEK, ADMIN, Query(by="cell", cell_m=500))
    assert (said.on, said.reason, table.denominator) == ("counts", None, "none")
    # six by six grids of about 1,025 by 1,108 m hold some thirteen by fourteen cells of 500 m
    assert 150 < said.n_tested < 230
    assert sum(row.n for row in table.rows) + table.n_unlocated == COUNTS.sum() + 1
    assert all(row.n > 0 or row.tested.band not in (None, "none") for row in table.rows)
    assert len({row.code for row in table.rows}) == len(table.rows)
    plain = stats.hotspot_cells(town, WEEK, ADMIN, 500)
    assert [(row.code, row.n, row.ring) for row in plain.rows] == [
        (row.code, row.n, row.ring) for row in table.rows if row.n
    ]
    far = [row for row in table.rows if row.ring and row.ring[0][0] > 111]
    assert [(row.n, row.tested) for row in far] == [(1, stats.Tested())]
    hot = [row for row in table.rows if (row.tested.band or "").startswith("hot")]
    assert hot
    assert all(row.ring[0][0] < 110.035 and row.ring[0][1] < 23.035 for row in hot if row.ring)


def test_cells_without_a_report_are_shown_in_own_areas_only(town: Connection) -> None:
    # reports lie in the middles of grids: cells between those of the hot spot have none and are hot
    everybody, said = hotspots.tested(town, WEEK, ADMIN, Query(by="cell", cell_m=500))
    empty = {row.code for row in everybody.rows if row.n == 0}
    assert empty
    west = town.scalar(text("SELECT id FROM area WHERE code = 'W'"))
    own, told = hotspots.tested(town, WEEK, Actor("manager", 1, area_ids=(west,)), Query(by="cell", cell_m=500))
    assert told == said
    border = 110 + 3 * STEP
    assert all(row.ring[0][0] < border for row in own.rows if row.ring)
    shared = by_code(everybody)
    assert all(row.tested == shared[row.code].tested for row in own.rows)
    east = town.scalar(text("SELECT id FROM area WHERE code = 'E'"))
    other, _ = hotspots.tested(town, WEEK, Actor("manager", 1, area_ids=(east,)), Query(by="cell", cell_m=500))
    assert {row.code for row in own.rows + other.rows if row.n == 0} == empty
    assert all(row.ring[1][0] > border for row in other.rows if row.ring)


def test_too_many_cells_are_counted_and_not_tested(town: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "MAX_CELLS", 50)
    table, said = hotspots.tested(town, WEEK, ADMIN, Query(by="cell", cell_m=501))
    assert (said.reason, said.n_tested) == ("too_many", 0)
    assert sum(row.n for row in table.rows) == COUNTS.sum()
    assert {row.tested for row in table.rows} == {stats.Tested()}


def test_visits_stand_beside_reports(town: Connection) -> None:
    register(town, DOORS)
    door = "(SELECT id FROM household WHERE unit = '003' ORDER BY id LIMIT 1)"
    add = (
        "INSERT INTO visit (client_key, household_id, outcome, mode, happened_at, recorded_at, supersedes_id) "
        f"VALUES (gen_random_uuid(), {door}, :outcome, :mode, :at, :at, :supersedes) RETURNING id"
    )
    values = {"outcome": "absent", "mode": "door", "at": NOW - timedelta(days=1), "supersedes": None}
    first = town.scalar(text(add), values)
    town.execute(text(add), values | {"outcome": "reached", "supersedes": first})
    town.execute(text(add), values | {"mode": "phone"})
    town.execute(text(add), values | {"at": NOW - timedelta(days=9)})
    town.execute(text(add), values)
    table, _ = hotspots.tested(town, WEEK, ADMIN, Query())
    visits = {row.code: row.tested.visits for row in table.rows}
    assert visits["003"] == 2
    assert sum(visits.values()) == 2
    areas, _ = hotspots.tested(town, WEEK, ADMIN, Query(by="community"))
    assert {row.code: row.tested.visits for row in areas.rows} == {"W": 0, "E": 2}


def test_neighbours_are_found_once_and_not_kept_for_ever(town: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    hotspots.tested(town, WEEK, ADMIN, Query())
    asked: list[int] = []
    monkeypatch.setattr(neighbours, "_shapes", lambda db, ids: asked.append(len(ids)))
    hotspots.tested(town, WEEK, ADMIN, Query(weights="knn", k=3))
    hotspots.tested(town, WEEK, Actor("planner"), Query(by="community"))
    assert asked == []
    for k in range(1, 30):
        hotspots.tested(town, WEEK, ADMIN, Query(weights="knn", k=k))
        assert len(neighbours._kept) <= neighbours._KEPT_MOST


def scattered(name: str) -> neighbours.Ground:
    xy = np.random.default_rng(8).uniform(0, 1e4, (400, 2))
    ids = np.arange(len(xy), dtype=np.int64)
    return neighbours.Ground((name,), ids, CRS(32650), xy, np.ones(len(xy)), weights.nearest(xy, 1))


def test_neighbours_are_kept_up_to_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    here = scattered("sized")
    monkeypatch.setattr(neighbours, "_KEPT_BYTES", 100_000)
    for k in (4, 5, 6, 7):
        neighbours.between(here, "knn", k, None)
        held = [made.data.nbytes for key, made in neighbours._kept.items() if key[0] == "knn"]
        assert 0 < sum(held) <= 100_000
    assert [key[1] for key in neighbours._kept] == [6, 7]  # some forty kilobytes each
    neighbours.between(here, "knn", 50, None)  # larger than all that may be kept
    assert not neighbours._kept


def test_who_asks_for_the_same_meanwhile_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    here = scattered("at once")
    nearest, made, asked = weights.nearest, [], []

    def ask() -> None:
        asked.append(pool.submit(neighbours.between, here, "knn", 3, None))

    def slowly(xy: np.ndarray, k: int) -> weights.Weights:
        made.append(k)
        if len(made) == 2:
            ask()  # who comes now waits too, though one has failed before
        time.sleep(0.2)
        if len(made) == 1:
            raise TimeoutError
        return nearest(xy, k)

    monkeypatch.setattr(weights, "nearest", slowly)
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            ask()
        for one in asked:  # the one that comes late too
            one.exception()
    failed = [one for one in asked if one.exception() is not None]
    assert len(failed) == 1  # the others try again, one for all
    assert made == [3, 3]
    assert len({id(one.result()[0]) for one in asked if one not in failed}) == 1
    assert neighbours._making == {}


def test_nothing_published_is_nothing_tested(db: Connection) -> None:
    for query in (Query(), Query(by="community"), Query(weights="knn"), Query(weights="band")):
        table, said = hotspots.tested(db, WEEK, ADMIN, query)
        assert (table.rows, said.n_tested, said.reason) == ((), 0, "too_few")
