"""Buildings of real maps as doors: in the compounds that hold them, in the tasks that they were filed by."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import shapely
from sqlalchemy import Connection, text

from geodata.read import read
from gridsvc import editions
from gridsvc.grids import Rule
from gridsvc.imports import compounds, households
from gridsvc.imports.account import Account
from gridsvc.imports.households import Options
from tests.conftest import NOW
from tests.framed import as_frame


def take(db: Connection, path: Path, rule: Rule) -> Account:
    source = households.from_layer(read(path, "households"))
    how = Options(path.name, "map", skip_refused=True, write=True)
    return households.take(db, source, how, NOW, rule, lambda what, done, of: None)[0]


def test_buildings_of_liechtenstein_are_in_their_compounds(db: Connection, shared: Path, rule: Rule) -> None:
    path = shared / "osm" / "liechtenstein.osm.pbf"
    assert compounds.take(db, read(path, "compounds"), path.name, source="map").tally.new == pytest.approx(310, abs=2)
    account = take(db, path, rule)
    assert account.tally.new == pytest.approx(17_717, abs=2)
    assert account.extra["compounds"]["in"] == pytest.approx(14_231, abs=2)
    assert sum(account.extra["compounds"].values()) == account.tally.new
    again = take(db, path, rule)
    assert (again.tally.new, again.tally.changed) == (0, 0)


def test_every_building_of_vulamba_is_in_its_task(db: Connection, shared: Path, rule: Rule) -> None:
    folder = shared / "campaign"
    tasks = as_frame(read(folder / "vulamba_tasks.geojson"))
    rows = [
        (i, task, task, bytes(shapely.to_wkb(shapely.MultiPolygon([shape]) if shape.geom_type == "Polygon" else shape)))
        for i, (task, shape) in enumerate(zip(tasks["task_id"], tasks.geometry, strict=True), start=1)
    ]
    editions.stage(db, rows)
    editions.draft(db, "base", NOW - timedelta(days=1), replace=True)
    editions.publish(db, "base", NOW - timedelta(days=1), rule)
    account = take(db, folder / "vulamba_features.geojson", rule)
    assert (account.tally.new, account.n_refused) == (870, 0)
    filed = as_frame(read(folder / "vulamba_features.geojson"))
    joined = text("SELECT h.tag, g.code FROM household h JOIN grid_version g ON g.id = h.grid_version_id")
    found = {row.tag: row.code for row in db.execute(joined)}
    assert found == dict(zip(filed["id"], filed["task_id"], strict=True))
    assert (len(found), len(set(found.values()))) == (870, 69)
