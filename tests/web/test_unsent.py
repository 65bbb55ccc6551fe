"""What a phone could not send and the office takes in: only where both see it, and what is stored says who did."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import text

from gridsvc import accounts, audit, workers
from tests.conftest import NOW
from tests.web.county import EAST, PASSWORD, WEST
from tests.web.test_sync import Town, action, report, town, visit

__all__ = ["town"]
URL = "/api/v1/unsent"
Json = dict[str, Any]


def take(town: Town, *items: Json, login: str = "manager_west", of: Json | None = None) -> list[Json]:
    body = {"sent_at": NOW.isoformat(), "items": items}
    answer = town.client(login).post(URL, params={"login": "worker"} | (of or {}), json=body)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


@pytest.fixture(scope="module")
def east(town: Town) -> int:
    """A door in the east, where the worker has a duty too now."""
    with town.made.begin() as db:
        both = ((f"{WEST}001", "main"), (f"{EAST}004", "deputy"))
        workers.save_duties(db, [workers.Duty("w1", "base", code, kind) for code, kind in both])
        inside = "SELECT min(h.id) FROM household h JOIN grid_version g ON g.id = h.grid_version_id WHERE g.code = :c"
        return int(db.scalar(text(inside), {"c": f"{EAST}004"}) or 0)


def test_only_what_both_see_is_taken_in(town: Town, east: int) -> None:
    there = {"lon": 110.035, "lat": 23.015, "crs": "wgs84"}
    made, met = town.send(report(location=there), visit(east, outcome="absent"))
    assert town.client("manager_west").get(f"/api/v1/reports/{made['number']}").status_code == 404
    assert (made["status"], met["status"]) == ("created", "created")
    mended = visit(east, supersedes=met["id"])
    photos = {"kind": "attach", "key": str(uuid.uuid4()), "number": made["number"], "photos": [town.photo()]}
    items = [action("verify", 1, number=made["number"], note="已看"), photos, visit(east), mended]
    told = take(town, *items)
    assert [(one["status"], one["code"]) for one in told] == [
        ("refused", "report_unknown"),
        ("refused", "report_unknown"),
        ("refused", "door_unknown"),
        ("refused", "visit_unknown"),
    ]
    assert town.report(made["number"])["version"] == 1
    # who sees it may, and so may the phone itself
    assert [one["status"] for one in take(town, *items, login="admin")] == ["created"] * 4
    assert [one["status"] for one in town.send(*items)] == ["same"] * 4


def test_what_is_stored_says_who_took_it_in(town: Town) -> None:
    one, met = report(), visit(town.west[0])
    told = take(town, one, met, action("verify", report_key=one["key"]))
    assert [row["status"] for row in told] == ["created"] * 3
    with town.made.begin(owner=True) as db:
        importer = db.scalar(text("SELECT id FROM account WHERE login = 'manager_west'"))
        of = text("SELECT importer_id FROM visit WHERE client_key = CAST(:k AS uuid)")
        assert db.scalar(of, {"k": met["key"]}) == importer
        assert audit.verify(db).sound
    log = town.report(told[0]["number"])["log"]
    assert [(row["action"], row["facts"]["imported_by"]) for row in log] == [
        ("submit", "manager_west"),
        ("verify", "manager_west"),
    ]
    page = town.client("manager_west").get(f"/reports/{told[0]['number']}", params={"lang": "en"}).text
    assert "Taken in at the office from the phone&#39;s file, by manager_west" in page
    (sent,) = town.send(report())
    assert "imported_by" not in (town.report(sent["number"])["log"][0]["facts"] or {})


@pytest.mark.parametrize(
    ("named", "counts"),
    [
        ({}, "worker"),  # a file of before
        ({"role": "manager"}, "manager"),
        ({"role": "worker"}, "worker"),
        ({"role": "checker"}, "worker"),  # it has that one no more
        ({"role": "admin"}, "worker"),  # it has that one, and no phone works in it
    ],
)
def test_items_count_in_the_role_the_phone_was_in(town: Town, named: dict[str, str], counts: str) -> None:
    login = f"two_{named.get('role')}".lower()
    with town.made.begin() as db:
        accounts.create(
            db,
            login=login,
            name="双",
            role="admin",
            also_roles=["manager", "worker"],
            password=PASSWORD,
            area_codes=[WEST],
            worker_code="w1",
        )
    made, done = take(
        town, one := report(), action("verify", report_key=one["key"]), login="admin", of={"login": login} | named
    )
    assert (made["status"], done["status"]) == ("created", "created")
    log = town.report(made["number"])["log"]
    assert [row["facts"]["role"] for row in log] == [counts] * 2
