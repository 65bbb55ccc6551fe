"""After a restored backup a number may be another report's: what a phone did to the one that is gone moves no other."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from gridsvc import reports
from gridsvc.i18n import LOCALES
from gridsvc.web.app import create_app
from tests.conftest import NOW, Fresh
from tests.photographs import jpeg, scene
from tests.web import county as counties
from tests.web.conftest import report
from tests.web.live import Clock, serving, settings

URL = "/api/v1/sync"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def phone(module_schema: Fresh, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with module_schema.begin() as db:
        county = counties.build(db)
    app = create_app(settings(module_schema, tmp_path_factory.mktemp("data")), clock=Clock())
    headers = {"Authorization": f"Bearer {county.tokens['worker']}"}
    with serving(app) as address, httpx.Client(base_url=address, headers=headers, timeout=60) as one:
        yield one


def send(phone: httpx.Client, *items: Json, lang: str = "en") -> list[Json]:
    answer = phone.post(URL, params={"lang": lang}, json={"sent_at": NOW.isoformat(), "items": items})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def verify(number: str, **more: Any) -> Json:
    action = {"action": "verify", "version": 1, "note": "已看"}
    return {"kind": "action", "key": str(uuid.uuid4()), "number": number, "action": action} | more


def kept(phone: httpx.Client) -> dict[str, Json]:
    return {one["number"]: one for one in phone.get(URL).json()["reports"]}


def new(phone: httpx.Client) -> str:
    return str(phone.post("/api/v1/reports", json=report()).json()["number"])


def version(phone: httpx.Client, number: str) -> int:
    return int(phone.get(f"/api/v1/reports/{number}").json()["version"])


def test_a_number_that_was_given_again(phone: httpx.Client, module_schema: Fresh) -> None:
    old, other = new(phone), new(phone)
    uid = kept(phone)[old]["uid"]
    assert kept(phone)[other]["uid"] != uid
    with module_schema.begin(owner=True) as db:  # the old one is gone, and its number is given to the next
        rename = text("UPDATE report SET number = :b WHERE number = :a")
        db.execute(rename, [{"a": old, "b": "gone"}, {"a": other, "b": old}])
    photo = jpeg(scene(seed=77))
    sha = hashlib.sha256(photo).hexdigest()
    assert phone.put(f"/api/v1/photos/{sha}", content=photo).status_code == 201
    late = {"kind": "attach", "key": str(uuid.uuid4()), "number": old, "uid": uid, "photos": [sha]}
    mine = verify(old, uid=uid)
    for lang in LOCALES:
        told = send(phone, mine, late, verify(old, uid="0" * 16), lang=lang)
        assert [(one["status"], one["code"], one["retry"]) for one in told] == [("refused", "report_other", False)] * 3
        assert all(old in one["message"] for one in told)
    assert version(phone, old) == 1
    # who knows the one that has the number now acts on it, and so does an older app, which says no more than a number
    assert kept(phone)[old]["uid"] != uid
    told = send(phone, verify(old, uid=kept(phone)[old]["uid"]), late | {"uid": kept(phone)[old]["uid"]})
    assert [one["status"] for one in told] == ["created"] * 2
    assert [one["status"] for one in send(phone, verify(new(phone)))] == ["created"]


def test_a_repeat_is_answered_as_before(phone: httpx.Client) -> None:
    number = new(phone)
    item = verify(number, uid=kept(phone)[number]["uid"])
    assert [send(phone, item)[0]["status"] for _ in range(2)] == ["created", "same"]


def test_the_key_of_a_draft_cannot_be_read_from_it(phone: httpx.Client) -> None:
    body = report()
    number = phone.post("/api/v1/reports", json=body).json()["number"]
    uid = kept(phone)[number]["uid"]
    assert uid == reports.uid(uuid.UUID(body["client_key"]))
    assert uid not in body["client_key"].replace("-", "")
