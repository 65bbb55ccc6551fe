"""The process that reads a CSV for an import: locked in, ended in time, and not believed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from geodata.errors import FileRefused
from geodata.files import frames, sandbox
from geodata.files.sniff import is_book, may_be_table
from geodata.layer import Fields, Limits
from gridsvc.grids import Rule
from gridsvc.imports import asking, households, streams
from gridsvc.imports.account import Refusals
from gridsvc.imports.report_rows import COLUMNS
from gridsvc.imports.source import Source, of_table
from tests.verbs.report_files import publish, quiet, row, table, take

SENT = ["row", "number", "received_at", "day_only", "state", "lon", "lat"]
HEAD: dict[str, object] = {
    "format": "csv",
    "encoding": "utf-8",
    "fields": {"number": "number", "time": "t", "lon": "lon", "lat": "lat"},
    "has_crs": True,
    "columns": SENT,
}
LINE = b"1\tA\t2026-03-01\tt\treported\t110.005\t23.005\n"
TOLD: dict[str, object] = {"share": 0.5, "problems": []}
ONE: dict[str, object] = {"n_rows": 1, "n_sent": 1, "notes": [], "rest": None}
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="these measures are Linux's own")


def said(*parts: bytes | tuple[bytes, dict[str, object]]) -> bytes:
    """What a reader says: rows as bytes, facts with their letter."""
    told = [b"".join(frames.rows(part)) if isinstance(part, bytes) else frames.told(*part) for part in parts]
    return frames.begin() + b"".join(told)


def good(rows: bytes = LINE, **end: object) -> bytes:
    return said((frames.HEAD, HEAD), rows, (frames.TOLD, TOLD), (frames.END, ONE | end))


def more(**cells: str) -> bytes:
    """A row with cells that the others leave empty."""
    head = HEAD | {"columns": [*SENT, *cells]}
    row = LINE.rstrip(b"\n") + "".join(f"\t{cell}" for cell in cells.values()).encode() + b"\n"
    return said((frames.HEAD, head), row, (frames.TOLD, TOLD), (frames.END, ONE))


def answering(monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    @contextmanager
    def stream(*_: object) -> Iterator[Iterator[bytes]]:
        yield (answer[at : at + 7] for at in range(0, len(answer), 7))

    monkeypatch.setattr(sandbox, "stream", stream)


def refused(call: Callable[[], object]) -> tuple[str, object]:
    with pytest.raises(FileRefused) as caught:
        call()
    return caught.value.code, caught.value.facts["file"]


def n_reports(db: Connection) -> int:
    return int(db.scalar(text("SELECT count(*) FROM report")) or 0)


def line(**cells: str) -> bytes:
    usual = dict(zip(SENT, LINE.decode().rstrip("\n").split("\t"), strict=True))
    return ("\t".join({**usual, **cells}.values()) + "\n").encode()


def test_an_honest_answer_is_stored(
    db: Connection, rule: Rule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(db, rule)
    answering(monkeypatch, good())
    account = take(db, table(tmp_path / "r.csv"), rule)
    assert (account.tally.new, account.n_read, account.columns["time"], n_reports(db)) == (1, 1, "t", 1)


DISHONEST = {
    "nothing": b"",
    "another format": good().replace(b"gridrow1", b"gridrow2"),
    "cut in a row": good()[:-60],
    "cut before the end": said((frames.HEAD, HEAD), LINE),
    "no head": said(LINE, (frames.END, ONE)),
    "two heads": said((frames.HEAD, HEAD), (frames.HEAD, HEAD), (frames.END, ONE)),
    "more after the end": good() + LINE,
    "too long a frame": said((frames.HEAD, HEAD)) + b"R\xff\xff\xff\xff" + LINE,
    "no JSON": frames.begin() + b"H\x01\x00\x00\x00{",
    "a list": frames.begin() + b"H\x02\x00\x00\x00[]",
    "nested without end": frames.begin() + b"H" + (60_000).to_bytes(4, "little") + b"[" * 60_000,
    "fewer rows than said": good(n_sent=2, n_rows=2),
    "more rows than said": good(LINE + line(row="2", number="B")),
    "an end in the middle": good(LINE + b"\\.\n" + line(row="2", number="B"), n_sent=2, n_rows=2),
    "fewer read than sent": good(n_rows=0),
    "a column of ours": said((frames.HEAD, HEAD | {"columns": ["id", "row"]}), b"1\t1\n", (frames.END, ONE)),
    "a column twice": said((frames.HEAD, HEAD | {"columns": ["row", "row"]}), b"1\t1\n", (frames.END, ONE)),
    "a role of nobody": said((frames.HEAD, HEAD | {"fields": {"__class__": "x"}}), (frames.END, ONE | {"n_sent": 0})),
    "a problem of no row": said(
        (frames.HEAD, HEAD), (frames.TOLD, {"share": 1, "problems": [["1", "x", {}, "refused"]]}), (frames.END, ONE)
    ),
    "rows without columns": said((frames.HEAD, HEAD | {"columns": []}), LINE, (frames.END, ONE)),
    "a state of nobody": good(line(state="stolen")),
    "row 0": good(line(row="0")),
    "a row twice": good(LINE + line(number="B"), n_sent=2, n_rows=2),
    "a long number": good(line(number="x" * 201)),
    "no time": good(line(received_at="\\N")),
    "half a position": good(line(lat="\\N")),
    "not on Earth": good(line(lat="95")),
    "no number": good(line(lon="NaN")),
    "closed and reported": more(closed_at="2026-03-02"),
    "a category of nobody": more(category="x"),
    "less than exact": more(accuracy_m="-1"),
    "half of what was sent": more(raw_x="1"),
    "from nowhere": more(raw_x="1", raw_y="1e13"),
}


@pytest.mark.parametrize("what", DISHONEST)
def test_a_dishonest_answer_is_an_error_and_no_row(
    db: Connection, rule: Rule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    publish(db, rule)
    answering(monkeypatch, DISHONEST[what])
    with db.begin_nested() as work:
        assert refused(lambda: take(db, table(tmp_path / "r.csv"), rule)) == ("answer_wrong", "r.csv")
        work.rollback()
    assert n_reports(db) == 0


@pytest.mark.parametrize("rows", [b"x\n", line(row="\\N"), line(lon="east"), line(number="\\N"), line(row="1\t2")])
def test_a_row_that_is_none_is_not_taken_by_the_database(
    db: Connection, rule: Rule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: bytes
) -> None:
    publish(db, rule)
    answering(monkeypatch, good(rows))
    with db.begin_nested() as work:
        assert refused(lambda: take(db, table(tmp_path / "r.csv"), rule)) == ("file_unreadable", "r.csv")
        work.rollback()


DOOR: dict[str, object] = HEAD | {"fields": {"room": "r"}, "columns": list(households.COLUMNS), "has_crs": False}
DOOR_LINE = "1\t0\thousehold\t1\t1\t101\t\\N\t\\N\tf\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\n"


def door(**cells: str) -> str:
    usual = dict(zip(households.COLUMNS, DOOR_LINE.rstrip("\n").split("\t"), strict=True))
    return "\t".join({**usual, **cells}.values()) + "\n"


@pytest.mark.parametrize(
    ("rows", "homes"),
    [
        (DOOR_LINE, [["k", "K", 999]]),
        (DOOR_LINE, [["k", None, None]]),
        (DOOR_LINE, "k"),
        (DOOR_LINE, []),
        (DOOR_LINE.replace("household", "palace"), [[None, None, None]]),
        (DOOR_LINE.replace("\t101\t", f"\t{'1' * 201}\t"), [[None, None, None]]),
        (DOOR_LINE + DOOR_LINE, [[None, None, None]]),
        (door(class_code="x"), [[None, None, None]]),
        (door(n_people="-1"), [[None, None, None]]),
        (door(contact_phone="1" * 201), [[None, None, None]]),
        (door(lon="110"), [[None, None, None]]),
    ],
)
def test_a_dishonest_answer_of_doors_is_an_error(
    db: Connection, rule: Rule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: str, homes: object
) -> None:
    end = ONE | {"rest": homes, "n_sent": rows.count("\n"), "n_rows": rows.count("\n")}
    answering(monkeypatch, said((frames.HEAD, DOOR), rows.encode(), (frames.END, end)))
    how = households.Options("d.csv", "d", write=True)
    source = households.from_csv(table(tmp_path / "d.csv"), Fields(), None)
    now: Any = None
    assert refused(lambda: households.take(db, source, how, now, rule, quiet)) == ("answer_wrong", "d.csv")


def test_what_is_wrong_with_the_file_itself_is_told_by_its_reader(db: Connection, rule: Rule, tmp_path: Path) -> None:
    publish(db, rule)
    path = tmp_path / "r.csv"
    path.write_bytes(b"%PDF-1.7 number,time,lon,lat")
    assert refused(lambda: take(db, path, rule)) == ("format_unknown", "r.csv")
    path.write_bytes(b"\x1f\x8b but no gzip")
    assert refused(lambda: take(db, path, rule)) == ("gzip_damaged", "r.csv")


def test_only_the_first_bytes_decide_who_reads() -> None:
    for head in (
        b"number,time\n",
        b"\xef\xbb\xbf\xe7\xbc\x96\xe5\x8f\xb7",
        b"\x1f\x8b\x08",
        b"",
        b"%PDF",
        "网".encode("utf-16"),
    ):
        assert may_be_table(head), head
    others = (b"PK\x03\x04", b"SQLite format 3\x00", b' {"type"', b"\xef\xbb\xbf[", b"\n<osm", '{"a"'.encode("utf-16"))
    for head in (
        *others,
        b"\x00\x00\x00\x0d\x0a\x09OSMHeader",
        b"\x00\x00\x27\x0a",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    ):
        assert not may_be_table(head), head
    assert is_book(b"PK\x03\x04")
    assert not is_book(b"SQLite format 3\x00")


def ask(path: Path, program: str = "gridsvc.imports.report_child") -> list[bytes]:
    request = {"fields": {}, "crs": "wgs84", "n_at_once": 2, "date_order": "ymd", "categories": {}}
    limits = Limits(wall_s=120)
    with sandbox.stream(program, {**request, "limits": vars(limits)}, path, limits) as pieces:
        return list(pieces)


@on_linux
def test_behind_the_locks_the_reader_has_its_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = """
import os, socket, sys
sys.path.insert(0, sys.argv[1])
from geodata.files import child
from geodata.files.held import Held
from gridsvc.imports import report_child
inside = child.enter()
def attempt(call):
    try:
        return str(call())
    except OSError as error:
        return type(error).__name__
