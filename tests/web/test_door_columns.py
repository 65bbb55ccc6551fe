"""Which column of a file of doors is which, said after it was sent: by API and page, of the same waiting file."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from geodata.layer import Fields
from gridsvc.imports import households
from gridsvc.imports.fields import FIELDS_OF
from gridsvc.web import door_files
from tests.conftest import NOW, Fresh
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
        assert told.keys() - {"crs", "sheet", "kind", "lang"} == {f"{role}_field" for role in FIELDS_OF["households"]}
        assert "(室, 号)" in told["room_field"], "in the words of the command"


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
