"""The stored calendar: filled from the library, a year from a file, loaded as a value."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from geodata.errors import FileRefused
from gridsvc import worktime
from gridsvc.errors import Refused
from gridsvc.imports import calendar as arrangement
from gridsvc.worktime import Day
from tests.conftest import NOW
from tests.rules.arrangement import EXCEPTIONS, YEARS

ZONE = "Asia/Shanghai"
LATER = NOW + timedelta(days=30)


def test_an_empty_calendar_knows_nothing(db: Connection) -> None:
    calendar = worktime.load(db, ZONE)
    assert (dict(calendar.exceptions), calendar.years, calendar.zone) == ({}, frozenset(), ZONE)
    assert worktime.known(db) == ()
    assert worktime.stored(db, 2026) is None


def test_the_library_agrees_with_the_notices_of_three_years(db: Connection) -> None:
    filled = worktime.fill(db, YEARS, NOW)
    assert filled == worktime.Filled(tuple(sorted(YEARS)), (), (), ())
    calendar = worktime.load(db, ZONE)
    assert calendar.years == YEARS
    day = date(2024, 1, 1)
    while day.year < 2027:
        assert calendar.works(day) == EXCEPTIONS.get(day, day.weekday() < 5), day
        day += timedelta(days=1)


def test_filling_again_changes_nothing(db: Connection) -> None:
    first = worktime.fill(db, None, NOW)
    assert first.new == worktime.LIBRARY_YEARS
    assert {2004, 2025, 2026} <= set(first.new)
    again = worktime.fill(db, None, LATER)
    assert again == worktime.Filled((), (), worktime.LIBRARY_YEARS, ())
    found = worktime.stored(db, 2025)
    assert found is not None
    assert (found.source, found.by_hand, found.filled_at) == (worktime.SOURCE, False, NOW)
    assert Day(date(2025, 9, 28), True, "国庆节") in found.days
    newer = worktime.load(db, ZONE, date(2025, 12, 31))
    assert newer.years == {year for year in worktime.LIBRARY_YEARS if year >= 2025}
    assert newer.exceptions == {d: w for d, w in worktime.load(db, ZONE).exceptions.items() if d.year >= 2025}


def test_a_year_that_the_library_does_not_know_is_refused_and_nothing_stored(db: Connection) -> None:
    unknown = worktime.LIBRARY_YEARS[-1] + 1
    with pytest.raises(Refused) as refused:
        worktime.fill(db, [2026, unknown], NOW)
    assert (refused.value.code, refused.value.facts["year"]) == ("calendar_year_unknown", unknown)
    assert worktime.known(db) == ()


def test_a_damaged_year_is_mended_and_one_from_a_file_is_kept(db: Connection) -> None:
    worktime.fill(db, [2025, 2026], NOW)
    db.execute(text("DELETE FROM calendar_day WHERE day = '2026-10-01'"))
    ours = [Day(date(2025, 3, 3), False, "本县节日")]
    assert worktime.save(db, 2025, ours, "ours.csv", LATER, by_hand=True) == "changed"
    assert worktime.save(db, 2025, ours, "ours.csv", LATER, by_hand=True) == "same"
    filled = worktime.fill(db, None, LATER)
    assert (filled.changed, filled.kept) == ((2026,), (2025,))
    calendar = worktime.load(db, ZONE)
    assert not calendar.works(date(2026, 10, 1))
    assert (calendar.works(date(2025, 3, 3)), calendar.works(date(2025, 10, 1))) == (False, True)
    assert worktime.fill(db, [2025], LATER).changed == (2025,)
    assert worktime.load(db, ZONE).works(date(2025, 3, 3))


def test_what_the_next_year_says_about_december_holds(db: Connection) -> None:
    worktime.fill(db, [2026], NOW)
    saturday = date(2026, 12, 26)
    worktime.save(db, 2026, [Day(saturday, False, "旧")], "a.csv", NOW, by_hand=True)
    worktime.save(
        db, 2027, [Day(saturday, True, "元旦"), Day(date(2027, 1, 1), False, "元旦")], "b.csv", NOW, by_hand=True
    )
    assert worktime.load(db, ZONE).works(saturday)
    found = worktime.stored(db, 2026)
    assert found is not None
    assert found.days == (Day(saturday, True, "元旦"),)
    db.execute(text("DELETE FROM calendar_year WHERE year = 2027"))
    assert not worktime.load(db, ZONE).works(saturday)


def test_a_day_belongs_to_its_year(db: Connection) -> None:
    worktime.fill(db, [2026], NOW)
    with pytest.raises(DBAPIError, match="calendar_day_within_check"), db.begin_nested():
        worktime.save(db, 2026, [Day(date(2025, 11, 30), True, "")], "x", NOW)


def test_a_csv_of_a_year_is_read(tmp_path: Path) -> None:
    file = tmp_path / "2027.csv"
    file.write_text(
        "日期,安排,名称\n2027年1月1日,休,元旦\n2026-12-26,班,元旦\n20270206,放假,春节\n2027/2/5,休,春节\n\n",
        encoding="gb18030",
    )
    days, problems = arrangement.read(file, 2027)
    assert problems == []
    assert days == [
        Day(date(2026, 12, 26), True, "元旦"),
        Day(date(2027, 1, 1), False, "元旦"),
        Day(date(2027, 2, 5), False, "春节"),
        Day(date(2027, 2, 6), False, "春节"),
    ]


def test_a_workbook_with_a_title_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "安排"
    for row in (
        ["2027年放假安排"],
        ["名称", "日期", "是否上班"],
        ["元旦", date(2027, 1, 1), "否"],
        ["元旦", date(2026, 12, 26), 1],
    ):
        sheet.append(row)
    book.save(tmp_path / "2027.xlsx")
    days, problems = arrangement.read(tmp_path / "2027.xlsx", 2027)
    assert problems == []
    assert days == [Day(date(2026, 12, 26), True, "元旦"), Day(date(2027, 1, 1), False, "元旦")]


def test_wrong_rows_are_named_and_missing_columns_refused(tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(
        "day,works,name\n2027-02-30,off,\n2026-11-30,off,\n2027-01-01,maybe,\n2027-01-02,off,\n2027-01-02,on,\n2027-01-03,,\n"
    )
    days, problems = arrangement.read(file, 2027)
    assert [day.day for day in days] == [date(2027, 1, 2)]
    assert [(problem.row, problem.code) for problem in problems] == [
        (1, "calendar_day_unreadable"),
        (2, "calendar_day_elsewhere"),
        (3, "calendar_works_unreadable"),
        (5, "calendar_works_unreadable"),
        (6, "calendar_works_unreadable"),
    ]
    file.write_text("day,works\n2027-01-02,off\n2027-1-2,1\n")
    assert [problem.code for problem in arrangement.read(file, 2027)[1]] == ["calendar_day_repeated"]
    file.write_text("day,name\n2027-01-02,x\n")
    with pytest.raises(FileRefused) as refused:
        arrangement.read(file, 2027)
    assert refused.value.code == "calendar_column_missing"
