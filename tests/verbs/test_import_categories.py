"""Category sheets of many shapes: what holds below, what is refused by row, what is never guessed; taxonomies that map."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import openpyxl
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from geodata.files.sheets import Merged, Sheet, Workbook
from geodata.read import read_sheets
from gridsvc import categories, reports
from gridsvc.categories import Category
from gridsvc.errors import GridsvcError, NotFound, Refused
from gridsvc.imports import categories as incoming
from gridsvc.imports import taxonomies
from gridsvc.imports.account import Account
from gridsvc.reports import Draft, Position
from gridsvc.rules.roles import ANONYMOUS
from tests.conftest import NOW, RULE

HEAD = ("大类代码", "大类名称", "小类代码", "小类名称", "立案条件", "处置时限", "结案条件", "监管主体", "责任主体")
Line = tuple[str, ...]


def book(*lines: Line, name: str = "部件", head: Line = HEAD, merged: tuple[Merged, ...] = ()) -> Workbook:
    width = max(len(line) for line in (head, *lines))
    rows = tuple((*line, *[""] * (width - len(line))) for line in (head, *lines))
    return Workbook("xlsx", None, (Sheet(name, rows, merged),))


def take(db: Connection, made: Workbook, kind: str | None = None) -> Account:
    return incoming.take(db, made, "类别表.xlsx", NOW, day_means=None, kind=kind)


def refused(account: Account) -> list[tuple[int | None, str]]:
    return [(problem.row, problem.code) for problem in account.refused]


def repaired(account: Account) -> list[tuple[int | None, str]]:
    return [(problem.row, problem.code) for problem in account.repaired]


COVER = ("1", "公用设施", "1", "井盖", "缺失", "2紧急工作时", "恢复", "城管局、区政府", "节水中心\n各产权单位")


def test_what_a_row_does_not_say_holds_from_above(db: Connection) -> None:
    account = take(db, book(COVER, ("", "", "", "", "破损", "4工作时"), ("", "", "2", "灯", "不亮", "1工作日", "修复")))
    assert refused(account) == []
    assert repaired(account) == [(2, "category_code_padded"), (2, "category_code_padded"), (4, "category_code_padded")]
    missing, broken = (one.filing for one in categories.limits(db, "P0101"))
    assert (broken.text, broken.closing, broken.supervisors) == ("破损", None, ("城管局", "区政府"))
    assert missing.responsibles == broken.responsibles == ("节水中心", "各产权单位")
    dark = categories.limits(db, "P0102")[0].filing
    assert (dark.class_name, dark.name, dark.supervisors) == ("公用设施", "灯", ())
    assert account.extra["filled"] == {"carried": 2, "merged": 0}


def test_a_limit_merged_over_two_conditions_is_that_of_both_and_a_blank_one_of_none(db: Connection) -> None:
    lines = (COVER, ("", "", "", "", "破损", ""), ("", "", "", "", "下沉", ""))
    account = take(db, book(*lines, merged=(Merged(1, 5, 2, 5),)))
    found = [
        (one.filing.text, one.filing.limit_raw, one.filing.limit_problem) for one in categories.limits(db, "P0101")
    ]
    assert found == [("缺失", "2紧急工作时", None), ("破损", "2紧急工作时", None), ("下沉", None, "limit_blank")]
    assert [(note.code, note.facts["at"]) for note in account.notes] == [("limit_blank", 4)]


def test_staged_limits_are_milestones(db: Connection) -> None:
    row = (*COVER[:4], "正在建", "停工4工作时/处罚7工作日/拆除20工作日", "拆除")
    account = take(db, book(row))
    assert account.extra["limits"] == {"with_limit": 1, "without_limit": 0, "staged": 1}
    assert categories.limits(db, "P0101")[0].filing.milestones == (
        {"name": "停工", "amount": 4, "unit": "working_hour"},
        {"name": "处罚", "amount": 7, "unit": "working_day"},
        {"name": "拆除", "amount": 20, "unit": "working_day"},
    )


def test_rows_that_leave_doubt_are_refused_each_with_its_reason(db: Connection) -> None:
    account = take(
        db,
        book(
            COVER,
            ("", "", "1", "路灯", "不亮", "1工作日"),
            ("", "", "甲", "座椅", "损坏", "1工作日"),
            ("", "", "", "", "倾斜", "2工作日"),
            ("", "", "03", "", "松动", "1工作日"),
            ("", "", "", "雕塑", "松动", "1工作日"),
            ("", "", "04", "围栏", "松动", "1工作日"),
            ("", "", "", "", "", "2工作日"),
            ("", "", "", "", "松动", "3工作日"),
            ("", "", "", "", "松动", "1工作日"),
            ("", "绿化", "01", "古树", "倒伏", "1工作日"),
        ),
    )
    assert refused(account) == [
        (3, "category_other_name"),
        (4, "category_code_unreadable"),
        (5, "category_above_refused"),
        (6, "category_cell_missing"),
        (7, "category_cell_missing"),
        (9, "category_condition_missing"),
        (10, "category_condition_twice"),
        (12, "category_cell_missing"),
    ]
    assert (11, "category_condition_repeated") in repaired(account)
    assert account.n_refused == 8
    assert [one.code for one in categories.listed(db) if one.kind] == ["P0101", "P0104"]


def test_a_class_under_another_name_is_told_and_keeps_the_first(db: Connection) -> None:
    account = take(
        db, book(COVER, ("01", "公共设施", "", "", "破损", "4工作时"), ("", "", "2", "灯", "不亮", "1工作日"))
    )
    assert refused(account) == []
    assert [row for row, code in repaired(account) if code == "category_class_other_name"] == [3]
    assert {one.filing.class_name for code in ("P0101", "P0102") for one in categories.limits(db, code)} == {"公用设施"}
    assert len(categories.limits(db, "P0101")) == 2


def test_the_kind_is_said_or_refused_and_never_guessed(db: Connection) -> None:
    with pytest.raises(Refused) as error:
        take(db, book(COVER, name="Sheet1"))
    assert error.value.code == "category_kind_missing"
    with pytest.raises(Refused) as error:
        take(db, book(COVER, name="部件"), kind="event")
    assert error.value.code == "category_kind_differs"
    take(db, book(COVER, name="Sheet1"), kind="event")
    take(db, book((*COVER[:4], "缺失", "1工作日"), name="类别(part)"))
    assert [one.code for one in categories.listed(db) if one.kind] == ["E0101", "P0101"]
    by_column = book((*COVER, "事件"), (*COVER, "部件"), name="Sheet1", head=(*HEAD, "类型"))
    assert take(db, by_column).extra["sheets"] == {"read": 1, "ignored": 0, "version_event": 1, "version_part": 2}


def test_english_headers_third_level_headings_and_other_sheets(db: Connection) -> None:
    head = (
        *("Class code", "Class name", "Subclass code", "Subclass name", "Detail code", "Detail name"),
        *("Filing condition", "Time limit"),
    )
    made = book(
        ("I. Public",),
        ("01", "Utilities", "0103", "Covers", "1", "Water", "missing", "2 urgent hours"),
        ("", "", "", "", "2", "Sewer", "missing", "fine 7 working days"),
        head,
        name="Parts",
        head=head,
    )
    other = Sheet("说明", (("填表说明", ""), ("请逐行填写", "")))
    account = take(db, Workbook("xlsx", None, (other, *made.sheets), ("草稿",)))
    assert refused(account) == []
    assert [one.code for one in categories.listed(db) if one.kind] == ["P010301", "P010302"]
    assert categories.limits(db, "P010302")[0].filing.name == "Sewer"
    assert [(note.code, note.facts["sheet"]) for note in account.notes] == [
        ("category_sheet_ignored", "草稿"),
        ("category_sheet_ignored", "说明"),
    ]
    assert account.extra["categories"] == {"classes": 1, "subclasses": 1, "thirds": 2, "conditions": 2}


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (book(("a", "b", "c"), head=("编号", "说明", "数量")), "category_sheet_missing"),
        (book(COVER[:5], head=HEAD[:5]), "category_columns_missing"),
        (book((*COVER[:5], "5天")), "day_means_missing"),
    ],
)
def test_files_that_cannot_be_taken_are_refused_whole(db: Connection, made: Workbook, code: str) -> None:
    with pytest.raises(GridsvcError) as error:
        take(db, made)
    assert error.value.code == code
    assert categories.sheets(db) == []


def test_versions_keep_what_a_report_was_filed_under(db: Connection) -> None:
    categories.save(db, [Category("local9", "积水", "Flooding")])
    first = take(db, book(COVER, ("", "", "2", "灯", "不亮", "1工作日")))
    assert (first.tally.new, first.tally.same) == (3, 0)
    old = categories.limits(db, "P0101")[0]
    again = take(db, book(COVER, ("01", "公用设施", "02", "灯", "不亮", "1工作日")))
    assert (again.tally.new, again.tally.changed, again.tally.same, again.tally.removed) == (0, 0, 3, 0)
    assert len(categories.sheets(db)) == 1
    changed = take(db, book((*COVER[:5], "1工作日"), ("", "", "3", "椅", "损坏", "1工作日")))
    assert (changed.tally.new, changed.tally.changed, changed.tally.same, changed.tally.removed) == (1, 1, 1, 1)
    assert [(one.version, one.current) for one in categories.limits(db, "P0101", old.id)] == [(1, False)]
    assert categories.limits(db, "P0101")[0].filing.limit_raw == "1工作日"
    assert [one.code for one in categories.listed(db) if one.kind] == ["P0101", "P0103"]
    assert "local9" in {one.code for one in categories.listed(db)}
    with pytest.raises(NotFound):
        categories.limits(db, "P0103", old.id)
    for statement in ("UPDATE category_condition SET text = 'x'", "DELETE FROM category_condition"):
        with pytest.raises(DBAPIError, match="never changes"), db.begin_nested():
            db.execute(text(statement))


def test_an_english_name_given_once_stays(db: Connection) -> None:
    take(db, book(COVER))
    db.execute(text("UPDATE category SET name_en = 'Manhole cover' WHERE code = 'P0101'"))
    take(db, book((*COVER[:5], "1工作日")))
    names = {one.code: (one.name_zh, one.name_en) for one in categories.listed(db)}
    assert names["P0101"] == ("井盖", "Manhole cover")


def test_a_code_of_another_taxonomy_is_not_taken_over(db: Connection) -> None:
    categories.save(db, [Category("P0101", "自定", "Own")])
    account = take(db, book(COVER))
    assert refused(account) == [(2, "category_code_taken")]
    assert {one.code: one.name_zh for one in categories.listed(db)}["P0101"] == "自定"


def test_excel_as_people_make_it(db: Connection, tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.title = "Sheet1"
    sheet.append(["某市结案标准（事件）"])
    sheet.merge_cells("A1:I1")
    sheet.append(list(HEAD))
    sheet.append([1, "市容\n环境", 1, "私搭乱建", "正在建设", "停工4工作时\n拆除20工作日", "拆除"])
    sheet.append([None, None, None, None, "已形成", "15自然日", "拆除"])
    sheet.append([None, None, 2, "道路不洁", "路面有散落垃圾", "４ 工作时", "清理"])
    for block in ("A3:A5", "B3:B5", "C3:C4", "D3:D4"):
        sheet.merge_cells(block)
    path = tmp_path / "表.xlsx"
    made.save(path)
    account = incoming.take(db, read_sheets(path), path.name, NOW, day_means=None, kind=None)
    assert account.extra["categories"] == {"classes": 1, "subclasses": 2, "thirds": 0, "conditions": 3}
    assert account.extra["limits"] == {"with_limit": 3, "without_limit": 0, "staged": 1}
    assert categories.limits(db, "E0102")[0].filing.class_name == "市容环境"


def table(*lines: Line) -> Workbook:
    return Workbook("csv", "utf-8", (Sheet("", lines),))


def test_taxonomies_map_onto_one_another(db: Connection) -> None:
    take(db, book(COVER, ("", "", "2", "灯", "不亮", "1工作日")))
    ledger = table(("代码", "名称", "包含"), ("1", "基础设施", "P01"), ("2", "照明", "P0102"), ("3", "其他", "P0999"))
    account = taxonomies.take(db, ledger, "台账.csv", taxonomy="ledger")
    assert (account.tally.new, refused(account)) == (3, [(4, "category_unknown")])
    citizen = table(
        ("code", "name", "name_en", "maps_to"), ("1", "路灯", "Lights", "ledger:2"), ("2", "其他", "Other", "")
    )
    taxonomies.take(db, citizen, "居民.csv", taxonomy="citizen")
    assert categories.mapping(db, "ledger") == {
        "P01": "ledger:1",
        "P0101": "ledger:1",
        "P0102": "ledger:2",
        "citizen:1": "ledger:2",
        "ledger:1": "ledger:1",
        "ledger:2": "ledger:2",
        "ledger:3": "ledger:3",
    }
    assert categories.mapped(db, "P0102", "ledger") == "ledger:2"
    assert categories.mapped(db, "citizen:2", "ledger") is None
    assert categories.mapped(db, "P0102", "no such") is None
    assert not any(":" in one.code for one in categories.listed(db))
    again = taxonomies.take(db, ledger, "台账.csv", taxonomy="ledger")
    assert (again.tally.same, again.extra["maps"]) == (3, {"new": 0, "changed": 0, "same": 2})


def test_a_map_gives_one_answer(db: Connection) -> None:
    take(db, book(COVER))
    twice = table(("代码", "名称", "包含"), ("1", "设施", "P01"), ("2", "照明", "P01"), ("3", "内", "1"))
    account = taxonomies.take(db, twice, "台账.csv", taxonomy="ledger")
    assert refused(account) == [(3, "category_maps_twice"), (4, "category_maps_within")]
    assert categories.mapped(db, "P0101", "ledger") == "ledger:1"


def test_how_near_and_recent_a_duplicate_is(db: Connection) -> None:
    take(db, book(COVER))
    head = ("分类体系", "代码", "名称", "查重半径（米）", "查重天数")
    wrong = table(
        head, ("city", "P0101", "井盖", "20", "９"), ("city", "P0999", "无", "20", ""), ("local", "x", "积水", "0", "")
    )
    account = taxonomies.take(db, wrong, "查重.csv", taxonomy=None)
    assert refused(account) == [(3, "category_unknown"), (4, "category_limit_wrong")]
    assert account.tally.changed == 1
    taxonomies.take(db, table(head, ("local", "x", "积水", "120", "")), "查重.csv", taxonomy=None)
    cover, flood = categories.find(db, "P0101"), categories.find(db, "x")
    assert (cover.dup_radius_m, cover.dup_days, cover.name_zh, cover.kind) == (20, 9, "井盖", "part")
    assert (flood.dup_radius_m, flood.dup_days) == (120, None)
    # what neither a sheet nor a later table says stays, and is no change
    assert take(db, book(COVER)).tally.changed == 0
    again = table(("代码", "名称"), ("x", "积水"))
    assert taxonomies.take(db, again, "x.csv", taxonomy="local").tally.same == 1
    assert categories.find(db, "P0101") == cover
    # and it is what decides which reports are offered
    here, near = (Position(110.005, lat, "wgs84") for lat in (23.005, 23.0055))
    for code, n in (("P0101", 0), ("x", 1)):
        reports.submit(db, Draft(uuid4(), code, "", "web", here), ANONYMOUS, NOW, RULE)
        assert reports.submit(db, Draft(uuid4(), code, "", "web", near), ANONYMOUS, NOW, RULE).n_similar == n, code


@pytest.mark.parametrize(
    ("taxonomy", "code"), [(None, "taxonomy_missing"), ("city", "taxonomy_of_sheets"), ("Ü", "taxonomy_name_wrong")]
)
def test_a_taxonomy_has_a_name_of_its_own(db: Connection, taxonomy: str | None, code: str) -> None:
    with pytest.raises(Refused) as error:
        taxonomies.take(db, table(("代码", "名称"), ("1", "设施")), "台账.csv", taxonomy=taxonomy)
    assert error.value.code == code
