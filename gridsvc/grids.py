"""Grids: which one gets a point, who is on duty there, and what the published ones look like."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from gridsvc.db.queries import ask, ask_all, load
from gridsvc.errors import Conflict, NotFound, Unavailable

WIDEST_DISC_M = 1000.0
HOLD_TRIES, HOLD_PAUSE_S = 100, 0.1
DOUBTFUL_BELOW = 0.8  # a position whose accuracy disc lies less than this in its grid is shown as doubtful


@dataclass(frozen=True)
class Rule:
    """What placing depends on besides the point: how far outside still counts, and the zone of duty hours."""

    nearest_max_m: float
    zone: str


@dataclass(frozen=True)
class Placement:
    """Where a position belongs: the grid, how it was found, who is on duty; `grid_version_id` None means unplaced.

    `confidence` is the share (0-1) of the accuracy disc inside the grid, None where no accuracy was given;
    `runners_up` are the other grids in the disc as (code, share). `duty` is main, deputy, community or nobody.
    """

    grid_version_id: int | None
    code: str | None
    name: str | None
    layer: str | None
    method: str
    distance_m: float | None
    reason: str | None = None
    confidence: float | None = None
    runners_up: tuple[tuple[str, float], ...] = ()
    worker_id: int | None = None
    worker_name: str | None = None
    duty: str | None = None
    area_name: str | None = None

    @property
    def doubtful(self) -> bool:
        """Whether a person should look at it before anybody walks there."""
        return self.confidence is not None and self.confidence < DOUBTFUL_BELOW


def unplaced(reason: str) -> Placement:
    """The placement of a report that waits in the unplaced queue, and why."""
    return Placement(None, None, None, None, "none", None, reason)


def place(
    db: Connection, lon: float, lat: float, at: datetime, rule: Rule, *, accuracy_m: float | None = None
) -> Placement:
    """The grid of a point (EPSG:4326 degrees) by the editions and the duty of `at`; unplaced outside every grid."""
    (found,) = place_many(db, [Point(lon, lat, at, accuracy_m)], rule)
    return found


@dataclass(frozen=True)
class Point:
    """A position (EPSG:4326 degrees) to be placed by the editions and the duty of `at`."""

    lon: float
    lat: float
    at: datetime
    accuracy_m: float | None = None


def place_many(db: Connection, points: Sequence[Point], rule: Rule) -> list[Placement]:
    """The placement of each, in order."""
    same = {"nearest_max_m": rule.nearest_max_m, "zone": rule.zone}
    asked = [same | {"lon": one.lon, "lat": one.lat, "at": one.at} for one in points]
    # one alone, as most are, is asked for the quicker way
    found = [ask(db, "place_one", asked[0])] if len(asked) == 1 else ask_all(db, "place_one", asked)
    discs = [
        (index, one.lon, one.lat, one.accuracy_m, one.at)
        for index, (one, rows) in enumerate(zip(points, found, strict=True))
        if rows and one.accuracy_m
    ]
    shares = confidences(db, discs)
    return [
        _placement(rows[0], shares.get(index, []) if one.accuracy_m else None) if rows else unplaced("outside")
        for index, (one, rows) in enumerate(zip(points, found, strict=True))
    ]


def _placement(row: Any, shares: Sequence[Share] | None) -> Placement:
    confidence, runners_up = (None, ()) if shares is None else pick_confidence(shares, row.id)
    return Placement(
        row.id,
        row.code,
        row.name,
        row.layer,
        row.method,
        row.distance_m,
        None,
        confidence,
        runners_up,
        row.worker_id,
        row.worker_name,
        row.kind or ("community" if row.area_id else "nobody"),
        row.area_name,
    )


Share = tuple[int, str, float]  # grid_version_id, code, share


def confidences(db: Connection, rows: Sequence[tuple[int, float, float, float, datetime]]) -> dict[int, list[Share]]:
    """The shares of accuracy discs by grid, keyed by the caller's id, largest first.

    A disc of more than `WIDEST_DISC_M` gets no shares, which is a confidence of 0: it says little about any grid, and
    cutting it by thousands of them would cost a minute that anybody could ask for.

    Args:
        rows: (id, lon, lat, accuracy_m, at) each.
    """
    rows = [row for row in rows if row[3] <= WIDEST_DISC_M]
    if not rows:
        return {}
    ids, lons, lats, accuracies, ats = (list(column) for column in zip(*rows, strict=True))
    found: dict[int, list[Share]] = {}
    values = {"ids": ids, "lons": lons, "lats": lats, "accuracies": accuracies, "ats": ats}
    for row in ask(db, "confidence", values):
        found.setdefault(row.id, []).append((row.grid_version_id, row.code, row.share))
    return found


def pick_confidence(shares: Sequence[Share], chosen: int) -> tuple[float, tuple[tuple[str, float], ...]]:
    """The chosen grid's share and the three best others as (code, share).

    >>> pick_confidence([(1, "a", 0.7), (2, "b", 0.3)], 2)
    (0.3, (('a', 0.7),))
    >>> pick_confidence([], 2)
    (0.0, ())
    """
    own = sum((share for version, _, share in shares if version == chosen), 0.0)
    others = tuple((code, share) for version, code, share in shares if version != chosen)
    return own, others[:3]


def place_grid(db: Connection, code: str, at: datetime, rule: Rule, *, layer: str | None = None) -> Placement:
    """The placement in the published grid with this code, as a person chose it.

    Raises:
        NotFound: no published grid has the code.
    """
    row = db.execute(load("grid_by_code"), {"code": code, "layer": layer, "at": at, "zone": rule.zone}).first()
    if row is None:
        raise NotFound("grid_unknown", grid=code)
    return Placement(
        row.id,
        row.code,
        row.name,
        row.layer,
        "manual",
        None,
        worker_id=row.worker_id,
        worker_name=row.worker_name,
        duty=row.kind or ("community" if row.area_id else "nobody"),
        area_name=row.area_name,
    )


def hold(db: Connection, *, exclusive: bool = False) -> None:
    """Keeps the published editions as they are until this transaction ends.

    Everything that places a report holds them shared, publishing holds them alone: so no report is placed by an edition
    that is being retired at that moment.

    Raises:
        Conflict: `exclusive`, and an import goes on placing.
    """
    lock = "pg_try_advisory_xact_lock" if exclusive else "pg_advisory_xact_lock_shared"
    take = text(f"SELECT {lock}(hashtext('gridsvc.edition'), hashtext(current_schema()))")
    if not exclusive:
        db.execute(take)
        return
    # Tried, not waited for: behind one that waits in the queue every submission would have to wait too.
    for _ in range(HOLD_TRIES):
        if db.scalar(take):
            return
        time.sleep(HOLD_PAUSE_S)
    raise Conflict("editions_in_use", seconds=int(HOLD_TRIES * HOLD_PAUSE_S))


def begin_placing(db: Connection) -> None:
    """Makes the two temporary tables of set placement, empty: `to_place` (id, geom, at) and `placed`."""
    db.execute(text("DROP TABLE IF EXISTS pg_temp.to_place, pg_temp.placed"))
    for columns in (
        "to_place (id bigint, geom geometry(Point, 4326), at timestamptz)",
        "placed (id bigint, grid_version_id bigint, method text, distance_m float8)",
    ):
        db.execute(text(f"CREATE TEMP TABLE {columns} ON COMMIT DROP"))


def place_all(db: Connection, rule: Rule) -> None:
    """Places every row of `to_place` into `placed`; what lies outside every grid is absent from it."""
    db.execute(text("CREATE INDEX to_place_geom_idx ON to_place USING gist (geom)"))
    db.execute(text("ANALYZE to_place"))
    db.execute(load("place_covered"))
    db.execute(text("ANALYZE placed"))
    if rule.nearest_max_m > 0:
        db.execute(load("place_nearest"), {"nearest_max_m": rule.nearest_max_m})


@dataclass(frozen=True)
class Shape:
    """The published grids as a whole: edition ids by layer, how many grids, and their extent in degrees."""

    editions: dict[str, int]
    n_grids: int
    west: float
    south: float
    east: float
    north: float


def published_shape(db: Connection) -> Shape:
    """What is published.

    Raises:
        Unavailable: no edition is published yet.
    """
    editions = db.execute(text("SELECT layer, id FROM edition WHERE state = 'published'")).all()
    if not editions:
        raise Unavailable("no_published_edition")
    box = db.execute(load("published_extent")).one()
    return Shape({row.layer: row.id for row in editions}, box.n_grids, box.west, box.south, box.east, box.north)
