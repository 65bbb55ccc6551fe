"""Grid workers of a file and their duty: one row for each grid, or several grids in a cell."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from geodata.layer import Layer, Problem
from gridsvc import workers
from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.imports import hours, rows
from gridsvc.imports.account import Account, Refusals, Tally, held_back_note, of_layer
from gridsvc.imports.ground_words import LAYER_WORDS
from gridsvc.imports.hours import Hours
from gridsvc.workers import Duty, Worker

KIND_WORDS = rows.meanings(
    {
        "main": ("main", "primary", "主", "主责", "主管", "网格员", "专职网格员", "主网格员", "主责网格员", "a岗", "a"),
        "deputy": ("deputy", "backup", "副", "副责", "协管", "兼职网格员", "副网格员", "后备", "b岗", "b"),
    }
)
_BETWEEN_CODES = re.compile(r"[；;、|,，\s]+")


def take(db: Connection, layer: Layer, file: str, *, default: str | None, replace: bool) -> Account:
    """The account of a file's workers and duties, which are then stored (the caller commits or not).

    Args:
        default: the layer of grids that no column says; None: the layer that has the code, base before dedicated.
        replace: workers that the file lacks lose their duty.

    A refused row ends nothing: its worker keeps the duties that are stored, and where a row is refused nobody loses
    duty by `replace`, because that row may be the one that names him.
    """
    refusals = Refusals()
    refusals.add(layer.problems)
    at, names = rows.numbers(layer), rows.texts(layer, "name")
    codes = [code or name for code, name in zip(rows.texts(layer, "code"), names, strict=True)]
    refusals.add(Problem(row, "worker_nameless", {}) for row, code in zip(at, codes, strict=True) if code is None)
    _refuse_other_names(at, codes, names, refusals)
    duties = _duties(layer, codes, _layers_of(db), default, refusals)
    good = [(c, n) for row, c, n in zip(at, codes, names, strict=True) if row not in refusals.rows and c]
    people = {code: Worker(code, name or code) for code, name in reversed(good)}
    stored = workers.save(db, list(people.values()))
    n_before = _n_duties(db)
    held_back = held_back_note(replace, refusals)
    if replace and not held_back:
        db.execute(load("import_duty_replace"), {"worker_codes": list(people)})
    done = workers.save_duties(db, duties, keep=_kept(layer, at, codes, refusals, duties))
    tally = Tally(len(done.new), len(done.changed), done.n_same, n_before + len(done.new) - _n_duties(db))
    extra = {"workers": {"new": len(stored.new), "changed": len(stored.changed), "same": stored.n_same}}
    return of_layer(layer, "workers", file, tally, refusals, extra=extra, notes=(*layer.notes, *held_back))


def _kept(
    layer: Layer, at: Sequence[int], codes: Sequence[str | None], refusals: Refusals, duties: Sequence[Duty]
) -> set[str]:
    """The workers that a refused row may name: all where nobody can tell which it names."""
    named = {code for row, code in zip(at, codes, strict=True) if row in refusals.rows}
    if None in named or not {problem.row for problem in layer.refused()} <= set(at):
        return {duty.worker_code for duty in duties}
    return {code for code in named if code is not None}


def _refuse_other_names(
    at: Sequence[int], codes: Sequence[str | None], names: Sequence[str | None], refusals: Refusals
) -> None:
    """Refuses rows that give a code another name than the first row with it."""
    first: dict[str, str] = {}
    for row, code, name in zip(at, codes, names, strict=True):
        if code and name and first.setdefault(code, name) != name:
            refusals.add([Problem(row, "worker_other_name", {"code": code, "found": name, "first": first[code]})])


def _layers_of(db: Connection) -> dict[str, set[str]]:
    """The layers that have a grid of each code, drafts too: workers may come before the grids are published."""
    g = t.grid_version.c
    found: dict[str, set[str]] = {}
    for row in db.execute(select(g.code, g.layer).where(g.valid_to.is_(None)).distinct()):
        found.setdefault(row.code, set()).add(row.layer)
    return found


def _n_duties(db: Connection) -> int:
    return len(db.execute(select(t.duty.c.id)).all())


def _duties(
    layer: Layer,
    codes: Sequence[str | None],
    layers_of: Mapping[str, set[str]],
    default: str | None,
    refusals: Refusals,
) -> list[Duty]:
    """The duties of the good rows; refuses grids that do not exist, words and hours that are not understood."""
    found: dict[tuple[str, str, str, str], tuple[int, Duty]] = {}
    cells = (rows.texts(layer, role) for role in ("grid", "layer", "duty", "hours"))
    for row, code, grids, word, kind_word, hours_cell in zip(rows.numbers(layer), codes, *cells, strict=True):
        if row in refusals.rows or code is None or grids is None:
            continue
        kind = rows.mean(kind_word, KIND_WORDS, "main")
        span = Hours() if hours_cell is None else hours.read(hours_cell)
        said = rows.mean(word, LAYER_WORDS, default)
        for wrong, what, cell in (
            (kind is None, "duty_unknown", kind_word),
            (span is None, "hours_unreadable", hours_cell),
            (word is not None and said is None, "layer_unknown", word),
        ):
            if wrong:
                refusals.add([Problem(row, what, {"found": (cell or "")[:60]})])
        if kind is None or span is None or (word is not None and said is None):
            continue
        for grid in filter(None, _BETWEEN_CODES.split(grids)):
            layers = layers_of.get(grid, set()) & ({said} if said else {"base", "dedicated"})
            if not layers:
                refusals.add([Problem(row, "duty_grid_unknown", {"found": grid})])
                continue
            duty = Duty(code, min(layers), grid, kind, span.weekdays, span.starts, span.ends)
            key = (code, duty.layer, grid, kind)
            if key in found:
                refusals.add([Problem(row, "duty_repeated", {"grid": grid, "rows": rows.listed([found[key][0], row])})])
            found.setdefault(key, (row, duty))
    return [duty for row, duty in found.values() if row not in refusals.rows]
