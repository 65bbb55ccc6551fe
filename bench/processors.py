"""Processor time of processes and threads: on a busy machine it says more than the clock."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def spent_s(pid: int) -> float:
    """Seconds that a process and all that came from it have worked, what of that has ended included."""
    stats = _all()
    return sum(sum(int(field) for field in stats[one][11:15]) for one in _family(pid, stats)) / _TICKS


def thread_s(native_id: int) -> float:
    """Seconds that a thread of this process has worked; 0 when it is gone."""
    return sum(int(field) for field in _stat(Path(f"/proc/self/task/{native_id}/stat"))[11:13]) / _TICKS


def parent(pid: int) -> int:
    """The process that a process came from."""
    return int(_stat(Path(f"/proc/{pid}/stat"))[1])


def children(pid: int) -> list[int]:
    """The processes that came from it and still are."""
    return [one for one, fields in _all().items() if int(fields[1]) == pid]


def _all() -> dict[int, list[str]]:
    found = {int(path.name): _stat(path / "stat") for path in Path("/proc").iterdir() if path.name.isdigit()}
    return {pid: fields for pid, fields in found.items() if fields}


def _family(pid: int, stats: dict[int, list[str]]) -> list[int]:
    found = [pid] if pid in stats else []
    for one in found:
        found += [child for child, fields in stats.items() if int(fields[1]) == one]
    return found


def _stat(path: Path) -> list[str]:
    """The fields after the name; none of a process that has just ended: its parent has its time."""
    try:
        return path.read_text().rsplit(")", 1)[1].split()
    except OSError:
        return []
