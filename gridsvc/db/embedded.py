"""A private PostgreSQL + PostGIS cluster from the system's binaries: made, started, stopped, survived.

One folder, one server. A short exclusive lock (the gate) surrounds making, starting and stopping; a shared lock is held
by every session for as long as it uses the server. A server that a session started is stopped by the last session to
leave; one that `ensure` started runs until `stop`. Locks die with their process, so a killed service blocks nobody.
The server itself keeps a third lock, inherited when it starts: so it is noticed even from where its process is not
seen (another container on the same folder).
"""

from __future__ import annotations

import fcntl
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from gridsvc.db import binaries, creation, places
from gridsvc.db.binaries import Binaries
from gridsvc.db.places import Place, Postmaster
from gridsvc.errors import Conflict, Unavailable

GATE_WAIT_S = 120.0
RECOVERY_WAIT_S = 300  # replaying the log after a crash
ORPHAN_WAIT_S = 10.0
STOP_WAIT_S = 60


@dataclass(frozen=True)
class Cluster:
    """A running server: where it is, and a URL for each of its three roles (`admin_url` is the superuser's)."""

    data_dir: Path
    pgdata: Path
    socket_dir: Path
    port: int
    bin_dir: Path
    app_url: str = field(repr=False)
    owner_url: str = field(repr=False)
    admin_url: str = field(repr=False)

    @property
    def elsewhere(self) -> bool:
        """Whether the files lie outside `data_dir`, because the server's user cannot enter it."""
        return not self.pgdata.is_relative_to(self.data_dir)


@dataclass(frozen=True)
class Status:
    """What is there, found without changing anything."""

    state: Literal["absent", "stopped", "starting", "running"]
    pgdata: Path
    pg_version: int | None
    pid: int | None
    socket_dir: Path | None


def status(data_dir: Path) -> Status:
    """Whether `data_dir` has a cluster and whether it runs.

    Raises:
        Unavailable: cluster_foreign_owner, cluster_folder_closed, cluster_no_account.
    """
    place = places.locate(data_dir)
    version = place.pg_version
    server = places.postmaster(place.pgdata)
    if server is not None:
        state: Literal["running", "starting"] = "running" if server.ready else "starting"
        return Status(state, place.pgdata, version, server.pid, server.socket_dir)
    return Status("absent" if version is None else "stopped", place.pgdata, version, None, None)


def ensure(data_dir: Path) -> tuple[Cluster, bool]:
    """The running cluster of `data_dir`, made and started where needed, and whether this call started it.

    Raises:
        Unavailable: no binaries, a folder that cannot be used, a server that does not start (codes `cluster_…`).
        Conflict: cluster_busy when another process keeps the gate closed.
    """
    place = _prepared(data_dir)
    with _gate(place):
        cluster, pid = _up(place)
        if pid is not None:
            _mark(place, None)
        return cluster, pid is not None


@contextmanager
def session(data_dir: Path) -> Iterator[Cluster]:
    """The running cluster for the length of a block; the last session out stops a server that a session started.

    Raises:
        As `ensure`; cluster_stop_failed when leaving.
    """
    place = _prepared(data_dir)
    users = _open_lock(place, "cluster.users")
    try:
        with _gate(place):
            cluster, pid = _up(place)
            if pid is not None:
                _mark(place, pid)
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield cluster
        finally:
            with _undisturbed():
                _leave(place, users)
    finally:
        _release(users)


def stop(cluster: Cluster) -> bool:
    """Whether there was a server to stop; it is down when this returns, whoever was connected.

    Raises:
        Unavailable: cluster_stop_failed with the process id.
    """
    place = places.locate(cluster.data_dir)
    with _gate(place):
        return _down(place)


def _prepared(data_dir: Path) -> Place:
    place = places.locate(data_dir)
    places.make_base(place)
    return place


def _leave(place: Place, users: int) -> None:
    with _gate(place):
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # somebody else is still at work and will stop it
        server = places.postmaster(place.pgdata)
        if server is not None and server.pid == _marked(place):
            _down(place)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Lets a second Ctrl-C wait: cut short, leaving would keep a server running that nobody stops."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.signal(one, signal.SIG_IGN) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, signal.SIG_DFL if handler is None else handler)


# ---- locks -------------------------------------------------------------------------------------------------------


def _open_lock(place: Place, name: str) -> int:
    path = place.base / name
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Unavailable("cluster_folder_closed", folder=str(path), reason=error.strerror) from error
    if os.geteuid() == 0:  # root may lend a hand on somebody's folder; the owner must be able to go on
        owner = place.base.stat()
        os.fchown(lock, owner.st_uid, owner.st_gid)
    return lock


@contextmanager
def _gate(place: Place) -> Iterator[None]:
    lock = _open_lock(place, "cluster.lock")
    try:
        if not _within(GATE_WAIT_S, lambda: _try_lock(lock)):
            raise Conflict("cluster_busy", folder=str(place.base), seconds=int(GATE_WAIT_S))
        yield
    finally:
        _release(lock)


