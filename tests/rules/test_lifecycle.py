"""Each sentence of the rules, by hand: the table, its roles, and what stands against an action."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gridsvc.errors import Conflict, Forbidden, NotAuthenticated, Refused
from gridsvc.rules.case import Case, Given, Terms
from gridsvc.rules.deadlines import StageLimits, due_at
from gridsvc.rules.decisions import AGAINST, decide, possible
from gridsvc.rules.effects import EFFECTS, why_up
from gridsvc.rules.lifecycle import ENDED, ON_LEDGER, OPEN, STATES, STAYS, TABLE
from gridsvc.rules.roles import ANONYMOUS, AREA_ROLES, MAY, RESIDENT, ROLES, SYSTEM, Actor, require
from tests.rules.by_hand import (
    CHECKER,
    DAY,
    DESK,
    HANDLER,
    HOUR,
    KNOWN,
    LEADER,
    LIMIT,
    MINUTE,
    OTHER,
    STAFF,
    TERMS,
    WORKER,
    Report,
)
from tests.rules.wandering import CALENDAR, STAGES, START

NEED_A_REASON = {
    *("verify_absent", "verify_unable", "not_file", "void", "return", "ask_extension", "refuse_extension", "suspend"),
    *("unlink", "recategorize", "reopen", "check_failed", "check_unable", "unmask", "remind", "supervise"),
}


def test_every_action_has_its_roles_and_every_role_its_actions() -> None:
    assert set(TABLE) <= set(MAY)
    assert all(MAY[action] for action in TABLE)
    assert {role for roles in MAY.values() for role in roles} <= {*ROLES, "anonymous", "resident", "system"}
    assert not any("anonymous" in MAY[action] or "planner" in MAY[action] for action in TABLE)
    assert {action for action in TABLE if "resident" in MAY[action]} == {"rate", "stop_asking"}
    assert {action for action in TABLE if "system" in MAY[action]} == {
        *("resume", "stop_asking", "strike_off", "escalate")
    }
    assert not MAY["dispose"] & MAY["check"]
    assert not MAY["verify"] - {*ROLES}


def test_what_is_kept_by_few_is_kept_by_them_alone() -> None:
    kept = {deed: roles for deed, roles in MAY.items() if deed.startswith("manage_") or deed == "read_audit"}
    assert kept.pop("manage_duty") == {"admin", "manager"}
    assert kept.pop("manage_households") == {"admin", "planner", "manager"}
    assert kept.pop("manage_campaigns") == {"admin", "planner"}
    assert {role for roles in kept.values() for role in roles} == {"admin"}
    assert {"manage_accounts", "manage_categories", "manage_departments", "read_audit"} <= kept.keys()
    assert {"leader", "dispatcher", "manager", "checker"} == AREA_ROLES
    with pytest.raises(Forbidden) as refusal:
        require(WORKER, "manage_accounts")
    assert (refusal.value.code, refusal.value.facts) == ("not_allowed", {"role": "worker", "deed": "manage_accounts"})
    with pytest.raises(NotAuthenticated, match="login_needed"):
        require(ANONYMOUS, "verify")
    with pytest.raises(Forbidden):
        require(RESIDENT, "verify")
    assert [role for role in ROLES if Actor(role).sees_all] == ["admin", "planner"]
    assert SYSTEM.sees_all
    assert (WORKER.known, ANONYMOUS.known) == (True, False)


def test_the_table_names_only_what_exists() -> None:
    assert set(EFFECTS) <= set(TABLE)
    assert set(AGAINST) <= set(TABLE)
    for row in TABLE.values():
        assert row.starts <= set(STATES)
        assert {end for end in row.ends if end != STAYS} <= set(STATES)
    assert OPEN < ON_LEDGER
    assert set(STATES) == ON_LEDGER | ENDED
    assert not ON_LEDGER & ENDED
    assert len(STATES) == len({*STATES}) == 11
    for state in STATES:
        assert any(state in row.ends for row in TABLE.values()) or state == "reported"
        assert [name for name, row in TABLE.items() if state in row.starts]


def test_verify_is_not_check_close_is_not_strike_off_void_is_not_not_filed() -> None:
    assert TABLE["verify"].starts & TABLE["check"].starts == set()
    assert (TABLE["close"].ends, TABLE["strike_off"].ends) == (("closed",), ("struck_off",))
    assert TABLE["strike_off"].starts == {"closed"}
    assert (TABLE["void"].ends, TABLE["not_file"].ends) == (("void",), ("not_filed",))
    assert TABLE["not_file"].starts == {"reported", "verified"}
    assert TABLE["void"].starts == OPEN


def test_a_forbidden_edge_is_refused_and_names_the_allowed_ones() -> None:
    report = Report().to("checked")
    with pytest.raises(Conflict) as refusal:
        report.do("dispatch", department_id=7)
    assert refusal.value.facts == {
        "state": "checked",
        "action": "dispatch",
        "allowed": "answer, close, void, whistle_score, escalate, place, note, unmask",
    }
    with pytest.raises(Conflict) as unknown:
        report.do("no such action")
    assert unknown.value.code == "step_not_allowed"


def test_a_report_of_the_public_is_verified_before_it_is_filed_one_of_staff_need_not() -> None:
    report = Report()
    assert report.refuses("file") == "verify_first"
    report.do("verify_unable", WORKER)
    assert (report.case.verified, report.case.verified_at, report.case.state) == ("unable", report.now, "reported")
    assert report.refuses("file") == "verify_first"
    report.do("verify_absent", WORKER)
    assert (report.case.verified, report.case.verified_at, report.case.state) == ("absent", report.now, "reported")
    assert report.refuses("file") == "verify_first"
    report.do("verify", WORKER)
    assert (report.case.verified, report.case.verified_at) == ("exists", report.now)
    report.do("file")
    assert (report.case.state, report.case.filed_at) == ("filed", report.now)
    of_staff = Report(STAFF)
    of_staff.do("verify_absent", WORKER)
    assert of_staff.refuses("file") == "verify_first"
    for found in (None, "verify_unable", "verify"):
        of_staff = Report(STAFF)
        if found:
            of_staff.do(found, WORKER)
        of_staff.do("file")


@pytest.mark.parametrize("action", ["check", "check_failed", "check_unable"])
def test_who_disposed_of_it_never_checks_it(action: str) -> None:
    report = Report().to("disposed")
    assert report.case.disposed_by == HANDLER.account_id
    assert report.refuses(action, Actor("checker", HANDLER.account_id)) == "disposed_yourself"
    assert action not in possible(report.case, Actor("checker", 3), report.now, KNOWN)
    report.do(action, CHECKER)
    assert report.case.state == {"check": "checked", "check_failed": "dispatched", "check_unable": "disposed"}[action]
    assert (report.case.checked_at == report.now) == (action == "check")


def test_strike_off_has_three_ways() -> None:
    rated = Report().to("closed")
    assert rated.refuses("strike_off") == "rating_awaited"
    rated.do("rate", RESIDENT, solved="partly", satisfied="basically")
    told = (rated.case.state, rated.case.solved, rated.case.satisfied, rated.case.rated_at)
    assert told == ("closed", "partly", "basically", rated.now)
    assert rated.do("strike_off").facts == {"struck": "rated"}
    assert (rated.case.state, rated.case.struck_at) == ("struck_off", rated.now)
    unrated = Report().to("closed")
    assert unrated.refuses("strike_off", SYSTEM, 14 * DAY) == "rating_awaited"
    assert unrated.do("strike_off", SYSTEM, 14 * DAY + MINUTE).facts == {"struck": "unrated"}
    nobody = Report(STAFF).to("filed")
    nobody.known = replace(STAFF, has_resident=False)
    nobody.to("closed")
    assert nobody.do("strike_off").facts == {"struck": "no_resident"}
    imported = Case("closed", closed_at=START, rated_at=START, satisfied="not")
    with pytest.raises(Conflict, match="not_satisfied"):
        decide(imported, "strike_off", DESK, START + 30 * DAY, KNOWN, TERMS)


def test_closing_without_a_public_answer_is_refused() -> None:
    report = Report().to("checked")
    assert report.refuses("close", note=None) == report.refuses("close", note=" ") == "answer_missing"
    step = report.do("close", note="路灯已修好")
    assert (step.facts, report.case.answered_at, report.case.closed_at) == ({"public": True}, report.now, report.now)
    before = Report().to("checked")
    before.do("answer", note="路灯已修好")
    answered_at = before.case.answered_at
    assert before.do("close", note=None).facts == {}
    assert (before.case.answered_at, before.case.state) == (answered_at, "closed")


def test_after_rework_the_old_answer_no_longer_counts() -> None:
    report = Report().to("closed")
    report.do("rate", RESIDENT, solved="not", satisfied="not")
    report.do("dispose", HANDLER)
    report.do("check", CHECKER)
    assert report.refuses("close", note=None) == "answer_missing"


def test_solved_on_the_spot_needs_photo_and_answer_and_another_person_or_no_draw() -> None:
    report = Report()
    assert report.refuses("solve_on_spot", WORKER) == "input_missing"
    assert report.refuses("solve_on_spot", WORKER, note="", photos=("a",)) == "note_missing"
    report.do("solve_on_spot", WORKER, photos=("a",), draw=0.09)
    case = report.case
    assert (case.state, case.outcome, case.sampled, case.disposed_by) == ("disposed", "on_spot", True, 5)
    assert (case.verified, case.verified_at, case.answered_at) == ("exists", report.now, report.now)
    assert (case.disposed_at, case.stage, case.filed_at) == (report.now, "check", None)
    assert report.refuses("close") == "check_first"
    assert report.refuses("check", WORKER) == "disposed_yourself"
    report.do("check", CHECKER)
    assert report.do("close", note=None).state == "closed"
    unseen = Report()
    unseen.do("verify", Actor("worker", 9), HOUR)
    verified_at = unseen.now
    unseen.do("solve_on_spot", WORKER, photos=("a",), draw=0.1)
    assert (unseen.case.sampled, unseen.case.stage, unseen.case.verified_at) == (False, None, verified_at)
    assert unseen.refuses("close", Actor("manager", WORKER.account_id)) == "disposed_yourself"
    assert unseen.do("close", note=None).state == "closed"


def test_what_was_not_solved_on_the_spot_is_filed_with_a_deadline() -> None:
    report = Report()
    report.do("solve_on_spot", WORKER, photos=("a",), draw=0.0)
    report.do("check_failed", CHECKER)
    case = report.case
    assert (case.state, case.outcome, case.sampled, case.n_rework) == ("filed", "by_deadline", None, 1)
    assert (case.filed_at, case.level, case.stage, case.answered_at) == (report.now, "grid", "dispatch", None)
    assert case.due_at == due_at(START, LIMIT, CALENDAR).at
    report.do("dispatch", department_id=7)
    assert report.case.due_at == case.due_at


def test_returns_voids_extensions_and_suspensions_need_reasons() -> None:
    assert {action for action in NEED_A_REASON if not TABLE[action].note} == set()
    for note in (None, "", " \n"):
        assert Report().to("dispatched").refuses("return", HANDLER, note=note) == "note_missing"
        assert Report().refuses("void", LEADER, note=note) == "note_missing"
        until = START + 9 * DAY
        assert Report().to("filed").refuses("suspend", LEADER, note=note, until=until) == "note_missing"
        assert Report().to("dispatched").refuses("ask_extension", HANDLER, note=note) == "note_missing"


def test_what_the_resident_reads_is_marked_and_a_question_is_no_answer() -> None:
    public = {action for action, row in TABLE.items() if row.public}
    assert public == {"solve_on_spot", "not_file", "ask_resident", "answer", "void"}
    assert all(TABLE[action].note for action in public)
    report = Report().to("filed")
    assert report.do("ask_resident").facts == {"public": True}
    assert (report.case.answered_at, report.case.waiting_at) == (None, report.now)
    assert Report().to("filed").do("remind").facts == {}
    gone = Report()
    gone.do("not_file")
    assert (gone.case.state, gone.case.answered_at) == ("not_filed", gone.now)


def test_a_dispatch_is_undone_within_five_minutes_unless_it_was_accepted() -> None:
    report = Report().to("dispatched")
    due = report.case.due_at
    assert report.refuses("undo_dispatch", wait=5 * MINUTE + timedelta(seconds=1)) == "undo_too_late"
    report.do("undo_dispatch", wait=5 * MINUTE)
    case = report.case
    assert (case.state, case.department_id, case.assist_ids, case.dispatched_at) == ("filed", None, None, None)
    assert (case.n_returns, case.due_at, case.stage) == (0, due, "dispatch")
    again = Report().to("dispatched")
    again.do("accept", HANDLER)
    assert again.case.accepted_at == again.now
    assert again.refuses("undo_dispatch") == again.refuses("accept", HANDLER) == "accepted_already"
    with pytest.raises(Conflict, match="undo_too_late"):
        decide(Case("dispatched"), "undo_dispatch", DESK, START, KNOWN, TERMS)


def test_not_satisfied_goes_back_to_the_same_department_for_rework() -> None:
    report = Report().to("closed")
    due = report.case.due_at
    report.do("rate", RESIDENT, solved="not", satisfied="not")
    case = report.case
    assert (case.state, case.department_id, case.n_rework, case.due_at) == ("dispatched", 7, 1, due)
    assert (case.satisfied, case.rated_at, case.solved) == ("not", report.now, "not")
    assert (case.closed_at, case.checked_at, case.disposed_at, case.disposed_by) == (None, None, None, None)
    assert (case.stage, case.stage_due_at) == ("dispose", due)
    report.to("dispatched").do("dispose", HANDLER)
    report.do("check", CHECKER)
    report.do("close")
    assert (report.case.satisfied, report.case.solved, report.case.rated_at) == (None, None, None)
    report.do("rate", RESIDENT, solved="solved", satisfied="satisfied")
    assert (report.case.state, report.case.n_rework) == ("closed", 1)


def test_rework_of_what_was_watched_stays_watched_and_without_department_goes_to_the_desk() -> None:
    report = Report().to("filed")
    report.do("watch")
    assert report.case.outcome == "watched"
    report.do("watch")
    assert report.case.outcome == "by_deadline"
    report.do("watch")
    report.to("disposed").do("check_failed", CHECKER)
    assert (report.case.outcome, report.case.state, report.case.n_rework) == ("watched", "dispatched", 1)
    nobodys = replace(Report().to("closed").case, department_id=None)
    back = decide(
        replace(nobodys, state="disposed"), "check_failed", CHECKER, START + DAY, replace(KNOWN, note="未修好"), TERMS
    )
    assert (back.state, back.changes["stage"], "filed_at" in back.changes) == ("filed", "dispatch", False)


def test_a_closing_is_rated_once_and_for_fourteen_days() -> None:
    report = Report().to("closed")
    assert report.refuses("rate", RESIDENT, solved="yes", satisfied="satisfied") == "rating_unknown"
    assert report.refuses("rate", RESIDENT, solved="solved", satisfied="very") == "rating_unknown"
    assert report.refuses("rate", RESIDENT, solved="solved") == "input_missing"
    over = 14 * DAY + timedelta(seconds=1)
    assert report.refuses("rate", RESIDENT, over, solved="solved", satisfied="satisfied") == "rating_over"
    report.do("rate", RESIDENT, 14 * DAY, solved="solved", satisfied="satisfied")
    assert report.refuses("rate", RESIDENT, timedelta(0), solved="solved", satisfied="satisfied") == "rated_already"
    nobody = Report(replace(KNOWN, has_resident=False)).to("closed")
    assert nobody.refuses("rate", RESIDENT, solved="solved", satisfied="satisfied") == "no_resident"


def test_only_the_department_that_has_it_works_on_it_and_helpers_may_make_safe() -> None:
    report = Report().to("dispatched")
    for action in ("accept", "return", "dispose", "ask_extension", "make_safe", "ask_resident", "answer"):
        with pytest.raises(Forbidden, match="not_your_department"):
            report.do(action, OTHER)
        with pytest.raises(Forbidden, match="not_your_department"):
            report.do(action, Actor("handler", 9))
    assert "dispose" not in possible(report.case, OTHER, report.now, KNOWN)
    for helping in (replace(report.case, assist_ids=(8,)), replace(report.case, called_ids=(8,))):
        report.case = helping
        assert report.refuses("dispose", OTHER) == "not_your_department"
        for action in ("ask_resident", "stop_asking", "answer"):
            assert report.refuses(action, OTHER) == "not_your_department"
        report.do("make_safe", OTHER)
    report.do("make_safe", WORKER)  # who walks past fences it off, whoever is to mend it
    assert "make_safe" in possible(report.case, WORKER, report.now, KNOWN)
    report.case = replace(report.case, department_id=None, assist_ids=None, called_ids=None)
    assert report.refuses("answer", Actor("handler", 9)) == "not_your_department"
    assert Report().to("filed").refuses("answer", HANDLER) == "not_your_department"
    Report().do("answer", DESK)
    Report().to("filed").do("note", HANDLER)


def test_made_safe_keeps_its_time() -> None:
    report = Report().to("dispatched")
    assert report.refuses("make_safe", HANDLER, at=report.now + 2 * MINUTE) == "time_impossible"
    assert report.refuses("make_safe", HANDLER, at=START - MINUTE) == "time_impossible"
    for at in (START, report.now):
        report.do("make_safe", HANDLER, timedelta(0), at=at)
        assert (report.case.interim_at, report.case.state) == (at, "dispatched")
    report.do("make_safe", HANDLER)
    assert report.case.interim_at == report.now
    kept = report.now - MINUTE  # by a phone without signal
    report.do("make_safe", WORKER, done_at=kept)
    assert report.case.interim_at == kept
    for impossible in (START - MINUTE, report.now + DAY):
        report.do("make_safe", WORKER, done_at=impossible)
        assert report.case.interim_at == report.now
    report.do("make_safe", WORKER, timedelta(0), at=START, done_at=kept)
    assert report.case.interim_at == START
    imported = decide(report.case, "make_safe", HANDLER, START, Given(note="x", at=START - DAY), TERMS)
    assert imported.changes["interim_at"] == START - DAY


def test_a_closing_condition_that_names_a_photo_asks_for_one() -> None:
    report = Report().to("dispatched")
    assert report.refuses("dispose", HANDLER, needs_photo=True) == "input_missing"
    report.do("dispose", HANDLER, needs_photo=True, photos=("a",))
    assert (report.case.disposed_at, report.case.accepted_at) == (report.now, report.now)
    accepted = Report().to("dispatched")
    accepted.do("accept", HANDLER)
    accepted_at = accepted.now
    accepted.do("dispose", HANDLER)
    limit = STAGES.check
    assert limit is not None
    assert (accepted.case.accepted_at, accepted.case.stage) == (accepted_at, "check")
    assert accepted.case.stage_due_at == due_at(accepted.now, limit, CALENDAR).at


def test_merging_needs_an_open_parent_and_parting_goes_back_to_where_it_was() -> None:
    for state in (*sorted(ENDED), "closed", None):
        with pytest.raises(Conflict, match="parent_not_open") as refusal:
            Report().do("link", parent_id=9, parent_state=state)
        assert refusal.value.facts == {"action": "link", "state": state or "-"}
    assert Report().refuses("link", parent_state="filed") == "input_missing"
    for state in ("reported", "verified", "filed"):
        report = Report().to(state)
        due = report.case.due_at
        report.do("link", parent_id=9, parent_state="checked")
        assert (report.case.state, report.case.parent_id, report.case.stage) == ("merged", 9, None)
        report.do("unlink")
        assert (report.case.state, report.case.parent_id, report.case.due_at) == (state, None, due)
        assert report.case.stage == {"reported": "verify", "filed": "dispatch"}.get(state)


def test_a_whistle_calls_departments_beside_the_lead_and_scores_are_one_to_five() -> None:
    report = Report().to("dispatched")
    assert report.refuses("whistle", LEADER) == "input_missing"
    report.do("whistle", LEADER, department_ids=(9, 8, 9))
    report.do("whistle", LEADER, department_ids=(3, 8))
    assert (report.case.called_ids, report.case.department_id) == ((3, 8, 9), 7)
    for score in (0, 6):
        assert report.refuses("whistle_score", LEADER, department_id=8, score=score) == "score_impossible"
    assert report.refuses("whistle_score", LEADER, department_id=8) == "input_missing"
    for score in (1, 5):
        assert report.do("whistle_score", LEADER, department_id=8, score=score).changes == {}
    assert report.do("whistle_arrive", OTHER).changes == {}


def test_a_milder_card_does_not_take_the_graver_one_back() -> None:
    report = Report().to("dispatched")
    assert report.refuses("supervise", LEADER, card="blue") == "card_unknown"
    for card, shown in (("none", "none"), ("yellow", "yellow"), ("none", "yellow"), ("red", "red"), ("yellow", "red")):
        assert report.do("supervise", LEADER, card=card).facts == {"card": card}
        assert (report.case.card, report.case.state) == (shown, "dispatched")


SHORT = frozenset({"grid", "subdistrict", "district"})  # a chain in which nobody is at the community


def test_escalation_climbs_to_the_next_level_of_its_own_chain() -> None:
    report = Report().to("filed")
    report.known = replace(KNOWN, levels=SHORT)
    for reason, code in ((None, "input_missing"), ("tired", "reason_unknown"), ("", "reason_unknown")):
        assert report.refuses("escalate", reason=reason) == code
    step = report.do("escalate", reason="out_of_competence", note=None)  # the code says enough
    assert (report.case.level, report.case.escalated_at, step.facts) == (
        "subdistrict",
        report.now,
        {"passed": ["community"]},
    )
    assert report.do("escalate", reason="out_of_competence").facts == {}
    assert report.case.level == "district"
    assert "escalate" not in possible(report.case, DESK, report.now, report.known)
    assert report.refuses("escalate", reason="out_of_competence") == "highest_level"
    assert "escalate" in possible(report.case, DESK, report.now, KNOWN), "where there is a city above"


def test_a_report_goes_up_only_for_what_is_true_of_it() -> None:
    report = Report().to("dispatched")
    accept_by, due = report.case.stage_due_at, report.case.due_at
    assert accept_by is not None
    assert due is not None
    assert "overdue" in why_up(report.case, accept_by + MINUTE), "as worklists count it: nobody accepted it in time"
    report.do("accept", HANDLER)
    with pytest.raises(Refused, match="not_overdue") as refusal:
        report.do("escalate", wait=due - report.now, reason="overdue")  # to the very instant it is due at
    assert refusal.value.facts["known"] == "out_of_competence"
    assert report.refuses("escalate", reason="whistle") == "not_whistled"
    assert why_up(report.case, due + MINUTE) == ("out_of_competence", "overdue")
    stopped = replace(report.case, suspended_at=START)
    assert why_up(stopped, due + DAY) == ("out_of_competence",), "its clock stands still"
    assert report.do("escalate", wait=DAY, reason="overdue").changes["level"] == "community"
    report.do("whistle", LEADER, department_ids=(8,))
    assert why_up(report.case, report.now) == ("out_of_competence", "whistle", "overdue")
    assert report.do("escalate", reason="whistle").changes["level"] == "district"


def test_the_first_whistle_takes_it_up_a_level_and_the_next_ones_do_not() -> None:
    report = Report().to("dispatched")
    report.known = replace(KNOWN, levels=SHORT)
    step = report.do("whistle", LEADER, department_ids=(8,))
    assert (step.changes["level"], step.changes["escalated_at"], step.facts["passed"]) == (
        "subdistrict",
        report.now,
        ["community"],
    )
    step = report.do("whistle", LEADER, department_ids=(9,))
    assert (step.changes, step.facts) == ({"called_ids": (8, 9)}, {})
    top = Report().to("dispatched")
    top.known = replace(KNOWN, levels=frozenset({"grid"}))
    assert top.do("whistle", LEADER, department_ids=(8,)).changes == {"called_ids": (8,)}


def test_dispatch_says_why_this_department() -> None:
    by_list: dict[str, Any] = {"lead_id": 7, "lead_assist_ids": (8, 9, 7), "routing": "fallback"}
    report = Report().to("filed")
    report.do("dispatch", **by_list)
    told = (report.case.department_id, report.case.assist_ids, report.case.routing, report.case.accepted_at)
    assert told == (7, (8, 9), "fallback", None)
    assert (report.case.dispatched_at, report.case.stage) == (report.now, "accept")
    chosen = Report().to("filed")
    chosen.do("dispatch", department_id=3, **by_list)
    assert (chosen.case.department_id, chosen.case.assist_ids, chosen.case.routing) == (3, None, "by_hand")
    same = Report().to("filed")
    same.do("dispatch", department_id=7, assist_ids=(4,), lead_id=7, lead_assist_ids=(8,))
    assert (same.case.department_id, same.case.assist_ids, same.case.routing) == (7, (4,), "list")
    claimed = Report().to("filed")
    claimed.do("claim", HANDLER, department_id=7)
    assert (claimed.case.department_id, claimed.case.routing, claimed.case.state) == (7, "claim", "dispatched")
    assert Report().to("filed").refuses("dispatch") == "input_missing"
    asked = Report().to("filed")
    asked.do("consult")
    assert (asked.case.routing, asked.case.state) == ("consultation", "filed")


def test_missing_inputs_are_named() -> None:
    report = Report().to("closed")
    with pytest.raises(Refused) as refusal:
        report.do("rate", RESIDENT)
    assert refusal.value.facts == {"action": "rate", "missing": "solved, satisfied"}
    with pytest.raises(Refused) as place:
        Report().do("place")
    assert place.value.facts["missing"] == "where"
    assert Report().do("place", where="001").changes == {}
    assert Report(terms=Terms(CALENDAR, stages=StageLimits())).to("filed").case.stage_due_at is None
