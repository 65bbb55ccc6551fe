"""The campaigns of visits: the list, setting one up, drawing its list of doors, ending it."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field
from sqlalchemy import Connection, select
from starlette.responses import Response

from gridsvc import campaigns, coverage
from gridsvc.campaigns import Wanted
from gridsvc.db import tables as t
from gridsvc.errors import Conflict, GridsvcError
from gridsvc.rules.coverage import figures
from gridsvc.web import schemas
from gridsvc.web.api import coverage_files
from gridsvc.web.deps import Unit, UnitDep, may
from gridsvc.web.pages import filters
from gridsvc.web.templating import Frame, frame_of, page

router = APIRouter()

MOST_AREAS = 400
Code = Annotated[schemas.Words, Path(max_length=40)]
Word = Annotated[str, Field(max_length=40)]


class Sent(BaseModel):
    """What the form sends, as it was typed."""

    code: Annotated[str, Field(max_length=80)] = ""
    name: Annotated[str, Field(max_length=400)] = ""
    starts_on: Annotated[str, Field(max_length=40)] = ""
    ends_on: Annotated[str, Field(max_length=40)] = ""
    kinds: Annotated[list[Word], Field(max_length=10)] = Field(default_factory=list)
    class_codes: Annotated[list[Word], Field(max_length=50)] = Field(default_factory=list)
    area_codes: Annotated[list[Word], Field(max_length=MOST_AREAS)] = Field(default_factory=list)
    modes: Annotated[list[Word], Field(max_length=10)] = Field(default_factory=list)
    n_times: Annotated[str, Field(max_length=10)] = "1"
    by_whom: Annotated[str, Field(max_length=400)] = ""
    questions: Annotated[str, Field(max_length=20_000)] = ""
    n_issued: Annotated[str, Field(max_length=10)] = ""
    n_returned: Annotated[str, Field(max_length=10)] = ""
    target_percent: Annotated[str, Field(max_length=10)] = "95"


EMPTY = Sent(kinds=["household"], modes=["door"])


def campaign_path(code: str, below: str = "") -> str:
    """The address of a campaign's board, or of something below it."""
    return f"/campaigns/{quote(code, safe='')}{below}"


@router.get("/campaigns", response_class=HTMLResponse, dependencies=[may("read_campaigns")])
def show(request: Request, unit: UnitDep) -> Response:
    """The campaigns, the latest first, each with its coverage as far as this reader sees it."""
    frame = frame_of(request)
    rows = []
    for one in campaigns.listed(unit.db):
        table = None
        if one.drawn_at is not None:
            query = coverage.Query(by=("subdistrict",), campaign=one.code)
            table = coverage.table(unit.db, query, unit.actor, unit.now, frame.zone)
        counts = {} if table is None else table.counts  # none where they are hidden from this reader
        rows.append((one, counts, {figure.id: figure for figure in figures(counts)} if counts else {}))
    facts: dict[str, Any] = {"rows": rows, "path": campaign_path, "printed": coverage_files.MAP_NOTES}
    return page(frame, "campaigns.html", nav="campaigns", **facts)


@router.get("/campaigns/new", response_class=HTMLResponse, dependencies=[may("manage_campaigns")])
def blank(request: Request, unit: UnitDep) -> Response:
    """The form of a new campaign."""
    return _form(frame_of(request), unit, EMPTY, {}, None)


@router.post("/campaigns/new", response_class=HTMLResponse, dependencies=[may("manage_campaigns")])
def create(request: Request, unit: UnitDep, form: Annotated[Sent, Form()]) -> Response:
    """To the new campaign's board; or the form with what is wrong."""
    frame = frame_of(request)
    errors: dict[str, str] = {}
    wanted = _wanted(frame, form, errors)
    code = form.code.strip().lower()
    if not code:
        errors["f-code"] = frame.words("pages.campaigns.code_missing")
    if wanted is not None and not errors:
        try:
            with unit.db.begin_nested():
                campaigns.create(unit.db, code, wanted, unit.actor, unit.now, frame.zone)
        except GridsvcError as error:
            return _form(frame, unit, form, _told(frame, error), None, 409 if isinstance(error, Conflict) else 422)
        return RedirectResponse(campaign_path(code) + "?done=made", 303)
    return _form(frame, unit, form, errors, None, 422)


@router.get("/campaigns/{code}/change", response_class=HTMLResponse, dependencies=[may("manage_campaigns")])
def changing(request: Request, unit: UnitDep, code: Code) -> Response:
    """The form of a campaign that is there."""
    return _form(frame_of(request), unit, _typed(campaigns.one(unit.db, code)), {}, campaigns.one(unit.db, code))


@router.post("/campaigns/{code}/change", response_class=HTMLResponse, dependencies=[may("manage_campaigns")])
def change(request: Request, unit: UnitDep, code: Code, form: Annotated[Sent, Form()]) -> Response:
    """To the board; or the form with what is wrong. What is fixed by now is left as it is."""
    frame = frame_of(request)
    held = campaigns.one(unit.db, code)
    kept = campaigns.fixed(held.state)
    errors: dict[str, str] = {}
    wanted = _wanted(frame, _over(form, _typed(held), kept), errors)
    if wanted is not None and not errors:
        changes = {name: value for name, value in vars(wanted).items() if name not in kept}
        try:
            with unit.db.begin_nested():
                campaigns.change(unit.db, code, changes, unit.now, frame.zone)
        except GridsvcError as error:
            return _form(frame, unit, form, _told(frame, error), held, 409 if isinstance(error, Conflict) else 422)
        return RedirectResponse(campaign_path(code) + "?done=changed", 303)
    return _form(frame, unit, form, errors, held, 422)


