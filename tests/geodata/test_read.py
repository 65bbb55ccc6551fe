"""Every format gives the same Layer; CRS, fields and refusals of a file as a whole."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import shapely

from geodata import crs as systems
from geodata.errors import CrsError, FileRefused
from geodata.files.headers import header, header_row, plain, resolve
from geodata.files.rows import number_as_text, unique_names
from geodata.layer import Fields, Kind, Layer, Limits
from geodata.read import read, read_raw
from gridsvc.i18n import catalogue
from tests.framed import as_frame
from tests.geodata import making

ROOT = Path(__file__).resolve().parents[2]
HEADER = ("网格编码", "网格名称", "wkt")
TABLE = (
    HEADER,
    (making.CODES[0], "第一网格", f'"{making.WEST.wkt}"'),
    (making.CODES[1], "第二网格", f'"{making.EAST.wkt}"'),
)


def make(path: Path, kind: str) -> Path:
    """Two grids in a format."""
    if kind == "geojson":
        path.write_text(making.grids().to_json(drop_id=True), encoding="utf-8")
    elif kind == "gpkg":
        making.as_gpkg(path, making.grids())
    elif kind == "shp.zip":
        shp = making.as_shp(path.with_name("part.shp"), making.grids().rename(columns=lambda n: n[:3]), "GBK")
        making.as_shp_zip(path, shp, "数据/")
    elif kind in ("csv", "csv.gz"):
        made = making.as_csv(path.with_name(f"made.{kind}"), TABLE)
        made.replace(path)
    else:
        rows = [[cell.strip('"') for cell in row] for row in TABLE]
        (making.as_xlsx if kind == "xlsx" else making.as_xls)(path, rows)
    return path


def problems(layer: Layer) -> list[tuple[int | None, str]]:
    return [(problem.row, problem.code) for problem in layer.problems]


@pytest.mark.parametrize("kind", ["geojson", "gpkg", "shp.zip", "csv", "csv.gz", "xlsx", "xls"])
def test_a_format_is_known_by_its_content_under_a_foreign_name(tmp_path: Path, kind: str) -> None:
    path = make(tmp_path / "grids.txt", kind)
    fields = Fields(code="网格编", name="网格名") if kind == "shp.zip" else Fields()
    layer = read(path, "grids", crs="EPSG:4326", fields=fields, required=["code", "name"])
    assert layer.format == kind
    assert as_frame(layer).crs == "EPSG:4326"
    assert layer.texts("code") == list(making.CODES)
    assert layer.texts("name") == ["第一网格", "第二网格"]
    assert as_frame(layer)["row"].tolist() == [1, 2]
    assert set(as_frame(layer).geom_type) == {"MultiPolygon"}
    assert as_frame(layer).geometry[0].normalize().equals_exact(shapely.MultiPolygon([making.WEST]).normalize(), 1e-12)
    assert not layer.problems
    assert layer.n_rows == 2
    assert "rlimits" in layer.guards


def test_a_file_without_crs_is_refused_and_never_guessed(tmp_path: Path) -> None:
    shp = making.as_shp(tmp_path / "a.shp", making.grids().rename(columns=lambda name: name[:3]), prj=False)
    for path in (make(tmp_path / "a.csv", "csv"), make(tmp_path / "a.xlsx", "xlsx"), shp):
        with pytest.raises(CrsError) as refused:
            read(path, "grids")
        assert refused.value.code == "crs_missing"
        assert refused.value.facts["file"] == path.name
        assert not read(path, "grids", crs="4490").problems


def test_geojson_counts_as_4326_and_the_account_says_so(tmp_path: Path) -> None:
    layer = read(make(tmp_path / "a.geojson", "geojson"), "grids")
    assert layer.crs_used == "wgs84"
    assert [(note.code, note.facts["crs"]) for note in layer.notes] == [("crs_assumed", "EPSG:4326")]
    here = making.feature(making.point(116.3, 39.9))
    old = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    said = making.as_json(tmp_path / "b.json", making.collection(here, crs=old))
    assert [note.code for note in read(said).notes] == ["crs_from_file"]
    assert [note.code for note in read(said, crs="gcj02").notes] == ["crs_overrides_file"]
    with pytest.raises(CrsError, match="crs missing"):
        read(making.as_json(tmp_path / "c.json", making.collection(here, crs=None)))


def test_gcj02_moves_polygons_too(tmp_path: Path) -> None:
    layer = read(make(tmp_path / "a.geojson", "geojson"), "grids", crs="gcj02")
    assert layer.crs_used == "gcj02"
    assert "crs_given" in [note.code for note in layer.notes]
    places = shapely.get_coordinates(making.WEST)
    lon, lat = systems.to_lonlat(places[:, 0], places[:, 1], systems.parse_crs("gcj02"))
    moved = shapely.Polygon(np.column_stack([lon, lat]))
    assert as_frame(layer).geometry[0].geoms[0].symmetric_difference(moved).area < 1e-15
    shift_m = float(np.hypot((lon[0] - places[0, 0]) * 85_000, (lat[0] - places[0, 1]) * 111_000))
    assert 300 < shift_m < 700


def test_a_projection_in_the_file_is_used_and_a_contradiction_refused(tmp_path: Path) -> None:
    path = making.as_gpkg(tmp_path / "a.gpkg", making.grids("EPSG:4548"))
    layer = read(path, "grids")
    assert layer.crs_used == "EPSG:4548"
    assert as_frame(layer).geometry[0].symmetric_difference(making.WEST).area < 1e-12
    with pytest.raises(CrsError, match="conflict"):
        read(path, "grids", crs="EPSG:4326")
    # The same system under another name is no contradiction.
    assert read(path, "grids", crs="EPSG:4548").crs_used == "EPSG:4548"


def test_an_esri_prj_without_code_is_used(tmp_path: Path) -> None:
    shp = making.as_shp(tmp_path / "a.shp", making.grids("EPSG:4548").rename(columns=lambda name: name[:3]))
    assert "AUTHORITY" not in shp.with_suffix(".prj").read_text()
    layer = read(shp, "grids")
    assert "CGCS2000" in layer.crs_used or layer.crs_used == "EPSG:4548"
    assert as_frame(layer).geometry[0].symmetric_difference(making.WEST).area < 1e-12


def test_unknown_crs_is_refused_before_the_file_is_opened(tmp_path: Path) -> None:
    with pytest.raises(CrsError, match="crs unknown"):
        read(tmp_path / "absent.csv", crs="beijing54?")


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.csv", b"", "file_empty"),
        ("blank.geojson", b" \r\n\t", "file_empty"),
        ("zeros.gpkg", b"\x00" * 4096, "file_empty"),
        ("page.csv", b"<!doctype html><html>", "xml_not_accepted"),
        ("map.osm", b"<?xml version='1.0'?>\n<!DOCTYPE osm [<!ENTITY a 'b'>]>\n<osm/>", "xml_with_doctype"),
        ("page.csv", b"<html><body>", "xml_not_accepted"),
        ("doc.csv", b"%PDF-1.7\n", "format_unknown"),
        ("pic.shp", b"\x89PNG\r\n\x1a\n\x00\x00", "format_unknown"),
        ("noise.csv", b"\x01\x02\x00\x04abc", "format_unknown"),
        ("text.csv.gz", b"\x1f\x8bnot really", "gzip_damaged"),
        ("latin.csv", "lon,lat,name\r\n1,2,caf\xe9 \xff\r\n".encode("latin-1"), "encoding_unknown"),
    ],
)
def test_what_is_no_accepted_file_is_named(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FileRefused) as refused:
        read(path, crs="EPSG:4326")
    assert (refused.value.code, refused.value.facts["file"]) == (code, name)


def test_absent_and_unreadable_files_are_refusals(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="file missing"):
        read(tmp_path / "absent.csv")
    with pytest.raises(FileRefused, match="file not readable"):
        read(tmp_path)


def test_required_fields_and_named_fields(tmp_path: Path) -> None:
    path = make(tmp_path / "a.csv", "csv")
    with pytest.raises(FileRefused) as refused:
        read(path, "grids", crs="4326", required=["households"])
    assert refused.value.code == "field_required"
    for n, feature in enumerate(("", '{"type": "Feature", "properties": {}, "geometry": null}')):
        bare = tmp_path / "bare.csv"
        bare.write_text(f'{{"type": "FeatureCollection", "features": [{feature}]}}', encoding="utf-8")
        with pytest.raises(FileRefused) as without:
            read(bare, "reports", crs="4326", required=["time"])
        assert (without.value.code, without.value.facts["n_rows"]) == ("file_has_no_columns", n)
        with pytest.raises(FileRefused) as named:
            read(bare, "grids", fields=Fields(code="id"))
        assert (named.value.code, named.value.facts["columns"]) == ("field_missing", "-")
    with pytest.raises(FileRefused) as absent:
        read(path, "grids", crs="4326", fields=Fields(code="GRID_ID"))
    assert absent.value.code == "field_missing"
    assert "网格编码" in str(absent.value.facts["columns"])
    assert read(path, "grids", crs="4326", fields=Fields(code="网格名称")).fields.code == "网格名称"


def test_limits_on_rows_and_vertices(tmp_path: Path) -> None:
    path = make(tmp_path / "a.geojson", "geojson")
    for limits, code in (
        (Limits(n_rows=1), "file_has_too_many_rows"),
        (Limits(n_vertices=9), "file_has_too_many_vertices"),
        (Limits(n_columns=1), "file_has_too_many_columns"),
    ):
        with pytest.raises(FileRefused) as refused:
            read(path, limits=limits)
        assert refused.value.code == code
    with pytest.raises(FileRefused, match="too large"):
        read(path, limits=Limits(file_bytes=100))


def test_reports_keep_the_position_as_it_came(tmp_path: Path) -> None:
    document = making.collection(
        making.feature(making.point(116.404, 39.915), number="1"), making.feature(None, number="2")
    )
    layer = read(making.as_json(tmp_path / "r.geojson", document), "reports", crs="bd09")
    assert as_frame(layer)[["raw_x", "raw_y"]].to_numpy()[0].tolist() == [116.404, 39.915]
    assert np.isnan(as_frame(layer)["raw_x"][1])
    assert as_frame(layer).geometry[0].distance(shapely.Point(116.404, 39.915)) > 0.005
    assert as_frame(layer).geometry[1] is None
    assert layer.texts("number") == ["1", "2"]
    assert layer.texts("state") is None


def test_a_senders_column_called_like_ours_keeps_its_values(tmp_path: Path) -> None:
    document = making.collection(making.feature(making.point(1, 2), row="7", geometry="g", raw_x="r"))
    frame = as_frame(read(making.as_json(tmp_path / "a.json", document), "reports"))
    assert frame[["row (2)", "geometry (2)", "raw_x (2)"]].to_numpy().tolist() == [["7", "g", "r"]]
    assert frame["row"].tolist() == [1]


def test_workers_need_no_place(tmp_path: Path) -> None:
    path = making.as_csv(
        tmp_path / "w.csv", [("工号", "姓名", "网格编码", "手机号"), ("007", "李工", making.CODES[0], "13800000000")]
    )
    layer = read(path, "workers")
    assert layer.crs_used == ""
    assert layer.fields.given() == {"code": "工号", "name": "姓名", "grid": "网格编码", "phone": "手机号"}
    assert layer.texts("code") == ["007"]


def test_raw_rows_are_the_senders_own(tmp_path: Path) -> None:
    path = making.as_csv(
        tmp_path / "a.csv", [("a", "a", ""), (" x ", "'=1", "z"), ("p", "q", "r", "s"), ("1", "2", "3")]
    )
    header, rows = read_raw(path, [1, 2])
    assert header == ["a", "a", "", ""]
    assert rows == [(1, [" x ", "'=1", "z", ""]), (2, ["p", "q", "r", "s"])]


def test_header_names_are_found_in_both_languages() -> None:
    assert plain("\ufeff Grid-Code ") == plain("GRID CODE")
    assert unique_names(["a", "a", "a", ""]) == ["a", "a (2)", "a (3)", "column 4"]
    assert unique_names(["x" * 999, "x" * 998]) == ["x" * 200, "x" * 200 + " (2)"], "a text, not a name"
    head = [["某市网格清单", "", ""], ["", "", ""], ["编码", "名称", "经度"], ["1", "x", "2"]]
    assert header_row(head, Fields(), "grids") == 2
    assert header_row([["a", "b"], ["编码", "名称"]], Fields(), "grids") == 1
    assert header_row([["code", "b"], ["编码", "名称"]], Fields(), "grids") == 0
    assert header_row([["a", "b"], ["mine", "b"]], Fields(code="mine"), "grids") == 1
    assert header_row([["a", "", "b"], ["a", "b", "c", "d", "e"]], Fields(), "grids") == 1, "less than half: a title"
    assert header_row([["a", "b"], ["a", "b", "c", "d"]], Fields(), "grids") == 0
    assert header_row([["a", "b"], ["1", ""]], Fields(), "grids") == 0
    blank = [["表", " ", "__", "", ""], ["甲", "乙", "丙", "丁", "戊"]]
    assert header_row(blank, Fields(), "grids") == 1, "blanks and lines to write on fill no cell"
    assert header_row(blank, Fields(code="甲", name=""), "grids") == 1, "a field that is not there names no column"
    assert header_row([], Fields(), "grids") == 0


@pytest.mark.parametrize(
    ("cells", "is_data"),
    [
        (("王二", "13800000051"), True),
        (("编码", "13800000051"), True),  # a known name beside it: the number is still somebody's
        (("王二", "+86 138-0000-0051"), True),
        (("王二", "０７７４－３８２１２３４"), True),
        (("王二", "44040119900101123x"), True),
        (("填表人 13800000051", "某社区"), True),
        (("王二 13800000051", "N"), True),  # an answer, though some column is called so
        (("王二", "138.0000.0051"), True),
        (("王二", '="13800000051"'), True),
        (("王二", "6222021234567890123"), True),  # some other long number, and no name that is known
        (("编码", "6222021234567890123"), False),
        (("编码", "手机（如 13800000051）"), False),
        (("20261101", "20261102"), False),  # days, each over a column
        (("2025-2026", "370102"), False),
        (("王二", "锦绣花园"), False),
    ],
)
def test_somebodys_row_is_no_header(cells: tuple[str, ...], is_data: bool) -> None:
    """Nobody's number is shown as the name of a column."""
    if not is_data:
        assert header([cells], Fields(), "grids", None) == (0, list(cells))
        return
    for head, said in (([cells], None), ([("", ""), cells], 2)):
        with pytest.raises(FileRefused) as refused:
            header(head, Fields(), "grids", said)
        assert (refused.value.code, refused.value.facts) == ("header_row_is_data", {"header_row": len(head)})


