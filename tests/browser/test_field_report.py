"""Reporting a problem with the worker's app: each way of saying where, offline, with few taps and no typing."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text

from geodata import datum
from gridsvc import categories
from gridsvc.categories import Category
from tests import photographs
from tests.browser.drawer import Drawer
from tests.browser.fault_proxy import Faults
from tests.browser.field import IPHONE, PIXEL, Phone, phone
from tests.conftest import Fresh
from tests.web.county import CANARY, WEST, County

MOST_TAPS = 6
MOST_BYTES = 1_000_000
INSIDE = {"longitude": 110.004, "latitude": 23.006, "accuracy": 9}
AT_BORDER = {"longitude": 110.00995, "latitude": 23.005, "accuracy": 30}  # 5 m west of the second column
BLOB = """async () => {
  const { open } = await import("/static/app/field/store.js");
  const [{ blob }] = await (await open()).getAll("blobs");
  const held = new Uint8Array(await blob.arrayBuffer());
  let out = "";
  for (let i = 0; i < held.length; i += 8192) out += String.fromCharCode(...held.subarray(i, i + 8192));
  return btoa(out);
}"""
NEVER = "navigator.geolocation.watchPosition = () => 1"
DRAWN = """() => [...document.querySelectorAll(".pin-map canvas")].some((one) => {
  const pixels = one.getContext("2d").getImageData(0, 0, one.width, one.height).data;
  return pixels.some((value) => value > 0);
})"""
FEW = [
    Category("E03", "施工管理", "Building works", kind="event"),
    Category("E05", "突发事件", "Emergencies", kind="event"),
]
MANY = [
    *(Category(f"E03{n:02d}", f"施工{n}", f"Works {n}", kind="event", parent_code="E03") for n in range(1, 12)),
    Category("E0501", f"管道破裂 {CANARY}", f"Burst pipe {CANARY}", kind="event", parent_code="E05"),
    Category("E0502", "燃气泄漏", "Gas leak", kind="event", parent_code="E05"),
]


@pytest.fixture(scope="module")
def sheet(made: Fresh, county: County) -> Iterator[None]:
    """Enough categories that their classes come first, one of them with a hostile name; gone afterwards."""
    with made.begin() as db:
        categories.save(db, FEW + MANY)
    yield
    with made.begin() as db:
        codes = [one.code for one in FEW + MANY]
        db.execute(text("UPDATE category SET active = false WHERE code = ANY(:codes)"), {"codes": codes})


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo as a phone held upright takes it: stored lying, with all that a camera writes."""
    path = tmp_path_factory.mktemp("photos") / "camera.jpg"
    lying = photographs.scene(1500, 2000).transpose(Image.Transpose.ROTATE_90)
    path.write_bytes(photographs.jpeg(lying, exif=photographs.told(orientation=6)))
    return path


@dataclass
class Thumb:
    """A phone in a worker's hand; `n` counts the taps."""

    held: Phone
    n: int = 0
    away: bool = False
    steps: list[str] = field(default_factory=list)

    @property
    def page(self) -> Page:
        return self.held.page

    def tap(self, selector: str) -> None:
        """Taps the first that matches."""
        self.page.locator(selector).first.click()
        self.n += 1

    def take(self, photo: Path) -> None:
        """Taps the camera; the first photo leads on."""
        with self.page.expect_file_chooser() as chooser:
            self.tap("label[for=camera]")
        chooser.value.set_files(photo)

    def accessible(self, axe: str) -> None:
        """Nothing; fails where axe finds anything, with the page at its end: above it a bar may cover half a row."""
        self.page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
        self.held.accessible(axe)
        self.page.evaluate("window.scrollTo(0, 0)")

    def at(self, step: str) -> None:
        """Returns when the app asks that."""
        self.page.wait_for_selector(f"[data-step={step}]")
        self.steps.append(step)

    def what(self, code: str = "0110") -> None:
        """Answers what it is, without a class where there is none."""
        self.at("category")
        known = self.page.locator(f"[data-category='{code}']")
        if not known.count():
            self.tap("[data-class=other]" if code[0] != "E" else f"[data-class={code[:3]}]")
        self.tap(f"[data-category='{code}']")
        self.at("where")

    def send(self) -> dict[str, Any]:
        """Sends from the last step; the row of the outbox as it was before it went."""
        self.at("check")
        self.held.context.set_offline(True)
        self.tap("#send")
        self.at("done")
        self.held.tried()
        row = self.held.outbox()[-1]
        self.held.context.set_offline(self.away)
        return row


