"""When something is due: limits in five units, stopped clocks, extensions, and the state of a deadline.

Units: `urgent_hour` and `calendar_hour` run day and night; `calendar_day` is 24 hours of that clock; `working_hour`
counts working time only; `working_day` counts working days by one of two conventions:

- `rolling`: a working day is as long as its parts (8 hours), counted like working hours, from the moment of receipt;
- `next_day`: day 1 is the first working day after the day of receipt (whether or not that was worked), due at the close
  of day n, a begun day counting whole. Calendar days then also begin the day after, and end at its last second.

Instants come back in UTC. A deadline is kept by what ends at it, not only before it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from math import ceil
from typing import Literal, get_args

from gridsvc.errors import Refused
from gridsvc.rules.calendar import MOST_DAYS, Calendar, advance, closes, working_time

Unit = Literal["urgent_hour", "calendar_hour", "working_hour", "working_day", "calendar_day"]
UNITS: tuple[Unit, ...] = get_args(Unit)
WORKING: frozenset[Unit] = frozenset({"working_hour", "working_day"})
Convention = Literal["rolling", "next_day"]
CONVENTIONS: tuple[Convention, ...] = get_args(Convention)
Stage = Literal["verify", "accept", "dispatch", "dispose", "check"]
STAGES: tuple[Stage, ...] = get_args(Stage)
State = Literal["in_time", "due_today", "overdue", "suspended", "waiting"]
LADDER = ("grid", "community", "subdistrict", "district", "city")

_HOUR, _DAY, _TICK = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
_END_OF_DAY = time(23, 59, 59)  # shown as the day it ends; midnight would be read as the next one


@dataclass(frozen=True, init=False)
class Limit:
    """So much of a unit; `name` is that of a milestone ("stop"), None for the deadline itself.

    Raises:
        Refused: `limit_amount_wrong` (not a positive number), `limit_too_long` (ten years), `limit_unit_unknown`.
    """

    amount: Decimal
    unit: Unit
    name: str | None = None

    def __init__(self, amount: Decimal | int | float | str, unit: str, name: str | None = None) -> None:
        if unit not in UNITS:
            raise Refused("limit_unit_unknown", unit=str(unit)[:60], units=", ".join(UNITS))
        try:
            exact = Decimal("NaN") if isinstance(amount, bool) else Decimal(str(amount))
        except ArithmeticError:
            exact = Decimal("NaN")
        if not exact.is_finite() or exact <= 0:
            raise Refused("limit_amount_wrong", amount=str(amount)[:60])
        if exact > MOST_DAYS * (1 if unit.endswith("day") else 24):
            raise Refused("limit_too_long", years=MOST_DAYS // 366)
        object.__setattr__(self, "amount", exact)
        object.__setattr__(self, "unit", unit)
        object.__setattr__(self, "name", name)

    def to_json(self) -> dict[str, object]:
        """What is stored: amount, unit, and the name of a milestone.

        >>> Limit("0.5", "working_day").to_json(), Limit(4, "urgent_hour", "stop").to_json()
        ({'amount': 0.5, 'unit': 'working_day', 'name': None}, {'amount': 4, 'unit': 'urgent_hour', 'name': 'stop'})
        """
        whole = self.amount == self.amount.to_integral_value()
        return {"amount": int(self.amount) if whole else float(self.amount), "unit": self.unit, "name": self.name}

    @classmethod
    def from_json(cls, stored: object) -> Limit:
        """The limit that was stored.

        Raises:
            Refused: `limit_unreadable` (no amount or no unit), and what `Limit` refuses.

        >>> Limit.from_json({"amount": 7, "unit": "working_day"})
        Limit(amount=Decimal('7'), unit='working_day', name=None)
        """
        if not isinstance(stored, Mapping) or not {"amount", "unit"} <= stored.keys():
            raise Refused("limit_unreadable", found=str(stored)[:60])
        name = stored.get("name")
        return cls(stored["amount"], str(stored["unit"]), None if name is None else str(name))

    def times(self, clock: timedelta) -> timedelta:
        """The amount times a length of the clock, to the microsecond."""
        return round(self.amount * (clock // _TICK)) * _TICK


@dataclass(frozen=True)
class Due:
    """The instant (UTC) at which something is due, and the years that had to be taken as Monday to Friday for it."""

    at: datetime
    unknown_years: tuple[int, ...] = ()


def due_at(start: datetime, limit: Limit, calendar: Calendar, convention: Convention = "rolling") -> Due:
    """When a limit that begins at `start` ends.

    Working units count from the first working instant at or after `start` and end inside working time.

    Raises:
        Refused: `time_without_zone`, `limit_too_long`.

    >>> made = Calendar("Asia/Shanghai", {}, frozenset({2026}))
    >>> friday = datetime(2026, 11, 20, 17, tzinfo=made.tz)
    >>> due_at(friday, Limit(2, "working_hour"), made).at.astimezone(made.tz).isoformat()
    '2026-11-23T09:00:00+08:00'
    >>> due_at(friday, Limit(1, "working_day"), made, "next_day").at.astimezone(made.tz).isoformat()
    '2026-11-23T18:00:00+08:00'
    >>> due_at(friday, Limit(2, "urgent_hour"), made).at.astimezone(made.tz).isoformat()
    '2026-11-20T19:00:00+08:00'
    >>> due_at(datetime(2026, 12, 28, 9, tzinfo=made.tz), Limit(13, "working_day"), made).unknown_years
    (2027,)
    """
    start = _utc(start)
    first = calendar.day_of(start)
    if limit.unit not in WORKING:
        if limit.unit == "calendar_day" and convention == "next_day":
            last = first + ceil(limit.amount) * _DAY
            return Due(datetime.combine(last, _END_OF_DAY, calendar.tz).astimezone(UTC))
        return Due(start + limit.times(_DAY if limit.unit == "calendar_day" else _HOUR))
    if limit.unit == "working_day" and convention == "next_day":
        at = next(islice(closes(first + _DAY, calendar), ceil(limit.amount) - 1, None))
    else:
        at = advance(start, limit.times(calendar.day_length if limit.unit == "working_day" else _HOUR), calendar)
    return Due(at, calendar.unknown(first, calendar.day_of(at)))


def worked(start: datetime, end: datetime, calendar: Calendar, unit: Unit) -> timedelta:
    """How far the clock of a unit went between two instants: working time, or all of it; never negative.

    >>> made = Calendar("Asia/Shanghai")
    >>> noon, three = (datetime(2026, 11, 20, hour, tzinfo=made.tz) for hour in (12, 15))
    >>> str(worked(noon, three, made, "working_hour")), str(worked(noon, three, made, "urgent_hour"))
    ('1:00:00', '3:00:00')
    """
    start, end = _utc(start), _utc(end)
    return working_time(start, end, calendar) if unit in WORKING else max(end - start, timedelta())


def resumed(
    due: datetime,
    stopped_at: datetime,
    resumed_at: datetime,
    limit: Limit,
    calendar: Calendar,
    convention: Convention = "rolling",
) -> Due:
    """The new due time after a stop of the clock: what was left when it stopped is given again from `resumed_at` on.

    Nothing changes where the unit's clock did not move during the stop, or where it was overdue before it.

    Raises:
        Refused: `resumed_before_stopped`, and what `due_at` refuses.

    >>> made = Calendar("Asia/Shanghai", {}, frozenset({2026}))
    >>> due, stopped, again = (datetime(2026, 11, day, 10, tzinfo=made.tz) for day in (18, 17, 20))
    >>> resumed(due, stopped, again, Limit(3, "working_day"), made).at.astimezone(made.tz).isoformat()
    '2026-11-23T10:00:00+08:00'
    """
    due, stopped_at, resumed_at = _utc(due), _utc(stopped_at), _utc(resumed_at)
    if resumed_at < stopped_at:
        raise Refused("resumed_before_stopped", stopped_at=stopped_at, resumed_at=resumed_at)
    if stopped_at >= due:
        return Due(due)
    if limit.unit == "calendar_day" and convention == "next_day":
        wall = due.astimezone(calendar.tz)  # days end at midnight, so the stop counts in nights
        nights = calendar.day_of(resumed_at) - calendar.day_of(stopped_at)
        return Due((wall + nights).astimezone(UTC))
    if limit.unit not in WORKING:
        return Due(due + (resumed_at - stopped_at))
    at = due
    if limit.unit == "working_day" and convention == "next_day":
        if _n_closes(stopped_at, resumed_at, calendar):
            at = _nth_close(max(_n_closes(stopped_at, due, calendar), 1), resumed_at, calendar)
    elif working_time(stopped_at, resumed_at, calendar):
        at = advance(resumed_at, working_time(stopped_at, due, calendar), calendar)
    return Due(at, calendar.unknown(calendar.day_of(stopped_at), calendar.day_of(at)))


def _nth_close(n: int, after: datetime, calendar: Calendar) -> datetime:
    """The close of the n-th working day to close after an instant."""
    to_come = (at for at in closes(calendar.day_of(after), calendar) if at > after)
    return next(islice(to_come, n - 1, None))


def _n_closes(after: datetime, until: datetime, calendar: Calendar) -> int:
    """How many working days close after one instant and not after another."""
    first = calendar.day_of(after)
    days = (first + n * _DAY for n in range((calendar.day_of(until) - first).days + 1))
    return sum(1 for day in days for _, close in calendar.spans(day)[-1:] if after < close <= until)


def extend(due: datetime, limit: Limit, calendar: Calendar, convention: Convention = "rolling") -> Due:
    """The due time after an extension: one original limit more, from the current due time on.

    >>> made = Calendar("Asia/Shanghai", {}, frozenset({2026}))
    >>> close = datetime(2026, 11, 20, 18, tzinfo=made.tz)
    >>> extend(close, Limit(1, "working_day"), made).at.astimezone(made.tz).isoformat()
    '2026-11-23T18:00:00+08:00'
    """
    return due_at(due, limit, calendar, convention)


def is_overdue(ended_or_now: datetime, due: datetime) -> bool:
    """Whether disposal ended (or, while it has not, now is) after the due time; ending at it is in time.

    >>> noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    >>> is_overdue(noon, noon), is_overdue(noon + timedelta(seconds=1), noon)
    (False, True)
    """
    return _utc(ended_or_now) > _utc(due)


def until(state: str, stage: str | None, due_at: datetime | None, stage_due_at: datetime | None) -> datetime | None:
    """When the present step of an open report has to be done by, as the column `until_at` keeps it; None: no limit.

    Once it is disposed of, the deadline was met or missed for good, and what counts is the check's own limit; while a
    department works, the deadline; before, whichever comes first.

    >>> until("disposed", None, datetime(2026, 11, 20, tzinfo=UTC), None) is None
    True
    """
    if state in ("disposed", "checked"):
        return stage_due_at
    if state not in ("reported", "verified", "filed", "dispatched"):
        return None
    if stage == "dispose":
        return due_at
    return min((at for at in (due_at, stage_due_at) if at is not None), default=None)


def state_of(
    due: datetime, now: datetime, calendar: Calendar, *, suspended: bool = False, waiting: bool = False
) -> State:
    """How a case that is not disposed of stands; a stopped clock goes before everything, and "today" is the zone's.

    >>> made = Calendar("Asia/Shanghai")
    >>> due, now = datetime(2026, 11, 20, 1, tzinfo=UTC), datetime(2026, 11, 19, 23, tzinfo=UTC)
    >>> state_of(due, now, made), state_of(due, now, made, waiting=True), state_of(now, due, made)
    ('due_today', 'waiting', 'overdue')
    """
    if suspended:
        return "suspended"
    if waiting:
        return "waiting"
    if is_overdue(now, due):
        return "overdue"
    return "due_today" if calendar.day_of(_utc(now)) == calendar.day_of(_utc(due)) else "in_time"


@dataclass(frozen=True)
class StageLimits:
    """How long each stage may take; None: no limit of its own."""

    accept: Limit | None = None
    dispatch: Limit | None = None
    dispose: Limit | None = None
    check: Limit | None = None
    verify: Limit | None = None

    def of(self, stage: Stage) -> Limit | None:
        """The limit of a stage."""
        limit: Limit | None = getattr(self, stage)
        return limit

    def over(self, common: StageLimits) -> StageLimits:
        """These limits, and those of `common` where there is none.

        >>> StageLimits(check=Limit(1, "working_hour")).over(StageLimits(Limit(2, "urgent_hour"))).accept is None
        False
        """
        return StageLimits(**{stage: self.of(stage) or common.of(stage) for stage in STAGES})

    def to_json(self) -> dict[str, object]:
        """What is stored: the stages that have a limit.

        >>> StageLimits(check=Limit(1, "working_hour")).to_json()
        {'check': {'amount': 1, 'unit': 'working_hour', 'name': None}}
        """
        return {stage: limit.to_json() for stage in STAGES if (limit := self.of(stage)) is not None}

    @classmethod
    def from_json(cls, stored: Mapping[str, object]) -> StageLimits:
        """The limits that were stored.

        Raises:
            Refused: `stage_unknown`, and what `Limit.from_json` refuses.
        """
        for stage in stored:
            if stage not in STAGES:
                raise Refused("stage_unknown", stage=str(stage)[:60], stages=", ".join(STAGES))
        return cls(**{stage: None if value is None else Limit.from_json(value) for stage, value in stored.items()})


def stage_due(
    stage: Stage, entered_at: datetime, limits: StageLimits, calendar: Calendar, convention: Convention = "rolling"
) -> Due | None:
    """When a stage that was entered at `entered_at` must be left; None without a limit.

    >>> stage_due("check", datetime(2026, 11, 20, tzinfo=UTC), StageLimits(), Calendar("Asia/Shanghai")) is None
    True
    """
    limit = limits.of(stage)
    return None if limit is None else due_at(entered_at, limit, calendar, convention)


@dataclass(frozen=True)
class Above:
    """The level that a report goes up to, and the levels passed over because nobody is there."""

    level: str
    passed: tuple[str, ...] = ()


def above(level: str | None, present: Collection[str]) -> Above | None:
    """The next level of the ladder where somebody is; None where nobody is above.

    Args:
        level: where the report is now; None: at its grid.
        present: the levels of the report's own chain.

    >>> above(None, {"grid", "subdistrict", "city"}), above("city", LADDER)
    (Above(level='subdistrict', passed=('community',)), None)
    """
    higher = LADDER[LADDER.index(level or LADDER[0]) + 1 :]
    found = next((one for one in higher if one in present), None)
    return None if found is None else Above(found, higher[: higher.index(found)])


def _utc(at: datetime) -> datetime:
    """The instant in UTC: two times of one zone would be compared by their wall clocks, which go back in autumn."""
    if at.utcoffset() is None:
        raise Refused("time_without_zone", time=at)
    return at.astimezone(UTC)
