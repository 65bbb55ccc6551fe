"""A proxy on loopback between an app and its service that loses, delays and spoils what a test says."""

from __future__ import annotations

import http.client
import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FAULTS = ("drop_before", "drop_after", "error", "busy", "stall", "half")
OWN = ("connection", "keep-alive", "transfer-encoding", "content-length", "date", "server")
CODED = ("content-encoding", "etag")
STALL_S = 60.0  # longer than anything waits; a closed connection ends it at once
MOST_BYTES = 10**9  # more than any test posts

Plan = Callable[[str, str], "str | None"]


def no_fault(method: str, path: str) -> None:
    """The plan that spoils nothing."""


@dataclass
class Faults:
    """The proxy's address and what it does: `plan(method, path)` names a fault or None; `away` refuses everybody,
    `instead` has bodies by path that it gives in place of the service's, `most_bytes` bounds what may be posted.

    `asked` is every request with what was done to it, `n_busy` how many are being answered, stalled ones apart; `port`:
    where on loopback the service is.
    """

    address: str = ""
    plan: Plan = no_fault
    away: bool = False
    instead: dict[str, bytes] = field(default_factory=dict)
    most_bytes: int = MOST_BYTES
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    n_busy: int = 0
    n_stalled: int = 0
    port: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    ended: threading.Event = field(default_factory=threading.Event)

    def before(self, address: str) -> Faults:
        """The proxy, from now on before the service there."""
        self.calm()
        self.port = int(address.rpartition(":")[2])
        self.asked.clear()
        return self

    def n(self, path: str, method: str | None = None) -> int:
        """How many requests went to paths that begin so."""
        return sum(asked.startswith(path) and method in (None, how) for how, asked, _ in self.asked)

    def calm(self) -> None:
        """Takes every fault away; what was asked stays."""
        self.away, self.most_bytes, self.plan = False, MOST_BYTES, no_fault
        self.instead.clear()


def once(method: str, path: str, fault: str) -> Plan:
    """A plan that spoils the first such request."""
    left = [fault]

    def plan(asked: str, at: str) -> str | None:
        return left.pop() if left and asked == method and at.startswith(path) else None

    return plan


def drawn(seed: int, share: float, paths: tuple[str, ...]) -> Plan:
    """A plan that spoils a share of the requests to these paths, each time in another way; the same for a seed."""
    chance = random.Random(seed)  # noqa: S311 - a plan of faults, no secret
    kinds: list[str] = []

    def plan(_: str, path: str) -> str | None:
        if not path.startswith(paths) or chance.random() >= share:
            return None
        if not kinds:  # every kind comes before one comes again
            kinds.extend(chance.sample(FAULTS, len(FAULTS)))
        return kinds.pop()

    return plan


class Server(ThreadingHTTPServer):
    """Listens, and knows what to spoil."""

    daemon_threads = True
    faults: Faults

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: cut connections are the point."""


class Handler(BaseHTTPRequestHandler):
    """One connection of the browser."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = 120

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""

    def _serve(self) -> None:
        faults = self.server.faults
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with faults.lock:
            fault = "away" if faults.away else faults.plan(self.command, self.path)
            if self.command == "POST" and len(body) > faults.most_bytes:
                fault = "large"
            faults.asked.append((self.command, self.path, fault))
            faults.n_busy += 1
        try:
            self._answer(fault, body)
        finally:
            with faults.lock:
                faults.n_busy -= 1

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _serve

    def _answer(self, fault: str | None, body: bytes) -> None:
        if fault in ("away", "drop_before"):
            self._cut()
        elif fault == "stall":
            self._stall()
        elif fault == "error":
            self._say(500, [("Content-Type", "text/plain")], b"broken")
        elif fault == "large":
            self._say(413, [("Content-Type", "text/html")], b"<h1>Too large</h1>")
        elif fault == "busy":
            said = b'{"code": "busy", "message": "busy"}'
            self._say(429, [("Retry-After", "2"), ("Content-Type", "application/json")], said)
        else:
            self._forward(fault, body)

    def _forward(self, fault: str | None, body: bytes) -> None:
        faults = self.server.faults
        asked = http.client.HTTPConnection("127.0.0.1", faults.port, timeout=50)
        try:
            kept = {name: value for name, value in self.headers.items() if name.lower() not in OWN}
            if self.path in faults.instead:
                kept.pop("If-None-Match", None)
            asked.request(self.command, self.path, body or None, kept)
            answer = asked.getresponse()
            told = answer.read()
        except (OSError, http.client.HTTPException):
            self._cut()  # the service is down, or died while it answered
            return
        finally:
            asked.close()
        headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in OWN]
        swapped = faults.instead.get(self.path)
        if swapped is not None:
            told = swapped
            headers = [(name, value) for name, value in headers if name.lower() not in CODED]
        if fault == "drop_after":
            self._cut()
        elif fault == "half":
            self._say(answer.status, headers, told[: len(told) // 2], len(told))
            self._cut()
        else:
            self._say(answer.status, headers, told)

    def _say(self, status: int, headers: list[tuple[str, str]], body: bytes, length: int | None = None) -> None:
        with suppress(OSError):  # the browser went away
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body) if length is None else length))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
            self.wfile.flush()

    def _stall(self) -> None:
        faults = self.server.faults
        with faults.lock:
            faults.n_busy -= 1
            faults.n_stalled += 1
        self.connection.settimeout(0.1)
        waited_s = 0.0
        while waited_s < STALL_S and not faults.ended.is_set():
            try:
                if self.connection.recv(1, socket.MSG_PEEK) == b"":
                    break  # its patience is over
            except TimeoutError:
                waited_s += 0.1
            except OSError:
                break
        with faults.lock:
            faults.n_busy += 1
            faults.n_stalled -= 1
        self._cut()

    def _cut(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def between() -> Iterator[Faults]:
    """A running proxy; see `Faults.before`."""
    faults = Faults()
    server = Server(("127.0.0.1", 0), Handler)
    server.faults = faults
    faults.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield faults
    finally:
        faults.ended.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
