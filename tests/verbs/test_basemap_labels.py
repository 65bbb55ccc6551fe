"""Names in the tiles of our own base map: one of each in a tile, where its longest part is, for those near enough."""

from __future__ import annotations

import math

import pytest
from sqlalchemy import Connection, text

from gridsvc import basemap
from tests.mvt import Feature, layers

LON, LAT = 110.005, 23.005
ADD = text("INSERT INTO basemap (source, kind, class, name, geom) VALUES ('t', :k, :c, :n, ST_GeomFromEWKT(:g))")
CANARY = "{{7*191}}</script>路"


def _tile(db: Connection, z: int, lon: float = LON, lat: float = LAT) -> dict[str, list[Feature]]:
    n = 2**z
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n
    return layers(basemap.tile(db, z, int((lon + 180) / 360 * n), int(y)))


def _add(db: Connection, kind: str, class_: str | None, name: str | None, geom: str) -> None:
    db.execute(ADD, {"k": kind, "c": class_, "n": name, "g": f"SRID=4326;{geom}"})


def _labels(db: Connection, z: int) -> dict[str, Feature]:
    found = _tile(db, z).get("labels", [])
    assert len({one.properties["name"] for one in found}) == len(found)
    return {one.properties["name"]: one for one in found}


@pytest.fixture
def named(db: Connection) -> Connection:
    """A major road in two pieces, a minor one, a path, a lake, a building; and a road without a name."""
    _add(db, "road", "major", "长江路", f"LINESTRING({LON} {LAT}, {LON + 0.004} {LAT})")
    _add(db, "road", "major", "长江路", f"LINESTRING({LON + 0.004} {LAT}, {LON + 0.0045} {LAT})")
    _add(db, "road", "minor", CANARY, f"LINESTRING({LON + 0.001} {LAT - 0.001}, {LON + 0.001} {LAT + 0.002})")
    _add(db, "road", "path", "小径", f"LINESTRING({LON} {LAT - 0.001}, {LON + 0.002} {LAT})")
    _add(db, "road", "major", None, f"LINESTRING({LON} {LAT + 0.001}, {LON + 0.002} {LAT + 0.001})")
    lake = f"{LON + 0.001} {LAT - 0.001}, {LON + 0.002} {LAT - 0.001}, {LON + 0.002} {LAT}, {LON + 0.001} {LAT - 0.001}"
    _add(db, "water", None, "月湖", f"POLYGON(({lake}))")
    house = f"{LON} {LAT}, {LON + 0.0004} {LAT}, {LON + 0.0004} {LAT + 0.0004}, {LON} {LAT}"
    _add(db, "building", None, "天和商场", f"POLYGON(({house}))")
    return db


def test_what_is_named_at_which_zoom(named: Connection) -> None:
    kinds = {z: {name: one.properties["kind"] for name, one in _labels(named, z).items()} for z in (11, 13, 15, 16)}
    assert kinds[11] == {}
    assert kinds[13] == {"长江路": "major", "月湖": "water"}
    assert kinds[15] == kinds[13] | {CANARY: "minor"}
    assert kinds[16] == kinds[15] | {"天和商场": "building"}


def test_where_and_along_what_a_name_stands(named: Connection) -> None:
    found = _labels(named, 13)
    road, lake = found["长江路"], found["月湖"]
    assert road.properties["angle"] % 180 == 0  # from west to east
    # the longer piece has 0.004 degrees of the tile's 360 / 2**13
    assert road.properties["long"] == pytest.approx(0.004 / (360 / 2**13) * 4096, rel=0.01)
    assert "angle" not in lake.properties
    (x, y), (across, down) = road.corners[0], lake.corners[0]
    west = math.floor((LON + 180) / 360 * 2**13) / 2**13 * 360 - 180
    assert x == pytest.approx((LON + 0.002 - west) / (360 / 2**13) * 4096, abs=2)
    assert down > y
    assert across < x + 20
    assert abs(_labels(named, 15)[CANARY].properties["angle"]) % 180 == 90  # from south to north


def test_without_names_the_tile_has_no_such_layer(db: Connection) -> None:
    _add(db, "road", "major", None, f"LINESTRING({LON} {LAT}, {LON + 0.004} {LAT})")
    _add(db, "road", "major", "", f"LINESTRING({LON} {LAT}, {LON + 0.004} {LAT})")
    assert set(_tile(db, 15)) == {"roads"}


def test_a_tile_has_no_more_names_than_fit(db: Connection) -> None:
    for n in range(130):
        _add(db, "road", "major", f"路{n}", f"LINESTRING({LON} {LAT + n * 1e-6}, {LON + 0.003} {LAT + n * 1e-6})")
    assert len(_labels(db, 15)) == 100
