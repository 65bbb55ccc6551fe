"""Which areas are neighbours: binary spatial weights as sparse rows, without the areas themselves.

Areas are counted in the order they come in. An area without any neighbour is an island: see `islands`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.later import later

sparse = later("scipy.sparse")
spatial = later("scipy.spatial")

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Shapes = NDArray[np.object_]
Weights = Any  # scipy.sparse.csr_array of ones, shape (n, n), empty diagonal; scipy ships no types

# Borders that were drawn or computed twice touch all the same: about a centimetre.
TOUCH_DEG = 1e-7
_AS_FAR = 1 + 1e-9  # distances that differ by rounding are equal
NEAREST = 8  # as many neighbours as a cell of a square lattice has


def queen(shapes: Shapes, touch: float = TOUCH_DEG) -> Weights:
    """Neighbours share a border or a corner: they come within `touch` (in the units of the shapes) of each other.

    >>> queen(np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 1, 2, 2), shapely.box(5, 0, 6, 1)])).toarray()
    array([[0., 1., 0.],
           [1., 0., 0.],
           [0., 0., 0.]])
    """
    one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=touch)
    return _of_pairs(one, other, len(shapes))


def nearest(xy: FloatArray, k: int = NEAREST) -> Weights:
    """Neighbours are the k nearest points of each, so not always mutual; fewer where there are not as many.

    `xy`: shape (n, 2), metres of a projected CRS. Of points equally far those that come first count.
    """
    n = len(xy)
    k = min(k, n - 1)
    if k < 1:
        return _of_pairs(np.empty(0, np.int64), np.empty(0, np.int64), n)
    # of ties at the end the tree says some, not the first: look at all that are as far as the last
    far = spatial.KDTree(xy).query(xy, k + 1)[0][:, -1] * _AS_FAR
    pairs = spatial.KDTree(xy).query_ball_point(xy, far, return_sorted=True)
    one = np.repeat(np.arange(n), [len(found) for found in pairs])
    other = np.concatenate([np.asarray(found, dtype=np.int64) for found in pairs])
    one, other = one[one != other], other[one != other]
    metres = np.hypot(*(xy[one] - xy[other]).T)
    order = np.lexsort((other, np.round(metres, 6), one))
    one, other = one[order], other[order]
    place = np.arange(len(one)) - np.searchsorted(one, one)
    return _of_pairs(one[place < k], other[place < k], n)


def band(xy: FloatArray, band_m: float) -> Weights:
    """Neighbours lie at most `band_m` away; `xy`: shape (n, 2), metres of a projected CRS."""
    pairs = spatial.KDTree(xy).query_pairs(band_m * _AS_FAR, output_type="ndarray")
    both = np.concatenate([pairs, pairs[:, ::-1]])
    return _of_pairs(both[:, 0], both[:, 1], len(xy))


def n_within(xy: FloatArray, band_m: float) -> int:
    """How many neighbours `band` would give in all, each pair twice; counted without making them.

    >>> n_within(np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 5.0]]), 5.0)
    4
    """
    tree = spatial.KDTree(xy)
    return int(tree.count_neighbors(tree, band_m * _AS_FAR)) - len(xy) if len(xy) else 0


def least_band_m(xy: FloatArray) -> float:
    """The least distance that leaves no point without a neighbour; 0 where there are not two points.

    >>> least_band_m(np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 5.0]]))
    5.0
    """
    return float(spatial.KDTree(xy).query(xy, 2)[0][:, 1].max()) if len(xy) > 1 else 0.0


def lattice(columns: IntArray, rows: IntArray) -> Weights:
    """Neighbours of a square lattice's cells, those that touch at a corner too; a cell is told by column and row."""
    n = len(columns)
    width = int(np.ptp(columns)) + 3 if n else 3
    keys = (rows - rows.min(initial=0)) * width + (columns - columns.min(initial=0)) + 1
    order = np.argsort(keys)
    sorted_keys = keys[order]
    ones, others = [], []
    for step in (1, width - 1, width, width + 1):
        at = np.minimum(np.searchsorted(sorted_keys, keys + step), n - 1)
        there = np.flatnonzero(sorted_keys[at] == keys + step) if n else np.empty(0, np.int64)
        ones += [there, order[at[there]]]
        others += [order[at[there]], there]
    return _of_pairs(np.concatenate(ones), np.concatenate(others), n)


def grouped(weights: Weights, group: IntArray, n_groups: int) -> Weights:
    """The weights of groups of areas: neighbours where any of their areas are; `group` -1 belongs to none."""
    one, other = weights.nonzero()
    within = (group[one] >= 0) & (group[other] >= 0)
    return _of_pairs(group[one[within]], group[other[within]], n_groups)


def kept(weights: Weights, mask: NDArray[np.bool_]) -> Weights:
    """The weights of some of the areas, as if there were no others."""
    index = np.flatnonzero(mask)
    return weights[index][:, index]


def islands(weights: Weights) -> NDArray[np.bool_]:
    """True for each area without a neighbour."""
    return np.asarray(np.diff(weights.indptr) == 0)


def _of_pairs(one: IntArray, other: IntArray, n: int) -> Weights:
    apart = one != other
    made = sparse.csr_array((np.ones(int(apart.sum())), (one[apart], other[apart])), shape=(n, n))
    made.sum_duplicates()
    made.data[:] = 1.0
    return made
