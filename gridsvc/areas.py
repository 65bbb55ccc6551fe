"""Areas of the hierarchy: city, district, subdistrict, community; a level may be missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, case, or_, select, text

from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.db.tables import AREA_LEVELS
from gridsvc.errors import Refused
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
    """Adds areas or changes those with the same code; a parent may come in the same batch or be stored already.

    Raises:
        Refused: `area_above_wrong`: one of them would lie below one that is not of a higher level, as in every circle,
            or above such a one; the caller rolls back.
    """
    # one after the other: two that each put one area below the other's would both find the old levels right
    db.execute(text("SELECT pg_advisory_xact_lock(hashtext('gridsvc.areas'), hashtext(current_schema()))"))
    ordered = sorted(areas, key=lambda a: (AREA_LEVELS.index(a.level), a.code))
    stored = store(db, load("save_area"), (vars(area) for area in ordered))
    me, above = t.area, t.area.alias("above")
    places = {name: place for place, name in enumerate(AREA_LEVELS)}
    wrong = (
        select(me.c.code.label("area"), me.c.level, above.c.code.label("above"), above.c.level.label("above_level"))
        .join(above, me.c.parent_id == above.c.id)
        .where(case(places, value=above.c.level) >= case(places, value=me.c.level))
        .where(or_(*(one.c.code.in_([area.code for area in ordered]) for one in (me, above))))
        .order_by(me.c.code)
        .limit(1)
    )
    if (found := db.execute(wrong).one_or_none()) is not None:
        raise Refused("area_above_wrong", **found._asdict())
    return stored


@dataclass(frozen=True)
class Community:
    """A community as one chooses it."""

    id: int
    code: str
    name: str


def communities(db: Connection) -> list[Community]:
    """All communities by code."""
    a = t.area.c
    rows = db.execute(select(a.id, a.code, a.name).where(a.level == "community").order_by(a.code))
    return [Community(row.id, row.code, row.name) for row in rows]


def named(db: Connection, most: int) -> list[tuple[str, str]]:
    """Code and name of at most so many areas: larger ones first, each level by code."""
    a = t.area.c
    level = case({name: place for place, name in enumerate(AREA_LEVELS)}, value=a.level)
    return [(row.code, row.name) for row in db.execute(select(a.code, a.name).order_by(level, a.code).limit(most))]


def name(db: Connection, code: str) -> str | None:
    """The name of the area of this code, if there is one."""
    return db.scalar(select(t.area.c.name).where(t.area.c.code == code))
