"""POST /api/v1/reports: stored once, answered exactly, and no input whatever makes it stumble."""

from __future__ import annotations

import html
import json
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import shapely
from pyproj import Geod
from sqlalchemy import Engine, event, text

from geodata.datum import gcj02_to_wgs84, wgs84_to_gcj02
from gridsvc import compounds
from gridsvc.web import schemas
from gridsvc.web.app import create_app
from tests.conftest import NOW, Fresh
from tests.web import county as counties
from tests.web.conftest import Client, Serve, report
from tests.web.county import EAST, WEST, County
from tests.web.live import Clock, serving, settings

URL = "/api/v1/reports"
AT = (110.005, 23.005)


def n_with_key(made: Fresh, key: str) -> int:
    with made.begin() as db:
        return int(db.scalar(text("SELECT count(*) FROM report WHERE client_key = :k"), {"k": key}) or 0)


def test_worker_gets_number_grid_placement_worker_and_no_deadline(client: Client) -> None:
    answer = client("worker").post(
        URL, json=report(location={"lon": 110.005, "lat": 23.005, "crs": "wgs84", "accuracy_m": 8})
    )
    assert answer.status_code == 201
    told = answer.json()
    schemas.SubmittedOut.model_validate(told)
    assert list(told) == ["number", "state", "grid", "placement", "worker", "due_at", "n_similar", "similar"]
    assert answer.headers["location"] == f"{URL}/{told['number']}"
    assert told["state"] == "reported"
    assert told["grid"] == {"code": f"{WEST}001", "name": "第1网格", "layer": "base"}
    assert told["placement"] == {
        "method": "covers", "distance_m": 0.0, "confidence": 1.0, "doubtful": False, "runners_up": [], "reason": None
    }  # fmt: skip
    assert told["worker"] == {"name": "王小明", "post": "Grid worker of 第1网格"}
    assert told["due_at"] is None


def test_resident_gets_the_post_and_not_the_person(client: Client) -> None:
    told = client().post(f"{URL}?lang=zh", json=report()).json()
    assert told["worker"] == {"post": "第1网格网格员"}
    community = client().post(URL, json=report(location={"lon": 110.015, "lat": 23.005, "crs": "wgs84"})).json()
    assert community["worker"] == {"post": "西社区"}


def test_dedicated_grid_comes_first(client: Client) -> None:
    told = client().post(URL, json=report(location={"lon": 110.0015, "lat": 23.0015, "crs": "wgs84"})).json()
    assert told["grid"]["code"] == f"{WEST}901"


def test_the_form_tells_residents_where_a_compound_is_only_roughly(fresh: Fresh, folder: Path) -> None:
    # of a source in GCJ-02, whose points were shifted when they were imported
    lon, lat = gcj02_to_wgs84(*wgs84_to_gcj02(110.0123456, 23.0123456))
    shifted = compounds.Incoming("gcj02", "1", "锦绣苑", (), 9, 1, None, bytes(shapely.to_wkb(shapely.Point(lon, lat))))
    with fresh.begin() as db:
        made = counties.build(db)
        compounds.save(db, [shifted])
    with serving(create_app(settings(fresh, folder), clock=Clock())) as address:
        told = []
        for headers in ({}, {"Authorization": f"Bearer {made.tokens['worker']}"}):
            page = httpx.get(f"{address}/report", headers=headers, timeout=60).text
            found = re.search('data-place="([^"]*)"', page)
            assert found
            told.append({name: at for name, *at in json.loads(html.unescape(found[1]))["names"]})
    rough, exact = told
    assert rough["锦绣苑"] == [110.012, 23.012]
    assert all(at == [round(part, 3) for part in at] for at in rough.values())
    assert exact["锦绣苑"] == pytest.approx([110.0123456, 23.0123456], abs=2e-6)


