"""Shares against a target: every share has its line, the target is a border, the two sides stay apart for all eyes."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from maps import legend, palette, targets
from maps.classify import class_of


@pytest.mark.parametrize("vision", get_args(palette.Vision))
def test_the_colours_stay_apart(vision: palette.Vision) -> None:
    together = (*targets.BELOW, *targets.REACHED, palette.ZERO, palette.NO_DATA)
    assert palette.smallest_difference(together, vision) >= 10


@pytest.mark.parametrize("percent", range(1, 101))
def test_the_target_is_a_border_and_each_class_has_a_colour(percent: int) -> None:
    target = percent / 100
    classes, shades = targets.limits(target), targets.colors(target)
    assert len(classes.lows) == len(shades) == len(set(shades))
    below, met = class_of(target - 0.001, classes), class_of(target, classes)
    assert below is not None
    assert met is not None
    assert below + 1 == met or percent == 1
    assert shades[met - 1] in targets.REACHED
    if percent > 1:
        assert shades[below - 1] == targets.BELOW[-1]
    assert shades[-1] == targets.REACHED[-1]


def test_away_from_the_target_is_darker() -> None:
    short = [palette.lightness(color) for color in targets.BELOW]
    reached = [palette.lightness(color) for color in targets.REACHED]
    assert short == sorted(short)
    assert reached == sorted(reached, reverse=True)


def test_every_row_is_on_one_line_of_the_legend() -> None:
    shares: list[float | None] = [None, 0, *(n / 20 for n in range(21)), 0.949, 0.999]
    rows: list[dict[str, Any]] = [{"share": share} for share in shares]
    made = legend.against(0.95, rows)
    assert (made.method, made.target) == ("target", 0.95)
    assert sum(swatch.n_rows for swatch in made.swatches) == len(rows)
    by_low = {swatch.low: swatch for swatch in made.swatches if swatch.kind == "class"}
    assert by_low[1.0].n_rows == 1  # all of them is a class of its own
    assert by_low[0.95].n_rows == 2  # 0.95 and 0.999
    assert made.swatches[0].n_rows == 2  # the two zeros
    assert made.swatches[-1].n_rows == 1
