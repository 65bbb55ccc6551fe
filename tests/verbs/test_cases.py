"""The case on the database: random walks with real rows, who comes first, what is looked up, what stands beside it."""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, func, insert, select, text

from gridsvc import audit, cases, dossier, reports, residents
from gridsvc.db import tables as t
from gridsvc.db.queries import load
from gridsvc.errors import Conflict, GridsvcError, NotFound, Refused
from gridsvc.reports import Draft
from gridsvc.rules.case import Given, Terms
from gridsvc.rules.deadlines import Limit, due_at
from gridsvc.rules.lifecycle import TABLE
from gridsvc.rules.roles import ANONYMOUS, RESIDENT, Actor, may
from gridsvc.terms import Agreed
from gridsvc.web.pages import deeds
from tests.conftest import NOW, RULE, Fresh
from tests.rules.wandering import STAGES, START, Walk
from tests.through import ADMIN, AGREED, CALENDAR, CHECKER, department, lead

N_WALKS, N_STEPS = 60, 30
LEADER = Actor("leader")
PHOTO = "ab" * 32
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def submit(db: Connection, *, resident: bool = False, at: object = NOW, category: str = "unclassified") -> cases.Held:
    draft = Draft(uuid4(), category, "路灯不亮", "web", words="东门")
    made = reports.submit(db, draft, ANONYMOUS, NOW if at is NOW else START, RULE)
    if resident:
        residents.register(db, made.id, residents.hashed("s" * 22))
    return cases.lock_id(db, made.id)


def accounts(db: Connection, n: int) -> list[int]:
    rows = [{"login": f"u{i}-{uuid4().hex[:6]}", "role": "admin", "name": "x", "password_hash": "x"} for i in range(n)]
    return list(db.scalars(insert(t.account).returning(t.account.c.id), rows))


def photo(db: Connection, sha256: str = PHOTO) -> None:
    row = {"sha256": bytes.fromhex(sha256), "file_sha256": bytes.fromhex(sha256), "width": 1, "height": 1, "n_bytes": 1}
    db.execute(insert(t.photo), row | {"sent_format": "jpeg", "sent_bytes": 1, "received_at": NOW})


def sheet(db: Connection, code: str, *milestones: list[dict[str, object]], closing: str = "") -> list[int]:
    """The filing conditions of a category, in a sheet of its own that is the current one."""
    db.execute(insert(t.category), {"code": code, "name_zh": code, "name_en": code})
    db.execute(t.category_sheet.update().values(current=False))
    version = 1 + (db.scalar(select(func.max(t.category_sheet.c.version))) or 0)
    row = {"kind": "event", "version": version, "current": True, "name": "清单", "file": "x.csv", "digest": b"x"}
    sheet_id = db.scalar(insert(t.category_sheet).returning(t.category_sheet.c.id), row | {"imported_at": NOW})
    same = {"sheet_id": sheet_id, "code": code, "class_name": "x", "name": "x", "text": "x", "closing": closing}
    rows = [
        same
        | {"seq": n, "milestones": one, "limit_problem": None if one else "limit_blank"}
        | {"supervisors": [], "responsibles": []}
        for n, one in enumerate(milestones, 1)
    ]
    return list(db.scalars(insert(t.category_condition).returning(t.category_condition.c.id), rows))


def log(db: Connection, report_id: int) -> list[tuple[str, str]]:
    rows = select(t.report_log.c.action, t.report_log.c.to_state).where(t.report_log.c.report_id == report_id)
    return [(row.action, row.to_state) for row in db.execute(rows.order_by(t.report_log.c.seq))]


def told_last(db: Connection, held: cases.Held) -> Any:
    """The facts of the last row of a report's log."""
    log = t.report_log.c
    return db.scalar(select(log.facts).where((log.report_id == held.id) & (log.seq == held.seq)))


def do(db: Connection, held: cases.Held, action: str, actor: Actor = ADMIN, **inputs: object) -> cases.Held:
    now = inputs.pop("now", NOW)
    given = Given(**({"note": "说明"} | inputs))  # type: ignore[arg-type]  # the test's own inputs
    cases.apply(db, held, action, actor, now, AGREED, given)  # type: ignore[arg-type]  # as above
    return cases.lock_id(db, held.id)


