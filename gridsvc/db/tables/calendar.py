"""The working calendar: the years whose official arrangement is known, and the days it makes off or worked."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Date, ForeignKey, Integer, Table, Text, text

from gridsvc.db.tables.base import instant, metadata

calendar_year = Table(
    "calendar_year",
    metadata,
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("by_hand", Boolean, nullable=False),
    instant("filled_at", nullable=False),
    CheckConstraint(text("year BETWEEN 1949 AND 2200"), name="year"),
)

calendar_day = Table(
    "calendar_day",
    metadata,
    Column("year", ForeignKey("calendar_year.year", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("day", Date, primary_key=True),
    Column("works", Boolean, nullable=False),
    Column("name", Text, nullable=False),
    CheckConstraint(text("day BETWEEN make_date(year - 1, 12, 1) AND make_date(year, 12, 31)"), name="within"),
)
