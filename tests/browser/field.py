"""The worker's app in a real Chromium on a phone's profile: log in, lose the network, read what the phone keeps raw."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.page_checks import LISTEN, OVER, RULES, put_away, violations
from tests.conftest import QUIET, chromium
from tests.web.county import PASSWORD

PIXEL: dict[str, Any] = {
    "user_agent": "Mozilla/5.0 (Linux; Android 14; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.6778.33 Mobile Safari/537.36",
    "viewport": {"width": 412, "height": 839},
    "device_scale_factor": 2.625,
    "is_mobile": True,
    "has_touch": True,
}
IPHONE: dict[str, Any] = {
    "user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 15_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.2 Mobile/15E148 Safari/604.1",
    "viewport": {"width": 390, "height": 664},
    "device_scale_factor": 3,
    "is_mobile": True,
    "has_touch": True,
}
# what an old browser, or WeChat's, does not have
BARE = """
for (const [of, name] of [[Navigator.prototype, "serviceWorker"], [Navigator.prototype, "locks"], [Crypto.prototype, "randomUUID"]])
  delete of[name];
"""
# A tap on a label is a second click on what it names, but one touch. At the document: what Playwright takes back at the
# window, as the page moved under its finger, has touched nothing.
WATCH = """
window.__taps = 0; window.__typed = 0;
document.addEventListener("pointerdown", (event) => { if (event.isTrusted) window.__taps += 1; }, true);
addEventListener("beforeinput", (event) => { window.__typed += (event.data || "").length; }, true);
"""
READ = """async () => {
  const found = {};
  for (const { name } of await indexedDB.databases()) {
    const db = await new Promise((ok, no) => { const o = indexedDB.open(name); o.onsuccess = () => ok(o.result); o.onerror = no; });
    for (const store of db.objectStoreNames) {
      found[store] = await new Promise((ok, no) => {
        const asked = db.transaction(store).objectStore(store).getAll(); asked.onsuccess = () => ok(asked.result); asked.onerror = no;
      });
      found[store] = found[store].map((one) => one && one.blob ? { ...one, blob: { size: one.blob.size, type: one.blob.type } } : one);
    }
    db.close();
  }
  found.local = { ...localStorage };
  found.cookies = document.cookie;
  found.cached = {};
  if (window.caches) for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    found.cached[name] = (await cache.keys()).map((one) => new URL(one.url).pathname);
  }
  return found;
}"""
# what was to be done before this is done: a new address was heard of, and the view that it has left is busy
HEARD = """() => new Promise((done) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => done();
  port2.postMessage(0);
})"""
READY = """async () => {
  if (!navigator.serviceWorker) return true;
  const found = await navigator.serviceWorker.getRegistration("/field");
  return Boolean(found && found.active && found.active.state === "activated");
}"""


@dataclass
class Phone:
    """A phone's browser with the app open, and whatever its pages complained about."""

    context: BrowserContext
    address: str
    page: Page
    said: list[str] = field(default_factory=list)

    @classmethod
    def made(
        cls,
        browser: Browser,
        address: str,
        profile: dict[str, Any] = PIXEL,
        *,
        lang: str = "zh",
        folder: Path | None = None,
        bare: bool = False,
        arguments: tuple[str, ...] = (),
        **options: Any,
    ) -> Phone:
        """A phone with nothing on it, or with what `folder` has from before; see `phone`."""
        wanted = profile | {"locale": "zh-CN" if lang == "zh" else "en-GB", "timezone_id": "Asia/Shanghai"} | options
        if folder is None:
            context = browser.new_context(**wanted)
        else:
            context = browser.browser_type.launch_persistent_context(
                folder, executable_path=chromium(), args=[*QUIET, *arguments], **wanted
            )
        for script in (LISTEN, WATCH, *(BARE,) * bare):
            context.add_init_script(script)
        held = cls(context, address, context.pages[0] if context.pages else context.new_page())
        context.on("console", lambda told: held.said.append(told.text) if told.type == "error" else None)
        held.watch()
        return held

    def watch(self) -> None:
        """Hears what the page complains about from now on."""
        self.page.set_default_timeout(60_000)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))

    def renew(self) -> None:
        """Closes every page, and begins with an empty one in the same browser."""
        before = self.context.pages
        self.context.set_offline(False)
        self.page = self.context.new_page()
        for page in before:
            put_away(page)
        self.said.clear()
        self.watch()

    def open(self, path: str = "") -> Page:
        """The app at a hash path such as "/queue", drawn."""
        self.page.goto(f"{self.address}/field#{path or '/'}")
        return self.settle()

    def settle(self) -> Page:
        """The app when the view of its address is drawn."""
        self.page.evaluate(HEARD)
        self.page.wait_for_selector("#view:not([aria-busy])", state="attached")
        self.page.wait_for_selector("#bar a", state="attached")
        return self.page

    def log_in(self, login: str = "worker", password: str = PASSWORD) -> Page:
        """The app's home, after a login through its own form; a session that the browser had is not used for it."""
        self.context.clear_cookies()  # else the app goes home by itself, sooner or later
        page = self.open("/login")
        page.fill("#login-login", login)
        page.fill("#login-password", password)
        page.click("main button[type=submit]")
        return self.known()

    def known(self) -> Page:
        """The app's home, once it has found that its worker is logged in by cookies: it goes there by itself."""
        self.page.wait_for_url("**/field#/")
        return self.settle()

    def offline_ready(self) -> Page:
        """The page once it would open without a network."""
        self.until(lambda: self.page.evaluate(READY))
        return self.page

    def until(self, done: Callable[[], bool], within_s: float = 120.0) -> None:
        """Returns when `done()` is so; fails with what the phone keeps where that does not come."""
        end = time.monotonic() + within_s
        while not done():
            assert time.monotonic() < end, self.keeps()
            self.page.wait_for_timeout(60)

    def keeps(self) -> dict[str, Any]:
        """Everything that this origin holds on the phone: stores, localStorage, cookies a script sees, cached paths."""
        kept: dict[str, Any] = self.page.evaluate(READ)
        return kept

    def outbox(self) -> list[dict[str, Any]]:
        """The rows of the outbox, in order."""
        rows: list[dict[str, Any]] = self.keeps()["outbox"]
        return rows

    def call(self, module: str, words: str, value: Any = None) -> Any:
        """What `words`, an expression over the module `m` and `value`, comes to: `call("queue", "m.list()")`."""
        return self.page.evaluate(
            f"async (value) => {{ const m = await import('/static/app/field/{module}.js'); return {words}; }}", value
        )

    def tried(self) -> None:
        """Returns when no try to send is under way: what has not gone waits again."""
        self.call("queue", "m.flush()")

    def told(self) -> None:
        """Returns when the phone has what the service tells now; an answer that was on its way already does not count."""
        self.call("data", "m.refresh()")
        self.until(lambda: self.call("data", "m.refresh()") == "fresh")

    def counted(self) -> tuple[int, int]:
        """Taps and typed characters since the page was loaded."""
        taps, typed = self.page.evaluate("[window.__taps, window.__typed]")
        return taps, typed

    def accessible(self, axe: str) -> None:
        """Nothing; fails where axe finds anything, the page is wider than the phone, or a target is too small."""
        found = violations(self.page, axe, [*RULES, "wcag2aaa"])  # contrast of 7 : 1 among them
        assert found == [], found
        self.fits()

    def fits(self) -> None:
        """Nothing; fails where the page is wider than the phone, or a target is too small."""
        assert self.page.evaluate(OVER) == 0
        small = self.page.evaluate(SMALL)
        assert small == [], small

    def clean(self) -> None:
        """Nothing; fails where the console had an error that was not about a lost network."""
        wrong = [one for one in self.said if "ERR_" not in one and "status of" not in one]
        assert wrong == [], wrong


