"""All that is known about one report: what was said, where it belonged one after the other, what happened to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from gridsvc.db.queries import load
from gridsvc.errors import NotFound
from gridsvc.grids import DOUBTFUL_BELOW
from gridsvc.reports import SOURCE
from gridsvc.rules.roles import Actor, may
from gridsvc.stats import scope


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
class Entry:
    """One row of the log; `actor_name` is None for a resident, an import, or the service itself."""

    seq: int
    action: str
    from_state: str | None
    to_state: str
    at: datetime
    note: str | None
    facts: dict[str, Any] | None
    actor_name: str | None
    actor_role: str | None


@dataclass(frozen=True)
class Said:
    """What a report says; `lon`, `lat` are EPSG:4326 degrees, `raw_x`, `raw_y` what was sent in the system `crs`."""

    id: int
    source: str
    number: str
    repeat: int
    source_row: int | None
    state: str
    category: str
    name_zh: str
    name_en: str
    category_raw: str | None
    description: str
    channel: str
    words: str | None
    compound: str | None
    raw_x: float | None
    raw_y: float | None
    crs: str | None
    lon: float | None
    lat: float | None
    accuracy_m: float | None
    observed_at: datetime | None
    received_at: datetime
    day_only: bool
    closed_at: datetime | None
    sender_name: str | None


@dataclass(frozen=True)
class Dossier:
    """A report with its placements (the current one first) and its log (in order)."""

    said: Said
    stays: tuple[Stay, ...]
    log: tuple[Entry, ...]

    @property
    def now(self) -> Stay:
        """The placement that decides duty."""
        return self.stays[0]

    @property
    def seq(self) -> int:
        """The last row of the log, which whoever changes the report must have seen."""
        return self.log[-1].seq


def load_one(db: Connection, actor: Actor, number: str, source: str = SOURCE, repeat: int = 0) -> Dossier:
    """The report with this number, for a reader who sees its grid; one on no grid is seen by those who place.

    Raises:
        NotFound: there is none for this reader.
    """
    which = {"source": source, "number": number, "repeat": repeat, "sees_unplaced": may(actor, "place")}
    row = db.execute(load("dossier_report"), scope(actor) | which).mappings().one_or_none()
    if row is None:
        raise NotFound("report_unknown", number=number)
    key = {"report_id": row["id"]}
    stays = tuple(Stay(**stay) for stay in db.execute(load("dossier_placements"), key).mappings())
    log = tuple(Entry(**entry) for entry in db.execute(load("dossier_log"), key).mappings())
    return Dossier(Said(**row), stays, log)
