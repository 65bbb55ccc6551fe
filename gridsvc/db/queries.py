"""The named SQL files of `sql/`, each loaded once: one question a file, values bound, nothing pasted."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sqlalchemy import TextClause, text

FOLDER = Path(__file__).parent / "sql"


@cache
def load(name: str) -> TextClause:
    """The statement in `sql/<name>.sql`, its `:names` to be bound at execution."""
    return text((FOLDER / f"{name}.sql").read_text(encoding="utf-8"))
