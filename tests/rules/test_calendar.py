"""The calendar as a value: which days are worked, which instants their hours are, clocks that change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest

from gridsvc.errors import Refused
from gridsvc.rules.calendar import Calendar, advance, closes, working_time
from tests.rules.arrangement import EXCEPTIONS, OFF, WORKED, YEARS

CHINA = Calendar("Asia/Shanghai", EXCEPTIONS, YEARS)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("day", ["01-26", "02-08", "04-27", "09-28", "10-11"])
def test_make_up_days_of_2025_are_worked_and_are_weekends(day: str) -> None:
    made_up = date.fromisoformat(f"2025-{day}")
    assert made_up.weekday() >= 5
    assert CHINA.works(made_up)
    assert len(CHINA.spans(made_up)) == 2


def test_holidays_are_off_and_ordinary_weeks_are_ordinary() -> None:
    assert not any(CHINA.works(day) or CHINA.spans(day) for day in OFF)
    assert all(CHINA.works(day) for day in WORKED)
    assert [CHINA.works(date(2026, 11, day)) for day in range(16, 23)] == [True] * 5 + [False] * 2


def test_a_year_has_the_working_days_that_its_notice_leaves() -> None:
    # 365 days less 104 weekend days, 18 weekdays off, and 5 weekends worked
    worked = [CHINA.works(date(2025, 1, 1) + timedelta(days=n)) for n in range(365)]
    assert sum(worked) == 365 - 104 - 18 + 5


def test_unknown_years_are_monday_to_friday_and_said() -> None:
    assert CHINA.works(date(2027, 1, 1))  # a Friday, a holiday by law: but its arrangement is not known
    assert CHINA.unknown(date(2026, 1, 1), date(2026, 12, 31)) == ()
    assert CHINA.unknown(date(2023, 6, 1), date(2028, 1, 1)) == (2023, 2027, 2028)


@pytest.mark.parametrize(
    "parts",
    [
        (),
        ((time(12), time(8)),),
        ((time(8), time(8)),),
        ((time(8), time(12)), (time(11), time(18))),
        ((time(14), time(18)), (time(8), time(12))),
        ((time(20), time(0)), (time(1), time(2))),
    ],
)
def test_hours_of_a_day_must_follow_one_another(parts: tuple[tuple[time, time], ...]) -> None:
    with pytest.raises(Refused) as refused:
        Calendar("Asia/Shanghai", parts=parts)
    assert refused.value.code == "calendar_parts_wrong"


def test_a_day_may_end_at_midnight() -> None:
    night = Calendar("Asia/Shanghai", parts=((time(8), time(12)), (time(20), time(0))))
    assert night.day_length == 8 * HOUR
    assert night.spans(date(2026, 11, 23))[-1][1] == datetime(2026, 11, 23, 16, tzinfo=UTC)
    friday = datetime(2026, 11, 20, 23, 30, tzinfo=night.tz)
    assert advance(friday, HOUR, night) == datetime(2026, 11, 23, 8, 30, tzinfo=night.tz)


def test_hours_on_the_wall_where_the_clock_changes() -> None:
    office = Calendar("America/New_York")
    before, after = office.spans(date(2026, 10, 30))[0][0], office.spans(date(2026, 11, 2))[0][0]
    assert (before.hour, after.hour) == (12, 13)
    # The night of the change: 02:00 to 03:00 is skipped on 2026-03-08, and 01:00 to 02:00 comes twice on 2026-11-01.
    night = Calendar("America/New_York", dict.fromkeys((date(2026, 3, 8), date(2026, 11, 1)), True))
    for parts, day, hours in (
        (((time(0), time(6)),), date(2026, 3, 8), 5),
        (((time(0), time(6)),), date(2026, 11, 1), 7),
        (((time(0), time(2, 30)),), date(2026, 3, 8), 2),
        (((time(2, 15), time(2, 45)),), date(2026, 3, 8), 0),
        (((time(0), time(2, 30)), (time(2, 30), time(6))), date(2026, 3, 8), 5),
    ):
        made = Calendar(night.zone, night.exceptions, parts=parts)
        spans = made.spans(day)
        assert sum((end - begin for begin, end in spans), timedelta()) == hours * HOUR, parts
        assert all(begin <= end for begin, end in spans)
        assert all(one[1] <= two[0] for one, two in pairwise(spans))


def test_china_had_summer_time() -> None:
    china = Calendar("Asia/Shanghai")
    assert china.spans(date(1991, 9, 13))[0][0].hour == 23  # a Friday; clocks went back on the Sunday
    assert china.spans(date(1991, 9, 16))[0][0].hour == 0
    friday = datetime(1991, 9, 13, 17, tzinfo=china.tz)
    assert working_time(friday, datetime(1991, 9, 16, 9, tzinfo=china.tz), china) == 2 * HOUR


def test_no_work_at_all_ends_at_the_first_working_instant() -> None:
    saturday = datetime(2026, 11, 21, 3, tzinfo=UTC)
    assert advance(saturday, timedelta(), CHINA) == datetime(2026, 11, 23, 8, tzinfo=CHINA.tz)
    noon = datetime(2026, 11, 20, 12, tzinfo=CHINA.tz)
    assert advance(noon, timedelta(), CHINA) == noon


def test_a_calendar_that_never_works_is_refused_and_not_walked_for_ever() -> None:
    first = date(2026, 1, 1)
    idle = Calendar("Asia/Shanghai", {first + timedelta(days=n): False for n in range(-1, 4000)})
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(Refused, match="limit_too_long"):
        advance(start, HOUR, idle)
    with pytest.raises(Refused, match="limit_too_long"):
        next(closes(first, idle))
    assert working_time(start, start + timedelta(days=3000), idle) == timedelta()
