"""Two hundred items through a network and a service that fail in every way: each arrives exactly once, in order."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gridsvc import reports
from gridsvc.db import embedded
from gridsvc.errors import GridsvcError
from gridsvc.rules.roles import ANONYMOUS
from tests.browser.drawer import Drawer
from tests.browser.fault_proxy import FAULTS, Faults, drawn
from tests.browser.field import IPHONE, PIXEL, Phone
from tests.browser.kept import report, step, visit
from tests.conftest import NOW, Fresh, missing, new_schema
from tests.web import county as counties
from tests.web.test_server import command, free_port

SEED = 20261101
N_ITEMS, N_PAIRS = 200, 40
N_PHOTOS = {"report": 4, "visit": 2, "action": 2}
N_STEPPED = 4  # reports with two steps each, the first of some with a photo
SPOILT = ("/api/v1/sync", "/api/v1/photos", "/field/me")
SHARE = 0.45  # of the requests to these
KILLS = {3: "service", 6: "database"}  # before which of the requests that are not spoilt
JUMP_MS = 6 * 60 * 1000  # longer than any wait of the app
PUT_ALL = """async ({ items, photos }) => {
  const queue = await import("/static/app/field/queue.js");
  const pictures = await import("/static/app/field/photos.js");
  const names = [];
  for (let i = 0; i < photos; i += 1) {
    const canvas = document.createElement("canvas");
    canvas.width = 64; canvas.height = 48;
    const pen = canvas.getContext("2d");
    pen.fillStyle = `rgb(${i * 20}, 90, 40)`; pen.fillRect(0, 0, 64, 48);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9));
    names.push(await pictures.keep(await pictures.shrink(new File([blob], "p.jpg", { type: "image/jpeg" }))));
  }
  for (const { item, after, photo } of items) {
    const taken = photo === null ? [] : [names[photo]];
    if (item.kind === "action" && taken.length) item.action.photos = taken;
    await queue.add(item, { after, photos: taken, title: "t" });
  }
}"""


REPORTS = text(
    "SELECT CAST(client_key AS text) AS key, id, number, received_at AS at, "
    "(SELECT count(*) FROM report_photo p WHERE p.report_id = r.id) AS n_photos FROM report r"
)
VISITS = text(
    "SELECT CAST(client_key AS text) AS key, id, recorded_at AS at, "
    "(SELECT count(*) FROM visit_report l WHERE l.visit_id = v.id) AS n_reports, "
    "(SELECT count(*) FROM visit_report l JOIN report_photo p ON p.report_id = l.report_id WHERE l.visit_id = v.id) AS n_photos "
    "FROM visit v"
)
STEPS = text(
    "SELECT r.number, r.state, (SELECT count(*) FROM report_photo p WHERE p.report_id = r.id) AS n_photos, "
    "array_agg(l.action ORDER BY l.seq) FILTER (WHERE l.action IN ('verify', 'note')) AS done "
    "FROM report r JOIN report_log l ON l.report_id = r.id GROUP BY r.id"
)


@dataclass
class Site:
    """A service of its own on a database of its own, both of which can be killed."""

    made: Fresh
    cluster_dir: Path
    data_dir: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    killed: list[str] = field(default_factory=list)

    def start(self) -> None:
        """Returns when the service answers."""
        env = self.made.env() | {"GRIDSVC_DATA_DIR": str(self.data_dir), "GRIDSVC_MODE": "production"}
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(command(self.port), env=env, stdout=quiet, stderr=quiet)
        until(lambda: answers(self.port))

    def kill_service(self) -> None:
        """Kills the service, as the machine does when memory is short."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.killed.append("service")

    def kill_database(self) -> None:
        """Kills PostgreSQL's first process; the others notice and go."""
        pid = embedded.status(self.cluster_dir).pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        self.killed.append("database")

    def mend(self) -> None:
        """Starts again whatever was killed; returns when it answers."""
        if embedded.status(self.cluster_dir).state == "stopped":
            embedded.ensure(self.cluster_dir)
        if self.process is None or self.process.poll() is not None:
            self.start()


def answers(port: int) -> bool:
    """Whether the service is there."""
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
        return bool(answer.status == 200)
    return False


