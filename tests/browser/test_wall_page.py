"""The wall in a browser: board and pins by the same numbers, keys, phone, paper, canaries, the address."""

from __future__ import annotations

import csv
import re
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pypdfium2 as pdfium
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from gridsvc import accounts, cases, reports
from gridsvc.reports import Draft, Position
from gridsvc.rules.case import Given
from gridsvc.rules.roles import ANONYMOUS, Actor
from gridsvc.web import wall_stream
from tests.browser.conftest import MANY, PHONE, Visit, Visitor, come, held_back
from tests.browser.page_checks import OVER, SMALL, put_away
from tests.conftest import NOW, Fresh
from tests.through import AGREED, lead
from tests.web.county import CANARY, PASSWORD, RULE, WEST, County

PINS = ".wall-pin"
LINES = "#wall-board tbody tr[data-key]"
ROAD = "人民路"
N_EACH = 2  # reports in each standing
WALL_SCREEN = {"viewport": {"width": 1920, "height": 1080}}


@pytest.fixture(scope="module")
def hung(made: Fresh, county: County) -> County:
    """The county with reports in every standing; categories and workers have names nobody would choose."""
    states = ("filed", "dispatched", "disposed", "checked", "closed", "struck_off")
    with made.begin() as db:
        for i, state in enumerate(states * N_EACH):
            place = Position(110.002 + 0.003 * i, 23.004 + 0.001 * (i % 5), "wgs84")
            draft = Draft(uuid.uuid4(), "0110", f"堆垃圾 {{{{7*191}}}} ${{window.__x=1}} ` {i} {CANARY}", "web", place)
            number = reports.submit(db, draft, ANONYMOUS, NOW - timedelta(days=3 + i % 4), RULE).number
            lead(db, number, state, NOW - timedelta(days=2 + i % 4))
        db.execute(text("UPDATE category SET name_zh = name_zh || :c, name_en = name_en || :c"), {"c": CANARY})
        db.execute(text("UPDATE worker SET name = name || :c"), {"c": CANARY})
        db.execute(text("UPDATE basemap SET name = :n WHERE class = 'major'"), {"n": ROAD})
    return county


def opened(visitor: Visitor, path: str = "/wall", **options: Any) -> tuple[Any, Page]:
    visit = visitor(options.pop("login", "admin"), **options)
    page = visit.open(path)
    page.wait_for_selector(LINES)
    return visit, page


def numbers(page: Page) -> tuple[list[int], list[int]]:
    """What is written on the lines that have a pin, and on the pins."""
    lines = page.eval_on_selector_all(
        LINES, "rows => rows.map(r => [+r.cells[0].innerText.trim().split(/\\s+/)[0], r.dataset.key])"
    )
    pinned = page.eval_on_selector_all(
        PINS, "pins => pins.map(p => [+p.querySelector('text').textContent, p.dataset.key])"
    )
    located = {key for _, key in pinned}
    assert {key: nr for nr, key in lines if key in located} == {key: nr for nr, key in pinned}
    return [nr for nr, _ in lines], sorted(nr for nr, _ in pinned)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_board_and_pins_have_the_same_numbers(visitor: Visitor, hung: County, axe: str, lang: str) -> None:
    visit, page = opened(visitor, lang=lang)
    lines, pins = numbers(page)
    assert lines == list(range(1, len(lines) + 1))
    answer = page.evaluate("fetch('/api/v1/wall').then(r => r.json())")
    assert [row["nr"] for row in answer["rows"]] == lines
    assert pins == [row["nr"] for row in answer["rows"] if row["location"]]
    assert sum(answer["counts"].values()) == answer["total"] == len(lines) + answer["left_out"]
    for standing, n in answer["counts"].items():
        expect(page.locator(f".wall-key[data-standing={standing}] .wall-key-n")).to_have_text(f"{n:,}")
    # the page without rows is small
    html = page.request.get(f"{visit.address}/wall").text()
    assert len(html.encode()) <= 20_480
    assert "堆垃圾" not in html
    # what people wrote is shown as it is
    words = page.locator(".wall-words", has_text="{{7*191}}")
    assert words.count() >= 6
    expect(words.first).to_contain_text("${window.__x=1} `")
    expect(words.first).to_contain_text(CANARY)
    expect(page.locator(".wall-link").first).to_contain_text(CANARY)
    expect(page.locator(".wall-owner", has_text=CANARY).first).to_be_visible()
    # the window of an office is enough: the page itself does not scroll
    assert page.evaluate("document.documentElement.scrollHeight - innerHeight") <= 0
    words.first.click()
    expect(page.locator(".wall-card-words")).to_contain_text(CANARY)
    page.keyboard.press("Escape")
    # grids and what lies on the ground have names, under the pins
    expect(page.locator(".map-name-grid").first).to_be_visible()
    under = "all => all.map(one => +getComputedStyle(document.querySelector(one)).zIndex)"
    pin, name = page.evaluate(under, [".leaflet-grid-pins-pane", ".leaflet-grid-names-pane"])
    assert name < pin
    page.evaluate("gridMap.map.setView([23.01, 110.02], 15, {animate: false})")
    expect(page.locator(".map-name-major", has_text=ROAD)).not_to_have_count(0)
    # the file that the service prints has this filter and this part of the map
    page.select_option("#map-paper", "a0")
    page.locator("#map-compounds").check()
    asked = parse_qs(urlsplit(page.locator('[data-file="pdf"]').get_attribute("href") or "").query)
    assert asked.pop("px")[0].count("x") == 1
    assert asked == {"lang": [lang], "paper": ["a0"], "map": ["15/23.01000/110.02000"], "compounds": ["on"]}
    page.locator("#map-whole").click()
    page.select_option("#f-deadline", "closed")
    link = page.locator('[data-file="png"]')
    expect(link).to_have_attribute("href", re.compile("deadline=closed"))
    page.select_option("#f-deadline", "")
    page.locator("#map-compounds").uncheck()
    visit.accessible(axe)
    assert page.locator("html").get_attribute("lang") == lang
    visit.clean()


