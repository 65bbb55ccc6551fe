"""The process that reads a CSV of doors; started by `asking`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from geodata.layer import DOOR_ROLES, Fields
from gridsvc import names
from gridsvc.imports import telling
from gridsvc.imports.household_rows import Reader, Words


def _begin(used: Fields, request: Mapping[str, Any]) -> Reader:
    classes = {word: (code, on) for word, (code, on) in request["classes"].items()}
    words = Words(request["communities"], classes, request["kind"], used.name or "")
    return Reader(words, used.given())


JOB = telling.Job("households", DOOR_ROLES, (), _begin)


def main() -> None:
    """Tells the doors of a file."""
    # Reads its dictionary now: behind the locks it could not.
    names.name_key("")
    telling.run(JOB)


if __name__ == "__main__":
    sys.exit("this module is started by geodata.files.sandbox")
