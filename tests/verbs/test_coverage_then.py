"""A published figure stands: coverage as of an instant is what it was then, whatever happened to doors since."""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from gridsvc import campaigns, coverage, history, household_retention, households, visits
from gridsvc.coverage import Query, Table
from gridsvc.errors import Conflict, Refused
from gridsvc.grids import Rule
from gridsvc.rules.coverage import COUNTS
from gridsvc.rules.roles import Actor
from tests.conftest import NOW, Fresh
from tests.verbs.test_coverage import BYS, CLASSES, DAY, HOUR, PAIRS, SYSTEM, ZONE, World
from tests.verbs.test_editions import cell, publish

LONS, LATS = (110.005, 110.0099, 110.0101, 110.0195, 110.025, 111.5), (23.005, 23.0099, 23.0101, 23.025)
WITH_TIME = [("grid", "week"), ("class", "day")]
PLANNER = Actor("planner")
PLACES = ("compound_id", "building", "unit", "room")


class Restless(World):
    """Where doors change their class, kind, compound and place, go and come back, and campaigns their days and ways."""

    def __init__(self, db: Connection, rule: Rule, seed: int) -> None:
        super().__init__(db, rule, seed)
        self.n_rooms = 0
        self.west = Actor("manager", area_ids=(int(db.scalar(text("SELECT id FROM area WHERE code = 'C1'")) or 0),))

    def step(self) -> None:
        """One thing of many, an hour later."""
        self.now += HOUR
        acts = [self.visit, self.visit, self.exclude, self.alter, self.alter, self.move, self.rehouse]
        act = self.seed.choice(
            [*acts, self.leave, self.come_back, self.come_back, self.appear, self.appear, self.merge, self.rewrite]
        )
        with suppress(Conflict, Refused), self.db.begin_nested():
            act()

    def alter(self) -> None:
        """Another class, or another kind."""
        new: dict[str, Any] = {"class_code": self.seed.choice(CLASSES)}
        self._change(new if self.seed.random() < 0.7 else {"kind": self.seed.choice(("shop", "household")), **new})

    def move(self) -> None:
        """To another position, in the same grid perhaps, or in none."""
        self._change({"lon": self.seed.choice(LONS), "lat": self.seed.choice(LATS)})

    def rehouse(self) -> None:
        """Into another compound, and to where that lies."""
        ids = list(self.db.scalars(text("SELECT id FROM compound ORDER BY id")))
        self.n_rooms += 1
        self._change({"compound_id": self.seed.choice(ids), "room": f"9{self.n_rooms:02}", "lon": None, "lat": None})

    def leave(self) -> None:
        """A door goes off the register."""
        households.remove(self.db, self._one("removed_at IS NULL"), "拆除", self.somebody, self.now)

    def come_back(self) -> None:
        """One that went is there again, elsewhere and as another class perhaps."""
        told = text(f"SELECT {', '.join(PLACES)}, kind FROM household WHERE id = :id")
        row = self.db.execute(told, {"id": self._one("removed_at IS NOT NULL")}).one()
        place = (self.seed.choice(LONS), self.seed.choice(LATS)) if self.seed.random() < 0.5 else (None, None)
        class_code = self.seed.choice((None, *CLASSES))
        back = households.Door(*row[:4], *place, kind=row.kind, class_code=class_code)
        households.add(self.db, back, PLANNER, self.now, self.rule)

    def appear(self) -> None:
        """A door that was not on the list."""
        self.n_rooms += 1
        new = households.Door(None, "1", "无", f"8{self.n_rooms:02}", self.seed.choice(LONS), self.seed.choice(LATS))
        made = households.add(self.db, new, PLANNER, self.now, self.rule)
        self.doors.append(made)

    def rewrite(self) -> None:
        """The campaign counts other visits from now on."""
        new: tuple[dict[str, Any], ...] = (
            {"n_times": self.seed.randint(1, 3)},
            {"modes": self.seed.choice((("door",), ("door", "phone", "wechat")))},
            {"ends_on": date(2026, 11, self.seed.randint(4, 9))},
        )
        campaigns.change(self.db, "c", self.seed.choice(new), self.now, ZONE)

    def redraw(self) -> None:
        """Grids of both layers are others, one an hour after the other."""
        for west, south in ((110.004, 23.004), (110.019, 23.004)):
            self.now += HOUR
            rows = [(0, "M1", "市场", cell(west, south, west + 0.002, south + 0.002))]
            publish(self.db, rows, self.now, self.rule, layer="dedicated")
            self.now += HOUR
            self.border()

    def _change(self, changes: dict[str, Any]) -> None:
        households.change(self.db, self._one("removed_at IS NULL"), changes, PLANNER, self.now, self.rule)

    def _one(self, which: str) -> int:
        ids = list(self.db.scalars(text(f"SELECT id FROM household WHERE {which} ORDER BY id")))
        if not ids:
            raise Refused("none")
        return int(self.seed.choice(ids if self.seed.random() < 0.6 else ids[-3:]))  # those beside the list too

    def figures(self, **more: Any) -> list[Any]:
        """Every figure that might be published, as it is told."""
        asked = [
            *((Query(by, "c", **more), SYSTEM) for by in (*BYS, *PAIRS, *WITH_TIME)),
            *((Query(by, "c", **more), self.west) for by in ((), ("grid",), ("community", "class"))),
            *((Query(by, "c", **more), PLANNER) for by in ((), ("community", "class"))),
            *((Query(("grid",), "c", **one, **more), SYSTEM) for one in ({"class_code": "in_need"}, {"kind": "shop"})),
            *((Query(by, **more), SYSTEM) for by in ((), ("compound", "class"))),
            (Query(("grid",), **more), self.west),
        ]
        return [figure(coverage.table(self.db, one, who, self.now, ZONE, rule=self.rule)) for one, who in asked]

    def edition(self) -> int:
        return int(self.db.scalar(text("SELECT id FROM edition WHERE state = 'published'")) or 0)


