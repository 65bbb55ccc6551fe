"""Coverage: kept counts equal counts from the visits equal plain Python; by what, as of when, for whom."""

from __future__ import annotations

import itertools
import random
import uuid
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, text

from gridsvc import campaigns, coverage, door_merges, exclusions, history, households, visits
from gridsvc.campaigns import Wanted
from gridsvc.coverage import Query, Table
from gridsvc.errors import Conflict, NotFound, Refused
from gridsvc.grids import Rule
from gridsvc.rules.coverage import COUNTS, Door, Visit, Window, counts_of, status_of, total
from gridsvc.rules.roles import Actor
from tests.conftest import NOW
from tests.verbs.test_editions import cell, publish, square
from tests.verbs.test_visited import doors

ZONE = ZoneInfo("Asia/Shanghai")
SYSTEM = Actor("system")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CLASSES = ("ordinary", "cared_for", "in_need")
OUTCOMES = ("reached", "absent", "refused", "vacant", "moved", "not_found", "not_eligible")
BYS = [(), ("grid",), ("compound",), ("community",), ("subdistrict",), ("class",)]
PAIRS = [("grid", "class"), ("community", "class"), ("grid", "compound"), ("class", "subdistrict")]
Counts = dict[tuple[str | None, ...], dict[str, int]]


