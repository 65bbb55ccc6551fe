"""The log of a report: appended to, never changed; replaying it gives the stored state."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from gridsvc.db import tables as t
from gridsvc.rules.roles import Actor


def append(
    db: Connection,
    report_id: int,
    seq: int,
    action: str,
    from_state: str | None,
    to_state: str,
    actor: Actor,
    at: datetime,
    note: str | None = None,
    facts: dict[str, object] | None = None,
) -> None:
    """Appends one row; `seq` is one more than the last the caller saw, and the key refuses two of the same."""
    row = {"report_id": report_id, "seq": seq, "action": action, "from_state": from_state, "to_state": to_state}
    db.execute(t.report_log.insert(), row | {"actor_id": actor.account_id, "at": at, "note": note, "facts": facts})
