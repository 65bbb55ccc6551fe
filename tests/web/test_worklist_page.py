"""Today, the worklist, the ledger and the rates as pages: counts agree with the list behind them, refusals are named."""

from __future__ import annotations

import csv
import io
import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlencode
from zoneinfo import ZoneInfo

import httpx
import openpyxl
import pytest
from sqlalchemy import select, text

from gridsvc import cases, exports, reports, worklist
from gridsvc.db import tables as t
from gridsvc.reports import Draft, Position
from gridsvc.rules.case import Given
from gridsvc.rules.roles import ANONYMOUS, ROLES, Actor, may
from gridsvc.web.pages import work_rows
from gridsvc.web.pages import worklist as pages
from tests.conftest import NOW, Maker
from tests.through import ADMIN, AGREED, department, lead
from tests.web.county import CANARY, RULE, WEST, worked_out
from tests.web.offices import Offices, opened

DAY = timedelta(days=1)
ZONE = ZoneInfo("Asia/Shanghai")
EVIL = '=HYPERLINK("http://x")'


@pytest.fixture(scope="module")
def offices(maker: Maker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offices]:
    """The county's offices with reports in every state, some late, one called, one that asks for an extension."""
    with opened(maker, tmp_path_factory.mktemp("data")) as found:
        with found.made.begin() as db:
            states = ("reported", "verified", "filed", "dispatched", "disposed", "checked", "closed", "struck_off")
            for i, state in enumerate(states * 2):
                at = NOW - (1 + 8 * (i % 2)) * DAY - timedelta(minutes=i)
                number = send(db, f"{EVIL if i == 2 else '路灯'} {state} {CANARY}", at)
                if state != "reported":
                    lead(db, number, state, at + timedelta(hours=1))
            called, asked, stopped = (send(db, f"x{i}", NOW - timedelta(hours=30)) for i in range(3))
            for number in (called, asked, stopped):
                lead(db, number, "dispatched", NOW - timedelta(hours=29))
            two = (department(db, "D1"), department(db, "D2"))
            act(db, called, "whistle", department_ids=two)
            act(db, called, "supervise", card="red")
            act(db, stopped, "suspend", until=NOW + 5 * DAY)
            db.execute(text("UPDATE report SET extension_asked_at = :at WHERE number = :n"), {"at": NOW, "n": asked})
        yield found


def send(db, words: str, at, category: str = "0110") -> str:  # a connection and an instant
    draft = Draft(uuid.uuid4(), category, words, "web", Position(110.015, 23.005, "wgs84", 10.0))
    return reports.submit(db, draft, ANONYMOUS, at, RULE).number


def act(db, number: str, action: str, **given: object) -> None:  # a connection
    cases.apply(db, cases.lock(db, number), action, ADMIN, NOW, AGREED, Given(note="说明", **given))


def page(client: httpx.Client, path: str, status: int = 200) -> str:
    answer = client.get(path, params=None)
    assert answer.status_code == status, answer.text[:500]
    return answer.text


def tiles(html: str) -> dict[str, tuple[int, str]]:
    found = re.findall(r'<a class="tile[^"]*" href="([^"]*)" data-tile="(\w+)"><span class="big">([\d,]+)<', html)
    return {name: (int(n.replace(",", "")), unescape(href)) for href, name, n in found}


def numbers(html: str) -> list[str]:
    return re.findall(r'<th scope="row"><a class="tabular[^"]*" href="[^"]*">([^<]*)</a>', html)


def picks(html: str) -> dict[str, str]:
    values = (unescape(one) for one in re.findall(r'name="pick" value="([^"]*)"', html))
    return {parse_qs(one)["number"][0]: one for one in values}


@pytest.mark.parametrize("role", [one for one in ROLES if one != "planner"])
def test_every_figure_of_today_is_the_list_behind_it(offices: Offices, role: str) -> None:
    client = offices.clients[role]
    found = tiles(page(client, "/"))
    assert {"overdue", "due_today"} <= found.keys()
    for name, (n, href) in found.items():
        behind = page(client, href)
        assert len(numbers(behind)) == n, (role, name)
    if role in ("admin", "leader", "manager"):
        assert all(found[name][0] for name in ("overdue", "to_verify", "to_file", "to_dispatch", "to_close"))


