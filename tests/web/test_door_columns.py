"""Which column of a file of doors is which, said after it was sent: by API and page, of the same waiting file."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import httpx
import openpyxl
import pytest
import shapely
from sqlalchemy import text

from geodata.layer import Fields
from gridsvc.imports import households
from gridsvc.imports.fields import FIELDS_OF
from gridsvc.web import door_files
from tests.conftest import NOW, Fresh
from tests.geodata import making
from tests.web.conftest import Client
from tests.web.county import County
from tests.web.test_access import csrf, log_in
from tests.web.test_door_import import API, COLUMNS, PAGE, alike, by_command, commit, csv, maps, n_doors, sent

HEADER = ("大院", "楼", "门洞", "户", "当家人", "联络方式", "备注")
ROWS = (
    ("锦绣花园", "51幢", 1, 101, "王二", "13800000051", "好"),
    ("锦绣花园", "51幢", 1, 102, "李四", "13800000052", ""),
    ("锦绣花园", "51幢", 1, "18层", "李四", "13800000052", ""),
)
# The same words for the command (--compound-field 大院) and the API (compound_field=大院).
NAMED = {
    "compound": "大院",
    "building": "楼",
    "entrance": "门洞",
    "room": "户",
    "contact": "当家人",
    "phone": "联络方式",
}


def named(**changed: str) -> dict[str, str]:
    return {f"{role}_field": column for role, column in (NAMED | changed).items()}


def again(client: httpx.Client, digest: str, **query: str) -> httpx.Response:
    return client.post(f"{API}/again", params={"lang": "en"} | query, json={"digest": digest})


def kept(client: httpx.Client) -> dict[str, Any]:
    """The waiting file's account, whatever the moment until which it waits."""
    told: dict[str, Any] = client.get(API).json()
    return told


def test_a_file_of_other_column_names_is_taken_without_being_sent_again(
    client: Client, county: County, made: Fresh, tmp_path: Any
) -> None:
    file = csv(*ROWS, header=HEADER)
    planner = client("planner")
    first = sent(planner, file).json()
    assert (first["rows"]["refused"], first["lacking"], first["columns"]) == (3, ["which", "where"], {})
    shown = {one["column"]: one["samples"] for one in first["file_columns"]}
    assert shown["当家人"] == ["王**", "李**"], "different texts, each once, whose they are hidden"
    assert (shown["联络方式"], shown["大院"], shown["户"]) == (["138**"], ["锦**"], ["101", "102", "18**"])
    told = again(planner, first["digest"], **named()).json()
    assert (told["rows"]["new"], told["rows"]["refused"], told["lacking"]) == (2, 1, [])
    assert told["columns"] == NAMED
    assert told["how"]["fields"] == NAMED
    assert (told["sha256"], told["until"]) == (first["sha256"], first["until"])
    assert told["digest"] != first["digest"]
    of = {one["column"]: (one["fields"], one["samples"]) for one in told["file_columns"]}
    assert of["大院"] == (["compound"], ["锦绣花园"]), "a place is shown whole once it is known to be one"
    assert (of["当家人"], of["备注"]) == ((["contact"], ["王**", "李**"]), ([], ["好**"]))
    assert "王二" not in json.dumps(told, ensure_ascii=False)
    path = tmp_path / "d.csv"
    path.write_bytes(file)
    assert alike(told, by_command(made, households.decoded(path, None, None, door_files.LIMITS, Fields(**NAMED))))
    refused = planner.get(f"{API}/refused").content.decode("utf-8-sig").splitlines()
    assert refused[1].startswith("锦绣花园,51幢,1,18层,李四"), "the sender's own table"
    assert commit(planner, first["digest"]).json()["code"] == "door_import_other", "what was seen first counts no more"
    assert commit(planner, told["digest"], skip=True).json()["committed"] is True
    assert n_doors(made, building="51", contact_name="王二", contact_phone="13800000051") == 1
    assert n_doors(made, building="51") == 2


