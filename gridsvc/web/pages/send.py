"""A resident's report: no account, no script needed; the key made with the form makes a second sending harmless."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse
from pydantic import ValidationError
from starlette.responses import Response

from geodata.errors import FileRefused
from gridsvc import categories, compounds, joins, reports, terms
from gridsvc.errors import GridsvcError, TooMany
from gridsvc.rules.cells import square
from gridsvc.rules.roles import require
from gridsvc.web import captcha, proofs
from gridsvc.web.api import joining, rows
from gridsvc.web.deps import RuleDep, ServicesDep, Unit, UnitDep
from gridsvc.web.form_photos import TakenDep
from gridsvc.web.pages.ground import place
from gridsvc.web.pages.sending import MISFIT, Draft, Wrong, draft_of, icons, kinds, refused
from gridsvc.web.qr import drawn
from gridsvc.web.services import Services
from gridsvc.web.templating import Frame, frame_of, page

router = APIRouter()

NAMES = 1000  # more compounds than this and their names are typed, not chosen
MOST_PHOTOS = 4  # a form's; the API takes more


@router.get("/report", response_class=HTMLResponse)
def show(request: Request, unit: UnitDep, mine: ServicesDep) -> Response:
    """The empty form."""
    require(unit.actor, "submit")
    proofs.give(request, unit)
    # who has an account needs no link
    secret = "" if unit.actor.known else secrets.token_urlsafe(16)
    return _form(frame_of(request), unit, mine, Draft(client_key=str(uuid.uuid4()), secret=secret))


@router.post("/report", response_class=HTMLResponse)
def send(
    request: Request,
    unit: UnitDep,
    mine: ServicesDep,
    rule: RuleDep,
    form: Annotated[Draft, Form()],
    taken: TakenDep,
) -> Response:
    """What became of the report: its number, its grid, the post that has it; or the form with what is wrong."""
    require(unit.actor, "submit")
    frame = frame_of(request)
    if taken.photos:  # they are stored: where the form comes back, it names them
        form = form.model_copy(update={"photos": ",".join([*filter(None, [form.photos]), *taken.photos])})
    if not form.client_key:
        form = form.model_copy(update={"client_key": str(uuid.uuid4())})
    try:
        if taken.refusal is not None:
            raise taken.refusal
        if form.website and not unit.actor.known:
            wrong = Wrong({"website": frame.words("pages.send.website_filled")})
            return _form(frame, unit, mine, form, wrong)
        if form.join:
            return _join(request, unit, frame, form)
        draft = draft_of(form, frame)
        if isinstance(draft, Wrong):
            return _form(frame, unit, mine, form, draft)
        held_up = _held_up(request, unit, frame, form, draft)
        if held_up is not None:
            shown = form.model_copy(update={"seen": _seen(form)}) if held_up.similar else form
            return _form(frame, unit, mine, shown, held_up)
        agreed = partial(terms.load, **mine.settings.agreed)
        with unit.db.begin_nested():  # the form comes back, and nothing is stored, where a photo is unknown
            stored = reports.submit(unit.db, draft, unit.actor, unit.now, rule, agreed)
            proofs.take_place(unit, stored)
    except (GridsvcError, FileRefused) as error:
        return _form(frame, unit, mine, *refused(form, frame, error))
    told_of = rows.placed(stored.placement, frame.lang, known=unit.actor.known)
    facts: dict[str, Any] = {"sent": stored, "told": told_of, "tell": form.tell if form.for_other else None}
    facts |= _link(request, stored.number, form)
    return _private(page(frame, "sent.html", status=201 if stored.created else 200, nav="send", **facts))


def _held_up(request: Request, unit: Unit, frame: Frame, form: Draft, draft: reports.Draft) -> Wrong | None:
    """What comes before a stranger's report is stored: similar ones nearby, the question of the place, the limits.

    One that is stored already comes past all three: whose answer was lost on the way gets it.

    Raises:
        TooMany: not now.
    """
    if unit.actor.known:
        return None
    again = reports.is_stored(unit.db, draft.client_key)
    if not again:
        near = _unseen(request, unit, form, draft)
        wrong = Wrong({}, 409, similar=near) if near else _misanswered(request, unit, frame, form)
        if wrong is not None:
            return wrong
    proofs.take(request, unit, again=again)
    return None


def _misanswered(request: Request, unit: Unit, frame: Frame, form: Draft) -> Wrong | None:
    """That the question of the place is not answered; None where it is, or none is asked.

    Raises:
        TooMany: so many answers were given from here that no other is looked at now.
    """
    command = unit.mine.settings.captcha_command
    if command is None or unit.actor.known:
        return None
    proofs.look(request, unit)  # each answer costs a process
    if captcha.right(command, form.captcha_id, form.captcha):
        return None
    return Wrong({"captcha": frame.words("pages.send.captcha_wrong" if form.captcha_id else "pages.send.captcha")})


def _seen(form: Draft) -> str:
    """What similar reports were shown for: the kind and the place, as far as they are told apart."""
    if form.has_pin:
        where = "{} {}".format(*square(float(form.lon), float(form.lat)))
    else:
        where = f"#{form.compound_id}" if form.compound_id.isdecimal() else form.compound.strip()
    return f"{form.category} {where}"[:80]


def _unseen(request: Request, unit: Unit, form: Draft, draft: reports.Draft) -> tuple[dict[str, Any], ...]:
    """The similar reports that the sender has not been shown yet."""
    if (draft.position is None and draft.compound is None) or form.seen == _seen(form):
        return ()
    proofs.look(request, unit)
    return tuple(joining.offered(unit, draft.category, draft.position, draft.compound))


def _join(request: Request, unit: Unit, frame: Frame, form: Draft) -> Response:
    """The page for who has the same problem: the other report's number, and a link of the own."""
    secret = form.secret_hash or secrets.token_hex(32)
    try:
        asked = {"handle": form.join, "client_key": form.client_key, "secret_sha256": secret}
        body = joining.JoinIn.model_validate(asked | {"phone": form.phone.strip() or None})
    except ValidationError as error:
        field = "phone" if any("phone" in one["loc"] for one in error.errors()) else "send-form"
        wrong = Wrong({field: frame.words(MISFIT.get(field, "pages.send.misfit"))})
        return _form(frame, unit, unit.mine, form, wrong)
    again = joins.is_stored(unit.db, body.client_key)
    misanswered = None if again else _misanswered(request, unit, frame, form)
    if misanswered is not None:
        return _form(frame, unit, unit.mine, form, misanswered)
    proofs.take(request, unit, again=again)
    done = joining.joined(unit, body)
    facts = {"joined": done} | _link(request, done.number, form)
    return _private(page(frame, "joined.html", status=201 if done.created else 200, nav="send", **facts))


