"""A file of doors that waits for a word: which one, of which sheet or layer, and for whom it waits."""

from __future__ import annotations

import io
import re
from pathlib import Path

import geopandas as gpd
import openpyxl
import pyogrio
import shapely

from gridsvc import accounts
from tests.conftest import Fresh
from tests.geodata import making
from tests.web.conftest import Client
from tests.web.county import PASSWORD, WEST, County
from tests.web.test_access import csrf, log_in
from tests.web.test_door_columns import again, as_xlsx, columns_of, kept
from tests.web.test_door_import import API, COLUMNS, PAGE, commit, csv, sent


def test_a_file_waits_for_the_row_of_its_titles_and_for_another_system(
    client: Client, county: County, tmp_path: Path
) -> None:
    """What was said of it may be what is wrong."""
    planner = client("planner")
    file = csv(("锦绣花园", "65幢", 1, 101), header=COLUMNS)
    for content, name in ((file, "d.csv"), (as_xlsx(file), "d.xlsx")):
        first = sent(planner, content, name, header_row="9")
        assert (first.status_code, first.json()["code"]) == (422, "header_row_missing")
        waits = kept(planner)
        assert (waits["wrong"]["code"], len(waits["file_columns"]), waits["how"]["header_row"]) == (
            "header_row_missing",
            4,
            0,
        )
        assert again(planner, waits["digest"], header_row="1").json()["rows"]["new"] == 1
    house = gpd.GeoDataFrame({"name": ["a"]}, geometry=[shapely.box(110.0049, 23.0049, 110.0051, 23.0051)], crs=4326)
    path = making.as_gpkg(tmp_path / "h.gpkg", house)
    first = sent(planner, path.read_bytes(), "h.gpkg", crs="EPSG:4549")
    assert (first.status_code, first.json()["code"]) == (422, "crs_conflict")
    waits = kept(planner)
    assert (waits["wrong"]["code"], [one["column"] for one in waits["file_columns"]]) == (
        "crs_conflict",
        ["fid", "name"],
    )
    assert again(planner, waits["digest"]).json()["rows"]["new"] == 1, "in the one that the file names"


def test_a_layer_of_several_is_chosen_of_the_file_that_waits(
    address: str, client: Client, county: County, tmp_path: Path
) -> None:
    path, names = tmp_path / "h.gpkg", ["一, 二", "houses"]
    for n, name in enumerate(names):
        square = shapely.box(110.0049 + n / 5000, 23.0049, 110.0051 + n / 5000, 23.0051)
        layer = gpd.GeoDataFrame({"building": [f"{66 + n}幢"] * (n + 1)}, geometry=[square] * (n + 1), crs=4326)
        pyogrio.write_dataframe(layer, path, driver="GPKG", layer=name, append=path.exists())
    planner = client("planner")
    for query, code in (({}, "gpkg_several_layers"), ({"sheet": "没有"}, "gpkg_layer_missing")):
        first = sent(planner, path.read_bytes(), "h.gpkg", **query)
        assert (first.status_code, first.json()["code"], first.json()["detail"]["names"]) == (422, code, names)
        assert (kept(planner)["sheets"], kept(planner)["wrong"]["code"]) == (names, code)
    told = again(planner, kept(planner)["digest"], sheet=names[1]).json()
    assert (told["rows"]["read"], told["sheets"], told["columns"]) == (2, names, {"building": "building"})
    with log_in(address, "manager_west") as browser:
        token = {"csrf_token": csrf(browser.cookies["gridsvc_session"])}
        waits = browser.post(f"{PAGE}?lang=en", data=token, files={"file": ("h.gpkg", path.read_bytes())}).text
        assert re.findall(r'<li><a href="#([\w-]+)">', waits) == ["a-sheet"]
        options = r'<option value="([^"]*)"( selected)?>(?:please choose|一, 二|houses)'
        assert re.findall(options, waits) == [("", ""), (names[0], ""), (names[1], "")]
        assert 'id="a-header_row"' not in waits, "a map has none"
        hidden = dict(re.findall(r'<input type="hidden" name="(digest|kind)" value="([^"]*)"', waits))
        none = browser.post(f"{PAGE}/again?lang=en", data=token | hidden)
        assert (none.status_code, re.findall(r'<li><a href="#([\w-]+)">', none.text)) == (422, ["a-sheet"])
        chosen = browser.post(f"{PAGE}/again?lang=en", data=token | hidden | {"sheet": names[0]})
        assert chosen.status_code == 303, chosen.text
        page = browser.get(f"{PAGE}?lang=en").text
        assert (columns_of(page)["building"], "66幢" in page) == (["66幢", "building"], True)
        assert re.findall(options, page) == [(names[0], " selected"), (names[1], "")], "the other can still be taken"
        # with the whole form, as a browser sends it: the columns chosen for the one are none of the other
        own = dict(re.findall(r'<input type="hidden" name="(digest|kind|columns_of)" value="([^"]*)"', page))
        assert "columns_of" in own
        whole = token | own | {"name_field": "", "building_field": "", "sheet": names[1]}
        assert browser.post(f"{PAGE}/again?lang=en", data=whole).status_code == 303
        assert columns_of(browser.get(f"{PAGE}?lang=en").text)["building"] == ["67幢", "building"]
        browser.post(f"{PAGE}/drop", data=token)


