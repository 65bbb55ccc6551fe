"""The worklist over many reports: the worst of 33 filter and sort pairs at two sizes, pages far back included.

python -m bench.worklist [few many]; 3 % of the reports are open. Each call is one of the API's, of 50 rows, as a
running service answers it: session, statements, counts, JSON. Both sizes are asked in turn, so that both meet the same
machine.
"""

from __future__ import annotations

import argparse
import http.client
import statistics
import tempfile
import time
import uuid
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from sqlalchemy import Connection, text

from bench import place
from bench.place import Place
from bench.submit import ours
from gridsvc import accounts, worklist
from gridsvc.db.engine import make_engine

TIMES = 100
ROWS = 50
FAR = 1000
OPEN, ENDED = 3, 97  # percent
ENDED_ONES = [("state", "struck_off")]
GOAL_MS, GOAL_RATIO = 150, 2
Asked = list[tuple[str, str]]

FILL = (
    "INSERT INTO area (level, code, name) SELECT 'community', 'A' || i, '社区' || i FROM generate_series(0, 39) i",
    "UPDATE grid_version SET area_id = (SELECT id FROM area WHERE code = 'A' || grid_version.id % 40)",
    "INSERT INTO department (code, name) SELECT 'D' || i, '部门' || i FROM generate_series(0, 29) i",
    "INSERT INTO category (code, name_zh, name_en) SELECT 'E' || lpad(i::text, 4, '0'), 'c', 'c' "
    "FROM generate_series(100, 299) i",
    # the open ones lie everywhere, the late ones more often at the end
    """INSERT INTO report (source, number, state, category, description, channel, received_at, department_id,
         level,
         due_at, due_original_at, stage, stage_due_at, accepted_at, filed_at, disposed_at, suspended_at,
         suspended_until, card,
         n_rework, outcome, updated_at)
       SELECT 'gridsvc', to_char(r, 'YYYYMMDD') || '-' || lpad(i::text, 7, '0'), s,
         'E' || lpad((100 + i / 3 % 199)::text, 4, '0'),
         '路面积水，井盖破损，影响通行 ' || i, 'web', r, CASE WHEN s IN ('dispatched', 'disposed', 'struck_off')
         THEN 1 + i / 7 % 30 END, 'grid', CASE WHEN s <> 'reported' THEN r + interval '5 days' * (1 + i % 3) END,
         CASE WHEN s <> 'reported' THEN r + interval '5 days' * (1 + i % 3) END,
         CASE s WHEN 'filed' THEN 'dispatch' WHEN 'dispatched' THEN 'dispose' WHEN 'disposed' THEN 'check' END,
         CASE WHEN s = 'disposed' THEN r + interval '9 days' END,
         CASE WHEN s = 'dispatched' AND i / 400 % 2 = 0 THEN r END,
         CASE WHEN s <> 'reported' THEN r END, CASE WHEN s IN ('disposed', 'struck_off') THEN r + interval '2 days' END,
         CASE WHEN s = 'filed' AND i % 9 = 0 THEN r END, NULL, CASE WHEN i % 50 = 0 THEN 'yellow' END,
         CASE WHEN i % 40 = 0 THEN 1 ELSE 0 END, 'by_deadline', r + interval '9 days'
       FROM (SELECT i, CAST(:now AS timestamptz)
           - interval '300 days' * ((CAST(i AS bigint) * 7919) % :n) / :n AS r,
           CASE WHEN (CAST(i AS bigint) * 31) % 100 < 3 THEN (ARRAY['reported', 'filed', 'dispatched',
         'disposed'])[1 + i / 100 % 4]
             ELSE 'struck_off' END AS s
         FROM generate_series(1, :n) i) made""",
    "INSERT INTO report_log (report_id, seq, action, to_state, at, digest) "
    "SELECT id, 1, 'submit', 'reported', received_at, sha256('') FROM report",
    "INSERT INTO report_log (report_id, seq, action, from_state, to_state, at, digest) "
    "SELECT id, 2, 'strike_off', 'closed', state, received_at + interval '9 days', sha256('') FROM report",
    """INSERT INTO placement (report_id, seq, from_at, grid_version_id, method, confidence, ended, received_at)
       SELECT r.id, 1, r.received_at, CASE WHEN r.id % 199 > 0 THEN g.id END,
         CASE WHEN r.id % 199 > 0 THEN 'covers' ELSE 'none' END, CASE WHEN r.id % 97 = 0 THEN 0.5 END,
         ended_state(r.state), CASE WHEN NOT r.open THEN r.received_at END
       FROM report r
       JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS nr, count(*) OVER () AS of FROM grid_version) g
         ON g.nr = (r.id * 13) % g.of""",
)


