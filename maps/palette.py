"""Colours that stay apart for colour-blind eyes and in grey print.

Ramps run from light to dark (falling L*). Any two colours that can stand on one map, zero and no-data included,
keep a CIE 1976 distance of at least 10 for normal, deutan, protan and tritan sight
(`smallest_difference`; simulation: Machado, Oliveira, Fernandes 2009, severity 1.0).
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import Literal

Vision = Literal["normal", "deutan", "protan", "tritan"]
RampName = Literal["problems", "coverage"]
Rgb = tuple[float, float, float]

ZERO = "#ffffff"
NO_DATA = "#bdbdbd"

# `problems` follows ColorBrewer's YlOrRd, `coverage` its Blues; both start darker than theirs, so that the
# lightest class keeps its distance from the white of zero (YlOrRd's own #ffffb2 comes to 6.9 for tritan eyes).
RAMPS: dict[RampName, tuple[str, ...]] = {
    "problems": ("#fee391", "#fdae49", "#f1702e", "#cc2a1e", "#80062a"),
    "coverage": ("#d6e6f4", "#a6cbe6", "#6ca6d6", "#2f7dbd", "#084a91"),
}

# classes of a test for hot and cold spots: red above, blue below, white where nothing stands out from chance. Two sides
# of one middle are equally dark in grey print; there the words of the table tell them apart.
SIGNIFICANCE: dict[str, str] = {
    "hot99": "#8c1021",
    "hot95": "#dd5f4b",
    "hot90": "#f9bf96",
    "none": "#ffffff",
    "cold90": "#94c9ee",
    "cold95": "#4a8fc9",
    "cold99": "#123f7d",
}

# which of the five serve when ties leave fewer classes: spread over the ramp, the darkest kept for the top
SPREAD: dict[int, tuple[int, ...]] = {0: (), 1: (2,), 2: (1, 3), 3: (0, 2, 4), 4: (0, 1, 3, 4), 5: (0, 1, 2, 3, 4)}

SIMULATION: dict[Vision, tuple[Rgb, Rgb, Rgb]] = {
    "normal": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
# IEC 61966-2-1 (sRGB) to CIE XYZ, white point D65
XYZ: tuple[Rgb, Rgb, Rgb] = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
WHITE: Rgb = (0.95047, 1.0, 1.08883)


def colors(ramp: RampName, n_classes: int) -> tuple[str, ...]:
    """The colours of so many classes, light to dark; none for 0, at most 5.

    >>> colors("problems", 2)
    ('#fdae49', '#cc2a1e')
    >>> colors("coverage", 0)
    ()
    """
    return tuple(RAMPS[ramp][place] for place in SPREAD[n_classes])


def smallest_difference(palette: tuple[str, ...], vision: Vision) -> float:
    """The least CIE 1976 colour difference between any two colours as these eyes see them."""
    seen = [_lab(_times(SIMULATION[vision], _linear(color))) for color in palette]
    return min(math.dist(one, two) for one, two in combinations(seen, 2))


def lightness(color: str) -> float:
    """L* of a `#rrggbb` colour, 0 black to 100 white.

    >>> round(lightness("#ffffff"), 3), round(lightness("#000000"), 3)
    (100.0, 0.0)
    """
    return _lab(_linear(color))[0]


def _linear(color: str) -> Rgb:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return red, green, blue


def _times(matrix: tuple[Rgb, Rgb, Rgb], vector: Rgb) -> Rgb:
    one, two, three = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return one, two, three


def _lab(rgb: Rgb) -> Rgb:
    # a simulation may leave the gamut: a screen would clip it
    clipped = (min(max(rgb[0], 0.0), 1.0), min(max(rgb[1], 0.0), 1.0), min(max(rgb[2], 0.0), 1.0))
    ratios = (part / white for part, white in zip(_times(XYZ, clipped), WHITE, strict=True))
    x, y, z = (ratio ** (1 / 3) if ratio > 216 / 24389 else (24389 / 27 * ratio + 16) / 116 for ratio in ratios)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)
