"""Periods as people give them: days in the zone of the settings, both included."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gridsvc.errors import Refused
from gridsvc.stats import Period

DAYS = 90  # where nobody says from when: the last ninety days, today included


@dataclass(frozen=True)
class Days:
    """First and last day, and the instants they bound."""

    first: date
    last: date
    bounds: Period


def chosen(first: date | None, last: date | None, now: datetime, zone: ZoneInfo) -> Days:
    """The period with its defaults filled in: until today, or one day where only a later first day is given.

    Raises:
        Refused: it ends before it begins.
    """
    end = last if last is not None else max(now.astimezone(zone).date(), first or date.min)
    start = first if first is not None else end - timedelta(days=DAYS - 1)
    if start > end:
        raise Refused("period_reversed", first=start.isoformat(), last=end.isoformat())
    return Days(start, end, Period(begins(start, zone), ends(end, zone), now))


def begins(day: date, zone: ZoneInfo) -> datetime:
    """The instant a day begins in the zone."""
    return datetime.combine(day, time(), zone)


def ends(day: date, zone: ZoneInfo) -> datetime:
    """The instant after a day's last one."""
    return begins(day + timedelta(days=1), zone)


def instant(at: datetime, zone: ZoneInfo) -> datetime:
    """A time as it counts, in UTC: without a zone of its own, in the zone of the settings."""
    return (at if at.tzinfo is not None else at.replace(tzinfo=zone)).astimezone(UTC)


def bound(at: date | None, zone: ZoneInfo, *, after_day: bool = False) -> datetime | None:
    """The instant that a time or a day of a filter stands for: of a day its beginning or, `after_day`, its end."""
    if at is None or isinstance(at, datetime):
        return None if at is None else instant(at, zone)
    return ends(at, zone) if after_day else begins(at, zone)