@dataclass(frozen=True)
class Pair:
    """What is asked: who asks, the filter and order as the address has them, and how far back.

    `share`: percent of the reports that the list may have, where a page far back is asked for; null: the first page.
    """

    name: str
    asked: Asked = field(default_factory=list)
    reader: str = "admin"
    share: int | None = None

    def path(self, n: int) -> str:
        """The address among so many reports: page 1,000, or the last one where there are fewer."""
        last = 1 if self.share is None else max(1, n * self.share // 100 // ROWS)
        return "/api/v1/worklist?" + urlencode([*self.asked, ("page", str(min(FAR, last))), ("limit", str(ROWS))])


def pairs(grid: str) -> list[Pair]:
    """All that is asked; `grid` is some grid's code."""
    made: list[Pair] = []
    for sort in worklist.SORTS:
        made.append(Pair(f"open by {sort}", [("sort", sort)]))
        made.append(Pair(f"open by {sort}, last page", [("sort", sort), ("descending", "true")], share=OPEN))
    received = [("sort", "received"), ("descending", "true")]
    return [
        *made,
        Pair("open, the last page from the front", [("sort", "due")], share=OPEN),
        Pair("overdue by grid", [("deadline", "overdue"), ("sort", "grid")]),
        Pair("one grid", [("grid", grid)]),
        Pair("one class", [("category", "E01"), *received]),
        Pair("one category, to accept", [("category", "E0150"), ("queue", "to_accept")]),
        Pair("one department", [("department", "D2")]),
        Pair("one area", [("area", "A7"), ("sort", "updated"), ("descending", "true")]),
        Pair("words", [("words", "井盖破损")]),
        Pair("unplaced", [("queue", "unplaced"), ("sort", "received")]),
        Pair("a manager's", reader="manager"),
        Pair("a department's", reader="handler"),
        Pair("struck off, page 1,000", [*ENDED_ONES, *received], share=ENDED),
        Pair("all, page 1,000", [("state", "all"), ("sort", "due")], share=100),
        Pair("a manager's struck off, page 1,000", [*ENDED_ONES, *received], "manager", ENDED // 8),
        Pair("struck off of one category", [*ENDED_ONES, ("category", "E0150"), *received]),
    ]


def fill(db: Connection, n: int, now: datetime) -> dict[str, str]:
    """So many reports, 3 % of them open; a bearer token for each reader."""
    place.publish_lattice(db, 1000)
    for statement in FILL:
        used = {name: value for name, value in (("n", n), ("now", now)) if f":{name}" in statement}
        db.execute(text(statement), used)
    secret = uuid.uuid4().hex
    areas = [f"A{i}" for i in range(5)]
    accounts.create(db, login="admin", name="admin", role="admin", password=secret)
    accounts.create(db, login="manager", name="manager", role="manager", password=secret, area_codes=areas)
    accounts.create(db, login="handler", name="handler", role="handler", password=secret, department_code="D2")
    readers = ("admin", "manager", "handler")
    return {one: accounts.issue_bearer(db, one, "bench", now, timedelta(hours=2)).token for one in readers}


@dataclass(frozen=True)
class Side:
    """A service over so many reports, and a line to it that is kept."""

    n: int
    line: http.client.HTTPConnection
    tokens: dict[str, str]

    def ask(self, pair: Pair) -> tuple[float, int]:
        """Milliseconds of one answer, and its bytes; any but 200 ends the bench."""
        start = time.perf_counter()
        self.line.request("GET", pair.path(self.n), headers={"Authorization": f"Bearer {self.tokens[pair.reader]}"})
        answer = self.line.getresponse()
        said = answer.read()
        taken = 1000 * (time.perf_counter() - start)
        if answer.status != 200:
            raise SystemExit(f"the bench stops: {pair.name}: {answer.status} {said[:200]!r}")
        return taken, len(said)


def p95(taken: list[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(taken, n=20)[-1]


def compare(few: Side, many: Side, grid: str) -> None:
    """Prints the milliseconds of each pair at both sizes, and the worst of each."""
    worst: dict[int, tuple[float, str]] = {few.n: (0, ""), many.n: (0, "")}
    middle: dict[int, float] = {few.n: 0, many.n: 0}
    print(f"  {'':<40}{f'{few.n:,}: p95, median':>26}{f'{many.n:,}: p95, median':>26}{'bytes':>16}")
    for pair in pairs(grid):
        taken: dict[int, list[float]] = {few.n: [], many.n: []}
        size = {few.n: 0, many.n: 0}
        for turn in range(TIMES):
            for side in (few, many) if turn % 2 else (many, few):
                ms, size[side.n] = side.ask(pair)
                taken[side.n].append(ms)
        told = ""
        for side in (few, many):
            of, half = p95(taken[side.n]), statistics.median(taken[side.n])
            worst[side.n] = max(worst[side.n], (of, pair.name))
            middle[side.n] = max(middle[side.n], half)
            told += f"{of:17.1f}{half:9.1f}"
        print(f"  {pair.name:<40}{told}{size[few.n]:9}{size[many.n]:7}", flush=True)
    for n, (ms, name) in worst.items():
        print(f"{n:,} reports: worst p95 {ms:.1f} ms ({name}; goal at most {GOAL_MS}), worst median {middle[n]:.1f} ms")
    ratio, of_middle = worst[many.n][0] / worst[few.n][0], middle[many.n] / middle[few.n]
    print(f"worst / worst: p95 {ratio:.2f} (goal at most {GOAL_RATIO}), medians {of_middle:.2f}")


def vacuum(made: Place) -> None:
    """What autovacuum does in time: index-only scans need it."""
    engine = make_engine(made.owner_url, made.schema)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        for table in ("report", "placement", "report_log"):
            db.execute(text(f"VACUUM (ANALYZE) {table}"))
    engine.dispose()


def main() -> None:
    """Prints the figures of both sizes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=[10_000, 1_000_000], help="numbers of reports")
    sizes: list[int] = parser.parse_args().sizes
    if len(sizes) != 2:
        parser.error("two sizes are compared: few many")
    print(place.machine())
    sides: list[Side] = []
    with place.cluster() as urls, ExitStack() as stack:
        for n in sizes:
            made = stack.enter_context(place.schema(urls, f"worklist_{n}"))
            with place.timed(f"{n:,} reports made"), made.begin() as db:
                tokens = fill(db, n, datetime.now(UTC))
                grid = str(db.scalar(text("SELECT min(code) FROM grid_version")))
            vacuum(made)
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="gridsvc-bench-"))
            port = stack.enter_context(ours(made, GRIDSVC_DATA_DIR=folder))
            sides.append(Side(n, http.client.HTTPConnection("127.0.0.1", port, timeout=60), tokens))
        compare(sides[0], sides[1], grid)
        for side in sides:
            side.line.close()


if __name__ == "__main__":
    main()