def figure(table: Table) -> Any:
    """What is published of a table."""
    rows = sorted(table.rows, key=lambda row: [(key.layer or "", key.code or "") for key in row.keys])
    return rows, table.values, table.added, table.outside, table.window


@pytest.mark.parametrize(("seed", "borders"), [(301, False), (303, True)])
def test_figures_of_an_instant_stand_whatever_happens(db: Connection, rule: Rule, seed: int, borders: bool) -> None:
    """Where borders move too, by the grids of the edition of then."""
    world = Restless(db, rule, seed)
    if borders:
        world.redraw()
    published = []
    for _ in range(2):
        for _ in range(16):
            world.step()
        published.append((world.now, world.edition(), world.figures()))
        if borders:
            world.redraw()
    for _ in range(12):
        world.step()
    now = world.figures()
    for at, edition, before in published:
        assert (edition != world.edition()) == borders
        assert world.figures(as_of=at, edition=edition if borders else None) == before
        assert before != now
    assert world.figures(as_of=world.now) == now
    happened = set(db.scalars(text("SELECT action FROM household_log")))
    assert {"added", "changed", "removed", "restored"} <= happened
    told = text(
        "SELECT count(DISTINCT (class_code, kind, compound_id, geom)), (SELECT count(*) FROM campaign_was) FROM household_was"
    )
    n_kinds, n_rewritten = db.execute(told).one()
    assert (n_kinds > 12, n_rewritten > 0) == (True, True)


def kept(db: Connection) -> list[tuple[Any, ...]]:
    told = text(
        "SELECT household_id, until_at, class_code, kind, compound_id, ST_X(geom) FROM household_was ORDER BY id"
    )
    return [tuple(row) for row in db.execute(told)]


def classes(db: Connection, rule: Rule, at: datetime) -> dict[str | None, int]:
    """How many doors of which class were on the register at an instant."""
    told = coverage.table(db, Query(("class",), as_of=at), SYSTEM, NOW + DAY, ZONE, rule=rule)
    n = COUNTS.index("enumerated")
    return {row.keys[0].code: row.values[n] for row in told.rows if row.values is not None and row.values[n]}


