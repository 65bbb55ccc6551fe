"""Departments, responsibility lists and limits of stages from files: stored, the same again, refused with the reason."""

from __future__ import annotations

from datetime import time, timedelta
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import Connection, text

from geodata.errors import FileRefused
from gridsvc import areas, categories, departments, terms
from gridsvc.categories import Category
from gridsvc.errors import Refused
from gridsvc.imports import columns
from gridsvc.imports import departments as department_files
from gridsvc.imports import limits as limit_files
from gridsvc.imports import responsibility as responsibility_files
from gridsvc.imports.account import Account, Tally
from gridsvc.rules.calendar import DAY_PARTS
from gridsvc.rules.deadlines import Limit, due_at
from tests.conftest import NOW

DEPARTMENTS = """单位编码,单位名称,所属区划
D01,城管局,
D02,环卫中心,370101
D03,西街道办事处,西街道
"""
LISTS = """清单类别,类别编码,区划编码,层级,主办,协办
配合履职,P01,,,城管局,西街道办事处、环卫中心；D02
基本履职,E0110,370101001,网格,D03,
上级收回,全部,,区县,D01,
"""
LIMITS = """环节,类别编码,时限
派遣,,1紧急工作时
签收,E0110,4工作时
处置,,２工作日
"""


@pytest.fixture
def db(db: Connection) -> Connection:
    areas.save(
        db,
        [
            areas.Area("370101", "district", "试验区", None, None),
            areas.Area("370101001", "subdistrict", "西街道", "370101", None),
            areas.Area("370101002", "subdistrict", "同名", "370101", None),
            areas.Area("370101003", "subdistrict", "同名", "370101", None),
        ],
    )
    city = [("P01", "公用设施", None), ("P0101", "上水井盖", "P01"), ("E01", "市容环境", None)]
    city += [("E0110", "暴露垃圾", "E01"), ("E0111", "井盖", "E01")]
    categories.save(db, [Category(code, name, name, "city", None, above) for code, name, above in city])
    categories.save(db, [Category("p:1", "井盖", "Lid", "citizen")])
    return db


def file(folder: Path, content: str, encoding: str = "utf-8") -> Path:
    path = folder / "表.csv"
    path.write_text(content, encoding=encoding)
    return path


def take_departments(db: Connection, path: Path) -> Account:
    table = columns.read(path, department_files.COLUMNS, department_files.REQUIRED)
    return department_files.take(db, table, path.name)


def take_lists(db: Connection, path: Path, source: str = "清单", replace: bool = False) -> Account:
    table = columns.read(path, responsibility_files.COLUMNS, responsibility_files.REQUIRED)
    return responsibility_files.take(db, table, path.name, source=source, replace=replace)


def take_limits(db: Connection, path: Path, day_means: str | None = None, replace: bool = False) -> Account:
    table = columns.read(path, limit_files.COLUMNS, limit_files.REQUIRED)
    return limit_files.take(db, table, path.name, day_means=day_means, replace=replace)  # type: ignore[arg-type]


def reasons(account: Account) -> list[tuple[int | None, str]]:
    return [(problem.row, problem.code) for problem in account.refused]


def test_departments_come_change_and_stay_the_same(db: Connection, tmp_path: Path) -> None:
    path = file(tmp_path, DEPARTMENTS, "gb18030")
    account = take_departments(db, path)
    assert (account.tally, account.n_refused, account.encoding) == (Tally(3), 0, "gb18030")
    assert account.columns == {"code": "单位编码", "name": "单位名称", "area": "所属区划"}
    assert [(one.code, one.name, one.area_code) for one in departments.listed(db)] == [
        ("D01", "城管局", None),
        ("D02", "环卫中心", "370101"),
        ("D03", "西街道办事处", "370101001"),
    ]
    assert take_departments(db, path).tally == Tally(same=3)
    closed = "Department code,Department name,Area,Active\nD02,环卫所,,no\nD01,城管局,,\n"
    assert take_departments(db, file(tmp_path, closed)).tally == Tally(changed=1, same=1)
    assert [one.code for one in departments.listed(db)] == ["D01", "D03"]
    assert [one.active for one in departments.listed(db, every=True)] == [True, False, True]
    # a list that does not speak of it opens no closed one again
    take_departments(db, file(tmp_path, "编码,名称\nD02,环卫所\n"))
    assert [one.code for one in departments.listed(db)] == ["D01", "D03"]


