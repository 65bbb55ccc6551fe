"""A curve of progress as the numbers of an SVG: doors reached by day, what was planned, and where it may end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

WIDTH, HEIGHT = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 52, 16, 14, 30
MOST_TICKS = 6


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where it is (in the picture's units) and what it says."""

    at: float
    text: str


@dataclass(frozen=True)
class Curve:
    """What the picture draws, in units of its view box: lines as `points` of a polyline, the band as a rectangle.

    `reached` ends at the last day that is known; `planned` goes from the first day to the last, straight; `band` is
    the span of days (left, right) in which the end is expected, as far as the picture goes, `expected` its middle; None
    where nothing can be said or it lies beyond.
    """

    reached: str
    planned: str
    last: tuple[float, float] | None
    today: float | None
    band: tuple[float, float] | None
    expected: float | None
    target: float
    days: tuple[Tick, ...]
    doors: tuple[Tick, ...]


def drawn(
    daily: Sequence[tuple[date, int]],
    n_target: int,
    begin: date,
    end: date,
    today: date,
    band: tuple[date, date, date] | None = None,
) -> Curve:
    """The curve of a campaign of `n_target` doors from `begin` to `end`.

    Args:
        daily: doors reached first on each day, days in order; days without one may be missing.
        band: first, middle and last day of the expected end.
    """
    first_day = min([begin, *(day for day, _ in daily)])
    last_day = max([end, *(day for day, _ in daily)])
    if band is not None:  # an end far away is told in words: drawn whole, it would press the days so far together
        farthest = max(last_day, end + (end - begin))
        band = None if band[0] > farthest else band
        last_day = max(last_day, min(band[2], farthest)) if band else last_day
    n_days = max(1, (last_day - first_day).days + 1)
    most = max(1, n_target, sum(n for _, n in daily))

    def x(day: date, share: float = 1.0) -> float:
        at: float = LEFT + (WIDTH - LEFT - RIGHT) * ((day - first_day).days + share) / n_days
        return round(at, 1)

    def y(n: int) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * n / most, 1)

    reached, so_far = [(x(begin, 0.0), y(0))], 0
    for day, n in daily:
        if x(day, 0.0) > reached[-1][0]:
            reached.append((x(day, 0.0), y(so_far)))
        so_far += n
        reached.append((x(day), y(so_far)))
    known = min(today, last_day)
    if daily and x(known) > reached[-1][0]:
        reached.append((x(known), y(so_far)))
    return Curve(
        reached=_points(reached),
        planned=_points([(x(begin, 0.0), y(0)), (x(end), y(n_target))]),
        last=reached[-1] if daily else None,
        today=x(today) if first_day <= today <= last_day else None,
        band=None if band is None else (x(band[0], 0.0), x(min(band[2], last_day))),
        expected=None if band is None or band[1] > last_day else x(band[1]),
        target=y(n_target),
        days=tuple(Tick(x(day, 0.5), day.isoformat()[cut:]) for day, cut in _days(first_day, last_day)),
        doors=tuple(Tick(y(n), f"{n:,}") for n in _rounds(most)),
    )


def _points(pairs: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in pairs)


def _days(first: date, last: date) -> list[tuple[date, int]]:
    """At most `MOST_TICKS` days, evenly apart, from the first; how much to cut: a day of another year says its year."""
    step = max(1, math.ceil(((last - first).days + 1) / MOST_TICKS))
    days = [first + timedelta(days=n) for n in range(0, (last - first).days + 1, step)]
    return [(day, 5 if day.year == before.year else 0) for before, day in zip([first, *days], days, strict=False)]


def _rounds(most: int) -> list[int]:
    """Round numbers from 0 to `most`, four or five of them.

    >>> _rounds(8361), _rounds(3)
    ([0, 2500, 5000, 7500], [0, 1, 2, 3])
    """
    rough = most / 4
    unit = 10 ** math.floor(math.log10(rough)) if rough >= 1 else 1
    step = max(1, next((int(unit * m) for m in (1, 2, 5, 10) if unit * m >= rough), int(unit * 10)))
    if most // step < 3 and step > 1:
        step = max(1, step // 2)
    return list(range(0, most + 1, step))
