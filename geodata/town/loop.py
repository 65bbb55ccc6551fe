"""What people do about a report, one after the other: from the first look to the resident's rating.

The script says when a report ended; here is the way there. Everything is an attempt: `maybe` marks what the rules of
the place may refuse (an extension asked too late).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random
from typing import Literal

from geodata.town import dice
from geodata.town.rows import ZONE, Report, Town

Role = Literal["worker", "dispatcher", "handler", "checker", "leader", "resident"]


@dataclass(frozen=True, slots=True)
class Deed:
    """An action at an instant by somebody of a role; `until` of a suspension; the rating's two answers."""

    action: str
    at: datetime
    role: Role
    note: str | None = None
    until: datetime | None = None
    card: str | None = None
    solved: str | None = None
    satisfied: str | None = None
    maybe: bool = False


# Code, name, and the categories whose codes begin so: who deals with what in the invented town.
DEPARTMENTS = (
    ("D01", "环境卫生管理所", ("event-01", "part-03")),
    ("D02", "市政设施养护所", ("event-0113", "part-01", "part-02")),
    ("D03", "城市管理执法大队", ("event-02", "event-0128", "event-0129", "event-03", "event-04")),
    ("D04", "园林绿化管理所", ("event-0117", "part-04")),
    ("D05", "供排水公司", ("event-05", "part-0102", "part-0104")),
    ("D06", "消防救援站", ("event-0496",)),
)

OLD = timedelta(days=18)  # what the script leaves open so long was mostly done later than it says

_DONE = ("已清理完毕", "已修复，恢复正常使用", "已整改到位，现场已复原", "已处理，安排人员巡查")
_CLOSED = ("您反映的问题已处理，感谢您的监督", "已处理完毕，欢迎继续监督", "问题已解决，如有反复请再次反映")
_RETURNS = ("不属于本单位职责，应由产权单位处理", "位置不清，请核实后再派")
_FAILED = ("现场仍有垃圾未清", "修补处再次松动", "占道物品又摆出来了")
_THANKS = ("处理得很快", "谢谢", "", "", "希望长期保持")
_ANGRY = ("过两天又这样了", "只清了一半", "没有人来看过")


def deeds(town: Town) -> Iterator[tuple[Report, Deed]]:
    """Everything that is done about the reports of a town, in the order of time, nothing at or after `until`."""
    end = datetime.combine(town.until, time(0), ZONE)
    every = [
        (deed.at, i, n, report, deed)
        for i, report in enumerate(town.reports)
        for n, deed in enumerate(way(report, town.seed, end))
    ]
    for _, _, _, report, deed in sorted(every, key=lambda one: one[:3]):
        yield report, deed


def way(report: Report, seed: int, end: datetime) -> list[Deed]:
    """What is done about one report before `end`, in order."""
    rng = dice.stream(seed, f"loop/{report.client_key}")
    last = report.steps[-1] if report.steps else None
    if last is not None and last.action == "void":
        return [Deed("void", last.at, "leader", last.note)]
    if last is None and report.received_at < end - OLD and dice.happens(rng, 0.9):
        made = _finished(rng, report, report.received_at + timedelta(days=dice.between(rng, 6, 16)))
    else:
        made = _unfinished(rng, report, end) if last is None else _finished(rng, report, last.at)
    return [deed for deed in made if deed.at < end]


def _begin(report: Report, at: list[datetime]) -> list[Deed]:
    """Verified (unless a worker sent it), filed, dispatched, accepted, at these four instants."""
    looked = [] if report.worker_code else [Deed("verify", at[0], "worker")]
    return [
        *looked,
        Deed("file", at[1], "dispatcher"),
        Deed("dispatch", at[2], "dispatcher"),
        Deed("accept", at[3], "handler"),
    ]


def _finished(rng: Random, report: Report, closed_at: datetime) -> list[Deed]:
    span = closed_at - report.received_at

    def at(share: float) -> datetime:
        return report.received_at + span * share

    made = _begin(report, [at(0.06), at(0.1), at(0.14), at(0.2)]) + _trouble(rng, report, at)
    made.append(Deed("dispose", at(0.8), "handler", dice.pick(rng, _DONE)))
    if dice.happens(rng, 0.06):
        made[-1] = Deed("dispose", at(0.6), "handler", dice.pick(rng, _DONE))
        made.append(Deed("check_failed", at(0.68), "checker", dice.pick(rng, _FAILED)))
        made.append(Deed("dispose", at(0.85), "handler", dice.pick(rng, _DONE)))
    made.append(Deed("check", at(0.94), "checker"))
    made.append(Deed("close", closed_at, "dispatcher", dice.pick(rng, _CLOSED)))
    if report.channel in ("wechat", "web") and dice.happens(rng, 0.45):
        made += _rating(rng, closed_at)
    return sorted(made, key=lambda deed: deed.at)


