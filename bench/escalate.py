"""How many overdue reports a second the periodic work takes up a level, log and all, in transactions of 500.

They lie in communities of three kinds: with all levels above, without a subdistrict, and with nobody above, where a
report stands at the top of its own chain and every look has to pass it by.
"""

from __future__ import annotations

import argparse
import time
from datetime import timedelta

from sqlalchemy import Connection, text

from bench.apply import AGREED, department
from bench.place import NOW, cluster, machine, publish_lattice, schema
from bench.publish import fill
from gridsvc import areas, periodic

N_GRIDS, N_COMMUNITIES = 1000, 300
OF_AREAS = """
UPDATE grid_version g SET area_id = a.id
FROM (SELECT id, row_number() OVER (ORDER BY code) - 1 AS nr FROM area WHERE level = 'community') a
WHERE a.nr = g.id % :n
"""
OVERDUE = """
UPDATE report r SET state = 'dispatched', department_id = :department, stage = 'dispose', due_at = :due_at,
  due_original_at = :due_at, filed_at = r.received_at, dispatched_at = r.received_at, verified = 'exists',
  level = CASE WHEN alone THEN 'community' ELSE 'grid' END
FROM (
  SELECT p.report_id, a.parent_id IS NULL AS alone, row_number() OVER (PARTITION BY a.parent_id IS NULL) AS nr
  FROM placement p JOIN grid_version g ON g.id = p.grid_version_id JOIN area a ON a.id = g.area_id
) w
WHERE w.report_id = r.id AND (alone OR nr <= :n)
"""


def settle(db: Connection) -> None:
    """Areas of three depths, and a grid's community in turn."""
    above = [areas.Area("C", "city", "C", None, None)]
    for n in range(4):
        above.append(areas.Area(f"D{n}", "district", "D", "C", None))
        above.append(areas.Area(f"S{n}", "subdistrict", "S", f"D{n}", None))
    below = [
        areas.Area(f"K{n:04}", "community", "K", (f"S{n % 4}", f"D{n % 4}", None)[n % 3], None)
        for n in range(N_COMMUNITIES)
    ]
    areas.save(db, above + below)
    db.execute(text(OF_AREAS), {"n": N_COMMUNITIES})


def main() -> None:
    """Prints reports a second, and how long a look takes that finds nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=3000)
    parser.add_argument("--open", type=int, default=30_000, help="open ones, a third at the top of their chain")
    args = parser.parse_args()
    print(machine())
    with cluster() as urls, schema(urls, "bench") as place:
        department_id = department(place)
        with place.begin() as db:
            publish_lattice(db, N_GRIDS)
            settle(db)
            fill(db, args.open)
        with place.begin() as db:
            db.execute(text(OVERDUE), {"department": department_id, "due_at": NOW, "n": args.reports})
        with place.begin() as db:
            db.execute(text("ANALYZE"))
        start, used = time.perf_counter(), time.process_time()
        done = periodic.rounds(place.begin, NOW + timedelta(days=7), lambda _: AGREED)
        seconds, used = time.perf_counter() - start, time.process_time() - used
        start = time.perf_counter()
        again = periodic.rounds(place.begin, NOW + timedelta(days=7), lambda _: AGREED)
        look = time.perf_counter() - start
    n = done.done.get("escalate", 0)
    print(f"escalated {n:,} of {args.reports:,} in {seconds:.1f} s: {n / seconds:.0f} a second, goal 300")
    print(f"  processor time in Python {used / max(n, 1) * 1000:.2f} ms each; failed {len(done.failed)}")
    print(f"  a second look changed {sum(again.done.values())} in {look * 1000:.0f} ms")


if __name__ == "__main__":
    main()