def test_today_shows_what_a_role_can_do_something_about(offices: Offices) -> None:
    found = {role: set(tiles(page(offices.clients[role], "/"))) for role in ROLES}
    assert found["planner"] == set()
    assert found["worker"] == {"overdue", "due_today", "to_verify", "to_check"}
    assert found["handler"] == {
        "overdue",
        "due_today",
        "suspended",
        "called",
        "claimable",
        "to_accept",
        "in_work",
        "rework",
    }
    assert found["leader"] >= {"extension", "called", "unplaced", "doubtful", "to_dispatch"}
    assert found["checker"] == {"overdue", "due_today", "to_check"}
    for role in ROLES:
        for name in found[role] & worklist_queues():
            assert any(may(Actor(role), deed) for deed in pages.QUEUE_DEEDS[name]), (role, name)
    planner = page(offices.clients["planner"], "/")
    assert "What is stored" in planner or 'id="held-title"' in planner


def worklist_queues() -> set[str]:
    return set(worklist.QUEUES)


def test_a_handler_starts_with_the_own_inbox(offices: Offices) -> None:
    client = offices.clients["handler"]
    shown = numbers(page(client, "/"))
    inbox = {n for queue in ("to_accept", "in_work") for n in numbers(page(client, f"/worklist?queue={queue}"))}
    assert shown
    assert set(shown) <= inbox


def test_filters_are_read_from_the_address(offices: Offices) -> None:
    client = offices.clients["admin"]
    every = numbers(page(client, "/worklist"))
    for query, code in (
        ({"state": "dispatched"}, None),
        ({"category": "Litter 0110"}, None),
        ({"grid": f"第3网格 {WEST}003"}, None),
        ({"area": "西社区"}, None),
        ({"department": "D1"}, None),
        ({"card": "red"}, 1),
        ({"called": "true", "words": "x"}, 1),
        ({"queue": "extension"}, 1),
        ({"deadline": "suspended"}, 1),
        ({"words": "x1"}, 1),
        ({"from": "2026-10-31", "to": "2026-11-01"}, None),
    ):
        some = numbers(page(client, f"/worklist?{urlencode(query)}"))
        assert set(some) < set(every), query
        assert some, query
        assert code is None or len(some) == code, query
    assert numbers(page(client, "/worklist?deadline=nonsense&sort=nothing&page=x")) == every
    ended = page(client, "/worklist?state=all&queue=to_file&sort=grid")
    assert len(numbers(ended)) > len(every)  # a queue is about what is open, and this list cannot be sorted so
    assert "Nothing fits" in page(client, "/worklist?words=no+such+words")
    assert "no such page" in page(client, "/worklist?page=99")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("category=no+such", "f-category"),
        ("area=nowhere", "f-area"),
        ("grid=nowhere", "f-grid"),
        ("from=yesterday", "f-from"),
        ("from=2026-11-02&to=2026-11-01", "f-from"),
    ],
)
def test_a_wrong_filter_is_told_at_its_field(offices: Offices, query: str, field: str) -> None:
    html = page(offices.clients["admin"], f"/worklist?{query}", 422)
    assert f'href="#{field}"' in html
    assert numbers(html) == []


def test_heads_sort(offices: Offices) -> None:
    client = offices.clients["admin"]
    html = page(client, "/worklist")
    assert html.count("aria-sort") == 1
    assert 'aria-sort="ascending"><a href="/worklist?sort=due&amp;descending=true"' in html
    up = numbers(page(client, "/worklist?sort=received"))
    down = numbers(page(client, "/worklist?sort=received&descending=true"))
    assert up == down[::-1]
    assert up != numbers(html)
    assert page(client, "/worklist?state=all").count('class="sorts') == 2


