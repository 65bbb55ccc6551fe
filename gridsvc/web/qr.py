"""A text as a QR code: one path of an SVG, which prints as sharp as the paper."""

from __future__ import annotations

import segno
from markupsafe import Markup

BORDER = 4  # modules of white that a reader needs around


def path(text: str) -> tuple[int, str]:
    """The side of the picture in modules, its border among them, and the path of what is dark."""
    matrix = segno.make_qr(text, error="m").matrix
    dark = (
        f"M{x + BORDER} {y + BORDER}h1v1h-1z" for y, row in enumerate(matrix) for x, bit in enumerate(row) if bit & 1
    )
    return len(matrix) + 2 * BORDER, "".join(dark)


def drawn(text: str) -> Markup:
    """The picture as markup, without an address or a word of the text in it."""
    side, dark = path(text)
    return Markup('<svg viewBox="0 0 {0} {0}" class="qr" aria-hidden="true"><path d="{1}"/></svg>').format(side, dark)
