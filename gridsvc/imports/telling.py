"""What the process does that reads a CSV file for an import: it tells the rows as COPY takes them, and what is wrong.

It starts with nothing of the database, and behind its locks could reach none. What it tells is checked by `asking`, by
COPY's own types and by SQL over the staged rows.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from geodata.crs import CrsRef, parse_crs
from geodata.errors import FileRefused
from geodata.files import answer, child, frames
from geodata.files.held import Held, Openable
from geodata.layer import Fields, Kind, Problem
from gridsvc.imports import report_rows, streams
from gridsvc.imports.lines import block
from gridsvc.imports.report_rows import Positions, Slice

_INPUT = 0  # the file is this process's standard input


class Reader(Protocol):
    """Makes columns of the staging table out of rows, and knows at the end what else is to be told."""

    def read(self, part: Slice) -> Mapping[str, Sequence[str | None]]:
        """The good rows of a slice; the reasons of the others are added to its problems."""

    def rest(self) -> object:
        """What belongs to all rows, as JSON takes it."""


Begin = Callable[[Fields, Mapping[str, Any]], Reader]


@dataclass(frozen=True)
class Job:
    """One kind of table: its columns' roles, those it must have, and who reads its rows."""

    kind: Kind
    roles: tuple[str, ...]
    required: tuple[str, ...]
    begin: Begin


@dataclass
class _Seen:
    """What is known of a file as its rows are read."""

    n_rows: int = 0
    notes: tuple[Problem, ...] = field(default=())


def run(job: Job) -> None:
    """Tells the table behind this process's locks, and ends it."""
    inside = child.enter()
    with os.fdopen(inside.answer_to, "wb") as out:
        try:
            for said in tell(job, inside.request, Held(_INPUT)):
                out.write(said)
        except BaseException as error:
            out.write(frames.error(child.refusal(error, inside.limits)))
    # No destructors: what a hostile file has left in a library has no more say.
    os._exit(0)


def tell(job: Job, request: Mapping[str, Any], path: Openable) -> Iterator[bytes]:
    """The answer of one table, in pieces.

    Raises:
        GeodataError: the file as a whole is refused.
    """
    yield frames.begin()
    wanted = Fields(**request["fields"])
    given = None if request["crs"] is None else parse_crs(request["crs"])
    table = streams.open_table(path, wanted, job.kind, request.get("header_row"))
    for role in job.required:
        if role not in table.found.given():
            raise FileRefused("field_required", role=role, columns=", ".join(table.columns)[:400])
    where = positions_of(job.kind, job.roles, table.columns, table.found, wanted, given)
    seen = _Seen(notes=report_rows.opening(table))
    reader = job.begin(where.used, request)
    head = {
        "format": "csv.gz" if table.head.gzipped else "csv",
        "encoding": "utf-8" if table.head.encoding == "utf-8-sig" else table.head.encoding,
        "fields": where.used.given(),
        "has_crs": where.crs is not None,
    }
    n_sent, begun = 0, False
    for part, share in report_rows.of_parts(streams.slices(table, request["n_at_once"]), where, seen):
        columns = reader.read(part)
        if not begun:
            yield frames.told(frames.HEAD, head | {"columns": list(columns)})
            begun = True
        yield from frames.rows(block(columns, plain=part.plain))
        n_sent += len(columns["row"])
        yield frames.told(frames.TOLD, {"share": share, "problems": answer.told_problems(part.problems)})
    if not begun:
        yield frames.told(frames.HEAD, head | {"columns": []})
    notes = answer.told_problems(seen.notes)
    yield frames.told(frames.END, {"n_rows": seen.n_rows, "n_sent": n_sent, "notes": notes, "rest": reader.rest()})


def positions_of(
    kind: Kind, roles: tuple[str, ...], columns: Sequence[str], found: Fields, wanted: Fields, crs: CrsRef | None
) -> Positions:
    """Where a table's positions are; one of doors that has none is in no system.

    Raises:
        GeodataError: as `report_rows.find_positions`.
    """
    where = report_rows.find_positions(columns, found, wanted, crs, streams.LIMITS, kind, roles)
    return replace(where, crs=None) if kind == "households" and where.pair is None else where
