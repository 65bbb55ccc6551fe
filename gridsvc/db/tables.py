"""Every table, as SQLAlchemy Core with GeoAlchemy2: rows, not graphs.

No table names a schema: the search path of the connection decides, so one county is one schema. Geometry is EPSG:4326,
instants are timestamptz, enums are short English codes in a CHECK, codes compare by code point (`COLLATE "C"`).
"""

from __future__ import annotations

from geoalchemy2 import Geometry
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Sequence,
    SmallInteger,
    Table,
    Text,
    Time,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)

AREA_LEVELS = ("city", "district", "subdistrict", "community")
LAYERS = ("base", "dedicated")
EDITION_STATES = ("draft", "published", "retired")
REPORT_STATES = ("reported", "closed", "void")
METHODS = ("covers", "nearest", "compound", "manual", "none")
DUTY_KINDS = ("main", "deputy")
OUTCOMES = ("reached", "absent", "refused", "vacant", "moved", "not_found", "not_eligible")
ROLES = ("admin", "planner", "manager", "worker")
BASEMAP_KINDS = ("road", "building", "water")


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(text(f"{column} IN ({listed})"), name=column)


def _code(name: str = "code", **more: object) -> Column[str]:
    return Column(name, Text(collation="C"), **more)  # type: ignore[arg-type]  # Column's keywords, passed through


def _instant(name: str, **more: object) -> Column[object]:
    return Column(name, DateTime(timezone=True), **more)  # type: ignore[arg-type]  # as above


def _geom(kind: str, **more: object) -> Column[object]:
    return Column("geom", Geometry(kind, srid=4326, spatial_index=False), **more)  # type: ignore[arg-type]  # as above


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


