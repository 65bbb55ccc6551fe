"""Which reports a worklist is asked for, and which of them a reader sees: the conditions of its statements.

What is asked of a report's place is asked by EXISTS: the planner may then look at each report, or gather all that fit
first, whichever costs less.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    and_,
    any_,
    cast,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
)

from gridsvc import compounds
from gridsvc.db import tables as t
from gridsvc.errors import NotFound
from gridsvc.names import name_key
from gridsvc.rules.lifecycle import OPEN, STATES
from gridsvc.rules.masking import LEAST_DIGITS, OTHER_DIGITS
from gridsvc.rules.roles import Actor, may
from gridsvc.stats import scope

Deadline = Literal["overdue", "due_today", "in_time", "no_deadline", "suspended"]
# What has to happen next; the first seven divide the open reports among themselves.
Queue = Literal[
    "to_verify", "to_file", "to_dispatch", "to_accept", "in_work", "to_check", "to_close",
    "consultation", "extension", "unplaced", "doubtful", "rework",
]  # fmt: skip
DEADLINES: tuple[Deadline, ...] = get_args(Deadline)
QUEUES: tuple[Queue, ...] = get_args(Queue)

_r = t.report.c
_p = t.placement.c
# What `masking.numbers` hides, and more: times and lists of rooms too. By code points, however a database sorts: it
# reads fewer digits as such than Python does.
_ZEROS = (code for code in range(ord("0"), 0x20000) if unicodedata.decimal(chr(code), None) == 0)
_DIGITS = "".join(f"{chr(zero)}-{chr(zero + 9)}" for zero in _ZEROS) + OTHER_DIGITS
_DIGIT = f"[{_DIGITS}]"
_SIGN = f"[^{_DIGITS}A-Za-z一-鿿]"
_DOOR = "[0-9]{1,3}[幢栋座号楼单室层户]"
_NUMBERS = f"{_DIGIT}(?:(?:{_SIGN}{{1,4}}(?!{_DOOR}))?{_DIGIT}){{{LEAST_DIGITS - 1},}}"
_MAYBE = f"{_DIGIT}(?:{_SIGN}{{0,4}}{_DIGIT}){{{LEAST_DIGITS - 1}}}"  # all of them, and more; quickly told
# A day or a time of day beside a number is no part of it.
_MINUTE = "[:：∶] ?[0-5０-５][0-9０-９]"
_DAY = "20[0-9]{2}[-./][0-9]{1,2}[-./][0-9]{1,2}"
_TIME = f"(?<![0-9０-９])(?<![0-9０-９][:：∶])(?:[01０１]?[0-9０-９]|[2２][0-4０-４]){_MINUTE}(?:{_MINUTE})?"
_WHEN = f"(?:{_DAY}|{_TIME})(?![0-9０-９]|[:：∶][0-9０-９])"
_BEFORE_BIRTHDAY = re.compile(f"(?<!{_DIGIT}){_DIGIT}{{6}}{_SIGN}?$")  # of an identity number
_MOST_SIGNS = 4
_ENDS = re.compile(f"^({_SIGN}*).*?({_SIGN}*)$", re.DOTALL)


@dataclass(frozen=True)
class Filter:
    """Which reports; everything given must hold. Without `states`: the open ones.

    `deadline` and `queue` choose one of the counts. `category` is a code or a class's code; `area` one with all below
    it; `department` the one that leads; codes all. `words`: a number, a compound's name (pinyin initials too), or a
    part of the text or of the place in words, where a number that is hidden is found whole or not at all.
    `from_at` (inclusive) and `to_at` (exclusive) are of receipt. `claimable`: not what a handler's department takes
    part in, but what waits for dispatch and it may claim.
    """

    deadline: Deadline | None = None
    queue: Queue | None = None
    states: tuple[str, ...] = ()
    category: str | None = None
    grid: str | None = None
    area: str | None = None
    department: str | None = None
    card: str | None = None
    level: str | None = None
    called: bool = False
    words: str | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None
    claimable: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it asks for open reports only, which are few and are counted."""
        return OPEN.issuperset(self.states)


