"""What every kind asks of the rows of a Layer: texts by role, words with a meaning, keys that occur once."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import shapely

from geodata.geometry import Extent, extent
from geodata.layer import Layer, Problem
from gridsvc.imports.account import Refusals

_MOST_ROWS_NAMED = 8


def numbers(layer: Layer) -> list[int]:
    """The data rows that are taken, counted from 1."""
    return [int(row) for row in layer.numbers]


def texts(layer: Layer, role: str) -> list[str | None]:
    """The trimmed cells of the column that plays a role, None where empty or where there is no such column."""
    cells = layer.texts(role)
    return [None] * len(layer.numbers) if cells is None else [cell or None for cell in cells]


def wkbs(layer: Layer) -> list[bytes | None]:
    """The shapes of the rows as WKB."""
    return cast("list[bytes | None]", shapely.to_wkb(layer.shapes).tolist())


def ground(layer: Layer) -> Extent | None:
    """The box around all shapes of the file."""
    return extent(layer.shapes)


def plain(word: str) -> str:
    """A word for looking it up: full-width forms folded, no case, single blanks.

    >>> plain(" Ｃｌｏｓｅｄ  - Dup ")
    'closed - dup'
    """
    return " ".join(unicodedata.normalize("NFKC", word).casefold().split())


def repeated(keys: Sequence[object], rows: Sequence[int]) -> dict[object, list[int]]:
    """The keys that occur more than once, each with its rows; None is no key."""
    found: dict[object, list[int]] = {}
    for key, row in zip(keys, rows, strict=True):
        if key is not None:
            found.setdefault(key, []).append(row)
    return {key: at for key, at in found.items() if len(at) > 1}


def refuse_repeated(keys: Sequence[object], rows: Sequence[int], code: str, refusals: Refusals) -> None:
    """Refuses every row whose key another row has too, and names all of them."""
    for key, at in repeated(keys, rows).items():
        shown = key[-1] if isinstance(key, tuple) else key
        refusals.add(Problem(row, code, {"found": shown, "rows": listed(at)}) for row in at)


def listed(rows: Iterable[int]) -> str:
    """Row numbers for a sentence, the first few of many.

    >>> listed([1, 2, 3]), listed(range(100))
    ('1, 2, 3', '0, 1, 2, 3, 4, 5, 6, 7, …')
    """
    some = list(rows)
    return ", ".join(map(str, some[:_MOST_ROWS_NAMED])) + (", …" if len(some) > _MOST_ROWS_NAMED else "")


def mean(word: str | None, meanings: Mapping[str, str], default: str | None) -> str | None:
    """What a word of the sender means; the default for an empty cell; None for a word that is not known."""
    return default if word is None else meanings.get(plain(word))


def meanings(table: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """A look-up from every plain word to its meaning, out of meaning -> words.

    >>> meanings({"base": ["基础网格", "Base"]})["base"]
    'base'
    """
    return {plain(word): meaning for meaning, words in table.items() for word in words}
