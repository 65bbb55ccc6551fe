"""Real files through the walls: every one of the shared data gives the figures that are known of it."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely

from geodata import geometry
from geodata.errors import CrsError
from geodata.files.tables import sniff_table
from geodata.layer import Layer
from geodata.read import read
from geodata.write import write
from tests.conftest import NOW
from tests.framed import as_frame


def codes(problems: tuple[object, ...]) -> set[str]:
    return {problem.code for problem in problems}  # type: ignore[attr-defined]


def all_valid(layer: Layer) -> bool:
    return bool(shapely.is_valid(as_frame(layer).geometry.to_numpy()).all())


def test_zurich_reports_and_districts(shared: Path) -> None:
    layer = read(shared / "zurich/reports.csv.gz", "reports", crs="EPSG:2056")
    assert (len(as_frame(layer)), layer.n_rows, layer.problems) == (62_245, 62_245, ())
    assert layer.fields.given() == {"x": "e", "y": "n", "time": "date", "category": "service_code"}
    assert as_frame(layer)[["raw_x", "raw_y"]].to_numpy()[0].tolist() == [2683920.0, 1245604.0]
    lon, lat = shapely.get_coordinates(as_frame(layer).geometry).T
    assert (lon.min() > 8.4, lon.max() < 8.7, lat.min() > 47.3, lat.max() < 47.5) == (True, True, True, True)
    districts = read(shared / "zurich/districts.gpkg", "grids")
    assert (len(as_frame(districts)), districts.crs_used, districts.problems) == (22, "EPSG:2056", ())
    # Their borders are arcs: each report still lies in exactly one.
    assert "curves_flattened" in codes(districts.notes)
    hits = shapely.STRtree(as_frame(layer).geometry.to_numpy()).query(as_frame(districts).geometry.to_numpy(), "covers")
    assert len(hits[1]) == len(set(hits[1].tolist())) == 62_245
    theirs = pyogrio.read_dataframe(shared / "zurich/districts.gpkg").to_crs(4326)
    mine_m2 = sorted(geometry.area_m2(shape) for shape in as_frame(districts).geometry)
    theirs_m2 = sorted(geometry.area_m2(shape) for shape in theirs.geometry)
    assert np.allclose(mine_m2, theirs_m2, rtol=1e-5)


def test_chicago_reports_in_degrees_and_in_feet(shared: Path) -> None:
    path = shared / "chicago/reports.csv.gz"
    with pytest.raises(CrsError, match="crs missing"):
        read(path, "reports")
    begin = time.monotonic()
    in_degrees = read(path, "reports", crs="wgs84")
    # About two seconds of work; the bound only tells a few seconds from minutes on a busy machine.
    assert time.monotonic() - begin < 60
    assert (in_degrees.n_rows, in_degrees.problems, in_degrees.fields.lon) == (74_401, (), "Longitude")
    numbers = in_degrees.texts("number")
    assert numbers is not None
    assert len(numbers) - len(set(numbers)) == 375
    placed = as_frame(in_degrees).geometry.notna()
    assert int(placed.sum()) == 74_377
    in_feet = read(path, "reports", crs="EPSG:3435")
    assert in_feet.fields.x == "X_Coordinate"
    a = shapely.get_coordinates(as_frame(in_degrees).geometry[placed].to_numpy())
    b = shapely.get_coordinates(as_frame(in_feet).geometry[placed].to_numpy())
    assert np.abs(a - b).max() < 1e-9


def test_chicago_areas_need_their_crs(shared: Path) -> None:
    path = shared / "chicago/community_areas.shp"
    with pytest.raises(CrsError) as refused:
        read(path, "grids")
    assert (refused.value.code, refused.value.facts["file"]) == ("crs_missing", "community_areas.shp")
    layer = read(path, "grids", crs="EPSG:3435")
    assert (len(as_frame(layer)), layer.problems, all_valid(layer)) == (77, (), True)
    theirs = pyogrio.read_dataframe(path).set_crs(3435).to_crs(4326)
    for mine, gdal in zip(as_frame(layer).geometry, theirs.geometry, strict=True):
        assert mine.symmetric_difference(gdal).area < 1e-12
    # Feet taken for metres, and degrees for feet, are named and not stored somewhere else.
    assert codes(read(path, "grids", crs="EPSG:26971").problems) == {"position_outside_crs"}
    assert {"lat_out_of_range", "lon_out_of_range"} >= codes(read(path, "grids", crs="EPSG:4326").problems)


@pytest.mark.parametrize(
    ("name", "n", "repaired", "noted"),
    [
        ("chicago/police_beats.geojson", 277, [], "crs_assumed"),
        ("chicago/police_districts.geojson", 25, [], "crs_from_file"),
        ("chicago/neighborhoods_4_invalid.geojson", 98, [39, 47, 66, 91], "crs_from_file"),
        ("china/counties_4490.geojson", 47, [], "crs_from_file"),
        ("china/invalid_county_real.geojson", 1, [1], "crs_from_file"),
        ("campaign/naivasha_tasks.geojson", 23, [], "crs_from_file"),
        ("campaign/vulamba_features.geojson", 870, [], "crs_from_file"),
    ],
)
def test_real_polygons(shared: Path, name: str, n: int, repaired: list[int], noted: str) -> None:
    layer = read(shared / name, "grids" if "features" not in name else "any")
    assert (len(as_frame(layer)), layer.refused()) == (n, ())
    assert [problem.row for problem in layer.repaired()] == repaired
    assert noted in codes(layer.notes)
    assert all_valid(layer)


def test_counties_are_in_cgcs2000_and_may_be_said_to_be_gcj02(shared: Path) -> None:
    path = shared / "china/counties_4490.geojson"
    layer = read(path, "areas")
    assert layer.crs_used == "cgcs2000"
    shifted = read(path, "areas", crs="gcj02")
    moved_m = geometry.distance_m(*(c for s in (layer, shifted) for c in as_frame(s).geometry[0].centroid.coords[0]))
    assert 100 < moved_m < 700
    with pytest.raises(CrsError, match="crs conflict"):
        read(path, "areas", crs="EPSG:4548")


def test_a_real_repair_says_what_it_changed(shared: Path) -> None:
    (repair,) = read(shared / "china/invalid_county_real.geojson", "areas").repaired()
    assert repair.code == "geometry_repaired"
    before, after = float(str(repair.facts["before_m2"])), float(str(repair.facts["after_m2"]))
    assert abs(after - before) / before <= 0.001
    assert repair.facts["cause"] == "geometry_self_crossing"
    assert {"lon", "lat"} <= repair.facts.keys()


def test_liechtenstein_has_310_residential_areas(shared: Path) -> None:
    layer = read(shared / "osm/liechtenstein.osm.pbf", "compounds")
    assert (len(as_frame(layer)), layer.refused(), all_valid(layer)) == (310, (), True)
    kinds = as_frame(layer)["osm_id"].str.partition("/")[0].value_counts().to_dict()
    assert kinds == {"way": 264, "relation": 46}
    # Six relations have inner rings that touch along an edge: naive polygons of them cross themselves, ours do not.
    theirs = pyogrio.read_dataframe(
        shared / "osm/liechtenstein.osm.pbf", layer="multipolygons", where="landuse='residential'"
    )
    crossing = theirs[~theirs.is_valid]
    assert len(theirs) == 310
    mine = dict(zip(as_frame(layer)["osm_id"], as_frame(layer).geometry, strict=True))
    for identity, shape in zip(crossing["osm_id"], crossing.geometry, strict=True):
        assert mine[f"relation/{identity}"].area == pytest.approx(shape.area, rel=1e-9)


def test_the_base_map_of_liechtenstein(shared: Path) -> None:
    layer = read(shared / "osm/liechtenstein.osm.pbf", "basemap")
    counts = as_frame(layer)["feature"].value_counts()
    # 17,717 by the count of tags; a few relations at the border have no closed outline in the file.
    assert 17_700 <= counts["buildings"] <= 17_717
    assert counts["roads"] > 8_000
    assert counts["water"] > 100
    assert set(as_frame(layer).loc[as_frame(layer)["feature"] == "roads", "class"]) == {"major", "minor", "path"}
    assert "osm_objects_cut" in codes(layer.notes)


def test_tsinghua_has_six_named_compounds(shared: Path) -> None:
    layer = read(shared / "osm/beijing_haidian_tsinghua.osm", "compounds")
    names = layer.texts("name")
    assert names is not None
    assert (len(as_frame(layer)), layer.problems) == (6, ())
    assert all(any("\u4e00" <= letter <= "\u9fff" for letter in name) for name in names)
    base = as_frame(read(shared / "osm/beijing_haidian_tsinghua.osm", "basemap"))["feature"].value_counts()
    assert base["buildings"] == 521


def test_the_bad_rings_are_named(shared: Path) -> None:
    layer = read(shared / "osm/bad_ring.osm.pbf", "compounds")
    assert len(as_frame(layer)) == 17
    assert codes(layer.problems) == {"osm_nodes_missing"}
    assert [problem.facts["object"] for problem in layer.problems] == [
        *("way/328196531", "way/369217778", "way/369217789", "way/369836469", "way/369836477", "way/369836486"),
        *("way/413379435", "way/413379449", "way/413379484"),
    ]


def test_the_category_sheet_in_both_forms(shared: Path) -> None:
    book = read(shared / "china/category_sheet.xlsx")
    assert {"rows_above_header", "sheet_read", "sheets_ignored"} <= codes(book.notes)
    assert list(as_frame(book).columns[1:5]) == ["大类代码", "大类名称", "小类代码", "小类名称"]
    # The sheet itself has lost the leading zero, the CSV has kept it.
    assert as_frame(book)["大类代码"][0] == "1"
    assert read(shared / "china/category_sheet.xlsx", table="事件").n_rows > 100
    head = sniff_table(shared / "china/category_sheet.csv")
    assert (head.encoding, head.delimiter, len(head.header)) == ("utf-8-sig", ",", 12)


def test_shapefiles_and_geojson_of_one_campaign_agree(shared: Path) -> None:
    folder = shared / "campaign/chibombo"
    for name in ("hh-chimbombo-1", "spray-days", "ta-chibombo-1"):
        shp, json = read(folder / f"{name}.shp"), read(folder / f"{name}.geojson")
        assert shp.crs_used == json.crs_used == "wgs84"
        assert len(as_frame(shp)) == len(as_frame(json))
        apart = shapely.hausdorff_distance(as_frame(shp).geometry.to_numpy(), as_frame(json).geometry.to_numpy())
        assert apart.max() < 1e-6


def test_real_rows_go_out_and_come_back(shared: Path, tmp_path: Path) -> None:
    layer = read(shared / "china/counties_4490.geojson", "areas")
    frame = as_frame(layer).drop(columns=["row"])
    for file_format in ("geojson", "gpkg", "csv"):
        path = tmp_path / f"out.{file_format}"
        write(frame, path, file_format, at=NOW)  # type: ignore[arg-type]
        again = read(path, "areas", crs="EPSG:4326")
        assert as_frame(again)["name"].tolist() == as_frame(layer)["name"].tolist()
        assert all(a.equals(b) for a, b in zip(as_frame(again).geometry, as_frame(layer).geometry, strict=True))
