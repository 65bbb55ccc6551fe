"""Real campaigns: buildings to their tasks, visits to the nearest household, buildings into residential areas."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from scipy.spatial import KDTree

from geodata import placement
from geodata.crs import FloatArray, local_metric
from geodata.geometry import point_on_surface
from geodata.matching import nearest
from geodata.placement import Grid
from geodata.read import read


def positions(frame: gpd.GeoDataFrame) -> FloatArray:
    """A position on each shape, lon and lat."""
    return np.array([point_on_surface(geom) for geom in frame.geometry])


def test_vulamba_every_building_is_back_in_its_task(shared: Path) -> None:
    tasks = read(shared / "campaign/vulamba_tasks.geojson").frame
    buildings = read(shared / "campaign/vulamba_features.geojson").frame
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


def test_liechtenstein_buildings_are_doors_of_residential_areas(shared: Path) -> None:
    osm = shared / "osm/liechtenstein.osm.pbf"
    areas = read(osm, "compounds").frame
    base_map = read(osm, "basemap").frame
    doors = positions(base_map[base_map["feature"] == "buildings"])
    grids = [Grid(code, code, "base", geom) for code, geom in zip(areas["osm_id"], areas.geometry, strict=True)]
    placed = placement.place_many(doors[:, 0], doors[:, 1], grids, 0.0)
    assert abs(sum(one.code is not None for one in placed) - 14_231) <= 2
    inside = shapely.STRtree(areas.geometry.to_numpy()).query(shapely.points(doors), predicate="within")[0]
    assert np.bincount(inside).max() == 1, "no door in two residential areas"
