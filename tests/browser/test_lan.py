"""https in an office's network: a phone fetches the authority over plain http, trusts it, and works without a signal."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, expect
from sqlalchemy import text

from gridsvc import accounts
from gridsvc.i18n import error_text
from tests.browser.field import PIXEL, Phone
from tests.browser.kept import sent
from tests.browser.network import Office, office
from tests.browser.page_checks import OVER, violations
from tests.browser.test_field_report import INSIDE, MOST_TAPS, Thumb, stored, supplied
from tests.conftest import QUIET, ROOT, Fresh, missing
from tests.photographs import jpeg, scene
from tests.web.county import WEST, County

PORT, PLAIN = 8443, 8081
GRANTED: dict[str, Any] = {"geolocation": INSIDE, "permissions": ["geolocation"]}
FETCH = """async () => {
  const bytes = new Uint8Array(await (await fetch("/trust/gridsvc-authority.crt")).arrayBuffer());
  return btoa(String.fromCharCode(...bytes));
}"""

Open = Callable[[], Any]


@pytest.fixture(scope="module")
def machines() -> Iterator[Office]:
    """The office."""
    if shutil.which("certutil") is None or shutil.which("ip") is None:
        missing("certutil (libnss3-tools) and ip (iproute2)")
    with office() as made:
        yield made


@pytest.fixture(scope="module")
def said(machines: Office, made: Fresh, county: County, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What `gridsvc serve --lan` printed; it runs as long as the tests do."""
    folder = tmp_path_factory.mktemp("served")
    env = made.env() | {"GRIDSVC_DATA_DIR": str(folder), "GRIDSVC_TRUST_PORT": str(PLAIN), "GRIDSVC_LANG": "en"}
    host = ["--host", machines.address]
    command = [*machines.service, sys.executable, "-m", "gridsvc", "serve", "--lan", "--port", str(PORT), *host]
    out = folder / "said"
    with out.open("wb") as file:
        served = subprocess.Popen(command, cwd=ROOT, env=env, stdout=file, stderr=subprocess.STDOUT)
    try:
        probe = f"import socket, time\nfor _ in range(1800):\n try: socket.create_connection(({machines.address!r}, PORT), 1); break\n except OSError: time.sleep(.1)"
        for port in (PORT, PLAIN):
            subprocess.run([*machines.service, sys.executable, "-c", probe.replace("PORT", str(port))], check=True)
        assert served.poll() is None, out.read_text()
        yield out.read_text()
    finally:
        served.send_signal(signal.SIGINT)
        assert served.wait(120) == 130, out.read_text()
        assert "Traceback" not in out.read_text()


@pytest.fixture
def handset(browser: Browser, machines: Office, tmp_path: Path) -> Open:
    """`with handset() as phone`: the phone's browser, started anew with what it kept."""
    home = tmp_path / "home"
    home.mkdir()
    program = machines.browser(tmp_path)

    @contextmanager
    def begin() -> Iterator[Phone]:
        context: BrowserContext = browser.browser_type.launch_persistent_context(
            tmp_path / "profile",
            executable_path=program,
            args=QUIET,
            env=os.environ | {"HOME": str(home)},
            locale="zh-CN",
            **PIXEL,
            **GRANTED,
        )
        try:
            page = context.pages[0]
            page.set_default_timeout(60_000)
            yield Phone(context, f"https://{machines.address}:{PORT}", page)
        finally:
            context.close()

    return begin


def trust(home: Path, authority: bytes) -> None:
    """What a person does in the settings of a phone: from now on this authority is trusted."""
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    (home / "authority.crt").write_bytes(authority)
    added = ["-A", "-n", "gridsvc", "-t", "C,,", "-i", str(home / "authority.crt")]
    for words in (["-N", "--empty-password"], added):
        subprocess.run(["certutil", "-d", f"sql:{store}", *words], check=True, capture_output=True)


def test_what_is_printed_leads_a_phone(machines: Office, said: str) -> None:
    assert f"http://{machines.address}:{PLAIN}/trust" in said
    assert f"https://{machines.address}:{PORT}" in said
    assert re.search("([0-9A-F]{2}:){31}[0-9A-F]{2}", said)
    assert "▀" in said or "█" in said  # the code
    assert "PRIVATE" not in said


