"""One map on paper at a time: drawing takes a processor for seconds, and a big paper a hundred megabytes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from gridsvc.errors import Unavailable

RETRY_S = 10


class Press:
    """Lets one draw and a few wait for it, in one process."""

    def __init__(self, *, waiting: int = 2, patience_s: float = 20.0) -> None:
        self._places = threading.BoundedSemaphore(waiting + 1)
        self._pen = threading.Lock()
        self._patience_s = patience_s

    @contextmanager
    def turn(self) -> Iterator[None]:
        """The right to draw while the block lasts.

        Raises:
            Unavailable: `paper_busy`, at once where enough wait already, else after waiting in vain.
        """
        if not self._places.acquire(blocking=False):
            raise Unavailable("paper_busy", retry_after_s=RETRY_S)
        try:
            if not self._pen.acquire(timeout=self._patience_s):
                raise Unavailable("paper_busy", retry_after_s=RETRY_S)
            try:
                yield
            finally:
                self._pen.release()
        finally:
            self._places.release()
