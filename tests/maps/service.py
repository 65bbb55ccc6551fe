"""A test double of the service for the map pages: the real template, shells and modules, figures made in the test.

It answers the addresses that the shells name, under the service's own content security policy. What may fail is
switched on in `Double.failing`.
"""

from __future__ import annotations

import tomllib
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from maps import coverage, hotspots
from maps.assets import STATIC, TOP
from maps.legend import against, legends, legends_fixed
from maps.view import Labels, MapView
from tests.maps import town

HERE = Path(__file__).resolve().parent
TEMPLATES = TOP / "gridsvc" / "web" / "templates"
CATALOGUES = TOP / "gridsvc" / "i18n" / "locale"
NONCE = "bm9uY2U"
POLICY = (
    f"default-src 'none'; script-src 'self' 'nonce-{NONCE}'; style-src 'self' 'nonce-{NONCE}'; "
    "style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
CATEGORIES = [{"code": "waste", "label": "垃圾清运"}, {"code": "x", "label": town.CANARY}]

CAMPAIGNS = [{"code": "round", "label": f"秋季大走访 {town.CANARY}"}]


class Double:
    """The app, what fails at present ("tiles", "stats", "shapes", "ground", "login"), and what was asked for."""

    def __init__(self) -> None:
        self.failing: set[str] = set()
        self.empty: set[str] = set()
        self.forbidden: set[str] = set()
        self.raster: tuple[str, ...] = ()
        self.asked: list[str] = []
        self.app = FastAPI(docs_url=None, redoc_url=None)
        self.app.get("/maps/{page}", response_class=HTMLResponse)(self.page)
        self.app.get("/api/v1/stats/{page}")(self.stats)
        self.app.get("/api/v1/maps/{shapes}.geojson")(self.shapes)
        self.app.get("/api/v1/categories")(self.categories)
        self.app.get("/api/v1/maps/coverage/{what}")(self.beside)
        self.app.get("/api/v1/find")(self.find)
        self.app.get("/basemap/tiles/{layer}/{z}/{x}/{y}")(self.raster_tile)
        self.app.get("/basemap/{z}/{x}/{y}.pbf")(self.tile)
        self.app.mount("/static/maps", StaticFiles(directory=STATIC))
        self.app.mount("/static/vendor", StaticFiles(directory=TOP / ".vendor"))

    def page(self, page: Literal["hotspots", "coverage"], request: Request) -> Response:
        """One map page in the language that ?lang asks for."""
        lang = request.query_params.get("lang", "zh")
        words = catalogue(lang)

        def t(key: str, **facts: object) -> str:
            return words[key].format(**facts)

        kept = ("from", "to", "category", "campaign", "by", "cell_m", "weights")
        query = {name: request.query_params[name] for name in kept if name in request.query_params}
        facts: dict[str, Any] = {"stats": self._answer(page, query)} if "table" in request.query_params else {}
        build = {"hotspots": hotspots.build, "coverage": coverage.build}[page]
        template = templates().get_template("map.html")
        html = template.render(
            t=t,
            lang=lang,
            nonce=NONCE,
            user={"name": town.CANARY},
            may=lambda deed: deed not in self.forbidden,
            page=page,
            parts=build(self._labels(t, page), self._view()).parts(),
            query=query,
            categories=CATEGORIES,
            campaigns=[one for one in CAMPAIGNS if one["code"] == query.get("campaign")],
            any_campaign=page == "coverage",
            cell_sizes=hotspots.CELL_SIZES_M,
            **facts,
        )
        return HTMLResponse(html, headers={"Content-Security-Policy": POLICY})

    def stats(self, page: str, request: Request) -> Response:
        """The figures of a page, with their legends."""
        query = dict(request.query_params)
        self.asked.append(f"{page}?{request.url.query}")
        if "login" in self.failing:
            return JSONResponse({"code": "not_authenticated", "message": "请登录", "detail": {}}, status_code=401)
        if "stats" in self.failing:
            said = {"code": "unavailable", "message": "统计库忙。", "detail": {}}
            return JSONResponse(said, status_code=503)
        return JSONResponse(self._answer(page, query))

    def shapes(self, shapes: str) -> Response:
        """Grids or compounds."""
        if shapes in self.failing:
            return JSONResponse({"code": "unavailable", "message": "", "detail": {}}, status_code=503)
        made = {"grids": town.grids, "communities": town.communities, "compounds": town.compounds}[shapes]()
        return JSONResponse(made | ({"features": []} if shapes in self.empty else {}))

    def beside(self, what: str, request: Request) -> Response:
        """Compounds by how far they are, a campaign's days, or the doors of a box."""
        self.asked.append(f"{what}?{request.url.query}")
        if what in self.failing:
            return JSONResponse({"code": "unavailable", "message": "", "detail": {}}, status_code=503)
        if what == "campaigns":
            return JSONResponse({"items": [{"code": one["code"], "name": one["label"]} for one in CAMPAIGNS]})
        made = {"compounds": town.progress, "days": town.days, "doors": town.doors}[what]
        return JSONResponse({"as_of": town.AS_OF} | made())

    def find(self, q: str) -> Response:
        """What a few letters mean here."""
        self.asked.append(f"find?{q}")
        if "find" in self.failing:
            return JSONResponse({"code": "unavailable", "message": "", "detail": {}}, status_code=503)
        return JSONResponse({"results": town.found(q)})

    def categories(self) -> Response:
        """What a report may be about."""
        if "categories" in self.failing:
            return JSONResponse({"code": "unavailable", "message": "", "detail": {}}, status_code=503)
        return JSONResponse({"items": [{"code": one["code"], "name": one["label"]} for one in CATEGORIES]})

    def tile(self, z: int, x: int, y: int) -> Response:
        """A vector tile of the town's streets."""
        if "ground" in self.failing:
            return Response(status_code=503)
        if "ground" in self.empty or not town.is_near(z, x, y):
            return Response(status_code=204)
        return Response(town.tile(z, x, y), media_type="application/vnd.mapbox-vector-tile")

    def raster_tile(self, layer: str, z: int, x: int, y: int) -> Response:
        """A provider that is down."""
        self.asked.append(f"tile {layer}")
        return Response(status_code=502)

    def _answer(self, page: str, query: dict[str, str]) -> dict[str, Any]:
        by = query.get("by", "grid")
        if page == "coverage":
            rows = town.coverage_rows()
        elif by == "cell":
            rows = town.cell_rows(int(query.get("cell_m", "500")))
        elif by == "community":
            rows = town.community_rows()
        else:
            rows = town.hotspot_rows(query.get("category"))
        rows = [] if "rows" in self.empty else rows
        if page == "hotspots":
            return self._hotspots(query, by, rows)
        target = town.TARGET if page == "coverage" and query.get("campaign") else None
        return {
            "as_of": town.AS_OF,
            "from": query.get("from", "2026-08-01"),
            "to": query.get("to", "2026-10-31"),
            "by": by,
            "denominator": {"source": "households", "label": f"常住户数 {town.CANARY}"},
            "unlocated": 17,
            "rows": rows,
            "counts": town.COVERAGE_COUNTS,
            "notes": town.COVERAGE_NOTES,
            "legends": legends(cast(Any, page), rows) if target is None else {"share": asdict(against(target, rows))},
        }

    def _hotspots(self, query: dict[str, str], by: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
        tested = town.tested(rows)
        return {
            "as_of": town.AS_OF,
            "from": query.get("from", "2026-08-01"),
            "to": query.get("to", "2026-10-31"),
            "by": by,
            "denominator": {"source": "households", "label": f"常住户数 {town.CANARY}"},
            "unlocated": 17,
            "rows": tested,
            "legends": legends("hotspots", tested),
            "legends_fixed": legends_fixed("hotspots", tested),
            "significance": {
                "on": "counts" if by == "cell" else "rates",
                "weights": query.get("weights", "queen"),
                "k": 8 if query.get("weights") == "knn" else None,
                "band_m": 600 if query.get("weights") == "band" else None,
                "n_tested": sum(row["band"] is not None for row in tested),
                "n_islands": 0,
                "n_hot": sum(str(row["band"]).startswith("hot") for row in tested),
                "n_cold": sum(str(row["band"]).startswith("cold") for row in tested),
                "alpha": [0.01, 0.05, 0.1],
                "correction": "fdr_bh",
                "min_households": 30,
                "reason": None,
            },
        }

    def _labels(self, t: Any, page: str) -> Labels:
        return Labels(
            map_name=t(f"maps.{page}_map"),
            zoom_in=t("maps.zoom_in"),
            zoom_out=t("maps.zoom_out"),
            attribution=f"© 测试图源 {town.CANARY}",
            review_number="审图号 GS(2026)0000号",
        )

    def _view(self) -> MapView:
        return MapView(bounds=town.BOUNDS, edition="3", tiles=self.raster)


@cache
def templates() -> Environment:
    """The service's templates under the test's own frame."""
    made = Environment(
        loader=FileSystemLoader([HERE / "templates", TEMPLATES]),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
    )
    made.policies["json.dumps_kwargs"] = {"sort_keys": True, "ensure_ascii": False}
    return made


@cache
def catalogue(lang: str) -> dict[str, str]:
    """The words of the map pages, keys as the template names them."""
    tables = tomllib.loads((CATALOGUES / lang / "maps.toml").read_text(encoding="utf-8"))
    return {f"{section}.{key}": text for section, table in tables.items() for key, text in table.items()}
