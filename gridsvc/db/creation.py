"""A new cluster: initdb, settings, roles, PostGIS, and the passwords of its three roles."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
from pathlib import Path

from gridsvc.db.binaries import Binaries
from gridsvc.db.places import Place
from gridsvc.errors import Unavailable

DATABASE = "gridsvc"
PASSWORDS = "cluster.json"
ROLES = {"admin": "postgres", "owner": "gridsvc_owner", "app": "gridsvc_app"}

_CONF = """
# gridsvc: small, safe settings; change them with ALTER SYSTEM as role postgres
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 80
shared_buffers = 256MB
work_mem = 16MB
maintenance_work_mem = 128MB
effective_cache_size = 1GB
random_page_cost = 1.1
jit = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 2GB
synchronous_commit = on
timezone = 'UTC'
log_timezone = 'UTC'
logging_collector = on
log_directory = 'log'
log_filename = 'postgresql-%a.log'
log_rotation_age = 1d
log_rotation_size = 0
log_truncate_on_rotation = on
"""
_HBA = "# nobody is trusted: every connection, even of this user, gives its password\nlocal all all scram-sha-256\n"

# Single-user mode takes one command a line.
_ROLES_SQL = """\
ALTER ROLE postgres PASSWORD '{admin}';
ALTER ROLE gridsvc_owner PASSWORD '{owner}';
ALTER ROLE gridsvc_app PASSWORD '{app}';
"""
_CREATE_SQL = (
    """\
CREATE ROLE gridsvc_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
CREATE ROLE gridsvc_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
"""
    + _ROLES_SQL
    + """\
CREATE DATABASE gridsvc OWNER gridsvc_owner;
REVOKE ALL ON DATABASE gridsvc FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE gridsvc TO gridsvc_app;
"""
)
_EXTENSION_SQL = "CREATE EXTENSION postgis SCHEMA public;\n"
_PROOF_SQL = "SELECT public.postgis_lib_version();\n"


def make(place: Place, chosen: Binaries) -> dict[str, str]:
    """The passwords of a new cluster, which is made aside and renamed, so that a half-made one is never used.

    The name aside is a new one each time: programs of a set-up that was killed may still write into theirs.
    """
    try:
        _sweep(place)
        fresh = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=place.base))
        if place.account.switch:
            os.chown(fresh, place.account.uid, place.account.gid)
        spoken = place.account.run(["/bin/sh", "-c", "locale -a"], cwd=Path("/")).stdout.split()
        ctype = "C.UTF-8" if {"C.UTF-8", "C.utf8"} & set(spoken) else "C"
        initdb: list[str | Path] = [
            chosen.bin_dir / "initdb",
            "-D",
            fresh.name,
            "-U",
            ROLES["admin"],
            "--encoding=UTF8",
        ]
        _tool(place, [*initdb, "--locale=C", f"--lc-ctype={ctype}", "--auth=reject"])
        place.account.write(fresh / "postgresql.conf", _CONF, append=True)
        place.account.write(fresh / "pg_hba.conf", _HBA)
        passwords = _new_passwords(place, fresh)
        _single_user(place, chosen, fresh, "postgres", _CREATE_SQL.format(**passwords))
        _single_user(place, chosen, fresh, DATABASE, _EXTENSION_SQL, strict=False)  # its script catches errors
        _single_user(place, chosen, fresh, DATABASE, _PROOF_SQL)
        fresh.rename(place.pgdata)
        _sweep(place)  # again: an orphan of that set-up may have gone on writing while we swept
    except OSError as error:
        raise Unavailable("cluster_init_failed", folder=str(place.base), log=str(error)) from error
    return passwords


def _sweep(place: Place) -> None:
    for left in place.base.glob("postgres.new-*"):
        shutil.rmtree(left, ignore_errors=True)


def _tool(place: Place, command: list[str | Path], text: str | None = None) -> None:
    done = place.account.run(command, cwd=place.base, text=text)
    if done.returncode:
        lines = done.stdout.strip().splitlines()
        wrong = [line for line in lines if "ERROR:" in line or "FATAL:" in line or "PANIC:" in line]
        raise Unavailable("cluster_init_failed", folder=str(place.base), log="\n".join(wrong or lines[-6:]))


def _single_user(place: Place, chosen: Binaries, folder: Path, database: str, sql: str, *, strict: bool = True) -> None:
    """Runs SQL without a server; `strict` makes every error fatal, even one that a function means to catch."""
    command: list[str | Path] = [
        chosen.bin_dir / "postgres",
        "--single",
        "-D",
        folder.name,
        "-c",
        "log_checkpoints=off",
    ]
    _tool(place, [*command, "-c", f"exit_on_error={strict}", database], sql)


def _new_passwords(place: Place, folder: Path) -> dict[str, str]:
    """Random passwords, kept in the folder they belong to: they move with it, and who can read it needs none."""
    passwords = {role: secrets.token_urlsafe(24) for role in ROLES}
    _keep(place, folder, passwords)
    return passwords


def _keep(place: Place, folder: Path, passwords: dict[str, str]) -> None:
    place.account.write(folder / PASSWORDS, json.dumps(passwords))


def read_passwords(place: Place) -> dict[str, str]:
    """The stored passwords.

    Raises:
        Unavailable: cluster_no_passwords.
    """
    try:
        read = json.loads((place.pgdata / PASSWORDS).read_text())
        return {role: str(read[role]) for role in ROLES}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unavailable("cluster_no_passwords", file=str(place.pgdata / PASSWORDS)) from error


def known_passwords(place: Place, chosen: Binaries) -> dict[str, str]:
    """The stored passwords; a lost file is made anew, which the owner of a stopped cluster may always do."""
    try:
        return read_passwords(place)
    except Unavailable:
        # The file comes last: one that names passwords the roles never got would lock everybody out for good.
        passwords = {role: secrets.token_urlsafe(24) for role in ROLES}
        _single_user(place, chosen, place.pgdata, "postgres", _ROLES_SQL.format(**passwords))
        _keep(place, place.pgdata, passwords)
        return passwords
