"""What a voice note is, told by its content: kind of file, and how long it lasts where the file says so.

The heads of four containers are read, no sound is decoded: WebM (Matroska), Ogg, MP4 and WAV, as phones record them.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from gridsvc.errors import Refused

_OPUS_HZ = 48_000  # RFC 7845, section 4: an Opus stream in Ogg always counts so


@dataclass(frozen=True)
class Sound:
    """A media type, and the length in seconds; None where the file does not say."""

    media_type: str
    duration_s: float | None


def look(content: bytes) -> Sound:
    """What this is.

    Raises:
        Refused: `voice_type`: no voice note in one of the four containers, or one with a picture.
    """
    try:
        if content[:4] == b"\x1a\x45\xdf\xa3":
            return Sound("audio/webm", _webm_s(content))
        if content[:4] == b"OggS":
            return Sound("audio/ogg", _ogg_s(content))
        if content[4:8] == b"ftyp":
            return Sound("audio/mp4", _mp4_s(content))
        if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
            return Sound("audio/wav", _wav_s(content))
    except (struct.error, IndexError):  # cut off, or numbers that point outside
        pass
    raise Refused("voice_type")


def bare(content: bytes) -> bytes:
    """The same sound without what tells of its maker: titles, tags, dates, attachments of WebM, user data of MP4.

    As long as before, since players jump by counted bytes: what goes becomes emptiness of the same length. An MP4's
    times of creation stay, and the comments of Ogg and WAV.
    """
    made = bytearray(content)
    if content[:4] == b"\x1a\x45\xdf\xa3":
        for name, at, _, ends in _elements(content):
            if name in _TELLING:
                made[at:ends] = _void(ends - at)
    elif content[4:8] == b"ftyp":
        for box, at, value_at, ends in _boxes(content):
            if box in _TELLING_BOXES:
                made[at + 4 : at + 8] = b"free"
                made[value_at:ends] = bytes(ends - value_at)
    return bytes(made)


# ---- WebM: elements of EBML (RFC 8794), ids and meanings of Matroska (RFC 9559) --------------------------------------

_MASTERS = {0x18538067, 0x1F43B675, 0x1549A966, 0x1654AE6B, 0xAE, 0xA0}  # what is looked into: segment, cluster, …
_DOC_TYPE, _CODEC, _TRACK_TYPE, _SCALE, _DURATION = 0x4282, 0x86, 0x83, 0x2AD7B1, 0x4489
_CLUSTER_AT, _SIMPLE_BLOCK, _BLOCK = 0xE7, 0xA3, 0xA1
_EBML = 0x1A45DFA3
_TELLING = {0x1254C367, 0x1941A469, 0x1043A770, 0x7BA9, 0x4461}  # tags, attachments, chapters, title, date


def _webm_s(content: bytes) -> float | None:
    """A recording of a browser has no duration in its head, but a time on each block."""
    kinds, codecs, doc = set(), set(), b""
    scale_ns, told, cluster_at, last = 1_000_000, None, 0, None
    for name, _, value_at, ends in _elements(content):
        value = content[value_at:ends]
        if name == _DOC_TYPE:
            doc = value.rstrip(b"\x00")
        elif name == _TRACK_TYPE:
            kinds.add(_whole(value))
        elif name == _CODEC:
            codecs.add(value.rstrip(b"\x00"))
        elif name == _SCALE:
            scale_ns = _whole(value)
        elif name == _DURATION:
            told = struct.unpack(">f" if len(value) == 4 else ">d", value)[0]
        elif name == _CLUSTER_AT:
            cluster_at = _whole(value)
        elif name in (_SIMPLE_BLOCK, _BLOCK):
            _, size = _number(value, 0)  # of the track
            (beside,) = struct.unpack_from(">h", value, size)
            last = max(last or 0, cluster_at + beside)
    if doc != b"webm" or kinds != {2} or not codecs <= {b"A_OPUS", b"A_VORBIS"}:
        raise Refused("voice_type")
    ticks = max(told, last or 0) if told is not None and 0 < told < math.inf else last
    return None if ticks is None else _sane(ticks * scale_ns / 1e9)


def _elements(content: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Each element but the masters: its name, where it begins, where its value does, where it ends."""
    at = 0
    while at < len(content):
        first = content[at]
        n_id = 9 - first.bit_length()
        if not 1 <= n_id <= 4:
            return
        name = int.from_bytes(content[at : at + n_id])
        size, n_size = _number(content, at + n_id)
        begins, at = at, at + n_id + n_size
        if name in _MASTERS or name == _EBML:
            continue
        if size is None or at + size > len(content):
            return
        yield name, begins, at, at + size
        at += size


def _void(n_bytes: int) -> bytes:
    """An element of so many bytes that says nothing; two at least."""
    n_size = next(n for n in range(1, 9) if n_bytes - 1 - n < (1 << 7 * n) - 1)
    n_empty = n_bytes - 1 - n_size
    return b"\xec" + (1 << 7 * n_size | n_empty).to_bytes(n_size) + bytes(n_empty)


