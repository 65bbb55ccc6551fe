"""The named statements as the server reads them."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from psycopg.pq import ExecStatus
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError

from gridsvc.db import queries
from gridsvc.db.engine import make_engine
from tests.conftest import Fresh

NAMES = sorted(path.stem for path in queries.FOLDER.glob("*.sql"))


@pytest.fixture
def statement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """The name of a statement of the test's own."""

    def add(words: str) -> str:
        name = f"test_{uuid4().hex}"
        (tmp_path / f"{name}.sql").write_text(words, encoding="utf-8")
        return name

    monkeypatch.setattr(queries, "FOLDER", tmp_path)
    return add


@pytest.mark.parametrize("name", ["visit_doors", "visited_refresh", "similar"])
def test_numbers_stand_for_the_names_that_the_file_has(name: str) -> None:
    statement, names = queries._numbered(name)
    assert len(names) == len(set(names)) > 1
    back = re.sub(r"\$(\d+)", lambda found: f":{names[int(found[1]) - 1]}", statement.decode())
    assert back == (queries.FOLDER / f"{name}.sql").read_text(encoding="utf-8").replace("\\:", ":")


def test_every_statement_can_be_numbered() -> None:
    for name in NAMES:
        statement, names = queries._numbered(name)
        assert set(names) == set(queries.load(name)._bindparams), name
        assert not re.search(rb"%[(%]", statement), name


# Told row by row to a command, by a cursor that is declared anew each time.
DECLARED = {"audit_cases"}


def test_no_answer_has_another_column_because_a_table_has_one_more(empty_schema: Fresh) -> None:
    """What a connection keeps of a statement would be wrong from a migration on that adds one while it serves."""

    def widths(db: Connection) -> dict[str, int | None]:
        """How many columns each answer has; None: it is about temporary tables, which nobody migrates."""
        driver = db.connection.driver_connection
        assert driver is not None
        found: dict[str, int | None] = {}
        for name in NAMES:
            db.exec_driver_sql("SAVEPOINT one")
            made = driver.pgconn.prepare(b"", queries._numbered(name)[0])
            well = made.status == ExecStatus.COMMAND_OK
            found[name] = driver.pgconn.describe_prepared(b"").nfields if well else None
            db.exec_driver_sql("ROLLBACK TO SAVEPOINT one")
        return found

    with empty_schema.begin(owner=True) as db:
        before = widths(db)
        kinds = "SELECT relname, relkind FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'v')"
        for name, kind in db.exec_driver_sql(kinds).all():
            if kind == "r":
                db.exec_driver_sql(f"ALTER TABLE {name} ADD COLUMN one_more integer")
            else:
                view = str(db.exec_driver_sql(f"SELECT pg_get_viewdef('{name}'::regclass)").scalar_one())
                wider = f"SELECT v.*, 1 AS one_more FROM ({view.rstrip().rstrip(';')}) v"
                db.exec_driver_sql(f"CREATE OR REPLACE VIEW {name} AS {wider}")
        after = widths(db)
        db.rollback()
    assert {"case_rows", "campaign_rows", "place_one"} <= {name for name, n in before.items() if n}
    assert {name for name in NAMES if after[name] != before[name]} == DECLARED


def test_a_statement_answers_what_it_is_asked_now(db: Connection, statement: Callable[[str], str]) -> None:
    """Whatever a connection keeps of it from the time before: kinds of values, rows, an error."""
    name = statement("SELECT CAST(:n AS text) AS n, g FROM generate_series(1, CAST(:rows AS integer)) g")
    for n, rows in [("7", 2), (None, 1), ("8", 0), ("9", queries.FEW), ("a", queries.FEW + 1), ("b", 1)]:
        answer = [tuple(row) for row in queries.ask(db, name, {"n": n, "rows": rows})]
        assert answer == [(n, g) for g in range(1, rows + 1)]
        with pytest.raises(DBAPIError), db.begin_nested():
            queries.ask(db, name, {"n": n, "rows": "many"})


def test_only_short_answers_stay_in_memory(db: Connection, statement: Callable[[str], str]) -> None:
    name = statement("SELECT g FROM generate_series(1, CAST(:rows AS integer)) g")
    for rows, kept in [(queries.FEW, 1), (queries.FEW + 1, 0), (1, 1)]:
        queries.ask(db, name, {"rows": rows})
        assert sum(key[0] == name for key in db.info["cursors"]) == kept


