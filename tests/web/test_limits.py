"""What one process holds in memory is bounded in bytes, and a phone's few words never wait for others' large ones."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from gridsvc.errors import TooMany, Unavailable
from gridsvc.web.limits import InHand, Turns


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """What it comes to, in a thread of its own: a browser of other tests may run a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def test_many_small_bodies_are_held_where_few_large_ones_are() -> None:
    held = InHand(each=2, n_bytes=1000)
    with ExitStack() as stack:
        for account_id in range(100):
            stack.enter_context(held.hold(account_id, 10))
        with pytest.raises(Unavailable, match="sync_busy"), held.hold(100, 1):
            pass
    with held.hold(1, 1000):
        pass


def test_one_account_holds_few_and_all_is_given_back_after_a_fault() -> None:
    held = InHand(each=2, n_bytes=1000)
    for _ in range(3):
        with pytest.raises(TooMany, match="sync_running"), held.hold(7, 1), held.hold(7, 1), held.hold(7, 1):
            pass
    with pytest.raises(ValueError, match="cut"), held.hold(7, 1000):
        raise ValueError("cut")
    with held.hold(7, 1000):
        pass


def test_one_works_a_few_wait_and_who_comes_too_many_is_told_at_once() -> None:
    async def all_at_once() -> list[str]:
        turns, done = Turns("busy", waiting=2, patience_s=60), list[str]()
        first = asyncio.Event()

        async def one(name: str) -> None:
            try:
                async with turns.turn():
                    done.append(f"{name} begins")
                    await first.wait()
                    done.append(f"{name} ends")
                    if name == "a":
                        raise ValueError("a file that cannot be read gives its turn back too")
            except (Unavailable, ValueError) as error:
                done.append(f"{name} {type(error).__name__}")

        works = [asyncio.create_task(one(name)) for name in "abcd"]
        while len(done) < 2:  # a works, d was sent away, b and c wait
            await asyncio.sleep(0)
        first.set()
        await asyncio.gather(*works)
        return done

    told = ["a begins", "d Unavailable", "a ends", "a ValueError", "b begins", "b ends", "c begins", "c ends"]
    assert run(all_at_once()) == told


def test_who_waits_in_vain_is_told_so() -> None:
    async def waits() -> None:
        turns = Turns("busy", waiting=1, patience_s=0)
        async with turns.turn():
            with pytest.raises(Unavailable, match="busy"):
                async with turns.turn():
                    raise AssertionError("two at once")
        async with turns.turn():
            pass

    run(waits())
