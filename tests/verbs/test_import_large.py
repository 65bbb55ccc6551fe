"""Large files: staged for the server's parallel workers, with the same account and the same rows as any other file."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event, text

from geodata.files import sandbox
from gridsvc import audit, compounds, editions, reports
from gridsvc.grids import Rule
from gridsvc.imports import bulk, staging
from gridsvc.imports.account import Account
from gridsvc.reports import Position
from tests.conftest import Fresh
from tests.verbs import near
from tests.verbs.report_files import LATER, STEP, publish, row, table, take

REPORTS = text(
    "SELECT number, repeat, source_row, state, category, category_raw, description, words, compound_id, raw_x, raw_y, "
    "crs, ST_AsText(geom), accuracy_m, received_at, day_only, closed_at, body_hash FROM report ORDER BY number, repeat"
)
PLACEMENTS = text(
    "SELECT r.number, r.repeat, p.seq, p.from_at, p.to_at, p.grid_version_id, p.method, p.distance_m, p.reason, p.duty "
    "FROM placement p JOIN report r ON r.id = p.report_id ORDER BY 1, 2, 3"
)
BESIDE_NOW = (
    "SELECT g.code, p.method, p.reason, p.confidence, p.from_at, r.compound_id, r.words FROM report r "
    "JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL LEFT JOIN grid_version g ON g.id = p.grid_version_id "
    "ORDER BY r.number, p.seq"
)
LOGS = text(
    "SELECT r.number, r.repeat, l.seq, l.action, l.from_state, l.to_state, l.at, CAST(l.facts AS text) "
    "FROM report_log l JOIN report r ON r.id = l.report_id ORDER BY 1, 2, 3"
)
LEFT_OVER = text(
    "SELECT relname FROM pg_class WHERE relnamespace = CAST(current_schema() AS regnamespace) "
    "AND (relname LIKE 'import%' OR relname LIKE 'to_place%' OR relname LIKE 'placed%')"
)
Stored = list[list[tuple[Any, ...]]]


def taken(
    db: Connection, path: Path, rule: Rule, monkeypatch: pytest.MonkeyPatch, *, least_bytes: int, **more: Any
) -> tuple[Account, Stored]:
    """The account and what is stored afterwards, which is then undone."""
    monkeypatch.setattr(bulk, "LEAST_BYTES", least_bytes)
    monkeypatch.setattr(sandbox, "stream", near.stream)
    work = db.begin_nested()
    account = take(db, path, rule, skip_refused=True, **more)
    stored = [[tuple(r) for r in db.execute(query)] for query in (REPORTS, PLACEMENTS, LOGS)]
    assert list(db.scalars(LEFT_OVER)) == []
    assert audit.verify(db).findings == ()
    work.rollback()
    return account, stored


def publish_two_layers(db: Connection, rule: Rule) -> None:
    """Nine base grids and a dedicated one across four of them; one base grid has another shape from LATER on."""
    publish(db, rule)
    dedicated = shapely.box(110 + STEP / 2, 23 + STEP / 2, 110 + 1.5 * STEP, 23 + 1.5 * STEP)
    for layer, code, shape in (
        ("dedicated", "D", dedicated),
        ("base", "008", shapely.box(110 + 2 * STEP, 23 + 2 * STEP, 110 + 2.5 * STEP, 23 + 3 * STEP)),
    ):
        editions.stage(db, [(1, code, code, bytes(shapely.to_wkb(shapely.MultiPolygon([shape]))))])
        editions.draft(db, layer, LATER, replace=False)
        editions.publish(db, layer, LATER, rule)


axis = st.sampled_from(
    [0.0, STEP / 2, STEP, 1.5 * STEP, 2 * STEP, 2.75 * STEP, 3 * STEP, 3.0003 * STEP, 3.1 * STEP, 9.0]
)
dirty = st.fixed_dictionaries(
    {},
    optional={
        "lon": st.one_of(axis.map(lambda a: f"{110 + a:.7f}"), st.sampled_from([None, "x", " 110.005 ", "999", "1e2"])),
        "lat": st.one_of(axis.map(lambda a: f"{23 + a:.7f}"), st.sampled_from([None, "95", "２３", "nan"])),
        "reported_at": st.sampled_from(
            [
                "2026-11-03 09:00:00",
                "2026-03-01",
                "2026年3月1日 下午2时",
                "1850-01-01",
                "2999-01-01 00:00:00",
                "",
                "soon",
            ]
        ),
        "state": st.sampled_from(["open", "已办结", "perhaps", "", "void"]),
        "closed_at": st.sampled_from(["2026-03-05", "2999-01-01", "never", ""]),
        "category": st.sampled_from(["unclassified", "路灯", "未分类", " "]),
        "description": st.sampled_from(
            ['says "no"', "two\nlines", "tab\there", "back\\slash", "'=1+1", " ends ", "，,;"]
        ),
        "address": st.sampled_from(["东门", "", "\u3000里\u3000"]),
    },
)
numbers = st.sampled_from(["A", "B", "C", "D", "E", "F", "", "3.70102E+17", "x" * 201])


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(st.tuples(numbers, dirty), min_size=1, max_size=14), allow_repeats=st.booleans())
def test_a_large_file_gives_the_account_and_the_rows_of_any_other(
    fresh: Fresh, rule: Rule, tmp_path: Path, rows: Sequence[tuple[str, dict[str, Any]]], allow_repeats: bool
) -> None:
    file = table(tmp_path / "r.csv", *[row(number, **cells) for number, cells in rows])
    with pytest.MonkeyPatch.context() as patch, fresh.begin(owner=True) as db:
        if not db.scalar(text("SELECT EXISTS (SELECT FROM edition)")):
            publish_two_layers(db, rule)
        small, large = (
            taken(db, file, rule, patch, least_bytes=least, allow_repeats=allow_repeats, now=LATER)
            for least in (2**40, 0)
        )
    assert large[0] == small[0]
    assert large[1] == small[1]


def test_a_role_that_may_not_make_tables_still_imports_a_large_file(
    fresh: Fresh, rule: Rule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "LEAST_BYTES", 0)
    with fresh.begin() as db:
        publish(db, rule)
        assert take(db, table(tmp_path / "r.csv", row("A")), rule).tally.new == 1


def test_large_files_one_after_the_other_and_without_nearest(
    fresh: Fresh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "LEAST_BYTES", 0)
    strict = Rule(0.0, "Asia/Shanghai")
    near = row("N", lon=110 - 0.0001)
    ways: list[str] = []
    with fresh.begin(owner=True) as db:

        def watch(_db: object, cursor: Any, statement: str, *_: object) -> None:
            if "CREATE UNLOGGED TABLE placed" in statement:
                cursor.execute("SELECT current_setting('enable_nestloop') || current_setting('enable_hashjoin')")
                ways.extend(row[0] for row in cursor.fetchall())

        event.listen(db, "before_cursor_execute", watch)
        publish(db, strict)
        first = take(db, table(tmp_path / "r.csv", row("A"), near), strict)
        assert first.extra["placed"] == {"covers": 1, "none": 1}
        second = take(db, table(tmp_path / "m.csv", row("A", description="new"), row("B"), near), strict)
        assert (second.tally.new, second.tally.changed, second.tally.same) == (1, 1, 1)
        dry = take(db, table(tmp_path / "m.csv", row("C"), near), Rule(50.0, "Asia/Shanghai"), write=False)
        assert (dry.tally.new, dry.tally.same) == (1, 1)
        assert list(db.scalars(LEFT_OVER)) == []
        # no point looks its grids up by an index: with one large grid that took four times as long
        assert ways == ["offon"] * 3
        assert db.scalar(text("SHOW enable_nestloop")) == db.scalar(text("SHOW enable_mergejoin")) == "on"


def test_on_a_border_and_where_layers_overlap_both_ways_choose_alike(
    fresh: Fresh, rule: Rule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = [(i * STEP / 4, j * STEP / 4) for i in range(-1, 14) for j in range(-1, 14)]
    days = ("2026-03-01", "2026-11-03 09:00:00")
    rows = [
        row(f"{day}{k}", lon=f"{110 + x:.7f}", lat=f"{23 + y:.7f}", reported_at=day)
        for day in days
        for k, (x, y) in enumerate(at)
    ]
    file = table(tmp_path / "r.csv", *rows)
    with fresh.begin(owner=True) as db:
        publish_two_layers(db, rule)
        small, large = (
            taken(db, file, rule, monkeypatch, least_bytes=n, now=LATER + timedelta(days=9)) for n in (2**40, 0)
        )
    assert large == small
    methods = {r[6] for r in large[1][1]}
    assert methods == {"covers", "none"}
    assert len({r[5] for r in large[1][1]}) == 12, "nine grids, the dedicated one, the changed one, none"


NAMED = ("number", "time", "compound", "lon", "lat", "accuracy_m")
# row by row: what it says, and the grid, the method, the reason and the confidence that come of it
BESIDE: dict[
    tuple[str | None, float | None, float | None, float | None], tuple[str | None, str, str | None, float | None]
] = {
    ("锦绣园", 110.005, 23.005, None): ("000", "covers", None, None),
    ("錦繡園", 110.005, 23.005, 10): ("000", "covers", None, 1.0),
    ("锦绣园", 110.01, 23.005, 60): ("004", "compound", None, None),
    ("锦绣园", 110.005, 23.005, 5000): ("004", "compound", None, None),
    ("锦绣园", 109.9999, 23.005, None): ("004", "compound", None, None),
    ("锦绣园", 109.95, 23.005, 10): ("004", "compound", None, None),
    ("锦绣园", None, None, None): ("004", "compound", None, None),
    ("边园", 109.95, 23.005, None): ("005", "compound", None, None),
    ("远园", 110.01, 23.005, 60): ("000", "covers", None, 0.5),
    ("远园", 109.9999, 23.005, None): ("000", "nearest", None, None),
    ("远园", 109.95, 23.005, None): (None, "none", "outside", None),
    ("没有的园", 109.95, 23.005, None): (None, "none", "outside", None),
    ("没有的园", 110.01, 23.005, 60): ("000", "covers", None, 0.5),
    ("同名", 109.9999, 23.005, None): ("000", "nearest", None, None),
    ("同名", None, None, None): (None, "none", "compound_ambiguous", None),
    (None, 110.01, 23.005, 60): ("000", "covers", None, 0.5),
}


def build_sites(db: Connection) -> None:
    """Four compounds by name, one of them twice: in a grid, just outside one, far from all."""
    sites = (("锦绣园", 110.015, 23.015), ("边园", 110.0301, 23.015), ("远园", 110.5, 23.0))
    twice = (("同名", 110.005, 23.005), ("同名", 110.025, 23.005))
    incoming = [
        compounds.Incoming("c", str(i), name, (), None, None, None, bytes(shapely.to_wkb(shapely.Point(*at))))
        for i, (name, *at) in enumerate((*sites, *twice))
    ]
    compounds.save(db, incoming)


def test_a_named_compound_beats_only_a_doubtful_position_both_ways(
    fresh: Fresh, rule: Rule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "_WEIGHED_AT_ONCE", 2)
    rows = [(f"{i:02d}", "2026-03-01", *said) for i, said in enumerate(BESIDE)]
    far = ("far", "2026-03-01", "锦绣园", 112.0, 23.005, None)
    file = table(tmp_path / "r.csv", *rows, far, header=NAMED)
    with fresh.begin(owner=True) as db:
        publish(db, rule)
        build_sites(db)
        small, large = (taken(db, file, rule, monkeypatch, least_bytes=least) for least in (2**40, 0))
        assert large == small
        account = small[0]
        assert [(one.row, one.code) for one in account.refused] == [(len(rows) + 1, "position_far")]
        methods = Counter(method for _, method, _, _ in BESIDE.values())
        assert account.extra == {"placed": methods, "unplaced": {"compound_ambiguous": 1, "outside": 2}}
        take(db, file, rule, skip_refused=True)
        found = db.execute(text(BESIDE_NOW)).all()
        for ((name, lon, lat, accuracy_m), told), one in zip(BESIDE.items(), found, strict=True):
            assert tuple(one[:4]) == (*told[:3], pytest.approx(told[3], abs=0.001)), (name, lon, accuracy_m)
            if name != "同名":  # who sends one at a time is asked which
                at = Position(lon, lat, "wgs84", accuracy_m) if lon and lat else None
                draft = reports.Draft(uuid.uuid4(), "x", "x", "other", position=at, compound=name)
                asked = reports.locate(db, draft, one.from_at, rule)
                sent = (asked.placement.code, asked.placement.method, asked.compound_id, asked.words)
                assert sent == (one.code, one.method, one.compound_id, one.words)


def test_a_better_or_worse_accuracy_moves_what_names_a_compound(db: Connection, rule: Rule, tmp_path: Path) -> None:
    publish(db, rule)
    build_sites(db)
    for hours, accuracy_m in enumerate((900, 10, None, 900)):
        file = table(tmp_path / "r.csv", ("A", "2026-03-01", "锦绣园", 110.005, 23.005, accuracy_m), header=NAMED)
        take(db, file, rule, now=LATER + timedelta(hours=hours))
    ways = db.execute(text(BESIDE_NOW.replace("p.to_at IS NULL", "true"))).all()
    assert [(one.code, one.method) for one in ways] == [("004", "compound"), ("000", "covers"), ("004", "compound")]
    assert audit.verify(db).findings == ()