def test_accounts_of_the_demo_are_refused(machines: Office, made: Fresh, county: County, tmp_path: Path) -> None:
    """Their passwords were printed on a screen: no network may reach them, trusted certificate or not."""
    command = [*machines.service, sys.executable, "-m", "gridsvc", "serve", "--lan", "--host", machines.address]
    env = made.env() | {
        "GRIDSVC_DATA_DIR": str(tmp_path),
        "GRIDSVC_TRUST_PORT": "8091",
        "GRIDSVC_PORT": "8090",
        "GRIDSVC_MODE": "demo",
    }
    with made.begin() as db:
        accounts.create(db, login="of_the_demo", name="d", role="planner", password=None, demo=True)
    try:
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=180, check=False)
        assert done.returncode not in (0, 1), done.stderr
        assert error_text("binding_demo_accounts", "en", host=machines.address) in done.stderr.replace("\n", " ")
        assert "/trust" not in done.stdout  # nothing is printed that would lead a phone nowhere
    finally:
        with made.begin() as db:
            accounts.disable(db, "of_the_demo")


def test_from_the_plain_page_to_a_report_without_a_signal(
    machines: Office, said: str, handset: Open, made: Fresh, tmp_path: Path, axe: str
) -> None:
    photo = tmp_path / "camera.jpg"
    photo.write_bytes(jpeg(scene()))
    with handset() as phone:
        warned = phone.context.new_page()  # of its own: the page with the warning comes after the error
        with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
            warned.goto(f"{phone.address}/field")
        page = phone.page
        page.goto(f"http://{machines.address}:{PLAIN}/trust")
        assert page.evaluate("isSecureContext") is False
        assert (violations(page, axe), page.evaluate(OVER)) == ([], 0)
        authority = base64.b64decode(page.evaluate(FETCH))
        assert hashlib.sha256(authority).digest().hex(":").upper() == page.text_content("#fingerprint")
        assert str(page.text_content("#fingerprint")) in said
    trust(tmp_path / "home", authority)
    with handset() as phone:
        page = phone.page
        # from plain http to https, as a scanned code or a typed address does
        page.goto(f"http://{machines.address}:{PLAIN}/field")
        assert page.url.startswith(f"{phone.address}/field")
        assert (
            page.evaluate("[isSecureContext, 'geolocation' in navigator, 'serviceWorker' in navigator]") == [True] * 3
        )
        phone.log_in()
        phone.offline_ready()
        assert page.evaluate(
            "navigator.serviceWorker.controller !== null || navigator.serviceWorker.ready.then(() => true)"
        )
        names = {one["name"]: one for one in phone.context.cookies()}
        assert names["__Host-gridsvc_session"]["secure"]
        supplied(phone)
        machines.wire("down")
        key = reported(phone, photo)
    with handset() as phone:
        page = phone.open("/queue")  # the app opens without the service
        expect(page.locator(f"[data-key='{key}']")).to_have_attribute("data-state", "waiting")
        with made.begin() as db:
            assert (
                db.scalar(text("SELECT count(*) FROM report WHERE client_key = CAST(:key AS uuid)"), {"key": key}) == 0
            )
        machines.wire("up")
        page.click("text=立即发送")
        sent(phone, within_s=180)
    kept = stored(made, key)
    assert (kept.category, kept.grid, kept.n_photos) == ("0110", f"{WEST}001", 1)
    assert (kept.lon, kept.lat, kept.accuracy_m) == (INSIDE["longitude"], INSIDE["latitude"], INSIDE["accuracy"])


def reported(phone: Phone, photo: Path) -> str:
    """The key of a report after every step was tapped: camera, kind, the phone's own position on the map, send."""
    phone.open("/")
    hand = Thumb(phone)
    hand.tap("#go-report")
    hand.at("photo")
    hand.take(photo)
    hand.what()
    phone.page.wait_for_selector(".pin-map .pin-mark")
    hand.tap("#next")
    hand.at("check")
    hand.tap("#send")
    hand.at("done")
    assert hand.n <= MOST_TAPS
    (row,) = phone.outbox()
    return str(row["key"])
