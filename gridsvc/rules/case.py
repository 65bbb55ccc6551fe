"""The case of a report: what is known of its way through the loop, and its replay from the log.

Pure: facts in, facts out. `rules.decisions` decides an action, `rules.effects` says what each one changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any

from gridsvc.rules.calendar import Calendar
from gridsvc.rules.deadlines import LADDER, Convention, Limit, StageLimits, is_overdue, until

Value = Any  # of a case's field: text, int, bool, datetime, list or None
Stop = tuple[datetime, datetime]  # when the clock stood still: begin and end
MAX_WAITING = timedelta(days=10)  # for the resident's answer; then the clock goes on, however late that is noticed


@dataclass(frozen=True)
class Case:
    """Where a report stands; every field is a column of `report`, and only actions change it."""

    state: str = "reported"
    condition_id: int | None = None
    department_id: int | None = None
    assist_ids: tuple[int, ...] | None = None
    called_ids: tuple[int, ...] | None = None
    routing: str | None = None
    level: str | None = None
    due_at: datetime | None = None
    due_original_at: datetime | None = None
    due_limit: dict[str, Any] | None = None
    milestones: list[dict[str, Any]] | None = None
    stage: str | None = None
    stage_due_at: datetime | None = None
    verified: str | None = None
    verified_at: datetime | None = None
    filed_at: datetime | None = None
    dispatched_at: datetime | None = None
    accepted_at: datetime | None = None
    interim_at: datetime | None = None
    disposed_at: datetime | None = None
    disposed_by: int | None = None
    checked_at: datetime | None = None
    closed_at: datetime | None = None
    struck_at: datetime | None = None
    suspended_at: datetime | None = None
    suspended_until: datetime | None = None
    n_suspensions: int = 0
    waiting_at: datetime | None = None
    n_asked: int = 0
    extension_asked_at: datetime | None = None
    n_extensions: int = 0
    n_rework: int = 0
    n_returns: int = 0
    outcome: str | None = None
    sampled: bool | None = None
    card: str | None = None
    escalated_at: datetime | None = None
    parent_id: int | None = None
    answered_at: datetime | None = None
    solved: str | None = None
    satisfied: str | None = None
    rated_at: datetime | None = None

    @property
    def stopped(self) -> bool:
        """Whether the clock stands still: suspended, or waiting for the resident."""
        return self.suspended_at is not None or self.waiting_at is not None

    def is_late(self, now: datetime) -> bool:
        """Whether it is overdue, as worklists show it: the clock runs, and the present step should have been done."""
        at = until(self.state, self.stage, self.due_at, self.stage_due_at)
        return at is not None and not self.stopped and is_overdue(now, at)

    def stop(self, now: datetime) -> Stop | None:
        """When the clock that stands still stopped and goes on again, `now` at the latest; None where it runs.

        A suspension ends when it was to end, a wait for the resident after `MAX_WAITING`.
        """
        if self.suspended_at is not None:
            return self.suspended_at, min(now, self.suspended_until or now)
        if self.waiting_at is not None:
            return self.waiting_at, min(now, self.waiting_at + MAX_WAITING)
        return None


FIELDS = tuple(one.name for one in fields(Case))
ID_LISTS = frozenset({"assist_ids", "called_ids"})


@dataclass(frozen=True)
class Terms:
    """What this place has agreed on: its working calendar, how limits count, what is sampled.

    `due_from`: the instant a limit runs from, `received`, `filed` or `dispatched`. `sample_share`: which share of what
    was solved on the spot is checked by another person (0-1).
    """

    calendar: Calendar
    convention: Convention = "rolling"
    stages: StageLimits = field(default_factory=StageLimits)
    due_from: str = "received"
    sample_share: float = 0.1


@dataclass(frozen=True)
class Given:
    """What comes with an action: the caller's words and choices, and facts that were looked up for it.

    Looked up: `received_at`, `by_staff`, `has_resident`, `lead_id`, `lead_assist_ids` and `routing` (what the
    responsibility lists answer), `needs_photo` (the closing condition names one), `parent_state`, `draw` (0-1, for the
    sample), `stops` (begin and end of each time the clock stood still), `levels` (those of the ladder where somebody
    is, from the report's own grid up), `n_conditions` (so many filing conditions of which none was chosen),
    `reopened_at` (the last time). `no_condition`: somebody looked, and none of several fits. `done_at`: when a phone
    without signal kept the action, by our clock; `phone_at`: by the phone's, where that was wrong. Only the log has
    them: what counts is when it came in, but for when a danger was taken away. `own_word` (looked up): what this would
    decide on is what the same account did.
    """

    note: str | None = None
    department_id: int | None = None
    assist_ids: tuple[int, ...] = ()
    department_ids: tuple[int, ...] = ()
    category: str | None = None
    condition_id: int | None = None
    no_condition: bool = False
    limits: tuple[Limit, ...] = ()
    parent_id: int | None = None
    until: datetime | None = None
    at: datetime | None = None
    card: str | None = None
    score: int | None = None
    solved: str | None = None
    satisfied: str | None = None
    where: object | None = None
    reason: str | None = None
    photos: tuple[str, ...] = ()
    done_at: datetime | None = None
    phone_at: datetime | None = None
    received_at: datetime | None = None
    by_staff: bool = False
    has_resident: bool = False
    lead_id: int | None = None
    lead_assist_ids: tuple[int, ...] = ()
    routing: str | None = None
    needs_photo: bool = False
    parent_state: str | None = None
    draw: float = 0.0
    stops: tuple[Stop, ...] = ()
    reopened_at: datetime | None = None
    levels: frozenset[str] = frozenset(LADDER)
    n_conditions: int = 0
    own_word: bool = False


@dataclass(frozen=True)
class Step:
    """What an action does: the state it leads to, the case's fields it changes, further facts for the log."""

    state: str
    changes: dict[str, Value]
    facts: dict[str, Any] = field(default_factory=dict)
    unknown_years: tuple[int, ...] = ()


def advance(case: Case, to_state: str, changed: Mapping[str, Value]) -> Case:
    """The case after a step."""
    return replace(case, **(dict(changed) | {"state": to_state}))


def replay(rows: Iterable[tuple[str, Mapping[str, Any] | None]]) -> Case:
    """The case that a log tells: `rows` are (to_state, facts) in order.

    `facts["set"]` holds the fields that a row changed.

    >>> replay([("reported", None), ("verified", {"set": {"verified": "exists"}})]).verified
    'exists'
    """
    case = Case()
    for to_state, facts in rows:
        case = advance(case, to_state, from_json((facts or {}).get("set", {})))
    return case


def clock_history(
    rows: Iterable[tuple[str, str, datetime, Mapping[str, Any] | None]],
) -> tuple[datetime | None, tuple[Stop, ...]]:
    """When the report was last reopened, and each time the clock stood still since then; one that lasts is left out.

    Args:
        rows: (action, to_state, at, facts) of the log, in order.
    """
    case, reopened_at = Case(), None
    stops: list[Stop] = []
    for action, to_state, at, facts in rows:
        after = advance(case, to_state, from_json((facts or {}).get("set", {})))
        stop = case.stop(at)
        if stop is not None and not after.stopped:
            stops.append(stop)
        if action == "reopen":
            reopened_at, stops = at, []
        case = after
    return reopened_at, tuple(stops)


def to_json(changes: Mapping[str, Value]) -> dict[str, Any]:
    """The changed fields as the log keeps them: instants as ISO text with their offset."""
    plain: dict[str, Any] = {}
    for name, value in changes.items():
        if isinstance(value, datetime):
            plain[name] = value.isoformat()
        else:
            plain[name] = list(value) if isinstance(value, tuple) else value
    return plain


def from_json(stored: Mapping[str, Any]) -> dict[str, Value]:
    """The changed fields of a log row as values of a case; names that no case has are left out."""
    values: dict[str, Value] = {}
    for name, value in stored.items():
        if name not in FIELDS:
            continue
        if name.endswith(("_at", "_until")) and value is not None:
            values[name] = datetime.fromisoformat(value)
        else:
            values[name] = tuple(value) if name in ID_LISTS and value is not None else value
    return values
