"""Our own base map: roads, buildings and water as vector tiles."""

from __future__ import annotations

from sqlalchemy import Connection, exists, select

from gridsvc.db import tables as t
from gridsvc.db.queries import load

MAX_ZOOM = 20
MIN_ZOOM = 9  # farther out a town is a few pixels


def tile(db: Connection, z: int, x: int, y: int) -> bytes:
    """The vector tile; empty where nothing was imported, and outside the zooms that show anything.

    Layers: `roads` (property class: major, minor, path; minor from zoom 13, paths from 15), `buildings` (from 15), `water`.
    """
    if not MIN_ZOOM <= z <= MAX_ZOOM or not (0 <= x < 2**z and 0 <= y < 2**z):
        return b""
    return bytes(db.scalar(load("basemap_tile"), {"z": z, "x": x, "y": y}) or b"")


def is_there(db: Connection) -> bool:
    """Whether any base map was imported."""
    return bool(db.scalar(select(exists(select(t.basemap.c.id)))))
