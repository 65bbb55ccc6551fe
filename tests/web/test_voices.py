"""Voice notes over HTTP: sent once, bounded, told by content, heard by those who see the report; and what goes."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, text

from gridsvc import accounts, voices
from gridsvc.errors import Conflict, Refused
from gridsvc.photo_cleaning import Keeping
from gridsvc.rules.roles import Actor
from tests import recordings
from tests.conftest import NOW, Fresh
from tests.web.conftest import Client
from tests.web.county import County
from tests.web.live import settings

BASE = "/api/v1/voices"
_SEEDS = itertools.count(1)


def note() -> bytes:
    """One that nobody sent yet."""
    seed = next(_SEEDS)
    return recordings.wav(0.2, value=seed % 256) + recordings.wav(0.1, value=seed // 256)[44:]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def put(client: httpx.Client, content: bytes, address: str | None = None, **more: Any) -> httpx.Response:
    return client.put(f"{BASE}/{address or sha256(content)}", content=content, **more)


def actor_of(db: Connection, county: County, login: str) -> Actor:
    found = accounts.authenticate(db, county.tokens[login], "bearer", NOW)
    assert found is not None
    return found


def shown(made: Fresh, county: County, name: str, content: bytes, login: str = "admin") -> str:
    """The note's address, after a report of the county shows it."""
    with made.begin() as db:
        report_id = db.scalar(text("SELECT id FROM report WHERE number = :n"), {"n": county.numbers[name]})
        voices.link(db, int(report_id), sha256(content), actor_of(db, county, login))
    return f"{BASE}/{sha256(content)}"


def test_sent_once_however_often(client: Client, folder: Path, made: Fresh) -> None:
    content = note()
    first = put(client("worker"), content, headers={"Content-Type": "text/html"})
    assert first.status_code == 201, first.text
    assert first.json() == {
        "sha256": sha256(content),
        "type": "audio/wav",
        "n_bytes": len(content),
        "duration_s": 0.2,
        "received_at": "2026-11-01T10:00:00+08:00",
        "state": "stored",
    }
    assert put(client("worker"), content).status_code == 200
    assert put(client("planner"), content).status_code == 200
    lying = folder / "photos" / f"{made.schema}.voices"
    name = sha256(content)
    kept = lying / name[:2] / name[2:4] / f"{name}.voice"
    assert kept.read_bytes() == content
    assert kept.stat().st_mode & 0o077 == 0
    assert (lying / "belongs-to").exists()


@pytest.mark.parametrize(
    ("content", "named", "status", "code"),
    [
        (b"<html>", None, 415, "voice_type"),
        (b"", None, 415, "voice_type"),
        (recordings.webm(kind=1), None, 415, "voice_type"),
        (recordings.ogg(90), None, 422, "voice_too_long"),
        (recordings.wav(1), "0" * 64, 400, "voice_hash_mismatch"),
        (recordings.wav(1), "xyz", 400, "voice_digest"),
        (recordings.wav(140, rate_hz=8000), None, 413, "voice_too_large"),
    ],
)
def test_what_is_not_taken(client: Client, content: bytes, named: str | None, status: int, code: str) -> None:
    answer = put(client("worker"), content, named)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_body_that_does_not_say_its_size_is_bounded_too(client: Client) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(40):
            yield bytes(64 * 1024)

    answer = client("worker").put(f"{BASE}/{'0' * 64}", content=parts())
    assert (answer.status_code, answer.json()["code"]) == (413, "voice_too_large")
    assert put(client(), note()).status_code == 401