class World:
    """Doors over nine grids of two communities (one without) and a campaign; what happens there at random."""

    def __init__(self, db: Connection, rule: Rule, seed: int) -> None:
        self.db, self.rule, self.seed = db, rule, random.Random(seed)  # noqa: S311  # a seeded history
        self.now = NOW
        history.begin(db, NOW - 30 * DAY)  # what is made here has been so for long
        publish(db, square(), NOW - 30 * DAY, rule)
        self.town = town = self._area("subdistrict", "S", None)
        for code, its in (("C1", ("000", "001", "002")), ("C2", ("003", "004", "005"))):
            area = self._area("community", code, town)
            db.execute(text("UPDATE grid_version SET area_id = :a WHERE code = ANY (:c)"), {"a": area, "c": list(its)})
        self.doors = [
            door
            for lon in (110.005, 110.0105, 110.0195, 110.025, 111.5)
            for door in doors(db, rule, lon, self.seed.randint(2, 5))
        ]
        for door in self.doors:
            db.execute(
                text("UPDATE household SET class_code = :c WHERE id = :id"),
                {"c": self.seed.choice(CLASSES), "id": door},
            )
        self._make_due()
        self.somebody = Actor("admin", self._account())
        wanted = Wanted("c", date(2026, 10, 25), date(2026, 11, 8), modes=("door", "phone"), n_times=2)
        campaigns.create(db, "c", wanted, Actor("planner"), NOW, ZONE)
        self.campaign = campaigns.draw(db, "c", NOW)
        self.n_listed = len(self.doors)
        self.sent: list[uuid.UUID] = []
        self.zeros = itertools.count(1)  # before the number of the next door that looks like another

    def _area(self, level: str, code: str, parent: int | None) -> int:
        made = text("INSERT INTO area (level, code, name, parent_id) VALUES (:l, :c, :c, :p) RETURNING id")
        return int(self.db.scalar(made, {"l": level, "c": code, "p": parent}) or 0)

    def _account(self) -> int:
        made = text(
            "INSERT INTO account (login, name, role, password_hash) VALUES ('m', 'm', 'manager', 'x') RETURNING id"
        )
        return int(self.db.scalar(made) or 0)

    def _make_due(self) -> None:
        """Puts a few doors upon other grids' ground, so that borders matter."""
        for door in self.doors[::3]:
            self.db.execute(
                text(
                    "UPDATE household SET geom = ST_SetSRID(ST_MakePoint(110.005, 23.0195), 4326), grid_version_id = "
                    "(SELECT id FROM grid_version WHERE code = '003') WHERE id = :id"
                ),
                {"id": door},
            )

    def visit(self) -> None:
        """A visit of the last days, late perhaps, or a correction of one."""
        outcome = self.seed.choice((*OUTCOMES, "reached", "absent"))
        old = self.seed.choice(self.sent) if self.sent and self.seed.random() < 0.3 else None
        if old is not None and self.seed.random() < 0.3:
            outcome = "withdrawn"
        door = self.seed.choice(self.doors)
        if old is not None:
            of = text("SELECT household_id FROM visit WHERE client_key = :k")
            door = int(self.db.scalar(of, {"k": old}) or 0)
        draft = visits.Draft(
            client_key=uuid.UUID(int=self.seed.getrandbits(128)),
            household_id=door,
            outcome=outcome,
            mode=self.seed.choice(("door", "door", "door", "phone", "wechat")),
            happened_at=self.now - self.seed.choice((0.2, 0.5, 1, 5, 30, 90, 300)) * HOUR,
            n_met=self.seed.randint(0, 4) if outcome == "reached" else 0,
            supersedes=old,
        )
        (answer,) = visits.record_all(self.db, [draft], self.somebody, self.now, self.rule)
        if answer.error is None:
            self.sent.append(draft.client_key)
            if old is not None:
                self.sent.remove(old)

    def reached(self) -> list[int]:
        """Doors in a community at which somebody was reached, and which count."""
        found = text(
            "SELECT d.household_id FROM campaign_door d JOIN household h ON h.id = d.household_id "
            "JOIN grid_version g ON g.id = h.grid_version_id WHERE d.n_reached > 0 AND h.excluded IS NULL "
            "AND h.removed_at IS NULL AND g.area_id IS NOT NULL ORDER BY 1"
        )
        return list(self.db.scalars(found))

    def exclude(self, among: list[int] | None = None) -> None:
        door = self.seed.choice(among or self.doors)
        open_now = text("SELECT excluded FROM household WHERE id = :id")
        if self.db.scalar(open_now, {"id": door}) is None:
            leader = Actor("leader", self.somebody.account_id, area_ids=(self.town,))
            with suppress(NotFound), self.db.begin_nested():  # a door in no community is nobody's to exclude by a paper
                exclusions.confirm(self.db, door, "vacant", leader, self.now, document="证明1号")

    def merge(self) -> None:
        """Two entries turn out to be one door: both on the list, or one that came later and stays or goes."""
        alive = "SELECT id FROM household WHERE removed_at IS NULL AND compound_id IS NOT NULL AND id = ANY (:ids) ORDER BY id"
        kept = gone = self.seed.choice(list(self.db.scalars(text(alive), {"ids": self.doors})))
        mates = text(
            "SELECT o.id FROM household o JOIN household h ON (h.compound_id, h.kind) = (o.compound_id, o.kind) "
            "WHERE h.id = :id AND o.id <> h.id AND o.removed_at IS NULL AND o.id = ANY (:ids) ORDER BY o.id LIMIT 1"
        )
        mate = self.db.scalar(mates, {"id": kept, "ids": self.doors}) if self.seed.random() < 0.4 else None
        later = (
            "INSERT INTO household (compound_id, building, unit, room, kind, geom, grid_version_id, class_code, registered_at) "
            "SELECT compound_id, building, unit, 'new', kind, geom, grid_version_id, class_code, :at FROM household "
            "WHERE id = :id RETURNING id"
        )
        gone = int(mate or self.db.scalar(text(later), {"id": kept, "at": self.now}) or 0)
        alike = "UPDATE household SET room = repeat('0', :n) || (SELECT ltrim(room, '0') FROM household WHERE id = :k) "
        self.db.execute(text(alike + "WHERE id = :g"), {"k": kept, "g": gone, "n": next(self.zeros)})
        if mate is None:
            self.doors.append(gone)
            self.visit()
            kept, gone = (kept, gone) if self.seed.random() < 0.5 else (gone, kept)
        both = door_merges.compare(self.db, kept, gone, self.somebody, self.now, ZONE)
        door_merges.merge(self.db, kept, gone, "同一户", both.version, self.somebody, self.now, ZONE)
        self.doors.remove(gone)

    def border(self) -> None:
        """Moves the border between the first two columns, back and forth."""
        edge = self.seed.choice((110.0098, 110.0102, 110.012))
        rows = [row for row in square() if row[1] not in ("000", "001")]
        rows += [
            (0, "000", "网格0", cell(110, 23, edge, 23.01)),
            (1, "001", "网格1", cell(edge, 23, 110.02, 23.01)),
        ]
        publish(self.db, rows, self.now, self.rule, replace=True)
        area = self.db.scalar(text("SELECT id FROM area WHERE code = 'C1'"))
        self.db.execute(text("UPDATE grid_version SET area_id = :a WHERE code IN ('000', '001')"), {"a": area})

    def live(self, n: int) -> None:
        """So many things happen, an hour apart."""
        for i in range(n):
            self.now += HOUR
            act = self.seed.random()
            if act < 0.75:
                self.visit()
            elif act < 0.85:
                self.exclude()
            elif act < 0.9:
                self.merge()
            elif act < 0.94:
                households.change(
                    self.db,
                    self.seed.choice(self.doors),
                    {"class_code": self.seed.choice(CLASSES)},
                    self.somebody,
                    self.now,
                    self.rule,
                )
            elif i % 2:
                self.border()

    def table(self, by: tuple[Any, ...], actor: Actor = SYSTEM, **more: Any) -> Table:
        query = Query(by=by, campaign="c", **more)
        return coverage.table(self.db, query, actor, self.now, ZONE, rule=self.rule)


