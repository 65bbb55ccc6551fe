"""The ledger and the rates of a period, each figure with what it was made from."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gridsvc import ledger, performance
from gridsvc.errors import Refused
from gridsvc.i18n import translate
from gridsvc.rules.rates import RATES, THREE_RATE_WEIGHTS, Definition, Figure
from gridsvc.web import answers, schemas
from gridsvc.web.api import period, rows
from gridsvc.web.deps import Unit, may

router = APIRouter(prefix="/api/v1", tags=["stats"])

First = Annotated[schemas.Day | None, Query(alias="from", description="first day; by default 89 days before the last")]
Last = Annotated[schemas.Day | None, Query(alias="to", description="last day, included; by default today")]
By = Annotated[ledger.By, Query(description="what the rows are about; `area` is the community of the grid")]


@router.get("/ledger", operation_id="ledger", responses={200: {"model": dict[str, Any]}})
def reconciled(
    request: Request, unit: Annotated[Unit, may("read_ledger")], first: First = None, last: Last = None, by: By = "area"
) -> Response:
    """What was on the ledger, came and went in a period; `missing` is 0 in each row where it reconciles.

    `corrected`: so many reports were received at another time than before, by an import after the period.
    """
    chosen = period.chosen(first, last, unit.now, unit.mine.settings.zone)
    found = ledger.load_period(unit.db, unit.actor, by, chosen.bounds.from_at, chosen.bounds.to_at)
    content = _head(unit, chosen, by) | {
        "reconciles": found.reconciles,
        "total": asdict(found.whole) | {"missing": found.whole.missing},
        "outcomes": asdict(found.outcomes),
        "corrected": found.corrected,
        "rows": [
            _named(row.code, row.name, row.name_en, row.layer, by, unit)
            | asdict(row.line)
            | {"missing": row.line.missing}
            for row in found.rows
        ],
    }
    return answers.data(request, content)


@router.get("/stats/rates", operation_id="rates", responses={200: {"model": dict[str, Any]}})
def rates(
    request: Request,
    unit: Annotated[Unit, may("read_stats")],
    first: First = None,
    last: Last = None,
    by: By = "area",
    definition: Annotated[Definition, Query(description="what counts as due for closing")] = "due_i",
    without_suspended: Annotated[bool, Query(description="take suspended ones out of what was due")] = False,
    weights: Annotated[
        schemas.Words | None, Query(max_length=20, description="of response, solved, satisfaction; together 100")
    ] = None,
) -> Response:
    """The published rates of a period, numerator and denominator beside each; a share over nothing is null."""
    chosen = period.chosen(first, last, unit.now, unit.mine.settings.zone)
    weighed = _weights(weights)
    found = performance.rates(
        *(unit.db, unit.actor, chosen.bounds, by),
        definition=definition,
        without_suspended=without_suspended,
        weights=weighed,
    )
    content = _head(unit, chosen, by) | {
        "definition": definition,
        "definition_text": translate(f"rates.definition.{definition}", unit.locale),
        "without_suspended": without_suspended,
        "weights": list(weighed),
        "definitions": {
            one.id: {
                "name": translate(f"rates.{one.id}", unit.locale),
                "n": translate(f"measures.{one.n}", unit.locale),
                "of": translate(f"measures.{one.of}", unit.locale),
                "by_definition": one.by_definition,
            }
            for one in RATES
        },
        "corrected": found.corrected,
        "waits": {
            **{name: getattr(found.waits, name) for name in ("n_questions", "n_reports", "n_again")},
            "waited_s": found.waits.waited.total_seconds(),
        },
        "total": _rates(found.whole),
        "rows": [_named(row.code, row.name, row.name_en, row.layer, by, unit) | _rates(row) for row in found.rows],
    }
    return answers.data(request, content)


def _head(unit: Unit, chosen: period.Days, by: str) -> rows.Json:
    as_of = rows.moment(unit.now, unit.mine.settings.zone)
    return {"as_of": as_of, "from": chosen.first.isoformat(), "to": chosen.last.isoformat(), "by": by}


def _named(
    code: str | None, name: str | None, name_en: str | None, layer: str | None, by: str, unit: Unit
) -> rows.Json:
    if code is None:
        name = translate(f"ledger.none.{by}", unit.locale)
    elif name_en is not None and unit.locale != "zh":
        name = name_en
    return {"code": code, "name": name} | ({"layer": layer} if by == "grid" else {})


def _rates(row: performance.Row) -> rows.Json:
    score = None if row.score is None else str(row.score)
    return {"rates": [_figure(one) for one in row.figures], "three_rate_score": score}


def _figure(one: Figure) -> rows.Json:
    percent = None if one.percent is None else str(one.percent)
    return {"id": one.id, "n": one.n, "of": one.of, "share": one.share, "percent": percent}


def _weights(text: str | None) -> tuple[int, int, int]:
    if text is None:
        return THREE_RATE_WEIGHTS
    parts = text.split(",")
    if len(parts) != 3 or not all(part.strip().isascii() and part.strip().isdigit() for part in parts):
        raise Refused("weights_not_100", weights=text)
    one, two, three = (int(part) for part in parts)
    return one, two, three