def test_titles_above_the_columns_are_none(client: Client, county: County) -> None:
    """A few cells are told by their number; many only by the columns that are named."""
    planner, rows = client("planner"), [(where, "59幢", *rest) for where, _, *rest in ROWS]
    few = csv(*rows, header=("登记表", "", "", "", "", "", "2026年\n" + ",".join(HEADER)))
    assert [one["column"] for one in sent(planner, few).json()["file_columns"]] == list(HEADER)
    many = csv(*rows, header=("登记表", "第一页", "某社区", "某人", "2026年", "", "\n" + ",".join(HEADER)))
    told = sent(planner, many, **named()).json()
    assert (told["columns"], told["rows"]["new"], told["rows"]["refused"]) == (NAMED, 2, 1)
    refused = planner.get(f"{API}/refused").content.decode("utf-8-sig").splitlines()
    assert refused[0] == ",".join((*HEADER, "错误原因"))


def test_a_field_that_is_not_in_the_file_is_not_looked_for(client: Client, county: County) -> None:
    """A column of a usual name that means something else."""
    file = csv(("锦绣花园", "52幢", 1, 101, "两个"), header=(*COLUMNS, "人口"))
    planner = client("planner")
    first = sent(planner, file).json()
    assert [one["code"] for one in first["refused"]] == ["count_wrong"]
    told = again(planner, first["digest"], people_field="").json()
    assert ("people" in told["columns"], told["rows"]["new"], told["rows"]["refused"]) == (False, 1, 0)
    at_once = sent(planner, file, people_field="").json()
    assert (at_once["rows"], at_once["columns"]) == (told["rows"], told["columns"])


def test_positions_are_named_with_their_system(client: Client, county: County) -> None:
    file = csv(("锦绣花园", "53幢", 1, 101, 110.005, 23.005), header=(*COLUMNS, "东经", "北纬"))
    planner = client("planner")
    first = sent(planner, file).json()
    columns = {"lon_field": "东经", "lat_field": "北纬"}
    assert again(planner, first["digest"], **columns).json()["code"] == "crs_missing"
    assert kept(planner) == first
    told = again(planner, first["digest"], crs="gcj02", **columns).json()
    assert (told["crs"], told["positions"]["door"]) == ("gcj02", 1)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        (named(room="楼上"), 422, "field_missing"),
        (named(phone="当家人"), 422, "field_twice"),
        (named(phone=" 当家人 "), 422, "field_twice"),  # the same column in other signs
        (named() | {"state_field": "备注"}, 400, "query_unknown"),  # a field of reports
        (named() | {"crs": "moon"}, 422, "crs_unknown"),
        (named() | {"room_field": "x" * 1001}, 422, "request_misfit"),
    ],
)
def test_a_wrong_choice_changes_nothing(
    client: Client, county: County, query: dict[str, str], status: int, code: str
) -> None:
    planner = client("planner")
    first = sent(planner, csv(*ROWS, header=HEADER)).json()
    before = again(planner, first["digest"], **named(contact="备注")).json()
    answer = again(planner, before["digest"], **query)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert kept(planner) == before
    assert commit(planner, before["digest"]).json()["code"] == "door_import_refused", "it still waits as it was"


def test_only_the_own_file_that_waits_is_looked_at_again(client: Client, county: County, folder: Any) -> None:
    planner, other = client("planner"), client("manager_east")
    assert other.delete(API).status_code == 200
    first = sent(planner, csv(("锦绣花园", "54幢", 1, 101), header=HEADER[:4])).json()
    theirs = again(other, first["digest"], **named())
    assert (theirs.status_code, theirs.json()["code"]) == (404, "door_import_gone")
    assert again(planner, "0" * 64).json()["code"] == "door_import_other"
    where = {name: column for name, column in named().items() if column in HEADER[:4]}
    done = again(planner, first["digest"], **where).json()
    assert commit(planner, done["digest"]).json()["committed"] is True
    stored = again(planner, done["digest"])
    assert (stored.status_code, stored.json()["code"]) == (409, "door_import_stored")
    assert kept(planner)["committed"] is True
    (about,) = (one for one in folder.glob("uploads/*/*.json") if json.loads(one.read_text())["seen"] == done["digest"])
    over = json.loads(about.read_text())
    older = over | {"told": {name: said for name, said in over["told"].items() if name != "file_columns"}}
    about.write_text(json.dumps(older))
    assert again(planner, done["digest"]).json()["code"] == "door_import_gone", "of an earlier version"
    over["at"], over["stored"] = (NOW - timedelta(days=400)).isoformat(), False
    about.write_text(json.dumps(over))
    expired = again(planner, done["digest"])
    assert (expired.status_code, expired.json()["code"]) == (404, "door_import_gone")


