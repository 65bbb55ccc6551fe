"""Who changed whose account, tokens or duty, when and how: a log that the database writes and nobody can change.

Triggers write a row for every change, whichever way it comes; `begin` tells them who is at work, and when.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, text

from gridsvc.db import tables as t
from gridsvc.rules.roles import Actor

_BEGIN = text("""
SELECT set_config('gridsvc.actor_id', :actor_id, true), set_config('gridsvc.actor_role', :actor_role, true),
  set_config('gridsvc.at', :at, true)""")
_SAME_PASSWORD = text("SELECT set_config('gridsvc.same_password', :value, true)")


@dataclass(frozen=True)
class Entry:
    """One change; `changes`: before and after of each field. `actor` is None where the command line did it.

    `actor_role` is the role in which the actor did it; None of what is older than several roles.

    `what`: account, area, token (of a login, the `subject`), duty (of a grid, layer/code); `action`: add, change, end.
    """

    id: int
    at: datetime
    actor: str | None
    actor_role: str | None
    what: str
    subject: str
    action: str
    changes: Mapping[str, tuple[Any, Any]]


def begin(db: Connection, actor: Actor, now: datetime) -> None:
    """Says who makes the changes of this transaction, and when."""
    who = (str(actor.account_id), actor.role) if actor.known else ("", "")
    db.execute(_BEGIN, {"actor_id": who[0], "actor_role": who[1], "at": now.isoformat()})


def same_password(db: Connection, *, begins: bool) -> None:
    """From here on (or no longer) a new hash is of the old password, so that it is no change of it."""
    db.execute(_SAME_PASSWORD, {"value": "on" if begins else ""})


def listed(db: Connection, *, words: str = "", before: int | None = None, limit: int = 50) -> list[Entry]:
    """The last changes, newest first: of what has the words in its subject, older than the entry `before`."""
    s, a = t.staff_log.c, t.account.c
    rows = (
        select(s.id, s.at, a.login.label("actor"), s.actor_role, s.what, s.subject, s.action, s.changes)
        .join(t.account, a.id == s.actor_id, isouter=True)
        .order_by(s.id.desc())
        .limit(limit)
    )
    if words:
        rows = rows.where(s.subject.icontains(words, autoescape=True))
    if before is not None:
        rows = rows.where(s.id < before)
    return [
        Entry(*row[:-1], {name: (pair[0], pair[1]) for name, pair in sorted(row.changes.items())})
        for row in db.execute(rows)
    ]
