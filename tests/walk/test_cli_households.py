"""Doors through the command line: the account before anything is stored, retention, classes."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from gridsvc import household_retention
from gridsvc.errors import Refused
from tests.conftest import NOW, Fresh
from tests.walk.cli import Cli, table
from tests.web import county as counties

HEADER = ("小区", "楼栋", "单元", "室", "户主", "电话", "户类别")
ROWS = (
    ("锦绣花园", "4号楼", "1单元", "101", "王一", "13800000001", ""),
    ("锦绣花园", "4号楼", "1单元", "0101", "王二", "13800000002", "困难家庭"),
    ("锦绣花园", "4号楼", "1单元", "18层", "王三", "", ""),
)


def furnished(cli: Cli) -> None:
    with cli.fresh.begin() as db:
        counties.build(db)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_account_in_words(cli: Cli, tmp_path: Path, lang: str) -> None:
    furnished(cli)
    file = table(tmp_path / "d.csv", HEADER, *ROWS)
    told = cli("import", "households", file, "--lang", lang)
    assert told.code == 2
    for words in {
        "zh": ("新增 2", "“18层”是楼层", "0101", "取所在小区 2", "未合并"),
        "en": ("New 2", "“18层” is a floor", "0101", "their compound's: 2", "not merged"),
    }[lang]:
        assert words in told.out + told.err
    for missing in ("door_", "import.", "cli."):
        assert missing not in told.out + told.err, "a key without words"


def test_committed_refused_rows_apart(cli: Cli, tmp_path: Path) -> None:
    furnished(cli)
    file, errors = table(tmp_path / "d.csv", HEADER, *ROWS), tmp_path / "e.csv"
    assert cli("import", "households", file, "--commit").code == 2
    done = cli("import", "households", file, "--commit", "--skip-refused", "--errors", errors, "--json")
    assert (done.code, done.json["committed"], done.json["rows"]["new"]) == (0, True, 2)
    assert "王三" in errors.read_text(encoding="utf-8-sig")
    again = cli("import", "households", file, "--commit", "--skip-refused", "--json")
    assert (again.json["rows"]["new"], again.json["rows"]["same"]) == (0, 2)
    with cli.fresh.begin() as db:
        assert db.scalar(text("SELECT count(*) FROM household WHERE source = 'd'")) == 2


def test_kind_is_for_its_own_imports(cli: Cli, tmp_path: Path) -> None:
    furnished(cli)
    file = table(tmp_path / "d.csv", HEADER, ROWS[0])
    assert cli("import", "households", file, "--kind", "part").code == 2
    without = cli("import", "households", file, "--contact-field", "", "--json").json["columns"]
    assert "户主" in HEADER
    assert ("contact" in without, "room" in without) == (False, True)
    twice = cli("import", "households", file, "--contact-field", "电话", "--phone-field", "电话", "--lang", "en")
    assert (twice.code, "column 电话 is named for two fields" in twice.err) == (2, True)
    above = table(tmp_path / "above.csv", ("小区", "填表人"), ("甲", "乙"), HEADER, *ROWS)
    said = cli("import", "households", above, "--header-row", 3, "--errors", tmp_path / "e.csv", "--json").json
    assert ([one["row"] for one in said["refused"]], said["rows"]["new"]) == ([3], 2)
    assert (tmp_path / "e.csv").read_text(encoding="utf-8-sig").startswith(",".join(HEADER) + ",错误原因")
    person = cli("import", "households", table(tmp_path / "p.csv", ROWS[0], ROWS[1]))
    assert (person.code, "--header-row 0" in person.err, ROWS[0][4] in person.err) == (2, True, False)
    assert cli("import", "categories", file, "--header-row", 0).code == 2, "not for its sheets"
    unnamed = cli("import", "households", file, "--header-row", 0, "--lang", "en")
    assert (unnamed.code, "--code-field 'column 1'" in unnamed.err, unnamed.out) == (2, True, "")
    assert cli("import", "households", file, "--header-row", 0, "--room-field", "").code == 2, "nothing is named yet"
    tables = cli("import", "departments", file, "--header-row", 0, "--lang", "en")
    assert (tables.code, "--header-row 0 means nothing for departments" in tables.err) == (2, True)
    steering = table(tmp_path / "s.csv", (*HEADER, "备\x1b]0;x\x07注\x9b2J\u202e"), (*ROWS[0], ""))
    words, js = ["import", "households", steering, "--name-field", "备\x1b]0;x\x07注\x9b2J\u202e"], "--json"
    shown, told_json = cli(*words), cli(*words, js)
    assert "备?]0;x?注?2J?" in shown.out
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & {*shown.out, *shown.err, *told_json.out}
    assert told_json.json["columns"]["name"] == "备\x1b]0;x\x07注\x9b2J\u202e", "a program gets the name as it is"
    told = cli("import", "households", file, "--kind", "shop", "--commit")
    assert told.code == 0
    with cli.fresh.begin() as db:
        stored = db.execute(text("SELECT kind, class_code FROM household WHERE source = 'd'")).one()
    assert tuple(stored) == ("shop", "business")


def test_classes_are_switched_on_by_hand(cli: Cli) -> None:
    def active() -> Any:
        return {one["code"]: one["active"] for one in cli("households", "classes", "--json").json}

    assert active()["correction"] is False
    assert cli("households", "classes", "--on", "correction").code == 0
    assert active()["correction"] is True
    cli("households", "classes", "--off", "correction")
    assert active()["correction"] is False
    assert cli("households", "classes", "--on", "nothing").code == 2


def a_removed_door(db: Connection, removed_at: datetime) -> tuple[int, int]:
    """A door with a contact, a visit with needs and a report with a photo, ended; the ids of door and report."""
    door = db.scalar(text("SELECT id FROM household ORDER BY id LIMIT 1"))
    db.execute(
        text(
            "UPDATE household SET name = '王家', contact_name = '王一', contact_phone = '1', removed_at = :r WHERE id = :i"
        ),
        {"i": door, "r": removed_at},
    )
    noted = "INSERT INTO household_log (household_id, at, action, note) VALUES (:i, :r, 'removed', '王一去世')"
    db.execute(text(noted), {"i": door, "r": removed_at})
    excluded = (
        "INSERT INTO household_exclusion (household_id, reason, claimed_at, confirmed_by, confirmed_at, document) "
        "SELECT :i, 'vacant', :r, min(id), :r, '王一死亡证明' FROM account"
    )
    db.execute(text(excluded), {"i": door, "r": removed_at})
    visit = db.scalar(
        text(
            "INSERT INTO visit (client_key, household_id, outcome, happened_at, recorded_at, needs) "
            "VALUES (:k, :h, 'reached', :a, :a, '腿脚不便') RETURNING id"
        ),
        {"k": uuid.uuid4(), "h": door, "a": removed_at - timedelta(days=9)},
    )
    report = db.scalar(text("SELECT id FROM report ORDER BY id LIMIT 1"))
    db.execute(text("INSERT INTO visit_report (visit_id, report_id) VALUES (:v, :r)"), {"v": visit, "r": report})
    db.execute(text("UPDATE report SET state = 'void' WHERE id = :r"), {"r": report})
    photo = (
        "INSERT INTO photo (sha256, file_sha256, width, height, n_bytes, sent_format, sent_bytes, received_at) "
        "VALUES (sha256('1'), sha256('2'), 1, 1, 1, 'jpeg', 1, :a)"
    )
    db.execute(text(photo), {"a": removed_at})
    db.execute(
        text("INSERT INTO report_photo (report_id, sha256, seq, place, kind) VALUES (:r, sha256('1'), 1, 0, 'near')"),
        {"r": report},
    )
    assert door is not None
    assert report is not None
    return int(door), int(report)


def kept(fresh: Fresh, door: int) -> tuple[Any, ...]:
    with fresh.begin() as db:
        contact = db.scalar(text("SELECT contact_name FROM household WHERE id = :d"), {"d": door})
        needs = list(
            db.scalars(text("SELECT needs FROM visit WHERE household_id = :d AND needs IS NOT NULL"), {"d": door})
        )
        photos = db.scalar(text("SELECT count(*) FROM report_photo"))
        records = db.execute(text("SELECT what, household_id FROM deletion_record ORDER BY what")).all()
    return contact, needs, photos, [tuple(row) for row in records]


def test_what_was_kept_of_people_goes_after_the_door(cli: Cli) -> None:
    furnished(cli)
    with cli.fresh.begin(owner=True) as db:
        door, _ = a_removed_door(db, datetime.now(UTC) - timedelta(days=400))
        db.execute(text("UPDATE report_log SET at = at - interval '3 years'"))
    told = cli("households", "retain", "--older-than-days", "500", "--json").json
    assert (told["n_doors"], told["committed"]) == (0, False)
    told = cli("households", "retain", "--json").json
    counted = ("n_doors", "n_contacts", "n_visits", "n_photos", "n_notes")
    assert [told[name] for name in counted] == [1, 1, 1, 1, 2]
    assert kept(cli.fresh, door) == ("王一", ["腿脚不便"], 1, []), "only told"
    assert cli("households", "retain", "--commit").code == 0
    gone = [(what, door) for what in ("contact", "document", "note", "photo", "visit")]
    assert kept(cli.fresh, door) == (None, [], 0, gone)
    with cli.fresh.begin() as db:
        words = "SELECT h.name, l.note, x.document FROM household h, household_log l, household_exclusion x"
        its = "h.id = :d AND l.household_id = h.id AND x.household_id = h.id"
        assert db.execute(text(f"{words} WHERE {its}"), {"d": door}).all() == [(None, None, "")]
    assert cli("households", "retain", "--commit", "--json").json["n_doors"] == 0


def test_words_of_old_visits_go_at_any_door(cli: Cli) -> None:
    furnished(cli)
    with cli.fresh.begin(owner=True) as db:
        door, _ = a_removed_door(db, datetime.now(UTC) - timedelta(days=30))
        db.execute(text("UPDATE visit SET recorded_at = recorded_at - interval '4 years'"))
    told = cli("households", "retain", "--words-older-than-days", "3000", "--json").json
    assert (told["n_words"], told["n_doors"]) == (0, 0)
    told = cli("households", "retain", "--json").json
    assert (told["n_words"], told["n_visits"], told["committed"]) == (1, 0, False)
    assert kept(cli.fresh, door)[1] == ["腿脚不便"], "only told"
    assert cli("households", "retain", "--commit").code == 0
    assert (kept(cli.fresh, door)[1], kept(cli.fresh, door)[3]) == ([], [("visit", door)])
    assert cli("households", "retain", "--words-older-than-days", "-1").code != 0


def test_a_report_that_goes_on_keeps_its_photos(cli: Cli) -> None:
    furnished(cli)
    with cli.fresh.begin(owner=True) as db:
        door, _ = a_removed_door(db, datetime.now(UTC) - timedelta(days=400))
        db.execute(text("UPDATE report_log SET at = :now"), {"now": datetime.now(UTC)})
    cli("households", "retain", "--commit")
    assert kept(cli.fresh, door)[2] == 1


def test_what_was_carried_to_another_entry_stays_with_it(cli: Cli) -> None:
    furnished(cli)
    with cli.fresh.begin(owner=True) as db:
        door, report = a_removed_door(db, datetime.now(UTC) - timedelta(days=400))
        db.execute(text("UPDATE report_log SET at = at - interval '3 years'"))
        stays = int(db.scalar(text("SELECT max(id) FROM household")) or 0)
        carried = (
            "INSERT INTO visit (client_key, household_id, outcome, happened_at, recorded_at, needs, supersedes_id, carried) "
            "SELECT gen_random_uuid(), :h, outcome, happened_at, recorded_at, needs, id, true FROM visit RETURNING id"
        )
        linked = "INSERT INTO visit_report (visit_id, report_id) VALUES (:v, :r)"
        db.execute(text(linked), {"v": db.scalar(text(carried), {"h": stays}), "r": report})
    assert cli("households", "retain", "--commit").code == 0
    assert (kept(cli.fresh, door)[1], kept(cli.fresh, stays)[1]) == ([], ["腿脚不便"])
    assert kept(cli.fresh, stays)[2] == 1


def test_the_future_is_refused(db: Connection) -> None:
    with pytest.raises(Refused, match="retention_ahead"):
        household_retention.blank(db, NOW + timedelta(days=1), NOW, NOW, uuid.uuid4())
