"""Sets of reports and actions: as one by one, and one that cannot be stored costs no other; what changed is few rows."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, text

from gridsvc import audit, cases, handling, reports, sync, sync_acts, terms, wall
from gridsvc.db.queries import ask
from gridsvc.errors import Conflict, GridsvcError, Refused
from gridsvc.rules.roles import Actor
from tests.conftest import NOW, RULE, Fresh
from tests.web import county as counties
from tests.web.county import WEST

ZONE = ZoneInfo(RULE.zone)


@pytest.fixture
def db(county_db: Connection) -> Connection:
    return county_db


@pytest.fixture
def town(db: Connection) -> Actor:
    """The county's worker."""
    row = db.execute(text("SELECT id, worker_id FROM account WHERE login = 'worker'")).one()
    return Actor("worker", row.id, "worker", "某", row.worker_id)


def draft(**more: object) -> reports.Draft:
    here = reports.Position(110.005, 23.005, "wgs84", 10.0)
    return replace(reports.Draft(uuid.uuid4(), "0110", "垃圾", "field", here), **more)  # type: ignore[arg-type]


def stored(db: Connection, report_id: int) -> dict[str, object]:
    row = db.execute(text("SELECT * FROM report WHERE id = :id"), {"id": report_id}).mappings().one()
    placed = db.execute(text("SELECT * FROM placement WHERE report_id = :id"), {"id": report_id}).mappings().one()
    differs = {"id", "number", "client_key", "body_hash", "report_id"}
    return {name: value for name, value in {**row, **placed}.items() if name not in differs}


def test_many_are_stored_as_one_is(db: Connection, town: Actor) -> None:
    kinds = [
        draft(),
        draft(position=reports.Position(110.0100001, 23.005, "wgs84", 50.0)),  # near a border
        draft(position=reports.Position(110.0, 22.9997, "gcj02")),
        draft(position=reports.Position(111.0, 24.0, "wgs84")),
        draft(position=None, words="菜市场北门"),
        draft(position=None, compound="锦绣花园"),
        draft(category="no such", observed_at=NOW - timedelta(hours=1), sent_at=NOW + timedelta(hours=2)),
    ]
    one_by_one = [reports.submit(db, one, town, NOW, RULE) for one in kinds]
    db.execute(text("UPDATE report SET state = 'void', struck_at = NULL"))  # nothing near is like them
    anew = [replace(one, client_key=uuid.uuid4()) for one in kinds]
    at_once = reports.submit_all(db, anew, town, NOW, RULE)
    db.execute(text("UPDATE report SET state = 'void'"))
    for alone, among in zip(one_by_one, at_once, strict=True):
        assert isinstance(among, reports.Submitted)
        assert among.placement == alone.placement
        same, other = stored(db, alone.id), stored(db, among.id)
        del same["again_of"], other["again_of"]
        assert other == same


def test_one_that_fits_no_column_costs_no_other(db: Connection, town: Actor) -> None:
    told = reports.submit_all(
        db, [draft(), draft(description="a\x00b"), draft(), draft(photos=("ab" * 32,))], town, NOW, RULE
    )
    assert [type(one).__name__ for one in told] == ["Submitted", "Refused", "Submitted", "Refused"]
    assert [one.code for one in told if isinstance(one, GridsvcError)] == ["value_unfit", "photo_unknown"]
    held = cases.lock_all(db, [one.id for one in told if isinstance(one, reports.Submitted)])
    first, second = held.values()
    asked = [(first, handling.Wish("verify", 1, note="a\x00b")), (second, handling.Wish("verify", 1))]
    done = handling.act_together(db, town, asked, NOW, terms.load(db, zone=ZONE), RULE)
    refused, after = done[first.id], done[second.id]
    assert isinstance(refused, Refused)
    assert isinstance(after, cases.Held)
    assert (refused.code, after.state, after.seq) == ("value_unfit", "verified", 2)
    assert audit.verify(db).sound


