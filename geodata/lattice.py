"""Square cells over areas: which cells of a metric lattice an area needs, and which areas each cell touches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
Shapes = NDArray[np.object_]
_BLOCK = 50_000  # boxes that are made at a time


@dataclass(frozen=True)
class Lattice:
    """Cells by column and row, counted from the CRS's origin; cell `cells[i]` touches shape `shapes[i]`."""

    columns: IntArray
    rows: IntArray
    cells: IntArray
    shapes: IntArray


def cover(shapes: Shapes, cell_m: float, most: int) -> Lattice | None:
    """The cells that share inner points with any of the shapes (a projected CRS, metres); None for more than `most`.

    >>> found = cover(np.array([shapely.box(10, 10, 90, 250)]), 100.0, 50)
    >>> (found.columns.tolist(), found.rows.tolist()) if found else None
    ([0, 0, 0], [0, 1, 2])
    """
    west, south, east, north = shapely.total_bounds(shapes) if len(shapes) else (np.nan,) * 4
    if not np.isfinite([west, south, east, north]).all():
        return Lattice(*(np.empty(0, dtype=np.int64) for _ in range(4)))
    first, last = np.floor(np.array([west, south]) / cell_m), np.floor(np.array([east, north]) / cell_m)
    if np.prod(last - first + 1) > 20 * most:  # even a thin diagonal area would hardly need so few of them
        return None
    columns, rows = (
        axis.ravel().astype(np.int64)
        for axis in np.meshgrid(np.arange(first[0], last[0] + 1), np.arange(first[1], last[1] + 1))
    )
    tree = shapely.STRtree(shapes)
    cells, touched = [], []
    for begin in range(0, len(columns), _BLOCK):
        part = slice(begin, begin + _BLOCK)
        boxes = shapely.box(
            columns[part] * cell_m, rows[part] * cell_m, (columns[part] + 1) * cell_m, (rows[part] + 1) * cell_m
        )
        box, shape = _touching(tree, shapes, boxes)
        cells.append(box + begin)
        touched.append(shape)
    cell, shape = np.concatenate(cells), np.concatenate(touched)
    needed, place = np.unique(cell, return_inverse=True)
    if len(needed) > most:
        return None
    return Lattice(columns[needed], rows[needed], place.astype(np.int64), shape)


def _touching(tree: shapely.STRtree, shapes: Shapes, boxes: Shapes) -> tuple[IntArray, IntArray]:
    # a cell that only shares a border with the area holds nothing of it
    box, shape = tree.query(boxes, predicate="intersects")
    edge = shapely.touches(shapes[shape], boxes[box])
    return box[~edge], shape[~edge]
