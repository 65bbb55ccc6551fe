"""Accounts in the browser: one by a form, many from a table that is shown first; passwords once; who changed what."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape

import httpx
import openpyxl
import pytest
from sqlalchemy import text

from gridsvc import accounts
from gridsvc.web.account_files import MOST_BYTES, MOST_ROWS
from tests.conftest import NOW, Maker
from tests.web.county import CANARY, WEST
from tests.web.offices import Offices, opened

HEAD = ["登录名", "姓名", "角色", "辖区", "所属单位", "工号"]


@pytest.fixture(scope="module")
def offices(maker: Maker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offices]:
    with opened(maker, tmp_path_factory.mktemp("data")) as found:
        yield found


def sheet(*rows: list[str], head: list[str] = HEAD) -> bytes:
    book = openpyxl.Workbook()
    for row in (head, *rows):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def upload(client: httpx.Client, content: bytes, name: str = "账号.xlsx", lang: str = "en") -> httpx.Response:
    return client.post(f"/accounts/import?lang={lang}", files={"file": (name, content)})


def confirm(client: httpx.Client, shown: httpx.Response) -> httpx.Response:
    return client.post("/accounts/import/store?lang=en", data=hidden(shown))


def hidden(shown: httpx.Response) -> dict[str, str]:
    """The file as the page keeps it, how it is read, and the columns that were chosen."""
    kept = re.findall(
        r'<input type="hidden" name="(name|content|sheet|header_row|\w+_field)" value="([^"]*)"', shown.text
    )
    return {name: unescape(value) for name, value in kept}


def n_accounts(offices: Offices) -> int:
    with offices.made.begin() as db:
        return int(db.scalar(text("SELECT count(*) FROM account")) or 0)


def can_log_in(offices: Offices, login: str, password: str) -> bool:
    with httpx.Client(base_url=offices.address, timeout=60) as nobody:
        token = re.search(r'name="csrf_token" value="([^"]+)"', nobody.get("/login").text)
        assert token is not None
        sent = {"csrf_token": token[1], "login": login, "password": password, "next": "/"}
        return nobody.post("/login", data=sent, follow_redirects=False).status_code == 303


def test_one_account_and_its_password_once(offices: Offices) -> None:
    admin = offices.clients["admin"]
    assert 'name="login"' in admin.get("/accounts/add").text
    sent = {"login": "zhao", "name": CANARY, "role": "manager", "areas": f"{WEST}, 370101001"}
    made = admin.post("/accounts/add?lang=en", data=sent)
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    assert CANARY not in made.text
    found = re.search(r"<code>([a-z0-9-]+)</code>", made.text)
    assert found is not None
    assert can_log_in(offices, "zhao", found[1])
    listed = admin.get("/accounts?q=zhao&lang=en").text
    assert found[1] not in listed
    log = listed[listed.index('id="staff-log"') :]
    assert re.search(r"admin <small[^>]*>Administrator</small></td><td>Account added: <span[^>]*>zhao", log)
    assert "role — → Grid manager" in log
    assert f"area — → {WEST}" in log


@pytest.mark.parametrize(
    ("sent", "field", "status"),
    [
        ({"login": "admin", "role": "admin"}, "f-login", 409),
        ({"login": "a b", "role": "admin"}, "f-login", 422),
        ({"login": "qian", "role": "boss"}, "f-role", 422),
        ({"login": "qian", "role": "manager"}, "f-areas", 422),
        ({"login": "qian", "role": "manager", "areas": "nowhere"}, "f-areas", 422),
        ({"login": "qian", "role": "handler"}, "f-department", 422),
        ({"login": "qian", "role": "worker", "worker": "w9"}, "f-worker", 422),
        ({"login": "qian", "role": "admin", "worker": "w1"}, "f-worker", 422),
    ],
)
def test_what_cannot_be_is_told_at_its_field(offices: Offices, sent: dict[str, str], field: str, status: int) -> None:
    before = n_accounts(offices)
    answer = offices.clients["admin"].post("/accounts/add", data=sent)
    assert answer.status_code == status
    assert f'id="{field}-wrong"' in answer.text
    assert n_accounts(offices) == before


def test_an_account_with_several_roles_is_made_and_changed(offices: Offices) -> None:
    admin = offices.clients["admin"]
    sent: dict[str, object] = {"login": "duo", "name": "双", "role": "manager", "also": ["worker"], "areas": WEST}
    lacks = admin.post("/accounts/add?lang=en", data=sent)
    assert lacks.status_code == 422
    assert "role worker needs the worker behind it" in lacks.text
    assert re.search(r'value="worker"[^>]* checked', lacks.text)  # what was typed stays
    made = admin.post("/accounts/add?lang=en", data=sent | {"worker": "w1"})
    assert made.status_code == 201
    assert "Grid manager, Grid worker" in made.text
    listed = admin.get("/accounts?q=duo&lang=en").text
    assert re.search(r"Grid manager, </span>\s*<span[^>]*>Grid worker", listed)
    assert "also as — → Grid worker" in listed
    form = admin.get("/accounts/change?login=duo&lang=en").text
    assert re.findall(r'value="(\w+)" selected', form) == ["manager"]
    assert re.findall(r'name="also" value="(\w+)"[^>]* checked', form) == ["worker"]
    other = sent | {"role": "worker", "also": ["planner"], "worker": "w1", "areas": ""}
    done = admin.post("/accounts/change?lang=en", data=other, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, "/accounts?q=duo&changed=duo")
    told = admin.get("/api/v1/accounts?q=duo").json()["items"][0]
    assert (told["role"], told["roles"], told["areas"], told["worker"]) == ("worker", ["worker", "planner"], [], "w1")
    wrong = admin.post("/accounts/change", data=other | {"areas": WEST})
    assert (wrong.status_code, 'id="f-areas-wrong"' in wrong.text) == (422, True)
    last = admin.post("/accounts/change", data={"login": "admin", "role": "planner"})
    assert (last.status_code, 'id="f-role-wrong"' in last.text) == (409, True)
    assert admin.get("/accounts/change?login=nobody").status_code == 404
    assert admin.post("/accounts/change", data={"login": "nobody", "role": "admin"}).status_code == 404


def test_the_api_takes_several_roles(offices: Offices) -> None:
    admin = offices.clients["admin"]
    body = {"login": "trio", "roles": ["checker", "planner"], "areas": [WEST]}
    made = admin.post("/api/v1/accounts", json=body)
    assert (made.status_code, made.json()["role"], made.json()["roles"]) == (201, "checker", ["checker", "planner"])
    for wrong, code in (
        ({"login": "x"}, "role_missing"),
        ({"login": "x", "role": "admin", "roles": ["admin"]}, "role_and_roles"),
        ({"login": "x", "roles": ["planner", "handler"]}, "role_needs_department"),
        ({"login": "x", "roles": []}, "request_misfit"),
    ):
        answer = admin.post("/api/v1/accounts", json=wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    with offices.made.begin() as db:
        token = accounts.issue_bearer(db, "trio", "x", NOW, timedelta(days=1), "planner").token
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{offices.address}/api/v1/reports", headers=headers, timeout=120).status_code == 200
    # a role that it loses: its token is known no more, not even to who was recognised a moment ago; areas stay or go
    changed = admin.patch("/api/v1/accounts/trio", json={"roles": ["checker", "dispatcher"]}).json()
    assert (changed["roles"], changed["areas"]) == (["checker", "dispatcher"], [WEST])
    assert httpx.get(f"{offices.address}/api/v1/reports", headers=headers, timeout=120).status_code == 401
    assert admin.patch("/api/v1/accounts/trio", json={"role": "planner"}).json()["areas"] == []


def test_a_table_is_shown_before_anything_is_stored(offices: Offices) -> None:
    admin, before = offices.clients["admin"], n_accounts(offices)
    rows = [["sun", "孙", "核查员", "西社区", "", ""], ["li2", CANARY, "经办人、规划员", "", "城管局", ""]]
    shown = upload(admin, sheet(*rows))
    assert shown.status_code == 200
    assert ">2</td>" in shown.text
    assert "sun (Checker)" in shown.text
    assert "li2 (Department handler, Planner)" in shown.text
    assert n_accounts(offices) == before
    stored = confirm(admin, shown)
    assert (stored.status_code, stored.headers["cache-control"]) == (201, "no-store")
    assert n_accounts(offices) == before + 2
    assert CANARY not in stored.text
    passwords = dict(re.findall(r'<th scope="row">(\w+)</th>.*?<code>([a-z0-9-]+)</code>', stored.text))
    assert set(passwords) == {"sun", "li2"}
    assert can_log_in(offices, "sun", passwords["sun"])
    again = confirm(admin, shown)  # sent once more: nothing new, so no password
    assert "<code>" not in again.text
    changed = upload(admin, sheet(["sun", "孙二", "核查员", "西社区", "", ""]))
    assert "Changed: sun" in changed.text
    assert "sun" in confirm(admin, changed).text
    assert "name 孙 → 孙二" in admin.get("/accounts?q=sun&lang=en").text
    assert 'id="told-title"' in upload(admin, sheet(["sun", "孙二", "核查员", "西社区", "", ""])).text


def test_a_refused_row_is_named_and_nothing_is_stored(offices: Offices) -> None:
    admin, before = offices.clients["admin"], n_accounts(offices)
    shown = upload(admin, sheet(["zhou", "周", "核查员", "西社区", "", ""], ["wu", "吴", "经理", "", "", ""]))
    assert shown.status_code == 422
    assert "经理" in shown.text
    assert 'action="/accounts/import/store"' not in shown.text
    forged = {"name": "x.xlsx", "content": "!!"}
    assert admin.post("/accounts/import/store", data=forged).status_code == 422
    assert n_accounts(offices) == before


def test_columns_of_other_names_are_chosen_and_stored_as_they_were_shown(offices: Offices) -> None:
    admin, before = offices.clients["admin"], n_accounts(offices)
    file = sheet(["qian", "钱八", "核查员", "西社区"], head=["进门名", "称呼", "干什么", "辖区"])
    refused = upload(admin, file)
    assert refused.status_code == 422
    assert re.findall(r'<li><a href="#(a-\w+)">', refused.text) == ["a-login", "a-role"]
    table = refused.text.partition('id="file-columns"')[2].partition("</table>")[0]
    assert ("西社区" in table, "q**" in table, "qian" in table, "钱八" in table) == (True, True, False, False)
    assert '<select id="a-login" name="login_field" required' in refused.text
    chosen = {"login_field": "进门名", "role_field": "干什么", "name_field": "称呼", "worker_field": ""}

    def again(**more: str) -> httpx.Response:
        return admin.post("/accounts/import/again?lang=en", data=hidden(refused) | chosen | more)

    for more, at, said in (
        ({"name_field": "进门名"}, "a-name", "chosen twice, for Login and for Name"),
        ({"name_field": "没有"}, "a-name", "no column “没有” (chosen for: Name)"),
        ({"role_field": ""}, "a-role", "column for: Role"),
        ({"phone_field": "称呼"}, "columns", "phone"),
        ({"content": "!!"}, "f-file", ""),
    ):
        wrong = again(**more)
        (told,) = re.findall(rf'<li><a href="#{at}">([^<]+)</a>', wrong.text)
        assert (wrong.status_code, said in unescape(told)) == (422, True), (more, told)
    shown = again(areas_field="辖区")
    assert shown.status_code == 200, shown.text
    assert "qian (Checker)" in shown.text
    assert hidden(shown) == hidden(refused) | chosen | {"areas_field": "辖区"}
    assert n_accounts(offices) == before
    assert confirm(admin, shown).status_code == 201
    with offices.made.begin() as db:
        assert db.scalar(text("SELECT name FROM account WHERE login = 'qian'")) == "钱八"
    told = admin.post("/api/v1/accounts/import", params=chosen, files={"file": ("a.xlsx", file)}).json()
    assert (told["rows"]["same"], told["columns"]) == (
        1,
        {"login": "进门名", "name": "称呼", "role": "干什么", "areas": "辖区"},
    )
    for query, status, code in (
        ({"login_field": "称呼", "name_field": "称呼", "role_field": "干什么"}, 422, "field_twice"),
        ({"login_field": "没有"}, 422, "field_missing"),
        ({"phone_field": "称呼"}, 400, "query_unknown"),
    ):
        wrong = admin.post("/api/v1/accounts/import", params=query, files={"file": ("a.xlsx", file)})
        assert (wrong.status_code, wrong.json()["code"]) == (status, code), query


def test_a_table_says_where_its_titles_are_and_shows_nobodys_row_as_titles(offices: Offices) -> None:
    admin, before = offices.clients["admin"], n_accounts(offices)

    def again(shown: httpx.Response, **more: str) -> httpx.Response:
        (of,) = re.findall(r'<input type="hidden" name="columns_of" value="([^"]*)"', shown.text)
        return admin.post("/accounts/import/again?lang=en", data=hidden(shown) | {"columns_of": of} | more)

    def summary(shown: httpx.Response) -> list[str]:
        return re.findall(r'<li><a href="#([\w-]+)">', shown.text)

    person = "feng,冯九,核查员,西社区,13812345678\n".encode()
    shown = upload(admin, person, "a.csv")
    assert (shown.status_code, summary(shown)) == (422, ["a-header_row"])
    assert ("冯九" in shown.text, "13812345678" in shown.text, "column 5" in shown.text) == (False, False, True)
    fields = {"login_field": "column 1", "name_field": "column 2", "role_field": "column 3", "areas_field": "column 4"}
    looked = again(shown, header_row="0", **fields)
    assert (looked.status_code, "feng (Checker)" in looked.text) == (200, True)
    assert confirm(admin, looked).status_code == 201
    titled = "姓名,某某\n".encode() + "登录名,姓名,角色,辖区\n".encode() + "han,韩十,核查员,西社区\n".encode()
    shown = upload(admin, titled, "a.csv")
    assert summary(shown) == ["a-login", "a-role"], "the first row looks like one"
    for typed in ("x", "9"):
        assert summary(again(shown, header_row=typed)) == ["a-header_row"]
    # what was chosen of the first row's columns is nothing of these
    looked = again(shown, header_row="2", login_field="某某")
    assert (looked.status_code, "han (Checker)" in looked.text) == (200, True)
    assert confirm(admin, looked).status_code == 201
    assert n_accounts(offices) == before + 2
    book = openpyxl.load_workbook(io.BytesIO(sheet(["xu", "许", "核查员", "西社区", "", ""])))
    book.create_sheet("说明", 0).append(["填表说明"])
    content = io.BytesIO()
    book.save(content)
    shown = upload(admin, content.getvalue())
    assert "Read is the sheet 说明" in shown.text
    # the lists of this sheet's columns have to be chosen from, and must not keep somebody from saying another sheet
    assert re.search(r"<button[^>]* formnovalidate>Look again", shown.text)
    lost = again(shown, sheet="没有")
    assert summary(lost) == ["a-sheet"]
    assert "xu (Checker)" in again(lost, sheet=book.sheetnames[1]).text
    # the sheet that is read instead may be nobody's to show, too wide, or too long; the file waits all the same
    book.remove(book["说明"])
    book.create_sheet("某某", 0).append(["feng", "冯九", "13812345678"])
    content = io.BytesIO()
    book.save(content)
    for typed in ({"sheet": "没有"}, {"sheet": "没有", "header_row": "60"}, {"sheet": "某某", "header_row": "9"}):
        lost = again(upload(admin, content.getvalue()), **typed)
        assert (lost.status_code, len(summary(lost)), "f-file" in summary(lost)) == (422, 1, False), typed
        assert "冯九" not in lost.text
        assert "xu (Checker)" in again(lost, sheet=book.sheetnames[1], header_row="").text, typed
    assert "xu (Checker)" in again(shown, sheet=book.sheetnames[1]).text
    for query in ({"header_row": "2"}, {"header_row": "2", "login_field": "登录名"}):
        told = admin.post("/api/v1/accounts/import", params=query, files={"file": ("a.csv", titled)}).json()
        assert (told["rows"]["same"], told["columns"]["login"]) == (1, "登录名")
    told = admin.post(
        "/api/v1/accounts/import", params={"sheet": "没有"}, files={"file": ("a.xlsx", content.getvalue())}
    )
    assert (told.status_code, told.json()["code"]) == (422, "sheet_missing")


def test_a_column_without_a_name_is_called_in_the_language_of_the_page(offices: Offices) -> None:
    admin = offices.clients["admin"]
    shown = admin.post(
        "/accounts/import/again?lang=zh",
        data={
            "name": "a.csv",
            "content": base64.b64encode("he,贺,核查员,西社区\n".encode()).decode(),
            "header_row": "0",
        }
        | {"login_field": "column 1", "role_field": "column 1"},
    )
    (said,) = re.findall(r'<li><a href="#a-role">([^<]+)</a>', shown.text)
    assert ("第 1 列" in said, "column" in said) == (True, False)


def test_the_api_takes_the_same_table(offices: Offices) -> None:
    admin, before = offices.clients["admin"], n_accounts(offices)

    def post(*rows: list[str], query: str = "?lang=en") -> httpx.Response:
        return admin.post(f"/api/v1/accounts/import{query}", files={"file": ("账号.xlsx", sheet(*rows))})

    good, bad = ["zheng", "郑", "核查员", "西社区", "", ""], ["wang", "王", "经理", "", "", ""]
    told = post(good, bad).json()
    assert (told["committed"], told["rows"]["new"], told["rows"]["refused"]) == (False, 1, 1)
    assert told["new"] == [{"login": "zheng", "name": "郑", "role": "checker", "roles": ["checker"]}]
    assert told["refused"][0]["code"] == "role_word_unknown"
    assert "经理 is no role" in told["refused"][0]["message"]
    refused = post(good, bad, query="?commit=true")
    assert (refused.status_code, refused.json()["code"]) == (422, "accounts_refused")
    assert refused.json()["detail"]["refused"][0]["row"] == 2
    assert n_accounts(offices) == before
    stored = post(good, query="?commit=true")
    assert (stored.status_code, stored.headers["cache-control"]) == (200, "no-store")
    assert n_accounts(offices) == before + 1
    (made,) = stored.json()["new"]
    assert can_log_in(offices, "zheng", made["password"])
    again = post(["zheng", "郑二", "核查员", "西社区", "", ""], query="?commit=true").json()
    assert (again["new"], again["changed"]) == ([], ["zheng"])
    none = admin.post("/api/v1/accounts/import", files={"file": ("a.pdf", b"%PDF")})
    assert (none.status_code, none.json()["code"]) == (422, "accounts_file_kind")


def test_files_that_are_none(offices: Offices) -> None:
    admin = offices.clients["admin"]
    too_many = "登录名,角色\n" + "".join(f"u{i},管理员\n" for i in range(MOST_ROWS + 1))
    for name, content, said in (
        ("a.pdf", b"%PDF", "choose an .xlsx or .csv"),
        ("a.xlsx", b"PK nothing", "a.xlsx"),
        ("a.csv", "登录名\nx\n".encode(), "角色"),
        ("a.csv", b"x" * (MOST_BYTES + 1), "KB"),
        ("a.csv", too_many.encode(), str(MOST_ROWS)),
    ):
        answer = upload(admin, content, name)
        assert answer.status_code == 422, name
        assert said in unescape(answer.text), (name, said)
        assert "/tmp" not in answer.text  # noqa: S108 - the folder that no page may name


def test_the_log_is_the_administrators(offices: Offices) -> None:
    sent = {"login": "shen", "name": "沈", "role": "manager", "areas": WEST}
    assert offices.clients["admin"].post("/accounts/add", data=sent).status_code == 201
    items = offices.clients["admin"].get("/api/v1/accounts/log?q=shen").json()["items"]
    assert {one["subject"] for one in items} == {"shen"}
    assert {one["actor"] for one in items} == {"admin"}
    assert items[-1]["changes"]["role"] == [None, "manager"]
    assert items[-1]["at"].endswith("+08:00")
    older = offices.clients["admin"].get(f"/api/v1/accounts/log?before={items[-1]['id']}").json()["items"]
    assert all(one["id"] < items[-1]["id"] for one in older)
    assert offices.clients["leader"].get("/api/v1/accounts/log").status_code == 403
