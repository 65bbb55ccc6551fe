"""Importing a large CSV of doors: wall time and peak memory of the whole command, committed, keys included.

Each door names its compound, levels and position; every tenth has none, so that it takes its building's. The same file
once more then changes nothing.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from pathlib import Path

import shapely
from sqlalchemy import text

from bench.bulk import process
from bench.place import Place, cluster, machine, publish_lattice, schema
from geodata import town
from gridsvc import compounds

PER_COMPOUND = 500
LIMIT_S, LIMIT_MB = 90, 1024


def write_csv(path: Path, n: int) -> list[tuple[float, float]]:
    """A CSV of so many doors, and the point of each of their compounds."""
    lon, lat = town.scatter((n + PER_COMPOUND - 1) // PER_COMPOUND, seed=7)
    points = list(zip(lon.tolist(), lat.tolist(), strict=True))
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(("小区", "楼栋", "单元", "房号", "户主", "电话", "人口", "lon", "lat"))
        for i in range(n):
            place, door = divmod(i, PER_COMPOUND)
            building, rest = divmod(door, 50)
            unit, flat = divmod(rest, 25)
            x, y = points[place][0] + building * 2e-5, points[place][1] + unit * 1e-5
            own = ("", "") if i % 10 == 9 else (f"{x:.7f}", f"{y:.7f}")
            room = f"{flat // 2 + 1}{flat % 2 + 1:02d}室"
            out.writerow(
                (f"第{place}小区", f"{building + 1}号楼", f"{unit + 1}单元", room, "王某", f"1380{i:07d}", i % 6, *own)
            )
    return points


def furnish(place: Place, points: list[tuple[float, float]], n_grids: int) -> None:
    """Grids, and the compounds that the doors name."""
    with place.begin() as db:
        publish_lattice(db, n_grids)
        made = [
            compounds.Incoming(
                "b", str(i), f"第{i}小区", (), None, None, None, bytes(shapely.to_wkb(shapely.Point(at)))
            )
            for i, at in enumerate(points)
        ]
        compounds.save(db, made)


def take(place: Place, file: Path) -> tuple[float, float]:
    """(seconds, peak MB) of one import."""
    env = {"GRIDSVC_DATABASE_URL": place.app_url, "GRIDSVC_OWNER_URL": place.owner_url, "GRIDSVC_SCHEMA": place.schema}
    return process(
        [sys.executable, "-m", "gridsvc", "import", "households", str(file), "--crs", "wgs84", "--commit"], env
    )


def main() -> None:
    """Runs the import twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grids", type=int, default=10_000)
    parser.add_argument("--doors", type=int, default=1_000_000)
    size = parser.parse_args()
    print(f"doors: {size.doors:,} doors, {size.grids:,} grids; {machine()}")
    with (
        tempfile.TemporaryDirectory(prefix="gridsvc-bench-") as folder,
        cluster() as urls,
        schema(urls, "bench") as place,
    ):
        where = Path(folder)
        where.chmod(0o755)
        points = write_csv(where / "doors.csv", size.doors)
        furnish(place, points, size.grids)
        for step in ("into an empty register", "the same again"):
            seconds, peak_mb = take(place, where / "doors.csv")
            with place.begin() as db:
                stored = db.scalar(text("SELECT count(*) FROM household WHERE grid_version_id IS NOT NULL"))
            print(
                f"  {step:<24}{seconds:6.1f} s (goal <= {LIMIT_S}), peak {peak_mb:4.0f} MB (goal <= {LIMIT_MB}); "
                f"{stored:,} doors in a grid",
                flush=True,
            )


if __name__ == "__main__":
    main()
