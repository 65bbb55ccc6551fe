"""Classes of a choropleth: which limits, and which class a value falls into. No colours, no words.

Zero is a class of its own: "nothing happened here" is another statement than "little". Every class holds its
lower limit and not its upper one, the last one holds both. The same rule is in `static/legend.js`, which is
given these limits and draws by them.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

N_CLASSES = 5
ZERO_CLASS = 0
# leading figures of numbers that people can say and remember
ROUND = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)


@dataclass(frozen=True)
class Classes:
    """Limits of the classes above zero: class i (from 1) holds lows[i-1] <= value < lows[i]; the last is open above.

    `top` is the largest value seen (rounded up as the limits are), or the natural end of the scale.
    """

    method: Literal["quantile", "fixed", "none"]
    lows: tuple[float, ...]
    top: float | None


def quantile(values: Iterable[float | None], *, n_classes: int = N_CLASSES, digits: int = 0) -> Classes:
    """Limits that put about as many values into each class; fewer classes where ties leave no room for more.

    None counts as missing and is left out, zeros too. Limits are rounded down to `digits` decimals (0: whole
    numbers, for counts), so that the legend prints the very limits that were drawn. Equal values always share a
    class. Nothing above zero gives no class and method "none".

    >>> quantile([1, 1, 1, 1, 2, 9], n_classes=3)
    Classes(method='quantile', lows=(1, 2), top=9)
    >>> quantile([None, 0, 0])
    Classes(method='none', lows=(), top=None)
    """
    above = sorted(value for value in _checked(values) if value > 0)
    if not above:
        return Classes("none", (), None)
    lows = sorted({_cut(above[len(above) * part // n_classes], digits, math.floor) for part in range(n_classes)})
    return Classes("quantile", tuple(_without_empty(lows, above)), _cut(above[-1], digits, math.ceil))


def fixed(limits: Sequence[float], top: float | None) -> Classes:
    """Set limits, the same for every period, so that months compare; they must rise strictly from 0 or more.

    Args:
        top: the natural end of the scale; None where it has none (the last class is open above).

    >>> fixed([0, 0.5, 0.9], top=1)
    Classes(method='fixed', lows=(0, 0.5, 0.9), top=1)
    """
    if not limits or limits[0] < 0 or not all(low < high for low, high in pairwise([*limits, top or math.inf])):
        raise ValueError(f"limits do not rise from 0: {limits} up to {top}")
    return Classes("fixed", tuple(limits), top)


def rounded(classes: Classes) -> tuple[float, ...]:
    """Limits near those of `classes` that are round numbers, from 0: to be set and kept over several periods.

    >>> rounded(quantile([12, 47, 103, 260, 1200]))
    (0, 50, 100, 300, 1000)
    >>> rounded(quantile([]))
    ()
    """
    inner = {_round(low) for low in classes.lows[1:]}
    return (0, *sorted(inner)) if classes.lows else ()


def class_of(value: float | None, classes: Classes) -> int | None:
    """0 for zero, 1… for the classes above it, None for a missing value.

    A value under the first limit goes into the first class: its limit was rounded, or the value was left out
    when the limits were made.

    >>> limits = fixed([0, 0.5, 0.9], top=1)
    >>> [class_of(share, limits) for share in (0, 0.1, 0.5, 0.9, 1, None)]
    [0, 1, 2, 3, 3, None]
    """
    if value is None:
        return None
    if value == 0 or not classes.lows:
        return ZERO_CLASS
    return max(1, bisect_right(classes.lows, value))


def _checked(values: Iterable[float | None]) -> list[float]:
    present = [value for value in values if value is not None]
    wrong = [value for value in present if not math.isfinite(value) or value < 0]
    if wrong:
        raise ValueError(f"not a count, rate or share: {wrong[0]!r}")
    return present


def _without_empty(lows: list[float], above: list[float]) -> list[float]:
    # rounding down may have moved a limit below the next smaller value: two limits then hold the same values
    kept: list[float] = []
    for low, high in zip(lows, [*lows[1:], math.inf], strict=True):
        # the first class takes what lies under its limit too: see class_of
        if any((low <= value or not kept) and value < high for value in above):
            kept.append(low)
    return kept


def _round(value: float) -> float:
    scale = math.floor(math.log10(value))
    lead = min(ROUND, key=lambda one: abs(one - value / 10.0**scale))
    near = round(lead * 10.0**scale, max(0, 1 - scale))
    # counts stay whole: 15, but not 1.5
    return round(near) if near == round(near) or isinstance(value, int) else near


def _cut(value: float, digits: int, turn: Callable[[float], int]) -> float:
    # the inner rounding takes back what the product added: 0.29 * 100 is 28.999999999999996
    cut = turn(round(value * 10**digits, 6))
    return cut if digits == 0 else round(cut / 10**digits, digits)
