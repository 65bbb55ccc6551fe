"""A file that is open already: a process behind locks reads it without being able to open anything."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Literal


class Held:
    """The file behind a handle, with as much of `Path` as the readers of tables ask for.

    It is opened as often as one likes, each time from its beginning, by one reader at a time: all share a place in it.
    """

    name = "file"

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def open(self, _mode: Literal["rb"]) -> io.BufferedReader:
        """The bytes from the first one on."""
        os.lseek(self._handle, 0, os.SEEK_SET)
        return io.BufferedReader(io.FileIO(os.dup(self._handle)))

    def stat(self) -> os.stat_result:
        """What the system knows of the file."""
        return os.fstat(self._handle)


Openable = Path | Held
