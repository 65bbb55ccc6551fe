"""The wall: one stated order, counts that agree with the worklist, whose rows they are, where the pins come from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from gridsvc import wall, worklist
from gridsvc.errors import NotFound, Refused
from gridsvc.rules.roles import Actor
from gridsvc.wall import Filter
from tests.conftest import NOW, RULE, Fresh, rolled_back
from tests.through import ADMIN
from tests.verbs.test_worklist import ZONE, act, build, handler, readers

OPEN_ONLY = ("overdue", "due_today", "in_time", "no_deadline", "suspended")


@pytest.fixture(scope="module")
def built(empty_schema: Fresh) -> Iterator[Connection]:
    """The worklist's city, and one of the struck off so long ago that it hangs no more."""
    with rolled_back(empty_schema) as db:
        build(db, RULE)
        old = "UPDATE report SET struck_at = :at WHERE id = (SELECT min(id) FROM report WHERE state = 'struck_off')"
        db.execute(text(old), {"at": NOW - timedelta(days=wall.STRUCK_DAYS, seconds=1)})
        yield db


@pytest.fixture
def city(built: Connection) -> Iterator[Connection]:
    """The city, and what a test does to it undone."""
    with built.begin_nested() as inner:
        yield built
        inner.rollback()


def hung(db: Connection, actor: Actor, wanted: Filter = Filter()) -> tuple[wall.Board, list[wall.Row]]:  # noqa: B008  # frozen
    board = wall.board(db, actor, wanted, NOW, ZONE, limit=200)
    return board, wall.rows(db, board.places)


def test_what_is_open_is_what_the_worklist_says(city: Connection) -> None:
    seen = set()
    for reader in readers(city):
        board, rows = hung(city, reader)
        counts = worklist.count(city, reader, worklist.Filter(), NOW, ZONE)
        assert {name: board.counts.standings[name] for name in OPEN_ONLY} == counts.deadlines, reader.role
        assert board.counts.picked == sum(board.counts.standings.values()) == len(rows)
        assert board.left_out == 0
        listed = worklist.page(city, reader, worklist.Filter(), NOW, ZONE, limit=100).items
        assert {(row.number, row.deadline) for row in listed} == {
            (row.number, row.standing) for row in rows if row.standing in OPEN_ONLY
        }
        seen |= {row.standing for row in rows}
    assert seen == set(wall.STANDINGS)


def test_the_order_is_by_urgency_and_the_old_ends_are_gone(city: Connection) -> None:
    board, rows = hung(city, ADMIN)
    assert [row.id for row in rows] == [place.id for place in board.places]
    assert list(board.places) == sorted(board.places)
    standings = [row.standing for row in rows]
    assert standings == sorted(standings, key=wall.STANDINGS.index)
    timed = [row.until_at for row in rows if row.standing in OPEN_ONLY[:3]]
    assert timed == sorted(timed)  # type: ignore[type-var]  # none of these is empty
    assert all((row.until_at < NOW) == (row.standing == "overdue") for row in rows if row.standing in OPEN_ONLY[:3])
    struck = [row.struck_at for row in rows if row.standing == "struck_off"]
    ends = list(city.scalars(text("SELECT struck_at FROM report WHERE state = 'struck_off'")))
    lately = [at for at in ends if at >= NOW - timedelta(days=wall.STRUCK_DAYS)]
    assert 0 < len(lately) < len(ends)
    assert struck == sorted(lately, reverse=True)


def test_what_was_closed_nobody_knows_when_hangs_too(city: Connection) -> None:
    number = city.scalar(text("UPDATE report SET closed_at = NULL WHERE state = 'closed' RETURNING number"))
    board, rows = hung(city, ADMIN)
    assert number in {row.number for row in rows if row.standing == "closed"}
    assert list(board.places) == sorted(board.places)


def test_filters_choose_what_they_say(city: Connection) -> None:
    board, rows = hung(city, ADMIN)
    for standing in wall.STANDINGS:
        chosen, found = hung(city, ADMIN, Filter(standing=standing))
        assert {row.standing for row in found} <= {standing}
        assert len(found) == board.counts.standings[standing] == chosen.counts.picked
        assert chosen.counts.standings == board.counts.standings
    for state in wall.STATES:
        _, found = hung(city, ADMIN, Filter(state=state))
        assert [row.id for row in found] == [row.id for row in rows if row.state == state]
    assert {row.area_code for row in hung(city, ADMIN, Filter(area="W"))[1]} == {"W"}
    assert hung(city, ADMIN, Filter(category="no such"))[1] == []
    with pytest.raises(NotFound):
        hung(city, ADMIN, Filter(area="no such"))
    with pytest.raises(Refused, match="no_such_state"):
        hung(city, ADMIN, Filter(state="void"))
    with pytest.raises(Refused, match="wall_limit"):
        wall.board(city, ADMIN, Filter(), NOW, ZONE, limit=51)