def _release(lock: int) -> None:
    fcntl.flock(lock, fcntl.LOCK_UN)  # said aloud: a forked child may still hold a copy of the descriptor
    os.close(lock)


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _within(seconds: float, done: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def _mark(place: Place, pid: int | None) -> None:
    """Notes which server a session started; another pid in postmaster.pid makes the note void."""
    lock = _open_lock(place, "cluster.session")
    try:
        os.ftruncate(lock, 0)
        os.write(lock, str(pid or "").encode())
    finally:
        os.close(lock)


def _marked(place: Place) -> int | None:
    try:
        return int((place.base / "cluster.session").read_text())
    except (FileNotFoundError, ValueError):
        return None


# ---- up and down; the caller holds the gate ----------------------------------------------------------------------


def _up(place: Place) -> tuple[Cluster, int | None]:
    """The running cluster, and the process id of the server where this call started it."""
    chosen = binaries.choose(binaries.installed(), place.pg_version, place.pgdata)
    server = places.postmaster(place.pgdata)
    if server is not None:
        if not _within(RECOVERY_WAIT_S, lambda: _ready(place) or places.postmaster(place.pgdata) is None):
            raise Conflict("cluster_starting", pid=server.pid, seconds=RECOVERY_WAIT_S)
        server = places.postmaster(place.pgdata)
    if server is not None:
        if not (server.socket_dir / f".s.PGSQL.{server.port}").exists():
            raise Unavailable("cluster_socket_lost", folder=str(server.socket_dir), pid=server.pid)
        return _cluster(place, chosen, server, creation.read_passwords(place)), None
    passwords = creation.make(place, chosen) if place.pg_version is None else creation.known_passwords(place, chosen)
    try:
        server = _start(place, chosen)
    except BaseException:
        _down(place)
        raise
    return _cluster(place, chosen, server, passwords), server.pid


def _ready(place: Place) -> bool:
    server = places.postmaster(place.pgdata)
    return server is not None and server.ready


def _cluster(place: Place, chosen: Binaries, server: Postmaster, passwords: dict[str, str]) -> Cluster:
    urls = {
        f"{role}_url": f"postgresql+psycopg://{name}:{passwords[role]}@/{creation.DATABASE}?host={server.socket_dir}&port={server.port}"
        for role, name in creation.ROLES.items()
    }
    return Cluster(place.data_dir, place.pgdata, server.socket_dir, server.port, chosen.bin_dir, **urls)


def _start(place: Place, chosen: Binaries) -> Postmaster:
    alive = _open_lock(place, "cluster.server")
    try:
        if not _within(ORPHAN_WAIT_S, lambda: not places.orphans(place.pgdata) and _try_lock(alive)):
            pids = ", ".join(map(str, places.orphans(place.pgdata)))
            if pids:
                raise Unavailable("cluster_orphans", folder=str(place.pgdata), pids=pids)
            raise Conflict("cluster_unseen", folder=str(place.pgdata))
        return _launch(place, chosen, alive)
    finally:
        os.close(alive)  # not unlocked: the server holds the same lock now


def _launch(place: Place, chosen: Binaries, alive: int) -> Postmaster:
    runtime = places.socket_dir(place)
    if Path("/proc/self").exists():
        # Nobody works in the folder, so a process id in these files is another program's by now (after a restart of
        # the machine ids come back): the server would refuse to start because of it.
        for name in (f".s.PGSQL.{places.PORT}", f".s.PGSQL.{places.PORT}.lock"):
            (runtime / name).unlink(missing_ok=True)
        (place.pgdata / "postmaster.pid").unlink(missing_ok=True)
    # Relative names with the folder as working directory: pg_ctl passes them through a shell.
    done = place.account.run(
        [
            *(chosen.bin_dir / "pg_ctl", "start", "-w", "-t", str(RECOVERY_WAIT_S)),
            *("-D", place.pgdata.name, "-l", f"{place.pgdata.name}/start.log", "-o", f"-k {runtime} -p {places.PORT}"),
        ],
        cwd=place.base,
        timeout_s=RECOVERY_WAIT_S + 10,
        hand_over=(alive,),
    )
    server = places.postmaster(place.pgdata)
    if done.returncode or server is None:
        raise Unavailable("cluster_start_failed", folder=str(place.pgdata), log=_last_lines(place) or done.stdout)
    return server


def _down(place: Place) -> bool:
    server = places.postmaster(place.pgdata)
    if server is None:
        return False
    for sign, seconds in ((signal.SIGINT, STOP_WAIT_S), (signal.SIGQUIT, STOP_WAIT_S)):  # fast, then immediate
        with suppress(ProcessLookupError):
            os.kill(server.pid, sign)
        if _within(seconds, lambda: places.postmaster(place.pgdata) is None):
            if server.socket_dir.name.startswith("gridsvc-"):
                with suppress(OSError):  # after an immediate stop the socket is still in it
                    server.socket_dir.rmdir()
            return True
    raise Unavailable("cluster_stop_failed", folder=str(place.pgdata), pid=server.pid)


def _last_lines(place: Place, count: int = 6) -> str:
    """The end of the newest server log; the words by which a person finds out why it did not start."""
    logs = [place.pgdata / "start.log", *(place.pgdata / "log").glob("*.log")]
    existing = [path for path in logs if path.is_file()]
    lines: list[str] = []
    for path in sorted(existing, key=lambda one: one.stat().st_mtime)[-2:]:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 8192))
            lines += file.read().decode(errors="replace").splitlines()[-count:]
    return "\n".join(lines)
