"""What ./run does on machines that lack things, and what it leaves alone on machines that do not."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[2]
TOOLS = (
    "sh",
    "env",
    "cat",
    "cksum",
    "dirname",
    "sed",
    "sort",
    "tail",
    "grep",
    "ls",
    "id",
    "rm",
    "rmdir",
    "mktemp",
    "mkdir",
    "chmod",
)


class Machine:
    """A made-up machine: a checkout in a path with spaces, and a PATH on which only a few programs exist."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "a path, with $spaces"
        self.bin = folder / "bin"
        self.calls = folder / "calls"
        self.bin.mkdir()
        for name in ("run", "requirements/run.txt", "requirements/dev.txt", "package-lock.json", "maps/assets.json"):
            (self.checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(HERE / name, self.checkout / name)
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found, tool
            # a file of its own, never a link: a stand-in written over it must not reach the real program
            (self.bin / tool).write_text(f'#!/bin/sh\nexec {found} "$@"\n')
            (self.bin / tool).chmod(0o755)

    def program(self, name: str, body: str = "", folder: Path | None = None) -> Path:
        """A program that notes how it was called and then does `body`."""
        path = (folder or self.bin) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(f'#!/bin/sh\nprintf "%s" "{name}" >>"{self.calls}"\nprintf " [%s]" "$@" >>"{self.calls}"\n')
        with path.open("a") as file:
            file.write(f'echo >>"{self.calls}"\n{body}\n')
        path.chmod(0o755)
        return path

    def ready(self, profile: str = "run") -> None:
        """Everything was set up before, with the stamps that say so; Python is a stand-in."""
        self.program("python", 'case "$*" in *OLDEST_POSTGRESQL*) echo ok ;; esac', self.checkout / ".venv/bin")
        (self.checkout / f".venv/.gridsvc-{profile}").write_text(self.sum(f"requirements/{profile}.txt"))
        (self.checkout / ".vendor").mkdir()
        (self.checkout / ".vendor/.stamp").write_text(self.sum("package-lock.json", "maps/assets.json", here=False))

    def sum(self, *names: str, here: bool = True) -> str:
        raw = b"".join((self.checkout / name).read_bytes() for name in names)
        total = subprocess.run(["cksum"], input=raw, capture_output=True, check=True).stdout.decode().strip()
        return f"{total} {self.checkout}\n" if here else f"{total}\n"

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.checkout / "run", *arguments],
            env={"PATH": str(self.bin), "HOME": str(self.checkout), **environment},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def called(self, name: str) -> list[str]:
        lines = self.calls.read_text().splitlines() if self.calls.exists() else []
        return [line for line in lines if line.startswith(name + " ")]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_unknown_words_show_the_usage(machine: Machine) -> None:
    done = machine.run("dmeo")
    assert done.returncode == 2
    assert "./run demo" in done.stderr
    assert machine.run().returncode == 0


@pytest.mark.parametrize(
    ("manager", "words"),
    [
        ("dnf", "dnf install python3 postgresql-server postgis nodejs npm"),
        ("apk", "apk add python3"),
        ("pacman", "pacman -S python postgresql postgis"),
        ("brew", "brew install python@"),
        ("none", "PostgreSQL >= 15, PostGIS >= 3.3, Python >= 3.11"),
    ],
)
def test_other_systems_are_told_what_to_install(machine: Machine, manager: str, words: str) -> None:
    machine.program(manager, "exit 1")
    done = machine.run("demo", GRIDSVC_LANG="en")
    assert done.returncode == 3
    assert words in done.stderr
    assert "As an administrator" in done.stderr
    assert "请以管理员身份执行" in machine.run("demo", GRIDSVC_LANG="zh").stderr
    assert not machine.called(manager)
    assert not (machine.checkout / ".venv").exists()


def test_debian_installs_through_apt_and_gives_up_when_that_changes_nothing(machine: Machine) -> None:
    machine.program("apt-get")
    machine.program("apt-cache", 'case "$2" in python3) echo "  Candidate: 3.11.2-1" ;; esac')
    machine.program("sudo", '[ "$1" = -n ] && exit 0\ncase "$*" in *apt-get*) exec "$@" ;; esac')
    machine.program("sh")  # as root the drop-in below /etc is written by `sh -c`: only noted here
    machine.program("rm")
    machine.program("rmdir")
    done = machine.run("demo", GRIDSVC_LANG="en")
    assert done.returncode == 3
    installs = [line for line in machine.called("apt-get") if "[install]" in line]
    assert len(installs) == 2
    assert "[python3] [python3-venv]" in installs[0]
    assert installs[0].endswith("[nodejs] [npm]")  # all that is missing in one go, so that a person types it once
    assert any("create_main_cluster = false" in line for line in [*machine.called("sh"), *machine.called("sudo")])
    assert "Missing on this machine" in done.stderr


