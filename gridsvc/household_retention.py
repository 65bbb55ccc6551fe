"""Retention of the register: who lived at a door goes some time after the door; that it was there stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from gridsvc.db.queries import load
from gridsvc.errors import Refused


@dataclass(frozen=True)
class Blanked:
    """What one run blanked, under the batch that its deletion records name: doors in all, contacts, words of visits,
    photos of reports made there, notes of the doors' logs and of exclusions, doors whose changes went."""

    batch: UUID
    n_doors: int
    n_contacts: int
    n_visits: int
    n_photos: int
    n_notes: int
    n_changes: int


def blank(db: Connection, before: datetime, changed_before: datetime, now: datetime, batch: UUID) -> Blanked:
    """Blanks contacts, what was said at visits, and the notes of the log, of doors removed before an instant.

    What such a door was before it was changed goes as well, and of any door what it was until before `changed_before`;
    figures as of before the last such change say so from then on.
    Photos of the reports made there go too, where these ended before it; their files go with the next cleaning of
    photos. Needs the owning role: the serving one cannot change visits or logs.

    Raises:
        Refused: `retention_ahead`: the instant lies in the future.
    """
    if max(before, changed_before) > now:
        raise Refused("retention_ahead", before=max(before, changed_before).isoformat())
    values = {"before": before, "now": now, "batch": batch, "rule": f"removed before {before.isoformat()}"}
    values |= {"changed_before": changed_before, "changed_rule": f"changed before {changed_before.isoformat()}"}
    row = db.execute(load("household_retain"), values).one()
    return Blanked(batch, row.n_doors, row.n_contacts, row.n_visits, row.n_photos, row.n_notes, row.n_changes)
