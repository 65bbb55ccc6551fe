"""Reports as vector tiles: counted in squares far out, each one a point near by.

Who sees everything and asks for everything gets counts that are kept as reports are written (triggers of `report`,
taken together by `fold`); whoever filters, or sees some grids only, gets them counted then. Both say the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from gridsvc.db.queries import load, table
from gridsvc.map_tiles import MAX_ZOOM, SIGN, Bounds, Tile, lat_of, whose
from gridsvc.rules.roles import Actor

POINTS_FROM = 15  # zoom
MOST_POINTS = 2000  # in one tile; where more lie they are counted in squares there too
MOST_SPOTS = 10_000  # on one picture: as many as fill it
ENDED = ("closed", "struck_off", "not_filed", "merged")


@dataclass(frozen=True)
class Filter:
    """Which reports, void ones never: received from `from_at` (inclusive) to `to_at` (exclusive), None: whenever."""

    from_at: datetime | None = None
    to_at: datetime | None = None
    category: str | None = None
    states: tuple[str, ...] = ()

    def values(self, now: datetime) -> dict[str, object]:
        """What the statements bind; the placements that held at the period's end count."""
        asked: dict[str, object] = {"from_at": self.from_at, "to_at": self.to_at, "category": self.category}
        return asked | {"states": list(self.states), "held_at": self._held_at(now)}

    def key(self, now: datetime) -> tuple[object, ...]:
        """What the answer depends on beside the stored facts: of two equal keys the tiles are equal."""
        return (self.from_at, self.to_at, self._held_at(now), self.category, self.states)

    def _held_at(self, now: datetime) -> datetime | None:
        """The end of a period that is over; None where the current placements count."""
        return self.to_at if self.to_at is not None and self.to_at < now else None


def tile(db: Connection, actor: Actor, where: Tile, wanted: Filter, now: datetime, zone: str) -> bytes:
    """The vector tile; empty where nothing is.

    Below zoom 15 a layer `bins` (n), 32 x 32 squares a tile; from there a layer `points` (number, category, state,
    day), or `bins` where more than `MOST_POINTS` lie in one tile. Each report is in one square of one tile; as a point
    it is also in tiles that its sign reaches into.
    """
    if where.z < POINTS_FROM and actor.sees_all and not wanted.category and not wanted.states:
        bound: dict[str, object] = {"z": where.z, "x": where.x, "y": where.y}
        whole, kept = table(db, "tile_report_totals", bound | {"from_at": wanted.from_at, "to_at": wanted.to_at})[0]
        if whole:
            return bytes(kept or b"")
    chosen = whose(actor) | wanted.values(now)
    if where.z >= POINTS_FROM:
        values = chosen | where.bound(SIGN) | {"zone": zone, "most": MOST_POINTS}
        fits, points = table(db, "tile_report_points", values)[0]
        if fits:
            return bytes(points or b"")
    return bytes(table(db, "tile_report_bins", chosen | where.bound())[0][0] or b"")


@dataclass(frozen=True)
class Spot:
    """One report (`n` 1, `ended` whether its work is over), or so many in a square around here (`ended` None)."""

    lon: float
    lat: float
    n: int
    ended: bool | None


def spots(db: Connection, actor: Actor, within: Bounds, zoom: int, wanted: Filter, now: datetime) -> tuple[Spot, ...]:
    """What the tiles of a zoom show within a box: a spot for each report from zoom 15, where they are not too many for
    one picture; else squares of 8 pixels a side on a screen."""
    west, south, east, north = within
    chosen = whose(actor) | wanted.values(now) | {"west": west, "south": south, "east": east, "north": north}
    if zoom >= POINTS_FROM:
        found = db.execute(load("paper_report_points"), chosen | {"most": MOST_SPOTS + 1}).all()
        if len(found) <= MOST_SPOTS:
            return tuple(Spot(row.lon, row.lat, 1, row.state in ENDED) for row in found)
    z = min(max(zoom, 0), MAX_ZOOM)
    n_squares = 32 * 2**z
    rows = db.execute(load("paper_report_bins"), chosen | {"z": z})
    return tuple(
        Spot((row.i + 0.5) / n_squares * 360 - 180, lat_of(row.j + 0.5, n_squares), row.n, None) for row in rows
    )


def fold(db: Connection) -> int:
    """How many changes were taken into the kept counts, which tell the same afterwards; 0 where another is at it."""
    lock = func.pg_try_advisory_xact_lock(func.hashtext("gridsvc.report_bins"), func.hashtext(func.current_schema()))
    if not db.scalar(select(lock)):
        return 0
    return int(db.scalar(load("tile_fold")) or 0)