def test_departments_that_are_refused(db: Connection, tmp_path: Path) -> None:
    rows = ["D1,甲,99", "D2,乙,同名", "D3,,", "3.70102E+17,丙,", "D4,丁,", "D4,戊,", ",己,", ",,", "D5,庚,370101"]
    account = take_departments(db, file(tmp_path, "\n".join(["单位编码,单位名称,所属区划", *rows])))
    assert reasons(account) == [
        (1, "area_cell_unknown"),
        (2, "area_cell_ambiguous"),
        (3, "department_incomplete"),
        (4, "code_in_scientific_notation"),
        (5, "department_repeated"),
        (6, "department_repeated"),
        (7, "department_incomplete"),
    ]
    assert account.refused[1].facts["codes"] == "370101002, 370101003"
    assert account.refused[4].facts == {"found": "D4", "rows": "5, 6"}
    assert [one.code for one in departments.listed(db)] == ["D5"]
    with pytest.raises(FileRefused) as refused:
        take_departments(db, file(tmp_path, "名称,所属区划\n甲,370101\n"))
    assert (refused.value.code, refused.value.facts["missing"]) == ("columns_missing", "单位编码")


def stored_lines(db: Connection) -> list[tuple[object, ...]]:
    found = db.execute(
        text(
            "SELECT s.list, s.category, a.code, s.level, d.code, ARRAY(SELECT h.code FROM unnest(s.assist_ids) "
            "WITH ORDINALITY u(id, n) JOIN department h ON h.id = u.id ORDER BY n), s.source FROM responsibility s "
            "JOIN department d ON d.id = s.lead_id LEFT JOIN area a ON a.id = s.area_id ORDER BY d.code, s.id"
        )
    )
    return [tuple(row) for row in found]


def test_lists_come_and_go(db: Connection, tmp_path: Path) -> None:
    take_departments(db, file(tmp_path, DEPARTMENTS))
    path = file(tmp_path, LISTS)
    account = take_lists(db, path)
    assert (account.tally, account.n_refused) == (Tally(3), 0)
    assert account.extra == {"lists": {"basic": 1, "assist": 1, "taken_back": 1}}
    lines = stored_lines(db)
    assert lines == [
        ("assist", "P01", None, None, "D01", ["D03", "D02"], "清单"),
        ("taken_back", None, None, "district", "D01", [], "清单"),
        ("basic", "E0110", "370101001", "grid", "D03", [], "清单"),
    ]
    assert take_lists(db, path).tally == Tally(same=3)
    fewer = file(tmp_path, "清单,大类名称,类别,主办\n基本履职清单,x,公用设施,环卫中心\n")
    assert take_lists(db, fewer).tally == Tally(changed=1)
    assert len(stored_lines(db)) == 3
    assert take_lists(db, fewer, "别的", replace=True).tally == Tally(changed=1)  # now a line of another source
    assert take_lists(db, fewer, replace=True).tally == Tally(changed=1, removed=2)
    assert stored_lines(db) == [("basic", "P01", None, None, "D02", [], "清单")]


def test_lines_that_are_refused(db: Connection, tmp_path: Path) -> None:
    take_departments(db, file(tmp_path, DEPARTMENTS))
    rows = [
        "也许,P01,,,D01,",
        "基本履职,X9,,,D01,",
        "基本履职,井盖,同名,省,没有局,不认识局",
        "基本履职,P0101,,,,",
        "基本履职,E01,,,D01,D02",
        "配合履职,市容环境,,,D02,",
        "基本履职,3.7E+5,,,D01,",
        "基本履职,E0111,,,D01,D01、D02",
    ]
    account = take_lists(db, file(tmp_path, "\n".join(["清单类别,类别编码,区划编码,层级,主办,协办", *rows])))
    assert reasons(account) == [
        (1, "list_unknown"),
        (2, "category_cell_unknown"),
        (3, "level_word_unknown"),
        (3, "area_cell_ambiguous"),
        (3, "department_cell_unknown"),
        (3, "department_cell_unknown"),
        (4, "lead_missing"),
        (5, "responsibility_repeated"),
        (6, "responsibility_repeated"),
        (7, "code_in_scientific_notation"),
    ]
    assert account.refused[7].facts == {"rows": "5, 6"}
    # who leads does not assist as well; 井盖 in row 3 was the city's own category, not that of another taxonomy
    assert [(one.row, one.code) for one in account.repaired] == [(8, "lead_assists_too")]
    assert stored_lines(db) == [("basic", "E0111", None, None, "D01", ["D02"], "清单")]


