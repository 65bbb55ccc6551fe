"""The official arrangements of 2024 to 2026, written down by hand from the published notices: weekdays off, weekends worked."""

from __future__ import annotations

from datetime import date

_OFF = {
    2024: "01-01 02-12 02-13 02-14 02-15 02-16 04-04 04-05 05-01 05-02 05-03 06-10 09-16 09-17 "
    "10-01 10-02 10-03 10-04 10-07",
    2025: "01-01 01-28 01-29 01-30 01-31 02-03 02-04 04-04 05-01 05-02 05-05 06-02 10-01 10-02 10-03 10-06 10-07 10-08",
    2026: "01-01 01-02 02-16 02-17 02-18 02-19 02-20 02-23 04-06 05-01 05-04 05-05 06-19 09-25 "
    "10-01 10-02 10-05 10-06 10-07",
}
_WORKED = {
    2024: "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12",
    2025: "01-26 02-08 04-27 09-28 10-11",
    2026: "01-04 02-14 02-28 05-09 09-20 10-10",
}


def _days(table: dict[int, str]) -> list[date]:
    return [date.fromisoformat(f"{year}-{day}") for year, days in table.items() for day in days.split()]


OFF, WORKED = frozenset(_days(_OFF)), frozenset(_days(_WORKED))
YEARS = frozenset(_OFF)
EXCEPTIONS = {day: day in WORKED for day in OFF | WORKED}
