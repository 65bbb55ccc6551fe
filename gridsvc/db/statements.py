"""The statements of a migration's SQL file."""

from __future__ import annotations

from pathlib import Path


def statements(migration: str) -> list[str]:
    """The statements of the SQL file beside a migration (its `__file__`), in order.

    They are cut where a line ends with a semicolon; bodies of functions therefore write none at a line's end.
    """
    text = Path(migration).with_suffix(".sql").read_text(encoding="utf-8")
    return [statement for statement in text.split(";\n") if statement.strip()]
