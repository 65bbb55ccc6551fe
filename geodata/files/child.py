"""What every reading process does first: keeps its way to answer, takes its request, locks itself in."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.ma
from pyproj import datadir

from geodata.errors import FileRefused, GeodataError
from geodata.files.lockdown import lock_down
from geodata.layer import Limits

# numpy loads this part of itself when first needed, and behind the locks nothing can be loaded.
_LOADED = numpy.ma
# Kept equal to the names that `sandbox` gives; a second constant, because this module must not start processes.
_REQUEST_NAME = "request.json"
_PROJ_NAME = "proj"


@dataclass(frozen=True)
class Inside:
    """A process behind its locks: its folder, what it is asked, and the handle that it answers to."""

    folder: Path
    request: dict[str, Any]
    limits: Limits
    guards: list[str]
    answer_to: int


def enter() -> Inside:
    """Locks this process in; from here on it can compute, and read what it holds."""
    answer_to = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    folder = Path.cwd()
    request = json.loads((folder / _REQUEST_NAME).read_text("utf-8"))
    limits = Limits(**request["limits"])
    datadir.set_data_dir(str(folder / _PROJ_NAME))
    return Inside(folder, request, limits, lock_down(folder, limits.memory_bytes, limits.cpu_s), answer_to)


def refusal(error: BaseException, limits: Limits) -> GeodataError:
    """What is to be said of an error that ended the reading."""
    if isinstance(error, GeodataError):
        return error
    if isinstance(error, MemoryError):
        return FileRefused("file_needs_too_much_memory", limit_mb=limits.memory_bytes // 2**20)
    # A library's own error on a file nobody foresaw must still be a refusal; a panic in Rust is no Exception.
    return FileRefused("file_unreadable", cause=f"{type(error).__name__}: {error}"[:160])
