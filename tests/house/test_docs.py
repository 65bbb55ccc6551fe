"""The documents are true: every setting is told, every link leads somewhere. Their examples are run among the walks."""

from __future__ import annotations

import re

from docs import make
from geodata.town.phrases import PHRASES
from gridsvc.settings import Settings
from tests.conftest import ROOT


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


def test_documents_link_to_what_is_there() -> None:
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in make.links(path.read_text("utf-8")):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_the_report_that_the_readme_sends_has_a_category_of_the_town() -> None:
    sent = re.findall(r'"category": "([^"]+)"', (ROOT / "README.md").read_text("utf-8"))
    assert sent
    assert {*sent} <= {one.code for one in PHRASES}
