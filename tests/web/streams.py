"""A reader of server-sent events, one at a time."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass
class Event:
    """One event; `id` is the cursor."""

    name: str
    id: str | None
    data: dict[str, Any]


@contextmanager
def listening(client: httpx.Client, path: str = "/api/v1/wall/stream", **headers: str) -> Iterator[Iterator[Event]]:
    """The events of a stream as they come; reading waits, and fails after a minute."""
    with client.stream("GET", path, headers=headers, timeout=httpx.Timeout(60.0)) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "no-transform" in answer.headers["cache-control"]
        assert answer.headers["x-accel-buffering"] == "no"
        yield events(answer)


def events(answer: httpx.Response) -> Iterator[Event]:
    """The events of an answer."""
    held: dict[str, str] = {}
    for line in answer.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            held[name] = value
        elif held:
            yield Event(held["event"], held.get("id"), json.loads(held["data"]))
            held = {}


def until(found: Iterator[Event], name: str) -> Event:
    """The next event of that name, beats left out; fails after a minute."""
    latest = time.monotonic() + 60
    for event in found:
        assert time.monotonic() < latest, f"no {name}"
        if event.name == "beat" != name:
            continue
        assert event.name == name, event
        return event
    raise AssertionError(f"the stream ended before {name}")
