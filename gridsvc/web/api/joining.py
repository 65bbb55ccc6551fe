"""Similar open reports nearby for strangers, joining one of them, and looking up by number and phone."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import Field
from starlette.responses import Response

from gridsvc import compounds, joins, reports, residents
from gridsvc.i18n import translate
from gridsvc.web import captcha, proofs, qr, schemas
from gridsvc.web.api import public, rows
from gridsvc.web.api import residents as api
from gridsvc.web.deps import Unit, may

router = APIRouter(prefix="/api/v1/residents", tags=["residents"])


class PlaceIn(schemas.LocationIn):
    """A kind of problem and where it is, as a report says it; nothing is near to words alone."""

    category: Annotated[schemas.Words, Field(min_length=1, max_length=100)]


class SimilarOut(schemas.Out):
    """An open report nearby, as strangers may know it: `handle` names it for two days; `away` is here (the same cell of
    the public map) or near (one beside it)."""

    handle: str
    state: str
    state_words: str
    day: schemas.Day
    away: Literal["here", "near"]
    away_words: str


class SimilarsOut(schemas.Out):
    """At most five, the nearest and newest first."""

    items: list[SimilarOut]


class JoinIn(schemas.In):
    """Me too: `client_key` makes a repeat harmless; `secret_sha256` is of a secret made by the client, for its link."""

    handle: Annotated[schemas.Words, Field(min_length=1, max_length=100)]
    client_key: schemas.Key
    secret_sha256: schemas.Sha256
    phone: schemas.Phone | None = None


class JoinedOut(schemas.Out):
    """The report that was joined, for the link, and how many have joined it."""

    number: str
    state: str
    state_words: str
    n_joined: int


class QrOut(schemas.Out):
    """A QR code of the link: `path` is that of an SVG of `side` by `side`."""

    side: int
    path: str


class LookupIn(schemas.In):
    """A report's number with the last four digits of a phone that was left with it."""

    number: Annotated[schemas.Words, Field(min_length=1, max_length=60)]
    phone_tail: Annotated[schemas.Words, Field(pattern="^[0-9]{4}$")]


@router.post(
    "/similar",
    operation_id="similar_nearby",
    responses={200: {"model": SimilarsOut}, 429: {"model": schemas.ErrorOut}},
)
def similar(body: PlaceIn, request: Request, unit: Annotated[Unit, may("submit")]) -> Response:
    """Open reports of the same kind near a place, before somebody sends another one of the same thing."""
    proofs.look(request, unit)
    return JSONResponse({"items": offered(unit, body.category, body.position(), body.compound)})


@router.post(
    "/join",
    status_code=201,
    operation_id="join_report",
    responses=captcha.HELD
    | {
        200: {"model": JoinedOut},
        201: {"model": JoinedOut},
        404: {"model": schemas.ErrorOut},
        409: {"model": schemas.ErrorOut},
    },
)
def join(body: JoinIn, request: Request, unit: Annotated[Unit, may("submit")]) -> Response:
    """Says that the caller has the same problem: counted once, with a link of its own to see how it gets on."""
    if not unit.actor.known:
        captcha.hold_to_form(unit.mine.settings)
    proofs.take(request, unit, again=joins.is_stored(unit.db, body.client_key))
    done = joined(unit, body)
    words = translate(f"resident.state.{done.state}", unit.locale)
    told = {"number": done.number, "state": done.state, "state_words": words, "n_joined": done.n_joined}
    return JSONResponse(told, 201 if done.created else 200)


@router.post("/lookup", operation_id="look_up_report", dependencies=[Depends(api.link_limit)], responses=api.ANSWERS)
def lookup(body: LookupIn, unit: Annotated[Unit, may("read_own_report")]) -> Response:
    """How a report stands, for who lost the link: nothing that its sender said. Few guesses a number."""
    return JSONResponse(api.told(unit, by_phone(unit, body.number, body.phone_tail)))


@router.post("/qr", operation_id="draw_link", dependencies=api.LINKED, responses={200: {"model": QrOut}})
def draw(body: api.LinkIn, request: Request, unit: Annotated[Unit, may("read_own_report")]) -> Response:
    """The link of a report as a QR code; looks nothing up and keeps nothing."""
    residents.hashed(body.secret)
    side, path = qr.path(f"{str(request.base_url).rstrip('/')}/r/{quote(body.number, safe='')}#{body.secret}")
    return JSONResponse({"side": side, "path": path})


def by_phone(unit: Unit, number: str, tail: str) -> residents.Progress:
    """How the report stands; a number that does not exist costs as many guesses as one that does.

    Raises:
        TooMany: too many guesses for this number.
        NotFound: no such report, or not with this phone.
    """
    unit.mine.tails.take(number, "too_many_guesses")
    found = residents.told(unit.db, residents.by_phone(unit.db, number, tail), unit.now)
    unit.mine.tails.give_back(number)
    return found


def offered(
    unit: Unit, category: str, position: reports.Position | None, compound: int | str | None
) -> list[dict[str, Any]]:
    """Similar reports in words, near a position or else the compound that is meant; none where it may be several."""
    lonlat = _point(unit, compound) if position is None else reports.to_wgs84(position)
    if lonlat is None:
        return []
    settings = unit.mine.settings
    cells = public.seen(unit).cells
    found = joins.near(unit.db, category, lonlat, unit.now, cells, settings.hidden_categories)
    return [_told(one, unit, settings.zone) for one in found]


def _point(unit: Unit, compound: int | str | None) -> tuple[float, float] | None:
    found = [] if compound is None else compounds.find(unit.db, compound)
    return (found[0].lon, found[0].lat) if len(found) == 1 else None


def joined(unit: Unit, body: JoinIn) -> joins.Joined:
    """The report that the caller joined."""
    hidden = unit.mine.settings.hidden_categories
    return joins.join(unit.db, body.handle, body.client_key, body.secret_sha256, body.phone, unit.now, hidden)


def _told(one: joins.Near, unit: Unit, zone: ZoneInfo) -> dict[str, Any]:
    away = "near" if one.away else "here"
    return {
        "handle": one.handle,
        "state": one.state,
        "state_words": translate(f"resident.state.{one.state}", unit.locale),
        "day": str(rows.moment(one.received_at, zone))[:10],
        "away": away,
        "away_words": translate(f"resident.similar.{away}", unit.locale),
    }
