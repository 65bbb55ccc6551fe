"""What one request carries besides its scope: nonce, reader, a cookie still to be set. One object, made at the edge."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from functools import cached_property
from typing import cast

from starlette.requests import HTTPConnection
from starlette.types import Scope

from gridsvc.rules.roles import ANONYMOUS, Actor

KEY = "gridsvc"


@dataclass
class Extras:
    """The nonce is made when a page first asks for it; `actor` is who was recognised so far.

    `session_ended`: the answer takes the session's cookie away, so nothing may be derived from it any more.
    `ended`: the code why the phone that asks is logged in no more.
    """

    actor: Actor = ANONYMOUS
    set_cookies: list[str] = field(default_factory=list)
    new_visit: str | None = None
    session_ended: bool = False
    ended: str | None = None
    unit: object = None  # deps.Unit, once it has begun

    @cached_property
    def nonce(self) -> str:
        """The nonce of this answer's own scripts and styles."""
        return secrets.token_urlsafe(16)

    @property
    def has_nonce(self) -> bool:
        """Whether a page asked for it."""
        return "nonce" in self.__dict__


def of(request: HTTPConnection) -> Extras:
    """The extras of a request."""
    return of_scope(request.scope)


def of_scope(scope: Scope) -> Extras:
    """The extras of a scope."""
    return cast(Extras, scope.setdefault(KEY, Extras()))
