"""The reader of CSV files without a process of its own: what it tells is the same, and costs no start of Python."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from geodata.errors import GeodataError
from geodata.files import frames
from geodata.layer import Limits
from gridsvc.imports import telling


@contextmanager
def stream(program: str, request: Mapping[str, object], path: Path, _limits: Limits) -> Iterator[Iterator[bytes]]:
    """In the place of `geodata.files.sandbox.stream`."""

    def said() -> Iterator[bytes]:
        try:
            yield from telling.tell(importlib.import_module(program).JOB, request, path)
        except GeodataError as error:
            yield frames.error(error)

    yield said()
