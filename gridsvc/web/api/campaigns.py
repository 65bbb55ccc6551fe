"""Campaigns of visits: set up, started, ended, and how far they are."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse
from pydantic import Field
from starlette.responses import Response

from gridsvc import campaign_progress, campaigns, coverage, mop_up
from gridsvc.campaigns import Campaign, Wanted
from gridsvc.errors import Conflict
from gridsvc.i18n import translate
from gridsvc.rules.forecast import Forecast
from gridsvc.rules.rates import share
from gridsvc.web import schemas
from gridsvc.web.api import rows
from gridsvc.web.deps import Unit, may

router = APIRouter(prefix="/api/v1", tags=["visits"])

MOST_CODES, MOST_QUESTIONS = 500, 50
Code = Annotated[schemas.Words, Field(min_length=1, max_length=120)]
Slug = Annotated[schemas.Words, Field(pattern="^[a-z0-9][a-z0-9-]{0,39}$", examples=["2026-autumn"])]
CodeInPath = Annotated[schemas.Words, Path(min_length=1, max_length=40)]
Kind = Literal["household", "shop", "firm"]
Mode = Literal["door", "phone", "wechat", "meeting"]
Kinds = Annotated[tuple[Kind, ...], Field(min_length=1, max_length=3)]
Modes = Annotated[tuple[Mode, ...], Field(min_length=1, max_length=4)]
Classes = Annotated[tuple[Code, ...], Field(min_length=1, max_length=MOST_CODES)]
Areas = Annotated[tuple[Code, ...], Field(max_length=MOST_CODES)]
Name = Annotated[schemas.Words, Field(min_length=1, max_length=200, pattern=r"\S")]
ByWhom = Annotated[schemas.Words, Field(max_length=500)]
Question = Annotated[schemas.Words, Field(min_length=1, max_length=500)]
Questions = Annotated[tuple[Question, ...], Field(max_length=MOST_QUESTIONS)]
Times = Annotated[schemas.Whole, Field(ge=1, le=100)]
Count = Annotated[schemas.Whole, Field(ge=0, le=2**31 - 1)]
Percent = Annotated[schemas.Whole, Field(ge=1, le=100, description="of the eligible doors, that are to be reached")]


class CampaignIn(schemas.In):
    """A campaign; without `class_codes` every class, without `area_codes` everywhere; both days are included."""

    code: Slug
    name: Name
    starts_on: schemas.Day
    ends_on: schemas.Day
    kinds: Kinds = ("household",)
    class_codes: Classes | None = None
    area_codes: Areas = ()
    n_times: Times = 1
    modes: Modes = ("door",)
    by_whom: ByWhom = ""
    questions: Questions = ()
    n_issued: Count = 0
    n_returned: Count = 0
    target_percent: Percent = 95


class ChangeIn(schemas.In):
    """What changes; `class_codes` null: every class. What decides the list is fixed once it is drawn."""

    name: Name | None = None
    starts_on: schemas.Day | None = None
    ends_on: schemas.Day | None = None
    kinds: Kinds | None = None
    class_codes: Classes | None = None
    area_codes: Areas | None = None
    n_times: Times | None = None
    modes: Modes | None = None
    by_whom: ByWhom | None = None
    questions: Questions | None = None
    n_issued: Count | None = None
    n_returned: Count | None = None
    target_percent: Percent | None = None


@router.get("/campaigns", operation_id="campaigns", responses={200: {"model": dict[str, Any]}})
def many(unit: Annotated[Unit, may("read_campaigns")]) -> Response:
    """All campaigns, the latest first."""
    return JSONResponse({"items": [told(one, unit) for one in campaigns.listed(unit.question)]})


@router.post("/campaigns", operation_id="create_campaign", status_code=201, responses={201: {"model": dict[str, Any]}})
def create(body: CampaignIn, unit: Annotated[Unit, may("manage_campaigns")]) -> Response:
    """Sets up a draft; its list is drawn when it starts."""
    given = _once(body.model_dump(exclude={"code"}))
    made = campaigns.create(unit.db, body.code, Wanted(**given), unit.actor, unit.now, unit.mine.settings.zone)
    return JSONResponse(told(made, unit), 201)


@router.get("/campaigns/{code}", operation_id="campaign", responses={200: {"model": dict[str, Any]}})
def single(code: CodeInPath, unit: Annotated[Unit, may("read_campaigns")]) -> Response:
    """A campaign, with its questionnaires and how many of its visits came late; both null where its whole is hidden."""
    found = campaigns.one(unit.question, code)
    papers = None if _hides(found, unit) else campaigns.papers(unit.question, found, unit.actor)
    return JSONResponse(told(found, unit) | {"questionnaires": _papers(papers), "late": _late(papers)})


@router.patch("/campaigns/{code}", operation_id="change_campaign", responses={200: {"model": dict[str, Any]}})
def change(code: CodeInPath, body: ChangeIn, unit: Annotated[Unit, may("manage_campaigns")]) -> Response:
    """Changes what is named in the body."""
    given = _once(body.model_dump(exclude_unset=True))
    kept = {name: value for name, value in given.items() if value is not None or name == "class_codes"}
    return JSONResponse(told(campaigns.change(unit.db, code, kept, unit.now, unit.mine.settings.zone), unit))


@router.post("/campaigns/{code}/draw", operation_id="draw_campaign", responses={200: {"model": dict[str, Any]}})
def draw(code: CodeInPath, unit: Annotated[Unit, may("manage_campaigns")]) -> Response:
    """Starts a campaign: the doors in its scope now are its list, and stay so."""
    return JSONResponse(told(campaigns.draw(unit.db, code, unit.now), unit))


@router.post("/campaigns/{code}/end", operation_id="end_campaign", responses={200: {"model": dict[str, Any]}})
def end(code: CodeInPath, unit: Annotated[Unit, may("manage_campaigns")]) -> Response:
    """Ends a campaign; what arrives late still counts on its day."""
    return JSONResponse(told(campaigns.end(unit.db, code, unit.now), unit))


@router.get("/campaigns/{code}/progress", operation_id="campaign_progress", responses={200: {"model": dict[str, Any]}})
def progress(code: CodeInPath, unit: Annotated[Unit, may("read_campaigns")]) -> Response:
    """Eligible doors first reached on each day, and when the last one may be, with a band that holds it with 80 %."""
    found = campaign_progress.load(unit.db, _drawn(unit, code), unit.actor, unit.now, unit.mine.settings.zone)
    days = [{"day": one.day.isoformat(), "new": one.n_new, "sum": one.n_sum} for one in found.days]
    ahead = None if found.forecast is None else _ahead(found.forecast, unit)
    as_of = rows.moment(unit.now, unit.mine.settings.zone)
    content = {"as_of": as_of, "eligible": found.n_eligible, "left": found.n_left, "days": days, "forecast": ahead}
    return JSONResponse(content)


@router.get("/campaigns/{code}/mop-up", operation_id="mop_up", responses={200: {"model": dict[str, Any]}})
def left(
    code: CodeInPath,
    unit: Annotated[Unit, may("read_households")],
    grid: Annotated[schemas.Words | None, Query(min_length=1, max_length=120)] = None,
    compound: Annotated[int | None, Query(ge=1, le=2**62, description="id of a compound")] = None,
    limit: Annotated[int, Query(ge=1, le=mop_up.MOST_DOORS)] = mop_up.MOST_DOORS,
) -> Response:
    """The doors of the reader's grids that are still to be reached, building by building in walking order."""
    zone, lang = unit.mine.settings.zone, unit.locale
    held = _drawn(unit, code)
    walk = mop_up.walk(unit.db, unit.actor, held, unit.now, zone, grid=grid, compound_id=compound, most=limit)
    stops = [
        {
            "number": stop.number,
            "compound": stop.compound,
            "building": stop.building,
            "label": stop.label(lang),
            "lon": stop.lon,
            "lat": stop.lat,
            "doors": [_door(door, unit) for door in stop.doors],
        }
        for stop in walk.stops
    ]
    content = {"as_of": rows.moment(unit.now, zone), "doors": walk.n_doors, "more": walk.n_more}
    return JSONResponse(content | {"length_m": round(walk.length_m), "along_roads": walk.along_roads, "stops": stops})


