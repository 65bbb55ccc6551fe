"""Accounts from the command line; a password never stands in an argument or an answer."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
import shapely

from gridsvc import accounts
from tests.walk.cli import Cli, geojson

SECRET = "correct horse battery"


def test_accounts_come_log_in_and_go(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no account" in cli("users", "list").out
    cli("import", "areas", geojson(tmp_path / "a.geojson", {"990101": shapely.box(110, 23, 111, 24)}), "--commit")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{SECRET}\n"))
    added = cli("users", "add", "anna", "--role", "manager", "--areas", "990101", "--password-stdin")
    assert added.code == 0
    assert SECRET not in added.out + added.err
    (listed,) = cli("users", "list", "--json").json
    assert (listed["login"], listed["role"], listed["area_codes"], listed["active"]) == (
        "anna",
        "manager",
        ["990101"],
        True,
    )
    issued = cli("users", "token", "anna", "--label", "script", "--days", "3", "--json")
    assert issued.json["token"] not in issued.err
    with cli.fresh.begin() as db:
        actor = accounts.authenticate(db, issued.json["token"], "bearer", datetime.now(UTC))
    assert actor is not None
    assert actor.login == "anna"
    assert cli("users", "disable", "anna").code == 0
    with cli.fresh.begin() as db:
        assert accounts.authenticate(db, issued.json["token"], "bearer", datetime.now(UTC)) is None
    assert cli("users", "enable", "anna").code == 0


def test_several_roles_and_a_token_in_one_of_them(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli("import", "areas", geojson(tmp_path / "a.geojson", {"990101": shapely.box(110, 23, 111, 24)}), "--commit")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{SECRET}\n" * 2))
    several = ("--role", "manager", "--role", "planner", "--role", "worker", "--areas", "990101", "--password-stdin")
    lacks = cli("users", "add", "anna", *several, "--lang", "en")
    assert lacks.code == 2
    assert "role worker needs the worker behind it" in lacks.err
    added = cli("users", "add", "anna", *several[:4], "--areas", "990101", "--password-stdin", "--json")
    assert (added.json["role"], added.json["roles"]) == ("manager", ["manager", "planner"])
    assert "manager, planner" in cli("users", "list").out

    def token(role: str) -> str:
        return str(cli("users", "token", "anna", "--role", role, "--json").json.get("token", ""))

    assert cli("users", "token", "anna", "--role", "admin").code == 2
    kept, lost = token("manager"), token("planner")
    changed = cli("users", "change", "anna", "--role", "manager", "--role", "admin", "--json")
    assert changed.json["roles"] == ["manager", "admin"]
    assert "is so already" in cli("users", "change", "anna", "--name", "anna", "--lang", "en").out
    (listed,) = cli("users", "list", "--json").json
    assert (listed["roles"], listed["area_codes"]) == (["manager", "admin"], ["990101"])  # what was not named stays
    with cli.fresh.begin() as db:
        actors = [accounts.authenticate(db, one, "bearer", datetime.now(UTC)) for one in (kept, lost)]
    assert [one and one.role for one in actors] == ["manager", None]
    assert cli("users", "change", "anna", "--role", "planner").code == 4  # nobody else is an admin
    assert cli("users", "change", "nobody", "--name", "x").code == 3


def test_what_is_refused(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert cli("users", "add", "bo", "--role", "admin", "--password-stdin").code == 2
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    assert cli("users", "add", "bo", "--role", "admin", "--password-stdin").code == 2
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{SECRET}\n" * 3))
    assert cli("users", "add", "bo", "--role", "admin").code == 2  # no terminal to ask on
    assert cli("users", "add", "bo", "--role", "manager", "--password-stdin").code == 2  # a manager has areas
    assert cli("users", "add", "bo", "--role", "admin", "--password-stdin").code == 0
    assert cli("users", "add", "bo", "--role", "admin", "--password-stdin").code == 4
    assert cli("users", "disable", "nobody").code == 3
    assert cli("users", "add", "bo", "--role", "king", "--password-stdin").code == 2
