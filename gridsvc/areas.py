"""Areas of the hierarchy: city, district, subdistrict, community; a level may be missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from gridsvc.db.queries import load
from gridsvc.db.tables import AREA_LEVELS
from gridsvc.stored import Stored, store


@dataclass(frozen=True)
class Area:
    """An area as it comes in; `geom` is the WKB of a MultiPolygon in EPSG:4326, or None for one without a shape."""

    code: str
    level: str
    name: str
    parent_code: str | None
    geom: bytes | None


def save(db: Connection, areas: Sequence[Area]) -> Stored:
    """Adds areas or changes those with the same code; a parent may come in the same batch or be stored already."""
    ordered = sorted(areas, key=lambda a: (AREA_LEVELS.index(a.level), a.code))
    return store(db, load("save_area"), (vars(area) for area in ordered))
