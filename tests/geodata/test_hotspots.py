"""Gi*, permutations, smoothed rates and false discoveries: against definitions written out, and where nothing is known."""

from __future__ import annotations

import numpy as np
import pytest

from geodata import hotspots, weights
from geodata.hotspots import ALPHAS, BANDS, find

RNG = np.random.default_rng


def square(side: int) -> weights.Weights:
    columns, rows = (axis.ravel() for axis in np.meshgrid(np.arange(side), np.arange(side)))
    return weights.lattice(columns, rows)


def spotted(side: int = 20, seed: int = 3) -> weights.FloatArray:
    """Counts on a square, much more in one corner and next to nothing in the opposite one."""
    columns, rows = np.meshgrid(np.arange(side), np.arange(side))
    mean = np.where((columns < 5) & (rows < 5), 14.0, np.where((columns >= side - 5) & (rows >= side - 5), 0.05, 5.0))
    return RNG(seed).poisson(mean).ravel().astype(float)


def test_z_is_the_standardised_sum_of_area_and_neighbours() -> None:
    x, near = spotted(8), square(8)
    s = np.sqrt((x**2).mean() - x.mean() ** 2)
    for i, z in enumerate(hotspots.gi_star(x, near)):
        around = [i, *near.indices[near.indptr[i] : near.indptr[i + 1]].tolist()]
        k, n = len(around), len(x)
        assert z == pytest.approx((x[around].sum() - k * x.mean()) / (s * np.sqrt((n * k - k**2) / (n - 1))), abs=1e-12)


def test_z_is_the_moments_of_every_arrangement() -> None:
    # Ord and Getis standardise by the moments of drawing k of n values at random: seen here in 40,000 drawings
    x, near = spotted(6), square(6)
    drawn = np.array([RNG(i).permutation(x)[:9].sum() for i in range(40_000)])
    z = hotspots.gi_star(x, near)
    middle = 2 * 6 + 2
    assert near.indptr[middle + 1] - near.indptr[middle] == 8
    total = (near @ x)[middle] + x[middle]
    assert z[middle] == pytest.approx((total - drawn.mean()) / drawn.std(), abs=0.05)


def test_hot_and_cold_corners_are_found_and_the_rest_is_not() -> None:
    found = find(spotted(), square(20))
    bands = np.array(found.bands).reshape(20, 20)
    assert set(bands[:4, :4].ravel()) == {"hot99"}
    assert {band[:4] for band in bands[-3:, -3:].ravel()} == {"cold"}
    middle = bands[7:13, 7:13].ravel().tolist()
    assert middle.count("none") > 0.9 * len(middle)
    assert (found.n_tested, found.n_islands, found.reason) == (400, 0, None)
    again = find(spotted(), square(20), n_permutations=9_999)
    assert set(np.array(again.bands).reshape(20, 20)[:4, :4].ravel()) <= {"hot99", "hot95"}


def test_chance_alone_is_seldom_called_hot() -> None:
    false = sum(
        any(band != "none" for band in find(RNG(seed).normal(10, 2, 400), square(20)).bands) for seed in range(60)
    )
    assert false <= 14  # one map in ten is let through at the widest band: 14 of 60 or more has a chance of 0.2 %


def test_bands_follow_the_false_discovery_rate_of_the_two_sided_p() -> None:
    found = find(spotted(seed=8), square(20))
    ranked = np.sort(found.p)
    for alpha, strength in zip(ALPHAS, ("99", "95", "90"), strict=True):
        passing = ranked[ranked <= alpha * np.arange(1, 401) / 400]
        limit = passing.max() if passing.size else -1.0
        stronger = [s for s in ("99", "95", "90") if s >= strength]
        marked = [band in {side + s for side in ("hot", "cold") for s in stronger} for band in found.bands]
        assert marked == (found.p <= limit).tolist()
    assert all(
        (z > 0) == band.startswith("hot") for z, band in zip(found.z, found.bands, strict=True) if band != "none"
    )
    assert found.p == pytest.approx(hotspots.two_sided(found.z))
    assert len({band for band in found.bands if band}) >= 4
    assert set(found.bands) <= set(BANDS)


def test_permutations_are_counted_as_if_each_area_were_drawn_for_alone() -> None:
    x, near, many = spotted(6, 5), square(6), 400
    above, below = hotspots.permuted(x, near, many, 11)
    sizes, sums = np.diff(near.indptr), near @ x
    order = hotspots.draws(36, 9, many, 11)
    for i in range(36):
        drawn = np.array([x[[j for j in row if j != i][: sizes[i]]].sum() for row in order.tolist()])
        assert (above[i], below[i]) == ((drawn >= sums[i]).sum(), (drawn <= sums[i]).sum())


