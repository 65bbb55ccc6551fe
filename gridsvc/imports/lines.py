"""Columns of texts as the rows that COPY takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

_SPECIAL = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_NULL = "\\N"


def block(columns: Mapping[str, Sequence[str | None]], *, plain: bool = False) -> bytes:
    r"""Rows in PostgreSQL's text format, out of columns of one length; an empty text counts as null.

    Args:
        plain: no text holds a backslash, tab or line break; nothing is looked for then.

    >>> block({"a": ["1", None], "b": ["x\ty", "z"]})
    b'1\tx\\ty\n\\N\tz\n'
    """
    written = [_nulled(values) if plain else _escaped(values) for values in columns.values()]
    rows = "\n".join(map("\t".join, zip(*written, strict=True)))
    return (rows + "\n").encode() if rows else b""


def _nulled(values: Sequence[str | None]) -> Sequence[str]:
    return cast("Sequence[str]", values) if all(values) else [value or _NULL for value in values]


def _escaped(values: Sequence[str | None]) -> Sequence[str]:
    joined = "".join(filter(None, values))
    if "\\" in joined or "\t" in joined or "\n" in joined or "\r" in joined:
        return [value.translate(_SPECIAL) if value else _NULL for value in values]
    return _nulled(values)
