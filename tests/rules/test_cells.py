"""Rough places: every cell holds enough households, contains its positions, and cannot be narrowed down."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridsvc.rules.cells import LEAST, SIDE_DEG, Cell, Cells, Square, square

X, Y = 112640, 23552  # 110 E, 23 N
at = st.tuples(st.integers(X - 200, X + 200), st.integers(Y - 200, Y + 200))
homes = st.dictionaries(at, st.sampled_from([0, 1, 2, 7, 19, 20, 35, 200]), max_size=40)


@given(homes, st.lists(at, max_size=20))
def test_a_cell_holds_enough_households_and_the_position(households: dict[Square, int], spots: list[Square]) -> None:
    cells = Cells(households)
    for spot in [*spots, *households]:
        cell = cells.of(spot)
        if cell is None:
            root = [n for (x, y), n in households.items() if (x >> 7, y >> 7) == (spot[0] >> 7, spot[1] >> 7)]
            assert sum(root) < LEAST
            continue
        assert cell.holds(spot)
        held = sum(n for where, n in households.items() if cell.holds(where))
        assert held == cells.n(cell) >= LEAST
        assert [part for part in cells.parts(cell.code) if part.holds(spot)]


@given(homes)
def test_who_sees_a_cell_cannot_take_the_others_away(households: dict[Square, int]) -> None:
    """The households among the very positions that are told as one cell: none, or enough."""
    cells = Cells(households)
    behind: dict[Cell, int] = defaultdict(int)
    for where, n in households.items():
        cell = cells.of(where)
        if cell is not None:
            behind[cell] += n
    assert all(n == 0 or n >= LEAST for n in behind.values())


def test_by_hand() -> None:
    close = {(X, Y): 20, (X + 1, Y): 20}
    cells = Cells(close)
    assert cells.of((X, Y)) == Cell(X, Y, 1, 1)
    assert cells.of((X + 1, Y)) == Cell(X + 1, Y, 1, 1)
    # a park beside it is told as a larger cell, which holds households and the park
    park = cells.of((X, Y + 1))
    assert park == Cell(X, Y, 1, 2)
    assert cells.parts(park.code) == (Cell(X, Y + 1, 1, 1),)
    # nineteen beside twenty stay together
    assert Cells({(X, Y): 20, (X + 1, Y): 19}).of((X, Y)) == Cell(X, Y, 2, 1)
    assert Cells({(X, Y): 19}).of((X, Y)) is None
    assert Cells({}).of((X, Y)) is None


def test_what_names_a_cell() -> None:
    cells = Cells({(X, Y): 20})
    assert [cells.parts(code) for code in ("", "1.2", "a.b.c.d", "1.2.3.4", f"{X}.{Y}.2.7")] == [()] * 5
    (cell,) = cells.parts(f"{X}.{Y}.1.1")
    assert cell.bounds == (X * SIDE_DEG, Y * SIDE_DEG, (X + 1) * SIDE_DEG, (Y + 1) * SIDE_DEG)
    assert square(110.0, 23.0) == (X, Y)
    assert square(109.99999, 22.99999) == (X - 1, Y - 1)


@pytest.mark.parametrize("n", [1, 19])
def test_a_lonely_hamlet_is_shown_by_no_cell_of_its_own(n: int) -> None:
    village = {(X + i, Y): 20 for i in range(4)}
    cells = Cells(village | {(X + 100, Y + 100): n})
    hamlet = cells.of((X + 100, Y + 100))
    assert hamlet is not None
    assert cells.n(hamlet) >= LEAST
    assert hamlet.holds((X, Y))
