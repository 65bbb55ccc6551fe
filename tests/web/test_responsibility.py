"""Who acts, over HTTP and on its page; departments, duty and accounts of the API; the page of accounts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from gridsvc import accounts
from gridsvc.web.app import create_app
from tests.conftest import NOW, Maker
from tests.web.county import CANARY, EAST, PASSWORD, WEST
from tests.web.live import Clock, serving, settings
from tests.web.offices import STREET, Offices, opened
from tests.web.test_access import csrf, log_in

ANSWER = "/api/v1/responsibility"


@pytest.fixture(scope="module")
def offices(maker: Maker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offices]:
    with opened(maker, tmp_path_factory.mktemp("data")) as found:
        yield found


@pytest.fixture
def admin(offices: Offices) -> httpx.Client:
    return offices.clients["admin"]


def test_the_most_specific_line_decides_and_the_others_say_why_not(offices: Offices) -> None:
    asked = {"category": "0110", "grid": f"{WEST}001"}
    answer = offices.clients["handler"].get(ANSWER, params=asked).json()
    assert (answer["routing"], answer["lead"]["code"]) == ("list", "D3")
    assert [one["code"] for one in answer["assistants"]] == ["D1", "D2"]
    assert answer["place"] == {"kind": "grid", "code": f"{WEST}001", "name": "第1网格", "area": "西社区"}
    told = [(one["lead"]["code"], one["area"] and one["area"]["code"], one["lost_by"]) for one in answer["lines"]]
    assert told == [
        ("D3", WEST, None),
        ("D1", WEST, "level"),
        ("D2", STREET, "area"),
        ("D1", "370101", "area"),
        ("D1", None, "category"),
    ]
    assert [one["decides"] for one in answer["lines"]] == [True, False, False, False, False]
    assert answer["lines"][4]["why"] == "Its category is less specific than that of the deciding line"


@pytest.mark.parametrize(
    ("asked", "routing", "lead"),
    [
        ({"category": "0110"}, "list", "D1"),
        ({"category": "0110", "area": EAST}, "list", "D1"),
        ({"category": "0110", "area": "西街道"}, "list", "D2"),
        ({"category": "0110", "area": WEST, "level": "district"}, "list", "D1"),
        ({"category": "0110", "lon": "110.005", "lat": "23.005", "crs": "wgs84"}, "list", "D3"),
        ({"category": "0110", "lon": "111", "lat": "24", "crs": "wgs84"}, "list", "D1"),
        ({"category": "0506", "area": WEST}, "consultation", None),
    ],
)
def test_who_gets_it(offices: Offices, asked: dict[str, str], routing: str, lead: str | None) -> None:
    answer = offices.clients["worker"].get(ANSWER, params=asked).json()
    assert (answer["routing"], answer["lead"] and answer["lead"]["code"]) == (routing, lead)


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"category": "9999"}, 404, "category_unknown"),
        ({"category": "0110", "area": "x"}, 404, "place_unknown"),
        ({"category": "0110", "grid": WEST}, 404, "place_unknown"),
        ({"category": "0110", "area": WEST, "grid": f"{WEST}001"}, 422, "place_twice"),
        ({"category": "0110", "lon": "110", "lat": "23"}, 422, "place_twice"),
        ({"category": "0110", "level": "planet"}, 422, "request_misfit"),
        ({}, 422, "request_misfit"),
        ({"category": "0110", "place": WEST}, 400, "query_unknown"),
    ],
)
def test_questions_that_cannot_be_answered(admin: httpx.Client, asked: dict[str, str], status: int, code: str) -> None:
    answer = admin.get(ANSWER, params=asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_territory_takes_what_no_list_names_only_where_that_is_set(offices: Offices, tmp_path: Path) -> None:
    headers = {"Authorization": f"Bearer {offices.county.tokens['planner']}"}
    with (
        serving(create_app(settings(offices.made, tmp_path, territorial_fallback=True), clock=Clock())) as address,
        httpx.Client(base_url=address, headers=headers, timeout=120) as planner,
    ):
        asked = {"category": "0506", "area": WEST}
        answer = planner.get(ANSWER, params=asked).json()
        assert (answer["routing"], answer["lead"]["code"], answer["lines"]) == ("fallback", "D3", [])
        shown = planner.get("/responsibility", params={"category": "0506", "place": WEST}).text
        assert "marked as such" in shown


def test_the_page_says_who_and_why(offices: Offices) -> None:
    client = offices.clients["checker"]
    assert "Choose a category" in client.get("/responsibility").text
    asked = {"category": "暴露垃圾 0110", "place": f"第1网格 {WEST}001", "level": "grid"}
    shown = client.get("/responsibility", params=asked)
    assert shown.status_code == 200
    assert "&lt;/script&gt;" in shown.text
    assert CANARY not in shown.text
    assert shown.text.index("leads") < shown.text.index("It names no level") < shown.text.index("Its area is larger")
    assert "由西街道办" in client.get("/responsibility", params=asked | {"lang": "zh"}).text
    nobody = client.get("/responsibility", params={"category": "Water", "lang": "en"}).text
    assert "No line fits: to consultation" in nobody
    assert "brings the departments concerned together" in nobody
    for wrong in ({"category": "9999"}, {"category": "0110", "place": "nowhere"}):
        answer = client.get("/responsibility", params=wrong)
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
    assert client.get("/responsibility", params={"category": "\x00", "place": "\x00", "level": "x"}).status_code == 200


def test_departments(offices: Offices) -> None:
    items = offices.clients["worker"].get("/api/v1/departments").json()["items"]
    assert [(one["code"], one["area"] and one["area"]["name"]) for one in items] == [
        ("D1", None),
        ("D2", "试验区"),
        ("D3", "西街道"),
    ]


def test_a_manager_sets_duty_in_the_own_area_alone(offices: Offices) -> None:
    manager = offices.clients["manager"]
    grid = f"{WEST}002"
    night = {"worker": "w2", "kind": "deputy", "weekdays": [5, 6], "starts": "20:00", "ends": "06:00"}
    put = manager.put("/api/v1/duty", json={"grid": grid, "items": [{"worker": "w1"}, night]})
    assert put.status_code == 200
    assert [(one["worker"]["code"], one["kind"], one["starts"]) for one in put.json()["items"]] == [
        ("w1", "main", None),
        ("w2", "deputy", "20:00"),
    ]
    place = {"lon": "110.005", "lat": "23.015", "crs": "wgs84"}
    assert manager.get("/api/v1/locate", params=place).json()["worker"]["name"] == "王小明"
    only = {"grid": grid, "items": [{"worker": "w2", "kind": "main"}]}
    assert manager.put("/api/v1/duty", json=only).status_code == 200
    assert manager.get("/api/v1/duty", params={"grid": grid}).json()["items"][0]["worker"]["code"] == "w2"
    assert manager.get("/api/v1/locate", params=place).json()["worker"]["name"] == "李大山"
    with offices.made.begin() as db:  # duty elsewhere stays
        elsewhere = text("SELECT count(*) FROM duty WHERE grid_code <> :g")
        assert db.scalar(elsewhere, {"g": grid}) == 2
    for body, status, code in (
        ({"grid": f"{EAST}001", "items": []}, 403, "grid_not_yours"),
        ({"grid": "nowhere", "items": []}, 404, "grid_unknown"),
        ({"grid": grid, "items": [{"worker": "w9"}]}, 422, "duty_worker_unknown"),
        ({"grid": grid, "items": [{"worker": "w1"}, {"worker": "w1"}]}, 422, "duty_repeated_worker"),
        ({"grid": grid, "items": [{"worker": "w1"}, {"worker": "w2"}]}, 422, "duty_main_twice"),
        ({"grid": grid, "items": [{"worker": "w1", "starts": "08:00"}]}, 422, "request_misfit"),
        ({"grid": grid, "items": [{"worker": "w1", "weekdays": [8]}]}, 422, "request_misfit"),
    ):
        answer = manager.put("/api/v1/duty", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), body
    assert manager.get("/api/v1/duty", params={"grid": f"{EAST}001"}).status_code == 403
    assert manager.get("/api/v1/duty", params={"grid": grid}).json()["items"][0]["worker"]["code"] == "w2"


def test_accounts_are_made_changed_and_shut(offices: Offices, admin: httpx.Client) -> None:
    made = admin.post("/api/v1/accounts", json={"login": "a/b", "role": "leader", "areas": [STREET]})
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    password = made.json().pop("password")
    again = admin.post("/api/v1/accounts", json={"login": "a/b", "role": "admin", "password": PASSWORD})
    assert (again.status_code, again.json()["code"]) == (409, "login_taken")
    with log_in(offices.address, "a/b", password) as browser:
        assert browser.get("/api/v1/reports").status_code == 200
        changed = admin.patch("/api/v1/accounts/a%2Fb", json={"role": "handler", "department": "D1"})
        assert changed.status_code == 200
        assert (changed.json()["areas"], changed.json()["department"]) == ([], "D1")
        assert browser.get("/api/v1/reports").status_code == 401  # at once
    with offices.made.begin() as db:
        token = accounts.issue_bearer(db, "a/b", "t", NOW, timedelta(days=1)).token
    with httpx.Client(base_url=offices.address, headers={"Authorization": f"Bearer {token}"}, timeout=60) as program:
        assert program.get("/api/v1/departments").status_code == 200
        assert admin.patch("/api/v1/accounts/a%2Fb", json={"active": False}).json()["active"] is False
        assert program.get("/api/v1/departments").status_code == 401
    listed = admin.get("/api/v1/accounts", params={"q": "A/B"})
    assert [one["login"] for one in listed.json()["items"]] == ["a/b"]
    assert "argon2" not in listed.text + made.text
    assert "a/b" in {one["login"] for one in admin.get("/api/v1/accounts?state=disabled").json()["items"]}
    for body, status, code in (
        ({"role": "manager"}, 422, "role_needs_area"),
        ({"areas": [STREET]}, 422, "role_takes_no_area"),
        ({"department": "D9"}, 422, "department_unknown"),
        ({"role": "king"}, 422, "role_unknown"),
        ({"password": "x"}, 422, "request_misfit"),
    ):
        answer = admin.patch("/api/v1/accounts/a%2Fb", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), body
    assert admin.patch("/api/v1/accounts/nobody", json={"active": False}).status_code == 404


def test_the_last_admin_stays(offices: Offices, admin: httpx.Client) -> None:
    for body in ({"active": False}, {"role": "planner"}):
        answer = admin.patch("/api/v1/accounts/admin", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "last_admin")
    assert admin.post("/api/v1/accounts", json={"login": "second", "role": "admin"}).status_code == 201
    assert admin.patch("/api/v1/accounts/second", json={"role": "planner"}).status_code == 200
    assert admin.patch("/api/v1/accounts/admin", json={"name": "管理"}).json()["name"] == "管理"


def test_the_page_of_accounts_asks_before_it_shuts(offices: Offices, admin: httpx.Client) -> None:
    made = {"login": "leaver", "name": CANARY, "role": "planner", "password": PASSWORD}
    assert admin.post("/api/v1/accounts", json=made).status_code == 201
    with log_in(offices.address, "admin") as browser:
        listed = browser.get("/accounts", params={"q": "leav"}).text
        assert "leaver" in listed
        assert CANARY not in listed
        asked = browser.get("/accounts", params={"q": "leav", "ask": "leaver"}).text
        assert "Disable leaver: no login any more" in asked
        token = {"csrf_token": csrf(browser.cookies["gridsvc_session"])}
        sent = {"login": "leaver", "active": "false", "q": "leav"} | token
        done = browser.post("/accounts/state", data=sent, follow_redirects=True)
        assert "Account leaver is disabled." in done.text
        kept = browser.post("/accounts/state", data={"login": "admin", "active": "false"} | token)
        assert kept.status_code == 409
        assert "last active admin" in kept.text
        opened_again = browser.post("/accounts/state", data=sent | {"active": "true"}, follow_redirects=True)
        assert "can log in again" in opened_again.text
    with log_in(offices.address, "planner") as browser:
        assert browser.get("/accounts").status_code == 403
        assert "/accounts" not in browser.get("/responsibility").text
