"""Times as tables write them, brought to the one form that the database reads; a bare day stays a day."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

DateOrder = Literal["ymd", "mdy", "dmy"]

_CLOCK = (
    r"(?:[T\s]*(?P<half>[上下]午|凌晨|中午|晚上)?\s*(?P<H>\d{1,2})(?::|时|點|点)(?P<M>\d{1,2})?分?"
    r"(?::?(?P<S>\d{1,2})秒?(?:[.,]\d+)?)?\s*(?P<ampm>[AaPp]\.?[Mm]\.?)?)?"
)
_ZONE = r"\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?"
_YEAR_FIRST = re.compile(r"(?P<y>\d{4})(?:[-/.]|年)(?P<m>\d{1,2})(?:[-/.]|月)(?P<d>\d{1,2})日?" + _CLOCK + _ZONE)
_YEAR_LAST = re.compile(r"(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})[-/.](?P<y>\d{4})" + _CLOCK + _ZONE)
_AFTERNOON = frozenset({"下午", "晚上"})
# As long as "2026-03-01 14:05:00": most tables write times so, and PostgreSQL reads it as it stands.
_USUAL_CHARS = 19
_MARKS_AT, _MARKS = [4, 7, 13, 16], np.frombuffer(b"--::", dtype=np.uint8)
_DIGITS_AT = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18]
_DAYS_OF_MONTH = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int32)
# PostgreSQL takes no more, and no place on Earth is farther from Greenwich than 14 hours.
_MOST_OFFSET = timedelta(hours=15)

Time = tuple[str, bool]


class Times:
    """Reads the times of one file; remembers the days it has read, because they repeat.

    A time comes out as (text, day_only): an ISO time without a zone where the sender gave none, and whether the sender
    gave a day only; None for what is no time, or is a day that does not exist.
    """

    def __init__(self, order: DateOrder = "ymd") -> None:
        self._order: DateOrder = order
        self._known: dict[str, Time | None] = {}

    def read_all(self, cells: Sequence[str | None]) -> tuple[list[str | None], list[bool]]:
        """The text of each cell's time (None for none, an empty cell too) and whether it is a day only."""
        if _all_usual([cell for cell in cells if cell is not None]):
            return list(cells), [False] * len(cells)
        known, fromisoformat = self._known, datetime.fromisoformat
        said: list[str | None] = []
        days: list[bool] = []
        for cell in cells:
            if cell is None:
                said.append(None)
                days.append(False)
                continue
            if len(cell) == _USUAL_CHARS and cell[7] == "-" and cell[10] in " T" and cell[13] == cell[16] == ":":
                try:
                    fromisoformat(cell)
                except ValueError:
                    pass
                else:
                    said.append(cell)
                    days.append(False)
                    continue
            if cell not in known:
                known[cell] = self.read(cell)
            found = known[cell]
            said.append(found and found[0])
            days.append(found is not None and found[1])
        return said, days

    def read(self, cell: str) -> Time | None:
        """What one cell says.

        >>> times = Times()
        >>> times.read("2026-03-01"), times.read("2026年3月1日 下午2时05分"), times.read("2026-02-30")
        (('2026-03-01', True), ('2026-03-01 14:05:00', False), None)
        >>> times.read("03/04/2026"), Times("mdy").read("03/04/2026 12:30:00 AM")
        (None, ('2026-03-04 00:30:00', False))
        """
        try:
            moment = datetime.fromisoformat(cell)
        except ValueError:
            return self._read_other(cell)
        if len(cell) in (8, 10):
            return moment.date().isoformat(), True
        offset = moment.utcoffset()
        if offset is not None and abs(offset) > _MOST_OFFSET:
            return None
        return moment.isoformat(" "), False

    def _read_other(self, cell: str) -> Time | None:
        match = _YEAR_FIRST.fullmatch(cell)
        if match is not None:
            month, day = match["m"], match["d"]
        else:
            match = None if self._order == "ymd" else _YEAR_LAST.fullmatch(cell)
            if match is None:
                return None
            month, day = (match["a"], match["b"]) if self._order == "mdy" else (match["b"], match["a"])
        try:
            moment = datetime(int(match["y"]), int(month), int(day), *_clock(match))  # noqa: DTZ001 - the zone comes later
        except ValueError:
            return None
        if match["H"] is None:
            return moment.date().isoformat(), True
        return self.read(moment.isoformat(" ") + match["zone"]) if match["zone"] else (moment.isoformat(" "), False)


def _clock(match: re.Match[str]) -> tuple[int, int, int]:
    if match["H"] is None:
        return 0, 0, 0
    hour, minute, second = int(match["H"]), int(match["M"] or 0), int(match["S"] or 0)
    half = (match["ampm"] or "")[:1].lower()
    if half:
        if not 1 <= hour <= 12:
            raise ValueError(hour)
        hour = hour % 12 + (12 if half == "p" else 0)
    elif match["half"] in _AFTERNOON and hour < 12:
        hour += 12
    return hour, minute, second


def _all_usual(cells: Sequence[str]) -> bool:
    """Whether every cell is a time like 2026-03-01 14:05:00 that exists; seen for all at once, digit by digit."""
    if set(map(len, cells)) != {_USUAL_CHARS}:
        return False
    try:
        text = "".join(cells).encode("ascii")
    except UnicodeEncodeError:
        return False
    chars = np.frombuffer(text, dtype=np.uint8).reshape(len(cells), _USUAL_CHARS)
    if not (chars[:, _MARKS_AT] == _MARKS).all(axis=1).all() or not np.isin(chars[:, 10], (0x20, 0x54)).all():
        return False
    digits = chars[:, _DIGITS_AT].astype(np.int32) - 0x30
    if ((digits < 0) | (digits > 9)).any():
        return False
    tens = digits[:, 0::2] * 10 + digits[:, 1::2]
    year, (month, day, hour, minute, second) = tens[:, 0] * 100 + tens[:, 1], tens[:, 2:].T
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    if ((month < 1) | (month > 12) | (year < 1)).any():
        return False
    longest = _DAYS_OF_MONTH[month] + (leap & (month == 2))
    return bool(((day >= 1) & (day <= longest) & (hour < 24) & (minute < 60) & (second < 60)).all())
