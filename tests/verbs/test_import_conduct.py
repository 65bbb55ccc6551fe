"""How imports behave where rows are refused, where others are at work, and at the edges of times and measures."""

from __future__ import annotations

import threading
import time as clock
from datetime import UTC, datetime, time
from pathlib import Path

import pytest
import shapely
from sqlalchemy import Connection, event, text

from geodata.layer import Fields
from geodata.read import read
from gridsvc import cases, compounds, editions, workers
from gridsvc.compounds import Incoming
from gridsvc.grids import Rule
from gridsvc.i18n import error_text
from gridsvc.imports import grids as grid_import
from gridsvc.imports import report_rows
from gridsvc.imports import workers as worker_import
from gridsvc.imports.account import Account
from gridsvc.rules.roles import Actor
from gridsvc.web import schemas
from gridsvc.workers import Duty, Worker
from tests.conftest import NOW, Fresh
from tests.verbs.report_files import LATER, one, publish, row, table, take

# ---- compounds by name -------------------------------------------------------------------------------------------


def test_many_names_cost_a_handful_of_statements(db: Connection, rule: Rule, tmp_path: Path) -> None:
    publish(db, rule)
    n = 200
    compounds.save(
        db,
        [
            Incoming(
                "c",
                f"{i}",
                f"锦绣園{i}",
                (f"花园 {i}期",),
                None,
                None,
                None,
                bytes(shapely.to_wkb(shapely.Point(110.015, 23.005))),
            )
            for i in range(n)
        ],
    )
    compounds.save(
        db, [Incoming("d", "x", "锦绣园7", (), None, None, None, bytes(shapely.to_wkb(shapely.Point(110.005, 23.005))))]
    )
    names = [name for i in range(n) for name in (f"錦繡園{i}", f"花園{i}期")]
    rows = [(f"A{i}", "2026-03-01", name, None, None) for i, name in enumerate([*names, "没有这个"])]
    file = table(tmp_path / "r.csv", *rows, header=("number", "time", "小区", "lon", "lat"))
    statements: list[str] = []
    event.listen(db, "before_cursor_execute", lambda *said: statements.append(said[2]))
    account = take(db, file, rule)
    assert account.extra["placed"] == {"compound": 2 * n - 1, "none": 2}
    assert account.extra["unplaced"] == {"compound_ambiguous": 1, "compound_unknown": 1}
    assert len(statements) < 60
    found = one(
        db,
        "SELECT c.name, g.code FROM report r JOIN compound c ON c.id = r.compound_id JOIN placement p ON "
        "p.report_id = r.id JOIN grid_version g ON g.id = p.grid_version_id WHERE r.number = 'A1'",
    )
    assert tuple(found) == ("锦绣園0", "001")


# ---- somebody else at work ---------------------------------------------------------------------------------------


def test_an_import_waits_for_the_click_on_the_same_report(fresh: Fresh, rule: Rule, tmp_path: Path) -> None:
    with fresh.begin() as db:
        publish(db, rule)
        take(db, table(tmp_path / "r.csv", row("A"), row("B")), rule)
    clicked = threading.Event()

    def click() -> None:
        with fresh.begin() as manager:
            cases.place_by_hand(manager, cases.lock(manager, "A", "s"), "008", Actor("admin"), NOW, rule)
            clicked.set()
            clock.sleep(1.0)

    person = threading.Thread(target=click)
    person.start()
    assert clicked.wait(60)
    with fresh.begin() as db:
        file = table(tmp_path / "r.csv", row("A", description="new", lon=110.015), row("B", description="new"))
        assert take(db, file, rule, now=LATER).tally.changed == 2
    person.join()
    with fresh.begin() as db:
        placed = one(
            db,
            "SELECT p.method, g.code FROM placement p JOIN report r ON r.id = p.report_id "
            "JOIN grid_version g ON g.id = p.grid_version_id WHERE number = 'A' AND to_at IS NULL",
        )
        assert tuple(placed) == ("manual", "008"), "what the person did is kept"
        log = db.scalars(
            text("SELECT seq FROM report_log l JOIN report r ON r.id = l.report_id WHERE number = 'A' ORDER BY 1")
        )
        assert list(log) == [1, 2, 3]
        assert one(db, "SELECT description FROM report WHERE number = 'A'").description == "new"


# ---- refused rows take nothing away ------------------------------------------------------------------------------


