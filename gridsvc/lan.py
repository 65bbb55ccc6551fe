"""The machine in its own network: the addresses at which phones reach it."""

from __future__ import annotations

import fcntl
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address

from gridsvc.certificates import Served, is_local

_SIOCGIFADDR = 0x8915  # Linux: the IPv4 address of an interface
_FAR = ("192.0.2.1", 9)  # RFC 5737: nobody's; nothing is sent there


@dataclass(frozen=True)
class Lan:
    """How the service is reached: `hosts` are addresses and names that the certificate covers, the best one first.

    `port` speaks https; `trust_port` plain http, which hands out the authority's certificate and nothing else. Both
    listen at `listens`, addresses of this machine, and at no other.
    """

    hosts: tuple[str, ...]
    port: int
    trust_port: int
    served: Served
    listens: tuple[str, ...] = ("127.0.0.1",)

    def address(self, path: str = "", host: str | None = None) -> str:
        """The https address of a path; at the host that was asked for, where it is one of ours."""
        chosen = host if host in self.hosts else self.hosts[0]
        shown = f"[{chosen}]" if ":" in chosen else chosen
        port = "" if self.port == 443 else f":{self.port}"
        return f"https://{shown}{port}{path}"

    @property
    def trust_address(self) -> str:
        """Where a phone begins: plain http while it cannot trust yet, the app where there is nothing to trust."""
        if self.served.authority is None:
            return self.address("/field")
        host = f"[{self.hosts[0]}]" if ":" in self.hosts[0] else self.hosts[0]
        return f"http://{host}:{self.trust_port}/trust"


def addresses() -> list[str]:
    """The IPv4 addresses of this machine in private networks, first the one it reaches others from; loopback none."""
    found = list(dict.fromkeys(one for one in _each() if is_local(one) and not ip_address(one).is_loopback))
    # an address that a machine gave itself reaches nobody but its neighbours on the wire
    return sorted(found, key=lambda one: ip_address(one).is_link_local)


def names() -> list[str]:
    """The machine's own names, as far as the office's own authority may speak for them."""
    full = socket.gethostname().lower()
    short = full.partition(".")[0]
    return [one for one in dict.fromkeys((full, f"{short}.local")) if is_local(one) and one.isascii()]


def _each() -> Iterator[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        with suppress(OSError):
            asked.connect(_FAR)
            yield str(asked.getsockname()[0])
        for _, name in socket.if_nameindex():
            with suppress(OSError):  # it has none, or this is another system
                told = fcntl.ioctl(asked.fileno(), _SIOCGIFADDR, struct.pack("256s", name[:15].encode()))
                yield socket.inet_ntoa(told[20:24])
    with suppress(OSError):
        yield from socket.gethostbyname_ex(socket.gethostname())[2]
