"""A file of doors over HTTP: looked at and then stored, by API and page, with the command's own account."""

from __future__ import annotations

import fcntl
import gzip
import io
import json
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import openpyxl
import pytest
from sqlalchemy import text

from geodata.layer import Fields
from gridsvc import door_rows
from gridsvc.imports import households
from gridsvc.imports.account import as_facts
from gridsvc.imports.households import Options
from gridsvc.imports.source import Source
from gridsvc.web import door_files
from tests.conftest import NOW, Fresh
from tests.verbs.test_import_households import HEADER, REFUSED, workbook
from tests.web.conftest import Client, Serve
from tests.web.county import RULE, County
from tests.web.test_access import csrf, log_in

API = "/api/v1/households/import"
PAGE = "/households/import"
COLUMNS = ("小区", "楼栋", "单元", "房号")


def sent(client: httpx.Client, content: bytes, name: str = "d.csv", **query: str) -> httpx.Response:
    return client.post(API, params={"lang": "en"} | query, files={"file": (name, content)})


def commit(client: httpx.Client, digest: str, *, skip: bool = False) -> httpx.Response:
    return client.post(f"{API}/commit", json={"digest": digest, "skip_refused": skip})


def csv(*rows: tuple[object, ...], header: tuple[str, ...] = COLUMNS) -> bytes:
    return "\n".join(",".join(map(str, row)) for row in (header, *rows)).encode()


def by_command(made: Fresh, source: Source, **more: Any) -> dict[str, Any]:
    """The account of the command line, as JSON has it; nothing is stored."""
    with made.begin() as db:
        how = replace(Options("d", "d"), **more)
        account, _ = households.take(db, source, how, NOW, RULE, lambda what, done, of: None)
        db.rollback()
    told: dict[str, Any] = json.loads(json.dumps(as_facts(account), default=str))
    return told


def alike(answer: dict[str, Any], account: dict[str, Any]) -> bool:
    """Whether the service tells what the command does; it adds words, and knows the file by another name."""
    kept = {name: value for name, value in answer.items() if name in account and name != "file"}
    for name in ("refused", "repaired", "notes"):
        kept[name] = [{key: one[key] for key in ("row", "code", "detail")} for one in kept[name]]
    return kept == {name: value for name, value in account.items() if name != "file"}


def n_doors(made: Fresh, **where: object) -> int:
    with made.begin() as db:
        told = " AND ".join(f"{name} = :{name}" for name in where) or "true"
        return int(db.scalar(text(f"SELECT count(*) FROM household WHERE {told}"), where) or 0)


def counts(page: str) -> dict[str, int]:
    """The counts on the page."""
    return {name: int(n) for name, n in re.findall(r'<th scope="row">([^<]+)</th><td class="number">(\d+)</td>', page)}


