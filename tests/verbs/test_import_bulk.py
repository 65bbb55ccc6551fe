"""Large loads: indexes and keys taken away and made again, all or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from gridsvc.grids import Rule
from gridsvc.imports import bulk
from gridsvc.imports import reports as importing
from tests.conftest import Fresh
from tests.verbs.report_files import one, publish, quiet, row, table, take


def schema_of(db: Connection) -> list[str]:
    """Every constraint, index and default of the three tables, as text."""
    tables = "ARRAY['report', 'placement', 'report_log']::regclass[]"
    constraints = f"SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) || convalidated FROM pg_constraint WHERE conrelid = ANY ({tables}) OR confrelid = ANY ({tables})"
    indexes = f"SELECT pg_get_indexdef(indexrelid) || indisvalid || indisclustered FROM pg_index WHERE indrelid = ANY ({tables})"
    privileges = f"SELECT oid::regclass || ' ' || coalesce(relacl::text, '-') FROM pg_class WHERE oid = ANY ({tables})"
    return sorted(str(v) for query in (constraints, indexes, privileges) for v in db.scalars(text(query)))


def stays(db: Connection, *, all_open: bool) -> set[str]:
    """The indexes that a large load keeps up; those that most of its rows come into are not among them."""
    with bulk.rebuilt(db, quiet, all_open=all_open):
        tables = "ARRAY['report', 'placement', 'report_log']::regclass[]"
        kept = set(db.scalars(text(f"SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = ANY ({tables})")))
    assert {"report_struck_idx", "report_open_long_idx", "placement_unplaced_idx"} <= kept
    assert not {"report_pkey", "report_geom_idx", "report_open_until_idx", "placement_open_idx"} & kept
    return kept


def test_a_large_load_leaves_the_schema_as_it_was(
    fresh: Fresh, rule: Rule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "LEAST_ROWS", 3)
    rows = [row(f"A{i}", lon=110.0 + i / 2000) for i in range(60)]
    file = table(tmp_path / "r.csv", *rows)
    more = table(tmp_path / "m.csv", *[row(f"B{i}") for i in range(70)])
    with fresh.begin(owner=True) as db:
        publish(db, rule)
        before = schema_of(db)
        assert bulk.worth_it(db, 3)
        take(db, file, rule)
        assert schema_of(db) == before
        assert not bulk.worth_it(db, 59)
        assert stays(db, all_open=True) - stays(db, all_open=False) == {
            "report_closed_idx", "report_ended_received_at_idx", "placement_ended_idx",
        }  # fmt: skip
        assert schema_of(db) == before
    with fresh.begin(owner=True) as db:
        assert bulk.worth_it(db, 70)
        take(db, more, rule)
        assert schema_of(db) == before
        assert one(db, "SELECT count(*) AS n FROM report").n == 130
        assert take(db, file, rule).tally.same == 60
    with fresh.begin() as db:
        assert not bulk.worth_it(db, 10**6), "the serving role owns nothing"
        with pytest.raises(Exception, match="report_log"):
            db.execute(text("DELETE FROM report_log"))


def test_a_large_load_that_fails_leaves_everything_as_it_was(
    fresh: Fresh, rule: Rule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "LEAST_ROWS", 3)
    with fresh.begin(owner=True) as db:
        publish(db, rule)
        take(db, table(tmp_path / "r.csv", row("A")), rule)
        before = schema_of(db)

    def fail(*_: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(importing, "_add", fail)
    with pytest.raises(RuntimeError, match="power cut"), fresh.begin(owner=True) as db:
        take(db, table(tmp_path / "m.csv", *[row(f"B{i}") for i in range(5)]), rule)
    with fresh.begin(owner=True) as db:
        assert schema_of(db) == before
        assert one(db, "SELECT count(*) AS n FROM report").n == 1
