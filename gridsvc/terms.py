"""What this installation has agreed on: working calendar, limits of stages, how limits count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from gridsvc import worktime
from gridsvc.db.queries import ask
from gridsvc.db.queries import load as query
from gridsvc.rules.calendar import DAY_PARTS, Part
from gridsvc.rules.case import Terms
from gridsvc.rules.deadlines import Limit, StageLimits
from gridsvc.stored import Stored, store


@dataclass(frozen=True)
class Agreed:
    """The terms of every category, and whether the territory takes what no list names."""

    general: Terms
    by_category: Mapping[str, StageLimits]
    fallback: bool = False

    def of(self, category: str) -> Terms:
        """The terms of one category: of each stage its own limit, else that of its class, else the general one.

        A class is a beginning of the code, as in the responsibility lists; the longest one counts.
        """
        stages = self.general.stages
        for end in range(1, len(category) + 1):
            own = self.by_category.get(category[:end])
            stages = stages if own is None else own.over(stages)
        return self.general if stages is self.general.stages else replace(self.general, stages=stages)


@dataclass(frozen=True)
class StageLimit:
    """How long a stage (verify, dispatch, accept, dispose, check) may last: of a category or class, or (None) all."""

    stage: str
    category: str | None
    limit: Limit

    @property
    def key(self) -> str:
        """What no two of them may share."""
        return f"{self.stage}|{self.category or ''}"


def save(db: Connection, limits: Sequence[StageLimit]) -> Stored:
    """Adds limits of stages, or changes those for the same stage and category, which must be stored."""
    rows = (
        {"key": one.key, "stage": one.stage, "category": one.category}
        | {"amount": one.limit.amount, "unit": one.limit.unit}
        for one in limits
    )
    return store(db, query("save_stage_limit"), rows)


def drop_others(db: Connection, limits: Sequence[StageLimit]) -> int:
    """How many stored limits went because the new list does not have them."""
    return len(db.execute(query("drop_other_stage_limits"), {"keys": [one.key for one in limits]}).all())


def load(
    db: Connection,
    zone: str,
    *,
    convention: str = "rolling",
    due_from: str = "received",
    sample_share: float = 0.1,
    fallback: bool = False,
    parts: Sequence[Part] = DAY_PARTS,
) -> Agreed:
    """The terms as they are stored now; read once per request or command.

    Args:
        zone: IANA name of the zone in which days are counted.
        convention: how working days count, `rolling` or `next_day` (`rules.deadlines`).
        due_from: the instant a limit runs from: `received`, `filed` or `dispatched`.
        parts: the hours of a working day by the clock on the wall, in order.

    Raises:
        Refused: `calendar_parts_wrong`.
    """
    by_category: dict[str | None, dict[str, object]] = {}
    for row in ask(db, "stage_limits", {}):
        by_category.setdefault(row.category, {})[row.stage] = Limit(row.amount, row.unit).to_json()
    stages = {category: StageLimits.from_json(limits) for category, limits in by_category.items()}
    general = Terms(
        replace(worktime.load(db, zone), parts=tuple(parts)),
        "next_day" if convention == "next_day" else "rolling",
        stages.get(None, StageLimits()),
        due_from,
        sample_share,
    )
    return Agreed(general, {code: one for code, one in stages.items() if code is not None}, fallback)
