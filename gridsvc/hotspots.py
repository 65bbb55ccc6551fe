"""The figures of the hotspots map with their test: the same for every reader, then cut to the rows a reader sees.

Gi* runs over all published areas of the base layer: on empirical-Bayes rates where households are known, else on
counts. Square cells are tested on counts over every cell that the areas touch, those without a report too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from geodata import weights
from geodata.hotspots import ALPHAS, Hotspots, find, smoothed
from geodata.weights import NEAREST
from gridsvc import neighbours, stats
from gridsvc.errors import Unavailable
from gridsvc.neighbours import Ground, Kind
from gridsvc.rules.rates import PER_HOUSEHOLDS, per_thousand
from gridsvc.rules.roles import Actor
from gridsvc.stats import By, Counted, Period, Row, Table, Tested, Why

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

N_PERMUTATIONS = 9_999


@dataclass(frozen=True)
class Query:
    """What is asked for: rows by what, and how they are tested.

    `k` serves weights knn, `band_m` weights band (None: the least distance that leaves no area alone). An area of
    fewer than `min_households` has a rate but is not tested.
    """

    by: By = "grid"
    category: str | None = None
    cell_m: float = 500
    weights: Kind = "queen"
    k: int = NEAREST
    band_m: float | None = None
    inference: Literal["normal", "permutation"] = "normal"
    min_households: int = 30


@dataclass(frozen=True)
class Significance:
    """How the areas were tested, and what came out over all of them, seen by this reader or not.

    `reason` says why nothing was tested: too_few areas, constant values, or too_many cells or neighbours.
    """

    on: Literal["rates", "counts"]
    weights: Kind
    k: int | None
    band_m: float | None
    inference: Literal["normal", "permutation"]
    n_permutations: int | None
    min_households: int | None
    n_tested: int
    n_islands: int
    n_hot: int
    n_cold: int
    reason: Literal["too_few", "constant", "too_many"] | None
    alpha: tuple[float, ...] = ALPHAS
    correction: Literal["fdr_bh"] = "fdr_bh"


def tested(db: Connection, period: Period, actor: Actor, query: Query) -> tuple[Table, Significance]:
    """Reports of the period by grid, community or cell, each with what the test says of it.

    Raises:
        Unavailable: by cell, and no base layer is published yet.
    """
    if query.by == "cell":
        return _cells(db, period, actor, query)
    counted, unlocated, denominator = stats.by_grid(db, period, actor, query.category)
    visits = stats.visits_by_grid(db, period)
    base = sorted((one.id, place) for place, one in enumerate(counted) if one.layer == "base" and not one.retired)
    here = neighbours.ground(db, np.array([version for version, _ in base], dtype=np.int64))
    at = np.array([place for _, place in base], dtype=np.int64)
    if query.by == "grid":
        rows, significance = _by_grid(counted, visits, denominator, here, at, query)
    else:
        rows, significance = _by_community(counted, visits, denominator, here, at, query)
        unlocated += sum(one.n for one in counted if one.seen and one.area_id is None)
    return Table(rows, unlocated, denominator), significance


def _by_grid(
    counted: Sequence[Counted], visits: dict[int, int], denominator: str, here: Ground, at: IntArray, query: Query
) -> tuple[tuple[Row, ...], Significance]:
    areas = _Areas(np.array([one.n for one in counted], dtype=float), _known([one.denom for one in counted]), at)
    told, significance = _test(areas, here, denominator, query)
    return tuple(
        Row(
            one.code,
            one.name,
            one.layer,
            one.n,
            one.denom,
            per_thousand(one.n, one.denom),
            one.retired,
            tested=replace(said, visits=visits.get(one.id, 0)),
        )
        for one, said in zip(counted, told, strict=True)
        if one.seen
    ), significance


def _by_community(
    counted: Sequence[Counted], visits: dict[int, int], denominator: str, here: Ground, at: IntArray, query: Query
) -> tuple[tuple[Row, ...], Significance]:
    """Grids added up by the area that they are in; a reader of a part of one gets the sums of that part, untested.

    Reports of a grid whose households are unknown have nothing to be divided by: the sum's are then unknown too, so it
    has no rate and no test of one.
    """
    members: dict[int, list[Counted]] = {}
    for one in counted:
        if one.area_id is not None:
            members.setdefault(one.area_id, []).append(one)
    place = {area: position for position, area in enumerate(members)}
    group = np.array([place.get(counted[i].area_id or 0, -1) for i in at.tolist()], dtype=np.int64)
    sums = [_sum(grids_of, denominator) for grids_of in members.values()]
    n, of = np.array([n for n, _ in sums], dtype=float), _known([of for _, of in sums])
    joined, there = _joined(here, group, len(members))
    told, significance = _test(_Areas(n, of, there), joined, denominator, query)
    rows = []
    for grids_of, said in zip(members.values(), told, strict=True):
        seen = [one for one in grids_of if one.seen]
        if seen:
            n_seen, of_seen = _sum(seen, denominator)
            whole = all(one.seen or one.retired for one in grids_of)
            beside = sum(visits.get(one.id, 0) for one in seen)
            first, retired = grids_of[0], all(one.retired for one in grids_of)
            rate, test = per_thousand(n_seen, of_seen), replace(said if whole else Tested(), visits=beside)
            name, code = first.area_name or "", first.area_code or ""
            rows.append(Row(code, name, "community", n_seen, of_seen, rate, retired, tested=test))
    return tuple(sorted(rows, key=lambda row: row.code)), significance


def _cells(db: Connection, period: Period, actor: Actor, query: Query) -> tuple[Table, Significance]:
    """Cells with a report of this reader's, and those without one that stand out in areas this reader sees."""
    base = stats.base_grids(db, actor)
    if not base:
        raise Unavailable("no_published_edition")
    here = neighbours.ground(db, np.array([version for version, _ in base], dtype=np.int64))
    counted = stats.by_cell(db, period, actor, here.crs, query.cell_m, query.category)
    lattice = neighbours.cells(db, here, query.cell_m)
    seen = {(one.i, one.j): one.n_seen for one in counted if one.n_seen}
    told: dict[tuple[int, int], Tested] = {}
    if lattice is None:
        significance = _untested("counts", query, "too_many")
    else:
        columns, lines = lattice.touched.columns, lattice.touched.rows
        position = {at: i for i, at in enumerate(zip(columns.tolist(), lines.tolist(), strict=True))}
        n = np.zeros(len(position))
        for one in counted:
            if (i := position.get((one.i, one.j))) is not None:
                n[i] = one.n
        middles = (np.column_stack([columns, lines]).astype(np.float64) + 0.5) * float(query.cell_m)
        ground = replace(here, key=(*here.key, query.cell_m), xy=middles, queen=lattice.queen)
        said, significance = _test(_Areas(n, None, np.arange(len(n))), ground, "none", query)
        own = np.array([whose for _, whose in base], dtype=bool)[lattice.touched.shapes]
        shown = set(lattice.touched.cells[own].tolist())
        for at, i in position.items():
            told[at] = said[i]
            if i in shown and at not in seen and said[i].band not in (None, "none"):
                seen[at] = 0
    ordered = sorted(seen, key=lambda at: (-seen[at], at))
    rows = stats.cell_rows(
        [i for i, _ in ordered], [j for _, j in ordered], [seen[at] for at in ordered], query.cell_m, here.crs
    )
    rows = tuple(replace(row, tested=told.get(at, Tested())) for row, at in zip(rows, ordered, strict=True))
    return Table(rows, stats.without_position(db, period, actor, query.category), "none"), significance


