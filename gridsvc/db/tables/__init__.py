"""Every table, as SQLAlchemy Core with GeoAlchemy2: rows, not graphs.

No table names a schema: the search path of the connection decides, so one county is one schema. Geometry is EPSG:4326,
instants are timestamptz, enums are short English codes in a CHECK, codes compare by code point (`COLLATE "C"`).
"""

from __future__ import annotations

from gridsvc.db.tables.base import metadata
from gridsvc.db.tables.calendar import calendar_day, calendar_year
from gridsvc.db.tables.cases import (
    LIMIT_UNITS,
    RESPONSIBILITY_LISTS,
    deletion_record,
    department,
    reporter,
    responsibility,
    stage_limit,
    whistle_call,
)
from gridsvc.db.tables.categories import CATEGORY_KINDS, category, category_condition, category_map, category_sheet
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
from gridsvc.db.tables.photos import PHOTO_FORMATS, PHOTO_KINDS, photo, photo_folder, photo_redaction, report_photo
from gridsvc.db.tables.reports import (
    LEVELS,
    METHODS,
    OPEN_STATES,
    REPORT_STATES,
    ROUTINGS,
    STAGES,
    placement,
    report,
    report_log,
    report_number,
)

__all__ = [
    "AREA_LEVELS",
    "BASEMAP_KINDS",
    "CATEGORY_KINDS",
    "DUTY_KINDS",
    "EDITION_STATES",
    "LAYERS",
    "LEVELS",
    "LIMIT_UNITS",
    "METHODS",
    "OPEN_STATES",
    "OUTCOMES",
    "PHOTO_FORMATS",
    "PHOTO_KINDS",
    "REPORT_STATES",
    "RESPONSIBILITY_LISTS",
    "ROLES",
    "ROUTINGS",
    "STAGES",
    "account",
    "account_area",
    "area",
    "basemap",
    "calendar_day",
    "calendar_year",
    "category",
    "category_condition",
    "category_map",
    "category_sheet",
    "compound",
    "compound_name",
    "credential",
    "deletion_record",
    "department",
    "duty",
    "edition",
    "edition_grid",
    "grid_version",
    "household",
    "metadata",
    "photo",
    "photo_folder",
    "photo_redaction",
    "placement",
    "report",
    "report_log",
    "report_number",
    "report_photo",
    "reporter",
    "responsibility",
    "stage_limit",
    "visit",
    "whistle_call",
    "worker",
]
