"""Two machines of an office, the service's and a phone's: each a network namespace, with a wire that can be cut."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import missing

SERVICE, PHONE = "10.77.5.1", "10.77.5.2"


@dataclass(frozen=True)
class Office:
    """`address`: where the service listens; `service`, `phone`: what a command begins with to run there."""

    address: str
    service: tuple[str, ...]
    phone: tuple[str, ...]

    def wire(self, state: str) -> None:
        """Cuts the wire between both (`down`) or mends it (`up`)."""
        _run(*self.service, "ip", "link", "set", "wire0", state)

    def browser(self, folder: Path) -> Path:
        """A program that is the system's Chromium on the phone."""
        path = folder / "chromium"
        path.write_text(f'#!/bin/sh\nexec {" ".join(self.phone)} chromium "$@"\n')
        path.chmod(0o755)
        return path


@contextmanager
def office() -> Iterator[Office]:
    """The two machines; a namespace ends with the last process in it."""
    holders: list[subprocess.Popen[bytes]] = []
    try:
        for _ in range(2):
            one = subprocess.Popen(
                ["unshare", "--net", "sh", "-c", "echo; cat"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            holders.append(one)
            if one.stdout is None or one.stdout.readline() != b"\n":
                missing("the permission to make network namespaces")
        yield _wired(holders[0].pid, holders[1].pid)
    finally:
        for one in holders:
            one.communicate(timeout=20)


def _wired(service_pid: int, phone_pid: int) -> Office:
    service, phone = (("nsenter", f"--net=/proc/{pid}/ns/net", "--") for pid in (service_pid, phone_pid))
    _run(*service, "ip", "link", "add", "wire0", "type", "veth", "peer", "name", "wire1", "netns", str(phone_pid))
    for enter, name, address in ((service, "wire0", SERVICE), (phone, "wire1", PHONE)):
        _run(*enter, "ip", "address", "add", f"{address}/24", "dev", name)
        for up in ("lo", name):
            _run(*enter, "ip", "link", "set", up, "up")
    return Office(SERVICE, service, phone)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (command, done.stderr)