def test_resident_is_never_told_a_corrected_coordinate(client: Client) -> None:
    # GCJ-02 of a point 20 m west of the county: nearest, and the distance would tell where the corrected point is
    lon, lat = 109.9998, 23.005
    shifted = [float(v) for v in wgs84_to_gcj02(lon, lat)]
    place = {"lon": shifted[0], "lat": shifted[1], "crs": "gcj02", "accuracy_m": 30}
    told = client().post(URL, json=report(location=place)).json()
    assert told["placement"]["method"] == "nearest"
    exact = client("worker").post(URL, json=report(location=place)).json()["placement"]
    metres = Geod(ellps="WGS84").inv(lon, lat, 110, lat)[2]
    assert abs(exact["distance_m"] - metres) < 0.002
    assert told["placement"]["distance_m"] == round(metres)
    assert isinstance(told["placement"]["distance_m"], int)
    assert told["placement"]["confidence"] == round(exact["confidence"], 1) != exact["confidence"]
    assert not [n for n in numbers(told) if abs(n - lon) < 0.01 or abs(n - lat) < 0.01]


def numbers(told: Any) -> list[float]:
    if isinstance(told, dict | list):
        return [n for one in (told.values() if isinstance(told, dict) else told) for n in numbers(one)]
    return [float(told)] if isinstance(told, int | float) else []


def test_same_key_and_body_is_the_same_report(client: Client, made: Fresh) -> None:
    body = report()
    first, again = client("worker").post(URL, json=body), client("worker").post(URL, json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    # the same draft in other bytes: fields in another order, the system by another name
    place = {"crs": "EPSG:4326", "lat": 23.005, "lon": 110.005}
    shuffled = {"location": place} | {k: body[k] for k in ("description", "category", "client_key")}
    assert client("worker").post(URL, json=shuffled).status_code == 200
    assert n_with_key(made, body["client_key"]) == 1


def test_used_key_tells_nothing(client: Client, made: Fresh) -> None:
    body = report(description="秘密")
    number = client("worker").post(URL, json=body).json()["number"]
    for sender, other in (
        ("worker", body | {"description": "别的"}),
        ("admin", body),
        (None, body),
        ("worker", body | {"location": {"lon": 110.0051, "lat": 23.005, "crs": "wgs84"}}),
    ):
        answer = client(sender).post(URL, json=other)
        assert answer.status_code == 409
        assert answer.json()["code"] == "client_key_used"
        assert answer.json()["detail"] is None
        assert number not in answer.text
        assert "秘密" not in answer.text
        assert set(answer.json()) == {"code", "message", "detail"}
    assert n_with_key(made, body["client_key"]) == 1


def test_resident_repeats_by_key_alone_and_an_account_cannot(client: Client) -> None:
    body = report()
    assert client().post(URL, json=body).status_code == 201
    assert client().post(URL, json=body).status_code == 200
    assert client("worker").post(URL, json=body).status_code == 409


@pytest.mark.parametrize("sender", [None, "worker"])
def test_many_at_once_make_one_row(
    client: Client, made: Fresh, county: County, address: str, sender: str | None
) -> None:
    body = report()
    headers = {"Authorization": f"Bearer {county.tokens[sender]}"} if sender else {}

    with httpx.Client(base_url=address, headers=headers, timeout=60) as browser, ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: browser.post(URL, json=body), range(24)))
    assert sorted(a.status_code for a in answers) == [200] * 23 + [201]
    assert len({a.json()["number"] for a in answers}) == 1
    assert n_with_key(made, body["client_key"]) == 1


def test_as_many_at_once_as_threads_and_more_all_get_through(address: str, made: Fresh) -> None:
    bodies = [report(description=f"第 {n} 件") for n in range(120)]
    with httpx.Client(base_url=address, timeout=60) as browser, ThreadPoolExecutor(60) as pool:
        answers = list(pool.map(lambda b: browser.post(URL, json=b), bodies))
    assert {a.status_code for a in answers} == {201}
    assert len({a.json()["number"] for a in answers}) == 120


def test_created_is_only_said_once_it_is_stored(made: Fresh, county: County, folder: Path, engine: Engine) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("the disk is full")

    event.listen(engine, "commit", fail)
    body = report()
    with serving(create_app(settings(made, folder), engine, Clock())) as address:
        answer = httpx.post(address + URL, json=body, timeout=60)
        assert answer.status_code == 500
        assert answer.json()["code"] == "internal"
        assert "disk" not in answer.text
    event.remove(engine, "commit", fail)
    assert n_with_key(made, body["client_key"]) == 0


