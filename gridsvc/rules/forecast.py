"""When a campaign of visits will have reached its last door, with the spread of what may come.

A day's doors are bounded by two things: by the hands at work (a pace, in doors a day) and by who is at home (a chance
that a door which is left is reached on a day). Together: 1 / (1 / pace + 1 / (chance * doors left)): an even pace while
there are many doors, then the long end of the absent ones. The days to come are played many times. Each run draws a
chance, likelier where it explains the days so far; takes each day's pace from a day gone by of the same kind (workday
or weekend), recent ones more often; and lets the whole pace drift, as staff changes, tires and has other work to do.

The spread of chances and the drift are set so that the band of 80 % holds about 80 % of the ends of made-up campaigns
(`tests/rules/campaigns_made.py`), among them campaigns with fatigue, sick leave, rain, refusals and changes of staff.
"""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from random import Random
from typing import Literal

HORIZON_DAYS = 400  # later than this after the planned end (or after today) nothing is said
RUNS = 400
_LOW, _HIGH = 0.1, 0.9

# The chance of a door that is left: log-normal before anything is known, and changing once more in the days to come.
_CHANCES = tuple(0.01 * 1.25**step for step in range(21))
_CHANCE_MEDIAN, _CHANCE_SPREAD, _CHANCE_CHANGE = 0.22, 0.7, 0.35
_TRUST = 0.4  # how much the days so far say against that: they follow each other, so each says less than a day
_HALF_LIFE_DAYS = 14.0  # a day so long ago counts, and is drawn, half as often as yesterday
_LEAST_WEIGHT = 0.02  # so that a long silence does not forget that there were busy days
_DRIFT = 0.06  # standard deviation of the logarithm of the pace, by the square root of weeks
_DOUBT = 0.4  # the same of the pace known from one day only; less by the square root of the days
_WEEKENDS_UNSEEN = (0.0, 0.5, 1.0)  # part of a workday's pace, where there was no weekend yet

Reason = Literal["none_left", "no_day_yet", "beyond_horizon"]


@dataclass(frozen=True)
class Forecast:
    """The day the last door is reached: middle, and the band that holds it with 80 %; None, and why, where not known.

    `in_time_share`: in what share of the runs it is not after the planned end.
    """

    median_on: date | None
    low_on: date | None
    high_on: date | None
    n_runs: int
    in_time_share: float | None = None
    reason: Reason | None = None


@dataclass(frozen=True)
class _Past:
    """The days before today: how long ago, weekend or not, doors reached, doors left in the morning."""

    ago_days: tuple[int, ...]
    weekend: tuple[bool, ...]
    n_new: tuple[int, ...]
    n_left: tuple[int, ...]


def forecast(
    daily: Sequence[tuple[date, int]], n_left: int, on: date, last: date, *, seed: int, n_runs: int = RUNS
) -> Forecast:
    """The end of a campaign as seen on a day, from the doors newly reached on each day so far.

    Args:
        daily: day and doors reached for the first time, in any order; days that are missing since the first one count
            as days without any, days after `on` for nothing. What `on` has so far is a part of its day.
        n_left: doors of the list that are not reached now.
        on: today.
        last: the planned end.
        seed: of the dice; the same seed gives the same forecast.
        n_runs: how often the days to come are played.

    >>> forecast([], 5, date(2026, 3, 2), date(2026, 3, 31), seed=1).reason
    'no_day_yet'
    >>> days = [(date(2026, 3, day), 20) for day in range(2, 9)]
    >>> told = forecast(days, 60, date(2026, 3, 9), date(2026, 3, 31), seed=1)
    >>> told.low_on <= told.median_on <= told.high_on
    True
    """
    counts: dict[date, int] = {}
    for day, n in daily:
        counts[day] = counts.get(day, 0) + n
    first = min((day for day, n in counts.items() if n > 0 and day < on), default=None)
    if n_left <= 0:
        return Forecast(None, None, None, 0, reason="none_left")
    if first is None:
        return Forecast(None, None, None, 0, reason="no_day_yet")
    done_today = counts.get(on, 0)
    past = _past(counts, first, on, n_left + done_today)
    horizon_days = (max(on, last) - on).days + HORIZON_DAYS
    rng = Random(seed)  # noqa: S311 - dice of a simulation
    paces = [_paces(past, chance) for chance in _CHANCES]
    chosen = rng.choices(range(len(_CHANCES)), _weights(past, paces), k=n_runs)
    ends = sorted(_run(rng, past, _CHANCES[i], paces[i], (n_left, done_today), on, horizon_days) for i in chosen)
    days = [_day(on, ends[min(int(share * n_runs), n_runs - 1)], horizon_days) for share in (_LOW, 0.5, _HIGH)]
    in_time = sum(end <= (last - on).days for end in ends) / n_runs
    return Forecast(days[1], days[0], days[2], n_runs, in_time, None if days[2] else "beyond_horizon")


