"""Pages of visits: the same however they are found, and never at the cost of others' visits."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from gridsvc import visit_reading
from gridsvc.db.queries import load
from gridsvc.grids import Rule
from gridsvc.rules.roles import Actor
from gridsvc.visit_reading import Filter
from tests.conftest import NOW, Fresh
from tests.verbs.test_editions import publish, square
from tests.verbs.test_visited import doors

N = 60  # visits of each area; those of the quiet one are older
QUIET = text("SELECT id FROM area")


@pytest.fixture
def town(db: Connection, rule: Rule) -> Connection:
    return built(db, rule)


def built(db: Connection, rule: Rule) -> Connection:
    """A busy grid, and a quiet one whose visits are all older; some are late, some are of a worker."""
    publish(db, square(), NOW - timedelta(days=30), rule)
    area = db.scalar(text("INSERT INTO area (level, code, name) VALUES ('community', 'Q', '静') RETURNING id"))
    db.execute(text("UPDATE grid_version SET area_id = :a WHERE code = '000'"), {"a": area})
    worker = db.scalar(text("INSERT INTO worker (code, name) VALUES ('w', '甲') RETURNING id"))
    quiet, busy = doors(db, rule, 110.005, 3), doors(db, rule, 110.015, 3)
    made = text(
        "INSERT INTO visit (client_key, household_id, outcome, happened_at, recorded_at, late, worker_id) "
        "SELECT gen_random_uuid(), (CAST(:d AS bigint[]))[1 + i % 3], 'absent', t, t, i % 7 = 0, "
        "CASE WHEN i % 5 = 0 THEN CAST(:w AS bigint) END "
        "FROM (SELECT i, CAST(:at AS timestamptz) - (i / 2) * interval '1 minute' AS t FROM generate_series(1, :n) i) x"
    )
    for its, at in ((busy, NOW), (quiet, NOW - timedelta(days=5))):
        db.execute(made, {"d": its, "at": at, "n": N, "w": worker})
    return db


def walked(db: Connection, actor: Actor, wanted: Filter, limit: int) -> list[int]:
    """The visits of all pages."""
    ids: list[int] = []
    after: tuple[datetime, int] | None = None
    while True:
        page = visit_reading.page(db, actor, wanted, after=after, limit=limit)
        ids += [one.id for one in page.items]
        after = page.next
        if after is None:
            return ids


@pytest.mark.parametrize("latest", [1, 10, N + 10, 5000])
def test_pages_are_the_same_however_they_are_found(
    town: Connection, monkeypatch: pytest.MonkeyPatch, latest: int
) -> None:
    monkeypatch.setattr(visit_reading, "LATEST", latest)
    manager = Actor("manager", 1, area_ids=(town.scalar(QUIET),))
    of_quiet = (
        "SELECT v.id FROM visit v JOIN household h ON h.id = v.household_id JOIN grid_version g "
        "ON g.id = h.grid_version_id WHERE g.code = '000' AND {} ORDER BY v.happened_at DESC, v.id DESC"
    )
    before = NOW - timedelta(days=5, minutes=10)
    for wanted, where in (
        (Filter(), "true"),
        (Filter(flag="late"), "v.late"),
        (Filter(worker="w"), "v.worker_id IS NOT NULL"),
        (Filter(worker="nobody"), "false"),
        (Filter(to_at=before), "v.happened_at < :before"),
        (Filter(from_at=before), "v.happened_at >= :before"),
    ):
        right = list(town.scalars(text(of_quiet.format(where)), {"before": before} if ":before" in where else {}))
        assert walked(town, manager, wanted, 7) == right
    assert len(walked(town, Actor("planner"), Filter(), 50)) == 2 * N
    assert walked(town, Actor("manager", 1), Filter(), 7) == []


def test_a_quiet_area_does_not_read_the_visits_of_a_busy_one(
    fresh: Fresh, rule: Rule, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fresh.begin() as db:
        built(db, rule).execute(
            text(
                "INSERT INTO visit (client_key, household_id, outcome, happened_at, recorded_at) "
                "SELECT gen_random_uuid(), (SELECT max(id) FROM household), 'absent', t, t "
                "FROM (SELECT CAST(:at AS timestamptz) + i * interval '1 second' AS t FROM generate_series(1, 20000) i) x"
            ),
            {"at": NOW},
        )
    # the serving role may not count tables: else the planner goes by what it was told of them last
    with fresh.begin(owner=True) as db:
        db.execute(text("ANALYZE"))
    monkeypatch.setattr(visit_reading, "LATEST", 100)
    with fresh.begin() as db:
        manager = Actor("manager", 1, area_ids=(db.scalar(QUIET),))
        before = read(db)
        assert len(visit_reading.page(db, manager, Filter(), limit=20).items) == 20
        assert read(db) - before < 1000
        mine = {"all_areas": False, "area_ids": list(manager.area_ids), "worker_id": None}
        asked = vars(Filter()) | mine | {"after_at": None, "after_id": None, "n": 20}
        plan = "\n".join(db.scalars(text(f"EXPLAIN {load('visits_of_doors').text}"), asked))
        assert "visit_household_id_happened_at_idx" in plan


def read(db: Connection) -> int:
    """Rows of visits read by this transaction so far."""
    found = text(
        "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE relname = 'visit'"
    )
    return int(db.scalar(found) or 0)
