"""Areas, grids in editions, compounds and the base map."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from gridsvc.db.tables.base import code_column, geom_column, id_column, instant, metadata, one_of

AREA_LEVELS = ("city", "district", "subdistrict", "community")
LAYERS = ("base", "dedicated")
EDITION_STATES = ("draft", "published", "retired")
BASEMAP_KINDS = ("road", "building", "water")

area = Table(
    "area",
    metadata,
    id_column(),
    Column("level", Text, nullable=False),
    code_column(nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("parent_id", ForeignKey("area.id")),
    geom_column("MULTIPOLYGON"),
    one_of("level", AREA_LEVELS),
    CheckConstraint("ST_IsValid(geom)", name="geom"),
    Index(None, "geom", postgresql_using="gist"),
    Index(None, "parent_id"),
)

edition = Table(
    "edition",
    metadata,
    id_column(),
    Column("layer", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="draft"),
    instant("created_at", nullable=False),
    instant("published_at"),
    instant("retired_at"),
    one_of("layer", LAYERS),
    one_of("state", EDITION_STATES),
    Index("edition_published_key", "layer", unique=True, postgresql_where=text("state = 'published'")),
    Index("edition_draft_key", "layer", unique=True, postgresql_where=text("state = 'draft'")),
)

grid_version = Table(
    "grid_version",
    metadata,
    id_column(),
    Column("layer", Text, nullable=False),
    code_column(nullable=False),
    Column("name", Text, nullable=False),
    Column("area_id", ForeignKey("area.id")),
    geom_column("MULTIPOLYGON", nullable=False),
    instant("valid_from"),  # null: in a draft only; -infinity: in the layer's first edition
    instant("valid_to"),  # null: still valid
    one_of("layer", LAYERS),
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
    Index("grid_version_called_idx", "id", postgresql_include=["code", "name", "layer"]),
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
    id_column(),
    Column("source", Text, nullable=False),
    code_column("ref", nullable=False),
    Column("name", Text, nullable=False),
    Column("aliases", ARRAY(Text), nullable=False, server_default="{}"),
    Column("n_households", Integer),
    Column("n_buildings", Integer),
    Column("managed", Boolean),
    geom_column("GEOMETRY", nullable=False),
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
    code_column("key", primary_key=True),  # names.name_key() of the name or an alias
    code_column("initials"),  # compounds.initials() of it
    Index(None, "key"),
    Index(None, "initials"),
)

basemap = Table(
    "basemap",
    metadata,
    id_column(),
    Column("source", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("class", Text),
    Column("name", Text),
    geom_column("GEOMETRY", nullable=False),
    one_of("kind", BASEMAP_KINDS),
    CheckConstraint("ST_IsValid(geom)", name="geom"),
    Index(None, "geom", postgresql_using="gist"),
)
