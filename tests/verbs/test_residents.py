"""The resident behind a report: finds it by number and secret, reads what is meant for them, rates once, replies."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from gridsvc import cases, reports, residents
from gridsvc.errors import Conflict, NotFound, Refused
from gridsvc.reporters import Reporter
from gridsvc.reports import Draft, Position
from gridsvc.rules.case import Given
from gridsvc.rules.roles import ANONYMOUS
from tests.conftest import NOW, RULE
from tests.through import ADMIN, AGREED, lead

SECRET = "Zq3_kD-91xTtB7uWmH0aLg"
HASH = hashlib.sha256(SECRET.encode()).hexdigest()
OTHER = "A" * 22
WORDS = "</script><img src=x onerror=alert(1)>"
LATER = NOW + timedelta(hours=1)


def draft(secret_hash: str | None = HASH, **more: object) -> Draft:
    who = Reporter(secret_hash, "张三", "13800000000", "1 栋 101")
    values: dict[str, object] = {"position": Position(110.005, 23.005, "wgs84"), "reporter": who}
    return Draft(uuid.uuid4(), "unclassified", f"路灯不亮 {WORDS}", "web", **(values | more))  # type: ignore[arg-type]


def send(db: Connection, **more: object) -> reports.Submitted:
    return reports.submit(db, draft(**more), ANONYMOUS, NOW, RULE)  # type: ignore[arg-type]


def do(db: Connection, number: str, action: str, at: datetime = LATER, **given: object) -> None:
    cases.apply(db, cases.lock(db, number), action, ADMIN, at, AGREED, Given(**given))  # type: ignore[arg-type]


def test_what_is_left_is_stored_once_and_the_secret_never(db: Connection) -> None:
    mine = draft()
    first = reports.submit(db, mine, ANONYMOUS, NOW, RULE)
    again = reports.submit(db, mine, ANONYMOUS, LATER, RULE)
    assert (again.id, again.created) == (first.id, False)
    row = db.execute(text("SELECT secret_hash, name, phone, address FROM reporter")).one()
    assert (bytes(row.secret_hash).hex(), row.name, row.phone, row.address) == (HASH, "张三", "13800000000", "1 栋 101")
    assert residents.find(db, first.number, SECRET) == first.id


@pytest.mark.parametrize(
    "other",
    [
        Reporter(HASH, "张三", "13800000001", "1 栋 101"),
        Reporter("0" * 64, "张三", "13800000000", "1 栋 101"),
        Reporter(HASH, "张三", "13800000000"),
        None,
    ],
)
def test_another_contact_or_secret_is_another_draft(db: Connection, other: Reporter | None) -> None:
    mine = draft()
    reports.submit(db, mine, ANONYMOUS, NOW, RULE)
    with pytest.raises(Conflict, match="client_key_used"):
        reports.submit(db, replace(mine, reporter=other), ANONYMOUS, NOW, RULE)


def test_a_draft_with_nothing_more_has_the_hash_it_always_had() -> None:
    plain = Draft(uuid.UUID(int=1), "unclassified", "x", "web", words="here")
    assert plain.fingerprint().hex() == FINGERPRINT
    assert replace(plain, photos=("0" * 64,)).fingerprint() != plain.fingerprint()


# of the release before photos and reporters came: a phone that repeats an old draft must still be understood
FINGERPRINT = hashlib.sha256(
    b'{"category": "unclassified", "channel": "web", "client_key": "00000000-0000-0000-0000-000000000001", '
    b'"compound": null, "description": "x", "observed_at": null, "position": null, "words": "here"}'
).hexdigest()


def test_unknown_number_and_wrong_secret_look_the_same(db: Connection) -> None:
    made, without = send(db), send(db, reporter=None)
    told = []
    for number, secret in ((made.number, OTHER), ("20261101-999999", SECRET), (without.number, SECRET)):
        with pytest.raises(NotFound) as refused:
            residents.progress(db, number, secret, NOW)
        told.append((refused.value.code, refused.value.facts))
    assert told == [("link_unknown", {})] * 3
    for secret in ("short", "x" * 65, "a" * 21 + "é", "a" * 21 + "/", ""):
        with pytest.raises(Refused, match="secret_malformed"):
            residents.progress(db, made.number, secret, NOW)


def test_only_words_for_the_resident_are_read(db: Connection) -> None:
    made = send(db)
    do(db, made.number, "note", note="内部：该居民常投诉")
    do(db, made.number, "answer", note=f"师傅明天到 {WORDS}")
    lead(db, made.number, "dispatched", LATER)
    found = residents.progress(db, made.number, SECRET, LATER)
    assert found.state == "dispatched"
    assert found.due_at is not None
    assert [one.action for one in found.events] == ["submit", "answer", "verify", "file", "dispatch"]
    assert [one.note for one in found.events if one.note] == [f"师傅明天到 {WORDS}"]
    assert found.events[-1].department == "部门D1"


def test_reading_changes_nothing(db: Connection) -> None:
    made = send(db)
    before = db.execute(text("SELECT report.*, xmin FROM report")).all()
    for _ in range(3):
        residents.progress(db, made.number, SECRET, NOW + timedelta(days=400))
    assert db.execute(text("SELECT report.*, xmin FROM report")).all() == before
    assert db.scalar(text("SELECT count(*) FROM report_log")) == 1


@pytest.mark.parametrize(("satisfied", "state", "n_rework"), [("basically", "closed", 0), ("not", "dispatched", 1)])
def test_one_rating_and_what_it_does(db: Connection, satisfied: str, state: str, n_rework: int) -> None:
    made = send(db)
    lead(db, made.number, "closed", LATER)
    open_ = residents.progress(db, made.number, SECRET, LATER)
    assert (open_.rating, open_.rate_until) == ("open", LATER + timedelta(days=14))
    residents.rate(db, made.number, SECRET, "partly", satisfied, WORDS, LATER, AGREED)
    held = cases.lock(db, made.number)
    assert (held.state, held.case.n_rework, held.case.solved) == (state, n_rework, "partly")
    after = residents.progress(db, made.number, SECRET, LATER)
    assert (after.rating, after.rate_until, after.satisfied) == ("given", None, satisfied)
    with pytest.raises(Conflict, match="rated_already"):
        residents.rate(db, made.number, SECRET, "solved", "satisfied", None, LATER, AGREED)
    if satisfied == "not":  # closed again, it can be rated again
        lead(db, made.number, "closed", LATER)
        assert residents.progress(db, made.number, SECRET, LATER).rating == "open"


@pytest.mark.parametrize("struck", [False, True])
def test_rating_ends_after_fourteen_days_and_progress_stays(db: Connection, struck: bool) -> None:
    made = send(db)
    lead(db, made.number, "closed", NOW)
    last = NOW + timedelta(days=14)
    assert residents.progress(db, made.number, SECRET, last).rating == "open"
    after = last + timedelta(seconds=1)
    if struck:
        lead(db, made.number, "struck_off", after)
    with pytest.raises(Conflict, match="rating_over"):
        residents.rate(db, made.number, SECRET, "solved", "satisfied", None, after, AGREED)
    found = residents.progress(db, made.number, SECRET, NOW + timedelta(days=900))
    assert (found.rating, found.rate_until, found.state) == ("over", None, "struck_off" if struck else "closed")


def test_a_question_waits_for_its_answer(db: Connection) -> None:
    made = send(db)
    lead(db, made.number, "dispatched", LATER)
    with pytest.raises(Conflict, match="not_waiting"):
        residents.reply(db, made.number, SECRET, "在门口", LATER, AGREED)
    do(db, made.number, "ask_resident", note="哪一盏灯？")
    asked = residents.progress(db, made.number, SECRET, LATER)
    assert (asked.asked, asked.stopped) == ("哪一盏灯？", True)
    with pytest.raises(Refused, match="note_missing"):
        residents.reply(db, made.number, SECRET, " \n", LATER, AGREED)
    residents.reply(db, made.number, SECRET, "门口那盏", LATER, AGREED)
    after = residents.progress(db, made.number, SECRET, LATER)
    assert (after.asked, after.stopped) == (None, False)


def test_a_merged_report_tells_the_parents_way_and_none_of_its_words(db: Connection) -> None:
    parent, child = send(db), send(db, secret_hash=hashlib.sha256(OTHER.encode()).hexdigest())
    do(db, parent.number, "answer", NOW, note="昨天已安排")
    lead(db, parent.number, "dispatched", NOW)
    do(db, parent.number, "ask_resident", NOW, note="请问您家几楼？")
    residents.reply(db, parent.number, SECRET, "我家三楼", NOW, AGREED)
    do(db, child.number, "link", parent_id=parent.id)
    do(db, parent.number, "ask_resident", note="几点在家？")
    residents.reply(db, parent.number, SECRET, "晚上八点", LATER, AGREED)
    do(db, parent.number, "note", note="内部")
    lead(db, parent.number, "closed", LATER)
    residents.rate(db, parent.number, SECRET, "solved", "satisfied", "谢谢小王", LATER, AGREED)
    found = residents.progress(db, child.number, OTHER, LATER)
    assert (found.number, found.state, found.merged, found.rating) == (child.number, "closed", True, None)
    assert found.asked is None
    assert {one.note for one in found.events} - {None} == {"昨天已安排", "已处理"}
    assert parent.number not in repr(found)
    assert {one.action for one in found.events if one.of_parent} == {"answer", "dispose", "check", "close"}
    with pytest.raises(Conflict, match="step_not_allowed"):
        residents.rate(db, child.number, OTHER, "solved", "satisfied", None, LATER, AGREED)


def test_photos_come_with_the_report_or_it_does_not(db: Connection) -> None:
    sha = "ab" * 32
    with pytest.raises(Refused, match="photo_unknown"), db.begin_nested():
        send(db, photos=(sha,))
    assert db.scalar(text("SELECT count(*) FROM report")) == 0
    row = "INSERT INTO photo (sha256, file_sha256, width, height, n_bytes, sent_format, sent_bytes, received_at) "
    db.execute(text(row + "VALUES (:s, :s, 10, 10, 10, 'jpeg', 10, :now)"), {"s": bytes.fromhex(sha), "now": NOW})
    made = send(db, photos=(sha,))
    shown = db.execute(text("SELECT report_id, seq, kind FROM report_photo")).one()
    assert tuple(shown) == (made.id, 1, "reference")


def test_the_same_place_again_within_a_year_is_flagged(db: Connection) -> None:
    first = send(db)
    second = send(db)
    assert (first.n_similar, second.n_similar) == (0, 1)
    lead(db, first.number, "closed", NOW)
    third = reports.submit(db, draft(), ANONYMOUS, NOW + timedelta(days=300), RULE)
    assert third.n_similar == 0  # the second is open but too old to be of the same thing
    of = text("SELECT again_of FROM report WHERE id = :i")
    assert [db.scalar(of, {"i": one.id}) for one in (first, second, third)] == [None, None, first.id]
    nowhere = reports.submit(db, draft(position=None, words="桥头"), ANONYMOUS, NOW, RULE)
    assert (nowhere.n_similar, nowhere.lonlat) == (0, None)
