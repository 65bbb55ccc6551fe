"""What people do about a report, one after the other: from the first look to the resident's rating.

The script says when a report ended; here is the way there. Everything is an attempt: `maybe` marks what the rules of
the place may refuse (an extension asked too late). Of the same thing reported twice, the second follows the first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random
from typing import Literal
from uuid import UUID

from geodata import datum
from geodata.town import dice
from geodata.town.rows import ZONE, Report, Town

Role = Literal["worker", "dispatcher", "handler", "checker", "leader", "resident"]


@dataclass(frozen=True, slots=True)
class Deed:
    """An action at an instant by somebody of a role; `until` of a suspension; the rating's two answers.

    `parent` is the client key of the report that this one repeats; `shows`: a picture of what was done comes with it;
    `if_sampled`: only where the report was drawn for a check.
    """

    action: str
    at: datetime
    role: Role
    note: str | None = None
    until: datetime | None = None
    card: str | None = None
    solved: str | None = None
    satisfied: str | None = None
    maybe: bool = False
    parent: UUID | None = None
    shows: bool = False
    if_sampled: bool = False


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
PICTURED = timedelta(days=21)  # pictures come with what was received so shortly before the end
SAME_WITHIN_M = 60.0  # two reports of a category so near each other, the first one open, may be of the same thing
_M_PER_DEG = 111_195.0
# What a worker puts right with the own hands; everything else needs a department.
_BY_HAND = (
    "event-0110",
    "event-0112",
    "event-0117",
    "event-0136",
    "event-0201",
    "event-0406",
    "event-0410",
    "part-0305",
)

_DONE = ("已清理完毕", "已修复，恢复正常使用", "已整改到位，现场已复原", "已处理，安排人员巡查")
_CLOSED = ("您反映的问题已处理，感谢您的监督", "已处理完毕，欢迎继续监督", "问题已解决，如有反复请再次反映")
_RETURNS = ("不属于本单位职责，应由产权单位处理", "位置不清，请核实后再派")
_FAILED = ("现场仍有垃圾未清", "修补处再次松动", "占道物品又摆出来了")
_ON_SPOT = ("已现场清理干净", "已劝离并恢复畅通", "已现场扶正摆放整齐", "已清除并冲洗")
_ABSENT = ("到现场未发现所报问题", "现场已恢复，未见所报情况")
_NOT_FILED = {
    "现场未发现所报问题": "经网格员现场核实，未发现所反映的问题，不予立案。如仍存在，请再次反映",
    "不属于本街道范围": "所反映事项不在本辖区管理范围，不予立案，已告知主管单位",
}
_TWICE = "与此前上报重复"
_THANKS = ("处理得很快", "谢谢", "", "", "希望长期保持")
_ANGRY = ("过两天又这样了", "只清了一半", "没有人来看过")


def deeds(town: Town) -> Iterator[tuple[Report, Deed]]:
    """Everything that is done about the reports of a town, in the order of time, nothing at or after `until`."""
    end = datetime.combine(town.until, time(0), ZONE)
    ways = {report.client_key: way(report, town.seed, end) for report in town.reports}
    _link(town, ways)
    every = [
        (deed.at, i, n, report, deed)
        for i, report in enumerate(town.reports)
        for n, deed in enumerate(ways[report.client_key])
        if deed.at < end
    ]
    for _, _, _, report, deed in sorted(every, key=lambda one: one[:3]):
        yield report, deed


def pictured(report: Report, town: Town) -> bool:
    """Whether the sender took a picture: some of the last weeks, by telephone nobody."""
    recent = report.received_at >= datetime.combine(town.until, time(0), ZONE) - PICTURED
    rng = dice.stream(town.seed, f"pictured/{report.client_key}")
    return recent and report.channel in ("worker", "wechat", "web") and dice.happens(rng, 0.1)


def way(report: Report, seed: int, end: datetime) -> list[Deed]:
    """What is done about one report before `end`, in order."""
    rng = dice.stream(seed, f"loop/{report.client_key}")
    last = report.steps[-1] if report.steps else None
    if last is not None and last.action == "void":
        return _turned_down(rng, report, last.at, last.note)
    if last is not None and _solves_on_spot(rng, report):
        return _on_spot(rng, report)
    if last is None and report.received_at < end - OLD and dice.happens(rng, 0.9):
        made = _finished(rng, report, report.received_at + timedelta(days=dice.between(rng, 6, 16)))
    else:
        made = _unfinished(rng, report, end) if last is None else _finished(rng, report, last.at)
    return [deed for deed in made if deed.at < end]


def _turned_down(rng: Random, report: Report, at: datetime, note: str) -> list[Deed]:
    """What should not have come in: not filed after a look, or void."""
    answer = _NOT_FILED.get(note)
    if answer is None:
        return [Deed("void", at, "leader", note)]
    looked = report.received_at + (at - report.received_at) * 0.6
    absent = [Deed("verify_absent", looked, "worker", dice.pick(rng, _ABSENT))] if note == "现场未发现所报问题" else []
    return [*absent, Deed("not_file", at, "dispatcher", answer)]


def _solves_on_spot(rng: Random, report: Report) -> bool:
    return report.worker_code is not None and report.category in _BY_HAND and dice.happens(rng, 0.09)


def _on_spot(rng: Random, report: Report) -> list[Deed]:
    """Done by the worker who saw it; some are drawn for a look by another person, then closed."""
    at = report.received_at + timedelta(minutes=dice.between(rng, 10, 90))
    return [
        Deed("solve_on_spot", at, "worker", dice.pick(rng, _ON_SPOT), shows=True),
        Deed("check", at + timedelta(hours=dice.between(rng, 3, 20)), "checker", if_sampled=True),
        Deed("close", at + timedelta(hours=dice.between(rng, 21, 30)), "dispatcher", dice.pick(rng, _CLOSED)),
    ]


def _link(town: Town, ways: dict[UUID, list[Deed]]) -> None:
    """Nothing; afterwards the ways of some reports end where they are linked to an earlier one of the same thing."""
    seen: dict[str, list[tuple[float, float, Report]]] = {}
    for report in town.reports:
        here = _position(report)
        if here is None:
            continue
        lon, lat = here
        rng = dice.stream(town.seed, f"link/{report.client_key}")
        made = ways[report.client_key]
        twice = any(deed.action == "void" and deed.note == _TWICE for deed in made)
        at = report.received_at + timedelta(hours=dice.between(rng, 1, 4))
        if twice or dice.happens(rng, 0.35):
            near = [one for x, y, one in seen.get(report.category, []) if _metres(lon, lat, x, y) <= SAME_WITHIN_M]
            first = next((one for one in near if _open_at(ways[one.client_key], at)), None)
            if first is not None:
                ways[report.client_key] = [Deed("link", at, "dispatcher", maybe=True, parent=first.client_key)]
                continue
        seen.setdefault(report.category, []).append((lon, lat, report))


def _position(report: Report) -> tuple[float, float] | None:
    if report.lon is None or report.lat is None or report.datum is None:
        return None
    lon, lat = datum.to_wgs84(report.lon, report.lat, report.datum)
    return float(lon), float(lat)


def _metres(lon: float, lat: float, x: float, y: float) -> float:
    return math.hypot((x - lon) * math.cos(math.radians(lat)), y - lat) * _M_PER_DEG


def _open_at(made: list[Deed], at: datetime) -> bool:
    ends = [deed.at for deed in made if deed.action in ("close", "void", "not_file")]
    return not ends or at < min(ends)


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
