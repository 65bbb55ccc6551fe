"""The worklist as a page: what waits, by queue and deadline; the list as a file. Acting on several: `several`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import Connection, select
from starlette.responses import Response

from gridsvc import categories, departments, handling, terms, worklist
from gridsvc.db import tables as t
from gridsvc.errors import GridsvcError
from gridsvc.rules.lifecycle import STATES, TABLE
from gridsvc.rules.roles import Actor, may
from gridsvc.web import deps
from gridsvc.web.deps import Unit, UnitDep
from gridsvc.web.pages import files, filters, work_rows
from gridsvc.web.pages.filters import Asked
from gridsvc.web.templating import Frame, frame_of, page

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


@dataclass(frozen=True)
class Told:
    """What became of one of several reports: `why` is None where it was done; `pick`: as it can be ticked again."""

    number: str
    path: str
    why: str | None
    pick: str | None = None


@dataclass(frozen=True)
class Result:
    """What became of all of them; `undo`: the action that takes back what was done, for some minutes."""

    action: str
    done: tuple[Told, ...] = ()
    refused: tuple[Told, ...] = ()
    undo: str | None = None


@dataclass(frozen=True)
class Plan:
    """Where those that were ticked would go: how many by department; those that no list names one for; the rest."""

    departments: tuple[tuple[str, int], ...]
    unlisted: tuple[Told, ...]
    n_other: int


@dataclass(frozen=True)
class Bar:
    """The action bar: what was ticked and written before, the action that is asked about once more, its result."""

    picked: frozenset[str] = frozenset()
    note: str = ""
    asks: str | None = None
    plan: Plan | None = None
    result: Result | None = None
    errors: dict[str, str] = field(default_factory=dict)


NOTHING = Bar()


@router.get(PATH, response_class=HTMLResponse, dependencies=[deps.may("read_worklist")])
def show(request: Request, unit: UnitDep) -> Response:
    """The list that the address asks for."""
    return answer(frame_of(request), unit, NOTHING)


# ---- the page --------------------------------------------------------------------------------------------------------


def answer(frame: Frame, unit: Unit, bar: Bar, status: int = 200) -> Response:
    """The page: the list that the address asks for, with the action bar as it stands."""
    asked = filters.read(unit.db, unit.actor, frame)
    agreed = terms.load(unit.db, **unit.mine.settings.agreed)
    found, wrong = _found(unit, frame, asked)
    rows = found.items
    facts: dict[str, Any] = {"asked": asked, "found": found, "rows": rows, "bar": bar, "counts": found.counts}
    facts |= {"errors": asked.errors | wrong | bar.errors, "n_pages": _n_pages(found.total), "per_page": PER_PAGE}
    facts |= {"steps": _queues(unit.actor, found, asked, STEPS), "odd": _queues(unit.actor, found, asked, ODD)}
    facts |= {"deadlines": worklist.DEADLINES, "deeds": _deeds(unit, rows), "most": MOST_IN_FILE}
    facts |= {"states": (*STATES, filters.ALL), **work_rows.telling_of(agreed)}
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


def _deeds(unit: Unit, rows: Sequence[worklist.Row]) -> list[str]:
    """What may be done to several at once, by this reader, to anything on the page."""
    states = {row.state for row in rows}
    found = [one for one in handling.SEVERAL if may(unit.actor, one) and states & TABLE[one].starts]
    return [one for one in found if one != "undo_dispatch" or any(work_rows.undoable(row, unit.now) for row in rows)]


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
