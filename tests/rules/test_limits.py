"""What the words of a time limit become, and that nothing doubtful is ever guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridsvc.rules.deadlines import UNITS, Limit
from gridsvc.rules.limits import PROBLEMS, DayMeans, parse

Told = tuple[str | None, int | float, str]

# Every distinct limit of the two real sheets, and what it is (a bare day as a working day).
REAL: dict[str, list[Told] | str] = {
    "1天": [(None, 1, "working_day")],
    "2天": [(None, 2, "working_day")],
    "3天": [(None, 3, "working_day")],
    "4天": [(None, 4, "working_day")],
    "5天": [(None, 5, "working_day")],
    "7天": [(None, 7, "working_day")],
    "10天": [(None, 10, "working_day")],
    "15天": [(None, 15, "working_day")],
    "2小时": [(None, 2, "calendar_hour")],
    "4小时": [(None, 4, "calendar_hour")],
    "1紧急工作时": [(None, 1, "urgent_hour")],
    "1紧急工作时\n": [(None, 1, "urgent_hour")],
    "2紧急工作时": [(None, 2, "urgent_hour")],
    "4紧急工作时": [(None, 4, "urgent_hour")],
    "1紧急工作时制止": [("制止", 1, "urgent_hour")],
    "2工作时": [(None, 2, "working_hour")],
    "4工作时": [(None, 4, "working_hour")],
    "1工作日": [(None, 1, "working_day")],
    "2工作日": [(None, 2, "working_day")],
    "3工作日": [(None, 3, "working_day")],
    "4工作日": [(None, 4, "working_day")],
    "5工作日": [(None, 5, "working_day")],
    " 5工作日": [(None, 5, "working_day")],
    "7工作日": [(None, 7, "working_day")],
    "10工作日": [(None, 10, "working_day")],
    "1紧急工作日": "limit_unit_not_known",
    "2紧急工作日": "limit_unit_not_known",
    "种植季节15工作日": "limit_words_not_known",
}
# What other cities write, and what looks like a limit and is none that one may be held to.
OTHERS: dict[str | None, list[Told] | str] = {
    "停工4工作时/处罚7工作日/拆除20工作日": [
        ("停工", 4, "working_hour"),
        ("处罚", 7, "working_day"),
        ("拆除", 20, "working_day"),
    ],
    "制止1紧急工作时，修复5天": [("制止", 1, "urgent_hour"), ("修复", 5, "working_day")],
    "制止：１紧急工作时\n修复：５个工作日内": [("制止", 1, "urgent_hour"), ("修复", 5, "working_day")],
    "5工作\n日": [(None, 5, "working_day")],
    "两个工作日": [(None, 2, "working_day")],
    "十五日": [(None, 15, "working_day")],
    "一百二十天": [(None, 120, "working_day")],
    "一百零五天": [(None, 105, "working_day")],
    "半个工作日": [(None, 0.5, "working_day")],
    "半天": [(None, 0.5, "working_day")],
    "1.5小时": [(None, 1.5, "calendar_hour")],
    "不超过 3 个 自然日": [(None, 3, "calendar_day")],
    "制止并查处2工作小时": [("制止并查处", 2, "working_hour")],
    "stop 4 working hours; fine 7 working days; demolish 20 working days": [
        ("stop", 4, "working_hour"),
        ("fine", 7, "working_day"),
        ("demolish", 20, "working_day"),
    ],
    "24 hours": [(None, 24, "calendar_hour")],
    None: "limit_blank",
    " \n": "limit_blank",
    "2紧急工作日/15天": "limit_unit_not_known",
    "4工作时/7工作日": "limit_stages_unnamed",
    "停工4工作时/7工作日": "limit_stages_unnamed",
    "拆除20工作日/停工4工作时": "limit_stages_not_rising",
    "制止1天修复4小时": "limit_words_not_known",
    "②小时": "limit_words_not_known",
    "①2小时": "limit_words_not_known",
    "3-5天": "limit_words_not_known",
    "3至5个工作日": "limit_words_not_known",
    "一百五天": "limit_words_not_known",
    "十十天": "limit_words_not_known",
    "30分钟": "limit_unit_not_known",
    "1个月": "limit_unit_not_known",
    "立即": "limit_words_not_known",
    "5": "limit_unit_not_known",
    "0天": "limit_zero",
    "99999天": "limit_longer_than_ten_years",
    "制止2小时制止": "limit_words_not_known",
    "除雨天外5天": "limit_words_not_known",
}


@pytest.mark.parametrize(("words", "means"), [*REAL.items(), *OTHERS.items()])
def test_words_become_milestones_or_are_named_as_unreadable(words: str | None, means: list[Told] | str) -> None:
    parsed = parse(words, "working")
    found = [(one.name, one.amount, one.unit) for one in parsed.milestones]
    assert (parsed.problem or found) == means
    assert all(type(one.amount) is int or one.amount % 1 for one in parsed.milestones)


def test_a_bare_day_is_what_the_sender_says_and_nothing_without() -> None:
    assert parse("修复5天", "calendar").milestones[0].unit == "calendar_day"
    assert parse("修复5天", "working").milestones[0].unit == "working_day"
    unsaid = parse("制止1紧急工作时，修复5天")
    assert (unsaid.problem, unsaid.milestones, unsaid.has_bare_day) == ("day_means_missing", (), True)
    for words in ("5工作日", "5自然日", "2紧急工作日/15天"):
        assert not parse(words, None).has_bare_day
        assert parse(words, None) == parse(words, "calendar")


def test_a_problem_is_one_of_those_that_are_listed() -> None:
    for words in [*REAL, *OTHERS]:
        assert parse(words).problem in (None, *PROBLEMS)


_WORDS = st.text(st.sampled_from("0123４十两半个紧急工作时日天小自然/、，制止修复停\n 内②"), max_size=14)


@given(_WORDS, st.sampled_from([None, "working", "calendar"]))
def test_any_words_give_a_limit_that_can_be_counted_or_a_problem(words: str, day_means: DayMeans | None) -> None:
    parsed = parse(words, day_means)
    assert (parsed.problem is None) == bool(parsed.milestones)
    for one in parsed.milestones:
        assert one.unit in UNITS
        assert Limit.from_json(one.to_json()).to_json() == one.to_json()
        if day_means is None and one.unit == "working_day":
            assert "工作" in words
