"""A worker's day: the doors to visit in walking order, and recording a visit with two taps."""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field
from starlette.responses import Response

from gridsvc import campaigns, categories, household_reading, mop_up, today, visit_reading, visits
from gridsvc.db import tables as t
from gridsvc.errors import Conflict, Forbidden, GridsvcError, Refused
from gridsvc.web import schemas
from gridsvc.web.deps import RuleDep, Unit, UnitDep, may
from gridsvc.web.templating import Frame, frame_of, page

router = APIRouter()

POLICIES = ("anti_fraud", "fire_safety", "medical", "pension", "employment", "waste_sorting", "legal")
SHOWN = 60  # doors of a day that are listed at first
Id = Annotated[int, Path(ge=1, le=2**62)]
Short = Annotated[str, Field(max_length=80)]
Long = Annotated[str, Field(max_length=8000)]


class Sent(BaseModel):
    """What the form of a visit sends, as it was typed."""

    client_key: Short = ""
    outcome: Short = ""
    mode: Short = "door"
    n_met: Short = ""
    x: Short = ""
    y: Short = ""
    accuracy_m: Short = ""
    happened_at: Short = ""
    sent_at: Short = ""
    policies: Annotated[list[Short], Field(max_length=50)] = Field(default_factory=list)
    answers: Annotated[list[Annotated[str, Field(max_length=2000)]], Field(max_length=50)] = Field(default_factory=list)
    need_category: Short = ""
    need_words: Long = ""
    needs: Long = ""
    issued: bool = False
    returned: bool = False
    supersedes: Short = ""
    back: Annotated[str, Field(max_length=400)] = ""


@router.get("/my-day", response_class=HTMLResponse, dependencies=[may("record_visit")])
def day(request: Request, unit: UnitDep) -> Response:
    """The doors of the own grids that are still to be reached, in walking order; what was just recorded, to undo."""
    frame = frame_of(request)
    asked = dict(frame.query)
    running = [one for one in campaigns.listed(unit.db) if one.state == "running"]
    code = asked.get("campaign", "")
    chosen = next((one for one in running if one.code == code), running[0] if running else None)
    most = mop_up.MOST_DOORS if asked.get("all") else SHOWN
    walk = None
    with suppress(Refused):  # of too many doors: the page sends to where a grid is chosen
        walk = mop_up.walk(unit.db, unit.actor, chosen, unit.now, frame.zone, most=most)
    facts: dict[str, Any] = {"running": running, "chosen": chosen, "walk": walk, "done": _recorded(unit, asked)}
    facts["most_seen"] = mop_up.MOST_SEEN
    facts["n_today"] = mop_up.n_today(unit.db, unit.actor, unit.now, frame.zone)
    worker_id = unit.actor.worker_id
    facts["has_duty"] = worker_id is None or bool(today.own_grids(unit.db, worker_id))
    facts |= {"undone": asked.get("undone") == "true", "key": str(uuid.uuid4())}
    return page(frame, "my_day.html", nav="my_day", **facts)


def _recorded(unit: Unit, asked: dict[str, str]) -> visit_reading.Visit | None:
    """The visit that was just recorded by this very reader."""
    known = _uuid(asked.get("done", ""))
    return None if known is None else visit_reading.own(unit.db, known, unit.actor)


@router.get("/visit/{household_id}", response_class=HTMLResponse, dependencies=[may("record_visit")])
def ask(request: Request, unit: UnitDep, household_id: Id) -> Response:
    """The form of a visit to a door."""
    frame = frame_of(request)
    # Without a script the visit happened when its form was opened; a second sending of the form says the same.
    form = Sent(
        client_key=str(uuid.uuid4()), happened_at=unit.now.isoformat(), back=dict(frame.query).get("back", "")[:400]
    )
    return _form(frame, unit, household_id, form, {})


@router.post("/visit/{household_id}", response_class=HTMLResponse, dependencies=[may("record_visit")])
def record(request: Request, unit: UnitDep, rule: RuleDep, household_id: Id, form: Annotated[Sent, Form()]) -> Response:
    """Back to where the door was chosen; or the form with what is wrong. The same form sent twice records once."""
    frame = frame_of(request)
    errors: dict[str, str] = {}
    draft = _draft(frame, unit, household_id, form, errors)
    if draft is None:
        return _form(frame, unit, household_id, form, errors, 422)
    try:
        with unit.db.begin_nested():
            visits.record(unit.db, draft, unit.actor, unit.now, rule)
    except GridsvcError as error:
        held = visit_reading.own(unit.db, draft.client_key, unit.actor) if error.code == "visit_key_used" else None
        if held is not None and (held.household_id, held.outcome) == (household_id, draft.outcome):
            return _recorded_now(form, draft)  # sent again, only the position is another
        status = 409 if isinstance(error, Conflict) else 403 if isinstance(error, Forbidden) else 422
        field = "v-need_category" if error.code.startswith("category") else "v-n_met"
        return _form(frame, unit, household_id, form, {field: frame.says(error.code, **error.facts)}, status)
    return _recorded_now(form, draft)