def _whole(value: bytes) -> int:
    """The whole number of an element, which has eight bytes at most."""
    if len(value) > 8:
        raise IndexError
    return int.from_bytes(value)


def _number(content: bytes, at: int) -> tuple[int | None, int]:
    """A number of EBML and how many bytes it took; None is the unknown size."""
    n = 9 - content[at].bit_length()
    if n > 8:
        raise IndexError
    bits = int.from_bytes(content[at : at + n]) & ((1 << 7 * n) - 1)
    return (None if bits == (1 << 7 * n) - 1 else bits), n


# ---- Ogg (RFC 3533) --------------------------------------------------------------------------------------------------


def _ogg_s(content: bytes) -> float | None:
    begins = 27 + content[26]
    head = content[begins : begins + 19]
    if head[:8] == b"OpusHead":
        (skipped,) = struct.unpack_from("<H", head, 10)
        rate_hz = _OPUS_HZ
    elif head[:7] == b"\x01vorbis":
        skipped, rate_hz = 0, struct.unpack_from("<I", head, 12)[0]
    else:
        raise Refused("voice_type")
    last, at = None, 0
    while content[at : at + 4] == b"OggS" and at + 27 <= len(content):
        (granule,) = struct.unpack_from("<q", content, at + 6)
        n_segments = content[at + 26]
        at += 27 + n_segments + sum(content[at + 27 : at + 27 + n_segments])
        last = last if granule < 0 else max(granule, last or 0)
    return None if last is None or not rate_hz else _sane(max(last - skipped, 0) / rate_hz)


# ---- MP4 (ISO/IEC 14496-12) ------------------------------------------------------------------------------------------

_BOXES = (b"moov", b"trak", b"mdia", b"mvex", b"moof", b"traf")  # what is looked into
_TELLING_BOXES = (b"udta", b"meta", b"uuid")


def _mp4_s(content: bytes) -> float | None:
    """The longest of what header, fragments' header and the fragments themselves say."""
    told, fragments, media_scale, each, kinds = 0.0, 0, 0, 0, set()
    for name, _, value_at, ends in _boxes(content):
        box = content[value_at:ends]
        wide = bool(box) and box[0] == 1
        if name in (b"mvhd", b"mdhd"):
            scale, length = struct.unpack_from(">IQ" if wide else ">II", box, 20 if wide else 12)
            known = length not in (0, 2**32 - 1, 2**64 - 1)
            told = max(told, length / scale) if known and scale else told
            media_scale = scale if name == b"mdhd" else media_scale
        elif name == b"hdlr":
            kinds.add(box[8:12])
        elif name == b"trex":
            (each,) = struct.unpack_from(">I", box, 12)
        elif name == b"tfhd":
            each = _default(box) or each
        elif name == b"trun":
            fragments += _run(box, each)
    if b"soun" not in kinds or b"vide" in kinds:
        raise Refused("voice_type")
    lasts_s = max(told, fragments / media_scale if media_scale else 0.0)
    return _sane(lasts_s) if lasts_s else None


def _boxes(content: bytes) -> Iterator[tuple[bytes, int, int, int]]:
    """Each box but those that hold others: its name, where it begins, where its content does, where it ends."""
    at, end = 0, len(content)
    while at + 8 <= end:
        size, name = struct.unpack_from(">I4s", content, at)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", content, at + 8)
            head = 16
        stops = end if size == 0 else at + size
        if stops > end or stops < at + head:
            return
        if name in _BOXES:
            at += head
            continue
        yield name, at, at + head, stops
        at = stops


def _default(box: bytes) -> int:
    """The duration of a fragment's samples that say none themselves; 0 where it says none either."""
    flags = int.from_bytes(box[1:4])
    if not flags & 0x8:
        return 0
    at = 8 + (8 if flags & 0x1 else 0) + (4 if flags & 0x2 else 0)
    return int(struct.unpack_from(">I", box, at)[0])


def _run(box: bytes, each: int) -> int:
    """How long a fragment's samples last together, in ticks."""
    flags = int.from_bytes(box[1:4])
    (n_samples,) = struct.unpack_from(">I", box, 4)
    if not flags & 0x100:
        return int(n_samples) * each
    at = 8 + (4 if flags & 0x1 else 0) + (4 if flags & 0x4 else 0)
    step = 4 * sum(bool(flags & bit) for bit in (0x100, 0x200, 0x400, 0x800))
    n_samples = min(n_samples, (len(box) - at) // step)
    return sum(struct.unpack_from(">I", box, at + n * step)[0] for n in range(n_samples))


# ---- WAV (RIFF) ------------------------------------------------------------------------------------------------------


def _wav_s(content: bytes) -> float | None:
    at, per_s = 12, 0
    while at + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, at)
        if name == b"fmt ":
            (per_s,) = struct.unpack_from("<I", content, at + 16)
        elif name == b"data":
            return _sane(min(size, len(content) - at - 8) / per_s) if per_s else None
        at += 8 + size + size % 2
    raise Refused("voice_type")


def _sane(seconds: float) -> float | None:
    """The same where it is a number of seconds at all."""
    return round(seconds, 3) if 0 <= seconds < 1e9 else None
