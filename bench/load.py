"""A small HTTP client that keeps a few connections busy, bounded in count, on loopback only."""

from __future__ import annotations

import http.client
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

Request = tuple[str, str, str | None]  # method, path, body


@dataclass(frozen=True)
class Load:
    """What a run of requests gave: requests a second, and the median and 95th percentile of one, in ms."""

    per_s: float
    p50_ms: float
    p95_ms: float


def run(port: int, n: int, make: Callable[[int], Request], headers: dict[str, str], *, clients: int = 4) -> Load:
    """Sends `n` requests over so many kept connections; any answer but 2xx ends the bench."""
    times: list[float] = []
    wrong: list[str] = []
    numbers = iter(range(n))
    lock = threading.Lock()

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while True:
            with lock:
                i = next(numbers, None)
            if i is None or wrong:
                break
            method, path, body = make(i)
            start = time.perf_counter()
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
            times.append(time.perf_counter() - start)
            if answer.status // 100 != 2:
                wrong.append(f"{answer.status} {text[:200]!r}")
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(clients)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    if wrong:
        raise SystemExit(f"the bench stops: {wrong[0]}")
    ordered = sorted(times)
    return Load(n / seconds, 1000 * statistics.median(ordered), 1000 * ordered[int(0.95 * len(ordered))])
