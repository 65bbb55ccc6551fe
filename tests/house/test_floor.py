"""The worker's app and the resident's page, with what they load, keep to the stated browser floor, nothing later."""

from __future__ import annotations

import re

import pytest

from gridsvc.web import field_files
from gridsvc.web.templating import STATIC, environment
from maps import assets
from tests.conftest import ROOT

FLOOR = ("Chromium 86", "Safari 14")
STATED = ("README.md", "README.zh-CN.md", "docs/operating.md")
# word -> since when, where Chromium 86 or Safari 14 lacks it
SCRIPT = {
    r"\?\?=|\|\|=|&&=": "logical assignment: Safari 14 has it, Chromium 86 does, but WeChat's X5 of that age does not",
    r"\.at\(\s*-": "Array.at: Chromium 92, Safari 15.4",
    r"\bstructuredClone\b": "Chromium 98, Safari 15.4",
    r"\bObject\.(hasOwn|groupBy)\b": "Chromium 93, Safari 15.4",
    r"\.replaceAll\(\s*/": "replaceAll over an expression",
    r"\.(findLast|findLastIndex|toSorted|toReversed|toSpliced)\(": "Chromium 97 and later",
    r"(?<![\w$\"'`/&#])#[a-z_]\w*\s*[(=;]": "private members: Safari 14.1 and 15",
    r"\bstatic\s*(#|\{)": "static blocks: Chromium 94",
    r"^await\s|^(?:const|let)[^=(]+=\s*await\s": "top-level await: Chromium 89, Safari 15",
    r"\bPromise\.any\b|\bAggregateError\b|\bWeakRef\b": "Chromium 85, Safari 14, not sure of all web views",
    r"\bAbortSignal\.(timeout|any)\b": "Chromium 103, Safari 16",
    r"\bBroadcastChannel\b": "Safari 15.4",
    r"<dialog|\.showModal\(|createElement\(\s*[\"']dialog|el\(\s*[\"']dialog": "dialog: Safari 15.4",
    r"\bOffscreenCanvas\b|\bcreateImageBitmap\b": "Safari 17, 15",
    r"(?<!source\.)\brandomUUID\(": "randomUUID without the fallback of store.js: Chromium 92, Safari 15.4",
    r"\bimport\.meta\b.*\bresolve\b|\bimportmap\b": "Chromium 89, Safari 16.4",
    r"/[^/\n]+/[gimsuy]*[dv][gimsuy]*\.(test|exec)\(|\(\?<[=!]": "flags d and v, lookbehind: Safari 16.4",
    r"\bperformance\.timeOrigin\b(?!\s*\|\|)": "Safari 15: with a fallback beside it only",
    r"\.checkVisibility\(|\.scrollend\b|\bnavigation\.": "Chromium 105 and later",
    r"\binnerHTML\b|\bouterHTML\b|\binsertAdjacentHTML\b|\bdocument\.write\b|\beval\(|new Function\(": "reads text as markup",
}
# gap between boxes in a row is not among them: where Safari 14.0 lacks it they stand closer, and nothing else
STYLE = {
    r":has\(": "Chromium 105, Safari 15.4",
    r"@container|container-type": "Chromium 105, Safari 16",
    r"@layer\b": "Chromium 99, Safari 15.4",
    r"(?<![-\w])inset\s*:": "Chromium 87, Safari 14.1",
    r"(?<![-\w])inset-(inline|block)": "Chromium 87, Safari 14.1",
    r"^\s*&|[;{]\s*&": "nesting: Chromium 112, Safari 16.5",
    r"aspect-ratio\s*:(?!.*height)": "Chromium 88, Safari 15: only with a height beside it",
    r"\d(dvh|svh|lvh|cqw)\b": "Chromium 108, Safari 15.4",
    r":is\(|:where\(|:not\([^()]*,": "Chromium 88, Safari 14",
    r":focus-visible[^{}]*,[^{}]*\{|,[^{}]*:focus-visible[^{}]*\{": "Safari 15.4: a list with it is dropped whole",
    r"\b(oklch|oklab|color-mix|lch|lab)\(": "Chromium 111, Safari 15 to 16.2",
    r"(?<![-\w])(translate|rotate|scale)\s*:": "separate transforms: Chromium 104, Safari 14.1",
}
OWN = ("/static/app/field/", "/static/app/app.css", assets.OWN_ADDRESS)
COMMENTS = re.compile(r"/\*.*?\*/", re.S)
BESIDE = re.compile(r"([\w-]+):[^;{}]*vh;\s*\1:[^;{}]*dvh")  # who knows no dvh keeps the vh before it
# the resident's pages, from the form to how it gets on, and what all pages begin with
RESIDENT = ("base.html", "pin_map.html", "send.html", "sent.html", "joined.html", "progress.html", "own_link.html")
NAMED = re.compile(r"""asset\(["']([^"']+\.(?:js|css))["']\)""")
IMPORTED = re.compile(r"""\b(?:from|import)\s*\(?\s*["'](?:\./|/)([^"']+)["']""")


