"""What maps and planners' queries show: counts from SQL, shares from `rules.rates`, each with its denominator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, RowMapping

from geodata.crs import local_metric
from gridsvc import grids
from gridsvc.db.queries import load
from gridsvc.rules.rates import per_thousand
from gridsvc.rules.roles import AREA_ROLES, Actor, may

By = Literal["grid", "cell"]


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
class Row:
    """One grid or cell: n counted, denom what it is divided by (None: unknown), value the rate or share (None: no
    denominator); `retired` grids are in no current edition, so they are in the table but not on the map; `ring` is a
    cell's outline in EPSG:4326."""

    code: str
    name: str
    layer: str
    n: int
    denom: int | None
    value: float | None
    retired: bool = False
    ring: tuple[tuple[float, float], ...] | None = None


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


def hotspots(db: Connection, period: Period, actor: Actor, *, category: str | None = None) -> Table:
    """Reports received in the period by grid, void ones left out; rate per 1,000 households where these are known."""
    denominator = str(db.scalar(load("household_source")))
    values = scope(actor) | _bounds(period) | {"category": category, "denominator": denominator}
    rows = db.execute(load("hotspots_by_grid"), values).mappings().all()
    unlocated = db.scalar(load("hotspots_unlocated"), values | {"by": "grid", "queue": may(actor, "place")}) or 0
    return Table(tuple(_grid_row(r, per_thousand(r["n"], r["denom"])) for r in rows), unlocated, denominator)


def hotspot_cells(db: Connection, period: Period, actor: Actor, cell_m: float, *, category: str | None = None) -> Table:
    """Reports received in the period by square cell of a metric CRS; a cell has no denominator.

    Args:
        cell_m: side of a cell in metres of the local metric CRS.

    Raises:
        Unavailable: no edition is published yet.
    """
    shape = grids.published_shape(db)
    srid = local_metric((shape.west + shape.east) / 2, (shape.south + shape.north) / 2).to_epsg()
    values = scope(actor) | _bounds(period) | {"category": category, "queue": may(actor, "place")}
    rows = db.execute(load("hotspots_by_cell"), values | {"cell_m": cell_m, "srid": srid}).mappings().all()
    unlocated = db.scalar(load("hotspots_unlocated"), values | {"by": "cell"}) or 0
    cells = tuple(
        Row(f"{r['i']}_{r['j']}", f"{r['i']}, {r['j']}", "cell", r["n"], None, None, ring=_ring(r["ring"]))
        for r in rows
    )
    return Table(cells, unlocated, "none")


def _bounds(period: Period) -> dict[str, object]:
    return {"from_at": period.from_at, "to_at": period.to_at, "held_at": period.held_at}


def _grid_row(row: RowMapping, value: float | None) -> Row:
    return Row(row["code"], row["name"], row["layer"], row["n"], row["denom"], value, row["retired"])


def _ring(text: str) -> tuple[tuple[float, float], ...]:
    inside = text.removeprefix("POLYGON((").removesuffix("))")
    pairs = (point.split() for point in inside.split(","))
    return tuple((float(lon), float(lat)) for lon, lat in pairs)
