"""Real cities through the command line: every report to its grid, as the city says and as the oracle says."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import shapely
from sqlalchemy import text

from geodata import placement as oracle
from tests.conftest import Fresh
from tests.walk.cli import Cli

CHICAGO = ("--crs", "wgs84", "--number-field", "Service_Request_Number", "--time-field", "Creation_Date")
MORE = (
    "--closed-field",
    "Completion_Date",
    "--category-field",
    "Type_of_Service_Request",
    "--timezone",
    "America/Chicago",
)
AREAS = ("--code-field", "AREA_NUMBE", "--name-field", "COMMUNITY")


def stored(fresh: Fresh, statement: str, **values: object) -> list[Any]:
    with fresh.begin() as db:
        return list(db.execute(text(statement), values).all())


PLACED = (
    "SELECT r.source_row, g.code, p.method, p.distance_m, ST_X(r.geom) AS lon, ST_Y(r.geom) AS lat "
    "FROM report r JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL "
    "LEFT JOIN grid_version g ON g.id = p.grid_version_id ORDER BY r.source_row"
)


def oracle_says(fresh: Fresh, rows: Sequence[Any], nearest_max_m: float) -> list[tuple[str | None, str, float | None]]:
    found = stored(
        fresh, "SELECT code, name, layer, ST_AsBinary(geom) AS geom FROM grid_version WHERE valid_to IS NULL"
    )
    grids = [oracle.Grid(g.code, g.name, g.layer, shapely.from_wkb(bytes(g.geom))) for g in found]
    said = oracle.place_many([r.lon for r in rows], [r.lat for r in rows], grids, nearest_max_m)
    return [(s.code, s.method, s.distance_m) for s in said]


def test_chicago(cli: Cli, fresh: Fresh, shared: Path) -> None:
    grids, reports = shared / "chicago" / "community_areas.shp", shared / "chicago" / "reports.csv.gz"
    refused = cli("import", "grids", grids, *AREAS, "--commit")
    assert refused.code == 2
    assert "--crs" in refused.err
    assert stored(fresh, "SELECT FROM grid_version") == []
    assert cli("import", "grids", grids, *AREAS, "--crs", "EPSG:3435", "--commit").code == 0
    assert cli("publish").code == 0
    repeats = cli("import", "reports", reports, *CHICAGO, *MORE, "--commit", "--json")
    assert repeats.code == 2
    assert stored(fresh, "SELECT FROM report") == []
    command = ("import", "reports", reports, *CHICAGO, *MORE, "--allow-repeats", "--nearest-max-m", "0", "--commit")
    assert cli(*command).code == 0
    rows = stored(fresh, PLACED)
    assert len(rows) == 74_401
    assert Counter(row.method for row in rows) == {"covers": 74_178, "none": 199 + 24}
    assert sum(row.lon is None for row in rows) == 24
    assert stored(fresh, "SELECT count(*) AS n FROM report WHERE repeat > 0")[0].n == 375
    with gzip.open(reports, "rt", encoding="utf-8") as file:
        official = [row["Community_Area"].removesuffix(".0") for row in csv.DictReader(file)]
    agree = sum(row.code == official[row.source_row - 1] for row in rows if row.code)
    assert abs(agree - 73_004) <= 2
    located = [row for row in rows if row.lon is not None]
    assert [(r.code, r.method, r.distance_m) for r in located] == oracle_says(fresh, located, 0.0)
    log = stored(fresh, "SELECT action, count(*) AS n FROM report_log GROUP BY action")
    assert [(row.action, row.n) for row in log] == [("import", 74_401)]
    again = cli(*command, "--json")
    assert again.code == 0
    assert stored(fresh, "SELECT count(*) AS n FROM report_log")[0].n == 74_401


def test_chicago_with_the_default_reach(cli: Cli, fresh: Fresh, shared: Path) -> None:
    folder = shared / "chicago"
    cli("import", "grids", folder / "community_areas.shp", *AREAS, "--crs", "EPSG:3435", "--commit")
    cli("publish")
    done = cli("import", "reports", folder / "reports.csv.gz", *CHICAGO, *MORE, "--allow-repeats", "--commit")
    assert done.code == 0
    rows = stored(fresh, PLACED)
    assert Counter(row.method for row in rows) == {"covers": 74_178, "nearest": 199, "none": 24}
    assert max(row.distance_m or 0 for row in rows) < 8
    with gzip.open(folder / "reports.csv.gz", "rt", encoding="utf-8") as file:
        official = [row["Community_Area"].removesuffix(".0") for row in csv.DictReader(file)]
    agree = sum(row.code == official[row.source_row - 1] for row in rows if row.code)
    assert abs(agree - 73_201) <= 2
    located = [row for row in rows if row.lon is not None]
    assert [(r.code, r.method, r.distance_m) for r in located] == oracle_says(fresh, located, 50.0)


def test_zurich(cli: Cli, fresh: Fresh, shared: Path) -> None:
    folder = shared / "zurich"
    fields = ("--code-field", "gvznummer", "--name-field", "name")
    assert cli("import", "grids", folder / "districts.gpkg", *fields, "--commit").code == 0
    assert cli("publish").code == 0
    words = ("--x-field", "e", "--y-field", "n", "--time-field", "date", "--category-field", "service_code")
    unsaid = cli("import", "reports", folder / "reports.csv.gz", *words, "--commit")
    assert unsaid.code == 2
    crs = ("--crs", "EPSG:2056", "--timezone", "Europe/Zurich")
    assert cli("import", "reports", folder / "reports.csv.gz", *words, *crs, "--commit").code == 0
    rows = stored(fresh, PLACED)
    assert len(rows) == 62_245
    assert {row.method for row in rows} == {"covers"}
    assert [(r.code, r.method, r.distance_m) for r in rows] == oracle_says(fresh, rows, 50.0)
    assert stored(fresh, "SELECT bool_and(day_only) AS days FROM report")[0].days


def test_liechtenstein_residential_areas_become_compounds(cli: Cli, fresh: Fresh, shared: Path) -> None:
    done = cli("import", "compounds", shared / "osm" / "liechtenstein.osm.pbf", "--commit", "--json")
    assert done.code == 0
    # six relations have inner rings that touch; assembled by osmium they are valid, so nothing is left to repair
    assert [done.json["rows"][name] for name in ("read", "refused", "repaired")] == [310, 0, 0]
    assert stored(fresh, "SELECT count(*) AS n FROM compound")[0].n == 310
    unnamed = stored(fresh, "SELECT name, ref FROM compound WHERE name = ref LIMIT 1")
    assert unnamed[0].ref.startswith(("way/", "relation/"))
    bad = cli("import", "basemap", shared / "osm" / "bad_ring.osm.pbf", "--commit", "--json")
    assert bad.code == 0
    assert [bad.json["rows"][name] for name in ("read", "new", "refused", "repaired")] == [2459, 2459, 0, 0]
    cut = [note["detail"]["n"] for note in bad.json["notes"] if note["code"] == "osm_objects_cut"]
    assert cut == [103], "a base map goes without what the extract cut, and says so"
    refused = cli("import", "compounds", shared / "osm" / "bad_ring.osm.pbf", "--commit", "--json")
    assert refused.code == 2
    assert (refused.json["rows"]["read"], refused.json["refused_by_code"]) == (26, {"osm_nodes_missing": 9})
    assert stored(fresh, "SELECT count(*) AS n FROM compound")[0].n == 310
