"""What phones are told of doors: changes that no cursor asks for go, and visits are counted where they matter."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, text

from gridsvc import campaigns, door_changes, households, sync_changes, visits, wall
from gridsvc.rules.roles import Actor
from tests.conftest import NOW, RULE, Fresh
from tests.web import county as counties

ZONE = ZoneInfo(RULE.zone)


def worker(db: Connection) -> Actor:
    row = db.execute(text("SELECT id, worker_id FROM account WHERE login = 'worker'")).one()
    return Actor("worker", row.id, "worker", "某", row.worker_id)


def test_what_no_cursor_asks_for_goes(fresh: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    """And who was farther behind is told everything, not a part of what changed."""
    with fresh.begin() as db:
        counties.build(db)
        actor = worker(db)

    def asked(since: sync_changes.Since | None) -> sync_changes.Kept:
        """With a cursor that waits for no transaction of other tests: one long open is older than all that is here."""
        with fresh.begin() as db:
            kept = sync_changes.load(db, actor, since, NOW, ZONE)
        newest = kept.cursor.snapshot.split(":")[1]
        return replace(kept, cursor=replace(kept.cursor, snapshot=f"{newest}:{newest}:"))

    def gone(behind: int) -> tuple[int, int]:
        """How many rows went, and are left, where a cursor may be so many transactions behind."""
        monkeypatch.setattr(wall, "MOST_BEHIND", behind)
        with fresh.begin() as db:
            return door_changes.prune(db), int(db.scalar(text("SELECT count(*) FROM door_change")) or 0)

    def meanwhile(n: int) -> None:
        """So many transactions begin; other tests on the cluster may begin some more at any moment."""
        with fresh.begin() as db:
            db.execute(text("CREATE TEMP TABLE one (i int) ON COMMIT DROP"))
            each = "BEGIN INSERT INTO one VALUES (1); EXCEPTION WHEN division_by_zero THEN NULL; END;"
            db.execute(text(f"DO $$ BEGIN FOR i IN 1..{n} LOOP {each} END LOOP; END $$"))

    apart = 3000
    with fresh.begin() as db:
        db.execute(text("DELETE FROM door_change"))
    first = asked(None)
    with fresh.begin() as db:
        doors = [one.id for one in first.doors]
        db.execute(text("UPDATE household SET removed_at = :now WHERE id = :id"), {"now": NOW, "id": doors[0]})
        first_xid = int(db.scalar(text("SELECT max(xid) FROM door_change")) or 0)
    meanwhile(2 * apart)
    second = asked(None)
    with fresh.begin() as db:
        db.execute(text("UPDATE household SET removed_at = :now WHERE id = :id"), {"now": NOW, "id": doors[1]})
    with fresh.begin() as db:
        newest = int(wall.cursor(db).split(":")[1])
    # whatever cursor still counts is told all: its own row is the last that may not go
    behind = newest - int(first.cursor.snapshot.split(":")[0]) + apart
    assert gone(behind) == (0, 2)
    assert (asked(first.cursor).reset, asked(first.cursor).gone_doors) == (False, doors[:2])
    assert gone(newest - first_xid - apart) == (1, 1)
    assert asked(first.cursor).reset
    assert (asked(second.cursor).reset, asked(second.cursor).gone_doors) == (False, doors[1:2])


def test_visits_are_counted_in_the_cycle(fresh: Fresh) -> None:
    """Who stands at the door wants to know how often somebody tried now, not in all the years."""
    with fresh.begin() as db:
        counties.build(db)
        actor = worker(db)
        days = "SELECT cycle_days FROM household_class WHERE code = 'ordinary'"
        cycle = timedelta(days=int(db.scalar(text(days)) or 0))
    with fresh.begin() as db:
        door = sync_changes.load(db, actor, None, NOW, ZONE).doors[-1]
        assert (door.n_visits, door.visited_at) == (0, None)
    with fresh.begin() as db:
        long_ago = [NOW - 3 * cycle, NOW - 2 * cycle, NOW - cycle]
        for at in (*long_ago, NOW - cycle + timedelta(days=1), NOW - timedelta(hours=1)):
            drafts = visits.Draft(uuid.uuid4(), door.id, "absent", at)
            visits.record(db, drafts, actor, at + timedelta(minutes=1), RULE)
    with fresh.begin() as db:
        told = {one.id: one for one in sync_changes.load(db, actor, None, NOW, ZONE).doors}[door.id]
        assert (told.n_visits, told.visited_at, told.status) == (2, NOW - timedelta(hours=1), "absent")
    with fresh.begin() as db:  # one of a class that is never due counts a year
        db.execute(text("UPDATE household_class SET cycle_days = NULL WHERE code = 'ordinary'"))
    with fresh.begin() as db:
        told = {one.id: one for one in sync_changes.load(db, actor, None, NOW, ZONE).doors}[door.id]
        assert told.n_visits == len([at for at in (*long_ago, NOW, NOW) if NOW - at < timedelta(days=365)])


def test_a_campaign_of_shops_leaves_homes_to_their_class(fresh: Fresh) -> None:
    """A door on no campaign's list is due, walked to and counted by its class, whatever runs beside it."""
    with fresh.begin() as db:
        county = counties.build(db)
        actor = worker(db)
        shop = households.Door(county.compounds["1"], "2幢", "无", "底商", 110.004, 23.004, "shop", name="老张面馆")
        households.register(db, [shop], NOW, RULE)
        wanted = campaigns.Wanted("门店", NOW.date(), NOW.date() + timedelta(days=30), kinds=("shop",))
        campaigns.create(db, "shops", wanted, Actor("admin"), NOW, ZONE)
        campaigns.draw(db, "shops", NOW)

    def told() -> tuple[dict[int, Any], dict[int, int]]:
        with fresh.begin() as db:
            kept = sync_changes.load(db, actor, None, NOW, ZONE)
            return {one.id: one for one in kept.doors}, kept.orders or {}

    doors, orders = told()
    (shop_id,) = [one.id for one in doors.values() if one.campaigns]
    home = next(one for one in doors.values() if one.visited_at is None and one.id != shop_id)
    assert (home.today, home.status, home.n_visits) == (True, "not_visited", 0)
    assert orders[shop_id] == 1  # the campaign's walk comes first
    assert sorted(orders.values()) == list(range(1, 12))
    for hours, outcome in ((3, "absent"), (2, "absent"), (1, "refused")):
        with fresh.begin() as db:
            draft = visits.Draft(uuid.uuid4(), home.id, outcome, NOW - timedelta(hours=hours))
            visits.record(db, draft, actor, NOW, RULE)
    seen = told()[0][home.id]
    assert (seen.campaigns, seen.today, seen.status, seen.n_visits) == ([], True, "refused", 3)
    with fresh.begin() as db:
        visits.record(db, visits.Draft(uuid.uuid4(), home.id, "reached", NOW), actor, NOW, RULE)
    doors, orders = told()
    assert (doors[home.id].today, doors[home.id].status) == (False, "reached")
    assert home.id not in orders
    assert sorted(orders.values()) == list(range(1, 11))


def test_a_list_costs_no_more_where_more_visits_are_stored(fresh: Fresh) -> None:
    with fresh.begin(owner=True) as db:
        counties.build(db)
        actor = worker(db)
        old = text(
            "INSERT INTO visit (client_key, household_id, outcome, happened_at, recorded_at)"
            " SELECT gen_random_uuid(), h.id, 'absent', a.at, a.at FROM household h, generate_series(1, 2000) i,"
            " LATERAL (SELECT CAST(:now AS timestamptz) - make_interval(days => 400 + i) AS at) a"
        )
        db.execute(old, {"now": NOW})
        db.execute(text("ANALYZE visit"))
    with fresh.begin() as db:
        assert len(sync_changes.load(db, actor, None, NOW, ZONE).doors) == 10
        read = (
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relid = CAST('visit' AS regclass)"
        )
        assert int(db.scalar(text(read)) or 0) < 1000
