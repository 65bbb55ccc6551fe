"""Brings one schema to the newest revision."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.sql.ddl import CreateSchema

from gridsvc.db.engine import make_engine, parse
from gridsvc.db.revisions import FOLDER, Revisions, revisions
from gridsvc.errors import Unavailable

_LOCK = 0x67726964  # one migration at a time on a server, whichever process starts it


def _config(connection: Connection | None = None, schema: str = "") -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes.update(connection=connection, schema=schema)
    return config


def upgrade(owner_url: str, schema: str, app_url: str) -> Revisions:
    """Creates the schema where it is missing, migrates it, and grants the serving role what it needs.

    Raises:
        Unavailable: PostGIS is not installed in the database.
    """
    engine = make_engine(owner_url, schema)
    app_role = parse(app_url).username or ""
    try:
        with engine.connect() as connection:
            installed = connection.exec_driver_sql("SELECT 1 FROM pg_extension WHERE extname = 'postgis'").scalar()
            if not installed:
                raise Unavailable("postgis_missing")
            connection.exec_driver_sql("SELECT pg_advisory_lock(%s)", (_LOCK,))
            connection.execute(CreateSchema(schema, if_not_exists=True))
            connection.commit()
            command.upgrade(_config(connection, schema), "head")
            connection.commit()
            if app_role and app_role != parse(owner_url).username:
                _grant(connection, schema, app_role)
                connection.commit()
            return revisions(connection, schema)
    finally:
        engine.dispose()


def _grant(connection: Connection, schema: str, role: str) -> None:
    """Lets the serving role work in the schema; the logs and visits only grow, deletions are read only."""
    quote = connection.dialect.identifier_preparer.quote
    where, who = quote(schema), quote(role)
    for statement in (
        f"GRANT USAGE ON SCHEMA {where} TO {who}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {where} TO {who}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {where} TO {who}",
        f"REVOKE UPDATE, DELETE, TRUNCATE ON {where}.report_log, {where}.deletion_record FROM {who}",
        f"REVOKE INSERT ON {where}.deletion_record FROM {who}",
        f"REVOKE UPDATE, DELETE, TRUNCATE ON {where}.visit, {where}.household_log FROM {who}",
        f"REVOKE UPDATE, DELETE, TRUNCATE ON {where}.staff_log FROM {who}",
        f"REVOKE UPDATE, DELETE, TRUNCATE ON {where}.household_was, {where}.campaign_was FROM {who}",
        f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {where}.was_since FROM {who}",
        f"REVOKE INSERT, UPDATE, DELETE ON {where}.alembic_version FROM {who}",
    ):
        connection.exec_driver_sql(statement)
