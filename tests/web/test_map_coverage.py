"""Compounds, doors and days of the coverage map over HTTP: figures as in the coverage, doors to those who go there."""

from __future__ import annotations

import pytest

from tests.conftest import Fresh
from tests.web.conftest import Client
from tests.web.county import WEST, met
from tests.web.test_coverage_api import CAMPAIGNS, COVERAGE

MAP = "/api/v1/maps/coverage"
CODE = "mapped"
BOX = "109.99,22.99,110.05,23.05"
Doors = dict[str, tuple[int, int]]


@pytest.fixture(scope="module")
def mapped(client: Client) -> str:
    """A campaign over the county's doors: ten in the west, of which six were reached, four in the east."""
    planner = client("planner")
    body = {"code": CODE, "name": "<b>", "starts_on": "2026-10-20", "ends_on": "2026-11-20"}
    assert planner.post(CAMPAIGNS, json=body).status_code == 201
    early = planner.get(f"{MAP}/days", params={"campaign": CODE})
    assert (early.status_code, early.json()["code"]) == (409, "campaign_not_drawn")
    assert planner.get(f"{MAP}/doors", params={"campaign": CODE, "bbox": BOX}).status_code == 409
    assert planner.post(f"{CAMPAIGNS}/{CODE}/draw").status_code == 200
    return CODE


@pytest.fixture
def doors(made: Fresh, mapped: str) -> Doors:
    """By grid: doors where somebody was met, and doors."""
    with made.begin() as db:
        return met(db, mapped)


def test_compounds_and_the_rest_are_the_coverage(client: Client, mapped: str, doors: Doors) -> None:
    planner = client("planner")
    told = planner.get(f"{MAP}/compounds", params={"campaign": mapped}).json()
    grids = planner.get(COVERAGE, params={"campaign": mapped}).json()
    n = sum(one["n"] for one in told["rows"]) + told["nowhere"]["n"]
    assert n == grids["total"]["counts"]["reached"] == sum(n_met for n_met, _ in doors.values()) >= 6
    denom = sum(one["denom"] for one in told["rows"]) + told["nowhere"]["denom"]
    assert denom == grids["total"]["counts"]["eligible"] == sum(n for _, n in doors.values()) >= 14
    far = planner.get(f"{MAP}/compounds", params={"campaign": mapped, "bbox": "1,1,2,2"})
    assert far.json()["rows"] == []
    for wrong in ("1,2,3", "a,b,c,d", "2,1,1,2"):
        refused = planner.get(f"{MAP}/compounds", params={"bbox": wrong})
        assert (refused.status_code, refused.json()["code"]) == (422, "bbox_malformed")
    # without a campaign: of the register, in a period
    assert planner.get(f"{MAP}/compounds", params={"to": "2026-01-01"}).json()["to"] == "2026-01-01"


def test_the_days_of_a_campaign_come_at_once(client: Client, mapped: str, doors: Doors) -> None:
    told = client("planner").get(f"{MAP}/days", params={"campaign": mapped}).json()
    assert (told["first"], told["n_days"]) == ("2026-10-20", 13)
    west = dict(told["grids"])
    assert sum(sum(steps[1::2]) for steps in west.values()) == sum(n_met for n_met, _ in doors.values())
    assert all(0 <= nr < told["n_days"] for steps in west.values() for nr in steps[::2])
    east = client("manager_east").get(f"{MAP}/days", params={"campaign": mapped}).json()
    assert {code for code, _ in east["grids"]} <= {code for code in doors if not code.startswith(WEST)}
    assert client("planner").get(f"{MAP}/days", params={"campaign": "x"}).status_code == 404
    assert client("planner").get(f"{MAP}/days").status_code == 422


def test_doors_are_told_to_those_who_may_see_doors(client: Client, mapped: str, doors: Doors) -> None:
    asked = {"campaign": mapped, "bbox": BOX, "lang": "en"}
    west = client("manager_west").get(f"{MAP}/doors", params=asked).json()
    left = {code: n - n_met for code, (n_met, n) in doors.items()}
    assert (len(west["rows"]), west["more"]) == (sum(n for code, n in left.items() if code.startswith(WEST)), 0)
    assert {one["status_text"] for one in west["rows"]} <= {"Not yet visited", "Nobody home", "Refused"}
    assert client("manager_east").get(f"{MAP}/doors", params=asked).json()["rows"] != west["rows"]
    assert len(client("planner").get(f"{MAP}/doors", params=asked).json()["rows"]) == sum(left.values())
    assert client().get(f"{MAP}/doors", params=asked).status_code == 401
    wide = client("planner").get(f"{MAP}/doors", params=asked | {"bbox": "100,20,120,30"})
    assert (wide.status_code, wide.json()["code"]) == (422, "box_large")


def test_without_scripts_the_table_is_the_campaigns(client: Client, mapped: str) -> None:
    page = client("planner").get("/maps/coverage", params={"campaign": mapped, "table": "1", "lang": "en"})
    assert page.status_code == 200
    assert "2026-10-20 to 2026-11-20" in page.text
    refused = client("planner").get("/maps/coverage", params={"campaign": "nosuch", "table": "1", "lang": "en"})
    assert refused.status_code == 422
    assert "nosuch" in refused.text
