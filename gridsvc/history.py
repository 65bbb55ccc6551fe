"""What doors and campaigns were before they were changed: triggers of the database keep it, told here when it is.

Read by `covered_doors` and `campaigns.then`, for figures as of an instant.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select, text

from gridsvc.db import tables as t

_BEGIN = text("SELECT set_config('gridsvc.at', :at, true)")


def begin(db: Connection, now: datetime) -> None:
    """Says when the changes of this transaction are made."""
    db.execute(_BEGIN, {"at": now.isoformat()})


def unknown_before(db: Connection, at: datetime) -> datetime | None:
    """The instant before which changes are not known, where it comes after `at`: what was kept begins with it."""
    since: datetime | None = db.scalar(select(t.was_since.c.since))
    return since if since is not None and since > at else None
