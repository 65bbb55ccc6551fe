"""The ledger (对账): what was on it, what came, what went, what is left; and whether that adds up.

On the ledger is a report from its submission until it is struck off, voided, not filed or merged; what is reopened or
unlinked comes back. A closed one stays until it is struck off. What an import brings already closed or ended ran its
course elsewhere: it was never on the ledger, and comes on only when it is reopened.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Line:
    """The reconciliation of one grid, community, department or category (or of all) over a period."""

    opening: int = 0
    new: int = 0
    reopened: int = 0
    moved_in: int = 0
    moved_out: int = 0
    struck_off: int = 0
    void: int = 0
    not_filed: int = 0
    merged: int = 0
    closing: int = 0

    @property
    def missing(self) -> int:
        """How many reports the equation cannot account for: 0 where the ledger reconciles.

        >>> Line(opening=3, new=2, moved_out=1, struck_off=1, closing=3).missing
        0
        """
        came = self.new + self.reopened + self.moved_in
        went = self.moved_out + self.struck_off + self.void + self.not_filed + self.merged
        return self.opening + came - went - self.closing

    @property
    def moved_evenly(self) -> bool:
        """Whether as many moved in as moved out, as at the whole they must."""
        return self.moved_in == self.moved_out


def total(lines: Iterable[Line]) -> Line:
    """The sum of lines.

    >>> total([Line(opening=1, moved_out=1), Line(moved_in=1, closing=1)]).missing, total([]) == Line()
    (0, True)
    """
    every = list(lines)
    return Line(**{one.name: sum(getattr(line, one.name) for line in every) for one in fields(Line)})


@dataclass(frozen=True)
class Outcomes:
    """What became of the reports received in a period: the four classes divide them.

    `on_spot`: solved on the spot; `coordinated`: disposed of in another way; `open`: still being worked on; `dropped`:
    void, not filed or merged.
    """

    received: int
    on_spot: int
    coordinated: int
    open: int
    dropped: int

    @property
    def missing(self) -> int:
        """0 where the classes add up to what was received.

        >>> Outcomes(234, 160, 24, 50, 0).missing
        0
        """
        return self.received - self.on_spot - self.coordinated - self.open - self.dropped
