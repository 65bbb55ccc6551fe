"""What a phone sends, stored and undone: nothing of it stays, no number is taken, and the server keeps its plans."""

from __future__ import annotations

from functools import partial
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from gridsvc import rehearsal, sync_acts, terms, visits
from gridsvc.db import tables as t
from gridsvc.db.queries import undone
from tests.conftest import NOW, RULE

AGREED = partial(terms.load, zone=ZoneInfo(RULE.zone))
PLANNED = "SELECT string_agg(statement, chr(10)) FROM pg_prepared_statements"
NEXT = text("SELECT nextval('report_number_seq')")


def everything(db: Connection) -> dict[str, str | None]:
    """Every row of every table, as one hash a table."""
    names = [one.name for one in t.metadata.sorted_tables]
    rows = "SELECT md5(string_agg(CAST(x AS text), chr(10) ORDER BY CAST(x AS text))) FROM {} x"
    return {name: db.scalar(text(rows.format(name))) for name in names}


def test_all_of_it_is_stored_and_nothing_stays(county_db: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    db = county_db
    done: list[object] = []
    record_all, perform = visits.record_all, sync_acts.perform

    def recorded(*given: object) -> object:
        answers = record_all(*given)  # type: ignore[arg-type]
        done.extend(one.status for one in answers)
        return answers

    def performed(*given: object) -> object:
        answers = perform(*given)  # type: ignore[arg-type]
        done.extend(answers.values())
        return answers

    monkeypatch.setattr(visits, "record_all", recorded)
    monkeypatch.setattr(sync_acts, "perform", performed)
    before, number = everything(db), db.execute(NEXT).scalar_one()
    assert rehearsal.rehearse(db, NOW, RULE, AGREED)
    assert done[0] == "created"  # the visit; then the action and the photo, each on the report of before
    assert [one.status for one in done[1:] if isinstance(one, sync_acts.Done)] == ["created", "created"]
    assert everything(db) == before
    assert db.execute(NEXT).scalar_one() == number + 1
    planned = str(db.scalar(text(PLANNED)))
    for question in ("is this draft new", "which of these visits are new", "stores what an action changed"):
        assert question in planned  # the end of the block has not thrown it away


def test_where_no_worker_has_a_door_there_is_nothing_to_do(county_db: Connection) -> None:
    county_db.execute(text("DELETE FROM duty"))
    assert not rehearsal.rehearse(county_db, NOW, RULE, AGREED)


def test_what_fails_is_undone_and_the_connection_goes_on(county_db: Connection) -> None:
    before = everything(county_db)
    with pytest.raises(DBAPIError), undone(county_db):
        county_db.execute(
            text("WITH gone AS (DELETE FROM duty RETURNING 1) SELECT 1 / (count(*) - count(*)) FROM gone")
        )
    assert everything(county_db) == before
