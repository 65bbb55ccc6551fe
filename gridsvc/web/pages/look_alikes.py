"""Doors that look alike as pages: two of one compound side by side, said to be two or one, or offered again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field
from starlette.responses import Response

from gridsvc import compounds, door_merges, household_reading, households
from gridsvc.errors import Conflict, GridsvcError, NotFound, Refused
from gridsvc.web.deps import Unit, UnitDep, may
from gridsvc.web.templating import Frame, frame_of, page

router = APIRouter()

Id = Annotated[int, Field(ge=1, le=2**62)]


class Sent(BaseModel):
    """What the form of one pair sends."""

    one: Id
    other: Id
    act: Annotated[str, Field(max_length=20)]
    words: Annotated[str, Field(max_length=400)] = ""


@router.get("/households/look-alikes", response_class=HTMLResponse, dependencies=[may("manage_households")])
def listed(request: Request, unit: UnitDep) -> Response:
    """The pairs that are offered, and those that somebody said are two."""
    return _list(frame_of(request), unit, {})


@router.post("/households/look-alikes", response_class=HTMLResponse, dependencies=[may("manage_households")])
def say(request: Request, unit: UnitDep, form: Annotated[Sent, Form()]) -> Response:
    """Says that two doors are two, with the reason, or takes it back; then the list again."""
    frame = frame_of(request)
    try:
        with unit.db.begin_nested():
            if form.act == "apart":
                households.set_apart(unit.db, form.one, form.other, form.words, unit.actor, unit.now)
            elif form.act == "alike":
                households.offer_again(unit.db, form.one, form.other, unit.actor, unit.now)
            else:
                raise Refused("action_unknown", action=form.act)
    except GridsvcError as error:
        wrong = {f"f-{form.one}-{form.other}": frame.says(error.code, **error.facts)}
        return _list(frame, unit, wrong, status=409 if isinstance(error, Conflict) else 422)
    return RedirectResponse(frame.here(done=form.act), 303)


class Merge(BaseModel):
    """What the form of two entries that are one door sends."""

    keep: Annotated[int, Field(ge=0, le=2**62)] = 0
    one: Id
    other: Id
    version: Annotated[str, Field(max_length=40)] = ""
    words: Annotated[str, Field(max_length=400)] = ""


@router.get("/households/look-alikes/one", response_class=HTMLResponse, dependencies=[may("manage_households")])
def pair(request: Request, unit: UnitDep, one: Annotated[Id, Query()], other: Annotated[Id, Query()]) -> Response:
    """Two entries side by side: which of them stays, and what becomes of the other."""
    return _pair(frame_of(request), unit, (one, other), {})


@router.post("/households/look-alikes/one", response_class=HTMLResponse, dependencies=[may("manage_households")])
def merge(request: Request, unit: UnitDep, form: Annotated[Merge, Form()]) -> Response:
    """To the file of the entry that stays; or the two again, as they are now, with what is wrong."""
    frame = frame_of(request)
    ids = (form.one, form.other)
    if form.keep not in ids:
        return _pair(frame, unit, ids, {"f-keep": frame.words("pages.look_alikes.keep_missing")}, form, 422)
    gone = form.other if form.keep == form.one else form.one
    try:
        with unit.db.begin_nested():
            door_merges.merge(unit.db, form.keep, gone, form.words, form.version, unit.actor, unit.now, frame.zone)
    except GridsvcError as error:
        wrong = {"f-words": frame.says(error.code, **error.facts)}
        return _pair(frame, unit, ids, wrong, form, 409 if isinstance(error, Conflict) else 422)
    return RedirectResponse(f"/households/{form.keep}?done=merged", 303)


def _pair(
    frame: Frame,
    unit: Unit,
    ids: tuple[int, int],
    errors: dict[str, str],
    form: Merge | None = None,
    status: int = 200,
) -> Response:
    try:
        both = door_merges.compare(unit.db, *ids, unit.actor, unit.now, frame.zone)
    except (NotFound, Refused):
        if not errors:
            raise
        return _list(frame, unit, errors, status=status)  # nothing is left to choose from
    facts = {"both": both, "form": form, "errors": errors}
    return page(frame, "look_alike_pair.html", status=status, nav="campaigns", **facts)


def _list(frame: Frame, unit: Unit, errors: dict[str, str], *, status: int = 200) -> Response:
    query = dict(frame.query)
    asked = (query.get("compound") or "").strip()[:100]
    known = compounds.ids_like(unit.db, asked) if asked else None
    pairs = {
        apart: household_reading.near_duplicates(unit.db, unit.actor, compound_ids=known, apart=apart)
        for apart in (False, True)
    }
    return page(
        frame,
        "look_alikes.html",
        status=status,
        nav="campaigns",
        offered=pairs[False],
        apart=pairs[True],
        most=household_reading.MOST_PAIRS,
        asked=asked,
        errors=errors,
        done="" if errors else (query.get("done") or "")[:20],
    )
