"""Photos stored once, listed by reports, blacked out, and cleaned away; killed in between, too."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from PIL import Image
from sqlalchemy import Connection, text

from geodata.pictures.shapes import Rendered
from geodata.pictures.studio import Studio
from gridsvc import accounts, photo_cleaning, photos, reports, workers
from gridsvc.db.queries import ask
from gridsvc.errors import Conflict, NotFound, Refused
from gridsvc.photo_cleaning import Cleaned, Keeping
from gridsvc.photo_files import Files
from gridsvc.photos import Photo
from gridsvc.reports import Draft
from gridsvc.rules.roles import ANONYMOUS, Actor
from tests import photographs
from tests.conftest import NOW, ROOT, RULE, Fresh
from tests.through import lead

ZONE = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
NONE = Cleaned(0, 0, 0, 0, 0, 0, 0, ())


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with Studio(2) as one:
        yield one


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "photos" / "a_county")


def made_of(studio: Studio, folder: Path, content: bytes) -> Rendered:
    path = folder / f"sent-{photographs.sha256(content)[:8]}"
    path.write_bytes(content)
    return studio.render(path)


def put(
    db: Connection, files: Files, studio: Studio, seed: int = 0, *, actor: Actor = ANONYMOUS, now: datetime = NOW
) -> Photo:
    """A stored photo; each seed makes another picture."""
    content = photographs.jpeg(photographs.scene(96, 64, seed))
    files.folder.parent.mkdir(parents=True, exist_ok=True)
    made = made_of(studio, files.folder.parent, content)
    sha = photos.digest(photographs.sha256(content))
    return photos.save(db, files, sha, made, len(content), actor, now, ZONE)[0]


def report(db: Connection, now: datetime = NOW) -> tuple[int, str]:
    """Id and number of a report on no grid."""
    draft = Draft(uuid4(), "unclassified", "路灯不亮", "web", words="东门")
    stored = reports.submit(db, draft, ANONYMOUS, now, RULE)
    return stored.id, stored.number


def account(db: Connection, login: str, role: str) -> Actor:
    worker_code = None
    if role == "worker":
        workers.save(db, [workers.Worker(login, f"{login} 某")])
        worker_code = login
    accounts.create(
        db, login=login, name=f"{login} 某", role=role, password="a long enough password", worker_code=worker_code
    )
    found = db.scalar(text("SELECT id FROM account WHERE login = :l"), {"l": login})
    return Actor(role, account_id=int(found), login=login)


def begin_in(fresh: Fresh) -> photo_cleaning.Begin:
    def begin() -> AbstractContextManager[Connection]:
        return fresh.begin()

    return begin


def on_disk(files: Files) -> set[Path]:
    return {one.path for one in files.each()}


def test_a_photo_is_stored_once_and_says_what_the_camera_said(db: Connection, files: Files, studio: Studio) -> None:
    first = put(db, files, studio)
    assert (first.lon, first.lat, first.state, first.version) == (photographs.LON, photographs.LAT, "stored", 1)
    assert first.taken_at == datetime(2026, 10, 31, 9, 30, tzinfo=ZONE)  # a camera's clock without zone is local
    assert files.picture(first.file_sha256).name == f"{first.file_sha256.hex()}.jpg"
    assert (
        files.picture(first.file_sha256).parent
        == files.folder / first.file_sha256.hex()[:2] / first.file_sha256.hex()[2:4]
    )
    assert photographs.sha256(files.picture(first.file_sha256).read_bytes()) == first.file_sha256.hex()
    assert put(db, files, studio, now=NOW + DAY) == first
    assert db.scalar(text("SELECT count(*) FROM photo")) == 1
    assert len(on_disk(files)) == 2


def test_many_at_once_make_one_row_and_one_file(fresh: Fresh, files: Files, studio: Studio) -> None:
    content = photographs.jpeg(photographs.scene(96, 64))
    files.folder.parent.mkdir(parents=True, exist_ok=True)
    made = made_of(studio, files.folder.parent, content)

    def save(_: int) -> tuple[Photo, bool]:
        with fresh.begin() as db:
            return photos.save(
                db, files, photos.digest(photographs.sha256(content)), made, len(content), ANONYMOUS, NOW, ZONE
            )

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(save, range(16)))
    assert sum(created for _, created in done) == 1
    assert len({photo for photo, _ in done}) == 1
    with fresh.begin() as db:
        assert db.scalar(text("SELECT count(*) FROM photo")) == 1
    assert len(on_disk(files)) == 2  # picture and thumbnail, nothing half


@pytest.mark.parametrize("wrong", ["", "xyz", "g" * 64, "a" * 63, "a" * 65, "＀" * 64])
def test_what_is_no_digest(wrong: str) -> None:
    with pytest.raises(Refused) as error:
        photos.digest(wrong)
    assert error.value.code == "photo_digest"


def test_a_report_lists_photos_in_order(db: Connection, files: Files, studio: Studio) -> None:
    sent = [put(db, files, studio, seed) for seed in (3, 1, 2)]
    report_id, _ = report(db)
    photos.link(db, report_id, 1, [one.sha256.hex() for one in sent], "near")
    photos.link(db, report_id, 4, [sent[0].sha256.hex().upper()], "after")
    photos.link(db, report_id, 5, [], "after")
    shown = photos.of_report(db, report_id)
    assert [(one.seq, one.kind, one.sha256) for one in shown] == [
        *((1, "near", one.sha256.hex()) for one in sent),
        (4, "after", sent[0].sha256.hex()),
    ]
    assert (shown[0].lon, shown[0].redacted) == (photographs.LON, False)
    found = photos.known(db, sent[0].sha256)
    assert found is not None
    assert found.state == "used"


def test_a_report_lists_only_photos_that_are_there(db: Connection, files: Files, studio: Studio) -> None:
    sent = put(db, files, studio).sha256.hex()
    report_id, _ = report(db)
    unknown = "ab" * 32
    for shas, code, facts in (
        ([sent, unknown], "photo_unknown", {"sha256": unknown}),
        ([sent, sent.upper()], "photo_twice", {"sha256": sent}),
        (["no"], "photo_digest", {"found": "no"}),
        ([f"{n:064x}" for n in range(13)], "photos_too_many", {"n": 13, "most": 12}),
    ):
        with pytest.raises(Refused) as error:
            photos.link(db, report_id, 1, shas, "near")
        assert (error.value.code, error.value.facts) == (code, facts)
    assert photos.of_report(db, report_id) == ()


def test_who_sees_a_photo(db: Connection, files: Files, studio: Studio) -> None:
    admin, manager = account(db, "admin", "admin"), account(db, "other", "worker")
    sender = account(db, "sender", "worker")
    mine, nobodys = put(db, files, studio, 1, actor=sender), put(db, files, studio, 2)
    assert photos.visible(db, sender, mine.sha256) == mine
    for actor, photo in ((manager, mine), (admin, mine), (admin, nobodys), (ANONYMOUS, nobodys), (ANONYMOUS, mine)):
        with pytest.raises(NotFound):
            photos.visible(db, actor, photo.sha256)
    report_id, _ = report(db)  # on no grid: those who see everything see it
    photos.link(db, report_id, 1, [mine.sha256.hex(), nobodys.sha256.hex()], "near")
    assert photos.visible(db, admin, nobodys.sha256).used
    assert photos.visible(db, sender, mine.sha256).used  # who sent it has it
    for actor in (manager, ANONYMOUS):
        with pytest.raises(NotFound):
            photos.visible(db, actor, mine.sha256)


def redact(
    db: Connection, files: Files, studio: Studio, seen: Photo, actor: Actor, boxes: list[tuple[int, int, int, int]]
) -> Photo:
    checked = photos.check_boxes(seen, boxes, seen.version)
    painted = studio.paint(files.picture(seen.file_sha256), checked)
    return photos.redact(db, files, seen, checked, painted, actor, NOW, "车牌")


def test_blacked_out_for_everybody_with_its_history(db: Connection, files: Files, studio: Studio) -> None:
    admin = account(db, "admin", "admin")
    first = put(db, files, studio)
    second = redact(db, files, studio, first, admin, [(0, 0, 40, 30)])
    third = redact(db, files, studio, second, admin, [(50, 40, 96, 64)])
    assert (third.version, third.width, third.height) == (3, 96, 64)
    assert (third.lon, third.taken_at) == (first.lon, first.taken_at)
    stored = files.picture(third.file_sha256).read_bytes()
    with Image.open(BytesIO(stored)) as image:
        for box in ((0, 0, 32, 22), (58, 48, 96, 64)):
            assert max(high for _, high in image.crop(box).getextrema()) <= 1
        assert max(image.getpixel((44, 60))) > 150
    assert [trace for trace in photographs.TRACES if trace in stored] == []
    told = photos.history(db, third)
    assert [(one.version, one.boxes, one.reason, one.actor_name) for one in told] == [
        (3, [[50, 40, 96, 64]], "车牌", "admin 某"),
        (2, [[0, 0, 40, 30]], "车牌", "admin 某"),
    ]
    assert photos.file_of(db, third) == third.file_sha256
    assert [photos.file_of(db, third, version) for version in (1, 2, 3)] == [
        first.file_sha256,
        second.file_sha256,
        third.file_sha256,
    ]
    with pytest.raises(NotFound):
        photos.file_of(db, third, 4)


def test_who_looked_at_an_older_picture_does_not_paint(db: Connection, files: Files, studio: Studio) -> None:
    admin = account(db, "admin", "admin")
    first = put(db, files, studio)
    painted = studio.paint(files.picture(first.file_sha256), [(0, 0, 5, 5)])
    redact(db, files, studio, first, admin, [(0, 0, 40, 30)])
    with pytest.raises(Conflict) as error:
        photos.redact(db, files, first, [(0, 0, 5, 5)], painted, admin, NOW, "脸")
    assert (error.value.code, error.value.facts["version"]) == ("photo_changed", 2)


@pytest.mark.parametrize(
    "box", [(0, 0, 0, 10), (10, 0, 5, 10), (-1, 0, 5, 5), (0, 0, 97, 5), (0, 0, 5, 65), (90, 5, 96, 5)]
)
def test_boxes_lie_in_the_picture(db: Connection, files: Files, studio: Studio, box: tuple[int, int, int, int]) -> None:
    photo = put(db, files, studio)
    assert photos.check_boxes(photo, [(0, 0, 96, 64)], 1) == [(0, 0, 96, 64)]
    with pytest.raises(Refused) as error:
        photos.check_boxes(photo, [box], 1)
    assert error.value.code == "photo_box_outside"
    with pytest.raises(Refused):
        photos.check_boxes(photo, [], 1)
    with pytest.raises(Conflict):
        photos.check_boxes(photo, [(0, 0, 5, 5)], 2)


def test_photos_that_no_report_shows_go_after_two_days(fresh: Fresh, files: Files, studio: Studio) -> None:
    with fresh.begin() as db:
        kept, lost = put(db, files, studio, 1), put(db, files, studio, 2)
        late = put(db, files, studio, 3, now=NOW + DAY)
        report_id, _ = report(db)
        photos.link(db, report_id, 1, [kept.sha256.hex()], "near")
    begin = begin_in(fresh)
    assert photo_cleaning.clean(begin, files, Keeping(), NOW + 1.9 * DAY) == NONE
    before = on_disk(files)
    planned = photo_cleaning.clean(begin, files, Keeping(), NOW + 2.1 * DAY, dry_run=True)
    assert (planned.n_unused, planned.n_files, planned.n_strays, planned.n_missing) == (1, 2, 0, 0)
    assert on_disk(files) == before
    assert photo_cleaning.clean(begin, files, Keeping(), NOW + 2.1 * DAY) == planned
    assert planned.n_bytes > 1000
    gone = {files.picture(lost.file_sha256), files.thumb(lost.file_sha256)}
    assert on_disk(files) == before - gone
    with fresh.begin() as db:
        assert [photos.known(db, one.sha256) is None for one in (kept, lost, late)] == [False, True, False]
        with pytest.raises(Refused, match="photo_unknown"):
            photos.link(db, report_id, 2, [lost.sha256.hex()], "after")
        assert put(db, files, studio, 2).file_sha256 == lost.file_sha256  # and may come again


def test_the_same_picture_sent_in_two_ways_keeps_its_file(fresh: Fresh, files: Files, studio: Studio) -> None:
    plain = photographs.saved("PNG", photographs.scene(96, 64))
    other = photographs.saved("PNG", photographs.scene(96, 64), compress_level=1)
    assert plain != other
    with fresh.begin() as db:
        files.folder.parent.mkdir(parents=True, exist_ok=True)
        for content, now in ((plain, NOW), (other, NOW + DAY)):
            made = made_of(studio, files.folder.parent, content)
            photos.save(db, files, photos.digest(photographs.sha256(content)), made, len(content), ANONYMOUS, now, ZONE)
    assert len(on_disk(files)) == 2
    done = photo_cleaning.clean(begin_in(fresh), files, Keeping(), NOW + 2.5 * DAY)
    assert (done.n_unused, done.n_files, done.n_missing) == (1, 0, 0)
    assert len(on_disk(files)) == 2


def test_pictures_from_before_a_redaction_go_later(fresh: Fresh, files: Files, studio: Studio) -> None:
    with fresh.begin() as db:
        admin = account(db, "admin", "admin")
        first = put(db, files, studio)
        report_id, _ = report(db)
        photos.link(db, report_id, 1, [first.sha256.hex()], "near")
        second = redact(db, files, studio, first, admin, [(0, 0, 40, 30)])
    begin = begin_in(fresh)
    assert photo_cleaning.clean(begin, files, Keeping(), NOW + 29 * DAY) == NONE
    done = photo_cleaning.clean(begin, files, Keeping(), NOW + 31 * DAY)
    assert (done.n_uncovered, done.n_files, done.n_strays, done.n_missing) == (1, 2, 0, 0)
    assert not files.picture(first.file_sha256).exists()
    assert files.picture(second.file_sha256).exists()
    with fresh.begin() as db:
        (told,) = photos.history(db, second)
        assert told.removed_at == NOW + 31 * DAY
        with pytest.raises(NotFound, match="photo_version_gone"):
            photos.file_of(db, second, 1)


def test_photos_of_ended_reports_go_when_a_setting_says_so(fresh: Fresh, files: Files, studio: Studio) -> None:
    with fresh.begin() as db:
        admin = account(db, "admin", "admin")
        both, ended, going_on = (put(db, files, studio, seed) for seed in (1, 2, 3))
        (one, number), (two, _) = report(db), report(db)
        photos.link(db, one, 1, [both.sha256.hex(), ended.sha256.hex()], "near")
        photos.link(db, two, 1, [both.sha256.hex(), going_on.sha256.hex()], "near")
        redact(db, files, studio, ended, admin, [(0, 0, 9, 9)])
        lead(db, number, "void", NOW + DAY)
    begin = begin_in(fresh)
    keeping = Keeping(ended=timedelta(days=10))
    assert photo_cleaning.clean(begin, files, Keeping(), NOW + 20 * DAY) == NONE
    assert photo_cleaning.clean(begin, files, keeping, NOW + 10.5 * DAY) == NONE
    done = photo_cleaning.clean(begin, files, keeping, NOW + 11.5 * DAY)
    assert (done.n_ended, done.n_files, done.n_missing) == (1, 4, 0)
    with fresh.begin() as db:
        assert [photos.known(db, x.sha256) is None for x in (both, ended, going_on)] == [False, True, False]
        assert [x.sha256 for x in photos.of_report(db, one)] == [both.sha256.hex()]
        (record,) = db.execute(text("SELECT report_id, seq, what, at FROM deletion_record"))
        assert tuple(record) == (one, 1, "photo", NOW + 11.5 * DAY)


def test_strays_go_when_old_and_missing_ones_are_named(fresh: Fresh, files: Files, studio: Studio) -> None:
    with fresh.begin() as db:
        photo = put(db, files, studio)
        report_id, _ = report(db)
        photos.link(db, report_id, 1, [photo.sha256.hex()], "near")
    stray = files.picture(b"\x07" * 32)
    odd = files.folder / "notes.txt"
    left = files.folder / "incoming" / "sent-abc"
    stray.parent.mkdir(parents=True)
    for path in (stray, odd, left):
        path.write_bytes(b"x" * 10)
    files.picture(photo.file_sha256).unlink()
    begin = begin_in(fresh)
    young = datetime.now(NOW.tzinfo) + DAY
    done = photo_cleaning.clean(begin, files, Keeping(), young)
    assert (done.n_files, done.n_missing, done.missing) == (0, 1, (photo.file_sha256.hex(),))
    done = photo_cleaning.clean(begin, files, Keeping(), young + 1.5 * DAY)
    assert (done.n_files, done.n_strays, done.n_bytes, done.n_missing) == (3, 3, 30, 1)
    assert on_disk(files) == {files.thumb(photo.file_sha256)}


def test_another_databases_folder_is_left_alone(
    fresh: Fresh, files: Files, studio: Studio, empty_schema: Fresh
) -> None:
    with empty_schema.begin() as db:
        photos.save(db, files, b"\x01" * 32, _any(studio, files), 9, ANONYMOUS, NOW, ZONE)
        db.rollback()
    before = on_disk(files)
    far = datetime.now(NOW.tzinfo) + 90 * DAY
    with pytest.raises(Conflict, match="photo_folder_foreign"):
        photo_cleaning.clean(begin_in(fresh), files, Keeping(), far)
    with pytest.raises(Conflict, match="photo_folder_foreign"), fresh.begin() as db:
        photos.save(db, files, b"\x01" * 32, _any(studio, files), 9, ANONYMOUS, NOW, ZONE)
    (files.folder / "belongs-to").unlink()  # a folder that lost its mark is nobody's to clean
    with pytest.raises(Conflict, match="photo_folder_foreign"):
        photo_cleaning.clean(begin_in(fresh), files, Keeping(), far)
    assert on_disk(files) == before


def _any(studio: Studio, files: Files) -> Rendered:
    files.folder.parent.mkdir(parents=True, exist_ok=True)
    return made_of(studio, files.folder.parent, photographs.jpeg(photographs.scene(32, 32)))


def test_a_photo_that_is_being_listed_is_not_cleaned_away(fresh: Fresh, files: Files, studio: Studio) -> None:
    with fresh.begin() as db:
        photo = put(db, files, studio)
        report_id, _ = report(db)
    with fresh.begin() as db:  # between looking and listing, too
        ask(db, "photo_held", {"sha256s": [photo.sha256]})
        assert photo_cleaning.clean(begin_in(fresh), files, Keeping(), NOW + 9 * DAY) == NONE
    with fresh.begin() as db:
        photos.link(db, report_id, 1, [photo.sha256.hex()], "near")
        assert photo_cleaning.clean(begin_in(fresh), files, Keeping(), NOW + 9 * DAY) == NONE
    with fresh.begin() as db:
        assert len(photos.of_report(db, report_id)) == 1


def test_cleaning_waits_for_who_is_writing(fresh: Fresh, files: Files, studio: Studio) -> None:
    """The same picture comes again while its file, unwanted a moment ago, is about to go: it stays."""
    with fresh.begin() as db:
        photo = put(db, files, studio)
    content = photographs.jpeg(photographs.scene(96, 64))
    made = made_of(studio, files.folder.parent, content)
    began: list[bool] = []

    @contextmanager
    def begin() -> Iterator[Connection]:
        if began:  # the rows are gone and committed; now another sender is quicker than the removal of the files
            with fresh.begin() as other:
                photos.save(other, files, photo.sha256, made, len(content), ANONYMOUS, NOW + 9 * DAY, ZONE)
        began.append(True)
        with fresh.begin() as db:
            yield db

    done = photo_cleaning.clean(begin, files, Keeping(), NOW + 9 * DAY)
    assert (done.n_unused, done.n_files) == (1, 0)
    assert files.picture(photo.file_sha256).exists()


KILLED = """
    import os, signal, sys
    from datetime import datetime, UTC
    from pathlib import Path
    from zoneinfo import ZoneInfo
    from geodata.pictures.studio import Studio
    from gridsvc import photos
    from gridsvc.db.engine import transaction
    from gridsvc.photo_files import Files
    from gridsvc.rules.roles import ANONYMOUS
    from tests import photographs
    url, schema, folder, sent, where = sys.argv[1:]
    with Studio(1) as studio:
        made = studio.render(Path(sent))
    content = Path(sent).read_bytes()
    if where == "file":
        os.replace = None
        Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    with transaction(url, schema) as db:
        sha = photos.digest(photographs.sha256(content))
        photos.save(db, Files(Path(folder)), sha, made, len(content), ANONYMOUS, datetime.now(UTC), ZoneInfo("UTC"))
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("where", ["file", "row"])
def test_a_kill_leaves_no_half_file_and_no_row_without_one(
    fresh: Fresh, files: Files, studio: Studio, tmp_path: Path, where: str
) -> None:
    content = photographs.jpeg(photographs.scene(96, 64))
    sent = tmp_path / "sent.jpg"
    sent.write_bytes(content)
    command = [sys.executable, "-c", textwrap.dedent(KILLED), fresh.app_url, fresh.schema, str(files.folder), str(sent)]
    killed = subprocess.run([*command, where], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert killed.returncode == -signal.SIGKILL
    named = [one for one in files.each() if one.digest is not None]
    with fresh.begin() as db:
        assert db.scalar(text("SELECT count(*) FROM photo")) == 0
    assert len(named) == (0 if where == "file" else 2)
    for one in named:
        with Image.open(one.path) as image:
            image.load()
    with fresh.begin() as db:  # sent again, it is as if nothing had happened
        put(db, files, studio)
    done = photo_cleaning.clean(begin_in(fresh), files, Keeping(unused=timedelta(0)), datetime.now(NOW.tzinfo) + DAY)
    assert (done.n_unused, done.n_missing) == (1, 0)
    assert on_disk(files) == set()


def test_what_lies_on_the_disk_has_its_name_there_too(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    flush, name = os.fsync, Path.replace

    def fsync(handle: int) -> None:
        told.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "content")
        flush(handle)

    def replace(path: Path, to: Path) -> Path:
        told.append("thumb" if to.name.endswith(".thumb.jpg") else "picture")
        return name(path, to)

    files.folder.mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    digest = files.keep(b"a picture", b"its thumbnail")
    assert told == ["content", "content", "thumb", "picture", "folder", "folder"]
    files.thumb(digest).unlink()
    assert files.keep(b"a picture", b"its thumbnail") == digest
    assert told[6:] == ["content", "thumb", "folder", "folder"], "what is there is not written again"
    files.keep(b"a picture", b"its thumbnail")
    assert len(told) == 10
