"""Departments and what they answer for, limits of stages, the resident behind a report, whistles, deletions."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from gridsvc.db.tables.base import code_column, id_column, instant, metadata, one_of
from gridsvc.db.tables.reports import LEVELS, STAGES

RESPONSIBILITY_LISTS = ("basic", "assist", "taken_back")
LIMIT_UNITS = ("urgent_hour", "working_hour", "working_day", "calendar_hour", "calendar_day")

department = Table(
    "department",
    metadata,
    id_column(),
    code_column(nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("area_id", ForeignKey("area.id")),
    Column("active", Boolean, nullable=False, server_default=text("true")),
)

responsibility = Table(
    "responsibility",
    metadata,
    id_column(),
    Column("list", Text, nullable=False),
    code_column("category"),  # empty: every one; a class's code (P01) covers its subclasses
    Column("area_id", ForeignKey("area.id")),  # empty: everywhere
    Column("level", Text),  # empty: every one
    Column("lead_id", ForeignKey("department.id"), nullable=False),
    Column("assist_ids", ARRAY(BigInteger), nullable=False, server_default="{}"),
    Column("source", Text, nullable=False, server_default=""),
    one_of("list", RESPONSIBILITY_LISTS),
    one_of("level", LEVELS),
    UniqueConstraint("category", "area_id", "level", postgresql_nulls_not_distinct=True),
)

stage_limit = Table(
    "stage_limit",
    metadata,
    id_column(),
    Column("stage", Text, nullable=False),
    Column("category", ForeignKey("category.code")),  # empty: all that have none of their own
    Column("amount", Numeric, nullable=False),
    Column("unit", Text, nullable=False),
    one_of("stage", STAGES),
    one_of("unit", LIMIT_UNITS),
    CheckConstraint("amount > 0", name="amount"),
    UniqueConstraint("stage", "category", postgresql_nulls_not_distinct=True),
)

reporter = Table(
    "reporter",
    metadata,
    Column("report_id", ForeignKey("report.id"), primary_key=True),
    Column("secret_hash", LargeBinary),  # SHA-256 of the secret in the resident's link
    Column("linked", Boolean, nullable=False, server_default=text("false")),  # had one, even when retention blanked it
    Column("name", Text),
    Column("phone", Text),
    Column("address", Text),
    Column("for_name", Text),  # for whom it was reported, where that is somebody else
    Column("for_phone", Text),
    Column("tell", Text),  # who of the two is told
    one_of("tell", ("reporter", "concerned", "both")),
    CheckConstraint("length(secret_hash) = 32", name="secret_hash"),
    CheckConstraint("linked OR secret_hash IS NULL", name="linked"),
)

whistle_call = Table(
    "whistle_call",
    metadata,
    Column("report_id", ForeignKey("report.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),  # of the report_log row that called
    Column("department_id", ForeignKey("department.id"), primary_key=True, index=True),
    instant("called_at", nullable=False),
    instant("arrived_at"),
    Column("score", SmallInteger),
    CheckConstraint("score BETWEEN 1 AND 5", name="score"),
)

deletion_record = Table(
    "deletion_record",
    metadata,
    id_column(),
    instant("at", nullable=False),
    Column("batch", Uuid, nullable=False),
    Column("report_id", BigInteger),
    Column("seq", Integer),
    Column("what", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("household_id", BigInteger),
    CheckConstraint("report_id IS NOT NULL OR household_id IS NOT NULL", name="of"),
)
