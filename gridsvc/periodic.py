"""What happens to reports without anybody asking: overdue ones go up, suspensions end, closed ones are struck off.

Each due report is changed once, whoever looks and however often: what was done is no longer due. One batch is one
transaction of the caller; a report that fails is left as it was and named.
"""

from __future__ import annotations

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
    """Does the next due reports behind `after`, each in its own savepoint."""
    mine = select(
        func.pg_try_advisory_xact_lock(func.hashtext("gridsvc.periodic"), func.hashtext(func.current_schema()))
    )
    if not db.scalar(mine):
        return Batch({}, (), after, more=False, busy=True)
    top = max(LADDER.index(level) for level in LADDER if level in agreed.general.levels)
    values: dict[str, object] = {"now": now, "unrated_before": now - RATING_LASTS}
    values |= {
        "again_before": now - AGAIN_AFTER,
        "asked_before": now - MAX_WAITING,
        "top_levels": list(LADDER[top:]),
        "after": after,
        "n": n,
    }
    rows = db.execute(load("periodic_due"), values).all()
    done: dict[str, int] = {}
    failed: list[Failure] = []
    held = cases.read_all(db, [row.id for row in rows])
    for row in rows:
        try:
            with db.begin_nested():
                cases.apply(db, held[row.id], row.action, SYSTEM, now, agreed, _given(row.action))
            done[row.action] = done.get(row.action, 0) + 1
        except GridsvcError as error:
            failed.append(Failure(row.id, row.action, error.code))
        except SQLAlchemyError as error:
            failed.append(Failure(row.id, row.action, type(error).__name__))
    return Batch(done, tuple(failed), rows[-1].id if rows else after, more=len(rows) == n)


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
