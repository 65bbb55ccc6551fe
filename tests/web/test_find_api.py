"""The search box's address: what a result carries, in the asked language, and for whom."""

from __future__ import annotations

from tests.web.conftest import Client
from tests.web.county import EAST, WEST, County

FIND = "/api/v1/find"


def test_a_report_comes_with_the_address_of_its_page(client: Client, county: County) -> None:
    number = county.numbers["west"]
    (zh,) = client("planner").get(FIND, params={"q": number, "lang": "zh"}).json()["results"]
    (en,) = client("planner").get(FIND, params={"q": number, "lang": "en"}).json()["results"]
    assert (zh["kind"], zh["number"], zh["href"]) == ("report", number, f"/reports/{number}")
    assert zh["note"] != en["note"]
    assert client("planner").get(zh["href"]).status_code == 200
    assert set(zh) == {"kind", "label", "note", "lon", "lat", "bbox", "number", "href"}


def test_grids_are_the_readers_own(client: Client) -> None:
    both = client("planner").get(FIND, params={"q": WEST[:3]}).json()["results"]
    assert {f"{WEST}001", f"{EAST}001"} <= {one["code"] for one in both if one["kind"] == "grid"}
    (grid, *_) = client("manager_west").get(FIND, params={"q": f"{WEST}001"}).json()["results"]
    assert (grid["kind"], grid["code"], grid["layer"], len(grid["bbox"])) == ("grid", f"{WEST}001", "base", 4)
    assert client("manager_east").get(FIND, params={"q": f"{WEST}001"}).json() == {"results": []}


def test_nobody_and_nothing(client: Client) -> None:
    assert client().get(FIND, params={"q": "x"}).status_code == 401
    assert client("planner").get(FIND, params={"q": " "}).json() == {"results": []}
    assert client("planner").get(FIND, params={"q": "x" * 101}).status_code == 422
    assert client("planner").get(FIND).status_code == 422
