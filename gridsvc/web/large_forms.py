"""Forms larger than any other body: a few are read at once, each of a bounded size and in bounded time.

Around the whole app, because a form's body is read before anything else of its request. Where a deed is named, who asks
is looked at before a byte of it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fastapi import Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gridsvc.errors import Unavailable
from gridsvc.rules.roles import require
from gridsvc.web.deps import begun
from gridsvc.web.intake import RECEIVE_S


class LargeForms:
    """Wraps the app; `takes` tells the requests that are meant, `busy` is the code of one that comes too many."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        takes: Callable[[Scope], bool],
        most_bytes: int,
        at_once: int,
        busy: str,
        deed: str | None = None,
    ) -> None:
        self._app = app
        self._takes = takes
        self._max_bytes = most_bytes
        self._at_once = at_once
        self._busy = busy
        self._deed = deed
        self._n = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection."""
        if scope["type"] != "http" or not self._takes(scope):
            await self._app(scope, receive, send)
            return
        if self._deed is not None:
            async with begun(Request(scope)) as unit:
                require(unit.actor, self._deed)
        if self._n >= self._at_once:
            raise Unavailable(self._busy, retry_after_s=15)
        self._n += 1
        try:
            await self._app(scope, self._limited(scope, receive), send)
        finally:
            self._n -= 1

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        told = Headers(scope=scope).get("content-length", "0")
        if told.isdecimal() and int(told) > self._max_bytes:
            raise HTTPException(413)
        until = asyncio.get_running_loop().time() + RECEIVE_S
        n_bytes, whole = 0, False

        async def limited() -> Message:
            nonlocal n_bytes, whole
            if whole:
                return await receive()  # that the reader has gone is told whenever it happens
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408) from None
            n_bytes += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if n_bytes > self._max_bytes:
                raise HTTPException(413)
            return message

        return limited
