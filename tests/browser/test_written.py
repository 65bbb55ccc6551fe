"""What people write in every field that has a name: shown as they wrote it; and the office's forms, for everybody."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import TimeoutError, expect
from sqlalchemy import text

from tests.browser.conftest import Visitor
from tests.browser.page_checks import violations
from tests.conftest import Fresh
from tests.web import canaries
from tests.web.county import CANARY as SHORT
from tests.web.county import County, worked_out

CANARY = SHORT + " x{#${window.__x=1}`"
SHOWS = "(words) => document.querySelector('main').textContent.includes(words)"  # sooner or later: scripts draw some


@pytest.fixture(scope="module")
def written(made: Fresh, county: County) -> int:
    """Whatever people can write is a canary. The id of the shop."""
    with made.begin(owner=True) as db:
        canaries.fill(db, county)
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
        *("/wall", "/public", "/unplaced", "/reports/{number}", "/accounts"),
    ),
    "worker": ("/my-day", "/visit/{shop}"),
}


def test_what_people_write_is_shown_as_they_wrote_it(visitor: Visitor, county: County, written: int) -> None:
    missing, obeyed = [], []
    for reader, paths in WRITTEN.items():
        visit = visitor(reader, "zh")
        for path in paths:
            page = visit.open(path.format(shop=written, number=county.numbers["west2"]))
            try:  # of a visit the list has the address alone, and in it the compound's name
                page.wait_for_function(SHOWS, arg=SHORT if path == "/visits" else CANARY)
            except TimeoutError:
                missing.append(path)
            if page.locator("main img").count() or worked_out(page.text_content("main") or ""):
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
    page.wait_for_load_state("load")  # its script looks at the size
    page.set_input_files("#f-file", file)
    page.evaluate("document.getElementById('f-file').dataset.most = 3")
    page.keyboard.press("Tab")
    page.click("text=Upload and look")
    assert "larger than 20 MB" in page.text_content("form[enctype] [role=status]")  # and nothing was sent
    page.evaluate("document.getElementById('f-file').dataset.most = 9999")
    page.click("text=Upload and look")
    page.wait_for_selector("#told")
    expect(page.locator("#refused")).to_contain_text(SHORT)
    visit.clean()
    visit.accessible(axe)
    page.focus("form[action$=store] button")
    page.keyboard.press("Enter")
    expect(page.locator("#summary")).to_be_focused()
    page.click("#summary a")
    expect(page.locator("#f-skip")).to_be_focused()
    page.keyboard.press("Space")
    page.click("form[action$=store] button")
    expect(page.locator(".note-done")).to_contain_text("1 new")
    assert violations(page, axe) == []
    with made.begin() as db:
        assert db.scalar(text("SELECT contact_name FROM household WHERE building = '75'")) == "王一"
