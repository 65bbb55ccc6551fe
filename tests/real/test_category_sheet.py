"""A city's real category sheets, as an Excel file of two sheets and as a CSV file of one, through the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gridsvc import categories
from gridsvc.cli.door import FINE, WRONG
from tests.walk.cli import Cli

_NOTHING = {"new": 0, "changed": 0, "removed": 0, "refused": 0}


@pytest.fixture
def china(shared: Path) -> Path:
    return shared / "china"


def _unread(told: Any) -> list[tuple[str, int, str]]:
    return [(note["detail"]["sheet"], note["detail"]["at"], note["detail"]["found"]) for note in told["notes"]]


def test_excel_needs_to_know_what_a_day_is(cli: Cli, china: Path) -> None:
    said = cli("import", "categories", china / "category_sheet.xlsx", "--json")
    assert said.code == WRONG
    error = said.json["error"]
    assert error["code"] == "day_means_missing"
    rows = error["detail"]["rows_by_sheet"]
    assert {name: len(found) for name, found in rows.items()} == {"部件": 326, "事件": 86}
    assert rows["部件"][:3] == [5, 6, 9]
    assert "--day-means" in error["message"]


def test_excel_with_both_sheets(cli: Cli, china: Path) -> None:
    file = china / "category_sheet.xlsx"
    dry = cli("import", "categories", file, "--day-means", "working", "--json")
    assert (dry.code, dry.json["committed"]) == (FINE, False)
    assert cli("import", "categories", file, "--day-means", "working", "--commit").code == FINE
    told = dry.json
    assert told["sheets"] == {"read": 2, "ignored": 0, "version_event": 1, "version_part": 1}
    assert told["categories"] == {"classes": 11, "subclasses": 190, "thirds": 0, "conditions": 519}
    assert told["limits"] == {"with_limit": 515, "without_limit": 4, "staged": 0}
    assert told["rows"] == {"read": 519, "new": 201, "changed": 0, "same": 0, "removed": 0, "refused": 0, "repaired": 3}
    assert _unread(told) == [
        ("事件", 3, "2紧急工作日"),
        ("事件", 5, "1紧急工作日"),
        ("事件", 49, "2紧急工作日"),
        ("事件", 51, "2紧急工作日"),
    ]
    with cli.fresh.begin() as db:
        listed = {one.code: one for one in categories.listed(db)}
        assert {one.code: one.name_zh for one in categories.listed(db, every=True)}["E04"] == "街面秩序"
        assert listed["P0397"].name_zh == "烟头收集器或灭烟处"
        # Its class stands above it only in the column of names: the merged cells of the codes end two rows before.
        assert (listed["E0179"].name_zh, listed["E0179"].parent_code) == ("园路破损", "E01")
        assert "E01" not in listed
        assert "unclassified" in listed
        felling = categories.limits(db, "E0122")
        assert [one.filing.milestones for one in felling] == [
            ({"name": "制止", "amount": 1, "unit": "urgent_hour"},),
            ({"name": None, "amount": 3, "unit": "working_day"},),
        ]
        houses = [
            (one.filing.text, one.filing.limit_raw, one.filing.limit_problem) for one in categories.limits(db, "E0198")
        ]
        assert houses == [
            ("违法建设的农村自建房（正在建设）", "2紧急工作日", "limit_unit_not_known"),
            ("违法建设的农村自建房（已形成）", "15天", None),
        ]
        cover = categories.limits(db, "P0101")
        assert [one.filing.milestones[-1]["amount"] for one in cover] == [2, 4, 2, 5]
        assert {one.filing.responsibles for one in cover} == {("运城市城市节约用水中心", "各产权单位")}
        assert categories.limits(db, "P0397")[0].filing.responsibles == ("运城市市容环卫中心", "运城市园林绿化服务中心")


def test_the_same_file_again_changes_nothing_and_another_day_makes_a_version(cli: Cli, china: Path) -> None:
    file = china / "category_sheet.xlsx"
    cli("import", "categories", file, "--day-means", "working", "--commit")
    again = cli("import", "categories", file, "--day-means", "working", "--commit", "--json").json
    assert again["rows"] == _NOTHING | {"read": 519, "same": 201, "repaired": 3}
    with cli.fresh.begin() as db:
        assert len(categories.sheets(db)) == 2
        first = categories.limits(db, "E0111")[0]
    other = cli("import", "categories", file, "--day-means", "calendar", "--commit", "--json").json
    assert (other["rows"]["new"], other["rows"]["removed"]) == (0, 0)
    assert other["rows"]["changed"] > 150
    with cli.fresh.begin() as db:
        assert [(one.kind, one.version, one.current) for one in categories.sheets(db)] == [
            ("event", 2, True),
            ("event", 1, False),
            ("part", 2, True),
            ("part", 1, False),
        ]
        now = categories.limits(db, "E0111")[0]
        assert (first.filing.milestones[0]["unit"], now.filing.milestones[0]["unit"]) == ("working_day", "calendar_day")
        kept = categories.limits(db, "E0111", first.id)
        assert [(one.version, one.current, one.filing) for one in kept] == [(1, False, first.filing)]
        n = db.scalar(text("SELECT count(*) FROM category_condition"))
        assert n == 2 * 519


def test_csv_of_the_parts_leaves_the_events_alone(cli: Cli, china: Path) -> None:
    cli("import", "categories", china / "category_sheet.xlsx", "--day-means", "calendar", "--commit")
    told = cli("import", "categories", china / "category_sheet.csv", "--commit", "--json").json
    assert told["committed"] is True
    assert told["sheets"] == {"read": 1, "ignored": 0, "version_part": 2}
    assert told["categories"] == {"classes": 5, "subclasses": 66, "thirds": 0, "conditions": 279}
    assert told["limits"] == {"with_limit": 278, "without_limit": 1, "staged": 0}
    assert told["rows"]["removed"] == 26
    assert told["refused"] == []
    assert _unread(told) == [("category_sheet.csv", 230, "种植季节15工作日")]
    renamed = [(one["row"], one["detail"]["found"]) for one in told["repaired"]]
    assert {one["code"] for one in told["repaired"]} == {"category_class_other_name"}
    assert renamed[0] == (127, "交通设施")
    with cli.fresh.begin() as db:
        listed = {one.code for one in categories.listed(db)}
        assert {"P0101", "E0101"} <= listed
        assert "P0199" not in listed
        assert "P0199" in {one.code for one in categories.listed(db, every=True)}
        assert {one.name_zh for one in categories.listed(db, every=True) if one.code == "P02"} == {"道路交通设施"}
        tree = categories.limits(db, "P0402")
        planting = next(one.filing for one in tree if one.filing.limit_raw == "种植季节15工作日")
        assert (planting.milestones, planting.limit_problem) == ((), "limit_words_not_known")
        assert planting.closing
        assert (
            categories.limits(db, "P0101")[3].filing.legal_basis == categories.limits(db, "P0101")[0].filing.legal_basis
        )
        current = [(one.kind, one.version, one.day_means) for one in categories.sheets(db) if one.current]
        assert current == [("event", 1, "calendar"), ("part", 2, None)]


def test_words_for_a_person(cli: Cli, china: Path) -> None:
    said = cli("--lang", "zh", "import", "categories", china / "category_sheet.xlsx", "--day-means", "working")
    assert "事件 第 51 行（E0198）：时限“2紧急工作日”的单位读不懂" in said.out
    said = cli("--lang", "en", "import", "categories", china / "category_sheet.csv")
    assert "category_sheet.csv row 230 (P0402)" in said.out
    assert "filing conditions: 279" in said.out
