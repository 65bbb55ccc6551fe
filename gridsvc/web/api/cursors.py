"""Cursors of lists: where the next page begins, as a text to be given back as it is.

Nothing secret is in it and no right: the next page holds the reader's own rows whoever made the cursor. So its tag is a
plain digest, against slips and against other filters; it outlives a restart, and other processes know it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from gridsvc.errors import Refused
from gridsvc.listing import Filter, Place

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_TAG_BYTES = 12


def write(place: Place, wanted: Filter) -> str:
    """The cursor for what comes behind a row."""
    at, row_id = place
    return sealed([micros(at), row_id], wanted)


def read(cursor: str | None, wanted: Filter) -> Place | None:
    """The place a cursor stands for.

    Raises:
        Refused: it is no cursor, was changed, or belongs to other filters.
    """
    if cursor is None:
        return None
    at, row_id = opened(cursor, wanted)
    return moment(at), row_id


def sealed(place: list[Any], wanted: object) -> str:
    """A cursor: a sort value (a number, a text or null) and a row's id, for a list with these filters."""
    inside = json.dumps(place, ensure_ascii=False).encode()
    return _text(_tag(inside, wanted) + inside)


def opened(cursor: str, wanted: object) -> tuple[Any, int]:
    """The sort value and id that were sealed. Anybody can make a cursor, so the value may be anything JSON can say.

    Raises:
        Refused: it is no cursor, was changed, or belongs to other filters.
    """
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        tag, inside = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
        if tag != _tag(inside, wanted) or cursor != _text(raw):
            raise Refused("cursor_invalid")
        value, row_id = json.loads(inside)
    except (ValueError, TypeError, RecursionError):
        raise Refused("cursor_invalid") from None
    if type(row_id) is not int or not 0 <= row_id < 2**63:
        raise Refused("cursor_invalid")
    return value, row_id


def micros(at: datetime) -> int:
    """An instant as a cursor holds it."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def moment(value: object) -> datetime:
    """The instant that a cursor's value stands for.

    Raises:
        Refused: it stands for none.
    """
    if type(value) is not int:
        raise Refused("cursor_invalid")
    try:
        return _EPOCH + timedelta(microseconds=value)
    except OverflowError:
        raise Refused("cursor_invalid") from None


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _tag(inside: bytes, wanted: object) -> bytes:
    return hashlib.sha256(inside + repr(wanted).encode()).digest()[:_TAG_BYTES]
