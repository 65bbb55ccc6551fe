"""Retention: what people wrote and who they were goes after a while; that it was there, and when it went, stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from gridsvc.db.queries import load
from gridsvc.errors import Refused


@dataclass(frozen=True)
class Blanked:
    """What one run blanked, under the batch that its deletion records name."""

    batch: UUID
    n_reports: int
    n_texts: int
    n_notes: int
    n_reporters: int


def blank(db: Connection, before: datetime, now: datetime, batch: UUID) -> Blanked:
    """Blanks the text of reports that ended before an instant, the words in their logs, and what their reporters left.

    Their position stays: it says where something was wrong, and maps and figures of the past are made of it.

    Needs the owning role: the serving one cannot change the log. The digests stay, so the chain can still be verified.
    A merged report goes with the one it was merged into.

    Raises:
        Refused: `retention_ahead`: the instant lies in the future.
    """
    if before > now:
        raise Refused("retention_ahead", before=before.isoformat())
    values = {"before": before, "now": now, "batch": batch, "rule": f"ended before {before.isoformat()}"}
    row = db.execute(load("retention_blank"), values).one()
    return Blanked(batch, row.n_reports, row.n_texts, row.n_notes, row.n_reporters)
