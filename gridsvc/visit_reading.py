"""Visits as people read them: lists by door, worker, time and flag, and the history of a door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping

from gridsvc.db.queries import load
from gridsvc.rules import addresses
from gridsvc.rules.roles import SYSTEM, Actor, may
from gridsvc.stats import scope
from gridsvc.visit_drafts import flags

MAX_PAGE = 500
LATEST = 5000  # visits that are looked through by time for those of some areas, before their doors are gone through
FLAGS = ("far", "late", "clock")


@dataclass(frozen=True)
class Filter:
    """Which visits are wanted; whatever is given must hold. `worker`: a code; times are those of the visit, `to_at` not
    included; `flag` one of `FLAGS`."""

    household_id: int | None = None
    worker: str | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None
    flag: str | None = None


@dataclass(frozen=True)
class Visit:
    """A visit as this reader may see it: `needs` and `answers` are for those who record visits themselves.

    `superseded_by`: the visit that corrected it; then it no longer counts. `carried`: it says nothing else of the one
    that it supersedes than that it was at this entry of the door; that one is `carried_away`. `returned`: it
    was at this entry before, until the door was taken for another one; that one `came_back`. `role`: in which of its
    roles the account recorded it; None: no account did, or that was not kept yet.
    `lon`, `lat` are EPSG:4326 degrees.
    """

    id: int
    client_key: UUID
    household_id: int
    outcome: str
    mode: str
    happened_at: datetime
    recorded_at: datetime
    phone_at: datetime | None
    n_met: int
    accuracy_m: float | None
    distance_m: float | None
    far: bool
    late: bool
    needs: str | None
    policies: tuple[str, ...]
    answers: Mapping[str, Any] | None
    n_issued: int
    n_returned: int
    supersedes_id: int | None
    carried: bool
    role: str | None
    superseded_by: int | None
    carried_away: bool
    returned: bool
    came_back: bool
    lon: float | None
    lat: float | None
    compound: str | None
    building: str
    unit: str
    room: str
    kind: str
    name: str | None
    grid_code: str | None
    worker_code: str | None
    who: str | None
    reports: tuple[str, ...]
    own: bool

    @property
    def superseded(self) -> bool:
        """Whether a correction stands in its place."""
        return self.superseded_by is not None

    @property
    def is_correction(self) -> bool:
        """Whether it stands in the place of another."""
        return self.supersedes_id is not None

    @property
    def flags(self) -> tuple[str, ...]:
        """What is remarkable about it, of `FLAGS`."""
        return flags(self.far, self.late, self.phone_at)

    def label(self, lang: str) -> str:
        """The door's levels in zh or en."""
        return addresses.label(self.building, self.unit, self.room, lang)


@dataclass(frozen=True)
class Page:
    """Some visits, the latest first, and behind which (time, id) the next page begins (None: there is none)."""

    items: tuple[Visit, ...]
    next: tuple[datetime, int] | None


def page(
    db: Connection, actor: Actor, wanted: Filter, *, after: tuple[datetime, int] | None = None, limit: int = 100
) -> Page:
    """A page of the visits at doors that this reader sees.

    Who sees some areas may see few of many visits: the latest are looked through, and where these do not fill the page
    the reader's own doors are gone through. So what is read never grows with the visits of others.
    """
    asked = vars(wanted)
    if actor.sees_all or wanted.household_id is not None:
        rows = _rows(db, actor, actor, asked, after, limit + 1)
    else:
        rows = _rows(db, actor, actor, asked | {"most": LATEST}, after, limit + 1)
        if len(rows) <= limit:
            ids = list(db.scalars(load("visits_of_doors"), _values(actor, asked, after, limit + 1)))
            rows = _rows(db, actor, actor, {"ids": ids}, None, limit + 1)
    more = len(rows) > limit
    return Page(tuple(rows[:limit]), (rows[limit - 1].happened_at, rows[limit - 1].id) if more else None)


def of_door(db: Connection, household_id: int, actor: Actor, *, limit: int = MAX_PAGE) -> list[Visit]:
    """The visits to a door that the reader was found to see, the latest first."""
    return _rows(db, SYSTEM, actor, vars(Filter(household_id=household_id)), None, limit)


def own(db: Connection, client_key: UUID, actor: Actor) -> Visit | None:
    """The visit of this key, if this very reader recorded it and nothing stands in its place."""
    rows = _rows(db, SYSTEM, actor, vars(Filter()) | {"client_key": client_key}, None, 1)
    return next((row for row in rows if row.own and not row.superseded), None)


def _rows(
    db: Connection, seer: Actor, actor: Actor, wanted: dict[str, Any], after: tuple[datetime, int] | None, n: int
) -> list[Visit]:
    """The rows that `seer` sees, with the words that `actor` may read."""
    values = _EVERY | _values(seer, wanted, after, n)
    return [_visit(row, actor) for row in db.execute(load("visits_page"), values).mappings()]


_EVERY: dict[str, Any] = vars(Filter()) | {"client_key": None, "ids": None, "most": None}


def _values(seer: Actor, wanted: dict[str, Any], after: tuple[datetime, int] | None, n: int) -> dict[str, Any]:
    at, row_id = after or (None, None)
    mine = {name: value for name, value in scope(seer).items() if name != "department_id"}
    return mine | wanted | {"after_at": at, "after_id": row_id, "n": n}


def _visit(row: RowMapping, actor: Actor) -> Visit:
    told: dict[str, Any] = dict(row)
    account_id, worker_id = told.pop("account_id"), told.pop("worker_id")
    told["own"] = (account_id is not None and account_id == actor.account_id) or (
        worker_id is not None and worker_id == actor.worker_id
    )
    told |= {"reports": tuple(told.pop("report_numbers")), "policies": tuple(told["policies"])}
    if not may(actor, "record_visit"):
        told |= {"needs": None, "answers": None}
    return Visit(**told)