def test_the_choice_is_offered_for_the_next_file_with_the_same_columns(client: Client, county: County) -> None:
    header = (*HEADER, "春")
    planner = client("planner")
    first = sent(planner, csv(("锦绣花园", "55幢", 1, 101, "", "", "", ""), header=header)).json()
    again(planner, first["digest"], **named())
    first = sent(planner, csv(("锦绣花园", "55幢", 1, 101, "", "", "", ""), header=header)).json()
    assert first["offered"] is None, "it was not stored"
    told = again(planner, first["digest"], **named()).json()
    assert commit(planner, told["digest"]).json()["offered"] is None
    second = sent(planner, csv(("锦绣花园", "55幢", 1, 102, "", "", "", ""), header=header)).json()
    assert (second["offered"], second["columns"]) == (NAMED, {}), "offered, and not taken unasked"
    assert again(planner, second["digest"], **named()).json()["offered"] is None
    assert sent(planner, csv(("锦绣花园", "55幢", 1), header=(*COLUMNS[:3],))).json()["offered"] is None
    elsewhere = client("admin")
    assert sent(elsewhere, csv(("锦绣花园", "55幢", 1, 102, "", "", "", ""), header=header)).json()["offered"] is None


def test_a_map_says_its_columns_where_they_are_the_senders(client: Client, county: County) -> None:
    planner = client("planner")
    told = sent(planner, maps()["houses.geojson"], "d.geojson", building_field="osm_id", code_field="").json()
    assert (told["columns"], told["lacking"]) == ({"building": "osm_id"}, [])
    assert [one["column"] for one in told["file_columns"]] == ["building", "osm_id"]
    osm = sent(planner, maps()["houses.osm"], "d.osm")
    assert osm.json()["file_columns"] == []
    wrong = again(planner, osm.json()["digest"], building_field="osm_id")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "field_fixed")


def test_the_api_has_every_field_of_the_command_and_no_other(client: Client, county: County) -> None:
    paths = client("planner").get("/openapi.json").json()["paths"]
    for path in (API, f"{API}/again"):
        told = {one["name"]: one["description"] for one in paths[path]["post"]["parameters"] if one["in"] == "query"}
        assert told.keys() - {"crs", "sheet", "kind", "header_row", "lang"} == {
            f"{role}_field" for role in FIELDS_OF["households"]
        }
        assert "(室, 号)" in told["room_field"], "in the words of the command"


def test_a_file_waits_for_its_coordinate_system(client: Client, county: County) -> None:
    """It is not taken without its positions, and not in a system that nobody has named."""
    planner = client("planner")
    file = csv(("锦绣花园", "61幢", 1, 101, 110.005, 23.005), header=(*COLUMNS, "经度", "纬度"))
    for content, name in ((file, "d.csv"), (as_xlsx(file), "d.xlsx")):
        first = sent(planner, content, name)
        assert (first.status_code, first.json()["code"]) == (422, "crs_missing")
        waits = kept(planner)
        assert (waits["digest"], waits["wrong"]["code"]) == (first.json()["detail"]["digest"], "crs_missing")
        assert waits["wrong"]["message"] == first.json()["message"]
        of = {one["column"]: one["fields"] for one in waits["file_columns"]}
        assert (of["经度"], of["纬度"], of["房号"]) == (["lon"], ["lat"], ["room"])
        stored = commit(planner, waits["digest"], skip=True)
        assert (stored.status_code, stored.json()["code"]) == (409, "door_import_waits")
        assert planner.get(f"{API}/refused").json()["code"] == "door_import_all_right"
        assert again(planner, waits["digest"]).json()["code"] == "crs_missing"
        assert kept(planner) == waits
        told = again(planner, waits["digest"], crs="gcj02").json()
        at_once = sent(planner, content, name, crs="gcj02").json()
        assert (told["positions"]["door"], told["crs"], told["rows"]) == (1, "gcj02", at_once["rows"])
        assert "wrong" not in told


