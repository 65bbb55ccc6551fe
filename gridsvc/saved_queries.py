"""Queries that planners keep under a name: parameters of a coverage, each person's own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from gridsvc.db import tables as t
from gridsvc.errors import NotFound, Refused
from gridsvc.rules.roles import Actor

PARAMETERS = ("by", "campaign", "from", "to", "class", "kind", "edition", "as_of")
MOST, MOST_NAME_CHARS, MOST_QUERY_CHARS = 100, 100, 1000


@dataclass(frozen=True)
class Saved:
    """A query as an address has it, without the question mark."""

    id: int
    name: str
    query: str
    saved_at: datetime

    @property
    def campaign(self) -> str | None:
        """The code of the campaign that it is about."""
        return dict(parse_qsl(self.query)).get("campaign")

    @property
    def page_query(self) -> str:
        """The same for a board, which has a field for each dimension: `by=grid&by2=week`; by grid unless it says."""
        pairs = [pair for pair in parse_qsl(self.query) if pair[0] != "campaign"]
        by = [dim for name, value in pairs if name == "by" for dim in value.split(",")] or ["grid"]
        return urlencode(list(zip(("by", "by2"), by, strict=False)) + [pair for pair in pairs if pair[0] != "by"])


def listed(db: Connection, actor: Actor) -> tuple[Saved, ...]:
    """The reader's own, by name."""
    q = t.saved_query.c
    chosen = select(q.id, q.name, q.query, q.saved_at).where(q.account_id == actor.account_id).order_by(q.name)
    return tuple(Saved(*row) for row in db.execute(chosen))


def save(db: Connection, actor: Actor, name: str, query: str, now: datetime) -> Saved:
    """The query under this name; another one of the reader's with the name is replaced.

    Raises:
        Refused: no name, too long, a parameter that no coverage has, or too many already.
    """
    name = name.strip()
    if not name or len(name) > MOST_NAME_CHARS or len(query) > MOST_QUERY_CHARS:
        raise Refused("saved_query_name", most=MOST_NAME_CHARS)
    pairs = parse_qsl(query.removeprefix("?"))
    for parameter, _ in pairs:
        if parameter not in PARAMETERS:
            raise Refused("saved_query_not_allowed", name=parameter[:80])
    q = t.saved_query.c
    others = select(func.count()).where((q.account_id == actor.account_id) & (q.name != name))
    if (db.scalar(others) or 0) >= MOST:
        raise Refused("saved_queries_full", most=MOST)
    kept = {"query": urlencode(pairs), "saved_at": now}
    made = insert(t.saved_query).values(kept | {"account_id": actor.account_id, "name": name})
    stored = made.on_conflict_do_update(index_elements=["account_id", "name"], set_=kept)
    return Saved(*db.execute(stored.returning(q.id, q.name, q.query, q.saved_at)).one())


def delete(db: Connection, actor: Actor, query_id: int) -> None:
    """Nothing; the reader's query is gone.

    Raises:
        NotFound: it is not there, or somebody else's.
    """
    q = t.saved_query.c
    gone = t.saved_query.delete().where((q.id == query_id) & (q.account_id == actor.account_id))
    if db.execute(gone).rowcount == 0:
        raise NotFound("saved_query_unknown")
