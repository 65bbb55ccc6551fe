"""Doors: the least that coverage needs. A door's grid follows its position, like a report's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from gridsvc import grids
from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.grids import Rule


@dataclass(frozen=True)
class Door:
    """A household's door: its compound, its label in it (无 for a missing level) and its position in EPSG:4326."""

    compound_id: int
    building: str
    unit: str
    room: str
    lon: float
    lat: float


def register(db: Connection, doors: Sequence[Door], now: datetime, rule: Rule) -> int:
    """How many doors were new; each is placed by the editions of `now`."""
    if not doors:
        return 0
    rows = [
        {"compound_id": d.compound_id, "building": d.building, "unit": d.unit, "room": d.room}
        | {"geom": f"SRID=4326;POINT({d.lon!r} {d.lat!r})"}
        for d in doors
    ]
    new = insert(t.household).on_conflict_do_nothing().returning(t.household.c.id)
    ids = list(db.scalars(new, rows))
    grids.begin_placing(db)
    db.execute(load("households_to_place"), {"ids": ids, "now": now})
    _write_places(db, rule)
    return len(ids)


def replace_near(db: Connection, version_ids: list[int], now: datetime, rule: Rule) -> int:
    """How many doors in or near these grid versions moved to another one."""
    grids.begin_placing(db)
    values = {"version_ids": version_ids, "nearest_max_m": rule.nearest_max_m, "now": now}
    db.execute(load("households_near_versions"), values)
    return _write_places(db, rule)


def _write_places(db: Connection, rule: Rule) -> int:
    grids.place_all(db, rule)
    return db.execute(load("households_placed")).rowcount
