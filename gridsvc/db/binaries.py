"""The PostgreSQL programs of this machine: where they are, which version, and whether PostGIS lies beside them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gridsvc.errors import Unavailable

OLDEST_POSTGRESQL = 15
OLDEST_POSTGIS = (3, 3)
_NEEDED = ("initdb", "pg_ctl", "postgres")
_GLOBS = (
    "usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "usr/pgsql-*/bin",  # Fedora and RHEL with the packages of postgresql.org
    "usr/libexec/postgresql*",  # Alpine
    "usr/lib/postgresql*/bin",  # openSUSE
    "opt/homebrew/opt/postgresql@*/bin",  # macOS on ARM
    "usr/local/opt/postgresql@*/bin",  # macOS on Intel
    "usr/local/pgsql/bin",  # built from source
    "usr/bin",  # Fedora, Arch
)


@dataclass(frozen=True)
class Binaries:
    """One installed PostgreSQL server; `postgis` is None where that version has none."""

    bin_dir: Path
    major: int
    postgis: tuple[int, ...] | None

    @property
    def usable(self) -> bool:
        """Whether a new cluster may be made with it."""
        return self.major >= OLDEST_POSTGRESQL and self.postgis is not None and self.postgis >= OLDEST_POSTGIS


def _folders(root: Path) -> Iterator[Path]:
    for pattern in _GLOBS:
        yield from sorted(root.glob(pattern))
    for program in ("postgres", "pg_ctl"):
        found = shutil.which(program)
        if found:
            yield Path(found).resolve().parent
    config = shutil.which("pg_config")
    if config:
        yield Path(_ask(Path(config), "--bindir") or "/nonexistent")


def _ask(program: Path, option: str) -> str:
    try:
        done = subprocess.run([program, option], capture_output=True, text=True, timeout=20, check=False)  # noqa: S603 - a program found in a system folder, fixed option
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _postgis(bin_dir: Path, major: int) -> tuple[int, ...] | None:
    shares = [Path(f"/usr/share/postgresql/{major}"), bin_dir.parent / "share/postgresql", bin_dir.parent / "share"]
    told = _ask(bin_dir / "pg_config", "--sharedir")
    if told:
        shares.insert(0, Path(told))
    for share in shares:
        control = share / "extension/postgis.control"
        if control.is_file():
            match = re.search(r"default_version\s*=\s*'(\d+(?:\.\d+)*)", control.read_text(errors="replace"))
            return tuple(int(part) for part in match[1].split(".")) if match else None
    return None


@cache
def installed(root: Path = Path("/")) -> tuple[Binaries, ...]:
    """Every PostgreSQL server found, newest first: system folders, then PATH, then what pg_config names."""
    found: dict[Path, Binaries] = {}
    for folder in _folders(root):
        if folder.resolve() in found or not all(os.access(folder / name, os.X_OK) for name in _NEEDED):
            continue
        match = re.search(r"\b(\d+)(?:\.|devel|beta|rc|\b)", _ask(folder / "postgres", "--version"))
        if match:
            major = int(match[1])
            found[folder.resolve()] = Binaries(folder, major, _postgis(folder, major))
    return tuple(sorted(found.values(), key=lambda one: (-one.major, str(one.bin_dir))))


def choose(available: tuple[Binaries, ...], pg_version: int | None, folder: Path) -> Binaries:
    """The server for a data folder: that of its PG_VERSION, or for a new folder (None) the newest with PostGIS.

    Raises:
        Unavailable: cluster_no_binaries, cluster_no_postgis, cluster_version_missing.
    """
    wanted = [one for one in available if one.major == pg_version] if pg_version else list(available)
    if pg_version and not wanted:
        have = ", ".join(str(one.major) for one in available) or "-"
        raise Unavailable("cluster_version_missing", folder=str(folder), version=pg_version, have=have)
    if not any(one.major >= OLDEST_POSTGRESQL for one in wanted):
        raise Unavailable("cluster_no_binaries", oldest=OLDEST_POSTGRESQL)
    usable = [one for one in wanted if one.usable]
    if not usable:
        major = next(one.major for one in wanted if one.major >= OLDEST_POSTGRESQL)
        raise Unavailable("cluster_no_postgis", version=major, oldest=".".join(map(str, OLDEST_POSTGIS)))
    return usable[0]
