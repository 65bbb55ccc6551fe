"""While it serves, the service looks by itself at what is due, and stops when the service stops."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import shapely
from sqlalchemy import text

from gridsvc import areas, cases, compounds, photos, reports, wall
from gridsvc.photo_files import Files
from gridsvc.reports import Draft, Position
from gridsvc.rules.roles import ANONYMOUS
from gridsvc.settings import Settings
from gridsvc.uploads import Uploads
from gridsvc.web import caretaker
from gridsvc.web.caretaker import caring
from tests.conftest import NOW, RULE, Fresh
from tests.through import lead


@pytest.fixture(scope="module")
def fresh(module_schema: Fresh) -> Fresh:
    """One schema for this file: each test looks at what it made itself."""
    return module_schema


def test_overdue_reports_go_up_while_serving_and_the_thread_ends(fresh: Fresh, tmp_path: Path) -> None:
    with fresh.begin() as db:
        areas.save(db, [areas.Area("330101", "district", "东区", None, None)])
        number = reports.submit(
            db, Draft(uuid4(), "unclassified", "路灯", "web", words="东门"), ANONYMOUS, NOW, RULE
        ).number
        lead(db, number, "dispatched", NOW)
    settings = Settings(GRIDSVC_SCHEMA=fresh.schema, escalate_every_s=1, data_dir=tmp_path)
    uploads = Uploads(settings.upload_folder)
    for account_id, at in ((2, NOW + timedelta(days=7)), (1, NOW)):
        with uploads.alone(account_id):
            uploads.put(account_id, io.BytesIO(b"doors"), 5, at)
    assert (uploads.path(1).exists(), uploads.path(2).exists()) == (True, True)
    with caring(settings, fresh.app_url, lambda: NOW + timedelta(days=7)):
        until = time.monotonic() + 60
        level = None
        while level in (None, "grid") and time.monotonic() < until:
            time.sleep(0.2)
            with fresh.begin() as db:
                level = cases.lock(db, number).case.level
    assert level == "district"
    assert (uploads.path(1).exists(), uploads.path(2).exists()) == (False, True), "a file of doors has its hour"
    assert "periodic" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("every_s", [1, 0])
def test_counts_of_tiles_are_taken_together_though_nothing_goes_up(
    fresh: Fresh, every_s: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def waiting() -> int:
        with fresh.begin() as db:
            return int(db.scalar(text("SELECT count(*) FROM report_bin_change")) or 0)

    monkeypatch.setattr(caretaker, "KEEP_S", 0.2)
    with fresh.begin() as db:
        areas.save(db, [areas.Area("330101", "district", "东区", None, None)])
        place = Position(110.005, 23.005, "wgs84")
        draft = Draft(uuid4(), "unclassified", "路灯", "web", place)
        number = reports.submit(db, draft, ANONYMOUS, NOW, RULE).number
        before = lead(db, number, "dispatched", NOW).case.level
    assert waiting() >= 1
    later = NOW if every_s else NOW + timedelta(days=7)
    with caring(Settings(GRIDSVC_SCHEMA=fresh.schema, escalate_every_s=every_s), fresh.app_url, lambda: later):
        until = time.monotonic() + 60
        while waiting() and time.monotonic() < until:
            time.sleep(0.2)
    assert waiting() == 0
    assert "periodic" not in {thread.name for thread in threading.enumerate()}
    with fresh.begin() as db:
        assert cases.lock(db, number).case.level == before  # 0: whoever escalates does it elsewhere


def test_it_tidies_up_once_a_day(fresh: Fresh, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    at = [NOW]
    with fresh.begin() as db:
        point = bytes(shapely.to_wkb(shapely.Point(110, 23)))
        compounds.save(db, [compounds.Incoming("t", "1", "锦绣花园", (), None, None, None, point)])
        db.execute(text("UPDATE compound_name SET initials = NULL"))
        # behind every cursor, however young the cluster
        db.execute(text("INSERT INTO door_change (xid) VALUES (:long_ago)"), {"long_ago": -wall.MOST_BEHIND})

    def wait_for(seen: Callable[[], bool]) -> bool:
        until = time.monotonic() + 60
        while not seen() and time.monotonic() < until:
            time.sleep(0.2)
        return seen()

    def initials() -> bool:
        with fresh.begin() as db:
            return "jxhy" in (db.scalar(text("SELECT initials FROM compound_name")) or "").split()

    def old_changes() -> int:
        with fresh.begin() as db:
            return int(db.scalar(text("SELECT count(*) FROM door_change WHERE xid < 0")) or 0)

    assert old_changes() == 1
    settings = Settings(GRIDSVC_SCHEMA=fresh.schema, escalate_every_s=1, photo_dir=tmp_path)
    files = Files(settings.photo_folder)
    with fresh.begin() as db:
        files.claim(photos.folder_token(db))
    stray = files.picture(bytes(32))
    with caring(settings, fresh.app_url, lambda: at[0]):
        assert wait_for(initials)
        assert wait_for(lambda: "initials of" in caplog.text)  # told when all of that day's tidying is done
        assert old_changes() == 0
        stray.parent.mkdir(parents=True, exist_ok=True)
        stray.write_bytes(b"x")
        os.utime(stray, (0, 0))
        time.sleep(2.5)
        assert stray.exists()  # a day has not gone by
        at[0] = NOW + timedelta(days=1)
        assert wait_for(lambda: not stray.exists())
