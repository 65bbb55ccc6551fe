"""Counts of reports in small squares, kept by triggers of `report` for the tiles of the map."""

from __future__ import annotations

from sqlalchemy import Column, Integer, SmallInteger, Table

from gridsvc.db.tables.base import metadata

# The 32 x 32 squares of the tile z, x, y; i from the west, j from the north.
report_bin = Table(
    "report_bin",
    metadata,
    Column("z", SmallInteger, primary_key=True, autoincrement=False),
    Column("x", Integer, primary_key=True, autoincrement=False),
    Column("y", Integer, primary_key=True, autoincrement=False),
    Column("i", SmallInteger, primary_key=True, autoincrement=False),
    Column("j", SmallInteger, primary_key=True, autoincrement=False),
    Column("n", Integer, nullable=False),
)

# What was written since the last fold: so many more or fewer in the square x, y, of 2^19 a side.
report_bin_change = Table(
    "report_bin_change",
    metadata,
    Column("x", Integer, nullable=False),
    Column("y", Integer, nullable=False),
    Column("n", Integer, nullable=False),
)