def told(table: Table) -> Counts:
    """The rows by the codes of their keys."""
    return {tuple(key.code for key in row.keys): row.counts for row in table.rows}


def oracle(world: World, key: Callable[[dict[str, Any]], tuple[str | None, ...]], window: Window) -> Counts:
    """The same in plain Python, from the list, the register and all visits."""
    visits_of: dict[int, list[Visit]] = defaultdict(list)
    every = list(world.db.execute(text("SELECT * FROM visit")).mappings())
    superseded = {r["supersedes_id"] for r in every}  # at its own door, or at the one that this was found to be
    for r in (one for one in every if one["id"] not in superseded):
        names = ("id", "outcome", "happened_at", "recorded_at", "mode", "n_met", "supersedes_id")
        visits_of[r["household_id"]].append(Visit(**{name: r[name] for name in names}))
    listed = text(
        "SELECT d.targeted, h.*, g.code AS grid, a.code AS community, b.code AS subdistrict, "
        "k.source || ':' || k.ref AS compound "
        "FROM campaign_door d JOIN household h ON h.id = d.household_id LEFT JOIN compound k ON k.id = h.compound_id "
        "LEFT JOIN grid_version g ON g.id = h.grid_version_id LEFT JOIN area a ON a.id = g.area_id "
        "LEFT JOIN area b ON b.id = a.parent_id"
    )
    found: dict[tuple[str | None, ...], list[dict[str, int]]] = defaultdict(list)
    for r in world.db.execute(listed).mappings():
        door = Door(
            status_of(visits_of[r["id"]], window), r["targeted"], r["excluded"] is not None, r["removed_at"] is not None
        )
        found[key(dict(r) | {"class": r["class_code"]})].append(counts_of(door, 2))
    return {code: total(rows) for code, rows in found.items()}


def window(world: World, first: date | None = None, last: date | None = None) -> Window:
    begin = campaigns.begins(first, ZONE) if first else world.campaign.starts_at
    end = campaigns.begins(last, ZONE) + DAY if last else world.campaign.ends_at
    return Window(begin, end, frozenset({"door", "phone"}))


@pytest.mark.parametrize("seed", range(4))
def test_kept_counts_equal_counts_from_the_visits_equal_plain_python(db: Connection, rule: Rule, seed: int) -> None:
    world = World(db, rule, seed)
    world.live(60)
    assert db.scalar(text("SELECT count(*) FROM visit")) > 20
    for by in (*BYS, *PAIRS):
        kept, counted = world.table(by), world.table(by, as_of=world.now)
        assert (kept.past, counted.past) == (False, True)
        assert told(kept) == told(counted)
        assert [row.keys for row in kept.rows] == [row.keys for row in counted.rows]
        assert kept.counts == counted.counts == oracle(world, lambda _: (), window(world))[()]
        expected = oracle(world, lambda row, by=by: tuple(row[dim] for dim in by), window(world))  # type: ignore[misc]
        assert told(kept) == (expected if by else {})


def test_kept_counts_of_one_class_and_kind(db: Connection, rule: Rule) -> None:
    world = World(db, rule, 11)
    db.execute(text("UPDATE household SET kind = 'shop' WHERE id = :id"), {"id": world.doors[0]})
    db.execute(text("DELETE FROM campaign_cell"))
    world.live(30)
    campaigns.change(db, "c", {"n_times": 1}, NOW, ZONE)
    campaigns.change(db, "c", {"n_times": 2}, NOW, ZONE)
    for chosen in ({"class_code": "cared_for"}, {"kind": "household"}, {"class_code": "in_need", "kind": "shop"}):
        for by in (("grid",), ("community", "class")):
            assert told(world.table(by, **chosen)) == told(world.table(by, as_of=world.now, **chosen))
    all_doors = world.table(("grid",)).counts["enumerated"]
    by_class = [world.table((), class_code=one).counts["enumerated"] for one in CLASSES]
    assert sum(by_class) == all_doors == world.n_listed  # whatever came, went or was one


