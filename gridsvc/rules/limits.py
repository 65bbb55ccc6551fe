"""Time limits as city sheets write them, in words: read where they leave no doubt, else named as unreadable."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal, get_args

DayMeans = Literal["working", "calendar"]
DAY_MEANS: tuple[DayMeans, ...] = get_args(DayMeans)
# Codes of a limit that has no milestones; `day_means_missing`: a bare 天 was found and nobody has said what it means.
PROBLEMS = (
    "limit_blank",
    "limit_unit_not_known",
    "limit_words_not_known",
    "limit_stages_unnamed",
    "limit_stages_not_rising",
    "limit_zero",
    "limit_longer_than_ten_years",
    "day_means_missing",
)

_UNITS: dict[str, tuple[str, ...]] = {
    "urgent_hour": ("紧急工作小时", "紧急工作时", "紧急工时", "urgenthours", "urgenthour"),
    "working_hour": ("工作小时", "工作时", "工时", "workinghours", "workinghour"),
    "working_day": ("工作日", "工作天", "workingdays", "workingday", "businessdays", "businessday"),
    "calendar_day": ("自然日", "自然天", "日历日", "日历天", "calendardays", "calendarday"),
    "calendar_hour": ("自然小时", "小时", "calendarhours", "calendarhour", "hours", "hour", "h"),
    "day": ("天", "日", "days", "day"),
}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words}
_HOURS = {"urgent_hour": 1, "calendar_hour": 1, "working_hour": 1, "working_day": 24, "calendar_day": 24}
_MOST_DAYS = 3650
# What may be done by a milestone. An unknown word before an amount may be a condition (种植季节: in the planting
# season), so it is not taken for a name.
_DEEDS = (
    *("停工", "制止", "处罚", "罚款", "拆除", "修复", "修补", "维修", "更换", "恢复", "清理", "清除", "清洁", "清运"),
    *("整改", "查处", "立案", "处置", "处理", "围护", "围挡", "疏通", "消除安全隐患", "消除隐患", "排除隐患", "取缔"),
    *(
        "督促",
        "移交",
        "止水",
        "核实",
        "stop",
        "fine",
        "penalty",
        "demolish",
        "remove",
        "repair",
        "fix",
        "clean",
        "replace",
    ),
)


def _any(words: object) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))  # type: ignore[call-overload]  # any iterable


_DEED = f"(?:{_any(_DEEDS)})"
_NAME = f"{_DEED}(?:[并及和]?{_DEED})*"
_AMOUNT = r"(?P<amount>[0-9]{1,5}(?:\.[0-9]{1,2})?|[零一二两三四五六七八九十百]{1,6}|半)"
_ONE = re.compile(
    rf"(?P<before>{_NAME})?:?(?:不超过|不得超过|≤|<=|within)?{_AMOUNT}个?(?P<unit>{_any(_UNIT_OF)})"
    rf"(?:以内|之内|内)?(?P<after>{_NAME})?"
)
_AMOUNT_AND_WORD = re.compile(rf"{_AMOUNT}\D*")
_BETWEEN = re.compile(r"[/、,;\n]+")
_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2}


@dataclass(frozen=True)
class Milestone:
    """So much of a unit, and what must be done by then (in the sheet's words); None where it is the only limit."""

    name: str | None
    amount: int | float
    unit: str

    def to_json(self) -> dict[str, object]:
        """What is stored: the form that `deadlines.Limit` reads."""
        return {"amount": self.amount, "unit": self.unit, "name": self.name}


@dataclass(frozen=True)
class Parsed:
    """The milestones of a limit, the last of which is the deadline, or why there are none."""

    milestones: tuple[Milestone, ...] = ()
    problem: str | None = None
    has_bare_day: bool = False


def parse(words: str | None, day_means: DayMeans | None = None) -> Parsed:
    """The milestones that the words of a limit name; a problem, and no milestones, wherever that would be a guess.

    Args:
        words: a cell of a sheet, full-width forms and line breaks and all.
        day_means: what a bare 天, 日 or day is; None: such a limit has the problem `day_means_missing`.

    >>> parse("停工4工作时/拆除20工作日").milestones[-1]
    Milestone(name='拆除', amount=20, unit='working_day')
    >>> parse("２天").problem, parse("２天", "calendar").milestones
    ('day_means_missing', (Milestone(name=None, amount=2, unit='calendar_day'),))
    >>> parse("2紧急工作日").problem, parse("种植季节15工作日").problem, parse(None).problem
    ('limit_unit_not_known', 'limit_words_not_known', 'limit_blank')
    """
    text = (words or "").strip()
    if not text:
        return Parsed(problem="limit_blank")
    # NFKC would make plain digits of them: a list's ② before 小时 must not become two hours.
    if any(unicodedata.category(sign) in ("No", "Nl") for sign in text):
        return Parsed(problem="limit_words_not_known")
    folded = unicodedata.normalize("NFKC", text).casefold().strip(" \t\r\n。.;,、")
    lines = re.sub(r"[^\S\n]+", "", folded)
    whole = re.sub(r"\s+", "", folded)
    parts = [whole] if _ONE.fullmatch(whole) else [part for part in _BETWEEN.split(lines) if part]
    if not parts:
        return Parsed(problem="limit_words_not_known")
    found = [_one(part, day_means) for part in parts]
    if any(isinstance(one, str) for one in found):
        problems = [one for one in found if isinstance(one, str)]
        # What cannot be read at all counts before what a word from the sender would settle.
        problem = next((one for one in problems if one != "day_means_missing"), "day_means_missing")
        return Parsed(problem=problem, has_bare_day=problem == "day_means_missing")
    milestones = tuple(one for one in found if isinstance(one, Milestone))
    if len(milestones) > 1 and any(one.name is None for one in milestones):
        return Parsed(problem="limit_stages_unnamed")
    lengths = [one.amount * _HOURS[one.unit] for one in milestones]
    if lengths != sorted(lengths):
        return Parsed(problem="limit_stages_not_rising")
    return Parsed(milestones, has_bare_day=any(_is_bare(part) for part in parts))


def _is_bare(part: str) -> bool:
    match = _ONE.fullmatch(part)
    return match is not None and _UNIT_OF[match["unit"]] == "day"


def _one(part: str, day_means: DayMeans | None) -> Milestone | str:
    """One milestone, or the code of what is wrong with it."""
    match = _ONE.fullmatch(part)
    if match is None:
        return "limit_unit_not_known" if _AMOUNT_AND_WORD.fullmatch(part) else "limit_words_not_known"
    amount = _number(match["amount"])
    if amount is None or (match["before"] and match["after"]):
        return "limit_words_not_known"
    if amount <= 0:
        return "limit_zero"
    unit = _UNIT_OF[match["unit"]]
    if unit == "day":
        if day_means is None:
            return "day_means_missing"
        unit = f"{day_means}_day"
    if amount * _HOURS[unit] > _MOST_DAYS * 24:
        return "limit_longer_than_ten_years"
    return Milestone(match["before"] or match["after"], amount, unit)


def _number(word: str) -> int | float | None:
    """The number that digits or Chinese numerals up to 999 write; None for numerals that are none.

    >>> _number("1.50"), _number("十五"), _number("两"), _number("一百二十"), _number("半"), _number("十十")
    (1.5, 15, 2, 120, 0.5, None)
    """
    if word == "半":
        return 0.5
    if word[0] in "0123456789":
        value = float(word)
        return int(value) if value.is_integer() else value
    match = re.fullmatch(
        r"(?:(?P<h>[一二两三四五六七八九])百)?(?P<z>零)?(?:(?P<t>[一二三四五六七八九])?(?P<ten>十))?(?P<o>.)?", word
    )
    if match is None or (match["o"] is not None and match["o"] not in _DIGITS):
        return None
    if match["h"] and match["o"] and not match["z"] and not match["ten"]:
        return None  # 一百五 is a hundred and fifty in speech, a hundred and five nowhere: not guessed
    hundreds, ones = _DIGITS.get(match["h"] or "零", 0), _DIGITS.get(match["o"] or "零", 0)
    tens = _DIGITS[match["t"]] if match["t"] else int(match["ten"] is not None)
    return hundreds * 100 + tens * 10 + ones
