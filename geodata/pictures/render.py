"""A stranger's picture made anew: upright, sRGB, bounded, without anything but its pixels; and one with boxes painted.

Runs in the child of `worker` only: here hostile bytes meet decoders written in C.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import pillow_heif
from PIL import Image, ImageCms, ImageDraw, ImageFile

from geodata import exif
from geodata.errors import FileRefused
from geodata.exif import Shot
from geodata.pictures import header
from geodata.pictures.shapes import Box, Rendered, Rules

# Plugins load others and themselves when first needed, and behind the locks nothing can be loaded.
from PIL import MpoImagePlugin, TiffImagePlugin, WebPImagePlugin  # isort: skip

_LOADED = (MpoImagePlugin, TiffImagePlugin, WebPImagePlugin)
_PLUGINS = {"jpeg": "JPEG", "png": "PNG", "webp": "WEBP", "heif": "HEIF"}
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Painting once more is one generation of loss; this keeps it unseen.
REPAINT_QUALITY = 92
STRIP_ROWS = 64


def prepare() -> None:
    """Nothing; afterwards all that decoding needs is loaded, and the decoders keep to what we want of them."""
    Image.preinit()
    # A thumbnail may show what was cut away; depth maps and further pictures are nobody's business here.
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
    Image.MAX_IMAGE_PIXELS = None  # ours is checked before, and refuses instead of warning
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    _rehearse()


def _rehearse() -> None:
    """One picture of our own of every kind that Pillow writes, so that nothing is left to be loaded later."""
    own = Image.new("RGBA", (8, 8))
    told = Image.Exif()
    told[_ORIENTATION] = 6
    told.get_ifd(exif.EXIF_IFD)[0x9003] = "2026:01:01 00:00:00"
    told.get_ifd(exif.GPS_IFD).update({1: "N", 2: (1.0, 0.0, 0.0), 3: "E", 4: (1.0, 0.0, 0.0)})
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for name in ("JPEG", "PNG", "WEBP"):
        out = BytesIO()
        own.convert("RGB" if name == "JPEG" else "RGBA").save(out, name, exif=told, icc_profile=profile)
        render(out.getvalue(), Rules(side=4, thumb_side=2))


def render(content: bytes, rules: Rules) -> Rendered:
    """The picture made anew; its size is checked by what its header states before anything is decoded.

    Raises:
        FileRefused: `photo_type`, `photo_polyglot`, `photo_too_many_pixels`, `photo_broken`.
    """
    found = header.sniff(content[: header.HEAD_BYTES])
    header.check_end(content, found)
    if found == "webp":
        _check_size(header.webp_size(content), rules)
    with _open(content, found) as sent:
        _check_size(sent.size, rules)
        shot, turn = _said(sent)
        profile = sent.info.get("icc_profile")
        if found == "jpeg":
            # JPEG can be decoded at a half, a quarter, an eighth: never smaller than what is wanted
            sent.draft(None, _within(sent.size, rules.side))
        sent.load()
        del content  # decoded: what follows needs its memory
        picture = _shrunk(sent, rules.side)
    del sent  # the large one, for the same reason
    picture = _in_srgb(picture, profile)
    picture.info = {}
    if turn is not None:
        picture = picture.transpose(turn)
    return _saved(picture, rules, rules.quality, found, shot)


def paint(content: bytes, boxes: Sequence[Box], rules: Rules) -> Rendered:
    """A stored picture with black boxes (x0, y0, x1, y1), edges included, in its own pixels.

    Raises:
        FileRefused: `photo_broken`: it is not one of ours.
    """
    if not header.is_bare_jpeg(content):
        raise FileRefused("photo_broken", cause="not a stored picture")
    with _open(content, "jpeg") as stored:
        _check_size(stored.size, rules)
        picture = stored.convert("RGB")
    draw = ImageDraw.Draw(picture)
    for box in boxes:
        draw.rectangle(box, fill=(0, 0, 0))
    picture.info = {}
    # colours in full: at half their resolution, what lies beside a box would bleed into it
    return _saved(picture, rules, REPAINT_QUALITY, "jpeg", Shot(), subsampling=0)


def _open(content: bytes, found: str) -> Image.Image:
    return Image.open(BytesIO(content), formats=[_PLUGINS[found]])


def _check_size(size: tuple[int, int], rules: Rules) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise FileRefused("photo_broken", cause="no pixels")
    if width * height > rules.max_pixels:
        facts = {"width": width, "height": height, "limit_mp": rules.max_pixels // 1_000_000}
        raise FileRefused("photo_too_many_pixels", **facts)


def _shrunk(sent: Image.Image, side: int) -> Image.Image:
    """The picture in a mode that colours can be counted in, its longest side no longer than `side`."""
    size = _within(sent.size, side)
    flat = _flat(sent)
    return flat if flat.size == size else _resized(flat, size)


def _within(size: tuple[int, int], side: int) -> tuple[int, int]:
    """The size at which the longest side is `side`; the same where it is shorter."""
    width, height = size
    share = min(1.0, side / max(width, height))
    return max(1, round(width * share)), max(1, round(height * share))


def _resized(flat: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture in another size, made strip by strip: in one go a third more memory is needed.

    The filter looks beyond the box that it is given, so strips meet without a seam. It is Hamming's: for making smaller
    Pillow rates it with the bicubic one, at two thirds of its time; what it loses more is less than what JPEG does.
    """
    width, height = size
    made = Image.new(flat.mode, size)
    for top in range(0, height, STRIP_ROWS):
        bottom = min(height, top + STRIP_ROWS)
        box = (0.0, top * flat.height / height, float(flat.width), min(flat.height, bottom * flat.height / height))
        made.paste(flat.resize((width, bottom - top), Image.Resampling.HAMMING, box, reducing_gap=2.0), (0, top))
    return made


