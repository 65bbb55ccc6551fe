"""The database from the command line: made, looked at, absent, unreachable."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import text

from gridsvc.cli.door import wrong_settings
from gridsvc.cli.main import main
from gridsvc.db.engine import transaction
from gridsvc.i18n import catalogue
from gridsvc.settings import Settings
from tests.walk.cli import Cli, geojson, square_grids


def test_status_and_upgrade_of_a_schema(cli: Cli) -> None:
    status = cli("db", "status", "--json")
    assert (status.code, status.json["ready"], status.json["database"]) == (0, True, "given")
    again = cli("db", "init", "--json")
    assert again.json["before"] == again.json["now"] == again.json["newest"]
    assert cli("db", "upgrade").code == 0


def test_init_makes_a_schema_and_nothing_works_before(cli: Cli, tmp_path: Path) -> None:
    schema = f"t_{uuid.uuid4().hex[:12]}"
    file = geojson(tmp_path / "g.geojson", square_grids())
    try:
        for words in (("import", "grids", file), ("publish",), ("db", "upgrade"), ("users", "list")):
            answer = cli(*words, SCHEMA=schema)
            assert answer.code == 3, words
            assert "gridsvc db init" in answer.err
        assert cli("db", "status", SCHEMA=schema).code == 3
        assert cli("db", "init", SCHEMA=schema).code == 0
        assert cli("import", "grids", file, "--commit", SCHEMA=schema).code == 0
        assert cli("db", "status", SCHEMA=schema).code == 0
    finally:
        with transaction(cli.fresh.owner_url, schema) as db:
            db.execute(text(f"DROP SCHEMA IF EXISTS {schema} CASCADE"))


def test_no_database_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("DATABASE_URL", "OWNER_URL", "SCHEMA"):
        monkeypatch.delenv(f"GRIDSVC_{name}", raising=False)
    monkeypatch.setenv("GRIDSVC_DATA_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("GRIDSVC_LANG", "en")
    for words in (["publish"], ["db", "upgrade"], ["db", "status"], ["users", "list"]):
        assert main(words) == 3
    said = capsys.readouterr()
    assert "gridsvc db init" in said.err
    assert not (tmp_path / "none").exists()


def test_an_unreachable_database_and_a_wrong_setting(cli: Cli) -> None:
    nowhere = "postgresql://gridsvc_app:x@127.0.0.1:1/none"
    answer = cli("publish", DATABASE_URL=nowhere, OWNER_URL=nowhere)
    assert answer.code == 3
    assert "does not answer" in answer.err
    assert ":x@" not in answer.err
    for url in (
        "host=127.0.0.1 password=x@",
        "mysql://a:x@127.0.0.1/none",
        "postgresql+pg8000://a:x@127.0.0.1/none",
        "postgresql://a:x@127.0.0.1:port/none",
    ):
        unreadable = cli("db", "status", DATABASE_URL=url, OWNER_URL=url)
        assert unreadable.code == 2
        assert "postgresql://" in unreadable.err
        assert "x@" not in unreadable.err
    wrong = cli("publish", TIMEZONE="Mars/Olympus", PORT="70000")
    assert wrong.code == 2
    assert "GRIDSVC_TIMEZONE" in wrong.err
    assert "GRIDSVC_PORT" in wrong.err


WRONG_SETTINGS = {
    "PORT": ("x", "应为整数。"),
    "TRUST_PORT": ("70000", "应不大于 65535。"),
    "NEAREST_MAX_M": ("far", "应为数字。"),
    "SESSION_HOURS": ("0", "应大于 0。"),
    "LANG": ("fr", "应为 'zh' / 'en'。"),
    "TILE_DATUM": ("mars", "应为 'wgs84' / 'cgcs2000' / 'gcj02' / 'bd09'。"),
    "SCHEMA": ("9 lives", "含有此处不允许的字符。"),
    "TIMEZONE": ("Mars/Olympus", "没有这个时区，写法如 Asia/Shanghai。"),
    "WORKING_HOURS": ("nine to five", "写法如 09:00-12:00,13:30-18:00。"),
}


@pytest.mark.parametrize("name", WRONG_SETTINGS)
def test_a_wrong_setting_is_told_in_the_language_asked_for(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    value, told = WRONG_SETTINGS[name]
    monkeypatch.setenv(f"GRIDSVC_{name}", value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert wrong_settings(caught.value, "zh") == f"GRIDSVC_{name}: {told}"
    english = wrong_settings(caught.value, "en")
    assert english.startswith(f"GRIDSVC_{name}: ")
    assert catalogue("en")["field.other"] not in english
