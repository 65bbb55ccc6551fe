"""The process that reads a CSV of reports; started by `asking`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from geodata.layer import REPORT_ROLES, Fields
from gridsvc.imports import telling
from gridsvc.imports.report_rows import Reading
from gridsvc.imports.times import Times

REQUIRED = ("time",)


def _begin(used: Fields, request: Mapping[str, Any]) -> Reading:
    return Reading(Times(request["date_order"]), request["categories"], numbered=used.number is not None)


JOB = telling.Job("reports", REPORT_ROLES, REQUIRED, _begin)


def main() -> None:
    """Tells the reports of a file."""
    telling.run(JOB)


if __name__ == "__main__":
    sys.exit("this module is started by geodata.files.sandbox")
