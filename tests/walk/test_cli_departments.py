"""Departments, lists, limits and many accounts from the command line: told first, then wholly in or out."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
import shapely
from sqlalchemy import text

from gridsvc import accounts
from tests.walk.cli import Cli, geojson, table

DEPARTMENTS = ("单位编码", "单位名称", "所属区划")
PEOPLE = ("登录名", "姓名", "角色", "辖区", "所属单位", "工号")
POLICY = accounts.Policy(5, timedelta(minutes=5), timedelta(hours=12))


@pytest.fixture
def folder(cli: Cli, tmp_path: Path) -> Path:
    shapes = {"990101": shapely.box(110, 23, 111, 24), "990102": shapely.box(111, 23, 112, 24)}
    assert cli("import", "areas", geojson(tmp_path / "a.geojson", shapes), "--commit").code == 0
    return tmp_path


def n_of(cli: Cli, noun: str) -> int:
    with cli.fresh.begin() as db:
        return int(db.execute(text(f"SELECT count(*) FROM {noun}")).scalar_one())


def test_a_list_is_told_then_stored_then_the_same(cli: Cli, folder: Path) -> None:
    file = table(folder / "单位.csv", DEPARTMENTS, ("D1", "城管局", None), ("D2", "环卫中心", "990101"))
    assert cli("import", "departments", file, "--json").json["committed"] is False
    assert n_of(cli, "department") == 0
    assert cli("import", "departments", file, "--commit").code == 0
    assert cli("import", "departments", file, "--commit", "--json").json["rows"]["same"] == 2
    lists = table(folder / "清单.csv", ("清单类别", "主办", "协办"), ("基本履职", "D1", "环卫中心、D1"))
    done = cli("import", "responsibility", lists, "--commit", "--json").json
    assert (done["rows"]["new"], done["rows"]["repaired"], done["lists"]) == (1, 1, {"basic": 1})
    assert "is not an assistant" in done["repaired"][0]["message"]
    limits = table(folder / "时限.csv", ("环节", "时限"), ("处置", "3天"))
    assert cli("import", "stagelimits", limits, "--commit").code == 2
    assert cli("import", "stagelimits", limits, "--commit", "--day-means", "working").code == 0
    assert (n_of(cli, "responsibility"), n_of(cli, "stage_limit")) == (1, 1)
    with cli.fresh.begin() as db:
        assert db.scalar(text("SELECT source FROM responsibility")) == "清单"


def test_a_wrong_row_keeps_the_file_out_and_goes_back_to_its_sender(cli: Cli, folder: Path) -> None:
    rows = (("D1", "城管局", None), ("3.70102E+17", "环卫中心", None), ("D3", "水务局", "某处"))
    file, errors = table(folder / "单位.csv", DEPARTMENTS, *rows), folder / "错误.csv"
    told = cli("import", "departments", file, "--commit", "--errors", errors, "--json")
    assert (told.code, told.json["committed"], n_of(cli, "department")) == (2, False, 0)
    assert [(one["row"], one["code"]) for one in told.json["refused"]] == [
        (2, "code_in_scientific_notation"),
        (3, "area_cell_unknown"),
    ]
    with errors.open(encoding="utf-8-sig", newline="") as opened:
        back = list(csv.DictReader(opened))
    assert [row["单位编码"] for row in back] == ["3.70102E+17", "D3"]
    assert "某处" in back[1]["错误原因"]
    assert cli("import", "departments", file, "--commit", "--skip-refused").code == 0
    assert n_of(cli, "department") == 1
    for option in (("--crs", "wgs84"), ("--day-means", "working"), ("--code-field", "单位编码"), ("--replace",)):
        assert cli("import", "departments", file, *option).code == 2


def people(folder: Path, *more: tuple[object, ...]) -> Path:
    rows = (
        ("li", "李", "网格长", "990101；990102", None, None),
        ("wang", "王", "经办人", None, "城管局", None),
        ("=zhao", "赵", "核查员", "990102", None, None),
    )
    return table(folder / "账号.csv", PEOPLE, *rows, *more)


def test_many_accounts_with_their_passwords_once(cli: Cli, folder: Path) -> None:
    cli("import", "departments", table(folder / "d.csv", DEPARTMENTS, ("D1", "城管局", None)), "--commit")
    file, out = people(folder), folder / "密码.xlsx"
    assert cli("users", "import", file, "--out", out).code == 0
    assert (n_of(cli, "account"), out.exists()) == (0, False)
    done = cli("users", "import", file, "--commit", "--out", out)
    assert done.code == 0
    assert out.stat().st_mode & 0o777 == 0o600
    (_, *rows) = openpyxl.load_workbook(out).active.iter_rows(values_only=True)
    assert [row[:3] for row in rows] == [("li", "李", "manager"), ("wang", "王", "handler"), ("=zhao", "赵", "checker")]
    now = datetime.now(UTC)
    for login, _, _, password in rows:
        assert password not in done.out + done.err
        with cli.fresh.begin() as db:
            issued = accounts.log_in(db, str(login), str(password), now, POLICY)
        assert issued is not None
        assert (len(issued.actor.area_ids), issued.actor.department_id is not None) == {
            "li": (2, False),
            "wang": (0, True),
            "=zhao": (1, False),
        }[str(login)]
    again = cli("users", "import", file, "--commit", "--json")
    assert (again.json["rows"]["same"], again.json["passwords"]) == (3, [])
    swapped = cli(
        "users", "import", file, "--login-field", "姓名", "--name-field", "登录名", "--department-field", "", "--json"
    )
    assert swapped.json["columns"]["login"] == "姓名"
    assert (swapped.json["columns"]["name"], "department" in swapped.json["columns"]) == ("登录名", False)
    assert cli("users", "import", file, "--commit", "--out", out).code == 4  # written once, replaced never
    listed = cli("users", "list").out
    assert "D1" in listed
    assert "990101 990102" in listed


def test_accounts_are_changed_and_refused(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli("import", "departments", table(folder / "d.csv", DEPARTMENTS, ("D1", "城管局", None)), "--commit")
    told = cli("users", "import", people(folder), "--commit", "--json").json
    first = {one["login"]: one["password"] for one in told["passwords"]}
    with cli.fresh.begin() as db:
        session = accounts.log_in(db, "li", first["li"], datetime.now(UTC), POLICY)
    assert session is not None
    moved = table(folder / "b.csv", PEOPLE, ("li", "李", "leader", "990102", None, None))
    assert cli("users", "import", moved, "--commit", "--json").json["rows"]["changed"] == 1
    with cli.fresh.begin() as db:
        assert accounts.authenticate(db, session.token, "session", datetime.now(UTC)) is None
        assert accounts.log_in(db, "li", first["li"], datetime.now(UTC), POLICY) is not None
    monkeypatch.setattr("sys.stdin", io.StringIO("a long enough password\n"))
    assert cli("users", "add", "boss", "--role", "admin", "--password-stdin").code == 0
    rows: tuple[tuple[object, ...], ...] = (
        ("a", None, "国王", None, None, None),
        ("b", None, "manager", None, None, None),
        ("c", None, "handler", "990101", None, None),
        ("d", None, "planner", None, "D1", None),
        ("e", None, "worker", None, None, "W9"),
        ("f", None, None, None, None, None),
        ("g", None, "planner", None, None, None),
        ("g", None, "planner", None, None, None),
        ("boss", "boss", "planner", None, None, None),
        ("h", None, "checker", "不存在", None, None),
    )
    refused = cli("users", "import", table(folder / "c.csv", PEOPLE, *rows), "--commit", "--json")
    assert refused.code == 2
    assert [(one["row"], one["code"]) for one in refused.json["refused"]] == [
        (1, "role_word_unknown"),
        (2, "role_needs_area"),
        (3, "role_takes_no_area"),
        (4, "role_takes_no_department"),
        (5, "worker_cell_unknown"),
        (6, "account_incomplete"),
        (7, "account_repeated"),
        (8, "account_repeated"),
        (9, "last_admin"),
        (10, "area_cell_unknown"),
    ]
    assert n_of(cli, "account") == 4


def test_an_admin_hands_over_to_a_new_one_in_one_table(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a long enough password\n"))
    assert cli("users", "add", "old", "--role", "admin", "--password-stdin").code == 0
    rows = (("old", "old", "planner", None, None, None), ("new", None, "admin", None, None, None))
    file = table(folder / "h.csv", PEOPLE, *rows)
    assert cli("users", "import", file).code == 0
    assert n_of(cli, "account") == 1
    assert cli("users", "import", file, "--commit", "--out", folder / "p.csv").code == 0
    assert {one["login"]: one["role"] for one in cli("users", "list", "--json").json} == {
        "old": "planner",
        "new": "admin",
    }
    assert (folder / "p.csv").read_text("utf-8-sig").splitlines()[1].startswith("new,new,admin,")
    assert cli("users", "import", file, "--commit", "--out", folder / "p.txt").code == 2
    assert cli("users", "import", file, "--commit", "--out", folder / "none" / "p.csv").code == 2


def test_an_account_has_what_its_role_needs(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli("import", "departments", table(folder / "d.csv", DEPARTMENTS, ("D1", "城管局", None)), "--commit")
    cases: dict[tuple[str, ...], int] = {
        ("leader",): 2,
        ("leader", "--area", "990101"): 0,
        ("dispatcher", "--area", "990101", "990102"): 0,
        ("checker", "--areas", "990109"): 2,
        ("handler",): 2,
        ("handler", "--department", "D1", "--area", "990101"): 2,
        ("handler", "--department", "D9"): 2,
        ("handler", "--department", "D1"): 0,
        ("worker",): 2,
        ("planner", "--department", "D1"): 2,
        ("planner", "--area", "990101"): 2,
        ("admin",): 0,
    }
    for n, (words, code) in enumerate(cases.items()):
        monkeypatch.setattr("sys.stdin", io.StringIO("a long enough password\n"))
        assert cli("users", "add", f"u{n}", "--password-stdin", "--role", *words).code == code, words
    (boss,) = [one["login"] for one in cli("users", "list", "--json").json if one["role"] == "admin"]
    assert cli("users", "disable", boss).code == 4
    monkeypatch.setattr("sys.stdin", io.StringIO("a long enough password\n"))
    assert cli("users", "add", "second", "--password-stdin", "--role", "admin").code == 0
    assert cli("users", "disable", boss).code == 0
    assert cli("users", "disable", "second").code == 4
