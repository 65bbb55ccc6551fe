"""What is kept of changes to doors, for phones that ask what changed since they last did; and what of it goes."""

from __future__ import annotations

from sqlalchemy import Connection

from gridsvc import wall
from gridsvc.db.queries import ask


def prune(db: Connection) -> int:
    """How many rows went: those that are farther behind than any cursor may be, which is told all anew instead."""
    (row,) = ask(db, "door_change_prune", {"behind": wall.MOST_BEHIND})
    return int(row.n)
