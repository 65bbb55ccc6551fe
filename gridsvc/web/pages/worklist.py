"""The worklist as a page: what waits, by queue and deadline; several reports at once; the list as a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field
from sqlalchemy import Connection, select
from starlette.responses import Response

from gridsvc import categories, departments, handling, terms, worklist
from gridsvc.db import tables as t
from gridsvc.errors import GridsvcError, Refused
from gridsvc.rules.lifecycle import STATES, TABLE
from gridsvc.rules.roles import Actor, may
from gridsvc.web import deps
from gridsvc.web.deps import RuleDep, ServicesDep, Unit, UnitDep
from gridsvc.web.pages import acting, files, filters, work_rows
from gridsvc.web.pages.filters import Asked
from gridsvc.web.templating import Frame, frame_of, page, report_path

router = APIRouter()

PATH = "/worklist"
PER_PAGE = 50
MOST_IN_FILE = 5_000
MOST_AREAS = 300  # a field suggests no more; every area can be typed
# What a queue waits for: it is shown to those who may do one of these, and to all where something is in it.
QUEUE_DEEDS: dict[str, tuple[str, ...]] = {
    "to_verify": ("verify",),
    "to_file": ("file",),
    "to_dispatch": ("dispatch",),
    "consultation": ("dispatch",),
    "to_accept": ("accept",),
    "in_work": ("dispose",),
    "rework": ("dispose",),
    "to_check": ("check",),
    "to_close": ("close",),
    "extension": ("approve_extension",),
    "doubtful": ("place",),
    "unplaced": ("place",),
}
STEPS = ("to_verify", "to_file", "to_dispatch", "to_accept", "in_work", "to_check", "to_close")
ODD = ("consultation", "rework", "extension", "doubtful", "unplaced")
WITH_WORDS = frozenset({"remind", "note"})  # actions for which something has to be written
ASKED_ONCE = frozenset({"strike_off"})  # what ends a report is asked about before it is done


class Sent(BaseModel):
    """What the action bar sends: the action and the reports that were ticked, each as the person saw it."""

    action: Annotated[str, Field(max_length=40)]
    pick: Annotated[list[Annotated[str, Field(max_length=1000)]], Field(max_length=400)] = Field(default_factory=list)
    note: Annotated[str, Field(max_length=40_000)] = ""
    sure: Annotated[str, Field(max_length=5)] = ""


@dataclass(frozen=True)
class Told:
    """What became of one of several reports: `why` is None where it was done; `path` is None where it has left us."""

    number: str
    path: str | None
    why: str | None


@dataclass(frozen=True)
class Result:
    """What became of all of them."""

    action: str
    done: tuple[Told, ...] = ()
    refused: tuple[Told, ...] = ()


@dataclass(frozen=True)
class Bar:
    """The action bar: what was ticked and written before, the action that is asked about once more, its result."""

    picked: frozenset[str] = frozenset()
    note: str = ""
    asks: str | None = None
    result: Result | None = None
    errors: dict[str, str] = field(default_factory=dict)


NOTHING = Bar()


@router.get(PATH, response_class=HTMLResponse, dependencies=[deps.may("read_worklist")])
def show(request: Request, unit: UnitDep) -> Response:
    """The list that the address asks for."""
    return _show(frame_of(request), unit, NOTHING)


@router.get(f"{PATH}/act", dependencies=[deps.may("read_worklist")])
def back(request: Request) -> Response:
    """To the list: who reloads the answer to a form comes here."""
    return RedirectResponse(PATH + (f"?{request.url.query}" if request.url.query else ""), 303)


@router.post(f"{PATH}/act", response_class=HTMLResponse, dependencies=[deps.may("read_worklist")])
def act(
    request: Request,
    unit: UnitDep,
    mine: ServicesDep,
    rule: RuleDep,
    form: Annotated[Sent, Form()],
) -> Response:
    """One action on all that was ticked, and the list as it is then: what was done, what was not, and why not."""
    frame = replace(frame_of(request), path=PATH)
    note = form.note.replace("\x00", "").replace("\r\n", "\n").strip()
    bar = Bar(frozenset(form.pick), note)
    if not form.pick:
        return _show(frame, unit, replace(bar, errors={"bar": frame.words("pages.worklist.pick_some")}), 422)
    wishes = [_wish(one, form.action, note) for one in dict.fromkeys(form.pick)]
    if form.action in WITH_WORDS and not note:
        why = frame.words("pages.words.missing", words=frame.words("pages.words.words"))
        return _show(frame, unit, replace(bar, errors={"bar-note": why}), 422)
    if len(note) > acting.MAX_NOTE:
        why = frame.says("note_too_long", max=acting.MAX_NOTE, n=len(note))
        return _show(frame, unit, replace(bar, errors={"bar-note": why}), 422)
    if form.action in ASKED_ONCE and not form.sure and may(unit.actor, form.action):
        return _show(frame, unit, replace(bar, asks=form.action))
    agreed = terms.load(unit.db, **mine.settings.agreed)
    outcomes = handling.act_on_several(unit.db, unit.actor, wishes, unit.now, agreed, rule)
    told = [
        _told(frame, form.action, wish, outcome)
        for wish, outcome in zip(sorted(wishes, key=lambda one: one[:3]), outcomes, strict=True)
    ]
    done = tuple(one for one in told if one.why is None)
    refused = tuple(one for one in told if one.why is not None)
    return _show(frame, unit, Bar(result=Result(form.action, done, refused)))


def _wish(pick: str, action: str, note: str) -> tuple[str, str, int, handling.Wish]:
    told = dict(parse_qsl(pick, keep_blank_values=True))
    version, repeat = told.get("version", ""), told.get("repeat", "")
    numbers = version.isdecimal() and repeat.isdecimal() and len(version) < 10 and len(repeat) < 10
    if not numbers or "\x00" in pick or "%00" in pick or not {"source", "number"} <= told.keys():
        raise Refused("pick_unreadable", found=pick[:60])
    wish = handling.Wish(action, int(version), note=note or None)
    return told["source"], told["number"], int(repeat), wish


@dataclass(frozen=True)
class _Named:
    source: str
    number: str
    repeat: int


def _told(frame: Frame, action: str, wish: tuple[str, str, int, handling.Wish], outcome: handling.Outcome) -> Told:
    path = report_path(_Named(*wish[:3]))
    if outcome.refusal is None:
        return Told(outcome.number, path, None)
    return Told(outcome.number, path, _why(frame, action, outcome.refusal))


def _why(frame: Frame, action: str, error: GridsvcError) -> str:
    if action == "dispatch" and error.code == "input_missing":
        return frame.words("pages.worklist.no_list")
    return acting.said(frame, action, error)


# ---- the page --------------------------------------------------------------------------------------------------------


def _show(frame: Frame, unit: Unit, bar: Bar, status: int = 200) -> Response:
    asked = filters.read(unit.db, unit.actor, frame)
    found, wrong = _found(unit, frame, asked)
    rows = found.items
    facts: dict[str, Any] = {"asked": asked, "found": found, "rows": rows, "bar": bar, "counts": found.counts}
    facts |= {"errors": asked.errors | wrong | bar.errors, "n_pages": _n_pages(found.total), "per_page": PER_PAGE}
    facts |= {"steps": _queues(unit.actor, found, asked, STEPS), "odd": _queues(unit.actor, found, asked, ODD)}
    facts |= {"deadlines": worklist.DEADLINES, "deeds": _deeds(unit.actor, rows), "most": MOST_IN_FILE}
    facts |= {"states": (*STATES, filters.ALL), **work_rows.TELLING}
    facts |= _choices(unit.db)
    return page(frame, "worklist.html", status=422 if facts["errors"] else status, nav="worklist", **facts)


def _found(unit: Unit, frame: Frame, asked: Asked) -> tuple[worklist.Page, dict[str, str]]:
    nothing = worklist.Page((), None, None, None)
    if asked.errors:
        return nothing, {}
    try:
        with unit.db.begin_nested():
            order, number = asked.order, asked.number
            found = worklist.page(
                unit.db, unit.actor, asked.wanted, unit.now, frame.zone, order=order, number=number, limit=PER_PAGE
            )
    except GridsvcError as error:
        return nothing, {f"f-{_field(error)}": frame.says(error.code, **error.facts)}
    return found, {}


def _field(error: GridsvcError) -> str:
    return {"grid_unknown": "grid", "area_unknown": "area", "department_unknown": "department"}.get(error.code, "words")


def _n_pages(total: int | None) -> int | None:
    return None if total is None else max(1, -(-total // PER_PAGE))


def _queues(actor: Actor, found: worklist.Page, asked: Asked, names: Sequence[str]) -> list[tuple[str, int]]:
    """The queues to show with their counts: this reader's, those with something in them, and the one chosen."""
    if found.counts is None:
        return []
    counts = found.counts.queues
    return [
        (name, counts[name]) for name in names if counts[name] or asked.wanted.queue == name or is_mine(actor, name)
    ]


