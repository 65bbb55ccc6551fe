"""Grid workers and their duty: who walks which grid, as main or deputy, at which hours."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import time

from sqlalchemy import Connection

from gridsvc.db.queries import load
from gridsvc.stored import Stored, store


@dataclass(frozen=True)
class Worker:
    """A worker by the office's own code."""

    code: str
    name: str


@dataclass(frozen=True)
class Duty:
    """Duty in one grid: `kind` main or deputy; None: every day, or the whole day; a night ends before it starts."""

    worker_code: str
    layer: str
    grid_code: str
    kind: str
    weekdays: tuple[int, ...] | None = None
    starts: time | None = None
    ends: time | None = None


def save(db: Connection, workers: Sequence[Worker]) -> Stored:
    """Adds workers or changes those with the same code."""
    return store(db, load("save_worker"), (vars(worker) for worker in workers))


def save_duties(db: Connection, duties: Sequence[Duty], *, keep: Collection[str] = ()) -> Stored:
    """Makes these the duties of their workers: others of the same workers end, but those of the worker codes `keep`."""
    codes = sorted({duty.worker_code for duty in duties} - set(keep))
    db.execute(load("end_other_duties"), {"worker_codes": codes, "keys": [_key(duty) for duty in duties]})
    rows = (vars(d) | {"weekdays": list(d.weekdays) if d.weekdays else None, "key": _key(d)} for d in duties)
    return store(db, load("save_duty"), rows)


def _key(duty: Duty) -> str:
    return "|".join((duty.worker_code, duty.layer, duty.grid_code, duty.kind))