def _trouble(rng: Random, report: Report, at: Callable[[float], datetime]) -> list[Deed]:
    """What does not go straight: a return, a first safe-guard, more time, a pause, pressure from above."""
    made: list[Deed] = []
    if dice.happens(rng, 0.04):
        made.append(Deed("return", at(0.24), "handler", dice.pick(rng, _RETURNS)))
        made.append(Deed("dispatch", at(0.28), "dispatcher"))
        made.append(Deed("accept", at(0.32), "handler"))
    if dice.happens(rng, 0.25 if report.category.startswith("event-05") else 0.04):
        made.append(Deed("make_safe", at(0.35), "handler", "已设置围挡和警示标志"))
    if dice.happens(rng, 0.06):
        made.append(Deed("ask_extension", at(0.4), "handler", "材料采购需要时间", maybe=True))
        granted: Literal["approve_extension", "refuse_extension"]
        granted = "approve_extension" if dice.happens(rng, 0.7) else "refuse_extension"
        made.append(
            Deed(granted, at(0.44), "leader", "同意" if granted == "approve_extension" else "请按期办结", maybe=True)
        )
    if dice.happens(rng, 0.02):
        made.append(Deed("suspend", at(0.46), "leader", "连续降雨，暂缓施工", until=at(0.6)))
        made.append(Deed("resume", at(0.58), "leader"))
    if dice.happens(rng, 0.05):
        made.append(Deed("remind", at(0.62), "dispatcher", "请抓紧办理"))
    if dice.happens(rng, 0.02):
        made.append(Deed("supervise", at(0.66), "leader", "逾期未办，黄牌督办", card="yellow"))
    if dice.happens(rng, 0.02):
        made.append(Deed("watch", at(0.5), "dispatcher", "需长期盯守"))
    return made


def _rating(rng: Random, closed_at: datetime) -> list[Deed]:
    at = closed_at + timedelta(hours=dice.between(rng, 1, 140))
    solved, satisfied = dice.weighted(
        rng,
        (("solved", "satisfied"), ("solved", "basically"), ("partly", "basically"), ("partly", "not"), ("not", "not")),
        dice.cumulated((62, 18, 11, 4, 5)),
    )
    if satisfied != "not":
        return [Deed("rate", at, "resident", dice.pick(rng, _THANKS) or None, solved=solved, satisfied=satisfied)]
    again = [at + timedelta(hours=hours) for hours in (30, 40, 44)]
    return [
        Deed("rate", at, "resident", dice.pick(rng, _ANGRY), solved=solved, satisfied=satisfied),
        Deed("dispose", again[0], "handler", dice.pick(rng, _DONE)),
        Deed("check", again[1], "checker"),
        Deed("close", again[2], "dispatcher", dice.pick(rng, _CLOSED)),
    ]


def _unfinished(rng: Random, report: Report, end: datetime) -> list[Deed]:
    """As far as it came: the younger, the less was done."""
    begun = _begin(report, [report.received_at + timedelta(hours=hours) for hours in (5, 7, 9, 26)])
    way_on = [
        *begun,
        Deed("dispose", report.received_at + timedelta(hours=70), "handler", dice.pick(rng, _DONE)),
        Deed("check", report.received_at + timedelta(hours=90), "checker"),
    ]
    n_done = dice.weighted(rng, range(len(way_on) + 1), dice.cumulated((10, 8, 8, 10, 45, 12, 7)[: len(way_on) + 1]))
    made = way_on[:n_done]
    if made and made[-1].action == "accept":
        if dice.happens(rng, 0.1):
            made.append(Deed("ask_extension", made[-1].at + timedelta(hours=8), "handler", "等待配件到货", maybe=True))
        elif dice.happens(rng, 0.05):
            at = made[-1].at + timedelta(hours=10)
            made.append(Deed("suspend", at, "leader", "雨季暂缓施工", until=at + timedelta(days=40)))
    return made
