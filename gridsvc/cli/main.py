"""`gridsvc`: reads the command line and hands it to the module of the command.

Only this module and the parser are loaded for `--help`; what is heavy is in the command's own module, loaded by name.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

from gridsvc.cli import parser
from gridsvc.i18n import Locale


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code of one command: 0 fine, 1 unexpected, 2 bad input, 3 not there, 4 conflict, 130 interrupted."""
    words = list(sys.argv[1:] if argv is None else argv)
    locale = pick_language(words, os.environ.get("GRIDSVC_LANG"))
    try:
        args = parser.build(locale).parse_args(words)
    except SystemExit as leaving:  # argparse has said everything; callers of main get a number, not an exception
        return int(leaving.code or 0)
    try:
        door = importlib.import_module("gridsvc.cli.door")
        return int(door.run(args, locale))
    except KeyboardInterrupt:  # before the door could take it: loading takes a second
        return 130


def pick_language(words: Sequence[str], setting: str | None) -> Locale:
    """The language of a command: --lang, else the setting, else Chinese; known before the command line is understood.

    >>> pick_language(["import", "--lang", "en"], "zh"), pick_language(["--lang=en"], None), pick_language([], "xx")
    ('en', 'en', 'zh')
    """
    asked = setting
    for place, word in enumerate(words):
        if word == "--lang" and place + 1 < len(words):
            asked = words[place + 1]
        elif word.startswith("--lang="):
            asked = word.partition("=")[2]
    return "en" if asked == "en" else "zh"
