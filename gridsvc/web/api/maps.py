"""What the maps draw: shapes of grids and compounds, and our own base map as vector tiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy import Connection
from starlette.responses import Response

from gridsvc import basemap, shapes
from gridsvc.rules import roles
from gridsvc.web import answers, schemas
from gridsvc.web.api.reports import GEOJSON
from gridsvc.web.deps import Unit, may

router = APIRouter(tags=["maps"])

MVT = "application/vnd.mapbox-vector-tile"
TILE_CACHE = "private, max-age=3600"
Tile = Annotated[int, Path(ge=0, le=2**24)]


@router.get(
    "/api/v1/maps/grids.geojson",
    operation_id="map_grids",
    responses={200: {"content": {GEOJSON: {}}}, 304: {}},
)
def grid_shapes(
    request: Request,
    unit: Annotated[Unit, may("read_map")],
    edition: Annotated[schemas.Words | None, Query(max_length=100, description="only makes the address new")] = None,
) -> Response:
    """The published grids of both layers that the reader sees, with code, name and layer."""
    return _of_edition(request, unit, "grids", shapes.grids_geojson)


@router.get(
    "/api/v1/maps/communities.geojson",
    operation_id="map_communities",
    responses={200: {"content": {GEOJSON: {}}}, 304: {}},
)
def community_shapes(
    request: Request,
    unit: Annotated[Unit, may("read_map")],
    edition: Annotated[schemas.Words | None, Query(max_length=100, description="only makes the address new")] = None,
) -> Response:
    """The communities of the published base grids that the reader sees, with code and name: the grids put together."""
    return _of_edition(request, unit, "communities", shapes.communities_geojson)


@router.get(
    "/api/v1/maps/compounds.geojson",
    operation_id="map_compounds",
    responses={200: {"content": {GEOJSON: {}}}, 304: {}},
)
def compound_shapes(request: Request, unit: Annotated[Unit, may("read_map")]) -> Response:
    """The residential compounds in grids that the reader sees, with name and kind (polygon or point)."""
    return answers.body(request, shapes.compounds_geojson(unit.db, unit.actor), GEOJSON)


def _of_edition(request: Request, unit: Unit, what: str, make: Callable[[Connection, roles.Actor], bytes]) -> Response:
    """Shapes that stay as they are for an edition: for readers of everything the text is made once."""
    if not unit.actor.sees_all:
        return answers.body(request, make(unit.db, unit.actor), GEOJSON)
    tag = answers.etag(what, sorted(shapes.editions(unit.db).items()))
    if answers.known(request, tag):
        return answers.body(request, b"", GEOJSON, tag=tag)
    content = unit.mine.bodies.get(tag, lambda: make(unit.db, unit.actor))
    packed = unit.mine.bodies.get(f"{tag} gzip", lambda: answers.packed(content))
    return answers.body(request, content, GEOJSON, tag=tag, gzipped=packed)


@router.get(
    "/basemap/{z}/{x}/{y}.pbf",
    operation_id="basemap_tile",
    responses={200: {"content": {MVT: {}}}, 204: {}, 304: {}},
)
def tile(request: Request, unit: Annotated[Unit, may("read_basemap")], z: Tile, x: Tile, y: Tile) -> Response:
    """A vector tile of our own base map: layers roads (class major, minor or path), buildings, water, labels."""
    content = basemap.tile(unit.question, z, x, y)
    if not content:
        return Response(status_code=204, headers={"Cache-Control": TILE_CACHE})
    return answers.body(request, content, MVT, cache=TILE_CACHE)
