"""Limits of stages of a file: how long verification, dispatch, acceptance, disposal and check may last, in words."""

from __future__ import annotations

import re
from decimal import ROUND_UP, Decimal

from sqlalchemy import Connection

from geodata.layer import Problem
from gridsvc import categories, terms
from gridsvc.imports import columns, rows
from gridsvc.imports.account import Account, Refusals, Tally
from gridsvc.imports.columns import Names, Table
from gridsvc.imports.responsibility import FILED_IN
from gridsvc.rules import limits
from gridsvc.rules.deadlines import UNITS, Limit
from gridsvc.rules.limits import DayMeans
from gridsvc.terms import StageLimit

COLUMNS: dict[str, tuple[str, ...]] = {
    "stage": ("环节", "办理环节", "处理环节", "阶段", "流程环节", "stage"),
    "category": (
        *("类别编码", "类别代码", "分类编码", "小类编码", "小类代码", "类别", "小类名称", "category code", "category"),
    ),
    "limit": ("时限", "环节时限", "办理时限", "处置时限", "期限", "time limit", "limit"),
    "amount": ("数量", "时长", "数值", "amount"),
    "unit": ("单位", "时间单位", "unit"),
}
REQUIRED = ("stage",)
STAGE_WORDS = rows.meanings(
    {
        "verify": ("核实", "核实环节", "现场核实", "任务核实", "verify", "verification"),
        "dispatch": ("派遣", "立案派遣", "派遣环节", "任务派遣", "交办", "派单", "分派", "dispatch"),
        "accept": ("接收", "签收", "受理", "接单", "部门接收", "部门签收", "accept"),
        "dispose": ("处置", "办理", "处理", "处置环节", "任务处理", "部门处置", "dispose", "disposal"),
        "check": ("核查", "核查环节", "核查结案", "check"),
    }
)
# Stages are short: some cities count them in minutes, which are no unit of their own here.
_MINUTES = re.compile(r"([1-9][0-9]{0,3})个?(紧急|工作)?(?:分钟|分|(?:working)?minutes?|min)(?:以?内)?")
_HOURS_OF = {"紧急": "urgent_hour", "工作": "working_hour"}
_FINEST = Decimal("0.000001")  # rounded up, so that ten minutes are never a microsecond less
# What stands against a limit, in the words of this kind of file; the rest cannot be read at all.
_CODES = {
    "limit_blank": "stage_limit_blank",
    "limit_zero": "stage_limit_unreadable",
    "limit_stages_unnamed": "stage_limit_in_steps",
    "limit_stages_not_rising": "stage_limit_in_steps",
    "day_means_missing": "stage_limit_bare_day",
}


def take(db: Connection, table: Table, file: str, *, day_means: DayMeans | None, replace: bool) -> Account:
    """The account of a file's limits, which are then stored (the caller commits or not).

    A limit stands in one column (4工作时), or its amount and its unit in two. One with a bare 天 is refused without
    `day_means`.

    Args:
        replace: stored limits that the file lacks go.
    """
    refusals = columns.begin(table, ("category",))
    known = Names((one.code, one.name_zh) for one in categories.listed(db, every=True) if one.taxonomy in FILED_IN)
    found: list[tuple[int, StageLimit]] = []
    for number, cells in table:
        if number in refusals.rows or not cells:
            continue
        one = _limit(number, cells, known, day_means, refusals)
        if one is not None:
            found.append((number, one))
    for places in rows.repeated([one.key for _, one in found], [number for number, _ in found]).values():
        facts = {"rows": rows.listed(places)}
        refusals.add(Problem(number, "stage_repeated", dict(facts)) for number in places)
    good = [one for number, one in found if number not in refusals.rows]
    removed = terms.drop_others(db, good) if replace else 0
    stored = terms.save(db, good)
    return table.account(
        "stagelimits", file, Tally(len(stored.new), len(stored.changed), stored.n_same, removed), refusals
    )


def _limit(
    number: int, cells: dict[str, str], known: Names, day_means: DayMeans | None, refusals: Refusals
) -> StageLimit | None:
    stage = rows.mean(cells.get("stage"), STAGE_WORDS, None)
    if stage is None:
        refusals.add([Problem(number, "stage_word_unknown", {"found": cells.get("stage", "")[:60]})])
    category = None
    if not columns.is_every(cells.get("category")):
        category = known.need(number, "category_cell", cells["category"], refusals)
    limit = _parsed(number, cells, day_means, refusals)
    if number in refusals.rows or stage is None or limit is None:
        return None
    return StageLimit(stage, category, limit)


def _parsed(number: int, cells: dict[str, str], day_means: DayMeans | None, refusals: Refusals) -> Limit | None:
    words = cells.get("limit") or cells.get("amount", "") + cells.get("unit", "")
    unit = rows.plain(cells.get("unit", "")).replace(" ", "_")
    if "limit" not in cells and unit in UNITS:  # our own codes, as an export or a program writes them
        words = cells.get("amount", "") + unit.replace("_", "") + "s"
    minutes = _minutes(words)
    if minutes is not None:
        return minutes
    parsed = limits.parse(words, day_means)
    if parsed.problem is not None:
        refusals.add([Problem(number, _CODES.get(parsed.problem, "stage_limit_unreadable"), {"found": words[:60]})])
        return None
    if len(parsed.milestones) > 1:
        refusals.add([Problem(number, "stage_limit_in_steps", {"found": words[:60]})])
        return None
    one = parsed.milestones[0]
    return Limit(one.amount, one.unit)


def _minutes(words: str) -> Limit | None:
    """A limit in minutes as part of an hour; None for any other.

    >>> [(one.amount, one.unit) for one in (_minutes("30分钟"), _minutes("10紧急分钟")) if one]
    [(Decimal('0.5'), 'calendar_hour'), (Decimal('0.166667'), 'urgent_hour')]
    >>> _minutes("3小时")
    """
    match = _MINUTES.fullmatch(rows.plain(words).replace(" ", ""))
    if match is None:
        return None
    unit = _HOURS_OF.get(match[2] or ("工作" if "working" in words.casefold() else ""), "calendar_hour")
    return Limit((Decimal(match[1]) / 60).quantize(_FINEST, ROUND_UP).normalize(), unit)
