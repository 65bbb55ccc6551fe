"""What there is to look at today: what waits in a reader's grids, a worker's own grids, and what is stored at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gridsvc.db.queries import load
from gridsvc.grids import DOUBTFUL_BELOW
from gridsvc.rules.roles import Actor, may
from gridsvc.stats import scope

WEEK_DAYS = 7


@dataclass(frozen=True)
class Waiting:
    """Counts of the reports that a reader's list shows, so that a figure agrees with the list behind it.

    `n_week` were received in the last seven days (today included), `n_before` in the seven before, void ones too;
    `n_open` and `n_doubtful` are open now. `n_unplaced` waits on no grid, so on nobody's: it is the same for every
    reader, and part of the other figures only for those who may place them.
    """

    n_week: int
    n_before: int
    n_open: int
    n_doubtful: int
    n_unplaced: int
    unplaced_since: datetime | None


@dataclass(frozen=True)
class Holdings:
    """What is stored: grids of the published editions and since when, and the rest as counts."""

    n_base: int
    n_dedicated: int
    base_since: datetime | None
    dedicated_since: datetime | None
    n_compounds: int
    n_households: int
    n_reports: int
    n_workers: int


@dataclass(frozen=True)
class OwnGrid:
    """A grid of a worker's duty (`kind` main or deputy), its open reports, and how many of these are the worker's."""

    code: str
    name: str
    layer: str
    kind: str
    n_open: int
    n_mine: int


def week_from(now: datetime, zone: ZoneInfo) -> datetime:
    """The beginning of the last seven days, today included, as the zone counts days."""
    return day_begins(now.astimezone(zone).date() - timedelta(days=WEEK_DAYS - 1), zone)


def day_begins(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day in a zone."""
    return datetime.combine(day, time(), zone)


def quarter(day: date) -> tuple[date, date]:
    """First and last day of the quarter that holds `day`.

    >>> quarter(date(2026, 11, 21))
    (datetime.date(2026, 10, 1), datetime.date(2026, 12, 31))
    """
    first = date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
    later = first + timedelta(days=100)
    return first, date(later.year, later.month, 1) - timedelta(days=1)


def waiting(db: Connection, actor: Actor, now: datetime, zone: ZoneInfo) -> Waiting:
    """What waits for this reader."""
    begin = week_from(now, zone)
    before = day_begins(begin.date() - timedelta(days=WEEK_DAYS), zone)
    values = scope(actor) | {"queue": may(actor, "place"), "doubtful_below": DOUBTFUL_BELOW}
    values |= {"week_from": begin, "before_from": before}
    return Waiting(**db.execute(load("today_waiting"), values).mappings().one())


def holdings(db: Connection) -> Holdings:
    """What is stored."""
    return Holdings(**db.execute(load("today_holdings")).mappings().one())


def own_grids(db: Connection, worker_id: int | None) -> tuple[OwnGrid, ...]:
    """The published grids of a worker's duty, main ones first; none for nobody."""
    rows = db.execute(load("today_own_grids"), {"worker_id": worker_id}).mappings()
    return tuple(OwnGrid(**row) for row in rows)
