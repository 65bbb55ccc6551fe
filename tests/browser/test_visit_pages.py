"""Visits in a browser: a campaign by keyboard, a worker's two taps on a phone, position, undo, the board, paper."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from gridsvc import campaigns, door_merges, households
from gridsvc.campaigns import Wanted
from gridsvc.grids import Rule
from gridsvc.households import Door
from tests.browser.conftest import PHONE, Visit, Visitor
from tests.conftest import NOW, Fresh
from tests.through import ADMIN
from tests.web.county import WEST, County

HERE = {"latitude": 23.0041, "longitude": 110.0041, "accuracy": 9}
GRANTED: dict[str, Any] = {"geolocation": HERE, "permissions": ["geolocation"]}


@pytest.fixture(scope="module")
def running(made: Fresh, county: County) -> str:
    """A campaign with its list drawn: of the ten doors of grid 001, six are reached."""
    wanted = Wanted(
        name="秋季走访", starts_on=date(2026, 10, 1), ends_on=date(2026, 12, 20), questions=("有什么困难？",)
    )
    with made.begin() as db:
        campaigns.create(db, "autumn", wanted, ADMIN, NOW, ZoneInfo("Asia/Shanghai"))
        campaigns.draw(db, "autumn", NOW)
    return "autumn"


@pytest.fixture(scope="module")
def one(made: Fresh, county: County) -> int:
    """A shop that had two entries: the campaign is of households."""
    rule, zone = Rule(50.0, "Asia/Shanghai"), ZoneInfo("Asia/Shanghai")
    home = county.compounds["1"]
    with made.begin() as db:
        entries = [Door(home, "88", None, room, kind="shop", name="小卖部") for room in ("501", "0501")]
        keep, gone = (households.add(db, door, ADMIN, NOW, rule) for door in entries)
        version = door_merges.compare(db, keep, gone, ADMIN, NOW, zone).version
        door_merges.merge(db, keep, gone, "门牌多写一个0", version, ADMIN, NOW, zone)
    return keep


def recorded(made: Fresh) -> list[dict[str, Any]]:
    """The visits that a person recorded, the last first."""
    query = text(
        "SELECT household_id, outcome, n_met, x, y, accuracy_m, distance_m FROM visit "
        "WHERE account_id IS NOT NULL ORDER BY id DESC"
    )
    with made.begin() as db:
        return [dict(row) for row in db.execute(query).mappings()]


def a_door(visit: Visit) -> int:
    """Taps the first door of the day; its id."""
    page = visit.open("/my-day?campaign=autumn")
    page.locator(".doors a").first.tap()
    page.wait_for_url("**/visit/**")
    return int(page.url.partition("/visit/")[2].partition("?")[0])


def done(page: Page) -> None:
    page.wait_for_url("**/my-day?**done=**")
    page.wait_for_load_state("load")


def test_a_planner_sets_up_draws_and_ends_a_campaign_with_the_keyboard(
    visitor: Visitor, made: Fresh, running: str
) -> None:
    visit = visitor("planner", "en")
    page = visit.open("/campaigns")
    press(page, "/campaigns/new")
    page.keyboard.press("Tab")
    page.focus("#f-code")
    for words in ("keys-1", "By hand"):
        page.keyboard.type(words)
        page.keyboard.press("Tab")
    page.fill("#f-starts_on", "2026-11-01")
    page.fill("#f-ends_on", "2026-11-30")
    page.focus("input[name=kinds][value=shop]")
    page.keyboard.press("Space")
    page.focus("#f-by_whom")
    page.keyboard.press("Enter")
    page.wait_for_url("**/campaigns/keys-1?done=made")
    press(page, "?ask=draw")
    expect(page.locator("form.sure button")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**?done=drawn")
    with made.begin() as db:
        of = "SELECT count(*) FROM household WHERE removed_at IS NULL AND same_as_id IS NULL AND kind IN ('household', 'shop')"
        n_doors = int(db.scalar(text(of)) or 0)
    assert n_doors >= 14
    expect(page.get_by_role("status")).to_contain_text(f": {n_doors} doors")
    press(page, "?ask=end")
    expect(page.locator("form.sure button")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**?done=ended")
    with made.begin() as db:
        kinds, ended = db.execute(text("SELECT kinds, ended_at FROM campaign WHERE code = 'keys-1'")).one()
    assert sorted(kinds) == ["household", "shop"]
    assert ended is not None
    visit.clean()


def press(page: Page, href: str) -> None:
    """Goes where a link leads, by Enter."""
    page.focus(f'main a[href="{href}"]')
    page.keyboard.press("Enter")
    page.wait_for_load_state("load")
    page.wait_for_url(f"**{href}".replace("?", "\\?"))


def test_two_taps_record_a_visit_once_with_the_position(visitor: Visitor, made: Fresh, running: str) -> None:
    before = len(recorded(made))
    visit = visitor("worker", "zh", **PHONE, **GRANTED)
    door = a_door(visit)
    page = visit.page
    expect(page.locator("#v-position")).to_contain_text("9")
    button = page.locator("[data-outcome=reached]")
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 48
    assert box["y"] + box["height"] < 844  # no scrolling to the usual outcome
    button.dblclick(no_wait_after=True)
    done(page)
    first, *others = recorded(made)
    assert len(others) == before
    assert (first["household_id"], first["outcome"], first["n_met"]) == (door, "reached", 1)
    assert (first["x"], first["y"], first["accuracy_m"]) == (110.0041, 23.0041, 9)
    assert first["distance_m"] < 20
    assert page.locator(f'.doors a[href^="/visit/{door}?"]').count() == 0
    visit.clean()


def test_the_stepper_counts_and_undo_takes_back(visitor: Visitor, made: Fresh, running: str) -> None:
    visit = visitor("worker", "en", **PHONE)
    door = a_door(visit)
    page = visit.page
    expect(page.locator("#v-position")).to_have_text("A visit can be recorded without a position")
    more, fewer = page.locator("[data-step='1']"), page.locator("[data-step='-1']")
    more.tap()
    more.tap()
    fewer.tap()
    assert page.input_value("#v-n_met") == "2"
    page.locator("[data-outcome=reached]").tap()
    done(page)
    first = recorded(made)[0]
    assert (first["outcome"], first["n_met"], first["x"]) == ("reached", 2, None)
    page.get_by_role("button", name="Undo").tap()
    page.wait_for_url("**undone=true")
    assert recorded(made)[0]["outcome"] == "withdrawn"
    assert page.locator(f'.doors a[href^="/visit/{door}?"]').count() == 1
    visit.clean()


def test_a_second_door_is_recorded_without_scripts(visitor: Visitor, made: Fresh, running: str) -> None:
    visit = visitor("worker", "zh", **PHONE, java_script_enabled=False)
    page = visit.page
    page.goto(f"{visit.address}/my-day?campaign=autumn")
    assert page.locator("#attach").is_hidden()
    page.locator(".doors a").first.click()
    assert page.locator("[data-step]").first.is_hidden()
    page.locator("[data-outcome=absent]").click()
    page.wait_for_url("**done=**")
    assert recorded(made)[0]["outcome"] == "absent"
    assert page.locator(".doors .outcome-absent").count() >= 1


def test_the_position_is_asked_for_by_a_button_and_once(visitor: Visitor, running: str) -> None:
    visit = visitor("worker", "en", **PHONE, geolocation=HERE)
    page = visit.open("/my-day")
    button = page.locator("#attach button")
    expect(button).to_be_visible()
    assert page.locator("#position").is_hidden()
    visit.page.context.grant_permissions(["geolocation"])
    button.tap()
    expect(page.locator("#position")).to_have_text("Your position goes with each visit.")
    expect(button).to_be_hidden()
    visit.open("/my-day")
    expect(page.locator("#position")).to_be_visible()
    assert page.locator("#attach").is_hidden()
    visit.clean()


def test_the_board_has_a_curve_with_its_figures_and_a_table(visitor: Visitor, made: Fresh, running: str) -> None:
    visit = visitor("planner", "en")
    page = visit.open("/campaigns/autumn?by=grid")
    with made.begin() as db:
        cells = "SELECT sum(reached), sum(eligible) FROM campaign_cell x JOIN campaign c ON c.id = x.campaign_id"
        reached, eligible = db.execute(text(f"{cells} WHERE c.code = 'autumn'")).one()
    expect(page.locator(".key-figures > div").first).to_contain_text(f"{reached} / {eligible}")
    line = (page.get_attribute(".curve .reached", "points") or "").split()
    assert float(line[0].split(",")[1]) > float(line[-1].split(",")[1])  # up
    page.focus("details.more summary")
    page.keyboard.press("Enter")
    last = page.locator("details.more tbody tr").last.locator("td").last
    expect(last).to_have_text(str(reached))
    page.select_option("#f-by", "class")
    page.locator(".filters button").click()
    page.wait_for_url("**by=class**")
    assert page.locator("#coverage tbody tr").count() >= 1
    page.emulate_media(media="print")
    assert not page.locator(".filters").is_visible()
    assert page.locator(".curve").is_visible()
    visit.clean()


def test_the_mop_up_list_is_a_way_with_a_sketch(visitor: Visitor, running: str) -> None:
    visit = visitor("manager_west", "en")
    page = visit.open("/campaigns/autumn/mop-up")
    page.keyboard.press("/")
    page.keyboard.type(f"{WEST}001")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**grid={WEST}001**")
    doors = page.locator(".doors a")
    assert 1 <= doors.count() <= 4
    expect(page.locator(".walk-map")).to_be_visible()
    doors.first.click()
    page.wait_for_url("**/visit/**")
    visit.clean()


def choose_columns(page: Page) -> None:
    """A file whose columns have other names: by the keyboard they are said to be what they are."""
    content = "大院,楼,当家人,很长很长的一列备注说明文字\n锦绣花园,57幢,王二,好\n锦绣花园,58幢,李四,好\n"
    page.set_input_files("#f-file", {"name": "d.csv", "mimeType": "text/csv", "buffer": content.encode()})
    page.get_by_role("button", name="Upload and look").click()
    expect(page.locator("#columns .note-warn")).to_have_count(2)
    expect(
        page.locator("#told")
    ).to_be_focused()  # what the address names; only then does the focus stay where it is put
    page.focus("#a-compound")
    for n_down in (1, 2):  # the fields and the file's columns stand in the same order
        for _ in range(n_down):
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
    expect(page.locator("#a-compound")).to_have_value("大院")
    expect(page.locator("#a-building")).to_have_value("楼")
    page.get_by_label("contact", exact=True).select_option(label="当家人 · 王**, 李**")
    page.get_by_role("button", name="Look again with these columns").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#columns .note-warn")).to_have_count(0)
    expect(page.locator("#file-columns")).to_contain_text("锦绣花园")
    expect(page.locator("#a-building")).to_have_value("楼")
    expect(page.locator("#a-contact")).to_have_value("当家人")


PAGES = {
    "campaigns": ("planner", "/campaigns", "zh"),
    "form": ("planner", "/campaigns/new", "en"),
    "board": ("planner", "/campaigns/autumn?by=community&by2=class", "zh"),
    "mop-up": ("manager_west", "/campaigns/autumn/mop-up?grid=370101001001001", "en"),
    "my day": ("worker", "/my-day", "zh"),
    "visit": ("worker", "/visit/{door}", "en"),
    "households": ("manager_west", "/households", "en"),
    "household": ("manager_west", "/households/{door}", "zh"),
    "household of two entries": ("manager_west", "/households/{one}", "en"),
    "household form": ("manager_west", "/households/{door}/change", "en"),
    "visits": ("manager_west", "/visits", "en"),
    "columns of a file": ("manager_west", "/households/import", "en"),
}


@pytest.mark.parametrize("name", PAGES)
def test_page_is_clean_accessible_and_fits_a_phone(
    visitor: Visitor, made: Fresh, county: County, running: str, one: int, axe: str, name: str
) -> None:
    reader, path, lang = PAGES[name]
    with made.begin() as db:
        door = db.scalar(text("SELECT min(id) FROM household WHERE compound_id = :c"), {"c": county.compounds["1"]})
    visit = visitor(reader, lang)
    page = visit.open(path.format(door=door, one=one))
    if name == "household of two entries":  # the form that undoes it lies in the log
        page.locator("#log-title + ul summary").click()
        expect(page.get_by_label("Why they are two doors")).to_be_visible()
    if name == "columns of a file":
        choose_columns(page)
    shown = page.inner_text("body")
    assert not [word for word in ("pages.", "coverage.", "campaign.") if word in shown]
    assert page.locator("main img").count() == 0
    visit.accessible(axe)
    if name == "campaigns":  # on a phone by now: both readings side by side, and the definitions at a distance
        for reading in ("按应访户", "按总户数"):
            expect(page.locator("#campaigns thead th", has_text=reading)).to_be_in_viewport(ratio=1)
        at = {css: page.locator(css).bounding_box() for css in ("#campaigns", "#defined-title")}
        table, title = at["#campaigns"], at["#defined-title"]
        assert table
        assert title
        assert title["y"] - table["y"] - table["height"] >= 16
    visit.clean()