def _link(request: Request, number: str, form: Draft) -> dict[str, Any]:
    """The resident's link and its picture, where this service knows the secret; `linked`: there is one anyhow."""
    link = f"{str(request.base_url).rstrip('/')}/r/{number}#{form.secret}" if form.secret else None
    return {"link": link, "qr": drawn(link) if link else None, "linked": bool(link or form.secret_sha256)}


def _form(frame: Frame, unit: Unit, mine: Services, draft: Draft, wrong: Wrong | None = None) -> Response:
    names = compounds.named(unit.db, NAMES)
    small = place(unit.db, mine.settings, pin=_pin(draft), editable=True, outlines=False)
    if small is not None:
        # whose datum a source shifted (gcj02, bd09), its corrected coordinates are not for everybody: about 100 m is
        # enough to find a name on the map
        digits = 7 if unit.actor.known else 3
        places = [[one.name, round(one.lon, digits), round(one.lat, digits)] for one in names]
        small = replace(small, told=small.told | {"names": places})
    command = None if unit.actor.known else mine.settings.captcha_command
    question = None if command is None else captcha.ask(command, frame.lang)
    if question is None and wrong is not None and "captcha" in wrong.errors:  # none is asked now
        draft, wrong = refused(draft, frame, TooMany("busy", retry_after_s=captcha.RETRY_S))
    listed = [one for one in categories.listed(unit.db) if one.code != reports.UNCLASSIFIED]
    answer = page(
        frame,
        "send.html",
        status=wrong.status if wrong else 200,
        nav="send",
        draft=draft,
        kinds=kinds(frame, listed),
        icons=icons(),
        compounds=sorted({one.name for one in names}),
        candidates=wrong.candidates if wrong else (),
        similar=wrong.similar if wrong else (),
        errors=wrong.errors if wrong else {},
        place=small,
        most_photos=MOST_PHOTOS,
        question=question,
    )
    if wrong and wrong.retry_after_s is not None:
        answer.headers["Retry-After"] = str(wrong.retry_after_s)
    return _private(answer)


def _private(answer: HTMLResponse) -> HTMLResponse:
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _pin(draft: Draft) -> tuple[float, float] | None:
    try:
        lon, lat = float(draft.lon), float(draft.lat)
    except ValueError:
        return None
    return (lon, lat) if -180 <= lon <= 180 and -85 <= lat <= 85 else None
