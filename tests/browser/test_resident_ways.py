"""A resident's ways in a browser: how few taps a report takes, joining another's, for somebody else, on paper; the map."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from gridsvc import categories, households, reports
from gridsvc.reports import Draft, Position
from gridsvc.rules.roles import ANONYMOUS
from tests.browser.conftest import DESK, PHONE, Visitor, come, held_back
from tests.browser.field import IPHONE, PIXEL
from tests.conftest import NOW, Fresh
from tests.photographs import jpeg, scene, sha256
from tests.through import lead
from tests.web.county import BEGIN, CANARY, RULE, County

ROAD = "<b>长街"

HERE = {"latitude": 23.0151, "longitude": 110.0251, "accuracy": 12}  # nobody has reported from here
SEND = "#send-form .ask-nav [type=submit]"
PROFILES = {"pixel": PIXEL, "iphone": IPHONE}
WECHAT = PIXEL["user_agent"] + " MicroMessenger/8.0.49.2600"
KINDS = (("E0110", "暴露垃圾堆", "Rubbish heap"), ("P0137", "路灯", "Street lamp"))
# Every touch of the screen, and every character that a person would have typed.
COUNT = """
  window.counted = { taps: 0, typed: 0 };
  addEventListener("pointerdown", () => { counted.taps += 1; }, true);
  addEventListener("beforeinput", (event) => { counted.typed += (event.data || "").length; }, true);
"""


@pytest.fixture(scope="module")
def kinds(made: Fresh, county: County) -> Iterator[None]:
    """Categories of two classes beside the county's, while these tests last."""
    with made.begin() as db:
        categories.save(db, [categories.Category(*one) for one in KINDS])
    yield
    with made.begin() as db:
        db.execute(text("UPDATE category SET active = false WHERE code IN ('E0110', 'P0137')"))


def last(made: Fresh) -> dict[str, Any]:
    """The newest report with what its sender left."""
    query = "SELECT r.number, r.category, r.description, r.accuracy_m, p.* FROM report r LEFT JOIN reporter p ON "
    with made.begin() as db:
        newest = "p.report_id = r.id ORDER BY r.id DESC LIMIT 1"
        return dict(db.execute(text(query + newest)).mappings().one())