def duty_file(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "w.csv"
    path.write_text("\n".join(("工号,姓名,网格编码,职责,值班时间", *lines)) + "\n", "utf-8")
    return path


def take_workers(db: Connection, path: Path, *, replace: bool = False) -> Account:
    layer = read(path, "workers", fields=Fields())
    return worker_import.take(db, layer, path.name, default=None, replace=replace)


def duties(db: Connection) -> list[tuple[str, str]]:
    found = db.execute(text("SELECT w.code, d.grid_code FROM duty d JOIN worker w ON w.id = d.worker_id ORDER BY 1, 2"))
    return [tuple(r) for r in found]


def test_a_refused_row_ends_no_duty(db: Connection, rule: Rule, tmp_path: Path) -> None:
    publish(db, rule)
    take_workers(
        db, duty_file(tmp_path, "W1,甲,001,主,", "W1,甲,002,主,", "W2,乙,003,主,", "W2,乙,004,主,", "W3,丙,005,主,")
    )
    before = duties(db)
    said = duty_file(tmp_path, "W1,甲,001,主,", "W1,甲,002,主,有时", "W2,乙,003,主,", "W4,丁,006,主,")
    account = take_workers(db, said)
    assert [(p.row, p.code) for p in account.refused] == [(2, "hours_unreadable")]
    # W1 keeps what the refused row says of him, W2 loses what his rows do not name, as ever
    assert duties(db) == [("W1", "001"), ("W1", "002"), ("W2", "003"), ("W3", "005"), ("W4", "006")]
    assert account.tally.removed == 1
    unknown = duty_file(tmp_path, "W1,甲,001,主,", ",,002,主,")
    assert take_workers(db, unknown).tally.removed == 0, "nobody can tell whose row that is"
    assert len(before) == len(duties(db))


def test_replace_takes_nobody_off_duty_where_rows_are_refused(db: Connection, rule: Rule, tmp_path: Path) -> None:
    publish(db, rule)
    take_workers(db, duty_file(tmp_path, "W1,甲,001,主,", "W2,乙,003,主,", "W3,丙,005,主,"))
    account = take_workers(db, duty_file(tmp_path, "W1,甲,001,主,", "W2,乙,009,主,"), replace=True)
    assert [(p.row, p.code) for p in account.refused] == [(2, "duty_grid_unknown")]
    assert duties(db) == [("W1", "001"), ("W2", "003"), ("W3", "005")]
    assert [(p.code, p.facts) for p in account.notes if p.code == "replace_held_back"] == [
        ("replace_held_back", {"n": 1})
    ]
    good = take_workers(db, duty_file(tmp_path, "W1,甲,001,主,"), replace=True)
    assert "replace_held_back" not in [p.code for p in good.notes]
    assert duties(db) == [("W1", "001")]


def grid_file(tmp_path: Path, *codes: str, broken: str = "") -> Path:
    path = tmp_path / "g.csv"
    shapes = {code: shapely.box(110 + int(code) / 100, 23, 110.01 + int(code) / 100, 23.01).wkt for code in codes}
    lines = [f'{code},"{wkt if code != broken else "POLYGON ((110 23, 110 23"}"' for code, wkt in shapes.items()]
    path.write_text("\n".join(("code,wkt", *lines)) + "\n", "utf-8")
    return path


def test_replace_removes_no_grid_where_rows_are_refused(db: Connection, tmp_path: Path) -> None:
    def taken(path: Path) -> Account:
        layer = read(path, "grids", crs="wgs84", fields=Fields(code="code", wkt="wkt"))
        return grid_import.take(db, layer, path.name, NOW, default="base", replace=True)

    def drafted() -> list[str]:
        edition = editions.edition_id(db, "base", "draft")
        assert edition is not None
        return sorted(editions.edition_frame(db, edition)["code"])

    taken(grid_file(tmp_path, "1", "2", "3"))
    account = taken(grid_file(tmp_path, "1", "2", broken="2"))
    assert account.n_refused == 1
    assert account.tally.removed == 0
    assert [p.code for p in account.notes if p.code == "replace_held_back"] == ["replace_held_back"]
    assert drafted() == ["1", "2", "3"]
    assert taken(grid_file(tmp_path, "1", "2")).tally.removed == 1
    assert drafted() == ["1", "2"]


# ---- edges -------------------------------------------------------------------------------------------------------


def test_what_is_closed_in_the_future_is_refused(db: Connection, rule: Rule, tmp_path: Path) -> None:
    publish(db, rule)
    file = table(
        tmp_path / "r.csv",
        row("A", state="closed", closed_at="2999-01-01 00:00:00"),
        row("B", state="closed", closed_at="2026-03-02"),
        row("C", state="open", closed_at="2999-01-01"),
        row("D", state="closed", reported_at="2999-01-01 00:00:00", closed_at="2999-01-02 00:00:00"),
    )
    account = take(db, file, rule, write=False)
    assert [(p.row, p.code, p.facts["found"]) for p in account.refused] == [
        (1, "closed_ahead", "2999-01-01 00:00"),
        (4, "time_ahead", "2999-01-01 00:00"),
        (4, "closed_ahead", "2999-01-02 00:00"),
    ]
    assert account.n_refused == 2


@pytest.mark.parametrize(
    ("cell", "code"),
    [("20000", None), ("0", None), ("20000.5", "accuracy_too_large"), ("1e300", "accuracy_too_large"),
     ("1e400", "accuracy_wrong"), ("-1", "accuracy_wrong"), ("nan", "accuracy_wrong")],
)  # fmt: skip
def test_an_accuracy_has_an_upper_end(db: Connection, rule: Rule, tmp_path: Path, cell: str, code: str | None) -> None:
    publish(db, rule)
    header = ("number", "time", "lon", "lat", "accuracy_m")
    account = take(db, table(tmp_path / "r.csv", ("A", "2026-03-01", 110.005, 23.005, cell), header=header), rule)
    assert [p.code for p in account.refused] == ([] if code is None else [code])
    for locale in ("zh", "en"):
        for problem in account.refused:
            assert cell in error_text(problem.code, locale, row=problem.row, **problem.facts)


def test_the_api_and_the_import_take_the_same_accuracy() -> None:
    assert report_rows.MOST_ACCURACY_M == schemas.MAX_ACCURACY_M


def test_a_bare_day_is_the_duty_of_its_noon(db: Connection, rule: Rule, tmp_path: Path) -> None:
    publish(db, rule)
    workers.save(db, [Worker("DAY", "甲"), Worker("NIGHT", "乙"), Worker("ALL", "丙")])
    workers.save_duties(
        db,
        [
            Duty("DAY", "base", "000", "main", None, time(8), time(18)),
            Duty("NIGHT", "base", "000", "main", None, time(18), time(8)),
            Duty("ALL", "base", "001", "deputy"),
        ],
    )
    take(
        db,
        table(
            tmp_path / "r.csv",
            row("A", reported_at="2026-03-01"),
            row("B", reported_at="2026-03-01 00:00:00"),
            row("C", reported_at="2026-03-01", lon=110.015),
            row("D", reported_at="2026-03-01", lon=110.025),
        ),
        rule,
    )
    found = db.execute(
        text(
            "SELECT r.number, w.code, p.duty, r.received_at FROM report r JOIN placement p ON p.report_id = r.id "
            "LEFT JOIN worker w ON w.id = p.worker_id ORDER BY 1"
        )
    ).all()
    midnight = datetime(2026, 2, 28, 16, tzinfo=UTC)
    assert [tuple(r) for r in found] == [
        ("A", "DAY", "main", midnight),
        ("B", "NIGHT", "main", midnight),
        ("C", "ALL", "deputy", midnight),
        ("D", None, "nobody", midnight),
    ]
    take(db, table(tmp_path / "r.csv", row("D", reported_at="2026-03-01")), rule, now=LATER)
    query = (
        "SELECT w.code FROM report r JOIN placement p ON p.report_id = r.id JOIN worker w ON w.id = p.worker_id "
        "WHERE r.number = 'D' AND to_at IS NULL"
    )
    assert one(db, query).code == "DAY"


def test_a_name_that_two_categories_bear_is_not_guessed(db: Connection, rule: Rule, tmp_path: Path) -> None:
    publish(db, rule)
    db.execute(
        text(
            "INSERT INTO category (code, name_zh, name_en) VALUES ('P0396', '施工公示牌', 'Board'), "
            "('E0399', '施工公示牌', 'Notice'), ('E0101', '乱堆', 'Heap')"
        )
    )
    named = {"A": "施工公示牌", "B": "notice", "C": "乱堆", "D": "P0396"}
    take(db, table(tmp_path / "r.csv", *(row(number, category=name) for number, name in named.items())), rule)
    stored = db.execute(text("SELECT category, category_raw FROM report ORDER BY number")).all()
    assert [one.category for one in stored] == ["unclassified", "E0399", "E0101", "P0396"]
    assert stored[0].category_raw == "施工公示牌"
