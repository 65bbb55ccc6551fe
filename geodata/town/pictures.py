"""Pictures of the invented town: what is wrong in a street, and the same street after somebody was there.

Drawn from plain shapes, so that nobody and no real place is on them.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from random import Random

from PIL import Image, ImageDraw

from geodata.town import dice

SIZE = (640, 480)
QUALITY = 80
_STREET = 260  # from here down there is ground, in pixels
_SKIES = ((196, 214, 226), (172, 200, 222), (214, 206, 190), (150, 168, 184))
_WALLS = ((206, 190, 168), (188, 176, 166), (214, 208, 196), (176, 162, 150))
_GROUNDS = ((128, 130, 132), (142, 138, 130), (112, 114, 118))
_PAINTS = ((168, 52, 46), (46, 96, 150), (224, 170, 40), (60, 120, 80), (236, 236, 232))

Spot = tuple[int, int]  # where the thing is, in pixels
Thing = Callable[[ImageDraw.ImageDraw, Random, Spot, bool], None]


def draw(category: str, key: str, *, after: bool = False) -> bytes:
    """A JPEG of what a report of this category tells of; `after` the work was done, the same street without it.

    Args:
        key: whatever tells one report from another: the street and the place of the thing follow from it.
    """
    rng = dice.stream(0, f"picture/{key}")
    picture = Image.new("RGB", SIZE, dice.pick(rng, _SKIES))
    pen = ImageDraw.Draw(picture)
    _street(pen, rng)
    spot = (round(dice.between(rng, 220, 420)), round(dice.between(rng, 350, 410)))
    thing(category)(pen, rng, spot, after)
    out = BytesIO()
    picture.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def thing(category: str) -> Thing:
    """What is drawn for a category: that of the longest beginning of its code."""
    fits = [code for code in _THINGS if category.startswith(code)]
    return _THINGS[max(fits, key=len)] if fits else _bags


def _street(pen: ImageDraw.ImageDraw, rng: Random) -> None:
    width, height = SIZE
    left = -round(dice.between(rng, 0, 80))
    while left < width:
        right, top = left + round(dice.between(rng, 120, 220)), round(dice.between(rng, 30, 130))
        pen.rectangle((left, top, right, _STREET), fill=dice.pick(rng, _WALLS), outline=(120, 112, 104))
        for x in range(left + 16, right - 24, 38):
            for y in range(top + 16, _STREET - 40, 44):
                pen.rectangle((x, y, x + 20, y + 26), fill=(96, 110, 124), outline=(230, 228, 222))
        left = right
    pen.rectangle((0, _STREET, width, height), fill=dice.pick(rng, _GROUNDS))
    pen.rectangle((0, _STREET, width, _STREET + 14), fill=(176, 172, 164))
    for x in range(0, width, 96):
        pen.polygon([(x, 446), (x + 46, 446), (x + 40, 456), (x - 6, 456)], fill=(226, 226, 220))


def _bags(pen: ImageDraw.ImageDraw, rng: Random, spot: Spot, after: bool) -> None:
    x, y = spot
    if after:
        return _wet(pen, spot)
    for _ in range(9):
        dx, dy, r = dice.between(rng, -90, 90), dice.between(rng, -24, 30), dice.between(rng, 20, 38)
        pen.ellipse((x + dx - r, y + dy - r, x + dx + r, y + dy + r * 0.8), fill=dice.pick(rng, _PAINTS[:4]))
        pen.line((x + dx - 6, y + dy - r, x + dx + 6, y + dy - r - 12), fill=(40, 40, 40), width=4)
    return None


def _wet(pen: ImageDraw.ImageDraw, spot: Spot) -> None:
    """A place that was swept: a little darker, nothing on it."""
    x, y = spot
    pen.ellipse((x - 120, y - 26, x + 120, y + 30), fill=(108, 110, 112))


def _hole(pen: ImageDraw.ImageDraw, rng: Random, spot: Spot, after: bool) -> None:
    x, y = spot
    edge = [
        (x + dx * dice.between(rng, 0.7, 1.2), y + dy * dice.between(rng, 0.7, 1.2))
        for dx, dy in ((-110, 0), (-70, -30), (0, -40), (80, -26), (112, 4), (60, 34), (-10, 40), (-80, 28))
    ]
    pen.polygon(edge, fill=(66, 68, 70) if after else (44, 38, 34), outline=(90, 90, 92))
    if not after:
        pen.polygon([(a * 0.7 + x * 0.3, b * 0.7 + y * 0.3 + 6) for a, b in edge], fill=(24, 20, 18))


def _puddle(pen: ImageDraw.ImageDraw, rng: Random, spot: Spot, after: bool) -> None:
    x, y = spot
    if after:
        return _wet(pen, spot)
    pen.ellipse((x - 200, y - 50, x + 190, y + 60), fill=(108, 138, 164))
    for _ in range(6):
        dx, dy = dice.between(rng, -140, 110), dice.between(rng, -30, 36)
        pen.line((x + dx, y + dy, x + dx + 50, y + dy), fill=(190, 212, 226), width=3)
    return None


def _lamp(pen: ImageDraw.ImageDraw, rng: Random, spot: Spot, after: bool) -> None:
    x, lean = spot[0], 0 if after else round(dice.between(rng, -30, 30))
    pen.line((x, 420, x + lean, 90), fill=(64, 66, 70), width=10)
    pen.line((x + lean, 94, x + lean + 70, 84), fill=(64, 66, 70), width=8)
    if after:
        pen.ellipse((x + 10, 40, x + 140, 160), fill=(252, 236, 170))
    pen.ellipse((x + lean + 50, 76, x + lean + 96, 100), fill=(255, 248, 214) if after else (70, 72, 76))


def _cover(pen: ImageDraw.ImageDraw, rng: Random, spot: Spot, after: bool) -> None:
    x, y = spot
    pen.ellipse((x - 80, y - 30, x + 80, y + 34), fill=(96, 92, 86), outline=(58, 56, 54), width=6)
    if after:
        for dx in range(-56, 57, 16):
            pen.line((x + dx, y - 18, x + dx, y + 20), fill=(70, 66, 62), width=3)
        return
    pen.ellipse((x - 62, y - 20, x + 62, y + 26), fill=(14, 12, 12))
    pen.line((x - 20, y + 24, x + 60, y - 110), fill=(92, 70, 46), width=7)  # somebody put a branch there


def _bicycles(pen: ImageDraw.ImageDraw, rng: Random, spot: Spot, after: bool) -> None:
    n, step, fallen = (4, 90, 0.0) if after else (8, 46, 24.0)
    for i in range(n):
        x, y = 90 + i * step, spot[1] + dice.between(rng, -fallen, fallen)
        colour = dice.pick(rng, _PAINTS)
        for dx in (0, 62):
            pen.ellipse((x + dx - 22, y - 22, x + dx + 22, y + 22), outline=(30, 30, 30), width=4)
        pen.line(((x, y), (x + 26, y - 40), (x + 62, y), (x + 52, y - 46)), fill=colour, width=6)


def _car(pen: ImageDraw.ImageDraw, rng: Random, spot: Spot, after: bool) -> None:
    x, y = spot
    for dx in range(-200, 220, 40):
        pen.line((x + dx, y + 46, x + dx + 30, y - 14), fill=(214, 178, 60), width=6)
    if after:
        return
    colour = dice.pick(rng, _PAINTS)
    pen.rounded_rectangle((x - 130, y - 50, x + 130, y + 14), 16, fill=colour)
    pen.polygon([(x - 80, y - 50), (x - 50, y - 92), (x + 50, y - 92), (x + 84, y - 50)], fill=(70, 84, 98))
    for dx in (-80, 80):
        pen.ellipse((x + dx - 26, y - 10, x + dx + 26, y + 40), fill=(22, 22, 24))


def _stickers(pen: ImageDraw.ImageDraw, rng: Random, spot: Spot, after: bool) -> None:
    pen.rectangle((70, 130, 570, _STREET), fill=(198, 190, 178), outline=(120, 112, 104))
    for _ in range(0 if after else 22):
        x, y = dice.between(rng, 84, 520), dice.between(rng, 136, 226)
        pen.rectangle((x, y, x + 34, y + 24), fill=dice.pick(rng, _PAINTS), outline=(90, 90, 90))


def _stall(pen: ImageDraw.ImageDraw, rng: Random, spot: Spot, after: bool) -> None:
    x, y = spot
    if after:
        return _wet(pen, spot)
    pen.polygon([(x - 130, y - 130), (x + 130, y - 130), (x + 104, y - 170), (x - 104, y - 170)], fill=_PAINTS[0])
    pen.line((x - 110, y - 130, x - 110, y + 20), fill=(70, 60, 50), width=6)
    pen.line((x + 110, y - 130, x + 110, y + 20), fill=(70, 60, 50), width=6)
    pen.rectangle((x - 120, y - 40, x + 120, y + 20), fill=(150, 120, 84))
    for dx in range(-104, 104, 26):
        pen.ellipse((x + dx, y - 60, x + dx + 24, y - 36), fill=dice.pick(rng, _PAINTS[:4]))
    return None


def _tree(pen: ImageDraw.ImageDraw, rng: Random, spot: Spot, after: bool) -> None:
    x, lean = spot[0], 0 if after else 120
    pen.line((x, 420, x + lean, 190), fill=(92, 68, 44), width=20)
    for _ in range(14):
        dx, dy, r = dice.between(rng, -80, 80), dice.between(rng, -60, 40), dice.between(rng, 26, 44)
        green = (52, round(dice.between(rng, 96, 130)), 56)
        pen.ellipse((x + lean + dx - r, 170 + dy - r, x + lean + dx + r, 170 + dy + r), fill=green)


def _bin(pen: ImageDraw.ImageDraw, rng: Random, spot: Spot, after: bool) -> None:
    x, y = spot
    pen.polygon([(x - 60, y - 130), (x + 60, y - 130), (x + 46, y + 20), (x - 46, y + 20)], fill=(46, 104, 70))
    pen.rectangle((x - 66, y - 142, x + 66, y - 126), fill=(34, 84, 56))
    if not after:
        _bags(pen, rng, (x, y - 150), False)


# By the beginning of a category's code, the longest that fits.
_THINGS: dict[str, Thing] = {
    "event-01": _bags,
    "event-0113": _hole,
    "event-02": _stickers,
    "event-04": _stall,
    "event-0410": _bicycles,
    "event-0493": _bicycles,
    "event-0496": _car,
    "event-05": _puddle,
    "part-01": _cover,
    "part-0137": _lamp,
    "part-02": _bicycles,
    "part-03": _bin,
    "part-04": _tree,
}
