"""Engine and connections from Settings: one search path, one clock, UTC."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, make_url
from sqlalchemy.pool import NullPool

from gridsvc.db.embedded import session
from gridsvc.settings import Settings


def make_engine(url: str, schema: str, *, pool_size: int = 0, statement_timeout_s: float = 0) -> Engine:
    """An engine whose connections look into `schema` first and `public` (the extensions) second.

    Args:
        pool_size: connections kept open; 0 opens one for each use, which is what commands want.
        statement_timeout_s: longest statement; 0 is no limit.
    """
    options = f"-c search_path={schema},public -c timezone=UTC -c statement_timeout={int(statement_timeout_s * 1000)}"
    parsed = make_url(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    arguments = {"options": options, "application_name": "gridsvc"}
    if not pool_size:
        return create_engine(parsed, connect_args=arguments, poolclass=NullPool)
    return create_engine(parsed, connect_args=arguments, pool_size=pool_size, max_overflow=0, pool_pre_ping=True)


@contextmanager
def database(settings: Settings) -> Iterator[tuple[str, str]]:
    """The (app, owner) URLs, with the embedded cluster running for as long as the block lasts where one is needed."""
    if settings.database_url is not None:
        yield settings.database_url, settings.owner_url or settings.database_url
        return
    with session(settings.data_dir) as cluster:
        yield cluster.app_url, cluster.owner_url


@contextmanager
def transaction(url: str, schema: str) -> Iterator[Connection]:
    """One connection in one transaction: committed when the block ends well, rolled back when it does not."""
    engine = make_engine(url, schema)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def unlimited(connection: Connection) -> None:
    """Lifts the statement timeout for the rest of this transaction (imports, publishing)."""
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
