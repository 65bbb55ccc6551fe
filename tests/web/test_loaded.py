"""What a process loads from the start: a serving one not what few writes need, a command what it uses."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.conftest import ROOT

LOADED = (
    "import sys; import gridsvc.web.server; from gridsvc import compounds; before = 'pypinyin' in sys.modules;"
    "print(before, compounds.initials('重庆路'), 'pypinyin' in sys.modules)"
)


def test_the_dictionary_of_readings_is_loaded_when_a_name_is_written() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "cql", "True"]


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
