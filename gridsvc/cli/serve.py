"""`gridsvc serve`: the pages and the API, until Ctrl-C."""

from __future__ import annotations

import argparse
import errno
import importlib
import io
import socket
from collections.abc import Callable
from datetime import datetime

import segno
from pydantic import ValidationError

from gridsvc import certificates, lan
from gridsvc.cli.door import CONFLICT, FINE, INTERRUPTED, Door, wrong_settings
from gridsvc.db.engine import database, transaction
from gridsvc.db.revisions import revisions
from gridsvc.errors import Conflict, Refused, Unavailable
from gridsvc.i18n import Locale
from gridsvc.lan import Lan
from gridsvc.settings import Settings

HERE = "127.0.0.1"
# why an address cannot be listened at, in words of ours: the system's are English
_REASONS = {errno.EADDRINUSE: "port_taken", errno.EACCES: "port_reserved", errno.EADDRNOTAVAIL: "host_elsewhere"}


def run(door: Door, args: argparse.Namespace) -> int:
    """Serves the schema as it stands; it must be up to date."""
    settings, network = chosen(door.settings, args, door.locale), None
    if args.lan:
        settings, network = for_network(settings, door.now)
        for host in network.listens:
            for port in (settings.trust_port, settings.port):
                check_port(settings.model_copy(update={"host": host, "port": port}))
    else:
        check_port(settings)
    with database(settings) as (app_url, _):
        with transaction(app_url, settings.db_schema) as db:
            found = revisions(db, settings.db_schema)
        if not found.up_to_date:
            raise Unavailable("schema_absent" if found.current is None else "schema_old", schema=settings.db_schema)
        return serve(settings, app_url, network, lambda: _begun(door, settings, network))


def _begun(door: Door, settings: Settings, network: Lan | None) -> None:
    """Says where it runs; to an office's network with the code that its phones scan."""
    if network is None:
        door.say(door.word("serve.ready", address=address(settings)))
        return
    if network.served.new_authority:
        door.say(door.word("serve.lan_new", folder=network.served.cert.parent))
    drawn = io.StringIO()
    segno.make_qr(network.trust_address, error="m").terminal(out=drawn, compact=True)
    door.say(drawn.getvalue())
    door.say(door.word("serve.lan", address=network.trust_address))
    if network.served.fingerprint:
        door.say(door.word("serve.lan_fingerprint", fingerprint=network.served.fingerprint))
    # every address that the network reaches it at, as far as the certificate speaks for it
    named = [network.address(host=one) for one in network.listens if one in network.hosts and one != HERE]
    door.say(door.word("serve.ready", address=", ".join(dict.fromkeys([network.address(), *named]))))


def for_network(settings: Settings, now: datetime) -> tuple[Settings, Lan]:
    """The same settings for the machine's own network, with the office's certificate or one of our own authority.

    Raises:
        Refused: lan_behind_proxy, lan_no_address, lan_not_local; the office's certificate as `certificates.brought`.
    """
    if settings.trusted_proxy:
        raise Refused("lan_behind_proxy")
    open_to_all = settings.host in (HERE, "localhost", "::1", "0.0.0.0", "::")  # noqa: S104 - what was chosen
    listens = lan.addresses() if open_to_all else [settings.host]
    if settings.tls_cert and settings.tls_key:
        served = certificates.brought(settings.tls_cert, settings.tls_key, now)
        hosts = [name for name in served.names if not name.startswith("*")] or listens
    else:
        hosts = listens
        if hosts:
            every = [*hosts, *lan.names(), "localhost", HERE]
            served = certificates.ensure(settings.data_dir / "tls", list(dict.fromkeys(every)), now)
            hosts = list(served.names)
    if not listens:
        raise Refused("lan_no_address")
    changed = {"host": listens[0], "tls_cert": served.cert, "tls_key": served.key}
    # never at 0.0.0.0: an address that the machine has in another network is not what was printed
    at = (*listens, *([HERE] if open_to_all else []))
    network = Lan(tuple(hosts), settings.port, settings.trust_port, served, at)
    return settings.model_copy(update=changed), network


def chosen(settings: Settings, args: argparse.Namespace, locale: Locale) -> Settings:
    """The settings with --host and --port in them, checked as settings are.

    Raises:
        Refused: setting_wrong.
    """
    given = {name: getattr(args, name) for name in ("host", "port") if getattr(args, name) is not None}
    try:
        return Settings.model_validate(settings.model_dump(by_alias=True) | given) if given else settings
    except ValidationError as error:
        raise Refused("setting_wrong", settings=wrong_settings(error, locale)) from error


def address(settings: Settings) -> str:
    """The address a browser on this machine opens."""
    scheme = "https" if settings.tls_cert else "http"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{scheme}://{host}:{settings.port}"


def check_port(settings: Settings) -> None:
    """Returns where the port is free.

    Raises:
        Conflict: something else listens there.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            code = _REASONS.get(error.errno or 0, "port_unusable")
            raise Conflict(code, host=settings.host, port=settings.port, reason=error.strerror) from error


def check_address(settings: Settings, has_demo_accounts: bool) -> None:
    """Returns where the service may listen at the address of the settings.

    Raises:
        Refused: as `gridsvc.web.security.check_binding`.
    """
    security = importlib.import_module("gridsvc.web.security")  # the other door, as below
    security.check_binding(settings, has_demo_accounts)


def serve(
    settings: Settings, app_url: str, network: Lan | None = None, begun: Callable[[], None] = lambda: None
) -> int:
    """The exit code of the server, which runs until Ctrl-C or SIGTERM.

    Raises:
        Refused: the address is open to others without TLS, or with demo accounts.
    """
    server = importlib.import_module("gridsvc.web.server")  # the other door: loaded when it is to be opened
    try:
        return FINE if server.serve(settings, app_url, network, begun) else CONFLICT
    except KeyboardInterrupt:
        return INTERRUPTED  # the way a service is meant to end: no words about unfinished steps