@pytest.mark.parametrize("seed", [21, 22])
def test_a_published_figure_stands_with_its_instant(db: Connection, rule: Rule, seed: int) -> None:
    world = World(db, rule, seed)
    world.live(25)
    then, published = world.now, {by: world.table(by) for by in [(), ("compound",)]}
    world.live(35)
    for by, table in published.items():
        again = world.table(by, as_of=then)
        assert told(again) == told(table)
        assert again.counts == table.counts
        assert (again.added, again.outside) == (table.added, table.outside)
    assert db.scalar(text("SELECT count(*) FROM visit WHERE carried")) > 0
    assert world.table(()).counts != published[()].counts


def test_days_and_weeks_look_at_their_own_visits(db: Connection, rule: Rule) -> None:
    world = World(db, rule, 31)
    world.live(60)
    days = world.table(("day",))
    assert [row.keys[0].code for row in days.rows][:2] == ["2026-10-25", "2026-10-26"]
    assert days.rows[-1].keys[0].code == world.now.astimezone(ZONE).date().isoformat()
    for row in days.rows:
        day = date.fromisoformat(str(row.keys[0].code))
        assert row.counts == oracle(world, lambda _: (), window(world, day, day))[()]
    assert days.counts == world.table(()).counts
    weeks = world.table(("community", "week"))
    first = oracle(world, lambda row: (row["community"],), window(world, date(2026, 10, 26), date(2026, 11, 1)))
    got = {keys[0]: counts for keys, counts in told(weeks).items() if keys[1] == "2026-W44"}
    assert got == {keys[0]: counts for keys, counts in first.items()}
    assert {key.name for row in weeks.rows for key in row.keys[1:]} >= {"2026-10-26/2026-11-01"}