def test_observed_ahead(client: Client) -> None:
    zone = "+08:00"
    ahead = (NOW + timedelta(minutes=9)).isoformat()
    assert client().post(URL, json=report(observed_at=ahead)).status_code == 201
    late = client().post(URL, json=report(observed_at=(NOW + timedelta(minutes=11)).isoformat()))
    assert (late.status_code, late.json()["code"]) == (422, "observed_ahead")
    # a time without a zone is one of the settings' zone: 10:05 there is 02:05 UTC
    assert client().post(URL, json=report(observed_at="2026-11-01T10:05:00")).status_code == 201
    assert client().post(URL, json=report(observed_at="2026-11-01T10:15:00")).status_code == 422
    assert client().post(URL, json=report(observed_at=f"2026-11-01T10:05:00{zone}")).status_code == 201


def test_compounds_and_words(client: Client, county: County) -> None:
    by_alias = client().post(URL, json=report(location={"compound": "錦繡花園"})).json()
    assert (by_alias["grid"]["code"], by_alias["placement"]["method"]) == (f"{WEST}001", "compound")
    by_id = client().post(URL, json=report(location={"compound": county.compounds["3"]})).json()
    assert by_id["grid"]["code"] == f"{EAST}004"
    several = client().post(URL, json=report(location={"compound": "同名苑"}))
    assert (several.status_code, several.json()["code"]) == (409, "compound_ambiguous")
    ids = {one["id"] for one in several.json()["detail"]["candidates"]}
    assert ids == {county.compounds["2"], county.compounds["3"]}
    unplaced = client().post(URL, json=report(location={"words": "菜市场北门往东"})).json()
    assert (unplaced["grid"], unplaced["worker"]) == (None, None)
    assert (unplaced["placement"]["method"], unplaced["placement"]["reason"]) == ("none", "words_only")


BAD: list[tuple[str, Any, str]] = [
    ("lon is a bool", {"location": {"lon": True, "lat": 23, "crs": "wgs84"}}, "location.lon"),
    ("lon is a text", {"location": {"lon": "110", "lat": 23, "crs": "wgs84"}}, "location.lon"),
    ("lon is huge", {"location": {"lon": 10**400, "lat": 23, "crs": "wgs84"}}, "location.lon"),
    ("lat is missing", {"location": {"lon": 110, "crs": "wgs84"}}, "location"),
    ("crs is missing", {"location": {"lon": 110, "lat": 23}}, "location"),
    ("accuracy alone", {"location": {"words": "x", "accuracy_m": 3}}, "location"),
    ("accuracy < 0", {"location": {"lon": 110, "lat": 23, "crs": "wgs84", "accuracy_m": -1}}, "location.accuracy_m"),
    ("nowhere", {"location": {}}, "location"),
    ("location is a list", {"location": [110, 23]}, "location"),
    ("blank words", {"location": {"words": " \t "}}, "location.words"),
    ("compound is a bool", {"location": {"compound": True}}, "location.compound"),
    ("compound is too large", {"location": {"compound": 2**63}}, "location.compound"),
    ("compound is a float", {"location": {"compound": 1.5}}, "location.compound"),
    ("unknown field", {"priority": 1}, "priority"),
    ("unknown inner field", {"location": {"words": "x", "x": 1}}, "location.x"),
    ("NUL", {"description": "a\x00b"}, "description"),
    ("NUL in words", {"location": {"words": "\x00"}}, "location.words"),
    ("surrogate", {"description": "\ud800"}, "description"),
    ("surrogate field", {"\udfff": 1}, "body"),
    ("too long", {"description": "x" * 4001}, "description"),
    ("description is a number", {"description": 5}, "description"),
    ("key is no uuid", {"client_key": "x"}, "client_key"),
    ("key is a number", {"client_key": 1}, "client_key"),
    ("key is null", {"client_key": None}, "client_key"),
    ("category is empty", {"category": ""}, "category"),
    ("channel with signs", {"channel": "a;b"}, "channel"),
    ("time is a number", {"observed_at": 1793498400}, "observed_at"),
    ("time is a number as text", {"observed_at": "1793498400"}, "observed_at"),
    ("time is a day", {"observed_at": "2026-11-01"}, "observed_at"),
    ("time out of range", {"observed_at": "0001-01-01T00:00:00+14:00"}, "observed_at"),
    ("time far ahead", {"observed_at": "9999-12-31T23:59:59-14:00"}, "observed_at"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "where"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_what_does_not_fit_is_named(client: Client, changes: dict[str, Any], where: str) -> None:
    answer = client().post(URL, content=json.dumps(report(**changes)), headers={"content-type": "application/json"})
    assert answer.status_code == 422, answer.text
    told = answer.json()
    assert told["code"] == "request_misfit"
    assert where.split(".")[0] in told["message"]
    fields = {one["field"] for one in told["detail"]}
    assert any(field == where or field.startswith(f"{where}.") for field in fields)
    assert all(one["message"] and not one["message"].startswith("field.") for one in told["detail"])


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ({"lon": 110, "lat": 23, "crs": "mars"}, "crs_unknown"),
        ({"lon": 110, "lat": 23, "crs": "EPSG:999999"}, "crs_unknown"),
        ({"lon": 110, "lat": 23, "crs": "EPSG:4978"}, "crs_not_horizontal"),
        ({"lon": 110, "lat": 230, "crs": "wgs84"}, "position_out_of_range"),
    ],
)  # fmt: skip
def test_impossible_positions(client: Client, location: dict[str, Any], code: str) -> None:
    answer = client().post(URL, json=report(location=location))
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert "{" not in answer.json()["message"]