def test_the_dirty_workbook_says_what_the_command_says_and_is_stored_by_another_server(
    client: Client, county: County, made: Fresh, serve: Serve, tmp_path: Path
) -> None:
    file = workbook(tmp_path / "d.xlsx")
    planner, before = client("planner"), n_doors(made)
    with made.begin() as db:
        last = db.scalar(text("SELECT coalesce(max(id), 0) FROM household_log"))
    answer = sent(planner, file.read_bytes(), r"C:\registers\住户.xlsx")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert alike(told, by_command(made, households.from_workbook(file, Fields(), None, None)))
    assert {one["row"]: one["code"] for one in reversed(told["refused"])} == REFUSED
    assert (told["committed"], told["file"]) == (False, "住户.xlsx")
    assert "“18层” is a floor" in next(one["message"] for one in told["refused"] if one["row"] == 3)
    assert n_doors(made) == before, "a look stores nothing"
    refused = planner.get(f"{API}/refused?lang=en")
    assert refused.headers["content-disposition"].endswith("%E4%BD%8F%E6%88%B7.xlsx")
    table = [list(row) for row in openpyxl.load_workbook(io.BytesIO(refused.content)).worksheets[0].values]
    assert table[0] == [*HEADER, "错误原因"]
    assert [row[4] for row in table[1:4]] == ["501室", "18层", "701"]
    assert "is a floor" in table[2][-1]
    assert commit(planner, told["digest"]).json()["code"] == "door_import_refused"
    headers = {"Authorization": f"Bearer {county.tokens['planner']}"}
    with httpx.Client(base_url=serve(), headers=headers, timeout=120) as elsewhere:
        stored = commit(elsewhere, told["digest"], skip=True)
        assert stored.status_code == 200, stored.text
        assert stored.json()["committed"] is True
        assert n_doors(made) == before + 5
        assert commit(elsewhere, told["digest"], skip=True).json()["committed"] is True, "asked again, told again"
        assert n_doors(made) == before + 5
    with made.begin() as db:
        log = db.execute(
            text(
                "SELECT l.action, l.note, l.fields, a.login, h.source, h.room FROM household_log l"
                " JOIN household h ON h.id = l.household_id JOIN account a ON a.id = l.account_id"
                " WHERE l.id > :last ORDER BY l.id"
            ),
            {"last": last},
        ).all()
    assert {tuple(row[:1]) + tuple(row[3:5]) for row in log if row.room != "201"} == {("added", "planner", "住户")}
    (changed,) = (row for row in log if row.room == "201")
    assert (changed.action, changed.note, changed.fields) == ("changed", "住户.xlsx", ["contact_name", "n_people"])
    assert planner.delete(API).json() == {"waiting": False}
    assert planner.get(API).status_code == planner.get(f"{API}/refused").status_code == 404


def test_a_register_that_changed_is_shown_again_before_anything_is_stored(
    client: Client, county: County, made: Fresh
) -> None:
    admin = client("admin")
    first = sent(admin, csv(("锦绣花园", 71, 1, 101), ("锦绣花园", 71, 1, 102))).json()
    door = {"compound": "锦绣花园", "building": "71", "unit": "1", "room": "101"}
    assert admin.post("/api/v1/households", json=door).status_code == 201
    again = commit(admin, first["digest"])
    assert (again.status_code, again.json()["code"]) == (409, "door_import_changed")
    now = again.json()["detail"]["account"]
    assert (now["rows"]["new"], now["rows"]["same"], now["committed"]) == (1, 1, False)
    assert n_doors(made, building="71") == 1
    assert commit(admin, first["digest"]).json()["code"] == "door_import_other", "what was seen first counts no more"
    assert commit(admin, now["digest"]).json()["committed"] is True
    assert n_doors(made, building="71") == 2


@pytest.mark.parametrize("changed", [{"n_people": 7}, {"contact_phone": "13800000007"}])
def test_what_was_changed_by_hand_meanwhile_is_not_written_over_unseen(
    client: Client, county: County, made: Fresh, changed: dict[str, object]
) -> None:
    """The counts are as they were: one door changes, only not from what was looked at."""
    admin, header = client("admin"), (*COLUMNS, "人口", "电话")
    building = "77" if "n_people" in changed else "78"
    first = sent(admin, csv(("锦绣花园", building, 1, 101, 3, "13800000003"), header=header)).json()
    assert commit(admin, first["digest"]).status_code == 200
    looked = sent(admin, csv(("锦绣花园", building, 1, 101, 9, "13800000009"), header=header)).json()
    with made.begin() as db:
        door_id = db.scalar(text("SELECT id FROM household WHERE building = :b"), {"b": building})
    assert admin.patch(f"/api/v1/households/{door_id}", json=changed).status_code == 200
    again = commit(admin, looked["digest"])
    assert (again.status_code, again.json()["code"]) == (409, "door_import_changed")
    now = again.json()["detail"]["account"]
    assert now["rows"] == looked["rows"]
    assert n_doors(made, id=door_id, n_people=9) == 0
    assert commit(admin, now["digest"]).json()["committed"] is True
    assert n_doors(made, id=door_id, n_people=9, contact_phone="13800000009") == 1


