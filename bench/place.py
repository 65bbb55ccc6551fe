"""Where benches run: a cluster of their own, a migrated schema, the machine's description."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import shapely
from sqlalchemy import Connection, text

from geodata import town
from gridsvc import editions
from gridsvc.db import embedded, migrate
from gridsvc.db.engine import transaction, unlimited
from gridsvc.grids import Rule

RULE = Rule(50.0, "Asia/Shanghai")
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Place:
    """A migrated schema in a cluster that goes away with the bench."""

    schema: str
    app_url: str
    owner_url: str

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """The owner's connection in a transaction without time limit."""
        with transaction(self.owner_url, self.schema) as db:
            unlimited(db)
            yield db


def machine() -> str:
    """One line about where this runs."""
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg())
    return f"{platform.machine()}, {os.cpu_count()} cores, load {load}, Python {platform.python_version()}"


@contextmanager
def cluster() -> Iterator[tuple[str, str]]:
    """(app, owner) URLs of a fresh cluster; stopped and removed when the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="gridsvc-bench-"))
    folder.chmod(0o755)
    try:
        with embedded.session(folder) as running:
            yield running.app_url, running.owner_url
    finally:
        shutil.rmtree(folder)


@contextmanager
def schema(urls: tuple[str, str], name: str) -> Iterator[Place]:
    """A migrated schema, dropped when the block ends."""
    app_url, owner_url = urls
    migrate.upgrade(owner_url, name, app_url)
    try:
        yield Place(name, app_url, owner_url)
    finally:
        with transaction(owner_url, name) as db:
            db.execute(text(f"DROP SCHEMA {name} CASCADE"))


@contextmanager
def timed(label: str) -> Iterator[list[float]]:
    """Prints how long the block took; the seconds are in the list afterwards."""
    seconds: list[float] = []
    start = time.perf_counter()
    yield seconds
    seconds.append(time.perf_counter() - start)
    print(f"  {label:<58}{seconds[0]:8.2f} s", flush=True)


def publish_lattice(db: Connection, n_grids: int) -> None:
    """Publishes the lattice of so many grids of about 84 vertices as the first base edition."""
    frame = town.lattice(n_grids)
    rows = [
        (i, code, name, bytes(shapely.to_wkb(shapely.MultiPolygon([geom] if geom.geom_type == "Polygon" else geom))))
        for i, (code, name, geom) in enumerate(zip(frame["code"], frame["name"], frame.geometry, strict=True))
    ]
    editions.stage(db, rows)
    editions.draft(db, "base", BEGIN, replace=True)
    editions.publish(db, "base", BEGIN, RULE)
