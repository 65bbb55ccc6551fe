"""The command line in a schema of a test's own."""

from __future__ import annotations

import pytest

from tests.conftest import Fresh
from tests.walk.cli import Cli


@pytest.fixture
def cli(fresh: Fresh, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Calls `gridsvc` in an empty migrated schema."""
    return Cli(fresh, capsys, monkeypatch)