def test_a_map_without_its_system_waits_too(client: Client, county: County, tmp_path: Path) -> None:
    planner = client("planner")
    house = gpd.GeoDataFrame({"name": ["a"]}, geometry=[shapely.box(110.0049, 23.0049, 110.0051, 23.0051)], crs=4326)
    making.as_shp(tmp_path / "h.shp", house, prj=False)
    first = sent(planner, making.as_shp_zip(tmp_path / "h.zip", tmp_path / "h.shp").read_bytes(), "h.zip")
    assert (first.json()["code"], kept(planner)["file_columns"]) == ("crs_missing", [])
    assert 'id="a-crs"' in planner.get("/households/import").text
    assert again(planner, first.json()["detail"]["digest"], crs="wgs84").json()["rows"]["new"] == 1


def test_the_row_of_the_titles_is_said_of_the_waiting_file(client: Client, county: County) -> None:
    planner = client("planner")
    rows = (("锦绣花园", "62幢", 1, 101), ("锦绣花园", "62幢", 1, "18层"))
    file = csv(("甲", "乙", "丙", "丁"), COLUMNS, *rows, header=("小区", "填表人", "某某", ""))
    first = sent(planner, file).json()
    assert [one["column"] for one in first["file_columns"]] == ["小区", "填表人", "某某"], (
        "its first row looks like one"
    )
    told = again(planner, first["digest"], header_row="3").json()
    assert (told["columns"].keys(), told["rows"]["new"], told["how"]["header_row"]) == (
        {"compound", "building", "entrance", "room"},
        1,
        3,
    )
    assert [one["row"] for one in told["refused"]] == [2], "counted from the one below the titles"
    refused = planner.get(f"{API}/refused").content.decode("utf-8-sig").splitlines()
    assert (refused[0], refused[1][:14]) == (",".join((*COLUMNS, "错误原因")), "锦绣花园,62幢,1,18层")
    for header_row, status, code in (("99", 422, "request_misfit"), ("7", 422, "header_row_missing")):
        answer = again(planner, told["digest"], header_row=header_row)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert kept(planner) == told
    assert sent(planner, file, header_row="3").json()["rows"] == told["rows"]
    assert sent(planner, maps()["houses.geojson"], "d.geojson", header_row="1").json()["code"] == "header_row_fixed"


def test_a_first_row_that_is_somebodys_is_not_shown(client: Client, county: County) -> None:
    planner = client("planner")
    file = csv(("锦绣花园", "63幢", 1, 102, "李四", ""), header=("锦绣花园", "63幢", "1", "101", "王二", "13800000063"))
    for content, name in ((file, "d.csv"), (as_xlsx(file), "d.xlsx")):
        first = sent(planner, content, name)
        assert (first.status_code, first.json()["code"]) == (422, "header_row_is_data")
        waits = kept(planner)
        assert [one["column"] for one in waits["file_columns"]] == [f"column {place}" for place in range(1, 7)]
        assert waits["file_columns"][4]["samples"] == ["王**", "李**"]
        for said in (first.text, json.dumps(waits, ensure_ascii=False)):
            assert ("王二" in said, "138000" in said) == (False, False)
        query = {
            f"{role}_field": f"column {n}" for n, role in enumerate(("compound", "building", "entrance", "room"), 1)
        }
        told = again(planner, waits["digest"], header_row="0", **query).json()
        assert (told["rows"]["read"], told["rows"]["new"]) == (2, 2), "the first row is a row"
        wrong = again(planner, told["digest"], header_row="0", **(query | {"people_field": "column 5"})).json()
        planner_says = planner.get(API, params={"lang": "zh"}).json()["refused"]
        assert ({one["detail"]["column"] for one in planner_says}, len(wrong["refused"])) == ({"column 5"}, 2)
        assert all("第 5 列" in one["message"] and "column" not in one["message"] for one in planner_says)


