"""Whether the logs are what was written, and whether each stored case is what its log tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from gridsvc.db.queries import load
from gridsvc.rules.case import FIELDS, ID_LISTS, Case, replay

MOST_NAMED = 1000  # findings that are named one by one; all are counted
_AT_ONCE = 1000
_STREAM = {"stream_results": True, "yield_per": _AT_ONCE}  # a cursor of the server: memory stays small


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was written.

    `what`: changed, gap, note, note_gone, unsealed, log_missing (`sql/audit_log.sql`), anchor (a row that was there is
    not: `gridsvc.anchors`), or case: the stored case is not what the log tells, in `fields` (the category too, where
    the log names it). `seq` is None where it is no single row.
    """

    report_id: int
    number: str
    seq: int | None
    what: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verified:
    """What was looked at, the first findings, and how many there are of each kind."""

    n_reports: int
    n_rows: int
    findings: tuple[Finding, ...]
    counts: dict[str, int]

    @property
    def sound(self) -> bool:
        """Whether nothing was changed; rows from before the chain (`unsealed`) are told, but no proof of a change."""
        return not self.counts.keys() - {"unsealed"}


def verify(
    db: Connection, progress: Callable[[int], None] = lambda n: None, *, anchored: Iterable[Finding] = ()
) -> Verified:
    """Looks at every row of every log, and replays every report.

    Args:
        progress: is told how many reports have been replayed.
        anchored: what differs from an anchor, told with the rest.
    """
    named: list[Finding] = []
    counts: dict[str, int] = {}

    def found(finding: Finding) -> None:
        counts[finding.what] = counts.get(finding.what, 0) + 1
        if len(named) < MOST_NAMED:
            named.append(finding)

    for finding in anchored:
        found(finding)
    for wrong in db.execute(load("audit_log"), execution_options=_STREAM):
        found(Finding(wrong.report_id, wrong.number, wrong.seq, wrong.what))
    n_reports = n_rows = 0
    for row in db.execute(load("audit_cases"), execution_options=_STREAM).mappings():
        n_reports, n_rows = n_reports + 1, n_rows + len(row["told"])
        fields = differing(row)
        if fields:
            found(Finding(row["id"], row["number"], None, "case", fields))
        if n_reports % _AT_ONCE == 0:
            progress(n_reports)
    return Verified(n_reports, n_rows, tuple(named), counts)


def differing(row: Mapping[Any, Any]) -> tuple[str, ...]:
    """The fields in which a stored case is not what the log tells; empty where all agree."""
    told = replay((state, {"set": changed or {}}) for state, changed in row["told"])
    values = {name: row[name] for name in FIELDS}
    stored = Case(**(values | {name: tuple(values[name]) for name in ID_LISTS if values[name] is not None}))
    other = () if row["renamed"] in (None, row["category"]) else ("category",)
    if stored == told:
        return other
    return (*other, *(name for name in FIELDS if getattr(stored, name) != getattr(told, name)))
