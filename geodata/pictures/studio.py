"""Where pictures are made: a few workers, each with at most one picture, replaced when they fail."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from geodata.errors import FileRefused
from geodata.files import sandbox
from geodata.pictures.answer import unpack
from geodata.pictures.shapes import Box, Limits, Rendered, Rules

_ROOT = Path(__file__).resolve().parents[2]
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); from geodata.pictures import worker; "
    "worker.main(sys.argv[2], int(sys.argv[3]))"
)
_ENVIRONMENT = {"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin", "MALLOC_ARENA_MAX": "2"}
_STATUS_BYTES = 4
_PART_BYTES = 64 * 1024  # what a pipe holds


class Studio:
    """Makes pictures in at most `n_workers` processes at once; more callers wait. Workers start when first needed, or
    with `begin`.

    What is guaranteed, whatever a picture holds: it is decoded by a process of its own, forked for it and gone
    afterwards, that runs as nobody, opens no path, makes no socket, program or process (the measures of `lockdown`),
    and is bounded in address space, CPU and wall time. The answer is taken apart piece by piece; the pictures in it
    hold no segment but those of a bare JPEG.
    """

    def __init__(self, n_workers: int = 2, rules: Rules | None = None, limits: Limits | None = None) -> None:
        self.rules = rules or Rules()
        self.limits = limits or Limits()
        self._n_workers = n_workers
        self._free = threading.BoundedSemaphore(n_workers)
        self._rested: list[_Worker] = []
        self._lock = threading.Lock()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def render(self, source: Path) -> Rendered:
        """The picture in a file, made anew.

        Raises:
            FileRefused: `photo_type`, `photo_polyglot`, `photo_broken`, `photo_too_many_pixels`, or it costs too much:
                `photo_takes_too_long`, `photo_needs_too_much_memory`.
            FileNotFoundError: there is no such file.
        """
        return self._ask(source, None)

    def paint(self, source: Path, boxes: Sequence[Box]) -> Rendered:
        """A stored picture with black boxes (x0, y0, x1, y1), edges included, in its own pixels.

        Raises:
            FileRefused: as `render`.
        """
        return self._ask(source, list(boxes))

    def begin(self) -> None:
        """Nothing; afterwards the workers are starting, where they else would with their first pictures."""
        for worker in [self._take() for _ in range(self._n_workers)]:
            self._give_back(worker)

    def close(self) -> None:
        """Nothing; afterwards no worker waits, and those at work are not kept."""
        with self._lock:
            self._closed = True
            rested, self._rested = self._rested, []
        for worker in rested:
            worker.end()

    def _ask(self, source: Path, boxes: list[Box] | None) -> Rendered:
        order = {
            "rules": asdict(self.rules),
            "memory_bytes": self.limits.memory_bytes,
            "cpu_s": self.limits.cpu_s,
            "boxes": boxes,
        }
        with source.open("rb") as picture, self._free:
            worker = self._take()
            try:
                content = worker.ask(json.dumps(order).encode(), picture.fileno(), self.limits)
            except FileRefused:
                self._give_back(worker)
                raise
            except BaseException:
                worker.end()
                raise
            self._give_back(worker)
        return unpack(content)

    def _take(self) -> _Worker:
        with self._lock:
            while self._rested:
                worker = self._rested.pop()
                if worker.lives:
                    return worker
                worker.end()
        return _Worker()

    def _give_back(self, worker: _Worker) -> None:
        with self._lock:
            if worker.lives and not self._closed:
                self._rested.append(worker)
                return
        worker.end()


class _Worker:
    """One process of `worker`, its control socket, and the empty folder that is all its children may see."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="gridsvc-picture-", dir=sandbox.place()))
        self._folder.chmod(0o711)  # its children are nobody; there is nothing in it to list
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            # S603: the command is this interpreter and our own module.
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-I", "-X", "utf8", "-c", _START, str(_ROOT), str(self._folder), str(theirs.fileno())],
                cwd=self._folder,
                env=_ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )

    @property
    def lives(self) -> bool:
        """Whether it can be asked."""
        return not self._ended() and self._folder.is_dir()

    def _ended(self) -> bool:
        # Asked of its end of the socket, which it alone holds and says nothing on unasked: that takes its end from
        # nobody, so its number is its own until `_stop`, and os.waitid is not on every system.
        if self._process.returncode is not None:
            return True
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        return bool(poll.poll(0))

    def ask(self, order: bytes, picture: int, limits: Limits) -> bytearray:
        """The answer of the child that was made for this order.

        Raises:
            FileRefused: the child died of its limits or of the picture; the worker may have to be replaced.
        """
        until = time.monotonic() + limits.wall_s
        try:
            content = self._exchange(order, picture, limits.answer_bytes, until)
            self._control.settimeout(max(0.1, until - time.monotonic()))
            told = self._control.recv(_STATUS_BYTES, socket.MSG_WAITALL)
        except OSError:  # it does not say, or it is gone
            told = b""
        except FileRefused:
            self._stop()  # what it still says of this picture must not be heard of the next one
            raise
        if len(told) < _STATUS_BYTES:
            self._stop()
            if time.monotonic() >= until - 0.2:
                raise FileRefused("photo_takes_too_long", limit_s=round(limits.wall_s))
            raise FileRefused("photo_broken", cause="worker")
        status = int.from_bytes(told, "big")
        if status:
            raise _died(status, limits)
        return content

    def _exchange(self, order: bytes, picture: int, limit_bytes: int, until: float) -> bytearray:
        ours, theirs = os.pipe()
        try:
            try:
                socket.send_fds(self._control, [order], [picture, theirs])
            finally:
                os.close(theirs)
            return _listen(ours, limit_bytes, until)
        finally:
            os.close(ours)

    def end(self) -> None:
        """Nothing; afterwards the process and what it forked are gone."""
        self._stop()
        self._control.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _stop(self) -> None:
        if self._process.returncode is not None:  # done before: its number may be a foreign group's by now
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)  # a group of its own, begun by start_new_session
        self._process.wait()  # who asks whether it lives must hear that it does not


def _listen(descriptor: int, limit_bytes: int, until: float) -> bytearray:
    """What is said on a pipe to its end.

    Raises:
        TimeoutError: the end did not come until then, by the monotonic clock.
        FileRefused: it is too much.
    """
    content = bytearray()
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while poll.poll(max(0.0, until - time.monotonic()) * 1000):
        part = os.read(descriptor, _PART_BYTES)
        if not part:
            return content
        content += part
        if len(content) > limit_bytes:
            raise FileRefused("photo_broken", cause="answer too large")
    raise TimeoutError


def _died(status: int, limits: Limits) -> FileRefused:
    ended_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if ended_by == signal.SIGXCPU:
        return FileRefused("photo_takes_too_long", limit_s=limits.cpu_s)
    if ended_by:
        return FileRefused("photo_broken", cause=signal.Signals(ended_by).name)
    return FileRefused("photo_needs_too_much_memory", limit_mb=limits.memory_bytes // 2**20)
