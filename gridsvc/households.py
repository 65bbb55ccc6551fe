"""The register of doors (households, shops, firms): added, changed and removed by hand, registered in sets.

A door's grid follows its position, like a report's; the counts of campaigns follow every change of a door. What a
person does to a door is a row of `household_log`: who, when, why and which fields, never what stood in them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, func, select, text

from gridsvc import door_rows, grids, history, visited
from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.door_rows import Home
from gridsvc.errors import Conflict, Forbidden, NotFound, Refused
from gridsvc.grids import Rule
from gridsvc.names import door_tag
from gridsvc.rules import addresses
from gridsvc.rules.roles import Actor
from gridsvc.stats import scope

BY_HAND = "gridsvc"  # the source of doors that nobody imported


@dataclass(frozen=True)
class Door:
    """A door: where it is in its compound (None: on a street), and what the work needs to know of it.

    Levels are normalised when it is stored. Without a position (EPSG:4326) it gets its building's or compound's;
    `position_source` says whose a given one is: door or building.
    `name` is a shop's or firm's: the work needs none of a household, so one that is given is not kept.
    `ref` tells doors without any level apart, like buildings of a map.
    """

    compound_id: int | None
    building: str | None
    unit: str | None
    room: str | None
    lon: float | None = None
    lat: float | None = None
    kind: str = "household"
    community_id: int | None = None
    name: str | None = None
    class_code: str | None = None
    n_people: int | None = None
    registered_elsewhere: bool | None = None
    contact_name: str | None = None
    contact_phone: str | None = None
    position_source: str = "door"
    ref: str = ""


# What a change by hand may name.
CHANGEABLE = frozenset(field.name for field in fields(Door)) - {"ref", "position_source"}
_KEY = ("kind", "compound_id", "community_id", "building", "unit", "room", "tag")  # household_key
_PLACE = frozenset({"lon", "lat", "compound_id", "building"})


def register(db: Connection, doors: Sequence[Door], now: datetime, rule: Rule, *, source: str = BY_HAND) -> int:
    """How many doors were new; each is placed by the editions of `now`. A known one takes over what is said of it.

    Raises:
        Refused: the code of the first door that has no place or whose key comes twice; nothing was stored.
        Conflict: doors_being_stored.
    """
    if not doors:
        return 0
    _stage(db, doors)
    door_rows.place(db, now, rule)
    n_new = door_rows.add(db, source, now)
    door_rows.change(db, now)
    return n_new


def _stage(db: Connection, doors: Sequence[Door]) -> None:
    door_rows.begin(db)
    homes: dict[Home, int] = {}
    rows: list[dict[str, str | None]] = []
    for number, door in enumerate(doors, start=1):
        home = homes.setdefault(Home(None, door.compound_id, door.community_id), len(homes))
        rows.append(_texts(number, home, door))
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    door_rows.fill(db, [(columns, False)], list(homes))
    door_rows.find(db)
    gone = door_rows.refused(db)
    if gone:
        raise Refused(gone[0].code, **gone[0].facts)


def _texts(number: int, home: int, door: Door) -> dict[str, str | None]:
    levels = (addresses.building(door.building), addresses.unit(door.unit), addresses.room(door.room))
    if addresses.is_floor(door.room):
        raise Refused("door_room_is_floor", found=str(door.room)[:60])
    said = door.registered_elsewhere
    return {
        **{"row": str(number), "home": str(home), "kind": door.kind},
        **{"building": levels[0], "unit": levels[1], "room": levels[2]},
        "tag": door_tag(door.kind, door.name, levels, door.ref),
        "name": _name(door),
        "odd": "t" if addresses.is_odd(*levels) else "f",
        "class_code": door.class_code,
        "lon": None if door.lon is None else repr(door.lon),
        "lat": None if door.lat is None else repr(door.lat),
        "position_source": door.position_source,
        "n_people": None if door.n_people is None else str(door.n_people),
        "registered_elsewhere": None if said is None else str(said).lower(),
        "contact_name": door.contact_name,
        "contact_phone": door.contact_phone,
    }


def add(db: Connection, door: Door, actor: Actor, now: datetime, rule: Rule) -> int:
    """The id of a new door; one that was removed comes back under its own.

    Raises:
        Refused: what `check` and `register` refuse.
        Conflict: door_exists (`id`), doors_being_stored.
        Forbidden: door_outside: not in a grid that this person keeps.
    """
    check(db, door)
    _stage(db, [door])
    door_rows.place(db, now, rule)
    _refuse_outside(db, actor)
    known: int | None = db.execute(text("SELECT known_id FROM door_found")).scalar_one()
    if known is not None and not _is_removed(db, known):
        raise Conflict("door_exists", id=known)
    if known is None:
        door_rows.add(db, BY_HAND, now)
        known = int(db.execute(text("SELECT currval(pg_get_serial_sequence('household', 'id'))")).scalar_one())
        write_log(db, known, "added", actor, now)
    else:
        door_rows.change(db, now, actor)
    _require_own(db, actor, known)
    return known


def change(
    db: Connection, household_id: int, changes: Mapping[str, Any], actor: Actor, now: datetime, rule: Rule
) -> tuple[str, ...]:
    """The names of the fields of `Door` that are others now; a field set to None is emptied.

    Raises:
        NotFound: door_unknown: there is none for this person, or it was removed.
        Refused: what `check` and `register` refuse; a key that another door has is a Conflict, as in `add`.
        Forbidden: door_outside: it would leave the grids that this person keeps.
    """
    door_rows.hold(db)
    grids.hold(db)
    counted = [household_id, *_entries(db, household_id)]  # one of them may take its key, and with it its compound
    visited.before(db, counted)
    row = lock(db, household_id, actor)
    stored = Door(**{name: row[name] for name in CHANGEABLE}, ref=row["tag"])
    wanted = replace(stored, **{name: value for name, value in changes.items() if name in CHANGEABLE})
    wanted = replace(wanted, name=_name(wanted))
    check(db, wanted)
    names = tuple(sorted(name for name in CHANGEABLE if _kept(wanted, name) != _kept(stored, name)))
    if names:
        moves = bool(_PLACE & set(names))
        history.begin(db, now)
        values = _values(db, row, stored, wanted, actor, moves=moves, now=now, rule=rule)
        other_id = _free_key(db, household_id, values)
        db.execute(t.household.update().where(t.household.c.id == household_id).values(**values))
        if other_id is not None:
            had = {name: row[name] for name in _KEY}
            db.execute(t.household.update().where(t.household.c.id == other_id).values(**had))
        _require_own(db, actor, household_id)
        write_log(db, household_id, "changed", actor, now, fields_=names)
    visited.after(db, counted)
    return names


def _entries(db: Connection, household_id: int) -> list[int]:
    """The entries that were said to be the same door as this one."""
    h = t.household.c
    return list(db.scalars(select(h.id).where(h.same_as_id == household_id)))


def _name(door: Door) -> str | None:
    return None if door.kind == "household" else door.name


def _kept(door: Door, name: str) -> object:
    value = getattr(door, name)
    levels = {"building": addresses.building, "unit": addresses.unit, "room": addresses.room}
    return levels[name](value) if name in levels else value


def _values(
    db: Connection, row: RowMapping, stored: Door, wanted: Door, actor: Actor, *, moves: bool, now: datetime, rule: Rule
) -> dict[str, object]:
    """The columns of a door as it is wanted; where its place or key is another one, it is found anew."""
    own = row["position_source"] == "door" or (wanted.lon, wanted.lat) != (stored.lon, stored.lat)
    staged = replace(wanted, lon=None, lat=None) if moves and not own else wanted
    if moves and wanted.community_id == stored.community_id:
        staged = replace(staged, community_id=None)
    if wanted.lon is None:  # what it gives up no longer tells where its building is
        given_up = t.household.update().where(t.household.c.id == row["id"])
        db.execute(given_up.values(position_source="compound"))
    _stage(db, [staged])
    found = db.execute(text("SELECT * FROM door_found")).mappings().one()
    if wanted.compound_id != stored.compound_id:
        door_rows.place(db, now, rule)
        _refuse_outside(db, actor)
    if found["known_id"] not in (None, row["id"]):
        _require_own(db, actor, found["known_id"])
        raise Conflict("door_exists", id=found["known_id"])
    plain = ("name", "n_people", "contact_name", "contact_phone")
    values: dict[str, object] = {name: found[name] for name in _KEY} | {name: getattr(wanted, name) for name in plain}
    values["class_code"] = wanted.class_code or func.default_class(wanted.kind)
    values["registered_elsewhere"] = bool(wanted.registered_elsewhere)
    if moves:
        if found["lon"] is None:  # what was its own is taken away, and there is no compound to take one from
            raise Refused("door_place_missing")
        placed = grids.place(db, found["lon"], found["lat"], now, rule)
        values["geom"] = f"SRID=4326;POINT({found['lon']!r} {found['lat']!r})"
        values |= {"position_source": found["position_source"], "grid_version_id": placed.grid_version_id}
    return values


def _free_key(db: Connection, household_id: int, wanted: Mapping[str, object]) -> int | None:
    """The entry that was the same door as this one and has the key that this one is to have: it gives it up."""
    h = t.household.c
    names = [name for name in _KEY if name != "community_id" or wanted["compound_id"] is None]
    same = [h[name].is_not_distinct_from(wanted[name]) for name in names]
    other_id = db.scalar(select(h.id).where(h.same_as_id == household_id, *same))
    if other_id is not None:
        db.execute(t.household.update().where(h.id == other_id).values(tag=f"= {other_id}"))
    return other_id


def remove(db: Connection, household_id: int, reason: str, actor: Actor, now: datetime) -> None:
    """Takes a door off the register; it stays on the lists of campaigns, and its history stays.

    Raises:
        NotFound: door_unknown.
        Refused: door_reason_missing.
    """
    require_words(reason, "door_reason_missing")
    visited.before(db, [household_id])
    lock(db, household_id, actor)
    db.execute(t.household.update().where(t.household.c.id == household_id).values(removed_at=now))
    visited.after(db, [household_id])
    write_log(db, household_id, "removed", actor, now, note=reason.strip())


def set_apart(db: Connection, household_id: int, other_id: int, reason: str, actor: Actor, now: datetime) -> None:
    """Two doors that look alike are two: they are not offered again. Both logs say who said so, and why.

    Raises:
        NotFound: door_unknown.
        Refused: door_reason_missing; doors_not_alike.
        Conflict: doors_apart: somebody has said so before.
    """
    require_words(reason, "door_reason_missing")
    if lock_pair(db, household_id, other_id, actor):
        raise Conflict("doors_apart")
    _write_pair(db, household_id, other_id, "apart", actor, now, reason.strip())


def offer_again(db: Connection, household_id: int, other_id: int, actor: Actor, now: datetime) -> None:
    """Takes back that two doors are two: they are offered again. Both logs say who did it.

    Raises:
        NotFound: door_unknown.
        Refused: doors_not_alike.
        Conflict: doors_not_apart: nobody has said that they are two, or it was taken back.
    """
    if not lock_pair(db, household_id, other_id, actor):
        raise Conflict("doors_not_apart")
    _write_pair(db, household_id, other_id, "alike", actor, now, None)


def lock_pair(db: Connection, household_id: int, other_id: int, actor: Actor) -> bool:
    """Whether these look-alikes were said to be two; both are locked, in the order of their ids.

    Raises:
        NotFound: door_unknown.
        Refused: doors_not_alike.
    """
    require_alike(*(lock(db, id_, actor) for id_ in sorted((household_id, other_id))))
    log = t.household_log.c
    of_pair = (log.household_id == household_id) & (log.other_id == other_id)
    return db.scalar(select(log.action).where(of_pair).order_by(log.id.desc()).limit(1)) == "apart"


def require_alike(one: Mapping[Any, Any], two: Mapping[Any, Any]) -> None:
    """Returns where these two rows of the register look like one door; else Refused: doors_not_alike."""
    keys = [(row["building"], row["unit"], row["room"]) for row in (one, two)]
    home = ("compound_id",) if one["compound_id"] is not None else ("compound_id", "community_id")
    same = all(one[name] == two[name] for name in (*home, "kind", "tag"))
    if not same or one[home[-1]] is None or not addresses.near(*keys):
        raise Refused("doors_not_alike")


def _write_pair(
    db: Connection, household_id: int, other_id: int, action: str, actor: Actor, now: datetime, note: str | None
) -> None:
    for id_, other in ((household_id, other_id), (other_id, household_id)):
        write_log(db, id_, action, actor, now, note=note, other_id=other)


@dataclass(frozen=True)
class Contact:
    """Whom one asks for at a door."""

    name: str | None
    phone: str | None


def unmask(db: Connection, household_id: int, purpose: str, actor: Actor, now: datetime) -> Contact:
    """The contact of a door, whole, once; the purpose and who asked stay in its log.

    Raises:
        NotFound: door_unknown.
        Refused: door_purpose_missing.
    """
    require_words(purpose, "door_purpose_missing")
    row = lock(db, household_id, actor, removed=True)
    write_log(db, household_id, "unmasked", actor, now, note=purpose.strip())
    return Contact(row["contact_name"], row["contact_phone"])


def replace_near(db: Connection, version_ids: list[int], now: datetime, rule: Rule) -> int:
    """How many doors in or near these grid versions moved to another one; the counts of campaigns follow."""
    grids.begin_placing(db)
    values = {"version_ids": version_ids, "nearest_max_m": rule.nearest_max_m, "now": now}
    db.execute(load("households_near_versions"), values)
    grids.place_all(db, rule)
    moved = list(db.scalars(load("households_to_move")))
    if moved:
        visited.before(db, moved)
        db.execute(load("households_placed"))
        visited.after(db, moved)
    return len(moved)


def switch_class(db: Connection, code: str, *, active: bool) -> None:
    """Switches a class on, so that doors may be given it, or off; those that have it keep it.

    Raises:
        Refused: door_class_unknown.
    """
    c = t.household_class.c
    if not db.execute(t.household_class.update().where(c.code == code).values(active=active)).rowcount:
        raise Refused("door_class_unknown", found=code[:60])


def check(db: Connection, door: Door) -> None:
    """Returns where a door may be stored as it is.

    Raises:
        Refused: door_class_unknown, door_class_off (not switched on here), door_levels_missing, door_room_is_floor,
            door_text_long, door_compound_unknown, door_community_unknown.
    """
    for name in ("building", "unit", "room", "name", "contact_name", "contact_phone"):
        if len(getattr(door, name) or "") > addresses.MOST_CHARS:
            raise Refused("door_text_long", field=name, limit=addresses.MOST_CHARS)
    if addresses.is_floor(door.room):
        raise Refused("door_room_is_floor", found=str(door.room)[:60])
    levels = (addresses.building(door.building), addresses.unit(door.unit), addresses.room(door.room))
    if not door_tag(door.kind, door.name, levels, door.ref) and all(level == addresses.NONE for level in levels):
        raise Refused("door_levels_missing")
    if door.class_code is not None:
        active = db.scalar(select(t.household_class.c.active).where(t.household_class.c.code == door.class_code))
        if not active:
            raise Refused("door_class_unknown" if active is None else "door_class_off", found=door.class_code)
    if door.compound_id is not None and not _is_there(db, t.compound, door.compound_id):
        raise Refused("door_compound_unknown")
    if door.community_id is not None and not _is_there(db, t.area, door.community_id):
        raise Refused("door_community_unknown", found=str(door.community_id))


def _is_there(db: Connection, table: Table, row_id: int) -> bool:
    return bool(db.scalar(select(select(table.c.id).where(table.c.id == row_id).exists())))


def _is_removed(db: Connection, household_id: int) -> bool:
    return db.scalar(select(t.household.c.removed_at).where(t.household.c.id == household_id)) is not None


def lock(db: Connection, household_id: int, actor: Actor, *, removed: bool = False) -> RowMapping:
    """The door, locked, as the register has it; with `removed` also one that was taken off.

    Raises:
        NotFound: door_unknown: there is none for this person.
    """
    h = t.household.c
    columns = [h[name] for name in CHANGEABLE - {"lon", "lat"}]
    where = (func.ST_X(h.geom).label("lon"), func.ST_Y(h.geom).label("lat"))
    query = select(h.id, h.tag, h.position_source, h.grid_version_id, h.removed_at, *columns, *where)
    row = db.execute(query.where(h.id == household_id).with_for_update(key_share=True)).mappings().one_or_none()
    if row is None or (row["removed_at"] is not None and not removed) or not _is_own(db, actor, row["grid_version_id"]):
        raise NotFound("door_unknown", id=household_id)
    return row


def _is_own(db: Connection, actor: Actor, grid_version_id: int | None) -> bool:
    if actor.sees_all:
        return True
    own = load("own_grid")
    return grid_version_id is not None and bool(db.scalar(own, scope(actor) | {"version_id": grid_version_id}))


def _refuse_outside(db: Connection, actor: Actor) -> None:
    """Nothing, where the staged, placed door is or would be one that this person keeps; of others nothing is told."""
    door_rows.refuse_outside(db, actor)
    if door_rows.refused(db):
        raise Forbidden("door_outside")


def _require_own(db: Connection, actor: Actor, household_id: int) -> None:
    h = t.household.c
    if not _is_own(db, actor, db.scalar(select(h.grid_version_id).where(h.id == household_id))):
        raise Forbidden("door_outside")


def require_words(words: str, code: str) -> None:
    """Returns where somebody has said something, and not too much; else Refused with this code or door_text_long."""
    if not words.strip():
        raise Refused(code)
    if len(words) > addresses.MOST_CHARS:
        raise Refused("door_text_long", field="note", limit=addresses.MOST_CHARS)


def write_log(
    db: Connection,
    household_id: int,
    action: str,
    actor: Actor,
    now: datetime,
    *,
    note: str | None = None,
    fields_: Sequence[str] = (),
    other_id: int | None = None,
) -> None:
    """Nothing; afterwards a door's log says who did this to it, when and why."""
    db.execute(
        t.household_log.insert().values(
            household_id=household_id,
            at=now,
            account_id=actor.account_id,
            account_role=actor.role if actor.known else None,
            action=action,
            note=note,
            fields=list(fields_),
            other_id=other_id,
        )
    )
