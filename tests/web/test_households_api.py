"""The register over HTTP: pages, a door's life, what is masked, who is refused."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from tests.web.conftest import Client
from tests.web.county import EAST, WEST, County

ADDRESS = "/api/v1/households"


def door(county: County, **changes: object) -> dict[str, Any]:
    """The body of a new door in the western compound."""
    body: dict[str, Any] = {
        "compound": county.compounds["1"],
        "building": "六号楼",
        "unit": "２单元",
        "room": str(10**7 + uuid.uuid4().int % 10**7),  # digits alone: 12345f is a floor
        "contact_name": "王小二",
        "contact_phone": "13800001111",
        "n_people": 3,
    }
    return body | changes


def made(client: httpx.Client, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(ADDRESS, json=body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{ADDRESS}/{answer.json()['id']}"
    return dict(answer.json())


def test_a_door_from_first_to_last(client: Client, county: County) -> None:
    planner = client("planner")
    body = door(county, building="五号楼")  # its own: where a door moves, its neighbours without a place follow
    one = made(planner, body)
    assert (one["building"], one["unit"], one["class"]["code"]) == ("5", "2", "ordinary")
    assert one["label"] == f"Building 5, Unit 2, Room {body['room']}"
    assert (one["grid"]["code"], one["community"]["code"], one["location"]["source"]) == (
        f"{WEST}001",
        WEST,
        "compound",
    )
    assert one["contact"] == {"name": "王**", "phone": "138****1111"}
    twice = planner.post(ADDRESS, json=body)
    assert (twice.status_code, twice.json()["code"], twice.json()["detail"]) == (409, "door_exists", {"id": one["id"]})
    place = f"{ADDRESS}/{one['id']}"
    location = {"lon": 110.0155, "lat": 23.0155, "crs": "wgs84"}
    changed = planner.patch(place, json={"class_code": "in_need", "location": location, "n_people": None})
    assert changed.status_code == 200
    told = changed.json()
    assert (told["class"]["code"], told["grid"]["code"], told["n_people"]) == ("in_need", f"{WEST}004", None)
    assert told["location"] == {"lon": 110.0155, "lat": 23.0155, "source": "door"}
    assert told["log"][0]["fields"] == ["class_code", "lat", "lon", "n_people"]
    assert planner.delete(place).status_code == 422
    assert planner.delete(place, params={"reason": "拆迁"}).json()["removed_at"] is not None
    assert planner.get(place).json()["log"][0] | {"at": None} == {
        "at": None,
        "action": "removed",
        "note": "拆迁",
        "fields": [],
        "by": "planner 某",
        "role": "planner",
        "other": None,
    }
    assert planner.patch(place, json={"n_people": 1}).status_code == 404
    assert made(planner, body)["id"] == one["id"], "who was removed comes back"


def test_pages_filters_and_cursors(client: Client, county: County) -> None:
    planner = client("planner")
    mine = [made(planner, door(county, building="88幢"))["id"] for _ in range(3)]
    seen: list[int] = []
    params: dict[str, Any] = {"q": "88号楼", "limit": 2}
    while True:
        page = planner.get(ADDRESS, params=params).json()
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
    assert seen == mine
    other = planner.get(ADDRESS, params={"q": "99号楼", "cursor": params["cursor"]})
    assert (other.status_code, other.json()["code"]) == (400, "cursor_invalid")
    for params, n in (({"grid": f"{EAST}004"}, 4), ({"class": "correction"}, 0), ({"kind": "firm"}, 0)):
        assert len(planner.get(ADDRESS, params=params).json()["items"]) == n
    assert planner.get(ADDRESS, params={"due": "soon"}).status_code == 422


def test_each_sees_the_own_doors_alone(client: Client, county: County) -> None:
    one = made(client("manager_west"), door(county))
    assert client("worker").get(f"{ADDRESS}/{one['id']}").status_code == 200
    for verb, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"n_people": 1}),
        ("DELETE", "?reason=x", None),
        ("POST", "/contact", {"purpose": "x"}),
    ):
        answer = client("manager_east").request(verb, f"{ADDRESS}/{one['id']}{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "door_unknown"), verb
    outside = client("manager_east").post(ADDRESS, json=door(county))
    assert (outside.status_code, outside.json()["code"]) == (403, "door_outside")
    codes = {item["grid"]["code"] for item in client("manager_east").get(ADDRESS).json()["items"]}
    assert codes == {f"{EAST}004"}


def test_a_contact_is_shown_to_those_who_need_it_and_logged(client: Client, county: County) -> None:
    one = made(client("manager_west"), door(county))
    path = f"{ADDRESS}/{one['id']}/contact"
    assert client("planner").post(path, json={"purpose": "x"}).status_code == 403
    assert client("worker").post(path, json={}).status_code == 422
    shown = client("worker").post(path, json={"purpose": "约时间"})
    assert (shown.json()["name"], shown.json()["phone"]) == ("王小二", "13800001111")
    last = client("manager_west").get(f"{ADDRESS}/{one['id']}").json()["log"][0]
    assert (last["action"], last["note"], last["by"]) == ("unmasked", "约时间", "worker 某")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"compound": "同名苑"}, "door_compound_ambiguous"),
        ({"compound": "没有这个"}, "door_compound_unknown"),
        ({"community": "1"}, "door_community_unknown"),
        ({"room": "18层"}, "door_room_is_floor"),
        ({"class_code": "correction"}, "door_class_off"),
        ({"compound": None}, "door_place_missing"),
    ],
)
def test_what_is_no_door_is_refused(client: Client, county: County, wrong: dict[str, Any], code: str) -> None:
    for lang in ("zh", "en"):
        answer = client("planner").post(ADDRESS, params={"lang": lang}, json=door(county, **wrong))
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert code not in answer.json()["message"], "words, not the code"


def test_look_alikes_and_classes(client: Client, county: County) -> None:
    planner = client("planner")
    pair = [made(planner, door(county, building="77", room=room))["id"] for room in ("501", "0501")]
    found = planner.get(f"{ADDRESS}/near-duplicates", params={"compound": county.compounds["1"]}).json()["items"]
    assert [[one["id"] for one in item["doors"]] for item in found if item["doors"][0]["id"] in pair] == [pair]
    said = planner.post(f"{ADDRESS}/near-duplicates", json={"doors": pair, "reason": "两户"})
    assert (said.status_code, said.json()["apart"]) == (200, True)
    apart = planner.get(f"{ADDRESS}/near-duplicates", params={"apart": True}).json()["items"]
    assert [(item["apart"]["reason"], [one["id"] for one in item["doors"]]) for item in apart] == [("两户", pair)]
    assert planner.get(f"{ADDRESS}/{pair[0]}").json()["log"][0]["other"]["id"] == pair[1]
    again = f"{ADDRESS}/near-duplicates/{pair[1]}/{pair[0]}"
    assert [planner.delete(again).status_code for _ in range(2)] == [200, 409]
    both = planner.get(f"{ADDRESS}/near-duplicates/{pair[1]}/{pair[0]}").json()
    assert [(one["id"], one["n_visits"], one["campaigns"]) for one in both["doors"]] == [(id_, 0, []) for id_ in pair]
    one_door, said = f"{ADDRESS}/near-duplicates/{pair[1]}/{pair[0]}", {"reason": "同一户", "version": both["version"]}
    assert planner.post(one_door, json=said | {"version": "0"}).json()["code"] == "doors_changed"
    stays = planner.post(one_door, json=said).json()
    assert (stays["id"], stays["merged"]) == (pair[1], {"id": pair[0], "n_visits": 0, "n_reports": 0, "fields": []})
    assert [entry["id"] for entry in stays["entries"]] == [pair[0]]
    gone = planner.get(f"{ADDRESS}/{pair[0]}").json()
    assert (gone["same_as_id"], gone["log"][0]["action"]) == (pair[1], "merged")
    assert planner.post(one_door, json=said).status_code == 409
    undo = f"{ADDRESS}/{pair[0]}/unmerge"
    assert planner.post(undo, json={"reason": ""}).status_code == 422
    back = planner.post(undo, json={"reason": "两户"}).json()
    assert (back["given_back"], back["removed_at"]) == ({"n_visits": 0, "n_reports": 0, "fields": []}, None)
    assert [(entry["action"], entry["other"]["id"]) for entry in back["log"][:2]] == [
        ("returned", pair[1]),
        ("merged", pair[1]),
    ]
    again = planner.post(undo, json={"reason": "两户"})
    assert (again.status_code, again.json()["code"]) == (409, "merge_none")
    codes = [one["code"] for one in planner.get(f"{ADDRESS}/classes").json()["items"]]
    assert "ordinary" in codes
    assert "correction" not in codes, "sensitive ones are off unless switched on"
