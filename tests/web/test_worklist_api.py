"""The worklist, the ledger and the rates over HTTP: shapes, pages, whose rows, what is refused."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from gridsvc.i18n import LOCALES, translate
from gridsvc.ledger import BYS
from gridsvc.rules.ledger import Line, Outcomes
from gridsvc.rules.rates import MEASURES, RATES
from gridsvc.web.api import cursors
from gridsvc.worklist import DEADLINES, QUEUES, SORTS, Filter, Order
from tests.web.conftest import Client
from tests.web.county import EAST, WEST, County

WORKLIST, LEDGER, RATES_AT = "/api/v1/worklist", "/api/v1/ledger", "/api/v1/stats/rates"
PERIOD = {"from": "2026-05-01", "to": "2026-10-31"}


def got(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_row_says_what_a_dispatcher_needs(client: Client, county: County) -> None:
    told = got(client("admin").get(WORKLIST, params={"words": county.numbers["west"], "lang": "en"}))
    (row,) = told["items"]
    assert (row["number"], row["source"], row["repeat"], row["version"]) == (county.numbers["west"], "gridsvc", 0, 1)
    assert (row["state"], row["deadline"], row["due_at"], row["stage"]) == ("reported", "no_deadline", None, None)
    assert row["category"] == {"code": "0110", "name": "Litter"}
    assert row["grid"]["code"] == f"{WEST}001"
    assert row["area"] == {"code": WEST, "name": "西社区"}
    assert row["worker"]["name"] == "王小明"
    assert row["received_at"].endswith("+08:00")
    assert set(row["flags"]) == {
        "suspended", "waiting", "interim", "extension_asked", "doubtful", "rework", "returns", "extensions"
    }  # fmt: skip
    assert told["counts"]["total"] == told["total"] == told["counts"]["queue"]["to_verify"] == 1
    assert list(told["counts"]["deadline"]) == list(DEADLINES)
    assert list(told["counts"]["queue"]) == list(QUEUES)


def test_pages_by_cursor_and_by_number_are_the_same(client: Client) -> None:
    for sort in SORTS:
        for state in (["all"], []) if sort in ("received", "due") else ([],):
            asked = {"sort": sort, "descending": "true", "limit": "2", "state": state, "to": "2026-10-31"}
            numbers, cursor, page = [], None, 1
            while True:
                told = got(client("admin").get(WORKLIST, params=asked | ({"cursor": cursor} if cursor else {})))
                paged = got(client("admin").get(WORKLIST, params=asked | {"page": str(page)}))
                assert [one["number"] for one in told["items"]] == [one["number"] for one in paged["items"]]
                numbers += [one["number"] for one in told["items"]]
                cursor, page = told["next"], page + 1
                if cursor is None:
                    break
            assert len(set(numbers)) == len(numbers) == 7, sort
    assert got(client("admin").get(WORKLIST, params={"page": "1000"}))["items"] == []


def test_readers_see_their_own(client: Client, county: County) -> None:
    def numbers(login: str) -> set[str]:
        told = got(client(login).get(WORKLIST, params={"limit": "100", "to": "2026-10-31"}))
        assert told["counts"]["total"] == len(told["items"])
        return {one["number"] for one in told["items"]}

    every = {county.numbers[one] for one in ("west", "west2", "east", "east2", "old", "outside", "words")}
    unplaced = {county.numbers["outside"], county.numbers["words"]}
    assert numbers("admin") == numbers("planner") == every
    assert numbers("manager_east") == {county.numbers["east"], county.numbers["east2"]} | unplaced
    assert numbers("worker") == {county.numbers["west"], county.numbers["old"]}
    assert client().get(WORKLIST).status_code == client().get(LEDGER).status_code == 401
    assert client().get(RATES_AT).status_code == 401


def test_filters_of_the_address(client: Client, county: County) -> None:
    def numbers(**asked: object) -> set[str]:
        params = {"limit": "100", "to": "2026-10-31"} | asked
        return {one["number"] for one in got(client("admin").get(WORKLIST, params=params))["items"]}

    assert numbers(queue="unplaced") == {county.numbers["outside"], county.numbers["words"]}
    assert numbers(area="370101002") == numbers(area=EAST) == {county.numbers["east"], county.numbers["east2"]}
    assert numbers(category="05") == {county.numbers["old"]}
    assert numbers(words="菜市场") == {county.numbers["words"]}
    assert numbers(words="菜市場") == {county.numbers["words"]}
    assert numbers(**{"from": "2026-10-30"}) == {
        county.numbers["west"],
        county.numbers["west2"],
        county.numbers["words"],
    }
    assert numbers(state="closed", sort="received") == set()


@pytest.mark.parametrize(
    ("route", "params", "status", "code"),
    [
        (WORKLIST, {"sort": "grid", "state": "all"}, 422, "sort_open_only"),
        (WORKLIST, {"queue": "unplaced", "state": "closed"}, 422, "queue_open_only"),
        (WORKLIST, {"area": "nowhere"}, 404, "area_unknown"),
        (WORKLIST, {"department": "nobody"}, 404, "department_unknown"),
        (WORKLIST, {"grid": "nothing"}, 404, "grid_unknown"),
        (WORKLIST, {"cursor": "AAAA"}, 400, "cursor_invalid"),
        (WORKLIST, {"from": "2026-10-02", "to": "2026-10-01"}, 422, "period_reversed"),
        (LEDGER, {"from": "2026-10-02", "to": "2026-10-01"}, 422, "period_reversed"),
        (RATES_AT, {"weights": "30,30,30"}, 422, "weights_not_100"),
        (RATES_AT, {"weights": "a,b,c"}, 422, "weights_not_100"),
    ],
)
def test_what_makes_no_sense_is_refused(
    client: Client, route: str, params: dict[str, str], status: int, code: str
) -> None:
    for lang in LOCALES:
        answer = client("admin").get(route, params=params | {"lang": lang})
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert "{" not in answer.json()["message"]


def test_unknown_choices_are_refused(client: Client) -> None:
    for address, params in (
        (WORKLIST, {"queue": "lost"}), (WORKLIST, {"sort": "name"}), (WORKLIST, {"page": "0"}), (WORKLIST, {"limit": "1000"}),
        (LEDGER, {"by": "worker"}), (RATES_AT, {"by": "worker"}), (RATES_AT, {"definition": "due_iii"}),
    ):  # fmt: skip
        assert client("admin").get(address, params=params).status_code == 422


def test_a_made_up_cursor_breaks_nothing(client: Client) -> None:
    for sort, value in (
        ("due", "x"),
        ("due", 10**30),
        ("state", "x"),
        ("state", 10**12),
        ("grid", 3),
        ("grid", "\x00"),
        ("card", []),
    ):
        made = cursors.sealed([value, 5], (Filter(), Order(sort)))
        answer = client("admin").get(WORKLIST, params={"sort": sort, "cursor": made})
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid"), (sort, value)
    other = cursors.sealed([None, 5], (Filter(), Order("due", True)))
    assert client("admin").get(WORKLIST, params={"cursor": other}).status_code == 400


@pytest.mark.parametrize("by", BYS)
def test_the_ledger_reconciles(client: Client, by: str) -> None:
    told = got(client("admin").get(LEDGER, params=PERIOD | {"by": by, "lang": "zh"}))
    assert (told["from"], told["to"], told["by"], told["as_of"]) == (*PERIOD.values(), by, "2026-11-01T10:00:00+08:00")
    assert told["reconciles"] is True
    assert (told["total"]["opening"], told["total"]["new"], told["total"]["closing"], told["total"]["missing"]) == (
        0,
        7,
        7,
        0,
    )
    assert told["outcomes"] == {"received": 7, "on_spot": 0, "coordinated": 0, "open": 7, "dropped": 0}
    assert sum(row["closing"] for row in told["rows"]) == 7
    assert all(row["name"] for row in told["rows"])
    mine = got(client("manager_west").get(LEDGER, params=PERIOD | {"by": "area"}))
    assert {row["code"]: row["new"] for row in mine["rows"]} == {WEST: 3, None: 2}


@pytest.mark.parametrize("by", BYS)
def test_rates_say_what_they_are_made_from(client: Client, by: str) -> None:
    told = got(client("admin").get(RATES_AT, params=PERIOD | {"by": by, "definition": "due_ii", "lang": "en"}))
    assert (told["definition"], told["weights"], told["without_suspended"]) == ("due_ii", [30, 35, 35], False)
    assert "definition II" in told["definition_text"]
    assert list(told["definitions"]) == [one.id for one in RATES]
    whole = {one["id"]: one for one in told["total"]["rates"]}
    assert whole["filing"] == {"id": "filing", "n": 0, "of": 7, "share": 0.0, "percent": "0.00"}
    assert whole["closing"] == {"id": "closing", "n": 0, "of": 0, "share": None, "percent": None}
    assert told["total"]["three_rate_score"] is None
    for row in told["rows"]:
        assert [one["id"] for one in row["rates"]] == [one.id for one in RATES]


def test_every_word_is_there_in_both_languages() -> None:
    keys = [f"rates.{one.id}" for one in RATES] + [f"measures.{one}" for one in MEASURES]
    keys += [f"worklist.deadline.{one}" for one in DEADLINES] + [f"worklist.queue.{one}" for one in QUEUES]
    keys += [f"worklist.sort.{one}" for one in SORTS] + [f"ledger.none.{one}" for one in BYS]
    keys += [f"ledger.line.{one}" for one in Line.__dataclass_fields__]
    keys += [f"ledger.outcome.{one}" for one in Outcomes.__dataclass_fields__]
    for lang in LOCALES:
        assert all(translate(key, lang) not in ("", key) for key in keys)
