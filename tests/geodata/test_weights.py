"""Which areas are neighbours: small cases known by hand, every distance there is, and the islands."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from geodata import weights


def neighbours(made: weights.Weights) -> list[list[int]]:
    return [sorted(made.indices[made.indptr[i] : made.indptr[i + 1]].tolist()) for i in range(made.shape[0])]


def plane(n: int, seed: int = 1) -> weights.FloatArray:
    return np.random.default_rng(seed).uniform(0, 1000, (n, 2))


def test_queen_takes_corners_and_borders_drawn_twice() -> None:
    shapes = [shapely.box(i, j, i + 1, j + 1) for j in range(3) for i in range(3)]
    shapes.append(shapely.box(3 + 5e-8, 0, 4, 1))  # a crack of half a centimetre in degrees
    shapes.append(shapely.box(9, 9, 10, 10))
    found = neighbours(weights.queen(np.array(shapes)))
    assert found[4] == [0, 1, 2, 3, 5, 6, 7, 8]
    assert found[0] == [1, 3, 4]
    assert found[9] == [2, 5]
    assert found[10] == []
    assert weights.islands(weights.queen(np.array(shapes))).tolist() == [False] * 10 + [True]


def test_nearest_are_the_least_of_all_distances_and_of_ties_the_first() -> None:
    xy = plane(60)
    made = weights.nearest(xy, 5)
    for i, found in enumerate(neighbours(made)):
        metres = np.hypot(*(xy - xy[i]).T)
        assert found == sorted([j for j in np.argsort(metres, kind="stable").tolist() if j != i][:5])
    square = np.array([[i, j] for j in range(4) for i in range(4)], dtype=float) * 100
    assert neighbours(weights.nearest(square, 1))[:3] == [[1], [0], [1]]
    assert neighbours(weights.nearest(square, 8))[5] == [0, 1, 2, 4, 6, 8, 9, 10]


@pytest.mark.parametrize(("n", "k"), [(0, 8), (1, 8), (2, 8), (5, 8)])
def test_nearest_of_few(n: int, k: int) -> None:
    assert [len(found) for found in neighbours(weights.nearest(plane(n), k))] == [max(n - 1, 0)] * n


def test_points_at_one_place_are_neighbours() -> None:
    xy = np.zeros((4, 2))
    assert neighbours(weights.nearest(xy, 2)) == [[1, 2], [0, 2], [0, 1], [0, 1]]
    assert neighbours(weights.band(xy, 0.0))[0] == [1, 2, 3]


def test_band_is_all_within_the_distance() -> None:
    xy = plane(80)
    least_m = weights.least_band_m(xy)
    made = weights.band(xy, least_m)
    assert not weights.islands(made).any()
    assert weights.islands(weights.band(xy, least_m * 0.999)).sum() >= 1
    for i, found in enumerate(neighbours(made)):
        metres = np.hypot(*(xy - xy[i]).T)
        assert found == [j for j in np.flatnonzero(metres <= least_m * (1 + 1e-12)).tolist() if j != i]
    assert weights.least_band_m(plane(1)) == 0.0


def test_lattice_is_queen_of_its_cells_holes_and_far_rows_included() -> None:
    rng = np.random.default_rng(4)
    columns, rows = (side.ravel() for side in np.meshgrid(np.arange(-7, 5), np.arange(900_000, 900_009)))
    there = rng.random(columns.size) < 0.6
    columns, rows = columns[there], rows[there]
    order = rng.permutation(columns.size)
    columns, rows = columns[order], rows[order]
    made = weights.lattice(columns, rows)
    shapes = shapely.box(columns, rows - 900_000, columns + 1, rows - 900_000 + 1)
    assert (made != weights.queen(shapes)).nnz == 0
    assert weights.lattice(columns[:0], rows[:0]).shape == (0, 0)


def test_groups_are_neighbours_where_any_area_is() -> None:
    shapes = np.array([shapely.box(i, 0, i + 1, 1) for i in range(6)])
    made = weights.grouped(weights.queen(shapes), np.array([0, 0, 1, -1, 2, 2]), 4)
    assert neighbours(made) == [[1], [0], [], []]


def test_kept_is_as_if_there_were_no_others() -> None:
    shapes = np.array([shapely.box(i, 0, i + 1, 1) for i in range(5)])
    mask = np.array([True, True, False, True, True])
    assert (weights.kept(weights.queen(shapes), mask) != weights.queen(shapes[mask])).nnz == 0


def test_weights_are_ones_without_self() -> None:
    for made in (weights.nearest(plane(40)), weights.band(plane(40), 300.0)):
        assert set(made.data.tolist()) == {1.0}
        assert not made.diagonal().any()