@pytest.mark.parametrize(("name", "lang"), [("pixel", "zh"), ("iphone", "en")])
def test_a_report_takes_six_taps_and_no_character(
    visitor: Visitor, made: Fresh, kinds: None, name: str, lang: str
) -> None:
    profile = PROFILES[name] | ({"user_agent": WECHAT} if name == "pixel" else {})
    visit = visitor(None, lang, **profile, geolocation=HERE, permissions=["geolocation"])
    visit.page.add_init_script(COUNT)
    page = visit.open("/report")
    expect(page.locator("#send-wechat:visible")).to_have_count(1 if name == "pixel" else 0)
    page.tap("[data-does=ask-next]")  # no photo
    page.tap("details.class:has(input[value=P0137]) > summary")
    page.tap("label.kind:has(input[value=P0137])")  # the next question comes by itself
    page.tap("[data-does=locate]")
    expect(page.locator("#pin-map .pin")).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.tap("[data-does=ask-next]")
    page.tap(SEND)
    expect(page.locator("#sent-number")).to_be_visible()
    counted = page.evaluate("counted")
    assert counted["taps"] <= 6
    assert counted["typed"] == 0
    row = last(made)
    assert (row["category"], row["description"], row["accuracy_m"]) == ("P0137", "", 12)
    assert row["number"] == page.inner_text("#sent-number")
    visit.clean()
    with made.begin() as db:  # the next one finds nothing similar here
        db.execute(text("UPDATE report SET category = 'unclassified' WHERE number = :n"), {"n": row["number"]})


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_who_has_the_same_problem_joins(
    visitor: Visitor, made: Fresh, kinds: None, counted_anew: str, axe: str, lang: str
) -> None:
    """In one language both say where by the phone's position, in the other by the compound's name alone."""
    where = Position(110.0212, 23.0012, "wgs84")  # where enough people live
    place: dict[str, Any] = {"position": where} if lang == "zh" else {"compound": "锦绣花园"}
    with made.begin() as db:
        draft = Draft(uuid.uuid4(), "E0110", f"张三家门口 {CANARY}", "web", **place)
        number = reports.submit(db, draft, ANONYMOUS, NOW, RULE).number
    here = {"latitude": where.lat, "longitude": where.lon, "accuracy": 5}
    visit = visitor(None, lang, counted_anew, **PIXEL, geolocation=here, permissions=["geolocation"])
    visit.page.add_init_script(COUNT)
    page = visit.open("/report")
    page.tap("[data-does=ask-next]")
    page.tap("details.class:has(input[value=E0110]) > summary")
    page.tap("label.kind:has(input[value=E0110])")
    page.evaluate("(now => (Date.now = () => now))(Date.now())")  # whoever presses, presses at once
    if lang == "zh":
        page.tap("[data-does=locate]")
    else:
        page.fill("#compound", "錦繡花園")
        page.locator("#compound").blur()
    expect(page.locator("#similar-list li")).to_have_count(1)
    if lang == "en":
        expect(page.locator("[name=seen]")).to_have_value("E0110 錦繡花園")
    # pressed before it could be read: it is shown first
    page.tap("[data-does=ask-next]")
    expect(page.locator("#place")).to_be_visible()
    expect(page.locator("#similar")).to_be_focused()
    said = page.inner_text("#similar")
    assert not [one for one in (number, "张三", "110.03", "onerror") if one in said]
    visit.accessible(axe)
    page.tap("#similar button")
    expect(page.locator("#sent-number")).to_have_text(number)
    assert page.evaluate("counted.taps") <= 7
    expect(page.locator("#joined-n")).to_contain_text("1")
    link = str(page.get_attribute("#link", "href"))
    with made.begin() as db:
        query = "SELECT count(*) FROM joined j JOIN report r ON r.id = j.report_id WHERE r.number = :n"
        assert db.scalar(text(query), {"n": number}) == 1
        assert db.scalar(text("SELECT count(*) FROM report WHERE received_at = :t"), {"t": NOW}) >= 1
    page = visit.open(link)
    expect(page.locator("#not-whole")).to_be_visible()
    assert "张三" not in page.inner_text("main")
    assert not page.locator("#rating-form").is_visible()
    visit.clean()


def test_a_report_for_somebody_else_and_its_link_on_paper(
    visitor: Visitor, made: Fresh, county: County, axe: str
) -> None:
    visit = visitor(None, "en", **DESK)
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(f"{request.url} {request.post_data or ''}"))
    page = visit.open("/report")
    page.check("input[name=category][value=unclassified]")
    page.fill("#words", "by the bridge")
    page.fill("#description", "the lamp is out")
    page.fill("#phone", "138 1234 5678")
    page.click("#other-person summary")
    expect(page.locator("[name=for_other]")).to_be_checked()
    page.fill("#for_name", f"李奶奶 {CANARY}")
    page.fill("#for_phone", "13900002222")
    page.check("[name=tell][value=both]")
    visit.accessible(axe)
    page.set_viewport_size(DESK["viewport"])
    page.reload()  # a draft keeps it
    assert page.input_value("#for_phone") == "13900002222"
    page.click(SEND)
    expect(page.locator("#sent-tell")).to_contain_text("person concerned")
    row = last(made)
    assert (row["for_name"], row["for_phone"], row["tell"]) == (f"李奶奶 {CANARY}", "13900002222", "both")
    secret = str(page.get_attribute("#link", "href")).partition("#")[2]
    assert not [one for one in asked if secret in one]  # until a picture of it is asked for
    page.click("[data-does=show-qr]")
    expect(page.locator("#qr-box svg.qr")).to_be_visible()
    visit.accessible(axe)
    page.set_viewport_size(DESK["viewport"])
    page.emulate_media(media="print")
    assert page.locator("svg.qr").is_visible()
    assert page.locator("#link").is_visible()
    assert not [one for one in (".bar", ".foot", "[data-does=copy-link]") if page.locator(one).is_visible()]
    assert len(page.pdf(format="A4")) > 5000
    page.emulate_media(media="screen")
    # lost it? number and phone show how it gets on, and no more
    number = row["number"]
    page = visit.open("/r")
    page.click("#by-phone summary")
    page.fill("#phone-number", number)
    page.fill("#phone_tail", "22")
    page.click("#phone-form [type=submit]")
    expect(page.locator("#summary")).to_contain_text("four digits")
    page.fill("#phone_tail", "2222")
    page.click("#phone-form [type=submit]")
    expect(page.locator("#state")).to_be_visible()
    assert "lamp" not in page.inner_text("main")
    assert not page.locator("#happened").is_visible()  # no heading over nothing
    visit.clean()


