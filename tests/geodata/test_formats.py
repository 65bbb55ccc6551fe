"""Shapefile, GeoPackage and arcs by our own readers, with GDAL and GEOS as the oracle."""

from __future__ import annotations

import math
import sqlite3
import struct
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from geodata.errors import FileRefused
from geodata.files import charset, curves, dbf
from geodata.layer import Limits
from geodata.read import read
from tests.geodata import making

HOLED = shapely.Polygon([(0, 0), (9, 0), (9, 9), (0, 9)], [[(1, 1), (1, 2), (2, 2)], [(5, 5), (5, 8), (8, 8), (8, 5)]])
ISLAND = shapely.Polygon([(6, 6), (7, 6), (7, 7), (6, 7)])
SHAPES = {
    "Point": [shapely.Point(1, 2), shapely.Point(-3, 4.5), None],
    "MultiPoint": [shapely.MultiPoint([(1, 2), (3, 4)]), shapely.MultiPoint([(5, 6)])],
    "LineString": [shapely.LineString([(0, 0), (1, 1), (2, 0)]), None],
    "MultiLineString": [shapely.MultiLineString([[(0, 0), (1, 1)], [(5, 5), (6, 7), (8, 8)]])],
    "Polygon": [HOLED, shapely.box(20, 20, 21, 21), None],
    "MultiPolygon": [
        # An island in a hole, and a second part with a hole of its own.
        shapely.MultiPolygon([HOLED, ISLAND, shapely.transform(HOLED, lambda at: at + 20)]),
        shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(1, 1, 2, 2)]),
    ],
}


def same(mine: Any, theirs: Any) -> bool:
    if mine is None or theirs is None:
        return mine is None and theirs is None
    return bool(shapely.equals_exact(*(shapely.normalize(shape) for shape in (mine, theirs)), tolerance=1e-12))


def single(shape: Any) -> Any:
    """A shapefile does not tell a single shape from a collection of one."""
    return shape.geoms[0] if shape is not None and hasattr(shape, "geoms") and len(shape.geoms) == 1 else shape


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("height", [False, True])
def test_a_shapefile_reads_as_gdal_reads_it(tmp_path: Path, kind: str, height: bool) -> None:
    shapes = [shape if shape is None or not height else shapely.force_3d(shape, 7.0) for shape in SHAPES[kind]]
    frame = gpd.GeoDataFrame({"编码": [f"0{i}" for i in range(len(shapes))]}, geometry=shapes, crs="EPSG:4326")
    path = making.as_shp(tmp_path / "a.shp", frame)
    theirs = pyogrio.read_dataframe(path)
    answer = making.inside(making.as_shp_zip(tmp_path / "a.zip", path), tmp_path)
    assert not answer.problems
    assert answer.cells[answer.columns.index("编码")] == [f"0{i}" for i in range(len(shapes))]
    for mine, gdal in zip(answer.shapes, theirs.geometry, strict=True):
        assert same(single(mine), single(None if gdal is None else shapely.force_2d(gdal)))


@pytest.mark.parametrize("kind", SHAPES)
def test_a_geopackage_reads_as_gdal_reads_it(tmp_path: Path, kind: str) -> None:
    values = {"t": ["01", "二", None], "i": [1, 2, 3], "f": [0.5, 2.0, None], "b": [True, False, True]}
    n = len(SHAPES[kind])
    frame = gpd.GeoDataFrame({k: v[:n] for k, v in values.items()}, geometry=SHAPES[kind], crs="EPSG:4326")
    answer = making.inside(making.as_gpkg(tmp_path / "a.gpkg", frame), tmp_path)
    told = dict(zip(answer.columns, answer.cells, strict=True))
    assert told["t"] == values["t"][:n]
    assert told["i"] == ["1", "2", "3"][:n]
    assert told["f"] == ["0.5", "2", None][:n]
    assert all(same(mine, theirs) for mine, theirs in zip(answer.shapes, SHAPES[kind], strict=True))