def is_mine(actor: Actor, queue: str) -> bool:
    """Whether this reader may do what a queue waits for."""
    return any(may(actor, deed) for deed in QUEUE_DEEDS[queue])


def _deeds(actor: Actor, rows: Sequence[worklist.Row]) -> list[str]:
    """What may be done to several at once, by this reader, to anything on the page."""
    states = {row.state for row in rows}
    return [one for one in handling.SEVERAL if may(actor, one) and states & TABLE[one].starts]


def _choices(db: Connection) -> dict[str, Any]:
    a = t.area.c
    return {
        "categories": categories.listed(db, every=True),
        "areas": db.execute(select(a.code, a.name).order_by(a.code).limit(MOST_AREAS)).all(),
        "departments": departments.listed(db),
        "cards": worklist.CARDS,
    }


# ---- the list as a file ----------------------------------------------------------------------------------------------


@router.get(f"{PATH}/table.{{file_format}}", dependencies=[deps.may("read_worklist")])
def table(
    request: Request,
    unit: UnitDep,
    file_format: files.FileFormat,
) -> Response:
    """The filtered list, its first rows in the order of the page, as CSV or Excel."""
    frame = frame_of(request)
    asked = filters.read(unit.db, unit.actor, frame)
    if asked.errors:
        return RedirectResponse(f"{PATH}?{request.url.query}", 303)  # where what is wrong is told
    header = [frame.words(f"pages.worklist.col.{name}") for name in work_rows.COLUMNS]
    rows = (work_rows.cells(frame, row) for row in _all(unit, frame, asked))
    return files.answer(frame.words("pages.worklist.title"), header, rows, file_format, unit.now)


def _all(unit: Unit, frame: Frame, asked: Asked) -> Iterator[worklist.Row]:
    after, n = None, 0
    while n < MOST_IN_FILE:
        found = worklist.page(
            unit.db, unit.actor, asked.wanted, unit.now, frame.zone, order=asked.order, after=after, limit=100
        )
        yield from found.items
        n += len(found.items)
        after = found.next
        if after is None:
            return