def _recorded_now(form: Sent, draft: visits.Draft) -> Response:
    told = "undone=true" if draft.outcome == t.WITHDRAWN else f"done={draft.client_key}"
    back = _back(form.back)
    return RedirectResponse(f"{back}{'&' if '?' in back else '?'}{told}", 303)


def _back(path: str) -> str:
    """Where the form was opened: a page of ours, or the day."""
    inside = path.startswith(("/my-day", "/households/", "/campaigns/")) and "\\" not in path
    return path if inside else "/my-day"


def _form(
    frame: Frame, unit: Unit, household_id: int, form: Sent, errors: dict[str, str], status: int = 200
) -> Response:
    door = household_reading.read(unit.db, unit.actor, household_id, unit.now, frame.zone)
    label = f"{door.compound or ''} {door.label(frame.lang) or door.name or ''}".strip()
    past = [one for one in visit_reading.of_door(unit.db, household_id, unit.actor, limit=5) if not one.superseded]
    facts: dict[str, Any] = {"door": door, "label": label, "form": form, "errors": errors, "back": _back(form.back)}
    facts |= {"key": form.client_key, "outcomes": t.OUTCOMES, "modes": t.MODES, "policies": POLICIES}
    facts |= {"questions": _questions(unit), "categories": categories.listed(unit.db)}
    facts |= {"last": past[0] if past else None}
    return page(frame, "visit.html", status=status, nav="my_day", **facts)


def _questions(unit: Unit) -> tuple[str, ...]:
    """What the running campaigns ask, each question once."""
    running = (one for one in campaigns.listed(unit.db) if one.state == "running")
    return tuple(dict.fromkeys(question for one in running for question in one.wanted.questions))


def _draft(frame: Frame, unit: Unit, household_id: int, form: Sent, errors: dict[str, str]) -> visits.Draft | None:
    key = _uuid(form.client_key)
    if key is None:
        form.client_key = str(uuid.uuid4())
        errors["v-n_met"] = frame.words("pages.visit.again_please")
        return None
    met = form.n_met.strip()
    if met and not (met.isascii() and met.isdigit() and len(met) < 5):
        errors["v-n_met"] = frame.words("pages.campaigns.number_wrong", found=met[:20])
    need, words = None, _text(form.need_words)
    if form.need_category or words:
        if not form.need_category:
            errors["v-need_category"] = frame.words("pages.visit.category_missing")
        need = visits.Need(_text(form.need_category), words)
    if errors:
        return None
    reached = form.outcome == "reached"
    asked = _questions(unit)
    answers = {q: _text(a) for q, a in zip(asked, form.answers, strict=False) if _text(a)}
    x, y, accuracy_m = _number(form.x), _number(form.y), _number(form.accuracy_m)
    # A position that may be anywhere in the district says nothing, and would keep the visit from being flagged far.
    placed = x is not None and y is not None and 0 <= (accuracy_m or 0) <= schemas.MAX_ACCURACY_M
    return visits.Draft(
        key,
        household_id,
        form.outcome,
        _moment(form.happened_at) or unit.now,
        mode=form.mode,
        sent_at=_moment(form.sent_at),
        n_met=int(met) if met and reached else None,
        x=x if placed else None,
        y=y if placed else None,
        crs="wgs84" if placed else None,
        accuracy_m=accuracy_m if placed else None,
        needs=_text(form.needs) or None,
        policies=tuple(one for one in POLICIES if one in form.policies),
        answers=answers or None,
        n_issued=int(form.issued),
        n_returned=int(form.returned),
        supersedes=_uuid(form.supersedes),
        need=need,
    )


def _text(typed: str) -> str:
    """What was typed, without what no column can hold."""
    return typed.replace("\x00", "").strip()


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _number(text: str) -> float | None:
    try:
        return float(text) if text.strip() else None
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    """A time as a script writes it; None for any other words."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
