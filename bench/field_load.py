"""A district's workers come back into the network at the same moment: two server processes, no error, few seconds."""

from __future__ import annotations

import argparse
import hashlib
import http.client
import io
import json
import tempfile
import threading
import time
import uuid
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from PIL import Image
from sqlalchemy import text

from bench.place import Place, cluster, machine, schema
from bench.publish import fill as fill_reports
from bench.submit import ours
from bench.sync import Own, report, visit
from bench.visits import fill
from geodata.town import dice
from gridsvc import accounts

LONGEST_S = 120.0  # whatever hangs ends the bench
UP_S = 3.0  # the servers have been up for so long: what they do beside their first requests is done
GOAL_S = 2.0
N_SPOTS = 200
SPOTS = """
SELECT ST_X(d.geom) AS lon, ST_Y(d.geom) AS lat
FROM grid_version g CROSS JOIN LATERAL ST_Dump(ST_GeneratePoints(g.geom, :n, 7)) d WHERE g.code = :code
"""
DOORS = """
SELECT h.id, ST_X(h.geom) AS lon, ST_Y(h.geom) AS lat
FROM household h JOIN grid_version g ON g.id = h.grid_version_id WHERE g.code = :code ORDER BY h.id LIMIT 50
"""
Json = dict[str, Any]


