"""What a worker's phone sends, stored and undone: a connection that has done it once does it at half the cost.

PostgreSQL keeps plans, keys to check and triggers by connection, and makes them when they are first used: some 15 ms of
processor time for each connection, which a district that sends at one moment would pay in that moment.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from gridsvc import photos, reports, sync_acts, visits
from gridsvc.db import tables as t
from gridsvc.db.queries import ask, undone
from gridsvc.grids import Rule
from gridsvc.handling import Wish
from gridsvc.reports import Position
from gridsvc.rules.roles import Actor
from gridsvc.sync_acts import Act, Target
from gridsvc.terms import Agreed

ACCURACY_M = 12.0
WORDS = "-"


def rehearse(db: Connection, now: datetime, rule: Rule, agreed: Callable[[Connection], Agreed]) -> bool:
    """Whether there was a worker with a door to do it for; nothing of it is stored, no report's number is taken.

    A report, a visit, an action, a photo's row and what it belongs to, in the transaction of `db`, as `sync.receive`
    and `photos.save` store them. Numbers that only the database counts by (ids) are passed over, as by any request
    that fails.
    """
    found = _worker(db)
    if found is None:
        return False
    actor = Actor("worker", account_id=found.account_id, worker_id=found.worker_id)
    key = uuid.uuid4()
    place = Position(found.lon, found.lat, "wgs84", ACCURACY_M)
    report = reports.Draft(key, reports.UNCLASSIFIED, WORDS, "app", place)
    where = {"x": found.lon, "y": found.lat, "crs": "wgs84", "accuracy_m": ACCURACY_M}
    visit = visits.Draft(uuid.uuid4(), found.household_id, "absent", now, **where)
    target, digest = Target(report_key=key), uuid.uuid4().bytes * 2  # a photo's, as long as a hash is
    acts = (
        Act(uuid.uuid4(), target, digest, Wish("verify", sync_acts.NEWEST)),
        Act(uuid.uuid4(), target, digest, photos=(digest.hex(),)),
    )
    with undone(db):
        reports.rehearse(db, report, actor, now, rule)
        visits.record_all(db, [visit], actor, now, rule)
        photos.known(db, digest)
        ask(db, "photo_lock", {"alone": False})
        ask(db, "photo_store", _photo(digest, actor, now))
        for act in acts:
            sync_acts.perform(db, {0: act}, actor, now, rule, agreed)
    return True


def _worker(db: Connection) -> Any:
    """An account of a worker with a door in a grid of the own duty: ids and EPSG:4326 degrees."""
    a, d, g, h = t.account.c, t.duty.c, t.grid_version.c, t.household.c
    own = t.account.join(t.duty, d.worker_id == a.worker_id)
    doors = own.join(t.grid_version, g.code == d.grid_code).join(t.household, h.grid_version_id == g.id)
    lon, lat = func.ST_X(h.geom).label("lon"), func.ST_Y(h.geom).label("lat")
    wanted = select(a.id.label("account_id"), a.worker_id, h.id.label("household_id"), lon, lat).select_from(doors)
    return db.execute(wanted.where(a.role == "worker", h.geom.is_not(None)).limit(1)).first()


def _photo(digest: bytes, actor: Actor, now: datetime) -> dict[str, object]:
    """A photo as `photos.save` stores it, without a file."""
    size = {"width": 1280, "height": 960, "n_bytes": 55_000, "sent_bytes": 50_000, "sent_format": "jpeg"}
    said = {"lon": None, "lat": None, "taken_at": None, "received_at": now, "sender_id": actor.account_id}
    return {"sha256": digest, "file_sha256": digest} | size | said
