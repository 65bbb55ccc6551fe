"""Random walks through the case loop: the table is never left, a refusal changes nothing, the log tells the case."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest

from gridsvc.errors import Conflict, GridsvcError
from gridsvc.rules.case import Case, Given, advance, clock_history, from_json, replay, to_json
from gridsvc.rules.decisions import decide, possible
from gridsvc.rules.lifecycle import ENDED, ON_LEDGER, STAYS, TABLE
from gridsvc.rules.roles import Actor, may
from tests.rules.wandering import Walk, pure, with_limits

N_WALKS, N_STEPS, CHUNK = 1000, 30, 100
MOVES_DUE = {"file", "approve_extension", "resume", "stop_asking", "recategorize", "reopen"}
# These end a stop of the clock on the way; dispatch and rework begin a deadline only where there was none.
MOVES_DUE_OF_STOPPED = {"return", "undo_dispatch", "void", "link"}
BEGINS_DUE = {"dispatch", "claim", "check_failed", "rate"}


@dataclass
class Told:
    """What a walk did: the log's rows through JSON, how often each action was done, which refusals were met."""

    rows: list[tuple[str, str, datetime, Any]] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


def walked(seed: int, n_steps: int = N_STEPS) -> tuple[Walk, Told]:
    """A walk and what it did; every step is checked on the way."""
    walk, told = pure(seed), Told()
    for _ in range(n_steps):
        walk.pause()
        action, actor = walk.action()
        if not may(actor, action):
            continue
        given = with_limits(walk, action, walk.given(action))
        if action == "recategorize":
            reopened_at, stops = clock_history(told.rows)
            given = replace(given, reopened_at=reopened_at, stops=stops)
        before = walk.case
        able = possible(before, actor, walk.now, given)
        try:
            step = decide(before, action, actor, walk.now, given, walk.terms)
        except GridsvcError as refusal:
            told.refused[refusal.code] += 1
            _check_refusal(before, action, refusal, able)
            assert walk.case is before
            continue
        assert action in able
        walk.case = advance(before, step.state, step.changes)
        facts = json.loads(json.dumps({**step.facts, "set": to_json(step.changes)}))
        told.rows.append((action, step.state, walk.now, facts))
        told.done[action] += 1
        _check_step(before, action, actor, walk, given, told)
    return walk, told


def _check_refusal(case: Case, action: str, refusal: GridsvcError, able: tuple[str, ...]) -> None:
    if case.state not in TABLE[action].starts:
        assert isinstance(refusal, Conflict)
        assert refusal.code == "step_not_allowed"
        named = str(refusal.facts["allowed"]).split(", ")
        assert named == [name for name, row in TABLE.items() if case.state in row.starts]
    else:
        assert refusal.code != "step_not_allowed"
        if refusal.code not in _NOT_FORESEEN:
            assert action not in able


# Refusals that depend on what comes with the action.
_NOT_FORESEEN = {
    *("note_missing", "answer_missing", "input_missing", "time_impossible", "until_impossible", "rating_unknown"),
    *("parent_not_open", "card_unknown", "reason_unknown", "score_impossible", "no_deadline"),
    *("not_overdue", "not_whistled"),
}


def _check_step(before: Case, action: str, actor: Actor, walk: Walk, given: Given, told: Told) -> None:
    case, row = walk.case, TABLE[action]
    assert before.state in row.starts
    assert case.state in {before.state if end == STAYS else end for end in row.ends}
    assert case == advance(before, told.rows[-1][1], from_json(told.rows[-1][3]["set"]))
    _check_clock(before, action, case, walk)
    _check_counters(before, action, case, told)
    _check_state(case, walk.known.by_staff)
    if action in ("check", "check_failed", "check_unable"):
        assert before.disposed_by is None or before.disposed_by != actor.account_id
    if action == "strike_off":
        kind = told.rows[-1][3]["struck"]
        late = (walk.now - before.closed_at).total_seconds() > 14 * 86400 if before.closed_at else False
        assert {"rated": before.satisfied in ("satisfied", "basically"), "unrated": late}.get(kind, True)
        assert (kind == "no_resident") == (before.rated_at is None and not given.has_resident)


