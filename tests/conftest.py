"""Fixtures: a real PostgreSQL + PostGIS, schemas made by the migrations, the shared real data.

Tests connect as `gridsvc_app`, the role that serves. Without a database or without the shared data a test skips on a
laptop and fails where CI=true.
"""

from __future__ import annotations

import gc
import os
import shutil
import uuid
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck
from hypothesis import settings as examples
from playwright.sync_api import Browser, expect, sync_playwright
from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from geodata import town
from gridsvc import demo, passwords
from gridsvc.db import migrate
from gridsvc.db.embedded import Cluster, session
from gridsvc.db.engine import make_engine, transaction
from gridsvc.errors import GridsvcError
from gridsvc.grids import Rule
from gridsvc.photo_files import Files

# A busy machine is no reason to fail: examples have no deadline here either, as they have none where CI=true.
examples.register_profile("unhurried", examples(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
examples.load_profile("unhurried")

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"
RULE = Rule(50.0, "Asia/Shanghai")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP office.test 127.0.0.1",  # a name of this machine that is no secure context
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]
NOW = datetime(2026, 11, 1, 2, 0, tzinfo=UTC)


def missing(what: str) -> None:
    """Skips on a laptop, fails in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing, and CI must have it")
    pytest.skip(f"{what} is missing")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the checkout."""
    if not SHARED.is_dir():
        missing("the shared real data")
    return SHARED


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What collecting makes stays until the end: no search for garbage goes through it, then or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


# About how long a test takes that uses one of these; any other takes the last.
SECONDS = {"town_schema": 6.0, "browser": 1.5, "fresh": 0.7, "": 0.1}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a parallel run the longest files begin, so that no process has one left when the others are done."""
    if not hasattr(config, "workerinput"):
        return
    lasts: Counter[str] = Counter()
    for item in items:
        used = getattr(item, "fixturenames", ())
        its_own = item.get_closest_marker("timeout")  # only what is far longer than all others says so
        lasts[_file(item)] += (
            its_own.args[0] if its_own else next(s for name, s in SECONDS.items() if name in (*used, ""))
        )
    items.sort(key=lambda item: (-lasts[_file(item)], _file(item)))  # within a file as it was


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


# The tests' own cluster holds nothing that a power cut may not take: nothing waits for the disk.
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
# What each connection would load and link anew: its server has it from the start.
POSTGIS = "SELECT probin FROM pg_proc WHERE proname = 'postgis_lib_version'"


@pytest.fixture(scope="session")
def own_cluster() -> Iterator[Cluster | None]:
    """A cluster of the checkout's own; None where GRIDSVC_TEST_* names a database.

    Each process of a parallel run has one for itself: they share no locks, transaction ids or autovacuum.
    """
    if os.environ.get("GRIDSVC_TEST_DATABASE_URL"):
        yield None
        return
    mine = "-".join(filter(None, ("test", os.environ.get("PYTEST_XDIST_WORKER"))))
    try:
        with ExitStack() as stack:
            cluster = stack.enter_context(session(ROOT / ".gridsvc" / mine))
            if _settings_are_new(cluster):
                stack.close()
                cluster = stack.enter_context(session(ROOT / ".gridsvc" / mine))
            yield cluster
    except GridsvcError as error:
        if not error.code.startswith("cluster_no_"):
            raise
        missing(f"PostgreSQL with PostGIS ({error})")


def _settings_are_new(cluster: Cluster) -> bool:
    """Whether the tests' settings were not yet those of the cluster: its next start has them."""
    with _administered(cluster.admin_url) as admin:
        wanted = CARELESS | {"shared_preload_libraries": admin.exec_driver_sql(POSTGIS).scalar_one()}
        new = {name: to for name, to in wanted.items() if admin.exec_driver_sql(f"SHOW {name}").scalar() != to}
        for name, value in new.items():
            admin.exec_driver_sql(f"ALTER SYSTEM SET {name} = '{value}'")
    return bool(new)


@pytest.fixture(scope="session")
def cluster_urls(own_cluster: Cluster | None) -> tuple[str, str]:
    """(app, owner) URLs of a database with PostGIS: GRIDSVC_TEST_* where set, else one of the checkout's own."""
    if own_cluster is not None:
        return own_cluster.app_url, own_cluster.owner_url
    given = os.environ["GRIDSVC_TEST_DATABASE_URL"]
    return given, os.environ.get("GRIDSVC_TEST_OWNER_URL", given)


@contextmanager
def _administered(url: str) -> Iterator[Connection]:
    """A connection that commits each statement, as databases and settings want it."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


@dataclass(frozen=True)
class Fresh:
    """A migrated schema of a test's own."""

    schema: str
    app_url: str
    owner_url: str

    @contextmanager
    def begin(self, *, owner: bool = False) -> Iterator[Connection]:
        """A connection in a transaction that commits when the block ends well."""
        with (self._owner if owner else self.engine).begin() as connection:
            yield connection

    @cached_property
    def engine(self) -> Engine:
        """Opens a connection of the serving role for each use, and remembers how statements are written for it."""
        return make_engine(self.app_url, self.schema)

    @cached_property
    def _owner(self) -> Engine:
        return make_engine(self.owner_url, self.schema)

    def env(self) -> dict[str, str]:
        """The environment of a command that works in this schema."""
        mine = {
            "GRIDSVC_DATABASE_URL": self.app_url,
            "GRIDSVC_OWNER_URL": self.owner_url,
            "GRIDSVC_SCHEMA": self.schema,
            "GRIDSVC_LANG": "en",
        }
        return {k: v for k, v in os.environ.items() if not k.startswith("GRIDSVC_")} | mine


@contextmanager
def new_schema(urls: tuple[str, str], name: str) -> Iterator[Fresh]:
    """A schema of this name in a database that is there, for the length of a block; migrated, dropped afterwards."""
    app_url, owner_url = urls
    migrate.upgrade(owner_url, name, app_url)
    try:
        yield Fresh(name, app_url, owner_url)
    finally:
        with transaction(owner_url, name) as connection:
            connection.execute(text(f"DROP SCHEMA {name} CASCADE"))


# Makes a migrated schema for the length of a block.
Maker = Callable[[], AbstractContextManager[Fresh]]


@pytest.fixture(scope="session")
def maker(own_cluster: Cluster | None, cluster_urls: tuple[str, str]) -> Iterator[Maker]:
    """Makes migrated schemas: each in a database that is a copy of one, which takes a tenth of migrating again."""
    if own_cluster is None:
        yield lambda: new_schema(cluster_urls, _unique())
        return
    name = _unique()
    with _database(own_cluster, name, "template0") as (app_url, owner_url):
        with _administered(_of(own_cluster.admin_url, name)) as admin:
            admin.exec_driver_sql("CREATE EXTENSION postgis SCHEMA public")
        migrate.upgrade(owner_url, name, app_url)
        yield lambda: _copy(own_cluster, name)


def _unique() -> str:
    return f"t_{uuid.uuid4().hex[:12]}"


def _of(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


@contextmanager
def _database(cluster: Cluster, name: str, template: str) -> Iterator[tuple[str, str]]:
    """The (app, owner) URLs of a new database; dropped afterwards, whoever is still connected."""
    owner = make_url(cluster.owner_url).username
    with _administered(cluster.admin_url) as admin:
        # copied as files: nothing else writes into a template
        admin.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template} OWNER {owner} STRATEGY FILE_COPY")
    try:
        yield _of(cluster.app_url, name), _of(cluster.owner_url, name)
    finally:
        with _administered(cluster.admin_url) as admin:
            admin.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _copy(cluster: Cluster, template: str) -> Iterator[Fresh]:
    name = _unique()
    with _database(cluster, name, template) as (app_url, owner_url):
        with transaction(owner_url, "public") as connection:
            connection.execute(text(f"ALTER SCHEMA {template} RENAME TO {name}"))
            # what a migration draws for each database by itself
            connection.execute(text(f"UPDATE {name}.photo_folder SET token = DEFAULT"))
        yield Fresh(name, app_url, owner_url)


@pytest.fixture
def fresh(maker: Maker) -> Iterator[Fresh]:
    """A new migrated schema for tests that commit."""
    with maker() as made:
        yield made


@pytest.fixture(scope="module")
def module_schema(maker: Maker) -> Iterator[Fresh]:
    """A new migrated schema for the tests of one file, which commit."""
    with maker() as made:
        yield made


@pytest.fixture(scope="session")
def empty_schema(maker: Maker) -> Iterator[Fresh]:
    """One migrated schema that stays empty: tests roll back."""
    with maker() as made:
        yield made


@contextmanager
def rolled_back(made: Fresh) -> Iterator[Connection]:
    """A connection of the serving role whose work is undone."""
    with made.engine.connect() as connection:
        outer = connection.begin()
        try:
            yield connection
        finally:
            outer.rollback()


@pytest.fixture
def db(empty_schema: Fresh) -> Iterator[Connection]:
    """The serving role's connection to an empty schema; rolled back."""
    with rolled_back(empty_schema) as connection:
        yield connection


@pytest.fixture(scope="session")
def town_schema(maker: Maker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fresh]:
    """A schema with the whole demo town, committed, as of NOW: for reading; tests that write roll back."""
    with maker() as made:
        with made.begin() as connection:
            files = Files(tmp_path_factory.mktemp("photos"))
            demo.seed(connection, town.build(NOW.date()), RULE, files, lambda what, done, of: None)
        yield made


@pytest.fixture
def town_db(town_schema: Fresh) -> Iterator[Connection]:
    """The serving role's connection to the town; rolled back."""
    with rolled_back(town_schema) as connection:
        yield connection


def chromium() -> str:
    """The system's Chromium: the build without windows where it is there, which takes a third of the processor time."""
    found = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if found is None:
        missing("Chromium")
    return str(found)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, headless; one for all tests, since a process can hold one Playwright."""
    expect.set_options(timeout=30_000)  # a busy machine; what never comes is noticed all the same
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=QUIET)
        yield opened
        opened.close()


@pytest.fixture(scope="session", autouse=True)
def slow_hasher() -> Iterator[Callable[[], PasswordHasher]]:
    """What hashes passwords in the service; in the tests' own process they take no time, as nearly every test makes accounts."""
    slow, quick = passwords._hasher, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", lambda: quick)
        yield slow


@pytest.fixture(scope="session", autouse=True)
def no_authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A client of httpx reads the certificates of all authorities when it is made; ours speak to this machine alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SSL_CERT_FILE", raising=False)
        patch.setenv("SSL_CERT_DIR", str(tmp_path_factory.mktemp("authorities")))
        yield


@pytest.fixture
def rule() -> Rule:
    """The rule of placement that settings give by default."""
    return RULE
