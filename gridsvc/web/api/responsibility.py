"""Who would get a report of a category at a place, and why."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from starlette.responses import Response

from geodata.crs import parse_crs
from gridsvc import reports, responsibility
from gridsvc.errors import Refused
from gridsvc.i18n import translate
from gridsvc.responsibility import Place
from gridsvc.web import schemas
from gridsvc.web.api.locate import Coordinate
from gridsvc.web.deps import Unit, may

router = APIRouter(prefix="/api/v1", tags=["people"])

Code = Annotated[schemas.Words, Query(min_length=1, max_length=120)]
Level = Literal["grid", "community", "subdistrict", "district", "city"]


@router.get("/responsibility", operation_id="responsibility", responses={200: {"model": dict[str, Any]}})
def who(
    unit: Annotated[Unit, may("read_responsibility")],
    category: Code,
    area: Code | None = None,
    grid: Code | None = None,
    lon: Coordinate | None = None,
    lat: Coordinate | None = None,
    crs: Annotated[schemas.Crs | None, Query(description="of lon and lat")] = None,
    level: Level = "grid",
) -> Response:
    """The department that leads and those that assist, the line that decided, and the lines that fit and lost.

    The place is an area, a grid (code or name), or a position with its coordinate system; without any, no area.
    `routing` is list, fallback (the territory's own department) or consultation (nobody).
    """
    at = _place(unit, area, grid, lon, lat, crs)
    fallback = unit.mine.settings.territorial_fallback
    area_id = None if at is None else at.area_id
    found = responsibility.explain(unit.db, category, area_id, level, fallback=fallback)
    lines = [
        {
            "list": one.list,
            "category": one.category,
            "area": None if one.area_code is None else {"code": one.area_code, "name": one.area_name},
            "level": one.level,
            "lead": _body(one.lead),
            "assistants": [_body(body) for body in one.assistants],
            "source": one.source,
            "decides": one.lost_by is None,
            "lost_by": one.lost_by,
            "why": None if one.lost_by is None else translate(f"responsibility.why_not.{one.lost_by}", unit.locale),
        }
        for one in found.lines
    ]
    return JSONResponse(
        {
            "category": category,
            "place": at and {"kind": at.kind, "code": at.code, "name": at.name, "area": at.area_name},
            "level": level,
            "routing": found.routing,
            "told": translate(f"responsibility.routing.{found.routing}", unit.locale),
            "lead": found.lead and _body(found.lead),
            "assistants": [_body(body) for body in found.assistants],
            "lines": lines,
        }
    )


def _place(
    unit: Unit, area: str | None, grid: str | None, lon: float | None, lat: float | None, crs: str | None
) -> Place | None:
    position = (lon, lat, crs)
    has_position = any(one is not None for one in position)
    if (area is not None) + (grid is not None) + has_position > 1 or (has_position and None in position):
        raise Refused("place_twice")
    if lon is not None and lat is not None and crs is not None:
        at = reports.to_wgs84(reports.Position(lon, lat, parse_crs(crs).name))
        return responsibility.at(unit.db, *at, unit.now, unit.mine.rule)
    words = area if area is not None else grid
    if words is None:
        return None
    return responsibility.place(unit.db, words, kind="area" if area is not None else "grid")


def _body(one: responsibility.Body) -> dict[str, Any]:
    return {"code": one.code, "name": one.name}
