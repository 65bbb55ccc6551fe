"""Large re-placements: keys taken away and made again, writers and readers at the same time, the oracle's answer."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import numpy as np
import pytest
import shapely
from sqlalchemy import Connection, text

from geodata import placement as oracle
from gridsvc import audit, cases, editions, grids, placements, reports, rewriting
from gridsvc.grids import Rule
from gridsvc.reports import Draft, Position
from gridsvc.rules.roles import ANONYMOUS
from tests.conftest import NOW, Fresh
from tests.through import lead
from tests.verbs.test_editions import cell, publish, square, submit

LATER = NOW + timedelta(days=1)
DEFINITIONS = text(
    "SELECT conname || ' ' || pg_get_constraintdef(oid) || convalidated FROM pg_constraint"
    " WHERE conrelid IN (CAST('placement' AS regclass), CAST('report_log' AS regclass))"
    " UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema()"
    " AND tablename IN ('placement', 'report_log') ORDER BY 1"
)
MANY_SQL = """
INSERT INTO report (source, number, state, category, channel, crs, raw_x, raw_y, geom, received_at)
SELECT 'many', i::text, CASE WHEN i % 100 = 0 THEN 'closed' ELSE 'reported' END, 'unclassified', 'web', 'wgs84', x, y,
  ST_SetSRID(ST_MakePoint(x, y), 4326), :now
