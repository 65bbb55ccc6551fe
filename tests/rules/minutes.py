"""The oracle of working time: every minute of some years in one table, worked or not, and its running sum.

Nothing here steps by day or by part, and nothing of `gridsvc` is used but what a Calendar says about itself.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from gridsvc.rules.calendar import Calendar

FIRST, LAST = datetime(2023, 12, 25, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
_EPOCH = date(1970, 1, 1)
_STEP = 30  # minutes: no zone changes its clock between
_DAY = 1440


def _minute(at: datetime) -> int:
    return int((at - FIRST) // timedelta(minutes=1))


def _at(minute: int) -> datetime:
    return FIRST + timedelta(minutes=int(minute))


class Minutes:
    """The table of one calendar."""

    def __init__(self, calendar: Calendar) -> None:
        zone = ZoneInfo(calendar.zone)
        n = _minute(LAST)
        coarse = [_at(m).astimezone(zone).utcoffset() for m in range(0, n, _STEP)]
        offsets = np.repeat([int(one / timedelta(minutes=1)) for one in coarse if one is not None], _STEP)
        local = np.arange(n) + offsets + (FIRST.date() - _EPOCH).days * _DAY
        day, of_day = local // _DAY, local % _DAY
        days = np.arange(day[0], day[-1] + 2)
        weekday = (days + 3) % 7  # 1970-01-01 was a Thursday
        works = weekday < 5
        for exception, worked in calendar.exceptions.items():
            place = (exception - _EPOCH).days - days[0]
            if 0 <= place < len(works):
                works[place] = worked
        within = np.zeros(n, dtype=bool)
        for begin, end in calendar.parts:
            to = (end.hour * 60 + end.minute) or _DAY
            within |= (of_day >= begin.hour * 60 + begin.minute) & (of_day < to)
        self.day = day
        self.worked = within & works[day - days[0]]
        self.sum = np.concatenate([[0], np.cumsum(self.worked)])
        last = np.flatnonzero(np.diff(np.where(self.worked, day, -1), append=-1) * self.worked)
        closing: dict[int, int] = {int(day[m]): int(m) + 1 for m in last}
        self.closing_days, self.closes = np.array(list(closing)), np.array(list(closing.values()))

    def after(self, start: datetime, n_minutes: int) -> datetime:
        """The first instant at which so many worked minutes have passed since `start`."""
        return _at(np.searchsorted(self.sum, self.sum[_minute(start)] + n_minutes, side="left"))

    def between(self, start: datetime, end: datetime) -> int:
        """The worked minutes between two instants."""
        return int(self.sum[_minute(end)] - self.sum[_minute(start)])

    def close(self, start: datetime, n: int) -> datetime:
        """The end of the n-th working day after the day of `start`."""
        return _at(self.closes[np.searchsorted(self.closing_days, self.day[_minute(start)], side="right") + n - 1])

    def is_inside(self, at: datetime) -> bool:
        """Whether the minute at an instant, or the one before it, is worked."""
        return bool(self.worked[_minute(at)] or self.worked[_minute(at) - 1])
