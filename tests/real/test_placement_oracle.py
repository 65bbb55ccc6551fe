"""Every report of two real cities: Zürich's lie in one district each, Chicago's official areas are found again."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geodata.crs import parse_crs, to_lonlat
from geodata.partition import check
from geodata.placement import BORDER_DEG, Grid, Placement, place, place_many


def _grids(frame: gpd.GeoDataFrame, code: str, name: str) -> list[Grid]:
    shapes = frame.to_crs(4326).geometry
    return [Grid(str(c), n, "base", s) for c, n, s in zip(frame[code], frame[name], shapes, strict=True)]


@pytest.fixture(scope="module")
def chicago(shared: Path) -> tuple[pd.DataFrame, list[Grid]]:
    """Reports with lon, lat and the official area as text (None: not known), and the 77 areas."""
    areas = gpd.read_file(shared / "chicago" / "community_areas.shp")
    assert areas.crs is None
    columns = ["Longitude", "Latitude", "X_Coordinate", "Y_Coordinate", "Community_Area"]
    reports = pd.read_csv(shared / "chicago" / "reports.csv.gz", usecols=columns)
    reports["official"] = [None if pd.isna(area) else str(int(area)) for area in reports["Community_Area"]]
    return reports, _grids(areas.set_crs(3435), "AREANO", "COMMUNITY")


def _place(reports: pd.DataFrame, grids: list[Grid], nearest_max_m: float) -> list[Placement]:
    return place_many(reports["Longitude"].to_numpy(), reports["Latitude"].to_numpy(), grids, nearest_max_m)


def _agree(placed: list[Placement], reports: pd.DataFrame) -> int:
    pairs = zip(placed, reports["official"], strict=True)
    return sum(found.code is not None and found.code == official for found, official in pairs)


def test_zurich_each_in_exactly_one_district(shared: Path) -> None:
    districts = _grids(gpd.read_file(shared / "zurich" / "districts.gpkg"), "kuerzel", "name")
    reports = pd.read_csv(shared / "zurich" / "reports.csv.gz")
    lon, lat = to_lonlat(reports["e"].to_numpy(float), reports["n"].to_numpy(float), parse_crs("EPSG:2056"))
    placed = place_many(lon, lat, districts, 0.0)
    assert len(districts) == 22
    assert len(placed) == 62_245
    assert Counter(found.method for found in placed) == {"covers": 62_245}
    points, n_covering = shapely.points(lon, lat), np.zeros(len(lon), dtype=int)
    for district in districts:
        shapely.prepare(district.geom)
        n_covering += shapely.dwithin(district.geom, points, BORDER_DEG)
    assert (n_covering == 1).all()
    assert {found.code for found in placed} == {district.code for district in districts}


def test_chicago_covers(chicago: tuple[pd.DataFrame, list[Grid]]) -> None:
    reports, areas = chicago
    placed = _place(reports, areas, 0.0)
    assert len(areas) == 77
    why = Counter(found.reason or found.method for found in placed)
    assert why == {"covers": 74_178, "outside": 199, "no_position": 24}
    assert _agree(placed, reports) == pytest.approx(73_004, abs=2)


def test_chicago_nearest(chicago: tuple[pd.DataFrame, list[Grid]]) -> None:
    reports, areas = chicago
    placed = _place(reports, areas, 50.0)
    why = Counter(found.reason or found.method for found in placed)
    assert why == {"covers": 74_178, "nearest": 199, "no_position": 24}
    assert max(found.distance_m or 0.0 for found in placed) < 8.0
    assert _agree(placed, reports) == pytest.approx(73_201, abs=2)


def test_chicago_plain_and_quick_are_one(chicago: tuple[pd.DataFrame, list[Grid]]) -> None:
    reports, areas = chicago
    placed = _place(reports, areas, 50.0)
    tricky = [row for row, found in enumerate(placed) if found.method == "nearest"]
    for row in [*tricky, *np.random.default_rng(1).choice(len(reports), 300, replace=False)]:
        lon, lat = float(reports["Longitude"].iat[row]), float(reports["Latitude"].iat[row])
        assert place(lon, lat, areas) == placed[row]
        assert place(lon, lat, areas[::-1]) == placed[row]


def test_chicago_state_plane_feet_give_the_same_positions(chicago: tuple[pd.DataFrame, list[Grid]]) -> None:
    reports, _ = chicago
    lon, lat = to_lonlat(reports["X_Coordinate"].to_numpy(), reports["Y_Coordinate"].to_numpy(), parse_crs("EPSG:3435"))
    known = reports["Longitude"].notna().to_numpy()
    assert known.sum() == 74_377
    np.testing.assert_allclose(lon[known], reports["Longitude"][known], rtol=0, atol=1e-11)
    np.testing.assert_allclose(lat[known], reports["Latitude"][known], rtol=0, atol=1e-11)


def test_real_sets_of_grids_tile(shared: Path) -> None:
    counties = gpd.read_file(shared / "china" / "counties_4490.geojson").to_crs(4326)
    account = check(counties.assign(code=[str(number) for number in range(len(counties))]))
    assert account.n_grids == 47
    assert account.clean
    tasks = gpd.read_file(shared / "campaign" / "naivasha_tasks.geojson")
    aoi = gpd.read_file(shared / "campaign" / "naivasha_aoi.geojson")
    account = check(tasks.assign(code=[str(number) for number in range(len(tasks))]), aoi)
    assert account.n_grids == 23
    # Nine pairs overlap by 1e-9 m2 each: the rounding of their borders, no fault of the grids.
    assert (account.overlaps, account.overlap_slivers.n) == ((), 0)
    assert [piece.codes for piece in account.outside] == [("18",), ("9",), ("12",), ("11",)]
    assert account.outside[0].m2 == pytest.approx(92.8, abs=0.05)
