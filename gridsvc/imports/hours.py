"""Hours of duty as offices write them: days of the week and a span of the day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time

_DAY_WORDS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "日": 7, "天": 7, "七": 7}
_DAY_WORDS |= {name: day for day, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), start=1)}
_DAY = r"(?:(?:周|星期|礼拜)?[一二三四五六日天]|(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*|[1-7])"
_TO = r"\s*(?:[-~—–至到]|to)\s*"
_SOME_DAYS = rf"{_DAY}(?:{_TO}{_DAY})?"
_DAYS = re.compile(rf"{_SOME_DAYS}(?:\s*[,，、/]\s*{_SOME_DAYS})*")
_SPAN = re.compile(rf"(\d{{1,2}})[:：](\d{{2}}){_TO}(\d{{1,2}})[:：](\d{{2}})")
_EVERY_DAY = frozenset({"每天", "每日", "全周", "daily", "every day"})
_ALL_DAY = frozenset({"全天", "24小时", "all day", "24h", "24 h"})
_WORKDAYS = frozenset({"工作日", "weekdays", "workdays"})


@dataclass(frozen=True)
class Hours:
    """When duty is: `weekdays` 1 (Monday) to 7, None every day; a span of the day, None all of it; a night ends before
    it starts."""

    weekdays: tuple[int, ...] | None = None
    starts: time | None = None
    ends: time | None = None


def read(cell: str) -> Hours | None:
    """What a cell says; None for what is not understood, or says nothing of two different things.

    >>> read("周一至周五 08:00-12:00")
    Hours(weekdays=(1, 2, 3, 4, 5), starts=datetime.time(8, 0), ends=datetime.time(12, 0))
    >>> read("1-5").weekdays, read("全天") == Hours(), read("20:00-06:00").ends, read("mornings")
    ((1, 2, 3, 4, 5), True, datetime.time(6, 0), None)
    >>> read("00:00-24:00") == Hours()
    True
    """
    rest = cell.strip().casefold()
    starts = ends = None
    span = _SPAN.search(rest)
    if span is not None:
        starts, ends = _time(span[1], span[2]), _time(span[3], span[4])
        if starts == ends == time(0) and span[3] == "24":
            starts = ends = None
        elif starts is None or ends is None or starts == ends:
            return None
        rest = rest[: span.start()] + rest[span.end() :]
    for word in _ALL_DAY:
        rest = rest.replace(word, "") if span is None else rest
    rest = rest.strip(" ,，;；、()（）")
    if not rest or rest in _EVERY_DAY:
        return Hours(None, starts, ends)
    if rest in _WORKDAYS:
        return Hours((1, 2, 3, 4, 5), starts, ends)
    days = _days(rest)
    return None if days is None else Hours(None if len(days) == 7 else days, starts, ends)


def _time(hour: str, minute: str) -> time | None:
    # 24:00 is how a day ends; the clock says 00:00.
    if (int(hour), int(minute)) == (24, 0):
        return time(0, 0)
    return time(int(hour), int(minute)) if int(hour) < 24 and int(minute) < 60 else None


def _days(text: str) -> tuple[int, ...] | None:
    if _DAYS.fullmatch(text) is None:
        return None
    days: set[int] = set()
    for part in re.split(r"[,，、/]", text):
        ends = [_day(word) for word in re.findall(_DAY, part)]
        first, last = ends[0], ends[-1]
        # Friday to Monday goes over the end of the week.
        days.update(range(first, last + 1) if first <= last else (*range(first, 8), *range(1, last + 1)))
    return tuple(sorted(days))


def _day(word: str) -> int:
    bare = re.sub("周|星期|礼拜", "", word)
    return int(bare) if bare.isdigit() else _DAY_WORDS[bare if bare in _DAY_WORDS else bare[:3]]