@pytest.fixture
def counted_anew(serve: Callable[..., Any], lived_in: None) -> Iterator[str]:
    """The address of a service that has not counted households yet."""
    with serve() as address:
        yield address


@pytest.fixture(scope="module")
def lived_in(made: Fresh, county: County) -> None:
    """Households enough for cells, problems of every public state, and a road that has a name."""
    with made.begin() as db:
        db.execute(text("UPDATE basemap SET name = :name WHERE class = 'major'"), {"name": ROAD})
        doors = [
            households.Door(county.compounds["1"], f"{20 + block}幢", "无", f"{n}", 110.0012 + block * 0.004, 23.0012)
            for block in range(9)
            for n in range(24)
        ]
        # without more beside the county's own few, the cells could not be divided
        doors += [
            households.Door(county.compounds["1"], f"{40 + block}幢", "无", f"{n}", *spot)
            for block, spot in enumerate(((110.004, 23.004), (110.035, 23.015)))
            for n in range(24)
        ]
        households.register(db, doors, BEGIN, RULE)
        for i, state in enumerate(("filed", "dispatched", "disposed", "checked", "closed")):
            spot = Position(110.0013 + i * 0.004, 23.0013, "wgs84")
            number = reports.submit(db, Draft(uuid.uuid4(), "0506", CANARY, "web", spot), ANONYMOUS, NOW, RULE).number
            lead(db, number, state, NOW)


