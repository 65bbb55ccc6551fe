"""What a phone kept while it had no signal: each item once, in one transaction, with an answer for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from gridsvc import reports, sync_acts, visits
from gridsvc.db.queries import ask
from gridsvc.errors import GridsvcError, Refused, TooMany
from gridsvc.grids import Rule
from gridsvc.rules.roles import Actor, require
from gridsvc.sync_acts import Act, Done
from gridsvc.terms import Agreed

MOST = 1000
# Why an item is refused that may be taken later as it is: what it builds on has not come yet.
LATER = frozenset({"photo_unknown", "voice_unknown", "report_key_unknown"})
RUNNING_S = 3


@dataclass(frozen=True)
class Beside:
    """Another visit to the door on the same day, of somebody else."""

    who: str | None
    happened_at: datetime
    outcome: str


@dataclass(frozen=True)
class Answer:
    """What became of one item: `created`, `same` (it was here before), `conflict` (kept as a record) or `refused`.

    One of `report`, `visit` and `act` says more of what was taken.
    """

    status: str
    error: GridsvcError | None = None
    report: reports.Submitted | None = None
    visit: visits.Answer | None = None
    act: Done | None = None
    also: tuple[Beside, ...] = ()

    @property
    def retry(self) -> bool:
        """Whether the same item may be taken later."""
        return self.error is not None and self.error.code in LATER


Item = reports.Draft | visits.Draft | Act


def receive(
    db: Connection,
    items: Mapping[int, Item],
    actor: Actor,
    now: datetime,
    rule: Rule,
    agreed: Callable[[Connection], Agreed],
) -> dict[int, Answer]:
    """An answer for each item, by its place; one that is refused stops no other but those that build on it.

    Reports first, then visits, then what is done to reports, each in their order: so an item may name another of its
    own batch, wherever that stands.

    Raises:
        Refused: `sync_too_many`.
        TooMany: `sync_running`: another request of the account is not through.
    """
    if len(items) > MOST:
        raise Refused("sync_too_many", n=len(items), most=MOST)
    (begun,) = ask(db, "sync_take", {"account_id": actor.account_id})
    if not begun.taken:
        raise TooMany("sync_running", retry_after_s=RUNNING_S)
    new = {at: one for at, one in items.items() if isinstance(one, reports.Draft)}
    met = {at: one for at, one in items.items() if isinstance(one, visits.Draft)}
    acts = {at: one for at, one in items.items() if isinstance(one, Act)}
    told = _reported(db, new, actor, now, rule) | _visited(db, met, actor, now, rule)
    for at, done in sync_acts.perform(db, acts, actor, now, rule, agreed).items():
        told[at] = (
            Answer("refused", done) if isinstance(done, GridsvcError) else Answer(done.status, done.error, act=done)
        )
    return told


def _reported(
    db: Connection, drafts: Mapping[int, reports.Draft], actor: Actor, now: datetime, rule: Rule
) -> dict[int, Answer]:
    if not drafts:
        return {}
    require(actor, "submit")
    told: dict[int, Answer] = {}
    for at, made in zip(drafts, reports.submit_all(db, list(drafts.values()), actor, now, rule), strict=True):
        if isinstance(made, GridsvcError):
            told[at] = Answer("refused", made)
        else:
            told[at] = Answer("created" if made.created else "same", report=made)
    return told


def _visited(
    db: Connection, drafts: Mapping[int, visits.Draft], actor: Actor, now: datetime, rule: Rule
) -> dict[int, Answer]:
    if not drafts:
        return {}
    try:
        require(actor, "record_visit")
    except GridsvcError as error:
        return {at: Answer("refused", error) for at in drafts}
    stored = visits.record_all(db, list(drafts.values()), actor, now, rule)
    others = beside(db, [one.visit_id for one in stored if one.visit_id is not None], rule.zone)
    told: dict[int, Answer] = {}
    for at, one in zip(drafts, stored, strict=True):
        also = others.get(one.visit_id or 0, ())
        told[at] = Answer(one.status, one.error, visit=one, also=also)
    return told


def beside(db: Connection, visit_ids: Sequence[int], zone: str) -> dict[int, tuple[Beside, ...]]:
    """Who else was at the doors of these visits that day, by the visit; days are those of the zone."""
    found: dict[int, tuple[Beside, ...]] = {}
    rows: list[Any] = ask(db, "visits_beside", {"ids": list(visit_ids), "zone": zone}) if visit_ids else []
    for row in rows:
        found[row.id] = (*found.get(row.id, ()), Beside(row.who, row.happened_at, row.outcome))
    return found
