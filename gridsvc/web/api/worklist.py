"""The worklist: what waits, with its counts; the same list that the page shows."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from gridsvc import worklist
from gridsvc.errors import Refused
from gridsvc.grids import DOUBTFUL_BELOW
from gridsvc.rules.lifecycle import STATES
from gridsvc.web import answers, schemas
from gridsvc.web.api import cursors, period, rows
from gridsvc.web.deps import ServicesDep, Unit, may

router = APIRouter(prefix="/api/v1", tags=["worklist"])

Text = Annotated[schemas.Words | None, Query(min_length=1, max_length=200)]
State = Literal[
    "reported", "verified", "filed", "dispatched", "disposed", "checked", "closed", "struck_off", "void", "not_filed",
    "merged", "all",
]  # fmt: skip
_OF_TIME = frozenset({"due", "received", "updated"})
_OF_TEXT = frozenset({"grid", "category", "department"})


def wanted(
    mine: ServicesDep,
    deadline: Annotated[worklist.Deadline | None, Query()] = None,
    queue: Annotated[worklist.Queue | None, Query(description="what has to happen next, or what is odd")] = None,
    state: Annotated[list[State] | None, Query(description="by default all open ones; `all`: ended ones too")] = None,
    category: Annotated[schemas.Words | None, Query(min_length=1, max_length=200, description="or a class's")] = None,
    grid: Text = None,
    area: Annotated[schemas.Words | None, Query(min_length=1, max_length=200, description="with all below it")] = None,
    department: Text = None,
    level: Annotated[Literal["grid", "community", "subdistrict", "district", "city"] | None, Query()] = None,
    card: Annotated[Literal["none", "yellow", "red"] | None, Query()] = None,
    called: Annotated[bool, Query(description="only where a whistle's call is not answered yet")] = False,
    claimable: Annotated[bool, Query(description="of a handler: what the own department may claim")] = False,
    words: Annotated[
        schemas.Words | None, Query(min_length=1, max_length=200, description="number, compound (pinyin too), text")
    ] = None,
    first: Annotated[schemas.Day | None, Query(alias="from", description="first day of receipt")] = None,
    last: Annotated[schemas.Day | None, Query(alias="to", description="last day of receipt, included")] = None,
) -> worklist.Filter:
    """The filters; whatever is given must hold."""
    if first is not None and last is not None and first > last:
        raise Refused("period_reversed", first=first.isoformat(), last=last.isoformat())
    zone = mine.settings.zone
    states = STATES if state and "all" in state else tuple(dict.fromkeys(state or ()))
    return worklist.Filter(
        *(deadline, queue, states, category, grid, area, department, card, level, called, words),
        from_at=None if first is None else period.begins(first, zone),
        to_at=None if last is None else period.ends(last, zone),
        claimable=claimable,
    )


@router.get("/worklist", operation_id="worklist", responses={200: {"model": dict[str, Any]}})
def show(
    request: Request,
    unit: Annotated[Unit, may("read_worklist")],
    chosen: Annotated[worklist.Filter, Depends(wanted)],
    sort: Annotated[worklist.Sort, Query(description="lists with ended reports: received or due")] = "due",
    descending: bool = False,
    cursor: Annotated[schemas.Words | None, Query(max_length=600, description="`next` of the page before")] = None,
    page: Annotated[int, Query(ge=1, le=worklist.MAX_PAGES)] = 1,
    limit: Annotated[int, Query(ge=1, le=worklist.MAX_PAGE)] = 50,
) -> Response:
    """What waits for work, by deadline; counts of open ones by deadline state and next step, with the other filters."""
    order = worklist.Order(sort, descending)
    zone = unit.mine.settings.zone
    found = worklist.page(
        *(unit.db, unit.actor, chosen, unit.now, zone),
        order=order,
        after=None if cursor is None else _after(cursor, chosen, order),
        number=page,
        limit=limit,
    )
    counts = found.counts
    following = (
        None if found.next is None else cursors.sealed([_plain(found.next.value), found.next.id], (chosen, order))
    )
    content = {
        "as_of": rows.moment(unit.now, zone),
        "counts": None
        if counts is None
        else {"total": counts.total, "deadline": counts.deadlines, "queue": counts.queues},
        "total": found.total,
        "items": [told(one, unit) for one in found.items],
        "next": following,
    }
    return answers.data(request, content)


def told(row: worklist.Row, unit: Unit) -> rows.Json:
    """A row as it is sent."""
    zone = unit.mine.settings.zone
    times = ("due_at", "due_original_at", "stage_due_at", "received_at", "updated_at", "accepted_at", "suspended_until")
    made = {name: rows.moment(getattr(row, name), zone) for name in times}
    return {
        **{name: getattr(row, name) for name in ("source", "number", "repeat", "state", "deadline", "stage", "level")},
        **{name: getattr(row, name) for name in ("card", "outcome", "compound", "day_only", "version")},
        **made,
        "category": {"code": row.category, "name": row.name_zh if unit.locale == "zh" else row.name_en},
        "description": row.description,
        "grid": rows.grid(row.grid_code, row.grid_name, row.grid_layer),
        "area": _named(row.area_code, row.area_name),
        "worker": rows.worker(row.worker_name, row.duty, row.grid_name, row.area_name, unit.locale, known=True),
        "department": _named(row.department_code, row.department_name),
        "flags": {
            "suspended": row.suspended_at is not None,
            "waiting": row.waiting_at is not None,
            "interim": row.interim_at is not None,
            "extension_asked": row.extension_asked_at is not None,
            "doubtful": row.confidence is not None and row.confidence < DOUBTFUL_BELOW,
            "rework": row.n_rework,
            "returns": row.n_returns,
            "extensions": row.n_extensions,
        },
    }


def _named(code: str | None, name: str | None) -> rows.Json | None:
    return None if code is None else {"code": code, "name": name}


def _plain(value: str | int | datetime | None) -> str | int | None:
    return cursors.micros(value) if isinstance(value, datetime) else value


def _after(cursor: str, chosen: worklist.Filter, order: worklist.Order) -> worklist.After:
    value, row_id = cursors.opened(cursor, (chosen, order))
    if value is None:
        return worklist.After(None, row_id)
    if order.by in _OF_TIME:
        return worklist.After(cursors.moment(value), row_id)
    fits = isinstance(value, str) and "\x00" not in value if order.by in _OF_TEXT else type(value) is int
    if not fits or (isinstance(value, int) and not 0 <= value < len(get_args(State))):
        raise Refused("cursor_invalid")
    return worklist.After(value, row_id)