def broken(address: str, text: str) -> list[str]:
    """What a source says that the floor does not understand."""
    rules = STYLE if address.endswith(".css") else SCRIPT
    if address.endswith(".css"):
        bare = BESIDE.sub("", COMMENTS.sub("", text))
    else:
        bare = re.sub(r"(?m)^\s*(//|\*|/\*).*$", "", text)
    return [f"{address}: {why}" for pattern, why in rules.items() if re.search(pattern, bare, re.M)]


@pytest.mark.parametrize(
    "text",
    [
        "a ??= 1;", "x.at(-1);", "structuredClone(a)", "Object.hasOwn(a, b)", "s.replaceAll(/a/g, '')", "class A { #b = 1; }",
        "class A { static { go(); } }", "await go();", "const a = await go();", "crypto.randomUUID()", "el('dialog')",
        "list.findLast((a) => a)", "AbortSignal.timeout(5)", "box.innerHTML = x;", "/(?<=a)b/.test(s)",
        "const at = performance.timeOrigin + 1;", "class A { #b() { } }",
    ],
)  # fmt: skip
def test_the_rules_of_scripts_find_what_they_are_for(text: str) -> None:
    assert broken("x.js", text) != []


@pytest.mark.parametrize(
    "text",
    [
        "a:has(b) { }", "@container (min-width: 1px) { }", "a { inset: 0; }", "a { & b { } }", "a { aspect-ratio: 1; }",
        "a { height: 100dvh; }", "a { color: color-mix(in srgb, red, blue); }", "a:is(b, c) { }", "a:not(b, c) { }",
        "a:focus-visible, b:focus-within { color: red; width: 1px; }", "b,\na:focus-visible + c { color: red; }",
        "a { rotate: 45deg; }", "a { width: 1vh; height: 1dvh; }",
    ],
)  # fmt: skip
def test_the_rules_of_styles_find_what_they_are_for(text: str) -> None:
    assert broken("x.css", text) != []


def test_the_rules_of_styles_leave_what_is_understood() -> None:
    understood = "a { min-height: 100vh; min-height: 100dvh; box-shadow: inset 0 0 0 1px red, 0 0 1px red; }"
    assert broken("x.css", f"{understood} b:focus-visible {{ outline: 0; }} c, d {{ top: 0; }}") == []


def resident() -> dict[str, str]:
    """What the resident's pages load of ours, by address."""
    pages = environment().loader
    assert pages is not None
    found: dict[str, str] = {}
    named = [NAMED.findall(pages.get_source(environment(), one)[0]) for one in RESIDENT]
    waiting = [f"/static/app/{name}" for names in named for name in names]
    while waiting:
        address = waiting.pop()
        if address in found:
            continue
        own = address.startswith(assets.OWN_ADDRESS)
        path = (
            assets.STATIC / address.removeprefix(assets.OWN_ADDRESS) if own else STATIC / address[len("/static/app/") :]
        )
        found[address] = path.read_text("utf-8")
        folder = address.rpartition("/")[0]
        waiting += [
            f"/{one}" if one.startswith("static/") else f"{folder}/{one}" for one in IMPORTED.findall(found[address])
        ]
    return found


def test_the_residents_page_keeps_to_the_floor() -> None:
    files = resident()
    expected = {
        "send.js",
        "pin.js",
        "similar.js",
        "progress.js",
        "page.js",
        "keys.js",
        "app.css",
        "send.css",
        "ground.js",
    }
    assert {address.rpartition("/")[2] for address in files} >= expected
    assert [one for address, text in sorted(files.items()) for one in broken(address, text)] == []


@pytest.mark.parametrize("name", STATED)
def test_the_floor_is_stated(name: str) -> None:
    told = (ROOT / name).read_text("utf-8")
    assert [one for one in FLOOR if one not in told] == []


def test_the_app_keeps_to_the_floor() -> None:
    files = {address: body.decode() for address, body in field_files.files().items() if address.startswith(OWN)}
    files["/field.sw.js"] = field_files.worker().decode()
    assert len(files) > 15
    assert [one for address, text in sorted(files.items()) for one in broken(address, text)] == []