def test_selecting_one_selects_the_other_and_keys_do_all(visitor: Visitor, hung: County) -> None:
    visit, page = opened(visitor)
    for _ in range(2):  # over the menu, then over the filters
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
    first = page.evaluate("document.activeElement.dataset.key")
    page.keyboard.press("ArrowDown")
    second = page.evaluate("document.activeElement.dataset.key")
    assert second != first
    page.keyboard.press("Enter")
    expect(page.locator(f'{LINES}[aria-selected="true"]')).to_have_attribute("data-key", second)
    expect(page.locator(".wall-pin-selected")).to_have_attribute("data-key", second)
    expect(page.locator("#map-live")).to_contain_text("2")
    assert f"sel={second.replace('/', '%2F')}" in page.url
    page.reload()
    page.wait_for_selector(".wall-pin-selected")
    expect(page.locator(f'{LINES}[aria-selected="true"]')).to_have_attribute("data-key", second)
    expect(page.locator(".wall-card a")).to_have_attribute("href", re.compile("^/reports/"))
    # and on the paper that the service prints
    for kind in ("pdf", "png"):
        asked = parse_qs(urlsplit(page.locator(f'[data-file="{kind}"]').get_attribute("href") or "").query)
        assert asked["sel"] == [second]
    page.keyboard.press("Escape")
    expect(page.locator(".wall-pin-selected")).to_have_count(0)
    page.locator(PINS).last.click(force=True)
    picked = page.locator(".wall-pin-selected").get_attribute("data-key")
    expect(page.locator(f'{LINES}[aria-selected="true"]')).to_have_attribute("data-key", str(picked))
    assert page.locator("#map-frame [tabindex='0'], #map-frame a[href], #map-frame button").count() <= 15
    page.keyboard.press("Escape")
    # the search finds a report on the board, and a grid on the map
    page.fill("#map-find", second.split("/")[1])
    page.locator("[role=option]").first.wait_for()
    page.keyboard.press("Enter")
    expect(page.locator(f'{LINES}[aria-selected="true"]')).to_have_attribute("data-key", second)
    expect(page.locator(".wall-pin-selected")).to_have_attribute("data-key", second)
    page.fill("#map-find", f"{WEST}001")
    page.locator("[role=option]").first.wait_for()
    page.keyboard.press("Enter")
    expect(page.locator(".map-pin")).to_contain_text(f"{WEST}001")
    expect(page.locator(".wall-pin-selected")).to_have_count(0)
    page.fill("#map-find", "")
    page.keyboard.press("Escape")
    # the pins have one stop too, and say what they are
    page.locator(".wall-pin[tabindex='0']").focus()
    page.keyboard.press("Home")
    expect(page.locator(".wall-pin:focus")).to_have_accessible_name(re.compile(r"^1 · .+ · .+"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator(".wall-pin:focus")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".wall-card-head svg")).to_have_text("2")
    expect(page.locator("#map-live")).to_contain_text(page.locator(".wall-card-told").inner_text())
    visit.clean()


