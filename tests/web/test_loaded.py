"""What a process loads from the start: a serving one not what few writes need, a command what it uses."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.conftest import ROOT

LOADED = (
    "import sys; import gridsvc.web.server; from gridsvc import compounds;"
    "print(*{name.partition('.')[0] for name in sys.modules});"
    "print(compounds.initials('重庆路'), 'pypinyin' in sys.modules)"
)
LARGE = {
    *("pandas", "geopandas", "scipy", "pyogrio", "pyarrow", "openpyxl", "folium", "branca", "reportlab", "pypdfium2"),
    *("PIL", "pillow_heif", "requests", "pypinyin"),
}


def test_a_service_that_starts_has_loaded_no_large_library() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded, named = done.stdout.splitlines()
    assert {"numpy", "shapely", "fastapi", "geodata", "maps"} <= set(loaded.split()), "nothing was loaded at all"
    assert LARGE & set(loaded.split()) == set()
    assert named == "cql True", "the dictionary of readings comes when a name is written"


# in this order: each may have loaded what those before it have
COMMANDS = {
    "gridsvc.cli.dbstatus": ("alembic", "pygments"),
    "gridsvc.cli.users": ("openpyxl", "rich"),
    "gridsvc.cli.calendar": (),
    "gridsvc.cli.audit": (),
    "gridsvc.cli.escalate": ("scipy",),
    "gridsvc.cli.import_tables": ("scipy",),
    "gridsvc.cli.import_layers": (),
    "gridsvc.cli.import_reports": ("pandas", "geopandas", "alembic", "openpyxl", "rich", "fastapi"),
}
IN_TURN = (
    "import importlib, json, sys; found = {};"
    "[(importlib.import_module(name), found.update({name: [one for one in unused if one in sys.modules]}))"
    " for name, unused in json.loads(sys.argv[1]).items()]; print(json.dumps(found))"
)


def test_a_command_loads_no_library_that_it_does_not_use() -> None:
    asked = [sys.executable, "-c", IN_TURN, json.dumps(COMMANDS)]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {name: [] for name in COMMANDS}
