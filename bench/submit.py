"""Submitting over HTTP with everything on, and `locate`, against bare apps on the same server and settings."""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import make_url, text

from bench import load
from bench.place import Place, cluster, machine, publish_lattice, schema
from bench.publish import fill
from geodata import town
from gridsvc import accounts

ROUNDS = 3
BARE_TABLE = (
    "CREATE TABLE bare_report AS SELECT id, geom, 0::bigint AS grid_version_id, category, description FROM report",
    "ALTER TABLE bare_report ALTER id ADD GENERATED ALWAYS AS IDENTITY (START 100000000), ADD PRIMARY KEY (id)",
    "CREATE INDEX ON bare_report USING gist (geom)",
)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(
    command: list[str], port: int, env: dict[str, str], ready: str, *, python: str = sys.executable
) -> Iterator[None]:
    """A server process for the length of a block, waited for until it answers."""
    process = subprocess.Popen([python, "-m", *command], env={**os.environ, **env})
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}{ready}", timeout=5).read()
                break
            except urllib.error.HTTPError:
                break
            except OSError:
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def ours(place: Place, **more: str) -> Iterator[int]:
    """The real service, with more settings by the names of the environment."""
    port = free_port()
    env = {
        "GRIDSVC_DATABASE_URL": place.app_url,
        "GRIDSVC_OWNER_URL": place.owner_url,
        "GRIDSVC_SCHEMA": place.schema,
        "GRIDSVC_MODE": "production",
        "GRIDSVC_PORT": str(port),
    }
    with server(["gridsvc", "serve", "--port", str(port)], port, env | more, "/readyz"):
        yield port


@contextmanager
def bare(place: Place) -> Iterator[int]:
    """The bare app."""
    port = free_port()
    url = make_url(place.owner_url).set(drivername="postgresql").render_as_string(hide_password=False)
    words = ["uvicorn", "bench.bare:app", "--port", str(port), "--log-level", "warning", "--loop", "uvloop"]
    with server([*words, "--http", "httptools"], port, {"BARE_URL": url, "BARE_SCHEMA": place.schema}, "/docs"):
        yield port


def prepare(place: Place, n_grids: int, n_reports: int) -> str:
    """Fills the schema; a worker's bearer token."""
    now = datetime.now(UTC)
    with place.begin() as db:
        publish_lattice(db, n_grids)
        fill(db, n_reports)
        for statement in BARE_TABLE:
            db.execute(text(statement))
        accounts.create(db, login="bench", name="bench", role="planner", password=uuid.uuid4().hex)
        token = accounts.issue_bearer(db, "bench", "bench", now, timedelta(hours=2)).token
    with place.begin() as db:
        db.execute(text("ANALYZE"))
    return token


def requests(n: int, seed: int, *, crs: str = "wgs84") -> tuple[list[str], list[tuple[float, float]]]:
    """Bodies and points of so many submissions."""
    lon, lat = town.scatter(n, seed=seed)
    points = list(zip(lon.tolist(), lat.tolist(), strict=True))
    bodies = [
        json.dumps(
            {
                "client_key": str(uuid.uuid4()),
                "category": "unclassified",
                "description": "路灯不亮，晚上看不清路",
                "location": {"lon": x, "lat": y, "crs": crs},
            }
        )
        for x, y in points
    ]
    return bodies, points


def compare(place: Place, token: str, n: int) -> tuple[load.Load, load.Load, load.Load, load.Load]:
    """The best of some rounds, ours and bare in turn: submit ours, submit bare, locate ours, locate bare."""
    known = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    plain = {"Content-Type": "application/json"}
    found: dict[str, list[load.Load]] = {"so": [], "sb": [], "lo": [], "lb": []}
    with ours(place) as our_port, bare(place) as bare_port:
        for turn in range(ROUNDS):
            bodies, points = requests(n, 7 + turn)  # other places each time: the same again would be duplicates
            found["so"].append(load.run(our_port, n, lambda i, b=bodies: ("POST", "/api/v1/reports", b[i]), known))
            found["sb"].append(load.run(bare_port, n, lambda i, b=bodies: ("POST", "/reports", b[i]), plain))
            where = [f"lon={x!r}&lat={y!r}" for x, y in points]
            asked = [f"/api/v1/locate?crs=wgs84&{w}" for w in where]
            found["lo"].append(load.run(our_port, n, lambda i, a=asked: ("GET", a[i], None), known))
            found["lb"].append(load.run(bare_port, n, lambda i, w=where: ("GET", f"/locate?{w[i]}", None), plain))
    best = {key: max(loads, key=lambda one: one.per_s) for key, loads in found.items()}
    return best["so"], best["sb"], best["lo"], best["lb"]


def main() -> None:
    """Runs the comparison at two sizes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grids", type=int, default=10_000)
    parser.add_argument("--reports", type=int, nargs=2, default=[10_000, 1_000_000])
    parser.add_argument("--requests", type=int, default=1500)
    size = parser.parse_args()
    print(f"submit: {size.grids:,} grids, {ROUNDS} rounds of {size.requests} requests, 4 clients; {machine()}")
    medians = []
    with cluster() as urls:
        for n_reports in size.reports:
            with schema(urls, "bench") as place:
                token = prepare(place, size.grids, n_reports)
                so, sb, lo, lb = compare(place, token, size.requests)
            medians.append(so.p50_ms)
            for name, one in (("submit", so), ("bare submit", sb), ("locate", lo), ("bare locate", lb)):
                line = f"{one.per_s:7.0f} requests/s, p50 {one.p50_ms:6.2f} ms, p95 {one.p95_ms:6.2f} ms"
                print(f"  {n_reports:>9,} reports  {name:<12}{line}", flush=True)
            print(f"  submit / bare = {so.per_s / sb.per_s:.2f} (goal >= 0.35)")
            print(f"  locate / bare = {lo.per_s / lb.per_s:.2f} (goal >= 0.5)")
    print(
        f"  submit p50, {size.reports[1]:,} / {size.reports[0]:,} reports = {medians[1] / medians[0]:.2f} (goal <= 1.3)"
    )


if __name__ == "__main__":
    main()