@pytest.mark.parametrize("block", [64, 1 << 18])
def test_blocks_do_not_change_the_answer(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = hotspots.permuted(spotted(), square(20), 999, 5)
    hotspots.draws.cache_clear()
    monkeypatch.setattr(hotspots, "_BLOCK", block)
    parts = hotspots.permuted(spotted(), square(20), 999, 5)
    assert all((one == other).all() for one, other in zip(whole, parts, strict=True))


@pytest.mark.parametrize(("n", "m"), [(10, 10), (10, 3), (500, 9)])
def test_every_order_is_as_likely_and_none_repeats(n: int, m: int) -> None:
    made = hotspots.draws(n, m, 20_000, 7)
    assert all(len(set(row)) == m for row in made[:500].tolist())
    for place in (0, m - 1):
        seen = np.bincount(made[:, place], minlength=n)
        assert ((seen - 20_000 / n) ** 2 / (20_000 / n)).sum() < n + 6 * np.sqrt(2 * n)
    assert (hotspots.draws(n, m, 20_000, 7) == made).all()
    assert (hotspots.draws(n, m, 20_000, 8) != made).any()


def test_the_same_seed_gives_the_same_p() -> None:
    x, near = spotted(), square(20)
    assert (find(x, near, n_permutations=99, seed=1).p == find(x, near, n_permutations=99, seed=1).p).all()
    assert (find(x, near, n_permutations=99, seed=1).p != find(x, near, n_permutations=99, seed=2).p).any()


def test_equal_sums_are_ties_however_they_are_added() -> None:
    x = np.where(np.arange(400) % 7 < 3, 0.1, 0.7)
    near = square(20)
    above, below = hotspots.permuted(x, near, 999)
    tenths = hotspots.permuted(np.round(x * 10), near, 999)
    assert (above == tenths[0]).all()
    assert (below == tenths[1]).all()


def test_smoothed_pulls_the_small_to_the_mean_and_keeps_the_order_of_the_large() -> None:
    n, of = np.array([0.0, 3.0, 300.0, 50.0, 0.0]), np.array([5.0, 5.0, 1000.0, 1000.0, 2000.0])
    told = hotspots.smoothed(n, of)
    mean = n.sum() / of.sum()
    assert abs(told[1] - mean) < abs(0.6 - mean)
    assert told[0] > 0
    assert told[2] > told[3] > told[4]
    assert abs(told[2] - 0.3) < 0.01


def test_smoothed_is_the_mean_where_chance_explains_the_differences() -> None:
    of = np.full(50, 40.0)
    n = np.tile([4.0, 5.0], 25)  # less spread than Poisson's
    assert hotspots.smoothed(n, of) == pytest.approx(4.5 / 40)
    assert hotspots.smoothed(np.zeros(3), np.array([1.0, 2.0, 3.0])).tolist() == [0.0, 0.0, 0.0]


def test_smoothed_without_a_denominator_is_unknown() -> None:
    told = hotspots.smoothed(np.array([1.0, 2.0, 3.0, 4.0]), np.array([np.nan, 0.0, 10.0, -1.0]))
    assert np.isnan(told).tolist() == [True, True, False, True]
    assert np.isnan(hotspots.smoothed(np.array([1.0]), np.array([np.nan]))).all()
    assert len(hotspots.smoothed(np.empty(0), np.empty(0))) == 0


def test_unknown_areas_are_as_if_they_were_not_there() -> None:
    x, near = spotted(), square(20)
    known = RNG(2).random(400) > 0.2
    part = find(np.where(known, x, np.nan), near, n_permutations=199)
    alone = find(x[known], weights.kept(near, known), n_permutations=199)
    assert part.z[known] == pytest.approx(alone.z)
    assert part.p[known] == pytest.approx(alone.p)
    assert {part.bands[i] for i in np.flatnonzero(~known)} == {None}
    assert {part.why[i] for i in np.flatnonzero(~known)} == {"missing"}
    assert np.isnan(part.z[~known]).all()


def test_islands_are_named_and_not_tested() -> None:
    columns, rows = (axis.ravel() for axis in np.meshgrid(np.arange(20), np.arange(20)))
    near = weights.lattice(np.append(columns, 90), np.append(rows, 90))
    found = find(np.append(spotted(), 500.0), near)
    assert (found.bands[-1], found.why[-1], found.n_islands, found.n_tested) == (None, "island", 1, 400)
    assert np.isnan([found.z[-1], found.p[-1], found.q[-1]]).all()
    above, below = hotspots.permuted(np.append(spotted(), 500.0), near, 99)
    assert (above[-1], below[-1]) == (99, 99)


@pytest.mark.parametrize("value", [0.0, 7.0, 0.1])
@pytest.mark.parametrize("n_permutations", [0, 99])
def test_constant_values_are_not_tested(value: float, n_permutations: int) -> None:
    found = find(np.full(400, value), square(20), n_permutations=n_permutations)
    assert (found.reason, found.n_tested, set(found.bands)) == ("constant", 0, {None})
    assert set(found.why) == {"constant"}


@pytest.mark.parametrize("n", [0, 1, 4, hotspots.MIN_AREAS - 1])
def test_too_few_areas_are_not_tested(n: int) -> None:
    columns = np.arange(n)
    found = find(np.arange(n, dtype=float), weights.lattice(columns, np.zeros(n, dtype=np.int64)))
    assert (found.reason, found.n_tested, set(found.bands) <= {None}) == ("too_few", 0, True)
    assert find(np.full(400, np.nan), square(20)).reason == "too_few"


def test_an_area_next_to_all_others_has_nothing_to_be_compared_with() -> None:
    xy = np.append(np.column_stack([np.cos(np.arange(24.0)), np.sin(np.arange(24.0))]), [[0.0, 0.0]], axis=0)
    found = find(np.arange(25.0), weights.band(xy, 1.01))
    assert (found.bands[-1], found.why[-1]) == (None, "constant")
    assert found.n_tested == 24


def test_adjusted_is_the_least_rate_at_which_each_passes() -> None:
    p = RNG(9).random(200) ** 3
    q = hotspots.adjusted(p)
    ranked = np.sort(p)
    for alpha in (0.001, 0.01, 0.05, 0.2, 0.5):
        passing = ranked[ranked <= alpha * np.arange(1, 201) / 200]
        assert ((q <= alpha) == (p <= (passing.max() if passing.size else -1))).all()
