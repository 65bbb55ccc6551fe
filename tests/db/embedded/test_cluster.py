"""The embedded cluster on a real PostgreSQL: made, shared, stopped, as root and as an ordinary user."""

from __future__ import annotations

import ast
import os
import stat
import string
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from gridsvc.db import binaries, creation, embedded, places
from gridsvc.db.binaries import Binaries
from gridsvc.db.embedded import Cluster, ensure, session, status, stop
from gridsvc.errors import Unavailable
from gridsvc.i18n import LOCALES, catalogue
from tests.db.embedded.clusters import ROOT, STRANGER, child, forget, sql

# ---- which binaries ----------------------------------------------------------------------------------------------


def test_choose_takes_the_newest_with_postgis_or_the_folders_own() -> None:
    folder = Path("/data")
    have = (Binaries(Path("/17"), 17, None), Binaries(Path("/16"), 16, (3, 4, 0)), Binaries(Path("/15"), 15, (3, 3, 2)))
    assert binaries.choose(have, None, folder).major == 16
    assert binaries.choose(have, 15, folder).major == 15
    for version, available, code in (
        (14, have, "cluster_version_missing"),
        (17, have, "cluster_no_postgis"),
        (None, have[:1], "cluster_no_postgis"),
        (None, (Binaries(Path("/16"), 16, (3, 2)),), "cluster_no_postgis"),
        (None, (Binaries(Path("/14"), 14, (3, 4)),), "cluster_no_binaries"),
        (None, (), "cluster_no_binaries"),
    ):
        with pytest.raises(Unavailable) as caught:
            binaries.choose(available, version, folder)
        assert caught.value.code == code


def test_installed_reads_versions_from_the_programs(tmp_path: Path) -> None:
    folder = tmp_path / "usr/lib/postgresql/99/bin"
    folder.mkdir(parents=True)
    for name in ("initdb", "pg_ctl", "postgres", "pg_config"):
        answer = str(tmp_path / "share") if name == "pg_config" else "postgres (PostgreSQL) 99.1 (Debian)"
        (folder / name).write_text(f"#!/bin/sh\necho '{answer}'\n")
        (folder / name).chmod(0o755)
    control = tmp_path / "share/extension/postgis.control"
    control.parent.mkdir(parents=True)
    control.write_text("default_version = '4.0.1'\n")
    (tmp_path / "usr/lib/postgresql/98/bin").mkdir(parents=True)
    assert binaries.installed(tmp_path)[0] == Binaries(folder, 99, (4, 0, 1))
    assert 98 not in {one.major for one in binaries.installed(tmp_path)}


# ---- a new cluster -----------------------------------------------------------------------------------------------


