"""The server as a process: its address comes at once, Ctrl-C ends it however often, a taken port is told in words."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.conftest import Fresh

# the service says "100 Continue" when it waits for the body, of which it gets a part
HALF = (
    b"POST /api/v1/reports HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"
    b"Expect: 100-continue\r\n\r\n{"
)
# a service that waits for its readers as good as for ever
PATIENT = "import sys; from gridsvc.web import server; server.PATIENCE_S = 3600; from gridsvc.cli.main import main; "


def command(port: int, *more: str) -> list[str]:
    return [sys.executable, "-m", "gridsvc", "serve", "--port", str(port), *more]


@contextmanager
def free_port() -> Iterator[int]:
    """A port that nobody else is given while the block lasts, and at which a server may listen."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


@contextmanager
def running(fresh: Fresh, *, patient: bool = False) -> Iterator[tuple[subprocess.Popen[str], int]]:
    with free_port() as port:
        run = command(port)
        if patient:
            run[1:3] = ["-c", f"{PATIENT}sys.exit(main(sys.argv[1:]))"]
        with _started(fresh, run, port) as process:
            yield process, port


@contextmanager
def _started(fresh: Fresh, run: list[str], port: int) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        run,
        env={name: value for name, value in fresh.env().items() if name != "PYTHONUNBUFFERED"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    hangs = threading.Timer(120, process.kill)
    hangs.start()
    try:
        assert process.stdout is not None
        # read through a pipe while it runs: where words come with the end only, the timer makes them come too late
        assert f"http://127.0.0.1:{port}" in process.stdout.readline()
        _wait_until_it_answers(port)
        yield process
    finally:
        hangs.cancel()
        process.kill()
        process.communicate()


def _wait_until_it_answers(port: int) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).read()
            return
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.05)


@pytest.mark.parametrize("gap_s", [None, 0.0, 0.1, 0.3])
def test_ctrl_c_ends_it_without_a_traceback(fresh: Fresh, gap_s: float | None) -> None:
    with running(fresh) as (process, _):
        process.send_signal(signal.SIGINT)
        if gap_s is not None:
            time.sleep(gap_s)
            process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "")


def test_a_second_ctrl_c_does_not_wait_for_a_reader(fresh: Fresh) -> None:
    with running(fresh, patient=True) as (process, port), socket.create_connection(("127.0.0.1", port)) as reader:
        reader.sendall(HALF)
        assert reader.recv(100).startswith(b"HTTP/1.1 100")
        process.send_signal(signal.SIGINT)
        while _listens(port):  # the first was heard
            assert process.poll() is None
            time.sleep(0.02)
        time.sleep(0.3)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "")


def _listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def test_sigterm_ends_it_too(fresh: Fresh) -> None:
    with running(fresh) as (process, _):
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (143, "")


def test_a_port_that_is_none_is_told_as_a_wrong_setting(fresh: Fresh) -> None:
    env = {**fresh.env(), "GRIDSVC_LANG": "en"}
    done = subprocess.run(command(0), env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert done.stderr.startswith("gridsvc: A setting is wrong: GRIDSVC_PORT: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("lang", "words"), [("zh", "已被其他程序占用"), ("en", "is taken by another program")])
def test_a_taken_port_is_told_in_the_readers_words(fresh: Fresh, lang: str, words: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        env = fresh.env() | {"GRIDSVC_LANG": lang}
        done = subprocess.run(command(taken.getsockname()[1]), env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 4
    assert words in done.stderr
    assert "Address already" not in done.stderr


def test_an_address_of_another_machine_is_told(fresh: Fresh) -> None:
    env = fresh.env() | {"GRIDSVC_LANG": "zh", "GRIDSVC_TRUSTED_PROXY": "192.0.2.1"}
    with free_port() as port:
        there = command(port, "--host", "192.0.2.77")
        done = subprocess.run(there, env=env, capture_output=True, text=True, timeout=120)
    assert (done.returncode, "不是本机的地址" in done.stderr) == (4, True)
