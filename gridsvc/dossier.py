"""All that is known about one report: what was said, where it belonged one after the other, what happened to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from gridsvc import listing
from gridsvc.db.queries import load
from gridsvc.grids import DOUBTFUL_BELOW
from gridsvc.reports import SOURCE
from gridsvc.rules.roles import Actor


@dataclass(frozen=True)
class Stay:
    """One placement of a report, from `from_at` until `to_at` (None: the current one).

    `retired`: the grid version is in no current edition any more. `runners_up` are (code, share).
    """

    seq: int
    from_at: datetime
    to_at: datetime | None
    code: str | None
    name: str | None
    layer: str | None
    retired: bool
    area_name: str | None
    method: str
    distance_m: float | None
    reason: str | None
    confidence: float | None
    runners_up: list[tuple[str, float]] | None
    worker_name: str | None
    duty: str | None

    @property
    def doubtful(self) -> bool:
        """Whether a person should look at it before anybody walks there."""
        return self.confidence is not None and self.confidence < DOUBTFUL_BELOW


@dataclass(frozen=True)
class Dossier:
    """A report with its placements (the current one first) and its log (in order)."""

    said: listing.Listed
    stays: tuple[Stay, ...]
    log: tuple[listing.Entry, ...]

    @property
    def seq(self) -> int:
        """The last row of the log, which whoever changes the report must have seen."""
        return self.log[-1].seq


def open_one(db: Connection, actor: Actor, number: str, *, source: str = SOURCE, repeat: int = 0) -> Dossier:
    """The report with this number.

    Raises:
        NotFound: there is none, or not for this reader.
    """
    said = listing.find(db, actor, number, source=source, repeat=repeat)
    stays = db.execute(load("dossier_placements"), {"report_id": said.id}).mappings()
    return Dossier(said, tuple(Stay(**stay) for stay in stays), tuple(listing.log(db, said.id)))
