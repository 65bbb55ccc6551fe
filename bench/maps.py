"""The hotspots page in Chromium at 10,000, 100,000 and 1,000,000 reports: ready, heap, longest block, bytes.

python -m bench.maps [sizes ...]. Each view is opened in a fresh context: areas by grid, with the reports as squares
over them, all of the last year; at the end the same with 10,000 grids, and the block of a zoom.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import time
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from bench.place import Place, cluster, machine, schema, timed
from bench.submit import ours
from bench.tiles import fill, readers, settle

SIZES = (10_000, 100_000, 1_000_000)
FEW, MANY = 1000, 10_000  # grids
TIMES = 3
YEAR = "/maps/hotspots?from=2025-11-01&to=2026-11-01&lang=zh#reports=points&show=n"
# tasks of the main thread over 50 ms, and when the last one ended
WATCH = """
window.blocks = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) window.blocks.push([one.startTime, one.duration]);
}).observe({ type: "longtask", buffered: true });
"""
READY = """() => window.gridMap?.areas?.legend && !document.querySelector("#map-frame[aria-busy=true]")
  && window.gridMap.reports?.tiles && !window.gridMap.reports.tiles.layer.isLoading()
  && !(window.gridMap.areas.vectors && window.gridMap.areas.vectors.layer.isLoading())"""
LAST = """() => {
  const data = performance.getEntriesByType("resource").filter((one) => one.name.includes("/api/"));
  const long = window.blocks.map(([start, took]) => start + took);
  return Math.max(...data.map((one) => one.responseEnd), ...long, 0);
}"""
SIZES_OF = """() => ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
  .map(({ name, decodedBodySize }) => [name, decodedBodySize])"""
LONGEST = "() => Math.max(0, ...window.blocks.map(([, took]) => took))"


@dataclass(frozen=True)
class Seen:
    """One opening: seconds to the last answer or long task, heap in MB, longest block in ms, of a zoom too, KB raw."""

    ready_s: float
    heap_mb: float
    block_ms: float
    zoom_ms: float
    page_kb: float
    tiles_kb: float
    all_kb: float


def opened(browser: Browser, address: str, token: str) -> Seen:
    """What one reader's first view cost."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, timezone_id="Asia/Shanghai")
    context.set_extra_http_headers({"Authorization": token})
    context.add_init_script(WATCH)
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.goto(address + YEAR)
    page.wait_for_function(READY)
    page.wait_for_load_state("networkidle")
    ready_ms, block_ms = float(page.evaluate(LAST)), float(page.evaluate(LONGEST))
    heap_mb = heap(page)
    sizes: list[tuple[str, int]] = page.evaluate(SIZES_OF)
    page.evaluate("() => { window.blocks.length = 0; gridMap.map.zoomIn(1, { animate: false }); }")
    page.wait_for_function(READY)
    page.wait_for_timeout(300)
    zoom_ms = float(page.evaluate(LONGEST))
    tiles = sum(size for url, size in sizes if "/tiles/" in url)
    html = sum(size for url, size in sizes if "/maps/hotspots?" in url)
    context.close()
    return Seen(ready_ms / 1000, heap_mb, block_ms, zoom_ms, html / 1024, tiles / 1024, sum(s for _, s in sizes) / 1024)


def heap(page: Page) -> float:
    """MB of JavaScript that are still held after the collector ran."""
    devtools: Any = page.context.new_cdp_session(page)
    devtools.send("HeapProfiler.collectGarbage")
    found = devtools.send("Runtime.getHeapUsage")
    devtools.detach()
    return float(found["usedSize"]) / 1e6


def measure(place: Place, n_reports: int, n_grids: int, browser: Browser) -> Seen:
    """The median opening of some."""
    with timed(f"{n_reports:,} reports, {n_grids:,} grids made"), place.begin() as db:
        fill(db, n_grids, n_reports)
        heads = readers(db)
    settle(place)
    with ours(place) as port:
        address = f"http://127.0.0.1:{port}"
        opened(browser, address, heads["planner"]["Authorization"])  # warms the service
        time.sleep(1)
        seen = [opened(browser, address, heads["planner"]["Authorization"]) for _ in range(TIMES)]
    names = Seen.__dataclass_fields__
    found = Seen(*(statistics.median(getattr(one, name) for one in seen) for name in names))
    print(
        f"  {n_reports:>9,} reports, {n_grids:>6,} grids: ready {found.ready_s:.2f} s, heap {found.heap_mb:.1f} MB, "
        f"longest block {found.block_ms:.0f} ms, of a zoom {found.zoom_ms:.0f} ms, page {found.page_kb:.1f} KB, "
        f"tiles {found.tiles_kb:.0f} KB, all with scripts {found.all_kb:.0f} KB raw",
        flush=True,
    )
    return found


def main() -> None:
    """Prints a line for each size, and what the criteria ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=list(SIZES), help="numbers of reports")
    sizes: list[int] = parser.parse_args().sizes
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("Chromium is missing")
    print(f"maps: {machine()}")
    found = {}
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with cluster() as urls, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        for n in sizes:
            with schema(urls, f"maps_{n}") as place:
                found[n] = measure(place, n, FEW, browser)
        with schema(urls, "maps_many") as place:
            many = measure(place, min(sizes), MANY, browser)
        browser.close()
    first, last = found[min(sizes)], found[max(sizes)]
    print(f"  ready at most {last.ready_s:.2f} s (goal <= 3), heap {last.heap_mb:.0f} MB (goal <= 60)")
    print(f"  longest block {last.block_ms:.0f} ms (goal <= 300)")
    print(f"  ready, largest / smallest = {last.ready_s / first.ready_s:.1f} (goal <= 3)")
    print(f"  tiles of the first view {last.tiles_kb:.0f} KB (goal <= 1024)")
    print(
        f"  10,000 grids: ready {many.ready_s:.2f} s (goal <= 3), block of a zoom {many.zoom_ms:.0f} ms (goal <= 300)"
    )
    print(f"  10,000 grids: heap {many.heap_mb:.0f} MB (goal <= 60); {machine()}")


if __name__ == "__main__":
    main()
