"""Where an embedded cluster lives: its folders, the system user it runs as, and what its postmaster.pid says."""

from __future__ import annotations

import hashlib
import os
import pwd
import stat
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gridsvc.errors import Unavailable

SYSTEM_DIR = Path("/var/lib/gridsvc")
PORT = 5432  # only part of the socket's name: the server listens on no network address
SOCKET_PATH_MAX = 107  # bytes of sockaddr_un.sun_path on Linux, less the closing zero


@dataclass(frozen=True)
class Account:
    """The system user a server runs as; `switch` where this process is root and must change to it."""

    uid: int
    gid: int
    switch: bool

    def run(
        self,
        command: list[str | Path],
        *,
        cwd: Path,
        text: str | None = None,
        timeout_s: float = 300,
        hand_over: tuple[int, ...] = (),
    ) -> subprocess.CompletedProcess[str]:
        """The finished process, run as this user with a clean environment; its exit code is left to the caller.

        Standard error comes with standard output. The process and its children keep the descriptors `hand_over`.
        """
        try:
            return subprocess.run(  # noqa: S603 - programs of PostgreSQL and sh with fixed words and our own paths
                command,
                cwd=cwd,
                input=text or "",
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=timeout_s,
                check=False,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC"},
                umask=0o077,
                pass_fds=hand_over,
                user=self.uid if self.switch else None,
                group=self.gid if self.switch else None,
                extra_groups=[] if self.switch else None,
            )
        except subprocess.TimeoutExpired as error:
            return subprocess.CompletedProcess(command, 124, str(error))

    def write(self, path: Path, text: str, *, append: bool = False) -> None:
        """Writes a file as this user, so that a folder it owns can never point a root process elsewhere."""
        script = 'cat >> "$1"' if append else 'cat > "$1.part" && mv "$1.part" "$1"'
        done = self.run(["/bin/sh", "-c", script, "sh", path], cwd=Path("/"), text=text)
        if done.returncode:
            raise Unavailable("cluster_folder_closed", folder=str(path.parent), reason=done.stdout.strip())

    def reaches(self, folder: Path) -> bool:
        """Whether this user may enter `folder`, whatever modes, groups and access lists stand on the way."""
        if not self.switch:
            return os.access(folder, os.X_OK)
        done = subprocess.run(  # noqa: S603 - sh with a folder as argument
            ["/bin/sh", "-c", 'cd -- "$1"', "sh", folder],
            cwd="/",
            capture_output=True,
            check=False,
            user=self.uid,
            group=self.gid,
            extra_groups=[],
        )
        return done.returncode == 0


@dataclass(frozen=True)
class Place:
    """The folders of one cluster: `base` holds `postgres/` (the server's own) and the locks."""

    data_dir: Path
    base: Path
    account: Account

    @property
    def pgdata(self) -> Path:
        """The server's own folder."""
        return self.base / "postgres"

    @property
    def pg_version(self) -> int | None:
        """The PostgreSQL version that made the folder; None where there is no cluster yet."""
        try:
            return int((self.pgdata / "PG_VERSION").read_text())
        except FileNotFoundError:
            return None


@dataclass(frozen=True)
class Postmaster:
    """What postmaster.pid says about a server."""

    pid: int
    socket_dir: Path
    port: int
    ready: bool


def _key(data_dir: Path) -> str:
    return hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]


def _system_account() -> Account:
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid, switch=True)
    raise Unavailable("cluster_no_account")


def _owner_account(pgdata: Path) -> Account:
    """The user an existing folder belongs to: its server runs as that user or not at all."""
    info = pgdata.lstat()
    me = os.geteuid()
    if not stat.S_ISDIR(info.st_mode) or info.st_uid == 0 or me not in (0, info.st_uid):
        raise Unavailable("cluster_foreign_owner", folder=str(pgdata), owner=info.st_uid, me=me)
    return Account(info.st_uid, info.st_gid, switch=me == 0)


