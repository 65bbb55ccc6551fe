"""What a process that reads a long table says to its caller, bit by bit; checked, because a broken reader lies.

Layout: 8 bytes magic, then frames: one letter, 4 bytes length (little-endian), so many bytes. In this order: one HEAD;
any number of ROWS (what the database takes as it is) and TOLD (about the rows before it); one END. An ERROR may stand
in the place of any of them and is the last. All but ROWS are JSON objects.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from geodata.errors import FileRefused, GeodataError
from geodata.files.answer import told_error, untold_error

HEAD, ROWS, TOLD, END, _ERROR = b"H", b"R", b"T", b"E", b"X"
_MAGIC = b"gridrow1"
_FRAME = struct.Struct("<cI")
_MOST_ROWS_BYTES = 64 * 1024 * 1024
_MOST_JSON_BYTES = 16 * 1024 * 1024
# Which frame may follow which.
_NEXT = {b"": (HEAD,), HEAD: (ROWS, TOLD, END), ROWS: (ROWS, TOLD, END), TOLD: (ROWS, TOLD, END), END: ()}

Frame = tuple[bytes, bytes | dict[str, Any]]


def begin() -> bytes:
    """What stands before all frames."""
    return _MAGIC


def rows(content: bytes) -> Iterator[bytes]:
    """Frames of rows; a caller sees no borders between them."""
    for at in range(0, len(content), _MOST_ROWS_BYTES):
        part = content[at : at + _MOST_ROWS_BYTES]
        yield _FRAME.pack(ROWS, len(part))
        yield part


def told(kind: bytes, facts: Mapping[str, object]) -> bytes:
    """A frame of facts."""
    # Lone surrogates do not survive UTF-8; rows with one are refused, and what names them is escaped.
    text = json.dumps(facts, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return _FRAME.pack(kind, len(text)) + text


def error(found: GeodataError) -> bytes:
    """The frame of a refusal."""
    return told(_ERROR, {"error": told_error(found)})


def read(pieces: Iterable[bytes]) -> Iterator[Frame]:
    """The frames in some pieces of bytes, in their order; rows come in whatever pieces they arrive.

    Raises:
        FileRefused: the refusal that a frame tells; `answer_wrong` where the bytes are not what is described above.
        CrsError: likewise.
    """
    held = _Held(iter(pieces))
    last = b""
    try:
        if held.take(len(_MAGIC)) != _MAGIC:
            raise ValueError("no answer")
        while _NEXT[last]:
            kind, size = _FRAME.unpack(held.take(_FRAME.size))
            if kind == _ERROR:
                raise untold_error(_facts(held.take(_bounded(size, _MOST_JSON_BYTES)))["error"])
            if kind not in _NEXT[last]:
                raise ValueError("order")
            last = kind
            if kind == ROWS:
                for piece in held.pass_on(_bounded(size, _MOST_ROWS_BYTES)):
                    yield ROWS, piece
            else:
                yield kind, _facts(held.take(_bounded(size, _MOST_JSON_BYTES)))
        if not held.is_done():
            raise ValueError("more")
    except GeodataError:
        raise
    except (ValueError, TypeError, KeyError, RecursionError, struct.error) as error:
        raise FileRefused("answer_wrong", cause=type(error).__name__) from None


def _bounded(size: int, most: int) -> int:
    if size > most:
        raise ValueError("size")
    return size


def _facts(text: bytes) -> dict[str, Any]:
    facts = json.loads(text)
    if not isinstance(facts, dict):
        raise ValueError("facts")
    return facts


class _Held:
    """The bytes that have come and were not yet taken."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def take(self, n: int) -> bytes:
        """Exactly so many bytes."""
        return b"".join(self.pass_on(n))

    def pass_on(self, n: int) -> Iterator[bytes]:
        """Exactly so many bytes, as they come."""
        while n:
            piece = self._left or next(self._pieces, b"")
            if not piece:
                raise ValueError("end")
            self._left = piece[n:]
            piece = piece[:n]
            n -= len(piece)
            yield piece

    def is_done(self) -> bool:
        """Whether nothing more comes."""
        return not self._left and not next(self._pieces, b"")