def test_random_walks_with_real_rows_always_replay_and_the_chain_holds(db: Connection) -> None:
    photo(db)
    sheet(db, "E0101", [Limit(4, "working_hour", "stop").to_json(), Limit(9, "working_day").to_json()])
    departments = [department(db, f"D{n}") for n in range(3)]
    people = accounts(db, 4)
    parent = submit(db, at=START)
    done: Counter[str] = Counter()
    for seed in range(N_WALKS):
        rng = Random(seed)  # noqa: S311 - a walk that can be walked again
        held = submit(db, resident=seed % 3 > 0, at=START)
        terms = Terms(
            CALENDAR, rng.choice(("rolling", "next_day")), STAGES, rng.choice(("received", "dispatched")), 0.5
        )
        walk = Walk(rng, terms, held.given, departments, (PHOTO,), (parent.id,), people, held.case)
        for _ in range(N_STEPS):
            walk.pause()
            action, actor = walk.action()
            if action == "place" or not may(actor, action):
                continue
            point = db.begin_nested()
            try:
                after = cases.apply(db, held, action, actor, walk.now, Agreed(terms, {}), walk.given(action))
            except GridsvcError:
                point.rollback()
                continue
            point.commit()
            held = cases.lock_id(db, held.id)
            assert (held.case, held.seq) == (after.case, after.seq)
            walk.case, walk.known = held.case, held.given
            done[action] += 1
        assert cases.replayed(db, held.id) == held.case
    found = audit.verify(db)
    assert not found.counts.keys() - {"unsealed"}
    assert (found.n_reports, sum(done.values())) == (N_WALKS + 1, found.n_rows - N_WALKS - 1)
    assert len(done) >= len(TABLE) - 6


def test_twenty_closers_at_once_close_it_once(fresh: Fresh) -> None:
    with fresh.begin() as db:
        held = lead(db, submit(db).number, "checked", NOW)

    def close(_: int) -> str:
        with fresh.begin() as db:
            mine = cases.lock(db, held.number)
            try:
                cases.check_version(db, mine, held.seq)
                cases.apply(db, mine, "close", ADMIN, NOW, AGREED, Given(note="已修好"))
            except Conflict as refusal:
                changed = refusal.facts["changed"]
                assert changed == [
                    {"seq": held.seq + 1, "action": "close", "to_state": "closed", "at": NOW.isoformat()}
                ]
                return refusal.code
        return "closed"

    with ThreadPoolExecutor(20) as pool:
        ends = Counter(pool.map(close, range(20)))
    assert ends == {"closed": 1, "version_stale": 19}
    with fresh.begin() as db:
        assert cases.replayed(db, held.id) == cases.lock(db, held.number).case
        assert [action for action, _ in log(db, held.id)].count("close") == 1


def test_without_a_version_the_lock_and_the_table_still_let_one_through(fresh: Fresh) -> None:
    with fresh.begin() as db:
        held = lead(db, submit(db).number, "checked", NOW)

    def close(_: int) -> str:
        with fresh.begin() as db:
            try:
                cases.apply(db, cases.lock(db, held.number), "close", ADMIN, NOW, AGREED, Given(note="已修好"))
            except Conflict as refusal:
                return refusal.code
        return "closed"

    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(close, range(8))) == {"closed": 1, "step_not_allowed": 7}


def test_a_version_ahead_of_the_log_is_stale_too(db: Connection) -> None:
    held = submit(db)
    cases.check_version(db, held, 1)
    with pytest.raises(Conflict) as refusal:
        cases.check_version(db, held, 2)
    assert (refusal.value.facts["version"], refusal.value.facts["changed"]) == (1, [])