def test_of_several_layers_one_is_chosen(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    for layer in ("grids", '网格 "2"'):
        pyogrio.write_dataframe(making.grids(), path, driver="GPKG", layer=layer, append=path.exists())
    names = ["grids", '网格 "2"']
    with pytest.raises(FileRefused, match="several layers") as several:
        read(path, "grids")
    assert (several.value.facts["names"], several.value.facts["found"]) == (names, ", ".join(names))
    assert read(path, "grids", table='网格 "2"').n_rows == 2
    with pytest.raises(FileRefused, match="layer missing") as missing:
        read(path, "grids", table="absent")
    assert missing.value.facts["names"] == names


def test_a_layer_whose_name_is_no_text_is_none_to_choose(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    for name in ("一", "二", "三"):
        pyogrio.write_dataframe(making.grids(), path, driver="GPKG", layer=name, append=path.exists())
    db = sqlite3.connect(path)
    with db:
        db.execute("UPDATE gpkg_contents SET table_name = CAST(x'ff61' AS text) WHERE table_name = '二'")
    db.close()
    with pytest.raises(FileRefused) as caught:
        read(path, "grids")
    assert (caught.value.code, caught.value.facts["names"]) == ("gpkg_several_layers", ["一", "三"])


def test_a_geopackage_open_in_another_program_is_not_read_half(tmp_path: Path) -> None:
    path = making.as_gpkg(tmp_path / "a.gpkg", making.grids())
    (tmp_path / "a.gpkg-wal").write_bytes(b"x" * 32)
    with pytest.raises(FileRefused, match="open elsewhere"):
        read(path, "grids")


def test_a_geopackage_without_crs_is_refused(tmp_path: Path) -> None:
    path = making.as_gpkg(tmp_path / "a.gpkg", making.grids())
    db = sqlite3.connect(path)
    with db:
        db.execute("UPDATE gpkg_geometry_columns SET srs_id = 0")
    db.close()
    with pytest.raises(Exception, match="crs missing"):
        making.inside(path, tmp_path)


@pytest.mark.parametrize("blob", [b"GP\x00\x01\x00\x00\x00\x00junk", b"", b"GP\x01\x01", b"GP\x00\x0f" + b"\x00" * 40])
def test_a_wrong_shape_in_a_geopackage_refuses_its_row(tmp_path: Path, blob: bytes) -> None:
    path = making.as_gpkg(tmp_path / "a.gpkg", making.grids())
    db = sqlite3.connect(path)
    # The triggers of the spatial index want functions that only GDAL has.
    triggers = db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'rtree%'").fetchall()
    for (name,) in triggers:
        db.execute(f'DROP TRIGGER "{name}"')
    with db:
        db.execute("UPDATE grids SET geom = ? WHERE fid = 2", (blob,))
    db.close()
    answer = making.inside(path, tmp_path, "grids")
    assert [(p.row, p.code) for p in answer.problems] == [(2, "geometry_unreadable")]


@pytest.mark.parametrize("encoding", ["UTF-8", "GBK"])
@pytest.mark.parametrize("cpg", [True, False])
def test_chinese_tables_are_read_with_and_without_their_label(tmp_path: Path, encoding: str, cpg: bool) -> None:
    frame = making.grids().rename(columns=lambda name: name[:3])
    path = making.as_shp(tmp_path / "a.shp", frame, encoding)
    if not cpg:
        path.with_suffix(".cpg").unlink()
    answer = making.inside(making.as_shp_zip(tmp_path / "a.zip", path), tmp_path)
    assert answer.columns == ["网格编", "网格名"]
    assert answer.cells[1] == ["第一网格", "第二网格"]
    assert answer.encoding == ("utf-8" if encoding == "UTF-8" else "gb18030")


def test_a_character_cut_at_the_end_of_a_field_is_left_out() -> None:
    field = b"NAME\x00\x00\x00\x00\x00\x00\x00C\x00\x00\x00\x00\x08" + b"\x00" * 15
    head = struct.pack("<4xIHH", 2, 65, 9) + b"\x00" * 20
    records = b" " + "网格一".encode()[:8] + b" " + "第二".encode() + b"  "
    table = dbf.read(head + field + b"\r" + records, None, Limits())
    assert table.encoding == "utf-8"
    assert table.cells == [["网格", "第二"]]


def test_a_code_page_that_is_not_taken_is_named(tmp_path: Path) -> None:
    path = making.as_shp(tmp_path / "a.shp", making.grids().rename(columns=lambda name: name[:3]))
    path.with_suffix(".cpg").write_text("rot13")
    with pytest.raises(FileRefused, match="encoding not taken"):
        making.inside(making.as_shp_zip(tmp_path / "a.zip", path), tmp_path)


def test_a_header_that_promises_two_gigabytes_over_three_rows(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"a": [1, 2, 3]}, geometry=[shapely.Point(i, i) for i in range(3)], crs=4326)
    path = making.as_shp(tmp_path / "a.shp", frame)
    content = bytearray(path.read_bytes())
    content[24:28] = struct.pack(">i", 2**30)
    path.write_bytes(content)
    with pytest.raises(FileRefused) as refused:
        read(path)
    assert refused.value.code == "shapefile_length_wrong"
    assert refused.value.facts == {"file": "a.shp", "promised": 2**31, "found": len(content)}


@pytest.mark.parametrize(
    ("at", "value", "code"),
    [
        (104, struct.pack(">i", 2**29), "shapefile_record_wrong"),
        (100 + 8 + 40, struct.pack("<i", 10**8), "shapefile_record_wrong"),
        (100 + 8 + 36, struct.pack("<i", -1), "shapefile_record_wrong"),
        (100 + 8 + 44, struct.pack("<i", 10**6), "shapefile_record_wrong"),
        (100 + 8, struct.pack("<i", 31), "shapefile_type_unknown"),
    ],
)
def test_counts_that_lead_out_of_a_record(tmp_path: Path, at: int, value: bytes, code: str) -> None:
    path = making.as_shp(tmp_path / "a.shp", making.grids().rename(columns=lambda name: name[:3]))
    content = bytearray(path.read_bytes())
    content[at : at + 4] = value
    path.write_bytes(content)
    with pytest.raises(FileRefused) as refused:
        making.inside(making.as_shp_zip(tmp_path / "a.zip", path), tmp_path)
    assert refused.value.code == code


def test_parts_that_do_not_belong_together(tmp_path: Path) -> None:
    path = making.as_shp(tmp_path / "a.shp", making.grids().rename(columns=lambda name: name[:3]))
    other = making.as_shp(tmp_path / "b.shp", making.grids().iloc[:1].rename(columns=lambda name: name[:3]))
    path.with_suffix(".dbf").write_bytes(other.with_suffix(".dbf").read_bytes())
    with pytest.raises(FileRefused, match="counts differ"):
        read(path)
    path.with_suffix(".dbf").write_bytes(other.with_suffix(".dbf").read_bytes()[:-20])
    with pytest.raises(FileRefused, match="dbf cut"):
        read(path)
    path.with_suffix(".dbf").unlink()
    assert "shapefile_without_table" in [note.code for note in read(path).notes]
    with pytest.raises(FileRefused, match="part alone"):
        read(path.with_suffix(".shx"))


def arcs(places: list[tuple[float, float]]) -> bytes:
    return struct.pack("<BII", 1, 8, len(places)) + b"".join(struct.pack("<2d", *place) for place in places)


def curve_polygon(*rings: bytes) -> bytes:
    return struct.pack("<BII", 1, 10, len(rings)) + b"".join(rings)


def test_a_circle_of_arcs_has_the_area_of_a_circle() -> None:
    circle = curves.flatten(curve_polygon(arcs([(1, 0), (0, 1), (-1, 0), (0, -1), (1, 0)])))
    assert circle.area == pytest.approx(math.pi, rel=1e-4)
    assert np.allclose(np.hypot(*shapely.get_coordinates(circle).T), 1.0)
    whole = curves.flatten(curve_polygon(arcs([(1, 0), (-1, 0), (1, 0)])))
    assert whole.area == pytest.approx(math.pi, rel=1e-4)
    straight = curves.flatten(arcs([(0, 0), (1, 1), (2, 2)]))
    assert shapely.get_coordinates(straight).tolist() == [[0, 0], [1, 1], [2, 2]]


coordinate = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 3))
place = st.tuples(coordinate, coordinate)


