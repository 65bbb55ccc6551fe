"""The worklist over many reports: the worst of thirty filter and sort pairs, page 1,000 included.

python -m bench.worklist [n_reports ...]; 3 % of the reports are open. Each call is timed as the verb gives its page:
statements, network to the database and Python objects; without HTTP.
"""

from __future__ import annotations

import argparse
import statistics
import time
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from bench import place
from gridsvc import worklist
from gridsvc.db.engine import make_engine
from gridsvc.rules.lifecycle import STATES
from gridsvc.rules.roles import Actor
from gridsvc.worklist import Filter, Order

ZONE = ZoneInfo("Asia/Shanghai")
TIMES = 60
ENDED = ("struck_off",)
DAY = timedelta(days=1)

FILL = (
    "INSERT INTO area (level, code, name) SELECT 'community', 'A' || i, '社区' || i FROM generate_series(0, 39) i",
    "UPDATE grid_version SET area_id = (SELECT id FROM area WHERE code = 'A' || grid_version.id % 40)",
    "INSERT INTO department (code, name) SELECT 'D' || i, '部门' || i FROM generate_series(0, 29) i",
    "INSERT INTO category (code, name_zh, name_en) SELECT 'E' || lpad(i::text, 4, '0'), 'c', 'c' "
    "FROM generate_series(100, 299) i",
    # the open ones lie everywhere, the late ones more often at the end
    """INSERT INTO report (source, number, state, category, description, channel, received_at, department_id,
         level,
         due_at, due_original_at, stage, stage_due_at, accepted_at, filed_at, disposed_at, suspended_at,
         suspended_until, card,
         n_rework, outcome, updated_at)
       SELECT 'gridsvc', to_char(r, 'YYYYMMDD') || '-' || lpad(i::text, 7, '0'), s,
         'E' || lpad((100 + i % 200)::text, 4, '0'),
         '路面积水，井盖破损，影响通行 ' || i, 'web', r, CASE WHEN s IN ('dispatched', 'disposed', 'struck_off')
         THEN 1 + i % 30 END, 'grid', CASE WHEN s <> 'reported' THEN r + interval '5 days' * (1 + i % 3) END,
         CASE WHEN s <> 'reported' THEN r + interval '5 days' * (1 + i % 3) END,
         CASE s WHEN 'filed' THEN 'dispatch' WHEN 'dispatched' THEN 'dispose' WHEN 'disposed' THEN 'check' END,
         CASE WHEN s = 'disposed' THEN r + interval '9 days' END, CASE WHEN s = 'dispatched' AND i % 2 = 0 THEN r END,
         CASE WHEN s <> 'reported' THEN r END, CASE WHEN s IN ('disposed', 'struck_off') THEN r + interval '2 days' END,
         CASE WHEN s = 'filed' AND i % 9 = 0 THEN r END, NULL, CASE WHEN i % 50 = 0 THEN 'yellow' END,
         CASE WHEN i % 40 = 0 THEN 1 ELSE 0 END, 'by_deadline', r + interval '9 days'
       FROM (SELECT i, CAST(:now AS timestamptz)
           - interval '300 days' * ((CAST(i AS bigint) * 7919) % :n) / :n AS r,
           CASE WHEN (CAST(i AS bigint) * 31) % 100 < 3 THEN (ARRAY['reported', 'filed', 'dispatched',
         'disposed'])[1 + i % 4]
             ELSE 'struck_off' END AS s
         FROM generate_series(1, :n) i) made""",
    "INSERT INTO report_log (report_id, seq, action, to_state, at, digest) "
    "SELECT id, 1, 'submit', 'reported', received_at, sha256('') FROM report",
    "INSERT INTO report_log (report_id, seq, action, from_state, to_state, at, digest) "
    "SELECT id, 2, 'strike_off', 'closed', state, received_at + interval '9 days', sha256('') FROM report",
    """INSERT INTO placement (report_id, seq, from_at, grid_version_id, method, confidence, ended, received_at)
       SELECT r.id, 1, r.received_at, CASE WHEN r.id % 199 > 0 THEN g.id END,
         CASE WHEN r.id % 199 > 0 THEN 'covers' ELSE 'none' END, CASE WHEN r.id % 97 = 0 THEN 0.5 END,
         ended_state(r.state), CASE WHEN NOT r.open THEN r.received_at END
       FROM report r
       JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS nr, count(*) OVER () AS of FROM grid_version) g
         ON g.nr = (r.id * 13) % g.of""",
)


