"""The worklist: counts that agree with the list behind them, filters, orders, pages, and whose rows they are."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
import shapely
from sqlalchemy import Connection, event, literal, select, text

from gridsvc import areas, cases, compounds, editions, workers, worklist, worklist_filter
from gridsvc.errors import NotFound, Refused
from gridsvc.grids import Rule
from gridsvc.rules import masking
from gridsvc.rules.case import Given
from gridsvc.rules.lifecycle import ENDED, STATES
from gridsvc.rules.roles import Actor
from gridsvc.worklist import After, Filter, Order
from tests.conftest import NOW, RULE, Fresh, rolled_back
from tests.rules.test_masking import HIDDEN, KEPT
from tests.through import ADMIN, AGREED, department, lead
from tests.verbs.test_editions import cell, publish, square, submit

ZONE = ZoneInfo("Asia/Shanghai")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def act(db: Connection, number: str, action: str, who: Actor = ADMIN, at=NOW, **given: object) -> None:
    cases.apply(db, cases.lock(db, number), action, who, at, AGREED, Given(note="说明", **given))


def handler(db: Connection, code: str = "D1") -> Actor:
    return Actor("handler", department_id=department(db, code))


@pytest.fixture(scope="module")
def built(module_schema: Fresh) -> Iterator[Connection]:
    """Built once, some hundred actions, in a schema of its own: it publishes, and `db` would wait for its end."""
    with rolled_back(module_schema) as db:
        yield build(db, RULE)


@pytest.fixture
def city(built: Connection) -> Iterator[Connection]:
    """The city, and what a test does to it undone."""
    with built.begin_nested() as inner:
        yield built
        inner.rollback()


def build(db: Connection, rule: Rule) -> Connection:
    """Nine grids, the western three in area W (below D), a worker; reports in every state, on time and late."""
    areas.save(
        db,
        [
            areas.Area("D", "subdistrict", "街", None, cell(109.99, 22.99, 110.04, 23.04)),
            areas.Area("W", "community", "西", "D", cell(109.999, 22.999, 110.01, 23.031)),
        ],
    )
    publish(db, square(), NOW - timedelta(days=90), rule)
    editions.link_areas(db)
    workers.save(db, [workers.Worker("w", "王")])
    workers.save_duties(db, [workers.Duty("w", "base", "000", "main")])
    park = bytes(shapely.to_wkb(shapely.box(110.022, 23.002, 110.028, 23.008)))
    compounds.save(db, [compounds.Incoming("t", "1", "锦绣花园", (), None, None, None, park)])
    db.execute(
        text("INSERT INTO category (code, name_zh, name_en) VALUES ('E0101', '违建', 'Building'), ('x', 'x', 'x')")
    )
    states = ("reported", "verified", "filed", "dispatched", "disposed", "checked", "closed", "struck_off", "void")
    for i in range(36):
        lon, lat = 110.005 + 0.01 * (i % 3), 23.005 + 0.01 * (i // 3 % 3)
        back = NOW - timedelta(days=i % 12, hours=i % 5)
        sent = submit(db, lon, lat, rule, back, accuracy_m=700.0 if i % 4 == 0 else None)
        if states[i % 9] != "reported":
            lead(db, sent.number, states[i % 9], back + timedelta(minutes=5))
    numbers = list(db.scalars(text("SELECT number FROM report WHERE state = 'dispatched' ORDER BY id")))
    act(db, numbers[0], "suspend", until=NOW + 9 * DAY)
    act(db, numbers[1], "accept", handler(db))
    act(db, numbers[2], "accept", handler(db))
    act(db, numbers[2], "whistle", department_ids=(department(db, "D2"), department(db, "D3")))
    act(db, numbers[2], "supervise", card="yellow")
    set_due = text("UPDATE report SET due_at = :at WHERE number = :number")
    db.execute(set_due, {"at": NOW + 2 * HOUR, "number": numbers[3]})  # no limit of working days ends on a Sunday
    submit(db, 111.0, 23.0, rule)
    submit(db, 110.025, 23.005, rule, compound="锦绣花园")
    fresh = submit(db, 110.005, 23.005, rule, NOW - 3 * HOUR)
    lead(db, fresh.number, "dispatched", NOW - 2 * HOUR)
    act(db, fresh.number, "ask_extension", handler(db))
    return db


def readers(db: Connection) -> list[Actor]:
    west = db.scalar(text("SELECT id FROM area WHERE code = 'D'"))
    return [
        ADMIN,
        Actor("manager", area_ids=(west,)),
        Actor("worker", worker_id=db.scalar(text("SELECT id FROM worker"))),
        handler(db),
        handler(db, "D2"),
        handler(db, "D9"),
        Actor("leader"),
    ]


def listed(
    db: Connection, actor: Actor, wanted: Filter, order: Order = worklist.BY_DUE, limit: int = 7
) -> list[worklist.Row]:
    """The whole list, gone through page by page with the cursor."""
    rows: list[worklist.Row] = []
    after: After | None = None
    while True:
        page = worklist.page(db, actor, wanted, NOW, ZONE, order=order, after=after, limit=limit)
        rows += page.items
        after = page.next
        if after is None:
            return rows


def test_counts_are_the_lists_behind_them(city: Connection) -> None:
    seen, readers_ = set(), readers(city)
    for reader in readers_:
        more = (Filter(area="D"), Filter(department="D1"), Filter(words="积")) if reader is readers_[1] else ()
        for filter_ in (Filter(), *more):
            counts = worklist.count(city, reader, filter_, NOW, ZONE)
            assert counts == worklist.page(city, reader, filter_, NOW, ZONE).counts
            assert len(listed(city, reader, filter_)) == counts.total
            assert sum(counts.deadlines.values()) == counts.total
            assert sum(counts.queues[name] for name in worklist.QUEUES[:7]) == counts.total
            for name, n in counts.deadlines.items():
                wanted = replace(filter_, deadline=name)
                rows = listed(city, reader, wanted)
                assert (len(rows), {row.deadline for row in rows} - {name}) == (n, set()), name
                assert worklist.page(city, reader, wanted, NOW, ZONE).total == n
                seen |= {name} if n else set()
            for name, n in counts.queues.items():
                assert len(listed(city, reader, replace(filter_, queue=name))) == n, (reader.role, name)
                seen |= {name} if n else set()
    assert seen >= {*worklist.DEADLINES, *worklist.QUEUES} - {"rework", "consultation"}


def test_the_deadline_state_is_what_the_times_say(city: Connection) -> None:
    rows = listed(city, ADMIN, Filter())
    end = NOW.astimezone(ZONE).replace(hour=0, minute=0, second=0) + DAY
    for row in rows:
        if row.suspended_at or row.waiting_at:
            expected = "suspended"
        else:
            times = [row.stage_due_at] if row.state in ("disposed", "checked") else [row.due_at, row.stage_due_at]
            until = min((at for at in times if at is not None), default=None)
            expected = (
                "no_deadline"
                if until is None
                else "overdue"
                if until < NOW
                else "due_today"
                if until < end
                else "in_time"
            )
        assert row.deadline == expected, row
    assert (
        worklist.page(city, ADMIN, Filter(states=("closed",)), NOW, ZONE, order=Order("received")).items[0].deadline
        is None
    )


def limit_of(row: worklist.Row) -> datetime | None:
    """What the deadline state is about, said once more in Python."""
    if row.state in ("disposed", "checked"):
        return row.stage_due_at
    if row.stage == "dispose":
        return row.due_at
    return min((at for at in (row.due_at, row.stage_due_at) if at is not None), default=None)


def test_every_order_is_an_order_and_descending_its_reverse(city: Connection) -> None:
    for by in worklist.SORTS:
        up, down = (listed(city, ADMIN, Filter(), Order(by, descending)) for descending in (False, True))
        assert [row.id for row in up] == [row.id for row in down][::-1], by
        assert len({row.id for row in up}) == len(up)
    values = {
        "due": lambda row: (limit_of(row) is None, limit_of(row)),
        "received": lambda row: (False, row.received_at),
        "updated": lambda row: (False, row.updated_at),
        "grid": lambda row: (row.grid_code is None, row.grid_code),
        "state": lambda row: (False, STATES.index(row.state)),
        "department": lambda row: (row.department_code is None, row.department_code),
    }
    for by, value in values.items():
        keys = [value(row) for row in listed(city, ADMIN, Filter(), Order(by))]
        for one, other in pairwise(keys):
            assert one[0] <= other[0], by
            assert one[0] or other[0] or one[1] <= other[1], by


def test_pages_by_number_and_by_cursor_are_the_same(city: Connection) -> None:
    for wanted, order in (
        (Filter(), Order("due", True)),
        (Filter(), Order("grid")),
        (Filter(states=("closed", "struck_off", "void")), Order("received", True)),
        (Filter(states=("closed", "struck_off", "void")), Order("due")),
        (Filter(states=STATES), Order("due", True)),
    ):
        whole = [row.id for row in listed(city, ADMIN, wanted, order)]
        numbered: list[int] = []
        for number in range(1, 20):
            page = worklist.page(city, ADMIN, wanted, NOW, ZONE, order=order, number=number, limit=7)
            assert (page.next is None) == (7 * number >= len(whole))
            numbered += [row.id for row in page.items]
        assert numbered == whole
    assert worklist.page(city, ADMIN, Filter(), NOW, ZONE, number=1000).items == ()


def test_pages_far_back_are_those_of_the_cursor(city: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    west = Actor("manager", area_ids=(city.scalar(text("SELECT id FROM area WHERE code = 'W'")),))
    gone = ("closed", "struck_off", "void")
    lists = [
        (reader, wanted, Order("received", descending))
        for reader, wanted in ((readers(city)[1], Filter(states=gone)), (west, Filter(states=gone, grid="003")))
        for descending in (False, True)
    ]
    lists += [(ADMIN, Filter(), Order(by, descending)) for by in ("grid", "updated") for descending in (False, True)]
    expected = [[row.id for row in listed(city, *one)] for one in lists]
    assert len({len(one) for one in expected}) > 1
    monkeypatch.setattr(worklist, "_FAR", 0)
    monkeypatch.setattr(worklist, "_MANY", 0)
    for (reader, wanted, order), ids in zip(lists, expected, strict=True):
        found: list[int] = []
        for number in range(1, 3 + len(ids) // 3):
            page = worklist.page(city, reader, wanted, NOW, ZONE, order=order, number=number, limit=3)
            assert (page.next is None) == (3 * number >= len(ids))
            found += [row.id for row in page.items]
        assert found == ids, (reader.role, order)


@pytest.mark.parametrize("order", [Order("received"), Order("received", True)])
def test_who_was_first_and_last_of_all_is_far_back(city: Connection, monkeypatch: pytest.MonkeyPatch, order) -> None:
    reader, gone = readers(city)[1], Filter(states=("closed", "struck_off", "void"))
    ids = [row.id for row in listed(city, reader, gone)][:4]
    for id_, days in zip(ids, (-99, -99, 1, 1), strict=True):
        values = {"id": id_, "at": NOW + days * DAY}
        city.execute(text("UPDATE report SET received_at = :at WHERE id = :id"), values)
    expected = [row.id for row in listed(city, reader, gone, order)]
    monkeypatch.setattr(worklist, "_FAR", 0)
    pages = [worklist.page(city, reader, gone, NOW, ZONE, order=order, number=n, limit=3) for n in range(1, 9)]
    assert ([row.id for page in pages for row in page.items], pages[-1].items) == (expected, ())


def test_all_that_is_open_is_counted_whichever_department_has_it(city: Connection) -> None:
    expected = worklist.count(city, ADMIN, Filter(), NOW, ZONE)
    city.execute(text("UPDATE report SET department_id = :d WHERE open AND id % 2 = 0"), {"d": department(city, "D2")})
    shared = text("SELECT FROM report WHERE open GROUP BY step, flags HAVING count(DISTINCT department_id) > 1")
    assert city.execute(shared).all()
    assert worklist.count(city, ADMIN, Filter(), NOW, ZONE) == expected


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (Filter(grid="001"), lambda row: row.grid_code == "001"),
        (Filter(area="W"), lambda row: row.area_code == "W"),
        (Filter(area="D"), lambda row: row.area_code in ("W", "D")),
        (Filter(department="D1"), lambda row: row.department_code == "D1"),
        (Filter(states=("filed", "disposed")), lambda row: row.state in ("filed", "disposed")),
        (Filter(card="yellow"), lambda row: row.card == "yellow"),
        (Filter(level="grid"), lambda row: row.level == "grid"),
        (Filter(queue="unplaced"), lambda row: row.grid_code is None),
        (Filter(queue="doubtful"), lambda row: row.confidence is not None and row.confidence < 0.8),
        (Filter(words="锦绣"), lambda row: row.compound == "锦绣花园"),
        (Filter(words="錦繡花園"), lambda row: row.compound == "锦绣花园"),
        (Filter(words="JXH"), lambda row: row.compound == "锦绣花园"),
        (Filter(from_at=NOW - DAY, to_at=NOW), lambda row: NOW - DAY <= row.received_at < NOW),
    ],
)
def test_filters_keep_what_fits_and_nothing_else(city: Connection, wanted: Filter, fits) -> None:
    every = listed(city, ADMIN, Filter())
    expected = {row.id for row in every if fits(row)}
    assert expected
    assert expected < {row.id for row in every}
    assert {row.id for row in listed(city, ADMIN, wanted)} == expected


# Everything that a list of open reports is counted and sorted by, asked without anything that is kept beside a report.
PLAIN = text("""
  SELECT r.id, r.suspended_at IS NOT NULL OR r.waiting_at IS NOT NULL AS suspended, r.until_at, r.step,
    coalesce(r.routing = 'consultation', false) AS consultation, r.extension_asked_at IS NOT NULL AS extension,
    r.n_rework > 0 AS rework, p.grid_version_id IS NULL AS unplaced, coalesce(p.confidence < 0.8, false) AS doubtful,
    g.code AS grid, (SELECT max(l.at) FROM report_log l WHERE l.report_id = r.id) AS updated
  FROM report r JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL
  LEFT JOIN grid_version g ON g.id = p.grid_version_id
  WHERE r.state IN ('reported', 'verified', 'filed', 'dispatched', 'disposed', 'checked')
