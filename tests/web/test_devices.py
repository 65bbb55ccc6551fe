"""Phones that stay logged in: made, used, taken back, ended with the account; what is told of it and to whom."""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from gridsvc import accounts, devices
from tests.conftest import NOW, Fresh
from tests.web.conftest import Client, Serve, report
from tests.web.county import PASSWORD, County
from tests.web.live import Clock
from tests.web.test_access import SESSION_COOKIE, csrf, log_in

URL = "/api/v1/devices"


def log_in_on(base: httpx.Client, login: str = "worker", **changes: Any) -> httpx.Response:
    return base.post(URL, json={"login": login, "password": PASSWORD, "name": "工作手机", **changes})


@pytest.fixture
def own(made: Fresh, county: County) -> str:
    """An account of the test's own."""
    login = f"phone_{hashlib.sha256(uuid.uuid4().bytes).hexdigest()[:8]}"
    with made.begin() as db:
        accounts.create(db, login=login, name="机", role="planner", password=PASSWORD)
    return login


def test_a_phone_gets_the_session_cookie_for_weeks(serve: Serve, own: str) -> None:
    clock = Clock()
    with httpx.Client(base_url=serve(clock), timeout=120) as phone:
        made = log_in_on(phone, own)
        assert made.status_code == 201, made.text
        told = made.json()
        assert set(told) == {"device_id", "expires_at", "me"}  # no token where a cookie carries it
        assert told["expires_at"] == "2026-12-01T10:00:00+08:00"
        cookie = made.headers["set-cookie"]
        for part in (f"{SESSION_COOKIE}=", "HttpOnly", "SameSite=Lax", "Max-Age=2592000"):
            assert part in cookie
        me = told["me"]
        assert me["csrf"] == csrf(phone.cookies[SESSION_COOKIE])
        assert (me["known"], me["login"], me["role"]) == (True, own, "planner")
        assert me["device_id"] == told["device_id"]
        assert made.headers["cache-control"] == "no-store"
        clock.now = NOW + timedelta(days=29)
        assert phone.post("/api/v1/saved-queries", json={"name": "x", "query": ""}).status_code == 403  # no csrf token
        right = {"X-CSRF-Token": me["csrf"]}
        assert phone.post("/api/v1/saved-queries", json={"name": "x", "query": ""}, headers=right).status_code < 300
        listed = phone.get(URL).json()["items"]
        assert [(one["name"], one["state"], one["current"], one["as"]) for one in listed] == [
            ("工作手机", "active", True, "cookie")
        ]
        assert listed[0]["seen_at"] == "2026-11-30T10:00:00+08:00"
        clock.now = NOW + timedelta(days=30)
        over = phone.get("/api/v1/reports")
        assert (over.status_code, over.json()["code"]) == (401, "session_expired")


def test_a_token_is_shown_once_and_only_its_hash_stays(client: Client, made: Fresh, own: str) -> None:
    told = log_in_on(client(), own, **{"as": "bearer"}).json()
    token = told["token"]
    assert told["me"]["csrf"] is None
    headers = {"Authorization": f"Bearer {token}"}
    answer = client().get(URL, headers=headers)
    assert answer.status_code == 200
    assert answer.json()["items"][0]["as"] == "bearer"
    assert token not in answer.text
    with made.begin() as db:
        rows = str(db.execute(text("SELECT d::text, c::text FROM device d JOIN credential c USING (token_hash)")).all())
        assert token not in rows
        log = db.execute(
            text("SELECT action, changes FROM staff_log WHERE what = 'device' AND subject = :s"), {"s": own}
        )
        assert log.all() == [("add", {"label": [None, "工作手机"], "role": [None, "planner"]})]
        by = text(
            "SELECT a.login FROM staff_log s JOIN account a ON a.id = s.actor_id WHERE s.subject = :s AND what = 'device'"
        )
        assert db.scalar(by, {"s": own}) == own


def test_what_is_taken_back_is_told_so(serve: Serve, made: Fresh, own: str) -> None:
    clock = Clock()
    address = serve(clock)
    with httpx.Client(base_url=address, timeout=120) as phone, httpx.Client(base_url=address, timeout=30) as desk:
        told = log_in_on(phone, own).json()
        cookie = phone.cookies[SESSION_COOKIE]
        token = log_in_on(desk, own, name="tablet", **{"as": "bearer"}).json()["token"]
        desk.headers["Authorization"] = f"Bearer {token}"
        assert phone.get("/api/v1/reports").status_code == 200
        gone = desk.delete(f"{URL}/{told['device_id']}")
        assert gone.status_code == 204
        assert desk.delete(f"{URL}/{told['device_id']}").status_code == 204  # again does no harm
        headers = {"Cookie": f"{SESSION_COOKIE}={cookie}", "X-CSRF-Token": csrf(cookie)}
        for method, path in (("GET", "/api/v1/reports"), ("POST", "/api/v1/reports"), ("GET", URL)):
            body = {"json": report()} if method == "POST" else {}
            answer = httpx.request(method, f"{address}{path}", headers=headers, **body, timeout=120)
            assert (answer.status_code, answer.json()["code"]) == (401, "device_revoked"), path
            assert f'{SESSION_COOKIE}=""; ' in answer.headers["set-cookie"]
        page = httpx.get(f"{address}/reports", headers=headers, timeout=120)
        assert (page.status_code, page.headers["location"][:6]) == (303, "/login")
        states = {one["name"]: one["state"] for one in desk.get(URL).json()["items"]}
        assert states == {"tablet": "active", "工作手机": "revoked"}
        # a token's end is told too
        with made.begin() as db:
            accounts.set_password(db, own, PASSWORD + "!")
        clock.now += timedelta(seconds=2)
        ended = desk.get(URL)
        assert (ended.status_code, ended.json()["code"]) == (401, "device_revoked")