def test_the_limit_shown_is_the_one_that_the_state_is_about(offices: Offices) -> None:
    with offices.made.begin() as db, db.begin_nested() as undone:
        one = "(SELECT min(id) FROM report WHERE state = :s)"
        for state, stage in (("dispatched", "dispose"), ("filed", "dispatch"), ("disposed", "check")):
            change = f"UPDATE report SET stage = :g, stage_due_at = :a, due_at = :b WHERE id = {one}"
            times = {"a": NOW - timedelta(hours=1), "b": NOW + timedelta(hours=1)}
            db.execute(text(change), {"s": state, "g": stage} | times)
        rows = worklist.page(db, ADMIN, worklist.Filter(), NOW, ZONE, limit=100).items
        limits = {row[0]: row[1] for row in db.execute(select(t.report.c.id, worklist.until()))}
        undone.rollback()
    assert len(rows) > 10
    for row in rows:
        at = work_rows.until(row)
        assert at == limits[row.id], row
        if row.deadline == "no_deadline":
            assert at is None
        elif row.deadline != "suspended":
            assert at is not None
            assert (at < NOW) == (row.deadline == "overdue"), row


def test_several_are_dispatched_by_the_list_and_refusals_are_named(offices: Offices) -> None:
    with offices.made.begin() as db:
        listed = send(db, "listed", NOW - timedelta(hours=2))
        unlisted = send(db, "unlisted", NOW - timedelta(hours=2), "0506")
        early = send(db, "early", NOW - timedelta(hours=2))
        stale = send(db, "stale", NOW - timedelta(hours=2))
        for number in (listed, unlisted, stale):
            lead(db, number, "filed", NOW - timedelta(hours=1))
    client = offices.clients["dispatcher"]
    found = picks(page(client, "/worklist?sort=received&descending=true"))
    with offices.made.begin() as db:
        act(db, stale, "note")
    chosen = [found[number] for number in (listed, unlisted, early, stale)]
    wish = {"action": "dispatch", "pick": chosen}
    asked = client.post("/worklist/act?queue=to_dispatch", data=wish).text
    plan = asked[asked.index('id="plan"') : asked.index('name="sure"')]
    # where each goes is said before anything is done; what an old page says of `stale` is looked at when it is done
    assert f"西街道办 {CANARY}: 2" in unescape(plan)
    assert re.search(r"to consultation\)\s*<a[^>]*>" + unlisted, plan)
    assert "left as they are: 1" in plan
    assert {state_of(offices, number) for number in (listed, unlisted, stale)} == {"filed"}
    answer = client.post("/worklist/act?queue=to_dispatch", data=wish | {"sure": "true"})
    assert answer.status_code == 200
    result = answer.text[answer.text.index('id="result"') : answer.text.index('class="chips"')]
    done, refused = result.split("<ul")
    assert listed in done
    assert not {unlisted, early, stale} & set(re.findall(r"\d{8}-\d+", done))
    lines = re.findall(r"<li>([^<]*)(.*?)</li>", refused)
    told = {number: why for why, links in lines for number in re.findall(r">([^<]*)</a>", links)}
    assert "No responsibility list" in told[unlisted]
    assert told.keys() == {unlisted, early, stale}
    assert "Dispatch" in unescape(told[early]) or "dispatch" in told[early]
    assert state_of(offices, listed) == "dispatched"
    assert {state_of(offices, n) for n in (unlisted, stale)} == {"filed"}
    assert state_of(offices, early) == "reported"
    assert listed not in numbers(answer.text)  # the list is the one of the address, as it is now
    assert 'href="/worklist?queue=to_dispatch' in answer.text
    back = client.get("/worklist/act?queue=to_dispatch", follow_redirects=False)
    assert (back.status_code, back.headers["location"]) == (303, "/worklist?queue=to_dispatch")


