"""The demo town, played through the verbs: every report is placed as the oracle places it, and nothing is lost."""

from __future__ import annotations

from collections import Counter
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select, text

from geodata import placement as oracle
from geodata import town
from gridsvc import audit, coverage, demo, stats, worklist_filter
from gridsvc.db import tables as t
from gridsvc.rules.roles import Actor
from gridsvc.worklist import Filter
from tests.conftest import NOW, RULE
from tests.through import ADMIN
from tests.verbs.test_kept import GONE, ended, listed, same

TOWN = town.build(NOW.date())


def test_every_row_of_the_script_is_there(town_db: Connection) -> None:
    counts = {
        "report": len(TOWN.reports),
        "visit": len(TOWN.visits),
        "household": len(TOWN.households),
        "compound": len(TOWN.compounds),
        "area": len(TOWN.areas),
        "grid_version": len(TOWN.grids) + len(TOWN.dedicated),
        "basemap": len(TOWN.roads) + len(TOWN.buildings) + len(TOWN.water),
    }
    for table, n in counts.items():
        assert town_db.scalar(text(f"SELECT count(*) FROM {table}")) == n, table
    assert not demo.is_empty(town_db)


def test_every_position_is_placed_as_the_oracle_does(town_db: Connection) -> None:
    rows = town_db.execute(
        text(
            "SELECT ST_X(r.geom) AS lon, ST_Y(r.geom) AS lat, g.code, p.method, p.distance_m "
            "FROM report r JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL "
            "LEFT JOIN grid_version g ON g.id = p.grid_version_id "
            "WHERE r.geom IS NOT NULL AND p.method IN ('covers', 'nearest', 'none')"
        )
    ).all()
    grids = [
        oracle.Grid(row.code, row.name, row.layer, row.geometry)
        for frame in (TOWN.grids, TOWN.dedicated)
        for row in frame.itertuples()
    ]
    expected = oracle.place_many([r.lon for r in rows], [r.lat for r in rows], grids, RULE.nearest_max_m)
    assert [(r.code, r.method, r.distance_m) for r in rows] == [(e.code, e.method, e.distance_m) for e in expected]
    assert len(rows) > 2000
    assert {"covers", "nearest", "none"} <= {r.method for r in rows}


def test_every_log_is_whole_and_tells_the_stored_case(town_db: Connection) -> None:
    found = audit.verify(town_db)
    assert (found.findings, found.sound) == ((), True)
    assert found.n_reports == len(TOWN.reports)
    states = Counter(town_db.scalars(text("SELECT state FROM report")))
    turned_down = {one.client_key for one in TOWN.reports if one.state == "void"}
    ended = set(town_db.scalars(text("SELECT client_key FROM report WHERE state IN ('void', 'not_filed')")))
    merged = set(town_db.scalars(text("SELECT client_key FROM report WHERE state = 'merged'")))
    assert ended <= turned_down <= ended | merged
    assert min(states["void"], states["not_filed"], states["merged"]) > 20
    assert {"reported", "filed", "dispatched", "disposed", "closed", "struck_off"} <= states.keys()
    done = set(town_db.scalars(text("SELECT DISTINCT action FROM report_log")))
    assert {"accept", "return", "ask_extension", "suspend", "check_failed", "rate", "escalate"} <= done


def test_what_was_solved_on_the_spot_has_a_picture_and_an_answer_and_some_are_checked(town_db: Connection) -> None:
    rows = town_db.execute(
        text(
            "SELECT l.report_id, l.note, r.state, r.sampled, r.checked_at, r.closed_at, r.outcome, "
            "(SELECT count(*) FROM report_photo x WHERE x.report_id = l.report_id AND x.seq = l.seq "
            "AND x.kind = 'after') AS n_photos FROM report_log l JOIN report r ON r.id = l.report_id "
            "WHERE l.action = 'solve_on_spot'"
        )
    ).all()
    assert len(rows) > 20
    assert all(row.n_photos == 1 and row.note for row in rows)
    closed = [row for row in rows if row.closed_at is not None]
    assert closed
    assert all((row.checked_at is not None) == row.sampled for row in closed)
    assert {row.sampled for row in rows} == {True, False}


