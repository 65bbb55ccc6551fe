"""Hotspots and coverage: counts, denominators, what is left out, and whose rows a reader gets."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from gridsvc import cases, households, listing, reports, stats
from gridsvc.grids import Rule
from gridsvc.rules.roles import Actor
from tests.conftest import NOW
from tests.through import lead
from tests.verbs.test_editions import publish, square, submit

ADMIN = Actor("admin")
WEEK = stats.Period(NOW - timedelta(days=7), NOW + timedelta(days=1), NOW + timedelta(hours=1))


@pytest.fixture
def city(db: Connection, rule: Rule) -> Connection:
    publish(db, square(), NOW - timedelta(days=30), rule)
    return db


def doors(db: Connection, rule: Rule, lon: float, n: int) -> list[int]:
    compound = db.scalar(
        text(
            "INSERT INTO compound (source, ref, name, geom, n_households) VALUES ('t', :r, '甲', "
            "ST_SetSRID(ST_MakePoint(:lon, 23.005), 4326), 40) RETURNING id"
        ),
        {"r": uuid.uuid4().hex, "lon": lon},
    )
    made = [households.Door(compound, "1幢", "无", f"{i}", lon, 23.005) for i in range(n)]
    households.register(db, made, NOW - timedelta(days=20), rule)
    return list(db.scalars(text("SELECT id FROM household WHERE compound_id = :c ORDER BY id"), {"c": compound}))


def visit(db: Connection, door: int, outcome: str, days_ago: float = 1) -> None:
    db.execute(
        text(
            "INSERT INTO visit (client_key, household_id, outcome, happened_at, recorded_at) "
            "VALUES (:k, :d, :o, :at, :at)"
        ),
        {"k": uuid.uuid4(), "d": door, "o": outcome, "at": NOW - timedelta(days=days_ago)},
    )


def by_code(table: stats.Table) -> dict[str, stats.Row]:
    return {row.code: row for row in table.rows}


def test_hotspots_count_and_divide(city: Connection, rule: Rule) -> None:
    doors(city, rule, 110.005, 50)
    for lon in (110.005, 110.006, 110.015):
        submit(city, lon, 23.005, rule)
    void = submit(city, 110.005, 23.005, rule)
    lead(city, void.number, "void", NOW)
    submit(city, 111.5, 23.005, rule)
    table = stats.hotspots(city, WEEK, ADMIN)
    rows = by_code(table)
    assert len(rows) == 9
    assert (rows["000"].n, rows["000"].denom, rows["000"].value) == (2, 50, 40.0)
    assert (rows["001"].n, rows["001"].denom, rows["001"].value) == (1, None, None)
    assert (rows["008"].n, rows["008"].value) == (0, None)
    assert (table.n_unlocated, table.denominator) == (1, "registered")
    assert sum(row.n for row in table.rows) + table.n_unlocated == 4


def test_hotspots_use_stated_households_where_no_door_is_registered(city: Connection, rule: Rule) -> None:
    city.execute(
        text(
            "INSERT INTO compound (source, ref, name, geom, n_households) VALUES "
            "('t', 'a', '甲', ST_MakeEnvelope(110.0075, 23.002, 110.0175, 23.008, 4326), 100), "
            "('t', 'b', '乙', ST_SetSRID(ST_MakePoint(110.025, 23.005), 4326), 7)"
        )
    )
    table = stats.hotspots(city, WEEK, ADMIN)
    assert table.denominator == "stated"
    assert [by_code(table)[c].denom for c in ("000", "001", "002", "003")] == [25, 75, 7, None]


def test_hotspots_by_category_period_and_edition(city: Connection, rule: Rule) -> None:
    submit(city, 110.0105, 23.005, rule)
    submit(city, 110.0105, 23.005, rule, NOW - timedelta(days=10))
    assert by_code(stats.hotspots(city, WEEK, ADMIN))["001"].n == 1
    assert sum(r.n for r in stats.hotspots(city, WEEK, ADMIN, category="nothing").rows) == 0
    later = NOW + timedelta(days=2)
    publish(city, [r for r in square() if r[1] != "001"], later, rule, replace=True)
    past = by_code(stats.hotspots(city, WEEK, ADMIN))
    assert (past["001"].n, past["001"].retired) == (1, True)
    now = stats.Period(WEEK.from_at, later + timedelta(days=1), later + timedelta(hours=1))
    assert stats.hotspots(city, now, ADMIN).n_unlocated == 1


PLAIN = """
SELECT coalesce(g.code, '') AS code, count(*) AS n
FROM report r
JOIN placement p ON p.report_id = r.id AND (p.from_at <= :held_at OR p.seq = 1) AND (p.to_at IS NULL OR p.to_at > :held_at)
LEFT JOIN grid_version g ON g.id = p.grid_version_id
WHERE r.received_at >= :from_at AND r.received_at < :to_at AND r.state <> 'void'
GROUP BY 1"""


def test_counts_at_any_instant_are_those_of_a_plain_count(city: Connection, rule: Rule) -> None:
    later = NOW + timedelta(days=2)
    made = [submit(city, 110.0005 + 0.001 * i, 23.005, rule, NOW - timedelta(days=40 - i)).number for i in range(40)]
    for number in made[::3]:
        lead(city, number, "struck_off", NOW)
    for number in made[1::6]:
        lead(city, number, "void", NOW)
    publish(city, [r for r in square() if r[1] != "001"], later, rule, replace=True)
    for number in made[2::3]:
        lead(city, number, "struck_off", later + timedelta(hours=2))
    days = [timedelta(days=n) for n in (-45, -30, -12, 1, 2, 3)]
    told = []
    for first in days:
        for last in days:
            period = stats.Period(NOW + first, NOW + last, later + timedelta(days=1))
            bounds = {"from_at": period.from_at, "to_at": period.to_at, "held_at": period.held_at}
            plain = {row.code: row.n for row in city.execute(text(PLAIN), bounds)}
            table = stats.hotspots(city, period, ADMIN)
            counted = {row.code: row.n for row in table.rows if row.n} | {"": table.n_unlocated}
            assert {code: n for code, n in counted.items() if n} == plain
            told.append(tuple(sorted(plain.items())))
    assert len(set(told)) > 8


def test_cells_have_their_outline_and_every_located_report(city: Connection, rule: Rule) -> None:
    for lon, lat in ((110.005, 23.005), (110.0050001, 23.0050001), (111.5, 23.005)):
        submit(city, lon, lat, rule)
    table = stats.hotspot_cells(city, WEEK, ADMIN, 500)
    assert sorted(row.n for row in table.rows) == [1, 2]
    assert table.n_unlocated == 0
    top = table.rows[0]
    assert top.ring is not None
    assert top.ring[0] == top.ring[-1]
    lons, lats = [p[0] for p in top.ring], [p[1] for p in top.ring]
    assert min(lons) <= 110.005 <= max(lons)
    assert min(lats) <= 23.005 <= max(lats)
    assert (max(lats) - min(lats)) * 110_700 == pytest.approx(500, rel=0.02)


def test_a_report_told_to_be_older_stays_on_its_grid(city: Connection, rule: Rule) -> None:
    # an import may put the day of a report back; its first placement is then younger than the report
    submit(city, 110.005, 23.005, rule)
    city.execute(
        text(
            "UPDATE report SET received_at = received_at - interval '30 days', geom = NULL, crs = NULL, raw_x = NULL, raw_y = NULL"
        )
    )
    past = stats.Period(NOW - timedelta(days=31), NOW - timedelta(days=29), NOW)
    assert stats.without_position(city, past, Actor("dispatcher", area_ids=(-1,)), None) == 0
    assert stats.without_position(city, past, ADMIN, None) == 1
    assert by_code(stats.hotspots(city, past, ADMIN))["000"].n == 1


def test_readers_see_their_own_rows(city: Connection, rule: Rule) -> None:
    parent = city.scalar(text("INSERT INTO area (level, code, name) VALUES ('subdistrict', 'S', 'S') RETURNING id"))
    child = city.scalar(
        text("INSERT INTO area (level, code, name, parent_id) VALUES ('community', 'C', 'C', :p) RETURNING id"),
        {"p": parent},
    )
    city.execute(text("UPDATE grid_version SET area_id = :c WHERE code IN ('000', '001')"), {"c": child})
    worker = city.scalar(text("INSERT INTO worker (code, name) VALUES ('w', 'w') RETURNING id"))
    city.execute(
        text("INSERT INTO duty (worker_id, layer, grid_code, kind) VALUES (:w, 'base', '005', 'main')"), {"w": worker}
    )
    submit(city, 110.005, 23.005, rule)
    submit(city, 110.025, 23.025, rule)
    readers = {
        Actor("planner"): 9,
        Actor("manager", 1, area_ids=(parent,)): 2,
        Actor("manager", 1, area_ids=(child,)): 2,
        Actor("manager", 1): 0,
        Actor("worker", 1, worker_id=worker): 1,
        Actor("worker", 1): 0,
        Actor(): 0,
    }
    for reader, n in readers.items():
        assert len(stats.hotspots(city, WEEK, reader).rows) == n
    cells = stats.hotspot_cells(city, WEEK, Actor("manager", 1, area_ids=(parent,)), 500)
    assert [row.n for row in cells.rows] == [1]


def test_counted_and_left_out_are_the_readers_own_list(city: Connection, rule: Rule) -> None:
    area = city.scalar(text("INSERT INTO area (level, code, name) VALUES ('community', 'C', 'C') RETURNING id"))
    city.execute(text("UPDATE grid_version SET area_id = :c WHERE code IN ('000', '001')"), {"c": area})
    worker = city.scalar(text("INSERT INTO worker (code, name) VALUES ('w', 'w') RETURNING id"))
    duty = text("INSERT INTO duty (worker_id, layer, grid_code, kind) VALUES (:w, 'base', '000', 'main')")
    city.execute(duty, {"w": worker})
    for lon in (110.005, 110.015, 110.025, 111.5):  # two of the area, one of another, one outside
        submit(city, lon, 23.005, rule)
    for place, grid in (("菜市场", None), ("东口", "000"), ("西口", "002")):  # words alone, two of them placed by hand
        words = reports.Draft(uuid.uuid4(), "0110", place, "web", words=place)
        number = reports.submit(city, words, ADMIN, NOW, rule).number
        if grid:
            cases.place_by_hand(city, cases.lock(city, number), grid, ADMIN, NOW, rule)
    mine = submit(city, 110.005, 23.005, rule)
    lead(city, mine.number, "void", NOW)
    found = {}
    for reader in (
        ADMIN,
        Actor("planner", 1),
        Actor("manager", 1, area_ids=(area,)),
        Actor("worker", 1, worker_id=worker),
        Actor("worker", 1),
    ):
        listed = listing.page(city, reader, listing.Filter(from_at=WEEK.from_at, to_at=WEEK.to_at))
        n = sum(row.state != "void" for row in listed.items)
        tables = (stats.hotspots(city, WEEK, reader), stats.hotspot_cells(city, WEEK, reader, 500))
        for table in tables:
            assert sum(row.n for row in table.rows) + table.n_unlocated == n, reader
        found[reader.role, reader.worker_id] = (n, *(table.n_unlocated for table in tables))
    assert found == {
        ("admin", None): (7, 2, 3),
        ("planner", None): (7, 2, 3),
        ("manager", None): (5, 2, 2),
        ("worker", worker): (2, 0, 1),
        ("worker", None): (0, 0, 0),
    }
