"""The figures behind the maps: reports and visits by grid or cell, each with what it is divided by."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, cast

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gridsvc import coverage, stats
from gridsvc.i18n import translate
from gridsvc.web import answers, schemas
from gridsvc.web.api import coverage_files, coverage_rows, period, rows
from gridsvc.web.deps import RuleDep, Unit, may
from maps import legend

router = APIRouter(prefix="/api/v1/stats", tags=["stats"])

First = Annotated[schemas.Day | None, Query(alias="from", description="first day; by default 89 days before the last")]
Last = Annotated[schemas.Day | None, Query(alias="to", description="last day, included; by default today")]
MIN_CELL_M, MAX_CELL_M = 50, 20_000
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
    by: Literal["grid", "cell"] = "grid",
    cell_m: Annotated[int, Query(ge=MIN_CELL_M, le=MAX_CELL_M, description="side of a square cell")] = 500,
) -> Response:
    """Reports received in a period, by grid (and per 1,000 households where they are known) or by square cell."""
    made = hotspots_told(unit, first, last, category=category, by=by, cell_m=cell_m)
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
    table = coverage.table(unit.db, asked, unit.actor, unit.now, zone, rule=rule)
    if file_format != "json":
        return coverage_files.answer(unit, table, file_format)
    return answers.data(request, coverage_rows.told(table, unit))


def hotspots_told(
    unit: Unit, first: date | None, last: date | None, *, category: str | None, by: str, cell_m: int
) -> rows.Json:
    """The answer about hotspots, which the page draws on a screen and `pages.map_paper` on paper."""
    chosen = period.chosen(first, last, unit.now, unit.mine.settings.zone)
    if by == "cell":
        table = stats.hotspot_cells(unit.db, chosen.bounds, unit.actor, cell_m, category=category)
    else:
        table = stats.hotspots(unit.db, chosen.bounds, unit.actor, category=category)
    return _answer(unit, "hotspots", chosen, by, table)


def told(table: stats.Table, view: legend.View) -> list[rows.Json]:
    """The rows as they are sent; the value is a `rate` per 1,000 households (hotspots) or a `share` (coverage)."""
    measure = "rate" if view == "hotspots" else "share"
    made = []
    for row in table.rows:
        one = {"code": row.code, "name": row.name, "layer": row.layer, "n": row.n, "denom": row.denom}
        one |= {measure: row.value, "retired": row.retired}
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