def n_closed(made: Fresh) -> int:
    """How many wait for a rating: other tests close some too."""
    with made.begin() as db:
        return int(db.scalar(text("SELECT count(*) FROM report WHERE state = 'closed'")) or 0)


def test_filters_live_in_the_address(visitor: Visitor, hung: County, made: Fresh, tmp_path: Path) -> None:
    visit, page = opened(visitor)
    # what one chooses from comes after the page
    for name, code in (("area", WEST), ("category", "0110")):
        expect(page.locator(f"#f-{name} option[value='{code}']")).to_have_count(1)
    page.select_option("#f-area", "370101")
    expect(page.locator("#map-foot")).to_contain_text("试验区")
    expect(page.locator("#map-foot")).not_to_contain_text("约晚")  # all of it is here
    page.reload()
    expect(page.locator("#f-area option")).to_have_count(6)
    expect(page.locator("#f-area")).to_have_value("370101")
    page.select_option("#f-area", "")
    page.select_option("#f-state", "closed")
    n = n_closed(made)
    assert n >= N_EACH
    expect(page.locator(LINES)).to_have_count(n)
    assert "state=closed" in page.url
    assert set(page.locator(PINS).evaluate_all("all => all.map(one => one.dataset.standing)")) == {"closed"}
    expect(page.locator("#map-foot")).to_contain_text("已结案")
    with page.expect_download() as waiting:
        page.locator("#map-download").click()
    waiting.value.save_as(tmp_path / "t.csv")
    head, *lines = csv.reader((tmp_path / "t.csv").read_text(encoding="utf-8-sig").splitlines())
    shown = page.evaluate("wall.page.shown.map(row => [String(row.nr), row.number])")
    assert [line[:2] for line in lines[:n]] == shown
    assert {line[8] for line in lines[:n]} == {"已结案待评价"}
    assert head[:4] == ["编号", "上报编号", "问题", "描述"]
    assert "已结案" in lines[-1][0]
    page.reload()
    page.wait_for_selector(LINES)
    expect(page.locator(LINES)).to_have_count(n)
    page.go_back()
    expect(page.locator(LINES).nth(3)).to_be_visible()
    visit.clean()


def test_who_sees_less_has_a_smaller_wall(visitor: Visitor, hung: County) -> None:
    _, page = opened(visitor, login="manager_east")
    answer = page.evaluate("fetch('/api/v1/wall').then(r => r.json())")
    areas = {row["area"]["code"] if row["area"] else None for row in answer["rows"]}
    assert areas <= {"370101002001", None}
    assert len(answer["rows"]) == page.locator(LINES).count()


CUT_OFF = """() => {
  const frame = document.getElementById('map-frame').getBoundingClientRect();
  const inside = (at) => gridMap.map.getBounds().contains(at);
  return [...wall.pins.markers.values()].filter((pin) => inside(pin.true)).map((pin) => pin.getElement()).filter((pin) => {
    const box = pin.getBoundingClientRect();
    return box.left < frame.left || box.right > frame.right || box.top < frame.top || box.bottom > frame.bottom;
  }).map((pin) => pin.dataset.nr);
}"""


def test_on_a_phone_it_is_one_column(visitor: Visitor, hung: County) -> None:
    visit, page = opened(visitor, **PHONE)
    assert page.evaluate(OVER) == 0
    assert page.evaluate(SMALL) == []
    numbers(page)
    # a pin that is moved out of another's way stays on the map; whose place is off the map is there after a drag
    assert page.evaluate(CUT_OFF) == []
    heads = "all => all.map(one => getComputedStyle(one, '::before').content)"
    assert set(page.locator(f"{LINES} .wall-owner").evaluate_all(heads)) == {'"责任人"'}
    visit.clean()


def test_on_the_wall_screen_nothing_overflows(visitor: Visitor, hung: County) -> None:
    visit, page = opened(visitor, **WALL_SCREEN)
    assert page.evaluate(OVER) == 0
    cut = page.evaluate(
        "[...document.querySelectorAll('#wall-board td')].filter(c => c.scrollWidth > c.clientWidth + 1).length"
    )
    assert cut == 0
    numbers(page)
    visit.clean()


def test_without_scripts_there_is_the_board(visitor: Visitor, hung: County, made: Fresh) -> None:
    visit = visitor("admin", java_script_enabled=False)
    page = visit.open("/wall?deadline=closed")
    page.locator("noscript a").click()
    expect(page.locator("#wall-board tbody tr")).to_have_count(n_closed(made))
    expect(page.locator("#wall-board tbody")).to_contain_text(CANARY)
    expect(page.locator("noscript a")).to_be_visible()


