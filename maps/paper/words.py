"""Words on paper: the one font, widths, lines that fit. A text is only ever text here: nothing reads markup."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache

from reportlab.lib.colors import HexColor
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from maps import assets

FONT = "gridsvc-paper"
MORE = "…"
LACKING = "〓"  # what a printer sets for a character that the font has not, never an empty box
INK, GREY = "#111827", "#4b5563"
# what Chinese printing keeps from the beginning of a line
NOT_FIRST = set("，。、；：！？）》」』】”’％,.;:!?)]}%·…")


@cache
def font() -> str:
    """The name by which reportlab knows the font, registered once in a process.

    Raises:
        AssetError: the font's file is missing or another one.
    """
    pdfmetrics.registerFont(TTFont(FONT, str(assets.path(assets.PAPER_FONT))))
    return FONT


def plain(text: str) -> str:
    """The text on one line: whatever breaks or steers lines is a blank.

    >>> plain("a\\nb\\u202ec\\x00")
    'a b c'
    """
    return "".join(" " if unicodedata.category(one) in ("Cc", "Cf", "Zl", "Zp", "Cs") else one for one in text).strip()


def written(text: str) -> str:
    """The text on one line as this font can write it."""
    known = pdfmetrics.getFont(font()).face.charToGlyph
    return "".join(one if ord(one) in known else LACKING for one in plain(text))


def line(canvas: Canvas, text: str, x: float, y: float, size: float, room: float, color: str = INK) -> None:
    """Nothing; afterwards the text begins there, cut where there is no room for it."""
    canvas.setFillColor(HexColor(color))
    canvas.setFont(font(), size)
    canvas.drawString(x, y, cut(written(text), size, room))


def right(canvas: Canvas, text: str, x: float, y: float, size: float, color: str) -> None:
    """Nothing; afterwards the text ends there."""
    canvas.setFillColor(HexColor(color))
    canvas.setFont(font(), size)
    canvas.drawRightString(x, y, written(text))


def width(text: str, size: float) -> float:
    """How wide a text is in points."""
    return float(pdfmetrics.stringWidth(text, font(), size))


def cut(text: str, size: float, room: float) -> str:
    """The text, or as much of its beginning as fits with an ellipsis; empty where not even that does."""
    if width(text, size) <= room:
        return text
    kept = text[: _fitting(text, size, room - width(MORE, size))].rstrip()
    return f"{kept}{MORE}" if kept else ""


def wrapped(text: str, size: float, room: float) -> list[str]:
    """The text in lines: broken at blanks, between Chinese characters, and wherever else a word is too long."""
    lines, line = [], ""
    for piece in _pieces(written(text)):
        if line and width(line + piece.rstrip(), size) > room:
            lines.append(line.rstrip())
            line = ""
        line += piece if line else piece.lstrip()
        while width(line.rstrip(), size) > room:
            n = max(1, _fitting(line, size, room))
            lines.append(line[:n])
            line = line[n:]
    return [*lines, line.rstrip()] if line.strip() else lines


def _fitting(text: str, size: float, room: float) -> int:
    taken = 0.0
    for place, one in enumerate(text):
        taken += width(one, size)
        if taken > room:
            return place
    return len(text)


def _pieces(text: str) -> Iterator[str]:
    """The parts between which a line may end."""
    piece = ""
    for one in text:
        breaks = piece and (piece[-1] == " " or _wide(piece[-1]) or _wide(one)) and one != " "
        if breaks and one not in NOT_FIRST:
            yield piece
            piece = ""
        piece += one
    if piece:
        yield piece


def _wide(one: str) -> bool:
    return unicodedata.east_asian_width(one) in ("W", "F")
