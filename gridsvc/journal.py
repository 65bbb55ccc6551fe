"""The log of a report: appended to, never changed, each row chained to the one before by its digest."""

from __future__ import annotations

import json
import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from gridsvc.db.queries import ask
from gridsvc.rules.roles import Actor

SALT_BYTES = 16


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
    facts: dict[str, Any] | None = None,
) -> None:
    """Appends one row; `seq` is one more than the last the caller saw, and the key refuses two of the same."""
    ask(db, "log_append", row(report_id, seq, action, from_state, to_state, actor, at, note, facts))


def acted(actor: Actor) -> dict[str, str | None]:
    """What a row's facts say of its actor: the `role` acted in; `imported_by`, who took it in from the phone's file."""
    told: dict[str, str | None] = {"role": actor.role} if actor.known else {}
    return told if actor.importer is None else told | {"imported_by": actor.importer.login}


def row(
    report_id: int,
    seq: int,
    action: str,
    from_state: str | None,
    to_state: str,
    actor: Actor,
    at: datetime,
    note: str | None,
    facts: dict[str, Any] | None,
) -> dict[str, Any]:
    """The parameters of a statement that appends a row; a note gets a salt, so that its digest tells nothing of it.

    The facts say what `acted` does.
    """
    facts = (facts or {}) | acted(actor)
    made: dict[str, Any] = {"report_id": report_id, "seq": seq, "action": action, "from_state": from_state}
    made |= {"to_state": to_state, "actor_id": actor.account_id, "at": at, "note": note}
    made["facts"] = json.dumps(facts) if facts else None
    return made | {"note_salt": secrets.token_bytes(SALT_BYTES) if note is not None else None}
