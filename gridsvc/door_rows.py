"""Doors on their way into the register: staged as they come, found, checked, placed and stored in set statements."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from gridsvc import grids, history, visited
from gridsvc.db.queries import load
from gridsvc.errors import Conflict
from gridsvc.grids import Rule
from gridsvc.imports.copying import copy_into
from gridsvc.rules import addresses
from gridsvc.rules.roles import ANONYMOUS, Actor
from gridsvc.stats import scope

Columns = Mapping[str, Sequence[str | None]]

_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('gridsvc.doors'), hashtext(current_schema()))")
_NESTED = text("SELECT set_config('enable_nestloop', :value, true)")
_TRIES, _PAUSE_S = 30, 0.1
LARGE = 20_000  # rows
_TABLES = ("door_row", "door_home", "door_loose", "door_held", "door_building", "door_found", "door_refused")
_DROP = text(f"DROP TABLE IF EXISTS {', '.join(f'pg_temp.{name}' for name in _TABLES)}")


@dataclass(frozen=True)
class Home:
    """Where doors say they are: a compound by its id or by the key of its name, a community, or nothing of it.

    `said`: the compound's name as it came.
    """

    key: str | None = None
    compound_id: int | None = None
    community_id: int | None = None
    said: str | None = None


def hold(db: Connection) -> None:
    """Keeps others from storing doors until this transaction ends; to be taken before any other lock.

    Raises:
        Conflict: doors_being_stored: somebody else's import goes on.
    """
    for _ in range(_TRIES):
        if db.scalar(_LOCK):
            return
        time.sleep(_PAUSE_S)
    raise Conflict("doors_being_stored")


def begin(db: Connection, *, alone: bool = True) -> None:
    """Makes the temporary tables, empty, and holds the register; not for who only looks (`alone` False).

    Raises:
        Conflict: as `hold`.
    """
    if alone:
        hold(db)
    db.execute(_DROP)
    for name in ("door_row_make", "door_home_make", "door_refused_make"):
        db.execute(load(name))


def fill(db: Connection, blocks: Iterable[tuple[Columns, bool]], homes: Collection[Home]) -> None:
    """Copies rows into `door_row`; `homes` are read when all blocks are, their places in it are the numbers `home`.

    Raises:
        FileRefused: as `copy_into`.
    """
    copy_into(db, "door_row", blocks)
    settle(db, homes)


def settle(db: Connection, homes: Collection[Home]) -> None:
    """Keeps the homes of the copied rows; their places in `homes` are the numbers `home`."""
    db.execute(text("ANALYZE door_row"))
    values: dict[str, list[Any]] = {
        "nrs": list(range(len(homes))),
        "keys": [home.key for home in homes],
        "compound_ids": [home.compound_id for home in homes],
        "community_ids": [home.community_id for home in homes],
        "said": [home.said for home in homes],
    }
    db.execute(load("door_homes_add"), values)


def find(db: Connection) -> None:
    """Finds compound, community, position and stored door of each row; takes out what is wrong."""
    db.execute(load("door_homes_find"))
    db.execute(text("ANALYZE door_home"))
    db.execute(load("door_loose_make"))
    db.execute(text("CREATE INDEX door_loose_geom_idx ON door_loose USING gist (geom)"))
    db.execute(text("ANALYZE door_loose"))
    db.execute(load("door_held_make"))
    db.execute(load("door_building_make"))
    if db.scalar(text("SELECT EXISTS (SELECT FROM door_row WHERE lon IS NULL)")):
        _name_buildings(db)
    for name in ("door_held", "door_building"):
        db.execute(text(f"ANALYZE {name}"))
    # Of a key of six columns the planner expects hardly any match, and would look up each of a million singly.
    large = int(db.scalar(text("SELECT count(*) FROM door_row")) or 0) >= LARGE
    if large:
        db.execute(_NESTED, {"value": "off"})
    db.execute(load("door_found_make"))
    if large:
        db.execute(_NESTED, {"value": "on"})
    db.execute(load("door_lost_refuse"))
    db.execute(load("door_repeats_refuse"))
    db.execute(load("door_aliases_settle"))
    db.execute(text("ANALYZE door_found"))


def _name_buildings(db: Connection) -> None:
    named = db.execute(load("door_basemap_buildings")).all()
    if named:
        values = {
            "compound_ids": [row.compound_id for row in named],
            "buildings": [addresses.building(row.name) for row in named],
            "lons": [row.lon for row in named],
            "lats": [row.lat for row in named],
        }
        db.execute(load("door_buildings_add"), values)


def refuse_outside(db: Connection, actor: Actor) -> None:
    """Takes out the rows whose door is, or would come to be, in no grid that this person keeps; after `place`.

    A door that is there already in somebody else's grid is refused as a new one there is: nothing is told of it.
    """
    db.execute(load("door_outside_refuse"), scope(actor))


@dataclass(frozen=True)
class Gone:
    """A staged row that was taken out, and why."""

    row: int
    code: str
    facts: dict[str, object]


def refused(db: Connection) -> list[Gone]:
    """The rows that `find` took out."""
    return [Gone(row.row, row.code, row.facts) for row in db.execute(load("door_refused"))]


@dataclass(frozen=True)
class Summary:
    """The staged doors as a whole: counts, of the new ones by where the position is from, and the box of all.

    `n_back`: of the changed ones, those that were removed from the register; `n_alias`: those named by an entry that
    was said to be the same door as another one.
    """

    n_new: int
    n_changed: int
    n_same: int
    n_back: int
    n_alias: int
    n_door: int
    n_building: int
    n_compound: int
    n_in_compound: int
    box: tuple[float, float, float, float] | None


def summary(db: Connection) -> Summary:
    """What is new, changed and the same."""
    row = db.execute(load("door_summary")).one()
    box = None if row.west is None else (row.west, row.south, row.east, row.north)
    return Summary(
        *(row.n_new, row.n_changed, row.n_same, row.n_back, row.n_alias),
        *(row.n_door, row.n_building, row.n_compound, row.n_in_compound),
        box,
    )


@dataclass(frozen=True)
class Near:
    """A new row that looks like another row, or like a stored door; keys are (building, unit, room)."""

    row: int
    other_row: int | None
    other_id: int | None
    key: tuple[str, str, str]
    other: tuple[str, str, str]


def near(db: Connection, most: int, actor: Actor) -> list[Near]:
    """The first new rows that look like another door of their compound, or of their community where they are in none
    (`rules.addresses.near`); of stored ones those that this person sees."""
    return [
        Near(
            row.row,
            row.other_row,
            row.other_id,
            (row.building, row.unit, row.room),
            (row.other_building, row.other_unit, row.other_room),
        )
        for row in db.execute(load("door_near"), {"most": most} | scope(actor))
    ]


def before_change(db: Connection) -> str:
    """A digest of what is stored of the doors that the staged ones change: another one as soon as somebody else changes
    one of them."""
    return str(db.scalar(load("door_change_seen")))


def place(db: Connection, now: datetime, rule: Rule) -> None:
    """Places the new and the moved rows by the editions of `now`, which stay as they are until the transaction ends."""
    grids.hold(db)
    grids.begin_placing(db)
    db.execute(load("door_to_place"), {"now": now})
    grids.place_all(db, rule)


def add(db: Connection, source: str, now: datetime, actor: Actor = ANONYMOUS, note: str | None = None) -> int:
    """How many rows were stored as new doors; the log of each says whose they are, where an account took them in."""
    after = db.scalar(text("SELECT coalesce(max(id), 0) FROM household"))
    n = db.execute(load("door_add"), {"source": source, "now": now}).rowcount
    if actor.known:
        # Nobody else stores doors before this transaction ends (`hold`).
        db.execute(load("door_add_log"), _who(actor) | {"after": after, "now": now, "note": note})
    return n


def _who(actor: Actor) -> dict[str, Any]:
    return {"account_id": actor.account_id, "account_role": actor.role if actor.known else None}


def change(db: Connection, now: datetime, actor: Actor = ANONYMOUS, note: str | None = None) -> list[int]:
    """The stored doors that the rows have changed; the counts of campaigns follow. Those that come back are noted.

    With a note (the file's name) the log of each says who changed which fields.
    """
    ids = list(db.scalars(load("door_changed")))
    if ids:
        visited.before(db, ids)
        history.begin(db, now)
        db.execute(load("door_restored"), _who(actor) | {"now": now})
        if actor.known and note is not None:
            db.execute(load("door_change_log"), _who(actor) | {"now": now, "note": note})
        db.execute(load("door_change"))
        visited.after(db, ids)
    return ids
