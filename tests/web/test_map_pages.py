"""The map pages' HTML: as small for every reader and language as it is without data, however much there is."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from gridsvc import areas, campaigns, categories
from gridsvc.campaigns import Wanted
from gridsvc.i18n import translate
from tests.conftest import NOW, Fresh
from tests.through import ADMIN
from tests.web.conftest import Client
from tests.web.county import County

MOST_BYTES = 20_480


@pytest.fixture(scope="module")
def much(made: Fresh, county: County) -> None:
    """Two hundred categories, three hundred areas, a hundred campaigns with a list."""
    kinds = [
        categories.Category(f"9{nr:03}", f"说来话长的小类第{nr}种", f"A kind of trouble, no. {nr}") for nr in range(200)
    ]
    places = [
        areas.Area(f"370101003{nr:03}", "community", f"第{nr}社区居民委员会", "370101002", None) for nr in range(300)
    ]
    days = {"starts_on": date(2026, 10, 20), "ends_on": date(2026, 11, 20)}
    with made.begin() as db:
        categories.save(db, kinds)
        areas.save(db, places)
        for nr in range(100):
            wanted = Wanted(f"第{nr}次全县入户大走访", **days)
            campaigns.create(db, f"c{nr:03}", wanted, ADMIN, NOW, ZoneInfo("Asia/Shanghai"))
        # as drawn: their doors are of no concern here
        db.execute(text("UPDATE campaign SET state = 'running', drawn_at = :at WHERE code LIKE 'c%'"), {"at": NOW})


# page: (the list it offers, its address, one of it)
LISTS = {
    "/maps/hotspots": [("category", "/api/v1/categories", "0506")],
    "/maps/coverage": [("campaign", "/api/v1/maps/coverage/campaigns", "c007")],
    "/wall": [("category", "/api/v1/categories", "0506"), ("area", "/api/v1/wall/areas", "370101002")],
    "/public": [("category", "/api/v1/public/categories", "0506")],
}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("page", LISTS)
@pytest.mark.parametrize("who", ["admin", "worker"])
def test_the_page_is_small_however_much_there_is(client: Client, much: None, who: str, page: str, lang: str) -> None:
    asked = {name: code for name, _, code in LISTS[page]}
    for given in ({}, asked):
        answer = client(who).get(page, params={"lang": lang} | given)
        assert answer.status_code == 200
        assert len(answer.content) <= MOST_BYTES


@pytest.mark.parametrize("page", LISTS)
def test_long_lists_are_in_the_page_only_without_scripts(client: Client, much: None, page: str) -> None:
    admin, lang = client("admin"), {"lang": "en"}
    everything = {"table": "1", "kinds": "1"}
    for name, address, code in LISTS[page]:
        items = admin.get(address, params=lang).json()["items"]
        assert len(items) >= 100
        texts = [unescape(admin.get(page, params=lang | more).text) for more in ({}, {name: code}, everything)]
        offered = [
            re.findall(
                r'<option value="([^"]+)"( selected)?>([^<]+)', html.split(f'name="{name}"')[1].split("</select>")[0]
            )
            for html in texts
        ]
        named = {one["code"]: one["name"] for one in items}
        assert offered[0] == []
        assert offered[1] == [(code, " selected", named[code])]
        assert {value: said for value, _, said in offered[2]} == named


def test_areas_are_offered_from_the_largest(client: Client, much: None) -> None:
    codes = [one["code"] for one in client("admin").get("/api/v1/wall/areas").json()["items"]]
    assert codes[:4] == ["370101", "370101001", "370101002", "370101001001"]
    assert codes[3:] == sorted(codes[3:])


@pytest.mark.parametrize("asked", [{}, {"weights": "knn"}, {"weights": "nonsense"}, {"category": "0110"}])
def test_the_table_without_scripts_says_what_is_hot_and_how_sure(client: Client, asked: dict[str, str]) -> None:
    admin, words = client("admin"), asked | {"lang": "en"}
    page = unescape(admin.get("/maps/hotspots", params=words | {"table": "1"}).text)
    lines = {code: line for line in page.split("<tr>") for code in re.findall(r"<small>(\d+)</small>", line)}
    known = {name: value for name, value in words.items() if value != "nonsense"}
    told = admin.get("/api/v1/stats/hotspots", params=known).json()
    assert {row["code"] for row in told["rows"]} == set(lines)
    for row in told["rows"]:
        name = f"band_{row['band']}" if row["band"] else f"why_{row['why']}" if row["why"] else "not_tested"
        assert f"<td>{translate(f'maps.{name}', 'en')}</td>" in lines[row["code"]]
    test = told["significance"]
    name = f"tested_{test['on']}" if test["n_tested"] else f"untested_{test['reason']}"
    assert translate(f"maps.{name}", "en") in page
    visits = admin.get("/maps/coverage", params={"table": "1", "lang": "en"}).text.split("map-labels")[0]
    assert "Significance" not in visits
    assert f"<li>{translate('coverage.definition.coverage_all', 'en')}</li>" in visits
