"""Whether an action can be done now, and what it does: the table, what stands against it, and its effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gridsvc.errors import Conflict, Forbidden, GridsvcError, Refused
from gridsvc.rules.case import Case, Given, Step, Terms
from gridsvc.rules.deadlines import above
from gridsvc.rules.effects import EFFECTS, nothing
from gridsvc.rules.lifecycle import STAYS, TABLE, edge
from gridsvc.rules.roles import Actor, may

MAX_EXTENSIONS = 2
MAX_ASKED = 3  # how often the resident may be asked: each time the clock stands still
UNDO = timedelta(minutes=5)
RATING_LASTS = timedelta(days=14)
# What a handler does for the department that has the report; and what those who assist or were called may do as well.
OF_THE_LEAD = frozenset({"accept", "return", "dispose", "ask_extension", "ask_resident", "stop_asking", "answer"})
OF_ALL_WHO_HELP = frozenset({"make_safe", "unmask"})


@dataclass(frozen=True)
class _Asked:
    """An action that somebody asks for."""

    case: Case
    actor: Actor
    now: datetime
    given: Given

    @property
    def unverified(self) -> bool:
        return self.case.verified == "absent" or (self.case.verified != "exists" and not self.given.by_staff)

    @property
    def own_work(self) -> bool:
        return self.case.disposed_by is not None and self.case.disposed_by == self.actor.account_id

    @property
    def rating_over(self) -> bool:
        return self.case.closed_at is not None and self.now > self.case.closed_at + RATING_LASTS

    @property
    def unchecked(self) -> bool:
        by_itself = self.case.outcome == "on_spot" and self.case.sampled is False
        return self.case.state == "disposed" and not by_itself


Reason = tuple[Callable[[_Asked], bool], str]
_STOPPED: Reason = (lambda a: a.case.stopped, "clock_stopped")
_ACCEPTED: Reason = (lambda a: a.case.accepted_at is not None, "accepted_already")
_NOT_ASKED: Reason = (lambda a: a.case.extension_asked_at is None, "no_extension_asked")
_NO_RESIDENT: Reason = (lambda a: not a.given.has_resident, "no_resident")
_OWN_WORK: Reason = (lambda a: a.own_work, "disposed_yourself")
_OWN_WORD: Reason = (lambda a: a.given.own_word, "own_word")

# What stands against an action that the table knows, and its code; the first that holds counts.
AGAINST: dict[str, tuple[Reason, ...]] = {
    "solve_on_spot": ((lambda a: a.case.verified == "absent", "verify_first"),),
    "file": ((lambda a: a.unverified, "verify_first"),),
    "dispatch": (_STOPPED,),
    "claim": (_STOPPED,),
    "undo_dispatch": (
        _ACCEPTED,
        (lambda a: a.case.dispatched_at is None or a.now > a.case.dispatched_at + UNDO, "undo_too_late"),
    ),
    "accept": (_ACCEPTED,),
    "dispose": (_STOPPED,),
    "ask_extension": (
        (lambda a: a.case.due_at is None, "no_deadline"),
        (lambda a: a.case.extension_asked_at is not None, "extension_pending"),
        (lambda a: a.case.n_extensions >= MAX_EXTENSIONS, "extensions_used"),
        (lambda a: a.case.due_at is not None and a.now > a.case.due_at, "extension_too_late"),
        _STOPPED,
    ),
    "approve_extension": (_NOT_ASKED, _OWN_WORD),
    "refuse_extension": (_NOT_ASKED,),
    "suspend": (_STOPPED, (lambda a: a.case.n_suspensions > 0, "suspended_before")),
    "resume": ((lambda a: a.case.suspended_at is None, "not_suspended"),),
    "ask_resident": (_STOPPED, _NO_RESIDENT, (lambda a: a.case.n_asked >= MAX_ASKED, "asked_often")),
    "stop_asking": ((lambda a: a.case.waiting_at is None, "not_waiting"),),
    "check": (_OWN_WORK,),
    "check_failed": (_OWN_WORK,),
    "check_unable": (_OWN_WORK,),
    "close": (
        (lambda a: a.unchecked, "check_first"),
        (lambda a: a.case.state == "disposed" and a.own_work, "disposed_yourself"),
    ),
    "rate": (
        _NO_RESIDENT,
        (lambda a: a.rating_over, "rating_over"),
        (lambda a: a.case.rated_at is not None, "rated_already"),
    ),
    "strike_off": (
        (lambda a: a.given.has_resident and a.case.rated_at is None and not a.rating_over, "rating_awaited"),
        (lambda a: a.case.rated_at is not None and a.case.satisfied == "not", "not_satisfied"),
    ),
    "whistle_arrive": ((lambda a: a.actor.department_id not in (a.case.called_ids or ()), "not_called"),),
    "whistle_score": ((lambda a: not a.case.called_ids, "not_called"), _OWN_WORD),
    "escalate": ((lambda a: above(a.case.level, a.given.levels) is None, "highest_level"),),
}


def unanswered(case: Case) -> bool:
    """Whether the resident has yet to be answered: an answer from before the work was done says nothing of it."""
    answered, disposed = case.answered_at, case.disposed_at
    return answered is None or (disposed is not None and answered < disposed)


def why_not(case: Case, action: str, actor: Actor, now: datetime, given: Given) -> GridsvcError | None:
    """Why this action cannot be done now although the table knows it here; None: it can."""
    if _foreign(case, action, actor):
        return Forbidden("not_your_department", action=action)
    asked = _Asked(case, actor, now, given)
    code = next((code for wrong, code in AGAINST.get(action, ()) if wrong(asked)), None)
    return Conflict(code, action=action, state=case.state) if code else None


def _foreign(case: Case, action: str, actor: Actor) -> bool:
    """Whether a handler of another department would be doing what is not for it to do."""
    if actor.role != "handler" or action not in OF_THE_LEAD | OF_ALL_WHO_HELP:
        return False
    helpers = () if action in OF_THE_LEAD else (*(case.assist_ids or ()), *(case.called_ids or ()))
    return actor.department_id is None or actor.department_id not in (case.department_id, *helpers)


def possible(case: Case, actor: Actor, now: datetime, given: Given) -> tuple[str, ...]:
    """The actions that this person may do now, in the table's order."""
    return tuple(
        action
        for action, row in TABLE.items()
        if case.state in row.starts and may(actor, action) and why_not(case, action, actor, now, given) is None
    )


def check(case: Case, action: str, actor: Actor, now: datetime, given: Given) -> None:
    """Returns where the action can be done now.

    Raises:
        Conflict: it does not start here, or something stands against it.
        Forbidden: it is for another department to do.
    """
    edge(case.state, action)
    against = why_not(case, action, actor, now, given)
    if against is not None:
        raise against


def decide(case: Case, action: str, actor: Actor, now: datetime, given: Given, terms: Terms) -> Step:
    """What the action does to the case.

    Raises:
        Conflict: it does not start here, or something stands against it.
        Forbidden: it is for another department to do.
        Refused: words or another input is missing or impossible.
    """
    check(case, action, actor, now, given)
    row = TABLE[action]
    said = bool((given.note or "").strip())
    if row.note and not said:
        raise Refused("note_missing", action=action)
    if action == "close" and not said and unanswered(case):
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
