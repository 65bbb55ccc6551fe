"""The register by hand: who may touch which door, what it does to the counts of a campaign, what stays hidden."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, text

from gridsvc import editions, household_reading, households, visited
from gridsvc.errors import Conflict, Forbidden, NotFound, Refused
from gridsvc.grids import Rule
from gridsvc.household_reading import Filter
from gridsvc.households import Door
from gridsvc.rules.roles import Actor
from tests.conftest import NOW
from tests.web import county as counties
from tests.web.county import County

ZONE = ZoneInfo("Asia/Shanghai")
PLANNER = Actor("planner")
CELLS = text(
    "SELECT grid_version_id, compound_id, class_code, kind, enumerated, eligible, removed, not_visited FROM campaign_cell "
    "ORDER BY 1, 2, 3, 4"
)


@pytest.fixture
def db(county_db: Connection) -> Connection:
    return county_db


def manager(db: Connection, code: str) -> Actor:
    area = db.scalar(text("SELECT id FROM area WHERE code = :c"), {"c": code})
    account = db.scalar(text("SELECT id FROM account WHERE login = 'manager_west'"))
    assert area is not None
    return Actor("manager", account, area_ids=(area,))


def door(county: County, room: str = "901", **more: object) -> Door:
    return replace(Door(county.compounds["1"], "2号楼", "三单元", room), **more)  # type: ignore[arg-type]


def one(db: Connection, household_id: int, actor: Actor = PLANNER) -> household_reading.Row:
    return household_reading.read(db, actor, household_id, NOW, ZONE)


def a_campaign(db: Connection) -> int:
    """A campaign that lists every door, counted."""
    campaign = db.execute(
        text(
            "INSERT INTO campaign (code, name, kinds, starts_on, ends_on, starts_at, ends_at, created_at, drawn_at, state) "
            "VALUES ('c', 'c', '{household,shop,firm}', '2026-10-01', '2026-12-01', '2026-10-01', '2026-12-01', :n, :n, "
            "'running') RETURNING id"
        ),
        {"n": NOW},
    ).scalar_one()
    listed = text("INSERT INTO campaign_door (campaign_id, household_id, targeted) SELECT :c, id, true FROM household")
    db.execute(listed, {"c": campaign})
    visited.recount(db, campaign)
    return int(campaign)


def assert_counted(db: Connection, campaign: int) -> None:
    kept = [tuple(row) for row in db.execute(CELLS)]
    visited.recount(db, campaign)
    assert kept == [tuple(row) for row in db.execute(CELLS)]


def test_a_door_is_kept_normalised_placed_and_logged(db: Connection, county: County, rule: Rule) -> None:
    household_id = households.add(db, door(county, "９０１室"), PLANNER, NOW, rule)
    row = one(db, household_id)
    assert (row.building, row.unit, row.room) == ("2", "3", "901")
    assert row.label("zh") == "2号楼3单元901室"
    assert (row.position_source, row.grid_code) == ("compound", f"{counties.WEST}001")
    assert (row.community_code, row.class_code, row.source) == (counties.WEST, "ordinary", "gridsvc")
    assert row.due_on == date(2026, 11, 1) + timedelta(days=182)
    assert [(e.action, e.fields) for e in household_reading.log(db, PLANNER, household_id)] == [("added", ())]
    with pytest.raises(Conflict, match="door_exists"):
        households.add(db, door(county, "901"), PLANNER, NOW, rule)


def test_a_position_is_the_doors_or_its_buildings_or_its_compounds(db: Connection, county: County, rule: Rule) -> None:
    own = households.add(db, door(county, lon=110.0041, lat=23.0052), PLANNER, NOW, rule)
    beside = households.add(db, door(county, "902"), PLANNER, NOW, rule)
    other = households.add(db, replace(door(county), building="7"), PLANNER, NOW, rule)
    found = [one(db, household_id) for household_id in (own, beside, other)]
    assert [row.position_source for row in found] == ["door", "building", "compound"]
    assert (found[1].lon, found[1].lat) == (found[0].lon, found[0].lat) == (110.0041, 23.0052)
    assert (found[2].lon, found[2].lat) == pytest.approx((110.0045, 23.0045))
    households.change(db, beside, {"lon": 110.0155, "lat": 23.0155}, PLANNER, NOW, rule)
    assert (one(db, beside).position_source, one(db, beside).grid_code) == ("door", f"{counties.WEST}004")


def test_a_named_building_of_the_base_map_gives_its_place(db: Connection, county: County, rule: Rule) -> None:
    house = (
        "SRID=4326;POLYGON((110.0031 23.0031, 110.0033 23.0031, 110.0033 23.0033, 110.0031 23.0033, 110.0031 23.0031))"
    )
    db.execute(
        text("INSERT INTO basemap (source, kind, name, geom) VALUES ('t', 'building', '十号楼', :g)"), {"g": house}
    )
    row = one(db, households.add(db, replace(door(county), building="10幢"), PLANNER, NOW, rule))
    assert row.position_source == "building"
    assert (row.lon, row.lat) == pytest.approx((110.0032, 23.0032))


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"room": "18层"}, "door_room_is_floor"),
        ({"building": None, "unit": "不详", "room": ""}, "door_levels_missing"),
        ({"class_code": "nothing"}, "door_class_unknown"),
        ({"class_code": "correction"}, "door_class_off"),
        ({"compound_id": 10**9}, "door_compound_unknown"),
        ({"compound_id": None}, "door_place_missing"),
        ({"contact_name": "x" * 300}, "door_text_long"),
    ],
)
def test_what_is_no_door_is_refused(
    db: Connection, county: County, rule: Rule, wrong: dict[str, object], code: str
) -> None:
    with pytest.raises(Refused, match=code):
        households.add(db, door(county, **wrong), PLANNER, NOW, rule)


def test_several_shops_share_a_room_and_are_told_apart_by_name(db: Connection, county: County, rule: Rule) -> None:
    made = [
        households.add(db, door(county, kind="shop", name=name), PLANNER, NOW, rule)
        for name in ("老张面馆", "锦绣药房")
    ]
    assert [one(db, m).class_code for m in made] == ["business", "business"]
    with pytest.raises(Conflict, match="door_exists"):
        households.add(db, door(county, kind="shop", name="錦繡 藥房"), PLANNER, NOW, rule)
    home = {"kind": "household", "room": "902"}
    assert households.change(db, made[1], home, PLANNER, NOW, rule) == ("kind", "name", "room")
    assert (one(db, made[1]).kind, one(db, made[1]).name) == ("household", None)
    assert [row.id for row in household_reading.find(db, PLANNER, Filter(q="面馆"), NOW, ZONE).items] == made[:1]


def test_every_change_keeps_the_counts_of_a_campaign(db: Connection, county: County, rule: Rule) -> None:
    campaign = a_campaign(db)
    first, second, third = (row.id for row in household_reading.find(db, PLANNER, Filter(), NOW, ZONE, limit=3).items)
    assert households.change(db, first, {"class_code": "cared_for"}, PLANNER, NOW, rule) == ("class_code",)
    assert_counted(db, campaign)
    assert households.change(db, second, {"lon": 110.0155, "lat": 23.0155}, PLANNER, NOW, rule) == ("lat", "lon")
    assert_counted(db, campaign)
    households.remove(db, third, "拆除", PLANNER, NOW)
    assert_counted(db, campaign)
    cells = list(db.execute(CELLS))
    assert sum(row.removed for row in cells) == 1
    assert {row.class_code for row in cells} == {"ordinary", "cared_for"}
    same = Door(county.compounds["1"], "1幢", None, "201", lon=110.004, lat=23.004)
    households.register(db, [same], NOW, rule)
    assert_counted(db, campaign)
    assert one(db, third).removed_at is None, "who comes again in a list is back"
    assert sum(row.removed for row in db.execute(CELLS)) == 0


def test_a_change_says_its_fields_and_keeps_the_place(db: Connection, county: County, rule: Rule) -> None:
    household_id = households.add(db, door(county, name="王家"), PLANNER, NOW, rule)
    before = one(db, household_id)
    assert before.name is None, "the work needs no name of a household"
    assert households.change(db, household_id, {"name": "王家"}, PLANNER, NOW, rule) == ()
    assert one(db, household_id).name is None
    changes = {"n_people": 4, "contact_name": "王小二", "contact_phone": "13800001111", "registered_elsewhere": True}
    assert households.change(db, household_id, changes, PLANNER, NOW, rule) == tuple(sorted(changes))
    assert households.change(db, household_id, changes | {"building": "2幢"}, PLANNER, NOW, rule) == ()
    after = one(db, household_id)
    assert (after.lon, after.lat, after.grid_code) == (before.lon, before.lat, before.grid_code)
    assert (after.n_people, after.registered_elsewhere) == (4, True)
    assert (after.contact_name, after.contact_phone) == ("王**", "138****1111")
    assert households.change(db, household_id, {"n_people": None}, PLANNER, NOW, rule) == ("n_people",)
    assert one(db, household_id).n_people is None
    with pytest.raises(Conflict, match="door_exists"):
        households.change(db, household_id, {"building": "1", "unit": None, "room": "001"}, PLANNER, NOW, rule)


def test_a_manager_works_in_the_own_area_alone(db: Connection, county: County, rule: Rule) -> None:
    west, east = manager(db, "370101001"), manager(db, counties.EAST)
    household_id = households.add(db, door(county), west, NOW, rule)
    for verb in (
        lambda: households.change(db, household_id, {"n_people": 1}, east, NOW, rule),
        lambda: households.remove(db, household_id, "x", east, NOW),
        lambda: households.unmask(db, household_id, "x", east, NOW),
        lambda: household_reading.read(db, east, household_id, NOW, ZONE),
    ):
        with pytest.raises(NotFound, match="door_unknown"):
            verb()
    with pytest.raises(Forbidden, match="door_outside"):
        households.add(db, door(county, "1"), east, NOW, rule)
    with pytest.raises(Forbidden, match="door_outside"), db.begin_nested():
        households.change(db, household_id, {"lon": 110.035, "lat": 23.015}, west, NOW, rule)
    seen = {row.grid_code for row in household_reading.find(db, east, Filter(), NOW, ZONE).items}
    assert seen == {f"{counties.EAST}004"}


def test_a_contact_is_shown_once_for_a_purpose(db: Connection, county: County, rule: Rule) -> None:
    west = manager(db, "370101001")
    household_id = households.add(db, door(county, contact_name="王小二", contact_phone="13800001111"), west, NOW, rule)
    with pytest.raises(Refused, match="door_purpose_missing"):
        households.unmask(db, household_id, "  ", west, NOW)
    contact = households.unmask(db, household_id, "约时间走访", west, NOW)
    assert (contact.name, contact.phone) == ("王小二", "13800001111")
    last = household_reading.log(db, west, household_id)[0]
    assert (last.action, last.note, last.account) == ("unmasked", "约时间走访", "manager_west 某")
    assert "1380000" not in str(household_reading.log(db, west, household_id))
    # the role acted in is kept, of a door that comes back too
    households.remove(db, household_id, "拆除", west, NOW)
    households.add(db, door(county), replace(west, role="planner"), NOW, rule)
    told = [(entry.action, entry.role) for entry in household_reading.log(db, west, household_id)]
    assert told == [("restored", "planner"), *((was, "manager") for was in ("removed", "unmasked", "added"))]


def test_a_sensitive_class_is_hidden_from_those_who_do_not_need_it(db: Connection, county: County, rule: Rule) -> None:
    db.execute(text("UPDATE household_class SET active = true WHERE code = 'correction'"))
    household_id = households.add(db, door(county, class_code="correction"), PLANNER, NOW, rule)
    west = manager(db, "370101001")
    assert one(db, household_id, west).class_code == "correction"
    hidden = one(db, household_id)
    wanted, plain = Filter(class_code="correction"), Filter(class_code="ordinary")
    assert len(household_reading.find(db, west, wanted, NOW, ZONE).items) == 1
    assert household_reading.find(db, PLANNER, wanted, NOW, ZONE).items == ()
    for actor, seen in ((PLANNER, True), (west, False)):
        found = household_reading.find(db, actor, replace(plain, due_by=date(2027, 12, 31)), NOW, ZONE).items
        assert (household_id in {row.id for row in found}) is seen
    db.execute(text("UPDATE household SET class_code = 'ordinary' WHERE id = :i"), {"i": household_id})
    assert hidden == one(db, household_id), "in every respect an ordinary one"
    db.execute(text("UPDATE household SET class_code = 'correction', kind = 'shop' WHERE id = :i"), {"i": household_id})
    assert (one(db, household_id).class_code, one(db, household_id, west).class_code) == ("business", "correction")


def test_due_days_follow_the_last_visit_that_reached(db: Connection, county: County, rule: Rule) -> None:
    cared = households.add(db, door(county, class_code="cared_for"), PLANNER, NOW - timedelta(days=40), rule)
    assert one(db, cared).due_on == date(2026, 11, 1) - timedelta(days=10)
    db.execute(text("UPDATE household SET reached_at = :a WHERE id = :i"), {"a": NOW - timedelta(days=3), "i": cared})
    assert one(db, cared).due_on == date(2026, 11, 1) + timedelta(days=27)
    due = Filter(class_code="cared_for", due_by=date(2026, 11, 27))
    assert household_reading.find(db, PLANNER, due, NOW, ZONE).items == ()
    assert len(household_reading.find(db, PLANNER, replace(due, due_by=date(2026, 11, 28)), NOW, ZONE).items) == 1
    db.execute(text("UPDATE household SET registered_at = '-infinity', reached_at = NULL WHERE id = :i"), {"i": cared})
    assert (one(db, cared).registered_at, one(db, cared).due_on) == (None, date(2026, 11, 1))
    db.execute(text("UPDATE household SET excluded = 'vacant' WHERE id = :i"), {"i": cared})
    assert one(db, cared).due_on is None


def test_search_by_levels_compound_and_pages(db: Connection, county: County, rule: Rule) -> None:
    made = households.add(db, door(county), PLANNER, NOW, rule)
    for q, n in (("2-3-901", 1), ("901", 2), ("1号楼", 14), ("锦绣花园", 11), ("锦绣花园2幢3单元901", 1), ("8-8-8", 0)):
        assert len(household_reading.find(db, PLANNER, Filter(q=q), NOW, ZONE).items) == n, q
    seen: list[int] = []
    after: int | None = 0
    while after is not None:
        page = household_reading.find(db, PLANNER, Filter(), NOW, ZONE, after=after, limit=4)
        seen += [row.id for row in page.items]
        after = page.next
    assert len(seen) == len(set(seen)) == 15
    assert made in seen
    grid = Filter(grid=f"{counties.EAST}004")
    assert len(household_reading.find(db, PLANNER, grid, NOW, ZONE).items) == 4
    households.remove(db, made, "重复登记", PLANNER, NOW)
    assert [row.id for row in household_reading.find(db, PLANNER, Filter(removed=True), NOW, ZONE).items] == [made]


def test_doors_that_look_alike_are_offered(db: Connection, county: County, rule: Rule) -> None:
    rooms = {room: households.add(db, door(county, room), PLANNER, NOW, rule) for room in ("501", "0501", "5O1", "502")}
    bare = households.add(db, replace(door(county, "502"), unit=None), PLANNER, NOW, rule)
    pairs = household_reading.near_duplicates(db, PLANNER)
    found = {frozenset((pair.id, pair.other_id)) for pair in pairs}
    alike = [rooms["501"], rooms["0501"], rooms["5O1"]]
    wanted = {frozenset(p) for p in ((alike[0], alike[1]), (alike[0], alike[2]), (alike[1], alike[2]))}
    assert found == wanted | {frozenset((rooms["502"], bare))}
    households.remove(db, rooms["0501"], "重复", PLANNER, NOW)
    assert len(household_reading.near_duplicates(db, PLANNER, compound_ids=[county.compounds["1"]])) == 2
    assert household_reading.near_duplicates(db, manager(db, counties.EAST)) == []


def test_look_alikes_on_a_street_are_those_of_one_community(db: Connection, county: County, rule: Rule) -> None:
    def add(lon: float, room: str | None, building: str | None = "7", ref: str = "") -> int:
        return households.add(db, Door(None, building, None, room, lon, 23.008, ref=ref), PLANNER, NOW, rule)

    west, alike, east = add(110.012, "501"), add(110.0121, "0501"), add(110.022, "501")
    for ref in ("way/1", "way/2"):
        add(110.0122, None, None, ref=ref)
    (pair,) = household_reading.near_duplicates(db, PLANNER)
    assert ((pair.id, pair.other_id), pair.compound, pair.community) == ((west, alike), None, "西社区")
    assert household_reading.near_duplicates(db, PLANNER, compound_ids=[county.compounds["1"]]) == []
    with pytest.raises(Refused, match="doors_not_alike"):
        households.set_apart(db, alike, east, "两户", PLANNER, NOW)
    households.set_apart(db, west, alike, "两户", PLANNER, NOW)
    assert household_reading.near_duplicates(db, PLANNER) == []


def test_look_alikes_said_to_be_two_are_not_offered_until_it_is_taken_back(
    db: Connection, county: County, rule: Rule
) -> None:
    one, two, third = (households.add(db, door(county, room), PLANNER, NOW, rule) for room in ("501", "0501", "777"))

    def ids(*, apart: bool) -> list[tuple[int, int]]:
        return [(pair.id, pair.other_id) for pair in household_reading.near_duplicates(db, PLANNER, apart=apart)]

    for reason, pair, code in (
        (" ", (one, two), "door_reason_missing"),
        ("两户", (one, third), "doors_not_alike"),
        ("两户", (one, one), "doors_not_alike"),
    ):
        with pytest.raises(Refused) as refused:
            households.set_apart(db, *pair, reason, PLANNER, NOW)
        assert refused.value.code == code
    with pytest.raises(NotFound):
        households.set_apart(db, one, two, "两户", manager(db, counties.EAST), NOW)
    with pytest.raises(Conflict):
        households.offer_again(db, one, two, PLANNER, NOW)
    households.set_apart(db, two, one, "门牌0501在另一侧，问13812345678", PLANNER, NOW)
    assert (ids(apart=False), ids(apart=True)) == ([], [(one, two)])
    (said,) = household_reading.near_duplicates(db, PLANNER, apart=True)
    assert (said.reason, said.said_at) == ("门牌0501在另一侧，问****", NOW)  # a list shows nobody's number
    with pytest.raises(Conflict):
        households.set_apart(db, one, two, "再说一次", PLANNER, NOW)
    households.offer_again(db, one, two, PLANNER, NOW)
    assert (ids(apart=False), ids(apart=True)) == ([(one, two)], [])
    for id_, other in ((one, two), (two, one)):
        told = [(entry.action, entry.note, entry.other_id) for entry in household_reading.log(db, PLANNER, id_)[:2]]
        assert told == [("alike", None, other), ("apart", "门牌0501在另一侧，问****", other)]
    # the other door is named to who sees it
    db.execute(text("UPDATE household SET grid_version_id = NULL WHERE id = :id"), {"id": two})
    hidden = household_reading.log(db, manager(db, counties.WEST), one)[:2]
    assert [(entry.other_id, entry.other_key) for entry in hidden] == [(None, None)] * 2
    db.execute(
        text(
            "UPDATE household SET grid_version_id = (SELECT grid_version_id FROM household WHERE id = :one) WHERE id = :two"
        ),
        {"one": one, "two": two},
    )
    households.set_apart(db, one, two, "又查过", PLANNER, NOW)
    households.remove(db, two, "拆除", PLANNER, NOW)
    assert (ids(apart=False), ids(apart=True)) == ([], [])


def test_nobody_serving_changes_the_log(db: Connection, county: County, rule: Rule) -> None:
    households.add(db, door(county), PLANNER, NOW, rule)
    with pytest.raises(Exception, match="permission denied"), db.begin_nested():
        db.execute(text("DELETE FROM household_log"))


def test_a_moved_border_moves_doors_and_the_counts_with_them(db: Connection, county: County, rule: Rule) -> None:
    campaign = a_campaign(db)
    before = [tuple(row) for row in db.execute(CELLS)]
    rows = [row for row in counties.base_grids() if row[1] != f"{counties.WEST}001"]
    whole = counties.box(110.0045, 23, 110.01, 23.01)
    part = counties.box(110, 23, 110.0045, 23.01)
    rows += [(90, f"{counties.WEST}001", "第一网格", whole), (91, f"{counties.WEST}099", "新网格", part)]
    editions.stage(db, rows)
    editions.draft(db, "base", NOW, replace=True)
    assert editions.publish(db, "base", NOW, rule).n_households_moved == 10
    moved = [tuple(row) for row in db.execute(CELLS)]
    assert moved != before
    assert_counted(db, campaign)
