"""Placements: one row each time a report gets a grid; the open one (`to_at` null) decides duty."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from gridsvc import grids, rewriting
from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.grids import Placement, Rule

# From this share of the published grids on, all open reports are looked at: polygon by polygon takes longer then.
MANY_SHARE = 0.25
_ARE_MANY = text("SELECT :n >= :share * count(*) FROM grid_version WHERE valid_from IS NOT NULL AND valid_to IS NULL")


def supersede(db: Connection, report_id: int, seq: int, placement: Placement, now: datetime) -> None:
    """Ends the current placement and stores the new one, made by the log row `seq`; the old one stays readable."""
    p = t.placement.c
    db.execute(t.placement.update().where((p.report_id == report_id) & p.to_at.is_(None)).values(to_at=now))
    row = {
        "report_id": report_id,
        "seq": seq,
        "from_at": now,
        "grid_version_id": placement.grid_version_id,
        "method": placement.method,
        "distance_m": placement.distance_m,
        "confidence": placement.confidence,
        "runners_up": [list(pair) for pair in placement.runners_up],
        "reason": placement.reason,
        "worker_id": placement.worker_id,
        "duty": placement.duty,
    }
    db.execute(t.placement.insert(), row)


def current(db: Connection, report_id: int) -> Placement:
    """The placement that decides duty now."""
    row = db.execute(load("current_placement"), {"report_id": report_id}).one()
    return Placement(
        row.grid_version_id,
        row.code,
        row.name,
        row.layer,
        row.method,
        row.distance_m,
        row.reason,
        row.confidence,
        tuple((code, share) for code, share in row.runners_up or ()),
        row.worker_id,
        row.worker_name,
        row.duty,
        row.area_name,
    )


def replace_near(db: Connection, version_ids: list[int], now: datetime, rule: Rule) -> int:
    """How many open reports got another placement because these grid versions came or went.

    Looks only at open reports in or near those versions, or on any retired one, that no person placed (at all of them
    where many versions changed: that is quicker and comes to the same); each one that gets another grid version has its
    placement superseded and one log row. Closed ones and hand-placed ones keep theirs.
    """
    many = db.scalar(_ARE_MANY, {"n": len(version_ids), "share": MANY_SHARE})
    if many:
        n_moved = _replace_all(db, now, rule) if rewriting.prepare(db) else None
        if n_moved is not None:
            return n_moved
    grids.begin_placing(db)
    if many:
        n = db.execute(load("reports_open"), {"now": now}).rowcount
    else:
        values = {"version_ids": version_ids, "nearest_max_m": rule.nearest_max_m, "now": now}
        n = db.execute(load("reports_near_versions"), values).rowcount
    return _shift(db, n, now, rule) + replace_retired(db, now, rule)


def _replace_all(db: Connection, now: datetime, rule: Rule) -> int | None:
    """How many open reports got another placement, all looked at in statements that parallel workers share.

    None: others are at work in the reports, and nothing has happened.
    """
    db.execute(text("DROP TABLE IF EXISTS pg_temp.to_place, pg_temp.placed, pg_temp.shifted"))
    db.execute(load("replaced_covered_make"), {"now": now})
    db.execute(text("ANALYZE placed (id, grid_version_id)"))
    db.execute(load("replaced_rest_make"), {"now": now})
    grids.place_all(db, rule)
    n = None
    if rewriting.hold_still(db):
        n = db.execute(load("shifted_find_all")).rowcount
        if n:
            _rewrite(db, n, now, rule)
    db.execute(text("DROP TABLE IF EXISTS to_place, placed, shifted"))
    return n


def replace_retired(db: Connection, now: datetime, rule: Rule) -> int:
    """How many open reports left a retired grid version: imported ones that were received before it was retired."""
    grids.begin_placing(db)
    n = db.execute(load("reports_on_retired"), {"now": now}).rowcount
    return _shift(db, n, now, rule)


def _shift(db: Connection, n_candidates: int, now: datetime, rule: Rule) -> int:
    if not n_candidates:
        return 0
    grids.place_all(db, rule)
    if n_candidates < rewriting.LEAST_ROWS or not rewriting.hold_still(db):
        db.execute(load("shifted_lock"))
    db.execute(load("shifted_make"))
    with rewriting.in_order(db, n_candidates):
        n = db.execute(load("shifted_find")).rowcount
    if n:
        _rewrite(db, n, now, rule)
    db.execute(text("DROP TABLE shifted"))
    return n


def _rewrite(db: Connection, n: int, now: datetime, rule: Rule) -> None:
    """Ends the placement of each report in `shifted`; the new one and its row of the log come in the same statement."""
    db.execute(text("ANALYZE shifted (id, grid_version_id)"))
    db.execute(load("shifted_way_make"), {"now": now, "zone": rule.zone})
    db.execute(text("ANALYZE shifted_way"))
    with rewriting.rebuilt(db) if rewriting.worth_it(db, n) else nullcontext():
        db.execute(load("shifted_move"), {"now": now})
    db.execute(text("DROP TABLE shifted_way"))
    _weigh(db, now)


def _weigh(db: Connection, now: datetime, batch: int = 5000) -> None:
    """Works out the confidence of the placements just made whose report has an accuracy."""
    if not db.scalar(text("SELECT EXISTS (SELECT FROM shifted WHERE accuracy_m > 0)")):
        return
    db.execute(text("CREATE INDEX ON shifted (id) WHERE accuracy_m > 0"))
    last = 0
    while rows := db.execute(load("placements_to_weigh"), {"after": last, "batch": batch, "now": now}).all():
        shares = grids.confidences(db, [(r.id, r.lon, r.lat, r.accuracy_m, r.at) for r in rows])
        updates = []
        for row in rows:
            confidence, runners_up = grids.pick_confidence(shares.get(row.id, []), row.grid_version_id)
            updates.append({"id": row.id, "share": confidence, "others": [list(p) for p in runners_up]})
        db.execute(_SET_CONFIDENCE, updates)
        last = rows[-1].id


_current = t.placement.c.to_at.is_(None) & (t.placement.c.report_id == bindparam("id"))
_SET_CONFIDENCE = (
    t.placement.update()
    .where(_current)
    .values(confidence=bindparam("share"), runners_up=bindparam("others", type_=JSONB))
)
