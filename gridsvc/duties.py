"""Who is on duty in one grid, as main or deputy and at which hours; set by who keeps the area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time

from sqlalchemy import Connection, delete, select, tuple_

from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.errors import Forbidden, NotFound, Refused
from gridsvc.rules.roles import Actor
from gridsvc.stats import scope
from gridsvc.stored import Stored, store


@dataclass(frozen=True)
class Post:
    """One worker's duty in a grid: `kind` main or deputy; None: every day, or the whole day; ISO weekdays 1-7."""

    worker_code: str
    kind: str
    weekdays: tuple[int, ...] | None = None
    starts: time | None = None
    ends: time | None = None
    worker_name: str | None = None


def of_grid(db: Connection, actor: Actor, grid_code: str, layer: str) -> tuple[Post, ...]:
    """The duty in a published grid of the actor's own areas: main before deputy, then by worker.

    Raises:
        NotFound: no published grid of the layer has the code.
        Forbidden: `grid_not_yours`.
    """
    _own(db, actor, grid_code, layer)
    d, w = t.duty.c, t.worker.c
    chosen = select(w.code, d.kind, d.weekdays, d.starts, d.ends, w.name).join(t.worker, w.id == d.worker_id)
    rows = db.execute(chosen.where(d.grid_code == grid_code, d.layer == layer).order_by(d.kind.desc(), w.code))
    return tuple(
        Post(row.code, row.kind, None if row.weekdays is None else tuple(row.weekdays), row.starts, row.ends, row.name)
        for row in rows
    )


def put(db: Connection, actor: Actor, grid_code: str, layer: str, posts: Sequence[Post]) -> Stored:
    """Makes these the only duty in a published grid of the actor's own areas; other grids of the workers stay theirs.

    Raises:
        NotFound: no published grid of the layer has the code.
        Forbidden: `grid_not_yours`.
        Refused: `duty_worker_unknown`, `duty_repeated_worker`, `duty_main_twice`.
    """
    _own(db, actor, grid_code, layer)
    ids = _workers(db, posts)
    keys = [(ids[one.worker_code], one.kind) for one in posts]
    twice = next((one.worker_code for one, key in zip(posts, keys, strict=True) if keys.count(key) > 1), None)
    if twice is not None:
        raise Refused("duty_repeated_worker", worker=twice)
    mains = [(one.weekdays, one.starts, one.ends) for one in posts if one.kind == "main"]
    if len(set(mains)) < len(mains):
        raise Refused("duty_main_twice")
    d = t.duty.c
    here = (d.grid_code == grid_code) & (d.layer == layer)
    db.execute(delete(t.duty).where(here & tuple_(d.worker_id, d.kind).not_in(keys)))
    rows = (
        {"key": f"{one.worker_code}|{one.kind}", "worker_code": one.worker_code, "kind": one.kind}
        | {"layer": layer, "grid_code": grid_code, "starts": one.starts, "ends": one.ends}
        | {"weekdays": None if one.weekdays is None else sorted(set(one.weekdays))}
        for one in posts
    )
    return store(db, load("save_duty"), rows)


def _own(db: Connection, actor: Actor, grid_code: str, layer: str) -> None:
    g = t.grid_version.c
    current = (g.code == grid_code) & (g.layer == layer) & g.valid_from.is_not(None) & g.valid_to.is_(None)
    version_id = db.scalar(select(g.id).where(current))
    if version_id is None:
        raise NotFound("grid_unknown", grid=grid_code)
    if db.execute(load("own_grid"), scope(actor) | {"version_id": version_id}).one_or_none() is None:
        raise Forbidden("grid_not_yours", grid=grid_code)


def _workers(db: Connection, posts: Sequence[Post]) -> dict[str, int]:
    w = t.worker.c
    rows = db.execute(select(w.code, w.id).where(w.code.in_([one.worker_code for one in posts]), w.active))
    ids: dict[str, int] = {row.code: row.id for row in rows}
    unknown = next((one.worker_code for one in posts if one.worker_code not in ids), None)
    if unknown is not None:
        raise Refused("duty_worker_unknown", worker=unknown)
    return ids
