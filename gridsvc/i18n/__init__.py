"""Words: one catalogue a language, keys with dots, `{facts}` in braces."""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal, get_args

Locale = Literal["zh", "en"]
LOCALES: tuple[Locale, ...] = get_args(Locale)
_FOLDER = Path(__file__).parent / "locale"


def _flatten(tree: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = str(value)
    return flat


@cache
def catalogue(locale: Locale) -> dict[str, str]:
    """All texts of a language by dotted key.

    Raises:
        ValueError: two files give the same key.
    """
    texts: dict[str, str] = {}
    for path in sorted((_FOLDER / locale).glob("*.toml")):
        with path.open("rb") as file:
            part = _flatten(tomllib.load(file))
        twice = texts.keys() & part.keys()
        if twice:
            raise ValueError(f"{path.name} repeats {sorted(twice)}")
        texts |= part
    return texts


class _Facts(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def translate(code: str, locale: Locale, /, **facts: object) -> str:
    """The sentence for a code; the code itself where the catalogue has none, so that nothing is hidden.

    >>> translate("no.such.key", "en")
    'no.such.key'
    """
    template = catalogue(locale).get(code)
    return code if template is None else string.Formatter().vformat(template, (), _Facts(facts))


# facts that are codes, one or several, and the part of the catalogue that has what people call them
_NAMED = {"step_not_allowed": {"state": "pages.state", "action": "pages.deed", "allowed": "pages.deed"}}


def _called(codes: object, part: str, locale: Locale) -> str:
    words = catalogue(locale)
    return ("、" if locale == "zh" else ", ").join(words.get(f"{part}.{one}", one) for one in str(codes).split(", "))


def field_text(kind: str, locale: Locale, /, **facts: object) -> str:
    """What is wrong with one field or setting, by the kind that pydantic or we gave the error.

    >>> field_text("less_than_equal", "en", le=65535)
    'Must be 65535 or less.'
    """
    key = f"field.{kind}"
    told = {
        name: int(value) if isinstance(value, float) and value.is_integer() else value for name, value in facts.items()
    }
    if "expected" in told:  # pydantic joins what is possible by commas and an English word
        told["expected"] = str(told["expected"]).replace("', '", "' / '").replace("' or '", "' / '")
    return translate(key if key in catalogue(locale) else "field.other", locale, **told)


def error_text(code: str, locale: Locale, /, **facts: object) -> str:
    """The sentence for an error code, with its facts behind it where the catalogue does not know the code.

    >>> error_text("step_not_allowed", "en", state="verified", action="verify_absent", allowed="note, made_up")
    'A report in state “verified” cannot take the step “It is not there”. Possible: Write a note, made_up.'
    """
    key, named = f"error.{code}", _NAMED.get(code, {})
    if key in catalogue(locale):
        told = {name: _called(value, named[name], locale) if name in named else value for name, value in facts.items()}
        return translate(key, locale, **told)
    return code + (": " + ", ".join(f"{k}={v}" for k, v in facts.items()) if facts else "")


def pick_locale(asked: str | None, cookie: str | None, accept: str | None, fallback: Locale) -> Locale:
    """The language of an answer: ?lang, then cookie, then Accept-Language, then the setting.

    >>> pick_locale(None, None, "en-GB,en;q=0.8,zh;q=0.5", "zh")
    'en'
    >>> pick_locale("fr", None, None, "zh")
    'zh'
    """
    for word in (asked, cookie):
        for locale in LOCALES:
            if word == locale:
                return locale
    ranked: list[tuple[float, int, Locale]] = []
    for index, part in enumerate((accept or "").split(",")):
        tag, _, rest = part.strip().partition(";")
        for locale in LOCALES:
            if tag.lower().split("-")[0] == locale:
                quality = rest.strip().removeprefix("q=") if rest else "1"
                ranked.append((-_number(quality), index, locale))
    return min(ranked)[2] if ranked else fallback


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
