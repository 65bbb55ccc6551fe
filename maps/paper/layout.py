"""Where everything lies on the paper, and the paper as a PDF: title above, map at the left, words at the right."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

import pypdfium2
import shapely
from reportlab import rl_config
from reportlab.lib.colors import HexColor
from reportlab.pdfgen.canvas import Canvas

from maps.paper import chart, ink, marks, words
from maps.paper.frame import Box, Frame
from maps.paper.sheet import SIZES, Key, Paper, PaperName, Ranked, Sheet, Sign, Texture

# bytes as they are: packed into letters they are a quarter larger, and packing is slow
rl_config.useA85 = 0

PANEL_SHARE, BESIDE_SHARE = 0.27, 0.13
NOTE, NOTE_STEP = 6.2, 7.9  # points on A4 of a note's letters and lines: definitions are many, the list wants room
# dots an inch of the picture: sharp on a screen and in a document, 16 million pixels a page at most
DPI: dict[PaperName, int] = {"a4": 200, "a3": 200, "a0": 100}
MOST_PIXELS = 48_000_000  # of all pages together: many pages are drawn smaller


@dataclass(frozen=True)
class Plan:
    """The places of one paper: `k` is how much larger than on A4 words are, `fine` the same for things on the map."""

    wide: float
    high: float
    k: float
    fine: float
    margin: float
    map: Box
    panel: Box


def plan(paper: PaperName) -> Plan:
    """The places on that paper. A wall needs larger words, but not as much larger as the paper is."""
    wide, high = SIZES[paper]
    times = wide / SIZES["a4"][0]
    k, fine, margin = times**0.8, times**0.5, 26 * times**0.8
    top, foot, gap = 44 * k, 14 * k, 12 * k
    panel = (wide - 2 * margin) * PANEL_SHARE
    box = Box(margin, margin + foot, wide - 2 * margin - panel - gap, high - 2 * margin - top - foot)
    return Plan(wide, high, k, fine, margin, box, Box(box.x + box.wide + gap, box.y, panel, box.high))


def pdf(sheet: Sheet, paper: PaperName, frame: Frame) -> bytes:
    """The sheet as one page of that paper; the same sheet gives the same bytes.

    Args:
        frame: what the map shows, in `plan(paper).map`.

    Raises:
        AssetError: the font is missing.
    """
    places, made = plan(paper), io.BytesIO()
    canvas = begun(sheet, paper, made)
    _head(canvas, sheet, places)
    kinds = chart.draw(canvas, sheet, frame, places.fine)
    _panel(canvas, sheet, [sign for sign in sheet.signs if sign.kind in kinds], places)
    room = places.wide - 2 * places.margin
    words.line(canvas, sheet.credit, places.margin, places.margin, 7 * places.k, room, words.GREY)
    canvas.showPage()
    canvas.save()
    return made.getvalue()


def begun(sheet: Paper, paper: PaperName, made: io.BytesIO) -> Canvas:
    """An empty document of that paper, with its title and language, that will be written into `made`."""
    canvas = Canvas(made, pagesize=SIZES[paper], invariant=1)
    canvas.setTitle(f"{words.plain(sheet.title)} · {words.plain(sheet.filters)}")
    canvas.setAuthor("gridsvc")
    canvas.setCatalogEntry("Lang", "zh-CN" if sheet.lang == "zh" else sheet.lang)
    return canvas


def png(made: bytes, paper: PaperName) -> bytes:
    """All pages of a PDF as one picture, one below the other."""
    document = pypdfium2.PdfDocument(made)
    try:
        n, (wide, high) = len(document), SIZES[paper]
        scale = min(DPI[paper] / 72, math.sqrt(MOST_PIXELS / (n * wide * high)))
        across, down = math.ceil(wide * scale), math.ceil(high * scale)
        pages = (document[nr] for nr in range(n))
        pictures = (page.render(scale=scale).to_pil() for page in pages)
        picture = next(pictures).crop((0, 0, across, n * down))
        for nr, one in enumerate(pictures, 1):
            picture.paste(one, (0, nr * down))
    finally:
        document.close()
    out = io.BytesIO()
    picture.save(out, "PNG", dpi=(72 * scale, 72 * scale))
    return out.getvalue()


def _head(canvas: Canvas, sheet: Sheet, places: Plan) -> None:
    room, top = places.wide - 2 * places.margin, places.high - places.margin
    words.line(canvas, sheet.title, places.margin, top - 16 * places.k, 17 * places.k, room)
    words.line(canvas, sheet.filters, places.margin, top - 34 * places.k, 9.5 * places.k, room, words.GREY)


def _panel(canvas: Canvas, sheet: Sheet, signs: list[Sign], places: Plan) -> None:
    """The words beside the map, from its top downwards; the list takes what is left."""
    k, x, wide = places.k, places.panel.x, places.panel.wide
    y = places.panel.y + places.panel.high - 10 * k
    words.line(canvas, sheet.legend, x, y, 10.5 * k, wide)
    y -= 11 * k
    words.line(canvas, sheet.unit, x, y, 7 * k, wide, words.GREY)
    y -= 15 * k
    for key in sheet.keys:
        _key(canvas, key, x, y, places)
        y -= 13 * k
    y = _text(canvas, sheet.method, x, y + 1 * k, places)
    if sheet.few is not None:
        y -= 3 * k
        _swatch(canvas, sheet.few.color, sheet.few.texture, x, y - 2 * k, 9 * k, places)
        y = _text(canvas, sheet.few.meaning, x + 13 * k, y, places)
    y = _signs(canvas, signs, y - 3 * k, places)
    y -= 4 * k
    for fact in sheet.facts:
        y = _text(canvas, fact, x, y, places, 7.6, words.INK) - 1 * k
    notes = [line for note in sheet.notes for line in words.wrapped(note, NOTE * k, wide)]
    least = places.panel.y + len(notes) * NOTE_STEP * k
    y = _list(canvas, sheet, y - 9 * k, least, places)
    for line in notes:
        words.line(canvas, line, x, y, NOTE * k, wide, words.GREY)
        y -= NOTE_STEP * k


def _signs(canvas: Canvas, signs: list[Sign], y: float, places: Plan) -> float:
    """Where to go on below what the signs on the map mean; short ones stand beside each other."""
    k, size, right = places.k, 7.4 * places.k, places.panel.x + places.panel.wide
    x, step = places.panel.x, 12.5 * k
    for sign in signs:
        wide = 15 * k + words.width(words.written(sign.meaning), size) + 9 * k
        if x > places.panel.x and x + wide - 9 * k > right:
            x, y = places.panel.x, y - step
        marks.one(canvas, sign.kind, sign.value, x + 6 * k, y + 2.6 * k, k)
        words.line(canvas, sign.meaning, x + 15 * k, y, size, right - x - 15 * k)
        x += wide
    return y - step if signs else y


def _list(canvas: Canvas, sheet: Sheet, y: float, least: float, places: Plan) -> float:
    """Where to go on; the first of the ranked areas, as many as there is room for above `least`."""
    k, x, wide = places.k, places.panel.x, places.panel.wide
    step = 10.5 * k
    n = min(len(sheet.ranked), int((y - least - step - 9 * k) / step))
    if n < 1:
        return y
    words.line(canvas, sheet.ranking, x, y, 8.6 * k, wide)
    y -= 9 * k
    beside = BESIDE_SHARE * wide if any(one.beside for one in sheet.ranked) else 0.0
    words.right(canvas, sheet.columns[0], x + wide - beside, y, 6.2 * k, words.GREY)
    if beside:
        words.right(canvas, sheet.columns[1], x + wide, y, 6.2 * k, words.GREY)
    canvas.setStrokeColor(HexColor(chart.FRAME))
    canvas.setLineWidth(0.4 * k)
    canvas.line(x, y - 3 * k, x + wide, y - 3 * k)
    for place, one in enumerate(sheet.ranked[:n], start=1):
        y -= step
        _ranked(canvas, place, one, x, y, beside, places)
    return y - 13 * k


def _ranked(canvas: Canvas, place: int, one: Ranked, x: float, y: float, beside: float, places: Plan) -> None:
    k, wide, size = places.k, places.panel.wide - beside, 7.4 * places.k
    words.right(canvas, f"{place}", x + 13 * k, y, size, words.GREY)
    _swatch(canvas, one.color, one.texture, x + 16 * k, y - 1 * k, 7 * k, places)
    of_wide = max(wide * 0.24, words.width(one.of, size) + 6 * k)
    figure_wide = max(wide * 0.15, words.width(one.figure, size) + 3 * k)
    words.line(canvas, one.name, x + 26 * k, y, size, wide - 27 * k - of_wide - figure_wide)
    words.right(canvas, one.figure, x + wide - of_wide, y, size, words.INK)
    words.right(canvas, one.of, x + wide, y, size, words.GREY)
    words.right(canvas, one.beside, x + wide + beside, y, size, words.GREY)


def _key(canvas: Canvas, key: Key, x: float, y: float, places: Plan) -> None:
    k, wide, size = places.k, places.panel.wide, 8 * places.k
    _swatch(canvas, key.color, key.texture, x, y - 2 * k, 10 * k, places, 22 * k)
    counted = words.width(key.n, size)
    words.line(canvas, key.meaning, x + 28 * k, y, size, wide - 34 * k - counted)
    words.right(canvas, key.n, x + wide, y, size, words.GREY)


def _swatch(
    canvas: Canvas, color: str, texture: Texture | None, x: float, y: float, high: float, places: Plan, wide: float = 0
) -> None:
    wide = wide or high
    square = shapely.box(x, y, x + wide, y + high)
    ink.fill(canvas, square, color, texture, square.bounds, ink.TILE * places.k * 0.8)
    canvas.setStrokeColor(HexColor(chart.BORDER))
    canvas.setLineWidth(0.4 * places.k)
    canvas.rect(x, y, wide, high, stroke=1, fill=0)


def _text(
    canvas: Canvas, text: str, x: float, y: float, places: Plan, size: float = 7, color: str = words.GREY
) -> float:
    """Where to go on below a text that is broken into lines."""
    size *= places.k
    for line in words.wrapped(text, size, places.panel.x + places.panel.wide - x):
        words.line(canvas, line, x, y, size, places.wide, color)
        y -= size * 1.3
    return y