def test_a_table_of_very_many_columns_is_refused(client: Client, county: County) -> None:
    planner = client("planner")
    header = (*COLUMNS, *(f"栏{place}" for place in range(197)))
    file = csv(("锦绣花园", "64幢", 1, 101, *range(197)), header=header)
    for content, name, code in (
        (file, "d.csv", "file_has_too_many_columns"),
        (as_xlsx(file), "d.xlsx", "sheet_too_wide"),
    ):
        answer = sent(planner, content, name)
        assert (answer.status_code, answer.json()["code"], "200" in answer.json()["message"]) == (422, code, True)
    fewer = csv(("锦绣花园", "64幢", 1, 101, *range(196)), header=header[:-1])
    assert len(sent(planner, fewer).json()["file_columns"]) == 200


def as_xlsx(content: bytes, *sheets: str) -> bytes:
    """The same table as a workbook, once for each sheet, the last one alone as it is."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name in sheets or ("表",):
        sheet = book.create_sheet(name)
        lines = content.decode().splitlines() if name == (sheets or ("表",))[-1] else ["填表说明", "请按行填写"]
        for line in lines:
            sheet.append(line.split(","))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def columns_of(page: str) -> dict[str, list[str]]:
    """The table of the file's own columns: what stands in each row."""
    body = page.partition('id="file-columns"')[2].partition("<tbody>")[2].partition("</tbody>")[0]
    rows = [
        [re.sub("<[^>]+>", "", cell) for cell in re.findall("<t[hd][^>]*>(.*?)</t[hd]>", row)]
        for row in body.split("<tr>")
    ]
    return {row[0]: row[1:] for row in rows if row}


def picked(page: str) -> dict[str, str]:
    """What is chosen in the form of columns."""
    found = {}
    for role, options in re.findall(r'<select id="a-(\w+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        found[role] = next(iter(re.findall(r'<option value="([^"]*)" selected>', options)), "")
    return {role: column for role, column in found.items() if column}


