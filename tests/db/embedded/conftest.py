"""A made cluster for the tests of the cluster itself, apart from the one that all other database tests use."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gridsvc.db import binaries
from gridsvc.db.embedded import ensure, stop
from tests.db.embedded.clusters import CHILDREN, end, forget, halt


@pytest.fixture(scope="session", autouse=True)
def _postgres() -> None:
    if not any(one.usable for one in binaries.installed()):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no PostgreSQL with PostGIS on this machine")


@pytest.fixture(scope="session")
def open_dir() -> Iterator[Path]:
    """A folder that every user may enter (pytest's own is closed, which is a case of its own below)."""
    folder = Path(tempfile.mkdtemp(prefix="gridsvc test "))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def shared_dir(open_dir: Path) -> Iterator[Path]:
    """One made cluster, stopped; its path would break a shell that forgot to quote."""
    data_dir = open_dir / "a $HOME `b` \"c\" 'd' 网格"
    cluster, _ = ensure(data_dir)
    stop(cluster)
    yield data_dir
    forget(data_dir)


@pytest.fixture
def data_dir(shared_dir: Path) -> Iterator[Path]:
    """The shared cluster, stopped before and after each test."""
    yield shared_dir
    halt(shared_dir)


@pytest.fixture(autouse=True)
def _children_end() -> Iterator[None]:
    yield
    for pid in tuple(CHILDREN):
        end(pid)