def test_a_manager_takes_in_doors_of_the_own_area_alone(client: Client, county: County, made: Fresh) -> None:
    header = ("社区", *COLUMNS, "户主")
    rows = (
        ("西社区", "锦绣花园", "81幢", 1, 101, "甲"),
        ("东社区", "同名苑", "82幢", 1, 101, "乙"),
        ("东社区", "同名苑", "1幢", "无", "001", "丙"),  # is there already
        ("东社区", "同名苑", "1幢", "无", "OO1", "丁"),  # looks like it
    )
    west = client("manager_west")
    told = sent(west, csv(*rows, header=header)).json()
    assert [(one["row"], one["code"]) for one in told["refused"]] == [(n, "door_outside") for n in (2, 3, 4)]
    assert (told["rows"]["new"], told["rows"]["same"], told["rows"]["changed"]) == (1, 0, 0)
    assert commit(west, told["digest"], skip=True).status_code == 200
    assert (n_doors(made, building="81"), n_doors(made, building="82")) == (1, 0)
    everything = sent(client("planner"), csv(*rows, header=header)).json()
    assert (everything["refused"], everything["rows"]["new"], everything["rows"]["changed"]) == ([], 2, 1)


def test_nobody_learns_which_doors_another_area_has(client: Client, county: County) -> None:
    """The first is stored there, the second is not; both are said to lie on the own ground."""
    west, compound = client("manager_west"), county.compounds["3"]
    rows = [("东社区", "同名苑", "1幢", "无", room, 110.005, 23.005) for room in ("001", "9099")]
    told = sent(west, csv(*rows, header=("社区", *COLUMNS, "经度", "纬度")), crs="wgs84").json()
    assert [(one["row"], one["code"]) for one in told["refused"]] == [(1, "door_outside"), (2, "door_outside")]
    place = {"lon": 110.005, "lat": 23.005, "crs": "wgs84"}
    for room in ("001", "9099"):
        door = {"compound": compound, "building": "1幢", "room": room, "location": place}
        answer = west.post("/api/v1/households", json=door)
        assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (403, "door_outside", None), room
    own = {"compound": "锦绣花园", "building": "79", "unit": "1", "room": "101"}
    mine = west.post("/api/v1/households", json=own).json()["id"]
    for room in ("001", "9099"):
        change = {"compound": compound, "building": "1幢", "unit": "无", "room": room, "location": place}
        answer = west.patch(f"/api/v1/households/{mine}", json=change)
        assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (403, "door_outside", None), room


@pytest.fixture
def over_both(county: County, made: Fresh) -> Iterator[None]:
    """A compound of the east reaches into the west meanwhile."""
    one = {"id": county.compounds["3"]}
    with made.begin(owner=True) as db:
        before = db.scalar(text("SELECT CAST(geom AS text) FROM compound WHERE id = :id"), one)
        wide = "UPDATE compound SET geom = ST_MakeEnvelope(110.004, 23.004, 110.036, 23.016, 4326) WHERE id = :id"
        db.execute(text(wide), one)
    yield
    with made.begin(owner=True) as db:
        db.execute(text("UPDATE compound SET geom = CAST(:g AS geometry) WHERE id = :id"), one | {"g": before})


@pytest.mark.usefixtures("over_both")
def test_no_look_alike_of_another_area_is_told(client: Client, county: County) -> None:
    """A door of the west in a compound whose other doors are in the east."""
    file = csv(("东社区", "同名苑", "1幢", "无", "OO1", 110.005, 23.005), header=("社区", *COLUMNS, "经度", "纬度"))
    told = {who: sent(client(who), file, crs="wgs84").json() for who in ("manager_west", "planner")}
    assert [one["rows"]["new"] for one in told.values()] == [1, 1]
    near = {who: [one for one in said["notes"] if "near" in one["code"]] for who, said in told.items()}
    assert (near["manager_west"], [one["code"] for one in near["planner"]]) == ([], ["door_near_stored"])


def test_a_manager_moves_no_door_out_of_the_own_area(client: Client, county: County, made: Fresh) -> None:
    header = (*COLUMNS, "经度", "纬度")
    rows = [("锦绣花园", "91幢", 1, 101, lon, 23.005) for lon in (110.005, 110.035)]
    west = client("manager_west")
    first = sent(west, csv(rows[0], header=header), crs="wgs84").json()
    assert commit(west, first["digest"]).status_code == 200
    moved = sent(west, csv(rows[1], header=header), crs="wgs84").json()
    assert [one["code"] for one in moved["refused"]] == ["door_outside"]
    assert sent(client("planner"), csv(rows[1], header=header), crs="wgs84").json()["rows"]["changed"] == 1


