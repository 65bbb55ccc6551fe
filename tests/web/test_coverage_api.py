"""Campaigns, coverage and saved queries over HTTP: figures with their counts, files that open, each reader's own."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import httpx
import openpyxl
import pytest
from sqlalchemy import Engine, text

from gridsvc.rules.coverage import COUNTS, RATES
from gridsvc.web import schemas
from tests.conftest import NOW, Fresh
from tests.web.conftest import Client
from tests.web.county import CANARY, EAST, WEST

COVERAGE, CAMPAIGNS, SAVED = "/api/v1/stats/coverage", "/api/v1/campaigns", "/api/v1/saved-queries"
CODE = "2026-autumn"
BODY = {"code": CODE, "name": "=秋季大走访", "starts_on": "2026-10-20", "ends_on": "2026-11-20"}
AGAIN = "日后按同一时点重算：as_of=2026-11-01T10:00:00&edition=1"


@pytest.fixture(scope="module")
def running(client: Client) -> str:
    """A campaign over the county's doors: ten in the west, of which six were reached, four in the east."""
    planner = client("planner")
    made = planner.post(CAMPAIGNS, json=BODY | {"questions": ["几口人？"]})
    assert (made.status_code, made.json()["state"]) == (201, "draft"), made.text
    early = planner.get(COVERAGE, params={"campaign": CODE})
    assert (early.status_code, early.json()["code"]) == (409, "campaign_not_drawn")
    drawn = planner.post(f"{CAMPAIGNS}/{CODE}/draw")
    assert (drawn.status_code, drawn.json()["state"]) == (200, "running"), drawn.text
    return CODE