def test_roles_and_rights(data_dir: Path) -> None:
    with session(data_dir) as cluster:
        for url, name in ((cluster.app_url, "gridsvc_app"), (cluster.owner_url, "gridsvc_owner")):
            assert sql(url, "SELECT current_user") == name
            assert (
                sql(url, "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
                is False
            )
        assert sql(cluster.admin_url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is True
        sql(cluster.owner_url, "CREATE SCHEMA county", "CREATE TABLE county.t (i int)", "DROP SCHEMA county CASCADE")
        sql(cluster.app_url, "CREATE TEMPORARY TABLE t (i int)")
        for statement in ("CREATE SCHEMA mine", "CREATE TABLE public.t (i int)"):
            with pytest.raises(Exception, match="permission denied"):
                sql(cluster.app_url, statement)
        assert str(sql(cluster.app_url, "SELECT public.postgis_lib_version()")) >= "3.3"


def test_settings_are_safe_and_nothing_listens_on_the_network(data_dir: Path) -> None:
    with session(data_dir) as cluster:
        for name, value in (
            ("listen_addresses", ""),
            ("synchronous_commit", "on"),
            ("fsync", "on"),
            ("TimeZone", "UTC"),
            ("jit", "off"),
            ("server_encoding", "UTF8"),
            ("lc_collate", "C"),
            ("password_encryption", "scram-sha-256"),
        ):
            assert sql(cluster.app_url, f"SELECT current_setting('{name}')") == value, name
        assert (
            sql(cluster.admin_url, "SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules")
            == "scram-sha-256"
        )


def test_nobody_is_trusted(data_dir: Path) -> None:
    with session(data_dir) as cluster:
        for role in ("gridsvc_app", "gridsvc_owner", "postgres"):
            for password in (None, "", "postgres", role):
                with pytest.raises(psycopg.OperationalError, match="password"):
                    psycopg.connect(
                        host=str(cluster.socket_dir), port=cluster.port, user=role, dbname="gridsvc", password=password
                    )
        passwords = {make_url(url).password for url in (cluster.app_url, cluster.owner_url, cluster.admin_url)}
        assert len(passwords) == 3
        assert all(password and password not in repr(cluster) for password in passwords)


def test_files_are_closed_and_the_server_is_not_root(data_dir: Path) -> None:
    with session(data_dir) as cluster:
        server = status(data_dir).pid
        assert server is not None
        assert Path(f"/proc/{server}").stat().st_uid not in ({0} if ROOT else set())
        owner = cluster.pgdata.stat().st_uid
        for folder in (cluster.pgdata, cluster.socket_dir):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            assert folder.stat().st_uid == owner != 0
        secret = cluster.pgdata / "cluster.json"
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        assert secret.stat().st_uid == owner
        assert len(os.fsencode(cluster.socket_dir / ".s.PGSQL.5432")) <= 107
        assert not cluster.elsewhere


def test_two_folders_have_nothing_in_common(open_dir: Path, data_dir: Path) -> None:
    other = open_dir / "other"
    try:
        with session(data_dir) as one, session(other) as two:
            assert one.socket_dir != two.socket_dir
            assert make_url(one.app_url).password != make_url(two.app_url).password
            sql(two.owner_url, "CREATE SCHEMA only_here")
            assert sql(one.owner_url, "SELECT to_regnamespace('only_here')") is None
    finally:
        forget(other)


# ---- who starts and who stops ------------------------------------------------------------------------------------


def test_a_session_stops_what_it_started_and_nothing_else(data_dir: Path) -> None:
    assert status(data_dir).state == "stopped"
    with session(data_dir) as cluster:
        assert status(data_dir).state == "running"
        with session(data_dir) as again:
            assert again == cluster
        assert sql(cluster.app_url, "SELECT 1") == 1
    assert status(data_dir).state == "stopped"

    cluster, started = ensure(data_dir)
    assert started
    assert ensure(data_dir)[1] is False
    with session(data_dir):
        pass
    assert status(data_dir).state == "running"
    assert stop(cluster) is True
    assert stop(cluster) is False
    assert not cluster.socket_dir.exists()
    assert status(data_dir).state == "stopped"


def test_the_last_session_stops_the_server(data_dir: Path) -> None:
    ready, go = os.pipe(), os.pipe()

    def other() -> bool:
        with session(data_dir) as cluster:
            os.write(ready[1], b"x")
            os.read(go[0], 1)
            return sql(cluster.app_url, "SELECT 1") == 1

    with session(data_dir):
        _, result = child(other)
        os.read(ready[0], 1)
    assert status(data_dir).state == "running"
    os.write(go[1], b"x")
    assert result() is True
    assert status(data_dir).state == "stopped"
    for end in (*ready, *go):
        os.close(end)


def test_many_at_once_start_one_server(open_dir: Path) -> None:
    data_dir = open_dir / "at once"

    def start() -> tuple[int | None, bool]:
        started = ensure(data_dir)[1]
        return status(data_dir).pid, started

    children = [child(start) for _ in range(4)]
    try:
        answers = [result() for _, result in children]
        assert len({pid for pid, _ in answers}) == 1
        assert sorted(started for _, started in answers) == [False, False, False, True]
    finally:
        forget(data_dir)


# ---- root and ordinary users -------------------------------------------------------------------------------------


def _tour(data_dir: Path) -> tuple[bool, bool, str]:
    with session(data_dir) as cluster:
        answer = sql(cluster.app_url, "SELECT 1") == 1
        return answer, cluster.elsewhere, str(cluster.pgdata)


def test_a_closed_home(open_dir: Path) -> None:
    """An ordinary user's cluster lies in the closed home; root's server could not enter it and lies elsewhere."""
    home = open_dir / "closed"
    home.mkdir(mode=0o700)
    data_dir = home / ".gridsvc"
    try:
        answer, elsewhere, pgdata = _tour(data_dir)
        assert answer
        assert elsewhere is ROOT
        assert pgdata.startswith("/var/lib/gridsvc/" if ROOT else str(data_dir))
        home.chmod(0o755)  # opened later, the data stays where it is
        assert _tour(data_dir) == (answer, elsewhere, pgdata)
    finally:
        forget(data_dir)


def test_an_ordinary_user_and_then_root(open_dir: Path) -> None:
    """Root may lend a hand on a user's cluster; it then runs as that user, who can go on. Strangers are refused."""
    home = open_dir / "user"
    home.mkdir(mode=0o700)
    data_dir = home / ".gridsvc"
    user = STRANGER if ROOT else None
    if ROOT:
        os.chown(home, STRANGER, STRANGER)
    try:
        first = child(lambda: _tour(data_dir), user)[1]()
        assert first == (True, False, str(data_dir / "postgres"))
        for name in ("cluster.lock", "cluster.users"):
            (data_dir / name).unlink()
        assert _tour(data_dir) == first
        with session(data_dir):
            server = status(data_dir).pid
            assert Path(f"/proc/{server}").stat().st_uid == home.stat().st_uid
            assert child(lambda: _tour(data_dir), user)[1]() == first
        assert child(lambda: _tour(data_dir), user)[1]() == first
        if ROOT:
            home.chmod(0o755)
            data_dir.chmod(0o755)
            code, facts = child(lambda: _tour(data_dir), STRANGER + 1)[1]()
            assert (code, facts["owner"]) == ("cluster_foreign_owner", STRANGER)
    finally:
        forget(data_dir)


def test_a_folder_that_cannot_be_written(open_dir: Path) -> None:
    blocked = open_dir / "file"
    blocked.write_text("not a folder")
    with pytest.raises(Unavailable) as caught:
        ensure(blocked / ".gridsvc")
    assert caught.value.code == "cluster_folder_closed"


# ---- words -------------------------------------------------------------------------------------------------------


def _raised() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for module in (binaries, creation, places, embedded):
        for node in ast.walk(ast.parse(Path(module.__file__ or "").read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("Unavailable", "Conflict")
            ):
                assert isinstance(node.args[0], ast.Constant)
                found[str(node.args[0].value)] = {str(keyword.arg) for keyword in node.keywords}
    return found


@pytest.mark.parametrize("locale", LOCALES)
def test_every_code_has_its_sentence(locale: str) -> None:
    raised = _raised()
    assert "cluster_start_failed" in raised
    for code, facts in raised.items():
        sentence = catalogue(locale)[f"error.{code}"]
        assert {name for _, name, _, _ in string.Formatter().parse(sentence) if name} <= facts, code


def test_cluster_is_a_plain_frozen_row(data_dir: Path) -> None:
    with session(data_dir) as cluster:
        assert isinstance(cluster, Cluster)
        with pytest.raises(AttributeError):
            cluster.port = 1  # type: ignore[misc]
