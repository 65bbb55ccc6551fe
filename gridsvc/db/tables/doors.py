"""The register of households, shops and firms, and the visits to their doors."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from gridsvc.db.tables.base import code_column, geom_column, id_column, instant, metadata, one_of
from gridsvc.rules.roles import ROLES
from gridsvc.rules.visiting import MODES, OUTCOMES, WITHDRAWN

DOOR_KINDS = ("household", "shop", "firm")
POSITION_SOURCES = ("door", "building", "compound")
EXCLUSIONS = ("vacant", "not_eligible")
_OF_TWO = ("apart", "alike", "kept", "merged", "gave_back", "returned")
DOOR_ACTIONS = ("added", "changed", "removed", "restored", "unmasked", *_OF_TWO)

household_class = Table(
    "household_class",
    metadata,
    code_column(primary_key=True),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("cycle_days", Integer),  # a visit is due this long after the last that reached; null: never
    Column("sensitive", Boolean, nullable=False, server_default=text("false")),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    CheckConstraint("cycle_days > 0", name="cycle_days"),
)

household = Table(
    "household",
    metadata,
    id_column(),
    Column("kind", Text, nullable=False, server_default="household"),
    Column("community_id", ForeignKey("area.id")),
    Column("compound_id", ForeignKey("compound.id")),  # null: on a street, in no compound
    Column("building", Text, nullable=False),  # the key's levels as rules.addresses normalises them; 无 for none
    Column("unit", Text, nullable=False),
    Column("room", Text, nullable=False),
    code_column("tag", nullable=False, server_default=""),  # of shops and firms: the name's key, several share a room
    Column("name", Text),  # of a shop or firm
    Column("class_code", ForeignKey("household_class.code"), nullable=False, server_default="ordinary"),
    geom_column("POINT", nullable=False),
    Column("position_source", Text, nullable=False, server_default="building"),
    Column("grid_version_id", ForeignKey("grid_version.id")),
    Column("n_people", Integer),
    Column("registered_elsewhere", Boolean, nullable=False, server_default=text("false")),  # 人户分离
    Column("contact_name", Text),
    Column("contact_phone", Text),
    Column("source", Text, nullable=False, server_default=""),
    instant("registered_at", nullable=False),
    instant("removed_at"),
    instant("reached_at"),  # the last counted visit that reached somebody: what the next due day counts from
    Column("excluded", Text),  # the confirmed reason that holds now, of household_exclusion
    Column("same_as_id", ForeignKey("household.id")),  # this entry was the same door as that one, which stays
    one_of("kind", DOOR_KINDS),
    one_of("position_source", POSITION_SOURCES),
    one_of("excluded", EXCLUSIONS),
    CheckConstraint("n_people >= 0", name="n_people"),
    CheckConstraint("same_as_id IS NULL OR (removed_at IS NOT NULL AND same_as_id <> id)", name="same"),
    UniqueConstraint(
        "compound_id",
        "building",
        "unit",
        "room",
        "community_id",
        "kind",
        "tag",
        name="household_key",
        postgresql_nulls_not_distinct=True,
    ),
    Index(None, "geom", postgresql_using="gist"),
    Index("household_grid_version_id_idx", "grid_version_id", postgresql_include=("kind", "removed_at")),
    Index(None, "community_id"),
    Index(None, "registered_at"),
    Index("household_same_as_id_idx", "same_as_id", postgresql_where=text("same_as_id IS NOT NULL")),
)

# What persons did to a door, and that one which was removed is back, by whatever way. It only grows; the notes of a
# door that is gone for long are blanked (household_retain.sql).
household_log = Table(
    "household_log",
    metadata,
    id_column(),
    Column("household_id", ForeignKey("household.id"), nullable=False, index=True),
    instant("at", nullable=False),
    Column("account_id", ForeignKey("account.id")),
    Column("action", Text, nullable=False),
    Column("note", Text),  # the reason or the purpose
    Column("fields", ARRAY(Text), nullable=False, server_default="{}"),  # names of what was changed, never its content
    Column("other_id", ForeignKey("household.id")),  # the other door of what is said of two
    Column("account_role", Text),  # in which the account did it
    one_of("action", DOOR_ACTIONS),
    CheckConstraint(f"(action IN {_OF_TWO}) = (other_id IS NOT NULL)", name="other"),
    Index("household_log_other_id_idx", "other_id", postgresql_where=text("other_id IS NOT NULL")),
    Index("household_log_restored_idx", "at", postgresql_where=text("action IN ('restored', 'returned')")),
)

# What a door was until an instant, where it has changed since; a trigger on household writes it. It says nothing of who
# lives there; it goes with what was kept of people at a door that is gone for long (household_retain.sql).
household_was = Table(
    "household_was",
    metadata,
    id_column(),
    Column("household_id", ForeignKey("household.id", ondelete="CASCADE"), nullable=False, index=True),
    instant("until_at", nullable=False, index=True),
    code_column("class_code", nullable=False),
    Column("kind", Text, nullable=False),
    Column("compound_id", BigInteger),
    geom_column("POINT", nullable=False),
)

# From when on household_was and campaign_was are whole: one row; null: from the first door on.
was_since = Table(
    "was_since",
    metadata,
    Column("one", Boolean, primary_key=True, server_default=text("true")),
    instant("since"),
    CheckConstraint("one", name="one"),
)

# Doors that came, went or changed, by the transaction that did it, with the grid each was in before and is in now; one
# row without a door where thousands changed. Triggers on household write it.
door_change = Table(
    "door_change",
    metadata,
    Column("xid", BigInteger, nullable=False, server_default=text("pg_current_xact_id()::text::bigint")),
    Column("household_id", BigInteger),
    Column("before_id", BigInteger),
    Column("after_id", BigInteger),
    Index("door_change_xid_idx", "xid", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
)

household_exclusion = Table(
    "household_exclusion",
    metadata,
    id_column(),
    Column("household_id", ForeignKey("household.id"), nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("claimed_by", ForeignKey("account.id")),
    instant("claimed_at", nullable=False),
    Column("confirmed_by", ForeignKey("account.id"), nullable=False),
    instant("confirmed_at", nullable=False),
    Column("document", Text),  # its number or title, where no second person looked
    instant("ended_at"),
    Column("ended_by", ForeignKey("account.id")),
    one_of("reason", EXCLUSIONS),
    CheckConstraint("document IS NOT NULL OR claimed_by <> confirmed_by", name="second"),
    CheckConstraint("ended_at >= confirmed_at", name="ended"),
    Index("household_exclusion_open_key", "household_id", unique=True, postgresql_where=text("ended_at IS NULL")),
)

# A visit is never changed: a correction is a visit of its own that supersedes it.
visit = Table(
    "visit",
    metadata,
    id_column(),
    Column("client_key", Uuid, nullable=False, unique=True),
    Column("digest", LargeBinary),  # of what was sent: the same key with another content is a conflict
    Column("household_id", ForeignKey("household.id"), nullable=False),
    Column("worker_id", ForeignKey("worker.id")),
    Column("account_id", ForeignKey("account.id")),
    Column("outcome", Text, nullable=False),
    Column("mode", Text, nullable=False, server_default="door"),
    instant("happened_at", nullable=False),  # the phone's clock, put right by the offset that was seen
    instant("recorded_at", nullable=False),
    instant("phone_at"),  # what the phone's clock said, where that is another time
    Column("n_met", SmallInteger, nullable=False, server_default="0"),  # people met
    Column("x", Float(53)),
    Column("y", Float(53)),
    Column("crs", Text),
    geom_column("POINT"),
    Column("accuracy_m", Float(53)),
    Column("distance_m", Float(53)),  # to the door
    Column("far", Boolean, nullable=False, server_default=text("false")),
    Column("late", Boolean, nullable=False, server_default=text("false")),  # arrived more than three days afterwards
    Column("needs", Text),
    Column("policies", ARRAY(Text), nullable=False, server_default="{}"),
    Column("answers", JSONB),
    Column("n_issued", SmallInteger, nullable=False, server_default="0"),  # questionnaires
    Column("n_returned", SmallInteger, nullable=False, server_default="0"),
    Column("supersedes_id", ForeignKey("visit.id"), unique=True),
    Column("xid", BigInteger, server_default=text("pg_current_xact_id()::text::bigint")),  # who wrote it; as report_log
    Column("carried", Boolean, nullable=False, server_default=text("false")),  # another door, else as superseded
    Column("importer_id", ForeignKey("account.id")),  # who took it in, where it came from a phone's file
    Column("role", Text),  # in which of its roles the account recorded it
    one_of("outcome", (*OUTCOMES, WITHDRAWN)),
    one_of("mode", MODES),
    one_of("role", ROLES),
    CheckConstraint("n_met >= 0 AND n_issued >= 0 AND n_returned >= 0", name="counts"),
    CheckConstraint("(x IS NULL) = (y IS NULL) AND (x IS NULL) = (crs IS NULL)", name="position"),
    CheckConstraint("outcome <> 'withdrawn' OR supersedes_id IS NOT NULL", name="withdrawn"),
    Index(None, "household_id", "happened_at"),
    Index(None, "happened_at"),
    Index(None, "worker_id", "happened_at"),
    Index("visit_xid_idx", "xid", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
    Index("visit_flagged_idx", "happened_at", "id", postgresql_where=text("far OR late OR phone_at IS NOT NULL")),
    Index("visit_papers_idx", "happened_at", postgresql_where=text("late OR n_issued > 0 OR n_returned > 0")),
    Index(
        "visit_claim_idx", "household_id", "happened_at", postgresql_where=text("outcome IN ('vacant', 'not_eligible')")
    ),
)

visit_report = Table(
    "visit_report",
    metadata,
    Column("visit_id", ForeignKey("visit.id"), primary_key=True),
    Column("report_id", ForeignKey("report.id"), primary_key=True, index=True),
)
