"""Bad input gets a message that names file, row and cause, exit code 2, and leaves the database as it was."""

from __future__ import annotations

import gzip
import json
import shutil
import struct
import zipfile
from pathlib import Path

import pytest
import shapely
from sqlalchemy import text

from tests.conftest import Fresh
from tests.walk.cli import Answer, Cli, geojson, publish, square_grids, table

HEADER = ("number", "reported_at", "lon", "lat")
GOOD = ("A1", "2026-03-01", 110.005, 23.005)


def counts(fresh: Fresh) -> list[int]:
    tables = ("area", "grid_version", "edition", "compound", "worker", "duty", "basemap", "report", "report_log")
    with fresh.begin() as db:
        return [int(db.scalar(text(f"SELECT count(*) FROM {name}")) or 0) for name in tables]


def refused(cli: Cli, kind: str, file: Path, *more: str) -> Answer:
    before = counts(cli.fresh)
    answer = cli("import", kind, file, *more, "--commit")
    assert answer.code == 2, answer.out + answer.err
    assert file.name in answer.out + answer.err
    assert "Traceback" not in answer.out + answer.err
    assert counts(cli.fresh) == before
    return answer


def says(answer: Answer, *words: str) -> None:
    for word in words:
        assert word in answer.out + answer.err, answer.out + answer.err


def test_rows_with_impossible_cells(cli: Cli, tmp_path: Path) -> None:
    publish(cli, tmp_path)
    cases = {
        "text in the latitude": (("A2", "2026-03-01", 110.005, "north"), ("lat", "north")),
        "latitude 95": (("A2", "2026-03-01", 110.005, 95), ("95",)),
        "longitude 200": (("A2", "2026-03-01", 200, 23.005), ("200",)),
        "half a position": (("A2", "2026-03-01", 110.005, None), ("lat",)),
        "infinite": (("A2", "2026-03-01", "inf", 23.005), ("inf",)),
        "no number": ((None, "2026-03-01", 110.005, 23.005), ("number",)),
        "rounded number": (("3.70102E+17", "2026-03-01", 110.005, 23.005), ("3.70102E+17", "text")),
        "repeated number": (("A1", "2026-03-01", 110.005, 23.005), ("A1", "1, 2")),
        "no time": (("A2", None, 110.005, 23.005), ("time",)),
        "no day": (("A2", "2026-02-30", 110.005, 23.005), ("2026-02-30",)),
        "ambiguous day": (("A2", "03/04/2026", 110.005, 23.005), ("03/04/2026", "--date-order")),
        "the future": (("A2", "2226-03-01", 110.005, 23.005), ("2226-03-01",)),
        "an offset nobody has": (("A2", "2026-03-01T10:00:00+20:00", 110.005, 23.005), ("+20:00",)),
        "far away": (("A2", "2026-03-01", 120, 30), ("100 km",)),
        "lon and lat swapped": (("A2", "2026-03-01", 23.005, 110.005), ("swapped",)),
        "too few cells": (("A2", "2026-03-01"), ("2 cells",)),
        "too many cells": (("A2", "2026-03-01", 110.005, 23.005, "x"), ("5 cells",)),
    }
    for name, (row, words) in cases.items():
        file = table(tmp_path / "bad.csv", HEADER, GOOD, row)
        answer = refused(cli, "reports", file, "--crs", "wgs84")
        says(answer, "bad.csv row 2", *words)
        assert "row 1:" not in answer.out or name == "repeated number", name


def test_swapped_coordinates_far_away_but_possible(cli: Cli, tmp_path: Path) -> None:
    grids = geojson(tmp_path / "g.geojson", square_grids(west=45.0, south=23.0))
    assert cli("import", "grids", grids, "--commit").code == 0
    assert cli("publish").code == 0
    file = table(tmp_path / "swapped.csv", HEADER, *[(f"A{i}", "2026-03-01", 23.005, 45.005) for i in range(3)])
    says(refused(cli, "reports", file, "--crs", "wgs84"), "swapped.csv row 3", "more than 100 km", "swapped")
    eastings = table(tmp_path / "m.csv", ("number", "date", "x", "y"), ("A1", "2026-03-01", 2544600, 38706000))
    says(refused(cli, "reports", eastings, "--crs", "EPSG:4526"), "m.csv row 1")


@pytest.mark.parametrize("kind", ["reports", "grids"])
def test_files_that_are_none(cli: Cli, tmp_path: Path, kind: str) -> None:
    if kind == "reports":
        publish(cli, tmp_path)
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    says(refused(cli, kind, empty), "empty.csv is empty")
    blank = tmp_path / "blank.geojson"
    blank.write_bytes(b" \n\n")
    says(refused(cli, kind, blank), "blank.geojson is empty")
    says(refused(cli, kind, tmp_path / "nowhere.csv"), "nowhere.csv", "no such file")
    (tmp_path / "folder.csv").mkdir()
    refused(cli, kind, tmp_path / "folder.csv")
    picture = tmp_path / "picture.geojson"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    says(refused(cli, kind, picture), "PNG")
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)) * 10)
    refused(cli, kind, tmp_path / "binary.csv", "--crs", "wgs84")


