"""How far it is to walk from stop to stop along the stored roads.

Roads are joined wherever their lines meet or cross; there is no up and down, so a bridge over a road counts as a
crossing. Between two stops the way is the leg to the nearest road, the shortest way along the roads, and the leg from
the road. It is a straight line times `DETOUR` where there is no such way (no road near enough, roads that do not
connect), and where that is shorter and the stops are nearer to one another than to the road: nobody goes out to the
street and back to get to the next building of a yard.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from geodata.crs import local_metric, to_metres
from geodata.errors import GeometryError
from geodata.later import later

sparse, csgraph = later("scipy.sparse"), later("scipy.sparse.csgraph")

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# A walk is this much longer than the straight line: between buildings of the town along its roads the middle is DETOUR.
DETOUR = 1.3
SNAP_M = 150.0
# The end of a road that misses another by less than this was meant to meet it.
_JOIN_M = 2.0
_LATTICE_M = 0.1  # corners are rounded to it, so that lines that meet have the very same corner


@dataclass(frozen=True)
class Network:
    """Roads cut where they meet: `lines` in metres of `crs` (None without roads); line i joins the nodes `ends[i]`."""

    crs: CRS | None
    lines: NDArray[np.object_]
    ends: IntArray
    n_nodes: int

    def distances_m(self, stops: FloatArray, *, snap_m: float = SNAP_M) -> FloatArray:
        """Metres on foot between all pairs of stops (lon, lat in EPSG:4326): symmetric, finite, shape (n, n).

        A stop farther than `snap_m` from every road has straight ways only.

        Raises:
            GeometryError: `position_not_finite`.
        """
        stops = np.asarray(stops, dtype=np.float64).reshape(-1, 2)
        for lon, lat in stops[~np.isfinite(stops).all(axis=1)]:
            raise GeometryError("position_not_finite", lon=float(lon), lat=float(lat))
        if not len(stops):
            return np.empty((0, 0))
        where = to_metres(stops, self.crs or local_metric(*stops.mean(axis=0).tolist()))
        straight_m = np.hypot(*(where[:, None, :] - where[None, :, :]).transpose(2, 0, 1))
        ways_m = straight_m * DETOUR
        near, line, leg_m = self._snap(where, snap_m)
        if len(near):
            along_m = self._along_m(shapely.points(where[near]), line)
            legs_m = leg_m[:, None] + leg_m[None, :]
            pairs = np.ix_(near, near)
            off_road = np.where(straight_m[pairs] <= legs_m, ways_m[pairs], np.inf)
            by_road = np.minimum(along_m + legs_m, off_road)
            ways_m[pairs] = np.where(np.isfinite(by_road), by_road, ways_m[pairs])
        np.fill_diagonal(ways_m, 0.0)
        same_m: FloatArray = np.minimum(ways_m, ways_m.T)  # to the last bit in both directions
        return same_m

    def _snap(self, where: FloatArray, snap_m: float) -> tuple[IntArray, IntArray, FloatArray]:
        """Which stops are near a road, the line nearest to each of them, and the metres to it."""
        tree = shapely.STRtree(self.lines)
        (near, line), leg_m = tree.query_nearest(
            shapely.points(where), max_distance=snap_m, return_distance=True, all_matches=False
        )
        return near, line, leg_m

    def _along_m(self, points: NDArray[np.object_], line: IntArray) -> FloatArray:
        """Metres along the roads between the places where stops come upon their lines; inf where there is no way."""
        n = len(points)
        total_m = shapely.length(self.lines)
        offset_m = np.clip(shapely.line_locate_point(self.lines[line], points), 0.0, total_m[line])
        # Each line is a chain: its first node, the stops on it by their offset, its last node.
        n_lines, stop_nodes = len(self.lines), self.n_nodes + np.arange(n)
        owner = np.concatenate([np.arange(n_lines), line, np.arange(n_lines)])
        at_m = np.concatenate([np.zeros(n_lines), offset_m, total_m])
        rank = np.concatenate([np.zeros(n_lines), np.ones(n), np.full(n_lines, 2.0)])
        node = np.concatenate([self.ends[:, 0], stop_nodes, self.ends[:, 1]])
        chain = np.lexsort((at_m, rank, owner))
        joined = owner[chain][1:] == owner[chain][:-1]
        one, other = node[chain][:-1][joined], node[chain][1:][joined]
        metres = np.maximum(np.diff(at_m[chain])[joined], 0.0)
        graph = _graph(one, other, metres, self.n_nodes + n)
        along_m: FloatArray = csgraph.dijkstra(graph, directed=False, indices=stop_nodes)[:, stop_nodes]
        return along_m


def build(roads: Iterable[BaseGeometry | None]) -> Network:
    """The network of road lines (LineString or MultiLineString in EPSG:4326; missing and empty ones count for nothing).

    Which classes of road people walk on is for the caller to choose.

    Raises:
        GeometryError: `geometry_wrong_type`; `position_not_finite`.
        CrsError: `position_out_of_range`.

    >>> build([]).n_nodes, build([shapely.LineString([(8.0, 47.0), (8.01, 47.0)])]).n_nodes
    (0, 2)
    """
    parts = shapely.get_parts([shapely.force_2d(road) for road in roads if road is not None and not road.is_empty])
    for part in parts:
        if part.geom_type not in ("LineString", "LinearRing"):
            raise GeometryError("geometry_wrong_type", found=part.geom_type, wanted="LineString / MultiLineString")
    corners = shapely.get_coordinates(parts)
    for lon, lat in corners[~np.isfinite(corners).all(axis=1)]:
        raise GeometryError("position_not_finite", lon=float(lon), lat=float(lat))
    if not len(corners):
        return Network(None, np.empty(0, dtype=np.object_), np.empty((0, 2), dtype=np.int64), 0)
    crs = local_metric(*((corners.min(axis=0) + corners.max(axis=0)) / 2.0).tolist())
    drawn = shapely.transform(parts, lambda lonlat: to_metres(lonlat, crs))
    lines = shapely.get_parts(shapely.union_all([*drawn, *_joints(drawn)], grid_size=_LATTICE_M))
    lines = np.array([line for line in lines if line.geom_type == "LineString" and line.length > 0.0], dtype=np.object_)
    tips = np.column_stack([shapely.get_coordinates(shapely.get_point(lines, index)) for index in (0, -1)])
    nodes, ends = np.unique(tips.reshape(-1, 2), axis=0, return_inverse=True)
    return Network(crs, lines, ends.reshape(-1, 2).astype(np.int64), len(nodes))


def _joints(drawn: NDArray[np.object_]) -> NDArray[np.object_]:
    """Short lines from the ends of roads to the roads that they nearly meet."""
    tips = np.concatenate([shapely.get_point(drawn, index) for index in (0, -1)])
    tip, line = shapely.STRtree(drawn).query(tips, predicate="dwithin", distance=_JOIN_M)
    other = tip % len(drawn) != line
    joints: NDArray[np.object_] = shapely.shortest_line(tips[tip[other]], drawn[line[other]])
    return joints


def _graph(one: IntArray, other: IntArray, metres: FloatArray, n_nodes: int) -> Any:
    """The shortest edge for each pair of nodes: a sparse matrix would add up parallel ones (scipy.sparse.csr_array)."""
    low, high = np.minimum(one, other), np.maximum(one, other)
    by_pair = np.lexsort((metres, high, low))
    low, high, metres = low[by_pair], high[by_pair], metres[by_pair]
    first = np.ones(len(low), dtype=np.bool_)
    first[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    return sparse.coo_array((metres[first], (low[first], high[first])), shape=(n_nodes, n_nodes)).tocsr()