def until(done: Callable[[], bool], within_s: float = 180.0) -> None:
    """Returns when `done()` is so."""
    end = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The county on a cluster and a service that nobody else uses."""
    folder = tmp_path_factory.mktemp("cluster")
    try:
        cluster, _ = embedded.ensure(folder)
    except GridsvcError as error:
        if not error.code.startswith("cluster_no_"):
            raise
        missing(f"PostgreSQL with PostGIS ({error})")
    try:
        named = f"t_{uuid.uuid4().hex[:12]}"
        with new_schema((cluster.app_url, cluster.owner_url), named) as made, free_port() as port:
            with made.begin() as db:
                counties.build(db)
            held = Site(made, folder, tmp_path_factory.mktemp("data"), port)
            held.start()
            try:
                yield held
            finally:
                held.mend()
                assert held.process is not None
                held.process.kill()
                held.process.wait()
    finally:
        embedded.stop(cluster)


def recorded(site: Site) -> list[dict[str, Any]]:
    """Two hundred items as a phone records them: visits each with a report that comes after, visits with a need and its
    photo, steps of reports that are there, reports; some of each with a photo."""
    where = reports.Position(110.005, 23.005, "wgs84", 10.0)
    with site.made.begin() as db:
        doors = list(db.scalars(text("SELECT id FROM household WHERE ST_X(geom) < 110.01 ORDER BY id")))
        drafts = [reports.Draft(uuid.uuid4(), "0110", f"待办 {i}", "web", position=where) for i in range(N_STEPPED)]
        numbers = [reports.submit(db, one, ANONYMOUS, NOW, counties.RULE).number for one in drafts]
    items: list[dict[str, Any]] = []
    photos = iter(range(sum(N_PHOTOS.values())))

    def add(item: dict[str, Any], *after: dict[str, Any], photo: bool = False) -> dict[str, Any]:
        items.append({"item": item, "after": [one["key"] for one in after], "photo": next(photos) if photo else None})
        return item

    for i in range(N_PAIRS):
        add(report(f"需求 {i}"), add(visit(doors[i % len(doors)])))
    for i in range(N_PHOTOS["visit"]):
        add(visit(doors[i], need={"category": "0506", "description": f"积水 {i}"}), photo=True)
    for i, number in enumerate(numbers):
        add(step(number, "verify"), photo=i < N_PHOTOS["action"])
        add(step(number, "note", note=f"其后 {i}"))
    for i in range(N_ITEMS - len(items)):
        add(report(f"问题 {i}"), photo=i < N_PHOTOS["report"])
    return items


def spoilt(faults: Faults, site: Site, seed: int) -> None:
    """Makes the proxy spoil requests, and kill what stands behind it while a request is being answered."""
    plan, left, n = drawn(seed, SHARE, SPOILT), dict(KILLS), [0]

    def spoil(method: str, path: str) -> str | None:
        fault = None if method == "GET" and path.startswith(SPOILT[0]) else plan(method, path)
        if fault is None and method == "POST" and path.startswith(SPOILT[0]):
            n[0] += 1
            if left and n[0] >= min(left):
                threading.Timer(0.02, getattr(site, f"kill_{left.pop(min(left))}")).start()
        return fault

    faults.plan = spoil


def drive(held: Phone, faults: Faults, site: Site) -> None:
    """Lets hours pass on the phone until everything is sent."""
    end = time.monotonic() + 300  # on a machine with much else to do
    of_all = "m.list().then((rows) => rows.map((row) => row.state))"
    while set(states := held.call("queue", of_all)) != {"sent"}:
        stuck = "attention" in states or time.monotonic() > end
        assert not stuck, [row for row in held.outbox() if row["state"] != "sent"]
        site.mend()
        if faults.n_busy == 0:
            held.page.clock.fast_forward(JUMP_MS)
        held.page.wait_for_timeout(60)


@pytest.mark.parametrize("bare", [False, True], ids=["whole", "without worker, locks and randomUUID"])
def test_two_hundred_items_arrive_once_and_in_order(drawer: Drawer, proxy: Faults, site: Site, bare: bool) -> None:
    items = recorded(site)
    site.killed.clear()
    faults = proxy.before(f"http://127.0.0.1:{site.port}")
    with drawer.lend(faults.address, IPHONE if bare else PIXEL, bare=bare, clocked=True) as held:
        held.context.clock.install()
        held.log_in()
        held.offline_ready()
        held.call("photos", "1")
        assert held.page.evaluate("Boolean(navigator.locks)") is not bare
        faults.away = True
        held.page.evaluate(PUT_ALL, {"items": items, "photos": sum(N_PHOTOS.values())})
        held.tried()
        assert [row["state"] for row in held.outbox()] == ["waiting"] * N_ITEMS
        spoilt(faults, site, SEED + bare)
        faults.away = False
        drive(held, faults, site)
        rows = {row["key"]: row for row in held.outbox()}
        happened = {fault for _, path, fault in faults.asked if path.startswith(SPOILT) and fault != "away"}
        assert happened >= set(FAULTS)
        assert site.killed == [KILLS[n] for n in sorted(KILLS)]
        assert held.keeps()["blobs"] == []
        held.clean()
    check(site, items, rows)


def check(site: Site, items: list[dict[str, Any]], rows: dict[str, Any]) -> None:
    """Nothing; fails where an item is missing, doubled, or before one that it comes after."""
    keys = [one["item"]["key"] for one in items]
    assert set(rows) == set(keys)
    assert {rows[key]["state"] for key in keys} == {"sent"}
    assert {rows[key]["answer"]["status"] for key in keys} <= {"created", "same"}
    with site.made.begin() as db:
        made = {row.key: row for row in db.execute(REPORTS)}
        visits = {row.key: row for row in db.execute(VISITS)}
        steps = {row.number: row for row in db.execute(STEPS)}
    of = {kind: [one for one in items if one["item"]["kind"] == kind] for kind in N_PHOTOS}
    plain = [one["item"]["key"] for one in of["report"] if not one["after"]]
    assert [key for key in plain if key in made] == plain  # keys are unique in the table: once each
    assert [made[key].id for key in plain] == sorted(made[key].id for key in plain)
    assert all(made[key].number == rows[key]["number"] for key in plain)
    assert [made[one["item"]["key"]].n_photos for one in of["report"]] == [
        int(one["photo"] is not None) for one in of["report"]
    ]
    for one in of["visit"]:
        there = visits[one["item"]["key"]]
        assert (there.n_reports, there.n_photos) == ((0, 0) if one["photo"] is None else (1, 1))
    for first, then in zip(of["action"][::2], of["action"][1::2], strict=True):
        there = steps[first["item"]["number"]]
        assert (there.state, there.done) == ("verified", ["verify", "note"])  # each once, in order
        assert (there.n_photos, then["photo"]) == (int(first["photo"] is not None), None)
    for one in items:
        for before in one["after"]:
            assert visits[before].at < made[one["item"]["key"]].at