@router.post("/campaigns/{code}/draw", dependencies=[may("manage_campaigns")])
def draw(unit: UnitDep, code: Code) -> Response:
    """To the board, the list of doors drawn from the register as it is now."""
    campaigns.draw(unit.db, code, unit.now)
    return RedirectResponse(campaign_path(code) + "?done=drawn", 303)


@router.post("/campaigns/{code}/end", dependencies=[may("manage_campaigns")])
def end(unit: UnitDep, code: Code) -> Response:
    """To the board, the campaign ended."""
    campaigns.end(unit.db, code, unit.now)
    return RedirectResponse(campaign_path(code) + "?done=ended", 303)


def _form(
    frame: Frame, unit: Unit, form: Sent, errors: dict[str, str], held: campaigns.Campaign | None, status: int = 200
) -> Response:
    fixed = frozenset() if held is None else campaigns.fixed(held.state)
    facts: dict[str, Any] = {"form": form, "errors": errors, "held": held, "fixed": fixed, "path": campaign_path}
    facts |= {"kinds": t.DOOR_KINDS, "modes": t.MODES, "classes": _classes(unit.db), "areas": _areas(unit.db)}
    return page(frame, "campaign_form.html", status=status, nav="campaigns", **facts)


def _classes(db: Connection) -> list[Any]:
    c = t.household_class.c
    return list(db.execute(select(c.code, c.name_zh, c.name_en).where(c.active, ~c.sensitive).order_by(c.code)))


def _areas(db: Connection) -> list[Any]:
    a = t.area.c
    chosen = select(a.code, a.name, a.level).where(a.level.in_(("subdistrict", "community")))
    return list(db.execute(chosen.order_by(a.code).limit(MOST_AREAS)))


def _typed(held: campaigns.Campaign) -> Sent:
    w = held.wanted
    return Sent(
        code=held.code,
        name=w.name,
        starts_on=w.starts_on.isoformat(),
        ends_on=w.ends_on.isoformat(),
        kinds=list(w.kinds),
        class_codes=list(w.class_codes or ()),
        area_codes=list(w.area_codes),
        modes=list(w.modes),
        n_times=str(w.n_times),
        by_whom=w.by_whom,
        questions="\n".join(w.questions),
        n_issued=str(w.n_issued),
        n_returned=str(w.n_returned),
        target_percent=str(w.target_percent),
    )


def _over(form: Sent, held: Sent, kept: frozenset[str]) -> Sent:
    """The form with the fields that are fixed as they are held: a browser does not send them."""
    return form.model_copy(update={name: getattr(held, name) for name in (*kept, "code")})


def _wanted(frame: Frame, form: Sent, errors: dict[str, str]) -> Wanted | None:
    """What the form asks for; None where something is missing or unreadable, then `errors` has it."""
    first = filters.day(form.starts_on.strip(), "f-starts_on", frame, errors)
    last = filters.day(form.ends_on.strip(), "f-ends_on", frame, errors)
    for name, value in (("name", form.name.strip()), ("starts_on", form.starts_on), ("ends_on", form.ends_on)):
        if not value.strip():
            errors[f"f-{name}"] = frame.words(f"pages.campaigns.{name}_missing")
    numbers = {name: _number(getattr(form, name), least) for name, least in _LEAST.items()}
    for name, number in numbers.items():
        if number is None:
            errors[f"f-{name}"] = frame.words("pages.campaigns.number_wrong", found=getattr(form, name)[:20])
    kinds = tuple(one for one in t.DOOR_KINDS if one in form.kinds)
    modes = tuple(one for one in t.MODES if one in form.modes)
    if not form.target_percent.strip() or (numbers["target_percent"] or 0) > 100:
        errors["f-target_percent"] = frame.words("pages.campaigns.percent_wrong", found=form.target_percent[:20])
    if not kinds:
        errors["f-kinds"] = frame.words("pages.campaigns.kinds_missing")
    if not modes:
        errors["f-modes"] = frame.words("pages.campaigns.modes_missing")
    if errors or first is None or last is None:
        return None
    asked = tuple(line.strip() for line in re.split(r"[\r\n]+", form.questions) if line.strip())
    return Wanted(
        name=form.name.strip(),
        starts_on=first,
        ends_on=last,
        kinds=kinds,
        class_codes=tuple(form.class_codes) or None,
        area_codes=tuple(form.area_codes),
        modes=modes,
        by_whom=form.by_whom.strip(),
        questions=asked,
        **{name: number for name, number in numbers.items() if number is not None},
    )


_LEAST = {"n_times": 1, "n_issued": 0, "n_returned": 0, "target_percent": 1}


def _number(text: str, least: int) -> int | None:
    text = text.strip() or str(least)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 and int(text) >= least else None


def _told(frame: Frame, error: GridsvcError) -> dict[str, str]:
    """A refusal at the field that it is about."""
    at = {"campaign_days": "f-ends_on", "campaign_class_unknown": "f-classes", "campaign_area_unknown": "f-areas"}
    return {at.get(error.code, "f-code"): frame.says(error.code, **error.facts)}
