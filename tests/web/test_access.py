"""Deny by default: every route of the app, asked by everybody, against a table written down here by hand."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from gridsvc import accounts
from gridsvc.rules.roles import Actor
from gridsvc.web.app import create_app
from gridsvc.web.recognised import LASTS, MAX_KEPT, Presented, Recognised
from tests.conftest import NOW, Fresh
from tests.web.conftest import Client, Serve, report
from tests.web.county import PASSWORD, ROLES, County
from tests.web.live import Clock, settings

NOBODY = {None}
EVERYBODY = {None, *ROLES}
KNOWN = set(ROLES)
PLACERS = {"admin", "manager_west", "manager_east"}
KEEPERS = PLACERS | {"planner"}  # of the register of doors
VISITORS = {"worker", "manager_west", "manager_east"}

ALLOWED: dict[tuple[str, str], set[str | None]] = {
    ("GET", "/openapi.json"): EVERYBODY,
    ("GET", "/docs/api"): EVERYBODY,
    ("GET", "/healthz"): EVERYBODY,
    ("GET", "/readyz"): EVERYBODY,
    ("POST", "/api/v1/reports"): EVERYBODY,
    ("GET", "/api/v1/reports"): KNOWN,
    ("POST", "/api/v1/reports/actions"): KNOWN,
    ("POST", "/api/v1/reports/{number:path}/actions"): KNOWN,
    ("GET", "/api/v1/reports/{number:path}/actions"): KNOWN,
    ("GET", "/api/v1/reports/{number:path}/log"): KNOWN,
    ("GET", "/api/v1/reports.geojson"): KNOWN,
    ("GET", "/api/v1/reports/{number:path}"): KNOWN,
    ("POST", "/api/v1/reports/{number:path}/placement"): PLACERS,
    # with the secret of the own link; the pages hold nothing of a report
    ("POST", "/api/v1/residents/progress"): EVERYBODY,
    ("POST", "/api/v1/residents/rating"): EVERYBODY,
    ("POST", "/api/v1/residents/reply"): EVERYBODY,
    ("POST", "/api/v1/residents/similar"): EVERYBODY,
    ("POST", "/api/v1/residents/join"): EVERYBODY,
    ("POST", "/api/v1/residents/lookup"): EVERYBODY,
    ("POST", "/api/v1/residents/qr"): EVERYBODY,
    ("GET", "/api/v1/public/cells"): EVERYBODY,
    ("GET", "/api/v1/public/categories"): EVERYBODY,
    ("GET", "/api/v1/public/problems"): EVERYBODY,
    ("GET", "/api/v1/public/photos/{sha256}"): EVERYBODY,
    ("GET", "/public"): EVERYBODY,
    ("GET", "/api/v1/releases"): PLACERS,
    ("POST", "/api/v1/releases"): PLACERS,
    ("GET", "/releases"): PLACERS,
    ("POST", "/releases"): PLACERS,
    ("GET", "/r"): EVERYBODY,
    ("GET", "/r/{number}"): EVERYBODY,
    ("POST", "/r"): EVERYBODY,
    ("PUT", "/api/v1/photos/{sha256}"): EVERYBODY,
    ("GET", "/api/v1/photos/{sha256}"): KNOWN,
    ("GET", "/api/v1/photos/{sha256}/thumb"): KNOWN,
    ("GET", "/api/v1/photos/{sha256}/redactions"): KNOWN,
    ("POST", "/api/v1/photos/{sha256}/redactions"): PLACERS,
    ("PUT", "/api/v1/voices/{sha256}"): KNOWN,
    ("GET", "/api/v1/voices/{sha256}"): KNOWN,
    ("GET", "/api/v1/locate"): KNOWN,
    ("GET", "/api/v1/stats/hotspots"): KNOWN,
    ("GET", "/api/v1/stats/coverage"): KNOWN,
    ("GET", "/api/v1/stats/rates"): KNOWN,
    ("GET", "/api/v1/ledger"): KNOWN,
    ("GET", "/api/v1/worklist"): KNOWN,
    ("GET", "/api/v1/categories"): EVERYBODY,
    ("GET", "/api/v1/categories/{code}"): KNOWN,
    ("GET", "/api/v1/departments"): KNOWN,
    ("GET", "/api/v1/responsibility"): KNOWN,
    ("POST", "/api/v1/visits"): VISITORS,
    ("POST", "/api/v1/visits/batch"): VISITORS,
    ("POST", "/api/v1/sync"): KNOWN,
    ("GET", "/api/v1/sync"): VISITORS,  # who sees everything has no list for a phone
    ("GET", "/api/v1/visits"): KNOWN,
    ("GET", "/api/v1/households/{household_id}/visits"): KNOWN,
    ("GET", "/api/v1/households"): KNOWN,
    ("POST", "/api/v1/households"): KEEPERS,
    ("GET", "/api/v1/households/near-duplicates"): KEEPERS,
    ("POST", "/api/v1/households/near-duplicates"): KEEPERS,
    ("DELETE", "/api/v1/households/near-duplicates/{household_id}/{other_id}"): KEEPERS,
    ("GET", "/api/v1/households/near-duplicates/{household_id}/{other_id}"): KEEPERS,
    ("POST", "/api/v1/households/near-duplicates/{keep_id}/{gone_id}"): KEEPERS,
    ("POST", "/api/v1/households/{household_id}/unmerge"): KEEPERS,
    ("GET", "/households/look-alikes"): KEEPERS,
    ("GET", "/households/look-alikes/one"): KEEPERS,
    ("POST", "/households/look-alikes/one"): KEEPERS,
    ("POST", "/households/look-alikes"): KEEPERS,
    ("GET", "/api/v1/households/classes"): KNOWN,
    ("GET", "/api/v1/households/{household_id}"): KNOWN,
    ("PATCH", "/api/v1/households/{household_id}"): KEEPERS,
    ("DELETE", "/api/v1/households/{household_id}"): KEEPERS,
    ("GET", "/api/v1/households/import"): KEEPERS,
    ("POST", "/api/v1/households/import"): KEEPERS,
    ("DELETE", "/api/v1/households/import"): KEEPERS,
    ("POST", "/api/v1/households/import/again"): KEEPERS,
    ("POST", "/api/v1/households/import/commit"): KEEPERS,
    ("GET", "/api/v1/households/import/refused"): KEEPERS,
    ("POST", "/api/v1/households/{household_id}/contact"): {"manager_west", "manager_east", "worker"},
    ("POST", "/api/v1/households/{household_id}/exclusion"): VISITORS,
    ("GET", "/api/v1/exclusion-claims"): VISITORS,
    ("GET", "/api/v1/campaigns"): KNOWN,
    ("POST", "/api/v1/campaigns"): {"admin", "planner"},
    ("GET", "/api/v1/campaigns/{code}"): KNOWN,
    ("PATCH", "/api/v1/campaigns/{code}"): {"admin", "planner"},
    ("POST", "/api/v1/campaigns/{code}/draw"): {"admin", "planner"},
    ("POST", "/api/v1/campaigns/{code}/end"): {"admin", "planner"},
    ("GET", "/api/v1/campaigns/{code}/progress"): KNOWN,
    ("GET", "/api/v1/campaigns/{code}/mop-up"): KNOWN,
    ("GET", "/api/v1/saved-queries"): KNOWN,
    ("POST", "/api/v1/saved-queries"): KNOWN,
    ("DELETE", "/api/v1/saved-queries/{query_id}"): KNOWN,
    ("GET", "/api/v1/duty"): PLACERS,
    ("PUT", "/api/v1/duty"): PLACERS,
    ("GET", "/api/v1/accounts"): {"admin"},
    ("POST", "/api/v1/accounts"): {"admin"},
    ("POST", "/api/v1/accounts/import"): {"admin"},
    ("PATCH", "/api/v1/accounts/{login:path}"): {"admin"},
    ("POST", "/role"): KNOWN,
    ("GET", "/accounts/change"): {"admin"},
    ("POST", "/accounts/change"): {"admin"},
    ("GET", "/api/v1/accounts/log"): {"admin"},
    # logging in on a phone; afterwards one's own, for an admin everybody's
    ("POST", "/api/v1/devices"): EVERYBODY,
    ("GET", "/api/v1/devices"): KNOWN,
    ("DELETE", "/api/v1/devices/{device_id}"): KNOWN,
    ("GET", "/devices"): KNOWN,
    ("POST", "/devices/end"): KNOWN,
    ("GET", "/api/v1/maps/grids.geojson"): KNOWN,
    ("GET", "/api/v1/maps/communities.geojson"): KNOWN,
    ("GET", "/api/v1/maps/compounds.geojson"): KNOWN,
    ("GET", "/api/v1/find"): KNOWN,
    ("GET", "/wall"): KNOWN,
    ("GET", "/wall.{kind}"): KNOWN,
    ("GET", "/api/v1/wall"): KNOWN,
    ("GET", "/api/v1/wall/stream"): KNOWN,
    ("GET", "/api/v1/wall/areas"): KNOWN,
    ("GET", "/api/v1/maps/coverage/campaigns"): KNOWN,
    ("GET", "/api/v1/maps/coverage/compounds"): KNOWN,
    ("GET", "/api/v1/maps/coverage/days"): KNOWN,
    ("GET", "/api/v1/maps/coverage/doors"): KNOWN,
    ("GET", "/api/v1/tiles/reports.json"): KNOWN,
    ("GET", "/api/v1/tiles/reports/{z}/{x}/{y}.pbf"): KNOWN,  # beyond the own grids 403
    ("GET", "/api/v1/tiles/grids/{edition}/{z}/{x}/{y}.pbf"): KNOWN,
    # roads and houses are on every public map, and a resident's report form shows them
    ("GET", "/basemap/{z}/{x}/{y}.pbf"): EVERYBODY,
    ("GET", "/basemap/tiles/{layer}/{z}/{x}/{y}"): EVERYBODY,
    ("GET", "/"): KNOWN,
    ("GET", "/trust"): EVERYBODY,
    ("GET", "/trust/gridsvc-authority.crt"): EVERYBODY,
    ("GET", "/login"): EVERYBODY,
    ("POST", "/login"): EVERYBODY,
    ("POST", "/logout"): EVERYBODY,
    ("GET", "/maps/hotspots"): KNOWN,
    ("GET", "/maps/coverage"): KNOWN,
    ("GET", "/maps/hotspots.{kind}"): KNOWN,
    ("GET", "/maps/coverage.{kind}"): KNOWN,
    ("GET", "/report"): EVERYBODY,
    ("POST", "/report"): EVERYBODY,
    ("GET", "/reports"): KNOWN,
    ("GET", "/reports/table.{file_format}"): KNOWN,
    ("GET", "/reports/{number:path}"): KNOWN,
    ("GET", "/reports/{number:path}/act"): KNOWN,
    ("POST", "/reports/{number:path}/act"): KNOWN,
    ("GET", "/reports/{number:path}/slip"): KNOWN,
    ("GET", "/grids.json"): KNOWN,
    ("GET", "/unplaced"): PLACERS,
    ("GET", "/responsibility"): KNOWN,
    ("GET", "/campaigns"): KNOWN,
    ("GET", "/campaigns/new"): {"admin", "planner"},
    ("POST", "/campaigns/new"): {"admin", "planner"},
    ("GET", "/campaigns/{code}"): KNOWN,
    ("POST", "/campaigns/{code}/saved"): KNOWN,
    ("GET", "/campaigns/{code}/change"): {"admin", "planner"},
    ("POST", "/campaigns/{code}/change"): {"admin", "planner"},
    ("POST", "/campaigns/{code}/draw"): {"admin", "planner"},
    ("POST", "/campaigns/{code}/end"): {"admin", "planner"},
    ("GET", "/campaigns/{code}/mop-up"): KNOWN,
    ("GET", "/households"): KNOWN,
    ("GET", "/households/new"): KEEPERS,
    ("POST", "/households/new"): KEEPERS,
    ("GET", "/households/{household_id}"): KNOWN,
    ("POST", "/households/{household_id}"): KNOWN,  # each of its deeds is asked for again
    ("GET", "/households/{household_id}/change"): KEEPERS,
    ("POST", "/households/{household_id}/change"): KEEPERS,
    ("GET", "/my-day"): VISITORS,
    ("GET", "/visit/{household_id}"): VISITORS,
    ("POST", "/visit/{household_id}"): VISITORS,
    ("GET", "/visits"): KNOWN,
    ("GET", "/worklist"): KNOWN,
    ("GET", "/worklist/act"): KNOWN,
    ("POST", "/worklist/act"): KNOWN,
    ("GET", "/worklist/table.{file_format}"): KNOWN,
    ("GET", "/ledger"): KNOWN,
    ("GET", "/ledger/table.{file_format}"): KNOWN,
    ("GET", "/rates"): KNOWN,
    ("GET", "/rates/table.{file_format}"): KNOWN,
    ("GET", "/accounts"): {"admin"},
    ("POST", "/accounts/state"): {"admin"},
    ("GET", "/accounts/add"): {"admin"},
    ("POST", "/accounts/add"): {"admin"},
    ("GET", "/accounts/import"): {"admin"},
    ("POST", "/accounts/import"): {"admin"},
    ("POST", "/accounts/import/again"): {"admin"},
    ("POST", "/accounts/import/store"): {"admin"},
    ("POST", "/unplaced/place"): PLACERS,
    ("GET", "/households/import"): KEEPERS,
    ("POST", "/households/import"): KEEPERS,
    ("POST", "/households/import/again"): KEEPERS,
    ("POST", "/households/import/store"): KEEPERS,
    ("POST", "/households/import/drop"): KEEPERS,
    ("GET", "/households/import/refused"): KEEPERS,
    # the app's files hold nothing of anybody; /field/me says who is asking, if anybody
    ("GET", "/field"): EVERYBODY,
    ("GET", "/field.sw.js"): EVERYBODY,
    ("GET", "/field.webmanifest"): EVERYBODY,
    ("GET", "/field/words.json"): EVERYBODY,
    ("GET", "/field/me"): EVERYBODY,
    ("GET", "/field/import"): PLACERS,
    ("POST", "/api/v1/unsent"): PLACERS,
}
FILES = {"/static/vendor", "/static/maps", "/static/app"}
QUERIES = {"/api/v1/locate": {"lon": "110.005", "lat": "23.005", "crs": "wgs84"}}
VISIT = "a visitor"
SESSION_COOKIE = "gridsvc_session"


def csrf(secret: str) -> str:
    return hmac.new(secret.encode(), b"gridsvc csrf", hashlib.sha256).hexdigest()


def routes(made: Fresh, folder: Path) -> Iterator[tuple[str, str]]:
    app = create_app(settings(made, folder), clock=Clock())
    for route in iter_route_contexts(app.routes):
        if route.methods is None:
            assert route.path in FILES
            continue
        for method in route.methods - {"HEAD"}:
            yield method, str(route.path)


def ask(client: httpx.Client, method: str, path: str, number: str = "x", **more: Any) -> httpx.Response:
    for name, value in {
        "number:path": number, "layer": "vec", "z": "10", "x": "824", "y": "444"
    }.items():  # fmt: skip
        path = path.replace("{" + name + "}", value)
    if method == "POST" and path.startswith("/api/"):
        more.setdefault("json", {"grid": "x", "version": 1} if path.endswith("placement") else report())
    elif method == "POST":
        more.setdefault("data", {"csrf_token": csrf(VISIT)})
        more.setdefault("headers", {"Cookie": f"gridsvc_visit={VISIT}"})
    if path.endswith("/stream"):  # its answer begins, and would not end
        with client.stream(method, path) as begun:
            return begun
    return client.request(method, path, params=QUERIES.get(path), follow_redirects=False, **more)


def refused(answer: httpx.Response) -> bool:
    to_login = answer.status_code == 303 and answer.headers["location"].startswith("/login")
    return answer.status_code in (401, 403) or to_login


def test_every_route_is_in_the_table(made: Fresh, folder: Path) -> None:
    assert set(routes(made, folder)) == set(ALLOWED)


@pytest.mark.parametrize("who", [None, *ROLES])
def test_nobody_may_what_the_table_does_not_say(client: Client, county: County, who: str | None) -> None:
    wrong = []
    for (method, path), allowed in ALLOWED.items():
        answer = ask(client(who), method, path, county.numbers["words"])
        if path in ("/login", "/logout"):  # they answer with what a refusal answers with
            assert answer.status_code in (200, 303) or (method, answer.status_code) == ("POST", 401)
        elif refused(answer) != (who not in allowed):
            wrong.append((method, path, answer.status_code))
        assert answer.status_code < 500, (method, path)
    assert wrong == []


def test_refusals_say_which(client: Client, county: County) -> None:
    nobody = client().get("/api/v1/reports")
    assert (nobody.status_code, nobody.json()["code"]) == (401, "login_needed")
    assert nobody.headers["www-authenticate"] == "Bearer"
    url = f"/api/v1/reports/{county.numbers['words']}/placement"
    worker = client("worker").post(url, json={"grid": "x", "version": 1})
    assert (worker.status_code, worker.json()["code"]) == (403, "not_allowed")


@pytest.mark.parametrize("header", ["Bearer", "Bearer x y", "Bearer x", "Basic YTpi", "bearer \xff", "Token x", ""])
def test_a_wrong_credential_is_nobodys(address: str, header: str) -> None:
    headers = {"Authorization": header.encode("latin-1")}
    with httpx.Client(base_url=address, headers=headers, timeout=60) as browser:
        for method, path in (("GET", "/api/v1/reports"), ("GET", "/api/v1/categories"), ("POST", "/api/v1/reports")):
            answer = ask(browser, method, path)
            assert answer.status_code == 401, (header, path)
            assert set(answer.json()) == {"code", "message", "detail"}


@contextmanager
def log_in(address: str, login: str = "manager_west", password: str = PASSWORD) -> Iterator[httpx.Client]:
    """A browser after the login form."""
    with httpx.Client(base_url=address, timeout=120) as browser:
        browser.get("/login")
        secret = browser.cookies["gridsvc_visit"]
        answer = browser.post("/login", data={"login": login, "password": password, "csrf_token": csrf(secret)})
        assert answer.status_code == 303, answer.text
        yield browser


def test_a_session_reads_and_changes_only_with_its_token(address: str, county: County) -> None:
    with log_in(address) as browser:
        session = browser.cookies[SESSION_COOKIE]
        assert browser.get("/api/v1/reports").status_code == 200
        for sent in (None, "", "x", csrf("x"), csrf(browser.cookies["gridsvc_visit"]), "\xff"):
            headers = {} if sent is None else {"X-CSRF-Token": sent.encode("latin-1")}
            for method, path in ALLOWED:
                if method != "POST":
                    continue
                form = {} if path.startswith("/api/") else {"data": {"login": "x", "password": "y"}}
                answer = ask(browser, method, path, county.numbers["words"], headers=headers, **form)
                assert answer.status_code == 403, (method, path, sent)
                if path.startswith("/api/"):
                    assert answer.json()["code"] == "csrf"
        right = {"X-CSRF-Token": csrf(session)}
        assert browser.post("/api/v1/reports", json=report(), headers=right).status_code == 201
        # the token of a form does the same for a form
        assert browser.post("/logout", data={"csrf_token": csrf(session)}).status_code == 303


def test_a_form_from_elsewhere_logs_nobody_in(address: str) -> None:
    sent = {"login": "admin", "password": PASSWORD}
    for cookie, token in ((None, None), (None, csrf("")), ("v", None), ("v", csrf("other")), (None, csrf("v"))):
        headers = {"Cookie": f"gridsvc_visit={cookie}"} if cookie else {}
        data = sent | ({"csrf_token": token} if token else {})
        answer = httpx.post(f"{address}/login", data=data, headers=headers, timeout=60)
        assert answer.status_code == 403
        assert SESSION_COOKIE not in answer.headers.get("set-cookie", "")


def test_session_cookie_and_its_end(serve: Serve, made: Fresh) -> None:
    clock = Clock()
    address = serve(clock, session_hours=12.0)
    with httpx.Client(base_url=address, timeout=60) as browser:
        browser.get("/login")
        token = csrf(browser.cookies["gridsvc_visit"])
        sent = {"login": "manager_west", "password": PASSWORD, "csrf_token": token}
        cookie = browser.post("/login", data=sent).headers["set-cookie"]
        for part in ("HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"):
            assert part in cookie
        assert "Secure" not in cookie
        session = browser.cookies[SESSION_COOKIE]
        with made.begin() as db:
            stored = db.exec_driver_sql("SELECT token_hash FROM credential").scalars().all()
        assert hashlib.sha256(session.encode()).digest() in stored
        clock.now = NOW + timedelta(hours=11, minutes=59)
        assert browser.get("/api/v1/reports").status_code == 200
        clock.now = NOW + timedelta(hours=12, seconds=1)
        assert browser.get("/api/v1/reports").status_code == 401
    # who would change something with an ended session is told so, and is not taken for a resident
    headers = {"Cookie": f"{SESSION_COOKIE}={session}", "X-CSRF-Token": csrf(session)}
    ended = httpx.post(f"{address}/api/v1/reports", json=report(), headers=headers, timeout=60)
    assert (ended.status_code, ended.json()["code"]) == (401, "session_expired")
    assert f'{SESSION_COOKIE}=""; ' in ended.headers["set-cookie"]


def test_logging_out_ends_the_session_everywhere(address: str) -> None:
    with log_in(address) as browser:
        session = browser.cookies[SESSION_COOKIE]
        browser.post("/logout", data={"csrf_token": csrf(session)})
        assert SESSION_COOKIE not in browser.cookies
    again = httpx.get(f"{address}/api/v1/reports", headers={"Cookie": f"{SESSION_COOKIE}={session}"}, timeout=60)
    assert again.status_code == 401


def test_a_session_is_no_bearer_token_and_a_bearer_token_no_session(address: str, county: County) -> None:
    with log_in(address) as browser:
        session = browser.cookies[SESSION_COOKIE]
    url = f"{address}/api/v1/reports"
    assert httpx.get(url, headers={"Authorization": f"Bearer {session}"}, timeout=60).status_code == 401
    assert (
        httpx.get(url, headers={"Cookie": f"{SESSION_COOKIE}={county.tokens['admin']}"}, timeout=60).status_code == 401
    )


def test_wrong_passwords_from_one_address_wait(serve: Serve) -> None:
    address = serve(login_attempts=1, login_wait_s=100)
    with httpx.Client(base_url=address, timeout=60) as browser:
        browser.get("/login")
        token = csrf(browser.cookies["gridsvc_visit"])
        tried = [
            browser.post("/login", data={"login": f"nobody{n}", "password": "wrong password", "csrf_token": token})
            for n in range(6)
        ]
    assert [one.status_code for one in tried] == [401] * 4 + [429] * 2
    assert 1 <= int(tried[-1].headers["retry-after"]) <= 25


def test_a_revoked_token_opens_for_a_second_at_most(serve: Serve, made: Fresh) -> None:
    clock = Clock()
    with made.begin() as db:
        token = accounts.issue_bearer(db, "planner", "to be revoked", NOW, timedelta(days=1)).token
    with httpx.Client(base_url=serve(clock), headers={"Authorization": f"Bearer {token}"}, timeout=60) as program:
        assert program.get("/api/v1/reports").status_code == 200
        with made.begin() as db:
            accounts.revoke_bearer(db, "planner", "to be revoked")
        clock.now = NOW + LASTS
        for _ in range(2):
            assert program.get("/api/v1/reports").status_code == 401


def test_who_was_recognised_is_forgotten() -> None:
    at, seconds = NOW, [0.0]
    known = Recognised(clock=lambda: seconds[0])
    shown, actor = Presented("bearer", "secret"), Actor("admin", 1)
    assert known.get(shown, at) is None
    known.keep(shown, actor, at)
    assert known.get(shown, at + LASTS / 2) == actor
    assert known.get(Presented("session", "secret"), at) is None
    assert "secret" not in repr(vars(known))
    # too late by either clock, or a clock that was set back
    assert known.get(shown, at + LASTS) is None
    assert known.get(shown, at - LASTS) is None
    seconds[0] = LASTS.total_seconds()
    assert known.get(shown, at) is None
    known.keep(shown, actor, at)
    known.forget(shown)
    assert known.get(shown, at) is None
    for n in range(MAX_KEPT + 10):
        known.keep(Presented("bearer", str(n)), actor, at)
    assert known.get(Presented("bearer", "9"), at) is None
    assert known.get(Presented("bearer", "10"), at) == actor
