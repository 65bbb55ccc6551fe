"""The service's own periodic work while it serves: one thread that looks every few minutes at what is due.

It also takes the counts of tiles together, removes files of doors that nobody confirmed and, once a day, tidies up:
photos that may be kept no longer, names that have no initials yet, changes of doors that no phone asks for any more.
Whoever lets another clock escalate (`escalate_every_s` 0) switches off what is due, and not this.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from gridsvc import categories, compounds, door_changes, periodic, photo_cleaning, report_tiles, terms, voices
from gridsvc.db.engine import transaction
from gridsvc.errors import GridsvcError
from gridsvc.photo_cleaning import Keeping
from gridsvc.photo_files import Files
from gridsvc.settings import Settings
from gridsvc.uploads import Uploads

log = logging.getLogger("gridsvc.periodic")
TIDY_EVERY = timedelta(days=1)
KEEP_S = 300.0  # between two looks where nothing is escalated here
LEAVING_S = 30.0  # a batch that is under way when the service ends is waited for so long


@contextmanager
def caring(settings: Settings, app_url: str, clock: Callable[[], datetime]) -> Iterator[None]:
    """Overdue reports go up, suspensions end and closed ones are struck off for as long as the block lasts.

    Several servers may do this at once: a lock in the database lets one of them look at a time.
    """
    leaving = threading.Event()

    def begin() -> AbstractContextManager[Connection]:
        return transaction(app_url, settings.db_schema)

    def look() -> None:
        tidied_at: datetime | None = None
        while not leaving.wait(settings.escalate_every_s or KEEP_S):
            now = clock()
            _fold(begin)
            _forget(Uploads(settings.upload_folder), now)
            if settings.escalate_every_s:
                _look(begin, settings, now)
            if tidied_at is None or now >= tidied_at + TIDY_EVERY:
                tidied_at = now
                _tidy(begin, settings, now)

    thread = threading.Thread(target=look, name="periodic", daemon=True)
    thread.start()
    try:
        yield
    finally:
        leaving.set()
        thread.join(LEAVING_S)


def _tidy(begin: Callable[[], AbstractContextManager[Connection]], settings: Settings, now: datetime) -> None:
    """Several servers may do it on one day: who comes second finds nothing left."""
    keeping = Keeping.of_days(settings.photo_unredacted_days, settings.photo_retention_days)
    try:
        with begin() as db:
            n_names = compounds.complete_initials(db) + categories.complete_initials(db)
            n_changes = door_changes.prune(db)
        done = photo_cleaning.clean(begin, Files(settings.photo_folder), keeping, now)
        notes = voices.clean(begin, voices.files_of(settings.voice_folder), keeping, now)
    except (SQLAlchemyError, OSError, GridsvcError) as error:
        log.warning("tidying up failed and will be tried again tomorrow: %s", type(error).__name__)
        return
    if n_names:
        log.info("initials of %d names of compounds and categories completed", n_names)
    if n_changes:
        log.info("%d changes of doors that no phone asks for any more removed", n_changes)
    if done.n_files or done.n_unused or done.n_ended:
        told = (done.n_unused, done.n_ended, done.n_uncovered, done.n_files)
        log.info("photos removed: %d unused, %d of ended reports, %d from before a redaction; %d files", *told)
    if notes.n_files or notes.n_unused or notes.n_ended:
        log.info("voice notes removed: %d unused, %d of ended reports", notes.n_unused, notes.n_ended)
    if notes.n_missing:
        log.warning("%d voice notes are missing: restore them from a backup", notes.n_missing)
    if done.n_missing:
        log.warning(
            "%d pictures are missing, %s among them: restore them from a backup", done.n_missing, done.missing[0]
        )


def _forget(uploads: Uploads, now: datetime) -> None:
    try:
        uploads.clean(now)
    except OSError as error:
        log.warning("files of doors whose hour is over could not be removed: %s", type(error).__name__)


def _fold(begin: Callable[[], AbstractContextManager[Connection]]) -> None:
    try:
        with begin() as db:
            report_tiles.fold(db)
    except SQLAlchemyError as error:
        log.warning("counts of tiles were not taken together and will be later: %s", type(error).__name__)


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
