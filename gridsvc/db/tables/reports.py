"""Reports, where they belong over time, and their log."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Sequence,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from gridsvc.db.tables.base import code_column, geom_column, id_column, instant, metadata, one_of

OPEN_STATES = ("reported", "verified", "filed", "dispatched", "disposed", "checked")
ENDED_STATES = ("closed", "struck_off", "void", "not_filed", "merged")
REPORT_STATES = (*OPEN_STATES, *ENDED_STATES)
LEVELS = ("grid", "community", "subdistrict", "district", "city")
ROUTINGS = ("list", "fallback", "consultation", "by_hand", "claim")
_IS_OPEN = "state IN (" + ", ".join(f"'{state}'" for state in OPEN_STATES) + ")"
_IS_ENDED = "state IN (" + ", ".join(f"'{state}'" for state in ENDED_STATES) + ")"
STAGES = ("verify", "dispatch", "accept", "dispose", "check")
# What a worklist counts and sorts by: read from the index alone, since open reports lie all over the table.
_LISTED = (
    *("step", "flags", "received_at", "updated_at", "state", "category", "department_id"),
    *("level", "card", "number", "said"),
)
# The narrowest index of the open ones: what counts them reads it whole.
_COUNTED = ("department_id", "step", "flags", "until_at", "id")
# What else the open ones are sorted and chosen by, without what is wide; and where one is looked up by its id.
_SORTED = ("flags", "received_at", "until_at", "updated_at", "state", "category", "level", "card")
# When the present step has to be done by. Once disposed of, the deadline was met or missed for good, and what counts is
# the check's own limit; while a department works, the deadline; before, whichever comes first.
_UNTIL = """CASE
    WHEN state IN ('disposed', 'checked') THEN stage_due_at
    WHEN state NOT IN ('reported', 'verified', 'filed', 'dispatched') THEN NULL
    WHEN stage = 'dispose' THEN due_at ELSE least(due_at, stage_due_at) END"""
# What has to happen next; of those solved on the spot nobody checks what was not drawn.
_STEP = """CASE state
    WHEN 'reported' THEN CASE WHEN by_staff OR verified <> 'unable' THEN 'to_file' ELSE 'to_verify' END
    WHEN 'verified' THEN 'to_file' WHEN 'filed' THEN 'to_dispatch'
    WHEN 'dispatched' THEN CASE WHEN accepted_at IS NULL THEN 'to_accept' ELSE 'in_work' END
    WHEN 'disposed' THEN CASE WHEN outcome = 'on_spot' AND NOT sampled THEN 'to_close' ELSE 'to_check' END
    WHEN 'checked' THEN 'to_close' END"""
# What else it is counted by, a bit each: one small number is grouped by in a fraction of five columns' time.
_FLAGGED = {
    "suspended": "suspended_at IS NOT NULL OR waiting_at IS NOT NULL",
    "consultation": "routing = 'consultation'",
    "extension": "extension_asked_at IS NOT NULL",
    "rework": "n_rework > 0",
}
FLAGS = tuple(_FLAGGED)
_BITS = " + ".join(f"CASE WHEN {asked} THEN {1 << bit} ELSE 0 END" for bit, asked in enumerate(_FLAGGED.values()))
# What of an open report is searched for words, unless it is too long for an index; no word has the sign between.
_SAID = f"""CASE WHEN {_IS_OPEN}
    AND octet_length(description) + coalesce(octet_length(words), 0) <= 600
    THEN description || E'\\x1f' || coalesce(words, '') END"""

METHODS = ("covers", "nearest", "compound", "manual", "none")

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
    instant("phone_at"),  # what the phone's clock said instead, where that was wrong
    # the phone's own fix, where a person moved the pin: as sent, and in EPSG:4326
    Column("measured_x", Double),
    Column("measured_y", Double),
    Column("measured_crs", Text),
    Column("measured_lon", Double),
    Column("measured_lat", Double),
    Column("measured_accuracy_m", Double),
    instant("received_at", nullable=False),
    Column("day_only", Boolean, nullable=False, server_default=text("false")),
    instant("closed_at"),
    Column("client_key", Uuid),
    Column("body_hash", LargeBinary),
    Column("sender_id", ForeignKey("account.id")),
    Column("by_staff", Boolean, nullable=False, server_default=text("false")),
    # The case: written by cases.apply alone, and what replaying report_log gives.
    Column("condition_id", ForeignKey("category_condition.id")),
    Column("department_id", ForeignKey("department.id")),
    Column("assist_ids", ARRAY(BigInteger)),
    Column("called_ids", ARRAY(BigInteger)),
    Column("routing", Text),
    Column("level", Text),
    instant("due_at"),
    instant("due_original_at"),
    Column("due_limit", JSONB),
    Column("milestones", JSONB),
    Column("stage", Text),
    instant("stage_due_at"),
    Column("verified", Text),
    instant("verified_at"),
    instant("filed_at"),
    instant("dispatched_at"),
    instant("accepted_at"),
    instant("interim_at"),
    instant("disposed_at"),
    Column("disposed_by", ForeignKey("account.id")),
    instant("checked_at"),
    instant("struck_at"),
    instant("suspended_at"),
    instant("suspended_until"),
    Column("n_suspensions", SmallInteger, nullable=False, server_default="0"),
    instant("waiting_at"),
    Column("n_asked", SmallInteger, nullable=False, server_default="0"),  # how often the resident was asked
    instant("extension_asked_at"),
    Column("n_extensions", SmallInteger, nullable=False, server_default="0"),
    Column("n_rework", SmallInteger, nullable=False, server_default="0"),
    Column("n_returns", SmallInteger, nullable=False, server_default="0"),
    Column("outcome", Text),
    Column("sampled", Boolean),
    Column("card", Text),
    instant("escalated_at"),
    Column("parent_id", ForeignKey("report.id")),
    instant("answered_at"),
    Column("solved", Text),
    Column("satisfied", Text),
    instant("rated_at"),
    Column("again_of", ForeignKey("report.id")),
    Column("open", Boolean, Computed(_IS_OPEN, persisted=True)),
    instant("updated_at"),  # of the last log row but those that only placed it anew: placement.from_at has that
    Column("until_at", DateTime(timezone=True), Computed(_UNTIL, persisted=True)),
    Column("step", Text(collation="C"), Computed(_STEP, persisted=True)),
    Column("said", Text, Computed(_SAID, persisted=True)),
    Column("flags", SmallInteger, Computed(f"CASE WHEN {_IS_OPEN} THEN {_BITS} END", persisted=True)),
    one_of("state", REPORT_STATES),
    one_of("routing", ROUTINGS),
    one_of("level", LEVELS),
    one_of("stage", STAGES),
    one_of("verified", ("exists", "absent", "unable")),
    one_of("outcome", ("on_spot", "by_deadline", "watched")),
    one_of("card", ("none", "yellow", "red")),
    one_of("solved", ("solved", "partly", "not")),
    one_of("satisfied", ("satisfied", "basically", "not")),
    CheckConstraint("(state = 'merged') = (parent_id IS NOT NULL) AND parent_id <> id", name="parent"),
    CheckConstraint("accuracy_m >= 0", name="accuracy_m"),
    CheckConstraint("(geom IS NULL) = (crs IS NULL)", name="crs"),
    CheckConstraint("ST_X(geom) BETWEEN -180 AND 180 AND ST_Y(geom) BETWEEN -90 AND 90", name="geom"),
    CheckConstraint(
        "num_nulls(measured_x, measured_y, measured_crs, measured_lon, measured_lat) IN (0, 5)"
        " AND measured_lon BETWEEN -180 AND 180 AND measured_lat BETWEEN -90 AND 90 AND measured_accuracy_m >= 0",
        name="measured",
    ),
    UniqueConstraint("source", "number", "repeat"),
    Index("report_client_key_key", "client_key", unique=True, postgresql_where=text("client_key IS NOT NULL")),
    Index(None, "geom", postgresql_using="gist"),
    Index("report_compound_id_idx", "compound_id", postgresql_where=text("compound_id IS NOT NULL")),
    Index(None, "received_at", "id"),
    Index("report_open_until_idx", "until_at", "id", postgresql_where=text("open"), postgresql_include=_LISTED),
    Index(None, "due_at", "id"),
    Index(
        "report_ended_received_at_idx",
        *("state", "received_at", "id"),
        postgresql_where=text(_IS_ENDED),
        postgresql_include=("category",),
    ),
    Index("report_open_counted_idx", *_COUNTED, postgresql_where=text("open"), postgresql_include=("updated_at",)),
    Index("report_open_id_idx", "id", postgresql_where=text("open"), postgresql_include=_SORTED),
    Index("report_open_assist_idx", "id", postgresql_where=text("open AND assist_ids IS NOT NULL")),
    Index("report_open_called_idx", "id", postgresql_where=text("open AND called_ids IS NOT NULL")),
    Index("report_open_long_idx", "id", postgresql_where=text("open AND said IS NULL")),
    Index("report_closed_idx", "closed_at", postgresql_where=text("state = 'closed'")),
    Index("report_struck_idx", "struck_at", postgresql_where=text("state = 'struck_off'")),
    Index("report_parent_id_idx", "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
)

_OPEN_HERE = "to_at IS NULL AND ended IS NULL"

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
    # Of its report, while this is the current placement: the state it ended in and when it was received; null while it
    # is open. A trigger on report keeps them.
    Column("ended", Text),
    instant("received_at"),
    CheckConstraint("(ended IS NULL) = (received_at IS NULL)", name="ended"),
    one_of("method", METHODS),
    CheckConstraint("to_at >= from_at", name="interval"),
    CheckConstraint("(method = 'none') = (grid_version_id IS NULL)", name="grid"),
    CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
    CheckConstraint("duty IN ('main', 'deputy', 'community', 'nobody')", name="duty"),
    Index(
        "placement_current_key",
        "report_id",
        unique=True,
        postgresql_where=text("to_at IS NULL"),
        postgresql_include=("grid_version_id", "worker_id", "confidence"),
    ),
    Index(
        "placement_grid_idx",
        "grid_version_id",
        "ended",
        "received_at",
        postgresql_where=text("to_at IS NULL"),
        postgresql_include=("report_id",),
    ),
    Index(
        "placement_ended_idx",
        "received_at",
        postgresql_where=text("to_at IS NULL AND ended IS NOT NULL AND ended <> 'void'"),
        postgresql_include=("grid_version_id", "from_at", "seq"),
    ),
    Index(
        "placement_past_idx",
        "to_at",
        postgresql_where=text("to_at IS NOT NULL"),
        postgresql_include=("report_id", "grid_version_id", "from_at", "seq"),
    ),
    Index(
        "placement_open_idx",
        "report_id",
        postgresql_where=text(_OPEN_HERE),
        postgresql_include=("grid_version_id", "from_at", "confidence", "seq"),
    ),
    # Few are, and a worklist asks of every report whether it is; the same of those that were placed anew.
    Index("placement_unplaced_idx", "report_id", postgresql_where=text(_OPEN_HERE + " AND grid_version_id IS NULL")),
    Index("placement_doubtful_idx", "report_id", postgresql_where=text(_OPEN_HERE + " AND confidence < 0.8")),
    Index(
        "placement_moved_idx",
        "report_id",
        postgresql_where=text(_OPEN_HERE + " AND seq > 1"),
        postgresql_include=("from_at",),
    ),
)

report_log = Table(
    "report_log",
    metadata,
    Column("report_id", ForeignKey("report.id")),
    Column("seq", Integer),
    Column("action", Text, nullable=False),
    Column("from_state", Text),
    Column("to_state", Text, nullable=False),
    Column("actor_id", ForeignKey("account.id")),
    instant("at", nullable=False),
    Column("note", Text),
    Column("facts", JSONB),
    Column("note_salt", LargeBinary),
    Column("note_digest", LargeBinary),
    Column("digest", LargeBinary, nullable=False),  # of the row before and this one's fields: SQL function log_digest
    # the transaction that wrote the row; none before that was kept
    Column("xid", BigInteger, server_default=text("pg_current_xact_id()::text::bigint")),
    PrimaryKeyConstraint("report_id", "seq", postgresql_include=("at",)),  # when each was last changed
    Index("report_log_at_idx", "at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
    Index("report_log_xid_idx", "xid", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
)

report_number = Sequence("report_number_seq", metadata=metadata)

# What a phone kept while it had no signal, by the key that it made; reports and visits have theirs in their own tables.
sync_item = Table(
    "sync_item",
    metadata,
    Column("key", Uuid, primary_key=True),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),  # of all that was sent: another content under the key is refused
    Column("status", Text, nullable=False),
    Column("report_id", ForeignKey("report.id"), nullable=False, index=True),
    Column("seq", Integer, nullable=False),  # of the report_log row that it became
    instant("received_at", nullable=False),
    one_of("kind", ("action", "attach")),
    one_of("status", ("created", "conflict")),
)
