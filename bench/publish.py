"""Publishing one moved border among many grids against re-placing every open report, and that against geopandas.

Both ways begin with the same reports and must give the same result. Prints the ratios, and beside them those of an
edition in which every grid is new, so that every report's row changes; `--grids` and `--reports` set the sizes.
"""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta
from unittest import mock

import geopandas as gpd
import numpy as np
import shapely
from sqlalchemy import Connection, text

from bench.place import NOW, RULE, Place, cluster, machine, publish_lattice, schema, timed
from geodata import town
from gridsvc import editions, grids, placements
from gridsvc.db.engine import make_engine

FILL = """
INSERT INTO report (source, number, state, category, channel, crs, raw_x, raw_y, geom, received_at)
SELECT 'bench', i::text, 'reported', 'unclassified', 'web', 'wgs84', x, y, ST_SetSRID(ST_MakePoint(x, y), 4326),
  '2026-03-01'
FROM bench_point ORDER BY i
"""
PLACE = """
INSERT INTO placement (report_id, seq, from_at, grid_version_id, method, distance_m, reason, duty)
SELECT r.id, 1, r.received_at, w.grid_version_id, coalesce(w.method, 'none'), w.distance_m,
  CASE WHEN w.id IS NULL THEN 'outside' END, CASE WHEN w.id IS NOT NULL THEN 'nobody' END
FROM report r LEFT JOIN placed w ON w.id = r.id
"""
LOG = """
INSERT INTO report_log (report_id, seq, action, to_state, at, digest)
SELECT id, 1, 'import', 'reported', received_at,
  log_digest(NULL, id, 1, 'import', NULL, 'reported', NULL, received_at, NULL, NULL) FROM report
"""


def fill(db: Connection, n_reports: int) -> None:
    """Stores so many open reports, placed, each with its log row."""
    lon, lat = town.scatter(n_reports)
    db.execute(text("CREATE TEMP TABLE bench_point (i int, x float8, y float8) ON COMMIT DROP"))
    cursor = db.connection.cursor()
    with cursor.copy("COPY bench_point FROM STDIN") as copy:
        for i, (x, y) in enumerate(zip(lon.tolist(), lat.tolist(), strict=True)):
            copy.write_row((i, x, y))
    db.execute(text(FILL))
    from_points = text("INSERT INTO to_place SELECT id, geom, received_at FROM report")
    grids.begin_placing(db)
    db.execute(from_points)
    grids.place_all(db, RULE)
    db.execute(text(PLACE))
    db.execute(text(LOG))


