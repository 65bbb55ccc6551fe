"""Where a position belongs, without storing anything."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from starlette.responses import Response

from geodata.crs import parse_crs
from gridsvc import grids, reports
from gridsvc.web import schemas
from gridsvc.web.api import rows
from gridsvc.web.deps import Unit, may

router = APIRouter(prefix="/api/v1", tags=["reports"])

Coordinate = Annotated[float, Query(allow_inf_nan=False, ge=-schemas.MAX_NUMBER, le=schemas.MAX_NUMBER)]


@router.get("/locate", operation_id="locate", responses={200: {"model": schemas.LocatedOut}})
def locate(
    lon: Coordinate,
    lat: Coordinate,
    crs: Annotated[schemas.Crs, Query(description="wgs84, cgcs2000, gcj02, bd09 or EPSG:n")],
    unit: Annotated[Unit, may("locate")],
    accuracy_m: Annotated[float | None, Query(allow_inf_nan=False, ge=0, le=schemas.MAX_ACCURACY_M)] = None,
) -> Response:
    """The grid of a position, how it was found and who is on duty there now."""
    there = reports.to_wgs84(reports.Position(lon, lat, parse_crs(crs).name))
    placement = grids.place(unit.question, *there, unit.now, unit.mine.rule, accuracy_m=accuracy_m)
    return JSONResponse(rows.placed(placement, unit.locale, known=unit.actor.known))
