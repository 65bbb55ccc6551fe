"""The invented town played through the verbs, so that demo data is made as real data is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import geopandas as gpd
import shapely
from sqlalchemy import Connection, select, text

from geodata.town import Household, Town, Visit
from geodata.town.rows import DAYS
from geodata.town.visits import FIRST_ROUND, TURN
from gridsvc import (
    areas,
    basemap,
    campaigns,
    categories,
    compounds,
    demo_loop,
    editions,
    exclusions,
    households,
    visits,
    workers,
    worktime,
)
from gridsvc.db import tables as t
from gridsvc.grids import Rule
from gridsvc.names import door_tag
from gridsvc.photo_files import Files
from gridsvc.rules import addresses
from gridsvc.rules.roles import SYSTEM, Actor

SOURCE = "town"
AGAIN = timedelta(days=2)  # after a visitor has found a door vacant, a second person looks
N_EXCLUDED = 12
BEFORE = timedelta(days=3)  # the grids are published this long before the first thing happens
Progress = Callable[[str, int, int], None]  # what is being done, how much of it, of how many
# All happens in one transaction, so nobody has counted the tables that grow in it. They pass for empty ones, best read
# whole, and each of many thousand steps would be planned anew; what a step needs are a few rows by their keys.
_READS_WHOLE = ("enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin", "enable_material")
_SET = text("SELECT set_config(name, :value, true) FROM unnest(CAST(:names AS text[])) name")


def is_empty(db: Connection) -> bool:
    """Whether nothing was ever stored here: no grid and no report."""
    return db.scalar(select(t.grid_version.c.id).limit(1)) is None and (
        db.scalar(select(t.report.c.id).limit(1)) is None
    )


def seed(db: Connection, town: Town, rule: Rule, files: Files, progress: Progress) -> None:
    """Fills an empty schema with the town: its ground, its people, and what happened, in the order it happened."""
    begin = min(report.received_at for report in town.reports) - BEFORE
    progress("ground", 0, 1)
    worktime.fill(db, None, begin)
    _ground(db, town, begin, rule)
    progress("ground", 1, 1)
    progress("people", 0, 1)
    door_ids, worker_ids = _people(db, town, begin, rule)
    progress("people", 1, 1)
    progress("visits", 0, 1)
    visits.load(db, [_visit(v, door_ids, worker_ids) for v in town.visits])
    _campaigns(db, town, ZoneInfo(rule.zone))
    progress("visits", 1, 1)
    cast = demo_loop.settle(db)
    _exclusions(db, town, cast.desk["leader"])
    with _by_keys(db):
        demo_loop.play(db, town, rule, cast, files, progress)


@contextmanager
def _by_keys(db: Connection) -> Iterator[None]:
    """A block whose statements are planned once each, to find rows by keys."""
    _plan(db, reads_whole="off", plans="force_generic_plan")
    yield
    _plan(db, reads_whole="on", plans="auto")
    db.execute(text("DISCARD PLANS"))


def _plan(db: Connection, reads_whole: str, plans: str) -> None:
    db.execute(_SET, {"names": list(_READS_WHOLE), "value": reads_whole})
    db.execute(_SET, {"names": ["plan_cache_mode"], "value": plans})


def _campaigns(db: Connection, town: Town, zone: ZoneInfo) -> None:
    """The two rounds of the script: the households of a subdistrict, which is over, and every door, which goes on."""
    turn = town.until - timedelta(days=DAYS - TURN)
    over = campaigns.Wanted(
        "夏季入户走访",
        turn - timedelta(days=TURN),
        turn - timedelta(days=1),
        area_codes=(FIRST_ROUND,),
        by_whom="社区网格员",
    )
    goes_on = campaigns.Wanted(
        "秋季大走访",
        turn,
        town.until + timedelta(days=30),
        kinds=t.DOOR_KINDS,
        by_whom="社区网格员、街道包片干部",
        questions=("家里有什么困难？", "对社区有什么建议？"),
        n_issued=600,
        n_returned=410,
    )
    for code, wanted in (("summer", over), ("autumn", goes_on)):
        begin = campaigns.begins(wanted.starts_on, zone)
        campaigns.create(db, code, wanted, SYSTEM, begin - timedelta(days=7), zone)
        campaigns.draw(db, code, begin)
    campaigns.end(db, "summer", campaigns.begins(turn, zone))


def _exclusions(db: Connection, town: Town, second: Actor) -> None:
    """A dozen doors of the round that goes on are confirmed as vacant by somebody else than who found them so."""
    tops = db.scalars(select(t.area.c.id).where(t.area.c.parent_id.is_(None)))
    second = replace(second, area_ids=tuple(tops))
    turn = town.until - timedelta(days=DAYS - TURN)
    claims = [
        one
        for one in exclusions.waiting(db, second, most=len(town.households))
        if turn <= one.claimed_at.date() and (one.claimed_at + AGAIN).date() < town.until
    ]
    for claim in claims[:: max(1, len(claims) // N_EXCLUDED)][:N_EXCLUDED]:
        exclusions.confirm(db, claim.household_id, claim.reason, second, claim.claimed_at + AGAIN)


def _visit(visit: Visit, door_ids: dict[str, int], worker_ids: dict[str, int]) -> visits.Past:
    draft = visits.Draft(
        visit.client_key,
        door_ids[visit.household_key],
        visit.outcome,
        visit.happened_at,
        x=visit.lon,
        y=visit.lat,
        crs=visit.datum,
        accuracy_m=visit.accuracy_m,
    )
    return visits.Past(draft, worker_ids.get(visit.worker_code), visit.recorded_at)


def _multi(geom: shapely.Geometry) -> bytes:
    parts = shapely.MultiPolygon([geom]) if geom.geom_type == "Polygon" else geom
    return bytes(shapely.to_wkb(parts))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _count(value: object) -> int | None:
    return int(value) if isinstance(value, int) else None


def _ground(db: Connection, town: Town, begin: datetime, rule: Rule) -> None:
    areas.save(
        db,
        [
            areas.Area(row.code, row.level, row.name, _text(row.parent_code), _multi(row.geometry))
            for row in town.areas.itertuples()
        ],
    )
    categories.save(db, [categories.Category(c.code, c.name_zh, c.name_en) for c in town.categories])
    compounds.save(
        db,
        [
            compounds.Incoming(
                SOURCE,
                row.ref,
                row.name,
                tuple(row.aliases),
                _count(row.n_households),
                _count(row.n_buildings),
                bool(row.managed),
                bytes(shapely.to_wkb(row.geometry)),
            )
            for row in town.compounds.itertuples()
        ],
    )
    for layer, frame in (("base", town.grids), ("dedicated", town.dedicated)):
        editions.stage(db, grid_rows(frame))
        editions.draft(db, layer, begin, replace=True)
        editions.publish(db, layer, begin, rule)
    basemap.save(
        db,
        SOURCE,
        [*_features(town.roads, "road"), *_features(town.buildings, "building"), *_features(town.water, "water")],
    )


def _features(frame: gpd.GeoDataFrame, kind: str) -> Iterator[basemap.Feature]:
    classes = frame["class"] if "class" in frame else [None] * len(frame)
    names = frame["name"] if "name" in frame else [None] * len(frame)
    for class_, name, geom in zip(classes, names, frame.geometry, strict=True):
        yield basemap.Feature(kind, class_, _text(name), bytes(shapely.to_wkb(geom)))


def grid_rows(frame: gpd.GeoDataFrame) -> list[editions.Row]:
    """A frame of grids as `editions.stage` wants them."""
    return [(i, row.code, row.name, _multi(row.geometry)) for i, row in enumerate(frame.itertuples(), start=1)]


def _people(db: Connection, town: Town, begin: datetime, rule: Rule) -> tuple[dict[str, int], dict[str, int]]:
    workers.save(db, [workers.Worker(w.code, w.name) for w in town.workers])
    workers.save_duties(
        db,
        [
            workers.Duty(d.worker_code, d.layer, d.code, d.kind, d.weekdays, d.starts, d.ends)
            for d in town.duties
            if d.kind != "leader"
        ],
    )
    worker_ids = {row.code: row.id for row in db.execute(select(t.worker.c.code, t.worker.c.id))}
    c = t.compound.c
    compound_ids = {row.ref: row.id for row in db.execute(select(c.ref, c.id).where(c.source == SOURCE))}
    doors = [_door(compound_ids[h.compound_ref], h) for h in town.households]
    households.register(db, doors, begin, rule, source=SOURCE)
    h = t.household.c
    rows = db.execute(select(h.id, h.compound_id, h.building, h.unit, h.room, h.kind, h.tag))
    ids = {tuple(row)[1:]: row.id for row in rows}
    return {key.key: ids[_key(door)] for key, door in zip(town.households, doors, strict=True)}, worker_ids


def _door(compound_id: int, one: Household) -> households.Door:
    return households.Door(
        compound_id,
        one.building,
        one.unit,
        one.room,
        one.lon,
        one.lat,
        kind=one.kind,
        name=one.name,
        class_code=one.class_code,
        n_people=one.n_people,
        registered_elsewhere=one.registered_elsewhere,
        contact_name=one.contact,
        position_source="building",
    )


def _key(door: households.Door) -> tuple[object, ...]:
    levels = addresses.building(door.building), addresses.unit(door.unit), addresses.room(door.room)
    return door.compound_id, *levels, door.kind, door_tag(door.kind, door.name, levels, door.ref)
