"""What a review found in the case loop and what was mended: waits, extensions, wrong dispatches, answers, reopening."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Connection

from gridsvc import cases
from gridsvc.rules.case import MAX_WAITING, Given, clock_history, to_json
from gridsvc.rules.deadlines import Limit, due_at
from gridsvc.rules.roles import RESIDENT, SYSTEM, Actor
from gridsvc.terms import Agreed
from tests.conftest import NOW
from tests.rules.by_hand import (
    CHECKER,
    DAY,
    DESK,
    HANDLER,
    HOUR,
    LEADER,
    MINUTE,
    OTHER,
    TERMS,
    WORKER,
    Report,
)
from tests.rules.wandering import CALENDAR, LIMITS, START
from tests.through import AGREED
from tests.verbs.test_cases import PHOTO, accounts, do, photo, sheet, submit

FROM_DISPATCH = replace(TERMS, due_from="dispatched")
CALENDAR_LIMIT = Limit(30, "calendar_day")


def test_a_wait_for_the_resident_ends_by_itself_however_late_somebody_ends_it() -> None:
    for waited, counted in ((MAX_WAITING - HOUR, MAX_WAITING - HOUR), (MAX_WAITING + 20 * DAY, MAX_WAITING)):
        report = Report().to("dispatched", (CALENDAR_LIMIT,))
        due = report.case.due_at
        assert due is not None
        report.do("ask_resident", HANDLER)
        asked = ("ask_resident", "dispatched", report.now, {"set": to_json({"waiting_at": report.now})})
        report.do("stop_asking", RESIDENT, waited)
        assert (report.case.due_at, report.case.waiting_at) == (due + counted, None)
        told = ("stop_asking", "dispatched", report.now, {"set": {"waiting_at": None}})
        assert clock_history((asked, told)) == (None, ((asked[2], asked[2] + counted),))


def test_only_the_department_that_has_it_or_the_desk_asks_and_answers_the_resident() -> None:
    for helping in ({"assist_ids": (8,)}, {"called_ids": (8,)}):
        report = Report().to("dispatched")
        report.case = replace(report.case, **helping)  # type: ignore[arg-type]  # one of two lists
        assert report.refuses("ask_resident", OTHER) == report.refuses("answer", OTHER) == "not_your_department"
        report.do("answer", HANDLER)
        report.do("ask_resident", HANDLER)
        assert report.refuses("stop_asking", OTHER) == "not_your_department"
        report.do("stop_asking", DESK)
        report.do("ask_resident", DESK)


@pytest.mark.parametrize("n", [1, 2])
def test_another_category_keeps_the_extensions_in_the_new_limit(n: int) -> None:
    report = Report().to("dispatched")
    first = report.case.due_at
    report.do("accept", HANDLER)
    for _ in range(n):
        report.do("ask_extension", HANDLER)
        report.do("approve_extension", LEADER)
    limit = Limit(5, "calendar_day")
    stop = (report.now, report.now + DAY)
    report.do("recategorize", category="E0101", limits=(limit,), stops=(stop,))
    due = START + (n + 1) * 5 * DAY + DAY
    assert (report.case.due_at, report.case.stage_due_at, report.case.due_original_at) == (due, due, first)
    assert report.case.n_extensions == n


def test_the_deadline_that_began_with_a_wrong_dispatch_begins_with_the_next() -> None:
    report = Report(terms=FROM_DISPATCH).to("dispatched", LIMITS[2])
    report.do("undo_dispatch")
    case = report.case
    assert (case.due_at, case.due_original_at, case.due_limit) == (None, None, LIMITS[2][-1].to_json())
    assert [(one["name"], one["due_at"]) for one in case.milestones or ()] == [("stop", None), ("fine", None)]
    report.do("recategorize", wait=3 * DAY, category="E0101", limits=LIMITS[2])
    assert report.case.due_at is None
    report.do("dispatch", wait=3 * DAY, department_id=8)
    due = due_at(report.now, LIMITS[2][-1], CALENDAR).at
    started = report.case
    assert (started.due_at, started.due_original_at) == (due, due)
    assert (started.milestones or [{}])[0]["due_at"] == due_at(report.now, LIMITS[2][0], CALENDAR).at.isoformat()


def test_what_began_with_an_earlier_dispatch_or_with_receipt_runs_on_after_an_undone_one() -> None:
    returned = Report(terms=FROM_DISPATCH).to("dispatched")
    due = returned.case.due_at
    returned.do("return", HANDLER)
    assert returned.case.due_at == due
    returned.do("dispatch", wait=DAY, department_id=8)
    returned.do("undo_dispatch")
    assert (returned.case.due_at, returned.case.due_original_at) == (due, due)
    received = Report().to("dispatched")
    due = received.case.due_at
    received.do("undo_dispatch")
    assert received.case.due_at == due is not None
    free = Report(terms=replace(FROM_DISPATCH, stages=type(TERMS.stages)())).to("dispatched", ())
    free.do("undo_dispatch")
    assert (free.case.due_at, free.case.due_limit) == (None, None)


def test_the_clock_that_stood_still_before_the_deadline_began_does_not_count() -> None:
    report = Report(terms=FROM_DISPATCH).to("filed")
    stop = (report.now, report.now + 4 * DAY)
    report.do("dispatch", wait=3 * DAY, department_id=7)
    limit = Limit(5, "calendar_day")
    report.do("recategorize", category="E0101", limits=(limit,), stops=((START, START + DAY), stop))
    dispatched_at = report.case.dispatched_at
    assert dispatched_at is not None
    assert report.case.due_at == dispatched_at + 5 * DAY + (stop[1] - dispatched_at)


def test_an_acknowledgement_from_before_the_work_was_done_is_no_answer_to_close_with() -> None:
    report = Report().to("dispatched")
    report.do("answer", HANDLER, note="已收到")
    report.to("checked")
    assert report.refuses("close", note=None) == "answer_missing"
    early = replace(report.case)
    report.do("answer", note="路灯已修好")
    assert report.do("close", note=None).state == "closed"
    report.case = early
    assert report.do("close", note="路灯已修好").state == "closed"
    at_once = Report().to("disposed")
    at_once.do("answer", HANDLER, wait=0 * MINUTE, note="路灯已修好")
    at_once.do("check", CHECKER)
    assert at_once.do("close", note=None).state == "closed"


def test_a_reopened_report_has_its_rights_and_its_pressure_anew() -> None:
    report = Report().to("dispatched")
    report.do("suspend", LEADER, until=report.now + DAY)
    report.do("resume", SYSTEM)
    for _ in range(2):
        report.do("ask_extension", HANDLER)
        report.do("approve_extension", LEADER)
    report.do("whistle", LEADER, department_ids=(8,))
    report.do("supervise", LEADER, card="red")
    report.do("escalate", reason="whistle")
    report.do("void", LEADER)
    stale = replace(report.case, extension_asked_at=START, suspended_at=START, suspended_until=START, waiting_at=START)
    report.case = stale
    report.do("reopen", LEADER)
    case = report.case
    assert (case.called_ids, case.card, case.level, case.escalated_at) == (None, None, "grid", None)
    assert (case.n_extensions, case.n_suspensions, case.extension_asked_at) == (0, 0, None)
    assert (case.suspended_at, case.suspended_until, case.waiting_at, case.stopped) == (None, None, None, False)
    report.to("dispatched")
    report.do("ask_extension", HANDLER)
    report.do("suspend", LEADER, until=report.now + DAY)
    unfiled = Report()
    unfiled.do("escalate", reason="out_of_competence")
    unfiled.do("not_file")
    unfiled.do("reopen", LEADER)
    assert (unfiled.case.state, unfiled.case.level, unfiled.case.escalated_at) == ("reported", None, None)


def test_what_was_not_found_is_not_solved_on_the_spot_until_it_is_verified() -> None:
    report = Report()
    report.do("verify_absent", WORKER)
    assert report.refuses("solve_on_spot", WORKER, photos=("a",)) == "verify_first"
    report.do("verify", WORKER)
    assert report.do("solve_on_spot", WORKER, photos=("a",)).state == "disposed"


@pytest.mark.parametrize("action", ["check_failed", "rate"])
def test_what_was_not_solved_on_the_spot_is_filed_under_the_limits_of_its_condition(
    db: Connection, action: str
) -> None:
    photo(db)
    late = Limit(20, "working_day")
    (condition,) = sheet(db, "E0109", [Limit(4, "working_hour", "stop").to_json(), late.to_json()])
    worker = Actor("worker", accounts(db, 1)[0])
    share = 0.0 if action == "rate" else 1.0
    held = submit(db, resident=True, category="E0109")
    solved = Given(note="已清理", photos=(PHOTO,))
    cases.apply(db, held, "solve_on_spot", worker, NOW, Agreed(replace(AGREED.general, sample_share=share), {}), solved)
    held = cases.lock_id(db, held.id)
    if action == "rate":
        held = do(db, do(db, held, "close"), "rate", RESIDENT, solved="not", satisfied="not")
    else:
        held = do(db, held, "check_failed", Actor("checker"))
    assert (held.state, held.case.condition_id) == ("filed", condition)
    assert held.case.due_at == due_at(NOW, late, CALENDAR).at
    assert [one["name"] for one in held.case.milestones or ()] == ["stop"]
    assert cases.replayed(db, held.id) == held.case


def test_what_was_solved_on_the_spot_is_reopened_under_the_limits_of_its_category(db: Connection) -> None:
    photo(db)
    late = Limit(20, "working_day")
    (condition,) = sheet(db, "E0109", [Limit(4, "working_hour", "stop").to_json(), late.to_json()])
    held = submit(db, category="E0109")
    worker = Actor("worker", accounts(db, 1)[0])
    spot = Agreed(replace(AGREED.general, sample_share=0.0), {})
    cases.apply(db, held, "solve_on_spot", worker, NOW, spot, Given(note="已清理", photos=(PHOTO,)))
    held = do(db, do(db, do(db, cases.lock_id(db, held.id), "close"), "strike_off"), "reopen")
    assert (held.state, held.case.condition_id) == ("filed", condition)
    assert held.case.due_at == due_at(NOW, late, CALENDAR).at
    assert [one["name"] for one in held.case.milestones or ()] == ["stop"]
    assert cases.replayed(db, held.id) == held.case
