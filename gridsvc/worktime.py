"""The working calendar as it is stored: loaded as a value, filled from the library, or saved year by year.

A year is known when its official arrangement is stored. The library says when it does not know one (it never guesses);
such a year stays unknown until its arrangement comes from a file.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import chinese_calendar
from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from gridsvc.db import tables as t
from gridsvc.db.queries import ask
from gridsvc.errors import Refused
from gridsvc.rules.calendar import Calendar

SOURCE = f"chinesecalendar {chinese_calendar.__version__}"
# Where the arrangement that the library knows is in force; elsewhere a calendar comes from a file.
ZONES = frozenset({"Asia/Shanghai", "Asia/Urumqi", "Asia/Chongqing", "Asia/Chungking", "Asia/Harbin", "PRC"})
LIBRARY_YEARS = tuple(sorted({day.year for day in chinese_calendar.holidays}))


@dataclass(frozen=True)
class Day:
    """A day of an arrangement: off, or worked though it is a weekend."""

    day: date
    works: bool
    name: str


@dataclass(frozen=True)
class Year:
    """A known year: where its arrangement comes from, when it came, and its days in order."""

    year: int
    source: str
    by_hand: bool
    filled_at: datetime
    days: tuple[Day, ...]


@dataclass(frozen=True)
class Filled:
    """The years that were not known before, whose days changed, that were the same, and that a file had given."""

    new: tuple[int, ...]
    changed: tuple[int, ...]
    same: tuple[int, ...]
    kept: tuple[int, ...]


def load(db: Connection, zone: str, since: date | None = None) -> Calendar:
    """The working calendar as it is stored, in this zone.

    Args:
        since: years before that of this day are left out and count as unknown: reading them all takes longer than
            what one report needs of them. None: all.
    """
    rows = ask(db, "calendar_load", {"first_year": since.year if since else None})
    # Rows come by year: what a year's arrangement says about the December before goes before that year's own.
    exceptions = {day: works for row in rows for day, works in zip(row.days, row.works, strict=True)}
    return Calendar(zone, exceptions, frozenset(row.year for row in rows))


def stored(db: Connection, year: int) -> Year | None:
    """A year as it is stored, with what later years say about its December; None where it is not known."""
    y, d = t.calendar_year.c, t.calendar_day.c
    found = db.execute(select(y.source, y.by_hand, y.filled_at).where(y.year == year)).one_or_none()
    if found is None:
        return None
    within = select(d.day, d.works, d.name).where(d.day.between(date(year, 1, 1), date(year, 12, 31)))
    days = {row.day: Day(*row) for row in db.execute(within.order_by(d.year, d.day))}
    return Year(year, *found, tuple(days[day] for day in sorted(days)))


def known(db: Connection) -> tuple[int, ...]:
    """The years that are known, in order."""
    return tuple(db.scalars(select(t.calendar_year.c.year).order_by(t.calendar_year.c.year)))


def from_library(year: int) -> tuple[Day, ...]:
    """The official arrangement of a year, days in order.

    Raises:
        Refused: `calendar_year_unknown`: the library does not know it.

    >>> [str(day.day) for day in from_library(2025) if day.works]
    ['2025-01-26', '2025-02-08', '2025-04-27', '2025-09-28', '2025-10-11']
    """
    if year not in LIBRARY_YEARS:
        raise Refused("calendar_year_unknown", year=year, first=LIBRARY_YEARS[0], last=LIBRARY_YEARS[-1])
    said = {**chinese_calendar.holidays, **chinese_calendar.workdays}
    chinese = {holiday.value: holiday.chinese for holiday in chinese_calendar.Holiday}
    return tuple(
        Day(day, chinese_calendar.is_workday(day), chinese.get(name, name))
        for day, name in sorted(said.items())
        if day.year == year
    )


def fill(db: Connection, years: Collection[int] | None, now: datetime) -> Filled:
    """Stores the years that the library knows.

    Args:
        years: these, and they replace what a file gave; None: all that the library knows, and what a file gave is kept.

    Raises:
        Refused: `calendar_year_unknown`; nothing is stored then.
    """
    arrangements = {year: from_library(year) for year in sorted(LIBRARY_YEARS if years is None else set(years))}
    y = t.calendar_year.c
    by_hand = set(db.scalars(select(y.year).where(y.by_hand)))
    told: dict[str, list[int]] = {"new": [], "changed": [], "same": [], "kept": []}
    for year, days in arrangements.items():
        kept = years is None and year in by_hand
        told["kept" if kept else save(db, year, days, SOURCE, now)].append(year)
    return Filled(**{what: tuple(which) for what, which in told.items()})


def save(db: Connection, year: int, days: Sequence[Day], source: str, now: datetime, *, by_hand: bool = False) -> str:
    """Whether the year was "new", "changed" or the "same"; its arrangement is these days from now on.

    Args:
        days: of this year, or of the December before it.
    """
    y, d = t.calendar_year, t.calendar_day
    before = db.execute(select(y.c.source, y.c.by_hand).where(y.c.year == year)).one_or_none()
    was = {Day(*row) for row in db.execute(select(d.c.day, d.c.works, d.c.name).where(d.c.year == year))}
    if before is not None and (*before, was) == (source, by_hand, set(days)):
        return "same"
    row = {"year": year, "source": source, "by_hand": by_hand, "filled_at": now}
    db.execute(insert(y).values(row).on_conflict_do_update(index_elements=[y.c.year], set_=row))
    db.execute(delete(d).where(d.c.year == year))
    if days:
        db.execute(insert(d), [{"day": day.day, "year": year, "works": day.works, "name": day.name} for day in days])
    return "new" if before is None else "changed"
