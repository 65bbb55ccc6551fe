"""Photos that come as files of a form, from browsers without scripts: the same way in, with the same limits.

A form's body is read before anything else of the request, so what it may cost is bounded around the whole app.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, UploadFile
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from geodata.errors import FileRefused
from gridsvc.errors import GridsvcError, Refused, Unavailable
from gridsvc.rules.roles import require
from gridsvc.web import proofs, services
from gridsvc.web.api.photos import store
from gridsvc.web.deps import begun
from gridsvc.web.intake import RECEIVE_S

FIELD = "files"
MOST_FILES = 4  # in one form; more are sent one by one, with a script
AT_ONCE = 12  # such forms being read; those without files go by another way
_WORDS_BYTES = 1024 * 1024  # what a form may hold beside its files


def takes(scope: Scope) -> bool:
    """Whether a request is a form that may bring photos, whose size is bounded here."""
    path = str(scope["path"])
    kind = Headers(scope=scope).get("content-type", "").lower()
    here = path == "/report" or (path.startswith("/reports/") and path.endswith("/act"))
    return scope["method"] == "POST" and here and kind.startswith("multipart/form-data")


class FormPhotos:
    """Wraps the app: of forms that bring photos a few are read at once, each of a bounded size, in bounded time."""

    def __init__(self, app: ASGIApp, *, max_photo_bytes: int) -> None:
        self._app = app
        self._max_bytes = MOST_FILES * max_photo_bytes + _WORDS_BYTES
        self._n = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection."""
        if scope["type"] != "http" or not takes(scope):
            await self._app(scope, receive, send)
            return
        if self._n >= AT_ONCE:
            raise Unavailable("photos_busy", retry_after_s=15)
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


@dataclass(frozen=True)
class Taken:
    """The hashes of what came and is stored now, in order; `refusal`: why one of the files is not."""

    photos: tuple[str, ...] = ()
    refusal: GridsvcError | FileRefused | None = None


async def _taken(request: Request) -> Taken:
    form = await request.form()
    sent = [one for one in form.getlist(FIELD) if isinstance(one, UploadFile) and one.filename]
    stored: list[str] = []
    try:
        if len(sent) > MOST_FILES:
            raise Refused("photos_too_many", n=len(sent), most=MOST_FILES)
        for file in sent:
            stored.append(await _store(request, file))
    except (GridsvcError, FileRefused) as error:
        return Taken(tuple(dict.fromkeys(stored)), error)
    return Taken(tuple(dict.fromkeys(stored)))


async def _store(request: Request, file: UploadFile) -> str:
    mine = services.of(request)
    async with begun(request) as unit:
        require(unit.actor, "send_photo")
        await run_in_threadpool(proofs.take_photo, request, unit)
    with await run_in_threadpool(mine.intake.copy, file.file) as spool:
        digest = await run_in_threadpool(spool.end)
        async with mine.intake.alone(digest):
            await store(request, digest, spool)
    return digest.hex()


TakenDep = Annotated[Taken, Depends(_taken)]
