"""The example notebook does what it says: its cells run, in order, against a running service."""

from __future__ import annotations

import ast
import json
from typing import Any

import pandas as pd
import pytest

from tests.conftest import ROOT, Fresh
from tests.web.conftest import Client
from tests.web.county import County, met

NOTEBOOK = ROOT / "docs" / "coverage.ipynb"
CODE = "notebook"


def cells() -> list[dict[str, Any]]:
    return list(json.loads(NOTEBOOK.read_text("utf-8"))["cells"])


def run(source: str, names: dict[str, Any]) -> object:
    """Runs a cell; what its last line is worth, as a notebook shows it."""
    lines = ast.parse(source)
    last = lines.body.pop() if isinstance(lines.body[-1], ast.Expr) else None
    exec(compile(lines, "cell", "exec"), names)  # noqa: S102  # our own document
    return None if last is None else eval(compile(ast.Expression(last.value), "cell", "eval"), names)  # noqa: S307


def test_cells_run_in_order(
    client: Client,
    address: str,
    county: County,
    made: Fresh,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    planner = client("planner")
    body = {"code": CODE, "name": "走访", "starts_on": "2026-10-21", "ends_on": "2026-11-20"}
    assert planner.post("/api/v1/campaigns", json=body).status_code == 201
    assert planner.post(f"/api/v1/campaigns/{CODE}/draw").status_code == 200
    monkeypatch.setenv("GRIDSVC_URL", address)
    monkeypatch.setenv("GRIDSVC_TOKEN", county.tokens["planner"])
    names: dict[str, Any] = {}
    shown = [run("".join(cell["source"]), names) for cell in cells() if cell["cell_type"] == "code"]
    with made.begin() as db:
        doors = met(db, names["running"])
    reached, eligible = (sum(pair[i] for pair in doors.values()) for i in (0, 1))
    assert names["whole"]["reached"] == reached >= 6
    assert list(names["communities"]["key_1"]) == ["西社区", "东社区"]
    assert shown[-1]["coverage"].iloc[0] == min(
        n / of for n, of in doors.values()
    )  # the east, where hardly anybody went
    assert sum(isinstance(one, pd.DataFrame) for one in shown) == 6
    assert names["earlier"]["total"]["counts"]["reached"] == 0
    assert f"{eligible - reached} of {eligible} eligible doors are left" in capsys.readouterr().out


def test_it_is_stored_without_what_it_once_showed() -> None:
    told = [cell for cell in cells() if cell["cell_type"] == "code"]
    assert len(told) > 6
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in told)
