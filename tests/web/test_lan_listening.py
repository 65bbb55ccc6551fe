"""`gridsvc serve --lan` on a machine with a foot in another network: only the office's reaches it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gridsvc import certificates
from tests.browser.network import Office, office
from tests.conftest import NOW as LONG_AGO
from tests.conftest import ROOT, Fresh
from tests.verbs.test_certificates import NAMES, NOW

PORT, PLAIN = 8443, 8081
ELSEWHERE = "198.51.100.7"  # RFC 5737: of no private network
ASKED = "import socket\nfor host in {hosts}:\n for port in {ports}:\n  with socket.socket() as s:\n   s.settimeout(5); print(s.connect_ex((host, port)))"


@pytest.fixture(scope="module")
def machine() -> Iterator[Office]:
    """The service's, with a second address on its wire."""
    with office() as made:
        added = ("ip", "address", "add", f"{ELSEWHERE}/24", "dev", "wire0")
        subprocess.run([*made.service, *added], check=True, capture_output=True)
        yield made


def refused(machine: Office, *hosts: str) -> list[bool]:
    """Whether nobody listens there, at the one port and the other."""
    asked = [*machine.service, sys.executable, "-c", ASKED.format(hosts=hosts, ports=(PORT, PLAIN))]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)
    return [one != "0" for one in done.stdout.split()]


def test_it_listens_where_it_says(machine: Office, fresh: Fresh, tmp_path: Path) -> None:
    env = fresh.env() | {"GRIDSVC_DATA_DIR": str(tmp_path), "GRIDSVC_TRUST_PORT": str(PLAIN), "GRIDSVC_LANG": "en"}
    command = [*machine.service, sys.executable, "-m", "gridsvc", "serve", "--lan", "--port", str(PORT)]
    out = tmp_path / "said"
    with out.open("wb") as file:
        served = subprocess.Popen(command, cwd=ROOT, env=env, stdout=file, stderr=subprocess.STDOUT)
    try:
        until = time.monotonic() + 60
        while any(refused(machine, machine.address)) and time.monotonic() < until and served.poll() is None:
            time.sleep(0.2)
        assert refused(machine, machine.address, "127.0.0.1") == [False] * 4, out.read_text()
        assert refused(machine, ELSEWHERE, "127.0.0.2") == [True] * 4
        said = out.read_text()
        assert f"runs at https://{machine.address}:{PORT}. " in said
        assert ELSEWHERE not in said
    finally:
        served.send_signal(signal.SIGINT)
        assert served.wait(30) == 130, out.read_text()
    assert "Traceback" not in out.read_text()


def test_a_certificate_that_does_not_fit_is_refused(fresh: Fresh, tmp_path: Path) -> None:
    made, other = (certificates.ensure(tmp_path / name, NAMES, NOW) for name in ("tls", "other"))
    past = certificates.ensure(tmp_path / "past", NAMES, LONG_AGO.replace(year=2020))
    command = [sys.executable, "-m", "gridsvc", "serve", "--lan", "--port", str(PORT)]
    for lang, cert, key, words in (
        ("zh", made.cert, other.key, f"私钥 {other.key} 与证书 {made.cert} 不匹配"),
        ("en", past.cert, past.key, f"{past.cert} holds from 2020-"),
    ):
        named = {"GRIDSVC_TLS_CERT": str(cert), "GRIDSVC_TLS_KEY": str(key), "GRIDSVC_LANG": lang}
        env = fresh.env() | named | {"GRIDSVC_DATA_DIR": str(tmp_path)}
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
        assert (done.returncode, words in done.stderr) == (2, True), done.stderr
        assert "Traceback" not in done.stderr
