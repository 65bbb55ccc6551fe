"""Figures and shapes for the maps: what they count, whose they are, how they are asked for again."""

from __future__ import annotations

import gzip
import math
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import shapely

from gridsvc import accounts
from gridsvc.web import schemas
from gridsvc.web.app import create_app
from tests.conftest import NOW, Fresh
from tests.web.conftest import Client
from tests.web.county import CANARY, EAST, PASSWORD, WEST, County
from tests.web.live import Clock, serving, settings

HOTSPOTS, COVERAGE = "/api/v1/stats/hotspots", "/api/v1/stats/coverage"
GRIDS, COMPOUNDS = "/api/v1/maps/grids.geojson", "/api/v1/maps/compounds.geojson"
COMMUNITIES = "/api/v1/maps/communities.geojson"
# before the reports that other tests send
HOUSE, ROAD, LAKE = (110.0041, 23.0041), (110.0301, 23.01), (110.0225, 23.0015)
PERIOD = {"from": "2026-10-01", "to": "2026-10-31"}


def tile(z: int, at: tuple[float, float] = HOUSE) -> str:
    """The address of the tile that holds a point."""
    lon, lat = at
    x = (lon + 180) / 360 * 2**z
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**z
    return f"/basemap/{z}/{int(x)}/{int(y)}.pbf"


