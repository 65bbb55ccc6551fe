"""Limits by caller: so many in so long, so much at once, in memory that cannot grow."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from gridsvc.errors import TooMany, Unavailable

MAX_KEYS = 20_000


class Limiter:
    """A bucket of `n` tokens for each key, refilled within `seconds`; the least recently seen keys are forgotten first.

    It counts within one process: several server processes allow as many times more.
    """

    def __init__(
        self, n: int, seconds: float, *, max_keys: int = MAX_KEYS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._n = float(n)
        self._per_s = n / seconds
        self._max_keys = max_keys
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str, code: str) -> None:
        """Returns where a token was left.

        Raises:
            TooMany: none is; `retry_after_s` until there will be.
        """
        with self._lock:
            left = self._refilled(key)
            if left < 1:
                raise TooMany(code, retry_after_s=max(1, int((1 - left) / self._per_s + 0.999)))
            self._keep(key, left - 1)

    def give_back(self, key: str) -> None:
        """Undoes one `take`."""
        with self._lock:
            self._keep(key, min(self._n, self._refilled(key) + 1))

    def _refilled(self, key: str) -> float:
        left, at = self._buckets.get(key, (self._n, 0.0))
        return min(self._n, left + (self._clock() - at) * self._per_s)

    def _keep(self, key: str, left: float) -> None:
        self._buckets[key] = (left, self._clock())
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._max_keys:
            self._buckets.popitem(last=False)

    def __len__(self) -> int:
        return len(self._buckets)


class InHand:
    """What one process holds of bodies in memory: so many of one account, so many bytes of all."""

    def __init__(self, each: int, n_bytes: int) -> None:
        self._each = each
        self._most = n_bytes
        self._n: Counter[int] = Counter()
        self._n_bytes = 0

    @contextmanager
    def hold(self, account_id: int, n_bytes: int) -> Iterator[None]:
        """A block in which a body of this account is held.

        Raises:
            TooMany, Unavailable: as many are held already, of this account or of all.
        """
        if self._n[account_id] >= self._each:
            raise TooMany("sync_running", retry_after_s=5)
        if self._n_bytes + n_bytes > self._most:
            raise Unavailable("sync_busy", retry_after_s=5)
        self._n[account_id] += 1
        self._n_bytes += n_bytes
        try:
            yield
        finally:
            self._n_bytes -= n_bytes
            self._n[account_id] -= 1
            if not self._n[account_id]:
                del self._n[account_id]


class Turns:
    """Lets one work and a few wait for it, in one process; who waits holds neither a thread nor a connection."""

    def __init__(self, code: str, *, waiting: int, patience_s: float) -> None:
        self._code = code
        self._most = waiting + 1
        self._patience_s = patience_s
        self._n = 0
        self._turn = asyncio.Semaphore(1)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A block that is alone.

        Raises:
            Unavailable: at once where enough wait already, else after waiting in vain.
        """
        if self._n >= self._most:
            raise Unavailable(self._code, retry_after_s=15)
        self._n += 1
        try:
            try:
                async with asyncio.timeout(self._patience_s):
                    await self._turn.acquire()
            except TimeoutError:
                raise Unavailable(self._code, retry_after_s=15) from None
            try:
                yield
            finally:
                self._turn.release()
        finally:
            self._n -= 1
