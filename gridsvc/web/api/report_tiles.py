"""Vector tiles of the maps: a reader's reports, and the grids of an edition."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from gridsvc import map_tiles, report_tiles
from gridsvc.errors import Forbidden, Refused
from gridsvc.map_tiles import Tile
from gridsvc.web import answers, schemas
from gridsvc.web.api import period, rows
from gridsvc.web.api.maps import MVT
from gridsvc.web.deps import Unit, may

router = APIRouter(prefix="/api/v1/tiles", tags=["maps"])

IMMUTABLE = "private, max-age=31536000, immutable"
REPORTS = "/api/v1/tiles/reports/{z}/{x}/{y}.pbf"
FIELDS = {"bins": {"n": "Number"}, "points": dict.fromkeys(("number", "category", "state", "day"), "String")}
Zoom = Annotated[int, Path(ge=0, le=map_tiles.MAX_ZOOM)]
Place = Annotated[int, Path(ge=0, lt=2**map_tiles.MAX_ZOOM)]
State = Literal[
    "reported", "verified", "filed", "dispatched", "disposed", "checked", "closed", "struck_off", "not_filed", "merged"
]  # fmt: skip
Answer = dict[int | str, dict[str, Any]]
TILE: Answer = {200: {"content": {MVT: {}}}, 304: {}}


@router.get("/reports.json", operation_id="report_tiles", responses={200: {"model": dict[str, Any]}})
def about(request: Request, unit: Annotated[Unit, may("read_map")]) -> Response:
    """What the tiles of reports hold and how far this reader's reach, as TileJSON; `age_s`: how old they may be."""
    content: dict[str, Any] = {
        "tilejson": "3.0.0",
        "name": "reports",
        "tiles": [REPORTS],
        "minzoom": 0,
        "maxzoom": map_tiles.MAX_ZOOM,
        "vector_layers": [
            {"id": "bins", "fields": FIELDS["bins"], "minzoom": 0, "maxzoom": map_tiles.MAX_ZOOM},
            {"id": "points", "fields": FIELDS["points"], "minzoom": report_tiles.POINTS_FROM},
        ],
        "most_points": report_tiles.MOST_POINTS,
        "as_of": rows.moment(unit.now, unit.mine.settings.zone),
        "age_s": 0,
    }
    reach = map_tiles.bounds(unit.question, unit.actor)
    return answers.data(request, content if reach is None else content | {"bounds": reach})


@router.get("/reports/{z}/{x}/{y}.pbf", operation_id="report_tile", responses=TILE)
def reports(
    request: Request,
    unit: Annotated[Unit, may("read_map")],
    z: Zoom,
    x: Place,
    y: Place,
    first: Annotated[schemas.Day | None, Query(alias="from", description="first day of receipt")] = None,
    last: Annotated[schemas.Day | None, Query(alias="to", description="last day of receipt, included")] = None,
    category: Annotated[schemas.Words | None, Query(min_length=1, max_length=100)] = None,
    state: Annotated[list[State] | None, Query(description="by default all but void ones")] = None,
) -> Response:
    """Own reports in a tile: counts by 32 x 32 squares (layer bins), points from zoom 15; 403 beyond the own area."""
    where = Tile(z, x, y)
    wanted = _filter(unit, first, last, category, state)
    # while nothing is written anywhere, a tile once made is the same for all who see the same rows
    seen = map_tiles.begin(unit.db)
    key = f"{seen} {where} {wanted.key(unit.now)} {map_tiles.whose(unit.actor)}"

    def make() -> bytes:
        return report_tiles.tile(unit.db, unit.actor, where, wanted, unit.now, unit.mine.settings.timezone)

    content = unit.mine.report_tiles.get(key, make)
    if not content and map_tiles.is_outside(unit.db, unit.actor, where):
        raise Forbidden("tile_outside")
    return _answer(request, content, lambda: unit.mine.report_tiles.get(f"{key} gzip", lambda: answers.packed(content)))


@router.get("/grids/{edition}/{z}/{x}/{y}.pbf", operation_id="grid_tile", responses=TILE)
def grids(
    request: Request,
    unit: Annotated[Unit, may("read_map")],
    edition: Annotated[schemas.Words, Path(max_length=40, description="ids of editions, one of each layer: 3-7")],
    z: Zoom,
    x: Place,
    y: Place,
) -> Response:
    """The grids of an edition that this reader sees, in a tile (layer grids: code, name, layer), fit for its zoom."""
    where = Tile(z, x, y)
    tag = answers.etag("grid tile", edition, where, map_tiles.whose(unit.actor)) if unit.actor.sees_all else None
    if tag is not None and answers.known(request, tag):
        return answers.body(request, b"", MVT, tag=tag, cache=IMMUTABLE)
    map_tiles.begin(unit.db)
    ids = map_tiles.edition_ids(unit.db, edition)
    if tag is None:  # which grids are the reader's changes with duties and areas
        return answers.body(request, map_tiles.grids(unit.db, unit.actor, ids, where), MVT)
    content = unit.mine.bodies.get(tag, lambda: map_tiles.grids(unit.db, unit.actor, ids, where))
    gzipped = unit.mine.bodies.get(f"{tag} gzip", lambda: answers.packed(content))
    return answers.body(request, content, MVT, tag=tag, cache=IMMUTABLE, gzipped=gzipped)


def _filter(
    unit: Unit, first: date | None, last: date | None, category: str | None, state: list[State] | None
) -> report_tiles.Filter:
    if first is not None and last is not None and first > last:
        raise Refused("period_reversed", first=first.isoformat(), last=last.isoformat())
    zone = unit.mine.settings.zone
    return report_tiles.Filter(
        from_at=None if first is None else period.begins(first, zone),
        to_at=None if last is None else period.ends(last, zone),
        category=category,
        states=tuple(sorted(set(state or ()))),
    )


def _answer(request: Request, content: bytes, gzipped: Callable[[], bytes]) -> Response:
    tag = answers.etag(content)
    pack = len(content) >= answers.PACK_FROM_BYTES and answers.takes_gzip(request) and not answers.known(request, tag)
    return answers.body(request, content, MVT, tag=tag, gzipped=gzipped() if pack else None)
