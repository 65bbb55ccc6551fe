"""The pages' templates: one environment, and the frame of facts that every page has.

Autoescape is always on and an unknown name is an error, so that a citizen's word can neither become markup nor
disappear.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from gridsvc.dossier import Entry
from gridsvc.grids import DOUBTFUL_BELOW
from gridsvc.i18n import LOCALES, Locale, catalogue, error_text, translate
from gridsvc.reports import SOURCE
from gridsvc.rules.roles import Actor, may
from gridsvc.web import deps, extras, security, services

HERE = Path(__file__).resolve().parent
STATIC = HERE / "static"
DASH = "—"


class Numbered(Protocol):
    """What names a report."""

    @property
    def source(self) -> str: ...
    @property
    def number(self) -> str: ...
    @property
    def repeat(self) -> int: ...


@dataclass(frozen=True)
class Frame:
    """What every page knows: its language, the nonce of its scripts, the reader, the address it was asked for.

    `csrf` makes the token of the page's forms when the first form asks for it: it may need a cookie.
    """

    lang: Locale
    nonce: str
    user: Actor
    csrf: Callable[[], str]
    path: str
    query: tuple[tuple[str, str], ...]
    zone: ZoneInfo
    now: datetime
    has_session: bool = False

    def here(self, **changes: object) -> str:
        """This page's address with some parameters changed; None takes one away."""
        kept = [(name, value) for name, value in self.query if name not in changes]
        kept += [(name, str(value)) for name, value in changes.items() if value is not None]
        return quote(self.path, safe="/-._~") + (f"?{urlencode(kept)}" if kept else "")

    def asks(self, name: str) -> bool:
        """Whether the address has this parameter."""
        return any(known == name for known, _ in self.query)

    def says(self, code: str, /, **facts: object) -> str:
        """An error's sentence in the page's language."""
        return error_text(code, self.lang, **facts)

    def words(self, key: str, /, **facts: object) -> str:
        """A text of the catalogue in the page's language."""
        return translate(key, self.lang, **facts)

    def label(self, kind: str, code: str | None) -> str:
        """What people call a code of some kind (state, method, reason…); the code itself where nobody does."""
        key = f"pages.{kind}.{code}"
        return translate(key, self.lang) if key in catalogue(self.lang) else code or DASH

    def minute(self, at: datetime | None, *, day_only: bool = False) -> str:
        """2026-11-21 14:05 in the zone of the settings; the day alone where no more is known."""
        if at is None:
            return DASH
        return at.astimezone(self.zone).strftime("%Y-%m-%d" if day_only else "%Y-%m-%d %H:%M")

    def lasted(self, span: timedelta) -> str:
        """A duration in words, by its largest unit and, below three of it, the next."""
        return lasted(span, self.lang)

    def lasted_s(self, seconds: float) -> str:
        """The same for a wait of so many seconds, in whole minutes and never too short."""
        return self.lasted(timedelta(minutes=math.ceil(seconds / 60)))

    def minute_after(self, seconds: float) -> str:
        """The minute that begins after so many seconds from now."""
        return self.minute(self.now + timedelta(seconds=seconds + 59))

    def metres(self, distance_m: float) -> str:
        """A distance: whole metres, below ten of them one decimal."""
        return f"{distance_m:.1f} m" if 0 < distance_m < 10 else f"{distance_m:,.0f} m"

    def doubtful(self, confidence: float | None) -> bool:
        """Whether a person should look at a position of this confidence."""
        return confidence is not None and confidence < DOUBTFUL_BELOW

    def happened(self, entry: Entry) -> str:
        """A log row in words."""
        facts = {name: DASH if value is None else value for name, value in (entry.facts or {}).items()}
        key = f"pages.action.{entry.action}"
        return translate(key, self.lang, **facts) if key in catalogue(self.lang) else entry.action


