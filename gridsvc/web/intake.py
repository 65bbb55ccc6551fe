"""Photos on their way in: bodies go to the disk, two are decoded at once, a bounded number waits, and waiting is free.

A small body, of one part, stays in memory until a thread makes its picture: 16 MB of them at most. A large one, or a
thread or a database connection that waits, would let a few slow phones stop everybody.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO
from weakref import WeakValueDictionary

from anyio import CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.types import Scope

from geodata.pictures import header
from geodata.pictures.shapes import Box, Rendered, Rules
from geodata.pictures.studio import Studio
from gridsvc.errors import Refused, Unavailable
from gridsvc.photo_files import Files, Spool

PREFIX = "/api/v1/photos/"
AT_ONCE = 2  # decoded; each takes a core and about 100 MB
MOST = 256  # being received or waiting; each holds a socket and a file
MOST_LARGEST = 96  # as many of the largest size may be on the disk; one counts as what it says of its length
MOST_ANONYMOUS = 60  # of them, so that callers without an account never keep out those with one
RECEIVE_S = 120.0  # for one body
WAIT_S = 120.0  # for its turn
WRITERS = 4  # threads that write bodies down
ASKED_BYTES = 256 * 1024  # a smaller photo is made anew sooner than the database is asked whether it came before
MOST_REMEMBERED = 4096  # photos that this process has stored: they are asked about, whatever their size
_PART_BYTES = 64 * 1024


def takes(scope: Scope) -> bool:
    """Whether a request brings a photo, whose size is bounded here and nowhere else."""
    return scope["method"] == "PUT" and str(scope["path"]).startswith(PREFIX)


class Intake:
    """What one process has in hand."""

    def __init__(self, files: Files, rules: Rules, max_bytes: int) -> None:
        self.files = files
        self._studio = Studio(AT_ONCE, rules)
        self._max_bytes = max_bytes
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._writers = CapacityLimiter(WRITERS)
        self._alone: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()
        self._remembered: dict[bytes, None] = {}  # in the order in which they came
        self._n_known = self._n_anonymous = self._n_bytes = 0

    def begin(self) -> None:
        """Nothing; afterwards the processes that decode are starting, so that the first photos need not wait for it."""
        self._studio.begin()

    def close(self) -> None:
        """Nothing; afterwards no process decodes for us."""
        self._studio.close()

    @asynccontextmanager
    async def receive(self, request: Request, sha256: bytes, *, anonymous: bool) -> AsyncIterator[Spool]:
        """The body on the disk, whole and with the hash that its sender named; gone at the end of the block.

        Raises:
            Refused: `photo_too_large`, `photo_hash_mismatch`, `photo_cut` where it stopped before its end.
            FileRefused: `photo_type`, `photo_polyglot`: by its first bytes.
            Unavailable: too many are in hand.
        """
        told = request.headers.get("content-length", "")
        most = int(told) if told.isdecimal() else self._max_bytes
        if most > self._max_bytes:
            raise self._too_large()
        if (
            self._n_known + self._n_anonymous >= MOST
            or self._n_bytes + most > MOST_LARGEST * self._max_bytes
            or (anonymous and self._n_anonymous >= MOST_ANONYMOUS)
        ):
            raise Unavailable("photos_busy", retry_after_s=15)
        self._count(1, most, anonymous)
        try:
            with self.files.spool() as spool:
                if await self._fill(request, spool) != sha256:
                    raise Refused("photo_hash_mismatch")
                yield spool
        finally:
            self._count(-1, -most, anonymous)

    def copy(self, source: BinaryIO) -> Spool:
        """A file that came with a form, on the disk as `receive` has it; the caller ends and closes it.

        Raises:
            Refused: `photo_too_large`.
            FileRefused: `photo_type`, `photo_polyglot`: by its first bytes.
        """
        spool = self.files.spool()
        try:
            n_bytes, part = 0, source.read(_PART_BYTES)
            header.sniff(part[: header.HEAD_BYTES])
            while part:
                n_bytes += len(part)
                if n_bytes > self._max_bytes:
                    raise self._too_large()
                spool.add(part)
                part = source.read(_PART_BYTES)
        except BaseException:
            spool.__exit__(None, None, None)
            raise
        return spool

    @asynccontextmanager
    async def alone(self, sha256: bytes) -> AsyncIterator[None]:
        """A block that nobody else in this process is in with the same photo, so that it is decoded once."""
        lock = self._alone.setdefault(sha256, asyncio.Lock())
        async with lock:
            yield

    def asks(self, sha256: bytes, n_bytes: int) -> bool:
        """Whether to ask if this photo came before: waiting for a turn to ask costs more than making a small one."""
        return n_bytes > ASKED_BYTES or sha256 in self._remembered

    def remember(self, sha256: bytes) -> None:
        """Nothing; afterwards it is known that this photo came."""
        self._remembered[sha256] = None
        if len(self._remembered) > MOST_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]

    async def render(self, spool: Spool) -> Rendered:
        """The photo that was received made anew, when it is its turn.

        Raises:
            FileRefused: as `Studio.render`.
            Unavailable: its turn did not come.
        """
        async with self._turn():
            return await run_in_threadpool(lambda: self._studio.render(spool.path))

    async def paint(self, source: Path, boxes: Sequence[Box]) -> Rendered:
        """The stored picture with black boxes, when it is its turn.

        Raises:
            FileRefused, Unavailable: as `render`.
        """
        async with self._turn():
            return await run_in_threadpool(self._studio.paint, source, boxes)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(WAIT_S):
                await self._turns.acquire()
        except TimeoutError:
            raise Unavailable("photos_busy", retry_after_s=30) from None
        try:
            yield
        finally:
            self._turns.release()

    async def _fill(self, request: Request, spool: Spool) -> bytes:
        """The SHA-256 of the body, which is whole in the file then."""
        n_bytes, waiting, told = 0, b"", False
        try:
            async with asyncio.timeout(RECEIVE_S):
                async for part in request.stream():
                    n_bytes += len(part)
                    if n_bytes > self._max_bytes:
                        raise self._too_large()
                    waiting = waiting + part if waiting else part
                    if not told and len(waiting) >= header.HEAD_BYTES:
                        header.sniff(waiting[: header.HEAD_BYTES])
                        told = True
                    if len(waiting) >= _PART_BYTES:
                        await to_thread.run_sync(spool.add, waiting, limiter=self._writers)
                        waiting = b""
        except (ClientDisconnect, TimeoutError):
            raise Refused("photo_cut") from None
        if not told:
            header.sniff(waiting)
        if waiting and not spool.n_bytes:  # so small that it may wait here: the turn in a thread costs more
            return spool.end_in_one(waiting)
        return await to_thread.run_sync(spool.end, waiting, limiter=self._writers)

    def _count(self, by: int, n_bytes: int, anonymous: bool) -> None:
        self._n_bytes += n_bytes
        if anonymous:
            self._n_anonymous += by
        else:
            self._n_known += by

    def _too_large(self) -> Refused:
        return Refused("photo_too_large", limit_mb=self._max_bytes // (1024 * 1024))
