"""The worker's app on a slow phone: bytes of the first load, and how long until the first screen can be used."""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import time
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from bench.place import cluster, machine, schema
from bench.submit import ours

# the browser's own "Fast 3G": a wait of 562.5 ms before each answer, 1.44 Mbit/s down, 675 kbit/s up
NETWORK = {"offline": False, "latency": 562.5, "downloadThroughput": 1_440_000 / 8, "uploadThroughput": 675_000 / 8}
CPU_TIMES = 4
PIXEL: dict[str, Any] = {"viewport": {"width": 412, "height": 839}, "is_mobile": True, "has_touch": True}
# when, since the address was entered, there was something to press or to fill in, and the bar below
WATCH = """new MutationObserver(() => {
  const view = document.querySelector("#view:not([aria-busy]) button, #view:not([aria-busy]) input");
  if (window.__usable === undefined && view && document.querySelector("#bar a")) window.__usable = performance.now();
}).observe(document, { childList: true, subtree: true, attributes: true });"""
KEPT = "navigator.serviceWorker.ready.then(() => true)"
KEEPS = """async () => {
  const found = [];
  for (const name of await caches.keys()) for (const one of await (await caches.open(name)).keys()) found.push(one.url);
  return found;
}"""
MOST_BYTES, MOST_S = 300_000, 3.0


def visit(browser: Browser, address: str) -> dict[str, float]:
    """One first visit of a phone that knows nothing: bytes and seconds until it is usable, and until it is all kept."""
    context = browser.new_context(**PIXEL)
    page = context.new_page()
    tool = context.new_cdp_session(page)
    sizes: list[float] = []
    tool.on("Network.loadingFinished", lambda told: sizes.append(told["encodedDataLength"]))
    tool.send("Network.enable")
    tool.send("Network.emulateNetworkConditions", NETWORK)
    tool.send("Emulation.setCPUThrottlingRate", {"rate": CPU_TIMES})
    page.add_init_script(WATCH)
    page.goto(f"{address}/field", wait_until="commit")
    usable_ms = 0.0
    end = time.monotonic() + 60
    while not usable_ms and time.monotonic() < end:
        page.wait_for_timeout(50)
        usable_ms = page.evaluate("window.__usable || 0")
    assert usable_ms, "the first screen did not come"
    usable_s = usable_ms / 1000
    told = {"usable_s": usable_s, "usable_bytes": sum(sizes), "n_requests": len(sizes)}
    page.wait_for_load_state("networkidle")
    told["page_bytes"] = sum(sizes)
    context.close()
    return told


def whole(browser: Browser, address: str) -> int:
    """Bytes, as sent, of every file that the app keeps for offline."""
    page = browser.new_page()
    page.goto(f"{address}/field")
    page.evaluate(KEPT)
    addresses = page.evaluate(KEEPS)
    page.close()
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    tool = context.new_cdp_session(page)
    sizes: list[float] = []
    tool.on("Network.loadingFinished", lambda told: sizes.append(told["encodedDataLength"]))
    tool.send("Network.enable")
    page.goto(f"{address}/login", wait_until="networkidle")
    sizes.clear()
    for one in addresses:
        page.evaluate("(one) => fetch(one).then((answer) => answer.arrayBuffer()).then(() => null)", one)
    page.wait_for_timeout(300)
    context.close()
    return int(sum(sizes))


def main() -> int:
    """Exit code: 0 within both limits, 1 beyond one."""
    parser = argparse.ArgumentParser(prog="python -m bench.field_page", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(machine())
    with cluster() as urls, schema(urls, "field_page") as made, ours(made) as port, sync_playwright() as play:
        address = f"http://127.0.0.1:{port}"
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        rows = [visit(browser, address) for _ in range(rounds)]
        n_bytes = whole(browser, address)
        browser.close()
    middle = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    told = {name: round(value, 2) for name, value in middle.items()} | {"whole_app_bytes": n_bytes}
    print(json.dumps(told | {"worst_usable_s": round(max(row["usable_s"] for row in rows), 2)}))
    return int(middle["usable_s"] > MOST_S or n_bytes > MOST_BYTES)


if __name__ == "__main__":
    sys.exit(main())
