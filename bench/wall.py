"""The live wall: how long from a commit until a hundred viewers have it, and what that costs those who write.

python -m bench.wall [--reports N] [--viewers N] [--seconds S]. Viewers are open streams on loopback, in ten groups
(readers of other areas, boards of other lengths); one is a real Chromium, where the time until the line is drawn is
taken. Writers submit over HTTP in turns with and without the viewers. Viewers, Chromium and writers are clients, which
in life run on machines of their own: here they share this one's processors with the service and its database. So beside
the figures of the clock it prints who spent how much processor time, for each submission with the viewers and without.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field
from datetime import UTC, datetime, timedelta

from playwright.sync_api import sync_playwright
from sqlalchemy import text

from bench import load, place, processors, worklist
from bench.submit import ours, requests
from gridsvc import accounts, cases, terms, wall
from gridsvc.db.engine import make_engine
from gridsvc.rules.case import Given
from gridsvc.rules.roles import Actor
from gridsvc.settings import Settings

PASSWORD = uuid.uuid4().hex
N_GROUPS = 10
TURNS = 5
JOINED_S = 120  # after which all must have their first board
RESTED_S = 3  # what their coming has set off is over
EVERY_S = 0.7  # between two changes of what hangs on the wall
DRAWN = """
  window.drawn = {};
  const watch = new MutationObserver((all) => {
    for (const { addedNodes } of all) for (const { dataset } of addedNodes) {
      if (dataset?.key) (window.drawn[dataset.key] ??= []).push(Date.now() / 1000);
    }
  });
  watch.observe(document.querySelector("#wall-board tbody"), { childList: true });
"""


@dataclass
class Heard:
    """When each change was committed, and after how many seconds each viewer had it."""

    committed: dict[bytes, float] = field(default_factory=dict)
    after_s: list[float] = field(default_factory=list)
    n_begun: int = 0  # that have their first board
    n_ended: int = 0
    thread: int = 0  # in which they read


@dataclass(frozen=True)
class Spent:
    """Seconds of processor time."""

    service: float
    database: float
    viewers: float
    writers: float

    def since(self, other: Spent, n: int) -> Spent:
        """Milliseconds for each of `n`, since then."""
        now, then = astuple(self), astuple(other)
        return Spent(*(1000 * (one - before) / n for one, before in zip(now, then, strict=True)))


@dataclass(frozen=True)
class Machine:
    """The service and the server of its database; all other work of this process is its clients'."""

    service: int
    database: int

    def spent(self, heard: Heard | None = None) -> Spent:
        """Until now; `heard`: of the viewers that look now."""
        viewers = processors.thread_s(heard.thread) if heard else 0.0
        both = processors.spent_s(self.service), processors.spent_s(self.database)
        return Spent(*both, viewers, time.process_time() - viewers)


def machine_of(made: place.Place) -> Machine:
    """Which processes are whose, while the service runs."""
    with made.begin() as db:
        server = processors.parent(int(db.scalar(text("SELECT pg_backend_pid()")) or 0))
    (service,) = (pid for pid in processors.children(os.getpid()) if pid != server)
    return Machine(service, server)


def prepare(made: place.Place, n: int) -> list[str]:
    """Fills the schema; a token for each group of viewers, the first of one who sees everything."""
    now = datetime.now(UTC)
    tokens = []
    with made.begin() as db:
        worklist.fill(db, n)
        for nr in range(N_GROUPS):
            login = f"viewer{nr}"
            if nr < N_GROUPS // 2:
                accounts.create(db, login=login, name=login, role="planner", password=PASSWORD)
            else:
                codes = [f"A{4 * nr + more}" for more in range(4) if 4 * nr + more < 40]
                accounts.create(db, login=login, name=login, role="manager", password=PASSWORD, area_codes=codes)
            tokens.append(accounts.issue_bearer(db, login, "bench", now, timedelta(hours=4)).token)
    worklist.vacuum(made)
    return tokens


async def view(port: int, token: str, query: str, heard: Heard) -> None:
    """One viewer, until it is cancelled."""
    seen: dict[bytes, float] = {}
    first = True
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    try:
        head = f"GET /api/v1/wall/stream?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
        writer.write(head.encode())
        while line := await reader.readline():
            if first and line.startswith(b"event: board"):
                first = False
                heard.n_begun += 1
            if line.startswith(b"event: end"):
                heard.n_ended += 1
            if not line.startswith(b"data: "):
                continue
            at = time.time()
            for key, committed_at in list(heard.committed.items()):
                if seen.get(key) != committed_at and b'"key":"%s"' % key in line:
                    seen[key] = committed_at
                    heard.after_s.append(at - committed_at)
    finally:
        writer.close()


@contextmanager
def viewers(port: int, tokens: list[str], n: int) -> Iterator[Heard]:
    """So many open streams, in a thread of their own."""
    heard = Heard()
    loop = asyncio.new_event_loop()
    queries = [f"limit={100 if nr % 2 else 50}" for nr in range(N_GROUPS)]

    async def all_of_them() -> None:
        await asyncio.gather(*(view(port, tokens[nr % N_GROUPS], queries[nr % N_GROUPS], heard) for nr in range(n)))

    task = loop.create_task(all_of_them())

    def run() -> None:
        heard.thread = threading.get_native_id()
        try:
            loop.run_until_complete(task)
        except asyncio.CancelledError:
            pass
        finally:
            loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        end = time.monotonic() + JOINED_S
        while heard.n_begun < n:
            if time.monotonic() > end:
                raise SystemExit(f"the bench stops: {heard.n_begun} of {n} viewers have a board")
            time.sleep(0.1)
        time.sleep(RESTED_S)
        yield heard
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()