def _check_clock(before: Case, action: str, case: Case, walk: Walk) -> None:
    undone = action == "undo_dispatch" and walk.terms.due_from == "dispatched" and case.due_at is None
    if case.due_at != before.due_at and not undone:
        begins = action in BEGINS_DUE and before.due_at is None
        stopped = action in MOVES_DUE_OF_STOPPED and before.stopped
        assert action in MOVES_DUE or begins or stopped
        if action in MOVES_DUE - {"recategorize", "file", "reopen"} or stopped:
            assert before.due_at is not None
            assert case.due_at is not None
            assert case.due_at > before.due_at
    if before.due_original_at is not None and action != "reopen" and not undone:
        assert case.due_original_at == before.due_original_at
    assert (case.due_at is None) == (case.due_original_at is None) or case.due_limit is None
    if case.stage == "dispose":
        assert case.stage_due_at == case.due_at
    if case.stopped:
        assert case.state in ("filed", "dispatched")
        assert not (case.suspended_at and case.waiting_at)
    assert (case.suspended_at is None) == (case.suspended_until is None)
    if walk.terms.due_from == "dispatched" and case.dispatched_at is None and before.due_original_at is None:
        assert case.due_at is None


def _check_counters(before: Case, action: str, case: Case, told: Told) -> None:
    unhappy = sum(1 for name, state, _, _ in told.rows if name == "rate" and state != "closed")
    assert case.n_rework == told.done["check_failed"] + unhappy
    assert case.n_returns == told.done["return"]
    names = [name for name, _, _, _ in told.rows]
    since = Counter(names[len(names) - names[::-1].index("reopen") :] if "reopen" in names else names)
    assert case.n_extensions == since["approve_extension"] <= 2
    assert case.n_suspensions == since["suspend"] <= 1
    cards = ("none", "yellow", "red")
    assert action == "reopen" or cards.index(case.card or "none") >= cards.index(before.card or "none")


def _check_state(case: Case, by_staff: bool) -> None:
    state = case.state
    assert (state == "merged") == (case.parent_id is not None)
    assert (case.department_id is None) == (case.dispatched_at is None)
    if state in ("filed", "dispatched"):
        assert case.filed_at is not None
        assert case.outcome in ("by_deadline", "watched")
        assert case.verified == "exists" or by_staff
        assert (case.disposed_at, case.disposed_by, case.checked_at, case.closed_at) == (None, None, None, None)
    if state == "dispatched":
        assert case.department_id is not None
    if state in ("reported", "verified"):
        assert (case.filed_at, case.due_at, case.disposed_at) == (None, None, None)
    if state in ("disposed", "checked", "closed", "struck_off"):
        assert case.disposed_at is not None
    if state in ("checked", "closed", "struck_off"):
        assert case.checked_at is not None or (case.outcome == "on_spot" and case.sampled is False)
    if state in ("closed", "struck_off"):
        assert None not in (case.answered_at, case.closed_at)
    if state in ENDED | {"closed", "checked"}:
        assert (case.stage, case.stage_due_at) == (None, None)
    assert (case.struck_at is not None) == (state == "struck_off")
    assert state in ENDED or state in ON_LEDGER


@pytest.mark.parametrize("first", range(0, N_WALKS, CHUNK))
def test_no_walk_leaves_the_table_and_every_log_tells_its_case(first: int) -> None:
    for seed in range(first, first + CHUNK):
        walk, told = walked(seed)
        assert walk.case == replay((row[1], row[3]) for row in told.rows)


def test_the_walks_do_every_action_and_meet_every_refusal() -> None:
    done: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    seed = 0
    while seed < 1000 and not (done.keys() >= TABLE.keys() and refused.keys() >= REFUSALS):
        _, told = walked(seed)
        done += told.done
        refused += told.refused
        seed += 1
    assert set(TABLE) - done.keys() == set()
    assert REFUSALS - refused.keys() == set()


# Not among them: rating_over, for which a walk would have to stand still for a fortnight after closing (test_lifecycle).
REFUSALS = _NOT_FORESEEN - {"no_deadline"} | {
    *("step_not_allowed", "verify_first", "accepted_already", "undo_too_late", "clock_stopped", "extension_pending"),
    *("extensions_used", "extension_too_late", "no_extension_asked", "suspended_before", "not_suspended"),
    *("no_resident", "not_waiting", "disposed_yourself", "check_first", "rated_already"),
    *("rating_awaited", "not_your_department", "highest_level"),
}
