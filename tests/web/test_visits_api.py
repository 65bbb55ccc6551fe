"""Visits over HTTP: one, many with an answer each, read back; doors that leave the denominator."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, get_args

import httpx
import pytest

from gridsvc import visit_reading
from gridsvc.rules.visiting import MODES, OUTCOMES, WITHDRAWN
from gridsvc.web.api import visits as api
from tests.conftest import NOW, Fresh
from tests.web import town as towns

URL = "/api/v1/visits"


class Town(towns.Town):
    """A town, and the visits that are sent to it."""

    def body(self, **changes: Any) -> dict[str, Any]:
        said = {"client_key": str(uuid.uuid4()), "household_id": self.west[9], "outcome": "reached"}
        return said | {"happened_at": "2026-11-01T01:30:00Z"} | changes

    def send(self, login: str = "worker", **changes: Any) -> httpx.Response:
        return self.client(login).post(URL, json=self.body(**changes))

    def batch(self, items: object, login: str | None = "worker") -> httpx.Response:
        return self.client(login).post(f"{URL}/batch", json={"visits": items})


@pytest.fixture(scope="module")
def town(module_schema: Fresh, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with towns.opened(Town, module_schema, tmp_path_factory.mktemp("data")) as one:
        yield one


def test_codes_of_the_api_are_those_of_the_rules() -> None:
    assert get_args(api.Outcome) == (*OUTCOMES, WITHDRAWN)
    assert get_args(api.Mode) == MODES
    assert visit_reading.FLAGS == ("far", "late", "clock")


def test_a_visit_is_stored_and_read_back(town: Town) -> None:
    body = town.body(
        n_met=2, x=110.0062, y=23.004, crs="wgs84", accuracy_m=12, needs="想装充电桩", policies=["medical"],
        answers={"几口人": 4}, n_issued=1, sent_at="2026-11-01T02:00:00Z",
    )  # fmt: skip
    made = town.client().post(URL, json=body)
    assert made.status_code == 201, made.text
    said = made.json()
    assert said == {
        "client_key": body["client_key"],
        "status": "created",
        "id": said["id"],
        "n_reports": 0,
        "flags": ["far"],
    }
    again = town.client().post(URL, json=body | {"sent_at": "2026-11-01T02:00:30Z"})
    assert (again.status_code, again.json()) == (200, said | {"status": "same"})
    long = town.client().post(URL, json=town.body(answers={f"第{i}问": i for i in range(120)}))  # of two questionnaires
    assert long.status_code == 201, long.text
    other = town.client().post(URL, json=body | {"n_met": 3})
    assert (other.status_code, other.json()["code"]) == (409, "visit_key_used")
    url = f"/api/v1/households/{town.west[9]}/visits"
    read = next(one for one in town.client().get(url).json()["items"] if one["id"] == said["id"])
    assert (read["needs"], read["answers"], read["policies"]) == ("想装充电桩", {"几口人": 4}, ["medical"])
    assert (read["happened_at"], read["own"], read["flags"]) == ("2026-11-01T09:30:00+08:00", True, ["far"])
    assert (read["worker"], read["superseded_by"]) == ({"code": "w1", "name": "王小明"}, None)
    # planners count visits; what was said at a door is not theirs to read
    planner = next(one for one in town.client("planner").get(url).json()["items"] if one["id"] == said["id"])
    assert (planner["needs"], planner["answers"], planner["n_met"]) == (None, None, 2)


def test_a_need_is_a_report_that_its_visit_names(town: Town) -> None:
    made = town.send(need={"category": "0110", "description": "楼道堆物"}).json()
    assert made["n_reports"] == 1
    items = town.client().get(URL, params={"household": town.west[9]}).json()["items"]
    (number,) = next(one for one in items if one["id"] == made["id"])["reports"]
    report = town.client().get(f"/api/v1/reports/{number}").json()
    assert (report["description"], report["channel"]) == ("楼道堆物", "visit")


def test_a_correction_and_the_second_one(town: Town) -> None:
    first = town.send().json()
    fixed = town.send(outcome="absent", supersedes=first["client_key"])
    assert fixed.status_code == 201
    late = town.send(outcome="refused", supersedes=first["id"])
    assert (late.status_code, late.json()["code"]) == (409, "visit_corrected")
    assert late.json()["detail"]["by"] == fixed.json()["id"]
    gone = town.send("manager_west", outcome="withdrawn", supersedes=fixed.json()["id"])
    assert gone.status_code == 201
    items = {one["id"]: one for one in town.client().get(URL).json()["items"]}
    assert items[first["id"]]["superseded_by"] == fixed.json()["id"]
    assert items[gone.json()["id"]]["supersedes"] == fixed.json()["id"]
    assert [items[one.json()["id"]]["role"] for one in (fixed, gone)] == ["worker", "manager"]


@pytest.mark.parametrize(
    ("login", "changes", "status", "code"),
    [
        ("worker", {"household_id": 10**15}, 404, "door_unknown"),
        ("manager_east", {}, 404, "door_unknown"),
        ("planner", {}, 403, "not_allowed"),
        ("worker", {"n_met": 0}, 422, "visit_nobody_met"),
        ("worker", {"outcome": "gone"}, 422, "request_misfit"),
        ("worker", {"outcome": "withdrawn"}, 422, "visit_withdraws_nothing"),
        ("worker", {"n_met": True}, 422, "request_misfit"),
        ("worker", {"x": 110.0}, 422, "request_misfit"),
        ("worker", {"x": 110.0, "y": 95.0, "crs": "wgs84"}, 422, "position_out_of_range"),
        ("worker", {"x": 110.0, "y": 23.0, "crs": "moon"}, 422, "crs_unknown"),
        ("worker", {"needs": "a\x00b"}, 422, "request_misfit"),
        ("worker", {"answers": {"q": {"deep": 1}}}, 422, "request_misfit"),
        ("worker", {"answers": {"q": float(10**20)}}, 422, "request_misfit"),
        ("worker", {"answers": {f"q{i}": 1 for i in range(api.MOST_ANSWERS + 1)}}, 422, "request_misfit"),
        (
            "worker",
            {"happened_at": "2150-01-01T00:00:00Z", "sent_at": "1950-01-01T00:00:00Z"},
            422,
            "visit_time_impossible",
        ),
        ("worker", {"what": 1}, 422, "request_misfit"),
        ("worker", {"supersedes": str(uuid.uuid4())}, 404, "visit_unknown"),
        ("worker", {"supersedes": 2**62}, 404, "visit_unknown"),
    ],
)
def test_refusals(town: Town, login: str, changes: dict[str, Any], status: int, code: str) -> None:
    answer = town.send(login, **changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert "{" not in answer.json()["message"]


def test_a_batch_answers_each(town: Town) -> None:
    good, fixed = town.body(household_id=town.west[8]), town.body(household_id=town.west[8], outcome="absent")
    fixed["supersedes"] = good["client_key"]
    items: list[Any] = [
        good,
        fixed,
        town.body(household_id=town.east[0]),
        town.body(outcome="?"),
        "no visit",
        {"client_key": "k" * 80},
        good,
        good | {"n_met": 9},
        town.body(household_id=town.west[7], need={"category": "0110", "description": "路灯"}),
    ]
    answer = town.batch(items)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert [one.get("code") or one["status"] for one in told["visits"]] == [
        *("created", "created", "door_unknown", "request_misfit", "request_misfit", "request_misfit"),
        *("same", "visit_key_used", "created"),
    ]
    assert told["counts"] == {"created": 3, "same": 1, "refused": 5}
    assert [one["client_key"] for one in told["visits"][:4]] == [one["client_key"] for one in items[:4]]
    assert told["visits"][3]["detail"][0]["field"] == "outcome"
    assert told["visits"][5]["client_key"] == "k" * 60
    assert told["visits"][2]["message"]
    again = town.batch(items).json()
    assert again["counts"] == {"created": 0, "same": 4, "refused": 5}
    assert town.batch([]).json() == {"counts": {"created": 0, "same": 0, "refused": 0}, "visits": []}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"visits": 1}', b'{"visits": [], "more": 1}', b"[" * 100_000, b"\xff"]
)
def test_a_batch_that_is_none(town: Town, body: bytes) -> None:
    answer = town.client().post(f"{URL}/batch", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 415, 422), answer.text
    assert set(answer.json()) == {"code", "message", "detail"}


def test_a_batch_has_bounds(town: Town) -> None:
    many = town.batch([{}] * 1001)
    assert (many.status_code, many.json()["code"]) == (422, "visits_too_many")
    large = town.batch([town.body(needs="很" * 4000)] * 500)
    assert (large.status_code, large.json()["code"]) == (413, "body_too_large")
    assert town.batch([], None).status_code == 401
    assert town.batch([], "planner").status_code == 403


def test_a_full_batch_is_quick(town: Town) -> None:
    items = [town.body(household_id=town.west[n % 10], needs="需求" * 50) for n in range(1000)]
    assert len(json.dumps(items)) > 300_000
    start = time.perf_counter()
    answer = town.batch(items)
    assert answer.json()["counts"]["created"] == 1000
    assert time.perf_counter() - start < 60  # some three seconds' work: the bound tells it from minutes


def test_lists_filter_and_page(town: Town) -> None:
    sent = [
        town.send("manager_east", household_id=town.east[n % 4], happened_at=f"2026-10-{10 + n}T08:00:00+08:00")
        for n in range(5)
    ]
    sent.append(town.send("worker", household_id=town.west[0], happened_at="2026-10-09T08:00:00+08:00"))
    assert all(one.status_code == 201 for one in sent)
    client = town.client("manager_east")
    first = client.get(URL, params={"limit": 2}).json()
    rest = client.get(URL, params={"limit": 500, "cursor": first["next"]}).json()
    days = [one["happened_at"][:10] for one in first["items"] + rest["items"]]
    assert days == [f"2026-10-{day}" for day in (14, 13, 12, 11, 10)]
    assert rest["next"] is None
    found = client.get(URL, params={"from": "2026-10-11", "to": "2026-10-12"}).json()["items"]
    assert [one["happened_at"][:10] for one in found] == ["2026-10-12", "2026-10-11"]
    assert {tuple(one["flags"]) for one in found} == {("late",)}
    assert len(client.get(URL, params={"flag": "late"}).json()["items"]) == 5
    assert client.get(URL, params={"flag": "clock"}).json()["items"] == []
    assert client.get(URL, params={"worker": "w1"}).json()["items"] == []
    assert {
        one["worker"]["code"] for one in town.client("admin").get(URL, params={"worker": "w1"}).json()["items"]
    } == {"w1"}
    for wrong in ({"cursor": "x"}, {"cursor": first["next"], "flag": "far"}, {"colour": "red"}):
        assert client.get(URL, params=wrong).status_code == 400
    assert client.get(URL, params={"from": "2026-10-12", "to": "2026-10-11"}).status_code == 422
    assert client.get(f"/api/v1/households/{town.west[0]}/visits").status_code == 404


def test_an_exclusion_takes_two(town: Town) -> None:
    door = town.west[6]
    url = f"/api/v1/households/{door}/exclusion"
    assert town.send(household_id=door, outcome="vacant").status_code == 201
    (claim,) = town.client("manager_west").get("/api/v1/exclusion-claims").json()["items"]
    assert (claim["household_id"], claim["reason"], claim["own"], claim["worker_name"]) == (
        door,
        "vacant",
        False,
        "王小明",
    )
    own = town.client().post(url, json={"act": "confirm", "reason": "vacant"})
    assert (own.status_code, own.json()["code"]) == (403, "exclusion_second")
    done = town.client("manager_west").post(url, json={"act": "confirm", "reason": "vacant"})
    assert (done.status_code, done.json()) == (200, {"household_id": door, "excluded": "vacant"})
    assert town.client("manager_west").get("/api/v1/exclusion-claims").json()["items"] == []
    again = town.client("manager_west").post(url, json={"act": "confirm", "reason": "vacant"})
    assert (again.status_code, again.json()["code"]) == (409, "exclusion_there")
    town.clock.now = NOW + timedelta(minutes=1)
    assert town.client("manager_west").post(url, json={"act": "end"}).json()["excluded"] is None
    town.clock.now = NOW
    assert town.client("manager_west").post(url, json={"act": "decline"}).status_code == 409
    for wrong in ({"act": "confirm"}, {"act": "end", "reason": "vacant"}, {"act": "forget"}):
        assert town.client("manager_west").post(url, json=wrong).status_code == 422
    paper = {"act": "confirm", "reason": "not_eligible", "document": "公告7号"}
    alone = town.client().post(url, json=paper)  # a worker's word with a paper that nobody else saw is one word
    assert (alone.status_code, alone.json()["code"]) == (403, "exclusion_second")
    assert town.client("manager_west").post(url, json=paper).json()["excluded"] == "not_eligible"
    late, early = town.client("manager_west").get(f"/api/v1/households/{door}").json()["exclusions"]
    assert (late["reason"], late["document"], late["ended_at"], late["declined"]) == (
        "not_eligible",
        "公告7号",
        None,
        False,
    )
    assert (early["reason"], early["document"], early["declined"]) == ("vacant", None, False)
    assert early["claimed_by"] != early["confirmed_by"] == early["ended_by"] == late["confirmed_by"]
