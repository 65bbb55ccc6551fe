"""Photos and what was blacked out in them, voice notes, and the reports that show them."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from gridsvc.db.tables.base import geom_column, instant, metadata, one_of

PHOTO_FORMATS = ("jpeg", "png", "webp", "heif")
PHOTO_KINDS = ("near", "far", "reference", "before", "after")
VOICE_TYPES = ("audio/webm", "audio/ogg", "audio/mp4", "audio/wav")

photo_folder = Table(
    "photo_folder",
    metadata,
    Column("token", Uuid, primary_key=True, server_default=text("gen_random_uuid()")),  # the one row of this schema
)

photo = Table(
    "photo",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),  # of the bytes that were sent; they themselves are not kept
    Column("file_sha256", LargeBinary, nullable=False),  # of the picture that is shown now, which names its file
    Column("version", Integer, nullable=False, server_default="1"),  # one more with each redaction
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("n_bytes", Integer, nullable=False),
    Column("sent_format", Text, nullable=False),
    Column("sent_bytes", Integer, nullable=False),
    geom_column("POINT"),  # where the camera says it was
    instant("taken_at"),
    instant("received_at", nullable=False),
    Column("sender_id", ForeignKey("account.id")),
    CheckConstraint("octet_length(sha256) = 32 AND octet_length(file_sha256) = 32", name="digests"),
    CheckConstraint("version > 0 AND width > 0 AND height > 0 AND n_bytes > 0 AND sent_bytes > 0", name="sizes"),
    one_of("sent_format", PHOTO_FORMATS),
    CheckConstraint("ST_X(geom) BETWEEN -180 AND 180 AND ST_Y(geom) BETWEEN -90 AND 90", name="geom"),
    Index(None, "file_sha256"),
    Index(None, "received_at"),
)

photo_sender = Table(  # who sent the same bytes later
    "photo_sender",
    metadata,
    Column("sha256", ForeignKey("photo.sha256", ondelete="CASCADE"), primary_key=True),
    Column("account_id", ForeignKey("account.id"), primary_key=True),
)

photo_redaction = Table(
    "photo_redaction",
    metadata,
    Column("sha256", ForeignKey("photo.sha256", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True),  # of the photo after it
    Column("before_sha256", LargeBinary, nullable=False),  # the file that showed what is black now
    Column("boxes", JSONB, nullable=False),  # [[x0, y0, x1, y1], …] in pixels of the stored picture
    Column("reason", Text, nullable=False),
    Column("actor_id", ForeignKey("account.id"), nullable=False),
    instant("at", nullable=False),
    instant("removed_at"),  # when that file was deleted
    CheckConstraint("version > 1", name="version"),
    Index(None, "before_sha256"),
)

report_photo = Table(
    "report_photo",
    metadata,
    Column("report_id", ForeignKey("report.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),  # of the report_log row that lists it
    Column("sha256", ForeignKey("photo.sha256"), primary_key=True),
    Column("place", SmallInteger, nullable=False),  # 0, 1, … in the order in which they were listed
    Column("kind", Text, nullable=False),
    one_of("kind", PHOTO_KINDS),
    Index(None, "sha256"),
)

voice = Table(
    "voice",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),  # of the bytes that were sent, which are kept as they are
    Column("media_type", Text, nullable=False),  # by content
    Column("n_bytes", Integer, nullable=False),
    Column("duration_s", Double),  # null: the file does not say
    instant("received_at", nullable=False),
    Column("sender_id", ForeignKey("account.id"), nullable=False),
    CheckConstraint("octet_length(sha256) = 32 AND n_bytes > 0 AND duration_s >= 0", name="sizes"),
    one_of("media_type", VOICE_TYPES),
    Index(None, "received_at"),
)

report_voice = Table(
    "report_voice",
    metadata,
    Column("report_id", ForeignKey("report.id"), primary_key=True),
    Column("sha256", ForeignKey("voice.sha256"), primary_key=True),
    Column("sender_id", ForeignKey("account.id"), nullable=False),
    Index(None, "sha256"),
)
