"""The command line called in this process, and small files to call it with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import shapely

from gridsvc.cli.main import main
from tests.conftest import Fresh

STEP = 0.01


@dataclass(frozen=True)
class Answer:
    """What one call said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The JSON on standard output, and nothing else there."""
        return json.loads(self.out)


class Cli:
    """Calls `gridsvc` in one schema."""

    def __init__(self, fresh: Fresh, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.fresh = fresh
        self._capsys = capsys
        self._patch = monkeypatch
        for name, value in fresh.env().items():
            if name.startswith("GRIDSVC_"):
                monkeypatch.setenv(name, value)
        monkeypatch.delenv("GRIDSVC_DEBUG", raising=False)

    def __call__(self, *words: object, **settings: str) -> Answer:
        with self._patch.context() as patch:
            for name, value in settings.items():
                patch.setenv(f"GRIDSVC_{name}", value)
            self._capsys.readouterr()
            code = main([str(word) for word in words])
        said = self._capsys.readouterr()
        return Answer(code, said.out, said.err)


def square_grids(n: int = 3, west: float = 110.0, south: float = 23.0) -> dict[str, shapely.Polygon]:
    """n × n square grids by code, of about a kilometre."""
    return {
        f"{i:03d}": shapely.box(west + x * STEP, south + y * STEP, west + (x + 1) * STEP, south + (y + 1) * STEP)
        for i in range(n * n)
        for x, y in [(i % n, i // n)]
    }


def geojson(path: Path, shapes: Mapping[str, shapely.Geometry], code: str = "code", **more: Sequence[object]) -> Path:
    """A file of features with a code, and further columns."""
    features = [
        {
            "type": "Feature",
            "properties": {code: key} | {name: values[i] for name, values in more.items()},
            "geometry": shapely.geometry.mapping(shape),
        }
        for i, (key, shape) in enumerate(shapes.items())
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def table(path: Path, header: Sequence[str], *rows: Sequence[object], encoding: str = "utf-8") -> Path:
    """A CSV file."""
    lines = [",".join(header), *(",".join("" if cell is None else str(cell) for cell in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def publish(cli: Cli, folder: Path, n: int = 3) -> None:
    """Imports and publishes square grids."""
    assert cli("import", "grids", geojson(folder / "squares.geojson", square_grids(n)), "--commit").code == 0
    assert cli("publish").code == 0
