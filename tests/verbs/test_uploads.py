"""The folder where a file waits between two steps: one for each account, bounded, gone after its hour."""

from __future__ import annotations

import io
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gridsvc import uploads
from gridsvc.errors import Refused, TooMany, Unavailable
from gridsvc.uploads import KEPT, Upload, Uploads
from tests.conftest import NOW

MOST = 100


@pytest.fixture
def folder(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path / "uploads" / "s")


def put(folder: Uploads, account_id: int, content: bytes, minutes: int = 0) -> Upload:
    at = NOW + timedelta(minutes=minutes)
    with folder.alone(account_id):
        sha256 = folder.put(account_id, io.BytesIO(content), MOST, at)
        upload = Upload(sha256, "名单\ud800.csv", at.isoformat(), {"crs": None}, {"rows": {}}, "seen")
        folder.note(account_id, upload)
    return upload


def test_a_file_is_found_by_its_account_until_its_hour_is_over(folder: Uploads) -> None:
    upload = put(folder, 1, b"a")
    assert folder.get(1, NOW + KEPT - timedelta(seconds=1)) == upload
    assert folder.path(1).read_bytes() == b"a"
    assert folder.get(1, NOW + KEPT) is None
    assert folder.get(2, NOW) is None
    assert all(path.stat().st_mode & 0o077 == 0 for path in (folder.folder, *folder.folder.iterdir()))


def test_the_next_one_takes_its_place_and_nothing_is_told_of_it_yet(folder: Uploads) -> None:
    put(folder, 1, b"a")
    with folder.alone(1):
        folder.put(1, io.BytesIO(b"b"), MOST, NOW)
        assert folder.get(1, NOW) is None
    assert put(folder, 1, b"c").sha256 != put(folder, 1, b"d").sha256
    assert sorted(path.name for path in folder.folder.iterdir()) == ["1.file", "1.json", "1.lock"]


def test_what_is_over_is_removed_and_what_is_not_stays(folder: Uploads) -> None:
    put(folder, 1, b"a")
    put(folder, 2, b"b", minutes=30)
    assert folder.clean(NOW + KEPT + timedelta(minutes=5)) == 0, "whoever has just found it may still be at work"
    assert folder.clean(NOW + KEPT + timedelta(minutes=10)) == 2
    assert (folder.path(1).exists(), folder.path(2).exists()) == (False, True)
    assert Uploads(folder.folder / "none").clean(NOW) == 0


def test_what_is_too_large_leaves_nothing(folder: Uploads) -> None:
    for content, code in ((b"x" * (MOST + 1), "door_import_large"), (b"", "door_import_empty")):
        with pytest.raises(Refused) as refused:
            put(folder, 1, content)
        assert refused.value.code == code
    assert [path.name for path in folder.folder.iterdir()] == ["1.lock"]


def test_all_together_have_a_bound_and_what_is_over_makes_room(
    folder: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, 1, b"x" * MOST)
    lying = sum(path.stat().st_size for path in folder.folder.iterdir())
    monkeypatch.setattr(uploads, "MOST_KEPT_BYTES", lying + MOST - 1)
    with pytest.raises(Unavailable, match="door_import_no_room"):
        put(folder, 2, b"y")
    put(folder, 2, b"y", minutes=75)
    assert not folder.path(1).exists()


def test_one_account_is_worked_for_once_at_a_time(folder: Uploads) -> None:
    found: list[str] = []

    def other() -> None:
        try:
            with folder.alone(1):
                found.append("in")
        except TooMany as error:
            found.append(error.code)

    for _ in range(2):
        with folder.alone(1), folder.alone(2):
            thread = threading.Thread(target=other)
            thread.start()
            thread.join()
    other()
    assert found == ["door_import_running", "door_import_running", "in"]


def test_the_digest_is_of_file_way_and_account(folder: Uploads) -> None:
    base = uploads.seen("a", {"crs": None}, {"new": 1})
    others = [uploads.seen("b", {"crs": None}, {"new": 1}), uploads.seen("a", {"crs": "wgs84"}, {"new": 1})]
    assert base == uploads.seen("a", {"crs": None}, {"new": 1})
    assert base not in others
    upload = put(folder, 1, b"a")
    folder.note(1, replace(upload, stored=True))
    assert (found := folder.get(1, NOW)) is not None
    assert found.stored