def _flat(sent: Image.Image) -> Image.Image:
    """The same in RGB, CMYK or grey of 8 bits; what is transparent lies on white."""
    if sent.mode in ("RGB", "CMYK", "L"):
        return sent
    if sent.mode.startswith("I"):  # 16 bits a pixel: converting alone would cut at 255
        return sent.point(lambda value: value * (1 / 257)).convert("L")
    if sent.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in sent.info:
        clear = sent.convert("RGBA")
        ground = Image.new("RGB", clear.size, (255, 255, 255))
        ground.paste(clear, mask=clear.getchannel("A"))
        return ground
    return sent.convert("RGB")


def _in_srgb(picture: Image.Image, profile: object) -> Image.Image:
    """The picture in RGB as sRGB means it; a profile that cannot be used is passed over."""
    if isinstance(profile, bytes) and profile:
        try:
            given = ImageCms.ImageCmsProfile(BytesIO(profile))
            if not _is_srgb(given):
                converted = ImageCms.profileToProfile(picture, given, _SRGB, outputMode="RGB")
                picture = picture if converted is None else converted
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _is_srgb(profile: ImageCms.ImageCmsProfile) -> bool:
    return "srgb" in (profile.profile.profile_description or "").lower().replace(" ", "")


def _said(sent: Image.Image) -> tuple[Shot, Image.Transpose | None]:
    """What the camera tells, and how the picture must be turned; nothing where its words cannot be read."""
    try:
        known = sent.getexif()
        turn = _TURNS.get(known.get(_ORIENTATION, 1))
    except Exception:  # a parser of the sender's own bytes: whatever it stumbles over, the pixels are still good
        return Shot(), None
    return exif.read(known), turn


def _saved(picture: Image.Image, rules: Rules, quality: int, found: str, shot: Shot, subsampling: int = 2) -> Rendered:
    size = _within(picture.size, rules.thumb_side)
    small = picture if picture.size == size else picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    return Rendered(
        _jpeg(picture, quality, subsampling),
        _jpeg(small, rules.thumb_quality, 2),
        picture.width,
        picture.height,
        found,
        shot,
    )


def _jpeg(picture: Image.Image, quality: int, subsampling: int) -> bytes:
    out = BytesIO()
    Image.Image.save(picture, out, "JPEG", quality=quality, subsampling=subsampling)
    return out.getvalue()
