"""What a person does to a report: found where this person sees it, locked, done if nothing changed meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, select, tuple_
from sqlalchemy.exc import DataError, IntegrityError

from gridsvc import cases, grids, unplaced
from gridsvc.db import tables as t
from gridsvc.db.queries import guarded, load
from gridsvc.errors import Forbidden, GridsvcError, NotFound, Refused
from gridsvc.grids import Rule
from gridsvc.reports import SOURCE, Position
from gridsvc.rules.case import Given
from gridsvc.rules.lifecycle import TABLE
from gridsvc.rules.roles import Actor, may, require
from gridsvc.stats import scope
from gridsvc.terms import Agreed

# Actions that need no look at the single report, so that several may be done at once. A report whose category has
# several filing conditions wants one: without, it is refused, and together with others none can be named.
SEVERAL = ("file", "dispatch", "undo_dispatch", "accept", "remind", "strike_off", "note")
MOST_AT_ONCE = 200
NO_CONDITION: Literal["none"] = "none"  # instead of a filing condition: there are several, and none of them fits
# Actions that write more than the case and its log, and so may be refused when those are written already.
_BESIDE = frozenset({"place", "link", "whistle", "whistle_arrive", "whistle_score"})


@dataclass(frozen=True)
class Wish:
    """An action as a person asks for it: departments by code, a report by number, grids by code.

    `version` is the last row of the log that the person saw.
    """

    action: str
    version: int
    note: str | None = None
    reason: str | None = None
    department: str | None = None
    assist: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    category: str | None = None
    condition: int | Literal["none"] | None = None
    parent: str | None = None
    until: datetime | None = None
    at: datetime | None = None
    card: str | None = None
    score: int | None = None
    grid: str | None = None
    position: Position | None = None
    photos: tuple[str, ...] = ()
    done_at: datetime | None = None  # when a phone without signal kept it, and the same by a clock that was wrong
    phone_at: datetime | None = None


def hold(
    db: Connection,
    actor: Actor,
    number: str,
    source: str = SOURCE,
    repeat: int = 0,
    *,
    placing: bool = False,
    parent: str | None = None,
) -> cases.Held:
    """The report with this number, locked, where this reader sees it.

    Args:
        placing: it is to be placed; then the editions are held first, as publishing does: two that lock crosswise would
            wait for each other.
        parent: the number of a report that will be needed too; both are locked in one order, for the same reason.

    Raises:
        NotFound: there is none for this reader.
    """
    r = t.report.c
    chosen = (r.number == number) & (r.source == source) & (r.repeat == repeat)
    if placing:
        grids.hold(db)
    report_id = db.scalar(select(r.id).where(chosen))
    if report_id is None:
        raise NotFound("report_unknown", number=number)
    if parent is not None:
        both = sorted({report_id, _numbered(db, actor, parent)})
        db.execute(select(r.id).where(r.id.in_(both)).order_by(r.id).with_for_update())
    held = cases.lock_id(db, report_id)
    # asked behind the lock: somebody may have moved the report while we waited for it
    if not _sees(db, actor, report_id):
        raise NotFound("report_unknown", number=number)
    return held


def _sees(db: Connection, actor: Actor, report_id: int) -> bool:
    which = {"report_id": report_id, "sees_unplaced": may(actor, "place")}
    return bool(db.scalar(load("sees_report"), scope(actor) | which))


def act(
    db: Connection, actor: Actor, held: cases.Held, wish: Wish, now: datetime, agreed: Agreed, rule: Rule
) -> cases.Held:
    """The report after the action.

    Raises:
        NotAuthenticated, Forbidden: this person may not.
        Refused, NotFound: the wish is incomplete, or names what does not exist.
        Conflict: somebody changed the report since the version of the wish, or the action is not possible now.
    """
    _check(db, actor, held, wish)
    if wish.action == "place":
        where = wish.grid if wish.grid is not None else wish.position
        if where is None:
            raise Refused("input_missing", action="place", missing="grid")
        unplaced.place(db, held, where, actor, now, rule)
    else:
        cases.apply(db, held, wish.action, actor, now, agreed, _given(db, actor, wish))
    return cases.read(db, held.id)


def _check(db: Connection, actor: Actor, held: cases.Held, wish: Wish) -> None:
    if wish.action not in TABLE:
        raise Refused("action_unknown", action=wish.action[:60], known=", ".join(TABLE))
    require(actor, wish.action)
    cases.check_version(db, held, wish.version)
    if wish.action == "claim" and actor.role == "handler" and actor.department_id is None:
        raise Forbidden("no_department")


def act_together(
    db: Connection,
    actor: Actor,
    asked: Sequence[tuple[cases.Held, Wish]],
    now: datetime,
    agreed: Agreed,
    rule: Rule,
) -> dict[int, cases.Held | GridsvcError]:
    """What became of each of these reports, by id: the report after its action, or what refused it. Each comes once.

    Those that bring no photo go together; the others, and all where one could not be stored, one by one.
    """
    told: dict[int, cases.Held | GridsvcError] = {}
    by_id = {held.id: (held, wish) for held, wish in asked}
    plain: list[cases.Asked] = []
    for held, wish in asked:
        try:
            if not wish.photos and wish.action not in _BESIDE:
                _check(db, actor, held, wish)
                plain.append(cases.Asked(held, wish.action, actor, now, _given(db, actor, wish)))
        except GridsvcError as error:
            told[held.id] = error
    try:
        with guarded(db):
            refused = cases.apply_all(db, plain, agreed)
        done = cases.read_all(db, [one.held.id for one in plain if one.held.id not in refused])
        told |= refused
        told |= done
    except (DataError, IntegrityError, GridsvcError):
        pass  # which of them it was, each has to say by itself
    for report_id, (held, wish) in by_id.items():
        if report_id not in told:
            told[report_id] = _act_alone(db, actor, held, wish, now, agreed, rule)
    return told


def _act_alone(
    db: Connection, actor: Actor, held: cases.Held, wish: Wish, now: datetime, agreed: Agreed, rule: Rule
) -> cases.Held | GridsvcError:
    try:
        with guarded(db):
            return act(db, actor, held, wish, now, agreed, rule)
    except GridsvcError as error:
        return error
    except (DataError, IntegrityError):
        return Refused("value_unfit")


def _given(db: Connection, actor: Actor, wish: Wish) -> Given:
    ids = _departments(db, [*wish.departments, *wish.assist, *([wish.department] if wish.department else [])])
    return Given(
        note=wish.note,
        reason=wish.reason,
        department_id=ids[wish.department] if wish.department else None,
        assist_ids=tuple(ids[code] for code in wish.assist),
        department_ids=tuple(ids[code] for code in wish.departments),
        category=wish.category,
        condition_id=None if wish.condition == NO_CONDITION else wish.condition,
        no_condition=wish.condition == NO_CONDITION,
        parent_id=_numbered(db, actor, wish.parent) if wish.parent else None,
        until=wish.until,
        at=wish.at,
        card=wish.card,
        score=wish.score,
        photos=wish.photos,
        done_at=wish.done_at,
        phone_at=wish.phone_at,
    )


def _departments(db: Connection, codes: Sequence[str]) -> dict[str, int]:
    if not codes:
        return {}
    d = t.department.c
    rows = db.execute(select(d.code, d.id).where(d.code.in_(codes) & d.active))
    found: dict[str, int] = {row.code: row.id for row in rows}
    unknown = [code for code in codes if code not in found]
    if unknown:
        raise NotFound("department_unknown", department=unknown[0])
    return found


def _numbered(db: Connection, actor: Actor, number: str) -> int:
    """The id of a report that this reader sees."""
    r = t.report.c
    found = db.scalar(select(r.id).where(r.number == number).order_by(r.source != SOURCE, r.repeat).limit(1))
    if found is None or not _sees(db, actor, found):
        raise NotFound("report_unknown", number=number)
    return int(found)


def named(db: Connection, numbers: Collection[str]) -> list[int]:
    """The ids of the reports that are meant by these numbers alone, whoever sees them, so that they can be locked."""
    r = t.report.c
    if not numbers:
        return []
    rows = db.execute(select(r.number, r.id).where(r.number.in_(numbers)).order_by(r.source == SOURCE, r.repeat.desc()))
    return list({row.number: int(row.id) for row in rows}.values())  # of one number the last counts


@dataclass(frozen=True)
class Outcome:
    """What became of one of several: the report after it, or the refusal that left it as it was.

    `key`: its source, number and repeat.
    """

    key: tuple[str, str, int]
    held: cases.Held | None
    refusal: GridsvcError | None

    @property
    def number(self) -> str:
        """The report's number."""
        return self.key[1]


