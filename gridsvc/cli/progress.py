"""A progress bar on standard error for what takes longer than two seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

from gridsvc.cli.door import Door

# What is being done (a key below `cli.step`), how much of it, of how much (None: nobody knows).
Step = Callable[[str, int, int | None], None]
PATIENCE_S = 2.0


@contextmanager
def shown(door: Door) -> Iterator[Step]:
    """A function to call as the work goes on; it shows a bar once two seconds have passed, and only on a terminal."""
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    task = bar.add_task("", total=None)
    late = threading.Timer(PATIENCE_S, bar.start)
    late.daemon = True

    def step(key: str, done: int, total: int | None) -> None:
        bar.update(task, description=door.word(f"cli.step.{key}"), completed=done, total=total)

    late.start()
    try:
        yield step
    finally:
        late.cancel()
        bar.stop()
