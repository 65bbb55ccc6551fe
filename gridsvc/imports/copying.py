"""Columns of texts into a table by COPY."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_SPECIAL = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_NULL = "\\N"


def block(columns: Mapping[str, Sequence[str | None]]) -> bytes:
    r"""Rows in PostgreSQL's text format, out of columns of one length.

    >>> block({"a": ["1", None], "b": ["x\ty", "z"]})
    b'1\tx\\ty\n\\N\tz\n'
    """
    rows = "\n".join(map("\t".join, zip(*map(_escaped, columns.values()), strict=True)))
    return (rows + "\n").encode() if rows else b""


def _escaped(values: Sequence[str | None]) -> Sequence[str]:
    try:
        joined = "".join(values)  # type: ignore[arg-type]  # an empty value is the TypeError
    except TypeError:
        return [_NULL if value is None else value.translate(_SPECIAL) for value in values]
    if "\\" in joined or "\t" in joined or "\n" in joined or "\r" in joined:
        return [value.translate(_SPECIAL) for value in values if value is not None]
    return values  # type: ignore[return-value]  # joined: every value is a text