def test_a_batch_of_dispatches_is_taken_back_from_the_list(offices: Offices) -> None:
    with offices.made.begin() as db:
        both = [send(db, f"taken back {i}", NOW - timedelta(hours=2)) for i in range(2)]
        for number in both:
            lead(db, number, "filed", NOW - timedelta(hours=1))
    client = offices.clients["dispatcher"]
    found = picks(page(client, "/worklist?words=taken+back"))
    wish = {"action": "dispatch", "pick": [found[number] for number in both], "sure": "true"}
    done = client.post("/worklist/act?words=taken+back", data=wish).text
    result = done[done.index('id="result"') : done.index('class="chips"')]
    again = [unescape(one) for one in re.findall(r'name="pick" value="([^"]*)"', result)]
    assert len(again) == 2
    assert 'value="undo_dispatch"' in result
    undone = client.post("/worklist/act?words=taken+back", data={"action": "undo_dispatch", "pick": again[:1]})
    assert "done for 1" in undone.text
    assert sorted(state_of(offices, number) for number in both) == ["dispatched", "filed"]
    assert 'id="undo-all"' not in undone.text
    assert 'name="action" value="undo_dispatch"' in undone.text  # the other one, from the bar
    with offices.made.begin() as db:
        old = NOW - timedelta(minutes=6)
        db.execute(text("UPDATE report SET dispatched_at = :at WHERE number = ANY(:n)"), {"at": old, "n": both})
    late = page(client, "/worklist?words=taken+back")
    assert 'value="undo_dispatch"' not in late
    still = [number for number in both if state_of(offices, number) == "dispatched"]
    refused = client.post("/worklist/act", data={"action": "undo_dispatch", "pick": [picks(late)[still[0]]]}).text
    assert "Not done for 1" in refused
    assert state_of(offices, still[0]) == "dispatched"


@pytest.mark.parametrize("unit", ["working_day", "urgent_hour"])
def test_list_and_report_count_lateness_alike(offices: Offices, unit: str) -> None:
    with offices.made.begin() as db:
        number = send(db, f"late alike {unit}", NOW - timedelta(days=20))
        lead(db, number, "dispatched", NOW - timedelta(days=20))
        change = text(
            "UPDATE report SET due_at = :at, stage = 'dispose', stage_due_at = :at, "
            "due_limit = jsonb_build_object('amount', 5, 'unit', CAST(:unit AS text)) WHERE number = :n"
        )
        db.execute(change, {"at": NOW - timedelta(days=9, hours=3), "unit": unit, "n": number})
    client = offices.clients["admin"]
    listed = page(client, f"/worklist?words=late+alike+{unit}&lang=en")
    one = page(client, f"/reports/{number}?lang=en")
    in_list = re.search(r'<td class="until">\s*<span class="due due-overdue">([^<]*)</span>', listed)
    on_page = re.search(r'<span class="due due-overdue">[^<]*</span> <strong>([^<]*)</strong>', one)
    assert in_list is not None
    assert on_page is not None
    assert in_list[1] == on_page[1]
    assert ("working day" in in_list[1]) == (unit == "working_day")


def test_the_list_is_sorted_by_the_limit_it_shows(offices: Offices) -> None:
    with offices.made.begin() as db:
        rows = worklist.page(db, ADMIN, worklist.Filter(), NOW, ZONE, limit=100).items
    limits = [work_rows.until(row) or row.due_at for row in rows if work_rows.until(row) is not None]
    assert limits == sorted(limits)
    assert len(limits) > 5


def test_consultation_and_whistle_are_flagged(offices: Offices) -> None:
    with offices.made.begin() as db:
        number = send(db, "to be flagged", NOW - timedelta(hours=2), "0506")
        lead(db, number, "filed", NOW - timedelta(hours=1))
        act(db, number, "consult")
        act(db, number, "whistle", department_ids=(department(db, "D1"), department(db, "D2")))
    shown = page(offices.clients["admin"], "/worklist?words=to+be+flagged&lang=en")
    assert re.findall(r'class="mark mark-(\w+)">([^<]*)<', shown) == [
        ("called", "Whistle: 2 called"),
        ("asked", "Consultation"),
    ]


def state_of(offices: Offices, number: str) -> str:
    with offices.made.begin() as db:
        return str(db.scalar(text("SELECT state FROM report WHERE number = :n"), {"n": number}))


