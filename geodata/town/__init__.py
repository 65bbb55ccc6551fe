"""An invented town, the same on every machine: demo data and test data are the same data.

`build` makes the town and about three months of its life; `next_edition` its grids after a small redrawing; `lattice`
and `scatter` make many irregular grids and points for measurements. Nothing here reads a clock or a file.
"""

from __future__ import annotations

from datetime import date

from geodata.town import built, ground, people, phrases, plan, roads, script, visits
from geodata.town.editions import next_edition
from geodata.town.mesh import lattice, scatter
from geodata.town.rows import Category, Duty, Household, Report, Spot, Step, Town, Visit, Worker

__all__ = [
    "Category",
    "Duty",
    "Household",
    "Report",
    "Spot",
    "Step",
    "Town",
    "Visit",
    "Worker",
    "build",
    "lattice",
    "next_edition",
    "scatter",
]


def build(until: date, seed: int = 1, scale: float = 1.0) -> Town:
    """The town and what happened in the 92 days before `until` (nothing on that day or later).

    The geography never changes. Households, people and events follow the seed; `scale` multiplies, roughly, the number
    of doors, and so of visits, and that of reports.
    """
    board = plan.draw()
    codes = ground.owners(board)
    sites = built.sites(board)
    houses = built.buildings(board, sites)
    grids, dedicated = ground.grids(board, codes), ground.dedicated(board)
    closed = built.dedicated_blocks() | {block: site.ref for site in sites for block in site.blocks}
    lines = roads.roads(board, codes, closed)
    doors = people.furnished(people.households(board, houses, codes, seed, scale), lines, seed)
    n_doors: dict[str, int] = {}
    for door in doors:
        n_doors[door.compound_ref] = n_doors.get(door.compound_ref, 0) + 1
    staff, duties = people.workers(list(grids["code"]), list(dedicated["code"]), seed)
    reports, spots = script.reports(until, board, codes, sites, doors, duties, seed, scale)
    return Town(
        until=until,
        seed=seed,
        areas=ground.areas(board),
        grids=grids,
        dedicated=dedicated,
        compounds=built.compound_frame(board, sites, houses, n_doors),
        roads=lines,
        buildings=built.building_frame(board, houses),
        water=ground.water(board),
        categories=phrases.categories(),
        workers=staff,
        duties=duties,
        households=doors,
        reports=reports,
        visits=visits.visits(until, doors, duties, seed),
        spots=spots,
        plan=board,
        owners=codes,
    )
