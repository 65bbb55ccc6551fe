"""In which encoding a text is written: what it says itself, else UTF-8 where that fits, else GB18030."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable

from geodata.errors import FileRefused

# Only these: an encoding named by a file must not make Python load just any codec module. They are loaded here because
# later, behind the locks, no module can be.
_BY_NAME = {
    "utf8": "utf-8",
    "65001": "utf-8",
    "gb18030": "gb18030",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "936": "gb18030",
    "54936": "gb18030",
    "big5": "big5hkscs",
    "950": "big5hkscs",
    "88591": "latin-1",
    "iso88591": "latin-1",
    "1252": "cp1252",
    "1251": "cp1251",
}
_OTHERS = ("utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "ascii", "cp437")
_LOADED = {name: codecs.lookup(name) for name in (*set(_BY_NAME.values()), *_OTHERS)}
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def by_name(name: str) -> str | None:
    """The codec that a label means ("GBK", "cp936", "ANSI 936", "UTF-8"); None for one that is not taken.

    >>> by_name("ANSI 936"), by_name("utf-8"), by_name("zlib")
    ('gb18030', 'utf-8', None)
    """
    bare = name.strip().lower().replace("-", "").replace("_", "").replace(" ", "")
    for prefix in ("", "ansi", "cp", "windows"):
        if bare.startswith(prefix) and bare[len(prefix) :] in _BY_NAME:
            return _BY_NAME[bare[len(prefix) :]]
    return None


def detect(read: Callable[[], Iterable[bytes]]) -> str:
    """ "utf-8-sig", "utf-16", "utf-8" or "gb18030": the first of them that the whole content fits.

    Args:
        read: gives the content, from its beginning each time.

    Raises:
        FileRefused: `encoding_unknown` with the byte (from 0) at which the last of them fails.
    """
    begin = next(iter(read()), b"")
    bom = next((name for mark, name in _BOMS if begin.startswith(mark)), None)
    failed_at = 0
    # One after the other: the second costs as much as all the rest of reading, and hardly any file needs it.
    for name in (bom,) if bom else ("utf-8", "gb18030"):
        fails_at = _fails_at(read(), name)
        if fails_at is None:
            return name
        failed_at = max(failed_at, fails_at)
    raise FileRefused("encoding_unknown", byte=failed_at)


def _fails_at(chunks: Iterable[bytes], name: str) -> int | None:
    """The byte (from 0) that the content does not fit at; None where all of it fits."""
    decoder, offset = codecs.getincrementaldecoder(name)(), 0
    try:
        for chunk in chunks:
            decoder.decode(chunk)
            offset += len(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return offset + error.start
    return None


def detect_in(values: Iterable[bytes]) -> str:
    """ "utf-8" or "gb18030": the first that every value fits; the last character of a value may be cut.

    Raises:
        FileRefused: `encoding_unknown`.
    """
    foreign = [value for value in values if not value.isascii()]
    for name in ("utf-8", "gb18030"):
        try:
            for value in foreign:
                codecs.getincrementaldecoder(name)().decode(value)
        except UnicodeDecodeError:
            continue
        return name
    raise FileRefused("encoding_unknown", byte=0)


def decode_cut(value: bytes, encoding: str) -> str:
    """The text of a field of fixed width: a character cut at its end is left out, a wrong byte is a lone surrogate."""
    return codecs.getincrementaldecoder(encoding)("surrogateescape").decode(value)
