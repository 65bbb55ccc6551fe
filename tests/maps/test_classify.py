"""Limits of classes and the one rule of which value falls where."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from maps.classify import Classes, class_of, fixed, quantile, rounded

counts = st.lists(st.none() | st.integers(0, 500), max_size=80)
rates = st.lists(st.none() | st.floats(0, 1e4, allow_nan=False), max_size=80)


@given(counts)
def test_counts_fall_into_the_class_that_states_them(values: list[int | None]) -> None:
    classes = quantile(values)
    assert all(isinstance(low, int) for low in classes.lows)
    _holds(values, classes)
    used = {class_of(value, classes) for value in values if value}
    assert used == set(range(1, len(classes.lows) + 1))


@example([1.999999999998181], 1)  # its limit, cut to one decimal, is 2.0
@given(rates, st.integers(1, 3))
def test_rates_fall_into_the_class_that_states_them(values: list[float | None], digits: int) -> None:
    classes = quantile(values, digits=digits)
    assert all(low == round(low, digits) for low in classes.lows)
    _holds(values, classes)


@given(counts, st.randoms(use_true_random=False))
def test_order_does_not_matter(values: list[int | None], chance: random.Random) -> None:
    mixed = list(values)
    chance.shuffle(mixed)
    assert quantile(mixed) == quantile(values)


def _holds(values: list[int | None] | list[float | None], classes: Classes) -> None:
    assert len(classes.lows) <= 5
    assert list(classes.lows) == sorted(set(classes.lows))
    for value in values:
        place = class_of(value, classes)
        if value is None:
            assert place is None
        elif value == 0:
            assert place == 0
        else:
            assert place is not None
            assert place >= 1
            assert classes.lows[place - 1] <= value or place == 1
            assert place == len(classes.lows) or value < classes.lows[place]
            assert classes.top is not None
            assert value <= classes.top + 1e-6


def test_even_values_make_even_classes() -> None:
    classes = quantile(range(1, 101))
    assert classes.lows == (1, 21, 41, 61, 81)
    assert set(Counter(class_of(value, classes) for value in range(1, 101)).values()) == {20}


def test_ties_share_a_class() -> None:
    classes = quantile([1] * 90 + [2] * 5 + [50])
    assert classes.lows == (1,)
    assert classes.top == 50
    assert quantile([3] * 10).lows == (3,)


@pytest.mark.parametrize("values", [[], [None], [0, 0], [None, 0]])
def test_nothing_above_zero(values: list[float | None]) -> None:
    classes = quantile(values)
    assert classes == Classes("none", (), None)
    assert class_of(0, classes) == 0
    assert class_of(None, classes) is None


def test_one_value() -> None:
    assert quantile([7.26], digits=1) == Classes("quantile", (7.2,), 7.3)


def test_limits_keep_what_multiplying_would_lose() -> None:
    # 0.29 * 100 is 28.999999999999996
    assert quantile([0.29], digits=2).lows == (0.29,)


@pytest.mark.parametrize("value", [-1, math.nan, math.inf])
def test_what_is_no_count_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not a count"):
        quantile([1, value])


def test_fixed_limits() -> None:
    classes = fixed((0.0, 0.5, 0.7), top=1.0)
    assert [class_of(share, classes) for share in (0.0, 0.001, 0.4999, 0.5, 0.7, 1.0, 1.3)] == [0, 1, 1, 2, 3, 3, 3]
    for wrong in ((), (0.5, 0.5), (0.5, 0.2), (-0.1, 0.2), (0.2, 1.0)):
        with pytest.raises(ValueError, match="rise"):
            fixed(wrong, top=1.0)
    assert class_of(1e9, fixed((0, 5), top=None)) == 2


@given(counts)
def test_round_limits_rise_from_zero(values: list[int | None]) -> None:
    limits = rounded(quantile(values))
    assert list(limits) == sorted(set(limits))
    assert len(limits) <= 5
    assert all(isinstance(limit, int) for limit in limits)
    if limits:
        assert fixed(limits, top=None).lows == limits


@given(rates)
def test_round_limits_are_short_numbers(values: list[float | None]) -> None:
    for limit in rounded(quantile(values, digits=2))[1:]:
        assert len(f"{limit:.6f}".strip("0").replace(".", "").strip("0")) <= 2
