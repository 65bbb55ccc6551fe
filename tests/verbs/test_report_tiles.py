"""Tiles of reports: kept counts = counts at that moment = a recount by hand after every kind of write; whose rows; points."""

from __future__ import annotations

import math
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from gridsvc import cases, map_tiles, report_tiles, stats
from gridsvc.errors import NotFound
from gridsvc.grids import Rule
from gridsvc.map_tiles import Tile
from gridsvc.report_tiles import Filter
from gridsvc.rules.lifecycle import STATES
from gridsvc.rules.roles import Actor
from tests import mvt
from tests.conftest import NOW, Fresh, rolled_back
from tests.through import ADMIN, lead
from tests.verbs import report_files
from tests.verbs.test_editions import LATER, publish, square, submit

ZONE = "Asia/Shanghai"
EVERY = Filter(states=tuple(sorted(set(STATES) - {"void"})))  # says nothing, but is counted at that moment
Square = tuple[int, int, int, int, int]  # z, x, y of the tile, i, j of the square


def square_of(lon: float, lat: float, z: int) -> Square:
    """By the definition of Web Mercator tiles, not by our SQL."""
    side = 2 ** (z + 5)
    across = (lon + 180) / 360 * side
    down = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * side
    x, y = (min(max(math.floor(part), 0), side - 1) for part in (across, down))
    return z, x >> 5, y >> 5, x & 31, y & 31


def tile(db: Connection, where: Tile, wanted: Filter = Filter(), actor: Actor = ADMIN) -> bytes:  # noqa: B008 - frozen
    return report_tiles.tile(db, actor, where, wanted, NOW + timedelta(days=3), ZONE)


