"""The real service over a small county, and a real Chromium with a reader of every role."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import Connection

from gridsvc import accounts, departments, reports, responsibility
from gridsvc.departments import Department
from gridsvc.reports import Draft, Position
from gridsvc.responsibility import Duty
from gridsvc.rules.roles import ANONYMOUS
from gridsvc.web.app import create_app
from maps import assets
from tests.browser.day import Day, begun
from tests.browser.drawer import Drawer
from tests.browser.fault_proxy import Faults, between
from tests.browser.page_checks import COLLIDED, LISTEN, OVER, SMALL, SPILT, put_away, violations
from tests.conftest import NOW, ROOT, Fresh, missing
from tests.web import county as counties
from tests.web.county import CANARY, PASSWORD, RULE, County
from tests.web.live import Clock, serving, settings
from tests.web.signed_in import cookies_of

DESK: dict[str, Any] = {"viewport": {"width": 1366, "height": 768}}
SMALL_DESK: dict[str, Any] = {"viewport": {"width": 1024, "height": 768}}  # an old laptop, a tablet on its side
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
MANY = 60  # more reports than one page of the list shows

Serve = Callable[..., str]


@pytest.fixture(scope="module")
def made(module_schema: Fresh) -> Fresh:
    """A schema of a file's own: its readers change things, and what one file leaves is no other's concern."""
    return module_schema


@pytest.fixture(scope="module")
def county(made: Fresh) -> County:
    """The county with offices and their people, and enough reports for two pages, one of them doubtful."""
    with made.begin() as db:
        built = counties.build(db)
        for i in range(MANY):
            text = f"{i} 路灯不亮 {CANARY}"
            draft = Draft(uuid.uuid4(), "0506", text, "web", Position(110.015, 23.0051, "wgs84"))
            reports.submit(db, draft, ANONYMOUS, NOW - timedelta(hours=i + 200), RULE)
        edge = Draft(uuid.uuid4(), "0110", f"存疑 {CANARY}", "wechat", Position(110.0101, 23.005, "wgs84", 40.0))
        built.numbers["doubtful"] = reports.submit(db, edge, ANONYMOUS, NOW - timedelta(hours=9), RULE).number
        _offices(db)
        return built


def _offices(db: Connection) -> None:
    departments.save(db, [Department("D1", f"城管局 {CANARY}"), Department("D2", f"环卫中心 {CANARY}")])
    responsibility.save(db, [Duty("basic", "0110", None, None, "D1", ("D2",))], "browser")
    accounts.create(db, login="handler", name="经办 某", role="handler", password=PASSWORD, department_code="D1")
    for role in ("leader", "dispatcher"):
        accounts.create(db, login=role, name=f"{role} 某", role=role, password=PASSWORD, area_codes=["370101"])


@pytest.fixture(scope="module")
def serve(made: Fresh, county: County, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """`with serve(**settings) as address`: a service on the county, at NOW."""
    folder = tmp_path_factory.mktemp("data")
    return lambda **changes: serving(create_app(settings(made, folder, **changes), clock=Clock()))


@pytest.fixture(scope="module")
def address(serve: Callable[..., Any]) -> Iterator[str]:
    """The service that most tests use."""
    with serve() as running:
        yield running


@pytest.fixture(scope="session")
def proxy() -> Iterator[Faults]:
    """A proxy that loses, delays and spoils what a test says; one for all files, so that a phone has the app already."""
    with between() as running:
        yield running


@pytest.fixture(scope="session")
def drawer(browser: Browser) -> Iterator[Drawer]:
    """Phones that have the app already."""
    phones = Drawer(browser)
    yield phones
    phones.close()


@pytest.fixture(scope="module")
def proxied(address: str, proxy: Faults) -> Faults:
    """That service behind the proxy."""
    return proxy.before(address)


@pytest.fixture
def faults(proxied: Faults) -> Iterator[Faults]:
    """The proxy; it has no fault before a test and none after it."""
    yield proxied
    proxied.calm()


@pytest.fixture(scope="module")
def whole_day(made: Fresh, tmp_path_factory: pytest.TempPathFactory, proxy: Faults, drawer: Drawer) -> Iterator[Day]:
    """A worker's day in the county of a file's own, with its service and the proxy before it."""
    with begun(made, tmp_path_factory.mktemp("data"), proxy, drawer) as one:
        yield one


@pytest.fixture
def day(whole_day: Day) -> Iterator[Day]:
    """That day; its service is within reach before a test and after it."""
    yield whole_day
    whole_day.faults.calm()


@pytest.fixture(scope="session")
def vendored() -> None:
    """The pinned front-end files are in place."""
    try:
        assets.check(assets.TOP / ".vendor")
    except assets.AssetError:
        missing("the folder of front-end files (npm ci --ignore-scripts; python -m maps.assets)")


@pytest.fixture(scope="session")
def axe() -> str:
    """The accessibility checker's script, a development file that no page serves."""
    script = ROOT / "node_modules" / "axe-core" / "axe.min.js"
    if not script.is_file():
        missing("axe-core (npm ci --ignore-scripts)")
    return script.read_text(encoding="utf-8")


