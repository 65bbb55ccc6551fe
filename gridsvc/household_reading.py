"""The register as people read it: lists by place, class and due day; one door with its log; doors that look alike.

Contacts are masked for everybody, and so are the numbers in what persons wrote by which somebody could be found
(`households.unmask` shows the contact, and says so in the log; the answer to that has the rest whole too). A sensitive
class is told to those alone who may unmask: for others such a door is in every respect one of the default class of its
kind (SQL function default_class).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping, select

from gridsvc import compounds
from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.errors import NotFound
from gridsvc.rules import addresses, masking
from gridsvc.rules.roles import Actor, may
from gridsvc.stats import scope

MAX_PAGE = 500
MOST_PAIRS = 200
_OF_FILES = ("added", "changed")  # their note is the name of the file that was imported, no words of a person


@dataclass(frozen=True)
class Filter:
    """Which doors are wanted; whatever is given must hold.

    `q`: levels (3-2-501), a compound with or without them, or part of a shop's name.
    """

    grid: str | None = None
    compound_id: int | None = None
    q: str = ""
    kind: str | None = None
    class_code: str | None = None
    due_by: date | None = None
    excluded: bool | None = None
    removed: bool = False


@dataclass(frozen=True)
class Row:
    """A door as this reader may see it. `due_on`: the day by which the class wants the next visit, None for never.

    `same_as_id`: the entry that stays where this one was said to be the same door.
    """

    id: int
    kind: str
    compound_id: int | None
    compound: str | None
    building: str
    unit: str
    room: str
    name: str | None
    class_code: str | None
    class_zh: str | None
    class_en: str | None
    n_people: int | None
    registered_elsewhere: bool
    contact_name: str | None
    contact_phone: str | None
    lon: float
    lat: float
    position_source: str
    grid_code: str | None
    grid_name: str | None
    grid_layer: str | None
    community_code: str | None
    community_name: str | None
    source: str
    registered_at: datetime | None
    removed_at: datetime | None
    same_as_id: int | None
    reached_at: datetime | None
    excluded: str | None
    due_on: date | None

    def label(self, lang: str) -> str:
        """The door's levels in zh or en."""
        return addresses.label(self.building, self.unit, self.room, lang)


@dataclass(frozen=True)
class Page:
    """Some doors by id, and the id behind which the next page begins (None: there is none)."""

    items: tuple[Row, ...]
    next: int | None


def find(
    db: Connection, actor: Actor, wanted: Filter, now: datetime, zone: ZoneInfo, *, after: int = 0, limit: int = 100
) -> Page:
    """A page of the doors that this reader sees: of the own grids or areas; all of them for admin and planner."""
    rows = _rows(db, actor, wanted, now, zone, after=after, n=limit + 1)
    return Page(tuple(rows[:limit]), rows[limit - 1].id if len(rows) > limit else None)


def read(db: Connection, actor: Actor, household_id: int, now: datetime, zone: ZoneInfo) -> Row:
    """One door, removed or not.

    Raises:
        NotFound: door_unknown: there is none for this reader.
    """
    rows = _rows(db, actor, Filter(), now, zone, household_id=household_id, n=1)
    if not rows:
        raise NotFound("door_unknown", id=household_id)
    return rows[0]


def entries_of(db: Connection, actor: Actor, household_id: int, now: datetime, zone: ZoneInfo) -> list[Row]:
    """The entries that were said to be the same door as this one, which stays; those that this reader sees."""
    h = t.household.c
    ids = db.scalars(select(h.id).where(h.same_as_id == household_id).order_by(h.id)).all()
    return [row for id_ in ids for row in _rows(db, actor, Filter(), now, zone, household_id=id_, n=1)]


def _rows(
    db: Connection,
    actor: Actor,
    wanted: Filter,
    now: datetime,
    zone: ZoneInfo,
    *,
    n: int,
    after: int = 0,
    household_id: int | None = None,
) -> list[Row]:
    values = scope(actor) | vars(wanted) | _search(db, wanted.q)
    values |= {"id": household_id, "after": after, "n": n, "zone": zone.key, "today": now.astimezone(zone).date()}
    values["folded"] = folded(db, actor)
    return [_masked(row) for row in db.execute(load("households_list"), values).mappings()]