@dataclass(frozen=True)
class _Areas:
    """Counts and households (NaN: unknown; None: there are none to know), and which of them lie on the ground."""

    n: FloatArray
    of: FloatArray | None
    at: IntArray


def _test(areas: _Areas, here: Ground, denominator: str, query: Query) -> tuple[list[Tested], Significance]:
    on: Literal["rates", "counts"] = "counts" if areas.of is None or denominator == "none" else "rates"
    near, reach_m = neighbours.between(here, query.weights, query.k, query.band_m)
    rates = np.full(len(areas.n), np.nan)
    values, few = areas.n[areas.at], np.zeros(len(areas.at), dtype=bool)
    if on == "rates" and areas.of is not None:
        rates = smoothed(areas.n, areas.of) * PER_HOUSEHOLDS
        few = areas.of[areas.at] < query.min_households
        values = np.where(few, np.nan, rates[areas.at])
    told = [Tested(smoothed=rate) for rate in _or_none(rates)]
    if near is None:
        return told, replace(_untested(on, query, "too_many"), band_m=reach_m)
    found = find(values, near, n_permutations=N_PERMUTATIONS if query.inference == "permutation" else 0)
    whys: list[Why | None] = [why if why == "island" or why == "constant" else None for why in found.why]
    if on == "rates":
        unknown = np.isnan(rates[areas.at])
        whys = [
            "no_households" if lacking else "few_households" if too_few else why
            for lacking, too_few, why in zip(unknown.tolist(), few.tolist(), whys, strict=True)
        ]
    zs, ps = _or_none(found.z), _or_none(found.p)
    for place, z, p, band, why in zip(areas.at.tolist(), zs, ps, found.bands, whys, strict=True):
        told[place] = replace(told[place], z=z, p=p, band=band, why=why)
    return told, _said(on, query, found, reach_m)


