"""Our own base map: roads, buildings and water as vector tiles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, exists, select

from gridsvc.db import tables as t
from gridsvc.db.queries import load

MAX_ZOOM = 20
MOST_DRAWN = 40_000  # on one paper
MIN_ZOOM = 9  # farther out a town is a few pixels


def tile(db: Connection, z: int, x: int, y: int) -> bytes:
    """The vector tile; empty where nothing was imported, and outside the zooms that show anything.

    Layers: `roads` (property class: major, minor, path; minor from zoom 13, paths from 15), `buildings` (from 15),
    `water`, and `labels`, points with the names of these (name, kind, angle, long), for the reader's own font.
    """
    if not MIN_ZOOM <= z <= MAX_ZOOM or not (0 <= x < 2**z and 0 <= y < 2**z):
        return b""
    return bytes(db.scalar(load("basemap_tile"), {"z": z, "x": x, "y": y}) or b"")


@dataclass(frozen=True)
class Drawn:
    """Something of the base map to be printed: `kind` is major, minor, path, water or building; `geom` is WKB."""

    kind: str
    name: str | None
    geom: bytes


def drawn(db: Connection, bounds: tuple[float, float, float, float], zoom: float, tolerance_deg: float) -> list[Drawn]:
    """What lies in a rectangle (west, south, east, north), the most important first and never more than `MOST_DRAWN`.

    Args:
        zoom: of a screen that shows it at the same scale, which decides what is shown at all.
        tolerance_deg: how much a line may be straightened.
    """
    edges = dict(zip(("west", "south", "east", "north"), bounds, strict=True))
    values = edges | {"zoom": zoom, "tolerance_deg": tolerance_deg, "most": MOST_DRAWN}
    return [Drawn(row.kind, row.name, bytes(row.geom)) for row in db.execute(load("basemap_paper"), values) if row.geom]


def is_there(db: Connection) -> bool:
    """Whether any base map was imported."""
    return bool(db.scalar(select(exists(select(t.basemap.c.id)))))


@dataclass(frozen=True)
class Feature:
    """A road, building or water; `class_` is major, minor or path for roads; `geom` is WKB in EPSG:4326."""

    kind: str
    class_: str | None
    name: str | None
    geom: bytes


def save(db: Connection, source: str, features: Iterable[Feature]) -> int:
    """How many features the base map has from this source now: those that came before are replaced."""
    db.execute(t.basemap.delete().where(t.basemap.c.source == source))
    rows = [{"source": source, **vars(feature)} for feature in features]
    if rows:
        db.execute(load("save_basemap"), rows)
    return len(rows)