def test_actions_at_once_do_what_each_does_alone(db: Connection, town: Actor) -> None:
    made = reports.submit_all(db, [draft() for _ in range(4)], town, NOW, RULE)
    held = list(cases.lock_all(db, [one.id for one in made if isinstance(one, reports.Submitted)]).values())
    wishes = [
        handling.Wish("verify", 1),
        handling.Wish("verify_absent", 1, note="没有"),
        handling.Wish("verify", 7),
        handling.Wish("file", 1),
    ]
    done = handling.act_together(db, town, list(zip(held, wishes, strict=True)), NOW, terms.load(db, zone=ZONE), RULE)
    found = [done[one.id] for one in held]
    assert [one.code if isinstance(one, GridsvcError) else one.state for one in found] == [
        "verified", "reported", "version_stale", "not_allowed",
    ]  # fmt: skip
    assert audit.verify(db).sound


def test_a_record_of_a_conflict_moves_nothing(db: Connection, town: Actor) -> None:
    (made,) = reports.submit_all(db, [draft()], town, NOW, RULE)
    assert isinstance(made, reports.Submitted)
    desk = Actor("admin", None, "admin")
    agreed = terms.load(db, zone=ZONE)
    cases.apply(db, cases.lock_id(db, made.id), "file", desk, NOW, agreed)
    before = cases.read(db, made.id)
    act = sync_acts.Act(
        uuid.uuid4(), sync_acts.Target(made.number, reports.SOURCE), b"1" * 32, handling.Wish("verify", 1)
    )
    for _ in range(2):
        told = sync.receive(db, {0: act}, town, NOW, RULE, lambda db: agreed)[0]
        assert (told.status, told.retry) == ("conflict", False)
        assert isinstance(told.error, Conflict)
        assert [one["action"] for one in told.error.facts["changed"]] == ["file"]
    after = cases.read(db, made.id)
    assert (after.case, after.seq) == (before.case, before.seq + 1)
    assert cases.replayed(db, made.id) == after.case
    db.execute(text("DELETE FROM sync_item"))
    assert audit.verify(db).sound


def test_what_changed_is_looked_for_among_few_rows(fresh: Fresh) -> None:
    with fresh.begin(owner=True) as db:
        counties.build(db)
        door = db.scalar(text("SELECT min(id) FROM household"))
        old = text(
            "INSERT INTO visit (client_key, household_id, outcome, happened_at, recorded_at, xid)"
            " SELECT gen_random_uuid(), :door, 'absent', :now, :now, least(3 + i / 100, :before) FROM generate_series(1, 20000) i"
        )
        # all of before this transaction, in a cluster that has seen few transactions too
        before = db.scalar(text("SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint) - 1"))
        db.execute(old, {"door": door, "now": NOW, "before": before})
        many = text(
            "INSERT INTO door_change (xid) SELECT least(3 + i / 100, :before) FROM generate_series(1, 200000) i"
        )
        db.execute(many, {"before": before})
        db.execute(
            text(
                "SELECT brin_summarize_new_values(i) FROM (VALUES (CAST('visit_xid_idx' AS regclass)), ('door_change_xid_idx')) v (i)"
            )
        )
        db.execute(text("ANALYZE visit, door_change"))
    with fresh.begin() as db:
        since = wall.cursor(db)
        versions = list(db.scalars(text("SELECT id FROM grid_version WHERE code LIKE :c"), {"c": f"{WEST}%"}))
    with fresh.begin() as db:
        db.execute(text("UPDATE household SET removed_at = :now WHERE id = :id"), {"now": NOW, "id": door})
        moves_nothing = "UPDATE household SET reached_at = :now WHERE id = :id"
        db.execute(text(moves_nothing), {"now": NOW, "id": door + 1})
    with fresh.begin() as db:
        read = text(
            "SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) AS n FROM pg_stat_xact_user_tables"
            " WHERE relname IN ('visit', 'door_change') AND schemaname = current_schema()"
        )
        found = ask(db, "sync_doors_changed", {"since": since, "own": versions, "most": 5000})
        assert [row.id for row in found] == [door]
        looked = {row.relname: row.n for row in db.execute(read)}
        # a range of the index is 128 pages, and the newest is looked at whole: a constant, whatever is stored
        assert looked["visit"] < 12_000, looked
        assert looked["door_change"] < 60_000, looked
