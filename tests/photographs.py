"""Photographs for tests: made here, so that what is in them is known."""

from __future__ import annotations

import hashlib
import struct
import zlib
from functools import cache
from io import BytesIO
from typing import Any

import pillow_heif
from PIL import Image, ImageCms

pillow_heif.register_heif_opener()

# What must never be found in a stored file.
TRACES = (b"Exif", b"http://ns.adobe.com", b"xpacket", b"Photoshop", b"ICC_PROFILE", b"GPS", b"8BIM", b"secret", b"MPF")
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><?xpacket secret?></x:xmpmeta>'
LON, LAT = 110.005, 23.005


def sha256(content: bytes) -> str:
    """The address of a photo."""
    return hashlib.sha256(content).hexdigest()


def scene(width: int = 640, height: int = 480, seed: int = 0) -> Image.Image:
    """A picture whose quarters are red, green, blue and white, so that turning it shows; `seed` makes it another."""
    image = Image.new("RGB", (width, height), (seed % 200, 20, 20))
    half_w, half_h = width // 2, height // 2
    image.paste((220, 0, seed * 25 % 250), (0, 0, half_w, half_h))
    image.paste((0, 200, 0), (half_w, 0, width, half_h))
    image.paste((0, 0, 220), (0, half_h, half_w, height))
    image.paste((255, 255, 255), (half_w, half_h, width, height))
    return image


def told(*, orientation: int = 1, position: bool = True) -> Image.Exif:
    """What a camera writes: a position, a time, a device, and a thumbnail with words in it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "secret maker"
    exif[0x0132] = "2026:10:31 10:00:00"
    inner = exif.get_ifd(0x8769)
    inner[0x9003] = "2026:10:31 09:30:00"
    inner[0x9286] = b"secret comment"
    if position:
        exif.get_ifd(0x8825).update({1: "N", 2: (23.0, 0.0, 18.0), 3: "E", 4: (110.0, 0.0, 18.0)})
    return exif


@cache
def _profile() -> bytes:
    """A profile of colours; it holds the second it was made in, so it is made once."""
    return bytes(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())


def jpeg(image: Image.Image | None = None, **more: Any) -> bytes:
    """A JPEG with everything in it that must go."""
    out = BytesIO()
    values: dict[str, Any] = {
        "exif": told(),
        "xmp": XMP,
        "icc_profile": _profile(),
        "comment": b"secret",
        "quality": 90,
    }
    (image or scene()).save(out, "JPEG", **(values | more))
    return out.getvalue()


def saved(kind: str, image: Image.Image | None = None, **more: Any) -> bytes:
    """The same in another format of Pillow's or HEIF."""
    out = BytesIO()
    if kind == "HEIF" and "exif" in more:
        more["exif"] = more["exif"].tobytes()  # only of bytes does the library make the turning that HEIF goes by
    (image or scene()).save(out, kind, **more)
    return out.getvalue()


def png_bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A small PNG that states a huge size, and holds as many rows of nothing as fit into a few kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(4_000_000), 9))
        + chunk(b"IEND", b"")
    )


def webp_bomb() -> bytes:
    """A WebP that states 16,384 by 16,384 pixels in its header and holds none."""
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + (16383).to_bytes(3, "little") * 2
    return b"RIFF" + struct.pack("<I", len(body)) + body


def is_close(found: Any, wanted: tuple[int, int, int], by: int = 12) -> bool:
    """Whether a pixel is that colour, as far as JPEG keeps it."""
    return all(abs(one - other) <= by for one, other in zip(found, wanted, strict=True))
