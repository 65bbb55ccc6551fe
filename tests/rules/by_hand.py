"""A case that a test leads by hand, and the people who act on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from gridsvc.errors import GridsvcError
from gridsvc.rules.case import Case, Given, Step, Terms, advance
from gridsvc.rules.deadlines import Limit
from gridsvc.rules.decisions import decide
from gridsvc.rules.lifecycle import TABLE
from gridsvc.rules.roles import Actor
from tests.rules.wandering import CALENDAR, STAGES, START

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
TERMS = Terms(CALENDAR, stages=STAGES)
LIMIT = Limit(3, "working_day")
DESK, LEADER = Actor("dispatcher", 1), Actor("leader", 2)
HANDLER, OTHER = Actor("handler", 3, department_id=7), Actor("handler", 4, department_id=8)
WORKER, CHECKER = Actor("worker", 5), Actor("checker", 6)
KNOWN = Given(received_at=START, has_resident=True)
STAFF = replace(KNOWN, by_staff=True)


class Report:
    """A case that actions are done to, one after the other, at a clock of its own."""

    def __init__(self, known: Given = KNOWN, terms: Terms = TERMS) -> None:
        self.case, self.known, self.terms, self.now = Case(), known, terms, START
        self.rows: list[tuple[str, str, datetime, Any]] = []

    def do(self, action: str, actor: Actor = DESK, wait: timedelta = MINUTE, **inputs: Any) -> Step:
        self.now += wait
        given = replace(self.known, **({"note": "说明"} | inputs))
        step = decide(self.case, action, actor, self.now, given, self.terms)
        self.case = advance(self.case, step.state, step.changes)
        self.rows.append((action, step.state, self.now, {"set": {}}))
        return step

    def refuses(self, action: str, actor: Actor = DESK, wait: timedelta = MINUTE, **inputs: Any) -> str:
        before = self.case
        with pytest.raises(GridsvcError) as refusal:
            self.do(action, actor, wait, **inputs)
        assert self.case is before
        self.now -= wait
        return refusal.value.code

    def to(self, state: str, limits: tuple[Limit, ...] = (LIMIT,)) -> Report:
        way: tuple[tuple[str, Actor, dict[str, Any]], ...] = (
            ("verify", WORKER, {}),
            ("file", DESK, {"limits": limits}),
            ("dispatch", DESK, {"department_id": 7}),
            ("dispose", HANDLER, {}),
            ("check", CHECKER, {}),
            ("close", DESK, {}),
        )
        for action, actor, inputs in way:
            if self.case.state == state:
                break
            if self.case.state in TABLE[action].starts:
                self.do(action, actor, **inputs)
        assert self.case.state == state
        return self
