"""What every command stands on: settings, language, database, clock, and what becomes of an error."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import re
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import gettempdir
from typing import NoReturn

from pydantic import ValidationError
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError

from geodata.errors import GeodataError
from gridsvc import staff_log
from gridsvc.db import embedded
from gridsvc.db.engine import database, make_engine, unlimited
from gridsvc.db.revisions import revisions
from gridsvc.errors import Conflict, GridsvcError, NotFound, TooMany, Unavailable
from gridsvc.grids import Rule
from gridsvc.i18n import Locale, error_text, field_text, translate
from gridsvc.rules.roles import SYSTEM
from gridsvc.settings import Settings

FINE, UNEXPECTED, WRONG, ABSENT, CONFLICT, INTERRUPTED = 0, 1, 2, 3, 4, 130
# Server states that mean "somebody else is at it": lock_not_available, deadlock_detected, serialization_failure, and
# unique_violation, which our own checks leave only to two writers of the same thing at once.
_BUSY_STATES = frozenset({"55P03", "40P01", "40001", "23505"})
# Control characters but the end of a line and the tab, and what turns the direction of what follows: names of columns
# and of files may hold them.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_LOG_NAME = "gridsvc-errors.log"


@dataclass(frozen=True)
class Door:
    """One call of a command: its settings, its language, and the instant that counts as now."""

    settings: Settings
    locale: Locale
    json: bool
    now: datetime

    @property
    def rule(self) -> Rule:
        """The rule of placement that the settings give."""
        return Rule(self.settings.nearest_max_m, self.settings.timezone)

    def word(self, key: str, /, **facts: object) -> str:
        """The sentence for a key of the catalogue."""
        return translate(key, self.locale, **facts)

    def error(self, code: str, /, **facts: object) -> str:
        """The sentence for an error code."""
        return error_text(code, self.locale, **facts)

    def say(self, text: str) -> None:
        """Writes words for a person: to standard output, or to standard error where that belongs to JSON."""
        # at once into a pipe too: who reads it waits for the address, or for a sign of life
        print(_writable(text), file=sys.stderr if self.json else sys.stdout, flush=True)

    def warn(self, text: str) -> None:
        """Writes words for a person to standard error."""
        print(_writable(text), file=sys.stderr)  # noqa: T201 - this is the command line

    def tell(self, answer: object) -> None:
        """Writes the answer of `--json`, the only thing on standard output then."""
        print(_as_json(answer))  # noqa: T201 - this is the command line

    @contextmanager
    def owner(self) -> Iterator[Connection]:
        """A connection of the owning role, its transaction open; who uses it commits or rolls back.

        Raises:
            Unavailable: there is no database, or its schema is not the one that this code knows.
        """
        if self.settings.database_url is None and embedded.status(self.settings.data_dir).state == "absent":
            raise Unavailable("database_absent", folder=str(self.settings.data_dir))
        schema = self.settings.db_schema
        with database(self.settings) as (_, owner_url):
            engine = make_engine(owner_url, schema)
            try:
                with engine.connect() as connection, connection.begin() as work:
                    found = revisions(connection, schema)
                    if not found.up_to_date:
                        code = "schema_absent" if found.current is None else "schema_old"
                        raise Unavailable(code, schema=schema)
                    unlimited(connection)
                    staff_log.begin(connection, SYSTEM, self.now)
                    yield connection
                    if work.is_active:
                        work.rollback()
            finally:
                engine.dispose()


def run(args: argparse.Namespace, locale: Locale) -> int:
    """The exit code of a command whose module is `args.module`; every error ends here, as words and a code."""
    as_json = bool(args.__dict__.get("json"))
    if threading.current_thread() is threading.main_thread():
        for ending in (signal.SIGTERM, signal.SIGHUP):  # so that what a command started is stopped, whoever ends it
            signal.signal(ending, _leave)
    try:
        settings = Settings()
    except ValidationError as error:
        return _refused(locale, as_json, WRONG, "setting_wrong", {"settings": wrong_settings(error, locale)})
    try:
        door = Door(settings, locale, as_json, datetime.now(UTC))
        command = importlib.import_module(args.apart.get(args.deed, args.module) if "apart" in args else args.module)
        return int(command.run(door, args))
    except KeyboardInterrupt:
        print(translate("cli.interrupted", locale), file=sys.stderr)  # noqa: T201 - this is the command line
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has left; Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNEXPECTED
    except (GeodataError, GridsvcError) as error:
        return _refused(locale, as_json, code_of(error), error.code, error.facts)
    except Exception as error:
        if os.environ.get("GRIDSVC_DEBUG") == "1":
            raise
        return _surprised(settings, locale, as_json, error)


def _writable(text: str) -> str:
    """A text without the bytes of a file's name that are none, and without signs that steer a terminal: told as ?."""
    return _STEERING.sub("?", text.encode("utf-8", "replace").decode())


