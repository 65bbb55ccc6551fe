"""Where the script's reports happen: anywhere, at hot spots, on borders and corners, outside."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from geodata.town import dice, names
from geodata.town.built import Site
from geodata.town.ground import Grids
from geodata.town.plan import (
    N_COLS,
    N_ROWS,
    Block,
    Edge,
    LonLat,
    Plan,
    block_at,
    edge_blocks,
    edge_line,
    lonlat,
    node,
)
from geodata.town.rows import Placing

STREET_SHARE = 0.65  # so many of the ordinary reports are on a street, the others within a block
STREET_HALF_M = 8.0
NEAR_M, FAR_M = (6.0, 40.0), (130.0, 800.0)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is: a point of the plan (metres), or an exact position that must not be blurred."""

    x: float
    y: float
    code: str | None  # its base grid; None outside the town
    placing: Placing = "inside"
    exact: LonLat | None = None


@dataclass(frozen=True, slots=True)
class HotSpot:
    """A hot spot of the script; with several sites the reports are shared among their boxes."""

    name: str
    category: str
    n_reports: int
    words: tuple[str, ...]  # its place in words
    middle: LonLat  # metres of the plan
    spread_m: float
    sites: tuple[Site, ...] = ()


def hot_spots(plan: Plan, sites: tuple[Site, ...]) -> tuple[HotSpot, ...]:
    """Night market litter, a flooding underpass, fire lanes of old compounds, shared bicycles at the hospital."""
    market = (plan.xs[11], plan.ys[4] - 24.0)
    underpass = ((plan.xs[16] + plan.xs[17]) / 2, plan.ys[12])
    hospital = (plan.xs[18], plan.ys[5] - 16.0)
    old = tuple(site for site in sites if site.title in ("老闸大院", "糖厂宿舍", "闸口新村"))
    return (
        HotSpot("night_market", "event-0110", 130, (names.NIGHT_MARKET, f"{names.NIGHT_MARKET}入口"), market, 42.0),
        HotSpot("underpass", "event-0506", 70, (names.UNDERPASS,), underpass, 22.0),
        HotSpot("fire_lanes", "event-0496", 105, tuple(f"{site.title}院内" for site in old), (0.0, 0.0), 0.0, old),
        HotSpot("hospital_bicycles", "event-0493", 60, ("东岗医院南门",), hospital, 28.0),
    )


def at_spot(rng: Random, plan: Plan, codes: Grids, spot: HotSpot) -> Place:
    """A place of one report of a hot spot."""
    if spot.sites:
        west, south, east, north = dice.pick(rng, spot.sites).box
        x, y = dice.between(rng, west, east), dice.between(rng, south, north)
    else:
        x = spot.middle[0] + spot.spread_m * dice.normal(rng)
        y = spot.middle[1] + spot.spread_m * dice.normal(rng)
    return Place(x, y, codes.get(block_at(plan, x, y)))


def block_weights(plan: Plan, n_doors: Mapping[str, int], codes: Grids) -> tuple[list[Block], list[float]]:
    """Blocks and their running weights: where more doors are, more is reported, but less than in proportion."""
    n_blocks: dict[str, int] = {}
    for code in codes.values():
        n_blocks[code] = n_blocks.get(code, 0) + 1
    blocks = list(plan.letters)
    weights = [2.0 + math.sqrt(n_doors.get(codes[block], 0) / n_blocks[codes[block]]) for block in blocks]
    return blocks, dice.cumulated(weights)


def in_block(rng: Random, plan: Plan, codes: Grids, block: Block) -> Place:
    """An ordinary place in a block or on one of its streets."""
    west, east = plan.xs[block[1]], plan.xs[block[1] + 1]
    north, south = plan.ys[block[0]], plan.ys[block[0] + 1]
    x, y = dice.between(rng, west + 15.0, east - 15.0), dice.between(rng, south + 15.0, north - 15.0)
    if dice.happens(rng, STREET_SHARE):
        across = STREET_HALF_M * dice.between(rng, -1.0, 1.0)
        if dice.happens(rng, 0.5):
            x = dice.pick(rng, (west, east)) + across
        else:
            y = dice.pick(rng, (south, north)) + across
    code = codes.get(block_at(plan, x, y))
    # A street at the rim of the town has one side only.
    return Place(x, y, code) if code else Place((west + east) / 2, (north + south) / 2, codes[block])


def on_border(rng: Random, plan: Plan, codes: Grids) -> Place:
    """A point exactly on the border of two base grids: a vertex within an edge, or half way between two vertices."""
    while True:
        edge = _edge(rng)
        one, other = (codes.get(block) for block in edge_blocks(edge))
        if one and other and one != other:
            line = edge_line(plan, edge)
            (lon, lat), (lon2, lat2) = line[1], line[2]
            if dice.happens(rng, 0.5):
                lon, lat = round((lon + lon2) / 2, 8), round((lat + lat2) / 2, 8)
            x, y = _middle(plan, edge)
            return Place(x, y, min(one, other), "border", (lon, lat))


def on_corner(rng: Random, plan: Plan, codes: Grids) -> Place:
    """A point exactly on a corner where three or four base grids meet."""
    while True:
        row, col = dice.below(rng, N_ROWS + 1), dice.below(rng, N_COLS + 1)
        around = {codes.get(block) for block in ((row - 1, col - 1), (row - 1, col), (row, col - 1), (row, col))}
        met = sorted(code for code in around if code)
        if len(met) >= 3:
            return Place(plan.xs[col], plan.ys[row], met[0], "corner", node(plan, (row, col)))


def outside(rng: Random, plan: Plan, codes: Grids, near: bool) -> Place:
    """A point outside every grid, some metres off the rim of the town or some hundred."""
    while True:
        edge = _edge(rng)
        one, other = (codes.get(block) for block in edge_blocks(edge))
        if (one is None) == (other is None):
            continue
        off_m = dice.between(rng, *(NEAR_M if near else FAR_M)) * (-1.0 if one is None else 1.0)
        x, y = _middle(plan, edge)
        lies = edge[0][0] == edge[1][0]
        x, y = (x, y - off_m) if lies else (x + off_m, y)
        # At the steps of the rim the way out may lead into another block, or past its corner.
        reach = 0.0 if near else FAR_M[0]
        tries = ((x + dx, y + dy) for dx in (-reach, 0.0, reach) for dy in (-reach, 0.0, reach))
        if not any(block_at(plan, *at) in codes for at in tries):
            return Place(x, y, None, "near" if near else "far", lonlat(plan, x, y))


def _edge(rng: Random) -> Edge:
    row, col = dice.below(rng, N_ROWS + 1), dice.below(rng, N_COLS + 1)
    if dice.happens(rng, 0.5):
        col = min(col, N_COLS - 1)
        return (row, col), (row, col + 1)
    row = min(row, N_ROWS - 1)
    return (row, col), (row + 1, col)


def _middle(plan: Plan, edge: Edge) -> LonLat:
    (row, col), (row2, col2) = edge
    return (plan.xs[col] + plan.xs[col2]) / 2, (plan.ys[row] + plan.ys[row2]) / 2
