"""Runs the reader of one file in a process of its own that can do nothing else, and hands its answer back.

What is guaranteed, whatever the file holds:

- The reader sees copies of the named files in an empty folder, under names that we chose; the original is never opened
  by a library. A long table is not copied: its reader holds it, open for reading, and can open nothing else. The
  reader's environment is empty: no setting, no address of a database, no secret reaches it.
- It is a new interpreter, not a fork: nothing of the caller's memory is in it.
- Address space, CPU and wall time are bounded, no file grows. Passing a bound ends the child, never the caller. The
  reader of a long table may take as long as it goes on telling rows.
- On Linux the measures of `lockdown` hold before the first byte of the file is looked at: root has become nobody, paths
  outside the folder do not open (Landlock, kernel 5.13 and later), sockets, programs and processes cannot be made
  (seccomp on x86-64 and ARM64). The answer lists those in force; where a kernel grants none of them only the limits,
  the empty environment and the copies remain.
- The answer is bytes of our own plain format (`answer`), bounded in length and checked piece by piece; never pickle.

GDAL is not loaded in the child at all: every accepted format is read by code that knows no other format, no reference
to another file and no address.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pyproj import datadir

from geodata.errors import FileRefused
from geodata.files.lockdown import NOBODY_ID
from geodata.layer import Limits

REQUEST_NAME = "request.json"
PROJ_NAME = "proj"

_ROOT = Path(__file__).resolve().parents[2]
_START = "import sys; sys.path.insert(0, sys.argv[1]); from importlib import import_module as f; f(sys.argv[2]).main()"
_DECODER = "geodata.files.decode"
_PIECE_BYTES = 64 * 1024  # what a pipe holds
_LEAST_BYTES_PER_S = 20_000  # a thousandth of what one processor reads
_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "PATH": "/usr/bin:/bin",
    "PROJ_NETWORK": "OFF",
    # One thread and one heap: threads that start before the lock would stay outside of it.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}


def run(request: Mapping[str, object], files: Mapping[str, Path], limits: Limits) -> bytes:
    """The answer of `decode` to a request about `files` (name in the child's folder -> file to copy there).

    Raises:
        FileRefused: `file_missing`, `file_not_readable`, `file_too_large`; `reading_takes_too_long`, `reader_died` (a
            crash, or more memory than the limit), `answer_too_large`.
    """
    with tempfile.TemporaryDirectory(prefix="gridsvc-read-", dir=place()) as name:
        folder = Path(name)
        _fill(folder, request, files, limits)
        return _ask(folder, limits)


def first_bytes(path: Path, n: int) -> bytes:
    """The beginning of a file, which says in which way it is to be read.

    Raises:
        FileRefused: `file_missing`, `file_not_readable`.
    """
    with _opened(path, None) as file:
        return file.read(n)


@contextmanager
def stream(program: str, request: Mapping[str, object], path: Path, limits: Limits) -> Iterator[Iterator[bytes]]:
    """What a reader of our own says of a file while it reads it, in pieces; it ends when the block does.

    It may take `limits.wall_s` until it says something, and as long again for all that is slower than 20 kB a second;
    while nobody takes what it said, no time counts.

    Args:
        program: name of the module whose `main` reads the file from its standard input, behind the locks of `child`.

    Raises:
        FileRefused: as `run`; while the pieces are taken too.
    """
    with (
        _opened(path, limits.file_bytes) as file,
        tempfile.TemporaryDirectory(prefix="gridsvc-read-", dir=place()) as name,
    ):
        _fill(Path(name), request, {}, limits)
        with _started(Path(name), program, file) as child:
            try:
                yield _pieces(child, limits)
            finally:
                # Ctrl-C, an answer that nobody believes, or its end: nothing of ours keeps running behind a caller.
                child.kill()


def place() -> Path:
    """Where the folder goes: nobody, whom root becomes, must be able to walk to it."""
    usual = Path(tempfile.gettempdir())
    # S108: the folders made there have names that nobody can foresee, and are closed to others.
    for one in (usual, Path("/tmp"), Path("/var/tmp")):  # noqa: S108
        if os.geteuid() != 0 or all(step.is_dir() and step.stat().st_mode & 0o001 for step in (one, *one.parents)):
            return one
    return usual


def _fill(folder: Path, request: Mapping[str, object], files: Mapping[str, Path], limits: Limits) -> None:
    left_bytes = limits.file_bytes
    for name, source in files.items():
        left_bytes -= _copy(source, folder / name, left_bytes)
    with (folder / REQUEST_NAME).open("w", encoding="utf-8") as out:
        json.dump(request, out, ensure_ascii=False)
    # The child must reach PROJ's table of systems even where the checkout lies below a closed home.
    (folder / PROJ_NAME).mkdir()
    shutil.copyfile(Path(datadir.get_data_dir()) / "proj.db", folder / PROJ_NAME / "proj.db")
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY_ID, NOBODY_ID)


def _copy(source: Path, target: Path, room_bytes: int) -> int:
    """The bytes copied."""
    with _opened(source, room_bytes) as file:
        try:
            with target.open("wb") as out:
                shutil.copyfileobj(file, out, 1024 * 1024)
        except OSError as error:
            raise _not_readable(source, error) from None
        return target.stat().st_size


@contextmanager
def _opened(source: Path, room_bytes: int | None) -> Iterator[BinaryIO]:
    """A file of bounded size. Only a plain file counts: a pipe or a device would never end."""
    try:
        # Path.open takes no opener, and without one a pipe would be waited for.
        file = open(source, "rb", opener=_open_plain)  # noqa: SIM115 - closed below; what is done with it is not ours
    except FileNotFoundError:
        raise FileRefused("file_missing", file=source.name) from None
    except OSError as error:
        raise _not_readable(source, error) from None
    with file:
        size = os.fstat(file.fileno()).st_size
        if room_bytes is not None and size > room_bytes:
            raise FileRefused("file_too_large", file=source.name, size=size, limit=room_bytes)
        yield file


def _not_readable(source: Path, error: OSError) -> FileRefused:
    return FileRefused("file_not_readable", file=source.name, cause=error.strerror or type(error).__name__)


def _open_plain(path: str, flags: int) -> int:
    handle = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(0, "not a plain file")
    return handle


def _started(folder: Path, program: str, file: BinaryIO | int) -> subprocess.Popen[bytes]:
    # S603: the command is this interpreter and our own module; nothing of it comes from the file or from a user.
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-I", "-X", "utf8", "-c", _START, str(_ROOT), program],
        cwd=folder,
        env=_ENVIRONMENT,
        stdin=file,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        bufsize=0,
    )


def _ask(folder: Path, limits: Limits) -> bytes:
    with _started(folder, _DECODER, subprocess.DEVNULL) as child:
        late = threading.Event()

        def stop() -> None:
            late.set()
            child.kill()

        timer = threading.Timer(limits.wall_s, stop)
        timer.start()
        try:
            answer = _listen(child, limits.memory_bytes)
            status = child.wait()
        except BaseException:
            # Ctrl-C, or an answer without end: nothing of ours keeps running behind a caller that has gone on.
            child.kill()
            raise
        finally:
            timer.cancel()
    if status != 0:
        raise _no_answer(status, late.is_set(), limits)
    return answer


def _listen(child: subprocess.Popen[bytes], limit_bytes: int) -> bytes:
    assert child.stdout is not None  # noqa: S101 - it is a pipe, asked for by the only caller
    parts, total = [], 0
    while part := child.stdout.read(1024 * 1024):
        parts.append(part)
        total += len(part)
        if total > limit_bytes:
            raise FileRefused("answer_too_large", limit_mb=limit_bytes // 2**20)
    return b"".join(parts)


def _pieces(child: subprocess.Popen[bytes], limits: Limits) -> Iterator[bytes]:
    """What a child says, as it comes, to its good end.

    Raises:
        FileRefused: reading_takes_too_long, reader_died, answer_too_large.
    """
    assert child.stdout is not None  # noqa: S101 - it is a pipe, asked for by the only caller
    handle = child.stdout.fileno()
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    left_s, left_bytes = limits.wall_s, 2 * limits.unpacked_bytes
    while True:
        asked = time.monotonic()
        if not poll.poll(left_s * 1000):
            raise _no_answer(0, True, limits)
        piece = os.read(handle, _PIECE_BYTES)
        if not piece:
            break
        spent_s = time.monotonic() - asked
        left_s = max(0.0, min(limits.wall_s, left_s - spent_s + len(piece) / _LEAST_BYTES_PER_S))
        left_bytes -= len(piece)
        if left_bytes < 0:
            raise FileRefused("answer_too_large", limit_mb=2 * limits.unpacked_bytes // 2**20)
        yield piece
    try:
        status = child.wait(left_s)
    except subprocess.TimeoutExpired:
        raise _no_answer(0, True, limits) from None
    if status != 0:
        raise _no_answer(status, False, limits)


def _no_answer(status: int, late: bool, limits: Limits) -> FileRefused:
    if late or status == -signal.SIGXCPU:
        return FileRefused("reading_takes_too_long", limit_s=round(min(limits.wall_s, limits.cpu_s)))
    cause = signal.Signals(-status).name if -status in set(signal.Signals) else f"exit {status}"
    return FileRefused("reader_died", cause=cause, limit_mb=limits.memory_bytes // 2**20)