def told(one: Campaign, unit: Unit) -> rows.Json:
    """A campaign as it is sent."""
    zone = unit.mine.settings.zone
    wanted = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(one.wanted).items()}
    wanted |= {name: getattr(one.wanted, name).isoformat() for name in ("starts_on", "ends_on")}
    del wanted["area_codes"]
    return {
        "code": one.code,
        "state": one.state,
        "state_text": translate(f"campaign.state.{one.state}", unit.locale),
        **wanted,
        "areas": [
            {"code": code, "name": name} for code, name in zip(one.wanted.area_codes, one.area_names, strict=True)
        ],
        **{name: rows.moment(getattr(one, name), zone) for name in ("created_at", "drawn_at", "ended_at")},
    }


def _drawn(unit: Unit, code: str) -> Campaign:
    found = campaigns.one(unit.db, code)
    if found.drawn_at is None:
        raise Conflict("campaign_not_drawn", campaign=code)
    return found


def _ahead(found: Forecast, unit: Unit) -> rows.Json:
    days = {name: getattr(found, name) for name in ("median_on", "low_on", "high_on")}
    reason = None if found.reason is None else translate(f"campaign.forecast.none_{found.reason}", unit.locale)
    return {name: day and day.isoformat() for name, day in days.items()} | {
        "in_time_share": found.in_time_share,
        "n_runs": found.n_runs,
        "reason": found.reason,
        "reason_text": reason,
    }


def _door(door: mop_up.Door, unit: Unit) -> rows.Json:
    return {
        "id": door.id,
        "kind": door.kind,
        "name": door.name,
        "unit": door.unit,
        "room": door.room,
        "label": door.inside(unit.locale),
        "grid": door.grid_code,
        "status": door.status,
        "visits": door.n_visits,
        "last_at": rows.moment(door.last_at, unit.mine.settings.zone),
    }


def _hides(found: Campaign, unit: Unit) -> bool:
    """Whether this reader is not told of the whole of a campaign: it is of few persons of some classes."""
    if found.drawn_at is None or found.wanted.class_codes is None:
        return False
    whole = coverage.Query((), found.code)
    zone = unit.mine.settings.zone
    return coverage.table(unit.question, whole, unit.actor, unit.now, zone).values is None


def _papers(papers: campaigns.Papers | None) -> rows.Json | None:
    if papers is None:
        return None
    return {"issued": papers.n_issued, "returned": papers.n_returned}


def _late(papers: campaigns.Papers | None) -> rows.Json | None:
    if papers is None:
        return None
    return {"n": papers.n_late, "of": papers.n_visits, "share": share(papers.n_late, papers.n_visits)}


def _once(given: dict[str, Any]) -> dict[str, Any]:
    """The fields, each thing named once."""
    return {name: tuple(dict.fromkeys(v)) if isinstance(v, tuple) else v for name, v in given.items()}