def _said(on: Literal["rates", "counts"], query: Query, found: Hotspots, reach_m: float | None) -> Significance:
    return replace(
        _untested(on, query, None),
        band_m=reach_m,
        n_tested=found.n_tested,
        n_islands=found.n_islands,
        n_hot=sum(band is not None and band.startswith("hot") for band in found.bands),
        n_cold=sum(band is not None and band.startswith("cold") for band in found.bands),
        reason=found.reason,
    )


def _untested(
    on: Literal["rates", "counts"], query: Query, reason: Literal["too_few", "constant", "too_many"] | None
) -> Significance:
    return Significance(
        on=on,
        weights=query.weights,
        k=query.k if query.weights == "knn" else None,
        band_m=query.band_m if query.weights == "band" else None,
        inference=query.inference,
        n_permutations=N_PERMUTATIONS if query.inference == "permutation" else None,
        min_households=query.min_households if on == "rates" else None,
        n_tested=0,
        n_islands=0,
        n_hot=0,
        n_cold=0,
        reason=reason,
    )


def _joined(here: Ground, group: IntArray, n_groups: int) -> tuple[Ground, IntArray]:
    """The ground of groups of areas, and which groups lie on it: those of which an area does."""
    within = group >= 0
    m2 = np.bincount(group[within], here.m2[within], n_groups).astype(np.float64)
    there = np.flatnonzero(m2 > 0)
    middles = [np.bincount(group[within], (here.m2 * axis)[within], n_groups)[there] / m2[there] for axis in here.xy.T]
    queen = weights.kept(weights.grouped(here.queen, group, n_groups), m2 > 0)
    key = (*here.key, group.tobytes())
    return Ground(key, there, here.crs, np.column_stack(middles), m2[there], queen), there


def _sum(counted: Sequence[Counted], denominator: str) -> tuple[int, int | None]:
    """Reports and households together; None instead of households that are not known of every grid with reports."""
    n, known = sum(one.n for one in counted), [one.denom for one in counted if one.denom is not None]
    lacking = any(one.n and one.denom is None and not _elsewhere(one, denominator) for one in counted)
    return n, sum(known) if known and not lacking else None


def _elsewhere(one: Counted, denominator: str) -> bool:
    """Whether other grids have its households: those that took its place, or for stated ones the base grid below."""
    return one.retired or (one.layer != "base" and denominator == "stated")


def _known(of: Sequence[int | None]) -> FloatArray:
    return np.array([np.nan if one is None else one for one in of], dtype=float)


def _or_none(values: FloatArray) -> list[float | None]:
    return [
        None if unknown else value for value, unknown in zip(values.tolist(), np.isnan(values).tolist(), strict=True)
    ]