def test_instants_are_told_in_the_zone_of_the_session(db: Connection, statement: Callable[[str], str]) -> None:
    name = statement("SELECT CAST(:at AS timestamptz) AS at")
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    told = []
    for zone in ("UTC", "Asia/Shanghai", "UTC"):
        db.exec_driver_sql(f"SET LOCAL TIME ZONE '{zone}'")
        (row,) = queries.ask(db, name, {"at": noon})
        told.append(row.at.isoformat())
    assert told == ["2026-11-01T12:00:00+00:00", "2026-11-01T20:00:00+08:00", "2026-11-01T12:00:00+00:00"]


def test_behind_one_that_fails_the_transaction_goes_on_from_its_savepoint(db: Connection) -> None:
    with pytest.raises(DBAPIError), db.begin_nested():
        queries.ask(db, "visits_known", {"keys": ["no key"]})
    assert queries.ask(db, "visits_known", {"keys": []}) == []


def test_what_is_guarded_is_undone_by_any_error_and_nothing_else_is(db: Connection) -> None:
    def add(n: int) -> None:
        db.exec_driver_sql(f"INSERT INTO held VALUES ({n})")

    def refused(n: int) -> None:
        with queries.guarded(db):
            add(n)
            queries.ask(db, "visits_known", {"keys": ["no key"]})

    def broken(n: int) -> None:
        with queries.guarded(db):
            add(n)
            raise ZeroDivisionError

    def both_broken(n: int) -> None:
        with queries.guarded(db):
            add(n)
            with pytest.raises(ZeroDivisionError):
                broken(n + 1)
            raise ZeroDivisionError

    def swallowed(n: int) -> None:
        """The inner block ends well, over a transaction that its error has broken."""
        with queries.guarded(db):
            add(n)
            with queries.guarded(db), suppress(DBAPIError):
                db.exec_driver_sql("SELECT 1 / 0")

    db.exec_driver_sql("CREATE TEMPORARY TABLE held (n integer) ON COMMIT DROP")
    add(1)
    with pytest.raises(DBAPIError):
        refused(2)
    with queries.guarded(db):
        add(3)
        with pytest.raises(ZeroDivisionError):
            broken(4)
        add(5)
    with pytest.raises(ZeroDivisionError):
        both_broken(6)
    with pytest.raises(DBAPIError):
        swallowed(8)
    assert db.exec_driver_sql("SELECT n FROM held ORDER BY n").scalars().all() == [1, 3, 5]


KINDS = [("7", 2), (None, 1), ("8", 0), ("9", queries.FEW), ("a", queries.FEW + 1), ("b", 1)]


