"""Bodies of many items: read whole within their own bound, before a connection is taken; told apart item by item."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from gridsvc.errors import NotAuthenticated
from gridsvc.web import services
from gridsvc.web.deps import begun
from gridsvc.web.intake import RECEIVE_S

PATHS = frozenset({"/api/v1/visits/batch", "/api/v1/sync", "/api/v1/unsent"})
MOST_BYTES = 4 * 1024 * 1024  # one that does not say its length counts as so many


def takes(scope: Scope) -> bool:
    """Whether this is a batch, whose body is bounded here."""
    return bool(scope["method"] == "POST" and scope["path"] in PATHS)


async def whole(request: Request) -> AsyncIterator[bytes]:
    """The body of a batch from somebody with an account; no byte of it is read before that is known.

    Raises:
        NotAuthenticated: nobody.
        HTTPException: it is too large, or does not come in time.
        TooMany, Unavailable: as many are held already, of this account or of all.
    """
    body = bytearray()
    async with begun(request) as unit:
        account_id = unit.actor.account_id
        if account_id is None:
            raise NotAuthenticated("login_needed")
        told = request.headers.get("content-length", "")
        most = int(told) if told.isdecimal() else MOST_BYTES
        if most > MOST_BYTES:
            raise HTTPException(413)
        with services.of(request).batches.hold(account_id, most):
            if await _read(request, body, most, 0):
                yield bytes(body)  # the handler goes on with this unit: it waits and is recognised once
                return
    # ended before the rest of the body is awaited: it keeps no connection from others
    with services.of(request).batches.hold(account_id, most):
        if not await _read(request, body, most, RECEIVE_S):
            raise HTTPException(408)
        yield bytes(body)


async def _read(request: Request, body: bytearray, most: int, within_s: float) -> bool:
    """Whether the body is whole; 0 seconds: of what is here already."""
    try:
        async with asyncio.timeout(within_s):
            while True:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                body += message.get("body", b"")
                if len(body) > most:
                    raise HTTPException(413)
                if not message.get("more_body", False):
                    return True
    except TimeoutError:
        return False


Body = Annotated[bytes, Depends(whole, scope="function")]


def loaded(body: bytes, names: set[str]) -> dict[str, object]:
    """The members of a batch, which are these and no others.

    Raises:
        RequestValidationError: the body is not JSON, or another thing.
    """
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise RequestValidationError([{"type": "json_invalid", "loc": ("body",), "msg": ""}]) from None
    if not isinstance(said, dict):
        raise RequestValidationError([{"type": "dict_type", "loc": ("body", "items"), "msg": ""}])
    for name in sorted(names - said.keys()):
        raise RequestValidationError([{"type": "missing", "loc": ("body", name), "msg": ""}])
    for name in sorted(said.keys() - names):
        raise RequestValidationError([{"type": "extra_forbidden", "loc": ("body", name), "msg": ""}])
    return said


def listed(said: dict[str, object], name: str) -> list[object]:
    """The items of a batch.

    Raises:
        RequestValidationError: it is no list.
    """
    items = said[name]
    if not isinstance(items, list):
        raise RequestValidationError([{"type": "list_type", "loc": ("body", name), "msg": ""}])
    return items


def misfit(error: ValidationError) -> RequestValidationError:
    """What does not fit in one item, as it is said of a whole body."""
    return RequestValidationError([one | {"loc": ("body", *one["loc"])} for one in error.errors(include_url=False)])


def word_of(item: object, name: str, most: int = 60) -> str | None:
    """A key or a kind as it was sent, so that its sender finds the item again."""
    word = item.get(name) if isinstance(item, dict) else None
    return word[:most].encode("utf-8", "replace").decode() if isinstance(word, str) else None
