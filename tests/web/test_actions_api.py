"""Actions over HTTP: one, several at once, what may be done now, the log; whose reports, which version."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any
from uuid import uuid4

import httpx

from gridsvc.handling import SEVERAL
from gridsvc.rules.lifecycle import TABLE
from gridsvc.web import api
from gridsvc.web.api.routes import ROUTERS
from tests.web.conftest import Client
from tests.web.county import County


def send(client: Client, lon: float = 110.005) -> str:
    """The number of a new report of nobody."""
    body = {
        "client_key": str(uuid4()),
        "category": "0110",
        "description": "井盖缺失",
        "location": {"lon": lon, "lat": 23.005, "crs": "wgs84"},
    }
    return str(client("admin").post("/api/v1/reports", json=body).json()["number"])


def act(client: Client, who: str, number: str, action: str, version: int, **more: Any) -> httpx.Response:
    return client(who).post(
        f"/api/v1/reports/{number}/actions", params={"lang": "en"}, json={"action": action, "version": version, **more}
    )


def test_every_module_with_routes_is_served() -> None:
    modules = (importlib.import_module(f"{api.__name__}.{one.name}") for one in pkgutil.iter_modules(api.__path__))
    assert {id(one.router) for one in modules if hasattr(one, "router")} == {id(one) for one in ROUTERS}


def test_an_action_moves_the_report_and_says_what_is_next(client: Client, county: County) -> None:
    number = send(client)
    done = act(client, "manager_west", number, "remind", 1, note="请尽快")
    assert done.status_code == 200, done.text
    assert (done.json()["state"], done.json()["version"]) == ("reported", 2)
    filed = act(client, "manager_west", number, "file", 2).json()
    assert (filed["state"], filed["version"]) == ("filed", 3)
    assert "dispatch" in filed["actions"]
    assert set(filed["actions"]) <= set(TABLE)
    told = client("manager_west").get(f"/api/v1/reports/{number}/actions").json()
    assert told == filed
    log = client("manager_west").get(f"/api/v1/reports/{number}/log").json()
    assert (log["version"], [one["action"] for one in log["items"]]) == (3, ["submit", "remind", "file"])


def test_a_stale_version_is_told_what_changed(client: Client, county: County) -> None:
    number = send(client)
    assert act(client, "admin", number, "note", 1, note="一").status_code == 200
    stale = act(client, "manager_west", number, "file", 1)
    assert (stale.status_code, stale.json()["code"]) == (409, "version_stale")
    (changed,) = stale.json()["detail"]["changed"]
    assert (changed["seq"], changed["action"], changed["to_state"]) == (2, "note", "reported")


def test_forbidden_edges_name_the_allowed_ones(client: Client, county: County) -> None:
    refused = act(client, "admin", send(client), "close", 1, note="好了")
    assert (refused.status_code, refused.json()["code"]) == (409, "step_not_allowed")
    assert "verify" in refused.json()["detail"]["allowed"]
    assert act(client, "admin", send(client), "fly", 1).json()["code"] == "action_unknown"
    assert act(client, "planner", send(client), "file", 1).status_code == 403


def test_who_does_not_see_a_report_cannot_act_on_it_or_link_to_it(client: Client, county: County) -> None:
    east = send(client, 110.025)
    assert act(client, "manager_west", east, "remind", 1, note="x").status_code == 404
    west = send(client)
    linked = act(client, "manager_west", west, "link", 1, parent=east)
    assert (linked.status_code, linked.json()["code"]) == (404, "report_unknown")
    assert client("manager_west").get(f"/api/v1/reports/{west}").json()["version"] == 1
    assert act(client, "admin", west, "link", 1, parent=east).json()["state"] == "merged"
    page = client("manager_west").get(f"/reports/{west}").text
    assert west in page
    assert east not in page


def test_what_is_done_to_several_at_once_asks_for_no_choice_about_one() -> None:
    # a department is chosen for all of them, or by the lists for each
    assert {one for one in SEVERAL if set(TABLE[one].needs) - {"department"} or TABLE[one].public} == set()


def test_several_at_once_are_done_or_refused_one_by_one(client: Client, county: County) -> None:
    good, stale, east = send(client), send(client), send(client, 110.025)
    assert act(client, "admin", stale, "note", 1, note="一").status_code == 200
    asked = [{"number": number, "version": 1} for number in (good, stale, east)]
    answer = client("manager_west").post("/api/v1/reports/actions", json={"action": "file", "reports": asked})
    told = {one["number"]: one for one in answer.json()["items"]}
    assert told[good]["state"] == "filed"
    assert told[stale]["error"]["code"] == "version_stale"
    (changed,) = told[stale]["error"]["detail"]["changed"]
    assert (changed["seq"], changed["action"], changed["to_state"]) == (2, "note", "reported")
    assert told[east]["error"]["code"] == "report_unknown"
    body = {"action": "void", "reports": asked}
    assert client("admin").post("/api/v1/reports/actions", json=body).json()["code"] == "not_at_once"
