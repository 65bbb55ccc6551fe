"""Files that we write: read back the same, run by no spreadsheet, equal byte by byte."""

from __future__ import annotations

import csv
import datetime as dt
import json
import sqlite3
import time
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geodata.errors import FileRefused
from geodata.files.tables import unguard
from geodata.read import read
from geodata.write import REASON_COLUMN, Format, guard, write, write_refused
from tests.framed import as_frame
from tests.geodata import making

AT = dt.datetime(2026, 11, 21, 14, 5, tzinfo=dt.UTC)
FORMATS: tuple[Format, ...] = ("geojson", "gpkg", "csv", "xlsx")
EVIL = ('=HYPERLINK("http://x")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1", "#REF!", "'=x", "plain")


def reports() -> gpd.GeoDataFrame:
    """Rows with codes, numbers, empty cells and no place."""
    return gpd.GeoDataFrame(
        {
            "number": ["001", "370102013006008001", None],
            "n": [1, 2, 3],
            "share": [0.5, np.nan, -2.0],
            "text": ["=1+1", '好, "引号"\n换行', "-12.5"],
        },
        geometry=[shapely.Point(116.3, 39.9), shapely.Point(116.4, 39.8), None],
        crs="EPSG:4326",
    )


@pytest.mark.parametrize("file_format", FORMATS)
def test_what_is_written_reads_back(tmp_path: Path, file_format: Format) -> None:
    path = tmp_path / f"out.{file_format}"
    write(reports(), path, file_format, at=AT)
    layer = read(
        path, "reports" if file_format != "gpkg" else "any", crs=None if file_format in ("geojson", "gpkg") else "wgs84"
    )
    assert layer.format == file_format
    assert as_frame(layer)["number"].tolist() == ["001", "370102013006008001", None]
    assert as_frame(layer)["n"].tolist() == ["1", "2", "3"]
    assert as_frame(layer)["share"].tolist() == ["0.5", None, "-2"] if file_format != "csv" else ["0.5", None, "-2.0"]
    assert as_frame(layer)["text"].tolist() == ["=1+1", '好, "引号"\n换行', "-12.5"]
    assert as_frame(layer).geometry[0].equals(shapely.Point(116.3, 39.9))
    assert as_frame(layer).geometry[2] is None
    assert not layer.problems


@pytest.mark.parametrize("file_format", FORMATS)
def test_grids_read_back(tmp_path: Path, file_format: Format) -> None:
    path = tmp_path / f"out.{file_format}"
    write(making.grids(), path, file_format, at=AT)
    if file_format == "xlsx":
        layer = read(path, "any", crs="wgs84")
        assert making.WEST.contains(as_frame(layer).geometry[0])
        return
    layer = read(path, "grids", crs="wgs84")
    assert layer.texts("code") == list(making.CODES)
    assert as_frame(layer).geometry[1].equals(making.EAST)


@pytest.mark.parametrize("file_format", FORMATS)
def test_the_same_frame_gives_the_same_bytes(tmp_path: Path, file_format: Format) -> None:
    # Several times: what a library notes of the clock may differ or not.
    contents = set()
    for _ in range(12):
        write(making.grids(), tmp_path / "a", file_format, at=AT)
        contents.add((tmp_path / "a").read_bytes())
        time.sleep(0.002)
    assert len(contents) == 1


def test_a_csv_for_excel_runs_nothing(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"=head": EVIL, "n": range(len(EVIL))}, geometry=[None] * len(EVIL), crs=4326)
    write(frame, tmp_path / "a.csv", "csv", at=AT)
    content = (tmp_path / "a.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(content.decode("utf-8-sig").splitlines(keepends=True)))
    assert rows[0] == ["'=head", "n"]
    assert not any(row[0][:1] in "=+-@\t\r＝" for row in rows if row[0])
    assert [row[1] for row in rows[1:]] == [str(i) for i in range(len(EVIL))]


def test_an_excel_file_runs_nothing_and_keeps_its_header(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame(
        {"t": EVIL, "n": [-1.5] * len(EVIL), "c": ["01"] * len(EVIL)}, geometry=[None] * len(EVIL), crs=4326
    )
    write(frame, tmp_path / "a.xlsx", "xlsx", at=AT, layer="上报")
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["上报"]
    assert sheet.freeze_panes == "A2"
    cells = list(sheet.iter_rows(min_row=2))
    assert [row[0].value for row in cells] == [text.replace("\r", "\n") for text in EVIL] or [
        row[0].value for row in cells
    ] == list(EVIL)
    assert {row[0].data_type for row in cells} == {"s"}
    assert {row[1].data_type for row in cells} == {"n"}
    assert {row[2].value for row in cells} == {"01"}
    assert all(row[0].quotePrefix for row in cells if str(row[0].value)[0] in "=+-@")
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert b"2026-11-21T14:05:00Z" in archive.read("docProps/core.xml")
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_geojson_follows_the_standard(tmp_path: Path) -> None:
    clockwise = shapely.Polygon(list(making.WEST.exterior.coords)[::-1])
    frame = gpd.GeoDataFrame(
        {"a": [None], "b": [True], "t": [pd.Timestamp("2026-08-01", tz="Asia/Shanghai")]},
        geometry=[clockwise],
        crs=4326,
    )
    write(frame, tmp_path / "a.geojson", "geojson", at=AT)
    document: Any = json.loads((tmp_path / "a.geojson").read_text(encoding="utf-8"))
    only = document["features"][0]
    assert only["properties"] == {"a": None, "b": True, "t": "2026-08-01T00:00:00+08:00"}
    assert shapely.geometry.shape(only["geometry"]).exterior.is_ccw
    assert "crs" not in document
    write(frame.iloc[:0], tmp_path / "none.geojson", "geojson", at=AT)
    assert json.loads((tmp_path / "none.geojson").read_text())["features"] == []


@pytest.mark.parametrize("content", [None, b"", b"the first part of a file"])
def test_a_geopackage_that_cannot_be_written_leaves_no_part_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    def fails(frame: object, made: Path, **_: object) -> None:
        if content is not None:
            made.write_bytes(content)
        raise pyogrio.errors.DataSourceError("no room is left")

    monkeypatch.setattr(pyogrio, "write_dataframe", fails)
    (tmp_path / "a.gpkg").write_bytes(b"before")
    with pytest.raises(pyogrio.errors.DataSourceError, match="no room is left"):
        write(making.grids(), tmp_path / "a.gpkg", "gpkg", at=AT)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.gpkg": b"before"}


def test_a_geopackage_whose_notes_cannot_be_written_leaves_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def writes(frame: object, made: Path, **_: object) -> None:
        made.write_bytes(b"this is no database" * 50)

    monkeypatch.setattr(pyogrio, "write_dataframe", writes)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        write(making.grids(), tmp_path / "a.gpkg", "gpkg", at=AT)
    assert list(tmp_path.iterdir()) == []


def test_what_excel_cannot_hold_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"a": ["x" * 32_768]}, geometry=[None], crs=4326)
    (tmp_path / "a.xlsx").write_bytes(b"before")
    with pytest.raises(FileRefused, match="cell too long"):
        write(frame, tmp_path / "a.xlsx", "xlsx", at=AT)
    assert [path.name for path in tmp_path.iterdir()] == ["a.xlsx"]
    assert (tmp_path / "a.xlsx").read_bytes() == b"before"
    bell = gpd.GeoDataFrame({"a": ["x\x07y"]}, geometry=[None], crs=4326)
    write(bell, tmp_path / "a.xlsx", "xlsx", at=AT)
    assert openpyxl.load_workbook(tmp_path / "a.xlsx").active["A2"].value == "x\ufffdy"


