"""Engine and connections from Settings: one search path, one clock, UTC."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, PoolProxiedConnection

from gridsvc.db.embedded import session
from gridsvc.errors import Refused
from gridsvc.settings import Settings

RESTED_S = 30.0  # after so long a pooled connection is asked whether it still lives


def make_engine(url: str, schema: str, *, pool_size: int = 0, statement_timeout_s: float = 0) -> Engine:
    """An engine whose connections look into `schema` first and `public` (the extensions) second.

    Args:
        pool_size: connections kept open; 0 opens one for each use, which is what commands want.
        statement_timeout_s: longest statement; 0 is no limit.

    Raises:
        Refused: database_url_wrong.
    """
    options = f"-c search_path={schema},public -c timezone=UTC -c statement_timeout={int(statement_timeout_s * 1000)}"
    parsed = parse(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    arguments = {"options": options, "application_name": "gridsvc"}
    # values are personal data: they do not belong into the text of an error, which is logged
    if not pool_size:
        return create_engine(parsed, connect_args=arguments, hide_parameters=True, poolclass=NullPool)
    engine = create_engine(parsed, connect_args=arguments, hide_parameters=True, pool_size=pool_size, max_overflow=0)
    event.listen(engine.pool, "checkout", _wake)  # listening to the engine would slow down every statement
    return engine


def parse(url: str) -> URL:
    """The parts of a database URL.

    Raises:
        Refused: database_url_wrong.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # a port that is no number is a ValueError
        raise Refused("database_url_wrong") from None  # the URL holds a password: neither told nor logged
    if parsed.drivername not in ("postgresql", "postgresql+psycopg"):
        raise Refused("database_url_wrong")
    return parsed


def _wake(raw: Any, record: ConnectionPoolEntry, _: PoolProxiedConnection) -> None:
    """Asks a connection that has rested whether its server is still there; a busy one was heard of just now."""
    now = time.monotonic()
    if now - record.info.get("used", now) > RESTED_S:
        try:
            raw.execute("SELECT 1")
            raw.commit()  # at a ROLLBACK the driver forgets what the connection has prepared
        except psycopg.Error as error:
            raise DisconnectionError from error
    record.info["used"] = now


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
