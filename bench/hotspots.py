"""Gi* with 999 permutations over 10,000 grids against esda's (without numba), and the whole answer of the map.

python -m bench.hotspots [n_grids n_reports]. Each call runs in a process of its own, in turn, on the same values and
neighbours. Then a cluster of as many grids and reports, households and visits: what the map asks, at first and again.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import text

from bench import place
from geodata import town, weights
from gridsvc import hotspots, stats
from gridsvc.db.engine import make_engine
from gridsvc.rules.roles import Actor

N_GRIDS, N_REPORTS, N_PERMUTATIONS, ROUNDS, TIMES = 10_000, 200_000, 999, 5, 7
CALLS = {
    "ours": ("bench.gi_ours",),
    "esda, one process": ("bench.gi_esda", "1"),
    "esda, a process a core": ("bench.gi_esda", "-1"),
}
PLANNER = Actor("planner")
PERIOD = stats.Period(place.NOW - timedelta(days=90), place.NOW, place.NOW)
QUESTIONS = {
    "by grid": hotspots.Query(),
    "by grid, 9,999 permutations": hotspots.Query(inference="permutation"),
    "by grid, 8 nearest": hotspots.Query(weights="knn"),
    "by community": hotspots.Query(by="community"),
    "by cell of 2 km": hotspots.Query(by="cell", cell_m=2000),
}
FILL = (
    "INSERT INTO area (level, code, name) SELECT 'community', 'C' || i, '社区' || i FROM generate_series(0, 399) i",
    "UPDATE grid_version SET area_id = (SELECT a.id FROM area a WHERE a.code = 'C' || grid_version.id / 25 % 400)",
    """INSERT INTO household (building, unit, room, geom, grid_version_id, registered_at)
       SELECT CAST(g.id AS text), '无', CAST(i AS text), ST_PointOnSurface(g.geom), g.id, :at
       FROM grid_version g CROSS JOIN LATERAL generate_series(1, 20 + g.id % 40) i""",
    """INSERT INTO visit (client_key, household_id, outcome, happened_at, recorded_at)
       SELECT gen_random_uuid(), h.id, 'reached', :at, :at FROM household h WHERE h.id % 2 = 0""",
    """WITH made AS (
         INSERT INTO report (source, number, state, category, channel, crs, raw_x, raw_y, geom, received_at)
         SELECT 'bench', CAST(i AS text), 'reported', (SELECT min(code) FROM category), 'web', 'wgs84', ST_X(g.geom),
           ST_Y(g.geom), g.geom, :at + interval '1 minute' * (i % 50000)
         FROM generate_series(0, :reports - 1) i
         JOIN (SELECT row_number() OVER (ORDER BY id) - 1 AS nr, ST_PointOnSurface(geom) AS geom FROM grid_version) g
           ON g.nr = CAST(i AS bigint) * i % 9973 % :grids
         RETURNING id, geom, received_at)
       INSERT INTO placement (report_id, seq, from_at, grid_version_id, method)
       SELECT m.id, 1, m.received_at, g.id, 'covers' FROM made m JOIN grid_version g ON ST_Covers(g.geom, m.geom)""",
)


def call(module: str, *arguments: str) -> dict[str, Any]:
    """What one side says in a process of its own."""
    command = [sys.executable, "-m", module, *arguments]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def compare(n_grids: int) -> None:
    """Prints seconds and peaks of each side, and how far they agree."""
    told: dict[str, list[dict[str, Any]]] = {name: [] for name in CALLS}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "grids.npz"
        shapes = town.lattice(n_grids).geometry.to_numpy()
        with place.timed("neighbours by queen contiguity, made once an edition"):
            near = weights.queen(shapes)
        values = np.random.default_rng(1).gamma(2.0, 5.0, n_grids)
        np.savez(file, x=values, data=near.data, indices=near.indices, indptr=near.indptr)
        for _ in range(ROUNDS):
            for name, (module, *jobs) in CALLS.items():
                told[name].append(call(module, str(file), str(N_PERMUTATIONS), *jobs))
    for name, rows in told.items():
        seconds, before, peak = (
            statistics.median(row[key] for row in rows) for key in ("seconds", "before_mb", "peak_mb")
        )
        ratio = statistics.median(row["seconds"] / own["seconds"] for row, own in zip(rows, told["ours"], strict=True))
        print(
            f"  {name:<24}{seconds:8.3f} s = {ratio:6.1f} x ours; peak {peak:4.0f} MB, {peak - before:4.0f} by the call"
        )
    one, other = (told[name][0] for name in ("ours", "esda, one process"))
    apart = {key: np.abs(np.array(one[key]) - np.array(other[key])).max() for key in ("z", "p")}
    print(f"  furthest apart: z {apart['z']:.0e}, p {apart['p']:.3f}")


def answer(made: place.Place, n_grids: int, n_reports: int) -> None:
    """Prints what the map's questions take, the first time and the median of some more."""
    with made.begin() as db:
        place.publish_lattice(db, n_grids)
        for statement in FILL:
            given = {"grids": n_grids, "reports": n_reports, "at": place.NOW - timedelta(days=60)}
            db.execute(text(statement), {name: value for name, value in given.items() if f":{name}" in statement})
    with made.begin() as db:
        db.execute(text("ANALYZE"))
    engine = make_engine(made.app_url, made.schema, pool_size=1)
    for name, query in QUESTIONS.items():
        taken = []
        for _ in range(TIMES + 1):
            began = time.perf_counter()
            with engine.begin() as db:
                table, said = hotspots.tested(db, PERIOD, PLANNER, query)
            taken.append(time.perf_counter() - began)
        assert sum(row.n for row in table.rows) + table.n_unlocated == n_reports
        print(
            f"  {name:<30}first {taken[0]:6.2f} s, then {statistics.median(taken[1:]):6.3f} s; "
            f"{len(table.rows):,} rows, {said.n_tested:,} tested, {said.n_hot:,} hot"
        )
    engine.dispose()


def main() -> None:
    """Compares, then asks."""
    n_grids, n_reports = ([int(one) for one in sys.argv[1:3]] or [N_GRIDS, N_REPORTS])[:2]
    print(f"{place.machine()}; {n_grids:,} grids, {N_PERMUTATIONS} permutations, {n_reports:,} reports")
    compare(n_grids)
    with place.cluster() as urls, place.schema(urls, "hotspots") as made:
        answer(made, n_grids, n_reports)


if __name__ == "__main__":
    main()
