"""Every published rate: what is counted, what it is divided by, None over zero."""

from __future__ import annotations

PER_HOUSEHOLDS = 1000


def share(n: int, of: int | None) -> float | None:
    """`n / of`, between 0 and 1; None where the denominator is unknown or zero, never 0 % or 100 %.

    >>> share(3, 4), share(0, 0), share(0, None)
    (0.75, None, None)
    """
    return n / of if of else None


def per_thousand(n: int, of: int | None) -> float | None:
    """Reports per 1,000 households; None where the number of households is unknown or zero.

    >>> per_thousand(3, 600), per_thousand(3, 0)
    (5.0, None)
    """
    return PER_HOUSEHOLDS * n / of if of else None
