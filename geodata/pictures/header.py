"""What a picture is by its bytes, before anything decodes it, and what hides behind it."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Literal, get_args

from geodata.errors import FileRefused

Format = Literal["jpeg", "png", "webp", "heif"]
FORMATS: tuple[str, ...] = get_args(Format)
HEAD_BYTES = 1024

# Major brands of a HEIF still picture or sequence in HEVC; mif1 and msf1 say "HEIF" and leave the codec open.
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_SCANNED = re.compile(
    rb"\xff[^\x00\xff\xd0-\xd7]"
)  # the next marker in coded data: neither a stuffed byte nor a restart
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_END = 0xD9
# What a browser, a script engine or a PDF reader would take up behind a picture.
_DOCUMENTS = re.compile(rb"<(?:script|html|!doctype|svg|body|iframe|\?php)|%PDF-", re.IGNORECASE)


def sniff(head: bytes) -> Format:
    """The format that the first bytes tell; names and declared types are never asked.

    Raises:
        FileRefused: `photo_type` with what it looks like, `photo_polyglot` where it begins as a PDF as well.

    >>> sniff(b"GIF89a" + bytes(20))
    Traceback (most recent call last):
    geodata.errors.FileRefused: photo type (found='gif')
    """
    found: Format | None = None
    if head[:3] == b"\xff\xd8\xff":
        found = "jpeg"
    elif head[:8] == b"\x89PNG\r\n\x1a\n":
        found = "png"
    elif head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        found = "webp"
    elif head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        found = "heif"
    if found is None:
        raise FileRefused("photo_type", found=_looks_like(head))
    if b"%PDF-" in head[:HEAD_BYTES]:  # a PDF reader looks for its beginning in as many bytes
        raise FileRefused("photo_polyglot", found="pdf")
    return found


def check_end(content: bytes, found: Format) -> None:
    """Returns where nothing but a picture, or a film or another picture behind it, is in the bytes.

    Phones put films, depth maps and notes of their own behind a picture; they are dropped. A document there was put
    there by somebody.

    Raises:
        FileRefused: `photo_polyglot`: a page, a script, a PDF or an archive follows; `photo_broken`: no end is found.
    """
    tail = content[end_of(content, found) :]
    document = _DOCUMENTS.search(tail)
    if document is not None:
        raise FileRefused("photo_polyglot", found=document[0].decode("ascii").strip("<%-!?").lower())
    if tail and zipfile.is_zipfile(BytesIO(tail)):
        raise FileRefused("photo_polyglot", found="zip")


def end_of(content: bytes, found: Format) -> int:
    """Where the first picture ends, in bytes; the length where it is cut off.

    >>> end_of(b"\\xff\\xd8\\xff\\xd9<html>", "jpeg")
    4
    """
    if found == "jpeg":
        return _jpeg_end(content)
    if found == "png":
        return _png_end(content)
    if found == "webp":
        return min(len(content), 8 + int.from_bytes(content[4:8], "little") + 1 & ~1)
    return _heif_end(content)


def webp_size(content: bytes) -> tuple[int, int]:
    """(width, height) that a WebP states; Pillow makes room for two of them before it tells.

    Raises:
        FileRefused: `photo_broken`.
    """
    kind, data = content[12:16], content[20:30]
    if kind == b"VP8X" and len(data) == 10:
        return int.from_bytes(data[4:7], "little") + 1, int.from_bytes(data[7:10], "little") + 1
    if kind == b"VP8L" and data[:1] == b"\x2f":
        bits = int.from_bytes(data[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and data[3:6] == b"\x9d\x01\x2a":
        return int.from_bytes(data[6:8], "little") & 0x3FFF, int.from_bytes(data[8:10], "little") & 0x3FFF
    raise FileRefused("photo_broken", cause="webp header")


def is_bare_jpeg(content: bytes) -> bool:
    """Whether a JPEG holds nothing but its picture: no application segment but JFIF's, no comment, nothing behind.

    >>> is_bare_jpeg(b"\\xff\\xd8\\xff\\xfe\\x00\\x04hi\\xff\\xd9")
    False
    """
    if content[:2] != b"\xff\xd8":
        return False
    for marker, begin, end in _walk(content):
        jfif = marker == 0xE0 and content[begin : begin + 5] == b"JFIF\0" and end - begin == 14
        if (marker == 0xFE or 0xE0 <= marker <= 0xEF) and not jfif:
            return False
        if marker == _END:
            return end == len(content)
    return True


def _looks_like(head: bytes) -> str:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for name, begins in (
        ("gif", (b"gif8",)),
        ("pdf", (b"%pdf-",)),
        ("svg", (b"<svg", b"<?xml")),
        ("html", (b"<!doctype html", b"<html", b"<script")),
        ("tiff", (b"ii*\0", b"mm\0*", b"ii+\0", b"mm\0+")),
        ("bmp", (b"bm",)),
        ("zip", (b"pk\x03\x04",)),
    ):
        if text.startswith(begins):
            return name
    if head[4:8] == b"ftyp":
        brand = head[8:12].decode("ascii", "replace").strip()
        return brand if brand.isascii() and brand.isalnum() else "ftyp"
    return "unknown" if head else "empty"


def _walk(content: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, begin and end of what it holds) one after the other, coded data stepped over; the end holds nothing."""
    at = 2
    while at + 2 <= len(content):
        marker = content[at + 1]
        if content[at] != 0xFF or marker == 0x00:
            following = _SCANNED.search(content, at)
            at = len(content) if following is None else following.start()
        elif marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _STANDALONE:
            at += 2
        elif marker == _END:
            yield marker, at + 2, at + 2
            return
        else:
            end = at + 2 + max(2, int.from_bytes(content[at + 2 : at + 4], "big"))
            yield marker, at + 4, min(end, len(content))
            at = end


def _jpeg_end(content: bytes) -> int:
    return next((end for marker, _, end in _walk(content) if marker == _END), len(content))


def _png_end(content: bytes) -> int:
    at = 8
    while at + 12 <= len(content):
        kind = content[at + 4 : at + 8]
        at += 12 + int.from_bytes(content[at : at + 4], "big")
        if kind == b"IEND":
            return min(at, len(content))
    return len(content)


def _heif_end(content: bytes) -> int:
    at = 0
    while at + 8 <= len(content):
        size, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        if size == 1:
            size = int.from_bytes(content[at + 8 : at + 16], "big")
        if size == 0:  # the last box, up to the end
            return len(content)
        if size < 8 or at + size > len(content) or not kind.isalnum():  # a box cut off is read to its end as a tail
            return at
        at += size
    return min(at, len(content))