def test_half_written_files(cli: Cli, tmp_path: Path) -> None:
    publish(cli, tmp_path)
    whole = tmp_path / "whole.zip"
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("g.shp", bytes(5000))
        archive.writestr("g.dbf", bytes(5000))
    half = tmp_path / "half.zip"
    half.write_bytes(whole.read_bytes()[:-60])
    says(refused(cli, "grids", half), "half.zip", "half-written")
    rows = "\n".join(f"A{i},2026-03-01,110.005,23.005" for i in range(20_000))
    packed = gzip.compress(f"{','.join(HEADER)}\n{rows}\n".encode())
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(packed[: len(packed) * 2 // 3])
    says(refused(cli, "reports", cut, "--crs", "wgs84"), "cut.csv.gz", "half-written")
    quote = tmp_path / "quote.csv"
    quote.write_text('number,date,lon,lat\n"A1,2026-03-01,110,23\n', encoding="utf-8")
    says(refused(cli, "reports", quote, "--crs", "wgs84"), "quote.csv", "quotation marks")


def test_a_shapefile_that_promises_two_gigabytes(cli: Cli, tmp_path: Path) -> None:
    head = struct.pack(">i5ii", 9994, 0, 0, 0, 0, 0, 2**30) + struct.pack("<ii8d", 1000, 5, *[0.0] * 8)
    (tmp_path / "big.shp").write_bytes(head + bytes(300))
    says(refused(cli, "grids", tmp_path / "big.shp", "--crs", "EPSG:4326"), "big.shp", "promises")


def test_a_crs_is_never_guessed(cli: Cli, tmp_path: Path) -> None:
    publish(cli, tmp_path)
    says(refused(cli, "reports", table(tmp_path / "r.csv", HEADER, GOOD)), "r.csv", "--crs")
    says(refused(cli, "reports", table(tmp_path / "r.csv", HEADER, GOOD), "--crs", "mars"), "mars")
    says(refused(cli, "grids", table(tmp_path / "g.csv", ("code", "wkt"), ("1", '"POINT (1 1)"'))), "g.csv", "--crs")


def test_grids_whose_rows_are_wrong(cli: Cli, tmp_path: Path) -> None:
    good = square_grids()
    twice = json.loads(geojson(tmp_path / "twice.geojson", good).read_text())
    twice["features"].append(twice["features"][4])
    (tmp_path / "twice.geojson").write_text(json.dumps(twice))
    says(
        refused(cli, "grids", tmp_path / "twice.geojson"), "twice.geojson row 5", "twice.geojson row 10", "004", "5, 10"
    )
    rounded = geojson(tmp_path / "rounded.geojson", {"3.70102E+17": good["000"]})
    says(refused(cli, "grids", rounded), "rounded.geojson row 1", "3.70102E+17", "text")
    bow = shapely.Polygon([(110, 23), (110.01, 23.01), (110.01, 23), (110, 23.01)])
    says(refused(cli, "grids", geojson(tmp_path / "bow.geojson", {"1": bow})), "bow.geojson row 1", "outline")
    point = geojson(tmp_path / "point.geojson", {"1": shapely.Point(110, 23)})
    says(refused(cli, "grids", point), "point.geojson row 1", "Point")
    nameless = geojson(tmp_path / "nameless.geojson", good, code="bezeichnung")
    says(refused(cli, "grids", nameless), "nameless.geojson", "bezeichnung")
    wrong = refused(cli, "grids", geojson(tmp_path / "f.geojson", good), "--code-field", "nummer")
    says(wrong, "f.geojson", "nummer", "code")


def test_wrong_structure_of_real_files(cli: Cli, tmp_path: Path, shared: Path) -> None:
    folder = shared / "bad_geojson" / "invalid_structure"
    files = sorted(folder.glob("*.*json"))
    assert files
    for file in files[:4]:
        copy = tmp_path / file.name
        shutil.copy(file, copy)
        refused(cli, "grids", copy)


def test_nobody_sees_a_traceback(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("gridsvc.cli.import_ground.read", broken)
    monkeypatch.setenv("GRIDSVC_DATA_DIR", str(tmp_path))
    answer = cli("import", "grids", geojson(tmp_path / "g.geojson", square_grids()))
    assert answer.code == 1
    assert answer.err.count("\n") == 1
    log = tmp_path / "gridsvc-errors.log"
    assert str(log) in answer.err
    assert "boom" in log.read_text()
    with pytest.raises(RuntimeError, match="boom"):
        cli("import", "grids", tmp_path / "g.geojson", DEBUG="1")
