"""Tiles of Web Mercator: where they lie, what a reader may ask for, and the grids in one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from gridsvc.db import tables as t
from gridsvc.db.queries import load, table
from gridsvc.errors import NotFound
from gridsvc.rules.roles import Actor, may
from gridsvc.stats import scope

MAX_ZOOM = 22
LONGEST_MS = 5000  # a tile that takes longer is given up: a map asks for dozens
SIGN = 1 / 16  # how far a point's sign may reach into the next tile, as a share of a tile's side
HAIR = 1e-7

Bounds = tuple[float, float, float, float]  # west, south, east, north in degrees, EPSG:4326


@dataclass(frozen=True)
class Tile:
    """One tile: zoom, column from the west, line from the north.

    Raises:
        NotFound: there is no such tile.
    """

    z: int
    x: int
    y: int

    def __post_init__(self) -> None:
        if not (0 <= self.z <= MAX_ZOOM and 0 <= self.x < 2**self.z and 0 <= self.y < 2**self.z):
            raise NotFound("tile_unknown")

    def around(self, margin: float = 0.0) -> Bounds:
        """Its bounds, wider by this share of its side; the topmost and lowest tiles reach to the poles.

        >>> Tile(0, 0, 0).around()
        (-180.0, -90.0, 180.0, 90.0)
        >>> [round(part, 6) for part in Tile(2, 3, 1).around()]
        [90.0, 0.0, 180.0, 66.51326]
        """
        n, side = 2**self.z, 360 / 2**self.z
        west, east = self.x * side - 180, (self.x + 1) * side - 180
        south = -90.0 if self.y == n - 1 else lat_of(self.y + 1 + margin, n)
        north = 90.0 if self.y == 0 else lat_of(self.y - margin, n)
        return max(west - margin * side, -180.0), south, min(east + margin * side, 180.0), north

    def bound(self, margin: float = HAIR) -> dict[str, object]:
        """The values a statement needs to find what is in it."""
        west, south, east, north = self.around(margin)
        return {"z": self.z, "x": self.x, "y": self.y, "west": west, "south": south, "east": east, "north": north}


def lat_of(line: float, n: int) -> float:
    """The latitude of a line of the lattice with n lines, counted from the north."""
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * line / n))))


def whose(actor: Actor) -> dict[str, object]:
    """The bound values that keep a reader's rows to the own grids, as on every map; `queue`: unplaced ones too."""
    mine = scope(actor)
    del mine["department_id"]
    return mine | {"queue": may(actor, "place")}


def begin(db: Connection) -> str:
    """Which transactions this one sees, as a word: while it is the same, so is every tile. A slow tile is given up."""
    return str(table(db, "tile_seen", {"most_ms": LONGEST_MS})[0][1])


def bounds(db: Connection, actor: Actor) -> Bounds | None:
    """How far a reader's grids reach, and unplaced reports where the reader sees those; None: everywhere or nowhere."""
    if actor.sees_all:
        return None
    values = whose(actor)
    del values["all_areas"]
    found = db.execute(load("tile_bounds"), values).one()
    return None if found.west is None else (found.west, found.south, found.east, found.north)


def is_outside(db: Connection, actor: Actor, tile: Tile) -> bool:
    """Whether a reader who is kept to some grids asks for a tile beyond all of them."""
    mine = bounds(db, actor)
    if mine is None:
        return False
    west, south, east, north = tile.around()
    return mine[0] > east or mine[2] < west or mine[1] > north or mine[3] < south


def edition_ids(db: Connection, word: str) -> list[int]:
    """The editions that a word such as 3-7 names: one of each layer, published now or before.

    Raises:
        NotFound: it names something else; a draft may still change.
    """
    parts = word.split("-")
    if not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts) or len(parts) > 2:
        raise NotFound("edition_unknown", edition=word)
    ids = sorted({int(part) for part in parts})
    stood = select(t.edition.c.id).where(t.edition.c.id.in_(ids), t.edition.c.state != "draft")
    if len(db.scalars(stood).all()) != len(parts):
        raise NotFound("edition_unknown", edition=word)
    return ids


def grids(db: Connection, actor: Actor, editions: Sequence[int], tile: Tile) -> bytes:
    """The vector tile with the layer `grids` (code, name, layer) of these editions, as far as a reader sees them."""
    values = whose(actor) | tile.bound(SIGN) | {"edition_ids": list(editions)}
    del values["queue"]
    return bytes(table(db, "tile_grids", values)[0][0] or b"")
