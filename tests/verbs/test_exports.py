"""What is stored, written to files and read again; no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
import shapely
from sqlalchemy import Connection, text

from geodata.layer import Fields
from geodata.read import read
from geodata.write import write
from gridsvc import cases, compounds, editions, exports
from gridsvc.compounds import Incoming
from gridsvc.errors import NotFound, Unavailable
from gridsvc.grids import Rule
from gridsvc.imports import reports as importing
from gridsvc.imports.reports import Options
from gridsvc.rules.case import Given
from gridsvc.rules.roles import RESIDENT
from tests.conftest import NOW
from tests.framed import as_frame
from tests.through import AGREED, lead

MUST = (
    "number",
    "source_row",
    "grid_code",
    "grid_name",
    "method",
    "distance_m",
    "lon",
    "lat",
    "category",
    "state",
    "reported_at",
)
ZONE = "Asia/Shanghai"


@pytest.fixture
def stored(db: Connection, rule: Rule, tmp_path: Path) -> Connection:
    box = bytes(shapely.to_wkb(shapely.MultiPolygon([shapely.box(110, 23, 110.01, 23.01)])))
    editions.stage(db, [(1, "007", "=SUM(A1)", box)])
    editions.draft(db, "base", NOW, replace=True)
    editions.publish(db, "base", NOW, rule)
    file = tmp_path / "r.csv"
    with file.open("w", newline="", encoding="utf-8") as out:
        rows = csv.writer(out)
        rows.writerow(["number", "time", "lon", "lat", "description", "closed_at", "state"])
        rows.writerow(["=1+1", "2026-03-01", 110.005, 23.005, "@cmd|' /C calc'!A0", "", ""])
        rows.writerow(["0002", "2026-03-01 10:00:00", 110.5, 23.005, "-12.5", "2026-03-02", "closed"])
        rows.writerow(["0003", "2026-03-01", "", "", "", "", ""])
    source = importing.from_csv(file, Fields(), "wgs84")
    how = Options(file="r.csv", source="s", zone=ZONE, far_m=1e5, write=True)
    assert importing.take(db, source, how, NOW, rule, lambda *_: None)[1]
    return db


def cells(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_reports_as_csv(stored: Connection, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert exports.write_reports_csv(stored, out, ZONE, lambda *_: None) == 3
    first, second, third = cells(out)
    assert set(MUST) <= first.keys()
    assert list(first) == list(exports.REPORT_COLUMNS)
    assert first["number"] == "'=1+1"
    assert first["grid_name"] == "'=SUM(A1)"
    assert first["description"].startswith("'@cmd")
    assert (first["grid_code"], first["method"], first["distance_m"], first["lon"], first["lat"]) == (
        "007",
        "covers",
        "0.0",
        "110.005",
        "23.005",
    )
    assert (first["reported_at"], first["source_row"], first["state"]) == ("2026-03-01", "1", "reported")
    assert (second["number"], second["method"], second["reason"], second["description"]) == (
        "0002",
        "none",
        "outside",
        "-12.5",
    )
    assert (second["reported_at"], second["closed_at"]) == ("2026-03-01T10:00:00+08:00", "2026-03-02T00:00:00+08:00")
    assert (third["lon"], third["reason"]) == ("", "no_position")
    assert not list(tmp_path.glob(".writing-*"))


def test_the_stream_and_the_frame_write_one_file(stored: Connection, tmp_path: Path) -> None:
    stored.execute(
        text("UPDATE report SET description = '打138-1234-5678', words = '13812345678' WHERE number = '0003'")
    )
    exports.write_reports_csv(stored, tmp_path / "a.csv", ZONE, lambda *_: None)
    write(exports.reports(stored, ZONE), tmp_path / "b.csv", "csv", at=NOW)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert [cells(tmp_path / "a.csv")[2][name] for name in ("description", "words")] == ["打****", "****"]


def test_a_case_stands_in_the_columns_behind(stored: Connection, tmp_path: Path) -> None:
    held = lead(stored, "0003", "closed", NOW, source="s")
    stored.execute(
        text("INSERT INTO reporter (report_id, secret_hash, linked) VALUES (:id, sha256('x'), true)"), {"id": held.id}
    )
    held = cases.lock(stored, "0003", "s")
    given = Given(solved="partly", satisfied="not")
    cases.apply(stored, held, "rate", RESIDENT, NOW + timedelta(days=1), AGREED, given)
    out = tmp_path / "out.csv"
    exports.write_reports_csv(stored, out, ZONE, lambda *_: None)
    first, _, third = cells(out)
    told = (
        "state",
        "department_code",
        "outcome",
        "filed_at",
        "due_at",
        "disposed_at",
        "n_rework",
        "satisfied",
        "rated_at",
    )
    at = "2026-11-01T10:00:00+08:00"
    due = third["due_at"]
    assert [third[name] for name in told] == [
        "dispatched",
        "D1",
        "by_deadline",
        at,
        due,
        "",
        "1",
        "not",
        at.replace("01T", "02T"),
    ]
    assert third["due_original_at"] == due
    assert [first[name] for name in told] == ["reported", "", "", "", "", "", "0", "", ""]
    row = exports.some_reports(stored, [held.id])[held.id]
    assert (row["number"], row["filed_at"], row["day_only"]) == ("0003", NOW, True)


def test_an_export_is_read_again_as_the_same_reports(stored: Connection, rule: Rule, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    exports.write_reports_csv(stored, out, ZONE, lambda *_: None)
    source = importing.from_csv(out, Fields(), "wgs84")
    how = Options(file="out.csv", source="copy", zone=ZONE, far_m=1e5, write=True)
    account, _ = importing.take(stored, source, how, NOW, rule, lambda *_: None)
    assert (account.tally.new, account.n_refused) == (3, 0)
    query = text(
        "SELECT number, description, received_at, day_only, state, closed_at, ST_AsText(geom) FROM report WHERE source = :s ORDER BY source_row"
    )
    assert stored.execute(query, {"s": "copy"}).all() == stored.execute(query, {"s": "s"}).all()


def test_what_an_export_hides_an_import_keeps(stored: Connection, rule: Rule, tmp_path: Path) -> None:
    stored.execute(
        text(
            "UPDATE report SET description = '打13812345678，漏水', words = '138-1234-5678 门口' WHERE number <> '=1+1'"
        )
    )
    out = tmp_path / "out.csv"
    exports.write_reports_csv(stored, out, ZONE, lambda *_: None)
    written = out.read_text(encoding="utf-8-sig").replace("打****，漏水", "打****，不漏了", 1)
    out.write_text(written, encoding="utf-8")
    how = Options(file="out.csv", source="s", zone=ZONE, far_m=1e5, write=True)
    for expected in (2, 0):
        source = importing.from_csv(out, Fields(), "wgs84")
        account, _ = importing.take(stored, source, how, NOW, rule, lambda *_: None)
        assert account.n_refused == 0
        if not expected:
            assert account.tally.changed == 0
        said = stored.execute(
            text("SELECT description, words FROM report WHERE number <> '=1+1' ORDER BY number")
        ).all()
        assert said == [("打****，不漏了", "138-1234-5678 门口"), ("打13812345678，漏水", "138-1234-5678 门口")]


@pytest.mark.parametrize("file_format", ["geojson", "gpkg", "xlsx"])
def test_reports_in_other_formats(stored: Connection, tmp_path: Path, file_format: str) -> None:
    out = tmp_path / f"out.{file_format}"
    write(exports.reports(stored, ZONE, "s"), out, file_format, at=NOW, layer="reports")  # type: ignore[arg-type]
    if file_format == "xlsx":
        sheet = openpyxl.load_workbook(out).active
        assert sheet is not None
        header, first, *_ = [list(row) for row in sheet.iter_rows()]
        at = [cell.value for cell in header].index("number")
        assert (first[at].value, first[at].data_type) == ("=1+1", "s")
        return
    layer = read(out, "any")
    assert set(MUST) <= set(as_frame(layer).columns)
    assert list(as_frame(layer)["number"]) == ["=1+1", "0002", "0003"]
    if file_format == "geojson":
        assert json.loads(out.read_text("utf-8"))["features"][0]["geometry"] == {
            "type": "Point",
            "coordinates": [110.005, 23.005],
        }


def test_sources_grids_drafts_areas_and_compounds(stored: Connection) -> None:
    assert len(exports.reports(stored, ZONE, "nobody")) == 0
    assert list(exports.grids(stored, ["base", "dedicated"])["code"]) == ["007"]
    with pytest.raises(NotFound, match="no_draft"):
        exports.grids(stored, ["base"], draft=True)
    with pytest.raises(Unavailable, match="no_published_edition"):
        exports.grids(stored, ["dedicated"])
    assert len(exports.areas(stored)) == 0
    point = bytes(shapely.to_wkb(shapely.Point(110, 23)))
    compounds.save(
        stored,
        [
            Incoming("a", "1", "甲", ("乙", "丙"), 3, None, True, point),
            Incoming("b", "1", "丁", (), None, None, None, point),
        ],
    )
    frame = exports.compounds(stored, "a")
    assert frame.iloc[0][["source", "code", "name", "aliases"]].tolist() == ["a", "1", "甲", "乙；丙"]
    assert len(exports.compounds(stored)) == 2
