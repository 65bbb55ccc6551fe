"""Retention of what was said at doors: the words of visits go after a while; that the visit was, and counts, stays."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from gridsvc.db.queries import load
from gridsvc.errors import Refused


def blank(db: Connection, before: datetime, now: datetime, batch: UUID) -> int:
    """How many visits that came in before an instant lost their needs and answers; each is a deletion record.

    Needs the owning role: the serving one cannot change a visit. A phone that sends such a visit again is answered
    `same` by its key alone.

    Raises:
        Refused: `retention_ahead`: the instant lies in the future.
    """
    if before > now:
        raise Refused("retention_ahead", before=before.isoformat())
    values = {"before": before, "now": now, "batch": batch, "rule": f"visits recorded before {before.isoformat()}"}
    return int(db.execute(load("visit_retention"), values).scalar_one())
