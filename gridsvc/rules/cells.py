"""Rough places for the public: cells that hold at least so many households, as small as that allows.

A cell is halved, the longer side first, as long as each half holds no household or enough of them. A position is told
as the smallest cell with enough households that contains it. So whoever sees a cell knows one of its households, or
none, no better than the others: where a half without households was set apart, positions in it are told as the whole,
and that they are not in the other half says nothing of a household. (Growing each position's cell until it holds
enough would not do: who lies in the large one beside three small ones is known to live in the rest.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

LEAST = 20
SIDE_DEG = 1 / 1024  # of the smallest squares, about 100 m
_LEVELS = 7  # a root is 128 squares a side: about 14 km
_ROOT = 1 << _LEVELS

Square = tuple[int, int]


@dataclass(frozen=True, order=True)
class Cell:
    """A rectangle of `wide` by `high` squares from the south-western one, `x` and `y` counted from 0, 0 (EPSG:4326)."""

    x: int
    y: int
    wide: int
    high: int

    @property
    def code(self) -> str:
        """What names the cell, as long as the households stay where they are."""
        return f"{self.x}.{self.y}.{self.wide}.{self.high}"

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees."""
        side = SIDE_DEG
        return self.x * side, self.y * side, (self.x + self.wide) * side, (self.y + self.high) * side

    def holds(self, square: Square) -> bool:
        """Whether a square lies in it."""
        return self.x <= square[0] < self.x + self.wide and self.y <= square[1] < self.y + self.high


def square(lon: float, lat: float) -> Square:
    """The smallest square that a position (EPSG:4326) lies in."""
    return math.floor(lon / SIDE_DEG), math.floor(lat / SIDE_DEG)


class Cells:
    """All cells of a place, from its households by square. Kept as halves: none is looked at twice."""

    def __init__(self, households: Mapping[Square, int], least: int = LEAST) -> None:
        self._least = least
        roots: dict[Square, dict[Square, int]] = {}
        for (x, y), n in households.items():
            if n > 0:
                roots.setdefault((x >> _LEVELS, y >> _LEVELS), {})[x, y] = n
        self._n: dict[Cell, int] = {}
        self._halves: dict[Cell, tuple[Cell, Cell]] = {}
        for (x, y), inside in roots.items():
            self._divide(Cell(x << _LEVELS, y << _LEVELS, _ROOT, _ROOT), inside)

    def of(self, square: Square) -> Cell | None:
        """The cell that a square is told as; None where even the largest holds too few households."""
        cell = Cell(square[0] >> _LEVELS << _LEVELS, square[1] >> _LEVELS << _LEVELS, _ROOT, _ROOT)
        if self._n.get(cell, 0) < self._least:
            return None
        while cell in self._halves:
            half = next(one for one in self._halves[cell] if one.holds(square))
            if not self._n[half]:
                return cell
            cell = half
        return cell

    def n(self, cell: Cell) -> int:
        """How many households a cell holds."""
        return self._n.get(cell, 0)

    def parts(self, code: str) -> tuple[Cell, ...]:
        """The rectangles whose positions are told as the cell of this name; none where there is no such cell."""
        try:
            x, y, wide, high = (int(part) for part in code.split("."))
        except ValueError:
            return ()
        cell = Cell(x, y, wide, high)
        if self._n.get(cell, 0) < self._least:
            return ()
        return tuple(half for half in self._halves[cell] if not self._n[half]) if cell in self._halves else (cell,)

    def _divide(self, root: Cell, inside: dict[Square, int]) -> None:
        waiting = [(root, inside)]
        while waiting:
            cell, held = waiting.pop()
            self._n[cell] = sum(held.values())
            if self._n[cell] < self._least:
                continue
            for pair in _in_halves(cell):
                split = [{at: n for at, n in held.items() if half.holds(at)} for half in pair]
                counts = [sum(one.values()) for one in split]
                if all(n == 0 or n >= self._least for n in counts):
                    self._halves[cell] = pair
                    waiting += zip(pair, split, strict=True)
                    break


def _in_halves(cell: Cell) -> list[tuple[Cell, Cell]]:
    """Both ways to halve a cell, across its longer side first; a side of one square is not halved."""
    ways = []
    if cell.wide > 1:
        half = cell.wide // 2
        ways.append((Cell(cell.x, cell.y, half, cell.high), Cell(cell.x + half, cell.y, half, cell.high)))
    if cell.high > 1:
        half = cell.high // 2
        ways.append((Cell(cell.x, cell.y, cell.wide, half), Cell(cell.x, cell.y + half, cell.wide, half)))
    return ways if cell.wide >= cell.high else ways[::-1]
