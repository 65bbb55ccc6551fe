"""Roads of the town, along the lines of its plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import shapely
from geopandas import GeoDataFrame

from geodata.town import names
from geodata.town.ground import BEYOND_M, Grids, along, frame
from geodata.town.plan import (
    MAJOR_COLUMNS,
    MAJOR_ROWS,
    N_COLS,
    N_ROWS,
    RIVER_COLUMN,
    Block,
    Edge,
    Plan,
    edge_blocks,
)

EMBANKMENT_M = 36.0  # from the middle of the river to the roads beside it


def roads(plan: Plan, codes: Grids, closed: Mapping[Block, str]) -> GeoDataFrame:
    """Roads along the lattice: main roads, borders of grids (minor), ways between blocks (path).

    `closed`: blocks of compounds and dedicated grids; no way runs between two blocks of the same one.
    """
    rows: list[dict[str, Any]] = []
    for line in range(N_ROWS + 1):
        edges: list[Edge] = [((line, col), (line, col + 1)) for col in range(N_COLS)]
        rows += _line_roads(plan, codes, closed, edges, names.ROW_ROADS[line], line in MAJOR_ROWS)
    for line in range(N_COLS + 1):
        edges = [((row, line), (row + 1, line)) for row in range(N_ROWS)]
        if line != RIVER_COLUMN:
            rows += _line_roads(plan, codes, closed, edges, names.COLUMN_ROADS[line], line in MAJOR_COLUMNS)
    for name, side in zip(names.EMBANKMENTS, (-EMBANKMENT_M, EMBANKMENT_M), strict=True):
        x = plan.xs[RIVER_COLUMN] + side
        points = along(plan, [(x, plan.ys[0]), (x, plan.ys[-1])])
        rows.append({"class": "minor", "name": name, "geometry": shapely.LineString(points)})
    rows = [row | {"id": f"R{number:03d}"} for number, row in enumerate(rows, start=1)]
    return frame(rows, ["id", "class", "name"])


def _line_roads(
    plan: Plan, codes: Grids, closed: Mapping[Block, str], edges: list[Edge], name: str, major: bool
) -> list[dict[str, Any]]:
    runs: list[tuple[str, list[Edge]]] = []
    previous = ""
    for edge in edges:
        kind = _road_class(codes, closed, edge, major)
        if kind and kind == previous and not _stops_at(edge, kind):
            runs[-1][1].append(edge)
        elif kind:
            runs.append((kind, [edge]))
        previous = kind
    rows = []
    for kind, run in runs:
        geometry = shapely.LineString(along(plan, _ends(plan, run, kind)))
        rows.append({"class": kind, "name": None if kind == "path" else name, "geometry": geometry})
    return rows


def _road_class(codes: Grids, closed: Mapping[Block, str], edge: Edge, major: bool) -> str:
    one, other = edge_blocks(edge)
    if one not in codes and other not in codes:
        return ""
    if major:
        return "major"
    if one in closed and closed[one] == closed.get(other):
        return ""
    return "path" if codes.get(one) == codes.get(other) else "minor"


def _stops_at(edge: Edge, kind: str) -> bool:
    # Only main roads cross the river.
    return kind != "major" and edge[0][1] == RIVER_COLUMN and edge[1][1] == RIVER_COLUMN + 1


def _ends(plan: Plan, run: list[Edge], kind: str) -> list[tuple[float, float]]:
    (row, col), (row2, col2) = run[0][0], run[-1][1]
    x, y, x2, y2 = plan.xs[col], plan.ys[row], plan.xs[col2], plan.ys[row2]
    lies = row == row2
    if kind == "major":
        return [(x - BEYOND_M, y), (x2 + BEYOND_M, y2)] if lies else [(x, y + BEYOND_M), (x2, y2 - BEYOND_M)]
    if lies:
        x += EMBANKMENT_M if col == RIVER_COLUMN else 0.0
        x2 -= EMBANKMENT_M if col2 == RIVER_COLUMN else 0.0
    return [(x, y), (x2, y2)]
