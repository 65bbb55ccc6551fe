"""Compounds and buildings of the town: where each stands on the plan, and its shape on the ground."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

import pandas as pd
import shapely
from geopandas import GeoDataFrame

from geodata.town import dice, names
from geodata.town.ground import frame, inset
from geodata.town.plan import MAJOR_COLUMNS, MAJOR_ROWS, RIVER_COLUMN, Block, Plan, is_major, lonlat

Box = tuple[float, float, float, float]  # west, south, east, north, metres of the plan

# style: width and depth of a building, pitch of the rows and columns (metres), floors, units, doors a floor and unit
STYLES = {
    "old": (40.0, 11.0, 52.0, 40.0, 5, 3, 2),
    "mid": (44.0, 12.0, 54.0, 42.0, 6, 2, 2),
    "new": (24.0, 21.0, 50.0, 48.0, 11, 1, 4),
}
HOUSE_M, HOUSE_PITCH_M = (10.0, 11.0), 17.0
USES = ("house", "shop", "public", "green")
USE_SUMS = dice.cumulated((0.46, 0.24, 0.14, 0.16))


@dataclass(frozen=True, slots=True)
class Site:
    """A compound as built: `name` is its row in the list of names, None for a community's scattered houses."""

    ref: str
    letter: str
    title: str
    name: names.CompoundName | None
    blocks: tuple[Block, ...]
    box: Box


@dataclass(frozen=True, slots=True)
class Building:
    """A building by its middle and size on the plan (metres)."""

    id: str
    kind: str
    site: Site | None
    label: str  # "3号楼", "槐香街12号"; empty for what nobody lives in
    n_floors: int
    block: Block
    x: float
    y: float
    width_m: float
    depth_m: float


def dedicated_blocks() -> dict[Block, str]:
    """The blocks under dedicated grids, with their kind."""
    return {
        (row, col): kind
        for kind, _, _, (top, bottom, left, right), _ in names.DEDICATED
        for row in range(top, bottom + 1)
        for col in range(left, right + 1)
    }


