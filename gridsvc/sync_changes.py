"""What a phone keeps for work without signal: own grids, compounds, doors and reports; all of it, or what changed.

No name, phone or identity number that the register has is among it; what somebody wrote in a report is, and a name may
stand in that. A cursor is what the answer saw of all transactions, those still open left out, so that what they write
is new when they commit; it holds for one list only: where a duty, an edition, a campaign, a compound, a category or the
day is another, the list is told anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, any_, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT

from gridsvc import campaigns, cases, categories, household_reading, mop_up, sync, wall, worklist_filter
from gridsvc.campaigns import Campaign
from gridsvc.db import tables as t
from gridsvc.db.queries import ask
from gridsvc.errors import Forbidden, Refused
from gridsvc.rules.roles import Actor
from gridsvc.stats import scope

NEAR_M = 300.0  # grids beside the own ones, for placing on the phone
MOST_GRIDS = 60  # of one reader: who has more works at a desk
MOST_DOORS = 20_000
MOST_REPORTS = 2_000
MOST_CHANGED = 5_000  # rows; where more changed, all is told anew
RECEIPTS = timedelta(days=3)  # so long a phone keeps that a visit of its own was taken
_ENDED = frozenset({"closed", "struck_off"})
_UNKEPT = frozenset({"unmask"})  # an action that shows what no phone may keep


@dataclass(frozen=True)
class Since:
    """What a cursor says: what its answer saw (`wall.cursor`), and of which list."""

    snapshot: str
    key: str


@dataclass(frozen=True)
class Report:
    """A report as a phone keeps it: the case, how it stands and until when, what was said and where it is."""

    held: cases.Held
    standing: str
    until_at: datetime | None
    said: Any
    actions: tuple[str, ...]
    needs_photo: tuple[str, ...]


@dataclass(frozen=True)
class Kept:
    """All of a reader's list, or what changed of it: then grids, compounds and categories are None.

    `campaigns`: those that run in the reader's grids, the first to end first, each with its eligible doors there and
    how many of them were reached; a door on the list of none is due by its class, whatever runs. `orders` is
    the place of doors still to be visited in walking order, by id; None with changes: it is as it was. `worker`: code
    and name of the reader's own. `also`: who else was at a door on a day of these last ones on which the reader was,
    by the door's id. `gone`: doors by id, reports by (source, number, repeat).
    """

    cursor: Since
    reset: bool
    day: date
    worker: tuple[str, str] | None
    campaigns: tuple[tuple[Campaign, int, int], ...]
    doors: list[Any]
    reports: list[Report]
    orders: dict[int, int] | None
    also: dict[int, tuple[sync.Beside, ...]]
    grids: list[Any] | None
    compounds: list[Any] | None
    categories: list[tuple[categories.Category, categories.Category | None, bool, str]] | None
    gone_doors: list[int]
    gone_reports: list[tuple[str, str, int]]


@dataclass(frozen=True)
class _Reader:
    """Who asks, when, and for what: the own published grids, all their versions, the campaigns that run there."""

    db: Connection
    actor: Actor
    now: datetime
    zone: ZoneInfo
    own: list[int]
    versions: list[int]
    campaigns: tuple[Campaign, ...]

    @property
    def day(self) -> date:
        return self.now.astimezone(self.zone).date()


def load(db: Connection, actor: Actor, since: Since | None, now: datetime, zone: ZoneInfo) -> Kept:
    """A reader's list, or what changed of it since a cursor; in a transaction that has not begun to read.

    Raises:
        Forbidden: more grids than a phone keeps.
        Refused: it is no cursor.
    """
    wall.steady(db)
    reader = _reader(db, actor, now, zone)
    cursor = Since(wall.cursor(db), _key(reader))
    if since is not None and since.key == cursor.key:
        changed = _changed(reader, since.snapshot, cursor)
        if changed is not None:
            return changed
    return _all(reader, cursor)


def _reader(db: Connection, actor: Actor, now: datetime, zone: ZoneInfo) -> _Reader:
    seen = scope(actor)
    versions = list(db.scalars(select(func.seen_grids(seen["area_ids"], seen["worker_id"]))))
    g = t.grid_version.c
    mine = g.id == any_(cast(versions, ARRAY(BIGINT)))
    own = list(db.scalars(select(g.id).where(mine, g.valid_from.is_not(None), g.valid_to.is_(None)).order_by(g.id)))
    if len(own) > MOST_GRIDS:
        raise Forbidden("sync_too_wide", n=len(own), most=MOST_GRIDS)
    d, h = t.campaign_door.c, t.household.c
    own_doors = select(h.id).where(h.grid_version_id == any_(cast(own, ARRAY(BIGINT))))

    def has_doors(one: Campaign) -> bool:
        first = select(d.household_id).where(d.campaign_id == one.id, d.household_id.in_(own_doors)).limit(1)
        return db.scalar(first) is not None

    running = [one for one in campaigns.listed(db) if one.state == "running" and has_doors(one)]
    running.sort(key=lambda one: (one.wanted.ends_on, one.code))
    return _Reader(db, actor, now, zone, own, versions, tuple(running))


def _key(reader: _Reader) -> str:
    """What the list is made of, as a text that is another when that is."""
    (row,) = ask(reader.db, "sync_key", {"own": reader.own, "worker_id": reader.actor.worker_id})
    actor = reader.actor
    who = (actor.account_id, actor.role, actor.worker_id, actor.area_ids, actor.department_id)
    return hashlib.sha256(repr((row.key, who, reader.day, reader.campaigns)).encode()).hexdigest()[:32]


def _all(reader: _Reader, cursor: Since) -> Kept:
    db, actor = reader.db, reader.actor
    r = t.report.c
    open_ones = worklist_filter.conditions(db, actor, worklist_filter.Filter())
    ids = list(db.scalars(select(r.id).where(*open_ones).order_by(r.until_at, r.id).limit(MOST_REPORTS)))
    near = {
        "own": reader.own,
        "near_m": NEAR_M,
        "worker_id": actor.worker_id,
        "at": reader.now,
        "zone": reader.zone.key,
    }
    doors = _doors(reader, None)
    return Kept(
        cursor=cursor,
        reset=True,
        day=reader.day,
        worker=_worker(reader),
        campaigns=_campaigns(reader),
        doors=doors,
        reports=_reports(reader, ids),
        orders=_orders(reader, {row.id for row in doors if row.today}),
        also=_also(reader, doors),
        grids=ask(db, "sync_grids", near),
        compounds=ask(db, "sync_compounds", {"own": reader.own}),
        categories=_categories(db),
        gone_doors=[],
        gone_reports=[],
    )


def _changed(reader: _Reader, since: str, cursor: Since) -> Kept | None:
    """What changed; None where that cannot be told, or is too much to be told."""
    db = reader.db
    ids = wall.changed(db, since, most=MOST_CHANGED)  # refuses what is no cursor
    first, newest = int(since.split(":")[0]), int(cursor.snapshot.split(":")[1])
    if ids is None or not 0 <= newest - first <= wall.MOST_BEHIND or int(since.split(":")[1]) > newest:
        return None
    values = {"since": since, "own": reader.versions, "most": MOST_CHANGED}
    touched = [row.id for row in ask(db, "sync_doors_changed", values)]
    if None in touched:
        return None
    doors = _doors(reader, touched) if touched else []
    reports = _reports(reader, ids)
    there = {one.held.id for one in reports}
    here = {row.id for row in doors}
    return Kept(
        cursor=cursor,
        reset=False,
        day=reader.day,
        worker=_worker(reader),
        campaigns=_campaigns(reader),
        doors=doors,
        reports=reports,
        orders=None,
        also=_also(reader, doors),
        grids=None,
        compounds=None,
        categories=None,
        gone_doors=sorted(one for one in touched if one not in here),
        gone_reports=_gone(reader, [one for one in ids if one not in there]),
    )


def _gone(reader: _Reader, ids: Sequence[int]) -> list[tuple[str, str, int]]:
    if not ids:
        return []
    values = {"ids": list(ids), "own": reader.versions, "department_id": reader.actor.department_id}
    return [(row.source, row.number, row.repeat) for row in ask(reader.db, "sync_reports_gone", values)]


def _doors(reader: _Reader, ids: Collection[int] | None) -> list[Any]:
    classes = household_reading.classes(reader.db, only_active=False)
    values = {
        "own": reader.own,
        "ids": None if ids is None else list(ids),
        "campaign_ids": [one.id for one in reader.campaigns],
        "today": reader.day,
        "zone": reader.zone.key,
        "folded": household_reading.folded(reader.db, reader.actor),
        "unsaid": [one.code for one in classes if one.sensitive],
        "n": MOST_DOORS,
    }
    return ask(reader.db, "sync_doors", values)


def _orders(reader: _Reader, left: set[int]) -> dict[int, int]:
    """The doors `left` to be visited by their place in walking order, from 1; of very many none.

    One walk after the other where several campaigns run, last past the doors that are due by their class and on no
    campaign's list; a door has its place in the first.
    """
    ids: dict[int, None] = {}
    for campaign in (*reader.campaigns, None):
        if left <= ids.keys():
            break
        with suppress(Refused):
            walk = mop_up.walk(reader.db, reader.actor, campaign, reader.now, reader.zone)
            ids |= {door.id: None for stop in walk.stops for door in stop.doors if door.id in left}
    return {id_: place for place, id_ in enumerate(ids, 1)}


def _also(reader: _Reader, doors: Sequence[Any]) -> dict[int, tuple[sync.Beside, ...]]:
    """Who else was at these doors on a day on which the reader was, by the door; the earliest visit first."""
    if not doors:
        return {}
    v = t.visit.c
    here = v.household_id == any_(cast([row.id for row in doors], ARRAY(BIGINT)))
    own = select(v.id, v.household_id).where(
        here, v.happened_at >= reader.now - RECEIPTS, v.account_id == reader.actor.account_id
    )
    door_of = {row.id: row.household_id for row in reader.db.execute(own)}
    found: dict[int, set[sync.Beside]] = {}
    for visit_id, others in sync.beside(reader.db, list(door_of), reader.zone.key).items():
        found.setdefault(door_of[visit_id], set()).update(others)
    return {door: tuple(sorted(some, key=lambda one: one.happened_at)) for door, some in found.items()}


def _worker(reader: _Reader) -> tuple[str, str] | None:
    w = t.worker.c
    row = reader.db.execute(select(w.code, w.name).where(w.id == reader.actor.worker_id)).one_or_none()
    return None if row is None else (row.code, row.name)


def _campaigns(reader: _Reader) -> tuple[tuple[Campaign, int, int], ...]:
    """The campaigns, each with its eligible doors in the own grids and how many of them were reached."""
    c = t.campaign_grid.c
    told = []
    for one in reader.campaigns:
        mine = (c.campaign_id == one.id) & (c.grid_version_id == any_(cast(reader.own, ARRAY(BIGINT))))
        sums = select(func.coalesce(func.sum(c.eligible), 0), func.coalesce(func.sum(c.reached), 0)).where(mine)
        n_eligible, n_reached = reader.db.execute(sums).one()
        told.append((one, int(n_eligible), int(n_reached)))
    return tuple(told)


def _reports(reader: _Reader, ids: Sequence[int]) -> list[Report]:
    """Those of these that are open and that the reader sees, the most urgent first."""
    if not ids:
        return []
    places = wall.some(reader.db, reader.actor, wall.Filter(), ids, reader.now, reader.zone)
    places = [one for one in places if one.standing not in _ENDED]
    wanted = [one.id for one in places]
    if not wanted:
        return []
    held = cases.read_all(reader.db, wanted)
    said = ask(reader.db, "sync_reports", {"ids": wanted, "account_id": reader.actor.account_id})
    by_id = {row.id: row for row in said}
    offered = cases.offered(reader.db, list(held.values()), reader.actor, reader.now)
    return [_report(held[one.id], offered[one.id], one, by_id[one.id]) for one in places]


def _report(held: cases.Held, offered: Sequence[str], place: wall.Place, said: Any) -> Report:
    actions = tuple(one for one in offered if one not in _UNKEPT)
    photos = {"solve_on_spot"} | ({"dispose"} if cases.wants_photo(said.closing) else set())
    return Report(held, place.standing, place.until_at, said, actions, tuple(one for one in actions if one in photos))


def _categories(db: Connection) -> list[tuple[categories.Category, categories.Category | None, bool, str]]:
    """Each category a report may be filed under, its class, whether a closing condition wants a photo, its initials."""
    every = {one.code: one for one in categories.listed(db, every=True)}
    c, s = t.category_condition.c, t.category_sheet.c
    rows = db.execute(select(c.code, c.closing).join(t.category_sheet, s.id == c.sheet_id).where(s.current))
    shown = {row.code for row in rows if cases.wants_photo(row.closing)}
    letters = categories.initials_by_code(db)
    return [
        (one, every.get(one.parent_code or ""), one.code in shown, letters.get(one.code, ""))
        for one in categories.listed(db)
    ]
