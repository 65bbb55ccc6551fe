"""What tests of the cluster share: stop and forget one, ask it, and do things in another process or as another user."""

from __future__ import annotations

import os
import pickle
import pwd
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from gridsvc.db import places
from gridsvc.db.embedded import status
from gridsvc.errors import GridsvcError

T = TypeVar("T")
CHILDREN: set[int] = set()  # what a failed test left behind is ended by its fixture
ROOT = os.geteuid() == 0
STRANGER = pwd.getpwnam("nobody").pw_uid  # an ordinary user, where the tests run as root


def halt(data_dir: Path) -> None:
    for pid in (status(data_dir).pid, *places.orphans(status(data_dir).pgdata)):
        if pid:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT)
    wait(lambda: status(data_dir).pid is None)


def forget(data_dir: Path) -> None:
    halt(data_dir)
    place = places.locate(data_dir)
    shutil.rmtree(places.socket_dir(place))
    for left in Path("/tmp").glob(f"gridsvc-*-{places._key(place.base)}"):  # noqa: S108 - an ordinary user's
        shutil.rmtree(left)
    if place.base != data_dir and place.base.exists():
        shutil.rmtree(place.base)


def wait(done: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def sql(url: str, *statements: str) -> object:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        results = [connection.execute(text(statement)) for statement in statements]
        return results[-1].scalar() if results[-1].returns_rows else None


def child(work: Callable[[], T], uid: int | None = None) -> tuple[int, Callable[[], T]]:
    """(process id, its answer when it has ended): `work` in another process, as another user where `uid` says so."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job inherits that it is ignored
        code = 1
        try:
            if uid is not None:
                os.setgroups([])
                os.setgid(uid)
                os.setuid(uid)
            try:
                answer: object = work()
            except GridsvcError as error:
                answer = (error.code, error.facts)
            os.write(writer, pickle.dumps(answer))
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    CHILDREN.add(pid)

    def result() -> T:
        with os.fdopen(reader, "rb") as pipe:
            raw = pipe.read()
        os.waitpid(pid, 0)
        CHILDREN.discard(pid)
        assert raw, "the child said nothing"
        return pickle.loads(raw)  # noqa: S301 - our own child's words

    return pid, result


def end(pid: int) -> None:
    """Kills a child and waits for it."""
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    CHILDREN.discard(pid)