Hands = Callable[..., Thumb]


def supplied(held: Phone) -> None:
    """Returns when the phone holds what the service tells this worker."""
    held.until(lambda: bool(held.call("data", "m.refresh().then(() => m.get()).then((h) => h.grids.length)")))


@pytest.fixture
def worker(
    browser: Browser, drawer: Drawer, faults: Faults, vendored: None, sheet: None, cookies: Callable[[str], Any]
) -> Iterator[Hands]:
    """`worker(lang=…, geolocation=…)`: the app on a phone, logged in and supplied, at its home."""
    opened: list[Any] = []

    def begin(profile: dict[str, Any] = PIXEL, *, init: str = "", **options: Any) -> Thumb:
        lend = partial(phone, browser) if init else drawer.lend
        way = lend(faults.address, profile, **({"permissions": ["geolocation"]} | options))
        held = way.__enter__()
        opened.append((way, held))
        held.context.add_cookies(cookies("worker"))
        if init:
            held.context.add_init_script(init)
        held.page.on("dialog", lambda one: held.said.append(f"dialog {one.message}"))
        held.open("/queue")
        supplied(held)
        held.open("/")
        return Thumb(held)

    yield begin
    for way, held in opened:
        held.clean()
        assert held.page.evaluate("window.__x") is None
        way.__exit__(None, None, None)


def sent(hand: Thumb, row: dict[str, Any], made: Fresh) -> Any:
    """The row of the report once its receipt is there; there is one only."""
    hand.held.call("queue", "m.flush({ force: true })")
    hand.held.until(lambda: next((r["state"] for r in hand.held.outbox() if r["key"] == row["key"]), "") == "sent")
    return stored(made, row["key"])


def stored(made: Fresh, key: str) -> Any:
    """The one report of that key, with its grid and the photos that belong to it."""
    question = text(
        "SELECT r.*, ST_X(r.geom) AS lon, ST_Y(r.geom) AS lat, g.code AS grid, "
        "(SELECT count(*) FROM report_photo p WHERE p.report_id = r.id) AS n_photos "
        "FROM report r LEFT JOIN placement p ON p.report_id = r.id AND p.to_at IS NULL "
        "LEFT JOIN grid_version g ON g.id = p.grid_version_id WHERE r.client_key = :key"
    )
    with made.begin() as db:
        return db.execute(question, {"key": key}).one()


@pytest.mark.parametrize(("profile", "lang"), [(PIXEL, "zh"), (IPHONE, "en")], ids=["pixel-zh", "iphone-en"])
def test_six_taps_and_no_character(
    worker: Hands, made: Fresh, photo: Path, axe: str, profile: dict[str, Any], lang: str
) -> None:
    hand = worker(profile, lang=lang, geolocation=INSIDE)
    hand.tap("#go-report")
    hand.at("photo")
    if lang == "en":
        hand.accessible(axe)
    hand.take(photo)
    hand.at("category")
    hand.accessible(axe)
    hand.tap("[data-class=E03]")
    hand.tap("[data-category=E0303]")
    hand.at("where")
    hand.page.wait_for_selector(".pin-map .pin-mark")
    expect(hand.page.locator("#belongs")).to_contain_text("王小明")
    hand.accessible(axe)
    hand.tap("#next")
    hand.at("check")
    hand.accessible(axe)
    row = hand.send()
    if lang == "en":
        hand.accessible(axe)
    assert (hand.n, hand.held.counted()) == (MOST_TAPS, (MOST_TAPS, 0))
    kept = sent(hand, row, made)
    assert (kept.category, kept.grid, kept.n_photos, kept.description) == ("E0303", f"{WEST}001", 1, "")


