"""What each action changes in a case: one function per action that changes more than the state.

`Step.state` "" means: where the table says.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from gridsvc.errors import Conflict, Refused
from gridsvc.rules import clock, lifecycle
from gridsvc.rules.case import Case, Given, Step, Terms, Value
from gridsvc.rules.clock import NO_STAGE, Timed
from gridsvc.rules.deadlines import LADDER, Above, above
from gridsvc.rules.roles import Actor

MAX_SUSPENDED = timedelta(days=366)  # a year, a leap one too
CARDS = ("none", "yellow", "red")  # of a supervision order, the mildest first
WHY_UP = ("out_of_competence", "whistle", "overdue")  # why a report goes up a level; the last one by itself, as a rule
_NOT_SO = {"whistle": "not_whistled", "overdue": "not_overdue"}
SOLVED = ("solved", "partly", "not")
SATISFIED = ("satisfied", "basically", "not")
BEST_SCORE = 5


def _step(changes: dict[str, Value], *timed: Timed, state: str = "", **facts: Any) -> Step:
    """A step of plain changes and of times; what comes later counts."""
    whole = dict(changes)
    for one in timed:
        whole |= one.changes
    return Step(state, whole, facts, tuple(sorted({year for one in timed for year in one.unknown_years})))


def nothing(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    """No change of the case: the log row alone."""
    return _step({})


def _verified(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    return _step({"verified": "exists", "verified_at": now} | NO_STAGE)


def _verify_absent(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    return _step({"verified": "absent", "verified_at": now} | NO_STAGE)


def _verify_unable(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    return _step({"verified": "unable", "verified_at": now})


def _verifying(case: Case, now: datetime, given: Given, terms: Terms) -> Timed:
    """The stage of a report that somebody has to look at before it is filed."""
    return Timed({}) if given.by_staff or case.verified == "exists" else clock.stage("verify", now, terms)


def _solve_on_spot(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    changes: dict[str, Value] = {"outcome": "on_spot", "disposed_at": now, "disposed_by": actor.account_id}
    if case.verified != "exists":
        changes |= {"verified": "exists", "verified_at": now}
    sampled = given.draw < terms.sample_share
    return _step(changes | {"sampled": sampled}, clock.stage("check", now, terms) if sampled else Timed(NO_STAGE))


def _file(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    return _step(*_filing(case, now, given, terms))


def _filing(case: Case, now: datetime, given: Given, terms: Terms) -> tuple[dict[str, Value], Timed, Timed]:
    kept = given.condition_id is None and not given.no_condition
    condition_id = case.condition_id if kept else given.condition_id
    changes: dict[str, Value] = {"filed_at": now, "condition_id": condition_id, "outcome": "by_deadline"}
    changes |= {"routing": given.routing, "level": case.level or LADDER[0]}
    start = {"received": given.received_at or now, "filed": now}.get(terms.due_from)
    return changes, clock.begin(start, given.limits, terms), clock.stage("dispatch", now, terms)


def _dispatch(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    by_list = given.department_id in (None, given.lead_id)
    routing = (given.routing or "list") if by_list else "by_hand"
    return _to_department(case, now, given, terms, routing)


def _claim(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    return _to_department(case, now, given, terms, "claim")


def _to_department(case: Case, now: datetime, given: Given, terms: Terms, routing: str) -> Step:
    lead = given.department_id if given.department_id is not None else given.lead_id
    assist = given.assist_ids or (given.lead_assist_ids if lead == given.lead_id else ())
    assist = tuple(one for one in dict.fromkeys(assist) if one != lead)
    changes: dict[str, Value] = {"department_id": lead, "assist_ids": assist or None, "routing": routing}
    changes |= {"dispatched_at": now, "accepted_at": None}
    waits = case.due_at is None and case.due_limit is not None
    begun = clock.again(case, now, clock.limits_of(case), (), terms) if waits else Timed({})
    return _step(changes, begun, clock.stage("accept", now, terms))


def _consult(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    return _step({"routing": "consultation"})


def _back_to_desk(case: Case, now: datetime, terms: Terms, more: dict[str, Value], *timed: Timed) -> Step:
    gone: dict[str, Value] = {"department_id": None, "assist_ids": None, "dispatched_at": None, "accepted_at": None}
    runs, stage = clock.go_on(case, now, terms), clock.stage("dispatch", now, terms)
    return _step(gone | {"extension_asked_at": None} | more, runs, stage, *timed)


def _undo_dispatch(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    return _back_to_desk(case, now, terms, {}, clock.not_begun(case, terms))


def _return(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    return _back_to_desk(case, now, terms, {"n_returns": case.n_returns + 1})


def _accept(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    return _step({"accepted_at": now, "stage": "dispose", "stage_due_at": case.due_at})


def _make_safe(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    """At the instant that is said; else when a phone without signal kept it, where that can be; else now."""
    kept = given.done_at
    if kept is not None and (kept > now or (given.received_at is not None and kept < given.received_at)):
        kept = None  # by a clock that is nobody's to answer for
    at = given.at or kept or now
    if at > now or (given.received_at is not None and at < given.received_at):
        raise Refused("time_impossible", at=at.isoformat())
    return _step({"interim_at": at})


def _dispose(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    if given.needs_photo and not given.photos:
        raise Refused("input_missing", action="dispose", missing="photos")
    changes: dict[str, Value] = {"disposed_at": now, "disposed_by": actor.account_id, "extension_asked_at": None}
    return _step(changes | {"accepted_at": case.accepted_at or now}, clock.stage("check", now, terms))


def _ask_extension(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    return _step({"extension_asked_at": now})


def _approve_extension(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    longer = clock.longer(case, terms)
    if longer is None:
        raise Conflict("no_deadline", action="approve_extension", state=case.state)
    return _step({"n_extensions": case.n_extensions + 1, "extension_asked_at": None}, longer)


def _refuse_extension(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    return _step({"extension_asked_at": None})


def _suspend(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    if given.until is None or not now < given.until <= now + MAX_SUSPENDED:
        raise Refused("until_impossible", until=given.until.isoformat() if given.until else "-")
    return _step({"suspended_at": now, "suspended_until": given.until, "n_suspensions": case.n_suspensions + 1})


def _go_on(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    return _step({}, clock.go_on(case, now, terms))


def _ask_resident(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    return _step({"waiting_at": now, "n_asked": case.n_asked + 1})


def _watch(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    return _step({"outcome": "by_deadline" if case.outcome == "watched" else "watched"})


def _checked(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    return _step({"checked_at": now} | NO_STAGE)


def _rework(case: Case, now: datetime, given: Given, terms: Terms, more: dict[str, Value]) -> Step:
    """Back to the same department, or to the desk where none had it; the due time stays, the answer has failed."""
    changes: dict[str, Value] = {"disposed_at": None, "disposed_by": None, "checked_at": None, "closed_at": None}
    changes |= {"n_rework": case.n_rework + 1, "sampled": None, "answered_at": None}
    if case.outcome == "on_spot":
        changes["outcome"] = "by_deadline"
    if case.department_id is not None:
        return _step(changes | {"stage": "dispose", "stage_due_at": case.due_at} | more, state="dispatched")
    if case.filed_at is not None:
        return _step(changes | more, clock.stage("dispatch", now, terms), state="filed")
    filed, begun, stage = _filing(case, now, given, terms)  # solved on the spot, and it was not
    return _step(changes | filed | more, begun, stage, state="filed")


def _check_failed(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    return _rework(case, now, given, terms, {})


def _close(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    unrated: dict[str, Value] = {"solved": None, "satisfied": None, "rated_at": None}
    return _step({"closed_at": now} | NO_STAGE | unrated)


def _rate(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    told: dict[str, Value] = {"solved": given.solved, "satisfied": given.satisfied, "rated_at": now}
    if given.solved not in SOLVED or given.satisfied not in SATISFIED:
        raise Refused("rating_unknown", solved=given.solved, satisfied=given.satisfied)
    if given.satisfied == "not":
        return _rework(case, now, given, terms, told)
    return _step(told)


def _strike_off(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    kind = "rated" if case.rated_at else "unrated" if given.has_resident else "no_resident"
    return _step({"struck_at": now}, struck=kind)


def _end(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    return _step({"extension_asked_at": None}, clock.go_on(case, now, terms), Timed(NO_STAGE))


# What a reopened report leaves behind: the facts of the way that had ended.
_OF_THE_WAY_BEFORE = (
    *("department_id", "assist_ids", "dispatched_at", "accepted_at", "disposed_at", "disposed_by", "checked_at"),
    *("closed_at", "struck_at", "sampled", "outcome", "answered_at", "solved", "satisfied", "rated_at"),
    *("called_ids", "card", "level", "escalated_at", "extension_asked_at"),
    *("suspended_at", "suspended_until", "waiting_at"),
)


def _reopen(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    """To the desk with a new deadline; what was never filed begins at the beginning, for it may have to be verified."""
    changes: dict[str, Value] = dict.fromkeys(_OF_THE_WAY_BEFORE)
    changes |= {"n_extensions": 0, "n_suspensions": 0, "n_asked": 0}
    if case.filed_at is None and case.state != "struck_off":
        return _step(changes, _verifying(case, now, given, terms), state="reported")
    changes |= {"filed_at": now, "outcome": "by_deadline", "level": LADDER[0]}
    limits = clock.limits_of(case)
    if case.filed_at is None:  # solved on the spot: it never had a deadline
        changes |= {"condition_id": given.condition_id}
        limits = given.limits
    begun = clock.anew(now, limits, terms)
    return _step(changes, begun, clock.stage("dispatch", now, terms), state="filed")


def _link(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    if given.parent_state not in lifecycle.OPEN:
        raise Conflict("parent_not_open", action="link", state=given.parent_state or "-")
    return _step({"parent_id": given.parent_id}, clock.go_on(case, now, terms), Timed(NO_STAGE))


def _unlink(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    """Back to where it was linked from; its due time has gone on."""
    changes: dict[str, Value] = {"parent_id": None}
    if case.filed_at is not None:
        return _step(changes, clock.stage("dispatch", now, terms), state="filed")
    if case.verified == "exists":
        return _step(changes, state="verified")
    return _step(changes, _verifying(case, now, given, terms), state="reported")


def _recategorize(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    changes: dict[str, Value] = {"condition_id": given.condition_id}
    if case.filed_at is None:
        return _step(changes)
    begun = given.reopened_at or given.received_at
    sent_back_at = now if case.due_original_at is not None else None  # at the desk again, and the clock had begun
    start = {"received": begun, "filed": case.filed_at}.get(terms.due_from, case.dispatched_at or sent_back_at)
    return _step(changes, clock.again(case, start, given.limits, given.stops, terms))


def _supervise(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    """An order with a milder card does not take the graver one back."""
    if given.card not in CARDS:
        raise Refused("card_unknown", card=given.card)
    return _step({"card": max(given.card, case.card or CARDS[0], key=CARDS.index)}, card=given.card)


def _whistle(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    """The first one takes the report up a level, where there is one above; calling more departments leaves it there."""
    called: dict[str, Value] = {"called_ids": tuple(sorted({*(case.called_ids or ()), *given.department_ids}))}
    up = None if case.called_ids else above(case.level, given.levels)
    return _step(called) if up is None else _up(up, now, called)


def _score(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    if given.score not in range(1, BEST_SCORE + 1):
        raise Refused("score_impossible", score=given.score, best=BEST_SCORE)
    return _step({})


def why_up(case: Case, now: datetime) -> tuple[str, ...]:
    """The reasons for which a report may go up a level now: what is to be true of it must be."""
    holds = {"whistle": bool(case.called_ids), "overdue": case.is_late(now)}
    return tuple(reason for reason in WHY_UP if holds.get(reason, True))


def _escalate(case: Case, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    fitting = why_up(case, now)
    if given.reason not in fitting:
        code = _NOT_SO.get(given.reason or "", "reason_unknown")
        raise Refused(code, reason=str(given.reason)[:60], known=", ".join(fitting))
    up = above(case.level, given.levels)
    if up is None:
        raise Conflict("highest_level", action="escalate", state=case.state)
    return _up(up, now, {})


def _up(up: Above, now: datetime, more: dict[str, Value]) -> Step:
    made = _step(more | {"level": up.level, "escalated_at": now})
    if up.passed:
        made.facts["passed"] = list(up.passed)
    return made


Effect = Callable[[Case, Actor, datetime, Given, Terms], Step]

EFFECTS: dict[str, Effect] = {
    "verify": _verified,
    "verify_absent": _verify_absent,
    "verify_unable": _verify_unable,
    "solve_on_spot": _solve_on_spot,
    "file": _file,
    "not_file": _end,
    "void": _end,
    "link": _link,
    "unlink": _unlink,
    "recategorize": _recategorize,
    "dispatch": _dispatch,
    "claim": _claim,
    "consult": _consult,
    "undo_dispatch": _undo_dispatch,
    "accept": _accept,
    "return": _return,
    "make_safe": _make_safe,
    "dispose": _dispose,
    "ask_extension": _ask_extension,
    "approve_extension": _approve_extension,
    "refuse_extension": _refuse_extension,
    "suspend": _suspend,
    "resume": _go_on,
    "ask_resident": _ask_resident,
    "stop_asking": _go_on,
    "watch": _watch,
    "check": _checked,
    "check_failed": _check_failed,
    "close": _close,
    "rate": _rate,
    "strike_off": _strike_off,
    "reopen": _reopen,
    "supervise": _supervise,
    "whistle": _whistle,
    "whistle_score": _score,
    "escalate": _escalate,
}
