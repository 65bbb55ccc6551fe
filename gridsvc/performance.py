"""Rates of a period by grid, community, department or category: counts from SQL, shares from `rules.rates`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import Connection

from gridsvc.db.queries import load
from gridsvc.errors import Refused
from gridsvc.ledger import By, corrected
from gridsvc.rules.case import MAX_WAITING
from gridsvc.rules.rates import MEASURES, THREE_RATE_WEIGHTS, Definition, Figure, figures, three_rate_score
from gridsvc.rules.roles import Actor, may
from gridsvc.stats import Period, scope


@dataclass(frozen=True)
class Row:
    """The rates of one grid, community, department or category; `code` is null for what belongs to none.

    `score` is the three rates (response, solved, satisfied) in one, in per cent; null where one has no denominator.
    """

    code: str | None
    name: str | None
    name_en: str | None
    layer: str | None
    counts: Mapping[str, int]
    figures: tuple[Figure, ...]
    score: Decimal | None


@dataclass(frozen=True)
class Waits:
    """What residents were asked in a period: questions, about how many reports, about how many of these more than once,
    and how long the clock stood still for their answers."""

    n_questions: int
    n_reports: int
    n_again: int
    waited: timedelta


@dataclass(frozen=True)
class Rates:
    """The rows by code, never by rank, and the whole; `corrected` as in `ledger.Ledger`."""

    rows: tuple[Row, ...]
    whole: Row
    corrected: int
    waits: Waits


def rates(
    db: Connection,
    actor: Actor,
    period: Period,
    by: By,
    *,
    definition: Definition = "due_i",
    without_suspended: bool = False,
    weights: tuple[int, int, int] = THREE_RATE_WEIGHTS,
) -> Rates:
    """The rates of a period as far as this reader sees it, by the grids that held at its end.

    Every case counts as it stood when the period ended, by its log: what happens later (a rework, a reopening, another
    category) changes no rate of a past period. An import that says it was received at another time does: `corrected`.

    Raises:
        Refused: the period ends before it begins; the weights do not add up to 100.
    """
    if period.to_at <= period.from_at:
        raise Refused("period_reversed", first=period.from_at.isoformat(), last=period.to_at.isoformat())
    values = scope(actor) | {"queue": may(actor, "place"), "by": by, "definition": definition}
    values |= {"from_at": period.from_at, "to_at": period.to_at, "held_at": period.held_at}
    values |= {"without_suspended": without_suspended}
    rows = []
    for row in db.execute(load("rates_counts"), values).mappings():
        counts = {name: int(row[name] or 0) for name in MEASURES}  # none where an area had no report at all
        if any(counts.values()):
            rows.append(_row(row["code"], row["name"], row["name_en"], row["layer"], counts, weights))
    sums = {name: sum(row.counts[name] for row in rows) for name in MEASURES}
    changed = corrected(db, actor, period.from_at, period.to_at, period.held_at)
    return Rates(tuple(rows), _row(None, None, None, None, sums, weights), changed, waits(db, actor, period))


def waits(db: Connection, actor: Actor, period: Period) -> Waits:
    """How often residents were asked, as far as this reader sees it: while they are, no deadline comes nearer."""
    values = scope(actor) | {"queue": may(actor, "place"), "from_at": period.from_at, "held_at": period.held_at}
    row = db.execute(load("figures_waits"), values | {"longest_s": MAX_WAITING.total_seconds()}).one()
    return Waits(row.n_questions, row.n_reports, row.n_again, timedelta(seconds=row.waited_s))


def _row(
    code: str | None,
    name: str | None,
    name_en: str | None,
    layer: str | None,
    counts: Mapping[str, int],
    weights: tuple[int, int, int],
) -> Row:
    made = figures(counts)
    by_id = {one.id: one.percent for one in made}
    score = three_rate_score(by_id["response"], by_id["solved"], by_id["satisfaction"], weights)
    return Row(code, name, name_en, layer, counts, made, score)