SMALL = """() => [...document.querySelectorAll("button, select, summary, a, input:not([type=hidden])")]
  .filter((one) => one.checkVisibility() && !one.closest(".leaflet-control-attribution, .unseen, p") && !one.matches(".unseen"))
  .filter((one) => { const box = (one.closest("label") || one).getBoundingClientRect(); return box.height < 47.5 || box.width < 47.5; })
  .map((one) => one.outerHTML.slice(0, 120))"""


@contextmanager
def phone(browser: Browser, address: str, profile: dict[str, Any] = PIXEL, **options: Any) -> Iterator[Phone]:
    """A phone of a test's own, with nothing on it, or with what `folder` has from before: then it is a browser started anew.

    Args:
        lang: zh or en.
        folder: where a browser of its own keeps what it keeps.
        bare: without service worker, Web Locks and randomUUID.
        arguments: more switches of Chromium; with `folder` only.
    """
    held = Phone.made(browser, address, profile, **options)
    try:
        yield held
    finally:
        held.context.close()


@contextmanager
def at_hand(lent: AbstractContextManager[Phone], cookies: list[Any]) -> Iterator[Phone]:
    """A phone whose worker is logged in by these cookies, and whose app is there without a network too."""
    with lent as held:
        held.context.add_cookies(cookies)
        held.open()
        held.known()
        held.offline_ready()
        yield held
