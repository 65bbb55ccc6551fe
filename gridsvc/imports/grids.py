"""Grids of a file into the draft edition of their layer."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from geodata import partition
from geodata.layer import Layer, Problem
from geodata.partition import PartitionAccount
from gridsvc import editions
from gridsvc.imports import rows
from gridsvc.imports.account import Account, Refusals, Tally, held_back_note, of_layer
from gridsvc.imports.ground_words import LAYER_WORDS

REQUIRED = ("code",)


def take(
    db: Connection, layer: Layer, file: str, now: datetime, *, default: str, replace: bool, by_column: bool = False
) -> Account:
    """The account of a file's grids, which are then in the drafts of their layers (the caller commits or not).

    Args:
        default: the layer (base or dedicated) of rows that do not say one.
        replace: grids that the file lacks leave the draft of each layer that it holds; none does where a row is
            refused, because that row may be the one that names it.
        by_column: the sender named the column of the layer, so a word in it that is not known is wrong; a column that
            only looks like one and holds no known word is left alone.
    """
    refusals = Refusals()
    refusals.add(layer.problems)
    by_layer = _by_layer(layer, default, by_column, refusals)
    held_back = held_back_note(replace, refusals)
    replace = replace and not held_back
    tally = Tally()
    partitions: dict[str, PartitionAccount] = {}
    for name, grids in sorted(by_layer.items()):
        editions.stage(db, grids)
        changes = editions.compare_staged(db, name, replace=replace)
        tally = Tally(
            tally.new + len(changes.added),
            tally.changed + len(changes.changed),
            tally.same + len(changes.same),
            tally.removed + len(changes.removed),
        )
        edition = editions.edition_id(db, name, "draft") or editions.edition_id(db, name, "published")
        if edition is None or changes.added or changes.changed or changes.removed:
            edition = editions.draft(db, name, now, replace=replace)
        areas = editions.area_frame(db) if name == "base" else None
        partitions[name] = partition.check(editions.edition_frame(db, edition), areas)
    notes = (*layer.notes, *held_back)
    return of_layer(
        layer, "grids", file, tally, refusals, extent=rows.ground(layer), partitions=partitions, notes=notes
    )


def _by_layer(layer: Layer, default: str, by_column: bool, refusals: Refusals) -> dict[str, list[editions.Row]]:
    """The good rows by layer; refuses the ones of an unknown layer and every code that occurs twice."""
    at, codes, names = rows.numbers(layer), rows.texts(layer, "code"), rows.texts(layer, "name")
    said = rows.texts(layer, "layer")
    if not by_column and not any(word and rows.plain(word) in LAYER_WORDS for word in said):
        said = [None] * len(said)
    layers = [rows.mean(word, LAYER_WORDS, default) for word in said]
    refusals.add(
        Problem(row, "layer_unknown", {"found": word})
        for row, word, name in zip(at, said, layers, strict=True)
        if name is None
    )
    rows.refuse_repeated(list(zip(layers, codes, strict=True)), at, "code_repeated", refusals)
    found: dict[str, list[editions.Row]] = {}
    for row, code, name, wkb, where in zip(at, codes, names, rows.wkbs(layer), layers, strict=True):
        if row not in refusals.rows and code is not None and wkb is not None and where is not None:
            found.setdefault(where, []).append((row, code, name or code, wkb))
    return found
