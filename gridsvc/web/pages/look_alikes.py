"""Doors that look alike as a page: two of one compound side by side, said to be two, or offered again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field
from starlette.responses import Response

from gridsvc import compounds, household_reading, households
from gridsvc.errors import Conflict, GridsvcError, Refused
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