def test_a_workbook_with_a_title_and_a_name_with_a_comma(db: Connection, tmp_path: Path) -> None:
    departments.save(db, [departments.Department("D7", "水务、河道管理处"), departments.Department("D8", "交警")])
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ("西街道职责清单（2026 年）", None, None, None),
        ("清单类别", "类别编码", "牵头单位", "配合单位"),
        ("配合履职", "E0110", "水务、河道管理处", "交警"),
        ("配合履职", "E0111", "交警", "水务、河道管理处"),
    ):
        sheet.append(row)
    path = tmp_path / "清单.xlsx"
    book.save(path)
    assert take_lists(db, path).tally == Tally(2)
    assert [line[4:6] for line in stored_lines(db)] == [("D7", ["D8"]), ("D8", ["D7"])]


def test_limits_of_stages(db: Connection, tmp_path: Path) -> None:
    path = file(tmp_path, LIMITS)
    assert take_limits(db, path).tally == Tally(3)
    assert take_limits(db, path).tally == Tally(same=3)
    agreed = terms.load(db, "Asia/Shanghai")
    assert agreed.general.stages.dispatch == Limit(1, "urgent_hour")
    assert agreed.general.stages.dispose == Limit(2, "working_day")
    assert agreed.general.stages.accept is None
    assert agreed.of("E0110").stages.accept == Limit(4, "working_hour")
    assert agreed.of("E0110").stages.dispatch == Limit(1, "urgent_hour")
    other = file(tmp_path, "stage,amount,unit\ncheck,1,working_hour\ndispatch,30,calendar_hour\ndispose,2,工作日\n")
    assert take_limits(db, other, replace=True).tally == Tally(1, 1, 1, 1)
    stages = terms.load(db, "Asia/Shanghai").of("E0110").stages
    assert (stages.check, stages.accept) == (Limit(1, "working_hour"), None)


def test_stages_in_minutes(db: Connection, tmp_path: Path) -> None:
    path = file(tmp_path, "环节,时限\n派遣,10分钟\n签收,30 紧急分钟\n核查,45 working minutes\n")
    assert take_limits(db, path).tally == Tally(3)
    assert take_limits(db, path).tally == Tally(same=3)
    stages = terms.load(db, "Asia/Shanghai").general.stages
    assert stages.accept == Limit("0.5", "urgent_hour")
    assert stages.check == Limit("0.75", "working_hour")
    calendar = terms.load(db, "Asia/Shanghai").general.calendar
    assert stages.dispatch is not None
    late = due_at(NOW, stages.dispatch, calendar).at - NOW
    assert timedelta(minutes=10) <= late < timedelta(minutes=10, milliseconds=10)


def test_the_hours_of_a_working_day_are_those_agreed_on(db: Connection) -> None:
    assert terms.load(db, "Asia/Shanghai").general.calendar.parts == DAY_PARTS
    summer = ((time(8, 30), time(12)), (time(15), time(18, 30)))
    assert terms.load(db, "Asia/Shanghai", parts=summer).general.calendar.parts == summer
    with pytest.raises(Refused, match="calendar_parts_wrong"):
        terms.load(db, "Asia/Shanghai", parts=())


def test_limits_that_are_refused(db: Connection, tmp_path: Path) -> None:
    rows = [
        "处置,,3天",
        "归档,,1工作日",
        "接收,X,1工作日",
        "核查,,",
        "派遣,,很快",
        "处置,E0110,停工4工作时/拆除20工作日",
    ]
    rows += ["派遣,E0111,1工作时", "派遣,E0111,2工作时"]
    path = file(tmp_path, "\n".join(["环节,类别,时限", *rows]))
    account = take_limits(db, path)
    assert reasons(account) == [
        (1, "stage_limit_bare_day"),
        (2, "stage_word_unknown"),
        (3, "category_cell_unknown"),
        (4, "stage_limit_blank"),
        (5, "stage_limit_unreadable"),
        (6, "stage_limit_in_steps"),
        (7, "stage_repeated"),
        (8, "stage_repeated"),
    ]
    assert account.tally == Tally()
    take_limits(db, path, "calendar")
    assert terms.load(db, "Asia/Shanghai").general.stages.dispose == Limit(3, "calendar_day")
