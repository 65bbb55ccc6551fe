"""Campaigns of visits: what was asked for, the list as it was drawn, counts that are kept with each change."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from gridsvc.db.tables.base import code_column, id_column, instant, metadata, one_of
from gridsvc.rules.visiting import OUTCOMES

CAMPAIGN_STATES = ("draft", "running", "ended")
DOOR_STATUSES = (*OUTCOMES, "not_visited")

campaign = Table(
    "campaign",
    metadata,
    id_column(),
    code_column(nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="draft"),
    Column("kinds", ARRAY(Text), nullable=False),
    Column("class_codes", ARRAY(Text)),  # null: every class
    Column("area_ids", ARRAY(BigInteger), nullable=False, server_default="{}"),  # empty: everywhere
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),  # included
    instant("starts_at", nullable=False),  # the instants that those days bound
    instant("ends_at", nullable=False),
    Column("n_times", SmallInteger, nullable=False, server_default="1"),  # how often each door is to be reached
    Column("modes", ARRAY(Text), nullable=False, server_default="{door}"),  # the ones that count
    Column("target_percent", SmallInteger, nullable=False, server_default="95"),  # of the eligible doors
    Column("by_whom", Text, nullable=False, server_default=""),
    Column("questions", ARRAY(Text), nullable=False, server_default="{}"),
    Column("n_issued", Integer, nullable=False, server_default="0"),  # questionnaires given out beside the visits
    Column("n_returned", Integer, nullable=False, server_default="0"),
    instant("created_at", nullable=False),
    Column("created_by", ForeignKey("account.id")),
    instant("drawn_at"),
    instant("ended_at"),
    one_of("state", CAMPAIGN_STATES),
    CheckConstraint("kinds <@ '{household,shop,firm}' AND kinds <> '{}'", name="kinds"),
    CheckConstraint("modes <@ '{door,phone,wechat,meeting}' AND modes <> '{}'", name="modes"),
    CheckConstraint("starts_on <= ends_on AND starts_at < ends_at", name="days"),
    CheckConstraint("n_times > 0 AND n_issued >= 0 AND n_returned >= 0", name="counts"),
    CheckConstraint("target_percent BETWEEN 1 AND 100", name="target"),
    CheckConstraint("(state = 'draft') = (drawn_at IS NULL)", name="drawn"),
)

# The days, modes and times of a drawn campaign until an instant, where they are others since; a trigger writes it.
campaign_was = Table(
    "campaign_was",
    metadata,
    id_column(),
    Column("campaign_id", ForeignKey("campaign.id", ondelete="CASCADE"), nullable=False, index=True),
    instant("until_at", nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),
    instant("starts_at", nullable=False),
    instant("ends_at", nullable=False),
    Column("n_times", SmallInteger, nullable=False),
    Column("modes", ARRAY(Text), nullable=False),
)

campaign_door = Table(
    "campaign_door",
    metadata,
    Column("campaign_id", ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True),
    Column("household_id", ForeignKey("household.id"), primary_key=True, index=True),
    Column("targeted", Boolean, nullable=False),  # not yet excluded when the list was drawn
    Column("status", Text, nullable=False, server_default="not_visited"),
    Column("n_visits", Integer, nullable=False, server_default="0"),
    Column("n_reached", Integer, nullable=False, server_default="0"),
    Column("n_met", Integer, nullable=False, server_default="0"),
    Column("most_met", Integer, nullable=False, server_default="0"),
    instant("reached_at"),  # first
    one_of("status", DOOR_STATUSES),
)

# Where the list had another entry of the same door until an instant: read as of then, by SQL function listed_doors.
campaign_door_before = Table(
    "campaign_door_before",
    metadata,
    Column("campaign_id", ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True),
    Column("household_id", ForeignKey("household.id"), primary_key=True),
    Column("became_id", ForeignKey("household.id"), nullable=False),
    instant("until_at", primary_key=True),
)

# The counts of `rules.coverage` by the finest key that a coverage groups by; null: in no grid, in no compound.
CELL_KEY = ("campaign_id", "grid_version_id", "compound_id", "class_code", "kind")
CELL_COUNTS = (
    *("enumerated", "targeted", "eligible", "attempted", "found", "reached", "reached_enumerated", "completed"),
    *("absent", "refused", "vacant", "moved", "not_found", "not_eligible", "not_visited", "removed"),
    *("n_visits", "n_met", "most_met"),
)
campaign_cell = Table(
    "campaign_cell",
    metadata,
    Column("campaign_id", ForeignKey("campaign.id", ondelete="CASCADE"), nullable=False),
    Column("grid_version_id", ForeignKey("grid_version.id")),
    Column("compound_id", ForeignKey("compound.id")),
    code_column("class_code", nullable=False),
    Column("kind", Text, nullable=False),
    *(Column(name, Integer, nullable=False, server_default="0") for name in CELL_COUNTS),
    UniqueConstraint(*CELL_KEY, name="campaign_cell_key", postgresql_nulls_not_distinct=True),
    Index("campaign_cell_empty_idx", "campaign_id", postgresql_where=text("enumerated = 0")),
)

# The same by grid alone, kept by a trigger on the cells.
campaign_grid = Table(
    "campaign_grid",
    metadata,
    Column("campaign_id", ForeignKey("campaign.id", ondelete="CASCADE"), nullable=False),
    Column("grid_version_id", ForeignKey("grid_version.id")),
    *(Column(name, Integer, nullable=False, server_default="0") for name in CELL_COUNTS),
    UniqueConstraint("campaign_id", "grid_version_id", name="campaign_grid_key", postgresql_nulls_not_distinct=True),
)

saved_query = Table(
    "saved_query",
    metadata,
    id_column(),
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("query", Text, nullable=False),  # of an address, without the question mark
    instant("saved_at", nullable=False),
    UniqueConstraint("account_id", "name"),
)
