"""Every route × every role: refused unless the one table of roles allows it; what has no deed is named here, with why."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from gridsvc import accounts
from gridsvc.rules.roles import MAY, ROLES
from gridsvc.web.app import create_app
from tests.conftest import NOW, Maker
from tests.web.conftest import report
from tests.web.county import PASSWORD, WEST
from tests.web.live import settings
from tests.web.offices import MORE, Offices, opened
from tests.web.test_access import SESSION_COOKIE, csrf, log_in

# Routes without a deed: anybody may ask.
PUBLIC = {
    ("GET", "/healthz"): "says only that the process lives",
    ("GET", "/readyz"): "says only whether the database is ready",
    ("GET", "/openapi.json"): "the description of the API holds no data",
    ("GET", "/docs/api"): "the same as a page",
    ("GET", "/login"): "the form by which one becomes somebody",
    ("POST", "/login"): "the same",
    ("POST", "/logout"): "ends the caller's own session, whoever it is",
    ("GET", "/report"): "a resident's report needs no account",
    ("POST", "/report"): "the same; `submit` is asked of the verb",
    ("POST", "/r"): "a resident's link without scripts; the deed is asked in its own code",
    ("GET", "/"): "shows each reader their own start, and nobody the login form",
    ("GET", "/field"): "the worker's app before anybody has logged in; it holds nothing of anybody",
    ("GET", "/field.sw.js"): "the same",
    ("GET", "/field.webmanifest"): "the same",
    ("GET", "/field/words.json"): "the same",
    ("GET", "/field/me"): "says who is asking, if anybody",
    ("GET", "/trust"): "how a phone comes to trust the office's certificate, before anybody can log in on it",
    ("GET", "/trust/gridsvc-authority.crt"): "the same",
    ("POST", "/api/v1/devices"): "the login of a phone",
}
# Routes that ask for their deed in their own code, because they must not hold a transaction while they wait.
INSIDE = {
    ("PUT", "/api/v1/photos/{sha256}"): "send_photo",
    ("PUT", "/api/v1/voices/{sha256}"): "send_voice",
    ("POST", "/api/v1/photos/{sha256}/redactions"): "redact_photo",
    ("GET", "/basemap/tiles/{layer}/{z}/{x}/{y}"): "read_basemap",
    ("GET", "/api/v1/households/import"): "manage_households",
    ("POST", "/api/v1/households/import"): "manage_households",
    ("DELETE", "/api/v1/households/import"): "manage_households",
    ("POST", "/api/v1/households/import/again"): "manage_households",
    ("POST", "/api/v1/households/import/commit"): "manage_households",
    ("GET", "/api/v1/households/import/refused"): "manage_households",
    ("GET", "/households/import"): "manage_households",
    ("POST", "/households/import"): "manage_households",
    ("POST", "/households/import/again"): "manage_households",
    ("POST", "/households/import/store"): "manage_households",
    ("POST", "/households/import/drop"): "manage_households",
    ("GET", "/households/import/refused"): "manage_households",
}
THREE = ("manager", "handler", "worker")  # roles of one account; each sees other rows
FILES = {"/static/vendor", "/static/maps", "/static/app"}
# Kept by hand as well, so that a route cannot quietly ask for less than it should.
MANAGED = {
    "/api/v1/accounts": "manage_accounts",
    "/accounts": "manage_accounts",
    "/api/v1/duty": "manage_duty",
}


def deeds_of(dependant: Dependant) -> set[str]:
    """The deeds that a route's dependencies ask for, `may(deed)` being a closure over its deed."""
    found = set()
    for below in dependant.dependencies:
        call = below.call
        if getattr(call, "__qualname__", "") == "may.<locals>.allowed":
            found.add(inspect.getclosurevars(call).nonlocals["deed"])  # type: ignore[arg-type]
        found |= deeds_of(below)
    return found


@pytest.fixture(scope="module")
def offices(maker: Maker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offices]:
    with opened(maker, tmp_path_factory.mktemp("data")) as found:
        yield found


@pytest.fixture(scope="module")
def routes(offices: Offices, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, set[str]]]:
    """Method, path and deeds of every route of the app."""
    return list(routed(create_app(settings(offices.made, tmp_path_factory.mktemp("data")))))


def routed(app: FastAPI) -> Iterator[tuple[str, str, set[str]]]:
    for route in iter_route_contexts(app.routes):
        if route.methods is None:
            assert route.path in FILES
            continue
        original = route.original_route
        assert isinstance(original, APIRoute), route.path
        for method in route.methods - {"HEAD"}:
            yield method, str(route.path), deeds_of(original.dependant)


