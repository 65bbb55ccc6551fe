"""The forecast's band holds the real ends of campaigns played door by door, and it says when it cannot know."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

import pytest

from gridsvc.rules import forecast as module
from gridsvc.rules.forecast import Forecast, forecast
from tests.rules.campaigns_made import daily, play

MONDAY = date(2026, 3, 2)
LATE = date(2026, 12, 31)
POINTS = (0.1, 0.25, 0.5, 0.75, 0.9)  # of a campaign's real duration


def days(*n_new: int, begin: date = MONDAY) -> list[tuple[date, int]]:
    return [(begin + timedelta(days=number), n) for number, n in enumerate(n_new)]


def test_the_band_holds_the_real_end_of_200_campaigns() -> None:
    # The constants of the forecast were chosen on seeds from 1000.
    held: dict[float, list[bool]] = defaultdict(list)
    for seed in range(200):
        played = play(seed)
        for point in POINTS[seed % 2 :: 2]:
            seen = max(1, round(len(played.n_new) * point))
            if seen == len(played.n_new) or not any(played.n_new[:seen]):
                continue
            told = forecast(daily(played, seen), played.n_left[seen - 1], played.day(seen), LATE, seed=seed, n_runs=100)
            held[point].append((told.low_on or date.max) <= played.end_on <= (told.high_on or date.max))
    every = [one for some in held.values() for one in some]
    assert len(every) > 450
    assert 0.72 <= sum(every) / len(every) <= 0.88
    for point, some in held.items():
        assert 0.55 <= sum(some) / len(some) <= 0.96, point


def test_bands_are_of_use() -> None:
    """Narrower as the end comes near, and never the whole calendar."""
    widths: dict[float, list[float]] = defaultdict(list)
    for seed in range(300, 330):
        played = play(seed)
        for point in (0.25, 0.9):
            seen = round(len(played.n_new) * point)
            if any(played.n_new[:seen]) and seen < len(played.n_new):
                told = forecast(
                    daily(played, seen), played.n_left[seen - 1], played.day(seen), LATE, seed=seed, n_runs=100
                )
                high_on = told.high_on or LATE + timedelta(days=module.HORIZON_DAYS)
                widths[point].append((high_on - (told.low_on or high_on)).days / len(played.n_new))
    early, late = (sorted(widths[point])[len(widths[point]) // 2] for point in (0.25, 0.9))
    assert late < 0.8 * early
    assert early < 1.2


def test_an_even_pace_ends_when_it_should() -> None:
    told = forecast(days(*[50] * 14), 500, MONDAY + timedelta(days=14), LATE, seed=3)
    assert told.median_on is not None
    # Ten days at this pace, and some more for the last doors.
    assert MONDAY + timedelta(days=24) <= told.median_on <= MONDAY + timedelta(days=60)
    more = forecast(days(*[50] * 14), 5000, MONDAY + timedelta(days=14), LATE, seed=3)
    assert more.median_on is not None
    assert more.median_on > told.median_on + timedelta(days=60)


def test_free_weekends_count() -> None:
    five, seven = [50] * 5 + [0, 0], [50] * 7
    ends = [
        forecast(days(*week * 3), 1500, MONDAY + timedelta(days=21), LATE, seed=3).median_on for week in (five, seven)
    ]
    assert ends[0] is not None
    assert ends[1] is not None
    assert (ends[0] - ends[1]).days >= 6


def test_the_last_doors_take_longer_once_that_shows() -> None:
    slowing = days(100, 90, 80, 60, 45, 33, 25, 18, 13, 10, 7, 5)
    even = days(*[40] * 12)
    on = MONDAY + timedelta(days=12)
    slow, quick = (forecast(past, 40, on, LATE, seed=5) for past in (slowing, even))
    assert slow.median_on is not None
    assert quick.median_on is not None
    assert slow.median_on >= quick.median_on + timedelta(days=3)


def test_what_today_has_so_far_is_a_part_of_its_day() -> None:
    past, on = days(*[10] * 10), MONDAY + timedelta(days=10)
    assert forecast([*past, (on, 12)], 1, on, LATE, seed=1).low_on in (on, on + timedelta(days=1))
    assert forecast([(on, 12)], 40, on, LATE, seed=1).reason == "no_day_yet"
    later = [(on + timedelta(days=3), 99)]
    assert forecast(past + later, 40, on, LATE, seed=1) == forecast(past, 40, on, LATE, seed=1)


def test_days_may_be_missing_split_and_in_any_order() -> None:
    on = MONDAY + timedelta(days=8)
    whole = days(12, 0, 9, 14, 0, 0, 11, 8)
    split = [(day, n - 3) for day, n in whole if n][::-1] + [(day, 3) for day, n in whole if n]
    assert forecast(split, 70, on, LATE, seed=2) == forecast(whole, 70, on, LATE, seed=2)
    before = days(0, 0, begin=MONDAY - timedelta(days=9)) + whole
    assert forecast(before, 70, on, LATE, seed=2) == forecast(whole, 70, on, LATE, seed=2)
    assert forecast(whole, 70, on, LATE, seed=2) != forecast(whole, 70, on, LATE, seed=4)


def test_what_cannot_be_said_is_not_said() -> None:
    on = MONDAY + timedelta(days=7)
    nothing = {"median_on": None, "low_on": None, "high_on": None, "n_runs": 0}
    assert forecast([], 9, on, LATE, seed=1) == Forecast(**nothing, reason="no_day_yet")
    assert forecast(days(0, 0, 0), 9, on, LATE, seed=1) == Forecast(**nothing, reason="no_day_yet")
    assert forecast(days(5, 5), 0, on, LATE, seed=1) == Forecast(**nothing, reason="none_left")
    far = forecast(days(1, 0, 0, 1, 0, 0, 0), 50_000, on, on, seed=1)
    assert (far.high_on, far.median_on, far.reason) == (None, None, "beyond_horizon")
    assert far.in_time_share == 0.0


@pytest.mark.parametrize("seed", range(4))
def test_order_and_planned_end(seed: int) -> None:
    past, on = days(*[20, 25, 18, 0, 22] * 2), MONDAY + timedelta(days=10)
    told = forecast(past, 150, on, on + timedelta(days=20), seed=seed)
    assert told.low_on is not None
    assert told.median_on is not None
    assert told.high_on is not None
    assert on <= told.low_on <= told.median_on <= told.high_on
    assert told.n_runs == module.RUNS
    shares = [forecast(past, 150, on, last, seed=seed).in_time_share for last in (on, told.low_on, told.high_on, LATE)]
    assert shares == sorted(shares, key=lambda share: share or 0.0)
    assert shares[0] is not None
    assert shares[0] < 0.1 <= (shares[1] or 0.0)
    assert (shares[2] or 0.0) >= 0.9