@dataclass
class Told:
    """What the phones found: seconds of each request by what was asked, and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    n_later: int = 0  # told to come again, as too much was in hand
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class Worker:
    """One phone: where it sends, as whom, from which grid."""

    port: int
    token: str
    own: Own
    seed: int


def photo(n_bytes: int, seed: int) -> bytes:
    """A JPEG of about this size, another for each seed."""
    side = max(64, int((n_bytes * 3.2) ** 0.5))
    noise = Image.frombytes("L", (side, side), dice.stream(seed, "photo").randbytes(side * side))
    out = io.BytesIO()
    Image.merge("RGB", (noise, noise, noise)).save(out, "JPEG", quality=35)
    return out.getvalue()


def ask(
    line: http.client.HTTPConnection, told: Told, what: str, method: str, path: str, body: bytes, head: Json
) -> Json:
    """The answer; what is told to come later comes later, as the app does it; what else is no 2xx is noted."""
    start = time.perf_counter()
    while True:
        line.request(method, path, body, head)
        answer = line.getresponse()
        said = answer.read()
        if answer.status != 503:
            break
        line.close()  # its body was not read to the end: the next one goes over a line of its own
        with told.lock:
            told.n_later += 1
        time.sleep(min(float(answer.headers.get("Retry-After", "5")), LONGEST_S / 4))
    with told.lock:
        told.seconds.setdefault(what, []).append(time.perf_counter() - start)
        if answer.status // 100 != 2:
            told.wrong.append(f"{what}: {answer.status} {said[:120]!r}")
    return dict(json.loads(said)) if answer.status // 100 == 2 else {}


def work(one: Worker, picture: bytes, gate: threading.Barrier, told: Told) -> None:
    """What a phone does: its texts in one request, the photo, what the photo belongs to, then what is new."""
    rng = dice.stream(one.seed, "field")
    head = {"Authorization": f"Bearer {one.token}", "Content-Type": "application/json"}
    keys = [str(uuid.uuid4()) for _ in range(5)]
    items: list[Json] = [
        {"kind": "report", "key": keys[0], "report": report(one.own, rng)},
        {"kind": "report", "key": keys[1], "report": report(one.own, rng)},
        {"kind": "visit", "key": keys[2], "visit": visit(rng.choice(one.own.doors), rng)},
        {"kind": "action", "key": keys[3], "report_key": keys[0], "action": {"action": "verify"}},
    ]
    sha256 = hashlib.sha256(picture).hexdigest()
    late = [{"kind": "attach", "key": keys[4], "report_key": keys[0], "photos": [sha256]}]
    line = http.client.HTTPConnection("127.0.0.1", one.port, timeout=LONGEST_S)
    try:
        gate.wait(LONGEST_S)
        for what, some in (("texts", items), ("attach", late)):
            if some is late:
                ask(
                    line,
                    told,
                    "photo",
                    "PUT",
                    f"/api/v1/photos/{sha256}",
                    picture,
                    head | {"Content-Type": "image/jpeg"},
                )
            body = json.dumps({"sent_at": datetime.now(UTC).isoformat(), "items": some}).encode()
            answer = ask(line, told, what, "POST", "/api/v1/sync", body, head)
            with told.lock:
                told.wrong += [f"{what}: {item}" for item in answer.get("items", ()) if item["status"] != "created"]
    except (OSError, http.client.HTTPException, threading.BrokenBarrierError) as error:
        with told.lock:
            told.wrong.append(repr(error))
    finally:
        line.close()


def prepare(place: Place, n_workers: int) -> list[tuple[str, Own]]:
    """A district with a worker in each of so many grids: their tokens, doors and spots."""
    now = datetime.now(UTC)
    made: list[tuple[str, Own]] = []
    with place.begin() as db:
        fill(db, max(n_workers, 100), 20 * n_workers)
        fill_reports(db, 5_000)
        db.execute(text("DELETE FROM duty"))
        codes = list(db.scalars(text("SELECT code FROM grid_version ORDER BY code LIMIT :n"), {"n": n_workers}))
        for at, code in enumerate(codes):
            add = "INSERT INTO worker (code, name) VALUES (:c, :c) RETURNING id"
            worker_id = db.execute(text(add), {"c": f"f{at}"}).scalar_one()
            on = "INSERT INTO duty (worker_id, layer, grid_code, kind) VALUES (:w, 'base', :c, 'main')"
            db.execute(text(on), {"w": worker_id, "c": code})
            account = (
                "INSERT INTO account (login, name, role, password_hash, worker_id) VALUES (:l, :l, 'worker', 'x', :w)"
            )
            db.execute(text(account), {"l": f"f{at}", "w": worker_id})
            doors = [(row.id, row.lon, row.lat) for row in db.execute(text(DOORS), {"code": code})]
            spots = [(row.lon, row.lat) for row in db.execute(text(SPOTS), {"code": code, "n": N_SPOTS})]
            token = accounts.issue_bearer(db, f"f{at}", "bench", now, timedelta(hours=2)).token
            made.append((token, Own(doors, spots)))
    with place.begin() as db:
        db.execute(text("ANALYZE"))
    return made


def main() -> None:
    """Prints seconds by kind of request, and errors; ends with 1 where one came."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=200)
    parser.add_argument("--megabytes", type=float, default=5.0, help="of photos, in all")
    size = parser.parse_args()
    print(
        f"field load: {size.workers} workers x 5 items, {size.megabytes} MB of photos, 2 processes; {machine()}",
        flush=True,
    )
    pictures = [photo(int(size.megabytes * 1e6 / size.workers), seed) for seed in range(size.workers)]
    told = Told()
    with cluster() as urls, schema(urls, "bench") as place, ExitStack() as stack:
        made = prepare(place, size.workers)
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="gridsvc-bench-"))
        ports = [stack.enter_context(ours(place, GRIDSVC_DATA_DIR=folder)) for _ in range(2)]
        gate = threading.Barrier(size.workers)
        phones = [Worker(ports[at % 2], token, own, at) for at, (token, own) in enumerate(made)]
        threads = [
            threading.Thread(target=work, args=(one, pictures[one.seed], gate, told), daemon=True) for one in phones
        ]
        time.sleep(UP_S)
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, LONGEST_S - (time.perf_counter() - start)))
        whole_s = time.perf_counter() - start
    for what, seconds in told.seconds.items():
        ordered = sorted(seconds)
        p95 = ordered[int(0.95 * (len(ordered) - 1))]
        n, half = len(ordered), median(ordered)
        print(f"  {what:<7} {n:4d} requests, p50 {half:5.2f} s, p95 {p95:5.2f} s (goal <= {GOAL_S:.0f})")
    total_mb = sum(len(one) for one in pictures) / 1e6
    beside = f"{told.n_later} told to come later, {len(told.wrong)} errors"
    print(f"  {total_mb:.1f} MB of photos, {whole_s:.1f} s in all, {beside}")
    for one in told.wrong[:5]:
        print(f"    {one}")
    if told.wrong or any(thread.is_alive() for thread in threads):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
