"""The embedded cluster after kill -9, and what it refuses or mends."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from gridsvc.db import embedded, places
from gridsvc.db.embedded import ensure, session, status, stop
from gridsvc.errors import GridsvcError, Unavailable
from gridsvc.i18n import LOCALES, error_text
from tests.db.embedded.clusters import ROOT, STRANGER, child, end, forget, sql, wait

# ---- kill -9 -----------------------------------------------------------------------------------------------------


def test_killed_server_recovers_with_what_was_committed(data_dir: Path) -> None:
    cluster, _ = ensure(data_dir)
    sql(cluster.owner_url, "CREATE SCHEMA kept", "CREATE TABLE kept.t AS SELECT 42 AS i")
    first = status(data_dir).pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    wait(lambda: status(data_dir).state == "stopped")
    assert (cluster.pgdata / "postmaster.pid").exists()
    assert (cluster.socket_dir / ".s.PGSQL.5432").exists()
    again, started = ensure(data_dir)
    assert started
    assert status(data_dir).pid != first
    assert sql(again.owner_url, "SELECT i FROM kept.t") == 42
    sql(again.owner_url, "DROP SCHEMA kept CASCADE")
    stop(again)


def test_killed_service_leaves_a_server_that_the_next_session_uses_and_stops(data_dir: Path) -> None:
    ready = os.pipe()

    def service() -> None:
        with session(data_dir):
            os.write(ready[1], b"x")
            time.sleep(60)

    pid, _ = child(service)
    os.read(ready[0], 1)
    end(pid)
    server = status(data_dir).pid
    with session(data_dir) as cluster:
        assert status(data_dir).pid == server
        assert sql(cluster.app_url, "SELECT 1") == 1
    assert status(data_dir).state == "stopped"


def test_process_id_that_came_back_as_another_program(data_dir: Path) -> None:
    cluster, _ = ensure(data_dir)
    lines = (cluster.pgdata / "postmaster.pid").read_text().splitlines()
    os.kill(int(lines[0]), signal.SIGKILL)
    wait(lambda: status(data_dir).state == "stopped")
    pid, _ = child(lambda: time.sleep(60), uid=cluster.pgdata.stat().st_uid if ROOT else None)
    try:
        # the server's own check sees a living process of its own user and would refuse
        for file in (cluster.pgdata / "postmaster.pid", cluster.socket_dir / ".s.PGSQL.5432.lock"):
            with file.open("r+") as stale:
                stale.write("\n".join([str(pid), *lines[1:]]) + "\n")
        assert status(data_dir).state == "stopped"
        assert ensure(data_dir)[1] is True
        assert stop(cluster)
        os.kill(pid, 0)
    finally:
        end(pid)


def test_processes_that_outlive_a_killed_server_are_named(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "ORPHAN_WAIT_S", 0.5)
    cluster, _ = ensure(data_dir)
    url = make_url(cluster.app_url)
    busy = psycopg.connect(
        host=str(cluster.socket_dir), port=cluster.port, user=url.username, password=url.password, dbname="gridsvc"
    )
    worker = busy.info.backend_pid

    def work() -> None:
        with suppress(psycopg.Error):
            busy.execute("SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 1000000) b")

    other, _ = child(work)
    try:
        active = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'gridsvc_app' AND state = 'active'"
        wait(lambda: sql(cluster.admin_url, active) == 1)
        server = status(data_dir).pid
        assert server is not None
        os.kill(server, signal.SIGKILL)
        wait(lambda: status(data_dir).state == "stopped")
        with pytest.raises(Unavailable) as caught:
            ensure(data_dir)
        assert caught.value.code == "cluster_orphans"
        assert str(worker) in str(caught.value.facts["pids"])
    finally:
        os.kill(worker, signal.SIGQUIT)
        end(other)
        busy.close()
    wait(lambda: not places.orphans(cluster.pgdata))
    assert ensure(data_dir)[1] is True


def test_second_interrupt_while_leaving_waits_until_the_server_is_down(data_dir: Path) -> None:
    ready = os.pipe()

    def service() -> str:
        try:
            with session(data_dir):
                os.write(ready[1], b"x")
                time.sleep(60)
        except KeyboardInterrupt:
            return "interrupted"
        return "slept"

    pid, answer = child(service)
    os.read(ready[0], 1)
    with embedded._gate(places.locate(data_dir)):  # keeps the one who leaves at the door
        for _ in range(2):
            os.kill(pid, signal.SIGINT)
            time.sleep(0.3)
    assert answer() == "interrupted"
    assert status(data_dir).state == "stopped"


def test_server_that_cannot_be_seen_is_left_alone(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "ORPHAN_WAIT_S", 0.3)
    lock = places.locate(data_dir).base / "cluster.server"

    def is_free() -> bool:
        with lock.open("r+b") as file, suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    cluster, _ = ensure(data_dir)
    assert not is_free()  # the server keeps it, whoever started it is long gone
    stop(cluster)
    wait(is_free)
    note = cluster.pgdata / "postmaster.pid"
    note.write_text("1\n")
    with lock.open("r+b") as elsewhere:  # as a server in another container does
        fcntl.flock(elsewhere, fcntl.LOCK_EX)
        with pytest.raises(GridsvcError) as caught:
            ensure(data_dir)
    assert caught.value.code == "cluster_unseen"
    assert note.exists()
    assert ensure(data_dir)[1] is True


@pytest.mark.parametrize("pause_s", [0.05, 0.5, 1.2])
def test_setup_that_was_killed_is_begun_again(open_dir: Path, pause_s: float) -> None:
    data_dir = open_dir / f"half {pause_s}"
    pid, _ = child(lambda: ensure(data_dir)[1])
    time.sleep(pause_s)
    end(pid)
    try:
        with session(data_dir) as cluster:
            assert sql(cluster.app_url, "SELECT public.postgis_lib_version() IS NOT NULL") is True
            assert not list(cluster.data_dir.glob("postgres.new*"))
    finally:
        forget(data_dir)


# ---- what is refused, and what is mended -------------------------------------------------------------------------


def test_lost_passwords_are_made_anew_once_the_server_is_down(data_dir: Path) -> None:
    cluster, _ = ensure(data_dir)
    (cluster.pgdata / "cluster.json").write_text("{")
    with pytest.raises(Unavailable) as caught:
        ensure(data_dir)
    assert caught.value.code == "cluster_no_passwords"
    stop(cluster)
    with session(data_dir) as again:
        assert again.app_url != cluster.app_url
        assert [sql(url, "SELECT 1") for url in (again.app_url, again.owner_url, again.admin_url)] == [1, 1, 1]


def test_folder_of_another_version(data_dir: Path) -> None:
    version = status(data_dir).pgdata / "PG_VERSION"
    original = version.read_text()
    version.write_text("9\n")
    try:
        with pytest.raises(Unavailable) as caught:
            ensure(data_dir)
    finally:
        version.write_text(original)
    assert caught.value.code == "cluster_version_missing"
    assert caught.value.facts["version"] == 9
    assert original.strip() in str(caught.value.facts["have"])
    for locale in LOCALES:
        said = error_text(caught.value.code, locale, **caught.value.facts)
        steps = [said.find(step) for step in ("PostgreSQL 9", "pg_dump", "gridsvc db init", "pg_restore")]
        assert steps == sorted({*steps} - {-1}), said  # one after the other, none left out


def test_server_that_does_not_start_shows_its_log(data_dir: Path) -> None:
    conf = status(data_dir).pgdata / "postgresql.conf"
    original = conf.read_text()
    conf.write_text(original + "\nshared_bufers = 1\n")
    try:
        with pytest.raises(Unavailable) as caught:
            ensure(data_dir)
    finally:
        conf.write_text(original)
    assert caught.value.code == "cluster_start_failed"
    assert "shared_bufers" in str(caught.value.facts["log"])
    with session(data_dir) as cluster:
        assert sql(cluster.app_url, "SELECT 1") == 1


def test_socket_folder_that_is_not_ours_is_refused(data_dir: Path, open_dir: Path) -> None:
    runtime = places.socket_dir(places.locate(data_dir))
    runtime.rmdir()
    target = open_dir / "elsewhere"
    target.mkdir()
    runtime.symlink_to(target)
    try:
        with pytest.raises(Unavailable) as caught:
            ensure(data_dir)
        assert not list(target.iterdir())
    finally:
        runtime.unlink()
    assert caught.value.code == "cluster_socket_foreign"
    if ROOT:  # a folder that somebody else made first
        runtime.mkdir(mode=0o700)
        os.chown(runtime, STRANGER, STRANGER)
        try:
            with pytest.raises(Unavailable) as caught:
                ensure(data_dir)
        finally:
            runtime.rmdir()
        assert caught.value.facts["owner"] == STRANGER


def test_lost_socket_says_what_to_do(data_dir: Path) -> None:
    cluster, _ = ensure(data_dir)
    (cluster.socket_dir / ".s.PGSQL.5432").unlink()
    with pytest.raises(Unavailable) as caught:
        ensure(data_dir)
    assert caught.value.code == "cluster_socket_lost"
    os.kill(int(str(caught.value.facts["pid"])), signal.SIGINT)
    wait(lambda: status(data_dir).state == "stopped")
    assert ensure(data_dir)[1] is True


def test_gate_kept_closed_by_another_is_told(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "GATE_WAIT_S", 0.2)
    with embedded._gate(places.locate(data_dir)), pytest.raises(GridsvcError) as caught:
        ensure(data_dir)
    assert caught.value.code == "cluster_busy"


def test_status_of_nothing_makes_nothing(open_dir: Path) -> None:
    assert status(open_dir / "none").state == "absent"
    assert not (open_dir / "none").exists()
