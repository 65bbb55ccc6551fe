"""Doors that are still to be visited, in the order to walk: of a campaign, or due by their class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection

from geodata import streets, walking
from geodata.geometry import WGS84_ELLIPSOID
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
APART_M = 20.0  # doors of a building that lie farther apart, unit by unit, are behind entrances of their own
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
    """An entrance on the way, its number from 1; its doors by unit, then from the top floor down.

    `units`: whose entrance it is where the building has others too; `mark`: what tells it from another stop that would
    have the same heading: its first door, or its place where that does not.
    """

    number: int
    compound: str | None
    building: str
    lon: float
    lat: float
    doors: tuple[Door, ...]
    units: tuple[str, ...] = ()
    mark: Literal["door", "place"] | None = None

    def label(self, lang: str) -> str:
        """The building, and the units where it is the entrance of some, in zh or en; no other stop of a walk has it."""
        first, *rest = self.units or (addresses.NONE,)
        named = [addresses.label(self.building, first, addresses.NONE, lang)]
        named += [addresses.label(addresses.NONE, unit, addresses.NONE, lang) for unit in rest]
        label = ("、" if lang == "zh" else ", ").join(named)
        if self.mark == "door":
            return f"{label} ({self.doors[0].name or self.doors[0].inside(lang)})"
        return f"{label} ({self.lat:.5f}, {self.lon:.5f})" if self.mark == "place" else label


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
    entrances = _entrances(rows)
    stops = np.array([(one.lon, one.lat) for one in entrances], dtype=np.float64).reshape(-1, 2)
    metres, along_roads = _metres(db, stops)
    order = walking.order(stops, metres)
    chosen: list[Stop] = []
    n = 0
    for index in order:
        if n >= most:
            break
        one = entrances[index]
        its = one.rows
        inside = [its[i] for i in walking.doors([(row.building, row.unit, row.room) for row in its])]
        doors = tuple(_door(row) for row in islice(inside, most - n))
        chosen.append(Stop(len(chosen) + 1, its[0].compound, its[0].building, one.lon, one.lat, doors, one.units))
        n += len(doors)
    n_all = rows[0].n_all if rows else 0
    return Walk(_told_apart(chosen), n, n_all - n, walking.length_m(order[: len(chosen)], metres), along_roads)


def n_today(db: Connection, actor: Actor, now: datetime, zone: ZoneInfo) -> int:
    """How many doors this person has visited since the day began."""
    since = begins(now.astimezone(zone).date(), zone)
    values = {"worker_id": actor.worker_id, "account_id": actor.account_id, "from_at": since}
    return db.scalar(load("mop_up_today"), values) or 0


def _seen(actor: Actor) -> dict[str, object]:
    return {name: value for name, value in scope(actor).items() if name != "department_id"}


def _told_apart(stops: list[Stop]) -> tuple[Stop, ...]:
    """The stops, those that would have one heading marked: doors on a street, compounds of one name."""
    marked = _marked(stops, "door")
    return tuple(_marked(marked, "place"))


def _marked(stops: list[Stop], mark: Literal["door", "place"]) -> list[Stop]:
    headings = [(stop.compound, stop.label("zh")) for stop in stops]
    times = Counter(headings)
    return [
        replace(stop, mark=mark) if times[heading] > 1 else stop for stop, heading in zip(stops, headings, strict=True)
    ]


class _Entrance(NamedTuple):
    lon: float
    lat: float
    rows: list[Any]
    units: tuple[str, ...]


def _entrances(rows: Iterable[Any]) -> list[_Entrance]:
    """The doors by building, and by unit where these lie apart; a door without a building by its own place."""
    found: dict[tuple[object, ...], list[Any]] = {}
    for row in rows:
        named = row.compound_id is not None and row.building != addresses.NONE
        key = (row.compound_id, row.building) if named else (row.compound_id, row.building, row.lon, row.lat)
        found.setdefault(key, []).append(row)
    return [one for its in found.values() for one in _of_building(its)]


def _of_building(rows: list[Any]) -> list[_Entrance]:
    """Its entrances, each where most of the doors behind it are; only places of doors' own tell units apart."""
    middle = _place(rows)
    units: dict[str, list[Any]] = {}
    for row in rows:
        units.setdefault(row.unit, []).append(row)
    behind: dict[tuple[float, float], list[Any]] = {middle: []}
    for its in units.values():
        own = [row for row in its if row.position_source == "door"]
        there = _place(own) if own else middle
        near = next((at for at in behind if at == there or _between_m(at, there) <= APART_M), there)
        behind.setdefault(near, []).extend(its)
    used = [(at, its) for at, its in behind.items() if its]
    told = []
    for (lon, lat), its in used:
        named = sorted({row.unit for row in its} - {addresses.NONE}, key=lambda unit: (len(unit), unit))
        told.append(_Entrance(lon, lat, its, tuple(named) if len(used) > 1 else ()))
    return told


def _place(rows: list[Any]) -> tuple[float, float]:
    """Where most of them are."""
    ((place, _),) = Counter((row.lon, row.lat) for row in rows).most_common(1)
    return place


def _between_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    return float(WGS84_ELLIPSOID.inv(*one, *other)[2])


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