def conditions(db: Connection, actor: Actor, wanted: Filter) -> list[ColumnElement[bool]]:
    """What must hold of a row of `report`.

    Raises:
        NotFound: an area, grid or department that there is not.
    """
    return _conditions(db, actor, wanted, _own_places(db, actor), _asked_places(db, wanted))


def open_ones(
    db: Connection, actor: Actor, wanted: Filter
) -> tuple[list[ColumnElement[bool]], list[ColumnElement[bool]] | None]:
    """What must hold of a row of `report`, open ones being asked for; and what of a row of `placement`, which finds the
    same reports, where nothing is asked for but where they lie, `deadline` and `queue` apart.

    Raises:
        NotFound: as `conditions`.
    """
    own, asked = _own_places(db, actor), _asked_places(db, wanted)
    bare = Filter(wanted.deadline, wanted.queue, grid=wanted.grid, area=wanted.area)
    places = None
    if wanted == bare and scope(actor)["department_id"] is None:
        places = [current(is_open=True), *(_any_of(versions) for versions in asked)]
        if not actor.sees_all:
            unplaced = _p.grid_version_id.is_(None) if may(actor, "place") else false()
            places.append(or_(_any_of(own), unplaced))
    return _conditions(db, actor, wanted, own, asked), places


def _conditions(
    db: Connection, actor: Actor, wanted: Filter, own: list[int], asked: list[list[int]]
) -> list[ColumnElement[bool]]:
    told: list[ColumnElement[bool]] = []
    if not actor.sees_all:
        told.append(_claimable(db, actor) if wanted.claimable else _seen(actor, wanted, own))
    if not wanted.states:
        told.append(_r.open)
    elif set(wanted.states) != set(STATES):
        told.append(_r.state == wanted.states[0] if len(wanted.states) == 1 else _r.state.in_(wanted.states))
        if wanted.is_open:
            told.append(_r.open)
    told += [_within(versions, is_open=wanted.is_open) for versions in asked]
    if wanted.department is not None:
        d = t.department.c
        leads = select(d.id).where(d.code == wanted.department)
        told.append(_r.department_id.in_(_known(db, leads, "department_unknown", department=wanted.department)))
    return told + _of_report(db, actor, wanted)


def ended_places(db: Connection, actor: Actor, wanted: Filter) -> list[ColumnElement[bool]] | None:
    """What must hold of a row of `placement`, in parts that exclude each other, where ended reports of some grids are
    asked for and nothing else of them but how they ended and when they were received.

    None: `conditions` have to say it.

    Raises:
        NotFound: as `conditions`.
    """
    bare = Filter(states=wanted.states, grid=wanted.grid, area=wanted.area, from_at=wanted.from_at, to_at=wanted.to_at)
    only_ended = bool(wanted.states) and OPEN.isdisjoint(wanted.states)
    if wanted != bare or not only_ended or scope(actor)["department_id"] is not None:
        return None
    asked = [_any_of(versions) for versions in _asked_places(db, wanted)]
    if actor.sees_all and not asked:
        return None
    told = [current(is_open=False), _p.ended.in_(wanted.states), *asked]
    if wanted.from_at is not None:
        told.append(_p.received_at >= wanted.from_at)
    if wanted.to_at is not None:
        told.append(_p.received_at < wanted.to_at)
    if actor.sees_all:
        return [and_(*told)]
    parts = [and_(_any_of(_own_places(db, actor)), *told)]
    if may(actor, "place") and not asked:
        parts.append(and_(_p.grid_version_id.is_(None), *told))
    return parts


