"""The SQL and the Python oracle place every point alike: one at a time, and as a set."""

from __future__ import annotations

import math
from datetime import timedelta
from itertools import pairwise

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from geodata import placement as oracle
from gridsvc import editions, grids
from gridsvc.grids import Rule
from tests.conftest import NOW

WEST, SOUTH, STEP = 110.0, 23.0, 1 / 256  # dyadic, so that lattice points and mid-edges are exact
EARLIER = NOW - timedelta(days=1)


@st.composite
def partitions(draw: st.DrawFn) -> list[oracle.Grid]:
    """A lattice whose inner corners are pulled about, some cells missing, cut by a sliver, holed, doubled or split."""
    n = draw(st.integers(2, 4))
    jitter = st.integers(-60, 60).map(lambda k: k / 256 * STEP)
    corner = {
        (i, j): (
            WEST + i * STEP + (draw(jitter) if 0 < i < n else 0),
            SOUTH + j * STEP + (draw(jitter) if 0 < j < n else 0),
        )
        for i in range(n + 1)
        for j in range(n + 1)
    }
    codes = draw(st.permutations([f"{k:02d}" for k in range(n * n)]))
    made: list[oracle.Grid] = []
    for k, code in enumerate(codes):
        i, j = k % n, k // n
        ring = [corner[i, j], corner[i + 1, j], corner[i + 1, j + 1], corner[i, j + 1]]
        shape = shapely.Polygon(ring)
        kind = draw(st.sampled_from(["plain"] * 6 + ["missing", "hole", "thin", "overlap", "dedicated"]))
        if kind == "missing":
            continue
        if kind == "hole":
            shape = shape.difference(shapely.Point(shape.centroid).buffer(STEP / 8, 4))
        elif kind == "thin":
            shape = shape.buffer(-1e-7)
        elif kind == "overlap":
            shape = shape.buffer(STEP / 16, join_style="mitre")
        elif kind == "dedicated":
            made.append(oracle.Grid(f"d{code}", "专属", "dedicated", shapely.MultiPolygon([shape.buffer(-STEP / 5)])))
        if shape.is_valid and not shape.is_empty:
            parts = shapely.MultiPolygon([p for p in shapely.get_parts(shape) if p.geom_type == "Polygon"])
            made.append(oracle.Grid(code, f"网格{code}", "base", parts))
    return made


@st.composite
def points_of(draw: st.DrawFn, grids_: list[oracle.Grid]) -> list[tuple[float, float]]:
    """Points on corners and edges, inside, and at all distances outside."""
    found: list[tuple[float, float]] = []
    vertices = [xy for grid in grids_ for xy in shapely.get_coordinates(grid.geom)]
    edges = [(a, b) for a, b in pairwise(vertices) if math.dist(a, b) < 2 * STEP]
    for _ in range(12):
        kind = draw(st.sampled_from(["corner", "edge", "inside", "near"]))
        if kind == "corner" and vertices:
            x, y = draw(st.sampled_from(vertices))
        elif kind == "edge" and edges:
            a, b = draw(st.sampled_from(edges))
            t = draw(st.sampled_from([0.5, 0.25, 1 / 3, 0.9]))
            x, y = a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])
        elif kind == "near" and vertices:
            x, y = draw(st.sampled_from(vertices))
            x, y = x + draw(st.floats(-1e-3, 1e-3)), y + draw(st.floats(-1e-3, 1e-3))
        else:
            x, y = WEST + draw(st.floats(-1, 5)) * STEP, SOUTH + draw(st.floats(-1, 5)) * STEP
        found.append((float(x), float(y)))
    return found


def load(db: Connection, made: list[oracle.Grid]) -> None:
    for layer in ("base", "dedicated"):
        rows = [(i, g.code, g.name, shapely.to_wkb(g.geom)) for i, g in enumerate(made) if g.layer == layer]
        editions.stage(db, rows)
        editions.draft(db, layer, EARLIER, replace=True)
        db.execute(
            text("UPDATE grid_version SET valid_from = '-infinity' WHERE layer = :l AND valid_from IS NULL"),
            {"l": layer},
        )


def place_as_set(db: Connection, points: list[tuple[float, float]], rule: Rule) -> dict[int, tuple[str, str, float]]:
    grids.begin_placing(db)
    db.execute(
        text("INSERT INTO to_place VALUES (:i, ST_SetSRID(ST_MakePoint(:x, :y), 4326), :at)"),
        [{"i": i, "x": x, "y": y, "at": NOW} for i, (x, y) in enumerate(points)],
    )
    grids.place_all(db, rule)
    rows = db.execute(text("SELECT w.*, g.code FROM placed w JOIN grid_version g ON g.id = w.grid_version_id")).all()
    assert len({row.id for row in rows}) == len(rows)
    return {row.id: (row.code, row.method, row.distance_m) for row in rows}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data(), nearest_max_m=st.sampled_from([0.0, 50.0, 500.0]))
def test_sql_agrees_with_oracle(db: Connection, data: st.DataObject, nearest_max_m: float) -> None:
    made = data.draw(partitions())
    points = data.draw(points_of(made))
    rule = Rule(nearest_max_m, "Asia/Shanghai")
    with db.begin_nested() as savepoint:
        load(db, made)
        as_set = place_as_set(db, points, rule)
        for i, (lon, lat) in enumerate(points):
            expected = oracle.place(lon, lat, made, nearest_max_m)
            one = grids.place(db, lon, lat, NOW, rule)
            assert (one.code, one.method, one.distance_m) == (expected.code, expected.method, expected.distance_m)
            alone = as_set.get(i, (None, "none", None))
            assert alone == (expected.code, expected.method, expected.distance_m)
        savepoint.rollback()


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data(), accuracy_m=st.sampled_from([1.0, 30.0, 250.0]))
def test_confidence_agrees_with_oracle(db: Connection, data: st.DataObject, accuracy_m: float, rule: Rule) -> None:
    made = data.draw(partitions())
    points = data.draw(points_of(made))[:5]
    with db.begin_nested() as savepoint:
        load(db, made)
        for lon, lat in points:
            one = grids.place(db, lon, lat, NOW, rule, accuracy_m=accuracy_m)
            if one.code is None:
                continue
            expected = oracle.confidence(lon, lat, accuracy_m, made, one.code)
            assert one.confidence == pytest.approx(expected.share, abs=2e-4)
            assert dict(one.runners_up) == pytest.approx(dict(expected.runners_up), abs=2e-4)
        savepoint.rollback()