""")
WRITES = (
    "UPDATE report SET suspended_at = :now WHERE id = :id",
    "UPDATE report SET waiting_at = CASE WHEN waiting_at IS NULL THEN CAST(:now AS timestamptz) END WHERE id = :id",
    "UPDATE report SET extension_asked_at = :now, suspended_at = NULL WHERE id = :id",
    "UPDATE report SET n_rework = 1 - n_rework, due_at = CAST(:now AS timestamptz) + interval '1 minute' WHERE id = :id",
    "UPDATE report SET routing = 'consultation', due_at = NULL, stage_due_at = NULL WHERE id = :id",
)


def plainly(row: object, day_end: datetime) -> str:
    if row.suspended:
        return "suspended"
    if row.until_at is None:
        return "no_deadline"
    return "overdue" if row.until_at < NOW else "due_today" if row.until_at < day_end else "in_time"


@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_counts_and_orders_are_those_of_the_plain_statement(
    city: Connection, rule: Rule, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worklist, "_MANY", 0)
    chance = random.Random(seed)  # noqa: S311  # the same walk each time
    day_end = worklist.day_ends_at(NOW, ZONE)
    for step in range(25):
        number, id_ = chance.choice(city.execute(text("SELECT number, id FROM report WHERE open ORDER BY id")).all())
        way = chance.randrange(len(WRITES) + 2)
        if way < len(WRITES):
            city.execute(text(WRITES[way]), {"now": NOW, "id": id_})
        elif way == len(WRITES) and step % 4:
            code = f"00{chance.randrange(9)}"
            cases.place_by_hand(city, cases.lock(city, number), code, ADMIN, NOW + step * HOUR, rule)
        else:
            act(city, number, "note", at=NOW + step * HOUR)
        if step % 8:
            continue
        rows = city.execute(PLAIN).all()
        counts = worklist.count(city, ADMIN, Filter(), NOW, ZONE)
        assert counts.total == len(rows)
        assert counts.deadlines == {d: sum(plainly(row, day_end) == d for row in rows) for d in worklist.DEADLINES}
        for name in worklist.QUEUES:
            if name == "consultation":
                fits = [row for row in rows if row.consultation and row.step == "to_dispatch"]
            elif name in ("extension", "rework", "unplaced", "doubtful"):
                fits = [row for row in rows if getattr(row, name)]
            else:
                fits = [row for row in rows if row.step == name]
            assert counts.queues[name] == len(fits), name
            late = {row.id for row in fits if plainly(row, day_end) == "overdue"}
            both = worklist.page(city, ADMIN, Filter("overdue", name), NOW, ZONE, limit=100)
            assert ({one.id for one in both.items}, both.total) == (late, len(late)), name
        expected = {
            "grid": sorted(rows, key=lambda row: (row.grid is None, row.grid or "", row.id)),
            "updated": sorted(rows, key=lambda row: (row.updated, row.id)),
        }
        for by, ordered in expected.items():
            ids = [row.id for row in ordered]
            for descending, whole in ((False, ids), (True, ids[::-1])):
                order = Order(by, descending)
                assert [row.id for row in listed(city, ADMIN, Filter(), order, limit=2)] == whole, order
                for first in (1, 2, 5, 1 + len(ids) // 3):
                    page = worklist.page(city, ADMIN, Filter(), NOW, ZONE, order=order, number=first, limit=3)
                    assert [row.id for row in page.items] == whole[3 * first - 3 : 3 * first], (order, first)


@pytest.mark.parametrize("wanted", [Filter(), Filter(queue="unplaced"), Filter("overdue", "doubtful")])
def test_however_many_are_unplaced_or_doubtful_they_are_gone_through_once(city: Connection, wanted: Filter) -> None:
    """A subplan that is too large for its hash table is gone through for each report: minutes for 300,000 unplaced."""
    asked: list[tuple[str, object]] = []

    def watch(_db: object, _cursor: object, statement: str, values: object, *_: object) -> None:
        asked.append((statement, values))

    event.listen(city, "before_cursor_execute", watch)
    for name in ("parallel_setup_cost", "parallel_tuple_cost", "min_parallel_index_scan_size"):  # processes for nothing
        city.execute(text("SELECT set_config(:name, '0', true)"), {"name": name})
    city.execute(text("SET LOCAL min_parallel_table_scan_size = 0"))
    worklist.count(city, ADMIN, wanted, NOW, ZONE)
    event.remove(city, "before_cursor_execute", watch)
    settings = next(one for one in asked if "force_custom_plan" in str(one[1]))
    statement, values = next(one for one in asked if "placement" in one[0])
    city.exec_driver_sql(*settings)  # as it was asked: they are taken back afterwards
    plan = "\n".join(str(row[0]) for row in city.exec_driver_sql(f"EXPLAIN {statement}", values))
    for name, setting in (("max_parallel_workers_per_gather", "0"), ("plan_cache_mode", "force_custom_plan")):
        assert city.scalar(text("SELECT current_setting(:name)"), {"name": name}) == setting
    worklist.count(city, ADMIN, wanted, NOW, ZONE)
    assert city.scalar(text("SELECT current_setting('max_parallel_workers_per_gather')")) != "0", "for what comes after"
    assert "placement" in plan
    assert "SubPlan" not in plan, plan
    assert "Gather" not in plan, "other processes take longer to start than to read all that is open"


def test_category_means_a_class_too_and_words_a_number(city: Connection) -> None:
    number = listed(city, ADMIN, Filter(queue="to_dispatch"))[0].number
    act(city, number, "recategorize", category="E0101")
    for code in ("E", "E01", "E0101"):
        assert [row.number for row in listed(city, ADMIN, Filter(category=code))] == [number]
    assert listed(city, ADMIN, Filter(category="E0102")) == []
    assert listed(city, ADMIN, Filter(category="%")) == []
    assert [row.number for row in listed(city, ADMIN, Filter(words=number[-6:]))] == [number]
    assert listed(city, ADMIN, Filter(words="没有这样的话")) == []


def test_words_are_found_wherever_they_stand(city: Connection) -> None:
    ids = [row.id for row in listed(city, ADMIN, Filter(), Order("received"))][:4]
    long = "很" * 300
    said = (
        (long + "窨井盖ABC坏了", None),
        ("窨井盖Abc", long),
        ("", long + "旁边是窨井盖aBC"),
        ("坏了的窨井", "盖abc"),
    )
    for id_, (description, words) in zip(ids, said, strict=True):
        values = {"id": id_, "description": description, "words": words}
        city.execute(text("UPDATE report SET description = :description, words = :words WHERE id = :id"), values)
    for sought in ("窨井盖", "窨井蓋", "窨井盖abc", "窨井盖ABC"):
        assert {one.id for one in listed(city, ADMIN, Filter(words=sought))} == {*ids[:3]}, sought
        assert worklist.count(city, ADMIN, Filter(words=sought), NOW, ZONE).total == 3
    assert {one.id for one in listed(city, ADMIN, Filter(words="坏了"))} == {ids[0], ids[3]}
    assert listed(city, ADMIN, Filter(words="井盖坏"), Order("received")) == []


def found_in(db: Connection, said: str, sought: set[str]) -> set[str]:
    """Those of these words that a search finds in a text."""
    asked = sorted(sought)
    holds = (worklist_filter.holds(literal(said), one.casefold()).label(f"c{n}") for n, one in enumerate(asked))
    return {one for one, there in zip(asked, db.execute(select(*holds)).one(), strict=True) if there}


def cut(said: str, number: str) -> set[str]:
    """What somebody would look for who feels the way along a number: its beginnings, its ends, what lies between."""
    begin, end = said.index(number), said.index(number) + len(number)
    cuts = [(first, last) for first in {0, begin - 1, begin} for last in range(begin + 1, end)]
    cuts += [(first, last) for first in range(begin + 1, end) for last in (end, end + 1, len(said))]
    cuts += [(first, first + 7) for first in range(begin + 1, end - 7)]
    pieces = {said[first:last].strip() for first, last in cuts}
    return {one for one in pieces if any(sign.isdigit() or sign in masking.OTHER_DIGITS for sign in one)}


@pytest.mark.parametrize("number", HIDDEN)
def test_a_hidden_number_is_found_whole_or_not_at_all(db: Connection, number: str) -> None:
    said = f"打{number}找老王"
    pieces = cut(said, number)
    assert len(pieces) > 10
    assert found_in(db, said, pieces) == set()
    longer = f"3幢501室，{said}"  # as many digits as a number has, most of them no part of it
    assert found_in(db, longer, {one for one in cut(longer, number) if one.startswith("3幢501室")}) == set()
    told = {number, f"打{number}", f"{number}找老王", longer, "老王", "3幢501室"}
    assert found_in(db, longer, told) == told
    for beside in (f"2026-11-01 {number}", f"8:30，{number}", f"{number} 2026-11-01", f"{number}，3幢501室"):
        assert found_in(db, beside, {number}) == {number}, beside


@pytest.mark.parametrize("beside", ["{}:05，{number}", "{number}，{}:05", "{}：05：10，{number}"])
def test_a_time_of_day_beside_a_number_is_what_stays_beside_it(db: Connection, beside: str) -> None:
    number = "6282123"
    hours = [*range(40), "08", "２３", "２５", "108"]
    texts = {hour: beside.format(hour, number=number) for hour in hours}
    shown = {hour for hour, said in texts.items() if masking.numbers(said) == beside.format(hour, number="****")}
    assert shown == {*range(25), "08", "２３"}
    assert {hour for hour, said in texts.items() if found_in(db, said, {number})} == shown


@pytest.mark.parametrize("kept", KEPT)
def test_what_is_no_number_of_a_person_is_found(db: Connection, kept: str) -> None:
    assert found_in(db, f"说{kept}的", {kept}) == {kept}


def test_a_whistle_calls_until_the_department_arrives(city: Connection) -> None:
    second = handler(city, "D2")
    (row,) = listed(city, second, Filter(called=True))
    assert [one.number for one in listed(city, ADMIN, Filter(called=True))] == [row.number]
    act(city, row.number, "whistle_arrive", second)
    assert listed(city, second, Filter(called=True)) == []
    assert [one.number for one in listed(city, handler(city, "D3"), Filter(called=True))] == [row.number]


def test_lists_with_ended_ones_have_all_that_was_asked_for(city: Connection) -> None:
    page = worklist.page(city, ADMIN, Filter(states=STATES), NOW, ZONE, order=Order("received", True), limit=100)
    assert len(page.items) == city.scalar(text("SELECT count(*) FROM report"))
    assert (page.counts, page.total) == (None, None)
    ended = worklist.page(city, ADMIN, Filter(states=tuple(ENDED)), NOW, ZONE, order=Order("received"), limit=100)
    assert {row.state for row in ended.items} == {"struck_off", "void"}
    west = Actor("manager", area_ids=(city.scalar(text("SELECT id FROM area WHERE code = 'W'")),))
    own = worklist.page(city, west, Filter(states=("closed",)), NOW, ZONE, order=Order("received"), limit=100)
    assert {row.area_code for row in own.items} == {"W"}


@pytest.mark.parametrize(
    ("wanted", "order", "number", "code"),
    [
        (Filter(states=("lost",)), worklist.BY_DUE, 1, "no_such_state"),
        (Filter(states=("closed",)), Order("grid"), 1, "sort_open_only"),
        (Filter(states=("closed",), deadline="overdue"), worklist.BY_DUE, 1, "queue_open_only"),
        (Filter(), worklist.BY_DUE, 0, "page_unknown"),
    ],
)
def test_what_there_is_not_is_refused(db: Connection, wanted: Filter, order: Order, number: int, code: str) -> None:
    with pytest.raises(Refused, match=code):
        worklist.page(db, ADMIN, wanted, NOW, ZONE, order=order, number=number)
    for lost in (Filter(area="?"), Filter(grid="?"), Filter(department="?")):
        with pytest.raises(NotFound):
            worklist.page(db, ADMIN, lost, NOW, ZONE)
