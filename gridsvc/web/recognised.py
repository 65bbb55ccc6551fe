"""Who was recognised a moment ago, so that the twenty tiles of one look at a map are one question to the database."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gridsvc.accounts import Kind
from gridsvc.rules.roles import Actor

LASTS = timedelta(seconds=1)  # a token that is revoked elsewhere opens for so long still
MAX_KEPT = 1000


@dataclass(frozen=True)
class Presented:
    """The secret that came with a request, and how: as an Authorization header or as our cookie."""

    kind: Kind
    token: str

    @property
    def digest(self) -> bytes:
        """What stands for it in memory."""
        return hashlib.sha256(f"{self.kind} {self.token}".encode("utf-8", "replace")).digest()


class Recognised:
    """Actors by credential, each for a second; no more than some, the oldest go first."""

    def __init__(self, *, lasts: timedelta = LASTS, clock: Callable[[], float] = time.monotonic) -> None:
        self._lasts = lasts
        self._clock = clock
        self._kept: OrderedDict[bytes, tuple[Actor, float, datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, shown: Presented, now: datetime) -> Actor | None:
        """Who it was a moment ago; None where that is too long ago, by this machine's clock or by `now`."""
        with self._lock:
            found = self._kept.get(shown.digest)
        if found is None:
            return None
        actor, at, then = found
        passed_s = self._clock() - at
        fresh = passed_s < self._lasts.total_seconds() and timedelta(0) <= now - then < self._lasts
        return actor if fresh else None

    def keep(self, shown: Presented, actor: Actor, now: datetime) -> None:
        """Nothing; afterwards the credential is known for a moment."""
        with self._lock:
            self._kept[shown.digest] = (actor, self._clock(), now)
            self._kept.move_to_end(shown.digest)
            if len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)

    def forget(self, shown: Presented) -> None:
        """Nothing; afterwards the credential is asked about again."""
        with self._lock:
            self._kept.pop(shown.digest, None)

    def forget_account(self, login: str) -> None:
        """Nothing; afterwards every credential of the account is asked about again."""
        with self._lock:
            for digest in [digest for digest, (actor, _, _) in self._kept.items() if actor.login == login]:
                del self._kept[digest]
