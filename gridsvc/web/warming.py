"""What the first requests would pay for, paid while the server starts: connections, addresses, processes for pictures.

A server of PostgreSQL that is asked for the first time loads PostGIS, its catalogues and the plans of what it is asked:
five times what the request itself takes. A pool opens its connections when many ask at once, which is just when nobody
has time for that.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from fastapi import FastAPI
from sqlalchemy import Connection, QueuePool
from sqlalchemy.exc import SQLAlchemyError

from gridsvc import accounts, cases, grids, sync, terms, visited, visits
from gridsvc.errors import GridsvcError
from gridsvc.rules.roles import Actor
from gridsvc.web.services import Services

log = logging.getLogger("gridsvc.web")
NOWHERE = (0.0, 0.0)  # EPSG:4326 degrees
NOBODY = [0], [2**31 - 1]  # ids that no row has; large ones are asked for by a statement of their own
LEAVING_S = 10.0  # a connection takes some 40 ms
LOCKED_S = 2.0  # where somebody publishes, the first requests wait for that, and this does not


@contextmanager
def warming(app: FastAPI) -> Iterator[None]:
    """A block at whose start the service gets warm, beside what it is asked: nothing waits for it; it ends with it."""
    mine: Services = app.state.services
    _find_addresses(app)
    try:
        mine.intake.begin()
    except OSError as error:  # no room, no more processes: words are served all the same
        log.warning("processes for pictures start when they are needed: %s", error)
    leaving = threading.Event()
    thread = threading.Thread(target=_warm, args=(mine, leaving), name="warming", daemon=True)
    thread.start()
    try:
        yield
    finally:
        leaving.set()
        thread.join(LEAVING_S)


def _find_addresses(app: FastAPI) -> None:
    """The framework makes a group of routes ready when a request first looks through it."""
    nowhere = {"type": "http", "method": "GET", "path": "/-", "root_path": "", "headers": [], "app": app}
    for route in app.router.routes:
        route.matches(dict(nowhere))


def _warm(mine: Services, leaving: threading.Event) -> None:
    """Opens the connections of the pool but for one, which is left to who asks meanwhile; many who ask open them."""
    pool = mine.engine.pool
    try:
        with ExitStack() as held:
            most = mine.settings.pool_size - 1
            for _ in range(most):
                if leaving.is_set() or (isinstance(pool, QueuePool) and pool.checkedout() >= most):
                    return  # it never waits for a connection while it holds others
                db = held.enter_context(mine.engine.connect())
                with db.begin():
                    db.exec_driver_sql(f"SET LOCAL lock_timeout = {int(LOCKED_S * 1000)}")
                    ask(db, mine)
    except (SQLAlchemyError, GridsvcError) as error:
        log.info("connections open when they are needed: %s", type(error).__name__)  # /readyz says what is wrong


def ask(db: Connection, mine: Services) -> None:
    """Nothing; afterwards this connection knows what a phone's items ask of it.

    It asks for what is not there, in one transaction that changes nothing.
    """
    now, phone = mine.clock(), Actor("worker", account_id=-os.getpid(), worker_id=0)  # two servers start at one time
    accounts.authenticate(db, "", "bearer", now)
    sync.receive(db, {}, phone, now, mine.rule, partial(terms.load, **mine.settings.agreed))  # plans as it does
    grids.place(db, *NOWHERE, now, mine.rule)
    grids.confidences(db, [(0, *NOWHERE, 1.0, now)])
    for ids in NOBODY:
        visits.lock(db, ids, phone)
        visited.refresh(db, ids, now)
        sync.beside(db, ids, mine.rule.zone)
        cases.read_all(db, ids)
    terms.load(db, **mine.settings.agreed)
