"""How far a schema is migrated; asked at each start, so without the library that migrates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table

from gridsvc.errors import Unavailable

FOLDER = Path(__file__).parent / "migrations"


@dataclass(frozen=True)
class Revisions:
    """The revision a schema is at (None: never migrated) and the newest one this code knows."""

    current: str | None
    newest: str

    @property
    def up_to_date(self) -> bool:
        """Whether this code can serve this schema."""
        return self.current == self.newest


def revisions(connection: Connection, schema: str) -> Revisions:
    """Where the schema stands; nothing is changed."""
    current = None
    if inspect(connection).has_table("alembic_version", schema=schema):
        version = table("alembic_version", column("version_num"), schema=schema)
        current = connection.scalar(select(version.c.version_num))
    return Revisions(current, newest())


@cache
def newest() -> str:
    """The newest revision: migrations follow one another, and their files are called by their numbers.

    Raises:
        Unavailable: no_migrations.
    """
    numbers = [path.name.partition("_")[0] for path in (FOLDER / "versions").glob("[0-9]*_*.py")]
    if not numbers:
        raise Unavailable("no_migrations")
    return max(numbers)