def test_the_page_lets_the_columns_be_chosen_of_the_file_that_waits(address: str, county: County, made: Fresh) -> None:
    header = ("大院", "楼", "门洞", "户", "当家人", "联络方式", '备"注\n<b>')
    rows = [("锦绣花园", "56幢", 1, 101, "王二", "13800000056", "好"), ("锦绣花园", "56幢", 1, 102, "", "", "")]
    content = csv(*rows, header=(*header[:6], '"备""注\n<b>"'))
    with log_in(address, "manager_west") as browser:
        token = {"csrf_token": csrf(browser.cookies["gridsvc_session"])}
        browser.post(f"{PAGE}?lang=en", data=token, files={"file": ("住户20261101.csv", content)})
        page = browser.get(f"{PAGE}?lang=en").text
        assert '<details class="block no-paper" id="columns" open>' in page
        assert page.count("No column says") == 2
        assert columns_of(page)["当家人"] == ["王**", "not used"]
        assert ("王二" in page, "13800000056" in page, "备&#34;注\n&lt;b&gt;" in page) == (False, False, True)
        assert picked(page) == {}
        (digest,) = set(re.findall(r'name="digest" value="([0-9a-f]{64})"', page))
        twice = token | {"digest": digest, "crs": ""} | named(phone="当家人")
        wrong = browser.post(f"{PAGE}/again?lang=en", data=twice)
        (said,) = re.findall(r'<li><a href="#a-phone">([^<]+)</a></li>', wrong.text)
        assert (wrong.status_code, "contact" in said, "phone" in said) == (422, True, True)
        assert picked(wrong.text) == NAMED | {"phone": "当家人"}, "what was chosen is still there"
        for more, status, at in (
            ({"room_field": "楼上"}, 422, "a-room"),
            ({"crs": "moon"}, 422, "a-crs"),
            ({"state_field": "户"}, 422, "told"),
            ({"digest": "0" * 64}, 409, "told"),
        ):
            wrong = browser.post(f"{PAGE}/again?lang=en", data=token | {"digest": digest} | named() | more)
            assert (wrong.status_code, f'<li><a href="#{at}">' in wrong.text) == (status, True), more
        other = browser.post(
            f"{PAGE}/again?lang=en", data=token | {"digest": "0" * 64, "kind": "shop", "sheet": "X"} | named()
        )
        assert ('name="sheet" value=""' in other.text, 'name="kind" value=""' in other.text) == (True, True)
        assert picked(other.text) == {}, "what was chosen for another file is not for this one"
        assert browser.post(f"{PAGE}/again", data={"digest": digest} | named()).status_code == 403, "no token"
        # a browser says the end of a line in its own way
        right = named() | {"name_field": header[6].replace("\n", "\r\n"), "target_field": ""}
        looked = browser.post(f"{PAGE}/again?lang=en", data=token | {"digest": digest} | right)
        assert (looked.status_code, looked.headers["location"]) == (303, f"{PAGE}#told")
        page = browser.get(f"{PAGE}?lang=en").text
        assert '<details class="block no-paper" id="columns">' in page, "nothing is left to say"
        assert picked(page).keys() == {*NAMED, "name"}
        assert columns_of(page)["大院"] == ["锦绣花园", "compound"]
        (again_digest,) = set(re.findall(r'name="digest" value="([0-9a-f]{64})"', page))
        done = browser.post(f"{PAGE}/store?lang=en", data=token | {"digest": again_digest})
        assert done.status_code == 303, done.text
        assert n_doors(made, building="56") == 2
        with made.begin() as db:
            door = db.scalar(text("SELECT min(id) FROM household WHERE building = '56'"))
        (entry,) = browser.get(f"/api/v1/households/{door}").json()["log"]
        assert (entry["action"], entry["note"]) == ("added", "住户20261101.csv"), "a file's name is nobody's number"
        assert 'id="columns"' not in browser.get(f"{PAGE}?lang=en").text, "what is stored is not looked at again"
        late = browser.post(f"{PAGE}/again?lang=en", data=token | {"digest": again_digest} | named())
        assert (late.status_code, "stored already" in late.text) == (409, True)
        browser.post(f"{PAGE}?lang=zh", data=token, files={"file": ("e.csv", content)})
        offered = browser.get(f"{PAGE}?lang=zh").text
        assert ("您以前入册过列名相同的文件" in offered, picked(offered).keys()) == (True, {*NAMED, "name"})
        assert columns_of(offered)["大院"] == ["锦**", "没有用到"], "it does not count yet"
        browser.post(f"{PAGE}/drop", data=token)
        gone = browser.post(f"{PAGE}/again?lang=en", data=token | {"digest": again_digest} | named())
        assert (gone.status_code, 'href="#f-file"' in gone.text) == (404, True)


