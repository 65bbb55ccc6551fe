"""Chance that falls the same way on every machine.

Only `random.Random.random()` is used, seeded by text: of Python's generators these two alone are promised to give the
same numbers in every version (numpy promises nothing for its Generator between versions).
"""

from __future__ import annotations

import math
import uuid
from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import TypeVar

Item = TypeVar("Item")


def stream(seed: int, name: str) -> Random:
    """A stream of numbers of its own for one part of the town, so that a change in one part leaves the others alone."""
    return Random(f"{seed}/{name}")  # noqa: S311 - an invented town, no secret


def below(rng: Random, n: int) -> int:
    """A whole number from 0 to n - 1."""
    return int(rng.random() * n)


def between(rng: Random, low: float, high: float) -> float:
    """A number from low up to high."""
    return low + rng.random() * (high - low)


def happens(rng: Random, share: float) -> bool:
    """True in `share` (0 to 1) of the calls."""
    return rng.random() < share


def pick(rng: Random, items: Sequence[Item]) -> Item:
    """One of the items, each as likely as the others."""
    return items[below(rng, len(items))]


def cumulated(weights: Sequence[float]) -> list[float]:
    """Running sums of weights, as `weighted` wants them."""
    return list(accumulate(weights))


def weighted(rng: Random, items: Sequence[Item], sums: Sequence[float]) -> Item:
    """One of the items, as likely as its weight; `sums` from `cumulated`."""
    return items[min(bisect(sums, rng.random() * sums[-1]), len(items) - 1)]


def shuffled(rng: Random, items: Sequence[Item]) -> list[Item]:
    """The items in another order (Fisher and Yates)."""
    mixed = list(items)
    for last in range(len(mixed) - 1, 0, -1):
        other = below(rng, last + 1)
        mixed[last], mixed[other] = mixed[other], mixed[last]
    return mixed


def normal(rng: Random) -> float:
    """A number of the standard normal distribution (Box and Muller)."""
    return math.sqrt(-2.0 * math.log(1.0 - rng.random())) * math.cos(2.0 * math.pi * rng.random())


def key(rng: Random) -> uuid.UUID:
    """A random key (UUID version 4) that a phone could have made."""
    bits = 0
    for _ in range(4):
        bits = bits << 32 | int(rng.random() * 2**32)
    return uuid.UUID(int=bits, version=4)
