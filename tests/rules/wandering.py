"""Random ways through the case loop: who acts, when, with what; shared by the pure walks and those on the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from gridsvc.rules.calendar import Calendar
from gridsvc.rules.case import Case, Given, Terms
from gridsvc.rules.deadlines import LADDER, Limit, StageLimits
from gridsvc.rules.decisions import why_not
from gridsvc.rules.lifecycle import STATES, TABLE
from gridsvc.rules.roles import MAY, RESIDENT, SYSTEM, Actor

START = datetime(2026, 3, 2, 1, tzinfo=UTC)
CALENDAR = Calendar("Asia/Shanghai", {}, frozenset({2026, 2027}))
STAGES = StageLimits(
    Limit(1, "working_hour"), Limit(30, "calendar_hour"), Limit(3, "working_day"), Limit(2, "urgent_hour")
)
PAUSES = tuple(timedelta(minutes=n) for n in (0, 1, 1, 3, 3, 6, 45, 45, 300, 1500, 7000, 21000))
LIMITS = (
    (),
    (Limit(2, "working_day"),),
    (Limit(4, "working_hour", "stop"), Limit(7, "working_day", "fine"), Limit(20, "working_day")),
    (Limit(6, "urgent_hour"),),
    (Limit(5, "calendar_day"),),
)


# What would end most walks early comes later; what is seldom possible at all is tried first where it is.
_LATER = {"void": 0.5, "not_file": 0.5, "link": 0.4, "approve_extension": -0.8, "refuse_extension": -0.6}
_LATER |= dict.fromkeys(("verify", "file", "dispatch", "close", "rate"), -0.4)
_LATER |= dict.fromkeys(("dispose", "check", "suspend", "resume", "ask_resident", "stop_asking", "undo_dispatch"), -0.3)
_LATER |= dict.fromkeys(("note", "unmask", "place", "whistle_arrive", "whistle_score", "escalate", "answer"), 0.5)
_LATER |= {"ask_extension": -0.5, "supervise": 0.3, "remind": 0.4}


@dataclass
class Walk:
    """One report on its way: what is fixed for it, and what is drawn anew at every step."""

    rng: Random
    terms: Terms
    known: Given
    departments: Sequence[int] = (1, 2, 3)
    photos: Sequence[str] = ("a" * 64,)
    parents: Sequence[int] = (77,)
    accounts: Sequence[int] = (1, 2, 3, 4)
    case: Case = field(default_factory=Case)
    now: datetime = START
    n_blank: int = 8  # one input of so many is left out

    def actor(self, action: str) -> Actor:
        """Somebody: mostly one whose role may do it."""
        wanted = sorted(MAY.get(action, ())) if self.rng.random() < 0.9 else ["worker", "handler", "manager"]
        role = self.rng.choice(wanted or ["admin"])
        if role in ("resident", "system"):
            return RESIDENT if role == "resident" else SYSTEM
        mine = self.case.department_id if self.rng.random() < 0.8 else None
        department = (mine or self.rng.choice(self.departments)) if role == "handler" else None
        return Actor(role, account_id=self.rng.choice(self.accounts), department_id=department)

    def action(self) -> tuple[str, Actor]:
        """An action and who tries it: two of three times one that can be done now."""
        if self.rng.random() < 0.34:
            name = self.rng.choice(sorted(TABLE))
            return name, self.actor(name)
        likely = [name for name, row in TABLE.items() if self.case.state in row.starts]
        likely.sort(key=lambda name: self.rng.random() + _LATER.get(name, 0.0))
        for name in likely:
            actor = self.actor(name)
            if why_not(self.case, name, actor, self.now, self.known) is None:
                return name, actor
        return likely[0], self.actor(likely[0])

    def _or_blank(self, value: Any, blank: Any = None) -> Any:
        return blank if self.rng.randrange(self.n_blank) == 0 else value

    def given(self, action: str) -> Given:
        """What comes with an action: mostly what it needs, sometimes nothing or nonsense."""
        draw = self.rng.choice
        made = replace(self.known, note=self._or_blank("说明", draw((None, "", "  "))), draw=self.rng.random())
        if action in ("dispatch", "claim", "whistle_score"):
            made = replace(made, department_id=self._or_blank(draw(self.departments)))
        if action == "dispatch":
            made = replace(made, assist_ids=tuple(self.rng.sample(self.departments, 1)))
        if action in ("whistle",):
            made = replace(made, department_ids=self._or_blank(tuple(self.rng.choices(self.departments, k=2)), ()))
        if action in ("solve_on_spot", "dispose"):
            made = replace(made, photos=self._or_blank(tuple(self.photos), ()), needs_photo=self.rng.random() < 0.3)
        if action == "suspend":
            until = self.now + draw([timedelta(days=n) for n in (3, 9, 60, 200, 400, -1)])
            made = replace(made, until=self._or_blank(until))
        if action == "supervise":
            made = replace(made, card=self._or_blank(draw(("none", "yellow", "red", "blue"))))
        if action == "escalate":
            made = replace(made, reason=self._or_blank(draw(("out_of_competence", "whistle", "overdue", "x"))))
        if action == "whistle_score":
            made = replace(made, score=self._or_blank(draw((0, 1, 5, 6))))
        if action == "make_safe":
            made = replace(made, at=draw((None, self.now, self.now + timedelta(hours=1), START - timedelta(days=9))))
        if action == "rate":
            solved, satisfied = draw(("solved", "partly", "not", "x")), draw(("satisfied", "basically", "not", "not"))
            made = replace(made, solved=self._or_blank(solved), satisfied=satisfied)
        if action == "link":
            made = replace(made, parent_id=self._or_blank(draw(self.parents)), parent_state=draw(STATES))
        if action == "recategorize":
            made = replace(made, category=self._or_blank("E0101"))
        if action == "place":
            made = replace(made, where="001")
        return made

    def pause(self) -> None:
        """Time goes on."""
        self.now += self.rng.choice(PAUSES)


def pure(seed: int) -> Walk:
    """A walk in memory; terms, origin and resident depend on the seed."""
    rng = Random(seed)  # noqa: S311 - a walk that can be walked again
    levels = frozenset(rng.sample(LADDER, rng.randint(1, 5)))
    terms = Terms(
        CALENDAR,
        rng.choice(("rolling", "next_day")),
        rng.choice((STAGES, StageLimits())),
        rng.choice(("received", "filed", "dispatched")),
        rng.choice((0.0, 0.5, 1.0)),
    )
    by_staff, has_resident = rng.random() < 0.3, rng.random() < 0.6
    known = Given(received_at=START, by_staff=by_staff, has_resident=has_resident, levels=levels | {"grid"})
    return Walk(rng, terms, known)


def with_limits(walk: Walk, action: str, given: Given) -> Given:
    """With what `cases.apply` would look up: limits of a condition, who leads."""
    if action in ("file", "recategorize"):
        given = replace(given, condition_id=walk.rng.choice((None, 5)), limits=walk.rng.choice(LIMITS))
    if action in ("file", "dispatch") and walk.rng.random() < 0.5:
        given = replace(given, lead_id=walk.departments[0], lead_assist_ids=(walk.departments[1],), routing="list")
    return given
