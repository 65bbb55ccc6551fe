"""The map pages' HTML: as small for every reader and language as it is without data."""

from __future__ import annotations

import re
from html import unescape

import pytest

from gridsvc.i18n import translate
from tests.web.conftest import Client

MOST_BYTES = 20_480


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("page", ["hotspots", "coverage"])
@pytest.mark.parametrize("who", ["admin", "worker"])
def test_the_page_is_small(client: Client, who: str, page: str, lang: str) -> None:
    answer = client(who).get(f"/maps/{page}", params={"lang": lang})
    assert answer.status_code == 200
    assert len(answer.content) <= MOST_BYTES


def test_the_list_of_categories_is_in_the_page_only_without_scripts(client: Client) -> None:
    page = client("admin").get("/maps/hotspots", params={"lang": "en"}).text
    asked = client("admin").get("/maps/hotspots", params={"lang": "en", "category": "0506"}).text
    table = client("admin").get("/maps/hotspots", params={"lang": "en", "table": "1"}).text
    known = client("admin").get("/api/v1/categories", params={"lang": "en"}).json()["items"]
    assert len(known) >= 3
    held = [{one["code"] for one in known if f'<option value="{one["code"]}"' in text} for text in (page, asked, table)]
    assert held == [set(), {"0506"}, {one["code"] for one in known}]


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
    assert (
        "Significance"
        not in admin.get("/maps/coverage", params={"table": "1", "lang": "en"}).text.split("map-labels")[0]
    )
