"""The resident's link: progress in plain words, one rating, one reply. The secret travels in a body, never in an address."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import Field
from starlette.responses import Response

from gridsvc import residents, terms
from gridsvc.i18n import translate
from gridsvc.web import schemas, security, services
from gridsvc.web.api import rows
from gridsvc.web.deps import Unit, may

router = APIRouter(prefix="/api/v1/residents", tags=["residents"])


async def link_limit(request: Request) -> None:
    """Returns where an address may try another link; secrets are not to be guessed."""
    services.of(request).links.take(security.address(request), "too_many_links")


class LinkIn(schemas.In):
    """A report's number with the secret that its sender made."""

    number: Annotated[schemas.Words, Field(min_length=1, max_length=60)]
    secret: Annotated[schemas.Words, Field(min_length=1, max_length=64)]


class RatingIn(LinkIn):
    """The one answer to: is it solved, and are you satisfied?"""

    solved: Annotated[schemas.Words, Field(pattern="^(solved|partly|not)$")]
    satisfied: Annotated[schemas.Words, Field(pattern="^(satisfied|basically|not)$")]
    note: Annotated[schemas.Words, Field(max_length=1000)] | None = None


class ReplyIn(LinkIn):
    """The answer to a question that the report waits for."""

    words: Annotated[schemas.Words, Field(min_length=1, max_length=2000)]


LINKED = [Depends(link_limit)]


@router.post("/progress", operation_id="read_progress", dependencies=LINKED)
def progress(body: LinkIn, unit: Annotated[Unit, may("read_own_report")]) -> Response:
    """How the report stands. Changes nothing, however often it is opened."""
    return JSONResponse(_told(unit, residents.progress(unit.db, body.number, body.secret, unit.now)))


@router.post(
    "/rating",
    operation_id="rate_report",
    dependencies=LINKED,
    responses={410: {"model": schemas.ErrorOut, "description": "Rating ended 14 days after closing"}},
)
def rating(body: RatingIn, unit: Annotated[Unit, may("read_own_report")]) -> Response:
    """Stores the one rating; "not satisfied" sends the report back for rework."""
    agreed = terms.load(unit.db, **unit.mine.settings.agreed)
    note = (body.note or "").strip() or None
    residents.rate(unit.db, body.number, body.secret, body.solved, body.satisfied, note, unit.now, agreed)
    return JSONResponse(_told(unit, residents.progress(unit.db, body.number, body.secret, unit.now)))


@router.post("/reply", operation_id="reply_to_question", dependencies=LINKED)
def reply(body: ReplyIn, unit: Annotated[Unit, may("read_own_report")]) -> Response:
    """Answers the question that the report waits for; its clock goes on."""
    agreed = terms.load(unit.db, **unit.mine.settings.agreed)
    residents.reply(unit.db, body.number, body.secret, body.words, unit.now, agreed)
    return JSONResponse(_told(unit, residents.progress(unit.db, body.number, body.secret, unit.now)))


def _told(unit: Unit, found: residents.Progress) -> dict[str, Any]:
    zone, locale = unit.mine.settings.zone, unit.locale
    events = [
        {
            "at": rows.moment(one.at, zone),
            "action": one.action,
            "words": translate(f"resident.happened.{one.action}", locale, department=one.department or ""),
            "note": one.note,
        }
        for one in found.events
    ]
    return {
        "number": found.number,
        "state": found.state,
        "state_words": translate(f"resident.state.{found.state}", locale),
        "category": found.category_zh if locale == "zh" else found.category_en,
        "description": found.description,
        "received_at": rows.moment(found.received_at, zone),
        "due_at": rows.moment(found.due_at, zone),
        "events": events,
        "rate_until": rows.moment(found.rate_until, zone),
        "solved": found.solved,
        "satisfied": found.satisfied,
        "asked": found.asked,
    }
