"""Every example of the documents prints what they say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import text

from docs import make
from gridsvc.db.engine import transaction
from tests.conftest import ROOT, Fresh

CITIES = ("chicago", "zurich")


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
