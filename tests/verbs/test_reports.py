"""Reports: submitted once, placed by point, compound or hand, logged, never doubled."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from geodata.datum import wgs84_to_bd09, wgs84_to_gcj02
from gridsvc import cases, compounds, placements, reports
from gridsvc.errors import Conflict, NotFound, Refused
from gridsvc.grids import Rule
from gridsvc.reports import Draft, Position
from gridsvc.rules.case import Given
from gridsvc.rules.roles import ANONYMOUS, Actor
from tests.conftest import NOW, RULE
from tests.through import AGREED, lead
from tests.verbs.conftest import taken_back
from tests.verbs.test_editions import publish, square

ADMIN = Actor("admin")


@pytest.fixture(scope="module")
def built(ground_db: Connection) -> Connection:
    publish(ground_db, square(), NOW - timedelta(days=1), RULE)
    return ground_db


@pytest.fixture
def city(built: Connection) -> Iterator[Connection]:
    with taken_back(built):
        yield built


INSIDE = Position(110.005, 23.005, "wgs84")


def draft(position: Position | None = INSIDE, **more: object) -> Draft:
    return Draft(uuid.uuid4(), "unclassified", "路灯不亮", "web", position, **more)


def compound(db: Connection, name: str, lon: float, lat: float, aliases: tuple[str, ...] = ()) -> int:
    id_ = db.scalar(
        text(
            "INSERT INTO compound (source, ref, name, geom) VALUES ('t', :r, :n, "
            "ST_Buffer(ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), 0.001)) RETURNING id"
        ),
        {"r": uuid.uuid4().hex, "n": name, "lon": lon, "lat": lat},
    )
    compounds.write_names(db, [(id_, name, aliases)])
    return int(id_)


def test_submitted_report_is_placed_and_logged(city: Connection, rule: Rule) -> None:
    made = reports.submit(city, draft(), ANONYMOUS, NOW, rule)
    assert made.created
    assert made.number.startswith("20261101-")
    assert (made.placement.code, made.placement.method, made.placement.distance_m) == ("000", "covers", 0.0)
    log = city.execute(
        text("SELECT seq, action, from_state, to_state FROM report_log WHERE report_id = :i"), {"i": made.id}
    )
    assert [tuple(row) for row in log] == [(1, "submit", None, "reported")]
    assert placements.current(city, made.id).code == "000"


def test_same_draft_gives_the_same_report(city: Connection, rule: Rule) -> None:
    mine = draft()
    first = reports.submit(city, mine, ANONYMOUS, NOW, rule)
    again = reports.submit(city, mine, ANONYMOUS, NOW + timedelta(hours=5), rule)
    assert (again.number, again.created, again.received_at) == (first.number, False, NOW)
    assert city.scalar(text("SELECT count(*) FROM report")) == 1
    with pytest.raises(Conflict, match="client_key_used"):
        reports.submit(city, replace(mine, description="别的"), ANONYMOUS, NOW, rule)
    account = city.scalar(
        text("INSERT INTO account (login, name, password_hash, role) VALUES ('a', 'a', '-', 'admin') RETURNING id")
    )
    with pytest.raises(Conflict, match="client_key_used"):
        reports.submit(city, mine, Actor("admin", account), NOW, rule)


@pytest.mark.parametrize(("crs", "shift"), [("gcj02", wgs84_to_gcj02), ("bd09", wgs84_to_bd09)])
def test_shifted_positions_are_corrected_and_kept_raw(city: Connection, rule: Rule, crs: str, shift) -> None:
    lon, lat = shift(110.00501, 23.00502)
    made = reports.submit(city, draft(Position(float(lon), float(lat), crs)), ANONYMOUS, NOW, rule)
    assert made.placement.code == "000"
    row = city.execute(
        text("SELECT raw_x, raw_y, crs, ST_X(geom) AS lon, ST_Y(geom) AS lat FROM report WHERE id = :i"), {"i": made.id}
    ).one()
    assert (row.raw_x, row.raw_y, row.crs) == (float(lon), float(lat), crs)
    assert (row.lon, row.lat) == pytest.approx((110.00501, 23.00502), abs=1e-9)


@pytest.mark.parametrize(
    ("position", "code"),
    [
        (Position(23.0, 110.0, "wgs84"), "lonlat_swapped"),
        (Position(200.0, 95.0, "wgs84"), "position_out_of_range"),
        (Position(float("nan"), 23.0, "wgs84"), "position_out_of_range"),
        (Position(110.0, 23.0, "no-such"), "crs_unknown"),
    ],
)
def test_impossible_positions_are_refused(city: Connection, rule: Rule, position: Position, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        reports.submit(city, draft(position), ANONYMOUS, NOW, rule)
    assert refusal.value.code == code
    assert city.scalar(text("SELECT count(*) FROM report")) == 0


def test_observed_ahead_is_refused_beyond_ten_minutes(city: Connection, rule: Rule) -> None:
    reports.submit(city, draft(observed_at=NOW + timedelta(minutes=10)), ANONYMOUS, NOW, rule)
    with pytest.raises(Refused, match="observed_ahead"):
        reports.submit(city, draft(observed_at=NOW + timedelta(minutes=10, seconds=1)), ANONYMOUS, NOW, rule)


def test_compound_by_name_alias_or_traditional_characters(city: Connection, rule: Rule) -> None:
    id_ = compound(city, "锦绣花园", 110.015, 23.015, ("老机械厂宿舍",))
    for words in ("锦绣花园", "錦繡花園", " 锦绣 花园", "老机械厂宿舍", id_):
        made = reports.submit(city, draft(None, compound=words), ANONYMOUS, NOW, rule)
        assert (made.placement.code, made.placement.method) == ("004", "compound")


def test_a_name_that_fits_several_compounds_gives_candidates(city: Connection, rule: Rule) -> None:
    ids = [compound(city, "阳光小区", 110.005, 23.005), compound(city, "陽光小區", 110.025, 23.025)]
    with pytest.raises(Conflict) as refusal:
        reports.submit(city, draft(None, compound="阳光小区"), ANONYMOUS, NOW, rule)
    candidates = refusal.value.facts["candidates"]
    assert isinstance(candidates, list)
    assert [c["id"] for c in candidates] == ids


def test_a_named_compound_beats_only_a_doubtful_position(city: Connection, rule: Rule) -> None:
    compound(city, "锦绣花园", 110.015, 23.015)
    sure = draft(Position(110.005, 23.005, "wgs84", 10.0), compound="锦绣花园")
    assert reports.submit(city, sure, ANONYMOUS, NOW, rule).placement.code == "000"
    doubtful = draft(Position(110.00999, 23.005, "wgs84", 60.0), compound="锦绣花园")
    placed = reports.submit(city, doubtful, ANONYMOUS, NOW, rule).placement
    assert (placed.code, placed.method) == ("004", "compound")


@pytest.mark.parametrize(
    ("more", "reason"), [({"words": "红绿灯以北500米"}, "words_only"), ({"compound": "没有的小区"}, "compound_unknown")]
)
def test_words_wait_in_the_queue_until_a_manager_places_them(
    city: Connection, rule: Rule, more: dict[str, str], reason: str
) -> None:
    made = reports.submit(city, draft(None, **more), ANONYMOUS, NOW, rule)
    assert (made.placement.method, made.placement.reason) == ("none", reason)
    assert city.scalar(text("SELECT words FROM report WHERE id = :i"), {"i": made.id}) == next(iter(more.values()))
    chosen = cases.place_by_hand(city, cases.lock(city, made.number), "007", ADMIN, NOW, rule, "电话问清")
    assert (chosen.code, chosen.method) == ("007", "manual")
    key = cases.lock(city, made.number)
    assert key.seq == 2
    pin = Position(110.005, 23.025, "wgs84")
    assert cases.place_by_hand(city, key, pin, ADMIN, NOW + timedelta(minutes=1), rule).code == "006"
    assert placements.current(city, made.id).method == "manual"
    with pytest.raises(Conflict, match="pin_outside"):
        cases.place_by_hand(city, cases.lock(city, made.number), Position(0, 0, "wgs84"), ADMIN, NOW, rule)
    with pytest.raises(NotFound, match="grid_unknown"):
        cases.place_by_hand(city, cases.lock(city, made.number), "nope", ADMIN, NOW, rule)


def test_nothing_that_says_where_is_refused(city: Connection, rule: Rule) -> None:
    with pytest.raises(Refused, match="location_missing"):
        reports.submit(city, draft(None, words="  "), ANONYMOUS, NOW, rule)


def test_unknown_category_keeps_its_words(city: Connection, rule: Rule) -> None:
    made = reports.submit(city, replace(draft(), category="外星人"), ANONYMOUS, NOW, rule)
    row = city.execute(text("SELECT category, category_raw FROM report WHERE id = :i"), {"i": made.id}).one()
    assert tuple(row) == ("unclassified", "外星人")


def test_apply_walks_the_table_and_nothing_else(city: Connection, rule: Rule) -> None:
    made = reports.submit(city, draft(), ANONYMOUS, NOW, rule)
    held = lead(city, made.number, "closed", NOW)
    with pytest.raises(Conflict) as refusal:
        cases.apply(city, held, "close", ADMIN, NOW, AGREED, Given(note="again"))
    assert refusal.value.code == "step_not_allowed"
    assert "strike_off" in str(refusal.value.facts["allowed"])
    assert cases.replayed(city, made.id) == held.case
    with pytest.raises(NotFound, match="report_unknown"):
        cases.lock(city, "no such")


@pytest.mark.parametrize(
    "statement", ["UPDATE report_log SET note = 'x'", "DELETE FROM report_log", "TRUNCATE report_log"]
)
def test_serving_role_cannot_touch_the_log(city: Connection, rule: Rule, statement: str) -> None:
    reports.submit(city, draft(), ANONYMOUS, NOW, rule)
    with pytest.raises(DBAPIError, match="permission denied"), city.begin_nested():
        city.execute(text(statement))


def test_duty_main_else_deputy_else_community(city: Connection, rule: Rule) -> None:
    def worker(code: str, kind: str, starts: str | None, ends: str | None) -> None:
        id_ = city.scalar(text("INSERT INTO worker (code, name) VALUES (:c, :c) RETURNING id"), {"c": code})
        city.execute(
            text(
                "INSERT INTO duty (worker_id, layer, grid_code, kind, starts, ends) VALUES (:w, 'base', '000', :k, :s, :e)"
            ),
            {"w": id_, "k": kind, "s": starts, "e": ends},
        )

    def on_duty(hours: float) -> tuple[str | None, str | None]:
        placed = reports.submit(city, draft(), ANONYMOUS, NOW + timedelta(hours=hours), rule).placement
        return placed.worker_name, placed.duty

    assert on_duty(0) == (None, "nobody")  # 10:00 in Shanghai
    worker("main", "main", "08:00", "18:00")
    worker("night", "deputy", "18:00", "08:00")
    assert on_duty(0) == ("main", "main")
    assert on_duty(8) == ("night", "deputy")
    assert on_duty(21.9) == ("night", "deputy")
    assert on_duty(22) == ("main", "main")
    city.execute(text("UPDATE worker SET active = false"))
    city.execute(
        text(
            "INSERT INTO area (level, code, name, geom) VALUES ('community', '1', '甲社区', "
            "ST_Multi(ST_MakeEnvelope(109, 22, 112, 25, 4326)))"
        )
    )
    city.execute(text("UPDATE grid_version SET area_id = (SELECT id FROM area)"))
    assert on_duty(0) == (None, "community")


def test_a_night_shift_belongs_to_the_weekday_it_starts_on(city: Connection) -> None:
    id_ = city.scalar(text("INSERT INTO worker (code, name) VALUES ('n', 'n') RETURNING id"))
    city.execute(
        text(
            "INSERT INTO duty (worker_id, layer, grid_code, kind, weekdays, starts, ends) "
            "VALUES (:w, 'base', '000', 'main', '{1,2,3,4,5}', '20:00', '06:00')"
        ),
        {"w": id_},
    )

    def somebody(local: str) -> bool:
        asked = text("SELECT count(*) FROM on_duty('base', '000', CAST(:t AS timestamptz), 'Asia/Shanghai')")
        return city.scalar(asked, {"t": f"{local}+08"}) == 1

    assert somebody("2026-10-30 21:00")  # Friday
    assert somebody("2026-10-31 02:00")  # Friday's night
    assert not somebody("2026-10-31 21:00")  # Saturday
    assert not somebody("2026-11-02 02:00")  # Sunday's night
    assert somebody("2026-11-02 20:00")  # Monday


def test_a_retry_is_answered_even_when_its_compound_has_a_namesake_by_now(city: Connection, rule: Rule) -> None:
    compound(city, "阳光小区", 110.005, 23.005)
    mine = draft(None, compound="阳光小区")
    first = reports.submit(city, mine, ANONYMOUS, NOW, rule)
    compound(city, "陽光小區", 110.025, 23.025)
    assert reports.submit(city, mine, ANONYMOUS, NOW, rule).number == first.number


def test_a_position_that_could_be_anywhere_gives_way_to_the_named_compound(city: Connection, rule: Rule) -> None:
    compound(city, "锦绣花园", 110.015, 23.015)
    anywhere = draft(Position(110.005, 23.005, "wgs84", 2_000_000.0), compound="锦绣花园")
    placed = reports.submit(city, anywhere, ANONYMOUS, NOW, rule).placement
    assert (placed.code, placed.method) == ("004", "compound")


def test_a_report_that_an_edition_overtook_goes_by_that_edition(city: Connection, rule: Rule) -> None:
    publish(city, [r for r in square() if r[1] != "000"], NOW + timedelta(seconds=1), rule, replace=True)
    assert reports.submit(city, draft(), ANONYMOUS, NOW, rule).placement.method == "none"


def test_a_very_wide_disc_costs_nothing_and_is_doubtful(city: Connection, rule: Rule) -> None:
    placed = reports.submit(city, draft(Position(110.005, 23.005, "wgs84", 20_000.0)), ANONYMOUS, NOW, rule).placement
    assert (placed.code, placed.confidence, placed.runners_up, placed.doubtful) == ("000", 0.0, (), True)
