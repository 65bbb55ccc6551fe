"""The page of one report: who may do what, what each action asks for, what a refusal keeps, the contact, the slip."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from gridsvc import cases, photos
from gridsvc.db import tables as t
from gridsvc.handling import NO_CONDITION
from gridsvc.reports import Position
from gridsvc.rules.lifecycle import TABLE
from gridsvc.rules.roles import ROLES
from gridsvc.web.app import create_app
from gridsvc.web.pages import deeds
from tests import photographs
from tests.conftest import NOW, Maker
from tests.web.county import CANARY, worked_out
from tests.web.dealing import (
    HOME,
    NAME,
    PHONE,
    actor_of,
    at_state,
    deeds_on,
    id_of,
    log_of,
    new,
    page_of,
    send,
    store_sheet,
    version,
    words,
)
from tests.web.live import Clock, serving, settings
from tests.web.offices import Offices, opened
from tests.web.test_access import SESSION_COOKIE, csrf, log_in


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def offices(maker: Maker, folder: Path) -> Iterator[Offices]:
    with opened(maker, folder) as found:
        with found.made.begin() as db:
            store_sheet(db)
        yield found


@pytest.mark.parametrize("state", ["reported", "verified", "filed", "dispatched", "disposed", "checked", "closed"])
def test_every_role_is_offered_exactly_what_it_may_do(offices: Offices, state: str) -> None:
    number = at_state(offices, state, linked=True)
    with offices.made.begin() as db:
        held = cases.read(db, id_of(db, number))
    for role in ROLES:
        answer = page_of(offices, role, number)
        if answer.status_code == 404:  # a checker of the east, a handler without the report
            assert role == "checker" or (role == "handler" and held.case.department_id is None)
            continue
        assert answer.status_code == 200, (role, answer.text[:300])
        idle = {"whistle_arrive", "whistle_score"}  # nobody whistled
        assert deeds_on(answer) == set(cases.actions(held, actor_of(offices, role), NOW)) - idle, (role, state)


def test_every_action_stands_in_one_group() -> None:
    grouped = [one for group in deeds.GROUPS.values() for one in group]
    assert len(grouped) == len(set(grouped))
    assert set(grouped) == set(TABLE) - {"rate", "place"}
    assert {one for likely in deeds.NEXT.values() for one in likely} <= set(grouped)
    for action, row in TABLE.items():
        asked = set(deeds.FIELDS.get(action, ())) | {"where", "solved", "satisfied"}
        assert set(row.needs) <= asked, action


def test_the_straight_way_through_the_forms(offices: Offices) -> None:
    number = new(offices, linked=True)
    way: list[tuple[str, str, dict[str, Any]]] = [
        ("worker", "verify", {}),
        ("dispatcher", "file", {}),
        ("dispatcher", "dispatch", {"department": "D1", "assist": ["D2"], "note": "请今天去看"}),
        ("handler", "accept", {}),
        ("handler", "dispose", {"note": "已换灯泡"}),
        ("manager", "check", {}),
        ("dispatcher", "close", {"note": "路灯已修好"}),
    ]
    for who, action, fields in way:
        answer = send(offices, who, number, action, **fields)
        assert answer.status_code == 303, (action, words(answer)[:600])
        assert answer.headers["location"] == f"/reports/{number}?done={action}"
        shown = page_of(offices, who, number, f"?done={action}&lang=en")
        assert "Done: " in words(shown), action
    assert [one for one, _ in log_of(offices, number)] == ["submit", *(action for _, action, _ in way)]
    final = words(page_of(offices, "leader", number, "?lang=en"))
    for told in ("Dispatched to 城管局", "Assisting: 环卫中心", "已换灯泡", "路灯已修好", "closed", "by deadline"):
        assert told in final, told
    zh = words(page_of(offices, "leader", number, "?lang=zh"))
    for told in ("派遣给城管局", "协办：环卫中心", "已结案", "给居民的答复", "居民可见"):
        assert told in zh, told
    assert "pages." not in zh
    assert "pages." not in final


NEEDS: list[tuple[str, str, str, dict[str, Any], str]] = [
    ("reported", "dispatcher", "not_file", {}, "note"),
    ("reported", "worker", "verify_absent", {"note": "  "}, "note"),
    ("reported", "worker", "solve_on_spot", {"note": "扫了"}, "photos"),
    ("reported", "worker", "solve_on_spot", {"note": "扫了", "photos": ["0" * 64]}, "photos"),
    ("reported", "dispatcher", "recategorize", {"note": "错了"}, "category"),
    ("reported", "dispatcher", "recategorize", {"note": "错了", "category": "E0101"}, "condition"),
    ("reported", "dispatcher", "recategorize", {"note": "错了", "category": "E0101", "condition": "any"}, "condition"),
    ("reported", "dispatcher", "recategorize", {"note": "错了", "category": "E0102", "condition": "9999"}, "condition"),
    ("reported", "dispatcher", "recategorize", {"note": "错了", "category": "no such"}, "category"),
    ("reported", "dispatcher", "link", {}, "parent"),
    ("reported", "dispatcher", "link", {"parent": "no such"}, "parent"),
    ("filed", "dispatcher", "dispatch", {"department": "no such"}, "department"),
    ("filed", "leader", "claim", {}, "department"),
    ("filed", "leader", "suspend", {"note": "停"}, "until"),
    ("filed", "leader", "suspend", {"note": "停", "until": "gestern"}, "until"),
    ("filed", "leader", "suspend", {"note": "停", "until": "2020-01-01T10:00"}, "until"),
    ("filed", "leader", "supervise", {"note": "快"}, "card"),
    ("filed", "leader", "supervise", {"note": "快", "card": "blue"}, "card"),
    ("filed", "leader", "whistle", {"note": "来"}, "departments"),
    ("filed", "dispatcher", "escalate", {"note": "办不了"}, "reason"),
    ("filed", "dispatcher", "escalate", {"note": "办不了", "reason": "累了"}, "reason"),
    ("dispatched", "handler", "return", {}, "note"),
    ("dispatched", "handler", "dispose", {}, "note"),
    ("dispatched", "handler", "make_safe", {"note": "围挡", "at": "2030-01-01T10:00"}, "at"),
    ("dispatched", "handler", "make_safe", {"note": "x" * 4001}, ""),
    ("checked", "dispatcher", "close", {}, "note"),
    ("closed", "dispatcher", "strike_off", {}, ""),
]


@pytest.mark.parametrize(("state", "who", "action", "fields", "field"), NEEDS)
def test_what_is_missing_is_told_at_its_field_and_nothing_is_lost(
    offices: Offices, state: str, who: str, action: str, fields: dict[str, Any], field: str
) -> None:
    number = at_state(offices, state, linked=True)
    before = log_of(offices, number)
    answer = send(offices, who, number, action, **fields)
    assert answer.status_code == (409 if action == "strike_off" else 422), words(answer)[:500]
    target = f"act-{action}-{field}" if field else f"act-{action}"
    if action == "strike_off":  # the resident may still rate, so it is not even offered
        assert f'href="#{target}"' in answer.text
    else:
        assert f'<a href="#{target}">' in answer.text
        assert f'id="{target}"' in answer.text, "the summary's link leads nowhere"
        opened_form = re.search(rf'<details class="deed[^"]*" id="act-{action}"[^>]* open', answer.text)
        assert opened_form is not None
    if fields.get("note", "").strip() and action != "strike_off":
        assert f">{fields['note']}</textarea>" in answer.text
    assert log_of(offices, number) == before


def test_filed_with_others_none_of_several_conditions_is_chosen_in_silence(offices: Offices) -> None:
    several, one_only, chosen = (new(offices, category=code) for code in ("E0101", "E0102", "E0101"))
    for number in (several, one_only, chosen):
        assert send(offices, "worker", number, "verify").status_code == 303
    # of the page a person may choose the condition before filing, by naming the category it has already
    form = page_of(offices, "dispatcher", chosen, "?lang=zh").text
    assert re.search(r'<option value="E0101">[^<]*改立案条件', form)
    again = send(offices, "dispatcher", chosen, "recategorize", note="看过现场", category="E0101")
    staged, *_, none = re.findall(r'name="condition" value="(\w+)"', again.text)
    assert none == NO_CONDITION
    kept = send(offices, "dispatcher", chosen, "recategorize", note="看过", category="E0101", condition=staged)
    assert kept.status_code == 303, words(kept)[:400]
    asked = [{"number": number, "version": version(offices, number)} for number in (several, one_only, chosen)]
    body = {"action": "file", "reports": asked}
    answer = offices.clients["dispatcher"].post("/api/v1/reports/actions?lang=en", json=body)
    told = {one["number"]: one for one in answer.json()["items"]}
    assert told[several]["error"]["code"] == "condition_missing"
    assert "conditions of this category: 2" in told[several]["error"]["message"]
    assert [told[number]["state"] for number in (one_only, chosen)] == ["filed", "filed"]
    assert [one for one, _ in log_of(offices, several)] == ["submit", "verify"]
    # filed though none fits, it is put right later on the page; "0110" has no conditions, so it is not offered again
    assert send(offices, "dispatcher", several, "file", condition=NO_CONDITION).status_code == 303
    right = send(offices, "dispatcher", several, "recategorize", note="是搭建", category="E0101", condition=staged)
    assert right.status_code == 303, words(right)[:400]
    with offices.made.begin() as db:
        assert cases.read(db, id_of(db, several)).case.condition_id == int(staged)
    assert '<option value="0110">' not in page_of(offices, "dispatcher", new(offices)).text


def test_several_conditions_are_chosen_from_and_the_limit_begins(offices: Offices) -> None:
    number = new(offices, at=NOW - timedelta(minutes=1))
    send(offices, "worker", number, "verify")
    asked = send(offices, "dispatcher", number, "recategorize", note="是搭建", category="E0101")
    assert "停止 2 工作时，拆除 20 个工作日" in words(
        offices.clients["dispatcher"].post(
            f"/reports/{number}/act?lang=zh",
            data={"action": "recategorize", "version": "2", "note": "是搭建", "category": "E0101"},
        )
    )
    chosen = re.findall(r'name="condition" value="(\w+)"', asked.text)
    assert len(chosen) == 3
    assert chosen[-1] == NO_CONDITION
    assert (words(asked).count("两面都要拍到"), CANARY in asked.text) == (1, False)
    done = send(offices, "dispatcher", number, "recategorize", note="是搭建", category="E0101", condition=chosen[0])
    assert done.status_code == 303, words(done)[:400]
    assert send(offices, "dispatcher", number, "file").status_code == 303
    shown = words(page_of(offices, "dispatcher", number, "?lang=zh"))
    assert "类别：由 暴露垃圾 改为 搭建" in shown
    assert "私搭乱建" in shown
    assert "拆除，附照片" in shown
    assert "清单备注 两面都要拍到" in re.sub(r"\s+", " ", shown)
    assert re.search(r"还有\s+\d+ 个工作日", shown), "the time left, as the limit counts it"
    # its closing condition asks for a photo
    send(offices, "dispatcher", number, "dispatch", department="D1")
    refused = send(offices, "handler", number, "dispose", note="拆了")
    assert refused.status_code == 422
    assert 'href="#act-dispose-photos"' in refused.text


def test_the_page_says_what_was_blacked_out_by_whom_and_why(offices: Offices) -> None:
    content = photographs.jpeg(photographs.scene(seed=31))
    named = photographs.sha256(content)
    assert offices.clients["worker"].put(f"/api/v1/photos/{named}", content=content).status_code == 201
    number = new(offices, photos=(named,))
    assert 'id="redactions"' not in page_of(offices, "dispatcher", number).text
    for seen, reason in ((1, f"车牌{CANARY}"), (2, "门上的 13812345678")):
        body = {"boxes": [[0, 0, 30, 20]], "reason": reason, "version": seen}
        assert offices.clients["manager"].post(f"/api/v1/photos/{named}/redactions", json=body).status_code == 201
    shown = page_of(offices, "dispatcher", number, "?lang=zh").text
    listed = re.search(r'<ul[^>]* id="redactions".*?</ul>', shown, re.DOTALL)
    assert listed is not None
    lines = re.findall(r"第 1 张照片，manager[^<]*：.*?<span class=\"said\">([^<]*)", listed[0])
    assert [html.unescape(one) for one in lines] == ["门上的 ****", f"车牌{CANARY}"]
    # a number in a reason is shown where a purpose was given, like any other
    assert "13812345678" not in shown + page_of(offices, "admin", number).text
    told = offices.clients["admin"].get(f"/api/v1/photos/{named}/redactions").json()["items"]
    assert [one["reason"] for one in told] == ["门上的 ****", f"车牌{CANARY}"]
    assert "unmask" in offices.clients["dispatcher"].get(f"/api/v1/reports/{number}/actions").json()["actions"]
    assert "门上的 13812345678" in send(offices, "dispatcher", number, "unmask", note="核对").text
    body = {"action": "unmask", "version": version(offices, number), "note": "核对"}
    whole = offices.clients["dispatcher"].post(f"/api/v1/reports/{number}/actions", json=body).json()
    assert whole["redactions"] == [
        {"photo": 1, "version": 3, "reason": "门上的 13812345678"},
        {"photo": 1, "version": 2, "reason": f"车牌{CANARY}"},
    ]


def test_who_gets_it_is_preselected_with_the_reason_and_else_consulted(offices: Offices) -> None:
    listed = page_of(offices, "dispatcher", at_state(offices, "filed"), "?lang=zh")
    assert re.search(r'<option value="D3" selected>', listed.text)  # the line of the community, at grid level
    assert "按基本履职由西街道办" in words(listed)
    assert re.search(r'name="assist" value="D1" checked', listed.text)
    nobody = page_of(offices, "dispatcher", at_state(offices, "filed", category="0506"), "?lang=zh")
    assert "职责清单没有写到这一类" in words(nobody)
    assert not re.search(r'<option value="D\d" selected>', nobody.text)


def test_a_stale_page_is_refused_shows_what_happened_and_keeps_the_words(offices: Offices) -> None:
    number = at_state(offices, "dispatched")
    page_of(offices, "handler", number, "?lang=en")  # which is kept, whatever a test before asked for
    seen = version(offices, number)
    assert send(offices, "handler", number, "accept").status_code == 303
    late = send(offices, "handler", number, "dispose", version=str(seen), note=f"换好了 {CANARY}")
    assert late.status_code == 409
    assert 'id="since"' in late.text
    since = re.search(r'<section[^>]*id="since".*?</section>', late.text, re.S)
    assert since is not None
    assert "Accepted" in since[0]
    assert "Dispatched" not in since[0]
    assert html.escape(f"换好了 {CANARY}", quote=True).replace("&#x27;", "&#39;") in late.text
    assert f'name="version" value="{seen + 1}"' in late.text
    assert [one for one, _ in log_of(offices, number)][-1] == "accept"
    # once the action is over, the words are still there to be read
    assert send(offices, "handler", number, "dispose", note="换好了").status_code == 303
    gone = send(offices, "handler", number, "dispose", version=str(seen + 1), note="我也换了")
    assert gone.status_code == 409
    assert re.search(r'id="kept-words">我也换了<', gone.text)


def test_a_dispatch_is_undone_for_five_minutes_and_not_after(offices: Offices, folder: Path) -> None:
    number = at_state(offices, "filed")
    assert send(offices, "dispatcher", number, "dispatch", department="D2").status_code == 303
    page = page_of(offices, "dispatcher", number, "?done=dispatch")
    assert 'id="undo"' in page.text
    assert 'id="undo"' not in page_of(offices, "dispatcher", number).text
    assert send(offices, "dispatcher", number, "undo_dispatch").status_code == 303
    assert send(offices, "dispatcher", number, "dispatch", department="D1").status_code == 303
    later = Clock(NOW + timedelta(minutes=5, seconds=1))
    token = offices.county.tokens["dispatcher"]
    with (
        serving(create_app(settings(offices.made, folder), clock=later)) as address,
        httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=60) as browser,
    ):
        assert "undo_dispatch" not in deeds_on(browser.get(f"/reports/{number}?done=dispatch"))
        form = {"action": "undo_dispatch", "version": str(version(offices, number))}
        refused = browser.post(f"/reports/{number}/act", data=form)
    assert refused.status_code == 409
    assert "5 minutes" in words(refused)
    assert log_of(offices, number)[-1][0] == "dispatch"


def test_the_contact_is_masked_and_shown_once_for_a_purpose_that_is_logged(offices: Offices) -> None:
    number = new(offices, linked=True)
    masked = page_of(offices, "dispatcher", number)
    for whole in (NAME, PHONE, "501室"):
        assert whole not in masked.text
    assert "138****5678" in masked.text
    assert "欧**" in masked.text
    assert "锦绣花园3幢**" in masked.text
    refused = send(offices, "dispatcher", number, "unmask", note=" ")
    assert refused.status_code == 422
    assert PHONE not in refused.text
    shown = send(offices, "dispatcher", number, "unmask", note="回访")
    assert shown.status_code == 200
    assert shown.headers["cache-control"] == "no-store"
    for whole in (NAME, PHONE, HOME):
        assert whole in shown.text
    assert "<img src=x" not in shown.text
    assert log_of(offices, number)[-1] == ("unmask", "回访")
    assert PHONE not in page_of(offices, "dispatcher", number, "?done=unmask").text
    assert "unmask" not in deeds_on(page_of(offices, "planner", number))
    assert send(offices, "planner", number, "unmask", note="好奇").status_code == 403
    assert log_of(offices, number)[-1] == ("unmask", "回访")


def test_no_contact_no_unmasking(offices: Offices) -> None:
    assert "unmask" not in deeds_on(page_of(offices, "dispatcher", new(offices)))


def test_a_handler_neither_sees_nor_touches_another_departments_report(offices: Offices) -> None:
    number = at_state(offices, "filed")
    assert send(offices, "dispatcher", number, "dispatch", department="D2").status_code == 303
    assert page_of(offices, "handler", number).status_code == 404
    for path in ("", "/slip"):
        assert offices.clients["handler"].get(f"/reports/{number}{path}").status_code == 404
    assert send(offices, "handler", number, "accept").status_code == 404
    assert send(offices, "handler", number, "dispose", note="x").status_code == 404
    assert log_of(offices, number)[-1][0] == "dispatch"


def test_what_a_role_may_not_do_is_refused(offices: Offices) -> None:
    number = at_state(offices, "dispatched")
    for who, action in (("worker", "void"), ("planner", "note"), ("dispatcher", "dispose"), ("handler", "close")):
        answer = send(offices, who, number, action, note="x")
        assert answer.status_code == 403, (who, action)
    assert log_of(offices, number)[-1][0] == "dispatch"
    assert send(offices, "dispatcher", number, "no_such").status_code == 422
    early = send(offices, "dispatcher", number, "close", note="x")
    assert early.status_code == 409
    assert "close" not in re.findall(r'<ul><li><a href="#act-close">([^<]*)', early.text)[0].split()


def test_who_hands_a_report_over_is_told_so(offices: Offices) -> None:
    number = at_state(offices, "dispatched", category="0506")  # which no list names the department for
    answer = send(offices, "handler", number, "return", note="不是我们管")
    assert answer.status_code == 200
    assert number in words(answer)
    assert page_of(offices, "handler", number).status_code == 404
    assert "不是我们管" in words(page_of(offices, "dispatcher", number))


def test_a_forged_form_is_refused_and_a_reload_leads_back(offices: Offices) -> None:
    number = new(offices)
    with log_in(offices.address, "dispatcher") as browser:
        form = {"action": "note", "version": "1", "note": "x"}
        assert browser.post(f"/reports/{number}/act", data=form).status_code == 403
        token = csrf(browser.cookies[SESSION_COOKIE])
        assert browser.post(f"/reports/{number}/act", data=form | {"csrf_token": token}).status_code == 303
        back = browser.get(f"/reports/{number}/act?lang=en")
        assert (back.status_code, back.headers["location"]) == (303, f"/reports/{number}?lang=en")
    assert log_of(offices, number) == [("submit", None), ("note", "x")]


def test_nobodys_words_become_markup(offices: Offices) -> None:
    number = new(offices, linked=True, words=f"水塔 {CANARY}")
    notes: list[tuple[str, str, dict[str, Any]]]
    notes = [("dispatcher", "verify", {}), ("dispatcher", "file", {}), ("dispatcher", "dispatch", {"department": "D1"})]
    notes += [("handler", "ask_resident", {}), ("handler", "stop_asking", {}), ("leader", "remind", {})]
    notes += [("leader", "whistle", {"departments": ["D1", "D3"]}), ("handler", "whistle_arrive", {})]
    notes += [("leader", "whistle_score", {"department": "D1", "score": "4"})]
    notes += [("leader", "supervise", {"card": "red"}), ("handler", "dispose", {}), ("manager", "check", {})]
    notes += [("dispatcher", "answer", {}), ("dispatcher", "close", {})]
    for who, action, fields in notes:
        answer = send(offices, who, number, action, note=f"{action} {CANARY}", **fields)
        assert answer.status_code == 303, (action, words(answer)[:400])
    refused = send(offices, "dispatcher", number, "note", note=CANARY, version="1")
    for shown in (
        page_of(offices, "leader", number),
        page_of(offices, "handler", number, "?lang=zh"),
        offices.clients["leader"].get(f"/reports/{number}/slip"),
        refused,
    ):
        assert "<img src=x" not in shown.text
        assert not worked_out(shown.text)
    told = words(page_of(offices, "leader", number, "?lang=en"))
    waited = "the clock stood still for under a minute in all"
    for one in ("Called: 城管局, 西街道办", "城管局 scored 4", "Supervision order: red card", waited):
        assert one in told, one


def pictured(offices: Offices, number: str) -> str:
    """The digest of a photo that the report shows from now on; its file is nowhere."""
    sha = sha256(number.encode())
    with offices.made.begin() as db:
        row = {"sha256": sha.digest(), "file_sha256": sha.digest(), "width": 8, "height": 8, "n_bytes": 1}
        db.execute(t.photo.insert(), row | {"sent_format": "jpeg", "sent_bytes": 1, "received_at": NOW})
        photos.link(db, id_of(db, number), 1, [sha.hexdigest()], "near")
    return sha.hexdigest()


def test_similar_reports_are_offered_and_merged_by_one_press(offices: Offices) -> None:
    first = new(offices, position=Position(110.0171, 23.0171, "wgs84", 5.0))
    second = new(offices, position=Position(110.0172, 23.0171, "wgs84", 5.0))
    page = page_of(offices, "dispatcher", second)
    assert f'name="near" value="{first}"' in page.text
    assert send(offices, "dispatcher", second, "link", near=first).status_code == 303
    pictures = {number: pictured(offices, number) for number in (first, second)}
    for number, other in ((first, second), (second, first)):
        page = page_of(offices, "dispatcher", number)
        assert other in words(page)
        # the other's own stands beside it, with its number; nowhere else
        assert page.text.count(f"/api/v1/photos/{pictures[other]}/thumb") == 1
        assert f'alt="{other} · ' in page.text
    assert send(offices, "dispatcher", second, "unlink", note="看错了").status_code == 303


def test_the_deadline_is_told_in_words(offices: Offices, folder: Path) -> None:
    number = at_state(offices, "dispatched")  # Sunday 10:00, three working days
    fresh = words(page_of(offices, "dispatcher", number, "?lang=zh"))
    assert "期限内" in fresh
    assert "还有 3 个工作日" in fresh
    token = offices.county.tokens["dispatcher"]
    clock = Clock()
    with (
        serving(create_app(settings(offices.made, folder), clock=clock)) as address,
        httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=60) as browser,
    ):
        for days, state, left in ((2, "期限内", "还有 1 个工作日 6 小时"), (10, "已超期", "超期 4 个工作日 2 小时")):
            clock.now = NOW + timedelta(days=days)
            shown = words(browser.get(f"/reports/{number}?lang=zh"))
            assert state in shown
            assert left in re.sub(r"\s+", " ", shown), re.sub(r"\s+", " ", shown)[:800]
    assert send(offices, "leader", number, "suspend", note="等材料", until="2026-11-09T09:00").status_code == 303
    stopped = words(page_of(offices, "dispatcher", number, "?lang=zh"))
    assert "已挂起" in stopped
    assert "2026-11-09 09:00" in stopped


def test_the_slip_says_all_that_a_department_needs(offices: Offices) -> None:
    number = new(offices, category="E0102", words="水塔旁", linked=True)
    for who, action, fields in (
        ("worker", "verify", {}),
        ("dispatcher", "file", {}),
        ("dispatcher", "dispatch", {"department": "D1", "assist": ["D2"], "note": "请带梯子"}),
    ):
        assert send(offices, who, number, action, **fields).status_code == 303
    slip = offices.clients["handler"].get(f"/reports/{number}/slip?lang=zh")
    assert slip.status_code == 200
    told = words(slip)
    for one in (
        "交办单",
        number,
        "堆放",
        "乱堆物料",
        "水塔旁",
        "第1网格",
        "110.005000, 23.005000",
        "城管局",
        "环卫中心",
    ):
        assert one in told, one
    for one in ("4 工作时", "清理干净", "dispatcher", "请带梯子", "2026-11-01 10:00", "签收人、时间", "处置结果"):
        assert one in told, one
    for secret in (PHONE, "欧", HOME):
        assert secret not in told
    assert "pages." not in told
    before = offices.clients["dispatcher"].get(f"/reports/{new(offices)}/slip?lang=en")
    assert "not dispatched yet" in words(before)


def test_what_is_reopened_or_struck_can_be_read(offices: Offices) -> None:
    for state in ("struck_off", "void"):
        number = at_state(offices, state)
        answer = page_of(offices, "leader", number, "?lang=en")
        assert answer.status_code == 200
        assert "reopen" in deeds_on(answer)
        assert send(offices, "leader", number, "reopen", note="又坏了").status_code == 303
        assert "Reopened" in words(page_of(offices, "leader", number, "?lang=en"))


def test_a_planner_reads_and_has_nothing_to_do(offices: Offices) -> None:
    answer = page_of(offices, "planner", at_state(offices, "dispatched"), "?lang=en")
    assert deeds_on(answer) == set()
    assert "nothing for you to do" in words(answer)