FROM unnest(CAST(:x AS float8[]), CAST(:y AS float8[])) WITH ORDINALITY AS p (x, y, i)
"""


def many(db: Connection, rule: Rule, n: int) -> None:
    """So many placed reports over the square grids and a little beyond; every hundredth is closed."""
    rng = np.random.default_rng(7)
    x, y = (np.round(rng.uniform(low - 0.001, low + 0.031, n), 4).tolist() for low in (110.0, 23.0))
    db.execute(text(MANY_SQL), {"x": x, "y": y, "now": NOW})
    template = submit(db, 110.005, 23.005, rule)
    grids.begin_placing(db)
    db.execute(
        text("INSERT INTO to_place SELECT id, geom, received_at FROM report WHERE source = 'many' ORDER BY geom")
    )
    grids.place_all(db, rule)
    db.execute(
        text(
            "INSERT INTO placement (report_id, seq, from_at, grid_version_id, method, distance_m, reason, duty)"
            " SELECT r.id, 1, r.received_at, w.grid_version_id, coalesce(w.method, 'none'), w.distance_m,"
            " CASE WHEN w.id IS NULL THEN 'outside' END, CASE WHEN w.id IS NOT NULL THEN 'nobody' END"
            " FROM report r LEFT JOIN placed w ON w.id = r.id WHERE r.source = 'many'"
        )
    )
    columns = ", ".join(
        name
        for name in db.scalars(
            text("SELECT attname FROM pg_attribute WHERE attrelid = 'report_log'::regclass AND attnum > 0")
        )
        if name != "report_id"
    )
    db.execute(
        text(
            f"INSERT INTO report_log (report_id, {columns}) SELECT r.id, {columns} FROM report r, report_log l"
            " WHERE r.source = 'many' AND l.report_id = :id AND l.seq = 1"
        ),
        {"id": template.id},
    )


def narrower() -> list[editions.Row]:
    """The square grids with every border between columns moved west by a fifth of a cell."""
    shift = {0: 0.0, 1: -0.002, 2: -0.002, 3: 0.0}
    return [
        (
            i,
            f"{i:03d}",
            f"网格{i}",
            cell(110 + x * 0.01 + shift[x], 23 + y * 0.01, 110.01 + x * 0.01 + shift[x + 1], 23.01 + y * 0.01),
        )
        for i in range(9)
        for x, y in [(i % 3, i // 3)]
    ]


def oracle_differs(db: Connection) -> list[int]:
    """The reports among every hundredth open one whose current placement is not what plain Python says."""
    rows = db.execute(
        text("SELECT code, name, layer, ST_AsBinary(geom) AS geom FROM grid_version WHERE valid_to IS NULL")
    )
    every = [oracle.Grid(row.code, row.name, row.layer, shapely.from_wkb(bytes(row.geom))) for row in rows]
    sample = db.execute(
        text(
            "SELECT r.id, ST_X(r.geom) AS lon, ST_Y(r.geom) AS lat, g.code, p.method, p.distance_m, p.reason, p.duty"
            " FROM report r JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL"
            " LEFT JOIN grid_version g ON g.id = p.grid_version_id WHERE r.state = 'reported' AND r.id % 100 = 1"
        )
    ).all()
    wrong = []
    for row in sample:
        said = oracle.place(row.lon, row.lat, every)
        duty = None if said.code is None else "nobody"
        if (row.code, row.method, row.distance_m, row.reason, row.duty) != (
            said.code, said.method, said.distance_m, said.reason, duty,
        ):  # fmt: skip
            wrong.append(row.id)
    assert len(sample) >= rewriting.LEAST_ROWS // 100
    return wrong


def test_a_large_replacement_is_whole_and_right(fresh: Fresh, rule: Rule) -> None:
    n = rewriting.LEAST_ROWS * 11 // 10
    with fresh.begin(owner=True) as db:
        publish(db, square(), NOW, rule)
        many(db, rule, n)
        db.execute(text("ANALYZE report, placement, report_log"))
        before = list(db.scalars(DEFINITIONS))
        n_open = db.scalar(text("SELECT count(*) FROM report WHERE state = 'reported' AND geom IS NOT NULL"))
        unplaced = db.scalar(text("SELECT count(*) FROM placement WHERE method = 'none'"))
    with fresh.begin(owner=True) as db:
        done = publish(db, narrower(), LATER, rule)
    assert done.changes.changed == tuple(f"{i:03d}" for i in range(9))
    with fresh.begin() as db:
        assert list(db.scalars(DEFINITIONS)) == before
        assert n_open - unplaced <= done.n_reports_moved < n_open
        assert oracle_differs(db) == []
        logged = db.execute(
            text(
                "SELECT count(*) AS n, count(DISTINCT l.report_id) AS reports, min(l.seq) AS seq, max(l.seq) AS last,"
                " count(*) FILTER (WHERE p.from_at = :now AND p.to_at IS NULL AND o.to_at = :now) AS joined,"
                " count(*) FILTER (WHERE l.digest = log_digest(b.digest, l.report_id, l.seq, l.action, l.from_state,"
                " l.to_state, l.actor_id, l.at, l.note_digest, l.facts)) AS sealed"
                " FROM report_log l JOIN report_log b ON b.report_id = l.report_id AND b.seq = l.seq - 1"
                " JOIN placement p ON p.report_id = l.report_id AND p.seq = l.seq"
                " JOIN placement o ON o.report_id = l.report_id AND o.seq = 1 WHERE l.action = 'replace'"
            ),
            {"now": LATER},
        ).one()
        n_moved = done.n_reports_moved
        assert tuple(logged) == (n_moved, n_moved, 2, 2, n_moved, n_moved)
        closed = text(
            "SELECT count(*) FROM report r JOIN placement p ON p.report_id = r.id WHERE r.state = 'closed' AND p.seq > 1"
        )
        assert db.scalar(closed) == 0


def test_keys_are_taken_away_only_where_nobody_reads(fresh: Fresh, rule: Rule) -> None:
    kept = text("SELECT count(*) FROM pg_constraint WHERE conname IN ('placement_pkey', 'placement_report_id_fkey')")
    kept = text(f"{kept.text} AND connamespace = CAST(current_schema() AS regnamespace)")
    with fresh.begin(owner=True) as db:
        with fresh.begin() as other:
            other.execute(text("SELECT count(*) FROM placement"))
            with rewriting.rebuilt(db):
                assert db.scalar(kept) == 2
        with rewriting.rebuilt(db):
            assert db.scalar(kept) == 0
        assert db.scalar(kept) == 2
        assert db.scalar(text("SELECT current_setting('lock_timeout')")) == "0"


def test_a_broken_row_among_many_undoes_everything(fresh: Fresh, rule: Rule) -> None:
    with fresh.begin(owner=True) as db:
        publish(db, square(), NOW, rule)
        made = submit(db, 110.005, 23.005, rule)
    with (
        pytest.raises(Exception, match="placement_report_id_fkey"),
        fresh.begin(owner=True) as db,
        rewriting.rebuilt(db),
    ):
        db.execute(text("UPDATE placement SET report_id = report_id + 1000000"))
    with fresh.begin() as db:
        assert placements.current(db, made.id).code == "000"


def test_holding_still_gives_way_to_a_writer_and_to_the_serving_role(fresh: Fresh, rule: Rule) -> None:
    with fresh.begin(owner=True) as db:
        publish(db, square(), NOW, rule)
        made = submit(db, 110.005, 23.005, rule)
    with fresh.begin(owner=True) as db:
        with fresh.begin() as other:
            assert not rewriting.hold_still(other)
            cases.lock(other, made.number)
            assert not rewriting.hold_still(db)
        assert rewriting.hold_still(db)


def test_a_report_voided_while_publishing_keeps_its_grid(fresh: Fresh, rule: Rule) -> None:
    with fresh.begin(owner=True) as db:
        publish(db, square(), NOW, rule)
        closing = submit(db, 110.0095, 23.005, rule)
        moving = submit(db, 110.0096, 23.005, rule)
    failed: list[Exception] = []

    def run() -> None:
        try:
            with fresh.begin(owner=True) as db:
                publish(db, narrower(), LATER, rule)
        except Exception as error:
            failed.append(error)

    with fresh.begin() as db:
        lead(db, closing.number, "void", NOW)
        publishing = threading.Thread(target=run)
        publishing.start()
        mine = "locktype = 'transactionid' AND transactionid = CAST(pg_current_xact_id() AS xid)"
        waits = text(f"SELECT count(*) FROM pg_locks WHERE {mine} AND NOT granted")
        for _ in range(1200):
            if db.scalar(waits):
                break
            time.sleep(0.05)
        else:
            pytest.fail("publishing did not wait for the report that is being voided")
    publishing.join(timeout=120)
    assert failed == []
    with fresh.begin() as db:
        assert placements.current(db, closing.id).grid_version_id == closing.placement.grid_version_id
        assert placements.current(db, moving.id).code == "001"


def test_a_placement_of_a_clock_ahead_ends_no_sooner_than_it_began(db: Connection, rule: Rule) -> None:
    publish(db, square(), NOW, rule)
    ahead = submit(db, 110.005, 23.005, rule, LATER + timedelta(minutes=1))
    publish(db, [(1, "000", "网格甲", cell(110, 23, 110.01, 23.01))], LATER, rule)
    rows = db.execute(text("SELECT from_at, to_at FROM placement WHERE report_id = :id ORDER BY seq"), {"id": ahead.id})
    assert [(row.from_at, row.to_at) for row in rows] == [
        (LATER + timedelta(minutes=1), LATER + timedelta(minutes=1)),
        (LATER, None),
    ]


def test_a_report_of_a_compound_follows_where_all_grids_change(db: Connection, rule: Rule) -> None:
    publish(db, square(), NOW, rule)
    a_compound_is_followed(db, rule)


def test_parallel_workers_follow_compounds_and_leave_what_people_did(
    fresh: Fresh, rule: Rule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewriting, "LEAST_ROWS", 1)
    with fresh.begin(owner=True) as db:
        publish(db, square(), NOW, rule)
        by_hand, closing, moving, twice = (submit(db, 110.0095 + i / 1e5, 23.005, rule) for i in range(4))
        db.execute(text("UPDATE placement SET method = 'manual' WHERE report_id = :id"), {"id": by_hand.id})
        lead(db, closing.number, "void", NOW)
        lead(db, twice.number, "verified", NOW)
        a_compound_is_followed(db, rule)
        assert db.scalar(text("SELECT to_regclass('shifted')")) is None
        assert [placements.current(db, one.id).code for one in (by_hand, closing, moving, twice)] == [
            "000", "000", "001", "001",
        ]  # fmt: skip
        n_logged = db.scalar(text("SELECT count(*) FROM report_log WHERE action = 'replace'"))
        assert n_logged == 3, "of the one that moves, the one with two rows, the compound's"
        assert audit.verify(db).sound


def a_compound_is_followed(db: Connection, rule: Rule) -> None:
    """Asserts where a report of a compound and one on no grid are before and after every grid has moved."""
    id_ = db.scalar(
        text(
            "INSERT INTO compound (source, ref, name, geom) VALUES ('t', '1', '阳光苑', "
            "ST_SetSRID(ST_MakePoint(110.0095, 23.005), 4326)) RETURNING id"
        )
    )
    at_home = reports.submit(
        db, Draft("00000000-0000-4000-8000-000000000001", "x", "", "web", None, id_), ANONYMOUS, NOW, rule
    )
    words = Position(110.05, 23.05, "wgs84", None)
    outside = reports.submit(
        db, Draft("00000000-0000-4000-8000-000000000002", "x", "", "web", words), ANONYMOUS, NOW, rule
    )
    assert (at_home.placement.code, at_home.placement.method, outside.placement.code) == ("000", "compound", None)
    # a position that was too vague to place it
    there = "geom = ST_SetSRID(ST_MakePoint(110.025, 23.025), 4326), crs = 'wgs84', raw_x = 110.025, raw_y = 23.025"
    db.execute(text(f"UPDATE report SET {there} WHERE id = :id"), {"id": at_home.id})
    publish(db, narrower(), LATER, rule)
    now = placements.current(db, at_home.id)
    assert (now.code, now.method, now.distance_m) == ("001", "compound", None)
    assert placements.current(db, outside.id).reason == "outside"


def test_what_rows_share_is_put_into_words_once_and_sealed_as_one_by_one(db: Connection) -> None:
    """log_seal of log_said is log_digest, whatever stands in a row."""
    differing = text(
        "SELECT count(*), count(*) FILTER (WHERE log_digest(b, i, s, a, f, 'closed', w, t, n, j)"
        " IS DISTINCT FROM log_seal(b, i, s, log_said(a, f, 'closed', w, t, n, j)))"
        " FROM unnest(CAST(ARRAY[NULL, '\\x00ff'] AS bytea[])) b,"
        " unnest(CAST(ARRAY[1, 9223372036854775807] AS bigint[])) i, unnest(ARRAY[1, 12]) s,"
        " unnest(ARRAY['replace', 'a \"b\", (c)', '']) a, unnest(ARRAY[NULL, 'reported']) f,"
        " unnest(CAST(ARRAY[NULL, 7] AS bigint[])) w,"
        " unnest(CAST(ARRAY['2026-03-01 08:00:00.000001+08', '1969-12-31 23:59:59.5Z'] AS timestamptz[])) t,"
        " unnest(CAST(ARRAY[NULL, '\\xab'] AS bytea[])) n,"
        ' unnest(CAST(ARRAY[NULL, \'{}\', \'{"from": "网格 \\\\ \\"1\\"", "to": null}\'] AS jsonb[])) j'
    )
    assert db.execute(differing).one() == (2**7 * 9, 0)
