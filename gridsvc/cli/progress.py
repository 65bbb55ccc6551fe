"""A progress bar on standard error for what takes longer than two seconds."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gridsvc.cli.door import Door

# What is being done (a key below `cli.step`), how much of it, of how much (None: nobody knows).
Step = Callable[[str, int, int | None], None]
PATIENCE_S = 2.0


@contextmanager
def shown(door: Door) -> Iterator[Step]:
    """A function to call as the work goes on; it shows a bar once two seconds have passed, and only on a terminal.

    The bar's library is loaded then, so that what is quick never waits for it.
    """
    if not sys.stderr.isatty():
        yield lambda key, done, total: None
        return
    told: dict[str, Any] = {"description": "", "completed": 0, "total": None}
    bar: Any = None

    def begin() -> None:
        nonlocal bar
        bar = importlib.import_module("gridsvc.cli.bar").begun(told)

    def step(key: str, done: int, total: int | None) -> None:
        told.update(description=door.word(f"cli.step.{key}"), completed=done, total=total)
        if bar is not None:
            bar.update(0, **told)

    late = threading.Timer(PATIENCE_S, begin)
    late.daemon = True
    late.start()
    try:
        yield step
    finally:
        late.cancel()
        late.join()  # it may just be beginning; a bar that began after the end would stay
        if bar is not None:
            bar.stop()
