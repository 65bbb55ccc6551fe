"""What the address of a worklist asks for: filters by the names of the API, forgiving where a person typed them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy import Connection

from gridsvc import categories, departments, responsibility, unplaced, worklist
from gridsvc.errors import GridsvcError
from gridsvc.rules.lifecycle import STATES
from gridsvc.rules.roles import Actor
from gridsvc.web.api import period
from gridsvc.web.pages.responsibility import category_of
from gridsvc.web.templating import Frame

NAMES = (
    *("deadline", "queue", "state", "category", "grid", "area", "department", "card", "called", "claimable", "words"),
    *("from", "to"),
)
ALL = "all"  # a state: ended ones too
NEWEST = worklist.Order("received", descending=True)
WHOLE_NUMBER = re.compile(r"\d{8}-\d{6}")
_MOST_LETTERS = 200


@dataclass
class Asked:
    """The filters as the page shows them, what they mean, and what is wrong with them by the id of the field."""

    values: dict[str, str]
    wanted: worklist.Filter
    order: worklist.Order
    number: int
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def by_default(self) -> bool:
        """Whether nobody asked for another order than the list's own."""
        return self.order == (worklist.BY_DUE if self.wanted.is_open else NEWEST)


def read(db: Connection, actor: Actor, frame: Frame) -> Asked:
    """The filters, order and page that the address asks for; what is no choice of a list counts as not said."""
    said = dict(frame.query)
    values = {name: said.get(name, "").replace("\x00", "").strip()[:_MOST_LETTERS] for name in NAMES}
    choices = {"deadline": worklist.DEADLINES, "queue": worklist.QUEUES, "state": (*STATES, ALL)}
    choices |= {"card": worklist.CARDS, "called": ("true",), "claimable": ("true",)}
    for name, known in choices.items():
        if values[name] not in known:
            values[name] = ""
    if not values["state"] and WHOLE_NUMBER.fullmatch(values["words"]):
        values["state"] = ALL  # who has the number wants the report, ended or not
    errors: dict[str, str] = {}
    first, last = _days(frame, values, errors)
    states = STATES if values["state"] == ALL else (values["state"],) if values["state"] else ()
    wanted = worklist.Filter(
        states=states,
        card=values["card"] or None,
        called=bool(values["called"]),
        claimable=bool(values["claimable"]) and actor.role == "handler",
        words=values["words"] or None,
        from_at=period.begins(first, frame.zone) if first else None,
        to_at=period.ends(last, frame.zone) if last else None,
    )
    wanted = replace(wanted, **_named(db, actor, frame, values, errors))  # type: ignore[arg-type]  # names of text fields
    if wanted.is_open:
        deadline = next((one for one in worklist.DEADLINES if one == values["deadline"]), None)
        wanted = replace(
            wanted, deadline=deadline, queue=next((q for q in worklist.QUEUES if q == values["queue"]), None)
        )
    else:  # both are about what is open
        values |= {"deadline": "", "queue": ""}
    return Asked(values, wanted, _order(said, wanted), _number(said.get("page", "")), errors)


def _named(
    db: Connection, actor: Actor, frame: Frame, values: dict[str, str], errors: dict[str, str]
) -> dict[str, str | None]:
    """The codes of what people name: category, grid, area, department."""

    def grid(words: str) -> str:
        try:
            return unplaced.chosen(db, actor, words)
        except GridsvcError as error:
            if error.code == "grid_ambiguous":
                raise
            return words.split()[-1]  # a grid of an earlier edition is found by its code

    ways: dict[str, Callable[[str], str]] = {
        "category": lambda words: category_of(words, categories.listed(db, every=True)).code,
        "grid": grid,
        "area": lambda words: responsibility.place(db, words, kind="area").code,
        "department": lambda words: words,
    }
    found: dict[str, str | None] = {}
    for name, way in ways.items():
        found[name] = None
        if values[name]:
            try:
                found[name] = way(values[name])
            except GridsvcError as error:
                errors[f"f-{name}"] = frame.says(error.code, **error.facts)
    known = {one.code for one in departments.listed(db, every=True)} if found["department"] else set()
    if found["department"] not in known:
        found["department"] = None
        values["department"] = ""
    return found


def _days(frame: Frame, values: dict[str, str], errors: dict[str, str]) -> tuple[date | None, date | None]:
    first = day(values["from"], "f-from", frame, errors)
    last = day(values["to"], "f-to", frame, errors)
    if first and last and first > last:
        errors["f-from"] = frame.says("period_reversed", first=first.isoformat(), last=last.isoformat())
        return None, None
    return first, last


def day(text: str, name: str, frame: Frame, errors: dict[str, str]) -> date | None:
    """The day that a field says; None where it says none, or nothing that is one (then `errors` has why)."""
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or not 1900 <= found.year <= 2200:
        errors[name] = frame.words("pages.form.day", found=text)
        return None
    return found


def _order(said: dict[str, str], wanted: worklist.Filter) -> worklist.Order:
    allowed = worklist.SORTS if wanted.is_open else worklist.LONG_SORTS
    for by in allowed:
        if said.get("sort") == by:
            return worklist.Order(by, said.get("descending") == "true")
    return worklist.BY_DUE if wanted.is_open else NEWEST


def _number(text: str) -> int:
    return min(max(int(text), 1), worklist.MAX_PAGES) if text.isascii() and text.isdigit() and len(text) < 9 else 1
