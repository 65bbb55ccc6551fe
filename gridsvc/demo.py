"""The invented town played through the verbs, so that demo data is made as real data is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import geopandas as gpd
import shapely
from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from geodata.town import Report, Step, Town
from gridsvc import (
    areas,
    basemap,
    cases,
    categories,
    compounds,
    editions,
    households,
    reports,
    terms,
    visits,
    workers,
    worktime,
)
from gridsvc.db import tables as t
from gridsvc.errors import Conflict
from gridsvc.grids import Rule
from gridsvc.reports import Draft, Position
from gridsvc.rules.case import Given
from gridsvc.rules.roles import Actor

SOURCE = "town"
BEFORE = timedelta(days=3)  # the grids are published this long before the first thing happens
Progress = Callable[[str, int, int], None]  # what is being done, how much of it, of how many

_PLAYED = Actor("admin", name="demo")


def is_empty(db: Connection) -> bool:
    """Whether nothing was ever stored here: no grid and no report."""
    return db.scalar(select(t.grid_version.c.id).limit(1)) is None and (
        db.scalar(select(t.report.c.id).limit(1)) is None
    )


def seed(db: Connection, town: Town, rule: Rule, progress: Progress) -> None:
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
    visits.record(
        db,
        [
            visits.Visit(
                v.client_key,
                door_ids[v.household_key],
                worker_ids.get(v.worker_code),
                v.outcome,
                v.happened_at,
                v.recorded_at,
            )
            for v in town.visits
        ],
    )
    progress("visits", 1, 1)
    _play(db, town, rule, progress)


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
    doors = [
        households.Door(compound_ids[h.compound_ref], h.building, h.unit, h.room, h.lon, h.lat) for h in town.households
    ]
    households.register(db, doors, begin, rule)
    h = t.household.c
    rows = db.execute(select(h.id, h.compound_id, h.building, h.unit, h.room))
    ids = {(row.compound_id, row.building, row.unit, row.room): row.id for row in rows}
    by_key = {
        key.key: ids[door.compound_id, door.building, door.unit, door.room]
        for key, door in zip(town.households, doors, strict=True)
    }
    return by_key, worker_ids


def _script(town: Town) -> Iterator[tuple[datetime, Report, Step | None]]:
    """What happened, in the order it happened."""
    rows = [(report.received_at, 0, i, report, None) for i, report in enumerate(town.reports)]
    steps = [(s.at, 1, i, report, s) for i, report in enumerate(town.reports) for s in report.steps]
    for at, _, _, report, step in sorted([*rows, *steps], key=lambda row: row[:3]):
        yield at, report, step


def _play(db: Connection, town: Town, rule: Rule, progress: Progress) -> None:
    numbers: dict[str, str] = {}
    script = list(_script(town))
    agreed = terms.load(db, rule.zone)
    for i, (at, report, step) in enumerate(script):
        if i % 100 == 0:
            progress("reports", i, len(script))
        if step is not None:
            _act(db, numbers[report.number], step, at, agreed)
            continue
        numbers[report.number] = _submit(db, report, at, rule)
    progress("reports", len(script), len(script))


def _act(db: Connection, number: str, step: Step, at: datetime, agreed: terms.Agreed) -> None:
    held = cases.lock(db, number)
    if step.action == "void":
        cases.apply(db, held, "void", _PLAYED, at, agreed, Given(note=step.note))
        return
    dept = db.execute(
        insert(t.department).values(code="D1", name="城市管理").on_conflict_do_nothing().returning(t.department.c.id)
    ).scalar()
    dept = dept or db.scalar(select(t.department.c.id).where(t.department.c.code == "D1"))
    for action in ("verify", "file", "dispatch", "dispose", "check", "close"):
        who = {"dispose": Actor("handler", department_id=dept), "check": Actor("checker")}.get(action, _PLAYED)
        cases.apply(
            db,
            cases.lock(db, number),
            action,
            who,
            at,
            agreed,
            Given(note=step.note, department_id=dept if action == "dispatch" else None),
        )


def _submit(db: Connection, report: Report, at: datetime, rule: Rule) -> str:
    position = None
    if report.lon is not None and report.lat is not None and report.datum is not None:
        position = Position(report.lon, report.lat, report.datum, report.accuracy_m)
    draft = Draft(
        report.client_key,
        report.category,
        report.description,
        report.channel,
        position,
        report.compound,
        report.words,
        report.observed_at,
    )
    sender = Actor("worker" if report.worker_code else "anonymous")
    try:
        return reports.submit(db, draft, sender, at, rule).number
    except Conflict:  # a name that fits several compounds: the sender could only say it in words
        words = draft.words or str(draft.compound)
        return reports.submit(db, replace(draft, compound=None, words=words), sender, at, rule).number