@dataclass
class Visit:
    """One reader's page, and everything that went abroad, failed or complained while it was open."""

    page: Page
    address: str
    foreign: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """The page at a path, when it has stopped loading."""
        self.page.goto(self.address + path)
        return self.settle()

    def settle(self) -> Page:
        """The page when it has stopped loading, its map's data too."""
        self.page.wait_for_load_state("load")
        if self.page.locator(".map-page:not(.wall-page, .public)").count():  # a slow one is idle between its answers
            self.page.wait_for_selector("#map-table tbody tr[data-code]", state="attached")
            self.page.wait_for_selector("#map-frame[aria-busy=false]")
        if self.page.locator("#pin-map, .map-page:not(.wall-page)").count():  # the wall's stream is never idle
            self.page.wait_for_load_state("networkidle")
        return self.page

    def accessible(self, axe: str) -> None:
        """Nothing; fails where axe finds anything, or where the page does not fit a desk and a phone's thumbs."""
        assert violations(self.page, axe) == []
        self.fits()

    def fits(self) -> None:
        """Nothing; fails where the page does not fit the screen it is on, a small laptop's or a phone's, or thumbs."""
        for size in (None, SMALL_DESK["viewport"], PHONE["viewport"]):
            if size is not None:
                self.page.set_viewport_size(size)
            assert self.page.evaluate(OVER) == 0
            assert self.page.evaluate(SPILT) == []
            assert self.page.evaluate(COLLIDED) == []
        assert self.page.evaluate(SMALL) == []

    def clean(self, *, expected: int | None = None) -> None:
        """Nothing; fails where a request went abroad or failed, or the console has an error.

        Args:
            expected: the status of the page itself, where it is a refusal: the browser logs it.
        """
        mine = f"status of {expected}" if expected else None
        assert self.foreign == []
        assert [one for one in self.failed if expected is None or not one.startswith(f"{expected} ")] == []
        assert [one for one in self.said if mine is None or mine not in one] == []
        assert self.page.evaluate("window.__x") is None


Visitor = Callable[..., Visit]


@pytest.fixture(scope="module")
def cookies(address: str, county: County) -> Callable[[str], Any]:
    """`cookies(login)`: the cookies of a reader who logged in through the form, once a file."""
    kept: dict[str, Any] = {}

    def of(login: str) -> Any:
        if login not in kept:
            kept[login] = cookies_of(address, login)
        return kept[login]

    return of


def log_in(page: Page, login: str, password: str = PASSWORD) -> None:
    """Fills and sends the login form."""
    page.fill("#login", login)
    page.fill("#password", password)
    page.click("main button[type=submit]")


def held_back(page: Page, path: str) -> list[Any]:
    """What is asked for there and not answered yet."""
    waiting: list[Any] = []
    page.route(path, lambda route: waiting.append(route))
    return waiting


def come(page: Page, waiting: list[Any]) -> Any:
    """The first of them, once it was asked for."""
    while not waiting:
        page.wait_for_timeout(20)
    return waiting.pop(0)


@pytest.fixture(scope="module")
def kept(browser: Browser) -> Iterator[dict[str, BrowserContext]]:
    """Contexts of readers on a desk, by login: with their cookies and cache, like an office's browser."""
    contexts: dict[str, BrowserContext] = {}
    yield contexts
    for context in contexts.values():
        context.close()


@pytest.fixture
def visitor(
    browser: Browser, address: str, cookies: Callable[[str], Any], kept: dict[str, BrowserContext]
) -> Iterator[Visitor]:
    """`visitor("admin", "zh", **context options)`: that reader's page; login None: a resident, new each time."""
    contexts: list[BrowserContext] = []
    pages: list[Page] = []

    def begin(login: str | None, **options: Any) -> BrowserContext:
        context = browser.new_context(**(DESK | options), timezone_id="Asia/Shanghai")
        context.add_init_script(LISTEN)
        if login is not None:
            context.add_cookies(cookies(login))
        return context

    def arrive(login: str | None = None, lang: str = "zh", at: str = address, **options: Any) -> Visit:
        if login is None or options or at != address:
            context = begin(login, **options)
            contexts.append(context)
        else:
            if login not in kept:
                kept[login] = begin(login)
            context = kept[login]
        context.add_cookies([{"name": "lang", "value": lang, "url": at}])
        page = context.new_page()
        pages.append(page)
        page.set_default_timeout(60_000)
        return _watched(page, at)

    yield arrive
    for context in contexts:
        context.close()
    for page in pages:  # those of readers whose browser stays
        put_away(page)


def _watched(page: Page, address: str) -> Visit:
    visit = Visit(page, address)

    def asked(request: Any) -> None:
        if not request.url.startswith((address, "data:", "blob:")):
            visit.foreign.append(request.url)

    def answered(answer: Any) -> None:
        if answer.status >= 400:
            visit.failed.append(f"{answer.status} {answer.url}")

    page.on("request", asked)
    page.on("response", answered)
    page.on("console", lambda told: visit.said.append(told.text) if told.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: visit.said.append(str(error)))
    return visit