def test_nobody_does_to_several_what_the_role_may_not(offices: Offices) -> None:
    with offices.made.begin() as db:
        number = send(db, "not yours", NOW - timedelta(hours=2))
    found = picks(page(offices.clients["admin"], "/worklist?sort=received&descending=true"))[number]
    for role in ("worker", "handler", "checker", "planner"):
        answer = offices.clients[role].post("/worklist/act", data={"action": "file", "pick": [found]})
        assert answer.status_code == 200
        assert "Not done for 1" in answer.text, role
    assert state_of(offices, number) == "reported"
    assert 'name="action" value="file"' not in page(offices.clients["worker"], "/worklist")
    assert 'name="action"' not in page(offices.clients["planner"], "/worklist")
    for action in ("void", "close"):
        assert (
            offices.clients["admin"].post("/worklist/act", data={"action": action, "pick": [found]}).status_code == 422
        )
    assert offices.clients["admin"].post("/worklist/act", data={"action": "file", "pick": ["x"]}).status_code == 422


def test_words_are_asked_for_and_an_end_is_asked_about_once(offices: Offices) -> None:
    client = offices.clients["leader"]
    number, found = next(iter(picks(page(client, "/worklist?state=dispatched")).items()))
    answer = client.post("/worklist/act?state=dispatched", data={"action": "remind", "pick": [found]})
    assert answer.status_code == 422
    assert 'href="#bar-note"' in answer.text
    assert re.search(rf'value="[^"]*number={number}"[^>]* checked', answer.text)
    assert client.post("/worklist/act", data={"action": "remind"}).status_code == 422
    sent = {"action": "remind", "pick": [found], "note": "请抓紧"}
    assert "done for 1" in client.post("/worklist/act?state=dispatched", data=sent).text
    number, found = next(iter(picks(page(client, "/worklist?state=closed")).items()))
    asked = client.post("/worklist/act?state=closed", data={"action": "strike_off", "pick": [found]}).text
    assert 'name="sure"' in asked
    assert state_of(offices, number) == "closed"
    client.post("/worklist/act?state=closed", data={"action": "strike_off", "pick": [found], "sure": "true"})
    assert state_of(offices, number) == "struck_off"


def test_the_file_is_the_filtered_list_and_runs_in_no_spreadsheet(offices: Offices) -> None:
    client = offices.clients["admin"]
    answer = client.get("/worklist/table.csv?sort=received&lang=en")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["Number"] for row in rows] == numbers(page(client, "/worklist?sort=received"))
    evil = next(row["Text"] for row in rows if "HYPERLINK" in row["Text"])
    assert evil.startswith("'=")
    some = client.get("/worklist/table.xlsx?queue=to_file&lang=zh")
    sheet = openpyxl.load_workbook(io.BytesIO(some.content)).active
    assert sheet is not None
    values = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert values[0][:3] == ["编号", "时限状态", "当前期限"]
    assert [row[0] for row in values[1:]] == numbers(page(client, "/worklist?queue=to_file"))
    assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
    assert client.get("/worklist/table.csv?category=none", follow_redirects=False).status_code == 303
    assert client.get("/worklist/table.pdf").status_code == 422


def test_the_file_of_reports_has_every_column_in_the_asked_language(offices: Offices) -> None:
    client = offices.clients["admin"]
    files = {lang: client.get(f"/reports/table.csv?state=struck_off&lang={lang}") for lang in ("zh", "en")}
    told = {lang: list(csv.DictReader(io.StringIO(one.content.decode("utf-8-sig")))) for lang, one in files.items()}
    assert [len(rows[0]) for rows in told.values()] == [len(exports.REPORT_COLUMNS)] * 2
    zh, en = told["zh"][0], told["en"][0]
    assert (zh["状态"], zh["类别"], zh["承办单位"], zh["办理结果类别"]) == ("已销号", "暴露垃圾", "城管局", "限期处置")
    assert (en["State"], en["Category"], en["Department"]) == ("struck off", "Litter", "城管局")
    assert zh["立案时间"] == en["Filed"] != ""
    assert {row["State"] for row in told["en"]} == {"struck off"}
    assert len(told["en"]) == len(set(re.findall(r"\d{8}-\d{6}", page(client, "/reports?state=struck_off"))))
    mine = list(
        csv.DictReader(
            io.StringIO(offices.clients["handler"].get("/reports/table.csv?lang=en").content.decode("utf-8-sig"))
        )
    )
    everything = csv.DictReader(io.StringIO(client.get("/reports/table.csv?lang=en").content.decode("utf-8-sig")))
    assert "城管局" in {row["Department"] for row in mine}
    assert 0 < len(mine) < len(list(everything))
    evil = next(
        row["Text"]
        for row in csv.DictReader(io.StringIO(client.get("/reports/table.csv?lang=en").content.decode("utf-8-sig")))
        if "HYPERLINK" in row["Text"]
    )
    assert evil.startswith("'=")
    assert client.get("/reports/table.csv?from=soon", follow_redirects=False).status_code == 303