def test_a_row_is_kept_of_each_change_that_figures_tell_and_of_nothing_else(db: Connection, rule: Rule) -> None:
    history.begin(db, NOW - 30 * DAY)
    places = [households.Door(None, "1", "无", room, 110.005, 23.005) for room in ("1", "2")]
    one, two = (households.add(db, place, PLANNER, NOW, rule) for place in places)
    assert kept(db) == [], "a door that comes writes nothing"
    at = [NOW + hours * HOUR for hours in range(6)]
    households.change(db, one, {"contact_name": "王一", "n_people": 3, "room": "3"}, PLANNER, at[1], rule)
    visits.record(db, visits.Draft(uuid.uuid4(), two, "reached", at[1]), PLANNER, at[1], rule)
    households.remove(db, two, "拆除", PLANNER, at[1])
    households.register(db, [replace(places[0], room="3")], at[1], rule)
    assert kept(db) == []
    households.change(db, one, {"class_code": "in_need"}, PLANNER, at[2], rule)
    households.change(db, one, {"lon": 110.007, "lat": 23.005}, PLANNER, at[3], rule)
    households.register(db, [replace(places[1], kind="household", lon=110.006, class_code="cared_for")], at[4], rule)
    households.change(db, one, {"kind": "shop", "class_code": None}, PLANNER, at[5], rule)
    assert kept(db) == [
        (one, at[2], "ordinary", "household", None, 110.005),
        (one, at[3], "in_need", "household", None, 110.005),
        (two, at[4], "ordinary", "household", None, 110.005),
        (one, at[5], "in_need", "household", None, 110.007),
    ]
    then = [classes(db, rule, at[hours]) for hours in range(6)]
    both = {"in_need": 1, "cared_for": 1}
    assert then == [
        {"ordinary": 2},
        {"ordinary": 1},
        {"in_need": 1},
        {"in_need": 1},
        both,
        {"business": 1, "cared_for": 1},
    ]


def test_what_a_door_was_goes_with_it_and_figures_say_from_when_they_are_whole(fresh: Fresh, rule: Rule) -> None:
    with fresh.begin() as db:
        places = [households.Door(None, "1", "无", room, 110.005, 23.005) for room in ("1", "2")]
        gone, stays = (households.add(db, place, PLANNER, NOW - 9 * DAY, rule) for place in places)
        for door, days in ((gone, 8), (gone, 7), (stays, 5)):
            new = {"class_code": "in_need" if days % 2 else "cared_for"}
            households.change(db, door, new, PLANNER, NOW - days * DAY, rule)
        households.remove(db, gone, "拆除", PLANNER, NOW - 4 * DAY)
        assert history.unknown_before(db, NOW - 100 * DAY) is None, "of a register that began with it all is known"
    for statement in (
        "UPDATE household_was SET class_code = 'ordinary'",
        "DELETE FROM household_was",
        "UPDATE campaign_was SET n_times = 1",
        "DELETE FROM campaign_was",
        "UPDATE was_since SET since = NULL",
        "DELETE FROM was_since",
    ):
        with pytest.raises(DBAPIError, match="permission denied"), fresh.begin() as db:
            db.execute(text(statement))
    with fresh.begin(owner=True) as db:
        for days, n in ((5, 0), (3, 1), (3, 0)):
            done = household_retention.blank(db, NOW - days * DAY, NOW - 99 * DAY, NOW, uuid.uuid4())
            assert (done.n_changes, done.n_doors) == (n, n)
        records = text("SELECT household_id FROM deletion_record WHERE what = 'change'")
        assert list(db.scalars(records)) == [gone]
    with fresh.begin() as db:
        assert [row[0] for row in kept(db)] == [stays]
        asked = [history.unknown_before(db, NOW - days * DAY) for days in (9, 7, 6)]
        assert asked == [NOW - 7 * DAY, None, None]
        of_then = Query(("class",), as_of=NOW - 8 * DAY)
        assert coverage.table(db, of_then, SYSTEM, NOW, ZONE, rule=rule).unknown_before == NOW - 7 * DAY
        assert coverage.table(db, Query(("class",)), SYSTEM, NOW, ZONE).unknown_before is None
        with pytest.raises(ValueError, match="without a rule"):
            coverage.table(db, of_then, SYSTEM, NOW, ZONE)
    with fresh.begin(owner=True) as db:  # of a door on the register what is long ago goes too
        assert household_retention.blank(db, NOW - 99 * DAY, NOW - 5 * DAY, NOW, uuid.uuid4()).n_changes == 0
        done = household_retention.blank(db, NOW - 99 * DAY, NOW - 4 * DAY, NOW, uuid.uuid4())
        assert (done.n_changes, done.n_doors, kept(db)) == (1, 0, [])
        assert history.unknown_before(db, NOW - 6 * DAY) == NOW - 5 * DAY
        rules = list(db.scalars(text("SELECT rule FROM deletion_record WHERE what = 'change' ORDER BY id")))
        assert [rule.split(" before ")[0] for rule in rules] == ["removed", "changed"]
        with pytest.raises(Refused, match="retention_ahead"):
            household_retention.blank(db, NOW, NOW + HOUR, NOW, uuid.uuid4())
