"""Which doors a coverage counts and what they are, now or as they were at an instant: the table `covered_door`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, exists, select, text

from gridsvc import grids
from gridsvc.campaigns import Campaign
from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.errors import NotFound
from gridsvc.grids import Rule
from gridsvc.household_reading import folded
from gridsvc.rules.roles import Actor
from gridsvc.stats import scope


def gather(
    db: Connection,
    campaign: Campaign | None,
    edition: int | None,
    as_of: datetime | None,
    actor: Actor,
    now: datetime,
    rule: Rule | None,
) -> datetime:
    """The instant whose grids are shown; afterwards `covered_door` holds the doors, on the list or the register.

    Each is in the grid of its position: the current edition's, or those that held when `edition` was published. As of
    an instant class, kind, compound and position are those of then; `door_then` holds the doors that have changed.

    Raises:
        NotFound: no such edition.
    """
    if rule is None and (edition is not None or as_of is not None):
        raise ValueError("an edition or an instant is asked for without a rule of placement")
    held_at = now if edition is None else _held_at(db, edition, as_of, now)
    db.execute(text("DROP TABLE IF EXISTS pg_temp.covered_door, pg_temp.door_then"))
    for name in ("coverage_door_make", "coverage_then_make"):
        db.execute(load(name))
    n_moved = 0 if as_of is None or rule is None else _look_back(db, as_of, now, rule)
    # Whose a door is elsewhere, in an older edition or where it was then, shows when it is placed there.
    values = whose(actor) | {"as_of": as_of, "everywhere": actor.sees_all or edition is not None or n_moved > 0}
    values["folded"] = folded(db, actor)
    away = gone(db, as_of)
    if campaign is None:
        db.execute(load("coverage_registered"), values | {"gone_ids": away["gone_ids"]})
    else:
        db.execute(load("coverage_listed"), values | away | {"campaign_id": campaign.id})
    if as_of is not None:
        db.execute(load("coverage_then"), {"folded": values["folded"]})
    if held_at != now and rule is not None:
        grids.begin_placing(db)
        db.execute(load("coverage_to_place"), {"at": held_at})
        grids.place_all(db, rule)
        db.execute(load("coverage_placed"))
    db.execute(text("ANALYZE covered_door"))
    return held_at


def gone(db: Connection, as_of: datetime | None) -> dict[str, list[object]]:
    """The doors that were off the register at the instant asked for and came back later, and since when they were."""
    found = [] if as_of is None else db.execute(load("coverage_gone"), {"as_of": as_of}).all()
    return {"gone_ids": [row.household_id for row in found], "gone_at": [row.removed_at for row in found]}


def whose(actor: Actor) -> dict[str, object]:
    """Which doors this reader sees, as SQL that asks for no department wants it."""
    return {name: value for name, value in scope(actor).items() if name != "department_id"}


def _held_at(db: Connection, edition: int, as_of: datetime | None, now: datetime) -> datetime:
    """An instant at which the edition held: the one asked for if it did then, so that the other layers are as they were
    too; now, where the grids are still those."""
    e = t.edition.c
    of_edition = select(e.state, e.published_at, e.retired_at).where((e.id == edition) & (e.state != "draft"))
    found = db.execute(of_edition).first()
    if found is None:
        raise NotFound("edition_unknown", edition=edition)
    at: datetime = now if found.state == "published" else found.published_at
    if as_of is not None and found.published_at <= as_of and (found.retired_at is None or as_of < found.retired_at):
        at = as_of
    return at if db.scalar(select(exists().where(e.published_at > at))) else now


def _look_back(db: Connection, as_of: datetime, now: datetime, rule: Rule) -> int:
    """How many doors have moved since; afterwards `door_then` tells of all that have changed what they were."""
    db.execute(load("coverage_then_add"), {"as_of": as_of})
    db.execute(text("ANALYZE door_then"))
    n_moved = int(db.scalar(text("SELECT count(*) FROM door_then WHERE moved")) or 0)
    if n_moved:
        grids.begin_placing(db)
        db.execute(load("coverage_then_to_place"), {"at": now})
        grids.place_all(db, rule)
        db.execute(load("coverage_then_placed"))
    return n_moved
