"""What every table is made of: the metadata and its naming, and the kinds of column."""

from __future__ import annotations

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    MetaData,
    Text,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)


def one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    """A check that a text column holds one of these codes."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(text(f"{column} IN ({listed})"), name=column)


def code_column(name: str = "code", **more: object) -> Column[str]:
    """A column of codes: they compare by code point."""
    return Column(name, Text(collation="C"), **more)  # type: ignore[arg-type]  # Column's keywords, passed through


def instant(name: str, **more: object) -> Column[object]:
    """A column of instants (timestamptz)."""
    return Column(name, DateTime(timezone=True), **more)  # type: ignore[arg-type]  # as above


def geom_column(kind: str, **more: object) -> Column[object]:
    """The column `geom` of this geometry type in EPSG:4326."""
    return Column("geom", Geometry(kind, srid=4326, spatial_index=False), **more)  # type: ignore[arg-type]  # as above


def id_column() -> Column[int]:
    """The primary key `id`, always given by the database."""
    return Column("id", BigInteger, Identity(always=True), primary_key=True)
