"""A resident reports a problem: by position, pin, compound or words; with scripts and without; once, not twice."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from gridsvc import cases
from gridsvc.rules.case import Given
from tests.browser.conftest import DESK, PHONE, Visit, Visitor, come, held_back
from tests.browser.page_checks import violations
from tests.conftest import NOW, Fresh
from tests.photographs import jpeg, saved, scene
from tests.through import ADMIN, AGREED, lead
from tests.web.county import CANARY, WEST, County

SEND = "#send-form .ask-nav [type=submit]"
WECHAT = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36 MicroMessenger/8.0.50"
HERE = {"latitude": 23.005, "longitude": 110.005, "accuracy": 12}


def fill(page: Page, **fields: str) -> str:
    """Fills the form; gives back the text that makes the report findable."""
    words = f"找得到 {uuid.uuid4()}"
    page.check("input[name=category][value='0110']")
    page.fill("#description", words)
    for field, value in fields.items():
        page.fill(f"#{field}", value)
    return words


def post(page: Page) -> None:
    """Sends the form; where others have reported the same kind nearby, once more after that was shown."""
    page.click(SEND)
    page.locator("#sent-number, #similar:focus").first.wait_for()
    if page.locator("#sent-number").count() == 0:
        page.click(SEND)


def go_on(page: Page) -> None:
    """To the next question."""
    page.click("[data-does=ask-next]")


def stored(made: Fresh, words: str) -> list[dict[str, Any]]:
    """The reports with this text."""
    query = text(
        "SELECT r.number, r.channel, r.crs, r.raw_x, r.raw_y, r.accuracy_m, r.words, r.client_key, r.sender_id, "
        "p.method, g.code FROM report r JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL "
        "LEFT JOIN grid_version g ON g.id = p.grid_version_id WHERE r.description = :w"
    )
    with made.begin() as db:
        return [dict(row) for row in db.execute(query, {"w": words}).mappings()]


def test_with_the_phones_position(visitor: Visitor, made: Fresh, county: County) -> None:
    visit = visitor(None, "zh", **PHONE, geolocation=HERE, permissions=["geolocation"])
    page = visit.open("/report")
    key = page.input_value("input[name=client_key]")
    # one question a page: photos, what, where, contact
    assert not page.locator("#category").is_visible()
    expect(page.locator("#ask-step")).to_have_text("第 1 步，共 4 步")
    go_on(page)
    go_on(page)
    expect(page.locator(".wrong")).to_have_count(1)
    # what was pressed is an answer, and the next question comes by itself
    page.click("label.kind:has(input[value='0110'])")
    page.click("[data-does=locate]")
    expect(page.locator("[data-pin-says]")).to_contain_text("误差约 12 米")
    page.click("[data-does=ask-back]")
    expect(page.locator("input[value='0110']")).to_be_checked()
    go_on(page)
    expect(page.locator("#pin-map .pin")).to_be_visible()
    go_on(page)
    # where enough households live, what others have reported here is read first
    page.locator("#similar:focus, #description:visible").first.wait_for()
    if page.locator("#similar:focus").count():
        go_on(page)
    words = f"找得到 {uuid.uuid4()}"
    page.fill("#description", words)
    page.click(SEND)
    expect(page.locator("#sent-number")).to_be_visible()
    (row,) = stored(made, words)
    assert (row["crs"], row["accuracy_m"], row["method"], row["code"]) == ("wgs84", 12, "covers", f"{WEST}001")
    assert (row["raw_x"], row["raw_y"]) == (110.005, 23.005)
    assert str(row["client_key"]) == key
    assert page.inner_text("#sent-number") == row["number"]
    assert "第1网格" in page.inner_text("#sent-grid")
    # a resident is told the post, never the person
    assert "王小明" not in page.inner_text("main")
    assert page.inner_text("#sent-post").strip()
    assert page.evaluate("localStorage.getItem('gridsvc.draft')") is None
    visit.clean()


@pytest.mark.parametrize("trouble", ["denied", "far"])
def test_without_a_position_the_pin_still_works(visitor: Visitor, made: Fresh, county: County, trouble: str) -> None:
    far = {"latitude": 48.1, "longitude": 11.5, "accuracy": 5}
    options: dict[str, Any] = {"permissions": []}
    if trouble == "far":  # inside WeChat, which is told how to leave it; elsewhere nothing is
        options = {"permissions": ["geolocation"], "geolocation": far, "user_agent": WECHAT}
    visit = visitor(None, "en", **options)
    page = visit.open("/report")
    expect(page.locator("#send-wechat")).to_be_visible(visible=trouble == "far")
    if trouble == "far":
        page.click("#send-wechat > summary")
        expect(page.locator("#send-wechat p")).to_contain_text("Open in browser")
    words = fill(page)
    page.click("[data-does=locate]")
    expect(page.locator("[data-pin-says]")).to_contain_text("Tap the map, or write the compound or the place")
    assert page.input_value("#pin-lon") == ""
    # keyboard: the map's middle is enough
    page.focus("[data-does=pin-middle]")
    page.keyboard.press("Enter")
    expect(page.locator("[data-pin-says]")).to_contain_text("Pin: 110.0")
    post(page)
    expect(page.locator("#sent-number")).to_be_visible()
    (row,) = stored(made, words)
    assert row["accuracy_m"] is None
    assert row["method"] == "covers"
    visit.clean()


def test_a_lost_network_loses_nothing_and_doubles_nothing(visitor: Visitor, made: Fresh, county: County) -> None:
    visit = visitor(None, "zh")
    page = visit.open("/report")
    words = fill(page, words="水塔旁")
    lost: list[str] = []

    def lose_the_answer(route: Any) -> None:
        lost.append(route.request.post_data)
        route.fetch()
        route.abort()

    page.route("**/report", lose_the_answer)
    page.click(SEND)
    expect(page.locator("#send-offline")).to_be_visible()
    assert len(stored(made, words)) == 1
    page.unroute("**/report")
    # the tab is loaded anew in between
    page.reload()
    assert page.input_value("#description") == words
    page.click(SEND)
    expect(page.locator("#sent-number")).to_be_visible()
    assert len(stored(made, words)) == 1
    assert "没有重复登记" in page.inner_text(".answer")


def test_what_is_wrong_is_told_and_what_was_typed_stays(visitor: Visitor, county: County) -> None:
    visit = visitor(None, "zh")
    page = visit.open("/report")
    page.fill("#description", CANARY)
    page.click(SEND)
    expect(page.locator("#summary")).to_be_focused()
    assert [one.get_attribute("href") for one in page.locator("#summary a").all()] == ["#category", "#place"]
    assert page.input_value("#description") == CANARY
    page.click("#summary a >> nth=0")
    expect(page.locator("#category")).to_be_focused()
    assert page.locator("main img").count() == 0
    visit.clean(expected=422)


def test_a_name_of_two_compounds_is_asked_about(visitor: Visitor, made: Fresh, county: County) -> None:
    visit = visitor(None, "en")
    page = visit.open("/report")
    words = fill(page, compound="同名苑")
    page.click(SEND)
    expect(page.locator("#compound-choice input")).to_have_count(2)
    assert "西社区" in page.inner_text("#compound-choice")
    page.click("#compound-choice label >> nth=0")
    page.click(SEND)
    expect(page.locator("#sent-number")).to_be_visible()
    (row,) = stored(made, words)
    assert (row["method"], row["code"]) == ("compound", f"{WEST}004")
    visit.clean(expected=409)


@pytest.mark.parametrize(
    ("field", "value", "method"), [("words", "菜市场北门", "none"), ("compound", "錦繡花園", "compound")]
)
def test_without_scripts(visitor: Visitor, made: Fresh, county: County, field: str, value: str, method: str) -> None:
    visit = visitor(None, "zh", java_script_enabled=False)
    page = visit.page
    page.goto(f"{visit.address}/report")
    assert not page.locator("#pin-map").is_visible()
    words = fill(page, **{field: value})
    page.click(SEND)
    number = page.inner_text("#sent-number")
    (row,) = stored(made, words)
    assert (row["number"], row["method"], row["channel"]) == (number, method, "web")
    # "reload" sends the same form again
    page.reload()
    assert page.inner_text("#sent-number") == number
    assert len(stored(made, words)) == 1
    assert visit.foreign == []


def test_too_many_reports_are_told_and_the_text_stays(
    visitor: Visitor, serve: Callable[..., Any], made: Fresh, county: County
) -> None:
    with serve(anonymous_per_minute=1) as address:
        visit = visitor(None, "zh", address)
        page = visit.open("/report")
        first = fill(page, words="甲")
        page.click(SEND)
        expect(page.locator("#sent-number")).to_be_visible()
        page.goto(f"{address}/report")
        second = fill(page, words="乙")
        page.click(SEND)
        expect(page.locator("#summary")).to_contain_text("请等 1 分钟")
        assert page.input_value("#description") == second
        assert (len(stored(made, first)), len(stored(made, second))) == (1, 0)
        visit.clean(expected=429)


def test_a_worker_reports_in_the_own_name(visitor: Visitor, made: Fresh, county: County) -> None:
    visit = visitor("worker", "zh")
    page = visit.open("/report")
    words = fill(page, compound="锦绣花园")
    page.click(SEND)
    expect(page.locator("#sent-number")).to_be_visible()
    (row,) = stored(made, words)
    assert row["sender_id"] is not None
    assert "王小明" in page.inner_text("#sent-post")
    visit.clean()


def test_who_is_not_sure_of_the_category_can_still_report(visitor: Visitor, made: Fresh, county: County) -> None:
    page = visitor(None, "zh").open("/report")
    words = fill(page, words="桥头")
    page.check("input[name=category][value=unclassified]")
    page.click(SEND)
    expect(page.locator("#sent-number")).to_be_visible()
    assert len(stored(made, words)) == 1


def send(visit: Visit, **fields: str) -> tuple[str, str]:
    """Sends a report with the form; number and link."""
    page = visit.open("/report")
    fill(page, words="桥头", **fields)
    page.click(SEND)
    expect(page.locator("#link")).to_be_visible()
    return page.inner_text("#sent-number"), str(page.get_attribute("#link", "href"))


def act(made: Fresh, number: str, action: str, **given: object) -> None:
    with made.begin() as db:
        cases.apply(db, cases.lock(db, number), action, ADMIN, NOW, AGREED, Given(**given))  # type: ignore[arg-type]


def reach(made: Fresh, number: str, state: str) -> None:
    with made.begin() as db:
        lead(db, number, state, NOW)


def test_photos_are_stored_while_the_rest_is_written(visitor: Visitor, made: Fresh, county: County) -> None:
    visit = visitor(None, "zh")
    page = visit.open("/report")
    files = [
        {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": jpeg(scene(seed=41))},
        {"name": "b.png", "mimeType": "image/png", "buffer": saved("PNG", scene(seed=42))},
    ]
    page.set_input_files("#photo-pick", files)
    expect(page.locator("#picked [data-state=stored]")).to_have_count(2)
    # the camera knew where it was
    page.click("[data-does=photo-place]")
    assert (page.input_value("#pin-lon"), page.input_value("#pin-lat")) == ("110.005000", "23.005000")
    words = fill(page, name="张三", phone="138 0000 0000")
    page.reload()
    expect(page.locator("#picked [data-state=stored]")).to_have_count(2)
    page.click("#picked li:nth-child(2) button")
    post(page)
    expect(page.locator("#sent-number")).to_be_visible()
    (row,) = stored(made, words)
    assert (row["method"], row["code"]) == ("covers", f"{WEST}001")
    with made.begin() as db:
        kept = "SELECT count(*) FROM report_photo x JOIN report r ON r.id = x.report_id WHERE r.number = :n"
        assert db.scalar(text(kept), {"n": row["number"]}) == 1
        who = "SELECT p.name, p.phone FROM reporter p JOIN report r ON r.id = p.report_id WHERE r.number = :n"
        assert tuple(db.execute(text(who), {"n": row["number"]}).one()) == ("张三", "138 0000 0000")
    visit.clean()


def test_a_photo_that_fails_can_be_tried_again(visitor: Visitor, made: Fresh, county: County) -> None:
    page = visitor(None, "en").open("/report")
    page.route("**/api/v1/photos/**", lambda route: route.abort())
    page.set_input_files("#photo-pick", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": jpeg(scene(seed=43))})
    expect(page.locator("#picked [data-state=failed]")).to_contain_text("It did not arrive")
    words = fill(page, words="桥头")
    page.click(SEND)
    expect(page.locator("#photos-say")).to_contain_text("did not arrive")
    assert stored(made, words) == []
    page.unroute("**/api/v1/photos/**")
    page.click("#picked [data-state=failed] button")
    expect(page.locator("#picked [data-state=stored]")).to_have_count(1)
    page.click(SEND)
    expect(page.locator("#sent-number")).to_be_visible()


def test_a_draft_sent_twice_has_one_link_and_the_service_never_saw_it(
    visitor: Visitor, made: Fresh, county: County
) -> None:
    visit = visitor(None, "zh")
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(f"{request.url} {request.post_data or ''}"))
    page = visit.open("/report")
    words = fill(page, words="水塔旁")

    def lose_the_answer(route: Any) -> None:
        route.fetch()
        route.abort()

    page.route("**/report", lose_the_answer)
    page.click(SEND)
    expect(page.locator("#send-offline")).to_be_visible()
    before = page.evaluate("JSON.parse(localStorage.getItem('gridsvc.draft')).secret")
    page.unroute("**/report")
    page.reload()
    page.click(SEND)
    expect(page.locator("#link")).to_be_visible()
    (row,) = stored(made, words)
    link = str(page.get_attribute("#link", "href"))
    assert link == f"/r/{row['number']}#{before}"
    assert len(before) == 22
    assert not [one for one in asked if before in one]
    visit.open(link)
    expect(page.locator("#state")).to_have_text("已收到，待核实")
    assert not [one for one in asked if before in one.split(" ")[0].partition("#")[0]]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_whole_way_of_a_report_as_its_sender_sees_it(
    visitor: Visitor, made: Fresh, county: County, axe: str, lang: str
) -> None:
    visit = visitor(None, lang, **(PHONE if lang == "zh" else {}))
    if lang == "zh":
        number, link = send(visitor(None, lang))
    else:
        number, link = send(visit)
    page = visit.open(link)
    expect(page.locator("#track .done")).to_have_count(1)
    clean_by_axe(page, axe)
    reach(made, number, "dispatched")
    act(made, number, "ask_resident", note=f"哪一盏 {CANARY}")
    page.reload()
    expect(page.locator("#reply-form [data-kind=question]")).to_have_text(f"哪一盏 {CANARY}")
    clean_by_axe(page, axe)
    page.fill("#words", "门口那盏")
    page.click("#reply-form [type=submit]")
    expect(page.locator("#reply-form")).to_be_hidden()
    act(made, number, "answer", note=f"明天修 {CANARY}")
    reach(made, number, "closed")
    page.reload()
    expect(page.locator("#events [data-kind=answer]").last).to_have_text(f"明天修 {CANARY}")
    expect(page.locator("#track .done")).to_have_count(5)
    page.click("#rating-form [type=submit]")
    expect(page.locator("#summary")).to_be_focused()
    page.click("#summary a")
    page.keyboard.press("ArrowDown")
    page.check("[name=solved][value=not]")
    page.check("[name=satisfied][value=not]")
    page.fill("#note", CANARY)
    clean_by_axe(page, axe)
    page.click("#rating-form [type=submit]")
    expect(page.locator("#rating")).to_be_visible()
    expect(page.locator("#rating-form")).to_be_hidden()
    expect(page.locator("#track .done")).to_have_count(2)
    expect(page.locator("#rating")).to_contain_text("退回重新办理" if lang == "zh" else "gone back")
    clean_by_axe(page, axe)
    assert page.locator("main img").count() == 0
    assert number in page.url
    visit.clean()


def clean_by_axe(page: Page, axe: str) -> None:
    assert violations(page, axe, rules=None) == []


def test_a_wrong_secret_is_asked_for_again(visitor: Visitor, made: Fresh, county: County) -> None:
    number, link = send(visitor(None, "en"))
    visit = visitor(None, "en")
    page = visit.open(f"/r/{number}")
    assert page.input_value("#number") == number
    page.click("#link-form [type=submit]")
    expect(page.locator("#summary")).to_contain_text("Please fill this in")
    page.fill("#secret", "A" * 22)
    page.click("#link-form [type=submit]")
    expect(page.locator("#summary")).to_contain_text("no report with this number and this code")
    page.fill("#secret", f"http://x{link}")
    page.keyboard.press("Enter")
    expect(page.locator("#state")).to_be_visible()
    assert page.url.endswith(link)
    page.reload()
    expect(page.locator("#state")).to_be_visible()
    # an answer that another question overtook is not drawn
    waiting = held_back(page, "**/residents/progress*")
    page.evaluate(
        "(right) => { location.hash = 'A'.repeat(22); setTimeout(() => { location.hash = right; }); }",
        link.partition("#")[2],
    )
    wrong, right = come(page, waiting), come(page, waiting)
    for answer in (right.continue_, lambda: wrong.fulfill(status=404, json={"message": "nothing there"})):
        with page.expect_response("**/residents/progress*"):
            answer()
    page.evaluate("new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))")
    expect(page.locator("#summary")).to_have_count(0)
    expect(page.locator("#state")).to_be_visible()


def test_the_link_without_scripts(visitor: Visitor, made: Fresh, county: County) -> None:
    visit = visitor(None, "en", java_script_enabled=False)
    page = visit.page
    page.goto(f"{visit.address}/report")
    assert not page.locator("#photo-pick").is_visible()
    photo = {"name": "IMG.jpg", "mimeType": "image/jpeg", "buffer": jpeg()}
    page.set_input_files("#photos input[name=files]", [photo])
    page.click(SEND)  # nothing filled in: what is kept of the form keeps its secret, and the photo
    expect(page.locator("#photos")).to_contain_text("chosen again: 1", use_inner_text=True)
    fill(page, words="桥头")
    page.click(SEND)
    number, link = page.inner_text("#sent-number"), page.inner_text("#link")
    secret = link.partition("#")[2]
    assert link == f"{visit.address}/r/{number}#{secret}"
    page.reload()
    assert page.inner_text("#link") == link
    reach(made, number, "closed")
    page.goto(f"{visit.address}/r/{number}")
    page.fill("#secret", secret)
    page.click("#link-form [type=submit]")
    page.wait_for_url(f"{visit.address}/r")
    expect(page.locator("#state")).to_contain_text("please rate")
    page.click("#rating-form [type=submit]")
    expect(page.locator("#summary")).to_contain_text("Please choose one")
    page.check("[name=solved][value=solved]")
    page.check("[name=satisfied][value=basically]")
    page.click("#rating-form [type=submit]")
    expect(page.locator("#rating")).to_contain_text("Thank you")
    assert not page.locator("#rating-form").is_visible()
    assert visit.foreign == []


@pytest.mark.parametrize("options", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_form_and_link_are_for_everybody(
    visitor: Visitor, county: County, axe: str, lang: str, options: dict[str, Any]
) -> None:
    visit = visitor(None, lang, **options)
    for path in ("/report", "/r", "/r/20991231-000001"):
        page = visit.open(path)
        # on a phone the form asks one question a page; the others are the same everywhere, and narrow in the way of a report
        if options is DESK or path == "/report":
            clean_by_axe(page, axe)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        if options is PHONE:
            small = page.evaluate(
                "[...document.querySelectorAll('main button, main a, main input:not([type=hidden], .unseen), main select, "
                "main label.button')].filter((one) => one.offsetParent && one.getBoundingClientRect().height < 47.5 && "
                "!one.closest('.leaflet-control-attribution')).map((one) => one.outerHTML.slice(0, 80))"
            )
            assert small == []
    visit.clean()