def counts(content: bytes) -> dict[tuple[int, int], int]:
    found = {}
    for feature in mvt.layers(content).get("bins", []):
        left, top = min(feature.corners)
        assert feature.corners == [(left, top), (left + 128, top), (left + 128, top + 128), (left, top + 128)]
        found[left // 128, top // 128] = feature.properties["n"]
    return found


def stored(db: Connection) -> list[tuple[float, float]]:
    rows = db.execute(text("SELECT ST_X(geom), ST_Y(geom) FROM report WHERE geom IS NOT NULL AND state <> 'void'"))
    return [(lon, lat) for lon, lat in rows]


def check(db: Connection) -> int:
    """How many reports are on the map; fails where a tile at any zoom says something else than a recount."""
    positions = stored(db)
    for z in range(15):
        recount = Counter(square_of(lon, lat, z) for lon, lat in positions)
        for x, y in {(x, y) for _, x, y, _, _ in recount} | {(0, 0)}:
            where = Tile(z, x, y)
            kept = tile(db, where)
            assert counts(kept) == {(i, j): n for (_, tx, ty, i, j), n in recount.items() if (tx, ty) == (x, y)}
            assert kept == tile(db, where, EVERY)
    return len(positions)


def test_kept_counts_are_a_recount_after_every_kind_of_write(db: Connection, rule: Rule, tmp_path: Path) -> None:
    publish(db, square(), NOW - timedelta(days=400), rule)
    assert check(db) == 0
    sent = [submit(db, 110.001 + i * 0.004, 23.002, rule) for i in range(5)]
    submit(db, 111.5, 24, rule)
    assert check(db) == 6
    assert report_tiles.fold(db) == 6
    assert check(db) == 6
    lead(db, sent[0].number, "void", NOW)
    lead(db, sent[1].number, "struck_off", NOW)
    assert check(db) == 5
    cases.place_by_hand(db, cases.lock(db, sent[2].number), "008", Actor("admin"), NOW, rule)
    # a moved border moves no point
    publish(db, [(0, "000", "一", square(2)[3][3]), *square()[1:]], LATER, rule, replace=True)
    assert check(db) == 5
    path = tmp_path / "r.csv"
    rows = [report_files.row(f"{i}", lon=110 + i * 0.0007, lat=23.004) for i in range(30)]
    rows.append(report_files.row("words", lon=None, lat=None))
    report_files.take(db, report_files.table(path, *rows), rule, now=LATER)
    assert check(db) == 35
    report_tiles.fold(db)
    # the same file again: one moved, one void, one without a position now, one with one
    rows[0] = report_files.row("0", lon=110.0222, lat=23.0222)
    rows[1] = report_files.row("1", lon=110.0007, lat=23.004, state="void")
    rows[2] = report_files.row("2", lon=None, lat=None)
    rows[30] = report_files.row("words", lon=110.01, lat=23.01)
    report_files.take(db, report_files.table(path, *rows), rule, now=LATER + timedelta(hours=1))
    assert (110.0222, 23.0222) in stored(db)
    assert check(db) == 34
    db.execute(text("UPDATE report SET state = 'reported' WHERE number = :n"), {"n": sent[0].number})
    assert check(db) == 35
    report_tiles.fold(db)
    assert check(db) == 35
    assert db.scalar(text("SELECT count(*) FROM report_bin_change")) == 0
    columns = "(source, number, state, category, channel, received_at, crs, geom)"
    values = "('t', 'bare', 'reported', 'unclassified', 'web', now(), 'wgs84', ST_SetSRID(ST_MakePoint(110, 23), 4326))"
    db.execute(text(f"INSERT INTO report {columns} VALUES {values}"))
    assert check(db) == 36
    db.execute(text("DELETE FROM report WHERE number = 'bare'"))
    assert check(db) == 35


def test_a_large_import_that_empties_and_rebuilds_its_tables_is_counted(fresh: Fresh, rule: Rule) -> None:
    with fresh.begin() as db:
        publish(db, square(), NOW - timedelta(days=400), rule)
        submit(db, 110.005, 23.005, rule)
        report_tiles.fold(db)
        submit(db, 110.015, 23.005, rule)
    with fresh.begin(owner=True) as db:
        db.execute(text("TRUNCATE report, placement, report_log CASCADE"))
        assert check(db) == 0
        assert db.scalar(text("SELECT count(*) FROM report_bin")) == 0
    with fresh.begin() as db:
        submit(db, 110.015, 23.005, rule)
        assert check(db) == 1


def test_kept_counts_serve_only_who_asks_for_everything(db: Connection, rule: Rule) -> None:
    publish(db, square(), NOW - timedelta(days=400), rule)
    for days in (1, 5, 9):
        submit(db, 110.005, 23.005, rule, NOW - timedelta(days=days))
    # what the kept counts say is wrong from now on, so that a test sees who is served from them
    db.execute(text("UPDATE report_bin_change SET n = 100"))
    where = Tile(12, *square_of(110.005, 23.005, 12)[1:3])

    def total(wanted: Filter, actor: Actor = ADMIN) -> int:
        return sum(counts(tile(db, where, wanted, actor)).values())

    assert total(Filter()) == 300
    assert total(Filter(from_at=NOW - timedelta(days=9), to_at=NOW)) == 300  # leaves nothing out
    assert total(Filter(from_at=NOW - timedelta(days=8))) == 2
    assert total(Filter(to_at=NOW - timedelta(days=1))) == 2
    assert total(Filter(category="unclassified")) == total(Filter(states=("reported",))) == 3
    assert total(Filter(category="y")) == total(Filter(states=("closed",))) == 0
    assert total(Filter(), Actor("planner")) == 300
    assert total(Filter(), Actor("manager")) == 0


def test_a_reader_gets_the_own_rows_and_the_same_sum_as_the_figures(db: Connection, rule: Rule) -> None:
    publish(db, square(), NOW - timedelta(days=400), rule)
    area = "INSERT INTO area (level, code, name) VALUES ('community', 'C', 'C') RETURNING id"
    mine = db.scalar(text(area))
    db.execute(text("UPDATE grid_version SET area_id = :a WHERE code IN ('000', '001')"), {"a": mine})
    made = [submit(db, 110.0032 + i * 0.003, 23.005, rule) for i in range(9)]
    submit(db, 110.5, 23.5, rule)
    lead(db, submit(db, 110.005, 23.005, rule).number, "void", NOW)
    moved = submit(db, 110.025, 23.025, rule)
    cases.place_by_hand(db, cases.lock(db, moved.number), "000", Actor("admin"), NOW, rule)
    period = stats.Period(NOW - timedelta(days=9), NOW + timedelta(days=2), NOW + timedelta(days=3))
    wanted = Filter(from_at=period.from_at, to_at=period.to_at)
    readers = [
        (Actor("manager", area_ids=(mine,)), 8),
        (Actor("checker", area_ids=(mine,)), 7),  # who does not place reports does not see unplaced ones
        (Actor("manager"), 1),
        (Actor("worker", worker_id=77), 0),
        (ADMIN, 11),
    ]
    for actor, n in readers:
        figures = stats.hotspot_cells(db, period, actor, 500)
        assert sum(row.n for row in figures.rows) == n
        for z in (0, 7):
            x, y = square_of(110.005, 23.005, z)[1:3]
            assert sum(counts(tile(db, Tile(z, x, y), wanted, actor)).values()) == n, (actor.role, z)
    near = Tile(16, *square_of(110.0032, 23.005, 16)[1:3])
    names = {
        f.properties["number"] for f in mvt.layers(tile(db, near, actor=Actor("checker", area_ids=(mine,))))["points"]
    }
    assert moved.number not in names
    assert names
    alone = Tile(16, *square_of(110.5, 23.5, 16)[1:3])
    points = [tile(db, alone, actor=Actor(role, area_ids=(mine,))) for role in ("checker", "manager")]
    assert [len(mvt.layers(one).get("points", [])) for one in points] == [0, 1]
    # a period that is over keeps the reports that were the own ones at its end
    for one, code in ((made[0], "002"), (made[1], "002"), (made[8], "000")):
        later = NOW + timedelta(days=2, hours=12)
        cases.place_by_hand(db, cases.lock(db, one.number), code, Actor("admin"), later, rule)
    checker = Actor("checker", area_ids=(mine,))
    for chosen, n in ((wanted, 7), (Filter(), 6)):
        assert sum(counts(tile(db, Tile(0, 0, 0), chosen, checker)).values()) == n


def test_near_by_each_report_is_a_point_without_a_word_of_a_person(db: Connection, rule: Rule) -> None:
    publish(db, square(), NOW - timedelta(days=400), rule)
    late = submit(db, 110.005, 23.005, rule, NOW.replace(hour=17), words="王小明 13900000000")
    void = submit(db, 110.005, 23.005, rule)
    lead(db, void.number, "void", NOW)
    z, x, y, i, j = square_of(110.005, 23.005, 15)
    layers = mvt.layers(tile(db, Tile(z, x, y)))
    assert set(layers) == {"points"}
    (point,) = layers["points"]
    # by the day of the zone: 17 UTC is the next one
    assert point.properties == {
        "number": late.number,
        "category": "unclassified",
        "state": "reported",
        "day": "2026-11-02",
    }
    ((left, top),) = point.corners
    assert (left // 128, top // 128) == (i, j)


def test_a_sign_on_a_tiles_border_is_in_both_and_a_count_in_one(db: Connection, rule: Rule) -> None:
    edge = 360 * 52793 / 2**16 - 180
    publish(db, square(), NOW - timedelta(days=400), rule)
    submit(db, edge, 23.005, rule)
    y = square_of(edge, 23.005, 16)[2]
    found = [mvt.layers(tile(db, Tile(16, x, y)))["points"] for x in (52792, 52793)]
    assert [one[0].corners[0][0] for one in found] == [4096, 0]
    y = square_of(edge, 23.005, 14)[2]
    assert [sum(counts(tile(db, Tile(14, x, y), EVERY)).values()) for x in (52792 >> 2, (52793 >> 2) + 1)] == [1, 0]


def test_where_too_many_lie_they_are_counted_near_by_too(
    db: Connection, rule: Rule, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(db, square(), NOW - timedelta(days=400), rule)
    for _ in range(3):
        submit(db, 110.005, 23.005, rule)
    where = Tile(16, *square_of(110.005, 23.005, 16)[1:3])
    monkeypatch.setattr(report_tiles, "MOST_POINTS", 3)
    assert set(mvt.layers(tile(db, where))) == {"points"}
    monkeypatch.setattr(report_tiles, "MOST_POINTS", 2)
    assert counts(tile(db, where)) == {square_of(110.005, 23.005, 16)[3:]: 3}


@settings(max_examples=40, deadline=None)
@example(0.0, 5e-324, 0)  # so near the equator that degrees have no radians
@given(st.floats(-180, 180), st.floats(-90, 90), st.integers(0, 22))
def test_every_position_on_earth_has_one_square(empty_schema: Fresh, lon: float, lat: float, z: int) -> None:
    with rolled_back(empty_schema) as db:
        point = "ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)"
        x, y = db.execute(text(f"SELECT bin_x({point}), bin_y({point})"), {"lon": lon, "lat": lat}).one()
    assert 0 <= x < 2**27
    assert 0 <= y < 2**27
    where = Tile(z, x >> (27 - z), y >> (27 - z))
    west, south, east, north = where.around(map_tiles.HAIR)
    assert west <= lon <= east
    assert south <= lat <= north
    if abs(lat) < 85:
        _, tx, ty, i, j = square_of(lon, lat, 20)
        assert abs((x >> 2) - (tx * 32 + i)) <= 1
        assert abs((y >> 2) - (ty * 32 + j)) <= 1


@pytest.mark.parametrize("place", [(-1, 0, 0), (23, 0, 0), (3, 8, 0), (3, 0, 8), (3, -1, 0)])
def test_there_is_no_such_tile(place: tuple[int, int, int]) -> None:
    with pytest.raises(NotFound, match="tile_unknown"):
        Tile(*place)


def test_the_word_for_what_a_transaction_sees_changes_with_a_commit(fresh: Fresh, rule: Rule) -> None:
    with fresh.begin() as db:
        publish(db, square(), NOW - timedelta(days=400), rule)
    with fresh.begin() as db:
        before = map_tiles.begin(db)
        assert map_tiles.begin(db) == before
        assert db.scalar(text("SHOW statement_timeout")) == "5s"
        with fresh.begin() as other:
            submit(other, 110.005, 23.005, rule)
            assert not counts(tile(db, Tile(0, 0, 0)))
        assert map_tiles.begin(db) != before
        assert sum(counts(tile(db, Tile(0, 0, 0))).values()) == 1


def test_grids_of_an_edition_stay_as_they_were(db: Connection, rule: Rule) -> None:
    publish(db, square(), NOW - timedelta(days=400), rule)
    first = db.scalar(text("SELECT id FROM edition WHERE state = 'published'"))
    publish(db, square()[:4], NOW, rule, replace=True)
    second = db.scalar(text("SELECT id FROM edition WHERE state = 'published'"))
    where = Tile(10, *square_of(110.005, 23.005, 10)[1:3])

    def codes(edition: int, actor: Actor = ADMIN) -> list[str]:
        found = mvt.layers(map_tiles.grids(db, actor, [edition], where)).get("grids", [])
        return [one.properties["code"] for one in found]

    assert codes(first) == [f"{i:03d}" for i in range(9)]
    assert codes(second) == [f"{i:03d}" for i in range(4)]
    assert codes(second, Actor("manager")) == []
    assert map_tiles.edition_ids(db, f"{second}") == [second]
    assert map_tiles.edition_ids(db, f"{second}-{first}") == sorted([first, second])
    for word in ("", "x", "1-", f"{second}-{second}-1", f"{second}-{second}", "99999", "-1", "٣"):
        with pytest.raises(NotFound, match="edition_unknown"):
            map_tiles.edition_ids(db, word)
