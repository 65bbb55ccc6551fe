"""The demo's logins: one for each role, made once."""

from __future__ import annotations

import argparse
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from gridsvc import accounts, areas, departments, workers
from gridsvc.cli import demo
from gridsvc.cli.door import Door
from gridsvc.errors import Refused
from gridsvc.rules.roles import ROLES
from gridsvc.settings import Settings
from tests.conftest import NOW, Fresh

POLICY = accounts.Policy(3, timedelta(minutes=1), timedelta(hours=1))


def test_each_role_has_a_login_which_the_next_start_finds_again(fresh: Fresh, tmp_path: Path) -> None:
    with fresh.begin() as db:
        ground = (("990101", "district", None), ("990101001", "subdistrict", "990101"))
        areas.save(db, [areas.Area(code, level, code, parent, None) for code, level, parent in ground])
        departments.save(db, [departments.Department("D01", "环卫")])
        workers.save(db, [workers.Worker("W042", "甲")])
    settings = Settings(data_dir=tmp_path, database_url=fresh.app_url, GRIDSVC_SCHEMA=fresh.schema)
    door = Door(settings, "en", False, NOW)
    made = demo._logins(door, fresh.app_url)
    with fresh.begin() as db:
        told = {one.login: one.role for one in accounts.listed(db)}
        assert made.keys() == told.keys()
        assert accounts.log_in(db, "checker", made["checker"], NOW, POLICY) is not None
    assert (sorted(told.values()), len(set(made.values()))) == (sorted(ROLES), len(ROLES))
    kept = tmp_path / demo.LOGINS
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert demo._logins(door, fresh.app_url) == made
    # whoever lost the file gets new passwords for the same accounts
    kept.unlink()
    again = demo._logins(door, fresh.app_url)
    assert again.keys() == made.keys()
    assert not {*again.values()} & {*made.values()}


def test_an_address_open_to_others_is_refused_before_anything_is_made_or_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    door = Door(Settings(data_dir=tmp_path / "data"), "en", False, NOW)
    with pytest.raises(Refused) as refused:
        demo.run(door, argparse.Namespace(host="192.0.2.1", port=None))
    assert refused.value.code == "binding_demo_accounts"
    assert (capsys.readouterr(), (tmp_path / "data").exists()) == (("", ""), False)
