"""The resident's link: progress in plain words, one rating, one reply. The secret comes in a body alone."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import Field
from starlette.responses import Response

from gridsvc import residents, terms
from gridsvc.i18n import translate
from gridsvc.web import schemas, security, services
from gridsvc.web.api import rows
from gridsvc.web.deps import Unit, may
from gridsvc.web.templating import lasted

router = APIRouter(prefix="/api/v1/residents", tags=["residents"])


# How many of received, looked at, dealt with, checked, closed lie behind a report.
N_DONE = {
    "reported": 1,
    "verified": 2,
    "filed": 2,
    "dispatched": 2,
    "disposed": 3,
    "checked": 4,
    "closed": 5,
    "struck_off": 5,
}


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


class HappenedOut(schemas.Out):
    """Something that happened, for others than the sender by its day; `note` only where it was written for the
    resident: `kind` is answer or question."""

    at: schemas.Moment | schemas.Day
    action: str
    words: str
    note: str | None
    kind: Literal["answer", "question"] | None


class PictureOut(schemas.Out):
    """A small picture as a data address: `own` came with the report, `after` shows what was done."""

    kind: Literal["own", "after"]
    at: schemas.Moment | schemas.Day
    words: str
    src: str


class ProgressOut(schemas.Out):
    """How a report stands, in plain words. `n_done` of five steps (received, looked at, dealt with, checked, closed)
    lie behind it, null where it ended before; `merged`: handled together with another report, whose state this is.
    `rating` is open (until `rate_until`), given, over or null; `asked` is a question that waits for an answer.
    `whole` is false for who joined the report or looked it up by a phone: nothing that its sender said or was told is
    told then, days stand for times, and `due_at` for the full hour after it."""

    number: str
    state: str
    state_words: str
    next_words: str
    n_done: int | None
    merged: bool
    category: str
    description: str
    received_at: schemas.Moment | schemas.Day
    due_at: schemas.Moment | None
    due_words: str | None
    events: list[HappenedOut]
    rate_until: schemas.Moment | None
    rating: Literal["open", "given", "over"] | None
    solved: str | None
    satisfied: str | None
    asked: str | None
    pictures: list[PictureOut]
    whole: bool
    n_joined: int


LINKED = [Depends(link_limit)]
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": ProgressOut},
    404: {"model": schemas.ErrorOut, "description": "No report with this number and this secret"},
    409: {"model": schemas.ErrorOut},
    429: {"model": schemas.ErrorOut},
}


@router.post("/progress", operation_id="read_progress", dependencies=LINKED, responses=ANSWERS)
def progress(body: LinkIn, unit: Annotated[Unit, may("read_own_report")]) -> Response:
    """How the report stands. Changes nothing, however often it is opened."""
    return JSONResponse(told(unit, residents.progress(unit.db, body.number, body.secret, unit.now)))


@router.post(
    "/rating",
    operation_id="rate_report",
    dependencies=LINKED,
    responses=ANSWERS | {410: {"model": schemas.ErrorOut, "description": "Rating ended 14 days after closing"}},
)
def rating(body: RatingIn, unit: Annotated[Unit, may("read_own_report")]) -> Response:
    """Stores the one rating; "not satisfied" sends the report back for rework."""
    agreed = terms.load(unit.db, **unit.mine.settings.agreed)
    note = (body.note or "").strip() or None
    residents.rate(unit.db, body.number, body.secret, body.solved, body.satisfied, note, unit.now, agreed)
    return JSONResponse(told(unit, residents.progress(unit.db, body.number, body.secret, unit.now)))


@router.post("/reply", operation_id="reply_to_question", dependencies=LINKED, responses=ANSWERS)
def reply(body: ReplyIn, unit: Annotated[Unit, may("read_own_report")]) -> Response:
    """Answers the question that the report waits for; its clock goes on."""
    agreed = terms.load(unit.db, **unit.mine.settings.agreed)
    residents.reply(unit.db, body.number, body.secret, body.words, unit.now, agreed)
    return JSONResponse(told(unit, residents.progress(unit.db, body.number, body.secret, unit.now)))


def told(unit: Unit, found: residents.Progress) -> dict[str, Any]:
    """How a report stands, with a plain word for everything; `n_done` of the five steps, null where it ended early."""
    zone, locale = unit.mine.settings.zone, unit.locale
    rateable = found.rating == "open"
    state = "closed_rated" if found.state == "closed" and not rateable else found.state
    return {
        "number": found.number,
        "state": found.state,
        "state_words": translate(f"resident.state.{state}", locale),
        "next_words": translate(f"resident.next.{state}", locale),
        "n_done": N_DONE.get(found.state),
        "merged": found.merged,
        "category": found.category_zh if locale == "zh" else found.category_en,
        "description": found.description,
        "received_at": _at(unit, found, found.received_at),
        "due_at": rows.moment(found.due_at, zone),
        "due_words": _due(unit, found),
        "events": [_event(unit, found, one) for one in found.events],
        "rate_until": rows.moment(found.rate_until, zone),
        "rating": found.rating,
        "solved": found.solved,
        "satisfied": found.satisfied,
        "asked": found.asked,
        "pictures": _pictures(unit, found),
        "whole": found.whole,
        "n_joined": found.n_joined,
    }


def _pictures(unit: Unit, found: residents.Progress) -> list[dict[str, Any]]:
    """The thumbnails themselves: the link's secret travels in bodies alone, and no image address could carry it."""
    told: list[dict[str, Any]] = []
    for one in found.pictures:
        try:
            content = unit.mine.intake.files.thumb(one.file_sha256).read_bytes()
        except FileNotFoundError:
            continue  # cleaned away meanwhile, or not brought back from a backup: the rest of the page stands
        src = "data:image/jpeg;base64," + base64.b64encode(content).decode("ascii")
        words = translate(f"resident.picture.{one.kind}", unit.locale)
        told.append({"kind": one.kind, "at": _at(unit, found, one.at), "words": words, "src": src})
    return told


def _at(unit: Unit, found: residents.Progress, at: datetime) -> str:
    """A time for the report's sender, its day for others: the minute would tell who was at home then."""
    told = str(rows.moment(at, unit.mine.settings.zone))
    return told if found.whole else told[:10]


def _event(unit: Unit, found: residents.Progress, one: residents.Event) -> dict[str, Any]:
    words = translate(f"resident.happened.{one.action}", unit.locale, department=one.department or "")
    kind = None if one.note is None else "question" if one.action == "ask_resident" else "answer"
    at = _at(unit, found, one.at)
    return {"at": at, "action": one.action, "words": words, "note": one.note, "kind": kind}


def _due(unit: Unit, found: residents.Progress) -> str | None:
    """The due time in words, while somebody works towards it."""
    if found.due_at is None or found.state not in ("filed", "dispatched"):
        return None
    if found.stopped:
        return translate("resident.due.stopped", unit.locale)
    left = found.due_at - unit.now
    due = found.due_at.astimezone(unit.mine.settings.zone).strftime("%Y-%m-%d %H:%M")
    return translate(
        f"resident.due.{'late' if left.total_seconds() < 0 else 'by'}",
        unit.locale,
        at=due,
        span=lasted(abs(left), unit.locale),
    )
