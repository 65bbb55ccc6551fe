"""What any map on paper shows of the place, which part of it, and the file that is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import shapely
from fastapi import Query
from starlette.responses import Response

from gridsvc import basemap, grids, shapes
from gridsvc.settings import Settings
from gridsvc.web import schemas
from gridsvc.web.deps import Unit
from maps.paper import frame as frames
from maps.paper.sheet import Area, Ground, PaperName, Place
from maps.view import MAX_ZOOM

FileKind = Literal["pdf", "png"]
MEDIA: dict[FileKind, str] = {"pdf": "application/pdf", "png": "image/png"}
_NUMBER = r"-?\d{1,3}(\.\d{1,9})?"
MAP = rf"^{_NUMBER}/{_NUMBER}/{_NUMBER}$"
M_OF_DEG = 111_320.0

Extent = Annotated[schemas.Words | None, Query(alias="map", max_length=60, pattern=MAP, description="zoom/lat/lon")]
Screen = Annotated[schemas.Words, Query(alias="px", max_length=20, pattern=r"^[1-9]\d{1,4}x[1-9]\d{1,4}$")]
SCREEN = "1000x700"  # pixels of the page's map where it does not say
Paper = Annotated[PaperName, Query()]


def frame(unit: Unit, areas: Sequence[Area], extent: str | None, screen: str, box: frames.Box) -> frames.Frame:
    """What the screen shows, where it says so; else all areas, or all that is published."""
    if extent:
        zoom, lat, lon = (float(part) for part in extent.split("/"))
        wide, high = (int(part) * frames.POINTS_OF_PIXEL for part in screen.split("x"))
        return frames.at(lon, lat, min(max(zoom, 0), MAX_ZOOM), box, min(box.wide / wide, box.high / high))
    if areas:
        west, south, east, north = (float(edge) for edge in shapely.total_bounds([area.geom for area in areas]))
        return frames.around((west, south, east, north), box)
    shape = grids.published_shape(unit.db)
    return frames.around((shape.west, shape.south, shape.east, shape.north), box)


def ground(unit: Unit, seen: frames.Frame) -> tuple[Ground, ...]:
    """Roads, waters and buildings in the frame, as fine as its scale shows them."""
    tolerance_deg = seen.metres_of_point * frames.UNSEEN / M_OF_DEG
    found = basemap.drawn(unit.db, seen.bounds, seen.zoom, tolerance_deg)
    geoms = shapely.from_wkb([one.geom for one in found])
    return tuple(Ground(one.kind, geom, one.name or "") for one, geom in zip(found, geoms, strict=True))


def places(unit: Unit) -> tuple[Place, ...]:
    """The compounds that this reader's map shows."""
    found = shapes.compounds(unit.db, unit.actor)
    geoms = shapely.from_geojson([one.shape for one in found])
    return tuple(Place(one.name, geom) for one, geom in zip(found, geoms, strict=True))


def credit(settings: Settings) -> str:
    """Attribution and map review number, as far as there are any."""
    return " · ".join(part for part in (settings.tile_attribution, settings.map_review_number) if part)


def sent(made: bytes, name: str, kind: FileKind) -> Response:
    """The file, to be saved under that name and kept by nobody on the way."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(made, headers=headers, media_type=MEDIA[kind])
