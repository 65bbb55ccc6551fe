"""Reports, where they belong over time, and their log."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from gridsvc.db.tables.base import code_column, geom_column, id_column, instant, metadata, one_of

REPORT_STATES = ("reported", "closed", "void")
METHODS = ("covers", "nearest", "compound", "manual", "none")

category = Table(
    "category",
    metadata,
    code_column(primary_key=True),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
)

report = Table(
    "report",
    metadata,
    id_column(),
    Column("source", Text, nullable=False),  # 'gridsvc' for our own, else the import's --source
    code_column("number", nullable=False),
    Column("repeat", Integer, nullable=False, server_default="0"),  # 1, 2, … where --allow-repeats let a number recur
    Column("source_row", Integer),
    Column("state", Text, nullable=False),
    Column("category", ForeignKey("category.code"), nullable=False),
    Column("category_raw", Text),
    Column("description", Text, nullable=False, server_default=""),
    Column("channel", Text, nullable=False),
    Column("words", Text),
    Column("compound_id", ForeignKey("compound.id")),
    Column("raw_x", Double),
    Column("raw_y", Double),
    Column("crs", Text),  # what raw_x, raw_y are in: wgs84, cgcs2000, gcj02, bd09 or EPSG:n
    geom_column("POINT"),
    Column("accuracy_m", Double),
    instant("observed_at"),
    instant("received_at", nullable=False),
    Column("day_only", Boolean, nullable=False, server_default=text("false")),
    instant("closed_at"),
    Column("client_key", Uuid),
    Column("body_hash", LargeBinary),
    Column("sender_id", ForeignKey("account.id")),
    one_of("state", REPORT_STATES),
    CheckConstraint("accuracy_m >= 0", name="accuracy_m"),
    CheckConstraint("(geom IS NULL) = (crs IS NULL)", name="crs"),
    CheckConstraint("ST_X(geom) BETWEEN -180 AND 180 AND ST_Y(geom) BETWEEN -90 AND 90", name="geom"),
    UniqueConstraint("source", "number", "repeat"),
    Index("report_client_key_key", "client_key", unique=True, postgresql_where=text("client_key IS NOT NULL")),
    Index(None, "geom", postgresql_using="gist"),
    Index("report_compound_id_idx", "compound_id", postgresql_where=text("compound_id IS NOT NULL")),
    Index(None, "received_at", "id"),
)

placement = Table(
    "placement",
    metadata,
    Column("report_id", ForeignKey("report.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),  # of the report_log row that made it
    instant("from_at", nullable=False),
    instant("to_at"),  # null: the current one
    Column("grid_version_id", ForeignKey("grid_version.id")),
    Column("method", Text, nullable=False),
    Column("distance_m", Double),
    Column("confidence", Double),
    Column("runners_up", JSONB),
    Column("reason", Text),
    Column("worker_id", ForeignKey("worker.id")),
    Column("duty", Text),
    one_of("method", METHODS),
    CheckConstraint("to_at >= from_at", name="interval"),
    CheckConstraint("(method = 'none') = (grid_version_id IS NULL)", name="grid"),
    CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
    CheckConstraint("duty IN ('main', 'deputy', 'community', 'nobody')", name="duty"),
    Index("placement_current_key", "report_id", unique=True, postgresql_where=text("to_at IS NULL")),
    Index("placement_grid_idx", "grid_version_id", postgresql_where=text("to_at IS NULL")),
)

report_log = Table(
    "report_log",
    metadata,
    Column("report_id", ForeignKey("report.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("action", Text, nullable=False),
    Column("from_state", Text),
    Column("to_state", Text, nullable=False),
    Column("actor_id", ForeignKey("account.id")),
    instant("at", nullable=False),
    Column("note", Text),
    Column("facts", JSONB),
)

report_number = Sequence("report_number_seq", metadata=metadata)
