"""Campaigns of visits: set up as drafts, their list drawn once when they start, ended when they are over."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping, select, text

from gridsvc import history, visited
from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.errors import Conflict, NotFound, Refused
from gridsvc.rules.roles import Actor
from gridsvc.stats import scope

# The planner expects few doors in a scope and few visited ones, and would hold each of a million against all of those.
_NESTED = text("SELECT set_config('enable_nestloop', :value, true)")
_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
# What decides which doors are on the list; fixed when it is drawn.
SCOPE_FIELDS = frozenset({"kinds", "class_codes", "area_codes"})
# What decides which visits count; a change counts everything anew.
WINDOW_FIELDS = frozenset({"starts_on", "ends_on", "modes", "n_times"})
# What may still be mended when it is over: papers come back late.
LATE_FIELDS = frozenset({"name", "by_whom", "n_issued", "n_returned"})


@dataclass(frozen=True)
class Wanted:
    """A campaign as it is asked for.

    `class_codes` None: every class; `area_codes` empty: everywhere; both days are included; each door is to be
    reached `n_times`; visits in `modes` count. `n_issued`, `n_returned`: questionnaires beside those of the visits.
    `target_percent`: how many of a hundred eligible doors it means to reach.
    """

    name: str
    starts_on: date
    ends_on: date
    kinds: tuple[str, ...] = ("household",)
    class_codes: tuple[str, ...] | None = None
    area_codes: tuple[str, ...] = ()
    n_times: int = 1
    modes: tuple[str, ...] = ("door",)
    by_whom: str = ""
    questions: tuple[str, ...] = ()
    n_issued: int = 0
    n_returned: int = 0
    target_percent: int = 95


FIELDS = tuple(one.name for one in fields(Wanted))


@dataclass(frozen=True)
class Campaign:
    """A campaign as it is stored; `starts_at` and `ends_at` bound its days."""

    id: int
    code: str
    state: str
    wanted: Wanted
    area_ids: tuple[int, ...]
    area_names: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    drawn_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True)
class Papers:
    """Questionnaires given out and taken back (with those beside the visits), and how many counted visits came late."""

    n_issued: int
    n_returned: int
    n_late: int
    n_visits: int


def listed(db: Connection) -> tuple[Campaign, ...]:
    """All campaigns, the latest first."""
    return tuple(_campaign(row) for row in db.execute(load("campaign_rows"), {"code": None}).mappings())


def one(db: Connection, code: str) -> Campaign:
    """The campaign with this code.

    Raises:
        NotFound: there is none.
    """
    row = db.execute(load("campaign_rows"), {"code": code}).mappings().one_or_none()
    if row is None:
        raise NotFound("campaign_unknown", campaign=code)
    return _campaign(row)


def create(db: Connection, code: str, wanted: Wanted, actor: Actor, now: datetime, zone: ZoneInfo) -> Campaign:
    """The new draft.

    Raises:
        Conflict: there is one with this code.
        Refused: its code, days, classes or areas do not fit.
    """
    if not _CODE.fullmatch(code):
        raise Refused("campaign_code", campaign=code)
    c = t.campaign.c
    if db.scalar(select(c.id).where(c.code == code)) is not None:
        raise Conflict("campaign_exists", campaign=code)
    values = _values(db, wanted, zone) | {"code": code, "created_at": now, "created_by": actor.account_id}
    db.execute(t.campaign.insert().values(values))
    return one(db, code)


def then(db: Connection, campaign: Campaign, at: datetime) -> Campaign:
    """The campaign with the days, modes and times that it had at an instant; all else, its name too, as it is now."""
    w = t.campaign_was.c
    of_then = select(t.campaign_was).where((w.campaign_id == campaign.id) & (w.until_at > at)).order_by(w.id).limit(1)
    was = db.execute(of_then).mappings().one_or_none()
    if was is None:
        return campaign
    told: dict[str, Any] = {name: tuple(was[name]) if name == "modes" else was[name] for name in WINDOW_FIELDS}
    wanted = replace(campaign.wanted, **told)
    return replace(campaign, wanted=wanted, starts_at=was["starts_at"], ends_at=was["ends_at"])


def change(db: Connection, code: str, changes: Mapping[str, Any], now: datetime, zone: ZoneInfo) -> Campaign:
    """The campaign with these fields (of `FIELDS`) changed; counted anew where its days, modes or times changed.

    Raises:
        NotFound: there is none.
        Conflict: a field is fixed since the list was drawn, or since the campaign has ended.
        Refused: its days, classes or areas do not fit.
    """
    if WINDOW_FIELDS & changes.keys():
        visited.hold(db, alone=True)  # before anything is locked
    _lock(db, code)
    before = one(db, code)
    old = vars(before.wanted)
    wanted = Wanted(**(old | dict(changes)))
    differ = {name for name in FIELDS if getattr(wanted, name) != old[name]}
    too_late = fixed(before.state) & differ
    if too_late:
        raise Conflict("campaign_fixed", fields=", ".join(sorted(too_late)))
    history.begin(db, now)
    db.execute(t.campaign.update().where(t.campaign.c.id == before.id).values(_values(db, wanted, zone)))
    if before.drawn_at is not None and differ & WINDOW_FIELDS:
        visited.recount(db, before.id)
    return one(db, code)


def draw(db: Connection, code: str, now: datetime) -> Campaign:
    """The campaign, running: its list is what the register holds now, and stays so.

    Nobody else counts visits meanwhile, so that each counts once, before or after.

    Raises:
        NotFound: there is none.
        Conflict: its list is drawn already.
        Refused: no door is in its scope.
    """
    visited.hold(db, alone=True)
    _lock(db, code)
    found = one(db, code)
    if found.state != "draft":
        raise Conflict("campaign_state", state=found.state)
    db.execute(_NESTED, {"value": "off"})
    n_doors = db.execute(load("campaign_draw"), {"campaign_id": found.id}).rowcount
    db.execute(_NESTED, {"value": "on"})
    if n_doors == 0:
        raise Refused("campaign_empty", campaign=code)
    db.execute(t.campaign.update().where(t.campaign.c.id == found.id).values(state="running", drawn_at=now))
    visited.count(db, found.id)
    return one(db, code)


def end(db: Connection, code: str, now: datetime) -> Campaign:
    """The campaign, ended; what arrives late still counts on its day.

    Raises:
        NotFound: there is none.
        Conflict: it is not running.
    """
    _lock(db, code)
    found = one(db, code)
    if found.state != "running":
        raise Conflict("campaign_state", state=found.state)
    db.execute(t.campaign.update().where(t.campaign.c.id == found.id).values(state="ended", ended_at=now))
    return one(db, code)


def papers(db: Connection, campaign: Campaign, actor: Actor) -> Papers:
    """The questionnaires of a campaign and its late visits, at the doors that this reader sees."""
    values = scope(actor) | {"campaign_id": campaign.id}
    row = db.execute(load("campaign_papers"), values).one()
    more = campaign.wanted if actor.sees_all else None
    issued, returned = (more.n_issued, more.n_returned) if more else (0, 0)
    return Papers(row.n_issued + issued, row.n_returned + returned, row.n_late, row.n_visits)


def fixed(state: str) -> frozenset[str]:
    """The fields that cannot be changed any more in this state.

    >>> sorted(fixed("running"))
    ['area_codes', 'class_codes', 'kinds']
    """
    return {"draft": frozenset[str](), "running": SCOPE_FIELDS, "ended": frozenset(FIELDS) - LATE_FIELDS}[state]


def begins(day: date, zone: ZoneInfo) -> datetime:
    """The instant a day begins in the zone."""
    return datetime.combine(day, time(), zone)


def _lock(db: Connection, code: str) -> None:
    c = t.campaign.c
    if db.scalar(select(c.id).where(c.code == code).with_for_update()) is None:
        raise NotFound("campaign_unknown", campaign=code)


def _values(db: Connection, wanted: Wanted, zone: ZoneInfo) -> dict[str, object]:
    if wanted.ends_on < wanted.starts_on:
        raise Refused("campaign_days", first=wanted.starts_on.isoformat(), last=wanted.ends_on.isoformat())
    if wanted.class_codes is not None:
        c = t.household_class.c
        # A sensitive class is no campaign's: its list of doors would name them to everybody who walks it.
        known = set(db.scalars(select(c.code).where(c.active, ~c.sensitive)))
        for code in wanted.class_codes:
            if code not in known:
                raise Refused("campaign_class_unknown", class_code=code)
    a = t.area.c
    ids: dict[str, int] = {}
    if wanted.area_codes:
        ids = {row.code: row.id for row in db.execute(select(a.code, a.id).where(a.code.in_(wanted.area_codes)))}
    for code in wanted.area_codes:
        if code not in ids:
            raise Refused("campaign_area_unknown", area_code=code)
    told = vars(wanted) | {"area_ids": [ids[code] for code in wanted.area_codes]}
    del told["area_codes"]
    ends_at = begins(wanted.ends_on + timedelta(days=1), zone)
    return told | {"starts_at": begins(wanted.starts_on, zone), "ends_at": ends_at}


def _campaign(row: RowMapping) -> Campaign:
    told: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    wanted = Wanted(**{name: told[name] for name in FIELDS})
    names = (one.name for one in fields(Campaign) if one.name != "wanted")
    return Campaign(**{name: told[name] for name in names}, wanted=wanted)
