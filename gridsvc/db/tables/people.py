"""Workers and their duty; accounts and what they log in with."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Time,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from gridsvc.db.tables.base import code_column, id_column, instant, metadata, one_of
from gridsvc.db.tables.ground import LAYERS

ROLES = ("admin", "planner", "leader", "dispatcher", "manager", "handler", "checker", "worker")
_LISTED = ", ".join(f"'{role}'" for role in ROLES)
DUTY_KINDS = ("main", "deputy")

worker = Table(
    "worker",
    metadata,
    id_column(),
    code_column(nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
)

duty = Table(
    "duty",
    metadata,
    id_column(),
    Column("worker_id", ForeignKey("worker.id"), nullable=False),
    Column("layer", Text, nullable=False),
    code_column("grid_code", nullable=False),  # a code, not a version: duty outlives a redrawn border
    Column("kind", Text, nullable=False),
    Column("weekdays", ARRAY(SmallInteger)),  # ISO 1-7; null: every day
    Column("starts", Time),  # local time; null: the whole day
    Column("ends", Time),
    one_of("layer", LAYERS),
    one_of("kind", DUTY_KINDS),
    UniqueConstraint("grid_code", "layer", "worker_id", "kind"),
    CheckConstraint("(starts IS NULL) = (ends IS NULL) AND starts <> ends", name="hours"),
)

account = Table(
    "account",
    metadata,
    id_column(),
    code_column("login", nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("role", Text, nullable=False),  # the default one: in which a login begins
    Column("worker_id", ForeignKey("worker.id")),
    Column("department_id", ForeignKey("department.id")),
    Column("demo", Boolean, nullable=False, server_default=text("false")),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("n_failed", Integer, nullable=False, server_default="0"),
    instant("locked_until"),
    Column("also_roles", ARRAY(Text), nullable=False, server_default=text("'{}'")),  # others that it may act in
    one_of("role", ROLES),
    CheckConstraint(text(f"also_roles <@ ARRAY[{_LISTED}] AND role <> ALL (also_roles)"), name="also_roles"),
)

account_area = Table(
    "account_area",
    metadata,
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("area_id", ForeignKey("area.id"), primary_key=True),
)

credential = Table(
    "credential",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),  # SHA-256 of the secret; the secret itself is never stored
    Column("kind", Text, nullable=False),
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    Column("label", Text, nullable=False, server_default=""),
    instant("created_at", nullable=False),
    instant("expires_at", nullable=False),
    Column("role", Text, nullable=False),  # the one it acts in; opens nothing once the account has it no more
    one_of("kind", ("session", "bearer")),
    one_of("role", ROLES),
    Index(None, "account_id"),
)

# A login of weeks on a phone, which can be taken back; outlives its credential, so that the phone can be told.
device = Table(
    "device",
    metadata,
    id_column(),
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),  # of its credential, while that lasts
    instant("created_at", nullable=False),
    instant("expires_at", nullable=False),
    instant("seen_at"),  # to the hour
    instant("ended_at"),  # a trigger on credential sets it, whoever ended it and however
    one_of("kind", ("session", "bearer")),
    Index(None, "account_id"),
)

# Written by triggers on account, account_area, credential and duty; the serving role can only add to it.
staff_log = Table(
    "staff_log",
    metadata,
    id_column(),
    instant("at", nullable=False),
    Column("actor_id", ForeignKey("account.id")),  # null: by the command line, or by itself
    Column("what", Text, nullable=False),
    code_column("subject", nullable=False),  # a login, or layer/code of a grid
    Column("action", Text, nullable=False),
    Column("changes", JSONB, nullable=False),  # {field: [before, after]}
    Column("actor_role", Text),  # in which the actor did it
    one_of("what", ("account", "area", "token", "duty", "device")),
    one_of("action", ("add", "change", "end")),
    Index(None, "what", "subject"),
)
