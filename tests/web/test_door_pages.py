"""The register on pages: found, read with its history, registered, changed, removed, contacts shown once."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import text

from geodata.datum import wgs84_to_gcj02
from tests.conftest import Maker
from tests.web.county import EAST, WEST
from tests.web.offices import Offices, opened

CARRIED = ("back here since the merge was undone", "in the other file while they were merged", "from another entry")


@pytest.fixture(scope="module")
def offices(maker: Maker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offices]:
    with opened(maker, tmp_path_factory.mktemp("data")) as found:
        yield found


@pytest.fixture
def manager(offices: Offices) -> httpx.Client:
    return offices.clients["manager"]


def door_ids(offices: Offices, compound: str) -> list[int]:
    with offices.made.begin() as db:
        query = text("SELECT id FROM household WHERE compound_id = :c AND removed_at IS NULL ORDER BY id")
        return list(db.scalars(query, {"c": offices.county.compounds[compound]}))


def test_the_list_shows_the_doors_of_the_own_area_and_finds_them(offices: Offices, manager: httpx.Client) -> None:
    page = manager.get("/households?lang=en").text
    shown = [int(one) for one in re.findall(r'<th scope="row"><a href="/households/(\d+)">', page)]
    with offices.made.begin() as db:
        on_streets = set(db.scalars(text("SELECT id FROM household WHERE compound_id IS NULL")))
    assert sorted(set(shown) - on_streets) == door_ids(offices, "1")
    assert len(shown) == len(set(shown))
    found = manager.get("/households", params={"q": "1-301", "lang": "en"}).text
    assert len(re.findall(r'<th scope="row"><a href="/households/\d+">Building 1, Room 301</a>', found)) == 1
    assert "No door fits" in manager.get("/households?q=99-99-99&lang=en").text


def test_a_file_of_another_area_is_not_there(offices: Offices, manager: httpx.Client) -> None:
    (east, *_) = door_ids(offices, "3")
    assert manager.get(f"/households/{east}").status_code == 404
    assert offices.clients["admin"].get(f"/households/{east}").status_code == 200


def test_a_door_is_registered_changed_and_removed(offices: Offices, manager: httpx.Client) -> None:
    compound = offices.county.compounds["1"]
    with offices.made.begin() as db:
        name = db.scalar(text("SELECT name FROM compound WHERE id = :c"), {"c": compound})
    sent = {"compound": name, "building": "9号楼", "unit": "二单元", "room": "502", "kind": "household"}
    sent |= {"contact_name": "张小明", "contact_phone": "13812345678", "n_people": "3"}
    made = manager.post("/households/new", data=sent, follow_redirects=False)
    assert made.status_code == 303, made.text
    path = made.headers["location"].partition("?")[0]
    page = manager.get(f"{path}?lang=zh").text
    assert "9号楼2单元502室" in page
    assert "张**" in page
    assert "138****5678" in page
    assert "张小明" not in page
    again = manager.post("/households/new?lang=zh", data=sent | {"building": "9幢"}, follow_redirects=False)
    assert again.status_code == 409
    floor = manager.post("/households/new", data=sent | {"room": "18层"}, follow_redirects=False)
    assert floor.status_code == 422
    assert 'href="#f-room"' in floor.text
    nowhere = manager.post("/households/new", data=sent | {"compound": "没有的小区"}, follow_redirects=False)
    assert nowhere.status_code == 422
    assert 'href="#f-compound"' in nowhere.text
    changed = manager.post(f"{path}/change", data=sent | {"n_people": "4", "contact_name": "", "contact_phone": ""})
    assert changed.status_code == 303, changed.text
    page = manager.get(path).text
    assert "<dd>4</dd>" in page
    assert "张**" in page  # left empty, it stays
    shown = manager.post(path, data={"act": "unmask", "words": "电话预约走访"})
    assert "张小明" in shown.text
    assert "13812345678" in shown.text
    assert "张小明" not in manager.get(path).text
    assert manager.post(path, data={"act": "unmask", "words": " "}).status_code == 422
    assert manager.post(path, data={"act": "remove", "words": ""}).status_code == 422
    gone = manager.post(f"{path}?lang=en", data={"act": "remove", "words": "拆除"})
    assert gone.status_code == 303
    assert "<dt>Removed</dt>" in manager.get(f"{path}?lang=en").text
    query = text("SELECT action, note FROM household_log WHERE household_id = :id ORDER BY id")
    with offices.made.begin() as db:
        told = db.execute(query, {"id": path.rpartition("/")[2]}).all()
    assert [tuple(row) for row in told] == [
        ("added", None),
        ("changed", None),
        ("unmasked", "电话预约走访"),
        ("removed", "拆除"),
    ]


def test_numbers_in_what_people_write_of_a_door_are_hidden_until_a_purpose_is_given(manager: httpx.Client) -> None:
    sent = {"compound": "锦绣花园", "building": "66", "room": "101", "kind": "household"}
    path = manager.post("/households/new", data=sent).headers["location"].partition("?")[0]
    api = f"/api/v1{path}"
    assert "f-unmask" not in manager.get(path).text, "nothing is hidden"
    paper = {"act": "confirm", "reason": "vacant", "words": "物业证明，问 13700000001"}
    assert manager.post(path, data=paper).status_code == 303
    assert manager.post(path, data={"act": "unmask", "words": "打 13700000002 前"}).status_code == 200
    page, told = manager.get(path).text, manager.get(api).json()
    assert [said in page for said in ("物业证明，问 ****", "打 **** 前", "1370000", 'id="f-unmask"')] == [1, 1, 0, 1]
    assert (told["exclusions"][0]["document"], told["log"][0]["note"]) == ("物业证明，问 ****", "打 **** 前")
    page = manager.post(path, data={"act": "unmask", "words": "核对"}).text
    assert ("问 13700000001" in page, "打 13700000002 前" in page) == (True, True)
    told = manager.post(f"{api}/contact", json={"purpose": "核对"}).json()
    assert told["exclusions"][0]["document"] == "物业证明，问 13700000001"
    assert "打 13700000002 前" in [one["note"] for one in told["log"]]


def test_a_shop_on_a_street_is_registered_by_its_position(offices: Offices, manager: httpx.Client) -> None:
    sent = {"kind": "shop", "name": "老张面馆"}
    for wrong, field in (
        ({}, "lon"),
        ({"lon": "110.012"}, "lat"),
        ({"lon": "nan", "lat": "23.008"}, "lon"),
        ({"lon": "23.008", "lat": "110.012"}, "lon"),
        ({"lon": "110.012", "lat": "23.008", "crs": "moon"}, "lon"),
        ({"lon": "110.012", "lat": "23.008", "community": "没有的社区 1"}, "community"),
    ):
        answer = manager.post("/households/new?lang=en", data=sent | wrong)
        assert (answer.status_code, f'href="#f-{field}"' in answer.text) == (422, True), wrong
    x, y = wgs84_to_gcj02(110.012, 23.008)
    made = manager.post("/households/new", data=sent | {"lon": f"{x:.9f}", "lat": f"{y:.9f}", "crs": "gcj02"})
    assert made.status_code == 303, made.text
    path = made.headers["location"].partition("?")[0]
    page = manager.get(f"{path}?lang=en").text
    assert "110.01200, 23.00800 <small" in page
    assert "position of the door" in page
    assert "<dd>西社区</dd>" in page
    form = manager.get(f"{path}/change?lang=en").text
    typed = {name: re.findall(rf'name="{name}" value="([^"]*)"', form)[0] for name in ("lon", "lat", "community")}
    assert typed == {"lon": "110.0120000", "lat": "23.0080000", "community": f"西社区 {WEST}"}
    sent |= typed | {"crs": "wgs84"}

    def stored() -> tuple[float, float, str, str, int]:
        query = """SELECT ST_X(h.geom), ST_Y(h.geom), position_source, a.code, n_people
            FROM household h JOIN area a ON a.id = community_id WHERE h.id = :id"""
        with offices.made.begin() as db:
            return tuple(db.execute(text(query), {"id": path.rpartition("/")[2]}).one())

    before = stored()
    assert manager.post(f"{path}/change", data=sent | {"n_people": "2"}).status_code == 303
    assert stored() == (*before[:4], 2), "what is not touched keeps its last digit"
    gone = manager.post(f"{path}/change?lang=en", data=sent | {"lon": "", "lat": ""})
    assert (gone.status_code, 'href="#f-lon"' in gone.text) == (422, True)
    moved = sent | {"lon": "110.0125", "lat": "23.0085", "community": f"东社区 {EAST}"}
    assert manager.post(f"{path}/change", data=moved).status_code == 303
    assert stored()[:4] == (110.0125, 23.0085, "door", EAST)


def test_a_door_of_a_compound_gets_a_position_of_its_own_and_gives_it_back(
    offices: Offices, manager: httpx.Client
) -> None:
    sent = {"compound": "锦绣花园", "building": "88", "room": "101", "kind": "household", "crs": "wgs84"}
    path = manager.post("/households/new", data=sent).headers["location"].partition("?")[0]
    form = manager.get(f"{path}/change?lang=en").text
    assert 'name="lon" value=""' in form
    assert "Now: position of the compound." in form
    for more, source in (({"lon": "110.0051", "lat": "23.0051"}, "door"), ({"lon": "", "lat": ""}, "compound")):
        assert manager.post(f"{path}/change", data=sent | more).status_code == 303
        page = manager.get(f"{path}?lang=en").text
        assert f"position of the {source}" in page
        assert ("110.00510, 23.00510" in page) == (source == "door")
    assert manager.post(f"{path}/change", data=sent | {"crs": "gcj02", "n_people": "3"}).status_code == 303
    last = text("SELECT fields FROM household_log WHERE household_id = :id ORDER BY id DESC LIMIT 1")
    with offices.made.begin() as db:
        fields = db.scalar(last, {"id": path.rpartition("/")[2]})
    assert "n_people" in fields
    assert not {"lon", "lat", "crs"} & set(fields), "a system of coordinates moves no door"


def test_who_may_not_sees_no_button_and_is_refused(offices: Offices) -> None:
    (door, *_) = door_ids(offices, "1")
    worker = offices.clients["worker"]
    page = worker.get(f"/households/{door}").text
    assert 'value="remove"' not in page
    assert "/change" not in page
    assert worker.post(f"/households/{door}", data={"act": "remove", "words": "x"}).status_code == 403
    assert offices.clients["handler"].get("/households").status_code == 403
    assert offices.clients["manager"].post(f"/households/{door}", data={"act": "dance"}).status_code == 422


def alike(client: httpx.Client, sent: dict[str, str]) -> tuple[str, str]:
    """The ids of two doors of a building that look alike, made now."""
    made = [client.post("/households/new", data=sent | {"room": room}) for room in ("501", "0501")]
    one, other = (answer.headers["location"].partition("?")[0].rpartition("/")[2] for answer in made)
    return one, other


def test_look_alikes_are_said_to_be_two_on_their_page(offices: Offices, manager: httpx.Client) -> None:
    with offices.made.begin() as db:
        name = db.scalar(text("SELECT name FROM compound WHERE id = :c"), {"c": offices.county.compounds["1"]})
    one, other = alike(manager, {"compound": name, "building": "77", "kind": "household"})
    path = "/households/look-alikes?lang=en"
    assert f'<input id="f-{one}-{other}"' in manager.get(path).text
    assert f'<input id="f-{one}-{other}"' not in manager.get(f"{path}&compound=nowhere").text
    pair = {"one": one, "other": other}
    wordless = manager.post(path, data=pair | {"act": "apart", "words": " "})
    assert wordless.status_code == 422
    assert f'href="#f-{one}-{other}"' in wordless.text
    assert manager.post(path, data=pair | {"act": "apart", "words": "<b>two"}).status_code == 303
    page = manager.get(path).text
    assert f'<input id="f-{one}-{other}"' not in page
    assert "&lt;b&gt;two" in page
    assert f'Another door than <a href="/households/{other}">' in manager.get(f"/households/{one}?lang=en").text
    assert manager.post(path, data=pair | {"act": "alike"}).status_code == 303
    assert f'<input id="f-{one}-{other}"' in manager.get(path).text
    assert offices.clients["worker"].get(path).status_code == 403


def visit_once(client: httpx.Client, door: int) -> None:
    visit = {"client_key": str(uuid.uuid4()), "household_id": door, "outcome": "absent"}
    made = client.post("/api/v1/visits", json=visit | {"happened_at": "2026-11-01T01:30:00Z"})
    assert made.status_code == 201, made.text


def test_look_alikes_are_said_to_be_one_on_their_page(offices: Offices, manager: httpx.Client) -> None:
    with offices.made.begin() as db:
        name = db.scalar(text("SELECT name FROM compound WHERE id = :c"), {"c": offices.county.compounds["1"]})
    one, other = alike(manager, {"compound": name, "building": "78", "kind": "household"})
    path = f"/households/look-alikes/one?one={one}&other={other}&lang=en"
    listed = manager.get("/households/look-alikes?lang=en").text
    assert f'href="/households/look-alikes/one?one={one}&amp;other={other}"' in listed
    visit_once(manager, int(other))
    page = manager.get(path).text
    assert "It can be undone in the log of either file" in page
    assert "checked" not in page, "nobody chooses for the person"
    version = page.partition('name="version" value="')[2].partition('"')[0]
    form = {"one": one, "other": other, "version": version, "words": "<b>one"}
    unchosen = manager.post(path, data=form)
    assert (unchosen.status_code, 'href="#f-keep"' in unchosen.text) == (422, True)
    wordless = manager.post(path, data=form | {"keep": one, "words": " "})
    assert (wordless.status_code, 'href="#f-words"' in wordless.text) == (422, True)
    stale = manager.post(path, data=form | {"keep": one, "version": "0"})
    assert stale.status_code == 409
    assert f'value="{version}"' in stale.text, "as they are now, to be looked at again"
    assert f'value="{one}" checked' in stale.text
    assert "&lt;b&gt;one" in stale.text
    done = manager.post(path, data=form | {"keep": one})
    assert (done.status_code, done.headers["location"]) == (303, f"/households/{one}?done=merged")
    again = manager.post(path, data=form | {"keep": one})
    assert (again.status_code, "Something has happened to these doors" in again.text) == (409, True)
    assert manager.get(path).status_code == 404
    kept, gone = (manager.get(f"/households/{id_}?lang=en").text for id_ in (one, other))
    assert f'Stays; the same door as <a href="/households/{other}">' in kept
    assert f'Taken off; the same door as <a href="/households/{one}">' in gone
    assert "&lt;b&gt;one" in kept
    assert f'off the register. The door&#39;s file: <a href="/households/{one}">' in gone
    assert "Also registered as" in kept
    assert ("from another entry" in kept, "now in the other file" in gone) == (True, True)
    assert offices.clients["worker"].get(path).status_code == 403
    # undone from either file: from the one that stays, then, once more one door, from the other
    for at in (one, other):
        file = f"/households/{at}?lang=en"
        form = {"act": "undo", "gone": other, "kept": one, "words": "<i>two"}
        assert offices.clients["worker"].post(file, data=form).status_code in (403, 404)
        wordless = manager.post(file, data=form | {"words": " "})
        assert (wordless.status_code, f'href="#f-undo-{other}"' in wordless.text) == (422, True)
        assert f'id="f-undo-{other}"' in wordless.text
        elsewhere = manager.post(file, data=form | {"kept": other})
        assert (elsewhere.status_code, "Something has happened to these doors" in elsewhere.text) == (409, True)
        done = manager.post(file, data=form)
        assert (done.status_code, done.headers["location"]) == (303, f"/households/{at}?done=undo")
        stale = manager.post(file, data=form)
        assert (stale.status_code, "there is nothing to undo" in stale.text) == (409, True)
        kept, gone = (manager.get(f"/households/{id_}?lang=en&done=undo").text for id_ in (one, other))
        assert "f-undo" not in kept + gone
        assert f'Merge undone; a door of its own again: <a href="/households/{other}">' in kept
        assert f'A door of its own again; was merged into <a href="/households/{one}">' in gone
        assert "&lt;i&gt;two" in kept
        assert "The merge is undone" in kept
        assert [words in gone for words in CARRIED] == [True, True, False]
        version = manager.get(path).text.partition('name="version" value="')[2].partition('"')[0]
        sent = {"one": one, "other": other, "keep": one, "version": version, "words": "one"}
        assert manager.post(path, data=sent).status_code == 303
        assert sum(manager.get(f"/households/{id_}").text.count('name="gone"') for id_ in (one, other)) == 2
