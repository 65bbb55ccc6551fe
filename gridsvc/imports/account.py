"""The account of an import: what a file holds, what it changes, what was wrong with it; codes and facts, no words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from geodata.layer import Layer, Problem

if TYPE_CHECKING:  # a table has no shapes, and those who check them take a second to load
    from geodata.geometry import Extent
    from geodata.partition import PartitionAccount, Patch

# So many refused or repaired rows an account in JSON lists; it counts them all.
MOST_TOLD = 10_000
_ENDINGS = (".gz", ".zip", ".csv", ".geojson", ".json", ".gpkg", ".shp", ".xlsx", ".xls", ".osm", ".pbf")


@dataclass(frozen=True)
class Tally:
    """How many rows (or keys) are new, changed, the same as stored, and stored ones that go."""

    new: int = 0
    changed: int = 0
    same: int = 0
    removed: int = 0


@dataclass(frozen=True)
class Account:
    """One file against the database, whether or not it was written.

    The counts are those of all rows; `refused` and `repaired` may hold only the first ones, `refused_by_code` tells why
    how often. `partitions`: gaps and overlaps of each layer of grids as it will be. `extra`: counts of the kind's own
    (reports: placed by method, unplaced by reason).
    """

    kind: str
    file: str
    format: str
    encoding: str | None
    crs: str
    n_read: int
    tally: Tally
    n_refused: int = 0
    n_repaired: int = 0
    refused: tuple[Problem, ...] = ()
    repaired: tuple[Problem, ...] = ()
    refused_by_code: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[Problem, ...] = ()
    extent: Extent | None = None
    partitions: Mapping[str, PartitionAccount] = field(default_factory=dict)
    extra: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)


class Refusals:
    """Counts refused and repaired rows and keeps the first of them; a row counts once, by its first reason.

    Args:
        most: how many of each are kept; None keeps all.
    """

    def __init__(self, most: int | None = None) -> None:
        self.most = math.inf if most is None else most
        self.rows: set[int] = set()
        self.refused: list[Problem] = []
        self.repaired: list[Problem] = []
        self.by_code: Counter[str] = Counter()
        self.repaired_rows: set[int] = set()

    def add(self, problems: Iterable[Problem]) -> None:
        """Takes problems of rows; notes on the file are not for here."""
        for problem in problems:
            if problem.row is None or problem.kind == "note":
                continue
            if problem.kind == "repaired":
                self.repaired_rows.add(problem.row)
                if len(self.repaired) < self.most:
                    self.repaired.append(problem)
                continue
            if problem.row not in self.rows:
                self.by_code[problem.code] += 1
            self.rows.add(problem.row)
            if len(self.refused) < self.most:
                self.refused.append(problem)

    def account(self) -> dict[str, object]:
        """The fields of an `Account` that these rows fill."""
        return {
            "n_refused": len(self.rows),
            "n_repaired": len(self.repaired_rows - self.rows),
            "refused": tuple(sorted(self.refused, key=_by_row)),
            "repaired": tuple(sorted((p for p in self.repaired if p.row not in self.rows), key=_by_row)),
            "refused_by_code": dict(self.by_code.most_common()),
        }


def _by_row(problem: Problem) -> int:
    return problem.row or 0


def held_back_note(replace: bool, refusals: Refusals) -> tuple[Problem, ...]:
    """The note that `replace` takes nothing away where rows were refused: they may name what seems to be lacking."""
    n = len(refusals.rows)
    return (Problem(None, "replace_held_back", {"n": n}, "note"),) if replace and n else ()


def of_layer(layer: Layer, kind: str, file: str, tally: Tally, refusals: Refusals, **rest: object) -> Account:
    """The account of a file that was read as a Layer."""
    facts: dict[str, object] = {
        "encoding": layer.encoding,
        "crs": layer.crs_used,
        "n_read": layer.n_rows,
        "notes": layer.notes,
        "columns": layer.fields.given(),
    }
    return Account(kind=kind, file=file, format=layer.format, tally=tally, **facts | refusals.account() | rest)  # type: ignore[arg-type]


def file_name(path: str | Path) -> str:
    """A file's name as it can be stored and written: signs that are no text, as of a name in GBK, are told as ?.

    >>> file_name("a/2026年.csv"), file_name("a/r\\udcff.csv")
    ('2026年.csv', 'r?.csv')
    """
    return Path(path).name.encode("utf-8", "replace").decode()


def base_name(file: str) -> str:
    """A file's name without the endings of its format: the same for a table and the gzipped table.

    >>> base_name("reports.2026.csv.gz"), base_name("reports.2026.csv"), base_name("投诉.xlsx")
    ('reports.2026', 'reports.2026', '投诉')
    """
    shorter = next((file[: -len(e)] for e in _ENDINGS if file.lower().endswith(e) and len(file) > len(e)), file)
    return shorter if shorter == file else base_name(shorter)


def reasons(said: Iterable[tuple[int, str]], between: str) -> dict[int, str]:
    """All that was said of each row, each sentence once.

    >>> reasons([(2, "a"), (1, "b"), (2, "c"), (2, "a")], "; ")
    {2: 'a; c', 1: 'b'}
    """
    found: dict[int, dict[str, None]] = {}
    for row, sentence in said:
        found.setdefault(row, {})[sentence] = None
    return {row: between.join(sentences) for row, sentences in found.items()}


def as_facts(account: Account) -> dict[str, object]:
    """The account as plain lists, numbers and texts for JSON; the sentences are the caller's to add."""
    return {
        "kind": account.kind,
        "file": account.file,
        "format": account.format,
        "encoding": account.encoding,
        "crs": account.crs,
        "columns": dict(account.columns),
        "rows": {
            "read": account.n_read,
            **asdict(account.tally),
            "refused": account.n_refused,
            "repaired": account.n_repaired,
        },
        "refused_by_code": dict(account.refused_by_code),
        "refused": [_problem(problem) for problem in account.refused[:MOST_TOLD]],
        "repaired": [_problem(problem) for problem in account.repaired[:MOST_TOLD]],
        "notes": [_problem(problem) for problem in account.notes],
        "extent": asdict(account.extent) if account.extent else None,
        "partition": {layer: partition_facts(one) for layer, one in account.partitions.items()},
        **{name: dict(counts) for name, counts in account.extra.items()},
    }


def _problem(problem: Problem) -> dict[str, object]:
    return {"row": problem.row, "code": problem.code, "detail": dict(problem.facts)}


def partition_facts(one: PartitionAccount) -> dict[str, object]:
    """A partition check for JSON: sizes in m2, each overlap, gap and piece outside with where it is."""
    return {
        "n_grids": one.n_grids,
        "against": "areas" if one.against_areas else "union",
        "sizes": asdict(one.sizes) if one.sizes else None,
        "overlaps": [_patch(patch) for patch in one.overlaps],
        "gaps": [_patch(patch) for patch in one.gaps],
        "outside": [_patch(patch) for patch in one.outside],
        "slivers": {
            "overlaps": asdict(one.overlap_slivers),
            "gaps": asdict(one.gap_slivers),
            "outside": asdict(one.outside_slivers),
        },
        "tolerance_m2": one.tolerance_m2,
    }


def _patch(patch: Patch) -> dict[str, object]:
    return asdict(patch) | {"codes": list(patch.codes)}