def act_on_several(
    db: Connection,
    actor: Actor,
    wishes: Sequence[tuple[str, str, int, Wish]],
    now: datetime,
    agreed: Agreed,
    rule: Rule,
) -> list[Outcome]:
    """What became of each: one that is refused leaves the others done.

    Args:
        wishes: source, number, repeat and the wish; locked in the order of their ids, so that two never wait crosswise.

    Raises:
        Refused: too many, or an action that wants a look at the single report.
    """
    if len(wishes) > MOST_AT_ONCE:
        raise Refused("too_many_at_once", n=len(wishes), most=MOST_AT_ONCE)
    for _, _, _, wish in wishes:
        if wish.action not in SEVERAL:
            raise Refused("not_at_once", action=wish.action[:60], allowed=", ".join(SEVERAL))
    done: list[Outcome] = []
    r = t.report.c
    named = tuple_(r.source, r.number, r.repeat).in_([one[:3] for one in wishes])
    rows = db.execute(select(r.id, r.source, r.number, r.repeat).where(named))
    ids = {(row.source, row.number, row.repeat): row.id for row in rows}
    for source, number, repeat, wish in sorted(wishes, key=lambda one: ids.get(one[:3], 0)):
        try:
            with guarded(db):
                after = act(db, actor, hold(db, actor, number, source, repeat), wish, now, agreed, rule)
                done.append(Outcome((source, number, repeat), after, None))
        except GridsvcError as refusal:
            done.append(Outcome((source, number, repeat), None, refusal))
    return done