def test_tests_need_a_browser_and_git_but_the_demo_does_not(machine: Machine) -> None:
    machine.ready("dev")
    machine.program("apt-get")
    machine.program("apt-cache")
    machine.program("sudo", '[ "$1" = -n ] && exit 0\ncase "$*" in *apt-get*) exec "$@" ;; esac')
    assert machine.run("demo").returncode == 0
    assert not machine.called("apt-get")
    for name in ("sh", "rm", "rmdir"):  # as root the drop-in below /etc is written by these: only noted here
        machine.program(name)
    done = machine.run("test", GRIDSVC_LANG="en")
    assert done.returncode == 3  # apt-get was a stand-in: still missing
    install = next(line for line in machine.called("apt-get") if "[install]" in line)
    assert "[chromium]" in install
    assert "[git]" in install
    for package, name in (("libnss3-tools", "certutil"), ("iproute2", "ip")):  # a test of https needs them
        assert f"[{package}]" in install
        machine.program(name)
    machine.program("chromium")
    machine.program("fc-list", "echo Noto")
    machine.program("git")
    assert machine.run("test").returncode == 0


def test_what_is_ready_is_left_alone_and_arguments_arrive_whole(machine: Machine) -> None:
    machine.ready()
    done = machine.run("gridsvc", "import", "grids", "my file.geojson", "--name-field", "")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert machine.called("python")[-1] == "python [-m] [gridsvc] [import] [grids] [my file.geojson] [--name-field] []"
    assert not [line for line in machine.called("python") if "[pip]" in line]


def test_what_tests_need_also_serves(machine: Machine) -> None:
    machine.ready("dev")
    assert machine.run("demo", "--port", "8001").returncode == 0
    assert machine.called("python")[-1] == "python [-m] [gridsvc] [demo] [--port] [8001]"


def test_changed_lock_is_installed_with_hashes_and_stamped_last(machine: Machine) -> None:
    machine.ready()
    with (machine.checkout / "requirements/run.txt").open("a") as lock:
        lock.write("# changed\n")
    site = machine.checkout / ".venv/site"
    site.mkdir()
    fails = machine.checkout / "no network"
    fails.touch()
    machine.program(
        "python",
        f'''case "$*" in
        *OLDEST_POSTGRESQL*) echo ok ;;
        *purelib*) echo "{str(site).replace("$", chr(92) + "$")}" ;;
        *install*) [ ! -e "{str(fails).replace("$", chr(92) + "$")}" ] ;;
        esac''',
        machine.checkout / ".venv/bin",
    )
    machine.program("python3", f'exec "{str(machine.checkout).replace("$", chr(92) + "$")}/.venv/bin/python" "$@"')
    stamp = machine.checkout / ".venv/.gridsvc-run"
    failed = machine.run("gridsvc", "--help", GRIDSVC_LANG="en")
    assert failed.returncode == 3
    assert "Run the same command again" in failed.stderr.splitlines()[-1]
    assert not stamp.exists()
    assert (machine.checkout / ".venv/.unfinished").exists()

    (machine.checkout / ".venv/.unfinished").unlink()
    fails.unlink()
    assert machine.run("gridsvc", "--help").returncode == 0
    pip = [line for line in machine.called("python") if "[--require-hashes]" in line]
    assert len(pip) == 2
    assert stamp.read_text() == machine.sum("requirements/run.txt")
    assert (site / "gridsvc-checkout.pth").read_text() == f"{machine.checkout}\n"
    assert not (machine.checkout / ".venv/.unfinished").exists()


def test_the_stand_in_command_finds_its_python(machine: Machine) -> None:
    """`.venv/bin/gridsvc` works from any folder, in a path with spaces."""
    folder = machine.checkout / ".venv/bin"
    machine.program("python", "", folder)
    script = next(line for line in (HERE / "run").read_text().splitlines() if "printf '#!/bin/sh" in line)
    (folder / "gridsvc").write_bytes(
        subprocess.run(["sh", "-c", script.partition(">")[0]], capture_output=True, check=True).stdout
    )
    (folder / "gridsvc").chmod(0o755)
    subprocess.run([folder / "gridsvc", "a b"], cwd="/", check=True, env={"PATH": os.environ["PATH"]})
    assert machine.called("python")[-1] == "python [-m] [gridsvc] [a b]"
