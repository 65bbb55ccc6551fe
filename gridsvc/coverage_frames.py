"""A coverage by place as a frame of shapes in EPSG:4326, for maps of one's own and for files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shapely
from sqlalchemy import Connection

from geodata.later import later
from gridsvc.coverage import PLACES, Table
from gridsvc.db.queries import load
from gridsvc.errors import Refused
from gridsvc.rules.coverage import COUNTS, RATES, figures

if TYPE_CHECKING:
    import geopandas as gpd
else:
    gpd = later("geopandas")


def frame(db: Connection, table: Table) -> gpd.GeoDataFrame:
    """A row for each place of a coverage by one of `PLACES`: code, name, layer, the counts, the shares, its shape.

    Shares are 0-1, missing over nothing; figures that are hidden are missing. What lies in no such place has no shape.

    Raises:
        Refused: the coverage is by something else, or by two things.
    """
    if len(table.query.by) != 1 or table.query.by[0] not in PLACES:
        raise Refused("coverage_format_place", known=", ".join(PLACES))
    (dim,) = table.query.by
    found = db.execute(load("coverage_shapes"), {"dim": dim, "at": table.held_at})
    shapes = {(row.code, row.layer): row.geom for row in found}
    keys = [row.keys[0] for row in table.rows]
    wkbs = [shapes.get((key.code, key.layer)) for key in keys]
    told: dict[str, list[object]] = {"code": [key.code for key in keys], "name": [key.name for key in keys]}
    if dim == "grid":
        told["layer"] = [key.layer for key in keys]
    counts = [row.counts for row in table.rows]
    told |= {name: [one.get(name) for one in counts] for name in COUNTS}
    shares = [{one.id: one.share for one in figures(of)} if of else {} for of in counts]
    told |= {rate.id: [one.get(rate.id) for one in shares] for rate in RATES}
    whole = dict.fromkeys(COUNTS, "Int64") | {rate.id: "Float64" for rate in RATES}
    geometry = [None if wkb is None else shapely.from_wkb(bytes(wkb)) for wkb in wkbs]
    return gpd.GeoDataFrame(told, geometry=geometry, crs="EPSG:4326").astype(whole)