def _asked_places(db: Connection, wanted: Filter) -> list[list[int]]:
    """The grid versions of the grid and those of the area that are asked for: a report lies in one of each."""
    told: list[list[int]] = []
    if wanted.grid is not None:
        versions = select(t.grid_version.c.id).where(t.grid_version.c.code == wanted.grid)
        told.append(_known(db, versions, "grid_unknown", grid=wanted.grid))
    if wanted.area is not None:
        area = select(t.area.c.id).where(t.area.c.code == wanted.area)
        there = list(db.scalars(select(func.seen_grids(func.array(area.scalar_subquery()), None))))
        if not there:
            _known(db, area, "area_unknown", area=wanted.area)
        told.append(there)
    return told


def _own_places(db: Connection, actor: Actor) -> list[int]:
    """The grid versions of this reader's areas, or of a worker's own duty."""
    mine = scope(actor)
    if actor.sees_all or (not mine["area_ids"] and mine["worker_id"] is None):
        return []
    return list(db.scalars(select(func.seen_grids(mine["area_ids"], mine["worker_id"]))))


def placed(condition: ColumnElement[bool], *, is_open: bool) -> ColumnElement[bool]:
    """Whether this holds of a report's current placement; where open reports are asked for, theirs alone are read."""
    return exists().where(_p.report_id == _r.id, current(is_open=is_open), condition).correlate(t.report)


def current(*, is_open: bool) -> ColumnElement[bool]:
    """Whether a placement is the current one, of an open report where only those are asked for."""
    return and_(_p.to_at.is_(None), _p.ended.is_(None)) if is_open else _p.to_at.is_(None)


def _within(versions: Sequence[int], *, is_open: bool) -> ColumnElement[bool]:
    """Whether a report lies in one of these grids; told as values, so that the planner sees how many those are."""
    return placed(_any_of(versions), is_open=is_open)


def _any_of(versions: Sequence[int]) -> ColumnElement[bool]:
    return _p.grid_version_id == any_(cast(list(versions), ARRAY(BigInteger)))


def _known(db: Connection, asked: Select[Any], code: str, **facts: object) -> list[int]:
    found = list(db.scalars(asked))
    if not found:
        raise NotFound(code, **facts)
    return found


def _seen(actor: Actor, wanted: Filter, own: list[int]) -> ColumnElement[bool]:
    department_id = scope(actor)["department_id"]
    ways: list[ColumnElement[bool]] = []
    if own:
        ways.append(_within(own, is_open=wanted.is_open))
    if department_id is not None:
        ways.append(_r.department_id == department_id)
        ways += [_takes_part(name, department_id, is_open=wanted.is_open) for name in ("assist_ids", "called_ids")]
    if may(actor, "place"):
        ways.append(placed(_p.grid_version_id.is_(None), is_open=wanted.is_open))
    return or_(*ways) if ways else false()


def _takes_part(name: str, department_id: object, *, is_open: bool) -> ColumnElement[bool]:
    """Whether the department is among those of this column, as the function takes_part has it; null counts as none.

    Open ones are looked for by themselves, in a small index: so another one says the rest, and no report is read.
    """
    few = t.report.alias("few") if is_open else t.report
    among = and_(few.c[name].is_not(None), literal(department_id) == any_(few.c[name]))
    return _r.id.in_(select(few.c.id).where(few.c.open, among)) if is_open else among


def _claimable(db: Connection, actor: Actor) -> ColumnElement[bool]:
    department_id = scope(actor)["department_id"]
    if department_id is None:
        return false()
    places = list(db.scalars(select(func.claimed_grids(department_id))))
    categories = select(func.claimed_categories(department_id))
    return and_(_r.state == "filed", _r.category.in_(categories), _within(places, is_open=True))


