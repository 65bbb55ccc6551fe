"""Areas, grids and water of the town, drawn from its plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import pandas as pd
import shapely
from geopandas import GeoDataFrame

from geodata.town import dice, names
from geodata.town.plan import (
    RIVER_COLUMN,
    Block,
    Edge,
    Plan,
    is_major,
    joined,
    lonlat,
    neighbours,
)

Grids = Mapping[Block, str]  # block -> code of its base grid

MOST_BLOCKS, MOST_SPAN, MOST_SPAN_M = 7, 3, 440.0
RIVER_HALF_M = 26.0
STEP_M = 40.0
BEYOND_M = 260.0  # how far the river and the main roads run out of the town


def frame(rows: Iterable[dict[str, Any]], columns: list[str]) -> GeoDataFrame:
    """A frame in EPSG:4326 with these columns and `geometry`."""
    # As objects, so that a missing text stays None: pandas' own text type turns it into NaN.
    plain = pd.DataFrame(list(rows), columns=[*columns, "geometry"], dtype=object)
    return GeoDataFrame(plain, geometry="geometry", crs="EPSG:4326")


def owners(plan: Plan) -> dict[Block, str]:
    """Which base grid each block belongs to, as its code of 15 digits."""
    codes: dict[Block, str] = {}
    for letter, n_grids in names.N_GRIDS.items():
        regions = _regions(plan, letter, n_grids)
        # The sequence runs from west to east, then from north to south: by a grid's first block in reading order.
        for sequence, region in enumerate(sorted(regions, key=min), start=1):
            codes |= {block: f"{names.community_code(letter)}{sequence:03d}" for block in region}
    return codes


def _regions(plan: Plan, letter: str, n_grids: int) -> list[list[Block]]:
    rng = dice.stream(0, f"grids {letter}")
    blocks = [block for block, owner in plan.letters.items() if owner == letter]
    ring = [block for block in blocks if max(abs(block[0] - names.ENCLAVE[0]), abs(block[1] - names.ENCLAVE[1])) == 1]
    fixed = [ring] if names.ENCLAVE in blocks else []
    free = [block for block in blocks if not fixed or block not in [*ring, names.ENCLAVE]]
    regions = [[block] for block in dice.shuffled(rng, free)]
    while len(regions) + len(fixed) > n_grids:
        # The smallest grows first, by its smallest neighbour; ties fall to the shuffled order.
        by_size = sorted(regions, key=len)
        pairs = ([one, other] for one in by_size for other in by_size if one is not other)
        pair = next((pair for pair in pairs if _may_join(plan, *pair)), None)
        if pair is None:
            break
        regions = [region for region in regions if region not in pair] + [pair[0] + pair[1]]
    if fixed:
        next(region for region in regions if names.ENCLAVE_OWNER in region).append(names.ENCLAVE)
    return regions + fixed


def _may_join(plan: Plan, one: list[Block], other: list[Block]) -> bool:
    both = one + other
    if len(both) > MOST_BLOCKS or not any(adjacent(a, b) for a in one for b in other):
        return False
    rows, cols = [row for row, _ in both], [col for _, col in both]
    width_m = plan.xs[max(cols) + 1] - plan.xs[min(cols)]
    height_m = plan.ys[min(rows)] - plan.ys[max(rows) + 1]
    span = max(max(rows) - min(rows), max(cols) - min(cols)) + 1
    return span <= MOST_SPAN and max(width_m, height_m) <= MOST_SPAN_M


def adjacent(one: Block, other: Block) -> bool:
    """True when two blocks share an edge that is no main road and not the river."""
    if other not in neighbours(one):
        return False
    row, col = max(one, other)
    edge: Edge = ((row, col), (row, col + 1)) if one[1] == other[1] else ((row, col), (row + 1, col))
    return not is_major(edge)


def areas(plan: Plan) -> GeoDataFrame:
    """City, district, subdistricts and communities; columns in `rows.Town`."""
    every = "".join(names.COMMUNITY_NAMES)
    listed: list[tuple[str, str, str, str | None, str]] = [
        (names.CITY[0], "city", names.CITY[1], None, every),
        (names.DISTRICT[0], "district", names.DISTRICT[1], names.CITY[0], every),
    ]
    for code, name, letters in names.SUBDISTRICTS:
        listed.append((code, "subdistrict", name, names.DISTRICT[0], letters))
    for letter, name in names.COMMUNITY_NAMES.items():
        code = names.community_code(letter)
        listed.append((code, "community", name, code[:9], letter))
    columns = ["code", "level", "name", "parent_code"]
    return frame(
        (
            dict(zip(columns, row, strict=True))
            | {"geometry": joined(plan, [block for block, letter in plan.letters.items() if letter in letters])}
            for *row, letters in listed
        ),
        columns,
    )


def grids(plan: Plan, codes: Grids) -> GeoDataFrame:
    """The base grids, by code; columns in `rows.Town`."""
    blocks: dict[str, list[Block]] = {}
    for block, code in codes.items():
        blocks.setdefault(code, []).append(block)
    return frame(
        (
            {
                "code": code,
                "name": names.grid_name(names.COMMUNITY_NAMES[names.letter_of(code)], int(code[12:])),
                "layer": "base",
                "community_code": code[:12],
                "geometry": joined(plan, blocks[code]),
            }
            for code in sorted(blocks)
        ),
        ["code", "name", "layer", "community_code"],
    )


def dedicated(plan: Plan) -> GeoDataFrame:
    """The dedicated grids (专属网格), which lie over base grids; their sequence begins at 901."""
    rows = []
    for kind, name, letter, (top, bottom, left, right), inset_m in names.DEDICATED:
        code = names.community_code(letter)
        blocks = [(row, col) for row in range(top, bottom + 1) for col in range(left, right + 1)]
        box = (plan.xs[left], plan.ys[bottom + 1], plan.xs[right + 1], plan.ys[top])
        shape = inset(plan, box, inset_m) if inset_m else joined(plan, blocks)
        rows.append({"code": f"{code}901", "name": name, "layer": "dedicated", "community_code": code} | {"kind": kind})
        rows[-1]["geometry"] = shape
    return frame(sorted(rows, key=lambda row: row["code"]), ["code", "name", "layer", "community_code", "kind"])


def inset(plan: Plan, box: tuple[float, float, float, float], by_m: float) -> shapely.Polygon:
    """A box of the plan (west, south, east, north in metres), drawn in by so many metres, as it lies on the ground."""
    west, south, east, north = box[0] + by_m, box[1] + by_m, box[2] - by_m, box[3] - by_m
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return shapely.Polygon(along(plan, corners)[:-1])


def along(plan: Plan, corners: list[tuple[float, float]], step_m: float = STEP_M) -> list[tuple[float, float]]:
    """The lon/lat points of a broken line of the plan, with points between where it is longer than a step."""
    points = [lonlat(plan, *corners[0])]
    for (x, y), (x2, y2) in pairwise(corners):
        parts = max(1, round((abs(x2 - x) + abs(y2 - y)) / step_m))
        points += [lonlat(plan, x + (x2 - x) * i / parts, y + (y2 - y) * i / parts) for i in range(1, parts + 1)]
    return points


def water(plan: Plan) -> GeoDataFrame:
    """The river through the whole town and the lake in its park."""
    x, south, north = plan.xs[RIVER_COLUMN], plan.ys[-1] - BEYOND_M, plan.ys[0] + BEYOND_M
    river = inset(plan, (x - RIVER_HALF_M, south, x + RIVER_HALF_M, north), 0.0)
    top, bottom, left, right = names.DEDICATED[0][3]
    middle_x, middle_y = plan.xs[left + 1], plan.ys[top + 1]
    west_m, east_m = (middle_x - plan.xs[left]) * 0.55, (plan.xs[right + 1] - middle_x) * 0.5
    south_m, north_m = (middle_y - plan.ys[bottom + 1]) * 0.5, (plan.ys[top] - middle_y) * 0.55
    rim = [
        (-1.0, 0.15),
        (-0.75, -0.6),
        (-0.1, -0.85),
        (0.55, -0.8),
        (0.95, -0.25),
        (0.85, 0.4),
        (0.3, 0.9),
        (-0.6, 0.8),
    ]
    lake = shapely.Polygon(
        lonlat(plan, middle_x + u * (east_m if u > 0 else west_m), middle_y + v * (north_m if v > 0 else south_m))
        for u, v in rim
    )
    rows = [
        {"id": "H001", "kind": "river", "name": names.RIVER, "geometry": river},
        {"id": "H002", "kind": "lake", "name": names.LAKE, "geometry": lake},
    ]
    return frame(rows, ["id", "kind", "name"])