@pytest.mark.parametrize("path", ["/", "/worklist", "/worklist?state=all", "/ledger?by=grid", "/rates?by=category"])
def test_words_of_citizens_stay_words(offices: Offices, path: str) -> None:
    for role in ("admin", "handler", "worker"):
        html = page(offices.clients[role], path)
        assert CANARY not in html
        assert "<img src=x" not in html
        assert not worked_out(html.replace("13370", ""))


@pytest.mark.parametrize("by", ["grid", "area", "department", "category"])
def test_the_ledger_page_says_what_the_ledger_says(offices: Offices, by: str) -> None:
    client = offices.clients["planner"]
    query = f"from=2026-05-01&to=2026-11-01&by={by}"
    told = client.get(f"/api/v1/ledger?{query}").json()
    html = page(client, f"/ledger?{query}")
    foot = html[html.index("<tfoot>") : html.index("</tfoot>")]
    shown = [int(n) for n in re.findall(r'class="number[^"]*">[+−]?(\d+)<', foot)]
    assert shown == [told["total"][name] for name in LINE]
    assert html.count('class="balanced"') == len(told["rows"]) + 2  # rows, their sum, the outcomes
    assert "every row adds up" in html
    rows = list(csv.reader(io.StringIO(client.get(f"/ledger/table.csv?{query}").content.decode("utf-8-sig"))))
    assert len(rows) == len(told["rows"]) + 2
    assert [int(n) for n in rows[-1][2:-1]] == shown


LINE = (
    *("opening", "new", "reopened", "moved_in", "moved_out", "struck_off", "void", "not_filed", "merged", "closing"),
)


def test_the_rates_page_shows_every_fraction_and_the_definition(offices: Offices) -> None:
    client = offices.clients["planner"]
    seen = set()
    for definition in ("due_i", "due_ii"):
        query = f"from=2026-10-01&to=2026-11-01&definition={definition}"
        told = client.get(f"/api/v1/stats/rates?{query}").json()
        html = page(client, f"/rates?{query}")
        assert f"(definition {'I' if definition == 'due_i' else 'II'})" in html
        whole = html[html.index('id="whole"') :]
        for one in told["total"]["rates"]:
            assert f"{one['n']:,} / {one['of']:,}" in whole, one
            assert one["percent"] is None or f"{one['percent']} %" in whole
        seen.add(whole)
    assert len(seen) == 2
    for group in ("found", "sent", "done", "asked"):
        assert '<td class="number">' in page(client, f"/rates?group={group}")
    book = openpyxl.load_workbook(io.BytesIO(client.get("/rates/table.xlsx?by=department").content)).active
    assert book is not None
    assert book.max_column == 2 + 3 * len(told["total"]["rates"]) + 1
    assert 'href="#f-from"' in page(client, "/rates?from=2026-11-02&to=2026-11-01", 422)
    assert "Choose another period" in page(client, "/ledger?from=2020-01-01&to=2020-01-02")


def test_a_whole_number_is_found_in_every_state(offices: Offices) -> None:
    admin = offices.clients["admin"]
    with offices.made.begin() as db:
        ended = db.scalar(text("SELECT number FROM report WHERE state = 'struck_off' ORDER BY id LIMIT 1"))
    assert numbers(page(admin, f"/worklist?words={ended}")) == [ended]
    assert ended not in numbers(page(admin, f"/worklist?words={ended[:-1]}"))
