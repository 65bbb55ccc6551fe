"""What a resident's form holds, as it was typed, and the report that it means; or what is wrong with it, by field."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from markupsafe import Markup
from pydantic import BaseModel, Field, ValidationError

from geodata.errors import FileRefused
from gridsvc import reports, residents
from gridsvc.categories import Category
from gridsvc.errors import Conflict, GridsvcError, TooMany
from gridsvc.i18n import catalogue
from gridsvc.web import schemas
from gridsvc.web.templating import STATIC, Frame

CHANNEL = "web"
MAX_TEXT = 2000
CONTACT = ("name", "phone", "address")
CONCERNED = ("for_name", "for_phone")
MISFITS = "pages.send.misfit"
MISFIT = {"phone": "pages.send.phone_misfit", "for_phone": "pages.send.phone_misfit"}
FIELDS = ("category", "description", "compound", "words", "photos", *CONTACT, *CONCERNED)
OTHER = "other"
_CLASS = re.compile(r"(?P<kind>event-|part-|E|P)(?P<n>[0-9]{2})")


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
    for_other: Annotated[str, Field(max_length=5)] = ""  # on: for somebody else
    for_name: Annotated[str, Field(max_length=500)] = ""
    for_phone: Annotated[str, Field(max_length=100)] = ""
    tell: Annotated[str, Field(max_length=20)] = "reporter"
    seen: Annotated[str, Field(max_length=80)] = ""  # for which place and kind similar reports were shown
    join: Annotated[str, Field(max_length=100)] = ""  # the handle of the one to join instead
    website: Annotated[str, Field(max_length=500)] = ""  # nobody sees it: only programs fill it in
    captcha: Annotated[str, Field(max_length=200)] = ""
    captcha_id: Annotated[str, Field(max_length=400)] = ""

    @property
    def has_pin(self) -> bool:
        """Whether a position was given."""
        return bool(self.lon and self.lat)

    @property
    def secret_hash(self) -> str | None:
        """The hash of the link's secret, made here where the browser could not.

        Raises:
            Refused: as `residents.hashed`.
        """
        return self.secret_sha256 or (residents.hashed(self.secret).hex() if self.secret else None)

    def beside(self) -> dict[str, Any]:
        """What comes beside the report itself, as the API takes it."""
        contact = {part: getattr(self, part).strip() or None for part in CONTACT}
        if self.for_other:
            contact |= {part: getattr(self, part).strip() or None for part in CONCERNED} | {"tell": self.tell or None}
        return {
            "photos": [one for one in self.photos.split(",") if one],
            "secret_sha256": self.secret_hash,
            "contact": contact if any(contact.values()) else None,
        }


@dataclass(frozen=True)
class Wrong:
    """What is wrong with a draft: sentences by field, the compounds a name may mean, and the status.

    `similar`: open reports nearby, to be looked at before it is sent.
    """

    errors: dict[str, str]
    status: int = 422
    candidates: tuple[dict[str, Any], ...] = ()
    retry_after_s: int | None = None
    similar: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Kinds:
    """The categories of one class, with its picture (`cat-` and this key) and its name."""

    icon: str
    name: str
    categories: tuple[Category, ...]


@cache
def icons() -> Markup:
    """All the pictures, to stand in a page once and be used by their keys."""
    drawn = (STATIC / "icons.svg").read_text("utf-8")
    return Markup(drawn.replace("<svg ", "<svg hidden ", 1))  # noqa: S704 - a file of our own


def icon(code: str, parent: str | None = None) -> str:
    """The key of the picture of a category: E01 to E06, P01 to P05, or other.

    >>> icon("E0110"), icon("part-0137"), icon("0110"), icon("E9901")
    ('E01', 'P01', 'other', 'other')
    """
    found = _CLASS.match(parent or "") or _CLASS.match(code)
    if found is None:
        return OTHER
    key = f"{found['kind'][0].upper()}{found['n']}"
    return key if f"resident.class.{key}" in catalogue("en") else OTHER


def kinds(frame: Frame, listed: list[Category]) -> tuple[Kinds, ...]:
    """The categories by class, in the order of the classes' keys."""
    of: dict[str, list[Category]] = {}
    for one in listed:
        of.setdefault(icon(one.code, one.parent_code), []).append(one)
    return tuple(Kinds(key, frame.words(f"resident.class.{key}"), tuple(of[key])) for key in sorted(of))


def draft_of(form: Draft, frame: Frame) -> reports.Draft | Wrong:
    """The report that the form means, or what is wrong with it."""
    errors = {}
    if not form.category.strip():
        errors["category"] = frame.words("pages.send.no_category")
    # a photo says enough, and so does the very name of most kinds
    if not form.description.strip() and not form.photos and form.category.strip() in ("", reports.UNCLASSIFIED):
        errors["description"] = frame.words("pages.send.no_text")
    elif len(form.description) > MAX_TEXT:
        errors["description"] = frame.words("pages.send.long_text", max=MAX_TEXT, n=len(form.description))
    compound: int | str | None = form.compound.strip() or None
    if form.compound_id.isdecimal():
        compound = int(form.compound_id)
    if not form.has_pin and compound is None and not form.words.strip():
        errors["place"] = frame.words("pages.send.no_place")
    if errors:
        return Wrong(errors)
    location: dict[str, Any] = {"compound": compound, "words": form.words.strip() or None}
    try:
        if form.has_pin:
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


def refused(form: Draft, frame: Frame, error: GridsvcError | FileRefused) -> tuple[Draft, Wrong]:
    """The form as it comes back after a refusal, and what is wrong with it."""
    said = frame.says(error.code, **error.facts)
    if isinstance(error, TooMany):
        wait_s = int(str(error.facts.get("retry_after_s", 60)))
        here = "pages.send.too_many_here" if error.code == "too_many_here" else "pages.send.too_many"
        return form, Wrong({"send-form": frame.words(here, span=frame.lasted_s(wait_s))}, 429, retry_after_s=wait_s)
    if error.code == "compound_ambiguous":
        found = error.facts.get("candidates")
        listed = tuple(found) if isinstance(found, list) else ()
        told = frame.words("pages.send.several", compound=form.compound, n=len(listed))
        return form, Wrong({"compound": told}, 409, listed)
    if error.code == "client_key_used":
        # the same form with another text is another report: it gets another key
        return form.model_copy(update={"client_key": str(uuid.uuid4())}), Wrong({"send-form": said}, 409)
    if error.code in ("similar_unknown", "join_over"):
        return form.model_copy(update={"join": "", "seen": ""}), Wrong({"send-form": said}, 409)
    if error.code in ("photo_unknown", "photo_digest", "photo_twice"):
        return form.model_copy(update={"photos": ""}), Wrong({"photos": frame.words("pages.send.photos_gone")}, 422)
    if error.code.startswith("photo"):
        return form, Wrong({"photos": said}, 422)
    return form, Wrong({"place": said}, 409 if isinstance(error, Conflict) else 422)
