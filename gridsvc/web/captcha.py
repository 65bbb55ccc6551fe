"""A hook for a captcha of the place's own: a command that asks and checks. None by default, and none is called.

`COMMAND ask LANG` prints one line of JSON, {"id": "…", "question": "…"}; `COMMAND check` gets a line {"id": "…",
"answer": "…"} on its standard input and ends with 0 where the answer is right, with 1 where it is wrong. Where the
command itself fails or takes longer than five seconds, reports are taken without: a broken guard must not silence a
district. Of those processes few run at once, as each holds up a request and its way to the database: who opens the form
while they do is asked after a moment, or when the report comes; an answer that finds no place is to come again.

The question stands in the form, so where there is one, who has no account reports with the form: over the API nothing
could tell whether it was asked.
"""

from __future__ import annotations

import json
import logging
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gridsvc.errors import Forbidden, TooMany
from gridsvc.settings import Settings
from gridsvc.web import schemas

LONGEST_S = 5.0
WRONG = 1
AT_ONCE = 2  # of each kind, so that opening many forms keeps no answer from being looked at
PATIENCE_S, RETRY_S = 1.0, 2
HELD: dict[int | str, dict[str, Any]] = {
    403: {"model": schemas.ErrorOut, "description": "`captcha_form`: without an account, by the form at /report only"}
}
_log = logging.getLogger(__name__)
ASKING, CHECKING = (threading.BoundedSemaphore(AT_ONCE) for _ in range(2))


@dataclass(frozen=True)
class Question:
    """What is asked, and what names it when the answer comes."""

    id: str
    text: str


def ask(command: Path, lang: str) -> Question | None:
    """A question; None where the command has none, or is asked for as many as it may be already."""
    if not ASKING.acquire(timeout=PATIENCE_S):
        return None
    try:
        done = _run(command, ("ask", lang), None)
    finally:
        ASKING.release()
    try:
        told = json.loads(done.stdout) if done is not None and done.returncode == 0 else {}
        return Question(str(told["id"])[:400], str(told["question"])[:500])
    except (ValueError, KeyError, TypeError):
        _log.warning("the captcha's command asks nothing")
        return None


def right(command: Path, question_id: str, answer: str) -> bool:
    """Whether the answer is not a wrong one.

    Raises:
        TooMany: `busy`: as many answers as may be are being looked at.
    """
    if not CHECKING.acquire(timeout=PATIENCE_S):
        raise TooMany("busy", retry_after_s=RETRY_S)
    try:
        done = _run(command, ("check",), json.dumps({"id": question_id, "answer": answer}))
    finally:
        CHECKING.release()
    if done is None or done.returncode not in (0, WRONG):
        _log.warning("the captcha's command cannot say whether an answer is right")
        return True
    return done.returncode == 0


def hold_to_form(settings: Settings) -> None:
    """Returns where nobody is asked a question, so that a report of somebody without an account may come past the form.

    Raises:
        Forbidden: `captcha_form`.
    """
    if settings.captcha_command is not None:
        raise Forbidden("captcha_form", form="/report")


def _run(command: Path, words: tuple[str, ...], said: str | None) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(  # noqa: S603 - the command of the settings, without a shell
            [str(command), *words], input=said or "", capture_output=True, text=True, timeout=LONGEST_S, check=False
        )
    except (OSError, subprocess.SubprocessError, UnicodeError):
        return None
