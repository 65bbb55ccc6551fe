"""What one process holds in memory is bounded in bytes, and a phone's few words never wait for others' large ones."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from gridsvc.errors import TooMany, Unavailable
from gridsvc.web.limits import InHand


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
