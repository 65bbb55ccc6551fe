"""How the doors of campaigns stand: `campaign_door` and `campaign_cell` kept right with every change beneath them.

Whoever changes a door's grid, compound, class, kind, removal or exclusion calls `before` first and `after` afterwards;
whoever stores visits holds the counts, locks the doors, and calls `refresh`; one that comes alone and corrects nothing
is added as it is stored (SQL function `visit_added`), with the same result. Then the sums of the cells are what a count
of all visits would give, to the last door. Ended campaigns are kept too: a visit may arrive late, a border move.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from gridsvc.db import tables as t
from gridsvc.db.queries import ask, load


def hold(db: Connection, *, alone: bool = False) -> None:
    """Keeps the counts of campaigns until this transaction ends: with others who count other doors beside, or alone.

    To be taken before any door is locked, and after `grids.hold` where that is taken too: two that hold and wait
    crosswise would wait for each other.
    """
    db.execute(load("visited_hold"), {"alone": alone})


def before(db: Connection, household_ids: Collection[int]) -> None:
    """Takes these doors out of the counts of every campaign that lists them, for a change that comes now.

    Nobody else counts until this transaction ends. To be called before the doors are locked or changed.
    """
    if household_ids:
        hold(db, alone=True)
        db.execute(load("visited_shift"), {"ids": list(household_ids), "sign": -1})


def after(db: Connection, household_ids: Collection[int]) -> None:
    """Counts these doors again, as they are now: the other half of `before`, with the same doors."""
    if household_ids:
        db.execute(load("visited_shift"), {"ids": list(household_ids), "sign": 1})
        db.execute(load("visited_drop_empty"))


def refresh(db: Connection, household_ids: Collection[int], now: datetime) -> list[int]:
    """The doors whose confirmed exclusion has ended by a visit; all of these doors stand as their visits say.

    The transaction has held the counts and locked the doors (`FOR NO KEY UPDATE`, in the order of their ids).
    """
    return [row.household_id for row in ask(db, "visited_refresh", {"ids": list(household_ids), "now": now})]


def recount(db: Connection, campaign_id: int) -> None:
    """Counts a campaign anew from its list and all visits: after its days or modes change."""
    hold(db, alone=True)
    db.execute(load("visited_doors"), {"campaign_id": campaign_id})
    db.execute(t.campaign_cell.delete().where(t.campaign_cell.c.campaign_id == campaign_id))
    count(db, campaign_id)


def count(db: Connection, campaign_id: int) -> None:
    """Counts the doors of a campaign's list, which stand as their visits say, into cells that are not there yet."""
    db.execute(load("visited_cells"), {"campaign_id": campaign_id})
