"""The named statements as the server reads them."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from gridsvc.db import queries

NAMES = sorted(path.stem for path in queries.FOLDER.glob("*.sql"))


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


def test_statements_that_are_sent_together_answer_as_one_by_one(db: Connection) -> None:
    asked = [("visited_hold", {"alone": True}), ("visits_known", {"keys": []})]
    assert queries.ask_together(db, *asked) == [queries.ask(db, *one) for one in asked]


def test_one_of_them_that_fails_fails_as_alone_and_the_transaction_goes_on_behind_its_savepoint(db: Connection) -> None:
    wrong = ("visits_known", {"keys": ["no key"]})
    for asked in ([wrong, ("visited_hold", {"alone": False})], [("visited_hold", {"alone": False}), wrong]):
        with pytest.raises(DBAPIError), db.begin_nested():
            queries.ask_together(db, *asked)
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
