"""The page that tells phones how to trust, and the plain port that hands out this and nothing else."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from gridsvc import certificates
from gridsvc.i18n import LOCALES, catalogue
from gridsvc.lan import Lan
from gridsvc.web import trust
from gridsvc.web.app import create_app
from tests.conftest import Fresh
from tests.web.conftest import Client
from tests.web.county import County
from tests.web.live import Clock, serving, settings

CERTIFICATE = "/trust/gridsvc-authority.crt"
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Lan:
    """The service in a network: the plain port is asked at 127.0.0.1."""
    names = ("192.168.7.20", "office.local", "127.0.0.1")
    return Lan(names, 8000, 8080, certificates.ensure(tmp_path_factory.mktemp("tls"), names, NOW))


@pytest.fixture(scope="module")
def app(made: Fresh, county: County, folder: Path, here: Lan) -> Any:
    """The service as `serve --lan` has it."""
    app = create_app(settings(made, folder), clock=Clock())
    app.state.services.lan = here
    return app


@pytest.fixture(scope="module")
def plain(app: Any) -> Iterator[httpx.Client]:
    """A phone at the plain port."""
    with (
        serving(cast(Any, trust.helper(app.state.services))) as address,
        httpx.Client(base_url=address, timeout=120) as phone,
    ):
        yield phone


@pytest.fixture(scope="module")
def main(app: Any) -> Iterator[httpx.Client]:
    """A phone at the service itself."""
    with serving(app) as address, httpx.Client(base_url=address, timeout=120) as phone:
        yield phone


@pytest.mark.parametrize("lang", LOCALES)
def test_the_page_tells_every_kind_of_phone(plain: httpx.Client, main: httpx.Client, here: Lan, lang: str) -> None:
    for phone in (plain, main):
        answer = phone.get("/trust", params={"lang": lang})
        assert answer.status_code == 200
        for part in ("android", "iphone", "windows"):
            first = catalogue(lang)[f"trust.{part}.steps"].splitlines()[0]
            assert first.replace("&", "&amp;") in answer.text
        assert catalogue(lang)["trust.wechat"] in answer.text
        assert here.served.fingerprint
        assert here.served.fingerprint in answer.text
        assert '<svg viewBox="0 0' in answer.text
        assert "http://192.168.7.20:8080/trust" in answer.text
        assert 'href="https://127.0.0.1:8000/field"' in answer.text  # as it was asked for
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "<script" not in answer.text
        assert "src=" not in answer.text  # it stands by itself
        assert "session" not in answer.headers.get("set-cookie", "")


def test_the_certificate_is_the_authority_s(plain: httpx.Client, main: httpx.Client, here: Lan) -> None:
    for phone in (plain, main):
        answer = phone.get(CERTIFICATE)
        assert answer.headers["content-type"] == "application/x-x509-ca-cert"
        assert answer.content == here.served.authority
        assert hashlib.sha256(answer.content).digest().hex(":").upper() == here.served.fingerprint
        assert b"PRIVATE" not in answer.content


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/", "/"),
        ("/field", "/field"),
        ("/login?next=%2Freports", "/login?next=%2Freports"),
        ("/api/v1/reports", "/api/v1/reports"),
        ("/static/app/app.css", "/static/app/app.css"),
        ("//evil.example/x", "//evil.example/x"),
        ("/trust/", "/trust/"),
        ("/trust/authority.key", "/trust/authority.key"),
        ("/trust/../x", "/x"),
        ("/%0d%0aX:%20y", "/%0d%0aX:%20y"),
    ],
)
def test_everything_else_goes_to_https(plain: httpx.Client, path: str, target: str) -> None:
    url = f"{str(plain.base_url).rstrip('/')}{path}"
    answer = httpx.get(url, headers={"Cookie": "gridsvc_session=x"}, timeout=120)
    assert (answer.status_code, answer.headers["location"]) == (307, f"https://127.0.0.1:8000{target}")
    assert "set-cookie" not in answer.headers
    elsewhere = httpx.get(url, headers={"Host": "evil.example"}, timeout=120)
    assert elsewhere.headers["location"] == f"https://192.168.7.20:8000{target}"


@pytest.mark.parametrize("path", ["/trust", CERTIFICATE, "/login", "/api/v1/devices"])
def test_what_is_sent_there_is_not_sent_on(plain: httpx.Client, path: str) -> None:
    answer = plain.post(path, json={"login": "x", "password": "y"})
    assert (answer.status_code, answer.headers["location"]) == (303, "https://127.0.0.1:8000/")


def test_without_a_network_there_is_nothing_to_trust(client: Client) -> None:
    for path in ("/trust", CERTIFICATE):
        answer = client().get(path)
        assert answer.status_code == 404
        assert "--lan" in answer.text


def test_the_office_s_own_certificate_needs_no_page(
    app: Any, plain: httpx.Client, main: httpx.Client, here: Lan
) -> None:
    own = replace(here, served=certificates.brought(here.served.cert, here.served.key, NOW))
    app.state.services.lan = own
    try:
        assert plain.get(CERTIFICATE).status_code == 307
        assert main.get(CERTIFICATE).status_code == 404
        page = main.get("/trust").text
        assert "own certificate" in page
        assert "fingerprint" not in page
        assert "https://192.168.7.20:8000/field" in page
    finally:
        app.state.services.lan = here


def test_it_is_renewed_while_it_serves(here: Lan, tmp_path: Path) -> None:
    served = certificates.ensure(tmp_path / "tls", here.hosts, NOW)
    lan = replace(here, served=served)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(served.cert, served.key)
    before = served.cert.read_bytes()
    assert trust.renew(lan, context, NOW + timedelta(days=100)) is False
    assert served.cert.read_bytes() == before
    assert trust.renew(lan, context, NOW + timedelta(days=170)) is True
    assert served.cert.read_bytes() != before
    # a folder that cannot be written is tried again, and ends nothing
    broken = replace(lan, served=replace(served, cert=Path("/proc/nowhere/server.crt")))
    assert trust.renew(broken, context, NOW + timedelta(days=400)) is False
