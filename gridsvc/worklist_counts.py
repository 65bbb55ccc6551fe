"""How many open reports wait, by deadline state and next step; and what holds of those that a count is about.

One row for each step and flags comes from the database, all of it from the narrowest index of open reports; they are
added up here. Where a reader asks of places only, placements say how many are unplaced and doubtful: joining reports to
them takes half as long as counting does.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    DateTime,
    FromClause,
    RowMapping,
    and_,
    cast,
    false,
    func,
    literal,
    not_,
    select,
    text,
    true,
    union_all,
)

from gridsvc.db import tables as t
from gridsvc.db.tables.reports import FLAGS
from gridsvc.grids import DOUBTFUL_BELOW
from gridsvc.worklist_filter import DEADLINES, QUEUES, Filter, Queue, current, placed

Kind = dict[str, object]  # values of some columns of a report's kind
_ODD = (*FLAGS[1:], "unplaced", "doubtful")  # each is a queue of its own

_r = t.report.c
_p = t.placement.c
_DOUBTS: dict[str, ColumnElement[bool]] = {
    "unplaced": _p.grid_version_id.is_(None),
    "doubtful": _p.confidence < text(str(DOUBTFUL_BELOW)),  # as the index has it, not as a parameter
}


@dataclass(frozen=True)
class Counts:
    """How many open reports fit the filter (`deadline` and `queue` apart), by deadline state and by next step."""

    total: int
    deadlines: dict[str, int]
    queues: dict[str, int]


def counted(
    db: Connection,
    where: list[ColumnElement[bool]],
    wanted: Filter,
    now: datetime,
    day_end: datetime,
    places: list[ColumnElement[bool]] | None = None,
) -> tuple[Counts, int]:
    """The counts, and how many of them the list shows.

    `places`: what must hold of the placements of these reports, where that says the same as `where`.
    """
    begin, end = (literal(at, DateTime(timezone=True)) for at in (now, day_end))
    kind = picked(wanted)
    both = len(kind) > 1 and not _DOUBTS.keys().isdisjoint(kind)  # of which the single counts say nothing
    rows, doubts = (t.report, {}) if places is not None and not both else _gathered()
    sums = {
        "n": func.count(),
        "dated": func.count(_r.until_at),
        "late": func.count().filter(_r.until_at < begin),
        "today": func.count().filter(_r.until_at < end),
        **{name: func.count().filter(one) for name, one in doubts.items()},
    }
    if both:
        sums["shown"] = func.count().filter(*of_kind(kind, now, day_end, doubts))
    alone = {} if doubts else {name: _doubted(one, places or []) for name, one in _DOUBTS.items()}
    told = [one.label(name) for name, one in alone.items()]
    each = select(_r.step, _r.flags, *(one.label(name) for name, one in sums.items())).select_from(rows).where(*where)
    if rows is t.report and len(where) == 1:  # all that are open: as their index has them, without hashing each
        of = each.group_by(_r.department_id, _r.step, _r.flags).subquery("of").c
        added = (cast(func.sum(of[name]), BigInteger).label(name) for name in sums)
        found = db.execute(select(of.step, of.flags, *added, *told).group_by(of.step, of.flags))
    else:
        found = db.execute(each.add_columns(*told).group_by(_r.step, _r.flags))
    n: Counter[str] = Counter(dict.fromkeys((*DEADLINES, *QUEUES, "n", "shown"), 0))
    for row in found.mappings():
        stands = _standing(row)
        n.update({"n": row["n"], row["step"]: row["n"], **stands})
        n.update({name: row["n"] for name in FLAGS[2:] if _has(row["flags"], name)})
        if row["step"] == "to_dispatch" and _has(row["flags"], "consultation"):
            n["consultation"] += row["n"]
        n.update({name: row[name] for name in doubts})
        n.update({name: row[name] - n[name] for name in alone})  # each row says it of all
        n["shown"] += row["shown"] if both else _of_these(kind, row, stands)
    only = wanted.queue if wanted.queue in _DOUBTS and not both else None
    return Counts(n["n"], {name: n[name] for name in DEADLINES}, {name: n[name] for name in QUEUES}), n[only or "shown"]


def _standing(row: RowMapping) -> dict[str, int]:
    """How the reports of one step and flags stand, by deadline state."""
    if _has(row["flags"], "suspended"):
        return {"suspended": row["n"]}
    told = {"overdue": row["late"], "due_today": row["today"] - row["late"], "in_time": row["dated"] - row["today"]}
    return told | {"no_deadline": row["n"] - row["dated"]}


def _of_these(kind: Kind, row: RowMapping, stands: dict[str, int]) -> int:
    """How many of the reports of one step and flags are of this kind, which asks nothing of their place."""
    for name, value in kind.items():
        if (name == "step" and row["step"] != value) or (name in FLAGS and not _has(row["flags"], name)):
            return 0
    return stands.get(str(kind["deadline"]), 0) if "deadline" in kind else int(row["n"])


def _doubted(doubt: ColumnElement[bool], places: list[ColumnElement[bool]]) -> ColumnElement[int]:
    """How many placements are in doubt like that, asked once and not for each row."""
    return select(func.count()).where(doubt, *places).select_from(t.placement).scalar_subquery()


def picked(wanted: Filter) -> Kind:
    """The kind of open reports that `deadline` and `queue` ask for."""
    deadline: Kind = {} if wanted.deadline is None else {"deadline": wanted.deadline}
    return deadline | ({} if wanted.queue is None else _of_queue(wanted.queue))


def of_kind(
    kind: Kind, now: datetime, day_end: datetime, doubts: dict[str, ColumnElement[bool]] | None = None
) -> list[ColumnElement[bool]]:
    """What must hold of an open report of this kind, in the words of the columns, whose statistics the planner has.

    `doubts`: in which words its place is asked for, where not by looking into `placement` for each report.
    """
    told = []
    for name, value in kind.items():
        if name == "deadline":
            told.append(_stands(now, day_end)[str(value)])
        elif name == "step":
            told.append(_r.step == value)
        else:
            told.append(_flagged(name) if name in FLAGS else (doubts or _doubts())[name])
    return told


def _of_queue(queue: Queue) -> Kind:
    if queue == "consultation":
        return {"step": "to_dispatch", "consultation": True}
    return {queue: True} if queue in _ODD else {"step": queue}


def _flagged(name: str) -> ColumnElement[bool]:
    return _r.flags.in_([flags for flags in range(1 << len(FLAGS)) if _has(flags, name)])


def _has(flags: int, name: str) -> bool:
    return bool(flags >> FLAGS.index(name) & 1)


def _stands(now: datetime, day_end: datetime) -> dict[str, ColumnElement[bool]]:
    """What holds of an open report in each deadline state: suspended ones stand still whatever their limit."""
    suspended = _flagged("suspended")
    runs = not_(suspended)
    begin, end = (literal(at, DateTime(timezone=True)) for at in (now, day_end))
    return {
        "suspended": suspended,
        "no_deadline": and_(runs, _r.until_at.is_(None)),
        "overdue": and_(runs, _r.until_at < begin),
        "due_today": and_(runs, _r.until_at >= begin, _r.until_at < end),
        "in_time": and_(runs, _r.until_at >= begin, _r.until_at >= end),
    }


def _doubts() -> dict[str, ColumnElement[bool]]:
    """Whether a report is unplaced, and whether its place is doubtful, looked up for each."""
    return {name: placed(one, is_open=True) for name, one in _DOUBTS.items()}


def _gathered() -> tuple[FromClause, dict[str, ColumnElement[bool]]]:
    """Reports beside those whose place is in doubt, and how the same is said of these rows.

    Few are, as a rule, and two small indexes hold them. They are joined, not asked for by IN: where they are too many
    for the memory of a hash table, the planner would go through all of them for each report.
    """
    each = (
        select(_p.report_id, *((true() if one == name else false()).label(one) for one in _DOUBTS)).where(
            current(is_open=True), doubt
        )
        for name, doubt in _DOUBTS.items()
    )
    either = union_all(*each).subquery("either")
    any_of = (func.bool_or(either.c[name]).label(name) for name in _DOUBTS)
    few = select(either.c.report_id, *any_of).group_by(either.c.report_id).subquery("few")
    return t.report.outerjoin(few, few.c.report_id == _r.id), {name: few.c[name] for name in _DOUBTS}