def stats(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    model = schemas.CoverageOut if "counts" in answer.json() else schemas.StatsOut
    model.model_validate(answer.json())
    return dict(answer.json())


def test_hotspots_by_grid(client: Client) -> None:
    told = stats(client("admin").get(HOTSPOTS, params=PERIOD | {"lang": "zh"}))
    parts = [
        "as_of",
        "from",
        "to",
        "by",
        "denominator",
        "unlocated",
        "rows",
        "legends",
        "legends_fixed",
        "significance",
    ]
    assert list(told) == parts
    assert (told["as_of"], told["from"], told["to"]) == ("2026-11-01T10:00:00+08:00", "2026-10-01", "2026-10-31")
    assert told["denominator"] == {"source": "registered", "label": "登记的户数"}
    assert told["unlocated"] == 2
    rows = {row["code"]: row for row in told["rows"]}
    assert len(rows) == 9
    assert rows[f"{WEST}001"] == {
        "code": f"{WEST}001", "name": "第1网格", "layer": "base", "n": 1, "denom": 10, "rate": 100.0, "retired": False,
        "smoothed": rows[f"{WEST}001"]["smoothed"], "z": None, "p": None, "band": None, "why": "few_households",
        "visits": rows[f"{WEST}001"]["visits"],
    }  # fmt: skip
    assert 0 < rows[f"{WEST}001"]["smoothed"] <= 100
    assert rows[f"{WEST}001"]["visits"] >= 6
    assert (rows[f"{EAST}001"]["n"], rows[f"{EAST}001"]["denom"], rows[f"{EAST}001"]["rate"]) == (1, None, None)
    assert sum(row["n"] for row in rows.values()) + told["unlocated"] == 6
    assert set(told["legends"]) == {"rate", "smoothed", "n", "significance"}
    assert told["significance"] == {
        "on": "rates", "weights": "queen", "k": None, "band_m": None, "inference": "normal", "n_permutations": None,
        "min_households": 30, "n_tested": 0, "n_islands": 0, "n_hot": 0, "n_cold": 0, "reason": "too_few",
        "alpha": [0.01, 0.05, 0.1], "correction": "fdr_bh",
    }  # fmt: skip


def test_hotspots_by_community_and_with_other_neighbours(client: Client) -> None:
    told = stats(client("admin").get(HOTSPOTS, params=PERIOD | {"by": "community"}))
    assert told["by"] == "community"
    assert sum(row["n"] for row in told["rows"]) + told["unlocated"] == 6
    assert {row["layer"] for row in told["rows"]} == {"community"}
    # each has a grid with a report and without a known door; in a quiet month none has
    assert [(row["n"], row["denom"], row["rate"]) for row in told["rows"]] == [(2, None, None)] * 2
    quiet = {"from": "2025-01-01", "to": "2025-01-31"}
    grids = stats(client("admin").get(HOTSPOTS, params=quiet))
    known = stats(client("admin").get(HOTSPOTS, params=quiet | {"by": "community"}))
    assert [(row["n"], row["denom"], row["rate"]) for row in known["rows"]] == [(0, 10, 0.0), (0, 4, 0.0)]
    assert sum(row["denom"] or 0 for row in grids["rows"]) == 14
    assert all(row.keys() == told["rows"][0].keys() for row in told["rows"])
    for params, said in (
        ({"weights": "knn", "k": "4"}, ("knn", 4, None)),
        ({"weights": "band", "band_m": "900"}, ("band", None, 900.0)),
    ):
        test = stats(client("admin").get(HOTSPOTS, params=PERIOD | params))["significance"]
        assert (test["weights"], test["k"], test["band_m"]) == said


def test_hotspots_by_cell_and_category(client: Client) -> None:
    told = stats(client("admin").get(HOTSPOTS, params=PERIOD | {"by": "cell", "cell_m": "500"}))
    assert (told["by"], sum(row["n"] for row in told["rows"])) == ("cell", 5)
    ring = told["rows"][0]["ring"]
    assert len(ring) == 5
    assert ring[0] == ring[-1]
    none = stats(client("admin").get(HOTSPOTS, params=PERIOD | {"category": "0506"}))
    assert sum(row["n"] for row in none["rows"]) == 0
    old = stats(client("admin").get(HOTSPOTS, params={"category": "0506", "from": "2026-05-01", "to": "2026-10-31"}))
    assert sum(row["n"] for row in old["rows"]) == 1


def test_coverage(client: Client) -> None:
    told = stats(client("admin").get(COVERAGE, params=PERIOD))
    rows = {row["code"]: row for row in told["rows"]}
    west = rows[f"{WEST}001"]
    assert (west["n"], west["denom"], west["share"]) == (6, 10, 0.6)
    assert (rows[f"{EAST}004"]["n"], rows[f"{EAST}004"]["denom"]) == (0, 4)
    assert rows[f"{WEST}002"]["share"] is None
    assert set(told["legends"]) == {"share"}


def test_days_are_whole_and_by_default_the_last_ninety(client: Client) -> None:
    told = stats(client("admin").get(HOTSPOTS))
    assert (told["from"], told["to"]) == ("2026-08-04", "2026-11-01")
    # the report of 2026-10-31 10:00 there, 02:00 UTC: on its own day and on no other
    for day, n in (("2026-10-31", 1), ("2026-11-02", 0)):
        one = stats(client("admin").get(HOTSPOTS, params={"from": day, "to": day}))
        assert sum(row["n"] for row in one["rows"]) == n
    until = stats(client("admin").get(COVERAGE, params={"to": "2026-10-31"}))
    assert until["from"] == "2026-08-03"
    reversed_ = client("admin").get(COVERAGE, params={"from": "2026-10-31", "to": "2026-10-01"})
    assert (reversed_.status_code, reversed_.json()["code"]) == (422, "period_reversed")


@pytest.mark.parametrize(
    "params",
    [
        {"from": "2026-10-01T00:00:00"},
        {"from": "20261001"},
        {"from": "1793498400"},
        {"from": "0001-01-01"},
        {"to": "9999-12-31"},
        {"by": "street"},
        {"weights": "rook"},
        {"weights": "knn", "k": "0"},
        {"weights": "band", "band_m": "1e9"},
        {"inference": "guess"},
        {"by": "cell", "cell_m": "0"},
        {"by": "cell", "cell_m": "-500"},
        {"by": "cell", "cell_m": "1e3"},
        {"by": "cell", "cell_m": "9" * 400},
        {"category": "\x00"},
    ],
)
def test_figures_of_nothing(client: Client, params: dict[str, str]) -> None:
    answer = client("admin").get(HOTSPOTS, params=params)
    assert (answer.status_code, answer.json()["code"]) == (422, "request_misfit"), answer.text


WESTERN = {f"{WEST}{n}" for n in ("001", "002", "003", "004", "901")}
EASTERN = {f"{EAST}{n}" for n in ("001", "002", "003", "004")}
SEEN = [
    ("admin", WESTERN | EASTERN, {"1", "2", "3"}),
    ("planner", WESTERN | EASTERN, {"1", "2", "3"}),
    ("manager_west", WESTERN, {"1", "2"}),
    ("manager_east", EASTERN, {"3"}),
    ("worker", {f"{WEST}001"}, {"1"}),
]


@pytest.mark.parametrize(("who", "codes", "refs"), SEEN, ids=[one[0] for one in SEEN])
def test_everybody_sees_their_own_grids(
    client: Client, county: County, who: str, codes: set[str], refs: set[str]
) -> None:
    for url in (HOTSPOTS, COVERAGE):
        assert {row["code"] for row in stats(client(who).get(url, params=PERIOD))["rows"]} == codes
    shapes = client(who).get(GRIDS).json()
    assert {one["properties"]["code"] for one in shapes["features"]} == codes
    homes = client(who).get(COMPOUNDS).json()
    assert {one["properties"]["id"] for one in homes["features"]} == {county.compounds[ref] for ref in refs}
    cells = stats(client(who).get(HOTSPOTS, params=PERIOD | {"by": "cell", "cell_m": "1000"}))["rows"]
    n = {"admin": 5, "planner": 5, "manager_west": 3, "manager_east": 3, "worker": 1}[who]
    assert sum(row["n"] for row in cells) == n


def test_shapes_are_geojson(client: Client) -> None:
    answer = client("admin").get(f"{GRIDS}?edition=1-2")
    assert answer.headers["content-type"] == "application/geo+json"
    told = answer.json()
    assert told["type"] == "FeatureCollection"
    assert told["features"][0]["properties"] == {"code": f"{WEST}001", "name": "第1网格", "layer": "base"}
    assert told["features"][0]["geometry"]["type"] == "Polygon"
    assert told["features"][-1]["properties"]["layer"] == "dedicated"
    homes = client("admin").get(COMPOUNDS).json()["features"]
    assert (homes[0]["properties"]["name"], homes[0]["properties"]["kind"]) == (CANARY, "polygon")
    assert homes[1]["properties"]["kind"] == "point"


@pytest.mark.parametrize(("who", "sides"), [("admin", 2), ("planner", 2), ("manager_west", 1), ("worker", 1)])
def test_communities_are_the_grids_put_together(client: Client, who: str, sides: int) -> None:
    made = client(who).get(COMMUNITIES)
    assert made.status_code == 200
    grids = [shape for shape in client(who).get(GRIDS).json()["features"] if shape["properties"]["layer"] == "base"]
    features = made.json()["features"]
    codes = [one["properties"]["code"] for one in features]
    assert codes == [WEST, EAST][:sides]
    assert {one["properties"]["layer"] for one in features} == {"community"}
    together = shapely.union_all([shapely.geometry.shape(one["geometry"]) for one in grids])
    dissolved = shapely.union_all([shapely.geometry.shape(one["geometry"]) for one in features])
    assert dissolved.symmetric_difference(together).area == pytest.approx(0, abs=1e-9)
    for one in features:
        own = [grid for grid in grids if grid["properties"]["code"].startswith(one["properties"]["code"])]
        area = sum(shapely.geometry.shape(grid["geometry"]).area for grid in own)
        assert shapely.geometry.shape(one["geometry"]).area == pytest.approx(area, rel=1e-6)


@pytest.mark.parametrize("url", [GRIDS, COMMUNITIES, COMPOUNDS, tile(14)])
@pytest.mark.parametrize("who", ["admin", "manager_west"])
def test_asked_for_again_it_is_304(client: Client, url: str, who: str) -> None:
    first = client(who).get(url)
    assert first.status_code == 200
    tag = first.headers["etag"]
    assert "private" in first.headers["cache-control"]
    for sent in (tag, f'W/{tag}, "x"', "*"):
        again = client(who).get(url, headers={"If-None-Match": sent})
        assert (again.status_code, again.content) == (304, b"")
    assert client(who).get(url, headers={"If-None-Match": '"other"'}).status_code == 200


def test_tags_differ_by_what_is_seen(client: Client) -> None:
    tags = {who: client(who).get(GRIDS).headers["etag"] for who, *_ in SEEN}
    assert len(set(tags.values())) == 4
    assert tags["admin"] == tags["planner"]
    other = client("manager_west").get(GRIDS, headers={"If-None-Match": tags["admin"]})
    assert other.status_code == 200


def test_shapes_are_packed_for_those_who_unpack(client: Client) -> None:
    packed = client("admin").get(GRIDS, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    with client("admin").stream("GET", GRIDS, headers={"Accept-Encoding": "gzip"}) as raw:
        wire = b"".join(raw.iter_raw())
    plain = client("admin").get(GRIDS, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(wire) == plain.content
    assert len(wire) < len(plain.content) / 2
    refused = client("admin").get(GRIDS, headers={"Accept-Encoding": "gzip;q=0"})
    assert "content-encoding" not in refused.headers
    assert "Accept-Encoding" in packed.headers["vary"]


def test_base_map_by_zoom(client: Client) -> None:
    def layers(z: int, at: tuple[float, float]) -> list[bytes]:
        answer = client("worker").get(tile(z, at))
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
        return [name for name in (b"roads", b"water", b"buildings", b"path", b"major") if name in answer.content]

    assert layers(9, ROAD) == layers(12, ROAD) == [b"roads", b"water", b"major"]
    assert layers(14, ROAD) == [b"roads", b"water", b"major"]
    assert layers(15, ROAD) == layers(18, ROAD) == [b"roads", b"path", b"major"]
    assert layers(15, HOUSE) == layers(18, HOUSE) == [b"buildings"]
    assert layers(17, LAKE) == [b"water"]
    assert client("worker").get(tile(14, HOUSE)).status_code == 200  # the road is there, the building not yet
    assert b"buildings" not in client("worker").get(tile(14, HOUSE)).content
    assert client("worker").get(tile(8, ROAD)).status_code == 204


@pytest.mark.parametrize(
    ("numbers", "status"),
    [
        ("14/0/0.pbf", 204),
        ("0/0/0.pbf", 204),
        ("14/16384/0.pbf", 204),
        ("24/5/5.pbf", 204),
        ("14/-1/0.pbf", 422),
        ("x/0/0.pbf", 422),
        (f"{10**30}/0/0.pbf", 422),
    ],
)
def test_tiles_where_nothing_is(client: Client, numbers: str, status: int) -> None:
    assert client("worker").get(f"/basemap/{numbers}").status_code == status


def test_categories_in_the_asked_language(client: Client) -> None:
    zh = client().get("/api/v1/categories?lang=zh").json()
    en = client().get("/api/v1/categories", headers={"Accept-Language": "en-GB,en;q=0.9"}).json()
    schemas.CategoriesOut.model_validate(zh)
    assert [one["name"] for one in zh["items"]] == ["暴露垃圾", "道路积水", "未分类"]
    assert [one["name"] for one in en["items"]] == ["Litter", "Water", "Unclassified"]


def test_before_anything_is_published(fresh: Fresh, folder: Path) -> None:
    with fresh.begin() as db:
        accounts.create(db, login="a", name="a", role="admin", password=PASSWORD)
        token = accounts.issue_bearer(db, "a", "", NOW, timedelta(days=1)).token
    with (
        serving(create_app(settings(fresh, folder), clock=Clock())) as address,
        httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=60) as admin,
    ):
        assert admin.get(GRIDS).json() == {"type": "FeatureCollection", "features": []}
        assert stats(admin.get(HOTSPOTS))["rows"] == []
        assert stats(admin.get(COVERAGE))["denominator"]["source"] in ("registered", "none")
        cells = admin.get(HOTSPOTS, params={"by": "cell"})
        assert (cells.status_code, cells.json()["code"]) == (503, "no_published_edition")


def test_the_maps_tables_without_scripts_keep_to_the_filters(client: Client) -> None:
    planner = client("planner")
    page = planner.get("/maps/hotspots", params=PERIOD | {"table": "1", "lang": "en"})
    assert page.status_code == 200
    assert "2026-10-01 to 2026-10-31" in page.text
    assert "4 in the table + 2 without a place = 6 reports" in page.text
    cells = planner.get("/maps/hotspots", params=PERIOD | {"table": "1", "by": "cell", "lang": "en"})
    assert "Square cells need scripts." in cells.text
    assert "Square cells need scripts." not in page.text


@pytest.mark.parametrize("view", ["hotspots", "coverage"])
@pytest.mark.parametrize(
    ("dates", "told"),
    [
        ({"from": "2026-02-30"}, "2026-02-30"),
        ({"to": "soon"}, "soon"),
        ({"from": "2026-10-31", "to": "2026-10-01"}, "The period ends (2026-10-01) before it begins (2026-10-31)."),
    ],
)
def test_dates_that_are_none_are_refused_without_scripts_too(
    client: Client, view: str, dates: dict[str, str], told: str
) -> None:
    page = client("planner").get(f"/maps/{view}", params=dates | {"table": "1", "lang": "en"})
    assert page.status_code == 422
    assert told in page.text.split("<noscript>")[1].split("</noscript>")[0].split("</a></p>")[1]
    assert "<tr><td>" not in page.text
