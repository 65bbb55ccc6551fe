"""What happens without anybody asking: escalation, the end of suspensions, striking off; once, whoever looks."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import Connection, select, text

from gridsvc import audit, cases, dossier, performance, periodic, reports, residents
from gridsvc.db import tables as t
from gridsvc.grids import Rule
from gridsvc.reports import Draft
from gridsvc.rules.case import Given, Terms
from gridsvc.rules.roles import ANONYMOUS, Actor
from gridsvc.stats import Period
from gridsvc.terms import Agreed
from gridsvc.web.pages import telling
from tests.conftest import NOW, RULE, Fresh
from tests.through import ADMIN, AGREED, lead

WEEK = timedelta(days=7)


def submit(db: Connection, rule: Rule = RULE) -> str:
    draft = Draft(uuid4(), "unclassified", "路灯不亮", "web", words="东门")
    return reports.submit(db, draft, ANONYMOUS, NOW, rule).number


def actions(db: Connection, number: str) -> list[str]:
    log = t.report_log.c
    rows = select(log.action).join_from(t.report_log, t.report, t.report.c.id == log.report_id)
    return list(db.scalars(rows.where(t.report.c.number == number).order_by(log.seq)))


def test_overdue_ones_go_up_once_a_day_past_missing_levels(db: Connection) -> None:
    number = submit(db)
    lead(db, number, "dispatched", NOW)
    agreed = Agreed(replace(AGREED.general, levels=frozenset({"grid", "subdistrict", "city"})), {})
    assert periodic.batch(db, NOW, agreed).done == {}
    late = NOW + WEEK
    assert periodic.batch(db, late, agreed).done == {"escalate": 1}
    held = cases.lock(db, number)
    assert (held.case.level, held.case.due_at == held.case.due_original_at) == ("subdistrict", True)
    facts = db.scalar(text("SELECT facts FROM report_log WHERE action = 'escalate'"))
    assert (facts["passed"], facts["reason"]) == (["community"], "overdue")
    assert periodic.batch(db, late + timedelta(hours=1), agreed).done == {}
    assert periodic.batch(db, late + timedelta(hours=25), agreed).done == {"escalate": 1}
    assert cases.lock(db, number).case.level == "city"
    assert periodic.batch(db, late + WEEK, agreed).done == {}


def test_a_stopped_clock_does_not_escalate_and_a_suspension_ends_by_itself(db: Connection) -> None:
    number = submit(db)
    held = lead(db, number, "dispatched", NOW)
    until = NOW + 2 * WEEK
    cases.apply(db, held, "suspend", Actor("leader"), NOW, AGREED, Given(note="等材料", until=until))
    assert periodic.batch(db, NOW + WEEK, AGREED).done == {}
    assert periodic.batch(db, until, AGREED).done == {"resume": 1}
    case = cases.lock(db, number).case
    assert case.suspended_at is None
    assert case.due_at is not None
    assert case.due_at > until


def test_closed_ones_are_struck_off_when_rated_or_after_a_fortnight(db: Connection) -> None:
    rated, silent, nobody = submit(db), submit(db), submit(db)
    for number, secret in ((rated, "a" * 22), (silent, "b" * 22)):
        residents.register(db, cases.lock(db, number).id, residents.hashed(secret))
    for number in (rated, silent, nobody):
        lead(db, number, "closed", NOW)
    residents.rate(db, rated, "a" * 22, "solved", "basically", None, NOW + timedelta(hours=1), AGREED)
    assert periodic.batch(db, NOW + timedelta(days=1), AGREED).done == {"strike_off": 1}
    assert cases.lock(db, rated).state == "struck_off"
    assert periodic.batch(db, NOW + timedelta(days=15), AGREED).done == {"strike_off": 1}
    states = [cases.lock(db, number).state for number in (rated, silent, nobody)]
    assert states == ["struck_off", "struck_off", "closed"]  # without a resident it is the dispatcher's


def test_one_that_fails_is_named_and_the_others_go_on(db: Connection) -> None:
    numbers = [submit(db) for _ in range(3)]
    for number in numbers:
        lead(db, number, "dispatched", NOW)
    broken = cases.lock(db, numbers[1]).id
    db.execute(text("UPDATE report SET suspended_until = :at WHERE id = :id"), {"id": broken, "at": NOW})
    done = periodic.batch(db, NOW + WEEK, AGREED)
    assert done.done == {"escalate": 2}
    assert [(one.report_id, one.action, one.code) for one in done.failed] == [(broken, "resume", "not_suspended")]


def test_one_that_cannot_be_stored_takes_no_other_with_it(fresh: Fresh) -> None:
    with fresh.begin() as db:
        ids = [lead(db, submit(db), "dispatched", NOW).id for _ in range(5)]
    with fresh.begin(owner=True) as db:
        refuse = f"ALTER TABLE report ADD CONSTRAINT kept_low CHECK (id <> {ids[2]} OR level <> 'community')"
        db.execute(text(refuse))
    with fresh.begin() as db:
        done = periodic.batch(db, NOW + WEEK, AGREED)
        assert done.done == {"escalate": 4}
        assert [(one.report_id, one.action, one.code) for one in done.failed] == [
            (ids[2], "escalate", "IntegrityError")
        ]
        levels = {id_: held.case.level for id_, held in cases.read_all(db, ids).items()}
        assert levels == dict.fromkeys(ids, "community") | {ids[2]: "grid"}
        assert audit.verify(db).findings == ()


def test_nobody_is_asked_above_the_highest_level(db: Connection) -> None:
    numbers = {level: submit(db) for level in (None, "grid", "community", "district", "city")}
    for level, number in numbers.items():
        lead(db, number, "dispatched", NOW)
        db.execute(text("UPDATE report SET level = :level WHERE number = :number"), {"level": level, "number": number})
    for levels, n in (({"grid"}, 0), ({"grid", "community"}, 2)):
        agreed = Agreed(replace(AGREED.general, levels=frozenset(levels)), {})
        done = periodic.batch(db, NOW + WEEK, agreed)
        assert (sum(done.done.values()), done.failed) == (n, ())
    assert {cases.lock(db, numbers[level]).case.level for level in (None, "grid")} == {"community"}


def test_two_at_once_do_it_once(fresh: Fresh) -> None:
    with fresh.begin() as db:
        numbers = [submit(db) for _ in range(60)]
        for number in numbers:
            lead(db, number, "dispatched", NOW)

    @contextmanager
    def begin() -> Iterator[Connection]:
        with fresh.begin() as db:
            yield db

    def look(_: int) -> dict[str, int]:
        return periodic.rounds(begin, NOW + WEEK, lambda _: Agreed(Terms(AGREED.general.calendar), {})).done

    with ThreadPoolExecutor(4) as pool:
        done = [one.get("escalate", 0) for one in pool.map(look, range(4))]
    assert sum(done) == 60
    with fresh.begin() as db:
        assert all(actions(db, number).count("escalate") == 1 for number in numbers)


def test_nobody_is_waited_for_longer_than_ten_days(db: Connection) -> None:
    number = submit(db)
    residents.register(db, cases.lock(db, number).id, residents.hashed("c" * 22))
    held = lead(db, number, "dispatched", NOW)
    cases.apply(db, held, "ask_resident", ADMIN, NOW, AGREED, Given(note="哪一栋楼？"))
    assert periodic.batch(db, NOW + timedelta(days=9), AGREED).done == {}
    assert periodic.batch(db, NOW + timedelta(days=10), AGREED).done == {"stop_asking": 1}
    case = cases.lock(db, number).case
    assert case.waiting_at is None
    assert case.due_at is not None
    assert case.due_at > NOW + timedelta(days=10)
    # asked again, and answered after two days: who reads the rates sees how long the clock stood still
    later = NOW + timedelta(days=11)
    cases.apply(db, cases.lock(db, number), "ask_resident", ADMIN, later, AGREED, Given(note="几单元？"))

    def waits(days: float) -> performance.Waits:
        now = later + timedelta(days=days)
        return performance.waits(db, ADMIN, Period(NOW - WEEK, now, now))

    assert waits(1) == performance.Waits(2, 1, 1, timedelta(days=11))
    assert waits(99) == performance.Waits(2, 1, 1, timedelta(days=20)), "never longer than ten days each"
    two = later + timedelta(days=2)
    cases.apply(db, cases.lock(db, number), "stop_asking", ADMIN, two, AGREED, Given(note="三单元"))
    assert waits(99) == performance.Waits(2, 1, 1, timedelta(days=12))
    assert waits(-5) == performance.Waits(1, 1, 0, timedelta(days=6))
    log = dossier.load_one(db, ADMIN, number).log
    assert telling.waited(log, two) == timedelta(days=12)
    assert telling.waited(log[:-1], later + WEEK) == timedelta(days=17)
