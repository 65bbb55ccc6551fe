"""Which figures about classes of persons a reader of other areas is not told: fewer than three, and what gives them.

A reader of other areas asks for classes alone or by community, never by grid, compound or subdistrict; all of these
answers hide the same cells of one table of communities and classes, so that none gives back what another hides. That a
cell is 0 is taken as known (it has no row), and so are the totals that are shown.

It is no more than that. Answers can still be put together: of two dates, two instants (`as_of`), two editions, one kind
of door and all kinds; of two campaigns, as one of all classes and one of all but one, whose difference is the missing
class; of a campaign of some classes, which alone is shown by grid too. A community of so few doors that its total tells
them is told by it: totals without a class are never hidden. `added` and `outside` stand beside a shown total as they
are, however small. Admin and planner may list the doors of a class one by one anyway, so for them this keeps figures
from being passed on, not from being known; the sensitive classes they see nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gridsvc.errors import Refused
from gridsvc.rules.roles import Actor
from gridsvc.rules.suppression import BELOW, suppress

BUSINESS = "business"  # the one class that is not of persons
PERSONS = "household"  # the kind of door behind which persons live
COMMUNITY = "community"  # the one place that classes are told by
MOST_WORK = 600_000  # small cells times all cells: some seconds


class Cell(NamedTuple):
    """How many doors of a class there are at a place."""

    place: tuple[str | None, ...]
    class_code: str
    n: int


class Hidden:
    """What is not told: asked by place and class, None for all classes."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        table: dict[tuple[str, ...], int] = {}
        for cell in cells:
            if cell.class_code != BUSINESS:
                key = (_name(cell.place), cell.class_code)
                table[key] = table.get(key, 0) + cell.n
        n_small = sum(0 < n < BELOW for n in table.values())
        if n_small * len(table) > MOST_WORK:
            raise Refused("coverage_too_fine", below=BELOW)
        self._keys = suppress(table).hidden

    def at(self, place: tuple[str | None, ...], class_code: str | None) -> bool:
        """Whether the figures of a class at a place are hidden."""
        if class_code == BUSINESS:
            return False
        return (_name(place), class_code) in self._keys

    def whole(self, class_code: str | None) -> bool:
        """Whether the figures of a class over all places are hidden."""
        return class_code != BUSINESS and (None, class_code) in self._keys


def applies(actor: Actor, kind: str | None, by_class: bool) -> bool:
    """Whether something may be hidden: the answer tells classes of persons to somebody who keeps no area."""
    return by_class and kind in (None, PERSONS) and actor.role in ("admin", "planner")


def check(by: Sequence[str], places: Iterable[str]) -> None:
    """Returns where classes may be told by these dimensions to somebody who keeps no area.

    Raises:
        Refused: coverage_class_place: by a place other than the community.
    """
    for dim in by:
        if dim in places and dim != COMMUNITY:
            raise Refused("coverage_class_place", by=dim)


def _name(place: tuple[str | None, ...]) -> str:
    return "\x1f".join("\x00" if part is None else part for part in place)
