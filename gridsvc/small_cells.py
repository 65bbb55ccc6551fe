"""Which figures about classes of persons a reader of other areas is not told: fewer than three, and what gives them.

A class of households is looked at place by place, whatever the query shows of it (one class alone, a campaign of some
classes), so that no two of these answers give back what one of them hides.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gridsvc.errors import Refused
from gridsvc.rules.roles import Actor
from gridsvc.rules.suppression import BELOW, suppress

BUSINESS = "business"  # the one class that is not of persons
PERSONS = "household"  # the kind of door behind which persons live
MOST_WORK = 600_000  # small cells times all cells: some seconds


class Cell(NamedTuple):
    """How many doors of a class there are at a place; `place` is empty where the query has none."""

    place: tuple[str | None, ...]
    class_code: str
    n: int


class Hidden:
    """What is not told: asked by place and class, None for all classes."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        table: dict[tuple[str, ...], int] = {}
        for cell in cells:
            if cell.class_code != BUSINESS:
                key = (_name(cell.place), cell.class_code) if cell.place else (cell.class_code,)
                table[key] = table.get(key, 0) + cell.n
        n_small = sum(0 < n < BELOW for n in table.values())
        if n_small * len(table) > MOST_WORK:
            raise Refused("coverage_too_fine", below=BELOW)
        self._keys = suppress(table).hidden

    def at(self, place: tuple[str | None, ...], class_code: str | None) -> bool:
        """Whether the figures of a class at a place are hidden."""
        if class_code == BUSINESS:
            return False
        return ((_name(place), class_code) if place else (class_code,)) in self._keys

    def whole(self, class_code: str | None, *, placed: bool) -> bool:
        """Whether the figures of a class over all places are hidden."""
        return class_code != BUSINESS and ((None, class_code) if placed else (class_code,)) in self._keys


def applies(actor: Actor, kind: str | None, by_class: bool) -> bool:
    """Whether something may be hidden: the answer tells classes of persons to somebody who keeps no area."""
    return by_class and kind in (None, PERSONS) and actor.role in ("admin", "planner")


def _name(place: tuple[str | None, ...]) -> str:
    return "\x1f".join("\x00" if part is None else part for part in place)
