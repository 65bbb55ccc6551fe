"""The maps on paper as they come over HTTP: this reader's rows, the page's words, bounded work."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import httpx
import pypdfium2
import pytest

from gridsvc.errors import Unavailable
from gridsvc.i18n import LOCALES, translate
from gridsvc.web.api.coverage_files import MAP_NOTES
from gridsvc.web.app import create_app
from gridsvc.web.pages import paper_words
from gridsvc.web.pages.map_paper import _measure
from gridsvc.web.press import Press
from maps import legend
from tests.conftest import NOW, Fresh
from tests.maps import town as figures
from tests.web.conftest import Client, Serve
from tests.web.county import CANARY, WEST, County
from tests.web.live import Clock, serving, settings

DAY = NOW.astimezone().date().isoformat()


def read(made: bytes) -> str:
    """The words of the one page of a PDF, without blanks: lines break anywhere."""
    document = pypdfium2.PdfDocument(made)
    assert len(document) == 1
    page = document[0]
    text = page.get_textpage()
    told = str(text.get_text_range())
    for part in (text, page, document):
        part.close()
    return squeezed(told)


def squeezed(text: str) -> str:
    """The text without blanks."""
    return "".join(text.split())


def printed(client: httpx.Client, view: str, **asked: Any) -> str:
    """The words of a map on paper."""
    answer = client.get(f"/maps/{view}.pdf", params=asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="gridsvc-{view}-')
    return read(answer.content)


@pytest.mark.parametrize("lang", LOCALES)
def test_the_paper_says_what_the_api_says(serve: Serve, county: County, lang: Any) -> None:
    address = serve(tile_attribution="© 某图源", map_review_number="审图号 GS(2026)1234号")
    headers = {"Authorization": f"Bearer {county.tokens['admin']}"}
    with httpx.Client(base_url=address, headers=headers, timeout=60) as client:
        for view in ("hotspots", "coverage"):
            told = client.get(f"/api/v1/stats/{view}", params={"lang": lang}).json()
            words = printed(client, view, lang=lang)

            def word(name: str, **facts: object) -> str:
                return translate(f"maps.{name}", lang, **facts)

            n, unlocated = sum(row["n"] for row in told["rows"]), told["unlocated"]
            for line in (
                word(f"{view}_title"),
                word("summary", **{"from": told["from"], "to": told["to"]}),
                word("as_of", when=told["as_of"][:16].replace("T", " ")),
                word("denominator", label=told["denominator"]["label"]),
                word(f"sum_{view}", n=n, unlocated=unlocated, total=n + unlocated),
                "© 某图源 · 审图号 GS(2026)1234号",
                word("no_data"),
                translate("paper.north", lang),
                "第1网格",
            ):
                assert squeezed(line) in words, line
            shown = told["legends"]["rate" if view == "hotspots" else "share"]
            for swatch in shown["swatches"]:
                assert squeezed(word("n_grids", n=swatch["n_rows"])) in words
            if view == "coverage":
                n, of = (told["total"]["counts"][name] for name in ("reached_enumerated", "enumerated"))
                second = word("sum_share_all", share=paper_words.percent(n / of), n=n, denom=of)
                for line in (second, *(translate(f"coverage.definition.{one}", lang) for one in MAP_NOTES)):
                    assert squeezed(line) in words, line
            known = [row for row in told["rows"] if row["denom"]]  # other files may have reported where nobody lives
            busiest = max(known, key=lambda row: row["n"])
            assert f"{busiest['n']}/{busiest['denom']}" in words


@pytest.mark.parametrize("view", ["hotspots", "coverage"])
def test_only_this_readers_areas_are_on_the_paper(client: Client, view: str) -> None:
    everything, west = printed(client("admin"), view), printed(client("manager_west"), view)
    assert "第8网格" in everything
    assert "第8网格" not in west
    assert "第1网格" in west


def test_compounds_are_on_the_paper_where_the_page_shows_them(client: Client) -> None:
    asked = {"map": "16/23.0045/110.0045", "px": "1000x700", "lang": "zh"}
    for view in ("hotspots", "coverage"):
        assert squeezed(CANARY) in printed(client("admin"), view, **asked)
        assert squeezed(CANARY) not in printed(client("admin"), view, layers="none", **asked)
    assert client("admin").get("/maps/coverage.pdf", params={"layers": "x"}).status_code == 422


def test_reports_are_on_the_paper_as_the_page_shows_them(client: Client) -> None:
    one, many = translate("maps.report_open", "zh"), squeezed(translate("paper.sign_square", "zh", n="1–2"))
    for login, zoom, shown in (("admin", "14.5", one), ("admin", "14.25", many), ("manager_west", "16", one)):
        asked = {"map": f"{zoom}/23.005/110.005", "px": "1000x700", "lang": "zh", "reports": "points"}
        words = printed(client(login), "hotspots", **asked)
        assert [text for text in (one, many) if text in words] == [shown]
    # none of the others' rows
    assert one not in printed(client("manager_east"), "hotspots", **(asked | {"map": "17/23.005/110.005"}))
    assert one not in printed(client("admin"), "hotspots", map="16/23.005/110.005", lang="zh")


def test_who_may_not_see_the_map_gets_no_paper(client: Client) -> None:
    for path in ("/maps/hotspots.pdf", "/maps/coverage.png"):
        answer = client().get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login")


@pytest.mark.parametrize(("paper", "size"), [("a4", (2339, 1654)), ("a3", (3308, 2339))])
def test_a_picture_of_the_same_paper(client: Client, paper: str, size: tuple[int, int]) -> None:
    answer = client("admin").get("/maps/hotspots.png", params={"paper": paper})
    assert answer.headers["content-type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG\r\n")
    wide, high = (int.from_bytes(answer.content[at : at + 4], "big") for at in (16, 20))
    assert (wide, high) == pytest.approx(size, abs=1)


def test_filters_measure_breaks_extent_and_choice(client: Client) -> None:
    admin, code = client("admin"), f"{WEST}001"
    row = next(row for row in admin.get("/api/v1/stats/hotspots").json()["rows"] if row["code"] == code)
    counted = printed(admin, "hotspots", show="n", sel=code, lang="zh")
    assert translate("maps.legend_n", "zh") in counted
    assert f"选中：第1网格:{row['n']}({row['n']}/{row['denom']})" in counted
    litter = printed(admin, "hotspots", category="0110", lang="en")
    assert "Litter" in litter
    assert "gone(unknown,notinthelist)" in printed(admin, "hotspots", category="gone", lang="en")
    cells = printed(admin, "hotspots", by="cell", cell_m=250, lang="en")
    assert "bycellsof250m" in cells
    assert squeezed(translate("maps.legend_n", "en")) in cells
    fixed = printed(admin, "hotspots", show="n", breaks="1,50", lang="en")
    assert "≥50" in fixed
    assert squeezed(translate("maps.method_fixed", "en")) in fixed
    # what a screen of 1000 by 700 pixels shows around the first grid
    near = printed(admin, "hotspots", map="16/23.005/110.005", px="1000x700", lang="zh")
    assert "200m" in near
    assert "第8网格" not in near.split(translate("paper.ranking_rate", "zh"))[0]
    assert "第8网格" in printed(admin, "hotspots", map="13/23.01/110.02", px="1000x700", lang="zh", show="n")


@pytest.mark.parametrize(
    "asked",
    [
        {"paper": "a5"},
        {"map": "1/2"},
        {"map": "a/b/c"},
        {"map": "13/23/110", "px": "0x10"},
        {"weights": "x"},
        {"show": "x"},
        {"from": "soon"},
        {"from": "2026-02-02", "to": "2026-01-01"},
        {"cell_m": "1"},
        {"sel": "\0"},
        {"breaks": "1" * 200},
    ],
)
def test_what_does_not_fit_is_refused(client: Client, asked: dict[str, str]) -> None:
    assert client("admin").get("/maps/hotspots.pdf", params=asked).status_code == 422
    assert client("admin").get("/maps/hotspots.gif").status_code in (404, 422)


def test_a_campaign_that_is_not_there(client: Client) -> None:
    assert client("admin").get("/maps/coverage.pdf", params={"campaign": "none"}).status_code == 404


def test_a_link_as_the_page_writes_it(client: Client) -> None:
    asked = {"sel": "gone", "map": "13.25/89/179.9", "breaks": "x<y>", "lang": "en", "from": DAY, "to": DAY}
    assert "Problemhotspots" in printed(client("admin"), "hotspots", **asked)


@pytest.mark.parametrize("extent", ["0/0/0", "-5/-999/999"])
def test_a_screen_larger_than_the_globe(client: Client, extent: str) -> None:
    asked = {"map": extent, "px": "99999x99999", "lang": "en"}
    answer = client("admin").get("/maps/hotspots.pdf", params=asked)
    assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-")


def test_one_draws_at_a_time_and_few_wait() -> None:
    press = Press(waiting=1, patience_s=0.2)
    drawing, finish, seen = threading.Event(), threading.Event(), []

    def draw() -> None:
        with press.turn():
            drawing.set()
            finish.wait(60)

    def wait() -> None:
        try:
            with press.turn():
                seen.append("drawn")
        except Unavailable as error:
            seen.append(error.code)

    first = threading.Thread(target=draw)
    first.start()
    assert drawing.wait(60)
    wait()  # waits in vain
    assert seen == ["paper_busy"]
    patient = Press(waiting=0)
    with patient.turn(), pytest.raises(Unavailable) as caught, patient.turn():
        pass
    assert caught.value.facts["retry_after_s"] == 10
    finish.set()
    first.join(60)
    wait()
    assert seen == ["paper_busy", "drawn"]


def test_busy_is_said_with_a_time(made: Fresh, county: County, folder: Path) -> None:
    app = create_app(settings(made, folder), clock=Clock())
    app.state.services.press = press = Press(waiting=0)
    headers = {"Authorization": f"Bearer {county.tokens['admin']}", "Accept-Language": "en"}
    with serving(app) as address, httpx.Client(base_url=address, headers=headers, timeout=60) as client:
        with press.turn():
            answer = client.get("/maps/hotspots.pdf")
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert "Other maps are being drawn" in answer.text
        assert client.get("/maps/hotspots.pdf").status_code == 200


@pytest.mark.parametrize("view", ["hotspots", "coverage"])
def test_a_row_falls_under_the_line_that_counted_it(view: legend.View) -> None:
    rows = figures.hotspot_rows() if view == "hotspots" else figures.coverage_rows()
    drawn = legend.legends(view, rows)
    if view == "hotspots":
        drawn |= {f"{name} fixed": one for name, one in legend.legends_fixed(view, rows).items()}
    for one in drawn.values():
        for swatch in one["swatches"]:
            under = [row for row in rows if paper_words.swatch_of(row, one) == swatch]
            assert len(under) == swatch["n_rows"]


def test_a_measure_that_no_row_has_gives_way_to_counts() -> None:
    rows = [{"n": 1, "denom": None, "rate": None}]
    answer = {"rows": rows, "legends": {"rate": {}, "n": {}, "significance": {}}}
    assert _measure(answer, "rate") == "n"
    assert _measure(answer, "significance") == "n"
    assert _measure(answer | {"significance": {"n_tested": 9}}, "significance") == "significance"
    assert _measure({"rows": [], "legends": {"rate": {}}}, "rate") == "rate"
