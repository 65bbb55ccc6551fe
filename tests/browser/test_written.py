"""What people write in every field that has a name: shown as they wrote it; and the office's forms, for everybody."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from gridsvc import campaigns, households
from gridsvc.campaigns import Wanted
from gridsvc.households import Door
from tests.browser.conftest import Visitor
from tests.browser.page_checks import violations
from tests.conftest import NOW, Fresh
from tests.through import ADMIN
from tests.web.county import BEGIN, RULE, WEST, County
from tests.web.county import CANARY as SHORT

CANARY = SHORT + " x{#${window.__x=1}`"


@pytest.fixture(scope="module")
def written(made: Fresh, county: County) -> int:
    """Whatever people name is a canary: a grid, an area, a campaign and its question, a shop, a saved query, a visit's
    needs, a worker. The id of the shop."""
    days = {"starts_on": date(2026, 10, 20), "ends_on": date(2026, 11, 20)}
    wanted = Wanted(
        f"走访{CANARY}", **days, kinds=("household", "shop"), questions=(f"几口人{CANARY}",), by_whom=CANARY
    )
    shop = Door(county.compounds["1"], "1幢", "无", "铺1", 110.004, 23.004, kind="shop", name=f"小店{CANARY}")
    with made.begin() as db:
        households.register(db, [shop], BEGIN, RULE)
        campaigns.create(db, "canary", wanted, ADMIN, NOW, ZoneInfo("Asia/Shanghai"))
        campaigns.draw(db, "canary", NOW)
        for change in (
            "UPDATE grid_version SET name = name || :c WHERE code = :grid",
            "UPDATE area SET name = name || :c WHERE code IN ('370101001', :area)",
            "UPDATE worker SET name = name || :c WHERE code = 'w1'",
            "INSERT INTO visit (client_key, household_id, outcome, happened_at, recorded_at, needs)"
            " SELECT gen_random_uuid(), id, 'absent', :at, :at, :c FROM household WHERE kind = 'shop'",
            "INSERT INTO saved_query (account_id, name, query, saved_at)"
            " SELECT id, :c, 'by=grid', :at FROM account WHERE login = 'admin'",
        ):
            db.execute(text(change), {"c": CANARY, "grid": f"{WEST}001", "area": WEST, "at": NOW})
        return int(db.scalar(text("SELECT id FROM household WHERE kind = 'shop'")) or 0)


# reader: pages whose words people wrote
WRITTEN = {
    "admin": (
        *(
            "/campaigns",
            "/campaigns/canary",
            "/campaigns/canary/mop-up",
            "/households",
            "/households/{shop}",
            "/visits",
        ),
        *("/maps/coverage?campaign=canary", "/maps/hotspots", "/ledger", "/worklist"),
    ),
    "worker": ("/my-day", "/visit/{shop}"),
}


def test_what_people_write_is_shown_as_they_wrote_it(visitor: Visitor, county: County, written: int) -> None:
    missing, obeyed = [], []
    for reader, paths in WRITTEN.items():
        visit = visitor(reader, "zh")
        for path in paths:
            page = visit.open(path.format(shop=written))
            shown = page.text_content("main") or ""
            # of a visit the list has the address alone, and in it the compound's name
            if (SHORT if path == "/visits" else CANARY) not in shown:
                missing.append(path)
            if page.locator("main img").count() or "1337" in shown:
                obeyed.append(path)
            visit.clean()
    assert (missing, obeyed) == ([], [])


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_pages_of_the_office_are_accessible(
    visitor: Visitor, county: County, written: int, axe: str, lang: str
) -> None:
    pages = (
        *("/accounts", "/accounts/add", "/accounts/import", "/responsibility", "/households/new"),
        *("/households/{shop}/change", "/households/look-alikes", "/campaigns/canary/change", "/households/import"),
    )
    visit = visitor("admin", lang)
    for path in pages[lang == "en" :: 2]:
        page = visit.open(path.format(shop=written))
        assert violations(page, axe) == [], path
        visit.clean()


def test_a_file_of_doors_is_looked_at_and_stored(
    visitor: Visitor, county: County, made: Fresh, axe: str, tmp_path: Path
) -> None:
    file = tmp_path / "doors.csv"
    rows = (
        ("小区", "楼栋", "单元", "房号", "户主"),
        ("锦绣花园", 75, 1, 101, "王一"),
        (f"苑{SHORT}", 75, 1, 102, ""),
    )
    file.write_text("\n".join(",".join(map(str, row)) for row in rows), "utf-8")
    visit = visitor("planner", "en")
    page = visit.open("/households")
    page.click("text=Import a file")
    page.set_input_files("#f-file", file)
    page.evaluate("document.getElementById('f-file').dataset.most = 3")
    page.keyboard.press("Tab")
    page.click("text=Upload and look")
    assert "larger than 20 MB" in page.text_content("form[enctype] [role=status]")  # and nothing was sent
    page.evaluate("document.getElementById('f-file').dataset.most = 9999")
    page.click("text=Upload and look")
    page.wait_for_selector("#told")
    assert SHORT in page.text_content("#refused")
    visit.clean()
    visit.accessible(axe)
    page.focus("form[action$=store] button")
    page.keyboard.press("Enter")
    page.wait_for_selector("#summary")
    assert page.evaluate("document.activeElement.id") == "summary"
    page.click("#summary a")
    assert page.evaluate("document.activeElement.id") == "f-skip"
    page.keyboard.press("Space")
    page.click("form[action$=store] button")
    page.wait_for_selector(".note-done")
    assert "1 new" in page.text_content(".note-done")
    assert violations(page, axe) == []
    with made.begin() as db:
        assert db.scalar(text("SELECT contact_name FROM household WHERE building = '75'")) == "王一"
