"""What the rules know by name, word for word: units and deeds of limits, and what each published rate is made from."""

from __future__ import annotations

import pytest

from gridsvc.rules.limits import PROBLEMS, parse
from gridsvc.rules.rates import RATES

UNITS = {
    "urgent_hour": "紧急工作小时 紧急工作时 紧急工时 urgenthours urgenthour",
    "working_hour": "工作小时 工作时 工时 workinghours workinghour",
    "working_day": "工作日 工作天 workingdays workingday businessdays businessday",
    "calendar_day": "自然日 自然天 日历日 日历天 calendardays calendarday 天 日 days day",
    "calendar_hour": "自然小时 小时 calendarhours calendarhour hours hour h",
}
DEEDS = (
    "停工 制止 处罚 罚款 拆除 修复 修补 维修 更换 恢复 清理 清除 清洁 清运 整改 查处 立案 处置 处理 围护 围挡 疏通 消除安全隐患 消除隐患 "
    "排除隐患 取缔 督促 移交 止水 核实 stop fine penalty demolish remove repair fix clean replace"
)
MADE_FROM = """
filing filed_of_received/received
effective effective/received
missed found_by_others/received
on_spot on_spot/received
verification verified/to_verify
timely_verification verified_in_time/verify_due
area_coverage covered_grids/responsible_grids
dispatch dispatched/filed
correct_dispatch right_dispatched/filed
timely_dispatch dispatched_in_time/dispatch_due
response accepted_in_time/accept_due
disposal disposed/due by definition
timely_disposal disposed_in_time/due by definition
closing closed/due by definition
timely_closing closed_in_time/due by definition
overdue_closing closed_overdue/due by definition
rework reworked/due by definition
extension extended/due by definition
timely_check checked_in_time/check_due
participation answered/asked
solved solved/rated
satisfaction satisfied/rated
"""


@pytest.mark.parametrize(("unit", "word"), [(unit, word) for unit, words in UNITS.items() for word in words.split()])
def test_every_unit_of_a_limit_is_read(unit: str, word: str) -> None:
    (milestone,) = parse(f"3{word}", "calendar").milestones
    assert (milestone.amount, milestone.unit) == (3, unit)


@pytest.mark.parametrize("deed", DEEDS.split())
def test_every_deed_of_a_milestone_is_read(deed: str) -> None:
    (milestone,) = parse(f"{deed}3工作日").milestones
    assert milestone.name == deed
    assert milestone.to_json() == {"amount": 3, "unit": "working_day", "name": deed}


def test_problems_keep_their_codes() -> None:
    assert (
        *("limit_blank", "limit_unit_not_known", "limit_words_not_known", "limit_stages_unnamed"),
        *("limit_stages_not_rising", "limit_zero", "limit_longer_than_ten_years", "day_means_missing"),
    ) == PROBLEMS


def test_every_rate_is_made_from_what_was_agreed() -> None:
    told = [f"{one.id} {one.n}/{one.of}" + " by definition" * one.by_definition for one in RATES]
    assert told == MADE_FROM.strip().splitlines()
