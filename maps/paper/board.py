"""The wall on paper: its map at the left, the numbered board at the right and on as many pages more as it needs."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reportlab.lib.colors import HexColor
from reportlab.pdfgen.canvas import Canvas

from maps.paper import chart, layout, marks, pins, words
from maps.paper.frame import Box, Frame
from maps.paper.sheet import Board, Line, PaperName

# how many columns of lines stand beside the map, and how many on the pages that follow
COLUMNS: dict[PaperName, tuple[int, int]] = {"a4": (1, 1), "a3": (1, 2), "a0": (2, 3)}
MAP_SHARE: dict[PaperName, float] = {"a4": 0.44, "a3": 0.48, "a0": 0.46}
# of a column: number, problem, responsible body, owner, deadline, progress, struck off
SHARES = (0.055, 0.31, 0.135, 0.115, 0.145, 0.145, 0.095)
SIZE, LEADING, MARK = 6.6, 1.28, 1.9  # points of A4, lines and marks in letters
ROW, HEAD, LATER = "#c9ced4", "#eef1f3", 26.0  # rule below a line, ground of the heads, room for a later page's title
RINGED = "#fff1d0"  # ground of the line whose pin is ringed
STRUCK, PROBLEM = "struck_off", 0
MOST_LINES = 30  # of one cell: names are bounded, so only a name made to be a nuisance is cut


@dataclass(frozen=True)
class Cut:
    """A line of the board in lines of letters: how high it is, and for each cell its (text, is it the weaker part)."""

    line: Line
    high: float
    cells: tuple[tuple[tuple[str, bool], ...], ...]


def map_box(paper: PaperName) -> Box:
    """Where the map lies on the first page."""
    body = _body(paper, 0)
    return Box(body.x, body.y, body.wide * MAP_SHARE[paper], body.high)


def pdf(board: Board, paper: PaperName, frame: Frame) -> bytes:
    """The map and its whole board; the same board gives the same bytes.

    Args:
        frame: what the map shows, in `map_box(paper)`.

    Raises:
        AssetError: the font is missing.
    """
    made = io.BytesIO()
    canvas = layout.begun(board, paper, made)
    pages = list(_pages(board, paper))
    for nr, columns in enumerate(pages):
        if nr == 0:
            _first(canvas, board, paper, frame)
        else:
            _later(canvas, board, paper)
        for box, cuts in columns:
            _column(canvas, board, paper, box, cuts)
        _foot(canvas, board, paper, nr + 1, len(pages))
        canvas.showPage()
    canvas.save()
    return made.getvalue()


# ---- where things lie ------------------------------------------------------------------------------------------------


def _k(paper: PaperName) -> float:
    # who stands before a wall reads its lines from as far as a screen's; its title is seen from farther
    places = layout.plan(paper)
    return places.fine if paper == "a0" else places.k


def _body(paper: PaperName, page: int) -> Box:
    places = layout.plan(paper)
    k, margin = places.k, places.margin
    top = 86 * k if page == 0 else LATER * k
    foot = margin + 14 * k
    return Box(margin, foot, places.wide - 2 * margin, places.high - margin - top - foot)


def _columns(paper: PaperName, page: int) -> list[Box]:
    body, gap = _body(paper, page), 12 * layout.plan(paper).k
    n, left = COLUMNS[paper][0 if page == 0 else 1], body.x
    if page == 0:
        left += map_box(paper).wide + gap
    wide = (body.x + body.wide - left - gap * (n - 1)) / n
    return [Box(left + (wide + gap) * nr, body.y, wide, body.high) for nr in range(n)]


def _pages(board: Board, paper: PaperName) -> Iterator[list[tuple[Box, list[Cut]]]]:
    """For each page its columns with the lines that stand in them; the first page is there without a line too."""
    rest, page = list(board.lines), 0
    while page == 0 or rest:
        columns = []
        for box in _columns(paper, page):
            cuts: list[Cut] = []
            room = box.high - _head_high(board, paper, box)
            while rest:
                cut = _cut(rest[0], box, _k(paper))
                if cuts and cut.high > room:
                    break
                cuts.append(cut)
                room -= cut.high
                rest.pop(0)
            columns.append((box, cuts))
        yield columns
        page += 1


def _widths(box: Box) -> list[float]:
    return [share * box.wide for share in SHARES]


def _cut(line: Line, box: Box, k: float) -> Cut:
    size, pad = SIZE * k, 3 * k
    cells = []
    for parts, wide in zip(line.cells, _widths(box)[1:], strict=True):
        lines = [
            (text, place > 0) for place, part in enumerate(parts) for text in words.wrapped(part, size, wide - 2 * pad)
        ]
        if len(lines) > MOST_LINES:
            text, weak = lines[MOST_LINES - 1]
            lines = [*lines[: MOST_LINES - 1], (words.cut(text + words.MORE * 2, size, wide - 2 * pad), weak)]
        cells.append(tuple(lines))
    most = max(len(cell) for cell in cells)
    return Cut(line, max(most * size * LEADING, size * MARK) + 2 * pad, tuple(cells))


def _heads(board: Board, paper: PaperName, box: Box) -> list[list[str]]:
    size, pad = SIZE * _k(paper), 3 * _k(paper)
    return [words.wrapped(head, size, wide - 2 * pad) for head, wide in zip(board.heads, _widths(box), strict=True)]


def _head_high(board: Board, paper: PaperName, box: Box) -> float:
    k = _k(paper)
    return max(len(lines) for lines in _heads(board, paper, box)) * SIZE * k * LEADING + 6 * k


# ---- ink -------------------------------------------------------------------------------------------------------------


def _first(canvas: Canvas, board: Board, paper: PaperName, frame: Frame) -> None:
    places = layout.plan(paper)
    k, margin, room, top = places.k, places.margin, places.wide - 2 * places.margin, places.high - places.margin
    words.line(canvas, board.title, margin, top - 16 * k, 17 * k, room)
    words.line(canvas, board.filters, margin, top - 30 * k, 9.5 * k, room)
    words.line(canvas, " · ".join(board.facts), margin, top - 42 * k, 8 * k, room, words.GREY)
    for nr, text in enumerate(words.wrapped(board.about, 6.2 * k, room)):
        words.line(canvas, text, margin, top - (52 + 8 * nr) * k, 6.2 * k, room, words.GREY)
    kinds = chart.draw(canvas, board, frame, places.fine)
    x, y, size = margin, top - 76 * k, 8 * k
    for key in board.standings:
        pins.mark(canvas, key.standing, "", x + 6 * k, y + 2.8 * k, 11 * k)
        x = _told(canvas, key.meaning, x + 14 * k, y, size, words.INK) + 4 * k
        x = _told(canvas, key.n, x, y, size, words.GREY) + 14 * k
    for sign in board.signs:
        if sign.kind in kinds:
            marks.one(canvas, sign.kind, sign.value, x + 6 * k, y + 2.8 * k, k)
            x = _told(canvas, sign.meaning, x + 14 * k, y, size, words.INK) + 14 * k


def _told(canvas: Canvas, text: str, x: float, y: float, size: float, color: str) -> float:
    """Where the text ends that begins there."""
    wide = words.width(words.written(text), size)
    words.line(canvas, text, x, y, size, wide + 1, color)
    return x + wide


def _later(canvas: Canvas, board: Board, paper: PaperName) -> None:
    places = layout.plan(paper)
    k, y = places.k, places.high - places.margin - 12 * places.k
    x = _told(canvas, board.title, places.margin, y, 11 * k, words.INK) + 10 * k
    told = " · ".join([board.filters, *board.facts[:1]])
    words.line(canvas, told, x, y, 8 * k, places.wide - places.margin - x, words.GREY)


def _foot(canvas: Canvas, board: Board, paper: PaperName, nr: int, of: int) -> None:
    places = layout.plan(paper)
    size, end = 7 * places.k, places.wide - places.margin
    told = board.page.format(n=nr, of=of)
    room = end - places.margin - words.width(told, size) - 10 * places.k
    words.line(canvas, board.credit, places.margin, places.margin, size, room, words.GREY)
    words.right(canvas, told, end, places.margin, size, words.GREY)


def _column(canvas: Canvas, board: Board, paper: PaperName, box: Box, cuts: Sequence[Cut]) -> None:
    k, y = _k(paper), box.y + box.high
    if not cuts:
        if not board.lines:
            words.line(canvas, board.empty, box.x, y - 12 * k, SIZE * 1.3 * k, box.wide)
        return
    size, pad, high = SIZE * k, 3 * k, _head_high(board, paper, box)
    canvas.setFillColor(HexColor(HEAD), 1)
    canvas.rect(box.x, y - high, box.wide, high, stroke=0, fill=1)
    x = box.x
    for lines, wide in zip(_heads(board, paper, box), _widths(box), strict=True):
        for nr, text in enumerate(lines):
            words.line(canvas, text, x + pad, y - pad - size * (0.95 + LEADING * nr), size, wide)
        x += wide
    _rule(canvas, box, y - high, words.INK, 0.7 * k)
    y -= high
    for cut in cuts:
        _row(canvas, cut, box, y, k)
        y -= cut.high
        _rule(canvas, box, y, ROW, 0.4 * k)


def _rule(canvas: Canvas, box: Box, y: float, color: str, thick: float) -> None:
    canvas.setStrokeColor(HexColor(color), 1)
    canvas.setLineWidth(thick)
    canvas.line(box.x, y, box.x + box.wide, y)


def _row(canvas: Canvas, cut: Cut, box: Box, top: float, k: float) -> None:
    size, pad, widths = SIZE * k, 3 * k, _widths(box)
    gone, x = cut.line.standing == STRUCK, box.x + widths[0]
    if cut.line.ringed:
        canvas.setFillColor(HexColor(RINGED), 1)
        canvas.setStrokeColor(HexColor(words.INK), 1)
        canvas.setLineWidth(1.4 * k)
        canvas.rect(box.x + 0.7 * k, top - cut.high + 0.7 * k, box.wide - 1.4 * k, cut.high - 1.4 * k, stroke=1, fill=1)
    pins.mark(canvas, cut.line.standing, f"{cut.line.nr}", box.x + widths[0] / 2, top - pad - size * 0.95, size * MARK)
    for place, (cell, wide) in enumerate(zip(cut.cells, widths[1:], strict=True)):
        y = top - pad - size * 0.95
        for text, weak in cell:
            words.line(canvas, text, x + pad, y, size, wide, words.GREY if weak or gone else words.INK)
            if gone and place == PROBLEM and not weak:
                canvas.setStrokeColor(HexColor(words.GREY), 1)
                canvas.setLineWidth(0.5 * k)
                canvas.line(x + pad, y + size * 0.36, x + pad + words.width(text, size), y + size * 0.36)
            y -= size * LEADING
        x += wide