def test_answers_in_a_row_are_no_names_of_columns() -> None:
    rows = [["大院", "楼", "门洞", "户", "当家人", "低保", "残疾"], ["锦绣花园", "51幢", "1", "101", "王二", "Y", "N"]]
    assert header(rows, Fields(), "households", None)[0] == 0
    assert header([["X", "Y"], ["1", "2"]], Fields(), "grids", None)[0] == 0


def test_the_sender_says_in_which_row_the_names_are() -> None:
    head = [["编码", "名称"], ["网格", "", "人"], ["", "甲", "乙", "丙"]]
    assert header(head, Fields(), "grids", None)[0] == 0
    assert header(head, Fields(), "grids", 3) == (2, ["", "甲", "乙", "丙"])
    assert header(head, Fields(), "grids", 0) == (-1, ["column 1", "column 2", "column 3", "column 4"])
    merged = [(1, 0, 2, 0), (1, 1, 1, 2), (0, 3, 1, 3)]
    assert header(head, Fields(), "grids", 3, merged)[1] == ["网格", "甲", "乙", "丙"], "what is merged down to it"
    two = [["登记表", ""], ["网格编码", "名称", "人口", ""], ["", "", "户数", "人数"], ["1", "甲", "2", "3"]]
    down = [(1, 0, 2, 0), (1, 1, 2, 1), (1, 2, 1, 3)]
    assert header(two, Fields(), "grids", None, down) == (2, ["网格编码", "名称", "户数", "人数"]), "found by itself"
    assert header(two, Fields(), "grids", None, [(1, 3, 9, 3)])[0] == 1, "a note beside the rows is no name"
    assert header(two, Fields(), "grids", 2, down)[1][2] == "人口", "what is said counts"
    for block in ((1, 2, 2, 2), (1, 2, 3, 2)):  # a merged name may reach over the rows below it
        rows = [["登记表"], ["网格编码", "名称", "备注"], ["1", "甲", ""], ["2", "乙", ""]]
        assert header(rows, Fields(), "grids", None, [block])[0] == 1
    alone = [["网格编码", "名称", "人口", ""], ["", "", "户数", "人数"]]  # 名称 stands above an empty cell
    assert header(alone, Fields(), "grids", None, [(0, 0, 1, 0), (0, 2, 0, 3)])[1] == two[1][:2] + two[2][2:]
    for said, code in (
        (-1, "header_row_range"),
        (51, "header_row_range"),
        (4, "header_row_missing"),
        (5, "header_row_missing"),
    ):
        with pytest.raises(FileRefused) as refused:
            header([*head, [" ", ""]], Fields(), "grids", said)
        assert refused.value.code == code


