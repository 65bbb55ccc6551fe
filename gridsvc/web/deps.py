"""What handlers ask for, as Annotated aliases: Db, ActorDep, Now, LocaleDep, RuleDep; and `may(deed)` for routes.

A request works in one transaction. It begins when a handler that wants `Db` is called and commits when the handler has
returned, before the first byte of the answer leaves (scope "function"): who reads 201 can rely on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlalchemy import Connection

from gridsvc.errors import Refused, Unavailable
from gridsvc.grids import Rule
from gridsvc.i18n import Locale, pick_locale
from gridsvc.rules.roles import Actor, require
from gridsvc.web import security, services
from gridsvc.web.services import Services

SLOT_WAIT_S = 15.0


@dataclass(frozen=True)
class Unit:
    """One request's work: its transaction, who is asking, and when."""

    db: Connection
    actor: Actor
    now: datetime


async def _services(request: Request) -> Services:
    return services.of(request)


ServicesDep = Annotated[Services, Depends(_services)]


async def _now(mine: ServicesDep) -> datetime:
    return mine.clock()


Now = Annotated[datetime, Depends(_now)]


def locale_of(request: Request) -> Locale:
    """The language of the answer: ?lang, then the cookie, then Accept-Language, then the setting."""
    return pick_locale(
        request.query_params.get("lang"),
        request.cookies.get(security.LANG_COOKIE),
        request.headers.get("accept-language"),
        services.of(request).settings.lang,
    )


async def _locale(request: Request) -> Locale:
    return locale_of(request)


LocaleDep = Annotated[Locale, Depends(_locale)]


async def _rule(mine: ServicesDep) -> Rule:
    return mine.rule


RuleDep = Annotated[Rule, Depends(_rule)]


async def _slot(mine: ServicesDep) -> AsyncIterator[None]:
    # Threads that wait for a connection would keep out the very requests that hold one: so the wait is here.
    try:
        async with asyncio.timeout(SLOT_WAIT_S):
            await mine.slots.acquire()
    except TimeoutError:
        raise Unavailable("busy") from None
    try:
        yield
    finally:
        mine.slots.release()


def _unit(
    request: Request, mine: ServicesDep, now: Now, _: Annotated[None, Depends(_slot, scope="function")]
) -> Iterator[Unit]:
    with mine.engine.begin() as db:
        yield Unit(db, security.identify(db, request, now), now)


UnitDep = Annotated[Unit, Depends(_unit, scope="function")]


async def _db(unit: UnitDep) -> Connection:
    return unit.db


async def _actor(unit: UnitDep) -> Actor:
    return unit.actor


Db = Annotated[Connection, Depends(_db, scope="function")]
ActorDep = Annotated[Actor, Depends(_actor, scope="function")]


def may(deed: str) -> Any:
    """A route's dependency: refuses callers whom the table of roles does not allow the deed."""

    async def allowed(actor: ActorDep) -> None:
        require(actor, deed)

    allowed.deed = deed  # type: ignore[attr-defined]  # read by the test that walks every route
    return Depends(allowed, scope="function")


async def known_query(request: Request) -> None:
    """Returns where the route knows every query parameter of the request.

    Raises:
        Refused: `query_unknown`: a misspelt filter would otherwise answer with everything.
    """
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    known = _query_names(route.dependant) | {"lang"}
    for name in request.query_params:
        if name not in known:
            raise Refused("query_unknown", name=name[:80], known=", ".join(sorted(known)))


def _query_names(dependant: Dependant) -> set[str]:
    names = {field.alias for field in dependant.query_params}
    for below in dependant.dependencies:
        names |= _query_names(below)
    return names
