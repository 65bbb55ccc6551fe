"""How tests deal with one report through its page: make it, lead it to a state, send an action, read what is shown."""

from __future__ import annotations

import html
import re
import uuid
from datetime import datetime
from typing import Any

import httpx
from sqlalchemy import Connection, text

from gridsvc import cases, categories, reports, residents
from gridsvc.categories import Category, Filing
from gridsvc.reports import Draft, Position
from gridsvc.rules.roles import ANONYMOUS, Actor
from tests.conftest import NOW
from tests.through import lead
from tests.web.county import CANARY, RULE
from tests.web.offices import Offices

WEST_PIN = Position(110.005, 23.005, "wgs84", 10.0)
NAME, PHONE, HOME = "欧阳小明", "13812345678", "锦绣花园3幢2单元501室"
SECRET_HASH = bytes(range(32))


def store_sheet(db: Connection) -> None:
    """A city's category with two filing conditions, one with only one, and one whose limit nobody can read."""

    def filing(code: str, words: str, *milestones: dict[str, Any], closing: str | None = None, **more: str) -> Filing:
        problem = None if milestones else "limit_unit_not_known"
        return Filing(code, "市容", words, words, "2紧急工作日", problem, milestones, closing, (), (), **more)

    hours = {"name": None, "amount": 4, "unit": "working_hour"}
    steps = (
        {"name": "停止", "amount": 2, "unit": "working_hour"},
        {"name": "拆除", "amount": 20, "unit": "working_day"},
    )
    named = [("E01", "市容", None), ("E0101", "搭建", "E01"), ("E0102", "堆放", "E01")]
    categories.store_sheet(
        db,
        "event",
        [Category(code, name, name, categories.CITY, "event", above) for code, name, above in named],
        [
            filing("E0101", "私搭乱建", *steps, closing="拆除，附照片", notes=f"两面都要拍到{CANARY}"),
            filing("E0101", "紧急情况"),
            filing("E0102", "乱堆物料", hours, closing="清理干净"),
        ],
        name="s",
        file="s.csv",
        day_means=None,
        now=NOW,
    )


def new(offices: Offices, *, category: str = "0110", at: datetime = NOW, linked: bool = False, **more: Any) -> str:
    """The number of a new report in the first western grid, with a contact where it is linked."""
    where = {"position": WEST_PIN} | more
    with offices.made.begin() as db:
        draft = Draft(uuid.uuid4(), category, f"路灯不亮 {CANARY}", "web", **where)
        made = reports.submit(db, draft, ANONYMOUS, at, RULE)
        if linked:
            report_id = id_of(db, made.number)
            residents.register(db, report_id, SECRET_HASH, NAME + CANARY, PHONE, HOME)
        return made.number


def id_of(db: Connection, number: str) -> int:
    return int(db.scalar(text("SELECT id FROM report WHERE number = :n"), {"n": number}) or 0)


def at_state(offices: Offices, state: str, **more: Any) -> str:
    """The number of a new report that was led to a state."""
    number = new(offices, **more)
    if state != "reported":
        with offices.made.begin() as db:
            lead(db, number, state, NOW)
    return number


def page_of(offices: Offices, who: str, number: str, query: str = "") -> httpx.Response:
    return offices.clients[who].get(f"/reports/{number}{query}")


def version(offices: Offices, number: str) -> int:
    with offices.made.begin() as db:
        return cases.read(db, id_of(db, number)).seq


def send(offices: Offices, who: str, number: str, action: str, **fields: Any) -> httpx.Response:
    """The answer to the form of an action; `version` is the newest one unless given."""
    form = {"action": action, "version": str(version(offices, number))} | fields
    return offices.clients[who].post(f"/reports/{number}/act", data=form, follow_redirects=False)


def deeds_on(answer: httpx.Response) -> set[str]:
    shown = set(re.findall(r'data-deed="(\w+)"', answer.text))
    return shown | ({"place"} if 'id="move"' in answer.text else set())


def actor_of(offices: Offices, role: str) -> Actor:
    with offices.made.begin() as db:
        row = db.execute(text("SELECT * FROM account WHERE login = :l"), {"l": role}).one()
    return Actor(role, row.id, role, role, row.worker_id, (), row.department_id)


def log_of(offices: Offices, number: str) -> list[tuple[str, str | None]]:
    query = text("SELECT action, note FROM report_log WHERE report_id = :id ORDER BY seq")
    with offices.made.begin() as db:
        return [tuple(row) for row in db.execute(query, {"id": id_of(db, number)})]


def words(answer: httpx.Response) -> str:
    """The page's text without markup."""
    return html.unescape(re.sub(r"<[^>]+>", " ", answer.text))
