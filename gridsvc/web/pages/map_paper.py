"""The two maps on paper: `/maps/hotspots.pdf`, `.png`, `/maps/coverage.pdf`, `.png`, with the page's own parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import shapely
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from geodata.later import later
from gridsvc import categories, coverage, shapes
from gridsvc.neighbours import Kind
from gridsvc.settings import Settings
from gridsvc.web import schemas
from gridsvc.web.api import coverage_files, coverage_rows
from gridsvc.web.api.stats import MAX_CELL_M, MIN_CELL_M, hotspots_told
from gridsvc.web.deps import ServicesDep, Unit, UnitDep, may
from gridsvc.web.pages import paper_ground, paper_marks, paper_words
from gridsvc.web.pages.paper_ground import Extent, FileKind, Paper, Screen
from gridsvc.web.pages.paper_marks import Marked
from gridsvc.web.pages.paper_words import Teller
from gridsvc.web.services import Services
from gridsvc.web.templating import Frame, frame_of
from maps import legend
from maps.paper import frame as frames
from maps.paper.sheet import Area, Ground, PaperName, Place, Sheet

if TYPE_CHECKING:
    from maps.paper import layout
else:
    layout = later("maps.paper.layout")

router = APIRouter()

First = Annotated[schemas.Day | None, Query(alias="from")]
Last = Annotated[schemas.Day | None, Query(alias="to")]
Code = Annotated[schemas.Words | None, Query(max_length=100)]
Layers = Annotated[Literal["none"] | None, Query(description="none: without compounds")]
Shown = Annotated[
    Literal["points", "heat"] | None, Query(description="reports too; heat has no scale: squares instead")
]
Rings = Annotated[Literal["off"] | None, Query(description="off: without the progress of compounds")]
Left = Annotated[Literal["on"] | None, Query(description="on: with the doors left, from zoom 16, for who sees doors")]
Marking = Callable[[frames.Frame, float], Marked]  # of what the paper shows, at the screen's zoom


@dataclass(frozen=True)
class Look:
    """How the map is looked at: the ringed area, the extent as "zoom/lat/lon" of so many pixels, paper and file, and
    whether compounds are shown."""

    selected: str | None
    extent: str | None
    screen: str
    paper: PaperName
    kind: FileKind
    compounds: bool


@router.get("/maps/hotspots.{kind}", dependencies=[may("read_stats")])
def hotspots_paper(
    request: Request,
    unit: UnitDep,
    mine: ServicesDep,
    kind: FileKind,
    first: First = None,
    last: Last = None,
    category: Code = None,
    by: Literal["grid", "community", "cell"] = "grid",
    cell_m: Annotated[int, Query(ge=MIN_CELL_M, le=MAX_CELL_M)] = 500,
    weights: Kind = "queen",
    show: Literal["rate", "smoothed", "n", "significance"] = "rate",
    breaks: Annotated[schemas.Words, Query(max_length=100)] = "",
    sel: Code = None,
    extent: Extent = None,
    screen: Screen = paper_ground.SCREEN,
    paper: Paper = "a4",
    layers: Layers = None,
    reports: Shown = None,
) -> Response:
    """The map of reported problems as a PDF or a picture."""
    frame = frame_of(request)
    look = Look(sel, extent, screen, paper, kind, layers is None)
    with mine.press.turn():
        answer = hotspots_told(unit, first, last, category=category or None, by=by, cell_m=cell_m, weights=weights)
        measure = _measure(answer, show)
        drawn = answer["legends"].get(measure)
        if measure != "significance" and breaks:
            drawn = asdict(legend.chosen("hotspots", measure, answer["rows"], breaks))
        asked = [_category(unit, frame, category), frame.words(f"maps.summary_by_{by}", size=cell_m)]
        teller = Teller("hotspots", answer, drawn, frame.words)

        def marked(seen: frames.Frame, zoom: float) -> Marked:
            if reports is None:
                return Marked()
            return paper_marks.reports(unit, answer, category or None, seen, zoom, frame.words)

        return _printed(unit, frame, mine, teller, asked, look, marked)


@router.get("/maps/coverage.{kind}", dependencies=[may("read_stats")])
def coverage_paper(
    request: Request,
    unit: UnitDep,
    mine: ServicesDep,
    kind: FileKind,
    first: First = None,
    last: Last = None,
    campaign: Code = None,
    sel: Code = None,
    extent: Extent = None,
    screen: Screen = paper_ground.SCREEN,
    paper: Paper = "a4",
    layers: Layers = None,
    rings: Rings = None,
    doors: Left = None,
) -> Response:
    """The map of door-to-door visits as a PDF or a picture."""
    frame = frame_of(request)
    look = Look(sel, extent, screen, paper, kind, layers is None)
    with mine.press.turn():
        query = coverage.Query(("grid",), campaign or None, first, last)
        table = coverage.table(unit.db, query, unit.actor, unit.now, frame.zone, rule=mine.rule)
        answer = coverage_rows.told(table, unit)
        answer["notes"] = coverage_files.notes(table, unit, coverage_files.MAP_NOTES)
        asked = [answer["campaign"]["name"] if answer["campaign"] else frame.words("maps.campaign_none")]
        teller = Teller("coverage", answer, answer["legends"]["share"], frame.words)

        def marked(seen: frames.Frame, zoom: float) -> Marked:
            left = paper_marks.doors(unit, campaign, seen, zoom, frame.words) if campaign and doors else Marked()
            far = paper_marks.compounds(unit, query, seen, frame.words, mine.rule) if rings is None else Marked()
            return paper_marks.together(left, far)

        return _printed(unit, frame, mine, teller, asked, look, marked)


def _measure(answer: Mapping[str, Any], show: legend.Measure) -> legend.Measure:
    """The measure that was asked for where these rows have it, else the counts: as the page does."""
    if show == "significance":
        tested = (answer.get("significance") or {}).get("n_tested")
        return show if tested and show in answer["legends"] else "n"
    there = any(row.get(show) is not None for row in answer["rows"])
    return show if there or (not answer["rows"] and show in answer["legends"]) else "n"


def _category(unit: Unit, frame: Frame, code: str | None) -> str:
    if not code:
        return frame.words("maps.category_all")
    for one in categories.listed(unit.db):
        if one.code == code:
            return str(one.name_zh if frame.lang == "zh" else one.name_en)
    return frame.words("maps.option_unknown", value=code)


def _printed(
    unit: Unit, frame: Frame, mine: Services, teller: Teller, asked: list[str], look: Look, marking: Marking
) -> Response:
    """The file. The database is given back before the drawing begins."""
    answer, areas = teller.answer, _areas(unit, teller)
    seen = paper_ground.frame(unit, areas, look.extent, look.screen, layout.plan(look.paper).map)
    places = paper_ground.places(unit) if look.compounds else ()
    marked = marking(seen, float(look.extent.split("/")[0]) if look.extent else seen.zoom)
    ground = paper_ground.ground(unit, seen)
    unit.end(well=True)
    sheet = _sheet(frame, mine.settings, teller, asked, look.selected, areas, ground, places, marked)
    made = layout.pdf(sheet, look.paper, seen)
    if look.kind == "png":
        made = layout.png(made, look.paper)
    name = f"gridsvc-{teller.view}-{answer['from']}-{answer['to']}-{look.paper}.{look.kind}"
    return paper_ground.sent(made, name, look.kind)


def _areas(unit: Unit, teller: Teller) -> tuple[Area, ...]:
    """The areas as the page's map has them: joined to the rows by code, or the cells that the rows carry."""
    rows = {row["code"]: row for row in teller.answer["rows"] if not row.get("retired")}
    if teller.answer["by"] == "cell":
        rings = shapely.polygons([row["ring"] for row in rows.values()]) if rows else []
        return tuple(_area(teller, code, "", geom, row) for (code, row), geom in zip(rows.items(), rings, strict=True))
    question: Literal["map_grids", "map_communities"] = "map_grids"
    if teller.answer["by"] == "community":
        question = "map_communities"
    drawn = shapes.drawn(unit.db, unit.actor, question)
    geoms = shapely.from_geojson([one.shape for one in drawn])
    return tuple(
        _area(teller, one.code, one.name or one.code, geom, rows.get(one.code), strong=one.layer == "dedicated")
        for one, geom in zip(drawn, geoms, strict=True)
    )


