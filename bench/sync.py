"""What a phone kept, sent in one request of a thousand, against the same kinds of things posted one by one."""

from __future__ import annotations

import argparse
import http.client
import json
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import text

from bench import publish
from bench.place import Place, cluster, machine, schema
from bench.submit import ours
from bench.visits import fill
from geodata.town import dice
from gridsvc import accounts
from gridsvc.rules.roles import Actor

ROUNDS = 3
GOAL = 5.0
N_SPOTS = 2000  # in each own grid
SPOTS = """
SELECT ST_X(d.geom) AS lon, ST_Y(d.geom) AS lat
FROM duty u JOIN grid_version g ON g.code = u.grid_code
CROSS JOIN LATERAL ST_Dump(ST_GeneratePoints(g.geom, :n, 7)) d
"""
Json = dict[str, Any]
Door = tuple[int, float, float]


@dataclass(frozen=True)
class Own:
    """The doors of a worker's grids, and spots that lie in them."""

    doors: list[Door]
    spots: list[tuple[float, float]]


class Phone:
    """One connection of one worker."""

    def __init__(self, port: int, token: str) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def post(self, path: str, body: Json) -> Json:
        """The answer; anything but 2xx ends the bench."""
        self._line.request("POST", path, json.dumps(body), self._headers)
        answer = self._line.getresponse()
        said = answer.read()
        if answer.status // 100 != 2:
            raise SystemExit(f"the bench stops: {answer.status} {said[:200]!r}")
        return dict(json.loads(said))

    def close(self) -> None:
        """Nothing; afterwards the connection is."""
        self._line.close()


def report(doors: Own, rng: Any) -> Json:
    """What is said of a report at a spot of the own grids."""
    lon, lat = rng.choice(doors.spots)
    where = {"lon": lon, "lat": lat, "crs": "wgs84"}
    return {"category": "unclassified", "description": "路灯不亮，晚上看不清路", "location": where | {"accuracy_m": 12}}


def visit(door: Door, rng: Any) -> Json:
    """What is said of a visit to a door."""
    number, lon, lat = door
    outcome = rng.choice(("reached", "reached", "absent", "refused"))
    at = datetime.now(UTC) - timedelta(minutes=rng.randint(1, 600))
    place = {"x": lon, "y": lat, "crs": "wgs84", "accuracy_m": 15}
    return {"household_id": number, "outcome": outcome, "happened_at": at.isoformat()} | place


def kept(kind: str, n: int, doors: Own, rng: Any) -> list[Json]:
    """So many items of a kind; `mixed`: two reports, two visits, and an action on the first report each time."""
    items: list[Json] = []
    while len(items) < n:
        some = [{"kind": "report", "key": str(uuid.uuid4()), "report": report(doors, rng)} for _ in range(2)]
        act = {"kind": "action", "key": str(uuid.uuid4()), "report_key": some[0]["key"], "action": {"action": "verify"}}
        met = [
            {"kind": "visit", "key": str(uuid.uuid4()), "visit": visit(rng.choice(doors.doors), rng)} for _ in range(2)
        ]
        items += {"report": some, "visit": met, "mixed": [*some, *met, act]}[kind]
    return items[:n]


def in_one(phone: Phone, items: list[Json]) -> float:
    """Seconds for each, all sent at once."""
    start = time.perf_counter()
    answer = phone.post("/api/v1/sync", {"sent_at": datetime.now(UTC).isoformat(), "items": items})
    seconds = time.perf_counter() - start
    if answer["counts"]["created"] != len(items):
        raise SystemExit(f"not all were created: {answer['counts']}")
    return seconds / len(items)


