"""Which published areas and square cells lie beside which: made once for an edition, kept in this process.

A grid's version never changes its shape, so what is known of a set of versions holds as long as the process does.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Literal, TypeVar, cast

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from sqlalchemy import Connection, text

from geodata import lattice, weights
from geodata.crs import local_metric, to_metres
from gridsvc.db.queries import table

Kind = Literal["queen", "knn", "band"]
Shapes = NDArray[np.object_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Made = TypeVar("Made")

MAX_CELLS = 50_000
MAX_PAIRS = 2_000_000  # neighbours in all: some tens of megabytes
_KEPT_MOST = 12
_KEPT_BYTES = 100_000_000


@dataclass
class _Turn:
    """Who makes something, and how many ask for it: it is theirs until the last has it, whoever failed before."""

    lock: Lock = field(default_factory=Lock)
    n_asking: int = 0


_kept: OrderedDict[tuple[object, ...], Any] = OrderedDict()
_making: dict[tuple[object, ...], _Turn] = {}
_lock = Lock()  # of the two above, held for moments only


@dataclass(frozen=True)
class Ground:
    """Areas in the order of `ids` (grid versions, rising): middles in metres of `crs`, square metres, neighbours."""

    key: tuple[object, ...]
    ids: IntArray
    crs: CRS
    xy: FloatArray
    m2: FloatArray
    queen: weights.Weights


@dataclass(frozen=True)
class Cells:
    """The square cells of some areas; `touched.cells[i]` lies on the grid version `ids[touched.shapes[i]]`."""

    touched: lattice.Lattice
    ids: IntArray
    queen: weights.Weights


def ground(db: Connection, ids: IntArray) -> Ground:
    """What is known of these grid versions, given in rising order; measured in the metric CRS of their middle."""
    key = (str(db.engine.url), db.scalar(text("SELECT current_schema()")), ids.tobytes())
    return _once(("ground", key), lambda: _ground(db, key, ids))


def between(here: Ground, kind: Kind, k: int, band_m: float | None) -> tuple[weights.Weights | None, float | None]:
    """The weights of a kind, and the distance where they go by one; None instead of weights for far too many pairs.

    Args:
        band_m: None takes the least distance that leaves no area without a neighbour.
    """
    if kind == "queen":
        return here.queen, None
    if kind == "knn":
        k = min(k, max(len(here.xy) - 1, 0))
        if k * len(here.xy) > MAX_PAIRS:
            return None, None
        return _once(("knn", k, here.key), lambda: weights.nearest(here.xy, k)), None
    reach_m = weights.least_band_m(here.xy) if band_m is None else band_m
    if weights.n_within(here.xy, reach_m) > MAX_PAIRS:
        return None, reach_m
    return _once(("band", reach_m, here.key), lambda: weights.band(here.xy, reach_m)), reach_m


def cells(db: Connection, here: Ground, cell_m: float) -> Cells | None:
    """The square cells that the areas need, cells beside each other touch; None for more than `MAX_CELLS`."""
    return _once(("cells", cell_m, here.key), lambda: _cells(db, here, cell_m))


def _ground(db: Connection, key: tuple[object, ...], ids: IntArray) -> Ground:
    shapes = _shapes(db, ids)
    west, south, east, north = shapely.total_bounds(shapes) if len(ids) else (0.0, 0.0, 0.0, 0.0)
    crs = local_metric((west + east) / 2, (south + north) / 2)
    plane = _in_metres(shapes, crs)
    middles = shapely.get_coordinates(shapely.centroid(plane)).reshape(-1, 2)
    return Ground(key, ids, crs, middles, shapely.area(plane), weights.queen(shapes))


def _cells(db: Connection, here: Ground, cell_m: float) -> Cells | None:
    touched = lattice.cover(_in_metres(_shapes(db, here.ids), here.crs), cell_m, MAX_CELLS)
    if touched is None:
        return None
    return Cells(touched, here.ids, weights.lattice(touched.columns, touched.rows))


def _shapes(db: Connection, ids: IntArray) -> Shapes:
    found = [row[1] for row in table(db, "hotspots_shapes", {"ids": ids.tolist()})]
    return cast(Shapes, shapely.from_wkb([bytes(shape) for shape in found]))


def _in_metres(shapes: Shapes, crs: CRS) -> Shapes:
    return cast(Shapes, shapely.transform(shapes, lambda lonlat: to_metres(lonlat, crs)))


def _once(key: tuple[object, ...], make: Callable[[], Made]) -> Made:
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return cast(Made, _kept[key])
        turn = _making.setdefault(key, _Turn())
        turn.n_asking += 1
    try:
        with turn.lock:  # who asks for the same meanwhile waits for it
            with _lock:
                if key in _kept:
                    return cast(Made, _kept[key])
            made = make()
            with _lock:
                _keep(key, made)
            return made
    finally:
        with _lock:
            turn.n_asking -= 1
            if not turn.n_asking:
                del _making[key]


def _keep(key: tuple[object, ...], made: object) -> None:
    _kept[key] = made
    n_bytes = sum(_n_bytes(one) for one in _kept.values())
    while len(_kept) > _KEPT_MOST or n_bytes > _KEPT_BYTES:
        _, oldest = _kept.popitem(last=False)
        n_bytes -= _n_bytes(oldest)


def _n_bytes(made: Any) -> int:
    """The size of the arrays of something kept."""
    if made is None:
        return 0
    if isinstance(made, Ground):
        return made.ids.nbytes + made.xy.nbytes + made.m2.nbytes + _n_bytes(made.queen)
    if isinstance(made, Cells):
        touched = made.touched
        pairs = touched.columns.nbytes + touched.rows.nbytes + touched.cells.nbytes + touched.shapes.nbytes
        return pairs + _n_bytes(made.queen)
    return int(made.data.nbytes + made.indices.nbytes + made.indptr.nbytes)
