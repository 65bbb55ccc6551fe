"""Answers as bytes: JSON that may be asked for again by its ETag, and packed where the reader unpacks."""

from __future__ import annotations

import gzip
import hashlib
import struct
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

PACK_FROM_BYTES = 1400  # one packet: smaller ones gain nothing
_LEVEL = 5  # of packing
PRIVATE = "private, no-cache"  # whose rows it holds depends on the reader, so it is asked about each time


class Bodies:
    """Bodies that are the same for many readers, kept until they would take more than `max_bytes`."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._n_bytes = 0
        self._lock = threading.Lock()

    def get(self, key: str, make: Callable[[], bytes]) -> bytes:
        """The body kept under the key, else a new one."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        body = make()
        with self._lock:
            if key not in self._kept:
                self._kept[key] = body
                self._n_bytes += len(body)
            while self._n_bytes > self._max_bytes:
                self._n_bytes -= len(self._kept.popitem(last=False)[1])
        return body


def packed(body: bytes) -> bytes:
    """The body in gzip; the same for the same body."""
    return gzip.compress(body, _LEVEL, mtime=0)


def etag(*parts: object) -> str:
    """A strong tag over what the body depends on, or over the body itself."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part if isinstance(part, bytes) else repr(part).encode())
    return f'"{digest.hexdigest()[:32]}"'


def takes_gzip(request: Request) -> bool:
    """Whether the reader unpacks gzip."""
    for part in request.headers.get("accept-encoding", "").split(","):
        name, _, quality = part.strip().partition(";")
        if name in ("gzip", "*") and quality.replace(" ", "") not in ("q=0", "q=0.0"):
            return True
    return False


def known(request: Request, tag: str) -> bool:
    """Whether the reader already has the body with this tag."""
    sent = request.headers.get("if-none-match", "")
    return sent.strip() == "*" or tag in (one.strip().removeprefix("W/") for one in sent.split(","))


def body(
    request: Request,
    content: bytes,
    media_type: str,
    *,
    tag: str | None = None,
    cache: str = PRIVATE,
    gzipped: bytes | None = None,
) -> Response:
    """200 with the content, or 304 where the reader has it; `gzipped` is the content packed before."""
    tag = tag or etag(content)
    headers = {"ETag": tag, "Cache-Control": cache, "Vary": "Accept-Encoding, Authorization, Cookie"}
    if known(request, tag):
        return Response(status_code=304, headers=headers)
    if len(content) >= PACK_FROM_BYTES and takes_gzip(request):
        headers["Content-Encoding"] = "gzip"
        # another encoding is another representation, and has another tag; comparing is weak, so the bare one fits both
        return Response(gzipped or packed(content), headers=headers, media_type=media_type)
    return Response(content, headers=headers, media_type=media_type)


def data(request: Request, content: Any, *, media_type: str = "application/json") -> Response:
    """A JSON answer that is never kept, packed where that helps."""
    encoded = to_json(content)  # five times as quick as json.dumps, which tells in ten thousand rows
    packs = len(encoded) >= PACK_FROM_BYTES and takes_gzip(request)
    return _fresh(packed(encoded) if packs else encoded, media_type, gzipped=packs)


def joined(request: Request, head: bytes, tail: bytes, bodies: Bodies, name: str) -> Response:
    """A JSON answer that is never kept, whose tail is: under this name, packed once."""
    if not takes_gzip(request):
        return _fresh(head + tail, "application/json", gzipped=False)
    deflated = bodies.get(f"{name}/deflated", lambda: _deflated(tail, zlib.Z_FINISH))
    whole = struct.pack("<II", zlib.crc32(tail, zlib.crc32(head)), len(head) + len(tail))
    return _fresh(_GZIP + _deflated(head, zlib.Z_FULL_FLUSH) + deflated + whole, "application/json", gzipped=True)


_GZIP = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # begins a file of gzip: deflated, no name, no time, no system


def _deflated(part: bytes, end: int) -> bytes:
    """A part that refers to nothing before it, so that parts packed apart make one whole."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(part) + packer.flush(end)


def _fresh(encoded: bytes, media_type: str, *, gzipped: bool) -> Response:
    headers = {"Cache-Control": "no-store", "Vary": "Accept, Accept-Encoding, Accept-Language"}
    if gzipped:
        headers["Content-Encoding"] = "gzip"
    return Response(encoded, headers=headers, media_type=media_type)