def moved_border(db: Connection) -> list[editions.Row]:
    """Two neighbours of the published edition after a strip of one went to the other."""
    frame = editions.edition_frame(db, editions.edition_id(db, "base", "published") or 0)
    one = frame.geometry.iloc[len(frame) // 2]
    beside = frame[frame.geometry.relate_pattern(one, "****1****")].iloc[0]
    west, south, east, north = one.bounds
    strip = shapely.box(west, south, west + (east - west) / 2, north)
    other = beside.geometry
    first, second = shapely.difference(one, strip), shapely.union(other, shapely.intersection(one, strip))
    code = frame["code"].iloc[len(frame) // 2]
    return [
        (1, code, frame["name"].iloc[len(frame) // 2], wkb(first)),
        (2, beside["code"], beside["name"], wkb(second)),
    ]


def wkb(geom: shapely.Geometry) -> bytes:
    """The WKB of the polygons of a geometry as one MultiPolygon."""
    parts = [part for part in shapely.get_parts(geom) if part.geom_type == "Polygon"]
    return bytes(shapely.to_wkb(shapely.MultiPolygon(parts)))


def state(db: Connection) -> dict[int, int | None]:
    """report id -> code of its current grid."""
    rows = text(
        "SELECT p.report_id, g.code FROM placement p LEFT JOIN grid_version g ON g.id = p.grid_version_id "
        "WHERE p.to_at IS NULL"
    )
    return {row.report_id: row.code for row in db.execute(rows)}


def geopandas_way(place: Place, frame: gpd.GeoDataFrame, n_reports: int, n_changed: int) -> float:
    """Seconds that geopandas takes to place all points and to copy the changed rows back."""
    lon, lat = town.scatter(n_reports)
    with timed(f"geopandas: sjoin of {n_reports:,} + COPY of {n_changed:,} rows") as seconds:
        points = gpd.GeoDataFrame({"i": np.arange(n_reports)}, geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326")
        joined = gpd.sjoin(points, frame[["code", "geometry"]], how="left", predicate="covered_by")
        codes = joined["code"].fillna("").tolist()[:n_changed]
        with place.begin() as db:
            db.execute(text("CREATE TEMP TABLE back (i int, code text) ON COMMIT DROP"))
            with db.connection.cursor().copy("COPY back FROM STDIN") as copy:
                for i, code in enumerate(codes):
                    copy.write_row((i, code))
    return seconds[0]


def renamed(db: Connection) -> list[editions.Row]:
    """Every grid of the published edition under a new name: each open report gets a new version in the same place."""
    frame = editions.edition_frame(db, editions.edition_id(db, "base", "published") or 0)
    columns = zip(frame["code"], frame["name"], frame.geometry, strict=True)
    return [(i, code, f"{name}甲", wkb(geom)) for i, (code, name, geom) in enumerate(columns)]


def at_rest(place: Place) -> None:
    """What autovacuum does in the hours between two publications."""
    engine = make_engine(place.owner_url, place.schema)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.execute(text("VACUUM (ANALYZE) report, placement, report_log, grid_version, edition_grid"))
    engine.dispose()


def drafted(place: Place, rows: list[editions.Row], now: datetime) -> None:
    """Drafts these grids, and lets the tables rest."""
    with place.begin() as db:
        editions.stage(db, rows)
        editions.draft(db, "base", now, replace=False)
    at_rest(place)


def publish(place: Place, now: datetime, label: str) -> tuple[float, editions.Published]:
    """Seconds that publishing the draft takes, and what it did."""
    with timed(label) as seconds, place.begin() as db:
        done = editions.publish(db, "base", now, RULE)
    return seconds[0], done


def by_all(place: Place, now: datetime) -> tuple[float, int, dict[int, int | None]]:
    """Publishing the same draft with every open report placed anew instead of those near what changed, undone again.

    Seconds of that re-placement alone, how many reports it moved, and where each was afterwards.
    """
    near = placements.replace_near
    moved, seconds = [0], [0.0]

    def everywhere(db: Connection, _: list[int], at: datetime, rule: grids.Rule) -> int:
        versions = list(db.scalars(text("SELECT id FROM grid_version WHERE valid_to IS NULL")))
        with timed("the same border by full re-placement") as taken:
            moved[0] = near(db, versions, at, rule)
        seconds[0] = taken[0]
        return moved[0]

    with place.begin() as db, mock.patch.object(placements, "replace_near", everywhere):
        editions.publish(db, "base", now, RULE)
        told = state(db)
        db.rollback()
    return seconds[0], moved[0], told


def main() -> None:
    """Runs the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grids", type=int, default=10_000)
    parser.add_argument("--reports", type=int, default=1_000_000)
    size = parser.parse_args()
    print(f"publish: {size.reports:,} open reports, {size.grids:,} grids; {machine()}")
    with cluster() as urls, schema(urls, "bench") as place:
        with place.begin() as db:
            publish_lattice(db, size.grids)
            fill(db, size.reports)
        with place.begin() as db:
            rows = moved_border(db)
        drafted(place, rows, NOW)
        full, n_full, after_full = by_all(place, NOW)
        at_rest(place)
        moved, done = publish(place, NOW, "publish one moved border")
        with place.begin() as db:
            same = state(db) == after_full and done.n_reports_moved == n_full
            frame = editions.edition_frame(db, editions.edition_id(db, "base", "published") or 0)
            rows = renamed(db)
        reference = geopandas_way(place, frame, size.reports, n_full)
        later = NOW + timedelta(days=1)
        drafted(place, rows, later)
        every, all_done = publish(place, later, "publish every grid anew (every report's row changes)")
        with place.begin() as db:
            same = same and state(db) == after_full
        all_back = geopandas_way(place, frame, size.reports, all_done.n_reports_moved)
    print(f"  moved by the border: {done.n_reports_moved}, by full re-placement: {n_full}; same result: {same}")
    print(f"  one border / full re-placement = {moved / full:.3f} (goal <= 0.05)")
    print(f"  full re-placement / geopandas' sjoin of all + COPY of {n_full} rows = {full / reference:.2f} (goal <= 2)")
    n = all_done.n_reports_moved
    print(f"  where every row changes: {every:.1f} s / sjoin of all + COPY of {n:,} rows = {every / all_back:.2f}")


if __name__ == "__main__":
    main()
