"""A CSV file into a staging table: a process without rights reads it, its rows go on to COPY as they come.

The rows are not looked at here: COPY types them while the next are read, and SQL checks them when all are there. What
the process says of them is checked word by word; what contradicts itself is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection

from geodata.errors import CrsError, FileRefused
from geodata.files import answer, frames, sandbox
from geodata.files.frames import Frame
from geodata.layer import ROLES, Fields
from gridsvc.imports import streams
from gridsvc.imports.account import Refusals
from gridsvc.imports.copying import copying
from gridsvc.imports.source import Source, Table

_FORMATS = ("csv", "csv.gz")
_PATIENCE_S = 300.0
_S_PER_MB = 1.0  # a fiftieth of what one processor reads

Progress = Callable[[str, int, int | None], None]


def fill(
    db: Connection,
    into: tuple[str, Collection[str]],
    source: Source,
    program: str,
    words: Mapping[str, object],
    refusals: Refusals,
    progress: Progress,
) -> Any:
    """Copies the good rows of `source.table` into a staging table; the others go to `refusals`.

    Returns what the process says of all rows together; what it says of the file is written to `source`.

    Args:
        into: the table and those of its columns that may be filled.
        program: the module that reads this kind of file.
        words: what it has to know of us.

    Raises:
        FileRefused: as `streams` and `sandbox.stream`; answer_wrong, file_unreadable.
        CrsError: crs_missing.
    """
    table = source.table
    if table is None:
        raise ValueError("no table")
    try:
        with _asked(table, source.n_bytes, program, words) as said:
            columns = _begin(source, table, _facts(said), into[1])
            n_taken = 0
            if columns:
                with copying(db, into[0], columns) as copy:
                    end = _take(said, copy.write, refusals, progress)
                n_taken = copy.n_rows
            else:
                end = _take(said, _nothing, refusals, progress)
        return _end(source, end, n_taken)
    except (FileRefused, CrsError) as error:
        raise type(error)(error.code, **{"file": table.path.name, **error.facts}) from None
    except (ValueError, TypeError, KeyError) as error:
        raise FileRefused("answer_wrong", file=table.path.name, cause=type(error).__name__) from error


@contextmanager
def _asked(table: Table, n_bytes: int, program: str, words: Mapping[str, object]) -> Iterator[Iterator[Frame]]:
    """What the process says, frame by frame. The more there is to read, the longer it may take."""
    time_s = _PATIENCE_S + _S_PER_MB * n_bytes / 2**20
    limits = replace(streams.LIMITS, wall_s=time_s, cpu_s=round(time_s))
    request = {
        **words,
        "fields": table.fields.given(),
        "crs": None if table.crs is None else table.crs.name,
        "header_row": table.header_row,
        "n_at_once": streams.SLICE_ROWS,
        "limits": asdict(limits),
    }
    with sandbox.stream(program, request, table.path, limits) as pieces:
        yield frames.read(pieces)


def _facts(said: Iterator[Frame]) -> Mapping[str, Any]:
    for _, content in said:
        if isinstance(content, dict):
            return content
    raise ValueError("no facts")


def _begin(source: Source, table: Table, head: Mapping[str, Any], fillable: Collection[str]) -> list[str]:
    """Takes over what is said of the file; the columns that are sent."""
    fields, columns = head["fields"], head["columns"]
    if head["format"] not in _FORMATS or type(head["encoding"]) is not str:
        raise ValueError("format")
    if not fields.keys() <= ROLES or not all(type(column) is str for column in fields.values()):
        raise ValueError("fields")
    if not set(columns) <= set(fillable) or len(set(columns)) != len(columns):
        raise ValueError("columns")
    source.format, source.encoding, source.fields = head["format"], head["encoding"], Fields(**fields)
    source.crs = table.crs if head["has_crs"] else None
    return list(columns)


def _take(
    said: Iterator[Frame], write: Callable[[bytes], None], refusals: Refusals, progress: Progress
) -> Mapping[str, Any]:
    """Passes rows on and takes down what is wrong with others, to the end."""
    for _, content in said:
        if isinstance(content, bytes):
            write(content)
        elif "share" in content:
            refusals.add(answer.untold_problems(content["problems"]))
            progress("stage", round(content["share"] * 1000), 1000)
        else:
            # What comes after the last frame is looked for before its rows are believed.
            for _ in said:
                raise ValueError("more")
            return content
    raise ValueError("no end")


def _nothing(rows: bytes) -> None:
    raise ValueError("rows without columns")


def _end(source: Source, end: Mapping[str, Any], n_taken: int) -> Any:
    """What is said of all rows, if it fits what has come."""
    n_rows, notes = end["n_rows"], answer.untold_problems(end["notes"])
    if type(n_rows) is not int or end["n_sent"] != n_taken or not n_taken <= n_rows <= streams.LIMITS.n_rows:
        raise ValueError("counts")
    source.n_rows, source.notes = n_rows, tuple(notes)
    return end["rest"]
