"""What staff do to a report from its page: one form for every action, the unmasked contact once, and the slip."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field
from starlette.responses import Response

from geodata.errors import FileRefused
from gridsvc import cases, dossier, handling, surroundings, terms
from gridsvc.errors import Conflict, Forbidden, GridsvcError, NotFound, Refused
from gridsvc.handling import NO_CONDITION
from gridsvc.reports import SOURCE
from gridsvc.rules.lifecycle import TABLE
from gridsvc.rules.roles import require
from gridsvc.web import schemas
from gridsvc.web.api import period
from gridsvc.web.deps import RuleDep, ServicesDep, Unit, UnitDep, may
from gridsvc.web.form_photos import TakenDep
from gridsvc.web.pages import deeds, reports, telling
from gridsvc.web.services import Services
from gridsvc.web.templating import Frame, frame_of, page, report_path

router = APIRouter()

MAX_NOTE = 4000
STATUS: tuple[tuple[type[Exception], int], ...] = ((Conflict, 409), (Forbidden, 403))
HANDED_OVER = ("dispatch", "claim")  # what a slip tells of
# Facts of a refusal that are codes, and what people call these.
WORDED = (("state", "state"), ("action", "deed"), ("missing", "missing"), ("allowed", "deed"), ("known", "reason"))

Refusal = GridsvcError | FileRefused
Number = Annotated[schemas.Words, Path(max_length=200)]
Source = Annotated[schemas.Words, Query(max_length=200)]
Repeat = Annotated[int, Query(ge=0, le=2**31 - 1)]
Code = Annotated[str, Field(max_length=100)]


class Sent(BaseModel):
    """What the form of an action sends; each action fills what it asks for."""

    action: Annotated[str, Field(max_length=40)]
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    note: Annotated[str, Field(max_length=40_000)] = ""
    department: Code = ""
    assist: Annotated[list[Code], Field(max_length=20)] = Field(default_factory=list)
    departments: Annotated[list[Code], Field(max_length=20)] = Field(default_factory=list)
    category: Code = ""
    condition: Annotated[str, Field(max_length=20)] = ""
    parent: Code = ""
    near: Code = ""  # a button beside the field: one of the similar reports
    until: Annotated[str, Field(max_length=40)] = ""
    at: Annotated[str, Field(max_length=40)] = ""
    card: Annotated[str, Field(max_length=10)] = ""
    score: Annotated[str, Field(max_length=3)] = ""
    reason: Annotated[str, Field(max_length=100)] = ""
    photos: Annotated[list[Code], Field(max_length=40)] = Field(default_factory=list)
    sure: Annotated[str, Field(max_length=5)] = ""

    def kept(self) -> deeds.Kept:
        """What the page shows again where the action was refused."""
        values = {name: value for name, value in self.model_dump().items() if isinstance(value, str)}
        several = {"assist": self.assist, "departments": self.departments, "photos": self.photos}
        return deeds.Kept(self.action, values, {name: tuple(found) for name, found in several.items()})


@router.get("/reports/{number:path}/act", dependencies=[may("read_reports")])
def back(number: Number, request: Request, source: Source = SOURCE, repeat: Repeat = 0) -> Response:
    """To the report: who reloads the answer to a form comes here."""
    path = request.url.path.removesuffix("/act")
    return RedirectResponse(path + (f"?{request.url.query}" if request.url.query else ""), 303)


@router.post("/reports/{number:path}/act", response_class=HTMLResponse, dependencies=[may("read_reports")])
def act(
    request: Request,
    unit: UnitDep,
    mine: ServicesDep,
    rule: RuleDep,
    number: Number,
    form: Annotated[Sent, Form()],
    taken: TakenDep,
    source: Source = SOURCE,
    repeat: Repeat = 0,
) -> Response:
    """Does the action and goes back to the report; or the report with what is wrong, and all that was written."""
    frame = frame_of(request)
    form.photos = list(dict.fromkeys([*form.photos, *taken.photos]))
    held = cases.read(unit.db, _seen(unit, number, source, repeat).said.id)
    try:
        if taken.refusal is not None:
            raise taken.refusal
        with unit.db.begin_nested():
            held = handling.hold(
                unit.db, unit.actor, number, source, repeat, placing=form.action == "place", parent=form.parent or None
            )
            if form.action in TABLE:
                require(unit.actor, form.action)
            cases.check_version(unit.db, held, form.version)
            if form.action in deeds.ASKED_ONCE and not form.sure:
                _unsure(held, form.action, unit)
            wish = _wish(unit, form)
            agreed = terms.load(unit.db, **mine.settings.agreed)
            handling.act(unit.db, unit.actor, held, wish, unit.now, agreed, rule)
    except (GridsvcError, FileRefused) as error:
        found = _seen(unit, number, source, repeat)
        return _again(frame, unit, mine, found, form, error)
    try:
        found = _seen(unit, number, source, repeat)
    except NotFound:
        return page(frame, "report_gone.html", nav="reports", number=number, action=form.action)
    if form.action == "unmask":
        contact, found = dossier.contact(unit.db, held.id), dossier.unmasked(unit.db, found)
        return reports.one(frame, unit.db, mine.settings, found, done=form.action, contact=contact)
    path = report_path(found.said)
    return RedirectResponse(f"{path}{'&' if '?' in path else '?'}done={form.action}", 303)


def _unsure(held: cases.Held, action: str, unit: Unit) -> None:
    """Returns where the action is not possible anyhow, and says so itself."""
    if action in cases.actions(held, unit.actor, unit.now):
        raise Refused("not_sure", action=action)


def _seen(unit: Unit, number: str, source: str, repeat: int) -> dossier.Dossier:
    return dossier.load_one(unit.db, unit.actor, number, source, repeat)


def _wish(unit: Unit, form: Sent) -> handling.Wish:
    note = _plain(form.note).strip()
    if len(note) > MAX_NOTE:
        raise Refused("note_too_long", max=MAX_NOTE, n=len(note))
    return handling.Wish(
        action=form.action,
        version=form.version,
        note=note or None,
        reason=_plain(form.reason) or None,
        department=form.department or None,
        assist=tuple(dict.fromkeys(form.assist)),
        departments=tuple(dict.fromkeys(form.departments)),
        category=form.category or None,
        condition=NO_CONDITION if form.condition == NO_CONDITION else _whole(form.condition),
        parent=_plain(form.near or form.parent).strip() or None,
        until=_moment(unit, form.until),
        at=_moment(unit, form.at),
        card=form.card or None,
        score=_whole(form.score),
        photos=tuple(form.photos),
    )


def _whole(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


def _plain(text: str) -> str:
    return text.replace("\x00", "").replace("\r\n", "\n")


def _moment(unit: Unit, text: str) -> datetime | None:
    if not text.strip():
        return None
    try:
        at = schemas.moment(text.strip())
    except ValueError:
        raise Refused("moment_unreadable", found=text[:40]) from None
    return period.instant(at, unit.mine.settings.zone)


def _again(frame: Frame, unit: Unit, mine: Services, found: dossier.Dossier, form: Sent, error: Refusal) -> Response:
    status = next((status for kind, status in STATUS if isinstance(error, kind)), 422)
    field = deeds.field_of(form.action, error.code, error.facts)
    if error.code == "moment_unreadable":
        field = f"act-{form.action}-{'until' if form.until else 'at'}"
    stale = error.code == "version_stale"
    return reports.one(
        frame,
        unit.db,
        mine.settings,
        found,
        errors={field: said(frame, form.action, error)},
        status=status,
        kept=form.kept(),
        seen=form.version if stale else None,
    )


def said(frame: Frame, action: str, error: Refusal) -> str:
    """Why an action was refused, with the words of the page for the codes in it."""
    facts: dict[str, object] = dict(error.facts)
    if error.code == "note_missing":
        return frame.words("pages.words.missing", words=frame.words(f"pages.words.{deeds.WORDS.get(action, 'reason')}"))
    joint = "、" if frame.lang == "zh" else ", "
    for name, kind in WORDED:
        if name in facts:
            codes = str(facts[name]).split(", ")
            facts[name] = joint.join(frame.label(kind, code) for code in codes)
    return frame.says(error.code, **facts)


@router.get("/reports/{number:path}/slip", response_class=HTMLResponse, dependencies=[may("read_reports")])
def slip(
    request: Request,
    unit: UnitDep,
    mine: ServicesDep,
    number: Number,
    source: Source = SOURCE,
    repeat: Repeat = 0,
) -> Response:
    """The dispatch slip (交办单) of a report, for A4 paper."""
    frame = frame_of(request)
    found = _seen(unit, number, source, repeat)
    folder = dossier.folder(unit.db, unit.actor, found, unit.now)
    case = folder.held.case
    issued = next((one for one in reversed(found.log) if one.action in HANDED_OVER), None)
    facts: dict[str, Any] = {"dossier": found, "folder": folder, "case": case}
    facts |= {"issued": issued if case.department_id is not None else None, "limit": partial(telling.limit, frame)}
    facts |= {"steps": [*(case.milestones or ()), *([case.due_limit] if case.due_limit else [])]}
    facts["instant"] = telling.instant
    said = found.said
    facts |= {"nearby": "", "extract": None}
    if said.lon is not None and said.lat is not None:
        facts["nearby"] = telling.nearby(frame, surroundings.landmarks(unit.db, said.lon, said.lat))
        facts["extract"] = surroundings.extract(unit.db, said.lon, said.lat, found.now.code)
    return page(frame, "slip.html", nav="reports", **facts)