def test_a_report_keeps_the_condition_it_was_filed_under(db: Connection) -> None:
    soon, late = Limit(4, "working_hour", "stop"), Limit(20, "working_day")
    first, second = sheet(db, "E0101", [soon.to_json(), late.to_json()], [])
    (other,) = sheet(db, "E0102", [Limit(1, "working_day").to_json()])
    held = do(db, submit(db, category="E0102"), "verify")
    filed = do(db, held, "file")
    assert (filed.case.condition_id, filed.case.due_at) == (other, due_at(NOW, Limit(1, "working_day"), CALENDAR).at)
    assert cases.replayed(db, filed.id) == filed.case
    for wrong in (first, second, 10**9):
        with pytest.raises(NotFound, match="condition_unknown"):
            do(db, filed, "recategorize", category="E0102", condition_id=wrong)
    with pytest.raises(NotFound, match="category_unknown"):
        do(db, filed, "recategorize", category="no such")
    with pytest.raises(Refused, match="input_missing"):
        do(db, filed, "recategorize")
    for current in ("false", "version = 1"):
        db.execute(text(f"UPDATE category_sheet SET current = ({current})"))
    moved = do(db, filed, "recategorize", category="E0101", condition_id=first)
    assert (moved.category, moved.case.condition_id) == ("E0101", first)
    assert moved.case.due_at == due_at(NOW, late, CALENDAR).at
    assert moved.case.due_original_at == filed.case.due_at
    assert [one["name"] for one in moved.case.milestones or ()] == ["stop"]
    unfiled = do(db, submit(db), "recategorize", category="E0101", condition_id=first)
    unfiled = do(db, do(db, unfiled, "verify"), "file")
    assert (unfiled.case.condition_id, unfiled.case.due_at) == (first, due_at(NOW, late, CALENDAR).at)
    two = do(db, do(db, submit(db, category="E0101"), "verify"), "file", condition_id=second)
    assert (two.case.condition_id, two.case.due_at) == (second, due_at(NOW, Limit(3, "working_day"), CALENDAR).at)


def test_of_several_conditions_one_is_chosen_or_said_not_to_fit(db: Connection) -> None:
    soon = Limit(1, "urgent_hour").to_json()
    first, second = sheet(db, "E0101", [soon], [])
    fresh = submit(db, category="E0101")
    with pytest.raises(Conflict, match="verify_first"):  # before it is asked what could not count yet
        do(db, fresh, "file")
    held = do(db, fresh, "verify")
    for action, more in (("file", {}), ("recategorize", {"category": "E0101"})):
        with pytest.raises(Refused, match="condition_missing") as refusal:
            do(db, held, action, **more)
        told = [{"id": first, "text": "x", "milestones": [soon]}, {"id": second, "text": "x", "milestones": []}]
        assert refusal.value.facts == {"n": 2, "conditions": told}
    none = do(db, held, "file", no_condition=True)
    assert (none.state, none.case.condition_id) == ("filed", None)
    assert none.case.due_at == due_at(NOW, Limit(3, "working_day"), CALENDAR).at, "the general limit"
    assert told_last(db, none)["conditions"] == 2
    # one that was chosen before is kept, unless somebody says at filing that it does not fit either
    for more, kept in (({}, first), ({"no_condition": True}, None)):
        chosen = do(db, submit(db), "recategorize", category="E0101", condition_id=first)
        filed = do(db, do(db, chosen, "verify"), "file", **more)
        assert (filed.case.condition_id, filed.case.due_limit == soon) == (kept, kept is not None)
        assert cases.replayed(db, filed.id) == filed.case
    (sole,) = sheet(db, "E0102", [soon])
    only = do(db, submit(db, category="E0102"), "verify")
    with pytest.raises(Refused, match="condition_only") as refusal:
        do(db, only, "file", no_condition=True)  # it is this one, or the report is not to be filed
    assert (refusal.value.facts["condition"], refusal.value.facts["text"]) == (sole, "x")
    assert do(db, only, "file").case.condition_id == sole


def test_a_row_from_before_roles_were_kept_tells_none(db: Connection) -> None:
    (account,) = accounts(db, 1)  # an admin's today
    held = do(db, submit(db), "verify", Actor("manager", account))
    db.execute(
        text(
            "INSERT INTO report_log (report_id, seq, action, from_state, to_state, actor_id, at, facts, digest) SELECT "
            "report_id, 3, 'note', to_state, to_state, actor_id, at, facts - 'role', digest FROM report_log "
            "WHERE report_id = :id AND seq = 2"
        ),
        {"id": held.id},
    )
    rows = db.execute(load("dossier_log"), {"report_id": held.id}).all()
    assert [(row.actor_name, row.actor_role) for row in rows[1:]] == [("x", "manager"), ("x", None)]


