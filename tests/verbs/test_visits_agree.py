"""After anything that happens to doors and visits, what is kept equals what is counted again; two at once both count."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, text

from geodata.town import dice
from gridsvc import door_merges, exclusions, households, visited, visits
from gridsvc.errors import GridsvcError
from gridsvc.grids import Rule
from gridsvc.rules.roles import Actor
from gridsvc.rules.visiting import MODES, OUTCOMES, WITHDRAWN
from tests.conftest import NOW, Fresh
from tests.verbs import recounting
from tests.verbs.test_editions import cell, publish, square
from tests.verbs.test_visited import BEGIN, END, doors, draw

N_STEPS = 45
ZONE = ZoneInfo("Asia/Shanghai")


class Life:
    """Two campaigns over a few doors, and whatever can happen to them, by chance."""

    def __init__(self, db: Connection, rule: Rule, seed: int) -> None:
        self.db, self.rule, self.rng, self.now = db, rule, dice.stream(seed, "visits"), NOW
        publish(db, square(), NOW - timedelta(days=30), rule)
        self.doors = doors(db, rule, 110.005, 4) + doors(db, rule, 110.0105, 3) + doors(db, rule, 110.015, 3)
        self.beside = doors(db, rule, 110.005, 2)  # on no list
        draw(db, self.doors)
        draw(db, self.doors[3:], modes="{door,phone}", n_times=2, code="d")
        self.alike = [(self.doors[0], self.doors[1]), (self.doors[8], self.doors[7])]  # rooms 1 and 01, 2 and 02
        for keep, gone in self.alike:
            room = text("UPDATE household SET room = '0' || (SELECT room FROM household WHERE id = :k) WHERE id = :g")
            db.execute(room, {"k": keep, "g": gone})
        account = text(
            "INSERT INTO account (login, name, role, password_hash) VALUES (:l, :l, 'admin', 'x') RETURNING id"
        )
        self.people = [Actor("admin", db.scalar(account, {"l": login})) for login in ("one", "two")]
        self.done: dict[str, int] = {}

    def step(self, deed: Callable[[], None] | None) -> None:
        self.now += timedelta(hours=self.rng.randint(1, 12))
        deed = (
            deed
            or self.rng.choices(
                (self.visit, self.correct, self.exclude, self.change, self.remove, self.border, self.merge),
                (8, 4, 3, 2, 1, 1, 2),
            )[0]
        )
        try:
            with self.db.begin_nested():
                deed()
            self.done[deed.__name__] = self.done.get(deed.__name__, 0) + 1
        except GridsvcError as error:
            self.done[error.code] = self.done.get(error.code, 0) + 1

    def door(self) -> int:
        return self.rng.choice(self.doors + self.beside)

    def draft(self, **more: object) -> visits.Draft:
        rng = self.rng
        back = timedelta(hours=rng.choice((0, 1, 30, 100, 300)))
        said = {
            "client_key": uuid.UUID(int=rng.getrandbits(128)),
            "household_id": self.door(),
            "outcome": rng.choice((*OUTCOMES, "reached", "vacant")),
            "happened_at": rng.choice((self.now - back, NOW - timedelta(hours=4))),  # many at one time
            "mode": rng.choice(("door", "door", "door", *MODES)),
            "n_met": rng.choice((None, None, 1, 4)),
        }
        return visits.Draft(**(said | more))  # type: ignore[arg-type]

    def visit(self) -> None:
        drafts = [self.draft() for _ in range(self.rng.choice((1, 1, 2, 9)))]
        answers = visits.record_all(self.db, drafts, self.rng.choice(self.people), self.now, self.rule)
        assert all(a.status == "created" for a in answers)
        again = visits.record_all(self.db, drafts, self.rng.choice(self.people), self.now, self.rule)
        assert all(a.status == "same" for a in again)

    def correct(self) -> None:
        ids = list(
            self.db.scalars(
                text(
                    "SELECT id FROM visit v WHERE NOT EXISTS (SELECT FROM visit s WHERE s.supersedes_id = v.id) ORDER BY id"
                )
            )
        )
        if ids:
            more = {"supersedes": self.rng.choice(ids)} | self.rng.choice(({}, {"outcome": WITHDRAWN}))
            visits.record(self.db, self.draft(**more), self.people[0], self.now, self.rule)

    def exclude(self) -> None:
        door, who = self.door(), self.rng.choice(self.people)
        paper = self.rng.choice((None, "证明"))
        excluded = list(self.db.scalars(text("SELECT id FROM household WHERE excluded IS NOT NULL ORDER BY id")))
        claims = exclusions.waiting(self.db, who)
        if excluded and self.rng.random() < 0.4:
            exclusions.end(self.db, self.rng.choice(excluded), who, self.now)
        elif claims and self.rng.random() < 0.7:
            claim = self.rng.choice(claims)
            exclusions.confirm(self.db, claim.household_id, claim.reason, who, self.now)
        else:
            exclusions.confirm(self.db, door, "vacant", who, self.now, paper)

    def leave_out(self) -> None:
        there = text("SELECT id FROM household WHERE excluded IS NULL AND removed_at IS NULL ORDER BY id")
        door, (one, two) = self.rng.choice(list(self.db.scalars(there))), self.people
        found = self.draft(household_id=door, outcome="vacant", mode="door", happened_at=self.now)
        visits.record(self.db, found, one, self.now, self.rule)
        exclusions.confirm(self.db, door, "vacant", two, self.now)

    def change(self) -> None:
        changes = self.rng.choice(
            (
                {"class_code": self.rng.choice(("ordinary", "cared_for"))},
                {"lon": self.rng.choice((110.004, 110.016, 110.5)), "lat": 23.005, "position_source": "door"},
                {"unit": str(self.rng.randint(1, 10**6))},
            )
        )
        households.change(self.db, self.door(), changes, self.people[0], self.now, self.rule)

    def remove(self) -> None:
        households.remove(self.db, self.door(), "拆除", self.people[0], self.now)

    def merge(self) -> None:
        keep, gone = self.rng.choice(self.alike)
        one = self.db.scalar(text("SELECT same_as_id FROM household WHERE id = :id"), {"id": gone})
        if one is not None:
            door_merges.undo(self.db, gone, "两户", self.people[0], self.now)
        else:
            version = door_merges.compare(self.db, keep, gone, self.people[0], self.now, ZONE).version
            door_merges.merge(self.db, keep, gone, "同一户", version, self.people[0], self.now, ZONE)

    def border(self) -> None:
        at = self.rng.choice((110.004, 110.01, 110.012))
        rows = square()
        rows[0] = (0, "000", "网格0", cell(110, 23, at, 23.01))
        rows[1] = (1, "001", "网格1", cell(at, 23, 110.02, 23.01))
        publish(self.db, rows, self.now, self.rule)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_kept_is_what_is_counted_again(
    db: Connection, rule: Rule, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    life, refresh, recounted = Life(db, rule, seed), visited.refresh, [0]

    def counting(db: Connection, ids: Collection[int], now: datetime) -> list[int]:
        recounted[0] += 1
        return refresh(db, ids, now)

    monkeypatch.setattr(visited, "refresh", counting)
    forced = {2: life.correct, 4: life.leave_out, 7: life.change, 10: life.border, 13: life.merge}
    for turn in range(N_STEPS):
        life.step(forced.get(turn % 15))
        recounting.assert_right(db)
    held = text(
        "SELECT k.excluded FROM household h JOIN household k ON k.id = coalesce(h.same_as_id, h.id) WHERE h.id = :id"
    )
    for turn in range(2 * N_STEPS):  # whenever each happened: it is added, but where its door is left out
        life.now += timedelta(minutes=1)
        draft, before = life.draft(), recounted[0]
        excluded = db.scalar(held, {"id": draft.household_id})
        visits.record(db, draft, life.people[0], life.now, rule)
        assert (recounted[0] == before) == (excluded is None)
        life.done["added"] = life.done.get("added", 0) + (excluded is None)
        if turn % 10 == 9:
            recounting.assert_right(db)
    assert {"visit", "correct", "leave_out", "change", "merge", "border"} <= life.done.keys(), life.done
    assert life.done["added"] > N_STEPS, life.done
    statuses = {standing[0] for standing in recounting.stored_doors(db).values()}
    assert len(statuses) > 2, "too little happened to say anything"


def together(*works: Callable[[], None]) -> list[BaseException]:
    """What went wrong in works that ran at the same time."""
    wrong: list[BaseException] = []

    def run(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return wrong


def test_two_connections_at_one_door_both_count(fresh: Fresh, rule: Rule) -> None:
    with fresh.begin() as db:
        life = Life(db, rule, 0)
    actor, ids = life.people[0], life.doors

    def draft(door: int, outcome: str) -> visits.Draft:
        return visits.Draft(uuid.uuid4(), door, outcome, NOW)

    # the first holds its transaction open while the second comes to the same door
    with fresh.begin() as db:
        visits.record(db, draft(ids[0], "absent"), actor, NOW, rule)
        second = threading.Thread(target=lambda: one(ids[0], "reached"))

        def one(door: int, outcome: str) -> None:
            with fresh.begin() as other:
                visits.record(other, draft(door, outcome), actor, NOW, rule)

        second.start()
        second.join(0.5)
        assert second.is_alive()
    second.join(120)
    with fresh.begin() as db:
        recounting.assert_right(db)
        counted = text("SELECT n_visits FROM campaign_door WHERE household_id = :d")
        assert db.scalar(counted, {"d": ids[0]}) == 2

    def crowd(seed: int) -> Callable[[], None]:
        def work() -> None:
            rng = dice.stream(seed, "visits")
            for _ in range(6):
                with fresh.begin() as mine:
                    some = [draft(rng.choice(ids), rng.choice(OUTCOMES)) for _ in range(5)]
                    visits.record_all(mine, some, actor, NOW, rule)

        return work

    def mover() -> None:
        for turn, at in enumerate((110.004, 110.012)):
            rows = square()
            rows[0] = (0, "000", "网格0", cell(110, 23, at, 23.01))
            rows[1] = (1, "001", "网格1", cell(at, 23, 110.02, 23.01))
            with fresh.begin() as mine:
                publish(mine, rows, NOW + timedelta(minutes=turn), rule)

    assert together(crowd(1), crowd(2), crowd(3), mover) == []
    with fresh.begin() as db:
        recounting.assert_right(db)
        assert db.scalar(text("SELECT count(*) FROM visit")) == 2 + 3 * 6 * 5


def test_the_same_visit_from_two_connections_is_one(fresh: Fresh, rule: Rule) -> None:
    with fresh.begin() as db:
        life = Life(db, rule, 0)
    drafts = [visits.Draft(uuid.uuid4(), door, "reached", NOW) for door in life.doors]
    statuses: list[str] = []

    def send(order: int) -> Callable[[], None]:
        def work() -> None:
            with fresh.begin() as mine:
                told = visits.record_all(mine, drafts[::order], life.people[0], NOW, rule)
                statuses.extend(answer.status for answer in told)

        return work

    assert together(send(1), send(-1), send(1)) == []
    assert sorted(statuses) == ["created"] * len(drafts) + ["same"] * 2 * len(drafts)
    with fresh.begin() as db:
        recounting.assert_right(db)


def test_visits_at_the_edges_of_a_campaign_and_stored_in_another_order_than_they_came(
    db: Connection, rule: Rule
) -> None:
    life, hour = Life(db, rule, 0), timedelta(hours=1)

    def record(door: int, outcome: str, at: datetime, now: datetime, **more: Any) -> None:
        visits.record(db, visits.Draft(uuid.uuid4(), life.doors[door], outcome, at, **more), life.people[0], now, rule)
        recounting.assert_right(db)

    record(5, "absent", NOW - hour, NOW + hour)
    record(5, "refused", NOW - hour, NOW)  # at the same time, said to be recorded before
    record(5, "vacant", NOW - hour, NOW + 2 * hour)
    record(6, "reached", BEGIN - hour, NOW)
    record(6, "reached", BEGIN, NOW)
    record(6, "absent", END, END + hour)
    record(6, "refused", END - timedelta(microseconds=1), END + hour)
    record(6, "reached", END - hour, END + 2 * hour, mode="phone", n_met=1000)
