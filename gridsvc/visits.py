"""Visits: recorded once by the phone's own key; an attempt is kept, but only a door reached is coverage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from gridsvc.db import tables as t


@dataclass(frozen=True)
class Visit:
    """A call at a door: what came of it, when it happened and when it was written down."""

    client_key: UUID
    household_id: int
    worker_id: int | None
    outcome: str
    happened_at: datetime
    recorded_at: datetime


def record(db: Connection, visits: Sequence[Visit]) -> int:
    """How many visits were new; one whose key came before is left as it is."""
    if not visits:
        return 0
    new = insert(t.visit).on_conflict_do_nothing(index_elements=["client_key"]).returning(t.visit.c.id)
    return len(list(db.scalars(new, [vars(visit) for visit in visits])))
