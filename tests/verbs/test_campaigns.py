"""Campaigns: set up, drawn once, ended; what may change when; the list fixes doors."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, text

from gridsvc import campaigns, visited
from gridsvc.campaigns import Wanted
from gridsvc.db.queries import load
from gridsvc.errors import Conflict, NotFound, Refused
from gridsvc.grids import Rule
from gridsvc.rules.roles import Actor
from tests.conftest import NOW, Fresh
from tests.verbs import recounting
from tests.verbs.test_editions import publish, square
from tests.verbs.test_stats import visit
from tests.verbs.test_visited import doors

ZONE = ZoneInfo("Asia/Shanghai")
PLANNER = Actor("planner")
WANTED = Wanted("秋季大走访", date(2026, 10, 20), date(2026, 11, 20))


def build(db: Connection, rule: Rule) -> None:
    """Doors in three grids: four, three and two; the first two grids are of one community."""
    publish(db, square(), NOW - timedelta(days=30), rule)
    area = db.scalar(text("INSERT INTO area (level, code, name) VALUES ('community', 'C', '西社区') RETURNING id"))
    db.execute(text("UPDATE grid_version SET area_id = :a WHERE code IN ('000', '001')"), {"a": area})
    for lon, n in ((110.005, 4), (110.015, 3), (110.025, 2)):
        doors(db, rule, lon, n)


@pytest.fixture
def town(db: Connection, rule: Rule) -> Connection:
    """A database with these doors."""
    build(db, rule)
    return db


def make(db: Connection, code: str = "c", **changes: object) -> campaigns.Campaign:
    wanted = Wanted(**(vars(WANTED) | changes))  # type: ignore[arg-type]
    return campaigns.create(db, code, wanted, PLANNER, NOW, ZONE)


def assert_counted(db: Connection) -> None:
    assert recounting.stored_doors(db) == recounting.recounted_doors(db)
    assert recounting.stored_cells(db) == recounting.recounted_cells(db)


def on_list(db: Connection, code: str = "c") -> int:
    found = text("SELECT count(*) FROM campaign_door d JOIN campaign c ON c.id = d.campaign_id WHERE c.code = :c")
    return int(db.scalar(found, {"c": code}) or 0)


def test_a_draft_keeps_what_was_asked_for(town: Connection) -> None:
    made = make(
        town, area_codes=("C",), class_codes=("ordinary",), kinds=("household", "shop"), questions=("几口人？",)
    )
    assert (made.state, made.drawn_at, made.area_names) == ("draft", None, ("西社区",))
    assert made.starts_at == datetime(2026, 10, 19, 16, tzinfo=UTC)
    assert made.ends_at == datetime(2026, 11, 20, 16, tzinfo=UTC)
    assert made.wanted == Wanted(
        **(
            vars(WANTED)
            | {"area_codes": ("C",), "class_codes": ("ordinary",), "kinds": ("household", "shop")}
            | {"questions": ("几口人？",)}
        )
    )
    assert campaigns.listed(town) == (made,)


def test_the_list_is_drawn_once_and_stays(town: Connection, rule: Rule) -> None:
    visit(town, town.scalar(text("SELECT min(id) FROM household")), "reached")
    town.execute(text("UPDATE household SET removed_at = :at WHERE id = (SELECT max(id) FROM household)"), {"at": NOW})
    make(town)
    drawn = campaigns.draw(town, "c", NOW)
    assert (drawn.state, drawn.drawn_at, on_list(town)) == ("running", NOW, 8)
    assert_counted(town)
    assert town.scalar(text("SELECT sum(reached) FROM campaign_cell")) == 1
    doors(town, rule, 110.005, 3)
    with pytest.raises(Conflict, match="campaign_state"):
        campaigns.draw(town, "c", NOW)
    assert on_list(town) == 8


@pytest.mark.parametrize(
    ("changes", "n"),
    [
        ({"area_codes": ("C",)}, 7),
        ({"class_codes": ("cared_for",)}, 1),
        ({"kinds": ("shop",)}, 2),
        ({"kinds": ("household", "shop"), "area_codes": ("C",)}, 9),
    ],
)
def test_its_scope_decides_who_is_on_it(town: Connection, rule: Rule, changes: dict[str, object], n: int) -> None:
    town.execute(
        text("UPDATE household SET class_code = 'cared_for' WHERE id = (SELECT min(id) FROM household)"),
    )
    shops = doors(town, rule, 110.005, 2)
    town.execute(text("UPDATE household SET kind = 'shop' WHERE id = ANY (:ids)"), {"ids": shops})
    make(town, **changes)
    campaigns.draw(town, "c", NOW)
    assert on_list(town) == n


def test_a_door_in_no_grid_is_listed_where_the_campaign_is_everywhere(town: Connection, rule: Rule) -> None:
    town.execute(
        text("UPDATE household SET grid_version_id = NULL WHERE id = (SELECT min(id) FROM household)"),
    )
    make(town)
    make(town, "d", area_codes=("C",))
    campaigns.draw(town, "c", NOW)
    campaigns.draw(town, "d", NOW)
    assert (on_list(town), on_list(town, "d")) == (9, 6)


def test_a_new_window_counts_anew_and_the_scope_is_fixed(town: Connection) -> None:
    door = town.scalar(text("SELECT min(id) FROM household"))
    visit(town, door, "reached", 2)
    make(town, starts_on=date(2026, 11, 1))
    campaigns.draw(town, "c", NOW)
    assert town.scalar(text("SELECT sum(reached) FROM campaign_cell")) == 0
    campaigns.change(town, "c", {"starts_on": date(2026, 10, 1), "name": "改名"}, NOW, ZONE)
    assert town.scalar(text("SELECT sum(reached) FROM campaign_cell")) == 1
    assert_counted(town)
    campaigns.change(town, "c", {"n_times": 2}, NOW, ZONE)
    assert town.scalar(text("SELECT sum(completed) FROM campaign_cell")) == 0
    assert_counted(town)
    with pytest.raises(Conflict, match="kinds"):
        campaigns.change(town, "c", {"kinds": ("shop",)}, NOW, ZONE)
    assert campaigns.change(town, "c", {"kinds": ("household",)}, NOW, ZONE).wanted.name == "改名"


def test_what_is_over_takes_late_papers_only(town: Connection) -> None:
    make(town)
    with pytest.raises(Conflict, match="campaign_state"):
        campaigns.end(town, "c", NOW)
    campaigns.draw(town, "c", NOW)
    ended = campaigns.end(town, "c", NOW)
    assert (ended.state, ended.ended_at) == ("ended", NOW)
    assert campaigns.change(town, "c", {"n_returned": 7}, NOW, ZONE).wanted.n_returned == 7
    with pytest.raises(Conflict, match="ends_on"):
        campaigns.change(town, "c", {"ends_on": date(2026, 12, 1)}, NOW, ZONE)


def test_what_does_not_fit_is_refused(town: Connection) -> None:
    make(town)
    for code, changes, why in (
        ("c", {}, "campaign_exists"),
        ("大走访", {}, "campaign_code"),
        ("d", {"ends_on": date(2026, 10, 19)}, "campaign_days"),
        ("d", {"class_codes": ("correction",)}, "campaign_class_unknown"),  # sensitive: not switched on
        ("d", {"area_codes": ("C", "X")}, "campaign_area_unknown"),
    ):
        with pytest.raises((Conflict, Refused), match=why):
            make(town, code, **changes)
    town.execute(text("UPDATE household_class SET active = true WHERE code = 'correction'"))
    with pytest.raises(Refused, match="campaign_class_unknown"):
        make(town, "d", class_codes=("ordinary", "correction"))
    town.execute(text("UPDATE household SET class_code = CASE id % 2 WHEN 0 THEN 'correction' ELSE 'ordinary' END"))
    make(town, "f", class_codes=("ordinary",))
    campaigns.draw(town, "f", NOW)
    drawn = town.scalar(text("SELECT count(*) FROM campaign_door"))
    assert drawn == town.scalar(text("SELECT count(*) FROM household")), "none is told by its absence"
    make(town, "e", kinds=("firm",))
    with pytest.raises(Refused, match="campaign_empty"):
        campaigns.draw(town, "e", NOW)
    with pytest.raises(NotFound, match="campaign_unknown"):
        campaigns.draw(town, "x", NOW)


def test_papers_are_counted_at_the_doors_of_the_reader(town: Connection) -> None:
    made = make(town, n_issued=100, n_returned=60)
    campaigns.draw(town, "c", NOW)
    first = town.scalar(text("SELECT min(id) FROM household"))
    visit(town, first, "reached")
    more = text(
        "INSERT INTO visit (client_key, household_id, outcome, happened_at, recorded_at, n_issued, n_returned, late) "
        "VALUES (gen_random_uuid(), :d, 'reached', :at, :at, 2, 1, true)"
    )
    last = town.scalar(text("SELECT max(id) FROM household"))
    town.execute(more, [{"d": door, "at": NOW} for door in (first, last)])
    visited.hold(town, alone=True)
    visited.recount(town, made.id)
    area = town.scalar(text("SELECT id FROM area"))
    assert campaigns.papers(town, made, PLANNER) == campaigns.Papers(104, 62, 2, 3)
    assert campaigns.papers(town, made, Actor("manager", 1, area_ids=(area,))) == campaigns.Papers(2, 1, 1, 2)


def test_a_board_does_not_read_all_visits(fresh: Fresh, rule: Rule) -> None:
    many = text(
        "INSERT INTO visit (client_key, household_id, outcome, happened_at, recorded_at, n_issued) "
        "SELECT gen_random_uuid(), (SELECT min(id) FROM household), 'absent', t, t, CAST(i % 500 = 0 AS integer) "
        "FROM (SELECT i, CAST(:at AS timestamptz) - i * interval '1 second' AS t FROM generate_series(1, 5000) i) x"
    )
    with fresh.begin() as db:
        build(db, rule)
        made = make(db)
        campaigns.draw(db, "c", NOW)
        db.execute(many, {"at": NOW})
    # the serving role may not count tables: else the planner goes by what it was told of them last
    with fresh.begin(owner=True) as db:
        db.execute(text("ANALYZE visit"))
    mine = {"campaign_id": made.id, "all_areas": True, "area_ids": [], "worker_id": None}
    with fresh.begin() as db:
        plans = {
            name: "\n".join(db.scalars(text(f"EXPLAIN {load(name).text}"), mine | {"zone": ZONE.key}))
            for name in ("campaign_daily", "campaign_papers")
        }
        assert campaigns.papers(db, made, PLANNER).n_issued == 10
    assert "visit" not in plans["campaign_daily"]
    assert "visit_papers_idx" in plans["campaign_papers"]