def _search(db: Connection, q: str) -> dict[str, object]:
    words = q.strip()
    levels = addresses.split(words)
    named = compounds.ids_like(db, levels.before) if levels.before else None
    found: dict[str, object] = {"name": words.lower(), "compound_ids": named}
    return found | {"building": levels.building, "unit": levels.unit, "room": levels.room}


def _masked(row: RowMapping) -> Row:
    values = {name: row[name] for name in Row.__dataclass_fields__}
    shown = Row(**values)
    return replace(
        shown, contact_name=masking.name(shown.contact_name), contact_phone=masking.phone(shown.contact_phone)
    )


@dataclass(frozen=True)
class Entry:
    """A row of a door's log; `account` is the name of who did it, `role` the one acted in (None of older rows).

    `other_id`, `other_key` (building, unit, room): the other one of what was said of two that look alike.
    `hides`: a number by which somebody could be found is left out of `note`.
    """

    at: datetime
    action: str
    note: str | None
    fields: tuple[str, ...]
    account: str | None
    role: str | None
    other_id: int | None
    other_key: tuple[str, str, str] | None
    hides: bool

    def other_label(self, lang: str) -> str:
        """The levels of the look-alike in zh or en; empty where there is none."""
        return addresses.label(*self.other_key, lang) if self.other_key else ""


def log(db: Connection, actor: Actor, household_id: int, *, whole: bool = False) -> list[Entry]:
    """What persons did to a door, newest first, for a reader who has read it; look-alikes only those this one sees.

    `whole`: for a reader whose purpose stands in that log.
    """
    return [
        Entry(
            row.at,
            row.action,
            note := row.note if whole or row.action in _OF_FILES else masking.numbers(row.note),
            tuple(row.fields),
            row.account,
            row.role,
            row.other_id,
            None if row.other_id is None else (row.building, row.unit, row.room),
            note != row.note,
        )
        for row in db.execute(load("household_log"), scope(actor) | {"id": household_id})
    ]


@dataclass(frozen=True)
class Pair:
    """Two doors of a compound, or of a community in no compound, that look like one; keys are (building, unit, room).

    `reason`, `said_at` and `said_by` of those that somebody said are two.
    """

    id: int
    key: tuple[str, str, str]
    other_id: int
    other_key: tuple[str, str, str]
    compound_id: int | None
    compound: str | None
    community: str | None
    kind: str
    name: str | None
    reason: str | None
    said_at: datetime | None
    said_by: str | None

    def labels(self, lang: str) -> tuple[str, str]:
        """The levels of both in zh or en."""
        return addresses.label(*self.key, lang), addresses.label(*self.other_key, lang)


def near_duplicates(
    db: Connection,
    actor: Actor,
    *,
    grid: str | None = None,
    compound_ids: Sequence[int] | None = None,
    apart: bool = False,
    limit: int = MOST_PAIRS,
) -> list[Pair]:
    """The first pairs of doors that look alike; a person says that they are two (`apart`), or which of them stays."""
    values = scope(actor) | {"grid": grid, "apart": apart, "n": limit}
    values["compound_ids"] = None if compound_ids is None else list(compound_ids)
    return [
        Pair(
            row.id,
            (row.building, row.unit, row.room),
            row.other_id,
            (row.other_building, row.other_unit, row.other_room),
            row.compound_id,
            row.compound,
            row.community,
            row.kind,
            row.name,
            masking.numbers(row.reason),
            row.said_at,
            row.said_by,
        )
        for row in db.execute(load("households_near"), values)
    ]


@dataclass(frozen=True)
class Class:
    """A class of doors; `cycle_days` None: never due. One that is not active is not given to any door."""

    code: str
    name_zh: str
    name_en: str
    cycle_days: int | None
    sensitive: bool
    active: bool


def classes(db: Connection, *, only_active: bool = True) -> Sequence[Class]:
    """The classes by code."""
    c = t.household_class.c
    rows = db.execute(select(t.household_class).order_by(c.code)).mappings()
    return [found for row in rows if (found := Class(**row)).active or not only_active]


def folded(db: Connection, actor: Actor) -> list[str]:
    """The sensitive classes that this reader is not told of: queries take them for the default class of the kind."""
    c = t.household_class.c
    return [] if may(actor, "unmask_household") else list(db.scalars(select(c.code).where(c.sensitive)))
