"""Working time as a value: which days are worked, which hours of them, and the two walks along it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from gridsvc.errors import Refused

Part = tuple[time, time]
Span = tuple[datetime, datetime]  # from, to: UTC

DAY_PARTS: tuple[Part, ...] = ((time(8), time(12)), (time(14), time(18)))
MOST_DAYS = 3660  # ten years: no limit runs longer, and a calendar without work must not be walked for ever

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_SATURDAY = 5


@dataclass(frozen=True)
class Calendar:
    """The working calendar of one place.

    `zone`: IANA name. `exceptions`: the official arrangement, day -> is it worked (holidays, and weekends worked in
    their stead). `years`: those whose arrangement is in `exceptions`; in any other year Monday to Friday are worked,
    and what was computed there is uncertain. `parts`: the working hours of a day by the clock on the wall, in order;
    a last one may end at 00:00, midnight.

    Raises:
        Refused: `calendar_parts_wrong`.
    """

    zone: str
    exceptions: Mapping[date, bool] = field(default_factory=dict)
    years: frozenset[int] = frozenset()
    parts: tuple[Part, ...] = DAY_PARTS

    def __post_init__(self) -> None:
        ends = [_end(date.min, end) for _, end in self.parts]
        begins = [datetime.combine(date.min, begin) for begin, _ in self.parts]
        in_order = all(end <= begin for end, begin in zip(ends, begins[1:], strict=False))
        if not self.parts or not in_order or any(b >= e for b, e in zip(begins, ends, strict=True)):
            told = ", ".join(f"{begin:%H:%M}-{end:%H:%M}" for begin, end in self.parts)
            raise Refused("calendar_parts_wrong", parts=told or "-")

    @cached_property
    def tz(self) -> ZoneInfo:
        """The zone itself."""
        return ZoneInfo(self.zone)

    @cached_property
    def day_length(self) -> timedelta:
        """How long a working day is: the sum of its parts.

        >>> Calendar("Asia/Shanghai").day_length
        datetime.timedelta(seconds=28800)
        """
        return sum((_end(date.min, end) - datetime.combine(date.min, begin) for begin, end in self.parts), timedelta())

    def works(self, day: date) -> bool:
        """Whether the day is worked; in a year that is not known: whether it is Monday to Friday.

        >>> made_up = Calendar("Asia/Shanghai", {date(2025, 9, 28): True, date(2025, 10, 1): False}, frozenset({2025}))
        >>> [made_up.works(date(2025, *day)) for day in ((9, 27), (9, 28), (9, 29), (10, 1))]
        [False, True, True, False]
        """
        said = self.exceptions.get(day)
        return day.weekday() < _SATURDAY if said is None else said

    def unknown(self, first: date, last: date) -> tuple[int, ...]:
        """The years between two days (both counted) whose official arrangement is not known.

        >>> Calendar("Asia/Shanghai", {}, frozenset({2026})).unknown(date(2026, 12, 28), date(2027, 1, 5))
        (2027,)
        """
        return tuple(year for year in range(first.year, last.year + 1) if year not in self.years)

    def day_of(self, at: datetime) -> date:
        """The day on which an instant falls in this zone."""
        return at.astimezone(self.tz).date()

    def spans(self, day: date) -> tuple[Span, ...]:
        """The working hours of a day as instants, in order; none on a day off.

        >>> Calendar("Asia/Shanghai").spans(date(2026, 11, 23))[0][0].isoformat()
        '2026-11-23T00:00:00+00:00'
        """
        if not self.works(day):
            return ()
        return _hours(self.zone, self.parts, day)


# Deadlines of a batch of cases ask for the same days again and again.
@lru_cache(maxsize=4096)
def _hours(zone: str, parts: tuple[Part, ...], day: date) -> tuple[Span, ...]:
    """The parts of a day that is worked, as instants."""
    tz = ZoneInfo(zone)
    return tuple((_instant(datetime.combine(day, begin), tz), _instant(_end(day, end), tz)) for begin, end in parts)


def _instant(wall: datetime, tz: ZoneInfo) -> datetime:
    """The instant of a time on the wall: the first of two, and for one that is skipped the instant of the skip.

    Without the latter, hours around a change to summer time would overlap.
    """
    at = wall.replace(tzinfo=tz).astimezone(UTC)
    if at.astimezone(tz).replace(tzinfo=None) == wall:
        return at
    low = wall.replace(tzinfo=tz, fold=1).astimezone(UTC)
    after, high = at.astimezone(tz).utcoffset(), at
    while high - low > _SECOND:
        middle = low + (high - low) // 2
        if middle.astimezone(tz).utcoffset() == after:
            high = middle
        else:
            low = middle
    return high.replace(microsecond=0)


def _end(day: date, end: time) -> datetime:
    return datetime.combine(day, end) if end != time(0) else datetime.combine(day, end) + _DAY


def days_from(first: date) -> Iterator[date]:
    """A day and those after it.

    Raises:
        Refused: `limit_too_long`, after ten years.
    """
    for n in range(MOST_DAYS):
        yield first + n * _DAY
    raise Refused("limit_too_long", years=MOST_DAYS // 366)


def advance(start: datetime, work: timedelta, calendar: Calendar) -> datetime:
    """The instant at which so much working time has passed since `start` (UTC): always inside working time.

    The end of a part is inside; no work at all ends at the first working instant from `start` on.

    Raises:
        Refused: `limit_too_long`.

    >>> friday = datetime(2026, 11, 20, 17, tzinfo=ZoneInfo("Asia/Shanghai"))
    >>> advance(friday, timedelta(hours=2), Calendar("Asia/Shanghai")).isoformat()
    '2026-11-23T01:00:00+00:00'
    """
    start = start.astimezone(UTC)
    for day in days_from(calendar.day_of(start)):
        for begin, end in calendar.spans(day):
            begin = max(begin, start)
            if begin > end:
                continue
            if end - begin >= work:
                return begin + work
            work -= end - begin
    raise AssertionError("days_from ends with an error")


def working_time(start: datetime, end: datetime, calendar: Calendar) -> timedelta:
    """The working time between two instants; none where `end` is not after `start`.

    >>> zone = ZoneInfo("Asia/Shanghai")
    >>> friday, monday = datetime(2026, 11, 20, 17, tzinfo=zone), datetime(2026, 11, 23, 9, tzinfo=zone)
    >>> str(working_time(friday, monday, Calendar("Asia/Shanghai")))
    '2:00:00'
    >>> str(working_time(monday, friday, Calendar("Asia/Shanghai")))
    '0:00:00'
    """
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    work = timedelta()
    day, last = calendar.day_of(start), calendar.day_of(end)
    while day <= last:
        for begin, close in calendar.spans(day):
            work += max(min(close, end) - max(begin, start), timedelta())
        day += _DAY
    return work


def closes(first: date, calendar: Calendar) -> Iterator[datetime]:
    """The instants (UTC) at which the working days from `first` on end.

    Raises:
        Refused: `limit_too_long`, after ten years.
    """
    for day in days_from(first):
        spans = calendar.spans(day)
        if spans:
            yield spans[-1][1]