area = Table(
    "area",
    metadata,
    _id(),
    Column("level", Text, nullable=False),
    _code(nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("parent_id", ForeignKey("area.id")),
    _geom("MULTIPOLYGON"),
    _one_of("level", AREA_LEVELS),
    CheckConstraint("ST_IsValid(geom)", name="geom"),
    Index(None, "geom", postgresql_using="gist"),
    Index(None, "parent_id"),
)

edition = Table(
    "edition",
    metadata,
    _id(),
    Column("layer", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="draft"),
    _instant("created_at", nullable=False),
    _instant("published_at"),
    _instant("retired_at"),
    _one_of("layer", LAYERS),
    _one_of("state", EDITION_STATES),
    Index("edition_published_key", "layer", unique=True, postgresql_where=text("state = 'published'")),
    Index("edition_draft_key", "layer", unique=True, postgresql_where=text("state = 'draft'")),
)

grid_version = Table(
    "grid_version",
    metadata,
    _id(),
    Column("layer", Text, nullable=False),
    _code(nullable=False),
    Column("name", Text, nullable=False),
    Column("area_id", ForeignKey("area.id")),
    _geom("MULTIPOLYGON", nullable=False),
    _instant("valid_from"),  # null: in a draft only; -infinity: in the layer's first edition
    _instant("valid_to"),  # null: still valid
    _one_of("layer", LAYERS),
    CheckConstraint("ST_IsValid(geom)", name="geom"),
    CheckConstraint("valid_from < valid_to", name="valid"),
    Index(None, "geom", postgresql_using="gist"),
    Index(
        "grid_version_current_key",
        "layer",
        "code",
        unique=True,
        postgresql_where=text("valid_from IS NOT NULL AND valid_to IS NULL"),
    ),
    Index("grid_version_draft_key", "layer", "code", unique=True, postgresql_where=text("valid_from IS NULL")),
    Index(None, "code"),
    Index(None, "area_id"),
)

edition_grid = Table(
    "edition_grid",
    metadata,
    Column("edition_id", ForeignKey("edition.id", ondelete="CASCADE"), primary_key=True),
    Column("grid_version_id", ForeignKey("grid_version.id"), primary_key=True),
    Index(None, "grid_version_id"),
)

compound = Table(
    "compound",
    metadata,
    _id(),
    Column("source", Text, nullable=False),
    _code("ref", nullable=False),
    Column("name", Text, nullable=False),
    Column("aliases", ARRAY(Text), nullable=False, server_default="{}"),
    Column("n_households", Integer),
    Column("n_buildings", Integer),
    Column("managed", Boolean),
    _geom("GEOMETRY", nullable=False),
    UniqueConstraint("source", "ref"),
    CheckConstraint("ST_IsValid(geom)", name="geom"),
    CheckConstraint("GeometryType(geom) IN ('POINT', 'POLYGON', 'MULTIPOLYGON')", name="geom_type"),
    CheckConstraint("n_households >= 0 AND n_buildings >= 0", name="counts"),
    Index(None, "geom", postgresql_using="gist"),
)

compound_name = Table(
    "compound_name",
    metadata,
    Column("compound_id", ForeignKey("compound.id", ondelete="CASCADE"), primary_key=True),
    _code("key", primary_key=True),  # compounds.name_key() of the name or an alias
    Index(None, "key"),
)

household = Table(
    "household",
    metadata,
    _id(),
    Column("compound_id", ForeignKey("compound.id"), nullable=False),
    Column("building", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("room", Text, nullable=False),
    _geom("POINT", nullable=False),
    Column("grid_version_id", ForeignKey("grid_version.id")),
    UniqueConstraint("compound_id", "building", "unit", "room"),
    Index(None, "geom", postgresql_using="gist"),
    Index(None, "grid_version_id"),
)

worker = Table(
    "worker",
    metadata,
    _id(),
    _code(nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
)

duty = Table(
    "duty",
    metadata,
    _id(),
    Column("worker_id", ForeignKey("worker.id"), nullable=False),
    Column("layer", Text, nullable=False),
    _code("grid_code", nullable=False),  # a code, not a version: duty outlives a redrawn border
    Column("kind", Text, nullable=False),
    Column("weekdays", ARRAY(SmallInteger)),  # ISO 1-7; null: every day
    Column("starts", Time),  # local time; null: the whole day
    Column("ends", Time),
    _one_of("layer", LAYERS),
    _one_of("kind", DUTY_KINDS),
    UniqueConstraint("grid_code", "layer", "worker_id", "kind"),
    CheckConstraint("(starts IS NULL) = (ends IS NULL) AND starts <> ends", name="hours"),
)

visit = Table(
    "visit",
    metadata,
    _id(),
    Column("client_key", Uuid, nullable=False, unique=True),
    Column("household_id", ForeignKey("household.id"), nullable=False),
    Column("worker_id", ForeignKey("worker.id")),
    Column("outcome", Text, nullable=False),
    _instant("happened_at", nullable=False),
    _instant("recorded_at", nullable=False),
    _one_of("outcome", OUTCOMES),
    Index(None, "household_id", "happened_at"),
    Index(None, "happened_at"),
)

category = Table(
    "category",
    metadata,
    _code(primary_key=True),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
)

account = Table(
    "account",
    metadata,
    _id(),
    _code("login", nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("worker_id", ForeignKey("worker.id")),
    Column("demo", Boolean, nullable=False, server_default=text("false")),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("n_failed", Integer, nullable=False, server_default="0"),
    _instant("locked_until"),
    _one_of("role", ROLES),
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
    _instant("created_at", nullable=False),
    _instant("expires_at", nullable=False),
    _one_of("kind", ("session", "bearer")),
    Index(None, "account_id"),
)

report = Table(
    "report",
    metadata,
    _id(),
    Column("source", Text, nullable=False),  # 'gridsvc' for our own, else the import's --source
    _code("number", nullable=False),
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
    _geom("POINT"),
    Column("accuracy_m", Double),
    _instant("observed_at"),
    _instant("received_at", nullable=False),
    Column("day_only", Boolean, nullable=False, server_default=text("false")),
    _instant("closed_at"),
    Column("client_key", Uuid),
    Column("body_hash", LargeBinary),
    Column("sender_id", ForeignKey("account.id")),
    _one_of("state", REPORT_STATES),
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
    _instant("from_at", nullable=False),
    _instant("to_at"),  # null: the current one
    Column("grid_version_id", ForeignKey("grid_version.id")),
    Column("method", Text, nullable=False),
    Column("distance_m", Double),
    Column("confidence", Double),
    Column("runners_up", JSONB),
    Column("reason", Text),
    Column("worker_id", ForeignKey("worker.id")),
    Column("duty", Text),
    _one_of("method", METHODS),
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
    _instant("at", nullable=False),
    Column("note", Text),
    Column("facts", JSONB),
)

basemap = Table(
    "basemap",
    metadata,
    _id(),
    Column("source", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("class", Text),
    Column("name", Text),
    _geom("GEOMETRY", nullable=False),
    _one_of("kind", BASEMAP_KINDS),
    CheckConstraint("ST_IsValid(geom)", name="geom"),
    Index(None, "geom", postgresql_using="gist"),
)

report_number = Sequence("report_number_seq", metadata=metadata)
