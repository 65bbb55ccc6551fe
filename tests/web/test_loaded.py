"""What a serving process loads from the start: not what only few writes need."""

from __future__ import annotations

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