def pairs(grid: str) -> list[tuple[str, Actor, Filter, Order, int]]:
    """Name, reader, filter, order and page of each of the thirty."""
    admin = Actor("admin")
    manager, handler = Actor("manager", area_ids=(1, 2, 3, 4, 5)), Actor("handler", department_id=3)
    made: list[tuple[str, Actor, Filter, Order, int]] = []
    for sort in worklist.SORTS:
        made.append((f"open by {sort}", admin, Filter(), Order(sort), 1))
        made.append((f"open by {sort}, last pages", admin, Filter(), Order(sort, True), 600))
    made += [
        ("open, page 1,000", admin, Filter(), Order("due"), 1000),
        ("overdue by grid", admin, Filter(deadline="overdue"), Order("grid"), 1),
        ("one grid", admin, Filter(grid=grid), Order("due"), 1),
        ("one class", admin, Filter(category="E01"), Order("received", True), 1),
        ("one category, to accept", admin, Filter(category="E0150", queue="to_accept"), Order("due"), 1),
        ("one department", admin, Filter(department="D7"), Order("due"), 1),
        ("one area", admin, Filter(area="A7"), Order("updated", True), 1),
        ("words", admin, Filter(words="井盖破损"), Order("due"), 1),
        ("unplaced", admin, Filter(queue="unplaced"), Order("received"), 1),
        ("a manager's", manager, Filter(), Order("due"), 1),
        ("a department's", handler, Filter(), Order("due"), 1),
        ("struck off, page 1,000", admin, Filter(states=ENDED), Order("received", True), 1000),
        ("all, page 1,000", admin, Filter(states=STATES), Order("due"), 1000),
        ("a manager's struck off, page 1,000", manager, Filter(states=ENDED), Order("received", True), 1000),
        ("struck off of one category", admin, Filter(states=ENDED, category="E0150"), Order("received", True), 1),
    ]
    return made


def fill(db: Connection, n: int) -> None:
    """So many reports, 3 % of them open."""
    place.publish_lattice(db, 1000)
    for statement in FILL:
        used = {name: value for name, value in (("n", n), ("now", place.NOW)) if f":{name}" in statement}
        db.execute(text(statement), used)


def measure(url: str, schema: str, limit: int) -> dict[str, float]:
    """The 95th percentile in milliseconds of each pair."""
    told: dict[str, float] = {}
    engine = make_engine(url, schema)
    with engine.begin() as db:
        grid = str(db.scalar(text("SELECT min(code) FROM grid_version")))
    for name, actor, wanted, order, number in pairs(grid):
        taken = []
        for _ in range(TIMES):
            with engine.begin() as db:
                start = time.perf_counter()
                worklist.page(db, actor, wanted, place.NOW, ZONE, order=order, number=number, limit=limit)
                taken.append(1000 * (time.perf_counter() - start))
        told[name] = statistics.quantiles(taken, n=20)[-1]
        print(f"  {name:<40}{told[name]:9.1f} ms p95{statistics.median(taken):9.1f} ms median", flush=True)
    engine.dispose()
    return told


def main() -> None:
    """Prints the figures of each size, and the worst of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=[10_000, 1_000_000], help="numbers of reports")
    sizes: list[int] = parser.parse_args().sizes
    print(place.machine())
    worst: dict[int, float] = {}
    with place.cluster() as urls:
        for n in sizes:
            with place.schema(urls, f"worklist_{n}") as made:
                with place.timed(f"{n} reports made"), made.begin() as db:
                    fill(db, n)
                vacuum(made)
                told = measure(made.app_url, made.schema, 50 if n >= 100_000 else 10)
                worst[n] = max(told.values())
                name = max(told, key=lambda one: told[one])
                print(f"{n} reports: worst of {len(told)} pairs {worst[n]:.0f} ms ({name})")
    first, last = min(worst), max(worst)
    print(f"worst at {last} / worst at {first}: {worst[last] / worst[first]:.1f} (at most 2)")


def vacuum(made: place.Place) -> None:
    """What autovacuum does in time: index-only scans need it."""
    engine = make_engine(made.owner_url, made.schema)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        for table in ("report", "placement", "report_log"):
            db.execute(text(f"VACUUM (ANALYZE) {table}"))
    engine.dispose()


if __name__ == "__main__":
    main()
