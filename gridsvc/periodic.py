"""What happens to reports without anybody asking: overdue ones go up, suspensions end, closed ones are struck off.

Each due report is changed once, whoever looks and however often: what was done is no longer due. One batch is one
transaction of the caller; a report that fails is left as it was and named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from gridsvc import cases
from gridsvc.db.queries import load
from gridsvc.errors import GridsvcError
from gridsvc.rules.case import MAX_WAITING, Given
from gridsvc.rules.deadlines import LADDER
from gridsvc.rules.decisions import RATING_LASTS
from gridsvc.rules.roles import SYSTEM
from gridsvc.terms import Agreed

BATCH = 500
AGAIN_AFTER = timedelta(days=1)  # an overdue report that went up a level goes up another one after so long


@dataclass(frozen=True)
class Failure:
    """A report that could not be changed, and why (a stable code)."""

    report_id: int
    action: str
    code: str


@dataclass(frozen=True)
class Batch:
    """What one batch did: how many of each action, what failed, the last report it saw, and whether there are more.

    `busy`: another process is at it, so nothing was done here.
    """

    done: dict[str, int]
    failed: tuple[Failure, ...]
    last_id: int
    more: bool
    busy: bool = False


def batch(db: Connection, now: datetime, agreed: Agreed, after: int = 0, n: int = BATCH) -> Batch:
    """Does the next due reports behind `after`; one that fails undoes none of the others."""
    mine = select(
        func.pg_try_advisory_xact_lock(func.hashtext("gridsvc.periodic"), func.hashtext(func.current_schema()))
    )
    if not db.scalar(mine):
        return Batch({}, (), after, more=False, busy=True)
    values: dict[str, object] = {"now": now, "unrated_before": now - RATING_LASTS}
    values |= {
        "again_before": now - AGAIN_AFTER,
        "asked_before": now - MAX_WAITING,
        "ladder": list(LADDER),
        "after": after,
        "n": n,
    }
    rows = db.execute(load("periodic_due"), values).all()
    held = cases.read_all(db, [row.id for row in rows])
    asked = [cases.Asked(held[row.id], row.action, SYSTEM, now, _given(row.action)) for row in rows]
    refused = _apply(db, asked, agreed)
    done = Counter(row.action for row in rows if row.id not in refused)
    failed = tuple(Failure(row.id, row.action, refused[row.id]) for row in rows if row.id in refused)
    return Batch(dict(done), failed, rows[-1].id if rows else after, more=len(rows) == n)


def _apply(db: Connection, asked: list[cases.Asked], agreed: Agreed) -> dict[int, str]:
    """Why an action was not done, by the report's id: all are stored at once, or, where that fails, one by one."""
    try:
        with db.begin_nested():
            return {id_: error.code for id_, error in cases.apply_all(db, asked, agreed).items()}
    except SQLAlchemyError:
        pass
    failed: dict[int, str] = {}
    for one in asked:
        try:
            with db.begin_nested():
                cases.apply(db, one.held, one.action, one.actor, one.now, agreed, one.given)
        except GridsvcError as error:
            failed[one.held.id] = error.code
        except SQLAlchemyError as error:
            failed[one.held.id] = type(error).__name__
    return failed


def _given(action: str) -> Given:
    return Given(reason="overdue") if action == "escalate" else Given()


def rounds(
    begin: Callable[[], AbstractContextManager[Connection]],
    now: datetime,
    agreed_of: Callable[[Connection], Agreed],
    progress: Callable[[int], None] = lambda n: None,
) -> Batch:
    """What all batches did together; `begin` opens a transaction for each and ends it.

    Args:
        progress: is told how many reports have been seen so far.
    """
    done: dict[str, int] = {}
    failed: list[Failure] = []
    after, seen = 0, 0
    while True:
        with begin() as db:
            one = batch(db, now, agreed_of(db), after)
        for action, n in one.done.items():
            done[action] = done.get(action, 0) + n
        failed += one.failed
        after, seen = one.last_id, seen + sum(one.done.values()) + len(one.failed)
        progress(seen)
        if not one.more:
            return Batch(done, tuple(failed), after, more=False, busy=one.busy)
