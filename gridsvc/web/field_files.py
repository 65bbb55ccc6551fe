"""What the worker's app consists of: every file by address, so that a phone keeps all of them and none too many."""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import gridsvc
from gridsvc.i18n import LOCALES, Locale, catalogue
from gridsvc.web.templating import STATIC, environment
from maps import assets

SHELL = "/field"
APP = "/static/app/field/"
# what the first screen begins with; all that these import is named in the page: a slow phone asks for it at once
FIRST = ("app.js", "view_login.js")
WORKER = "worker.js"  # not a module of the page
PREFIX = "field."

_IMPORT = re.compile(r"""\b(?:from|import)\s*\(?\s*["'](\.[^"']+)["']""")
_STATIC = re.compile(r"""\bfrom\s*["'](\.[^"']+)["']""")
_NAMED = re.compile(r"""["'](/static/[^"'?#$\s]+\.(?:js|css|png|svg))["']""")


def shell() -> bytes:
    """The page: the same bytes for everybody."""
    facts = {"first": first(), "version": gridsvc.__version__}
    return environment().get_template("field.html").render(facts).encode()


def first() -> list[str]:
    """The addresses of the modules that the first screen needs: those of `FIRST` and whatever they import."""
    found: list[str] = []
    waiting = [APP + name for name in FIRST]
    while waiting:
        address = waiting.pop(0)
        if address in found:
            continue
        found.append(address)
        path = _path(address)
        if path.is_file():
            waiting += [_resolved(address, name) for name in _STATIC.findall(path.read_text(encoding="utf-8"))]
    return found


@cache
def words(locale: Locale) -> bytes:
    """The app's words by key, without the prefix that all have; the names of roles are those of the pages."""
    known = catalogue(locale).items()
    own = {key.removeprefix(PREFIX): text for key, text in known if key.startswith(PREFIX)}
    own |= {key.removeprefix("pages."): text for key, text in known if key.startswith("pages.role.")}
    return json.dumps(own, ensure_ascii=False, sort_keys=True).encode()


def words_address(locale: Locale) -> str:
    """Where the app fetches its words."""
    return f"/field/words.json?lang={locale}"


def manifest() -> bytes:
    """What a phone shows of the installed app; its names are in both languages, as the file is one for all."""
    made: dict[str, Any] = {
        "id": SHELL,
        "name": f"{_word('zh', 'app.title')} {_word('en', 'app.title')}",
        "short_name": _word("zh", "app.short"),
        "start_url": SHELL,
        "scope": SHELL,
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#073e70",
        "icons": [{"src": "/static/app/icon.svg", "type": "image/svg+xml", "sizes": "any", "purpose": "any"}],
    }
    return json.dumps(made, ensure_ascii=False).encode()


def _word(locale: Locale, key: str) -> str:
    return catalogue(locale).get(PREFIX + key, key)


def files() -> dict[str, bytes]:
    """Every file of the app by its address: the page, words, styles, modules, and whatever these import or name."""
    found = {SHELL: shell(), "/field.webmanifest": manifest()}
    found |= {words_address(locale): words(locale) for locale in LOCALES}
    for name in ("app.css", "icon.svg", "field/field.css"):
        found[f"/static/app/{name}"] = (STATIC / name).read_bytes()
    waiting = [APP + path.name for path in sorted((STATIC / "field").glob("*.js")) if path.name != WORKER]
    while waiting:
        address = waiting.pop()
        path = _path(address)
        if address in found or not path.is_file():
            continue
        found[address] = path.read_bytes()
        if address.endswith(".js"):
            text = found[address].decode()
            waiting += [_resolved(address, name) for name in _IMPORT.findall(text)]
            if not address.startswith(assets.VENDOR_ADDRESS):
                waiting += _NAMED.findall(text)
    return found


def worker() -> bytes:
    """The service worker's script; it differs as soon as any file of the app does."""
    listed = sorted((address, hashlib.sha256(body).hexdigest()) for address, body in files().items())
    source = (STATIC / "field" / WORKER).read_text(encoding="utf-8")
    version = hashlib.sha256(repr((listed, source)).encode()).hexdigest()[:16]
    head = f"const VERSION = {json.dumps(version)};\nconst FILES = {json.dumps(listed)};\n"
    return (head + source).encode()


def _resolved(address: str, name: str) -> str:
    parts = address.split("/")[:-1]
    for part in name.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _path(address: str) -> Path:
    for prefix, folder in (
        ("/static/app/", STATIC),
        (assets.OWN_ADDRESS, assets.STATIC),
        (assets.VENDOR_ADDRESS, assets.TOP / ".vendor"),
    ):
        if address.startswith(prefix):
            return folder / address.removeprefix(prefix)
    return Path("/nonexistent")