def one_by_one(phone: Phone, items: list[Json]) -> float:
    """Seconds for each, posted one after the other."""
    numbers: dict[str, str] = {}
    start = time.perf_counter()
    for item in items:
        key = {"client_key": item["key"]}
        if item["kind"] == "report":
            numbers[item["key"]] = phone.post("/api/v1/reports", item["report"] | key)["number"]
        elif item["kind"] == "visit":
            phone.post("/api/v1/visits", item["visit"] | key | {"sent_at": datetime.now(UTC).isoformat()})
        else:
            phone.post(f"/api/v1/reports/{numbers[item['report_key']]}/actions", item["action"] | {"version": 1})
    return (time.perf_counter() - start) / len(items)


def actions(phone: Phone, n: int, n_single: int, doors: Own, rng: Any) -> tuple[float, float]:
    """Seconds for each action, at once and one by one, on reports that are there already."""
    found: list[float] = []
    for many, send in ((n, in_one), (n_single, one_by_one)):
        items = kept("report", many, doors, rng)
        told = phone.post("/api/v1/sync", {"sent_at": datetime.now(UTC).isoformat(), "items": items})["items"]
        wanted = [
            {
                "kind": "action",
                "key": str(uuid.uuid4()),
                "number": one["number"],
                "action": {"action": "verify", "version": 1},
            }
            for one in told
        ]
        if send is in_one:
            found.append(in_one(phone, wanted))
            continue
        start = time.perf_counter()
        for one in wanted:
            phone.post(f"/api/v1/reports/{one['number']}/actions", one["action"])
        found.append((time.perf_counter() - start) / many)
    return found[0], found[1]


def prepare(place: Place, n_grids: int, n_doors: int, n_reports: int) -> tuple[str, Own]:
    """Fills the schema: nobody begins with an empty table, nor plans for one. A worker's token, and the own grids."""
    now = datetime.now(UTC)
    with place.begin() as db:
        actor: Actor
        actor, doors = fill(db, n_grids, n_doors)
        publish.fill(db, n_reports)
        db.execute(
            text("UPDATE account SET worker_id = :w WHERE id = :a"), {"w": actor.worker_id, "a": actor.account_id}
        )
        spots = [(row.lon, row.lat) for row in db.execute(text(SPOTS), {"n": N_SPOTS})]
        token = accounts.issue_bearer(db, "w", "bench", now, timedelta(hours=2)).token
    with place.begin() as db:
        db.execute(text("ANALYZE"))
    return token, Own(doors, spots)


def main() -> None:
    """Prints milliseconds for each item and the ratios, medians of rounds that take turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grids", type=int, default=300)
    parser.add_argument("--doors", type=int, default=20_000)
    parser.add_argument("--reports", type=int, default=20_000, help="open ones that are there already")
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--singles", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    size = parser.parse_args()
    print(
        f"sync: {size.items:,} items at once, {size.singles} one by one; {size.doors:,} doors; {machine()}", flush=True
    )
    found: dict[str, list[tuple[float, float]]] = {"report": [], "visit": [], "action": [], "mixed": []}
    with cluster() as urls, schema(urls, "bench") as place:
        token, doors = prepare(place, size.grids, size.doors, size.reports)
        with ours(place) as port:
            phone = Phone(port, token)
            for turn in range(size.rounds + 1):
                rng = dice.stream(turn, "sync")
                for kind, told in found.items():
                    if kind == "action":
                        both = actions(phone, size.items, size.singles, doors, rng)
                    else:
                        both = (
                            in_one(phone, kept(kind, size.items, doors, rng)),
                            one_by_one(phone, kept(kind, size.singles, doors, rng)),
                        )
                    print(f"    {kind:<7} {1000 * both[0]:6.2f} ms, {1000 * both[1]:6.2f} ms", flush=True)
                    if turn:  # the first round warms up
                        told.append(both)
            phone.close()
    for kind, told in found.items():
        once, single = (median(one[i] for one in told) for i in (0, 1))
        goal = f" (goal >= {GOAL:.0f})" if kind == "mixed" else ""
        each = f"{1000 * once:6.2f} ms at once, {1000 * single:6.2f} ms alone"
        print(f"  {kind:<7} {each}: {single / once:5.1f} times{goal}")


if __name__ == "__main__":
    main()
