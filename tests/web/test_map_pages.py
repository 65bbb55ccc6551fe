"""The map pages' HTML: as small for every reader and language as it is without data."""

from __future__ import annotations

import pytest

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
