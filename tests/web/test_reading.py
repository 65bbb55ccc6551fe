"""Reading reports: lists with filters and cursors, GeoJSON, one with its log, locate, and placing by hand."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import uuid
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from geodata.datum import wgs84_to_gcj02
from gridsvc import reports
from gridsvc.errors import Refused
from gridsvc.listing import Filter
from gridsvc.reports import Draft
from gridsvc.rules.roles import ANONYMOUS
from gridsvc.web import schemas
from gridsvc.web.api import cursors
from tests.conftest import NOW, ROOT, Fresh
from tests.web.conftest import Client, Serve, report
from tests.web.county import CANARY, EAST, RULE, WEST, County

URL = "/api/v1/reports"
# the county's own reports, before any that other tests send
OURS = {"from": "2026-05-01", "to": "2026-10-31"}


def names(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    schemas.ReportsOut.model_validate(answer.json())
    return [item["description"].split(" ")[0] for item in answer.json()["items"]]


def test_newest_first_and_every_field(client: Client, county: County) -> None:
    answer = client("admin").get(URL, params=OURS)
    assert names(answer) == ["west", "words", "west2", "outside", "east", "east2", "old"]
    west = answer.json()["items"][0]
    assert west == {
        "source": "gridsvc",
        "number": county.numbers["west"],
        "repeat": 0,
        "state": "reported",
        "category": {"code": "0110", "name": "Litter", "raw": None},
        "description": f"west {CANARY}",
        "channel": "web",
        "words": None,
        "compound": None,
        "location": {"lon": 110.005, "lat": 23.005, "accuracy_m": 10.0, "crs": "wgs84", "raw": [110.005, 23.005]},
        "observed_at": None,
        "received_at": "2026-10-31T10:00:00+08:00",
        "day_only": False,
        "closed_at": None,
        "due_at": None,
        "grid": {"code": f"{WEST}001", "name": "第1网格", "layer": "base"},
        "placement": {
            "method": "covers",
            "distance_m": 0.0,
            "confidence": 1.0,
            "doubtful": False,
            "runners_up": [],
            "reason": None,
        },
        "worker": {"name": "王小明", "post": "Grid worker of 第1网格"},
    }


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"grid": f"{EAST}001"}, ["east"]),
        ({"grid": "none of these"}, []),
        ({"category": "0506"}, ["old"]),
        ({"state": "closed"}, []),
        ({"unplaced": "true"}, ["words", "outside"]),
        ({"bbox": "110.02,23,110.04,23.02"}, ["east", "east2"]),
        ({"bbox": "110.005,23.005,110.006,23.006"}, ["west", "old"]),
        ({"from": "2026-10-30"}, ["west", "words", "west2"]),
        ({"from": "2026-10-30", "to": "2026-10-30"}, ["words", "west2"]),
        # a time instead of a day; `to` is then not included: west came at that instant
        ({"from": "2026-10-30T10:00:00", "to": "2026-10-31T10:00:00"}, ["words", "west2"]),
        ({"from": "2026-10-30T02:00:01Z"}, ["west"]),
        ({"from": "2026-10-30T10:00:00+08:00", "to": "2026-10-30T10:00:00.001+08:00"}, ["words", "west2"]),
        ({"bbox": "110,23,110.02,23.02", "category": "0110"}, ["west", "west2"]),
    ],
)
def test_filters(client: Client, filters: dict[str, str], expected: list[str]) -> None:
    assert names(client("admin").get(URL, params=OURS | filters)) == expected


@pytest.mark.parametrize(
    ("filters", "code"),
    [
        ({"bbox": "1,2,3"}, "bbox_malformed"),
        ({"bbox": "a,b,c,d"}, "bbox_malformed"),
        ({"bbox": "nan,23,111,24"}, "bbox_malformed"),
        ({"bbox": "111,23,110,24"}, "bbox_malformed"),
        ({"bbox": "110,-91,111,24"}, "bbox_malformed"),
        ({"from": "2026-10-31", "to": "2026-10-30"}, "period_reversed"),
        ({"from": "yesterday"}, "request_misfit"),
        ({"from": "1793498400"}, "request_misfit"),
        ({"from": "2026-02-30"}, "request_misfit"),
        ({"state": "lost"}, "request_misfit"),
        ({"unplaced": "perhaps"}, "request_misfit"),
        ({"limit": "0"}, "request_misfit"),
        ({"limit": "1001"}, "request_misfit"),
        ({"grid": "\x00"}, "request_misfit"),
        ({"category": ""}, "request_misfit"),
        ({"grid": "x" * 201}, "request_misfit"),
    ],
)
def test_filters_that_mean_nothing(client: Client, filters: dict[str, str], code: str) -> None:
    answer = client("admin").get(URL, params=filters)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text


def test_pages_hold_every_report_once(client: Client) -> None:
    admin = client("admin")
    whole = names(admin.get(URL, params=OURS))
    for limit in (1, 2, 3, 7):
        seen: list[str] = []
        cursor: str | None = None
        while True:
            params = OURS | {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
            answer = admin.get(URL, params=params)
            seen += names(answer)
            cursor = answer.json()["next"]
            if cursor is None:
                break
        assert seen == whole


def test_cursor_of_somebody_elses_making(client: Client) -> None:
    admin = client("admin")
    cursor = admin.get(URL, params=OURS | {"limit": "2"}).json()["next"]
    changed = [cursor[:i] + ("A" if cursor[i] != "A" else "B") + cursor[i + 1 :] for i in range(len(cursor))]
    for wrong in [*changed, cursor + "A", cursor[:-1], "", "=", "é", "\x00", "a" * 200]:
        answer = admin.get(URL, params=OURS | {"limit": "2", "cursor": wrong})
        assert answer.status_code in (400, 422), wrong
    assert admin.get(URL, params=OURS | {"cursor": changed[0]}).json()["code"] == "cursor_invalid"
    # a cursor belongs to its filters
    other = admin.get(URL, params={"cursor": cursor, "state": "reported"})
    assert (other.status_code, other.json()["code"]) == (400, "cursor_invalid")
    # and gives nobody more than their own rows
    mine = client("manager_east").get(URL, params=OURS | {"cursor": cursor})
    assert names(mine) == ["outside", "east", "east2"]


def test_cursor_outlives_a_restart(serve: Serve, client: Client, county: County) -> None:
    cursor = client("admin").get(URL, params=OURS | {"limit": "2"}).json()["next"]
    told = httpx.get(
        serve() + URL,
        params=OURS | {"cursor": cursor},
        headers={"Authorization": f"Bearer {county.tokens['admin']}"},
        timeout=60,
    )
    assert names(told) == ["west2", "outside", "east", "east2", "old"]
    # another process writes the same cursor: nothing of this one is in it
    code = (
        "from datetime import datetime; from gridsvc.listing import Filter; from gridsvc.web.api import cursors; "
        f"print(cursors.write((datetime.fromisoformat({NOW.isoformat()!r}), 7), Filter()))"
    )
    other = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == cursors.write((NOW, 7), Filter())


@pytest.mark.parametrize("inside", ["[0, -1]", f"[0, {2**63}]", f"[0, {2**70}]", "[1e300, 1]", "[true, 1]", "[NaN, 1]",
                                    f"[{10**90}, 1]", "[0]", "{}", "[[0], 1]", "[0, null]", "0", "", "[" * 150])  # fmt: skip
def test_cursor_made_by_hand_opens_nothing_new(inside: str) -> None:
    wanted = Filter()
    raw = hashlib.sha256(inside.encode() + repr(wanted).encode()).digest()[:12] + inside.encode()
    with pytest.raises(Refused, match="cursor_invalid"):
        cursors.read(base64.urlsafe_b64encode(raw).decode().rstrip("="), wanted)
    assert cursors.read(cursors.write((NOW, 2**63 - 1), wanted), wanted) == (NOW, 2**63 - 1)


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("admin", ["west", "words", "west2", "outside", "east", "east2", "old"]),
        ("planner", ["west", "words", "west2", "outside", "east", "east2", "old"]),
        ("manager_west", ["west", "words", "west2", "outside", "old"]),
        ("manager_east", ["words", "outside", "east", "east2"]),
        ("worker", ["west", "old"]),
    ],
)
def test_everybody_sees_their_own_rows(client: Client, county: County, who: str, expected: list[str]) -> None:
    assert names(client(who).get(URL, params=OURS)) == expected
    for name, number in county.numbers.items():
        status = client(who).get(f"{URL}/{number}").status_code
        assert status == (200 if name in expected else 404), name
    features = client(who).get(f"{URL}.geojson", params=OURS).json()["features"]
    assert [one["properties"]["description"].split(" ")[0] for one in features] == expected


def test_geojson_by_ending_and_by_accept(client: Client) -> None:
    admin = client("admin")
    by_ending = admin.get(f"{URL}.geojson", params=OURS | {"limit": "3"})
    by_accept = admin.get(URL, params=OURS | {"limit": "3"}, headers={"Accept": "application/geo+json"})
    assert by_ending.headers["content-type"] == by_accept.headers["content-type"] == "application/geo+json"
    assert by_ending.json() == by_accept.json()
    told = by_ending.json()
    assert told["type"] == "FeatureCollection"
    assert told["features"][0]["geometry"] == {"type": "Point", "coordinates": [110.005, 23.005]}
    assert told["features"][1]["geometry"] is None
    assert len({one["id"] for one in told["features"]}) == 3
    following = admin.get(f"{URL}.geojson", params=OURS | {"cursor": told["next"]}).json()
    assert len(following["features"]) == 4


def test_one_with_its_log(client: Client, county: County) -> None:
    answer = client("manager_west").get(f"{URL}/{county.numbers['west']}?lang=zh")
    told = answer.json()
    schemas.ReportFullOut.model_validate(told)
    assert told["version"] == 1
    assert told["category"]["name"] == "暴露垃圾"
    entry = told["log"][0]
    assert (entry["seq"], entry["action"], entry["to_state"], entry["actor"]) == (1, "submit", "reported", None)


def test_imported_numbers_recur_and_have_signs(client: Client, made: Fresh) -> None:
    with made.begin() as db:
        for repeat in (0, 1):
            sent = reports.submit(
                db, Draft(uuid.uuid4(), "x", f"imported{repeat}", "import", words="w"), ANONYMOUS, NOW, RULE
            )
            move = text("UPDATE report SET source = 'SR a/b', number = '12/7 é', repeat = :r WHERE id = :i")
            db.execute(move, {"r": repeat, "i": sent.id})
    path = f"{URL}/12%2F7%20%C3%A9"
    assert client("admin").get(path).status_code == 404
    for repeat in (0, 1):
        answer = client("admin").get(path, params={"source": "SR a/b", "repeat": repeat})
        assert answer.json()["description"] == f"imported{repeat}"
        placed = client("admin").post(
            f"{path}/placement",
            params={"source": "SR a/b", "repeat": repeat},
            json={"grid": f"{EAST}001", "version": 1},
        )
        assert placed.json()["description"] == f"imported{repeat}"
        assert placed.json()["grid"]["code"] == f"{EAST}001"


def test_locate_answers_a_placement_and_stores_nothing(client: Client, made: Fresh) -> None:
    def n_reports() -> int:
        with made.begin() as db:
            return int(db.scalar(text("SELECT count(*) FROM report")) or 0)

    before = n_reports()
    lon, lat = (float(v) for v in wgs84_to_gcj02(110.0099, 23.005))
    answer = client("worker").get("/api/v1/locate", params={"lon": lon, "lat": lat, "crs": "gcj02", "accuracy_m": 30})
    told = answer.json()
    schemas.LocatedOut.model_validate(told)
    assert told["grid"]["code"] == f"{WEST}001"
    assert told["placement"]["doubtful"] is True
    assert [one["grid"] for one in told["placement"]["runners_up"]] == [f"{WEST}003"]
    assert told["worker"]["name"] == "王小明"
    assert set(told) == {"grid", "placement", "worker"}
    outside = client("worker").get("/api/v1/locate", params={"lon": 0, "lat": 0, "crs": "wgs84"}).json()
    assert (outside["grid"], outside["placement"]["reason"]) == (None, "outside")
    assert n_reports() == before


@pytest.mark.parametrize(
    "params",
    [
        {"lon": "110", "lat": "23"},
        {"lon": "nan", "lat": "23", "crs": "wgs84"},
        {"lon": "inf", "lat": "23", "crs": "wgs84"},
        {"lon": "1e999", "lat": "23", "crs": "wgs84"},
        {"lon": "true", "lat": "23", "crs": "wgs84"},
        {"lon": "110", "lat": "23", "crs": ""},
        {"lon": "110", "lat": "23", "crs": "\x00"},
        {"lon": "110", "lat": "230", "crs": "wgs84"},
        {"lon": "110", "lat": "23", "crs": "wgs84", "accuracy_m": "-1"},
    ],
)
def test_locate_what_is_no_place(client: Client, params: dict[str, str]) -> None:
    assert client("worker").get("/api/v1/locate", params=params).status_code == 422


def new(client: Client, **location: Any) -> str:
    return str(client().post(URL, json=report(location=location)).json()["number"])


def test_placing_by_grid_and_by_pin_is_logged_and_kept(client: Client, made: Fresh) -> None:
    number = new(client, words="菜市场")
    west = client("manager_west")
    placed = west.post(f"{URL}/{number}/placement", json={"grid": f"{WEST}002", "version": 1})
    assert placed.status_code == 200, placed.text
    told = placed.json()
    schemas.ReportFullOut.model_validate(told)
    assert (told["grid"]["code"], told["placement"]["method"], told["version"]) == (f"{WEST}002", "manual", 2)
    assert told["log"][1]["actor"] == "manager_west 某"
    pin = {"lon": 110.015, "lat": 23.005, "crs": "wgs84", "version": 2}
    again = west.post(f"{URL}/{number}/placement", json=pin).json()
    assert (again["grid"]["code"], again["version"]) == (f"{WEST}003", 3)
    late = west.post(f"{URL}/{number}/placement", json=pin)
    assert (late.status_code, late.json()["code"]) == (409, "version_stale")
    assert [(one["seq"], one["action"]) for one in late.json()["detail"]["changed"]] == [(3, "place")]
    with made.begin() as db:
        stays = text("SELECT count(*) FROM placement p JOIN report r ON r.id = p.report_id WHERE r.number = :n")
        assert db.scalar(stays, {"n": number}) == 3


def test_a_manager_places_nothing_of_others_and_nothing_away(client: Client, county: County) -> None:
    east_number = new(client, lon=110.025, lat=23.015, crs="wgs84")
    refused = client("manager_west").post(f"{URL}/{east_number}/placement", json={"grid": f"{WEST}001", "version": 1})
    assert (refused.status_code, refused.json()["code"]) == (404, "report_unknown")
    number = new(client, words="桥头")
    away = client("manager_west").post(f"{URL}/{number}/placement", json={"grid": f"{EAST}001", "version": 1})
    assert (away.status_code, away.json()["code"]) == (403, "grid_not_yours")
    still = client("manager_west").get(f"{URL}/{number}").json()
    assert (still["grid"], still["version"]) == (None, 1)
    assert (
        client("admin").post(f"{URL}/{number}/placement", json={"grid": f"{EAST}001", "version": 1}).status_code == 200
    )
    assert client("manager_west").get(f"{URL}/{number}").status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"version": 1}, 422, "request_misfit"),
        ({"grid": "370101001001001", "lon": 110, "lat": 23, "crs": "wgs84", "version": 1}, 422, "request_misfit"),
        ({"lon": 110, "lat": 23, "version": 1}, 422, "request_misfit"),
        ({"grid": "x", "lon": 1, "version": 1}, 422, "request_misfit"),
        ({"grid": "no such", "version": 1}, 404, "grid_unknown"),
        ({"lon": 0, "lat": 0, "crs": "wgs84", "version": 1}, 409, "pin_outside"),
        ({"grid": "370101001001001", "version": 99}, 409, "version_stale"),
        ({"grid": "370101001001001"}, 422, "request_misfit"),
        ({"grid": "370101001001001", "state": "closed", "version": 1}, 422, "request_misfit"),
        ({"grid": "\x00", "version": 1}, 422, "request_misfit"),
    ],
)
def test_placing_what_cannot_be(client: Client, body: dict[str, Any], status: int, code: str) -> None:
    number = new(client, words="路口")
    answer = client("admin").post(
        f"{URL}/{number}/placement", content=json.dumps(body), headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert client("admin").get(f"{URL}/{number}").json()["version"] == 1


def test_new_reports_move_no_page(client: Client) -> None:
    admin = client("admin")
    for n in range(3):
        new(client, words=f"第{n}件")
    params = {"from": (NOW - timedelta(days=1)).date().isoformat(), "limit": "2"}
    first = admin.get(URL, params=params).json()
    new(client, words="又一件")
    second = admin.get(URL, params=params | {"cursor": first["next"]}).json()
    seen = {one["number"] for one in first["items"]} & {one["number"] for one in second["items"]}
    assert not seen
