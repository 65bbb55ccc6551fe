"""A file between two steps: it was sent and looked at, and waits for the word that it is to be taken in.

One for each account, in a folder that all server processes share, for an hour at most: `<account>.file`, and beside it
`<account>.json` with what it is called, how it is to be taken and what was told of it. `<account>.lock` is held while
one of them works on it. `<account>.fields` stays: what an account has said of files with the same columns.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from gridsvc.errors import Refused, TooMany, Unavailable

KEPT = timedelta(hours=1)
_GRACE = timedelta(minutes=10)
MOST_KEPT_BYTES = 512 * 1024 * 1024  # of all accounts
_PART_BYTES = 1024 * 1024
_FILE, _ABOUT, _LOCK, _FIELDS = ".file", ".json", ".lock", ".fields"
_MOST_HEADERS = 20  # of one account


@dataclass(frozen=True)
class Upload:
    """What is known of a waiting file. `seen`: of exactly this file, taken so, with this account; `how` and `told` are
    the caller's own. `stored`: it was taken in, and stays until its hour is over for who asks again. `of`: as what its
    sender acted: what is told of it is for nobody who may see something else."""

    sha256: str
    name: str
    at: str
    how: Mapping[str, Any]
    told: Mapping[str, Any]
    seen: str
    stored: bool = False
    of: str = ""

    @property
    def until(self) -> datetime:
        """When it goes."""
        return datetime.fromisoformat(self.at) + KEPT


def seen(sha256: str, how: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    """The digest of a file, how it is taken, and what that does.

    >>> seen("a", {"crs": None}, {"new": 1}) == seen("a", {"crs": None}, {"new": 2})
    False
    """
    whole = json.dumps([sha256, how, told], sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True)
class Uploads:
    """The folder of one schema."""

    folder: Path

    @contextmanager
    def alone(self, account_id: int) -> Iterator[None]:
        """A block in which nobody else works on this account's file, in this process or another.

        Raises:
            TooMany: `door_import_running`.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self._path(account_id, _LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise TooMany("door_import_running", retry_after_s=5) from None
            yield
        finally:
            os.close(handle)  # the lock goes with it, also where the process dies

    def put(self, account_id: int, content: BinaryIO, most_bytes: int, now: datetime) -> str:
        """The SHA-256 of a file that takes the place of the one this account had; nothing is told of it yet.

        Raises:
            Refused: `door_import_large`, `door_import_empty`.
            Unavailable: `door_import_no_room`: too much is waiting.
        """
        self.drop(account_id)
        self.clean(now)
        if sum(about.st_size for _, about in self._lying()) + most_bytes > MOST_KEPT_BYTES:
            raise Unavailable("door_import_no_room", retry_after_s=600)
        digest, n_bytes = hashlib.sha256(), 0
        with tempfile.NamedTemporaryFile(dir=self.folder, prefix="part-", suffix=_FILE, delete=False) as out:
            part = Path(out.name)
            try:
                while piece := content.read(_PART_BYTES):
                    n_bytes += len(piece)
                    if n_bytes > most_bytes:
                        raise Refused("door_import_large", limit_mb=most_bytes // 2**20)
                    digest.update(piece)
                    out.write(piece)
                if not n_bytes:
                    raise Refused("door_import_empty")
            except BaseException:
                part.unlink()
                raise
        _date(part, now)
        part.replace(self.path(account_id))
        return digest.hexdigest()

    def path(self, account_id: int) -> Path:
        """Where this account's file lies."""
        return self._path(account_id, _FILE)

    def note(self, account_id: int, upload: Upload) -> None:
        """Nothing; afterwards everybody finds what is known of the file."""
        with tempfile.NamedTemporaryFile("w", dir=self.folder, prefix="part-", suffix=_ABOUT, delete=False) as out:
            json.dump(asdict(upload), out, ensure_ascii=True, default=str)
        part = Path(out.name)
        _date(part, datetime.fromisoformat(upload.at))
        part.replace(self._path(account_id, _ABOUT))

    def get(self, account_id: int, now: datetime) -> Upload | None:
        """This account's file, where it still waits."""
        try:
            upload = Upload(**json.loads(self._path(account_id, _ABOUT).read_bytes()))
        except FileNotFoundError:
            return None
        return upload if now < upload.until and self.path(account_id).exists() else None

    def remember(self, account_id: int, columns: Sequence[str], fields: Mapping[str, str]) -> None:
        """Nothing; afterwards `recalled` finds what these columns were said to be; the oldest of many is forgotten."""
        known = self._remembered(account_id)
        key = _header(columns)
        known.pop(key, None)
        kept = dict([*known.items(), (key, dict(fields))][-_MOST_HEADERS:])
        with tempfile.NamedTemporaryFile("w", dir=self.folder, prefix="part-", suffix=_FIELDS, delete=False) as out:
            json.dump(kept, out)
        Path(out.name).replace(self._path(account_id, _FIELDS))

    def recalled(self, account_id: int, columns: Sequence[str]) -> dict[str, str] | None:
        """What this account has last said of a file with these columns."""
        return self._remembered(account_id).get(_header(columns))

    def _remembered(self, account_id: int) -> dict[str, dict[str, str]]:
        try:
            return dict(json.loads(self._path(account_id, _FIELDS).read_bytes()))
        except FileNotFoundError:
            return {}

    def drop(self, account_id: int) -> None:
        """Nothing; afterwards the account has no file here."""
        for ending in (_ABOUT, _FILE):
            self._path(account_id, ending).unlink(missing_ok=True)

    def clean(self, now: datetime) -> int:
        """How many files were removed because their hour is over, and the time that their last use may take."""
        before = (now - KEPT - _GRACE).timestamp()
        gone = [path for path, about in self._lying() if about.st_mtime <= before]
        for path in gone:
            path.unlink(missing_ok=True)
        return len(gone)

    def _lying(self) -> list[tuple[Path, os.stat_result]]:
        found = []
        for path in self.folder.glob("*"):
            if path.suffix in (_FILE, _ABOUT):
                with suppress(FileNotFoundError):
                    found.append((path, path.stat()))
        return found

    def _path(self, account_id: int, ending: str) -> Path:
        return self.folder / f"{account_id}{ending}"


def _header(columns: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(list(columns)).encode()).hexdigest()


def _date(path: Path, at: datetime) -> None:
    """The service's clock decides when it goes, not the disk's."""
    os.utime(path, (at.timestamp(), at.timestamp()))