def ask(client: httpx.Client, method: str, path: str) -> httpx.Response:
    """The answer to a call with parameters that name nothing."""
    # a tile in which all areas lie
    filled = path.replace("{z}", "1").replace("{x}", "1").replace("{y}", "0")
    filled = filled.replace("{sha256}", "0" * 64).replace("{layer}", "vec")
    while "{" in filled:
        before, _, rest = filled.partition("{")
        filled = before + "x" + rest.partition("}")[2]
    if method in ("POST", "PUT", "PATCH", "DELETE"):
        if path.startswith("/api/"):
            return client.request(method, filled, json=report() if path == "/api/v1/reports" else {})
        return client.request(method, filled, data={}, follow_redirects=False)
    if path.endswith("/stream"):  # its answer begins, and would not end
        with client.stream(method, filled) as begun:
            if begun.status_code != 200:
                begun.read()
            return begun
    return client.request(method, filled, follow_redirects=False)


def refused(answer: httpx.Response) -> bool:
    to_login = answer.status_code == 303 and answer.headers["location"].startswith("/login")
    return answer.status_code in (401, 403) or to_login


def test_every_route_has_one_deed_or_a_reason(routes: list[tuple[str, str, set[str]]]) -> None:
    found = {(method, path): deeds for method, path, deeds in routes}
    assert len(found) > 40
    without = {key for key, deeds in found.items() if not deeds}
    assert without == set(PUBLIC) | set(INSIDE)
    assert {key: deeds for key, deeds in found.items() if len(deeds) > 1} == {}
    asked = set().union(*found.values()) | set(INSIDE.values())
    assert asked - set(MAY) == set()
    for (method, path), deeds in found.items():
        managed = next((deed for start, deed in MANAGED.items() if path.startswith(start)), None)
        assert managed is None or deeds == {managed}, (method, path)


@pytest.fixture(scope="module")
def acting(offices: Offices) -> Iterator[dict[str, httpx.Client]]:
    """Clients of one account with three roles, by the role that each acts in."""
    with offices.made.begin() as db:
        accounts.create(
            db,
            login="three",
            name="三",
            role="manager",
            also_roles=("handler", "worker"),
            password=PASSWORD,
            area_codes=MORE["manager"]["area_codes"],
            department_code=str(MORE["handler"]["department_code"]),
            worker_code="w1",
        )
        lasts = timedelta(days=30)
        tokens = {role: accounts.issue_bearer(db, "three", role, NOW, lasts, role).token for role in THREE}
    with ExitStack() as stack:
        yield {
            role: stack.enter_context(
                httpx.Client(base_url=offices.address, headers={"Authorization": f"Bearer {token}"}, timeout=120)
            )
            for role, token in tokens.items()
        }


def test_of_several_roles_the_one_acted_in_decides_alone(
    acting: dict[str, httpx.Client], routes: list[tuple[str, str, set[str]]]
) -> None:
    n_apart = 0
    for method, path, deeds in routes:
        if (method, path) in PUBLIC:
            continue
        (deed,) = deeds or {INSIDE[method, path]}
        allowed = {role for role in THREE if role in MAY[deed]}
        if allowed in (set(), set(THREE)):
            continue  # asked of every role above
        n_apart += 1
        found = {role for role, client in acting.items() if not refused(ask(client, method, path))}
        assert found == allowed, (method, path)
    assert n_apart > 20


def test_in_one_role_no_row_of_another_is_seen(offices: Offices, acting: dict[str, httpx.Client]) -> None:
    """An account of several roles reads, in each, what an account of that role alone does: same areas, worker, office."""
    answers: dict[str, set[str]] = {}
    for path in (
        *("reports", "reports.geojson", "worklist", "households", "exclusion-claims", "visits", "stats/hotspots"),
        *("stats/coverage", "wall", "ledger", "campaigns", "find?q=370101"),
    ):
        for role in THREE:
            told = acting[role].get(f"/api/v1/{path}")
            alone = offices.clients[role].get(f"/api/v1/{path}")
            assert (told.status_code, plain(told.text)) == (alone.status_code, plain(alone.text)), (path, role)
            answers.setdefault(path, set()).add(plain(told.text))
    assert {len(answers[path]) for path in ("reports", "worklist", "wall")} == {3}


def test_the_log_keeps_the_role_that_was_acted_in(offices: Offices, acting: dict[str, httpx.Client]) -> None:
    sent = acting["worker"].post("/api/v1/reports", json=report()).json()
    where = f"/api/v1/reports/{sent['number']}"
    noted = acting["manager"].post(f"{where}/actions", json={"action": "note", "version": 1, "note": "看过"})
    assert noted.status_code == 200, noted.text
    log = acting["manager"].get(f"{where}/log?lang=en").json()["items"]
    assert [(row["action"], row["facts"]["role"]) for row in log] == [("submit", "worker"), ("note", "manager")]
    told = acting["manager"].get(f"/reports/{sent['number']}?lang=en").text
    assert re.findall(r'class="by">三 · ([^<]+)', told) == ["Grid worker", "Grid manager"]