def test_too_many_rows_by_day_are_refused(db: Connection, rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(db, rule, 31)
    n = len(world.table(("grid", "day")).rows)
    monkeypatch.setattr(coverage, "MOST_ROWS", n)
    assert len(world.table(("grid", "day")).rows) == n
    monkeypatch.setattr(coverage, "MOST_ROWS", n - 1)
    with pytest.raises(Refused, match="coverage_rows") as refused:
        world.table(("grid", "day"))
    assert refused.value.facts == {"most": n - 1, "n": n}
    assert world.table(("grid", "week")).rows
    assert world.table(("grid",)).rows


def test_days_narrow_a_campaign(db: Connection, rule: Rule) -> None:
    world = World(db, rule, 41)
    world.live(40)
    first, last = date(2026, 10, 30), date(2026, 11, 1)
    table = world.table(("grid",), from_on=first, to_on=last)
    assert told(table) == oracle(world, lambda row: (row["grid"],), window(world, first, last))
    assert (table.window.first, table.window.last) == (first, last)
    wide = world.table(("grid",), from_on=date(2026, 1, 1), to_on=date(2026, 12, 31))
    assert told(wide) == told(world.table(("grid",)))


def test_an_older_edition_has_its_own_grids(db: Connection, rule: Rule) -> None:
    world = World(db, rule, 51)
    before = told(world.table(("grid",)))
    edition = db.scalar(text("SELECT id FROM edition WHERE state = 'published'"))
    world.now += HOUR
    rows = [row for row in square() if row[1] not in ("000", "001")]
    rows.append((0, "00X", "合并", cell(110, 23, 110.02, 23.01)))
    publish(db, rows, world.now, rule, replace=True)
    now = told(world.table(("grid",)))
    assert ("00X",) in now
    assert ("000",) not in now
    assert told(world.table(("grid",), edition=edition)) == before
    current = db.scalar(text("SELECT id FROM edition WHERE state = 'published'"))
    assert told(world.table(("grid",), edition=current)) == now
    with pytest.raises(NotFound, match="edition_unknown"):
        world.table(("grid",), edition=10_000)


def test_later_doors_stand_beside(db: Connection, rule: Rule) -> None:
    world = World(db, rule, 61)
    world.now += HOUR
    later = doors(db, rule, 110.005, 3)
    db.execute(text("UPDATE household SET registered_at = :at WHERE id = ANY (:ids)"), {"at": world.now, "ids": later})
    db.execute(text("UPDATE household SET removed_at = :at WHERE id = :id"), {"at": world.now, "id": later[0]})
    draft = visits.Draft(uuid.uuid4(), later[1], "absent", world.now)
    visits.record(db, draft, world.somebody, world.now, rule)
    table = world.table(("grid",))
    assert (table.added, table.outside) == (2, 1)
    assert table.counts["enumerated"] == len(world.doors)
    households.remove(db, world.doors[0], "拆除", world.somebody, world.now)
    table = world.table(())
    assert (table.counts["removed"], table.counts["enumerated"]) == (1, len(world.doors))
    before = world.table((), as_of=world.now - HOUR)
    assert (before.added, before.outside, before.counts["removed"]) == (0, 0, 0)
    world.now += HOUR
    back = {"at": world.now, "ids": [later[0], world.doors[0]]}  # of these the second is on the list, and stays there
    db.execute(text("UPDATE household SET registered_at = '-infinity' WHERE id = :id"), {"id": later[0]})
    for one in db.execute(text("SELECT compound_id, building, unit, room FROM household WHERE id = ANY (:ids)"), back):
        door = households.Door(one.compound_id, one.building, one.unit, one.room)
        households.add(db, door, Actor("planner"), world.now, rule)
    table = world.table(())
    assert (table.added, table.outside, table.counts["removed"]) == (3, 1, 0)
    while_gone = world.table((), as_of=world.now - HOUR / 2)
    assert (while_gone.added, while_gone.outside, while_gone.counts["removed"]) == (2, 1, 1)
    households.remove(db, later[0], "又拆", world.somebody, world.now + HOUR / 2)
    world.now += HOUR
    (door,) = db.execute(
        text("SELECT compound_id, building, unit, room FROM household WHERE id = :id"), {"id": later[0]}
    )
    households.add(db, households.Door(*door), Actor("planner"), world.now, rule)
    asked = [world.now - hours * HOUR for hours in (0, 0.25, 0.75, 1.25)]
    assert [world.table((), as_of=at).added for at in asked] == [3, 2, 3, 2]
    west = Actor("manager", area_ids=(db.scalar(text("SELECT id FROM area WHERE code = 'C2'")),))
    assert (world.table((), west).added, world.table((), Actor("manager")).counts["enumerated"]) == (0, 0)


def test_readers_count_their_own_doors(db: Connection, rule: Rule) -> None:
    world = World(db, rule, 71)
    world.live(30)
    whole = told(world.table(("community",)))
    area = int(db.scalar(text("SELECT id FROM area WHERE code = 'C1'")) or 0)
    mine = Actor("manager", 1, area_ids=(area,))
    for more in ({}, {"as_of": world.now}):
        assert told(world.table(("community",), mine, **more)) == {("C1",): whole["C1",]}
        assert world.table((), mine, **more).counts == whole["C1",]
        assert world.table(("grid",), mine, **more).counts == whole["C1",]
        assert world.table(("grid",), Actor("worker", 1), **more).rows == ()


def test_without_a_campaign_the_register_is_the_list(db: Connection, rule: Rule) -> None:
    world = World(db, rule, 81)
    world.live(30)

    def table(by: tuple[Any, ...], actor: Actor = SYSTEM, **more: Any) -> Table:
        query = Query(by, from_on=date(2026, 10, 1), **more)
        return coverage.table(db, query, actor, world.now, ZONE, rule=rule)

    by_grid = table(("grid",))
    assert len(by_grid.rows) == 10  # nine grids, two thirds of them without a door; and none
    assert told(by_grid)["008",]["enumerated"] == 0
    assert by_grid.counts["enumerated"] == len(world.doors)
    assert (by_grid.added, by_grid.outside, by_grid.campaign) == (None, None, None)
    at_doors = Window(campaigns.begins(date(2026, 10, 1), ZONE), world.now + DAY, frozenset({"door"}))
    expected = oracle(world, lambda _: (), at_doors)[()]
    assert {n: by_grid.counts[n] for n in COUNTS if n != "completed" and n != "targeted"} == {
        n: expected[n] for n in COUNTS if n != "completed" and n != "targeted"
    }
    away = int(db.scalar(text("SELECT min(id) FROM household WHERE excluded IS NULL")) or 0)
    households.remove(db, away, "拆除", world.somebody, world.now)
    assert table(()).counts["enumerated"] == len(world.doors) - 1
    assert table((), as_of=world.now - HOUR).counts["enumerated"] == len(world.doors)
    world.now += HOUR
    (door,) = db.execute(text("SELECT compound_id, building, unit, room FROM household WHERE id = :id"), {"id": away})
    households.add(db, households.Door(*door), Actor("planner"), world.now, rule)
    for hours, n_away in ((0, 0), (0.5, 1), (1, 1), (1.5, 0)):
        counts = table((), as_of=world.now - hours * HOUR).counts
        assert (counts["enumerated"], counts["eligible"]) == (
            len(world.doors) - n_away,
            by_grid.counts["eligible"] - n_away,
        )


def test_what_does_not_fit_is_refused(db: Connection, rule: Rule) -> None:
    world = World(db, rule, 91)
    for by, more, why in (
        (("grid", "grid"), {}, "coverage_by"),
        (("grid", "class", "day"), {}, "coverage_by"),
        (("day", "week"), {}, "coverage_by"),
        (("street",), {}, "coverage_by"),
        (("grid",), {"as_of": world.now + HOUR}, "as_of_future"),
        (("grid",), {"class_code": "x"}, "class_unknown"),
        (("grid",), {"from_on": date(2026, 12, 1)}, "period_reversed"),
    ):
        with pytest.raises(Refused, match=why):
            world.table(by, **more)
    wanted = replace(world.campaign.wanted, n_times=1)
    campaigns.create(db, "d", wanted, SYSTEM, NOW, ZONE)
    with pytest.raises(Conflict, match="campaign_not_drawn"):
        coverage.table(db, Query(campaign="d"), SYSTEM, world.now, ZONE)
    with pytest.raises(NotFound, match="campaign_unknown"):
        coverage.table(db, Query(campaign="x"), SYSTEM, world.now, ZONE)


def test_a_map_takes_grids_and_what_lies_in_none(db: Connection, rule: Rule) -> None:
    world = World(db, rule, 101)
    world.live(40)
    table = world.table(("grid",))
    made = coverage.for_map(table)
    counts = told(table)
    assert {row.code: (row.n, row.denom) for row in made.rows} == {
        str(code): (its["reached"], its["eligible"]) for (code,), its in counts.items() if code is not None
    }
    assert (made.n_unlocated, made.denominator) == (counts[None,]["reached"], "listed")
    everywhere = coverage.for_map(coverage.table(db, Query(), SYSTEM, world.now, ZONE))
    assert (len(everywhere.rows), everywhere.denominator) == (9, "registered")
    assert [row.value for row in everywhere.rows if row.denom == 0] == [None] * sum(
        r.denom == 0 for r in everywhere.rows
    )


def test_a_version_names_the_rows_that_a_reader_sees(db: Connection, rule: Rule) -> None:
    """As long as it is the same the rows are; whatever changes a row changes it, for those who see the row."""
    world = World(db, rule, 21)
    west = Actor("manager", area_ids=(int(db.scalar(text("SELECT id FROM area WHERE code = 'C1'")) or 0),))
    query = Query(by=("grid",), campaign="c")
    seen: dict[tuple[str, str], Any] = {}
    for _ in range(40):
        world.live(1)
        for reader in (SYSTEM, west):
            kept = coverage.kept(db, query, reader, world.now)
            assert kept is not None
            table = world.table(("grid",), reader)
            assert seen.setdefault((reader.role, kept.version), table.rows) == table.rows
            around = coverage.around(db, query, kept, table.values or (), reader, world.now, ZONE)
            assert around == replace(table, rows=())
    versions = {role: {version for who, version in seen if who == role} for role in ("system", "manager")}
    assert 1 < len(versions["manager"]) <= len(versions["system"])
    kept = coverage.kept(db, query, west, world.now)
    db.execute(text("UPDATE grid_version SET area_id = NULL WHERE code = '000' AND valid_to IS NULL"))
    assert coverage.kept(db, query, west, world.now) != kept


@pytest.mark.parametrize(
    "more",
    [
        {"by": ("community",)},
        {"by": ("grid", "class")},
        {"kind": "household"},
        {"class_code": "in_need"},
        {"from_on": date(2026, 10, 26)},
        {"edition": 1},
        {"as_of": NOW},
        {"campaign": None},
    ],
)
def test_what_is_counted_has_no_version(db: Connection, rule: Rule, more: dict[str, Any]) -> None:
    World(db, rule, 22)
    query = Query(**({"by": ("grid",), "campaign": "c"} | more))
    assert coverage.kept(db, query, SYSTEM, NOW) is None
