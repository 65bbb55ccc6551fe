"""The account of an import in words, and as JSON with the words in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from geodata.layer import Problem
from gridsvc.cli.door import Door
from gridsvc.imports.account import Account, as_facts

if TYPE_CHECKING:  # a table has no shapes, and those who check them take a second to load
    from geodata.partition import PartitionAccount, Patch

_MOST_ROWS = 20
_MOST_PATCHES = 10


def as_json(door: Door, account: Account, *, committed: bool) -> dict[str, Any]:
    """The account's facts, each refused or repaired row and each note with its sentence."""
    answer: dict[str, Any] = {"committed": committed, **as_facts(account)}
    for name in ("refused", "repaired", "notes"):
        for told in answer[name]:
            told["message"] = message(door, told["code"], told["row"], told["detail"])
    return answer


def message(door: Door, code: str, row: int | None, facts: dict[str, Any]) -> str:
    """The sentence for a problem; its code and facts where the catalogue has none."""
    return door.error(code, row=row, **{name: value for name, value in facts.items() if name != "row"})


def tell(door: Door, account: Account) -> None:
    """Says the account line by line."""
    facts: dict[str, Any] = {"file": account.file, "format": account.format, "encoding": account.encoding}
    head = "import.head" if account.encoding is None else "import.head_text"
    door.say(door.word(head, kind=door.word(f"import.kind.{account.kind}"), **facts))
    if account.crs:
        door.say(door.word("import.crs", crs=account.crs))
    if account.columns:
        pairs = (f"{door.word(f'import.role.{role}')}={column}" for role, column in account.columns.items())
        door.say(door.word("import.columns", columns=", ".join(pairs)))
    tally = account.tally
    door.say(door.word("import.rows", read=account.n_read, refused=account.n_refused, repaired=account.n_repaired))
    door.say(door.word("import.tally", new=tally.new, changed=tally.changed, same=tally.same, removed=tally.removed))
    for name, counts in account.extra.items():
        if not counts:
            continue
        parts = (f"{door.word(f'import.{name}.{key}')} {n}" for key, n in counts.items())
        door.say(door.word("import.counts", title=door.word(f"import.{name}.title"), told=", ".join(parts)))
    if account.extent is not None:
        e = account.extent
        box = {name: f"{getattr(e, name):.6f}" for name in ("west", "south", "east", "north")}
        door.say(door.word("import.extent", width=f"{e.width_m:,.0f}", height=f"{e.height_m:,.0f}", **box))
    for layer, one in account.partitions.items():
        tell_partition(door, layer, one)
    for note in account.notes:
        door.say("· " + message(door, note.code, None, note.facts))
    _tell_rows(door, "refused", account.refused, account.n_refused, account)
    _tell_rows(door, "repaired", account.repaired, account.n_repaired, account)


def _tell_rows(door: Door, name: str, problems: Sequence[Problem], n: int, account: Account) -> None:
    if not problems:
        return
    door.say(door.word(f"import.{name}_rows", n=n))
    if name == "refused" and n > _MOST_ROWS:
        first = {problem.code: problem for problem in reversed(problems)}
        for code, often in account.refused_by_code.items():
            if code in first:
                text = message(door, code, first[code].row, first[code].facts)
                door.say("  " + door.word("import.of_kind", n=often, text=text))
    for problem in problems[:_MOST_ROWS]:
        text = message(door, problem.code, problem.row, problem.facts)
        door.say("  " + door.word("import.at_row", file=account.file, row=problem.row, text=text))
    if len(problems) > _MOST_ROWS:
        door.say("  " + door.word("import.more_rows", n=max(n, len(problems)) - _MOST_ROWS))


def tell_partition(door: Door, layer: str, one: PartitionAccount) -> None:
    """Says sizes, overlaps, gaps and what sticks out of one layer of grids."""
    name = door.word(f"import.layer.{layer}")
    if one.sizes is not None:
        s = one.sizes
        sizes = {k: f"{getattr(s, f'{k}_m2'):,.0f}" for k in ("smallest", "median", "largest")}
        codes = {"smallest_code": s.smallest_code, "largest_code": s.largest_code}
        door.say(door.word("import.sizes", layer=name, n=one.n_grids, **sizes, **codes))
    against = door.word("import.against_areas" if one.against_areas else "import.against_union")
    if one.clean:
        door.say(door.word("import.tiling", layer=name, against=against))
    for kind, patches in (("overlaps", one.overlaps), ("gaps", one.gaps), ("outside", one.outside)):
        if patches:
            total = f"{sum(patch.m2 for patch in patches):,.1f}"
            door.say(door.word(f"import.{kind}", layer=name, n=len(patches), m2=total, against=against))
            for line in _patch_lines(door, patches):
                door.say(line)
    slivers = (("overlaps", one.overlap_slivers), ("gaps", one.gap_slivers), ("outside", one.outside_slivers))
    told = [f"{door.word(f'import.sliver_{k}')} {s.n} ({s.m2:,.3f} m²)" for k, s in slivers if s.n]
    if told:
        door.say(door.word("import.slivers", tolerance=f"{one.tolerance_m2:g}", told=", ".join(told)))


def _patch_lines(door: Door, patches: Sequence[Patch]) -> Iterable[str]:
    for patch in patches[:_MOST_PATCHES]:
        where = {"lon": f"{patch.lon:.6f}", "lat": f"{patch.lat:.6f}", "codes": ", ".join(patch.codes[:6]) or "-"}
        yield "  " + door.word("import.patch", m2=f"{patch.m2:,.1f}", width=f"{patch.width_m:.2f}", **where)
    if len(patches) > _MOST_PATCHES:
        yield "  " + door.word("import.more_patches", n=len(patches) - _MOST_PATCHES)
