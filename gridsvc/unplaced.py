"""The unplaced queue: open reports on no grid, and what helps a person to find the grid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from gridsvc import grids
from gridsvc.cases import Held, check_version, lock_id, place_by_hand
from gridsvc.db.queries import load
from gridsvc.errors import Conflict, Forbidden, NotFound, Refused
from gridsvc.grids import Placement, Rule
from gridsvc.reports import Position
from gridsvc.rules import masking
from gridsvc.rules.lifecycle import OPEN
from gridsvc.rules.roles import Actor, may
from gridsvc.stats import scope

NEAR = 3
LIKE = 20


@dataclass(frozen=True)
class Item:
    """An open report on no grid: what it says about where, and why it is here (`reason`).

    `lon`, `lat` are EPSG:4326 degrees, None where it has no position; `seq` is the last of its log.
    """

    id: int
    source: str
    number: str
    repeat: int
    received_at: datetime
    day_only: bool
    category: str
    name_zh: str
    name_en: str
    category_raw: str | None
    description: str
    words: str | None
    compound: str | None
    reason: str | None
    channel: str
    lon: float | None
    lat: float | None
    seq: int


@dataclass(frozen=True)
class Choice:
    """A published grid to choose; `distance_m` is how far outside it the point lies, None where no point was given."""

    code: str
    name: str
    layer: str
    area_name: str | None
    distance_m: float | None = None


def waiting(
    db: Connection, n: int, *, reason: str | None = None, after: tuple[datetime, int] | None = None
) -> tuple[Item, ...]:
    """The queue, the longest waiting first, from behind `after` (received_at, id)."""
    at, id_ = after if after else (None, None)
    values = {"n": n, "reason": reason, "after_at": at, "after_id": id_}
    return tuple(Item(**masking.said(row)) for row in db.execute(load("unplaced_waiting"), values).mappings())


def reasons(db: Connection) -> dict[str, int]:
    """How many wait for each reason."""
    return {row.reason or "": row.n for row in db.execute(load("unplaced_reasons"))}


def grids_like(db: Connection, actor: Actor, words: str, n: int = LIKE) -> tuple[Choice, ...]:
    """The reader's published grids with these words in code or name; an exact one comes first."""
    rows = db.execute(load("own_grids_like"), scope(actor) | {"words": words.strip(), "n": n}).mappings()
    return tuple(Choice(**row) for row in rows)


def grids_near(db: Connection, actor: Actor, lon: float, lat: float, n: int = NEAR) -> tuple[Choice, ...]:
    """The reader's base grids nearest to a point in EPSG:4326 degrees."""
    rows = db.execute(load("own_grids_near"), scope(actor) | {"lon": lon, "lat": lat, "n": n}).mappings()
    return tuple(Choice(**row) for row in rows)


def chosen(db: Connection, actor: Actor, words: str) -> str:
    """The code of the one grid that a person means by a code, a name, or "name code" as it was offered.

    Raises:
        NotFound: none of the reader's grids.
        Conflict: several, and none of them exactly.
    """
    told = words.strip()
    if not told:
        raise Refused("grid_missing")
    found = grids_like(db, actor, told) or grids_like(db, actor, told.split()[-1])
    exact = [c for c in found if told.casefold() in (c.code.casefold(), f"{c.name} {c.code}".casefold())]
    named = exact or [c for c in found if c.name.casefold() == told.casefold()] or list(found)
    if not named:
        raise NotFound("grid_unknown", grid=told)
    if len(named) > 1 and not exact:
        raise Conflict("grid_ambiguous", grid=told, candidates=[c.code for c in named])
    return named[0].code


def lock(db: Connection, actor: Actor, report_id: int, seq: int) -> Held:
    """The open report, locked, where this reader sees it and nobody changed it since the log row `seq`.

    Raises:
        NotFound: no such report for this reader.
        Conflict: somebody was quicker (`version_stale`, with what changed), or it is closed or void.
    """
    grids.hold(db)  # before the report, as publishing does: two that lock crosswise would wait for each other
    held = lock_id(db, report_id)
    # asked behind the lock: somebody may have moved the report while we waited for it
    which = {"report_id": report_id, "sees_unplaced": may(actor, "place")}
    if not db.scalar(load("sees_report"), scope(actor) | which):
        raise NotFound("report_unknown", number=report_id)
    check_version(db, held, seq)
    if held.state not in OPEN:
        raise Conflict("step_not_allowed", state=held.state, action="place", allowed="-")
    return held


def place(db: Connection, held: Held, where: str | Position, actor: Actor, now: datetime, rule: Rule) -> Placement:
    """The placement by hand, in one of the actor's own grids.

    Raises:
        Forbidden: the grid is in nobody's area that the actor has.
        NotFound, Conflict: as `cases.place_by_hand`.
    """
    placed = place_by_hand(db, held, where, actor, now, rule)
    own = db.execute(load("own_grid"), scope(actor) | {"version_id": placed.grid_version_id}).one_or_none()
    if own is None:
        raise Forbidden("grid_not_yours", grid=placed.code)
    return placed
