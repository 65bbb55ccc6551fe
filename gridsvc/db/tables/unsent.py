"""What the office took in from a phone's file: who, for whom, and how many."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, Table

from gridsvc.db.tables.base import id_column, instant, metadata

unsent_import = Table(
    "unsent_import",
    metadata,
    id_column(),
    Column("importer_id", ForeignKey("account.id"), nullable=False),
    Column("account_id", ForeignKey("account.id"), nullable=False),  # whose they are
    instant("at", nullable=False),
    *(Column(f"n_{status}", Integer, nullable=False) for status in ("created", "same", "conflict", "refused")),
    CheckConstraint("n_created >= 0 AND n_same >= 0 AND n_conflict >= 0 AND n_refused >= 0", name="counts"),
)
