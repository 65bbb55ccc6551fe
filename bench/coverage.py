"""Coverage by grid of a running campaign: from the kept cells, against the plain GROUP BY over all visits.

python -m bench.coverage [n_doors n_grids]; three visits a door. The answers are compared to the last door.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from bench import load, place
from bench.submit import ours
from gridsvc import accounts, campaigns, coverage, visits
from gridsvc.db.engine import make_engine
from gridsvc.rules.roles import Actor

N_DOORS, N_GRIDS, VISITS_A_DOOR = 1_000_000, 10_000, 3
TIMES, PLAIN_TIMES = 40, 3
ZONE = ZoneInfo("Asia/Shanghai")
PLANNER = Actor("planner")
QUERY = coverage.Query(("grid",), "bench")
# Without anything kept: visits that count, by door, by grid.
PLAIN = """
  SELECT g.code, count(*) FILTER (WHERE h.excluded IS NULL) AS eligible,
    count(*) FILTER (WHERE h.excluded IS NULL AND v.reached) AS reached, count(v.household_id) AS attempted,
    coalesce(sum(v.n_visits), 0) AS n_visits
  FROM household h
  JOIN grid_version g ON g.id = h.grid_version_id
  LEFT JOIN (
    SELECT household_id, bool_or(outcome = 'reached') AS reached, count(*) AS n_visits FROM visit
    WHERE mode = 'door' AND happened_at >= :starts_at AND happened_at < :ends_at
    GROUP BY household_id
  ) v ON v.household_id = h.id
  GROUP BY g.code
"""

FILL = (
    "INSERT INTO area (level, code, name) SELECT 'subdistrict', 'S' || i, '街道' || i FROM generate_series(0, 39) i",
    "INSERT INTO area (level, code, name, parent_id) SELECT 'community', 'C' || i, '社区' || i, "
    "(SELECT id FROM area WHERE code = 'S' || i % 40) FROM generate_series(0, 399) i",
    "UPDATE grid_version SET area_id = (SELECT id FROM area WHERE code = 'C' || grid_version.id % 400)",
    # a compound reaches into the next grid now and then
    "INSERT INTO compound (source, ref, name, geom) SELECT 'bench', g.code, '小区' || g.id, ST_PointOnSurface(g.geom) "
    "FROM grid_version g WHERE g.id % 4 = 0",
    """INSERT INTO household (compound_id, building, unit, room, kind, class_code, geom, grid_version_id, registered_at,
         excluded)
       SELECT c.id, CAST(i / :grids AS text), '无', CAST(i % :grids AS text), 'household',
         (ARRAY['ordinary', 'ordinary', 'ordinary', 'ordinary', 'ordinary', 'ordinary', 'ordinary', 'cared_for',
           'in_need', 'living_alone'])[1 + (i * 7 / :grids) % 10],
         c.geom, g.id, CAST(:at AS timestamptz) - interval '1 year', CASE WHEN i % 211 = 0 THEN 'vacant' END
       FROM generate_series(0, :doors - 1) i
       JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS nr FROM grid_version) g ON g.nr = i % :grids
       JOIN (SELECT id, geom, row_number() OVER (ORDER BY id) - 1 AS nr FROM compound) c
         ON c.nr = ((i % :grids) / 4 + CAST((i / :grids) % 25 = 0 AS integer)) % (:grids / 4)""",
    """INSERT INTO visit (client_key, household_id, outcome, mode, happened_at, recorded_at, n_met)
       SELECT gen_random_uuid(), h.id, o.outcome, CASE WHEN h.id % 17 = 0 THEN 'phone' ELSE 'door' END, w.at, w.at,
         CASE WHEN o.outcome = 'reached' THEN 1 + h.id % 3 ELSE 0 END
       FROM household h
       CROSS JOIN generate_series(1, :visits) v
       CROSS JOIN LATERAL (SELECT CAST(:at AS timestamptz) + interval '1 hour' * ((h.id * 31 + v * 977) % 2000)) w (at)
       CROSS JOIN LATERAL (SELECT (ARRAY['reached', 'absent', 'absent', 'refused', 'reached', 'not_found', 'absent',
         'moved', 'vacant'])[1 + (h.id * 5 + v * 7) % 9]) o (outcome)""",
)


def fill(db: Connection, n_doors: int, n_grids: int) -> None:
    """Doors with their visits, over the lattice's grids."""
    place.publish_lattice(db, n_grids)
    given = {"doors": n_doors, "grids": n_grids, "visits": VISITS_A_DOOR, "at": place.BEGIN}
    for statement in FILL:
        db.execute(text(statement), {name: value for name, value in given.items() if f":{name}" in statement})
    days = date(2026, 1, 1), date(2026, 3, 31)
    campaigns.create(db, "bench", campaigns.Wanted("bench", *days), PLANNER, place.BEGIN, ZONE)
    campaigns.draw(db, "bench", place.BEGIN)


