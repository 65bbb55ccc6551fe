"""When a report is due, and what moves that: extensions, stops of the clock, another category, a new beginning."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from gridsvc.errors import Conflict
from gridsvc.rules.case import Case, Terms, clock_history
from gridsvc.rules.deadlines import Limit, due_at
from gridsvc.rules.decisions import decide
from gridsvc.rules.effects import MAX_SUSPENDED
from gridsvc.rules.roles import RESIDENT, SYSTEM
from tests.rules.by_hand import (
    DAY,
    DESK,
    HANDLER,
    HOUR,
    KNOWN,
    LEADER,
    LIMIT,
    MINUTE,
    TERMS,
    Report,
)
from tests.rules.wandering import CALENDAR, LIMITS, STAGES, START


def test_an_extension_is_asked_before_expiry_one_limit_each_and_twice_at_most() -> None:
    report = Report().to("dispatched")
    first = report.case.due_at
    assert first is not None
    assert report.refuses("approve_extension", LEADER) == "no_extension_asked"
    assert report.refuses("refuse_extension", LEADER) == "no_extension_asked"
    assert report.refuses("ask_extension", HANDLER, first - report.now + MINUTE) == "extension_too_late"
    report.do("ask_extension", HANDLER, first - report.now)
    assert (report.case.extension_asked_at, report.now) == (first, first)
    assert report.refuses("ask_extension", HANDLER, timedelta(0)) == "extension_pending"
    report.do("approve_extension", LEADER, DAY)
    once = due_at(first, LIMIT, CALENDAR).at
    assert (report.case.due_at, report.case.due_original_at) == (once, first)
    assert (report.case.n_extensions, report.case.extension_asked_at) == (1, None)
    report.do("ask_extension", HANDLER)
    report.do("refuse_extension", LEADER)
    assert (report.case.due_at, report.case.n_extensions, report.case.extension_asked_at) == (once, 1, None)
    report.do("accept", HANDLER)
    report.do("ask_extension", HANDLER)
    report.do("approve_extension", LEADER)
    twice = due_at(once, LIMIT, CALENDAR).at
    assert (report.case.due_at, report.case.stage_due_at, report.case.n_extensions) == (twice, twice, 2)
    assert report.refuses("ask_extension", HANDLER) == "extensions_used"
    free = Report(terms=Terms(CALENDAR)).to("dispatched", ())
    assert free.refuses("ask_extension", HANDLER) == "no_deadline"
    unlimited = replace(free.case, extension_asked_at=START)
    with pytest.raises(Conflict, match="no_deadline"):
        decide(unlimited, "approve_extension", LEADER, free.now, KNOWN, TERMS)
    dated = replace(free.case, due_at=START + DAY, extension_asked_at=START)
    with pytest.raises(Conflict, match="no_deadline"):
        decide(dated, "approve_extension", LEADER, free.now, KNOWN, TERMS)


def test_a_report_is_suspended_once_for_a_year_at_most_and_goes_on_by_itself() -> None:
    report = Report().to("dispatched")
    report.do("accept", HANDLER)
    due = report.case.due_at
    for until in (None, START, START + 2 * MAX_SUSPENDED):
        assert report.refuses("suspend", LEADER, until=until) == (
            "input_missing" if until is None else "until_impossible"
        )
    assert report.refuses("suspend", LEADER, until=report.now + MINUTE) == "until_impossible"
    assert report.refuses("suspend", LEADER, until=report.now + 2 * MINUTE + MAX_SUSPENDED) == "until_impossible"
    until = report.now + MINUTE + 14 * DAY
    report.do("suspend", LEADER, until=until)
    assert (report.case.suspended_at, report.case.suspended_until) == (report.now, until)
    assert (report.case.n_suspensions, report.case.state, report.case.due_at) == (1, "dispatched", due)
    for action in ("dispose", "ask_extension"):
        assert report.refuses(action, HANDLER) == "clock_stopped"
    assert report.refuses("suspend", LEADER, until=until) == report.refuses("ask_resident") == "clock_stopped"
    assert report.refuses("stop_asking") == "not_waiting"
    report.do("resume", SYSTEM, 20 * DAY)
    assert due is not None
    moved = due + 14 * DAY  # two whole weeks of working time, not the twenty days until somebody looked
    assert (report.case.due_at, report.case.stage_due_at, report.case.stopped) == (moved, moved, False)
    assert (report.case.suspended_at, report.case.suspended_until, report.case.due_original_at) == (None, None, due)
    assert report.refuses("suspend", LEADER, until=report.now + DAY) == "suspended_before"
    assert report.refuses("resume", LEADER) == "not_suspended"
    whole = Report().to("dispatched")
    whole.do("suspend", LEADER, until=whole.now + MINUTE + MAX_SUSPENDED)


def test_waiting_for_the_resident_stops_the_clock_until_the_answer() -> None:
    alone = Report(replace(KNOWN, has_resident=False)).to("filed")
    assert alone.refuses("ask_resident") == "no_resident"
    report = Report().to("filed")
    due = report.case.due_at
    report.do("ask_resident")
    assert report.refuses("dispatch", department_id=7) == "clock_stopped"
    assert report.refuses("claim", HANDLER, department_id=7) == "clock_stopped"
    assert report.refuses("resume", LEADER) == "not_suspended"
    report.do("stop_asking", RESIDENT, 7 * DAY)
    assert due is not None
    assert (report.case.due_at, report.case.waiting_at) == (due + 7 * DAY, None)


def test_milestones_and_stages_move_with_the_clock() -> None:
    report = Report()
    limits = LIMITS[2]
    report.do("verify")
    report.do("file", limits=limits)
    told = [(one["name"], one["amount"], one["unit"], one["due_at"]) for one in report.case.milestones or ()]
    assert told == [
        ("stop", 4, "working_hour", due_at(START, limits[0], CALENDAR).at.isoformat()),
        ("fine", 7, "working_day", due_at(START, limits[1], CALENDAR).at.isoformat()),
    ]
    assert report.case.due_at == due_at(START, limits[2], CALENDAR).at
    before = report.case
    report.do("suspend", LEADER, until=START + 90 * DAY)
    report.do("resume", LEADER, 7 * DAY)
    moved = [datetime.fromisoformat(one["due_at"]) for one in report.case.milestones or ()]
    assert moved == [datetime.fromisoformat(one["due_at"]) + 7 * DAY for one in before.milestones or ()]
    assert before.stage_due_at is not None
    assert report.case.stage_due_at == before.stage_due_at + 7 * DAY
    none = Report().to("filed")
    assert (none.case.milestones, none.case.stage) == (None, "dispatch")


def test_a_return_goes_to_the_desk_is_counted_and_lets_the_clock_run() -> None:
    report = Report().to("dispatched")
    due = report.case.due_at
    report.do("ask_extension", HANDLER)
    report.do("suspend", LEADER, until=START + 30 * DAY)
    report.do("return", HANDLER, 7 * DAY)
    case = report.case
    assert (case.state, case.n_returns, case.department_id, case.accepted_at) == ("filed", 1, None, None)
    assert due is not None
    assert (case.stopped, case.due_at, case.extension_asked_at) == (False, due + 7 * DAY, None)
    limit = STAGES.dispatch
    assert limit is not None
    assert (case.stage, case.stage_due_at) == ("dispatch", due_at(report.now, limit, CALENDAR).at)


def test_limits_run_from_receipt_filing_or_dispatch() -> None:
    for due_from in ("received", "filed", "dispatched"):
        report = Report(terms=replace(TERMS, due_from=due_from))
        report.do("verify", wait=5 * DAY)
        report.do("file", wait=DAY, limits=LIMITS[2], condition_id=4, routing="list")
        filed_at = report.now
        told = (report.case.condition_id, report.case.routing, report.case.outcome, report.case.level)
        assert told == (4, "list", "by_deadline", "grid")
        report.do("dispatch", wait=2 * DAY, department_id=7)
        start = {"received": START, "filed": filed_at, "dispatched": report.now}[due_from]
        assert report.case.due_at == report.case.due_original_at == due_at(start, LIMITS[2][-1], CALENDAR).at
        stop = (report.case.milestones or [{}])[0]["due_at"]
        assert stop == due_at(start, LIMITS[2][0], CALENDAR).at.isoformat()
        due = report.case.due_at
        report.do("return", HANDLER)
        report.do("dispatch", wait=3 * DAY, department_id=8)
        assert report.case.due_at == due


def test_an_unknown_year_is_told() -> None:
    report = Report()
    report.do("verify", wait=300 * DAY)
    report.known = replace(KNOWN, received_at=datetime(2028, 1, 1, tzinfo=START.tzinfo))
    assert report.do("file", limits=(LIMIT,)).unknown_years == (2028,)
    assert Report().to("dispatched").do("accept", HANDLER).unknown_years == ()


def test_reclassifying_gives_the_limit_of_the_new_category_and_keeps_stops_and_the_first_due_time() -> None:
    before = Report()
    before.do("recategorize", category="E0101", condition_id=6)
    assert (before.case.condition_id, before.case.due_at) == (6, None)
    before.do("verify")
    before.do("file")
    assert before.case.condition_id == 6
    report = Report().to("dispatched")
    first = report.case.due_at
    report.do("accept", HANDLER)
    stop = (report.now, report.now + 7 * DAY)
    limit = Limit(10, "working_day")
    report.do("recategorize", category="E0101", condition_id=8, limits=(*LIMITS[2][:1], limit), stops=(stop,))
    due = due_at(START, limit, CALENDAR).at + 7 * DAY
    assert (report.case.due_at, report.case.stage_due_at, report.case.due_original_at) == (due, due, first)
    assert (report.case.condition_id, report.case.due_limit) == (8, limit.to_json())
    moved = (report.case.milestones or [{}])[0]["due_at"]
    assert moved == (due_at(START, LIMITS[2][0], CALENDAR).at + 7 * DAY).isoformat() or moved > START.isoformat()
    later = Report().to("filed")
    later.do("recategorize", category="E0101", limits=(limit,), reopened_at=START + 20 * DAY)
    assert later.case.due_at == due_at(START + 20 * DAY, limit, CALENDAR).at
    assert Report().refuses("recategorize") == "input_missing"
    sent_back = Report(terms=replace(TERMS, due_from="dispatched")).to("dispatched")
    dispatched_at = sent_back.now
    sent_back.do("recategorize", category="E0101", limits=(limit,))
    assert sent_back.case.due_at == due_at(dispatched_at, limit, CALENDAR).at
    sent_back.do("return", HANDLER)
    sent_back.do("recategorize", wait=9 * DAY, category="E0101", limits=(limit,))
    assert sent_back.case.due_at == due_at(sent_back.now, limit, CALENDAR).at
    waiting = Report(terms=replace(TERMS, due_from="dispatched")).to("filed")
    waiting.do("recategorize", category="E0101", limits=(limit,))
    assert (waiting.case.due_at, waiting.case.due_limit) == (None, limit.to_json())


def test_reopening_begins_a_new_way_with_a_new_deadline() -> None:
    report = Report().to("closed", LIMITS[2])
    first = report.case.due_at
    report.do("rate", RESIDENT, solved="solved", satisfied="satisfied")
    report.do("strike_off")
    report.do("reopen", LEADER, 30 * DAY)
    case = report.case
    assert (case.state, case.filed_at, case.outcome, case.stage) == ("filed", report.now, "by_deadline", "dispatch")
    assert case.due_at == case.due_original_at == due_at(report.now, LIMITS[2][-1], CALENDAR).at != first
    assert [one["name"] for one in case.milestones or ()] == ["stop", "fine"]
    empty = (case.department_id, case.disposed_at, case.closed_at, case.struck_at, case.rated_at, case.answered_at)
    assert empty == (None,) * 6
    waits = Report(terms=replace(TERMS, due_from="dispatched")).to("dispatched")
    waits.do("void", LEADER)
    waits.do("reopen", LEADER)
    assert (waits.case.state, waits.case.due_at, waits.case.due_limit) == ("filed", None, LIMIT.to_json())
    waits.do("dispatch", department_id=7)
    assert waits.case.due_at == due_at(waits.now, LIMIT, CALENDAR).at
    for end, actor in (("not_file", DESK), ("void", LEADER)):
        unseen = Report()
        unseen.do(end, actor)
        assert unseen.do("reopen", LEADER).state == "reported"
        assert unseen.refuses("file") == "verify_first"
    imported = decide(Case("struck_off"), "reopen", LEADER, START, replace(KNOWN, note="x"), TERMS)
    assert (imported.state, imported.changes["level"]) == ("filed", "grid")


def test_an_end_stops_nothing_and_leaves_no_stage() -> None:
    report = Report().to("dispatched")
    report.do("ask_extension", HANDLER)
    report.do("suspend", LEADER, until=START + 30 * DAY)
    report.do("void", LEADER)
    case = report.case
    assert (case.state, case.stopped, case.stage, case.stage_due_at) == ("void", False, None, None)
    assert (case.extension_asked_at, case.answered_at) == (None, report.now)


def test_the_stops_of_a_log_are_those_since_it_was_reopened() -> None:
    begin = {"set": {"suspended_at": START.isoformat(), "suspended_until": (START + 2 * DAY).isoformat()}}
    end = {"set": {"suspended_at": None, "suspended_until": None}}
    asked = {"set": {"waiting_at": (START + 5 * DAY).isoformat()}}
    told = {"set": {"waiting_at": None}}
    rows: list[tuple[str, str, datetime, Any]] = [
        ("suspend", "filed", START, begin),
        ("note", "filed", START + HOUR, None),
        ("resume", "filed", START + 3 * DAY, end),
        ("ask_resident", "filed", START + 5 * DAY, asked),
        ("stop_asking", "filed", START + 6 * DAY, told),
    ]
    stops = ((START, START + 2 * DAY), (START + 5 * DAY, START + 6 * DAY))
    assert clock_history(rows) == (None, stops)
    assert clock_history(rows[:1]) == (None, ())
    reopened = [*rows[:3], ("reopen", "filed", START + 4 * DAY, None), *rows[3:]]
    assert clock_history(reopened) == (START + 4 * DAY, stops[1:])