@pytest.mark.parametrize("options", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_public_map_beside_its_list(
    visitor: Visitor, counted_anew: str, vendored: None, axe: str, lang: str, options: dict[str, Any]
) -> None:
    visit = visitor(None, lang, counted_anew, **options)

    def look() -> None:  # the page is the same on both, and each has room for it
        if options is DESK:
            visit.accessible(axe)
        else:
            visit.fits()

    page = visit.open("/public")
    expect(page.locator(".map-page[data-ready]")).to_be_attached()
    # each class says how many cells it has, and cells say their counts
    counts = [one["n"] for one in page.request.get(f"{visit.address}/api/v1/public/cells").json()["cells"]]
    in_class = page.locator("#public-legend li .weak").all_inner_texts()
    assert sum(int("".join(filter(str.isdigit, told))) for told in in_class) == len(counts)
    assert 1 <= len(in_class) <= 4
    assert {int(told) for told in page.locator(".map-name-count").all_inner_texts()} <= {*counts}
    rows = page.locator(".public-list tbody tr").count()
    assert rows >= 5
    assert not [one for one in ("onerror", "7*191", "1337") if one in page.inner_text("main")]
    high = "all => Math.max(...all.map((one) => one.getBoundingClientRect().height))"
    assert (
        page.locator(".public-list tbody .how").evaluate_all(high) < 60
    )  # "being dealt with" in no more than two lines
    expect(page.locator(".map-name-major").first).to_have_text(ROAD)
    look()
    page.locator(".public-list tbody a").first.click()
    expect(page.locator(".map-page[data-ready]")).to_be_attached()
    assert "cell=" in page.url
    assert 1 <= page.locator(".public-list tbody tr").count() < rows
    pressed = marked(page)
    assert pressed
    look()
    visit.clean()


def marked(page: Page) -> bool:
    """Whether the chosen cell is drawn with its own border."""
    looks = (
        "Object.values(gridMap.map._layers).some((one) => one.options.color === '#0b5394' && one.options.weight === 3)"
    )
    return bool(page.evaluate(looks))


def test_the_public_list_without_scripts(visitor: Visitor, lived_in: None) -> None:
    visit = visitor(None, "zh", java_script_enabled=False)
    page = visit.page
    page.goto(f"{visit.address}/public")
    page.wait_for_url("**/public?table=1")  # led there by the page itself
    assert page.locator(".public-list tbody tr").count() >= 5
    page.select_option("#f-category", "0110")
    page.click(".public-filter button")
    assert "category=0110" in page.url
    assert "table=1" in page.url
    assert visit.foreign == []


def test_a_manager_releases_a_photo(visitor: Visitor, made: Fresh, lived_in: None, axe: str) -> None:
    photo, stranger = jpeg(scene(seed=91)), visitor(None, "en")
    api = stranger.page.request
    assert api.put(f"{stranger.address}/api/v1/photos/{sha256(photo)}", data=photo).ok
    where = {"lon": 110.0013, "lat": 23.0013, "crs": "wgs84"}
    body = {"client_key": str(uuid.uuid4()), "category": "0506", "description": CANARY, "location": where}
    number = api.post(f"{stranger.address}/api/v1/reports", data=body | {"photos": [sha256(photo)]}).json()["number"]
    with made.begin() as db:
        lead(db, number, "filed", NOW)
    visit = visitor("manager_west", "zh")
    page = visit.open("/releases")
    mine = page.locator(".releases > li", has_text=number)
    expect(mine.locator("img")).to_have_js_property("complete", True)
    assert int(mine.locator("img").evaluate("one => one.naturalWidth")) > 0
    assert page.locator("main img").count() == page.locator(".releases > li").count()
    visit.accessible(axe)
    mine.locator("button.main[value=show]").click()
    expect(page.locator(".note-done")).to_be_visible()
    assert number not in page.inner_text("main")
    shown = stranger.open("/public")
    picture = shown.locator(f"img[src='/api/v1/public/photos/{sha256(photo)}']")
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("complete", True)
    assert int(picture.evaluate("one => one.naturalWidth")) > 0
    visit.clean()
    stranger.clean()


# two taps while the service still looks for what others have reported nearby
TWICE = "(button) => { button.click(); button.click(); }"
NEARBY = {"handle": "x", "state_words": "已收到", "away_words": "20 米", "day": "2026-10-31"}


def test_two_taps_are_one(visitor: Visitor, made: Fresh, county: County) -> None:
    page = visitor(None, "zh", **PHONE).open("/report")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    waiting = held_back(page, "**/residents/similar*")
    page.click("[data-does=ask-next]")
    # where other tests' categories have classes
    page.evaluate("document.querySelectorAll('details.class').forEach((one) => (one.open = true))")
    page.click("label.kind:has(input[value='0110'])")
    page.fill("#compound", "锦绣花园")
    page.locator("[data-does=ask-next]").evaluate(TWICE)
    come(page, waiting).fulfill(json={"items": [NEARBY]})
    # read first, however often the thumb came down
    expect(page.locator("#similar:focus")).to_be_visible()
    expect(page.locator("#ask-step")).to_have_text("第 3 步，共 4 步")
    assert not page.locator("[data-intro]").is_visible()  # read on the first
    page.click("[data-does=ask-next]")
    expect(page.locator("#description")).to_be_visible()
    assert not page.locator("#similar").is_visible()  # read, and in nobody's way
    page.click("[data-does=ask-back]")
    expect(page.locator("#similar")).to_be_visible()
    page.click("[data-does=ask-next]")
    words = f"找得到 {uuid.uuid4()}"
    page.fill("#description", words)
    page.evaluate("document.querySelector('#compound').value = '錦繡花園'")  # something else to look for
    page.locator(SEND).evaluate(TWICE)
    come(page, waiting).fulfill(json={"items": []})
    expect(page.locator("#link")).to_be_visible()
    assert [one for one in sent if one.endswith("/report")] == [page.url]
    with made.begin() as db:
        assert db.scalar(text("SELECT count(*) FROM report WHERE description = :w"), {"w": words}) == 1


def test_a_position_that_comes_late_is_none_of_the_next_forms(visitor: Visitor, county: County) -> None:
    page = visitor(None, "zh").open("/report")
    page.evaluate("""() => {
      navigator.geolocation.watchPosition = (found) => { window.found = found; return 7; };
      navigator.geolocation.clearWatch = (nr) => { window.cleared = nr; };
    }""")
    page.click("[data-does=locate]")
    page.evaluate("window.found({ coords: { longitude: 110.005, latitude: 23.005, accuracy: 90 } })")
    assert page.input_value("#pin-lon") == "110.005000"
    assert page.evaluate("window.cleared") is None  # it may become better yet
    page.click(SEND)
    expect(page.locator("#summary")).to_be_visible()
    assert page.evaluate("window.cleared") == 7
