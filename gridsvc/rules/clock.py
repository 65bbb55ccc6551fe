"""What an action does to the times of a case: when they begin, stand still, go on, begin anew."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gridsvc.rules.case import Case, Terms, Value
from gridsvc.rules.deadlines import Due, Limit, Stage, due_at, extend, resumed, stage_due

NO_STAGE: dict[str, Value] = {"stage": None, "stage_due_at": None}
RUNS: dict[str, Value] = {"suspended_at": None, "suspended_until": None, "waiting_at": None}


@dataclass(frozen=True)
class Timed:
    """Changes of a case's times, and the years that had to be taken as Monday to Friday for them."""

    changes: dict[str, Value]
    unknown_years: tuple[int, ...] = ()


def _timed(changes: dict[str, Value], dues: Iterable[Due | None]) -> Timed:
    return Timed(changes, tuple(sorted({year for due in dues if due for year in due.unknown_years})))


def limits_of(case: Case) -> tuple[Limit, ...]:
    """The limits that a case was filed with: its milestones, the deadline last."""
    last = (case.due_limit,) if case.due_limit else ()
    return tuple(Limit.from_json(one) for one in (*(case.milestones or ()), *last))


def begin(start: datetime | None, limits: tuple[Limit, ...], terms: Terms) -> Timed:
    """The due times that run from `start`: the last limit is the deadline, those before it are milestones.

    Args:
        start: None keeps the limits until it is known from when they run.
        limits: where there are none, the general limit of disposal counts.
    """
    limit = limits[-1] if limits else terms.stages.dispose
    due = due_at(start, limit, terms.calendar, terms.convention) if start and limit else None
    stages = [(one, due_at(start, one, terms.calendar, terms.convention) if start else None) for one in limits[:-1]]
    told = [one.to_json() | {"due_at": until.at.isoformat() if until else None} for one, until in stages]
    at = due.at if due else None
    changes = {"due_at": at, "due_original_at": at, "due_limit": limit.to_json() if limit else None}
    return _timed(changes | {"milestones": told or None}, (due, *(until for _, until in stages)))


def anew(now: datetime, limits: tuple[Limit, ...], terms: Terms) -> Timed:
    """The due times of a case whose way begins (again) now; those that run from dispatch wait for it."""
    return begin(None if terms.due_from == "dispatched" else now, limits, terms)


def stage(name: Stage, now: datetime, terms: Terms) -> Timed:
    """The stage that begins now, and when it must be left."""
    due = stage_due(name, now, terms.stages, terms.calendar, terms.convention)
    return _timed({"stage": name, "stage_due_at": due.at if due else None}, (due,))


def longer(case: Case, terms: Terms) -> Timed | None:
    """One original limit more, from the current due time on; None where there is no deadline."""
    if case.due_at is None or case.due_limit is None:
        return None
    due = extend(case.due_at, Limit.from_json(case.due_limit), terms.calendar, terms.convention)
    return _timed({"due_at": due.at} | _follows(case, due.at), (due,))


def go_on(case: Case, now: datetime, terms: Terms) -> Timed:
    """The clock runs again, every due time moved by what it stood still; nothing where it runs.

    A suspension and a wait last until they were to end, however late that is noticed.
    """
    stop = case.stop(now)
    if stop is None:
        return Timed({})
    moved = _after(case, *stop, terms)
    return Timed(RUNS | moved.changes, moved.unknown_years)


def again(case: Case, start: datetime | None, limits: tuple[Limit, ...], stops: Any, terms: Terms) -> Timed:
    """The due times under other limits, from the same start, with the same stops and as many extensions.

    The first due time stays known.

    Args:
        stops: (begin, end) of each time the clock stood still, in order; an open one is not among them, and what
            stood still before the start does not count.
    """
    made = begin(start, limits, terms)
    first = case.due_original_at or made.changes["due_original_at"]
    changes, years = made.changes | {"due_original_at": first}, set(made.unknown_years)
    for stopped, went_on in stops:
        if start is None or went_on <= start:
            continue
        moved = _after(Case(**changes), max(stopped, start), went_on, terms)
        changes |= moved.changes
        years |= {*moved.unknown_years}
    for _ in range(case.n_extensions):
        more = longer(Case(**changes), terms)
        if more is not None:
            changes |= more.changes
            years |= {*more.unknown_years}
    return Timed(changes | _follows(case, changes["due_at"]), tuple(sorted(years)))


def not_begun(case: Case, terms: Terms) -> Timed:
    """No due times until the next dispatch, where they began with this one; nothing where they began before it."""
    if terms.due_from != "dispatched" or case.dispatched_at is None:
        return Timed({})
    here = begin(case.dispatched_at, limits_of(case), terms).changes["due_at"]
    if here is None or here not in (case.due_at, case.due_original_at):
        return Timed({})
    return begin(None, limits_of(case), terms)


def _follows(case: Case, due: datetime | None) -> dict[str, Value]:
    """The stage of disposal ends when the report is due."""
    return {"stage_due_at": due} if case.stage == "dispose" else {}


def _after(case: Case, stopped: datetime, went_on: datetime, terms: Terms) -> Timed:
    """The case's due times after a stop of the clock."""

    def later(due: datetime, limit: Limit) -> Due:
        return resumed(due, stopped, went_on, limit, terms.calendar, terms.convention)

    changes: dict[str, Value] = {}
    dues: list[Due] = []
    if case.due_at is not None and case.due_limit is not None:
        dues.append(later(case.due_at, Limit.from_json(case.due_limit)))
        changes |= {"due_at": dues[0].at} | _follows(case, dues[0].at)
    if any(one.get("due_at") for one in case.milestones or ()):
        told = []
        for one in case.milestones or ():
            dues.append(later(datetime.fromisoformat(one["due_at"]), Limit.from_json(one)))
            told.append(one | {"due_at": dues[-1].at.isoformat()})
        changes["milestones"] = told
    limit = terms.stages.of(case.stage) if case.stage in ("accept", "dispatch") else None  # type: ignore[arg-type]  # one of them
    if case.stage_due_at is not None and limit is not None:
        dues.append(later(case.stage_due_at, limit))
        changes["stage_due_at"] = dues[-1].at
    return _timed(changes, dues)
