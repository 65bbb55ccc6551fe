"""Nobody can solve for a small cell: every hidden one could be larger, by whole-number programmes and by trying all.

Who tries knows what is shown, that a cell without a row is 0, and that a hidden one is at least 1."""

from __future__ import annotations

import time
from itertools import combinations
from random import Random

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from gridsvc.rules.suppression import Key, Suppressed, suppress

Table = dict[tuple[str, ...], int]


def made(rng: Random, two: bool) -> Table:
    """A table as persons by class come: many zeros, many small cells, a few large ones; sometimes a thin one."""
    rows = [f"网格{number}" for number in range(rng.randint(1, 6 if two else 8))]
    if not two:
        return {(row,): rng.choice((0, 0, 1, 1, 2, 3, 4, 9, 40)) for row in rows}
    columns = [f"类{number}" for number in range(rng.randint(1, 5))]
    kinds = rng.choice(((0, 0, 0, 1, 2, 5), (0, 1, 1, 2, 2, 3), (0, 1, 4, 8, 30, 200), (0, 0, 0, 0, 1, 1), (3, 4, 1)))
    return {(row, column): rng.choice(kinds) for row in rows for column in columns}


def sums(told: Suppressed) -> list[tuple[list[Key], Key]]:
    """Which cells add up to which total."""
    keys = list(told.counts)
    if all(len(key) == 1 for key in keys):
        return [([key for key in keys if key != (None,)], (None,))]
    found = []
    for place in (0, 1):
        for name in {key[place] for key in keys}:
            line = [key for key in keys if key[place] == name]
            total = next(key for key in line if key[1 - place] is None)
            found.append(([key for key in line if key != total], total))
    return found


def ranges(told: Suppressed, asked: list[Key]) -> dict[Key, tuple[int, float]]:
    """The least and the greatest whole number (at most 1,000 more than there are) a cell can be, given what is shown."""
    keys = list(told.counts)
    index = {key: number for number, key in enumerate(keys)}
    rows = np.zeros((len(sums(told)), len(keys)))
    for row, (cells, total) in zip(rows, sums(told), strict=True):
        row[[index[key] for key in cells]] = 1
        row[index[total]] = -1
    most = max(told.counts.values()) + 1000
    low = [1 if key in told.hidden else told.counts[key] for key in keys]
    high = [most if key in told.hidden else told.counts[key] for key in keys]
    found = {}
    for key in asked:
        goal = np.zeros(len(keys))
        goal[index[key]] = 1
        ends = []
        for sign in (1, -1):
            solved = milp(
                sign * goal,
                constraints=LinearConstraint(rows, 0, 0),
                bounds=Bounds(low, high),
                integrality=np.ones(len(keys)),
            )
            assert solved.success
            ends.append(round(sign * solved.fun))
        found[key] = (ends[0], ends[1])
    return found


@pytest.mark.parametrize("two", [False, True])
@pytest.mark.parametrize("below", [3, 5])
def test_no_hidden_cell_can_be_solved_for(two: bool, below: int) -> None:
    rng = Random(below + two)  # noqa: S311 - dice, not secrets
    n_primary = n_totals = 0
    for _ in range(75):
        told = suppress(made(rng, two), below=below)
        primary = [key for key, n in told.counts.items() if 0 < n < below]
        assert told.hidden.issuperset(primary)
        assert all(told.counts[key] for key in told.hidden), "that a cell is 0 is known"
        if not primary:
            assert not told.hidden
        n_totals += any(None in key for key in told.hidden.difference(primary))
        n_primary += len(primary)
        for least, most in ranges(told, primary).values():
            assert least < below <= most
    assert n_primary > 80
    assert n_totals < 45, "a total goes where nothing else is left"


def test_trying_every_table_gives_the_same() -> None:
    rng = Random(77)  # noqa: S311 - dice, not secrets
    for _ in range(60):
        counts = {(row, column): rng.choice((0, 1, 1, 2, 3)) for row in "ab" for column in "xy"}
        told = suppress(counts)
        most = sum(counts.values()) + 3
        every: dict[Key, np.ndarray] = dict(zip(counts, np.indices((most + 1,) * 4).reshape(4, -1), strict=True))
        known = [every[key] >= 1 for key in counts if key in told.hidden]
        for name in "ab":
            every[name, None] = every[name, "x"] + every[name, "y"]
        for name in "xy":
            every[None, name] = every["a", name] + every["b", name]
        every[None, None] = every["a", None] + every["b", None]
        agrees = np.logical_and.reduce(
            [every[key] == n for key, n in told.counts.items() if key not in told.hidden] + known
        )
        for key, n in told.counts.items():
            assert not 0 < n < 3 or every[key][agrees].max() >= 3, (told, key)


