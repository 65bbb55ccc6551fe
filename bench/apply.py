"""Actions on reports, each locked, decided, stored, logged and committed, against a bare update + insert loop."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from itertools import cycle
from uuid import uuid4

import psycopg
from sqlalchemy import make_url, text

from bench.place import NOW, RULE, Place, cluster, machine, schema
from gridsvc import cases, reports
from gridsvc.db.engine import make_engine
from gridsvc.reports import Draft
from gridsvc.rules.calendar import Calendar
from gridsvc.rules.case import Given, Terms
from gridsvc.rules.deadlines import Limit, StageLimits
from gridsvc.rules.roles import ANONYMOUS, Actor
from gridsvc.terms import Agreed

ROUNDS = 7  # short ones in turn: what else the machine does falls on both alike
DESK, LEADER = Actor("dispatcher"), Actor("leader")
AGREED = Agreed(
    Terms(Calendar("Asia/Shanghai", {}, frozenset({2026, 2027})), stages=StageLimits(dispose=Limit(3, "working_day"))),
    {},
)
BARE_TABLES = (
    "CREATE TABLE bare_case (id bigint PRIMARY KEY, state text NOT NULL, due_at timestamptz, n integer NOT NULL)",
    "CREATE TABLE bare_log (report_id bigint, seq integer, action text NOT NULL, to_state text NOT NULL, "
    "at timestamptz NOT NULL, note text, facts jsonb, PRIMARY KEY (report_id, seq))",
)
WAY = ("verify", "file", "remind", "dispatch", "answer", "void")


def submitted(place: Place, n: int) -> list[str]:
    """The numbers of new reports."""
    with place.begin() as db:
        drafts = (Draft(uuid4(), "unclassified", "bench", "web", words="here") for _ in range(n))
        return [reports.submit(db, draft, ANONYMOUS, NOW, RULE).number for draft in drafts]


def department(place: Place) -> int:
    """The department that gets everything."""
    with place.begin() as db:
        made = text("INSERT INTO department (code, name) VALUES ('bench', 'bench') RETURNING id")
        return int(db.execute(made).scalar_one())


def timed(work: Callable[[], int]) -> float:
    """Actions a second."""
    start = time.perf_counter()
    n = work()
    return n / (time.perf_counter() - start)


def ours(place: Place, numbers: list[str], department_id: int) -> Callable[[], int]:
    """Every action of the way on every report, each in a transaction of its own as at the door."""
    engine = make_engine(place.app_url, place.schema, pool_size=1)

    def work() -> int:
        for action in WAY:
            for number in numbers:
                with engine.begin() as db:
                    held = cases.lock(db, number)
                    who = LEADER if action == "void" else DESK
                    given = Given(note="说明", department_id=department_id if action == "dispatch" else None)
                    cases.apply(db, held, action, who, NOW, AGREED, given)
        return len(WAY) * len(numbers)

    return work


def bare(place: Place, n: int) -> Callable[[], int]:
    """As many updates with an insert each, by psycopg alone."""
    url = make_url(place.owner_url)
    target = url.set(drivername="postgresql").render_as_string(hide_password=False)
    db = psycopg.connect(target, options=f"-c search_path={place.schema},public")
    with db.cursor() as cursor:
        for statement in BARE_TABLES:
            cursor.execute(f"DROP TABLE IF EXISTS {statement.split()[2]}")
            cursor.execute(statement)
        cursor.executemany("INSERT INTO bare_case VALUES (%s, 'reported', now(), 0)", [(i,) for i in range(n)])
    db.commit()

    def work() -> int:
        for seq, action in zip(range(len(WAY)), cycle(WAY), strict=False):
            for i in range(n):
                with db.cursor() as cursor:
                    cursor.execute(
                        "UPDATE bare_case SET state = %s, due_at = %s, n = n + 1 WHERE id = %s", (action, NOW, i)
                    )
                    row = (i, seq, action, action, NOW, "说明", '{"set": {"state": "x"}}')
                    cursor.execute("INSERT INTO bare_log VALUES (%s, %s, %s, %s, %s, %s, %s)", row)
                db.commit()
        return len(WAY) * n

    return work


def main() -> None:
    """Prints both speeds and their ratio, the median of a few rounds that take turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=150, help="reports a round")
    args = parser.parse_args()
    print(machine())
    with cluster() as urls, schema(urls, "bench") as place:
        department_id = department(place)
        ratios = []
        ours(place, submitted(place, args.reports), department_id)()  # both begin warm
        for _ in range(ROUNDS):
            plain = timed(bare(place, args.reports))
            real = timed(ours(place, submitted(place, args.reports), department_id))
            ratios.append(real / plain)
            print(f"apply {real:.0f} / bare {plain:.0f} actions a second = {real / plain:.2f}")
    print(f"median {sorted(ratios)[len(ratios) // 2]:.2f}, goal 0.30")


if __name__ == "__main__":
    main()
