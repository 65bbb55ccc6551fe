"""Tiles of the map's reports over HTTP: in each way of asking, against tipg serving the same table; and their price.

python -m bench.tiles [--reports N]. tipg is installed into an environment of its own below .gridsvc/, from the index
that pip is set up with; it is no dependency. The price is what keeping the counts takes of submissions.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, make_url, text

from bench import load
from bench.place import NOW, Place, cluster, machine, publish_lattice, schema, timed
from bench.submit import free_port, ours, requests, server
from gridsvc import accounts, report_tiles
from gridsvc.db.engine import make_engine
from gridsvc.grids import Shape, published_shape
from gridsvc.imports.bulk import rebuilt

TIPG = "tipg==1.6.1"
ZOOMS = range(9, 18)
OPENS_AT = 12  # where the page shows the whole of such a town
FIELDS = "number,category,state,received_at"  # those of our points
ROUNDS = 4
# Most lie around forty places, as in a town; over the last year, the late ones as many as the early ones.
FILL = """
INSERT INTO report (source, number, state, category, channel, crs, raw_x, raw_y, geom, received_at)
SELECT 'bench', i::text, CASE WHEN i % 30 = 0 THEN 'reported' ELSE 'struck_off' END,
  'E' || lpad((i % 50)::text, 4, '0'), 'web', 'wgs84', x, y, ST_SetSRID(ST_MakePoint(x, y), 4326),
  CAST(:now AS timestamptz) - interval '365 days' * ((i * 7919) % :n) / :n
FROM (
  SELECT i, :west + (:east - :west) * least(greatest(a, 0), 1) AS x,
    :south + (:north - :south) * least(greatest(b, 0), 1) AS y
  FROM (
    SELECT i,
      CASE WHEN i % 10 < 3 THEN random() ELSE abs(sin(i % 40 * 12.9)) + 0.06 * (random() + random() - 1) END AS a,
      CASE WHEN i % 10 < 3 THEN random() ELSE abs(cos(i % 40 * 78.2)) + 0.06 * (random() + random() - 1) END AS b
    FROM generate_series(1, CAST(:n AS bigint)) i
  ) drawn
) made
"""
AROUND = (
    "INSERT INTO area (level, code, name) SELECT 'community', 'A' || i, '社区' || i FROM generate_series(0, 19) i",
    "UPDATE grid_version SET area_id = (SELECT id FROM area WHERE code = 'A' || grid_version.id % 20)",
    "INSERT INTO category (code, name_zh, name_en) "
    "SELECT 'E' || lpad(i::text, 4, '0'), 'c', 'c' FROM generate_series(0, 49) i",
)
PLACE = """
INSERT INTO placement (report_id, seq, from_at, grid_version_id, method)
SELECT r.id, 1, r.received_at, g.id, 'covers' FROM report r
JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS nr, count(*) OVER () AS of FROM grid_version) g
  ON g.nr = (r.id * 13) % g.of