def _past(counts: dict[date, int], first: date, on: date, n_left: int) -> _Past:
    days = [first + timedelta(days=number) for number in range((on - first).days)]
    n_new = [counts.get(day, 0) for day in days]
    after = [*accumulate(reversed(n_new))][::-1]
    return _Past(
        tuple((on - day).days for day in days),
        tuple(day.weekday() >= 5 for day in days),
        tuple(n_new),
        tuple(n_left + later for later in after),
    )


def _reached(pace: float, chance: float, n_left: float) -> float:
    """Doors expected of a day."""
    return 1.0 / (1.0 / pace + 1.0 / (chance * n_left)) if pace > 0.0 and n_left > 0 else 0.0


def _paces(past: _Past, chance: float) -> list[float]:
    """The pace that each day shows if doors are reached with this chance; ten times what was reached at most."""
    return [
        1.0 / max(1.0 / n_new - 1.0 / (chance * n_left), 0.1 / n_new) if n_new else 0.0
        for n_new, n_left in zip(past.n_new, past.n_left, strict=True)
    ]


def _weights(past: _Past, paces: Sequence[Sequence[float]]) -> list[float]:
    """How likely each chance is: the prior, times how evenly it lets people have worked, above all of late."""
    recent = [0.5 ** (ago / _HALF_LIFE_DAYS) for ago in past.ago_days]
    logs = []
    for chance, shown in zip(_CHANCES, paces, strict=True):
        prior = -0.5 * (math.log(chance / _CHANCE_MEDIAN) / _CHANCE_SPREAD) ** 2
        misses = 1.0
        for weekend in (False, True):
            alike = [index for index, one in enumerate(past.weekend) if one == weekend]
            whole = sum(recent[index] for index in alike)
            mean = sum(recent[index] * shown[index] for index in alike) / whole if alike else 0.0
            misses += sum(recent[i] * (past.n_new[i] - _reached(mean, chance, past.n_left[i])) ** 2 for i in alike)
        logs.append(prior - 0.5 * _TRUST * sum(recent) * math.log(misses))
    most = max(logs)
    return [math.exp(one - most) for one in logs]


def _run(
    rng: Random,
    past: _Past,
    chance: float,
    paces: Sequence[float],
    now: tuple[int, int],
    on: date,
    horizon_days: int,
) -> int:
    """In how many days the last door is reached if things go on like this once; the horizon and one more if later."""
    alike = [_alike(past, paces, weekend, chance) for weekend in (False, True)]
    unseen = rng.choice(_WEEKENDS_UNSEEN)
    chance *= math.exp(rng.gauss(0.0, _CHANCE_CHANGE))
    level = rng.gauss(0.0, _DOUBT / math.sqrt(len(paces)))
    n_left, done_today = now[0] + now[1], now[1]
    for ahead in range(horizon_days + 1):
        weekend = (on.weekday() + ahead) % 7 >= 5
        drawn, sums = alike[weekend] if alike[weekend][0] else alike[not weekend]
        pace = drawn[min(bisect(sums, rng.random() * sums[-1]), len(drawn) - 1)] * math.exp(level)
        if weekend and not alike[True][0]:
            pace *= unseen
        n_new = _poisson(rng, _reached(pace, chance, n_left))
        n_left -= min(n_left, max(n_new, done_today if ahead == 0 else 0))
        if n_left == 0:
            return ahead
        level += rng.gauss(0.0, _DRIFT / math.sqrt(7.0))
    return horizon_days + 1


def _alike(past: _Past, paces: Sequence[float], weekend: bool, chance: float) -> tuple[list[float], list[float]]:
    """The paces of the workdays, or of the weekends, and the running sums of their weights.

    A day says little about the hands where hardly anybody could be expected to be at home.
    """
    kept = [index for index, one in enumerate(past.weekend) if one == weekend]
    at_home = [chance * past.n_left[index] for index in kept]
    recent = [max(0.5 ** (past.ago_days[index] / _HALF_LIFE_DAYS), _LEAST_WEIGHT) for index in kept]
    weights = (weight * n / (1.0 + n) for weight, n in zip(recent, at_home, strict=True))
    return [paces[index] for index in kept], list(accumulate(weights))


def _poisson(rng: Random, mean: float) -> int:
    if mean > 50.0:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, product, n = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        n += 1
    return n


def _day(on: date, ahead: int, horizon_days: int) -> date | None:
    return on + timedelta(days=ahead) if ahead <= horizon_days else None