def _as_json(answer: object) -> str:
    text = json.dumps(answer, ensure_ascii=False, indent=2, default=str)
    return _writable(_STEERING.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text))


def _leave(ending: int, _: object) -> NoReturn:
    raise SystemExit(128 + ending)


def code_of(error: Exception) -> int:
    """The exit code of an error of ours.

    >>> code_of(NotFound("no_draft")), code_of(GridsvcError("x")), code_of(Conflict("x"))
    (3, 2, 4)
    """
    if isinstance(error, (NotFound, Unavailable)):
        return ABSENT
    if isinstance(error, (Conflict, TooMany)):
        return CONFLICT
    return WRONG


def wrong_settings(error: ValidationError, locale: Locale) -> str:
    """The settings that cannot be so, by their names in the environment, each with what is wrong, as sentences."""
    told = []
    for one in error.errors():
        name = str(one["loc"][0]) if one["loc"] else "?"
        name = name if name.startswith("GRIDSVC_") else f"GRIDSVC_{name.upper()}"
        told.append(f"{name}: {field_text(one['type'], locale, **one.get('ctx', {}))}")
    return " ".join(told)


def _refused(locale: Locale, as_json: bool, status: int, code: str, facts: dict[str, object]) -> int:
    message = error_text(code, locale, **facts)
    file = str(facts.get("file", ""))
    if file not in message:
        message = f"{file}: {message}"
    if as_json:
        answer = {"error": {"code": code, "message": message, "detail": facts}}
        print(_as_json(answer))  # noqa: T201 - this is the command line
    print(_writable(f"gridsvc: {message}"), file=sys.stderr)  # noqa: T201 - this is the command line
    return status


def _surprised(settings: Settings, locale: Locale, as_json: bool, error: Exception) -> int:
    """What a database that is away or busy says in our words; of anything else one line, the details in a log."""
    if isinstance(error, DBAPIError):
        state = str(getattr(error.orig, "sqlstate", None) or "")
        if state in _BUSY_STATES:
            return _refused(locale, as_json, CONFLICT, "database_busy", {})
        if isinstance(error, OperationalError) and (not state or state[:2] in ("08", "57", "28", "3D")):
            cause = str(error.orig).strip().splitlines() or [""]
            return _refused(locale, as_json, ABSENT, "database_unreachable", {"cause": cause[0]})
    if isinstance(error, OSError) and error.filename is not None:
        facts: dict[str, object] = {"file": str(error.filename), "cause": error.strerror or str(error)}
        return _refused(locale, as_json, WRONG, "file_not_usable", facts)
    facts = {"what": type(error).__name__, "log": _log(settings.data_dir)}
    return _refused(locale, as_json, UNEXPECTED, "unexpected", facts)


def _log(folder: Path) -> str:
    """Where the traceback was written; the folder of temporary files where the data folder does not take it."""
    text = f"\n{datetime.now(UTC).isoformat()} {' '.join(sys.argv[:1])}\n{traceback.format_exc()}"
    for place in (folder, Path(gettempdir())):
        try:
            with (place / _LOG_NAME).open("a", encoding="utf-8") as log:
                log.write(text)
        except OSError:
            continue
        return str(place / _LOG_NAME)
    return "-"
