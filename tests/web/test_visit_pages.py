"""Campaigns and visits on pages: set up, the list drawn, doors in walking order, a visit with two taps and its undo."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from html import unescape
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest
from sqlalchemy import text

from gridsvc import mop_up
from tests.conftest import Maker
from tests.web.offices import Offices, opened


@pytest.fixture(scope="module")
def offices(maker: Maker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offices]:
    with opened(maker, tmp_path_factory.mktemp("data")) as found:
        yield found


FORM = {
    "code": "Autumn-1",
    "name": "秋季大走访",
    "starts_on": "2026-10-01",
    "ends_on": "2026-11-30",
    "kinds": ["household"],
    "modes": ["door"],
    "n_times": "1",
    "questions": "家里几口人？\n\n有什么困难？",
}


@pytest.fixture(scope="module")
def running(offices: Offices) -> str:
    """A campaign whose list is drawn."""
    planner = offices.clients["planner"]
    made = planner.post("/campaigns/new", data=FORM, follow_redirects=False)
    assert made.status_code == 303, made.text
    assert made.headers["location"] == "/campaigns/autumn-1?done=made"
    drawn = planner.post("/campaigns/autumn-1/draw", follow_redirects=False)
    assert drawn.status_code == 303, drawn.text
    return "autumn-1"


def paper(words: str) -> dict[str, str]:
    """What confirms by a document that a door is no door to be visited."""
    return {"act": "confirm", "reason": "not_eligible", "words": words}


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]* value="([^"]*)"', page)
    assert found, name
    return found[1]


def today(page: str) -> int:
    """How many doors the page of the day says were visited."""
    found = re.search(r"Doors visited today: (\d+)", page)
    assert found
    return int(found[1])


def visits(offices: Offices, household_id: int) -> list[tuple[str, int]]:
    with offices.made.begin() as db:
        rows = db.execute(
            text("SELECT outcome, n_met FROM visit WHERE household_id = :h AND account_id IS NOT NULL ORDER BY id"),
            {"h": household_id},
        )
        return [tuple(row) for row in rows]


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"code": ""}, ["f-code"]),
        ({"name": " ", "starts_on": ""}, ["f-name", "f-starts_on"]),
        ({"starts_on": "1.10.2026"}, ["f-starts_on"]),
        ({"ends_on": "2026-09-01"}, ["f-ends_on"]),
        ({"kinds": [], "modes": []}, ["f-kinds", "f-modes"]),
        ({"n_times": "0"}, ["f-n_times"]),
        ({"target_percent": "101"}, ["f-target_percent"]),
        ({"target_percent": " "}, ["f-target_percent"]),
        ({"area_codes": ["nowhere"]}, ["f-areas"]),
        ({"code": "Herbst Runde"}, ["f-code"]),
    ],
)
def test_a_form_that_does_not_fit_comes_back_whole(
    offices: Offices, changes: dict[str, object], fields: list[str]
) -> None:
    answer = offices.clients["planner"].post("/campaigns/new?lang=en", data=FORM | {"code": "x-1"} | changes)
    assert answer.status_code == 422
    for field in fields:
        assert f'href="#{field}"' in answer.text
    if "name" not in changes:
        assert 'value="秋季大走访"' in answer.text


def test_a_drawn_list_fixes_what_decided_it(offices: Offices, running: str) -> None:
    planner = offices.clients["planner"]
    page = planner.get(f"/campaigns/{running}/change").text
    assert re.search(r'name="kinds" value="household" checked disabled', page)
    changed = planner.post(f"/campaigns/{running}/change", data=FORM | {"kinds": ["shop"], "name": "冬季大走访"})
    assert changed.status_code == 303, changed.text
    assert "冬季大走访" in planner.get("/campaigns").text
    with offices.made.begin() as db:
        assert db.scalar(text("SELECT kinds FROM campaign")) == ["household"]
    again = planner.post("/campaigns/new", data=FORM)
    assert again.status_code == 409
    assert planner.post(f"/campaigns/{running}/draw").status_code == 409
    assert offices.clients["manager"].post("/campaigns/new", data=FORM).status_code == 403


def test_the_mop_up_list_has_the_doors_that_nobody_reached(offices: Offices, running: str) -> None:
    manager = offices.clients["manager"]
    assert "先选一个网格或小区" in manager.get(f"/campaigns/{running}/mop-up?lang=zh").text
    page = manager.get(f"/campaigns/{running}/mop-up", params={"grid": "370101001001001", "lang": "en"}).text
    counted = manager.get("/api/v1/stats/coverage", params={"campaign": running, "by": "grid"}).json()["rows"]
    (here,) = [one for one in counted if one["code"] == "370101001001001"]
    left = here["denom"] - here["n"]  # of ten, six are reached from the start
    assert 0 < left <= 4
    assert f"<strong>{left} doors</strong>" in page
    listed = [int(door) for door in re.findall(r'href="/visit/(\d+)', page)]
    assert len(set(listed)) == len(listed) == left
    with offices.made.begin() as db:
        reached = set(
            db.scalars(text("SELECT household_id FROM visit WHERE outcome = 'reached' AND account_id IS NULL"))
        )
    assert len(reached) == 6
    assert not reached & set(listed)
    rooms = re.findall(r'class="room">Room (\d+)<', page)
    assert rooms == sorted(rooms, key=int, reverse=True)  # from the top floor down
    assert 'class="walk-map"' in page
    elsewhere = manager.get(f"/campaigns/{running}/mop-up", params={"compound": "没有的小区"})
    assert elsewhere.status_code == 422


def test_two_taps_record_a_visit_and_one_takes_it_back(offices: Offices, running: str) -> None:
    worker: httpx.Client = offices.clients["worker"]
    day = worker.get("/my-day?lang=en").text
    path = re.search(r'href="(/visit/(\d+)\?back=[^"]+)"', day)
    assert path
    door = int(path[2])
    page = worker.get(path[1].replace("&amp;", "&")).text
    sent = {name: hidden(page, name) for name in ("client_key", "happened_at", "back")}
    told = worker.post(f"/visit/{door}", data=sent | {"outcome": "reached"}, follow_redirects=False)
    assert told.status_code == 303, told.text
    twice = worker.post(f"/visit/{door}", data=sent | {"outcome": "reached"}, follow_redirects=False)
    assert twice.headers["location"] == told.headers["location"]
    moved = sent | {"outcome": "reached", "x": "110.004", "y": "23.004", "accuracy_m": "9"}
    assert worker.post(f"/visit/{door}", data=moved, follow_redirects=False).status_code == 303
    assert visits(offices, door) == [("reached", 1)]
    other = worker.post(f"/visit/{door}", data=sent | {"outcome": "absent"})
    assert other.status_code == 409
    after = worker.get(told.headers["location"]).text
    assert f'href="/visit/{door}?' not in after
    assert today(after) == today(day) + 1
    undo = {name: hidden(after, name) for name in ("client_key", "happened_at", "supersedes", "back")}
    undone = worker.post(f"/visit/{door}", data=undo | {"outcome": "withdrawn"}, follow_redirects=False)
    assert undone.status_code == 303, undone.text
    assert f'href="/visit/{door}?' in worker.get("/my-day").text
    assert visits(offices, door) == [("reached", 1), ("withdrawn", 0)]


def test_a_need_becomes_a_report_and_answers_are_kept(offices: Offices, running: str) -> None:
    worker = offices.clients["worker"]
    day = worker.get("/my-day?lang=zh").text
    found = re.search(r'href="/visit/(\d+)\?', day)
    assert found
    door = int(found[1])
    page = worker.get(f"/visit/{door}?lang=zh").text
    assert "家里几口人？" in page
    sent = {name: hidden(page, name) for name in ("client_key", "happened_at", "back")}
    sent |= {"outcome": "reached", "n_met": "3", "policies": "anti_fraud", "needs": "想装扶手"}
    half = worker.post(f"/visit/{door}", data=sent | {"need_words": "楼道灯不亮"})
    assert half.status_code == 422
    assert 'href="#v-need_category"' in half.text
    assert "楼道灯不亮" in half.text
    whole = sent | {"need_words": "楼道灯不亮", "need_category": "0506", "answers": ["4<b>", ""]}
    assert worker.post(f"/visit/{door}", data=whole, follow_redirects=False).status_code == 303
    file = offices.clients["manager"].get(f"/households/{door}?lang=zh").text
    said = re.compile(r'<p class="answered"><span class="weak">([^<]*)</span> ([^<]*)</p>')
    assert "想装扶手" in file
    assert said.findall(file) == [("家里几口人？", "4&lt;b&gt;")]  # the other question was not answered
    papers = {
        "client_key": str(uuid.uuid4()),
        "household_id": door,
        "outcome": "absent",
        "n_issued": 2,
        "n_returned": 1,
    }
    assert worker.post("/api/v1/visits", json=papers | {"happened_at": sent["happened_at"]}).status_code == 201
    masked = offices.clients["planner"].get(f"/households/{door}?lang=zh").text
    assert said.findall(masked) == [("问卷发放 / 回收", "2 / 1")]
    assert "想装扶手" not in masked
    # who is no worker says in which role
    mine = papers | {"client_key": str(uuid.uuid4()), "happened_at": sent["happened_at"]}
    assert offices.clients["manager"].post("/api/v1/visits", json=mine).status_code == 201
    both = offices.clients["manager"].get(f"/households/{door}?lang=en").text
    history = both[both.index('id="history"') : both.index("</table>", both.index('id="history"'))]
    assert re.findall("<small>(Grid [a-z]+)</small>", history) == ["Grid manager"]
    number = re.search(r'href="/reports/(\d{8}-\d{6})"', file)
    assert number
    report = offices.clients["manager"].get(f"/reports/{number[1]}?lang=zh").text
    assert "楼道灯不亮" in report
    with offices.made.begin() as db:
        assert db.scalar(text("SELECT answers FROM visit WHERE n_met = 3")) == {"家里几口人？": "4<b>"}


def test_what_no_column_holds_is_left_out_and_a_vague_position_too(offices: Offices, running: str) -> None:
    worker = offices.clients["worker"]
    door = re.findall(r'href="/visit/(\d+)\?', worker.get("/my-day").text)[-1]
    page = worker.get(f"/visit/{door}").text
    sent = {name: hidden(page, name) for name in ("client_key", "happened_at", "back")} | {"outcome": "absent"}
    said = {"needs": "a\x00b", "answers": ["\x00c"], "x": "121.5", "y": "31.2", "accuracy_m": "1e300"}
    assert worker.post(f"/visit/{door}", data=sent | said, follow_redirects=False).status_code == 303
    with offices.made.begin() as db:
        of = text("SELECT needs, answers, x, accuracy_m FROM visit WHERE client_key = :k")
        needs, answers, x, accuracy_m = db.execute(of, {"k": sent["client_key"]}).one()
    assert (needs, list((answers or {}).values()), x, accuracy_m) == ("ab", ["c"], None, None)


def test_a_door_of_others_takes_no_visit(offices: Offices, running: str) -> None:
    with offices.made.begin() as db:
        east = db.scalar(
            text("SELECT min(id) FROM household WHERE compound_id = :c"), {"c": offices.county.compounds["3"]}
        )
    worker = offices.clients["worker"]
    assert worker.get(f"/visit/{east}").status_code == 404
    assert offices.clients["handler"].get("/my-day").status_code == 403


def test_a_claim_is_confirmed_by_somebody_else(offices: Offices, running: str) -> None:
    worker, manager = offices.clients["worker"], offices.clients["manager"]
    found = re.findall(r'href="/visit/(\d+)\?', worker.get("/my-day").text)
    door = int(found[-1])
    page = worker.get(f"/visit/{door}").text
    sent = {name: hidden(page, name) for name in ("client_key", "happened_at", "back")}
    assert worker.post(f"/visit/{door}", data=sent | {"outcome": "vacant"}, follow_redirects=False).status_code == 303
    confirm = {"act": "confirm", "reason": "vacant", "words": ""}
    assert worker.post(f"/households/{door}", data=confirm).status_code == 403  # the own claim
    assert 'value="confirm"' in manager.get(f"/households/{door}").text
    assert manager.post(f"/households/{door}", data=confirm, follow_redirects=False).status_code == 303
    assert "Vacant, confirmed" in manager.get(f"/households/{door}?lang=en").text
    assert f'href="/visit/{door}?' not in worker.get("/my-day").text
    listed = offices.clients["planner"].get("/campaigns?lang=zh").text
    with offices.made.begin() as db:
        counts = text("SELECT sum(reached), sum(eligible), sum(reached_enumerated), sum(enumerated) FROM campaign_cell")
        reached, eligible, of_all, enumerated = db.execute(counts).one()
    assert enumerated == eligible + 1
    for words in (
        f"{reached} / {eligible}<",
        f"{of_all} / {enumerated}<",
        "覆盖率（按总户数）＝",
        "覆盖率（按应访户）＝",
    ):
        assert words in listed, words
    told = re.sub(r"<[^>]+>", " ", manager.get(f"/households/{door}?lang=en").text.split('id="exclusions"')[1])
    assert re.search(r"Vacant\s+Found by .+\s+Confirmed by ", told), told
    assert "Counted again" not in told
    assert manager.post(f"/households/{door}", data={"act": "end"}, follow_redirects=False).status_code == 303
    assert "It counts among the eligible doors now." in manager.get(f"/households/{door}?lang=en").text
    assert worker.post(f"/households/{door}", data=paper("")).status_code == 409  # nothing waits
    assert manager.post(f"/households/{door}", data=paper("备案 <b>7</b>"), follow_redirects=False).status_code == 303
    assert "备案 &lt;b&gt;7&lt;/b&gt;" in manager.get(f"/households/{door}?lang=zh").text
    assert manager.post(f"/households/{door}", data={"act": "end"}, follow_redirects=False).status_code == 303
    assert f'href="/visit/{door}?' in worker.get("/my-day").text


def test_the_board_shows_both_readings_with_their_counts(offices: Offices, running: str) -> None:
    planner = offices.clients["planner"]
    page = planner.get(f"/campaigns/{running}?lang=zh&by=grid").text
    assert "覆盖率（按应访户）" in page
    assert "覆盖率（按总户数）" in page
    assert 'class="curve"' in page
    with offices.made.begin() as db:
        reached, eligible = db.execute(text("SELECT sum(reached), sum(eligible) FROM campaign_cell")).one()
    assert f"{reached} / {eligible}" in page
    assert "分母为零时不计算比率" in page
    late = re.search(r"迟报的走访</dt><dd>(.*?)</dd>", page)
    assert late
    assert re.fullmatch(r'0.00 % <span class="of one">0 / \d+</span>', late[1])
    assert "名单之后新登记或恢复登记</dt>" in page
    two = planner.get(f"/campaigns/{running}", params={"by": "community", "by2": "class", "lang": "en"}).text
    assert "<tfoot>" in two
    assert 'href="/api/v1/stats/coverage?by=community%2Cclass&amp;campaign=autumn-1&amp;format=xlsx&amp;lang=en"' in two
    week = planner.get(f"/campaigns/{running}?by=week&by2=day").text
    assert re.search(r"2026-W\d\d", week)
    assert planner.get("/campaigns/none-such").status_code == 404
    manager = offices.clients["manager"].get(f"/campaigns/{running}?by=grid&lang=en").text
    assert "/draw" not in manager


def test_a_query_is_kept_under_a_name_and_deleted(offices: Offices, running: str) -> None:
    planner = offices.clients["planner"]
    path = f"/campaigns/{running}/saved"
    kept = {"name": "各社区每周", "query": f"by=community,week&campaign={running}"}
    assert planner.post(path, data=kept, follow_redirects=False).status_code == 303
    page = planner.get(f"/campaigns/{running}").text
    assert f'href="/campaigns/{running}?by=community&amp;by2=week">各社区每周</a>' in page
    assert planner.post(path, data=kept | {"query": "drop=table"}).status_code == 422
    number = re.search(r'各社区每周</a>.*?name="delete" value="(\d+)"', page, re.DOTALL)
    assert number
    assert offices.clients["manager"].post(path, data={"delete": number[1]}).status_code == 422
    assert planner.post(path, data={"delete": number[1]}, follow_redirects=False).status_code == 303
    assert "各社区每周" not in planner.get(f"/campaigns/{running}").text


def test_a_kept_query_opens_as_it_was_kept(offices: Offices, running: str) -> None:
    planner = offices.clients["planner"]
    days, rest = {"from": "2026-10-02", "to": "2026-10-31"}, {"class": "ordinary", "as_of": "2026-10-26T00:00:00"}
    asked = {"by": "community", "campaign": running} | days | rest
    kept = {"name": "十月的普通户", "query": urlencode(asked)}
    saved = planner.post(f"/campaigns/{running}/saved?by=grid", data=kept, follow_redirects=False)
    assert saved.headers["location"] == f"/campaigns/{running}?by=grid&done=saved"
    elsewhere = {"name": "全登记册", "query": "by=grid&class=ordinary"}
    assert planner.post("/api/v1/saved-queries", json=elsewhere).status_code == 201
    board = planner.get(saved.headers["location"]).text
    assert "全登记册" not in board  # it names no campaign, so no board is its place
    link = re.search(r'<a href="([^"]+)">十月的普通户</a>', board)
    assert link
    page = planner.get(unescape(link[1]) + "&lang=zh").text
    table = page[page.index('id="table-title"') :]
    for words in ("截至 2026-10-26 00:00", "走访期间：2026-10-02 至 2026-10-31", "户类别：普通"):
        assert words in table
    counts = planner.get("/api/v1/stats/coverage", params=asked).json()["total"]["counts"]
    foot = re.search(r"<tfoot>.*?</tfoot>", table, re.DOTALL)
    assert foot
    assert f"{counts['reached']} / {counts['eligible']}" in foot[0]
    now = planner.get("/api/v1/stats/coverage", params={"campaign": running}).json()["total"]["counts"]
    assert now["reached"] != counts["reached"]
    assert f"{now['reached']} / {now['eligible']}" in page[: page.index('id="table-title"')]  # the whole, as ever
    file = re.search(r'href="/api/v1/stats/coverage\?([^"]+format=csv[^"]*)"', table)
    assert file
    here = asked | {"as_of": "2026-10-26T00:00:00+08:00"}
    assert dict(parse_qsl(unescape(file[1]))) == here | {"format": "csv", "lang": "zh"}
    assert dict(parse_qsl(unescape(hidden(page, "query")))) == here
    board = planner.get(f"/campaigns/{running}?by=community&class=ordinary&lang=en").text
    again = re.search(r'To count the same again later: <a href="([^"]+)" id="again">(as_of=[^<]+)</a>', board)
    assert again
    assert dict(parse_qsl(unescape(again[2]))) == {"as_of": "2026-11-01T10:00:00", "edition": "1"}
    there = planner.get(unescape(again[1])).text
    assert 'name="as_of" value="2026-11-01T10:00:00"' in there
    assert "Counted again from what was on record at 2026-11-01 10:00" in there
    rows = [re.search(r'<table class="rows figures-table".*?</table>', one, re.DOTALL) for one in (board, there)]
    assert [one and one[0] for one in rows] == [rows[0] and rows[0][0]] * 2
    assert rows[0]
    wrong = planner.get(f"/campaigns/{running}?by=grid&from=tomorrow&as_of=noon&edition=x&lang=en")
    assert all(f'href="#{field}"' in wrong.text for field in ("f-from", "f-as_of", "f-by"))
    fine = planner.get(f"/campaigns/{running}?by=grid&class=ordinary&lang=en")
    assert "alone or by community, not by grid" in fine.text
    assert '<option value="ordinary" selected>' in fine.text
    for told in (wrong, fine):  # the board stays, of the whole campaign
        assert told.status_code == 422
        assert "<tfoot>" in told.text
        assert 'id="narrowed"' not in told.text
    shops = planner.get(f"/campaigns/{running}?by=community&kind=shop&lang=en").text  # of which this campaign has none
    assert 'id="narrowed"' in shops
    assert '<option value="shop" selected>' in shops


def test_who_has_too_many_doors_is_asked_where(offices: Offices, running: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mop_up, "MOST_SEEN", 0)
    worker = offices.clients["worker"]
    for lang, words in (("zh", "请先选一个网格或小区"), ("en", "choose a grid or a compound")):
        page = worker.get(f"/my-day?lang={lang}")
        assert (page.status_code, words in page.text) == (200, True)
        assert f'href="/campaigns/{running}/mop-up"' in page.text
        refused = worker.get(f"/api/v1/campaigns/{running}/mop-up?lang={lang}")
        assert (refused.status_code, refused.json()["code"]) == (422, "mop_up_scope")
        assert words in refused.json()["message"]
    assert "先选一个网格或小区" in worker.get(f"/campaigns/{running}/mop-up?lang=zh").text
