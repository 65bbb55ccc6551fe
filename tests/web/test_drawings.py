"""The numbers of the drawings: the curve of a campaign, the sketch of a way."""

from __future__ import annotations

import math
from datetime import date, timedelta

from gridsvc.mop_up import Stop, Walk
from gridsvc.web.pages import curve, sketch

BEGIN, END = date(2026, 10, 8), date(2026, 12, 22)
TODAY = date(2026, 11, 22)
DAILY = [(BEGIN + timedelta(days=n), 10) for n in range(46)]


def points(line: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in line.split())]


def drawn(band: tuple[date, date, date] | None, today: date = TODAY) -> curve.Curve:
    return curve.drawn(DAILY, 1000, BEGIN, END, today, band)


def test_the_curve_climbs_to_what_was_reached() -> None:
    one = drawn(None)
    line = points(one.reached)
    assert line == sorted(line, key=lambda at: (at[0], -at[1]))
    (top,) = [tick.at for tick in one.doors if tick.text == "500"]
    assert top < line[-1][1] < curve.HEIGHT - curve.BOTTOM  # 460 of 1000
    assert one.last == line[-1]
    assert one.today == line[-1][0]
    assert points(one.planned)[-1] == (curve.WIDTH - curve.RIGHT, one.target)


def test_an_end_within_reach_is_drawn_whole() -> None:
    one = drawn((date(2026, 12, 1), date(2026, 12, 20), date(2027, 1, 20)))
    assert one.band is not None
    assert one.expected is not None
    assert one.band[0] < one.expected < one.band[1] == curve.WIDTH - curve.RIGHT
    assert [tick.text for tick in one.days if len(tick.text) > 5] == ["2027-01-06"]


def test_an_end_far_away_does_not_press_the_days_together() -> None:
    near, far = drawn(None), drawn((date(2027, 2, 1), date(2029, 1, 1), date(2031, 1, 1)))
    assert far.band is not None
    assert far.expected is None
    assert far.band[1] == curve.WIDTH - curve.RIGHT
    assert near.today is not None
    assert far.today is not None
    assert (near.today - curve.LEFT) / 2 <= far.today - curve.LEFT + 5
    beyond = drawn((date(2029, 1, 1), date(2030, 1, 1), date(2031, 1, 1)))
    assert beyond.band is None
    assert beyond.days == near.days


def test_a_campaign_without_visits_has_a_curve_too() -> None:
    one = curve.drawn([], 0, BEGIN, BEGIN, BEGIN)
    assert one.last is None
    assert len(one.days) == 1


def walk(*at: tuple[float, float]) -> Walk:
    stops = tuple(Stop(n, "小区", "1", lon, lat, ()) for n, (lon, lat) in enumerate(at, 1))
    return Walk(stops, len(at), 0, 100.0, False)


def test_the_numbers_of_a_sketch_do_not_cover_each_other() -> None:
    one = sketch.drawn(walk(*((110 + n * 0.00005, 23.0) for n in range(150))))
    assert one is not None
    named = [spot for spot in one.spots if spot.named]
    assert {1, 150} <= {spot.number for spot in named}
    assert 10 < len(named) < 150
    pairs = [(a, b) for a in named for b in named if a is not b]
    assert min(math.dist((a.x, a.y), (b.x, b.y)) for a, b in pairs) >= sketch.APART


def test_north_is_up_and_nothing_leaves_the_picture() -> None:
    one = sketch.drawn(walk((110.0, 23.0), (110.002, 23.001)))
    assert one is not None
    south, north = one.spots
    assert north.y < south.y
    assert north.x > south.x
    assert all(0 <= spot.x <= one.width and 0 <= spot.y <= one.height for spot in one.spots)
    assert sketch.drawn(walk()) is None
