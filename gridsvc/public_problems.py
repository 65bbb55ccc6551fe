"""Problems as everybody may see them: kind, state, day, a cell of at least twenty households, and what staff released.

Where a report lies leaves this module only as its cell. Nobody's number, name, words or photo does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from gridsvc.db.queries import load
from gridsvc.releases import PUBLIC_STATES, SHOWN_DAYS
from gridsvc.rules.cells import SIDE_DEG, Cell, Cells, square

DONE = ("closed", "struck_off")


@dataclass(frozen=True)
class Counts:
    """How many problems of one category a cell holds."""

    n: int
    n_done: int


@dataclass(frozen=True)
class Picture:
    """All public problems at one moment, counted by cell (None: not shown on the map) and category."""

    as_of: datetime
    cells: Cells
    by_cell: dict[Cell | None, dict[str, Counts]]

    def of(self, category: str | None) -> dict[Cell | None, Counts]:
        """The counts by cell, of one category or all; a cell without any is left out."""
        found: dict[Cell | None, Counts] = {}
        for cell, kinds in self.by_cell.items():
            chosen = kinds.values() if category is None else [kinds[category]] if category in kinds else []
            n, n_done = sum(one.n for one in chosen), sum(one.n_done for one in chosen)
            if n:
                found[cell] = Counts(n, n_done)
        return found


@dataclass(frozen=True)
class Problem:
    """One problem; `cell` is None where too few households are near. `photos` are hashes of released ones."""

    category: str
    name_zh: str
    name_en: str
    state: str
    received_at: datetime
    closed_at: datetime | None
    cell: Cell | None
    words: str | None
    photos: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """Some problems, and whether more come behind them. (A cursor would tell the second of a report.)"""

    items: tuple[Problem, ...]
    more: bool


def picture(db: Connection, hidden: Sequence[str], now: datetime) -> Picture:
    """All public problems, counted. Costs what the counted months hold: for a cache, not for each reader."""
    side = {"side_deg": SIDE_DEG}
    cells = Cells({(row.x, row.y): int(row.n) for row in db.execute(load("public_households"), side)})
    asked = side | _public(hidden, now)
    sums: dict[Cell | None, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for row in db.execute(load("public_counts"), asked):
        counted = sums[None if row.x is None else cells.of((row.x, row.y))][row.category]
        counted[0] += row.n
        counted[1] += row.n if row.done else 0
    by_cell = {cell: {code: Counts(*n) for code, n in kinds.items()} for cell, kinds in sums.items()}
    return Picture(now, cells, by_cell)


def page(
    db: Connection,
    seen: Picture,
    hidden: Sequence[str],
    now: datetime,
    *,
    category: str | None = None,
    cell: str | None = None,
    skip: int = 0,
    n: int = 50,
) -> Page:
    """Public problems, the newest first; with `cell` those that are told as the cell of this name."""
    parts = [part.bounds for part in seen.cells.parts(cell)] if cell is not None else []
    wests, souths, easts, norths = ([part[side] for part in parts] for side in range(4))
    asked = _public(hidden, now) | {"category": category, "boxed": cell is not None, "n": n + 1, "skip": skip}
    asked |= {"wests": wests, "souths": souths, "easts": easts, "norths": norths}
    rows = db.execute(load("public_rows"), asked).all()
    items = tuple(
        Problem(
            category=row.category,
            name_zh=row.name_zh,
            name_en=row.name_en,
            state=row.state,
            received_at=row.received_at,
            closed_at=row.closed_at,
            cell=None if row.lon is None else seen.cells.of(square(row.lon, row.lat)),
            words=row.words,
            photos=tuple(bytes(one).hex() for one in row.photos),
        )
        for row in rows[:n]
    )
    return Page(items, len(rows) > n)


def _public(hidden: Sequence[str], now: datetime) -> dict[str, object]:
    return {"states": list(PUBLIC_STATES), "since": now - timedelta(days=SHOWN_DAYS), "hidden": list(hidden)}
