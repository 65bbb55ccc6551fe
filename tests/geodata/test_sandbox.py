"""The walls around the reading process: tried from inside, with hostile calls in place of a reader."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from geodata.errors import FileRefused
from geodata.files import answer, sandbox
from geodata.files.lockdown import NOBODY_ID
from geodata.layer import Limits
from geodata.read import read
from tests.geodata import making

ROOT = Path(__file__).resolve().parents[2]
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="these measures are Linux's own")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that nobody, whom root becomes, can walk to: pytest's own are closed."""
    with tempfile.TemporaryDirectory(dir=sandbox.place()) as name:
        yield Path(name)


def inside(folder: Path, body: str, memory_mb: int = 600, cpu_s: int = 20) -> str:
    """What a program prints that first locks itself in a folder and then does its worst."""
    (folder / "own.txt").write_text("own")
    if os.geteuid() == 0:
        for path in (folder, folder / "own.txt"):
            os.chown(path, NOBODY_ID, NOBODY_ID)
    head = f"""
        import ctypes, os, signal, socket, subprocess, sys, threading
        from pathlib import Path
        from geodata.files.lockdown import lock_down
        def attempt(what, call):
            try:
                print(what, "done", call())
            except (OSError, RuntimeError, MemoryError) as error:
                print(what, type(error).__name__)
        guards = lock_down(Path({str(folder)!r}), {memory_mb} * 2**20, {cpu_s})
        print("guards", *guards)
    """
    program = textwrap.dedent(head) + textwrap.dedent(body)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout + done.stderr + f"exit {done.returncode}"


@pytest.fixture(scope="module")
def guards(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """The measures in force on this machine, told by a real read."""
    path = making.as_csv(tmp_path_factory.mktemp("read") / "a.csv", [("lon", "lat"), (1, 2)])
    return read(path, crs="wgs84").guards


@on_linux
def test_all_measures_hold_on_a_kernel_that_has_them(guards: tuple[str, ...]) -> None:
    release = tuple(int(part) for part in os.uname().release.split(".")[:2])
    assert "rlimits" in guards
    assert ("uid" in guards) == (os.geteuid() == 0)
    if release >= (5, 19) and Path("/proc/sys/kernel/seccomp").exists():
        assert "seccomp" in guards
    if os.environ.get("CI") == "true":
        assert any(guard.startswith("landlock") for guard in guards)


@on_linux
def test_nothing_outside_the_folder_opens(folder: Path, guards: tuple[str, ...]) -> None:
    told = inside(
        folder,
        f"""
        attempt("own", lambda: Path({str(folder / "own.txt")!r}).read_text())
        attempt("write", lambda: Path({str(folder / "new.txt")!r}).write_text("x"))
        attempt("passwd", lambda: len(Path("/etc/passwd").read_bytes()))
        attempt("source", lambda: len(Path({str(ROOT / "pyproject.toml")!r}).read_bytes()))
        attempt("list", lambda: os.listdir("/"))
        attempt("environ", lambda: len(Path("/proc/1/environ").read_bytes()))
        attempt("remove", lambda: os.unlink({str(folder / "own.txt")!r}))
        """,
    )
    assert "own done own" in told
    if any(guard.startswith("landlock") for guard in guards):
        for what in ("write", "passwd", "source", "list", "environ", "remove"):
            assert f"{what} PermissionError" in told, told


@on_linux
def test_no_network_no_program_no_process_but_threads(folder: Path, guards: tuple[str, ...]) -> None:
    told = inside(
        folder,
        """
        attempt("socket", lambda: socket.socket())
        attempt("unix", lambda: socket.socket(socket.AF_UNIX))
        attempt("fork", os.fork)
        attempt("run", lambda: subprocess.run(["/bin/true"]))
        attempt("kill", lambda: os.kill(1, 0))
        attempt("exec", lambda: os.execv("/bin/true", ["true"]))
        ran = []
        thread = threading.Thread(target=lambda: ran.append(1))
        thread.start()
        thread.join()
        print("thread", ran)
        """,
    )
    assert "thread [1]" in told
    if "seccomp" in guards:
        for what in ("socket", "unix", "fork", "run", "kill", "exec"):
            assert f"{what} PermissionError" in told, told


@on_linux
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_becomes_nobody(folder: Path) -> None:
    told = inside(
        folder, 'print(os.getresuid(), os.getresgid(), os.getgroups()); attempt("root", lambda: os.setuid(0))'
    )
    assert f"({NOBODY_ID}, {NOBODY_ID}, {NOBODY_ID}) ({NOBODY_ID}, {NOBODY_ID}, {NOBODY_ID}) []" in told
    assert "root PermissionError" in told


def test_memory_and_time_are_bounded(folder: Path) -> None:
    assert "memory MemoryError" in inside(folder, 'attempt("memory", lambda: len(bytearray(2**31)))')
    told = inside(folder, "while True: pass", cpu_s=1)
    assert told.endswith("exit -24"), told


def test_a_reader_that_hangs_is_ended_and_nothing_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_START", "import time; time.sleep(60)")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = time.monotonic()
    with pytest.raises(FileRefused) as refused:
        sandbox.run({}, {"file": ROOT / "pyproject.toml"}, Limits(wall_s=0.5))
    assert refused.value.code == "reading_takes_too_long"
    assert time.monotonic() - before < 50  # it would sleep for 60
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "reader_died"),
        ("import sys; sys.exit(3)", "reader_died"),
        ("import sys; sys.stdout.write('junk')", "answer_wrong"),
        ("pass", "answer_wrong"),
        ("import sys; [sys.stdout.write('x' * 2**20) for _ in range(40)]", "answer_too_large"),
    ],
)
def test_a_broken_reader_is_a_refusal(monkeypatch: pytest.MonkeyPatch, program: str, code: str) -> None:
    monkeypatch.setattr(sandbox, "_START", program)
    with pytest.raises(FileRefused) as refused:
        read(ROOT / "pyproject.toml", limits=Limits(memory_bytes=20 * 2**20))
    assert refused.value.code == code
    assert refused.value.facts["file"] == "pyproject.toml"


