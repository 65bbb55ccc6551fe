"""An anchor: the last row of every log at one moment, in a file that nobody of this database can change.

A chain shows a change inside it; that its end was cut off, or that the whole of it was made anew, only an anchor shows.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TextIO

from sqlalchemy import Connection

from gridsvc.audit import Finding
from gridsvc.db.queries import load
from gridsvc.errors import Refused

FORMAT = "gridsvc-anchor-1"
_AT_ONCE = 5_000
_STREAM = {"stream_results": True, "yield_per": _AT_ONCE}


@dataclass(frozen=True)
class Head:
    """The last row of a report's log: its place in it, and its digest, which covers every row before."""

    report_id: int
    seq: int
    digest: bytes
    source: str
    number: str
    repeat: int


@dataclass(frozen=True)
class Anchor:
    """What was written: how many heads, and the SHA-256 over all of them, short enough to be noted on paper."""

    n_reports: int
    sha256: str


def write(db: Connection, out: TextIO, now: datetime) -> Anchor:
    """The anchor of this moment, whose heads are now in `out`: a line each, the digest over all of them last."""
    out.write(f"{FORMAT}\t{now.isoformat()}\n")
    n, whole = 0, hashlib.sha256()
    for row in db.execute(load("audit_heads"), execution_options=_STREAM):
        parts = (str(row.report_id), str(row.seq), row.digest.hex(), _plain(row.source), _plain(row.number))
        line = "\t".join((*parts, str(row.repeat)))
        whole.update(f"{line}\n".encode())
        out.write(f"{line}\n")
        n += 1
    out.write(f"sha256\t{n}\t{whole.hexdigest()}\n")
    return Anchor(n, whole.hexdigest())


def read(lines: Iterable[str]) -> Iterator[Head]:
    """The heads of a file, one at a time.

    Raises:
        Refused: `anchor_unreadable` (at `row`), `anchor_damaged`: a line is missing, or not what was written.
    """
    n, whole, ended = 0, hashlib.sha256(), False
    for row, line in enumerate(lines, start=1):
        parts = line.rstrip("\n").split("\t")
        if row == 1 and parts[0] == FORMAT and len(parts) == 2:
            continue
        if parts[0] == "sha256" and len(parts) == 3:
            if parts[1:] != [str(n), whole.hexdigest()]:
                raise Refused("anchor_damaged")
            ended = True
            continue
        if row == 1 or ended or len(parts) != 6:
            raise Refused("anchor_unreadable", row=row)
        whole.update(line.rstrip("\n").encode() + b"\n")
        n += 1
        yield _head(parts, row)
    if not ended:
        raise Refused("anchor_damaged")


def told(lines: Iterable[str]) -> Anchor:
    """What the last line of a file says of it, to be compared with what was noted; `read` says whether it is true.

    >>> told(["gridsvc-anchor-1\\t2026-01-01", "sha256\\t0\\tabc"])
    Anchor(n_reports=0, sha256='abc')
    """
    last = deque(lines, maxlen=1)
    parts = last[0].rstrip("\n").split("\t") if last else []
    if len(parts) != 3 or not parts[1].isdecimal():
        raise Refused("anchor_damaged")
    return Anchor(int(parts[1]), parts[2])


def differing(db: Connection, heads: Iterable[Head]) -> Iterator[Finding]:
    """What has been cut off or made anew since an anchor: rows that were the last of their log and are not there."""
    rest = iter(heads)
    while batch := list(islice(rest, _AT_ONCE)):
        values = {f"{name}s": [getattr(one, name) for one in batch] for name in Head.__dataclass_fields__}
        for row in db.execute(load("audit_anchored"), values):
            yield Finding(row.report_id, row.number, row.seq, "anchor")


def _head(parts: list[str], row: int) -> Head:
    try:
        digest = bytes.fromhex(parts[2])
        source, number = (part.encode().decode("unicode_escape") for part in parts[3:5])
        return Head(int(parts[0]), int(parts[1]), digest, source, number, int(parts[5]))
    except ValueError:
        raise Refused("anchor_unreadable", row=row) from None


def _plain(text: str) -> str:
    """A name on one line: an imported number may hold anything."""
    return text.encode("unicode_escape").decode()
