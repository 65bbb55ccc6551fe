"""What feeds the live wall, against a connection of the test's own: when it listens, and who is let go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine

from gridsvc import wall
from gridsvc.rules.roles import Actor
from gridsvc.web import wall_stream
from gridsvc.web.recognised import Presented
from gridsvc.web.wall_stream import Found, Kept, Viewer, Wall
from tests.conftest import NOW

ZONE = ZoneInfo("Asia/Shanghai")


def feed(engine: Engine, monkeypatch: pytest.MonkeyPatch, listening: object, look: Callable[..., Found]) -> None:
    """A wall is fed without resting, by what this connection is told and these looks find, until one says "enough"."""

    async def play() -> None:
        live = Wall(engine, "public", ZONE, lambda: NOW, asyncio.Semaphore(1))
        monkeypatch.setattr(live, "_look", look)
        with pytest.raises(psycopg.OperationalError, match="enough"):
            await asyncio.wait_for(live._feed(cast("psycopg.AsyncConnection[Any]", listening)), 20)

    for name, seconds in (("LONGEST_REST_S", 0.0), ("GATHER_S", 0.0), ("LOOK_S", 60.0), ("BEAT_S", 60.0)):
        monkeypatch.setattr(wall_stream, name, seconds)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(play())).result()


def test_a_slow_reader_is_let_go_and_holds_nobody_up(engine: Engine) -> None:
    async def play() -> None:
        live = Wall(engine, "public", ZONE, lambda: NOW, asyncio.Semaphore(1))
        slow, quick = (Viewer(Presented("bearer", "t"), Actor("admin"), wall.Filter(), 50, "en") for _ in range(2))
        live._viewers |= {slow, quick}
        for nr in range(wall_stream.MOST_WAITING + 1):
            for viewer in (slow, quick):
                live._put(viewer, b"%d" % nr)
            await quick.waiting.get()
        assert live._viewers == {quick}
        assert b"slow" in (slow.waiting.get_nowait() or b"")
        assert slow.waiting.get_nowait() is None

    # a thread of its own: where browser tests ran before, this one has a loop already
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(play())).result()


def test_what_is_told_while_nobody_waits_is_heard_together(engine: Engine) -> None:
    heard: list[int] = []

    class Listening:
        async def notifies(self) -> AsyncIterator[int]:
            for nr in range(4):
                heard.append(nr)
                yield nr

    async def play() -> None:
        live = Wall(engine, "public", ZONE, lambda: NOW, asyncio.Semaphore(1))
        hearing = asyncio.create_task(live._hear(cast("psycopg.AsyncConnection[Any]", Listening())))
        for _ in range(5):
            await asyncio.sleep(0)
        assert (heard, live._wake.is_set()) == ([0], True)
        await live._wait(Kept(), 1.0)
        await asyncio.wait_for(hearing, 10)
        assert heard == [0, 1, 2, 3]

    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(play())).result()


def test_while_looks_find_more_nothing_is_told(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    listen = 'LISTEN "wall_public"'
    finds_more = iter([False, True, True, False])

    class Listening:
        async def execute(self, statement: str | sql.Composed) -> None:
            done.append(statement if isinstance(statement, str) else statement.as_string())

        async def notifies(self) -> AsyncIterator[int]:
            while done.count(listen) == 1:
                yield 1
                await asyncio.sleep(0)
            await asyncio.Event().wait()

    def look(*_: Any) -> Found:
        done.append("look")
        is_more = next(finds_more, None)
        if is_more is None:
            raise psycopg.OperationalError("enough")
        return Found("1:1:", is_more=is_more)

    feed(engine, monkeypatch, Listening(), look)
    # having listened anew it looks for what was committed before
    assert done == [listen, "look", "look", "UNLISTEN *", "look", "look", listen, "look"]


def test_while_it_looks_one_notice_is_heard_however_many_come(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[int] = []
    by_looks: list[int] = []

    class Listening:
        async def execute(self, statement: str | sql.Composed) -> None:
            pass

        async def notifies(self) -> AsyncIterator[int]:
            while True:
                heard.append(1)
                yield 1
                await asyncio.sleep(0)

    def look(*_: object) -> Found:
        before = len(heard)
        time.sleep(0.02)  # the loop hears what it will meanwhile
        by_looks.append(len(heard) - before)
        if len(by_looks) > 3:
            raise psycopg.OperationalError("enough")
        return Found("1:1:")

    feed(engine, monkeypatch, Listening(), look)
    assert max(by_looks) <= 1, by_looks


def test_a_look_is_followed_by_a_rest_of_its_share_of_the_time(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []

    async def play() -> None:
        live = Wall(engine, "public", ZONE, lambda: NOW, asyncio.Semaphore(1))
        monkeypatch.setattr(live, "_look", lambda *_: Found("1:1:"))
        for took_s in (0.0, 0.005, 60.0):
            clock = iter([100.0, 100.0, 100.0 + took_s])  # what is left of a rest; the look's begin and end
            monkeypatch.setattr(wall_stream, "time", SimpleNamespace(monotonic=lambda clock=clock: next(clock)))
            kept = Kept()
            assert await live._next(kept, 0.0) is False
            rests.append(kept.rests_until_s - 100.0 - took_s)
        monkeypatch.undo()
        monkeypatch.setattr(live, "_look", lambda *_: Found("1:1:"))
        kept = Kept(rests_until_s=time.monotonic() + 0.03)
        until_s = kept.rests_until_s
        await live._next(kept, 0.0)
        assert time.monotonic() > until_s, "it rested first"

    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(play())).result()
    # looking takes a hundredth of the time, but nobody waits longer than the longest rest
    assert rests == pytest.approx([0.0, 0.005 * 99, 1.25])


def test_what_a_light_look_does_not_ask_is_asked_no_later(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits for what is left of the time since sessions were asked about, not for all of it again."""
    waits: list[float] = []

    class Listening:
        async def execute(self, statement: str | sql.Composed) -> None:
            pass

        async def notifies(self) -> AsyncIterator[int]:
            await asyncio.Event().wait()
            yield 1

    def look(kept: Kept, _: object) -> Found:
        if len(waits) == 1:  # later ones ask about nobody
            kept.asked_at_s = time.monotonic()
        return Found("1:1:")

    async def wait(_: Kept, longest_s: float) -> bool:
        waits.append(longest_s)
        if len(waits) > 3:
            raise psycopg.OperationalError("enough")
        return False

    async def play() -> None:
        live = Wall(engine, "public", ZONE, lambda: NOW, asyncio.Semaphore(1))
        monkeypatch.setattr(live, "_look", look)
        monkeypatch.setattr(live, "_wait", wait)
        with pytest.raises(psycopg.OperationalError, match="enough"):
            await asyncio.wait_for(live._feed(cast("psycopg.AsyncConnection[Any]", Listening())), 20)

    for name, seconds in (("LONGEST_REST_S", 0.0), ("LOOK_S", 60.0), ("BEAT_S", 600.0)):
        monkeypatch.setattr(wall_stream, name, seconds)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(play())).result()
    assert 60 > waits[1] > waits[2] > waits[3]


def test_what_ends_the_listening_ends_the_feeding(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    class Listening:
        async def execute(self, statement: str | sql.Composed) -> None:
            pass

        async def notifies(self) -> AsyncIterator[int]:
            yield 1
            raise psycopg.OperationalError("gone")

    async def play() -> None:
        live = Wall(engine, "public", ZONE, lambda: NOW, asyncio.Semaphore(1))
        monkeypatch.setattr(live, "_look", lambda *_: Found("1:1:"))
        with pytest.raises(psycopg.OperationalError, match="gone"):
            await asyncio.wait_for(live._feed(cast("psycopg.AsyncConnection[Any]", Listening())), 20)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(play())).result()
