"""Every route × every role: refused unless the one table of roles allows it; what has no deed is named here, with why."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from gridsvc.rules.roles import MAY, ROLES
from gridsvc.web.app import create_app
from tests.web.conftest import report
from tests.web.live import settings
from tests.web.offices import Offices, opened

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
}
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
def offices(cluster_urls: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offices]:
    with opened(cluster_urls, tmp_path_factory.mktemp("data")) as found:
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
