"""Drives a report through the case loop, so that a test can begin where it has something to say."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from gridsvc import cases
from gridsvc.db import tables as t
from gridsvc.rules.calendar import Calendar
from gridsvc.rules.case import Given, Terms
from gridsvc.rules.deadlines import Limit, StageLimits
from gridsvc.rules.roles import Actor
from gridsvc.terms import Agreed

ADMIN, CHECKER, WORKER = Actor("admin"), Actor("checker"), Actor("worker")
CALENDAR = Calendar("Asia/Shanghai", {}, frozenset({2025, 2026, 2027}))
AGREED = Agreed(Terms(CALENDAR, stages=StageLimits(dispose=Limit(3, "working_day"))), {})
WAY = ("verify", "file", "dispatch", "dispose", "check", "close", "strike_off")
LEADS_TO = ("verified", "filed", "dispatched", "disposed", "checked", "closed", "struck_off")


def department(db: Connection, code: str = "D1") -> int:
    """The id of the department with this code, made where it is missing."""
    db.execute(insert(t.department).values(code=code, name=f"部门{code}").on_conflict_do_nothing())
    return int(db.execute(select(t.department.c.id).where(t.department.c.code == code)).scalar_one())


def lead(
    db: Connection, number: str, to: str, now: datetime, *, source: str = "gridsvc", agreed: Agreed = AGREED
) -> cases.Held:
    """The case after the straight way from where it is to a state (`verified` ... `struck_off`), or to `void`."""
    held = cases.lock(db, number, source)
    if to == "void":
        cases.apply(db, held, "void", ADMIN, now, agreed, Given(note="重复登记"))
        return cases.lock(db, number, source)
    first = 0 if held.state == "reported" else LEADS_TO.index(held.state) + 1
    for action in WAY[first : LEADS_TO.index(to) + 1]:
        dept = department(db)
        who = {"dispose": Actor("handler", department_id=dept), "check": CHECKER}.get(action, ADMIN)
        given = Given(note="已处理", department_id=dept if action == "dispatch" else None)
        cases.apply(db, held, action, who, now, agreed, given)
        held = cases.lock(db, number, source)
    return held
