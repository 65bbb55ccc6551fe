"""Every table, as SQLAlchemy Core with GeoAlchemy2: rows, not graphs.

No table names a schema: the search path of the connection decides, so one county is one schema. Geometry is EPSG:4326,
instants are timestamptz, enums are short English codes in a CHECK, codes compare by code point (`COLLATE "C"`).
"""

from __future__ import annotations

from gridsvc.db.tables.base import metadata
from gridsvc.db.tables.doors import OUTCOMES, household, visit
from gridsvc.db.tables.ground import (
    AREA_LEVELS,
    BASEMAP_KINDS,
    EDITION_STATES,
    LAYERS,
    area,
    basemap,
    compound,
    compound_name,
    edition,
    edition_grid,
    grid_version,
)
from gridsvc.db.tables.people import DUTY_KINDS, ROLES, account, account_area, credential, duty, worker
from gridsvc.db.tables.reports import METHODS, REPORT_STATES, category, placement, report, report_log, report_number

__all__ = [
    "AREA_LEVELS",
    "BASEMAP_KINDS",
    "DUTY_KINDS",
    "EDITION_STATES",
    "LAYERS",
    "METHODS",
    "OUTCOMES",
    "REPORT_STATES",
    "ROLES",
    "account",
    "account_area",
    "area",
    "basemap",
    "category",
    "compound",
    "compound_name",
    "credential",
    "duty",
    "edition",
    "edition_grid",
    "grid_version",
    "household",
    "metadata",
    "placement",
    "report",
    "report_log",
    "report_number",
    "visit",
    "worker",
]