def test_offline_and_restarted_it_comes_exactly_once_with_its_photo(
    browser: Browser, faults: Faults, vendored: None, sheet: None, made: Fresh, photo: Path, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"folder": tmp_path, "geolocation": INSIDE, "permissions": ["geolocation"]}
    with phone(browser, faults.address, PIXEL, **options) as held:
        held.log_in()
        supplied(held)
        held.offline_ready()
        held.until(lambda: bool(held.call("store", "m.getMeta('ground')")))
        held.context.set_offline(True)
        held.open("/")
        hand = Thumb(held, away=True)
        hand.tap("#go-report")
        hand.at("photo")
        hand.take(photo)
        hand.what()
        hand.page.wait_for_selector(".pin-map .pin-mark")
        held.until(lambda: bool(held.page.evaluate(DRAWN)))  # our own base map, from what was kept
        hand.tap("#next")
        row = hand.send()
        assert (row["state"], row["stage"]) == ("waiting", "text")
        content = base64.b64decode(held.page.evaluate(BLOB))
    assert len(content) <= MOST_BYTES
    assert [trace for trace in photographs.TRACES if trace in content and trace != b"ICC_PROFILE"] == []
    with Image.open(BytesIO(content)) as image:
        assert image.size == (1200, 1600)
        assert photographs.is_close(image.getpixel((100, 100)), (220, 0, 0))
        assert photographs.is_close(image.getpixel((1100, 100)), (0, 200, 0))
    with phone(browser, faults.address, PIXEL, **options) as held:
        held.context.set_offline(True)
        held.open("/queue")
        assert [one["key"] for one in held.outbox()] == [row["key"]]
        held.context.set_offline(False)
        kept = sent(Thumb(held), row, made)
        assert (kept.n_photos, kept.grid) == (1, f"{WEST}001")
        held.clean()


def test_a_draft_is_kept_at_every_step_and_offered_again(worker: Hands, photo: Path) -> None:
    hand = worker(geolocation=INSIDE)
    hand.tap("#go-report")
    hand.at("photo")
    hand.take(photo)
    hand.what()
    hand.page.wait_for_selector(".pin-map .pin-mark")
    hand.tap("#next")
    hand.at("check")
    hand.page.fill("#words", "三楼")
    hand.page.locator("#view h1").click()
    hand.held.until(lambda: "三楼" in str(hand.held.keeps()["drafts"]))
    hand.held.page.close()
    hand.held.page = hand.held.context.new_page()
    hand.held.open("/report")
    offered = hand.page.locator(".pick-row")
    expect(offered).to_have_count(1)
    expect(offered).to_contain_text("暴露垃圾")
    offered.click()
    hand.at("check")
    expect(hand.page.locator("#words")).to_have_value("三楼")
    expect(hand.page.locator(".photo-strip img")).to_have_count(1)
    hand.send()
    assert hand.held.keeps()["drafts"] == []


def test_the_best_position_is_kept(worker: Hands, made: Fresh) -> None:
    hand = worker(geolocation=INSIDE | {"accuracy": 48})
    hand.tap("#go-report")
    hand.at("photo")
    hand.tap("#next")
    hand.what()
    said = hand.page.locator("#position-said")
    expect(said).to_contain_text("±48")
    hand.held.context.set_geolocation(INSIDE)  # an error comes with it
    expect(said).to_contain_text("±9")
    hand.held.context.set_geolocation(INSIDE | {"accuracy": 80})
    hand.page.wait_for_timeout(300)
    expect(said).to_contain_text("±9")
    hand.tap("#next")
    row = hand.send()
    kept = sent(hand, row, made)
    assert (kept.accuracy_m, kept.crs, kept.measured_crs) == (9.0, "wgs84", None)


def test_without_permission_a_compound_is_chosen_by_its_initials(
    worker: Hands, made: Fresh, county: County, axe: str
) -> None:
    hand = worker(PIXEL, lang="en", permissions=[])
    hand.tap("#go-report")
    hand.at("photo")
    hand.tap("#next")
    hand.what()
    expect(hand.page.locator("#position-said")).to_contain_text("not allowed")
    hand.page.fill("#compound-search", "jxhy")  # an alias of the first one
    hits = hand.page.locator("[data-compound]")
    expect(hits).to_have_count(1)
    expect(hits).to_contain_text(CANARY)
    hand.accessible(axe)
    hits.click()
    hand.n += 1
    row = hand.send()
    assert (hand.n, hand.held.counted()[0]) == (MOST_TAPS, MOST_TAPS)
    kept = sent(hand, row, made)
    assert (kept.compound_id, kept.grid) == (county.compounds["1"], f"{WEST}001")
    assert hand.page.locator("img[src=x]").count() == 0


