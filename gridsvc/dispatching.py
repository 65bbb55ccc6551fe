"""Where several reports would go if they were dispatched by the responsibility lists now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select, tuple_

from gridsvc import responsibility
from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.rules.deadlines import LADDER
from gridsvc.rules.roles import Actor, may
from gridsvc.stats import scope

Key = tuple[str, str, int]  # source, number and repeat of a report


@dataclass(frozen=True)
class Planned:
    """The department that would lead; None where no list names one, so that somebody has to choose."""

    key: Key
    department: str | None
    routing: str


def planned(db: Connection, actor: Actor, keys: Sequence[Key], *, fallback: bool) -> list[Planned]:
    """One for each of the reports that this reader sees and that waits for dispatch, in the order of their ids."""
    r, p, g = t.report.c, t.placement.c, t.grid_version.c
    rows = db.execute(
        select(r.id, r.source, r.number, r.repeat, r.category, r.level, g.area_id)
        .join_from(t.report, t.placement, (p.report_id == r.id) & p.to_at.is_(None))
        .outerjoin(t.grid_version, g.id == p.grid_version_id)
        .where(tuple_(r.source, r.number, r.repeat).in_(list(keys)), r.state == "filed")
        .order_by(r.id)
    ).all()
    which = scope(actor) | {"sees_unplaced": may(actor, "place")}
    answers: dict[tuple[str, int | None, str], responsibility.Answer] = {}
    found: list[Planned] = []
    for row in rows:
        if not db.scalar(load("sees_report"), which | {"report_id": row.id}):
            continue
        asked = (row.category, row.area_id, row.level or LADDER[0])
        if asked not in answers:
            answers[asked] = responsibility.find(db, *asked, fallback=fallback)
        answer = answers[asked]
        found.append(Planned((row.source, row.number, row.repeat), answer.lead_name, answer.routing))
    return found
