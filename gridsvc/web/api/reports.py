"""Reports: submit one, list them, read one with its log, place one by hand."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from gridsvc import dossier, duplicates, listing, reports, terms, unplaced
from gridsvc.errors import Refused
from gridsvc.web import answers, captcha, proofs, schemas, security, services
from gridsvc.web.api import cursors, period, rows
from gridsvc.web.deps import ServicesDep, Unit, may

router = APIRouter(prefix="/api/v1/reports", tags=["reports"])

GEOJSON = "application/geo+json"
Number = Annotated[schemas.Words, Path(max_length=200, description="the report's number")]
Source = Annotated[schemas.Words, Query(max_length=200, description="where the number comes from; imports name theirs")]
Repeat = Annotated[int, Query(ge=0, le=2**31 - 1, description="1, 2 and so on where an import let a number recur")]
State = Literal[
    "reported", "verified", "filed", "dispatched", "disposed", "checked", "closed",
    "merged", "not_filed", "struck_off", "void",
]  # fmt: skip
Text = Annotated[schemas.Words | None, Query(min_length=1, max_length=200)]


async def anonymous_limit(request: Request) -> None:
    """Returns where an address without an account may send another report."""
    mine = services.of(request)
    if security.presented(request) is None:
        captcha.hold_to_form(mine.settings)
    if security.presented(request) is None and proofs.cookie(request) not in request.cookies:
        mine.anonymous.take(security.address(request), "too_many_reports")


@router.post(
    "",
    status_code=201,
    operation_id="submit_report",
    dependencies=[Depends(anonymous_limit)],
    responses=captcha.HELD
    | {
        200: {"model": schemas.SubmittedOut},
        201: {"model": schemas.SubmittedOut},
        409: {"model": schemas.ErrorOut},
    },
)
def submit(body: schemas.ReportIn, request: Request, unit: Annotated[Unit, may("submit")]) -> Response:
    """Stores a report and says which grid it belongs to and who has it. Anybody may, without an account too.

    Where residents are asked a question first (`GRIDSVC_CAPTCHA_COMMAND`), who has no account is sent to the form.
    """
    draft = body.draft(body.client_key, unit.mine.settings.zone)
    if not unit.actor.known:
        captcha.hold_to_form(unit.mine.settings)
        again = reports.is_stored(unit.db, draft.client_key)
        proofs.take(request, unit, again=again, counted=proofs.cookie(request) not in request.cookies)
    agreed = partial(terms.load, **unit.mine.settings.agreed)
    stored = reports.submit(unit.db, draft, unit.actor, unit.now, unit.mine.rule, agreed)
    proofs.take_place(unit, stored)
    told: dict[str, Any] = {"number": stored.number, "state": stored.state}
    told |= rows.placed(stored.placement, unit.locale, known=unit.actor.known)
    told |= rows.sent(stored, unit.mine.settings.zone)
    if unit.actor.known:
        told["similar"] = _similar(unit, stored)
    headers = {"Location": f"/api/v1/reports/{stored.number}"}
    answer = JSONResponse(told, 201 if stored.created else 200, headers)
    unit.end(well=True)  # here, where the thread is: the way to another one costs as much as a statement
    return answer


def _similar(unit: Unit, stored: reports.Submitted) -> list[rows.Json]:
    """The nearest open ones like it that this reader sees; asked for only where there are any."""
    if not stored.n_similar or stored.lonlat is None:
        return []
    found = duplicates.near(unit.db, unit.actor, stored.category, stored.lonlat, unit.now, but=stored.id)
    return [rows.similar(one, unit.mine.settings.zone) for one in found]


def wanted(
    mine: ServicesDep,
    bbox: Annotated[
        str | None, Query(max_length=200, description="west,south,east,north in degrees (EPSG:4326)")
    ] = None,
    grid: Text = None,
    state: Annotated[State | None, Query()] = None,
    category: Text = None,
    first: Annotated[schemas.When | None, Query(alias="from", description="a day, or a time; of receipt")] = None,
    last: Annotated[schemas.When | None, Query(alias="to", description="a day (included), or a time (not)")] = None,
    unplaced: Annotated[bool, Query(description="only those on no grid")] = False,
) -> listing.Filter:
    """The filters of a list; whatever is given must hold."""
    zone = mine.settings.zone
    from_at = period.bound(first, zone, after_day=False)
    to_at = period.bound(last, zone, after_day=True)
    if from_at is not None and to_at is not None and from_at >= to_at:
        raise Refused("period_reversed", first=str(first), last=str(last))
    return listing.Filter(box(bbox), grid, state, category, from_at, to_at, unplaced)


Wanted = Annotated[listing.Filter, Depends(wanted)]
Cursor = Annotated[schemas.Words | None, Query(max_length=300, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=listing.MAX_PAGE)]


@router.get("", operation_id="list_reports", responses={200: {"model": schemas.ReportsOut}})
def many(
    request: Request,
    unit: Annotated[Unit, may("read_reports")],
    chosen: Wanted,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """The reports a reader may see, newest first, page by page; GeoJSON where Accept asks for application/geo+json."""
    page = listing.page(unit.db, unit.actor, chosen, after=cursors.read(cursor, chosen), limit=limit)
    items = [rows.listed(row, unit.locale, unit.mine.settings.zone) for row in page.items]
    following = None if page.next is None else cursors.write(page.next, chosen)
    if GEOJSON in request.headers.get("accept", ""):
        return _features(request, items, following)
    return answers.data(request, {"items": items, "next": following})


@router.get(
    ".geojson",
    operation_id="list_reports_geojson",
    responses={200: {"content": {GEOJSON: {}}}},
)
def many_geojson(
    request: Request,
    unit: Annotated[Unit, may("read_reports")],
    chosen: Wanted,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """The same list as GeoJSON, for maps and geographic information systems."""
    page = listing.page(unit.db, unit.actor, chosen, after=cursors.read(cursor, chosen), limit=limit)
    items = [rows.listed(row, unit.locale, unit.mine.settings.zone) for row in page.items]
    return _features(request, items, None if page.next is None else cursors.write(page.next, chosen))


@router.post(
    "/{number:path}/placement",
    operation_id="place_report",
    responses={200: {"model": schemas.ReportFullOut}, 409: {"model": schemas.ErrorOut}},
)
def place(
    number: Number,
    body: schemas.PlacementIn,
    unit: Annotated[Unit, may("place")],
    source: Source = reports.SOURCE,
    repeat: Repeat = 0,
) -> Response:
    """Places a report by hand: in a grid, or by a pin whose grid is looked up. Logged; the old placement is kept.

    A version that is not the newest gets 409 with what happened since.
    """
    before = dossier.load_one(unit.db, unit.actor, number, source, repeat)
    held = unplaced.lock(unit.db, unit.actor, before.said.id, body.version)
    unplaced.place(unit.db, held, body.where(), unit.actor, unit.now, unit.mine.rule)
    after = dossier.load_one(unit.db, unit.actor, number, source, repeat)
    return JSONResponse(rows.whole(after, unit.locale, unit.mine.settings.zone))


@router.get(
    "/{number:path}",
    operation_id="read_report",
    responses={200: {"model": schemas.ReportFullOut}, 404: {"model": schemas.ErrorOut}},
)
def one(
    number: Number,
    unit: Annotated[Unit, may("read_reports")],
    source: Source = reports.SOURCE,
    repeat: Repeat = 0,
) -> Response:
    """One report with its log."""
    found = dossier.load_one(unit.db, unit.actor, number, source, repeat)
    return JSONResponse(rows.whole(found, unit.locale, unit.mine.settings.zone))


def box(text: str | None) -> tuple[float, float, float, float] | None:
    """The box that `bbox=west,south,east,north` means, in degrees, EPSG:4326.

    Raises:
        Refused: bbox_malformed.
    """
    if text is None:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise Refused("bbox_malformed", found=text) from None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise Refused("bbox_malformed", found=text)
    return west, south, east, north


def _features(request: Request, items: list[rows.Json], following: str | None) -> Response:
    collection = {"type": "FeatureCollection", "features": [rows.feature(one) for one in items], "next": following}
    return answers.data(request, collection, media_type=GEOJSON)
