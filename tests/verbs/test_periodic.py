"""What happens without anybody asking: escalation, the end of suspensions, striking off; once, whoever looks."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Connection, select, text

from gridsvc import areas, audit, cases, dossier, editions, performance, periodic, reports, residents
from gridsvc.db import tables as t
from gridsvc.errors import Conflict
from gridsvc.grids import Rule
from gridsvc.reports import Draft, Position
from gridsvc.rules.case import Given, Terms
from gridsvc.rules.deadlines import LADDER
from gridsvc.rules.roles import ANONYMOUS, Actor
from gridsvc.stats import Period
from gridsvc.terms import Agreed
from gridsvc.web.pages import telling
from tests.conftest import NOW, RULE, Fresh
from tests.through import ADMIN, AGREED, lead
from tests.verbs.test_editions import cell, publish, square

WEEK = timedelta(days=7)


def submit(db: Connection, rule: Rule = RULE, lon: float | None = None) -> str:
    """A report in the grid at this longitude, else one that waits for its place."""
    place = None if lon is None else Position(lon, 23.005, "wgs84")
    draft = Draft(uuid4(), "unclassified", "路灯不亮", "web", place, words="东门")
    return reports.submit(db, draft, ANONYMOUS, NOW, rule).number


def levels(db: Connection, *there: str) -> None:
    """Areas of these levels, somewhere in the place."""
    areas.save(db, [areas.Area(level, level, level, None, None) for level in there])


# Three columns of grids: a district with subdistricts, one without, and a community that belongs to nothing.
DEEP, FLAT, ALONE = 110.005, 110.015, 110.025


def ground(db: Connection) -> None:
    def column(n: int) -> bytes:
        return cell(109.999 + 0.01 * n, 22.99, 110.009 + 0.01 * n, 23.04)

    rows = (
        ("C", "city", None, None),
        ("A", "district", "C", None),
        ("A1", "subdistrict", "A", None),
        ("A11", "community", "A1", column(0)),
        ("B", "district", "C", None),
        ("B1", "community", "B", column(1)),
        ("V", "community", None, column(2)),
    )
    areas.save(db, [areas.Area(code, level, code, above, shape) for code, level, above, shape in rows])
    publish(db, square(), NOW - WEEK, RULE)
    editions.link_areas(db)


def steps(db: Connection, number: str) -> list[tuple[str, list[str]]]:
    """The levels that a report went up to, each with those that were passed over."""
    log = t.report_log.c
    rows = select(log.facts).join_from(t.report_log, t.report, t.report.c.id == log.report_id)
    rows = rows.where((t.report.c.number == number) & (log.action == "escalate")).order_by(log.seq)
    return [(facts["set"]["level"], facts.get("passed", [])) for facts in db.scalars(rows)]


# What a report in each of them goes through; one without a place, all that the place has.
WAYS = {
    DEEP: [(level, []) for level in LADDER[1:]],
    FLAT: [("community", []), ("district", ["subdistrict"]), ("city", [])],
    ALONE: [("community", [])],
    None: [(level, []) for level in LADDER[1:]],
}


def test_each_report_goes_up_its_own_chain_by_hand_and_by_itself(db: Connection) -> None:
    ground(db)
    by_hand, by_itself = ({lon: submit(db, lon=lon) for lon in WAYS} for _ in range(2))
    for number in by_hand.values():
        held = lead(db, number, "verified", NOW)
        while "escalate" in cases.actions(held, ADMIN, NOW):
            cases.apply(db, held, "escalate", ADMIN, NOW, AGREED, Given(reason="out_of_competence"))
            held = cases.lock(db, number)
        with pytest.raises(Conflict, match="highest_level"):
            cases.apply(db, held, "escalate", ADMIN, NOW, AGREED, Given(reason="out_of_competence"))
    for number in by_itself.values():
        lead(db, number, "dispatched", NOW)
    done = [periodic.batch(db, NOW + WEEK + timedelta(hours=25 * n), AGREED) for n in range(5)]
    assert [one.done.get("escalate", 0) for one in done] == [4, 3, 3, 2, 0], "who is at the top is not asked for again"
    assert not any(one.failed for one in done)
    for made in (by_hand, by_itself):
        assert {lon: steps(db, number) for lon, number in made.items()} == WAYS
        for number in made.values():
            held = cases.lock(db, number)
            assert cases.replayed(db, held.id) == held.case
    assert audit.verify(db).findings == ()


def actions(db: Connection, number: str) -> list[str]:
    log = t.report_log.c
    rows = select(log.action).join_from(t.report_log, t.report, t.report.c.id == log.report_id)
    return list(db.scalars(rows.where(t.report.c.number == number).order_by(log.seq)))


def test_overdue_ones_go_up_once_a_day_past_missing_levels(db: Connection) -> None:
    number = submit(db)
    lead(db, number, "dispatched", NOW)
    levels(db, "subdistrict", "city")
    assert periodic.batch(db, NOW, AGREED).done == {}
    late = NOW + WEEK
    assert periodic.batch(db, late, AGREED).done == {"escalate": 1}
    held = cases.lock(db, number)
    assert (held.case.level, held.case.due_at == held.case.due_original_at) == ("subdistrict", True)
    facts = db.scalar(text("SELECT facts FROM report_log WHERE action = 'escalate'"))
    assert (facts["passed"], facts["reason"]) == (["community"], "overdue")
    assert periodic.batch(db, late + timedelta(hours=1), AGREED).done == {}
    assert periodic.batch(db, late + timedelta(hours=25), AGREED).done == {"escalate": 1}
    assert cases.lock(db, number).case.level == "city"
    assert periodic.batch(db, late + WEEK, AGREED).done == {}


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
    levels(db, "community")
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
        levels(db, "community")
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
        after = {id_: held.case.level for id_, held in cases.read_all(db, ids).items()}
        assert after == dict.fromkeys(ids, "community") | {ids[2]: "grid"}
        assert audit.verify(db).findings == ()


def test_nobody_is_asked_above_the_highest_level(db: Connection) -> None:
    numbers = {level: submit(db) for level in (None, "grid", "community", "district", "city")}
    for level, number in numbers.items():
        lead(db, number, "dispatched", NOW)
        db.execute(text("UPDATE report SET level = :level WHERE number = :number"), {"level": level, "number": number})
    for there, n in (((), 0), (("community",), 2)):
        levels(db, *there)
        done = periodic.batch(db, NOW + WEEK, AGREED)
        assert (sum(done.done.values()), done.failed) == (n, ())
    assert {cases.lock(db, numbers[level]).case.level for level in (None, "grid")} == {"community"}


def test_two_at_once_do_it_once(fresh: Fresh) -> None:
    with fresh.begin() as db:
        levels(db, "community")
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
