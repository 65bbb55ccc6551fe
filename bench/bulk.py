"""Importing a large CSV of reports against geopandas doing read_csv + sjoin + to_postgis, each as a process of its own.

Into an empty schema, and into one that holds as many already. Prints wall time, peak memory and the ratios; and the
floor: what the server takes alone to COPY the rows that the import wrote, and to make their indexes and keys.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import make_url, text

from bench.place import Place, cluster, machine, publish_lattice, schema
from geodata import town

GEOPANDAS = """
import sys
import geopandas as gpd, pandas as pd
from sqlalchemy import create_engine
url, file, grids, table, schema = sys.argv[1:]
engine = create_engine(url)
rows = pd.read_csv(file, dtype={"number": str})
points = gpd.GeoDataFrame(rows, geometry=gpd.points_from_xy(rows["lon"], rows["lat"]), crs="EPSG:4326")
polygons = gpd.read_file(grids, columns=["code"])
joined = gpd.sjoin(points, polygons, how="left", predicate="within").drop(columns="index_right")
joined.to_postgis(table, engine, schema=schema, if_exists="append", chunksize=100_000)
"""


def write_csv(path: Path, n: int, seed: int) -> None:
    """A CSV of so many reports, as an office would send it."""
    lon, lat = town.scatter(n, seed=seed)
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(("number", "reported_at", "category", "description", "lon", "lat"))
        for i, (x, y) in enumerate(zip(lon.tolist(), lat.tolist(), strict=True)):
            day, second = i % 28 + 1, i % 60
            out.writerow(
                (
                    f"{seed}-{i:07d}",
                    f"2026-03-{day:02d} 08:30:{second:02d}",
                    "unclassified",
                    "路灯不亮",
                    f"{x:.7f}",
                    f"{y:.7f}",
                )
            )


def process(command: list[str], env: dict[str, str]) -> tuple[float, float]:
    """(wall seconds, peak MB) of a process and the processes it waited for; it must end well."""
    start = time.perf_counter()
    child = subprocess.Popen(command, env={**os.environ, **env}, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{command[1:4]} ended with {os.waitstatus_to_exitcode(status)}")
    return seconds, usage.ru_maxrss / 1024


def by_gridsvc(place: Place, file: Path) -> tuple[float, float]:
    """Our import, committed: placements, logs, constraints and indexes included."""
    env = {
        "GRIDSVC_DATABASE_URL": place.app_url,
        "GRIDSVC_OWNER_URL": place.owner_url,
        "GRIDSVC_SCHEMA": place.schema,
    }
    words = ["import", "reports", str(file), "--crs", "wgs84", "--source", file.stem, "--commit"]
    return process([sys.executable, "-m", "gridsvc", *words], env)


def by_geopandas(place: Place, file: Path, grids: Path) -> tuple[float, float]:
    """The usual script: no constraint, no log, one index."""
    url = make_url(place.owner_url).render_as_string(hide_password=False)
    return process([sys.executable, "-c", GEOPANDAS, url, str(file), str(grids), "usual", place.schema], {})


TABLES = ("report", "placement", "report_log")
COLUMNS = text(
    "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
    " WHERE attrelid = CAST(:name AS regclass) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
)
INDEXES = text("SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = CAST(:name AS regclass)")
KEYS = text(
    "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = CAST(:name AS regclass) AND contype = 'f'"
)


def floor(place: Place, folder: Path) -> float:
    """Seconds that the server takes to COPY the stored rows into empty tables like theirs, with indexes and keys."""
    n_made = 0
    with place.begin() as db:
        wire, columns = db.connection.cursor(), {}
        for name in TABLES:
            columns[name] = db.scalar(COLUMNS, {"name": name})
            with (folder / name).open("wb") as file, wire.copy(f"COPY {name} ({columns[name]}) TO STDOUT") as rows:
                for part in rows:
                    file.write(part)
            # The indexes come last, as the import makes them.
            db.exec_driver_sql(f"CREATE TABLE floor_{name} (LIKE {name} INCLUDING ALL EXCLUDING INDEXES)")
        start = time.perf_counter()
        db.exec_driver_sql("SET LOCAL maintenance_work_mem = '256MB'")
        for name in TABLES:
            with (
                (folder / name).open("rb") as file,
                wire.copy(f"COPY floor_{name} ({columns[name]}) FROM STDIN") as into,
            ):
                while part := file.read(1024 * 1024):
                    into.write(part)
        for name in TABLES:
            for definition in db.scalars(INDEXES, {"name": name}).all():
                head, rest = re.split(rf" ON (?:\w+\.)?{name} ", definition)
                n_made += 1
                db.exec_driver_sql(f"{head.rsplit(' ', 1)[0]} floor_{n_made} ON floor_{name} {rest}")
        for name in TABLES:
            for key in db.scalars(KEYS, {"name": name}).all():
                target = re.sub(r"REFERENCES (?:\w+\.)?report\(", "REFERENCES floor_report(", key)
                db.exec_driver_sql(f"ALTER TABLE floor_{name} ADD {target}")
        seconds = time.perf_counter() - start
        db.rollback()
    return seconds


def check(place: Place, n: int) -> None:
    """Ends the bench where a row is missing anywhere."""
    with place.begin() as db:
        for table in TABLES:
            stored = db.scalar(text(f"SELECT count(*) FROM {table}"))
            if stored != n:
                raise SystemExit(f"{table} holds {stored}, not {n}")


def main() -> None:
    """Runs the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grids", type=int, default=10_000)
    parser.add_argument("--reports", type=int, default=1_000_000)
    size = parser.parse_args()
    print(f"bulk: {size.reports:,} reports, {size.grids:,} grids; {machine()}")
    with (
        tempfile.TemporaryDirectory(prefix="gridsvc-bench-") as folder,
        cluster() as urls,
        schema(urls, "bench") as place,
    ):
        where = Path(folder)
        where.chmod(0o755)
        town.lattice(size.grids).to_file(where / "grids.gpkg")
        with place.begin() as db:
            publish_lattice(db, size.grids)
        for step, goal in (("empty", 0.6), ("as many there", 1.2)):
            file = where / f"{step.split()[0]}.csv"
            write_csv(file, size.reports, seed=1 if step == "empty" else 2)
            ours = by_gridsvc(place, file)
            check(place, size.reports * (1 if step == "empty" else 2))
            usual = by_geopandas(place, file, where / "grids.gpkg")
            line = f"gridsvc {ours[0]:6.1f} s, {ours[1]:5.0f} MB; geopandas {usual[0]:6.1f} s, {usual[1]:5.0f} MB"
            print(f"  {step:<14}{line}; ratio {ours[0] / usual[0]:.2f} (goal <= {goal})", flush=True)
            if step == "empty":
                bare = floor(place, where)
                print(f"  floor: bare COPY, indexes and keys {bare:.1f} s; ratio {bare / usual[0]:.2f}", flush=True)


if __name__ == "__main__":
    main()
