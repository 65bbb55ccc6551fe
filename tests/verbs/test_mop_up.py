"""The doors still to be visited: whose, which, and in what order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from gridsvc import campaigns, mop_up, workers
from gridsvc.errors import Refused
from gridsvc.grids import Rule
from gridsvc.rules.roles import Actor
from tests.conftest import NOW
from tests.verbs.test_campaigns import PLANNER, WANTED, ZONE
from tests.verbs.test_editions import publish, square
from tests.verbs.test_stats import visit


def building(db: Connection, rule: Rule, lon: float, name: str, rooms: list[tuple[str, str]]) -> list[int]:
    """Doors of one building of the one compound, where it stands."""
    compound = text(
        "INSERT INTO compound (source, ref, name, geom) VALUES ('t', '1', '甲', ST_SetSRID(ST_MakePoint(110, 23), 4326)) "
        "ON CONFLICT (source, ref) DO UPDATE SET name = '甲' RETURNING id"
    )
    made = text(
        "INSERT INTO household (compound_id, building, unit, room, geom, registered_at, grid_version_id) "
        "SELECT :c, :b, :u, :r, ST_SetSRID(ST_MakePoint(:lon, 23.005), 4326), :at, g.id FROM grid_version g "
        "WHERE ST_Covers(g.geom, ST_SetSRID(ST_MakePoint(:lon, 23.005), 4326)) RETURNING id"
    )
    values = {"c": db.scalar(compound), "b": name, "lon": lon, "at": NOW}
    return [int(db.scalar(made, values | {"u": unit, "r": room}) or 0) for unit, room in rooms]


def lay(db: Connection, rule: Rule) -> None:
    """Three buildings in grid 000, listed out of order along the street, one in 001; worker w has 000."""
    publish(db, square(), NOW, rule)
    workers.save(db, [workers.Worker("w", "甲")])
    workers.save_duties(db, [workers.Duty("w", "base", "000", "main")])
    building(db, rule, 110.008, "3", [("无", "101")])
    building(db, rule, 110.002, "1", [("1", "101"), ("2", "302"), ("1", "501"), ("1", "302")])
    building(db, rule, 110.005, "2", [("无", "101"), ("无", "201")])
    building(db, rule, 110.015, "4", [("无", "101")])
    campaigns.create(db, "c", WANTED, PLANNER, NOW, ZONE)
    campaigns.draw(db, "c", NOW)


@pytest.fixture
def street(db: Connection, rule: Rule) -> Connection:
    """A database with the street."""
    lay(db, rule)
    return db


def worker(db: Connection) -> Actor:
    return Actor("worker", 1, worker_id=db.scalar(text("SELECT id FROM worker")))


def go(db: Connection, actor: Actor, **more: Any) -> mop_up.Walk:
    return mop_up.walk(db, actor, campaigns.one(db, "c"), NOW, ZONE, **more)


def told(walk: mop_up.Walk) -> list[tuple[str, list[str]]]:
    return [(stop.building, [f"{door.unit}-{door.room}" for door in stop.doors]) for stop in walk.stops]


def test_buildings_along_the_street_and_floors_from_the_top(street: Connection) -> None:
    walk = go(street, worker(street))
    names = [stop.building for stop in walk.stops]
    assert names in (["1", "2", "3"], ["3", "2", "1"])
    assert [stop.number for stop in walk.stops] == [1, 2, 3]
    assert dict(told(walk))["1"] == ["1-501", "1-302", "1-101", "2-302"]
    assert (walk.n_doors, walk.n_more, walk.along_roads) == (7, 0, False)
    assert walk.length_m == pytest.approx(615, rel=0.01)
    first = walk.stops[names.index("1")]
    assert (first.label("zh"), first.doors[0].inside("zh")) == ("1号楼", "1单元501室")


def test_units_that_lie_apart_are_entrances_of_their_own(street: Connection, rule: Rule) -> None:
    """Unit 2 of building 1 is 50 m on; of unit 3 a few metres; unit 4 has no place of its own."""
    for lon, unit in ((110.0025, "2"), (110.00205, "3"), (110.0035, "4")):
        building(street, rule, lon, "1", [(unit, "601")])
    street.execute(text("UPDATE household SET position_source = 'door' WHERE unit <> '4'"))
    gone = "UPDATE household SET removed_at = :at WHERE building = '1' AND unit = '2' AND room = '302'"
    street.execute(text(gone), {"at": NOW})
    walk = mop_up.walk(street, worker(street), None, NOW + timedelta(days=400), ZONE)
    first = {stop.label("zh"): told(walk)[at][1] for at, stop in enumerate(walk.stops) if stop.building == "1"}
    assert first == {
        "1号楼1单元、3单元、4单元": ["1-501", "1-302", "1-101", "3-601", "4-601"],
        "1号楼2单元": ["2-601"],
    }
    (lon,) = (stop.lon for stop in walk.stops if stop.units == ("2",))
    assert lon == 110.0025


def test_no_two_stops_have_one_heading(street: Connection, rule: Rule) -> None:
    """Two shared entrances of a building, doors of one street number apart, buildings without a name, two compounds of one."""
    for lon, unit in ((110.0024, "5"), (110.00242, "10"), (110.0021, "4")):
        building(street, rule, lon, "1", [(unit, "601")])
    for lon, room in ((110.0061, "101"), (110.0064, "102"), (110.0066, "无"), (110.0068, "无"), (110.0066, "无")):
        building(street, rule, lon, "槐安街12号", [("无", room)])
        street.execute(
            text("UPDATE household SET compound_id = NULL, tag = CAST(id AS text) WHERE building = '槐安街12号'")
        )
    street.execute(text("UPDATE household SET position_source = 'door'"))
    other = text(
        "INSERT INTO compound (source, ref, name, geom) VALUES ('t', '2', '甲', ST_SetSRID(ST_MakePoint(110, 23), 4326)) "
        "RETURNING id"
    )
    (twin,) = building(street, rule, 110.009, "3号", [("无", "101")])
    street.execute(
        text("UPDATE household SET compound_id = :c, building = '3' WHERE id = :id"),
        {"c": street.scalar(other), "id": twin},
    )
    walk = mop_up.walk(street, worker(street), None, NOW + timedelta(days=400), ZONE)
    for lang in ("zh", "en"):
        headings = [(stop.compound, stop.label(lang)) for stop in walk.stops]
        assert len(set(headings)) == len(headings) == len(walk.stops)
    labels = {stop.label("zh") for stop in walk.stops}
    assert {"1号楼1单元、2单元、4单元", "1号楼5单元、10单元", "槐安街12号 (101室)", "2号楼"} <= labels
    assert {"槐安街12号 (23.00500, 110.00680)", "3号楼 (23.00500, 110.00900)"} <= labels
    (english,) = (stop.label("en") for stop in walk.stops if stop.units == ("5", "10"))
    assert english == "Building 1, Unit 5, Unit 10"


def test_who_was_reached_or_left_the_list_is_not_on_it(street: Connection) -> None:
    ids = list(street.scalars(text("SELECT id FROM household ORDER BY id")))
    visit(street, ids[1], "reached")
    visit(street, ids[2], "absent")
    street.execute(text("UPDATE household SET excluded = 'vacant' WHERE id = :id"), {"id": ids[3]})
    street.execute(text("UPDATE household SET removed_at = :at WHERE id = :id"), {"at": NOW, "id": ids[5]})
    campaigns.change(street, "c", {"n_times": 2}, NOW, ZONE)
    campaigns.change(street, "c", {"n_times": 1}, NOW, ZONE)  # counts anew
    walk = go(street, worker(street))
    left = {door.id: (door.status, door.n_visits) for stop in walk.stops for door in stop.doors}
    assert left == {
        ids[0]: ("not_visited", 0),
        ids[2]: ("absent", 1),
        ids[4]: ("not_visited", 0),
        ids[6]: ("not_visited", 0),
    }
    campaigns.change(street, "c", {"n_times": 2}, NOW, ZONE)
    again = {door.id: door.status for stop in go(street, worker(street)).stops for door in stop.doors}
    assert again[ids[1]] == "reached"


def test_grids_compounds_and_a_short_list(street: Connection) -> None:
    admin = Actor("admin")
    assert go(street, admin).n_doors == 8
    assert [stop.building for stop in go(street, admin, grid="001").stops] == ["4"]
    compound = street.scalar(text("SELECT id FROM compound"))
    assert go(street, admin, compound_id=compound).n_doors == 8
    assert go(street, admin, compound_id=10_000).stops == ()
    assert go(street, Actor("manager", 1)).stops == ()
    short = go(street, worker(street), most=2)
    assert (short.n_doors, short.n_more) == (2, 5)


def test_the_walk_follows_stored_roads(street: Connection) -> None:
    street.execute(
        text(
            "INSERT INTO basemap (source, kind, class, geom) VALUES ('t', 'road', 'minor', "
            "ST_GeomFromText('LINESTRING(110 23.005, 110.02 23.005)', 4326))"
        )
    )
    walk = go(street, worker(street))
    assert walk.along_roads
    assert walk.length_m == pytest.approx(615, rel=0.01)


def test_without_a_campaign_it_is_what_the_class_wants_by_today(street: Connection) -> None:
    ids = list(street.scalars(text("SELECT id FROM household ORDER BY id")))
    long_ago = text("UPDATE household SET registered_at = :at - interval '200 days' WHERE id = ANY (:ids)")
    street.execute(long_ago, {"at": NOW, "ids": ids[:3]})
    street.execute(
        text("UPDATE household SET reached_at = :at - interval '20 days' WHERE id = :id"), {"at": NOW, "id": ids[2]}
    )
    walk = mop_up.walk(street, worker(street), None, NOW, ZONE)
    assert {door.id for stop in walk.stops for door in stop.doors} == set(ids[:2])


def test_todays_doors_are_counted_once(street: Connection) -> None:
    mine = worker(street)
    add = text(
        "INSERT INTO visit (client_key, household_id, worker_id, outcome, happened_at, recorded_at) "
        "SELECT gen_random_uuid(), (SELECT min(id) FROM household), :w, o, :at, :at FROM unnest(CAST(:o AS text[])) o"
    )
    street.execute(add, {"w": mine.worker_id, "at": NOW, "o": ["absent", "reached"]})
    assert mop_up.n_today(street, mine, NOW, ZONE) == 1
    assert mop_up.n_today(street, Actor("worker", 1), NOW, ZONE) == 0


def test_who_has_too_many_doors_says_where(street: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mop_up, "MOST_SEEN", 7)
    admin = Actor("admin")
    with pytest.raises(Refused, match="mop_up_scope") as refused:
        go(street, admin)
    assert refused.value.facts == {"most": 7}
    assert go(street, worker(street)).n_doors == 7
    assert go(street, admin, grid="000").n_doors == 7
    assert go(street, admin, compound_id=street.scalar(text("SELECT id FROM compound"))).n_doors == 8


def test_doors_beyond_the_most_are_counted(street: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mop_up, "MOST_DOORS", 3)
    walk = go(street, Actor("admin"))
    assert (walk.n_doors, walk.n_more) == (3, 5)


def test_the_latest_visit_of_the_campaign_is_told(street: Connection) -> None:
    door = street.scalar(text("SELECT min(id) FROM household"))
    visit(street, door, "absent", 2)
    visit(street, door, "refused", 1)
    campaigns.change(street, "c", {"n_times": 2}, NOW, ZONE)
    last = {one.id: one.last_at for stop in go(street, worker(street)).stops for one in stop.doors}
    assert last.pop(door) == NOW - timedelta(days=1)
    assert set(last.values()) == {None}
