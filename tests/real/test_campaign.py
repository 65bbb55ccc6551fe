"""Real campaigns: buildings to their tasks, visits to the nearest household, buildings into residential areas."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pytest
import shapely
from scipy.spatial import KDTree
from sqlalchemy import Connection, text

from geodata import placement
from geodata.crs import FloatArray, local_metric
from geodata.geometry import point_on_surface
from geodata.matching import nearest
from geodata.placement import Grid
from geodata.read import read
from gridsvc import coverage, households, visits
from gridsvc.grids import Rule
from gridsvc.households import Door
from gridsvc.rules.roles import Actor
from tests.conftest import NOW
from tests.framed import as_frame

BEGIN = NOW - timedelta(days=30)


def positions(frame: gpd.GeoDataFrame) -> FloatArray:
    """A position on each shape, lon and lat."""
    return np.array([point_on_surface(geom) for geom in frame.geometry])


def test_vulamba_every_building_is_back_in_its_task(shared: Path) -> None:
    tasks = as_frame(read(shared / "campaign/vulamba_tasks.geojson"))
    buildings = as_frame(read(shared / "campaign/vulamba_features.geojson"))
    assert (len(tasks), len(buildings)) == (69, 870)
    grids = [Grid(task, task, "base", geom) for task, geom in zip(tasks["task_id"], tasks.geometry, strict=True)]
    where = positions(buildings)
    placed = placement.place_many(where[:, 0], where[:, 1], grids, 0.0)
    assert [one.code for one in placed] == buildings["task_id"].tolist()
    assert {one.code for one in placed} == set(tasks["task_id"])


def test_chibombo_visits_reach_427_households(shared: Path) -> None:
    households = gpd.read_file(shared / "campaign/chibombo/hh-chimbombo-1.geojson")
    visits = gpd.read_file(shared / "campaign/chibombo/spray-days.geojson")
    assert (len(households), len(visits)) == (502, 491)
    doors, points = positions(households), positions(visits)
    index, metres = nearest(points, doors, 100.0)
    assert (index >= 0).all()
    assert len(set(index)) == 427
    assert np.median(metres) == pytest.approx(20.4, abs=0.1)
    assert metres.max() == pytest.approx(75.2, abs=0.1)
    by_day = Counter(visits["day"])
    assert by_day == {1: 156, 2: 127, 3: 131, 4: 77}
    # By another way: planar distances in the local metric system.
    crs = local_metric(*points.mean(axis=0).tolist())
    there, here = (shapely.get_coordinates(frame.to_crs(crs).geometry) for frame in (households, visits))
    assert KDTree(there).query(here)[1].tolist() == index.tolist()
    near, near_m = nearest(points, doors, 20.0)
    assert (near >= 0).sum() == (metres <= 20.0).sum() == np.isfinite(near_m).sum() == 232
    assert len(set(near[near >= 0])) == 222


def test_chibombo_in_the_register_has_427_doors_reached_by_491_visits(db: Connection, shared: Path, rule: Rule) -> None:
    frames = [
        gpd.read_file(shared / "campaign/chibombo" / name) for name in ("hh-chimbombo-1.geojson", "spray-days.geojson")
    ]
    where, points = (positions(frame) for frame in frames)
    days = [int(day) for day in frames[1]["day"]]
    doors = [Door(None, None, None, None, lon, lat, ref=f"{n}") for n, (lon, lat) in enumerate(where.tolist())]
    assert households.register(db, doors, BEGIN, rule) == 502
    ids = {row.tag: row.id for row in db.execute(text("SELECT id, tag FROM household"))}
    index, _ = nearest(points, where, 100.0)
    past = []
    for (lon, lat), door, day in zip(points.tolist(), index.tolist(), days, strict=True):
        at = BEGIN + timedelta(days=day)
        draft = visits.Draft(uuid4(), ids[f"{door}"], "reached", at, n_met=1, x=lon, y=lat, crs="wgs84")
        past.append(visits.Past(draft, None, at))
    assert visits.load(db, past) == 491
    first, last = ((BEGIN + timedelta(days=day)).date() for day in (1, 4))
    asked = coverage.Query(("day",), from_on=first, to_on=last)
    told = coverage.table(db, asked, Actor("planner"), NOW, ZoneInfo("UTC"))
    assert {name: told.counts[name] for name in ("enumerated", "eligible", "reached", "n_visits", "n_met")} == {
        "enumerated": 502,
        "eligible": 502,
        "reached": 427,
        "n_visits": 491,
        "n_met": 491,
    }
    by_day = {row.keys[0].code: (row.counts["n_visits"], row.counts["reached"]) for row in told.rows}
    doors_of = {day: {door for door, on in zip(index.tolist(), days, strict=True) if on == day} for day in range(1, 5)}
    expected = zip((1, 2, 3, 4), (156, 127, 131, 77), strict=True)
    assert by_day == {(BEGIN + timedelta(days=day)).date().isoformat(): (n, len(doors_of[day])) for day, n in expected}
    far = db.scalars(text("SELECT distance_m FROM visit ORDER BY distance_m DESC")).all()
    assert (far[0], np.median(far)) == (pytest.approx(75.2, abs=0.1), pytest.approx(20.4, abs=0.1))
    assert db.scalar(text("SELECT count(*) FROM visit WHERE far")) == 0


def test_liechtenstein_buildings_are_doors_of_residential_areas(shared: Path) -> None:
    osm = shared / "osm/liechtenstein.osm.pbf"
    areas = as_frame(read(osm, "compounds"))
    base_map = as_frame(read(osm, "basemap"))
    doors = positions(base_map[base_map["feature"] == "buildings"])
    grids = [Grid(code, code, "base", geom) for code, geom in zip(areas["osm_id"], areas.geometry, strict=True)]
    placed = placement.place_many(doors[:, 0], doors[:, 1], grids, 0.0)
    assert abs(sum(one.code is not None for one in placed) - 14_231) <= 2
    inside = shapely.STRtree(areas.geometry.to_numpy()).query(shapely.points(doors), predicate="within")[0]
    assert np.bincount(inside).max() == 1, "no door in two residential areas"
