"""Doors of a file: a dirty workbook with its account by row, tables with and without positions, buildings of a map."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import shapely
from openpyxl import Workbook
from sqlalchemy import Connection, text

from geodata.errors import CrsError, FileRefused
from geodata.layer import Fields
from geodata.read import read
from gridsvc.grids import Rule
from gridsvc.imports import bulk, households
from gridsvc.imports.account import Account
from gridsvc.imports.households import Options
from gridsvc.imports.source import Source
from tests.conftest import NOW, Fresh
from tests.web import county as counties
from tests.web.county import County

HEADER = ("所属社区", "小区", "楼栋", "单元", "房号", "户主", "电话", "人口", "户类别", "人户分离")
W, J = "西社区", "锦绣花园"
# row of the file -> what it says
DIRTY: tuple[tuple[object, ...], ...] = (
    (W, J, "3号楼", "2单元", "501室", "王一", "13800000001", 3, "普通", "否"),
    (None, None, None, "三单元", "５０２", "王二", "13800000002", "4人", "空巢老人", "是"),  # merged with the row above
    (None, None, None, None, "18层", "王三"),
    (None, None, "不详", "不详", "3-2-503", "王四"),
    (W + " ", J + "  ", "3幢", "2", "601 "),
    (W, J, "3幢", "2", "０６０１"),
    (W, J, "3栋", "二单元", "701"),
    (W, J, "3座", "2", "701室"),  # the same door as the row above
    (W, "无名小区", "1", "1", "101"),
    (W, "同名苑", "1", "1", "101"),
    ("北社区", "同名苑", "1", "1", "101"),
    (W, J, "1幢", None, "001", None, None, "两个"),
    (W, J, "1幢", "无", "101", None, None, "2", "社区矫正对象"),
    (W, J, "1幢", "无", "201", "新户主", None, "2"),
    (W, J),
    (None, None, None, None, None),
    (None, "同名苑", "1", "1", "102"),
    (W, J, "3号楼", "2单元", "５０１号"),
)
REFUSED = {
    1: "door_repeated",
    3: "door_room_is_floor",
    7: "door_repeated",
    8: "door_repeated",
    9: "door_compound_unknown",
    11: "door_community_unknown",
    12: "count_wrong",
    13: "door_class_off",
    15: "door_levels_missing",
    17: "door_compound_ambiguous",
    18: "door_repeated",
}
REPAIRED = {
    (2, "cell_carried", "西社区"),
    (2, "cell_carried", "锦绣花园"),
    (2, "cell_carried", "3号楼"),
    (2, "door_level_read", "三单元"),
    (2, "door_level_read", "５０２"),
    (4, "cell_carried", "西社区"),
    (4, "cell_carried", "锦绣花园"),
    (4, "door_level_read", "不详"),
    (4, "door_address_split", "3-2-503"),
    (6, "door_level_read", "０６０１"),
}
KEYS = text("SELECT building, unit, room FROM household WHERE source = :s ORDER BY id")


@pytest.fixture
def db(county_db: Connection) -> Connection:
    return county_db


def workbook(path: Path) -> Path:
    """The dirty sheet as an office keeps it: a title, merged cells, blanks."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(("西社区住户登记表",))
    sheet.append(HEADER)
    for row in DIRTY:
        sheet.append(row)
    sheet.merge_cells("A1:J1")
    for column, last in (("A", 6), ("B", 6), ("C", 5)):
        sheet.merge_cells(f"{column}3:{column}{last}")
    book.save(path)
    return path


def take(db: Connection, source: Source, rule: Rule, **more: object) -> Account:
    options = replace(Options("f", "f", skip_refused=True, write=True), **more)  # type: ignore[arg-type]
    return households.take(db, source, options, NOW, rule, lambda what, done, of: None)[0]