@pytest.mark.parametrize("action", ["check_failed", "rate", "reopen"])
def test_where_nobody_chooses_the_log_says_that_none_of_several_is_chosen(db: Connection, action: str) -> None:
    photo(db)
    sheet(db, "E0101", [Limit(1, "urgent_hour").to_json()], [])
    agreed = Agreed(replace(AGREED.general, sample_share=float(action == "check_failed")), {})
    held = submit(db, resident=action == "rate", category="E0101")
    worker = Actor("worker", accounts(db, 1)[0])
    cases.apply(db, held, "solve_on_spot", worker, NOW, agreed, Given(note="已清理", photos=(PHOTO,)))
    held = cases.lock_id(db, held.id)
    assert (held.case.filed_at, held.case.condition_id, held.case.due_at) == (None, None, None), "never filed"
    if action == "check_failed":
        held = do(db, held, action, CHECKER)
    else:
        held = do(db, held, "close")
        if action == "rate":
            held = do(db, held, action, RESIDENT, solved="not", satisfied="not")
        else:
            held = do(db, do(db, held, "strike_off"), action)
    assert (held.state, held.case.condition_id, told_last(db, held)["conditions"]) == ("filed", None, 2)
    assert held.case.due_at == due_at(NOW, Limit(3, "working_day"), CALENDAR).at
    assert cases.replayed(db, held.id) == held.case


def test_a_category_that_comes_with_another_action_changes_nothing(db: Connection) -> None:
    sheet(db, "E0101", [Limit(1, "urgent_hour").to_json()])
    held = do(db, do(db, submit(db), "verify"), "file", category="E0101")
    assert (held.category, held.case.condition_id) == ("unclassified", None)
    assert held.case.due_at == due_at(NOW, Limit(3, "working_day"), CALENDAR).at


def test_a_stopped_clock_is_remembered_when_the_category_changes(db: Connection) -> None:
    sheet(db, "E0101", [Limit(10, "working_day").to_json()])
    held = lead(db, submit(db).number, "dispatched", NOW)
    held = do(db, held, "suspend", LEADER, until=NOW + 30 * DAY)
    held = do(db, held, "resume", LEADER, now=NOW + 7 * DAY)
    held = do(db, held, "recategorize", category="E0101", now=NOW + 8 * DAY)
    assert held.case.due_at == due_at(NOW, Limit(10, "working_day"), CALENDAR).at + 7 * DAY


def test_photos_belong_to_the_row_and_a_closing_condition_may_ask_for_one(db: Connection) -> None:
    photo(db)
    (condition,) = sheet(db, "E0101", [Limit(1, "working_day").to_json()], closing="清理完毕并拍照")
    held = lead(db, submit(db, category="E0101").number, "dispatched", NOW)
    assert held.case.condition_id == condition
    handler = Actor("handler", department_id=held.case.department_id)
    with pytest.raises(Refused, match="input_missing"):
        do(db, held, "dispose", handler)
    with pytest.raises(Refused, match="photo_unknown"), db.begin_nested():
        do(db, held, "dispose", handler, photos=("cd" * 32,))
    held = do(db, cases.lock_id(db, held.id), "dispose", handler, photos=(PHOTO,))
    p = t.report_photo.c
    assert db.execute(select(p.report_id, p.seq, p.sha256, p.kind)).all() == [
        (held.id, held.seq, bytes.fromhex(PHOTO), "after")
    ]


