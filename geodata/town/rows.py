"""The rows of the invented town: frozen, plain, every person and place in them invented.

Codes are text. Positions are degrees, lon before lat. Instants carry the zone +08:00. The fields named `script_*` say
what the script meant by a row: they are for tests, no real register holds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Literal
from uuid import UUID

from geopandas import GeoDataFrame

from geodata.town.plan import Block, Plan

ZONE = timezone(timedelta(hours=8))
DAYS = 92  # the script covers so many whole days; the last one is the day before `until`

Channel = Literal["worker", "wechat", "hotline", "web", "visit"]
Datum = Literal["wgs84", "gcj02", "bd09"]
Outcome = Literal["reached", "absent", "refused", "vacant", "moved"]
Placing = Literal["inside", "border", "corner", "near", "far", "words", "compound"]
ReportState = Literal["reported", "closed", "void"]


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of problem: part (部件) or event (事件), class (大类) and subclass (小类)."""

    code: str  # kind-class-subclass, "event-0110"
    kind: Literal["part", "event"]
    class_code: str  # 2 digits
    class_zh: str
    class_en: str
    subclass_code: str  # 2 digits; 99 downwards are a city's own
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Worker:
    """A person who works for the town; the name is invented."""

    code: str  # "W001"
    name: str
    community_code: str
    post: Literal["leader", "worker"]
    invented: bool = True


@dataclass(frozen=True, slots=True)
class Duty:
    """Who answers for a grid and when. A leader (网格长) answers for a community whenever nobody else does."""

    worker_code: str
    kind: Literal["main", "deputy", "leader"]
    layer: Literal["base", "dedicated", "community"]
    code: str  # grid code; for a leader the community's code
    weekdays: tuple[int, ...]  # ISO: Monday 1 to Sunday 7
    starts: time  # local wall clock; leaders have 00:00 to 23:59
    ends: time


@dataclass(frozen=True, slots=True)
class Household:
    """A door. Its position is that of its building; a level that does not exist is the literal 无."""

    key: str  # community-compound-building-unit-room, unique
    community_code: str
    compound_ref: str
    building_id: str  # of Town.buildings
    building: str  # "3号楼"; a street house "槐安街12号"
    unit: str  # "2单元" or "无"
    room: str  # "502" or "无"
    lon: float
    lat: float
    script_grid: str  # base grid that its building was put into
    kind: Literal["household", "shop"] = "household"
    name: str | None = None  # of a shop
    class_code: str = "ordinary"
    n_people: int | None = None
    registered_elsewhere: bool = False
    contact: str | None = None  # who runs a shop


@dataclass(frozen=True, slots=True)
class Step:
    """A later action on a report."""

    action: Literal["close", "void"]
    at: datetime
    worker_code: str
    note: str


@dataclass(frozen=True, slots=True)
class Report:
    """A report as it came in, and what was done about it.

    Either a position (`lon`, `lat`, `datum` as sent, never converted), or a compound in the sender's own words, or a
    place in words, or more than one of these.
    """

    number: str  # "QL202510070012": day and running number of the day by received_at
    client_key: UUID
    channel: Channel
    worker_code: str | None  # the sender, for channels worker and visit
    category: str  # a code of Town.categories, or unknown words
    description: str
    words: str | None
    compound: str | None
    lon: float | None
    lat: float | None
    datum: Datum | None
    accuracy_m: float | None
    observed_at: datetime
    received_at: datetime
    state: ReportState  # at `until`
    steps: tuple[Step, ...]
    script_spot: str | None  # hot spot that the row belongs to
    script_placing: Placing


@dataclass(frozen=True, slots=True)
class Visit:
    """A call at a door, with the position that the phone gave."""

    client_key: UUID
    household_key: str
    worker_code: str
    outcome: Outcome
    happened_at: datetime
    recorded_at: datetime
    lon: float
    lat: float
    datum: Datum
    accuracy_m: float


@dataclass(frozen=True, slots=True)
class Spot:
    """A place where the script puts more reports than elsewhere."""

    name: str
    category: str
    lon: float
    lat: float
    grid_codes: tuple[str, ...]  # base grids in which most of its reports lie


@dataclass(frozen=True)
class Town:
    """An invented town and about three months of its life before `until`. All frames are EPSG:4326.

    areas       code, level (city, district, subdistrict, community), name, parent_code (None for the city), geometry
    grids       code, name, layer ("base"), community_code, geometry; they tile the communities exactly
    dedicated   code, name, layer ("dedicated"), community_code, kind (school, mall, park, plant, hospital), geometry
    compounds   ref, name, aliases (tuple of text), community_code, kind (polygon, point), n_households (stated, Int64
                with gaps; need not equal the doors), n_buildings (Int64 with gaps), managed (bool), geometry
    roads       id, class (major, minor, path), name (None for paths), geometry (LineString)
    buildings   id, kind (residential, house, shop, public, school, mall, plant, hospital), compound_ref (or None),
                n_floors, geometry (Polygon)
    water       id, kind (river, lake), name, geometry (Polygon)
    """

    until: date
    seed: int
    areas: GeoDataFrame
    grids: GeoDataFrame
    dedicated: GeoDataFrame
    compounds: GeoDataFrame
    roads: GeoDataFrame
    buildings: GeoDataFrame
    water: GeoDataFrame
    categories: tuple[Category, ...]
    workers: tuple[Worker, ...]
    duties: tuple[Duty, ...]
    households: tuple[Household, ...]
    reports: tuple[Report, ...]  # by received_at
    visits: tuple[Visit, ...]  # by recorded_at
    spots: tuple[Spot, ...]
    plan: Plan
    owners: dict[Block, str]  # block of the plan -> code of its base grid