@pytest.mark.parametrize(
    ("kind", "wanted", "found"),
    [
        ("grids", {"code": "名称", "name": "名称"}, {"code": "名称", "name": "名称"}),  # the name is the code
        ("grids", {"name": "编码"}, {"code": "编码", "name": "编码"}),
        ("households", {"code": "名称", "name": " 名称 "}, None),
        ("grids", {"code": "编码", "parent": "编码"}, None),
        ("households", {"contact": "电话", "phone": "电话"}, None),
        ("households", {"contact": "电话", "phone": "手机"}, {"contact": "电话", "phone": "手机"}),
        # what the sender names is nothing else by its usual name
        ("households", {"contact": "手机", "code": "", "name": ""}, {"contact": "手机", "phone": "电话"}),
        ("households", {"phone": "", "contact": "", "code": "", "name": ""}, {}),
    ],
)
def test_a_column_is_one_field_only(kind: Kind, wanted: dict[str, str], found: dict[str, str] | None) -> None:
    columns = ("电话", "手机", "名称", "编码")
    if found is not None:
        told = resolve(columns, Fields(**wanted), kind).given()
        assert {role: told[role] for role in told if role not in ("code", "name") or role in found} == found
        return
    with pytest.raises(FileRefused) as refused:
        resolve(columns, Fields(**wanted), kind)
    facts = refused.value.facts
    assert (refused.value.code, facts["field"]) == ("field_twice", next(iter(wanted.values())))
    assert {facts["role"], facts["other"]} == wanted.keys()


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (-3.0, "-3"), (1e15, "1e+15"), (1e-7, "1e-07"), (float("nan"), "nan"), (2.5, "2.5")]
)
def test_numbers_as_a_spreadsheet_shows_them(value: float, text: str) -> None:
    assert number_as_text(value) == text


