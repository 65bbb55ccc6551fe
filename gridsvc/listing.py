"""Reports as lists: the rows a reader may see, newest first, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from gridsvc.db.queries import load
from gridsvc.grids import DOUBTFUL_BELOW
from gridsvc.rules import masking
from gridsvc.rules.roles import Actor, may
from gridsvc.stats import scope

MAX_PAGE = 1000


@dataclass(frozen=True)
class Filter:
    """Which reports: everything given must hold. `bbox` is (west, south, east, north) in degrees, EPSG:4326.

    `from_at` is inclusive, `to_at` exclusive; both are about when a report was received. `words` is a number, or a part
    of a number, of the text or of the place in words; `doubtful` keeps those whose position a person should look at.
    """

    bbox: tuple[float, float, float, float] | None = None
    grid: str | None = None
    state: str | None = None
    category: str | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None
    unplaced: bool = False
    doubtful: bool = False
    words: str | None = None


@dataclass(frozen=True)
class Listed:
    """A report with its current placement; `lon`, `lat` are EPSG:4326 degrees, `raw_x`, `raw_y` what came in `crs`."""

    id: int
    source: str
    number: str
    repeat: int
    state: str
    category: str
    name_zh: str
    name_en: str
    category_raw: str | None
    description: str
    channel: str
    words: str | None
    observed_at: datetime | None
    received_at: datetime
    day_only: bool
    closed_at: datetime | None
    due_at: datetime | None
    accuracy_m: float | None
    crs: str | None
    raw_x: float | None
    raw_y: float | None
    lon: float | None
    lat: float | None
    compound: str | None
    method: str
    distance_m: float | None
    confidence: float | None
    runners_up: list[tuple[str, float]] | None
    reason: str | None
    duty: str | None
    grid_code: str | None
    grid_name: str | None
    grid_layer: str | None
    area_name: str | None
    worker_name: str | None


Place = tuple[datetime, int]  # received_at and id of the last row of a page


@dataclass(frozen=True)
class Page:
    """Some rows, and where the next page begins; None: this was the last."""

    items: tuple[Listed, ...]
    next: Place | None


def page(db: Connection, actor: Actor, wanted: Filter, *, after: Place | None = None, limit: int = 100) -> Page:
    """Up to `limit` of the reports that fit and that this reader sees, newest first, from behind `after` on."""
    # A plan made for these very filters: one plan for all of them would read the whole table for each.
    db.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    west, south, east, north = wanted.bbox or (None, None, None, None)
    values = scope(actor) | {
        "queue": may(actor, "place"),
        "west": west,
        "south": south,
        "east": east,
        "north": north,
        "grid": wanted.grid,
        "state": wanted.state,
        "category": wanted.category,
        "from_at": wanted.from_at,
        "to_at": wanted.to_at,
        "unplaced": wanted.unplaced,
        "doubtful": wanted.doubtful,
        "doubtful_below": DOUBTFUL_BELOW,
        "words": wanted.words,
        "after_at": after[0] if after else None,
        "after_id": after[1] if after else None,
        "n": limit + 1,
    }
    rows = [Listed(**masking.said(row)) for row in db.execute(load("list_reports"), values).mappings()]
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(tuple(rows[:limit]), None if last is None else (last.received_at, last.id))
