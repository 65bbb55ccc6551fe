"""Cells over areas: all that are needed, no other, and not more than may be."""

from __future__ import annotations

import numpy as np
import shapely

from geodata import lattice


def test_cells_are_those_that_share_ground_with_an_area() -> None:
    shapes = np.array([shapely.Point(1000, 2000).buffer(730), shapely.box(2500, 2000, 2700, 2100)])
    found = lattice.cover(shapes, 100.0, 1000)
    assert found is not None
    told = {(i, j) for i, j in zip(found.columns.tolist(), found.rows.tolist(), strict=True)}
    assert len(told) == len(found.columns)
    expected = {
        (i, j): [k for k, shape in enumerate(shapes) if shape.intersection(box).area > 1e-6]
        for i in range(-1, 40)
        for j in range(5, 40)
        for box in [shapely.box(i * 100, j * 100, i * 100 + 100, j * 100 + 100)]
    }
    assert told == {cell for cell, touched in expected.items() if touched}
    pairs = {(found.columns[c], found.rows[c], s) for c, s in zip(found.cells, found.shapes, strict=True)}
    assert pairs == {(i, j, k) for (i, j), touched in expected.items() for k in touched}


def test_blocks_do_not_change_the_answer() -> None:
    shapes = np.array([shapely.Point(0, 0).buffer(20_000)])
    found = lattice.cover(shapes, 100.0, 200_000)
    assert found is not None
    assert abs(len(found.columns) * 10_000 / shapes[0].area - 1) < 0.02
    assert len({(i, j) for i, j in zip(found.columns.tolist(), found.rows.tolist(), strict=True)}) == len(found.columns)


def test_too_many_and_none() -> None:
    whole = np.array([shapely.box(0, 0, 10_000, 10_000)])
    assert lattice.cover(whole, 100.0, 10_000) is not None
    assert lattice.cover(whole, 100.0, 9_999) is None
    assert lattice.cover(whole, 0.1, 9_999) is None
    for empty in (np.array([shapely.Polygon()]), np.array([], dtype=object)):
        nothing = lattice.cover(empty, 100.0, 10)
        assert nothing is not None
        assert len(nothing.columns) == 0