def change(made: place.Place, seconds: float, heard: Heard) -> list[tuple[bytes, float]]:
    """Notes on what hangs on everybody's wall, one after the other, each committed by itself; keys and instants."""
    engine = make_engine(made.app_url, made.schema)
    agreed = Settings().agreed
    done: list[tuple[bytes, float]] = []
    with engine.begin() as db:
        board = wall.board(db, Actor("planner"), wall.Filter(), datetime.now(UTC), Settings().zone, limit=50)
        rows = [row for row in wall.rows(db, board.places) if row.standing != "struck_off"]
    end, nr = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        row = rows[nr % len(rows)]
        nr += 1
        with engine.begin() as db:
            held = cases.lock(db, row.number, row.source)
            now = datetime.now(UTC)
            cases.apply(db, held, "note", Actor("admin"), now, terms.load(db, **agreed), Given(note=f"{nr}"))
        at = time.time()
        key = f"{row.source}/{row.number}/{row.repeat}".encode()
        heard.committed[key] = at
        done.append((key, at))
        time.sleep(EVERY_S)
    engine.dispose()
    return done


def drawn(port: int, made: place.Place, seconds: float, heard: Heard) -> list[float]:
    """Seconds from each commit until Chromium had drawn the line."""
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        page.goto(f"http://127.0.0.1:{port}/login")
        page.fill("#login", "viewer0")
        page.fill("#password", PASSWORD)
        page.click("main button[type=submit]")
        page.goto(f"http://127.0.0.1:{port}/wall?limit=50")
        page.wait_for_selector("#wall-board tbody tr[data-key]", timeout=60_000)
        page.evaluate(DRAWN)
        done = change(made, seconds, heard)
        page.wait_for_timeout(3000)
        found = page.evaluate("window.drawn")
        browser.close()
    took = []
    for key, at in done:
        later = [one - at for one in found.get(key.decode(), []) if one >= at]
        took.append(min(later) if later else float("inf"))
    return took


def writing(port: int, token: str, n: int, turn: int) -> float:
    """Submissions a second."""
    known = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    bodies, _ = requests(n, 100 + turn)
    return load.run(port, n, lambda i: ("POST", "/api/v1/reports", bodies[i]), known).per_s


def p95(values: list[float]) -> float:
    """The 95th percentile."""
    return sorted(values)[int(0.95 * len(values))] if values else float("nan")


def main() -> None:
    """Prints both figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=1_000_000)
    parser.add_argument("--viewers", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--requests", type=int, default=2000, help="of a turn; some seconds, so that it has many looks")
    size = parser.parse_args()
    print(f"wall: {size.reports:,} reports, {size.viewers} viewers in {N_GROUPS} groups; {place.machine()}", flush=True)
    with place.cluster() as urls, place.schema(urls, "wall") as made:
        with place.timed("made"):
            tokens = prepare(made, size.reports)
        with ours(made) as port:
            with viewers(port, tokens, size.viewers - 1) as heard:
                took = drawn(port, made, size.seconds, heard)
            streams = heard.after_s
            print(
                f"  committed -> at the viewer: {len(streams)} times, p50 {statistics.median(streams):.2f} s, ", end=""
            )
            print(f"p95 {p95(streams):.2f} s; {heard.n_ended} streams ended")
            print(f"  committed -> drawn: {len(took)} changes, p50 {statistics.median(took):.2f} s, ", end="")
            print(f"p95 {p95(took):.2f} s (goal <= 2)", flush=True)
            compare(port, made, tokens, size.viewers, size.requests)


def compare(port: int, made: place.Place, tokens: list[str], n_viewers: int, n: int) -> None:
    """Prints what the viewers take of the writers, by the clock and by the processors."""
    machine = machine_of(made)
    alone: list[tuple[float, Spent]] = []
    watched: list[tuple[float, Spent]] = []

    def turn(told: list[tuple[float, Spent]], heard: Heard | None, nr: int) -> None:
        before = machine.spent(heard)
        per_s = writing(port, tokens[0], n, nr)
        told.append((per_s, machine.spent(heard).since(before, n)))

    def with_viewers(nr: int) -> None:
        with viewers(port, tokens, n_viewers) as heard:
            turn(watched, heard, nr)

    writing(port, tokens[0], n, 99)  # what is loaded at first use is loaded
    for nr in range(TURNS):
        if nr % 2:  # neither is always the later one: the tables grow, and other work on the machine comes and goes
            with_viewers(2 * nr)
            turn(alone, None, 2 * nr + 1)
        else:
            turn(alone, None, 2 * nr)
            with_viewers(2 * nr + 1)
    told = ", ".join(f"{one:.0f}/{other:.0f}" for (one, _), (other, _) in zip(watched, alone, strict=True))
    ratio = statistics.median(one for one, _ in watched) / statistics.median(one for one, _ in alone)
    print(f"  submissions a second, watched/alone: {told}; medians {ratio:.3f} (goal >= 0.95)", flush=True)
    own = []
    for name, turns in (("watched", watched), ("alone", alone)):
        service, database, viewing, writes = (
            statistics.median(one) for one in zip(*(astuple(spent) for _, spent in turns), strict=True)
        )
        print(
            f"  ms of processor time a submission, {name}: service {service:.2f}, database {database:.2f}; "
            f"clients: viewers {viewing:.2f}, writers {writes:.2f}"
        )
        own.append(service + database)
    print(f"  service and database, alone/watched: {own[1] / own[0]:.3f}", flush=True)


if __name__ == "__main__":
    main()
