"""How many overdue reports a second the periodic work takes up a level, log and all, in transactions of 500."""

from __future__ import annotations

import argparse
import time
from datetime import timedelta

from sqlalchemy import text

from bench.apply import AGREED, department, submitted
from bench.place import NOW, cluster, machine, schema
from gridsvc import periodic

OVERDUE = """
UPDATE report SET state = 'dispatched', department_id = :department, level = 'grid', stage = 'dispose',
  due_at = :due_at, due_original_at = :due_at, filed_at = received_at, dispatched_at = received_at, verified = 'exists'
"""


def main() -> None:
    """Prints reports a second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=3000)
    args = parser.parse_args()
    print(machine())
    with cluster() as urls, schema(urls, "bench") as place:
        department_id = department(place)
        submitted(place, args.reports)
        with place.begin() as db:
            db.execute(text(OVERDUE), {"department": department_id, "due_at": NOW})
        start = time.perf_counter()
        done = periodic.rounds(place.begin, NOW + timedelta(days=7), lambda _: AGREED)
        seconds = time.perf_counter() - start
        again = periodic.rounds(place.begin, NOW + timedelta(days=7), lambda _: AGREED)
    n = done.done.get("escalate", 0)
    print(f"escalated {n:,} of {args.reports:,} in {seconds:.1f} s: {n / seconds:.0f} a second, goal 300")
    print(f"  failed {len(done.failed)}; a second look changed {sum(again.done.values())}")


if __name__ == "__main__":
    main()
