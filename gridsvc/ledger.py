"""The ledger (对账) from the logs, for any period, by grid, community, department or category; and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import Connection

from gridsvc.db.queries import load
from gridsvc.errors import Refused
from gridsvc.rules.ledger import Line, Outcomes, total
from gridsvc.rules.roles import Actor, may
from gridsvc.stats import scope

By = Literal["grid", "area", "department", "category"]
BYS: tuple[By, ...] = get_args(By)


@dataclass(frozen=True)
class Row:
    """One line with what it is about; `code` is null for what was on no grid, in no area or with no department."""

    code: str | None
    name: str | None
    name_en: str | None
    layer: str | None
    line: Line


@dataclass(frozen=True)
class Ledger:
    """The lines by code, their sum, what became of the reports received in the period, and how many of these a later
    import said were received at another time (`corrected`): the figures are made with that time.

    For a reader who sees everything as many move in as move out; for others a report also moves when it enters or
    leaves what they see.
    """

    rows: tuple[Row, ...]
    whole: Line
    outcomes: Outcomes
    corrected: int

    @property
    def reconciles(self) -> bool:
        """Whether nothing is missing, in any line."""
        return not self.outcomes.missing and all(row.line.missing == 0 for row in self.rows)


def load_period(db: Connection, actor: Actor, by: By, from_at: datetime, to_at: datetime) -> Ledger:
    """The ledger of a period from `from_at` (inclusive) to `to_at` (exclusive), as far as this reader sees it.

    A report keeps its history: figures of a past period do not change when borders, departments or categories do later.
    Only when an import says that a report was received at another time they do, and `corrected` counts these.

    Raises:
        Refused: the period ends before it begins.
    """
    if to_at <= from_at:
        raise Refused("period_reversed", first=from_at.isoformat(), last=to_at.isoformat())
    values = scope(actor) | {"queue": may(actor, "place"), "by": by, "from_at": from_at, "to_at": to_at}
    rows = []
    for row in db.execute(load("ledger_flows"), values).mappings():
        told = dict(row)
        about = {name: told.pop(name) for name in ("code", "name", "name_en", "layer")}
        rows.append(Row(**about, line=Line(**told)))
    whole, became = total(row.line for row in rows), outcomes(db, actor, from_at, to_at)
    return Ledger(tuple(rows), whole, became, corrected(db, actor, from_at, to_at, to_at))


def corrected(db: Connection, actor: Actor, from_at: datetime, to_at: datetime, held_at: datetime) -> int:
    """How many reports came into a period or left it, or moved in it, by what an import said from `held_at` on."""
    values = scope(actor) | {"queue": may(actor, "place"), "from_at": from_at, "to_at": to_at, "held_at": held_at}
    return int(db.execute(load("figures_corrected"), values).scalar_one())


def outcomes(db: Connection, actor: Actor, from_at: datetime, to_at: datetime) -> Outcomes:
    """What has become of the reports received in the period, as of now."""
    values = scope(actor) | {"queue": may(actor, "place"), "from_at": from_at, "to_at": to_at}
    return Outcomes(**db.execute(load("ledger_outcomes"), values).mappings().one())
