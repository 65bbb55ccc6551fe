"""From a file of grids and a file of reports to placed reports in a file, through the command line alone."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import shapely
from sqlalchemy import text

from tests.walk.cli import Cli, geojson, publish, square_grids, table

HEADER = ("工单编号", "受理时间", "问题分类", "状态", "办结时间", "经度", "纬度", "事发地址")


def rows() -> list[tuple[object, ...]]:
    return [
        ("A1", "2026-03-01 08:30:00", "积水", "已办结", "2026-03-02 10:00:00", 110.005, 23.005, "东门"),
        ("A2", "2026-03-01", "积水", "办理中", None, 110.015, 23.005, None),
        ("A3", "2026年3月2日 下午2时05分", "路灯", None, None, 110.0301, 23.005, None),
        ("A4", "2026-03-03 09:00", "路灯", "作废", None, 110.2, 23.005, None),
        ("A5", "2026-03-04 09:00", "路灯", None, None, None, None, "桥头"),
        ("A6", "2026-03-04 09:00", "路灯", None, None, None, None, None),
    ]


def test_grids_then_publish_then_reports_then_export(cli: Cli, tmp_path: Path) -> None:
    publish(cli, tmp_path)
    file = table(tmp_path / "上报.csv", HEADER, *rows())
    told = cli("import", "reports", file, "--crs", "wgs84", "--json")
    assert told.code == 0
    assert told.json["committed"] is False
    assert told.json["rows"] == {
        "read": 6,
        "new": 6,
        "changed": 0,
        "same": 0,
        "removed": 0,
        "refused": 0,
        "repaired": 0,
    }
    with cli.fresh.begin() as db:
        assert db.scalar(text("SELECT count(*) FROM report")) == 0
    done = cli("import", "reports", file, "--crs", "wgs84", "--commit", "--json")
    assert (done.code, done.json["committed"]) == (0, True)
    assert done.json["placed"] == {"covers": 2, "nearest": 1, "none": 3}
    assert done.json["unplaced"] == {"no_position": 1, "outside": 1, "words_only": 1}
    out = tmp_path / "placed.csv"
    assert cli("export", "reports", "--out", out).code == 0
    with out.open(encoding="utf-8-sig", newline="") as opened:
        found = {row["number"]: row for row in csv.DictReader(opened)}
    assert [found[f"A{i}"]["grid_code"] for i in range(1, 7)] == ["000", "001", "002", "", "", ""]
    assert [found[f"A{i}"]["state"] for i in range(1, 7)] == [
        "closed",
        "reported",
        "reported",
        "void",
        "reported",
        "reported",
    ]
    assert [found[f"A{i}"]["source_row"] for i in range(1, 7)] == ["1", "2", "3", "4", "5", "6"]
    assert found["A1"]["reported_at"] == "2026-03-01T08:30:00+08:00"
    assert found["A1"]["closed_at"] == "2026-03-02T10:00:00+08:00"
    assert found["A2"]["reported_at"] == "2026-03-01"
    assert found["A3"]["reported_at"] == "2026-03-02T14:05:00+08:00"
    assert (found["A3"]["method"], found["A3"]["distance_m"]) == ("nearest", "10.252")
    assert (found["A1"]["category"], found["A1"]["category_raw"]) == ("unclassified", "积水")
    assert found["A1"]["source"] == "上报"


def test_the_same_file_again_changes_nothing(cli: Cli, tmp_path: Path) -> None:
    publish(cli, tmp_path)
    file = table(tmp_path / "r.csv", HEADER, *rows())
    for kind, path, more in (
        ("grids", tmp_path / "squares.geojson", ()),
        ("reports", file, ("--crs", "wgs84")),
    ):
        cli("import", kind, path, *more, "--commit")
        again = cli("import", kind, path, *more, "--commit", "--json").json["rows"]
        assert (again["new"], again["changed"], again["removed"]) == (0, 0, 0)
        assert again["same"] == again["read"]
    with cli.fresh.begin() as db:
        assert db.scalar(text("SELECT count(*) FROM report_log")) == 6
        assert db.scalar(text("SELECT count(*) FROM edition")) == 1


def test_without_a_number_the_row_is_the_identity(cli: Cli, tmp_path: Path) -> None:
    publish(cli, tmp_path)
    file = table(
        tmp_path / "r.csv", ("date", "lon", "lat"), ("2026-03-01", 110.005, 23.005), ("2026-03-01", 110.005, 23.005)
    )
    assert cli("import", "reports", file, "--crs", "wgs84", "--commit", "--json").json["rows"]["new"] == 2
    assert cli("import", "reports", file, "--crs", "wgs84", "--commit", "--json").json["rows"]["same"] == 2
    other = cli("import", "reports", file, "--crs", "wgs84", "--source", "other", "--json")
    assert other.json["rows"]["new"] == 2


def test_refused_rows_keep_the_file_out_unless_skipped(cli: Cli, tmp_path: Path) -> None:
    publish(cli, tmp_path)
    file = table(tmp_path / "r.csv", HEADER, *rows(), ("A7", "gestern", "x", None, None, 110.005, 23.005, None))
    errors = tmp_path / "errors.csv"
    whole = cli("import", "reports", file, "--crs", "wgs84", "--commit", "--errors", errors)
    assert whole.code == 2
    assert "r.csv row 7" in whole.out
    assert "gestern" in whole.out
    assert "Nothing was imported" in whole.err
    with cli.fresh.begin() as db:
        assert db.scalar(text("SELECT count(*) FROM report")) == 0
    with errors.open(encoding="utf-8-sig", newline="") as opened:
        (row,) = csv.DictReader(opened)
    assert (row["工单编号"], row["经度"]) == ("A7", "110.005")
    assert "gestern" in row["错误原因"]
    rest = cli("import", "reports", file, "--crs", "wgs84", "--commit", "--skip-refused", "--json")
    assert (rest.code, rest.json["committed"], rest.json["rows"]["refused"]) == (0, True, 1)
    with cli.fresh.begin() as db:
        assert db.scalar(text("SELECT count(*) FROM report")) == 6


def test_a_partial_file_keeps_the_other_grids_unless_replace(cli: Cli, tmp_path: Path) -> None:
    publish(cli, tmp_path)
    shapes = square_grids()
    moved = {"000": shapely.box(110.0, 23.0, 110.009, 23.01), "100": shapely.box(110.03, 23.0, 110.04, 23.01)}
    file = geojson(tmp_path / "some.geojson", moved)
    rows = cli("import", "grids", file, "--json").json["rows"]
    assert (rows["new"], rows["changed"], rows["removed"]) == (1, 1, 0)
    replaced = cli("import", "grids", file, "--replace", "--json").json["rows"]
    assert (replaced["new"], replaced["changed"], replaced["removed"]) == (1, 1, len(shapes) - 1)
    cli("import", "grids", file, "--commit")
    dry = cli("publish", "--dry-run", "--json")
    assert dry.json["published"] is False
    assert dry.json["layers"][0]["changes"]["added"] == ["100"]
    assert dry.json["layers"][0]["changes"]["changed"] == ["000"]
    strict = cli("publish", "--strict", "--json")
    assert strict.code == 0  # the gap opens to the outside, and no areas are imported: the union has no hole
    assert cli("publish").code == 3


def test_publishing_warns_of_overlaps_and_strict_refuses_them(cli: Cli, tmp_path: Path) -> None:
    shapes = square_grids()
    shapes["004"] = shapely.box(110.009, 23.01, 110.02, 23.02)
    told = cli("import", "grids", geojson(tmp_path / "g.geojson", shapes), "--commit", "--json").json
    (overlap,) = told["partition"]["base"]["overlaps"]
    assert overlap["codes"] == ["003", "004"]
    assert 110_000 < overlap["m2"] < 120_000
    assert (round(overlap["lon"], 4), round(overlap["lat"], 3)) == (110.0095, 23.015)
    refused = cli("publish", "--strict")
    assert refused.code == 2
    assert "overlaps" in refused.out + refused.err
    assert cli("publish").code == 0


def test_a_draft_moves_open_reports_only_when_published(cli: Cli, tmp_path: Path) -> None:
    publish(cli, tmp_path)
    cli("import", "reports", table(tmp_path / "r.csv", HEADER, *rows()), "--crs", "wgs84", "--commit")
    moved = {"000": shapely.box(110.0, 23.0, 110.016, 23.01), "001": shapely.box(110.016, 23.0, 110.02, 23.01)}
    cli("import", "grids", geojson(tmp_path / "moved.geojson", moved), "--commit")
    query = text(
        "SELECT g.code FROM report r JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL "
        "JOIN grid_version g ON g.id = p.grid_version_id WHERE r.number = 'A2'"
    )
    with cli.fresh.begin() as db:
        assert db.scalar(query) == "001"
    published = cli("publish", "--json").json
    assert published["layers"][0]["reports_moved"] >= 1
    with cli.fresh.begin() as db:
        assert db.scalar(query) == "000"


def test_no_grids_no_reports(cli: Cli, tmp_path: Path) -> None:
    file = table(tmp_path / "r.csv", HEADER, *rows())
    answer = cli("import", "reports", file, "--crs", "wgs84", "--commit")
    assert answer.code == 3
    assert "published" in answer.err


def test_json_stands_alone_and_speaks_the_asked_language(cli: Cli, tmp_path: Path) -> None:
    publish(cli, tmp_path)
    file = table(tmp_path / "r.csv", HEADER, ("A1", "x", "", "", "", 110.005, 23.005, ""))
    answer = cli("import", "reports", file, "--crs", "wgs84", "--json", "--lang", "zh")
    assert answer.code == 2
    (refused,) = answer.json["refused"]
    assert refused["row"] == 1
    assert refused["code"] == "time_unreadable"
    assert "不是时间" in refused["message"]
    assert "第 1 行" in answer.err
    whole = cli("import", "reports", tmp_path / "absent.csv", "--crs", "wgs84", "--json")
    assert whole.code == 2
    assert whole.json["error"]["code"] == "file_missing"
    assert "absent.csv" in whole.json["error"]["message"]


def test_an_option_of_another_kind_is_refused(cli: Cli, tmp_path: Path) -> None:
    file = geojson(tmp_path / "g.geojson", square_grids())
    for option in (("--number-field", "code"), ("--allow-repeats",), ("--timezone", "UTC")):
        answer = cli("import", "grids", file, *option)
        assert answer.code == 2
        assert option[0] in answer.err


def test_every_kind_through_the_command_line(cli: Cli, tmp_path: Path) -> None:
    publish(cli, tmp_path)
    area = {"990101001001": shapely.box(110.0, 23.0, 110.03, 23.03), "990101": shapely.box(109.9, 22.9, 110.1, 23.1)}
    areas = geojson(tmp_path / "a.geojson", area)
    workers = table(
        tmp_path / "w.csv", ("工号", "姓名", "网格编码", "职责"), ("W1", "甲", "000", "主"), ("W2", "乙", "000", "副")
    )
    compounds = geojson(
        tmp_path / "c.geojson", {"锦绣园": shapely.box(110.001, 23.001, 110.002, 23.002)}, code="小区名称"
    )
    roads = geojson(tmp_path / "b.geojson", {"道路": shapely.LineString([(110, 23), (110.01, 23.01)])}, code="feature")
    for kind, file in (("areas", areas), ("workers", workers), ("compounds", compounds), ("basemap", roads)):
        done = cli("import", kind, file, "--commit", "--json")
        assert (done.code, done.json["rows"]["refused"]) == (0, 0), done.out
        assert done.json["rows"]["new"] == done.json["rows"]["read"]
        again = cli("import", kind, file, "--commit", "--json")
        assert again.json["rows"]["same"] == again.json["rows"]["read"], kind
    for kind, code in (("areas", "990101001001"), ("grids", "000"), ("compounds", "锦绣园")):
        out = tmp_path / f"{kind}.csv"
        assert cli("export", kind, "--out", out).code == 0
        assert code in out.read_text("utf-8-sig")
    file = table(tmp_path / "r.csv", HEADER, ("A1", "2026-03-01 08:30:00", "", "", "", 110.005, 23.005, ""))
    cli("import", "reports", file, "--crs", "wgs84", "--commit")
    with cli.fresh.begin() as db:
        row = db.execute(text("SELECT w.code, p.duty FROM placement p JOIN worker w ON w.id = p.worker_id")).one()
    assert tuple(row) == ("W1", "main")


def test_a_files_name_need_be_no_text(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode("街道".encode("gbk"))
    folder.mkdir()

    def named(made: Path) -> Path:
        return made.rename(folder / os.fsdecode("东".encode("gbk") + made.suffix.encode()))

    done = cli("import", "grids", named(geojson(tmp_path / "g.geojson", square_grids())), "--commit", "--json")
    assert (done.code, done.json["file"]) == (0, "??.geojson"), done.err
    assert cli("publish").code == 0
    header, row = ["number", "time", "lon", "lat"], ["A", "2026-03-01", 110.005, 23.005]
    reports = named(table(tmp_path / "r.csv", header, row, [*row[:3], "x"]))
    told = cli("import", "reports", reports, "--crs", "wgs84", "--commit", "--skip-refused")
    assert (told.code, "??.csv" in told.out) == (0, True), told.err
    with cli.fresh.begin() as db:
        assert db.scalars(text("SELECT DISTINCT source FROM report")).all() == ["??"]
    departments = named(table(tmp_path / "d.csv", ["code"], ["1"]))
    for path in (departments, folder / os.fsdecode(b"gone\xff.csv")):
        wrong = cli("import", "departments", path)
        assert (wrong.code, path.name.encode("utf-8", "replace").decode() in wrong.err) == (2, True)