def token(db: Connection) -> str:
    """A planner's bearer token."""
    now = datetime.now(UTC)
    accounts.create(db, login="bench", name="bench", role="planner", password=uuid.uuid4().hex)
    return accounts.issue_bearer(db, "bench", "bench", now, timedelta(hours=2)).token


def median_ms(times: int, work: Callable[[], object]) -> float:
    """The median of so many runs after one to get warm."""
    work()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - start))
    return statistics.median(taken)


def one_more(made: place.Place, asked: load.Request) -> load.Request:
    """What is asked, after one more visit at some door has been recorded and counted."""
    at = place.BEGIN + timedelta(days=30)
    with made.begin() as db:
        door = int(db.execute(text("SELECT id FROM household ORDER BY id LIMIT 1")).scalar_one())
        visits.load(db, [visits.Past(visits.Draft(uuid.uuid4(), door, "absent", at), None, at)])
    return asked


def measure(made: place.Place, known: dict[str, str]) -> None:
    """Prints the medians, and whether the answers are equal."""
    engine = make_engine(made.app_url, made.schema, pool_size=1)
    with engine.begin() as db:
        campaign = campaigns.one(db, "bench")
        bounds = {"starts_at": campaign.starts_at, "ends_at": campaign.ends_at}
        kept = coverage.table(db, QUERY, PLANNER, place.NOW, ZONE)
        plain = {row.code: row for row in db.execute(text(PLAIN), bounds)}
    counts = {row.keys[0].code: row.counts for row in kept.rows}
    names = ("eligible", "reached", "n_visits")
    equal = {code: [of[name] for name in names] for code, of in counts.items()} == {
        code: [int(getattr(row, name)) for name in names] for code, row in plain.items()
    }

    def verb() -> None:
        with engine.begin() as db:
            coverage.table(db, QUERY, PLANNER, place.NOW, ZONE)

    def by_hand() -> None:
        with engine.begin() as db:
            db.execute(text(PLAIN), bounds).all()

    gc.freeze()  # as the server does
    plain_ms = median_ms(PLAIN_TIMES, by_hand)
    verb_ms = median_ms(TIMES, verb)
    engine.dispose()
    with ours(made) as port:
        asked = ("GET", "/api/v1/stats/coverage?by=grid&campaign=bench", None)
        load.run(port, 5, lambda _: asked, known, clients=1)
        api_ms = load.run(port, TIMES, lambda _: asked, known, clients=1).p50_ms
        anew_ms = load.run(port, TIMES, lambda _: one_more(made, asked), known, clients=1).p50_ms
    print(f"equal to the plain GROUP BY in {len(counts)} grids: {equal}")
    print(f"plain {plain_ms:.0f} ms, verb p50 {verb_ms:.0f} ms, API p50 {api_ms:.0f} ms")
    print(f"API p50 {anew_ms:.0f} ms after each visit, plain / that {plain_ms / anew_ms:.1f}")
    print(f"plain / verb {plain_ms / verb_ms:.1f}, plain / API {plain_ms / api_ms:.1f}")


def main() -> None:
    """Makes the doors and visits, draws the campaign, and compares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("n_doors", nargs="?", type=int, default=N_DOORS)
    parser.add_argument("n_grids", nargs="?", type=int, default=N_GRIDS)
    size = parser.parse_args()
    print(place.machine())
    with place.cluster() as urls, place.schema(urls, "coverage") as made:
        with place.timed(f"{size.n_doors} doors, {VISITS_A_DOOR} visits each, the list drawn"), made.begin() as db:
            fill(db, size.n_doors, size.n_grids)
            known = {"Authorization": f"Bearer {token(db)}"}
        engine = make_engine(made.owner_url, made.schema)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
            db.exec_driver_sql("VACUUM ANALYZE")
        engine.dispose()
        measure(made, known)
    print(place.machine())


if __name__ == "__main__":
    main()
