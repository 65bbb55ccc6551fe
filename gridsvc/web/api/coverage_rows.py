"""A coverage as JSON: compact enough for ten thousand grids, with everything that its figures mean."""

from __future__ import annotations

import json
from dataclasses import asdict

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from gridsvc import coverage
from gridsvc.campaigns import Campaign
from gridsvc.coverage import Key, Query, Row, Table
from gridsvc.grids import Rule
from gridsvc.i18n import Locale, translate
from gridsvc.rules.coverage import COUNTS, FOUR, RATES, figures
from gridsvc.rules.suppression import BELOW
from gridsvc.web import answers
from gridsvc.web.api import coverage_files, rows
from gridsvc.web.deps import Unit
from maps import legend

_N, _OF = COUNTS.index(RATES[0].n), COUNTS.index(RATES[0].of)


def told(table: Table, unit: Unit) -> rows.Json:
    """The answer: `rows` with the counts in the order of `counts`, the whole, what stands beside, the definitions.

    By grid alone the doors in no grid are in `unlocated` (reached) and `nowhere`, so that `rows` are those of a map.
    """
    nowhere, tail = _rows(table, unit.locale)
    return _head(table, unit, nowhere) | tail


def answer(request: Request, unit: Unit, query: Query, rule: Rule) -> Response:
    """The same as a response; what is kept by grid is put into words once for each version of it."""
    zone = unit.mine.settings.zone
    kept = coverage.kept(unit.db, query, unit.actor, unit.now)
    if kept is None:
        return answers.data(request, told(coverage.table(unit.db, query, unit.actor, unit.now, zone, rule=rule), unit))

    def make() -> bytes:
        table = coverage.table(unit.db, query, unit.actor, unit.now, zone, rule=rule)
        nowhere, tail = _rows(table, unit.locale)
        return to_json([table.values, nowhere]) + b"\n" + to_json(tail)

    name = f"coverage/{unit.locale}/{_target(kept.campaign)}/{kept.version}"
    begin, tail = unit.mine.bodies.get(name, make).split(b"\n", 1)
    values, nowhere = json.loads(begin)
    table = coverage.around(unit.db, query, kept, tuple(values), unit.actor, unit.now, zone)
    head = to_json(_head(table, unit, nowhere))
    return answers.joined(request, head[:-1] + b",", tail[1:], unit.mine.bodies, name)


def _target(campaign: Campaign | None) -> float | None:
    return None if campaign is None else campaign.wanted.target_percent / 100


def _rows(table: Table, lang: Locale) -> tuple[rows.Json | None, rows.Json]:
    """The row of what is in no grid, where rows are grids; and the end of the answer, with all other rows."""
    by = table.query.by
    made = [_row(row, by, lang) for row in table.rows]
    if by != ("grid",):
        return None, {"rows": made, "legends": {}}
    nowhere = next((row for row in made if row["code"] is None), None)
    made = [row for row in made if row["code"] is not None]
    return nowhere, {"rows": made, "legends": _legends(made, _target(table.campaign))}


def _head(table: Table, unit: Unit, nowhere: rows.Json | None) -> rows.Json:
    zone, lang, by = unit.mine.settings.zone, unit.locale, table.query.by
    source = "registered" if table.campaign is None else "listed"
    return {
        "as_of": table.as_of.astimezone(zone).isoformat(),
        "past": table.past,
        "unknown_before": rows.moment(table.unknown_before, zone),
        "from": table.window.first.isoformat(),
        "to": table.window.last.isoformat(),
        "by": ",".join(by) or "total",
        "campaign": table.campaign and {"code": table.campaign.code, "name": table.campaign.wanted.name},
        "edition": table.query.edition,
        "denominator": {"source": source, "label": translate(f"denominator.{source}", lang)},
        "unlocated": 0 if nowhere is None else nowhere["n"] or 0,
        "nowhere": nowhere,
        "added": table.added,
        "outside": table.outside,
        "counts": {name: translate(f"coverage.count.{name}", lang) for name in COUNTS},
        "rates": _rates(lang),
        "total": _whole(table.counts),
        "four": {
            name: {"n": table.counts.get(of), "name": translate(f"coverage.four.{name}", lang)}
            for name, of in FOUR.items()
        },
        "hidden_below": BELOW,
        "notes": coverage_files.notes(table, unit),
        "target": _target(table.campaign),
    }


def _legends(made: list[rows.Json], target: float | None) -> rows.Json:
    """A campaign's shares by its target, others by fixed limits."""
    return legend.legends("coverage", made) if target is None else {"share": asdict(legend.against(target, made))}


def _row(row: Row, by: tuple[coverage.Dim, ...], lang: Locale) -> rows.Json:
    keys, values = row
    if len(by) == 1:
        one = _key(keys[0], by[0], lang)
    else:
        one = {"keys": [_key(key, dim, lang) for key, dim in zip(keys, by, strict=True)]}
    if values is None:
        one["n"] = one["denom"] = one["share"] = one["counts"] = None
        return one
    one["n"] = n = values[_N]
    one["denom"] = of = values[_OF]
    one["share"] = n / of if of else None
    one["counts"] = values
    return one


def _key(key: Key, dim: coverage.Dim, lang: Locale) -> rows.Json:
    if dim == "grid" and key.code is not None:
        return {"code": key.code, "name": key.name, "layer": key.layer, "retired": False}
    return {"code": key.code, "name": coverage_files.name_of(key, dim, lang)}


def _rates(lang: Locale) -> list[rows.Json]:
    return [
        {
            "id": rate.id,
            "n": rate.n,
            "of": rate.of,
            "name": translate(f"coverage.rate.{rate.id}", lang),
            "definition": translate(f"coverage.definition.{rate.id}", lang),
        }
        for rate in RATES
    ]


def _whole(counts: dict[str, int]) -> rows.Json | None:
    if not counts:
        return None
    rates = [vars(one) | {"percent": None if one.percent is None else str(one.percent)} for one in figures(counts)]
    return {"counts": counts, "rates": rates}
