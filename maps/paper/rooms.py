"""What of the paper is taken by words, so that none is written over another."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any


class Rooms:
    """Rooms that are taken, by square cells: a new one is held against those nearby alone, however many there are."""

    def __init__(self, cell: float) -> None:
        self._cell = cell
        self._by_cell: dict[tuple[int, int], list[Any]] = {}

    def take(self, room: Any) -> bool:
        """Whether it touches none that is taken; then it is taken from now on."""
        cells = [self._by_cell.setdefault(cell, []) for cell in self._cells(room)]
        if any(room.intersects(other) for cell in cells for other in cell):
            return False
        self.keep(room)
        return True

    def keep(self, room: Any) -> None:
        """Nothing; afterwards it is taken, whatever it touches."""
        for cell in self._cells(room):
            self._by_cell.setdefault(cell, []).append(room)

    def _cells(self, room: Any) -> Iterator[tuple[int, int]]:
        left, low, right, high = (math.floor(edge / self._cell) for edge in room.bounds)
        return ((x, y) for x in range(left, right + 1) for y in range(low, high + 1))
