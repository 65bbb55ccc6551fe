"""A coverage as JSON: compact enough for ten thousand grids, with everything that its figures mean."""

from __future__ import annotations

from dataclasses import asdict

from gridsvc import coverage
from gridsvc.coverage import Key, Row, Table
from gridsvc.i18n import Locale, translate
from gridsvc.rules.coverage import COUNTS, FOUR, RATES, figures
from gridsvc.rules.suppression import BELOW
from gridsvc.web.api import coverage_files, rows
from gridsvc.web.deps import Unit
from maps import legend

_N, _OF = COUNTS.index(RATES[0].n), COUNTS.index(RATES[0].of)


def told(table: Table, unit: Unit) -> rows.Json:
    """The answer: `rows` with the counts in the order of `counts`, the whole, what stands beside, the definitions.

    By grid alone the doors in no grid are in `unlocated` (reached) and `nowhere`, so that `rows` are those of a map.
    """
    zone, lang, by = unit.mine.settings.zone, unit.locale, table.query.by
    made = [_row(row, by, lang) for row in table.rows]
    nowhere = None
    if by == ("grid",):
        nowhere = next((row for row in made if row["code"] is None), None)
        made = [row for row in made if row["code"] is not None]
    target = None if table.campaign is None else table.campaign.wanted.target_percent / 100
    source = "registered" if table.campaign is None else "listed"
    return {
        "as_of": rows.moment(table.as_of, zone),
        "past": table.past,
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
        "rows": made,
        "target": target,
        "legends": _legends(made, target) if by == ("grid",) else {},
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
