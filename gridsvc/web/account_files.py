"""A table of accounts that came over HTTP, for the page and the API: bounded, looked at, or stored whole."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from geodata.layer import Layer
from gridsvc import staff_log
from gridsvc.errors import Refused
from gridsvc.imports import accounts as importing
from gridsvc.imports import columns
from gridsvc.imports.accounts import Taken
from gridsvc.web.deps import Unit

MOST_BYTES = 40 * 1024  # the page sends it a second time inside a form, and no request is larger than 64 KB
MOST_ROWS = 300  # each new one costs some 50 ms for its password
ENDINGS = (".xlsx", ".xls", ".csv")


def read(name: str, content: bytes, header_row: int | None = None, sheet: str | None = None) -> Layer:
    """A table as it stands in its file, in this sheet, below this row.

    Raises:
        Refused: accounts_file_kind, accounts_file_large, accounts_too_many.
        FileRefused: what the reader refuses.
    """
    own = _own(name)
    if Path(own).suffix.lower() not in ENDINGS:
        raise Refused("accounts_file_kind", file=own)
    if len(content) > MOST_BYTES:
        raise Refused("accounts_file_large", file=own, most=MOST_BYTES // 1024)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / own  # its refusals name it
        path.write_bytes(content)
        layer = columns.opened(path, sheet, header_row)
    if layer.n_rows > MOST_ROWS:
        raise Refused("accounts_too_many", n=layer.n_rows, most=MOST_ROWS)
    return layer


def take(unit: Unit, name: str, layer: Layer, wanted: Mapping[str, str], *, write: bool) -> Taken:
    """What a table says with the columns that are named; stored only where it is to be and every row is right.

    Raises:
        Refused, FileRefused: as `columns.find` and `columns.table`.
    """
    own = _own(name)
    found = columns.find(layer, importing.COLUMNS, wanted)
    table = columns.table(layer, found, own, importing.COLUMNS, importing.REQUIRED)
    staff_log.begin(unit.db, unit.actor, unit.now)
    with unit.db.begin_nested() as inner:
        taken = importing.take(unit.db, table, own, write=write, skip_refused=False, shown=lambda done, of: None)
        if not write or taken.account.n_refused:
            inner.rollback()
    return taken


def own_columns(layer: Layer, wanted: Mapping[str, str]) -> list[dict[str, Any]]:
    """The file's own columns as they can be shown: what each is taken as, some texts of it.

    Raises:
        Refused, FileRefused: as `columns.find`.
    """
    return columns.told(layer.samples, columns.find(layer, importing.COLUMNS, wanted), importing.WHOLE)


def _own(name: str) -> str:
    return Path(name.replace("\x00", "")).name[-80:]  # of its folders nothing


def end(unit: Unit, changed: tuple[str, ...]) -> None:
    """Nothing; afterwards all is stored, and whoever was recognised by a changed account must show who it is again."""
    unit.end(well=True)
    for login in changed:
        unit.mine.actors.forget_account(login)