def fewest(told: Suppressed) -> int:
    """The least number of cells to hide beside the primary ones and no total, by trying all sets of cells; at most
    what is hidden now."""
    primary = [key for key, n in told.counts.items() if 0 < n < 3]
    others = [key for key, n in told.counts.items() if n and None not in key and key not in primary]
    n_now = len(told.hidden) - len(primary)
    for n_more in range(n_now):
        for more in combinations(others, n_more):
            tried = told.hidden.intersection(primary).union(more)
            alone = [
                key for key in primary for place in (0, 1) if sum(one[place] == key[place] for one in tried) < 2
            ]  # in its row or column, so told by the total
            if not alone and all(most >= 3 for _, most in ranges(Suppressed(told.counts, tried), primary).values()):
                return n_more
    return n_now


def test_few_more_than_needed_are_hidden() -> None:
    rng = Random(5)  # noqa: S311 - dice, not secrets
    n_hidden = n_needed = 0
    for _ in range(25):
        told = suppress({(row, column): rng.choice((1, 0, 4, 5, 8, 9)) for row in "abc" for column in "xyz"})
        if all(n > 2 for key, n in told.counts.items() if None in key):
            assert not any(None in key for key in told.hidden), "totals are shown"
            n_hidden += sum(told.counts[key] not in (1, 2) for key in told.hidden)
            n_needed += fewest(told)
    assert n_needed > 20
    assert n_needed <= n_hidden <= 1.15 * n_needed


@pytest.mark.parametrize(
    ("table", "hidden"),
    [
        ({"a": 5, "b": 9}, set()),
        ({"a": 0, "b": 9}, set()),
        ({"a": 1, "b": 4, "c": 30}, {"a", "b"}),  # the smallest one that helps
        ({"a": 1, "b": 2, "c": 30}, {"a", "b", "c"}),  # 3 in all, each at least 1: both would be known to be small
        ({"a": 2, "b": 2, "c": 30}, {"a", "b"}),  # either could be 3
        ({"a": 1, "b": 1, "c": 30}, {"a", "b", "c"}),  # 2 in all: both would be known to be small
        ({"a": 1, "b": 0, "c": 0}, {"a", None}),
        ({"a": 2}, {"a", None}),
        ({"a": 3}, set()),
    ],
)
def test_one_dimension(table: dict[str, int], hidden: set[str | None]) -> None:
    told = suppress({(name,): n for name, n in table.items()})
    assert told.hidden == {(name,) for name in hidden}


def test_two_dimensions_by_hand() -> None:
    told = suppress({("a", "x"): 2, ("a", "y"): 9, ("b", "x"): 8, ("b", "y"): 7, ("c", "x"): 50, ("c", "y"): 60})
    assert told.hidden == {("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")}
    assert (told.shown(("a", "x")), told.shown(("a", None)), told.shown((None, None))) == (None, 11, 136)
    assert told.shown(("d", "x")) == 0
    thin = suppress({("a", "x"): 1, ("b", "x"): 20, ("b", "y"): 30})
    assert ("a", None) in thin.hidden, "a row total of 1 tells its cell"
    assert (None, None) not in thin.hidden


def test_it_is_the_same_every_time() -> None:
    rng = Random(9)  # noqa: S311 - dice, not secrets
    table = {(f"{row}", f"{column}"): rng.choice((0, 1, 2, 5, 9)) for row in range(9) for column in range(5)}
    turned = dict(sorted(table.items(), key=lambda item: hash(item[0])))
    assert suppress(table).hidden == suppress(turned).hidden


def test_what_is_no_table_is_refused() -> None:
    for wrong in ({("a", "b", "c"): 1}, {("a",): 1, ("a", "b"): 1}, {("a",): -1}):
        with pytest.raises(ValueError, match=r"keys|below"):
            suppress(wrong)


def test_a_county_takes_seconds() -> None:
    rng = Random(4)  # noqa: S311 - dice, not secrets
    table = {
        (f"网格{row}", f"类{column}"): rng.choice((0, 0, 0, 1, 2, 4, 7, 15))
        for row in range(150)
        for column in range(10)
    }
    begin_s = time.process_time()
    told = suppress(table)
    assert time.process_time() - begin_s < 10.0
    assert len(told.hidden) < 1.8 * sum(0 < n < 3 for n in told.counts.values())