def test_a_wide_sheet_keeps_nobody_from_another_one(address: str, client: Client, county: County) -> None:
    planner, narrow = client("planner"), csv(("锦绣花园", "67幢", 1, 101))
    book = openpyxl.load_workbook(io.BytesIO(as_xlsx(narrow, "说明", "数据")))
    wide = book.create_sheet("宽")
    for _ in range(3):
        wide.append([f"栏{place}" for place in range(300)])
    for first_is_wide in (False, True):
        book.move_sheet("宽", -2 if first_is_wide else 0)
        out = io.BytesIO()
        book.save(out)
        assert sent(planner, out.getvalue(), "d.xlsx", sheet="数据").json()["rows"]["new"] == 1
        query = {} if first_is_wide else {"sheet": "宽"}
        refused = sent(planner, out.getvalue(), "d.xlsx", **query)
        assert (refused.status_code, refused.json()["code"]) == (422, "sheet_too_wide")
        waits = kept(planner)
        assert (waits["wrong"]["code"], waits["sheets"]) == ("sheet_too_wide", [*book.sheetnames])
        assert again(planner, waits["digest"], sheet="数据").json()["rows"]["new"] == 1
    with log_in(address, "manager_west") as browser:
        token = {"csrf_token": csrf(browser.cookies["gridsvc_session"])}
        page = browser.post(f"{PAGE}?lang=en", data=token, files={"file": ("d.xlsx", out.getvalue())}).text
        assert (re.findall(r'<li><a href="#([\w-]+)">', page), page.count('id="a-sheet"')) == (["a-sheet"], 1)
        assert '<option value="数据">数据</option>' in page
        # of a workbook with one sheet another one was asked for: the field that is linked is there
        alone = {"file": ("d.xlsx", as_xlsx(narrow))}
        page = browser.post(f"{PAGE}?lang=en", data=token | {"sheet": "没有"}, files=alone).text
        assert (re.findall(r'<li><a href="#([\w-]+)">', page), page.count('id="a-sheet"')) == (["a-sheet"], 1)
        browser.post(f"{PAGE}/drop", data=token)


def test_nothing_is_offered_for_columns_without_names(client: Client, county: County) -> None:
    """Another office's file may have as many columns."""
    planner = client("planner")
    query = {f"{role}_field": f"column {n}" for n, role in enumerate(("compound", "building", "entrance", "room"), 1)}
    file = csv(header=("锦绣花园", "68幢", "1", "101"))
    told = sent(planner, file, header_row="0", **query).json()
    assert commit(planner, told["digest"]).json()["committed"] is True
    assert sent(planner, csv(header=("李四", "2", "3", "锦绣花园")), header_row="0").json()["offered"] is None
    # one name among them is something that is the same
    half = sent(
        planner,
        csv(("锦绣花园", "68幢", 1, 102), header=("院", "", "", "户")),
        **(query | {"compound_field": "院", "room_field": "户"}),
    )
    assert commit(planner, half.json()["digest"]).json()["committed"] is True
    next_one = sent(planner, csv(("锦绣花园", "68幢", 1, 103), header=("院", "", "", "户"))).json()
    assert next_one["offered"]["room"] == "户"


def test_what_was_told_in_one_role_is_not_shown_in_another(
    address: str, client: Client, county: County, made: Fresh
) -> None:
    """A planner sees every door, and the same person as a manager those of the own area."""
    with made.begin() as db:
        roles = {"role": "planner", "also_roles": ["manager"], "area_codes": [WEST]}
        accounts.create(db, login="both", name="both", password=PASSWORD, **roles)
    with log_in(address, "both") as browser:
        token = {"csrf_token": csrf(browser.cookies["gridsvc_session"])}
        sent_off = browser.post(PAGE, data=token, files={"file": ("d.csv", csv(("锦绣花园", "69幢", 1, 101)))})
        assert sent_off.status_code == 303
        assert ("d.csv" in browser.get(PAGE).text, browser.get(API).status_code) == (True, 200)
        digest = browser.get(API).json()["digest"]
        browser.post("/role", data=token | {"role": "manager", "next": "/"})
        token = {"csrf_token": csrf(browser.cookies["gridsvc_session"])}
        assert ("d.csv" in browser.get(PAGE).text, browser.get(API).json()["code"]) == (False, "door_import_gone")
        for path in ("again", "store"):
            gone = browser.post(f"{PAGE}/{path}", data=token | {"digest": digest})
            assert gone.status_code == 404, path
        assert browser.get(f"{PAGE}/refused").status_code == 404
        browser.post("/role", data=token | {"role": "planner", "next": "/"})
        assert browser.get(API).json()["digest"] == digest, "as a planner the same person still has it"
        token = {"csrf_token": csrf(browser.cookies["gridsvc_session"])}
        browser.post(f"{PAGE}/drop", data=token)
