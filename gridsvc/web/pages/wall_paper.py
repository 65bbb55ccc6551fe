"""The wall on paper: `/wall.pdf`, `/wall.png`, with the page's own filters; rows and numbers are those of the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import shapely
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from geodata.later import later
from gridsvc import areas, categories, shapes, wall
from gridsvc.web import schemas, wall_told
from gridsvc.web.api.wall import Limit, Wanted
from gridsvc.web.deps import ServicesDep, Unit, UnitDep, may
from gridsvc.web.pages import paper_ground, paper_marks, paper_words
from gridsvc.web.pages.paper_ground import Extent, FileKind, Paper, Screen
from gridsvc.web.templating import Frame, count, frame_of
from maps.paper.frame import Frame as MapFrame
from maps.paper.sheet import Area, Board, Ground, Line, Pin, Place, Standing

if TYPE_CHECKING:
    from maps.paper import board, layout, pins
else:
    board, layout, pins = later("maps.paper.board"), later("maps.paper.layout"), later("maps.paper.pins")

router = APIRouter()

GRID = "#fafbfb"  # almost paper: colour belongs to the pins
HEADS = ("nr", "problem", "body", "owner", "deadline", "progress", "struck")

Row = Mapping[str, Any]
Compounds = Annotated[Literal["on"] | None, Query(description="on: with the compounds")]
Selected = Annotated[schemas.Words | None, Query(max_length=200, description="`key` of the row that is ringed")]


@router.get("/wall.{kind}", dependencies=[may("read_worklist")])
def wall_paper(
    request: Request,
    unit: UnitDep,
    mine: ServicesDep,
    kind: FileKind,
    chosen: Wanted,
    limit: Limit = "100",
    extent: Extent = None,
    screen: Screen = paper_ground.SCREEN,
    paper: Paper = "a3",
    compounds: Compounds = None,
    sel: Selected = None,
) -> Response:
    """Map and numbered board as a PDF of as many pages as the board needs, or one picture of all these pages."""
    frame = frame_of(request)
    with mine.press.turn():
        wall.steady(unit.db)
        found = wall.board(unit.db, unit.actor, chosen, unit.now, frame.zone, limit=int(limit))
        told = [wall_told.row(one, unit.locale, frame.zone) for one in wall.rows(unit.db, found.places)]
        rows, head = wall_told.numbered(told), wall_told.head(found, unit.now, frame.zone)
        filters = _filters(unit, frame, chosen)
        grids = _grids(unit)
        seen = paper_ground.frame(unit, grids, extent, screen, board.map_box(paper))
        places = paper_ground.places(unit) if compounds else ()
        ground = paper_ground.ground(unit, seen)
        unit.end(well=True)
        sheet = _board(frame, paper_ground.credit(mine.settings), filters, head, rows, seen, grids, ground, places, sel)
        made = board.pdf(sheet, paper, seen)
        if kind == "png":
            made = layout.png(made, paper)
        return paper_ground.sent(made, f"gridsvc-wall-{head['as_of'][:10]}-{paper}.{kind}", kind)


def _grids(unit: Unit) -> tuple[Area, ...]:
    """The grids that the page's map outlines for this reader."""
    drawn = shapes.drawn(unit.db, unit.actor)
    geoms = shapely.from_geojson([one.shape for one in drawn])
    return tuple(
        Area(one.code, one.name or one.code, geom, GRID, strong=one.layer == "dedicated")
        for one, geom in zip(drawn, geoms, strict=True)
    )


def _filters(unit: Unit, frame: Frame, chosen: wall.Filter) -> str:
    """What was asked for, in the words of the page's own choices."""
    told = []
    if chosen.area:
        told.append(areas.name(unit.db, chosen.area) or _unknown(frame, chosen.area))
    if chosen.category:
        known = {one.code: one.name_zh if frame.lang == "zh" else one.name_en for one in categories.listed(unit.db)}
        told.append(known.get(chosen.category) or _unknown(frame, chosen.category))
    if chosen.state:
        told.append(frame.label("state", chosen.state))
    if chosen.standing:
        told.append(frame.words(f"wall.standing_{chosen.standing}"))
    return frame.words("wall.filter_told", filters=", ".join(told)) if told else frame.words("wall.filter_none")


