"""Runs the examples of the documents: `python -m docs.make` writes their real output and the screenshots anew.

A fenced block of kind `console` holds commands after `$ ` and their output below. The tests run the same blocks and
compare. A line `…` in the output stands for lines that differ from run to run.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = {"README.md": "en", "README.zh-CN.md": "zh"}
ANY = "…"
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Example:
    """A command and the lines it prints, as the document says."""

    command: str
    output: tuple[str, ...]


def examples(text: str) -> list[list[Example]]:
    """The examples of each console block, in order."""
    return [list(_in_block(body)) for body in _BLOCK.findall(text)]


def _in_block(body: str) -> Iterator[Example]:
    command: str | None = None
    output: list[str] = []
    for line in body.splitlines():
        if line.startswith("$ "):
            if command is not None:
                yield Example(command, tuple(output))
            command, output = line[2:], []
        else:
            output.append(line)
    if command is not None:
        yield Example(command, tuple(output))


def links(text: str) -> list[str]:
    """The relative targets of a document's links and pictures.

    >>> links("[a](b.md) ![c](d/e.png) [f](https://example.org)")
    ['b.md', 'd/e.png']
    """
    return [t.split("#")[0] for t in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"[a-z]+:|#", t)]


def run(command: str, env: Mapping[str, str]) -> tuple[str, ...]:
    """What a command prints (standard output and error) in the checkout, right spaces cut."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    done = subprocess.run(  # noqa: S602 - the commands are those of our own documents
        command,
        shell=True,
        cwd=ROOT,
        env={**env, "PATH": path, "COLUMNS": "110"},
        text=True,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return tuple(line.rstrip() for line in done.stdout.splitlines())


def agrees(expected: tuple[str, ...], printed: tuple[str, ...]) -> bool:
    """Whether the printed lines are the expected ones, `…` standing for any lines.

    >>> agrees(("a", "…", "z"), ("a", "b", "c", "z")), agrees(("a",), ("b",)), agrees((), ())
    (True, False, True)
    """
    if not expected:
        return not printed
    if expected[0] == ANY:
        return any(agrees(expected[1:], printed[i:]) for i in range(len(printed) + 1))
    return bool(printed) and expected[0] == printed[0] and agrees(expected[1:], printed[1:])


def rewritten(text: str, env: Mapping[str, str]) -> str:
    """The document with the real output in each block; lines that `…` stands for stay hidden."""

    def one(match: re.Match[str]) -> str:
        lines: list[str] = []
        for example in _in_block(match.group(1)):
            printed = run(example.command, env)
            lines.append(f"$ {example.command}")
            lines.extend(example.output if ANY in example.output and agrees(example.output, printed) else printed)
        return "```console\n" + "\n".join(lines) + "\n```"

    return _BLOCK.sub(one, text)


SHOTS = {
    "hotspots": "/maps/hotspots",
    "significance": "/maps/hotspots#show=significance",
    "coverage": "/maps/coverage",
    "wall": "/wall",
    "worklist": "/worklist",
    "board": "{campaign}",
}


def shoot(address: str, logins: Path) -> None:
    """Writes the pictures of the pages, in both languages, of a demo that runs at `address`."""
    passwords = json.loads(logins.read_text("utf-8"))
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=options)
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        _log_in(page, address, "planner", passwords)
        page.goto(f"{address}/campaigns")
        campaign = page.get_attribute("#campaigns a", "href") or "/campaigns"
        _shoot(page, address, {name: path.format(campaign=campaign) for name, path in SHOTS.items()})
        phone = browser.new_page(viewport={"width": 390, "height": 720}, is_mobile=True, has_touch=True)
        _log_in(phone, address, "worker", passwords)
        phone.goto(f"{address}/my-day")
        door = (phone.get_attribute(".doors a", "href") or "/my-day").partition("?")[0]
        _shoot(phone, address, {"day": "/my-day", "visit": door})
        _shoot(browser.new_page(viewport={"width": 1366, "height": 768}), address, {"public": "/public"})
        for lang in DOCUMENTS.values():
            _shoot_app(browser, address, passwords, lang)
        browser.close()


def _shoot_app(browser: Browser, address: str, passwords: Mapping[str, str], lang: str) -> None:
    """The worker's app: the day, a door, and what a problem is."""
    page = browser.new_page(viewport={"width": 390, "height": 720}, is_mobile=True, has_touch=True, locale=lang)
    _log_in(page, address, "worker", passwords)
    page.goto(f"{address}/field")
    doors = page.locator("a[href^='#/visit/']")
    doors.first.wait_for()
    for name, path in {"": "", "-visit": doors.first.get_attribute("href"), "-report": "#/report"}.items():
        page.goto(f"{address}/field{path}")
        if name == "-report":  # the first step asks for a photo
            page.click(".thumb-bar .button")
        page.wait_for_timeout(1500)
        page.screenshot(path=ROOT / "docs" / "img" / f"field{name}-{lang}.png")
    page.close()


def _log_in(page: Page, address: str, login: str, passwords: Mapping[str, str]) -> None:
    page.goto(f"{address}/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", passwords[login])
    page.press("input[name=password]", "Enter")
    page.wait_for_load_state("networkidle")


def _shoot(page: Page, address: str, shots: Mapping[str, str]) -> None:
    for name, path in shots.items():
        for lang in DOCUMENTS.values():
            path_only, _, look = path.partition("#")
            page.goto("about:blank")  # two addresses that differ in their hash alone are one page
            page.goto(f"{address}{path_only}?lang={lang}" + (f"#{look}" if look else ""))
            if path == "/wall":  # its stream never rests
                page.wait_for_selector("#wall-board tbody tr[data-key]")
                page.wait_for_timeout(1000)
            else:
                page.wait_for_load_state("networkidle")
            page.screenshot(path=ROOT / "docs" / "img" / f"{name}-{lang}.png")


def main() -> None:
    """Writes the documents anew, each in a schema of its own (tests/conftest.py makes those of the tests)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("documents", nargs="*", default=list(DOCUMENTS))
    parser.add_argument(
        "--shots", metavar="ADDRESS", help="of a running demo: write the screenshots, not the documents"
    )
    parser.add_argument("--logins", type=Path, default=ROOT / ".gridsvc" / "demo-logins.json")
    given = parser.parse_args()
    if given.shots:
        shoot(given.shots, given.logins)
        return
    for name in given.documents:
        path = ROOT / name
        env = {**os.environ, "GRIDSVC_LANG": DOCUMENTS[name]}
        path.write_text(rewritten(path.read_text("utf-8"), env), "utf-8")


if __name__ == "__main__":
    main()
