"""The drawing board of the town: blocks between streets on a bent lattice, and which community each belongs to.

The plan is measured in metres, x to the east, y to the north, and bent into lon/lat by one continuous map. Every shared
line is sampled once and rounded once, so that neighbours share their border to the last digit. The place is real desert
without a town, so that GCJ-02 applies as anywhere in China; the geography is the same for every seed.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from random import Random

import shapely

from geodata.town import dice

Block = tuple[int, int]  # row from the north, column from the west
Edge = tuple[Block, Block]  # two nodes of the lattice next to one another, the northern or western one first
LonLat = tuple[float, float]

WEST_LON, SOUTH_LAT = 102.41, 40.08
M_PER_DEG_LON, M_PER_DEG_LAT = 85_294.0, 111_036.0  # WGS 84 at 40.08 N
DECIMALS = 7  # about 1 cm
TURN_DEG = 7.0

# One letter a block: the community it belongs to; a dot is outside the town. The river runs between columns 13 and 14.
MAP = (
    "..aaaaabbbbbbbhhhhhhh...",
    ".aaaaaabbbbbbbhhhhhhhh..",
    "aaaaaaabbbbbbbhhhhhhhhh.",
    "aaaaaaabbbbbbbhhhhhhhhhh",
    "aaaaaaaabbbbbbhhhhhhhhhh",
    "aaaaaaaabbbbbbhhhhhhhhhh",
    "cccccccdddddddhhhhiiiiii",
    "cccccccdddddddiiiiiiiiii",
    "cccccccdddddddiiiiiiiiii",
    "ccccccccddddddiiiiiiiiii",
    "ccccccccddddddiiiiiiiiii",
    "ccccccddddddddiiiiiiiiii",
    "eeeeefffffggggjjjjjjiiii",
    "eeeeefffffggggjjjjjjjjjj",
    "eeeeefffffggggjjjjjjjjjj",
    "eeeeeeffffggggjjjjjjjjjj",
    "eeeeeeffffggggjjjjjjjjjj",
    "eeeeeffffgggggjjjjjjjjj.",
    ".eeeeffffgggggjjjjjjjj..",
    "..eeeffffgggg.jjjjjj....",
)
N_ROWS, N_COLS = len(MAP), len(MAP[0])
RIVER_COLUMN = 14  # the line x = xs[14]
MAJOR_COLUMNS, MAJOR_ROWS = (4, 9, 19), (6, 12)
EDGE_PARTS = 3  # straight pieces in which an edge is drawn


@dataclass(frozen=True, eq=False)
class Plan:
    """The lattice in metres. `ys` fall from north to south; `shifts` move each node (row, column) by (x, y) metres."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    depths: tuple[float, ...]  # -ys, rising
    shifts: tuple[tuple[LonLat, ...], ...]
    letters: Mapping[Block, str]  # block -> letter of its community


@cache
def draw() -> Plan:
    """The town's plan, always the same one."""
    rng = dice.stream(0, "plan")
    xs = _lines(rng, N_COLS, 105.0, 158.0)
    ys = tuple(reversed(_lines(rng, N_ROWS, 108.0, 150.0)))
    shifts = tuple(
        tuple((dice.between(rng, -13.0, 13.0), dice.between(rng, -13.0, 13.0)) for _ in xs) for _ in range(len(ys))
    )
    letters = {(row, col): letter for row, line in enumerate(MAP) for col, letter in enumerate(line) if letter != "."}
    return Plan(xs, ys, tuple(-y for y in ys), shifts, letters)


def _lines(rng: Random, n: int, low: float, high: float) -> tuple[float, ...]:
    lines = [0.0]
    for _ in range(n):
        lines.append(lines[-1] + round(dice.between(rng, low, high)))
    return tuple(lines)


def lonlat(plan: Plan, x: float, y: float) -> LonLat:
    """Where a point of the plan (metres) lies on the ground, rounded to 7 decimals; beyond the lattice too."""
    dx, dy = _shift(plan, x, y)
    bent_x = x + dx + 60.0 * math.sin(y / 414.0 + 0.7) + 22.0 * math.sin((x + 0.6 * y) / 239.0 + 2.1)
    bent_y = y + dy + 70.0 * math.sin(x / 493.0 + 0.3) + 20.0 * math.sin((y - 0.5 * x) / 207.0 + 1.1)
    turn = math.radians(TURN_DEG)
    east = bent_x * math.cos(turn) - bent_y * math.sin(turn)
    north = bent_x * math.sin(turn) + bent_y * math.cos(turn)
    return round(WEST_LON + east / M_PER_DEG_LON, DECIMALS), round(SOUTH_LAT + north / M_PER_DEG_LAT, DECIMALS)