"""


def fill(db: Connection, n_grids: int, n_reports: int) -> None:
    """Publishes grids and stores so many reports over them, placed without regard to where they lie."""
    publish_lattice(db, n_grids)
    shape = published_shape(db)
    for statement in AROUND:
        db.execute(text(statement))
    box = {"west": shape.west, "south": shape.south, "east": shape.east, "north": shape.north}
    db.execute(text("SELECT setseed(0.5)"))
    with rebuilt(db, lambda key, done, total: None):  # indexes come last
        db.execute(text(FILL), box | {"n": n_reports, "now": NOW})
        db.execute(text("ANALYZE report"))
        db.execute(text(PLACE))
    report_tiles.fold(db)


def settle(place: Place) -> None:
    """What autovacuum does in time."""
    engine = make_engine(place.owner_url, place.schema)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        for name in ("report", "placement", "report_bin", "report_bin_change"):
            db.execute(text(f"VACUUM (ANALYZE) {name}"))
    engine.dispose()


def readers(db: Connection) -> dict[str, dict[str, str]]:
    """The headers of a planner and of a manager of one area in twenty."""
    found = {}
    for role, more in (("planner", {}), ("manager", {"area_codes": ["A3"]})):
        accounts.create(db, login=role, name=role, role=role, password=uuid.uuid4().hex, **more)  # type: ignore[arg-type]
        token = accounts.issue_bearer(db, role, "bench", NOW, timedelta(days=365)).token
        found[role] = {"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip"}
    return found


def tiles_of(shape: Shape, each: int) -> list[str]:
    """Up to so many different tiles over the town at each zoom, shuffled: z/x/y."""
    drawn = random.Random(1)  # noqa: S311 - the same each time
    found = []
    for z in ZOOMS:
        at = {
            _tile(drawn.uniform(shape.west, shape.east), drawn.uniform(shape.south, shape.north), z)
            for _ in range(each)
        }
        found += sorted(at)
    drawn.shuffle(found)
    return found


def _tile(lon: float, lat: float, z: int) -> str:
    n = 2**z
    down = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return f"{z}/{int((lon + 180) / 360 * n)}/{int(down * n)}"


@contextmanager
def tipg(place: Place) -> Iterator[int]:
    """tipg on the same schema, with as many features a tile as it gives by default."""
    home = Path(".gridsvc") / "bench" / TIPG.replace("==", "-")
    python = home / "bin" / "python"
    if not (home / "bin" / "uvicorn").is_file():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", TIPG, "uvicorn", "uvloop", "httptools"], check=True)
    url, port = make_url(place.owner_url), free_port()
    folder = quote(str(url.query["host"]), safe="")
    address = f"postgresql://{url.username}:{url.password}@{folder}:{url.query['port']}/{url.database}"
    env = {"DATABASE_URL": address, "TIPG_DB_SCHEMAS": json.dumps([place.schema]), "PYTHONPATH": ""}
    words = ["uvicorn", "tipg.main:app", "--port", str(port), "--log-level", "warning"]
    with server(words, port, env, "/healthz", python=str(python)):
        yield port


def _get(port: int, paths: list[str], headers: dict[str, str]) -> load.Load:
    return load.run(port, len(paths), lambda i: ("GET", paths[i], None), headers)


def _post(port: int, bodies: list[str], headers: dict[str, str]) -> load.Load:
    return load.run(port, len(bodies), lambda i: ("POST", "/api/v1/reports", bodies[i]), headers)


def told(name: str, one: load.Load) -> None:
    """Prints a line."""
    print(f"  {name:<46}{one.per_s:8.0f} a second, p50 {one.p50_ms:7.1f} ms, p95 {one.p95_ms:7.1f} ms", flush=True)


def compare(place: Place, heads: dict[str, dict[str, str]], each: int) -> None:
    """Tiles at 4 in parallel: ours in each way of asking, then tipg's."""
    with place.begin() as db:
        tiles = tiles_of(published_shape(db), each)
    low = [one for one in tiles if int(one.split("/")[0]) < report_tiles.POINTS_FROM]
    near = [one for one in tiles if int(one.split("/")[0]) >= OPENS_AT]
    month = "from=2026-10-02&to=2026-10-31"
    asked = {
        "everything, zooms 9 to 17, never asked before": ("planner", tiles, ""),
        "everything, below zoom 15 (kept counts), cold": ("planner", low, ""),
        "the last 90 days, zooms 12 to 17": ("planner", near, "?from=2026-08-04&to=2026-11-01"),
        "one month and category, zooms 12 to 17": ("planner", near, f"?{month}&category=E0007"),
        "a manager's last 90 days, zooms 12 to 17": ("manager", near, "?from=2026-08-04&to=2026-11-01"),
        "a manager's, everything, zooms 12 to 17": ("manager", near, ""),
        "everything, once more": ("planner", tiles, ""),
        "everything, asked again": ("planner", tiles, ""),
    }
    best = {}
    with ours(place) as port:
        for name, (who, some, query) in asked.items():
            if name != "everything, asked again":
                with place.begin() as db:  # another write: nothing that was made before is known to hold
                    db.execute(text("SELECT pg_current_xact_id()"))
            best[name] = _get(port, [f"/api/v1/tiles/reports/{one}.pbf{query}" for one in some], heads[who])
            told(name, best[name])
    with tipg(place) as port:
        start = f"/collections/{place.schema}.report/tiles/WebMercatorQuad/"
        for name, some in (("tipg, the same tiles", tiles), ("tipg, below zoom 15", low)):
            paths = [f"{start}{one}?properties={FIELDS}" for one in some]
            best[name] = _get(port, paths, {"Accept-Encoding": "gzip"})
            told(name, best[name])
    names = list(asked)
    for mine, other in ((names[0], "tipg, the same tiles"), (names[1], "tipg, below zoom 15")):
        print(f"  {mine} / {other} = {best[mine].per_s / best[other].per_s:.1f} (goal >= 3)")
    worst = max(names, key=lambda name: best[name].p95_ms)
    print(f"  p95 with kept counts and points {best[names[0]].p95_ms:.0f} ms (goal <= 300)")
    print(f"  worst p95 of all ways {best[worst].p95_ms:.0f} ms: {worst}")


def price(place: Place, heads: dict[str, dict[str, str]], n: int) -> None:
    """Submissions with the counts kept and without, in turn."""
    known = {"Authorization": heads["planner"]["Authorization"], "Content-Type": "application/json"}
    found: dict[str, list[float]] = {"ENABLE": [], "DISABLE": []}
    with ours(place) as port:
        for turn in range(2 * ROUNDS):
            how = ("ENABLE", "DISABLE")[turn % 2]
            with place.begin() as db:
                for name in ("report_bins_added", "report_bins_moved"):
                    db.execute(text(f"ALTER TABLE report {how} TRIGGER {name}"))
            bodies, _ = requests(n, 70 + turn)
            one = _post(port, bodies, known)
            if turn > 1:  # the first of each warms up
                found[how].append(one.per_s)
    kept, bare = (statistics.median(found[how]) for how in ("ENABLE", "DISABLE"))
    print(f"  submissions a second with counts {kept:.0f}, without {bare:.0f}: {1 - kept / bare:+.1%} (goal <= 15 %)")


def main() -> None:
    """Prints all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=1_000_000)
    parser.add_argument("--grids", type=int, default=1000)
    parser.add_argument("--each", type=int, default=60, help="tiles a zoom")
    parser.add_argument("--submissions", type=int, default=300)
    size = parser.parse_args()
    print(f"tiles: {size.reports:,} reports, 4 in parallel; {machine()}")
    with cluster() as urls, schema(urls, "bench") as place:
        with timed("reports made and counted"), place.begin() as db:
            fill(db, size.grids, size.reports)
            heads = readers(db)
        settle(place)
        compare(place, heads, size.each)
        price(place, heads, size.submissions)
    print(f"  {machine()}")


if __name__ == "__main__":
    main()
