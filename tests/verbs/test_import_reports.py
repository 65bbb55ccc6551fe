"""Reports of a file: the streamed table and the one held in memory, changes through the log, large loads."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import numpy as np
import openpyxl
import pytest
import shapely
from pyproj import Transformer
from sqlalchemy import Connection, text

from geodata import crs as systems
from geodata.layer import Fields
from geodata.read import read
from gridsvc import audit, cases, compounds, editions, ledger, performance, workers
from gridsvc.compounds import Incoming
from gridsvc.db import tables as t
from gridsvc.errors import Conflict, Unavailable
from gridsvc.grids import Rule
from gridsvc.imports import report_rows, streams
from gridsvc.imports import reports as importing
from gridsvc.rules.roles import Actor
from gridsvc.stats import Period
from gridsvc.workers import Duty, Worker
from tests.conftest import NOW, Fresh
from tests.through import lead
from tests.verbs.report_files import HEADER, LATER, one, publish, row, table, take

# ---- what one file does ------------------------------------------------------------------------------------------


def test_stored_rows_have_everything(db: Connection, rule: Rule, tmp_path: Path) -> None:
    publish(db, rule)
    db.execute(text("INSERT INTO category VALUES ('light', '路灯', 'Street light')"))
    file = table(
        tmp_path / "r.csv",
        row(
            "A",
            category="路灯",
            state="已办结",
            closed_at="2026-03-02T10:00:00Z",
            description="a\tb\\c\n\"d'",
            address="门口",
        ),
        row("B", category="STREET LIGHT", reported_at="2026-03-01"),
        row("C", category="其他", state="void", lon=None, lat=None),
    )
    account = take(db, file, rule)
    assert (account.tally.new, account.n_refused, account.n_read) == (3, 0, 3)
    a = one(db, "SELECT r.*, ST_X(geom) AS x, ST_Y(geom) AS y FROM report r WHERE number = 'A'")
    assert (a.source, a.repeat, a.source_row, a.state, a.category, a.category_raw) == (
        "s",
        0,
        1,
        "closed",
        "light",
        None,
    )
    assert (a.description, a.words, a.channel) == ("a\tb\\c\n\"d'", "门口", "import")
    assert (a.x, a.y, a.raw_x, a.raw_y, a.crs) == (110.005, 23.005, 110.005, 23.005, "wgs84")
    assert a.received_at == datetime(2026, 3, 1, 0, tzinfo=UTC)
    assert a.closed_at == datetime(2026, 3, 2, 10, tzinfo=UTC)
    b = one(db, "SELECT * FROM report WHERE number = 'B'")
    assert (b.category, b.state, b.day_only) == ("light", "reported", True)
    assert b.received_at == datetime(2026, 2, 28, 16, tzinfo=UTC)
    c = one(
        db, "SELECT r.*, p.method, p.reason FROM report r JOIN placement p ON p.report_id = r.id WHERE number = 'C'"
    )
    assert (c.category, c.category_raw, c.geom, c.crs, c.method, c.reason) == (
        "unclassified",
        "其他",
        None,
        None,
        "none",
        "no_position",
    )
    log = one(db, "SELECT l.* FROM report_log l JOIN report r ON r.id = l.report_id WHERE number = 'A'")
    assert (log.seq, log.action, log.from_state, log.to_state, log.at) == (1, "import", None, "closed", NOW)
    assert log.facts["file"] == "r.csv"
    assert cases.replayed(db, log.report_id) == cases.read(db, log.report_id).case


def test_a_dry_run_stores_nothing_and_tells_the_same(db: Connection, rule: Rule, tmp_path: Path) -> None:
    publish(db, rule)
    file = table(tmp_path / "r.csv", row("A"), row("B", lon=110.2), row("C", lat=None))
    dry = take(db, file, rule, write=False)
    assert one(db, "SELECT count(*) AS n FROM report").n == 0
    assert (dry.n_refused, dry.tally.new) == (1, 2)
    wet = take(db, file, rule, skip_refused=True)
    assert one(db, "SELECT count(*) AS n FROM report").n == 2
    assert wet == dry


def test_without_skip_nothing_is_written(db: Connection, rule: Rule, tmp_path: Path) -> None:
    publish(db, rule)
    take(db, table(tmp_path / "r.csv", row("A"), row("B", lat=95)), rule)
    assert one(db, "SELECT count(*) AS n FROM report").n == 0


def test_no_published_edition(db: Connection, rule: Rule, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no_published_edition"):
        take(db, table(tmp_path / "r.csv", row("A")), rule)


def test_repeats_are_counted_in_file_order(db: Connection, rule: Rule, tmp_path: Path) -> None:
    publish(db, rule)
    file = table(tmp_path / "r.csv", row("A"), row("B"), row("A", description="2"), row("A", description="3"))
    refused = take(db, file, rule)
    assert [(p.row, p.code, p.facts["rows"]) for p in refused.refused] == [
        (n, "number_repeated", "1, 3, 4") for n in (1, 3, 4)
    ]
    take(db, file, rule, allow_repeats=True)
    found = db.execute(text("SELECT number, repeat, source_row FROM report ORDER BY source_row")).all()
    assert [tuple(r) for r in found] == [("A", 0, 1), ("B", 0, 2), ("A", 1, 3), ("A", 2, 4)]
    assert take(db, file, rule, allow_repeats=True).tally.same == 4


def test_the_edition_and_the_duty_are_those_of_the_day_it_was_received(
    db: Connection, rule: Rule, tmp_path: Path
) -> None:
    publish(db, rule)
    editions.stage(
        db, [(1, "000", "wider", bytes(shapely.to_wkb(shapely.MultiPolygon([shapely.box(110, 23, 110.011, 23.01)]))))]
    )
    editions.draft(db, "base", LATER, replace=True)
    editions.publish(db, "base", LATER, rule)
    workers.save(db, [Worker("W1", "甲"), Worker("W2", "乙")])
    workers.save_duties(
        db,
        [
            Duty("W1", "base", "000", "main", (1, 2, 3, 4, 5), time(8), time(12)),
            Duty("W2", "base", "000", "deputy"),
        ],
    )
    after = LATER + timedelta(days=2)
    file = table(
        tmp_path / "r.csv",
        row("A", state="closed", reported_at="2026-10-30 09:00:00"),
        row("B", state="closed", reported_at="2026-10-30 13:00:00"),
        row("C", state="closed", reported_at="2026-10-30 09:00:00", lon=110.0105),
        row("D", reported_at="2026-11-03 09:00:00", lon=110.0105),
        row("E", state="open", reported_at="2026-10-30 09:00:00", lon=110.0105),
    )
    take(db, file, rule, now=after)
    rows = db.execute(
        text(
            "SELECT r.number, g.code, g.name, p.duty, w.code AS worker, p.from_at = r.received_at AS then FROM report r "
            "JOIN placement p ON p.report_id = r.id LEFT JOIN grid_version g ON g.id = p.grid_version_id "
            "LEFT JOIN worker w ON w.id = p.worker_id ORDER BY r.number, p.seq"
        )
    ).all()
    assert [tuple(r) for r in rows] == [
        ("A", "000", "Grid 0", "main", "W1", True),
        ("B", "000", "Grid 0", "deputy", "W2", True),
        ("C", "001", "Grid 1", "nobody", None, True),
        ("D", "000", "wider", "main", "W1", True),
        ("E", "001", "Grid 1", "nobody", None, True),
        ("E", "000", "wider", "main", "W1", False),  # still open: it goes on to the grid that holds now
    ]


def test_a_compound_stands_in_for_a_position(db: Connection, rule: Rule, tmp_path: Path) -> None:
    publish(db, rule)
    shapes = {"锦绣园": (110.015, 23.005), "同名": (110.005, 23.005), "远园": (110.5, 23.005)}
    incoming = [
        Incoming("c", name, name, (), None, None, None, bytes(shapely.to_wkb(shapely.Point(*at))))
        for name, at in shapes.items()
    ]
    incoming.append(
        Incoming("c", "other", "同名", (), None, None, None, bytes(shapely.to_wkb(shapely.Point(110.025, 23.005))))
    )
    compounds.save(db, incoming)
    header = ("number", "time", "小区", "lon", "lat")
    names = ("錦繡園", "同名", "远园", "没有这个", None)
    file = table(
        tmp_path / "r.csv", *[(f"A{i}", "2026-03-01", name, None, None) for i, name in enumerate(names)], header=header
    )
    account = take(db, file, rule)
    assert account.extra["placed"] == {"compound": 1, "none": 4}
    assert account.extra["unplaced"] == {
        "compound_ambiguous": 1,
        "compound_outside": 1,
        "compound_unknown": 1,
        "no_position": 1,
    }
    a = one(
        db,
        "SELECT p.method, p.distance_m, g.code, c.name FROM report r JOIN placement p ON p.report_id = r.id "
        "JOIN grid_version g ON g.id = p.grid_version_id JOIN compound c ON c.id = r.compound_id WHERE number = 'A0'",
    )
    assert tuple(a) == ("compound", None, "001", "锦绣园")
    assert one(db, "SELECT words FROM report WHERE number = 'A3'").words == "没有这个"


def test_an_accuracy_gives_a_confidence(db: Connection, rule: Rule, tmp_path: Path) -> None:
    publish(db, rule)
    header = ("number", "time", "lon", "lat", "accuracy_m")
    file = table(
        tmp_path / "r.csv",
        ("A", "2026-03-01", 110.01, 23.005, 30),
        ("B", "2026-03-01", 110.005, 23.005, 30),
        header=header,
    )
    take(db, file, rule)
    rows = db.execute(
        text("SELECT p.confidence, p.runners_up FROM placement p JOIN report r ON r.id = p.report_id ORDER BY number")
    ).all()
    assert rows[0].confidence == pytest.approx(0.5, abs=0.001)
    assert rows[0].runners_up == [["001", pytest.approx(0.5, abs=0.001)]]
    assert (rows[1].confidence, rows[1].runners_up) == (1.0, [])
    bad = table(
        tmp_path / "b.csv",
        ("C", "2026-03-01", 110.01, 23.005, -1),
        ("D", "2026-03-01", 110.01, 23.005, "x"),
        header=header,
    )
    assert [p.code for p in take(db, bad, rule).refused] == ["accuracy_wrong", "accuracy_wrong"]


def test_two_imports_at_once_conflict(fresh: Fresh, rule: Rule, tmp_path: Path) -> None:
    file = table(tmp_path / "r.csv", row("A"))
    with fresh.begin() as first:
        publish(first, rule)
    with fresh.begin() as first:
        take(first, file, rule)
        with fresh.begin() as second, pytest.raises(Conflict, match="import_running"):
            take(second, file, rule)


# ---- the same file, changed --------------------------------------------------------------------------------------


def states(db: Connection, number: str = "A") -> list[tuple[str, str | None, str]]:
    found = db.execute(
        text(
            "SELECT action, from_state, to_state FROM report_log l JOIN report r ON r.id = l.report_id WHERE number = :n ORDER BY seq"
        ),
        {"n": number},
    )
    return [tuple(r) for r in found]


def test_changed_rows_are_updated_through_the_log(db: Connection, rule: Rule, tmp_path: Path) -> None:
    publish(db, rule)
    take(db, table(tmp_path / "r.csv", row("A", description="old"), row("B")), rule)
    file = table(
        tmp_path / "r.csv",
        row("A", description="new", state="closed", closed_at="2026-03-05", lon=110.015),
        row("B"),
        row("C"),
    )
    account = take(db, file, rule, now=LATER)
    assert (account.tally.new, account.tally.changed, account.tally.same) == (1, 1, 1)
    a = one(db, "SELECT * FROM report WHERE number = 'A'")
    assert (a.state, a.description, a.raw_x) == ("closed", "new", 110.015)
    assert states(db) == [("import", None, "reported"), ("import", "reported", "closed")]
    log = one(db, "SELECT facts, note FROM report_log WHERE seq = 2")
    assert log.facts.pop("set").keys() == {"closed_at"}
    assert log.facts == {"file": "r.csv", "x": 110.005, "y": 23.005}
    assert log.note == "old"  # words, so that they go when notes do
    assert cases.replayed(db, a.id) == cases.read(db, a.id).case
    places = db.execute(
        text(
            "SELECT p.seq, g.code, p.to_at FROM placement p JOIN grid_version g ON g.id = p.grid_version_id "
            "WHERE report_id = :id ORDER BY seq"
        ),
        {"id": a.id},
    ).all()
    assert [tuple(p) for p in places] == [(1, "000", LATER), (2, "001", None)]
    assert take(db, file, rule, now=LATER + timedelta(hours=1)).tally.same == 3
    assert len(states(db)) == 2


def test_another_category_or_time_of_receipt_is_told_with_the_old_one_and_in_the_figures(
    db: Connection, rule: Rule, tmp_path: Path
) -> None:
    publish(db, rule)
    db.execute(t.category.insert(), [{"code": code, "name_zh": code, "name_en": code} for code in ("light", "lid")])
    take(db, table(tmp_path / "r.csv", row("A", category="light"), row("B")), rule)
    admin, was = Actor("admin"), one(db, "SELECT received_at FROM report WHERE number = 'A'").received_at
    past = Period(was - timedelta(days=1), was + timedelta(days=1), LATER + timedelta(days=1))

    def figures() -> tuple[dict[str | None, int], dict[str | None, int], int]:
        rates = performance.rates(db, admin, past, "category")
        lines = ledger.load_period(db, admin, "category", past.from_at, past.to_at)
        assert rates.corrected == lines.corrected
        received = {row.code: row.counts["received"] for row in rates.rows if row.counts["received"]}
        return received, {row.code: row.line.new for row in lines.rows if row.line.new}, lines.corrected

    before = figures()
    assert before == ({"light": 1, "unclassified": 1}, {"light": 1, "unclassified": 1}, 0)
    renamed = take(db, table(tmp_path / "r.csv", row("A", category="lid"), row("B")), rule, now=LATER)
    assert [(note.code, note.facts) for note in renamed.notes if note.code.startswith("past_")] == [
        ("past_category", {"n": 1})
    ]
    log = one(db, "SELECT facts FROM report_log WHERE seq = 2")
    assert log.facts["category"] == {"from": "light", "to": "lid"}
    assert figures() == before, "what was counted stays counted as it was"
    later = was - timedelta(days=30)
    file = table(tmp_path / "r.csv", row("A", category="lid", reported_at=later.isoformat()), row("B"))
    moved = take(db, file, rule, now=LATER)
    assert [(note.code, note.facts) for note in moved.notes if note.code.startswith("past_")] == [
        ("past_received", {"n": 1})
    ]
    facts = one(db, "SELECT facts FROM report_log WHERE seq = 3").facts
    told = {name: datetime.fromisoformat(at) for name, at in facts["received_at"].items()}
    assert told == {"from": was, "to": later}
    received, new, corrected = figures()
    assert (received, new, corrected) == ({"unclassified": 1}, {"unclassified": 1}, 1)
    assert audit.verify(db).sound


def test_what_was_closed_here_stays_closed_when_the_file_repeats_itself(
    db: Connection, rule: Rule, tmp_path: Path
) -> None:
    publish(db, rule)
    take(db, table(tmp_path / "r.csv", row("A", state="open")), rule)
    lead(db, "A", "closed", NOW, source="s")
    closed_at = one(db, "SELECT closed_at FROM report").closed_at
    assert take(db, table(tmp_path / "r.csv", row("A", state="open")), rule, now=LATER).tally.same == 1
    take(db, table(tmp_path / "r.csv", row("A", state="open", description="more")), rule, now=LATER)
    a = one(db, "SELECT * FROM report")
    assert (a.state, a.description, a.closed_at) == ("closed", "more", closed_at)
    take(db, table(tmp_path / "r.csv", row("A", state="void", description="more")), rule, now=LATER)
    assert one(db, "SELECT state FROM report").state == "void"
    assert states(db)[-1] == ("import", "closed", "void")


def test_what_a_person_placed_stays_there(db: Connection, rule: Rule, tmp_path: Path) -> None:
    publish(db, rule)
    take(db, table(tmp_path / "r.csv", row("A")), rule)
    cases.place_by_hand(db, cases.lock(db, "A", "s"), "008", Actor("admin"), NOW, rule)
    take(db, table(tmp_path / "r.csv", row("A", lon=110.015)), rule, now=LATER)
    current = one(
        db,
        "SELECT g.code, p.method FROM placement p JOIN grid_version g ON g.id = p.grid_version_id WHERE to_at IS NULL",
    )
    assert tuple(current) == ("008", "manual")


# ---- one account, whichever way ----------------------------------------------------------------------------------

NASTY: list[list[object]] = [
    row("A"),
    row("B", lat="north"),
    row("C", lat=95),
    row("D", lon=23.005, lat=110.005),
    row("E", lon="１１０", lat="23.005"),
    row("F", lon="1_1", lat="23"),
    row("G", lat=None),
    row("H", lon=None, lat=None),
    row("3.70102E+17"),
    row("I", reported_at="2026/3/2 9:05"),
    row("J", reported_at="20260303"),
    row("K", reported_at="yesterday"),
    row(None or ""),
    row("L", state="谁知道"),
    row("M", state=" Completed ", closed_at="2026年3月4日"),
    row("N", lon=" 110.005 ", lat="2.3005e1"),
    row("O", lon=150, lat=60),
    row("P", description="'=1+1"),
    row("Q", description='quoted, "and"\nbroken'),
    row("R", lon="nan", lat="inf"),
]


def as_xlsx(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    book = openpyxl.Workbook()
    for cells in [HEADER, *rows]:
        book.active.append([None if cell is None else str(cell) for cell in cells])
    book.save(path)
    return path


@pytest.mark.parametrize("slice_rows", [1, 3, 1000])
def test_the_stream_and_the_reader_give_one_account(
    db: Connection, rule: Rule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slice_rows: int
) -> None:
    publish(db, rule)
    monkeypatch.setattr(streams, "SLICE_ROWS", slice_rows)
    file = table(tmp_path / "r.csv", *NASTY)
    streamed = take(db, file, rule, write=False)
    layer = importing.from_layer(read(file, "reports", crs="wgs84"))
    held = take(db, file, rule, write=False, layer=layer)
    assert streamed.refused == held.refused
    assert {(p.row, p.code) for p in streamed.refused} == {
        *[
            (2, "coordinate_not_a_number"),
            (3, "lat_out_of_range"),
            (4, "lonlat_swapped"),
            (5, "coordinate_not_a_number"),
        ],
        *[(6, "coordinate_not_a_number"), (7, "position_half_missing"), (9, "code_in_scientific_notation")],
        *[(12, "time_unreadable"), (13, "number_missing"), (14, "state_unknown"), (17, "position_far")],
        *[(20, "coordinate_not_finite"), (20, "coordinate_not_finite")],
    }
    for name in ("n_read", "tally", "extent", "extra", "columns", "crs", "encoding", "n_refused", "refused_by_code"):
        assert getattr(streamed, name) == getattr(held, name), name
    assert {n.code for n in streamed.notes} == {n.code for n in held.notes}


def test_csv_gzip_excel_and_gb18030_store_the_same(db: Connection, rule: Rule, tmp_path: Path) -> None:
    publish(db, rule)
    good = [cells for cells in NASTY if cells[0] in ("A", "H", "I", "J", "M", "N", "P")]
    good.append(row("Z", description="描述，含中文", address="东门"))
    plain = table(tmp_path / "r.csv", *good)
    packed = tmp_path / "r.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    chinese = tmp_path / "r2.csv"
    chinese.write_bytes(plain.read_text("utf-8").encode("gb18030"))
    marked = tmp_path / "r3.csv"
    marked.write_bytes(plain.read_text("utf-8").encode("utf-8-sig"))
    semicolons = tmp_path / "r4.csv"
    semicolons.write_text(
        "\n".join(";".join("" if c is None else f'"{c}"' for c in cells) for cells in [HEADER, *good]), "utf-8"
    )
    book = as_xlsx(tmp_path / "r.xlsx", good)
    first = take(db, plain, rule)
    assert (first.tally.new, first.n_refused) == (len(good), 0)
    for path in (packed, chinese, marked, semicolons):
        assert take(db, path, rule).tally.same == len(good), path.name
    held = importing.from_layer(read(book, "reports", crs="wgs84"))
    assert take(db, book, rule, layer=held).tally.same == len(good)


@pytest.mark.parametrize("crs", ["wgs84", "cgcs2000", "gcj02", "bd09", "EPSG:4545", "EPSG:4490"])
def test_every_system_lands_where_geodata_says(db: Connection, rule: Rule, tmp_path: Path, crs: str) -> None:
    publish(db, rule)
    x, y = (np.array([110.0049, 110.0251]), np.array([23.0049, 23.0151]))
    if crs == "EPSG:4545":
        x, y = Transformer.from_crs(4326, 4545, always_xy=True).transform(x, y)
    header = ("number", "time", "x", "y")
    file = table(
        tmp_path / "r.csv",
        *[(f"A{i}", "2026-03-01", repr(float(a)), repr(float(b))) for i, (a, b) in enumerate(zip(x, y, strict=True))],
        header=header,
    )
    assert take(db, file, rule, crs=crs).refused == ()
    lon, lat = systems.to_lonlat(x, y, systems.parse_crs(crs))
    found = db.execute(
        text("SELECT raw_x, raw_y, crs, ST_X(geom) AS lon, ST_Y(geom) AS lat FROM report ORDER BY number")
    ).all()
    assert [(r.raw_x, r.raw_y) for r in found] == list(zip(x.tolist(), y.tolist(), strict=True))
    assert np.abs(np.array([(r.lon, r.lat) for r in found]) - np.column_stack([lon, lat])).max() < 1e-9
    assert {r.crs for r in found} == {systems.parse_crs(crs).name}
    assert take(db, file, rule, crs=crs).tally.same == 2


def test_plain_slices_are_what_the_careful_way_makes_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row(f"A{i}", lon=110 + i / 1000, lat=23 + i / 1000, description=f"text {i} ") for i in range(50)]
    table_ = streams.open_table(table(tmp_path / "r.csv", *rows), Fields())
    where = report_rows.find_positions(
        table_.columns, table_.found, Fields(), systems.parse_crs("gcj02"), streams.LIMITS
    )
    quick = [report_rows.of_part(part, where) for part in streams.slices(table_)]
    assert all(part.plain for part in streams.slices(table_))
    monkeypatch.setattr(streams, "_split", lambda *_: None)
    monkeypatch.setattr(report_rows, "_plainly_good", lambda *_: None)
    careful = [report_rows.of_part(part, where) for part in streams.slices(table_)]
    for a, b in zip(quick, careful, strict=True):
        assert a.cells == b.cells
        assert a.numbers == b.numbers
        assert (a.lon == b.lon).all()
        assert (a.raw_y == b.raw_y).all()
