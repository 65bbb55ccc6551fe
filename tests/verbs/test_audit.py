"""The log as evidence: who may change it, what a change of one byte looks like, what retention leaves behind."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import ProgrammingError

from gridsvc import anchors, audit, cases, performance, reports, residents, retention
from gridsvc.cli.main import main
from gridsvc.db import tables as t
from gridsvc.errors import Refused
from gridsvc.reports import Draft
from gridsvc.rules.case import Given
from gridsvc.rules.roles import ANONYMOUS, SYSTEM, Actor
from gridsvc.stats import Period
from tests.conftest import NOW, RULE, Fresh
from tests.through import ADMIN, AGREED, lead

DAY = timedelta(days=1)


def submit(db: Connection) -> int:
    draft = Draft(uuid4(), "unclassified", "路灯不亮", "web", words="东门")
    return reports.submit(db, draft, ANONYMOUS, NOW, RULE).id


def sealed(db: Connection) -> tuple[int, str]:
    """A report whose log has seven rows, each with a digest of its own."""
    report_id = submit(db)
    held = lead(db, cases.lock_id(db, report_id).number, "closed", NOW)
    return report_id, held.number


def found(db: Connection, *, seal: bool = True) -> list[tuple[int | None, str, tuple[str, ...]]]:
    """What is wrong, without the rows that have no digest."""
    findings = audit.verify(db).findings
    return [(one.seq, one.what, one.fields) for one in findings if not (seal and one.what == "unsealed")]


@pytest.mark.parametrize("table", ["report_log", "deletion_record"])
@pytest.mark.parametrize("statement", ["UPDATE {0} SET at = at", "DELETE FROM {0}", "TRUNCATE {0}"])
def test_the_serving_role_cannot_change_what_was_logged(db: Connection, table: str, statement: str) -> None:
    assert db.scalar(text("SELECT current_user")) == "gridsvc_app"
    with pytest.raises(ProgrammingError, match="permission denied"):
        db.execute(text(statement.format(table)))


def test_the_serving_role_cannot_excuse_a_deletion(db: Connection) -> None:
    assert db.scalar(text("SELECT count(*) FROM deletion_record")) == 0
    excuse = (
        "INSERT INTO deletion_record (at, batch, report_id, seq, what, rule) "
        "VALUES (now(), gen_random_uuid(), 1, 1, 'note', 'x')"
    )
    with pytest.raises(ProgrammingError, match="permission denied"):
        db.execute(text(excuse))


def test_nothing_is_wrong_with_what_nobody_touched(fresh: Fresh) -> None:
    with fresh.begin() as db:
        for state in ("verified", "filed", "dispatched", "disposed", "checked", "closed", "struck_off", "void"):
            lead(db, cases.lock_id(db, submit(db)).number, state, NOW)
        seen: list[int] = []
        done = audit.verify(db, seen.append)
    assert done.sound
    assert (done.n_reports, done.counts.keys() - {"unsealed"}, seen) == (8, set(), [])


CHANGES = {
    "note = note || ' '": "note",
    "note = 'x'": "note",
    "note_salt = note_salt || 'x'": "note",
    "note_salt = NULL": "note",
    "note_digest = sha256('x')": "changed",
    "note_digest = NULL": "changed",
    "facts = coalesce(facts, '{}') || '{\"x\": 1}'": "changed",
    "facts = NULL": "changed",
    "at = at + interval '1 microsecond'": "changed",
    "actor_id = (SELECT min(id) FROM account)": "changed",
    "action = action || ' '": "changed",
    "from_state = 'void'": "changed",
    "to_state = 'void'": "changed",
    "digest = digest || 'x'": "changed",
    "digest = sha256('x')": "changed",
    "note = NULL": "note",
    "note = NULL, note_salt = NULL": "note_gone",
}


def test_one_changed_byte_in_any_column_is_found_and_named(fresh: Fresh) -> None:
    with fresh.begin() as db:
        report_id, number = sealed(db)
        db.execute(t.account.insert().values(login="x", name="x", role="admin", password_hash="x"))
    with fresh.begin(owner=True) as db:
        assert found(db) == []
        for change, what in CHANGES.items():
            for seq in (3, 7):
                point = db.begin_nested()
                changed = db.execute(
                    text(f"UPDATE report_log SET {change} WHERE report_id = :id AND seq = :seq"),
                    {"id": report_id, "seq": seq},
                )
                named = found(db)
                assert changed.rowcount == 1
                assert (seq, what, ()) in named, change
                assert not audit.verify(db).sound
                assert {one.number for one in audit.verify(db).findings} == {number}
                point.rollback()
        assert found(db) == []


def test_words_put_where_none_were_are_found(fresh: Fresh) -> None:
    with fresh.begin() as db:
        sealed(db)
    with fresh.begin(owner=True) as db:
        forge = text("UPDATE report_log SET note = 'forged' WHERE seq = 1 AND note IS NULL")
        assert db.execute(forge).rowcount == 1
        assert found(db) == [(1, "note", ())]
        db.execute(text("UPDATE report_log SET note_salt = 'x' WHERE seq = 1"))
        assert found(db) == [(1, "note", ())]


def test_removed_rows_and_logs_are_found(fresh: Fresh) -> None:
    with fresh.begin() as db:
        sealed(db)
    with fresh.begin(owner=True) as db:
        point = db.begin_nested()
        db.execute(text("DELETE FROM report_log WHERE seq = 4"))
        assert (5, "gap", ()) in found(db)
        assert (5, "changed", ()) in found(db)
        point.rollback()
        point = db.begin_nested()
        db.execute(text("DELETE FROM report_log WHERE seq = 7"))
        (last,) = found(db)
        assert (last[1], set(last[2])) == ("case", {"state", "closed_at", "answered_at"})
        point.rollback()
        point = db.begin_nested()
        db.execute(text("DELETE FROM report_log"))
        assert found(db) == [(None, "log_missing", ())]
        point.rollback()
        assert found(db) == []


def test_a_stored_case_that_its_log_does_not_tell_is_found_field_by_field(fresh: Fresh) -> None:
    with fresh.begin() as db:
        sealed(db)
        assert found(db) == []
        db.execute(text("UPDATE report SET due_at = due_at + interval '1 second', n_returns = 1, assist_ids = '{5}'"))
        assert found(db) == [(None, "case", ("assist_ids", "due_at", "n_returns"))]


def test_a_category_that_the_log_does_not_tell_is_found(fresh: Fresh) -> None:
    with fresh.begin() as db:
        codes = ("x", "y", "z")
        db.execute(t.category.insert(), [{"code": code, "name_zh": code, "name_en": code} for code in codes])
        report_id = submit(db)
        for code in ("x", "y"):
            held = cases.lock_id(db, report_id)
            cases.apply(db, held, "recategorize", ADMIN, NOW, AGREED, Given(note="改类", category=code))
        assert found(db) == []
        change = text("UPDATE report SET category = :code, n_returns = :n")
        for code, n, fields in (
            ("x", 0, ("category",)),
            ("z", 1, ("category", "n_returns")),
            ("y", 1, ("n_returns",)),
            ("y", 0, ()),
        ):
            db.execute(change, {"code": code, "n": n})
            assert found(db) == ([(None, "case", fields)] if fields else []), code


def test_rows_without_digest_are_told_and_prove_nothing(fresh: Fresh) -> None:
    with fresh.begin() as db:
        sealed(db)
    with fresh.begin(owner=True) as db:
        nullable = db.scalar(
            text(
                "SELECT is_nullable FROM information_schema.columns WHERE table_schema = current_schema() "
                "AND table_name = 'report_log' AND column_name = 'digest'"
            )
        )
        if nullable == "YES":
            db.execute(text("UPDATE report_log SET digest = NULL WHERE seq = 3"))
            assert (3, "unsealed", ()) in found(db, seal=False)
            assert (4, "changed", ()) in found(db)


def old_and_new(db: Connection) -> dict[str, int]:
    """Reports that ended long ago or lately or not at all, each with a reporter and words in its log."""
    made: dict[str, int] = {}
    for name, state, at in (
        ("old", "struck_off", NOW),
        ("old void", "void", NOW),
        ("late", "void", NOW + 9 * DAY),
        ("closed", "closed", NOW),
        ("open", "filed", NOW),
    ):
        made[name] = submit(db)
        residents.register(db, made[name], None, "张三", "13800000000", "1 栋")
        lead(db, cases.lock_id(db, made[name]).number, state, at)
    for name in ("child of old", "child of open"):
        made[name] = submit(db)
        residents.register(db, made[name], residents.hashed("s" * 22), "李四")
    given = Given(note="重复", parent_id=made["open"])
    cases.apply(db, cases.lock_id(db, made["child of open"]), "link", ADMIN, NOW, AGREED, given)
    return made


def test_retention_takes_words_and_people_and_leaves_the_chain(fresh: Fresh) -> None:
    with fresh.begin() as db:
        made = old_and_new(db)
        before = db.execute(select(t.report_log).order_by("report_id", "seq")).all()
    with fresh.begin(owner=True) as db:
        batch = uuid4()
        done = retention.blank(db, NOW + DAY, NOW + 30 * DAY, batch)
        ended = {made["old"], made["old void"]}
        n_notes = sum(row.note is not None and row.report_id in ended for row in before)
        assert (done.batch, done.n_reports, done.n_texts, done.n_notes, done.n_reporters) == (batch, 2, 2, n_notes, 2)
        texts = db.execute(text("SELECT id, description, words, body_hash FROM report")).all()
        assert {row.id for row in texts if row[1:] == ("", None, None)} == ended
        assert all(row.description and row.words and row.body_hash for row in texts if row.id not in ended)
        after = db.execute(select(t.report_log).order_by("report_id", "seq")).all()
        for was, now in zip(before, after, strict=True):
            if was.report_id in ended:
                assert (now.note, now.note_salt) == (None, None)
            kept = [name for name in was._fields if was.report_id not in ended or name not in ("note", "note_salt")]
            assert [getattr(was, name) for name in kept] == [getattr(now, name) for name in kept]
        people = db.execute(select(t.reporter)).all()
        for row in people:
            left = (row.secret_hash, row.name, row.phone, row.address)
            assert (left == (None,) * 4) == (row.report_id in ended)
        records = db.execute(select(t.deletion_record)).all()
        assert {row.batch for row in records} == {batch}
        assert {(row.at, row.rule) for row in records} == {(NOW + 30 * DAY, f"ended before {(NOW + DAY).isoformat()}")}
        gone = {(row.report_id, row.seq) for row in before if row.note is not None and row.report_id in ended}
        assert {(row.report_id, row.seq) for row in records if row.what == "note"} == gone
        assert {row.report_id for row in records if row.what == "reporter"} == ended
        assert {row.report_id for row in records if row.what == "text"} == ended
        assert found(db) == []
        again = retention.blank(db, NOW + DAY, NOW + 30 * DAY, uuid4())
        assert (again.n_reports, again.n_texts, again.n_notes, again.n_reporters) == (0, 0, 0, 0)
        with pytest.raises(Refused, match="retention_ahead"):
            retention.blank(db, NOW + DAY, NOW, batch)


def test_rates_of_the_past_outlast_retention(fresh: Fresh) -> None:
    period = Period(NOW - DAY, NOW + DAY, NOW + DAY)
    with fresh.begin() as db:
        report_id = submit(db)
        residents.register(db, report_id, residents.hashed("s" * 22), "张三")
        held = lead(db, cases.lock_id(db, report_id).number, "closed", NOW)
        residents.rate(db, held.number, "s" * 22, "solved", "satisfied", None, NOW, AGREED)
        cases.apply(db, cases.lock_id(db, report_id), "strike_off", SYSTEM, NOW, AGREED)
        before = performance.rates(db, ADMIN, period, "area")
        assert [before.whole.counts[name] for name in ("asked", "rated", "solved", "satisfied")] == [1] * 4
    with fresh.begin(owner=True) as db:
        assert retention.blank(db, NOW + DAY, NOW + 30 * DAY, uuid4()).n_reporters == 1
        assert db.scalar(select(t.reporter.c.secret_hash)) is None
        assert performance.rates(db, ADMIN, period, "area") == before


def test_a_merged_report_goes_with_the_one_it_was_merged_into(fresh: Fresh) -> None:
    with fresh.begin() as db:
        made = old_and_new(db)
        cases.apply(db, cases.lock_id(db, made["open"]), "void", Actor("leader"), NOW, AGREED, Given(note="误报"))
    with fresh.begin(owner=True) as db:
        retention.blank(db, NOW + DAY, NOW + 30 * DAY, uuid4())
        p = t.reporter.c
        assert db.scalar(select(p.name).where(p.report_id == made["child of open"])) is None
        assert db.scalar(select(p.name).where(p.report_id == made["child of old"])) == "李四"


def test_the_commands(fresh: Fresh, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name, value in fresh.env().items():
        monkeypatch.setenv(name, value)

    def command(*words: str) -> tuple[int, str, str]:
        status = main(["audit", *words])
        said = capsys.readouterr()
        return status, said.out, said.err

    with fresh.begin() as db:
        old_and_new(db)
    status, out, _ = command("verify", "--json")
    assert (status, json.loads(out)["sound"]) == (0, True)
    asked = [command("retain", "--days", "0", "--dry-run", "--json") for _ in range(2)]
    counts = [json.loads(out) for _, out, _ in asked]
    assert [one["n_notes"] for one in counts] == [counts[0]["n_notes"]] * 2
    assert [one["dry_run"] for one in counts] == [True, True]
    for words in (("--days", "-1"), ("--before", "yesterday"), ("--before", "2999-01-01"), ()):
        assert command("retain", *words)[0] == 2
    status, out, _ = command("retain", "--before", "2026-01-31")
    assert (status, "0 texts" in out) == (0, True)
    with fresh.begin(owner=True) as db:
        db.execute(text("UPDATE report_log SET note = '别的话' WHERE seq = 2 AND note IS NOT NULL"))
    status, _, err = command("verify")
    assert (status, "row 2" in err) == (2, True)


def remake(db: Connection, report_id: int, *, note: str) -> None:
    """A whole chain made anew, as only the owner can: other words in the second row, and every digest fits."""
    db.execute(
        text("UPDATE report_log SET note = :n, note_salt = 'x', note_digest = sha256('x' || convert_to(:n, 'UTF8')) WHERE report_id = :id AND seq = 2"),
        {"id": report_id, "n": note},
    )  # fmt: skip
    seal = text("""UPDATE report_log l SET digest = log_digest((SELECT b.digest FROM report_log b WHERE b.report_id = l.report_id
      AND b.seq = l.seq - 1), l.report_id, l.seq, l.action, l.from_state, l.to_state, l.actor_id, l.at, l.note_digest, l.facts)
      WHERE l.report_id = :id AND l.seq = :seq""")
    for seq in range(1, 8):
        db.execute(seal, {"id": report_id, "seq": seq})


def anchored(db: Connection, kept: io.StringIO) -> list[tuple[int | None, str, tuple[str, ...]]]:
    kept.seek(0)
    findings = audit.verify(db, anchored=anchors.differing(db, anchors.read(kept))).findings
    return [(one.seq, one.what, one.fields) for one in findings]


def test_an_anchor_shows_what_a_chain_cannot(fresh: Fresh) -> None:
    kept = io.StringIO()
    with fresh.begin() as db:
        report_id, number = sealed(db)
        other = submit(db)
        cases.apply(db, cases.lock_id(db, other), "note", ADMIN, NOW, AGREED, Given(note="看过"))
        made = anchors.write(db, kept, NOW)
        assert made.n_reports == 2
        assert anchors.told(kept.getvalue().splitlines(keepends=True)) == made
        lead(db, number, "struck_off", NOW + 30 * DAY)  # what grew since is no finding
        assert anchored(db, kept) == []
    with fresh.begin(owner=True) as db:
        with db.begin_nested() as inner:
            remake(db, report_id, note="另一种说法")
            db.execute(text("DELETE FROM report_log WHERE report_id = :id AND seq = 8"), {"id": report_id})
            db.execute(text("UPDATE report SET state = 'closed', struck_at = NULL WHERE id = :id"), {"id": report_id})
            assert found(db) == []  # the chain is whole again
            assert anchored(db, kept) == [(7, "anchor", ())]
            inner.rollback()
        db.execute(
            text("DELETE FROM report_log WHERE report_id = :id AND seq = 2"), {"id": other}
        )  # it changed nothing
        assert found(db) == []
        assert anchored(db, kept) == [(2, "anchor", ())]


def test_a_file_that_is_no_anchor_or_not_whole(fresh: Fresh) -> None:
    kept = io.StringIO()
    with fresh.begin() as db:
        sealed(db)
        submit(db)
        anchors.write(db, kept, NOW)
    lines = kept.getvalue().splitlines(keepends=True)
    assert len(list(anchors.read(lines))) == 2
    for wrong, code in (
        ([], "anchor_damaged"),
        (lines[:-1], "anchor_damaged"),
        ([lines[0], lines[2], lines[3]], "anchor_damaged"),
        ([lines[0], lines[1].replace("\t7\t", "\t6\t"), *lines[2:]], "anchor_damaged"),
        (lines[1:], "anchor_unreadable"),
        ([*lines, lines[1]], "anchor_unreadable"),
        ([lines[0], "x\ty\tz\ta\tb\tc\n", lines[3]], "anchor_unreadable"),
    ):
        with pytest.raises(Refused, match=code):
            list(anchors.read(wrong))


def test_numbers_of_imports_may_hold_anything(db: Connection) -> None:
    odd = "第\t1\n号\\u0041"
    db.execute(text("UPDATE report SET number = :n WHERE id = :id"), {"n": odd, "id": submit(db)})
    kept = io.StringIO()
    anchors.write(db, kept, NOW)
    (head,) = anchors.read(kept.getvalue().splitlines(keepends=True))
    assert head.number == odd
    assert list(anchors.differing(db, [head])) == []


def test_the_command_keeps_and_compares(
    fresh: Fresh, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name, value in fresh.env().items():
        monkeypatch.setenv(name, value)
    with fresh.begin() as db:
        report_id, _ = sealed(db)
    file = tmp_path / "anchor.txt"
    assert main(["audit", "anchor", str(file)]) == 0
    digest = anchors.told(file.read_text("utf-8").splitlines(keepends=True)).sha256
    assert digest in capsys.readouterr().out
    assert main(["audit", "anchor", str(file)]) == 4
    assert main(["audit", "verify", "--anchor", str(file)]) == 0
    assert digest in capsys.readouterr().out
    with fresh.begin(owner=True) as db:
        remake(db, report_id, note="另一种说法")
    assert main(["audit", "verify"]) == 0
    assert main(["audit", "verify", "--anchor", str(file)]) == 2
    assert "cut off or made anew" in capsys.readouterr().err
