"""What everybody may see: problems from filing on by kind, state, day, rough place; and what staff release of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import Field
from starlette.responses import Response

from gridsvc import categories, public_problems, releases
from gridsvc.categories import Category
from gridsvc.errors import NotFound
from gridsvc.i18n import translate
from gridsvc.reports import SOURCE
from gridsvc.web import answers, schemas
from gridsvc.web.api import rows
from gridsvc.web.api.photos import JPEG, SAFE
from gridsvc.web.deps import Unit, may

router = APIRouter(prefix="/api/v1", tags=["public"])

KEPT = timedelta(minutes=5)  # how old what the public sees may be
PER_PAGE, MOST_PAGES = 50, 20
Number = Annotated[int, Query(ge=1, le=MOST_PAGES, alias="page")]
Code = Annotated[schemas.Words | None, Query(min_length=1, max_length=100)]


class CellOut(schemas.Out):
    """A cell of at least twenty households: west, south, east, north in degrees (EPSG:4326)."""

    code: str
    bounds: tuple[float, float, float, float]
    n: int
    n_done: int


class CellsOut(schemas.Out):
    """All cells with problems; `n_unplaced` problems lie where too few households are, or have no position."""

    as_of: schemas.Moment
    since: schemas.Day
    n_unplaced: int
    cells: list[CellOut]


class ProblemOut(schemas.Out):
    """One problem; `words` and `photos` (addresses) only where staff released them."""

    category: str
    category_words: str
    state: str
    state_words: str
    day: schemas.Day
    closed_on: schemas.Day | None
    cell: str | None
    words: str | None
    photos: list[str]


class ProblemsOut(schemas.Out):
    """Problems, the newest first; `more`: there is a next page."""

    items: list[ProblemOut]
    more: bool


class ReleaseIn(schemas.In):
    """A decision: a photo with the version that was looked at, or words written for the public; shown or kept back."""

    number: Annotated[schemas.Words, Field(min_length=1, max_length=200)]
    source: Annotated[schemas.Words, Field(max_length=200)] = SOURCE
    repeat: Annotated[schemas.Whole, Field(ge=0, le=2**31 - 1)] = 0
    shown: bool
    sha256: schemas.Sha256 | None = None
    version: Annotated[schemas.Whole, Field(ge=1, le=10_000)] = 1
    words: Annotated[schemas.Words, Field(max_length=1000)] | None = None


class WaitingOut(schemas.Out):
    """A photo that waits for a decision."""

    number: str
    source: str
    repeat: int
    category: str
    state: str
    received_at: schemas.Moment
    sha256: str
    version: int
    kind: str


class WaitingsOut(schemas.Out):
    """Those of the newest reports first, at most sixty."""

    items: list[WaitingOut]


def seen(unit: Unit) -> public_problems.Picture:
    """All public problems, counted some minutes ago at most; whoever asks while they are counted waits for that."""
    mine = unit.mine
    with mine.public_lock:
        kept = mine.public
        if kept is None or not timedelta(0) <= unit.now - kept.as_of < KEPT:
            kept = mine.public = public_problems.picture(unit.question, mine.settings.hidden_categories, unit.now)
    return kept


def kinds(unit: Unit) -> list[Category]:
    """The categories whose problems everybody may see."""
    hidden = {*unit.mine.settings.hidden_categories}
    return [one for one in categories.listed(unit.question) if not {one.code, one.parent_code} & hidden]


@router.get("/public/categories", operation_id="public_categories", responses={200: {"model": schemas.CategoriesOut}})
def known(unit: Annotated[Unit, may("read_public")]) -> Response:
    """What public problems are about."""
    zh = unit.locale == "zh"
    return JSONResponse(
        {"items": [{"code": one.code, "name": one.name_zh if zh else one.name_en} for one in kinds(unit)]}
    )


@router.get("/public/cells", operation_id="public_cells", responses={200: {"model": CellsOut}})
def cells(request: Request, unit: Annotated[Unit, may("read_public")], category: Code = None) -> Response:
    """How many problems each cell holds, of the last ninety days."""
    zone, picture = unit.mine.settings.zone, seen(unit)
    found = picture.of(category)
    unplaced = found.pop(None, None)
    since = picture.as_of - timedelta(days=releases.SHOWN_DAYS)
    told = {
        "as_of": rows.moment(picture.as_of, zone),
        "since": str(rows.moment(since, zone))[:10],
        "n_unplaced": unplaced.n if unplaced else 0,
        "cells": [
            {"code": cell.code, "bounds": cell.bounds, "n": n.n, "n_done": n.n_done}
            for cell, n in sorted((cell, n) for cell, n in found.items() if cell is not None)
        ],
    }
    return answers.data(request, told)


@router.get("/public/problems", operation_id="public_problems", responses={200: {"model": ProblemsOut}})
def problems(
    request: Request,
    unit: Annotated[Unit, may("read_public")],
    category: Code = None,
    cell: Code = None,
    number: Number = 1,
) -> Response:
    """The problems, the newest first, fifty a page; with `cell` those of one cell."""
    page = listed(unit, category, cell, number)
    return answers.data(request, {"items": [told(unit, one) for one in page.items], "more": page.more})


@router.get(
    "/public/photos/{sha256}",
    operation_id="public_photo",
    responses={200: {"content": {JPEG: {}}}, 404: {"model": schemas.ErrorOut}},
)
def photo(
    sha256: Annotated[schemas.Words, Path(max_length=200)], unit: Annotated[Unit, may("read_public")]
) -> Response:
    """A photo that staff released, with a longest side of 320 pixels."""
    digest = releases.released_file(unit.question, sha256, unit.now)
    try:
        content = unit.mine.intake.files.thumb(digest).read_bytes()
    except FileNotFoundError:
        raise NotFound("photo_file_missing", sha256=sha256) from None
    return Response(content, headers=SAFE | {"Cache-Control": "no-cache"}, media_type=JPEG)


@router.get("/releases", operation_id="list_releases", responses={200: {"model": WaitingsOut}})
def waiting(unit: Annotated[Unit, may(releases.DEED)]) -> Response:
    """The photos of the own areas' public problems that nobody has decided about."""
    zone = unit.mine.settings.zone
    items = [
        {"number": one.number, "source": one.source, "repeat": one.repeat, "state": one.state, "kind": one.kind}
        | {"category": one.name_zh if unit.locale == "zh" else one.name_en, "version": one.version}
        | {"received_at": rows.moment(one.received_at, zone), "sha256": one.sha256.hex()}
        for one in releases.waiting(unit.db, unit.actor, unit.now)
    ]
    return JSONResponse({"items": items})


