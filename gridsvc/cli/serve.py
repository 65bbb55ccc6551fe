"""`gridsvc serve`: the pages and the API, until Ctrl-C."""

from __future__ import annotations

import argparse
import errno
import importlib
import socket

from gridsvc.cli.door import CONFLICT, FINE, INTERRUPTED, Door
from gridsvc.db import migrate
from gridsvc.db.engine import database, transaction
from gridsvc.errors import Conflict, Unavailable
from gridsvc.settings import Settings

# why an address cannot be listened at, in words of ours: the system's are English
_REASONS = {errno.EADDRINUSE: "port_taken", errno.EACCES: "port_reserved", errno.EADDRNOTAVAIL: "host_elsewhere"}


def run(door: Door, args: argparse.Namespace) -> int:
    """Serves the schema as it stands; it must be up to date."""
    settings = chosen(door.settings, args)
    check_port(settings)
    with database(settings) as (app_url, _):
        with transaction(app_url, settings.db_schema) as db:
            found = migrate.revisions(db, settings.db_schema)
        if not found.up_to_date:
            raise Unavailable("schema_absent" if found.current is None else "schema_old", schema=settings.db_schema)
        door.say(door.word("serve.ready", address=address(settings)))
        return serve(settings, app_url)


def chosen(settings: Settings, args: argparse.Namespace) -> Settings:
    """The settings with --host and --port in them, checked as settings are."""
    given = {name: getattr(args, name) for name in ("host", "port") if getattr(args, name) is not None}
    return Settings.model_validate(settings.model_dump(by_alias=True) | given) if given else settings


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


def serve(settings: Settings, app_url: str) -> int:
    """The exit code of the server, which runs until Ctrl-C or SIGTERM.

    Raises:
        Refused: the address is open to others without TLS, or with demo accounts.
    """
    server = importlib.import_module("gridsvc.web.server")  # the other door: loaded when it is to be opened
    try:
        return FINE if server.serve(settings, app_url) else CONFLICT
    except KeyboardInterrupt:
        return INTERRUPTED  # the way a service is meant to end: no words about unfinished steps