def test_in_a_thread_of_a_service_a_prepared_statement_answers_as_in_the_first(
    db: Connection, statement: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There it goes past the driver's own way: kinds of values, rows, instants, an error, what ended a savepoint."""
    name = statement(
        "SELECT CAST(:n AS text) AS n, g / CASE WHEN CAST(:n AS text) = 'none' THEN 0 ELSE 1 END AS g, CAST('2026-11-01 12:00+00' AS timestamptz) AS at, ARRAY[g] AS listed"
        " FROM generate_series(1, CAST(:rows AS integer)) g"
    )
    empty = statement("INSERT INTO held VALUES (:n)")
    db.exec_driver_sql("CREATE TEMPORARY TABLE held (n integer) ON COMMIT DROP")
    zones = ("UTC", "Asia/Shanghai")

    def told() -> list[object]:
        found: list[object] = []
        for zone in zones:
            db.exec_driver_sql(f"SET LOCAL TIME ZONE '{zone}'")
            for n, rows in KINDS:
                answer = queries.ask(db, name, {"n": n, "rows": rows})
                found.append([(row.n, row.g, row.at.isoformat(), row.listed) for row in answer])
        found.append(queries.ask_all(db, name, [{"n": "1", "rows": 1}, {"n": "2", "rows": 0}]))
        queries.ask_each(db, empty, [{"n": 1}, {"n": 2}])
        return [*found, db.exec_driver_sql("SELECT sum(n), count(*) FROM held").all()]

    def refused() -> type[object]:
        with pytest.raises(DBAPIError) as error, queries.guarded(db):
            queries.ask(db, name, {"n": "none", "rows": 1})
        return type(error.value.orig)

    first = told()
    db.exec_driver_sql("DELETE FROM held")
    again = told()  # prepared, and the driver's own way, since the first thread is to hear Ctrl-C
    db.exec_driver_sql("DELETE FROM held")
    monkeypatch.setattr(queries, "_asked", lambda *asked: pytest.fail("it went the driver's own way"))
    with ThreadPoolExecutor(1) as other:
        assert other.submit(told).result() == again == first
        there = other.submit(refused).result()
    monkeypatch.undo()
    assert there is refused()


def test_few_are_asked_one_by_one_and_many_are_sent_together_with_the_same_answers(
    db: Connection, statement: Callable[[str], str]
) -> None:
    name = statement("SELECT CAST(:n AS integer) AS n, g FROM generate_series(1, CAST(:n AS integer)) g")
    many = [{"n": n} for n in range(queries.FEW_TIMES + 2)]
    rows = [[(n["n"], g + 1) for g in range(n["n"])] for n in many]
    for n in (1, queries.FEW_TIMES, queries.FEW_TIMES + 1, len(many)):
        assert [[tuple(row) for row in answer] for answer in queries.ask_all(db, name, many[:n])] == rows[:n]
    assert queries.ask_all(db, name, []) == []


def test_what_is_undone_leaves_prepared_what_was(empty_schema: Fresh, statement: Callable[[str], str]) -> None:
    """The driver itself forgets all of it at a rollback, and the next one who asks pays for planning."""
    name = statement("SELECT CAST(:n AS integer) AS n")
    engine = make_engine(empty_schema.app_url, empty_schema.schema, pool_size=1)
    with engine.connect() as db:
        held = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%AS n'"
        queries.ask(db, name, {"n": 1})
        with pytest.raises(ZeroDivisionError), queries.guarded(db):
            raise ZeroDivisionError
        queries.ask(db, name, {"n": 1})
        assert db.exec_driver_sql(held).scalar_one() == 1
        queries.undo(db)
        db.rollback()
        assert db.exec_driver_sql(held).scalar_one() == 1
        assert queries.ask(db, name, {"n": 2}) == [(2,)]
        # the database's own error may mean that a table has changed: then nothing is kept
        with pytest.raises(DBAPIError), queries.guarded(db):
            db.exec_driver_sql("SELECT 1 / 0")
        assert db.exec_driver_sql(held).scalar_one() == 0
        assert queries.ask(db, name, {"n": 3}) == [(3,)]
        with pytest.raises(DBAPIError):
            db.exec_driver_sql("SELECT 1 / 0")
        queries.undo(db)
        db.rollback()
        assert db.exec_driver_sql(held).scalar_one() == 0
        db.rollback()
        queries.undo(db)  # nothing begun: nothing to undo
    engine.dispose()


def test_what_is_undone_is_gone(empty_schema: Fresh) -> None:
    engine = make_engine(empty_schema.app_url, empty_schema.schema, pool_size=1)
    with engine.connect() as db:
        db.exec_driver_sql("CREATE TEMPORARY TABLE held (n integer)")
        db.commit()
        db.exec_driver_sql("INSERT INTO held VALUES (1)")
        queries.undo(db)
        db.rollback()
        assert db.exec_driver_sql("SELECT count(*) FROM held").scalar_one() == 0
    engine.dispose()


def test_in_a_thread_too_a_connection_whose_server_ended_is_told_as_lost(empty_schema: Fresh) -> None:
    engine = make_engine(empty_schema.app_url, empty_schema.schema, pool_size=2)

    def asked() -> DBAPIError:
        with engine.connect() as db, engine.connect() as other:
            for _ in range(2):
                queries.ask(db, "visits_known", {"keys": []})
            pid = db.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            assert other.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 60000)").scalar_one()
            with pytest.raises(OperationalError) as error:
                queries.ask(db, "visits_known", {"keys": []})
            queries.undo(db)
            db.rollback()
            assert queries.ask(db, "visits_known", {"keys": []}) == []
        return error.value

    with ThreadPoolExecutor(1) as other:
        assert other.submit(asked).result().connection_invalidated
    engine.dispose()


def test_a_connection_that_has_rested_knows_what_it_has_prepared(
    empty_schema: Fresh, statement: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gridsvc.db.engine.RESTED_S", -1.0)  # it is asked whether its server is there, each time
    name = statement("SELECT CAST(:n AS integer) AS n")
    made = make_engine(empty_schema.app_url, empty_schema.schema, pool_size=1)
    for _ in range(2):
        with made.begin() as db:
            queries.ask(db, name, {"n": 1})
    with made.connect() as db:
        held = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%AS n'"
        assert db.exec_driver_sql(held).scalar_one() == 1
    made.dispose()
