"""What one sheet of paper shows: every word finished, every colour chosen; where it lies is `layout`'s matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Texture = Literal["lines", "dots"]
PaperName = Literal["a4", "a3", "a0"]
# a compound by its share, doors that are left, one report, so many of them; and two kinds of outlines, for the legend
MarkKind = Literal["ring", "door", "open", "ended", "square", "compound", "bare"]

# ISO 216 in points, landscape
SIZES: dict[PaperName, tuple[float, float]] = {
    "a4": (841.89, 595.28),
    "a3": (1190.55, 841.89),
    "a0": (3370.39, 2383.94),
}
# the side of a square on A4, in points, by how many reports it stands for at least: as static/report_tiles.js
SQUARES = ((1, 1.9), (3, 2.8), (10, 3.75), (30, 4.7), (100, 5.6))


@dataclass(frozen=True)
class Area:
    """One area: `geom` is a (Multi)Polygon in EPSG:4326; `color` None: it has no figure and is only outlined.

    `texture`: lines where the figure rests on few households, dots where there is none. `figure` is what stands below
    the name where there is room. `strong`: it lies over the others and has a heavier border.
    """

    code: str
    name: str
    geom: Any
    color: str | None
    texture: Texture | None = None
    figure: str = ""
    strong: bool = False


@dataclass(frozen=True)
class Ground:
    """A road, a water or a building in EPSG:4326; `kind` is major, minor, path, water or building."""

    kind: str
    geom: Any
    name: str = ""


@dataclass(frozen=True)
class Place:
    """A residential compound in EPSG:4326: its outline, or the point that is known of it."""

    name: str
    geom: Any


@dataclass(frozen=True)
class Mark:
    """A sign at a point in EPSG:4326: `value` of a ring is the share (None: not told), of doors and squares a count."""

    kind: MarkKind
    geom: Any
    value: float | None = None


@dataclass(frozen=True)
class Sign:
    """What a mark or an outline means, for the legend."""

    kind: MarkKind
    meaning: str
    value: float | None = None


@dataclass(frozen=True)
class Key:
    """A line of the legend: a swatch, what it means, how many areas have it."""

    color: str
    texture: Texture | None
    meaning: str
    n: str


@dataclass(frozen=True)
class Ranked:
    """A line of the list: a name, its figure, what that is made of, and what stands beside it."""

    name: str
    figure: str
    of: str
    color: str
    texture: Texture | None = None
    beside: str = ""


@dataclass(frozen=True)
class Pin:
    """A numbered pin of the wall at a point in EPSG:4326; `standing` gives its shape and colour; one may be ringed."""

    nr: int
    standing: str
    geom: Any
    ringed: bool = False


@dataclass(frozen=True, kw_only=True)
class Paper:
    """What every paper has: its words above and below, and what lies on its map.

    `filters`: what was asked for, with the period. `facts`: time of the data, numbers with their denominators.
    `credit`: attribution and review number. `north`: the letter at the arrow. `marks` and `pins` are drawn over
    everything, of marks the first below; `signs` say what marks and outlines mean, each only where there is one.
    `selected`: the code of the area that is ringed.
    """

    lang: str
    title: str
    filters: str
    facts: tuple[str, ...]
    credit: str
    north: str
    areas: tuple[Area, ...]
    ground: tuple[Ground, ...] = ()
    compounds: tuple[Place, ...] = ()
    marks: tuple[Mark, ...] = ()
    pins: tuple[Pin, ...] = ()
    signs: tuple[Sign, ...] = ()
    selected: str | None = None


@dataclass(frozen=True, kw_only=True)
class Sheet(Paper):
    """A map of figures with its legend and the list of the first areas, on one page.

    `notes`: what a reader must know before believing the figures. `columns`: what the list's `of` and `beside` are.
    """

    legend: str
    unit: str
    keys: tuple[Key, ...]
    method: str
    few: Key | None
    notes: tuple[str, ...]
    ranking: str
    columns: tuple[str, str]
    ranked: tuple[Ranked, ...]


@dataclass(frozen=True)
class Standing:
    """A line of the wall's legend: how something stands, and how many stand so."""

    standing: str
    meaning: str
    n: str


@dataclass(frozen=True)
class Line:
    """A line of the numbered board; a cell is its paragraphs, of which those after the first are written weaker.

    `ringed`: as the line's pin is.
    """

    nr: int
    standing: str
    cells: tuple[tuple[str, ...], ...]
    ringed: bool = False


@dataclass(frozen=True, kw_only=True)
class Board(Paper):
    """The wall: a map of pins and its numbered board, on as many pages as the board needs.

    `about`: in which order the lines are numbered. `heads`: of the number and of the cells. `empty`: what stands there
    where there is no line. `page`: the words of a page's number, with {n} and {of}.
    """

    about: str
    standings: tuple[Standing, ...]
    heads: tuple[str, ...]
    lines: tuple[Line, ...]
    empty: str
    page: str
