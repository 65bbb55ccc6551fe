"""The figures behind the maps: reports and visits by grid or cell, each with what it is divided by."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Literal, cast

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from geodata.weights import NEAREST
from gridsvc import coverage, stats
from gridsvc import hotspots as verbs
from gridsvc.i18n import translate
from gridsvc.neighbours import Kind
from gridsvc.web import answers, schemas
from gridsvc.web.api import coverage_files, coverage_rows, period, rows
from gridsvc.web.deps import RuleDep, Unit, may
from maps import legend

router = APIRouter(prefix="/api/v1/stats", tags=["stats"])

First = Annotated[schemas.Day | None, Query(alias="from", description="first day; by default 89 days before the last")]
Last = Annotated[schemas.Day | None, Query(alias="to", description="last day, included; by default today")]
MIN_CELL_M, MAX_CELL_M = 50, 20_000
MAX_K, MAX_BAND_M = 100, 100_000
TESTED = ("smoothed", "z", "p", "band", "why", "visits")
_DIM = f"({'|'.join(coverage.DIMS)})"
BY = f"^(total|{_DIM}(,{_DIM})?)$"
BY_TOLD = f"one or two of {', '.join(coverage.DIMS)}, with a comma between them; or total"


@router.get(
    "/hotspots",
    operation_id="hotspots",
    responses={200: {"model": schemas.StatsOut}},
)
def hotspots(
    request: Request,
    unit: Annotated[Unit, may("read_stats")],
    first: First = None,
    last: Last = None,
    category: Annotated[schemas.Words | None, Query(min_length=1, max_length=100)] = None,
    by: stats.By = "grid",
    cell_m: Annotated[int, Query(ge=MIN_CELL_M, le=MAX_CELL_M, description="side of a square cell")] = 500,
    weights: Annotated[
        Kind, Query(description="neighbours: common border or corner, the k nearest, all near")
    ] = "queen",
    k: Annotated[int, Query(ge=1, le=MAX_K, description="for weights knn")] = NEAREST,
    band_m: Annotated[int | None, Query(ge=1, le=MAX_BAND_M, description="for weights band; else the least")] = None,
    inference: Annotated[Literal["normal", "permutation"], Query(description="where p comes from")] = "normal",
) -> Response:
    """Reports received in a period, by grid or community (and per 1,000 households where these are known) or by
    square cell, each with Getis-Ord Gi* over all published areas and what that is worth among so many tests."""
    made = hotspots_told(
        unit,
        first,
        last,
        category=category,
        by=by,
        cell_m=cell_m,
        weights=weights,
        k=k,
        band_m=band_m,
        inference=inference,
    )
    return answers.data(request, made)


@router.get("/coverage", operation_id="coverage", responses={200: {"model": schemas.CoverageOut}})
def covered(
    request: Request,
    unit: Annotated[Unit, may("read_stats")],
    rule: RuleDep,
    first: Annotated[schemas.Day | None, Query(alias="from", description="first day; narrows a campaign's")] = None,
    last: Annotated[schemas.Day | None, Query(alias="to", description="last day, included")] = None,
    by: Annotated[schemas.Words, Query(max_length=40, pattern=BY, description=BY_TOLD)] = "grid",
    campaign: Annotated[schemas.Words | None, Query(max_length=40, description="its list; else the register")] = None,
    class_code: Annotated[schemas.Words | None, Query(alias="class", max_length=100)] = None,
    kind: Annotated[Literal["household", "shop", "firm"] | None, Query()] = None,
    edition: Annotated[int | None, Query(ge=1, le=2**62, description="by the grids of this edition")] = None,
    as_of: Annotated[schemas.Moment | None, Query(description="what was on record then; by default now")] = None,
    file_format: Annotated[Literal["json"] | coverage_files.FileFormat, Query(alias="format")] = "json",
) -> Response:
    """Coverage of visits: doors reached of those eligible, by one or two things; each share with its counts."""
    zone = unit.mine.settings.zone
    at = None if as_of is None else period.instant(as_of, zone)
    dims = cast("tuple[coverage.Dim, ...]", tuple(by.split(",")) if by != "total" else ())
    asked = coverage.Query(dims, campaign, first, last, class_code, kind, edition, at)
    if file_format == "json":
        return coverage_rows.answer(request, unit, asked, rule)
    table = coverage.table(unit.db, asked, unit.actor, unit.now, zone, rule=rule)
    return coverage_files.answer(unit, table, file_format)


def hotspots_told(
    unit: Unit,
    first: date | None,
    last: date | None,
    *,
    category: str | None,
    by: stats.By,
    cell_m: int,
    weights: Kind = "queen",
    k: int = NEAREST,
    band_m: float | None = None,
    inference: Literal["normal", "permutation"] = "normal",
) -> rows.Json:
    """The answer about hotspots, which the page draws on a screen and `pages.map_paper` on paper."""
    chosen = period.chosen(first, last, unit.now, unit.mine.settings.zone)
    asked = verbs.Query(by, category, cell_m, weights, k, band_m, inference, legend.FEW_HOUSEHOLDS)
    table, significance = verbs.tested(unit.db, chosen.bounds, unit.actor, asked)
    return _answer(unit, "hotspots", chosen, by, table) | {"significance": asdict(significance)}


def told(table: stats.Table, view: legend.View) -> list[rows.Json]:
    """The rows as they are sent; the value is a `rate` per 1,000 households (hotspots) or a `share` (coverage)."""
    measure = "rate" if view == "hotspots" else "share"
    made = []
    for row in table.rows:
        one = {"code": row.code, "name": row.name, "layer": row.layer, "n": row.n, "denom": row.denom}
        one |= {measure: row.value, "retired": row.retired}
        if row.tested is not None:
            one |= {name: getattr(row.tested, name) for name in TESTED}
        if row.ring is not None:
            one["ring"] = row.ring
        made.append(one)
    return made


def _answer(unit: Unit, view: legend.View, chosen: period.Days, by: str, table: stats.Table) -> rows.Json:
    made = told(table, view)
    label = translate(f"denominator.{table.denominator}", unit.locale)
    return {
        "as_of": rows.moment(unit.now, unit.mine.settings.zone),
        "from": chosen.first.isoformat(),
        "to": chosen.last.isoformat(),
        "by": by,
        "denominator": {
            "source": table.denominator,
            "label": label,
        },
        "unlocated": table.n_unlocated,
        "rows": made,
        "legends": legend.legends(view, made),
        "legends_fixed": legend.legends_fixed(view, made),
    }