def codes_spoken() -> set[str]:
    """Every code that the modules of this task can say, out of their source."""
    paths = [*(ROOT / "geodata/files").glob("*.py"), *(ROOT / "geodata" / f"{n}.py" for n in ("read", "osm", "write"))]
    text = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    said = re.findall(r'(?:FileRefused|CrsError|GeometryError)\(\s*"([a-z0-9_]+)"', text)
    said += re.findall(r'\.(?:note|refuse)\(\s*(?:[\w.\[\]]+,\s*)?"([a-z0-9_]+)"', text)
    said += re.findall(r'Problem\(\w+, "([a-z0-9_]+)"', text)
    said += re.findall(r'"((?:lat|lon|lonlat|position|coordinate|osm|geojson|heights)_[a-z_]+)"', text)
    return set(said) - {"lon_lat"}


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_every_code_has_its_sentence(locale: str) -> None:
    said = codes_spoken()
    assert len(said) > 80
    unsaid = {code for code in said if f"error.{code}" not in catalogue(locale)}  # type: ignore[arg-type]
    # A column, not a code; a code of geodata.geometry, whose sentences stand elsewhere; and what a workbook consists of,
    # which `read_sheets` turns back into sheets.
    assert unsaid <= {"osm_id", "geometry_empty", "sheet", "hidden", "merged"}