def locate(data_dir: Path) -> Place:
    """The place of the cluster for `data_dir`, made or not; writes nothing.

    An ordinary user's cluster lies in `data_dir` and runs as that user. Root's runs as `postgres` (else `nobody`)
    and lies in `data_dir` too, or below /var/lib/gridsvc where that user cannot enter it.

    Raises:
        Unavailable: cluster_foreign_owner, cluster_folder_closed, cluster_no_account.
    """
    data_dir = data_dir.absolute().resolve()
    system = SYSTEM_DIR / _key(data_dir)
    for base in (data_dir, system) if os.geteuid() == 0 else (data_dir,):
        try:
            place = Place(data_dir, base, _owner_account(base / "postgres"))
        except FileNotFoundError:
            continue
        except (PermissionError, NotADirectoryError) as error:
            raise Unavailable("cluster_folder_closed", folder=str(base), reason=error.strerror) from error
        if not place.account.reaches(place.pgdata):
            raise Unavailable("cluster_folder_closed", folder=str(place.pgdata), reason=f"uid {place.account.uid}")
        return place
    if os.geteuid() != 0:
        return Place(data_dir, data_dir, Account(os.geteuid(), os.getegid(), switch=False))
    account = _system_account()
    nearest = next(path for path in (data_dir, *data_dir.parents) if path.exists())
    return Place(data_dir, data_dir if account.reaches(nearest) else system, account)


def make_base(place: Place) -> None:
    """Makes the folder above the server's own: 0700, or enterable (0711) where the server runs as another user.

    Raises:
        Unavailable: cluster_folder_closed.
    """
    mode = 0o711 if place.account.switch else 0o700
    try:
        place.base.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            place.base.mkdir()
            place.base.chmod(mode)
        probe = place.base / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise Unavailable("cluster_folder_closed", folder=str(place.base), reason=error.strerror) from error


def socket_dir(place: Place) -> Path:
    """The runtime folder of the socket, made 0700 for the server's user: below /run for root, else /tmp.

    Raises:
        Unavailable: cluster_socket_foreign where somebody else already has that name, cluster_socket_long.
    """
    account, key = place.account, _key(place.base)
    if account.switch and Path("/run").is_dir():
        folder = Path("/run") / f"gridsvc-{key}"
    else:
        folder = Path("/tmp") / f"gridsvc-{account.uid}-{key}"  # noqa: S108 - short on purpose; owner and mode are checked below
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    info = folder.lstat()
    if stat.S_ISDIR(info.st_mode) and account.switch and info.st_uid == 0:
        os.chown(folder, account.uid, account.gid, follow_symlinks=False)
    elif not stat.S_ISDIR(info.st_mode) or info.st_uid != account.uid:
        raise Unavailable("cluster_socket_foreign", folder=str(folder), owner=info.st_uid)
    if stat.S_IMODE(info.st_mode) != 0o700:
        folder.chmod(0o700)
    if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) > SOCKET_PATH_MAX:
        raise Unavailable("cluster_socket_long", folder=str(folder))
    return folder


def postmaster(pgdata: Path) -> Postmaster | None:
    """The server that postmaster.pid names, None without one or when that process is gone or is another program."""
    try:
        lines = (pgdata / "postmaster.pid").read_text().splitlines()
        pid = int(lines[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None
    if pid <= 0 or len(lines) < 5 or not _is_server(pid, pgdata):
        return None
    ready = len(lines) > 7 and lines[7].strip() == "ready"
    return Postmaster(pid, Path(lines[4]), int(lines[3]), ready)


def _is_server(pid: int, pgdata: Path) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):  # another user's process is never a server on our folder
        return False
    if not Path("/proc/self/cwd").exists():
        return True
    return _inside(pid, pgdata)


def _inside(pid: int, pgdata: Path) -> bool:
    """Whether a process works in `pgdata`: servers and their children make it their working directory.

    Known by the folder itself, not its name: in another container's mounts, or below a link, the name is another one.
    """
    try:
        if (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return False
        return (Path("/proc") / str(pid) / "cwd").samefile(pgdata)
    except (OSError, IndexError):
        return False


def orphans(pgdata: Path) -> tuple[int, ...]:
    """Processes of a dead server that still work in its folder (a long query notices late); empty without /proc."""
    proc = Path("/proc")
    if not (proc / "self").exists():
        return ()
    return tuple(
        sorted(int(one.name) for one in proc.iterdir() if one.name.isdigit() and _inside(int(one.name), pgdata))
    )
