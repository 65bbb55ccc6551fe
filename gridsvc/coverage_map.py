"""What the coverage map shows beside its grids: how far compounds are, which doors are left, how it went day by day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gridsvc import coverage, small_cells
from gridsvc.campaigns import Campaign, begins
from gridsvc.coverage import Query
from gridsvc.db.queries import load
from gridsvc.errors import Conflict, Refused
from gridsvc.grids import Rule
from gridsvc.rules import addresses
from gridsvc.rules.roles import Actor, may
from gridsvc.stats import scope

Box = tuple[float, float, float, float]  # west, south, east, north in degrees, EPSG:4326

MOST_DOORS = 2000  # drawn at once; where there are more, how many is told
WIDEST_DEG = 0.1  # of a box of doors: about ten screens at the zoom from which they are drawn


class Compound(NamedTuple):
    """A compound with a point inside it and its doors reached of those eligible, both None where they are hidden."""

    id: int
    name: str
    lon: float
    lat: float
    n: int | None
    denom: int | None


@dataclass(frozen=True)
class Compounds:
    """Compounds by id; `n_nowhere` doors reached are in no compound (None: hidden), of `of_nowhere`."""

    rows: tuple[Compound, ...]
    n_nowhere: int | None
    of_nowhere: int | None
    table: coverage.Table


def compounds(
    db: Connection,
    query: Query,
    actor: Actor,
    now: datetime,
    zone: ZoneInfo,
    *,
    box: Box | None = None,
    rule: Rule | None = None,
) -> Compounds:
    """The compounds with doors of this reader, within the box if there is one; what small groups tell is hidden.

    Raises:
        NotFound, Conflict, Refused: as `coverage.table`.
    """
    table = coverage.table(db, replace(query, by=("compound",)), actor, now, zone, rule=rule)
    counts = {row.keys[0].code: row.counts for row in table.rows}
    west, south, east, north = box or (None, None, None, None)
    found = db.execute(load("compound_places"), {"west": west, "south": south, "east": east, "north": north})
    rows = tuple(
        Compound(row.id, row.name, row.lon, row.lat, told.get("reached"), told.get("eligible"))
        for row in found
        if (told := counts.get(row.code)) is not None
    )
    nowhere = counts.get(None)
    if nowhere is None:
        return Compounds(rows, 0, 0, table)
    return Compounds(rows, nowhere.get("reached"), nowhere.get("eligible"), table)


class Steps(NamedTuple):
    """The days on which doors were first reached, as numbers from 0 for the campaign's first, and how many on each."""

    numbers: tuple[int, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Days:
    """A campaign's `n` days so far: doors first reached by grid code and by compound id, None for in no place.

    `grids` and `compounds` are of eligible doors, `excluded` by grid code of those confirmed as not to be visited: with
    them it is the reading of all doors.
    """

    first: date
    n: int
    grids: dict[str | None, Steps]
    excluded: dict[str | None, Steps]
    compounds: dict[int | None, Steps]


def days(db: Connection, campaign: Campaign, actor: Actor, now: datetime, zone: ZoneInfo) -> Days:
    """The days of a campaign whose list is drawn, in this reader's grids; places whose figures are hidden are left out.

    Added up over all days they are the figures of `coverage.table`.

    Raises:
        Conflict: its list is not drawn yet.
    """
    if campaign.drawn_at is None:
        raise Conflict("campaign_not_drawn", campaign=campaign.code)
    # only a campaign of some classes tells of persons of a class
    hides = small_cells.applies(actor, None, campaign.wanted.class_codes is not None)
    hidden_grids = _hidden(db, campaign, actor, now, zone, "grid") if hides else frozenset[str | None]()
    hidden_compounds = _hidden(db, campaign, actor, now, zone, "compound") if hides else frozenset[str | None]()
    first, last = campaign.wanted.starts_on, min(now.astimezone(zone).date(), campaign.wanted.ends_on)
    n = max((last - first).days + 1, 0)
    instants = [begins(first + timedelta(days=nr), zone) for nr in range(max(n, 1))]
    by_grid: dict[str | None, Steps] = {}
    excluded: dict[str | None, Steps] = {}
    by_compound: dict[int | None, Steps] = {}
    for row in db.execute(load("campaign_days"), _seen(actor) | {"campaign_id": campaign.id, "begins": instants}):
        steps = Steps(tuple(row.numbers), tuple(row.counts))
        if row.of_grid and row.grid_code not in hidden_grids:
            # two versions of a grid may have its code
            its = excluded if row.excluded else by_grid
            had = its.get(row.grid_code, Steps((), ()))
            its[row.grid_code] = Steps(had.numbers + steps.numbers, had.counts + steps.counts)
        elif not row.of_grid and row.compound_code not in hidden_compounds:
            by_compound[row.compound_id] = steps
    return Days(first, n, by_grid, excluded, by_compound)


def _hidden(
    db: Connection, campaign: Campaign, actor: Actor, now: datetime, zone: ZoneInfo, by: coverage.Dim
) -> frozenset[str | None]:
    """The codes whose figures this reader is not told."""
    rows = coverage.table(db, Query((by,), campaign.code), actor, now, zone).rows
    return frozenset(row.keys[0].code for row in rows if row.values is None)


class Door(NamedTuple):
    """A door that is left; `unit` and `room` None: this reader is told the building only, and of homes no name."""

    id: int
    kind: str
    name: str | None
    compound: str | None
    building: str
    unit: str | None
    room: str | None
    lon: float
    lat: float
    grid_code: str
    status: str
    n_visits: int

    def label(self, lang: str) -> str:
        """Its levels in zh or en, as far as they are told."""
        return addresses.label(self.building, self.unit or addresses.NONE, self.room or addresses.NONE, lang)


def doors(db: Connection, campaign: Campaign, actor: Actor, box: Box) -> tuple[tuple[Door, ...], int]:
    """The doors within the box that the campaign has still to reach, by id, and how many more there are than these.

    Who goes to doors, or leads those who do, is told the address; others only the building.

    Raises:
        Refused: the box is larger than `WIDEST_DEG`.
    """
    west, south, east, north = box
    if east - west > WIDEST_DEG or north - south > WIDEST_DEG:
        raise Refused("box_large", most=WIDEST_DEG)
    values: dict[str, object] = {"west": west, "south": south, "east": east, "north": north, "n": MOST_DOORS}
    rows = db.execute(load("map_doors"), values | _seen(actor) | {"campaign_id": campaign.id}).all()
    whole = may(actor, "record_visit")
    return tuple(_door(row, whole) for row in rows), (rows[0].n_all if rows else 0) - len(rows)


def _door(row: Any, whole: bool) -> Door:
    name = row.name if whole or row.kind != "household" else None
    unit, room = (row.unit, row.room) if whole else (None, None)
    return Door(
        *(row.id, row.kind, name, row.compound, row.building, unit, room),
        *(row.lon, row.lat, row.grid_code, row.status, row.n_visits),
    )


def _seen(actor: Actor) -> dict[str, object]:
    return {name: value for name, value in scope(actor).items() if name != "department_id"}
