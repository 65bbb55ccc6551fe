"""Recording visits, each committed and counted in a running campaign, against bare inserts; and batches of 1,000."""

from __future__ import annotations

import argparse
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from statistics import median

import psycopg
from sqlalchemy import Connection, make_url, text

from bench.place import BEGIN, NOW, RULE, Place, cluster, machine, publish_lattice, schema
from geodata.town import dice
from gridsvc import visited, visits
from gridsvc.db.engine import make_engine
from gridsvc.rules.roles import Actor

ROUNDS = 5
BLOCK = 10_000  # visits of the past at once
OWN_GRIDS = 10  # of the worker who visits
OUTCOMES = ("reached", "reached", "reached", "absent", "refused", "vacant")
BARE_TABLE = (
    "CREATE TABLE bare_visit (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, client_key uuid NOT NULL UNIQUE, "
    "household_id bigint NOT NULL, outcome text NOT NULL, happened_at timestamptz NOT NULL)"
)
DOORS = """
WITH grid AS MATERIALIZED (
  SELECT g.id, ST_PointOnSurface(g.geom) AS spot, row_number() OVER (ORDER BY g.id) AS nr FROM grid_version g
),
yard AS (
  INSERT INTO compound (source, ref, name, geom) SELECT 'bench', CAST(nr AS text), 'bench', spot FROM grid
  RETURNING id, ref
)
INSERT INTO household (compound_id, building, unit, room, geom, grid_version_id, registered_at, class_code)
SELECT y.id, CAST(i / 30 AS text), CAST(i / 10 % 3 AS text), CAST(i % 10 AS text), g.spot, g.id, :at,
  CASE WHEN i % 20 = 0 THEN 'cared_for' ELSE 'ordinary' END
FROM grid g JOIN yard y ON y.ref = CAST(g.nr AS text) CROSS JOIN generate_series(1, :per_grid) i
"""
CAMPAIGN = """
INSERT INTO campaign (code, name, state, kinds, starts_on, ends_on, starts_at, ends_at, created_at, drawn_at)
VALUES ('bench', 'bench', 'running', '{household}', :b, :e, :b, :e, :b, :b) RETURNING id
"""


