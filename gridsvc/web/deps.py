"""What handlers ask for: `UnitDep`, the request's work; `may(deed)` on a route; settings and rule for pages.

A request works in one transaction. It begins when a handler first wants the database and commits when the handler has
returned, before the first byte of the answer leaves (scope "function"): who reads 201 can rely on it. Dependencies are
few and flat: FastAPI walks the whole tree of them at each request.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, get_args, get_origin

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from gridsvc.db.queries import undo
from gridsvc.errors import Refused, Unavailable
from gridsvc.grids import Rule
from gridsvc.i18n import Locale, pick_locale
from gridsvc.rules.roles import ANONYMOUS, Actor, require
from gridsvc.web import extras, security, services
from gridsvc.web.recognised import Presented
from gridsvc.web.services import Services

SLOT_WAIT_S = 15.0


@dataclass
class Unit:
    """One request's work: who is asking, when, in which language, and `db`, its transaction.

    `question` is a connection without one, for a handler that asks for a fact or two and changes nothing.
    """

    mine: Services
    now: datetime
    locale: Locale
    actor: Actor = ANONYMOUS
    _db: Connection | None = field(default=None, repr=False)
    _question: Connection | None = field(default=None, repr=False)

    @property
    def db(self) -> Connection:
        """The connection, in a transaction that begins with its first statement."""
        if self._db is None:
            self._close_question()  # one connection a request: there are as many slots as connections
            self._db = self._connected()
        return self._db

    @property
    def question(self) -> Connection:
        """The connection for questions, each statement by itself: saves BEGIN, COMMIT and the way to another thread."""
        if self._db is not None:
            return self._db
        if self._question is None:
            self._question = self._connected().execution_options(isolation_level="AUTOCOMMIT")
        return self._question

    def identify(self, request: Request, shown: Presented) -> None:
        """Nothing; afterwards `actor` is who the credential stands for."""
        try:
            self.actor = security.identify(self.question, request, shown, self.now)
        except BaseException:
            self.end(well=False)
            raise

    @property
    def is_open(self) -> bool:
        """Whether a transaction is still to be ended, which takes a word with the database."""
        return self._db is not None

    def end(self, *, well: bool) -> None:
        """Nothing; afterwards everything is stored, or nothing is, and the connections are given back.

        A handler that has nothing left to do but answer may call it; else it is called when the handler has returned.
        """
        self._close_question()
        db, self._db = self._db, None
        if db is not None:
            with db:  # closing without a commit rolls back
                if well:
                    db.commit()
                else:
                    undo(db)

    def _connected(self) -> Connection:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self.mine.engine.connect()
        # Who holds a connection needs the loop to give it back: a loop that waits for one waits for itself.
        raise AssertionError("a connection is taken in a thread, not on the event loop")

    def _close_question(self) -> None:
        if self._question is not None:
            self._question.close()
            self._question = None


async def _unit(request: Request) -> AsyncIterator[Unit]:
    held = extras.of(request)
    if isinstance(held.unit, Unit):  # the route's own `may` began it, and will end it
        yield held.unit
        return
    mine = services.of(request)
    # Threads that wait for a connection would keep out the very requests that hold one: so the wait is here.
    if not mine.slots.locked():
        await mine.slots.acquire()  # at once
    else:
        try:
            async with asyncio.timeout(SLOT_WAIT_S):
                await mine.slots.acquire()
        except TimeoutError:
            raise Unavailable("busy") from None
    try:
        unit = held.unit = Unit(mine, mine.clock(), locale_of(request))
        await _identify(unit, request)
        try:
            yield unit
        except BaseException:
            await _end(unit, well=False)
            raise
        await _end(unit, well=True)
    finally:
        held.unit = None
        mine.slots.release()


async def _identify(unit: Unit, request: Request) -> None:
    shown = security.presented(request)
    if shown is None:
        return
    recent = security.recent(request, shown, unit.now)
    if recent is None:
        await run_in_threadpool(unit.identify, request, shown)
    else:
        unit.actor = recent


async def _end(unit: Unit, *, well: bool) -> None:
    if unit.is_open:
        await run_in_threadpool(unit.end, well=well)
    else:
        unit.end(well=well)


# For a handler that must not keep a connection while it waits for something else: one block for each piece of work.
begun = asynccontextmanager(_unit)
UnitDep = Annotated[Unit, Depends(_unit, scope="function")]


def may(deed: str) -> Any:
    """The unit of a caller whom the table of roles allows the deed; others are refused.

    As a parameter, `unit: Annotated[Unit, may("locate")]`, or among a route's dependencies beside a `UnitDep`.
    """

    async def allowed(request: Request) -> AsyncIterator[Unit]:
        async with begun(request) as unit:
            require(unit.actor, deed)
            yield unit

    return Depends(allowed, scope="function")


def asked(deed: str) -> Any:
    """The caller, whom the table of roles allows the deed; no connection is kept for what follows.

    For a handler that works longer than anybody should hold one, and then takes its own with `begun`.
    """

    async def first(request: Request) -> Actor:
        async with begun(request) as unit:
            require(unit.actor, deed)
        return unit.actor

    return Depends(first, scope="function")


async def _services(request: Request) -> Services:
    return services.of(request)


async def _rule(request: Request) -> Rule:
    return services.of(request).rule


ServicesDep = Annotated[Services, Depends(_services)]
RuleDep = Annotated[Rule, Depends(_rule)]


def locale_of(request: Request) -> Locale:
    """The language of the answer: ?lang, then on pages the cookie, then Accept-Language, then the setting."""
    of_page = not request.url.path.startswith(security.API_PREFIX)
    return pick_locale(
        request.query_params.get("lang"),
        request.cookies.get(security.LANG_COOKIE) if of_page else None,
        request.headers.get("accept-language"),
        services.of(request).settings.lang,
    )


async def known_query(request: Request) -> None:
    """Returns where the route knows every query parameter of the request, and each comes once unless several may.

    Raises:
        Refused: `query_unknown`: a misspelt filter would otherwise answer with everything; `query_repeated`: of two
            values one would be left out without a word.
    """
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    known = {"lang": False} | _query_names(route.dependant)
    for name, n in Counter(name for name, _ in request.query_params.multi_items()).items():
        if name not in known:
            raise Refused("query_unknown", name=name[:80], known=", ".join(sorted(known)))
        if n > 1 and not known[name]:
            raise Refused("query_repeated", name=name)


def _query_names(dependant: Dependant) -> dict[str, bool]:
    """The names of the query parameters, and whether one may come several times."""
    names: dict[str, bool] = {}
    for param in dependant.query_params:
        kind = param.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):  # a set of them
            names |= {name: _is_list(one.annotation) for name, one in kind.model_fields.items()}
        else:
            names[param.alias] = _is_list(kind)
    for below in dependant.dependencies:
        names |= _query_names(below)
    return names


def _is_list(kind: Any) -> bool:
    return any(get_origin(one) is list for one in (kind, *get_args(kind)))
