"""Colours that colour-blind eyes and a grey print keep apart."""

from __future__ import annotations

from typing import get_args

import pytest

from maps import palette


@pytest.mark.parametrize("vision", get_args(palette.Vision))
@pytest.mark.parametrize("ramp", palette.RAMPS)
def test_every_two_colours_of_a_map_stay_apart(ramp: palette.RampName, vision: palette.Vision) -> None:
    together = (*palette.RAMPS[ramp], palette.ZERO, palette.NO_DATA)
    assert palette.smallest_difference(together, vision) >= 10


@pytest.mark.parametrize("vision", get_args(palette.Vision))
def test_hot_cold_and_neither_stay_apart(vision: palette.Vision) -> None:
    together = (*palette.SIGNIFICANCE.values(), palette.NO_DATA)
    assert palette.smallest_difference(together, vision) >= 20


def test_the_surer_the_darker_on_both_sides() -> None:
    shades = [palette.lightness(color) for color in palette.SIGNIFICANCE.values()]
    assert shades[:4] == sorted(shades[:4])
    assert shades[3:] == sorted(shades[3:], reverse=True)


@pytest.mark.parametrize("n_classes", palette.SPREAD)
@pytest.mark.parametrize("ramp", palette.RAMPS)
def test_more_is_darker(ramp: palette.RampName, n_classes: int) -> None:
    shades = [palette.lightness(color) for color in (palette.ZERO, *palette.colors(ramp, n_classes))]
    assert shades == sorted(shades, reverse=True)
    assert len(set(shades)) == n_classes + 1


def test_the_measure_sees_what_is_wrong_with_traffic_lights() -> None:
    lights = ("#d7191c", "#ffffbf", "#1a9641")
    assert palette.smallest_difference(lights, "normal") > 60
    assert palette.smallest_difference(lights, "deutan") < 30
    red_yellow_green = ("#d7191c", "#fdae61", "#ffffbf", "#a6d96a", "#1a9641")
    assert palette.smallest_difference(red_yellow_green, "deutan") < 10


def test_known_differences() -> None:
    # ColorBrewer YlOrRd-5: 24 for normal eyes, 13 deutan, 19 protan, 16 tritan
    brewer = ("#ffffb2", "#fecc5c", "#fd8d3c", "#f03b20", "#bd0026")
    found = [round(palette.smallest_difference(brewer, vision)) for vision in get_args(palette.Vision)]
    assert found == [24, 13, 19, 16]
    assert palette.smallest_difference((*brewer, palette.ZERO), "tritan") < 10