def _of_report(db: Connection, actor: Actor, wanted: Filter) -> list[ColumnElement[bool]]:
    told: list[ColumnElement[bool]] = []
    if wanted.category is not None:
        below = select(t.category.c.code).where(t.category.c.parent_code == wanted.category)
        told.append(or_(_r.category.startswith(wanted.category, autoescape=True), _r.category.in_(below)))
    if wanted.card is not None:
        told.append(_r.card == wanted.card)
    if wanted.level is not None:
        told.append(_r.level == wanted.level)
    if wanted.called:
        w = t.whistle_call.c
        awaited = select(w.report_id).where(w.arrived_at.is_(None))
        if actor.department_id is not None:
            awaited = awaited.where(w.department_id == actor.department_id)
        told.append(_r.id.in_(awaited))
    if wanted.from_at is not None:
        told.append(_r.received_at >= wanted.from_at)
    if wanted.to_at is not None:
        told.append(_r.received_at < wanted.to_at)
    if wanted.words is not None and wanted.words.strip():
        told.append(_spoken(db, wanted.words.strip(), is_open=wanted.is_open))
    return told


def _spoken(db: Connection, words: str, *, is_open: bool) -> ColumnElement[bool]:
    plain, simple = words.casefold(), name_key(words)
    sought = {one for one in (plain, simple) if one}
    if is_open:  # what the index of open reports holds; and of the few that are too long for it, from the table
        found = [holds(_r.said, one) for one in sought]
        long = t.report.alias("long")
        found.append(_r.id.in_(select(long.c.id).where(long.c.open, long.c.said.is_(None), _says(long.c, sought))))
    else:
        found = [_says(_r, sought)]
    found.append(func.strpos(_folded(_r.number, plain), plain) > 0)  # after the text, which most words are of
    named = compounds.ids_like(db, words)
    if named:
        there = t.report.alias("there")  # looked for by themselves: the index of open reports does not hold compounds
        open_there = select(there.c.id).where(there.c.open, there.c.compound_id.in_(named))
        found.append(_r.id.in_(open_there) if is_open else _r.compound_id.in_(named))
    return or_(*found)


def holds(column: ColumnElement[str], sought: str) -> ColumnElement[bool]:
    """Whether a text has this; a hidden number counts whole or not at all, else it could be guessed piece by piece."""
    folded = _folded(column, sought)
    there = func.strpos(folded, sought) > 0
    n_digits = len(re.findall(_DIGIT, sought))
    if not n_digits:
        return there
    # in this order: numbers are looked for in the few texts that have the words, and cut out of the few that have any
    without = func.strpos(func.regexp_replace(folded, _NUMBERS, "*", "g"), sought) > 0
    apart = or_(not_(folded.regexp_match(_MAYBE)), without)
    if n_digits < LEAST_DIGITS:
        return and_(there, apart)
    return and_(there, or_(apart, folded.regexp_match(_whole(sought))))


def _whole(sought: str) -> str:
    """A pattern for these words where no number that they begin or end with goes on."""
    ends = _ENDS.match(sought)
    before, after = map(len, ends.groups()) if ends else (0, 0)
    pattern = re.escape(sought)
    if before <= _MOST_SIGNS:
        left = _MOST_SIGNS - before
        apart = f"(?<={_WHEN}{_SIGN}{{{0 if before else 1},{left}}})"
        pattern = f"(?:(?<!{_DIGIT}{_SIGN}{{0,{left}}})|{apart}){pattern}"
    if after <= _MOST_SIGNS:
        at_once = "" if after else f"{_DIGIT}|[Xx]|"
        apart = _DOOR if _BEFORE_BIRTHDAY.search(sought) else f"{_DOOR}|{_WHEN}"
        pattern += f"(?!{at_once}{_SIGN}{{{0 if after else 1},{_MOST_SIGNS - after}}}(?!{apart}){_DIGIT})"
    return pattern


def _says(report: Any, sought: set[str]) -> ColumnElement[bool]:
    """Whether its text, or its place in words, has one of these."""
    columns = (report.description, report.words)
    return or_(*(holds(column, one) for column in columns for one in sought))


def _folded(column: ColumnElement[str], sought: str) -> ColumnElement[str]:
    """A text without case, where what is sought has any: Chinese has none, and folding takes longer than looking."""
    return func.lower(column) if sought.upper() != sought else column.expression