def csv(path: Path, header: Sequence[str], *rows: Sequence[object]) -> Path:
    lines = [",".join(header), *(",".join("" if cell is None else str(cell) for cell in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def from_csv(path: Path, crs: str | None = None) -> Source:
    return households.from_csv(path, Fields(), crs)


def codes(account: Account) -> dict[int | None, str]:
    return {problem.row: problem.code for problem in reversed(account.refused)}


def test_what_is_told_of_a_merged_cell_shows_nobody(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ("小区", "房号", "户主", "电话", "备注"),
        (J, "101", "王二小", "13800000051", "王二小的弟弟"),
        (None, "102"),
    ):
        sheet.append(row)
    for column in "ACDE":
        sheet.merge_cells(f"{column}2:{column}3")
    book.save(tmp_path / "m.xlsx")
    ((one, _),) = households.from_workbook(tmp_path / "m.xlsx", Fields(), None, None).slices
    told = {p.facts["column"]: p.facts["found"] for p in one.problems if p.code == "cell_carried"}
    assert told == {"小区": J, "户主": "王**", "电话": "138**", "备注": "王**"}
    assert one.cells["contact"] == ["王二小", "王二小"]


def test_blocks_over_blocks_are_refused_before_they_cost_anything(tmp_path: Path) -> None:
    """A hostile workbook could name each cell thousands of times."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(("小区", "楼栋", "房号"))
    for row in range(40):
        sheet.append((J, "1", str(row)))
    for block in ("A2:C40", "A3:C41"):
        sheet.merged_cells.add(block)
    book.save(tmp_path / "h.xlsx")
    with pytest.raises(FileRefused) as refused:
        households.from_workbook(tmp_path / "h.xlsx", Fields(), None, None)
    assert (refused.value.code, refused.value.facts["cause"]) == ("workbook_damaged", "merged cells over merged cells")


def test_a_dirty_workbook_gets_an_account_by_row(db: Connection, county: County, rule: Rule, tmp_path: Path) -> None:
    file = workbook(tmp_path / "d.xlsx")
    account = take(db, households.from_workbook(file, Fields(), None, None), rule)
    assert codes(account) == REFUSED
    assert {(p.row, p.code, p.facts["found"]) for p in account.repaired} == REPAIRED
    assert (account.n_read, account.tally.new, account.tally.changed, account.tally.same) == (17, 5, 1, 0)
    assert account.extra["positions"] == {"door": 0, "building": 0, "compound": 5}
    assert account.extra["near"] == {"pairs": 1}
    (near,) = (note for note in account.notes if note.code == "door_near_row")
    assert (near.facts["at"], near.facts["other"], near.facts["key"]) == (6, 5, "3-2-0601")
    assert [tuple(row) for row in db.execute(KEYS, {"s": "f"})] == [
        ("3", "3", "502"),
        ("3", "2", "503"),
        ("3", "2", "601"),
        ("3", "2", "0601"),
        ("1", "1", "101"),
    ]
    changed = db.execute(
        text("SELECT contact_name, n_people, source FROM household WHERE room = '201' ORDER BY id")
    ).all()
    assert tuple(changed[0]) == ("新户主", 2, "gridsvc")
    stored = db.execute(text("SELECT * FROM household WHERE room = '502'")).mappings().one()
    assert (stored["n_people"], stored["class_code"], stored["registered_elsewhere"]) == (4, "living_alone", True)
    assert (stored["contact_phone"], stored["position_source"]) == ("13800000002", "compound")


def test_the_same_workbook_again_changes_nothing(db: Connection, county: County, rule: Rule, tmp_path: Path) -> None:
    file = workbook(tmp_path / "d.xlsx")
    for tally in ((5, 1, 0), (0, 0, 6)):
        account = take(db, households.from_workbook(file, Fields(), None, None), rule)
        assert (account.tally.new, account.tally.changed, account.tally.same) == tally
    assert "near" not in account.extra


def test_one_refused_row_keeps_the_file_out(db: Connection, county: County, rule: Rule, tmp_path: Path) -> None:
    before = db.scalar(text("SELECT count(*) FROM household"))
    source = households.from_workbook(workbook(tmp_path / "d.xlsx"), Fields(), None, None)
    account = take(db, source, rule, skip_refused=False)
    assert account.tally.new == 5
    assert db.scalar(text("SELECT count(*) FROM household")) == before


def test_csv_and_workbook_say_the_same(db: Connection, county: County, rule: Rule, tmp_path: Path) -> None:
    plain = [row for row in DIRTY if row[0] is not None]
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (HEADER, *plain):
        sheet.append(row)
    book.save(tmp_path / "p.xlsx")
    width = len(HEADER)
    table = csv(tmp_path / "p.csv", HEADER, *[(*row, *[None] * (width - len(row))) for row in plain])
    first = take(db, households.from_workbook(tmp_path / "p.xlsx", Fields(), None, None), rule, write=False)
    second = take(db, from_csv(table), rule, write=False)
    assert (first.tally, first.refused, first.repaired) == (second.tally, second.refused, second.repaired)


def test_a_position_finds_the_compound_and_the_community(
    db: Connection, county: County, rule: Rule, tmp_path: Path
) -> None:
    rows = (
        ("4号楼", "1", "101", 110.0041, 23.0041),
        ("4号楼", "1", "102", "", ""),
        ("槐安街12号", "", "", 110.0155, 23.0015),
        ("6幢", "", "", "", ""),
    )
    file = csv(tmp_path / "p.csv", ("楼栋", "单元", "室", "lon", "lat"), *rows)
    with pytest.raises(CrsError, match="crs missing"):
        take(db, from_csv(file), rule)
    account = take(db, from_csv(file, "wgs84"), rule)
    assert codes(account) == {2: "door_place_missing", 4: "door_place_missing"}
    assert account.extra["compounds"] == {"in": 1, "none": 1}
    found = db.execute(
        text(
            "SELECT h.building, h.compound_id, a.code, g.code AS grid FROM household h JOIN area a ON a.id = h.community_id "
            "JOIN grid_version g ON g.id = h.grid_version_id WHERE h.source = 'f' ORDER BY h.id"
        )
    ).all()
    assert [tuple(row) for row in found] == [
        ("4", county.compounds["1"], counties.WEST, f"{counties.WEST}001"),
        ("槐安街12号", None, counties.WEST, f"{counties.WEST}003"),
    ]
    again = take(db, from_csv(file, "wgs84"), rule)
    assert (again.tally.new, again.tally.same) == (0, 2)
    moved = csv(
        tmp_path / "m.csv", ("楼栋", "单元", "室", "小区", "lon", "lat"), ("4", "1", "101", J, 110.0045, 23.0045)
    )
    assert take(db, from_csv(moved, "wgs84"), rule).tally.changed == 1


def test_positions_are_the_doors_the_buildings_the_compounds(
    db: Connection, county: County, rule: Rule, tmp_path: Path
) -> None:
    rows = (
        (J, "4-1-101", 110.0041, 23.0041),
        (J, "4-1-102", 110.0043, 23.0041),
        (J, "4-2-101", "", ""),
        (J, "5-1", "", ""),
    )
    account = take(db, from_csv(csv(tmp_path / "p.csv", ("小区", "地址", "lon", "lat"), *rows), "wgs84"), rule)
    assert account.extra["positions"] == {"door": 2, "building": 1, "compound": 1}
    third = db.execute(text("SELECT ST_X(geom) AS lon, position_source FROM household WHERE unit = '2'")).one()
    assert (third.lon, third.position_source) == (pytest.approx(110.0042), "building")


def test_an_address_alone_names_compound_and_levels(db: Connection, county: County, rule: Rule, tmp_path: Path) -> None:
    rows = (("锦绣花园8幢2单元501室",), ("文化路5号锦绣花园8幢2单元502室",), ("锦绣花园9-1-101",), ("锦绣花园8幢18层",))
    account = take(db, from_csv(csv(tmp_path / "a.csv", ("详细地址",), *rows)), rule)
    assert codes(account) == {4: "door_room_is_floor"}
    assert [tuple(row) for row in db.execute(KEYS, {"s": "f"})] == [
        ("8", "2", "501"),
        ("8", "2", "502"),
        ("9", "1", "101"),
    ]


def test_shops_and_firms_are_told_apart_by_name(db: Connection, county: County, rule: Rule, tmp_path: Path) -> None:
    header = ("小区", "楼栋", "室", "店名", "经营者", "对象类型")
    rows = (
        (J, "1号楼", "101", "老张面馆", "张三", ""),
        (J, "1号楼", "101", "锦绣药房", "李四", "商户"),
        (J, "1号楼", "101", "锦绣物业", "", "企业"),
        (J, "1号楼", "101", "", "王五", ""),
        (J, "1号楼", "102", "x", "", "飞船"),
    )
    account = take(db, from_csv(csv(tmp_path / "s.csv", header, *rows)), rule)
    assert codes(account) == {5: "door_kind_unknown"}
    assert (account.tally.new, account.tally.changed) == (3, 1)
    stored = db.execute(text("SELECT kind, tag, class_code FROM household WHERE source = 'f' ORDER BY id")).all()
    assert [tuple(row) for row in stored] == [
        ("shop", "老张面馆", "business"),
        ("shop", "锦绣药房", "business"),
        ("firm", "锦绣物业", "business"),
    ]


def test_what_a_file_does_not_say_stays(db: Connection, county: County, rule: Rule, tmp_path: Path) -> None:
    full = (J, "4", "1", "101", "王一", "13800000001", "3", "困难家庭")
    header = ("小区", "楼栋", "单元", "室", "户主", "电话", "人口", "户类别")
    take(db, from_csv(csv(tmp_path / "a.csv", header, full)), rule)
    less = take(db, from_csv(csv(tmp_path / "b.csv", header[:5], (*full[:4], "不详"))), rule)
    assert less.tally.same == 1
    more = take(db, from_csv(csv(tmp_path / "c.csv", (*header[:4], "人口"), (*full[:4], "4"))), rule)
    assert more.tally.changed == 1
    row = db.execute(
        text("SELECT contact_name, contact_phone, n_people, class_code FROM household WHERE source = 'f'")
    ).one()
    assert tuple(row) == ("王一", "13800000001", 4, "in_need")


def test_buildings_of_a_map_are_doors_in_the_compound_that_holds_them(
    db: Connection, county: County, rule: Rule, tmp_path: Path
) -> None:
    places = {"way/1": (110.004, 23.004), "way/2": (110.005, 23.005), "way/3": (110.015, 23.002)}
    features = [
        {
            "type": "Feature",
            "properties": {"id": code, "building": "yes"},
            "geometry": shapely.geometry.mapping(shapely.Point(at).buffer(0.0001)),
        }
        for code, at in places.items()
    ]
    file = tmp_path / "b.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    account = take(db, households.from_layer(read(file, "households")), rule, kind="firm")
    assert (account.tally.new, account.extra["compounds"]) == (3, {"in": 2, "none": 1})
    stored = db.execute(
        text("SELECT kind, building, tag, position_source FROM household WHERE source = 'f' ORDER BY id")
    ).all()
    assert [tuple(row) for row in stored] == [("firm", "无", code, "door") for code in places]
    assert take(db, households.from_layer(read(file, "households")), rule, kind="firm").tally.same == 3


def test_a_large_file_is_stored_as_any_other(
    fresh: Fresh, rule: Rule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "LEAST_ROWS", 20)
    file = csv(tmp_path / "l.csv", ("小区", "地址"), *[(J, f"9-1-{room}") for room in range(101, 141)])
    with fresh.begin(owner=True) as db:
        counties.build(db)
        keys = text("SELECT conname FROM pg_constraint WHERE conrelid = CAST('household' AS regclass) ORDER BY 1")
        before = list(db.scalars(keys))
        assert take(db, from_csv(file), rule).tally.new == 40
        assert list(db.scalars(keys)) == before
        assert (
            db.scalar(text("SELECT count(*) FROM household WHERE source = 'f' AND grid_version_id IS NOT NULL")) == 40
        )
        assert take(db, from_csv(file), rule).tally.same == 40


def test_a_new_door_like_a_stored_one_is_told_whichever_is_odd(
    db: Connection, county: County, rule: Rule, tmp_path: Path
) -> None:
    header = ("小区", "地址")
    take(db, from_csv(csv(tmp_path / "a.csv", header, (J, "9-1-0501"), (J, "9-2-601"))), rule)
    account = take(db, from_csv(csv(tmp_path / "b.csv", header, (J, "9-1-501"), (J, "9-2-0601"), (J, "9-3-501"))), rule)
    told = {(n.facts["key"], n.facts["other_key"]) for n in account.notes if n.code == "door_near_stored"}
    assert told == {("9-1-501", "9-1-0501"), ("9-2-0601", "9-2-601")}


def test_doors_on_a_street_are_compared_in_their_community_and_those_that_come_back_are_told(
    db: Connection, county: County, rule: Rule, tmp_path: Path
) -> None:
    def street(name: str, *rows: tuple[str, float]) -> Account:
        lines = [("7", room, lon, 23.008) for room, lon in rows]
        return take(db, from_csv(csv(tmp_path / name, ("楼栋", "室", "lon", "lat"), *lines), "wgs84"), rule)

    first = street("a.csv", ("0501", 110.012), ("601", 110.012), ("777", 110.012))
    assert [note.code for note in first.notes] == ["crs_given"]
    again = street("b.csv", ("501", 110.0121), ("0601", 110.022), ("888", 110.012), ("0888", 110.012))
    told = [(note.code, note.facts["key"], note.facts["other_key"]) for note in again.notes[1:]]
    assert told == [("door_near_stored", "7-无-501", "7-无-0501"), ("door_near_row", "7-无-0888", "7-无-888")]
    db.execute(text("UPDATE household SET removed_at = :now WHERE room IN ('777', '601')"), {"now": NOW})
    back = street("c.csv", ("601", 110.012), ("777", 110.012), ("888", 110.012))
    assert [(note.code, note.facts) for note in back.notes[1:]] == [("door_back", {"n": 2})]
    assert (back.tally.changed, back.tally.same) == (2, 1)
    assert db.scalar(text("SELECT count(*) FROM household_log WHERE action = 'restored'")) == 2
