"""The named statements as the server reads them."""

from __future__ import annotations

import re

import pytest

from gridsvc.db import queries

NAMES = sorted(path.stem for path in queries.FOLDER.glob("*.sql"))


@pytest.mark.parametrize("name", ["visit_doors", "visited_refresh", "similar"])
def test_numbers_stand_for_the_names_that_the_file_has(name: str) -> None:
    statement, names = queries._numbered(name)
    assert len(names) == len(set(names)) > 1
    back = re.sub(r"\$(\d+)", lambda found: f":{names[int(found[1]) - 1]}", statement.decode())
    assert back == (queries.FOLDER / f"{name}.sql").read_text(encoding="utf-8").replace("\\:", ":")


def test_every_statement_can_be_numbered() -> None:
    for name in NAMES:
        statement, names = queries._numbered(name)
        assert set(names) == set(queries.load(name)._bindparams), name
        assert not re.search(rb"%[(%]", statement), name
