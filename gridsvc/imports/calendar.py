"""The official arrangement of a year from a table: which days are off, which weekends are worked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from geodata.errors import FileRefused
from geodata.files.headers import plain as plain_column
from geodata.layer import Problem
from geodata.read import read_raw
from gridsvc.imports import rows
from gridsvc.imports.times import Times
from gridsvc.worktime import Day

MOST_ROWS = 1000
COLUMNS: dict[str, tuple[str, ...]] = {
    "day": ("日期", "日", "day", "date"),
    "works": ("安排", "是否上班", "上班", "是否工作日", "工作日", "休班", "类型", "works", "works?", "working", "type"),
    "name": ("名称", "节日", "节假日", "节日名称", "说明", "备注", "name", "holiday"),
}
WORKS = rows.meanings(
    {
        "yes": (
            *("班", "上班", "调休上班", "补班", "工作", "工作日", "是"),
            *("1", "true", "yes", "work", "worked", "workday"),
        ),
        "no": ("休", "休息", "放假", "假", "节假日", "休息日", "否", "0", "false", "no", "off", "holiday"),
    }
)


def read(path: Path, year: int, sheet: str | None = None) -> tuple[list[Day], list[Problem]]:
    """The days of a file (CSV or Excel; columns day, works, name), in order, and the rows that are wrong.

    Days of `year` and of the December before it are taken, each once; ordinary days may be left out.

    Raises:
        FileRefused: `field_required` without a column for the day or for whether it is worked; what the reader refuses.
    """
    header, table = read_raw(path, range(1, MOST_ROWS + 1), table=sheet)
    places = _places(header, path.name)
    days: dict[date, Day] = {}
    problems: list[Problem] = []
    times = Times()
    for number, cells in table:
        said, word, name = (_cell(cells, places.get(role)) for role in COLUMNS)
        if not said and not word:
            continue
        day = _day(times, said)
        works = rows.mean(word or None, WORKS, None)
        if day is None:
            problems.append(Problem(number, "calendar_day_unreadable", {"found": said[:60]}))
        elif not date(year - 1, 12, 1) <= day <= date(year, 12, 31):
            problems.append(Problem(number, "calendar_day_elsewhere", {"found": day.isoformat(), "year": year}))
        elif works is None:
            problems.append(Problem(number, "calendar_works_unreadable", {"found": word[:60]}))
        elif day in days:
            problems.append(Problem(number, "calendar_day_repeated", {"found": day.isoformat()}))
        else:
            days[day] = Day(day, works == "yes", name)
    return [days[day] for day in sorted(days)], problems


def _places(header: Sequence[str], file: str) -> dict[str, int]:
    """Where the columns are; the name may be missing."""
    plain = [plain_column(column) for column in header]
    usual = {role: [plain_column(name) for name in names] for role, names in COLUMNS.items()}
    places = {role: next((plain.index(name) for name in names if name in plain), None) for role, names in usual.items()}
    for role in ("day", "works"):
        if places[role] is None:
            columns = ", ".join(filter(None, header))[:400]
            raise FileRefused("calendar_column_missing", names=" / ".join(COLUMNS[role]), columns=columns, file=file)
    return {role: place for role, place in places.items() if place is not None}


def _cell(cells: Sequence[str], place: int | None) -> str:
    return "" if place is None or place >= len(cells) else cells[place].strip()


def _day(times: Times, cell: str) -> date | None:
    """The day of a cell; None for what is no day, a day with a time of day included."""
    digits = f"{cell[:4]}-{cell[4:6]}-{cell[6:]}" if len(cell) == 8 and cell.isdecimal() else cell
    found = times.read(digits) if digits else None
    return date.fromisoformat(found[0]) if found and found[1] else None