def fill(db: Connection, n_grids: int, n_doors: int) -> tuple[Actor, list[tuple[int, float, float]]]:
    """Grids, doors, a running campaign over all of them; a worker, and the doors (id, lon, lat) of the own grids."""
    publish_lattice(db, n_grids)
    db.execute(text(DOORS), {"at": BEGIN, "per_grid": -(-n_doors // n_grids)})
    begin, end = NOW - timedelta(days=30), NOW + timedelta(days=60)
    campaign_id = db.execute(text(CAMPAIGN), {"b": begin, "e": end}).scalar_one()
    visited.hold(db, alone=True)
    listed = "INSERT INTO campaign_door (campaign_id, household_id, targeted) SELECT :c, id, true FROM household"
    db.execute(text(listed), {"c": campaign_id})
    visited.recount(db, campaign_id)
    worker_id = db.execute(text("INSERT INTO worker (code, name) VALUES ('w', 'w') RETURNING id")).scalar_one()
    duty = (
        "INSERT INTO duty (worker_id, layer, grid_code, kind) "
        "SELECT :w, layer, code, 'main' FROM grid_version ORDER BY code LIMIT :n"
    )
    db.execute(text(duty), {"w": worker_id, "n": OWN_GRIDS})
    own = (
        "SELECT h.id, ST_X(h.geom) AS lon, ST_Y(h.geom) AS lat FROM household h "
        "JOIN grid_version g ON g.id = h.grid_version_id JOIN duty d ON d.grid_code = g.code ORDER BY h.id"
    )
    doors = [(row.id, row.lon, row.lat) for row in db.execute(text(own))]
    account = "INSERT INTO account (login, name, role, password_hash) VALUES ('w', 'w', 'worker', 'x') RETURNING id"
    return Actor("worker", db.execute(text(account)).scalar_one(), "w", "w", worker_id), doors


def drafts(doors: list[tuple[int, float, float]], n: int, seed: int) -> list[visits.Draft]:
    """So many visits at these doors, with positions as phones give them."""
    rng = dice.stream(seed, "bench")
    made = []
    for _ in range(n):
        door, lon, lat = rng.choice(doors)
        made.append(
            visits.Draft(
                uuid.UUID(int=rng.getrandbits(128)),
                door,
                rng.choice(OUTCOMES),
                NOW - timedelta(minutes=rng.randint(0, 600)),
                x=lon + rng.uniform(-2e-4, 2e-4),
                y=lat + rng.uniform(-2e-4, 2e-4),
                crs="wgs84",
                accuracy_m=15.0,
            )
        )
    return made


def live(place: Place, doors: list[int], n: int) -> None:
    """So many visits of the last weeks at these doors: nobody begins with an empty table, nor plans for one."""
    rng = dice.stream(99, "bench")
    for start in range(0, n, BLOCK):
        past = []
        for _ in range(min(BLOCK, n - start)):
            at = NOW - timedelta(minutes=rng.randint(1000, 40_000))
            draft = visits.Draft(uuid.UUID(int=rng.getrandbits(128)), rng.choice(doors), rng.choice(OUTCOMES), at)
            past.append(visits.Past(draft, None, at))
        with place.begin() as db:
            visits.load(db, past)


def speed(work: Callable[[], int]) -> float:
    """How many a second."""
    start = time.perf_counter()
    n = work()
    return n / (time.perf_counter() - start)


def singles(place: Place, actor: Actor, some: list[visits.Draft]) -> Callable[[], int]:
    """Each visit in a transaction of its own, as at the door."""
    engine = make_engine(place.app_url, place.schema, pool_size=1)

    def work() -> int:
        for draft in some:
            with engine.begin() as db:
                visits.record(db, draft, actor, NOW, RULE)
        return len(some)

    with engine.connect() as db:
        db.execute(text("SELECT 1"))
    return work


def batches(place: Place, actor: Actor, some: list[visits.Draft]) -> Callable[[], int]:
    """The same in transactions of a thousand."""
    engine = make_engine(place.app_url, place.schema, pool_size=1)

    def work() -> int:
        for start in range(0, len(some), visits.MOST):
            with engine.begin() as db:
                answers = visits.record_all(db, some[start : start + visits.MOST], actor, NOW, RULE)
                if any(answer.status != "created" for answer in answers):
                    raise SystemExit("a visit was not created")
        return len(some)

    return work


def bare(place: Place, some: list[visits.Draft]) -> Callable[[], int]:
    """One insert and one commit each, by psycopg alone."""
    target = make_url(place.owner_url).set(drivername="postgresql").render_as_string(hide_password=False)
    db = psycopg.connect(target, options=f"-c search_path={place.schema},public")

    def work() -> int:
        into = "INSERT INTO bare_visit (client_key, household_id, outcome, happened_at) VALUES (%s, %s, %s, %s)"
        for one in some:
            db.execute(into, (one.client_key, one.household_id, one.outcome, one.happened_at))
            db.commit()
        return len(some)

    return work


def main() -> None:
    """Prints the speeds and their ratios, medians of rounds that take turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grids", type=int, default=1000)
    parser.add_argument("--doors", type=int, default=100_000)
    parser.add_argument("--stored", type=int, default=50_000, help="visits that are there already")
    parser.add_argument("--visits", type=int, default=500, help="singles a round")
    size = parser.parse_args()
    print(f"visits: {size.doors:,} doors, {size.grids:,} grids, {size.stored:,} stored, a campaign; {machine()}")
    with cluster() as urls, schema(urls, "bench") as place:
        with place.begin() as db:
            actor, doors = fill(db, size.grids, size.doors)
            db.execute(text(BARE_TABLE))
            everywhere = list(db.scalars(text("SELECT id FROM household ORDER BY id")))
        live(place, everywhere, size.stored)
        with place.begin() as db:
            db.execute(text("ANALYZE"))
        found: dict[str, list[float]] = {"bare": [], "single": [], "batch": []}
        for turn in range(ROUNDS):
            found["bare"].append(speed(bare(place, drafts(doors, size.visits, 3 * turn))))
            found["single"].append(speed(singles(place, actor, drafts(doors, size.visits, 3 * turn + 1))))
            found["batch"].append(speed(batches(place, actor, drafts(doors, 2 * visits.MOST, 3 * turn + 2))))
            print("  " + ", ".join(f"{name} {speeds[-1]:7.0f}/s" for name, speeds in found.items()), flush=True)
        of = {name: median(speeds) for name, speeds in found.items()}
    print(f"  single / bare = {of['single'] / of['bare']:.2f} (goal >= 0.25)")
    print(f"  batch / single = {of['batch'] / of['single']:.1f} (goal >= 5)")


if __name__ == "__main__":
    main()
