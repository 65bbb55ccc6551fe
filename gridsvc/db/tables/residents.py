"""Who joined a report, what the public may see of it, and what signs residents' proofs."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from gridsvc.db.tables.base import id_column, instant, metadata

joined = Table(
    "joined",
    metadata,
    id_column(),
    Column("report_id", ForeignKey("report.id"), nullable=False),
    Column("client_key", Uuid, nullable=False, unique=True),
    Column("secret_hash", LargeBinary),  # SHA-256 of the secret in the joiner's link; null when retention blanked it
    Column("phone", Text),
    instant("at", nullable=False),
    CheckConstraint("length(secret_hash) = 32", name="secret_hash"),
    UniqueConstraint("report_id", "secret_hash"),  # one link is one resident
)

released = Table(
    "released",
    metadata,
    Column("report_id", ForeignKey("report.id"), nullable=False),
    Column("sha256", ForeignKey("photo.sha256", ondelete="CASCADE")),  # null: the words
    Column("words", Text),  # as staff wrote them for the public
    Column("shown", Boolean, nullable=False),  # false: looked at, and kept back
    Column("actor_id", ForeignKey("account.id"), nullable=False),
    instant("at", nullable=False),
    CheckConstraint("(sha256 IS NULL) = (words IS NOT NULL)", name="what"),
    UniqueConstraint("report_id", "sha256", postgresql_nulls_not_distinct=True),
    Index("released_sha256_idx", "sha256", postgresql_where=text("sha256 IS NOT NULL")),
)

_RANDOM = "decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')"

resident_key = Table(
    "resident_key",
    metadata,
    Column("key", LargeBinary, primary_key=True, server_default=text(_RANDOM)),  # the one row of this schema
)
