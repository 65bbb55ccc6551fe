"""The service's own periodic work while it serves: one thread that looks every few minutes at what is due."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from gridsvc import periodic, terms
from gridsvc.db.engine import transaction
from gridsvc.settings import Settings

log = logging.getLogger("gridsvc.periodic")
LEAVING_S = 30.0  # a batch that is under way when the service ends is waited for so long


@contextmanager
def caring(settings: Settings, app_url: str, clock: Callable[[], datetime]) -> Iterator[None]:
    """Overdue reports go up, suspensions end and closed ones are struck off for as long as the block lasts.

    Several servers may do this at once: a lock in the database lets one of them look at a time.
    """
    if not settings.escalate_every_s:
        yield
        return
    leaving = threading.Event()

    def begin() -> AbstractContextManager[Connection]:
        return transaction(app_url, settings.db_schema)

    def look() -> None:
        while not leaving.wait(settings.escalate_every_s):
            _look(begin, settings, clock())

    thread = threading.Thread(target=look, name="periodic", daemon=True)
    thread.start()
    try:
        yield
    finally:
        leaving.set()
        thread.join(LEAVING_S)


def _look(begin: Callable[[], AbstractContextManager[Connection]], settings: Settings, now: datetime) -> None:
    try:
        done = periodic.rounds(begin, now, lambda db: terms.load(db, **settings.agreed))
    except SQLAlchemyError as error:  # the database is away: the next look finds what was not done
        log.warning("periodic work failed and will be tried again: %s", type(error).__name__)
        return
    if done.done:
        log.info("periodic work: %s", ", ".join(f"{action} {n}" for action, n in sorted(done.done.items())))
    for one in done.failed:
        log.warning("report %s stays as it was: %s is not possible (%s)", one.report_id, one.action, one.code)