def sites(plan: Plan) -> tuple[Site, ...]:
    """All compounds, each on free blocks of its community; then the scattered houses of each community."""
    rng = dice.stream(0, "sites")
    taken = set(dedicated_blocks()) | {names.ENCLAVE}
    found: list[Site] = []
    for number, name in enumerate(names.COMPOUNDS, start=1):
        options = (_rectangle(plan, block, name) for block in dice.shuffled(rng, list(plan.letters)))
        blocks = next(blocks for blocks in options if blocks and not taken & set(blocks))
        taken |= set(blocks)
        found.append(Site(f"C{number:03d}", name.letter, name.name, name, blocks, _box(plan, blocks, 9.0)))
    for number, (letter, community) in enumerate(names.COMMUNITY_NAMES.items(), start=len(found) + 1):
        free = [block for block, owner in plan.letters.items() if owner == letter and block not in taken]
        middle = free[len(free) // 2]
        title = community.removesuffix("社区") + names.VILLAGE_SUFFIX
        found.append(Site(f"C{number:03d}", letter, title, None, (), _box(plan, (middle,), 12.0)))
    return tuple(found)


def _rectangle(plan: Plan, first: Block, name: names.CompoundName) -> tuple[Block, ...]:
    # Empty where the compound would leave its community or lie across a main road.
    (row, col), (n_rows, n_cols) = first, name.size
    blocks = tuple((row + i, col + j) for i in range(n_rows) for j in range(n_cols))
    inner = [((row, col + 1), (row + 1, col + 1))] * (n_cols - 1) + [((row + 1, col), (row + 1, col + 1))] * (
        n_rows - 1
    )
    fits = all(plan.letters.get(block) == name.letter for block in blocks)
    return blocks if fits and not any(is_major(edge) for edge in inner) else ()


def _box(plan: Plan, blocks: tuple[Block, ...], margin_m: float) -> Box:
    # What can be built on: off the streets, farther off the main roads and the river.
    top, left = min(blocks)
    bottom, right = max(blocks)

    def off(line: int, main: tuple[int, ...]) -> float:
        return margin_m + 6.0 if line in main else margin_m

    west = 48.0 if left == RIVER_COLUMN else off(left, MAJOR_COLUMNS)
    east = 48.0 if right + 1 == RIVER_COLUMN else off(right + 1, MAJOR_COLUMNS)
    return (
        plan.xs[left] + west,
        plan.ys[bottom + 1] + off(bottom + 1, MAJOR_ROWS),
        plan.xs[right + 1] - east,
        plan.ys[top] - off(top, MAJOR_ROWS),
    )


def buildings(plan: Plan, placed: tuple[Site, ...]) -> tuple[Building, ...]:
    """Every building of the town, with an id that counts through it."""
    rng = dice.stream(0, "buildings")
    at = {block: site for site in placed for block in site.blocks}
    scattered = {site.letter: site for site in placed if not site.blocks}
    special = dedicated_blocks()
    drafts: list[Building] = []
    for site in placed:
        drafts += _slabs(plan, site)
    numbers: dict[tuple[str, str], int] = {}
    for block, letter in plan.letters.items():
        use = special[block] if block in special else dice.weighted(rng, USES, USE_SUMS)
        if block in at or use in ("park", "green"):
            continue
        if use == "house":
            drafts += _houses(plan, block, scattered[letter], numbers)
        else:
            drafts += _large(plan, rng, block, use)
    return tuple(_numbered(drafts))


def _numbered(drafts: list[Building]) -> Iterator[Building]:
    for number, draft in enumerate(drafts, start=1):
        yield Building(
            f"B{number:05d}", draft.kind, draft.site, draft.label, draft.n_floors, draft.block,
            draft.x, draft.y, draft.width_m, draft.depth_m,
        )  # fmt: skip


def _slabs(plan: Plan, site: Site) -> Iterator[Building]:
    if site.name is None:
        return
    width, depth, pitch_x, pitch_y, n_floors, _, _ = STYLES[site.name.style]
    word = "幢" if site.name.style == "old" else "号楼"
    count = 0
    # Block by block, so that no building lies across the border of two grids.
    for block in site.blocks:
        west, south, east, north = _box(plan, (block,), 12.0)
        n_cols, n_rows = int((east - west) // pitch_x), int((north - south) // pitch_y)
        for row in range(n_rows):
            for col in range(n_cols):
                count += 1
                x = west + (east - west) * (col + 0.5) / n_cols
                y = north - (north - south) * (row + 0.5) / n_rows
                yield Building("", "residential", site, f"{count}{word}", n_floors, block, x, y, width, depth)


def _houses(plan: Plan, block: Block, site: Site, numbers: dict[tuple[str, str], int]) -> Iterator[Building]:
    west, south, east, north = _box(plan, (block,), 12.0)
    width, depth = HOUSE_M
    for y, line in ((north - depth / 2, block[0]), (south + depth / 2, block[0] + 1)):
        road = names.ROW_ROADS[line]
        for i in range(int((east - west) // HOUSE_PITCH_M)):
            numbers[site.letter, road] = numbers.get((site.letter, road), 0) + 1
            x = west + HOUSE_PITCH_M * (i + 0.5)
            label = f"{road}{numbers[site.letter, road]}号"
            yield Building("", "house", site, label, 1, block, x, y, width, depth)


def _large(plan: Plan, rng: Random, block: Block, use: str) -> Iterator[Building]:
    west, south, east, north = _box(plan, (block,), 16.0)
    n_cols, n_rows = {"mall": (1, 1), "plant": (1, 3), "shop": (3, 2)}.get(use, (2, 1))
    fill_x, fill_y = dice.between(rng, 0.6, 0.85), dice.between(rng, 0.5, 0.75)
    for row in range(n_rows):
        for col in range(n_cols):
            width, depth = (east - west) / n_cols, (north - south) / n_rows
            x, y = west + width * (col + 0.5), north - depth * (row + 0.5)
            n_floors = 1 + dice.below(rng, 4)
            yield Building("", use, None, "", n_floors, block, x, y, width * fill_x, depth * fill_y)


def building_frame(plan: Plan, every: tuple[Building, ...]) -> GeoDataFrame:
    """Buildings as in `rows.Town`."""
    rows = []
    for one in every:
        half_x, half_y = one.width_m / 2, one.depth_m / 2
        corners = ((-half_x, -half_y), (half_x, -half_y), (half_x, half_y), (-half_x, half_y))
        shape = shapely.Polygon([lonlat(plan, one.x + dx, one.y + dy) for dx, dy in corners])
        ref = one.site.ref if one.site else None
        rows.append({"id": one.id, "kind": one.kind, "compound_ref": ref, "n_floors": one.n_floors, "geometry": shape})
    return frame(rows, ["id", "kind", "compound_ref", "n_floors"]).astype({"n_floors": "int64"})


def compound_frame(
    plan: Plan, placed: tuple[Site, ...], every: tuple[Building, ...], n_doors: Mapping[str, int]
) -> GeoDataFrame:
    """Compounds as in `rows.Town`; `n_doors` by ref. Stated households are rounded, old or missing here and there."""
    rng = dice.stream(0, "stated")
    n_buildings: dict[str, int] = {}
    for one in every:
        if one.site:
            n_buildings[one.site.ref] = n_buildings.get(one.site.ref, 0) + 1
    rows = []
    for site in placed:
        west, south, east, north = site.box
        middle = shapely.Point(lonlat(plan, (west + east) / 2, (south + north) / 2))
        is_point = site.name is None or site.name.point_only
        stated: int | None = n_doors.get(site.ref, 0)
        chance = rng.random()
        if chance < 0.12:
            stated = None
        elif chance < 0.45:
            stated = round((stated or 0) * dice.between(rng, 0.93, 1.04) / 10) * 10
        rows.append(
            {
                "ref": site.ref,
                "name": site.title,
                "aliases": site.name.aliases if site.name else (),
                "community_code": names.community_code(site.letter),
                "kind": "point" if is_point else "polygon",
                "n_households": stated,
                "n_buildings": None if is_point and site.name else n_buildings.get(site.ref, 0),
                "managed": bool(site.name and site.name.managed),
                "geometry": middle if is_point else inset(plan, site.box, 0.0),
            }
        )
    counts = ["n_households", "n_buildings"]
    made = frame(rows, ["ref", "name", "aliases", "community_code", "kind", *counts, "managed"])
    return made.astype(dict.fromkeys(counts, pd.Int64Dtype()) | {"managed": bool})