def test_pictures_of_the_town_are_few_and_small(town_db: Connection) -> None:
    found = town_db.execute(text("SELECT count(*) AS n, max(n_bytes) AS most, sum(n_bytes) AS all FROM photo")).one()
    assert 40 < found.n < 200
    assert found.most < 60_000
    unused = "SELECT count(*) FROM photo p WHERE NOT EXISTS (SELECT FROM report_photo x WHERE x.sha256 = p.sha256)"
    assert town_db.scalar(text(unused)) == 0


def test_the_maps_add_up(town_db: Connection) -> None:
    period = stats.Period(TOWN.reports[0].received_at, NOW, NOW)
    table = stats.hotspots(town_db, period, Actor("planner"))
    total = town_db.scalar(text("SELECT count(*) FROM report WHERE state <> 'void'"))
    assert sum(row.n for row in table.rows) + table.n_unlocated == total
    asked = coverage.Query(from_on=TOWN.reports[0].received_at.date())
    cover = coverage.for_map(coverage.table(town_db, asked, Actor("planner"), NOW, ZoneInfo("Asia/Shanghai")))
    assert sum(row.denom or 0 for row in cover.rows) + cover.n_unlocated <= len(TOWN.households)
    shares = [row.value for row in cover.rows if row.value is not None]
    assert min(shares) == 0
    assert max(shares) > 0.9
    assert any(row.value is None for row in cover.rows)


def test_both_campaigns_have_their_lists_and_what_was_reached(town_db: Connection) -> None:
    n_excluded = {}
    for code, n_doors in (("summer", 1678), ("autumn", len(TOWN.households))):
        asked = coverage.Query((), code)
        counts = coverage.table(town_db, asked, Actor("planner"), NOW, ZoneInfo("Asia/Shanghai")).counts
        assert counts["enumerated"] == counts["targeted"] == n_doors, code
        assert n_doors / 2 < counts["reached"] < counts["eligible"], code
        n_excluded[code] = n_doors - counts["eligible"]
    assert n_excluded["autumn"] == demo.N_EXCLUDED >= n_excluded["summer"]
    seconds = "SELECT count(*) FROM household_exclusion WHERE confirmed_by IS NOT NULL AND ended_at IS NULL"
    assert town_db.scalar(text(seconds)) == demo.N_EXCLUDED


def test_hot_spots_of_the_script_are_hot_on_the_map(town_db: Connection) -> None:
    period = stats.Period(TOWN.reports[0].received_at, NOW, NOW)
    for spot in TOWN.spots:
        table = stats.hotspots(town_db, period, Actor("planner"), category=spot.category)
        ranked = sorted(table.rows, key=lambda row: -row.n)
        assert set(spot.grid_codes) & {row.code for row in ranked[: len(spot.grid_codes) + 3]}, spot.name


def test_the_town_after_three_months(town_db: Connection) -> None:
    assert same(town_db) > 100
    assert len(ended(town_db)) >= 3


def test_ended_ones_are_found_by_place_as_by_all_that_is_known_of_them(town_db: Connection) -> None:
    """The short way to ended reports and the long one, for readers of some areas, and for filters by place and time."""
    areas = list(town_db.scalars(text("SELECT id FROM area WHERE level = 'community' ORDER BY id LIMIT 2")))
    area, grid = (town_db.scalar(text(f"SELECT min(code) FROM {of}")) for of in ("area", "grid_version"))
    readers = (ADMIN, Actor("manager", area_ids=(areas[0],)), Actor("checker", area_ids=tuple(areas)))
    begin = town_db.scalar(text("SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY received_at) FROM report"))
    n_short = 0
    for reader in readers:
        for wanted in (
            Filter(states=("struck_off",)),
            Filter(states=tuple(GONE)),
            Filter(states=("closed", "struck_off"), area=area),
            Filter(states=("closed", "struck_off"), grid=grid),
            Filter(states=tuple(GONE), from_at=begin),
            Filter(states=tuple(GONE), to_at=begin),
        ):
            where = worklist_filter.ended_places(town_db, reader, wanted)
            n_short += where is not None
            every = worklist_filter.conditions(town_db, reader, wanted)
            long = select(t.report.c.id).where(*every).order_by(t.report.c.received_at, t.report.c.id)
            assert listed(town_db, reader, wanted) == list(town_db.scalars(long)), (reader, wanted)
    assert n_short >= 14
