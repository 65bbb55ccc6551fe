"""The working calendar from the command line: filled, a year from a file, shown."""

from __future__ import annotations

from pathlib import Path

from gridsvc import worktime
from tests.walk.cli import Cli

LAST = worktime.LIBRARY_YEARS[-1]


def test_a_calendar_is_filled_and_shown(cli: Cli) -> None:
    shown = cli("calendar", "show", "--year", "2025", "--json")
    assert (shown.code, shown.json["known"], shown.json["n_working_days"]) == (0, False, 261)
    assert "Monday to Friday" in cli("calendar", "show", "--year", "2025").out
    filled = cli("calendar", "fill", "--years", "2024-2025,2026")
    assert (filled.code, "2024-2026" in filled.out) == (0, True)
    shown = cli("calendar", "show", "--year", "2025")
    assert "2025-09-28 Sun  worked" in shown.out
    assert "2025-10-01 Wed  off" in shown.out
    assert "248 working days" in shown.out
    assert "2025-10-01 周三  休  国庆节" in cli("calendar", "show", "--year", "2025", "--lang", "zh").out
    again = cli("calendar", "fill", "--json").json
    assert (again["same"], again["changed"]) == ([2024, 2025, 2026], [])
    assert again["new"] == [year for year in worktime.LIBRARY_YEARS if year < 2024 or year > 2026]


def test_years_that_nobody_knows_are_refused_by_name(cli: Cli) -> None:
    answer = cli("calendar", "fill", "--years", f"2024-{LAST + 1}")
    assert answer.code == 2
    assert str(LAST + 1) in answer.err
    assert cli("calendar", "show", "--json").json["known_years"] == []
    for wrong in ("soon", "2026-2024", "20245", "1000-9999"):
        assert cli("calendar", "fill", "--years", wrong).code == 2, wrong


def test_a_year_comes_from_a_file_wholly_or_not_at_all(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "next.csv"
    file.write_text("day,works,name\n2027-01-01,off,New Year\n2027-13-01,off,\n")
    answer = cli("calendar", "import", file, "--year", "2027")
    assert answer.code == 2
    assert "Row 2" in answer.err
    assert cli("calendar", "show", "--json").json["known_years"] == []
    file.write_text("day,works,name\n2027-01-01,off,New Year\n2026-12-26,worked,New Year\n")
    answer = cli("calendar", "import", file, "--year", "2027", "--json")
    assert (answer.code, answer.json["stored"], answer.json["n_off"], answer.json["n_worked"]) == (0, "new", 1, 1)
    shown = cli("calendar", "show", "--year", "2027", "--json").json
    assert (shown["source"], shown["n_working_days"]) == ("next.csv", 260)
    assert cli("calendar", "import", file, "--year", "2026-2027").code == 2
    file.write_text("day,works,name\n")
    assert cli("calendar", "import", file, "--year", "2027").code == 2


def test_making_the_tables_fills_the_calendar_where_the_library_holds(cli: Cli) -> None:
    assert cli("db", "init", TIMEZONE="America/Chicago").code == 0
    assert cli("calendar", "show", "--json").json["known_years"] == []
    assert cli("db", "upgrade").code == 0
    assert cli("calendar", "show", "--json").json["known_years"] == list(worktime.LIBRARY_YEARS)
