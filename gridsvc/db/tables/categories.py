"""Categories, the versions of the sheets that bring them, their filing conditions, and how taxonomies map."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from gridsvc.db.tables.base import code_column, id_column, instant, metadata, one_of

CATEGORY_KINDS = ("part", "event")

category = Table(
    "category",
    metadata,
    code_column(primary_key=True),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),  # the Chinese one where a sheet has no other
    Column("taxonomy", Text, nullable=False, server_default="local"),
    Column("kind", Text),
    code_column("parent_code"),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("dup_radius_m", Double),
    Column("dup_days", Integer),
    Column("initials", Text),  # of the Chinese name; null until it was read
    one_of("kind", CATEGORY_KINDS),
    CheckConstraint("parent_code <> code", name="parent"),
    CheckConstraint("dup_radius_m > 0", name="dup_radius_m"),
    CheckConstraint("dup_days > 0", name="dup_days"),
    UniqueConstraint("code", "taxonomy"),
    ForeignKeyConstraint(["parent_code"], ["category.code"]),
    Index("category_parent_code_idx", "parent_code", postgresql_where=text("parent_code IS NOT NULL")),
)

category_sheet = Table(
    "category_sheet",
    metadata,
    id_column(),
    Column("kind", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("current", Boolean, nullable=False),
    Column("name", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("day_means", Text),  # null where no bare 天 occurs
    instant("imported_at", nullable=False),
    one_of("kind", CATEGORY_KINDS),
    one_of("day_means", ("working", "calendar")),
    UniqueConstraint("kind", "version"),
    Index("category_sheet_current_key", "kind", unique=True, postgresql_where=text("current")),
)

category_condition = Table(
    "category_condition",
    metadata,
    id_column(),
    Column("sheet_id", ForeignKey("category_sheet.id"), nullable=False),
    Column("code", ForeignKey("category.code"), nullable=False),
    Column("seq", Integer, nullable=False),  # from 1, in the order of the sheet
    Column("class_name", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("limit_raw", Text),
    Column("limit_problem", Text),
    Column("milestones", JSONB, nullable=False),  # [{name, amount, unit}], the last one being the deadline
    Column("closing", Text),
    Column("supervisors", ARRAY(Text), nullable=False),
    Column("responsibles", ARRAY(Text), nullable=False),
    Column("legal_basis", Text),
    Column("clauses", Text),
    Column("notes", Text),
    CheckConstraint("(limit_problem IS NULL) = (jsonb_array_length(milestones) > 0)", name="limit"),
    UniqueConstraint("code", "sheet_id", "seq"),
    Index(None, "sheet_id"),
)

category_map = Table(
    "category_map",
    metadata,
    Column("from_code", ForeignKey("category.code"), primary_key=True),
    Column("to_taxonomy", Text, primary_key=True),
    code_column("to_code", nullable=False),
    ForeignKeyConstraint(["to_code", "to_taxonomy"], ["category.code", "category.taxonomy"]),
    Index(None, "to_code"),
)