def test_merging_holds_the_parent_and_refuses_chains(db: Connection) -> None:
    parent, child, third = submit(db), submit(db), submit(db)
    with pytest.raises(Refused, match="parent_itself"):
        do(db, child, "link", parent_id=child.id)
    with pytest.raises(Conflict, match="parent_not_open"):
        do(db, child, "link", parent_id=10**9)
    merged = do(db, child, "link", parent_id=parent.id)
    assert (merged.state, merged.case.parent_id) == ("merged", parent.id)
    with pytest.raises(Conflict, match="has_children"):
        do(db, parent, "link", parent_id=third.id)
    with pytest.raises(Conflict, match="parent_not_open"):
        do(db, third, "link", parent_id=merged.id)
    back = do(db, merged, "unlink")
    assert (back.state, back.case.parent_id, cases.replayed(db, back.id)) == ("reported", None, back.case)


def test_a_whistle_calls_each_department_once_and_the_last_call_is_scored(db: Connection) -> None:
    first, second = department(db, "D1"), department(db, "D2")
    held = lead(db, submit(db).number, "filed", NOW)
    with pytest.raises(Conflict, match="not_called"):
        do(db, held, "whistle_score", LEADER, department_id=second, score=5)
    held = cases.lock_id(db, held.id)
    with pytest.raises(NotFound, match="department_unknown"):
        do(db, held, "whistle", LEADER, department_ids=(10**9,))
    held = do(db, held, "whistle", LEADER, department_ids=(second, first, second))
    assert held.case.called_ids == tuple(sorted((first, second)))
    there, elsewhere = (Actor("handler", department_id=one) for one in (second, first))

    def called() -> list[bool]:
        return ["whistle_arrive" in cases.offered(db, [held], who, NOW)[held.id] for who in (there, elsewhere)]

    assert called() == [True, True]
    with pytest.raises(Conflict, match="not_called"), db.begin_nested():
        do(db, held, "whistle_score", LEADER, department_id=second, score=5)
    held = do(db, held, "whistle_arrive", there, now=NOW + HOUR)
    assert called() == [False, True], "who has come is not asked to come"
    with pytest.raises(Conflict, match="not_called"), db.begin_nested():
        do(db, held, "whistle_arrive", there)
    held = do(db, held, "whistle_score", LEADER, department_id=second, score=2)
    held = do(db, held, "whistle", LEADER, department_ids=(second,))
    assert called() == [True, True], "called again"
    held = do(db, held, "whistle_arrive", there, now=NOW + 2 * HOUR)
    do(db, held, "whistle_score", LEADER, department_id=second, score=5)
    w = t.whistle_call.c
    rows = db.execute(select(w.department_id, w.arrived_at, w.score).order_by(w.seq, w.department_id)).all()
    assert rows == [(first, None, None), (second, NOW + HOUR, 2), (second, NOW + 2 * HOUR, 5)]


def not_offered(db: Connection, held: cases.Held, who: Actor) -> tuple[set[str], tuple[int, ...]]:
    """What the report's page leaves out as there is nothing of others to decide on, and whose arrivals."""
    folder = dossier.folder(db, who, dossier.load_one(db, ADMIN, held.number, held.source), NOW)
    left_out = deeds.idle(who, folder) & {"approve_extension", "whistle_score"}
    return set(left_out), tuple(sorted(folder.own_arrivals))


def decisions(db: Connection, held: cases.Held, *accounts: int) -> list[set[str]]:
    """What is offered to each as a leader of what decides on somebody's word, where somebody's stands in the log."""
    said = (
        {"approve_extension"} if held.case.extension_asked_at else {"whistle_score"} if held.case.called_ids else set()
    )
    return [set(cases.offered(db, [held], Actor("leader", one), NOW)[held.id]) & said for one in accounts]


