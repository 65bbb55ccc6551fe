"""A resident's report: no account, no script needed; the key made with the form makes a second sending harmless."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import Response

from geodata.errors import FileRefused
from gridsvc import categories, compounds, reports, residents, terms
from gridsvc.errors import Conflict, GridsvcError, TooMany
from gridsvc.rules.roles import require
from gridsvc.web import schemas, security
from gridsvc.web.api import rows
from gridsvc.web.deps import RuleDep, ServicesDep, Unit, UnitDep
from gridsvc.web.form_photos import TakenDep
from gridsvc.web.pages.ground import place
from gridsvc.web.services import Services
from gridsvc.web.templating import Frame, frame_of, page

router = APIRouter()

CHANNEL = "web"
NAMES = 1000  # more compounds than this and their names are typed, not chosen
MAX_TEXT = 2000
MOST_PHOTOS = 4  # a form's; the API takes more
CONTACT = ("name", "phone", "address")


class Draft(BaseModel):
    """What the form holds, as it was typed."""

    client_key: Annotated[str, Field(max_length=80)] = ""
    category: Annotated[str, Field(max_length=100)] = ""
    description: Annotated[str, Field(max_length=20_000)] = ""
    lon: Annotated[str, Field(max_length=40)] = ""
    lat: Annotated[str, Field(max_length=40)] = ""
    accuracy_m: Annotated[str, Field(max_length=40)] = ""
    crs: Annotated[str, Field(max_length=32)] = "wgs84"
    compound: Annotated[str, Field(max_length=500)] = ""
    compound_id: Annotated[str, Field(max_length=20)] = ""
    words: Annotated[str, Field(max_length=2000)] = ""
    photos: Annotated[str, Field(max_length=1000)] = ""  # hashes, with commas between
    secret: Annotated[str, Field(max_length=80)] = ""  # of a browser without scripts; others send its hash alone
    secret_sha256: Annotated[str, Field(max_length=80)] = ""
    name: Annotated[str, Field(max_length=500)] = ""
    phone: Annotated[str, Field(max_length=100)] = ""
    address: Annotated[str, Field(max_length=1000)] = ""

    def beside(self) -> dict[str, Any]:
        """What comes beside the report itself, as the API takes it."""
        contact = {part: getattr(self, part).strip() or None for part in CONTACT}
        secret_sha256 = self.secret_sha256 or (residents.hashed(self.secret).hex() if self.secret else None)
        return {
            "photos": [one for one in self.photos.split(",") if one],
            "secret_sha256": secret_sha256,
            "contact": contact if any(contact.values()) else None,
        }


MISFITS = "pages.send.misfit"
MISFIT = {"phone": "pages.send.phone_misfit"}
FIELDS = ("category", "description", "compound", "words", "photos", *CONTACT)


@dataclass(frozen=True)
class Wrong:
    """What is wrong with a draft: sentences by field, the compounds a name may mean, and the status."""

    errors: dict[str, str]
    status: int = 422
    candidates: tuple[dict[str, Any], ...] = ()
    retry_after_s: int | None = None


@router.get("/report", response_class=HTMLResponse)
def show(request: Request, unit: UnitDep, mine: ServicesDep) -> Response:
    """The empty form."""
    require(unit.actor, "submit")
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
        if not unit.actor.known:
            mine.anonymous.take(security.address(request), "too_many_reports")
        draft = _draft(form, frame)
        if isinstance(draft, Wrong):
            return _form(frame, unit, mine, form, draft)
        agreed = partial(terms.load, **mine.settings.agreed)
        with unit.db.begin_nested():  # the form comes back, and nothing is stored, where a photo is unknown
            stored = reports.submit(unit.db, draft, unit.actor, unit.now, rule, agreed)
    except (GridsvcError, FileRefused) as error:
        return _form(frame, unit, mine, *_refused(form, frame, error))
    told = rows.placed(stored.placement, frame.lang, known=unit.actor.known)
    link = f"{str(request.base_url).rstrip('/')}/r/{stored.number}#{form.secret}" if form.secret else None
    facts: dict[str, Any] = {"sent": stored, "told": told, "link": link, "linked": bool(link or form.secret_sha256)}
    answer = page(frame, "sent.html", status=201 if stored.created else 200, nav="send", **facts)
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _draft(form: Draft, frame: Frame) -> reports.Draft | Wrong:
    errors = {}
    if not form.category.strip():
        errors["category"] = frame.words("pages.send.no_category")
    if not form.description.strip():
        errors["description"] = frame.words("pages.send.no_text")
    elif len(form.description) > MAX_TEXT:
        errors["description"] = frame.words("pages.send.long_text", max=MAX_TEXT, n=len(form.description))
    compound: int | str | None = form.compound.strip() or None
    if form.compound_id.isdecimal():
        compound = int(form.compound_id)
    has_pin = bool(form.lon and form.lat)
    if not has_pin and compound is None and not form.words.strip():
        errors["place"] = frame.words("pages.send.no_place")
    if errors:
        return Wrong(errors)
    location: dict[str, Any] = {"compound": compound, "words": form.words.strip() or None}
    try:
        if has_pin:
            location |= {"lon": float(form.lon), "lat": float(form.lat), "crs": form.crs}
            location["accuracy_m"] = float(form.accuracy_m) if form.accuracy_m else None
        body = {"client_key": form.client_key, "category": form.category, "description": form.description.strip()}
        sent = schemas.ReportIn.model_validate(body | {"location": location, "channel": CHANNEL} | form.beside())
    except ValidationError as error:
        return Wrong({(at := _field(one["loc"])): frame.words(MISFIT.get(at, MISFITS)) for one in error.errors()})
    except ValueError:
        return Wrong({"place": frame.words("pages.send.misfit")})
    return reports.Draft(
        client_key=sent.client_key,
        category=sent.category,
        description=sent.description,
        channel=sent.channel,
        position=sent.location.position(),
        compound=sent.location.compound,
        words=sent.location.words,
        photos=tuple(sent.photos),
        reporter=sent.reporter(),
    )


def _field(loc: tuple[int | str, ...]) -> str:
    last = [part for part in loc if part in Draft.model_fields]
    return str(last[-1]) if last and last[-1] in FIELDS else "place"


def _refused(form: Draft, frame: Frame, error: GridsvcError | FileRefused) -> tuple[Draft, Wrong]:
    said = frame.says(error.code, **error.facts)
    if isinstance(error, TooMany):
        wait_s = int(str(error.facts.get("retry_after_s", 60)))
        said = frame.words("pages.send.too_many", span=frame.lasted_s(wait_s))
        return form, Wrong({"send-form": said}, 429, retry_after_s=wait_s)
    if error.code == "compound_ambiguous":
        found = error.facts.get("candidates")
        listed = tuple(found) if isinstance(found, list) else ()
        told = frame.words("pages.send.several", compound=form.compound, n=len(listed))
        return form, Wrong({"compound": told}, 409, listed)
    if error.code == "client_key_used":
        # the same form with another text is another report: it gets another key
        return form.model_copy(update={"client_key": str(uuid.uuid4())}), Wrong({"send-form": said}, 409)
    if error.code in ("photo_unknown", "photo_digest", "photo_twice"):
        return form.model_copy(update={"photos": ""}), Wrong({"photos": frame.words("pages.send.photos_gone")}, 422)
    if error.code.startswith("photo"):
        return form, Wrong({"photos": said}, 422)
    return form, Wrong({"place": said}, 409 if isinstance(error, Conflict) else 422)


def _form(frame: Frame, unit: Unit, mine: Services, draft: Draft, wrong: Wrong | None = None) -> Response:
    names = compounds.named(unit.db, NAMES)
    pin = _pin(draft)
    small = place(unit.db, mine.settings, pin=pin, editable=True, outlines=False)
    if small is not None:
        # whose datum a source shifted (gcj02, bd09), its corrected coordinates are not for everybody: about 100 m is
        # enough to find a name on the map
        digits = 7 if unit.actor.known else 3
        places = [[one.name, round(one.lon, digits), round(one.lat, digits)] for one in names]
        small = replace(small, told=small.told | {"names": places})
    answer = page(
        frame,
        "send.html",
        status=wrong.status if wrong else 200,
        nav="send",
        draft=draft,
        categories=[one for one in categories.listed(unit.db) if one.code != reports.UNCLASSIFIED],
        compounds=sorted({one.name for one in names}),
        candidates=wrong.candidates if wrong else (),
        errors=wrong.errors if wrong else {},
        place=small,
        most_photos=MOST_PHOTOS,
    )
    answer.headers["Referrer-Policy"] = "no-referrer"
    if wrong and wrong.retry_after_s is not None:
        answer.headers["Retry-After"] = str(wrong.retry_after_s)
    return answer


def _pin(draft: Draft) -> tuple[float, float] | None:
    try:
        lon, lat = float(draft.lon), float(draft.lat)
    except ValueError:
        return None
    return (lon, lat) if -180 <= lon <= 180 and -85 <= lat <= 85 else None