def test_hostile_names_are_shown_as_they_are(worker: Hands) -> None:
    hand = worker(geolocation={"longitude": 110.0045, "latitude": 23.0045, "accuracy": 8})
    hand.tap("#go-report")
    hand.at("photo")
    hand.tap("#next")
    hand.at("category")
    hand.page.fill("#category-search", "gdpl")
    row = hand.page.locator("[data-category=E0501]")
    expect(row).to_contain_text(CANARY)
    row.click()
    hand.at("where")
    expect(hand.page.locator(".pin-map .compound-name").first).to_have_text(CANARY)
    hand.tap("#next")
    hand.at("check")
    expect(hand.page.locator(".said-so-far")).to_contain_text(CANARY)
    held = hand.send()
    assert CANARY in held["title"]
    hand.held.open("/queue")
    expect(hand.page.locator("#view")).to_contain_text(CANARY)
    assert hand.page.locator("img[src=x]").count() == 0


def test_no_position_in_time_is_said_and_the_map_still_takes_a_pin(worker: Hands, made: Fresh) -> None:
    hand = worker(IPHONE, init=NEVER)
    hand.page.clock.install()
    hand.held.open("/report")
    hand.at("photo")
    hand.page.clock.run_for(16_000)
    hand.tap("#next")
    hand.what()
    expect(hand.page.locator("#position-said")).to_contain_text("一时定不到位")
    hand.tap("[data-way=here]")
    hand.page.wait_for_selector(".pin-map.leaflet-container")
    expect(hand.page.locator("#next")).to_be_disabled()
    hand.page.clock.run_for(500)
    hand.page.locator(".pin-map").click(position={"x": 200, "y": 150})
    hand.page.clock.run_for(500)
    expect(hand.page.locator("#next")).to_be_enabled()
    hand.tap("#next")
    row = hand.send()
    assert set(row["item"]["report"]["location"]) == {"lon", "lat", "crs"}
    assert "measured" not in row["item"]["report"]


def test_half_a_kilometre_off_warns_and_the_arrows_move_the_pin(worker: Hands, made: Fresh, axe: str) -> None:
    hand = worker(IPHONE, geolocation=AT_BORDER | {"accuracy": 600})
    hand.tap("#go-report")
    hand.at("photo")
    hand.tap("#next")
    hand.what()
    expect(hand.page.locator("#position-said:visible")).to_contain_text("±600")
    expect(hand.page.locator("[data-side], #side")).to_have_count(0)
    hand.accessible(axe)
    hand.tap("[data-does=by-compound]")
    expect(hand.page.locator("#compound-search")).to_be_visible()
    hand.tap("[data-way=here]")
    hand.tap("[data-does=move-pin]")  # the map has its room back, and draws in all of it
    expect(hand.page.locator(".pin-map")).to_be_focused()
    parts = "['.pin-map', '.leaflet-overlay-pane canvas'].map((one) => document.querySelector(one).clientHeight)"
    assert hand.page.evaluate(f"(([box, drawn]) => box <= drawn)({parts})")
    hand.held.context.set_geolocation(AT_BORDER | {"accuracy": 550})
    expect(hand.page.locator("#position-said:visible")).to_contain_text("±550")
    expect(hand.page.locator(".grid-name")).to_have_count(0)  # who looks for the place so near is not taken back
    for key in ("ArrowRight", "ArrowUp", "Shift+ArrowRight"):
        hand.page.keyboard.press(key)
    expect(hand.page.locator("#position-said")).to_contain_text("图钉由您放置")
    hand.tap("#next")
    row = hand.send()
    report = row["item"]["report"]
    assert report["measured"] == {"lon": 110.00995, "lat": 23.005, "crs": "wgs84", "accuracy_m": 550}
    assert report["location"]["lon"] > 110.00995
    assert report["location"]["lat"] > 23.005
    kept = sent(hand, row, made)
    assert (kept.measured_lon, kept.measured_accuracy_m, kept.accuracy_m) == (110.00995, 550.0, None)
    assert (kept.lon, kept.lat) == pytest.approx((report["location"]["lon"], report["location"]["lat"]))


def test_where_the_grid_is_doubtful_the_worker_says_which_side(worker: Hands, made: Fresh, axe: str) -> None:
    hand = worker(IPHONE, geolocation=AT_BORDER)
    hand.tap("#go-report")
    hand.at("photo")
    hand.tap("#next")
    hand.what("E0502")
    sides = hand.page.locator("[data-side]")
    expect(sides).to_have_count(2)
    hand.accessible(axe)
    hand.tap(f"[data-side='{WEST}003']")
    row = hand.send()
    assert (hand.n, hand.held.counted()[0]) == (MOST_TAPS, MOST_TAPS)
    kept = sent(hand, row, made)
    assert kept.grid == f"{WEST}003"
    assert 110.01 < kept.lon < 110.0101  # the nearest point on the other side
    assert (kept.measured_lon, kept.measured_accuracy_m) == (AT_BORDER["longitude"], 30.0)


