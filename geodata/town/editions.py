"""The town's grids after a small redrawing."""

from __future__ import annotations

from collections.abc import Iterator

from geopandas import GeoDataFrame

from geodata.town import ground
from geodata.town.plan import Block, connected
from geodata.town.rows import Town

Regions = dict[str, list[Block]]  # code -> blocks


def next_edition(town: Town) -> GeoDataFrame:
    """The base grids after three changes; same columns as `Town.grids`, and they still tile the communities.

    One border between two grids moves by a block (two codes keep their name and change their shape). One grid is split:
    its code ends, two new codes follow the community's last. One grid is merged into a neighbour: its code ends, the
    neighbour grows. Old codes are never used again.
    """
    regions: Regions = {}
    for block, code in sorted(town.owners.items()):
        regions.setdefault(code, []).append(block)
    # Grids in several parts and the ring around an enclave are left alone.
    free = [code for code in sorted(regions) if connected(regions[code]) and len(regions[code]) <= 6]
    moved = next(_moves(regions, free))
    giver, taker, block = moved
    regions[giver].remove(block)
    regions[taker].append(block)
    free = [code for code in free if code not in (giver, taker)]
    split = next(code for code in free if len(regions[code]) >= 4 and _halves(regions[code]))
    last = max(int(code[12:]) for code in regions if code[:12] == split[:12])
    for offset, half in enumerate(_halves(regions.pop(split)), start=1):
        regions[f"{split[:12]}{last + offset:03d}"] = half
    free = [code for code in free if code[:12] != split[:12]]
    ends, grows = next(
        (one, other)
        for one in free
        for other in free
        if one != other and one[:12] == other[:12] and len(regions[one] + regions[other]) <= 6
        if _touch(regions[one], regions[other])
    )
    regions[grows] += regions.pop(ends)
    return ground.grids(town.plan, {block: code for code, blocks in regions.items() for block in blocks})


def _moves(regions: Regions, free: list[str]) -> Iterator[tuple[str, str, Block]]:
    for giver in free:
        for taker in free:
            if giver == taker or giver[:12] != taker[:12]:
                continue
            for block in regions[giver]:
                rest = [other for other in regions[giver] if other != block]
                if len(rest) >= 2 and connected(rest) and _touch([block], regions[taker]):
                    yield giver, taker, block


def _touch(one: list[Block], other: list[Block]) -> bool:
    return any(ground.adjacent(a, b) for a in one for b in other)


def _halves(blocks: list[Block]) -> list[list[Block]]:
    # By row or by column, whichever leaves two connected parts; empty if neither does.
    for key in (lambda block: block, lambda block: (block[1], block[0])):
        ordered = sorted(blocks, key=key)
        half = len(ordered) // 2
        if connected(ordered[:half]) and connected(ordered[half:]):
            return [ordered[:half], ordered[half:]]
    return []