def test_nobody_decides_on_the_own_word_in_another_role(db: Connection) -> None:
    own, other = accounts(db, 2)
    office, second = department(db, "D1"), department(db, "D2")
    handler, leader = Actor("handler", own, department_id=office), Actor("leader", own)
    held = do(db, lead(db, submit(db).number, "dispatched", NOW), "ask_extension", handler)
    for department_id in (None, office):
        with pytest.raises(Conflict, match="own_word"):
            do(db, held, "approve_extension", leader, department_id=department_id)
    assert [not_offered(db, held, who) for who in (leader, Actor("leader", other))] == [
        ({"approve_extension", "whistle_score"}, ()),
        ({"whistle_score"}, ()),
    ]
    assert decisions(db, held, own, other) == [set(), {"approve_extension"}]
    held = do(db, held, "approve_extension", Actor("leader", other))
    held = do(db, held, "ask_extension", Actor("handler", other, department_id=office), now=NOW + HOUR)
    assert decisions(db, held, own, other) == [{"approve_extension"}, set()], "the last word counts"
    held = do(db, held, "refuse_extension", leader)
    held = do(db, held, "ask_extension", handler, now=NOW + HOUR)
    held = do(db, held, "refuse_extension", leader)  # whoever asked may take it back
    held = do(db, held, "whistle", leader, department_ids=(office, second))
    assert decisions(db, held, own, other) == [set(), set()], "nobody has come yet"
    held = do(db, held, "whistle_arrive", handler)
    assert decisions(db, held, own, other) == [set(), {"whistle_score"}]
    held = do(db, held, "whistle_arrive", Actor("handler", other, department_id=second))
    with pytest.raises(Conflict, match="own_word"):
        do(db, held, "whistle_score", leader, department_id=office, score=5)
    seen = [not_offered(db, held, who) for who in (leader, Actor("leader", other))]
    assert seen == [({"approve_extension"}, (office,)), (set(), (second,))]
    assert decisions(db, held, own, other) == [{"whistle_score"}, {"whistle_score"}]
    held = do(db, held, "whistle_score", leader, department_id=second, score=5)
    do(db, held, "whistle_score", Actor("leader", other), department_id=office, score=5)


def test_a_case_is_found_by_index_while_there_are_few(fresh: Fresh) -> None:
    """The plan is made once, for whatever a connection found at its first action, and would read all of a small table."""
    drafts = [Draft(uuid4(), "unclassified", "路灯不亮", "web", words="东门") for _ in range(300)]
    with fresh.begin() as db:
        reports.submit_all(db, drafts, ADMIN, NOW, RULE)
    with fresh.begin(owner=True) as db:  # the serving role may not count tables
        db.execute(text("ANALYZE report, report_log, placement"))
    asked = "SELECT * FROM stored_case c WHERE c.id = ANY ($1) ORDER BY c.id"
    with fresh.begin() as db:
        db.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
        db.execute(text(f"PREPARE one_case (bigint[]) AS {asked}"))
        plan = "\n".join(db.scalars(text("EXPLAIN EXECUTE one_case (ARRAY[1])")))
        db.execute(text("DEALLOCATE one_case"))
    assert not re.search("Hash|Merge|Seq Scan on (report|report_log|placement) ", plan), plan
    assert not re.search(r"Filter: \(report_id = ", plan), plan  # of all placements


def test_what_was_not_solved_on_the_spot_gets_deadline_and_routing(db: Connection) -> None:
    photo(db)
    who = department(db)
    row = {"list": "basic", "category": "unclassified", "lead_id": who}
    db.execute(insert(t.responsibility), row)
    worker = Actor("worker", accounts(db, 1)[0])
    agreed = Agreed(replace(AGREED.general, sample_share=1.0), {})
    held = submit(db)
    cases.apply(db, held, "solve_on_spot", worker, NOW, agreed, Given(note="已清理", photos=(PHOTO,)))
    held = do(db, cases.lock_id(db, held.id), "check_failed", CHECKER)
    assert (held.state, held.case.routing, held.case.due_at is not None) == ("filed", "list", True)
    held = do(db, held, "dispatch")
    assert (held.case.department_id, held.case.routing) == (who, "list")


def test_an_actor_without_the_right_and_a_place_are_refused(db: Connection) -> None:
    held = submit(db, resident=True)
    with pytest.raises(GridsvcError, match="not_allowed"):
        do(db, held, "void", Actor("dispatcher"))
    with pytest.raises(GridsvcError, match="login_needed"):
        do(db, held, "note", ANONYMOUS)
    with pytest.raises(Refused, match="place_by_hand_only"):
        do(db, held, "place")
    assert "rate" not in cases.actions(held, RESIDENT, NOW)
    assert "void" in cases.actions(held, LEADER, NOW)
    with pytest.raises(NotFound, match="report_unknown"):
        cases.lock_id(db, 10**9)
