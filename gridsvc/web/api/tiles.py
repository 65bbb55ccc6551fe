"""The configured provider's raster tiles, through this server: readers never meet the provider, nor its key."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from gridsvc.errors import NotFound
from gridsvc.rules.roles import ANONYMOUS, Actor, require
from gridsvc.web import answers, schemas, security
from gridsvc.web.api.maps import Tile
from gridsvc.web.deps import ServicesDep
from gridsvc.web.recognised import Presented
from gridsvc.web.services import Services

router = APIRouter(prefix="/basemap/tiles", tags=["maps"])

CACHE = "private, max-age=86400"


def _identify(request: Request, mine: Services, shown: Presented, now: datetime) -> Actor:
    with mine.engine.connect() as db:
        return security.identify(db, request, shown, now)


@router.get(
    "/{layer}/{z}/{x}/{y}",
    operation_id="provider_tile",
    responses={200: {"content": {"image/*": {}}}, 304: {}, 404: {"model": schemas.ErrorOut}},
)
def tile(
    request: Request,
    mine: ServicesDep,
    layer: Annotated[schemas.Words, Path(max_length=20)],
    z: Tile,
    x: Tile,
    y: Tile,
) -> Response:
    """A tile of the provider named in the settings; 404 where none is."""
    if mine.tiles is None:
        raise NotFound("tiles_not_configured")
    # not `Db`: a transaction would stay open while a foreign server thinks
    actor = ANONYMOUS
    shown = security.presented(request)
    if shown is not None:
        now = mine.clock()
        recent = security.recent(request, shown, now)
        actor = recent if recent is not None else _identify(request, mine, shown, now)
    require(actor, "read_basemap")
    if not actor.known:
        mine.tile_readers.take(security.address(request), "too_many_tiles")
    found = mine.tiles.get(layer, z, x, y)
    return answers.body(request, found.content, found.media_type, cache=CACHE)
