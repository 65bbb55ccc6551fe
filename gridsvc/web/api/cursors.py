"""Cursors of lists: where the next page begins, as a text to be given back as it is.

Nothing secret is in it and no right: the next page holds the reader's own rows whoever made the cursor. So its tag is a
plain digest, against slips and against other filters; it outlives a restart, and other processes know it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta

from gridsvc.errors import Refused
from gridsvc.listing import Filter, Place

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_TAG_BYTES = 12


def write(place: Place, wanted: Filter) -> str:
    """The cursor for what comes behind a row."""
    at, row_id = place
    inside = json.dumps([(at - _EPOCH) // timedelta(microseconds=1), row_id]).encode()
    return _text(_tag(inside, wanted) + inside)


def read(cursor: str | None, wanted: Filter) -> Place | None:
    """The place a cursor stands for.

    Raises:
        Refused: it is no cursor, was changed, or belongs to other filters.
    """
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        tag, inside = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
        if tag != _tag(inside, wanted) or cursor != _text(raw):
            raise Refused("cursor_invalid")
        micros, row_id = json.loads(inside)
        if type(micros) is not int or type(row_id) is not int or not 0 <= row_id < 2**63:
            raise Refused("cursor_invalid")
        return _EPOCH + timedelta(microseconds=micros), row_id
    except (ValueError, TypeError, OverflowError):
        raise Refused("cursor_invalid") from None


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _tag(inside: bytes, wanted: Filter) -> bytes:
    return hashlib.sha256(inside + repr(wanted).encode()).digest()[:_TAG_BYTES]
