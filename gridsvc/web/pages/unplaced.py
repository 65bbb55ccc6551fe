"""The unplaced queue: a manager gives each report its grid, and the next one is there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field
from sqlalchemy import Connection
from starlette.responses import Response

from gridsvc import dossier, unplaced
from gridsvc.errors import Conflict, Forbidden, GridsvcError, NotFound, Refused
from gridsvc.grids import Placement
from gridsvc.reports import SOURCE, Position
from gridsvc.settings import Settings
from gridsvc.web import schemas
from gridsvc.web.deps import RuleDep, ServicesDep, Unit, UnitDep, may
from gridsvc.web.pages import reports, telling
from gridsvc.web.pages.ground import place
from gridsvc.web.templating import Frame, frame_of, page, report_path

router = APIRouter()

PER_PAGE = 50
STATUS: tuple[tuple[type[GridsvcError], int], ...] = (
    (NotFound, 422),
    (Refused, 422),
    (Conflict, 409),
    (Forbidden, 403),
)


class Sent(BaseModel):
    """What the form of one report sends: which one, its log row as the sender saw it, and the way it is placed.

    `how` is grid (the field), pin (lon, lat in EPSG:4326), or the code of a grid that was offered.
    """

    id: Annotated[int, Field(ge=1, le=2**63 - 1)]
    seq: Annotated[int, Field(ge=1, le=2**31 - 1)]
    number: Annotated[str, Field(max_length=200)] = ""
    source: Annotated[str, Field(max_length=200)] = ""
    repeat: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    how: Annotated[str, Field(max_length=120)] = "grid"
    grid: Annotated[str, Field(max_length=120)] = ""
    lon: Annotated[str, Field(max_length=40)] = ""
    lat: Annotated[str, Field(max_length=40)] = ""
    reason: Annotated[str, Field(max_length=40)] = ""
    after: Annotated[str, Field(max_length=80)] = ""
    back: Annotated[str, Field(max_length=20)] = "queue"


@router.get("/unplaced", response_class=HTMLResponse, dependencies=[may("place")])
def show(
    request: Request,
    unit: UnitDep,
    mine: ServicesDep,
    item: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    reason: Annotated[schemas.Words | None, Query(max_length=40)] = None,
    after: Annotated[schemas.Words | None, Query(max_length=80)] = None,
) -> Response:
    """The queue, and one of its reports to place: the one asked for, else the first."""
    return _queue(frame_of(request), unit, mine.settings, item, reason or None, after or None)


def _queue(
    frame: Frame,
    unit: Unit,
    settings: Settings,
    wanted: int | None,
    reason: str | None,
    after: str | None,
    *,
    errors: dict[str, str] | None = None,
    grid: str = "",
    status: int = 200,
    since: tuple[telling.Told, ...] = (),
) -> Response:
    items = unplaced.waiting(unit.db, PER_PAGE + 1, reason=reason, after=_place_of(after))
    following = _cursor(items[PER_PAGE - 1]) if len(items) > PER_PAGE else None
    items = items[:PER_PAGE]
    item = next((one for one in items if one.id == wanted), items[0] if items else None)
    small, near = None, tuple[unplaced.Choice, ...]()
    if item is not None:
        pin = (item.lon, item.lat) if item.lon is not None and item.lat is not None else None
        small = place(unit.db, settings, pin=pin, editable=True)
        near = unplaced.grids_near(unit.db, unit.actor, *pin) if pin else ()
    facts: dict[str, Any] = {"items": items, "item": item, "near": near, "place": small, "errors": errors or {}}
    facts |= {"reasons": unplaced.reasons(unit.db), "reason": reason, "after": after, "next": following, "grid": grid}
    facts["since"] = since
    facts["at_work"] = bool(errors or wanted or frame.asks("done"))
    return page(frame, "unplaced.html", status=status, nav="unplaced", done=_done(frame), **facts)


@dataclass(frozen=True)
class Done:
    """The report that was just placed, and the grid it went into."""

    source: str
    number: str
    repeat: int
    into: str


def _done(frame: Frame) -> Done | None:
    asked = dict(frame.query)
    if not asked.get("done"):
        return None
    repeat = asked.get("repeat", "")
    return Done(
        asked.get("source", SOURCE), asked["done"], int(repeat) if repeat.isdecimal() else 0, asked.get("into", "")
    )


@router.post("/unplaced/place", response_class=HTMLResponse, dependencies=[may("place")])
def give(request: Request, unit: UnitDep, mine: ServicesDep, rule: RuleDep, form: Annotated[Sent, Form()]) -> Response:
    """To the next report of the queue, or back with what is wrong."""
    frame = frame_of(request)
    try:
        with unit.db.begin_nested():
            key = unplaced.lock(unit.db, unit.actor, form.id, form.seq)
            where = _where(unit, form)
            placed = unplaced.place(unit.db, key, where, unit.actor, unit.now, rule)
    except GridsvcError as error:
        return _again(frame, unit, mine.settings, form, error)
    return RedirectResponse(_onward(unit.db, form, placed), 303)


def _where(unit: Unit, form: Sent) -> str | Position:
    if form.how == "pin":
        try:
            return Position(float(form.lon), float(form.lat), "wgs84")
        except ValueError:
            raise Refused("pin_missing") from None
    return unplaced.chosen(unit.db, unit.actor, form.grid if form.how == "grid" else form.how)


def _again(frame: Frame, unit: Unit, settings: Settings, form: Sent, error: GridsvcError) -> Response:
    status = next((status for kind, status in STATUS if isinstance(error, kind)), 422)
    field = "pin-map" if form.how == "pin" else "grid"
    errors = {field: frame.says(error.code, **error.facts)}
    seen = form.seq if error.code == "version_stale" else None
    if form.back == "report":
        found = dossier.load_one(unit.db, unit.actor, form.number, form.source, form.repeat)
        return reports.one(frame, unit.db, settings, found, errors=errors, status=status, seen=seen)
    return _queue(
        frame,
        unit,
        settings,
        form.id,
        form.reason or None,
        form.after or None,
        errors=errors,
        grid=form.grid,
        status=status,
        since=() if seen is None else _since(frame, unit, form, seen),
    )


def _since(frame: Frame, unit: Unit, form: Sent, seen: int) -> tuple[telling.Told, ...]:
    """What happened to the report behind the log row that its sender saw."""
    found = dossier.load_one(unit.db, unit.actor, form.number, form.source, form.repeat)
    log = telling.history(frame, found, dossier.folder(unit.db, unit.actor, found, unit.now))
    return tuple(one for one in log if one.entry.seq > seen)


def _onward(db: Connection, form: Sent, placed: Placement) -> str:
    if form.back == "report":
        path = report_path(form)
        return path + ("&" if "?" in path else "?") + "done=true"
    reason = form.reason or None
    behind = unplaced.waiting(db, 1, reason=reason, after=_place_of(form.after))
    query = {"done": form.number, "source": form.source, "repeat": str(form.repeat)}
    query["into"] = f"{placed.name} {placed.code}"
    if reason:
        query["reason"] = reason
    if form.after and behind:
        query["after"] = form.after
    return f"/unplaced?{urlencode(query)}"


def _cursor(item: unplaced.Item) -> str:
    return f"{item.received_at.isoformat()}~{item.id}"


def _place_of(cursor: str | None) -> tuple[datetime, int] | None:
    at, _, row_id = (cursor or "").partition("~")
    try:
        place = datetime.fromisoformat(at), int(row_id)
    except ValueError:
        return None
    return place if 0 < place[1] < 2**63 else None
