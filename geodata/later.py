"""Modules that few calls need and that take much memory: loaded when the first of them asks, not as a process starts.

pandas, scipy, Folium and their like were more than half of the memory of a service that nobody had asked anything yet.
What stands at the top of a module still says what it needs; `tests/house` reads the names here as the imports they are.
"""

from __future__ import annotations

import importlib
from typing import Any


class Later:
    """What has the names of a module, and loads it when one of them is first asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, wanted: str) -> Any:
        return getattr(importlib.import_module(self._name), wanted)


def later(name: str) -> Any:
    """The module of this name, loaded at its first use. Called at the top of a module, where its import would stand.

    >>> later("math").floor(2.5)
    2
    """
    return Later(name)