def test_it_is_a_sound_and_nothing_else(client: Client) -> None:
    """Even what is HTML behind a sound's head."""
    content = recordings.wav(0.1) + b"<script>alert(1)</script>"
    assert put(client("worker"), content).status_code == 201
    answer = client("worker").get(f"{BASE}/{sha256(content)}", headers={"Accept": "text/html"})
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.content == content
    same = client("worker").get(f"{BASE}/{sha256(content)}", headers={"If-None-Match": answer.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")


@pytest.mark.parametrize(
    ("asked", "status", "begin", "end"),
    [
        ("bytes=0-1", 206, 0, 2),
        ("bytes=10-", 206, 10, None),
        ("bytes=-7", 206, -7, None),
        ("bytes=5-99999999", 206, 5, None),
        ("bytes=0-0,4-5", 200, 0, None),
        ("bytes=a-b", 200, 0, None),
        ("bytes=-", 200, 0, None),
        ("seconds=1-2", 200, 0, None),
    ],
)
def test_parts_as_safari_asks_for_them(client: Client, asked: str, status: int, begin: int, end: int | None) -> None:
    content = recordings.wav(0.3)
    put(client("worker"), content)
    answer = client("worker").get(f"{BASE}/{sha256(content)}", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (status, content[begin:end])
    if status == 206:
        first = begin if begin >= 0 else len(content) + begin
        assert answer.headers["content-range"] == f"bytes {first}-{first + len(answer.content) - 1}/{len(content)}"
    beyond = client("worker").get(f"{BASE}/{sha256(content)}", headers={"Range": "bytes=99999999-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(content)}")


def test_heard_by_those_who_see_the_report(client: Client, made: Fresh, county: County) -> None:
    content = note()
    put(client("worker"), content)
    url = f"{BASE}/{sha256(content)}"
    seen = {who: client(who).get(url).status_code for who in ("worker", "manager_west", "admin")}
    assert seen == {"worker": 200, "manager_west": 404, "admin": 404}  # nobody shows it yet: its sender's alone
    assert shown(made, county, "west", content, "worker") == url
    seen = {who: client(who).get(url).status_code for who in ("manager_west", "manager_east", "admin", None)}
    assert seen == {"manager_west": 200, "manager_east": 404, "admin": 200, None: 401}
    page = client("admin").get(f"/reports/{county.numbers['west']}").text
    assert f'<audio controls preload="none" src="{url}"' in page


def test_a_hash_alone_opens_nothing(client: Client, made: Fresh, county: County) -> None:
    content = note()
    put(client("worker"), content)
    shown(made, county, "west", content, "worker")
    with pytest.raises(Refused) as refused:
        shown(made, county, "east", content, "manager_east")
    assert refused.value.code == "voice_unknown"
    for wrong in ("0" * 64, "x"):
        with made.begin() as db, pytest.raises(Refused):
            voices.link(db, 1, wrong, actor_of(db, county, "admin"))
    with made.begin() as db:
        report_id = db.scalar(
            text("SELECT report_id FROM report_voice WHERE sha256 = :s"), {"s": bytes.fromhex(sha256(content))}
        )
        assert voices.link(db, int(report_id), sha256(content), actor_of(db, county, "worker")) is False  # again


def test_headers_let_the_own_pages_record_and_play(client: Client) -> None:
    headers = client("admin").get("/reports").headers
    assert "microphone=(self)" in headers["permissions-policy"]
    assert "media-src 'self' blob:" in headers["content-security-policy"]


def test_what_nobody_shows_goes(client: Client, made: Fresh, county: County, folder: Path) -> None:
    @contextmanager
    def begin() -> Iterator[Connection]:
        with made.begin() as db:
            yield db

    unused, used = note(), note()
    for content in (unused, used):
        put(client("worker"), content)
    shown(made, county, "west", used, "worker")
    files = voices.files_of(settings(made, folder).voice_folder)
    stray = files.picture(bytes(32))
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"x")
    for path in (*files.folder.rglob("*.voice"),):
        os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    kept = Keeping()
    soon = voices.clean(begin, files, kept, NOW + timedelta(hours=47))
    assert (soon.n_unused, soon.n_files) == (0, 0)
    later = NOW + timedelta(hours=49)
    would = voices.clean(begin, files, kept, later, dry_run=True)
    assert client("worker").get(f"{BASE}/{sha256(unused)}").status_code == 200
    done = voices.clean(begin, files, kept, later)
    assert done == would
    assert done.n_unused >= 1
    assert done.n_files == done.n_unused + 1
    assert not stray.exists()
    assert client("worker").get(f"{BASE}/{sha256(unused)}").status_code == 404
    assert client("admin").get(f"{BASE}/{sha256(used)}").status_code == 200
    # of reports that ended long ago, with a record of each deletion
    with made.begin(owner=True) as db:
        which = {"sha": bytes.fromhex(sha256(used))}
        report_id = db.scalar(text("SELECT report_id FROM report_voice WHERE sha256 = :sha"), which)
        n_before = db.scalar(text("SELECT count(*) FROM report_voice"))
    ended = Keeping(ended=timedelta(days=1))
    assert voices.clean(begin, files, ended, NOW + timedelta(days=90)).n_ended == 0  # it is open
    with made.begin(owner=True) as db:
        db.execute(text("ALTER TABLE report DISABLE TRIGGER USER"))
        db.execute(text("UPDATE report SET state = 'void' WHERE id = :id"), {"id": report_id})
    try:
        gone = voices.clean(begin, files, ended, NOW + timedelta(days=90))
    finally:
        with made.begin(owner=True) as db:
            db.execute(text("UPDATE report SET state = 'reported' WHERE id = :id"), {"id": report_id})
            db.execute(text("ALTER TABLE report ENABLE TRIGGER USER"))
    assert gone.n_ended >= 1
    with made.begin() as db:
        n_records = db.scalar(
            text("SELECT count(*) FROM deletion_record WHERE what = 'voice' AND report_id = :id"), {"id": report_id}
        )
        assert n_records == n_before - (db.scalar(text("SELECT count(*) FROM report_voice")) or 0)
    assert client("admin").get(f"{BASE}/{sha256(used)}").status_code == 404
    (files.folder / "belongs-to").write_text("somebody else")
    try:
        with pytest.raises(Conflict):
            voices.clean(begin, files, kept, later)
        foreign = put(client("worker"), note())
        assert (foreign.status_code, foreign.json()["code"]) == (409, "photo_folder_foreign")
    finally:
        (files.folder / "belongs-to").unlink()
