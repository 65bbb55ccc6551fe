"""argparse in the reader's language: its headings, its usage line, what it says about a wrong command line."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable
from typing import Any, NoReturn

from gridsvc.i18n import Locale, translate

# What argparse says -> the key of our sentence; groups become its facts. What is not listed stays as argparse says it.
_SAYINGS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), key)
    for pattern, key in (
        (r"the following arguments are required: (?P<names>.+)", "cli.wrong.required"),
        (r"unrecognized arguments: (?P<names>.+)", "cli.wrong.unrecognized"),
        (r"argument (?P<name>[^:]+): invalid choice: (?P<found>.+?) \(choose from (?P<known>.+)\)", "cli.wrong.choice"),
        (r"argument (?P<name>[^:]+): expected .*argument.*", "cli.wrong.value_missing"),
        (r"argument (?P<name>[^:]+): invalid (?P<kind>\w+) value: (?P<found>.+)", "cli.wrong.value"),
        (r"argument (?P<name>[^:]+): not allowed with argument (?P<other>.+)", "cli.wrong.together"),
    )
)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str, locale: Locale = "en") -> None:
        super().__init__(prog, max_help_position=34, width=118)
        self._locale: Locale = locale

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[Any],
        prefix: str | None = None,
    ) -> None:
        # A prefix that is given (empty, for the usage inside another one's) stays.
        ours = translate("cli.usage", self._locale) + " " if prefix is None else prefix
        super().add_usage(usage, actions, groups, ours)


class Parser(argparse.ArgumentParser):
    """A parser whose headings, help and complaints are in one language; it knows no abbreviated options."""

    def __init__(self, *, locale: Locale = "en", **rest: Any) -> None:
        rest.setdefault("formatter_class", lambda prog: _Formatter(prog, locale))
        super().__init__(add_help=False, allow_abbrev=False, **rest)
        self.locale: Locale = locale
        self._positionals.title = translate("cli.positionals", locale)
        self._optionals.title = translate("cli.options", locale)
        self.add_argument("-h", "--help", action="help", help=translate("cli.help", locale))

    def error(self, message: str) -> NoReturn:
        """Ends with exit code 2, the usage and what is wrong on standard error."""
        self.print_usage(sys.stderr)
        self.exit(2, f"gridsvc: {saying(message, self.locale)}\n")


def saying(message: str, locale: Locale) -> str:
    """What argparse complains about, in our words.

    >>> saying("argument --port: expected one argument", "en")
    '--port needs a value.'
    """
    for pattern, key in _SAYINGS:
        found = pattern.fullmatch(message)
        if found:
            return translate(key, locale, **found.groupdict())
    return message
