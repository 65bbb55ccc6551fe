"""Households and the visits to them."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from gridsvc.db.tables.base import geom_column, id_column, instant, metadata, one_of

OUTCOMES = ("reached", "absent", "refused", "vacant", "moved", "not_found", "not_eligible")

household = Table(
    "household",
    metadata,
    id_column(),
    Column("compound_id", ForeignKey("compound.id"), nullable=False),
    Column("building", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("room", Text, nullable=False),
    geom_column("POINT", nullable=False),
    Column("grid_version_id", ForeignKey("grid_version.id")),
    UniqueConstraint("compound_id", "building", "unit", "room"),
    Index(None, "geom", postgresql_using="gist"),
    Index(None, "grid_version_id"),
)

visit = Table(
    "visit",
    metadata,
    id_column(),
    Column("client_key", Uuid, nullable=False, unique=True),
    Column("household_id", ForeignKey("household.id"), nullable=False),
    Column("worker_id", ForeignKey("worker.id")),
    Column("outcome", Text, nullable=False),
    instant("happened_at", nullable=False),
    instant("recorded_at", nullable=False),
    one_of("outcome", OUTCOMES),
    Index(None, "household_id", "happened_at"),
    Index(None, "happened_at"),
)