@given(place, place, place)
def test_an_arc_is_the_same_from_either_end(start: Any, middle: Any, end: Any) -> None:
    assume(start != end)
    there = shapely.get_coordinates(curves.flatten(arcs([start, middle, end])))
    back = shapely.get_coordinates(curves.flatten(arcs([end, middle, start])))
    assert np.array_equal(there, back[::-1])
    assert tuple(there[0]) == start
    assert tuple(there[-1]) == end


def test_a_curve_polygon_of_mixed_pieces_as_gdal_draws_it() -> None:
    line = struct.pack("<BII", 1, 2, 2) + struct.pack("<4d", -1, 0, 1, 0)
    half = arcs([(1, 0), (0, 1), (-1, 0)])
    compound = struct.pack("<BII", 1, 9, 2) + line + half
    shape = curves.flatten(struct.pack("<BII", 1, 12, 1) + curve_polygon(compound))
    assert shape.geom_type == "MultiPolygon"
    assert shape.area == pytest.approx(math.pi / 2, rel=1e-4)
    assert shape.is_valid


@given(st.binary(max_size=60), st.sampled_from([8, 9, 10, 11, 12]))
def test_junk_in_place_of_arcs_is_a_value_error(junk: bytes, kind: int) -> None:
    wkb = struct.pack("<BI", 1, kind) + junk
    assert curves.has_curves(wkb)
    try:
        curves.flatten(wkb)
    except (ValueError, shapely.errors.ShapelyError):
        return


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("网格".encode(), "utf-8"),
        ("网格".encode("gbk"), "gb18030"),
        ("㐀网".encode("gb18030"), "gb18030"),
        (b"a,b", "utf-8"),
        ("网".encode("utf-8-sig"), "utf-8-sig"),
        ("网".encode("utf-16"), "utf-16"),
    ],
)
def test_encodings_are_told_by_the_whole_text(content: bytes, encoding: str) -> None:
    assert charset.detect(lambda: [content]) == encoding


def test_a_text_that_turns_foreign_late_is_still_told() -> None:
    chunks = [b"a" * 1000, "网格".encode("gbk")[:3], "网格".encode("gbk")[3:]]
    assert charset.detect(lambda: chunks) == "gb18030"
    with pytest.raises(FileRefused) as refused:
        charset.detect(lambda: [b"a" * 1000, b"\xff\xff"])
    assert refused.value.facts["byte"] == 1000
    with pytest.raises(FileRefused):
        charset.detect(lambda: [b"\xef\xbb\xbfok\xff"])
