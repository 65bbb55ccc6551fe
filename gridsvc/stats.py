"""What maps and planners' queries show: counts from SQL, shares from `rules.rates`, each with its denominator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from pyproj import CRS
from sqlalchemy import Connection

from geodata.crs import local_metric, parse_crs, to_lonlat
from gridsvc import grids
from gridsvc.db.queries import load, table
from gridsvc.rules.rates import per_thousand
from gridsvc.rules.roles import AREA_ROLES, Actor, may

if TYPE_CHECKING:  # who asks whose rows these are needs no statistics
    from geodata.hotspots import Band

By = Literal["grid", "community", "cell"]
Why = Literal["no_households", "few_households", "island", "constant"]


@dataclass(frozen=True)
class Period:
    """From (inclusive) to (exclusive); figures are those that held at `to`, or at `now` where that is earlier."""

    from_at: datetime
    to_at: datetime
    now: datetime

    @property
    def held_at(self) -> datetime:
        """The instant whose placements count."""
        return min(self.to_at, self.now)


@dataclass(frozen=True)
class Tested:
    """What the test of a map says about one of its areas, and what stands beside its reports.

    `smoothed` is the empirical-Bayes rate per 1,000 households; `z`, two-sided `p` and `band` are None where it was
    not tested, `why` then says why where that lies in the area; `visits` at its doors in the period, None for cells.
    """

    smoothed: float | None = None
    z: float | None = None
    p: float | None = None
    band: Band | None = None
    why: Why | None = None
    visits: int | None = None


@dataclass(frozen=True)
class Row:
    """One grid, community or cell: n counted, denom what it is divided by (None: unknown), value the rate or share
    (None: no denominator); what is `retired` is in no current edition, so in the table but not on the map; `ring` is a
    cell's outline in EPSG:4326."""

    code: str
    name: str
    layer: str
    n: int
    denom: int | None
    value: float | None
    retired: bool = False
    ring: tuple[tuple[float, float], ...] | None = None
    tested: Tested | None = None


@dataclass(frozen=True)
class Table:
    """Rows and what they leave out: `n_unlocated` of the reader's reports have no grid (or no position, for cells).

    `denominator` is where the households come from: registered, listed by a campaign, stated or none.
    """

    rows: tuple[Row, ...]
    n_unlocated: int
    denominator: str


def scope(actor: Actor) -> dict[str, object]:
    """The bound values that keep a reader's rows to the own areas, the worker's own grids, the handler's department."""
    return {
        "all_areas": actor.sees_all,
        "area_ids": list(actor.area_ids) if actor.role in AREA_ROLES else [],
        "worker_id": actor.worker_id if actor.role == "worker" else None,
        "department_id": actor.department_id if actor.role == "handler" else None,
    }


class Counted(NamedTuple):
    """A grid's reports and households, of all readers; `seen` says whether this reader sees it."""

    id: int
    code: str
    name: str
    layer: str
    n: int
    denom: int | None
    retired: bool
    area_id: int | None
    area_code: str | None
    area_name: str | None
    seen: bool


class CountedCell(NamedTuple):
    """A cell's reports: all of them, and those of this reader."""

    i: int
    j: int
    n: int
    n_seen: int


def hotspots(db: Connection, period: Period, actor: Actor, *, category: str | None = None) -> Table:
    """Reports received in the period by grid, void ones left out; rate per 1,000 households where these are known."""
    counted, n_unlocated, denominator = by_grid(db, period, actor, category)
    rows = tuple(
        Row(one.code, one.name, one.layer, one.n, one.denom, per_thousand(one.n, one.denom), one.retired)
        for one in counted
        if one.seen
    )
    return Table(rows, n_unlocated, denominator)


def hotspot_cells(db: Connection, period: Period, actor: Actor, cell_m: float, *, category: str | None = None) -> Table:
    """Reports received in the period by square cell of a metric CRS; a cell has no denominator.

    Args:
        cell_m: side of a cell in metres of the local metric CRS.

    Raises:
        Unavailable: no edition is published yet.
    """
    crs = metric(grids.published_shape(db))
    seen = [one for one in by_cell(db, period, actor, crs, cell_m, category) if one.n_seen]
    seen.sort(key=lambda one: (-one.n_seen, one.i, one.j))
    rows = cell_rows([one.i for one in seen], [one.j for one in seen], [one.n_seen for one in seen], cell_m, crs)
    return Table(rows, without_position(db, period, actor, category), "none")


def by_grid(db: Connection, period: Period, actor: Actor, category: str | None) -> tuple[list[Counted], int, str]:
    """Every grid with its reports and households, by code; how many of the reader's reports are on no grid; where the
    households come from."""
    denominator = str(db.scalar(load("household_source")))
    values = scope(actor) | _bounds(period) | {"category": category, "denominator": denominator}
    *rows, nowhere = table(db, "hotspots_by_grid", values)
    waits_for = actor.sees_all or may(actor, "place")
    return [Counted(*row) for row in rows], Counted(*nowhere).n if waits_for else 0, denominator


def by_cell(
    db: Connection, period: Period, actor: Actor, crs: CRS, cell_m: float, category: str | None
) -> list[CountedCell]:
    """Every cell with a report."""
    values = scope(actor) | _bounds(period) | {"category": category, "queue": may(actor, "place")}
    values |= {"cell_m": float(cell_m), "srid": crs.to_epsg()}
    return [CountedCell(*row) for row in table(db, "hotspots_by_cell", values)]


def base_grids(db: Connection, actor: Actor) -> list[tuple[int, bool]]:
    """The versions of the published base layer, rising, each with whether this reader sees it."""
    return [(version, seen) for version, seen in table(db, "hotspots_base", scope(actor))]


def visits_by_grid(db: Connection, period: Period) -> dict[int, int]:
    """How many visits at the door were made in the period, by grid version."""
    values = {"from_at": period.from_at, "to_at": period.held_at}
    return dict(table(db, "hotspots_visits", values))


def without_position(db: Connection, period: Period, actor: Actor, category: str | None) -> int:
    """How many of the reader's reports have no position, so are in no cell."""
    values = scope(actor) | _bounds(period) | {"category": category, "queue": may(actor, "place")}
    return int(db.scalar(load("hotspots_unlocated"), values) or 0)


def metric(shape: grids.Shape) -> CRS:
    """The metric CRS in which the published grids are measured and cut into cells."""
    return local_metric((shape.west + shape.east) / 2, (shape.south + shape.north) / 2)


def cell_rows(
    columns: Sequence[int], lines: Sequence[int], counts: Sequence[int], cell_m: float, crs: CRS
) -> tuple[Row, ...]:
    """Rows of cells with their outlines."""
    i, j = np.array(columns, dtype=np.float64), np.array(lines, dtype=np.float64)
    x, y = np.stack([i, i + 1, i + 1, i, i]).T * cell_m, np.stack([j, j, j + 1, j + 1, j]).T * cell_m
    lon, lat = to_lonlat(x.ravel(), y.ravel(), parse_crs(f"EPSG:{crs.to_epsg()}"))
    rings = np.column_stack([lon, lat]).round(7).reshape(-1, 5, 2).tolist()
    return tuple(
        Row(f"{a}_{b}", f"{a}, {b}", "cell", n, None, None, ring=tuple((x, y) for x, y in ring))
        for a, b, n, ring in zip(columns, lines, counts, rings, strict=True)
    )


def _bounds(period: Period) -> dict[str, object]:
    return {"from_at": period.from_at, "to_at": period.to_at, "held_at": period.held_at}
