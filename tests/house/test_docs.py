"""The documents are true: every setting is told, every example prints what they say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import text

from docs import make
from gridsvc.db.engine import transaction
from gridsvc.settings import Settings
from tests.conftest import ROOT, Fresh

CITIES = ("chicago", "zurich")


def test_every_setting_is_documented_and_no_other() -> None:
    told = (ROOT / "docs" / "operating.md").read_text("utf-8")
    names = {field.alias or f"GRIDSVC_{name.upper()}" for name, field in Settings.model_fields.items()}
    rows = {line.split("`")[1] for line in told.splitlines() if line.startswith("| `GRIDSVC_")}
    assert rows == names


def test_compose_passes_every_setting_of_the_maps_on() -> None:
    composed = (ROOT / "docker-compose.yml").read_text("utf-8")
    names = [f"GRIDSVC_{name.upper()}" for name in Settings.model_fields if name.startswith(("tile_", "map_"))]
    assert len(names) > 4
    assert [name for name in names if f"      {name}: ${{{name}:-" not in composed] == []


@pytest.mark.timeout(900)  # a whole city is imported
@pytest.mark.parametrize(("document", "lang"), sorted(make.DOCUMENTS.items()))
def test_examples_print_what_the_document_says(fresh: Fresh, shared: Path, document: str, lang: str) -> None:
    env = fresh.env() | {"GRIDSVC_LANG": lang, "DATA": os.path.relpath(shared, ROOT)}
    own = {f"GRIDSVC_SCHEMA={city} ": f"GRIDSVC_SCHEMA={city}_{fresh.schema} " for city in CITIES}
    try:
        for block in make.examples((ROOT / document).read_text("utf-8")):
            for example in block:
                command = example.command
                for (
                    shown,
                    unique,
                ) in own.items():  # the documents' names are for readers; two runs at once must not meet
                    command = command.replace(shown, unique)
                printed = make.run(command, env)
                assert make.agrees(example.output, printed), "\n".join((example.command, *printed))
    finally:
        _drop_cities(fresh)


def _drop_cities(fresh: Fresh) -> None:
    with transaction(fresh.owner_url, "public") as db:
        for city in CITIES:
            db.execute(text(f"DROP SCHEMA IF EXISTS {city}_{fresh.schema} CASCADE"))


def test_documents_link_to_what_is_there() -> None:
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in make.links(path.read_text("utf-8")):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"