def _area(
    teller: Teller, code: str, name: str, geom: Any, row: Mapping[str, Any] | None, *, strong: bool = False
) -> Area:
    if row is None:
        return Area(code, name, geom, None, strong=strong)
    color = paper_words.swatch_of(row, teller.legend)["color"]
    return Area(code, name, geom, color, paper_words.texture_of(row, teller.legend), teller.brief(row), strong)


def _sheet(
    frame: Frame,
    settings: Settings,
    teller: Teller,
    asked: list[str],
    selected: str | None,
    areas: tuple[Area, ...],
    ground: tuple[Ground, ...],
    places: tuple[Place, ...],
    marked: Marked,
) -> Sheet:
    answer, drawn = teller.answer, teller.legend
    period = frame.words("maps.summary", **{"from": answer["from"], "to": answer["to"]})
    heading, ranked = teller.ranking()
    return Sheet(
        lang=frame.lang,
        title=frame.words(f"maps.{teller.view}_title"),
        filters=" · ".join([period, *asked]),
        legend=frame.words(f"maps.legend_{drawn['measure']}"),
        unit=frame.words(f"maps.unit_{drawn['unit']}"),
        keys=teller.keys(),
        method=teller.method(),
        few=teller.few(),
        facts=teller.facts(selected) + marked.facts,
        notes=teller.notes(),
        ranking=heading,
        columns=teller.columns(),
        ranked=ranked,
        credit=paper_ground.credit(settings),
        north=frame.words("paper.north"),
        areas=areas,
        ground=ground,
        compounds=places,
        marks=marked.marks,
        signs=(*marked.signs, *paper_marks.outlines(frame.words)),
        selected=selected,
    )