def send(made: Fresh, words: str) -> str:
    with made.begin() as db:
        draft = Draft(uuid.uuid4(), "0110", words, "web", Position(110.012, 23.012, "wgs84"))
        return reports.submit(db, draft, ANONYMOUS, NOW - timedelta(hours=1), RULE).number


def test_what_is_committed_is_drawn_by_itself(
    visitor: Visitor, hung: County, made: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    # by the commit: the next beat or look comes when this test has failed
    monkeypatch.setattr(wall_stream, "BEAT_S", 60.0)
    monkeypatch.setattr(wall_stream, "LOOK_S", 60.0)
    visit, page = opened(visitor)
    expect(page.locator("#wall-live")).to_have_attribute("data-state", "live")
    expect(page.locator("#wall-live")).to_have_text("实时更新")
    page.locator(LINES).nth(1).click()
    before, chosen = numbers(page)[0], page.locator('tr[aria-selected="true"]').get_attribute("data-key")
    number = send(made, f"刚刚上报 {CANARY}")
    line = page.locator(f'{LINES}[data-key="gridsvc/{number}/0"]')
    expect(line).to_be_visible()
    expect(page.locator(f'{PINS}[data-key="gridsvc/{number}/0"]')).to_have_count(1)
    expect(page.locator("#map-live")).to_contain_text("1")
    lines, _ = numbers(page)
    assert lines == list(range(1, len(before) + 2))
    assert page.locator('tr[aria-selected="true"]').get_attribute("data-key") == chosen
    # what moves no pin draws no map anew
    page.evaluate(
        "() => { wall.n = 0; const all = wall.names.draw; wall.names.draw = function () { wall.n += 1; all.call(this); }; }"
    )
    with made.begin() as db:
        held = cases.lock(db, number)
        cases.apply(db, held, "note", Actor("admin"), NOW + timedelta(hours=9), AGREED, Given(note="说明"))
    expect(line).to_contain_text((NOW + timedelta(hours=17)).strftime("%Y-%m-%d %H:%M"))
    assert page.evaluate("wall.n") == 0
    with made.begin() as db:
        lead(db, number, "void", NOW)
    expect(line).to_have_count(0)
    expect(page.locator(f'{PINS}[data-key="gridsvc/{number}/0"]')).to_have_count(0)
    assert page.evaluate("wall.n") == 1
    visit.clean()


def test_a_lost_stream_is_said_and_caught_up_in_one_request(visitor: Visitor, hung: County, made: Fresh) -> None:
    visit, page = opened(visitor, lang="en")
    expect(page.locator("#wall-live")).to_have_text("Live")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/v1/wall" in request.url else None)
    waiting = held_back(page, "**/api/v1/wall/stream*")
    page.evaluate("wall.live.source.dispatchEvent(new Event('error'))")
    expect(page.locator("#wall-live")).to_have_attribute("data-state", "lost")
    expect(page.locator("#wall-live")).to_contain_text("Connection lost")
    number = send(made, "meanwhile")
    come(page, waiting).continue_()
    expect(page.locator(f'{LINES}[data-key="gridsvc/{number}/0"]')).to_have_count(1)
    expect(page.locator("#wall-live")).to_have_attribute("data-state", "live")
    assert len(asked) == 1
    assert "since=" in asked[0]
    lines, _ = numbers(page)
    assert lines == list(range(1, len(lines) + 1))
    visit.clean()


def test_it_goes_on_in_another_role_and_says_when_nobody_is_logged_in(
    visitor: Visitor, hung: County, made: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wall_stream, "LOOK_S", 0.3)
    roles: dict[str, Any] = {"role": "admin", "also_roles": ["manager"], "area_codes": [WEST]}
    with made.begin() as db:
        accounts.create(db, login="two_walls", name="双 某", password=PASSWORD, **roles)
    _, page = opened(visitor, login="two_walls")
    expect(page.locator("#wall-live")).to_have_attribute("data-state", "live")
    n_all = page.locator(LINES).count()
    busy = iter([True])  # the service has no time just then
    told = {"code": "busy", "message": "忙", "detail": {}}
    page.route(
        re.compile(r"/api/v1/wall(\?|$)"),
        lambda route: route.fulfill(status=503, json=told) if next(busy, False) else route.continue_(),
    )
    other = page.context.new_page()
    other.goto(page.url)
    other.locator(".bar select").select_option("manager")
    other.locator("form[action='/role'] button").click()
    expect(other.locator(".bar select")).to_have_value("manager")
    # by itself: the same wall with what this role sees
    expect(page.locator(".bar select")).to_have_value("manager")
    assert next(busy, None) is None
    expect(page.locator("#wall-live")).to_have_attribute("data-state", "live")
    page.wait_for_selector(LINES)
    assert 0 < page.locator(LINES).count() < n_all
    other.locator("form[action='/logout'] button").click()
    expect(page.get_by_role("alert")).to_contain_text("登录已失效")
    expect(page.locator(LINES)).to_have_count(0)
    expect(page.locator("#wall-live")).to_have_text("")
    other.close()


def test_where_no_stream_gets_through_the_board_is_there(visitor: Visitor, hung: County) -> None:
    visit = visitor("admin", "en")
    visit.page.route("**/api/v1/wall/stream*", lambda route: route.abort())
    page = visit.open("/wall")
    page.wait_for_selector(LINES)
    expect(page.locator("#wall-live")).to_have_attribute("data-state", "lost")
    numbers(page)


PAPERS = {"a3": (1190.6, 841.9), "a0": (3370.4, 2383.9)}


# names under a pin, a scale bar too narrow for its word
COVERED = """() => {
  const boxes = (what) => [...document.querySelectorAll(what)].map((one) => [one, one.getBoundingClientRect()]);
  const pins = boxes('.wall-pin');
  const over = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  const names = boxes('.map-name').filter(([, name]) => pins.some(([, pin]) => over(name, pin)));
  const bar = boxes('.leaflet-control-scale-line').filter(([one]) => one.scrollWidth > one.clientWidth);
  return [...names, ...bar].map(([one]) => one.textContent);
}"""


def test_a_sheet_of_paper_is_whole(visitor: Visitor, hung: County, serve: Any, tmp_path: Path) -> None:
    with serve(map_review_number="审图号 GS(2026)1234号", tile_attribution="© 图源") as address:
        visit = visitor("admin", "zh", at=address)
        n_lines = {paper: printed(visit, paper, tmp_path / f"{paper}.pdf") for paper in PAPERS}
        put_away(visit.page)  # its stream would keep the service
    for paper, (wide_pt, high_pt) in PAPERS.items():
        assert n_lines[paper] > MANY
        is_whole(tmp_path / f"{paper}.pdf", wide_pt, high_pt)


def printed(visit: Visit, paper: str, file: Path) -> int:
    """How many lines the board has that was printed into the file, after its sheet was looked at."""
    visit.page.emulate_media(media="screen")
    page = visit.open(f"/wall?paper={paper}")
    page.wait_for_selector(LINES)
    page.check("#map-compounds")
    page.emulate_media(media="print")
    cut = page.evaluate(
        "[...document.querySelectorAll('.wall-page td, .wall-page th, .wall-legend li')]"
        ".filter(c => c.scrollWidth > c.clientWidth + 1).map(c => c.outerHTML.slice(0, 80))"
    )
    assert cut == []
    expect(page.locator(".map-name-grid").first).to_be_visible()
    assert page.evaluate(COVERED) == []
    frame = page.locator("#map-frame").bounding_box()
    assert frame
    middles = page.locator(PINS).evaluate_all(
        "all => all.map(p => p.getBoundingClientRect()).map(b => [b.x + b.width / 2, b.y + b.height / 2])"
    )
    sides = (frame["x"], frame["x"] + frame["width"], frame["y"], frame["y"] + frame["height"])
    off = [at for at in middles if not (sides[0] <= at[0] <= sides[1] and sides[2] <= at[1] <= sides[3])]
    assert len(off) == 1  # a report from another county
    expect(page.locator("#wall-shown")).to_contain_text("1 件的图钉在图幅之外")
    n_lines = page.locator(LINES).count()
    page.pdf(path=file, prefer_css_page_size=True, print_background=True)
    return n_lines


def is_whole(file: Path, wide_pt: float, high_pt: float) -> None:
    document = pdfium.PdfDocument(file)
    sizes = {tuple(round(side) for side in document[nr].get_size()) for nr in range(len(document))}
    assert all(abs(wide - wide_pt) < 2 and abs(high - high_pt) < 2 for wide, high in sizes), sizes
    texts = [document[nr].get_textpage().get_text_range() for nr in range(len(document))]
    document.close()
    first, everything = texts[0], "".join("".join(texts).split())
    for words in ("挂图作战", "已超期", "数据时间 2026-11-01", "筛选", "审图号 GS(2026)1234号", "© 图源", "责任单位"):
        assert words in first, words
    assert everything.count("路灯不亮") == MANY
