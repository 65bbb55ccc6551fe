"""The figures behind the maps: reports and visits by grid or cell, each with what it is divided by."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gridsvc import stats
from gridsvc.i18n import translate
from gridsvc.web import answers, schemas
from gridsvc.web.api import period, rows
from gridsvc.web.deps import Unit, may
from maps import legend

router = APIRouter(prefix="/api/v1/stats", tags=["stats"])

First = Annotated[schemas.Day | None, Query(alias="from", description="first day; by default 89 days before the last")]
Last = Annotated[schemas.Day | None, Query(alias="to", description="last day, included; by default today")]
MIN_CELL_M, MAX_CELL_M = 50, 20_000


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
    chosen = period.chosen(first, last, unit.now, unit.mine.settings.zone)
    if by == "cell":
        table = stats.hotspot_cells(unit.db, chosen.bounds, unit.actor, cell_m, category=category)
    else:
        table = stats.hotspots(unit.db, chosen.bounds, unit.actor, category=category)
    return _answer(request, unit, "hotspots", chosen, by, table)


@router.get(
    "/coverage",
    operation_id="coverage",
    responses={200: {"model": schemas.StatsOut}},
)
def coverage(
    request: Request,
    unit: Annotated[Unit, may("read_stats")],
    first: First = None,
    last: Last = None,
    by: Literal["grid"] = "grid",
) -> Response:
    """Distinct doors reached in a period against all registered doors, by grid."""
    chosen = period.chosen(first, last, unit.now, unit.mine.settings.zone)
    table = stats.coverage(unit.db, chosen.bounds, unit.actor)
    return _answer(request, unit, "coverage", chosen, by, table)


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


def _answer(
    request: Request,
    unit: Unit,
    view: legend.View,
    chosen: period.Days,
    by: str,
    table: stats.Table,
) -> Response:
    made = told(table, view)
    label = translate(f"denominator.{table.denominator}", unit.locale)
    content = {
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
    }
    return answers.data(request, content)
