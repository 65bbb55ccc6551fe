"""The edge: proxies, headers, files, and where the service may listen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from gridsvc.errors import Refused, TooMany
from gridsvc.settings import Settings
from gridsvc.web import addresses, security
from gridsvc.web.app import create_app
from gridsvc.web.limits import Limiter
from maps import assets
from tests.conftest import Fresh
from tests.web.conftest import Client, Serve, report
from tests.web.live import settings
from tests.web.test_access import csrf


def test_every_answer_carries_the_headers(client: Client) -> None:
    for path in ("/login", "/api/v1/categories", "/api/v1/nothing", "/nothing", "/static/maps/page.js", "/healthz"):
        headers = client().get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "frame-ancestors" in headers["content-security-policy"]
        assert "strict-transport-security" not in headers
        assert "server" not in headers


def test_the_policy_of_a_page(client: Client) -> None:
    one, two = (client().get("/login") for _ in range(2))
    policy = one.headers["content-security-policy"]
    for part in (
        "default-src 'none'",
        "script-src 'self' 'nonce-",
        "style-src 'self' 'nonce-",
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'self'",
    ):
        assert part in policy.split("; ") or any(one.startswith(part) for one in policy.split("; ")), part
    assert "unsafe-inline'" not in policy.replace("style-src-attr 'unsafe-inline'", "")
    assert policy != two.headers["content-security-policy"], "a nonce is for one answer"
    assert "unsafe-eval" not in policy
    assert "http" not in policy
    assert client().get("/api/v1/categories").headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    ("forwarded", "secure"),
    [("https", True), ("http", False), ("gopher", False), ("http, https", True), ("https, http", False)],
)
def test_a_trusted_proxy_speaks_for_the_reader(serve: Serve, forwarded: str, secure: bool) -> None:
    address = serve(trusted_proxy="127.0.0.1")
    answer = httpx.get(f"{address}/login", headers={"X-Forwarded-Proto": forwarded}, timeout=60)
    assert ("strict-transport-security" in answer.headers) is secure
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-gridsvc_visit=" if secure else "gridsvc_visit=")
    assert ("Secure" in cookie) is secure


def test_limits_count_for_the_reader_behind_the_proxy(serve: Serve) -> None:
    with httpx.Client(base_url=serve(trusted_proxy="127.0.0.0/8", anonymous_per_minute=2), timeout=60) as proxy:

        def send(chain: str) -> int:
            return proxy.post("/api/v1/reports", json=report(), headers={"X-Forwarded-For": chain}).status_code

        assert [send("198.51.100.1") for _ in range(3)] == [201, 201, 429]
        assert send("198.51.100.2") == 201
        # what the reader claims stands left of what the proxy saw
        assert [send(f"203.0.113.{n}, 198.51.100.3") for n in range(3)] == [201, 201, 429]
        # an IPv6 subscriber has all addresses of the /64
        assert [send(f"2001:db8::{n}") for n in range(3)] == [201, 201, 429]


def test_with_a_proxy_nobody_else_is_answered(serve: Serve) -> None:
    # the proxy is elsewhere; this machine itself may still ask, for its health checks
    address = serve(trusted_proxy="192.0.2.1")
    answer = httpx.get(
        f"{address}/login", headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.1"}, timeout=60
    )
    assert answer.status_code == 200
    assert "strict-transport-security" not in answer.headers


@pytest.mark.parametrize("wrong", ["proxy", "10.0.0.0/33", "10.0.0.1/8", "*", "all"])
def test_a_proxy_is_an_address(made: Fresh, folder: Path, wrong: str) -> None:
    with pytest.raises(Refused) as refused:
        create_app(settings(made, folder, trusted_proxy=wrong))
    assert refused.value.code == "proxy_malformed"


def test_forwarded_headers_of_others_count_for_nothing(address: str) -> None:
    with httpx.Client(
        base_url=address,
        headers={"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"},
        timeout=60,
    ) as one:
        answer = one.get("/login")
        assert "Secure" not in answer.headers["set-cookie"]
        assert "evil" not in answer.text
        host = one.get("/", headers={"Host": "evil.example"}, follow_redirects=False)
        assert host.headers["location"] == "/login"


def test_front_end_files(client: Client) -> None:
    asset = next(one for one in assets.known() if one.file == "dist/leaflet.js")
    vendor = client().get(f"/static/vendor/{asset.served}")
    assert vendor.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert len(vendor.content) == asset.n_bytes
    own = client().get("/static/maps/page.js")
    assert own.headers["cache-control"] == "public, no-cache"
    assert own.headers["content-type"].startswith("text/javascript")
    assert client().get("/static/maps/page.js", headers={"If-None-Match": own.headers["etag"]}).status_code == 304
    versioned = client().get("/static/app/app.css?v=123456789abc")
    assert "immutable" in versioned.headers["cache-control"]
    for path in ("/static/app/", "/static/app/../../settings.py", "/static/app/%2e%2e/app.py", "/static/vendor/.stamp"):
        assert client().get(path).status_code == 404


ANYWHERE = "0.0.0.0"  # noqa: S104  # nothing listens there in these tests


def settings_of(**values: Any) -> Settings:
    return Settings(**values)


@pytest.mark.parametrize(
    ("values", "demo", "code"),
    [
        ({"host": "127.0.0.1", "mode": "demo"}, True, None),
        ({"host": "::1"}, False, None),
        ({"host": "localhost", "mode": "demo"}, True, None),
        ({"host": "127.0.0.1", "mode": "production"}, True, "binding_demo_in_production"),
        ({"host": ANYWHERE, "mode": "demo"}, True, "binding_demo_accounts"),
        ({"host": ANYWHERE, "mode": "demo"}, False, "binding_demo_accounts"),
        ({"host": "192.0.2.1", "mode": "demo", "trusted_proxy": "192.0.2.2"}, True, "binding_demo_accounts"),
        ({"host": ANYWHERE, "mode": "production"}, False, "binding_without_tls"),
        ({"host": "::", "mode": "production"}, False, "binding_without_tls"),
        ({"host": "gridsvc.example", "mode": "production", "tls_cert": "c.pem"}, False, "binding_without_tls"),
        ({"host": ANYWHERE, "mode": "production", "tls_cert": "c.pem", "tls_key": "k.pem"}, False, None),
        ({"host": ANYWHERE, "mode": "production", "trusted_proxy": "10.0.0.2"}, False, None),
    ],
)
def test_where_it_may_listen(values: dict[str, Any], demo: bool, code: str | None) -> None:
    if code is None:
        security.check_binding(settings_of(**values), demo)
        return
    with pytest.raises(Refused) as refused:
        security.check_binding(settings_of(**values), demo)
    assert refused.value.code == code


def test_no_database_no_app() -> None:
    with pytest.raises(Refused) as refused:
        create_app(settings_of(mode="demo"))
    assert refused.value.code == "database_url_missing"


def test_a_limiter_forgets_and_refills() -> None:
    now = [0.0]
    limiter = Limiter(2, 60, max_keys=3, clock=lambda: now[0])

    def left(key: str) -> bool:
        try:
            limiter.take(key, "x")
        except TooMany:
            return False
        return True

    assert [left("a") for _ in range(3)] == [True, True, False]
    with pytest.raises(TooMany) as wait:
        limiter.take("a", "x")
    assert wait.value.facts == {"retry_after_s": 30}
    now[0] = 29.9
    assert not left("a")
    now[0] = 30.0
    assert [left("a"), left("a")] == [True, False]
    limiter.give_back("a")
    assert left("a")
    now[0] = 1e6
    assert [left("a") for _ in range(3)] == [True, True, False]
    # memory is bounded: the longest unseen key goes
    for key in "bcd":
        left(key)
    assert len(limiter) == 3
    assert left("a")


def test_addresses() -> None:
    assert addresses.key("2001:db8:1:2:3::4") == "2001:db8:1:2::/64"
    assert addresses.within("10.1.2.3", addresses.proxies("10.0.0.0/8, 192.0.2.1"))
    assert not addresses.within("testclient", addresses.proxies("10.0.0.0/8"))
    assert csrf("x") != csrf("y")
