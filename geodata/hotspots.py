"""Where much, or little, lies together beyond chance: smoothed rates, Getis-Ord Gi*, false-discovery control.

Symbols as in the papers: x the values of n areas, w binary weights (`geodata.weights`), the star means that an area
counts as its own neighbour. z and the permutation p are those of esda's `G_Local(star=True, transform="B")`.

Getis, Ord (1992), Geographical Analysis 24(3); Ord, Getis (1995), Geographical Analysis 27(4); Marshall (1991),
Applied Statistics 40(2); Benjamini, Hochberg (1995), Journal of the Royal Statistical Society B 57(1).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from geodata.later import later
from geodata.weights import IntArray, Weights, islands, kept

special = later("scipy.special")

FloatArray = NDArray[np.float64]

Band = Literal["hot99", "hot95", "hot90", "none", "cold90", "cold95", "cold99"]
Reason = Literal["too_few", "constant"]
Why = Literal["missing", "island", "too_few", "constant"]
BANDS: tuple[Band, ...] = get_args(Band)
ALPHAS = (0.01, 0.05, 0.1)  # of hot99, hot95, hot90
# Gi* of a handful of areas is nothing like normal, and one area is then a large part of what it is compared with.
MIN_AREAS = 20
N_PERMUTATIONS = 999
SEED = 20_260_101
_BLOCK = 1 << 18  # numbers of a block of permutations: a few megabytes, whatever their number
# Sums of the same values in another order differ by rounding; they are ties.
_TIE = 1e-12


@dataclass(frozen=True)
class Hotspots:
    """What was found, one place an area. NaN, and no band, where an area was not tested: `why` says why not.

    `z` is Gi* standardised, `p` two-sided, `q` the same after Benjamini and Hochberg: the least false-discovery rate
    at which the area counts. `reason` is set, and nothing tested, where there are too few areas or nothing differs.
    """

    z: FloatArray
    p: FloatArray
    q: FloatArray
    bands: tuple[Band | None, ...]
    why: tuple[Why | None, ...]
    n_tested: int
    n_islands: int
    reason: Reason | None = None


def find(x: FloatArray, weights: Weights, *, n_permutations: int = 0, seed: int = SEED) -> Hotspots:
    """Hot and cold spots among the areas whose value is known.

    NaN leaves an area out as if it were not there. An island is not tested, since it has no surroundings, but counts
    in the mean that the others are compared with; so is an area all others are neighbours of.

    Args:
        n_permutations: 0 takes p from the normal distribution of z; else from so many conditional permutations, whose
            tail then says hot or cold.
    """
    known = np.isfinite(x)
    index, y = np.flatnonzero(known), x[known]
    near = kept(weights, known)
    alone = islands(near)
    reason: Reason | None = None
    if len(y) - int(alone.sum()) < MIN_AREAS:
        reason = "too_few"
    elif np.ptp(y) <= _TIE * np.abs(y).max():
        reason = "constant"
    z, p, hot = np.full(len(x), np.nan), np.full(len(x), np.nan), np.zeros(len(x), dtype=bool)
    if reason is None:
        z[index] = np.where(alone, np.nan, gi_star(y, near))
        p[index], hot[index] = two_sided(z[index]), z[index] > 0
        if n_permutations:
            above, below = permuted(y, near, n_permutations, seed)
            p[index] = np.where(np.isnan(z[index]), np.nan, pseudo_p(above, below, n_permutations))
            hot[index] = above < below
    tested = np.isfinite(z)
    why = np.full(len(x), None, dtype=object)
    why[~known], why[known & ~tested] = "missing", reason or "constant"
    why[index[alone]] = "island"
    q = adjusted(p)
    return Hotspots(z, p, q, _bands(q, hot), tuple(why), int(tested.sum()), int(alone.sum()), reason)


def smoothed(n: FloatArray, of: FloatArray) -> FloatArray:
    """Global empirical-Bayes rates n / of (Marshall 1991): the fewer an area divides by, the nearer to the mean rate.

    With m the rate of all areas together, the variance between areas is A = Σ of·(n/of - m)² / Σ of - m / mean(of),
    0 where chance alone explains more; an area's rate keeps the weight A / (A + m / of), the rest is m's.
    NaN where `of` is unknown or not above zero.

    >>> smoothed(np.array([0.0, 2.0, 30.0, 5.0]), np.array([10.0, 10.0, 100.0, np.nan])).round(4)
    array([0.2612, 0.2653, 0.2724,    nan])
    """
    known = np.isfinite(of) & (of > 0) & np.isfinite(n)
    rates = np.full(len(n), np.nan)
    if not known.any():
        return rates
    cases, base = n[known], of[known]
    m = cases.sum() / base.sum()
    raw = cases / base
    between = max((base * (raw - m) ** 2).sum() / base.sum() - m / base.mean(), 0.0)
    keeps = between / (between + m / base) if m > 0 else np.zeros(len(base))
    rates[known] = m + keeps * (raw - m)
    return rates


def gi_star(x: FloatArray, weights: Weights) -> FloatArray:
    """z of Gi*, its expectation and variance those of any arrangement of x; NaN where an area is next to all others.

    The sum over an area and its neighbours against k times the mean, k counting the area itself:
    (Σ x - k·mean) / (s·√(k·(n - k) / (n - 1))), s the standard deviation with divisor n. NaN for constant x.
    """
    n = len(x)
    k = np.diff(weights.indptr) + 1.0
    centred = x - x.mean()
    spread = np.sqrt((centred**2).mean() * k * (n - k) / max(n - 1, 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 0, (weights @ centred + centred) / spread, np.nan)


def two_sided(z: FloatArray) -> FloatArray:
    """p of a standard normal z in either tail.

    >>> two_sided(np.array([0.0, -1.959964])).round(4)
    array([1.  , 0.05])
    """
    return np.asarray(2.0 * special.ndtr(-np.abs(z)), dtype=np.float64)


def permuted(
    x: FloatArray, weights: Weights, n_permutations: int = N_PERMUTATIONS, seed: int = SEED
) -> tuple[IntArray, IntArray]:
    """In how many conditional permutations an area's sum is at least, and at most, what it is.

    An area keeps its value, its neighbours' are drawn from all others without repetition. As in esda all areas share
    the draws: one row of the first m of a random order of all areas serves an area with k < m neighbours as the sum of
    the row's first k, or, where the area itself is among these, of the first k + 1 without it. So a row costs m, not
    n·k. An island's sum is its own value in every permutation.
    """
    k = np.diff(weights.indptr)
    sums = weights @ x
    tie = _TIE * np.abs(x).sum()
    sizes = np.unique(k[k > 0])
    m = int(k.max(initial=0)) + 1
    order = draws(len(x), m, n_permutations, seed)
    first = np.empty((len(sizes), n_permutations))
    above, below = np.zeros(len(x), dtype=np.int64), np.zeros(len(x), dtype=np.int64)
    for begin in range(0, n_permutations, max(_BLOCK // m, 1)):
        block = order[begin : begin + max(_BLOCK // m, 1)]
        totals = np.cumsum(x[block], axis=1)
        first[:, begin : begin + len(block)] = totals[:, sizes - 1].T
        row, place = np.nonzero(np.arange(m) < k[block])
        area = block[row, place]
        drawn, other = totals[row, k[area] - 1], totals[row, k[area]] - x[area]
        up = (other >= sums[area] - tie).astype(np.int64) - (drawn >= sums[area] - tie)
        down = (other <= sums[area] + tie).astype(np.int64) - (drawn <= sums[area] + tie)
        np.add.at(above, area, up)
        np.add.at(below, area, down)
    first.sort(axis=1)
    for size, drawn in zip(sizes, first, strict=True):
        having = k == size
        above[having] += n_permutations - np.searchsorted(drawn, sums[having] - tie, side="left")
        below[having] += np.searchsorted(drawn, sums[having] + tie, side="right")
    above[k == 0] = below[k == 0] = n_permutations
    return above, below


def pseudo_p(above: IntArray, below: IntArray, n_permutations: int) -> FloatArray:
    """Two-sided p of the counts of `permuted`: twice the lesser tail, what was observed counted in it, at most 1.

    >>> pseudo_p(np.array([0, 999]), np.array([999, 400]), 999)
    array([0.002, 0.802])
    """
    return np.minimum(2.0 * (np.minimum(above, below) + 1) / (n_permutations + 1), 1.0)


def adjusted(p: FloatArray) -> FloatArray:
    """Benjamini and Hochberg's adjusted p: areas with at most a have a false-discovery rate of a; NaN stays out.

    >>> adjusted(np.array([0.01, 0.04, np.nan, 0.03]))
    array([0.03, 0.04,  nan, 0.04])
    """
    q = np.full(len(p), np.nan)
    known = np.flatnonzero(np.isfinite(p))
    if len(known):
        order = known[np.argsort(p[known], kind="stable")]
        ratio = p[order] * (len(order) / np.arange(1, len(order) + 1))
        q[order] = np.minimum(np.minimum.accumulate(ratio[::-1])[::-1], 1.0)
    return q


@lru_cache(maxsize=4)
def draws(n: int, m: int, n_permutations: int, seed: int) -> NDArray[np.int32]:
    """The first m of so many random orders of n areas, shape (n_permutations, m), the same for the same arguments."""
    rng = np.random.default_rng(seed)
    made = np.empty((n_permutations, m), dtype=np.int32)
    rows = max(_BLOCK // n, 1)
    if n * 2 > m * m:
        # repeats are so seldom that throwing such rows away is cheaper than shuffling all n
        wanting = np.arange(n_permutations)
        while len(wanting):
            made[wanting] = rng.integers(n, size=(len(wanting), m), dtype=np.int32)
            ordered = np.sort(made[wanting], axis=1)
            wanting = wanting[(ordered[:, 1:] == ordered[:, :-1]).any(axis=1)]
    else:
        for begin in range(0, n_permutations, rows):
            block = made[begin : begin + rows]
            everyone = np.broadcast_to(np.arange(n, dtype=np.int32), (len(block), n))
            block[:] = rng.permuted(everyone, axis=1)[:, :m]
    made.flags.writeable = False
    return made


def _bands(q: FloatArray, hot: NDArray[np.bool_]) -> tuple[Band | None, ...]:
    step = np.searchsorted(ALPHAS, q)  # NaN comes last, as what is above every alpha
    place = np.where(step == len(ALPHAS), len(ALPHAS), np.where(hot, step, 2 * len(ALPHAS) - step))
    return tuple(None if untested else BANDS[at] for at, untested in zip(place, np.isnan(q), strict=True))
