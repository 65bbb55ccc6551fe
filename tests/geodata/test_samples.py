"""The sample files are what the town makes."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook

from geodata import town
from geodata.town import samples
from geodata.town.rows import Town

SAMPLES = Path(town.__file__).parents[1] / "samples"


@pytest.fixture(scope="module")
def built() -> Town:
    return town.build(samples.UNTIL)


class TestSamples:
    def test_the_files_are_what_the_town_makes(self, built: Town) -> None:
        assert built.until == samples.UNTIL
        for name, content in samples.texts(built).items():
            assert (SAMPLES / name).read_bytes() == content, name

    def test_the_workbook_holds_what_the_town_makes(self, built: Town) -> None:
        stored = load_workbook(SAMPLES / samples.EXCEL)
        made = samples.workbook(built)
        assert stored.sheetnames == made.sheetnames
        assert list(stored.active.values) == list(made.active.values)
        assert stored.active.max_row == samples.N_EXCEL_ROWS + 1

    def test_every_file_is_explained(self, built: Town) -> None:
        readme = (SAMPLES / "README.md").read_text(encoding="utf-8")
        files = {path.name for path in SAMPLES.iterdir()} - {"README.md"}
        assert files == {*samples.texts(built), samples.EXCEL}
        assert all(f"`{name}`" in readme for name in files)
        assert f"{len(built.grids)} base grids" in readme
        assert f"{len(built.compounds)} compounds" in readme

    def test_writing_gives_the_same_files_anywhere(self, tmp_path: Path) -> None:
        written = samples.write(tmp_path)
        assert {path.name for path in written} == {path.name for path in SAMPLES.iterdir()} - {"README.md"}
        assert (tmp_path / "grids.geojson").read_bytes() == (SAMPLES / "grids.geojson").read_bytes()

    def test_the_table_of_reports_shows_every_way_of_placing(self, built: Town) -> None:
        rows = samples.chosen(built, samples.N_ROWS)
        assert len(rows) == 60
        assert {row.script_placing for row in rows} == {
            "inside",
            "border",
            "corner",
            "near",
            "far",
            "words",
            "compound",
        }
        assert len({row.number for row in rows}) == 60
