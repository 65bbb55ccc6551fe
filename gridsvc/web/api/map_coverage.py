"""What the coverage map draws over its grids: compounds by how far they are, doors that are left, a campaign's days."""

from __future__ import annotations

from itertools import chain
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from gridsvc import campaigns, coverage, coverage_map
from gridsvc.errors import Conflict
from gridsvc.i18n import translate
from gridsvc.rules.rates import share
from gridsvc.rules.suppression import BELOW
from gridsvc.web import answers, schemas
from gridsvc.web.api import reports, rows
from gridsvc.web.deps import RuleDep, Unit, may

router = APIRouter(prefix="/api/v1/maps/coverage", tags=["maps"])

Box = Annotated[str | None, Query(max_length=200, description="west,south,east,north in degrees (EPSG:4326)")]
OneCampaign = Annotated[schemas.Words, Query(max_length=40, description="whose list is drawn")]


@router.get("/campaigns", operation_id="map_coverage_campaigns", responses={200: {"model": schemas.NamedManyOut}})
def begun(unit: Annotated[Unit, may("read_map")]) -> Response:
    """The campaigns whose list is drawn, the latest first."""
    found = [one for one in campaigns.listed(unit.db) if one.drawn_at is not None]
    return JSONResponse({"items": [{"code": one.code, "name": one.wanted.name} for one in found]})


@router.get("/compounds", operation_id="map_coverage_compounds", responses={200: {"model": dict[str, Any]}})
def compounds(
    request: Request,
    unit: Annotated[Unit, may("read_stats")],
    rule: RuleDep,
    first: Annotated[schemas.Day | None, Query(alias="from", description="first day; narrows a campaign's")] = None,
    last: Annotated[schemas.Day | None, Query(alias="to", description="last day, included")] = None,
    campaign: Annotated[schemas.Words | None, Query(max_length=40, description="its list; else the register")] = None,
    bbox: Box = None,
) -> Response:
    """Compounds as points: doors reached (`n`) of those eligible (`denom`); both null where they are hidden."""
    asked = coverage.Query(("compound",), campaign, first, last)
    zone = unit.mine.settings.zone
    found = coverage_map.compounds(unit.db, asked, unit.actor, unit.now, zone, box=reports.box(bbox), rule=rule)
    content = {
        "as_of": rows.moment(unit.now, zone),
        "from": found.table.window.first.isoformat(),
        "to": found.table.window.last.isoformat(),
        "hidden_below": BELOW,
        "unlocated": found.n_nowhere,
        "nowhere": {"n": found.n_nowhere, "denom": found.of_nowhere},
        "rows": [_compound(one) for one in found.rows],
    }
    return answers.data(request, content)


@router.get("/days", operation_id="map_coverage_days", responses={200: {"model": dict[str, Any]}})
def days(request: Request, unit: Annotated[Unit, may("read_stats")], campaign: OneCampaign) -> Response:
    """A campaign day by day, all of it in one answer: for each grid and compound the numbers of the days (0 is `first`)
    on which eligible doors were first reached, each followed by how many were; `excluded`: the same by grid of doors
    confirmed as not to be visited, which only the reading of all doors counts."""
    zone = unit.mine.settings.zone
    found = coverage_map.days(unit.db, campaigns.one(unit.db, campaign), unit.actor, unit.now, zone)
    content = {
        "as_of": rows.moment(unit.now, zone),
        "campaign": campaign,
        "first": found.first.isoformat(),
        "n_days": found.n,
        "grids": [[code, _steps(steps)] for code, steps in found.grids.items()],
        "excluded": [[code, _steps(steps)] for code, steps in found.excluded.items()],
        "compounds": [[id_, _steps(steps)] for id_, steps in found.compounds.items()],
    }
    return answers.data(request, content)


@router.get("/doors", operation_id="map_coverage_doors", responses={200: {"model": dict[str, Any]}})
def doors(
    request: Request,
    unit: Annotated[Unit, may("read_households")],
    campaign: OneCampaign,
    bbox: Annotated[str, Query(max_length=200, description="west,south,east,north in degrees (EPSG:4326)")],
) -> Response:
    """The doors within a small box that a campaign has still to reach; `more`: how many are left out."""
    held = campaigns.one(unit.db, campaign)
    if held.drawn_at is None:
        raise Conflict("campaign_not_drawn", campaign=campaign)
    box = reports.box(bbox)
    assert box is not None  # noqa: S101 - the parameter is required
    found, n_more = coverage_map.doors(unit.db, held, unit.actor, box)
    content = {
        "as_of": rows.moment(unit.now, unit.mine.settings.zone),
        "more": n_more,
        "rows": [_door(one, unit) for one in found],
    }
    return answers.data(request, content)


def _compound(one: coverage_map.Compound) -> rows.Json:
    known = share(one.n, one.denom) if one.n is not None and one.denom is not None else None
    return one._asdict() | {"share": known}


def _door(one: coverage_map.Door, unit: Unit) -> rows.Json:
    told = {"id": one.id, "kind": one.kind, "name": one.name, "compound": one.compound, "label": one.label(unit.locale)}
    told |= {"lon": one.lon, "lat": one.lat, "grid": one.grid_code, "visits": one.n_visits, "status": one.status}
    return told | {"status_text": translate(f"coverage.status.{one.status}", unit.locale)}


def _steps(steps: coverage_map.Steps) -> list[int]:
    return list(chain.from_iterable(zip(*steps, strict=True)))
