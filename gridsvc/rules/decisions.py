"""Whether an action can be done now, and what it does: the table, what stands against it, and its effect."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from gridsvc.errors import Conflict, Forbidden, GridsvcError, Refused
from gridsvc.rules.case import Case, Given, Step, Terms
from gridsvc.rules.deadlines import LADDER
from gridsvc.rules.effects import EFFECTS, nothing
from gridsvc.rules.lifecycle import STAYS, TABLE, edge
from gridsvc.rules.roles import Actor, may

MAX_EXTENSIONS = 2
UNDO = timedelta(minutes=5)
RATING_LASTS = timedelta(days=14)
# What a handler does for the department that has the report; and what those who assist or were called may do as well.
OF_THE_LEAD = frozenset({"accept", "return", "dispose", "ask_extension"})
OF_ALL_WHO_HELP = frozenset({"make_safe", "ask_resident", "stop_asking", "answer"})


def why_not(case: Case, action: str, actor: Actor, now: datetime, given: Given) -> GridsvcError | None:
    """Why this action cannot be done now although the table knows it here; None: it can."""
    if _foreign(case, action, actor):
        return Forbidden("not_your_department", action=action)
    late = case.closed_at is not None and now > case.closed_at + RATING_LASTS
    by_itself = case.outcome == "on_spot" and case.sampled is False
    unverified = case.verified == "absent" or (case.verified != "exists" and not given.by_staff)
    reasons: dict[str, tuple[tuple[bool, str], ...]] = {
        "file": ((unverified, "verify_first"),),
        "dispatch": ((case.stopped, "clock_stopped"),),
        "claim": ((case.stopped, "clock_stopped"),),
        "undo_dispatch": (
            (case.accepted_at is not None, "accepted_already"),
            (case.dispatched_at is None or now > case.dispatched_at + UNDO, "undo_too_late"),
        ),
        "accept": ((case.accepted_at is not None, "accepted_already"),),
        "dispose": ((case.stopped, "clock_stopped"),),
        "ask_extension": (
            (case.due_at is None, "no_deadline"),
            (case.extension_asked_at is not None, "extension_pending"),
            (case.n_extensions >= MAX_EXTENSIONS, "extensions_used"),
            (case.due_at is not None and now > case.due_at, "extension_too_late"),
            (case.stopped, "clock_stopped"),
        ),
        "approve_extension": ((case.extension_asked_at is None, "no_extension_asked"),),
        "refuse_extension": ((case.extension_asked_at is None, "no_extension_asked"),),
        "suspend": ((case.stopped, "clock_stopped"), (case.n_suspensions > 0, "suspended_before")),
        "resume": ((case.suspended_at is None, "not_suspended"),),
        "ask_resident": ((case.stopped, "clock_stopped"), (not given.has_resident, "no_resident")),
        "stop_asking": ((case.waiting_at is None, "not_waiting"),),
        "check": (_same_hands(case, actor),),
        "check_failed": (_same_hands(case, actor),),
        "check_unable": (_same_hands(case, actor),),
        "close": (
            (case.state == "disposed" and not by_itself, "check_first"),
            (case.state == "disposed" and _same_hands(case, actor)[0], "disposed_yourself"),
        ),
        "rate": (
            (not given.has_resident, "no_resident"),
            (late, "rating_over"),
            (case.rated_at is not None, "rated_already"),
        ),
        "strike_off": (
            (given.has_resident and case.rated_at is None and not late, "rating_awaited"),
            (case.rated_at is not None and case.satisfied == "not", "not_satisfied"),
        ),
        "escalate": ((case.level == LADDER[-1], "highest_level"),),
    }
    code = next((code for wrong, code in reasons.get(action, ()) if wrong), None)
    return Conflict(code, action=action, state=case.state) if code else None


def _foreign(case: Case, action: str, actor: Actor) -> bool:
    """Whether a handler of another department would be doing what is not for it to do."""
    if actor.role != "handler" or action not in OF_THE_LEAD | OF_ALL_WHO_HELP:
        return False
    helpers = () if action in OF_THE_LEAD else (*(case.assist_ids or ()), *(case.called_ids or ()))
    return actor.department_id is None or actor.department_id not in (case.department_id, *helpers)


def _same_hands(case: Case, actor: Actor) -> tuple[bool, str]:
    return case.disposed_by is not None and case.disposed_by == actor.account_id, "disposed_yourself"


def possible(case: Case, actor: Actor, now: datetime, given: Given) -> tuple[str, ...]:
    """The actions that this person may do now, in the table's order."""
    return tuple(
        action
        for action, row in TABLE.items()
        if case.state in row.starts and may(actor, action) and why_not(case, action, actor, now, given) is None
    )


def decide(case: Case, action: str, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    """What the action does to the case.

    Raises:
        Conflict: it does not start here, or something stands against it.
        Forbidden: it is for another department to do.
        Refused: words or another input is missing or impossible.
    """
    row = edge(case.state, action)
    against = why_not(case, action, actor, now, given)
    if against is not None:
        raise against
    said = bool((given.note or "").strip())
    if row.note and not said:
        raise Refused("note_missing", action=action)
    if action == "close" and case.answered_at is None and not said:
        raise Refused("answer_missing", action=action)
    missing = [name for name in row.needs if _lacks(given, name)]
    if missing:
        raise Refused("input_missing", action=action, missing=", ".join(missing))
    made = EFFECTS.get(action, nothing)(case, actor, now, given, terms)
    if row.public or (action == "close" and said):
        made.facts["public"] = True
        if action != "ask_resident":  # a question is no answer
            made.changes["answered_at"] = now
    state = made.state or (row.ends[0] if row.ends[0] != STAYS else case.state)
    return replace(made, state=state)


def _lacks(given: Given, name: str) -> bool:
    if name == "department":
        return given.department_id is None and given.lead_id is None
    value = {"departments": given.department_ids, "parent": given.parent_id}.get(name, getattr(given, name, None))
    return value is None or value == ()