def test_another_crs_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="EPSG:4326"):
        write(making.grids("EPSG:4548"), tmp_path / "a.csv", "csv", at=AT)


@given(st.text())
def test_a_guarded_text_comes_back(text: str) -> None:
    guarded = guard(text)
    assert guarded[:1] not in tuple("=+-@\t\r＝＋－＠") or guarded == text
    if not text.startswith("'"):
        assert unguard(guarded) == text


SENT = [
    ("工单编号", " 经度", "纬度", "经度", ""),
    ("001", "116.3", "north", "x", ""),
    ("002", "116.3", "39.9", "y", ""),
    ("=cmd", "", "39.9", " z ", "extra"),
]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_the_refused_rows_go_back_as_they_came(tmp_path: Path, encoding: str) -> None:
    source = making.as_csv(tmp_path / "r.csv", SENT, encoding)
    layer = read(source, "any", crs="wgs84")
    assert [problem.row for problem in layer.refused()] == [1, 3, 3]
    reasons = {problem.row: problem.code for problem in layer.refused() if problem.row}
    write_refused(source, reasons, tmp_path / "errors.csv", at=AT)
    rows = list(csv.reader((tmp_path / "errors.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert rows == [
        [*SENT[0], REASON_COLUMN],
        [*SENT[1], reasons[1]],
        ["'=cmd", *SENT[3][1:], reasons[3]],
    ]


def test_the_refused_rows_of_a_workbook_and_of_shapes(tmp_path: Path) -> None:
    # A formula that was never calculated has no result; the sender's one has to be a text here.
    source = making.as_xlsx(tmp_path / "r.xlsx", [("清单",), *SENT[:3], ("cmd", *SENT[3][1:])])
    write_refused(source, {1: "纬度有误", 3: "缺经度"}, tmp_path / "errors.xlsx", at=AT)
    sheet = openpyxl.load_workbook(tmp_path / "errors.xlsx").active
    assert [cell.value for cell in sheet[1]][-1] == REASON_COLUMN
    assert [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)] == [
        ["001", "116.3", "north", "x", None, "纬度有误"],
        ["cmd", None, "39.9", " z ", "extra", "缺经度"],
    ]
    shapes = making.as_json(
        tmp_path / "a.json",
        making.collection(making.feature(None, code="01"), making.feature(making.point(1, 2), code="02")),
    )
    write_refused(shapes, {1: "没有图形"}, tmp_path / "errors.csv", at=AT, kind="grids")
    assert (tmp_path / "errors.csv").read_text(encoding="utf-8-sig").splitlines() == ["code,错误原因", "01,没有图形"]
