"""Doors that are still to be visited, in the order to walk: of a campaign, or due by their class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection

from geodata import streets, walking
from gridsvc.campaigns import Campaign, begins
from gridsvc.db.queries import load
from gridsvc.errors import Refused
from gridsvc.household_reading import folded
from gridsvc.rules import addresses
from gridsvc.rules.roles import Actor
from gridsvc.stats import scope

MOST_DOORS = 1000  # in one walk; those beyond are counted
MOST_SEEN = 20_000  # doors of a reader: who sees more says where
MOST_ROADS = 4000  # in the box around the stops; where there are more, the walk is straight
MARGIN_DEG = 0.002  # around the stops: the road that leads there may pass outside


@dataclass(frozen=True)
class Door:
    """A door behind an entrance; `status` and `n_visits` are of the campaign."""

    id: int
    kind: str
    name: str | None
    unit: str
    room: str
    grid_code: str
    status: str
    n_visits: int
    last_at: datetime | None

    def inside(self, lang: str) -> str:
        """Unit and room in zh or en."""
        return addresses.label(addresses.NONE, self.unit, self.room, lang)


@dataclass(frozen=True)
class Stop:
    """A building on the way, its number from 1; its doors by unit, then from the top floor down."""

    number: int
    compound: str | None
    building: str
    lon: float
    lat: float
    doors: tuple[Door, ...]

    def label(self, lang: str) -> str:
        """The building in zh or en."""
        return addresses.label(self.building, addresses.NONE, addresses.NONE, lang)


@dataclass(frozen=True)
class Walk:
    """A way past the doors: `n_doors` on it, `n_more` left out; along the stored roads, or straight where are none."""

    stops: tuple[Stop, ...]
    n_doors: int
    n_more: int
    length_m: float
    along_roads: bool


def walk(
    db: Connection,
    actor: Actor,
    campaign: Campaign | None,
    now: datetime,
    zone: ZoneInfo,
    *,
    grid: str | None = None,
    compound_id: int | None = None,
    most: int = MOST_DOORS,
) -> Walk:
    """The doors still to be visited in the reader's grids, in walking order; without a campaign those that are due.

    Raises:
        Refused: the reader has more than `MOST_SEEN` doors, and neither a grid nor a compound is chosen.
    """
    values = _seen(actor) | {
        "campaign_id": None if campaign is None else campaign.id,
        "grid": grid,
        "compound_id": compound_id,
    }
    values |= {"today": now.astimezone(zone).date(), "zone": zone.key, "folded": folded(db, actor)}
    if grid is None and compound_id is None and db.scalar(load("mop_up_many"), _seen(actor) | {"most": MOST_SEEN}):
        raise Refused("mop_up_scope", most=MOST_SEEN)
    rows = db.execute(load("mop_up_doors"), values | {"n": MOST_DOORS}).all()
    buildings = _buildings(rows)
    stops = np.array([(lon, lat) for lon, lat, _ in buildings], dtype=np.float64).reshape(-1, 2)
    metres, along_roads = _metres(db, stops)
    order = walking.order(stops, metres)
    chosen: list[Stop] = []
    n = 0
    for index in order:
        if n >= most:
            break
        lon, lat, its = buildings[index]
        inside = [its[i] for i in walking.doors([(row.building, row.unit, row.room) for row in its])]
        doors = tuple(_door(row) for row in islice(inside, most - n))
        chosen.append(Stop(len(chosen) + 1, its[0].compound, its[0].building, lon, lat, doors))
        n += len(doors)
    n_all = rows[0].n_all if rows else 0
    return Walk(tuple(chosen), n, n_all - n, walking.length_m(order[: len(chosen)], metres), along_roads)


def n_today(db: Connection, actor: Actor, now: datetime, zone: ZoneInfo) -> int:
    """How many doors this person has visited since the day began."""
    since = begins(now.astimezone(zone).date(), zone)
    values = {"worker_id": actor.worker_id, "account_id": actor.account_id, "from_at": since}
    return db.scalar(load("mop_up_today"), values) or 0


def _seen(actor: Actor) -> dict[str, object]:
    return {name: value for name, value in scope(actor).items() if name != "department_id"}


def _buildings(rows: Iterable[Any]) -> list[tuple[float, float, list[Any]]]:
    """The doors by building, each where most of its doors are; a door without a building by its own place."""
    found: dict[tuple[object, ...], list[Any]] = {}
    for row in rows:
        named = row.compound_id is not None and row.building != addresses.NONE
        key = (row.compound_id, row.building) if named else (row.compound_id, row.lon, row.lat)
        found.setdefault(key, []).append(row)
    told = []
    for its in found.values():
        ((lon, lat), _), *_ = Counter((row.lon, row.lat) for row in its).most_common(1)
        told.append((lon, lat, its))
    return told


def _metres(db: Connection, stops: NDArray[np.float64]) -> tuple[NDArray[np.float64], bool]:
    """Metres between all stops, and whether they follow stored roads."""
    if len(stops) < 2:
        return walking.straight_m(stops), False
    (west, south), (east, north) = stops.min(axis=0) - MARGIN_DEG, stops.max(axis=0) + MARGIN_DEG
    box = {"west": float(west), "south": float(south), "east": float(east), "north": float(north)}
    roads: Sequence[Any] = db.execute(load("mop_up_roads"), box | {"most": MOST_ROADS + 1}).all()
    if not 0 < len(roads) <= MOST_ROADS:
        return walking.straight_m(stops), False
    network = streets.build(shapely.from_wkb([bytes(row.shape) for row in roads]))
    return network.distances_m(stops), True


def _door(row: Any) -> Door:
    return Door(
        *(row.id, row.kind, row.name, row.unit, row.room, row.grid_code),
        *(row.status, row.n_visits, row.last_at),
    )