def told(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    schemas.CoverageOut.model_validate(answer.json())
    return dict(answer.json())


def test_a_campaigns_shares_are_shown_against_its_target(client: Client, running: str) -> None:
    planner = client("planner")
    for percent in (0, 101, "60"):
        refused = planner.patch(f"{CAMPAIGNS}/{running}", json={"target_percent": percent})
        assert refused.status_code == 422
    assert planner.patch(f"{CAMPAIGNS}/{running}", json={"target_percent": 60}).json()["target_percent"] == 60
    answer = told(planner.get(COVERAGE, params={"campaign": running}))
    legend = answer["legends"]["share"]
    assert (answer["target"], legend["target"], legend["method"]) == (0.6, 0.6, "target")
    # six of ten is the target itself: reached
    assert [one["n_rows"] for one in legend["swatches"] if one["low"] == 0.6] == [1]
    planner.patch(f"{CAMPAIGNS}/{running}", json={"target_percent": 95})
    assert told(planner.get(COVERAGE))["target"] is None


def test_a_campaign_is_set_up_changed_and_read(client: Client, running: str) -> None:
    planner = client("planner")
    again = planner.post(CAMPAIGNS, json=BODY)
    assert (again.status_code, again.json()["code"]) == (409, "campaign_exists")
    fixed = planner.patch(f"{CAMPAIGNS}/{running}", json={"kinds": ["shop"]})
    assert (fixed.status_code, fixed.json()["code"]) == (409, "campaign_fixed")
    changed = planner.patch(f"{CAMPAIGNS}/{running}", json={"by_whom": "全体网格员", "n_issued": 100})
    assert (changed.json()["by_whom"], changed.json()["n_times"]) == ("全体网格员", 1)
    assert changed.json()["target_percent"] == 95
    one = client("manager_west").get(f"{CAMPAIGNS}/{running}").json()
    assert (one["starts_on"], one["areas"], one["questions"]) == ("2026-10-20", [], ["几口人？"])
    assert (one["questionnaires"], one["late"]) == ({"issued": 0, "returned": 0}, {"n": 0, "of": 8, "share": 0.0})
    assert planner.get(f"{CAMPAIGNS}/{running}").json()["questionnaires"]["issued"] == 100
    assert running in [item["code"] for item in client("worker").get(CAMPAIGNS).json()["items"]]
    assert client("manager_west").post(CAMPAIGNS, json=BODY | {"code": "x"}).status_code == 403
    assert planner.get(f"{CAMPAIGNS}/x").json()["code"] == "campaign_unknown"


def test_coverage_says_what_it_is_made_of(client: Client, running: str) -> None:
    answer = told(client("planner").get(COVERAGE, params={"campaign": running, "lang": "zh"}))
    rows = {row["code"]: row for row in answer["rows"]}
    assert list(answer["counts"]) == list(COUNTS)
    west = rows[f"{WEST}001"]
    assert (west["n"], west["denom"], west["share"]) == (6, 10, 0.6)
    counts = dict(zip(COUNTS, west["counts"], strict=True))
    assert (counts["absent"], counts["not_visited"], counts["n_visits"], counts["enumerated"]) == (2, 2, 8, 10)
    assert answer["total"]["counts"]["enumerated"] == sum(
        dict(zip(COUNTS, r["counts"], strict=True))["enumerated"] for r in rows.values()
    )
    assert answer["total"]["rates"][0] | {"n": 6, "of": 14, "percent": "42.86"} == answer["total"]["rates"][0]
    assert [one["id"] for one in answer["rates"]] == [rate.id for rate in RATES]
    assert (answer["added"], answer["outside"], answer["past"], answer["edition"]) == (0, 0, False, None)
    assert answer["denominator"] == {"source": "listed", "label": "名单上的应访户"}
    assert answer["campaign"] == {"code": running, "name": "=秋季大走访"}
    assert any(note.startswith("覆盖率（按应访户）＝") for note in answer["notes"])
    assert any("2026-11-01 10:00" in note for note in answer["notes"])
    assert answer["four"]["visits"] == {"n": 8, "name": "户次"}


@pytest.mark.parametrize(
    "by", ["compound", "community", "subdistrict", "class", "day", "week", "grid,week", "class,community", "total"]
)
def test_by_one_or_two_things(client: Client, running: str, by: str) -> None:
    answer = told(client("planner").get(COVERAGE, params={"campaign": running, "by": by}))
    assert (answer["by"], answer["total"]["counts"]["reached"]) == (by, 6)
    for row in answer["rows"]:
        keys = row.get("keys", [row])
        assert len(keys) == len(by.split(","))
        assert all(key["name"] for key in keys)
    if "," not in by and by not in ("day", "week", "total"):
        assert sum(row["n"] for row in answer["rows"]) == 6


def test_as_of_days_and_edition_count_from_the_visits(client: Client, running: str, made: Fresh) -> None:
    planner = client("planner")
    past = told(planner.get(COVERAGE, params={"campaign": running, "as_of": "2026-10-26T00:00:00+08:00"}))
    assert (past["past"], past["as_of"], past["total"]["counts"]["reached"]) == (True, "2026-10-26T00:00:00+08:00", 0)
    assert past["unknown_before"] is None
    with made.begin(owner=True) as db:
        db.execute(text("UPDATE was_since SET since = :at"), {"at": NOW - timedelta(days=1)})
    for lang, words in (
        ("zh", "2026-10-31 10:00 以前各户和活动的变更记录不全"),
        ("en", "before 2026-10-31 10:00 not all are on record"),
    ):
        asked = {"campaign": running, "lang": lang, "as_of": "2026-10-26T00:00:00+08:00"}
        past = told(planner.get(COVERAGE, params=asked))
        assert (past["unknown_before"], words in past["notes"][-1]) == ("2026-10-31T10:00:00+08:00", True)
        of_now = told(planner.get(COVERAGE, params=asked | {"as_of": "2026-10-31T10:00:00+08:00"}))
        assert (of_now["unknown_before"], words in of_now["notes"][-1]) == (None, False)
    with made.begin(owner=True) as db:
        db.execute(text("UPDATE was_since SET since = NULL"))
    few = told(planner.get(COVERAGE, params={"campaign": running, "from": "2026-10-28", "to": "2026-10-28"}))
    assert (few["from"], few["total"]["counts"]["n_visits"]) == ("2026-10-28", 0)
    register = told(planner.get(COVERAGE, params={"edition": 1}))
    assert (register["edition"], register["campaign"], register["added"]) == (1, None, None)
    for params, status, code in (
        ({"as_of": "2027-01-01T00:00:00Z"}, 422, "as_of_future"),
        ({"by": "grid,grid"}, 422, "coverage_by"),
        ({"by": "street"}, 422, "request_misfit"),
        ({"class": "nothing"}, 422, "class_unknown"),
        ({"edition": 9999}, 404, "edition_unknown"),
        ({"by": "class", "format": "geojson"}, 422, "coverage_format_place"),
        ({"klass": "x"}, 400, "query_unknown"),
    ):
        answer = planner.get(COVERAGE, params=params)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_papers_of_a_hidden_whole_are_hidden(client: Client, running: str, engine: Engine) -> None:
    planner, of = (
        client("planner"),
        "UPDATE household SET class_code = :c WHERE id IN (SELECT id FROM household ORDER BY id LIMIT 2)",
    )
    with engine.begin() as db:
        db.execute(text(of), {"c": "in_need"})
    two = BODY | {"code": "two-doors", "class_codes": ["in_need"]}
    assert planner.post(CAMPAIGNS, json=two).status_code == 201
    assert planner.post(f"{CAMPAIGNS}/two-doors/draw").status_code == 200
    with engine.begin() as db:
        db.execute(text(of), {"c": "ordinary"})
    assert told(planner.get(COVERAGE, params={"campaign": "two-doors", "by": "total"}))["total"] is None
    hidden = planner.get(f"{CAMPAIGNS}/two-doors").json()
    assert (hidden["questionnaires"], hidden["late"]) == (None, None)
    own = client("manager_west").get(f"{CAMPAIGNS}/two-doors").json()
    assert (
        own["late"]["of"]
        == told(client("manager_west").get(COVERAGE, params={"campaign": "two-doors", "by": "total"}))["total"][
            "counts"
        ]["n_visits"]
    )
    assert planner.get(f"{CAMPAIGNS}/{running}").json()["late"]["of"] == 8


def test_who_reads_what(client: Client, running: str) -> None:
    east = told(client("manager_east").get(COVERAGE, params={"campaign": running}))
    assert [row["code"] for row in east["rows"]] == [f"{EAST}004"]
    assert east["total"]["counts"]["enumerated"] == 4
    mine = told(client("worker").get(COVERAGE, params={"campaign": running, "by": "class"}))
    assert [(row["code"], row["denom"]) for row in mine["rows"]] == [("ordinary", 10)]
    assert client().get(COVERAGE).status_code == 401


def test_what_is_put_into_words_once_is_told_as_it_stands(client: Client, running: str, engine: Engine) -> None:
    """Kept answers are the counted ones, each reader's own, packed or not; a change of one row is told at once."""
    params = {"campaign": running, "lang": "en"}
    counted = told(client("planner").get(COVERAGE, params=params | {"from": BODY["starts_on"]}))
    for login in ("planner", "manager_east", "planner"):
        plain = client(login).get(COVERAGE, params=params, headers={"Accept-Encoding": "identity"})
        packed = client(login).get(COVERAGE, params=params, headers={"Accept-Encoding": "gzip"})
        assert ("content-encoding" in plain.headers, packed.headers["content-encoding"]) == (False, "gzip")
        assert plain.content == packed.content == client(login).get(COVERAGE, params=params).content
        rows = {row["code"]: row for row in told(plain)["rows"]}
        assert rows == {row["code"]: row for row in counted["rows"] if row["code"] in rows}
        assert len(rows) == (1 if login == "manager_east" else len(counted["rows"]))
        if login == "planner":
            assert told(plain) == counted | {name: told(plain)[name] for name in ("as_of", "notes")}
    assert told(client("planner").get(COVERAGE, params=params | {"lang": "zh"}))["counts"] != counted["counts"]
    change = text("UPDATE campaign_grid SET n_visits = n_visits + :n WHERE enumerated = 10")
    for n in (1, -1):
        with engine.begin() as db:
            db.execute(change, {"n": n})
        answer = told(client("planner").get(COVERAGE, params=params))
        assert answer["total"]["counts"]["n_visits"] == counted["total"]["counts"]["n_visits"] + max(n, 0)
        west = next(row for row in answer["rows"] if row["code"] == f"{WEST}001")
        assert dict(zip(COUNTS, west["counts"], strict=True))["n_visits"] == 8 + max(n, 0)


def file(client: Client, file_format: str, **params: str) -> bytes:
    answer = client("planner").get(COVERAGE, params={"campaign": CODE, "format": file_format, "lang": "zh"} | params)
    assert answer.status_code == 200, answer.text
    by = params.get("by", "grid").replace(",", "-")
    assert (
        answer.headers["content-disposition"] == f'attachment; filename="coverage-{CODE}-{by}-2026-11-01.{file_format}"'
    )
    return answer.content


def test_excel_as_an_office_prints_it(client: Client, running: str) -> None:
    page = openpyxl.load_workbook(io.BytesIO(file(client, "xlsx", by="grid,week"))).active
    assert page["A1"].value == "=秋季大走访：走访覆盖统计表"
    assert page["A1"].data_type == "s"
    assert str(page["A2"].value).startswith("单位：户")
    assert page.freeze_panes == "E4"
    assert page.print_title_rows == "$1:$3"
    assert (page.page_setup.orientation, page.page_setup.paperSize) == ("landscape", 8)
    assert (page.page_setup.fitToWidth, page.page_setup.fitToHeight, page.sheet_properties.pageSetUpPr.fitToPage) == (
        1,
        0,
        True,
    )
    header = [cell.value for cell in page[3]]
    assert header[:4] == ["网格 编码", "网格", "周 编码", "周"]
    first = page[4]
    assert (first[0].value, first[0].number_format, first[0].data_type) == (f"{WEST}001", "@", "s")
    words = [str(row[0].value) for row in page.iter_rows() if row[0].value]
    total = words.index("合计")
    below = words[total + 1 :]
    assert any(word.startswith("覆盖率（按应访户）＝") for word in below)
    assert below[-2:] == ["数据截至 2026-11-01 10:00", AGAIN]
    assert "—" in [
        cell.value for row in page.iter_rows(min_row=4) for cell in row
    ]  # a week without a visit was found by nobody


def test_csv_opens_in_excel_and_runs_nothing(client: Client, running: str) -> None:
    raw = file(client, "csv", by="compound")
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert rows[0][:3] == ["小区 编码", "小区", "总户数"]
    table, below = rows[: rows.index([])], rows[rows.index([]) + 1 :]
    assert {row[1] for row in table[1:-1]} == {CANARY, "同名苑"}
    assert (table[-1][0], table[-1][2]) == ("合计", "14")
    assert len({len(row) for row in table}) == 1
    assert [len(row) for row in below] == [1] * len(below)
    assert any(row[0].startswith("覆盖率（按应访户）＝") for row in below)
    assert below[-2:] == [["数据截至 2026-11-01 10:00"], [AGAIN]]
    assert "到达时" in below[-3][0]
    part = file(client, "csv", by="compound", kind="household").decode("utf-8-sig")
    assert "到达时" not in part, "of the whole campaign alone"


@pytest.mark.parametrize(
    ("file_format", "read"),
    [("geojson", gpd.read_file), ("gpkg", gpd.read_file), ("parquet", gpd.read_parquet)],
)
@pytest.mark.parametrize("by", ["grid", "compound", "community", "subdistrict"])
def test_places_with_their_shapes(
    client: Client, running: str, tmp_path: Path, file_format: str, by: str, read: Callable[[Path], gpd.GeoDataFrame]
) -> None:
    path = tmp_path / f"c.{file_format}"
    path.write_bytes(file(client, file_format, by=by))
    frame = read(path)
    assert frame.crs.to_epsg() == 4326
    assert int(frame["enumerated"].sum()) == 14
    assert int(frame["reached"].sum()) == 6
    assert frame.geometry.notna().all()
    best = frame.loc[frame["reached"] == 6].iloc[0]
    assert float(best["coverage"]) == 0.6
    assert str(best["code"]) in {f"{WEST}001", "t:1", WEST, "370101001"}


def notes_of(path: Path) -> list[str]:
    """What a file says of itself, for programs that look there."""
    if path.suffix == ".geojson":
        return list(json.loads(path.read_text())["notes"])
    if path.suffix == ".parquet":
        return list(gpd.read_parquet(path).attrs["notes"])
    with closing(sqlite3.connect(path)) as db:
        (told,) = db.execute("SELECT description FROM gpkg_contents").fetchone()
    return str(told).splitlines()


@pytest.mark.parametrize("file_format", ["geojson", "gpkg", "parquet"])
def test_files_of_places_carry_the_definitions(client: Client, running: str, tmp_path: Path, file_format: str) -> None:
    path = tmp_path / f"c.{file_format}"
    path.write_bytes(file(client, file_format, by="grid"))
    told = notes_of(path)
    assert any(note.startswith("覆盖率（按应访户）＝") for note in told)
    assert told[-3:] == ["到达时已超过 72 小时的走访：0 / 8 次（0.00 %）", "数据截至 2026-11-01 10:00", AGAIN]


def test_a_query_is_kept_for_its_owner(client: Client) -> None:
    planner, other = client("planner"), client("admin")
    kept = planner.post(SAVED, json={"name": "周报", "query": "by=grid,week"})
    assert (kept.status_code, kept.json()["query"]) == (201, "by=grid%2Cweek"), kept.text
    number = kept.json()["id"]
    assert [one["name"] for one in planner.get(SAVED).json()["items"]] == ["周报"]
    assert other.get(SAVED).json()["items"] == []
    assert other.delete(f"{SAVED}/{number}").status_code == 404
    assert planner.post(SAVED, json={"name": "x", "query": "next=1"}).json()["code"] == "saved_query_not_allowed"
    assert planner.delete(f"{SAVED}/{number}").status_code == 204
    assert planner.get(SAVED).json()["items"] == []


def test_progress_and_what_is_left(client: Client, running: str, engine: Engine) -> None:
    planner = client("planner")
    answer = planner.get(f"{CAMPAIGNS}/{running}/progress").json()
    days = {day["day"]: day for day in answer["days"]}
    assert (answer["eligible"], answer["left"]) == (14, 8)
    assert (days["2026-10-27"]["new"], days["2026-11-01"]["sum"]) == (6, 6)
    assert next(iter(days)) == "2026-10-20"
    assert set(answer["forecast"]) == {
        "median_on",
        "low_on",
        "high_on",
        "in_time_share",
        "n_runs",
        "reason",
        "reason_text",
    }
    left = client("manager_west").get(f"{CAMPAIGNS}/{running}/mop-up", params={"grid": f"{WEST}001"}).json()
    assert (left["doors"], left["more"], len(left["stops"])) == (4, 0, 1)
    door = left["stops"][0]["doors"][0]
    assert set(door) == {"id", "kind", "name", "unit", "room", "grid", "status", "visits", "last_at", "label"}
    with engine.connect() as db:
        compound = db.scalar(text("SELECT id FROM compound WHERE ref = '3'"))
    east = planner.get(f"{CAMPAIGNS}/{running}/mop-up", params={"compound": str(compound), "limit": "3"}).json()
    assert (east["doors"], east["more"]) == (3, 1)