calls = [lambda: open("/etc/passwd").read(), lambda: open("/proc/self/fd/0").read(), lambda: os.listdir("/"), socket.socket, os.fork]
tried = [*inside.guards, os.environ.get("HOME", "no home"), *map(attempt, calls), attempt(lambda: os.write(0, b"x"))]
os.write(inside.answer_to, ("|".join([*tried, Held(0).open("rb").read().decode()])).encode())
os._exit(0)
"""
    monkeypatch.setattr(sandbox, "_START", tries)
    path = tmp_path / "mine.csv"
    path.write_text("own")
    path.chmod(0o600)
    told = b"".join(ask(path)).decode().split("|")
    assert "rlimits" in told
    assert told[-1] == "own"
    assert told[-2] == "OSError"  # it is open for reading alone
    assert path.read_text() == "own"
    assert "no home" in told
    if "seccomp" in told and any(guard.startswith("landlock") for guard in told):
        assert told[-7:-2] == ["PermissionError"] * 5, told


@pytest.mark.parametrize(
    ("program", "limits", "code"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", Limits(), "reader_died"),
        ("import os, sys; os.write(1, b'gridrow1'); sys.exit(3)", Limits(), "reader_died"),
        ("import time; time.sleep(60)", Limits(wall_s=0.3), "reading_takes_too_long"),
        ("import os, time; os.close(1); time.sleep(60)", Limits(wall_s=0.3), "reading_takes_too_long"),
        (
            "import os, time; os.write(1, b'gridrow1H' + bytes((0, 0, 16, 0)))\n"
            "for _ in range(600): os.write(1, b'x'); time.sleep(0.1)",
            Limits(wall_s=1),
            "reading_takes_too_long",
        ),
        (
            "import os; os.write(1, b'gridrow1H' + bytes((0, 0, 255, 0)))\nwhile True: os.write(1, b'x' * 65536)",
            Limits(unpacked_bytes=2**20),
            "answer_too_large",
        ),
    ],
)
def test_a_reader_that_fails_is_ended_and_the_file_is_named(
    db: Connection, rule: Rule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, limits: Limits, code: str
) -> None:
    started: list[subprocess.Popen[bytes]] = []
    start = sandbox._started
    monkeypatch.setattr(sandbox, "_START", program)
    monkeypatch.setattr(sandbox, "_started", lambda *args: started.append(start(*args)) or started[-1])
    monkeypatch.setattr(streams, "LIMITS", limits)
    monkeypatch.setattr(asking, "_PATIENCE_S", limits.wall_s)
    source = of_table(table(tmp_path / "mine.csv"), Fields(), "wgs84")
    words: dict[str, object] = {"date_order": "ymd", "categories": {}}
    assert refused(lambda: asking.fill(db, ("import_row", COLUMNS), source, "x", words, Refusals(), quiet)) == (
        code,
        "mine.csv",
    )
    assert started[0].poll() is not None


def test_ctrl_c_ends_the_reader(db: Connection, rule: Rule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(db, rule)
    started: list[subprocess.Popen[bytes]] = []
    start = sandbox._started
    monkeypatch.setattr(sandbox, "_started", lambda *args: started.append(start(*args)) or started[-1])
    monkeypatch.setattr(streams, "SLICE_ROWS", 1)
    path = table(tmp_path / "r.csv", *[row(f"A{i}", description="x" * 500) for i in range(2_000)])
    source: Source = of_table(path, Fields(), "wgs84")

    def interrupt(key: str, done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    words: dict[str, object] = {"date_order": "ymd", "categories": {}}
    db.execute(text("CREATE TEMP TABLE import_row (LIKE report) ON COMMIT DROP"))
    monkeypatch.setattr(asking, "copying", nowhere)
    with pytest.raises(KeyboardInterrupt):
        asking.fill(db, ("import_row", COLUMNS), source, "gridsvc.imports.report_child", words, Refusals(), interrupt)
    assert started[0].returncode == -9  # its pipe was full: it had not come to its end
    with pytest.raises(ProcessLookupError):
        os.kill(started[0].pid, 0)


@contextmanager
def nowhere(*_: object) -> Iterator[Any]:
    """In the place of a COPY."""

    class Into:
        n_rows = 0

        @staticmethod
        def write(rows: bytes) -> None:
            """Forgets them."""

    yield Into()