def test_each_sends_for_oneself(client: Client, county: County) -> None:
    one = sent(client("planner"), csv(("锦绣花园", 72, 1, 101))).json()
    other = client("manager_east")
    assert other.get(API).status_code == 404
    assert commit(other, one["digest"]).json()["code"] == "door_import_gone"


def maps() -> dict[str, bytes]:
    ring = [[110.012, 23.012], [110.0122, 23.012], [110.0122, 23.0122], [110.012, 23.012]]
    feature = {
        "type": "Feature",
        "properties": {"building": "7幢", "osm_id": "way/7"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    nodes = "".join(f'<node id="{n}" lon="{lon}" lat="{lat}"/>' for n, (lon, lat) in enumerate(ring[:3], start=1))
    way = '<way id="9"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="1"/><tag k="building" v="yes"/></way>'
    return {
        "houses.geojson": json.dumps({"type": "FeatureCollection", "features": [feature]}).encode(),
        "houses.osm": f'<?xml version="1.0"?><osm version="0.6">{nodes}{way}</osm>'.encode(),
    }


@pytest.mark.parametrize("name", ["houses.geojson", "houses.osm"])
def test_buildings_of_a_map_are_doors(client: Client, county: County, made: Fresh, tmp_path: Path, name: str) -> None:
    told = sent(client("admin"), maps()[name], name)
    assert told.status_code == 200, told.text
    path = tmp_path / name
    path.write_bytes(maps()[name])
    assert alike(told.json(), by_command(made, households.decoded(path, None, None, door_files.LIMITS)))
    assert told.json()["rows"]["new"] == 1


def test_a_text_table_says_what_the_command_says(client: Client, county: County, made: Fresh, tmp_path: Path) -> None:
    """The command streams it in its own process; here a child reads it, whatever its letters and packing."""
    header = ("小区", "楼栋", "单元", "房号", "人口", "经度", "纬度")
    rows = (
        ("锦绣花园", "61幢", 1, 101, 3, 110.005, 23.005),
        ("锦绣花园", "61幢", 1, 102, "两个", 110.005, 23.005),
        ("锦绣花园", "６１幢", 1, 103, "", "", ""),
        ("锦绣花园", "61幢", 1, "18层", 2, 110.005, 23.005),
        ("锦绣花园", "61幢"),
        ("锦绣花园", "61幢", 1, 104, 1, 230, 23.005),
        ("", "", "", "", "", "", ""),
    )
    plain = "\r\n".join(",".join(map(str, row)) for row in (("登记表",), header, *rows))
    file = tmp_path / "d.csv"
    for content in (plain.encode("gb18030"), gzip.compress(b"\xef\xbb\xbf" + plain.encode())):
        file.write_bytes(content)
        none = sent(client("planner"), content)
        assert (none.status_code, none.json()["code"]) == (422, "crs_missing")
        assert client("planner").get(API).json()["wrong"]["code"] == "crs_missing", "it waits for the word"
        told = sent(client("planner"), content, crs="gcj02").json()
        account = by_command(made, households.from_csv(file, Fields(), "gcj02"))
        told["refused"], account["refused"] = ({one["row"] for one in said["refused"]} for said in (told, account))
        told["notes"], account["notes"] = ({one["code"] for one in said["notes"]} for said in (told, account))
        for name in account.keys() - {"file"}:
            said = (
                [{key: one[key] for key in ("row", "code", "detail")} for one in told[name]]
                if name == "repaired"
                else told[name]
            )
            assert said == account[name], name
        assert told["crs"] == "gcj02"


def test_what_is_no_file_of_doors_is_refused(client: Client, county: County, monkeypatch: pytest.MonkeyPatch) -> None:
    planner = client("planner")
    monkeypatch.setattr(door_files, "LIMITS", replace(door_files.LIMITS, n_rows=3))
    many = csv(*(("锦绣花园", 1, 1, room) for room in range(5)))
    for content, name, query, status, code in (
        (b"%PDF-1.7", "d.xlsx", {}, 422, "format_unknown"),
        (b"PK\x03\x04 and no more", "d.xlsx", {}, 422, "zip_damaged"),
        (b"", "d.csv", {}, 422, "door_import_empty"),
        (many, "d.csv", {}, 422, "file_has_too_many_rows"),
        (csv(("锦绣花园", 1, 1, 101)), "d.csv", {"crs": "moon"}, 422, "crs_unknown"),
        (b"x" * (door_files.MOST_BYTES + 1), "d.csv", {}, 413, "door_import_large"),
        (b"x" * (door_files.MOST_FORM_BYTES + 1), "d.csv", {}, 413, "body_too_large"),
    ):
        answer = sent(planner, content, name, **query)
        assert (answer.status_code, answer.json()["code"]) == (status, code), name
    assert planner.get(API).status_code == 404


def test_one_at_a_time_for_each_account(client: Client, county: County, made: Fresh, folder: Path) -> None:
    file = csv(("锦绣花园", 73, 1, 101))
    told = sent(client("planner"), file).json()
    with made.begin() as db:
        account_id = db.scalar(text("SELECT id FROM account WHERE login = 'planner'"))
    with (folder / "uploads" / made.schema / f"{account_id}.lock").open("r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as another server process holds it
        refused = client("planner").get(f"{API}/refused")  # else its rows could be those of the next file
        for answer in (sent(client("planner"), file), commit(client("planner"), told["digest"]), refused):
            assert (answer.status_code, answer.json()["code"]) == (429, "door_import_running")
            assert int(answer.headers["retry-after"]) > 0
        assert sent(client("admin"), file).status_code == 200, "another account's is its own"
    assert commit(client("planner"), told["digest"]).status_code == 200


def test_a_look_waits_for_nobody_and_storing_does(
    address: str, client: Client, county: County, made: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody stores doors meanwhile."""
    monkeypatch.setattr(door_rows, "_TRIES", 1)
    with log_in(address, "manager_west") as browser:
        token = {"csrf_token": csrf(browser.cookies["gridsvc_session"])}
        with made.begin() as db:
            door_rows.hold(db)
            told = sent(browser, csv(("锦绣花园", 76, 1, 101)), "d.csv")
            assert told.status_code == 403, "the API wants the token in a header"
            headers = {"X-CSRF-Token": token["csrf_token"]}
            told = browser.post(API, files={"file": ("d.csv", csv(("锦绣花园", 76, 1, 101)))}, headers=headers)
            assert told.status_code == 200, told.text
            digest = {"digest": told.json()["digest"]}
            busy = browser.post(f"{PAGE}/store?lang=en", data=token | digest)
            assert (busy.status_code, 'href="#told"' in busy.text) == (409, True)
        assert browser.post(f"{PAGE}/store", data=token | digest).status_code == 303
        gone = browser.post(f"{PAGE}/drop", data=token), browser.post(f"{PAGE}/store?lang=en", data=token | digest)
        assert (gone[1].status_code, 'href="#f-file"' in gone[1].text) == (404, True)


def test_nobody_sends_a_byte_before_it_is_known_who(address: str, county: County) -> None:
    """The answer comes while the body is still owed."""
    where = urlsplit(address)
    for path, bearer, status in ((API, "", 401), (PAGE, "", 401), (API, county.tokens["worker"], 403)):
        head = f"POST {path} HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        head += f"Content-Length: 1000000\r\n{f'Authorization: Bearer {bearer}' if bearer else 'X: y'}\r\n\r\n"
        with socket.create_connection((where.hostname, where.port), timeout=60) as line:
            line.sendall(head.encode())
            assert f" {status} ".encode() in line.recv(200), (path, status)


def test_the_page_asks_twice(address: str, county: County, made: Fresh, tmp_path: Path) -> None:
    rows = (("锦绣花园", "74幢", 1, 101), ("锦绣花园", "74幢", 1, "18层"))
    with log_in(address, "manager_west") as browser:
        token = {"csrf_token": csrf(browser.cookies["gridsvc_session"])}
        files = {"file": ("住户 <b>.csv", csv(*rows))}
        assert browser.post(PAGE, files=files).status_code == 403, "no token, no file"
        empty = browser.post(f"{PAGE}?lang=en", data=token)
        assert (empty.status_code, 'href="#f-file"' in empty.text) == (422, True)
        looked = browser.post(f"{PAGE}?lang=en", data=token, files=files)
        assert (looked.status_code, looked.headers["location"]) == (303, f"{PAGE}#told")
        page = browser.get(f"{PAGE}?lang=en").text
        assert counts(page) == {"Rows read": 2, "New": 1, "Changed": 0, "The same": 0, "Refused": 1}
        assert ("住户 &lt;b&gt;.csv" in page, "<td>18层</td>" in page) == (True, True)
        assert "第 2 行" in browser.get(f"{PAGE}?lang=zh").text, "in the other language it is the same file"
        (digest,) = set(re.findall(r'name="digest" value="([0-9a-f]{64})"', page))
        kept = browser.post(f"{PAGE}/store?lang=en", data=token | {"digest": digest})
        assert (kept.status_code, 'href="#f-skip"' in kept.text) == (422, True)
        other = browser.post(f"{PAGE}/store?lang=en", data=token | {"digest": "0" * 64, "skip": "true"})
        assert (other.status_code, 'href="#told"' in other.text) == (409, True)
        assert n_doors(made, building="74") == 0
        done = browser.post(f"{PAGE}/store?lang=en", data=token | {"digest": digest, "skip": "true"})
        assert done.status_code == 303, done.text
        after = browser.get(f"{PAGE}?lang=en").text
        assert ("Stored: 1 new, 0 changed." in after, "Step 2" in after) == (True, False)
        assert n_doors(made, building="74") == 1
        assert browser.get(f"{PAGE}/refused").status_code == 200
        assert browser.post(f"{PAGE}/drop", data=token).status_code == 303
        assert "Stored:" not in browser.get(f"{PAGE}?lang=en").text


def test_the_page_says_of_the_dirty_workbook_what_the_command_says(
    address: str, county: County, made: Fresh, tmp_path: Path
) -> None:
    file = workbook(tmp_path / "d.xlsx")
    account = by_command(made, households.from_workbook(file, Fields(), None, None))
    with log_in(address, "planner") as browser:
        token = {"csrf_token": csrf(browser.cookies["gridsvc_session"])}
        browser.post(f"{PAGE}?lang=en", data=token, files={"file": ("d.xlsx", file.read_bytes())})
        page = browser.get(f"{PAGE}?lang=en").text
        browser.post(f"{PAGE}/drop", data=token)
    names = ("read", "new", "changed", "same", "refused", "repaired")
    assert list(counts(page).values()) == [account["rows"][name] for name in names]
    refused = page.partition('id="refused"')[2].partition("</table>")[0]
    assert re.findall(r">Row (\d+)</td>", refused) == [str(one["row"]) for one in account["refused"]]


def test_the_page_tells_a_wrong_file_at_its_field(address: str, county: County) -> None:
    located = csv(("锦绣花园", 1, 1, 101, 110.005, 23.005), header=(*COLUMNS, "经度", "纬度"))
    with log_in(address, "manager_west") as browser:
        token = {"csrf_token": csrf(browser.cookies["gridsvc_session"])}
        for content, more, field, words in (
            (located, {"crs": "wgs84", "other_crs": "EPSG:4549"}, "f-crs", "One coordinate system only"),
            (located, {"other_crs": "moon"}, "f-crs", "moon"),
            (b"%PDF-1.7", {"crs": "wgs84"}, "f-file", "d.csv"),
            (located, {}, "a-crs", "never guessed"),
        ):
            answer = browser.post(f"{PAGE}?lang=en", data=token | more, files={"file": ("d.csv", content)})
            assert answer.status_code == 422
            (said,) = re.findall(rf'<li><a href="#{field}">([^<]+)</a></li>', answer.text)
            assert words in said
        assert (
            'value="moon"'
            in browser.post(
                f"{PAGE}?lang=en", data=token | {"other_crs": "moon"}, files={"file": ("d.csv", located)}
            ).text
        )