def _shift(plan: Plan, x: float, y: float) -> tuple[float, float]:
    # Between its four nodes a point moves by the weighted mean of their shifts, so that the map stays continuous.
    col, u = _cell(plan.xs, x)
    row, v = _cell(plan.depths, -y)
    north, south = plan.shifts[row], plan.shifts[row + 1]
    corners = (
        (north[col], (1 - u) * (1 - v)),
        (north[col + 1], u * (1 - v)),
        (south[col], (1 - u) * v),
        (south[col + 1], u * v),
    )
    return sum(shift[0] * share for shift, share in corners), sum(shift[1] * share for shift, share in corners)


def _cell(lines: tuple[float, ...], at: float) -> tuple[int, float]:
    # Beyond the outermost lines the shift of the border holds.
    index = min(max(bisect_right(lines, at) - 1, 0), len(lines) - 2)
    share = (at - lines[index]) / (lines[index + 1] - lines[index])
    return index, min(max(share, 0.0), 1.0)


def node(plan: Plan, at: Block) -> LonLat:
    """Where a node of the lattice lies."""
    return lonlat(plan, plan.xs[at[1]], plan.ys[at[0]])


def edge_line(plan: Plan, edge: Edge) -> list[LonLat]:
    """The points of an edge from its first node to its last, always the same ones."""
    (row, col), (row2, col2) = edge
    points = [node(plan, edge[0])]
    for part in range(1, EDGE_PARTS):
        share = part / EDGE_PARTS
        x = plan.xs[col] + (plan.xs[col2] - plan.xs[col]) * share
        y = plan.ys[row] + (plan.ys[row2] - plan.ys[row]) * share
        points.append(lonlat(plan, x, y))
    return [*points, node(plan, edge[1])]


def block_edges(block: Block) -> tuple[Edge, Edge, Edge, Edge]:
    """North, east, south and west edge of a block."""
    row, col = block
    nw, ne, sw, se = (row, col), (row, col + 1), (row + 1, col), (row + 1, col + 1)
    return (nw, ne), (ne, se), (sw, se), (nw, sw)


def edge_blocks(edge: Edge) -> tuple[Block, Block]:
    """The two blocks at an edge: north and south of it, or west and east of it. They may lie outside the town."""
    (row, col), (_, col2) = edge
    return ((row - 1, col), (row, col)) if col2 > col else ((row, col - 1), (row, col))


@lru_cache(maxsize=4096)
def block_polygon(plan: Plan, block: Block) -> shapely.Polygon:
    """The block's shape, drawn along its four edges."""
    north, east, south, west = (edge_line(plan, edge) for edge in block_edges(block))
    return shapely.Polygon([*north[:-1], *east[:-1], *reversed(south[1:]), *reversed(west[1:])])


def joined(plan: Plan, blocks: Iterable[Block]) -> shapely.Geometry:
    """The shape of several blocks together; every vertex of their outline stays.

    Normalised, so that the order of the points does not depend on the version of GEOS, exteriors counter-clockwise.
    """
    shapes = shapely.coverage_union_all([block_polygon(plan, block) for block in sorted(blocks)])
    return shapely.orient_polygons(shapely.normalize(shapes))


def is_major(edge: Edge) -> bool:
    """True on the lines of the main roads and of the river: no grid and no compound lies across them."""
    (row, col), (_, col2) = edge
    return row in MAJOR_ROWS if col2 > col else col in (*MAJOR_COLUMNS, RIVER_COLUMN)


def neighbours(block: Block) -> tuple[Block, Block, Block, Block]:
    """The blocks to the north, east, south and west, whether they exist or not."""
    row, col = block
    return (row - 1, col), (row, col + 1), (row + 1, col), (row, col - 1)


def block_at(plan: Plan, x: float, y: float) -> Block:
    """The block in which a point of the plan lies; a row or column beyond the lattice where it lies outside."""
    col = -1 if x < plan.xs[0] else N_COLS if x > plan.xs[-1] else _cell(plan.xs, x)[0]
    row = -1 if y > plan.ys[0] else N_ROWS if y < plan.ys[-1] else _cell(plan.depths, -y)[0]
    return row, col


def connected(blocks: Sequence[Block]) -> bool:
    """True when one can walk from each block to each other without leaving the set; False for an empty one."""
    todo, seen = list(blocks[:1]), set(blocks[:1])
    while todo:
        for other in neighbours(todo.pop()):
            if other in blocks and other not in seen:
                seen.add(other)
                todo.append(other)
    return bool(blocks) and len(seen) == len(blocks)
