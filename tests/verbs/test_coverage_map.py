"""What the coverage map draws over its grids: equal to the table of coverage, cut to the reader, small groups hidden."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from gridsvc import campaigns, coverage_map, mop_up
from gridsvc.coverage import Query
from gridsvc.db.queries import load
from gridsvc.errors import Refused
from gridsvc.grids import Rule
from gridsvc.rules.roles import Actor
from tests.conftest import NOW, Fresh
from tests.verbs.test_coverage import SYSTEM, ZONE, World
from tests.verbs.test_mop_up import lay, street, worker
from tests.verbs.test_small_cells import PLANNER, city, start
from tests.verbs.test_stats import visit

__all__ = ["city", "street"]  # fixtures

BOX = (110.0, 23.0, 110.03, 23.03)
DAY = timedelta(days=1)


def sums(steps: coverage_map.Steps | None, until: int) -> int:
    return 0 if steps is None else sum(n for nr, n in zip(*steps, strict=True) if nr <= until)


@pytest.mark.parametrize("seed", [41, 42])
def test_the_days_add_up_to_the_coverage_until_each_of_them(db: Connection, rule: Rule, seed: int) -> None:
    world = World(db, rule, seed)
    world.live(60)
    while not world.reached():
        world.visit()
    world.exclude(among=world.reached())
    days = coverage_map.days(db, world.campaign, SYSTEM, world.now, ZONE)
    ids: dict[str | None, int | None] = {row.code: row.id for row in db.execute(load("compound_places"), _EVERYWHERE)}
    ids[None] = None
    assert days.first + (days.n - 1) * DAY == world.now.astimezone(ZONE).date()
    for nr in range(days.n):
        until = days.first + nr * DAY
        by_grid, by_compound = (world.table((dim,), to_on=until) for dim in ("grid", "compound"))
        for row in by_grid.rows:
            reached, excluded = (sums(of.get(row.keys[0].code), nr) for of in (days.grids, days.excluded))
            assert (reached, reached + excluded) == (row.counts["reached"], row.counts["reached_enumerated"])
        for row in by_compound.rows:
            assert sums(days.compounds.get(ids[row.keys[0].code]), nr) == row.counts["reached"]
    assert any(sums(steps, days.n) for steps in days.excluded.values()), "both readings differ"
    whole = world.table(("grid",)).counts["reached"]
    assert sum(sums(steps, days.n) for steps in days.grids.values()) == whole > 0


_EVERYWHERE: dict[str, object] = dict.fromkeys(("west", "south", "east", "north"))


def test_compounds_are_the_coverage_at_their_places(db: Connection, rule: Rule) -> None:
    world = World(db, rule, 43)
    world.live(30)
    found = coverage_map.compounds(db, Query((), "c"), SYSTEM, world.now, ZONE)
    assert [(one.n, one.denom) for one in found.rows] == [
        (row.counts["reached"], row.counts["eligible"]) for row in sorted(found.table.rows, key=_number(db))
    ]
    assert {round(one.lon, 4) for one in found.rows} == {110.005, 110.0105, 110.0195, 110.025, 111.5}
    # between two instants only the visits differ, not the places
    early = coverage_map.compounds(db, Query((), "c", to_on=world.campaign.wanted.starts_on), SYSTEM, world.now, ZONE)
    assert [one.id for one in early.rows] == [one.id for one in found.rows]
    near = coverage_map.compounds(db, Query((), "c"), SYSTEM, world.now, ZONE, box=(110.01, 23, 110.02, 23.01))
    assert {one.lon for one in near.rows} == {110.0105, 110.0195}
    assert near.rows == tuple(one for one in found.rows if 110.01 <= one.lon <= 110.02)


def _number(db: Connection):  # type: ignore[no-untyped-def]
    ids = {row.code: row.id for row in db.execute(load("compound_places"), _EVERYWHERE)}
    return lambda row: ids[row.keys[0].code]


def _count_anew(db: Connection, code: str) -> None:
    for n_times in (2, 1):
        campaigns.change(db, code, {"n_times": n_times}, NOW, ZONE)


def test_a_reader_of_an_area_has_its_compounds_alone(city: Connection) -> None:
    area = city.scalar(text("SELECT id FROM area WHERE code = 'C1'"))
    mine = Actor("manager", 1, area_ids=(area,))
    found = coverage_map.compounds(city, Query((), "c"), mine, NOW, ZONE)
    assert {round(one.lon, 3) for one in found.rows} == {110.015}
    assert sum(one.denom or 0 for one in found.rows) == 15
    nobody = Actor("manager", 1)
    assert coverage_map.compounds(city, Query((), "c"), nobody, NOW, ZONE).rows == ()
    assert coverage_map.days(city, campaigns.one(city, "c"), nobody, NOW, ZONE).grids == {}


def test_few_persons_of_a_class_are_hidden_in_compounds_and_days(city: Connection) -> None:
    start(city, "cared", ("cared_for",))
    held = campaigns.one(city, "cared")
    for id_ in city.scalars(text("SELECT id FROM household WHERE class_code = 'cared_for'")).all():
        visit(city, id_, "reached")
    _count_anew(city, "cared")
    found = coverage_map.compounds(city, Query((), "cared"), PLANNER, NOW, ZONE)
    by_place = {round(one.lon, 3): (one.n, one.denom) for one in found.rows}
    assert by_place[110.005] == (None, None)  # two persons
    days = coverage_map.days(city, held, PLANNER, NOW, ZONE)
    shown = {one.id for one in found.rows if one.n is not None}
    assert set(days.compounds) <= shown
    assert "000" not in days.grids
    area = city.scalar(text("SELECT id FROM area WHERE code = 'C0'"))
    keeper = Actor("manager", 1, area_ids=(area,))
    (own,) = coverage_map.compounds(city, Query((), "cared"), keeper, NOW, ZONE).rows
    assert (own.n, own.denom) == (2, 2)
    assert "000" in coverage_map.days(city, held, keeper, NOW, ZONE).grids


def test_doors_are_those_of_the_walk_within_the_box(street: Connection) -> None:
    ids = list(street.scalars(text("SELECT id FROM household ORDER BY id")))
    visit(street, ids[1], "reached")
    visit(street, ids[2], "absent")
    _count_anew(street, "c")
    street.execute(text("UPDATE household SET excluded = 'vacant' WHERE id = :id"), {"id": ids[3]})
    street.execute(text("UPDATE household SET removed_at = :at WHERE id = :id"), {"at": NOW, "id": ids[5]})
    held, mine = campaigns.one(street, "c"), worker(street)
    found, n_more = coverage_map.doors(street, held, mine, BOX)
    walk = mop_up.walk(street, mine, held, NOW, ZONE)
    assert {one.id for one in found} == {door.id for stop in walk.stops for door in stop.doors}
    assert n_more == 0
    by_id = {one.id: one for one in found}
    assert (by_id[ids[2]].status, by_id[ids[2]].n_visits) == ("absent", 1)
    everybody, _ = coverage_map.doors(street, held, Actor("admin", 1), BOX)
    assert len(everybody) == len(found) + 1  # the one of grid 001
    assert coverage_map.doors(street, held, Actor("manager", 1), BOX) == ((), 0)
    near, _ = coverage_map.doors(street, held, mine, (110.004, 23.0, 110.006, 23.01))
    assert {one.building for one in near} == {"2"}
    with pytest.raises(Refused) as refused:
        coverage_map.doors(street, held, mine, (110.0, 23.0, 110.2, 23.01))
    assert refused.value.code == "box_large"


def test_who_does_not_go_there_is_told_the_building(street: Connection) -> None:
    street.execute(text("UPDATE household SET name = '王'"))
    held = campaigns.one(street, "c")
    (whole, *_), _ = coverage_map.doors(street, held, worker(street), BOX)
    assert (whole.label("zh"), whole.name) == ("3号楼101室", "王")
    (masked, *_), _ = coverage_map.doors(street, held, Actor("planner", 1), BOX)
    assert (masked.label("zh"), masked.name, masked.unit, masked.room) == ("3号楼", None, None, None)
    street.execute(text("UPDATE household SET kind = 'shop'"))
    (shop, *_), _ = coverage_map.doors(street, held, Actor("planner", 1), BOX)
    assert shop.name == "王"


def test_more_doors_than_are_drawn_are_counted(street: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage_map, "MOST_DOORS", 3)
    found, n_more = coverage_map.doors(street, campaigns.one(street, "c"), worker(street), BOX)
    assert (len(found), n_more) == (3, 4)


def test_doors_are_found_by_their_place(fresh: Fresh, rule: Rule) -> None:
    made = text(
        "INSERT INTO household (building, unit, room, geom, registered_at, grid_version_id) "
        "SELECT CAST(i AS text), '无', '无', ST_SetSRID(ST_MakePoint(110 + (i % 100) * 0.0002, 23 + (i / 100) * 0.0002), "
        "4326), :at, (SELECT min(id) FROM grid_version) FROM generate_series(1, 5000) i"
    )
    listed = text(
        "INSERT INTO campaign_door (campaign_id, household_id, targeted) SELECT :c, id, true FROM household "
        "ON CONFLICT DO NOTHING"
    )
    with fresh.begin() as db:
        lay(db, rule)
        db.execute(made, {"at": NOW})
        held = campaigns.one(db, "c")
        db.execute(listed, {"c": held.id})
    # the serving role may not count tables: else the planner goes by what it was told of them last
    with fresh.begin(owner=True) as db:
        db.execute(text("ANALYZE household, campaign_door"))
    asked = {"campaign_id": held.id, "n": 2000, "all_areas": True, "area_ids": [], "worker_id": 1}
    box = {"west": 110.001, "south": 23.001, "east": 110.002, "north": 23.002}
    with fresh.begin() as db:
        plan = "\n".join(db.scalars(text(f"EXPLAIN {load('map_doors').text}"), asked | box))
    assert "household_geom_idx" in plan, plan