def report_path(row: Numbered, below: str = "") -> str:
    """The address of a report's page, or of something below it ("/act", "/slip")."""
    named = {} if row.source == SOURCE else {"source": row.source}
    if row.repeat:
        named["repeat"] = str(row.repeat)
    return f"/reports/{quote(row.number, safe='')}{below}" + (f"?{urlencode(named)}" if named else "")


def frame_of(request: Request) -> Frame:
    """The frame of a request's page; a language that the address asks for is remembered."""
    lang = deps.locale_of(request)
    if request.query_params.get("lang") == lang:
        security.set_language(request, lang)
    held, mine = extras.of(request), services.of(request)
    return Frame(
        lang=lang,
        nonce=held.nonce,
        user=held.actor,
        csrf=lambda: security.csrf_token(request),
        path="/" + str(request.scope["path"]).lstrip("/\\"),  # two slashes would name another host
        query=tuple(request.query_params.multi_items()),
        zone=mine.settings.zone,
        now=mine.clock(),
        has_session=security.session_cookie(request) in request.cookies,
    )


def lasted(span: timedelta, lang: Locale) -> str:
    """A duration in words.

    >>> lasted(timedelta(hours=26), "en"), lasted(timedelta(days=12, hours=5), "zh"), lasted(timedelta(0), "en")
    ('1 day 2 hours', '12 天', 'under a minute')
    """
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes == 0:
        return translate("pages.time.moment", lang)
    days, hours = divmod(minutes // 60, 24)
    units = [("day", days), ("hour", hours), ("minute", minutes % 60)]
    first = next(i for i, (_, n) in enumerate(units) if n)
    told = units[first : first + 2] if units[first][1] < 3 else units[first : first + 1]
    words = [translate(f"pages.time.{unit}_{'one' if n == 1 else 'many'}", lang, n=n) for unit, n in told if n]
    return " ".join(words)


def count(n: int | None) -> str:
    """A number with its thousands apart.

    >>> count(62245), count(None)
    ('62,245', '—')
    """
    return DASH if n is None else f"{n:,}"


def percent(share: float | None) -> str:
    """A share (0-1) as a percentage with one decimal.

    >>> percent(0.9784), percent(None)
    ('97.8 %', '—')
    """
    return DASH if share is None else f"{share * 100:.1f} %"


def rate(value: float | None) -> str:
    """A rate with as many decimals as the maps write.

    >>> rate(3.256), rate(12.34), rate(0.0), rate(None)
    ('3.26', '12.3', '0.0', '—')
    """
    if value is None:
        return DASH
    return f"{value:,.2f}" if 0 < value < 10 else f"{value:,.1f}"


@cache
def asset(name: str) -> str:
    """The address of one of our own files, which changes when the file does."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()
    return f"/static/app/{name}?v={digest[:12]}"


@cache
def environment() -> Environment:
    """The templates' environment."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Chinese in the words of scripts as it is: escaped it would be twice as long
    made.policies["json.dumps_kwargs"] = {"sort_keys": True, "ensure_ascii": False}
    made.filters |= {"count": count, "percent": percent, "rate": rate}
    made.globals |= {"asset": asset, "other_langs": LOCALES, "report_path": report_path}
    return made


def html(frame: Frame, template: str, facts: Mapping[str, Any]) -> str:
    """A page's text."""
    common = {
        "t": frame.words,
        "lang": frame.lang,
        "nonce": frame.nonce,
        "user": frame.user,
        "csrf_field": partial(_csrf_field, frame),
        "frame": frame,
        "may": partial(may, frame.user),
        "nav": None,
    }
    return environment().get_template(template).render(common | dict(facts))


def _csrf_field(frame: Frame) -> Markup:
    return Markup('<input type="hidden" name="{}" value="{}">').format(security.CSRF_FIELD, frame.csrf())


def page(frame: Frame, template: str, *, status: int = 200, **facts: Any) -> HTMLResponse:
    """A page as an answer that no cache keeps."""
    return HTMLResponse(html(frame, template, facts), status, {"Cache-Control": "no-store"})
