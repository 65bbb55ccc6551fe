"""The migrated schema: what tables.py says, constraints that hold, two counties side by side, the role that serves."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from geoalchemy2 import alembic_helpers
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from gridsvc.db import migrate
from gridsvc.db.engine import make_engine
from gridsvc.db.revisions import revisions
from gridsvc.db.tables import metadata
from tests.conftest import NOW, Fresh, new_schema

SQUARE = "ST_Multi(ST_MakeEnvelope(110, 23, 111, 24, 4326))"
BOW_TIE = "ST_GeomFromText('MULTIPOLYGON(((0 0, 1 1, 1 0, 0 1, 0 0)))', 4326)"


def test_migrations_make_what_tables_say(fresh: Fresh) -> None:
    with fresh.begin(owner=True) as db:
        context = MigrationContext.configure(
            db, opts={"compare_type": True, "include_object": alembic_helpers.include_object}
        )
        assert [d for d in compare_metadata(context, metadata) if "alembic_version" not in str(d)] == []


def test_upgrade_again_changes_nothing_and_says_where_it_is(fresh: Fresh) -> None:
    found = migrate.upgrade(fresh.owner_url, fresh.schema, fresh.app_url)
    assert found.up_to_date
    with fresh.begin() as db:
        assert revisions(db, fresh.schema) == found
        assert revisions(db, "no_such_schema").current is None


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        (f"INSERT INTO area (level, code, name, geom) VALUES ('community', 'x', 'x', {BOW_TIE})", "area_geom_check"),
        (f"INSERT INTO area (level, code, name, geom) VALUES ('planet', 'x', 'x', {SQUARE})", "area_level_check"),
        (
            f"INSERT INTO grid_version (layer, code, name, geom) VALUES ('base', 'x', 'x', {BOW_TIE})",
            "grid_version_geom",
        ),
        (
            "INSERT INTO area (level, code, name, geom) VALUES ('city', 'x', 'x', ST_SetSRID(ST_MakePoint(1, 1), 4326))",
            "Geometry type",
        ),
        (
            "INSERT INTO area (level, code, name, geom) VALUES ('city', 'x', 'x', ST_Multi(ST_MakeEnvelope(0,0,1,1,4490)))",
            "SRID",
        ),
        (
            "INSERT INTO compound (source, ref, name, geom) VALUES ('s', 'r', 'n', ST_GeomFromText('LINESTRING(0 0,1 1)', 4326))",
            "compound_geom_type_check",
        ),
        (
            "INSERT INTO report (source, number, state, category, channel, received_at) "
            "VALUES ('s', '1', 'lost', 'unclassified', 'web', now())",
            "report_state_check",
        ),
        (
            "INSERT INTO report (source, number, state, category, channel, received_at) "
            "VALUES ('s', '1', 'reported', 'no such', 'web', now())",
            "report_category_fkey",
        ),
        (
            "INSERT INTO report (source, number, state, category, channel, received_at, geom) "
            "VALUES ('s', '1', 'reported', 'unclassified', 'web', now(), ST_SetSRID(ST_MakePoint(1, 1), 4326))",
            "report_crs_check",
        ),
        (
            "INSERT INTO visit (client_key, household_id, outcome, happened_at, recorded_at, role) "
            "VALUES (gen_random_uuid(), 1, 'reached', now(), now(), 'system')",
            "visit_role_check",
        ),
    ],
)
def test_constraints_refuse_what_must_not_be(db: Connection, statement: str, constraint: str) -> None:
    with pytest.raises(DBAPIError, match=constraint), db.begin_nested():
        db.execute(text(statement))


def test_one_published_edition_and_one_draft_a_layer(db: Connection) -> None:
    add = text("INSERT INTO edition (layer, state, created_at) VALUES ('base', :state, :now)")
    for state in ("published", "draft"):
        db.execute(add, {"state": state, "now": NOW})
        with pytest.raises(DBAPIError, match="edition_"), db.begin_nested():
            db.execute(add, {"state": state, "now": NOW})


def test_codes_compare_by_code_point(db: Connection) -> None:
    for code in ("a", "B", "10", "9", "é"):
        db.execute(text("INSERT INTO worker (code, name) VALUES (:c, :c)"), {"c": code})
    assert list(db.scalars(text("SELECT code FROM worker ORDER BY code"))) == ["10", "9", "B", "a", "é"]


def test_two_counties_live_side_by_side(fresh: Fresh) -> None:
    with new_schema((fresh.app_url, fresh.owner_url), f"{fresh.schema}_b") as other:
        for made, code in ((fresh, "one"), (other, "two")):
            with made.begin() as db:
                db.execute(text("INSERT INTO worker (code, name) VALUES (:c, :c)"), {"c": code})
                number = db.scalar(text("SELECT nextval('report_number_seq')"))
                assert number == 1
                assert db.execute(text("SELECT * FROM on_duty('base', 'x', now(), 'UTC')")).all() == []
        for made, code in ((fresh, "one"), (other, "two")):
            with made.begin() as db:
                assert list(db.scalars(text("SELECT code FROM worker"))) == [code]
        with fresh.begin(owner=True) as db:
            crossing = db.execute(
                text(
                    "SELECT conname FROM pg_constraint c JOIN pg_class a ON a.oid = c.conrelid "
                    "JOIN pg_class b ON b.oid = c.confrelid WHERE a.relnamespace <> b.relnamespace"
                )
            ).all()
            assert crossing == []
            where = text(
                "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace "
                "WHERE extname = 'postgis'"
            )
            assert db.scalar(where) == "public"


def test_serving_role_cannot_change_the_schema(fresh: Fresh) -> None:
    for statement in ("CREATE TABLE x (i int)", "DROP TABLE visit", "ALTER TABLE report ADD COLUMN x int"):
        with pytest.raises(DBAPIError, match=r"permission denied|must be owner"), fresh.begin() as db:
            db.execute(text(statement))


@pytest.mark.parametrize("pool_size", [0, 1])
def test_an_error_does_not_tell_what_people_wrote(fresh: Fresh, pool_size: int) -> None:
    engine = make_engine(fresh.app_url, fresh.schema, pool_size=pool_size)
    with engine.connect() as db, pytest.raises(DBAPIError) as error:
        db.execute(text("SELECT 1 FROM no_such_table WHERE name = :name"), {"name": "张三的电话"})
    engine.dispose()
    assert "张三" not in str(error.value)