def test_the_reader_gets_no_secret_and_no_original(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = tmp_path / "told"
    told.touch(mode=0o666)
    look = f"""
import os, sys
open({str(told)!r}, "w").write(repr((sorted(os.environ), sorted(os.listdir(".")), os.getcwd())))
"""
    monkeypatch.setenv("GRIDSVC_DATABASE_URL", "postgresql://secret")
    monkeypatch.setattr(sandbox, "_START", look)
    path = making.as_csv(tmp_path / "mine.csv", [("lon", "lat"), (1, 2)])
    with pytest.raises(FileRefused):
        read(path, crs="wgs84")
    environment, names, folder = eval(told.read_text())  # noqa: S307 - three lists that this test wrote itself
    assert set(environment) <= {
        "LANG",
        "PATH",
        "PROJ_NETWORK",
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
        "MALLOC_ARENA_MAX",
        "LC_CTYPE",
    }
    assert names == ["file", "proj", "request.json"]
    assert str(tmp_path) not in folder


def test_a_pipe_or_device_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    for path in (tmp_path / "pipe.csv", Path("/dev/zero")):
        with pytest.raises(FileRefused, match="not readable"):
            read(path)


def test_reads_run_side_by_side_from_threads(tmp_path: Path) -> None:
    path = making.as_csv(tmp_path / "a.csv", [("lon", "lat"), (1, 2)])
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(read(path, crs="wgs84").n_rows)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1, 1, 1]


def test_an_answer_is_checked_piece_by_piece(tmp_path: Path) -> None:
    path = making.as_csv(tmp_path / "a.csv", [("lon", "lat"), (1, 2)])
    good = answer.pack(making.inside(path, tmp_path, "reports", "wgs84"))
    assert answer.unpack(good).numbers.tolist() == [1]
    for broken in (good[:-1], good + b"x", b"", good[:20], b"X" + good[1:], good.replace(b"refused", b"refuses")):
        if broken == good:
            continue
        with pytest.raises(FileRefused, match="answer wrong"):
            answer.unpack(broken)
    for old, new in ((b'"n_kept": 1', b'"n_kept": 9'), (b'"n_kept": 1', b'"n_kept":-1'), (b'["1"]', b"[{ }]")):
        assert len(old) == len(new)
        assert old in good
        with pytest.raises(FileRefused, match="answer wrong"):
            answer.unpack(good.replace(old, new))