def test_the_account_s_changes_end_its_phones(made: Fresh, county: County, own: str) -> None:
    def phone(name: str, kind: accounts.Kind) -> str:
        with made.begin() as db:
            policy = accounts.Policy(5, timedelta(minutes=5), timedelta(days=30))
            issued = accounts.log_in(db, own, PASSWORD, NOW, policy, accounts.Phone(name, kind))
            assert issued is not None
            return issued.token

    wanted = accounts.Wanted(own, "另一个", "planner")
    for n, end in enumerate(
        (
            lambda db: accounts.change(db, wanted, active=True),
            lambda db: accounts.set_password(db, own, PASSWORD),
            lambda db: accounts.disable(db, own),
        )
    ):
        tokens = [phone(f"{n}{kind}", kind) for kind in ("session", "bearer")]
        with made.begin() as db:
            programs = accounts.issue_bearer(db, own, "program", NOW, timedelta(days=1)).token
            end(db)
            for token, kind in zip(tokens, ("session", "bearer"), strict=True):
                assert accounts.authenticate(db, token, kind, NOW) is None
                assert devices.ended(db, token) == "device_revoked"
            # a program's token stays, as ever, until the account is shut
            assert (accounts.authenticate(db, programs, "bearer", NOW) is None) == (n == 2)
            assert devices.ended(db, programs) is None
    with made.begin() as db:
        assert {one.state(NOW) for one in devices.listed(db, own, NOW)} == {"revoked"}


def test_only_the_own_ones_or_an_admin(client: Client, own: str, address: str) -> None:
    device_id = log_in_on(client(), own, **{"as": "bearer"}).json()["device_id"]
    for login in ("worker", "manager_west", "planner"):
        assert client(login).get(URL, params={"login": own}).status_code == 403
        assert client(login).get("/devices", params={"login": own}).status_code == 403
        other = client(login).delete(f"{URL}/{device_id}")
        assert (other.status_code, other.json()["code"]) == (404, "device_unknown")
    seen = client("admin").get(URL, params={"login": own}).json()["items"]
    assert [one["id"] for one in seen] == [device_id]
    # on the pages: from the accounts to the phones, asked once, ended
    with log_in(address, "admin") as browser:
        assert f"/devices?login={own}" in browser.get("/accounts", params={"q": own}).text
        page = browser.get("/devices", params={"login": own, "ask": device_id}).text
        assert "工作手机" in page
        assert 'action="/devices/end"' in page
        sent = {"device": device_id, "csrf_token": csrf(browser.cookies[SESSION_COOKIE])}
        done = browser.post("/devices/end", data=sent)
        assert (done.status_code, done.headers["location"]) == (303, f"/devices?done={device_id}&login={own}")
        assert "logged out" in browser.get(done.headers["location"]).text
        assert "Phone logged out of" in browser.get("/accounts", params={"q": own}).text
    assert client("admin").get(URL, params={"login": own}).json()["items"][0]["state"] == "revoked"


def test_logging_out_ends_the_phone(address: str, own: str) -> None:
    with httpx.Client(base_url=address, timeout=120) as phone:
        log_in_on(phone, own)
        cookie = phone.cookies[SESSION_COOKIE]
        assert "this one" in phone.get("/devices").text
        assert phone.post("/logout", data={"csrf_token": csrf(cookie)}).status_code == 303
    again = httpx.get(f"{address}{URL}", headers={"Cookie": f"{SESSION_COOKIE}={cookie}"}, timeout=120)
    assert (again.status_code, again.json()["code"]) == (401, "device_revoked")


def test_wrong_passwords_count_and_wait_as_at_the_login_page(serve: Serve, own: str) -> None:
    with httpx.Client(base_url=serve(login_attempts=1, login_wait_s=100), timeout=120) as phone:
        tried = [log_in_on(phone, own, password=f"wrong password {n}") for n in range(6)]
        codes = [(one.status_code, one.json()["code"]) for one in tried]
        assert codes == [(401, "login_wrong")] * 4 + [(429, "login_address_wait")] * 2
        assert 1 <= int(tried[-1].headers["retry-after"]) <= 25
        assert SESSION_COOKIE not in phone.cookies
        # the account itself waits too, from wherever: the count was kept
    with httpx.Client(base_url=serve(), timeout=120) as elsewhere:
        assert log_in_on(elsewhere, own).json()["code"] == "login_wrong"


@pytest.mark.parametrize(
    "changes", [{"name": ""}, {"name": "  "}, {"name": "x" * 81}, {"as": "session"}, {"days": 9}, {"password": None}]
)
def test_bodies_that_do_not_fit(client: Client, changes: dict[str, Any]) -> None:
    assert log_in_on(client(), **changes).status_code == 422


def test_a_browser_with_a_session_logs_a_phone_in_with_its_token_only(address: str, own: str) -> None:
    """Else another site could log somebody in to its own account."""
    with log_in(address, "admin") as browser:
        assert log_in_on(browser, own).json()["code"] == "csrf"
    form = httpx.post(f"{address}{URL}", content='{"login":"x"}', headers={"Content-Type": "text/plain"}, timeout=120)
    assert form.status_code == 415
