"""Reports of the same thing: near open ones of a category are offered, linking never deletes, "again" is flagged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from gridsvc.db.queries import ask
from gridsvc.rules import masking
from gridsvc.rules.roles import SYSTEM, Actor, may
from gridsvc.stats import scope

RADIUS_M = 50.0  # where the category has none of its own
DAYS = 30
AGAIN_DAYS = 365  # the same place within a year
OFFERED = 5
MOST = 20  # so many are counted


@dataclass(frozen=True)
class Similar:
    """A report of the same category near a place; `lon`, `lat` are EPSG:4326 degrees, `distance_m` geodesic."""

    id: int
    number: str
    source: str
    state: str
    description: str
    received_at: datetime
    lon: float
    lat: float
    distance_m: float


def near(
    db: Connection, actor: Actor, category: str, lonlat: tuple[float, float], now: datetime, *, but: int | None = None
) -> tuple[Similar, ...]:
    """The nearest open reports of the category that this reader sees, within the category's radius and days.

    Args:
        lonlat: EPSG:4326 degrees.
        but: the id of the report that asks.
    """
    return _similar(db, actor, category, lonlat, now, but, OFFERED)


def n_near(db: Connection, category: str, lonlat: tuple[float, float], now: datetime, *, but: int | None = None) -> int:
    """How many open reports of the category are near, whoever sees them: `MOST` at most."""
    return len(_similar(db, SYSTEM, category, lonlat, now, but, MOST))


def _similar(
    db: Connection,
    actor: Actor,
    category: str,
    lonlat: tuple[float, float],
    now: datetime,
    but: int | None,
    n: int,
) -> tuple[Similar, ...]:
    where = {"category": category, "lon": lonlat[0], "lat": lonlat[1], "now": now, "not_id": but, "n": n}
    values = scope(actor) | {"queue": may(actor, "place"), "default_radius_m": RADIUS_M, "default_days": DAYS} | where
    found = (Similar(*row) for row in ask(db, "similar", values))
    return tuple(replace(one, description=masking.numbers(one.description)) for one in found)