def plain(text: str) -> str:
    """An answer without what is another one at each call."""
    return re.sub(r'"cursor":"[^"]*"', "", text)


@pytest.mark.usefixtures("acting")
def test_a_browser_acts_in_one_role_and_switches(offices: Offices) -> None:
    with log_in(offices.address, "three") as browser:
        page = browser.get("/?lang=en").text
        assert 'action="/role"' in page
        assert re.findall(r'<option value="(\w+)"( selected)?', page[: page.index("</header>")]) == [
            ("manager", " selected"),
            ("handler", ""),
            ("worker", ""),
        ]
        before, old = browser.get("/api/v1/reports").text, browser.cookies[SESSION_COOKIE]
        until = browser.get("/field/me").json()["expires_at"]
        sent = {"role": "worker", "csrf_token": csrf(old)}
        assert browser.post("/role", data=sent | {"csrf_token": "x"}).status_code == 403
        assert browser.post("/role", data=sent | {"role": "admin"}).status_code == 422
        assert browser.cookies[SESSION_COOKIE] == old  # a refusal ends nothing
        done = browser.post("/role", data=sent)
        assert (done.status_code, done.headers["location"]) == (303, "/")
        assert "HttpOnly" in done.headers["set-cookie"]
        me = browser.get("/field/me").json()
        assert (me["role"], me["roles"], me["expires_at"]) == ("worker", ["manager", "handler", "worker"], until)
        assert browser.get("/api/v1/reports").text != before
        assert '<option value="worker" selected' in browser.get("/").text
        # what was begun in the other role cannot be sent in this one, and its session is over
        assert browser.post("/role", data=sent | {"role": "manager"}).status_code == 403
        gone = httpx.get(
            f"{offices.address}/api/v1/accounts", headers={"Cookie": f"{SESSION_COOKIE}={old}"}, timeout=120
        )
        assert gone.status_code == 401
    with log_in(offices.address, "checker") as single:
        head = single.get("/?lang=en").text.partition("</header>")[0]
        assert "Checker" in head
        assert "/role" not in head


@pytest.mark.usefixtures("acting")
def test_a_phone_of_a_worker_who_is_also_a_manager_is_the_worker_s(offices: Offices) -> None:
    body = {"login": "three", "password": PASSWORD, "name": "手机"}
    with httpx.Client(base_url=offices.address, timeout=120) as phone:
        assert phone.post("/api/v1/devices", json=body | {"role": "admin"}).json()["code"] == "role_not_own"
        told = phone.post("/api/v1/devices", json=body).json()
        assert (told["me"]["role"], told["me"]["roles"]) == ("worker", ["manager", "handler", "worker"])
        kept = phone.get("/api/v1/sync").json()
        assert (kept["me"]["role"], kept["me"]["worker"]["code"]) == ("worker", "w1")
        assert {grid["code"] for grid in kept["grids"] if grid["own"]} == {f"{WEST}001"}
        (listed,) = phone.get("/api/v1/devices").json()["items"]
        assert listed["role"] == "worker"
        assert re.search(r"手机 <small>.*<small>Grid worker</small>", phone.get("/devices?lang=en").text)
        head = phone.get("/?lang=en").text.partition("</header>")[0]
        assert "Grid worker" in head
        assert "/role" not in head
        fixed = phone.post("/role", data={"role": "manager", "csrf_token": told["me"]["csrf"]})
        assert fixed.status_code == 422
    other = httpx.post(
        f"{offices.address}/api/v1/devices", json=body | {"as": "bearer", "role": "manager"}, timeout=120
    )
    assert other.json()["me"]["role"] == "manager"


@pytest.mark.parametrize("who", [None, *ROLES])
def test_a_role_gets_what_the_table_says_and_no_more(
    offices: Offices, routes: list[tuple[str, str, set[str]]], who: str | None
) -> None:
    client = offices.clients[who]
    wrong: list[tuple[str, str, str, int]] = []
    for method, path, deeds in routes:
        if (method, path) in PUBLIC:
            continue
        (deed,) = deeds or {INSIDE[method, path]}
        allowed = (who or "anonymous") in MAY[deed]
        answer = ask(client, method, path)
        if refused(answer) == allowed:
            wrong.append((method, path, deed, answer.status_code))
        assert answer.status_code < 500, (method, path, answer.text[:300])
        if not allowed and path.startswith("/api/"):
            assert answer.status_code == (401 if who is None else 403), (method, path)
            assert set(answer.json()) == {"code", "message", "detail"}
    assert wrong == []
