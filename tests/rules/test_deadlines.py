"""Deadlines: equal to a minute-by-minute oracle, monotone, inside working time; stops, extensions, states, steps up."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridsvc.errors import Refused
from gridsvc.rules import deadlines
from gridsvc.rules.calendar import Calendar, Part
from gridsvc.rules.deadlines import (
    CONVENTIONS,
    LADDER,
    UNITS,
    WORKING,
    Above,
    Convention,
    Limit,
    StageLimits,
    Unit,
    above,
    due_at,
    extend,
    is_overdue,
    resumed,
    stage_due,
    state_of,
    until,
    worked,
)
from tests.rules.arrangement import EXCEPTIONS, YEARS
from tests.rules.minutes import Minutes

CHINA = Calendar("Asia/Shanghai", EXCEPTIONS, YEARS)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
_N_MINUTES = 5 * 365 * 1440  # 2024 to 2028
_NIGHT: tuple[Part, ...] = ((time(0), time(6)), (time(22), time(0)))
CALENDARS = (
    CHINA,
    replace(CHINA, parts=((time(8, 30), time(12)), (time(13, 30), time(17, 30)))),
    replace(CHINA, parts=((time(0), time(0)),)),
    replace(CHINA, parts=((time(6), time(9, 30)), (time(9, 30), time(11)), (time(15), time(20)))),
    Calendar("America/New_York", {}, frozenset(range(2024, 2029)), _NIGHT),
    Calendar("America/New_York", {date(2026, 3, 8): True, date(2026, 11, 1): True}, frozenset({2026}), _NIGHT),
    Calendar("Africa/Cairo", {date(2025, 4, 25): True}, frozenset(), _NIGHT),
    Calendar("Australia/Lord_Howe", {date(2026, 4, 5): True, date(2026, 10, 4): True}, YEARS, _NIGHT),
    Calendar("Europe/Berlin", {date(2026, 3, 29): True}, YEARS),
)


@cache
def minutes(number: int) -> Minutes:
    return Minutes(CALENDARS[number])


def dice(seed: int) -> tuple[random.Random, int, datetime]:
    """A random case: its dice, its calendar, its start."""
    roll = random.Random(seed)  # noqa: S311 - dice, not secrets
    number = 0 if roll.random() < 0.5 else roll.randrange(len(CALENDARS))
    return roll, number, _BEGIN + roll.randrange(_N_MINUTES) * MINUTE


def local(text: str, calendar: Calendar = CHINA) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=calendar.tz)


def shown(at: datetime, calendar: Calendar = CHINA) -> str:
    return at.astimezone(calendar.tz).strftime("%Y-%m-%d %H:%M")


def expected(number: int, start: datetime, limit: Limit, convention: Convention) -> datetime:
    """What the table of minutes says."""
    table, calendar = minutes(number), CALENDARS[number]
    n = int(limit.amount * 60)
    whole = int(limit.amount) + (limit.amount != int(limit.amount))
    if limit.unit == "working_hour":
        return table.after(start, n)
    if limit.unit == "working_day":
        if convention == "next_day":
            return table.close(start, whole)
        return table.after(start, int(limit.amount * (calendar.day_length // MINUTE)))
    if limit.unit == "calendar_day":
        if convention == "next_day":
            day = start.astimezone(calendar.tz).date() + whole * DAY
            return datetime.combine(day, time(23, 59, 59), calendar.tz)
        return start + n * 24 * MINUTE
    return start + n * MINUTE


@pytest.mark.parametrize("block", range(8))
def test_due_times_equal_the_table_of_minutes(block: int) -> None:
    for seed in range(block * 1000, block * 1000 + 1000):
        roll, number, start = dice(seed)
        unit: Unit = roll.choice(UNITS)
        convention: Convention = roll.choice(CONVENTIONS)
        most = 250 if roll.random() < 0.1 else 20
        half = Decimal(roll.randrange(1, 2 * most + 1)) / 2
        limit = Limit(half, unit)
        calendar = CALENDARS[number]
        due = due_at(start, limit, calendar, convention)
        assert due.at == expected(number, start, limit, convention), (seed, start, limit, convention, calendar.zone)
        assert due.at.tzinfo is UTC
        assert due.at > start
        if unit in WORKING:
            assert minutes(number).is_inside(due.at), seed
            days = {
                calendar.day_of(start) + n * DAY
                for n in range((calendar.day_of(due.at) - calendar.day_of(start)).days + 1)
            }
            assert set(due.unknown_years) == {day.year for day in days} - calendar.years
        else:
            assert due.unknown_years == ()


def test_the_clock_of_a_unit_equals_the_table_of_minutes() -> None:
    for seed in range(2000):
        roll, number, start = dice(seed)
        end = start + roll.randrange(60 * 1440) * MINUTE
        assert worked(start, end, CALENDARS[number], "working_day") == minutes(number).between(start, end) * MINUTE
        assert worked(start, end, CALENDARS[number], "calendar_hour") == end - start
        for unit in UNITS:
            assert worked(end + MINUTE, start, CALENDARS[number], unit) == timedelta()


_STARTS = st.integers(0, _N_MINUTES * 60).map(lambda n: _BEGIN + timedelta(seconds=n))
_AMOUNTS = st.integers(1, 400).map(lambda n: Decimal(n) / 8)


@settings(max_examples=400, deadline=None)
@given(
    number=st.integers(0, len(CALENDARS) - 1),
    start=_STARTS,
    later=st.integers(0, 5 * 86400),
    amount=_AMOUNTS,
    more=_AMOUNTS,
    unit=st.sampled_from(UNITS),
    convention=st.sampled_from(CONVENTIONS),
)
def test_due_times_never_go_back(
    number: int, start: datetime, later: int, amount: Decimal, more: Decimal, unit: Unit, convention: Convention
) -> None:
    calendar = CALENDARS[number]
    due = due_at(start, Limit(amount, unit), calendar, convention).at
    assert due <= due_at(start + timedelta(seconds=later), Limit(amount, unit), calendar, convention).at
    assert due <= due_at(start, Limit(amount + more, unit), calendar, convention).at
    if unit in WORKING:
        spans = calendar.spans(calendar.day_of(due - timedelta(microseconds=1)))
        assert any(begin < due <= end for begin, end in spans)


@settings(max_examples=400, deadline=None)
@given(
    number=st.integers(0, len(CALENDARS) - 1),
    start=_STARTS,
    limit=st.builds(Limit, _AMOUNTS, st.sampled_from(UNITS)),
    convention=st.sampled_from(CONVENTIONS),
    waits=st.lists(st.integers(0, 20 * 86400), min_size=3, max_size=3),
)
def test_stopped_clocks_give_back_what_was_left(
    number: int, start: datetime, limit: Limit, convention: Convention, waits: list[int]
) -> None:
    calendar = CALENDARS[number]
    due = due_at(start, limit, calendar, convention).at
    stop = start + timedelta(seconds=waits[0])
    middle, go = stop + timedelta(seconds=waits[1]), stop + timedelta(seconds=waits[1] + waits[2])

    def after(due: datetime, stop: datetime, go: datetime) -> datetime:
        return resumed(due, stop, go, limit, calendar, convention).at

    assert after(due, stop, stop) == due, "resuming at once changes nothing"
    at_once = after(due, stop, go)
    assert at_once >= due
    assert after(after(due, stop, middle), middle, go) == at_once, "two stops in a row are one"
    if stop >= due:
        assert at_once == due, "what was overdue stays so"
    elif convention == "rolling":
        assert worked(go, at_once, calendar, limit.unit) == worked(stop, due, calendar, limit.unit)
    elif limit.unit in WORKING:
        assert at_once > go
    if limit.unit == "working_day" and convention == "next_day":
        assert at_once in {end for n in (0, 1) for _, end in calendar.spans(calendar.day_of(at_once) - n * DAY)}


@pytest.mark.parametrize(
    ("start", "amount", "unit", "convention", "due"),
    [
        ("2025-01-24 17:00", 2, "working_hour", "rolling", "2025-01-26 09:00"),  # Sunday 26 January is worked
        ("2025-01-27 17:00", 1, "working_day", "rolling", "2025-02-05 17:00"),  # Spring Festival lies between
        ("2025-02-07 10:00", 1, "working_day", "next_day", "2025-02-08 18:00"),
        ("2025-04-26 10:00", 3, "working_hour", "rolling", "2025-04-27 11:00"),
        ("2025-09-27 10:00", 1, "working_day", "next_day", "2025-09-28 18:00"),
        ("2025-09-30 17:30", "0.5", "working_hour", "rolling", "2025-09-30 18:00"),
        ("2025-09-30 18:00", "0.5", "working_hour", "rolling", "2025-10-09 08:30"),
        ("2025-10-10 18:00", 1, "working_day", "next_day", "2025-10-11 18:00"),
        ("2026-11-20 10:00", 2, "working_hour", "rolling", "2026-11-20 12:00"),  # the end of a part is inside
        ("2026-11-20 12:00", 1, "working_hour", "rolling", "2026-11-20 15:00"),
        ("2026-11-20 13:00", "0.5", "working_day", "rolling", "2026-11-20 18:00"),
        ("2026-11-20 13:00", "0.5", "working_day", "next_day", "2026-11-23 18:00"),  # a begun day counts whole
        ("2026-11-20 23:30", 1, "working_day", "rolling", "2026-11-23 18:00"),
        ("2026-11-21 10:00", 1, "working_day", "next_day", "2026-11-23 18:00"),  # received on a Saturday
        ("2026-11-20 23:30", 2, "urgent_hour", "rolling", "2026-11-21 01:30"),
        ("2026-11-20 23:30", 2, "calendar_hour", "next_day", "2026-11-21 01:30"),
        ("2026-11-20 23:30", 7, "calendar_day", "rolling", "2026-11-27 23:30"),
        ("2026-11-20 23:30", 7, "calendar_day", "next_day", "2026-11-27 23:59"),
    ],
)
def test_due_times_by_hand(start: str, amount: int | str, unit: Unit, convention: Convention, due: str) -> None:
    found = due_at(local(start), Limit(amount, unit), CHINA, convention)
    assert shown(found.at) == due
    assert found.unknown_years == ()


def test_a_limit_filed_late_in_december_warns_where_the_next_year_is_unknown() -> None:
    thirteen = Limit(13, "working_day")
    due = due_at(local("2026-12-25 10:00"), thirteen, CHINA, "next_day")
    assert (shown(due.at), due.unknown_years) == ("2027-01-13 18:00", (2027,))
    with_new_year = replace(CHINA, exceptions={**EXCEPTIONS, date(2027, 1, 1): False}, years=YEARS | {2027})
    due = due_at(local("2026-12-25 10:00"), thirteen, with_new_year, "next_day")
    assert (shown(due.at), due.unknown_years) == ("2027-01-14 18:00", ())


def test_a_stop_that_needs_an_unknown_year_says_so() -> None:
    due = resumed(
        local("2026-12-30 10:00"), local("2026-12-29 10:00"), local("2027-01-04 10:00"), Limit(1, "working_day"), CHINA
    )
    assert (shown(due.at), due.unknown_years) == ("2027-01-05 10:00", (2027,))


@pytest.mark.parametrize(
    ("unit", "convention", "due", "stop", "go", "new"),
    [
        # Stopped with an hour left at noon, resumed on a Saturday.
        ("working_hour", "rolling", "2026-11-18 12:00", "2026-11-18 11:00", "2026-11-21 10:00", "2026-11-23 09:00"),
        # Nothing ran during the lunch break.
        ("working_hour", "rolling", "2026-11-18 15:00", "2026-11-18 12:10", "2026-11-18 13:50", "2026-11-18 15:00"),
        # Two closes were left: the 18th and the 19th.
        ("working_day", "next_day", "2026-11-19 18:00", "2026-11-18 09:00", "2026-11-20 09:00", "2026-11-23 18:00"),
        ("working_day", "next_day", "2026-11-19 18:00", "2026-11-18 19:00", "2026-11-19 09:00", "2026-11-19 18:00"),
        # Stopped at one close and resumed at another: one was left.
        ("working_day", "next_day", "2026-11-19 18:00", "2026-11-18 18:00", "2026-11-20 18:00", "2026-11-23 18:00"),
        # Due times that somebody set by hand stay too where the clock did not move.
        ("working_hour", "rolling", "2026-11-18 14:00", "2026-11-18 11:00", "2026-11-18 11:00", "2026-11-18 14:00"),
        ("working_day", "next_day", "2026-11-19 15:00", "2026-11-18 09:00", "2026-11-18 17:00", "2026-11-19 15:00"),
        ("calendar_day", "next_day", "2026-11-19 23:59", "2026-11-18 09:00", "2026-11-20 10:00", "2026-11-21 23:59"),
        ("calendar_day", "rolling", "2026-11-19 23:59", "2026-11-18 09:00", "2026-11-20 10:00", "2026-11-22 00:59"),
        ("urgent_hour", "rolling", "2026-11-18 12:00", "2026-11-18 11:00", "2026-11-21 10:00", "2026-11-21 11:00"),
        ("urgent_hour", "rolling", "2026-11-18 12:00", "2026-11-18 12:00", "2026-11-21 10:00", "2026-11-18 12:00"),
    ],
)
def test_stopped_clocks_by_hand(unit: Unit, convention: Convention, due: str, stop: str, go: str, new: str) -> None:
    found = resumed(local(due), local(stop), local(go), Limit(3, unit), CHINA, convention)
    assert shown(found.at) == new


def test_a_clock_does_not_go_on_before_it_stopped() -> None:
    with pytest.raises(Refused, match="resumed_before_stopped"):
        resumed(
            local("2026-11-20 12:00"),
            local("2026-11-19 12:00"),
            local("2026-11-19 11:00"),
            Limit(1, "urgent_hour"),
            CHINA,
        )


def test_an_extension_is_one_limit_more() -> None:
    for unit in UNITS:
        for convention in CONVENTIONS:
            one, two = Limit(5, unit), Limit(10, unit)
            once = due_at(local("2026-11-20 16:20"), one, CHINA, convention).at
            assert extend(once, one, CHINA, convention) == due_at(local("2026-11-20 16:20"), two, CHINA, convention)


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda: Limit(0, "working_day"), "limit_amount_wrong"),
        (lambda: Limit(-1, "working_day"), "limit_amount_wrong"),
        (lambda: Limit("NaN", "working_day"), "limit_amount_wrong"),
        (lambda: Limit("inf", "working_day"), "limit_amount_wrong"),
        (lambda: Limit("七", "working_day"), "limit_amount_wrong"),
        (lambda: Limit(True, "working_day"), "limit_amount_wrong"),
        (lambda: Limit(1, "fortnight"), "limit_unit_unknown"),
        (lambda: Limit(3661, "calendar_day"), "limit_too_long"),
        (lambda: Limit(3660 * 24 + 1, "urgent_hour"), "limit_too_long"),
        (lambda: due_at(local("2026-11-20 10:00"), Limit(3660, "working_day"), CHINA), "limit_too_long"),
        (lambda: due_at(local("2026-11-20 10:00"), Limit(3660, "working_day"), CHINA, "next_day"), "limit_too_long"),
        (lambda: due_at(datetime(2026, 11, 20), Limit(1, "urgent_hour"), CHINA), "time_without_zone"),  # noqa: DTZ001
        (lambda: is_overdue(local("2026-11-20 10:00"), datetime(2026, 11, 20)), "time_without_zone"),  # noqa: DTZ001
        (lambda: Limit.from_json(None), "limit_unreadable"),
        (lambda: Limit.from_json({"amount": 4}), "limit_unreadable"),
        (lambda: Limit.from_json({"amount": None, "unit": "working_day"}), "limit_amount_wrong"),
        (lambda: StageLimits.from_json({"nap": None}), "stage_unknown"),
    ],
)
def test_absurd_limits_are_refused_by_name(act: Callable[[], object], code: str) -> None:
    with pytest.raises(Refused) as refused:
        act()
    assert refused.value.code == code


@given(amount=st.decimals("0.01", "3660", places=2), unit=st.sampled_from(UNITS), name=st.none() | st.text(max_size=8))
def test_limits_are_stored_and_read_again(amount: Decimal, unit: Unit, name: str | None) -> None:
    limit = Limit(amount, unit, name)
    assert Limit.from_json(limit.to_json()) == limit
    stages = StageLimits(dispose=limit, check=limit)
    assert StageLimits.from_json(stages.to_json()) == stages


def test_stages_have_limits_of_their_own() -> None:
    limits = StageLimits(accept=Limit(1, "working_hour"), dispose=Limit(2, "working_day"))
    entered = local("2026-11-20 17:30")
    assert [
        stage_due(stage, entered, limits, CHINA) and shown(stage_due(stage, entered, limits, CHINA).at)
        for stage in deadlines.STAGES
    ] == [  # type: ignore[union-attr]
        None,
        "2026-11-23 08:30",
        None,
        "2026-11-24 17:30",
        None,
    ]


def test_overdue_is_judged_where_disposal_ended_and_today_is_the_zones() -> None:
    due = local("2026-11-20 00:30")
    assert not is_overdue(due, due)
    assert is_overdue(due + timedelta(microseconds=1), due)
    assert state_of(due, local("2026-11-19 23:00"), CHINA) == "in_time"  # in UTC it is the same day
    assert state_of(due, local("2026-11-20 00:00"), CHINA) == "due_today"
    assert state_of(due, local("2026-11-20 00:31"), CHINA) == "overdue"
    assert state_of(due, local("2026-11-20 00:31"), CHINA, waiting=True) == "waiting"
    assert state_of(due, local("2026-11-20 00:31"), CHINA, suspended=True, waiting=True) == "suspended"
    one = due_at(local("2026-11-20 09:00"), Limit(1, "calendar_day"), CHINA, "next_day").at
    assert state_of(one, local("2026-11-21 12:00"), CHINA) == "due_today"


def test_times_of_one_zone_are_compared_as_instants() -> None:
    york = Calendar("America/New_York")
    due = datetime(2026, 11, 1, 1, 45, tzinfo=york.tz)
    ended = datetime(2026, 11, 1, 1, 15, tzinfo=york.tz, fold=1)  # half an hour later, though the wall says earlier
    assert is_overdue(ended, due)


def test_a_report_goes_up_step_by_step_and_passes_over_empty_levels() -> None:
    level, seen = None, []
    while (found := above(level, {"grid", "subdistrict", "city"})) is not None:
        seen.append(found)
        level = found.level
    assert seen == [Above("subdistrict", ("community",)), Above("city", ("district",))]
    assert above("community", LADDER) == Above("subdistrict")
    assert above("grid", {"grid"}) is None
    assert above("district", {"grid", "community"}) is None, "where its chain has become shorter"


def test_the_present_step_has_one_limit() -> None:
    due, soon = local("2026-11-20 16:00"), local("2026-11-19 16:00")
    for state in ("filed", "dispatched", "reported", "verified"):
        assert until(state, "accept", due, soon) == until(state, "accept", soon, due) == soon
        assert until(state, "accept", due, None) == until(state, None, None, due) == due
        assert until(state, "dispose", due, soon) == due
        assert until(state, None, None, None) is None
    for state in ("disposed", "checked"):
        assert until(state, "check", soon, due) == due
        assert until(state, None, soon, None) is None, "late or not, that is decided"
    assert until("closed", None, due, soon) is until("void", "dispatch", due, soon) is None


def test_long_limits_are_quick() -> None:
    # 250 working days walk a year; a page of a thousand such cases must not notice. Counted, not timed.
    asked = 0

    class Counting(Calendar):
        def works(self, day: date) -> bool:
            nonlocal asked
            asked += 1
            return super().works(day)

    due_at(local("2026-01-05 08:00"), Limit(250, "working_day"), Counting("Asia/Shanghai", EXCEPTIONS, YEARS))
    assert asked < 400
