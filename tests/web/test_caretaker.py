"""While it serves, the service looks by itself at what is due, and stops when the service stops."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from uuid import uuid4

from gridsvc import areas, cases, reports
from gridsvc.reports import Draft
from gridsvc.rules.roles import ANONYMOUS
from gridsvc.settings import Settings
from gridsvc.web.caretaker import caring
from tests.conftest import NOW, RULE, Fresh
from tests.through import lead


def test_overdue_reports_go_up_while_serving_and_the_thread_ends(fresh: Fresh) -> None:
    with fresh.begin() as db:
        areas.save(db, [areas.Area("330101", "district", "东区", None, None)])
        number = reports.submit(
            db, Draft(uuid4(), "unclassified", "路灯", "web", words="东门"), ANONYMOUS, NOW, RULE
        ).number
        lead(db, number, "dispatched", NOW)
    settings = Settings(GRIDSVC_SCHEMA=fresh.schema, escalate_every_s=1)
    with caring(settings, fresh.app_url, lambda: NOW + timedelta(days=7)):
        until = time.monotonic() + 20
        level = None
        while level in (None, "grid") and time.monotonic() < until:
            time.sleep(0.2)
            with fresh.begin() as db:
                level = cases.lock(db, number).case.level
    assert level == "district"
    assert "periodic" not in {thread.name for thread in threading.enumerate()}


def test_it_can_be_switched_off(fresh: Fresh) -> None:
    with caring(Settings(GRIDSVC_SCHEMA=fresh.schema, escalate_every_s=0), fresh.app_url, lambda: NOW):
        assert "periodic" not in {thread.name for thread in threading.enumerate()}
