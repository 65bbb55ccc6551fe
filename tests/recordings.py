"""Voice notes for tests: made here, container by container, so that what is in them is known."""

from __future__ import annotations

import struct
import wave
from io import BytesIO


def wav(seconds: float = 1.0, *, rate_hz: int = 8000, value: int = 1) -> bytes:
    """Eight bits, one channel."""
    made = BytesIO()
    with wave.open(made, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(1)
        out.setframerate(rate_hz)
        out.writeframes(bytes([value]) * int(rate_hz * seconds))
    return made.getvalue()


def element(name: int, value: bytes | None, *, size: bytes | None = None) -> bytes:
    """An element of EBML; without a value its size is unknown."""
    coded = name.to_bytes((name.bit_length() + 7) // 8)
    if value is None:
        return coded + b"\xff"
    return coded + (size or (0x10000000 | len(value)).to_bytes(4)) + value


def webm(
    seconds: float = 1.0, *, codec: bytes = b"A_OPUS", kind: int = 2, doc: bytes = b"webm", told_ms: float | None = None
) -> bytes:
    """As a browser records: segment and clusters of unknown size, no duration, a time on each block."""
    head = element(0x1A45DFA3, element(0x4282, doc))
    info = element(0x2AD7B1, (1_000_000).to_bytes(3))
    if told_ms is not None:
        info += element(0x4489, struct.pack(">f", told_ms))
    track = element(0xD7, b"\x01") + element(0x83, bytes([kind])) + element(0x86, codec)
    made = head + element(0x18538067, None) + element(0x1549A966, info) + element(0x1654AE6B, element(0xAE, track))
    last_ms = round(seconds * 1000)
    for at_ms in range(0, last_ms + 1, 1000):
        made += element(0x1F43B675, None) + element(0xE7, at_ms.to_bytes(3))
        for beside_ms in range(0, min(1000, last_ms - at_ms + 1), 500):
            made += element(0xA3, b"\x81" + struct.pack(">h", beside_ms) + b"\x80sound")
    return made


def ogg(seconds: float = 1.0, *, skipped: int = 312, head: bytes = b"OpusHead") -> bytes:
    """Two pages: the head, and all the sound with the position at its end."""
    first = head + struct.pack("<BBHIHB", 1, 1, skipped, 48_000, 0, 0)
    return _page(first, 0, 2) + _page(b"sound" * 20, round(seconds * 48_000) + skipped, 4)


def _page(content: bytes, granule: int, flags: int) -> bytes:
    head = struct.pack("<4sBBqIIIB", b"OggS", 0, flags, granule, 1, 0, 0, 1)
    return head + bytes([len(content)]) + content


def box(name: bytes, content: bytes) -> bytes:
    """A box of MP4."""
    return struct.pack(">I4s", 8 + len(content), name) + content


def mp4(seconds: float = 1.0, *, kind: bytes = b"soun", fragments: bool = False) -> bytes:
    """In one piece, or in fragments of a second with nothing in the head, as Safari records."""
    told = 0 if fragments else round(seconds * 1000)
    media_told = 0 if fragments else round(seconds * 48_000)
    media = box(b"mdhd", struct.pack(">IIIII", 0, 0, 0, 48_000, media_told) + bytes(4))
    media += box(b"hdlr", bytes(8) + kind + bytes(13))
    moov = box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, 1000, told) + bytes(80)) + box(b"trak", box(b"mdia", media))
    if fragments:
        moov += box(b"mvex", box(b"trex", struct.pack(">IIIIII", 0, 1, 1, 1024, 0, 0)))
    made = box(b"ftyp", b"M4A \x00\x00\x00\x00isom") + box(b"moov", moov)
    if not fragments:
        return made + box(b"mdat", b"sound" * 20)
    for n in range(round(seconds)):
        if n % 2:  # each sample says how long it is
            run = struct.pack(">II", 0x100, 2) + struct.pack(">II", 24_000, 24_000)
            header = struct.pack(">II", 0, 1)
        else:
            run, header = struct.pack(">II", 0, 2), struct.pack(">III", 0x8, 1, 24_000)
        made += box(b"moof", box(b"traf", box(b"tfhd", header) + box(b"trun", run))) + box(b"mdat", b"sound")
    return made
