"""Drafts of visits: what a phone says, whether it can be, where and when it was, and what became of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np

from geodata import crs as geocrs
from geodata.errors import GeodataError
from geodata.geometry import distance_m
from gridsvc.errors import GridsvcError, Refused
from gridsvc.rules import visiting


@dataclass(frozen=True)
class Need:
    """What was asked for at the door and is for the case loop: it becomes a report."""

    category: str
    description: str


@dataclass(frozen=True)
class Draft:
    """A visit as the phone made it; times are those of its clock, `x`/`lon` first in the system `crs` names.

    `sent_at` is the phone's clock at sending, and no part of what was said: a repeat has another. `supersedes` is the
    key or id of the visit that this one corrects; with outcome `withdrawn` that one did not take place. `n_met` None:
    nobody counted.
    """

    client_key: UUID
    household_id: int
    outcome: str
    happened_at: datetime
    mode: str = "door"
    sent_at: datetime | None = None
    n_met: int | None = None
    x: float | None = None
    y: float | None = None
    crs: str | None = None
    accuracy_m: float | None = None
    needs: str | None = None
    policies: tuple[str, ...] = ()
    answers: Mapping[str, Any] | None = None
    n_issued: int = 0
    n_returned: int = 0
    supersedes: UUID | int | None = None
    need: Need | None = None

    def digest(self) -> bytes:
        """SHA-256 of all that was said: two drafts with one key are the same visit only if this is equal."""
        said = vars(self) | {
            "need": vars(self.need) if self.need else None,
            "happened_at": self.happened_at.astimezone(UTC),
        }
        del said["sent_at"]
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).digest()


@dataclass(frozen=True)
class Answer:
    """What became of one draft: `created`, `same` (it was here before) or `refused` with its error.

    `flags`: far, late, clock (the phone's was put right).
    """

    client_key: UUID
    status: str
    visit_id: int | None = None
    n_reports: int = 0
    flags: tuple[str, ...] = ()
    error: GridsvcError | None = None


@dataclass(frozen=True)
class Stamp:
    """What the service adds to a draft: who made the visit, at which door, when it came in, which visit it corrects,
    who took it in where it came from a phone's file, and in which of its roles the account recorded it.

    `lonlat` is the door's position in EPSG:4326.
    """

    household_id: int
    lonlat: tuple[float, float]
    worker_id: int | None
    account_id: int | None
    recorded_at: datetime
    supersedes_id: int | None = None
    importer_id: int | None = None
    role: str | None = None


@dataclass
class Item:
    """One draft on its way: its place in WGS 84, then its answer, and whether its door stands as with it already."""

    draft: Draft
    lonlat: tuple[float, float] | None = None
    crs: str | None = None
    answer: Answer | None = None
    counted: bool = False

    def refuse(self, error: GridsvcError) -> None:
        self.answer = Answer(self.draft.client_key, "refused", error=error)


def examine(item: Item, now: datetime) -> None:
    """Refuses a draft that is wrong by itself, coming in now."""
    d = item.draft
    papers, times = (d.n_issued, d.n_returned), (d.happened_at, d.sent_at)
    wrong = visiting.objection(d.outcome, d.mode, d.n_met, papers, times, now)
    if wrong is None and d.outcome == visiting.WITHDRAWN and d.supersedes is None:
        wrong = Refused("visit_withdraws_nothing")
    if wrong is None and len({d.x is None, d.y is None, d.crs is None}) > 1:
        wrong = Refused("visit_position_parts")
    if wrong is not None:
        item.refuse(wrong)


def locate(items: Sequence[Item]) -> None:
    """Carries the positions to WGS 84, all of one system at once; one that is no place on earth is refused."""
    by_crs: dict[str, list[Item]] = {}
    for item in items:
        if item.draft.crs is not None:
            by_crs.setdefault(item.draft.crs, []).append(item)
    for crs, some in by_crs.items():
        try:
            known = geocrs.parse_crs(crs)
        except GeodataError as error:
            for item in some:
                item.refuse(Refused(error.code, **error.facts))
            continue
        for item, (lon, lat) in zip(some, _lonlats(some, known), strict=True):
            item.lonlat, item.crs = (lon, lat), known.name
            good = abs(lon) <= 180.0 and abs(lat) <= 90.0  # neither holds of a pair that could not be carried over
            if not good or not 0 <= (item.draft.accuracy_m or 0) < np.inf:
                item.refuse(Refused("position_out_of_range", lon=item.draft.x, lat=item.draft.y))


def _lonlats(items: Sequence[Item], known: geocrs.CrsRef) -> list[tuple[float, float]]:
    """Their positions in WGS 84: as they were said, where they were said in it, which is what phones mostly do."""
    said = [(float(item.draft.x or 0), float(item.draft.y or 0)) for item in items]  # none: refused before
    if known.epsg == 4326 and known.datum == "wgs84":
        return said
    x, y = np.array(said, dtype=np.float64).T
    lons, lats = geocrs.to_lonlat(x, y, known)
    return list(zip(lons.tolist(), lats.tolist(), strict=True))


def row(item: Item, stamp: Stamp) -> dict[str, Any]:
    """The visit as `visit_store` takes it, in words and numbers that JSON knows."""
    d = item.draft
    when = visiting.happened(d.happened_at, d.sent_at, stamp.recorded_at)
    away_m = distance_m(*item.lonlat, *stamp.lonlat) if item.lonlat else None
    return {
        "client_key": str(d.client_key),
        "digest": d.digest().hex(),
        "household_id": stamp.household_id,
        "worker_id": stamp.worker_id,
        "account_id": stamp.account_id,
        "outcome": d.outcome,
        "mode": d.mode,
        "happened_at": when.at.isoformat(),
        "recorded_at": stamp.recorded_at.isoformat(),
        "phone_at": when.phone_at.isoformat() if when.phone_at else None,
        "n_met": visiting.people_met(d.outcome, d.n_met),
        "x": d.x,
        "y": d.y,
        "crs": item.crs,
        "lon": item.lonlat[0] if item.lonlat else None,
        "lat": item.lonlat[1] if item.lonlat else None,
        "accuracy_m": d.accuracy_m,
        "distance_m": away_m,
        "far": visiting.is_far(d.mode, away_m, d.accuracy_m),
        "late": visiting.is_late(when, stamp.recorded_at),
        "needs": d.needs,
        "policies": d.policies,
        "answers": d.answers,
        "n_issued": d.n_issued,
        "n_returned": d.n_returned,
        "supersedes_id": stamp.supersedes_id,
        "importer_id": stamp.importer_id,
        "role": stamp.role,
    }


def flags(far: bool, late: bool, phone_at: object) -> tuple[str, ...]:
    """The names of what is remarkable about a visit.

    >>> flags(True, False, "2026-11-01T12:00:00+00:00")
    ('far', 'clock')
    """
    said = {"far": far, "late": late, "clock": phone_at is not None}
    return tuple(name for name, so in said.items() if so)
