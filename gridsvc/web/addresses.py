"""Network addresses: whom a limit counts for, which are this machine's own, which belong to a trusted proxy."""

from __future__ import annotations

import ipaddress

from gridsvc.errors import Refused

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def key(address: str) -> str:
    """What a limit counts for: the address, or its /64 in IPv6, of which one subscriber has all.

    >>> key("192.0.2.7"), key("2001:db8::1"), key("::ffff:192.0.2.7"), key("unix")
    ('192.0.2.7', '2001:db8::/64', '192.0.2.7', 'unix')
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0"), is_loopback("")
    (True, True, False, False)
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def proxies(text: str | None) -> tuple[Network, ...]:
    """The proxies named by the setting: addresses or networks, commas between them.

    Raises:
        Refused: a name, or something else that is no address: who answers to a name may change.

    >>> proxies("192.0.2.1, 10.0.0.0/8")
    (IPv4Network('192.0.2.1/32'), IPv4Network('10.0.0.0/8'))
    """
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in (text or "").split(",") if part.strip())
    except ValueError:
        raise Refused("proxy_malformed", found=text) from None


def within(host: str, networks: tuple[Network, ...]) -> bool:
    """Whether the address lies in one of the networks."""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(ip in network for network in networks)
