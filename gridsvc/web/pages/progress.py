"""A resident's link as a page: how the report stands, a question that waits, the one rating; with a script or without.

Opening an address of this page looks nothing up: chat programs open links by themselves. The secret is in the fragment,
which no server is told; the page's script, or a form, sends it in a body.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import Response

from gridsvc import residents, terms
from gridsvc.errors import GridsvcError
from gridsvc.rules.roles import require
from gridsvc.web import errors as failures
from gridsvc.web import security
from gridsvc.web.api import joining
from gridsvc.web.api import residents as api
from gridsvc.web.deps import ServicesDep, Unit, UnitDep, may
from gridsvc.web.templating import Frame, frame_of, page

router = APIRouter()

ALLOWED = [may("read_own_report")]
STEPS = ("received", "looked", "working", "checked", "closed")
EMPTY: dict[str, Any] = dict.fromkeys(api.ProgressOut.model_fields)
# The field that a refusal is about; all others are about the link.
FIELD_OF = {"note_missing": "words", "not_waiting": "words", "rated_already": "rating", "rating_over": "rating"}
ASKED = {"rate": "solved", "reply": "words", "look": "secret"}


class Link(BaseModel):
    """What the page's forms hold, as it was typed."""

    number: Annotated[str, Field(max_length=200)] = ""
    secret: Annotated[str, Field(max_length=400)] = ""
    does: Annotated[str, Field(max_length=10)] = "look"
    solved: Annotated[str, Field(max_length=20)] = ""
    satisfied: Annotated[str, Field(max_length=20)] = ""
    note: Annotated[str, Field(max_length=8000)] = ""
    words: Annotated[str, Field(max_length=8000)] = ""
    phone_tail: Annotated[str, Field(max_length=40)] = ""

    def plain(self) -> Link:
        """The same without spaces around; of a whole link that was pasted as the secret, the secret."""
        secret = self.secret.strip().rpartition("#")[2]
        return self.model_copy(update={"number": self.number.strip(), "secret": secret})


@router.get("/r", response_class=HTMLResponse, dependencies=ALLOWED)
def ask(request: Request) -> Response:
    """The form for who has number and secret on paper."""
    return _page(frame_of(request), Link(), None, {})


@router.get("/r/{number}", response_class=HTMLResponse, dependencies=ALLOWED)
def show(request: Request, number: Annotated[str, Path(max_length=60)]) -> Response:
    """The page of a link, the same for any number."""
    return _page(frame_of(request), Link(number=number), None, {})


@router.post("/r", response_class=HTMLResponse)
def tell(request: Request, unit: UnitDep, mine: ServicesDep, form: Annotated[Link, Form()]) -> Response:
    """How the report stands, after what the form asks for was done."""
    require(unit.actor, "read_own_report")
    frame, link = frame_of(request), form.plain()
    wrong: dict[str, str] = {}
    status = 200
    try:
        mine.links.take(security.address(request), "too_many_links")
        if link.does == "phone":
            return _by_phone(request, unit, frame, link)
        try:
            wrong = _do(unit, frame, link)
            status = 422 if wrong else 200
        except GridsvcError as error:
            if error.code not in FIELD_OF:
                raise
            wrong, status = {FIELD_OF[error.code]: frame.says(error.code, **error.facts)}, _status(request, error)
        found = residents.progress(unit.db, link.number, link.secret, unit.now)
    except GridsvcError as error:
        return _page(frame, link, None, {"secret": frame.says(error.code, **error.facts)}, _status(request, error))
    return _page(frame, link, api.told(unit, found), wrong, status)


def _by_phone(request: Request, unit: Unit, frame: Frame, link: Link) -> Response:
    try:
        found = joining.by_phone(unit, link.number, link.phone_tail.strip())
    except GridsvcError as error:
        told = {"phone_tail": frame.says(error.code, **error.facts)}
        return _page(frame, link, None, told, _status(request, error))
    return _page(frame, link, api.told(unit, found), {})


def _do(unit: Unit, frame: Frame, link: Link) -> dict[str, str]:
    """What is wrong with the wish, by field; else it was done."""
    if not link.number or not link.secret:
        return {"number" if not link.number else "secret": frame.words("resident.page.both")}
    if link.does not in ("rate", "reply"):
        return {}
    agreed = terms.load(unit.db, **unit.mine.settings.agreed)
    body = {"number": link.number, "secret": link.secret}
    try:
        if link.does == "rate":
            missing = [name for name in ("solved", "satisfied") if not getattr(link, name)]
            if missing:
                return {missing[0]: frame.words("resident.page.choose")}
            rating = api.RatingIn.model_validate(
                body | {"solved": link.solved, "satisfied": link.satisfied, "note": link.note.strip() or None}
            )
            said = (rating.solved, rating.satisfied, rating.note)
            with unit.db.begin_nested():
                residents.rate(unit.db, rating.number, rating.secret, *said, unit.now, agreed)
        else:
            reply = api.ReplyIn.model_validate(body | {"words": link.words.strip()})
            with unit.db.begin_nested():
                residents.reply(unit.db, reply.number, reply.secret, reply.words, unit.now, agreed)
    except ValidationError as error:
        names = [str(one["loc"][-1]) for one in error.errors() if one["loc"]]
        field = next((name for name in names if name in Link.model_fields), ASKED[link.does])
        return {field: frame.words("resident.page.misfit")}
    return {}


def _status(request: Request, error: GridsvcError) -> int:
    return failures.describe(error, request).status


def _page(frame: Frame, link: Link, told: dict[str, Any] | None, errors: dict[str, str], status: int = 200) -> Response:
    known = told is not None
    facts: dict[str, Any] = {"told": told or EMPTY, "known": known, "link": link, "steps": STEPS, "errors": errors}
    answer = page(frame, "progress.html", status=status, nav="progress", **facts)
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
