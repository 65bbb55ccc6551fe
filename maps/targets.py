"""Classes of a share against a target: short of it by much, by some, by little; reached; everything.

Orange is short of the target and purple has reached it (ColorBrewer's PuOr); the nearer to the target, the lighter.
"""

from __future__ import annotations

from maps.classify import Classes

SHORT_BY = (0.3, 0.1)  # shares under the target at which a class ends; the first class begins at 0
BELOW = ("#b35806", "#f1a340", "#fee0b6")
REACHED = ("#998ec3", "#542788")  # the target, and all


def limits(target: float) -> Classes:
    """The classes of shares against a target (0 to 1, whole per cents); each class has its lower limit in.

    >>> limits(0.95).lows, limits(0.05).lows, limits(1.0).lows
    ((0.0, 0.65, 0.85, 0.95, 1.0), (0.0, 0.05, 1.0), (0.0, 0.7, 0.9, 1.0))
    """
    lows = {0.0, target, 1.0, *(round(target - short, 2) for short in SHORT_BY if target > short)}
    return Classes("fixed", tuple(sorted(lows)), 1.0)


def colors(target: float) -> tuple[str, ...]:
    """The colours of those classes, in their order.

    >>> colors(0.95) == (*BELOW, *REACHED), colors(0.05), colors(1.0)[-1]
    (True, ('#fee0b6', '#998ec3', '#542788'), '#542788')
    """
    lows = limits(target).lows
    n_below = sum(low < target for low in lows)
    n_reached = len(lows) - n_below
    return (*BELOW[len(BELOW) - n_below :], *REACHED[len(REACHED) - n_reached :])