def test_it_is_bounded_and_says_what_is_left_out(city: Connection) -> None:
    whole, _ = hung(city, ADMIN)
    city.execute(text("INSERT INTO area (level, code, name) VALUES ('city', 'none', 'none')"))
    for _ in range(2):
        more = (
            "WITH made AS (INSERT INTO report (source, number, state, category, channel, received_at) "
            "SELECT 'more', gen_random_uuid()::text, 'filed', 'x', 'web', :now FROM generate_series(1, 40) "
            "RETURNING id), logged AS (INSERT INTO report_log (report_id, seq, action, to_state, at, digest) "
            "SELECT id, 1, 'submit', 'filed', :now, sha256('') FROM made) "
            "INSERT INTO placement (report_id, seq, from_at, method) SELECT id, 1, :now, 'none' FROM made"
        )
        city.execute(text(more), {"now": NOW})
    board = wall.board(city, ADMIN, Filter(), NOW, ZONE, limit=50)
    assert len(board.places) == 50
    assert board.counts.picked == whole.counts.picked + 80
    assert board.left_out == board.counts.picked - 50
    assert board.places == tuple(wall.board(city, ADMIN, Filter(), NOW, ZONE, limit=200).places[:50])


def test_some_says_of_each_what_the_board_says(city: Connection) -> None:
    everything = list(city.scalars(text("SELECT id FROM report")))
    for reader in readers(city):
        for wanted in (Filter(), Filter(standing="overdue"), Filter(state="closed"), Filter(area="D")):
            board, _ = hung(city, reader, wanted)
            assert tuple(wall.some(city, reader, wanted, everything, NOW, ZONE)) == board.places, (reader.role, wanted)
            few = [place.id for place in board.places[:3]]
            assert [place.id for place in wall.some(city, reader, wanted, few, NOW, ZONE)] == few


def test_pins_come_from_the_report_its_compound_or_its_grid(city: Connection) -> None:
    assert {row.located for row in hung(city, ADMIN)[1]} == {"report"}
    city.execute(text("UPDATE report SET geom = NULL, crs = NULL WHERE compound_id IS NOT NULL"))
    rows = hung(city, ADMIN)[1]
    at = next(row for row in rows if row.located == "compound")
    assert at.lon is not None
    assert 110.022 <= at.lon <= 110.028
    city.execute(text("UPDATE report SET compound_id = NULL WHERE id = :id"), {"id": at.id})
    again = next(row for row in hung(city, ADMIN)[1] if row.id == at.id)
    assert again.located == "grid"
    city.execute(
        text("UPDATE placement SET grid_version_id = NULL, method = 'none' WHERE report_id = :id"), {"id": at.id}
    )
    last = next(row for row in hung(city, ADMIN)[1] if row.id == at.id)
    assert (last.located, last.lon, last.grid_code) == (None, None, None)


def test_the_owner_is_who_accepted_else_who_is_on_duty(city: Connection) -> None:
    made = "INSERT INTO account (login, name, role, password_hash, department_id) VALUES ('h', '经办甲', 'handler', '', :d)"
    department = handler(city).department_id
    city.execute(text(made), {"d": department})
    account_id = city.scalar(text("SELECT id FROM account WHERE login = 'h'"))
    rows = hung(city, ADMIN)[1]
    on_duty = [row for row in rows if row.grid_code == "000" and row.step != "accepted"]
    assert on_duty
    assert {(row.owner, row.owner_kind) for row in on_duty} == {("王", "worker")}
    waiting = next(row for row in rows if row.step == "dispatched" and row.standing != "suspended")
    act(city, waiting.number, "accept", Actor("handler", account_id=account_id, department_id=department))
    now = next(row for row in hung(city, ADMIN)[1] if row.id == waiting.id)
    assert (now.owner, now.owner_kind, now.step) == ("经办甲", "handler", "accepted")