def _unknown(frame: Frame, code: str) -> str:
    return frame.words("wall.option_unknown", value=code)


def _board(
    frame: Frame,
    credit: str,
    filters: str,
    head: Mapping[str, Any],
    rows: Sequence[Row],
    seen: MapFrame,
    grids: tuple[Area, ...],
    ground: tuple[Ground, ...],
    places: tuple[Place, ...],
    selected: str | None,
) -> Board:
    ringed = next((row for row in rows if row["key"] == selected), None)
    hung = tuple(
        Pin(row["nr"], row["standing"], shapely.Point(row["location"]["lon"], row["location"]["lat"]), row is ringed)
        for row in rows
        if row["location"]
    )
    facts = _facts(frame, head, len(rows), len(rows) - len(hung), pins.n_off(seen, hung))
    if ringed:
        facts.append(frame.words("paper.ringed", n=ringed["nr"]))
    return Board(
        lang=frame.lang,
        title=frame.words("wall.title"),
        filters=filters,
        facts=tuple(facts),
        credit=credit,
        north=frame.words("paper.north"),
        areas=grids,
        ground=ground,
        compounds=places,
        pins=hung,
        signs=paper_marks.outlines(frame.words),
        about=frame.words("paper.wall_about", days=wall.STRUCK_DAYS),
        standings=tuple(
            Standing(name, frame.words(f"wall.standing_{name}"), count(n)) for name, n in head["counts"].items()
        ),
        heads=tuple(frame.words(f"wall.col_{name}") for name in HEADS),
        lines=tuple(Line(row["nr"], row["standing"], _cells(frame, row), row is ringed) for row in rows),
        empty=frame.words("wall.empty"),
        page=frame.words("paper.page", n="{n}", of="{of}"),
    )


def _facts(frame: Frame, head: Mapping[str, Any], n: int, n_bare: int, n_off: int) -> list[str]:
    """As of when, how many there are and are shown, how many have no pin, or one that this map does not show."""
    told = [
        frame.words("wall.as_of", when=paper_words.when(head["as_of"])),
        frame.words("wall.zone", zone=frame.zone.key),
        frame.words(
            "wall.shown" if head["left_out"] else "wall.shown_all",
            **{"total": count(head["total"]), "n": count(n), "left": count(head["left_out"])},
        ),
    ]
    if n_bare:
        told.append(frame.words("wall.no_pin", n=count(n_bare)))
    if n_off:
        told.append(frame.words("wall.off_sheet", n=count(n_off)))
    return told


def _cells(frame: Frame, row: Row) -> tuple[tuple[str, ...], ...]:
    """What stands beside the number, as static/wall/board.js writes it."""
    grid, place = row["grid"], row["location"]
    where = (grid["name"] or grid["code"]) if grid else frame.words("wall.no_pin_row")
    at = " · ".join(part for part in ((row["area"] or {}).get("name"), where) if part)
    if place and place["from"] != "report":
        told = frame.words(f"wall.located_{place['from']}")
        at += f"（{told}）"
    nobody = frame.words("wall.nobody")
    owner = (row["owner"]["name"], frame.words(f"wall.owner_{row['owner']['as']}")) if row["owner"] else (nobody,)
    done = wall.STEPS.index(row["step"]) + 1
    progress = [
        frame.words(f"wall.step_{row['step']}"),
        "●" * done + "○" * (len(wall.STEPS) - done),
        paper_words.when(row["updated_at"]),
    ]
    if row["rework"]:
        progress.append(frame.words("wall.rework", n=row["rework"]))
    return (
        (f"{row['category']['name']}  {row['description']}", at),
        (row["department"]["name"] if row["department"] else nobody,),
        owner,
        (frame.words(f"wall.standing_{row['standing']}"), *([paper_words.when(row["until"])] if row["until"] else [])),
        tuple(progress),
        (paper_words.when(row["struck_at"])[:10] if row["struck_at"] else "—",),
    )
