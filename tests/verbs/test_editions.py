"""Grids in editions: drafted, compared, published; open reports follow a moved border, closed ones stay."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import shapely
from sqlalchemy import Connection, text

from gridsvc import cases, editions, grids, households, placements, reports
from gridsvc.errors import Conflict, NotFound, Refused
from gridsvc.grids import Rule
from gridsvc.reports import Draft, Position
from gridsvc.rules.roles import ANONYMOUS, Actor
from tests.conftest import NOW
from tests.through import lead

STEP = 0.01
LATER = NOW + timedelta(days=1)


def cell(west: float, south: float, east: float, north: float) -> bytes:
    return bytes(shapely.to_wkb(shapely.MultiPolygon([shapely.box(west, south, east, north)])))


def square(n: int = 3) -> list[editions.Row]:
    return [
        (i, f"{i:03d}", f"网格{i}", cell(110 + x * STEP, 23 + y * STEP, 110 + (x + 1) * STEP, 23 + (y + 1) * STEP))
        for i in range(n * n)
        for x, y in [(i % n, i // n)]
    ]


def publish(db: Connection, rows: list[editions.Row], now, rule: Rule, *, replace: bool = False, layer: str = "base"):
    editions.stage(db, rows)
    editions.draft(db, layer, now, replace=replace)
    return editions.publish(db, layer, now, rule)


def submit(db: Connection, lon: float, lat: float, rule: Rule, now=NOW, **more):
    position = Position(lon, lat, "wgs84", more.pop("accuracy_m", None))
    return reports.submit(db, Draft(uuid.uuid4(), "x", "积水", "web", position, **more), ANONYMOUS, now, rule)


def test_first_edition_is_all_new_and_holds_from_ever(db: Connection, rule: Rule) -> None:
    done = publish(db, square(), NOW, rule)
    assert done.changes.added == tuple(f"{i:03d}" for i in range(9))
    assert done.changes.changed == done.changes.removed == ()
    long_ago = NOW - timedelta(days=9999)
    assert grids.place(db, 110.005, 23.005, long_ago, rule).code == "000"


def test_same_file_again_changes_nothing_and_keeps_rows(db: Connection, rule: Rule) -> None:
    publish(db, square(), NOW, rule)
    editions.stage(db, square())
    assert len(editions.compare_staged(db, "base", replace=True).same) == 9
    done = publish(db, square(), LATER, rule)
    assert len(done.changes.same) == 9
    assert done.n_reports_moved == 0
    assert db.scalar(text("SELECT count(*) FROM grid_version")) == 9


def test_the_same_shape_drawn_the_other_way_round_is_the_same(db: Connection, rule: Rule) -> None:
    """As a Shapefile and a GeoJSON of the same grids have them; a programme may begin a ring elsewhere, too."""
    publish(db, square(), NOW, rule)
    turned = []
    for row, code, name, wkb in square():
        ring = list(shapely.from_wkb(wkb).geoms[0].exterior.coords)[::-1][1:]
        turned.append((row, code, name, bytes(shapely.to_wkb(shapely.MultiPolygon([shapely.Polygon(ring)])))))
    assert [row[3] for row in turned] != [row[3] for row in square()]
    turned[4] = (4, "004", "网格4", cell(110.01, 23.01, 110.02, 23.020001))
    editions.stage(db, turned)
    assert editions.compare_staged(db, "base", replace=True).changed == ("004",)
    assert publish(db, turned, LATER, rule).changes.changed == ("004",)
    assert db.scalar(text("SELECT count(*) FROM grid_version")) == 10


def test_partial_file_carries_the_others_over(db: Connection, rule: Rule) -> None:
    publish(db, square(), NOW, rule)
    moved = [(0, "000", "改名", square()[0][3])]
    done = publish(db, moved, LATER, rule)
    assert (done.changes.changed, len(done.changes.same), done.changes.removed) == (("000",), 8, ())
    done = publish(db, square()[:4], LATER + timedelta(days=1), rule, replace=True)
    assert done.changes.removed == ("004", "005", "006", "007", "008")


def test_moved_border_moves_open_reports_only(db: Connection, rule: Rule) -> None:
    publish(db, square(), NOW, rule)
    manager = Actor("admin")
    moving = submit(db, 110.0105, 23.005, rule)
    staying = submit(db, 110.005, 23.005, rule)
    closed = submit(db, 110.0106, 23.005, rule)
    lead(db, closed.number, "closed", NOW)
    by_hand = submit(db, 110.0107, 23.005, rule)
    cases.place_by_hand(db, cases.lock(db, by_hand.number), "008", manager, NOW, rule)
    rows = square()
    rows[0] = (0, "000", "网格0", cell(110, 23, 110.012, 23.01))
    rows[1] = (1, "001", "网格1", cell(110.012, 23, 110.02, 23.01))
    done = publish(db, rows, LATER, rule)
    assert done.changes.changed == ("000", "001")
    assert placements.current(db, moving.id).code == "000"
    assert placements.current(db, staying.id).code == "000"
    assert placements.current(db, closed.id).code == "001"
    assert placements.current(db, by_hand.id).code == "008"
    assert done.n_reports_moved == 2  # one to another code, one to the redrawn version of its own
    seen = db.execute(
        text("SELECT report_id, action, facts->>'from' AS was, facts->>'to' AS is_now FROM report_log WHERE seq = 2")
    )
    moves = {row.report_id: (row.action, row.was, row.is_now) for row in seen}
    assert moves[moving.id] == ("replace", "001", "000")
    history = db.execute(
        text(
            "SELECT g.code, p.from_at, p.to_at FROM placement p JOIN grid_version g ON g.id = p.grid_version_id "
            "WHERE report_id = :id ORDER BY seq"
        ),
        {"id": moving.id},
    ).all()
    assert [(h.code, h.from_at, h.to_at) for h in history] == [("001", NOW, LATER), ("000", LATER, None)]


def test_a_report_outside_comes_in_when_grids_grow(db: Connection, rule: Rule) -> None:
    publish(db, square(), NOW, rule)
    outside = submit(db, 110.05, 23.005, rule)
    assert outside.placement.method == "none"
    publish(db, [(1, "100", "新", cell(110.04, 23, 110.06, 23.01))], LATER, rule)
    assert placements.current(db, outside.id).code == "100"
    publish(db, square(), LATER + timedelta(days=1), rule, replace=True)
    gone = placements.current(db, outside.id)
    assert (gone.method, gone.code, gone.reason) == ("none", None, "outside")


def test_an_older_report_goes_by_the_edition_of_its_day(db: Connection, rule: Rule) -> None:
    publish(db, square(), NOW, rule)
    publish(db, [(1, "000", "旧", cell(110, 23, 110.002, 23.01))], LATER, rule)
    assert submit(db, 110.008, 23.005, rule, NOW + timedelta(hours=1)).placement.code == "000"
    assert submit(db, 110.008, 23.005, rule, LATER).placement.method == "none"


def test_doors_follow_their_border(db: Connection, rule: Rule) -> None:
    publish(db, square(), NOW, rule)
    compound = db.scalar(
        text(
            "INSERT INTO compound (source, ref, name, geom) VALUES ('t', '1', '甲', "
            "ST_SetSRID(ST_MakePoint(110.0, 23.0), 4326)) RETURNING id"
        )
    )
    doors = [households.Door(compound, "1幢", "无", str(i), 110.0105, 23.005) for i in range(3)]
    assert households.register(db, doors, NOW, rule) == 3
    assert households.register(db, doors, NOW, rule) == 0
    grid = text("SELECT DISTINCT g.code FROM household h JOIN grid_version g ON g.id = h.grid_version_id")
    assert list(db.scalars(grid)) == ["001"]
    rows = square()
    rows[0] = (0, "000", "网格0", cell(110, 23, 110.012, 23.01))
    rows[1] = (1, "001", "网格1", cell(110.012, 23, 110.02, 23.01))
    assert publish(db, rows, LATER, rule).n_households_moved == 3
    assert list(db.scalars(grid)) == ["000"]


def test_publishing_needs_a_draft_and_a_later_day(db: Connection, rule: Rule) -> None:
    with pytest.raises(NotFound, match="no_draft"):
        editions.publish(db, "base", NOW, rule)
    publish(db, square(), NOW, rule)
    with pytest.raises(Conflict, match="edition_newer"):
        publish(db, [], NOW, rule)


def test_strict_refuses_gaps_and_overlaps(db: Connection, rule: Rule) -> None:
    rows = square()
    rows[4] = (4, "004", "洞", cell(110.012, 23.012, 110.018, 23.018))
    editions.stage(db, rows)
    editions.draft(db, "base", NOW, replace=False)
    planned = editions.preview(db, "base")
    assert planned.account.gaps
    with pytest.raises(Refused, match="edition_not_tiling"):
        editions.require_tiling("base", planned)
    assert editions.publish(db, "base", NOW, rule).changes.added


def test_dedicated_grid_comes_before_base(db: Connection, rule: Rule) -> None:
    publish(db, square(), NOW, rule)
    publish(db, [(1, "zz", "商场", cell(110.002, 23.002, 110.004, 23.004))], NOW, rule, layer="dedicated")
    assert grids.place(db, 110.003, 23.003, NOW, rule).code == "zz"
    assert grids.place(db, 110.005, 23.003, NOW, rule).code == "000"


def test_confidence_is_worked_out_again_after_publishing(db: Connection, rule: Rule) -> None:
    publish(db, square(), NOW, rule)
    near_border = submit(db, 110.0101, 23.005, rule, accuracy_m=30.0)
    assert near_border.placement.confidence is not None
    assert 0.6 < near_border.placement.confidence < 0.75
    assert near_border.placement.runners_up[0][0] == "000"
    rows = square()
    rows[0] = (0, "000", "网格0", cell(110, 23, 110.015, 23.01))
    rows[1] = (1, "001", "网格1", cell(110.015, 23, 110.02, 23.01))
    publish(db, rows, LATER, rule)
    after = placements.current(db, near_border.id)
    assert (after.code, after.confidence, after.runners_up) == ("000", 1.0, ())


def test_a_compound_outside_comes_in_when_grids_grow(db: Connection, rule: Rule) -> None:
    publish(db, square(), NOW, rule)
    id_ = db.scalar(
        text(
            "INSERT INTO compound (source, ref, name, geom) VALUES ('t', '1', '远郊', "
            "ST_SetSRID(ST_MakePoint(110.05, 23.005), 4326)) RETURNING id"
        )
    )
    far = reports.submit(db, Draft(uuid.uuid4(), "x", "", "web", None, id_), ANONYMOUS, NOW, rule)
    assert (far.placement.method, far.placement.reason) == ("none", "compound_outside")
    publish(db, [(1, "100", "新", cell(110.04, 23, 110.06, 23.01))], LATER, rule)
    now = placements.current(db, far.id)
    assert (now.code, now.method) == ("100", "compound")
    publish(db, square(), LATER + timedelta(days=1), rule, replace=True)
    assert placements.current(db, far.id).reason == "compound_outside"


def test_an_open_report_on_a_retired_version_moves_on(db: Connection, rule: Rule) -> None:
    publish(db, square(), NOW, rule)
    publish(db, [(1, "000", "改名", square()[0][3])], LATER, rule)
    late = submit(db, 110.005, 23.005, rule, NOW + timedelta(hours=1))
    retired = placements.current(db, late.id).grid_version_id
    assert placements.replace_retired(db, LATER + timedelta(hours=1), rule) == 1
    assert placements.current(db, late.id).grid_version_id != retired
    assert placements.replace_retired(db, LATER + timedelta(hours=2), rule) == 0
    # publishing takes such ones along, whichever grids it changes
    for day, rows in ((1, square()[8:]), (2, square())):
        late = submit(db, 110.005, 23.005, rule, NOW + timedelta(hours=1))
        assert placements.current(db, late.id).grid_version_id == retired
        renamed = [(i, code, f"{name}{day}", geom) for i, code, name, geom in rows]
        assert publish(db, renamed, LATER + timedelta(days=day), rule).n_reports_moved == (1 if day == 1 else 3)
        assert placements.current(db, late.id).grid_version_id != retired


def test_grids_follow_areas_that_come_later(db: Connection, rule: Rule) -> None:
    add = text(
        "INSERT INTO area (level, code, name, geom) VALUES (:l, :l, :l, ST_Multi(ST_MakeEnvelope(109, 22, 112, 25, 4326)))"
    )
    db.execute(add, {"l": "district"})
    publish(db, square(), NOW, rule)
    db.execute(add, {"l": "community"})
    assert editions.link_areas(db) == 9
    assert editions.link_areas(db) == 0