def test_on_plain_http_it_says_so_and_words_are_enough(
    browser: Browser, faults: Faults, vendored: None, made: Fresh, photo: Path
) -> None:
    with phone(browser, faults.address.replace("127.0.0.1", "office.test"), IPHONE, permissions=[]) as held:
        held.log_in()
        hand = Thumb(held)
        held.open("/report")
        assert held.page.evaluate("isSecureContext") is False
        hand.at("photo")
        hand.take(photo)  # named by our own SHA-256: the browser gives none here
        hand.at("category")
        hand.tap("#unknown")
        hand.at("where")
        expect(held.page.locator("#position-said")).to_contain_text("https")
        hand.tap("[data-way=words]")
        held.page.fill("#place-words", "菜市场北门")
        hand.tap("#next")
        row = hand.send()
        assert row["item"]["report"]["location"] == {"words": "菜市场北门"}
        assert sent(hand, row, made).n_photos == 1
        usual = ("Cross-Origin-Opener-Policy", "status of", "ERR_")
        assert [one for one in held.said if not any(part in one for part in usual)] == []


def test_a_voice_note_goes_with_the_report(
    drawer: Drawer, faults: Faults, vendored: None, sheet: None, made: Fresh
) -> None:
    options: dict[str, Any] = {"permissions": ["geolocation", "microphone"], "geolocation": INSIDE}
    with drawer.lend(faults.address, **options) as held:
        held.log_in()
        supplied(held)
        hand = Thumb(held)
        held.open("/report")
        hand.at("photo")
        hand.tap("#next")
        hand.what()
        hand.page.wait_for_selector(".pin-map .pin-mark")
        hand.tap("#next")
        hand.at("check")
        hand.tap("#voice-start")
        expect(hand.page.locator(".seconds")).to_contain_text(re.compile("[1-9] /"))
        hand.tap("#voice-stop")
        expect(hand.page.locator("#voice audio")).to_be_visible()
        assert hand.page.evaluate("document.querySelector('#voice audio').error") is None
        row = hand.send()
        kept = sent(hand, row, made)
        with made.begin() as db:
            question = text(
                "SELECT v.media_type, v.n_bytes FROM report_voice r JOIN voice v USING (sha256) WHERE report_id = :id"
            )
            media_type, n_bytes = db.execute(question, {"id": kept.id}).one()
        assert media_type == "audio/webm"
        assert 1000 < n_bytes < 100_000
        held.clean()


def test_a_phone_that_reports_shifted_positions_is_found_out(worker: Hands, made: Fresh, axe: str) -> None:
    gate = (110.0045, 23.0045)  # the compound's
    lon, lat = datum.wgs84_to_gcj02(*gate)
    hand = worker(geolocation={"longitude": lon, "latitude": lat, "accuracy": 10})
    hand.held.open("/settings")
    expect(hand.page.locator("#datum-is")).to_contain_text("WGS 84")
    hand.tap("#datum-begin")
    hand.page.locator("#datum-place").select_option(label=CANARY)
    hand.page.wait_for_selector(".pin-map .pin-mark")
    hand.accessible(axe)
    hand.tap("#datum-here")
    expect(hand.page.locator("#datum-is")).to_contain_text("GCJ-02")
    expect(hand.page.locator("#datum-said")).to_contain_text("GCJ-02")
    hand.held.open("/")
    hand.tap("#go-report")
    hand.at("photo")
    hand.tap("#next")
    hand.what()
    expect(hand.page.locator("#belongs")).to_contain_text("王小明")
    hand.tap("#next")
    row = hand.send()
    kept = sent(hand, row, made)
    assert (kept.crs, kept.grid) == ("gcj02", f"{WEST}001")
    assert (kept.lon, kept.lat) == pytest.approx(gate, abs=1e-6)
    hand.held.open("/settings")
    hand.tap("#datum-forget")
    expect(hand.page.locator("#datum-is")).to_contain_text("WGS 84")