def test_the_page_asks_for_what_is_wanting_of_the_file_that_waits(address: str, county: County, made: Fresh) -> None:
    """Its coordinate system, the row of its titles, its sheet: each is said beside the columns, of the same file."""
    header = (*COLUMNS, "经度", "纬度")
    content = csv(("锦绣花园", "57幢", 1, 101, 110.005, 23.005), header=header)
    titled = b"\n".join((b",".join(["小区".encode(), b"a", b"b", b"c"]), b"d,e,f,g", content))
    with log_in(address, "manager_west") as browser:
        token = {"csrf_token": csrf(browser.cookies["gridsvc_session"])}

        def send(file: bytes) -> str:
            answer = browser.post(f"{PAGE}?lang=en", data=token, files={"file": ("d.xlsx", file)})
            return answer.text if answer.status_code == 422 else browser.get(f"{PAGE}?lang=en").text

        def choose(page: str, **more: str) -> httpx.Response:
            hidden = dict(re.findall(r'<input type="hidden" name="(digest|columns_of|kind)" value="([^"]*)"', page))
            chosen = picked(page)  # a browser sends each list, an empty word where nothing is chosen
            fields = {f"{role}_field": chosen.get(role, "") for role in FIELDS_OF["households"]}
            return browser.post(f"{PAGE}/again?lang=en", data=token | hidden | fields | more)

        def summary(page: str) -> list[str]:
            return re.findall(r'<li><a href="#([\w-]+)">', page)

        first = send(as_xlsx(content))
        for page in (first, browser.get(f"{PAGE}?lang=en").text):
            assert (summary(page), "it waits for your word" in page) == (["a-crs"], True)
            assert (picked(page)["lon"], picked(page)["room"]) == ("经度", "房号"), "what is recognised is chosen"
            assert 'action="/households/import/store"' not in page
        assert summary(choose(first).text) == ["a-crs"], "nothing is guessed"
        both = choose(first, crs="wgs84", other_crs="EPSG:4549", header_row="1", room_field="").text
        assert (summary(both), picked(both)["crs"], "room" in picked(both)) == (["a-crs"], "wgs84", False)
        assert ('value="EPSG:4549"' in both, 'name="header_row" value="1"' in both) == (True, True), "nothing is lost"
        assert choose(first, lon_field="", lat_field="").status_code == 303, "a table's positions may be left out"
        assert "lon" not in picked(browser.get(f"{PAGE}?lang=en").text)
        first = send(as_xlsx(content))
        assert choose(first, other_crs="EPSG:4490").status_code == 303
        page = browser.get(f"{PAGE}?lang=en").text
        assert ('value="EPSG:4490"' in page, summary(page)) == (True, [])

        page = send(as_xlsx(titled))
        assert [*columns_of(page)] == ["小区", "a", "b", "c"]
        for typed in ("x", "51"):
            slip = choose(page, header_row=typed, other_crs="EPSG:4490").text
            assert summary(slip) == ["a-header_row"]
            assert (f'name="header_row" value="{typed}"' in slip, 'value="EPSG:4490"' in slip) == (True, True)
        assert choose(page, header_row="3", crs="wgs84").status_code == 303
        page = browser.get(f"{PAGE}?lang=en").text
        assert columns_of(page)["房号"][1] == "room", "known by its usual name, whatever was chosen of the other row"
        assert ('name="header_row" value="3"' in page, picked(page)["crs"]) == (True, "wgs84"), "as it is taken now"
        # the same row once more: then what is chosen counts
        assert choose(page, header_row="3", crs="wgs84", room_field="").status_code == 303
        assert "room" not in picked(browser.get(f"{PAGE}?lang=en").text)

        page = send(as_xlsx(content, "说明", "数据"))
        assert re.findall(r'<option value="([^"]*)"[^>]*>(说明|数据)<', page) == [("", "说明"), ("数据", "数据")]
        assert choose(page, sheet="数据", crs="wgs84").status_code == 303
        page = browser.get(f"{PAGE}?lang=zh").text
        assert ('<option value="数据" selected>' in page, columns_of(page)["房号"][1]) == (True, "房号")
        browser.post(f"{PAGE}/drop", data=token)


def test_sheet_and_kind_that_came_with_the_file_stay_when_its_columns_are_chosen(
    address: str, client: Client, county: County
) -> None:
    content = as_xlsx(csv(ROWS[0], header=HEADER), "说明", "商铺")
    own = {"sheet": "商铺", "kind": "shop"}

    def form(page: str) -> dict[str, str]:
        """What a browser sends of it beside the columns."""
        hidden = r'<input type="hidden" name="(digest|columns_of|sheet|kind)" value="([^"]*)"'
        found = dict(re.findall(hidden, page[page.index('id="columns"') :]))
        return found | {name: picked(page).get(name, "") for name in ("sheet",) if 'id="a-sheet"' in page}

    def kept_of(page: str) -> dict[str, str]:
        return {name: form(page)[name] for name in own}

    with log_in(address, "manager_west") as browser:
        token = {"csrf_token": csrf(browser.cookies["gridsvc_session"])}
        looked = browser.post(PAGE, data=token | own, files={"file": ("d.xlsx", content)})
        assert looked.status_code == 303, looked.text
        page = browser.get(PAGE).text
        assert kept_of(page) == own
        wrong = browser.post(f"{PAGE}/again", data=token | form(page) | named(room="楼上"))
        assert (wrong.status_code, kept_of(wrong.text)) == (422, own)
        assert browser.post(f"{PAGE}/again", data=token | form(page) | named()).status_code == 303
        told = kept(client("manager_west"))
        assert ({name: told["how"][name] for name in own}, told["columns"]) == (own, NAMED)
        assert kept_of(browser.get(PAGE).text) == own
        browser.post(f"{PAGE}/drop", data=token)