@router.post("/releases", status_code=204, operation_id="release_to_public")
def release(body: ReleaseIn, unit: Annotated[Unit, may(releases.DEED)]) -> Response:
    """Shows the public a photo or words of a report, or keeps them back; decided again as often as needed, logged."""
    chosen = None if body.sha256 is None else (body.sha256, body.version)
    which = (body.number, body.source, body.repeat)
    releases.decide(unit.db, unit.actor, *which, unit.now, shown=body.shown, photo=chosen, words=body.words)
    return Response(status_code=204)


def listed(unit: Unit, category: str | None, cell: str | None, number: int) -> public_problems.Page:
    """A page of problems."""
    hidden, skip = unit.mine.settings.hidden_categories, (number - 1) * PER_PAGE
    asked: dict[str, Any] = {"category": category, "cell": cell, "skip": skip, "n": PER_PAGE}
    return public_problems.page(unit.question, seen(unit), hidden, unit.now, **asked)


def told(unit: Unit, one: public_problems.Problem) -> dict[str, Any]:
    """A problem in words."""
    zone = unit.mine.settings.zone
    return {
        "category": one.category,
        "category_words": one.name_zh if unit.locale == "zh" else one.name_en,
        "state": one.state,
        "state_words": translate(f"resident.public.{one.state}", unit.locale),
        "day": str(rows.moment(one.received_at, zone))[:10],
        "closed_on": None if one.closed_at is None else str(rows.moment(one.closed_at, zone))[:10],
        "cell": None if one.cell is None else one.cell.code,
        "words": one.words,
        "photos": [f"/api/v1/public/photos/{quote(sha)}" for sha in one.photos],
    }
