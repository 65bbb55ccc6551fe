"""Tiles over HTTP: packed, asked for again by ETag, fresh after each write, one reader's never another's, 403 outside."""

from __future__ import annotations

import pytest

from gridsvc import reports
from gridsvc.reports import Draft, Position
from gridsvc.rules.roles import ANONYMOUS
from tests import mvt
from tests.conftest import NOW, Fresh
from tests.web.conftest import Client, report
from tests.web.county import EAST, RULE, County

TOWN = "/api/v1/tiles/reports/10/824/444.pbf"
WEST_TILE = "/api/v1/tiles/reports/16/52793/28462.pbf"
FAR = "/api/v1/tiles/reports/16/0/0.pbf"


def total(content: bytes) -> int:
    return sum(feature.properties["n"] for feature in mvt.layers(content).get("bins", []))


def edition(client: Client) -> str:
    page = client("admin").get("/maps/hotspots").text
    return page.split("grids.geojson?edition=")[1].split('"')[0].split("\\")[0]


def test_a_tile_is_fresh_after_each_write_and_known_by_its_tag(client: Client) -> None:
    admin = client("admin")
    first = admin.get(TOWN)
    assert first.status_code == 200
    assert first.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert first.headers["cache-control"] == "private, no-cache"
    assert {"Authorization", "Cookie"} <= set(first.headers["vary"].split(", "))
    again = admin.get(TOWN, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert admin.post("/api/v1/reports", json=report()).status_code == 201
    after = admin.get(TOWN, headers={"If-None-Match": first.headers["etag"]})
    assert (after.status_code, total(after.content)) == (200, total(first.content) + 1)


def test_its_sum_is_the_figures_sum_for_the_same_filter(client: Client, county: County) -> None:
    period = {"from": "2026-10-01", "to": "2026-11-01"}
    for login in ("admin", "planner", "manager_west", "manager_east", "worker"):
        for more in ({}, {"category": "0110"}, {"category": "0506"}, {"category": "none"}):
            figures = client(login).get("/api/v1/stats/hotspots", params=period | more | {"by": "cell"}).json()
            tile = client(login).get("/api/v1/tiles/reports/0/0/0.pbf", params=period | more)
            assert total(tile.content) == sum(row["n"] for row in figures["rows"]), (login, more)


def test_a_reader_gets_the_own_reports_and_is_refused_beyond(client: Client, county: County) -> None:
    def numbers(login: str, path: str = WEST_TILE) -> set[str]:
        answer = client(login).get(path)
        assert answer.status_code == 200, answer.text
        return {feature.properties["number"] for feature in mvt.layers(answer.content).get("points", [])}

    assert county.numbers["west"] in numbers("admin")
    assert county.numbers["west"] in numbers("worker")
    assert client("manager_east").get(WEST_TILE).status_code == 403
    assert numbers("admin", FAR) == set()
    for login in ("worker", "manager_west", "manager_east"):
        answer = client(login).get(FAR)
        assert (answer.status_code, answer.json()["code"]) == (403, "tile_outside")
        west, south, east, north = client(login).get("/api/v1/tiles/reports.json").json()["bounds"]
        assert -180 < west < east < 180
        assert -85 < south < north < 85
    about = client("admin").get("/api/v1/tiles/reports.json").json()
    assert "bounds" not in about
    assert about["age_s"] == 0
    assert client().get(TOWN).status_code == 401


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("?from=2026-11-02&to=2026-11-01", 422, "period_reversed"),
        ("?state=void", 422, "request_misfit"),
        ("?since=2026-11-01", 400, "query_unknown"),
    ],
)
def test_a_wrong_filter_is_refused(client: Client, query: str, status: int, code: str) -> None:
    answer = client("admin").get(TOWN + query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("place", ["3/8/0", "3/0/8", "23/0/0", "3/-1/0", "x/0/0"])
def test_there_is_no_such_tile(client: Client, place: str) -> None:
    assert client("admin").get(f"/api/v1/tiles/reports/{place}.pbf").status_code in (404, 422)


def test_large_tiles_are_packed(client: Client, made: Fresh, county: County) -> None:
    with made.begin() as db:
        for i in range(80):
            draft = Draft(
                None, "0506", "路灯", "web", Position(110.0202 + i % 9 * 0.0021, 23.0005 + i * 0.0002, "wgs84")
            )
            reports.submit(db, draft, ANONYMOUS, NOW, RULE)
    where = "/api/v1/tiles/reports/13/6599/3557.pbf"
    plain = client("admin").get(where, headers={"Accept-Encoding": "identity"})
    packed = client("admin").get(where)
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
    assert packed.headers["etag"] == plain.headers["etag"]


def test_grids_of_an_edition_are_kept_for_good_by_who_sees_all(client: Client, county: County) -> None:
    path = f"/api/v1/tiles/grids/{edition(client)}/10/824/444.pbf"
    seen = {}
    for login in ("admin", "manager_east", "worker"):
        answer = client(login).get(path)
        assert answer.status_code == 200, answer.text
        grids = mvt.layers(answer.content)["grids"]
        seen[login] = {feature.properties["code"] for feature in grids}
        assert ("immutable" in answer.headers["cache-control"]) == (login == "admin")
        assert answer.headers["cache-control"].startswith("private")
        again = client(login).get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
    assert len(seen["admin"]) == 9
    assert seen["manager_east"] == {f"{EAST}{i:03d}" for i in range(1, 5)}
    assert len(seen["worker"]) == 1
    for word in ("0", "x", "99999"):
        assert client("admin").get(f"/api/v1/tiles/grids/{word}/10/824/444.pbf").status_code == 404