def test_swapped_position_is_named_so(client: Client) -> None:
    answer = client().post(URL, json=report(location={"lon": 23.005, "lat": 110.005, "crs": "wgs84"}))
    assert answer.status_code == 422
    assert "swapped" in answer.json()["code"]


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b"", "application/json", 422, "request_misfit"),
        (b"{", "application/json", 400, "body_not_json"),
        (b"[" * 60_000, "application/json", 400, "body_unreadable"),
        (b'{"a": ' + b"1" * 5000 + b"}", "application/json", 400, "body_unreadable"),
        (b"\xff\xfe\x00", "application/json", 400, "body_unreadable"),
        (b"null", "application/json", 422, "request_misfit"),
        (b"[1]", "application/json", 422, "request_misfit"),
        (b"NaN", "application/json", 422, "request_misfit"),
        (b"{}", "text/plain", 415, "body_type"),
        (b"a=1", "application/x-www-form-urlencoded", 415, "body_type"),
        (b"{}", None, 415, "body_type"),
        (b" " * 65_537, "application/json", 413, "body_too_large"),
    ],
)
def test_bodies_that_are_no_report(
    client: Client, content: bytes, content_type: str | None, status: int, code: str
) -> None:
    headers = {"content-type": content_type} if content_type else {}
    answer = client().post(URL, content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_body_without_length_is_cut_off_too(client: Client) -> None:
    def pieces() -> Any:
        for _ in range(70):
            yield b" " * 1024

    answer = client().post(URL, content=pieces(), headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_no_number_but_a_number(client: Client, number: str) -> None:
    body = json.dumps(report()).replace("110.005", number)
    answer = client().post(URL, content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "request_misfit")
    assert answer.json()["detail"][0]["field"] == "location.lon"


def test_residents_are_limited_by_address_and_accounts_are_not(serve: Serve, county: County) -> None:
    mine = {"Authorization": f"Bearer {county.tokens['worker']}"}
    with httpx.Client(base_url=serve(anonymous_per_minute=3), timeout=60) as browser:
        sent = [browser.post(URL, json=report()) for _ in range(5)]
        assert [a.status_code for a in sent] == [201, 201, 201, 429, 429]
        assert sent[3].json()["code"] == "too_many_reports"
        assert 1 <= int(sent[3].headers["retry-after"]) <= 20
        assert [browser.post(URL, json=report(), headers=mine).status_code for _ in range(5)] == [201] * 5
        # a header that claims another address changes nothing: no proxy is trusted
        claimed = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
        assert browser.post(URL, json=report(), headers=claimed).status_code == 429


def test_key_of_any_spelling_is_one_key(client: Client) -> None:
    key = uuid.uuid4()
    assert client().post(URL, json=report(client_key=str(key).upper())).status_code == 201
    assert client().post(URL, json=report(client_key=f"{{{key}}}")).status_code == 200
