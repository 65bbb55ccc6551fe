"""What storing rows by their key did, counted the same way for every noun."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, TextClause


@dataclass(frozen=True)
class Stored:
    """Keys that were new, keys whose row changed, and how many were the same already."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    n_same: int


def store(db: Connection, upsert: TextClause, rows: Iterable[dict[str, Any]]) -> Stored:
    """Runs an upsert that returns (key, is_new) for each row it wrote and nothing for a row that was the same."""
    new: list[str] = []
    changed: list[str] = []
    n = 0
    for row in rows:
        n += 1
        written = db.execute(upsert, row).one_or_none()
        if written is not None:
            (new if written.is_new else changed).append(written.key)
    return Stored(tuple(new), tuple(changed), n - len(new) - len(changed))
