"""What goes out to a phone that works without signal: answers to what it kept, and what it is to keep."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import Field

from gridsvc.web.schemas import GridOut, Out, SimilarOut, WorkerOut


class BesideOut(Out):
    """Another visit to the door on the same day, of somebody else."""

    who: str | None
    happened_at: datetime
    outcome: str


class SyncedItemOut(Out):
    """What became of one item: `created`, `same`, `conflict` or `refused`; beside it what its kind has to tell."""

    key: str | None
    kind: str | None
    status: str
    retry: bool
    number: str | None = None
    version: int | None = None
    state: str | None = None
    grid: GridOut | None = None
    worker: WorkerOut | None = None
    due_at: datetime | None = None
    n_similar: int | None = None
    similar: list[SimilarOut] | None = None
    id: int | None = None
    n_reports: int | None = None
    flags: list[str] | None = None
    also: list[BesideOut] | None = None
    code: str | None = None
    message: str | None = None
    detail: Any = None


class SyncedOut(Out):
    """An answer for each item, in the order sent. `clock_off_s`: the phone's clock less the service's, in seconds."""

    now: datetime
    clock_off_s: float
    counts: dict[str, int]
    items: list[SyncedItemOut]


class KeptOut(Out):
    """What a phone keeps, or what changed of it; `categories` is left out where they are as they were. Positions in
    EPSG:4326. A door's `campaigns` are the codes of those that have it on their list, `unmet` of several those where it
    is not reached (null for one or none), its `order` is its place in walking order, null where it need not be visited
    today, its `also` visits of others on one of the last days on which the reader was there too (as `BesideOut`, or
    null); a report's `uid` tells it from any other that may get its number, and goes back with what is done to it."""

    cursor: str
    reset: bool
    now: datetime
    day: date
    credit: str = Field(description="attribution and review number, to be shown with every map")
    nearest_max_m: float = Field(description="how far outside every grid a position still belongs to the nearest one")
    me: dict[str, Any]
    grids: list[dict[str, Any]]
    compounds: list[dict[str, Any]]
    doors: list[dict[str, Any]]
    campaign: dict[str, Any] | None = Field(description="the first of `campaigns`, as before there were several")
    campaigns: list[dict[str, Any]]
    categories: list[dict[str, Any]] | None = None
    reports: list[dict[str, Any]]
    gone: dict[str, list[Any]]
