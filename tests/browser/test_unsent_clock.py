"""A phone whose clock was wrong, and whose file the office takes in: times are put right as if it had sent by itself."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import expect
from sqlalchemy import text

from tests.browser.conftest import Visitor
from tests.browser.kept import visit
from tests.conftest import NOW, Fresh

AHEAD = timedelta(hours=2)
# what the head of the file says, and whether it counts
TOLD: list[tuple[dict[str, Any], bool]] = [
    # beside it, in which role the phone was: of its own person alone
    ({"clock_off_s": AHEAD.total_seconds(), "login": "worker", "role": "worker"}, True),
    ({"clock_off_s": AHEAD.total_seconds(), "login": "other", "role": "manager"}, True),
    ({"clock_off_s": AHEAD.total_seconds(), "made_at": (NOW + AHEAD).isoformat()}, True),
    ({}, False),
    ({"clock_off_s": "x"}, False),
    # two hours behind once and right when the file was made: set since
    ({"clock_off_s": -AHEAD.total_seconds(), "made_at": NOW.isoformat()}, False),
]


def test_what_the_phone_knew_of_its_clock_counts(visitor: Visitor, made: Fresh, tmp_path: Path) -> None:
    with made.begin() as db:
        door = db.scalar(text("SELECT min(id) FROM household"))
    was_at = NOW - timedelta(hours=3)
    file = tmp_path / "unsent.json"
    desk = visitor("manager_west").open("/field/import")
    for told, counts in TOLD:
        item = visit(door, (was_at + AHEAD).isoformat())
        row = {"key": item["key"], "login": "worker", "kind": "visit", "item": item, "stage": "text", "photos": []}
        head = {"format": "gridsvc-unsent", "version": 1} | told
        file.write_text(json.dumps(head | {"items": [row], "files": {}}), encoding="utf-8")
        desk.set_input_files("#unsent-file", file)
        with desk.expect_request("**/api/v1/unsent?*") as asked_of:
            desk.get_by_role("button", name="导入").click()  # says that it is busy, until it is done
        of = dict(parse_qsl(urlsplit(asked_of.value.url).query))
        assert of == {"login": "worker"} | ({"role": told["role"]} if told.get("login") == "worker" else {})
        expect(desk.locator("#unsent-said")).to_contain_text("共 1 条：新增 1")
        asked = text("SELECT happened_at, phone_at FROM visit WHERE client_key = CAST(:k AS uuid)")
        with made.begin() as db:
            happened_at, phone_at = db.execute(asked, {"k": item["key"]}).one()
        if counts:  # to what the page itself has been open, for as long as this test may last
            assert abs(happened_at - was_at) < timedelta(minutes=10)
            assert phone_at == was_at + AHEAD
        else:
            assert (happened_at, phone_at) == (was_at + AHEAD, None)
